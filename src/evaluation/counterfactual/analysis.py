"""The pre-specified analysis: every estimator on every outcome and follow-up wave."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pandas as pd

from evaluation.counterfactual.comparability import pooled_sd, small_sample_correction
from evaluation.counterfactual.estimate import Estimate
from evaluation.counterfactual.estimators.registry import ESTIMATORS
from evaluation.counterfactual.inference.families import families
from evaluation.counterfactual.sample import NoEstimate, Sample, build_sample
from evaluation.study.folder import Study
from evaluation.study.protocol import Outcome

COLUMNS = (
    "outcome", "role", "wave", "estimator", "estimate", "std_error", "df", "ci_low", "ci_high", "p_value",
    "p_permutation", "p_adjusted", "hedges_g", "g_low", "g_high", "unit", "n_treated", "n_comparison",
)  # fmt: skip


def reported_outcomes(study: Study) -> Iterator[tuple[Outcome, str]]:
    """Yield what the report stands on: primary outcomes at every follow-up, and what the contract pays for."""
    paid = {(metric.outcome, metric.wave) for metric in study.contract.metrics} if study.contract else set()
    for outcome in study.protocol.outcomes:
        for wave in study.protocol.follow_ups:
            if outcome.role == "primary" or (outcome.id, wave.id) in paid:
                yield outcome, wave.id


def analyse(study: Study, scores: pd.DataFrame) -> list[Estimate]:
    """Estimate every outcome at every follow-up wave by every estimator; what cannot be estimated says why.

    The `did` rows bear the permutation p of their own children and its adjustment within their family.
    """
    p_values = {
        (outcome, wave): (float(raw), float(adjusted))
        for family in families(study, scores)
        for outcome, wave, raw, adjusted in zip(
            family.outcomes, family.waves, family.p_raw, family.p_adjusted, strict=True
        )
    }
    return [
        _with_permutation(estimate, *p_values[outcome.id, wave.id])
        for outcome in study.protocol.outcomes
        for wave in study.protocol.follow_ups
        for estimate in analyse_outcome(study, build_sample(study, scores, outcome.id, wave.id), outcome, wave.id)
    ]


def analyse_outcome(study: Study, sample: Sample, outcome: Outcome, wave: str) -> list[Estimate]:
    """Estimate one outcome at one wave by every estimator."""
    return [estimate_effect(study, sample, outcome, wave, estimator) for estimator in ESTIMATORS]


def _with_permutation(estimate: Estimate, raw: float, adjusted: float) -> Estimate:
    if estimate.estimator != "did" or estimate.reason is not None:
        return estimate
    return replace(estimate, p_permutation=raw, p_adjusted=adjusted)


def estimate_effect(study: Study, sample: Sample, outcome: Outcome, wave: str, estimator: str) -> Estimate:
    """Estimate one outcome at one wave by one estimator; where that cannot be done, the reason stands in its place."""
    used = ESTIMATORS[estimator].children(sample)
    empty = Estimate(
        outcome.id, outcome.role, wave, estimator, outcome.unit_name, np.nan, np.nan, np.nan,
        used.n_treated, used.n_comparison if estimator != "before_after" else 0, study.protocol.analysis.alpha,
    )  # fmt: skip
    try:
        fit = ESTIMATORS[estimator](sample, study.protocol.analysis.weighted_errors)
    except NoEstimate as refusal:
        return replace(empty, reason=refusal.reason)
    found = replace(empty, estimate=fit.estimate, std_error=fit.std_error, df=fit.df)
    return found if estimator == "before_after" else _with_effect_size(found, used, outcome)


def _with_effect_size(estimate: Estimate, used: Sample, outcome: Outcome) -> Estimate:
    """Add Hedges' g: effect over the unconditional pooled SD at follow-up, positive when better (EEF practice)."""
    seen = used.keep(~np.isnan(used.follow_up))
    sd = pooled_sd(seen.follow_up[seen.treated], seen.follow_up[~seen.treated])
    if np.isnan(sd):
        return estimate
    factor = small_sample_correction(len(seen.treated)) / sd * (1 if outcome.direction == "higher" else -1)
    low, high = sorted((estimate.ci_low * factor, estimate.ci_high * factor))
    return replace(estimate, hedges_g=estimate.estimate * factor, g_low=low, g_high=high)


def estimates_table(estimates: list[Estimate]) -> pd.DataFrame:
    """One row an estimate, with the columns of estimates.csv; NaN where a value does not apply."""
    rows = [
        [getattr(e, column) if e.reason is None or column in _ALWAYS else np.nan for column in COLUMNS]
        for e in estimates
    ]
    return pd.DataFrame(rows, columns=list(COLUMNS)).replace({"df": {np.inf: np.nan}})


_ALWAYS = {"outcome", "role", "wave", "estimator", "unit", "n_treated", "n_comparison"}
