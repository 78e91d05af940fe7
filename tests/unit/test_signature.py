"""Signatures as made: what they cover, whom they refuse, what other programs think of them."""

from __future__ import annotations

import asyncio
import io
import re
import shutil
import subprocess
from datetime import timedelta
from pathlib import Path

import pikepdf
import pytest
import typst
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding
from signing_sample import PHRASE, archive, drawn, person, report_in, self_signed

from evaluation.assurance.provenance.manifest import SIGNED_SUMS, SUMS, files_in, write_sums
from evaluation.assurance.signatures.certificates import DEMONSTRATION, Credentials, plain, read_secret
from evaluation.assurance.signatures.fields import BOX, ROLE, ROLES
from evaluation.assurance.signing.signature import sign_report
from evaluation.errors import UserError

# A name that is markup in Typst and in HTML, breaks out of a PDF string and moves a terminal's cursor.
HOSTILE = "Ada #panic() *B* $x$ </script> \\) ) Tj \x1b[2J\u202e%(ts)s"


@pytest.fixture(scope="module")
def unsigned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return report_in(tmp_path_factory.mktemp("reports"))


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("keys")
    key = rsa.generate_private_key(65537, 2048)
    (folder / "hostile.p12").write_bytes(archive(HOSTILE))
    (folder / "expired.p12").write_bytes(archive("Ada", key, self_signed("Ada", key, days=-1)))
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
        assert original.endswith(b"\n")  # PDF/A-2, 6.1.9: an object begins after an end of line
        assert (signed / f"evaluator-report.{language}.signed.pdf").read_bytes().startswith(original)


def test_each_signature_field_is_tagged(signed: Path) -> None:
    with pikepdf.open(signed / "evaluator-report.it.signed.pdf") as pdf:
        page, tree = pdf.pages[-1], pdf.Root.StructTreeRoot
        numbers = list(tree.ParentTree.Nums)
        forms = dict(zip(map(int, numbers[::2]), numbers[1::2], strict=True))
        for role, widget in zip(ROLES, page.Annots, strict=True):
            form = forms[int(widget.StructParent)]
            assert (form.S, form.K.Type, form.K.Obj.objgen) == ("/Form", "/OBJR", widget.objgen)
            assert form.objgen in {element.objgen for element in tree.K[0].K}
            assert int(widget.StructParent) < int(tree.ParentTreeNextKey)
            assert str(widget.TU) == f"Firma: {ROLE[role]['it']}"
            assert tuple(map(int, widget.Rect)) == BOX[role]
        assert page.Tabs == "/S"


def test_a_sole_signature_allows_no_change_after_it(signed: Path) -> None:
    with pikepdf.open(signed / "evaluator-report.it.signed.pdf") as pdf:
        assert pdf.Root.Perms.DocMDP.Reference[0].TransformParams.P == 1


def test_the_field_says_who_signed_in_which_role_and_when(report: Path, tmp_path: Path) -> None:
    sign_report(report, person(tmp_path, "ROSSI ADA"), provenance="real", languages=("it", "en"))
    for language, by, role in (
        ("it", "Firmato da: ROSSI ADA", "Ruolo: Legale rappresentante del valutatore / Legal representative"),
        ("en", "Signed by: ROSSI ADA", "Role: Legal representative of the evaluator / Legale rappresentante"),
    ):
        shown = drawn(report / f"evaluator-report.{language}.signed.pdf")
        assert by in shown
        assert role in shown
        assert re.search(r"\(UTC\): \d{4}-\d\d-\d\d \d\d:\d\d", shown)
        assert "DEMONSTRATION" not in shown


def test_a_demonstration_says_so_in_the_field(signed: Path) -> None:
    assert DEMONSTRATION in drawn(signed / "evaluator-report.it.signed.pdf")


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
        assert pdf.pages[-1].Annots[1].V.SubFilter == "/ETSI.CAdES.detached"
        streams = pdf.pages[-1].Annots[1].AP.N.Resources.XObject
        assert all(b"panic" not in stream.read_bytes() for stream in streams.values())


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


@pytest.mark.parametrize(
    ("mode", "content", "message"),
    [(0o644, "12345", "others may read it"), (0o600, "\n", "is empty"), (0o600, None, "cannot be read")],
)
def test_a_secret_comes_from_a_file_of_ones_own(tmp_path: Path, mode: int, content: str | None, message: str) -> None:
    file = tmp_path / "pin"
    if content is not None:
        file.write_text(content)
        file.chmod(mode)
    with pytest.raises(UserError, match=message) as caught:
        read_secret(file, code=tmp_path / "code")
    assert "12345" not in str(caught.value)


def test_a_secret_is_the_first_line_and_does_not_lie_in_the_repository(tmp_path: Path) -> None:
    file = tmp_path / "pin"
    file.write_text("12 345\nsecond\n")
    file.chmod(0o600)
    assert read_secret(file, code=tmp_path / "code") == "12 345"
    with pytest.raises(UserError, match="never kept there"):
        read_secret(file, code=tmp_path)


def test_signing_works_where_an_event_loop_already_runs(report: Path) -> None:
    async def in_a_notebook() -> list[Path]:
        return sign_report(report, Credentials.demonstration(), provenance="synthetic")

    assert all(path.is_file() for path in asyncio.run(in_a_notebook()))


def test_signing_again_replaces_the_signature(signed: Path) -> None:
    before = (signed / SIGNED_SUMS).read_bytes()
    sign_report(signed, Credentials.demonstration(), provenance="synthetic")
    assert (signed / SIGNED_SUMS).read_bytes() != before
    with pikepdf.open(io.BytesIO((signed / "evaluator-report.it.signed.pdf").read_bytes())) as pdf:
        assert [bool(each.get("/V")) for each in pdf.pages[-1].Annots] == [False, True]
