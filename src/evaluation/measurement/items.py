"""Items one by one: what the children answered, how each item goes with the rest of its scale."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from evaluation.measurement.complete import FEWEST, Array, NoMeasure, complete_rows, varies
from evaluation.measurement.reliability import varying


@dataclass(frozen=True)
class ItemSummary:
    """Answers to one item: how many, mean and SD in its units, the shares at the lowest and at the highest step."""

    n: int
    mean: float
    sd: float
    floor: float
    ceiling: float


@dataclass(frozen=True)
class ItemRest:
    """Correlation of an item with the sum of the other items, in `n` complete answer sheets."""

    correlation: float
    n: int


@dataclass(frozen=True)
class PairwiseAlpha:
    """Alpha from pairwise covariances; `fewest` children answered both items of the rarest pair."""

    alpha: float
    fewest: int
    items: int


def item_summary(answers: Array, minimum: float, maximum: float) -> ItemSummary:
    """Summarise the answers to one item.

    Parameters
    ----------
    answers : shape (children,); NaN is a missing answer. minimum, maximum : ends of the item's scale.

    Raises
    ------
    NoMeasure : fewer than two answers, or a scale without two ends.
    """
    given = answers[~np.isnan(answers)]
    if len(given) < 2:
        raise NoMeasure(
            f"servono almeno 2 risposte, ce ne sono {len(given)}",
            f"at least 2 answers are needed, there are {len(given)}",
        )
    if not minimum < maximum:
        raise NoMeasure("la scala della domanda ha un solo valore", "the scale of the item has only one value")
    floor, ceiling = (float(np.mean(given == end)) for end in (minimum, maximum))
    return ItemSummary(len(given), float(given.mean()), float(given.std(ddof=1)), floor, ceiling)


def item_rest(items: Array, column: int) -> ItemRest:
    """Correlate one item with the sum of the others (corrected item-total correlation), from the complete rows.

    Parameters
    ----------
    items : shape (children, items), turned so that all point one way. column : position of the item.

    Raises
    ------
    NoMeasure : one item, fewer than three complete rows, or no variation in the item or in the others.

    References
    ----------
    Nunnally & Bernstein (1994), chapter 8.
    """
    complete = complete_rows(items)
    item = complete[:, column]
    rest = np.delete(complete, column, axis=1).sum(axis=1)
    if not varies(np.column_stack([item, rest])).all():
        raise NoMeasure(
            "la domanda, o la somma delle altre, non varia fra i ragazzi",
            "the item, or the sum of the others, does not vary between children",
        )
    return ItemRest(float(np.corrcoef(item, rest)[0, 1]), len(complete))


def pairwise_alpha(items: Array) -> PairwiseAlpha:
    """Cronbach's alpha from the covariances of each pair of items that vary, over the children who answered both.

    Parameters
    ----------
    items : shape (children, items); NaN is a missing answer.

    Raises
    ------
    NoMeasure : one item, a pair that fewer than three children answered, or no variation.

    References
    ----------
    Cronbach (1951), eq. 2, with pairwise covariances as `alpha` of the R package psych.
    """
    items = items[:, varying(items)]
    k = items.shape[1]
    if k < 2:
        raise NoMeasure("serve più di una domanda che vari", "more than one item that varies is needed")
    answered = (~np.isnan(items)).astype(float)
    fewest = int((answered.T @ answered).min())
    if fewest < FEWEST:
        raise NoMeasure(
            f"a due domande hanno risposto insieme {fewest} ragazzi, ne servono almeno {FEWEST}",
            f"{fewest} children answered both of two items, at least {FEWEST} are needed",
        )
    covariance = pd.DataFrame(items).cov().to_numpy()
    own, total = float(np.trace(covariance)), float(covariance.sum())
    if not total > np.finfo(float).eps * own:
        raise NoMeasure("la somma delle domande non varia", "the sum of the items does not vary")
    return PairwiseAlpha(k / (k - 1) * (1 - own / total), fewest, k)
