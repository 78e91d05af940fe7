"""The command erase."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from evaluation.commands.console import StudyName, out, say
from evaluation.language import text


def erase(
    study: StudyName,
    code: Annotated[str, typer.Argument(metavar="CODE", help="The code of the child, as participants.csv has it.")],
    output: Annotated[
        list[Path] | None, typer.Option(metavar="DIR", help="A folder that an earlier run had as --output; repeat.")
    ] = None,
) -> None:
    """Remove a child everywhere; record that it happened, not who; mark earlier reports as superseded."""
    from evaluation.pipeline.erasing import erase as erase_child
    from evaluation.study.places import study_folder

    folder = study_folder(study)
    done = erase_child(folder, code, outputs=output or ())
    if done.withdrawn:
        say(
            text(
                "Una cancellazione interrotta non aveva cambiato nulla: il minore era ancora nello studio.",
                "An interrupted erasure had changed nothing: that child was still in the study.",
            )
        )
    if done.completed:
        say(
            text(
                "Una cancellazione interrotta è stata completata: quel minore non è più nello studio.",
                "An interrupted erasure was completed: that child is no longer in the study.",
            )
        )
    for file in done.files:
        out.print(f"  {escape(file)}")
    if done.files:
        say(
            text(
                f"Cancellato. Rapporti segnati come superati: {done.superseded}. Poi: evaluation run {escape(folder.name)}",
                f"Erased. Reports marked as superseded: {done.superseded}. Next: evaluation run {escape(folder.name)}",
            )
        )
    say(
        text(
            "Restano da cancellare a mano la riga nella tabella di corrispondenza e le copie fatte fuori da qui.",
            "Still to be erased by hand: the row of the linkage table, and copies made elsewhere.",
        )
    )
    for file in done.left:
        say(text(f"[red]Da guardare a mano: {escape(file)}[/]", f"[red]To be looked at by hand: {escape(file)}[/]"))
    for file in done.unsearched:
        say(text(
            f"[red]Non esaminato, da guardare a mano (non si apre, troppo grande o di tipo ignoto): {escape(file)}[/]",
            f"[red]Not searched, look at it by hand (it does not open, is too large or of unknown kind): {escape(file)}[/]",
        ))  # fmt: skip
    raise typer.Exit(1 if done.left or done.unsearched else 0)
