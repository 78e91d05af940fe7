"""One object of a PDF as every program reads it (ISO 32000-2, 7.3): what leaves room for another reading is no object."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from evaluation.language import Text, text

DEEPEST = 60  # dictionaries and lists inside each other; signatures have about eight
_WHITE = rb"\0\t\n\f\r "
_SPACE = re.compile(rb"[" + _WHITE + rb"]*")
_ENDS = rb"(?=[" + _WHITE + rb"()<>\[\]{}/%]|\Z)"
_REFERENCE = re.compile(rb"(\d{1,10}) (\d{1,5}) R" + _ENDS)
_NAME = re.compile(rb"/([^" + _WHITE + rb"()<>\[\]{}/%]*)")
_HEXADECIMAL = re.compile(rb"<[0-9A-Fa-f" + _WHITE + rb"]*>")
_PLAIN = re.compile(rb"(?:[+-]?(?:\d+\.?\d*|\.\d+)|true|false|null)" + _ENDS)
_IN_STRING = re.compile(rb"[^()\\]*(?:\\.|([()]))", re.DOTALL)
_HEAD = re.compile(rb"(\d{1,10}) (\d{1,5}) obj" + _ENDS)
_STREAM = re.compile(rb"stream\r?\n")
_END_STREAM = re.compile(rb"(?:\r\n|\n|\r)?endstream" + _ENDS)

Value = Any  # dict by name, list, Reference, or the bytes of what is plain


@dataclass(frozen=True)
class Reference:
    """One object named by another."""

    number: int
    generation: int


@dataclass(frozen=True)
class Stored:
    """An object as it stands in a file: its number, its value, its bytes from `start` to `end`, those of its stream."""

    number: int
    generation: int
    value: Value
    start: int
    end: int
    stream: bytes | None


NOT_PLAIN = text(
    "non è un oggetto che ogni programma legga allo stesso modo", "no object that every program reads alike"
)


class Ambiguous(ValueError):
    """Bytes that two programs may read in two ways, from `at` on."""

    def __init__(self, at: int, why: Text = NOT_PLAIN) -> None:
        super().__init__(at)
        self.at = at
        self.words = text(f"byte {at}: {why['it']}", f"byte {at}: {why['en']}")


def skip_space(data: bytes, at: int) -> int:
    """Return where the next byte stands that is no white space."""
    return _matched(_SPACE, data, at).end()


def read_stored(data: bytes, at: int, length_of: Callable[[Reference], int]) -> Stored:
    """Read the object that begins at `at`, to the end of its `endobj`.

    Parameters
    ----------
    length_of
        Returns the length of a stream whose dictionary names another object for it.

    Raises
    ------
    Ambiguous
        No object begins there, or it holds a comment, a key twice, or anything that is not of its grammar.
    """
    head = _matched(_HEAD, data, at)
    value, end = read_value(data, skip_space(data, head.end()))
    end, stream = skip_space(data, end), None
    if data.startswith(b"stream", end):
        stream, end = _read_stream(data, end, value, length_of)
        end = skip_space(data, end)
    if not data.startswith(b"endobj", end):
        raise Ambiguous(end)
    return Stored(int(head[1]), int(head[2]), value, at, end + len(b"endobj"), stream)


def read_value(data: bytes, at: int, depth: int = 0) -> tuple[Value, int]:
    """Return the value that begins at `at`, and where it ends."""
    if depth > DEEPEST:
        raise Ambiguous(at)
    if data.startswith(b"<<", at):
        return _read_dictionary(data, at, depth)
    if data.startswith(b"[", at):
        return _read_list(data, at, depth)
    if data.startswith(b"(", at):
        end = _end_of_string(data, at)
        return data[at:end], end
    if reference := _REFERENCE.match(data, at):
        return Reference(int(reference[1]), int(reference[2])), reference.end()
    for kind in (_HEXADECIMAL, _NAME, _PLAIN):
        if found := kind.match(data, at):
            return found[0], found.end()
    raise Ambiguous(at)


def number_in(holder: Value, key: bytes, at: int) -> int:
    """Return the whole number that stands in a dictionary; Ambiguous where it is absent or written another way."""
    found = holder.get(key) if isinstance(holder, dict) else None
    if not isinstance(found, bytes) or not re.fullmatch(rb"\d{1,10}", found):
        raise Ambiguous(at)
    return int(found)


def _matched(pattern: re.Pattern[bytes], data: bytes, at: int) -> re.Match[bytes]:
    found = pattern.match(data, at)
    if found is None:
        raise Ambiguous(at)
    return found


def _read_dictionary(data: bytes, at: int, depth: int) -> tuple[Value, int]:
    found: dict[bytes, Value] = {}
    here = skip_space(data, at + 2)
    while not data.startswith(b">>", here):
        name = _matched(_NAME, data, here)
        key = re.sub(rb"#([0-9A-Fa-f]{2})", lambda digits: bytes([int(digits[1], 16)]), name[1])
        if key in found:  # some programs take the first, some the last
            raise Ambiguous(here)
        found[key], end = read_value(data, skip_space(data, name.end()), depth + 1)
        here = skip_space(data, end)
    return found, here + 2


def _read_list(data: bytes, at: int, depth: int) -> tuple[Value, int]:
    found = []
    here = skip_space(data, at + 1)
    while not data.startswith(b"]", here):
        value, end = read_value(data, here, depth + 1)
        found.append(value)
        here = skip_space(data, end)
    return found, here + 1


def _end_of_string(data: bytes, at: int) -> int:
    """Return where a string between brackets ends, which may hold more of them in pairs."""
    here, inside = at + 1, 1
    while inside:
        found = _matched(_IN_STRING, data, here)
        inside += {b"(": 1, b")": -1}.get(found[1], 0)
        here = found.end()
    return here


def _read_stream(data: bytes, at: int, value: Value, length_of: Callable[[Reference], int]) -> tuple[bytes, int]:
    if not isinstance(value, dict) or b"F" in value:  # another file is not these bytes
        raise Ambiguous(at)
    start = _matched(_STREAM, data, at).end()
    length = value.get(b"Length")
    size = length_of(length) if isinstance(length, Reference) else number_in(value, b"Length", at)
    end = _matched(_END_STREAM, data, start + size)
    content = data[start : start + size]
    if b"endstream" in content:  # where some programs end it
        raise Ambiguous(start)
    return content, end.end()
