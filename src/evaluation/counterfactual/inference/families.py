"""Many outcomes at once: p-values adjusted within each family, a role at a wave."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from evaluation.counterfactual.inference.multiplicity import benjamini_hochberg, holm, romano_wolf, sharpened_q
from evaluation.counterfactual.inference.permutation import permutation_distribution, permutation_matrix, permutation_p
from evaluation.counterfactual.sample import Array, NoEstimate, build_sample
from evaluation.study.folder import Study

FROM_RAW: dict[str, Callable[[Array], Array]] = {
    "holm": holm, "benjamini_hochberg": benjamini_hochberg, "sharpened_q": sharpened_q,
}  # fmt: skip
METHODS = ("romano_wolf", *FROM_RAW)


@dataclass(frozen=True)
class Family:
    """The outcomes of one role at one wave: raw p of each outcome's own children, adjusted p, NaN where there is none.

    adjusted : by every method of `METHODS`, each of shape (outcomes,). method : that of the protocol.
    n_treated, n_comparison : children complete on the whole family, on whom the joint adjustment rests.
    """

    role: str
    wave: str
    outcomes: tuple[str, ...]
    p_raw: Array
    adjusted: dict[str, Array]
    method: str
    n_treated: int
    n_comparison: int

    @property
    def p_adjusted(self) -> Array:
        """P adjusted by the protocol's method, shape (outcomes,)."""
        return self.adjusted[self.method]


def families(study: Study, scores: pd.DataFrame) -> Iterator[Family]:
    """Adjust the permutation p of the `did` rows, family by family.

    Romano-Wolf uses common draws over the children complete on every outcome of the family that varies; Holm,
    Benjamini-Hochberg and Anderson's sharpened q the raw p of each outcome's own children.
    """
    for role in dict.fromkeys(outcome.role for outcome in study.protocol.outcomes):
        for wave in study.protocol.follow_ups:
            yield _family(study, scores, role, wave.id)


def _family(study: Study, scores: pd.DataFrame, role: str, wave: str) -> Family:
    outcomes = tuple(outcome.id for outcome in study.protocol.outcomes if outcome.role == role)
    samples = [build_sample(study, scores, outcome, wave) for outcome in outcomes]
    treated = samples[0].treated
    changes = np.column_stack([sample.change for sample in samples])
    raw = np.array([_raw_p(study, change, treated) for change in changes.T])
    known = ~np.isnan(raw)
    complete = ~np.isnan(changes[:, known]).any(axis=1)
    adjusted = {method: np.full(len(outcomes), np.nan) for method in METHODS}
    if known.any():
        adjusted["romano_wolf"][known] = _stepped_down(study, changes[:, known][complete], treated[complete])
        for method, adjust in FROM_RAW.items():
            adjusted[method][known] = adjust(raw[known])
    counts = int((complete & treated).sum()), int((complete & ~treated).sum())
    return Family(role, wave, outcomes, raw, adjusted, study.protocol.analysis.multiplicity, *counts)


def _raw_p(study: Study, change: Array, treated: Array) -> float:
    analysis, seen = study.protocol.analysis, ~np.isnan(change)
    try:
        return permutation_p(
            *permutation_distribution(change[seen], treated[seen], analysis.permutations, analysis.seed)
        )
    except NoEstimate:
        return float("nan")


def _stepped_down(study: Study, changes: Array, treated: Array) -> Array:
    """Return Romano-Wolf's p from common draws over children complete on the family, shape (m,); NaN where refused."""
    try:
        permuted, observed, exact = permutation_matrix(
            changes, treated, study.protocol.analysis.permutations, study.protocol.analysis.seed
        )
    except NoEstimate:
        return np.full(changes.shape[1], np.nan)
    return romano_wolf(observed, permuted, exact)
