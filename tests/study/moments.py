"""Waiting for a moment of a run, ending it there, and what must hold afterwards."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from conftest import Repository

DEADLINE = 300  # seconds until a moment comes, or until a run that was told to stop has stopped
LOOK = 0.001  # seconds between two looks

Moment = Callable[[], bool]


@contextmanager
def running(
    repository: Repository, *arguments: object, stderr: int = subprocess.DEVNULL
) -> Iterator[subprocess.Popen[str]]:
    """Start the command line, and kill its process group on the way out, come what may."""
    process = repository.start(*arguments, stderr=stderr)
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def wait_for(moment: Moment, process: subprocess.Popen[str]) -> None:
    """Wait until the moment has come; it must come while the process runs."""
    deadline = time.monotonic() + DEADLINE
    while not moment():
        assert process.poll() is None, f"the run ended with {process.returncode} before the moment came"
        assert time.monotonic() < deadline, "the moment did not come"
        time.sleep(LOOK)


def kill_when(repository: Repository, moment: Moment, *arguments: object) -> None:
    """Start the command line and kill its process group as soon as the moment has come."""
    with running(repository, *arguments) as process:
        wait_for(moment, process)


def stop_when(repository: Repository, moment: Moment, number: int, whom: str, *arguments: object) -> int:
    """Start the command line, send it a signal when the moment has come, and return how it ends of itself.

    `whom`: `group`, as a terminal does, or `main`, as `kill` does. No process of the group may be left.
    """
    with running(repository, *arguments) as process:
        wait_for(moment, process)
        os.killpg(process.pid, number) if whom == "group" else process.send_signal(number)
        code = process.wait(DEADLINE)
        assert not _left(process.pid), "a process outlived the run"
        return code


def changes(path: Path) -> Moment:
    """Return what tells whether a file is another than now."""
    before = _stamp(path)
    return lambda: _stamp(path) not in (before, None)


def kernels(process: subprocess.Popen[str]) -> list[int]:
    """Return the kernels that a run has started, by their command lines."""
    found = Path("/proc", str(process.pid), "task", str(process.pid), "children")
    children = [int(number) for path in found.parent.parent.glob("*/children") for number in path.read_text().split()]
    return [
        child for child in children if b"evaluation.pipeline.kernels" in Path(f"/proc/{child}/cmdline").read_bytes()
    ]


def _left(group: int) -> bool:
    """Tell whether a process of the group still runs after the second in which a kernel sees that its parent is gone."""
    deadline = time.monotonic() + 1
    while time.monotonic() < deadline:
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return False
        time.sleep(LOOK)
    return True


def _stamp(path: Path) -> tuple[int, int] | None:
    try:
        about = path.stat()
    except FileNotFoundError:
        return None
    return about.st_ino, about.st_mtime_ns
