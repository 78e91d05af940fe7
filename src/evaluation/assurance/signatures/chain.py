"""The chain behind a signature: from its certificate to the roots that the reader trusts, at the time it was made."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

from asn1crypto import pem, x509
from asn1crypto.cms import ContentInfo, SignedData, SignerInfo
from asn1crypto.crl import CertificateList
from asn1crypto.ocsp import OCSPResponse
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.general import extract_certificate_info
from pyhanko.sign.validation.dss import DocumentSecurityStore
from pyhanko.sign.validation.errors import NoDSSFoundError
from pyhanko.sign.validation.generic_cms import collect_timing_info, extract_self_reported_ts
from pyhanko_certvalidator import CertificateValidator, ValidationContext
from pyhanko_certvalidator.errors import (
    ExpiredError,
    InsufficientRevinfoError,
    InvalidCertificateError,
    NotYetValidError,
    PathBuildingError,
    RevokedError,
    ValidationError,
)

from evaluation.assurance.provenance.manifest import read_bounded, reading
from evaluation.assurance.questions import Verdict
from evaluation.assurance.signatures.certificates import Certificate
from evaluation.assurance.signatures.messages import signers, wait_for
from evaluation.errors import UserError
from evaluation.language import Text, text


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


@dataclass(frozen=True)
class Chain:
    """Whether one signature's certificate leads to a trusted root, was valid and not revoked; and what that rests on."""

    verdict: Verdict
    evidence: tuple[Text, ...]
    fingerprint: str = ""


@dataclass(frozen=True)
class _Signed:
    """One signature, as far as its chain goes; `stamped` is the time of a time stamp that itself holds."""

    file: str
    certificate: x509.Certificate
    others: tuple[x509.Certificate, ...]
    claimed: datetime | None
    stamped: datetime | None = None
    crls: tuple[CertificateList, ...] = ()
    ocsps: tuple[OCSPResponse, ...] = ()


def pdf_chains(signed: Path, trust: Trust) -> tuple[Chain, ...]:
    """Follow the chain of each signature of a PDF; revocation is read from what the PDF itself and `trust` hold."""
    with reading(signed.name):
        reader = PdfFileReader(BytesIO(read_bounded(signed, 256)))
        found = reader.embedded_regular_signatures
        return tuple(_named(_from_pdf(signed.name, reader, each, trust), trust) for each in found)


def sums_chains(signed: Path, trust: Trust) -> tuple[Chain, ...]:
    """Follow the chain of each signature around the sums."""
    with reading(signed.name):
        content = ContentInfo.load(read_bounded(signed), strict=True)["content"]
        return tuple(_named(_from_message(signed.name, each, trust), trust) for each in signers(content))


def _from_pdf(file: str, reader: PdfFileReader, embedded: Any, trust: Trust) -> _Signed:
    certs, crls, ocsps = list(embedded.other_embedded_certs), [], []
    with suppress(NoDSSFoundError):
        store = DocumentSecurityStore.read_dss(reader)
        certs += store.load_certs()
        crls = [CertificateList.load(each.get_object().data, strict=True) for each in store.crls]
        ocsps = [OCSPResponse.load(each.get_object().data, strict=True) for each in store.ocsps]
    stamped = _stamped(embedded.signer_info, _context(trust, certs))
    return _Signed(
        file, embedded.signer_cert, tuple(certs), embedded.self_reported_timestamp, stamped, tuple(crls), tuple(ocsps)
    )  # fmt: skip


def _from_message(file: str, message: SignedData, trust: Trust) -> _Signed:
    found, (info,) = extract_certificate_info(message), message["signer_infos"]
    others = tuple(found.other_certs)
    return _Signed(
        file, found.signer_cert, others, extract_self_reported_ts(info), _stamped(info, _context(trust, others))
    )  # fmt: skip


def _context(trust: Trust, others: Iterable[x509.Certificate]) -> ValidationContext:
    return ValidationContext(trust_roots=trust.roots, other_certs=others, allow_fetching=False)


def _stamped(info: SignerInfo, context: ValidationContext) -> datetime | None:
    """Return the time of a signature's time stamp, if the stamp is of this signature and its own chain holds."""
    timing = wait_for(collect_timing_info(info, context, lambda _: b""))
    stamp = timing.get("timestamp_validity")
    return stamp.timestamp if stamp is not None and stamp.valid and stamp.intact and stamp.trusted else None


def _named(signed: _Signed, trust: Trust) -> Chain:
    """Follow the chain of a certificate, and say whose it is."""
    fingerprint = Certificate.from_der(signed.certificate.dump()).fingerprint
    return replace(_follow(signed, trust), fingerprint=fingerprint)


def _follow(signed: _Signed, trust: Trust) -> Chain:
    """Validate the path at the time of signing; where nothing proves that time, also today."""
    moment = signed.stamped or signed.claimed
    if moment is None:
        return Chain(
            "invalid", (text(f"{signed.file}: nessuna data di firma", f"{signed.file}: no time of signature"),)
        )
    fault = _fault(signed, trust, moment, "soft-fail")
    if fault is not None:
        return Chain("invalid", (_say(signed, fault),))
    if signed.stamped is None:
        since = _fault(signed, trust, trust.as_of or datetime.now(UTC), "soft-fail")
        if since is not None:
            verdict: Verdict = "not available" if isinstance(since, ExpiredError) else "invalid"
            return Chain(verdict, (_say(signed, since), _unproven(signed)))
    known = bool(signed.crls or signed.ocsps or trust.crls) and signed.certificate.dump() not in map(_der, trust.roots)
    checked = known and _fault(signed, trust, moment, "require") is None
    return Chain("valid", (_leads(signed), _revocation(signed, checked)))


def _der(certificate: x509.Certificate) -> bytes:
    return bytes(certificate.dump())


def _fault(signed: _Signed, trust: Trust, moment: datetime, revocation: str) -> ValidationError | None:
    """Return why the path from certificate to root does not hold at a moment; None if it does."""
    context = ValidationContext(
        trust_roots=trust.roots, other_certs=signed.others, crls=[*signed.crls, *trust.crls], ocsps=signed.ocsps,
        moment=moment, revocation_mode=revocation, retroactive_revinfo=True, allow_fetching=False,
    )  # fmt: skip
    validator = CertificateValidator(signed.certificate, signed.others, validation_context=context)
    try:
        wait_for(validator.async_validate_path())
    except ValidationError as error:
        return error
    return None


def _say(signed: _Signed, fault: ValidationError) -> Text:
    name = f"{signed.file}: {Certificate.from_der(signed.certificate.dump()).name}"
    match fault:
        case RevokedError():
            day = f"{fault.revocation_dt:%Y-%m-%d}"
            return text(f"{name}: certificato revocato il {day}", f"{name}: certificate revoked on {day}")
        case ExpiredError():
            day = f"{fault.expired_dt:%Y-%m-%d}"
            return text(f"{name}: certificato scaduto il {day}", f"{name}: certificate expired on {day}")
        case NotYetValidError():
            return text(f"{name}: certificato non ancora valido", f"{name}: certificate not yet valid")
        case PathBuildingError() | InvalidCertificateError():  # nobody issued it, or nobody known
            return text(
                f"{name}: il certificato non porta a nessuna delle radici indicate",
                f"{name}: the certificate leads to none of the roots given",
            )
        case InsufficientRevinfoError():
            return text(f"{name}: revoca non verificata", f"{name}: revocation not assessed")
    kind = type(fault).__name__
    return text(f"{name}: la catena non regge ({kind})", f"{name}: the chain does not hold ({kind})")


def _unproven(signed: _Signed) -> Text:
    return text(
        f"{signed.file}: nessuna marca temporale di cui fidarsi prova che fu firmato prima",
        f"{signed.file}: no time stamp to be trusted proves that it was signed before",
    )


def _leads(signed: _Signed) -> Text:
    if signed.stamped is not None:
        stamp = f"{signed.stamped:%Y-%m-%d %H:%M %Z}"
        return text(
            f"{signed.file}: la catena porta a una radice indicata; marca temporale {stamp}",
            f"{signed.file}: the chain leads to a root given; time stamp {stamp}",
        )
    return text(
        f"{signed.file}: la catena porta a una radice indicata; la data è dell'orologio di chi firma",
        f"{signed.file}: the chain leads to a root given; the date is by the signer's own clock",
    )


def _revocation(signed: _Signed, checked: bool) -> Text:
    if checked:
        return text(f"{signed.file}: certificato non revocato", f"{signed.file}: certificate not revoked")
    return text(
        f"{signed.file}: revoca non verificata: nessuna lista o risposta che valga per quella data",
        f"{signed.file}: revocation not assessed: no list or response that serves for that date",
    )
