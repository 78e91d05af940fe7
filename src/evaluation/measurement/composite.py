"""What a composite is made of: the constants that standardise its parts, its own SD, and how reliable it is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pandas as pd

from evaluation.measurement.reliability import cronbach_alpha
from evaluation.measurement.scores import answers, composite_standard
from evaluation.study.folder import Study
from evaluation.study.protocol import Outcome

COMPOSITES = ("outcome", "part", "n", "mean", "sd", "reliability")


def composites_table(study: Study, scores: pd.DataFrame) -> pd.DataFrame:
    """One row for each part of a composite and one for the composite itself, at the baseline; columns `COMPOSITES`.

    mean, sd : of all consenting children with a baseline, in the unit of the part; of the composite before it is rescaled.
    They standardise the part at every wave and are the composite's scale, unless the protocol fixes other constants.
    reliability : alpha of a part; of the composite the stratified one, NaN where a part has none.
    """
    rows = [
        row
        for outcome in study.protocol.outcomes
        if outcome.kind == "composite"
        for row in _rows(study, scores, outcome)
    ]
    return pd.DataFrame(rows, columns=list(COMPOSITES))


def stratified_alpha(parts: np.ndarray, reliabilities: np.ndarray) -> float:
    """Reliability of the mean of several parts from their own: 1 - sum of part error variances over the total variance.

    Parameters
    ----------
    parts : shape (children, parts), complete, on the scale on which they are averaged. reliabilities : shape (parts,).

    Returns
    -------
    At most 1; NaN where a reliability is missing or the mean does not vary.

    References
    ----------
    Mosier (1943), eq. 7; Cronbach, Schoenemann & McKie (1965).
    """
    total = parts.sum(axis=1).var(ddof=1) if len(parts) > 2 else 0.0
    if total <= 0:
        return float("nan")
    return float(1 - (parts.var(axis=0, ddof=1) * (1 - reliabilities)).sum() / total)


def _rows(study: Study, scores: pd.DataFrame, outcome: Outcome) -> Iterator[tuple[object, ...]]:
    baseline = scores[scores["wave"] == study.protocol.baseline.id]
    wide = baseline.pivot(index="participant", columns="outcome", values="score")
    alphas = np.array([_alpha(study, part) for part in outcome.of])
    standard = composite_standard(study, outcome, wide)
    for part, alpha in zip(outcome.of, alphas, strict=True):
        yield (outcome.id, part, *_moments(wide[part]), alpha)
    standardised = standard.each(wide).dropna().to_numpy(dtype=float)
    unscaled = replace(standard, scale=1.0).of(wide)
    yield (outcome.id, "", *_moments(unscaled), stratified_alpha(standardised, alphas))


def _moments(values: pd.Series) -> tuple[int, float, float]:
    known = values.dropna()
    mean = round(float(known.mean()), 12) + 0.0  # that of the composite is zero, but for the rounding of a machine
    return len(known), mean, float(known.std(ddof=1)) if len(known) > 1 else float("nan")


def _alpha(study: Study, scale: str) -> float:
    ids = [item.id for item in study.instrument.scale(scale)]
    wide = answers(study)
    here = wide[wide.index.get_level_values("wave") == study.protocol.baseline.id]
    return cronbach_alpha(here[ids].to_numpy(dtype=float)).alpha
