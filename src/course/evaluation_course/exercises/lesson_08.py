"""Lesson 8, two centres: a permutation p, what infinitely many children leave, the break-even shock, what can be found."""

from __future__ import annotations

import numpy as np
from scipy import optimize, stats

from evaluation.counterfactual.inference.permutation import permutation_distribution, permutation_p
from evaluation.counterfactual.sample import Array
from evaluation.counterfactual.sensitivity.two_centres import shocked_interval
from evaluation.design.power import POWER, Plan, std_error
from evaluation.language import text
from evaluation_course.data import lesson_data
from evaluation_course.exercise import Exercise, Identity, Invariance, Mistake
from evaluation_course.figures import did_estimate, two_centre_of

SHUFFLES = 999


def _shuffles() -> tuple[float, Array]:
    data = lesson_data()
    pairs, seed = data.sample().pairs(), data.study.protocol.analysis.seed
    observed, permuted, _ = permutation_distribution(pairs.change, pairs.treated, SHUFFLES, seed)
    return observed, permuted


def _far(observed: float, permuted: Array) -> int:
    return int((np.abs(permuted) >= abs(observed)).sum())


def _finding() -> tuple[float, float, float]:
    found = did_estimate(lesson_data())
    return found.estimate, found.std_error, found.critical


def _touches_zero(effect: float, error: float, critical: float) -> float:
    """Shock at which the package's own interval reaches zero."""
    return float(optimize.brentq(lambda s: float(shocked_interval(effect, error, critical, np.array(s))[0]), 0, effect))


def _plan() -> tuple[float, int, int, float]:
    multiplier = stats.norm.ppf(1 - Plan(2, 2, 0).alpha / 2) + stats.norm.ppf(POWER)
    return float(multiplier), 40, 40, 0.7


def _least(multiplier: float, n_treated: int, n_comparison: int, rho: float) -> float:
    return multiplier * std_error(Plan(n_treated, n_comparison, rho))


EXERCISES = (
    Exercise(
        id="8.1",
        task=text(
            "Il p di permutazione a due code, con il caso vero nel conto.",
            "The two-sided permutation p, with the true case in the count.",
        ),
        data=_shuffles,
        solution=lambda observed, permuted: permutation_p(observed, permuted, exact=False),
        mistakes=(
            Mistake(
                "without_the_true_case",
                lambda observed, permuted: _far(observed, permuted) / len(permuted),
                text(
                    "Manca il caso vero, che è una delle disposizioni possibili: senza, il p potrebbe perfino essere "
                    "zero.",
                    "The true case is missing, and it is one of the possible arrangements: without it p could even "
                    "be zero.",
                ),
            ),
            Mistake(
                "one_sided",
                lambda observed, permuted: (1 + int((permuted >= observed).sum())) / (1 + len(permuted)),
                text(
                    "Questo p conta una coda sola: anche un effetto altrettanto grande in peggio sarebbe stato una "
                    "sorpresa.",
                    "This p counts one tail only: an effect as large for the worse would have been a surprise as well.",
                ),
            ),
            Mistake(
                "the_rest",
                lambda observed, permuted: 1 - permutation_p(observed, permuted, exact=False),
                text(
                    "Questa è la quota dei rimescolamenti meno lontani da zero: il p è quella degli altri.",
                    "This is the share of the shuffles less far from zero: the p is that of the others.",
                ),
            ),
        ),
        law=Identity(
            lambda p, _, permuted: bool(
                1 / (1 + len(permuted)) <= p <= 1 and np.isclose(p * (1 + len(permuted)) % 1, 0, atol=0.06)
            ),
            text(
                "Il p è un numero intero di casi diviso per quanti sono in tutto, quello vero compreso: tra 1/1000 e "
                "1.",
                "The p is a whole number of cases over how many there are in all, the true one included: 1/1000 to 1.",
            ),
        ),
        moral=text(
            "Di rado il caso tra i ragazzi farebbe tanto. Che i ragazzi fossero scambiabili, però, lo abbiamo "
            "supposto noi.",
            "Chance among the children would rarely do as much. But that they were exchangeable we supposed ourselves.",
        ),
        decimals=4,
    ),
    Exercise(
        id="8.2",
        task=text(
            "L'errore standard che resta con infiniti ragazzi in due centri.",
            "The standard error that remains with infinitely many children in two centres.",
        ),
        data=lambda: (two_centre_of(lesson_data()).shock_sd,),
        solution=lambda shock: float(np.sqrt(2) * shock),
        mistakes=(
            Mistake(
                "nothing",
                lambda shock: 0.0,  # noqa: ARG005
                text(
                    "Zero sarebbe giusto se ogni ragazzo si muovesse per conto suo. Qui tutti quelli di un centro si "
                    "muovono insieme.",
                    "Zero would be right if every child moved alone. Here all those of a centre move together.",
                ),
            ),
            Mistake(
                "one_centre",
                lambda shock: shock,
                text(
                    "Questo è l'evento di un centro solo: anche l'altro ha il suo, e la differenza li porta entrambi.",
                    "This is the event of one centre: the other has its own, and the difference carries both.",
                ),
            ),
            Mistake(
                "sum_of_sds",
                lambda shock: 2 * shock,
                text(
                    "Di cose indipendenti si sommano le varianze, non le deviazioni standard.",
                    "For independent things variances add up, not standard deviations.",
                ),
            ),
            Mistake(
                "variance",
                lambda shock: 2 * shock**2,
                text(
                    "Questa è la varianza: l'errore standard è la sua radice.",
                    "This is the variance: the standard error is its root.",
                ),
            ),
        ),
        law=Identity(
            lambda floor, shock: bool(np.isclose(floor**2 / 2, shock**2, rtol=0.01)),
            text(
                "Il quadrato dell'errore, diviso per due, deve ridare la varianza dell'evento di un centro.",
                "The square of the error, halved, must give back the variance of one centre's event.",
            ),
        ),
        moral=text(
            "È un pavimento: nessun numero di ragazzi lo abbassa, lo abbassano altri centri.",
            "It is a floor: no number of children lowers it, more centres do.",
        ),
    ),
    Exercise(
        id="8.3",
        task=text(
            "La deviazione standard dell'evento di centro a cui l'intervallo tocca lo zero.",
            "The standard deviation of the centre shock at which the interval touches zero.",
        ),
        data=_finding,
        case=lambda: (1.2, 0.25, 2.0),
        solution=_touches_zero,
        mistakes=(
            Mistake(
                "one_event",
                lambda effect, error, critical: np.sqrt((effect / critical) ** 2 - error**2),
                text(
                    "Così c'è un evento in un centro solo: la varianza ne contiene due, e il 2 va diviso.",
                    "Then only one centre has an event: the variance holds two, and the 2 must be divided by.",
                ),
            ),
            Mistake(
                "errors_subtracted",
                lambda effect, error, critical: (effect / critical - error) / np.sqrt(2),
                text(
                    "Si sottraggono i quadrati, non gli errori: a sommarsi sono le varianze.",
                    "Squares are subtracted, not errors: it is variances that add up.",
                ),
            ),
            Mistake(
                "no_chance",
                lambda effect, _, critical: effect / critical / np.sqrt(2),
                text(
                    "Qui manca il caso tra i ragazzi, che occupa già una parte dell'intervallo.",
                    "Chance among the children is missing here; it takes up part of the interval already.",
                ),
            ),
            Mistake(
                "variance",
                lambda effect, error, critical: ((effect / critical) ** 2 - error**2) / 2,
                text(
                    "Questa è una varianza, in unità al quadrato: ne manca la radice.",
                    "This is a variance, in squared units: its root is missing.",
                ),
            ),
        ),
        law=Invariance(
            lambda effect, error, critical: (10 * effect, 10 * error, critical),
            lambda shock: 10 * shock,
            text(
                "Se il punteggio si misura in decimi, stima, errore ed evento diventano tutti dieci volte più grandi.",
                "If the score is measured in tenths, estimate, error and shock all become ten times as large.",
            ),
        ),
        moral=text(
            "Un evento così è piccolo: chi conosce i due centri deve dire se se ne può escludere uno.",
            "A shock of this size is small: those who know the two centres must say whether one can be ruled out.",
        ),
    ),
    Exercise(
        id="8.4",
        task=text(
            "La differenza minima rilevabile della differenza nelle differenze.",
            "The minimum detectable effect of a difference in differences.",
        ),
        data=_plan,
        case=lambda: (2.8, 10, 30, 0.2),
        solution=_least,
        mistakes=(
            Mistake(
                "all_together",
                lambda multiplier, n1, n0, rho: multiplier * np.sqrt(2 * (1 - rho) / (n1 + n0)),
                text(
                    "I ragazzi dei due centri non si sommano: la media di ogni centro ha la sua varianza, e le "
                    "varianze si sommano.",
                    "The children of the two centres are not added up: each mean has its variance, and the variances "
                    "add up.",
                ),
            ),
            Mistake(
                "one_wave",
                lambda multiplier, n1, n0, rho: multiplier * np.sqrt((1 - rho) * (1 / n1 + 1 / n0)),
                text(
                    "Il cambiamento porta l'errore di due rilevazioni: manca il fattore due.",
                    "The change carries the error of two waves: the factor two is missing.",
                ),
            ),
            Mistake(
                "no_correlation",
                lambda multiplier, n1, n0, _: multiplier * np.sqrt(2 * (1 / n1 + 1 / n0)),
                text(
                    "Chi era sopra la media all'inizio lo è per lo più anche alla fine: la correlazione riduce la "
                    "varianza del cambiamento.",
                    "Those above the mean at the start mostly are at the end as well: the correlation lowers the "
                    "variance of the change.",
                ),
            ),
            Mistake(
                "squared",
                lambda multiplier, n1, n0, rho: multiplier * 2 * (1 - rho) * (1 / n1 + 1 / n0),
                text(
                    "Il moltiplicatore va per l'errore standard, che è la radice della varianza.",
                    "The multiplier goes with the standard error, which is the root of the variance.",
                ),
            ),
        ),
        law=Invariance(
            lambda multiplier, n1, n0, rho: (multiplier, 4 * n1, 4 * n0, rho),
            lambda least: least / 2,
            text(
                "Quattro volte i ragazzi in ogni centro dimezzano la differenza minima.",
                "Four times the children in each centre halve the minimum.",
            ),
        ),
        moral=text(
            "Con quaranta ragazzi per centro si trovano effetti grandi. Per trovarne di piccoli, prima dei ragazzi "
            "servono i centri.",
            "With forty children a centre large effects are found. To find small ones, centres are wanted before "
            "children.",
        ),
    ),
)
