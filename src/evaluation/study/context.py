"""context.yml: who may see what the public report may not, and why."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, field_validator

from evaluation.study.documents import Bilingual, Model, refuse, twice

KEY = r"^age1[02-9ac-hj-np-z]{58}$"  # Bech32 of a public key of age


class Reanalyst(Model):
    """A person or body that may have the confidential annex: its public key of age, and on which legal basis."""

    name: Annotated[str, Field(min_length=1, max_length=200)]
    recipient: Annotated[str, Field(pattern=KEY)]
    legal_basis: Bilingual


class Context(Model):
    """The context of a study, format 1; the sections beside the re-analysts are read by nobody yet."""

    format: Literal[1]
    reanalysts: tuple[Reanalyst, ...] = ()
    intervention: Any = None
    comparison: Any = None
    allocation: Any = None
    eligibility: Any = None
    partners: Any = None
    prior_evidence: Any = None
    ethics: Any = None
    observations: Any = None
    funders: Any = None
    payments_elsewhere: Any = None

    @field_validator("reanalysts")
    @classmethod
    def _once(cls, reanalysts: tuple[Reanalyst, ...]) -> tuple[Reanalyst, ...]:
        refuse(twice([one.recipient for one in reanalysts], after=("recipient",)))
        return reanalysts
