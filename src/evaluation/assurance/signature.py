"""Signatures of a report, made and read: PAdES on the evaluator's PDF, CAdES on the sums."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar, cast

import typst
from asn1crypto.cms import ContentInfo
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.layout import AxisAlignment, InnerScaling, SimpleBoxLayoutRule
from pyhanko.pdf_utils.misc import PdfError
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign import PdfSignatureMetadata, PdfSigner
from pyhanko.sign.diff_analysis import ModificationLevel
from pyhanko.sign.fields import MDPPerm, SigFieldSpec, SigSeedSubFilter, append_signature_field, enumerate_sig_fields
from pyhanko.sign.general import SigningError, extract_certificate_info
from pyhanko.sign.signers.pdf_cms import PdfCMSSignedAttributes
from pyhanko.sign.validation import SignatureCoverageLevel, async_validate_cms_signature, async_validate_pdf_signature
from pyhanko.sign.validation.generic_cms import extract_self_reported_ts
from pyhanko.sign.validation.status import StandardCMSSignatureStatus
from pyhanko.stamp import StaticStampStyle
from pyhanko_certvalidator import ValidationContext

from evaluation.assurance.certificates import DEMONSTRATION, Certificate, Credentials
from evaluation.assurance.manifest import (
    SIGNATURE_BOX,
    SIGNED_SUMS,
    SUMS,
    check_sums,
    read_bounded,
    reading,
    signed_pdf,
    unsigned_pdf,
)
from evaluation.errors import UserError, VerificationFailed
from evaluation.language import Language, Text, text

FIELD = "Signature1"

TITLE = text("Firma del valutatore indipendente", "Signature of the independent evaluator")
SIGNED_BY = text("Firmato da", "Signed by")
ROLE = text("Ruolo: valutatore indipendente", "Role: independent evaluator")
SIGNED_AT = text("Data e ora (UTC)", "Date and time (UTC)")

# Names reach Typst as input strings, which it sets as they are: no markup in a certificate can act.
_STAMP = b"""
#set page(width: 442pt, height: 74pt, margin: 0pt)
#set text(size: 9pt)
#rect(width: 100%, height: 100%, stroke: 0.5pt, inset: 8pt, {
  let line(key) = block(spacing: 5pt, sys.inputs.at(key))
  line("signed_by")
  line("role")
  line("signed_at")
  strong(line("warning"))
})
"""

NOT_INTACT = text("la firma non corrisponde al contenuto", "the signature does not match the content")
NOT_FIT = text(
    "il certificato non serviva a firmare in quella data", "the certificate did not serve to sign at that time"
)
NOT_PREFIX = text(
    "il documento firmato non è quello non firmato di questa cartella",
    "the signed document is not the unsigned one of this folder",
)
UPDATED = text("il documento è stato modificato dopo la firma", "the document was changed after it was signed")
OTHER_SUMS = text(f"il contenuto firmato non è {SUMS}", f"the signed content is not {SUMS}")

# pyHanko logs, traceback and all, what we report in words.
for _name in ("pyhanko", "pyhanko_certvalidator"):
    logging.getLogger(_name).addHandler(logging.NullHandler())

_Result = TypeVar("_Result")


@dataclass(frozen=True)
class Signature:
    """One signature as read: by which certificate, when by the signer's own clock, and what is wrong with it."""

    file: str
    certificate: Certificate
    signed_at: datetime | None
    problems: tuple[Text, ...]


def sign_report(
    report: Path, credentials: Credentials, *, languages: Sequence[Language] = ("it",), provenance: str
) -> list[Path]:
    """Sign the evaluator's report in each language, and the sums.

    Parameters
    ----------
    report
        A report folder that agrees with its `SHA256SUMS`.
    provenance
        Of the study: `synthetic`, `public` or `real`; a real study takes no demonstration signature.

    Returns
    -------
    The files written: `evaluator-report.<language>.signed.pdf` for each language, then `SHA256SUMS.p7m`.

    Raises
    ------
    UserError
        The credentials do not serve, the report differs from its sums, or a PDF cannot be signed. Nothing is written.
    """
    now = datetime.now(UTC)
    credentials.check(provenance, now)
    _check_report(report, languages)
    # Everything is made beside the report first: no half-signed report, no stray file inside it.
    with TemporaryDirectory(dir=report.resolve().parent, prefix=".signing-") as scratch:
        drafts = [Path(scratch) / signed_pdf(language) for language in languages]
        for language, draft in zip(languages, drafts, strict=True):
            draft.write_bytes(_signed_pdf(report / unsigned_pdf(language), credentials, language, now))
        sums = Path(scratch) / SIGNED_SUMS
        sums.write_bytes(_signed_sums(read_bounded(report / SUMS), credentials, now))
        return [draft.replace(report / draft.name) for draft in (*drafts, sums)]


def read_signed_pdf(signed: Path, unsigned: Path) -> Signature:
    """Read the one signature of a PDF and hold it against the unsigned bytes; VerificationFailed if there is none."""
    original, data = read_bounded(unsigned, 256), read_bounded(signed, 256)
    with reading(signed.name):
        found = PdfFileReader(BytesIO(data)).embedded_signatures
        if len(found) != 1:
            raise VerificationFailed(f"{signed.name}: found {len(found)} signatures, expected one.")
        status = wait_for(async_validate_pdf_signature(found[0], _trusting(found[0].signer_cert)))
        _, start, end, _ = found[0].byte_range
        content = found[0].pkcs7_content
        untouched = (
            status.coverage == SignatureCoverageLevel.ENTIRE_FILE,
            status.modification_level == ModificationLevel.NONE and bool(status.docmdp_ok),
            _is_hexadecimal(data[start:end], content) and _is_canonical(content),
        )
        checks = ((NOT_PREFIX, data.startswith(original)), (UPDATED, all(untouched)))
        return _signature(signed.name, status, status.signer_reported_dt, checks)


def read_signed_sums(signed: Path, sums: Path) -> Signature:
    """Read the signature around the sums and hold its content against them; VerificationFailed if it is none."""
    original, data = read_bounded(sums), read_bounded(signed)
    with reading(signed.name):
        content = ContentInfo.load(data, strict=True)["content"]
        signer = extract_certificate_info(content).signer_cert
        status = wait_for(
            async_validate_cms_signature(
                content, status_cls=StandardCMSSignatureStatus, validation_context=_trusting(signer)
            )
        )
        same = content["encap_content_info"]["content"].native == original and _is_canonical(data)
        when = extract_self_reported_ts(content["signer_infos"][0])
        return _signature(signed.name, status, when, ((OTHER_SUMS, same),))


def wait_for(work: Coroutine[object, object, _Result]) -> _Result:
    """Run a coroutine to its end, also where an event loop already runs, as it does in a notebook."""
    with ThreadPoolExecutor(max_workers=1) as threads:
        return threads.submit(asyncio.run, work).result()


def _trusting(certificate: Any) -> ValidationContext:
    """Take the signer's own certificate as the root: who issued it is another question, asked of the contract."""
    return ValidationContext(trust_roots=[certificate], allow_fetching=False)


def _is_canonical(data: bytes) -> bool:
    """Tell whether a CMS message is in DER, padded with zeros only, in all that no signature covers."""
    content = ContentInfo.load(data)["content"]
    der: bytes = ContentInfo({"content_type": "signed_data", "content": content}).dump()
    (signer,) = content["signer_infos"]
    plain = content["version"].native == signer["version"].native == "v1"
    same = content["digest_algorithms"].native == [signer["digest_algorithm"].native]
    return plain and same and data.startswith(der) and not data[len(der) :].strip(b"\0")


def _is_hexadecimal(hole: bytes, content: bytes) -> bool:
    """Tell whether the part of a PDF that its signature leaves out is the signature itself, in digits of one case."""
    return hole[:1] + hole[-1:] == b"<>" and hole[1:-1].decode() in (content.hex(), content.hex().upper())


def _signature(
    file: str, status: StandardCMSSignatureStatus, when: datetime | None, checks: Sequence[tuple[Text, bool]]
) -> Signature:
    certificate = Certificate.from_der(status.signing_cert.dump())
    genuine = status.intact and status.valid
    fit = status.bottom_line and when is not None and certificate.covers(when)
    every = ((NOT_INTACT, genuine), *checks, (NOT_FIT, fit or not genuine))
    return Signature(file, certificate, when, tuple(problem for problem, passed in every if not passed))


def _check_report(report: Path, languages: Sequence[Language]) -> None:
    """Refuse to sign what is not there or is not what the run wrote."""
    for name in (SUMS, *map(unsigned_pdf, languages)):
        if not (report / name).is_file():
            raise UserError(f"{name}: missing in {report.name}. Complete the run (evaluation run) before you sign.")
    differences = check_sums(report)
    if differences:
        named = "; ".join(map(str, differences[:10])) + ("; …" if len(differences) > 10 else "")
        raise VerificationFailed(f"The report differs from its {SUMS}: {named}. Run again, then sign.")


def _signed_pdf(unsigned: Path, credentials: Credentials, language: Language, now: datetime) -> bytes:
    """Return the unsigned bytes and after them one update with the tagged field, its appearance, the signature."""
    try:
        # The line feed is for PDF/A: an update begins on a line of its own, and Typst ends its files without one.
        writer = IncrementalPdfFileWriter(BytesIO(read_bounded(unsigned, 256) + b"\n"))
        _add_tagged_field(writer, TITLE[language])
        with TemporaryDirectory() as scratch:
            stamp = Path(scratch) / "stamp.pdf"
            stamp.write_bytes(_stamp(credentials.certificate, language, now))
            signer = PdfSigner(_metadata(language), credentials.signer, stamp_style=_style(stamp))
            output: BytesIO = wait_for(signer.async_sign_pdf(writer, existing_fields_only=True))
        return output.getvalue()
    except (PdfError, SigningError, KeyError, IndexError, TypeError) as error:
        raise UserError(
            f"{unsigned.name}: cannot be signed ({error}). Expected a tagged PDF as evaluation run makes it, "
            "and a certificate for signing documents (non-repudiation)."
        ) from error


def _metadata(language: Language) -> PdfSignatureMetadata:
    return PdfSignatureMetadata(
        field_name=FIELD,
        md_algorithm="sha256",
        subfilter=SigSeedSubFilter.PADES,
        certify=True,
        docmdp_permissions=MDPPerm.FILL_FORMS,
        reason=TITLE[language],
    )


def _add_tagged_field(writer: IncrementalPdfFileWriter, title: str) -> None:
    """Add an empty signature field that is part of the structure tree, as PDF/UA-1 (7.18.4) requires of a widget."""
    specification = SigFieldSpec(FIELD, on_page=-1, box=SIGNATURE_BOX, readable_field_name=title)
    append_signature_field(writer, specification)
    _, _, reference = next(enumerate_sig_fields(writer, with_name=FIELD))
    field = reference.get_object()
    page = field.raw_get("/P")
    pdf: Any = generic  # its constructors carry no types
    tree = writer.root["/StructTreeRoot"]
    document = tree["/K"][0]
    key = int(tree["/ParentTreeNextKey"])
    content = {"/Type": pdf.pdf_name("/OBJR"), "/Obj": reference, "/Pg": page}
    form = {
        "/Type": pdf.pdf_name("/StructElem"),
        "/S": pdf.pdf_name("/Form"),
        "/P": tree["/K"].raw_get(0),
        "/Pg": page,
        "/K": pdf.DictionaryObject(content),
    }
    element = writer.add_object(pdf.DictionaryObject(form))
    document["/K"].append(element)
    tree["/ParentTree"]["/Nums"].extend([pdf.NumberObject(key), element])
    tree["/ParentTreeNextKey"] = pdf.NumberObject(key + 1)
    field["/StructParent"] = pdf.NumberObject(key)
    for changed in (document["/K"], tree["/ParentTree"]["/Nums"], tree):
        writer.update_container(changed)


def _stamp(certificate: Certificate, language: Language, now: datetime) -> bytes:
    """Draw what the field shows, as a PDF of one page with its fonts inside."""
    lines = {
        "signed_by": f"{SIGNED_BY[language]}: {certificate.name}",
        "role": ROLE[language],
        "signed_at": f"{SIGNED_AT[language]}: {now:%Y-%m-%d %H:%M}",
        "warning": DEMONSTRATION if certificate.demonstration else "",
    }
    compiler = typst.Compiler(ignore_system_fonts=True)
    drawn = compiler.compile(
        _STAMP, format="pdf", sys_inputs=lines, pdf_standards=["a-2b"], pdf_tags=False, timestamp=0
    )
    return cast(bytes, drawn)


def _style(stamp: Path) -> StaticStampStyle:
    low = AxisAlignment.ALIGN_MIN
    as_drawn = SimpleBoxLayoutRule(x_align=low, y_align=low, inner_content_scaling=InnerScaling.NO_SCALING)
    return StaticStampStyle.from_pdf_file(
        str(stamp), border_width=0, background_opacity=1.0, background_layout=as_drawn
    )


def _signed_sums(sums: bytes, credentials: Credentials, now: datetime) -> bytes:
    """Return the sums inside a CAdES signature (DER), as `.p7m` files are."""
    signed = wait_for(
        credentials.signer.async_sign_general_data(
            sums,
            "sha256",
            detached=False,
            use_cades=True,
            signed_attr_settings=PdfCMSSignedAttributes(signing_time=now),
        )
    )
    der: bytes = signed.dump()
    return der
