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
