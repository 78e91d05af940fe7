"""Who stands behind each signer: the contract in the report's folder, that of the reader's study, a root, or nobody."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from evaluation.assurance.provenance.manifest import read_sums
from evaluation.assurance.signatures.certificates import plain
from evaluation.assurance.signatures.chain import Chain
from evaluation.assurance.signing.signature import Signature
from evaluation.assurance.verification.inputs import CONTRACT
from evaluation.errors import UserError
from evaluation.files import hashes, read_bounded, reading
from evaluation.language import Text, text
from evaluation.study.documents import read_value

Standing = Literal["demonstration", "unknown", "folder", "study", "trusted"]
"""From the least to the most; a demonstration beside another signature makes all of it a demonstration."""

EVALUATOR = "evaluator"
IN_FOLDER = text("secondo il contratto in questa cartella", "by the contract in this folder")
IN_STUDY = text("secondo il contratto dello studio", "by the contract of the study")
TRUSTED = text("la catena porta a una radice indicata", "the chain leads to a root given")
UNKNOWN = text("sconosciuto", "unknown")


@dataclass(frozen=True)
class Party:
    """One who signed the contract, as far as it names a certificate."""

    name: str
    role: str

    def by(self, where: Text) -> Text:
        """Say what the party is, and by which contract."""
        is_evaluator = self.role == EVALUATOR
        what = text("valutatore", "evaluator") if is_evaluator else text("parte", "party")
        return text(f"{what['it']} {where['it']}", f"{what['en']} {where['en']}")


Parties = Mapping[str, Party]
"""By the fingerprint of their certificate."""


@dataclass(frozen=True)
class Signer:
    """One who signed the report, and who says so, in words."""

    name: str
    standing: Standing
    because: Text


def parties_of(folder: Path) -> Parties:
    """Return the parties whose certificate the contract in a folder names; none where there is no contract.

    Raises
    ------
    VerificationFailed
        The contract cannot be read.
    """
    path = folder / CONTRACT
    if not (path.exists() or path.is_symlink()):
        return {}
    with reading(CONTRACT):
        contract: Any = read_value(read_bounded(path).decode("utf-8-sig"))
        named = [party for party in contract.get("parties") or () if party.get("certificate_sha256") is not None]
        return {
            _digits(party["certificate_sha256"]): Party(plain(party.get("name") or ""), plain(party.get("role") or ""))
            for party in named
        }


def is_signed(report: Path) -> bool:
    """Tell whether the contract in a report is the one whose sum was signed."""
    try:
        return read_sums(report).get(CONTRACT) == hashes(report, [CONTRACT])[CONTRACT]
    except UserError:
        return False


def names_another(parties: Parties, signers: Iterable[set[str]]) -> bool:
    """Tell whether a contract names its evaluator's certificate, and one of the files is signed by others only."""
    evaluators = {fingerprint for fingerprint, party in parties.items() if party.role == EVALUATOR}
    return bool(evaluators) and any(found.isdisjoint(evaluators) for found in signers)


def vouched(
    signatures: Iterable[Signature], chains: Iterable[Chain], *, study: Parties, folder: Parties
) -> tuple[Signer, ...]:
    """Return each signer once, in the order of signing, with whoever vouches best for that one."""
    followed = list(chains)
    broken = {chain.fingerprint for chain in followed if chain.verdict != "valid"}
    trusted = {chain.fingerprint for chain in followed} - broken
    certificates = {each.certificate.fingerprint: each.certificate for each in signatures}
    found = []
    for fingerprint, certificate in certificates.items():
        name = certificate.name
        if certificate.demonstration:
            found.append(Signer(name, "demonstration", UNKNOWN))
        elif fingerprint in study:
            party = study[fingerprint]
            found.append(Signer(party.name or name, "study", party.by(IN_STUDY)))
        elif fingerprint in trusted:
            found.append(Signer(name, "trusted", TRUSTED))
        elif fingerprint in folder:
            party = folder[fingerprint]
            found.append(Signer(party.name or name, "folder", party.by(IN_FOLDER)))
        else:
            found.append(Signer(name, "unknown", UNKNOWN))
    return tuple(found)


def _digits(fingerprint: str) -> str:
    """Return a fingerprint without the colons and spaces that viewers put into it."""
    return fingerprint.replace(":", "").replace(" ", "").lower()
