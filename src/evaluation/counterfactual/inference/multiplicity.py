"""Many outcomes at once: adjusted p-values, and how many findings survive."""

from __future__ import annotations

import numpy as np
from scipy import stats

from evaluation.counterfactual.inference.permutation import permutation_p
from evaluation.counterfactual.sample import Array, NoEstimate

GRID = np.arange(1, 1001) / 1000  # the levels at which sharpened q-values are sought (Anderson 2008)


def romano_wolf(observed: Array, permuted: Array, exact: bool) -> Array:
    """Adjusted p-values that control the chance of any false finding: step-down from the largest |t|.

    Each |t| is compared with the largest |t*| among itself and all smaller ones, so that the dependence of the outcomes
    is kept, and no adjusted p is below the raw p of the same draws or below that of a larger |t|.

    Parameters
    ----------
    observed : shape (m,). permuted : shape (B, m), each row one common draw. exact : these are all the draws there are.

    References
    ----------
    Westfall & Young (1993), algorithm 4.1; Romano & Wolf (2005, 2016).
    """
    order = np.argsort(np.abs(observed))
    largest = np.maximum.accumulate(np.abs(permuted[:, order]), axis=1)  # column j: of the j + 1 smallest outcomes
    p = [permutation_p(t, column, exact) for t, column in zip(observed[order], largest.T, strict=True)]
    return _unsort(np.maximum.accumulate(p[::-1])[::-1], order)


def bonferroni(p: Array) -> Array:
    """Adjusted p-values, shape (m,): each times their number."""
    return np.minimum(_family(p) * len(p), 1)


def holm(p: Array) -> Array:
    """Adjusted p-values, shape (m,): Bonferroni stepping down (Holm 1979)."""
    order = np.argsort(_family(p))
    return _unsort(np.minimum(np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1)), 1), order)


def benjamini_hochberg(p: Array) -> Array:
    """Adjusted p-values, shape (m,), that control the expected share of false findings (Benjamini & Hochberg 1995)."""
    return np.asarray(stats.false_discovery_control(_family(p)))


def two_stage(p: Array, level: float) -> Array:
    """Whether each is found, bool, shape (m,), by the two-stage procedure of Benjamini, Krieger & Yekutieli (2006)."""
    return _ranks(p) <= _two_stage_count(_family(p), np.array([level]))


def sharpened_q(p: Array) -> Array:
    """Smallest level, on a grid of .001, at which the two-stage procedure finds each, 1 if none; shape (m,).

    References
    ----------
    Anderson (2008), Journal of the American Statistical Association 103: sharpened q-values.
    """
    found = _ranks(p)[:, None] <= _two_stage_count(_family(p), GRID)
    return np.where(found, GRID, 1.0).min(axis=1)


def _two_stage_count(p: Array, levels: Array) -> Array:
    first = levels / (1 + levels)
    true_nulls = len(p) - _step_up_count(p, first)
    return _step_up_count(p, first * len(p) / np.maximum(true_nulls, 1))


def _step_up_count(p: Array, levels: Array) -> Array:
    """How many Benjamini-Hochberg finds at each level."""
    rank = np.arange(1, len(p) + 1)
    return np.where(np.sort(p) <= levels[:, None] * rank / len(p), rank, 0).max(axis=1, initial=0)


def _ranks(p: Array) -> Array:
    return np.argsort(np.argsort(p, kind="stable"), kind="stable") + 1


def _family(p: Array) -> Array:
    if np.isnan(p).any():
        raise NoEstimate("un esito della famiglia non ha una p", "an outcome of the family has no p")
    return p


def _unsort(values: Array, order: Array) -> Array:
    back = np.empty_like(values)
    back[order] = values
    return back
