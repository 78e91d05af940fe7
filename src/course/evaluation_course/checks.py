"""What a student calls below an answer: a message that teaches, and a stop where the answer is not right yet."""

from __future__ import annotations

from evaluation.language import LANGUAGES, Language
from evaluation.publishing.exhibits import show
from evaluation_course.exercise import judge
from evaluation_course.exercises import exercise


class NotYet(Exception):
    """An answer that is not right yet: a notebook stops here and shows the message, without a traceback."""

    def _render_traceback_(self) -> list[str]:
        """Return what a notebook shows in place of a traceback."""
        return [str(self)]


def check(name: str, answer: object, languages: tuple[Language, ...] = LANGUAGES) -> None:
    """Check the answer to an exercise, say `check("3.1", effect, languages)`.

    Raises
    ------
    NotYet : the answer is missing or wrong; the message says what to do, or which mistake gives this answer.
    UserError : there is no such exercise.
    """
    verdict = judge(exercise(name), answer)
    if not verdict.right:
        raise NotYet("\n\n".join(f"{name} · {verdict.message[language]}" for language in languages))
    show(f"check-{name}", lambda language: verdict.message[language], tuple(languages))
