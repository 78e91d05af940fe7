"""The terminal: where commands print, in the language of the user's locale, with what is running."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from evaluation.errors import UserError
from evaluation.language import LANGUAGES, Language, Text, text

out, err = Console(highlight=False, soft_wrap=True), Console(stderr=True, highlight=False, soft_wrap=True)

Notify = Callable[[str, int, int], None]
StudyName = Annotated[str, typer.Argument(metavar="STUDY", help="A name under data/raw, or a path to a study folder.")]
ReportFolder = Annotated[Path, typer.Argument(metavar="REPORT", help="The folder of a report, such as reports/STUDY.")]
Languages = Annotated[
    list[str] | None, typer.Option("--language", metavar="it|en", help="Language of pages and report; repeat for both.")
]


def user_language() -> Language:
    """Return the language of the user's locale: Italian where it says so, else English."""
    chosen = next((os.environ[name] for name in ("LC_ALL", "LC_MESSAGES", "LANG") if os.environ.get(name)), "")
    return "it" if chosen.lower().startswith("it") else "en"


def say(words: Text) -> None:
    """Print a sentence in the user's language; it may hold Rich markup, so data in it must be escaped."""
    out.print(words[user_language()])


def languages(chosen: list[str] | None) -> tuple[Language, ...]:
    """Return the languages chosen, in the order of the project; all without a choice."""
    unknown = [code for code in chosen or () if code not in LANGUAGES]
    if unknown:
        raise UserError(
            text(
                f"--language {unknown[0]}: atteso {' o '.join(LANGUAGES)}.",
                f"--language {unknown[0]}: expected {' or '.join(LANGUAGES)}.",
            )
        )
    return tuple(code for code in LANGUAGES if not chosen or code in chosen)


def link(path: Path) -> str:
    """Return a path as it may be printed: relative where it can be, and a link in terminals that know links."""
    shown = path.absolute()
    relative = shown.relative_to(Path.cwd()) if shown.is_relative_to(Path.cwd()) else shown
    return f"[link={shown.as_uri()}]{escape(str(relative))}[/link]"


def must_be_report(folder: Path) -> None:
    """Refuse a folder that no run made."""
    from evaluation.assurance.provenance.manifest import CRATE, SUMS

    if not any((folder / name).exists() for name in (SUMS, CRATE)):
        raise UserError(
            text(
                f"{folder}: nessun rapporto. Indicare una cartella fatta da evaluation run, come reports/STUDIO.",
                f"{folder}: no report. Give a folder that evaluation run made, such as reports/STUDY.",
            )
        )


@contextmanager
def progress() -> Iterator[Notify]:
    """Show what runs, notebook and cell: bars on a terminal, a line for each notebook elsewhere."""
    if not err.is_terminal:
        yield _say_when_done
        return
    bars: dict[str, TaskID] = {}
    columns = (TextColumn("{task.description:<28}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=err, transient=True) as shown:

        def notify(what: str, done: int, total: int) -> None:
            if what not in bars:
                bars[what] = shown.add_task(what, total=total)
            shown.update(bars[what], completed=done, total=total)

        yield notify


def _say_when_done(what: str, done: int, total: int) -> None:
    if done == total and not what.endswith(".html"):
        err.print(f"{text('fatto', 'done')[user_language()]:<5} {escape(what)}")
