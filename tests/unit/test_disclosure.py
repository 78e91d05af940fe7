"""Numbers about too few children are withheld, with everything that derives from them."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluation.reporting.disclosure import SUPPRESSED, suppress
from evaluation.reporting.results import RESULTS

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


@pytest.mark.parametrize("name", sorted(name for name, result in RESULTS.items() if result.counts))
def test_what_stays_of_a_withheld_row_is_names_and_design_counts(name: str):
    result = RESULTS[name]
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
