"""CSV tables of a study: read as text first, then typed column by column; every defect with its row."""

from __future__ import annotations

import csv
import datetime as dt
import io
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from evaluation.language import Text, text
from evaluation.study.findings import Findings, nearest, one_of

MAXIMUM_BYTES = 100_000_000
MAXIMUM_COLUMNS = 1_000
NUMBER = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?")
ROW = "_row"  # the row as a spreadsheet counts it, carried beside the data while they are read


@dataclass(frozen=True)
class Columns:
    """What a table must hold: `required` columns, sets of which at least one column must stand there, and `filled` rows."""

    required: tuple[str, ...]
    alternatives: tuple[tuple[str, ...], ...] = ()
    filled: bool = False


def read_table(path: Path, columns: Columns, findings: Findings) -> pd.DataFrame | None:
    """Read a UTF-8 CSV file with commas as text, with the column `_row`; None if it cannot be read as a table."""
    rows = _records(path, findings)
    if rows is None:
        return None
    header = [name.strip() for name in next(iter(rows.values()))]
    if not _header_holds(path.name, header, columns, findings):
        return None
    if columns.filled and len(rows) == 1:
        fill = text("Aggiungere le righe.", "Add the rows.")
        findings.error("no_rows", path.name, "no rows", text("almeno una riga", "at least one row"), fill)
        return None
    width = len(header)
    records = list(rows.items())[1:]
    for number, row in records:
        if len(row) != width:
            findings.error(
                "columns", path.name, f"{len(row)} values", text(f"{width} valori", f"{width} values"),
                text("Mettere tra virgolette i testi con virgole.", "Put texts that hold commas in quotes."), row=number,
            )  # fmt: skip
    kept = [(number, row) for number, row in records if len(row) == width]
    if records and not kept:
        return None
    table = pd.DataFrame([row for _, row in kept], columns=header, dtype=object)
    table[ROW] = np.array([number for number, _ in kept], dtype=int)
    return table


def _records(path: Path, findings: Findings) -> dict[int, list[str]] | None:
    """Return the rows that are not blank by their number, as a spreadsheet counts; None if there are none."""
    expected = text("una tabella CSV in UTF-8 con virgole", "a CSV table in UTF-8 with commas")
    action = text("Salvare il file come CSV UTF-8.", "Save the file as CSV UTF-8.")
    if not findings.readable(path, MAXIMUM_BYTES, expected, action):
        return None
    rows: dict[int, list[str]] = {}
    number = 0
    try:
        content = path.read_bytes()
        decoded = content.decode("utf-8-sig")
        if "\0" in decoded:
            raise ValueError("a NUL character")
        for number, row in enumerate(csv.reader(io.StringIO(decoded, newline=""), strict=True), start=1):
            if row:
                rows[number] = row
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        findings.error("encoding", path.name, f"byte 0x{content[error.start]:02x}", expected, action, row=line)
        return None
    except (csv.Error, ValueError, OSError) as error:
        broken = number + 1 if isinstance(error, csv.Error) else None
        found = error.strerror if isinstance(error, OSError) else error  # without the machine's path
        findings.error("table", path.name, found, expected, action, row=broken)
        return None
    if not rows:
        findings.error("table", path.name, "an empty file", expected, action)
        return None
    return rows


def _header_holds(file: str, header: list[str], columns: Columns, findings: Findings) -> bool:
    before = len(findings.errors)
    if len(header) > MAXIMUM_COLUMNS:
        wide = text(f"al più {MAXIMUM_COLUMNS} colonne", f"{MAXIMUM_COLUMNS} columns at most")
        findings.error(
            "columns", file, f"{len(header)} columns", wide, text("Togliere colonne.", "Remove columns."), row=1
        )
        return False
    for name in sorted({name for name in header if header.count(name) > 1}):
        findings.error(
            "duplicate_column", file, name, text("ogni colonna una volta", "each column once"),
            text("Togliere o rinominare una delle due.", "Remove or rename one of the two."), row=1, column=name,
        )  # fmt: skip
    if ROW in header:
        findings.error(
            "reserved_column", file, ROW, text("un altro nome", "another name"),
            text("Rinominare la colonna.", "Rename the column."), row=1, column=ROW,
        )  # fmt: skip
    for alternatives in [(name,) for name in columns.required] + list(columns.alternatives):
        if not set(alternatives) & set(header):
            wanted = " / ".join(alternatives)
            others = [name for name in header if name not in columns.required]
            findings.error(
                "missing_column", file, ", ".join(header[:12]), text(f"la colonna {wanted}", f"the column {wanted}"),
                _rename(wanted, others), row=1, column=wanted,
            )  # fmt: skip
    return len(findings.errors) == before


def _rename(wanted: str, others: list[str]) -> Text:
    near = nearest(wanted, others)
    if "?" in near["en"]:
        meant = near["en"].removeprefix("Did you mean ").removesuffix("?")
        return text(f"Rinominare la colonna {meant} in {wanted}.", f"Rename the column {meant} to {wanted}.")
    return text(f"Aggiungere la colonna {wanted}.", f"Add the column {wanted}.")


@dataclass(frozen=True)
class Cells:
    """The cells of one table, to be checked and converted; defects go to `findings` with row and child."""

    file: str
    table: pd.DataFrame
    findings: Findings

    def convert(
        self, column: str, parse: Callable[[str], Any], expected: Text, *,
        empty: Any = None, required: bool = False, action: Text | None = None,
    ) -> list[Any]:  # fmt: skip
        """Parse each cell of `column`; an empty one becomes `empty`, or is a finding when `required`."""
        mend = action or text("Correggere il valore.", "Correct the value.")
        parsed: dict[str, Any] = {}
        values: list[Any] = []
        for position, raw in enumerate(self.table[column]):
            cell = raw.strip()
            if cell not in parsed:
                parsed[cell] = _attempt(parse, cell) if cell else (_FAILED if required else empty)
            if parsed[cell] is _FAILED:
                self._report(position, column, "invalid_value", cell or "nothing", expected, mend)
            values.append(empty if parsed[cell] is _FAILED else parsed[cell])
        return values

    def known(self, column: str, names: Iterable[str], kind: str, *, required: bool = True) -> None:
        """Report every cell of `column` that is none of `names`, with the nearest of them."""
        known = list(names)
        allowed = set(known) | (set() if required else {""})
        meant: dict[str, Text] = {}  # a misspelt code stands in many rows
        for position, cell in enumerate(self.table[column].str.strip()):
            if cell not in allowed:
                meant[cell] = meant.get(cell) or nearest(cell, known)
                self._report(position, column, kind, cell or "nothing", one_of(known), meant[cell])

    def unique(self, columns: list[str], kind: str, action: Text) -> None:
        """Report every row whose values of `columns` stood in an earlier row."""
        keys = self.table[columns].apply(lambda column: column.str.strip())
        first = self.table.groupby([keys[c] for c in columns], sort=False)[ROW].transform("first")
        for position in np.flatnonzero(keys.duplicated().to_numpy()):
            earlier = int(first.iloc[position])
            once = text(f"una sola riga; c'è già la riga {earlier}", f"one row only; row {earlier} has it already")
            found = ", ".join(keys.iloc[position])
            self._report(int(position), columns[0] if len(columns) == 1 else "", kind, found, once, action)

    def _report(self, position: int, column: str, kind: str, found: str, expected: Text, action: Text) -> None:
        record = self.table.iloc[position]
        child = str(record["participant"]).strip() if "participant" in self.table else ""
        self.findings.error(kind, self.file, found, expected, action, row=int(record[ROW]), column=column, child=child)


_FAILED = object()


def _attempt(parse: Callable[[str], Any], cell: str) -> Any:
    try:
        return parse(cell)
    except ValueError:
        return _FAILED


def parse_number(cell: str) -> float:
    """Return a number written with a point; ValueError for anything else, infinities included."""
    if not NUMBER.fullmatch(cell):
        raise ValueError(cell)
    value = float(cell)
    if not np.isfinite(value):
        raise ValueError(cell)
    return value


def parse_yes(cell: str) -> bool:
    """Return whether the cell says yes; ValueError for anything but yes or no."""
    return {"yes": True, "no": False}[cell] if cell in ("yes", "no") else _raise(cell)


def parse_date(cell: str) -> dt.date:
    """Return a date written YYYY-MM-DD; ValueError for any other form (nothing is guessed)."""
    return dt.date.fromisoformat(cell) if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", cell) else _raise(cell)


def _raise(cell: str) -> Any:
    raise ValueError(cell)


EXPECTED_NUMBER = text("un numero con il punto decimale", "a number with a decimal point")
EXPECTED_YES = text("yes oppure no", "yes or no")
EXPECTED_DATE = text("una data AAAA-MM-GG", "a date YYYY-MM-DD")
EXPECTED_NAME = text("un nome", "a name")
