"""The first page of the course: lessons with a mark for what is done, how to study, glossary, references, how to cite."""

from __future__ import annotations

import base64
import csv
import hashlib
from collections.abc import Iterable
from importlib import resources

import yaml
from nbformat import NotebookNode
from nbformat.v4 import new_markdown_cell, new_notebook

from evaluation import __version__
from evaluation.language import Language, text
from evaluation.publishing.exhibits import escape_markdown
from evaluation.study.places import repository
from evaluation_course.lesson import Lesson

BOX = "\uf102"  # a private character around the number of a lesson: `finish` turns it into a box to tick
COURSE = text("Corso di valutazione controfattuale", "A course in counterfactual evaluation")
SCRIPT = """
for (const box of document.querySelectorAll("input[type=checkbox]")) {
  const key = "evaluation-lesson-" + box.value;
  try { box.checked = localStorage.getItem(key) === "done"; } catch { continue; }
  box.addEventListener("change", () => localStorage.setItem(key, box.checked ? "done" : ""));
}
"""


def index_notebook(lessons: Iterable[Lesson], language: Language) -> NotebookNode:
    """Return the first page as a notebook of prose, for the same exporter as every page."""
    lessons = tuple(lessons)
    page = _packaged(f"index.{language}.md")
    parts = {
        "lessons": _lessons(lessons, language),
        "glossary": _glossary(lessons, language),
        "references": _references(language),
        "citation": _citation(),
    }
    for name, part in parts.items():
        page = page.replace(f"{{{name}}}", part)
    return new_notebook(cells=[new_markdown_cell(page)])


def finish(html: str, language: Language) -> str:
    """Put the boxes in their places, with the script that remembers them; the policy of the page lets it run."""
    digest = base64.b64encode(hashlib.sha256(SCRIPT.encode()).digest()).decode()
    label = {"it": "Lezione {} fatta", "en": "Lesson {} done"}[language]
    before, *boxes = html.split(BOX)
    for number, rest in zip(boxes[::2], boxes[1::2], strict=True):
        before += f'<input type="checkbox" value="{number}" aria-label="{label.format(number)}">{rest}'
    allowed = before.replace("script-src ", f"script-src 'sha256-{digest}' ", 1)
    return allowed.replace("</body>", f"<script>{SCRIPT}</script>\n</body>", 1)


def _lessons(lessons: tuple[Lesson, ...], language: Language) -> str:
    head = {
        "it": ("Lezione", "Domanda", "Minuti", "Quaderno", "Fatta"),
        "en": ("Lesson", "Question", "Minutes", "Notebook", "Done"),
    }[language]
    open_it = {"it": "apri", "en": "open"}[language]
    rows = [
        (
            f"[{lesson.title[language]}]({page_name(lesson, language)})",
            lesson.question[language],
            str(lesson.minutes),
            f"[{open_it} {lesson.number}](student/{lesson.name}.ipynb)",
            f"{BOX}{lesson.number}{BOX}",
        )
        for lesson in lessons
    ]  # fmt: skip
    return _table(head, rows)


def _glossary(lessons: tuple[Lesson, ...], language: Language) -> str:
    pages = {str(lesson.number): lesson for lesson in lessons}
    other: Language = "en" if language == "it" else "it"
    head = {
        "it": ("Italiano", "English", "Che cosa vuol dire", "Lezione"),
        "en": ("English", "Italiano", "What it means", "Lesson"),
    }[language]
    rows = []
    for term in sorted(_rows("glossary.csv"), key=lambda row: row[language].lower()):
        lesson = pages.get(term["lesson"])
        link = f"[{term['lesson']}]({page_name(lesson, language)})" if lesson else term["lesson"]
        rows.append((f"**{term[language]}**", f"*{term[other]}*", term[f"meaning_{language}"], link))
    return _table(head, rows)


def _references(language: Language) -> str:
    return "\n".join(f"- {row['reference']} *{row[language]}*" for row in _rows("references.csv"))


def _citation() -> str:
    path = repository() / "CITATION.cff"
    about = yaml.safe_load(path.read_text(encoding="utf-8")) if path.is_file() else {}
    authors = ", ".join(author["name"] for author in about.get("authors", ()))
    return escape_markdown(". ".join(filter(None, (authors, about.get("title"), f"v{__version__}"))))


def page_name(lesson: Lesson, language: Language) -> str:
    """Return the name of a lesson's page."""
    return f"{lesson.name}.{language}.html"


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _rows(name: str) -> list[dict[str, str]]:
    return list(csv.DictReader(_packaged(name).splitlines()))


def _packaged(name: str) -> str:
    return resources.files("evaluation_course").joinpath(name).read_text(encoding="utf-8")
