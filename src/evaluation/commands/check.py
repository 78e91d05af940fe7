"""The command check."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from evaluation.commands.console import Languages, StudyName, languages, link, out, user_language
from evaluation.language import Language, text

if TYPE_CHECKING:
    from rich.table import Table

    from evaluation.reporting.findings.finding_groups import Group
    from evaluation.study.findings import Finding

COLOURS = {"error": "red", "warning": "yellow", "note": "cyan"}


def check(
    study: StudyName,
    language: Languages = None,
    output: Annotated[
        Path | None, typer.Option("--output", metavar="DIR", help="Where the findings go; else beside the study.")
    ] = None,
) -> None:
    """Findings only: what is wrong with a study, where, and what to do (exit 1 if there are errors)."""
    from evaluation.checks import check_folder
    from evaluation.reporting.findings.finding_groups import public_words
    from evaluation.reporting.findings.findings_page import write_findings
    from evaluation.reporting.pages.write import BANNERS
    from evaluation.study.places import study_folder

    folder = study_folder(study)
    read, findings = check_folder(folder)
    title = read.protocol.study.title.text() if read else text(folder.name, folder.name)
    chosen, beside = languages(language), output or folder.with_name(f"{folder.name}-check")
    banner = BANNERS.get(read.protocol.study.provenance) if read else None
    written = write_findings(beside, title, findings, chosen, public_words(read), banner)
    _print(findings, chosen[0] if language else user_language())
    out.print(*map(link, written), sep=", ")
    raise typer.Exit(1 if any(finding.level == "error" for finding in findings) else 0)


def _print(findings: tuple[Finding, ...], language: Language) -> None:
    """Print a table by child on a terminal; in a pipe one line a finding."""
    from evaluation.reporting.findings.finding_groups import LABELS, grouped

    if out.is_terminal:
        for group in grouped(findings):
            out.print(_table(group, language), soft_wrap=False)
    else:
        for finding in findings:
            colour = COLOURS[finding.level]
            level = LABELS[finding.level][language].lower()
            out.print(f"[{colour}]{level:<8}[/]{escape(finding.sentence(language))}")
    errors = sum(finding.level == "error" for finding in findings)
    rest = len(findings) - errors
    total = text(f"{errors} errori, {rest} avvisi e note.", f"{errors} errors, {rest} warnings and notes.")
    out.print(total[language])


def _table(group: Group, language: Language) -> Table:
    """Return what was found about one child: level, place, and in a few lines what it is and what to do."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text as Plain

    from evaluation.reporting.findings.finding_groups import LABELS, WHOLE_FILES
    from evaluation.study.findings import escaped

    found, expected = {"it": ("trovato", "atteso"), "en": ("found", "expected")}[language]
    title = Plain(escaped(group.child) or WHOLE_FILES[language], "bold")
    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD, show_header=False)
    table.add_column(width=7)
    table.add_column(min_width=18, overflow="fold")
    table.add_column(overflow="fold")
    for entry in group.entries:
        finding = entry.finding
        place = filter(None, (finding.file, finding.sheet, entry.place(language), finding.column))
        told = [entry.kind[language], *([finding.question[language]] if finding.question else [])]
        told += [f"{found} {finding.found_in(language)}; {expected} {finding.expected[language]}"]
        lines = [Plain("\n".join(map(escaped, each))) for each in (place, [*told, f"→ {finding.action[language]}"])]
        table.add_row(Plain(LABELS[finding.level][language], COLOURS[finding.level]), *lines)
    return table
