"""Two tables held against each other: no row and no cell that differs is passed over, whatever names the rows."""

from __future__ import annotations

import pandas as pd
import pytest

from evaluation.publishing.two_reports import WHOLE, _cells

ONE = pd.DataFrame({"outcome": ["a", "b"], "wave": ["t1", "t1"], "n": ["1", "2"]})


def found(one: pd.DataFrame, other: pd.DataFrame) -> list[tuple[str, str, str | None, str | None]]:
    return [(each.row, each.column, each.one, each.other) for each in _cells("x.csv", one, other)]


def test_equal_tables_do_not_differ_whatever_the_order_of_rows():
    assert found(ONE, ONE) == []
    assert found(ONE, ONE[::-1]) == []


@pytest.mark.parametrize("column", ["wave", "n"])
def test_a_cell_is_told_at_its_place(column: str):
    other = ONE.assign(**{column: [ONE[column][0], "other"]})
    assert found(ONE, other) == [("b", column, ONE[column][1], "other")]


def test_a_row_of_one_table_only_is_told_also_where_all_columns_name_the_row():
    names = pd.DataFrame({"outcome": ["a", "a"], "part": ["x", "y"]})
    assert found(names, names[:1]) == [("a, y", "", WHOLE, None)]
    assert found(names[:1], names) == [("a, y", "", None, WHOLE)]


def test_rows_whose_names_read_alike_are_two_rows():
    one = pd.DataFrame({"outcome": ["a, b", "a"], "part": ["c", "b, c"], "n": ["1", "2"]})
    assert len(found(one, one.assign(n=["1", "3"]))) == 1


def test_rows_that_nothing_names_are_held_against_each_other_by_their_place():
    one = pd.DataFrame({"n": ["1", "1"]})
    assert found(one, one[:1]) == [("3", "", WHOLE, None)]


def test_a_column_of_one_table_only_is_told_for_each_row():
    assert [each[1:] for each in found(ONE, ONE.drop(columns="n"))] == [("n", "1", None), ("n", "2", None)]
