"""The few errors a user may see: a message, an exit code, never a traceback."""

from __future__ import annotations


class UserError(Exception):
    """Something the user can mend: wrong use or bad input. Shown as a message; the command exits with `exit_code`."""

    exit_code = 2


class RunFailed(UserError):
    """A step of the pipeline stopped: which notebook, which cell, which message."""

    exit_code = 1


class VerificationFailed(UserError):
    """A signature, a hash or a number does not hold."""

    exit_code = 1
