"""The command synthesize."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from evaluation.commands.console import link, out


def synthesize(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Where the study goes: a new or empty folder.")],
    seed: Annotated[
        int | None, typer.Option(help="Seed of the generator; without it, that of the study that ships.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Write over the files of an earlier synthetic study.")] = False,
) -> None:
    """Make the synthetic study: the same bytes from the same seed."""
    from evaluation.synthetic.study import Parameters, write_study

    write_study(folder, Parameters() if seed is None else Parameters(seed=seed), force=force)
    out.print(f"Synthetic study written to {link(folder)}")
