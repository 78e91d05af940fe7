"""Omitted-variable sensitivity against R sensemakr.

Numbers: reference/gold/study_{a,c}_sensemakr.json, made by scripts/05_bounds_sensitivity.R from reference/data, and the
Darfur example of sensemakr's vignette (Cinelli & Hazlett 2020, section 5).
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from evaluation.counterfactual.estimators.linear import Fit
from evaluation.counterfactual.sample import Sample
from evaluation.counterfactual.sensitivity.omitted import (
    Adjusted,
    adjusted,
    benchmark_bound,
    classical,
    omitted_variable,
    partial_r2,
    robustness,
)

REFERENCE = Path(__file__).parent / "reference"
STUDIES = ("study_a", "study_c")
OUTCOMES = ("resilience", "teamwork", "communication", "self_efficacy", "digital")
CASES = [(study, outcome) for study in STUDIES for outcome in OUTCOMES]
GOLD = {
    study: json.loads((REFERENCE / "gold" / f"{study}_sensemakr.json").read_text())["outcomes"] for study in STUDIES
}
CLOSED = 1e-9  # closed forms of a least-squares fit on both sides: rounding only


def sample(study: str, outcome: str) -> Sample:
    waves = pd.read_csv(REFERENCE / "data" / f"{study}.csv")
    before, after = (waves[waves["wave"] == wave].set_index("participant_id") for wave in (0, 1))
    names = ("age", "female", "migrant")
    covariates = before.assign(female=before["sex"] == "F")[list(names)].to_numpy(dtype=float)
    scores = [wave[outcome].reindex(before.index).to_numpy(dtype=float) for wave in (before, after)]
    return Sample((before["treat"] == 1).to_numpy(), scores[0], scores[1], covariates, names)


def numbers(found: Adjusted) -> tuple[float, ...]:
    return (found.r2_centre, found.r2_outcome, found.estimate, found.std_error, found.t, found.low, found.high)


def rows(bounds: dict[str, list], *, intervals: bool) -> dict[str, tuple[float, ...]]:
    columns = ["r2dz.x", "r2yz.dx", "adjusted_estimate", "adjusted_se", "adjusted_t"]
    columns += ["adjusted_lower_CI", "adjusted_upper_CI"] if intervals else []
    cells = zip(*(np.atleast_1d(bounds[column]).astype(float) for column in columns), strict=True)
    return dict(zip(np.atleast_1d(bounds["bound_label"]), cells, strict=True))


def found_bounds(study: str, outcome: str) -> dict[str, tuple[float, ...]]:
    bounds = omitted_variable(sample(study, outcome)).bounds
    return {f"{b.multiple}x {b.benchmark.replace('baseline', 'y0')}": numbers(b.adjusted) for b in bounds}


def test_darfur_robustness_from_the_published_estimate_and_error():
    found = robustness(Fit(0.09731582, 0.02325654, 783))
    # published to seven digits
    assert found.partial_r2 == pytest.approx(0.02187309, rel=1e-6)
    assert found.rv == pytest.approx(0.1387764, rel=1e-6)
    assert found.rv_alpha == pytest.approx(0.07625797, rel=1e-6)


@pytest.mark.parametrize(("study", "outcome"), CASES)
def test_robustness_of_the_ancova_row(study, outcome):
    gold = GOLD[study][outcome]["ancova"]
    found = omitted_variable(sample(study, outcome))
    assert (found.fit.estimate, found.fit.std_error) == pytest.approx((gold["estimate"], gold["se"]), rel=CLOSED)
    strength = found.robustness
    assert (strength.t, strength.df) == pytest.approx((gold["t"], gold["dof"]), rel=CLOSED)
    assert strength.partial_r2 == pytest.approx(gold["partial_r2_yd_x"], rel=CLOSED)
    assert strength.partial_r2 / (1 - strength.partial_r2) == pytest.approx(gold["partial_f2"], rel=CLOSED)
    assert (strength.rv, strength.rv_alpha) == pytest.approx((gold["rv_q1"], gold["rv_q1_alpha05"]), rel=CLOSED)
    half = robustness(found.fit, q=0.5)
    assert (half.rv, half.rv_alpha) == pytest.approx((gold["rv_q0.5"], gold["rv_q0.5_alpha05"]), rel=CLOSED)


@pytest.mark.parametrize(("study", "outcome"), CASES)
def test_bounds_benchmarked_on_the_baseline(study, outcome):
    found = found_bounds(study, outcome)
    gold = rows(GOLD[study][outcome]["ancova"]["bounds"], intervals=True)
    assert {label for label in found if label.endswith("y0")} == set(gold)
    for label, expected in gold.items():
        assert found[label] == pytest.approx(expected, rel=CLOSED)


@pytest.mark.parametrize(("study", "outcome"), CASES)
def test_bounds_benchmarked_on_a_covariate(study, outcome):
    found = found_bounds(study, outcome)
    for label, expected in rows(GOLD[study][outcome]["ancova_bounds_y0_age"], intervals=False).items():
        assert found[label][:5] == pytest.approx(expected, rel=CLOSED)


@pytest.mark.parametrize(("study", "outcome"), CASES)
def test_bounds_of_the_change_model(study, outcome):
    here, gold = sample(study, outcome), GOLD[study][outcome]["change"]
    others = np.column_stack([np.ones(len(here.treated)), here.covariates])
    in_outcome = classical(here.change, np.column_stack([others, here.treated]))
    in_centre = classical(here.treated.astype(float), others)
    assert partial_r2(in_outcome[-1]) == pytest.approx(gold["partial_r2_yd_x"], rel=CLOSED)
    for multiple, expected in zip((1, 2, 3), rows(gold["bounds"], intervals=True).values(), strict=True):
        bound = benchmark_bound("age", in_outcome[-1], in_centre[1], in_outcome[1], multiple)
        assert numbers(bound.adjusted) == pytest.approx(expected, rel=CLOSED)


@pytest.mark.parametrize(("study", "outcome"), CASES)
def test_adjustment_for_a_confounder_of_given_strength(study, outcome):
    gold = GOLD[study][outcome]["ancova_adjusted_example"]
    found = adjusted(omitted_variable(sample(study, outcome)).fit, gold["r2dz.x"], gold["r2yz.dx"])
    expected = (gold["adjusted_estimate"], gold["adjusted_se"], gold["adjusted_t"])
    assert (found.estimate, found.std_error, found.t) == pytest.approx(expected, rel=CLOSED)


def test_a_benchmark_that_explains_more_than_the_outcome_is_capped():
    bounds = omitted_variable(sample("study_c", "resilience")).bounds
    capped = {b.benchmark for b in bounds if b.capped}
    # sensemakr sets these to one with a warning: the baseline explains more than half of what is left of the outcome
    assert capped == {"baseline"}
    assert all(b.adjusted.std_error == 0 and np.isinf(b.adjusted.t) for b in bounds if b.capped)
