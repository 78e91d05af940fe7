"""Lesson 3, difference in differences by hand: four means, the expected path, a function, children seen only once."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from evaluation.counterfactual.estimators.registry import ESTIMATORS
from evaluation.counterfactual.sample import Array, Sample
from evaluation.language import text
from evaluation_course.data import lesson_data
from evaluation_course.exercise import Exercise, Identity, Invariance, Mistake


class Means(NamedTuple):
    """The four means: of the treated (t) and of the comparison children (c), before and after."""

    before_t: float
    after_t: float
    before_c: float
    after_c: float


def _means() -> tuple[Means]:
    children = lesson_data().children()
    mean = children.groupby("treated")[["before", "after"]].mean()
    (before_c, after_c), (before_t, after_t) = mean.to_numpy()
    return (Means(before_t, after_t, before_c, after_c),)


def _pairs() -> tuple[Array, Array, Array]:
    pairs = lesson_data().sample().pairs()
    return pairs.treated, pairs.baseline, pairs.follow_up


def _everybody() -> tuple[Array, Array, Array]:
    sample = lesson_data().sample()
    return sample.treated, sample.baseline, sample.follow_up


def _estimate(treated: Array, before: Array, after: Array) -> float:
    return ESTIMATORS["did"](Sample(treated, before, after, np.empty((len(treated), 0)))).estimate


def _uneven() -> tuple[Array, Array, Array]:
    """Eight children: centres of unequal size, far apart at the start, both growing."""
    treated = np.array([True, True, True, False, False, False, False, False])
    before = np.array([4.0, 5.0, 6.5, 1.0, 2.0, 2.5, 3.0, 1.5])
    return treated, before, before + np.array([3.0, 2.0, 4.0, 1.0, 0.5, 1.5, 2.0, 1.0])


def _with_gaps() -> tuple[Array, Array, Array]:
    """The same children with three answers missing: two children were seen before only, one after only."""
    treated, before, after = _uneven()
    after[[2, 3]], before[6] = np.nan, np.nan
    return treated, before, after


def _by_cell(treated: Array, before: Array, after: Array) -> float:
    change = [np.nanmean(after[side]) - np.nanmean(before[side]) for side in (treated, ~treated)]
    return float(change[0] - change[1])


def _shifted(treated: Array, before: Array, after: Array) -> tuple[Array, Array, Array]:
    """Everybody grows by half a point more, and the treated stand one point higher all along."""
    return treated, before + treated, after + treated + 0.5


def _one_more(treated: Array, before: Array, after: Array) -> tuple[Array, Array, Array]:
    """One more treated child, seen before only."""
    return np.append(treated, True), np.append(before, 9.0), np.append(after, np.nan)


SEEN_TWICE = text(
    "Un ragazzo visto una volta sola non ha un cambiamento: aggiungerlo non deve spostare la stima.",
    "A child seen only once has no change: adding one must not move the estimate.",
)
ONE_CENTRE = text(
    "Questo è il cambiamento del solo centro trattato: dentro c'è anche quanto i ragazzi sarebbero cresciuti "
    "comunque. "
    "Quale centro lo mostra?",
    "This is the change of the treated centre alone: it holds what the children would have grown anyway. Which "
    "centre shows "
    "that?",
)
ONE_TIME = text(
    "Questa è la distanza tra i due centri alla fine: c'era già una distanza all'inizio, e non l'ha fatta il "
    "programma.",
    "This is the distance between the centres at the end: there was one at the start already, and the programme did "
    "not make it.",
)
TURNED = text(
    "La grandezza è giusta, il segno no: dal cambiamento del centro trattato si toglie quello del confronto, non il "
    "contrario.",
    "The size is right, the sign is not: the change of the comparison is taken from the change of the treated, not "
    "the reverse.",
)
ADDED = text(
    "I due cambiamenti sono stati sommati. Il cambiamento del confronto è ciò che sarebbe successo comunque: va tolto.",
    "The two changes were added. The change of the comparison is what would have happened anyway: take it off.",
)

EXERCISES = (
    Exercise(
        id="3.1",
        task=text("L'effetto del programma, dalle quattro medie.", "The effect of the programme, from the four means."),
        data=_means,
        solution=lambda m: (m.after_t - m.before_t) - (m.after_c - m.before_c),
        mistakes=(
            Mistake("before_after", lambda m: m.after_t - m.before_t, ONE_CENTRE),
            Mistake("with_without", lambda m: m.after_t - m.after_c, ONE_TIME),
            Mistake("sign", lambda m: (m.after_c - m.before_c) - (m.after_t - m.before_t), TURNED),
            Mistake("sum", lambda m: (m.after_t - m.before_t) + (m.after_c - m.before_c), ADDED),
        ),
        law=Identity(
            lambda effect, m: bool(np.isclose(effect + (m.after_c - m.before_c), m.after_t - m.before_t, atol=1e-3)),
            text(
                "L'effetto più il cambiamento del confronto deve dare il cambiamento del centro trattato: fare "
                "questa prova.",
                "The effect plus the change of the comparison must give the change of the treated centre: try it.",
            ),
        ),
        moral=text(
            "Il centro trattato è cresciuto di più, e l'eccedenza è la stima. Che il confronto mostri davvero ciò "
            "che sarebbe "
            "successo non lo dice nessun calcolo: è un'ipotesi.",
            "The treated centre grew more, and the excess is the estimate. That the comparison truly shows what "
            "would have "
            "happened is said by no calculation: it is an assumption.",
        ),
    ),
    Exercise(
        id="3.2",
        task=text(
            "La media che i ragazzi trattati avrebbero raggiunto senza il programma.",
            "The mean that the treated children would have reached without the programme.",
        ),
        data=_means,
        solution=lambda m: m.before_t + (m.after_c - m.before_c),
        mistakes=(
            Mistake(
                "no_change",
                lambda m: m.before_t,
                text(
                    "Così senza programma nessuno sarebbe cambiato. Ma i ragazzi del confronto, senza programma, "
                    "sono cambiati.",
                    "Then nobody would have changed without the programme. But the comparison children, without it, "
                    "did.",
                ),
            ),
            Mistake(
                "other_centre",
                lambda m: m.after_c,
                text(
                    "Questa è la media finale dell'altro centro, che partiva da un altro punto. Se ne prende il "
                    "cambiamento, non il livello.",
                    "This is the final mean of the other centre, which started elsewhere. Take its change, not its "
                    "level.",
                ),
            ),
            Mistake(
                "observed",
                lambda m: m.after_t,
                text(
                    "Questa è la media che si è vista con il programma: il controfattuale è quella che non si è vista.",
                    "This is the mean that was seen with the programme: the counterfactual is the one that was not.",
                ),
            ),
            Mistake(
                "from_the_end",
                lambda m: m.after_t + (m.after_c - m.before_c),
                text(
                    "Il cambiamento del confronto va aggiunto al punto di partenza, non a quello di arrivo.",
                    "The change of the comparison is added to the point of departure, not to that of arrival.",
                ),
            ),
        ),
        law=Identity(
            lambda expected, m: bool(np.isclose(expected - m.before_t, m.after_c - m.before_c, atol=1e-3)),
            text(
                "Il percorso atteso parte dalla media iniziale dei trattati ed è parallelo a quello del confronto.",
                "The expected path starts from the first mean of the treated and runs parallel to that of the "
                "comparison.",
            ),
        ),
        moral=text(
            "È un numero che nessuno ha osservato: lo si è costruito con un'ipotesi, le tendenze parallele.",
            "Nobody observed this number: it was built on an assumption, parallel trends.",
        ),
    ),
    Exercise(
        id="3.3",
        task=text(
            "Una funzione che calcola la stima per due centri qualsiasi.",
            "A function that gives the estimate for any two centres.",
        ),
        data=_pairs,
        case=_uneven,
        solution=_estimate,
        mistakes=(
            Mistake("before_after", lambda treated, before, after: (after - before)[treated].mean(), ONE_CENTRE),
            Mistake("with_without", lambda treated, _, after: after[treated].mean() - after[~treated].mean(), ONE_TIME),
            Mistake("sign", lambda treated, before, after: -_estimate(treated, before, after), TURNED),
            Mistake(
                "everybody",
                lambda treated, before, after: (after - before)[treated].mean() - (after - before).mean(),
                text(
                    "Il cambiamento medio di tutti contiene anche i trattati: il confronto sono soltanto gli altri, "
                    "~treated.",
                    "The mean change of everybody holds the treated as well: the comparison is the others only, "
                    "~treated.",
                ),
            ),
            Mistake(
                "totals",
                lambda treated, before, after: (after - before)[treated].sum() - (after - before)[~treated].sum(),
                text(
                    "Sono somme, non medie: un centro con più ragazzi peserebbe di più.",
                    "These are sums, not means: a centre with more children would weigh more.",
                ),
            ),
        ),
        law=Invariance(
            _shifted,
            lambda effect: effect,
            text(
                "Se tutti crescono di mezzo punto in più, e i trattati stanno un punto più in alto dall'inizio, la "
                "stima non cambia.",
                "If everybody grows by half a point more, and the treated stand a point higher from the start, the "
                "estimate stays.",
            ),
        ),
        moral=text(
            "La stima non vede ciò che tocca entrambi i centri, né ciò che c'era già: è la sua forza, finché le "
            "tendenze sono parallele.",
            "The estimate does not see what touches both centres, nor what was there before: its strength, as long "
            "as trends are parallel.",
        ),
    ),
    Exercise(
        id="3.4",
        task=text(
            "La stessa stima quando qualcuno manca a una rilevazione (NaN): contano i ragazzi visti due volte.",
            "The same estimate when some are missing at one wave (NaN): the children seen twice count.",
        ),
        data=_everybody,
        case=_with_gaps,
        solution=_estimate,
        mistakes=(
            Mistake(
                "not_a_number",
                lambda treated, before, after: float(
                    (after - before)[treated].mean() - (after - before)[~treated].mean()
                ),
                text(
                    "La media di valori tra cui ne manca uno è NaN: prima si scelgono i ragazzi che hanno entrambe "
                    "le misure.",
                    "A mean over values of which one is missing is NaN: first choose the children who have both "
                    "measures.",
                ),
            ),
            Mistake(
                "by_cell",
                _by_cell,
                text(
                    "Le quattro medie riguardano ragazzi diversi: chi è uscito conta prima e non dopo, e la sua "
                    "uscita sembra un cambiamento.",
                    "The four means are of different children: those who left count before and not after, and their "
                    "leaving looks like change.",
                ),
            ),
            Mistake(
                "zero",
                lambda treated, before, after: _estimate(treated, np.nan_to_num(before), np.nan_to_num(after)),
                text(
                    "Una risposta che manca non è uno zero: così chi è uscito sembra crollato.",
                    "A missing answer is not a zero: those who left would seem to have collapsed.",
                ),
            ),
            Mistake("sign", lambda treated, before, after: -_estimate(treated, before, after), TURNED),
        ),
        law=Invariance(_one_more, lambda effect: effect, SEEN_TWICE),
        moral=text(
            "Chi manca però può non essere come gli altri: è la domanda della lezione 7.",
            "Yet those missing may not be like the others: the question of lesson 7.",
        ),
    ),
)
