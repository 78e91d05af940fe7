"""Reliability: how far the items of a scale speak with one voice."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from evaluation.measurement.complete import Array, varies


@dataclass(frozen=True)
class Alpha:
    """Cronbach's alpha of `n` complete answer sheets on `items` items, with Feldt's interval; NaN where undefined.

    constant : positions of the items left out because they do not vary.
    """

    alpha: float
    low: float
    high: float
    n: int
    items: int
    constant: tuple[int, ...] = ()


def varying(items: Array) -> NDArray[np.bool_]:
    """Tell which items, shape (children, items), vary: among their answers, and among the sheets complete on those that do.

    An item that does not vary tells no child from another, and alpha, whose factor counts the items, would fall by it.
    """
    kept = np.array([len(np.unique(given[~np.isnan(given)])) > 1 for given in items.T], dtype=bool)
    complete = items[~np.isnan(items[:, kept]).any(axis=1)]
    if len(complete) > 1:
        kept[kept] = varies(complete[:, kept])
    return kept


def cronbach_alpha(items: Array, level: float = 0.95) -> Alpha:
    """Cronbach's alpha from the complete rows (listwise) of the items that vary, as R's psych.

    Parameters
    ----------
    items : shape (children, items); NaN is a missing answer.
    level : coverage of the interval of Feldt (1965): (1 - alpha) ratios follow F with n - 1 and (n - 1)(k - 1) df.

    References
    ----------
    Cronbach (1951), eq. 2; Feldt, Woodruff & Salih (1987).
    """
    kept = varying(items)
    constant = tuple(np.flatnonzero(~kept).tolist())
    complete = items[:, kept][~np.isnan(items[:, kept]).any(axis=1)]
    n, k = complete.shape
    total = complete.sum(axis=1).var(ddof=1) if n > 1 else 0.0
    if n < 3 or k < 2 or total <= 0:
        return Alpha(np.nan, np.nan, np.nan, n, k, constant)
    alpha = k / (k - 1) * (1 - complete.var(axis=0, ddof=1).sum() / total)
    tail, df1, df2 = (1 - level) / 2, n - 1, (n - 1) * (k - 1)
    low, high = (1 - (1 - alpha) * stats.f.ppf(q, df1, df2) for q in (1 - tail, tail))
    return Alpha(float(alpha), float(low), float(high), n, k, constant)
