"""The lock of a study: what was planned, with which code, on which day, and which answers lay there already.

`STUDY/lock/` holds one file for each lock, `1.json`, `2.json`, …, never written again: the first freezes the plan, every
later one amends it, says why, and names the SHA-256 of the one before. `1.tsr` is a time stamp (RFC 3161) on `1.json`.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Literal

from pydantic import AwareDatetime, Field

from evaluation.assurance.lock.locked_plan import (
    INTAKE,
    Code,
    Data,
    Sha256,
    code_digest,
    code_here,
    collected,
    plan_files,
)
from evaluation.assurance.provenance.manifest import Difference, compare
from evaluation.assurance.signatures.stamps import Stamp
from evaluation.assurance.signatures.timestamp import read_timestamp
from evaluation.assurance.signatures.trust import Trust
from evaluation.errors import UserError, VerificationFailed
from evaluation.files import read_bounded, reading
from evaluation.language import text
from evaluation.study.contract import Contract
from evaluation.study.documents import Model, read_document
from evaluation.study.findings import Findings
from evaluation.study.instrument import read_instrument
from evaluation.study.places import repository
from evaluation.study.protocol import Protocol

FOLDER = "lock"


class Lock(Model):
    """One lock, as its file holds it."""

    format: Literal[1] = 1
    study: str
    number: int
    date: AwareDatetime
    reason: Annotated[str, Field(max_length=2000)] = ""
    previous: Sha256 | None = None
    files: dict[str, Sha256]
    code: Code
    data: Data


@dataclass(frozen=True)
class Amendment:
    """A later lock: when, why, which frozen files it changed ("protocol.yml: changed"), after the follow-up or before."""

    date: str
    reason: str
    changes: tuple[str, ...]
    after_data: bool


@dataclass(frozen=True)
class LockState:
    """How a study stands to its lock.

    date: day of the first lock, by the clock of the machine that wrote it (YYYY-MM-DD; empty: not locked);
    stamped: day of the first lock's time stamp, by the clock of who stamped it (empty: none); confirmed: the reader trusts
    who stamped it; differences: frozen files
    that are not as the latest lock has them ("protocol.yml: changed"); other_code: the code is not the locked one (None:
    no code here to compare); after_data: the first lock was written when a follow-up wave had answers; amendments: every
    later lock.
    """

    locked: bool
    date: str = ""
    stamped: str = ""
    confirmed: bool = False
    differences: tuple[str, ...] = ()
    other_code: bool | None = None
    after_data: bool = False
    amendments: tuple[Amendment, ...] = ()


def compare_lock(study: Path, trust: Trust | None = None) -> LockState:
    """Hold a study against its lock; `trust` is what may confirm who stamped it.

    Raises
    ------
    VerificationFailed : a lock cannot be read, is not the one that the next names, or is not what its time stamp covers.
    """
    locks = read_lock(study)
    if not locks:
        return LockState(locked=False)
    first, latest = locks[0], locks[-1]
    stamp, *_ = [_stamp(study, lock, trust) for lock in locks]
    return LockState(
        locked=True,
        date=f"{first.date.astimezone(dt.UTC):%Y-%m-%d}",
        stamped=f"{stamp.time:%Y-%m-%d}" if stamp is not None else "",
        confirmed=stamp is not None and stamp.confirmed,
        differences=tuple(map(str, _differences(study, latest))),
        other_code=_is_other_code(latest),
        after_data=first.data.after_data,
        amendments=tuple(_amendment(earlier, later) for earlier, later in pairwise(locks)),
    )


def read_lock(study: Path) -> tuple[Lock, ...]:
    """Return every lock of a study, the first one first; empty where it was never locked.

    Raises
    ------
    VerificationFailed : a lock cannot be read, one is missing, or one is not the one that the next names.
    """
    numbers = sorted(int(path.stem) for path in (study / FOLDER).glob("*.json") if path.stem.isdecimal())
    locks: list[Lock] = []
    previous = None
    for number in range(1, max(numbers, default=0) + 1):
        path = _file(study, number)
        name = f"{FOLDER}/{path.name}"
        content = read_bounded(path, 1)
        with reading(name):
            lock = Lock.model_validate_json(content)
        if (lock.number, lock.previous) != (number, previous):
            raise VerificationFailed(f"{name}: does not follow the lock before it. Put back the files as they were.")
        locks.append(lock)
        previous = hashlib.sha256(content).hexdigest()
    return tuple(locks)


def write_lock(
    study: Path, *, reason: str | None = None, now: dt.datetime | None = None,
    stamp: Callable[[bytes], bytes] | None = None,
) -> Lock:  # fmt: skip
    """Freeze the plan of a study: write the next file of `STUDY/lock/`.

    Parameters
    ----------
    study : the study folder; protocol, contract and instrument must be without errors, answers may be missing
    reason : why the plan is amended; None for the first lock
    now : the time to write; by default that of the machine
    stamp : takes the bytes of the lock and returns a time-stamp token on them, written beside

    Raises
    ------
    StudyDefects : the plan has errors. UserError : locked already (give a reason), or there is nothing to amend.
    """
    identity = _checked_plan(study)
    locks = read_lock(study)
    _may_lock(study, locks, reason)
    number = len(locks) + 1
    before = hashlib.sha256(_file(study, number - 1).read_bytes()).hexdigest() if locks else None
    lock = Lock(
        study=identity.study.id, number=number, date=(now or dt.datetime.now(dt.UTC)).replace(microsecond=0),
        reason=(reason or "").strip(), previous=before, files=plan_files(study), code=code_here(),
        data=collected(study, identity),
    )  # fmt: skip
    content = (lock.model_dump_json(indent=1) + "\n").encode()
    token = stamp(content) if stamp else None
    _write_once(_file(study, number), content, token)
    return lock


def _may_lock(study: Path, locks: tuple[Lock, ...], reason: str | None) -> None:
    if locks and reason is None:
        raise UserError(
            text(
                f'{study.name}: bloccato il {locks[0].date:%Y-%m-%d}. Per modificare il piano: --amend "il motivo".',
                f'{study.name}: locked on {locks[0].date:%Y-%m-%d}. To change the plan: --amend "the reason".',
            )
        )
    if not locks and reason is not None:
        raise UserError(
            text(
                f"{study.name}: non è bloccato, non c'è nulla da emendare. Usare lock senza --amend.",
                f"{study.name}: not locked, so there is nothing to amend. Use lock without --amend.",
            )
        )
    if reason is not None and not reason.strip():
        raise UserError(text("--amend: scrivere il motivo, per esteso.", "--amend: write the reason, in words."))
    if locks and locks[-1].files == plan_files(study) and not _is_other_code(locks[-1]):
        raise UserError(
            text(
                f"{study.name}: niente è cambiato dall'ultimo blocco.",
                f"{study.name}: nothing changed since the last lock.",
            )
        )


def _checked_plan(study: Path) -> Protocol:
    """Read what is to be frozen; StudyDefects with every error of it."""
    findings = Findings()
    protocol = read_document(study / "protocol.yml", Protocol, findings)
    if (study / "contract.yml").exists():
        read_document(study / "contract.yml", Contract, findings)
    read_instrument(study / "instrument.csv", findings)
    findings.raise_errors()
    if protocol is None:  # cannot be: what is unreadable left an error
        raise UserError(f"{study.name}: no protocol")
    return protocol


def _file(study: Path, number: int) -> Path:
    return study / FOLDER / f"{number}.json"


def _differences(study: Path, lock: Lock) -> tuple[Difference, ...]:
    """Return how the plan differs from a lock; how exports are read may be written down when they come."""
    joined = Difference("extra", INTAKE)
    return tuple(each for each in compare(lock.files, plan_files(study)) if each != joined)


def _stamp(study: Path, lock: Lock, trust: Trust | None) -> Stamp | None:
    """Return a lock's time stamp; None where it has none."""
    locked = _file(study, lock.number)
    token = locked.with_suffix(".tsr")
    return read_timestamp(token, locked, trust) if token.exists() else None


def _amendment(earlier: Lock, later: Lock) -> Amendment:
    changes = tuple(map(str, compare(earlier.files, later.files)))
    changes += ("code: changed",) if earlier.code.sha256 != later.code.sha256 else ()
    return Amendment(f"{later.date.astimezone(dt.UTC):%Y-%m-%d}", later.reason, changes, later.data.after_data)


def _is_other_code(lock: Lock) -> bool | None:
    """Tell whether the code is not the locked one; None where there is none to compare."""
    try:
        return code_digest(repository()) != lock.code.sha256
    except UserError:
        return None


def _write_once(path: Path, content: bytes, token: bytes | None) -> None:
    """Write a lock and its token; the lock appears last, whole, and never over another one."""
    path.parent.mkdir(exist_ok=True)
    with TemporaryDirectory(dir=path.parent, prefix=".writing-") as scratch:
        draft = Path(scratch, path.name)
        draft.write_bytes(content)
        if token is not None:
            draft.with_suffix(".tsr").write_bytes(token)
            draft.with_suffix(".tsr").replace(path.with_suffix(".tsr"))
        try:
            os.link(draft, path)
        except FileExistsError:
            raise UserError(f"{path.name}: another lock was written meanwhile. Look at it, then lock again.") from None
