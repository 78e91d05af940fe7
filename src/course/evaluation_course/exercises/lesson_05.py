"""Lesson 5, trends that are not parallel: a bracket, a weighted comparison, a doubly robust estimate."""

from __future__ import annotations

import numpy as np

from evaluation.counterfactual.estimators.weights import design, tilting
from evaluation.counterfactual.sample import Array
from evaluation.language import text
from evaluation_course.data import lesson_data
from evaluation_course.displays import fits
from evaluation_course.exercise import Exercise, Identity, Invariance, Mistake

PAIR = ["did_adjusted", "ancova"]


def _two() -> tuple[tuple[float, float], ...]:
    """Estimate and standard error of the two methods."""
    found = fits(lesson_data(), PAIR)
    return tuple((found[name].estimate, found[name].std_error) for name in PAIR)


def _sorted(one: float, other: float) -> tuple[float, float]:
    return min(one, other), max(one, other)


def _adjusted() -> tuple[Array, Array, Array, Array]:
    """Centre, change, change predicted by the weighted regression of the comparison children, and their weights."""
    pairs = lesson_data().sample().pairs(with_covariates=True)
    x = design(pairs.treated, pairs.covariates)
    weights = tilting(pairs.treated, x)
    zero = ~pairs.treated
    root = np.sqrt(weights[zero])
    fitted = np.linalg.lstsq(root[:, None] * x[zero], root * pairs.change[zero], rcond=None)[0]
    return pairs.treated, pairs.change, x @ fitted, weights


def _six() -> tuple[Array, Array, Array, Array]:
    """Six children: of the comparison, one resembles the treated and counts for most."""
    treated = np.array([True, True, False, False, False, True])
    change = np.array([3.0, 4.0, 1.0, 2.5, 0.5, 2.0])
    return treated, change, np.array([1.5, 2.5, 0.7, 2.2, 1.1, 1.0]), np.array([1.0, 1.0, 0.5, 2.0, 1.0, 1.0])


def _contrast(treated: Array, values: Array, weights: Array) -> float:
    return float(values[treated].mean() - np.average(values[~treated], weights=weights[~treated]))


def _robust(treated: Array, change: Array, predicted: Array, weights: Array) -> float:
    return _contrast(treated, change - predicted, weights)


def _without_prediction(data: tuple[Array, Array, Array, Array]) -> tuple[Array, Array, Array]:
    treated, change, _, weights = data
    return treated, change, weights


EXERCISES = (
    Exercise(
        id="5.1",
        task=text(
            "La minore e la maggiore delle due stime che racchiudono l'effetto.",
            "The lower and the higher of the two estimates that bracket the effect.",
        ),
        data=_two,
        solution=lambda did, ancova: _sorted(did[0], ancova[0]),
        mistakes=(
            Mistake(
                "turned",
                lambda did, ancova: _sorted(did[0], ancova[0])[::-1],
                text(
                    "I valori sono giusti, ma il minore va per primo.",
                    "The values are right, but the lower goes first.",
                ),
            ),
            Mistake(
                "errors",
                lambda did, ancova: _sorted(did[1], ancova[1]),
                text(
                    "Questi sono gli errori standard: si racchiude l'effetto con le stime.",
                    "These are the standard errors: the effect is bracketed by the estimates.",
                ),
            ),
            Mistake(
                "one_method",
                lambda did, _: (did[0], did[0]),
                text(
                    "È due volte lo stesso metodo: l'altro è quello che mette il punteggio iniziale nella regressione.",
                    "It is the same method twice: the other is the one that puts the first score in the regression.",
                ),
            ),
            Mistake(
                "interval_of_one",
                lambda did, _: (did[0] - did[1], did[0] + did[1]),
                text(
                    "Questo è un tratto attorno a una sola stima: dice del caso, non della scelta del metodo.",
                    "This is a stretch around one estimate: it speaks of chance, not of the choice of method.",
                ),
            ),
        ),
        law=Identity(
            lambda pair, did, ancova: bool(np.isclose(sum(pair), did[0] + ancova[0], atol=2e-3)),
            text(
                "La somma dei due valori deve essere la somma delle due stime.",
                "The sum of the two values must be the sum of the two estimates.",
            ),
        ),
        moral=text(
            "La distanza tra i due viene dalla scelta del metodo, e l'intervallo di ciascuno non la mostra.",
            "The distance between the two comes from the choice of method, and the interval of neither shows it.",
        ),
    ),
    Exercise(
        id="5.2",
        task=text(
            "La differenza nelle differenze con un gruppo di confronto pesato.",
            "The difference in differences with a weighted comparison group.",
        ),
        data=lambda: _without_prediction(_adjusted()),
        case=lambda: _without_prediction(_six()),
        solution=_contrast,
        mistakes=(
            Mistake(
                "unweighted",
                lambda treated, change, _: float(change[treated].mean() - change[~treated].mean()),
                text(
                    "I pesi non sono stati usati: è la differenza nelle differenze di prima.",
                    "The weights were not used: this is the difference in differences of before.",
                ),
            ),
            Mistake(
                "wrong_denominator",
                lambda treated, change, weights: float(
                    change[treated].mean() - (weights * change)[~treated].sum() / (~treated).sum()
                ),
                text(
                    "Una media pesata si divide per la somma dei pesi, quale che sia il numero dei ragazzi.",
                    "A weighted mean is divided by the sum of the weights, whatever the number of children.",
                ),
            ),
            Mistake(
                "sign",
                lambda treated, change, weights: -_contrast(treated, change, weights),
                text(
                    "Il segno è rovesciato: al cambiamento dei trattati si toglie quello del confronto.",
                    "The sign is turned: the change of the comparison is taken from that of the treated.",
                ),
            ),
            Mistake(
                "weights_for_all",
                lambda treated, change, weights: float(change[treated].mean() - np.average(change, weights=weights)),
                text(
                    "La media pesata comprende anche i trattati: deve riguardare soltanto il confronto, ~treated.",
                    "The weighted mean holds the treated as well: it must be of the comparison only, ~treated.",
                ),
            ),
        ),
        law=Invariance(
            lambda treated, change, weights: (treated, change, np.where(treated, 1.0, 10.0 * weights)),
            lambda estimate: estimate,
            text(
                "Moltiplicare per dieci tutti i pesi del confronto non cambia chi conta di più: la stima resta quella.",
                "Multiplying all weights of the comparison by ten does not change who counts most: the estimate stays.",
            ),
        ),
        moral=text(
            "Chi somiglia ai trattati parla per loro: il controfattuale è fatto soprattutto di questi ragazzi.",
            "Those who resemble the treated speak for them: the counterfactual is made mostly of these children.",
        ),
    ),
    Exercise(
        id="5.3",
        task=text(
            "La stima doppiamente robusta: pesi, e ciò che resta oltre il cambiamento previsto.",
            "The doubly robust estimate: weights, and what remains beyond the predicted change.",
        ),
        data=_adjusted,
        case=_six,
        solution=_robust,
        mistakes=(
            Mistake(
                "prediction_of_one_group",
                lambda treated, change, predicted, weights: _contrast(treated, change - predicted * ~treated, weights),
                text(
                    "Il cambiamento previsto va tolto anche ai trattati: avrebbero cambiato di tanto comunque.",
                    "The predicted change is taken off the treated as well: they would have changed by that much anyway.",
                ),
            ),
            Mistake(
                "no_weights",
                lambda treated, change, predicted, _: float(
                    (change - predicted)[treated].mean() - (change - predicted)[~treated].mean()
                ),
                text(
                    "Mancano i pesi: così si sta al sicuro una volta sola, se è giusta la regressione.",
                    "The weights are missing: that is being safe only once, if the regression is right.",
                ),
            ),
            Mistake(
                "no_prediction",
                lambda treated, change, _, weights: _contrast(treated, change, weights),
                text(
                    "Manca il cambiamento previsto: così si sta al sicuro una volta sola, se sono giusti i pesi.",
                    "The predicted change is missing: that is being safe only once, if the weights are right.",
                ),
            ),
            Mistake(
                "prediction_added",
                lambda treated, change, predicted, weights: _contrast(treated, change + predicted, weights),
                text(
                    "Il cambiamento previsto è stato aggiunto: si guarda ciò che resta dopo averlo tolto.",
                    "The predicted change was added: look at what remains once it is taken off.",
                ),
            ),
        ),
        law=Invariance(
            lambda treated, change, predicted, weights: (treated, change + 2.0, predicted + 2.0, weights),
            lambda estimate: estimate,
            text(
                "Se tutti cambiano di due punti in più, e la regressione lo prevede, la stima non si muove.",
                "If everybody changes by two points more, and the regression predicts it, the estimate does not move.",
            ),
        ),
        moral=text(
            "È, cifra per cifra, la stima doppiamente robusta che il rapporto riporta.",
            "It is, digit by digit, the doubly robust estimate that the report gives.",
        ),
    ),
)
