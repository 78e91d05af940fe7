"""Published tables: harmless in a spreadsheet, twelve digits, and read back as they were written."""

from __future__ import annotations

import csv
import io
import math
from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluation.publishing.published_tables import published, read_published, to_number, write_table

FORMULA_STARTS = ("=", "+", "-", "@", "＝", "＋", "－", "＠", "\t", "\r")
BEFORE = (" ", "  ", "\t", "\r", "\n", "\u00a0", "\u3000", "\ufeff", "\u200b", "\x00", "\u202e")


@pytest.mark.parametrize(
    ("before", "start"),
    [
        *(("", start) for start in FORMULA_STARTS),
        *((before, start) for before in BEFORE for start in FORMULA_STARTS[:8]),
    ],
)
@pytest.mark.parametrize("rest", ['cmd|"/C calc"!A0', "1+1", "SUM(A1:A9)", "", "-", "1-2"])
def test_text_that_would_be_a_formula_begins_with_a_quote(before: str, start: str, rest: str):
    shown = published(before + start + rest)
    assert shown.startswith("'")
    assert not shown.startswith(FORMULA_STARTS)


@pytest.mark.parametrize("number", ["-1", "+1", "-0.25", "-1e-05", "-12.5"])
def test_a_number_is_left_as_it_is(number: str):
    assert published(number) == number
    assert to_number(number) == float(number)


@pytest.mark.parametrize("text", ["a=b", " a", "\u00a0a - b", "1-2", "né", "'", "a@b", "0=1"])
def test_text_that_starts_no_formula_is_left_as_it_is(text: str):
    assert published(text) == text


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (1 / 3, "0.333333333333"), (-2 / 3, "-0.666666666667"), (123456789.123456789, "123456789.123"), (0.1 + 0.2, "0.3"),
        (1e-7 / 3, "3.33333333333e-08"), (-0.0, "0"), (2.0, "2"), (float("nan"), ""), (None, ""), (pd.NA, ""), (pd.NaT, ""),
        (np.float64(1 / 3), "0.333333333333"), (np.float64("nan"), ""), (np.int64(7), "7"), (7, "7"), (True, "yes"),
        (np.bool_(False), "no"), (10**18 + 1, "1000000000000000001"), (Decimal("-0.10"), "-0.10"), ("", ""), ("007", "007"),
    ],
)  # fmt: skip
def test_a_cell_is_written_in_one_way(value: object, shown: str):
    assert published(value) == shown


@settings(max_examples=300, deadline=None)
@given(value=st.floats(allow_nan=False, allow_infinity=False))
def test_a_number_comes_back_with_twelve_significant_digits(value: float):
    back = to_number(published(value))
    assert back == pytest.approx(value, rel=5e-12, abs=0) or abs(value) > 1e308
    assert published(back) == published(value)


@pytest.mark.parametrize("cell", ["", "suppressed", "–", "1,5"])
def test_what_is_no_number_is_nan_and_never_zero(cell: str):
    assert math.isnan(to_number(cell))


TEXT = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), max_size=12)


@settings(max_examples=100, deadline=None)
@given(rows=st.lists(st.tuples(TEXT, TEXT, st.floats(allow_nan=True, allow_infinity=False)), min_size=1, max_size=5))
def test_a_table_comes_back_cell_by_cell(rows: list[tuple[str, str, float]], tmp_path_factory: pytest.TempPathFactory):
    path = tmp_path_factory.mktemp("tables") / "tables" / "t.csv"
    write_table(pd.DataFrame(rows, columns=["name", "note", "value"]), path)
    back = read_published(path)
    assert back.to_numpy().tolist() == [[published(cell) for cell in row] for row in rows]
    write_table(back, path.with_name("again.csv"))
    assert path.with_name("again.csv").read_bytes() == path.read_bytes()


@pytest.mark.parametrize("hostile", ["a\r=cmd()", "a\r\n=cmd()", "a\n=cmd()", 'a",=cmd()', "\r=cmd()"])
def test_no_cell_begins_a_row_or_a_cell_of_its_own(tmp_path: Path, hostile: str):
    path = tmp_path / "t.csv"
    write_table(pd.DataFrame({"name": [hostile, "b"], "n": [1, 2]}), path)
    assert b"\r" not in path.read_bytes()
    rows = list(csv.reader(io.StringIO(path.read_text(encoding="utf-8"), newline="")))
    assert [len(row) for row in rows] == [2, 2, 2]
    assert not any(cell.startswith(FORMULA_STARTS) for row in rows for cell in row)


def test_a_table_is_utf_8_with_lf_and_without_an_index(tmp_path: Path):
    write_table(pd.DataFrame({"voce": ["età", "più"], "n": [1.5, None]}, index=[7, 9]), tmp_path / "a" / "t.csv")
    assert (tmp_path / "a" / "t.csv").read_bytes() == "voce,n\netà,1.5\npiù,\n".encode()


def test_a_table_without_rows_keeps_its_columns(tmp_path: Path):
    write_table(pd.DataFrame(columns=["a", "b"]), tmp_path / "t.csv")
    assert read_published(tmp_path / "t.csv").columns.tolist() == ["a", "b"]
