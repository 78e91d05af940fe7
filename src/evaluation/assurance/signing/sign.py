"""Signatures of a report, made: PAdES on the evaluator's PDF, CAdES on the sums, by one signer or two in their order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory

from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.misc import PdfError
from pyhanko.sign import PdfSignatureMetadata, PdfSigner
from pyhanko.sign.ades.api import CAdESSignedAttrSpec, SignerAttrSpec
from pyhanko.sign.fields import MDPPerm, SigSeedSubFilter, enumerate_sig_fields
from pyhanko.sign.general import SigningError
from pyhanko.sign.signers.pdf_cms import PdfCMSSignedAttributes
from pyhanko.sign.signers.pdf_signer import DSSContentSettings, TimestampDSSContentSettings
from pyhanko.sign.timestamps import TimestampRequestError
from pyhanko_certvalidator.errors import PathError, ValidationError

from evaluation.assurance.provenance.manifest import check_sums
from evaluation.assurance.signatures.certificates import Credentials
from evaluation.assurance.signatures.fields import FIELD, ROLE, ROLES, Role
from evaluation.assurance.signatures.messages import both, claimed, stamped, wait_for
from evaluation.assurance.signatures.read import Signature, read_signed_pdf, read_signed_sums
from evaluation.assurance.signing.appearance import drawing, style
from evaluation.assurance.signing.authorities import Authorities
from evaluation.assurance.signing.held import held, put
from evaluation.errors import UserError, VerificationFailed
from evaluation.files import read_bounded
from evaluation.language import LANGUAGES, Language, Text, text
from evaluation.report_folder import SIGNED_SUMS, SUMS, signed_pdf, unsigned_pdf
from evaluation.study.documents import read_document
from evaluation.study.findings import Findings
from evaluation.study.protocol import Protocol

# What validates a signature comes before the time stamp over the document, so that nothing stands outside of it.
_STORED = DSSContentSettings(
    include_vri=False, next_ts_settings=TimestampDSSContentSettings(include_vri=False, update_before_ts=True)
)


@dataclass(frozen=True)
class _Hand:
    """Who signs now: with which key, in which role, at what time, stamped by whom."""

    credentials: Credentials
    role: Role
    moment: datetime
    authorities: Authorities | None


def sign_report(
    report: Path,
    credentials: Credentials,
    *,
    provenance: str | None = None,
    languages: Sequence[Language] | None = None,
    role: Role = "legal_representative",
    authorities: Authorities | None = None,
) -> list[Path]:
    """Sign the evaluator's report in each language, and the sums: all of them, or, whatever stops it, none.

    No run of the study goes on meanwhile, and all signed files belong to one run. What an earlier call left that was killed is
    finished or undone first; if it was this very signature, it is the one returned.

    The statistician signs first, if at all; the legal representative signs last, and locks. A demonstration is
    replaced by whoever signs next; any other signature is only ever followed.

    Parameters
    ----------
    report
        A report folder that agrees with its `SHA256SUMS`.
    provenance
        Of the study: `synthetic`, `public` or `real`; a real study takes no demonstration signature. By default as the
        report's own protocol says.
    languages
        By default those of the signature that this one follows, or Italian.
    authorities
        Who stamps the time, for a signature of level B-T or B-LTA.

    Returns
    -------
    The files written: `evaluator-report.<language>.signed.pdf` for each language, then `SHA256SUMS.p7m`.

    Raises
    ------
    UserError
        The credentials do not serve, a run is under way, the report differs from its sums, a signature would undo or
        contradict another, no time stamp came, or a PDF cannot be signed. Nothing is written.
    """
    hand = _Hand(credentials, role, datetime.now(UTC), authorities)
    with held(report) as hold:
        credentials.check(provenance or provenance_of(hold.folder), hand.moment)
        names = hold.finished
        if not _signed(hold.folder, names, credentials, role):
            names = put(hold.folder, _made(hold.folder, hand, languages))
        return [report / name for name in names]


def provenance_of(report: Path) -> str:
    """Return the provenance of the study that a report is of, by its protocol; `real` where that says nothing."""
    findings = Findings()
    protocol = read_document(report / "protocol.yml", Protocol, findings)
    findings.raise_errors()
    return protocol.study.provenance if protocol else "real"


def _signed(report: Path, finished: Sequence[str], credentials: Credentials, role: Role) -> bool:
    """Tell whether an earlier call that was killed made this very signature, now finished."""
    who = credentials.certificate.fingerprint
    every = [signature for read in signatures_present(report).values() for signature in read] if finished else []
    return any((signature.certificate.fingerprint, signature.role) == (who, role) for signature in every)


def _made(report: Path, hand: _Hand, languages: Sequence[Language] | None) -> dict[str, bytes]:
    """Return the signed files of a report, by name: each PDF, then the sums."""
    followed = languages_followed(report, hand.credentials, hand.role)
    chosen = _chosen(languages, followed)
    check_report(report, chosen)
    bases = {language: report / (signed_pdf if followed else unsigned_pdf)(language) for language in chosen}
    pdfs = {signed_pdf(each): _signed_pdf(base, hand, each, certify=not followed) for each, base in bases.items()}
    sums = _signed_sums(read_bounded(report / SUMS), hand)
    return {**pdfs, SIGNED_SUMS: both(read_bounded(report / SIGNED_SUMS), sums) if followed else sums}


def check_report(report: Path, languages: Sequence[Language]) -> None:
    """Refuse to sign what is not there or is not what the run wrote."""
    for name in (SUMS, *map(unsigned_pdf, languages)):
        if not (report / name).is_file():
            raise UserError(
                text(
                    f"{name}: manca in {report.name}. Completare l'elaborazione (evaluation run) prima di firmare.",
                    f"{name}: missing in {report.name}. Complete the run (evaluation run) before you sign.",
                )
            )
    differences = check_sums(report)
    if differences:
        named = "; ".join(map(str, differences[:10])) + ("; …" if len(differences) > 10 else "")
        raise VerificationFailed(
            text(
                f"Il rapporto differisce dal suo {SUMS}: {named}. Rieseguire l'elaborazione, poi firmare.",
                f"The report differs from its {SUMS}: {named}. Run again, then sign.",
            )
        )


def signatures_present(report: Path) -> dict[str, tuple[Signature, ...]]:
    """Return the signatures of each signed file in the report, by its name.

    Raises
    ------
    VerificationFailed
        One of the files cannot be read, or one of the PDF and the sums is signed without the other.
    """
    pdfs = [language for language in LANGUAGES if (report / signed_pdf(language)).exists()]
    if not pdfs and not (report / SIGNED_SUMS).exists():
        return {}
    read = {
        signed_pdf(language): read_signed_pdf(report / signed_pdf(language), report / unsigned_pdf(language))
        for language in pdfs
    }
    return read | {SIGNED_SUMS: read_signed_sums(report / SIGNED_SUMS, report / SUMS)}


def languages_followed(report: Path, credentials: Credentials, role: Role) -> tuple[Language, ...]:
    """Return the languages of the signature that a new one follows; none where it is the first."""
    present = signatures_present(report)
    every = [signature for read in present.values() for signature in read]
    demonstrations = all(signature.certificate.demonstration for signature in every)
    follows = {signature.role for signature in every} == set(ROLES[: ROLES.index(role)])
    if not every or (demonstrations and not (credentials.certificate.demonstration and follows)):
        return ()
    _may_follow(every, credentials, role)
    return tuple(language for language in LANGUAGES if signed_pdf(language) in present)


def _may_follow(every: Sequence[Signature], credentials: Credentials, role: Role) -> None:
    """Raise UserError if a signature in this role does not go after those that are there."""
    name, roles = every[0].certificate.name, {signature.role for signature in every}
    problems = [problem for signature in every for problem in signature.problems]
    same = credentials.certificate.fingerprint in {signature.certificate.fingerprint for signature in every}
    if {each.certificate.demonstration for each in every} != {credentials.certificate.demonstration}:
        why = text("una dimostrazione non vi si aggiunge", "a demonstration does not go with it")
    elif problems:
        why = problems[0]
    elif None in roles:
        why = text(
            "con un programma esterno: anche il secondo firmatario lo usi, e si importi il file (--import)",
            "by an outside program: the second signer uses it too, and the file is imported (--import)",
        )
    elif role in roles:
        why = text(f"già come {ROLE[role]['it'].lower()}", f"already as {ROLE[role]['en'].lower()}")
    elif ROLES[-1] in roles:
        why = text(
            "come legale rappresentante, che firma per ultimo e blocca il documento",
            "as legal representative, who signs last and locks the document",
        )
    elif same:
        why = text("e un certificato firma una volta sola", "and one certificate signs once only")
    else:
        return
    raise UserError(
        text(
            f"Il rapporto è firmato da {name}: {why['it']}. Nulla è cambiato; per ricominciare, spostare i file firmati.",
            f"The report is signed by {name}: {why['en']}. Nothing was changed; to start again, move its signed files.",
        )
    )


def _chosen(languages: Sequence[Language] | None, followed: tuple[Language, ...]) -> Sequence[Language]:
    """Return the languages to sign: the second signer signs what the first did."""
    if followed and languages is not None and set(languages) != set(followed):
        raise UserError(
            text(
                f"Il primo firmatario ha firmato {', '.join(followed)}: il secondo firma le stesse lingue.",
                f"The first signer signed {', '.join(followed)}: the second signs the same languages.",
            )
        )
    return followed or languages or ("it",)


def _signed_pdf(base: Path, hand: _Hand, language: Language, *, certify: bool) -> bytes:
    """Return the bytes of a PDF and after them one update with the field's appearance and the signature."""
    try:
        writer = IncrementalPdfFileWriter(BytesIO(read_bounded(base, 256)))
        if not any(name == FIELD[hand.role] for name, _, _ in enumerate_sig_fields(writer, filled_status=False)):
            raise SigningError("no empty signature field for this role")
        with TemporaryDirectory() as scratch:
            drawn = Path(scratch) / "field.pdf"
            drawn.write_bytes(drawing(hand.credentials.certificate, hand.role, language, hand.moment))
            signer = PdfSigner(
                _metadata(hand, language, certify=certify),
                hand.credentials.signer,
                timestamper=hand.authorities.timestamper if hand.authorities else None,
                stamp_style=style(drawn),
            )
            output: BytesIO = wait_for(signer.async_sign_pdf(writer, existing_fields_only=True))
        return output.getvalue()
    except TimestampRequestError as error:
        raise _no_time_stamp(error) from error
    except (PdfError, SigningError, PathError, ValidationError, KeyError, IndexError, TypeError) as error:
        why = error.__cause__ or error
        broken = isinstance(why, PathError | ValidationError)
        raise UserError(_no_chain(why) if broken else _not_to_be_signed(base.name, error)) from error


def _metadata(hand: _Hand, language: Language, *, certify: bool) -> PdfSignatureMetadata:
    """Return how a PDF is signed: after the last role nothing may change but what serves validation (ISO 32000-2, 12.8.2)."""
    validation = hand.authorities.validation() if hand.authorities else None
    return PdfSignatureMetadata(
        field_name=FIELD[hand.role],
        md_algorithm="sha256",
        subfilter=SigSeedSubFilter.PADES,
        certify=certify,
        docmdp_permissions=MDPPerm.NO_CHANGES if hand.role == ROLES[-1] else MDPPerm.FILL_FORMS,
        reason=ROLE[hand.role][language],
        cades_signed_attr_spec=_stating(hand.role),
        embed_validation_info=validation is not None,
        use_pades_lta=validation is not None,
        validation_context=validation,
        dss_settings=_STORED,
    )


def _stating(role: Role) -> CAdESSignedAttrSpec:
    return CAdESSignedAttrSpec(signer_attributes=SignerAttrSpec(claimed_attrs=[claimed(role)], certified_attrs=[]))


def _signed_sums(sums: bytes, hand: _Hand) -> bytes:
    """Return the sums inside a CAdES signature (DER), as `.p7m` files are."""
    attributes = PdfCMSSignedAttributes(signing_time=hand.moment, cades_signed_attrs=_stating(hand.role))
    signed: bytes = wait_for(
        hand.credentials.signer.async_sign_general_data(
            sums, "sha256", detached=False, use_cades=True, signed_attr_settings=attributes
        )
    ).dump()
    try:
        return stamped(signed, hand.authorities.timestamper) if hand.authorities else signed
    except TimestampRequestError as error:
        raise _no_time_stamp(error) from error


def _no_chain(why: BaseException) -> Text:
    return text(
        f"La catena dei certificati non regge ({why}). Controllare --issuers, o firmare senza.",
        f"The chain of certificates does not hold ({why}). Check --issuers, or sign without.",
    )


def _not_to_be_signed(name: str, error: Exception) -> Text:
    return text(
        f"{name}: non si può firmare ({error}). Atteso il PDF con i campi di firma di evaluation run, "
        "e un certificato per firmare documenti (non ripudio).",
        f"{name}: cannot be signed ({error}). Expected the PDF with signature fields of evaluation run, "
        "and a certificate for signing documents (non-repudiation).",
    )


def _no_time_stamp(error: Exception) -> UserError:
    return UserError(
        text(
            f"Nessuna marca temporale ({error}). Nulla è stato scritto; riprovare, o firmare senza --timestamp.",
            f"No time stamp came ({error}). Nothing was written; try again, or sign without --timestamp.",
        )
    )
