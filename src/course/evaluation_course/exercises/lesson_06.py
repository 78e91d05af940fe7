"""Lesson 6, from questionnaire to score: a turned item, a score with gaps, alpha and omega by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd

from evaluation.language import text
from evaluation.measurement.omega import mcdonald_omega
from evaluation.measurement.reliability import cronbach_alpha
from evaluation.measurement.scores import mean_of_answered
from evaluation.study.instrument import Item
from evaluation_course.data import lesson_data
from evaluation_course.exercise import Exercise, Identity, Invariance, Mistake
from evaluation_course.figures_measure import given_sheet, turned_sheet

REVERSED = "interest_4"


def _item() -> tuple[float, float, float]:
    item: Item = lesson_data().study.instrument[REVERSED]
    return float(given_sheet(lesson_data())[REVERSED].mean()), float(item.minimum or 0), float(item.maximum or 0)


N = np.nan


def _gaps() -> tuple[pd.DataFrame, float]:
    """Five invented children, four items: none, one, two, three and all answers missing."""
    return pd.DataFrame([[1, 2, 4, 5], [N, 3, 4, 5], [N, 2, N, 5], [N, N, 4, N], [N] * 4], columns=list("abcd")), 0.5


def _other_gaps() -> tuple[pd.DataFrame, float]:
    """Four others, on three items, of which two must be answered."""
    return pd.DataFrame([[2, N, 5], [4, 4, 3], [N, 5, N], [1, 2, N]], columns=list("abc")), 2 / 3


def _start() -> tuple[pd.DataFrame]:
    return (turned_sheet(lesson_data()),)


def _few() -> tuple[pd.DataFrame]:
    """Seven children, three items that go together, two gaps."""
    rows = [[1, 2, 1], [2, 2, 3], [3, 4, 3], [4, 3, 5], [5, 5, 4], [np.nan, 5, 1], [2, np.nan, 4]]
    return (pd.DataFrame(rows, columns=list("abc")),)


def _alpha(sheet: pd.DataFrame) -> float:
    return cronbach_alpha(sheet.to_numpy(dtype=float)).alpha


def _share(sheet: pd.DataFrame) -> float:
    """One minus the share of the items' own variances, from the complete sheets."""
    complete = sheet.dropna()
    return float(1 - complete.var().sum() / complete.sum(axis=1).var())


def _factor() -> tuple[np.ndarray, np.ndarray]:
    found = mcdonald_omega(turned_sheet(lesson_data()).to_numpy(dtype=float))
    return np.array(found.loadings), np.array(found.uniquenesses)


EXERCISES = (
    Exercise(
        id="6.1",
        task=text(
            "La media della domanda interest_4 dopo averla girata.", "The mean of item interest_4 after turning it."
        ),
        data=_item,
        solution=lambda given, lowest, highest: lowest + highest - given,
        mistakes=(
            Mistake(
                "as_given",
                lambda given, lowest, highest: given,  # noqa: ARG005
                text(
                    "Questa è la media delle risposte così come sono state date: chi è molto d'accordo con una frase al "
                    "contrario ha ancora un valore alto.",
                    "This is the mean of the answers as they were given: whoever agrees strongly with a reversed sentence "
                    "still has a high value.",
                ),
            ),
            Mistake(
                "from_the_highest",
                lambda given, lowest, highest: highest - given,  # noqa: ARG005
                text(
                    "Con questa regola chi ha segnato il massimo avrebbe zero, che sulla scala non c'è: deve arrivare al "
                    "minimo.",
                    "By this rule whoever ticked the highest would get zero, which the scale does not have: it must become "
                    "the lowest.",
                ),
            ),
            Mistake(
                "sign",
                lambda given, lowest, highest: -given,  # noqa: ARG005
                text(
                    "Cambiare segno gira la domanda ma la porta fuori dalla scala: la media con le altre non si può fare.",
                    "Changing the sign turns the item but takes it off the scale: it cannot be averaged with the others.",
                ),
            ),
        ),
        law=Identity(
            lambda turned, given, lowest, highest: bool(np.isclose(turned + given, lowest + highest, atol=1e-3)),
            text(
                "Una risposta e la sua girata danno sempre la stessa somma: quale, se il minimo diventa il massimo?",
                "An answer and its turned twin always add up to the same: what, if the lowest becomes the highest?",
            ),
        ),
        moral=text(
            "Ora un numero alto vuol dire, come nelle altre domande, più interesse.",
            "Now a high number means more interest, as in the other items.",
        ),
    ),
    Exercise(
        id="6.2",
        task=text(
            "Il punteggio di ogni ragazzo: la media delle risposte date, se è stata data almeno la quota minima.",
            "The score of each child: the mean of the answers given, if at least the minimum share was given.",
        ),
        data=_gaps,
        case=_other_gaps,
        solution=lambda sheet, minimum: mean_of_answered(sheet, minimum).to_numpy(),
        mistakes=(
            Mistake(
                "complete_only",
                lambda sheet, minimum: sheet.mean(axis=1, skipna=False).to_numpy(),  # noqa: ARG005
                text(
                    "Così ha un punteggio soltanto chi ha risposto a tutto: per una sola domanda saltata si perde un "
                    "ragazzo intero.",
                    "Then only those who answered everything have a score: for a single item skipped a whole child is lost.",
                ),
            ),
            Mistake(
                "zero",
                lambda sheet, minimum: mean_of_answered(sheet.fillna(0), minimum).to_numpy(),
                text(
                    "Le risposte che mancano sono state contate come zeri, un valore che nessuno può segnare: chi salta una "
                    "domanda sembra meno interessato.",
                    "Missing answers were counted as zeros, a value nobody can tick: whoever skips an item seems less "
                    "interested.",
                ),
            ),
            Mistake(
                "sum",
                lambda sheet, minimum: (
                    sheet.sum(axis=1).where(sheet.notna().mean(axis=1) >= minimum).to_numpy(dtype=float)
                ),
                text(
                    "Una somma cresce con il numero delle risposte: chi ne salta una sembra meno interessato. Che cosa non ne "
                    "dipende?",
                    "A sum grows with the number of answers: whoever skips one seems less interested. What does not depend on "
                    "it?",
                ),
            ),
            Mistake(
                "no_minimum",
                lambda sheet, minimum: sheet.mean(axis=1).to_numpy(),  # noqa: ARG005
                text(
                    "Manca la quota minima: così basta una risposta sola per avere un punteggio.",
                    "The minimum share is missing: a single answer is then enough for a score.",
                ),
            ),
            Mistake(
                "more_than",
                lambda sheet, minimum: sheet.mean(axis=1).where(sheet.notna().mean(axis=1) > minimum).to_numpy(),
                text(
                    "Chi ha risposto esattamente alla quota minima ha diritto al punteggio: *almeno* comprende l'uguale.",
                    "Whoever answered exactly the minimum share is entitled to a score: *at least* includes equal.",
                ),
            ),
        ),
        law=Invariance(
            lambda sheet, minimum: (sheet[sheet.notna().mean(axis=1) >= minimum] + 1, minimum),
            lambda scores: scores[~np.isnan(scores)] + 1,
            text(
                "Se ogni risposta sale di un punto, deve salire di un punto anche ogni punteggio, comunque manchino le altre.",
                "If every answer rises by one point, every score must rise by one point too, whatever is missing.",
            ),
        ),
        moral=text(
            "Chi ha saltato poche domande resta nello studio, sulla stessa scala degli altri.",
            "Those who skipped a few items stay in the study, on the same scale as the others.",
        ),
    ),
    Exercise(
        id="6.3",
        task=text(
            "L'alfa di Cronbach di una scala, dai questionari completi.",
            "Cronbach's alpha of a scale, from the complete sheets.",
        ),
        data=_start,
        case=_few,
        solution=_alpha,
        mistakes=(
            Mistake(
                "no_items",
                _share,
                text(
                    "Manca il fattore con il numero delle domande, k / (k − 1): senza, anche domande identiche non "
                    "arriverebbero a uno.",
                    "The factor with the number of items, k / (k − 1), is missing: without it even identical items would not "
                    "reach one.",
                ),
            ),
            Mistake(
                "deviations",
                lambda sheet: float(
                    sheet.shape[1]
                    / (sheet.shape[1] - 1)
                    * (1 - sheet.dropna().std().sum() / sheet.dropna().sum(axis=1).std())
                ),
                text(
                    "Queste sono deviazioni standard: a sommarsi, quando le domande vanno ognuna per conto suo, sono le "
                    "varianze.",
                    "These are standard deviations: what adds up, when items go each its own way, are variances.",
                ),
            ),
            Mistake(
                "gaps_left_in",
                lambda sheet: float(
                    sheet.shape[1] / (sheet.shape[1] - 1) * (1 - sheet.var().sum() / sheet.sum(axis=1).var())
                ),
                text(
                    "I questionari incompleti sono rimasti: nel totale le loro lacune contano come zeri, e la varianza si "
                    "gonfia.",
                    "Incomplete sheets stayed in: in the total their gaps count as zeros, and the variance swells.",
                ),
            ),
        ),
        law=Invariance(
            lambda sheet: (2 * sheet + 1,),
            lambda alpha: alpha,
            text(
                "L'alfa non ha unità: se ogni risposta raddoppia e sale di uno, deve restare dov'era.",
                "Alpha has no unit: if every answer doubles and rises by one, it must stay where it was.",
            ),
        ),
        moral=text(
            "Le domande si muovono insieme. Che misurino proprio ciò che dice il loro titolo, però, l'alfa non lo sa.",
            "The items move together. But whether they measure what their title says, alpha does not know.",
        ),
    ),
    Exercise(
        id="6.4",
        task=text(
            "L'omega, dai pesi e dalle varianze proprie.", "Omega, from the loadings and the items' own variances."
        ),
        data=_factor,
        solution=lambda loadings, own: float(loadings.sum() ** 2 / (loadings.sum() ** 2 + own.sum())),
        mistakes=(
            Mistake(
                "squares_first",
                lambda loadings, own: float((loadings**2).sum() / ((loadings**2).sum() + own.sum())),
                text(
                    "Prima si sommano i pesi, poi si eleva al quadrato: il fattore entra in ogni domanda, e nella somma si "
                    "rafforza.",
                    "Add the loadings first, then square: the factor enters every item, and in the sum it grows stronger.",
                ),
            ),
            Mistake(
                "odds",
                lambda loadings, own: float(loadings.sum() ** 2 / own.sum()),
                text(
                    "Questo è il rapporto tra segnale e rumore. L'omega è una quota: a dividere va la varianza intera.",
                    "This is the ratio of signal to noise. Omega is a share: divide by the whole variance.",
                ),
            ),
            Mistake(
                "noise",
                lambda loadings, own: float(own.sum() / (loadings.sum() ** 2 + own.sum())),
                text(
                    "Questa è la quota del rumore: ciò che resta, tolto il fattore comune.",
                    "This is the share of the noise: what remains without the common factor.",
                ),
            ),
        ),
        law=Identity(
            lambda omega, loadings, own: bool(
                omega < 1 and np.isclose(omega / (1 - omega), loadings.sum() ** 2 / own.sum(), rtol=0.05)
            ),
            text(
                "Una quota sta tra zero e uno, e diviso ciò che le manca a uno dà il rapporto tra segnale e rumore.",
                "A share lies between zero and one; over what it lacks to one it gives the ratio of signal to noise.",
            ),
        ),
        moral=text(
            "È quasi l'alfa: qui le domande pesano in modo simile. Dove una pesa molto più delle altre, i due si separano.",
            "It is nearly alpha: here the items weigh much alike. Where one weighs far more than the others, the two part.",
        ),
    ),
)
