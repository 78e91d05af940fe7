"""Diagnosis of a design against R's DeclareDesign, and its closed forms against the package's own estimators.

Numbers: reference/gold/declaredesign_{500,5000}sims.json, made by scripts/07_effects_measurement_power.R.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from evaluation.counterfactual.estimate import Estimate
from evaluation.counterfactual.estimators import registry
from evaluation.counterfactual.inference.permutation import BLOCK, assignments, welch_t
from evaluation.counterfactual.sample import NoEstimate, Sample
from evaluation.counterfactual.sensitivity import sensitivity_table
from evaluation.counterfactual.sensitivity.two_centres import two_centre
from evaluation.design import simulated
from evaluation.design.design_table import DesignRow, design_sentence, realised
from evaluation.design.diagnosis import (
    AnswerStrategy,
    DataStrategy,
    Design,
    Diagnosands,
    Inquiry,
    Model,
    diagnose,
    matching_row,
    operating_characteristics,
    simulate,
    with_effect,
)

GOLD = Path(__file__).parent / "reference" / "gold"
METHODS = {"did": "did_change_HC2", "ancova": "ancova_HC2", "difference": "post_HC2"}
SIZES = [(43, 39), (12, 31), (3, 2)]


def declared(size: int) -> tuple[Design, dict[str, dict[str, float]]]:
    gold = json.loads((GOLD / f"declaredesign_{size}sims.json").read_text())
    spec = gold["spec"]
    data = DataStrategy(spec["n_treated"], spec["n"] - spec["n_treated"])
    return Design(Model(spec["rho"], gap=0, trend=0), Inquiry(spec["effect_sd"]), data), gold["diagnosands"]


@pytest.mark.parametrize("size", [500, 5000])
def test_diagnosands_agree_with_declaredesign_within_both_monte_carlo_errors(size):
    design, gold = declared(size)
    found = {one.method: one for one in diagnose(design, size, seed=1)}
    for method, name in METHODS.items():
        for diagnosand in ("bias", "rmse", "coverage", "power"):
            ours, error = (getattr(found[method], diagnosand + suffix) for suffix in ("", "_error"))
            apart = 3.5 * np.hypot(error, gold[name][f"se({diagnosand})"])  # 24 comparisons: one in 90 tables by chance
            assert ours == pytest.approx(gold[name][diagnosand], abs=apart), (method, diagnosand)


def test_monte_carlo_errors_are_those_of_the_bootstrap():
    design, gold = declared(5000)
    found = {one.method: one for one in diagnose(design, 5000, seed=1)}
    for method, name in METHODS.items():
        for diagnosand in ("bias", "rmse", "coverage", "power"):
            bootstrap = gold[name][f"se({diagnosand})"]  # of 100 draws: known to 7 %
            assert getattr(found[method], f"{diagnosand}_error") == pytest.approx(bootstrap, rel=0.28), (
                method,
                diagnosand,
            )


def studies(n1: int, n0: int) -> tuple[simulated.Scores, list[Sample]]:
    model = Model(0.6, gap=0.4, trend=0.2, shock_icc=0.05)
    scores = with_effect(simulate(model, DataStrategy(n1, n0), 25, np.random.default_rng(3)), 0.5)
    treated = np.arange(n1 + n0) < n1
    pairs = zip(scores.baseline, scores.follow_up, strict=True)
    return scores, [Sample(treated, before, after, np.empty((n1 + n0, 0))) for before, after in pairs]


@pytest.mark.parametrize("method", ["before_after", "difference", "did", "ancova"])
@pytest.mark.parametrize("sizes", SIZES)
def test_closed_forms_equal_the_estimators_of_the_package(method, sizes):
    scores, samples = studies(*sizes)
    found = getattr(simulated, method)(scores)
    for k, sample in enumerate(samples):
        fit = getattr(registry, method)(sample)
        expected = (fit.estimate, fit.std_error, fit.df)
        assert (found.estimate[k], found.std_error[k], found.df[k]) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("sizes", SIZES[:2])
def test_the_two_centre_interval_equals_that_of_the_package(sizes):
    scores, samples = studies(*sizes)
    icc, fits = 0.02, simulated.did(scores)
    spread = simulated.change_sd(scores)
    low, high = simulated.interval(fits, 0.1, spread * np.sqrt(icc / (1 - icc)))
    for k, sample in enumerate(samples):
        fit = registry.did(sample)
        estimate = Estimate("y", "primary", "t1", "did", "", fit.estimate, fit.std_error, fit.df, *sizes, alpha=0.1)
        found = two_centre(estimate, sensitivity_table.change_sd(sample), icc)
        assert (low[k], high[k]) == pytest.approx((found.low, found.high), rel=1e-9)


def test_permutation_p_counts_the_same_draws_one_study_at_a_time():
    scores, samples = studies(12, 31)
    found = simulated.permutation_p(scores, 499, np.random.default_rng(5))
    ((_, chosen),) = assignments(43, 12, np.random.default_rng(5))
    assert chosen.shape[1] == BLOCK
    for p, sample in zip(found, samples, strict=True):
        d = sample.change
        sums = d.sum(), (d**2).sum(), 12, 31
        observed = welch_t(d[:12].sum(), (d[:12] ** 2).sum(), *sums)
        permuted = [welch_t(d[w == 1].sum(), (d[w == 1] ** 2).sum(), *sums) for w in chosen.T[:499]]
        assert p == (1 + np.sum(np.abs(permuted) >= abs(observed))) / 500


def test_more_simulations_begin_with_the_fewer():
    design, _ = declared(500)
    first = simulate(design.model, design.data, 7, np.random.default_rng(2))
    more = simulate(design.model, design.data, 60, np.random.default_rng(2))
    assert np.array_equal(first.follow_up, more.follow_up[:7])
    once, again, other = (diagnose(design, 130, seed)[2] for seed in (4, 4, 5))
    assert once == again != other


def test_the_protocols_row_is_found_and_marked_by_its_stand_in():
    design, _ = declared(500)
    told: list[tuple[int, int]] = []
    table = operating_characteristics(
        design, (0.0, 0.02), simulations=100, seed=1, notify=lambda done, total: told.append((done, total))
    )
    assert told == [(1, 2), (2, 2)]
    assert len(table) == 12
    row = matching_row(table, "drdid", 0.02)
    assert (row["method"], row["shock_icc"]) == ("did", 0.02)
    assert matching_row(table, "entropy", 0.0)["method"] == "ancova"
    assert row["rmse"] > matching_row(table, "did", 0.0)["rmse"]
    with pytest.raises(KeyError):
        matching_row(table, "did", 0.04)


def test_permutation_has_a_size_and_no_estimate():
    design, _ = declared(500)
    one = next(row for row in diagnose(design, 200, seed=1) if row.method == "permutation")
    assert np.isnan([one.bias, one.rmse, one.coverage, one.coverage_error]).all()
    assert 0 < one.size < one.power < 1


# The plan that data make ------------------------------------------------------------------------------------------


def test_realised_plan_gives_back_the_variance_of_change():
    (sample,) = studies(43, 39)[1][:1]
    found = realised(sample, 0.1)
    assert (found.plan.n_treated, found.plan.n_comparison, found.plan.alpha) == (43, 39, 0.1)
    change = found.sd * np.sqrt(2 * (1 - found.plan.rho))
    assert change == pytest.approx(sensitivity_table.change_sd(sample), rel=1e-12)


def test_realised_plan_recovers_correlation_and_sd():
    rng = np.random.default_rng(8)
    scores = simulate(Model(0.7, gap=1.0, trend=2.0), DataStrategy(20_000, 20_000), 1, rng)
    found = realised(
        Sample(np.arange(40_000) < 20_000, 10 * scores.baseline[0], 10 * scores.follow_up[0], np.empty((40_000, 0)))
    )
    assert (found.plan.rho, found.sd) == pytest.approx((0.7, 10), rel=0.01)  # three standard errors: .008 and .011


@pytest.mark.parametrize(
    ("baseline", "follow_up", "reason"),
    [
        ([1, 2, 3, 4], [2, 3, 4, 5], "the change does not vary"), ([5, 5, 5, 5], [5, 5, 5, 5], "the scores do not vary"),
        ([1, np.nan, 3, 4], [2, 3, 1, 5], "fewer than two children in a centre"),
    ],
)  # fmt: skip
def test_a_plan_without_variation_or_children_says_why(baseline, follow_up, reason):
    sample = Sample(
        np.array([1, 1, 0, 0]) == 1, np.array(baseline, float), np.array(follow_up, float), np.empty((4, 0))
    )
    with pytest.raises(NoEstimate, match=reason):
        realised(sample)


# The sentence -----------------------------------------------------------------------------------------------------

ROW = DesignRow(
    "steam", "t1", "did", True, rho=0.5, sd=2.0, mde=1.238, mde_two_centre=1.6, shock_icc=0.02, effect=1.0, bias=0.0, rmse=0.4,
    coverage=0.86, alpha=0.05, size=0.14, power=0.6, simulations=2000, unit="points", n_treated=41, n_comparison=38,
)  # fmt: skip


@pytest.mark.parametrize("publish", [False, True])
@pytest.mark.parametrize(
    ("change", "said", "unsaid"),
    [
        ({}, ("41 and 38", "1.24 points", "1.60 points", "14.0", "rather than the 5", "declares"), ("as often",)),
        ({"shock_icc": 0.0, "size": 0.049}, ("1.24 points", "as often as it promises: 5", "without shocks"), ("1.60", "rather")),
        ({"size": 0.041}, ("as often as it promises",), ("rather than",)),
        ({"alpha": 0.005, "size": 0.05}, ("rather than the 0.50",), ()),
        ({"mde": np.nan, "method": "before_after"}, ("naive comparison", "14.0"), ("1.24",)),
        ({"unit": "km"}, ("1.24 km",), ("points",)),
        ({"reason_it": "perché", "reason_en": "why", "size": np.nan}, ("cannot be simulated: why",), ("41",)),
        ({"confirmatory": False}, ("names nothing",), ("41",)),
        ({"size": "suppressed", "mde": "suppressed"}, ("withheld",), ("41", "1.24")),
    ],
)  # fmt: skip
def test_the_sentence_says_what_the_row_says(change, said, unsaid, publish):
    values = {**{name: getattr(ROW, name) for name in ROW.__dataclass_fields__}, **change}
    if publish:
        shown = {True: "yes", False: "no"}
        values = {k: shown[v] if isinstance(v, bool) else "" if v != v else str(v) for k, v in values.items()}
    found = design_sentence(pd.DataFrame([values]))
    plain = found["en"].replace("\N{NO-BREAK SPACE}", " ")
    assert [part for part in said if part not in plain] == [], plain
    assert [part for part in unsaid if part in plain] == [], plain
    assert found["it"] != found["en"]
    assert "nan" not in found["en"] + found["it"]


def test_answers_use_the_declared_level_and_shock():
    design, _ = declared(500)
    strict = replace(design, answer=AnswerStrategy(alpha=0.01, shock_icc=0.1))
    loose = {one.method: one for one in diagnose(design, 400, seed=1)}
    found: dict[str, Diagnosands] = {one.method: one for one in diagnose(strict, 400, seed=1)}
    assert all(found[method].power < loose[method].power for method in found)
    assert found["two_centre"].coverage > found["did"].coverage
