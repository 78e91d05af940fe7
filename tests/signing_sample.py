"""What tests of signatures share: a small report, people with keys, and an authority that certifies, stamps and revokes."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pikepdf
import typst
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    pkcs12,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from evaluation.assurance.provenance.manifest import write_sums
from evaluation.assurance.signatures.certificates import Credentials
from evaluation.assurance.signatures.fields import with_signature_fields

PHRASE = "una frase"
PAGE = """
#set document(title: "Rapporto", keywords: ("crate-sha256:{crate}",), date: datetime(year: 2023, month: 9, day: 30))
#set text(lang: "{language}")
= Rapporto
{body}
#pagebreak()
== Firma
"""
TSA = """
[tsa]
default_tsa = test
[test]
serial = {folder}/serial
crypto_device = builtin
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256
ess_cert_id_alg = sha256
"""


def unsigned_pdf(language: str = "it", body: str = "0,34", crate: str = "0" * 64) -> bytes:
    """Return a tagged report of two pages with its empty fields, as the exporter makes it."""
    page = PAGE.format(language=language, body=body, crate=crate)
    pdf = typst.compile(page.encode(), format="pdf", pdf_standards=["a-2a", "ua-1"], ignore_system_fonts=True)
    return with_signature_fields(pdf, language)


def report_in(folder: Path) -> Path:
    """Write an unsigned report and its sums."""
    report = folder / "s"
    (report / "tables").mkdir(parents=True)
    (report / "tables/estimates.csv").write_text("estimate\n0.34\n")
    for language in ("it", "en"):
        (report / f"evaluator-report.{language}.pdf").write_bytes(unsigned_pdf(language))
    write_sums(report)
    return report


ROOT = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Test root")])


@dataclass
class Authority:
    """One root that issues certificates, stamps time at `url`/tsa, and publishes at `url`/crl whom it revoked."""

    folder: Path
    url: str = ""
    revoked: list[int] = field(default_factory=list)
    key: rsa.RSAPrivateKey = field(default_factory=lambda: rsa.generate_private_key(65537, 2048))
    name: x509.Name = ROOT

    def __post_init__(self) -> None:
        self.root = self.certify_issuer(self)

    def certify_issuer(self, issuer: Authority) -> x509.Certificate:
        """Issue a certificate for an authority, itself or another."""
        usage = x509.KeyUsage(False, False, False, False, False, True, True, False, False)
        return (
            self._builder(issuer.name, issuer.key.public_key(), days=3650)
            .add_extension(x509.BasicConstraints(True, None), True)
            .add_extension(usage, True)
            .sign(self.key, hashes.SHA256())
        )

    def _builder(self, subject: x509.Name, key: rsa.RSAPublicKey, days: int) -> x509.CertificateBuilder:
        now = datetime.now(UTC)
        return x509.CertificateBuilder(
            self.name, subject, key, x509.random_serial_number(), now - timedelta(days=60), now + timedelta(days=days)
        ).add_extension(x509.SubjectKeyIdentifier.from_public_key(key), False)

    def certify(
        self, name: str, key: rsa.RSAPublicKey, *, stamping: bool = False, days: int = 30, listed: bool = True
    ) -> x509.Certificate:
        """Issue a certificate for signing documents, or for stamping time; if `listed`, it says where revocation is."""
        who = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        usage = x509.KeyUsage(True, True, False, False, False, False, False, False, False)
        place = x509.DistributionPoint([x509.UniformResourceIdentifier(f"{self.url}/crl")], None, None, None)
        issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key())
        builder = self._builder(who, key, days).add_extension(usage, True).add_extension(issuer, False)
        if listed:
            builder = builder.add_extension(x509.CRLDistributionPoints([place]), False)
        if stamping:
            builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING]), True)
        return builder.sign(self.key, hashes.SHA256())

    def person(self, name: str, *, days: int = 30, listed: bool = True) -> Credentials:
        """Return the credentials of somebody whom this authority certifies."""
        key = rsa.generate_private_key(65537, 2048)
        path = self.folder / "person.p12"
        path.write_bytes(archive(name, key, self.certify(name, key.public_key(), days=days, listed=listed)))
        return Credentials.from_p12(path, PHRASE, code=self.folder / "code")

    @property
    def crl(self) -> bytes:
        """The list of revoked certificates, as of now."""
        return self.listing(*self.revoked)

    def listing(
        self, *serials: int, at: float = -2, issued: float = -1, until: float = 168,
        reason: x509.ReasonFlags | None = None, extensions: Sequence[x509.ExtensionType] = (),
    ) -> bytes:  # fmt: skip
        """A list on which these certificates are revoked `at` a time; times in hours from now."""
        now = datetime.now(UTC)
        issuing, ending = now + timedelta(hours=issued), now + timedelta(hours=until)
        builder = x509.CertificateRevocationListBuilder(self.name, issuing, ending)
        issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key())
        for extension in (x509.CRLNumber(1), issuer, *extensions):
            builder = builder.add_extension(extension, isinstance(extension, x509.IssuingDistributionPoint))
        for serial in serials:
            gone = x509.RevokedCertificateBuilder(serial, now + timedelta(hours=at))
            gone = gone.add_extension(x509.CRLReason(reason), False) if reason else gone
            builder = builder.add_revoked_certificate(gone.build())
        return builder.sign(self.key, hashes.SHA256()).public_bytes(Encoding.DER)

    @property
    def pem(self) -> Path:
        """A file with the root."""
        path = self.folder / "root.pem"
        path.write_bytes(self.root.public_bytes(Encoding.PEM))
        return path

    def prepare_stamps(self) -> None:
        """Make the key and certificate of the time-stamping service."""
        key = rsa.generate_private_key(65537, 2048)
        certificate = self.certify("Test time stamps", key.public_key(), stamping=True, days=365)
        plain = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        (self.folder / "tsa.key").write_bytes(plain)
        (self.folder / "tsa.pem").write_bytes(certificate.public_bytes(Encoding.PEM))
        (self.folder / "tsa.cnf").write_text(TSA.format(folder=self.folder))
        (self.folder / "serial").write_text("01\n")

    def stamp(self, query: bytes) -> bytes:
        """Answer a request for a time stamp (RFC 3161), by openssl."""
        asked = self.folder / "query.tsq"
        asked.write_bytes(query)
        command = ["openssl", "ts", "-reply", "-config", "tsa.cnf", "-queryfile", asked.name]
        signer = ["-signer", "tsa.pem", "-inkey", "tsa.key"]
        return subprocess.run([*command, *signer], cwd=self.folder, check=True, capture_output=True).stdout


@contextmanager
def authority_in(folder: Path) -> Iterator[Authority]:
    """Run an authority on this machine, until the end of the block."""

    class Service(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer(authority.crl, "application/pkix-crl")

        def do_POST(self) -> None:
            query = self.rfile.read(int(self.headers["Content-Length"]))
            self._answer(authority.stamp(query), "application/timestamp-reply")

        def _answer(self, body: bytes, kind: str) -> None:
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *said: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Service) as server:
        authority = Authority(folder, url=f"http://127.0.0.1:{server.server_port}")
        authority.prepare_stamps()
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield authority
        server.shutdown()


def archive(name: str, key: rsa.RSAPrivateKey | None = None, certificate: x509.Certificate | None = None) -> bytes:
    """Return a PKCS#12 file, of a certificate that vouches for itself unless one is given."""
    key = key or rsa.generate_private_key(65537, 2048)
    certificate = certificate or self_signed(name, key)
    return pkcs12.serialize_key_and_certificates(None, key, certificate, None, BestAvailableEncryption(PHRASE.encode()))


def self_signed(name: str, key: rsa.RSAPrivateKey, days: int = 30, *, binding: bool = True) -> x509.Certificate:
    """Return a certificate for signing documents; or, if it is not `binding`, for logging in."""
    who = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    usage = x509.KeyUsage(True, binding, *([False] * 7))
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder(
            who, who, key.public_key(), x509.random_serial_number(), now - timedelta(60), now + timedelta(days)
        )
        .add_extension(usage, critical=True)
        .sign(key, hashes.SHA256())
    )


def person(folder: Path, name: str) -> Credentials:
    """Return the credentials of somebody whom nobody certifies."""
    path = folder / "person.p12"
    path.write_bytes(archive(name))
    return Credentials.from_p12(path, PHRASE, code=folder / "code")


def drawn(pdf: Path) -> str:
    """Return what a reader reads on the last page, the appearance of its fields included, on one line."""
    with pikepdf.open(pdf) as document:
        last = str(len(document.pages))
    read = subprocess.run(
        ["pdftotext", "-f", last, "-layout", str(pdf), "-"], check=True, capture_output=True, encoding="utf-8"
    )
    return " ".join(read.stdout.split())
