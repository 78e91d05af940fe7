"""Complete answer sheets, and the refusal when there are too few to say anything."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from evaluation.language import Text, text

Array = NDArray[np.float64]
FEWEST = 3  # complete sheets: with two, every correlation is -1, 0 or 1


class NoMeasure(Exception):
    """The answers do not determine the statistic; `reason` says why, in both languages."""

    def __init__(self, it: str, en: str):
        self.reason: Text = text(it, en)
        super().__init__(en)


def complete_rows(table: Array, columns: int = 2) -> Array:
    """Return the rows of `table` (children x items or raters, NaN missing) without a missing value.

    Raises
    ------
    NoMeasure : fewer than `columns` columns, or fewer than three complete rows.
    """
    if table.shape[1] < columns:
        raise NoMeasure(
            f"servono almeno {columns} colonne di risposte, ce ne sono {table.shape[1]}",
            f"at least {columns} columns of answers are needed, there are {table.shape[1]}",
        )
    rows = table[~np.isnan(table).any(axis=1)]
    if len(rows) < FEWEST:
        raise NoMeasure(
            f"servono almeno {FEWEST} ragazzi con tutte le risposte, ce ne sono {len(rows)}",
            f"at least {FEWEST} children with every answer are needed, there are {len(rows)}",
        )
    return rows


def varies(values: Array) -> NDArray[np.bool_]:
    """Whether each column takes more than one value: exact, where a variance would leave a rounding error."""
    return np.asarray(values.max(axis=0) > values.min(axis=0))
