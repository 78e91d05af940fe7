"""Dates as a study writes them, YYYY-MM-DD: anything else is told apart (impossible, ambiguous, another form), never guessed."""

from __future__ import annotations

import datetime as dt
import re

from evaluation.language import Text, text

ISO_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
ISO_MOMENT = re.compile(
    rf"({ISO_DAY.pattern})(?:[T ]([0-9]{{2}}:[0-9]{{2}}(?::[0-9]{{2}}(?:\.[0-9]{{1,6}})?)?)(Z|[+-][0-9]{{2}}:[0-9]{{2}})?)?"
)
NUMBERS = re.compile(r"([0-9]{1,2})[/.\-]([0-9]{1,2})[/.\-]([0-9]{4})(?=[ ,T]|$)")
EXPECTED_DATE = text("una data AAAA-MM-GG", "a date YYYY-MM-DD")
EXPECTED_MOMENT = text(
    "una data AAAA-MM-GG, o data e ora AAAA-MM-GGTHH:MM", "a date YYYY-MM-DD, or date and time YYYY-MM-DDTHH:MM"
)
REWRITE = text("Riscrivere la data come AAAA-MM-GG.", "Write the date as YYYY-MM-DD.")


def parse_date(cell: str) -> dt.date:
    """Return a date written YYYY-MM-DD; ValueError for any other form."""
    if not ISO_DAY.fullmatch(cell):
        raise ValueError(cell)
    return dt.date.fromisoformat(cell)


def parse_moment(cell: str) -> dt.date:
    """Return the day of a date, or of a date and time, as written: a time zone moves nothing. ValueError for any other form."""
    found = ISO_MOMENT.fullmatch(cell)
    if found is None:
        raise ValueError(cell)
    dt.time.fromisoformat(f"{found[2] or '00:00'}{found[3] or ''}")
    return dt.date.fromisoformat(found[1])


def mend_date(cell: str) -> Text:
    """Say what to do about what is no date here: it has a time, does not exist, may be two days, or is written otherwise."""
    if ISO_MOMENT.fullmatch(cell):
        return _mend_moment(cell)
    found = NUMBERS.match(cell)
    if found is None:
        return REWRITE
    first, second, year = (int(part) for part in found.groups())
    days = sorted({day for month, number in ((second, first), (first, second)) for day in _day(year, month, number)})
    if not days:
        return text("Questa data non esiste: controllare sull'originale.", "There is no such date: check the original.")
    if len(days) == 1:
        return text(f"Se è il {days[0]}, scriverla così.", f"If it is {days[0]}, write it so.")
    return text(
        f"Può essere il {days[0]} o il {days[1]}: chiedere a chi l'ha scritta, e riscriverla così.",
        f"It may be {days[0]} or {days[1]}: ask who wrote it, and write it so.",
    )


def _mend_moment(cell: str) -> Text:
    try:
        day = parse_moment(cell)
    except ValueError:
        return text(
            "Questa data o questa ora non esiste: controllare sull'originale.",
            "There is no such date or time: check the original.",
        )
    return text(f"Scrivere il giorno senza l'ora: {day}.", f"Write the day without the time: {day}.")


def _day(year: int, month: int, day: int) -> list[dt.date]:
    try:
        return [dt.date(year, month, day)]
    except ValueError:
        return []
