"""Lesson 9, diagnosing a design: coverage of simulated intervals, its own uncertainty, bias and RMSE."""

from __future__ import annotations

import numpy as np

from evaluation.counterfactual.sample import Array
from evaluation.design.diagnosis import diagnose
from evaluation.language import text
from evaluation_course.exercise import Exercise, Identity, Invariance, Mistake
from evaluation_course.figures_design import DESIGN, SEED, STUDIES, studies


def _intervals() -> tuple[Array, Array, float]:
    _, low, high = studies(DESIGN)
    return low, high, DESIGN.inquiry.effect


def _diagnosed(what: str) -> float:
    found = next(each for each in diagnose(DESIGN, STUDIES, SEED) if each.method == "did")
    return float(getattr(found, what))


def _covered(low: Array, high: Array, truth: float) -> Array:
    return np.asarray((low <= truth) & (truth <= high))


def _share() -> tuple[float, int]:
    return _diagnosed("coverage"), STUDIES


def _estimates() -> tuple[Array, float]:
    return studies(DESIGN)[0], DESIGN.inquiry.effect


def _five() -> tuple[Array, float]:
    """Five studies, most of them above the truth."""
    return np.array([0.9, 0.4, 1.1, 0.8, 0.55]), 0.5


def _bias_and_rmse(estimates: Array, truth: float) -> tuple[float, float]:
    return float(estimates.mean() - truth), float(np.sqrt(((estimates - truth) ** 2).mean()))


EXERCISES = (
    Exercise(
        id="9.1",
        task=text(
            "La copertura: la quota degli intervalli che contengono il vero effetto.",
            "The coverage: the share of the intervals that hold the true effect.",
        ),
        data=_intervals,
        solution=lambda low, high, truth: _diagnosed("coverage"),  # noqa: ARG005
        mistakes=(
            Mistake(
                "power",
                lambda low, high, truth: float(((low > 0) | (high < 0)).mean()),  # noqa: ARG005
                text(
                    "Questa è la potenza: quante volte l'intervallo esclude lo zero. La copertura guarda il vero effetto.",
                    "This is the power: how often the interval excludes zero. Coverage looks at the true effect.",
                ),
            ),
            Mistake(
                "misses",
                lambda low, high, truth: float(1 - _covered(low, high, truth).mean()),
                text(
                    "Questa è la quota degli intervalli che lo mancano: resta da prendere gli altri.",
                    "This is the share of the intervals that miss it: it remains to take the others.",
                ),
            ),
            Mistake(
                "count",
                lambda low, high, truth: float(_covered(low, high, truth).sum()),
                text(
                    "Questo è quanti intervalli lo contengono; una quota è quanti su tutti.",
                    "This is how many intervals hold it; a share is how many out of all.",
                ),
            ),
            Mistake(
                "one_side",
                lambda low, high, truth: float((low <= truth).mean()),  # noqa: ARG005
                text(
                    "Qui si guarda un estremo solo: anche un intervallo tutto sotto il vero effetto lo manca.",
                    "Only one end is looked at: an interval entirely below the true effect misses it as well.",
                ),
            ),
        ),
        law=Identity(
            lambda share, low, high, truth: bool(  # noqa: ARG005
                0 <= share <= 1 and np.isclose(share * len(low), round(share * len(low)), atol=0.3)
            ),
            text(
                "Una quota sta tra zero e uno, e per il numero degli studi dà un numero intero di studi.",
                "A share lies between zero and one, and times the number of studies it gives a whole number of studies.",
            ),
        ),
        moral=text(
            "L'intervallo mantiene ciò che promette, in questo mondo: uno in cui ogni ragazzo si muove per conto suo.",
            "The interval keeps what it promises, in this world: one in which every child moves alone.",
        ),
        decimals=4,
    ),
    Exercise(
        id="9.2",
        task=text("L'errore standard Monte Carlo della copertura.", "The Monte Carlo standard error of the coverage."),
        data=_share,
        solution=lambda share, count: _diagnosed("coverage_error"),  # noqa: ARG005
        mistakes=(
            Mistake(
                "variance",
                lambda share, count: share * (1 - share) / count,
                text(
                    "Questa è la varianza della quota: l'errore standard è la sua radice.",
                    "This is the variance of the share: the standard error is its root.",
                ),
            ),
            Mistake(
                "one_study",
                lambda share, count: np.sqrt(share * (1 - share)),  # noqa: ARG005
                text(
                    "Questa è la deviazione standard di un solo studio, sì o no. La media di tanti studi varia meno.",
                    "This is the standard deviation of a single study, yes or no. The mean of many studies varies less.",
                ),
            ),
            Mistake(
                "half",
                lambda share, count: 0.5 / np.sqrt(count),  # noqa: ARG005
                text(
                    "Questo è l'errore di una quota vicina a un mezzo, il caso peggiore: la nostra è vicina a uno.",
                    "This is the error of a share near one half, the worst case: ours is near one.",
                ),
            ),
            Mistake(
                "no_product",
                lambda share, count: np.sqrt(share / count),
                text(
                    "Manca la parte di chi non copre: se coprissero tutti, l'errore sarebbe zero.",
                    "The part of those that do not cover is missing: if all did, the error would be zero.",
                ),
            ),
        ),
        law=Identity(
            lambda error, share, count: bool(np.isclose(error**2 * count, share * (1 - share), rtol=0.05)),
            text(
                "Il quadrato dell'errore, per il numero degli studi, deve ridare la varianza di un solo studio.",
                "The square of the error, times the number of studies, must give back the variance of a single study.",
            ),
        ),
        moral=text(
            "Anche una simulazione è un campione: senza il suo errore, un decimale in più non vuol dire nulla.",
            "A simulation is a sample, too: without its error one more decimal means nothing.",
        ),
        decimals=5,
    ),
    Exercise(
        id="9.3",
        task=text(
            "La distorsione e l'errore quadratico medio (RMSE) di una serie di stime, come coppia.",
            "The bias and the root mean squared error (RMSE) of a series of estimates, as a pair.",
        ),
        data=_estimates,
        case=_five,
        solution=_bias_and_rmse,
        mistakes=(
            Mistake(
                "spread",
                lambda estimates, truth: (_bias_and_rmse(estimates, truth)[0], float(estimates.std())),
                text(
                    "La seconda è la dispersione attorno alla media delle stime: chi sbaglia sempre allo stesso modo "
                    "sembrerebbe perfetto. La distanza si prende dal vero.",
                    "The second is the spread around the mean of the estimates: whoever always errs in the same way would "
                    "look perfect. Take the distance from the truth.",
                ),
            ),
            Mistake(
                "not_rooted",
                lambda estimates, truth: (
                    _bias_and_rmse(estimates, truth)[0],
                    _bias_and_rmse(estimates, truth)[1] ** 2,
                ),
                text(
                    "La seconda è la media dei quadrati: per tornare all'unità dell'effetto manca la radice.",
                    "The second is the mean of the squares: to return to the unit of the effect the root is missing.",
                ),
            ),
            Mistake(
                "absolute",
                lambda estimates, truth: (
                    float(np.abs(estimates - truth).mean()),
                    _bias_and_rmse(estimates, truth)[1],
                ),
                text(
                    "La prima è la distanza media senza segno: errori in su e in giù non si compensano più, e non si vede da "
                    "che parte pende.",
                    "The first is the mean distance without sign: errors up and down no longer cancel, and one does not see "
                    "which way it leans.",
                ),
            ),
            Mistake(
                "sign",
                lambda estimates, truth: (-_bias_and_rmse(estimates, truth)[0], _bias_and_rmse(estimates, truth)[1]),
                text(
                    "Il segno della distorsione: è positiva se le stime stanno, in media, sopra il vero.",
                    "The sign of the bias: it is positive if the estimates lie, on average, above the truth.",
                ),
            ),
        ),
        law=Invariance(
            lambda estimates, truth: (10 * estimates + 3, 10 * truth + 3),
            lambda pair: 10 * np.asarray(pair),
            text(
                "Se stime e vero cambiano unità insieme, anche i due errori cambiano unità, e uno spostamento comune non "
                "conta.",
                "If estimates and truth change unit together, so do both errors, and a common shift does not count.",
            ),
        ),
        moral=text(
            "Quasi nessuna distorsione, ma un errore tipico che non è piccolo: una stima giusta in media può sbagliare "
            "molto la volta che conta.",
            "Hardly any bias, but a typical error that is not small: an estimate right on average may be far off the one "
            "time that counts.",
        ),
    ),
)
