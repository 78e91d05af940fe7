"""Agreement of raters: the six intraclass correlations of Shrout and Fleiss."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import stats

from evaluation.measurement.complete import Array, NoMeasure, complete_rows

ROUNDING = 1e-12  # a mean square below this share of the total is a rounding error


@dataclass(frozen=True)
class IntraclassCorrelation:
    """One form of the ICC, such as "ICC(2,1)", of `n` children seen by all `raters`, with its interval."""

    form: str
    icc: float
    low: float
    high: float
    n: int
    raters: int


@dataclass(frozen=True)
class MeanSquares:
    """Two-way analysis of variance of n children by k raters: between children, between raters, error, within."""

    children: float
    raters: float
    error: float
    within: float
    n: int
    k: int


def intraclass_correlations(ratings: Array, level: float = 0.95) -> tuple[IntraclassCorrelation, ...]:
    """Return ICC(1,1), (2,1), (3,1), (1,k), (2,k), (3,k) with their F intervals, from the children whom all rated.

    Parameters
    ----------
    ratings : shape (children, raters); NaN is a missing rating. level : coverage of the intervals.

    Returns
    -------
    Form 1: raters differ from child to child; 2: raters drawn from many; 3: these raters only, their severity aside.
    Second index 1: a single rating; k: the mean of all.

    Raises
    ------
    NoMeasure : one rater, fewer than three children, raters who differ by a constant at most (perfect agreement among
        them), or children who differ less than chance would make them.

    References
    ----------
    Shrout & Fleiss (1979); McGraw & Wong (1996).
    """
    squares = mean_squares(complete_rows(ratings))
    single = [_one_way(squares, level), _two_way_random(squares, level), _two_way_fixed(squares, level)]
    average = [tuple(_spearman_brown(value, squares.k) for value in values) for values in single]
    forms = [f"ICC({form},{index})" for index in "1k" for form in "123"]
    return tuple(
        IntraclassCorrelation(form, icc, low, high, squares.n, squares.k)
        for form, (icc, low, high) in zip(forms, [*single, *average], strict=True)
    )


def mean_squares(ratings: Array) -> MeanSquares:
    """Return the mean squares of complete ratings, shape (children, raters); NoMeasure where they allow no F ratio."""
    n, k = ratings.shape
    centred = ratings - ratings.mean()
    child, rater = centred.mean(axis=1), centred.mean(axis=0)
    residual = centred - child[:, None] - rater
    between, severity = k * float(child @ child) / (n - 1), n * float(rater @ rater) / (k - 1)
    leftover = float(np.sum(residual**2))
    error = leftover / ((n - 1) * (k - 1))
    if not error > ROUNDING * float(np.mean(centred**2)):
        raise NoMeasure(
            "i valutatori danno gli stessi voti, a meno di una costante: manca l'errore da cui nasce l'intervallo",
            "the raters give the same ratings, up to a constant: there is no error to build the interval from",
        )
    return MeanSquares(between, severity, error, (severity * (k - 1) + leftover) / (n * (k - 1)), n, k)


def _one_way(ms: MeanSquares, level: float) -> tuple[float, float, float]:
    return _fixed_form(ms.children / ms.within, ms.k, ms.n - 1, ms.n * (ms.k - 1), level)


def _two_way_fixed(ms: MeanSquares, level: float) -> tuple[float, float, float]:
    return _fixed_form(ms.children / ms.error, ms.k, ms.n - 1, (ms.n - 1) * (ms.k - 1), level)


def _fixed_form(ratio: float, k: int, df1: int, df2: int, level: float) -> tuple[float, float, float]:
    """(F - 1) / (F + k - 1) of the F ratio and of its limits."""
    upper = (1 + level) / 2
    limits = ratio, ratio / stats.f.ppf(upper, df1, df2), ratio * stats.f.ppf(upper, df2, df1)
    icc, low, high = ((float(f) - 1) / (float(f) + k - 1) for f in limits)
    return icc, low, high


def _two_way_random(ms: MeanSquares, level: float) -> tuple[float, float, float]:
    """ICC(2,1), its interval with the degrees of freedom of Satterthwaite."""
    n, k = ms.n, ms.k
    icc = (ms.children - ms.error) / (ms.children + (k - 1) * ms.error + k * (ms.raters - ms.error) / n)
    severity = k * icc * ms.raters / ms.error
    rest = n * (1 + (k - 1) * icc) - k * icc
    df = (k - 1) * (n - 1) * (severity + rest) ** 2 / ((n - 1) * severity**2 + rest**2)
    upper = (1 + level) / 2
    wide, narrow = float(stats.f.ppf(upper, n - 1, df)), float(stats.f.ppf(upper, df, n - 1))
    noise = k * ms.raters + (k * n - k - n) * ms.error
    low = n * (ms.children - wide * ms.error) / (wide * noise + n * ms.children)
    high = n * (narrow * ms.children - ms.error) / (noise + n * narrow * ms.children)
    return icc, low, high


def _spearman_brown(icc: float, k: int) -> float:
    """Reliability of the mean of k ratings from that of one."""
    spread = 1 + (k - 1) * icc
    if not spread > ROUNDING:
        raise NoMeasure(
            "le medie dei ragazzi differiscono meno di quanto farebbe il caso",
            "the children's means differ less than chance would make them",
        )
    return k * icc / spread
