"""What a design can find before there are data: power and minimum detectable effects.

Effects are in SDs of a score within a centre, which is taken to be the same at both waves.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import optimize, stats

POWER = 0.8
NODES, WEIGHTS = np.polynomial.legendre.leggauss(200)
TAIL = 1e-15  # what the quadrature leaves out at each end


@dataclass(frozen=True)
class Plan:
    """Children with both scores in each centre, correlation of the two waves within a centre, two-sided alpha."""

    n_treated: int
    n_comparison: int
    rho: float
    alpha: float = 0.05


@dataclass(frozen=True)
class Detectable:
    """Smallest effects found with the planned power, in SDs of a score.

    normal : by the multiplier of normal quantiles, 2.80 at 5 % and 80 %. exact : by the noncentral t, both tails.
    two_centre : by the interval that allows for the declared shock of a centre, where such shocks occur.
    """

    normal: float
    exact: float
    two_centre: float


VARIANCES = {  # of a child, in SD^2, as a polynomial in rho; coefficients of the regression
    "difference": ((1, 0, 0), 2),
    "did": ((2, -2, 0), 2),
    "ancova": ((1, 0, -1), 3),
}


def std_error(plan: Plan, estimator: str = "did") -> float:
    """Planned standard error, in SDs, of `difference`, `did` or `ancova` without covariates.

    References
    ----------
    Frison & Pocock (1992); Borm, Fransen & Lemmens (2007), for the analysis of covariance.
    """
    variance = np.polynomial.polynomial.polyval(plan.rho, VARIANCES[estimator][0])
    return float(np.sqrt(variance * (1 / plan.n_treated + 1 / plan.n_comparison)))


def degrees(plan: Plan, estimator: str = "did") -> float:
    """Degrees of freedom: children less coefficients."""
    return float(plan.n_treated + plan.n_comparison - VARIANCES[estimator][1])


def planned_shock(rho: float, icc: float) -> float:
    """SD a centre, in SDs of a score, of a shock with this share of the variance of change."""
    return float(np.sqrt(2 * (1 - rho) * icc / (1 - icc)))


def rejection_rate(
    effect: float, std_error: float, df: float, alpha: float = 0.05, *, shock: float = 0.0, declared: float = 0.0
) -> float:
    """How often a two-sided t test finds an effect: its power, and at no effect its size.

    Parameters
    ----------
    effect, std_error, shock, declared : in one unit. df : infinite for the normal. shock : SD a centre of what moves
        all its children, which the standard error does not contain. declared : the shock that the interval allows for.

    Notes
    -----
    With w^2 a chi-squared over df, the test rejects where |estimate| > t sqrt(se^2 w^2 + 2 declared^2), and the estimate
    has variance se^2 + 2 shock^2: integrated over w. Without shocks this is the noncentral t.
    """
    w, density = _chi(df)
    bar = stats.t.ppf(1 - alpha / 2, df) * np.sqrt(std_error**2 * w**2 + 2 * declared**2)
    spread = np.sqrt(std_error**2 + 2 * shock**2)
    return float(density @ (stats.norm.sf((bar - effect) / spread) + stats.norm.cdf((-bar - effect) / spread)))


def _chi(df: float) -> tuple[np.ndarray, np.ndarray]:
    """Return nodes and weights of the law of sqrt(chi2 / df): of one point where df is infinite."""
    if np.isinf(df):
        return np.ones(1), np.ones(1)
    low, high = stats.chi.ppf(TAIL, df), stats.chi.isf(TAIL, df)
    nodes = (low + high) / 2 + (high - low) / 2 * NODES
    return nodes / np.sqrt(df), WEIGHTS * (high - low) / 2 * stats.chi.pdf(nodes, df)


def detectable(plan: Plan, estimator: str = "did", power: float = POWER, shock_icc: float = 0.0) -> Detectable:
    """Return the minimum detectable effects of a plan; `shock_icc` is the declared share of the variance of change.

    References
    ----------
    Bloom (1995), for the multiplier.
    """
    error, df, shock = std_error(plan, estimator), degrees(plan, estimator), planned_shock(plan.rho, shock_icc)
    multiplier = stats.norm.ppf(1 - plan.alpha / 2) + stats.norm.ppf(power)

    def solve(shock: float) -> float:
        def missing(effect: float) -> float:
            return rejection_rate(effect, error, df, plan.alpha, shock=shock, declared=shock) - power

        reach = np.sqrt(error**2 + 2 * shock**2)
        return float(
            optimize.brentq(missing, 0.0, reach * 2 * stats.t.isf(min(plan.alpha / 2, 1 - power), df), xtol=TAIL)
        )

    return Detectable(float(multiplier * error), solve(0.0), solve(shock))


def design_effect(size: float, icc: float) -> float:
    """Return how much a variance grows when children come in groups of `size` that are alike: 1 + (size - 1) icc.

    References
    ----------
    Kish (1965), section 5.4.
    """
    return 1 + (size - 1) * icc


def centre_size(plan: Plan) -> float:
    """Harmonic mean of the children a centre: the size that the design effect of two unequal centres needs."""
    return 2 / (1 / plan.n_treated + 1 / plan.n_comparison)
