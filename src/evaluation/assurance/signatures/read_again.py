"""A signed PDF read again by a second library, as its cross-references say and without them: all but signatures as before."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import closing
from io import BytesIO
from typing import Any

import pikepdf

_LAST_NUMBER = re.compile(rb"startxref\s+\d+\s+%%EOF\s*\Z")
_OF_CATALOGUE = {"/AcroForm", "/DSS", "/Extensions", "/Metadata", "/Perms", "/Version"}
_OF_FIELD = {"/AP", "/V"}


def reads_the_same(data: bytes, original: bytes) -> bool:
    """Tell whether all that a reader sees is as in the original, by its cross-references and when they are rebuilt."""
    rebuilt = _LAST_NUMBER.sub(b"startxref\n0\n%%EOF\n", data)
    return all(_same_document(each, original) for each in (data, rebuilt))


def _same_document(data: bytes, original: bytes) -> bool:
    with closing(pikepdf.open(BytesIO(original))) as before, closing(pikepdf.open(BytesIO(data))) as after:
        if before.Root.objgen != after.Root.objgen or len(before.pages) != len(after.pages):
            return False
        waiting: list[tuple[Any, Any]] = list(_members(before.Root, after.Root, _OF_CATALOGUE))
        known: set[tuple[int, int]] = {before.Root.objgen}
        while waiting:
            one, other = waiting.pop()
            if not _alike(one, other):
                return False
            if isinstance(one, pikepdf.Object) and one.is_indirect:
                if one.objgen in known:
                    continue
                known.add(one.objgen)
            waiting += _inside(one, other)
    return True


def _alike(one: Any, other: Any) -> bool:
    """Tell whether two values are of one kind and, but for what they hold, the same."""
    if type(one) is not type(other):
        return False
    if not isinstance(one, pikepdf.Object):
        return bool(one == other)
    if one._type_code != other._type_code or one.objgen != other.objgen:
        return False
    if isinstance(one, pikepdf.Stream):
        return one.read_raw_bytes() == other.read_raw_bytes() and _keys(one) == _keys(other)
    if isinstance(one, pikepdf.Dictionary):
        but = _OF_FIELD if one.get("/FT") == "/Sig" else {"/Annots"} if one.get("/Type") == "/Page" else set()
        return _keys(one) - but == _keys(other) - but
    return isinstance(one, pikepdf.Array) or one.unparse() == other.unparse()


def _inside(one: Any, other: Any) -> Iterator[tuple[Any, Any]]:
    """Return what two values hold, in pairs: of a field not its signature, of a page the annotations it had."""
    if isinstance(one, pikepdf.Array):
        yield from zip(one, other, strict=True) if len(one) == len(other) else [(None, one)]
    elif isinstance(one, pikepdf.Dictionary | pikepdf.Stream):
        if one.get("/Type") == "/Page":
            before, after = list(one.get("/Annots", [])), list(other.get("/Annots", []))
            yield from zip(before, [*after[: len(before)], *[None] * (len(before) - len(after))], strict=True)
        yield from _members(one, other, _OF_FIELD if one.get("/FT") == "/Sig" else {"/Annots"})


def _members(one: Any, other: Any, but: set[str]) -> Iterator[tuple[Any, Any]]:
    for key in sorted((_keys(one) | _keys(other)) - but):
        yield one.get(key), other.get(key)


def _keys(holder: Any) -> set[str]:
    return set(holder.keys())
