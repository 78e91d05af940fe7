"""Forgeries after public reports, one generator for each, named by its source: papers, issues, advisories, drafts.

As in `forgeries`: each takes a signed report and changes it without its signer's key; neither command nor page may call it valid.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

from asn1crypto import cms
from asn1crypto.parser import emit, parse
from forgeries import (
    DRAWING,
    FONT,
    SIGNED_PDF,
    UNSIGNED,
    Update,
    body_of,
    catalogue,
    drawn_page,
    last_table,
    last_trailer,
    size_of,
    stream,
)

from evaluation.assurance.signatures import messages
from evaluation.report_folder import CRATE, SIGNED_SUMS, SUMS

FORM = b"/Type /XObject /Subtype /Form /BBox [0 0 595 842] /Resources << /Font << /FX %s >> >> " % FONT


def _in_catalogue(pdf: bytes, entries: bytes, *, without: bytes = b"", objects: tuple[bytes, ...] = ()) -> bytes:
    """An update of the catalogue, and new objects from the first free number on."""
    update = Update.of(pdf)
    for place, body in enumerate(objects):
        update.add(size_of(pdf) + place, body)
    root, body = catalogue(pdf)
    kept = re.sub(without, b"", body, flags=re.DOTALL) if without else body
    update.add(root, b"<< %s %s" % (entries, kept[2:]))
    return update.end(pdf)


def _field(pdf: bytes, name: bytes) -> tuple[int, bytes]:
    """The newest body of the field of this name."""
    number = int(re.findall(rb"(\d+) 0 obj\s*<<(?:(?!endobj).)*?/T \(%s\)" % name, pdf, re.DOTALL)[-1])
    return number, body_of(pdf, number)


def sneaky_signature(pdf: bytes) -> bytes:
    first = size_of(pdf)
    field = b"<< /Type /Annot /Subtype /Widget /FT /Sig /T (X) /F 4 /Rect [0 0 595 842] /AP << /N %d 0 R >> >>" % first
    objects = (stream(DRAWING, FORM), field)
    form = re.search(rb"/AcroForm <<.*?/Fields \[(.*?)\]", catalogue(pdf)[1], re.DOTALL)
    fields = form[1] if form else b""
    return _in_catalogue(
        pdf, b"/AcroForm << /Fields [%s %d 0 R] /SigFlags 3 >>" % (fields, first + 1), objects=objects,
        without=rb"/AcroForm (<<.*?>>|\d+ 0 R)",
    )  # fmt: skip


def field_moved(pdf: bytes) -> bytes:
    number, body = _field(pdf, b"LegalRepresentative")
    update = Update.of(pdf)
    update.add(size_of(pdf), stream(DRAWING, FORM))
    moved = re.sub(rb"/Rect \[[^]]*\]", b"/Rect [0 0 595 842]", body)
    update.add(number, re.sub(rb"/AP (<<.*?>>|\d+ 0 R)", b"/AP << /N %d 0 R >>" % size_of(pdf), moved, flags=re.DOTALL))
    return update.end(pdf)


def same_name(pdf: bytes) -> bytes:
    field = b"<< /Type /Annot /Subtype /Widget /FT /Sig /T (LegalRepresentative) /F 132 /Rect [0 0 0 0] >>"
    return _in_catalogue(
        pdf, b"/AcroForm << /Fields [%d 0 R] /SigFlags 3 >>" % size_of(pdf), objects=(field,),
        without=rb"/AcroForm (<<.*?>>|\d+ 0 R)",
    )  # fmt: skip


def literal_string(pdf: bytes) -> bytes:
    hole = re.findall(rb"/Contents\s*(<[0-9a-fA-F]+>)", pdf)[-1]
    message = bytes.fromhex(hole[1:-1].decode())
    escaped = re.sub(rb"([()\\])", rb"\\\1", message.rstrip(b"\0")).replace(b"\r", b"\\r")
    room = b"/Reason (60.000,00 EUR) "
    return pdf.replace(hole, (b"(" + escaped + b") " + room).ljust(len(hole)))


def text_field(pdf: bytes) -> bytes:
    first = size_of(pdf)
    field = (
        b"<< /Subtype /Widget /FT /Tx /T (a) /V (60.000,00) /F 4 /Rect [60 300 535 600] /AP << /N %d 0 R >> >>" % first
    )
    update = Update.of(pdf)
    update.add(first, stream(DRAWING, FORM))
    update.add(first + 1, field)
    number, page = drawn_page(pdf, first)
    bare = page.replace(b" %d 0 R ] /Resources" % first, b" ] /Resources")
    update.add(number, b"<< /Annots [ %d 0 R ] %s" % (first + 1, bare[2:]))
    return update.end(pdf)


def empty_range(pdf: bytes) -> bytes:
    (found,) = re.findall(rb"/ByteRange \[[^]]*\]", pdf)
    return pdf.replace(found, b"/ByteRange [0 0 0 0]".ljust(len(found)))


def null_contents(pdf: bytes) -> bytes:
    hole = re.findall(rb"/Contents\s*(<[0-9a-fA-F]+>)", pdf)[-1]
    return pdf.replace(hole, b"null".ljust(len(hole)))


def before_the_header(pdf: bytes) -> bytes:
    return b"PK\x03\x04<html><body>60.000,00 EUR</body></html>\n" + pdf


def encrypted(pdf: bytes) -> bytes:
    update = Update.of(pdf)
    update.add(size_of(pdf), b"<< /Filter /Standard /V 1 /R 2 /O (%s) /U (%s) /P -4 >>" % (b"0" * 32, b"0" * 32))
    return update.end(pdf, more=b"/Encrypt %d 0 R " % size_of(pdf))


def layers(pdf: bytes) -> bytes:
    first = size_of(pdf)
    group = b"<< /Type /OCG /Name (a) >>"
    return _in_catalogue(
        pdf, b"/OCProperties << /OCGs [%d 0 R] /D << /OFF [%d 0 R] >> >>" % (first, first), objects=(group,)
    )


def xml_form(pdf: bytes) -> bytes:
    first = size_of(pdf)
    form = stream(b"<xdp:xdp xmlns:xdp='http://ns.adobe.com/xdp/'><template/></xdp:xdp>")
    return _in_catalogue(
        pdf, b"/NeedsRendering true /AcroForm << /XFA %d 0 R /Fields [] >>" % first, objects=(form,),
        without=rb"/AcroForm (<<.*?>>|\d+ 0 R)",
    )  # fmt: skip


def attached(pdf: bytes) -> bytes:
    first = size_of(pdf)
    file = stream(b"outcome,amount\n,60000.00\n", b"/Type /EmbeddedFile ")
    named = b"<< /Type /Filespec /F (payment.csv) /EF << /F %d 0 R >> >>" % first
    tree = b"/Names << /EmbeddedFiles << /Names [(payment.csv) %d 0 R] >> >>" % (first + 1)
    return _in_catalogue(pdf, tree, objects=(file, named))


def uncertified(pdf: bytes) -> bytes:
    return _in_catalogue(pdf, b"", without=rb"/Perms (<<.*?>>|\d+ 0 R)")


def from_a_file(pdf: bytes) -> bytes:
    first = size_of(pdf)
    update = Update.of(pdf)
    update.add(first, b"<< /Length 0 /F (page.txt) >>\nstream\n\nendstream")
    update.add(*drawn_page(pdf, first))
    return update.end(pdf)


def in_a_stream(pdf: bytes) -> bytes:
    """The page drawn over, its cross-references in a stream though all before stand in tables."""
    first = size_of(pdf)
    update = Update.of(pdf)
    drawing = update.add(first, stream(DRAWING))
    number, body = drawn_page(pdf, first)
    rows = sorted([(number, update.add(number, body)), (first, drawing), (first + 1, len(update.data))])
    content = b"".join(b"\1" + at.to_bytes(4, "big") + b"\0" for _, at in rows)
    index = b" ".join(b"%d 1" % each for each, _ in rows)
    keep = b" ".join(re.findall(rb"/Root \d+ 0 R|/Info \d+ 0 R|/ID \[[^]]*\]", last_trailer(pdf)))
    here = len(update.data)
    entries = b"/Type /XRef /W [1 4 1] /Index [%s] /Size %d /Prev %d %s " % (index, first + 2, last_table(pdf), keep)
    update.add(first + 1, stream(content, entries))
    return bytes(update.data) + b"startxref\n%d\n%%%%EOF\n" % here


def beyond_the_size(pdf: bytes) -> bytes:
    number, body = drawn_page(pdf, 8388600)
    update = Update.of(pdf)
    update.add(8388600, stream(DRAWING))
    update.add(number, body)
    return re.sub(rb"/Size 8388601", b"/Size %d" % size_of(pdf), update.end(pdf))


def _signer(report: Path, change: Callable[[list[bytes]], list[bytes]]) -> None:
    """Rewrite the parts of the one signer of the list: version, id, digest, attributes, algorithm, signature."""
    path = report / SIGNED_SUMS
    parts, (info,) = messages._taken_apart(cms.ContentInfo.load(path.read_bytes())["content"])
    changed = messages._sequence(*change(messages._members(parse(info)[4])))
    path.write_bytes(messages._enveloped(messages._sequence(*parts, messages._set_of([changed]))))


def longer_pair(report: Path) -> None:
    def change(members: list[bytes]) -> list[bytes]:
        numbers = messages._members(parse(parse(members[5])[4])[4])
        return [*members[:5], emit(0, 0, 4, messages._sequence(*numbers, b"\x02\x01\x00"))]

    _signer(report, change)


def attributes_as_content(report: Path) -> None:
    """What the signer signed were the attributes: without them, the same signature is of these bytes as a content."""
    path = report / SIGNED_SUMS
    parts, (info,) = messages._taken_apart(cms.ContentInfo.load(path.read_bytes())["content"])
    members = messages._members(parse(info)[4])
    content = b"\x31" + members[3][1:]
    kind = messages._members(parse(parts[2])[4])[0]
    parts[2] = messages._sequence(kind, emit(2, 1, 0, emit(0, 0, 4, content)))
    bare = messages._sequence(*members[:3], *members[4:])
    path.write_bytes(messages._enveloped(messages._sequence(*parts, messages._set_of([bare]))))
    (report / SUMS).write_bytes(content)


def another_digest(report: Path) -> None:
    sha512 = bytes.fromhex("300d06096086480165030402030500")
    _signer(report, lambda members: [*members[:2], sha512, *members[3:]])


def attribute_twice(report: Path) -> None:
    """The digest of other sums beside the one that was signed, where nothing signs it."""

    def change(members: list[bytes]) -> list[bytes]:
        stated = messages._members(parse(members[3])[4])
        return [*members, UNSIGNED + messages._set_of(stated)[1:]]

    _signer(report, change)


def described_twice(report: Path) -> None:
    crate = json.loads((report / CRATE).read_text("utf-8"))
    (entity,) = [each for each in crate["@graph"] if each.get("@id") == "index.html"]
    crate["@graph"].append({**entity, "@id": "index%2Ehtml", "sha256": "0" * 64})
    (report / CRATE).write_text(json.dumps(crate), "utf-8")


def described_elsewhere(report: Path) -> None:
    text = (report / CRATE).read_text("utf-8")
    (report / CRATE).write_text(text.replace('"@id": "index.html"', '"@id": "../index.html"'), "utf-8")


def twin_in_capitals(report: Path) -> None:
    """On a system that takes both for one, whichever was written last is read."""
    (report / SIGNED_PDF.upper()).write_bytes(text_field((report / SIGNED_PDF).read_bytes()))


def _on_pdf(forge: Callable[[bytes], bytes]) -> Callable[[Path], None]:
    def change(report: Path) -> None:
        path = report / SIGNED_PDF
        path.write_bytes(forge(path.read_bytes()))

    return change


# Of the folder, not of what was signed: the files are what is invalid.
OF_FILES: dict[str, Callable[[Path], None]] = {
    "ro-crate-py 213: one file under two spellings of its address": described_twice,
    "rocrate-validator 60: a file outside of the crate": described_elsewhere,
    "zip slip and its kin (Snyk 2018): a name that differs in capitals": twin_in_capitals,
}
PUBLIC_ATTACKS: dict[str, Callable[[Path], None]] = {
    "Rohlmann 2021: sneaky signature": _on_pdf(sneaky_signature),
    "esig/dss 194 (DSS-3946): place and appearance of a signed field": _on_pdf(field_moved),
    "dss-demonstrations 62: a second field of the same name": _on_pdf(same_name),
    "OpenPDF 159: the signature as a literal string, and room after it": _on_pdf(literal_string),
    "pdf.js 21698: a text field filled after signing": _on_pdf(text_field),
    "Mladenov 2019, USF: a range of nothing": _on_pdf(empty_range),
    "Mladenov 2019, USF: null for a signature": _on_pdf(null_contents),
    "Albertini, polyglots: bytes before the header": _on_pdf(before_the_header),
    "Mueller 2019, PDFex: an encryption that came later": _on_pdf(encrypted),
    "Mainka 2021, shadow: layers switched by an update": _on_pdf(layers),
    "Mueller 2021: a form in XML": _on_pdf(xml_form),
    "Mueller 2021: an attachment that came later": _on_pdf(attached),
    "pdf-issues 766: the permissions of the certification taken away": _on_pdf(uncertified),
    "Mueller 2021: content from another file": _on_pdf(from_a_file),
    "dss-demonstrations 71: references in a stream after tables": _on_pdf(in_a_stream),
    "ISO 32000-2, 7.5.4: an object beyond the size": _on_pdf(beyond_the_size),
    "GHSA-4vhj-98r6-424h: a third number in an ECDSA signature": longer_pair,
    "draft-ietf-lamps-cms-euf-cma-signeddata: attributes as content": attributes_as_content,
    "RFC 8933: a digest that the signer did not use": another_digest,
    "RFC 5652, 5.3: signed attributes where nothing signs them": attribute_twice,
}
