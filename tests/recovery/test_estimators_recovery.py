"""Each estimator gives back a known effect where its assumption holds, and misses it by what theory says where not.

Tolerance: four Monte-Carlo standard errors throughout, one false alarm in 16,000; seeds are fixed, so that it never comes.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from scipy import stats

from evaluation.counterfactual.estimate import Estimate
from evaluation.counterfactual.estimators.linear import Fit
from evaluation.counterfactual.estimators.registry import ESTIMATORS
from evaluation.counterfactual.sample import Sample

N_TREATED, N_COMPARISON = 41, 38
D = np.repeat([True, False], [N_TREATED, N_COMPARISON])
EFFECT, TREND, GAP = 4.0, 3.0, 5.0
SLOPE, CARRIED, IMBALANCE = 2.0, 0.6, 0.8  # of the covariate, of the baseline score, of the covariate between centres
World = Callable[[np.random.Generator], Sample]


def parallel_trends(
    rng: np.random.Generator, sd: tuple[float, float] = (6.0, 6.0), gap: float = GAP, trend: float = TREND
) -> Sample:
    """Children of their own level, centres apart from the start, one trend; sd of a score, by centre."""
    level = 50 + gap * D + rng.normal(0, 8, len(D))
    noise = rng.normal(0, 1, (2, len(D))) * np.where(D, *sd)
    return Sample(D, level + noise[0], level + trend + EFFECT * D + noise[1], rng.normal(size=(len(D), 1)))


def unequal_spread(rng: np.random.Generator) -> Sample:
    """Scores of the treated three times as noisy."""
    return parallel_trends(rng, (9.0, 3.0))


def no_trend(rng: np.random.Generator) -> Sample:
    """Without the programme nothing would have moved."""
    return parallel_trends(rng, trend=0.0)


def no_gap(rng: np.random.Generator) -> Sample:
    """Without the programme the centres would be alike."""
    return parallel_trends(rng, gap=0.0)


def followed_up_by_chance(rng: np.random.Generator) -> Sample:
    """A fifth of the children miss the follow-up, a tenth the baseline, whoever they are."""
    whole = parallel_trends(rng)
    missing = rng.random((2, len(D))) < [[0.1], [0.2]]
    scores = np.where(missing, np.nan, [whole.baseline, whole.follow_up])
    return Sample(D, *scores, whole.covariates)


def trend_by_covariate(rng: np.random.Generator) -> Sample:
    """Older children gain more, and the treated are older."""
    x = rng.normal(IMBALANCE * D, 1)
    whole = parallel_trends(rng)
    return Sample(D, whole.baseline, whole.follow_up + SLOPE * x, x[:, None])


def chosen_on_baseline(rng: np.random.Generator) -> Sample:
    """The follow-up depends on the baseline, the covariate and the programme; the treated start higher in both."""
    x = rng.normal(IMBALANCE * D, 1)
    baseline = 50 + GAP * D + rng.normal(0, 8, len(D))
    follow_up = 20 + TREND + CARRIED * baseline + SLOPE * x + EFFECT * D + rng.normal(0, 6, len(D))
    return Sample(D, baseline, follow_up, x[:, None])


def fits(estimator: str, world: World, simulations: int) -> list[Fit]:
    rng = np.random.default_rng(20260301)
    return [ESTIMATORS[estimator](world(rng)) for _ in range(simulations)]


def error(estimator: str, world: World, expected: float, simulations: int = 400) -> float:
    """Distance of the mean estimate from what is expected, in Monte-Carlo standard errors."""
    found = np.array([fit.estimate for fit in fits(estimator, world, simulations)])
    return abs(found.mean() - expected) / (found.std(ddof=1) / np.sqrt(simulations))


@pytest.mark.parametrize(
    ("estimator", "world"),
    [
        ("before_after", no_trend),
        ("difference", no_gap),
        ("did", parallel_trends),
        ("did", unequal_spread),
        ("did", followed_up_by_chance),
        ("did_adjusted", parallel_trends),
        ("did_adjusted", trend_by_covariate),
        ("ancova", chosen_on_baseline),
    ],
)
def test_an_estimator_recovers_the_effect_where_its_assumption_holds(estimator, world):
    assert error(estimator, world, EFFECT) < 4


def test_panel_recovers_the_effect_from_every_observation():
    assert error("panel", followed_up_by_chance, EFFECT, simulations=60) < 4


@pytest.mark.parametrize(
    ("estimator", "world", "bias"),
    [
        ("before_after", parallel_trends, TREND),
        ("difference", parallel_trends, GAP),
        ("did", trend_by_covariate, SLOPE * IMBALANCE),
        ("did", chosen_on_baseline, SLOPE * IMBALANCE - (1 - CARRIED) * GAP),
        ("did_adjusted", chosen_on_baseline, -(1 - CARRIED) * GAP),
    ],
)
def test_an_estimator_misses_by_what_theory_says_where_its_assumption_fails(estimator, world, bias):
    assert error(estimator, world, EFFECT + bias) < 4
    assert error(estimator, world, EFFECT) > 4


def test_ancova_is_biased_towards_the_gap_where_trends_are_parallel():
    """Its slope on the baseline is the reliability within centres, 8^2 / (8^2 + 6^2): the rest of the gap stays in."""
    assert error("ancova", parallel_trends, EFFECT + (1 - 0.64) * GAP) < 4
    assert error("ancova", parallel_trends, EFFECT) > 4


@pytest.mark.parametrize("world", [parallel_trends, unequal_spread])
def test_did_covers_the_effect_in_95_of_100_studies(world):
    """600 studies: the binomial's four standard errors are .0356."""
    simulations = 600
    covered = 0
    for fit in fits("did", world, simulations):
        row = Estimate("", "primary", "", "did", "", fit.estimate, fit.std_error, fit.df, N_TREATED, N_COMPARISON)
        covered += row.ci_low <= EFFECT <= row.ci_high
    assert covered / simulations == pytest.approx(0.95, abs=4 * np.sqrt(0.95 * 0.05 / simulations))


@pytest.mark.parametrize("world", [parallel_trends, unequal_spread])
def test_p_of_did_is_uniform_where_there_is_no_effect(world):
    """Kolmogorov-Smirnov over 600 studies without effect; below 1e-4 it would not be chance."""

    def without_effect(rng: np.random.Generator) -> Sample:
        drawn = world(rng)
        return Sample(D, drawn.baseline, drawn.follow_up - EFFECT * D, drawn.covariates)

    found = fits("did", without_effect, 600)
    rows = [Estimate("", "primary", "", "did", "", fit.estimate, fit.std_error, fit.df, 0, 0) for fit in found]
    assert stats.kstest([row.p_value for row in rows], "uniform").pvalue > 1e-4


@pytest.mark.parametrize(
    ("estimator", "world"),
    [("did", unequal_spread), ("did_adjusted", trend_by_covariate), ("ancova", chosen_on_baseline)],
)
def test_the_squared_standard_error_is_the_variance_of_the_estimate(estimator, world):
    """The variance of 600 estimates has a relative standard error of sqrt(2 / 599); HC2's own mean adds little to it."""
    found = fits(estimator, world, 600)
    spread = np.var([fit.estimate for fit in found], ddof=1)
    assert np.mean([fit.std_error**2 for fit in found]) / spread == pytest.approx(1, abs=4 * np.sqrt(2 / 599))
