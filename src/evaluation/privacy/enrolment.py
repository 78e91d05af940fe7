"""From the roster of a centre to participants.csv, without a name, and to the linkage table outside the study."""

from __future__ import annotations

import csv
import datetime as dt
import io
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from evaluation.errors import UserError
from evaluation.language import text
from evaluation.privacy.linkage import Linkage, Linked, write_linkage
from evaluation.privacy.pseudonyms import normalised_name, pseudonym
from evaluation.privacy.roster import Child, DateFormat, Roster, RowsOf, read_roster
from evaluation.privacy.traces import Names, cells_of, files_of, tells_part_of
from evaluation.privacy.unpacked import pieces_of, searchable
from evaluation.study.documents import read_document
from evaluation.study.findings import NOTHING, Findings, Words
from evaluation.study.folder import completed_years
from evaluation.study.places import repository
from evaluation.study.protocol import Protocol
from evaluation.study.spreadsheets import harmless

PARTICIPANTS = "participants.csv"
OLDEST = 120
A_NAME = Words("un nome", "a name")


@dataclass(frozen=True)
class Enrolled:
    """What was written: how many children, the columns of participants.csv, the headers of the roster left out.

    unsearched: files of the study in which a name may stand unseen.
    """

    children: int
    columns: tuple[str, ...]
    left_out: tuple[str, ...]
    unsearched: tuple[str, ...]


@dataclass(frozen=True)
class Places:
    """Where the roster is read and the linkage table written, outside; the study; the recipients of the linkage table.

    rows_of: reads the rows of a roster that is no CSV.
    """

    roster: Path
    study: Path
    linkage: Path
    recipients: tuple[str, ...] = ()
    rows_of: RowsOf | None = None


def must_lie_outside(path: Path, study: Path) -> None:
    """Refuse a place for names or keys under the study, this repository, or any other that git keeps."""
    real = path.expanduser().resolve()
    within = next((folder for folder in real.parents if (folder / ".git").exists()), None)
    if within or real.is_relative_to(study.resolve()) or real.is_relative_to(repository()):
        raise UserError(
            text(
                f"{path}: sta dentro lo studio o un archivio di versioni. Nomi e chiavi stanno altrove: cambiare cartella.",
                f"{path}: lies within the study or a repository. Names and keys belong elsewhere: choose another folder.",
            )
        )


def enrol(
    places: Places, key: Callable[[], bytes], *, dates: DateFormat = "YYYY-MM-DD", keep_birth_date: bool = False,
    replace: bool = False,
) -> Enrolled:  # fmt: skip
    """Turn a roster into codes: write the linkage table, then participants.csv, in the order of the codes.

    Parameters
    ----------
    places : what is read and written
    key : returns the key; asked only when the roster is without errors
    dates : how the roster writes days
    keep_birth_date : write birth dates in place of ages in completed years on the first day of the programme
    replace : write over a participants.csv and a linkage table with children in them

    Raises
    ------
    StudyDefects : the roster has errors, two rows have one code, or a name would stay in the study; nothing is written.
    UserError : a place within a repository, or children of an earlier call that would be lost; nothing is written.
    """
    for path in (places.roster, places.linkage):
        must_lie_outside(path, places.study)
    findings = Findings()
    protocol = read_document(places.study / "protocol.yml", Protocol, findings)
    covariates = (*protocol.covariates, *protocol.analysis.subgroups) if protocol else ()
    roster = read_roster(places.roster, covariates, dates, findings, places.rows_of)
    findings.raise_errors()
    if protocol is None or roster is None:  # cannot be: what is unreadable left an error
        raise UserError(f"{places.roster}: no roster")
    _check_twice(roster, findings)
    _check_ages(roster, protocol, findings)
    _check_names(roster, places.study, protocol, findings)
    findings.raise_errors()
    _may_write(places, replace)
    coded = _coded(roster, key(), findings)
    findings.raise_errors()
    _must_keep(places.study / PARTICIPANTS, coded)
    rows = _rows(coded, roster.columns, None if keep_birth_date else protocol)
    linkage = Linkage(tuple(Linked(code, child.name, child.birth_date) for code, child in coded.items()))
    write_linkage(places.linkage, linkage, places.recipients, replace=replace)
    _write(places.study / PARTICIPANTS, rows)
    files = (path for path in files_of(places.study) if path != places.study / PARTICIPANTS)
    unsearched = tuple(path.relative_to(places.study).as_posix() for path in files if not searchable(path))
    return Enrolled(len(coded), tuple(rows[0]), roster.left_out, unsearched)


def _check_twice(roster: Roster, findings: Findings) -> None:
    """Report every row whose child stands in an earlier row."""
    first: dict[tuple[str, dt.date], int] = {}
    for child in roster.children:
        earlier = first.setdefault((normalised_name(child.name), child.birth_date), child.row)
        if earlier != child.row:
            once = text(f"una sola riga; c'è già la riga {earlier}", f"one row only; row {earlier} has it already")
            action = text("Tenere una sola riga per ragazzo.", "Keep one row a child.")
            findings.error(
                "duplicate_child", roster.file, Words("lo stesso minore", "the same child"), once, action, row=child.row
            )


def _coded(roster: Roster, key: bytes, findings: Findings) -> dict[str, Child]:
    """Return the children by code, sorted, so that no order of the roster is left; report two children of one code."""
    coded: dict[str, Child] = {}
    for child in roster.children:
        earlier = coded.setdefault(pseudonym(key, child.name, child.birth_date), child)
        if earlier is not child:
            own = text(
                f"un codice diverso da quello della riga {earlier.row}", f"a code other than that of row {earlier.row}"
            )
            action = text("Usare un'altra chiave.", "Use another key.")
            findings.error(
                "collision", roster.file, Words("lo stesso codice", "the same code"), own, action, row=child.row
            )
    return dict(sorted(coded.items()))


def _check_ages(roster: Roster, protocol: Protocol, findings: Findings) -> None:
    start = protocol.programme.starts
    if start is None:
        first = text("programme.from, per calcolare le età", "programme.from, to compute ages")
        add = text("Aggiungere la data di inizio al protocollo.", "Add the first day to the protocol.")
        findings.error("missing_value", "protocol.yml", NOTHING, first, add, column="programme.from")
        return
    for child in roster.children:
        if not 0 <= completed_years(child.birth_date, start) <= OLDEST:
            born = text(f"una nascita prima del {start}", f"a birth before {start}")
            action = text("Controllare la data di nascita.", "Check the date of birth.")
            findings.error(
                "date",
                roster.file,
                Words("un altro anno", "another year"),
                born,
                action,
                row=child.row,
                column="birth_date",
            )


def _check_names(roster: Roster, study: Path, protocol: Protocol, findings: Findings) -> None:
    """Report every cell that would stay in the study and tells a name; never the name itself."""
    names = Names(child.name for child in roster.children)
    expected = text("nessun nome nello studio", "no name in the study")
    action = text("Togliere il nome, o la riga.", "Take the name out, or the row.")
    centres = (protocol.centres.treated, protocol.centres.comparison)
    for child in roster.children:
        for column, cell in child.cells.items():
            if cell not in centres and (names.stand_in(cell) or tells_part_of(child.name, cell)):
                findings.error(
                    "name_stays",
                    roster.file,
                    Words("un nome", "a name"),
                    expected,
                    action,
                    row=child.row,
                    column=column,
                )
    for path in files_of(study):
        if path == study / PARTICIPANTS:
            continue
        file = path.relative_to(study).as_posix()
        if any(map(names.stand_in, (path.stem, *path.relative_to(study).parts))):
            findings.error(
                "name_stays",
                path.suffix or "a file",
                Words("un nome nel nome di un file", "a name in a file's name"),
                expected,
                action,
            )
        cells = (found for piece in pieces_of(path) for found in cells_of(piece))
        rows = {row for row, cell in cells if cell not in centres and names.stand_in(cell)}
        for row in sorted(rows, key=lambda row: row or 0):
            findings.error("name_stays", file, A_NAME, expected, action, row=row)


def _rows(coded: dict[str, Child], columns: tuple[str, ...], protocol: Protocol | None) -> list[list[str]]:
    """Return the rows of participants.csv; with a protocol the age on its first day stands in place of the birth date."""
    first = protocol.programme.starts if protocol else None
    rows = [["participant", *columns[:1], "age" if first else "birth_date", *columns[1:]]]
    for code, child in coded.items():
        born = str(completed_years(child.birth_date, first)) if first else child.birth_date.isoformat()
        cells = [harmless(child.cells[column]) for column in columns]
        rows.append([code, *cells[:1], born, *cells[1:]])
    return rows


def _may_write(places: Places, replace: bool) -> None:
    """Refuse to write over children of an earlier call; a table with a header only is a template."""
    table = places.study / PARTICIPANTS
    filled = table.is_file() and len(table.read_bytes().strip().splitlines()) > 1
    for path in (path for path, there in ((table, filled), (places.linkage, places.linkage.exists())) if there):
        if not replace:
            raise UserError(
                text(
                    f"{path}: contiene già dei ragazzi. Con --replace si riscrive: la stessa chiave ridà gli stessi codici.",
                    f"{path}: holds children already. With --replace it is rewritten: the same key gives the same codes.",
                )
            )


def _must_keep(table: Path, coded: dict[str, Child]) -> None:
    """Refuse to lose children who have a code: a shorter roster, or another key under which all codes would change."""
    if not table.is_file():
        return
    with table.open(encoding="utf-8-sig", newline="") as stream:
        earlier = {row.get("participant") or "" for row in csv.DictReader(stream)} - {""}
    lost = len(earlier - set(coded))
    if lost:
        raise UserError(
            text(
                f"{PARTICIPANTS}: {lost} codici andrebbero persi. Stessa chiave, elenco intero; per togliere un minore: erase.",
                f"{PARTICIPANTS}: {lost} codes would be lost. Use the same key and the whole list; to remove a child: erase.",
            )
        )


def _write(path: Path, rows: list[list[str]]) -> None:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(rows)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.write_text(out.getvalue(), encoding="utf-8")
    draft.replace(path)
