"""Answers that cannot be, one by one: outside the scale, between its steps, never asked."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from evaluation.checks.found import finding, records
from evaluation.checks.kinds import KINDS
from evaluation.language import Text, text
from evaluation.study.findings import NOTHING, Finding, Words
from evaluation.study.folder import Study
from evaluation.study.instrument import Item

FILE = "responses.csv"
CHECK_ANSWER = text("Controllare sul questionario.", "Check against the questionnaire.")


def out_of_range(study: Study) -> Iterator[Finding]:
    """Answers below the minimum or above the maximum of their item."""
    items, answers = _of_known_items(study)
    outside = (answers["value"] < answers["low"]) | (answers["value"] > answers["high"])
    for record in records(answers[outside]):
        item = items[record["item"]]
        found = f"{record['value']:g}"
        yield finding("range", FILE, record, "value", found, _range(item), CHECK_ANSWER, item.wording)


def between_steps(study: Study) -> Iterator[Finding]:
    """Answers between two steps of a scale of whole numbers, such as 3.5 from 1 to 5."""
    items, answers = _of_known_items(study)
    inside = answers["value"].between(answers["low"], answers["high"])
    for record in records(answers[inside & (answers["value"] % 1 > 0)]):
        item = items[record["item"]]
        if item.scale and all(
            bound is not None and float(bound).is_integer() for bound in (item.minimum, item.maximum)
        ):
            words, found = _range(item), f"{record['value']:g}"
            expected = text(f"un numero intero {words['it']}", f"a whole number, {words['en']}")
            yield finding("unknown_code", FILE, record, "value", found, expected, CHECK_ANSWER, item.wording)


def unnamed_raters(study: Study) -> Iterator[Finding]:
    """Ratings without a rater, of an item that named raters rate at the same wave."""
    given = study.responses[study.responses["value"].notna()]
    named = given["rater"] != ""
    beside = named.groupby([given["item"], given["wave"]]).transform("any")
    expected = text("il nome del valutatore, come negli altri voti", "the rater's name, as the other ratings have it")
    action = text("Scrivere il valutatore, o togliere il voto.", "Write the rater, or delete the rating.")
    for record in records(given[beside & ~named]):
        yield finding("unnamed_rater", FILE, record, "rater", NOTHING, expected, action)


def _of_known_items(study: Study) -> tuple[dict[str, Item], pd.DataFrame]:
    """Return the items by id, and their answers with the ends of the scale, `low` and `high`."""
    items = {item.id: item for item in study.instrument.items}
    answers = study.responses[study.responses["item"].isin(items)]
    low = {name: -np.inf if item.minimum is None else item.minimum for name, item in items.items()}
    high = {name: np.inf if item.maximum is None else item.maximum for name, item in items.items()}
    ends = {"low": answers["item"].map(low).astype(float), "high": answers["item"].map(high).astype(float)}
    return items, answers.assign(**ends)


def items_without_answers(study: Study) -> Iterator[Finding]:
    """Items that nobody answered at a wave at which other items were answered: a column lost on the way."""
    given = study.responses[study.responses["value"].notna()]
    expected = text("una domanda con risposte a ogni rilevazione", "an item with answers at every wave")
    action = text(
        "Controllare che la domanda non si sia persa nell'esportazione.", "Check whether the export lost the item."
    )
    for wave in [wave.id for wave in study.protocol.waves if wave.id in set(given["wave"])]:
        answered = set(given["item"][given["wave"] == wave])
        for item in [item for item in study.instrument.items if item.id not in answered]:
            level = KINDS["item_without_answers"].level
            yield Finding(
                level, "item_without_answers", "instrument.csv", NOTHING, expected, action, item.row, "item",
                question=item.wording,
            )  # fmt: skip


def waves_without_answers(study: Study) -> Iterator[Finding]:
    """Waves of the plan at which nobody answered anything: still to come, or lost as a whole."""
    answered = set(study.responses["wave"][study.responses["value"].notna()])
    expected = text("risposte a ogni rilevazione del protocollo", "answers at every wave of the protocol")
    action = text(
        "Se la rilevazione c'è stata, cercare il suo file; se deve ancora venire, non c'è nulla da fare.",
        "If the wave has been held, look for its file; if it is still to come, there is nothing to do.",
    )
    for wave in [wave.id for wave in study.protocol.waves if wave.id not in answered]:
        found, level = Words(f"nessuna risposta a {wave}", f"no answer at {wave}"), KINDS["wave_without_answers"].level
        yield Finding(level, "wave_without_answers", FILE, found, expected, action, column="wave")


def _range(item: Item) -> Text:
    low, high = ("…" if bound is None else f"{bound:g}" for bound in (item.minimum, item.maximum))
    return text(f"da {low} a {high}", f"{low} to {high}")
