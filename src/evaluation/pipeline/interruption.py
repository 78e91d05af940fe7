"""Ctrl-C, a kill, a closed terminal: one exception that no library takes for its own, and an exit code for each signal.

pytask, click and papermill catch KeyboardInterrupt and go on, or end in their own way. What comes of a signal here passes
through them; and where one of them swallows even that, the signal is remembered, and nothing is published any more.
"""

from __future__ import annotations

import signal
from dataclasses import dataclass
from types import FrameType

STOPPING = ("SIGINT", "SIGTERM", "SIGHUP")  # the last one is not known on Windows


class Interrupted(BaseException):
    """A signal asks this process to stop; it leaves with `exit_code`, as shells count: 128 and the signal's number."""

    def __init__(self, number: int):
        self.exit_code = 128 + number
        super().__init__(signal.Signals(number).name)


@dataclass
class _State:
    came: int | None = None
    done: bool = False


_state = _State()


def listen() -> None:
    """From now on, end what runs with Interrupted when a signal asks for it; what the caller ignores (nohup) stays ignored."""
    _state.came, _state.done = None, False
    for name in STOPPING:
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _stop)


def _stop(number: int, frame: FrameType | None) -> None:
    """Raise, once: a second signal must not stop the tidying up after the first."""
    del frame
    if _state.came is None and not _state.done:
        _state.came = number
        raise Interrupted(number)


def stop_if_asked() -> None:
    """Raise Interrupted if a signal came, also one that a library caught."""
    if _state.came is not None:
        raise Interrupted(_state.came)


def no_return() -> None:
    """Say that the next step decides: Interrupted if a signal came before it; one that comes later changes nothing."""
    _state.done = True
    stop_if_asked()
