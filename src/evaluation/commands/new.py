"""The command new."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.markup import escape

from evaluation.commands.console import link, out, say
from evaluation.language import text


def new(
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="The study's id, made under data/raw; or a path that ends in it.")
    ],
) -> None:
    """Make a study from the template: the files to fill in, each with a word on every line."""
    from evaluation.study.new import new_study

    folder = new_study(name)
    for path in sorted(folder.iterdir()):
        out.print(f"  {link(path)}")
    shown = escape(name)
    say(
        text(
            f"Cominciare da protocol.yml. Che cosa manca ancora: evaluation check {shown}",
            f"Begin with protocol.yml. What is still missing: evaluation check {shown}",
        )
    )
