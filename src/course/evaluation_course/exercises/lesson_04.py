"""Lesson 4, the same number by regression: a coefficient, a standard error, an interval."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy import stats

from evaluation.counterfactual.estimate import Estimate
from evaluation.counterfactual.estimators.linear import Fit, hc2
from evaluation.counterfactual.estimators.registry import ESTIMATORS
from evaluation.counterfactual.sample import Array, Sample
from evaluation.language import text
from evaluation_course.data import lesson_data
from evaluation_course.exercise import Exercise, Identity, Invariance, Mistake
from evaluation_course.figures import did_estimate


class Spread(NamedTuple):
    """SD of the change, and number of children, of the treated (t) and of the comparison children (c)."""

    sd_t: float
    n_t: int
    sd_c: float
    n_c: int


def _pairs() -> tuple[Sample]:
    return (lesson_data().sample().pairs(),)


def _spread() -> tuple[Spread]:
    (pairs,) = _pairs()
    sd_t, sd_c = (float(pairs.change[side].std(ddof=1)) for side in (pairs.treated, ~pairs.treated))
    return (Spread(sd_t, pairs.n_treated, sd_c, pairs.n_comparison),)


def _welch(s: Spread) -> float:
    """Standard error by the package's regression, on changes of exactly these two spreads."""
    changes = np.concatenate([_with_sd(s.sd_t, s.n_t), _with_sd(s.sd_c, s.n_c)])
    treated = np.arange(s.n_t + s.n_c) < s.n_t
    return hc2(changes, np.column_stack([np.ones(len(changes)), treated]), 1).std_error


def _with_sd(sd: float, n: int) -> Array:
    values = np.arange(n, dtype=float)
    return sd * (values - values.mean()) / values.std(ddof=1)


def _on_centre(y: Array, treated: Array) -> Fit:
    return hc2(y, np.column_stack([np.ones(len(treated)), treated]), 1)


def _finding() -> tuple[float, float, float]:
    found = did_estimate(lesson_data())
    return found.estimate, found.std_error, found.critical


def _ends(estimate: float, error: float, critical: float) -> tuple[float, float]:
    """Ends by the package's own interval, at the level to which the critical value of the normal belongs."""
    found = Estimate("", "", "", "did", "", estimate, error, np.inf, 0, 0)
    return found.bounds(2 * float(stats.norm.cdf(critical)) - 1)


EXERCISES = (
    Exercise(
        id="4.1",
        task=text(
            "La differenza nelle differenze come coefficiente del centro.",
            "The difference in differences as the coefficient of the centre.",
        ),
        data=_pairs,
        solution=lambda pairs: ESTIMATORS["did"](pairs).estimate,
        mistakes=(
            Mistake(
                "no_constant",
                lambda pairs: hc2(pairs.change, pairs.treated[:, None].astype(float), 0).estimate,
                text(
                    "Senza la costante la formula prevede zero per il confronto: è tornato il prima-dopo.",
                    "Without the constant the formula predicts zero for the comparison: before-after is back.",
                ),
            ),
            Mistake(
                "the_constant",
                lambda pairs: float(pairs.change[~pairs.treated].mean()),
                text(
                    "Questo è il coefficiente della costante, il cambiamento del confronto: le colonne si contano da 0.",
                    "This is the coefficient of the constant, the change of the comparison: columns count from 0.",
                ),
            ),
            Mistake(
                "final_score",
                lambda pairs: _on_centre(pairs.follow_up, pairs.treated).estimate,
                text(
                    "La y è il punteggio finale, e il coefficiente è il con-senza: serve il cambiamento.",
                    "The y is the final score, and the coefficient is with-without: the change is wanted.",
                ),
            ),
            Mistake(
                "other_centre",
                lambda pairs: _on_centre(pairs.change, ~pairs.treated).estimate,
                text(
                    "La colonna vale uno per il confronto e zero per i trattati: il segno si rovescia.",
                    "The column is one for the comparison and zero for the treated: the sign turns.",
                ),
            ),
        ),
        law=Identity(
            lambda value, pairs: bool(
                np.isclose(pairs.change[~pairs.treated].mean() + value, pairs.change[pairs.treated].mean(), atol=1e-3)
            ),
            text(
                "La costante più il coefficiente deve dare il cambiamento medio dei trattati.",
                "The constant plus the coefficient must give the mean change of the treated.",
            ),
        ),
        moral=text(
            "È il numero della lezione 3, fino all'ultima cifra: la regressione non aggiunge né toglie ipotesi.",
            "It is the number of lesson 3, to the last digit: the regression adds and removes no assumption.",
        ),
    ),
    Exercise(
        id="4.2",
        task=text(
            "L'errore standard della differenza tra i due cambiamenti medi.",
            "The standard error of the difference between the two mean changes.",
        ),
        data=_spread,
        solution=_welch,
        mistakes=(
            Mistake(
                "standard_deviation",
                lambda s: float(np.sqrt(s.sd_t**2 + s.sd_c**2)),
                text(
                    "Questa è la varietà dei singoli ragazzi: l'errore di una media si riduce con il loro numero.",
                    "This is how much single children vary: the error of a mean shrinks with their number.",
                ),
            ),
            Mistake(
                "errors_added",
                lambda s: s.sd_t / np.sqrt(s.n_t) + s.sd_c / np.sqrt(s.n_c),
                text(
                    "Sono stati sommati gli errori: di quantità indipendenti si sommano le varianze.",
                    "The errors were added: for independent quantities variances add up.",
                ),
            ),
            Mistake(
                "all_together",
                lambda s: float(np.sqrt((s.sd_t**2 + s.sd_c**2) / (s.n_t + s.n_c))),
                text(
                    "Il denominatore è uno solo, quello di tutti: ogni varianza va divisa per i ragazzi del suo centro.",
                    "There is one denominator, that of all: each variance is divided by the children of its centre.",
                ),
            ),
            Mistake(
                "variance",
                lambda s: s.sd_t**2 / s.n_t + s.sd_c**2 / s.n_c,
                text("Questa è la varianza: ne manca la radice.", "This is the variance: its root is missing."),
            ),
        ),
        law=Identity(
            lambda error, s: bool(np.isclose(error**2, s.sd_t**2 / s.n_t + s.sd_c**2 / s.n_c, rtol=0.01)),
            text(
                "Il quadrato dell'errore deve essere la somma dei quadrati degli errori delle due medie.",
                "The square of the error must be the sum of the squared errors of the two means.",
            ),
        ),
        moral=text(
            "È grande rispetto alla stima: con qualche decina di ragazzi per centro un effetto si vede, ma non con precisione.",
            "It is large beside the estimate: with a few dozen children a centre an effect is seen, but not precisely.",
        ),
    ),
    Exercise(
        id="4.3",
        task=text(
            "I due estremi dell'intervallo di confidenza, prima il minore.",
            "The two ends of the confidence interval, the lower first.",
        ),
        data=_finding,
        case=lambda: (10.0, 2.0, 3.0),
        solution=_ends,
        mistakes=(
            Mistake(
                "no_critical",
                lambda estimate, error, _: (estimate - error, estimate + error),
                text(
                    "Manca il valore critico: un solo errore per parte coprirebbe circa due volte su tre.",
                    "The critical value is missing: one error either side would cover about two times in three.",
                ),
            ),
            Mistake(
                "halved",
                lambda estimate, error, critical: (estimate - critical * error / 2, estimate + critical * error / 2),
                text(
                    "Il tratto è stato diviso per due: valore critico per errore si percorre in ciascuna direzione.",
                    "The stretch was halved: critical value times error is gone in each direction.",
                ),
            ),
            Mistake(
                "around_zero",
                lambda _, error, critical: (-critical * error, critical * error),
                text(
                    "Questo intervallo sta attorno allo zero, non alla stima.",
                    "This interval is around zero, not around the estimate.",
                ),
            ),
            Mistake(
                "turned",
                lambda estimate, error, critical: (estimate + critical * error, estimate - critical * error),
                text(
                    "Gli estremi sono giusti, ma il minore va per primo.",
                    "The ends are right, but the lower goes first.",
                ),
            ),
        ),
        law=Invariance(
            lambda estimate, error, critical: (100 * estimate, 100 * error, critical),
            lambda ends: 100 * ends,
            text(
                "Se il punteggio si misura in centesimi, stima ed errore sono cento volte più grandi, e così gli estremi.",
                "If the score is measured in hundredths, estimate and error are a hundred times as large, and so the ends.",
            ),
        ),
        moral=text(
            "È largo: valori piccoli dell'effetto sono compatibili con i dati quanto valori grandi.",
            "It is wide: small values of the effect are as compatible with the data as large ones.",
        ),
    ),
)
