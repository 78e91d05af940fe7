"""A report held for one signature: no run and no other signature meanwhile, and what a killed one left is finished or undone.

Signatures are made beside the report, in a folder of their own. Renaming that folder decides: before, nothing has happened,
and the next call removes it; afterwards its files belong into the report, and whoever comes next puts there what is left.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from evaluation.assurance.verification.superseded import CURRENT
from evaluation.errors import UserError
from evaluation.language import LANGUAGES, text
from evaluation.report_folder import SIGNED_SUMS, signed_pdf

LOCK = "lock"  # beside the runs of a study: whoever runs, erases or signs holds it
PARTIAL = ".partial"
ORDER = (*map(signed_pdf, LANGUAGES), SIGNED_SUMS)  # in which signed files are put into a report


@dataclass(frozen=True)
class Hold:
    """A report that is held: its folder, whatever links led there, and the files of a killed call that were put there now."""

    folder: Path
    finished: list[str]


@contextmanager
def held(report: Path) -> Iterator[Hold]:
    """Hold a report until the end of the block.

    Raises
    ------
    UserError
        A run of its study, or another signature, is under way.
    """
    while True:
        folder = report.resolve()
        with _locked(folder):
            if report.resolve() == folder:  # else a run was published meanwhile, and the name means another one
                yield Hold(folder, settle(folder))
                return


def put(folder: Path, files: Mapping[str, bytes]) -> list[str]:
    """Put files into a report that is held: all of them, or, killed before it is decided, none. Return their names."""
    decided = _decided(folder)
    partial = decided.with_name(decided.name + PARTIAL)
    try:
        partial.mkdir()
        for name, data in files.items():
            (partial / name).write_bytes(data)
        os.sync()
        partial.rename(decided)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise
    settle(folder)
    return list(files)


def settle(folder: Path) -> list[str]:
    """Undo a signature that was not decided yet, and finish one that was; return the names of all files then put there."""
    decided = _decided(folder)
    shutil.rmtree(decided.with_name(decided.name + PARTIAL), ignore_errors=True)
    if not decided.is_dir():
        return []
    for name in ORDER:
        if (decided / name).is_file():
            (decided / name).replace(folder / name)
    shutil.rmtree(decided)
    return [name for name in ORDER if (folder / name).is_file()]


def _decided(folder: Path) -> Path:
    return folder.parent / f".signing-{folder.name}"


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Hold the lock of the study's runs; of a copy, which no run writes to, the folder itself."""
    try:
        import fcntl
    except ImportError:  # not on Windows, where nothing runs beside
        yield
        return
    home = folder.parent.parent
    managed = folder.parent.name.isdigit() and (home / CURRENT).is_symlink()
    handle = os.open(home / LOCK, os.O_RDWR | os.O_CREAT) if managed else os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError:
        raise UserError(
            text(
                f"{folder.name}: un'elaborazione o un'altra firma è in corso. Attendere che finisca, poi firmare.",
                f"{folder.name}: a run or another signature is under way. Wait for it to end, then sign.",
            )
        ) from None
    finally:
        os.close(handle)
