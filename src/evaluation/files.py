"""Files that somebody else may have prepared: opened as plain files, read within bounds, written whole, hashed."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from io import BufferedReader
from pathlib import Path
from tempfile import TemporaryDirectory

from evaluation.errors import UserError, VerificationFailed
from evaluation.language import text

Hashes = dict[str, str]
"""SHA-256 in lower-case hexadecimal by relative POSIX path."""
MEGABYTE = 1 << 20
# What no report reaches: beyond these, a folder is an attack on whoever looks into it, and is answered as such.
LARGEST_FILE, MOST_FILES, DEEPEST = 1024 * MEGABYTE, 20_000, 16
AT_ONCE = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
NO_LINK = getattr(os, "O_NOFOLLOW", 0)


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
