"""Signatures of KoBoToolbox, with its repeat groups, and of REDCap, raw or with labels."""

from __future__ import annotations

from evaluation.intake.exports.layouts import Layout, header, keys, roles
from evaluation.intake.exports.sheets import Row, Sheet

KOBO = {"_id", "_uuid", "_submission_time"}
KOBO_PRIVATE = frozenset({"username", "phonenumber", "simserial", "subscriberid", "deviceid", "_submitted_by"})
REDCAP_RAW = ("record_id", "redcap_event_name", "redcap_repeat_instrument", "redcap_survey_identifier")
REDCAP_LABELS = ("Record ID", "Event Name", "Repeat Instrument", "Survey Identifier")
REDCAP_PRIVATE = frozenset({"redcap_survey_identifier", "Survey Identifier"})


def kobotoolbox(sheet: Sheet) -> Layout | None:
    """One header row with _id, _uuid and _submission_time; questions by `group/question`, or by their words."""
    names = header(sheet)
    if not set(names) >= KOBO:
        return None
    when = roles(names, answered=("end", "_submission_time"), started=("start",))
    return Layout("kobotoolbox", sheet, keys(names), _last_parts(names), roles=when, private=KOBO_PRIVATE)


def kobo_repeats(main: Layout, sheets: list[Sheet]) -> list[Layout]:
    """Return the repeat groups of a KoBoToolbox workbook: each row with the columns of the submission it stands in."""
    index = {row[main.keys.index("_index")]: row for _, row in main.records()} if "_index" in main.keys else {}
    groups = [sheet for sheet in sheets if {"_parent_index", "_parent_table_name"} <= set(header(sheet))]
    return [_joined(main, sheet, index) for sheet in groups]


def _joined(main: Layout, sheet: Sheet, index: dict[str | None, Row]) -> Layout:
    names = header(sheet)
    place = names.index("_parent_index")
    kept = [k for k, key in enumerate(main.keys) if key not in names]
    rows: list[Row] = [
        sheet.rows[0],
        *([*row, *(index[row[place]][k] for k in kept)] if row[place] in index else row for row in sheet.rows[1:]),
    ]
    joined = Sheet(sheet.file, rows, sheet.name, sheet.source)
    questions = (*_last_parts(names), *(main.questions[k] for k in kept))
    called = (*keys(names), *(main.keys[k] for k in kept))
    return Layout("kobotoolbox", joined, called, questions, roles=main.roles, private=main.private, own=len(names))


def _last_parts(names: list[str]) -> tuple[str, ...]:
    return tuple(name.rpartition("/")[2] or name for name in names)


def redcap_raw(sheet: Sheet) -> Layout | None:
    """One header row of field names: the record's or the event's, and `…_complete` for every form."""
    names = header(sheet)
    if not set(REDCAP_RAW) & set(names[:4]) or not any(name.endswith("_complete") for name in names):
        return None
    return _redcap("redcap_raw", sheet, names, [name for name in names if name.endswith("_timestamp")])


def redcap_labels(sheet: Sheet) -> Layout | None:
    """One header row of labels: Record ID or Event Name, and `Complete?` for every form."""
    names = header(sheet)
    if not set(REDCAP_LABELS) & set(names[:4]) or "Complete?" not in names:
        return None
    return _redcap("redcap_labels", sheet, names, [name for name in names if name == "Survey Timestamp"])


def _redcap(platform: str, sheet: Sheet, names: list[str], stamps: list[str]) -> Layout:
    """Blank cells of a form that repeats belong to another row; of several time stamps intake.yml must name one."""
    repeats = {"redcap_repeat_instrument", "Repeat Instrument"} & set(names)
    when = {"answered": stamps[0]} if len(stamps) == 1 else {}
    when |= roles(names, wave=("redcap_event_name", "Event Name"))
    return Layout(
        platform, sheet, keys(names), tuple(names), roles=when, private=REDCAP_PRIVATE,
        blank="not_shown" if repeats else "missing",
    )  # fmt: skip
