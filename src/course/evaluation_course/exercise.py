"""What a lesson asks, and what it answers: right, or which mistake was made and how to think about it.

An exercise wants a number (or a pair, such as an interval), or a small function. A number is compared with the solution
and with what the usual mistakes give, and must obey an identity. A function is tried on the data of the lesson, on a case
where the usual mistakes show, and on data changed so that the answer is known to stay or to move in a known way.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import numpy as np

from evaluation.language import LANGUAGES, Language, Text, number, text

Value = float | tuple[float, ...] | np.ndarray
Data = tuple[Any, ...]
CLOSE = 1e-6  # relative: two routes to the same number, in double precision


@dataclass(frozen=True)
class Mistake:
    """A wrong but plausible answer: what gives it, and what to say to whoever gives it."""

    name: str
    answer: Callable[..., Value]
    hint: Text


@dataclass(frozen=True)
class Identity:
    """What the right number obeys: `holds(number, *data)`."""

    holds: Callable[..., bool]
    hint: Text


@dataclass(frozen=True)
class Invariance:
    """What other data do to the right function: `change(*data)` are the data, `becomes(value)` is the value there."""

    change: Callable[..., Data]
    becomes: Callable[[Any], Value]
    hint: Text


@dataclass(frozen=True)
class Exercise:
    """One exercise of a lesson.

    Attributes
    ----------
    id : `3.1`, lesson and place in it. task : what to do, in one sentence.
    data : the arguments of `solution` and of every mistake, on the data of the lesson.
    solution : computes the answer with the functions of the package.
    law : an `Identity` if a number is asked for, an `Invariance` if a function is.
    moral : what a right answer shows, in a sentence or two.
    case : other data, where the mistakes show; for a function only.
    decimals : to how many decimals a number may be rounded.
    """

    id: str
    task: Text
    data: Callable[[], Data]
    solution: Callable[..., Value]
    mistakes: tuple[Mistake, ...]
    law: Identity | Invariance
    moral: Text
    case: Callable[[], Data] | None = None
    decimals: int = 3
    points: int = 3


@dataclass(frozen=True)
class Verdict:
    """The answer to an answer. `reason` is right, empty, kind, stopped, number, case, law, or the name of a mistake."""

    reason: str
    message: Text

    @property
    def right(self) -> bool:
        """Whether the exercise is done."""
        return self.reason == "right"


EMPTY = text("Qui manca ancora la risposta. Da fare: ", "The answer is still missing here. To do: ")
NOT_A_NUMBER = text(
    "Ci si attende un numero, e per un intervallo due, tra parentesi; trovato: ",
    "A number is expected, or for an interval two in brackets; found: ",
)
NUMBERS = text("I numeri attesi e quelli trovati non sono altrettanti: ", "Not as many numbers are found as expected: ")
NOT_A_FUNCTION = text(
    "Ci si attende una funzione, definita con def; trovato: ", "A function is expected, defined with def; found: "
)
STOPPED = text("La funzione si è fermata con un errore: ", "The function stopped with an error: ")
NOT_YET = text("Non ancora: trovato ", "Not yet: found ")
RIGHT = text("Giusto: ", "Right: ")
THINK = text(
    "Rileggere il suggerimento sopra la cella, e scrivere su un foglio quali numeri entrano e con quale segno.",
    "Read the hint above the cell again, and write down which numbers enter and with which sign.",
)
OTHER_DATA = text(
    "Sui dati della lezione torna, su altri no. Una funzione calcola soltanto da ciò che riceve tra parentesi: "
    "non da variabili che le stanno intorno, né da numeri scritti a mano.",
    "It holds on the data of the lesson and not on others. A function computes from what it is given in brackets "
    "only: "
    "not from variables around it, nor from numbers typed in.",
)


def judge(exercise: Exercise, answer: object) -> Verdict:
    """Judge an answer: the number, the case that shows the usual mistakes, the identity or invariance."""
    if answer is None or answer is ...:
        return Verdict("empty", _then(EMPTY, exercise.task))
    if isinstance(exercise.law, Identity):
        return _judge_number(exercise, exercise.law, answer)
    return _judge_function(exercise, exercise.law, answer)


def _judge_number(exercise: Exercise, law: Identity, answer: object) -> Verdict:
    value = _value(answer)
    if value is None:
        return Verdict("kind", _then(NOT_A_NUMBER, type(answer).__name__))
    data, tolerance = exercise.data(), 0.5000001 * 10.0**-exercise.decimals
    right = exercise.solution(*data)
    if len(value) != np.size(right):
        return Verdict("kind", _then(NUMBERS, f"{np.size(right)} ≠ {len(value)}"))
    if _same(value, right, tolerance):
        return _right(exercise, value)
    if found := _mistake(exercise, value, data, tolerance):
        return found
    breaks = not law.holds(value if len(value) > 1 else value[0], *data)
    return Verdict("law" if breaks else "number", _wrong(exercise, value, law.hint if breaks else THINK))


def _judge_function(exercise: Exercise, law: Invariance, answer: object) -> Verdict:
    if not callable(answer):
        return Verdict("kind", _then(NOT_A_FUNCTION, type(answer).__name__))
    found: list[np.ndarray] = []
    for reason, data in (("number", exercise.data()), ("case", (exercise.case or exercise.data)())):
        value = _call(exercise, answer, data)
        if isinstance(value, Verdict):
            return value
        if not _same(value, exercise.solution(*data)):
            advice = THINK if reason == "number" else OTHER_DATA
            return _mistake(exercise, value, data) or Verdict(reason, _wrong(exercise, value, advice))
        found.append(value)
    value = _call(exercise, answer, law.change(*exercise.data()))
    if isinstance(value, Verdict):
        return value
    if not _same(value, law.becomes(found[0] if len(found[0]) > 1 else found[0][0])):
        return Verdict("law", _wrong(exercise, value, law.hint))
    return _right(exercise, found[0])


def _call(exercise: Exercise, function: Callable[..., object], data: Data) -> np.ndarray | Verdict:
    """Call a student's function on a copy of the data: its value, or why there is none."""
    try:
        given = function(*deepcopy(data))
    except Exception as error:
        return Verdict("stopped", _then(STOPPED, f"{type(error).__name__}: {error}"))
    if given is None or given is ...:
        return Verdict("empty", _then(EMPTY, exercise.task))
    value = _value(given)
    return Verdict("kind", _then(NOT_A_NUMBER, type(given).__name__)) if value is None else value


def _value(answer: object) -> np.ndarray | None:
    """Return an answer as an array of one or more numbers; None if it is anything else."""
    try:
        value = np.atleast_1d(np.asarray(answer, dtype=float))
    except (TypeError, ValueError):
        return None
    return value if value.ndim == 1 and value.size and not isinstance(answer, str | bool) else None


def _same(value: np.ndarray, expected: Value, tolerance: float = 0.0) -> bool:
    wanted = np.atleast_1d(np.asarray(expected, dtype=float))
    return value.shape == wanted.shape and bool(
        np.allclose(value, wanted, rtol=CLOSE, atol=tolerance or 1e-9, equal_nan=True)
    )


def _mistake(exercise: Exercise, value: np.ndarray, data: Data, tolerance: float = 0.0) -> Verdict | None:
    made = (each for each in exercise.mistakes if _same(value, each.answer(*data), tolerance))
    return next((Verdict(each.name, _wrong(exercise, value, each.hint)) for each in made), None)


def _right(exercise: Exercise, value: np.ndarray) -> Verdict:
    shown = {code: f"**{RIGHT[code]}{_shown(exercise, value, code)}.** " for code in LANGUAGES}
    return Verdict("right", {code: shown[code] + exercise.moral[code] for code in LANGUAGES})


def _wrong(exercise: Exercise, value: np.ndarray, advice: Text) -> Text:
    return {code: f"{NOT_YET[code]}{_shown(exercise, value, code)}. {advice[code]}" for code in LANGUAGES}


def _shown(exercise: Exercise, value: np.ndarray, language: Language) -> str:
    return "; ".join(number(each, language, exercise.decimals) for each in value[:4])


def _then(start: Text, more: Text | str) -> Text:
    return {code: start[code] + (more if isinstance(more, str) else more[code]) for code in LANGUAGES}
