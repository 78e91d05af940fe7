"""Signatures as made: what they cover, whom they refuse, what other programs think of them."""

from __future__ import annotations

import asyncio
import io
import shutil
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pikepdf
import pytest
import typst
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, pkcs12
from cryptography.x509.oid import NameOID

from evaluation.assurance.certificates import DEMONSTRATION, Credentials, plain
from evaluation.assurance.manifest import SIGNED_SUMS, SUMS, files_in, write_sums
from evaluation.assurance.signature import SIGNATURE_BOX, sign_report
from evaluation.errors import UserError

PAGE = """
#set document(title: "Rapporto", date: datetime(year: 2023, month: 9, day: 30))
#set text(lang: "it")
= Rapporto
#pagebreak()
== Firma
"""
# A name that is markup in Typst and in HTML, breaks out of a PDF string and moves a terminal's cursor.
HOSTILE = "Ada #panic() *B* $x$ </script> \\) ) Tj \x1b[2J\u202e%(ts)s"
PHRASE = "una frase"


def _archive(name: str, days: int = 30) -> bytes:
    key = rsa.generate_private_key(65537, 2048)
    who = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    flags = ("key_encipherment", "data_encipherment", "key_agreement", "key_cert_sign", "crl_sign")
    usage = x509.KeyUsage(True, True, *([False] * len(flags)), False, False)
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(who, who, key.public_key(), 7, now - timedelta(60), now + timedelta(days))
        .add_extension(usage, critical=True)
        .sign(key, hashes.SHA256())
    )
    return pkcs12.serialize_key_and_certificates(None, key, certificate, None, BestAvailableEncryption(PHRASE.encode()))


@pytest.fixture(scope="module")
def unsigned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    report = tmp_path_factory.mktemp("reports") / "s"
    (report / "tables").mkdir(parents=True)
    (report / "tables/estimates.csv").write_text("estimate\n0.5\n")
    pdf = typst.compile(PAGE.encode(), format="pdf", pdf_standards=["a-2a", "ua-1"], ignore_system_fonts=True)
    for language in ("it", "en"):
        (report / f"evaluator-report.{language}.pdf").write_bytes(pdf)
    write_sums(report)
    return report


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("keys")
    (folder / "hostile.p12").write_bytes(_archive(HOSTILE))
    (folder / "expired.p12").write_bytes(_archive("Ada", days=-1))
    return folder


@pytest.fixture
def report(unsigned: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(unsigned, tmp_path / "s"))


@pytest.fixture
def signed(report: Path) -> Path:
    sign_report(report, Credentials.demonstration(), languages=("it", "en"), provenance="synthetic")
    return report


def test_signing_writes_the_signed_files_and_nothing_else(signed: Path, unsigned: Path) -> None:
    made = {"evaluator-report.it.signed.pdf", "evaluator-report.en.signed.pdf", SIGNED_SUMS}
    assert set(files_in(signed)) == set(files_in(unsigned)) | made
    assert [path.name for path in signed.parent.iterdir()] == [signed.name]


def test_a_signed_pdf_is_the_unsigned_bytes_and_an_update_on_a_line_of_its_own(signed: Path) -> None:
    for language in ("it", "en"):
        original = (signed / f"evaluator-report.{language}.pdf").read_bytes()
        # PDF/A-2, 6.1.9: an object begins after an end of line, and Typst ends its files without one.
        assert (signed / f"evaluator-report.{language}.signed.pdf").read_bytes().startswith(original + b"\n")


def test_the_signature_field_is_tagged(signed: Path) -> None:
    with pikepdf.open(signed / "evaluator-report.it.signed.pdf") as pdf:
        page, tree = pdf.pages[-1], pdf.Root.StructTreeRoot
        (field,) = page.Annots
        numbers = list(tree.ParentTree.Nums)
        form = dict(zip(map(int, numbers[::2]), numbers[1::2], strict=True))[int(field.StructParent)]
        assert (form.S, form.K.Type, form.K.Obj.objgen) == ("/Form", "/OBJR", field.objgen)
        assert form.objgen in {element.objgen for element in tree.K[0].K}
        assert int(tree.ParentTreeNextKey) == int(field.StructParent) + 1
        assert str(field.TU) == "Firma del valutatore indipendente"
        assert page.Tabs == "/S"
        assert tuple(map(int, field.Rect)) == SIGNATURE_BOX
        assert pdf.Root.Perms.DocMDP.Reference[0].TransformParams.P == 2


def test_a_demonstration_says_so_in_both_languages(signed: Path) -> None:
    certificate = Credentials.demonstration().certificate
    assert certificate.demonstration
    assert certificate.name == certificate.issuer == DEMONSTRATION
    assert "SENZA VALORE LEGALE" in DEMONSTRATION
    assert "NO LEGAL VALUE" in DEMONSTRATION
    assert certificate.not_after - certificate.not_before < timedelta(days=10)


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")
def test_openssl_accepts_the_signed_sums(report: Path, tmp_path: Path) -> None:
    credentials = Credentials.demonstration()
    sign_report(report, credentials, provenance="synthetic")
    authority = tmp_path / "authority.pem"
    der = x509.load_der_x509_certificate(credentials.signer.signing_cert.dump())
    authority.write_bytes(der.public_bytes(Encoding.PEM))
    command = ["openssl", "cms", "-verify", "-cades", "-binary", "-inform", "DER", "-purpose", "any"]
    files = ["-CAfile", str(authority), "-in", str(report / SIGNED_SUMS)]
    done = subprocess.run([*command, *files], capture_output=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout == (report / SUMS).read_bytes()


def test_a_hostile_name_is_shown_and_does_nothing(report: Path, keys: Path, tmp_path: Path) -> None:
    credentials = Credentials.from_p12(keys / "hostile.p12", PHRASE, code=tmp_path / "code")
    sign_report(report, credentials, provenance="real")
    assert credentials.certificate.name == plain(HOSTILE)
    with pikepdf.open(report / "evaluator-report.it.signed.pdf") as pdf:
        assert pdf.pages[-1].Annots[0].V.SubFilter == "/ETSI.CAdES.detached"
        drawn = pdf.pages[-1].Annots[0].AP.N.Resources.XObject
        assert all(b"panic" not in stream.read_bytes() for stream in drawn.values())


@pytest.mark.parametrize(
    ("name", "expected"), [("a\x1b[2J\u202eb", "a[2Jb"), (" a\n\tb ", "a b"), ("x" * 500, "x" * 120)]
)
def test_names_are_shown_on_one_line_without_what_cannot_be_seen(name: str, expected: str) -> None:
    assert plain(name) == expected


def test_a_demonstration_cannot_sign_a_real_study(report: Path) -> None:
    with pytest.raises(UserError, match="real"):
        sign_report(report, Credentials.demonstration(), provenance="real")
    assert not (report / SIGNED_SUMS).exists()


def test_an_expired_certificate_cannot_sign(report: Path, keys: Path, tmp_path: Path) -> None:
    credentials = Credentials.from_p12(keys / "expired.p12", PHRASE, code=tmp_path / "code")
    with pytest.raises(UserError, match="is valid from"):
        sign_report(report, credentials, provenance="real")


def test_a_key_in_the_repository_is_refused_unread(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="never kept there"):
        Credentials.from_p12(tmp_path / "reports/../key.p12", PHRASE, code=tmp_path)


@pytest.mark.parametrize(
    ("file", "passphrase", "message"),
    [
        ("hostile.p12", "altra", "passphrase does not open it"),
        ("garbage.p12", PHRASE, "not a PKCS#12 file"),
        ("truncated.p12", PHRASE, "not a PKCS#12 file"),
        ("absent.p12", PHRASE, "cannot be read"),
    ],
)
def test_a_key_file_that_does_not_open_says_why(
    keys: Path, tmp_path: Path, file: str, passphrase: str, message: str
) -> None:
    (keys / "garbage.p12").write_text("-----BEGIN CERTIFICATE-----")
    (keys / "truncated.p12").write_bytes((keys / "hostile.p12").read_bytes()[:-100])
    with pytest.raises(UserError, match=message) as caught:
        Credentials.from_p12(keys / file, passphrase, code=tmp_path)
    assert passphrase not in str(caught.value)


def test_a_report_that_differs_from_its_sums_is_not_signed(report: Path) -> None:
    (report / "tables/estimates.csv").write_text("estimate\n0.6\n")
    with pytest.raises(UserError, match=r"tables/estimates\.csv: changed"):
        sign_report(report, Credentials.demonstration(), provenance="synthetic")
    assert not (report / "evaluator-report.it.signed.pdf").exists()


@pytest.mark.parametrize("name", [SUMS, "evaluator-report.it.pdf"])
def test_an_unfinished_report_is_not_signed(report: Path, name: str) -> None:
    (report / name).unlink()
    with pytest.raises(UserError, match=f"{name}: missing"):
        sign_report(report, Credentials.demonstration(), provenance="synthetic")


@pytest.mark.parametrize("content", [b"%PDF-1.7 garbage", typst.compile(b"x", format="pdf", pdf_tags=False)])
def test_a_pdf_that_cannot_take_a_tagged_field_is_not_signed(report: Path, content: bytes) -> None:
    (report / "evaluator-report.en.pdf").write_bytes(content)
    write_sums(report)
    with pytest.raises(UserError, match=r"evaluator-report\.en\.pdf: cannot be signed"):
        sign_report(report, Credentials.demonstration(), languages=("it", "en"), provenance="synthetic")
    assert not (report / "evaluator-report.it.signed.pdf").exists()


def test_signing_works_where_an_event_loop_already_runs(report: Path) -> None:
    async def in_a_notebook() -> list[Path]:
        return sign_report(report, Credentials.demonstration(), provenance="synthetic")

    assert all(path.is_file() for path in asyncio.run(in_a_notebook()))


def test_signing_again_replaces_the_signature(signed: Path) -> None:
    before = (signed / SIGNED_SUMS).read_bytes()
    sign_report(signed, Credentials.demonstration(), provenance="synthetic")
    assert (signed / SIGNED_SUMS).read_bytes() != before
    with pikepdf.open(io.BytesIO((signed / "evaluator-report.it.signed.pdf").read_bytes())) as pdf:
        assert len(pdf.pages[-1].Annots) == 1
