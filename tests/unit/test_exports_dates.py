"""Dates by explicit formats: the clock as written, ambiguity told, nothing moved to another zone."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluation.intake.exports.answer_times import is_format, read_dates
from evaluation.intake.exports.platforms import GOOGLE_DATES


@pytest.mark.parametrize(
    ("written", "moment"),
    [
        ("2023/03/18 3:28:24 PM CET", (2023, 3, 18, 15, 28, 24)),
        ("2023/03/18 12:00:00 AM CET", (2023, 3, 18, 0, 0, 0)),
        ("2023/07/18 12:05:00 PM CEST", (2023, 7, 18, 12, 5, 0)),
        ("2023/07/18 9:05:00 AM GMT+2", (2023, 7, 18, 9, 5, 0)),
        ("20/09/2026 18.01.22", (2026, 9, 20, 18, 1, 22)),
        ("01/02/2026 8.01.22", (2026, 2, 1, 8, 1, 22)),
        ("25/09/2026 10:00:00", (2026, 9, 25, 10, 0, 0)),
        ("9/25/2026 10:00:00", (2026, 9, 25, 10, 0, 0)),
        ("2026-09-25T10:00:00.123+02:00", (2026, 9, 25, 10, 0, 0)),
        ("2026-09-25 10:00:00Z", (2026, 9, 25, 10, 0, 0)),
    ],
)
def test_a_date_of_google_forms_is_read_as_the_clock_showed_it(written: str, moment: tuple[int, ...]):
    dates, defects = read_dates([written], GOOGLE_DATES)
    assert defects == {}
    assert dates == {written: dt.datetime(*moment)}


def test_a_column_that_two_formats_fit_is_ambiguous():
    _, defects = read_dates(["10/11/2026 10:00:00", "12/10/2026 10:00:00"], GOOGLE_DATES)
    assert {defect.kind for defect in defects.values()} == {"ambiguous_date"}
    assert "2026-11-10" in defects["10/11/2026 10:00:00"].expected["en"]
    assert "2026-10-11" in defects["10/11/2026 10:00:00"].expected["it"]


def test_a_later_row_that_one_format_only_fits_settles_the_column():
    dates, defects = read_dates(["10/11/2026 10:00:00", "25/11/2026 10:00:00"], GOOGLE_DATES)
    assert defects == {} and dates["10/11/2026 10:00:00"] == dt.datetime(2026, 11, 10, 10)


def test_a_column_in_two_formats_is_a_defect_of_those_that_do_not_fit():
    _, defects = read_dates(["25/09/2026 10:00:00", "26/09/2026 10:00:00", "9/27/2026 10:00:00"], GOOGLE_DATES)
    assert list(defects) == ["9/27/2026 10:00:00"]
    assert defects["9/27/2026 10:00:00"].kind == "date"


def test_a_plain_table_knows_the_year_first_only():
    dates, defects = read_dates(["25/09/2026", "2026-09-25"], ())
    assert list(dates) == ["2026-09-25"] and defects["25/09/2026"].kind == "date"


@pytest.mark.parametrize(
    "written", ["2026-02-30", "31/02/2026 10.00.00", "20/09/2026 25.00.00", "2023/03/18 13:00:00 PM CET"]
)
def test_a_day_or_hour_that_is_not_in_the_calendar_is_a_defect(written: str):
    dates, defects = read_dates([written], GOOGLE_DATES)
    assert dates == {} and defects[written].kind == "date"


def test_a_zone_that_is_not_known_is_a_defect_until_it_is_named():
    written = "2023/03/18 3:28:24 PM PST"
    assert read_dates([written], GOOGLE_DATES)[1][written].kind == "zone"
    assert read_dates([written], GOOGLE_DATES, ("PST",)) == ({written: dt.datetime(2023, 3, 18, 15, 28, 24)}, {})


@pytest.mark.parametrize("pattern", ["", "DD/MM", "DD/MM/YYYY DD", "YYYY-MM-DD HH:mm:ss H", "gg/mm/aaaa"])
def test_what_is_no_format_is_told(pattern: str):
    assert not is_format(pattern)


@pytest.mark.parametrize("pattern", [*GOOGLE_DATES, "D.M.YY", "YYYYMMDD"])
def test_a_format_has_year_month_and_day_once(pattern: str):
    assert is_format(pattern)


@given(st.datetimes(dt.datetime(2000, 1, 1), dt.datetime(2099, 12, 31)).map(lambda t: t.replace(microsecond=0)))
def test_reading_after_writing_is_the_identity(moment: dt.datetime):
    for written, pattern in (
        (f"{moment:%d/%m/%Y %H.%M.%S}", "DD/MM/YYYY HH.mm.ss"),
        (f"{moment.month}/{moment.day}/{moment:%y} {moment:%I:%M:%S %p}", "M/D/YY hh:mm:ss A"),
        (moment.isoformat(), "DD/MM/YYYY"),
    ):
        assert read_dates([written], [pattern]) == ({written: moment}, {})
