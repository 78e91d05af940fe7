"""What must hold of the sensitivity analyses whatever the data."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from scipy import optimize, stats

from evaluation.counterfactual.estimate import Estimate
from evaluation.counterfactual.estimators.linear import Fit
from evaluation.counterfactual.sample import NoEstimate, Sample
from evaluation.counterfactual.sensitivity.honest import (
    EventStudy,
    break_even,
    event_study,
    relative_magnitude,
    smoothness,
)
from evaluation.counterfactual.sensitivity.honest_moments import moment_test
from evaluation.counterfactual.sensitivity.omitted import adjusted, classical, omitted_variable, partial_r2, robustness
from evaluation.counterfactual.sensitivity.two_centres import (
    bias_critical,
    biased_interval,
    break_even_bias,
    shocked_interval,
    two_centre,
)

DID = Estimate("y", "primary", "after", "did", "points", 6.0, 2.1, 75.3, 41, 38)
FAINT = replace(DID, estimate=3.0)  # its ordinary interval holds zero
INTERVALS = [relative_magnitude, smoothness]


def children(pre: int = 2, post: int = 2, n: int = 80, seed: int = 1, effect: float = 5.0):
    """Scores by wave of two centres whose trends differ only by chance; `effect` after baseline."""
    rng = np.random.default_rng(seed)
    treated = rng.permutation(np.arange(n) < n // 2)
    scores = rng.normal(50, 6, (n, 1)) + rng.normal(0, 6, (n, pre + post + 1))
    scores[treated, pre + 1 :] += effect
    return scores, treated, pre


def confounded(seed: int = 2, n: int = 60):
    """A sample, and a trait Z of the children that raises both attendance and the outcome."""
    rng = np.random.default_rng(seed)
    z = rng.normal(size=n)
    treated = z + rng.normal(0, 1.5, n) > 0
    covariates = np.column_stack([rng.normal(14, 1, n), rng.random(n) < 0.5])
    baseline = rng.normal(50, 9, n)
    follow_up = 20 + 0.5 * baseline + 6 * treated + 2 * z + rng.normal(0, 5, n)
    return Sample(treated, baseline, follow_up, covariates, ("age", "female")), z


# two centres


@pytest.mark.parametrize(("ratio", "expected"), [(0, 1.9600), (0.5, 2.1815), (1, 2.6461), (2, 3.6449)])
def test_critical_value_of_a_biased_normal_is_the_published_one(ratio, expected):
    assert bias_critical(ratio) == pytest.approx(expected, abs=5e-5)  # published to four decimals


@pytest.mark.parametrize("sign", [1, -1])
def test_interval_ends_at_zero_at_the_break_even_shock_and_at_the_break_even_bias(sign):
    estimate = replace(DID, estimate=sign * DID.estimate)
    found = two_centre(estimate, 8.0, 0.05)
    shocked = shocked_interval(estimate.estimate, estimate.std_error, estimate.critical, found.break_even_shock)
    for ends in (shocked, biased_interval(estimate, found.break_even_bias)):
        assert min(map(abs, ends)) == pytest.approx(0, abs=1e-9)


def test_break_even_icc_is_the_declared_icc_whose_interval_ends_at_zero():
    icc = two_centre(DID, 8.0, 0.05).break_even_icc
    assert two_centre(DID, 8.0, icc).low == pytest.approx(0, abs=1e-9)


def test_without_shock_or_bias_the_interval_is_the_ordinary_one():
    found = two_centre(DID, 8.0, 0.0)
    assert (found.low, found.high) == pytest.approx((DID.ci_low, DID.ci_high), rel=1e-12)
    assert biased_interval(DID, 0.0) == pytest.approx((DID.ci_low, DID.ci_high), rel=1e-12)


def test_intervals_widen_with_the_shock_and_with_the_bias():
    shocked = [two_centre(DID, 8.0, icc) for icc in (0, 0.01, 0.05, 0.2)]
    biased = [biased_interval(DID, bias) for bias in (0, 0.5, 1, 4)]
    for widths in ([f.high - f.low for f in shocked], [high - low for low, high in biased]):
        assert np.all(np.diff(widths) > 0)


def test_an_interval_that_holds_zero_has_no_break_even():
    found = two_centre(FAINT, 8.0, 0.05)
    assert np.isnan([found.break_even_shock, found.break_even_icc, found.break_even_bias]).all()
    assert break_even_bias(FAINT) == 0


def test_two_centre_scales_with_the_unit_of_the_outcome():
    inches = replace(DID, estimate=DID.estimate / 10, std_error=DID.std_error / 10)
    one, other = two_centre(DID, 8.0, 0.05), two_centre(inches, 0.8, 0.05)
    for name in ("shock_sd", "low", "high", "break_even_shock", "break_even_bias"):
        assert getattr(other, name) == pytest.approx(getattr(one, name) / 10, rel=1e-9)
    assert other.break_even_icc == pytest.approx(one.break_even_icc, rel=1e-9)


# honest difference in differences


@pytest.mark.parametrize("interval", INTERVALS)
@pytest.mark.parametrize("waves", [(1, 1), (2, 2), (4, 3)])
def test_interval_reaches_zero_at_the_break_even_value(interval, waves):
    event = event_study(*children(*waves, effect=9.0))
    value = break_even(lambda m: interval(event, m))
    assert value > 0
    assert interval(event, value)[0] == pytest.approx(0, abs=1e-5)
    assert interval(event, 0.99 * value)[0] > 0 > interval(event, 1.01 * value)[0]


@pytest.mark.parametrize("interval", INTERVALS)
def test_break_even_is_zero_where_the_interval_holds_zero_already(interval):
    event = event_study(*children(effect=0.0))
    assert break_even(lambda m: interval(event, m)) == 0


@pytest.mark.parametrize("interval", INTERVALS)
def test_interval_widens_as_trends_may_differ_more(interval):
    event = event_study(*children(3, 2))
    widths = [high - low for low, high in (interval(event, m) for m in (0, 0.5, 1, 2, 5))]
    assert np.all(np.diff(widths) > 0)


@pytest.mark.parametrize("interval", INTERVALS)
def test_interval_widens_with_the_confidence_asked(interval):
    event = event_study(*children())
    low, high = interval(event, 1.0, alpha=0.05)
    wide = interval(event, 1.0, alpha=0.01)
    assert wide[0] < low < high < wide[1]


@pytest.mark.parametrize(("interval", "m", "scaled"), [(relative_magnitude, 1.0, 1.0), (smoothness, 1.0, 0.1)])
def test_interval_follows_unit_and_sign_of_the_outcome(interval, m, scaled):
    scores, treated, baseline = children(3, 2)
    low, high = interval(event_study(scores, treated, baseline), m)
    assert interval(event_study(scores / 10, treated, baseline), scaled) == pytest.approx(
        (low / 10, high / 10), rel=1e-5
    )
    assert interval(event_study(-scores, treated, baseline), m) == pytest.approx((-high, -low), rel=1e-5)


@pytest.mark.parametrize("interval", INTERVALS)
def test_levels_of_children_and_waves_and_the_order_of_rows_do_not_matter(interval):
    scores, treated, baseline = children()
    rng = np.random.default_rng(3)
    order = rng.permutation(len(scores))
    moved = scores + rng.normal(0, 20, (len(scores), 1)) + rng.normal(0, 20, 5)
    expected = interval(event_study(scores, treated, baseline), 1.0)
    assert interval(event_study(moved[order], treated[order], baseline), 1.0) == pytest.approx(expected, rel=1e-6)


def test_children_who_miss_a_wave_are_not_used():
    scores, treated, baseline = children()
    holed = scores.copy()
    holed[7, 0] = np.nan
    kept = np.arange(len(scores)) != 7
    one, other = event_study(holed, treated, baseline), event_study(scores[kept], treated[kept], baseline)
    assert np.array_equal(one.beta, other.beta)
    assert np.array_equal(one.sigma, other.sigma)


def test_a_straight_difference_in_trends_does_not_move_the_smoothness_interval():
    scores, treated, baseline = children(3, 2)
    expected = smoothness(event_study(scores, treated, baseline), 0.5)
    drifting = scores + 4 * treated[:, None] * np.arange(6)
    assert smoothness(event_study(drifting, treated, baseline), 0.5) == pytest.approx(expected, rel=1e-6)


def test_no_other_unbiased_linear_estimator_has_a_shorter_interval():
    event, m = event_study(*children(4, 2)), 0.7
    low, high = smoothness(event, m)
    times = np.array([-4, -3, -2, -1, 1, 2])
    deltas = [bent_line(bends) * m for bends in product([-1, 1], repeat=5)]  # kinks at waves -3 to 1
    rng = np.random.default_rng(4)
    start = np.array([0, 0, 0, 1, 1, 0])
    lengths = []
    for size in rng.uniform(0, 1, 300):
        moves = rng.normal(0, size, 4)
        moves -= times[:4] * (moves @ times[:4]) / (times[:4] @ times[:4])
        estimator = start + np.r_[moves, 0, 0]
        sd = np.sqrt(estimator @ event.sigma @ estimator)
        lengths.append(bias_critical(max(estimator @ delta for delta in deltas) / sd) * sd)
    assert 1 <= min(lengths) / ((high - low) / 2) < 1.5


def bent_line(bends: tuple[int, ...]) -> np.ndarray:
    """Values at waves -4 to 2, without 0, of a broken line through 0 at wave 0, with these second differences."""
    line = np.zeros(7)
    for wave in range(2, 7):
        line[wave] = 2 * line[wave - 1] - line[wave - 2] + bends[wave - 2]
    line += np.arange(7) * 10.0
    line -= line[4] + (np.arange(7) - 4) * 10.0
    return np.delete(line, 4)


def test_vertices_give_the_least_violation_of_the_moments_as_linear_programming_does():
    rng = np.random.default_rng(5)
    moments, beta, weights = rng.normal(size=(9, 5)), rng.normal(0, 3, 5), np.array([0.5, 0.3, 0.2])
    root = rng.normal(size=(5, 5))
    sigma = root @ root.T
    test = moment_test(moments, beta, sigma, weights, 0.05)
    sd = np.sqrt(np.diag(moments @ sigma @ moments.T))
    for theta in (-2.0, 0.0, 3.0):
        program = optimize.linprog(  # eta, then tau
            [1, 0, 0, 0],
            A_ub=-np.column_stack([sd, moments[:, 2:]]),
            b_ub=-moments @ beta,
            A_eq=[[0, *weights]],
            b_eq=[theta],
            bounds=(None, None),
        )
        assert (test.level - test.slope * theta).max() == pytest.approx(program.fun, rel=1e-8)


@pytest.mark.parametrize(
    ("interval", "m", "delta"),
    # trends as far apart as the assumption allows: after baseline one more step as large as that before; a bend of m
    [(relative_magnitude, 1.0, [-2.0, 2.0]), (smoothness, 1.5, [-2.0, 3.5])],
)
def test_interval_covers_the_effect_at_its_rate_where_trends_differ(interval, m, delta):
    sigma, effect, draws = np.array([[1.0, 0.4], [0.4, 1.2]]), 3.0, 300
    rng = np.random.default_rng(6)
    betas = rng.multivariate_normal(np.add(delta, [0, effect]), sigma, draws)
    ends = np.array([interval(EventStudy(beta, sigma, 1, 1), m) for beta in betas])
    covered = np.mean((ends[:, 0] <= effect) & (effect <= ends[:, 1]))
    assert covered >= 0.95 - 3 * np.sqrt(0.95 * 0.05 / draws)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda s, t, b: (s, t, 0), "no wave before"),
        (lambda s, t, b: (s, t, s.shape[1] - 1), "no wave after"),
        (lambda s, t, b: (s, np.arange(len(s)) < 1, b), "fewer than two children"),
        (lambda s, t, b: (np.full_like(s, np.nan), t, b), "fewer than two children"),
        (lambda s, t, b: (np.full_like(s, 0.1), t, b), "vary too little"),
        (lambda s, t, b: (np.where(np.arange(5) == 1, s[:, [0]], s), t, b), "vary too little"),
        (
            lambda s, t, b: (s[[*np.flatnonzero(t)[:2], *np.flatnonzero(~t)[:2]]], np.arange(4) < 2, b),
            "vary too little",
        ),
    ],
)
def test_waves_that_say_nothing_give_a_reason(change, reason):
    with pytest.raises(NoEstimate, match=reason):
        event_study(*change(*children()))


# omitted variable


def test_a_confounder_of_the_robustness_value_leaves_nothing():
    fit = omitted_variable(confounded()[0]).fit
    found = robustness(fit)
    assert adjusted(fit, found.rv, found.rv).estimate == pytest.approx(0, abs=1e-12)
    just = adjusted(fit, found.rv_alpha, found.rv_alpha)
    assert just.t == pytest.approx(stats.t.ppf(0.975, fit.df - 1), rel=1e-9)
    assert 0 < found.rv_alpha < found.rv < 1


def test_a_confounder_of_the_partial_r2_that_explains_all_of_the_outcome_leaves_nothing():
    fit = omitted_variable(confounded()[0]).fit
    assert adjusted(fit, partial_r2(fit), 1.0).estimate == pytest.approx(0, abs=1e-12)


def test_adjustment_by_the_strength_of_a_trait_is_the_regression_that_includes_it():
    sample, z = confounded()
    found = omitted_variable(sample)
    others = np.column_stack([np.ones(60), sample.baseline, sample.covariates, z])
    long = classical(sample.follow_up, np.column_stack([others, sample.treated]))
    in_centre = classical(sample.treated.astype(float), others)
    result = adjusted(found.fit, partial_r2(in_centre[-1]), partial_r2(long[-2]))
    assert (result.estimate, result.std_error) == pytest.approx((long[-1].estimate, long[-1].std_error), rel=1e-9)


def test_robustness_does_not_depend_on_unit_sign_order_or_an_added_constant():
    sample, _ = confounded()
    order = np.random.default_rng(7).permutation(60)
    moved = Sample(
        sample.treated, 3 - sample.baseline / 10, 3 - sample.follow_up / 10, sample.covariates * 1000, ("a", "b")
    )
    one, other = omitted_variable(sample), omitted_variable(moved.keep(order))
    for name in ("partial_r2", "rv", "rv_alpha"):
        assert getattr(other.robustness, name) == pytest.approx(getattr(one.robustness, name), rel=1e-8)
    assert other.robustness.t == pytest.approx(-one.robustness.t, rel=1e-8)
    for a, b in zip(one.bounds, other.bounds, strict=True):
        assert b.adjusted.estimate == pytest.approx(-a.adjusted.estimate / 10, rel=1e-8)
        assert (b.adjusted.low, b.adjusted.high) == pytest.approx(
            (-a.adjusted.high / 10, -a.adjusted.low / 10), rel=1e-8
        )


def test_a_stronger_benchmark_takes_more_of_the_estimate():
    bounds = [b for b in omitted_variable(confounded()[0]).bounds if b.benchmark == "age"]
    assert [b.multiple for b in bounds] == [1, 2, 3]
    assert np.all(np.diff([b.adjusted.estimate for b in bounds]) < 0)


def test_multiples_that_no_confounder_reaches_are_left_out():
    sample, z = confounded()
    treated = sample.treated.astype(float)
    close = replace(sample, covariates=(treated + z / 5)[:, None], covariate_names=("almost the centre",))
    assert {b.benchmark for b in omitted_variable(close).bounds} == {"baseline"}


def test_no_effect_at_all_has_no_robustness():
    found = robustness(Fit(0.0, 1.0, 50.0))
    assert (found.partial_r2, found.rv, found.rv_alpha) == (0, 0, 0)
    assert robustness(Fit(1.0, 1.0, 50.0)).rv_alpha == 0  # not significant to begin with


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda s: replace(s, covariates=np.full((60, 2), np.nan)), "fewer than two children"),
        (lambda s: replace(s, follow_up=s.baseline.copy()), "does not vary"),
        (
            lambda s: s.keep(np.isin(np.arange(60), [*np.flatnonzero(s.treated)[:3], *np.flatnonzero(~s.treated)[:3]])),
            "few",
        ),
    ],
)
def test_samples_without_an_ancova_row_give_a_reason(change, reason):
    with pytest.raises(NoEstimate, match=reason):
        omitted_variable(change(confounded()[0]))
