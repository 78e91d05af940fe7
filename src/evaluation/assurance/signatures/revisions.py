"""What each update after the unsigned bytes writes into a PDF, object by object: who signs may add a signature, no more."""

from __future__ import annotations

import re
from collections.abc import Iterator
from io import BytesIO
from typing import Any

from asn1crypto.core import Asn1Value
from asn1crypto.crl import CertificateList
from asn1crypto.ocsp import OCSPResponse
from asn1crypto.x509 import Certificate
from pyhanko.pdf_utils.generic import (
    ArrayObject,
    ByteStringObject,
    DictionaryObject,
    IndirectObject,
    NameObject,
    StreamObject,
    TextStringObject,
)
from pyhanko.pdf_utils.reader import PdfFileReader

from evaluation.assurance.signatures.fields import FIELD

# Keys that an update may change; every other one of an object that was there before stays as it was.
_CATALOGUE = {"/AcroForm", "/DSS", "/Extensions", "/Metadata", "/Perms", "/Version"}
_FORM = {"/Fields", "/SigFlags"}
# Keys of what an update may add: a field that shows nothing; issuers and revocation (ISO 32000-2, 12.8.4.3).
_UNSEEN = {"/Type", "/Subtype", "/FT", "/T", "/TU", "/F", "/Rect", "/P", "/V", "/Lock", "/SV"}
_LISTS = {"/Certs", "/CRLs", "/OCSPs"}
_KINDS = {"/Cert": Certificate, "/CRL": CertificateList, "/OCSP": OCSPResponse}
_ONE_LISTS = set(_KINDS)
_TEXTS = (TextStringObject, ByteStringObject, NameObject)
_DIGEST = re.compile(r"/[0-9A-F]{40}")


def updates_only_sign(reader: PdfFileReader, base: int) -> bool:
    """Tell whether every revision after `base` only fills a declared field, or adds unseen ones and what validates them."""
    revisions = range(base + 1, reader.xrefs.total_revisions)
    bare = "/DSS" not in reader.get_historical_root(base)
    return bare and all(_Update(reader, base, revision).only_signs() for revision in revisions)


def only_stores(reader: PdfFileReader, revision: int) -> bool:
    """Tell whether a revision brings what validates signatures, named by the catalogue's one new key, and nothing else.

    Which program saved it, and when, the document may say as after any update.
    """
    return _Update(reader, revision - 1, revision).only_stores()


class _Update:
    """One revision, held against the one before."""

    def __init__(self, reader: PdfFileReader, base: int, revision: int) -> None:
        self._history: Any = reader.xrefs
        self._base, self._revision = base, revision
        self._first: Any = reader.get_historical_resolver(base)
        self._before: Any = reader.get_historical_resolver(revision - 1)
        self._after: Any = reader.get_historical_resolver(revision)

    def only_signs(self) -> bool:
        written = self._history.explicit_refs_in_revision(self._revision)
        trailers = self._before.trailer_view, self._after.trailer_view
        rewritten = [ref for ref in written if self._since(ref) < self._revision]
        return (
            len({_written(each, "/Root") for each in trailers}) == 1
            and "/Encrypt" not in trailers[1]
            and all(ref.generation == 0 for ref in written)
            and self._is_stored_plain()
            and all(map(self._is_allowed, rewritten))
        )

    def only_stores(self) -> bool:
        before, after = self._before.root, self._after.root
        written = set(self._history.explicit_refs_in_revision(self._revision))
        expected = {self._after.root_ref, *_stored(after), *self._descriptions()}
        packing = {ref for ref in written - expected if _is_of_the_file(self._after(ref))}
        return (
            "/DSS" not in before
            and "/DSS" in after
            and _kept(before, after, {"/DSS"})
            and written - packing <= expected
            and self._is_stored_plain()
        )

    def _since(self, ref: Any) -> int:
        """Return the revision in which an object first stood."""
        since: int = self._history.get_introducing_revision(ref)
        return since

    def _is_allowed(self, ref: Any) -> bool:
        """Tell whether an object that was there before is as it was, but for what a signature adds to it."""
        old, new = self._before(ref), self._after(ref)
        if ref in self._descriptions():
            return type(old) is type(new) and _is_description(new)
        if type(old) is not type(new) or isinstance(old, StreamObject):
            return type(old) is type(new) and old.encoded_data == new.encoded_data and _kept(old, new, set())
        if isinstance(old, ArrayObject):
            return self._grows(old, new) or ref in self._stores()
        if not isinstance(old, DictionaryObject):
            return _bytes(old) == _bytes(new)
        if ref == self._before.root_ref:
            certified = "/Perms" not in old or _written(old, "/Perms") == _written(new, "/Perms")
            return (
                certified
                and _kept(old, new, _CATALOGUE)
                and self._is_form(_got(old, "/AcroForm"), _got(new, "/AcroForm"))
            )
        if _got(old, "/Type") == "/Page":
            return _kept(old, new, {"/Annots"}) and self._grows(_got(old, "/Annots"), _got(new, "/Annots"))
        if _got(old, "/FT") == "/Sig":
            return _kept(old, new, set()) or self._is_signed_now(old, new)
        if ref == _reference(self._before.root, "/AcroForm"):
            return self._is_form(old, new)
        return _kept(old, new, set()) or ref in self._stores()

    def _descriptions(self) -> set[Any]:
        """Return where the unsigned document describes itself: what it says there is held against it as words."""
        return {_reference(self._first.root, "/Metadata"), _reference(self._first.trailer_view, "/Info")} - {None}

    def _is_form(self, old: Any, new: Any) -> bool:
        return (
            isinstance(old, DictionaryObject)
            and isinstance(new, DictionaryObject)
            and _kept(old, new, _FORM)
            and self._grows(_got(old, "/Fields"), _got(new, "/Fields"))
        )

    def _grows(self, old: Any, new: Any) -> bool:
        """Tell whether a list of fields or annotations only got longer, by fields that show nothing."""
        if new is None:
            return old is None
        before, after = _items(old), _items(new)
        same = list(map(_bytes, after[: len(before)])) == list(map(_bytes, before))
        return isinstance(new, ArrayObject) and same and all(map(self._is_unseen, after[len(before) :]))

    def _is_unseen(self, added: Any) -> bool:
        """Tell whether what was added is a signature field without place and appearance, new in this revision."""
        if not isinstance(added, IndirectObject) or self._since(added.reference) != self._revision:
            return False
        field = self._after(added.reference)
        return (
            isinstance(field, DictionaryObject)
            and set(field) <= _UNSEEN
            and _numbers(field, "/Rect") == [0, 0, 0, 0]
            and (_got(field, "/Subtype"), _got(field, "/FT")) == ("/Widget", "/Sig")
            and str(_got(field, "/T")) not in FIELD.values()
        )

    def _is_signed_now(self, old: Any, new: Any) -> bool:
        """Tell whether an empty field got its signature, and if it is a declared one what it shows, within its place."""
        if "/V" in old or "/V" not in new or not _kept(old, new, {"/V", "/AP"}):
            return False
        return _written(old, "/AP") == _written(new, "/AP") or (
            str(_got(new, "/T")) in FIELD.values() and self._is_within(new)
        )

    def _is_within(self, field: Any) -> bool:
        """Tell whether the appearance of a field is one new drawing of the field's size, neither moved nor stretched."""
        appearance, place = _got(field, "/AP"), _numbers(field, "/Rect")
        if not isinstance(appearance, DictionaryObject) or set(appearance) != {"/N"} or place is None:
            return False
        shown = _reference(appearance, "/N")
        if shown is None or self._since(shown) != self._revision:
            return False
        drawing, size = self._after(shown), [0, 0, place[2] - place[0], place[3] - place[1]]
        box = _numbers(drawing, "/BBox") if isinstance(drawing, StreamObject) else None
        return (
            box is not None
            and all(abs(one - other) < 1 for one, other in zip(_corners(box), _corners(size), strict=True))
            and ("/Matrix" not in drawing or _numbers(drawing, "/Matrix", 6) == [1, 0, 0, 1, 0, 0])
        )

    def _is_stored_plain(self) -> bool:
        """Tell whether what validates signatures is lists of plain streams and nothing else, and no object from before."""
        root = self._after.root
        return "/DSS" not in root or (
            _is_store(root["/DSS"]) and all(self._since(ref) > self._base for ref in _stored(root))
        )

    def _stores(self) -> set[Any]:
        """Return the dictionaries and lists of what validates signatures: they grow, and are looked at as a whole."""
        return set(_stored(self._before.root))


def _is_of_the_file(value: Any) -> bool:
    """Tell whether a stream holds cross-references or packed objects, which `accounted` has looked through."""
    return isinstance(value, StreamObject) and _got(value, "/Type") in ("/XRef", "/ObjStm")


def _is_description(value: Any) -> bool:
    """Tell whether a value is XMP or a dictionary of texts: nothing that draws, runs or leads anywhere."""
    if isinstance(value, StreamObject):
        return set(value) <= {"/Type", "/Subtype", "/Length", "/Filter"} and _got(value, "/Type") == "/Metadata"
    return isinstance(value, DictionaryObject) and all(type(value.raw_get(key)) in _TEXTS for key in value)


def _got(holder: Any, key: str, otherwise: Any = None) -> Any:
    """Return what a dictionary holds, followed to its end."""
    return holder[key] if key in holder else otherwise  # noqa: SIM401  get() would not follow references


def _bytes(value: Any) -> bytes:
    """Return an object as a PDF writes it, references as references."""
    output = BytesIO()
    value.write_to_stream(output)
    return output.getvalue()


def _written(holder: Any, key: str) -> bytes:
    return _bytes(holder.raw_get(key)) if key in holder else b""


def _reference(holder: Any, key: str) -> Any:
    value = holder.raw_get(key) if key in holder else None
    return value.reference if isinstance(value, IndirectObject) else None


def _corners(box: list[float]) -> list[float]:
    """Return a rectangle as left, bottom, right, top, whichever two corners name it."""
    return [*map(min, box[:2], box[2:]), *map(max, box[:2], box[2:])]


def _target(reference: Any) -> Any:
    return reference.get_object()


def _items(array: Any) -> list[Any]:
    return [array.raw_get(at) for at in range(len(array))] if isinstance(array, ArrayObject) else []


def _kept(old: Any, new: Any, but: set[str]) -> bool:
    """Tell whether two dictionaries say the same under every key but these."""
    return all(_written(old, key) == _written(new, key) for key in {*old, *new} - but)


def _numbers(holder: Any, key: str, count: int = 4) -> list[float] | None:
    """Return numbers that stand in a dictionary themselves; None where a reference stands for them or for one of them."""
    array = holder.raw_get(key) if key in holder else None
    found = _items(array)
    plain = isinstance(array, ArrayObject) and len(found) == count
    return [float(each) for each in found] if plain and not any(isinstance(e, IndirectObject) for e in found) else None


def _is_store(store: Any) -> bool:
    if not _are_lists(store, _LISTS, {"/Type", "/VRI"}):
        return False
    ones = _got(store, "/VRI", {})
    named = isinstance(ones, dict) and all(map(_DIGEST.fullmatch, ones))
    return named and all(_are_lists(ones[name], _ONE_LISTS, {"/Type", "/TU"}) for name in ones)


def _are_lists(holder: Any, lists: set[str], others: set[str]) -> bool:
    """Tell whether a dictionary holds lists of plain streams under these keys, and nothing under unknown ones."""
    if type(holder) is not DictionaryObject or not set(holder) <= lists | others:
        return False
    return all(
        isinstance(holder[key], ArrayObject)
        and all(_is_plain(item, _KINDS[key.rstrip("s")]) for item in _items(holder[key]))
        for key in lists & set(holder)
    )


def _is_plain(item: Any, kind: type[Asn1Value]) -> bool:
    """Tell whether a member of a list is a stream of bytes, packed or not, that is of its kind and refers to nothing."""
    stream: Any = _target(item) if isinstance(item, IndirectObject) else None
    return (
        isinstance(stream, StreamObject)
        and set(stream) <= {"/Length", "/Filter"}
        and _written(stream, "/Filter") in (b"", b"/FlateDecode", b"[ /FlateDecode ]")
        and not isinstance(stream.raw_get("/Length"), IndirectObject)
        and _is_of_kind(stream.data, kind)
    )


def _is_of_kind(content: bytes, kind: type[Asn1Value]) -> bool:
    try:
        return kind.load(content, strict=True).native is not None
    except (ValueError, TypeError):
        return False


def _stored(root: Any) -> Iterator[Any]:
    """Return the references that make up what validates signatures, once that is known to be a tree of lists."""
    waiting = [root.raw_get("/DSS")] if "/DSS" in root else []
    while waiting:
        value = waiting.pop()
        if isinstance(value, IndirectObject):
            yield value.reference
            value = _target(value)
        if isinstance(value, ArrayObject):
            waiting += _items(value)
        elif isinstance(value, DictionaryObject) and not isinstance(value, StreamObject):
            waiting += [value.raw_get(key) for key in value]
