"""The command run."""

from __future__ import annotations

import webbrowser
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from evaluation.commands.console import Languages, StudyName, languages, link, out, progress, say, user_language
from evaluation.language import Text, text
from evaluation.report_folder import FIRST_PAGE

if TYPE_CHECKING:
    from evaluation.pipeline.outputs import Published

SHOWN = 5  # files that changed, by name


def run(
    study: StudyName,
    output: Annotated[
        Path | None, typer.Option(help="Write DIR/processed and DIR/reports instead.", metavar="DIR")
    ] = None,
    language: Languages = None,
    jobs: Annotated[int | None, typer.Option(min=1, help="Notebooks that run side by side.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Forget the cache and run every step.")] = False,
    attach: Annotated[
        bool, typer.Option("--attach", help="Put tables and manifest into the PDF (PDF/A-3a rather than PDF/A-2a).")
    ] = False,
    choice: Annotated[
        list[str] | None,
        typer.Option(metavar="PATH=VALUE", help="Set an entry of the protocol otherwise (YAML): an exploratory run."),
    ] = None,
    show: Annotated[bool, typer.Option("--open", help="Open the report in the browser when it is done.")] = False,
) -> None:
    """Everything from raw to HTML, unsigned PDF and manifest."""
    from evaluation.pipeline.steps import run_study
    from evaluation.study.choices import parse_choices

    with progress() as notify:
        outcome = run_study(
            study, output=output, languages=languages(language), jobs=jobs, force=force, attach=attach, notify=notify,
            choices=parse_choices(choice or ()),
        )  # fmt: skip
    summarise_report(outcome.reports)
    executed = ", ".join(outcome.executed)
    _line(
        text("Eseguiti", "Run"),
        text(executed or "nulla è cambiato, nessun notebook eseguito", executed or "nothing changed, no notebook run"),
    )
    _say_of_the_signed(outcome.published)
    if show:
        webbrowser.open((outcome.reports / FIRST_PAGE).absolute().as_uri())


def _say_of_the_signed(published: Published) -> None:
    """Say what became of a report that was signed before, if there was one."""
    if published.kept:
        kept = link(published.kept / "reports")
        named = ", ".join([*published.changed[:SHOWN], *(["…"] if len(published.changed) > SHOWN else [])])
        say(
            text(
                f"I risultati sono cambiati ({named}). Il rapporto firmato prima è conservato in {kept}",
                f"The results changed ({named}). The report signed before is kept in {kept}",
            )
            if named
            else text(
                f"Il rapporto firmato prima è conservato in {kept}", f"The report signed before is kept in {kept}"
            )
        )
    elif published.stays:
        say(
            text(
                "Tabelle, pagine e condizioni sono quelle del rapporto firmato, che resta al suo posto.",
                "Tables, pages and terms are those of the signed report, which stays in place.",
            )
        )


def summarise_report(reports: Path) -> None:
    """Print where the reports are, the effect and the verdict."""
    from evaluation.reporting.displays.summary import summarise
    from evaluation.study.findings import escaped

    pages = [reports / FIRST_PAGE, *sorted(reports.glob("evaluator-report.*.pdf"))]
    for name, path in zip((text("Rapporti", "Reports"), *[text("", "")] * len(pages)), pages, strict=False):
        _line(name, text(link(path), link(path)))
    for name, sentence in summarise(reports, user_language()):
        words = escape(escaped(sentence.replace("\N{NO-BREAK SPACE}", " ")))
        _line(name, text(words, words))


def _line(name: Text, words: Text) -> None:
    language = user_language()
    out.print(f"[bold]{name[language]:<10}[/] {words[language]}")
