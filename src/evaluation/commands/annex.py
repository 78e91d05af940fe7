"""The command annex."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from evaluation.commands.console import ReportFolder, link, must_be_report, out, say
from evaluation.language import text


def annex(
    report: ReportFolder,
    recipient: Annotated[
        list[str], typer.Option(metavar="AGE1…", help="Key of a re-analyst whom context.yml names; repeat.")
    ],
    to: Annotated[Path, typer.Option(metavar="FILE.age", help="A new file, outside reports/ and any repository.")],
    study: Annotated[
        str | None, typer.Option(metavar="STUDY", help="The study; without it, the one named as the report's folder.")
    ] = None,
    payer: Annotated[bool, typer.Option("--payer", help="The re-analyst may be the outcome payer.")] = False,
) -> None:
    """Seal the numbers that the report may not show for re-analysts named in context.yml, on a legal basis."""
    from evaluation.publishing.annex import write_annex
    from evaluation.study.places import study_folder

    must_be_report(report)
    write_annex(report, study_folder(study or report.absolute().name), tuple(recipient), to, payer=payer)
    out.print(link(to))
    say(
        text(
            "Riservato: nessun elenco del rapporto lo nomina. Consegnarlo solo a chi è nominato in context.yml.",
            "Confidential: no list of the report names it. Hand it only to those whom context.yml names.",
        )
    )
