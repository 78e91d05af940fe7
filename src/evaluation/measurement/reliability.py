"""Reliability: how far the items of a scale speak with one voice."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from evaluation.measurement.scores import answers
from evaluation.study.folder import Study


@dataclass(frozen=True)
class Alpha:
    """Cronbach's alpha of `n` complete answer sheets on `items` items, with Feldt's interval; NaN where undefined."""

    alpha: float
    low: float
    high: float
    n: int
    items: int


def cronbach_alpha(items: np.ndarray, level: float = 0.95) -> Alpha:
    """Cronbach's alpha from the complete rows (listwise).

    Parameters
    ----------
    items : array, shape (children, items); NaN is a missing answer.
    level : coverage of the interval of Feldt (1965): (1 - alpha) ratios follow F with n - 1 and (n - 1)(k - 1) df.

    References
    ----------
    Cronbach (1951), eq. 2; Feldt, Woodruff & Salih (1987).
    """
    complete = items[~np.isnan(items).any(axis=1)]
    n, k = complete.shape
    total = complete.sum(axis=1).var(ddof=1) if n > 1 else 0.0
    if n < 3 or k < 2 or total <= 0:
        return Alpha(np.nan, np.nan, np.nan, n, k)
    alpha = k / (k - 1) * (1 - complete.var(axis=0, ddof=1).sum() / total)
    tail, df1, df2 = (1 - level) / 2, n - 1, (n - 1) * (k - 1)
    low, high = (1 - (1 - alpha) * stats.f.ppf(q, df1, df2) for q in (1 - tail, tail))
    return Alpha(float(alpha), float(low), float(high), n, k)


def reliability_table(study: Study) -> pd.DataFrame:
    """Alpha of every scale at every wave: outcome, wave, items, n, alpha, alpha_low, alpha_high."""
    wide = answers(study)
    rows = []
    for outcome in study.protocol.outcomes:
        if outcome.kind != "scale":
            continue
        ids = [item.id for item in study.instrument.scale(outcome.id)]
        for wave in study.protocol.waves:
            here = wide[wide.index.get_level_values("wave") == wave.id]
            a = cronbach_alpha(here[ids].to_numpy(dtype=float))
            rows.append((outcome.id, wave.id, a.items, a.n, a.alpha, a.low, a.high))
    return pd.DataFrame(rows, columns=["outcome", "wave", "items", "n", "alpha", "alpha_low", "alpha_high"])


def items_table(study: Study) -> pd.DataFrame:
    """Each item at each wave, centres pooled: item, scale, wave, n, mean, sd, in the item's units, reversed items turned."""
    wide = answers(study)
    scales = {item.id: item.scale for item in study.instrument.items}
    summary = wide.stack().groupby(level=["item", "wave"]).agg(["count", "mean", "std"])
    table = summary.rename(columns={"count": "n", "std": "sd"}).reset_index()
    order = {item: position for position, item in enumerate(study.instrument.ids)}
    waves = {wave.id: position for position, wave in enumerate(study.protocol.waves)}
    table = table.sort_values(
        by=["item", "wave"], key=lambda column: column.map(order if column.name == "item" else waves)
    )
    table.insert(1, "scale", table["item"].map(scales))
    return table[["item", "scale", "wave", "n", "mean", "sd"]].reset_index(drop=True)
