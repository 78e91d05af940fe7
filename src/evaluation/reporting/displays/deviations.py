"""Section 17 of the report: when the plan was frozen, and what changed since."""

from __future__ import annotations

from pathlib import Path

from evaluation.assurance.lock.lock import LockState, compare_lock
from evaluation.language import Language, Text, text
from evaluation.publishing.exhibits import Sentence
from evaluation.reporting.displays.prose import plain

NOT_LOCKED = text(
    "Il protocollo di questo studio non è stato bloccato (evaluation lock): l'analisi segue il protocollo pubblicato accanto "
    "a questo rapporto, e che fosse scritto prima dei dati non si può dimostrare.",
    "The protocol of this study was not locked (evaluation lock): the analysis follows the protocol published beside this "
    "report, and that it was written before the data cannot be shown.",
)
NO_CHANGE = text("Da allora il piano non è cambiato.", "Since then the plan has not changed.")


def section(raw: Path, language: Language) -> Sentence:
    """Say of a study folder what its lock shows."""
    return deviations(compare_lock(raw), language)


@plain
def deviations(state: LockState, language: Language) -> str:
    """Say when the plan was locked, by whose clock, whether answers lay there, what was amended and what differs."""
    if not state.locked:
        return NOT_LOCKED[language]
    said = [_locked(state), *_amended(state), *_differences(state)]
    if not state.amendments and not state.differences:
        said.append(NO_CHANGE)
    return " ".join(words[language] for words in said)


def _locked(state: LockState) -> Text:
    clock = (
        text(
            f"una marca temporale, qui non confermata, dice {state.stamped}",
            f"a time stamp, not confirmed here, says {state.stamped}",
        )
        if state.stamped
        else text("secondo l'orologio di chi l'ha bloccato", "by the clock of who locked it")
    )
    after = (
        text(
            "Le risposte della rilevazione finale c'erano già: il blocco non prova che il piano venisse prima.",
            "Answers of a later wave were there already: the lock does not prove that the plan came first.",
        )
        if state.after_data
        else text(
            "Di rilevazioni successive alla prima non c'erano risposte.", "No wave after the first had answers yet."
        )
    )
    return text(
        f"Protocollo, contratto e questionario sono stati bloccati il {state.date}; {clock['it']}. {after['it']}",
        f"Protocol, contract and questionnaire were locked on {state.date}; {clock['en']}. {after['en']}",
    )


def _amended(state: LockState) -> list[Text]:
    """One sentence for each amendment: when, what, why, and whether answers lay there."""
    late = text(", a risposte già raccolte", ", with answers already collected")
    return [
        text(
            f"Emendato il {one.date}{late['it'] if one.after_data else ''} ({_files(one.changes)}): {one.reason}",
            f"Amended on {one.date}{late['en'] if one.after_data else ''} ({_files(one.changes)}): {one.reason}",
        )
        for one in state.amendments
    ]


def _differences(state: LockState) -> list[Text]:
    if not state.differences:
        return []
    listed = _files(state.differences)
    return [
        text(
            f"Questi file non sono quelli dell'ultimo blocco, e nessun emendamento lo spiega: {listed}.",
            f"These files are not those of the last lock, and no amendment explains it: {listed}.",
        )
    ]


def _files(differences: tuple[str, ...]) -> str:
    """Return the names in differences such as `protocol.yml: changed`."""
    return ", ".join(difference.partition(":")[0] for difference in differences)
