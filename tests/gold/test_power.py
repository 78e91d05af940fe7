"""Minimum detectable effects and power against R.

Numbers: reference/gold/power_mde.json, made by scripts/07_effects_measurement_power.R (qt, pt with noncentrality, pwr).
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from evaluation.design.power import (
    Plan,
    centre_size,
    degrees,
    design_effect,
    detectable,
    planned_shock,
    rejection_rate,
    std_error,
)

GOLD = json.loads((Path(__file__).parent / "reference" / "gold" / "power_mde.json").read_text())
CLOSED = 1e-12  # normal quantiles on both sides
SOLVED = 1e-8  # a root of R's pt, which is good to about 1e-10, against our own integral
PWR = 2e-4  # pwr solves to R's default of uniroot, 1.2e-4


@pytest.mark.parametrize("estimator", ["did", "ancova", "difference"])
def test_the_grid_of_minimum_detectable_effects(estimator):
    name = {"difference": "post"}.get(estimator, estimator)
    exact = f"mde_{name}_noncentral_t" + ("_df_nminus3" if estimator == "ancova" else "")
    assert len(GOLD["mde_grid"]) == 240
    for row in GOLD["mde_grid"]:
        plan = Plan(row["n1"], row["n0"], row["rho"], row["alpha"])
        found = detectable(plan, estimator, row["power"])
        assert found.normal == pytest.approx(row[f"mde_{name}_normal"], rel=CLOSED)
        assert found.exact == found.two_centre == pytest.approx(row[exact], rel=SOLVED)
        if estimator == "difference":
            assert found.exact == pytest.approx(row["pwr_t2n_d"], abs=PWR)


def test_power_of_a_given_effect():
    for row in GOLD["power_grid"]:
        plan = Plan(row["n1"], row["n0"], row["rho"])
        for estimator, column in (
            ("did", "power_did_t"),
            ("ancova", "power_ancova_t"),
            ("difference", "power_post_pwr"),
        ):
            found = rejection_rate(row["effect_sd"], std_error(plan, estimator), degrees(plan, estimator))
            assert found == pytest.approx(row[column], rel=SOLVED)
        assert rejection_rate(row["effect_sd"], std_error(plan), np.inf) == pytest.approx(
            row["power_did_normal"], rel=CLOSED
        )


def test_design_effect_of_clusters():
    for row in GOLD["cluster_randomised"]:
        effect = design_effect(row["cluster_size"], row["icc"])
        assert effect == pytest.approx(row["design_effect"], rel=CLOSED)
        mde = detectable(Plan(2_000, 2_000, 0.0), "difference").normal * np.sqrt(effect)
        assert mde == pytest.approx(row["mde_post_normal"], rel=CLOSED)


@pytest.mark.parametrize(("rho", "did", "ancova"), [(0.5, 0.619, 0.536), (0.7, 0.479, 0.442)])
def test_two_centres_of_41_children(rho, did, ancova):
    """By hand: 2.8016 sqrt(2 (1 - rho) 2 / 41) and 2.8016 sqrt((1 - rho^2) 2 / 41)."""
    plan = Plan(41, 41, rho)
    assert [detectable(plan, name).normal for name in ("did", "ancova")] == pytest.approx([did, ancova], abs=5e-4)


@pytest.mark.parametrize(("icc", "size"), [(0.0, 0.05), (0.01, 0.096), (0.04, 0.224), (0.10, 0.393)])
def test_size_of_the_unit_level_test_when_centres_are_shocked(icc, size):
    """Without an effect the estimate over its own spread is a t: its tail beyond t se / spread, by scipy."""
    plan = Plan(41, 38, 0.6)
    error, df, shock = std_error(plan), degrees(plan), planned_shock(0.6, icc)
    found = rejection_rate(0.0, error, df, shock=shock)
    tail = 2 * stats.t.sf(stats.t.isf(0.025, df) * error / np.hypot(error, np.sqrt(2) * shock), df)
    assert found == pytest.approx(tail, rel=1e-10)  # two ways to one integral
    assert found == pytest.approx(size, abs=1e-3)


def test_power_of_the_two_centre_interval_is_that_of_its_simulated_test():
    rng, plan, icc = np.random.default_rng(7), Plan(41, 38, 0.6), 0.02
    error, df, shock = std_error(plan), degrees(plan), planned_shock(0.6, icc)
    draws = 400_000
    estimate = rng.normal(1.0, np.hypot(error, np.sqrt(2) * shock), draws)
    reach = stats.t.isf(0.025, df) * np.sqrt(error**2 * rng.chisquare(df, draws) / df + 2 * shock**2)
    found = rejection_rate(1.0, error, df, shock=shock, declared=shock)
    assert found == pytest.approx(np.mean(np.abs(estimate) > reach), abs=4 * np.sqrt(found * (1 - found) / draws))
    assert rejection_rate(
        detectable(plan, shock_icc=icc).two_centre, error, df, shock=shock, declared=shock
    ) == pytest.approx(0.8, abs=1e-9)


def test_the_design_effect_of_two_centres_is_how_much_the_shock_adds():
    """Over the variance that children drawn one by one would have: within and between centres together."""
    plan, icc = Plan(41, 38, 0.6), 0.04
    shocked = std_error(plan) ** 2 + 2 * planned_shock(0.6, icc) ** 2
    independent = std_error(plan) ** 2 / (1 - icc)
    assert shocked / independent == pytest.approx(design_effect(centre_size(plan), icc), rel=1e-12)


@pytest.mark.parametrize("n", [2, 3, 5])
def test_the_smallest_centres_have_an_answer(n):
    found = detectable(Plan(n, n, 0.5), power=0.9, shock_icc=0.02)
    assert found.normal < found.exact < found.two_centre < np.inf
