"""Figures of the lessons say in words what they show, and their moving twins show the same."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from evaluation_course import displays, figures, widgets
from evaluation_course.data import LessonData, lesson_data, nsw_experiment, nsw_observational
from scipy import stats

from evaluation.language import LANGUAGES, Language, interval, number
from evaluation.publishing.exhibits import Figure, to_svg

Draw = Callable[[LessonData, Sequence[Any], Language], Figure]
FIGURES: list[tuple[Draw, Callable[..., Any], Sequence[Any]]] = [
    (figures.parallel_trends, widgets.parallel_trends, (0.0, 0.1, 0.3)),
    (figures.permutation, widgets.permutation, (20, 100)),
    (figures.two_centres, widgets.two_centre_shock, (0.0, 0.1)),
]


@pytest.fixture(scope="module")
def data() -> LessonData:
    return lesson_data()


@pytest.mark.parametrize(("draw", "values"), [(draw, values) for draw, _, values in FIGURES])
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_row_has_a_panel_and_words_for_each_value(
    data: LessonData, draw: Draw, values: Sequence[float], language: Language
) -> None:
    figure = draw(data, values, language)
    assert len(figure.figure.axes) == len(values)
    assert len(figure.alt.split()) >= 8
    for value, axes in zip(values, figure.figure.axes, strict=True):
        title = axes.get_title().split("\n")[0].split(":")[0].lstrip("+")
        assert title in {number(value, language, decimals) for decimals in (0, 2, 3)}
        assert title in figure.alt
    assert to_svg(figure.figure).startswith("<svg")


def test_what_remains_of_an_effect_is_the_estimate_less_the_difference_in_trends(data: LessonData) -> None:
    pairs = data.sample().pairs()
    did = pairs.change[pairs.treated].mean() - pairs.change[~pairs.treated].mean()
    alt = figures.parallel_trends(data, [0.0, 0.1, did], "en").alt
    for value in (did, did - 0.1, 0.0):
        assert f"→ {number(value, 'en')}" in alt


def test_the_shock_widens_the_interval_as_two_independent_events_do(data: LessonData) -> None:
    pairs = data.sample().pairs()
    welch = stats.ttest_ind(pairs.change[pairs.treated], pairs.change[~pairs.treated], equal_var=False)
    low, high = welch.confidence_interval()
    middle, reach = (low + high) / 2, (high - low) / 2
    error = (high - low) / 2 / stats.t.ppf(0.975, welch.df)
    wide = reach * np.sqrt(error**2 + 2 * 0.1**2) / error
    alt = figures.two_centres(data, [0.0, 0.1], "en").alt
    assert interval(low, high, "en") in alt
    assert interval(middle - wide, middle + wide, "en") in alt


@pytest.mark.parametrize(("draw", "moving"), [(draw, moving) for draw, moving, _ in FIGURES])
def test_a_slider_draws_the_panel_of_its_value(data: LessonData, draw: Draw, moving: Callable[..., Any]) -> None:
    from html import unescape

    slider, view = moving(data, ["en"]).children
    before = view.value
    slider.value = slider.options[-1]
    assert view.value != before
    assert draw(data, [slider.options[-1]], "en").alt in unescape(view.value)
    assert "script" not in view.value


@pytest.mark.parametrize("language", LANGUAGES)
def test_tables_hold_their_numbers_as_text(data: LessonData, language: Language) -> None:
    methods = ["did", "drdid"]
    for table in (
        displays.four_means(data, language), displays.estimates(data, methods, language),
        displays.nsw_methods(methods, language), displays.minimum_effects(data, language), displays.errors(data, language),
        displays.alike(data, language),
    ):  # fmt: skip
        assert table.caption
        assert all(len(row) == len(table.columns) and all(row) for row in table.rows)


def test_the_experiment_is_that_of_the_literature() -> None:
    men = nsw_experiment()
    assert (men.n_treated, men.n_comparison) == (185, 260)
    assert men.follow_up[men.treated].mean() - men.follow_up[~men.treated].mean() == pytest.approx(1794.34, abs=0.01)
    survey = nsw_observational()
    assert (survey.n_treated, survey.n_comparison) == (185, 15992)
    assert np.array_equal(survey.follow_up[survey.treated], men.follow_up[men.treated])
    raw = survey.follow_up[survey.treated].mean() - survey.follow_up[~survey.treated].mean()
    assert raw == pytest.approx(-8497.5, abs=0.1)  # Dehejia & Wahba (1999), CPS: -8,498


def test_without_the_real_data_a_lesson_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    from evaluation.errors import UserError

    monkeypatch.setitem(sys.modules, "causaldata", None)
    nsw_experiment.cache_clear()
    with pytest.raises(UserError, match="causaldata"):
        nsw_experiment()


def test_a_refusal_to_cluster_on_two_centres_is_shown_in_words(data: LessonData) -> None:
    assert "at least 5 clusters a side" in displays.refusal(data, "en")
    assert "almeno 5 gruppi per parte" in displays.refusal(data, "it")
