"""Reliability and item statistics against published tables and against R (psych, MASS, lavaan)."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from evaluation.measurement.item_functioning import screen_item
from evaluation.measurement.items import item_rest, item_summary, pairwise_alpha
from evaluation.measurement.omega import mcdonald_omega
from evaluation.measurement.raters import intraclass_correlations
from evaluation.measurement.reliability import cronbach_alpha
from evaluation.measurement.scores import mean_of_answered

REFERENCE = Path(__file__).parent / "reference"
ITEMS = [f"q{position}" for position in range(1, 7)]
PRINTED = 1e-10  # items.json holds twelve decimals

# Holzinger & Swineford (1939), 301 children, nine tests: covariances with divisor n, as printed by lavaan 0.6-22 for its
# HolzingerSwineford1939. Alpha and omega depend on the data through these alone.
HOLZINGER_SWINEFORD = {
    "visual": [
        [1.35836984551274, 0.407371330152702, 0.579899322343697],
        [0.407371330152702, 1.38178386552025, 0.451063936932263],
        [0.579899322343697, 0.451063936932263, 1.27486486076313],
    ],
    "textual": [
        [1.35066450785846, 1.09775278157311, 0.895515709398593],
        [1.09775278157311, 1.65978576395404, 1.01452404211634],
        [0.895515709398593, 1.01452404211634, 1.19635837802595],
    ],
    "speed": [
        [1.18313946432643, 0.535245221248386, 0.373297219242739],
        [0.535245221248386, 1.02198281475922, 0.457316559776382],
        [0.373297219242739, 0.457316559776382, 1.01500386995972],
    ],
}

# Shrout & Fleiss (1979), table 2: six subjects, four judges.
SHROUT_FLEISS = np.array(
    [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]], dtype=float
)


def with_covariance(covariance: list[list[float]], n: int) -> np.ndarray:
    """Data of n rows whose covariance (divisor n) is exactly the given one."""
    drawn = np.random.default_rng(0).standard_normal((n, len(covariance)))
    basis, _ = np.linalg.qr(drawn - drawn.mean(axis=0))
    return np.sqrt(n) * basis @ np.linalg.cholesky(np.array(covariance)).T


@pytest.fixture(scope="module")
def gold() -> dict:
    return json.loads((REFERENCE / "gold" / "items.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def sheet() -> pd.DataFrame:
    table = pd.read_csv(REFERENCE / "data" / "items.csv")
    table["q5"] = 6 - table["q5"]
    return table


@pytest.fixture(scope="module")
def items(sheet) -> np.ndarray:
    return sheet[ITEMS].to_numpy(dtype=float)


@pytest.mark.parametrize(
    ("scale", "alpha", "omega"),
    [("visual", 0.6261171, 0.6326), ("textual", 0.8827069, 0.8859), ("speed", 0.6884550, 0.6961)],
)
def test_holzinger_swineford(scale, alpha, omega):
    data = with_covariance(HOLZINGER_SWINEFORD[scale], 301)
    assert cronbach_alpha(data).alpha == pytest.approx(alpha, abs=1e-7)  # seven decimals are published
    assert mcdonald_omega(data).omega == pytest.approx(omega, abs=1e-4)  # four decimals are published


def test_one_factor_estimates_are_those_of_lavaan():
    data = with_covariance(HOLZINGER_SWINEFORD["visual"], 301)
    fit = mcdonald_omega(data)
    factor_sd = np.sqrt(0.523727000663576)  # lavaan 0.6-22, f =~ x1 + x2 + x3, divisor n; it stops near 1e-7
    loadings = factor_sd * np.array([1, 0.777831436750412, 1.10725500737169])
    uniquenesses = np.array([0.834642871908924, 1.06491766480485, 0.632768388964945])
    ours = np.sqrt(300 / 301) * np.array(fit.loadings)
    np.testing.assert_allclose(ours, loadings, atol=1e-6)
    np.testing.assert_allclose(300 / 301 * np.array(fit.uniquenesses), uniquenesses, atol=1e-6)


def test_alpha_and_feldt_interval_are_those_of_psych(items, gold):
    expected = gold["complete"]
    alpha = cronbach_alpha(items)
    assert alpha.n == expected["n"]
    np.testing.assert_allclose(
        [alpha.alpha, alpha.low, alpha.high], [expected["alpha"], *expected["feldt_95"]], atol=PRINTED
    )


def test_pairwise_alpha_is_that_of_psych(items, gold):
    assert pairwise_alpha(items).alpha == pytest.approx(gold["pairwise"]["alpha"], abs=PRINTED)


def test_omega_is_that_of_factanal(items, gold):
    expected = gold["complete"]
    omega = mcdonald_omega(items)
    assert omega.omega == pytest.approx(expected["omega_total_model_variance"], abs=1e-7)  # two optimisers
    np.testing.assert_allclose(omega.loadings, expected["loadings_raw"], atol=1e-6)
    np.testing.assert_allclose(omega.uniquenesses, expected["uniquenesses_raw"], atol=1e-6)


def test_item_rest_correlations_are_those_of_psych(items, gold):
    ours = [item_rest(items, column).correlation for column in range(6)]
    np.testing.assert_allclose(ours, gold["complete"]["item_rest_r"], atol=PRINTED)


def test_floor_and_ceiling_are_those_of_r(items, gold):
    complete = items[~np.isnan(items).any(axis=1)]
    ours = [item_summary(column, 1, 5) for column in complete.T]
    np.testing.assert_allclose([item.floor for item in ours], gold["floor_share"], atol=PRINTED)
    np.testing.assert_allclose([item.ceiling for item in ours], gold["ceiling_share"], atol=PRINTED)


def test_scores_by_the_half_rule_are_those_of_r(sheet, gold):
    scores = mean_of_answered(sheet[ITEMS], 0.5)
    expected = gold["person_mean_half_rule"]
    np.testing.assert_allclose([scores.mean(), scores.std()], [expected["mean"], expected["sd"]], atol=PRINTED)
    np.testing.assert_allclose(scores[:10], expected["first_ten"], atol=PRINTED)


def test_intraclass_correlations_of_two_raters_are_those_of_psych(gold):
    ratings = pd.read_csv(REFERENCE / "data" / "raters.csv")[["rater1", "rater2"]].to_numpy(dtype=float)
    expected = gold["icc_two_raters"]
    ours = np.array([(form.icc, form.low, form.high) for form in intraclass_correlations(ratings)])
    np.testing.assert_allclose(ours.T, [expected["icc"], expected["lower"], expected["upper"]], atol=PRINTED)


def test_intraclass_correlations_of_shrout_and_fleiss():
    ours = intraclass_correlations(SHROUT_FLEISS)
    assert [form.form for form in ours] == ["ICC(1,1)", "ICC(2,1)", "ICC(3,1)", "ICC(1,k)", "ICC(2,k)", "ICC(3,k)"]
    published = [0.166, 0.290, 0.715, 0.443, 0.620, 0.909]
    np.testing.assert_allclose([form.icc for form in ours], published, atol=5e-4)  # three decimals are published


@pytest.mark.parametrize("position", range(6))
def test_item_functioning_is_that_of_polr(position, sheet, items, gold):
    expected = gold["dif_ordinal_logit"]["rows"][position]
    score = mean_of_answered(sheet[ITEMS], 0.5).to_numpy()
    item = screen_item(items[:, position], score, (sheet["centre"] == "treated").to_numpy())
    assert item.n_treated + item.n_comparison == expected["n"]
    ours = [item.uniform.chi2, item.non_uniform.chi2, item.total.chi2]
    polr = [expected["uniform_chi2"], expected["nonuniform_chi2"], expected["total_chi2"]]
    np.testing.assert_allclose(ours, polr, atol=1e-4)  # polr stops at a relative change of 1e-8 in a deviance near 650


def test_pseudo_r2_follow_from_the_likelihoods_of_statsmodels(sheet, items):
    from statsmodels.miscmodels.ordinal_model import OrderedModel

    score, treated = mean_of_answered(sheet[ITEMS], 0.5).to_numpy(), (sheet["centre"] == "treated").to_numpy()
    known = ~np.isnan(items[:, 3])
    y, s, g = items[known, 3], score[known], treated[known].astype(float)
    small, large = (
        OrderedModel(y, np.column_stack(columns), distr="logit").fit(method="bfgs", gtol=1e-8, disp=False)
        for columns in ([s], [s, g])
    )
    null, n = small.llnull, len(y)
    cox_snell = [1 - np.exp(2 * (null - fit.llf) / n) for fit in (small, large)]
    item = screen_item(items[:, 3], score, treated)
    assert item.uniform.mcfadden == pytest.approx((large.llf - small.llf) / -null, abs=1e-7)
    assert item.uniform.nagelkerke == pytest.approx(np.diff(cox_snell)[0] / (1 - np.exp(2 * null / n)), abs=1e-7)
    assert item.log_odds == pytest.approx(large.params[1], abs=1e-4)
