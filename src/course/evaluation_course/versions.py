"""One source, four versions of a lesson: for students, with solutions, for the classroom tool, for readers.

A source is a complete notebook. Its marks: `### BEGIN SOLUTION` and `### END SOLUTION` around what students write, the
tag `hint` on a Markdown cell, the tag `interactive` on a cell that needs a running kernel, and `check("3.1", …)` in the
cell below an answer. Everything else is derived, so that no version can fall behind another.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from copy import deepcopy
from typing import Any

from nbformat import NotebookNode
from nbformat.v4 import new_markdown_cell

from evaluation.errors import UserError
from evaluation.language import LANGUAGES, Language, Text, text
from evaluation.publishing.exhibits import KEY
from evaluation_course.exercises import exercise

BEGIN, END = "### BEGIN SOLUTION", "### END SOLUTION"
STUB = "# scrivi qui / write here"
CHECK = re.compile(r'^check\("(\d+\.\d+)"', re.MULTILINE)
REGION = re.compile(rf"^([ \t]*){BEGIN}\n.*?{END}[^\n]*", re.MULTILINE | re.DOTALL)
MARKER = re.compile(rf"^[ \t]*(?:{BEGIN}|{END})[^\n]*\n?", re.MULTILINE)
HOLE = re.compile(r"^\w+ = \.\.\.\n", re.MULTILINE)
PLUMBING = re.compile(r"^(?:from|import|show\()", re.MULTILINE)  # code that is not there to be read
HINT = text("Suggerimento", "Hint")
SOLUTION = text("Soluzione", "Solution")
FOLD, UNFOLD = "\uf100", "\uf101"  # private characters: around what a page folds away; `fold` turns them into HTML


def tags(cell: NotebookNode) -> set[str]:
    """Return the tags of a cell."""
    return set(cell.metadata.get("tags", ()))


def language_of(cell: NotebookNode) -> Language | None:
    """Return the language of a cell of prose; None for one that every reader sees."""
    return next((code for code in LANGUAGES if code in tags(cell)), None)


def answers(source: NotebookNode) -> Iterator[tuple[str, NotebookNode, NotebookNode]]:
    """Yield each exercise of a lesson: its id, the cell of the answer, the cell of the check.

    Raises
    ------
    UserError : an answer without a check, a check without an answer, or a check of no exercise.
    """
    waiting: NotebookNode | None = None
    for cell in source.cells:
        found = CHECK.search(cell.source) if cell.cell_type == "code" else None
        if found:
            if waiting is None:
                raise UserError(f'check("{found[1]}"): no answer between {BEGIN} and {END} in a cell above it')
            yield exercise(found[1]).id, waiting, cell
            waiting = None
        elif cell.cell_type == "code" and BEGIN in cell.source:
            if waiting is not None:
                raise UserError(f"an answer has no check below it: {waiting.source[:80]!r}")
            waiting = cell
    if waiting is not None:
        raise UserError(f"an answer has no check below it: {waiting.source[:80]!r}")


def classroom_version(source: NotebookNode) -> NotebookNode:
    """Return the source of an nbgrader assignment: answers to be cleared, checks locked and worth their points."""
    lesson = deepcopy(source)
    for name, answer, check in answers(lesson):
        place = name.replace(".", "-")
        _grade(answer, f"answer-{place}", solution=True, locked=False, grade=False)
        _grade(check, f"check-{place}", solution=False, locked=True, grade=True, points=exercise(name).points)
    return _with_folded_hints(lesson)


def student_version(source: NotebookNode) -> NotebookNode:
    """Return what a student opens, a hole for each answer: the same cells that nbgrader releases."""
    lesson = classroom_version(source)
    for _, answer, _ in answers(lesson):
        answer.source = REGION.sub(rf"\1{STUB}", answer.source)
    return lesson


def solution_version(source: NotebookNode) -> NotebookNode:
    """Return the lesson with every answer in its place and no marks."""
    lesson = deepcopy(source)
    for _, answer, _ in answers(lesson):
        answer.source = _solved(answer)
    lesson.metadata.pop("widgets", None)  # their state, which bears random ids
    return _with_folded_hints(lesson)


def page_version(executed: NotebookNode) -> NotebookNode:
    """Return an executed source as its page is made from it: hints and solutions folded, nothing that moves."""
    lesson = deepcopy(executed)
    exercises = list(answers(lesson))
    folded = {id(cell) for _, *cells in exercises for cell in cells}
    solved = {id(check): answer for _, answer, check in exercises}
    cells: list[NotebookNode] = []
    for cell in lesson.cells:
        if id(cell) in solved:
            cells += _folded_solution(solved[id(cell)], cell)
        elif "interactive" not in tags(cell) and id(cell) not in folded:
            cells += _for_reading(cell)
    lesson.cells = cells
    return lesson


def fold(html: str) -> str:
    """Turn the marks of `page_version` in a page into sections that open."""
    opened = re.sub(rf"<p>{FOLD}(.*?)</p>", r'<details class="code">\n<summary>\1</summary>', html)
    return opened.replace(f"<p>{UNFOLD}</p>", "</details>")


def _grade(cell: NotebookNode, name: str, **about: Any) -> None:
    cell.metadata["nbgrader"] = {"grade_id": name, "schema_version": 3, "task": False} | about


def _with_folded_hints(lesson: NotebookNode) -> NotebookNode:
    for cell in lesson.cells:
        language = language_of(cell)
        if "hint" in tags(cell) and language:
            cell.source = f"<details><summary>{HINT[language]}</summary>\n\n{cell.source}\n\n</details>"
    return lesson


def _for_reading(cell: NotebookNode) -> list[NotebookNode]:
    """Return the cells that stand on a page for one of the source: hints folded, code shown and not folded."""
    language = language_of(cell)
    if "hint" in tags(cell) and language:
        return [_folded(HINT, language), cell, _prose(UNFOLD, language)]
    if cell.cell_type == "code" and "parameters" in tags(cell):
        return []
    if cell.cell_type != "code" or PLUMBING.search(cell.source):
        return [cell]
    shown, cell.source = cell.source, ""
    return [_prose(f"```python\n{shown}\n```"), cell]


def _folded_solution(answer: NotebookNode, check: NotebookNode) -> list[NotebookNode]:
    """Return a solution with what its check says, folded away, in each language."""
    cells = []
    for language in LANGUAGES:
        said = ["".join(output["data"]["text/markdown"]) for output in check.outputs if _speaks(output, language)]
        body = f"```python\n{_solved(answer)}\n```\n\n" + "\n\n".join(said)
        cells += [_folded(SOLUTION, language), _prose(body, language), _prose(UNFOLD, language)]
    return cells


def _solved(answer: NotebookNode) -> str:
    """Return an answer without its marks, and without the line that stood for it."""
    return HOLE.sub("", MARKER.sub("", answer.source)).rstrip()


def _speaks(output: NotebookNode, language: Language) -> bool:
    return output.get("metadata", {}).get(KEY, {}).get("language") == language


def _folded(summary: Text, language: Language) -> NotebookNode:
    return _prose(FOLD + summary[language], language)


def _prose(markdown: str, language: Language | None = None) -> NotebookNode:
    return new_markdown_cell(markdown, metadata={"tags": [language] if language else []})
