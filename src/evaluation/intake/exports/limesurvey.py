"""Signatures of LimeSurvey: CSV (or XLSX) of responses with codes, texts or both in the header; VV files."""

from __future__ import annotations

from typing import Any

from evaluation.intake.exports.layouts import Layout, Mark, header, keys, roles
from evaluation.intake.exports.sheets import Cell, Row, Sheet

Known = dict[str, tuple[str, ...]]
CODES: Known = {
    "id": ("id",), "submitdate": ("submitdate",), "lastpage": ("lastpage",), "startlanguage": ("startlanguage",),
}  # fmt: skip
TEXTS: Known = {
    "id": ("ID risposta", "Response ID"), "submitdate": ("Data invio", "Date submitted"),
    "lastpage": ("Ultima pagina", "Last page"), "startlanguage": ("Lingua iniziale", "Start language"),
}  # fmt: skip
STARTED = ("startdate", "Data di inizio", "Date started")
SECONDS = ("interviewtime", "Tempo totale", "Total time")
PRIVATE = frozenset({"ipaddr", "Indirizzo IP", "IP address", "email", "firstname", "lastname", "refurl"})
UNTIMED = frozenset({"1980-01-01 00:00:00", "1980-01-01 00:00", "1980-01-01"})  # what stands where no time was stored
UNSENT = frozenset({""})
NOT_SHOWN = "{question_not_shown}"
ESCAPES = {"{quote}": '"', "{tab}": "\t", "{cr}": "\r", "{newline}": "\n", "{lbrace}": "{"}  # the brace last


def limesurvey_csv(sheet: Sheet, *, forced: bool = False) -> Layout | None:
    """One header row that begins with the response's id; a bare empty cell was not shown, a quoted one not answered."""
    names = header(sheet)
    both = [name.partition(". ") for name in names] if names and names[0].startswith("id. ") else []
    called = [code or name for code, _, name in both] or names
    questions = [name or code for code, _, name in both] or names
    known = next((known for known in (CODES, TEXTS) if _begins(called, known)), None)
    if _is_vv(sheet) or not names or (known is None and not forced):
        return None
    known = known or (TEXTS if set(TEXTS["submitdate"]) & set(called) else CODES)
    when = roles(called, answered=known["submitdate"], started=STARTED, seconds=SECONDS)
    tells = sheet.source == "text" and sheet.quoted  # a file saved again by a spreadsheet has lost the difference
    return Layout(
        "limesurvey_csv", sheet, keys(called), tuple(questions), roles=when, private=PRIVATE,
        blank="not_shown" if tells else "missing", **_told(called, when),
    )  # fmt: skip


def _begins(names: list[str], known: Known) -> bool:
    return bool(names) and names[0] in known["id"] and all(set(wanted) & set(names) for wanted in known.values())


def limesurvey_vv(sheet: Sheet, *, forced: bool = False) -> Layout | None:
    """Two header rows between tabs: texts, then codes with id, submitdate and startlanguage."""
    if not (_is_vv(sheet) or (forced and len(header(sheet, 1)) == len(header(sheet)) > 0)):
        return None
    codes = header(sheet, 1)
    rows: list[Row] = [*sheet.rows[:2], *([_unescaped(cell) for cell in row] for row in sheet.rows[2:])]
    plain = Sheet(sheet.file, rows, delimiter=sheet.delimiter)
    when = roles(codes, answered=("submitdate",), started=STARTED, seconds=SECONDS)
    return Layout(
        "limesurvey_vv",
        plain,
        keys(codes),
        tuple(header(sheet)),
        header=2,
        roles=when,
        private=PRIVATE,
        blank="not_shown",
        **_told(codes, when),
    )


def _told(called: list[str], when: dict[str, str]) -> dict[str, Any]:
    """Return what either kind of export tells of its responses: which, when, and whether they were sent."""
    return {
        "untimed": UNTIMED, "response": tuple(roles(called, id=("id", *TEXTS["id"])).values()),
        "unfinished": tuple(Mark(key, UNSENT) for role, key in when.items() if role == "answered"),
    }  # fmt: skip


def _is_vv(sheet: Sheet) -> bool:
    return sheet.delimiter == "\t" and {"id", "submitdate", "startlanguage"} <= set(header(sheet, 1))


def _unescaped(cell: Cell) -> Cell:
    """Return what stood in the database: nothing where the question was not shown, else the text."""
    if cell == NOT_SHOWN:
        return None
    value = cell or ""
    if "{" in value:
        for written, meant in ESCAPES.items():
            value = value.replace(written, meant)
    return value
