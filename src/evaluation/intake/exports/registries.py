"""Signatures of KoBoToolbox, with its repeat groups, and of REDCap, raw or with labels."""

from __future__ import annotations

import re
from dataclasses import replace

from evaluation.intake.exports.layouts import Layout, Mark, header, keys, plain, roles, unnumbered
from evaluation.intake.exports.repeats import Link, joined, last_parts
from evaluation.intake.exports.sheets import Sheet
from evaluation.language import text
from evaluation.study.findings import Finding, Words

KOBO = {"_id", "_uuid", "_submission_time"}
KOBO_PRIVATE = frozenset({"username", "phonenumber", "simserial", "subscriberid", "deviceid", "_submitted_by"})
KOBO_LINK = Link(
    "_index", "_parent_index", "_parent_table_name", (("_submission__id", "_id"), ("_submission__uuid", "_uuid"))
)
# What KoBoToolbox (in words, or as it stores it) and ODK Central write for these.
NOT_ACCEPTED = frozenset({
    "not approved", "on hold", "validation_status_not_approved", "validation_status_on_hold", "rejected", "hasissues",
})  # fmt: skip
KEYED = Link("KEY", "PARENT_KEY")
ODK = ("SubmitterID", "ReviewState", "AttachmentsPresent", "instanceID", "meta-instanceID")
ODK_PRIVATE = KOBO_PRIVATE | {"SubmitterID", "SubmitterName", "DeviceID"}
SURVEYCTO_PRIVATE = KOBO_PRIVATE | {"devicephonenum", "simid", "caseid", "device_info"}
SURVEYCTO_DATES = ("MMM D, YYYY h:mm:ss A", "M/D/YYYY h:mm:ss A", "M/D/YYYY H:mm", "DD/MM/YYYY HH:mm:ss")
REDCAP_RAW = ("record_id", "redcap_event_name", "redcap_repeat_instrument", "redcap_survey_identifier")
REDCAP_LABELS = ("Record ID", "Event Name", "Repeat Instrument", "Survey Identifier")
REDCAP_OWN = (
    "record_id", "redcap_event_name", "redcap_repeat_instrument", "redcap_repeat_instance", "redcap_data_access_group",
    "redcap_survey_identifier",
)  # fmt: skip
REDCAP_OWN_LABELS = (
    "Record ID", "Event Name", "Repeat Instrument", "Repeat Instance", "Data Access Group", "Survey Identifier",
)  # fmt: skip
BOX = re.compile(r"___\w+$|\(choice=.+\)(?: #\d+)?$")
NOT_COMPLETE = frozenset({"", "0", "incomplete"})  # as a form is that nobody opened
INCOMPLETE = frozenset({*NOT_COMPLETE, "1", "unverified"})
UNTICKED = ("", "0", "unchecked")
REDCAP_PRIVATE = frozenset({"redcap_survey_identifier", "Survey Identifier"})


def kobotoolbox(sheet: Sheet, *, forced: bool = False) -> Layout | None:
    """One header row with _id, _uuid and _submission_time; questions by `group/question`, or by their words."""
    names = header(sheet)
    if not names or KOBO_LINK.links(sheet) or not (forced or set(names) >= KOBO):
        return None
    when = roles(names, answered=("end", "_submission_time"), started=("start",))
    return Layout(
        "kobotoolbox", sheet, keys(names), last_parts(names), roles=when, private=KOBO_PRIVATE, response=("_uuid",),
        unfinished=_reviewed(names, when, "_validation_status"),
    )  # fmt: skip


def kobo_repeats(main: Layout, sheets: list[Sheet]) -> list[Layout]:
    """Return the repeat groups of a KoBoToolbox workbook: each row with the columns of the submission it stands in."""
    return joined(main, sheets, KOBO_LINK)


def odk_central(sheet: Sheet, *, forced: bool = False) -> Layout | None:
    """One header row with SubmissionDate, KEY and what ODK Central says of a submission; questions by `group-question`."""
    names = header(sheet)
    signed = {"SubmissionDate", "KEY"} <= set(names) and set(ODK) & set(names) and "formdef_version" not in names
    if not names or KEYED.links(sheet) or not (forced or signed):
        return None
    when = roles(names, answered=("end", "SubmissionDate"), started=("start",))
    questions = tuple(name.rpartition("-")[2] or name for name in names)
    return Layout(
        "odk_central", sheet, keys(names), questions, roles=when, private=ODK_PRIVATE, response=("KEY",),
        unfinished=_reviewed(names, when, "ReviewState"),
    )  # fmt: skip


def surveycto(sheet: Sheet, *, forced: bool = False) -> Layout | None:
    """One header row with SubmissionDate, KEY and formdef_version; the rows of a repeat stand side by side, or in a file."""
    names = header(sheet)
    if not names or KEYED.links(sheet) or not (forced or {"SubmissionDate", "KEY", "formdef_version"} <= set(names)):
        return None
    when = roles(names, answered=("endtime", "SubmissionDate"), started=("starttime",), seconds=("duration",))
    return Layout(
        "surveycto", sheet, keys(names), tuple(names), roles=when, private=SURVEYCTO_PRIVATE, formats=SURVEYCTO_DATES,
        response=("KEY",),
    )  # fmt: skip


def _reviewed(names: list[str], when: dict[str, str], review: str) -> tuple[Mark, ...]:
    """Return what tells a submission that nobody sent, or that a reviewer did not accept."""
    sent = [Mark(key, frozenset({""})) for role, key in when.items() if role == "answered"]
    return (*sent, *(Mark(review, NOT_ACCEPTED) for name in names if name == review))


def keyed_repeats(main: Layout, sheets: list[Sheet]) -> list[Layout]:
    """Return the tables that repeat by PARENT_KEY: each row with the columns of what it stands in."""
    return joined(main, sheets, KEYED)


def redcap_raw(sheet: Sheet, *, forced: bool = False) -> Layout | None:
    """One header row of field names: the record's or the event's, and `…_complete` for every form."""
    names = header(sheet)
    signed = set(REDCAP_RAW) & set(names[:4]) and any(name.endswith("_complete") for name in names)
    if not names or not (forced or signed):
        return None
    return _redcap("redcap_raw", sheet, names, [name for name in names if name.endswith("_timestamp")])


def redcap_labels(sheet: Sheet, *, forced: bool = False) -> Layout | None:
    """One header row of labels: Record ID or Event Name, and `Complete?` for every form."""
    names = header(sheet)
    if not names or not (forced or (set(REDCAP_LABELS) & set(names[:4]) and "Complete?" in names)):
        return None
    return _redcap("redcap_labels", sheet, names, [name for name in names if name == "Survey Timestamp"])


def _redcap(platform: str, sheet: Sheet, names: list[str], stamps: list[str]) -> Layout:
    """Blank cells of a form that repeats belong to another row; of several time stamps intake.yml must name one."""
    repeats = {"redcap_repeat_instrument", "Repeat Instrument"} & set(names)
    when = {"answered": stamps[0]} if len(stamps) == 1 else {}
    when |= roles(names, wave=("redcap_event_name", "Event Name"))
    called = keys(names)
    forms = _forms(called, REDCAP_OWN if platform == "redcap_raw" else REDCAP_OWN_LABELS)
    opened, findings = _only_opened(sheet, called, forms)
    return Layout(
        platform, opened, called, tuple(names), roles=when, private=REDCAP_PRIVATE,
        blank="not_shown" if repeats else "missing", untimed=frozenset({"[not completed]"}),
        unfinished=tuple(Mark(complete, INCOMPLETE, frozenset(fields)) for complete, fields in forms.items()),
        response=tuple(name for name in (*REDCAP_OWN[:4], *REDCAP_OWN_LABELS[:4]) if name in names),
        findings=tuple(findings),
    )  # fmt: skip


def _forms(called: tuple[str, ...], own: tuple[str, ...]) -> dict[str, list[str]]:
    """Return the fields of every form by the column that says whether it is complete, which stands last of them."""
    forms: dict[str, list[str]] = {}
    fields: list[str] = []
    for key in called:
        if key.endswith("_complete") or unnumbered(key) == "Complete?":
            forms[key], fields = fields, []
        elif key not in own:
            fields.append(key)
    return forms


def _only_opened(sheet: Sheet, called: tuple[str, ...], forms: dict[str, list[str]]) -> tuple[Sheet, list[Finding]]:
    """Empty the boxes of forms that nobody opened, which REDCap exports as 0; note those that were begun, which stay."""
    places = {key: place for place, key in enumerate(called)}
    rows, findings = list(sheet.rows), []
    for complete, fields in forms.items():
        boxes = {places[key] for key in fields if BOX.search(key)}
        others = [places[key] for key in fields if places[key] not in boxes]
        unopened = Mark(complete, NOT_COMPLETE)
        begun = []
        for position, row in enumerate(sheet.rows[1:] if boxes else [], start=1):
            if len(row) < len(called) or not unopened.says(row[places[complete]]):
                continue
            empty = all(plain(row[k]).casefold() in UNTICKED for k in boxes)
            if empty and not any(plain(row[k]) for k in others):
                rows[position] = [None if k in boxes else cell for k, cell in enumerate(rows[position])]
            elif empty and any(row[k] for k in boxes):
                begun.append(position)
        findings += [_note_begun(sheet, begun, places[complete], complete)] if begun else []
    return replace(sheet, rows=rows), findings


def _note_begun(sheet: Sheet, begun: list[int], place: int, complete: str) -> Finding:
    found = Words(f"moduli iniziati e non conclusi: {len(begun)}", f"forms begun and not complete: {len(begun)}")
    expected = text("caselle di un modulo aperto", "boxes of a form that was opened")
    stay = text("Le caselle vuote restano 0: controllare.", "Boxes not ticked stay 0: check them.")
    return sheet.finding("note", "form_begun", found, expected, stay, row=begun[0], column=place, header=complete)
