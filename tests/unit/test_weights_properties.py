"""What must hold of the weighting estimators whatever the data, and what they must refuse."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable

import numpy as np
import pytest
from scipy.optimize import linprog

from evaluation.counterfactual.estimators.doubly_robust import drdid, drdid_traditional, entropy, ipw
from evaluation.counterfactual.estimators.weights import effective_sample_size, entropy_weights, odds_weights, overlap
from evaluation.counterfactual.sample import NoEstimate, Sample

pytestmark = pytest.mark.filterwarnings("error")

ESTIMATORS = [ipw, drdid_traditional, drdid, entropy]
BY_INFLUENCE = [ipw, drdid_traditional, drdid]
each_estimator = pytest.mark.parametrize("estimator", ESTIMATORS)
each_seed = pytest.mark.parametrize("seed", range(3))


def draw(seed: int, n: int = 120, k: int = 3) -> Sample:
    """Children whose centre and whose trend depend on their covariates."""
    rng = np.random.default_rng(seed)
    x = np.column_stack([rng.standard_normal((n, k - 1)), rng.integers(0, 2, n)])
    treated = rng.random(n) < 1 / (1 + np.exp(-0.6 * x[:, 0]))
    baseline = 50 + 8 * rng.standard_normal(n) + 2 * x[:, 0]
    follow_up = baseline + 3 * treated + 2 * x[:, 0] + 5 * rng.standard_normal(n)
    return Sample(treated, baseline, follow_up, x)


def changed(sample: Sample, **fields: np.ndarray) -> Sample:
    values = {name: getattr(sample, name) for name in ("treated", "baseline", "follow_up", "covariates")}
    return Sample(**{**values, **fields})


def assert_same(one, other, scale: float = 1.0, sign: float = 1.0, rel: float = 1e-9) -> None:
    assert other.estimate == pytest.approx(sign * scale * one.estimate, rel=rel)
    assert other.std_error == pytest.approx(scale * one.std_error, rel=rel)


@each_seed
@each_estimator
def test_units_of_the_covariates_do_not_matter(estimator, seed):
    sample = draw(seed)
    shifted = sample.covariates * np.array([1e-7, 1e5, -1.0]) + np.array([3.0, -2e5, 1.0])
    assert_same(estimator(sample), estimator(changed(sample, covariates=shifted)))


@each_seed
@each_estimator
def test_recombined_covariates_say_the_same(estimator, seed):
    sample = draw(seed)
    turn = np.array([[1.0, 0.5, 0.0], [0.0, 1.0, -2.0], [0.3, 0.0, 1.0]])
    assert_same(estimator(sample), estimator(changed(sample, covariates=sample.covariates @ turn)))


@each_seed
@each_estimator
def test_order_of_the_children_does_not_matter(estimator, seed):
    sample = draw(seed)
    order = np.random.default_rng(seed).permutation(len(sample.treated))
    assert_same(estimator(sample), estimator(sample.keep(order)), rel=1e-11)


@each_seed
@each_estimator
def test_effect_follows_the_unit_and_the_sign_of_the_outcome(estimator, seed):
    sample = draw(seed)
    turned = changed(sample, baseline=7 - 20 * sample.baseline, follow_up=7 - 20 * sample.follow_up)
    assert_same(estimator(sample), estimator(turned), scale=20.0, sign=-1.0)


@each_seed
@each_estimator
def test_a_constant_added_to_every_treated_change_is_added_to_the_effect(estimator, seed):
    sample = draw(seed)
    more = estimator(changed(sample, follow_up=sample.follow_up + 11.0 * sample.treated))
    plain = estimator(sample)
    assert more.estimate == pytest.approx(plain.estimate + 11, rel=1e-9)
    assert more.std_error == pytest.approx(plain.std_error, rel=1e-9)


@each_seed
@pytest.mark.parametrize("estimator", BY_INFLUENCE)
def test_every_child_twice_keeps_the_effect_and_divides_the_standard_error_by_root_two(estimator, seed):
    sample = draw(seed)
    twice = sample.keep(np.repeat(np.arange(len(sample.treated)), 2))
    plain, doubled = estimator(sample, errors="r"), estimator(twice, errors="r")
    assert doubled.estimate == pytest.approx(plain.estimate, rel=1e-9)
    assert doubled.std_error == pytest.approx(plain.std_error / np.sqrt(2), rel=1e-9)


@pytest.mark.parametrize("estimator", [drdid_traditional, drdid])
def test_a_trend_linear_in_the_covariates_is_taken_off_exactly(estimator):
    sample = draw(0)
    bent = changed(sample, follow_up=sample.follow_up + sample.covariates @ np.array([40.0, -30.0, 20.0]))
    assert_same(estimator(sample), estimator(bent), rel=1e-8)


@each_seed
def test_entropy_weights_give_the_comparison_the_treated_means(seed):
    sample = draw(seed)
    weights = entropy_weights(sample.treated, sample.covariates)
    reached = np.average(sample.covariates[~sample.treated], axis=0, weights=weights[~sample.treated])
    np.testing.assert_allclose(reached, sample.covariates[sample.treated].mean(axis=0), atol=1e-12)
    assert weights[~sample.treated].sum() == pytest.approx(sample.n_treated, rel=1e-12)


@each_seed
def test_odds_weights_solve_the_likelihood_equations(seed):
    sample = draw(seed)
    weights = odds_weights(sample.treated, sample.covariates)[~sample.treated]
    x = np.column_stack([np.ones(len(sample.treated)), sample.covariates])
    log_odds = np.linalg.lstsq(x[~sample.treated], np.log(weights), rcond=None)[0]  # linear, up to the normalisation

    def imbalance(constant: float) -> np.ndarray:
        propensity = 1 / (1 + np.exp(-(x @ log_odds + constant)))
        return x.T @ (sample.treated - propensity)

    low, high = -5.0, 5.0
    for _ in range(80):
        middle = (low + high) / 2
        low, high = (middle, high) if imbalance(middle)[0] > 0 else (low, middle)
    np.testing.assert_allclose(imbalance(low), 0, atol=1e-9)


def hull_holds_the_treated_means(treated: np.ndarray, features: np.ndarray) -> bool:
    """Whether weights that are all positive reach the treated means: a linear programme for the largest least weight."""
    z = features[~treated] - features[treated].mean(axis=0)
    n, k = z.shape
    solved = linprog(
        np.append(np.zeros(n), -1.0),
        A_ub=np.column_stack([-np.eye(n), np.ones(n)]),
        b_ub=np.zeros(n),
        A_eq=np.column_stack([np.vstack([z.T, np.ones(n)]), np.zeros(k + 1)]),
        b_eq=np.append(np.zeros(k), 1.0),
        bounds=[(None, None)] * n + [(-1, 1)],
    )
    return solved.status == 0 and -solved.fun > 1e-9


def test_weights_are_refused_exactly_where_a_linear_programme_finds_none():
    rng = np.random.default_rng(7)
    seen = {True: 0, False: 0}
    kinds: list[Callable] = [
        rng.standard_normal,
        lambda shape: rng.integers(0, 3, shape) * 1.0,
        lambda shape: rng.standard_normal(shape) ** 3,  # far outliers, where a full Newton step leaps too far
    ]
    for trial in range(240):
        n1, n0, k = rng.integers(2, 20), rng.integers(8, 40), rng.integers(1, 5)
        treated = np.repeat([True, False], [n1, n0])
        features = kinds[trial % 3]((n1 + n0, k)) + treated[:, None] * rng.choice([0.0, 0.5, 1.0, 2.0])
        try:
            entropy_weights(treated, features)
            found = True
        except NoEstimate as refused:
            if "do not overlap" not in str(refused):
                continue
            found = False
        assert found == hull_holds_the_treated_means(treated, features), trial
        seen[found] += 1
    assert min(seen.values()) > 50


def binary_group(ones: int, zeros: int) -> np.ndarray:
    return np.repeat([1.0, 0.0], [ones, zeros])


def refused_cases() -> dict[str, tuple[Sample, str]]:
    """Designs that identify no number, and what the reason must say."""
    sample = draw(1, n=60)
    treated, x = sample.treated, sample.covariates
    age = np.where(treated, 15.0, 11.0) + np.random.default_rng(0).random(60)
    few = np.flatnonzero(treated)[:1], np.flatnonzero(~treated)[:4]
    beyond = np.where(treated, 8.0 + x[:, 0] / 10, 5 * (np.arange(60) % 7) / 6)
    beyond[np.flatnonzero(treated)[0]] = 0.5  # a logit converges here, yet the treated mean lies beyond the comparison
    rare = np.concatenate([binary_group(1000, 10), binary_group(1, 30)])
    rng = np.random.default_rng(3)
    baseline, follow_up = rng.standard_normal((2, 1041))
    baseline[1010] = baseline[:1010].mean()  # so that balancing the baseline as well has a solution
    crowded = Sample(np.arange(1041) < 1010, baseline, follow_up, rare[:, None])
    level = np.where(treated, (np.arange(60) % 2) * 1.0, 0.0)  # a category no comparison child has
    return {
        "perfect separation": (changed(sample, covariates=age[:, None]), "do not overlap"),
        "mean beyond the hull": (changed(sample, covariates=beyond[:, None]), "do not overlap"),
        "all treated of one category": (
            changed(sample, covariates=np.where(treated, 1.0, x[:, 2])[:, None]),
            "overlap",
        ),
        "category without comparison": (changed(sample, covariates=np.column_stack([x, level])), "constant"),
        "propensity above .995": (crowded, "above .995"),
        "constant": (changed(sample, covariates=np.column_stack([x, np.full(60, 0.1)])), "constant"),
        "collinear": (changed(sample, covariates=np.column_stack([x, x @ [1.0, 2.0, 3.0]])), "follows"),
        "one treated": (sample.keep(np.concatenate([few[0], np.flatnonzero(~treated)])), "at least 2 treated"),
        "few comparison": (sample.keep(np.concatenate([np.flatnonzero(treated), few[1]])), "comparison children"),
        "more covariates than children": (changed(sample, covariates=rng.standard_normal((60, 60))), "at least"),
        "missing covariate": (changed(sample, covariates=np.where(np.eye(60, 3) > 0, np.nan, x)), "missing"),
        "no change at all": (changed(sample, follow_up=sample.baseline), "does not vary"),
    }


@pytest.mark.parametrize("case", refused_cases())
@each_estimator
def test_what_does_not_identify_a_number_is_refused_with_a_reason_in_both_languages(estimator, case):
    sample, reason = refused_cases()[case]
    with pytest.raises(NoEstimate, match=reason) as refused:
        estimator(sample)
    assert refused.value.reason["it"] != refused.value.reason["en"]


def test_effective_sample_size_counts_equal_children():
    assert effective_sample_size(np.full(30, 0.2)) == pytest.approx(30)
    assert effective_sample_size(np.array([3.0, 1.0, 0.0])) == pytest.approx(1.6)  # 16 / 10
    assert effective_sample_size(np.zeros(4)) == 0


def test_overlap_reports_ranges_weights_and_who_lies_outside():
    treated = np.repeat([True, False], [60, 60])
    group = np.concatenate([binary_group(40, 20), binary_group(20, 40)])
    found = overlap(treated, group[:, None])
    assert found.treated == pytest.approx((1 / 3, 2 / 3))  # the share treated in either group
    assert found.comparison == pytest.approx((1 / 3, 2 / 3))
    weights = np.repeat([2.0, 0.5], [20, 40])
    assert found.effective_n == pytest.approx(effective_sample_size(weights))
    assert found.largest_share == pytest.approx(2 / 60)


def test_treated_beyond_the_range_of_the_comparison_are_counted():
    x = np.concatenate([[0.2, 0.5, 0.8, 5.0], np.linspace(-1, 4, 40)])
    assert overlap(np.arange(44) < 4, x[:, None]).outside == pytest.approx(0.25)


@each_estimator
def test_memory_grows_with_children_times_covariates_only(estimator):
    sample = draw(0, n=50_000, k=5)
    tracemalloc.start()
    estimator(sample)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 12 * sample.covariates.nbytes  # a matrix of children by children would take ten thousand times that
