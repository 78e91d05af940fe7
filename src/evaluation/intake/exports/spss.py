"""SPSS .sav exports, read with pyreadstat where it is installed (extra `spss`)."""

from __future__ import annotations

import datetime as dt
import math
from pathlib import Path
from typing import Any

from evaluation.errors import UserError
from evaluation.intake.exports.sheets import MAXIMUM_CELLS, Cell, NoValue, Row, Sheet, must_be_bounded, refused
from evaluation.intake.exports.workbooks import MAXIMUM_UNPACKED, cell_text
from evaluation.language import text

MAGIC = (b"$FL2", b"$FL3")
FIRST_DAY = dt.datetime(1582, 10, 14)  # from which SPSS counts seconds
MOMENTS = ("DATE", "ADATE", "EDATE", "SDATE", "JDATE", "YMDHMS", "TIME")
SAV = text("un file SPSS .sav", "an SPSS .sav file")


def read_spss(path: Path) -> Sheet:
    """Read the cases as codes, in text; a value declared missing is an empty cell. Row 1 is the first case, as in SPSS."""
    try:
        import pyreadstat
    except ImportError:
        raise UserError(
            text(
                f"{path.name}: per leggere i file SPSS manca pyreadstat. Installare l'extra spss.",
                f"{path.name}: reading SPSS files needs pyreadstat. Install the extra spss.",
            )
        ) from None
    try:
        _, described = pyreadstat.read_sav(str(path), metadataonly=True)
        must_be_bounded(path.name, described.number_rows or 0, described.number_columns or 0)
        width = sum(max(width, 8) for width in described.variable_storage_width.values())
        limit = MAXIMUM_UNPACKED // max(width, 1)  # the file may say less than it holds
        columns, described = pyreadstat.read_sav(
            str(path), user_missing=True, output_format="dict", row_limit=limit + 1, disable_datetime_conversion=True
        )
    except (pyreadstat.ReadstatError, UnicodeDecodeError, OverflowError, ValueError) as error:
        raise refused(path.name, "spss", type(error).__name__, SAV) from None
    if columns and len(next(iter(columns.values()))) > limit:
        must_be_bounded(path.name, MAXIMUM_CELLS, 2)
    names = list(described.column_names)
    ranges = described.missing_ranges
    kinds = described.original_variable_types
    data = [[_cell(value, ranges.get(name, ()), kinds.get(name) or "") for value in columns[name]] for name in names]
    rows: list[Row] = [list(names), *(list(case) for case in zip(*data, strict=True))]
    labels = tuple(label or name for label, name in zip(described.column_labels, names, strict=True))
    return Sheet(path.name, rows, source="spss", labels=labels, first=0)


def _cell(value: Any, missing: Any, kind: str) -> Cell:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return None
    for gap in missing:
        low, high = gap["lo"], gap["hi"]
        if isinstance(value, type(low)) and low <= value <= high:
            return None
    if isinstance(value, float) and kind.startswith(MOMENTS):
        return _moment(value, kind)
    return cell_text(value.rstrip() if isinstance(value, str) else value)


def _moment(seconds: float, kind: str) -> Cell:
    """Return a date, time or both as text; a day that no calendar here reaches is no value."""
    try:
        at = FIRST_DAY + dt.timedelta(seconds=round(seconds, 3))
    except OverflowError:
        return NoValue(f"{seconds:.15g} s")
    if kind.startswith("TIME"):
        return str(at.time()) if at.date() == FIRST_DAY.date() else cell_text(seconds)
    return cell_text(at) if kind.startswith(("DATETIME", "YMDHMS")) else str(at.date())
