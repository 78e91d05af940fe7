"""The estimators of a design without covariates, in closed form for many simulated studies at once.

Each equals the package's own estimator on every study; a test holds them together.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import stats

from evaluation.counterfactual.inference.permutation import BLOCK, TIE, assignments, welch_t
from evaluation.counterfactual.sample import Array


@dataclass(frozen=True)
class Scores:
    """Scores of S simulated studies of n children, shape (S, n) each; the first `n_treated` attend the treated centre."""

    baseline: Array
    follow_up: Array
    n_treated: int

    @property
    def change(self) -> Array:
        """Follow-up minus baseline."""
        return self.follow_up - self.baseline


@dataclass(frozen=True)
class Fits:
    """Estimates, HC2 standard errors and Bell-McCaffrey degrees of freedom, shape (S,) each."""

    estimate: Array
    std_error: Array
    df: Array


def before_after(scores: Scores) -> Fits:
    """Mean change of the treated."""
    change = scores.change[:, : scores.n_treated]
    error = change.std(axis=1, ddof=1) / np.sqrt(scores.n_treated)
    return Fits(change.mean(axis=1), error, np.full(len(change), scores.n_treated - 1.0))


def difference(scores: Scores) -> Fits:
    """Follow-up on centre."""
    return _regression(scores.follow_up, np.zeros_like(scores.baseline), scores.n_treated)


def did(scores: Scores) -> Fits:
    """Change on centre."""
    return _regression(scores.change, np.zeros_like(scores.baseline), scores.n_treated)


def ancova(scores: Scores) -> Fits:
    """Follow-up on centre and baseline."""
    return _regression(scores.follow_up, scores.baseline, scores.n_treated)


def _regression(y: Array, x: Array, n1: int) -> Fits:
    """Regress y on the centre and on one variable x (left out where it is all zero), shape (S, n).

    The columns of the orthonormal design are the two centres and the deviations of x within them.
    """
    y_gap, y_within = _within(y, n1)
    x_gap, x_within = _within(x, n1)
    squares = np.einsum("sn,sn->s", x_within, x_within)
    unit = x_within / np.sqrt(np.where(squares > 0, squares, 1.0))[:, None]
    slope = np.einsum("sn,sn->s", unit, y_within)
    size = np.where(np.arange(y.shape[1]) < n1, n1, y.shape[1] - n1).astype(float)
    sign = np.where(np.arange(y.shape[1]) < n1, 1.0, -1.0)
    tilt = x_gap / np.sqrt(np.where(squares > 0, squares, 1.0))
    contrast = sign / size - unit * tilt[:, None]
    slack = 1 - 1 / size - unit**2
    weight = contrast**2 / slack
    variance = np.einsum("sn,sn->s", weight, (y_within - unit * slope[:, None]) ** 2)
    return Fits(y_gap - slope * tilt, np.sqrt(variance), _bell_mccaffrey(contrast, slack, weight, unit, n1))


def _within(values: Array, n1: int) -> tuple[Array, Array]:
    """Return the difference of the two means, shape (S,), and the deviations from them, shape (S, n)."""
    means = [group.mean(axis=1, keepdims=True) for group in (values[:, :n1], values[:, n1:])]
    deviations = np.concatenate([values[:, :n1] - means[0], values[:, n1:] - means[1]], axis=1)
    return (means[0] - means[1])[:, 0], deviations


def _bell_mccaffrey(contrast: Array, slack: Array, weight: Array, unit: Array, n1: int) -> Array:
    """Degrees of freedom as in `linear.hc2`, with the cross products of the three orthonormal columns written out."""
    n0 = contrast.shape[1] - n1
    centres = [(slice(None, n1), n1), (slice(n1, None), n0)]
    cross = np.einsum("sn,sn->s", weight, unit**2) ** 2
    for rows, n in centres:
        cross += (weight[:, rows].sum(axis=1) / n) ** 2
        cross += 2 * np.einsum("sn,sn->s", weight[:, rows], unit[:, rows]) ** 2 / n
    trace = np.einsum("sn,sn->s", contrast, contrast)
    return trace**2 / (np.einsum("sn,sn->s", weight**2, 2 * slack - 1) + cross)


def interval(fits: Fits, alpha: float, shock: Array | float = 0.0) -> tuple[Array, Array]:
    """Return the ends of the 1 - alpha interval, wide enough for a shock of this SD a centre, shape (S,) each."""
    reach = stats.t.ppf(1 - alpha / 2, fits.df) * np.sqrt(fits.std_error**2 + 2 * np.asarray(shock) ** 2)
    return fits.estimate - reach, fits.estimate + reach


def change_sd(scores: Scores) -> Array:
    """Pooled SD of the change within the centres, shape (S,)."""
    _, within = _within(scores.change, scores.n_treated)
    return np.sqrt(np.einsum("sn,sn->s", within, within) / (within.shape[1] - 2))


def permutation_p(scores: Scores, draws: int, rng: np.random.Generator) -> Array:
    """Two-sided studentised permutation p of the change, shape (S,), from draws of the labels common to all studies.

    At most `resampling.BLOCK` draws.
    """
    change, n1 = scores.change, scores.n_treated
    n0 = change.shape[1] - n1
    powers = np.concatenate([change, change**2])
    drawn = np.zeros((len(powers), BLOCK))
    for children, chosen in assignments(n1 + n0, n1, rng):
        drawn += powers[:, children] @ chosen
    total, squares = np.split(powers.sum(axis=1), 2)
    observed = welch_t(change[:, :n1].sum(axis=1), (change[:, :n1] ** 2).sum(axis=1), total, squares, n1, n0)
    drawn_total, drawn_squares = np.split(drawn[:, :draws], 2)
    permuted = welch_t(drawn_total, drawn_squares, total[:, None], squares[:, None], n1, n0)
    extreme = np.abs(permuted) >= np.abs(observed)[:, None] * (1 - TIE) - TIE
    return (1 + extreme.sum(axis=1)) / (1 + draws)
