"""Traces of names: cells and lines that tell who a child is, in what would stay in a study."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Iterable, Iterator
from html import unescape
from pathlib import Path

from evaluation.errors import UserError
from evaluation.intake.pseudonyms import normalised_name
from evaluation.language import text

MAXIMUM_BYTES = 200_000_000
SHORTEST_WORD = 3  # letters of a part of a name that tells something by itself
MARKS = ((b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"), (b"\xef\xbb\xbf", "utf-8-sig"))


class Names:
    """The names of a roster, to be looked for in text."""

    def __init__(self, names: Iterable[str]):
        self._names = [frozenset(normalised_name(name).split()) for name in names]
        self._by_word: dict[str, list[frozenset[str]]] = {}
        for words in self._names:
            for word in words:
                self._by_word.setdefault(word, []).append(words)
        self._seen: dict[str, bool] = {}

    def stand_in(self, cell: str) -> bool:
        """Tell whether a text holds every word of some name, or nothing but words of one."""
        if cell not in self._seen:
            words = frozenset(normalised_name(cell).split())
            near = [name for word in words for name in self._by_word.get(word, ())]
            tells = any(len(word) >= SHORTEST_WORD for word in words)
            self._seen[cell] = any(name <= words or (words <= name and tells) for name in near)
        return self._seen[cell]


def tells_part_of(name: str, cell: str) -> bool:
    """Tell whether a text holds a word of this very name: what is written about a child calls it by its first name."""
    words = {word for word in normalised_name(name).split() if len(word) >= SHORTEST_WORD}
    return bool(words & set(normalised_name(cell).split()))


def files_of(folder: Path) -> list[Path]:
    """Return every file under a folder, hidden ones too, in the order of their names; links are not followed."""
    return sorted(path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())


def cells_of_file(path: Path) -> Iterator[tuple[int | None, str]]:
    """Return the texts of a file with their rows: cells of a table, lines of a text, texts of a workbook (no row).

    Raises
    ------
    UserError : the file, or what it unpacks to, is too large to be searched.
    """
    for name, content in contents_of(path):
        shown = decoded(content)
        if name.endswith((".xml", ".html")):
            yield from ((None, unescape(piece)) for piece in re.findall(r">([^<>]+)<", shown) if piece.strip())
        elif path.suffix.lower() in (".csv", ".tsv"):
            yield from _cells(shown)
        else:
            yield from enumerate(shown.splitlines(), start=1)


def contents_of(path: Path) -> Iterator[tuple[str, bytes]]:
    """Return the file's content under its name; of a zip archive (a workbook is one) every member under its own."""
    if path.stat().st_size > MAXIMUM_BYTES:
        raise _too_large(path)
    if not zipfile.is_zipfile(path):
        yield path.name, path.read_bytes()
        return
    try:
        with zipfile.ZipFile(path) as archive:
            if sum(member.file_size for member in archive.infolist()) > MAXIMUM_BYTES:
                raise _too_large(path)
            for member in archive.infolist():
                yield member.filename, archive.read(member)
    except (zipfile.BadZipFile, RuntimeError, NotImplementedError, OSError) as error:
        raise UserError(
            text(
                f"{path.name}: archivio che non si apre ({error}). Toglierlo dallo studio.",
                f"{path.name}: an archive that does not open ({error}). Take it out of the study.",
            )
        ) from error


def decoded(content: bytes) -> str:
    """Return content as text: by its mark, else UTF-8, else cp1252; every byte stands for something."""
    encoding = next((encoding for mark, encoding in MARKS if content.startswith(mark)), "utf-8")
    try:
        return content.decode(encoding)
    except UnicodeDecodeError:
        return content.decode("cp1252", "replace")


def _cells(content: str) -> Iterator[tuple[int, str]]:
    first = content.partition("\n")[0]
    reader = csv.reader(io.StringIO(content, newline=""), delimiter=max(",;\t", key=first.count))
    try:
        for number, row in enumerate(reader, start=1):
            yield from ((number, cell) for cell in row)
    except csv.Error:  # a cell larger than any table has: line by line then
        yield from enumerate(content.splitlines(), start=1)


def _too_large(path: Path) -> UserError:
    megabytes = MAXIMUM_BYTES // 1_000_000
    return UserError(
        text(
            f"{path.name}: più di {megabytes} MB, da aperto: troppo per cercarvi dei nomi. Toglierlo dallo studio.",
            f"{path.name}: more than {megabytes} MB once unpacked, too large to be searched. Take it out of the study.",
        )
    )
