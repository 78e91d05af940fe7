"""Nothing published may reveal a child: numbers about too few children are withheld with all that derives from them."""

from __future__ import annotations

import pandas as pd

SUPPRESSED = "suppressed"


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
