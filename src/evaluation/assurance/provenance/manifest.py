"""The sums of a report: which files they cover, how they are written, what differs from them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Literal

from evaluation.errors import VerificationFailed
from evaluation.files import Hashes, files_in, hashes, read_bounded, reading, write_whole
from evaluation.report_folder import SUMS, is_covered

_LINE = re.compile(r"([0-9a-f]{64})  (.+)")


@dataclass(frozen=True)
class Difference:
    """One file that is not as listed: absent, with other bytes, or not listed at all."""

    kind: Literal["missing", "changed", "extra"]
    file: str

    def __str__(self) -> str:
        """Name the file and what is wrong with it."""
        return f"{self.file}: {self.kind}"


def compare(listed: Mapping[str, str], found: Mapping[str, str]) -> tuple[Difference, ...]:
    """Return how the files found differ from those listed, in the order of their names."""
    kinds: dict[str, Literal["missing", "changed", "extra"]] = {
        **{name: "changed" for name in listed.keys() & found.keys() if listed[name] != found[name]},
        **dict.fromkeys(listed.keys() - found.keys(), "missing"),
        **dict.fromkeys(found.keys() - listed.keys(), "extra"),
    }
    return tuple(Difference(kinds[name], name) for name in sorted(kinds))


def write_sums(report: Path) -> Path:
    """Write `SHA256SUMS`, in the format of `sha256sum`, over all of the report but log and signatures."""
    found = hashes(report, (name for name in files_in(report) if is_covered(name)))
    sums = report / SUMS
    write_whole(sums, "".join(f"{digest}  {name}\n" for name, digest in found.items()).encode())
    return sums


def read_sums(report: Path) -> Hashes:
    """Return what `SHA256SUMS` lists.

    Raises
    ------
    VerificationFailed
        The file is absent, too large, not UTF-8, or has a line that is no sum of a file inside the report.
    """
    with reading(SUMS):
        lines = read_bounded(report / SUMS).decode("utf-8").removesuffix("\n").split("\n")
    listed: Hashes = {}
    for number, line in enumerate(lines, start=1):
        match = _LINE.fullmatch(line)
        if not match or not _stays_inside(match[2]) or match[2] in listed:
            expected = "64 hexadecimal digits, two spaces and a new relative path inside the report"
            raise VerificationFailed(f"{SUMS}, line {number}: found {line[:100]!a}, expected {expected}.")
        listed[match[2]] = match[1]
    return listed


def check_sums(report: Path) -> tuple[Difference, ...]:
    """Return how the report differs from its `SHA256SUMS`; empty if it does not."""
    covered = (name for name in files_in(report) if is_covered(name))
    return compare(read_sums(report), hashes(report, covered))


def _stays_inside(name: str) -> bool:
    """Tell whether a listed path is plain, relative and in the one form that `write_sums` writes."""
    path = PurePosixPath(name)
    plain = name.isprintable() and "\\" not in name and not re.match(r"[A-Za-z]:", name)
    return plain and not path.is_absolute() and ".." not in path.parts and path.as_posix() == name and name != "."
