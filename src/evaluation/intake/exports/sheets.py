"""An export as a table of text whose rows and columns are those that a spreadsheet shows."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from evaluation.language import Text, text
from evaluation.study.findings import Finding, Level, StudyDefects, Words, column_letters

Cell = str | None  # None: nothing stands there; "": an empty text
Row = list[Cell]


class Exact(str):
    """A number that a workbook or SPSS stored as one: its point is the mark of decimals, whatever else is declared."""

    __slots__ = ()


class NoValue(str):
    """A cell that shows something and holds no answer: an error value, or "" for a formula that was never computed."""

    __slots__ = ()


MAXIMUM_BYTES = 100_000_000
MAXIMUM_COLUMNS = 1_000
MAXIMUM_CELLS = 5_000_000
Source = Literal["text", "workbook", "spss"]
EXPORT_AGAIN = text("Esportare di nuovo dallo strumento.", "Export it from the tool again.")
SPLIT = text("Dividere il file.", "Split the file.")


@dataclass(frozen=True)
class Sheet:
    """One table of an export. `rows[k]` is row `first + k` as a spreadsheet counts; `labels` are SPSS's variable labels.

    hidden: a spreadsheet does not show it.
    """

    file: str
    rows: list[Row]
    name: str = ""
    source: Source = "text"
    delimiter: str = ""
    quoted: bool = False  # the header's first cell stands in quotes: a bare empty cell then means something
    labels: tuple[str, ...] = ()
    first: int = 1
    hidden: bool = False

    def finding(
        self, level: Level, kind: str, found: str, expected: Text, action: Text, *, row: int | None = None,
        column: int | None = None, header: str = "", child: str = "", question: Text | None = None,
    ) -> Finding:  # fmt: skip
        """Return a finding at a place of this table; `row` counts from 0 in `rows`, `column` from 0."""
        number = None if row is None else row + self.first
        cell = "" if column is None or number is None or number < 1 else f"{column_letters(column)}{number}"
        return Finding(
            level, kind, self.file, found, expected, action, number, header, child, self.name, cell, question
        )


def refused(
    file: str, kind: str, found: str, expected: Text, action: Text = EXPORT_AGAIN, **place: int
) -> StudyDefects:
    """Return the error of a file that cannot be read; `place` may give `row`."""
    return StudyDefects([Finding("error", kind, file, found, expected, action, row=place.get("row"))])


def must_be_bounded(file: str, rows: int, columns: int) -> None:
    """Refuse a table of more columns or cells than any questionnaire has."""
    if columns > MAXIMUM_COLUMNS:
        few = text(f"al più {MAXIMUM_COLUMNS} colonne", f"{MAXIMUM_COLUMNS} columns at most")
        seen = Words(f"{columns} colonne", f"{columns} columns")
        raise refused(file, "columns", seen, few, text("Togliere colonne.", "Remove columns."))
    if rows * columns > MAXIMUM_CELLS:
        few = text(f"al più {MAXIMUM_CELLS} celle", f"{MAXIMUM_CELLS} cells at most")
        seen = Words(f"{rows} righe x {columns} colonne", f"{rows} rows x {columns} columns")
        raise refused(file, "cells", seen, few, SPLIT)


def content(path: Path) -> bytes:
    """Return the bytes of an export; StudyDefects where there is no file, or one too large."""
    expected = text("un file esportato da uno strumento di indagine", "a file exported by a survey tool")
    if not path.is_file():
        check = text("Controllare il nome.", "Check the name.")
        raise refused(path.name, "missing_file", Words("nessun file", "no file"), expected, check)
    size = path.stat().st_size
    if size > MAXIMUM_BYTES:
        limit = text(f"al più {MAXIMUM_BYTES // 1_000_000} MB", f"{MAXIMUM_BYTES // 1_000_000} MB at most")
        raise refused(
            path.name,
            "size",
            Words(f"{size} byte", f"{size} bytes"),
            limit,
            text("Dividere il file.", "Split the file."),
        )
    raw = path.read_bytes()
    if not raw.strip():
        raise refused(path.name, "empty_file", Words("un file vuoto", "an empty file"), expected)
    return raw
