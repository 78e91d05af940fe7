"""The command run."""

from __future__ import annotations

import webbrowser
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from evaluation.commands.console import Languages, StudyName, languages, link, out, progress, say, user_language
from evaluation.language import Text, text


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
    show: Annotated[bool, typer.Option("--open", help="Open the report in the browser when it is done.")] = False,
) -> None:
    """Everything from raw to HTML, unsigned PDF and manifest."""
    from evaluation.pipeline.steps import run_study

    with progress() as notify:
        outcome = run_study(
            study, output=output, languages=languages(language), jobs=jobs, force=force, attach=attach, notify=notify
        )  # fmt: skip
    summarise_report(outcome.reports)
    executed = ", ".join(outcome.executed)
    _line(
        text("Eseguiti", "Run"),
        text(executed or "nulla è cambiato, nessun notebook eseguito", executed or "nothing changed, no notebook run"),
    )
    if outcome.signed_before:
        kept = link(outcome.signed_before / "reports")
        say(
            text(
                f"I risultati sono cambiati. Il rapporto firmato prima è conservato in {kept}",
                f"The results changed. The report signed before is kept in {kept}",
            )
        )
    if show:
        webbrowser.open((outcome.reports / "index.html").absolute().as_uri())


def summarise_report(reports: Path) -> None:
    """Print where the reports are, the effect and the verdict."""
    from evaluation.reporting.displays.summary import summarise
    from evaluation.study.findings import escaped

    pages = [reports / "index.html", *sorted(reports.glob("evaluator-report.*.pdf"))]
    for name, path in zip((text("Rapporti", "Reports"), *[text("", "")] * len(pages)), pages, strict=False):
        _line(name, text(link(path), link(path)))
    for name, sentence in summarise(reports, user_language()):
        words = escape(escaped(sentence.replace("\N{NO-BREAK SPACE}", " ")))
        _line(name, text(words, words))


def _line(name: Text, words: Text) -> None:
    language = user_language()
    out.print(f"[bold]{name[language]:<10}[/] {words[language]}")
