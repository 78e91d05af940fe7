"""The study as it lies here, held against the report and against its lock."""

from __future__ import annotations

from pathlib import Path

from evaluation.assurance.lock.lock import LockState
from evaluation.assurance.provenance.manifest import compare
from evaluation.assurance.questions import about_file
from evaluation.files import Hashes, files_in, hashes
from evaluation.language import Text, text
from evaluation.study.folder import study_files

CONTRACT = "contract.yml"
COPIES = ("protocol.yml", CONTRACT)


def input_problems(report: Path, study: Path, listed: Hashes, lock: LockState) -> tuple[Text, ...]:
    """Return how a study differs from what a report names, from the report's copies, and from its own lock."""
    found = hashes(study, study_files(study))
    copies = hashes(report, (name for name in files_in(report) if name in COPIES))
    lacking = [name for name in COPIES if name in found and name not in copies]
    others = [name for name, digest in copies.items() if digest != found.get(name)]
    return (
        *(about_file(difference.file, difference.kind) for difference in compare(listed, found)),
        *(
            text(f"{name}: la copia nel rapporto è diversa", f"{name}: the copy in the report differs")
            for name in others
        ),
        *(text(f"{name}: manca la copia nel rapporto", f"{name}: the report lacks its copy") for name in lacking),
        *(_unlocked(difference) for difference in lock.differences),
    )


def lock_evidence(state: LockState) -> tuple[Text, ...]:
    """Say when the plan was locked, by whose clock, whether answers lay there already, and what was amended since."""
    if not state.locked:
        return (text("lo studio non è bloccato (evaluation lock)", "the study is not locked (evaluation lock)"),)
    return (_locked(state), *_amended(state))


def _unlocked(difference: str) -> Text:
    return text(f"{difference} (rispetto al blocco)", f"{difference} (against the lock)")


def _locked(state: LockState) -> Text:
    clock = text("orologio della macchina", "the machine's own clock")
    if state.stamped and state.confirmed:
        clock = text(f"marca temporale del {state.stamped}", f"time stamp of {state.stamped}")
    elif state.stamped:
        clock = text(
            f"{clock['it']}; una marca non confermata dice {state.stamped}",
            f"{clock['en']}; an unconfirmed stamp says {state.stamped}",
        )
    after = (
        text("dopo le prime risposte finali", "after the first follow-up answers")
        if state.after_data
        else text("prima di ogni risposta finale", "before any follow-up answer")
    )
    return text(
        f"piano bloccato il {state.date} ({clock['it']}), {after['it']}",
        f"plan locked on {state.date} ({clock['en']}), {after['en']}",
    )


def _amended(state: LockState) -> tuple[Text, ...]:
    return tuple(
        text(
            f"emendato il {each.date}: {each.reason} ({', '.join(each.changes)})",
            f"amended on {each.date}: {each.reason} ({', '.join(each.changes)})",
        )
        for each in state.amendments
    )
