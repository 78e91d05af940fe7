"""How much of the comparison centre is left once it is made to resemble the treated one."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pandas as pd

from evaluation.counterfactual.estimators.registry import ESTIMATORS
from evaluation.counterfactual.estimators.weights import effective_sample_size, entropy_weights, odds_weights, overlap
from evaluation.counterfactual.sample import Array, NoEstimate, Sample, build_sample
from evaluation.study.folder import Study

OVERLAP = ("outcome", "wave", "estimator", "effective_comparison", "outside", "n_treated", "n_comparison")
WEIGHTS: dict[
    str, tuple[Callable[[Array, Array], Array], bool]
] = {  # estimator -> its weights; whether on the baseline too
    "ipw": (odds_weights, False),
    "drdid": (entropy_weights, False),
    "entropy": (entropy_weights, True),
}


def overlap_table(study: Study, scores: pd.DataFrame) -> pd.DataFrame:
    """One row for each primary outcome, follow-up wave and weighted estimator; columns `OVERLAP`.

    effective_comparison : comparison children that equal weights would need to be as informative (Kish 1965), NaN where
    the weights are refused. outside : share of the treated whose propensity no comparison child comes near, NaN likewise.
    """
    rows = [
        row
        for outcome in study.protocol.outcomes
        if outcome.role == "primary"
        for wave in study.protocol.follow_ups
        for row in _rows(build_sample(study, scores, outcome.id, wave.id), outcome.id, wave.id)
    ]
    return pd.DataFrame(rows, columns=list(OVERLAP))


def _rows(sample: Sample, outcome: str, wave: str) -> Iterator[tuple[object, ...]]:
    children = sample.pairs(with_covariates=True)
    for estimator, (weigh, with_baseline) in WEIGHTS.items():
        used = ESTIMATORS[estimator].used(sample)
        features = np.column_stack([used.covariates, used.baseline]) if with_baseline else used.covariates
        try:
            effective = effective_sample_size(weigh(used.treated, features)[~used.treated])
            outside = overlap(used.treated, features).outside
        except NoEstimate:
            effective, outside = np.nan, np.nan
        yield (outcome, wave, estimator, effective, outside, children.n_treated, children.n_comparison)
