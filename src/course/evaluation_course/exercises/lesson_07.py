"""Lesson 7, who is missing: shares lost, extreme values, Lee's share, what an imputed child may hide."""

from __future__ import annotations

import numpy as np

from evaluation.counterfactual.missing.flow import attrition_table, flow_table
from evaluation.counterfactual.missing.imputation import imputed_effect
from evaluation.counterfactual.missing.lee import extreme_bounds, lee_bounds
from evaluation.counterfactual.sample import Array, Sample
from evaluation.language import text
from evaluation_course.data import lesson_data
from evaluation_course.exercise import Exercise, Identity, Invariance, Mistake
from evaluation_course.figures_missing import moved_effect, scale_of

DROP = 0.5
Ends = tuple[float, float]


def _counts() -> tuple[Array, Array]:
    """Children enrolled and lost, of the treated and of the comparison centre."""
    data = lesson_data()
    flow = flow_table(data.study, data.scores).set_index("centre").loc[["treated", "comparison"]]
    return flow["enrolled"].to_numpy(dtype=float), flow["lost"].to_numpy(dtype=float)


def _shares(*_: Array) -> Ends:
    """Overall and differential attrition, as the published table has them."""
    data = lesson_data()
    row = attrition_table(flow_table(data.study, data.scores)).iloc[0]
    return float(row["overall"]), float(row["differential"])


def _of_the_rest(enrolled: Array, lost: Array) -> Ends:
    shares = lost / (enrolled - lost)
    return float(lost.sum() / (enrolled - lost).sum()), float(abs(shares[0] - shares[1]))


def _responses() -> tuple[float, float]:
    found = lee_bounds(lesson_data().sample())
    return max(found.response_treated, found.response_comparison), min(
        found.response_treated, found.response_comparison
    )


def _everybody() -> tuple[Array, Array, Array, float, float]:
    data = lesson_data()
    sample = data.sample()
    return sample.treated, sample.baseline, sample.follow_up, *scale_of(data)


def _few() -> tuple[Array, Array, Array, float, float]:
    """Eight children on a scale from 1 to 5, three of them not seen again."""
    treated = np.array([True] * 4 + [False] * 4)
    before = np.array([2.0, 3.0, 3.5, 2.5, 3.0, 2.0, 4.0, 2.5])
    after = np.array([3.5, 4.0, np.nan, 3.0, 3.5, np.nan, 4.0, np.nan])
    return treated, before, after, 1.0, 5.0


def _ends(treated: Array, before: Array, after: Array, lowest: float, highest: float) -> Ends:
    found = extreme_bounds(Sample(treated, before, after, np.empty((len(treated), 0))), (lowest, highest))
    return found.lower, found.upper


def _gap(treated: Array, change: Array) -> float:
    return float(np.nanmean(change[treated]) - np.nanmean(change[~treated]))


def _alike(treated: Array, before: Array, after: Array, lowest: float, highest: float) -> Ends:
    ends = (np.where(np.isnan(after), end, after) - before for end in (lowest, highest))
    low, high = (_gap(treated, change) for change in ends)
    return low, high


def _imputed() -> tuple[float, float, int, int, int]:
    data = lesson_data()
    sample = data.sample()
    found = imputed_effect(sample, data.study.protocol.analysis.seed).estimate
    lost = int((np.isnan(sample.follow_up) & sample.treated).sum())
    return found, DROP, lost, sample.n_treated, sample.n_comparison


def _moved(_: float, drop: float, *__: int) -> float:
    return moved_effect(lesson_data().sample(), lesson_data().study.protocol.analysis.seed, drop)


EXERCISES = (
    Exercise(
        id="7.1",
        task=text(
            "La quota persa in tutto e la differenza tra i due centri, come coppia.",
            "The share lost overall and the difference between the centres, as a pair.",
        ),
        data=_counts,
        solution=_shares,
        mistakes=(
            Mistake(
                "of_those_left",
                _of_the_rest,
                text(
                    "Il denominatore è chi è rimasto. Una quota di persi si fa su tutti quelli che erano partiti.",
                    "The denominator is those who stayed. A share lost is of all who set out.",
                ),
            ),
            Mistake(
                "difference_of_numbers",
                lambda enrolled, lost: (float(lost.sum() / enrolled.sum()), float(abs(lost[0] - lost[1]))),
                text(
                    "La seconda è una differenza tra numeri di ragazzi: centri di grandezza diversa si confrontano per "
                    "quote.",
                    "The second is a difference between numbers of children: centres of unequal size are compared by "
                    "shares.",
                ),
            ),
            Mistake(
                "kept",
                lambda enrolled, lost: (float(1 - lost.sum() / enrolled.sum()), _shares()[1]),
                text(
                    "La prima è la quota di chi è rimasto: si chiede di chi si è perso.",
                    "The first is the share of those who stayed: the question is about those lost.",
                ),
            ),
        ),
        law=Identity(
            lambda shares, enrolled, lost: bool(np.isclose(shares[0] * enrolled.sum(), lost.sum(), atol=0.01)),
            text(
                "La prima quota per il numero degli iscritti deve ridare il numero dei persi.",
                "The first share times the number enrolled must give back the number lost.",
            ),
        ),
        moral=text(
            "Il totale toglie precisione; è la differenza, più del totale, a poter fingere un effetto.",
            "The total costs precision; it is the difference, more than the total, that can feign an effect.",
        ),
        decimals=4,
    ),
    Exercise(
        id="7.2",
        task=text(
            "L'effetto più basso e il più alto, se chi manca alla fine può avere qualsiasi punteggio della scala.",
            "The lowest and the highest effect, if those missing at the end may have any score of the scale.",
        ),
        data=_everybody,
        case=_few,
        solution=_ends,
        mistakes=(
            Mistake(
                "alike_in_both",
                _alike,
                text(
                    "Così i persi dei due centri vanno tutti bene o tutti male. Il caso peggiore per il programma è un "
                    "altro: male i suoi, bene gli altri.",
                    "Then the lost of both centres all do well or all do badly. The worst case for the programme is "
                    "another: its own badly, the others well.",
                ),
            ),
            Mistake(
                "turned",
                lambda *data: _ends(*data)[::-1],
                text(
                    "I due estremi ci sono, ma al contrario: prima il più basso.",
                    "Both ends are there, the other way round: the lowest first.",
                ),
            ),
            Mistake(
                "range_seen",
                lambda treated, before, after, lowest, highest: _ends(  # noqa: ARG005
                    treated, before, after, float(np.nanmin([before, after])), float(np.nanmax([before, after]))
                ),
                text(
                    "Questi sono i punteggi estremi tra quelli visti. Di chi manca non si sa nulla: vale la scala intera.",
                    "These are the extreme scores among those seen. Of the missing nothing is known: the whole scale "
                    "counts.",
                ),
            ),
            Mistake(
                "seen_twice",
                lambda treated, before, after, lowest, highest: (_gap(treated, after - before),) * 2,  # noqa: ARG005
                text(
                    "Questa è la stima di chi è stato visto due volte: qui si chiede che cosa possono cambiare gli altri.",
                    "This is the estimate from those seen twice: the question here is what the others could change.",
                ),
            ),
        ),
        law=Invariance(
            lambda treated, before, after, lowest, highest: (treated, 2 * before, 2 * after, 2 * lowest, 2 * highest),
            lambda ends: 2 * np.asarray(ends),
            text(
                "Se punteggi e scala raddoppiano, raddoppiano anche gli estremi: nulla si scrive a mano.",
                "If scores and scale double, so do the ends: nothing is typed in.",
            ),
        ),
        moral=text(
            "Senza ipotesi i limiti sono larghi, e contengono lo zero: ogni intervallo più stretto deve all'ipotesi "
            "ciò che guadagna.",
            "Without assumptions the bounds are wide, and hold zero: any narrower interval owes what it gains to its "
            "assumption.",
        ),
    ),
    Exercise(
        id="7.3",
        task=text(
            "La quota dei ragazzi visti che Lee toglie al centro che ne ha persi meno.",
            "The share of the children seen that Lee takes off the centre that lost fewer.",
        ),
        data=_responses,
        solution=lambda more, fewer: lee_bounds(lesson_data().sample()).share,  # noqa: ARG005
        mistakes=(
            Mistake(
                "difference",
                lambda more, fewer: more - fewer,
                text(
                    "Questa è una quota di tutti i ragazzi del centro; si tolgono ragazzi tra quelli visti, che sono meno.",
                    "This is a share of all children of the centre; those taken off are among the seen, who are fewer.",
                ),
            ),
            Mistake(
                "ratio",
                lambda more, fewer: fewer / more,
                text(
                    "Questa è la quota di chi resta. E quella di chi si toglie?",
                    "This is the share left. And that taken off?",
                ),
            ),
            Mistake(
                "upside_down",
                lambda more, fewer: more / fewer - 1,
                text(
                    "Il confronto è rovesciato: così si aggiungerebbero ragazzi al centro che ne ha persi di più.",
                    "The comparison is upside down: this would add children to the centre that lost more.",
                ),
            ),
        ),
        law=Identity(
            lambda share, more, fewer: bool(np.isclose(more * (1 - share), fewer, atol=1e-3)),
            text(
                "Tolta la quota, il primo centro deve restare con la stessa parte di ragazzi visti dell'altro.",
                "With the share taken off, the first centre must be left with the same part of its children seen.",
            ),
        ),
        moral=text(
            "Poco da togliere: tra chi ha dato il consenso, i due centri hanno perso quasi la stessa quota.",
            "Little to take off: among those with consent, both centres lost nearly the same share.",
        ),
        decimals=4,
    ),
    Exercise(
        id="7.4",
        task=text(
            "L'effetto, se i ragazzi trattati persi fossero finiti più in basso di quanto si è imputato.",
            "The effect, if the treated children lost had ended lower than was imputed.",
        ),
        data=_imputed,
        solution=_moved,
        mistakes=(
            Mistake(
                "everybody",
                lambda imputed, drop, lost, treated, comparison: imputed - drop,  # noqa: ARG005
                text(
                    "Così scendono tutti i ragazzi trattati. Scendono soltanto i persi, e la media ne risente per la loro "
                    "parte.",
                    "Then all treated children go down. Only the lost do, and the mean feels it in proportion.",
                ),
            ),
            Mistake(
                "of_the_seen",
                lambda imputed, drop, lost, treated, comparison: imputed - drop * lost / (treated - lost),  # noqa: ARG005
                text(
                    "I persi si dividono per chi è stato visto; ma, imputati, stanno nella media insieme agli altri.",
                    "The lost are divided by those seen; but once imputed they are in the mean with the others.",
                ),
            ),
            Mistake(
                "of_both_centres",
                lambda imputed, drop, lost, treated, comparison: imputed - drop * lost / (treated + comparison),
                text(
                    "Il denominatore tiene insieme i due centri: quella che scende è la media del solo centro trattato.",
                    "The denominator has both centres: the mean that goes down is that of the treated centre alone.",
                ),
            ),
        ),
        law=Identity(
            lambda moved, imputed, drop, lost, treated, comparison: bool(  # noqa: ARG005
                np.isclose((imputed - moved) * treated, drop * lost, atol=0.05)
            ),
            text(
                "Quanto scende la media, per il numero dei ragazzi trattati, deve dare la discesa di tutti i persi insieme.",
                "The fall of the mean, times the number of treated children, must give the fall of all the lost together.",
            ),
        ),
        moral=text(
            "Pochi persi spostano poco: per annullare l'effetto dovrebbero essere andati molto peggio dei loro simili.",
            "A few lost move little: to undo the effect they would have to have done much worse than children like them.",
        ),
    ),
)
