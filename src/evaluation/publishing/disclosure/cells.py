"""The rules of one cell: too few children, a share of too few, answers all alike, a sum that one child dominates."""

from __future__ import annotations

import numpy as np
import pandas as pd

SUPPRESSED = "suppressed"
CONTRIBUTION = 0.1  # of the largest value: closer than this nobody may come to it (p per cent rule, p = 10)

Array = np.ndarray


def suppress(table: pd.DataFrame, counts: tuple[str, ...], keep: tuple[str, ...], minimum: int) -> pd.DataFrame:
    """Replace every number of a row by `suppressed` where one of its counts is between 1 and `minimum` - 1.

    Parameters
    ----------
    counts : columns that say how many children a row rests on. keep : columns that stay (names, and design counts).
    """
    if not counts:
        return table
    small = ((table[list(counts)] > 0) & (table[list(counts)] < minimum)).any(axis=1)
    derived = [column for column in table.columns if column not in keep]
    shown = table.astype(dict.fromkeys(derived, object))
    shown.loc[small, derived] = SUPPRESSED
    return shown


def suppress_shares(table: pd.DataFrame, shares: tuple[str, ...], count: str, minimum: int) -> pd.DataFrame:
    """Replace a share by `suppressed` where fewer than `minimum` children, but not none, make it up, or all but so few.

    Parameters
    ----------
    shares : columns with shares between 0 and 1 of the children in column `count`.
    """
    shown = table.astype(dict.fromkeys(shares, object))
    for column in shares:
        part = (table[column] * table[count]).round()
        few = ((part > 0) & (part < minimum)) | ((table[count] - part < minimum) & (part > 0))
        shown.loc[few, column] = SUPPRESSED
    return shown


def suppress_rare(table: pd.DataFrame, means: dict[str, str], keep: tuple[str, ...], minimum: int) -> pd.DataFrame:
    """Withhold the numbers of a 0/1 covariate that fewer than `minimum` children of a centre have, or lack.

    Parameters
    ----------
    means : column of a mean -> column of its count of children. Rows of covariates whose means all lie between 0 and 1
        are taken for shares: a mean times its count would give the children back.
    """
    shown = table.astype({column: object for column in table.columns if column not in keep})
    rows = pd.Series(table["kind"] == "covariate")
    few = pd.Series(False, index=table.index)
    for mean, count in means.items():
        rows &= table[mean].between(0, 1)
        have = (table[mean] * table[count]).round()
        few |= ((have > 0) & (have < minimum)) | ((table[count] - have > 0) & (table[count] - have < minimum))
    shown.loc[rows & few, [column for column in table.columns if column not in keep]] = SUPPRESSED
    return shown


def alike(values: Array, minimum: int) -> bool:
    """Tell whether all gave one same value, or all but fewer than `minimum`: a mean would tell what each of them gave.

    values : shape (n,); NaN is no value. The many who agree are themselves at least `minimum`, or everybody.
    """
    known = values[~np.isnan(values)]
    if not len(known):
        return False
    most = int(np.unique(known, return_counts=True)[1].max())
    return most == len(known) or (most >= minimum and len(known) - most < minimum)


def close(scores: Array, ends: tuple[float, float], items: int, width: float) -> bool:
    """Tell whether mean and SD of some scores tell an answer of each child to within `width`.

    scores : shape (n,), each the mean of `items` answers between the two `ends`. One score can be no farther from the mean
    than SD (n - 1) / sqrt(n), which leaves all others alike, nor so far that others would have to lie beyond an end.
    """
    n, (low, high) = len(scores), ends
    if n < 2:
        return False
    mean, reach = float(scores.mean()), float(scores.std(ddof=1)) * (n - 1) / np.sqrt(n)
    least = max(low, mean - reach, n * mean - (n - 1) * high)
    most = min(high, mean + reach, n * mean - (n - 1) * low)
    return min(high, items * most - (items - 1) * low) - max(low, items * least - (items - 1) * high) < width


def rare(values: Array, minimum: int) -> bool:
    """Tell whether the values are two, and one of them belongs to fewer than `minimum` children: a mean is then a count."""
    counts = np.unique(values[~np.isnan(values)], return_counts=True)[1]
    return len(counts) == 2 and int(counts.min()) < minimum


def dominated(values: Array) -> bool:
    """Tell whether the second largest contributor could work out the largest from the sum, to within a tenth of it.

    The p per cent rule for magnitudes such as hours: what all but the two largest contribute must be at least a tenth of
    the largest (Hundepool et al. 2012, Statistical Disclosure Control, section 4.2).
    """
    ordered = np.sort(np.abs(values[~np.isnan(values)]))[::-1]
    return len(ordered) > 0 and bool(ordered[2:].sum() < CONTRIBUTION * ordered[0])
