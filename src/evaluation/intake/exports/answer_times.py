"""Dates by explicit formats only: the clock as it was written, never moved to another zone, never guessed."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from evaluation.language import Text, text

ZONES = ("CET", "CEST", "GMT+1", "GMT+2")  # Italy's, as survey tools write them; dropped: the clock stays as it was
PARTS = {
    "YYYY": r"(?P<year>[0-9]{4})", "YY": r"(?P<short>[0-9]{2})",
    "MMMM": r"(?P<word>[a-zA-Z]+)", "MMM": r"(?P<named>[A-Z][a-z]{2})", "dddd": r"[^\W\d_]+",
    "MM": r"(?P<month>[0-9]{2})", "M": r"(?P<month>[1-9][0-9]?)",
    "DD": r"(?P<day>[0-9]{2})", "D": r"(?P<day>[1-9][0-9]?)",
    "HH": r"(?P<hour>[0-9]{2})", "H": r"(?P<hour>[0-9]{1,2})",
    "hh": r"(?P<twelve>[0-9]{2})", "h": r"(?P<twelve>[0-9]{1,2})",
    "mm": r"(?P<minute>[0-9]{2})", "ss": r"(?P<second>[0-9]{2})(?:\.[0-9]{1,6})?",
    "A": r"(?P<half>[AaPp][Mm])", "Z": r"(?P<zone>[A-Z]{2,5}(?:[+-][0-9]{1,2}(?::[0-9]{2})?)?)",
}  # fmt: skip
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
WORDS = (
    [
        "january",
        "february",
        "march",
        "april",
        "may",
        "june",
        "july",
        "august",
        "september",
        "october",
        "november",
        "december",
    ],
    [
        "gennaio",
        "febbraio",
        "marzo",
        "aprile",
        "maggio",
        "giugno",
        "luglio",
        "agosto",
        "settembre",
        "ottobre",
        "novembre",
        "dicembre",
    ],
)
TOKEN = re.compile("|".join(sorted(PARTS, key=len, reverse=True)))
# What a date cell of a workbook becomes, and what needs no format: the year first leaves nothing to guess. An offset is dropped.
ISO = re.compile(
    rf"{PARTS['YYYY']}-{PARTS['MM']}-{PARTS['DD']}"
    rf"(?:[ T]{PARTS['HH']}:{PARTS['mm']}(?::{PARTS['ss']})?(?: ?Z|[+-][0-9]{{2}}:?[0-9]{{2}})?)?"
)


# What tells a time to the second; without it two times give no duration.
TO_THE_SECOND = re.compile(
    r"[0-9]:[0-9]{2}:[0-9]{2}|[ T][0-9]{1,2}[.h][0-9]{2}[.m'][0-9]{2}|(?<![0-9])(?:[0-9]{6}|[0-9]{14})(?![0-9])"
)


@dataclass(frozen=True)
class DateDefect:
    """A text that is no date of one format only."""

    kind: str
    found: str
    expected: Text
    action: Text


def zone_of(name: str) -> ZoneInfo | None:
    """Return a zone of the IANA database such as Europe/Rome; None for any other name."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


def moved(moment: dt.datetime, zone: ZoneInfo, clock: ZoneInfo) -> dt.datetime:
    """Return what a clock showed at a moment that another zone's clock tells."""
    return moment.replace(tzinfo=zone).astimezone(clock).replace(tzinfo=None)


def is_format(pattern: str) -> bool:
    """Tell whether a format names year, month and day once each, and nothing twice."""
    tokens = TOKEN.findall(pattern)
    needed = [{"YYYY", "YY"}, {"MMMM", "MMM", "MM", "M"}, {"DD", "D"}]
    twice = [{"HH", "H", "hh", "h"}, {"mm"}, {"ss"}, {"A"}, {"Z"}]
    return all(sum(t in kind for t in tokens) == 1 for kind in needed) and all(
        sum(t in kind for t in tokens) <= 1 for kind in twice
    )


def read_dates(
    texts: Iterable[str], formats: Sequence[str], zones: Sequence[str] = ZONES
) -> tuple[dict[str, dt.datetime], dict[str, DateDefect]]:
    """Read the distinct dates of one column, all in the one format that fits every one of them.

    Parameters
    ----------
    texts : the cells that are not empty
    formats : those that the tool writes, such as `DD/MM/YYYY H.mm.ss`; ISO 8601 is always among them
    zones : the abbreviations that may stand behind a time, and are dropped

    Returns
    -------
    The dates by their text, and what is wrong with the others. Where two formats fit every cell and read a day
    differently, every such cell is a defect: one software wrote the column in one format, and which cannot be known.
    """
    wanted = dict.fromkeys(cell.strip() for cell in texts)
    dates = {cell: moment for cell in wanted if (moment := _parsed(ISO.fullmatch(cell))) is not None}
    rest = [cell for cell in wanted if cell not in dates]
    if not rest:
        return dates, {}
    readings = {pattern: _readings(rest, pattern) for pattern in formats}
    complete = [pattern for pattern, read in readings.items() if len(read) == len(rest)]
    if not complete:
        best = max(readings, key=lambda pattern: len(readings[pattern]), default="")
        read = readings.get(best, {})
        shown = best if read else ", ".join(formats)
        return dates | {c: m for c, (m, _) in read.items()}, {
            c: _no_date(c, shown) for c in rest if c not in read
        } | _strange(read, zones)
    chosen = readings[complete[0]]
    defects = dict(_ambiguous(rest, {pattern: readings[pattern] for pattern in complete}))
    return dates | {cell: moment for cell, (moment, _) in chosen.items()}, defects | _strange(chosen, zones)


Reading = dict[str, tuple[dt.datetime, str]]


def _readings(cells: list[str], pattern: str) -> Reading:
    """Return the cells that a format fits, with date and zone."""
    expression = re.compile(_expression(pattern))
    found = ((cell, expression.fullmatch(cell)) for cell in cells)
    read = ((cell, match, _parsed(match)) for cell, match in found)
    return {
        c: (moment, (m.groupdict().get("zone") or "")) for c, m, moment in read if m is not None and moment is not None
    }


def _expression(pattern: str) -> str:
    parts, at = "", 0
    for token in TOKEN.finditer(pattern):
        parts += re.escape(pattern[at : token.start()]) + PARTS[token[0]]
        at = token.end()
    return parts + re.escape(pattern[at:])


def _parsed(match: re.Match[str] | None) -> dt.datetime | None:
    """Return the moment that the parts of a match make, to the second; None where there is no such day or time."""
    if match is None:
        return None
    part = {name: value for name, value in match.groupdict().items() if value}
    hour = int(part.get("hour", 0))
    if "twelve" in part:
        if not 1 <= int(part["twelve"]) <= 12:
            return None
        hour = int(part["twelve"]) % 12 + 12 * (part.get("half", "").lower() == "pm")
    month = _month(part)
    if month is None:
        return None
    year = int(part["year"]) if "year" in part else 2000 + int(part["short"])
    try:
        rest = (hour, int(part.get("minute", 0)), int(part.get("second", 0)))
        return dt.datetime(year, month, int(part["day"]), *rest)
    except ValueError:
        return None


def _month(part: dict[str, str]) -> int | None:
    """Return the number of a month that is written in digits, in three English letters, or as an English or Italian word."""
    if "month" in part:
        return int(part["month"])
    if "named" in part:
        return MONTHS.index(part["named"]) + 1 if part["named"] in MONTHS else None
    word = part.get("word", "").lower()
    return next((months.index(word) + 1 for months in WORDS if word in months), None)


def _no_date(cell: str, formats: str) -> DateDefect:
    expected = text(f"una data della forma {formats or 'AAAA-MM-GG'}", f"a date of the form {formats or 'YYYY-MM-DD'}")
    action = text(
        "Correggere la data, o scrivere dates in intake.yml.", "Correct the date, or write dates in intake.yml."
    )
    return DateDefect("date", cell, expected, action)


def _ambiguous(cells: list[str], readings: dict[str, Reading]) -> Iterator[tuple[str, DateDefect]]:
    for cell in cells:
        meant = {read[cell][0]: pattern for pattern, read in readings.items()}
        if len(meant) > 1:
            days = {"it": " o ", "en": " or "}
            shown = [f"{moment:%Y-%m-%d} ({pattern})" for moment, pattern in meant.items()]
            choose = text("Scrivere in intake.yml quale: dates.", "Say which in intake.yml: dates.")
            yield cell, DateDefect("ambiguous_date", cell, text(days["it"].join(shown), days["en"].join(shown)), choose)


def _strange(read: Reading, zones: Sequence[str]) -> dict[str, DateDefect]:
    known = ", ".join(zones)
    expected = text(f"un fuso tra {known}", f"a zone of {known}")
    action = text(
        "Aggiungerlo a zones in intake.yml, se l'orologio era quello del centro.",
        "Add it to zones in intake.yml, if the clock was that of the centre.",
    )
    return {c: DateDefect("zone", c, expected, action) for c, (_, zone) in read.items() if zone and zone not in zones}
