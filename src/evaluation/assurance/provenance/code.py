"""Code and environment as they stand here, held against what a report names: files, commit, versions, compiled leftovers."""

from __future__ import annotations

import importlib.machinery
import importlib.util
import re
import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from packaging.requirements import Requirement

from evaluation.assurance.provenance import git
from evaluation.assurance.provenance.compiled import is_faithful, would_load
from evaluation.assurance.provenance.crate import LOCK, PACKAGE, code_files
from evaluation.assurance.provenance.installed import installed_problems
from evaluation.assurance.provenance.manifest import compare
from evaluation.assurance.provenance.source import source_hashes
from evaluation.assurance.questions import about_file, both
from evaluation.files import Hashes, read_bounded, reading
from evaluation.language import Text, text

COURSE = "src/course/evaluation_course"  # a package of its own, which no run and no verification loads
IMPORTABLE = tuple(importlib.machinery.all_suffixes())
PIN = re.compile(r"^([\w.-]+==[^\\\n]*?) *\\?$", flags=re.MULTILINE)


def code_problems(code: Path, listed: Hashes) -> tuple[Text, ...]:
    """Return what would make a run with this code and this Python another one than the report names.

    Parameters
    ----------
    code
        The root of the code: notebooks, src, the lock.
    listed
        The SHA-256 of each file of code that the report names.
    """
    changed = compare(listed, source_hashes(code, code_files(code)))
    return (
        *(about_file(difference.file, difference.kind) for difference in changed),
        *_strays(code),
        *_stale_bytecode(code),
        *_other_versions(code / LOCK),
        *installed_problems(),
    )


def commit_of(code: Path) -> Text:
    """Say which commit of git this code is, and whether it differs from it."""
    commit, changed = git.commit(code), git.modified(code)
    if commit is None or changed is None:
        return text("commit: nessuna storia di git qui", "commit: no git history here")
    if changed:
        return text(f"commit {commit}, con modifiche non registrate", f"commit {commit}, with changes not committed")
    return both(f"commit {commit}")


def _strays(code: Path) -> Iterator[Text]:
    """Name what Python could import in place of something else: modules beside notebooks, or beside the packages in src."""
    ours = (code / PACKAGE, code / COURSE)
    for path in sorted(path for folder in ("notebooks", "src") for path in (code / folder).rglob("*")):
        if not any(map(path.is_relative_to, ours)) and path.name.endswith(IMPORTABLE) and path.is_file():
            name = path.relative_to(code).as_posix()
            yield text(
                f"{name}: un modulo estraneo che Python può caricare", f"{name}: a stray module that Python may load"
            )


def _stale_bytecode(code: Path) -> Iterator[Text]:
    """Name compiled files that this Python would load, and that are not what their source compiles to."""
    for source in sorted((code / PACKAGE).rglob("*.py")):
        for level in (0, 1, 2):
            compiled = Path(importlib.util.cache_from_source(str(source), optimization=level or ""))
            if compiled.is_file() and would_load(compiled, source) and not is_faithful(compiled, source, level):
                name = compiled.relative_to(code).as_posix()
                yield text(
                    f"{name}: un file compilato che non viene dal suo sorgente; cancellare le cartelle __pycache__",
                    f"{name}: a compiled file that does not come from its source; delete the folders __pycache__",
                )


def _other_versions(lock: Path) -> Iterator[Text]:
    """Name packages that are not installed as the lock has them."""
    if not lock.is_file():  # told already, as a file of the code that is missing
        return
    with reading(lock.name):
        pins = [Requirement(pin) for pin in PIN.findall(read_bounded(lock).decode("utf-8"))]
    for pin in pins:
        if pin.marker is not None and not pin.marker.evaluate():
            continue
        found = _installed(pin.name)
        if found is None:
            yield text(
                f"{pin.name}: non installato, atteso {pin.specifier}",
                f"{pin.name}: not installed, expected {pin.specifier}",
            )
        elif not pin.specifier.contains(found, prereleases=True):
            yield text(
                f"{pin.name}: installata la {found}, attesa {pin.specifier}",
                f"{pin.name}: {found} installed, expected {pin.specifier}",
            )


def _installed(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def python() -> Text:
    """Say which Python this is."""
    return both("Python {}.{}.{}".format(*sys.version_info))
