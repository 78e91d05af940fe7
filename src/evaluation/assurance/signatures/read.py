"""Signatures of a report as read: PAdES on the evaluator's PDF, CAdES on the sums, one entry for each signer."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from io import BytesIO
from itertools import pairwise
from pathlib import Path
from typing import Literal

from asn1crypto.cms import ContentInfo, SignedData, SignerInfo
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.diff_analysis import ModificationLevel
from pyhanko.sign.fields import SigSeedSubFilter
from pyhanko.sign.general import extract_certificate_info
from pyhanko.sign.validation import (
    SignatureCoverageLevel,
    async_validate_cms_signature,
    async_validate_pdf_signature,
    async_validate_pdf_timestamp,
)
from pyhanko.sign.validation.generic_cms import extract_self_reported_ts
from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature
from pyhanko.sign.validation.status import StandardCMSSignatureStatus

from evaluation.assurance.signatures.certificates import Certificate
from evaluation.assurance.signatures.extension import more_than_signed, unaccounted, written_after
from evaluation.assurance.signatures.fields import ROLES, Role, role_of
from evaluation.assurance.signatures.messages import (
    has_signed_attributes,
    is_canonical,
    is_hexadecimal,
    signers,
    stated_role,
    trusting,
    wait_for,
)
from evaluation.assurance.signatures.revisions import only_stores
from evaluation.assurance.signatures.stamps import Stamp, are_genuine, is_confirmed_over, stamp_in
from evaluation.assurance.signatures.trust import Carried, Trust
from evaluation.errors import VerificationFailed
from evaluation.files import read_bounded, reading
from evaluation.language import Text, text
from evaluation.report_folder import SUMS

Level = Literal["basic", "B-B", "B-T", "B-LT", "B-LTA"]
"""Of the AdES baseline (ETSI EN 319 142-1, 319 122-1); `basic` is a signature of PDF or CMS that is below it."""

LTA_UPDATES, FORM_FILLING = ModificationLevel.LTA_UPDATES, ModificationLevel.FORM_FILLING
NOT_INTACT = text("la firma non corrisponde al contenuto", "the signature does not match the content")
NOT_FIT = text(
    "il certificato non serviva a firmare in quella data", "the certificate did not serve to sign at that time"
)
NOT_STAMPED = text("la marca temporale non è di questa firma", "the time stamp is not of this signature")
NOT_PREFIX = text(
    "il documento firmato non è quello non firmato di questa cartella",
    "the signed document is not the unsigned one of this folder",
)
UPDATED = text("il documento è stato modificato dopo la firma", "the document was changed after it was signed")
OTHER_SUMS = text(f"il contenuto firmato non è {SUMS}", f"the signed content is not {SUMS}")
SAME_ROLE = text("due firme hanno lo stesso ruolo", "two signatures have the same role")
SAME_SIGNER = text("le due firme sono dello stesso certificato", "both signatures are by the same certificate")
WRONG_ORDER = text(
    "le firme non sono nell'ordine dei ruoli o delle date", "the signatures are not in the order of roles or of times"
)

# pyHanko logs, traceback and all, what we report in words.
for _name in ("pyhanko", "pyhanko_certvalidator"):
    logging.getLogger(_name).addHandler(logging.NullHandler())


@dataclass(frozen=True)
class Signature:
    """One signature as read, by itself and among the others of its file.

    `signed_at` is what the signer's own clock said; `stamped_at` what the authority named `stamped_by` vouches for, whom
    the reader trusts, in a signature of level B-T and above. `unconfirmed` tells of a stamp by somebody else, which counts
    for nothing. `role` is None where an outside program stated none. `problems` is empty if nothing is wrong; who issued
    the certificate, and whether it was revoked, is another question.
    """

    file: str
    certificate: Certificate
    signed_at: datetime | None
    problems: tuple[Text, ...]
    role: Role | None = None
    level: Level = "B-B"
    stamped_at: datetime | None = None
    stamped_by: str = ""
    unconfirmed: bool = False

    @property
    def time(self) -> datetime | None:
        """Return the time stamp, or else the signer's own time."""
        return self.stamped_at or self.signed_at


def read_signed_pdf(signed: Path, unsigned: Path, trust: Trust | None = None) -> tuple[Signature, ...]:
    """Read the signatures of a PDF in the order of signing, and hold them against the unsigned bytes.

    Raises
    ------
    VerificationFailed
        The file cannot be read, or holds no signature.
    """
    return read_signatures_of_pdf(signed.name, read_bounded(signed, 256), read_bounded(unsigned, 256), trust)


def read_signatures_of_pdf(
    name: str, data: bytes, original: bytes, trust: Trust | None = None
) -> tuple[Signature, ...]:
    """Read the signatures of a PDF that lies nowhere yet; as `read_signed_pdf`."""
    ambiguous = unaccounted(data, original) if data.startswith(original) else ()
    try:
        with reading(name):
            return _read_pdf(name, data, original, ambiguous, trust)
    except VerificationFailed as error:
        if not ambiguous:
            raise
        (where,) = ambiguous
        raise VerificationFailed(text(f"{name}: {where['it']}.", f"{name}: {where['en']}.")) from error


def _read_pdf(
    name: str, data: bytes, original: bytes, ambiguous: tuple[Text, ...], trust: Trust | None
) -> tuple[Signature, ...]:
    """Read the signatures of a PDF; where its bytes are not `ambiguous`, ask also what they change."""
    reader = PdfFileReader(BytesIO(data))
    found = list(reader.embedded_regular_signatures)
    extends = data.startswith(original)
    if not found:
        raise _unsigned(name, written_after(data, original) if extends and not ambiguous else None)
    strange = ambiguous or (more_than_signed(reader, data, original) if extends else (NOT_PREFIX,))
    stamped = all(_is_stamp_intact(each, data) for each in reader.embedded_timestamp_signatures)
    whole = (*((problem, False) for problem in strange), (UPDATED, stamped))
    return together([_embedded(name, reader, each, data, trust, last=each is found[-1], whole=whole) for each in found])


def read_signed_sums(signed: Path, sums: Path, trust: Trust | None = None) -> tuple[Signature, ...]:
    """Read the signatures around the sums in the order of signing, and hold their content against them.

    Raises
    ------
    VerificationFailed
        The file cannot be read as a signed message.
    """
    return read_signatures_of_sums(signed.name, read_bounded(signed), read_bounded(sums), trust)


def read_signatures_of_sums(
    name: str, data: bytes, original: bytes, trust: Trust | None = None
) -> tuple[Signature, ...]:
    """Read the signatures around sums that lie nowhere yet; as `read_signed_sums`."""
    with reading(name):
        content = ContentInfo.load(data, strict=True)["content"]
        same = content["encap_content_info"]["content"].native == original and is_canonical(data)
        read = [_enveloped(name, each, ((OTHER_SUMS, same),), trust) for each in signers(content)]
        if not read:
            raise _unsigned(name)
        return together(sorted(read, key=_when))


def _unsigned(name: str, where: Text | None = None) -> VerificationFailed:
    """Say that a file holds no signature, and, where it was changed so that it holds none, by what."""
    it, en = (f" ({where['it']})", f" ({where['en']})") if where is not None and where["en"] else ("", "")
    return VerificationFailed(text(f"{name}: non contiene firme{it}.", f"{name}: holds no signature{en}."))


def _embedded(
    name: str,
    reader: PdfFileReader,
    embedded: EmbeddedPdfSignature,
    data: bytes,
    trust: Trust | None,
    *,
    last: bool,
    whole: Sequence[tuple[Text, bool]],
) -> Signature:
    """Read one signature of a PDF."""
    status = wait_for(async_validate_pdf_signature(embedded, trusting(embedded.signer_cert)))
    allowed, changes = (LTA_UPDATES if last else FORM_FILLING), status.modification_level
    ends = status.coverage == SignatureCoverageLevel.ENTIRE_FILE
    follows = status.coverage == SignatureCoverageLevel.ENTIRE_REVISION and (not last or _serves(reader, embedded))
    untouched = (
        ends or follows,
        changes is not None and changes <= allowed and bool(status.docmdp_ok),
        _is_hole_sound(embedded, data),
    )
    info, carried = embedded.signer_info, Carried.in_pdf(reader, embedded)
    checks = (*whole, (UPDATED, all(untouched)), *_of(info))
    signature = _signature(name, status, checks, stamp_in(info, carried, trust))
    pades = embedded.sig_object.get("/SubFilter") == SigSeedSubFilter.PADES.value
    stamped = any(is_confirmed_over(each, carried, trust) for each in _stamps_over(reader, embedded))
    level = _level(pades, signature, kept="/DSS" in reader.root, stamped=stamped)
    return replace(signature, role=role_of(embedded.field_name), level=level)


def _enveloped(name: str, message: SignedData, checks: Sequence[tuple[Text, bool]], trust: Trust | None) -> Signature:
    """Read the one signature of a message that carries its content."""
    (info,) = message["signer_infos"]
    status = wait_for(
        async_validate_cms_signature(
            message,
            status_cls=StandardCMSSignatureStatus,
            validation_context=trusting(extract_certificate_info(message).signer_cert),
            status_kwargs={"signer_reported_dt": extract_self_reported_ts(info)},
        )
    )
    stamp = stamp_in(info, Carried.in_message(message), trust)
    signature = _signature(name, status, (*checks, *_of(info)), stamp)
    cades = "signing_certificate_v2" in {each["type"].native for each in info["signed_attrs"]}
    return replace(signature, role=stated_role(message), level=_level(cades, signature, kept=False, stamped=False))


def _of(info: SignerInfo) -> tuple[tuple[Text, bool], ...]:
    """Return what has to hold of a signer's own part of a message."""
    return ((NOT_INTACT, has_signed_attributes(info)), (NOT_STAMPED, are_genuine(info)))


def _signature(
    file: str, status: StandardCMSSignatureStatus, checks: Iterable[tuple[Text, bool]], stamp: Stamp | None
) -> Signature:
    certificate = Certificate.from_der(status.signing_cert.dump())
    genuine = status.intact and status.valid
    confirmed = stamp if stamp is not None and stamp.confirmed else None
    when = confirmed.time if confirmed else status.signer_reported_dt
    fit = status.trusted and when is not None and certificate.covers(when)
    every = ((NOT_INTACT, genuine), *checks, (NOT_FIT, fit or not genuine))
    return Signature(
        file,
        certificate,
        status.signer_reported_dt,
        tuple(problem for problem, passed in every if not passed),
        stamped_at=confirmed.time if confirmed else None,
        stamped_by=confirmed.authority if confirmed else "",
        unconfirmed=stamp is not None and confirmed is None,
    )


def _when(signature: Signature) -> tuple[float, int]:
    """Return what signatures in one message, which keeps no order, are sorted by: time, to the second, then role."""
    rank = ROLES.index(signature.role) if signature.role else len(ROLES)
    return signature.time.timestamp() if signature.time else 0.0, rank


def together(read: Sequence[Signature]) -> tuple[Signature, ...]:
    """Add to each signature what is wrong with all of them together."""
    roles = [each.role for each in read if each.role is not None]
    times = [each.time for each in read if each.time is not None]
    ordered = roles == sorted(roles, key=ROLES.index) and all(one <= other for one, other in pairwise(times))
    checks = (
        (SAME_ROLE, len(set(roles)) == len(roles)),
        (SAME_SIGNER, len({each.certificate.fingerprint for each in read}) == len(read)),
        (WRONG_ORDER, ordered),
    )
    problems = tuple(problem for problem, passed in checks if not passed)
    return tuple(replace(each, problems=each.problems + problems) for each in read)


def _level(advanced: bool, signature: Signature, *, kept: bool, stamped: bool) -> Level:
    """Return the level of a signature from what stands in it and, in a PDF, with it: what validates it, and a stamp on all."""
    if not advanced:
        return "basic"
    if signature.stamped_at is None:
        return "B-B"
    return ("B-LTA" if stamped else "B-LT") if kept else "B-T"


def _stamps_over(reader: PdfFileReader, embedded: EmbeddedPdfSignature) -> list[EmbeddedPdfSignature]:
    """Return the time stamps over the whole document that came after a signature."""
    return [each for each in reader.embedded_timestamp_signatures if each.signed_revision > embedded.signed_revision]


def _serves(reader: PdfFileReader, embedded: EmbeddedPdfSignature) -> bool:
    """Tell whether what came after the last signature validates it: a time stamp over all, or issuers and revocation."""
    if stamps := _stamps_over(reader, embedded):
        return stamps[-1].evaluate_signature_coverage() == SignatureCoverageLevel.ENTIRE_FILE
    later = range(embedded.signed_revision + 1, reader.xrefs.total_revisions)
    return len(later) == 1 and only_stores(reader, later[0])


def _is_stamp_intact(embedded: EmbeddedPdfSignature, data: bytes) -> bool:
    """Tell whether a time stamp over a whole document is of these bytes, and only more of its kind came after it."""
    status = wait_for(async_validate_pdf_timestamp(embedded, trusting(embedded.signer_cert)))
    return bool(status.intact and status.valid and status.trusted and _is_hole_sound(embedded, data))


def _is_hole_sound(embedded: EmbeddedPdfSignature, data: bytes) -> bool:
    """Tell whether the bytes that a signature leaves out hold the signature and nothing else."""
    _, start, end, _ = embedded.byte_range
    content = embedded.pkcs7_content
    return is_hexadecimal(data[start:end], content) and is_canonical(content)
