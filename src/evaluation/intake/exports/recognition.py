"""Which platform an export is from: by signature, never by guess."""

from __future__ import annotations

from collections.abc import Callable

from evaluation.intake.exports.layouts import Layout, header
from evaluation.intake.exports.limesurvey import limesurvey_csv, limesurvey_vv
from evaluation.intake.exports.platforms import (
    google_forms,
    microsoft_forms,
    named_plain,
    plain_long,
    plain_wide,
    qualtrics,
    spss,
    surveymonkey,
)
from evaluation.intake.exports.registries import kobo_repeats, kobotoolbox, redcap_labels, redcap_raw
from evaluation.intake.exports.sheets import Sheet
from evaluation.language import text
from evaluation.study.findings import StudyDefects, one_of

SIGNATURES: dict[str, Callable[[Sheet], Layout | None]] = {
    "google_forms": google_forms,
    "microsoft_forms": microsoft_forms,
    "limesurvey_csv": limesurvey_csv,
    "limesurvey_vv": limesurvey_vv,
    "kobotoolbox": kobotoolbox,
    "redcap_raw": redcap_raw,
    "redcap_labels": redcap_labels,
    "surveymonkey": surveymonkey,
    "qualtrics": qualtrics,
    "spss": spss,
    "plain_long": plain_long,
    "plain_wide": plain_wide,
}
NAME_IT = text("Scrivere platform in intake.yml.", "Write platform in intake.yml.")


def recognise(sheets: list[Sheet], platform: str | None = None, sheet: str | None = None) -> list[Layout]:
    """Return the tables of answers of one export, by the signature that one platform only has.

    Parameters
    ----------
    platform : what intake.yml says, where a layout has no signature or several
    sheet : the sheet that intake.yml names, of a workbook with more than one table

    Raises
    ------
    StudyDefects
        No signature fits, or more than one; the finding says what was seen.
    """
    chosen = [one for one in sheets if sheet is None or one.name == sheet]
    if not chosen:
        raise _told(sheets[0] if sheets else Sheet("", []), "unknown_sheet", [one.name for one in sheets])
    found = [layout for one in chosen for layout in _signed(one, platform)]
    if len(found) != 1:
        kind = "ambiguous_layout" if found else "unknown_layout"
        raise _told(chosen[0], kind, [f"{layout.platform} {layout.sheet.name}".strip() for layout in found])
    repeats = kobo_repeats(found[0], sheets) if found[0].platform == "kobotoolbox" else []
    return [*found, *repeats]


def _signed(sheet: Sheet, platform: str | None) -> list[Layout]:
    if platform is None:
        found = (signature(sheet) for signature in SIGNATURES.values())
        return [layout for layout in found if layout is not None]
    layout = named_plain(platform, sheet) or SIGNATURES[platform](sheet)
    return [] if layout is None else [layout]


def _told(sheet: Sheet, kind: str, seen: list[str]) -> StudyDefects:
    """Say what was seen: the platforms that all fit, the sheets there are, or the header and the row below it."""
    names = [name for row in range(2) for name in header(sheet, row) if name]
    found = ", ".join(seen) if seen else " · ".join(name[:30] for name in names[:8]) or "an empty sheet"
    expected = text("una sola tabella con una firma tra: ", "one table with a signature of: ")
    known = one_of([]) if kind == "unknown_sheet" else text(*(", ".join(SIGNATURES),) * 2)
    words = text(expected["it"] + known["it"], expected["en"] + known["en"])
    if kind == "unknown_sheet":
        words = text("il foglio nominato in intake.yml", "the sheet named in intake.yml")
    return StudyDefects([sheet.finding("error", kind, found, words, NAME_IT, row=0)])
