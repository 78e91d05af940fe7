"""A file that an outside program signed: taken in if it signs our exact bytes, and told what it is if it does not."""

from __future__ import annotations

import io
import shutil
from collections.abc import Callable
from pathlib import Path

import pikepdf
import pytest
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign import PdfSignatureMetadata, PdfSigner
from pyhanko.sign.fields import SigFieldSpec, SigSeedSubFilter
from signing_sample import person, report_in, unsigned_pdf

from evaluation.assurance.provenance.manifest import SIGNED_SUMS, SUMS
from evaluation.assurance.signatures.certificates import Credentials
from evaluation.assurance.signatures.messages import both, wait_for
from evaluation.assurance.signing.imported import import_signed
from evaluation.assurance.signing.signature import read_signed_pdf, read_signed_sums, sign_report
from evaluation.errors import UserError, VerificationFailed

PDF, SIGNED_PDF = "evaluator-report.it.pdf", "evaluator-report.it.signed.pdf"


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Credentials]:
    folder = tmp_path_factory.mktemp("keys")
    return {name: person(folder, name) for name in ("ADA", "BRUNO")}


@pytest.fixture(scope="module")
def unsigned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return report_in(tmp_path_factory.mktemp("reports"))


@pytest.fixture
def report(unsigned: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(unsigned, tmp_path / "s"))


def outside(
    data: bytes,
    who: Credentials,
    field: str | None = None,
    subfilter: SigSeedSubFilter = SigSeedSubFilter.PADES,
    box: tuple[int, int, int, int] | None = None,
) -> bytes:
    """Sign as other programs do: with an unseen field of their own, or in one that stands ready; certifying nothing."""
    writer = IncrementalPdfFileWriter(io.BytesIO(data))
    metadata = PdfSignatureMetadata(field_name=field or "Firma1", subfilter=subfilter)
    place = None if field else SigFieldSpec("Firma1", on_page=0, box=box)
    signed: io.BytesIO = wait_for(PdfSigner(metadata, who.signer, new_field_spec=place).async_sign_pdf(writer))
    return signed.getvalue()


def enveloped(content: bytes, who: Credentials) -> bytes:
    """Sign as other programs do, into a .p7m."""
    return wait_for(who.signer.async_sign_general_data(content, "sha256", detached=False, use_cades=True)).dump()


def put(tmp_path: Path, data: bytes, name: str = "firmato.pdf") -> Path:
    path = tmp_path / name
    path.write_bytes(data)
    return path


@pytest.mark.parametrize(
    ("field", "role"), [(None, None), ("LegalRepresentative", "legal_representative"), ("Statistician", "statistician")]
)
def test_a_pdf_that_extends_our_bytes_is_taken_in(
    report: Path, people: dict[str, Credentials], tmp_path: Path, field: str | None, role: str | None
) -> None:
    data = outside((report / PDF).read_bytes(), people["ADA"], field)
    written = import_signed(report, put(tmp_path, data), provenance="real")
    assert written == report / SIGNED_PDF
    assert written.read_bytes() == data
    (read,) = read_signed_pdf(written, report / PDF)
    assert (read.certificate.name, read.role, read.problems, read.level) == ("ADA", role, (), "B-B")


def test_a_field_of_its_own_that_another_program_draws_on_a_page_is_refused(
    report: Path, people: dict[str, Credentials], tmp_path: Path
) -> None:
    data = outside((report / PDF).read_bytes(), people["ADA"], box=(20, 20, 220, 60))
    with pytest.raises(UserError, match="changes the unsigned one by more than signatures"):
        import_signed(report, put(tmp_path, data), provenance="real")


def test_the_language_is_known_by_the_bytes(report: Path, people: dict[str, Credentials], tmp_path: Path) -> None:
    data = outside((report / "evaluator-report.en.pdf").read_bytes(), people["ADA"])
    assert import_signed(report, put(tmp_path, data), provenance="real").name == "evaluator-report.en.signed.pdf"


def test_a_signature_below_the_baseline_is_told_apart(
    report: Path, people: dict[str, Credentials], tmp_path: Path
) -> None:
    data = outside((report / PDF).read_bytes(), people["ADA"], subfilter=SigSeedSubFilter.ADOBE_PKCS7_DETACHED)
    import_signed(report, put(tmp_path, data), provenance="real")
    assert [each.level for each in read_signed_pdf(report / SIGNED_PDF, report / PDF)] == ["basic"]


def test_two_outside_signers_in_turn(report: Path, people: dict[str, Credentials], tmp_path: Path) -> None:
    first = outside((report / PDF).read_bytes(), people["ADA"], "Statistician")
    import_signed(report, put(tmp_path, first), provenance="real")
    second = outside(first, people["BRUNO"], "LegalRepresentative")
    import_signed(report, put(tmp_path, second), provenance="real")
    assert [each.certificate.name for each in read_signed_pdf(report / SIGNED_PDF, report / PDF)] == ["ADA", "BRUNO"]
    with pytest.raises(UserError, match="signed by BRUNO already"):
        import_signed(report, put(tmp_path, first), provenance="real")


def test_an_outside_signer_follows_one_of_ours(report: Path, people: dict[str, Credentials], tmp_path: Path) -> None:
    sign_report(report, people["ADA"], provenance="real", role="statistician")
    data = outside((report / SIGNED_PDF).read_bytes(), people["BRUNO"], "LegalRepresentative")
    import_signed(report, put(tmp_path, data), provenance="real")
    sums = both((report / SIGNED_SUMS).read_bytes(), enveloped((report / SUMS).read_bytes(), people["BRUNO"]))
    import_signed(report, put(tmp_path, sums, "firmato.p7m"), provenance="real")
    for read in (
        read_signed_pdf(report / SIGNED_PDF, report / PDF),
        read_signed_sums(report / SIGNED_SUMS, report / SUMS),
    ):
        assert [(each.certificate.name, each.problems) for each in read] == [("ADA", ()), ("BRUNO", ())]


def test_ours_does_not_follow_an_outside_one(report: Path, people: dict[str, Credentials], tmp_path: Path) -> None:
    import_signed(report, put(tmp_path, outside((report / PDF).read_bytes(), people["ADA"])), provenance="real")
    sums = put(tmp_path, enveloped((report / SUMS).read_bytes(), people["ADA"]), "firmato.p7m")
    import_signed(report, sums, provenance="real")
    with pytest.raises(UserError, match="by an outside program"):
        sign_report(report, people["BRUNO"], provenance="real")


def resaved(data: bytes) -> bytes:
    """Rewrite the whole file, as programs do that 'optimise' before they sign."""
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(data)) as pdf:
        pdf.save(out, compress_streams=False, object_stream_mode=pikepdf.ObjectStreamMode.disable)
    return out.getvalue()


def redrawn(data: bytes) -> bytes:
    """Draw the pages anew, as programs do that print to PDF; the keywords stay."""
    return unsigned_pdf(body="0,340")


def another(data: bytes) -> bytes:
    return unsigned_pdf(body="9,99", crate="f" * 64)


def drawn_over(data: bytes) -> bytes:
    """Draw over a page in an update, before signing."""
    writer = IncrementalPdfFileWriter(io.BytesIO(data))
    page = writer.root["/Pages"]["/Kids"][0]
    page["/Contents"] = writer.add_object(type(page["/Contents"])(stream_data=b"BT ET"))
    writer.update_container(page)
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def renamed(data: bytes) -> bytes:
    """Change the title in an update, before signing."""
    from pyhanko.pdf_utils.generic import pdf_name, pdf_string

    writer = IncrementalPdfFileWriter(io.BytesIO(data))
    information = writer.trailer["/Info"]
    information[pdf_name("/Title")] = pdf_string("Altro")
    writer.update_container(information)
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (resaved, "same text in other bytes"),
        (redrawn, "another program drew its pages"),
        (another, "is another document"),
        (drawn_over, "changes the unsigned one by more than signatures"),
        (renamed, "changes the unsigned one by more than signatures"),
    ],
)
def test_a_pdf_of_other_bytes_is_never_valid(
    report: Path, people: dict[str, Credentials], tmp_path: Path, change: Callable[[bytes], bytes], message: str
) -> None:
    data = outside(change((report / PDF).read_bytes()), people["ADA"])
    with pytest.raises(UserError, match=message):
        import_signed(report, put(tmp_path, data), provenance="real")
    assert not (report / SIGNED_PDF).exists()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (lambda sums: sums.replace(b"\n", b"\r\n"), "same text in other bytes"),
        (lambda sums: b"\xef\xbb\xbf" + sums, "same text in other bytes"),
        (lambda sums: sums[:-5], "is another document"),
        (lambda _: b"%PDF-1.7", "is another document"),
    ],
)
def test_a_list_of_other_bytes_is_never_valid(
    report: Path,
    people: dict[str, Credentials],
    tmp_path: Path,
    content: Callable[[bytes], bytes],
    message: str,
) -> None:
    data = enveloped(content((report / SUMS).read_bytes()), people["ADA"])
    with pytest.raises(UserError, match=message):
        import_signed(report, put(tmp_path, data, "SHA256SUMS.p7m"), provenance="real")
    assert not (report / SIGNED_SUMS).exists()


def test_a_list_signed_outside_is_taken_in(report: Path, people: dict[str, Credentials], tmp_path: Path) -> None:
    data = enveloped((report / SUMS).read_bytes(), people["ADA"])
    assert import_signed(report, put(tmp_path, data, "x.p7m"), provenance="real") == report / SIGNED_SUMS
    (read,) = read_signed_sums(report / SIGNED_SUMS, report / SUMS)
    assert (read.certificate.name, read.role, read.problems) == ("ADA", None, ())


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04", b"-----BEGIN PKCS7-----", b"\x30\x80", b"0" * 100])
def test_a_file_of_another_kind_is_told(report: Path, tmp_path: Path, data: bytes) -> None:
    with pytest.raises(UserError, match="is neither a signed PDF nor"):
        import_signed(report, put(tmp_path, data, "x"), provenance="real")


@pytest.mark.parametrize("cut", [9, 200, -2000])
def test_a_broken_pdf_is_no_traceback(report: Path, people: dict[str, Credentials], tmp_path: Path, cut: int) -> None:
    data = outside((report / PDF).read_bytes(), people["ADA"])[:cut]
    with pytest.raises(UserError):
        import_signed(report, put(tmp_path, data), provenance="real")


def test_an_unsigned_pdf_is_told(report: Path) -> None:
    with pytest.raises(VerificationFailed, match="holds no signature"):
        import_signed(report, report / PDF, provenance="real")


def test_a_demonstration_is_not_imported_into_a_real_study(report: Path, tmp_path: Path) -> None:
    data = outside((report / PDF).read_bytes(), Credentials.demonstration())
    with pytest.raises(UserError, match="The study is real"):
        import_signed(report, put(tmp_path, data), provenance="real")


def test_a_report_that_differs_from_its_sums_takes_nothing_in(
    report: Path, people: dict[str, Credentials], tmp_path: Path
) -> None:
    data = outside((report / PDF).read_bytes(), people["ADA"])
    (report / "tables/estimates.csv").write_text("estimate\n9.9\n")
    with pytest.raises(UserError, match=r"tables/estimates\.csv: changed"):
        import_signed(report, put(tmp_path, data), provenance="real")


def test_a_demonstration_gives_way(report: Path, people: dict[str, Credentials], tmp_path: Path) -> None:
    sign_report(report, Credentials.demonstration(), provenance="synthetic")
    data = outside((report / PDF).read_bytes(), people["ADA"])
    import_signed(report, put(tmp_path, data), provenance="synthetic")
    assert [each.certificate.name for each in read_signed_pdf(report / SIGNED_PDF, report / PDF)] == ["ADA"]
