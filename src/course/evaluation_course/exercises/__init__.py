"""The exercises, a module for each lesson: `lesson_03.EXERCISES` holds 3.1, 3.2 and on."""

from __future__ import annotations

import pkgutil
import re
from functools import cache
from importlib import import_module

from evaluation.errors import UserError
from evaluation.language import text
from evaluation_course.exercise import Exercise

MODULE = re.compile(r"lesson_(\d\d)")


@cache
def exercises() -> dict[str, Exercise]:
    """Return every exercise by its id, in the order of the lessons."""
    names = sorted(module.name for module in pkgutil.iter_modules(__path__) if MODULE.fullmatch(module.name))
    found = [each for name in names for each in import_module(f"{__name__}.{name}").EXERCISES]
    return {each.id: each for each in found}


def exercise(name: str) -> Exercise:
    """Return one exercise; only the module of its lesson is read.

    Raises
    ------
    UserError : there is no such exercise.
    """
    lesson = name.split(".")[0]
    known: tuple[Exercise, ...] = ()
    if lesson.isdigit() and any(m.name == f"lesson_{int(lesson):02d}" for m in pkgutil.iter_modules(__path__)):
        known = import_module(f"{__name__}.lesson_{int(lesson):02d}").EXERCISES
    found = next((each for each in known if each.id == name), None)
    if found is None:
        there = ", ".join(each.id for each in known) or "–"
        raise UserError(
            text(f"{name}: nessun esercizio con questo numero. Ci sono: {there}.",
                 f"{name}: no exercise of this number. There are: {there}.")
        )  # fmt: skip
    return found
