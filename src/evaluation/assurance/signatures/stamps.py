"""Time stamps in and over a signature: whether they are of it, and whether an authority that the reader trusts gave them.

Anybody can put a stamp into somebody else's signature, where nothing signs it, from an authority of their own making. So
its time counts only where a path leads from the authority to a root of the reader's; without one it is unconfirmed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from asn1crypto.cms import SignedData, SignerInfo
from pyhanko.sign.general import extract_certificate_info
from pyhanko.sign.validation import async_validate_pdf_timestamp
from pyhanko.sign.validation.generic_cms import (
    extract_tst_data_iter,
    message_imprint_checker,
    validate_tst_signed_data,
)
from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature
from pyhanko.sign.validation.status import TimestampSignatureStatus

from evaluation.assurance.signatures.certificates import Certificate
from evaluation.assurance.signatures.messages import trusting, wait_for
from evaluation.assurance.signatures.revocation import revocations
from evaluation.assurance.signatures.trust import Carried, Trust, context

# RFC 3161, 4: a revocation for one of these reasons leaves what the authority stamped before; any other undoes it all.
HARMLESS = ("unspecified", "affiliation_changed", "superseded", "cessation_of_operation")


Digest = Callable[[str], bytes]
"""The digest of what was stamped, by the name of an algorithm."""


@dataclass(frozen=True)
class Stamp:
    """One time stamp: the time it states, the authority's name as its certificate has it, who is trusted to have given it."""

    time: datetime
    authority: str
    confirmed: bool


def are_genuine(info: SignerInfo) -> bool:
    """Tell whether every time stamp in a signature is of this signature, whoever gave it; true where there is none."""
    return all(is_of(message_imprint_checker(info), token) for token in _tokens(info))


def stamp_in(info: SignerInfo, carried: Carried, trust: Trust | None) -> Stamp | None:
    """Return the earliest stamp of a signature that is confirmed; else one that is not; None where there is none."""
    stamped = message_imprint_checker(info)
    read = [read_token(stamped, token, carried, trust) for token in _tokens(info) if is_of(stamped, token)]
    return min(read, key=lambda stamp: (not stamp.confirmed, stamp.time), default=None)


def is_confirmed_over(embedded: EmbeddedPdfSignature, carried: Carried, trust: Trust | None) -> bool:
    """Tell whether an authority that the reader trusts put a time stamp over a whole document."""
    if trust is None:
        return False
    status = wait_for(async_validate_pdf_timestamp(embedded, context(trust, carried.certificates, trust.now)))
    return _is_vouched(status, carried, trust)


def _tokens(info: SignerInfo) -> Iterable[SignedData]:
    tokens: Iterator[SignedData] = extract_tst_data_iter(info, signed=False)
    return tokens


def is_of(stamped: Digest, token: SignedData) -> bool:
    """Tell whether a time stamp is of these bytes, and as it was given, whoever gave it."""
    signer = extract_certificate_info(token).signer_cert
    status = wait_for(validate_tst_signed_data(token, trusting(signer), stamped))
    return bool(status["intact"] and status["valid"])


def read_token(stamped: Digest, token: SignedData, carried: Carried, trust: Trust | None) -> Stamp:
    """Read what a time stamp on these bytes states, and whether the reader trusts who states it."""
    found = extract_certificate_info(token)
    authority = Certificate.from_der(found.signer_cert.dump()).name
    time: datetime = token["encap_content_info"]["content"].parsed["gen_time"].native
    if trust is None:
        return Stamp(time, authority, confirmed=False)
    others = Carried((*found.other_certs, *carried.certificates), carried.crls, carried.ocsps)
    following = context(trust, others.certificates, trust.now)
    status = TimestampSignatureStatus(**wait_for(validate_tst_signed_data(token, following, stamped)))
    return Stamp(time, authority, _is_vouched(status, others, trust))


def _is_vouched(status: TimestampSignatureStatus, carried: Carried, trust: Trust) -> bool:
    """Tell whether a path that holds leads to a root, and no revocation undoes what was stamped then."""
    if not status.trusted or status.validation_path is None:
        return False
    revoked = revocations(status.validation_path, carried, trust)
    return not any(each.reason not in HARMLESS or each.date <= status.timestamp for each in revoked)
