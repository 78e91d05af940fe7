"""The samples behind published numbers: two about one thing that differ by a few children give those few back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import combinations
from typing import Literal

import numpy as np
import pandas as pd

from evaluation.publishing.disclosure.cells import SUPPRESSED

Reason = Literal["few", "near", "trimmed", "alike", "parts", "inferable"]


@dataclass(frozen=True)
class Published:
    """Numbers of one row, and the children they rest on.

    row : what identifies the row, column -> cell. columns : the numbers; empty for all of the row that are not names or
    design counts. about : what is measured; only samples about one same thing can be subtracted. groups : the children,
    a set a centre, or one set where the centres are pooled. interest : the higher goes first when two collide.
    """

    table: str
    row: tuple[tuple[str, str], ...]
    columns: tuple[str, ...]
    about: frozenset[str]
    groups: tuple[frozenset[str], ...]
    interest: int


@dataclass(frozen=True)
class Withheld:
    """Numbers of one row that are withheld, or left with so many `decimals`, and why."""

    table: str
    row: tuple[tuple[str, str], ...]
    columns: tuple[str, ...]
    reason: Reason
    decimals: int | None = None


def near(one: Published, other: Published, minimum: int) -> bool:
    """Tell whether two samples about one thing differ by 1 to `minimum` - 1 children, in a centre or in all."""
    if not one.about & other.about:
        return False
    pairs = zip(one.groups, other.groups, strict=True) if len(one.groups) == len(other.groups) else ()
    apart = [len(a ^ b) for a, b in pairs] or [len(frozenset().union(*one.groups) ^ frozenset().union(*other.groups))]
    return any(0 < few < minimum for few in apart)


def near_pairs(samples: Iterable[Published], minimum: int) -> Iterator[tuple[Published, Published]]:
    """Return every pair of published samples that would give a few children back, by subtraction."""
    yield from (pair for pair in combinations(samples, 2) if near(*pair, minimum))


def withhold_near(samples: Iterable[Published], minimum: int) -> list[Withheld]:
    """Withhold what rests on too few children, and of two samples that are near the one of smaller interest."""
    kept: list[Published] = []
    withheld = []
    for sample in sorted(samples, key=lambda one: -one.interest):
        reason: Reason | None = None
        if any(0 < len(group) < minimum for group in sample.groups):
            reason = "few"
        elif any(near(sample, other, minimum) for other in kept):
            reason = "near"
        if reason is None:
            kept.append(sample)
        else:
            withheld.append(Withheld(sample.table, sample.row, sample.columns, reason))
    return withheld


def apply(table: pd.DataFrame, withheld: Iterable[Withheld], keep: tuple[str, ...]) -> pd.DataFrame:
    """Return the table with those numbers withheld or rounded; `keep` names the columns that a whole row leaves."""
    derived = [column for column in table.columns if column not in keep]
    shown = table.astype(dict.fromkeys(table.columns, object))
    for one in sorted(withheld, key=lambda one: one.decimals is None):  # what is withheld stays withheld
        rows = pd.Series(True, index=table.index)
        for column, cell in one.row:
            rows &= table[column] == cell
        columns = list(one.columns) or derived
        told = SUPPRESSED if one.decimals is None else shown.loc[rows, columns].map(rounded, decimals=one.decimals)
        shown.loc[rows, columns] = told
    return shown


COARSEST = 0.25  # of the range: a coarser step says nothing


def decimals_left(children: int, width: float, reach: float) -> int | None:
    """Return how many decimals leave a sum of so many children open by `width` to both sides; None: not even the coarsest.

    width : in the unit of the number, as the range `reach` of one child's value is.
    """
    decimals = int(np.floor(np.log10(children / 2 / width) + 1e-9))
    return decimals if decimals >= fewest_decimals(reach) else None


def fewest_decimals(reach: float) -> int:
    """Return the decimals of the coarsest step that still says something of a value with this range."""
    return int(np.ceil(-np.log10(COARSEST * reach) - 1e-9))


def rounded(cell: object, decimals: int) -> object:
    """Round a cell that is a number."""
    return round(cell, decimals) if isinstance(cell, float) else cell
