"""The sums of a report: which files they cover, how they are written, what differs from them."""

from __future__ import annotations

import hashlib
import os
import re
import stat
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import Literal

from evaluation.errors import UserError, VerificationFailed
from evaluation.language import LANGUAGES, Language, text

CRATE = "ro-crate-metadata.json"
SUMS = "SHA256SUMS"
SIGNED_SUMS = "SHA256SUMS.p7m"
RUN_LOG = "run.log"

Hashes = dict[str, str]
"""SHA-256 in lower-case hexadecimal by relative POSIX path."""

MEGABYTE = 1 << 20
# What no report reaches: beyond these, a folder is an attack on whoever looks into it, and is answered as such.
LARGEST_FILE, MOST_FILES, DEEPEST = 1024 * MEGABYTE, 20_000, 16
AT_ONCE = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
NO_LINK = getattr(os, "O_NOFOLLOW", 0)
_LINE = re.compile(r"([0-9a-f]{64})  (.+)")


def unsigned_pdf(language: Language) -> str:
    """Return the name of the evaluator's report before signature."""
    return f"evaluator-report.{language}.pdf"


def signed_pdf(language: Language) -> str:
    """Return the name of the evaluator's report after signature."""
    return f"evaluator-report.{language}.signed.pdf"


UNSIGNED_PDFS = frozenset(map(unsigned_pdf, LANGUAGES))
UNCOVERED = frozenset({RUN_LOG, SUMS, SIGNED_SUMS, *map(signed_pdf, LANGUAGES)})


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


@contextmanager
def reading(name: str) -> Iterator[None]:
    """Turn whatever a parser raises on bytes that no run wrote into one VerificationFailed that names the file."""
    try:
        yield
    except UserError:
        raise
    except Exception as error:
        kind = type(error).__name__
        raise VerificationFailed(
            text(
                f"{name}: non si legge come ciò che dovrebbe essere ({kind}).",
                f"{name}: cannot be read as what it should be ({kind}).",
            )
        ) from error


def read_bounded(path: Path, megabytes: int = 64) -> bytes:
    """Read a file someone else may have prepared; VerificationFailed if absent, a link or larger than expected."""
    with open_plain(path) as stream:
        data = stream.read(megabytes * MEGABYTE + 1)
    if len(data) > megabytes * MEGABYTE:
        raise _too_large(path.name, megabytes)
    return data


@contextmanager
def open_plain(path: Path, *, follow: bool = False) -> Iterator[BufferedReader]:
    """Open a regular file, without waiting for the other end of a pipe; through a link only to `follow`.

    Raises
    ------
    VerificationFailed
        There is no such file, or it is a folder, a pipe, a device.
    """
    try:
        handle = os.open(path, AT_ONCE if follow else AT_ONCE | NO_LINK)
    except (OSError, ValueError) as error:
        raise _not_plain(path.name) from error
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise _not_plain(path.name)
    with os.fdopen(handle, "rb") as stream:
        yield stream


def _not_plain(name: str) -> VerificationFailed:
    return VerificationFailed(
        text(
            f"{name}: atteso un file ordinario, non trovato. Chiedere una cartella completa del rapporto.",
            f"{name}: expected a regular file, found none. Ask for a complete report folder.",
        )
    )


def _too_large(name: str, megabytes: int) -> VerificationFailed:
    return VerificationFailed(
        text(
            f"{name}: supera {megabytes} MB, che nessun file così di un rapporto raggiunge.",
            f"{name}: larger than {megabytes} MB, which no such file of a report is.",
        )
    )


def write_whole(path: Path, data: bytes) -> None:
    """Put `data` at `path` in one step; the half-written file never stands in the report."""
    with TemporaryDirectory(dir=path.parent.resolve().parent, prefix=".writing-") as scratch:
        draft = Path(scratch) / path.name
        draft.write_bytes(data)
        draft.replace(path)


def files_in(folder: Path) -> tuple[str, ...]:
    """Return the relative POSIX paths of all files below `folder`, sorted.

    Raises
    ------
    VerificationFailed
        A link or a device, which could point outside the folder; a name that a line of text cannot hold; a folder that
        cannot be listed; more or deeper folders than any report has.
    """
    names: list[str] = []
    waiting = [folder]
    while waiting:
        for entry in _entries(waiting.pop()):
            name = Path(entry).relative_to(folder).as_posix()
            if not name.isprintable() or "\\" in name:
                raise _refused(
                    f"{name!a}", ("un nome con caratteri di controllo", "a file name with control characters")
                )
            if entry.is_symlink() or not (entry.is_file() or entry.is_dir()):
                raise _refused(name, ("un collegamento o un dispositivo", "a link or a device"))
            if name.count("/") >= DEEPEST or len(names) >= MOST_FILES:
                raise _refused(name, ("troppi file o troppe cartelle", "too many files or folders"))
            if entry.is_dir():
                waiting.append(Path(entry))
            else:
                names.append(name)
    return tuple(sorted(names))


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    """List a folder; one that cannot be listed could hide files, and is no report's."""
    try:
        with os.scandir(folder) as found:
            return list(found)
    except OSError as error:
        unreadable = ("una cartella che non si può leggere", "a folder that cannot be read")
        raise _refused(f"{folder.name!a}", unreadable) from error


def _refused(name: str, what: tuple[str, str]) -> VerificationFailed:
    return VerificationFailed(
        text(
            f"{name[:200]}: {what[0]}; un rapporto ha solo file ordinari, con nomi semplici. Toglierlo.",
            f"{name[:200]}: {what[1]}; a report holds plain files with plain names only. Take it out.",
        )
    )


def hashes(folder: Path, names: Iterable[str]) -> Hashes:
    """Return the SHA-256 of each of these files of `folder`; VerificationFailed if one is no file or is too large."""
    return {name: _digest(folder / name) for name in names}


def _digest(path: Path) -> str:
    with open_plain(path, follow=True) as stream:  # of a report, `files_in` refuses links; a study may hold them
        if os.fstat(stream.fileno()).st_size > LARGEST_FILE:
            raise _too_large(path.name, LARGEST_FILE // MEGABYTE)
        return hashlib.file_digest(stream, "sha256").hexdigest()


def write_sums(report: Path) -> Path:
    """Write `SHA256SUMS`, in the format of `sha256sum`, over all of the report but log and signatures."""
    found = hashes(report, (name for name in files_in(report) if name not in UNCOVERED))
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
    covered = (name for name in files_in(report) if name not in UNCOVERED)
    return compare(read_sums(report), hashes(report, covered))


def _stays_inside(name: str) -> bool:
    """Tell whether a listed path is plain, relative and in the one form that `write_sums` writes."""
    path = PurePosixPath(name)
    plain = name.isprintable() and "\\" not in name and not re.match(r"[A-Za-z]:", name)
    return plain and not path.is_absolute() and ".." not in path.parts and path.as_posix() == name and name != "."
