"""nbgrader with the course: an instructor releases, a student hands in, the classroom tool collects and marks."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from conftest import Repository
from evaluation_course.exercises import exercise
from evaluation_course.lesson import Lesson, lessons
from evaluation_course.versions import answers, solution_version, student_version

BIN = Path(sys.executable).parent
WRONG = "3.2"


class Classroom:
    """A course folder, an exchange and a student, apart from the user's own."""

    def __init__(self, root: Path, package: Path) -> None:
        self.course, self.pupil, self.exchange = root / "course", root / "pupil", root / "exchange"
        for folder in (self.pupil, self.exchange, root / "home"):
            folder.mkdir()
        self.exchange.chmod(0o777)
        self.environment = {
            **os.environ, "PATH": f"{BIN}:{os.environ['PATH']}", "HOME": str(root / "home"), "PYTHONPATH": str(package),
            "USER": "student",
        }  # fmt: skip

    def nbgrader(self, *arguments: str, cwd: Path) -> None:
        command = [BIN / "nbgrader", *arguments, f"--Exchange.root={self.exchange}", "--course=evaluation"]
        done = subprocess.run(command, cwd=cwd, env=self.environment, capture_output=True, text=True, timeout=300)
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="module")
def lesson() -> Lesson:
    return next(lesson for lesson in lessons() if lesson.number == 3)


@pytest.fixture(scope="module")
def classroom(repository: Repository, lesson: Lesson, tmp_path_factory: pytest.TempPathFactory) -> Classroom:
    """The lesson released, answered with one mistake, handed in, collected and marked."""
    room = Classroom(tmp_path_factory.mktemp("classroom"), repository.root / "src")
    repository.evaluation("lessons", "--classroom", room.course, "--only", lesson.number)
    room.nbgrader("generate_assignment", "lesson_03", cwd=room.course)
    room.nbgrader("release_assignment", "lesson_03", cwd=room.course)
    room.nbgrader("fetch_assignment", "lesson_03", cwd=room.pupil)
    answer_all_but_one(room.pupil / "lesson_03" / lesson.path.name, lesson)
    room.nbgrader("submit", "lesson_03", cwd=room.pupil)
    room.nbgrader("collect", "lesson_03", cwd=room.course)
    room.nbgrader("autograde", "lesson_03", cwd=room.course)
    return room


def answer_all_but_one(path: Path, lesson: Lesson) -> None:
    """Fill the holes of a fetched notebook: right but for one, where a usual mistake is made."""
    solved = {cell["id"]: cell.source for cell in solution_version(lesson.source()).cells}
    names = {answer["id"]: name for name, answer, _ in answers(lesson.source())}
    notebook = nbformat.read(path, as_version=4)
    for cell in notebook.cells:
        if cell["id"] in names:
            cell.source = "expected = before_treated" if names[cell["id"]] == WRONG else solved[cell["id"]]
    nbformat.write(notebook, path)


def test_what_is_released_is_the_student_version(classroom: Classroom, lesson: Lesson) -> None:
    released = nbformat.read(classroom.course / "release" / "lesson_03" / lesson.path.name, as_version=4)
    ours = student_version(lesson.source())
    assert [cell.source for cell in released.cells] == [cell.source for cell in ours.cells]


def test_the_marks_are_those_of_the_answers(classroom: Classroom, lesson: Lesson) -> None:
    from nbgrader.api import Gradebook

    (student,) = [path.name for path in (classroom.course / "autograded").iterdir()]
    with Gradebook(f"sqlite:///{classroom.course / 'gradebook.db'}") as book:
        marked = book.find_submission_notebook(lesson.name, "lesson_03", student)
        scores = {grade.name: grade.score for grade in marked.grades}
    for name, _, _ in answers(lesson.source()):
        assert scores[f"check-{name.replace('.', '-')}"] == (0 if name == WRONG else exercise(name).points)


def test_the_marked_notebook_holds_the_hint_for_the_mistake(classroom: Classroom, lesson: Lesson) -> None:
    (marked,) = (classroom.course / "autograded").rglob(lesson.path.name)
    hint = next(mistake.hint for mistake in exercise(WRONG).mistakes if mistake.name == "no_change")
    said = [
        out.evalue
        for c in nbformat.read(marked, as_version=4).cells
        for out in c.get("outputs", ())
        if out.output_type == "error"
    ]
    assert len(said) == 1
    assert hint["it"] in said[0]
    assert hint["en"] in said[0]
