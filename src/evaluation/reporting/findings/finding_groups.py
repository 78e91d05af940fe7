"""Findings as a centre reads them: by child, the same thing told once, and nothing in them that may be a name."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from evaluation.checks.columns import OF_ANSWERS, OF_ATTENDANCE, OF_CHILDREN
from evaluation.checks.kinds import KINDS
from evaluation.language import Language, Text, text
from evaluation.study.findings import Finding, Level, Words, escaped, printable
from evaluation.study.folder import Study
from evaluation.study.tables import has_digit

LEVELS: tuple[Level, ...] = ("error", "warning", "note")
LABELS: dict[Level, Text] = {
    "error": text("errore", "error"), "warning": text("avviso", "warning"), "note": text("nota", "note"),
}  # fmt: skip
WHOLE_FILES = text("File interi", "Whole files")
WITHOUT_CHILDREN = (".yml", "instrument.csv", "programme.csv")  # files that hold no child: what they say is shown whole
LETTERS = 2  # of a word that may be a name
CELLS = 6  # named one by one, of a finding that stands in many
WORD = re.compile(r"\w+(?:['’.-]\w+)*")
PLACES = {  # by language: one row, several; one cell, several
    "it": ("riga", "righe", "cella", "celle"),
    "en": ("row", "rows", "cell", "cells"),
}


@dataclass(frozen=True)
class Entry:
    """A finding and the rows it stands in: the same thing found in many rows of one child is told once."""

    finding: Finding
    rows: tuple[int, ...]
    cells: tuple[str, ...]

    @property
    def kind(self) -> Text:
        """What the finding is called."""
        known = KINDS.get(self.finding.kind)
        return known.title if known else text(self.finding.kind, self.finding.kind)

    def place(self, language: Language) -> str:
        """Return where it is, as a spreadsheet shows it: sheet, cell or row."""
        row, rows, cell, cells = PLACES[language]
        one, many, names = (cell, cells, self.cells) if self.cells else (row, rows, tuple(map(str, self.rows)))
        if len(names) > 2 and self.rows == tuple(range(self.rows[0], self.rows[-1] + 1)):
            return f"{many} {names[0]}–{names[-1]}"
        shown = ", ".join(names[:CELLS]) + (f", … ({len(names)})" if len(names) > CELLS else "")
        return f"{many if len(names) > 1 else one} {shown}" if names else ""


@dataclass(frozen=True)
class Group:
    """What was found about one child; about whole files where `child` is empty."""

    child: str
    entries: tuple[Entry, ...]

    @property
    def levels(self) -> tuple[Level, ...]:
        """The levels that occur, gravest first."""
        return tuple(level for level in LEVELS if self.count(level))

    def count(self, level: Level) -> int:
        """Count the entries of a level."""
        return sum(entry.finding.level == level for entry in self.entries)


def grouped(findings: Iterable[Finding]) -> tuple[Group, ...]:
    """Gather findings by child, then those of whole files; in a group the gravest first, else in their order."""
    merged: dict[tuple[str, ...], list[Finding]] = {}
    for f in findings:
        question = f.question["en"] if f.question else ""
        key = (f.child, f.level, f.kind, f.file, f.sheet, f.column, f.found, f.expected["en"], f.action["en"], question)
        merged.setdefault(key, []).append(f)
    children: dict[str, list[Entry]] = {}
    for same in merged.values():
        rows, cells = tuple(f.row for f in same if f.row is not None), tuple(f.cell for f in same if f.cell)
        children.setdefault(same[0].child, []).append(Entry(same[0], rows, cells))
    by_level = {
        child: sorted(entries, key=lambda e: LEVELS.index(e.finding.level)) for child, entries in children.items()
    }
    return tuple(
        Group(child, tuple(by_level[child])) for child in sorted(by_level, key=lambda child: (not child, child))
    )


def discreet(value: str, public: Iterable[str] = ()) -> str:
    """Return text of the data without what may be a name: words without a digit are cut, but short and public ones."""
    known = frozenset(public)

    def cut(found: re.Match[str]) -> str:
        word = found[0]
        return word if has_digit(word) or len(word) <= LETTERS or word in known else f"{word[:LETTERS]}…"

    return WORD.sub(cut, value)


def found_discreetly(finding: Finding, language: Language, public: Iterable[str] = ()) -> str:
    """Return what was found: our words, what files without children hold, and of the rest what is no name."""
    if isinstance(finding.found, Words) or finding.file.endswith(WITHOUT_CHILDREN) or finding.found == finding.column:
        return escaped(finding.found_in(language))
    return printable(discreet(finding.found, public))


def public_words(study: Study | None) -> frozenset[str]:
    """Return the words of a study that name no child: columns, centres, waves, items."""
    words = {*OF_CHILDREN, *OF_ANSWERS, *OF_ATTENDANCE, "yes", "no"}
    if study is not None:
        protocol = study.protocol
        words |= {protocol.centres.treated, protocol.centres.comparison, *protocol.covariates, *study.instrument.ids}
        words |= {wave.id for wave in protocol.waves}
    return frozenset(words)
