"""What must not move a p, what a p is made of, and what is refused."""

import tracemalloc
from itertools import product

import numpy as np
import pytest
from scipy import stats

from evaluation.counterfactual.inference import permutation
from evaluation.counterfactual.inference.bootstrap import WEIGHTS, wild_bootstrap
from evaluation.counterfactual.inference.multiplicity import (
    benjamini_hochberg,
    bonferroni,
    holm,
    romano_wolf,
    sharpened_q,
    two_stage,
)
from evaluation.counterfactual.inference.permutation import (
    assignments,
    permutation_distribution,
    permutation_matrix,
    permutation_p,
    welch_t,
)
from evaluation.counterfactual.sample import NoEstimate

TREATED = np.arange(79) < 41
SEEDS = range(5)


def family(seed, outcomes=3):
    """Scores of one decimal: real ties, no symmetry."""
    return np.random.default_rng(seed).gamma(2, 3, size=(79, outcomes)).round(1)


def joint_p(changes, treated, draws=1_500):
    permuted, observed, exact = permutation_matrix(changes, treated, draws, 1)
    return [permutation_p(t, column, exact) for t, column in zip(observed, permuted.T, strict=True)]


def wild_p(change, treated):
    return wild_bootstrap(change, treated, 1_500, 1).p


@pytest.mark.parametrize("seed", SEEDS)
def test_order_of_rows_and_outcomes_shift_scale_and_sign_do_not_move_permutation_p(seed):
    changes, rows = family(seed), np.random.default_rng(seed).permutation(79)
    expected = joint_p(changes, TREATED)
    assert joint_p(changes[rows], TREATED[rows]) == expected
    assert joint_p(changes * [1, -1, 3.7] + [17.3, 0, -4], TREATED) == expected
    assert joint_p(changes[:, ::-1], TREATED) == expected[::-1]
    one = permutation_distribution(changes[:, 0], TREATED, 1_500, 1)
    assert permutation_p(*permutation_distribution(-2 * changes[rows, 0] + 5, TREATED[rows], 1_500, 1)) == (
        permutation_p(*one)
    )


@pytest.mark.parametrize("seed", SEEDS)
def test_order_of_rows_shift_scale_and_sign_do_not_move_wild_bootstrap_p(seed):
    change, rows = family(seed)[:, 0], np.random.default_rng(seed).permutation(79)
    expected = wild_p(change, TREATED)
    assert wild_p(change[rows], TREATED[rows]) == expected
    assert wild_p(-3.7 * change + 17.3, TREATED) == expected


@pytest.mark.parametrize("seed", SEEDS)
def test_other_outcomes_do_not_move_an_enumerated_p(seed):
    changes, treated = family(seed)[:10], np.arange(10) < 4
    alone = permutation_p(*permutation_distribution(changes[:, 1], treated, 1_500, 1))
    assert joint_p(changes, treated)[1] == alone


def test_observed_t_is_that_of_welch():
    changes = family(1)
    _, observed, _ = permutation_matrix(changes, TREATED, 10, 1)
    expected = stats.ttest_ind(changes[TREATED], changes[~TREATED], equal_var=False).statistic
    np.testing.assert_allclose(observed, expected, rtol=1e-8)  # standardised scores are rounded to 9 digits


def test_more_draws_begin_with_the_same_draws():
    many, _, _ = permutation_matrix(family(1), TREATED, 2_300, 1)
    few, _, _ = permutation_matrix(family(1), TREATED, 1_100, 1)
    np.testing.assert_array_equal(many[:1_100], few)
    assert len(many) == 2_300
    assert len(np.unique(many[:, 0])) > 2_000  # the blocks differ


def test_children_held_in_memory_at_once_do_not_change_the_draws(monkeypatch):
    expected = permutation_matrix(family(1), TREATED, 50, 1)[0]
    monkeypatch.setattr(permutation, "CHUNK", 7)
    np.testing.assert_allclose(permutation_matrix(family(1), TREATED, 50, 1)[0], expected, rtol=1e-9)


def test_memory_does_not_grow_with_children_times_draws():
    n = 60_000
    tracemalloc.start()
    permuted, _, _ = permutation_matrix(np.random.default_rng(1).normal(size=(n, 1)), np.arange(n) < n // 2, 1_000, 1)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 40e6  # all assignments of one block would take 480 MB
    assert stats.kstest(permuted[:, 0], "norm").pvalue > 0.001


def test_every_assignment_is_drawn_equally_often_with_the_centre_sizes():
    counts = np.zeros(32)
    for seed in range(20):
        ((_, chosen),) = assignments(5, 2, np.random.default_rng(seed))
        assert set(chosen.sum(axis=0)) == {2.0}
        counts += np.bincount((2.0 ** np.arange(5) @ chosen).astype(int), minlength=32)
    assert np.count_nonzero(counts) == 10
    assert stats.chisquare(counts[counts > 0]).pvalue > 0.001


def test_tied_scores_give_fishers_exact_p():
    """With two values and equal centres, the order of |t| is that of the tables' probabilities."""
    treated = np.arange(12) < 6
    change = np.array([1, 1, 1, 1, 1, 0, 1, 0, 0, 0, 0, 0]) * 0.1 + 0.7
    p = permutation_p(*permutation_distribution(change, treated, 1_000, 1))
    assert p == pytest.approx(stats.fisher_exact([[5, 1], [1, 5]]).pvalue, rel=1e-12)


def test_centres_that_differ_without_varying_have_an_infinite_t_and_the_smallest_p():
    treated = np.arange(12) < 7  # values whose squares do not add up without rounding
    observed, permuted, exact = permutation_distribution(np.where(treated, 0.3, 0.1), treated, 1_000, 1)
    assert np.isinf(observed)
    assert not np.isnan(permuted).any()
    assert permutation_p(observed, permuted, exact) == 1 / 792


def test_centres_with_equal_means_have_p_one():
    change = np.array([0.1, 0.2, 0.7, 0.2, 0.7, 0.1, 0.3, 0.3, 0.4, 0.4])
    treated = np.array([1, 1, 1, 0, 0, 0, 1, 0, 1, 0], dtype=bool)
    observed, permuted, exact = permutation_distribution(change, treated, 1_000, 1)
    assert (observed, permutation_p(observed, permuted, exact)) == (0, 1)
    assert wild_bootstrap(change, treated, 2_000, 1).p == 1


def test_nothing_over_nothing_is_zero():
    assert welch_t(np.array([2.0]), np.array([2.0]), np.array([4.0]), np.array([4.0]), 2, 2) == 0


@pytest.mark.parametrize(
    ("change", "treated", "reason"),
    [
        ([1.3] * 6, [1, 1, 1, 0, 0, 0], "does not vary"),
        ([1, 2, 3, 4, 5, 6], [1, 0, 0, 0, 0, 0], "fewer than two"),
        ([1, 2, 3, np.nan, 5, 6], [1, 1, 1, 0, 0, 0], "missing"),
        ([np.nan] * 6, [1, 1, 1, 0, 0, 0], "missing"),
        ([], [], "fewer than two"),
    ],
)
@pytest.mark.filterwarnings("error")
def test_data_that_say_nothing_are_refused_with_a_reason(change, treated, reason):
    change, treated = np.array(change, dtype=float), np.array(treated, dtype=bool)
    for test in (permutation_distribution, wild_bootstrap):
        with pytest.raises(NoEstimate, match=reason) as refusal:
            test(change, treated, 100, 1)
        assert refusal.value.reason["it"]


def test_wild_bootstrap_refuses_centres_that_do_not_vary():
    treated = np.arange(10) < 5
    with pytest.raises(NoEstimate, match="within the centres"):
        wild_bootstrap(np.where(treated, 0.3, 0.1), treated, 100, 1)


def test_wild_weights_have_mean_zero_and_variance_one():
    for points in WEIGHTS.values():
        assert points.mean() == pytest.approx(0, abs=1e-15)
        assert points.var() == pytest.approx(1, rel=1e-15)


def test_enumerated_webb_p_is_that_of_one_regression_after_the_other():
    change, treated = np.array([0.2, 1.1, 3.0, 1.4]), np.array([True, True, False, False])
    design = np.column_stack([np.ones(4), treated])
    bread = np.linalg.inv(design.T @ design)

    def hc1_t(y):
        beta = bread @ design.T @ y
        scores = design * (y - design @ beta)[:, None]
        return abs(beta[1]) / np.sqrt((bread @ scores.T @ scores @ bread)[1, 1] * 4 / 2)

    residuals = change - change.mean()
    t = np.array([hc1_t(residuals * v) for v in product(WEIGHTS["webb"], repeat=4)])
    result = wild_bootstrap(change, treated, 1_296, 1, "webb")
    assert (result.exact, result.draws) == (True, 6**4)
    assert result.p == np.mean(t >= hc1_t(change) * (1 - 1e-9))


@pytest.mark.parametrize(("weights", "children"), [("rademacher", 15), ("webb", 6)])
def test_drawn_wild_bootstrap_is_close_to_the_enumerated_one(weights, children):
    change, treated = family(1)[:children, 0], np.arange(children) < children // 2
    every = len(WEIGHTS[weights]) ** children
    enumerated, drawn = (wild_bootstrap(change, treated, draws, 1, weights) for draws in (every, every - 1))
    assert (enumerated.exact, drawn.exact) == (True, False)
    assert drawn.p == pytest.approx(enumerated.p, abs=4 * np.sqrt(enumerated.p * (1 - enumerated.p) / every))


@pytest.mark.parametrize("seed", SEEDS)
def test_romano_wolf_is_never_below_the_raw_p_nor_out_of_order(seed):
    permuted, observed, exact = permutation_matrix(family(seed, 6), TREATED, 999, 1)
    adjusted = romano_wolf(observed, permuted, exact)
    assert np.all(adjusted >= joint_p(family(seed, 6), TREATED, 999))
    assert np.all(np.diff(adjusted[np.argsort(-np.abs(observed))]) >= 0)
    np.testing.assert_array_equal(romano_wolf(observed[::-1], permuted[:, ::-1], exact), adjusted[::-1])


def test_copies_of_one_outcome_need_no_adjustment():
    change = family(1, 1)
    permuted, observed, exact = permutation_matrix(change * [1, -2, 5], TREATED, 999, 1)
    np.testing.assert_array_equal(romano_wolf(observed, permuted, exact), joint_p(change, TREATED, 999) * 3)


@pytest.mark.parametrize("adjust", [bonferroni, holm, benjamini_hochberg, sharpened_q])
def test_order_of_outcomes_does_not_move_adjusted_p_values(adjust):
    p = np.random.default_rng(1).beta(0.5, 2, size=12)
    adjusted = adjust(p)
    np.testing.assert_array_equal(adjust(p[::-1]), adjusted[::-1])
    assert np.all((adjusted >= 0) & (adjusted <= 1))
    assert len(adjust(np.array([]))) == 0


def test_sharpened_q_is_the_level_at_which_the_two_stage_procedure_begins_to_find():
    p = np.random.default_rng(2).beta(0.5, 2, size=12)
    q = sharpened_q(p)
    np.testing.assert_array_equal(two_stage(p, 0.1), q <= 0.1)
    np.testing.assert_array_equal(two_stage(p, 0.2), q <= 0.2)


@pytest.mark.parametrize("adjust", [bonferroni, holm, benjamini_hochberg, sharpened_q])
def test_a_missing_p_is_refused(adjust):
    with pytest.raises(NoEstimate, match="no p"):
        adjust(np.array([0.1, np.nan]))
