"""The command run."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from evaluation.commands.console import Languages, StudyName, languages, link, out, progress


def run(
    study: StudyName,
    output: Annotated[
        Path | None, typer.Option(help="Write DIR/processed and DIR/reports instead.", metavar="DIR")
    ] = None,
    language: Languages = None,
    jobs: Annotated[int | None, typer.Option(min=1, help="Notebooks that run side by side.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Forget the cache and run every step.")] = False,
) -> None:
    """Everything from raw to HTML, unsigned PDF and manifest."""
    from evaluation.pipeline import run_study

    with progress() as notify:
        outcome = run_study(
            study, output=output, languages=languages(language), jobs=jobs, force=force, notify=notify
        )  # fmt: skip
    summarise_report(outcome.reports)
    out.print(f"[bold]Run[/]        {', '.join(outcome.executed) or 'nothing changed, no notebook run'}")
    if outcome.signed_before:
        out.print(f"The results changed. The report signed before is kept in {link(outcome.signed_before / 'reports')}")


def summarise_report(reports: Path) -> None:
    """Print where the reports are, the effect and the verdict."""
    from evaluation.study.findings import escaped
    from evaluation.summary import summarise

    out.print(f"[bold]Reports[/]    {link(reports / 'index.html')}")
    for path in sorted(reports.glob("evaluator-report.*.pdf")):
        out.print(f"           {link(path)}")
    for name, sentence in summarise(reports):
        words = escaped(sentence.replace("\N{NO-BREAK SPACE}", " "))
        out.print(f"[bold]{name:<10}[/] {escape(words)}")
