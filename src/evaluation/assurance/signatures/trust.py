"""What the reader trusts, what a signature carries with it, and the path from a certificate to a root (RFC 5280, 6)."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from asn1crypto import pem, x509
from asn1crypto.cms import SignedData
from asn1crypto.crl import CertificateList
from asn1crypto.ocsp import OCSPResponse
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.general import extract_certificate_info
from pyhanko.sign.validation.dss import DocumentSecurityStore
from pyhanko.sign.validation.errors import NoDSSFoundError
from pyhanko_certvalidator import CertificateValidator, ValidationContext
from pyhanko_certvalidator.path import ValidationPath
from pyhanko_certvalidator.policy_decl import NO_REVOCATION, CertRevTrustPolicy

from evaluation.assurance.signatures.messages import wait_for
from evaluation.errors import UserError
from evaluation.files import read_bounded, reading
from evaluation.language import text

# Revocation is a question of its own: the library asks it only where a certificate names where to ask.
UNASKED = CertRevTrustPolicy(NO_REVOCATION)


@dataclass(frozen=True)
class Trust:
    """What the reader trusts beforehand: root certificates and lists of revoked ones; and when the reader asks, if not now."""

    roots: tuple[x509.Certificate, ...]
    crls: tuple[CertificateList, ...] = ()
    as_of: datetime | None = None

    @classmethod
    def from_pem(cls, path: Path) -> Trust:
        """Read a PEM file of certificates and, if wanted, revocation lists; UserError if it holds no certificate."""
        with reading(path.name):
            blocks = [(kind, der) for kind, _, der in pem.unarmor(read_bounded(path.resolve()), multiple=True)]
            roots = tuple(x509.Certificate.load(der, strict=True) for kind, der in blocks if kind == "CERTIFICATE")
            crls = tuple(CertificateList.load(der, strict=True) for kind, der in blocks if kind == "X509 CRL")
        if not roots:
            raise UserError(
                text(
                    f"{path.name}: nessun certificato. Atteso un file PEM con i certificati radice di cui fidarsi.",
                    f"{path.name}: no certificate. Expected a PEM file with the root certificates to trust.",
                )
            )
        return cls(roots, crls)

    @property
    def now(self) -> datetime:
        """When the reader asks."""
        return self.as_of or datetime.now(UTC)


@dataclass(frozen=True)
class Carried:
    """What a signature carries with it: certificates of issuers, and what says whether one was revoked."""

    certificates: tuple[x509.Certificate, ...]
    crls: tuple[CertificateList, ...] = ()
    ocsps: tuple[OCSPResponse, ...] = ()

    @classmethod
    def in_pdf(cls, reader: PdfFileReader, embedded: Any) -> Carried:
        """Return what a signature of a PDF and the document's own store carry."""
        certificates = tuple(embedded.other_embedded_certs)
        with suppress(NoDSSFoundError):
            store = DocumentSecurityStore.read_dss(reader)
            crls = tuple(CertificateList.load(each.get_object().data, strict=True) for each in store.crls)
            ocsps = tuple(OCSPResponse.load(each.get_object().data, strict=True) for each in store.ocsps)
            return cls((*certificates, *store.load_certs()), crls, ocsps)
        return cls(certificates)

    @classmethod
    def in_message(cls, message: SignedData) -> Carried:
        """Return the certificates that a message carries beside the signer's."""
        return cls(tuple(extract_certificate_info(message).other_certs))


def context(trust: Trust, others: Iterable[x509.Certificate], moment: datetime) -> ValidationContext:
    """Return how paths to the reader's roots are followed at a moment; nothing is fetched, revocation not asked."""
    return ValidationContext(
        trust_roots=trust.roots, other_certs=others, moment=moment, revinfo_policy=UNASKED, allow_fetching=False
    )


def path_at(certificate: x509.Certificate, carried: Carried, trust: Trust, moment: datetime) -> ValidationPath:
    """Follow a certificate to a root of the reader's at a moment; ValidationError where the path does not hold."""
    following = context(trust, carried.certificates, moment)
    validator = CertificateValidator(certificate, carried.certificates, validation_context=following)
    return wait_for(validator.async_validate_path())
