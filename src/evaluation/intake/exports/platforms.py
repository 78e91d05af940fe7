"""Signatures: Google Forms, Microsoft Forms, SurveyMonkey, Qualtrics, and plain tables."""

from __future__ import annotations

import json

from evaluation.intake.exports.answer_times import read_dates
from evaluation.intake.exports.layouts import Layout, Mark, header, keys, roles
from evaluation.intake.exports.sheets import Sheet

GOOGLE = ("Informazioni cronologiche", "Timestamp")
GOOGLE_DATES = ("YYYY/MM/DD h:mm:ss A Z", "DD/MM/YYYY H.mm.ss", "DD/MM/YYYY H:mm:ss", "M/D/YYYY H:mm:ss",
                "DD/MM/YYYY H:mm", "DD/MM/YYYY H.mm", "M/D/YYYY H:mm")  # the last as Excel saves them again  # fmt: skip
MICROSOFT_START, MICROSOFT_END = ("Ora di inizio", "Start time"), ("Ora di completamento", "Completion time")
MICROSOFT_DATES = ("M/D/YY H:mm:ss", "M/D/YYYY H:mm:ss", "DD/MM/YYYY HH:mm:ss")
MONKEY = ("Respondent ID", "RespondentID", "ID rispondente", "ID intervistato")
MONKEY_SECOND = ("Collector ID", "CollectorID", "ID collettore", "ID raccoglitore")
MONKEY_DATES = ("MM/DD/YYYY hh:mm:ss A", "DD/MM/YYYY HH:mm:ss", "MM/DD/YYYY HH:mm:ss")
MAIL = (
    "Email",
    "Email Address",
    "Indirizzo email",
    "Indirizzo e-mail",
    "Posta elettronica",
    "Indirizzo di posta elettronica",
)
NAMES = ("Name", "Nome", "Username", "Nome utente", "First Name", "Last Name", "Cognome", "IP Address", "Indirizzo IP")
PRIVATE = frozenset((*MAIL, *NAMES))
NOT_FINISHED = frozenset({"0", "false", "falso"})
# Trials and spam, in words and as codes (1 preview, 2 test, 8 spam, 9 preview flagged as spam, 12 imported spam, 17 offline
# preview).
NO_RESPONSE = frozenset({
    "1", "2", "8", "9", "12", "17", "survey preview", "preview", "survey test", "spam", "possible spam", "preview spam",
    "survey preview spam", "spam (imported)", "imported spam", "offline survey preview", "offline preview",
})  # fmt: skip
QUALTRICS_OLD = {
    "ResponseID": "_recordId", "Name": "recipientFirstName", "Email": "recipientEmail", "EmailAddress": "recipientEmail",
    "IPAddress": "ipAddress", "Status": "status", "StartDate": "startDate", "EndDate": "endDate", "Finished": "finished",
    "ExternalDataReference": "recipientLastName", "RecipientLastName": "recipientLastName",
    "RecipientFirstName": "recipientFirstName", "RecipientEmail": "recipientEmail",
}  # fmt: skip
QUALTRICS_PRIVATE = ("ipAddress", "recipientLastName", "recipientFirstName", "recipientEmail")


def google_forms(sheet: Sheet, *, forced: bool = False) -> Layout | None:
    """One header row; the first column is the time stamp, written in one of Google's forms."""
    names = header(sheet)
    if not names or not (forced or _is_stamped(sheet, names)):
        return None
    return Layout(
        "google_forms",
        sheet,
        keys(names),
        tuple(names),
        roles=roles(names[:1], answered=GOOGLE),
        private=PRIVATE,
        formats=GOOGLE_DATES,
    )


def _is_stamped(sheet: Sheet, names: list[str]) -> bool:
    first = next((row[0] for row in sheet.rows[1:] if row and row[0]), None)
    return names[0] in GOOGLE and (first is None or read_dates([first], GOOGLE_DATES)[0] != {})


def microsoft_forms(sheet: Sheet, *, forced: bool = False) -> Layout | None:
    """One header row that begins with Id, start time, completion time."""
    names = header(sheet)
    signed = [name.casefold() for name in names[:1]] == ["id"] and len(names) > 2
    if not names or not (forced or (signed and names[1] in MICROSOFT_START and names[2] in MICROSOFT_END)):
        return None
    times = roles(names, started=MICROSOFT_START, answered=MICROSOFT_END)
    return Layout(
        "microsoft_forms", sheet, keys(names), tuple(names), roles=times, private=PRIVATE, formats=MICROSOFT_DATES,
        response=tuple(name for name in names[:1] if name.casefold() == "id"),
    )  # fmt: skip


def surveymonkey(sheet: Sheet, *, forced: bool = False) -> Layout | None:
    """Two header rows: questions from Respondent ID and Collector ID on, then their options or rows."""
    names, below = header(sheet), header(sheet, 1)
    signed = len(names) > 1 and names[0] in MONKEY and names[1] in MONKEY_SECOND and below and not below[0]
    if not names or len(below) != len(names) or not (forced or signed):
        return None
    spans = [_question(names, below, place) for place in range(len(names))]
    called = [f"{q} [{below[k]}]" if spans.count(q) > 1 and below[k] else q for k, q in enumerate(spans)]
    times = roles(
        names,
        started=("Start Date", "StartDate", "Data di inizio", "Data inizio"),
        answered=("End Date", "EndDate", "Data di fine", "Data fine"),
    )
    return Layout(
        "surveymonkey", sheet, keys(called), tuple(called), header=2, roles=times, private=PRIVATE, formats=MONKEY_DATES,
        response=(called[0],),
    )  # fmt: skip


def _question(names: list[str], below: list[str], place: int) -> str:
    """Return the question that a column belongs to: a blank header continues the one before it."""
    while place and not names[place] and below[place]:
        place -= 1
    return names[place]


def qualtrics(sheet: Sheet, *, forced: bool = False) -> Layout | None:  # noqa: ARG001 (its rows tell it, or nothing)
    """Three header rows: names, questions, and texts with ImportId; or the two of old, the second with ResponseID."""
    names, questions, imports = (header(sheet, row) for row in range(3))
    if not names or len(questions) != len(names):
        return None
    called = keys(names)
    ids = [_import_id(cell) for cell in imports]
    if ids and None not in ids and len(ids) == len(names):
        return _qualtrics(sheet, called, questions, 3, dict(zip(ids, called, strict=True)), _zone(imports))
    if {"ResponseID", "ResponseSet"} <= set(questions):
        old: dict[str | None, str] = {
            QUALTRICS_OLD[name]: key for name, key in zip(questions, called, strict=True) if name in QUALTRICS_OLD
        }
        return _qualtrics(sheet, called, questions, 2, old, "")
    return None


def _qualtrics(
    sheet: Sheet, called: tuple[str, ...], questions: list[str], rows: int, by_id: dict[str | None, str], zone: str
) -> Layout:
    """Return the layout of an export whose own columns are called so, by what Qualtrics calls them."""
    wanted = {"answered": ("endDate", "recordedDate"), "started": ("startDate",), "seconds": ("duration",)}
    found = {role: next((by_id[name] for name in known if name in by_id), None) for role, known in wanted.items()}
    private = frozenset(by_id[name] for name in QUALTRICS_PRIVATE if name in by_id)
    return Layout(
        "qualtrics", sheet, called, tuple(questions), header=rows,
        roles={role: key for role, key in found.items() if key}, private=private, zone=zone,
        response=tuple(by_id[name] for name in ("_recordId",) if name in by_id),
        unfinished=tuple(Mark(by_id[name], NOT_FINISHED) for name in ("finished",) if name in by_id),
        previews=tuple(Mark(by_id[name], NO_RESPONSE) for name in ("status",) if name in by_id),
    )  # fmt: skip


def _zone(imports: list[str]) -> str:
    """Return the zone that the times are written in, where the export declares one."""
    return next(filter(None, (_described(cell, "timeZone") for cell in imports)), "") or ""


def _import_id(cell: str) -> str | None:
    return _described(cell, "ImportId")


def _described(cell: str, name: str) -> str | None:
    """Return what the third header row says of a column under a name."""
    try:
        described = json.loads(cell if '"' in cell else cell.replace("'", '"'))  # in 2016 these stood in single quotes
    except (ValueError, RecursionError):
        return None
    found = described.get(name) if isinstance(described, dict) else None
    return found if isinstance(found, str) else None


def spss(sheet: Sheet, *, forced: bool = False) -> Layout | None:  # noqa: ARG001 (its bytes tell it, or nothing)
    """An SPSS file: told by its first bytes."""
    names = header(sheet)
    return Layout("spss", sheet, keys(names), sheet.labels) if sheet.source == "spss" else None


def plain_long(sheet: Sheet, *, forced: bool = False) -> Layout | None:
    """One header row with participant, wave, item and value: an answer a row."""
    names = header(sheet)
    signed = {"participant", "wave", "item", "value"} <= set(names) and sheet.source != "spss"
    return _plain("plain_long", sheet) if names and (forced or signed) else None


def plain_wide(sheet: Sheet, *, forced: bool = False) -> Layout | None:
    """One header row with participant and without item: a child a row."""
    names = header(sheet)
    signed = "participant" in names and "item" not in names and sheet.source != "spss"
    return _plain("plain_wide", sheet) if names and (forced or signed) else None


def _plain(platform: str, sheet: Sheet) -> Layout:
    names = header(sheet)
    return Layout(
        platform, sheet, keys(names), tuple(names), roles=roles(names, answered=("answered_at",), seconds=("seconds",)),
        private=PRIVATE,
    )  # fmt: skip
