"""Verification: six questions a stranger asks of a report folder, and who stands behind its signature."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from io import BytesIO
from pathlib import Path
from typing import Any, Literal, get_args

import pikepdf
import yaml

from evaluation.assurance.certificates import Certificate, plain
from evaluation.assurance.crate import CODE, INPUT, code_files, read_crate, study_files
from evaluation.assurance.manifest import (
    CRATE,
    SIGNED_SUMS,
    SUMS,
    UNCOVERED,
    UNSIGNED_PDFS,
    Hashes,
    compare,
    files_in,
    hashes,
    read_bounded,
    read_sums,
    reading,
    signed_pdf,
    unsigned_pdf,
)
from evaluation.assurance.signature import Signature, read_signed_pdf, read_signed_sums
from evaluation.errors import UserError, VerificationFailed
from evaluation.language import LANGUAGES, Text, text

Verdict = Literal["valid", "invalid", "not available"]
Question = Literal["signature", "manifest_signature", "files", "crate_in_pdf", "inputs", "code"]

CONTRACT = "contract.yml"
COPIES = ("protocol.yml", CONTRACT)
KEYWORD = "crate-sha256:"

PASSED: dict[Question, Text] = {
    "signature": text("il rapporto in PDF è come fu firmato", "the PDF report is as it was signed"),
    "manifest_signature": text("l'elenco dei file è come fu firmato", "the list of files is as it was signed"),
    "files": text("i file sono quelli dei due elenchi", "the files are those of both lists"),
    "crate_in_pdf": text("il PDF cita questo documento di provenienza", "the PDF names this provenance document"),
    "inputs": text(
        "questi sono i dati che il rapporto cita; nulla è stato rieseguito",
        "these are the data that the report names; nothing was run again",
    ),
    "code": text(
        "questo è il codice che il rapporto cita; nulla è stato rieseguito",
        "this is the code that the report names; nothing was run again",
    ),
}
NOT_AVAILABLE: dict[Question, Text] = {
    "signature": text("il rapporto in PDF non è firmato", "the PDF report is not signed"),
    "manifest_signature": text("l'elenco dei file non è firmato", "the list of files is not signed"),
    "crate_in_pdf": text("non c'è un rapporto in PDF", "there is no PDF report"),
    "inputs": text("verifica senza i dati dello studio", "verified without the data of the study"),
    "code": text("verifica senza il codice", "verified without the code"),
}
DIFFERENT = text("alcuni file non sono quelli elencati", "some files are not those listed")
UNREADABLE = text("un file manca o non si può leggere", "a file is missing or cannot be read")
OTHER_IN_CONTRACT = text(
    "firmatario sconosciuto: il contratto indica un altro certificato",
    "signer unknown: the contract names another certificate",
)
OTHER_IN_PDF = text(
    "il rapporto e l'elenco dei file hanno certificati diversi",
    "the report and the list of files have different certificates",
)


@dataclass(frozen=True)
class Answer:
    """The answer to one question: the verdict, a sentence in both languages, and what it rests on."""

    question_id: Question
    verdict: Verdict
    summary: Text
    evidence: tuple[str, ...] = ()


@dataclass(frozen=True)
class Signer:
    """Who signed; known when the contract, which the signed sums cover, names this certificate for its evaluator."""

    status: Literal["known", "unknown", "none"]
    name: str = ""
    certificate: Certificate | None = None


@dataclass(frozen=True)
class Verification:
    """All answers, who signed, and the one line that may stand beside the report."""

    answers: tuple[Answer, ...]
    signer: Signer

    @property
    def ok(self) -> bool:
        """Tell whether no answer is invalid; an unsigned report may be ok, and its label says that it is unsigned."""
        return all(answer.verdict != "invalid" for answer in self.answers)

    @property
    def label(self) -> Text:
        """Return what may be said of the signature; never that it is valid without saying whose it is."""
        for answer in (self["signature"], self["manifest_signature"]):
            if answer.verdict == "invalid":
                reason = answer.summary
                return text(f"firma non valida: {reason['it']}", f"signature invalid: {reason['en']}")
        if self.signer.status == "none":
            return text("non firmato", "not signed")
        whose = _whose(self.signer)
        rest = text("", "") if self.ok else text("; altri controlli non superati", "; other checks failed")
        return text(f"firma valida{whose['it']}{rest['it']}", f"signature valid{whose['en']}{rest['en']}")

    def __getitem__(self, question_id: Question) -> Answer:
        """Return the answer to a question."""
        return next(answer for answer in self.answers if answer.question_id == question_id)


def verify_report(report: Path, *, code: Path | None = None, study: Path | None = None) -> Verification:
    """Answer each question about a report; what cannot be read is invalid, never an error.

    Parameters
    ----------
    report
        The report folder, from whoever sent it.
    code, study
        The root of the code and the study folder, for those who have them; without them a question is not available.

    Raises
    ------
    UserError
        There is no such folder.
    """
    for folder in (report, code, study):
        if folder is not None and not folder.is_dir():
            raise UserError(f"{folder}: no such folder. Give the folder of a report (reports/<study>), code or study.")
    examined = _Examination(report, code, study)
    answers = tuple(_ask(question_id, getattr(examined, question_id)) for question_id in get_args(Question))
    sound = all(answer.verdict == "valid" for answer in answers[:2])
    return Verification(answers, examined.signer(sound))


class _Examination:
    """One report under examination: what several questions need is read once."""

    def __init__(self, report: Path, code: Path | None, study: Path | None) -> None:
        self._report, self._code, self._study = report, code, study

    @cached_property
    def _pdfs(self) -> tuple[Signature, ...]:
        pairs = [(self._report / signed_pdf(each), self._report / unsigned_pdf(each)) for each in LANGUAGES]
        return tuple(read_signed_pdf(signed, unsigned) for signed, unsigned in pairs if _present(signed))

    @cached_property
    def _sums(self) -> tuple[Signature, ...]:
        signed = self._report / SIGNED_SUMS
        return (read_signed_sums(signed, self._report / SUMS),) if _present(signed) else ()

    @cached_property
    def _crate(self) -> Hashes:
        return read_crate(self._report)

    @cached_property
    def _parties(self) -> dict[str, str]:
        """The evaluator's names by the fingerprints that the contract gives."""
        if not _present(self._report / CONTRACT):
            return {}
        with reading(CONTRACT):
            contract: Any = yaml.safe_load(read_bounded(self._report / CONTRACT))
            parties = [party for party in contract.get("parties") or () if party.get("role") == "evaluator"]
            named = [(party.get("certificate_sha256"), plain(party.get("name") or "")) for party in parties]
            return {_digits(written): name for written, name in named if written is not None}

    def signature(self) -> Answer:
        if not self._pdfs and self._sums:
            raise VerificationFailed(f"{signed_pdf('it')}: missing, while {SIGNED_SUMS} is there.")
        named = not self._parties or all(pdf.certificate.fingerprint in self._parties for pdf in self._pdfs)
        return _about_signatures("signature", self._pdfs, [] if named else [OTHER_IN_CONTRACT])

    def manifest_signature(self) -> Answer:
        if self._pdfs and not self._sums:
            raise VerificationFailed(f"{SIGNED_SUMS}: missing, while the PDF report is signed.")
        certificates = {signature.certificate.fingerprint for signature in (*self._pdfs, *self._sums)}
        return _about_signatures("manifest_signature", self._sums, [OTHER_IN_PDF] if len(certificates) > 1 else [])

    def files(self) -> Answer:
        found = hashes(self._report, (name for name in files_in(self._report) if name not in UNCOVERED))
        described = {name: digest for name, digest in self._crate.items() if not name.startswith("#")}
        results = {name: digest for name, digest in found.items() if name not in UNSIGNED_PDFS | {CRATE}}
        lists = {SUMS: compare(read_sums(self._report), found), CRATE: compare(described, results)}
        wrong = (f"{difference} ({name})" for name, differences in lists.items() for difference in differences)
        return _about_files("files", wrong)

    def crate_in_pdf(self) -> Answer:
        pdfs = [self._report / name for name in sorted(UNSIGNED_PDFS) if _present(self._report / name)]
        if not pdfs:
            return _not_available("crate_in_pdf")
        expected = KEYWORD + hashlib.sha256(read_bounded(self._report / CRATE)).hexdigest()
        wrong = (f"{pdf.name}: {expected} is not among its keywords" for pdf in pdfs if expected not in _keywords(pdf))
        return _about_files("crate_in_pdf", wrong)

    def inputs(self) -> Answer:
        if self._study is None:
            return _not_available("inputs")
        found = hashes(self._study, study_files(self._study))
        copies = hashes(self._report, (name for name in files_in(self._report) if name in COPIES))
        wrong_copies = (f"{name}: the copy in the report differs" for name in copies if copies[name] != found.get(name))
        return _about_files("inputs", (*map(str, compare(self._listed(INPUT), found)), *wrong_copies))

    def code(self) -> Answer:
        if self._code is None:
            return _not_available("code")
        found = hashes(self._code, code_files(self._code))
        return _about_files("code", map(str, compare(self._listed(CODE), found)))

    def signer(self, sound: bool) -> Signer:
        """Name the signer; `sound` says that both signatures are valid and of one certificate."""
        try:
            certificate = next(signature.certificate for signature in (*self._pdfs, *self._sums))
            contract = hashes(self._report, [CONTRACT]).get(CONTRACT) if self._parties else None
            covered = contract is not None and read_sums(self._report).get(CONTRACT) == contract
        except StopIteration:
            return Signer("none")
        except (UserError, OSError):
            return Signer("unknown")
        if sound and covered and certificate.fingerprint in self._parties and not certificate.demonstration:
            return Signer("known", self._parties[certificate.fingerprint] or certificate.name, certificate)
        return Signer("unknown", certificate.name, certificate)

    def _listed(self, prefix: str) -> Hashes:
        return {name.removeprefix(prefix): digest for name, digest in self._crate.items() if name.startswith(prefix)}


def _ask(question_id: Question, answer: Callable[[], Answer]) -> Answer:
    """Put a question; a file that is absent or unreadable answers it with invalid."""
    try:
        return answer()
    except UserError as error:
        return Answer(question_id, "invalid", UNREADABLE, (str(error),))
    except OSError as error:
        return Answer(question_id, "invalid", UNREADABLE, (f"{Path(error.filename or '').name}: {error.strerror}",))


def _not_available(question_id: Question) -> Answer:
    return Answer(question_id, "not available", NOT_AVAILABLE[question_id])


def _about_files(question_id: Question, wrong: Iterable[str]) -> Answer:
    """Answer from the files that are not as they should be."""
    evidence = tuple(wrong)
    summary = DIFFERENT if evidence else PASSED[question_id]
    return Answer(question_id, "invalid" if evidence else "valid", summary, evidence)


def _about_signatures(question_id: Question, signatures: Sequence[Signature], others: Sequence[Text]) -> Answer:
    """Answer from the signatures of one kind, their own problems and `others`."""
    if not signatures:
        return _not_available(question_id)
    problems = [*(problem for signature in signatures for problem in signature.problems), *others]
    evidence = tuple(line for signature in signatures for line in _evidence(signature))
    summary = problems[0] if problems else PASSED[question_id]
    return Answer(question_id, "invalid" if problems else "valid", summary, evidence)


def _evidence(signature: Signature) -> tuple[str, ...]:
    """Say what was found, and what was not looked into."""
    certificate = signature.certificate
    when = f"{signature.signed_at:%Y-%m-%d %H:%M %Z}" if signature.signed_at else "no time"
    return (
        f"{signature.file}: signed by {certificate.name}, {when} by the signer's own clock",
        f"{signature.file}: certificate SHA-256 {certificate.fingerprint}, issued by {certificate.issuer}; "
        "the issuer and revocation are not assessed here",
        *(f"{signature.file}: {problem['en']}" for problem in signature.problems),
    )


def _whose(signer: Signer) -> Text:
    if signer.certificate is not None and signer.certificate.demonstration:
        return text(" (dimostrazione)", " (demonstration)")
    if signer.status == "known":
        return text(
            f", firmatario {signer.name} (valutatore secondo il contratto in questa cartella)",
            f", signer {signer.name} (evaluator by the contract in this folder)",
        )
    return text(", firmatario sconosciuto", ", signer unknown")


def _present(path: Path) -> bool:
    """Tell whether a name is taken, be it by a link that leads nowhere."""
    return path.exists() or path.is_symlink()


def _digits(fingerprint: str) -> str:
    """Return a fingerprint without the colons and spaces that viewers put into it."""
    return fingerprint.replace(":", "").replace(" ", "").lower()


def _keywords(pdf: Path) -> tuple[str, ...]:
    with reading(pdf.name), pikepdf.open(BytesIO(read_bounded(pdf, 256))) as document:
        return tuple(str(document.docinfo.get("/Keywords", "")).replace(",", " ").split())
