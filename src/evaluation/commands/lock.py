"""The command lock."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.markup import escape

from evaluation.commands.console import StudyName, link, out, say
from evaluation.language import text


def lock(
    study: StudyName,
    amend: Annotated[
        str | None, typer.Option(metavar="REASON", help="Change a locked plan, and say why; the earlier lock is kept.")
    ] = None,
    timestamp: Annotated[
        str | None, typer.Option(metavar="URL", help="Have a time-stamping authority (RFC 3161) attest the date.")
    ] = None,
) -> None:
    """Freeze the plan: protocol, contract, instrument and code as they are, with the date and the data there were."""
    from functools import partial

    from evaluation.assurance.lock.lock import FOLDER, write_lock
    from evaluation.assurance.signatures.timestamp import request_timestamp
    from evaluation.study.places import study_folder

    folder = study_folder(study)
    stamp = partial(request_timestamp, url=timestamp) if timestamp else None
    written = write_lock(folder, reason=amend, stamp=stamp)
    out.print(f"{written.date:%Y-%m-%d %H:%M} UTC  {link(folder / FOLDER / f'{written.number}.json')}")
    for name, digest in written.files.items():
        out.print(f"  {escape(name):<16}{digest}")
    for wave, answers in written.data.answers.items():
        say(
            text(
                f"  {escape(wave):<16}{answers} risposte già date",
                f"  {escape(wave):<16}{answers} answers given already",
            )
        )
    if written.data.after_data:
        say(
            text(
                "[yellow]Il piano è bloccato dopo che le risposte finali erano arrivate: il blocco e il rapporto lo dicono.[/]",
                "[yellow]The plan is locked after follow-up answers had come in: the lock and the report say so.[/]",
            )
        )
    if written.data.exports:
        say(
            text(
                f"[yellow]In exports/ ci sono {written.data.exports} file: il blocco non sa quali risposte contengano.[/]",
                f"[yellow]exports/ holds {written.data.exports} files: the lock cannot tell which answers are in them.[/]",
            )
        )
    if stamp is None:
        say(
            text(
                "La data è quella di questo computer. Con --timestamp URL la attesta un terzo.",
                "The date is this computer's. With --timestamp URL a third party attests it.",
            )
        )
