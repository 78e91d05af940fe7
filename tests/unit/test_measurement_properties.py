"""What must not change the measurement statistics, and what they refuse."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import astuple, is_dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluation.language import LANGUAGES
from evaluation.measurement.complete import NoMeasure
from evaluation.measurement.item_functioning import merge_rare, screen_item
from evaluation.measurement.items import item_rest, item_summary, pairwise_alpha
from evaluation.measurement.omega import mcdonald_omega
from evaluation.measurement.raters import intraclass_correlations

pytestmark = pytest.mark.filterwarnings("error")

CHILDREN = 60
TREATED = np.arange(CHILDREN) < CHILDREN // 2


@pytest.fixture
def items() -> np.ndarray:
    rng = np.random.default_rng(11)
    latent = 0.9 * rng.standard_normal((CHILDREN, 1)) + 0.7 * rng.standard_normal((CHILDREN, 5))
    answers = np.digitize(latent, [-0.8, 0.0, 0.8]).astype(float) + 1
    answers[rng.random(answers.shape) < 0.03] = np.nan
    return answers


def numbers(result: object) -> np.ndarray:
    """Every number of a result, one after the other."""
    if isinstance(result, tuple):
        return np.concatenate([numbers(part) for part in result]) if result else np.empty(0)
    if is_dataclass(result):
        return numbers(astuple(result))
    return np.empty(0) if isinstance(result, str) else np.array([result], dtype=float)


STATISTICS: dict[str, Callable[[np.ndarray], object]] = {
    "omega": mcdonald_omega,
    "item_rest": lambda items: item_rest(items, 0),
    "pairwise_alpha": pairwise_alpha,
    "icc": intraclass_correlations,
}
every_statistic = pytest.mark.parametrize("statistic", STATISTICS.values(), ids=STATISTICS)


@every_statistic
def test_the_order_of_children_does_not_matter(statistic, items):
    mixed = np.random.default_rng(1).permutation(items)
    np.testing.assert_allclose(numbers(statistic(mixed)), numbers(statistic(items)), atol=1e-7)


@every_statistic
def test_a_shift_of_all_answers_does_not_matter(statistic, items):
    np.testing.assert_allclose(numbers(statistic(items + 100)), numbers(statistic(items)), atol=1e-7)


@pytest.mark.parametrize("factor", [10.0, -1.0])
def test_unit_and_direction_of_all_answers_do_not_matter(factor, items):
    omega, scaled = mcdonald_omega(items), mcdonald_omega(factor * items)
    assert (scaled.omega, scaled.low, scaled.high) == pytest.approx((omega.omega, omega.low, omega.high), abs=1e-7)
    np.testing.assert_allclose(scaled.loadings, np.abs(factor) * np.array(omega.loadings), atol=1e-5)
    for name in ("item_rest", "pairwise_alpha", "icc"):
        np.testing.assert_allclose(
            numbers(STATISTICS[name](factor * items)), numbers(STATISTICS[name](items)), atol=1e-9
        )


def test_omega_weighs_items_by_their_units():
    rng = np.random.default_rng(5)
    data = rng.standard_normal((200, 1)) + rng.standard_normal((200, 4)) * np.array([0.3, 1, 1, 1])
    louder = data * np.array([5, 1, 1, 1])
    assert mcdonald_omega(louder).omega > mcdonald_omega(data).omega + 0.05


def test_three_items_have_the_omega_of_the_triad():
    """With three items the model is exact: l1^2 = c12 c13 / c23 (Spearman 1904)."""
    rng = np.random.default_rng(4)
    data = rng.standard_normal((300, 1)) + rng.standard_normal((300, 3))
    c = np.cov(data, rowvar=False)
    loadings = np.sqrt([c[0, 1] * c[0, 2] / c[1, 2], c[0, 1] * c[1, 2] / c[0, 2], c[0, 2] * c[1, 2] / c[0, 1]])
    omega = mcdonald_omega(data)
    np.testing.assert_allclose(omega.loadings, loadings, atol=1e-6)
    assert omega.omega == pytest.approx(loadings.sum() ** 2 / c.sum(), abs=1e-7)


def test_standard_error_of_omega_agrees_with_the_jackknife(items):
    complete = items[~np.isnan(items).any(axis=1)]
    n = len(complete)
    left_out = np.array([mcdonald_omega(np.delete(complete, row, axis=0)).omega for row in range(n)])
    jackknife = np.sqrt((n - 1) * left_out.var())
    assert mcdonald_omega(complete).std_error == pytest.approx(jackknife, rel=0.1)  # they differ by terms of order 1/n


def test_a_wider_level_gives_a_wider_interval(items):
    for narrow, wide in [
        (mcdonald_omega(items, 0.90), mcdonald_omega(items, 0.99)),
        *zip(intraclass_correlations(items, 0.90), intraclass_correlations(items, 0.99), strict=True),
    ]:
        assert wide.low < narrow.low < narrow.high < wide.high


def test_pairwise_alpha_without_gaps_is_alpha_of_the_sum(items):
    complete = items[~np.isnan(items).any(axis=1)]
    expected = 5 / 4 * (1 - complete.var(axis=0).sum() / complete.sum(axis=1).var())
    result = pairwise_alpha(complete)
    assert (result.alpha, result.fewest) == (pytest.approx(expected), len(complete))


def test_summary_of_an_item():
    summary = item_summary(np.array([1, 1, 2, 5, np.nan]), 1, 5)
    assert astuple(summary) == (4, 2.25, pytest.approx(np.sqrt(10.75 / 3)), 0.5, 0.25)


def test_severity_of_a_rater_moves_only_the_forms_that_count_it(items):
    plain, severe = (intraclass_correlations(items + np.array([bias, 0, 0, 0, 0])) for bias in (0.0, 2.0))
    moved = [not np.isclose(a.icc, b.icc) for a, b in zip(plain, severe, strict=True)]
    assert moved == [True, True, False, True, True, False]


def test_screening_ignores_units_of_the_score_and_the_order_of_children(items):
    score = np.nanmean(items, axis=1)
    plain = numbers(screen_item(items[:, 0], score, TREATED))
    order = np.random.default_rng(2).permutation(CHILDREN)
    np.testing.assert_allclose(numbers(screen_item(items[:, 0], 50 - 7 * score, TREATED)), plain, atol=1e-6)
    np.testing.assert_allclose(numbers(screen_item(items[order, 0], score[order], TREATED[order])), plain, atol=1e-6)


def test_screening_with_the_centres_exchanged_turns_the_log_odds(items):
    score = np.nanmean(items, axis=1)
    plain, turned = (screen_item(items[:, 0], score, side) for side in (TREATED, ~TREATED))
    assert turned.log_odds == pytest.approx(-plain.log_odds)
    assert turned.total.chi2 == pytest.approx(plain.total.chi2)
    assert plain.total.chi2 == pytest.approx(plain.uniform.chi2 + plain.non_uniform.chi2)
    assert plain.total.nagelkerke == pytest.approx(plain.uniform.nagelkerke + plain.non_uniform.nagelkerke)


def test_rare_answers_join_their_rarer_neighbour():
    answers = np.repeat([1.0, 2, 3, 4, 5], [12, 20, 14, 2, 12])
    sides = np.arange(60) % 2 == 0
    assert merge_rare(answers, sides, 5) == ((1.0,), (2.0,), (3.0,), (4.0, 5.0))
    assert merge_rare(answers, sides, 1) == ((1.0,), (2.0,), (3.0,), (4.0,), (5.0,))


def test_answers_known_to_one_centre_only_are_merged():
    answers = np.concatenate([np.repeat([1.0, 2], 10), np.repeat([2.0, 3], 10)])
    assert len(merge_rare(np.append(answers, np.repeat(1.0, 10)), np.arange(50) < 20, 5)) == 2


TABLES = {
    "one item": np.arange(8.0)[:, None],
    "constant answers": np.full((8, 4), 3.0),
    "two children": np.array([[1.0, 2, 3, 4], [4, 3, 2, 2]]),
    "all missing": np.full((8, 4), np.nan),
    "no children": np.empty((0, 4)),
}


@pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)
@every_statistic
def test_degenerate_answers_give_a_reason_in_both_languages(statistic, table):
    with pytest.raises(NoMeasure) as refusal:
        statistic(table)
    assert all(refusal.value.reason[language] for language in LANGUAGES)


@pytest.mark.parametrize("bias", [0.0, 1.0])
def test_raters_who_agree_perfectly_have_no_interval(bias):
    child = np.arange(10.0)
    with pytest.raises(NoMeasure, match="same ratings"):
        intraclass_correlations(np.column_stack([child, child + bias]))


def test_raters_who_contradict_each_other_have_no_reliability_of_the_mean():
    child = np.arange(10.0)
    with pytest.raises(NoMeasure, match="less than chance"):
        intraclass_correlations(np.column_stack([child, -child]))


def test_omega_refuses_repeated_items_few_children_and_heywood_cases(items):
    with pytest.raises(NoMeasure, match="repeats"):
        mcdonald_omega(np.column_stack([items, items[:, 0]]))
    with pytest.raises(NoMeasure, match="more than 5"):
        mcdonald_omega(items[~np.isnan(items).any(axis=1)][:5])
    correlation = np.array([[1, 0.8, 0.8], [0.8, 1, 0.4], [0.8, 0.4, 1]])  # l1^2 = .8 x .8 / .4 = 1.6
    drawn = np.random.default_rng(0).standard_normal((50, 3))
    basis, _ = np.linalg.qr(drawn - drawn.mean(axis=0))
    with pytest.raises(NoMeasure, match="Heywood"):
        mcdonald_omega(basis @ np.linalg.cholesky(correlation).T)


@pytest.mark.parametrize(
    ("answers", "score", "match"),
    [
        (np.full(CHILDREN, np.nan), np.arange(60.0), "no answers"),
        (np.full(CHILDREN, 3.0), np.arange(60.0), "fewer than two categories"),
        (np.tile([1.0, 2.0], 30), np.full(CHILDREN, 2.0), "score does not vary"),
        (np.tile([1.0, 2.0], 30), np.tile([1.0, 2.0], 30), "separates"),
        (np.where(TREATED, 1.0, 2.0), np.arange(60.0), "fewer than two categories"),
        (np.tile([1.0, 2.0], 30), TREATED.astype(float), "separates"),
    ],
)
def test_screening_refuses_what_it_cannot_estimate(answers, score, match):
    with pytest.raises(NoMeasure, match=match):
        screen_item(answers, score, TREATED)


def test_screening_needs_both_centres(items):
    with pytest.raises(NoMeasure, match="centre"):
        screen_item(items[:, 0], np.nanmean(items, axis=1), np.ones(CHILDREN, dtype=bool))


@settings(derandomize=True, max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 14), st.integers(1, 4), st.integers(1, 4), st.sampled_from([0.0, 0.4]))
def test_any_small_table_gives_finite_numbers_or_a_reason(seed, children, columns, steps, missing):
    rng = np.random.default_rng(seed)
    table = rng.integers(0, steps, (children, columns)).astype(float)
    table[rng.random(table.shape) < missing] = np.nan
    treated = rng.random(children) < 0.5
    calls = [lambda statistic=statistic: statistic(table) for statistic in STATISTICS.values()]
    calls += [
        lambda: item_summary(table[:, 0], 0, steps - 1),
        lambda: screen_item(table[:, 0], rng.standard_normal(children), treated, 1),
    ]
    for call in calls:
        try:
            assert np.isfinite(numbers(call())).all()
        except NoMeasure:
            continue
