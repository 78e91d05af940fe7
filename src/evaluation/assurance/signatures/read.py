"""Signatures of a report as read: PAdES on the evaluator's PDF, CAdES on the sums, one entry for each signer."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from io import BytesIO
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal

from asn1crypto.cms import ContentInfo, SignedData
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
from pyhanko.sign.validation.generic_cms import collect_timing_info, extract_tst_data_iter
from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature
from pyhanko.sign.validation.status import StandardCMSSignatureStatus

from evaluation.assurance.signatures.certificates import Certificate
from evaluation.assurance.signatures.extension import more_than_signed, unaccounted
from evaluation.assurance.signatures.fields import ROLES, Role, role_of
from evaluation.assurance.signatures.messages import (
    is_canonical,
    is_hexadecimal,
    signers,
    stated_role,
    trusting,
    wait_for,
)
from evaluation.assurance.signatures.revisions import only_stores
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

    `signed_at` is what the signer's own clock said; `stamped_at` what the authority named `stamped_by` vouches for, in
    a signature of level B-T and above. `role` is None where an outside program stated none. `problems` is empty if
    nothing is wrong; who issued the certificate, and whether it was revoked, is another question.
    """

    file: str
    certificate: Certificate
    signed_at: datetime | None
    problems: tuple[Text, ...]
    role: Role | None = None
    level: Level = "B-B"
    stamped_at: datetime | None = None
    stamped_by: str = ""

    @property
    def time(self) -> datetime | None:
        """Return the time stamp, or else the signer's own time."""
        return self.stamped_at or self.signed_at


def read_signed_pdf(signed: Path, unsigned: Path) -> tuple[Signature, ...]:
    """Read the signatures of a PDF in the order of signing, and hold them against the unsigned bytes.

    Raises
    ------
    VerificationFailed
        The file cannot be read, or holds no signature.
    """
    return read_signatures_of_pdf(signed.name, read_bounded(signed, 256), read_bounded(unsigned, 256))


def read_signatures_of_pdf(name: str, data: bytes, original: bytes) -> tuple[Signature, ...]:
    """Read the signatures of a PDF that lies nowhere yet; as `read_signed_pdf`."""
    ambiguous = unaccounted(data, original) if data.startswith(original) else ()
    try:
        with reading(name):
            return _read_pdf(name, data, original, ambiguous)
    except VerificationFailed as error:
        if not ambiguous:
            raise
        (where,) = ambiguous
        raise VerificationFailed(text(f"{name}: {where['it']}.", f"{name}: {where['en']}.")) from error


def _read_pdf(name: str, data: bytes, original: bytes, ambiguous: tuple[Text, ...]) -> tuple[Signature, ...]:
    """Read the signatures of a PDF; where its bytes are not `ambiguous`, ask also what they change."""
    reader = PdfFileReader(BytesIO(data))
    found = list(reader.embedded_regular_signatures)
    if not found:
        raise _unsigned(name)
    extends = data.startswith(original)
    strange = ambiguous or (more_than_signed(reader, data, original) if extends else (NOT_PREFIX,))
    stamped = all(_is_stamp_intact(each, data) for each in reader.embedded_timestamp_signatures)
    whole = (*((problem, False) for problem in strange), (UPDATED, stamped))
    return together([_embedded(name, reader, each, data, last=each is found[-1], whole=whole) for each in found])


def read_signed_sums(signed: Path, sums: Path) -> tuple[Signature, ...]:
    """Read the signatures around the sums in the order of signing, and hold their content against them.

    Raises
    ------
    VerificationFailed
        The file cannot be read as a signed message.
    """
    return read_signatures_of_sums(signed.name, read_bounded(signed), read_bounded(sums))


def read_signatures_of_sums(name: str, data: bytes, original: bytes) -> tuple[Signature, ...]:
    """Read the signatures around sums that lie nowhere yet; as `read_signed_sums`."""
    with reading(name):
        content = ContentInfo.load(data, strict=True)["content"]
        same = content["encap_content_info"]["content"].native == original and is_canonical(data)
        read = [_enveloped(name, each, ((OTHER_SUMS, same),)) for each in signers(content)]
        if not read:
            raise _unsigned(name)
        return together(sorted(read, key=_when))


def _unsigned(name: str) -> VerificationFailed:
    return VerificationFailed(text(f"{name}: non contiene firme.", f"{name}: holds no signature."))


def _embedded(
    name: str,
    reader: PdfFileReader,
    embedded: EmbeddedPdfSignature,
    data: bytes,
    *,
    last: bool,
    whole: Sequence[tuple[Text, bool]],
) -> Signature:
    """Read one signature of a PDF."""
    authorities = _authorities(embedded.signed_data)
    status = wait_for(
        async_validate_pdf_signature(embedded, trusting(embedded.signer_cert), ts_validation_context=authorities)
    )
    allowed, changes = (LTA_UPDATES if last else FORM_FILLING), status.modification_level
    ends = status.coverage == SignatureCoverageLevel.ENTIRE_FILE
    follows = status.coverage == SignatureCoverageLevel.ENTIRE_REVISION and (not last or _serves(reader, embedded))
    untouched = (
        ends or follows,
        changes is not None and changes <= allowed and bool(status.docmdp_ok),
        _is_hole_sound(embedded, data),
    )
    signature = _signature(name, status, (*whole, (UPDATED, all(untouched))))
    pades = embedded.sig_object.get("/SubFilter") == SigSeedSubFilter.PADES.value
    stamped, kept = _is_stamped_over(reader, embedded), "/DSS" in reader.root
    level = _level(pades, signature, kept=kept, stamped=stamped)
    return replace(signature, role=role_of(embedded.field_name), level=level)


def _enveloped(name: str, message: SignedData, checks: Sequence[tuple[Text, bool]]) -> Signature:
    """Read the one signature of a message that carries its content."""

    async def validated() -> StandardCMSSignatureStatus:
        signer = extract_certificate_info(message).signer_cert
        timing = await collect_timing_info(message["signer_infos"][0], _authorities(message), lambda _: b"")
        return await async_validate_cms_signature(
            message,
            status_cls=StandardCMSSignatureStatus,
            validation_context=trusting(signer),
            status_kwargs=timing,
        )

    signature = _signature(name, wait_for(validated()), checks)
    attributes = {each["type"].native for each in message["signer_infos"][0]["signed_attrs"]}
    cades = "signing_certificate_v2" in attributes
    return replace(signature, role=stated_role(message), level=_level(cades, signature, kept=False, stamped=False))


def _signature(file: str, status: StandardCMSSignatureStatus, checks: Iterable[tuple[Text, bool]]) -> Signature:
    certificate = Certificate.from_der(status.signing_cert.dump())
    stamp = status.timestamp_validity
    genuine = status.intact and status.valid
    stamped = stamp is None or (stamp.intact and stamp.valid and stamp.trusted)
    when = stamp.timestamp if stamp is not None and stamped else status.signer_reported_dt
    fit = status.trusted and when is not None and certificate.covers(when)
    every = ((NOT_INTACT, genuine), *checks, (NOT_STAMPED, stamped), (NOT_FIT, fit or not genuine))
    return Signature(
        file,
        certificate,
        status.signer_reported_dt,
        tuple(problem for problem, passed in every if not passed),
        stamped_at=stamp.timestamp if stamp is not None and stamped else None,
        stamped_by=Certificate.from_der(stamp.signing_cert.dump()).name if stamp is not None else "",
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


def _is_stamped_over(reader: PdfFileReader, embedded: EmbeddedPdfSignature) -> bool:
    """Tell whether a time stamp over the whole document came after a signature."""
    return any(each.signed_revision > embedded.signed_revision for each in reader.embedded_timestamp_signatures)


def _serves(reader: PdfFileReader, embedded: EmbeddedPdfSignature) -> bool:
    """Tell whether what came after the last signature validates it: a time stamp over all, or issuers and revocation."""
    stamps = list(reader.embedded_timestamp_signatures)
    if _is_stamped_over(reader, embedded):
        return stamps[-1].evaluate_signature_coverage() == SignatureCoverageLevel.ENTIRE_FILE
    later = range(embedded.signed_revision + 1, reader.xrefs.total_revisions)
    return len(later) == 1 and only_stores(reader, later[0])


def _authorities(message: SignedData) -> Any:
    """Take the authorities that stamped a message as the roots; who certifies them is another question."""
    (info,) = message["signer_infos"]
    tokens = extract_tst_data_iter(info, signed=False)
    return trusting(*(extract_certificate_info(token).signer_cert for token in tokens))


def _is_stamp_intact(embedded: EmbeddedPdfSignature, data: bytes) -> bool:
    """Tell whether a time stamp over a whole document is of these bytes, and only more of its kind came after it."""
    status = wait_for(async_validate_pdf_timestamp(embedded, trusting(embedded.signer_cert)))
    return bool(status.intact and status.valid and status.trusted and _is_hole_sound(embedded, data))


def _is_hole_sound(embedded: EmbeddedPdfSignature, data: bytes) -> bool:
    """Tell whether the bytes that a signature leaves out hold the signature and nothing else."""
    _, start, end, _ = embedded.byte_range
    content = embedded.pkcs7_content
    return is_hexadecimal(data[start:end], content) and is_canonical(content)
