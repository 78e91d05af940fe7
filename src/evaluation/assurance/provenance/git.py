"""What git says of the code here: asked in one place, with none of the programs that a repository's settings may name."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from evaluation.assurance.provenance.crate import ANALYSIS, LOCK, PACKAGE
from evaluation.assurance.provenance.source import NOTEBOOK, notebook_source, source_of

STATE = len("XY ")  # what git says of a file, before its name
NO_PROGRAMS = ("-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null")


def commit(root: Path) -> str | None:
    """Return the commit that is checked out; None without git or without history."""
    named = _ask(root, "rev-parse", "HEAD")
    return named.strip() if named else None


def modified(root: Path) -> bool | None:
    """Tell whether a file that computes differs from the commit; None without git or without history."""
    status = _ask(root, "status", "--porcelain", "-z", "--", PACKAGE, *ANALYSIS, LOCK)
    if status is None:
        return None
    return any(_says_otherwise(root, entry[STATE:]) for entry in status.split("\0") if entry)


def _says_otherwise(root: Path, name: str) -> bool:
    """Tell whether a file that git calls changed says something else: a notebook that was run and saved does not."""
    committed = _ask(root, "show", f"HEAD:{name}") if name.endswith(NOTEBOOK) and (root / name).is_file() else None
    return committed is None or notebook_source(committed.encode()) != source_of(root / name)


def _ask(root: Path, *arguments: str) -> str | None:
    git = shutil.which("git")
    if git is None or not (root / ".git").exists():
        return None
    command = [git, "-C", str(root), *NO_PROGRAMS, *arguments]
    asked = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603  git, by its full path
    return asked.stdout if asked.returncode == 0 else None
