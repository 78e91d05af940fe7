"""What a recognised export looks like: how its columns are called, where the answers begin, what a blank cell means."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from evaluation.intake.exports.sheets import Cell, Row, Sheet
from evaluation.study.findings import Finding, column_letters


@dataclass(frozen=True)
class Mark:
    """A column that says of a whole response what it is, by these values (without case).

    columns: those of which it speaks, where it does not speak of all.
    """

    key: str
    values: frozenset[str]
    columns: frozenset[str] | None = None

    def says(self, cell: Cell) -> bool:
        """Tell whether a cell holds one of the values."""
        return plain(cell).casefold() in self.values


@dataclass(frozen=True)
class Parent:
    """The table that another repeats in: its layout, and by row the row of it, both as places in the sheets."""

    layout: Layout
    rows: dict[int, int]


@dataclass(frozen=True)
class Layout:
    """A table with its platform's signature.

    keys: how intake.yml names each column; questions: the words a child saw; header: rows before the first answer;
    roles: which column says what about a whole answer sheet (answered, started, seconds, wave); private: columns that may
    tell who answered; blank: whether an empty cell is a missing answer or a question that was not shown; untimed: what the
    tool writes where it stored no time; zone: that of the times, where the export declares it; response: the columns that
    together identify a response; unfinished, previews: what tells responses that nobody sent, and those that are none;
    own: how many of the columns stand in this sheet, the others come from `parent`; findings: what was seen while the
    table was made.
    """

    platform: str
    sheet: Sheet
    keys: tuple[str, ...]
    questions: tuple[str, ...]
    header: int = 1
    roles: dict[str, str] = field(default_factory=dict)
    private: frozenset[str] = frozenset()
    formats: tuple[str, ...] = ()
    blank: Literal["missing", "not_shown"] = "missing"
    untimed: frozenset[str] = frozenset()
    zone: str = ""
    response: tuple[str, ...] = ()
    unfinished: tuple[Mark, ...] = ()
    previews: tuple[Mark, ...] = ()
    own: int | None = None
    parent: Parent | None = None
    findings: tuple[Finding, ...] = ()

    def records(self) -> Iterable[tuple[int, Row]]:
        """Yield the rows of answers that are not blank, with their place in the sheet."""
        width = len(self.keys)
        for position, row in enumerate(self.sheet.rows[self.header :], start=self.header):
            if any(row):
                yield position, row if len(row) >= width else [*row, *[None] * (width - len(row))]

    def column(self, key: str) -> list[Cell]:
        """Return the cells of one column."""
        place = self.keys.index(key)
        return [row[place] for _, row in self.records()]

    @property
    def own_keys(self) -> tuple[str, ...]:
        """The columns that stand in this sheet."""
        return self.keys[: self.own]

    def free_words(self, key: str) -> bool:
        """Tell whether a box holds the words of an "other" option, as LimeSurvey's `question[other]` does."""
        return self.platform.startswith("limesurvey") and key.endswith("[other]")

    def within(self, other: Layout) -> bool:
        """Tell whether this table is another, or repeats in it at any depth."""
        return self is other or (self.parent is not None and self.parent.layout.within(other))

    @property
    def names_a_child(self) -> bool:
        """Whether a column that may tell who answered holds anything."""
        hidden = ("", "anonymous", "anonimo", "anonymous@anonymous.com")
        columns = [place for place, key in enumerate(self.keys) if unnumbered(key) in self.private]
        return any((row[c] or "").strip().casefold() not in hidden for _, row in self.records() for c in columns)


def plain(cell: Cell) -> str:
    """Return a header or a label on one line: spaces made one, accents composed, without what cannot be seen."""
    line = " ".join(unicodedata.normalize("NFC", cell or "").split())
    return line if line.isprintable() else "".join(c for c in line if c.isprintable())


def header(sheet: Sheet, row: int = 0) -> list[str]:
    """Return one row of headers; nothing where the sheet ends before it."""
    return [plain(cell) for cell in sheet.rows[row]] if row < len(sheet.rows) else []


def keys(names: Sequence[str]) -> tuple[str, ...]:
    """Return a name for every column, no two the same.

    `column C` without a header; `Complete? #2` where a header stands more than once, past numbers that another header
    has in its own words.
    """
    total, numbers = Counter(names), Counter[str]()
    taken = {name for name in names if name and total[name] == 1}
    result = []
    for place, name in enumerate(names):
        key = name if total[name] == 1 else ""
        called = name or f"column {column_letters(place)}"
        while not key or (key != name and key in taken):
            numbers[called] += 1
            numbered = name or numbers[called] > 1
            key = f"{called} #{numbers[called]}" if numbered else called
        taken.add(key)
        result.append(key)
    return tuple(result)


def unnumbered(key: str) -> str:
    """Return a key without the number of a repeated header."""
    name, _, number = key.rpartition(" #")
    return name if name and number.isdigit() else key


def roles(names: Sequence[str], **known: Iterable[str]) -> dict[str, str]:
    """Return, by role, the first of its known names that stands among the columns."""
    found = {role: next((name for name in wanted if name in names), None) for role, wanted in known.items()}
    return {role: name for role, name in found.items() if name is not None}
