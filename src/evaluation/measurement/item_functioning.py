"""Differential item functioning: whether children with the same score answer an item alike in both centres."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special, stats

from evaluation.measurement.complete import Array, NoMeasure, varies

ITERATIONS = 50
CONVERGED = 1e-10  # Newton decrement, in units of the log-likelihood
FLAT = 1e-6  # smallest information a child, predictors at unit SD; near zero the estimate is infinite


@dataclass(frozen=True)
class Step:
    """What a model gains over a smaller one: likelihood-ratio chi2 with df, p, and the change in two pseudo R2."""

    chi2: float
    df: int
    p_value: float
    nagelkerke: float
    mcfadden: float


@dataclass(frozen=True)
class ItemFunctioning:
    """The screening of one item.

    uniform : centre beyond score. non_uniform : centre x score beyond both. total : both together, beyond score.
    log_odds : of a higher answer in the treated centre at the same score (uniform model).
    categories : the answers, those merged for want of children side by side.
    """

    uniform: Step
    non_uniform: Step
    total: Step
    log_odds: float
    categories: tuple[tuple[float, ...], ...]
    n_treated: int
    n_comparison: int


@dataclass(frozen=True)
class OrdinalFit:
    """Proportional-odds model: its log-likelihood, that of the thresholds alone, and the slopes."""

    log_likelihood: float
    null: float
    slopes: Array


def screen_item(answers: Array, score: Array, treated: NDArray[np.bool_], minimum_cell: int = 5) -> ItemFunctioning:
    """Screen one item for differential functioning by centre, by ordinal logistic regression.

    Parameters
    ----------
    answers, score : shape (children,), the item and the score that children are matched on; NaN is missing.
    treated : shape (children,). minimum_cell : fewest children a centre for each category; rarer ones are merged with
        their rarer neighbour.

    Raises
    ------
    NoMeasure : a centre without answers, fewer than two categories once rare ones are merged, a constant score, or a
        model without a finite estimate.

    Notes
    -----
    A screening, not a verdict: with forty children a centre a marked difference is found little more than every other
    time, and of many items some are flagged by chance.

    References
    ----------
    Zumbo (1999), ordinal logistic regression for DIF; Choi, Gibbons & Crane (2011), rare categories merged.
    """
    known = ~np.isnan(answers) & ~np.isnan(score)
    y, s, g = answers[known], score[known], treated[known]
    n_treated, n_comparison = int(g.sum()), int((~g).sum())
    if not n_treated or not n_comparison:
        raise NoMeasure("un centro non ha risposte", "a centre has no answers")
    if not varies(s):
        raise NoMeasure("il punteggio non varia fra i ragazzi", "the score does not vary between children")
    categories = merge_rare(y, g, minimum_cell)
    category = np.searchsorted([merged[0] for merged in categories], y, side="right") - 1
    s, centre = (s - s.mean()) / s.std(), g - g.mean()
    columns = (s, centre, s * centre)
    matched, uniform, full = (proportional_odds(category, np.column_stack(columns[:count])) for count in (1, 2, 3))
    return ItemFunctioning(
        _step(matched, uniform, 1, len(y)), _step(uniform, full, 1, len(y)), _step(matched, full, 2, len(y)),
        float(uniform.slopes[1]), categories, n_treated, n_comparison,
    )  # fmt: skip


def merge_rare(answers: Array, treated: NDArray[np.bool_], minimum_cell: int) -> tuple[tuple[float, ...], ...]:
    """Merge neighbouring answers until each category holds `minimum_cell` children of each centre.

    Returns the categories in order, each with its answers; NoMeasure where fewer than two remain.
    """
    values = np.unique(answers)
    categories: list[tuple[float, ...]] = [(float(value),) for value in values]
    counts = [[int(np.sum((answers == value) & (treated == side))) for side in (True, False)] for value in values]
    while len(categories) > 1 and min(map(min, counts)) < minimum_cell:
        rare = min(range(len(counts)), key=lambda c: min(counts[c]))
        neighbours = [c for c in (rare - 1, rare + 1) if 0 <= c < len(counts)]
        first = min(rare, min(neighbours, key=lambda c: min(counts[c])))
        counts[first : first + 2] = [[a + b for a, b in zip(*counts[first : first + 2], strict=True)]]
        categories[first : first + 2] = [categories[first] + categories[first + 1]]
    if len(categories) < 2:
        raise NoMeasure(
            f"non restano due categorie di risposta con almeno {minimum_cell} ragazzi per centro",
            f"fewer than two categories of answers with at least {minimum_cell} children a centre remain",
        )
    return tuple(categories)


def proportional_odds(category: NDArray[np.int_], predictors: Array) -> OrdinalFit:
    """Fit logit P(Y <= j) = threshold_j - predictors @ slopes by Newton's method.

    Parameters
    ----------
    category : shape (n,), 0 to the number of categories less one, each occurring. predictors : shape (n, p), centred,
        of about unit SD.

    Raises
    ------
    NoMeasure : collinear predictors, or predictors that separate the categories: the estimate is not finite.

    Notes
    -----
    The log-likelihood is concave (Pratt 1981): a step halved until it climbs ends at the only maximum.

    References
    ----------
    McCullagh (1980).
    """
    above, below, start = _bounds(category, predictors)
    theta, (value, score, information) = start, _derivatives(start, above, below)
    null = value
    for _ in range(ITERATIONS):
        if np.linalg.eigvalsh(information)[0] < FLAT * len(category):
            break
        step = np.linalg.solve(information, score)
        if score @ step < CONVERGED:
            return OrdinalFit(value, null, theta[-predictors.shape[1] :])
        while _log_likelihood(theta + step, above, below) < value:
            step = step / 2
        theta = theta + step
        value, score, information = _derivatives(theta, above, below)
    raise NoMeasure(
        "il punteggio o il centro separano le risposte: il modello non ha una stima finita",
        "the score or the centre separates the answers: the model has no finite estimate",
    )


@dataclass(frozen=True)
class _Bound:
    """One side of each child's category: its linear predictor; `end` is infinite where there is no threshold, or 0."""

    design: Array
    end: Array

    def probability(self, theta: Array) -> Array:
        return np.asarray(special.expit(self.design @ theta + self.end))


def _bounds(category: NDArray[np.int_], predictors: Array) -> tuple[_Bound, _Bound, Array]:
    """The upper and the lower bound of each child's category; thresholds of the null model with zero slopes."""
    thresholds = np.arange(category.max())
    sides = []
    for position, open_end in ((category, np.inf), (category - 1, -np.inf)):
        indicator = (position[:, None] == thresholds).astype(float)
        closed = indicator.any(axis=1)
        design = np.column_stack([indicator, -predictors * closed[:, None]])
        sides.append(_Bound(design, np.where(closed, 0.0, open_end)))
    shares = np.cumsum(np.bincount(category))[:-1] / len(category)
    return sides[0], sides[1], np.concatenate([special.logit(shares), np.zeros(predictors.shape[1])])


def _log_likelihood(theta: Array, above: _Bound, below: _Bound) -> float:
    probability = above.probability(theta) - below.probability(theta)
    return float(np.log(probability).sum()) if probability.min() > 0 else -np.inf


def _derivatives(theta: Array, above: _Bound, below: _Bound) -> tuple[float, Array, Array]:
    """Log-likelihood, score and observed information at `theta`."""
    upper, lower = above.probability(theta), below.probability(theta)
    probability = upper - lower
    density = [(side * (1 - side) / probability)[:, None] for side in (upper, lower)]
    scores = density[0] * above.design - density[1] * below.design
    curvature = above.design.T @ (density[0] * (1 - 2 * upper)[:, None] * above.design)
    curvature -= below.design.T @ (density[1] * (1 - 2 * lower)[:, None] * below.design)
    return float(np.log(probability).sum()), scores.sum(axis=0), scores.T @ scores - curvature


def _step(small: OrdinalFit, large: OrdinalFit, df: int, n: int) -> Step:
    gain = max(large.log_likelihood - small.log_likelihood, 0.0)
    before, after = (-np.expm1(2 * (fit.null - fit.log_likelihood) / n) for fit in (small, large))
    nagelkerke = (after - before) / -np.expm1(2 * small.null / n)
    return Step(2 * gain, df, float(stats.chi2.sf(2 * gain, df)), float(nagelkerke), gain / -small.null)
