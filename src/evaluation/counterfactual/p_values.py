"""Every p of the same contrast side by side: t, permutation, wild bootstrap, and adjusted for the outcomes looked at."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pandas as pd

from evaluation.counterfactual.analysis import estimate_effect
from evaluation.counterfactual.inference.bootstrap import wild_bootstrap
from evaluation.counterfactual.inference.families import METHODS, families
from evaluation.counterfactual.sample import NoEstimate, Sample, build_sample
from evaluation.study.folder import Study

BOOTSTRAPS: tuple[Literal["rademacher", "webb"], ...] = ("rademacher", "webb")
INFERENCE = (
    "outcome", "role", "wave", "p_value", "p_permutation", *BOOTSTRAPS, *METHODS, "n_treated", "n_comparison",
    "family_treated", "family_comparison", "p_complete", "df_welch",
)  # fmt: skip


def inference_table(study: Study, scores: pd.DataFrame) -> pd.DataFrame:
    """One row for each outcome and follow-up wave, all of the `did` contrast; columns `INFERENCE`, NaN where there is none.

    rademacher, webb : wild bootstrap of the protocol's number of draws, null imposed. family_treated,
    family_comparison : children with all outcomes of the family, on whom the step-down of `romano_wolf` rests; p_complete :
    the raw permutation p of these. df_welch : of Welch and Satterthwaite, beside that of Bell and McCaffrey.
    """
    rows = []
    for family in families(study, scores):
        for position, (outcome, wave) in enumerate(zip(family.outcomes, family.waves, strict=True)):
            adjusted = [family.adjusted[method][position] for method in METHODS]
            own = _own(study, scores, outcome, wave)
            rows.append(
                (outcome, family.role, wave, own[0], family.p_raw[position], *own[1:3], *adjusted, *own[3:5],
                 family.n_treated, family.n_comparison, family.p_complete[position], own[5])
            )  # fmt: skip
    return pd.DataFrame(rows, columns=list(INFERENCE))


def _own(study: Study, scores: pd.DataFrame, outcome: str, wave: str) -> tuple[float, float, float, int, int, float]:
    """Return the p of the t test and of both bootstraps, the children they rest on, and Welch's df."""
    sample = build_sample(study, scores, outcome, wave)
    pairs, analysis = sample.pairs(), study.protocol.analysis
    found = estimate_effect(study, sample, study.protocol.outcome(outcome), wave, "did")
    try:
        wild = [
            wild_bootstrap(pairs.change, pairs.treated, analysis.permutations, analysis.seed, weights).p
            for weights in BOOTSTRAPS
        ]
    except NoEstimate:
        wild = [np.nan, np.nan]
    p_value, df = (found.p_value, welch_df(pairs)) if found.reason is None else (np.nan, np.nan)
    return p_value, wild[0], wild[1], pairs.n_treated, pairs.n_comparison, df


def welch_df(pairs: Sample) -> float:
    """Degrees of freedom of the `did` contrast after Welch (1947) and Satterthwaite (1946): with these, R's t.test."""
    parts = np.array([np.var(pairs.change[rows], ddof=1) / rows.sum() for rows in (pairs.treated, ~pairs.treated)])
    return float(parts.sum() ** 2 / (parts**2 / (np.array([pairs.n_treated, pairs.n_comparison]) - 1)).sum())
