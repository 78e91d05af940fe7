"""What is installed here, held against what each package says of its own files (RECORD); and what nobody installed.

The lists lie beside what they list, so that whoever can edit a package can edit its list. They tell of the common ways in
which an environment comes to compute something else; against somebody who means it, only a fresh one helps (`--fresh`).
"""

from __future__ import annotations

import base64
import csv
import hashlib
import os
import re
import sys
import sysconfig
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.machinery import all_suffixes
from importlib.metadata import distributions
from pathlib import Path

from evaluation.assurance.provenance.compiled import compiles_alike, would_load
from evaluation.errors import VerificationFailed
from evaluation.files import open_plain
from evaluation.language import Text, text

SITES = ("site-packages", "dist-packages")
CACHE = "__pycache__"
# What Python runs on its own when it starts: lines of .pth files, and two modules if there are any.
STARTING = (".pth", "sitecustomize", "usercustomize")
_RUNS = re.compile(r".*(?:\.(?:py|pyc|so|pyd|dll|dylib|pth)|\.so\.[\d.]+)")


@dataclass(frozen=True)
class Package:
    """One installed package: its name, the folder it lies in, and the digest by path of the files that Python may run.

    A digest is written as RECORD has it, `sha256=` and URL-safe base 64 without padding (PEP 376, 627); None: no RECORD.
    """

    name: str
    site: Path
    files: dict[str, str] | None


@cache
def installed_problems() -> tuple[Text, ...]:
    """Return what is wrong with what is installed here; once for a process."""
    return problems_on(sys.path)


def problems_on(way: Sequence[str]) -> tuple[Text, ...]:
    """Return which installed files that Python may run are not as they were installed, and which no package brought.

    Parameters
    ----------
    way
        Where Python looks for what it imports (`sys.path`).
    """
    places = [Path(os.path.normpath(place)) for place in dict.fromkeys(way)]
    sites = [place for place in places if place.name in SITES]
    packages = [package for site in sites for package in _packages(site)]
    known = {os.path.normpath(each.site / file) for each in packages for file in each.files or ()}
    found = (
        *(problem for package in packages for problem in _changed(package)),
        *(_stray(Path(file)) for site in sites for file in _running(site) if file not in known),
        *_standing_in(packages, places),
    )
    return tuple(sorted(found, key=lambda words: words["en"]))


def stale_compiled(compiled: Path) -> tuple[Text, ...]:
    """Return which compiled files of installed packages are not what a run compiled from their sources, and would be loaded.

    Parameters
    ----------
    compiled
        Where a run, which read none of them, left what it compiled (PYTHONPYCACHEPREFIX): of each source, by its place.
    """
    found = []
    for fresh in sorted(compiled.rglob("*.pyc")):
        place = Path("/") / fresh.parent.relative_to(compiled)
        source, installed = place / f"{fresh.name.split('.')[0]}.py", place / CACHE / fresh.name
        if installed.is_file() and would_load(installed, source) and not compiles_alike(installed, fresh):
            name = _named(installed)
            found.append(
                text(
                    f"{name}: un file compilato che non viene dal suo sorgente",
                    f"{name}: a compiled file that does not come from its source",
                )
            )
    return tuple(found)


def _packages(site: Path) -> Iterator[Package]:
    for found in distributions(path=[str(site)]):
        record = found.read_text("RECORD")
        rows = None if record is None else [row for row in csv.reader(record.splitlines()) if len(row) == 3]
        files = None if rows is None else {name: digest for name, digest, _ in rows if _RUNS.fullmatch(name)}
        yield Package(found.name, site, files)


def _changed(package: Package) -> Iterator[Text]:
    """Name the files of a package that have other bytes than its RECORD says; or the package, if it has none."""
    name = package.name
    if package.files is None:
        yield text(f"{name}: senza RECORD, non confrontato", f"{name}: no RECORD to compare with")
        return
    for file, expected in package.files.items():
        found = _digest(package.site / file, expected) if expected else ""
        if found is None:
            yield text(f"{file}: manca ({name})", f"{file}: missing ({name})")
        elif found != expected:
            yield text(f"{file}: non è come fu installato ({name})", f"{file}: not as it was installed ({name})")


def _digest(path: Path, expected: str) -> str | None:
    """Return the digest of a file, by the algorithm of the one expected; None where there is no such file."""
    algorithm = expected.partition("=")[0]
    try:
        with open_plain(path, follow=True) as stream:
            digest = hashlib.file_digest(stream, algorithm).digest()
    except (VerificationFailed, ValueError):
        return None
    return f"{algorithm}={base64.urlsafe_b64encode(digest).decode().rstrip('=')}"


def _running(site: Path) -> Iterator[str]:
    """Return the files below a folder of packages that Python may run, but for what it compiled itself."""
    for folder, folders, names in os.walk(site):
        folders[:] = [each for each in folders if each != CACHE]
        yield from (f"{folder}{os.sep}{name}" for name in names if _RUNS.fullmatch(name))


def _standing_in(packages: Iterable[Package], places: Iterable[Path]) -> Iterator[Text]:
    """Name modules elsewhere on the way of imports that stand in for a package, for the standard library, or run on start."""
    theirs = {re.split(r"[/.]", file, maxsplit=1)[0] for package in packages for file in package.files or ()}
    taken = {*theirs, *sys.stdlib_module_names, *STARTING[1:]}
    standard = {Path(sysconfig.get_path(name)).resolve() for name in ("stdlib", "platstdlib")}
    for folder in places:
        if (
            folder.name in SITES
            or not folder.is_dir()
            or any(folder.resolve().is_relative_to(each) for each in standard)
        ):
            continue
        for entry in sorted(folder.iterdir()):
            module = entry.name.endswith(tuple(all_suffixes())) or (entry / "__init__.py").is_file()
            if module and entry.name.split(".")[0] in taken:
                yield _stray(entry)


def _stray(file: Path) -> Text:
    name = _named(file)
    if file.suffix in STARTING or file.name.split(".")[0] in STARTING:
        return text(
            f"{name}: nessun pacchetto l'ha installato, e Python lo esegue all'avvio",
            f"{name}: no package installed it, and Python runs it when it starts",
        )
    return text(
        f"{name}: nessun pacchetto l'ha installato, e Python può caricarlo",
        f"{name}: no package installed it, and Python may load it",
    )


def _named(file: Path) -> str:
    """Return a name that tells no place of this machine: from the folder of packages on, or the last two parts."""
    site = next((part for part in file.parents if part.name in SITES), file.parent.parent)
    return file.relative_to(site).as_posix()
