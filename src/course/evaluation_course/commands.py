"""The command lessons."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from evaluation.commands.console import Languages, languages, link, out, progress, user_language
from evaluation.errors import UserError


def lessons(
    only: Annotated[int | None, typer.Option(metavar="N", help="Only this lesson.")] = None,
    student: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Write the notebooks with holes to fill, and nothing else.")
    ] = None,
    classroom: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Write a course for nbgrader, and nothing else.")
    ] = None,
    project: Annotated[
        int | None, typer.Option(metavar="SEED", help="Prepare the final project of this number in --into DIR.")
    ] = None,
    into: Annotated[Path | None, typer.Option(metavar="DIR", help="Where the final project goes.")] = None,
    reveal: Annotated[
        tuple[int, Path] | None, typer.Option(metavar="SEED DIR", help="The truth of a project, and its marks.")
    ] = None,
    output: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Where the course goes instead of reports/lessons.")
    ] = None,
    language: Languages = None,
) -> None:
    """The course: run every lesson with its solutions, and write its pages and notebooks; or one part of it."""
    from evaluation_course import course

    wanted = [part for part in (student, classroom, project, reveal) if part is not None]
    if len(wanted) > 1:
        raise UserError("lessons: give one of --student, --classroom, --project and --reveal.")
    if student is not None:
        return _written(course.write_students(student, only))
    if classroom is not None:
        return _written(course.write_classroom(classroom, only))
    if project is not None or reveal is not None:
        return _project(project, into, reveal)
    folder = output or course.course_folder()
    with progress() as notify:
        built = course.build_course(folder, only=only, languages=languages(language), notify=notify)
    out.print(f"[bold]Lessons[/]    {', '.join(str(lesson.number) for lesson in built)}")
    out.print(f"[bold]Course[/]     {link(folder / 'index.html')}")
    return None


def _written(paths: list[Path]) -> None:
    for path in paths:
        out.print(f"written  {link(path)}")


def _project(seed: int | None, into: Path | None, reveal: tuple[int, Path] | None) -> None:
    from evaluation_course.project import prepare
    from evaluation_course.rubric import report

    if reveal is not None:
        for line in report(*reveal)[user_language()]:
            out.print(escape(line))
        return
    if seed is None or into is None:
        raise UserError("lessons: --project SEED needs --into DIR.")
    said = prepare(seed, into)
    out.print(f"{link(into)}\n{said[user_language()]}")
