"""Lesson 2, two wrong answers: before-after, with-without, and the rise of those who start low."""

from __future__ import annotations

import numpy as np
import pandas as pd

from evaluation.counterfactual.estimators.registry import ESTIMATORS
from evaluation.counterfactual.sample import Array, Sample
from evaluation.language import text
from evaluation_course.data import lesson_data
from evaluation_course.exercise import Exercise, Identity, Invariance, Mistake


def _children() -> tuple[pd.DataFrame]:
    return (lesson_data().children(),)


def _mean(children: pd.DataFrame, column: str, treated: bool) -> float:
    return float(children.loc[children["treated"] == treated, column].mean())


def _naive(children: pd.DataFrame, method: str) -> float:
    treated, before, after = (children[name].to_numpy() for name in ("treated", "before", "after"))
    return ESTIMATORS[method](Sample(treated, before, after, np.empty((len(children), 0)))).estimate


def _untrained() -> tuple[Array, Array]:
    pairs = lesson_data().sample().pairs()
    return pairs.baseline[~pairs.treated], pairs.follow_up[~pairs.treated]


def _rise(before: Array, after: Array) -> float:
    return float((after - before)[before < np.median(before)].mean())


SIGN = text(
    "La grandezza è giusta, il segno no: di quanto stanno più in alto, non più in basso.",
    "The size is right, the sign is not: by how much they stand higher, not lower.",
)

EXERCISES = (
    Exercise(
        id="2.1",
        task=text("La stima prima-dopo.", "The before-after estimate."),
        data=_children,
        solution=lambda children: _naive(children, "before_after"),
        mistakes=(
            Mistake(
                "everybody",
                lambda children: float(children["change"].mean()),
                text(
                    "Questo è il cambiamento di tutti, confronto compreso: il prima-dopo guarda soltanto i trattati.",
                    "This is the change of everybody, the comparison included: before-after looks at the treated only.",
                ),
            ),
            Mistake(
                "comparison",
                lambda children: _mean(children, "change", False),
                text(
                    "Questo è il cambiamento di chi non ha seguito il programma: servirà, ma nella prossima lezione.",
                    "This is the change of those without the programme: it will be of use, in the next lesson.",
                ),
            ),
            Mistake("sign", lambda children: -_mean(children, "change", True), SIGN),
            Mistake(
                "final_mean",
                lambda children: _mean(children, "after", True),
                text(
                    "Questa è la media finale dei trattati: da sola non dice di quanto sono cambiati.",
                    "This is the final mean of the treated: by itself it does not say how much they changed.",
                ),
            ),
        ),
        law=Identity(
            lambda value, children: bool(
                np.isclose(_mean(children, "before", True) + value, _mean(children, "after", True), atol=1e-3)
            ),
            text(
                "La media iniziale dei trattati più la stima deve dare la loro media finale.",
                "The first mean of the treated plus the estimate must give their final mean.",
            ),
        ),
        moral=text(
            "È vero che i ragazzi sono cresciuti di tanto. Che sia merito del programma, questo numero non lo dice.",
            "It is true that the children grew by that much. That the programme did it, this number does not say.",
        ),
    ),
    Exercise(
        id="2.2",
        task=text("La stima con-senza.", "The with-without estimate."),
        data=_children,
        solution=lambda children: _naive(children, "difference"),
        mistakes=(
            Mistake(
                "baseline_gap",
                lambda children: _mean(children, "before", True) - _mean(children, "before", False),
                text(
                    "Questa è la distanza che c'era all'inizio: è proprio ciò che il con-senza dimentica.",
                    "This is the distance that was there at the start: just what with-without forgets.",
                ),
            ),
            Mistake(
                "everybody",
                lambda children: _mean(children, "after", True) - float(children["after"].mean()),
                text(
                    "La media di tutti contiene anche i trattati: il confronto sono soltanto gli altri.",
                    "The mean of everybody holds the treated as well: the comparison is the others only.",
                ),
            ),
            Mistake("sign", lambda children: _mean(children, "after", False) - _mean(children, "after", True), SIGN),
            Mistake(
                "change",
                lambda children: _mean(children, "change", True),
                text(
                    "Questo è il prima-dopo: il con-senza guarda i due centri, alla fine.",
                    "This is before-after: with-without looks at the two centres, at the end.",
                ),
            ),
        ),
        law=Identity(
            lambda value, children: bool(
                np.isclose(_mean(children, "after", False) + value, _mean(children, "after", True), atol=1e-3)
            ),
            text(
                "La media finale del confronto più la stima deve dare la media finale dei trattati.",
                "The final mean of the comparison plus the estimate must give the final mean of the treated.",
            ),
        ),
        moral=text(
            "È vero che alla fine la distanza è questa. Una parte, però, c'era già prima di cominciare.",
            "It is true that this is the distance at the end. Part of it, though, was there before anything began.",
        ),
    ),
    Exercise(
        id="2.3",
        task=text(
            "Il cambiamento medio di chi all'inizio era sotto la mediana.",
            "The mean change of those who were below the median at the start.",
        ),
        data=_untrained,
        case=lambda: (np.array([1.0, 2.0, 3.0, 4.0, 5.0, 9.0]), np.array([2.5, 2.0, 3.5, 3.0, 2.2, 8.0])),
        solution=_rise,
        mistakes=(
            Mistake(
                "everybody",
                lambda before, after: float((after - before).mean()),
                text(
                    "Questo è il cambiamento di tutti: la domanda è su chi era in basso.",
                    "This is the change of everybody: the question is about those who were low.",
                ),
            ),
            Mistake(
                "chosen_at_the_end",
                lambda before, after: float((after - before)[after < np.median(after)].mean()),
                text(
                    "Sono stati scelti per il punteggio finale: chi sceglie all'inizio non lo può conoscere.",
                    "They were chosen by their final score: whoever chooses at the start cannot know it.",
                ),
            ),
            Mistake(
                "the_high",
                lambda before, after: float((after - before)[before >= np.median(before)].mean()),
                text(
                    "Questi erano sopra la mediana: di solito scendono verso la media, per lo stesso motivo.",
                    "These were above the median: they usually come down towards the mean, for the same reason.",
                ),
            ),
            Mistake(
                "wrong_denominator",
                lambda before, after: float((after - before)[before < np.median(before)].sum() / len(before)),
                text(
                    "La somma è su chi era in basso e il denominatore su tutti: si divide per quanti erano in basso.",
                    "The sum is over the low and the denominator over all: divide by the number of the low.",
                ),
            ),
        ),
        law=Invariance(
            lambda before, after: (before + 10.0, after + 10.0),
            lambda rise: rise,
            text(
                "Se il questionario desse a tutti dieci punti in più, prima e dopo, il cambiamento sarebbe lo stesso.",
                "If the questionnaire gave everybody ten points more, before and after, the change would be the same.",
            ),
        ),
        moral=text(
            "Salgono senza che nessuno faccia nulla: è in buona parte regressione verso la media.",
            "They rise although nobody does anything: much of it is regression to the mean.",
        ),
    ),
)
