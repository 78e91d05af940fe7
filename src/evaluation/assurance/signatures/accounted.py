"""Every byte of a PDF's updates, accounted for (ISO 32000-2, 7.5): one file that all programs read the same way.

A program may follow the last cross-references, or an earlier one, or none and look for objects itself. So each update
must hold its objects and its cross-references and nothing else: each object named once by the section after it, none
that no section names, and each section where the number after `startxref` says. Then it does not matter who reads.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pyhanko.pdf_utils import generic as pyhanko_generic

from evaluation.assurance.signatures.strict_objects import (
    NOT_PLAIN,
    Ambiguous,
    Reference,
    Stored,
    Value,
    number_in,
    read_stored,
    read_value,
    skip_space,
)
from evaluation.language import text

generic: Any = pyhanko_generic  # its constructors carry no types
MOST = 1_000_000  # objects
_EOL = rb"(?:\r\n|\n|\r)"
# Some programs write a line about themselves before the last lines; it may not read as anything else.
_REMARK = rb"(?:%(?![^\r\n]*(?:obj|xref|trailer|EOF))[ -~]{0,80}" + _EOL + rb")?"
_END = re.compile(_REMARK + rb"startxref" + _EOL + rb"(\d{1,10})" + _EOL + rb"%%EOF" + _EOL + rb"?")
_SUBSECTION = re.compile(rb"(\d{1,10}) (\d{1,10}) ?" + _EOL)
_ENTRY = re.compile(rb"(\d{10}) (\d{5}) ([nf])(?: \r| \n|\r\n)")
_TABLE = re.compile(rb"xref" + _EOL)
_TRAILER = re.compile(rb"trailer[\0\t\n\f\r ]*")
_SAID = {b"Size", b"Prev", b"Root", b"Info", b"ID"}
_OF_STREAM = {b"Type", b"W", b"Index", b"Length", b"Filter", b"DecodeParms"}
_BODY = re.compile(rb"(?<!\d)(\d{1,10})[\0\t\n\f\r ]+\d{1,10}[\0\t\n\f\r ]+obj(?![A-Za-z0-9])")
UNNAMED = text("byte che nessun riferimento incrociato nomina", "bytes that no cross-reference names")
LEFT_OVER = text("byte dopo l’ultima riga del file", "bytes after the last line of the file")
NO_END = text("mancano le ultime righe di una revisione", "the last lines of a revision are missing")
NOT_BUILT_ON = text("l’aggiornamento non parte dal documento", "the update does not build on the document")
MISLEADING = text("riferimenti incrociati che portano fuori strada", "cross-references that mislead")


@dataclass(frozen=True)
class Section:
    """The cross-references of one revision: where they stand, where the revision ends, and what they name.

    `offsets` tells where the body of an object begins; `packed` in which object it is packed, and at which place there.
    """

    at: int
    body_end: int
    end: int
    offsets: Mapping[int, int]
    packed: Mapping[int, tuple[int, int]]
    trailer: Mapping[bytes, Value]
    is_table: bool

    @property
    def previous(self) -> int | None:
        """Return where the section before this one stands."""
        return number_in(self.trailer, b"Prev", self.at) if b"Prev" in self.trailer else None


@dataclass(frozen=True)
class Update:
    """One revision after the first bytes: its cross-references, and each object that it stores, by number."""

    section: Section
    objects: Mapping[int, Value]


def updates_of(data: bytes, base: int) -> tuple[Update, ...]:
    """Read what follows the first `base` bytes as updates that leave no byte over.

    Raises
    ------
    Ambiguous
        Some bytes belong to no object, or to one that programs may read in different ways; its `at` says where.
    """
    later, earlier = _sections(data, base)
    found, begin = [], base
    for section in later:
        found.append(Update(section, _accounted(data, begin, section)))
        begin = section.end
    if later and begin != len(data):
        raise Ambiguous(begin, LEFT_OVER)
    if not later and len(data) != base:
        raise Ambiguous(base, UNNAMED)
    _same_without_references(data, base, [*earlier, *later], found)
    return tuple(found)


def _sections(data: bytes, base: int) -> tuple[list[Section], list[Section]]:
    """Return the sections after the first `base` bytes, and those within, each in the order of the file."""
    tail = data.rfind(b"startxref")
    last = _END.match(data, tail) if tail >= 0 else None
    if last is None:
        raise Ambiguous(max(tail, 0), NO_END)
    found: list[Section] = []
    at: int | None = int(last[1])
    while at is not None:
        if found and at >= found[-1].at:
            raise Ambiguous(found[-1].at, MISLEADING)
        found.append(_read_section(data, at, base))
        at = found[-1].previous
    found.reverse()
    ends = [section.end for section in found if section.at < base]
    if base and (not ends or max(ends) != base):
        raise Ambiguous(base, NOT_BUILT_ON)
    return [each for each in found if each.at >= base], [each for each in found if each.at < base]


def _read_section(data: bytes, at: int, base: int) -> Section:
    is_table = _TABLE.match(data, at) is not None
    offsets, packed, trailer, body_end = _read_table(data, at) if is_table else _read_reference_stream(data, at)
    known = _SAID if is_table else _SAID | _OF_STREAM
    if at >= base and not set(trailer) <= known:
        raise Ambiguous(at, MISLEADING)
    if {*offsets, *packed} and max({*offsets, *packed}) >= number_in(trailer, b"Size", at):
        raise Ambiguous(at, MISLEADING)
    last = _END.match(data, skip_space(data, body_end))
    if last is None or int(last[1]) != at:
        raise Ambiguous(body_end, NO_END)
    return Section(at, body_end, last.end(), offsets, packed, trailer, is_table)


def _read_table(data: bytes, at: int) -> tuple[dict[int, int], dict[int, tuple[int, int]], Any, int]:
    here = at + len(_TABLE.match(data, at)[0])  # type: ignore[index]
    offsets: dict[int, int] = {}
    seen: set[int] = set()
    while subsection := _SUBSECTION.match(data, here):
        first, count, here = int(subsection[1]), int(subsection[2]), subsection.end()
        for number in range(first, first + min(count, MOST)):
            entry = _ENTRY.match(data, here)
            if entry is None or number in seen or entry[3] != (b"n" if number else b"f"):
                raise Ambiguous(here, MISLEADING)
            seen.add(number)
            if number:
                offsets[number] = int(entry[1])
            here = entry.end()
    word = _TRAILER.match(data, here)
    if word is None:
        raise Ambiguous(here, NO_END)
    trailer, end = read_value(data, word.end())
    return offsets, {}, trailer, end


def _read_reference_stream(data: bytes, at: int) -> tuple[dict[int, int], dict[int, tuple[int, int]], Any, int]:
    stored = read_stored(data, at, _no_reference)
    if stored.stream is None or stored.value.get(b"Type") != b"/XRef":
        raise Ambiguous(at, MISLEADING)
    rows = list(_rows(stored, _unpacked(stored)))
    offsets = {number: second for number, kind, second, _ in rows if kind == 1}
    packed = {number: (second, third) for number, kind, second, third in rows if kind == 2}
    numbers = [number for number, *_ in rows]
    if len(set(numbers)) != len(numbers) or any(kind > 2 or (kind == 0) is not (n == 0) for n, kind, *_ in rows):
        raise Ambiguous(at, MISLEADING)
    return offsets, packed, stored.value, stored.end


def _rows(stored: Stored, content: bytes) -> Iterator[tuple[int, int, int, int]]:
    """Return number, kind and two fields of each entry of a cross-reference stream (ISO 32000-2, 7.5.8)."""
    widths = [int(width) for width in stored.value[b"W"]]
    spans = [int(each) for each in stored.value.get(b"Index", [b"0", stored.value[b"Size"]])]
    numbers = [
        n for first, count in zip(spans[::2], spans[1::2], strict=True) for n in range(first, first + min(count, MOST))
    ]
    if len(widths) != 3 or len(content) != sum(widths) * len(numbers):
        raise Ambiguous(stored.start, MISLEADING)
    for place, number in enumerate(numbers):
        here, fields = place * sum(widths), []
        for width in widths:
            fields.append(int.from_bytes(content[here : here + width], "big") if width else None)
            here += width
        kind, second, third = fields
        yield number, 1 if kind is None else kind, second or 0, third or 0


def _unpacked(stored: Stored) -> bytes:
    """Return the bytes of a stream, unpacked."""
    kept = {b"Filter", b"DecodeParms"} & set(stored.value)
    holder = generic.DictionaryObject(
        {generic.NameObject("/" + key.decode("latin-1")): _as_object(stored.value[key]) for key in kept}
    )
    content: bytes = generic.StreamObject(holder, encoded_data=stored.stream).data
    return content


def _as_object(value: Value) -> Any:
    if isinstance(value, dict):
        return generic.DictionaryObject(
            {generic.NameObject("/" + key.decode("latin-1")): _as_object(each) for key, each in value.items()}
        )
    if isinstance(value, list):
        return generic.ArrayObject(map(_as_object, value))
    if value.startswith(b"/"):
        return generic.NameObject(value.decode("latin-1"))
    return generic.NumberObject(value.decode("latin-1"))


def _accounted(data: bytes, begin: int, section: Section) -> dict[int, Value]:
    """Read the objects of one update, and see that they and its cross-references are all that it holds."""
    lengths = dict(section.offsets)

    def length_of(reference: Reference) -> int:
        held = read_stored(data, lengths.get(reference.number, len(data)), _no_reference)
        return number_in({b"Length": held.value}, b"Length", held.start)

    stored = []
    for number, offset in section.offsets.items():
        if not begin <= offset < section.body_end:
            raise Ambiguous(section.at, MISLEADING)
        one = read_stored(data, offset, length_of)
        if (one.number, one.generation) != (number, 0):
            raise Ambiguous(offset, MISLEADING)
        stored.append(one)
    spans = [(each.start, each.end) for each in stored if each.start != section.at]
    _no_gap(data, begin, [*spans, (section.at, section.body_end)])
    packed = [pair for each in stored for pair in _read_packed(each, section)]
    if len(packed) != len(section.packed):
        raise Ambiguous(section.at, MISLEADING)
    return {each.number: each.value for each in stored} | dict(packed)


def _no_gap(data: bytes, begin: int, spans: list[tuple[int, int]]) -> None:
    here = begin
    for start, end in sorted(spans):
        if start < here or skip_space(data, here) != start:
            raise Ambiguous(here, UNNAMED)
        here = end


def _read_packed(stored: Stored, section: Section) -> Iterator[tuple[int, Value]]:
    """Return the objects inside an object stream; each is named, and nothing stands between (ISO 32000-2, 7.5.7)."""
    if stored.stream is None or stored.value.get(b"Type") != b"/ObjStm":
        return
    content, first = _unpacked(stored), number_in(stored.value, b"First", stored.start)
    pairs = [int(each) for each in content[:first].split()]
    if len(pairs) != 2 * number_in(stored.value, b"N", stored.start) or b"Extends" in stored.value:
        raise Ambiguous(stored.start, NOT_PLAIN)
    here = first
    for index, (number, offset) in enumerate(zip(pairs[::2], pairs[1::2], strict=True)):
        if section.packed.get(number) != (stored.number, index) or skip_space(content, here) != first + offset:
            raise Ambiguous(stored.start, UNNAMED)
        value, here = read_value(content, first + offset)
        yield number, value
    if skip_space(content, here) != len(content):
        raise Ambiguous(stored.start, UNNAMED)


def _same_without_references(data: bytes, base: int, sections: list[Section], updates: list[Update]) -> None:
    """See that a program that looks for objects itself, the last of a number winning, finds those that are named."""
    named: dict[int, int] = {}
    for section in sections:
        named |= section.offsets
        for number in section.packed:
            named.pop(number, None)
        if not section.is_table and _BODY.match(data, section.at):
            named.setdefault(int(_BODY.match(data, section.at)[1]), section.at)  # type: ignore[index]
    found = {int(body[1]): body.start() for body in _BODY.finditer(data)}
    for number in sorted({*named, *found}):
        if named.get(number) != found.get(number):
            raise Ambiguous(found.get(number, named.get(number, 0)), UNNAMED)
    _count_words(data, base, updates)


def _count_words(data: bytes, base: int, updates: list[Update]) -> None:
    """See that no string and no stream of an update holds the words by which a program finds its way without references."""
    bodies = {at for update in updates for at in (*update.section.offsets.values(), update.section.at)}
    tables = sum(update.section.is_table for update in updates)
    expected = {
        b"endobj": len(bodies) - tables, b"trailer": tables, b"startxref": len(updates), b"%%EOF": len(updates)
    }  # fmt: skip
    for word, count in expected.items():
        if data.count(word, base) != count:
            raise Ambiguous(data.rfind(word, base))


def _no_reference(_: Reference) -> int:
    raise Ambiguous(0, NOT_PLAIN)
