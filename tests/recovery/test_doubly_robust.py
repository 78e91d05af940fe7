"""Simulated children whose centre and trend depend on covariates: the truth comes back, where theory says it does."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
import pytest

from evaluation.counterfactual.estimators.doubly_robust import drdid, drdid_traditional, entropy, ipw
from evaluation.counterfactual.estimators.registry import did
from evaluation.counterfactual.sample import Sample

EFFECT, CHILDREN, STUDIES = 3.0, 300, 200
ESTIMATORS = {fit.__name__: fit for fit in (did, ipw, drdid_traditional, drdid, entropy)}
WEIGHTING = ("ipw", "drdid_traditional", "drdid", "entropy")


@dataclass(frozen=True)
class World:
    """Whether log odds of the treated centre, and the trend without the programme, are linear in the covariates."""

    linear_odds: bool
    linear_trend: bool


def draw(world: World, rng: np.random.Generator) -> Sample:
    x = rng.uniform(-1, 1, (CHILDREN, 2))
    bent = np.column_stack([3 * x[:, 0] ** 2 - 1, x[:, 1]])
    log_odds = (x if world.linear_odds else bent) @ np.array([0.8, -0.6])
    trend = (x if world.linear_trend else bent) @ np.array([3.0, 2.0])
    treated = rng.random(CHILDREN) < 1 / (1 + np.exp(-log_odds))
    baseline = 50 + x[:, 0] + 5 * rng.standard_normal(CHILDREN)
    return Sample(treated, baseline, baseline + EFFECT * treated + trend + 3 * rng.standard_normal(CHILDREN), x)


@cache
def simulate(world: World, name: str) -> tuple[np.ndarray, np.ndarray]:
    """Estimates and standard errors over the studies, the same for every estimator."""
    streams = np.random.SeedSequence(11).spawn(STUDIES)
    fits = [ESTIMATORS[name](draw(world, np.random.default_rng(stream))) for stream in streams]
    return np.array([fit.estimate for fit in fits]), np.array([fit.std_error for fit in fits])


def bias_in_monte_carlo_errors(world: World, name: str) -> float:
    estimates, _ = simulate(world, name)
    return float((estimates.mean() - EFFECT) / (estimates.std(ddof=1) / np.sqrt(STUDIES)))


@pytest.mark.parametrize("name", WEIGHTING)
def test_effect_comes_back_when_both_models_hold(name):
    assert abs(bias_in_monte_carlo_errors(World(True, True), name)) < 4


def test_the_plain_difference_is_biased_there():
    assert bias_in_monte_carlo_errors(World(True, True), "did") > 10


@pytest.mark.parametrize("name", WEIGHTING)
def test_effect_comes_back_when_only_the_propensity_holds(name):
    assert abs(bias_in_monte_carlo_errors(World(True, False), name)) < 4


@pytest.mark.parametrize("name", ["drdid_traditional", "drdid", "entropy"])
def test_effect_comes_back_when_only_the_outcome_model_holds(name):
    assert abs(bias_in_monte_carlo_errors(World(False, True), name)) < 4


def test_effect_does_not_come_back_when_neither_holds():
    assert abs(bias_in_monte_carlo_errors(World(False, False), "drdid")) > 10


@pytest.mark.parametrize("name", ["ipw", "drdid_traditional", "drdid"])
def test_standard_errors_are_as_large_as_the_spread_of_the_estimates(name):
    estimates, errors = simulate(World(True, True), name)
    assert errors.mean() == pytest.approx(estimates.std(ddof=1), rel=4 / np.sqrt(2 * STUDIES))  # error of an SD


@pytest.mark.parametrize("name", WEIGHTING)
def test_intervals_cover_as_often_as_they_say(name):
    estimates, errors = simulate(World(True, True), name)
    covered = np.mean(np.abs(estimates - EFFECT) < 1.96 * errors)
    assert covered > 0.95 - 4 * np.sqrt(0.95 * 0.05 / STUDIES)
    if name != "entropy":  # which takes its weights as given, and so errs to the wide side
        assert covered < 0.95 + 4 * np.sqrt(0.95 * 0.05 / STUDIES)
