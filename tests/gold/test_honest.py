"""Honest difference in differences against R HonestDiD 0.2.6 and an exact solution of its smoothness problem.

Numbers: reference/gold/study_c_honestdid.json and study_c_flci_own_exact.json, made by scripts/06_honestdid.R and
06b_flci_check.R from reference/data/study_c.csv.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from evaluation.counterfactual.sensitivity.honest import EventStudy, event_study, relative_magnitude, smoothness

REFERENCE = Path(__file__).parent / "reference"
HONEST = json.loads((REFERENCE / "gold" / "study_c_honestdid.json").read_text())["outcomes"]
EXACT = json.loads((REFERENCE / "gold" / "study_c_flci_own_exact.json").read_text())["outcomes"]
WAVES = pd.read_csv(REFERENCE / "data" / "study_c.csv")
TARGETS = {"first_post": np.array([1.0, 0.0]), "average_post": np.array([0.5, 0.5])}
CASES = [(outcome, target) for outcome in HONEST for target in TARGETS]


def gold_event(outcome: str) -> EventStudy:
    """The coefficients and the covariance that R used."""
    gold = HONEST[outcome]
    return EventStudy(np.array(gold["betahat"]), np.array(gold["sigma"]), gold["n_pre"], gold["n_post"])


def own_event(outcome: str) -> EventStudy:
    scores = WAVES.pivot(index="participant_id", columns="wave", values=outcome)
    treated = WAVES.groupby("participant_id")["treat"].first().loc[scores.index] == 1
    return event_study(scores.to_numpy(), treated.to_numpy(), list(scores.columns).index(0))


@pytest.mark.parametrize("outcome", HONEST)
def test_event_study_has_the_coefficients_of_the_regression_with_child_and_wave_effects(outcome):
    # closed form against the iterated demeaning of fixest, which stops near 1e-9
    assert own_event(outcome).beta == pytest.approx(HONEST[outcome]["betahat"], abs=1e-8)


@pytest.mark.parametrize("outcome", HONEST)
def test_event_study_covariance_is_the_clustered_one_but_for_its_small_sample_factor(outcome):
    # with 40 + 40 children: HC2 is 40/39 of the plain sandwich, fixest 80/79 * 399/391 (5 waves + 4 effects estimated)
    factor = (80 / 79 * 399 / 391) / (40 / 39)
    assert own_event(outcome).sigma * factor == pytest.approx(np.array(HONEST[outcome]["sigma"]), rel=1e-8)


@pytest.mark.parametrize("outcome", HONEST)
def test_event_study_errors_are_those_of_the_did_row(outcome):
    did = json.loads((REFERENCE / "gold" / "study_c_did.json").read_text())["outcomes"][outcome]["did_change"]
    event = own_event(outcome)
    # both closed forms: rounding only
    assert event.effect() == pytest.approx((did["estimate"], did["se"]["HC2"]), rel=1e-10)


@pytest.mark.parametrize(("outcome", "target"), CASES)
def test_effect_under_parallel_trends_gives_the_original_interval(outcome, target):
    estimate, error = gold_event(outcome).effect(TARGETS[target])
    gold = HONEST[outcome][target]["original"]
    # both closed forms: rounding only
    expected = (gold["lb"], gold["ub"])
    assert (estimate - 1.959963984540054 * error, estimate + 1.959963984540054 * error) == pytest.approx(expected)


@pytest.mark.parametrize(("outcome", "target"), CASES)
def test_relative_magnitudes_agree_with_honestdid_to_its_grid(outcome, target):
    event, weights = gold_event(outcome), TARGETS[target]
    step = 40 * event.effect(weights)[1] / 999
    gold = HONEST[outcome][target]["relative_magnitudes_C_LF"]
    for row in gold:
        ends = relative_magnitude(event, row["Mbar"], weights=weights)
        # a grid point lies up to one step inside the end; the 1,000 draws of its least favourable critical value
        # (standard error .15) move an end by up to another step and a half
        assert ends == pytest.approx((row["lb"], row["ub"]), abs=2.5 * step)


def test_relative_magnitudes_agree_with_honestdid_within_a_step_as_a_rule():
    gaps = []
    for outcome, target in CASES:
        event, weights = gold_event(outcome), TARGETS[target]
        step = 40 * event.effect(weights)[1] / 999
        for row in HONEST[outcome][target]["relative_magnitudes_C_LF"]:
            low, high = relative_magnitude(event, row["Mbar"], weights=weights)
            gaps += [(row["lb"] - low) / step, (high - row["ub"]) / step]
    # a grid point inside an interval: half a step on average, were the critical values the same
    assert np.mean(gaps) == pytest.approx(0.5, abs=0.3)
    assert np.mean(np.abs(gaps) <= 1) > 0.7


@pytest.mark.parametrize("outcome", HONEST)
def test_smoothness_agrees_with_the_exact_solution(outcome):
    for row in EXACT[outcome]:
        # R's optimize finds the weight of the estimator to about 1e-7, times coefficients below ten
        ends = smoothness(gold_event(outcome), row["M"])
        assert ends == pytest.approx((row["lb"], row["ub"]), abs=1e-6)


@pytest.mark.parametrize(("outcome", "target"), CASES)
def test_smoothness_agrees_with_honestdid_to_its_search(outcome, target):
    for row in HONEST[outcome][target]["smoothness_FLCI"]:
        low, high = smoothness(gold_event(outcome), row["M"], weights=TARGETS[target])
        # its half-lengths come from a grid of critical values, its centres are off by up to .08 (reference/README.md)
        assert (high - low) / 2 == pytest.approx((row["ub"] - row["lb"]) / 2, abs=0.006)
        assert (low, high) == pytest.approx((row["lb"], row["ub"]), abs=0.08)
