"""The chain behind a signature: from its certificate to the roots that the reader trusts, at the time it was made."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from io import BytesIO
from pathlib import Path
from typing import Any

from asn1crypto import x509
from asn1crypto.cms import ContentInfo, SignedData, SignerInfo
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.general import extract_certificate_info
from pyhanko.sign.validation.generic_cms import extract_self_reported_ts
from pyhanko_certvalidator.errors import (
    ExpiredError,
    InvalidCertificateError,
    NotYetValidError,
    PathBuildingError,
    ValidationError,
)

from evaluation.assurance.questions import Verdict
from evaluation.assurance.signatures.certificates import Certificate
from evaluation.assurance.signatures.messages import signers
from evaluation.assurance.signatures.revocation import Revocation, is_covered, revocations
from evaluation.assurance.signatures.stamps import stamp_in
from evaluation.assurance.signatures.trust import Carried, Trust, path_at
from evaluation.files import read_bounded, reading
from evaluation.language import Text, text


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
    carried: Carried
    claimed: datetime | None
    stamped: datetime | None = None


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
    carried = Carried.in_pdf(reader, embedded)
    stamped = _stamped(embedded.signer_info, carried, trust)
    return _Signed(file, embedded.signer_cert, carried, embedded.self_reported_timestamp, stamped)


def _from_message(file: str, message: SignedData, trust: Trust) -> _Signed:
    (info,), carried = message["signer_infos"], Carried.in_message(message)
    certificate = extract_certificate_info(message).signer_cert
    return _Signed(file, certificate, carried, extract_self_reported_ts(info), _stamped(info, carried, trust))


def _stamped(info: SignerInfo, carried: Carried, trust: Trust) -> datetime | None:
    stamp = stamp_in(info, carried, trust)
    return stamp.time if stamp is not None and stamp.confirmed else None


def _named(signed: _Signed, trust: Trust) -> Chain:
    """Follow the chain of a certificate, and say whose it is."""
    fingerprint = Certificate.from_der(signed.certificate.dump()).fingerprint
    return replace(_follow(signed, trust), fingerprint=fingerprint)


def _follow(signed: _Signed, trust: Trust) -> Chain:
    """Validate the path at the time of signing; where nothing proves that time, also today, and revocation as of today."""
    moment = signed.stamped or signed.claimed
    if moment is None:
        return Chain(
            "invalid", (text(f"{signed.file}: nessuna data di firma", f"{signed.file}: no time of signature"),)
        )
    proven = signed.stamped or trust.now
    try:
        path = path_at(signed.certificate, signed.carried, trust, moment)
    except (ValidationError, PathBuildingError) as fault:
        return Chain("invalid", (_say(signed, fault),))
    revoked = [each for each in revocations(path, signed.carried, trust) if each.date <= proven]
    if revoked:
        return Chain("invalid", (_revoked(signed.file, revoked[0]),))
    try:
        path_at(signed.certificate, signed.carried, trust, proven)
    except (ValidationError, PathBuildingError) as since:
        verdict: Verdict = "not available" if isinstance(since, ExpiredError) else "invalid"
        return Chain(verdict, (_say(signed, since), _unproven(signed)))
    checked = is_covered(path, signed.carried, trust, proven)
    return Chain("valid", (_leads(signed), _revocation(signed, checked)))


def _revoked(file: str, revocation: Revocation) -> Text:
    name, day = Certificate.from_der(revocation.certificate.dump()).name, f"{revocation.date:%Y-%m-%d}"
    return text(f"{file}: {name}: certificato revocato il {day}", f"{file}: {name}: certificate revoked on {day}")


def _say(signed: _Signed, fault: Exception) -> Text:
    name = f"{signed.file}: {Certificate.from_der(signed.certificate.dump()).name}"
    match fault:
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
