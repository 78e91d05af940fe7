"""The few errors a user may see: a message, an exit code, never a traceback."""

from __future__ import annotations

from evaluation.language import Text, text


class UserError(Exception):
    """Something the user can mend: wrong use or bad input. Shown as a message; the command exits with `exit_code`.

    The message is a sentence in both languages, or the same words for both.
    """

    exit_code = 2

    def __init__(self, message: str | Text):
        self.message = text(message, message) if isinstance(message, str) else message
        super().__init__(self.message["en"])


class RunFailed(UserError):
    """A step of the pipeline stopped: which notebook, which cell, which message."""

    exit_code = 1


class VerificationFailed(UserError):
    """A signature, a hash or a number does not hold."""

    exit_code = 1
