"""What attrition boundaries, bounds, imputations and response weights must do whatever the data."""

from dataclasses import replace

import numpy as np
import pytest
import statsmodels.api as sm
from scipy import stats

from evaluation.counterfactual.estimators.linear import Fit
from evaluation.counterfactual.estimators.registry import did, did_adjusted
from evaluation.counterfactual.missing.attrition import BOUNDARY, attrition_boundary, judge_attrition
from evaluation.counterfactual.missing.imputation import (
    DELTAS,
    SHIFTED,
    Pooled,
    Shift,
    impute,
    imputed_effect,
    pool,
    response_weighted,
    shifted_effects,
)
from evaluation.counterfactual.missing.lee import Bounds, extreme_bounds, lee_bounds
from evaluation.counterfactual.sample import NoEstimate, Sample

pytestmark = pytest.mark.filterwarnings("error")
SCALE = (0.0, 100.0)


@pytest.fixture
def sample() -> Sample:
    rng = np.random.default_rng(5)
    n = 60
    treated = rng.random(n) < 0.5
    covariates = np.column_stack([rng.normal(size=n), rng.random(n) < 0.5])
    baseline = np.round(np.clip(50 + 10 * rng.normal(size=n), 1, 99))
    follow_up = np.round(np.clip(25 + 0.5 * baseline + 8 * rng.normal(size=n) + 4 * treated, 1, 99))
    follow_up[rng.random(n) < np.where(treated, 0.15, 0.3)] = np.nan
    baseline[rng.random(n) < 0.1] = np.nan
    covariates[rng.random(n) < 0.1, 0] = np.nan
    return Sample(treated, baseline, follow_up, covariates, ("age", "female"))


def _numbers(sample: Sample, scale: tuple[float, float] = SCALE) -> np.ndarray:
    """Estimates and errors of everything, in the outcome's unit; low ends first."""
    lee, extreme = lee_bounds(sample), extreme_bounds(sample, scale)
    fits = [imputed_effect(sample, 3), response_weighted(sample)]
    pairs = [(b.lower, b.upper, b.se_lower, b.se_upper) for b in (lee, extreme)]
    return np.array([*pairs, *((f.estimate, f.estimate, f.std_error, f.std_error) for f in fits)])


def _transformed(sample: Sample, factor: float, shift: float) -> Sample:
    return replace(sample, baseline=factor * sample.baseline + shift, follow_up=factor * sample.follow_up + shift)


@pytest.mark.parametrize(("factor", "shift"), [(1.0, 30.0), (0.01, 0.0), (7.3, -12.0)])
def test_a_shift_and_a_scale_of_the_scores_only_change_the_unit(sample, factor, shift):
    found = _numbers(_transformed(sample, factor, shift), (shift, 100 * factor + shift))
    np.testing.assert_allclose(found, factor * _numbers(sample), rtol=1e-8)


def test_the_sign_of_the_scores_turns_estimates_round(sample):
    expected = _numbers(sample) * [-1, -1, 1, 1]
    np.testing.assert_allclose(_numbers(_transformed(sample, -1.0, 0.0), (-100.0, 0.0)), expected[:, [1, 0, 3, 2]])


def test_the_order_of_rows_moves_nothing(sample):
    order = np.random.default_rng(6).permutation(len(sample.treated))
    np.testing.assert_allclose(_numbers(sample.keep(order)), _numbers(sample), rtol=1e-10)


def test_swapping_the_centres_turns_bounds_and_weights_round(sample):
    swapped = replace(sample, treated=~sample.treated)
    expected = (_numbers(sample) * [-1, -1, 1, 1])[:, [1, 0, 3, 2]]
    rows = [0, 1, 3]  # imputations draw anew when the centres change names
    np.testing.assert_allclose(_numbers(swapped)[rows], expected[rows], rtol=1e-8)


def test_the_boundary_falls_beyond_its_peak_and_ends():
    assert attrition_boundary(0.57, "cautious") == 0 and np.isnan(attrition_boundary(0.571, "cautious"))
    assert np.isnan(attrition_boundary(0.66, "optimistic"))
    assert attrition_boundary(0.195, "cautious") == pytest.approx((0.055 + 0.054) / 2)
    for assumption, points in BOUNDARY.items():
        curve = [attrition_boundary(share, assumption) for share in np.linspace(0.12, (len(points) - 1) / 100, 400)]
        assert np.all(np.diff(curve) <= 1e-12)


def test_a_differential_on_the_boundary_is_low_in_either_direction():
    kept = 100 - 10 - np.array([3.15, -3.15])
    shares = 1 - kept / 100
    assert judge_attrition(0.1, shares[0] - shares[1]).verdict == "low"
    assert judge_attrition(0.1, -0.063).verdict == "low"
    assert judge_attrition(0.1, 0.0631).verdict == "low_if_optimistic"
    assert judge_attrition(0.7, 0.0).verdict == "high"


def test_the_critical_value_goes_from_two_sided_to_one_sided_as_bounds_part():
    critical = [Bounds(0.0, width, 1.0, 1.0, 0.05).critical for width in (0.0, 0.5, 1.0, 10.0)]
    assert critical[0] == pytest.approx(1.959964, abs=1e-6) and critical[3] == pytest.approx(1.644854, abs=1e-6)
    assert critical == sorted(critical, reverse=True)


def test_without_losses_lee_bounds_and_imputation_are_the_ordinary_estimate(sample):
    pairs = sample.pairs(with_covariates=True)
    plain, lee, imputed, weighted = did(pairs), lee_bounds(pairs), imputed_effect(pairs, 1), response_weighted(pairs)
    assert lee.trimmed == "neither" and lee.lower == pytest.approx(plain.estimate) == pytest.approx(lee.upper)
    assert (imputed.estimate, imputed.std_error) == pytest.approx((plain.estimate, plain.std_error))
    assert imputed.missing_information == pytest.approx(0) and weighted.df == pytest.approx(plain.df)
    assert weighted.estimate == pytest.approx(plain.estimate) and weighted.std_error == pytest.approx(plain.std_error)


def test_extreme_bounds_by_hand():
    nan = np.nan
    sample = Sample(
        np.arange(6) < 3, np.array([4.0, 5, nan, 2, 3, 4]), np.array([6.0, nan, 7, 3, 5, nan]), np.empty((6, 0))
    )
    found = extreme_bounds(sample, (0.0, 10.0))
    # treated changes: 2, [-5, 5], [-3, 7]; comparison: 1, 2, [-4, 6]
    assert (found.lower, found.upper) == pytest.approx((-6 / 3 - 9 / 3, 14 / 3 - (-1 / 3)))
    assert found.se_lower == pytest.approx(np.sqrt(np.var([2, -5, -3], ddof=1) / 3 + np.var([1, 2, 6], ddof=1) / 3))


def test_extreme_bounds_hold_whatever_the_missing_scores_are(sample):
    bounds, rng = extreme_bounds(sample, SCALE), np.random.default_rng(7)
    for _ in range(200):
        y0, y1 = (np.where(np.isnan(y), rng.uniform(*SCALE, len(y)), y) for y in (sample.baseline, sample.follow_up))
        assert bounds.lower <= did(replace(sample, baseline=y0, follow_up=y1)).estimate <= bounds.upper


def test_imputation_keeps_what_is_observed_and_fills_every_gap(sample):
    for completed in impute(sample, 3):
        for name in ("baseline", "follow_up", "covariates"):
            before, after = getattr(sample, name), getattr(completed, name)
            known = ~np.isnan(before)
            np.testing.assert_array_equal(after[known], before[known])
            assert not np.isnan(after).any()
    assert not np.array_equal(impute(sample, 3)[0].follow_up, impute(sample, 4)[0].follow_up)
    assert imputed_effect(sample, 3, did_adjusted).estimate != imputed_effect(sample, 3).estimate


def test_imputed_values_follow_the_predictive_distribution_of_the_regression(sample):
    full = replace(sample, covariates=np.empty((len(sample.treated), 0)))
    complete = [np.flatnonzero(~np.isnan(full.change) & centre)[:7] for centre in (full.treated, ~full.treated)]
    few = full.keep(np.concatenate(complete))  # few, so that the tails of the t distribution show
    few.follow_up[0] = np.nan
    draws = np.array([one.follow_up[0] for one in impute(few, 8, 20_000)])
    design = sm.add_constant(np.column_stack([few.treated, few.baseline, few.treated * few.baseline]).astype(float))
    model = sm.OLS(few.follow_up[1:], design[1:]).fit()
    predicted = model.get_prediction(design[[0]])
    error = stats.t(model.df_resid, predicted.predicted_mean[0], predicted.se_obs[0])
    # 20,000 draws: a distribution that departs by 1.4 % anywhere has p < .001
    assert stats.kstest(draws, error.cdf).pvalue > 0.001
    assert stats.kstest(draws, stats.norm(error.mean(), predicted.se_obs[0]).cdf).pvalue < 1e-6


def test_rubins_rules_by_hand():
    # m = 3, within 4, between 1: total 4 + 4/3; lambda = 1/4; nu_old = 2 * 16 = 32; nu_obs = 11/13 * 10 * 3/4
    pooled, share = pool([Fit(value, 2.0, 10.0) for value in (1.0, 2.0, 3.0)])
    assert (pooled.estimate, pooled.std_error**2, share) == pytest.approx((2, 16 / 3, 1 / 4))
    assert pooled.df == pytest.approx(1 / (1 / 32 + 1 / (11 / 13 * 10 * 3 / 4)))


def test_shifts_move_the_estimate_by_the_share_that_is_imputed(sample):
    shifts = shifted_effects(sample, 3)
    assert [(shift.shifted, shift.delta) for shift in shifts] == [(s, d) for s in SHIFTED for d in DELTAS]
    groups = [sample.follow_up[c & ~np.isnan(sample.follow_up)] for c in (sample.treated, ~sample.treated)]
    sd = np.sqrt(sum(((g - g.mean()) ** 2).sum() for g in groups) / (sum(map(len, groups)) - 2))
    missing = [np.isnan(sample.follow_up[c]).mean() for c in (sample.treated, ~sample.treated)]
    weight = {"treated": missing[0], "comparison": -missing[1], "both": missing[0] - missing[1]}
    centre = imputed_effect(sample, 3)
    for shift in shifts:
        expected = centre.estimate + shift.delta * sd * weight[shift.shifted]
        assert shift.pooled.estimate == pytest.approx(expected, rel=1e-9)


def _shift(delta: float, estimate: float) -> Shift:
    return Shift("treated", delta, Pooled(estimate, 1.0, np.inf, 0.1, 5, 0))


def test_response_weights_agree_with_statsmodels(sample):
    """A logit in each centre, on the baseline and as many covariates as it lost children for, five a column."""
    many = sample.keep(np.tile(np.arange(len(sample.treated)), 3))
    known = many.keep(~np.isnan(np.column_stack([many.baseline, many.covariates])).any(axis=1))
    seen, probability = ~np.isnan(known.follow_up), np.empty(len(known.treated))
    for centre in (known.treated, ~known.treated):
        assert (~seen[centre]).sum() >= 5 * (1 + known.covariates.shape[1])
        design = sm.add_constant(np.column_stack([known.baseline, known.covariates])[centre])
        fitted = sm.GLM(seen[centre].astype(float), design, family=sm.families.Binomial()).fit(tol=1e-12)
        probability[centre] = fitted.fittedvalues
    weighted = sm.WLS(known.change[seen], sm.add_constant(known.treated[seen].astype(float)), 1 / probability[seen])
    expected, found = weighted.fit(cov_type="HC2"), response_weighted(many)
    assert found.estimate == pytest.approx(expected.params[1], rel=1e-7)
    assert found.std_error == pytest.approx(expected.bse[1], rel=1e-7)
    assert found.lowest_response == pytest.approx(probability.min(), rel=1e-6)
    assert (found.n_observed, found.n) == (seen.sum(), len(seen))


@pytest.mark.parametrize(("lost", "model"), [(4, ()), (5, ("baseline",)), (9, ("baseline",)), (10, ("baseline", "age")),
                                             (19, ("baseline", "age")), (20, ("baseline", "age", "school"))])  # fmt: skip
def test_response_rests_on_one_column_for_each_five_children_lost(lost: int, model: tuple[str, ...]):
    """In the declared order, a category whole or not at all; with fewer losses the centre's rate weighs all alike."""
    rng = np.random.default_rng(2)
    treated, baseline = np.arange(120) < 60, rng.normal(50, 8, 120)
    school = np.arange(120) % 3
    x = np.column_stack([rng.normal(13, 2, 120), school == 1, school == 2])
    follow_up = baseline + rng.normal(0, 4, 120)
    gone = rng.choice(60, lost, replace=False)
    follow_up[gone] = np.nan
    names = ("age", "school: b", "school: c")
    found = response_weighted(Sample(treated, baseline, follow_up, x, names))
    assert (found.treated, found.comparison) == (model, ())
    if not model:
        assert found.lowest_response == pytest.approx(56 / 60)
        assert found.estimate == pytest.approx(did(Sample(treated, baseline, follow_up, x).pairs()).estimate)


def test_a_centre_that_lost_nobody_has_weights_of_one(sample):
    stayed = sample.keep(~(sample.treated & np.isnan(sample.follow_up)))
    known = stayed.pairs(with_covariates=True)
    comparison = response_weighted(stayed).estimate - known.change[known.treated].mean()
    again = replace(stayed, follow_up=np.where(stayed.treated, stayed.follow_up + 9, stayed.follow_up))
    assert response_weighted(again).estimate == pytest.approx(comparison + known.change[known.treated].mean() + 9)
    assert abs(comparison + known.change[~known.treated].mean()) > 1e-6  # the comparison mean is weighted


def _lost(sample: Sample, rows: np.ndarray) -> Sample:
    return replace(sample, follow_up=np.where(rows, np.nan, sample.follow_up))


def _refusals(sample: Sample) -> list[tuple]:
    constant = np.full(len(sample.treated), 5.0)
    flat = replace(sample, baseline=constant, follow_up=constant)
    empty = _lost(sample, sample.treated)
    separated = np.where(sample.baseline > 55, np.nan, 100 - sample.baseline)
    separated = replace(sample, follow_up=separated, covariates=np.empty((len(constant), 0)))
    no_age = replace(sample, covariates=np.full_like(sample.covariates, np.nan))
    few = sample.keep(np.flatnonzero(~np.isnan(sample.change))[:6])
    return [
        (lee_bounds, empty), (lee_bounds, flat), (imputed_effect, empty, 1), (imputed_effect, flat, 1),
        (imputed_effect, no_age, 1), (imputed_effect, _lost(few, np.arange(6) == 5), 1), (shifted_effects, flat, 1),
        (response_weighted, empty), (response_weighted, flat), (response_weighted, separated),
        (extreme_bounds, sample, (0.0, 50.0)), (extreme_bounds, sample, (1.0, 1.0)),
        (extreme_bounds, sample.keep(sample.treated), SCALE), (judge_attrition, np.nan, 0.1), (judge_attrition, 0.1, np.nan),
    ]  # fmt: skip


@pytest.mark.parametrize("case", range(15))
def test_data_that_identify_no_number_are_refused_in_both_languages(sample, case):
    function, *arguments = _refusals(sample)[case]
    with pytest.raises(NoEstimate) as refusal:
        function(*arguments)
    assert refusal.value.reason["it"] and refusal.value.reason["en"]
