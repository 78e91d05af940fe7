"""Are the two centres alike at the start? Standardised mean differences and the verdict of the What Works Clearinghouse."""

from __future__ import annotations

import numpy as np
import pandas as pd

from evaluation.counterfactual.panel import Array, build_sample
from evaluation.study.folder import Study

SATISFIED, ADJUST = 0.05, 0.25


def standardised_mean_difference(treated: Array, comparison: Array) -> float:
    """Hedges' g: difference in means over the pooled SD of the two centres, corrected for small samples.

    NaN where nothing varies or a centre has fewer than two children. Source: Hedges (1981); WWC Handbook 4.1, app. E.
    """
    n1, n0 = len(treated), len(comparison)
    if min(n1, n0) < 2:
        return float("nan")
    pooled = ((n1 - 1) * treated.var(ddof=1) + (n0 - 1) * comparison.var(ddof=1)) / (n1 + n0 - 2)
    if pooled <= 0:
        return float("nan")
    return float((treated.mean() - comparison.mean()) / np.sqrt(pooled) * small_sample_correction(n1 + n0))


def small_sample_correction(n: int) -> float:
    """Hedges' correction of a standardised difference from n children of two groups."""
    return 1 - 3 / (4 * n - 9)


def cox_index(treated: Array, comparison: Array) -> float:
    """ln(odds ratio) / 1.65 of a 0/1 variable; NaN where a centre has only zeros or only ones (Cox 1970)."""
    shares = np.array([treated.mean(), comparison.mean()]) if min(len(treated), len(comparison)) else np.full(2, np.nan)
    if not ((shares > 0) & (shares < 1)).all():
        return float("nan")
    odds = shares / (1 - shares)
    return float(np.log(odds[0] / odds[1]) / 1.65)


def wwc_verdict(difference: float) -> str:
    """`satisfied` (|g| <= 0.05), `adjust` (to 0.25), `fails` (above); empty where there is no number."""
    if np.isnan(difference):
        return ""
    size = abs(difference)
    return "satisfied" if size <= SATISFIED else "adjust" if size <= ADJUST else "fails"


def balance_table(study: Study, scores: pd.DataFrame) -> pd.DataFrame:
    """Baseline differences among the children analysed for each outcome at the first follow-up wave.

    Columns: variable, kind (outcome/covariate), mean_treated, mean_comparison (in the variable's unit), smd, cox (for
    0/1 covariates), wwc, n_treated, n_comparison. Covariates are those of the primary outcome's children.
    """
    wave = study.protocol.follow_ups[0].id
    rows = []
    for outcome in study.protocol.outcomes:
        sample = build_sample(study, scores, outcome.id, wave).pairs()
        rows.append(_row(outcome.id, "outcome", sample.baseline, sample.treated))
    primary = build_sample(study, scores, study.protocol.primary.id, wave).pairs()
    for name, values in zip(primary.covariate_names, primary.covariates.T, strict=True):
        rows.append(_row(name, "covariate", values, primary.treated))
    columns = ["variable", "kind", "mean_treated", "mean_comparison", "smd", "cox", "wwc", "n_treated", "n_comparison"]
    return pd.DataFrame(rows, columns=columns)


def _row(name: str, kind: str, values: Array, treated: Array) -> tuple[object, ...]:
    known = ~np.isnan(values)
    one, zero = values[known & treated], values[known & ~treated]
    binary = kind == "covariate" and set(np.unique(values[known])) <= {0.0, 1.0}
    smd = standardised_mean_difference(one, zero)
    cox = cox_index(one, zero) if binary else float("nan")
    judged = cox if binary else smd
    means = [group.mean() if len(group) else float("nan") for group in (one, zero)]
    return (name, kind, *means, smd, cox, wwc_verdict(judged), len(one), len(zero))
