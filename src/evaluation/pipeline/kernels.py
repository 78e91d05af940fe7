"""The kernels of a run: this very Python, spoken to over sockets in a private folder, gone in the instant its parent is.

A kernel's standard input is a pipe whose other end only the parent holds: whatever ends the parent, the system closes that
end, and the kernel stops before its next line. Without this a kernel lives on and writes into the folder of the next run.
"""

from __future__ import annotations

import os
import sys
import threading
from io import FileIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import zmq
from jupyter_client.manager import AsyncKernelManager

LIFELINE = 0  # the file descriptor of standard input
LONGEST_NUMBER = "-99999"  # of a socket, which jupyter_client puts after the path

_living: set[Kernel] = set()


class Kernel(AsyncKernelManager):
    """Starts and stops one kernel. papermill makes one for each notebook (`kernel_manager_class`)."""

    def __init__(self, **options: Any):
        super().__init__(**options)
        self._folder = TemporaryDirectory(prefix="kernel-", ignore_cleanup_errors=True)  # for this user's eyes only
        self._lifeline: FileIO | None = None
        self.transport = transport(Path(self._folder.name, "k"))
        self.connection_file = str(Path(self._folder.name, "k.json"))
        if self.transport == "ipc":
            self.ip = str(Path(self._folder.name, "k"))

    def format_kernel_cmd(self, extra_arguments: list[str] | None = None) -> list[str]:
        """Return the command of a kernel: this Python, whatever a kernel of this name elsewhere may be."""
        return [sys.executable, "-m", __name__, "-f", self.connection_file, *(extra_arguments or ())]

    async def start_kernel(self, **options: Any) -> None:  # type: ignore[override]
        """Start the kernel with the far end of the pipe as its standard input."""
        theirs, ours = os.pipe()
        self._lifeline = FileIO(ours, "w")
        _living.add(self)
        try:
            await super().start_kernel(stdin=theirs, **options)
        finally:
            os.close(theirs)

    async def cleanup_resources(self, restart: bool = False) -> None:  # type: ignore[override]
        """Let the kernel go, with its sockets and their folder."""
        self.let_go()
        await super().cleanup_resources(restart)
        self._folder.cleanup()

    def let_go(self) -> None:
        """Close the pipe: the kernel dies. From any thread, any number of times."""
        _living.discard(self)
        if self._lifeline is not None:
            self._lifeline.close()


def transport(path: Path) -> str:
    """Return `ipc`; `tcp`, on loopback, where the system has no such sockets or the path is too long for one."""
    fits = len(os.fsencode(f"{path}{LONGEST_NUMBER}")) <= zmq.IPC_PATH_MAX_LEN
    return "ipc" if zmq.has("ipc") and fits else "tcp"


def stop_all() -> None:
    """Let every kernel of this process go."""
    for kernel in tuple(_living):
        kernel.let_go()


def _die_with_the_parent() -> None:
    os.read(LIFELINE, 1)
    os._exit(1)


if __name__ == "__main__":
    from ipykernel.kernelapp import launch_new_instance

    threading.Thread(target=_die_with_the_parent, daemon=True).start()
    launch_new_instance()
