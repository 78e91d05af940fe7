"""Test of moment inequalities with linear nuisance parameters: Andrews, Roth & Pakes (2023).

The null says: moments y - slope theta - nuisance x <= 0 for some x. The statistic, the smallest eta with moments at most
eta standard deviations, is by duality the largest of the vertices of {g >= 0, g'nuisance = 0, g'sd = 1} applied to
y - slope theta. Their number is small here, so that they are listed once and every value of theta is tested together.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations

import numpy as np
from scipy import linalg, optimize, special
from scipy.stats import qmc

from evaluation.counterfactual.sample import Array

TINY = 1e-9
DRAWS = 11  # log2 of the quasi-random directions, each taken with its opposite
FIRST_STAGE = 0.1  # share of alpha spent on the least favourable test


@dataclass(frozen=True)
class MomentTest:
    """The vertices, ready to test values of theta.

    level, slope : shape (v,), each vertex applied to the moments at theta = 0 and to their slope in theta.
    covariance : shape (v, v), of the vertices. critical : least favourable critical value. size : of the second stage.
    """

    level: Array
    slope: Array
    covariance: Array
    critical: float
    size: float

    def accepts(self, theta: Array) -> Array:
        """Return for each theta, shape (t,), whether the hybrid conditional test keeps it."""
        statistics = self.level[:, None] - self.slope[:, None] * theta
        best = statistics.argmax(axis=0)
        eta = statistics.max(axis=0)
        variance = self.covariance[best, best]
        certain = variance <= TINY**2 * self.covariance.diagonal().max()
        variance = np.where(certain, 1.0, variance)
        loading = self.covariance[:, best] / variance
        low, high = _truncation(statistics - loading * eta, 1 - loading)
        sd = np.sqrt(variance)
        p = _upper_tail(eta / sd, low / sd, np.minimum(high, self.critical) / sd)
        return (eta <= self.critical) & ((eta <= TINY) | (~certain & (p >= self.size)))


def moment_test(moments: Array, beta: Array, sigma: Array, weights: Array, alpha: float) -> MomentTest:
    """Prepare the test that weights' tau = theta, where moments @ (beta - [0, tau]) <= 0 is expected.

    Parameters
    ----------
    moments : shape (m, p). beta, sigma : the p estimates with their covariance. weights : shape (q,), of the last q
        parameters. alpha : size.
    """
    effects = moments[:, -len(weights) :]
    involved = (effects if len(weights) > 1 else moments).any(axis=1)  # as HonestDiD: only moments that involve effects
    moments, effects = moments[involved], effects[involved]
    sd = np.sqrt(np.einsum("ij,jk,ik->i", moments, sigma, moments))
    vertices = _vertices(sd, effects @ linalg.null_space(weights[None, :]))
    applied = vertices @ moments
    critical = _least_favourable(applied, sigma, FIRST_STAGE * alpha)
    slope = vertices @ effects @ weights / (weights @ weights)
    size = (1 - FIRST_STAGE) * alpha / (1 - FIRST_STAGE * alpha)
    return MomentTest(applied @ beta, slope, applied @ sigma @ applied.T, critical, size)


def _vertices(sd: Array, nuisance: Array) -> Array:
    """Return the extreme points, one a row, of {g >= 0, g'nuisance = 0, g'sd = 1}; some may repeat."""
    equations = np.vstack([sd, nuisance.T])
    k, m = equations.shape
    bases = np.array(list(combinations(range(m), k)))
    squares = equations[:, bases].transpose(1, 0, 2)
    regular = np.abs(np.linalg.det(squares)) > TINY * sd.mean()
    solutions = np.linalg.solve(squares[regular], np.eye(k)[:, :1])[:, :, 0]
    vertices = np.zeros((len(solutions), m))
    np.put_along_axis(vertices, bases[regular], solutions, axis=1)
    return vertices[(vertices * sd >= -TINY).all(axis=1)]


def _least_favourable(applied: Array, sigma: Array, size: float) -> float:
    """Return what the statistic exceeds with probability `size` when every moment has mean zero.

    A normal vector is a direction times a length with the chi distribution; only directions are drawn.
    """
    p = len(sigma)
    heights = (applied @ np.linalg.cholesky(sigma) @ _directions(p)).max(axis=0)
    upward = heights[heights > 0]

    def excess(critical: float) -> float:
        return float(special.gammaincc(p / 2, (critical / upward) ** 2 / 2).sum() / len(heights) - size)

    if excess(0.0) <= 0:
        return 0.0
    longest = np.sqrt(2 * special.gammainccinv(p / 2, size))
    return float(optimize.brentq(excess, 0.0, upward.max() * longest))


@lru_cache(maxsize=8)
def _directions(p: int) -> Array:
    """Return quasi-random points of the unit sphere, shape (p, draws), the same at every call and with their opposites."""
    points = special.ndtri(qmc.Sobol(p, scramble=True, rng=0).random_base2(DRAWS)).T
    points /= np.sqrt((points**2).sum(axis=0))
    return np.hstack([points, -points])


def _truncation(residual: Array, slack: Array) -> tuple[Array, Array]:
    """Return between which values the best vertex remains the best, given what is independent of it."""
    with np.errstate(divide="ignore", invalid="ignore"):
        edge = residual / slack
    low = np.where(slack > TINY, edge, -np.inf).max(axis=0)
    return low, np.where(slack < -TINY, edge, np.inf).min(axis=0)


def _upper_tail(value: Array, low: Array, high: Array) -> Array:
    """Probability that a standard normal between `low` and `high` exceeds `value`; in logs, so that far tails hold."""
    inside, above, beyond = (special.log_ndtr(-edge) for edge in (low, value, high))
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        return np.exp(above - inside) * np.expm1(beyond - above) / np.expm1(beyond - inside)
