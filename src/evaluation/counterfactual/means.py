"""Means by centre and wave of the children analysed, and where the treated would have been without the programme."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import stats

from evaluation.counterfactual.sample import build_sample
from evaluation.study.folder import Study


def means_table(study: Study, scores: pd.DataFrame) -> pd.DataFrame:
    """Return `centre_means` of the primary outcomes, the outcome first."""
    found = [
        centre_means(study, scores, outcome.id).assign(outcome=outcome.id)
        for outcome in study.protocol.outcomes
        if outcome.role == "primary"
    ]
    return pd.concat(found, ignore_index=True)[["outcome", *found[0].columns.drop("outcome")]]


def centre_means(study: Study, scores: pd.DataFrame, outcome: str) -> pd.DataFrame:
    """Means of the complete pairs of each follow-up wave with the baseline, in the outcome's unit.

    Returns
    -------
    DataFrame with columns wave (the follow-up that the pair belongs to), when (baseline, follow_up), centre (treated,
    comparison, counterfactual), mean, low, high (95 % interval of the mean; NaN for the counterfactual), n. The
    counterfactual is the treated baseline plus the mean change of the comparison children.
    """
    rows: list[tuple[object, ...]] = []
    for wave in study.protocol.follow_ups:
        pairs = build_sample(study, scores, outcome, wave.id).pairs()
        for centre, chosen in (("treated", pairs.treated), ("comparison", ~pairs.treated)):
            for when, values in (("baseline", pairs.baseline[chosen]), ("follow_up", pairs.follow_up[chosen])):
                rows.append((wave.id, when, centre, *_mean(values), len(values)))
        if pairs.n_treated and pairs.n_comparison:
            expected = pairs.baseline[pairs.treated].mean() + pairs.change[~pairs.treated].mean()
            rows.append((wave.id, "follow_up", "counterfactual", expected, np.nan, np.nan, pairs.n_comparison))
    return pd.DataFrame(rows, columns=["wave", "when", "centre", "mean", "low", "high", "n"])


def _mean(values: np.ndarray) -> tuple[float, float, float]:
    if len(values) < 2:
        return (np.nan, np.nan, np.nan)
    reach = stats.t.ppf(0.975, len(values) - 1) * values.std(ddof=1) / np.sqrt(len(values))
    return (float(values.mean()), float(values.mean() - reach), float(values.mean() + reach))
