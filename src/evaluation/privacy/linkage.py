"""The linkage table: which code is which child. It lies outside every repository, for its owner or sealed with age."""

from __future__ import annotations

import csv
import datetime as dt
import io
from dataclasses import dataclass
from pathlib import Path

from evaluation.errors import UserError
from evaluation.language import text
from evaluation.privacy.pseudonyms import normalised_name, write_private
from evaluation.privacy.sealed import is_sealed, seal, unseal

HEADER = ("participant", "name", "birth_date")
MAXIMUM_BYTES = 100_000_000


@dataclass(frozen=True)
class Linked:
    """One child: the code, the name as it was written, the day of birth."""

    participant: str
    name: str
    birth_date: dt.date


@dataclass(frozen=True)
class Linkage:
    """Every child of a study, in the order of the codes."""

    children: tuple[Linked, ...]

    def codes(self, name: str, birth_date: dt.date | None = None) -> tuple[str, ...]:
        """Return the codes of the children of this name, however it is spelt: none, one, or several to be told apart."""
        sought = normalised_name(name)
        return tuple(
            child.participant
            for child in self.children
            if normalised_name(child.name) == sought and birth_date in (None, child.birth_date)
        )


def read_linkage(path: Path, identity: Path | None = None) -> Linkage:
    """Read a linkage table, sealed or not.

    Raises
    ------
    UserError : no such file, not a linkage table, or sealed for another identity than the one in the file `identity`.
    """
    if not path.is_file() or path.stat().st_size > MAXIMUM_BYTES:
        raise UserError(
            text(f"{path}: attesa la tabella di corrispondenza.", f"{path}: expected the linkage table, found none.")
        )
    content = path.read_bytes()
    if is_sealed(content):
        content = unseal(content, identity, path)
    try:
        header, *rows = csv.reader(io.StringIO(content.decode("utf-8"), newline=""), strict=True)
        if tuple(header) != HEADER:
            raise ValueError("header")
        return Linkage(tuple(Linked(code, name, dt.date.fromisoformat(born)) for code, name, born in rows))
    except (ValueError, csv.Error):
        columns = ", ".join(HEADER)
        raise UserError(
            text(
                f"{path}: non è una tabella di corrispondenza con le colonne {columns}.",
                f"{path}: not a linkage table with the columns {columns}.",
            )
        ) from None


def write_linkage(path: Path, linkage: Linkage, recipients: tuple[str, ...] = (), *, replace: bool = False) -> None:
    """Write a linkage table for its owner alone, sealed if there are `recipients`; an earlier one only with `replace`."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(HEADER)
    writer.writerows((child.participant, child.name, child.birth_date.isoformat()) for child in linkage.children)
    content = out.getvalue().encode()
    write_private(path, seal(content, recipients) if recipients else content, replace=replace)
