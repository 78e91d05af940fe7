"""Whether a certificate was revoked: every list is applied that its issuer signed, wherever the certificate says to look.

A list that names the certificate is believed however old it is, for a revocation is final; one that does not is believed
as long as it is in force, and only of certificates that had not expired when it was issued, as issuers drop those. What
is on hold may be taken off again: there the newest list decides, while it is in force (RFC 5280, 5.3.1).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from asn1crypto import x509
from asn1crypto.crl import CertificateList
from cryptography.exceptions import InvalidSignature
from pyhanko_certvalidator import ValidationContext
from pyhanko_certvalidator.errors import CRLValidationError, OCSPValidationError, RevokedError, ValidationError
from pyhanko_certvalidator.path import ValidationPath
from pyhanko_certvalidator.policy_decl import NO_REVOCATION, CertRevTrustPolicy
from pyhanko_certvalidator.revinfo.validate_crl import verify_crl
from pyhanko_certvalidator.revinfo.validate_ocsp import verify_ocsp_response
from pyhanko_certvalidator.sig_validate import DefaultSignatureValidator

from evaluation.assurance.signatures.messages import wait_for
from evaluation.assurance.signatures.trust import Carried, Trust

HOLD, TAKEN_OFF = "certificate_hold", "remove_from_crl"
NOT_SAID = (CRLValidationError, OCSPValidationError, ValidationError)  # how the library says that nothing serves
# A list issued after a signature serves for it too: revocations stay in the lists until the certificate expires.
_POLICY = CertRevTrustPolicy(NO_REVOCATION, retroactive_revinfo=True)


@dataclass(frozen=True)
class Revocation:
    """One certificate, when its issuer revoked it, and the reason (RFC 5280, 5.3.1); None where no reason is given."""

    certificate: x509.Certificate
    date: datetime
    reason: str | None


def revocations(path: ValidationPath, carried: Carried, trust: Trust) -> Iterator[Revocation]:
    """Return what revokes a certificate of a path, by the lists of the reader and those carried along."""
    certificates = list(path.iter_certs(include_root=True))
    for certificate in certificates:
        known = (*certificates, *carried.certificates, *trust.roots)
        issuers = [each for each in known if each.subject == certificate.issuer]
        lists = [each for each in (*trust.crls, *carried.crls) if _is_of(each, certificate, issuers, trust)]
        yield from _listed(certificate, lists, trust.now)
        yield from _answered(certificate, path, carried, trust)


def is_covered(path: ValidationPath, carried: Carried, trust: Trust, moment: datetime) -> bool:
    """Tell whether a list or a response that serves for that moment says of each certificate that it was not revoked."""
    certificates = list(path.iter_certs(include_root=False))
    return bool(certificates) and all(_is_cleared(each, path, carried, trust, moment) for each in certificates)


def _is_of(crl: CertificateList, certificate: x509.Certificate, issuers: list[x509.Certificate], trust: Trust) -> bool:
    """Tell whether the issuer of a certificate signed this list.

    Of a certificate that the reader takes for a root its issuer may be unknown: then the reader's own list is believed.
    """
    if crl.issuer != certificate.issuer:
        return False
    return any(_is_signed(crl, each) for each in issuers) or (not issuers and crl in trust.crls)


def _is_signed(crl: CertificateList, issuer: x509.Certificate) -> bool:
    try:
        DefaultSignatureValidator().validate_signature(
            crl["signature"].native, crl["tbs_cert_list"].dump(), issuer.public_key, crl["signature_algorithm"]
        )
    except (InvalidSignature, ValueError, NotImplementedError):
        return False
    return True


def _listed(certificate: x509.Certificate, lists: Iterable[CertificateList], now: datetime) -> Iterator[Revocation]:
    """Return the entries that revoke a certificate for good; and the hold of the newest list, while that is in force."""
    newest: tuple[CertificateList, Any] | None = None
    for crl in sorted(lists, key=_issued):
        entry = _entry(certificate, crl)
        reason = _reason(entry) if entry is not None else None
        if entry is not None and reason not in (HOLD, TAKEN_OFF):
            yield Revocation(certificate, entry["revocation_date"].native, reason)
        if entry is not None or crl.delta_crl_indicator_value is None:
            newest = crl, entry
    if newest is not None and newest[1] is not None and _reason(newest[1]) == HOLD and _is_in_force(newest[0], now):
        yield Revocation(certificate, newest[1]["revocation_date"].native, HOLD)


def _entry(certificate: x509.Certificate, crl: CertificateList) -> Any:
    """Return what a list says of a certificate; in an indirect list, entries after one that names an issuer are of it."""
    issuer = crl.issuer
    for entry in crl["tbs_cert_list"]["revoked_certificates"] or ():
        issuer = entry.issuer_name or issuer
        if entry["user_certificate"].native == certificate.serial_number and issuer == certificate.issuer:
            return entry
    return None


def _reason(entry: Any) -> str | None:
    reason = entry.crl_reason_value
    return None if reason is None else str(reason.native)


def _issued(crl: CertificateList) -> datetime:
    issued: datetime = crl["tbs_cert_list"]["this_update"].native
    return issued


def _is_in_force(crl: CertificateList, moment: datetime) -> bool:
    until = crl["tbs_cert_list"]["next_update"].native
    return until is not None and moment <= until


def _answered(
    certificate: x509.Certificate, path: ValidationPath, carried: Carried, trust: Trust
) -> Iterator[Revocation]:
    """Return what a response carried along says against a certificate."""
    if not carried.ocsps:
        return
    with suppress(*NOT_SAID):
        try:
            wait_for(verify_ocsp_response(certificate, path, _asking(carried, trust, trust.now)))
        except RevokedError as error:
            yield Revocation(certificate, error.revocation_dt, str(error.reason.native))


def _is_cleared(
    certificate: x509.Certificate, path: ValidationPath, carried: Carried, trust: Trust, moment: datetime
) -> bool:
    """Tell whether something that serves for a moment says that a certificate was not revoked."""
    serving = [each for each in (*trust.crls, *carried.crls) if _issued(each) <= certificate.not_valid_after]
    asked = _asking(Carried(carried.certificates, tuple(serving), carried.ocsps), trust, moment, lists=serving)
    for ask in (verify_crl, verify_ocsp_response):
        with suppress(*NOT_SAID):
            wait_for(ask(certificate, path, asked))
            return True
    return False


def _asking(
    carried: Carried, trust: Trust, moment: datetime, lists: Iterable[CertificateList] = ()
) -> ValidationContext:
    return ValidationContext(
        trust_roots=trust.roots, other_certs=carried.certificates, crls=list(lists), ocsps=carried.ocsps,
        moment=moment, revinfo_policy=_POLICY, allow_fetching=False,
    )  # fmt: skip
