"""Traces of names: cells and lines that tell who a child is, in what would stay in a study."""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections.abc import Iterable, Iterator
from html import unescape
from pathlib import Path

from evaluation.privacy.pseudonyms import plain_words
from evaluation.privacy.unpacked import Piece, encoding_of

SHORTEST_WORD = 3  # letters of a part of a name that tells something by itself
SHORTEST_INSIDE = 8  # letters of a whole name that is told from chance inside a longer word
SHORTEST_TOGETHER = 4  # letters of a whole name that is looked for without anything between its words
TOGETHER = re.compile(r"[^\s,;:\"<>()\[\]{}=|]+")


class Names:
    """The names of a roster, to be looked for in text."""

    def __init__(self, names: Iterable[str]):
        self._by_word: dict[str, list[frozenset[str]]] = {}
        self._together: set[str] = set()  # whole names without anything between their words
        self._seen: dict[str, bool] = {}
        for words in map(plain_words, names):
            for reading in _readings(words):
                for word in reading:
                    self._by_word.setdefault(word, []).append(reading)
            if len(words) > 1:
                turns = ("".join(words[turn:] + words[:turn]) for turn in range(len(words)))  # surname last, or first
                self._together.update(joined for joined in turns if len(joined) >= SHORTEST_TOGETHER)
        self._starts = {name[:end] for name in self._together for end in range(1, len(name) + 1)}

    def stand_in(self, cell: str) -> bool:
        """Tell whether a text holds every word of some name, nothing but words of one, or a name written together."""
        if cell not in self._seen:
            composed = unicodedata.normalize("NFKC", cell)
            self._seen[cell] = self._as_words(composed) or self._as_letters(composed)
        return self._seen[cell]

    def _as_words(self, cell: str) -> bool:
        written, parted = frozenset(plain_words(cell)), frozenset(plain_words(_parted(cell)))
        every = written | parted
        near = [name for word in every for name in self._by_word.get(word, ())]
        tells = any(len(word) >= SHORTEST_WORD for word in every)
        return any(name <= every or (tells and (written <= name or parted <= name)) for name in near)

    def _as_letters(self, cell: str) -> bool:
        pieces = TOGETHER.findall(cell)
        mail = ("".join(plain_words(local)) for piece in pieces for local in piece.split("@")[:-1])
        written = ("".join(plain_words(piece)) for piece in pieces)
        return (
            self._neighbours(plain_words(_parted(cell)))
            or any(local in self._together for local in mail)
            or any(map(self._inside, written))
        )

    def _neighbours(self, words: list[str]) -> bool:
        """Tell whether two or more neighbouring words, written together, are a name."""
        for start, joined in enumerate(words):
            for end in range(start + 1, len(words)):
                joined += words[end]
                if joined in self._together:
                    return True
                if joined not in self._starts:
                    break
        return False

    def _inside(self, written: str) -> bool:
        """Tell whether a long enough name stands anywhere in letters that are written together."""
        for place in range(len(written) - SHORTEST_INSIDE + 1):
            end = place + SHORTEST_INSIDE
            while written[place:end] in self._starts and end <= len(written):
                if written[place:end] in self._together:
                    return True
                end += 1
        return False


def tells_part_of(name: str, cell: str) -> bool:
    """Tell whether a text holds a word of this very name: what is written about a child calls it by its first name."""
    words = {word for reading in _readings(plain_words(name)) for word in reading if len(word) >= SHORTEST_WORD}
    return bool(words & {*plain_words(cell), *plain_words(_parted(cell))})


def _readings(words: list[str]) -> set[frozenset[str]]:
    """Return the words of a name, and those with its particles written together: D'Angelo is Dangelo too."""
    joined, particle = [], ""
    for word in words:
        if len(word) < SHORTEST_WORD:
            particle += word
        else:
            joined.append(particle + word)
            particle = ""
    joined += [particle] if particle else []
    return {frozenset(words), *([frozenset(joined)] if len(joined) > 1 else [])} - {frozenset()}


def _parted(cell: str) -> str:
    """Return a text with a space before each capital that follows a small letter: MariaRossi is Maria Rossi."""
    return "".join(
        f" {c}" if c.isupper() and before.islower() else c for before, c in zip(f" {cell}", cell, strict=False)
    )


def files_of(folder: Path) -> list[Path]:
    """Return every file under a folder, hidden ones too, in the order of their names; links are not followed."""
    return sorted(path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())


def cells_of(piece: Piece) -> Iterator[tuple[int | None, str]]:
    """Return the texts of a piece with their rows: cells of a table, lines of a text; no row for what was packed."""
    rows: Iterator[tuple[int | None, str]]
    for shown in _decodings(piece):
        if piece.name.lower().endswith((".xml", ".html")):
            rows = ((None, unescape(text)) for text in re.findall(r">([^<>]+)<", shown) if text.strip())
        elif piece.name.lower().endswith((".csv", ".tsv")):
            rows = _cells(shown)
        else:
            rows = enumerate(shown.splitlines(), start=1)
        yield from ((None if piece.packed else row, cell) for row, cell in rows)


def _decodings(piece: Piece) -> Iterator[str]:
    """Return a content as text: by its mark, else UTF-8, else cp1252; if it is binary in every way it may be meant."""
    encoding = encoding_of(piece.content)
    try:
        yield piece.content.decode(encoding)
    except UnicodeDecodeError:
        yield piece.content.decode("cp1252", "replace")
    if b"\0" in piece.content and not encoding.startswith("utf-16"):
        yield from (piece.content.decode(each, "replace") for each in ("utf-16-le", "utf-16-be"))


def _cells(content: str) -> Iterator[tuple[int | None, str]]:
    first = content.partition("\n")[0]
    reader = csv.reader(io.StringIO(content, newline=""), delimiter=max(",;\t", key=first.count))
    try:
        for number, row in enumerate(reader, start=1):
            yield from ((number, cell) for cell in row)
    except csv.Error:  # a cell larger than any table has: line by line then
        yield from enumerate(content.splitlines(), start=1)
