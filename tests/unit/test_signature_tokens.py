"""A signature card, played by SoftHSM 2: its key signs and stays inside, and every mistake is told."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from signing_sample import report_in, self_signed

from evaluation.assurance.provenance.manifest import SIGNED_SUMS, SUMS
from evaluation.assurance.signing.signature import read_signed_pdf, read_signed_sums, sign_report
from evaluation.assurance.signing.tokens import token_credentials
from evaluation.errors import UserError

PLACES = (
    "lib/softhsm",
    "lib64/softhsm",
    "lib/x86_64-linux-gnu/softhsm",
    "lib/aarch64-linux-gnu/softhsm",
    "local/lib/softhsm",
)
MODULES = [Path("/usr", place, "libsofthsm2.so") for place in PLACES]
MODULE = next(filter(Path.is_file, MODULES), None)
PIN = "12345"
pytestmark = pytest.mark.skipif(
    MODULE is None or shutil.which("softhsm2-util") is None, reason="SoftHSM 2 plays the card (Debian: softhsm2)"
)


@pytest.fixture(scope="module")
def module(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A card reader with three cards: one for signing, one with two keys for signing, one empty."""
    folder = tmp_path_factory.mktemp("cards")
    (folder / "tokens").mkdir()
    (folder / "softhsm2.conf").write_text(f"directories.tokendir = {folder}/tokens\nobjectstore.backend = file\n")
    before = os.environ.get("SOFTHSM2_CONF")
    os.environ["SOFTHSM2_CONF"] = str(folder / "softhsm2.conf")
    for label in ("Firma", "Due firme", "Vuota"):
        _utility("--init-token", "--free", "--label", label, "--pin", PIN, "--so-pin", "0000")
    _put(folder, "Firma", "CNS", 1, binding=False)
    _put(folder, "Firma", "DS", 2)
    _put(folder, "Due firme", "DS1", 1)
    _put(folder, "Due firme", "DS2", 2, curve=True)
    yield MODULE
    os.environ.pop("SOFTHSM2_CONF") if before is None else os.environ.update(SOFTHSM2_CONF=before)


def _utility(*arguments: str) -> None:
    subprocess.run(["softhsm2-util", *arguments], check=True, capture_output=True)


def _put(folder: Path, token: str, label: str, number: int, *, binding: bool = True, curve: bool = False) -> None:
    """Put a key and its certificate on a card, as its issuer does."""
    import pkcs11
    from pkcs11 import Attribute, CertificateType, ObjectClass

    key = ec.generate_private_key(ec.SECP256R1()) if curve else rsa.generate_private_key(65537, 2048)
    file = folder / f"{label}.pem"
    file.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    _utility("--import", str(file), "--token", token, "--label", label, "--id", f"{number:02x}", "--pin", PIN)
    certificate = self_signed(f"ROSSI ADA {label}", key, binding=binding)
    with pkcs11.lib(str(MODULE)).get_token(token_label=token).open(rw=True, user_pin=PIN) as session:
        session.create_object(
            {
                Attribute.CLASS: ObjectClass.CERTIFICATE,
                Attribute.CERTIFICATE_TYPE: CertificateType.X_509,
                Attribute.TOKEN: True,
                Attribute.LABEL: label,
                Attribute.ID: bytes([number]),
                Attribute.SUBJECT: certificate.subject.public_bytes(),
                Attribute.VALUE: certificate.public_bytes(Encoding.DER),
            }
        )


@pytest.fixture
def report(tmp_path: Path) -> Path:
    return report_in(tmp_path)


@pytest.mark.parametrize(
    ("token", "certificate", "name"),
    [("Firma", None, "ROSSI ADA DS"), ("Due firme", "DS1", "ROSSI ADA DS1"), ("Due firme", "DS2", "ROSSI ADA DS2")],
)
def test_a_card_signs(report: Path, module: Path, token: str, certificate: str | None, name: str) -> None:
    with token_credentials(module, token, lambda: PIN, certificate) as credentials:
        sign_report(report, credentials, provenance="real", languages=("it", "en"))
    for language in ("it", "en"):
        pdf = report / f"evaluator-report.{language}.pdf"
        (read,) = read_signed_pdf(pdf.with_suffix(".signed.pdf"), pdf)
        assert (read.certificate.name, read.problems, read.level) == (name, (), "B-B")
    (read,) = read_signed_sums(report / SIGNED_SUMS, report / SUMS)
    assert (read.certificate.name, read.problems) == (name, ())


def test_two_cards_sign_one_after_the_other(report: Path, module: Path) -> None:
    for token, certificate, role in (("Due firme", "DS2", "statistician"), ("Firma", "DS", "legal_representative")):
        with token_credentials(module, token, lambda: PIN, certificate) as credentials:
            sign_report(report, credentials, provenance="real", role=role)
    read = read_signed_sums(report / SIGNED_SUMS, report / SUMS)
    assert [each.certificate.name for each in read] == ["ROSSI ADA DS2", "ROSSI ADA DS"]


@pytest.mark.parametrize("pin", ["54321", "", "1" * 300])
def test_a_wrong_pin_says_so_and_warns_of_locked_cards(module: Path, pin: str) -> None:
    asked = []
    with (
        pytest.raises(UserError, match=r"wrong PIN.*the card locks itself") as caught,
        token_credentials(module, "Firma", lambda: asked.append(pin) or pin),
    ):
        pass
    assert asked == [pin]  # one attempt, never more: cards count them
    assert pin == "" or pin not in str(caught.value)


def _never() -> str:
    raise AssertionError("the PIN was asked for in vain")


def test_a_token_that_is_not_there_is_told_before_the_pin_is_asked(module: Path) -> None:
    with (
        pytest.raises(UserError, match=r"Firmaa: 0 tokens of this name.*Inserted: Due firme, Firma, Vuota"),
        token_credentials(module, "Firmaa", _never),
    ):
        pass


@pytest.mark.parametrize(
    ("token", "certificate", "message"),
    [
        ("Vuota", None, "0 certificates that serve.*With their key: none"),
        ("Firma", "DS9", "0 certificates that serve.*With their key: CNS, DS"),
        ("Due firme", None, "2 certificates that serve.*DS1, DS2.*--certificate"),
    ],
)
def test_a_certificate_that_is_not_clear_is_told(
    module: Path, token: str, certificate: str | None, message: str
) -> None:
    with (
        pytest.raises(UserError, match=message),
        token_credentials(module, token, lambda: PIN, certificate),
    ):
        pass


def test_a_certificate_for_logging_in_does_not_sign(report: Path, module: Path) -> None:
    with (
        pytest.raises(UserError, match="is not for signing documents"),
        token_credentials(module, "Firma", lambda: PIN, "CNS") as credentials,
    ):
        sign_report(report, credentials, provenance="real")
    assert not (report / SIGNED_SUMS).exists()


@pytest.mark.parametrize(
    ("name", "message"), [("absent.so", "no such file"), ("text.so", "does not open as a PKCS#11 module")]
)
def test_a_library_that_is_none_is_told(tmp_path: Path, name: str, message: str) -> None:
    (tmp_path / "text.so").write_text("no library")
    with pytest.raises(UserError, match=message), token_credentials(tmp_path / name, "Firma", _never):
        pass
