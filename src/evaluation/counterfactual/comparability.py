"""Are the two centres alike at the start? Standardised mean differences and the verdict of the What Works Clearinghouse."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from evaluation.counterfactual.estimators.estimable import estimable_part
from evaluation.counterfactual.estimators.linear import TINY
from evaluation.counterfactual.estimators.weights import entropy_weights
from evaluation.counterfactual.sample import Array, NoEstimate, Sample, build_sample
from evaluation.study.folder import Study

SATISFIED, ADJUST = 0.05, 0.25


def standardised_mean_difference(treated: Array, comparison: Array) -> float:
    """Hedges' g: difference in means over the pooled SD of the two centres, corrected for small samples.

    NaN where nothing varies or a centre has fewer than two children. Source: Hedges (1981); WWC Handbook 4.1, app. E.
    """
    n = len(treated) + len(comparison)
    sd = pooled_sd(treated, comparison)
    return float("nan") if np.isnan(sd) else float(treated.mean() - comparison.mean()) / sd * small_sample_correction(n)


def pooled_sd(treated: Array, comparison: Array) -> float:
    """SD within the two centres, in the variable's unit.

    NaN where nothing varies (a constant's computed variance is rarely an exact zero) or a centre has fewer than two
    children.
    """
    if min(len(treated), len(comparison)) < 2:
        return float("nan")
    squares = sum(float(np.sum((group - group.mean()) ** 2)) for group in (treated, comparison))
    if squares <= TINY**2 * float(treated @ treated + comparison @ comparison):
        return float("nan")
    return float(np.sqrt(squares / (len(treated) + len(comparison) - 2)))


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


BALANCE = (
    "variable", "kind", "wave", "mean_treated", "mean_comparison", "smd", "smd_weighted", "variance_ratio", "ks", "cox", "wwc",
    "n_treated", "n_comparison",
)  # fmt: skip


def balance_table(study: Study, scores: pd.DataFrame) -> pd.DataFrame:
    """Baseline differences among the children analysed for each outcome at each follow-up wave; columns `BALANCE`.

    kind : outcome or covariate. Means are in the variable's unit. smd_weighted : after entropy weights that balance the
    covariates and the primary outcome's baseline, among the children of `entropy` on that outcome; NaN where there are
    none. variance_ratio : treated over comparison. ks : largest distance of the two distributions. cox : of 0/1
    covariates. Covariates are those of the primary outcome's children. The verdict is that of cox; of smd where cox has
    no number; `fails` where each centre is constant and the two are unlike.
    """
    rows = [row for wave in study.protocol.follow_ups for row in _rows(study, scores, wave.id)]
    return pd.DataFrame(rows, columns=list(BALANCE))


def _rows(study: Study, scores: pd.DataFrame, wave: str) -> Iterator[tuple[object, ...]]:
    primary = build_sample(study, scores, study.protocol.primary.id, wave)
    for outcome in study.protocol.outcomes:
        sample = build_sample(study, scores, outcome.id, wave)
        pairs = sample.pairs()
        weighted = weighted_difference(primary, sample.baseline)
        yield _row(outcome.id, "outcome", wave, pairs.baseline, pairs.treated, weighted)
    analysed = primary.pairs()
    for position, name in enumerate(primary.covariate_names):
        weighted = weighted_difference(primary, primary.covariates[:, position])
        yield _row(name, "covariate", wave, analysed.covariates[:, position], analysed.treated, weighted)


def weighted_difference(sample: Sample, values: Array) -> float:
    """Standardised difference of `values`, one a child of the primary outcome's `sample`, under its entropy weights.

    The SD is the unweighted one, so that before and after stand on one scale (Stuart 2010).
    """
    used = ~np.isnan(np.column_stack([sample.change, sample.covariates])).any(axis=1)
    rows, columns = estimable_part(sample.keep(used), with_baseline=True)
    used[used] = rows
    part = sample.keep(used)
    try:
        weights = entropy_weights(part.treated, np.column_stack([part.covariates[:, columns], part.baseline]))
    except NoEstimate:
        return float("nan")
    here = values[used]
    known = ~np.isnan(here)
    one, zero = known & part.treated, known & ~part.treated
    sd = pooled_sd(here[one], here[zero])
    if np.isnan(sd):
        return float("nan")
    difference = float(here[one].mean() - np.average(here[zero], weights=weights[zero])) / sd
    return round(difference, 9) + 0.0  # what is balanced is zero, not the rounding error of a machine


def variance_ratio(treated: Array, comparison: Array) -> float:
    """Variance of the treated over that of the comparison; NaN where either does not vary (Stuart 2010)."""
    if min(len(treated), len(comparison)) < 2 or min(np.ptp(treated), np.ptp(comparison)) == 0:
        return float("nan")
    return float(treated.var(ddof=1) / comparison.var(ddof=1))


def kolmogorov_smirnov(treated: Array, comparison: Array) -> float:
    """Largest distance between the two empirical distributions, 0 to 1; NaN where a centre has no children."""
    if not min(len(treated), len(comparison)):
        return float("nan")
    points = np.concatenate([treated, comparison])
    one, zero = (np.searchsorted(np.sort(group), points, side="right") / len(group) for group in (treated, comparison))
    return float(np.abs(one - zero).max())


def _row(name: str, kind: str, wave: str, values: Array, treated: Array, weighted: float) -> tuple[object, ...]:
    known = ~np.isnan(values)
    one, zero = values[known & treated], values[known & ~treated]
    binary = kind == "covariate" and set(np.unique(values[known])) <= {0.0, 1.0}
    smd = standardised_mean_difference(one, zero)
    cox = cox_index(one, zero) if binary else float("nan")
    means = [group.mean() if len(group) else float("nan") for group in (one, zero)]
    unlike = min(len(one), len(zero)) > 1 and one[0] != zero[0]  # matters only where neither centre varies
    judged = [x for x in (cox, smd, np.inf if unlike else np.nan) if not np.isnan(x)]
    verdict = wwc_verdict(judged[0] if judged else np.nan)
    spread = (variance_ratio(one, zero), kolmogorov_smirnov(one, zero))
    return (name, kind, wave, *means, smd, weighted, *spread, cox, verdict, len(one), len(zero))
