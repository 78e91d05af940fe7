"""The course: sources as the guide asks, solutions that run, student versions that stop at their first hole, pages built."""

from __future__ import annotations

import ast
import re
import shutil
from itertools import pairwise
from pathlib import Path
from typing import Any

import nbformat
import pytest
from conftest import ROOT, Repository
from evaluation_course import course
from evaluation_course.exercises import exercise
from evaluation_course.lesson import NAME, Lesson, lessons
from evaluation_course.versions import BEGIN, STUB, answers, classroom_version, page_version, student_version, tags
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

from evaluation.errors import UserError
from evaluation.language import LANGUAGES, Language

EVERY = [pytest.param(lesson, id=lesson.name) for lesson in lessons()]
LINES = 60
KINDS = {"it", "en", "hint", "parameters", "interactive"}


def code(lesson: Lesson) -> list[str]:
    return [cell.source for cell in lesson.source().cells if cell.cell_type == "code"]


def prose(lesson: Lesson, language: Language) -> list[str]:
    return [cell.source for cell in lesson.source().cells if cell.cell_type == "markdown" and language in tags(cell)]


def run(notebook: Any, folder: Path) -> Any:
    return NotebookClient(notebook, kernel_name="python3", resources={"metadata": {"path": str(folder)}}).execute()


# the source --------------------------------------------------------------------------------------------------------


def test_lessons_count_up_and_nothing_else_lies_in_their_folder() -> None:
    names = sorted(path.name for path in (ROOT / "notebooks" / "lessons").iterdir() if path.name[0] != ".")
    assert all(NAME.fullmatch(name.removesuffix(".ipynb")) for name in names)
    numbers = [lesson.number for lesson in lessons()]
    assert numbers == sorted(set(numbers))


@pytest.mark.parametrize("lesson", EVERY)
def test_is_stored_without_outputs_and_with_known_tags(lesson: Lesson) -> None:
    source = lesson.source()
    assert source.metadata.kernelspec.name == "python3"
    assert len({cell["id"] for cell in source.cells}) == len(source.cells)
    for cell in source.cells:
        assert tags(cell) <= KINDS
        assert cell.cell_type != "code" or (not cell.outputs and cell.execution_count is None)


@pytest.mark.parametrize("lesson", EVERY)
def test_has_one_title_its_number_and_the_promises_in_each_language(lesson: Lesson) -> None:
    for language in LANGUAGES:
        assert len(re.findall(r"^# ", "\n".join(prose(lesson, language)), re.MULTILINE)) == 1
        assert lesson.title[language].startswith(f"{lesson.number}. ")
        assert lesson.question[language].endswith("?")
    assert 25 <= lesson.minutes <= 40
    assert "## In breve\n\n- " in prose(lesson, "it")[-1]
    assert "## Key points\n\n- " in prose(lesson, "en")[-1]


@pytest.mark.parametrize("lesson", EVERY)
def test_every_italian_cell_has_its_english_twin(lesson: Lesson) -> None:
    pairs = [cell for cell in lesson.source().cells if cell.cell_type == "markdown"]
    assert len(pairs) % 2 == 0
    for italian, english in zip(pairs[::2], pairs[1::2], strict=True):
        assert tags(italian) - {"it"} == tags(english) - {"en"}
        assert ("it" in tags(italian), "en" in tags(english)) == (True, True)
        for pattern in (r"^(#+) ", r"@[a-z]+-[a-z0-9-]+", r"\$\$[\s\S]+?\$\$|\$[^$]+\$", r"^- "):
            found = [sorted(re.findall(pattern, cell.source, re.MULTILINE)) for cell in (italian, english)]
            assert found[0] == found[1], italian.source[:60]
        assert italian.source != english.source


@pytest.mark.parametrize("lesson", EVERY)
def test_is_short_and_defines_nothing_outside_the_holes(lesson: Lesson) -> None:
    assert sum(bool(line.strip()) for source in code(lesson) for line in source.splitlines()) <= LINES
    for source in code(lesson):
        for node in ast.walk(ast.parse(source)):
            assert not isinstance(node, ast.ClassDef | ast.For | ast.While), source
            assert not isinstance(node, ast.FunctionDef) or BEGIN in source, source


@pytest.mark.parametrize("lesson", EVERY)
def test_takes_its_statistics_from_the_package(lesson: Lesson) -> None:
    for node in (node for source in code(lesson) for node in ast.walk(ast.parse(source))):
        names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        assert {name.split(".")[0] for name in names} <= {"evaluation", "evaluation_course", "numpy", "pandas"}


@pytest.mark.parametrize("lesson", EVERY)
def test_parameters_are_the_languages(lesson: Lesson) -> None:
    (cell,) = [cell for cell in lesson.source().cells if "parameters" in tags(cell)]
    assert cell.source == 'languages = ["it", "en"]'


@pytest.mark.parametrize("lesson", EVERY)
def test_every_exercise_is_asked_hinted_at_and_checked(lesson: Lesson) -> None:
    source = lesson.source()
    found = [name for name, _, _ in answers(source)]
    assert len(found) >= 3
    assert found == [f"{lesson.number}.{place}" for place in range(1, len(found) + 1)]
    headings: dict[Language, str] = {"it": "### Esercizio", "en": "### Exercise"}
    for language in LANGUAGES:
        assert re.findall(rf"^{headings[language]} (\d+\.\d+)$", "\n".join(prose(lesson, language)), re.M) == found
    hints = [cell for cell in source.cells if "hint" in tags(cell)]
    assert len(hints) >= 2 * len(found)


@pytest.mark.parametrize("lesson", EVERY)
def test_a_hole_says_in_both_languages_what_to_do(lesson: Lesson) -> None:
    for name, answer, check in answers(lesson.source()):
        for language, start in zip(LANGUAGES, (f"# {name} ", "#     "), strict=True):
            assert f"{start}{exercise(name).task[language]}\n" in answer.source
        assert re.fullmatch(rf'check\("{re.escape(name)}", \w+, languages\)', check.source)


@pytest.mark.parametrize("lesson", EVERY)
def test_what_moves_has_a_twin_that_stands_still(lesson: Lesson) -> None:
    cells = lesson.source().cells
    for here, after in pairwise(cells):
        if "interactive" in tags(here):
            moving = re.fullmatch(r"widgets\.(\w+)\(data, languages\)", here.source)
            assert moving
            assert "figures." in after.source


# the versions ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("lesson", EVERY)
def test_a_student_version_gives_no_solution_away(lesson: Lesson) -> None:
    shown = "\n".join(cell.source for cell in student_version(lesson.source()).cells)
    assert BEGIN not in shown
    assert "END SOLUTION" not in shown
    assert shown.count(STUB) == len(list(answers(lesson.source())))
    for solution in re.findall(r"BEGIN SOLUTION\n(.*?)\n\s*### END", "\n".join(code(lesson)), re.DOTALL):
        assert solution.strip() not in shown


@pytest.mark.parametrize("lesson", EVERY)
def test_a_student_version_runs_to_its_first_hole_which_says_what_to_do(lesson: Lesson, tmp_path: Path) -> None:
    notebook = student_version(lesson.source())
    with pytest.raises(CellExecutionError):
        run(notebook, tmp_path)
    (stop,) = [out for cell in notebook.cells for out in cell.get("outputs", ()) if out.output_type == "error"]
    first = exercise(f"{lesson.number}.1")
    assert stop.ename == "NotYet"
    assert all(first.task[language] in stop.traceback[0] for language in LANGUAGES)
    assert len(stop.traceback) == 1, "no traceback of Python"


@pytest.mark.parametrize("lesson", EVERY)
def test_classroom_cells_are_marked_as_the_tool_wants(lesson: Lesson) -> None:
    marked = [
        cell.metadata["nbgrader"] for cell in classroom_version(lesson.source()).cells if "nbgrader" in cell.metadata
    ]
    names = [name.replace(".", "-") for name, _, _ in answers(lesson.source())]
    assert [about["grade_id"] for about in marked] == [f"{kind}-{n}" for n in names for kind in ("answer", "check")]
    assert all(about["schema_version"] == 3 for about in marked)
    assert [about["points"] for about in marked if about["grade"]] == [
        exercise(n.replace("-", ".")).points for n in names
    ]


# the course as built -----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def built(repository: Repository, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("course") / "lessons"
    repository.evaluation("lessons", "--output", folder)
    return folder


def test_every_lesson_is_executed_to_its_end_and_every_answer_is_right(built: Path) -> None:
    for lesson in lessons():
        solved = nbformat.read(built / "solution" / lesson.path.name, as_version=4)
        outputs = [output for cell in solved.cells for output in cell.get("outputs", ())]
        assert not [output for output in outputs if output.output_type in ("error", "stream")]
        labels = {output.metadata["evaluation"]["label"] for output in outputs if output.get("metadata")}
        assert {f"check-{name}" for name, _, _ in answers(lesson.source())} <= labels


def test_pages_hold_text_and_figures_and_fold_the_solutions(built: Path) -> None:
    for lesson in lessons():
        for language in LANGUAGES:
            page = (built / f"{lesson.name}.{language}.html").read_text(encoding="utf-8")
            count = len(list(answers(lesson.source())))
            summary = {"it": "Soluzione", "en": "Solution"}[language]
            assert page.count(f"<summary>{summary}</summary>") == count
            assert page.count("<details") == page.count("</details>")
            assert not re.search("[\uf100-\uf102]|BEGIN SOLUTION|widgets\\.", page)


def test_a_course_of_one_lesson_in_one_language_links_to_nothing_else(repository: Repository, tmp_path: Path) -> None:
    folder, number = tmp_path / "lessons", lessons()[0].number
    repository.evaluation("lessons", "--output", folder, "--only", number, "--language", "en")
    there = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    for page in folder.glob("*.html"):
        links = re.findall(r'href="([^"#][^"]*)"', page.read_text(encoding="utf-8"))
        assert set(links) <= there


def test_building_a_lesson_again_changes_no_byte(built: Path, repository: Repository, tmp_path: Path) -> None:
    again = shutil.copytree(built, tmp_path / "again")
    repository.evaluation("lessons", "--output", again, "--only", lessons()[0].number)
    for path in (path for path in built.rglob("*") if path.is_file()):
        assert (again / path.relative_to(built)).read_bytes() == path.read_bytes(), path.name


def test_one_lesson_leaves_the_pages_of_the_others(built: Path, repository: Repository, tmp_path: Path) -> None:
    folder = tmp_path / "copy"
    shutil.copytree(built, folder)
    kept = folder / f"{lessons()[-1].name}.it.html"
    kept.write_text("kept", encoding="utf-8")
    repository.evaluation("lessons", "--output", folder, "--only", lessons()[0].number)
    assert kept.read_text(encoding="utf-8") == "kept"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["copy"]


def test_a_solution_that_stops_leaves_the_course_as_it_was(repository: Repository, tmp_path: Path) -> None:
    name = f"notebooks/lessons/{lessons()[0].path.name}"
    folder = tmp_path / "lessons"
    with repository.edited(name, lambda source: source.replace("evaluation.publishing.exhibits", "evaluation.nowhere")):
        stopped = repository.evaluation("lessons", "--output", folder, "--only", lessons()[0].number, code=1)
    assert "nowhere" in stopped.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_folder_of_something_else_is_not_replaced(repository: Repository, tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("mine", encoding="utf-8")
    refused = repository.evaluation("lessons", "--output", tmp_path, "--only", lessons()[0].number, code=2)
    assert "no course" in refused.stderr
    assert (tmp_path / "letter.txt").read_text(encoding="utf-8") == "mine"


def test_answers_of_a_student_are_not_written_over(repository: Repository, tmp_path: Path) -> None:
    repository.evaluation("lessons", "--student", tmp_path)
    mine = tmp_path / lessons()[0].path.name
    mine.write_text("my answers", encoding="utf-8")
    repository.evaluation("lessons", "--student", tmp_path, code=2)
    assert mine.read_text(encoding="utf-8") == "my answers"


def test_a_lesson_that_is_not_there_is_a_user_error(repository: Repository, tmp_path: Path) -> None:
    refused = repository.evaluation("lessons", "--only", "77", "--output", tmp_path / "x", code=2)
    assert "no lesson of this number" in refused.stderr


def test_a_check_without_an_answer_is_a_user_error() -> None:
    source = lessons()[0].source()
    source.cells = [cell for cell in source.cells if BEGIN not in cell.source]
    with pytest.raises(UserError, match="no answer between"):
        list(answers(source))
    assert page_version(lessons()[0].source()).cells
    assert course.course_folder().name == "lessons"
