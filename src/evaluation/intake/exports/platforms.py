"""Signatures: Google Forms, Microsoft Forms, SurveyMonkey, Qualtrics, and plain tables."""

from __future__ import annotations

import json

from evaluation.intake.exports.answer_times import read_dates
from evaluation.intake.exports.layouts import Layout, Mark, header, keys, roles
from evaluation.intake.exports.sheets import Sheet

GOOGLE = ("Informazioni cronologiche", "Timestamp")
GOOGLE_DATES = ("YYYY/MM/DD h:mm:ss A Z", "DD/MM/YYYY H.mm.ss", "DD/MM/YYYY H:mm:ss", "M/D/YYYY H:mm:ss")
MICROSOFT_START, MICROSOFT_END = ("Ora di inizio", "Start time"), ("Ora di completamento", "Completion time")
MICROSOFT_DATES = ("M/D/YY H:mm:ss",)
MONKEY = ("Respondent ID", "ID rispondente", "ID intervistato")
MONKEY_SECOND = ("Collector ID", "ID collettore", "ID raccoglitore")
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
QUALTRICS_PRIVATE = ("ipAddress", "recipientLastName", "recipientFirstName", "recipientEmail")


def google_forms(sheet: Sheet) -> Layout | None:
    """One header row; the first column is the time stamp, written in one of Google's forms."""
    names = header(sheet)
    if not names or names[0] not in GOOGLE:
        return None
    first = next((row[0] for row in sheet.rows[1:] if row and row[0]), None)
    if first is not None and read_dates([first], GOOGLE_DATES)[0] == {}:
        return None
    return Layout(
        "google_forms",
        sheet,
        keys(names),
        tuple(names),
        roles={"answered": names[0]},
        private=PRIVATE,
        formats=GOOGLE_DATES,
    )


def microsoft_forms(sheet: Sheet) -> Layout | None:
    """One header row that begins with Id, start time, completion time."""
    names = header(sheet)
    if (
        len(names) < 3
        or names[0].casefold() != "id"
        or names[1] not in MICROSOFT_START
        or names[2] not in MICROSOFT_END
    ):
        return None
    times = {"started": names[1], "answered": names[2]}
    return Layout(
        "microsoft_forms", sheet, keys(names), tuple(names), roles=times, private=PRIVATE, formats=MICROSOFT_DATES,
        response=(names[0],),
    )  # fmt: skip


def surveymonkey(sheet: Sheet) -> Layout | None:
    """Two header rows: questions from Respondent ID and Collector ID on, then their options or rows."""
    names, below = header(sheet), header(sheet, 1)
    if (
        len(names) < 2
        or names[0] not in MONKEY
        or names[1] not in MONKEY_SECOND
        or len(below) != len(names)
        or below[0]
    ):
        return None
    spans = [_question(names, below, place) for place in range(len(names))]
    called = [f"{q} [{below[k]}]" if spans.count(q) > 1 and below[k] else q for k, q in enumerate(spans)]
    times = roles(
        names,
        started=("Start Date", "Data di inizio", "Data inizio"),
        answered=("End Date", "Data di fine", "Data fine"),
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


def qualtrics(sheet: Sheet) -> Layout | None:
    """Three header rows: names, questions, and JSON texts with ImportId."""
    names, questions, imports = (header(sheet, row) for row in range(3))
    if not names or len(questions) != len(names) or len(imports) != len(names):
        return None
    ids = [_import_id(cell) for cell in imports]
    if None in ids:
        return None
    called = keys(names)
    by_id = dict(zip(ids, called, strict=True))
    wanted = {"answered": ("endDate", "recordedDate"), "started": ("startDate",), "seconds": ("duration",)}
    found = {role: next((by_id[name] for name in known if name in by_id), None) for role, known in wanted.items()}
    private = {by_id[name] for name in QUALTRICS_PRIVATE if name in by_id}
    marked = {name: by_id[name] for name in ("finished", "status") if name in by_id}
    return Layout(
        "qualtrics", sheet, called, tuple(questions), header=3,
        roles={role: key for role, key in found.items() if key}, private=frozenset(private), zone=_zone(imports),
        response=tuple(by_id[name] for name in ("_recordId",) if name in by_id),
        unfinished=(Mark(marked["finished"], NOT_FINISHED),) if "finished" in marked else (),
        previews=(Mark(marked["status"], NO_RESPONSE),) if "status" in marked else (),
    )  # fmt: skip


def _zone(imports: list[str]) -> str:
    """Return the zone that the times are written in, where the export declares one."""
    return next(filter(None, (_described(cell, "timeZone") for cell in imports)), "") or ""


def _import_id(cell: str) -> str | None:
    return _described(cell, "ImportId")


def _described(cell: str, name: str) -> str | None:
    """Return what the third header row says of a column under a name."""
    try:
        described = json.loads(cell)
    except (ValueError, RecursionError):
        return None
    found = described.get(name) if isinstance(described, dict) else None
    return found if isinstance(found, str) else None


def spss(sheet: Sheet) -> Layout | None:
    """An SPSS file: told by its first bytes."""
    names = header(sheet)
    return Layout("spss", sheet, keys(names), sheet.labels) if sheet.source == "spss" else None


def plain_long(sheet: Sheet) -> Layout | None:
    """One header row with participant, wave, item and value: an answer a row."""
    return _plain("plain_long", sheet) if {"participant", "wave", "item", "value"} <= set(header(sheet)) else None


def plain_wide(sheet: Sheet) -> Layout | None:
    """One header row with participant and without item: a child a row."""
    names = header(sheet)
    return _plain("plain_wide", sheet) if "participant" in names and "item" not in names else None


def named_plain(platform: str, sheet: Sheet) -> Layout | None:
    """A plain table of any headers, for intake.yml says that it is one."""
    return _plain(platform, sheet) if platform in ("plain_long", "plain_wide") and header(sheet) else None


def _plain(platform: str, sheet: Sheet) -> Layout:
    names = header(sheet)
    return Layout(
        platform, sheet, keys(names), tuple(names), roles=roles(names, answered=("answered_at",), seconds=("seconds",)),
        private=PRIVATE,
    )  # fmt: skip
