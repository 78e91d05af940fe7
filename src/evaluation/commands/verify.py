"""The command verify."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.markup import escape

from evaluation.commands.console import ReportFolder, must_be_report, out
from evaluation.commands.run import summarise_report


def verify(
    report: ReportFolder,
    study: Annotated[
        str | None, typer.Option(metavar="STUDY", help="The study, to compare its files with the report's.")
    ] = None,
) -> None:
    """Check signature, hashes, inputs and code; exit 1 if anything does not hold."""
    from evaluation.assurance.manifest import reading
    from evaluation.assurance.verification import verify_report
    from evaluation.study.places import repository, study_folder

    must_be_report(report)
    verification = verify_report(report, code=repository(), study=study_folder(study) if study else None)
    colours = {"valid": "green", "invalid": "red", "not available": "yellow"}
    for answer in verification.answers:
        shown = f"[{colours[answer.verdict]}]{answer.verdict:<13}[/]"
        out.print(f"{answer.question_id.replace('_', ' '):<19}{shown}  {escape(answer.summary['en'])}")
        for evidence in answer.evidence:
            out.print(f"{'':<34}{escape(evidence)}")
    if verification["files"].verdict == "valid":
        with reading("tables"):
            summarise_report(report)
    out.print(f"[bold]{escape(verification.label['en'])}[/]")
    raise typer.Exit(0 if verification.ok else 1)
