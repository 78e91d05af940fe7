"""Which platform an export is from: by signature, never by guess; or as intake.yml says."""

from __future__ import annotations

from typing import Protocol

from evaluation.intake.exports.form_builders import eusurvey, jotform, moodle_feedback, moodle_questionnaire, typeform
from evaluation.intake.exports.layouts import Layout, header
from evaluation.intake.exports.limesurvey import limesurvey_csv, limesurvey_vv
from evaluation.intake.exports.platforms import (
    google_forms,
    microsoft_forms,
    plain_long,
    plain_wide,
    qualtrics,
    spss,
    surveymonkey,
)
from evaluation.intake.exports.registries import (
    keyed_repeats,
    kobo_repeats,
    kobotoolbox,
    odk_central,
    redcap_labels,
    redcap_raw,
    surveycto,
)
from evaluation.intake.exports.sheets import Sheet
from evaluation.language import Text, text
from evaluation.study.findings import StudyDefects, Words


class Signature(Protocol):
    """Returns the layout of a table that has a platform's signature, or, where it is forced, all that it needs."""

    def __call__(self, sheet: Sheet, *, forced: bool = False) -> Layout | None:
        """Return the layout; None where the table is not that platform's."""


SIGNATURES: dict[str, Signature] = {
    "google_forms": google_forms,
    "microsoft_forms": microsoft_forms,
    "limesurvey_csv": limesurvey_csv,
    "limesurvey_vv": limesurvey_vv,
    "kobotoolbox": kobotoolbox,
    "odk_central": odk_central,
    "surveycto": surveycto,
    "redcap_raw": redcap_raw,
    "redcap_labels": redcap_labels,
    "surveymonkey": surveymonkey,
    "qualtrics": qualtrics,
    "typeform": typeform,
    "jotform": jotform,
    "eusurvey": eusurvey,
    "moodle_questionnaire": moodle_questionnaire,
    "moodle_feedback": moodle_feedback,
    "spss": spss,
    "plain_long": plain_long,
    "plain_wide": plain_wide,
}
REPEATS = {"kobotoolbox": kobo_repeats, "odk_central": keyed_repeats, "surveycto": keyed_repeats}
# What a layout cannot do without, even where intake.yml names it; of the others a row of headers is enough.
NEEDS: dict[str, Text] = {
    "limesurvey_vv": text("due righe d'intestazione, testi e codici", "two header rows, texts and codes"),
    "surveymonkey": text("due righe d'intestazione, domande e opzioni", "two header rows, questions and options"),
    "qualtrics": text(
        "una terza riga d'intestazione con ImportId, o la seconda con ResponseID e ResponseSet",
        "a third header row with ImportId, or the second with ResponseID and ResponseSet",
    ),
    "spss": text("un file SPSS .sav o .zsav", "an SPSS file, .sav or .zsav"),
}
HEADERS = text("una riga d'intestazione", "a row of headers")
NAME_PLATFORM = text("Scrivere platform in intake.yml.", "Write platform in intake.yml.")
NAME_SHEET = text("Scrivere sheet in intake.yml.", "Write sheet in intake.yml.")
EXPORT_SO = text(
    "Correggere platform in intake.yml, o esportare con queste righe.",
    "Correct platform in intake.yml, or export with these rows.",
)
ROWS_ABOVE = text(
    "L'intestazione non è la prima riga: togliere le righe sopra, e le celle unite.",
    "The header is not the first row: take out the rows above it, and merged cells.",
)


def recognise(sheets: list[Sheet], platform: str | None = None, sheet: str | None = None) -> list[Layout]:
    """Return the tables of answers of one export, by the signature that one platform only has.

    Parameters
    ----------
    platform : what intake.yml says, which settles it: then the layout needs no signature, only what it cannot do without
    sheet : the sheet that intake.yml names, of a workbook with more than one table; else those that are shown come first

    Raises
    ------
    StudyDefects
        No signature fits, or more than one; the finding says what was seen.
    """
    chosen = [one for one in sheets if sheet is None or one.name == sheet]
    if not chosen:
        raise _unknown_sheet(sheets)
    found = _found(chosen, platform)
    if len(found) > 1:
        found = [layout for layout in found if not layout.sheet.hidden] or found
    if not found:
        raise _unknown(chosen[0], platform)
    if len(found) > 1:
        raise _ambiguous(chosen[0], found)
    repeats = REPEATS.get(found[0].platform)
    return [*found, *(repeats(found[0], sheets) if repeats else [])]


def _found(sheets: list[Sheet], platform: str | None) -> list[Layout]:
    """Return every layout that fits; of the platform that is named those with its signature, else all it can be read as."""
    wanted = SIGNATURES.values() if platform is None else [SIGNATURES[platform]]
    signed = [layout for sheet in sheets for signature in wanted if (layout := signature(sheet)) is not None]
    if signed or platform is None:
        return signed
    return [layout for sheet in sheets if (layout := SIGNATURES[platform](sheet, forced=True)) is not None]


def _unknown_sheet(sheets: list[Sheet]) -> StudyDefects:
    names = ", ".join(one.name for one in sheets) or Words("nessun foglio", "no sheet")
    wanted = text("il foglio nominato in intake.yml", "the sheet named in intake.yml")
    first = sheets[0] if sheets else Sheet("", [])
    return StudyDefects([first.finding("error", "unknown_sheet", names, wanted, NAME_SHEET, row=0)])


def _unknown(sheet: Sheet, platform: str | None) -> StudyDefects:
    """Say what was seen, the header and the row below it; and what is missing, where intake.yml names the platform."""
    names = [name for row in range(2) for name in header(sheet, row) if name]
    found = " · ".join(name[:30] for name in names[:8]) or Words("un foglio vuoto", "an empty sheet")
    if platform is not None:
        wanted, action = NEEDS.get(platform, HEADERS), EXPORT_SO
    else:
        known = ", ".join(SIGNATURES)
        wanted = text(f"una sola tabella con una firma tra: {known}", f"one table with a signature of: {known}")
        first, second = (sum(map(bool, header(sheet, row))) for row in range(2))
        action = ROWS_ABOVE if first * 2 < second else NAME_PLATFORM
    return StudyDefects([sheet.finding("error", "unknown_layout", found, wanted, action, row=0)])


def _ambiguous(sheet: Sheet, layouts: list[Layout]) -> StudyDefects:
    seen = ", ".join(f"{layout.platform} {layout.sheet.name}".strip() for layout in layouts)
    one = text("una sola tabella di risposte", "one table of answers")
    action = NAME_SHEET if len({layout.sheet.name for layout in layouts}) > 1 else NAME_PLATFORM
    return StudyDefects([sheet.finding("error", "ambiguous_layout", seen, one, action, row=0)])
