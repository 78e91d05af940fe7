"""Scores: the mean of the answered items after reversing; composites on the scale of the baseline."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import ROUND_HALF_UP, Decimal
from typing import Literal

import numpy as np
import pandas as pd

from evaluation.study.folder import Study
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


Rule = Literal["protocol", "all_answered", "standardised_items"]


def score_study(study: Study, rule: Rule = "protocol") -> pd.DataFrame:
    """Score every outcome of the protocol for every child and wave.

    rule : `protocol`; `all_answered`, only where every item was answered; `standardised_items`, each item first divided
    by its SD at the baseline, so that those with wide answers do not outweigh the others, and the scale set back to the
    mean and SD that it has under the protocol's rule.

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
    simple = {o.id: _score(wide, study, o, rule) for o in study.protocol.outcomes if o.kind != "composite"}
    composites = {o.id: _composite(simple, study, o) for o in study.protocol.outcomes if o.kind == "composite"}
    by_outcome = {**simple, **composites}
    scores = pd.concat({o.id: by_outcome[o.id] for o in study.protocol.outcomes}, names=["outcome"])
    return scores.rename("score").reset_index()[["participant", "wave", "outcome", "score"]]


def _score(wide: pd.DataFrame, study: Study, outcome: Outcome, rule: Rule) -> pd.Series:
    if outcome.kind == "measure":
        return wide[outcome.id]
    items = wide[[item.id for item in study.instrument.scale(outcome.id)]]
    minimum = 1.0 if rule == "all_answered" else outcome.minimum_answered
    score = mean_of_answered(items, minimum)
    if rule != "standardised_items":
        return score
    at_baseline = wide.index.get_level_values("wave") == study.protocol.baseline.id
    even = (items / items[at_baseline].apply(_spread)).mean(axis=1).where(score.notna())
    scale = score[at_baseline].std(ddof=1) / even[at_baseline].std(ddof=1)
    return score[at_baseline].mean() + scale * (even - even[at_baseline].mean())


def mean_of_answered(items: pd.DataFrame, minimum_answered: float) -> pd.Series:
    """Mean of the answered items of each row; NaN where fewer than `fewest_answered` of them were answered."""
    return items.mean(axis=1).where(items.notna().sum(axis=1) >= fewest_answered(minimum_answered, items.shape[1]))


def fewest_answered(minimum_answered: float, items: int) -> int:
    """Fewest answers of so many items that reach the share `minimum_answered`, shares rounded to its decimals, at least two.

    .67 of six items are four: 4 / 6 is .67 to the two decimals that were written.
    """
    declared = Decimal(repr(float(minimum_answered)))
    unit = Decimal(1).scaleb(min(int(declared.as_tuple().exponent), -2))

    def reaches(answered: int) -> bool:
        rounded = (Decimal(answered) / items).quantize(unit, ROUND_HALF_UP)
        return rounded >= declared or answered / items >= minimum_answered

    return next(answered for answered in range(1, items + 1) if reaches(answered))


@dataclass(frozen=True)
class Standard:
    """What makes a composite of its parts: each less its `mean` over its `sd`, turned by `sign`; their mean over `scale`."""

    mean: pd.Series
    sd: pd.Series
    sign: pd.Series
    scale: float = 1.0

    def each(self, parts: pd.DataFrame) -> pd.DataFrame:
        """Return the standardised parts of scores with a column a part."""
        return (parts[self.mean.index] - self.mean) / self.sd * self.sign

    def of(self, parts: pd.DataFrame) -> pd.Series:
        """Return the composite of scores with a column a part, NaN where a part is missing."""
        return self.each(parts).mean(axis=1, skipna=False) / self.scale


def composite_standard(study: Study, outcome: Outcome, baseline: pd.DataFrame) -> Standard:
    """Return what makes a composite: the protocol's constants, else those of all consenting children at the baseline.

    They serve at every wave, so that growth stays visible; a part where lower is better is turned, so that more of the
    composite is always better. With `scale: baseline_sd` the scale is the SD at the baseline of the children with every
    part, so that the composite's unit is its own SD; else 1.

    Parameters
    ----------
    baseline : scores at the baseline, a row a child and a column an outcome.
    """
    parts, fixed = list(outcome.of), outcome.constants
    sign = pd.Series({part: 1.0 if study.protocol.outcome(part).direction == "higher" else -1.0 for part in parts})
    mean = baseline[parts].mean() if fixed is None else pd.Series(fixed.mean)[parts]
    sd = baseline[parts].apply(_spread) if fixed is None else pd.Series(fixed.sd)[parts]
    plain = Standard(mean, sd, sign)
    if outcome.scale is None:
        return plain
    own = fixed.scale if fixed is not None and fixed.scale is not None else _spread(plain.of(baseline).dropna())
    return replace(plain, scale=own)


def _composite(simple: dict[str, pd.Series], study: Study, outcome: Outcome) -> pd.Series:
    """Mean of the standardised parts, all required."""
    parts = pd.concat({part: simple[part] for part in outcome.of}, axis=1)
    at_baseline = parts.index.get_level_values("wave") == study.protocol.baseline.id
    return composite_standard(study, outcome, parts[at_baseline]).of(parts)


def _spread(values: pd.Series) -> float:
    """SD; NaN where all are alike (a constant's computed SD is rarely an exact zero)."""
    return float(values.std(ddof=1)) if values.max() > values.min() else float("nan")


def all_scorings(study: Study, scores: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """The scores by every scoring rule: those of the protocol, given, then by the others."""
    others: tuple[Rule, ...] = ("standardised_items", "all_answered")
    return {"protocol": scores, **{rule: score_study(study, rule) for rule in others}}


def score_ranges(study: Study, scores: pd.DataFrame) -> dict[str, tuple[float, float]]:
    """Lowest and highest score that each outcome can take, where the codebook bounds its items.

    Parameters
    ----------
    scores : as `score_study` returns them; a composite's range follows from its parts' baseline means and SDs, and there
        is none where a part does not vary.
    """
    ranges: dict[str, tuple[float, float]] = {}
    for outcome in study.protocol.outcomes:
        items = (study.instrument[outcome.id],) if outcome.kind == "measure" else study.instrument.scale(outcome.id)
        lows = [item.minimum for item in items if item.minimum is not None]
        highs = [item.maximum for item in items if item.maximum is not None]
        if outcome.kind != "composite" and len(lows) == len(highs) == len(items):
            ranges[outcome.id] = (float(np.mean(lows)), float(np.mean(highs)))
    at_baseline = scores[scores["wave"] == study.protocol.baseline.id]
    baseline = at_baseline.pivot(index="participant", columns="outcome", values="score")
    for outcome in study.protocol.outcomes:
        if outcome.of and set(outcome.of) <= set(ranges):
            standard = composite_standard(study, outcome, baseline)
            if standard.sd.notna().all():
                ends = standard.each(pd.DataFrame({part: ranges[part] for part in outcome.of}))
                ranges[outcome.id] = (
                    float(ends.min().mean() / standard.scale),
                    float(ends.max().mean() / standard.scale),
                )
    return ranges
