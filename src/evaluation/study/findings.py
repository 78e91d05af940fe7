"""A defect of a study as a day centre can act on it: where it is, what was found, what was expected, what to do."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from evaluation.errors import UserError
from evaluation.language import LANGUAGES, Language, Text, text

Level = Literal["error", "warning", "note"]


class Words(str):
    """What was found, told in our words where the data cannot be quoted: equal to its English, shown without quotes."""

    __slots__ = ("text",)
    text: Text

    def __new__(cls, it: str, en: str) -> Words:
        """Make the words of both languages."""
        words = super().__new__(cls, en)
        words.text = text(it, en)
        return words

    @classmethod
    def number(cls, value: float) -> Words:
        """Return a number that was computed, not read."""
        return cls(f"{value:g}".replace(".", ","), f"{value:g}")


NOTHING = Words("niente", "nothing")
# Control characters but tabs and line ends; marks of width, order and writing direction; joiners but those of other scripts
# and of emoji.
INVISIBLE = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\xad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\U000e0001\U000e0020-\U000e007f]|\r(?!\n)|(?<![^\x00-\x7f])[\u200c\u200d]"
)
EXPECTED_VISIBLE = text("testo senza caratteri invisibili", "text without invisible characters")
WRITE_AGAIN = text("Riscrivere il valore.", "Write the value again.")


@dataclass(frozen=True)
class Finding:
    """One defect of one study file.

    `row` counts as a spreadsheet does (the header is row 1), or is the line of a YAML file; `cell` is as a spreadsheet
    names it ("C17"), `sheet` that of a workbook; `child` is a code, never a name; `question` is the wording a child saw.
    `found` is text of the data, or `Words`. What is `expected` of a warning or a note depends on the plan alone, never on
    a child: it is published. An `error` stops a run before it writes anything.
    """

    level: Level
    kind: str
    file: str
    found: str
    expected: Text
    action: Text
    row: int | None = None
    column: str = ""
    child: str = ""
    sheet: str = ""
    cell: str = ""
    question: Text | None = None

    def sentence(self, language: Language) -> str:
        """Return the finding in one line: place, found, expected, what to do."""
        words = {"it": ("riga", "trovato", "atteso"), "en": ("row", "found", "expected")}[language]
        row = "" if self.row is None else f"{words[0]} {self.row}"
        place = ", ".join(filter(None, (self.file, self.sheet, row, self.column, self.child)))
        return escaped(
            f"{place}: {words[1]} {self.found_in(language)}; {words[2]} {self.expected[language]}. {self.action[language]}"
        )

    def found_in(self, language: Language) -> str:
        """Return what was found: our words in the language, text of the data in quotes."""
        return self.found.text[language] if isinstance(self.found, Words) else printable(self.found)


class StudyDefects(UserError):
    """The study folder has errors: every one of them, not the first."""

    def __init__(self, findings: Iterable[Finding]):
        self.findings = tuple(findings)
        super().__init__({code: "\n".join(finding.sentence(code) for finding in self.findings) for code in LANGUAGES})


@dataclass
class Findings:
    """Collects findings while a study is read, and knows where things stand in its files.

    lines: file, keys and positions -> line of a YAML file; headers: file -> row of its header, where blank rows stand above
    it; columns: file -> name of a column -> its place, from 0; questions: item -> its wording; aside: file -> the codes of
    rows that were set aside, so that nothing else is said of them.
    """

    items: list[Finding] = field(default_factory=list)
    lines: dict[tuple[int | str, ...], int] = field(default_factory=dict)
    headers: dict[str, int] = field(default_factory=dict)
    columns: dict[str, dict[str, int]] = field(default_factory=dict)
    questions: dict[str, Text] = field(default_factory=dict)
    aside: dict[str, set[str]] = field(default_factory=dict)

    def add(self, finding: Finding) -> None:
        """Keep one more finding, with the name of its cell where row and column are known; row 1 is that of the header."""
        if finding.row == 1:
            finding = replace(finding, row=self.headers.get(finding.file, 1))
        place = self.columns.get(finding.file, {}).get(finding.column)
        if place is not None and finding.row is not None and not finding.cell:
            finding = replace(finding, cell=f"{column_letters(place)}{finding.row}")
        self.items.append(finding)

    def error(
        self, kind: str, file: str, found: object, expected: Text, action: Text, *,
        row: int | None = None, column: str = "", child: str = "", cell: str = "", question: Text | None = None,
    ) -> None:  # fmt: skip
        """Keep one more error-level finding."""
        shown = found if isinstance(found, str) else str(found)
        self.add(
            Finding(
                "error", kind, file, shown, expected, action, row, column, child, cell=cell, question=question
            )
        )  # fmt: skip

    def line(self, *location: int | str) -> int | None:
        """Return the line of a place in a YAML file (file, keys, positions), or of the nearest place around it."""
        around = (location[:k] for k in range(len(location), 0, -1))
        return next((self.lines[place] for place in around if place in self.lines), None)

    def readable(self, path: Path, maximum: int, expected: Text, action: Text) -> bool:
        """Tell whether a file is there and no larger than `maximum` bytes; keep a finding where it is not."""
        if not path.is_file():
            missing = text("Aggiungere il file alla cartella dello studio.", "Add the file to the study folder.")
            self.error("missing_file", path.name, Words("nessun file", "no file"), expected, missing)
            return False
        size, megabytes = path.stat().st_size, maximum // 1_000_000
        if size > maximum:
            limit = text(f"al più {megabytes} MB", f"{megabytes} MB at most")
            self.error("size", path.name, Words(f"{size} byte", f"{size} bytes"), limit, action)
            return False
        return True

    @property
    def errors(self) -> list[Finding]:
        """The findings that stop a run."""
        return [finding for finding in self.items if finding.level == "error"]

    def raise_errors(self) -> None:
        """Raise StudyDefects if any finding is an error."""
        if self.errors:
            raise StudyDefects(self.errors)


def column_letters(place: int) -> str:
    """Return what a spreadsheet calls the column at `place`, from 0: A, B, …, Z, AA."""
    letters = ""
    while place >= 0:
        place, last = divmod(place, 26)
        letters, place = chr(ord("A") + last) + letters, place - 1
    return letters


def printable(value: str, limit: int = 80) -> str:
    """Return `value` quoted on one line, control characters escaped, cut at `limit` characters."""
    return f'"{escaped(value if len(value) <= limit else value[: limit - 1] + "…")}"'


def escaped(value: str) -> str:
    """Return `value` with every control character written out, so that names from data cannot steer a terminal or a log."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in value)


def one_of(known: Iterable[str]) -> Text:
    """Return 'one of a, b, c' in both languages, cut after twelve names."""
    names = list(known)
    shown = ", ".join(names[:12]) + (", …" if len(names) > 12 else "")
    return text(f"uno tra {shown}", f"one of {shown}") if names else text("nessun valore", "no value")


CORRECT_NAME = text("Correggere il nome, o dichiararlo.", "Correct the name, or declare it.")


def nearest(name: str, known: Iterable[str], otherwise: Text = CORRECT_NAME) -> Text:
    """Say which known name is meant, if one is near; else what to do."""
    by_folded = {candidate.casefold(): candidate for candidate in known}
    matches = difflib.get_close_matches(name.strip().casefold(), by_folded, n=1, cutoff=0.6)
    if matches:
        meant = by_folded[matches[0]]
        return text(f"Forse si intendeva {meant}?", f"Did you mean {meant}?")
    return otherwise
