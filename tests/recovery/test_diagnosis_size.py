"""The simulated operating characteristics recover what is known of the declared world.

41 and 38 children, waves correlated .6. What is expected comes from the normal theory of `power.rejection_rate` (held to R in
tests/gold/test_power.py) or from the model by hand; tolerances are four Monte Carlo standard errors.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pytest

from evaluation.design.diagnosis import DataStrategy, Design, Diagnosands, Inquiry, Model, diagnose
from evaluation.design.power import Plan, degrees, planned_shock, rejection_rate, std_error

PLAN = Plan(41, 38, 0.6)
EFFECT, GAP, TREND = 0.5, 0.25, 0.3
SIMULATIONS = 4_000
ICCS = (0.0, 0.01, 0.02, 0.04, 0.10)


@lru_cache
def diagnosed(icc: float) -> dict[str, Diagnosands]:
    design = Design(Model(0.6, GAP, TREND, icc), Inquiry(EFFECT), DataStrategy(41, 38))
    return {one.method: one for one in diagnose(design, SIMULATIONS, seed=11)}


def rate(effect: float, icc: float, declared: float = 0.0) -> float:
    shocks = {"shock": planned_shock(0.6, icc), "declared": planned_shock(0.6, declared)}
    return rejection_rate(effect, std_error(PLAN), degrees(PLAN), **shocks)


def near(share: float) -> object:
    return pytest.approx(share, abs=4 * np.sqrt(share * (1 - share) / SIMULATIONS))


@pytest.mark.parametrize(("icc", "stated"), [(0.0, 0.05), (0.01, 0.10), (0.04, 0.22)])
def test_size_of_the_unit_level_test(icc, stated):
    found = diagnosed(icc)
    assert found["did"].size == near(rate(0.0, icc))
    assert found["did"].size == near(stated)
    assert found["did"].coverage == near(1 - rate(0.0, icc))
    assert found["permutation"].size == near(rate(0.0, icc))


@pytest.mark.parametrize("icc", ICCS)
def test_power_of_the_unit_level_test(icc):
    assert diagnosed(icc)["did"].power == near(rate(EFFECT, icc))
    assert diagnosed(icc)["permutation"].power == near(rate(EFFECT, icc))


@pytest.mark.parametrize("icc", ICCS)
def test_the_two_centre_interval_errs_as_declared_where_the_shock_is_as_declared(icc):
    found = diagnosed(icc)["two_centre"]
    assert (found.size, found.power) == (near(rate(0.0, icc, 0.02)), near(rate(EFFECT, icc, 0.02)))
    assert found.coverage == near(1 - rate(0.0, icc, 0.02))
    if icc == 0.02:
        assert found.coverage == near(0.95)


@pytest.mark.parametrize("icc", [0.0, 0.04])
def test_each_method_is_off_by_what_it_leaves_out(icc):
    """The change without the programme; the lead at the start; the part of it that regression takes for chance; nothing."""
    expected = {"before_after": TREND, "difference": GAP, "did": 0.0, "ancova": GAP * (1 - 0.6), "two_centre": 0.0}
    for method, bias in expected.items():
        found = diagnosed(icc)[method]
        assert found.bias == pytest.approx(bias, abs=4 * found.bias_error), method


@pytest.mark.parametrize("icc", [0.0, 0.04])
def test_error_of_the_difference_in_differences(icc):
    found = diagnosed(icc)["did"]
    expected = np.hypot(std_error(PLAN), np.sqrt(2) * planned_shock(0.6, icc))
    assert found.rmse == pytest.approx(expected, abs=4 * found.rmse_error)


def test_naive_methods_claim_far_too_often():
    """By normal theory: an error of .14 against a trend of .3; of .23 against a lead of .25."""
    found = diagnosed(0.0)
    t = rejection_rate(TREND, np.sqrt(0.8 / 41), 40)
    assert found["before_after"].size == near(t)
    assert found["difference"].size == near(rejection_rate(GAP, std_error(PLAN, "difference"), degrees(PLAN)))
    assert found["before_after"].size > 0.5


def test_monte_carlo_errors_hold_between_seeds():
    """60 runs of 100 simulations spread as one run says: an SD of 60 is known to 9 %, three times."""
    design = Design(Model(0.6), Inquiry(EFFECT), DataStrategy(41, 38))
    runs = [{one.method: one for one in diagnose(design, 100, seed)}["did"] for seed in range(60)]
    for name in ("bias", "rmse", "power"):
        spread = np.std([getattr(run, name) for run in runs], ddof=1)
        assert spread == pytest.approx(np.mean([getattr(run, f"{name}_error") for run in runs]), rel=0.28), name
