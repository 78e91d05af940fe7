"""Who signed a report, and whether what they signed is still there: the signatures of all its files taken together."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import get_args

from evaluation.assurance.questions import FAILED, PASSED, UNREADABLE, Answer, not_available
from evaluation.assurance.signatures.chain import Chain, pdf_chains, sums_chains
from evaluation.assurance.signatures.read import NOT_FIT, NOT_STAMPED, SAME_ROLE, SAME_SIGNER, WRONG_ORDER
from evaluation.assurance.signatures.rendering import who_draws
from evaluation.assurance.signatures.trust import Trust
from evaluation.assurance.signing.signature import Signature, read_signed_pdf, read_signed_sums
from evaluation.assurance.verification.parties import (
    Parties,
    Signer,
    Standing,
    is_signed,
    names_another,
    parties_of,
    vouched,
)
from evaluation.errors import UserError, VerificationFailed
from evaluation.language import LANGUAGES, Text, text
from evaluation.report_folder import SIGNED_SUMS, SUMS, signed_pdf, unsigned_pdf

# what is wrong with who signed, and when; everything else that can be wrong is about the content signed
OF_SIGNERS = (NOT_FIT, NOT_STAMPED, SAME_ROLE, SAME_SIGNER, WRONG_ORDER)
OTHER_IN_CONTRACT = text(
    "firmatario sconosciuto: il contratto indica un altro certificato",
    "signer unknown: the contract names another certificate",
)
OTHER_IN_SUMS = text(
    "il rapporto e l'elenco dei file hanno certificati diversi",
    "the report and the list of files have different certificates",
)
UNCONFIRMED: dict[str, Text] = {
    "demonstration": text(
        "firma di dimostrazione: non prova nulla su chi ha firmato",
        "demonstration signature: proves nothing about who signed",
    ),
    "unknown": text(
        "nessuno conferma chi ha firmato (--trust, --study)", "nobody confirms who signed (--trust, --study)"
    ),
    "folder": text(
        "lo conferma solo questa cartella, che non può garantire per sé (--trust, --study)",
        "confirmed by this folder only, which cannot vouch for itself (--trust, --study)",
    ),
}
NO_ROOTS = text(
    "catena e revoca non verificate: indicare le radici con --trust", "chain and revocation not assessed: no --trust"
)


@dataclass(frozen=True)
class Signed:
    """The signatures of a report: those read, files that could not be, who vouches for each signer, what is wrong.

    `faults` are files unreadable or missing; `others` what is wrong with the signatures together. `signers` is empty
    where nothing was signed, or something is wrong.
    """

    signatures: tuple[Signature, ...]
    faults: tuple[Text, ...]
    others: tuple[Text, ...]
    signers: tuple[Signer, ...]
    chains: tuple[Chain, ...] | None

    @property
    def label(self) -> Text:
        """Say whether there is a signature, and whose it is."""
        if not self.signatures and not self.faults:
            return text("non firmato", "not signed")
        if self._weakest == "demonstration":
            return UNCONFIRMED["demonstration"]
        if all(each.standing == "unknown" for each in self.signers):
            return text("firma valida, firmatario sconosciuto", "signature valid, signer unknown")
        whose = _listed(self.signers)
        several = len(self.signers) > 1
        signer = text("firmatari" if several else "firmatario", "signers" if several else "signer")
        return text(f"firma valida, {signer['it']} {whose['it']}", f"signature valid, {signer['en']} {whose['en']}")

    @property
    def _weakest(self) -> Standing:
        """Return how well the signer is vouched for that is vouched for least."""
        standings = {each.standing for each in self.signers}
        return next((each for each in get_args(Standing) if each in standings), "unknown")

    def who(self) -> Answer:
        """Answer who signed, and whether the chain holds."""
        if not self.signatures and not self.faults:
            return not_available("signature")
        problems = [*self._problems(of_content=False), *self.others]
        followed = [line for chain in self.chains or () for line in chain.evidence]
        evidence = (*self.faults, *self._evidence(), *(followed or [NO_ROOTS]))
        verdicts = {chain.verdict for chain in self.chains or ()}
        if self.faults or problems or "invalid" in verdicts:
            summary = UNREADABLE if self.faults else (problems or [FAILED["signature"]])[0]
            return Answer("signature", "invalid", summary, evidence)
        if self._weakest in UNCONFIRMED or "not available" in verdicts:
            return not_available("signature", self._unconfirmed(), evidence)
        return Answer("signature", "valid", PASSED["signature"], evidence)

    def _unconfirmed(self) -> Text:
        """Say why nobody confirms who signed, or whom of several nobody confirms."""
        unknown = [each.name for each in self.signers if each.standing == "unknown"]
        if not unknown or len(unknown) == len(self.signers):
            return UNCONFIRMED.get(self._weakest, UNCONFIRMED["unknown"])
        names = ", ".join(unknown)
        return text(
            f"nessuno conferma un firmatario: {names} (--trust, --study)",
            f"nobody confirms one of the signers: {names} (--trust, --study)",
        )

    def unchanged(self) -> Answer:
        """Answer whether report and list are what was signed."""
        if not self.signatures and not self.faults:
            return not_available("unchanged")
        problems = self._problems(of_content=True)
        found = tuple(
            text(f"{each.file}: {problem['it']}", f"{each.file}: {problem['en']}")
            for each in self.signatures
            for problem in each.problems
            if problem not in OF_SIGNERS
        )
        if self.faults or problems:
            return Answer("unchanged", "invalid", UNREADABLE if self.faults else problems[0], (*self.faults, *found))
        return Answer("unchanged", "valid", PASSED["unchanged"], (*map(_level, self.signatures), who_draws()))

    def _problems(self, *, of_content: bool) -> list[Text]:
        every = [problem for each in self.signatures for problem in each.problems]
        return [problem for problem in every if (problem not in OF_SIGNERS) is of_content]

    def _evidence(self) -> Iterator[Text]:
        for each in self.signatures:
            yield _signed_by(each)
            yield _issued_by(each)
            if each.unconfirmed:
                yield _unconfirmed(each)
            for problem in each.problems:
                yield text(f"{each.file}: {problem['it']}", f"{each.file}: {problem['en']}")


def read_signed(report: Path, study: Path | None, trust: Trust | None) -> Signed:
    """Read every signature of a report; what cannot be read is kept as a fault, and answered as one."""
    faults: list[Text] = []
    pdfs = [
        each
        for code in LANGUAGES
        for each in _read(report / signed_pdf(code), report / unsigned_pdf(code), read_signed_pdf, trust, faults)
    ]
    sums = _read(report / SIGNED_SUMS, report / SUMS, read_signed_sums, trust, faults)
    faults += _missing(report)
    signatures = (*pdfs, *sums)
    claimed = _parties(report, faults) if signatures else {}
    known = _parties(study, faults) if study is not None and signatures else {}
    others = _together(pdfs, sums, (claimed, known))
    chains = _chains(report, trust, faults) if trust is not None and signatures and not faults else None
    sound = not faults and not others and not any(each.problems for each in signatures)
    folder = claimed if is_signed(report) else {}
    signers = vouched(signatures, chains or (), study=known, folder=folder) if sound else ()
    return Signed(signatures, tuple(faults), others, signers, chains)


def _read(
    signed: Path,
    original: Path,
    read: Callable[[Path, Path, Trust | None], tuple[Signature, ...]],
    trust: Trust | None,
    faults: list[Text],
) -> tuple[Signature, ...]:
    if not _present(signed):
        return ()
    try:
        return read(signed, original, trust)
    except UserError as error:
        faults.append(error.message)
        return ()


def _missing(report: Path) -> Iterator[Text]:
    """Name the signature that was taken out, where another one was left."""
    pdfs = any(_present(report / signed_pdf(code)) for code in LANGUAGES)
    sums = _present(report / SIGNED_SUMS)
    if sums and not pdfs:
        name, other = signed_pdf(LANGUAGES[0]), SIGNED_SUMS
        yield text(f"{name}: manca, mentre {other} c'è", f"{name}: missing, while {other} is there")
    if pdfs and not sums:
        yield text(
            f"{SIGNED_SUMS}: manca, mentre il PDF è firmato", f"{SIGNED_SUMS}: missing, while the PDF report is signed"
        )


def _together(pdfs: list[Signature], sums: tuple[Signature, ...], contracts: tuple[Parties, ...]) -> tuple[Text, ...]:
    """Return what is wrong with the signatures of several files together: all have the same signers."""
    files = {each.file for each in (*pdfs, *sums)}
    signers = {file: {each.certificate.fingerprint for each in (*pdfs, *sums) if each.file == file} for file in files}
    of_sums = signers.pop(SIGNED_SUMS, set())
    every = (*signers.values(), *([of_sums] if sums else ()))
    checks = (
        (OTHER_IN_CONTRACT, any(names_another(parties, every) for parties in contracts)),
        (OTHER_IN_SUMS, bool(sums) and any(of_sums != found for found in signers.values())),
    )
    return tuple(problem for problem, found in checks if found)


def _chains(report: Path, trust: Trust, faults: list[Text]) -> tuple[Chain, ...]:
    signed = [report / name for name in (*map(signed_pdf, LANGUAGES), SIGNED_SUMS) if _present(report / name)]
    found: list[Chain] = []
    for path in signed:
        try:
            found += sums_chains(path, trust) if path.name == SIGNED_SUMS else pdf_chains(path, trust)
        except UserError as error:
            faults.append(error.message)
    return tuple(found)


def _parties(folder: Path, faults: list[Text]) -> Parties:
    """Return whom the contract in a folder names; what cannot be read is a fault."""
    try:
        return parties_of(folder)
    except VerificationFailed as error:
        faults.append(error.message)
        return {}


def _listed(signers: tuple[Signer, ...]) -> Text:
    """Name the signers, each with whoever says so."""
    return text(
        ", ".join(f"{each.name} ({each.because['it']})" for each in signers),
        ", ".join(f"{each.name} ({each.because['en']})" for each in signers),
    )


def _present(path: Path) -> bool:
    """Tell whether a name is taken, be it by a link that leads nowhere."""
    return path.exists() or path.is_symlink()


def _signed_by(signature: Signature) -> Text:
    name, file = signature.certificate.name, signature.file
    if signature.stamped_at is not None:
        when = f"{signature.stamped_at:%Y-%m-%d %H:%M %Z}"
        return text(
            f"{file}: firmato da {name}, {when} secondo {signature.stamped_by}",
            f"{file}: signed by {name}, {when} according to {signature.stamped_by}",
        )
    when = f"{signature.signed_at:%Y-%m-%d %H:%M %Z}" if signature.signed_at else "?"
    return text(
        f"{file}: firmato da {name}, {when} secondo l'orologio di chi firma",
        f"{file}: signed by {name}, {when} by the signer's own clock",
    )


def _unconfirmed(signature: Signature) -> Text:
    """Say that a stamp counts for nothing, and not whose name it bears: anybody can put one there, under any name."""
    file = signature.file
    return text(
        f"{file}: una marca non confermata: nessuna catena porta la sua autorità a una radice indicata",
        f"{file}: an unconfirmed stamp: no chain leads from its authority to a root given",
    )


def _issued_by(signature: Signature) -> Text:
    certificate, file = signature.certificate, signature.file
    ended = f"{certificate.not_after:%Y-%m-%d}"
    expired = certificate.not_after < datetime.now(UTC)
    until = text("scaduto il", "expired on") if expired else text("valido fino al", "valid until")
    return text(
        f"{file}: certificato SHA-256 {certificate.fingerprint}, emesso da {certificate.issuer}, {until['it']} {ended}",
        f"{file}: certificate SHA-256 {certificate.fingerprint}, issued by {certificate.issuer}, {until['en']} {ended}",
    )


def _level(signature: Signature) -> Text:
    return text(
        f"{signature.file}: livello {signature.level}, nulla dopo la firma che non le serva",
        f"{signature.file}: level {signature.level}, nothing after the signature but what serves it",
    )
