"""The roster of a centre: a table with names and birth dates, read to be turned into codes, never into the study."""

from __future__ import annotations

import csv
import datetime as dt
import io
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from evaluation.errors import UserError
from evaluation.language import Text, text
from evaluation.privacy.identifying import BIRTH_DATE, FIRST_NAME, LAST_NAME, WHOLE_NAME, folded
from evaluation.privacy.pseudonyms import normalised_name
from evaluation.study.dates import parse_date
from evaluation.study.findings import NOTHING, Finding, Findings, Words

RowsOf = Callable[[Path], list[list[str]]]
DateFormat = Literal["YYYY-MM-DD", "DD/MM/YYYY", "MM/DD/YYYY"]
MAXIMUM_BYTES = 20_000_000
NAME, FIRST, LAST, BIRTH = "name", "first name", "last name", "birth_date"
# The words that head a column, without accents, case and punctuation, by what they mean.
MEANINGS: dict[str, tuple[str, ...]] = {
    NAME: WHOLE_NAME,
    FIRST: FIRST_NAME,
    LAST: LAST_NAME,
    BIRTH: BIRTH_DATE,
    "centre": ("centre", "center", "day centre", "centro", "centro diurno"),
    "sex": ("sex", "gender", "sesso", "genere"),
    "guardian_consent": ("guardian consent", "parental consent", "consenso", "consenso genitori", "consenso dei genitori"),
    "assent": ("assent", "child assent", "assenso", "assenso del minore"),
    "enrolled_on": ("enrolled on", "date of enrolment", "iscritto il", "data iscrizione", "data di iscrizione"),
    "left_on": ("left on", "uscito il", "data uscita", "data di uscita"),
    "left_reason": ("left reason", "reason for leaving", "motivo uscita", "motivo dell uscita"),
}  # fmt: skip
DATES = ("enrolled_on", "left_on")
YES_NO = ("guardian_consent", "assent")
ANSWERS = {
    **dict.fromkeys(("yes", "y", "si", "s", "x", "true", "vero", "1", "firmato", "signed", "ok"), "yes"),
    **dict.fromkeys(("no", "n", "false", "falso", "0", "non firmato", "not signed"), "no"),
    "": "",
}
ORDER: dict[DateFormat, tuple[int, int, int]] = {"DD/MM/YYYY": (2, 1, 0), "MM/DD/YYYY": (2, 0, 1)}


@dataclass(frozen=True)
class Child:
    """One row of a roster; `cells` are what may go to the study, by the names of its columns."""

    row: int
    name: str
    birth_date: dt.date
    cells: dict[str, str]


@dataclass(frozen=True)
class Roster:
    """The children of a roster, the columns that may go to the study, and the headers of those that may not."""

    file: str
    children: tuple[Child, ...]
    columns: tuple[str, ...]
    left_out: tuple[str, ...]


def read_roster(
    path: Path, covariates: tuple[str, ...], dates: DateFormat, findings: Findings, rows_of: RowsOf | None = None
) -> Roster | None:
    """Read a roster; None where it has no names and birth dates. A finding tells the row and never the name.

    Parameters
    ----------
    path : CSV with commas, semicolons or tabs, in UTF-8 or cp1252; headers in Italian or English
    covariates : the further columns that the protocol asks for; all others are left out
    dates : how days are written; nothing is guessed
    rows_of : reads the rows of a list that is no CSV, such as a workbook
    """
    if dates not in get_args(DateFormat):
        raise UserError(f"--dates {dates}: expected one of {', '.join(get_args(DateFormat))}.")
    header, *rows = (rows_of or _rows)(path) or [[]]
    meant = _meanings(path.name, header, covariates, findings)
    if meant is None:
        return None
    columns = tuple(m for m in meant if m and m not in (NAME, FIRST, LAST, BIRTH))
    children = [
        _child(path.name, number, dict(zip(meant, row, strict=False)), columns, dates, findings)
        for number, row in enumerate(rows, start=2)
        if any(cell.strip() for cell in row)
    ]
    left_out = tuple(title for title, meaning in zip(header, meant, strict=True) if not meaning)
    return Roster(path.name, tuple(child for child in children if child), columns, left_out)


def _rows(path: Path) -> list[list[str]]:
    if not path.is_file() or path.stat().st_size > MAXIMUM_BYTES:
        raise UserError(
            text(
                f"{path}: attesa una tabella CSV con i nomi, al più {MAXIMUM_BYTES // 1_000_000} MB.",
                f"{path}: expected a CSV table with the names, {MAXIMUM_BYTES // 1_000_000} MB at most.",
            )
        )
    content = path.read_bytes()
    try:
        decoded = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        decoded = content.decode("cp1252", "replace")
    first = decoded.partition("\n")[0]
    try:
        if "\0" in decoded or "\ufffd" in decoded:
            raise csv.Error("control characters")
        rows = list(csv.reader(io.StringIO(decoded, newline=""), delimiter=max(",;\t", key=first.count), strict=True))
    except csv.Error as error:
        raise UserError(
            text(
                f"{path}: non è una tabella CSV ({error}). Salvare il foglio come CSV UTF-8.",
                f"{path}: not a CSV table ({error}). Save the sheet as CSV UTF-8.",
            )
        ) from None
    return rows or [[]]


def _meanings(file: str, header: list[str], covariates: tuple[str, ...], findings: Findings) -> list[str] | None:
    """Return what each column means, empty where the study does not ask for it; None where names or dates lack."""
    words = {word: meaning for meaning, all_words in MEANINGS.items() for word in all_words}
    words |= {folded(name): name for name in covariates if name not in ("age", NAME)}
    meant = [words.get(folded(title), "") for title in header]
    if FIRST in meant and LAST not in meant and NAME not in meant:  # a column "nome" alone holds the whole name
        meant = [NAME if meaning == FIRST else meaning for meaning in meant]
    before = len(findings.errors)
    for meaning in sorted({meaning for meaning in meant if meaning and meant.count(meaning) > 1}):
        once = text(f"una sola colonna per {meaning}", f"one column for {meaning}")
        rename = text("Togliere o rinominare una delle due.", "Remove or rename one of the two.")
        findings.error("duplicate_column", file, meaning, once, rename, row=1)
    wanted = {NAME: NAME in meant or {FIRST, LAST} <= set(meant), BIRTH: BIRTH in meant, "centre": "centre" in meant}
    for meaning in (meaning for meaning, there in wanted.items() if not there):
        one = text(f"una colonna {' / '.join(MEANINGS[meaning])}", f"a column {' / '.join(MEANINGS[meaning])}")
        add = text("Aggiungere o rinominare la colonna.", "Add or rename the column.")
        findings.error("missing_column", file, ", ".join(header[:12]) or NOTHING, one, add, row=1, column=meaning)
    return meant if len(findings.errors) == before else None


def _child(
    file: str, row: int, cells: dict[str, str], columns: tuple[str, ...], dates: DateFormat, findings: Findings
) -> Child | None:
    name = " ".join((cells[NAME] if NAME in cells else f"{cells.get(FIRST, '')} {cells.get(LAST, '')}").split())
    if not normalised_name(name) or name[0] in "=+-@" or not name.isprintable():
        letters = text("un nome, in lettere", "a name, in letters")
        write = text("Scrivere nome e cognome.", "Write first and last name.")
        findings.error(
            "name",
            file,
            Words("nessun nome", "no name") if not name else Words("un'altra forma", "another form"),
            letters,
            write,
            row=row,
            column=NAME,
        )
        return None
    kept = {column: _plain(column, cells.get(column, "").strip()) for column in columns}
    for column in (column for column in YES_NO if kept.get(column)):
        if kept[column] not in ANSWERS.values():
            yes_or_no = text("sì o no", "yes or no")
            say = text("Scrivere sì o no.", "Write yes or no.")
            found = Words("un'altra parola", "another word")
            findings.error("consent", file, found, yes_or_no, say, row=row, column=column)
    for column in (column for column in DATES if kept.get(column)):
        day = _day(kept[column], dates)
        kept[column] = day.isoformat() if day else _report_day(file, row, column, kept[column], dates, findings)
    born = _day(cells.get(BIRTH, "").strip(), dates)
    if born is None:
        _report_day(file, row, BIRTH, cells.get(BIRTH, "").strip(), dates, findings)
        return None
    return Child(row, name, born, kept)


def _plain(column: str, cell: str) -> str:
    return ANSWERS.get(folded(cell), cell) if column in YES_NO else cell


def _day(cell: str, dates: DateFormat) -> dt.date | None:
    try:
        if dates == "YYYY-MM-DD":
            return parse_date(cell)
        parts = re.fullmatch(r"([0-9]{1,2})[/.-]([0-9]{1,2})[/.-]([0-9]{4})", cell)
        year, month, day = (int(parts[place + 1]) for place in ORDER[dates]) if parts else (0, 0, 0)
        return dt.date(year, month, day)
    except ValueError:
        return None


def _report_day(file: str, row: int, column: str, cell: str, dates: DateFormat, findings: Findings) -> str:
    """Report a day in another form; its digits, which would tell a birthday, are shown as 9."""
    expected = text(f"una data {dates.translate(ITALIAN)}", f"a date {dates}")
    action: Text = text(
        "Correggere la data, o dire il formato di tutte con --dates: non viene indovinato.",
        "Correct the date, or say how all are written with --dates: it is not guessed.",
    )
    found = re.sub(r"\d", "9", cell)[:20] or NOTHING
    findings.add(Finding("error", "date", file, found, expected, action, row, column))
    return ""


ITALIAN = str.maketrans("YD", "AG")
