"""Numbers about too few children are withheld, with everything that derives from them; every column has its rule."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluation.publishing.disclosure import SUPPRESSED, alike, dominated, rare, suppress
from evaluation.publishing.disclosure.cells import close
from evaluation.publishing.rules import RULES

COUNTS = ("n_treated", "n_comparison")
KEEP = ("outcome", *COUNTS)


def table(n_treated: int, n_comparison: int) -> pd.DataFrame:
    return pd.DataFrame(
        {"outcome": ["a", "b"], "estimate": [0.5, 0.6], "p_value": [None, 0.1], "sign": ["+", "-"], "ok": [True, False],
         "n_treated": [n_treated, 50], "n_comparison": [n_comparison, 50]}
    )  # fmt: skip


@pytest.mark.parametrize(
    ("n_treated", "n_comparison", "withheld"),
    [
        (1, 50, True),
        (9, 50, True),
        (50, 9, True),
        (9, 9, True),
        (10, 10, False),
        (50, 10, False),
        (0, 50, False),
        (0, 9, True),
    ],
)
def test_a_row_is_withheld_where_a_count_lies_between_one_and_the_minimum(
    n_treated: int, n_comparison: int, withheld: bool
):
    shown = suppress(table(n_treated, n_comparison), COUNTS, KEEP, 10)
    assert (shown.loc[0, ["estimate", "p_value", "sign", "ok"]] == SUPPRESSED).all() == withheld
    assert (shown[["estimate", "p_value", "sign", "ok"]] == SUPPRESSED).to_numpy()[1].any() == False  # noqa: E712
    assert shown.loc[0, list(KEEP)].tolist() == ["a", n_treated, n_comparison]


def test_the_table_that_was_given_is_left_as_it_was():
    given_table = table(3, 3)
    suppress(given_table, COUNTS, KEEP, 10)
    pd.testing.assert_frame_equal(given_table, table(3, 3))


def test_without_counts_nothing_is_withheld():
    pd.testing.assert_frame_equal(suppress(table(3, 3), (), KEEP, 10), table(3, 3))


@settings(max_examples=100, deadline=None)
@given(
    counts=st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), min_size=1, max_size=8),
    minimum=st.integers(3, 20),
)
def test_no_number_of_a_small_cell_is_left_and_none_of_a_large_one_is_lost(counts: list[tuple[int, int]], minimum: int):
    rows = [
        {"outcome": "a", "estimate": 1.5 + k, "std_error": 2.5 + k, "n_treated": n, "n_comparison": m}
        for k, (n, m) in enumerate(counts)
    ]
    shown = suppress(pd.DataFrame(rows), COUNTS, KEEP, minimum)
    for row, (n, m) in zip(shown.to_dict("records"), counts, strict=True):
        small = 0 < n < minimum or 0 < m < minimum
        assert [row["estimate"], row["std_error"]].count(SUPPRESSED) == (2 if small else 0)


@pytest.mark.parametrize("name", sorted(name for name, result in RULES.items() if result.counts))
def test_what_stays_of_a_withheld_row_is_names_and_design_counts(name: str):
    result = RULES[name]
    numbers = {
        "estimate",
        "std_error",
        "df",
        "ci_low",
        "ci_high",
        "p_value",
        "smd",
        "mean_treated",
        "mean_comparison",
        "alpha",
    }
    assert not numbers & set(result.keep)
    assert not {column for column in result.keep if column.startswith(("mean", "sd", "share", "g_", "p_", "ci_"))}


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ([3.0] * 40, True), ([3.0] * 35 + [1.0] * 5, True), ([3.0] * 30 + [1.0] * 10, False), ([3.0, 3.0], True),
        ([3.0] * 8 + [1.0, 2.0, 4.0, 5.0], False), ([], False), ([np.nan] * 20, False), ([3.0] * 12 + [np.nan] * 9, True),
    ],
)  # fmt: skip
def test_answers_alike_of_all_or_all_but_a_few_tell_what_each_gave(values: list[float], told: bool):
    assert alike(np.array(values), 10) == told


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ([0.0] * 20 + [1.0] * 9, True),
        ([0.0] * 20 + [1.0] * 10, False),
        ([0.0, 1.0, 2.0] * 9, False),
        ([1.0] * 9, False),
    ],
)
def test_a_rare_one_of_two_values_is_a_count(values: list[float], told: bool):
    assert rare(np.array(values), 10) == told


@pytest.mark.parametrize(
    ("scores", "items", "told"),
    [
        ([5.0] * 18 + [4.9] * 2, 4, True),  # .2 short of all fives: an answer is at most .8 short
        ([5.0] * 10 + [4.0] * 10, 4, False),
        ([3.0, 3.1] * 10, 1, True),  # of one item an SD of .05 leaves a fifth of a point to both sides
        ([3.0, 3.1] * 10, 4, False),  # of four, the others may make up for it
        ([1.0, 5.0] * 10, 1, False),
    ],
)
def test_mean_and_sd_alone_may_tell_an_answer(scores: list[float], items: int, told: bool):
    assert close(np.array(scores), (1.0, 5.0), items, 2.0) == told


@pytest.mark.parametrize(
    ("hours", "told"),
    [([100.0, 5.0, 4.0, 3.0], True), ([100.0, 5.0, 6.0, 5.0], False), ([10.0] * 12, False), ([7.0], True)],
)
def test_a_sum_that_one_child_dominates_is_told_apart(hours: list[float], told: bool):
    """The second largest contributor subtracts its own hours from the sum: what is left is the largest, and the others'."""
    assert dominated(np.array(hours)) == told
    largest, second, *others = sorted(hours, reverse=True) + [0.0] * (len(hours) == 1)
    assert (sum(hours) - second - largest < 0.1 * largest) == told
    assert sum(others) == pytest.approx(sum(hours) - second - largest)


@pytest.mark.parametrize("name", sorted(RULES))
def test_no_column_has_two_rules(name: str):
    columns = RULES[name].columns
    assert len(columns) == len(set(columns))
    assert set(RULES[name].counts) <= set(columns)
    assert set(RULES[name].decimals) <= set(columns)


def test_what_is_derived_rests_on_something():
    for name, result in RULES.items():
        assert bool(result.counts) == bool(result.derived or result.shares), name
