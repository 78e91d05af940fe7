"""A signature made by an outside program: taken in if it signs our exact bytes, and told what it is if it does not."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import pikepdf
from asn1crypto.cms import ContentInfo

from evaluation.assurance.signatures.certificates import REAL
from evaluation.assurance.signatures.read import Signature, read_signatures_of_pdf, read_signatures_of_sums
from evaluation.assurance.signing.held import held, put
from evaluation.assurance.signing.sign import check_report, provenance_of
from evaluation.errors import UserError
from evaluation.files import read_bounded, reading
from evaluation.language import LANGUAGES, Language, Text, text
from evaluation.report_folder import SIGNED_SUMS, SUMS, signed_pdf, unsigned_pdf

OTHER_BYTES = text(
    "contiene lo stesso testo in altri byte: il programma ha riscritto il documento invece di aggiungere la firma. "
    "Scegliere PAdES, senza conversione né compressione",
    "holds the same text in other bytes: the program rewrote the document instead of adding a signature to it. "
    "Choose PAdES, without conversion or compression",
)
REDRAWN = text(
    "nomina gli stessi risultati, ma le sue pagine sono disegnate da un altro programma. Firmare il file della cartella",
    "names the same results, but another program drew its pages. Sign the file of the folder",
)
OTHER_DOCUMENT = text("è un altro documento", "is another document")
NOT_KNOWN = text(
    f"non è né un PDF firmato né un .p7m di {SUMS}. Firmare il PDF in formato PAdES, e {SUMS} in formato CAdES (.p7m)",
    f"is neither a signed PDF nor a .p7m of {SUMS}. Sign the PDF as PAdES, and {SUMS} as CAdES (.p7m)",
)


def import_signed(report: Path, signed: Path, *, provenance: str | None = None) -> Path:
    """Take in a file that an outside program signed, under the name it has in the report.

    Parameters
    ----------
    report
        A report folder that agrees with its `SHA256SUMS`.
    signed
        The evaluator's report signed as PAdES, or `SHA256SUMS` signed as CAdES with its content inside (`.p7m`).
    provenance
        Of the study; by default as the report's own protocol says.

    Returns
    -------
    The file written.

    Raises
    ------
    UserError
        The file does not sign the exact bytes of this report, its signature does not hold, or it would replace
        another's. Nothing is written.
    """
    data = read_bounded(signed, 256)
    with held(report) as hold:
        folder = hold.folder
        name = _accepted(folder, signed.name, data, provenance or provenance_of(folder))
        put(folder, {name: data})
    return report / name


def _accepted(report: Path, given: str, data: bytes, provenance: str) -> str:
    """Return the name that a signed file has in the report; UserError if it may not be taken in."""
    if data.startswith(b"%PDF-"):
        name, original = _pdf_of(report, given, data)
        read = read_signatures_of_pdf(given, data, original)
    else:
        name, original = SIGNED_SUMS, _sums_of(report, given, data)
        read = read_signatures_of_sums(given, data, original)
    problems = [problem for signature in read for problem in signature.problems]
    if problems:
        raise _refused(given, problems[0])
    if provenance == "real" and any(signature.certificate.demonstration for signature in read):
        raise UserError(REAL)
    _replaces_nobody(report, name, read)
    return name


def _pdf_of(report: Path, name: str, data: bytes) -> tuple[str, bytes]:
    """Return the report that a signed PDF begins with, and the name it gets; say what it is where there is none."""
    languages = [language for language in LANGUAGES if (report / unsigned_pdf(language)).is_file()]
    check_report(report, languages)
    originals: dict[Language, bytes] = {each: read_bounded(report / unsigned_pdf(each), 256) for each in languages}
    for language, original in originals.items():
        if data.startswith(original):
            return signed_pdf(language), original
    with reading(name):
        likeness = _likeness(data)
    alike = [_likeness(original) for original in originals.values()]
    if likeness.pages in [each.pages for each in alike]:
        raise _refused(name, OTHER_BYTES)
    raise _refused(name, REDRAWN if likeness.crate in [each.crate for each in alike] else OTHER_DOCUMENT)


def _sums_of(report: Path, name: str, data: bytes) -> bytes:
    """Return the sums, if they are what the message carries; say what it carries if they are not."""
    check_report(report, ())
    sums = read_bounded(report / SUMS)
    try:
        content = ContentInfo.load(data, strict=True)["content"]["encap_content_info"]["content"].native
    except (ValueError, TypeError, KeyError) as error:
        raise _refused(name, NOT_KNOWN) from error
    if content == sums:
        return sums
    same = isinstance(content, bytes) and content.removeprefix(b"\xef\xbb\xbf").split() == sums.split()
    raise _refused(name, OTHER_BYTES if same else OTHER_DOCUMENT)


@dataclass(frozen=True)
class _Likeness:
    """What tells one document from another, however its file stores it: what its pages draw, which results it names."""

    pages: tuple[str, ...]
    crate: str


def _likeness(pdf: bytes) -> _Likeness:
    with pikepdf.open(BytesIO(pdf)) as document:
        drawn = (pikepdf.unparse_content_stream(pikepdf.parse_content_stream(page)) for page in document.pages)
        pages = tuple(hashlib.sha256(each).hexdigest() for each in drawn)
        return _Likeness(pages, str(document.docinfo.get("/Keywords", "none")))


def _replaces_nobody(report: Path, name: str, read: tuple[Signature, ...]) -> None:
    """Refuse to put a file over a signature that it does not contain, unless that is a demonstration."""
    path = report / name
    if not path.exists():
        return
    there = read_bounded(path, 256)
    if name == SIGNED_SUMS:
        found = read_signatures_of_sums(name, there, read_bounded(report / SUMS))
    else:
        found = read_signatures_of_pdf(name, there, there)
    kept = {signature.certificate.fingerprint for signature in read}
    lost = [each for each in found if each.certificate.fingerprint not in kept and not each.certificate.demonstration]
    if lost:
        who = lost[0].certificate.name
        raise UserError(
            text(
                f"{name}: è già firmato da {who}, la cui firma andrebbe persa. Importare un file che la contenga, "
                "o spostare prima quello che c'è.",
                f"{name}: is signed by {who} already, whose signature would be lost. Import a file that contains it, "
                "or move the one that is there first.",
            )
        )


def _refused(name: str, why: Text) -> UserError:
    return UserError(
        text(f"{name}: {why['it']}. Nulla è stato importato.", f"{name}: {why['en']}. Nothing was imported.")
    )
