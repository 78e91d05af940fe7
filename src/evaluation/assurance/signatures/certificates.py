"""Who signs: a certificate as we name it, and the credentials that hold its key."""

from __future__ import annotations

import os
import unicodedata
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from asn1crypto.pkcs12 import Pfx
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, pkcs12
from cryptography.x509.oid import NameOID
from pyhanko.sign.signers import Signer, SimpleSigner

from evaluation.errors import UserError
from evaluation.language import text

# An X.509 common name holds at most 64 characters; this has exactly as many.
DEMONSTRATION = "DIMOSTRAZIONE SENZA VALORE LEGALE; DEMONSTRATION, NO LEGAL VALUE"
DEMONSTRATION_VALIDITY = timedelta(days=7)
REAL = text(
    "Lo studio è reale: una dimostrazione non ha valore legale. Firmare con il proprio certificato.",
    "The study is real: a demonstration has no legal value. Sign with your own certificate.",
)
LONGEST_SECRET = 1024  # bytes


@dataclass(frozen=True)
class Certificate:
    """What a reader wants to know of a certificate; names are stripped of what could deceive the eye."""

    name: str
    issuer: str
    fingerprint: str
    not_before: datetime
    not_after: datetime
    demonstration: bool

    @classmethod
    def from_der(cls, der: bytes) -> Certificate:
        """Read a certificate; ValueError if it is none. The fingerprint is SHA-256 over the DER bytes."""
        certificate = x509.load_der_x509_certificate(der)
        name = _common_name(certificate.subject)
        return cls(
            name=name,
            issuer=_common_name(certificate.issuer),
            fingerprint=certificate.fingerprint(hashes.SHA256()).hex(),
            not_before=certificate.not_valid_before_utc,
            not_after=certificate.not_valid_after_utc,
            demonstration=name == DEMONSTRATION,
        )

    def covers(self, moment: datetime) -> bool:
        """Tell whether `moment` lies in the period of validity."""
        return self.not_before <= moment <= self.not_after


@dataclass(frozen=True)
class Credentials:
    """A key, which never leaves its signer, and its certificate."""

    signer: Signer
    certificate: Certificate

    @classmethod
    def demonstration(cls) -> Credentials:
        """Make a throw-away key and a certificate that says in both languages that it proves nothing."""
        key = ec.generate_private_key(ec.SECP256R1())
        archive = pkcs12.serialize_key_and_certificates(
            None, key, _demonstration_certificate(key), None, NoEncryption()
        )
        return cls._unlock(archive, None)

    @classmethod
    def from_p12(cls, path: Path, passphrase: str, *, code: Path) -> Credentials:
        """Open a PKCS#12 file (`.p12`, `.pfx`).

        Raises
        ------
        UserError
            The file lies below the root `code`, is absent or is no PKCS#12; or the passphrase does not open it.
        """
        _outside(path, code)
        try:
            archive = path.read_bytes()
            Pfx.load(archive, strict=True)["auth_safe"]["content"]
        except OSError as error:
            raise UserError(
                text(
                    f"{path}: non si legge ({error.strerror}). Indicare il percorso di un file .p12 o .pfx.",
                    f"{path}: cannot be read ({error.strerror}). Give the path of a .p12 or .pfx file.",
                )
            ) from error
        except (ValueError, TypeError) as error:
            raise UserError(
                text(
                    f"{path.name}: non è un file PKCS#12. Atteso un .p12 o .pfx con chiave e certificato.",
                    f"{path.name}: not a PKCS#12 file. Expected a .p12 or .pfx with key and certificate.",
                )
            ) from error
        try:
            return cls._unlock(archive, passphrase.encode())
        except ValueError as error:
            raise UserError(
                text(
                    f"{path.name}: la frase segreta non lo apre, o manca la chiave con il suo certificato. "
                    "Controllare la frase; se è giusta, esportare di nuovo chiave e certificato.",
                    f"{path.name}: the passphrase does not open it, or it holds no key with its certificate. "
                    "Check the passphrase; export key and certificate again if it is right.",
                )
            ) from error

    def check(self, provenance: str, moment: datetime) -> None:
        """Raise UserError if these credentials may not sign a study of this provenance at this moment."""
        if self.certificate.demonstration and provenance == "real":
            raise UserError(REAL)
        held: Any = self.signer.signing_cert
        usage = held.key_usage_value
        if usage is not None and "non_repudiation" not in usage.native:
            raise UserError(
                text(
                    f"Il certificato di {self.certificate.name} non serve a firmare documenti (non ripudio).",
                    f"The certificate of {self.certificate.name} is not for signing documents (non-repudiation).",
                )
            )
        if not self.certificate.covers(moment):
            name, since, until = self.certificate.name, self.certificate.not_before, self.certificate.not_after
            raise UserError(
                text(
                    f"Il certificato di {name} vale dal {since:%Y-%m-%d} al {until:%Y-%m-%d}. Usarne uno valido oggi.",
                    f"The certificate of {name} is valid from {since:%Y-%m-%d} to {until:%Y-%m-%d}. Use one valid today.",
                )
            )

    @classmethod
    def _unlock(cls, archive: bytes, passphrase: bytes | None) -> Credentials:
        """Open an archive; ValueError if it does not open or lacks a key or a certificate."""
        key, certificate, _ = pkcs12.load_key_and_certificates(archive, passphrase)
        if key is None or certificate is None:
            raise ValueError("no key with its certificate")
        signer = SimpleSigner.load_pkcs12_data(archive, other_certs=[], passphrase=passphrase)
        return cls(signer, Certificate.from_der(certificate.public_bytes(Encoding.DER)))


def plain(name: str) -> str:
    """Return a name someone else wrote on one line, at most 120 characters, none of them invisible."""
    visible = (character for character in name if unicodedata.category(character)[0] != "C" or character.isspace())
    return " ".join("".join(visible).split())[:120]


def read_secret(path: Path, *, code: Path) -> str:
    """Read a PIN or a passphrase: the first line of a file of one's own.

    Raises
    ------
    UserError
        The file lies below the root `code`, is absent or empty, or may be read by others.
    """
    _outside(path, code)
    try:
        others, secret = path.stat().st_mode & 0o077, path.read_bytes()[:LONGEST_SECRET].decode("utf-8")
    except (OSError, ValueError) as error:
        raise UserError(
            text(
                f"{path}: non si legge. Atteso un file di testo con il PIN o la frase segreta.",
                f"{path}: cannot be read. Expected a text file with the PIN or passphrase.",
            )
        ) from error
    if others and os.name == "posix":
        raise UserError(
            text(
                f"{path.name}: anche altri possono leggerlo. Renderlo solo proprio (chmod 600), poi riprovare.",
                f"{path.name}: others may read it. Make it your own (chmod 600), then try again.",
            )
        )
    if not secret.strip():
        raise UserError(text(f"{path.name}: è vuoto.", f"{path.name}: is empty."))
    return secret.splitlines()[0]


def _outside(path: Path, code: Path) -> None:
    """Refuse a key or a secret that lies in the repository, before it is read."""
    if path.resolve().is_relative_to(code.resolve()):
        raise UserError(
            text(
                f"{path.name}: è nel repository. Le chiavi non si tengono mai lì: spostarlo fuori e riprovare.",
                f"{path.name}: lies in the repository. Keys are never kept there: move it out and try again.",
            )
        )


def _demonstration_certificate(key: ec.EllipticCurvePrivateKey) -> x509.Certificate:
    name = x509.Name(
        [x509.NameAttribute(oid, DEMONSTRATION) for oid in (NameOID.ORGANIZATION_NAME, NameOID.COMMON_NAME)]
    )
    now = datetime.now(UTC)
    uses = dict.fromkeys(
        ("key_encipherment", "data_encipherment", "key_agreement", "key_cert_sign", "crl_sign"), False
    )  # what a signature of a document needs, and nothing else
    usage = x509.KeyUsage(
        digital_signature=True, content_commitment=True, encipher_only=False, decipher_only=False, **uses
    )
    return (
        x509.CertificateBuilder(subject_name=name, issuer_name=name, public_key=key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=5))
        .not_valid_after(now + DEMONSTRATION_VALIDITY)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .sign(key, hashes.SHA256())
    )


def _common_name(name: x509.Name) -> str:
    """Return the common name, or the whole name where there is none."""
    found = name.get_attributes_for_oid(NameOID.COMMON_NAME)
    return plain(str(found[0].value) if found else name.rfc4514_string())
