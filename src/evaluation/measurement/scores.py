"""Scores: the mean of the answered items after reversing; composites on the scale of the baseline."""

from __future__ import annotations

import numpy as np
import pandas as pd

from evaluation.study.folder import Study
from evaluation.study.instrument import Item
from evaluation.study.protocol import Outcome

KEYS = ["participant", "wave"]


def answers(study: Study) -> pd.DataFrame:
    """Answers of the consenting children, one column an item: the mean of its raters, reversed items turned.

    Returns
    -------
    DataFrame indexed by (participant, wave), in the item's units; NaN where no rater or child gave an answer.
    """
    allowed = study.responses["participant"].isin(study.consenting["participant"])
    given = study.responses[allowed].dropna(subset=["value"])
    wide = given.pivot_table(index=KEYS, columns="item", values="value", aggfunc="mean")
    wide = wide.reindex(columns=pd.Index(study.instrument.ids, name="item"))
    for item in study.instrument.items:
        if item.reverse:
            wide[item.id] = float(item.minimum or 0) + float(item.maximum or 0) - wide[item.id]
    return wide


def score_study(study: Study) -> pd.DataFrame:
    """Score every outcome of the protocol for every child and wave.

    Returns
    -------
    DataFrame with columns participant, wave, outcome, score (NaN: too few answers), in the outcome's unit; every
    consenting child has a row for each wave and outcome.
    """
    wide = answers(study)
    every = pd.MultiIndex.from_product(
        [study.consenting["participant"], [wave.id for wave in study.protocol.waves]], names=KEYS
    )
    wide = wide.reindex(every)
    simple = {o.id: _score(wide, study, o) for o in study.protocol.outcomes if o.kind != "composite"}
    composites = {o.id: _composite(simple, study, o) for o in study.protocol.outcomes if o.kind == "composite"}
    by_outcome = {**simple, **composites}
    scores = pd.concat({o.id: by_outcome[o.id] for o in study.protocol.outcomes}, names=["outcome"])
    return scores.rename("score").reset_index()[["participant", "wave", "outcome", "score"]]


def _score(wide: pd.DataFrame, study: Study, outcome: Outcome) -> pd.Series:
    if outcome.kind == "measure":
        return wide[outcome.id]
    return mean_of_answered(wide[_ids(study.instrument.scale(outcome.id))], outcome.minimum_answered)


def mean_of_answered(items: pd.DataFrame, minimum_answered: float) -> pd.Series:
    """Mean of the answered items of each row; NaN where less than the share `minimum_answered` was answered."""
    return items.mean(axis=1).where(items.notna().mean(axis=1) >= minimum_answered)


def _composite(simple: dict[str, pd.Series], study: Study, outcome: Outcome) -> pd.Series:
    """Mean of the standardised parts, all required.

    Mean and total SD come from all consenting children with a baseline, and serve at every wave, so that growth
    stays visible; a part where lower is better is turned, so that more of the composite is always better.
    """
    parts = []
    for part in outcome.of:
        baseline = simple[part].xs(study.protocol.baseline.id, level="wave")
        spread = baseline.std(ddof=1)
        sign = 1.0 if study.protocol.outcome(part).direction == "higher" else -1.0
        parts.append(sign * (simple[part] - baseline.mean()) / (spread if spread > 0 else np.nan))
    return pd.concat(parts, axis=1).mean(axis=1, skipna=False)


def _ids(items: tuple[Item, ...]) -> list[str]:
    return [item.id for item in items]
