"""The command compare."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from evaluation.commands.console import out, say, user_language
from evaluation.language import text

MOST = 40  # lines on a terminal; all of them go to a file


def compare(
    one: Annotated[Path, typer.Argument(metavar="A", help="A report, or the folder a run had as --output.")],
    other: Annotated[Path, typer.Argument(metavar="B", help="Another report of the same study.")],
    csv: Annotated[
        Path | None, typer.Option("--csv", metavar="FILE", help="Write every difference to a table.")
    ] = None,
) -> None:
    """What differs between two runs: inputs, choices, code, tables, verdict; exit 0 equal, 1 different, 2 not comparable."""
    from evaluation.publishing.published_tables import write_table
    from evaluation.publishing.two_reports import compare_reports
    from evaluation.study.findings import escaped

    differences = compare_reports(one, other)
    for difference in differences.found[:MOST]:
        out.print(f"  {escape(escaped(difference.sentence(user_language())))}")
    more = len(differences.found) - MOST
    if more > 0:
        say(text(f"  e altre {more} differenze (--csv FILE)", f"  and {more} more differences (--csv FILE)"))
    if csv is not None:
        write_table(differences.to_frame(), csv)
    say(
        text("Nessuna differenza.", "No difference.")
        if differences.equal
        else text(f"Differenze: {len(differences.found)}", f"Differences: {len(differences.found)}")
    )
    raise typer.Exit(0 if differences.equal else 1)
