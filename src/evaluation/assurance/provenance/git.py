"""What git says of the code here: asked in one place, with none of the programs that a repository's settings may name."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from evaluation.assurance.provenance.crate import ANALYSIS, LOCK, PACKAGE

NO_PROGRAMS = ("-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null")


def commit(root: Path) -> str | None:
    """Return the commit that is checked out; None without git or without history."""
    return _ask(root, "rev-parse", "HEAD")


def modified(root: Path) -> bool | None:
    """Tell whether a file that computes differs from the commit; None without git or without history."""
    status = _ask(root, "status", "--porcelain", "--", PACKAGE, *ANALYSIS, LOCK)
    return None if status is None else bool(status)


def _ask(root: Path, *arguments: str) -> str | None:
    git = shutil.which("git")
    if git is None or not (root / ".git").exists():
        return None
    command = [git, "-C", str(root), *NO_PROGRAMS, *arguments]
    asked = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603  git, by its full path
    return asked.stdout.strip() if asked.returncode == 0 else None
