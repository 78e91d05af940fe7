"""The pre-specified analysis: every estimator on every outcome and follow-up wave."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from evaluation.counterfactual.comparability import small_sample_correction
from evaluation.counterfactual.estimate import Estimate
from evaluation.counterfactual.estimators import ESTIMATORS
from evaluation.counterfactual.panel import NoEstimate, Sample, build_sample
from evaluation.counterfactual.resampling import permutation_distribution, permutation_p
from evaluation.study.folder import Study
from evaluation.study.protocol import Outcome

COLUMNS = (
    "outcome", "role", "wave", "estimator", "estimate", "std_error", "df", "ci_low", "ci_high", "p_value",
    "p_permutation", "p_adjusted", "hedges_g", "g_low", "g_high", "unit", "n_treated", "n_comparison",
)  # fmt: skip


def analyse(study: Study, scores: pd.DataFrame) -> list[Estimate]:
    """Estimate every outcome at every follow-up wave by every estimator; what cannot be estimated says why."""
    return [
        estimate
        for outcome in study.protocol.outcomes
        for wave in study.protocol.follow_ups
        for estimate in analyse_outcome(study, build_sample(study, scores, outcome.id, wave.id), outcome, wave.id)
    ]


def analyse_outcome(study: Study, sample: Sample, outcome: Outcome, wave: str) -> list[Estimate]:
    """Estimate one outcome at one wave by every estimator."""
    estimates = [estimate_effect(study, sample, outcome, wave, estimator) for estimator in ESTIMATORS]
    p = _permutation_p(study, sample)
    return [replace(e, p_permutation=p) if e.estimator == "did" and e.reason is None else e for e in estimates]


def estimate_effect(study: Study, sample: Sample, outcome: Outcome, wave: str, estimator: str) -> Estimate:
    """Estimate one outcome at one wave by one estimator; where that cannot be done, the reason stands in its place."""
    used = ESTIMATORS[estimator].children(sample)
    empty = Estimate(
        outcome.id, outcome.role, wave, estimator, outcome.unit_name, np.nan, np.nan, np.nan,
        used.n_treated, used.n_comparison if estimator != "before_after" else 0, study.protocol.analysis.alpha,
    )  # fmt: skip
    try:
        fit = ESTIMATORS[estimator](sample)
    except NoEstimate as refusal:
        return replace(empty, reason=refusal.reason)
    found = replace(empty, estimate=fit.estimate, std_error=fit.std_error, df=fit.df)
    return found if estimator == "before_after" else _with_effect_size(found, used, outcome)


def _with_effect_size(estimate: Estimate, used: Sample, outcome: Outcome) -> Estimate:
    """Add Hedges' g: effect over the unconditional pooled SD at follow-up, positive when better (EEF practice)."""
    seen = used.keep(~np.isnan(used.follow_up))
    groups = [seen.follow_up[seen.treated], seen.follow_up[~seen.treated]]
    n1, n0 = (len(group) for group in groups)
    if min(n1, n0) < 2:
        return estimate
    pooled = np.sqrt(((n1 - 1) * groups[0].var(ddof=1) + (n0 - 1) * groups[1].var(ddof=1)) / (n1 + n0 - 2))
    if pooled <= 0:
        return estimate
    factor = small_sample_correction(n1 + n0) / pooled * (1 if outcome.direction == "higher" else -1)
    low, high = sorted((estimate.ci_low * factor, estimate.ci_high * factor))
    return replace(estimate, hedges_g=estimate.estimate * factor, g_low=low, g_high=high)


def _permutation_p(study: Study, sample: Sample) -> float:
    pairs, analysis = sample.pairs(), study.protocol.analysis
    try:
        observed, permuted, exact = permutation_distribution(
            pairs.change, pairs.treated, analysis.permutations, analysis.seed
        )
    except NoEstimate:
        return float("nan")
    return permutation_p(observed, permuted, exact)


def estimates_table(estimates: list[Estimate]) -> pd.DataFrame:
    """One row an estimate, with the columns of estimates.csv; NaN where a value does not apply."""
    rows = [
        [getattr(e, column) if e.reason is None or column in _ALWAYS else np.nan for column in COLUMNS]
        for e in estimates
    ]
    return pd.DataFrame(rows, columns=list(COLUMNS)).replace({"df": {np.inf: np.nan}})


_ALWAYS = {"outcome", "role", "wave", "estimator", "unit", "n_treated", "n_comparison"}
