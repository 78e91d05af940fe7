"""CSV tables of a study: read as text first, then typed column by column; every defect with its row and cell."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from evaluation.language import Text, text
from evaluation.study.findings import (  # fmt: skip
    CORRECT_NAME,
    EXPECTED_VISIBLE,
    INVISIBLE,
    NOTHING,
    WRITE_AGAIN,
    Finding,
    Findings,
    Level,
    Words,
    column_letters,
    nearest,
    one_of,
)
from evaluation.study.records import of_one_width, read_records, report_split_number

MAXIMUM_COLUMNS = 1_000
NUMBER = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?")
ROW = "_row"  # the row as a spreadsheet counts it, carried beside the data while they are read
CORRECT = text("Correggere il valore.", "Correct the value.")


@dataclass(frozen=True)
class Columns:
    """What a table must hold: `required` columns, sets of which at least one column must stand there, and `filled` rows."""

    required: tuple[str, ...]
    alternatives: tuple[tuple[str, ...], ...] = ()
    filled: bool = False


def read_table(path: Path, columns: Columns, findings: Findings) -> pd.DataFrame | None:
    """Read a UTF-8 CSV file with commas as text, with the column `_row`; None if it cannot be read as a table."""
    rows = read_records(path, findings)
    if rows is None:
        return None
    top = next(iter(rows))
    written = rows.pop(top)
    header = _named([name.strip() for name in written], rows)
    findings.headers[path.name] = top
    findings.columns[path.name] = {name: place for place, name in enumerate(header) if name}
    if not _header_holds(path.name, header, columns, findings):
        return None
    if columns.filled and not rows:
        fill = text(
            "Aggiungere le righe; un file facoltativo si può togliere.",
            "Add the rows; an optional file may be removed.",
        )
        none = Words("nessuna riga", "no rows")
        findings.error("no_rows", path.name, none, text("almeno una riga", "at least one row"), fill)
        return None
    kept = of_one_width(path.name, rows, range(len(header), len(written) + 1), findings)
    key = header.index(columns.required[0])
    findings.aside[path.name] = {
        row[key].strip() for number, row in rows.items() if number not in kept and key < len(row)
    }
    if rows and not kept:
        return None
    report_split_number(path.name, header, kept, findings)
    table = pd.DataFrame(list(kept.values()), columns=header, dtype=object)
    table[ROW] = np.array(list(kept), dtype=int)
    return table


def _named(header: list[str], rows: dict[int, list[str]]) -> list[str]:
    """Return the header without the nameless columns at its end that hold nothing; longer rows are told for themselves."""
    named = len(_without_blank_end(header))
    if named == len(header):
        return header
    filled = max((len(_without_blank_end(row)) for row in rows.values() if len(row) <= len(header)), default=0)
    return header[: max(named, filled)]


def _without_blank_end(cells: list[str]) -> list[str]:
    """Return the cells up to the last that holds something: a spreadsheet writes commas for the empty ones after it."""
    end = len(cells)
    while end and not cells[end - 1].strip():
        end -= 1
    return cells[:end]


def _header_holds(file: str, header: list[str], columns: Columns, findings: Findings) -> bool:
    before = len(findings.errors)
    if len(header) > MAXIMUM_COLUMNS:
        wide = text(f"al più {MAXIMUM_COLUMNS} colonne", f"{MAXIMUM_COLUMNS} columns at most")
        found = Words(f"{len(header)} colonne", f"{len(header)} columns")
        findings.error("columns", file, found, wide, text("Togliere colonne.", "Remove columns."), row=1)
        return False
    for place in [place for place, name in enumerate(header) if not name]:
        findings.error(
            "unnamed_column", file, NOTHING, text("un nome per ogni colonna", "a name for each column"),
            text("Dare un nome alla colonna, o toglierla.", "Name the column, or remove it."),
            row=1, cell=f"{column_letters(place)}{findings.headers[file]}",
        )  # fmt: skip
    for name in sorted({name for name in header if name and header.count(name) > 1}):
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
    """The cells of one table, to be checked and converted; defects go to `findings` with row, cell and child."""

    file: str
    table: pd.DataFrame
    findings: Findings

    def convert(
        self, column: str, parse: Callable[[str], Any], expected: Text, *, empty: Any = None, required: bool = False,
        kind: str = "invalid_value", missing: str = "missing_value", mend: Callable[[str], Text] | None = None,
    ) -> list[Any]:  # fmt: skip
        """Parse each cell of `column`; an empty one becomes `empty`, or is a finding (`missing`) when `required`."""
        places, cells = pd.factorize(self._stripped(column))
        parsed = [_attempt(parse, cell) if cell else (_FAILED if required else empty) for cell in cells]
        failed = np.array([value is _FAILED for value in parsed], dtype=bool)
        for position in np.flatnonzero(failed[places]).tolist():
            cell = cells[places[position]]
            self.report(
                position, column, kind if cell else missing, cell or NOTHING, expected, mend(cell) if mend else CORRECT
            )
        values = [empty if value is _FAILED else value for value in parsed]
        return [values[place] for place in places]

    def known(
        self, column: str, names: Iterable[str], kind: str, *,
        expected: Text | None = None, otherwise: Text = CORRECT_NAME, tell: bool = True, beside: Iterable[str] = (),
    ) -> None:  # fmt: skip
        """Report every cell of `column` that is none of `names`, with the nearest; not of names that may be somebody's.

        Those of `beside` stand in rows that were reported: nothing more is said of them.
        """
        known = list(names)
        allowed = {*known, *beside} - {""}
        told = [name for name in known if tell or has_digit(name)]
        places, cells = pd.factorize(self._stripped(column))
        meant = {place: nearest(cell, told, otherwise) for place, cell in enumerate(cells) if cell not in allowed}
        for position in np.flatnonzero(np.isin(places, list(meant))).tolist():
            cell, action = cells[places[position]], meant[places[position]]
            self.report(
                position, column, kind if cell else "missing_value", cell or NOTHING, expected or one_of(known), action
            )

    def unique(self, columns: list[str], kind: str, action: Text) -> None:
        """Report every row whose values of `columns` stood in an earlier row."""
        keys = pd.DataFrame({column: pd.factorize(self._stripped(column))[0] for column in columns})
        repeated = np.flatnonzero(keys.duplicated().to_numpy()).tolist()
        if not repeated:
            return
        first = pd.Series(self.rows).groupby([keys[name] for name in columns], sort=False).transform("first")
        for position in repeated:
            earlier = int(first.iloc[position])
            once = text(f"una sola riga; c'è già la riga {earlier}", f"one row only; row {earlier} has it already")
            found = ", ".join(str(self.table[column].iloc[position]).strip() for column in columns)
            self.report(position, columns[0] if len(columns) == 1 else "", kind, found, once, action)

    def one_filled(self, columns: list[str], where: NDArray[np.bool_], expected: Text, action: Text) -> None:
        """Report the rows of `where`, shape (records,), in which every one of `columns` is empty, at the first of them."""
        empty = np.all([self._stripped(column) == "" for column in columns], axis=0)
        for position in np.flatnonzero(empty & where).tolist():
            self.report(position, columns[0], "missing_value", NOTHING, expected, action)

    def visible(self, but: Collection[str] = ()) -> None:
        """Report invisible characters in the columns, `but` those told elsewhere, and in no cell that was reported already."""
        told = {(finding.row, finding.column) for finding in self.findings.items if finding.file == self.file}
        for column in [name for name in self.table if name != ROW and name not in but]:
            places, cells = pd.factorize(self._stripped(column))
            hidden = [place for place, cell in enumerate(cells) if INVISIBLE.search(cell)]
            for position in np.flatnonzero(np.isin(places, hidden)).tolist():
                if (int(self.rows[position]), column) not in told:
                    cell = cells[places[position]]
                    self.report(position, column, "control_character", cell, EXPECTED_VISIBLE, WRITE_AGAIN)

    def _stripped(self, column: str) -> pd.Series:
        return self.table[column].str.strip()

    @cached_property
    def rows(self) -> np.ndarray[Any, np.dtype[np.int64]]:
        """The row of each record, as a spreadsheet counts, shape (records,)."""
        return self.table[ROW].to_numpy()

    @cached_property
    def _children(self) -> list[str]:
        return self._stripped("participant").tolist() if "participant" in self.table else [""] * len(self.table)

    @cached_property
    def _questions(self) -> list[Text | None]:
        items = self._stripped("item") if "item" in self.table else [""] * len(self.table)
        return [self.findings.questions.get(item) for item in items]

    def report(
        self, position: int, column: str, kind: str, found: str, expected: Text, action: Text, level: Level = "error"
    ) -> None:
        """Keep one more finding, about the cell of `column` in the record at `position`."""
        question = self._questions[position] if column in ("value", "") else None
        row, child = int(self.rows[position]), self._children[position]
        self.findings.add(
            Finding(level, kind, self.file, found, expected, action, row, column, child, question=question)
        )


_FAILED = object()


def _attempt(parse: Callable[[str], Any], cell: str) -> Any:
    try:
        return parse(cell)
    except ValueError:
        return _FAILED


def has_digit(name: str) -> bool:
    """Tell whether a code holds a digit: one that does not may be somebody's name."""
    return any(character.isdigit() for character in name)


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


def _raise(cell: str) -> Any:
    raise ValueError(cell)


EXPECTED_NUMBER = text("un numero con il punto decimale", "a number with a decimal point")
EXPECTED_YES = text("yes oppure no", "yes or no")
EXPECTED_CODE = text("un codice", "a code")
