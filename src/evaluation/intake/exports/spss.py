"""SPSS .sav exports, read with pyreadstat where it is installed (extra `spss`)."""

from __future__ import annotations

import datetime as dt
import math
from pathlib import Path
from typing import Any

from evaluation.errors import UserError
from evaluation.intake.exports.sheets import MAXIMUM_CELLS, Cell, Row, Sheet, must_be_bounded, refused
from evaluation.intake.exports.workbooks import MAXIMUM_UNPACKED, cell_text
from evaluation.language import text

MAGIC = (b"$FL2", b"$FL3")
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
            str(path), user_missing=True, output_format="dict", row_limit=limit + 1
        )
    except (pyreadstat.ReadstatError, UnicodeDecodeError, OverflowError, ValueError) as error:
        raise refused(path.name, "spss", type(error).__name__, SAV) from None
    if columns and len(next(iter(columns.values()))) > limit:
        must_be_bounded(path.name, MAXIMUM_CELLS, 2)
    names = list(described.column_names)
    ranges = described.missing_ranges
    data = [[_cell(value, ranges.get(name, ())) for value in columns[name]] for name in names]
    rows: list[Row] = [list(names), *(list(case) for case in zip(*data, strict=True))]
    labels = tuple(label or name for label, name in zip(described.column_labels, names, strict=True))
    return Sheet(path.name, rows, source="spss", labels=labels, first=0)


def _cell(value: Any, missing: Any) -> Cell:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return None
    for gap in missing:
        low, high = gap["lo"], gap["hi"]
        if isinstance(value, type(low)) and low <= value <= high:
            return None
    if isinstance(value, dt.datetime | dt.date):
        return cell_text(value)
    return cell_text(value.rstrip() if isinstance(value, str) else value)
