"""The command pseudonymise."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from evaluation.commands.console import link, out, say
from evaluation.language import text

if TYPE_CHECKING:
    from evaluation.privacy.roster import DateFormat


def pseudonymise(
    names: Annotated[
        Path, typer.Argument(metavar="NAMES", help="A table (CSV, XLSX) with names and birth dates, outside the study.")
    ],
    key: Annotated[Path, typer.Option(metavar="FILE", help="The key, outside the repository; sealed with age or not.")],
    into: Annotated[str, typer.Option(metavar="STUDY", help="The study that gets participants.csv: name or path.")],
    linkage: Annotated[
        Path, typer.Option(metavar="FILE", help="Where the table code-name goes, outside the repository.")
    ],
    new_key: Annotated[bool, typer.Option("--new-key", help="Make the key, which must not be there yet.")] = False,
    recipient: Annotated[
        list[str] | None, typer.Option(metavar="AGE1…", help="Seal linkage table and new key for this person; repeat.")
    ] = None,
    identity: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The age identity that opens a sealed key.")
    ] = None,
    dates: Annotated[
        str, typer.Option(metavar="FORM", help="How days are written: YYYY-MM-DD, DD/MM/YYYY or MM/DD/YYYY.")
    ] = "YYYY-MM-DD",
    keep_birth_date: Annotated[
        bool, typer.Option("--keep-birth-date", help="Write birth dates in place of ages in completed years.")
    ] = False,
    replace: Annotated[bool, typer.Option("--replace", help="Write over the children of an earlier call.")] = False,
) -> None:
    """Turn names and birth dates into codes; names and key stay outside the study."""
    from typing import cast

    from evaluation.privacy.enrolment import Places, enrol, must_lie_outside
    from evaluation.privacy.pseudonyms import new_key as make_key
    from evaluation.privacy.pseudonyms import read_key, refuse_present
    from evaluation.study.places import study_folder

    study, sealed_for = study_folder(into), tuple(recipient or ())
    must_lie_outside(key, study)
    if new_key:
        refuse_present(key)
    done = enrol(
        Places(names, study, linkage, sealed_for, _workbook_rows if names.suffix.lower() == ".xlsx" else None),
        (lambda: make_key(key, sealed_for)) if new_key else (lambda: read_key(key, identity)),
        dates=cast("DateFormat", dates), keep_birth_date=keep_birth_date, replace=replace,
    )  # fmt: skip
    out.print(f"{done.children}  {link(study / 'participants.csv')}  ({escape(', '.join(done.columns))})")
    out.print(f"{done.children}  {link(linkage)}")
    if done.left_out:
        titles = escape(", ".join(done.left_out))
        say(text(f"Colonne lasciate fuori: {titles}", f"Columns left out: {titles}"))
    if new_key:
        say(
            text(
                "Chiave nuova. Chi la perde non può ritrovare i codici; chi la copia può indovinare i nomi.",
                "A new key. Without it the codes cannot be made again; whoever copies it can guess the names.",
            )
        )
    for file in done.unsearched:
        say(text(
            f"[red]Non esaminato, può contenere nomi (non si apre, troppo grande o di tipo ignoto): {escape(file)}[/]",
            f"[red]Not searched, may hold names (it does not open, is too large or of unknown kind): {escape(file)}[/]",
        ))  # fmt: skip
    raise typer.Exit(1 if done.unsearched else 0)


def _workbook_rows(path: Path) -> list[list[str]]:
    """Return the rows of the first sheet that a workbook shows; a cell without a value is empty."""
    from evaluation.intake.exports.export_file import read_sheets
    from evaluation.intake.exports.sheets import NoValue

    sheets, _ = read_sheets(path)
    shown = next((sheet for sheet in sheets if not sheet.hidden), None)
    rows = shown.rows if shown else []
    return [["" if cell is None or isinstance(cell, NoValue) else cell for cell in row] for row in rows]
