"""What a reader could infer is what enumeration says; what is withheld suffices, and nothing cheaper would."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluation.publishing.disclosure.audit import Statement, exposed, inferable, wide, withhold


def margins(table: np.ndarray, hidden: set[tuple[int, int]]) -> list[Statement]:
    """A table with its margins, where some cells are not told; the others may be withheld, each at the loss of its count."""
    shape, count = table.shape, table.size
    told = []
    for row in range(shape[0]):
        told.append((f"row {row}", np.repeat(np.arange(shape[0]), shape[1]) == row))
    for column in range(shape[1]):
        told.append((f"column {column}", np.tile(np.arange(shape[1]), shape[0]) == column))
    found = [Statement(name, cells.astype(float), *[float(table.ravel()[cells].sum())] * 2) for name, cells in told]
    for place, cell in enumerate(np.ndindex(*shape)):
        if cell not in hidden:
            n = float(table[cell])
            found.append(Statement(f"cell {cell}", np.eye(count)[place], n, n, loss=1 + n))
    return found


def enumerated(statements: list[Statement], cells: int, cell: int, most: int) -> tuple[int, int]:
    fits = [
        counts[cell]
        for counts in product(range(most + 1), repeat=cells)
        if all(s.low - 1e-6 <= np.dot(s.weights, counts) <= s.high + 1e-6 for s in statements)
    ]
    return min(fits), max(fits)


TABLES = st.lists(st.integers(0, 4), min_size=4, max_size=4).map(lambda cells: np.array(cells).reshape(2, 2))


@settings(max_examples=25, deadline=None)
@given(table=TABLES, hidden=st.sets(st.tuples(st.integers(0, 1), st.integers(0, 1)), min_size=1))
def test_the_interval_is_that_of_every_table_that_fits(table: np.ndarray, hidden: set[tuple[int, int]]):
    statements = margins(table, hidden)
    for cell in range(4):
        assert inferable(statements, cell) == enumerated(statements, 4, cell, int(table.sum()))


def test_one_cell_withheld_is_given_back_by_its_margins():
    table = np.array([[4, 20, 30], [25, 31, 40]])
    assert inferable(margins(table, {(0, 0)}), 0) == (4, 4)
    assert exposed(margins(table, {(0, 0)}), table.ravel(), 10) == [0]


def test_others_are_withheld_with_it_at_the_smallest_loss():
    """A cell in each of two rows and columns must go: of the squares through the rare cell, the one of fewest children."""
    table = np.array([[4, 20, 30], [25, 31, 40]])
    names = withhold(margins(table, {(0, 0)}), table.ravel(), 10)
    assert set(names) == {"cell (0, 1)", "cell (1, 0)", "cell (1, 1)"}
    left = [s for s in margins(table, {(0, 0)}) if s.name not in names]
    assert exposed(left, table.ravel(), 10) == []
    assert wide(*inferable(left, 0), 10)


def test_a_large_table_is_protected_without_trying_every_set():
    rng = np.random.default_rng(3)
    table = rng.integers(12, 60, (4, 5))
    table[1, 2] = 3
    statements = margins(table, {(1, 2)})
    names = withhold(statements, table.ravel(), 10)
    assert 3 <= len(names) < 12
    assert exposed([s for s in statements if s.name not in names], table.ravel(), 10) == []


def test_whole_children_tell_more_than_parts_of_them():
    """Twice one count and three times another make seven: whole, they are two and one."""
    statements = [Statement("n", np.array([2.0, 3.0]), 7, 7)]
    assert inferable(statements, 0) == (2, 2)
    low, high = inferable(statements, 0, whole=False)
    assert (low, high) == pytest.approx((0, 3.5))


def test_statements_that_no_counts_meet_are_refused():
    with pytest.raises(ValueError, match="no counts"):
        inferable([Statement("a", np.ones(2), 3, 3), Statement("b", np.ones(2), 4, 4)], 0)


@pytest.mark.parametrize(
    ("low", "high", "enough"),
    [(0, 9, True), (1, 9, True), (1, 8, False), (2, 9, False), (2, 12, True), (5, 5, False), (0, np.inf, True)],
)
def test_an_interval_is_wide_where_a_small_count_stays_open(low: float, high: float, enough: bool):
    assert wide(low, high, 10) == enough
