"""The lessons as they lie in notebooks/lessons, and what their first lines promise: question, objectives, minutes."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from evaluation.errors import UserError
from evaluation.language import LANGUAGES, Language, Text
from evaluation.study.places import repository
from evaluation_course.versions import language_of

NAME = re.compile(r"(\d\d)_[a-z][a-z_]*")
TITLE = re.compile(r"^# (.+)$", re.MULTILINE)
SAYS: dict[str, dict[Language, re.Pattern[str]]] = {  # what the first cell of each language says, and in which words
    "question": {"it": re.compile(r"\*\*Domanda\.\*\* (.+)"), "en": re.compile(r"\*\*Question\.\*\* (.+)")},
    "objectives": {
        "it": re.compile(r"\*\*Obiettivi\.\*\* [\s\S]+?\n\n((?:- .+\n)+)"),
        "en": re.compile(r"\*\*Objectives\.\*\* [\s\S]+?\n\n((?:- .+\n)+)"),
    },
    "minutes": {
        "it": re.compile(r"\*\*Tempo\.\*\* (\d+) minuti, più gli esercizi"),
        "en": re.compile(r"\*\*Time\.\*\* (\d+) minutes, plus the exercises"),
    },
}


@dataclass(frozen=True)
class Lesson:
    """One lesson: where its source lies, its title, its question, its minutes without the exercises."""

    number: int
    path: Path
    title: Text
    question: Text
    minutes: int

    @property
    def name(self) -> str:
        """The name of its files."""
        return self.path.stem

    def source(self) -> NotebookNode:
        """Read the source notebook."""
        return nbformat.read(self.path, as_version=4)


def lessons(only: int | None = None) -> tuple[Lesson, ...]:
    """Return the lessons in order, or the one of a number.

    Raises
    ------
    UserError : no lesson of this number, or one whose first cells do not say what they should.
    """
    folder = repository() / "notebooks" / "lessons"
    found = [read_lesson(path) for path in sorted(folder.glob("*.ipynb")) if NAME.fullmatch(path.stem)]
    chosen = tuple(lesson for lesson in found if only in (None, lesson.number))
    if not chosen:
        there = ", ".join(str(lesson.number) for lesson in found) or "none"
        raise UserError(f"--only {only}: no lesson of this number. There are: {there}.")
    return chosen


def read_lesson(path: Path) -> Lesson:
    """Read what a lesson says of itself in its first cell of each language."""
    source = nbformat.read(path, as_version=4)
    first = {code: next((cell.source for cell in source.cells if language_of(cell) == code), "") for code in LANGUAGES}
    title = {code: _said(path, code, "title", TITLE, first[code]) for code in LANGUAGES}
    said = {
        what: {code: _said(path, code, what, patterns[code], first[code] + "\n") for code in LANGUAGES}
        for what, patterns in SAYS.items()
    }
    return Lesson(int(path.stem[:2]), path, title, said["question"], int(said["minutes"]["it"]))


def _said(path: Path, language: Language, what: str, pattern: re.Pattern[str], prose: str) -> str:
    found = pattern.search(prose)
    if found is None:
        raise UserError(f"{path.name}: the first cell in {language} says no {what}; expected {pattern.pattern}")
    return found[1].strip()
