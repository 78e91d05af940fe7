"""Children: their age, their consent, whether they answered, and whether their code may be somebody's name."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from evaluation.checks.found import finding, records
from evaluation.checks.kinds import KINDS
from evaluation.checks.questionnaires import Sheets
from evaluation.language import text
from evaluation.study.findings import NOTHING, Finding, Words
from evaluation.study.folder import CONSENT, Study
from evaluation.study.tables import has_digit

FILE = "participants.csv"
LONGEST_LIFE = (0.0, 110.0)  # completed years; what can be, where the protocol gives no ages


def empty_centres(study: Study) -> Iterator[Finding]:
    """Centres of the protocol at which no child is; told once the centre of every child is known."""
    centres, here = study.protocol.centres, set(study.participants["centre"])
    if not here <= {centres.treated, centres.comparison}:
        return
    action = text(
        "Aggiungere i partecipanti, o correggere il protocollo.", "Add the participants, or correct the protocol."
    )
    for centre in [centre for centre in (centres.treated, centres.comparison) if centre not in here]:
        expected = text(f"almeno un partecipante di {centre}", f"at least one participant of {centre}")
        yield Finding(KINDS["empty_centre"].level, "empty_centre", FILE, NOTHING, expected, action, column="centre")


def outside_population(study: Study) -> Iterator[Finding]:
    """Children whose age the programme was not meant for."""
    low, high = study.protocol.population.age or LONGEST_LIFE
    age = study.participants["age"]
    expected = text(f"da {low:g} a {high:g} anni compiuti", f"{low:g} to {high:g} completed years")
    action = text("Controllare la data di nascita.", "Check the date of birth.")
    column = "birth_date" if "birth_date" in study.participants else "age"
    for record in records(study.participants[(age < low) | (age > high)]):
        yield finding("age", FILE, record, column, Words.number(record["age"]), expected, action)


def answers_without_consent(study: Study) -> Iterator[Finding]:
    """Answers of children without consent and assent: not used, and to be deleted."""
    given = study.participants[[name for name in CONSENT if name in study.participants]]
    refusing = study.participants["participant"][given.eq(False).any(axis=1)]
    answers = study.responses[study.responses["participant"].isin(refusing)].drop_duplicates("participant")
    expected = text("nessuna risposta senza consenso e assenso", "no answer without consent and assent")
    action = text("Cancellare le risposte, o registrare il consenso.", "Delete the answers, or record the consent.")
    for record in records(answers):
        yield finding("consent", "responses.csv", record, "", Words("risposte", "answers"), expected, action)


def names_for_codes(study: Study) -> Iterator[Finding]:
    """Codes without a digit, which may be names: a code says nothing about a child."""
    expected = text("un codice con almeno una cifra", "a code with at least one digit")
    action = text(
        "Sostituire i nomi con codici: evaluation pseudonymise.",
        "Put codes in the place of names: evaluation pseudonymise.",
    )
    children = study.participants
    for record in records(children[[bool(code) and not has_digit(code) for code in children["participant"]]]):
        yield finding("name_like_code", FILE, record, "participant", record["participant"], expected, action)


def missing_sheets(study: Study, sheets: Sheets) -> Iterator[Finding]:
    """Consenting children without any answer, and those without answers at a wave before they left.

    A wave at which nobody answered is told as a whole, by `waves_without_answers`.
    """
    answered = sheets.about[sheets.about["answered"] > 0]
    have = set(zip(answered["participant"], answered["wave"], strict=True))
    never = text("risposte in responses.csv", "answers in responses.csv")
    find = text(
        "Cercare i questionari, o togliere il partecipante se non si è mai iscritto.",
        "Look for the questionnaires, or remove the participant who never enrolled.",
    )
    ask = text(
        "Cercare il questionario; se manca perché il partecipante se n'è andato, scrivere left_on.",
        "Look for the questionnaire; if the participant had left, write left_on.",
    )
    children = study.consenting.drop_duplicates("participant")
    left = children["left_on"].notna() if "left_on" in children else pd.Series(False, index=children.index)
    waves = [wave.id for wave in study.protocol.waves if wave.id in set(answered["wave"])]
    for record, gone in zip(records(children), left, strict=True):
        missed = [wave for wave in waves if (record["participant"], wave) not in have]
        if waves and missed == waves:
            yield finding("no_answers", FILE, record, "participant", NOTHING, never, find)
        elif missed and not gone:
            found = Words(f"nessuna risposta a {', '.join(missed)}", f"no answer at {', '.join(missed)}")
            every = text("un questionario a ogni rilevazione", "a questionnaire at every wave")
            yield finding("missing_wave", FILE, record, "participant", found, every, ask)
