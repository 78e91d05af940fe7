"""What a lock freezes: the files of the plan, the code that will compute, and how much data there was on that day."""

from __future__ import annotations

import csv
import hashlib
import io
from pathlib import Path
from typing import Annotated

from pydantic import Field

from evaluation import __version__
from evaluation.assurance.provenance import git
from evaluation.assurance.provenance.crate import code_files
from evaluation.assurance.provenance.source import source_hashes
from evaluation.files import Hashes, hashes, read_bounded, reading
from evaluation.study.documents import Model
from evaluation.study.places import repository
from evaluation.study.protocol import Protocol

INTAKE = "intake.yml"
PLAN = ("protocol.yml", "contract.yml", "instrument.csv", INTAKE)
EXPORTS = "exports"
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class Code(Model):
    """What will compute: the version, the commit where git knows one, whether files differ from it, and their digest."""

    version: str
    commit: str | None
    modified: bool | None
    sha256: Sha256


class Data(Model):
    """What lay in the study: children, answers given by wave, survey files, and whether a follow-up was answered."""

    children: int
    answers: dict[str, int]
    exports: int
    after_data: bool


def plan_files(study: Path) -> Hashes:
    """Return the SHA-256 of each file of the plan that the study has."""
    return hashes(study, [name for name in PLAN if (study / name).is_file()])


def collected(study: Path, protocol: Protocol) -> Data:
    """Count what was collected so far. Survey files are counted, not read: they may hold answers of any wave."""
    children = {row.get("participant", "").strip() for row in _rows(study / "participants.csv")} - {""}
    given = [row.get("wave", "").strip() for row in _rows(study / "responses.csv") if row.get("value", "").strip()]
    answers = {wave.id: given.count(wave.id) for wave in protocol.waves}
    exports = study / EXPORTS
    return Data(
        children=len(children),
        answers=answers,
        exports=sum(path.is_file() for path in exports.rglob("*")) if exports.is_dir() else 0,
        after_data=any(answers[wave.id] for wave in protocol.follow_ups),
    )


def _rows(path: Path) -> list[dict[str, str]]:
    """Return the rows of a table that is perhaps not there yet, as text; a short row has empty cells."""
    if not path.exists():
        return []
    with reading(path.name):
        return list(csv.DictReader(io.StringIO(read_bounded(path, 100).decode("utf-8-sig"), newline=""), restval=""))


def code_here() -> Code:
    """Say which code this is; UserError where the package stands without its repository."""
    root = repository()
    return Code(
        version=__version__,
        commit=git.commit(root),
        modified=git.modified(root),
        sha256=code_digest(root),
    )


def code_digest(root: Path) -> str:
    """Return the SHA-256 over the lines `SHA-256  path` of notebooks, package and requirements."""
    listed = source_hashes(root, code_files(root))
    return hashlib.sha256("".join(f"{digest}  {name}\n" for name, digest in listed.items()).encode()).hexdigest()
