"""Published tables: tidy CSV with twelve significant digits, harmless in a spreadsheet, read back as text."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from evaluation.citation import cell, parsed
from evaluation.study.spreadsheets import harmless

DIGITS = 12  # beyond this, builds of the linear-algebra library differ


def published(value: object) -> str:
    """Write one cell: numbers with twelve significant digits, nothing for a missing one, text that starts no formula."""
    if isinstance(value, bool | np.bool_):
        return "yes" if value else "no"
    if isinstance(value, int | np.integer):
        return str(int(value))
    if isinstance(value, float | np.floating):
        return "" if np.isnan(value) else format(float(value) + 0.0, f".{DIGITS}g")
    shown = "" if value is None or value is pd.NA or value is pd.NaT else str(value)
    return (
        guarded(shown).replace("\r\n", "\n").replace("\r", "\n")
    )  # the writer quotes LF only: a CR would begin a new row


def guarded(shown: str) -> str:
    """Return a text that a spreadsheet takes for no formula; a number, negative ones included, stays a number."""
    return shown if _is_number(shown) else harmless(shown)


def as_text(table: pd.DataFrame) -> str:
    """Return a table as CSV with LF line ends."""
    return str(_shown(table).to_csv(index=False, lineterminator="\n"))


def write_table(table: pd.DataFrame, path: Path) -> None:
    """Write a table as UTF-8 CSV with LF line ends."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(as_text(table), encoding="utf-8")


def read_published(path: Path) -> pd.DataFrame:
    """Read a published table as text that knows its cell: what is printed in a report is what stands in the file."""
    return _placed(pd.read_csv(path, dtype=str, keep_default_na=False), path.name)


def as_published(table: pd.DataFrame, file: str) -> pd.DataFrame:
    """Return a table as `read_published` would, had it been written."""
    return _placed(_shown(table), file)


def _shown(table: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame({column: [published(cell) for cell in table[column]] for column in table}, dtype=object)


def _placed(table: pd.DataFrame, file: str) -> pd.DataFrame:
    placed = table.astype(object)
    for column in placed:
        placed[column] = [cell(text, file, row, str(column)) for row, text in enumerate(placed[column], start=2)]
    return placed


def to_number(text: str) -> float:
    """Return a published cell as a number: NaN where it is empty or withheld."""
    return parsed(text) if _is_number(text) else float("nan")


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
