"""How much the finding bears: the two-centre sensitivity of every outcome, and the benchmarks to read it by."""

from __future__ import annotations

import numpy as np
import pandas as pd

from evaluation.counterfactual.analysis import estimate_effect
from evaluation.counterfactual.estimate import Estimate
from evaluation.counterfactual.panel import Sample, build_sample
from evaluation.counterfactual.sensitivity import two_centre
from evaluation.study.folder import Study

COLUMNS = (
    "outcome", "wave", "estimator", "estimate", "std_error", "ci_low", "ci_high", "shock_icc", "shock_sd", "two_centre_low",
    "two_centre_high", "break_even_shock", "break_even_icc", "break_even_bias", "unit", "n_treated", "n_comparison",
)  # fmt: skip


def change_sd(sample: Sample) -> float:
    """Pooled SD of the change within the two centres, in the outcome's unit."""
    pairs = sample.pairs()
    groups = [pairs.change[pairs.treated], pairs.change[~pairs.treated]]
    squares = sum(((group - group.mean()) ** 2).sum() for group in groups if len(group))
    return float(np.sqrt(squares / max(len(pairs.change) - 2, 1)))


def sensitivity_table(study: Study, scores: pd.DataFrame) -> pd.DataFrame:
    """Two-centre sensitivity of the `did` row of every outcome and follow-up wave; columns as `COLUMNS`."""
    rows = []
    for outcome in study.protocol.outcomes:
        for wave in study.protocol.follow_ups:
            sample = build_sample(study, scores, outcome.id, wave.id)
            rows.append(_row(study, estimate_effect(study, sample, outcome, wave.id, "did"), change_sd(sample)))
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _row(study: Study, estimate: Estimate, sd: float) -> list[object]:
    names = [estimate.outcome, estimate.wave, estimate.estimator]
    counts = [estimate.unit, estimate.n_treated, estimate.n_comparison]
    if estimate.reason is not None:
        return [*names, *[np.nan] * 11, *counts]
    found = two_centre(estimate, sd, study.protocol.analysis.centre_shock_icc)
    numbers = [estimate.estimate, estimate.std_error, estimate.ci_low, estimate.ci_high]
    numbers += [found.shock_icc, found.shock_sd, found.low, found.high]
    return [*names, *numbers, found.break_even_shock, found.break_even_icc, found.break_even_bias, *counts]
