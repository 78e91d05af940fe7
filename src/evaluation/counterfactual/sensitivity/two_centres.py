"""Two centres, not eighty children: how large a difference between the centres' own trends would undo the finding.

The standard errors treat children as independent. With one centre a side, any event of a centre (a new teacher, a
flooded room) moves all its children at once and cannot be told from the programme. Two ways to say how much of it the
finding bears: a random shock of SD s a centre, and a difference in trends of at most B.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import optimize, stats

from evaluation.counterfactual.estimate import Estimate
from evaluation.counterfactual.sample import Array

FAR = 100.0  # standard errors from which on the other tail is nothing, and the noncentral chi-squared breaks down


@dataclass(frozen=True)
class TwoCentre:
    """What two centres leave open, in the outcome's unit.

    shock_sd : the declared random shock (SD a centre) and low, high the interval that includes it; shock_icc its share
    of the variance of change. break_even_shock : the shock at which the interval reaches zero, break_even_icc as an ICC;
    break_even_bias : the difference between the centres' trends at which it does. The three are NaN where the ordinary
    interval already holds zero.
    """

    shock_icc: float
    shock_sd: float
    low: float
    high: float
    break_even_shock: float
    break_even_icc: float
    break_even_bias: float


def two_centre(estimate: Estimate, change_sd: float, icc: float | None) -> TwoCentre:
    """Sensitivity of a `did` estimate to what moves whole centres.

    Parameters
    ----------
    change_sd : pooled within-centre SD of the change, in the outcome's unit. icc : declared share of the variance of
        change that lies between centres; None declares none, and gives neither shock nor interval.

    Notes
    -----
    Random shock: V = se^2 + 2 s^2, and s* = sqrt((tau / t)^2 - se^2) / sqrt(2). An ICC of r is s^2 = sd^2 r / (1 - r).
    """
    icc = np.nan if icc is None else icc
    shock = change_sd * np.sqrt(icc / (1 - icc))
    low, high = shocked_interval(estimate.estimate, estimate.std_error, estimate.critical, np.array(shock))
    spare = (estimate.estimate / estimate.critical) ** 2 - estimate.std_error**2
    undone = spare <= 0
    s = np.nan if undone else float(np.sqrt(spare / 2))
    return TwoCentre(
        icc, float(shock), float(low), float(high),
        s, np.nan if undone else s**2 / (s**2 + change_sd**2), np.nan if undone else break_even_bias(estimate),
    )  # fmt: skip


def bias_critical(ratio: float, alpha: float = 0.05) -> float:
    """Critical value for a normal estimate whose bias is at most `ratio` standard errors (Armstrong & Kolesar 2018, eq. 18).

    The square root of the 1 - alpha quantile of a noncentral chi-squared with one df and noncentrality ratio^2.
    """
    if ratio > FAR:
        return ratio + float(stats.norm.ppf(1 - alpha))
    return float(np.sqrt(stats.ncx2.ppf(1 - alpha, 1, ratio**2) if ratio > 0 else stats.chi2.ppf(1 - alpha, 1)))


def biased_interval(estimate: Estimate, bias: float) -> tuple[float, float]:
    """Interval that covers although the centres' trends differ by up to `bias`; with 0 it is the ordinary one."""
    z = stats.norm.ppf(1 - estimate.alpha / 2)
    reach = bias_critical(bias / estimate.std_error, estimate.alpha) * estimate.std_error * estimate.critical / z
    return estimate.estimate - reach, estimate.estimate + reach


def break_even_bias(estimate: Estimate) -> float:
    """Smallest bound B on the difference in trends at which the interval holds zero; 0 where it already does."""
    size = abs(estimate.estimate)

    def gap(bias: float) -> float:
        low, high = biased_interval(estimate, bias)
        return size - (high - low) / 2

    return 0.0 if gap(0.0) <= 0 else float(optimize.brentq(gap, 0.0, size, xtol=1e-12))


def shocked_interval(value: float, std_error: float, critical: float, shocks: Array) -> tuple[Array, Array]:
    """Ends of the interval value +- critical * sqrt(se^2 + 2 s^2) for each shock SD s."""
    reach = critical * np.sqrt(std_error**2 + 2 * np.asarray(shocks) ** 2)
    return value - reach, value + reach
