"""Drawing over a signed report: by whoever got hold of it, and by whoever signs; with every trick that hid it from a reader."""

from __future__ import annotations

import io
import re
import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from forgeries import Update, body_of, last_table, last_trailer, size_of, stream
from pyhanko.keys import load_cert_from_pemder, load_private_key_from_pemder
from pyhanko.pdf_utils.content import ImportedPdfPage
from pyhanko.pdf_utils.generic import (
    ArrayObject,
    DictionaryObject,
    IndirectObject,
    NumberObject,
    PdfObject,
    StreamObject,
    pdf_name,
    pdf_string,
)
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.layout import BoxConstraints
from pyhanko.sign import PdfSignatureMetadata, PdfSigner, PdfTimeStamper
from pyhanko.sign.fields import SigSeedSubFilter
from pyhanko.sign.timestamps import DummyTimeStamper
from pyhanko.stamp import StaticContentStamp, StaticStampStyle
from signing_sample import Authority, authority_in, report_in

from evaluation.assurance.signatures.certificates import Credentials
from evaluation.assurance.signatures.extension import ALTERED, unaccounted
from evaluation.assurance.signatures.messages import wait_for
from evaluation.assurance.signatures.read import read_signatures_of_pdf
from evaluation.assurance.signing.appearance import drawing as appearance
from evaluation.assurance.signing.authorities import Authorities
from evaluation.assurance.signing.signature import sign_report

PDF, SIGNED_PDF = "evaluator-report.it.pdf", "evaluator-report.it.signed.pdf"
PAGE = (0, 0, 595, 842)
FORGED = b"1 1 1 rg 60 300 475 300 re f"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Authority]:
    with authority_in(tmp_path_factory.mktemp("authority")) as running:
        yield running


@pytest.fixture(scope="module")
def ada(authority: Authority) -> Credentials:
    return authority.person("ADA")


@pytest.fixture(scope="module")
def unsigned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return report_in(tmp_path_factory.mktemp("reports"))


@pytest.fixture
def report(unsigned: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(unsigned, tmp_path / "s"))


def named(**entries: PdfObject) -> DictionaryObject:
    return DictionaryObject({pdf_name(f"/{key}"): value for key, value in entries.items()})


def numbers(*values: int) -> ArrayObject:
    return ArrayObject(map(NumberObject, values))


def drawing(writer: IncrementalPdfFileWriter) -> IndirectObject:
    """Add a white box of the size of the page."""
    kind = named(Type=pdf_name("/XObject"), Subtype=pdf_name("/Form"), BBox=numbers(*PAGE))
    return writer.add_object(StreamObject(kind, stream_data=FORGED))


def existing(writer: IncrementalPdfFileWriter) -> IndirectObject:
    """Return what a signature that is there already shows."""
    signed = [each for each in writer.root["/AcroForm"]["/Fields"] if "/V" in each.get_object()]
    return signed[0].get_object()["/AP"].raw_get("/N")


def indirect(writer: IncrementalPdfFileWriter) -> ArrayObject:
    """Return the page's rectangle by references, which some programs read as no rectangle at all."""
    return ArrayObject(writer.add_object(NumberObject(value)) for value in PAGE)


def direct(_: IncrementalPdfFileWriter) -> ArrayObject:
    return numbers(*PAGE)


def add_field(writer: IncrementalPdfFileWriter, place: ArrayObject, shown: IndirectObject) -> None:
    """Add a signature field to the first page."""
    page_ref = writer.find_page_for_modification(0)[0]
    page = page_ref.get_object()
    field = named(
        Type=pdf_name("/Annot"), Subtype=pdf_name("/Widget"), FT=pdf_name("/Sig"), T=pdf_string("X1"),
        F=NumberObject(132), Rect=place, P=page_ref, AP=named(N=shown),
    )  # fmt: skip
    added = writer.add_object(field)
    fields = writer.root["/AcroForm"]["/Fields"]
    fields.append(added)
    writer.update_container(fields)
    page[pdf_name("/Annots")] = ArrayObject([added])
    writer.update_container(page)


def keep(writer: IncrementalPdfFileWriter, authority: Authority, *hidden: PdfObject) -> None:
    """Store a certificate, as for long-term validation, and beside it references to what is to pass unseen."""
    der = load_cert_from_pemder(str(authority.folder / "tsa.pem")).dump()
    certificate = writer.add_object(StreamObject(named(Keep=ArrayObject(hidden)), stream_data=der))
    writer.root[pdf_name("/DSS")] = named(Certs=ArrayObject([certificate]))
    writer.update_root()


def stamp(writer: IncrementalPdfFileWriter, authority: Authority, field: str = "X1") -> bytes:
    """Put a time stamp over the document, by an authority that nobody knows."""
    certificate = load_cert_from_pemder(str(authority.folder / "tsa.pem"))
    stamper = DummyTimeStamper(certificate, load_private_key_from_pemder(str(authority.folder / "tsa.key"), None))
    return wait_for(PdfTimeStamper(stamper, field_name=field).async_timestamp_pdf(writer, "sha256")).getvalue()


def problems(report: Path, data: bytes) -> set[str]:
    return {
        each["en"] for read in read_signatures_of_pdf("x", data, (report / PDF).read_bytes()) for each in read.problems
    }


@pytest.mark.parametrize("role", ["statistician", "legal_representative"])
@pytest.mark.parametrize("shown", [drawing, existing])
@pytest.mark.parametrize("place", [direct, indirect])
def test_a_time_stamp_that_covers_a_page_is_named(
    report: Path, authority: Authority, ada: Credentials, role: str, place: Callable, shown: Callable
) -> None:
    sign_report(report, ada, provenance="real", role=role)
    writer = IncrementalPdfFileWriter(io.BytesIO((report / SIGNED_PDF).read_bytes()))
    rectangle, appearance = place(writer), shown(writer)
    add_field(writer, rectangle, appearance)
    keep(writer, authority, appearance, *(rectangle.raw_get(at) for at in range(4)))
    assert ALTERED["en"] in problems(report, stamp(writer, authority))


def test_a_store_that_holds_more_than_validates_is_named(report: Path, authority: Authority, ada: Credentials) -> None:
    sign_report(report, ada, provenance="real", role="statistician")
    writer = IncrementalPdfFileWriter(io.BytesIO((report / SIGNED_PDF).read_bytes()))
    keep(writer, authority, drawing(writer))
    assert ALTERED["en"] in problems(report, stamp(writer, authority))


def test_an_unseen_time_stamp_is_no_change(report: Path, authority: Authority, ada: Credentials) -> None:
    sign_report(report, ada, provenance="real", role="statistician")
    writer = IncrementalPdfFileWriter(io.BytesIO((report / SIGNED_PDF).read_bytes()))
    assert problems(report, stamp(writer, authority)) == set()


def test_a_signature_that_draws_over_a_page_is_named(report: Path, ada: Credentials) -> None:
    writer = IncrementalPdfFileWriter(io.BytesIO((report / PDF).read_bytes()))
    add_field(writer, direct(writer), drawing(writer))
    metadata = PdfSignatureMetadata("LegalRepresentative", subfilter=SigSeedSubFilter.PADES, certify=True)
    signed = wait_for(PdfSigner(metadata, ada.signer).async_sign_pdf(writer)).getvalue()
    assert ALTERED["en"] in problems(report, signed)


def moved(field: DictionaryObject, _: IncrementalPdfFileWriter) -> None:
    field[pdf_name("/Rect")] = numbers(*PAGE)


def redrawn(field: DictionaryObject, writer: IncrementalPdfFileWriter) -> None:
    field[pdf_name("/AP")] = named(N=drawing(writer))


def changed(path: Path, name: str, change: Callable) -> IncrementalPdfFileWriter:
    """Begin an update that changes the field of this name."""
    writer = IncrementalPdfFileWriter(io.BytesIO(path.read_bytes()))
    fields = [each.get_object() for each in writer.root["/AcroForm"]["/Fields"]]
    (field,) = [each for each in fields if each["/T"] == name]
    change(field, writer)
    writer.update_container(field)
    return writer


@pytest.mark.parametrize("change", [moved, redrawn])
def test_a_field_changed_after_it_was_signed_is_named(
    report: Path, authority: Authority, ada: Credentials, change: Callable
) -> None:
    sign_report(report, ada, provenance="real", role="statistician")
    update = changed(report / SIGNED_PDF, "Statistician", change)
    assert ALTERED["en"] in problems(report, stamp(update, authority))


def test_a_field_stretched_by_who_signs_in_it_is_named(report: Path, ada: Credentials) -> None:
    update = changed(report / PDF, "LegalRepresentative", moved)
    metadata = PdfSignatureMetadata("LegalRepresentative", subfilter=SigSeedSubFilter.PADES, certify=True)
    signed = wait_for(PdfSigner(metadata, ada.signer).async_sign_pdf(update)).getvalue()
    assert ALTERED["en"] in problems(report, signed)


class Enlarged(StaticStampStyle):
    """A style whose drawing has the size of its field, and a matrix that makes it larger for who applies that."""

    def create_stamp(
        self, writer: IncrementalPdfFileWriter, box: BoxConstraints, text_params: dict
    ) -> StaticContentStamp:
        class Stamp(StaticContentStamp):
            def as_form_xobject(self) -> StreamObject:
                drawn = super().as_form_xobject()
                drawn[pdf_name("/Matrix")] = numbers(4, 0, 0, 4, -300, 300)
                return drawn

        return Stamp(writer=writer, style=self, box=box)


@pytest.mark.parametrize(("kind", "refused"), [(Enlarged, True), (StaticStampStyle, False)])
def test_an_appearance_moved_by_its_matrix_is_named(
    report: Path, ada: Credentials, tmp_path: Path, kind: type[StaticStampStyle], refused: bool
) -> None:
    drawn = tmp_path / "field.pdf"
    drawn.write_bytes(appearance(ada.certificate, "legal_representative", "it", datetime.now(UTC)))
    metadata = PdfSignatureMetadata("LegalRepresentative", subfilter=SigSeedSubFilter.PADES, certify=True)
    style = kind(background=ImportedPdfPage(str(drawn)), border_width=0)
    writer = IncrementalPdfFileWriter(io.BytesIO((report / PDF).read_bytes()))
    signer = PdfSigner(metadata, ada.signer, stamp_style=style)
    signed = wait_for(signer.async_sign_pdf(writer, existing_fields_only=True)).getvalue()
    assert (ALTERED["en"] in problems(report, signed)) is refused


def reference_stream(pdf: bytes, *, frees: int | None) -> bytes:
    """An update whose cross-references stand in a stream: one new object, and perhaps one that is no longer there."""
    first = size_of(pdf)
    update = Update.of(pdf)
    place = update.add(first, b"<< /Type /Catalog >>")
    here = len(update.data)
    rows = [(first, 1, place), (first + 1, 1, here), *([(frees, 0, 0)] if frees is not None else [])]
    content = b"".join(bytes([kind]) + at.to_bytes(4, "big") + b"\0\0" for _, kind, at in sorted(rows))
    index = " ".join(f"{number} 1" for number, *_ in sorted(rows))
    keep = b" ".join(re.findall(rb"/Root \d+ 0 R|/Info \d+ 0 R|/ID \[[^]]*\]", last_trailer(pdf)))
    update.add(
        first + 1,
        stream(
            content,
            b"/Type /XRef /W [ 1 4 2 ] /Index [ %s ] /Size %d /Prev %d %s "
            % (index.encode(), first + 2, last_table(pdf), keep),
        ),
    )
    return bytes(update.data) + b"startxref\n%d\n%%%%EOF\n" % here


def test_an_object_that_an_update_frees_is_named(report: Path) -> None:
    """Who follows the references no longer sees it, who looks for objects does: in a table, and in a stream."""
    original = (report / PDF).read_bytes()
    assert unaccounted(reference_stream(original, frees=None), original) == ()
    for forged in (reference_stream(original, frees=3), freed_in_table(original, 3)):
        (where,) = unaccounted(forged, original)
        assert "cross-references that mislead" in where["en"]


def freed_in_table(pdf: bytes, number: int) -> bytes:
    """An update that writes an object at the very place where its table says that there is none any more."""
    update = Update.of(pdf)
    place = b"%010d 00000 " % update.add(number, body_of(pdf, number))
    ended = update.end(pdf)
    assert ended.count(place + b"n") == 1
    return ended.replace(place + b"n", place + b"f")


def test_what_makes_a_signature_last_is_no_change(report: Path, authority: Authority, ada: Credentials) -> None:
    stamps = Authorities.at(f"{authority.url}/tsa", authority.pem)
    sign_report(report, ada, provenance="real", authorities=stamps, role="statistician")
    sign_report(report, authority.person("BRUNO"), provenance="real", authorities=stamps)
    assert problems(report, (report / SIGNED_PDF).read_bytes()) == set()
