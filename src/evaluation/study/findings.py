"""A defect of a study as a day centre can act on it: where it is, what was found, what was expected, what to do."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from evaluation.errors import UserError
from evaluation.language import LANGUAGES, Language, Text, text

Level = Literal["error", "warning", "note"]


@dataclass(frozen=True)
class Finding:
    """One defect of one study file.

    `row` counts as a spreadsheet does (the header is row 1), or is the line of a YAML file; `cell` is as a spreadsheet
    names it ("C17"), `sheet` that of a workbook; `child` is a code, never a name; `question` is the wording a child saw.
    An `error` stops a run before it writes anything.
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
        place = [self.file]
        place += [f"{words[0]} {self.row}"] if self.row is not None else []
        place += [self.column] if self.column else []
        place += [self.child] if self.child else []
        return escaped(
            f"{', '.join(place)}: {words[1]} {printable(self.found)}; {words[2]} {self.expected[language]}. "
            f"{self.action[language]}"
        )


class StudyDefects(UserError):
    """The study folder has errors: every one of them, not the first."""

    def __init__(self, findings: Iterable[Finding]):
        self.findings = tuple(findings)
        super().__init__({code: "\n".join(finding.sentence(code) for finding in self.findings) for code in LANGUAGES})


@dataclass
class Findings:
    """Collects findings while a study is read."""

    items: list[Finding] = field(default_factory=list)
    lines: dict[tuple[int | str, ...], int] = field(
        default_factory=dict
    )  # file, keys and positions -> line of a YAML file

    def add(self, finding: Finding) -> None:
        """Keep one more finding."""
        self.items.append(finding)

    def error(
        self, kind: str, file: str, found: object, expected: Text, action: Text, *,
        row: int | None = None, column: str = "", child: str = "",
    ) -> None:  # fmt: skip
        """Keep one more error-level finding."""
        self.add(Finding("error", kind, file, str(found), expected, action, row, column, child))

    def line(self, *location: int | str) -> int | None:
        """Return the line of a place in a YAML file (file, keys, positions), or of the nearest place around it."""
        around = (location[:k] for k in range(len(location), 0, -1))
        return next((self.lines[place] for place in around if place in self.lines), None)

    def readable(self, path: Path, maximum: int, expected: Text, action: Text) -> bool:
        """Tell whether a file is there and no larger than `maximum` bytes; keep a finding where it is not."""
        if not path.is_file():
            missing = text("Aggiungere il file alla cartella dello studio.", "Add the file to the study folder.")
            self.error("missing_file", path.name, "no file", expected, missing)
            return False
        size, megabytes = path.stat().st_size, maximum // 1_000_000
        if size > maximum:
            limit = text(f"al più {megabytes} MB", f"{megabytes} MB at most")
            self.error("size", path.name, f"{size} bytes", limit, action)
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


def nearest(name: str, known: Iterable[str]) -> Text:
    """Say which known name is meant, if one is near; else to correct the name or add it where it is declared."""
    by_folded = {candidate.casefold(): candidate for candidate in known}
    matches = difflib.get_close_matches(name.strip().casefold(), by_folded, n=1, cutoff=0.6)
    if matches:
        meant = by_folded[matches[0]]
        return text(f"Forse si intendeva {meant}?", f"Did you mean {meant}?")
    return text("Correggere il nome, o dichiararlo.", "Correct the name, or declare it.")
