"""Lesson 1, potential outcomes: an effect on one child, what is observed, the average effect, selection bias."""

from __future__ import annotations

import numpy as np

from evaluation.counterfactual.sample import Array
from evaluation.language import text
from evaluation_course.data import both_worlds
from evaluation_course.exercise import Data, Exercise, Identity, Invariance, Mistake


def _one_child() -> tuple[float, float]:
    children = both_worlds()
    first = children[children["treated"]].iloc[0]
    return float(first["without"]), float(first["with_programme"])


def _worlds() -> tuple[Array, Array, Array]:
    children = both_worlds()
    treated = children["treated"].to_numpy(dtype=bool)
    return treated, *(children[name].to_numpy(dtype=float) for name in ("with_programme", "without"))


def _five() -> tuple[Array, Array, Array]:
    """Five children, whose both outcomes are known whatever they did."""
    treated = np.array([True, False, True, False, True])
    return treated, np.array([5.0, 6.0, 7.0, 4.0, 3.5]), np.array([4.0, 2.0, 5.0, 4.5, 3.0])


def _unseen_changed(treated: Array, with_programme: Array, without: Array) -> Data:
    """The same children, had what nobody saw been otherwise."""
    return treated, with_programme + 3.0 * ~treated, without - 2.0 * treated


def _seen(treated: Array, with_programme: Array, without: Array) -> Array:
    return np.where(treated, with_programme, without)  # type: ignore[no-any-return,unused-ignore]


def _bias(treated: Array, without: Array) -> float:
    return float(without[treated].mean() - without[~treated].mean())


EXERCISES = (
    Exercise(
        id="1.1",
        task=text("L'effetto del programma su un ragazzo.", "The effect of the programme on one child."),
        data=_one_child,
        solution=lambda without, with_programme: with_programme - without,
        mistakes=(
            Mistake(
                "observed",
                lambda _, with_programme: with_programme,
                text(
                    "Questo è il punteggio che ha raggiunto: una parte l'avrebbe avuta anche senza il programma.",
                    "This is the score he reached: part of it he would have had without the programme as well.",
                ),
            ),
            Mistake(
                "sign",
                lambda without, with_programme: without - with_programme,
                text(
                    "Il segno è rovesciato: un effetto è positivo quando con il programma si arriva più in alto.",
                    "The sign is turned: an effect is positive when the programme leads higher up.",
                ),
            ),
            Mistake(
                "ratio",
                lambda without, with_programme: with_programme / without,
                text(
                    "Un rapporto non ha senso su una scala il cui zero è arbitrario: si prende la differenza.",
                    "A ratio makes no sense on a scale whose zero is arbitrary: take the difference.",
                ),
            ),
        ),
        law=Identity(
            lambda effect, without, with_programme: bool(np.isclose(without + effect, with_programme, atol=1e-3)),
            text(
                "L'esito senza programma più l'effetto deve dare l'esito con il programma.",
                "The outcome without the programme plus the effect must give the outcome with it.",
            ),
        ),
        moral=text(
            "Lo sappiamo soltanto perché questo ragazzo è inventato: di uno vero manca sempre uno dei due numeri.",
            "We know it only because this child is invented: of a real one, one of the two numbers is always missing.",
        ),
    ),
    Exercise(
        id="1.2",
        task=text(
            "Gli esiti che si osservano, dati i due esiti potenziali di ogni ragazzo.",
            "The outcomes that are observed, given the two potential outcomes of each child.",
        ),
        data=_worlds,
        case=_five,
        solution=_seen,
        mistakes=(
            Mistake(
                "turned",
                lambda treated, with_programme, without: _seen(treated, without, with_programme),
                text(
                    "È il contrario: questi sono i controfattuali, ciò che nessuno ha visto.",
                    "It is the other way round: these are the counterfactuals, what nobody saw.",
                ),
            ),
            Mistake(
                "all_with",
                lambda _, with_programme, __: with_programme,
                text(
                    "Così tutti avrebbero seguito il programma: nel centro di confronto nessuno l'ha seguito.",
                    "Then everybody would have taken the programme: nobody did in the comparison centre.",
                ),
            ),
            Mistake(
                "all_without",
                lambda _, __, without: without,
                text(
                    "Così il programma non ci sarebbe mai stato: i ragazzi trattati l'hanno seguito.",
                    "Then there would never have been a programme: the treated children took it.",
                ),
            ),
            Mistake(
                "effects",
                lambda _, with_programme, without: with_programme - without,
                text(
                    "Questi sono gli effetti, e non li vede nessuno: si osserva un esito, non una differenza.",
                    "These are the effects, which nobody sees: an outcome is observed, not a difference.",
                ),
            ),
        ),
        law=Invariance(
            _unseen_changed,
            lambda seen: seen,
            text(
                "Cambiare ciò che nessuno ha visto non deve cambiare ciò che si è visto.",
                "Changing what nobody saw must not change what was seen.",
            ),
        ),
        moral=text(
            "Dati diversi in ciò che non si vede danno le stesse osservazioni: nessun calcolo, da solo, li può "
            "distinguere.",
            "Data that differ in what is unseen give the same observations: no calculation by itself can tell them "
            "apart.",
        ),
    ),
    Exercise(
        id="1.3",
        task=text("L'effetto medio sui ragazzi trattati.", "The average effect on the treated children."),
        data=_worlds,
        solution=lambda treated, with_programme, without: float((with_programme - without)[treated].mean()),
        mistakes=(
            Mistake(
                "not_a_number",
                lambda _, with_programme, without: float((with_programme - without).mean()),
                text(
                    "Ci sono anche i ragazzi del confronto, il cui esito con il programma non c'è: si tengano i "
                    "trattati.",
                    "The comparison children are in as well, whose outcome with the programme is not there: keep the "
                    "treated.",
                ),
            ),
            Mistake(
                "with_without",
                lambda treated, with_programme, without: float(
                    with_programme[treated].mean() - without[~treated].mean()
                ),
                text(
                    "Qui si confrontano ragazzi diversi: l'effetto confronta gli stessi ragazzi nei due mondi.",
                    "Different children are compared here: an effect compares the same children in both worlds.",
                ),
            ),
            Mistake(
                "wrong_denominator",
                lambda treated, with_programme, without: float(
                    (with_programme - without)[treated].sum() / len(treated)
                ),
                text(
                    "La somma è sui trattati e il denominatore su tutti: si divide per quanti sono i trattati.",
                    "The sum is over the treated and the denominator over all: divide by the number of the treated.",
                ),
            ),
            Mistake(
                "sign",
                lambda treated, with_programme, without: float((without - with_programme)[treated].mean()),
                text(
                    "Il segno è rovesciato: si toglie l'esito senza programma da quello con il programma.",
                    "The sign is turned: the outcome without is taken from the outcome with the programme.",
                ),
            ),
        ),
        law=Identity(
            lambda effect, treated, with_programme, without: bool(
                np.isclose(without[treated].mean() + effect, with_programme[treated].mean(), atol=1e-3)
            ),
            text(
                "La media dei trattati senza programma più l'effetto deve dare la loro media con il programma.",
                "The mean of the treated without the programme plus the effect must give their mean with it.",
            ),
        ),
        moral=text(
            "È il numero che ogni valutazione cerca, e che con dati veri si può soltanto stimare.",
            "It is the number that every evaluation is after, and that with real data can only be estimated.",
        ),
    ),
    Exercise(
        id="1.4",
        task=text(
            "La distorsione da selezione: quanto i due gruppi sarebbero stati diversi comunque.",
            "The selection bias: how different the two groups would have been anyway.",
        ),
        data=lambda: (_worlds()[0], _worlds()[2]),
        case=lambda: (_five()[0], _five()[2]),
        solution=_bias,
        mistakes=(
            Mistake(
                "sign",
                lambda treated, without: -_bias(treated, without),
                text(
                    "Il segno è rovesciato: è la media dei trattati meno quella degli altri, come nella seconda "
                    "parentesi.",
                    "The sign is turned: it is the mean of the treated less that of the others, as in the second "
                    "bracket.",
                ),
            ),
            Mistake(
                "everybody",
                lambda treated, without: float(without[treated].mean() - without.mean()),
                text(
                    "La media di tutti contiene anche i trattati: si confrontano con gli altri, ~treated.",
                    "The mean of everybody holds the treated too: they are compared with the others, ~treated.",
                ),
            ),
            Mistake(
                "totals",
                lambda treated, without: float(without[treated].sum() - without[~treated].sum()),
                text(
                    "Sono somme: un gruppo più numeroso sembrerebbe migliore.",
                    "These are sums: a larger group would seem better.",
                ),
            ),
        ),
        law=Invariance(
            lambda treated, without: (treated, without + 1.0),
            lambda bias: bias,
            text(
                "Se tutti, in entrambi i gruppi, stessero un punto più in alto, la distorsione sarebbe la stessa.",
                "If everybody stood one point higher in both groups, the bias would be the same.",
            ),
        ),
        moral=text(
            "Il confronto semplice dà l'effetto più questo numero, e di solito non si sa quanto vale.",
            "The plain comparison gives the effect plus this number, and usually nobody knows how large it is.",
        ),
    ),
)
