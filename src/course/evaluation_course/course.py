"""The course: every lesson executed, its pages, its versions for students, and a classroom for nbgrader."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from evaluation.errors import RunFailed, UserError
from evaluation.language import LANGUAGES, Language, text
from evaluation.pipeline.notebook import execute_notebook
from evaluation.study.places import repository
from evaluation_course.index import COURSE, finish, index_notebook, page_name
from evaluation_course.lesson import Lesson, lessons
from evaluation_course.versions import (
    STUB,
    classroom_version,
    fold,
    page_version,
    solution_version,
    student_version,
    tags,
)

Notify = Callable[[str, int, int], None]
BANNER = text(
    "DATI INVENTATI O PUBBLICI: QUI SI VEDE ANCHE CIÒ CHE UN RAPPORTO OMETTE",
    "INVENTED OR PUBLIC DATA: HERE ONE ALSO SEES WHAT A REPORT WITHHOLDS",
)
SILENT = ";"
CONFIGURATION = f"""\
# The course in nbgrader: sources are in source/; `nbgrader generate_assignment lesson_03` makes the release.
c = get_config()
c.CourseDirectory.course_id = "evaluation"
c.ClearSolutions.code_stub = {{"python": "{STUB}"}}
"""


def course_folder() -> Path:
    """Return where the course stands unless another place is named."""
    return repository() / "reports" / "lessons"


def build_course(
    output: Path, *, only: int | None = None, languages: tuple[Language, ...] = LANGUAGES, notify: Notify
) -> tuple[Lesson, ...]:
    """Execute lessons with their solutions and write the course: pages, first page, and notebooks to work in.

    The folder changes once, when everything is made; with `only`, pages of the other lessons stay as they are.

    Raises
    ------
    RunFailed : a solution stopped. UserError : the folder holds something else, or there is no such lesson.
    """
    chosen = lessons(only)
    with _replacing(output) as folder:
        executed = {lesson.name: execute(lesson, notify) for lesson in chosen}
        for lesson in chosen:
            write(solution_version(executed[lesson.name]), folder / "solution" / lesson.path.name)
            write(student_version(lesson.source()), folder / "student" / lesson.path.name)
        for lesson in chosen:
            for language in languages:
                page = fold(_page(page_version(executed[lesson.name]), language, languages, _there(folder), lesson))
                (folder / page_name(lesson, language)).write_text(page, encoding="utf-8")
        _write_first_page(folder, languages)
    return chosen


def _there(folder: Path) -> tuple[Lesson, ...]:
    """Return the lessons that a course holds."""
    return tuple(lesson for lesson in lessons() if (folder / "student" / lesson.path.name).is_file())


def _write_first_page(folder: Path, languages: tuple[Language, ...]) -> None:
    for language in languages:
        index = index_notebook(_there(folder), language)
        page = finish(_page(index, language, languages, _there(folder), None), language)
        (folder / f"index.{language}.html").write_text(page, encoding="utf-8")
    shutil.copyfile(folder / f"index.{languages[0]}.html", folder / "index.html")


def execute(lesson: Lesson, notify: Notify) -> NotebookNode:
    """Run a source, solutions and all; RunFailed with the cell where one stops.

    Figures that move are made, and not shown: what is recorded holds exhibits only.
    """
    with tempfile.TemporaryDirectory() as scratch:
        silent, target = Path(scratch) / lesson.path.name, Path(scratch) / "executed.ipynb"
        write(_ended(lesson.source(), SILENT), silent)
        try:
            execute_notebook(silent, target, Path(scratch), {}, notify)
        except RunFailed as stopped:  # the place of the notebook as far as it came is gone by now: do not name it
            kept = [line for line in str(stopped).splitlines() if scratch not in line]
            raise RunFailed("\n".join(kept)) from stopped
        return _ended(nbformat.read(target, as_version=4), "")


def _ended(notebook: NotebookNode, end: str) -> NotebookNode:
    """End the cells of moving figures with a semicolon, which keeps a notebook from showing their value, or without."""
    for cell in notebook.cells:
        if "interactive" in tags(cell):
            cell.source = cell.source.removesuffix(SILENT) + end
    return notebook


def write_students(folder: Path, only: int | None = None) -> list[Path]:
    """Write the lessons for students; a notebook that is there already may hold somebody's answers and stops it all."""
    targets = {folder / lesson.path.name: lesson for lesson in lessons(only)}
    _refuse_to_replace(targets)
    return [write(student_version(lesson.source()), target) for target, lesson in targets.items()]


def write_classroom(folder: Path, only: int | None = None) -> list[Path]:
    """Write an nbgrader course: its configuration, and every lesson as an assignment of its own under source/."""
    chosen = lessons(only)
    targets = {folder / "source" / f"lesson_{lesson.number:02d}" / lesson.path.name: lesson for lesson in chosen}
    configuration = folder / "nbgrader_config.py"
    _refuse_to_replace([configuration, *targets])
    folder.mkdir(parents=True, exist_ok=True)
    configuration.write_text(CONFIGURATION, encoding="utf-8")
    return [write(classroom_version(lesson.source()), target) for target, lesson in targets.items()]


def write(notebook: NotebookNode, target: Path) -> Path:
    """Write a notebook beside its place, then put it there."""
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(f".{target.name}.partial")
    nbformat.write(notebook, partial)
    return partial.replace(target)


def _page(
    notebook: NotebookNode, language: Language, languages: tuple[Language, ...], there: tuple[Lesson, ...], here: Lesson | None
) -> str:  # fmt: skip
    from evaluation.reporting.pages.html import EvaluationHTMLExporter

    other = next((code for code in languages if code != language), None)
    pages = [(f"index.{language}.html", {"it": "Il corso", "en": "The course"}[language], here is None)]
    pages += [(page_name(each, language), each.title[language], each == here) for each in there]
    twin = "" if other is None else page_name(here, other) if here else f"index.{other}.html"
    exporter = EvaluationHTMLExporter(
        language=language,
        study_title=COURSE[language],
        banner=BANNER[language],
        pages=pages,
        other_language_href=twin,
    )
    html, _ = exporter.from_notebook_node(notebook)
    return str(html)


@contextmanager
def _replacing(output: Path) -> Iterator[Path]:
    """Give a copy of a folder to work on; it takes the place of the folder when all went well."""
    if output.exists() and not (output / "index.html").is_file() and any(output.iterdir()):
        raise UserError(
            f"{output}: holds something that is no course. Expected a new folder, or one made by this command."
        )
    partial, former = (output.with_name(f".{output.name}.{name}") for name in ("partial", "former"))
    for stale in (partial, former):
        shutil.rmtree(stale, ignore_errors=True)
    if output.exists():
        shutil.copytree(output, partial)
    partial.mkdir(parents=True, exist_ok=True)
    try:
        yield partial
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise
    if output.exists():
        output.rename(former)
    partial.rename(output)
    shutil.rmtree(former, ignore_errors=True)


def _refuse_to_replace(targets: object) -> None:
    for target in targets:  # type: ignore[attr-defined]
        if target.exists():
            raise UserError(
                f"{target}: is there already, and may hold answers. Choose another folder, or move it away."
            )
