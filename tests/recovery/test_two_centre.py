"""The two-centre interval covers at its rate when whole centres are shocked; the ordinary one does not."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pytest

from evaluation.counterfactual.estimate import Estimate
from evaluation.counterfactual.estimators.registry import did
from evaluation.counterfactual.sample import Sample
from evaluation.counterfactual.sensitivity.sensitivity_table import change_sd
from evaluation.counterfactual.sensitivity.two_centres import two_centre

N_TREATED, N_COMPARISON = 41, 38
EFFECT, CHANGE_SD = 5.0, 8.0
STUDIES = 1_000


def simulate(icc: float, rng: np.random.Generator) -> Sample:
    """One study: the change of every child of a centre is moved by one shock, drawn anew for each centre."""
    treated = np.arange(N_TREATED + N_COMPARISON) < N_TREATED
    shocks = rng.normal(0, CHANGE_SD * np.sqrt(icc / (1 - icc)), 2)
    change = EFFECT * treated + np.where(treated, *shocks) + rng.normal(0, CHANGE_SD, len(treated))
    baseline = rng.normal(50, 10, len(treated))
    return Sample(treated, baseline, baseline + change, np.empty((len(treated), 0)))


@lru_cache
def coverage(icc: float) -> tuple[float, float]:
    """Share of studies whose two-centre and whose ordinary 95 % interval hold the effect."""
    rng = np.random.default_rng(20)
    held = []
    for _ in range(STUDIES):
        sample = simulate(icc, rng)
        fit = did(sample)
        estimate = Estimate(
            "y", "primary", "after", "did", "points", fit.estimate, fit.std_error, fit.df, N_TREATED, N_COMPARISON
        )
        found = two_centre(estimate, change_sd(sample), icc)
        held.append((found.low <= EFFECT <= found.high, estimate.ci_low <= EFFECT <= estimate.ci_high))
    both, ordinary = np.mean(held, axis=0)
    return float(both), float(ordinary)


def margin(rate: float) -> float:
    """Three Monte-Carlo standard errors."""
    return 3 * float(np.sqrt(rate * (1 - rate) / STUDIES))


@pytest.mark.parametrize("icc", [0.0, 0.01, 0.04])
def test_two_centre_interval_covers_at_its_stated_rate(icc):
    assert coverage(icc)[0] == pytest.approx(0.95, abs=margin(0.95))


@pytest.mark.parametrize(
    # P(|t| < t_crit / sqrt(1 + 2 s^2 / se^2)), t with 76 df, se^2 = sd^2 (1/41 + 1/38), s^2 = sd^2 icc / (1 - icc)
    ("icc", "expected"),
    [(0.0, 0.95), (0.01, 0.904), (0.04, 0.776)],
)
def test_ordinary_interval_covers_less_the_more_centres_are_shocked(icc, expected):
    assert coverage(icc)[1] == pytest.approx(expected, abs=margin(expected))
