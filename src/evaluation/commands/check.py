"""The command check."""

from __future__ import annotations

import typer
from rich.markup import escape

from evaluation.commands.console import Languages, StudyName, languages, out


def check(study: StudyName, language: Languages = None) -> None:
    """Findings only: what is wrong with a study, where, and what to do (exit 1 if there are errors)."""
    from evaluation.intake.checks import check_folder
    from evaluation.study.places import study_folder

    _, findings = check_folder(study_folder(study))
    chosen = languages(language)[0] if language else "en"
    for finding in findings:
        colour = {"error": "red", "warning": "yellow", "note": "cyan"}[finding.level]
        out.print(f"[{colour}]{finding.level:<8}[/]{escape(finding.sentence(chosen))}")
    errors = sum(finding.level == "error" for finding in findings)
    out.print(f"{errors} errors, {len(findings) - errors} warnings and notes.")
    raise typer.Exit(1 if errors else 0)
