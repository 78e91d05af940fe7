"""The specification curve: choices of children that differ by a few from those of another choice are left out."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from evaluation.counterfactual.sample import Array, build_sample
from evaluation.publishing.disclosure.cells import SUPPRESSED
from evaluation.study.folder import Study

Choice = tuple[str, str, str]  # scoring, children, covariates
WHOLE = ["median", "share_of_sign", "p_median", "p_sign"]  # of the whole curve, with the choices left out


def near_choices(study: Study, scorings: Mapping[str, pd.DataFrame]) -> set[Choice]:
    """Return the choices whose children differ, in a centre, by a few from those of a choice made before them.

    scorings : the scores by each scoring rule, the protocol's first.
    """
    minimum = study.protocol.privacy.minimum_cell
    kept: list[tuple[Array, ...]] = []
    left_out: set[Choice] = set()
    for choice, groups in _children(study, scorings).items():
        apart = [int((one ^ other).sum()) for before in kept for one, other in zip(groups, before, strict=True)]
        if any(0 < few < minimum for few in apart):
            left_out.add(choice)
        else:
            kept.append(groups)
    return left_out


def _children(study: Study, scorings: Mapping[str, pd.DataFrame]) -> dict[Choice, tuple[Array, ...]]:
    """The children of every choice, a row of truths a centre; the pre-specified choices first."""
    found: dict[Choice, tuple[Array, ...]] = {}
    for scoring, scores in scorings.items():
        sample = build_sample(study, scores, study.protocol.primary.id, study.protocol.follow_ups[0].id)
        names = np.array([name.partition(": ")[0] for name in sample.covariate_names])
        pairs = ~np.isnan(sample.change)
        for children, rows in {
            "all": pairs,
            "common_support": pairs & _in_common(sample.baseline, sample.treated),
        }.items():
            for covariates in ("none", "all", *dict.fromkeys(names.tolist())):
                used = sample.covariates[:, [covariates in ("all", name) for name in names]]
                chosen = rows & ~np.isnan(used).any(axis=1)
                found[scoring, children, covariates] = (chosen & sample.treated, chosen & ~sample.treated)
    return found


def _in_common(baseline: Array, treated: Array) -> Array:
    ends = [(baseline[centre & ~np.isnan(baseline)]) for centre in (treated, ~treated)]
    if not all(len(values) for values in ends):
        return np.zeros(len(baseline), dtype=bool)
    return (baseline >= max(v.min() for v in ends)) & (baseline <= min(v.max() for v in ends))


def without_near(table: pd.DataFrame, left_out: set[Choice]) -> pd.DataFrame:
    """Leave out the rows of those choices; the numbers of the whole curve, which know them, are withheld then."""
    keys = zip(table["scoring"], table["children"], table["covariates"], strict=True)
    kept = np.array([key not in left_out for key in keys], dtype=bool)
    if kept.all():
        return table
    return (
        table[kept]
        .reset_index(drop=True)
        .astype(dict.fromkeys(WHOLE, object))
        .assign(**dict.fromkeys(WHOLE, SUPPRESSED))
    )
