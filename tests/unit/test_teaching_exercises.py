"""Every exercise: its solution passes, its usual mistakes are told apart, its law and its case do their work."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from evaluation_course.checks import NotYet, check
from evaluation_course.data import lesson_data
from evaluation_course.exercise import CLOSE, Exercise, Identity, Invariance, Mistake, judge
from evaluation_course.exercises import exercise, exercises
from evaluation_course.figures import two_centre_of

from evaluation.counterfactual.estimators.registry import ESTIMATORS
from evaluation.errors import UserError
from evaluation.language import LANGUAGES, number, text

EVERY = [pytest.param(each, id=name) for name, each in exercises().items()]
NUMBERS = [param for param in EVERY if param.values[0].case is None]
FUNCTIONS = [param for param in EVERY if param.values[0].case is not None]
MISTAKES = [
    pytest.param(each, mistake, id=f"{name}-{mistake.name}")
    for name, each in exercises().items()
    for mistake in each.mistakes
]


def given(each: Exercise, answer: Callable[..., Any]) -> object:
    """What a student hands in who reasons as `answer` does: the function, or the number it gives."""
    return answer if each.case else answer(*each.data())


def differs(one: object, other: object, each: Exercise) -> bool:
    tolerance = 0.0 if each.case else 10.0**-each.decimals
    return not np.allclose(np.asarray(one, float), np.asarray(other, float), rtol=CLOSE, atol=tolerance or 1e-9)


@pytest.mark.parametrize("each", EVERY)
def test_the_solution_is_right_and_says_what_it_shows(each: Exercise) -> None:
    verdict = judge(each, given(each, each.solution))
    assert verdict.right, verdict.message
    for language in LANGUAGES:
        assert verdict.message[language].endswith(each.moral[language])


@pytest.mark.parametrize("each", EVERY)
def test_has_at_least_three_mistakes_each_with_a_name_and_a_hint_of_its_own(each: Exercise) -> None:
    assert len(each.mistakes) >= 3
    for part in ([m.name for m in each.mistakes], *([m.hint[code] for m in each.mistakes] for code in LANGUAGES)):
        assert len(set(part)) == len(part)


@pytest.mark.parametrize(("each", "mistake"), MISTAKES)
def test_a_mistake_is_answered_by_its_own_hint(each: Exercise, mistake: Mistake) -> None:
    verdict = judge(each, given(each, mistake.answer))
    assert verdict.reason == mistake.name
    for language in LANGUAGES:
        assert mistake.hint[language] in verdict.message[language]


@pytest.mark.parametrize(("each", "mistake"), MISTAKES)
def test_a_mistake_shows_on_the_case_or_on_the_data_of_the_lesson(each: Exercise, mistake: Mistake) -> None:
    data = (each.case or each.data)()
    assert differs(mistake.answer(*data), each.solution(*data), each)


@pytest.mark.parametrize("each", NUMBERS)
def test_a_number_may_be_rounded_as_said_and_no_more(each: Exercise) -> None:
    value = np.asarray(each.solution(*each.data()), float)
    assert judge(each, tuple(np.round(value, each.decimals).reshape(-1))).right
    assert not judge(each, tuple((value + 2 * 10.0**-each.decimals).reshape(-1))).right


@pytest.mark.parametrize("each", NUMBERS)
def test_a_wrong_number_that_breaks_the_identity_is_told_the_identity(each: Exercise) -> None:
    assert isinstance(each.law, Identity)
    wrong = np.asarray(each.solution(*each.data()), float) + 17.23
    verdict = judge(each, float(wrong) if wrong.ndim == 0 else tuple(wrong))
    assert verdict.reason == "law"
    assert each.law.hint["it"] in verdict.message["it"]


@pytest.mark.parametrize("each", FUNCTIONS)
def test_a_function_that_returns_a_number_typed_in_fails_on_the_case(each: Exercise) -> None:
    typed = each.solution(*each.data())
    assert judge(each, lambda *data: typed).reason == "case"


@pytest.mark.parametrize("each", FUNCTIONS)
def test_a_function_right_on_data_and_case_only_is_told_the_invariance(each: Exercise) -> None:
    assert isinstance(each.law, Invariance)
    assert each.case is not None
    remaining = [each.solution(*each.data()), each.solution(*each.case())]
    verdict = judge(each, lambda *data: remaining.pop(0) if remaining else each.solution(*data) + np.float64(5))
    assert verdict.reason == "law"
    assert each.law.hint["en"] in verdict.message["en"]


@pytest.mark.parametrize("each", FUNCTIONS)
def test_the_invariance_holds_of_the_solution_on_the_case_as_well(each: Exercise) -> None:
    assert isinstance(each.law, Invariance)
    assert each.case is not None
    moved = each.solution(*each.law.change(*each.case()))
    value = np.asarray(each.solution(*each.case()), float)
    assert not differs(moved, each.law.becomes(value), each)


@pytest.mark.parametrize("each", FUNCTIONS)
def test_checking_does_not_change_the_data(each: Exercise) -> None:
    def spoils(*data: Any) -> float:
        value = each.solution(*data)
        for column in data:
            if isinstance(column, np.ndarray) and column.dtype == float:
                column[:] = 0
        return value

    assert judge(each, spoils).right
    assert judge(each, each.solution).right


@pytest.mark.parametrize("each", EVERY)
def test_an_empty_hole_says_what_to_do(each: Exercise) -> None:
    for empty in (..., None, *([lambda *data: None] if each.case else [])):
        verdict = judge(each, empty)
        assert verdict.reason == "empty"
        assert all(each.task[language] in verdict.message[language] for language in LANGUAGES)


@pytest.mark.parametrize("each", EVERY)
def test_what_is_no_answer_at_all_is_told_what_is_expected(each: Exercise) -> None:
    for strange in ("0.3", {"a": 1}, [[1.0]], True):
        assert judge(each, strange).reason == "kind"


@pytest.mark.parametrize("each", FUNCTIONS)
def test_a_function_that_stops_says_where(each: Exercise) -> None:
    def stops(*data: object) -> float:
        raise ZeroDivisionError("division by zero")

    verdict = judge(each, stops)
    assert verdict.reason == "stopped"
    assert "ZeroDivisionError: division by zero" in verdict.message["it"]


@pytest.mark.parametrize("each", EVERY)
def test_no_hint_gives_the_number_away(each: Exercise) -> None:
    values = np.atleast_1d(np.asarray(each.solution(*each.data()), float))
    shown = {
        number(float(value), code, each.decimals) for value in values for code in LANGUAGES if abs(value) not in (0, 1)
    }
    for words in (each.task, each.law.hint, *(mistake.hint for mistake in each.mistakes)):
        assert not [
            value
            for value in shown
            for code in LANGUAGES
            if re.search(rf"(?<!\d){re.escape(value)}(?!\d)", words[code])
        ]


@pytest.mark.parametrize("each", EVERY)
def test_everything_is_said_in_both_languages(each: Exercise) -> None:
    for words in (each.task, each.moral, each.law.hint, *(mistake.hint for mistake in each.mistakes)):
        assert set(words) == set(LANGUAGES)
        assert words["it"] != words["en"]
        assert all(words[code].strip() == words[code] and words[code].endswith((".", "?")) for code in LANGUAGES)


def test_ids_count_up_within_their_lesson() -> None:
    found: dict[str, list[int]] = {}
    for name in exercises():
        lesson, place = name.split(".")
        found.setdefault(lesson, []).append(int(place))
    assert found
    assert all(places == list(range(1, len(places) + 1)) for places in found.values())


def test_a_check_shows_or_stops_in_the_languages_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    each = exercise("3.1")
    check("3.1", each.solution(*each.data()), ("en",))
    with pytest.raises(NotYet) as stopped:
        check("3.1", ..., ("it",))
    assert each.task["it"] in str(stopped.value)
    assert each.task["en"] not in str(stopped.value)
    assert stopped.value._render_traceback_() == [str(stopped.value)]


@pytest.mark.parametrize("name", ["3.99", "77.1", "three", "", "../3"])
def test_an_exercise_that_is_not_there_is_a_user_error(name: str) -> None:
    with pytest.raises(UserError):
        exercise(name)


def test_a_pair_is_compared_in_its_order() -> None:
    pair = Exercise(
        "0.1", text("Due.", "Two."), lambda: (1.0, 2.0), lambda low, high: (low, high),
        (Mistake("turned", lambda low, high: (high, low), text("Scambiati.", "Turned.")),),
        Identity(lambda value, low, high: value[0] < value[1], text("Prima il minore.", "The smaller first.")),
        text("Bene.", "Good."),
    )  # fmt: skip
    assert judge(pair, (1.0, 2.0)).right
    assert judge(pair, [2.0, 1.0]).reason == "turned"
    assert judge(pair, (5.0, 4.0)).reason == "law"
    assert judge(pair, (4.0, 5.0)).reason == "number"
    assert judge(pair, 1.0).reason == "kind"


def test_exercises_by_hand_give_what_the_package_publishes() -> None:
    sample = lesson_data().sample()
    for name, method in (("3.1", "did"), ("3.4", "did"), ("4.1", "did"), ("2.1", "before_after"), ("5.3", "drdid")):
        each = exercise(name)
        assert each.solution(*each.data()) == pytest.approx(ESTIMATORS[method](sample).estimate, rel=1e-9)
    assert exercise("4.2").solution(*exercise("4.2").data()) == pytest.approx(ESTIMATORS["did"](sample).std_error)
    shocked = exercise("8.3")
    assert shocked.solution(*shocked.data()) == pytest.approx(two_centre_of(lesson_data()).break_even_shock)
