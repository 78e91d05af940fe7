"""Two signers: the statistician first, the legal representative last, whose signature locks; and nobody twice."""

from __future__ import annotations

import io
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pikepdf
import pytest
from asn1crypto.cms import ContentInfo, SignedData
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from signing_sample import drawn, person, report_in

from evaluation.assurance.provenance.manifest import write_sums
from evaluation.assurance.signatures import extension
from evaluation.assurance.signatures import read as reading
from evaluation.assurance.signatures.certificates import Credentials
from evaluation.assurance.signing.signature import Signature, read_signed_pdf, read_signed_sums, sign_report
from evaluation.errors import UserError, VerificationFailed
from evaluation.report_folder import SIGNED_SUMS, SUMS

PDF, SIGNED_PDF = "evaluator-report.it.pdf", "evaluator-report.it.signed.pdf"


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Credentials]:
    folder = tmp_path_factory.mktemp("keys")
    return {name: person(folder, name) for name in ("ADA", "BRUNO", "CARLA")}


@pytest.fixture(scope="module")
def once(tmp_path_factory: pytest.TempPathFactory, people: dict[str, Credentials]) -> Path:
    report = report_in(tmp_path_factory.mktemp("once"))
    sign_report(report, people["ADA"], provenance="real", role="statistician", languages=("it", "en"))
    return report


@pytest.fixture(scope="module")
def twice(tmp_path_factory: pytest.TempPathFactory, once: Path, people: dict[str, Credentials]) -> Path:
    report = Path(shutil.copytree(once, tmp_path_factory.mktemp("twice") / "s"))
    sign_report(report, people["BRUNO"], provenance="real")
    return report


@pytest.fixture
def report(once: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(once, tmp_path / "s"))


def of_pdf(report: Path) -> tuple[Signature, ...]:
    return read_signed_pdf(report / SIGNED_PDF, report / PDF)


def of_sums(report: Path) -> tuple[Signature, ...]:
    return read_signed_sums(report / SIGNED_SUMS, report / SUMS)


def both(report: Path) -> list[tuple[Signature, ...]]:
    return [of_pdf(report), of_sums(report)]


def test_a_second_signature_extends_the_first_in_every_language(once: Path, twice: Path) -> None:
    for language in ("it", "en"):
        name = f"evaluator-report.{language}.signed.pdf"
        assert (twice / name).read_bytes().startswith((once / name).read_bytes())
        assert (once / name).read_bytes().startswith((once / name.replace(".signed", "")).read_bytes())


def test_each_signature_is_read_in_its_order_with_its_role(once: Path, twice: Path) -> None:
    for read in both(once):
        assert [(each.role, each.certificate.name, each.level, each.problems) for each in read] == [
            ("statistician", "ADA", "B-B", ())
        ]
    for read in both(twice):
        assert [(each.role, each.certificate.name, each.level, each.problems) for each in read] == [
            ("statistician", "ADA", "B-B", ()),
            ("legal_representative", "BRUNO", "B-B", ()),
        ]
        assert all(each.signed_at is not None and each.stamped_at is None for each in read)


def test_the_first_signature_leaves_room_for_the_second_and_the_second_locks(once: Path, twice: Path) -> None:
    def permitted(value: pikepdf.Object) -> list[int]:
        return [int(each.TransformParams.P) for each in value.Reference if each.TransformMethod == "/DocMDP"]

    with pikepdf.open(once / SIGNED_PDF) as pdf:
        assert permitted(pdf.pages[-1].Annots[0].V) == [2]
    with pikepdf.open(twice / SIGNED_PDF) as pdf:
        last = pdf.pages[-1].Annots[1]
        assert int(last.Lock.P) == 1
        assert [str(each.TransformMethod) for each in last.V.Reference] == ["/FieldMDP"]
        assert last.V.Reference[0].TransformParams.Action == "/All"


@pytest.mark.skipif(shutil.which("pdftotext") is None, reason="pdftotext reads what the PDF says")
def test_both_fields_are_shown(twice: Path) -> None:
    shown = drawn(twice / SIGNED_PDF)
    assert shown.index("Firmato da: ADA") < shown.index("Firmato da: BRUNO")
    assert "Statistico responsabile / Responsible statistician" in shown


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")
def test_openssl_accepts_the_sums_of_two_signers(twice: Path, people: dict[str, Credentials], tmp_path: Path) -> None:
    roots = tmp_path / "roots.pem"
    pems = [
        subprocess.run(
            ["openssl", "x509", "-inform", "DER"], input=people[name].signer.signing_cert.dump(), capture_output=True
        ).stdout
        for name in ("ADA", "BRUNO")
    ]
    command = ["openssl", "cms", "-verify", "-cades", "-binary", "-inform", "DER", "-purpose", "any"]
    for known, code in ((pems, 0), (pems[:1], 4), (pems[1:], 4)):
        roots.write_bytes(b"".join(known))
        files = ["-CAfile", str(roots), "-in", str(twice / SIGNED_SUMS)]
        done = subprocess.run([*command, *files], capture_output=True)
        assert done.returncode == code, done.stderr
        assert code or done.stdout == (twice / SUMS).read_bytes()


@pytest.mark.skipif(shutil.which("pdfsig") is None, reason="pdfsig is not installed")
def test_poppler_accepts_both_signatures(twice: Path) -> None:
    command = ["pdfsig", str(twice / SIGNED_PDF)]
    said = subprocess.run(command, capture_output=True, text=True).stdout
    assert said.count("Signature is Valid") == 2
    assert said.count("ETSI.CAdES.detached") == 2
    assert said.rstrip().count("Total document signed") == 1


@pytest.mark.parametrize(
    ("name", "role", "message"),
    [
        ("BRUNO", "statistician", "already as responsible statistician"),
        ("ADA", "legal_representative", "one certificate signs once only"),
    ],
)
def test_nobody_signs_twice(report: Path, people: dict[str, Credentials], name: str, role: str, message: str) -> None:
    before = (report / SIGNED_PDF).read_bytes()
    with pytest.raises(UserError, match=message):
        sign_report(report, people[name], provenance="real", role=role)
    assert (report / SIGNED_PDF).read_bytes() == before


def test_nobody_signs_after_the_legal_representative(
    tmp_path: Path, unsigned: Path, people: dict[str, Credentials]
) -> None:
    sign_report(unsigned, people["BRUNO"], provenance="real")
    with pytest.raises(UserError, match="who signs last and locks"):
        sign_report(unsigned, people["ADA"], provenance="real", role="statistician")
    with pytest.raises(UserError, match="already as legal representative"):
        sign_report(unsigned, people["CARLA"], provenance="real")


@pytest.fixture
def unsigned(once: Path, tmp_path: Path) -> Path:
    report = Path(shutil.copytree(once, tmp_path / "u"))
    for signed in (*report.glob("*.signed.pdf"), report / SIGNED_SUMS):
        signed.unlink()
    return report


def test_a_demonstration_goes_with_a_demonstration_only(report: Path, unsigned: Path) -> None:
    with pytest.raises(UserError, match="a demonstration does not go with it"):
        sign_report(report, Credentials.demonstration(), provenance="synthetic")
    for role in ("statistician", "legal_representative"):
        sign_report(unsigned, Credentials.demonstration(), provenance="synthetic", role=role)
    assert [each.role for each in of_pdf(unsigned)] == ["statistician", "legal_representative"]
    sign_report(unsigned, Credentials.demonstration(), provenance="synthetic")
    assert [each.role for each in of_pdf(unsigned)] == ["legal_representative"]


def test_a_signature_replaces_a_demonstration(unsigned: Path, people: dict[str, Credentials]) -> None:
    sign_report(unsigned, Credentials.demonstration(), provenance="synthetic", role="statistician")
    sign_report(unsigned, people["BRUNO"], provenance="real")
    assert [each.certificate.name for each in of_pdf(unsigned)] == ["BRUNO"]


def test_the_second_signer_signs_the_languages_of_the_first(report: Path, people: dict[str, Credentials]) -> None:
    with pytest.raises(UserError, match="The first signer signed it, en"):
        sign_report(report, people["BRUNO"], provenance="real", languages=("it",))


def test_a_signature_that_does_not_hold_is_not_followed(report: Path, people: dict[str, Credentials]) -> None:
    path = report / "evaluator-report.en.signed.pdf"
    path.write_bytes(path.read_bytes().replace(b"/Annots", b"/Annotz", 1))
    with pytest.raises(UserError, match="Nothing was changed"):
        sign_report(report, people["BRUNO"], provenance="real")
    assert len(of_sums(report)) == 1


def test_half_a_signature_is_not_followed(report: Path, people: dict[str, Credentials]) -> None:
    (report / SIGNED_SUMS).unlink()
    with pytest.raises(VerificationFailed, match=SIGNED_SUMS):
        sign_report(report, people["BRUNO"], provenance="real")


def test_an_update_after_the_last_signature_is_named(twice: Path, tmp_path: Path) -> None:
    report = Path(shutil.copytree(twice, tmp_path / "s"))
    writer = IncrementalPdfFileWriter(io.BytesIO((report / SIGNED_PDF).read_bytes()))
    writer.root["/Lang"] = writer.root["/Lang"]
    writer.update_root()
    writer.write_in_place()
    (report / SIGNED_PDF).write_bytes(writer.prev.stream.getvalue())
    assert reading.UPDATED in of_pdf(report)[-1].problems


def test_bytes_after_the_last_signature_are_named(twice: Path, tmp_path: Path) -> None:
    report = Path(shutil.copytree(twice, tmp_path / "s"))
    (report / SIGNED_PDF).write_bytes((twice / SIGNED_PDF).read_bytes() + b"\n")
    assert reading.UPDATED in of_pdf(report)[-1].problems


def test_a_signature_taken_off_the_end_leaves_the_first_whole(once: Path, twice: Path, tmp_path: Path) -> None:
    """The list of files, which two people signed, is what tells that one signature is missing."""
    report = Path(shutil.copytree(twice, tmp_path / "s"))
    shutil.copy(once / SIGNED_PDF, report / SIGNED_PDF)
    assert [each.problems for each in of_pdf(report)] == [()]
    assert len(of_sums(report)) == 2


def test_signers_who_changed_the_pages_are_named(unsigned: Path, people: dict[str, Credentials]) -> None:
    """Whoever signs could also draw over a page: the update that signs may hold nothing else."""
    original = (unsigned / PDF).read_bytes()
    writer = IncrementalPdfFileWriter(io.BytesIO(original))
    page = writer.root["/Pages"]["/Kids"][0]
    stream = writer.add_object(type(page.raw_get("/Contents").get_object())(stream_data=b"BT ET"))
    page["/Contents"] = stream
    writer.update_container(page)
    changed = io.BytesIO()
    writer.write(changed)
    (unsigned / PDF).write_bytes(changed.getvalue())
    write_sums(unsigned)
    sign_report(unsigned, people["BRUNO"], provenance="real")
    (unsigned / PDF).write_bytes(original)
    (read,) = of_pdf(unsigned)
    assert read.problems[0] == extension.ALTERED


def test_a_document_of_another_folder_is_named(twice: Path, tmp_path: Path) -> None:
    report = Path(shutil.copytree(twice, tmp_path / "s"))
    (report / PDF).write_bytes((report / "evaluator-report.en.pdf").read_bytes())
    assert all(each.problems == (reading.NOT_PREFIX,) for each in of_pdf(report))


def test_contradictions_between_signatures_are_named(twice: Path) -> None:
    first, second = of_pdf(twice)
    assert reading.together([first, second]) == (first, second)
    later = replace(first, signed_at=second.signed_at.replace(year=2100))
    for changed, problem in (
        ([second, first], reading.WRONG_ORDER),
        ([later, second], reading.WRONG_ORDER),
        ([replace(first, role="legal_representative"), second], reading.SAME_ROLE),
        ([first, replace(second, certificate=first.certificate)], reading.SAME_SIGNER),
    ):
        assert all(problem in each.problems for each in reading.together(changed))


def test_the_message_of_two_signers_is_der(twice: Path) -> None:
    data = (twice / SIGNED_SUMS).read_bytes()
    message = ContentInfo.load(data, strict=True)
    assert message.copy().dump(force=True) == data
    assert len(message["content"]["signer_infos"]) == len(message["content"]["certificates"]) == 2


def test_a_message_without_a_signer_is_no_signature(twice: Path, tmp_path: Path) -> None:
    report = Path(shutil.copytree(twice, tmp_path / "s"))
    message = ContentInfo.load((twice / SIGNED_SUMS).read_bytes())["content"]
    bare = SignedData({name: message[name] for name in ("version", "digest_algorithms", "encap_content_info")})
    bare["signer_infos"] = []
    (report / SIGNED_SUMS).write_bytes(ContentInfo({"content_type": "signed_data", "content": bare}).dump())
    with pytest.raises(VerificationFailed, match="holds no signature"):
        of_sums(report)


def test_the_fields_have_names_that_programs_show(twice: Path) -> None:
    reader = PdfFileReader(io.BytesIO((twice / SIGNED_PDF).read_bytes()))
    assert [each.field_name for each in reader.embedded_signatures] == ["Statistician", "LegalRepresentative"]
