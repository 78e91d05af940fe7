"""What a PDF says of itself, as information and as XMP (ISO 16684-1): a signature may change when and by what it was saved."""

from __future__ import annotations

from io import BytesIO
from typing import Any
from xml.etree import ElementTree

import pikepdf

_RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
_XMPMETA = "{adobe:ns:meta/}xmpmeta"
_LISTS = (f"{_RDF}Bag", f"{_RDF}Seq", f"{_RDF}Alt")
_OF_SAVING = {
    "/ModDate",
    "/Producer",
    "{http://ns.adobe.com/pdf/1.3/}Producer",
    "{http://ns.adobe.com/xap/1.0/}CreatorTool",
    "{http://ns.adobe.com/xap/1.0/}MetadataDate",
    "{http://ns.adobe.com/xap/1.0/}ModifyDate",
    "{http://ns.adobe.com/xap/1.0/mm/}InstanceID",
}


def says_the_same(data: bytes, original: bytes) -> bool:
    """Tell whether two PDFs say the same of themselves, but for when and by which program they were saved.

    Raises
    ------
    ValueError
        One of the descriptions is not of the grammar of XMP, or refers to anything outside of it.
    """
    one, other = _said(data), _said(original)
    return {key: one[key] for key in one.keys() - _OF_SAVING} == {key: other[key] for key in other.keys() - _OF_SAVING}


def _said(pdf: bytes) -> dict[str, Any]:
    with pikepdf.open(BytesIO(pdf)) as document:
        said: dict[str, Any] = {key: value.unparse() for key, value in document.docinfo.items()}
        metadata: Any = document.Root.get("/Metadata")
        if metadata is None:
            return said
        if not isinstance(metadata, pikepdf.Stream):
            raise ValueError("metadata that is no stream")
        return said | _properties_of(metadata.read_bytes())


def _properties_of(packet: bytes) -> dict[str, Any]:
    """Return the properties of an XMP packet, however it writes them: as elements or as attributes."""
    words = packet.decode("utf-8")
    if "<!" in words:  # a declaration could name entities, a comment hides
        raise ValueError("XMP with a declaration")
    root = ElementTree.fromstring(words.replace("\ufeff", ""))  # noqa: S314  no declaration, so no entity
    described = list(root) if root.tag == _XMPMETA else [root]
    found: dict[str, Any] = {}
    for each in described:
        if each.tag != f"{_RDF}RDF":
            raise ValueError("XMP that holds something else")
        for description in each:
            for name, value in _fields(description).items():
                if name in found and name != f"{_RDF}about":
                    raise ValueError("a property twice")
                found[name] = value
    return found


def _fields(holder: ElementTree.Element) -> dict[str, Any]:
    """Return the fields of a description or a structure, by their qualified name."""
    fields: dict[str, Any] = {name: value for name, value in holder.attrib.items() if name != f"{_RDF}parseType"}
    for child in holder:
        if child.tag in fields:
            raise ValueError("a property twice")
        fields[child.tag] = _value(child)
    if (holder.text or "").strip() or any((child.tail or "").strip() for child in holder):
        raise ValueError("words between properties")
    return fields


def _value(element: ElementTree.Element) -> Any:
    """Return a value as text, list or structure, with what qualifies it."""
    children = list(element)
    attributes = dict(element.attrib)
    resource = attributes.pop(f"{_RDF}resource", None)
    if resource is not None and not children:
        return (resource, attributes) if attributes else resource
    if len(children) == 1 and children[0].tag in _LISTS:
        return children[0].tag, [_value(item) for item in children[0]], attributes
    if len(children) == 1 and children[0].tag == f"{_RDF}Description":
        return _fields(children[0])
    if children or attributes.get(f"{_RDF}parseType") == "Resource":
        return _fields(element)
    return (element.text or "", attributes) if attributes else element.text or ""
