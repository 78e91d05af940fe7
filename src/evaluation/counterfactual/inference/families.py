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
    """The outcomes of one role, at one wave or at all confirmatory ones: raw p of each outcome's own children, adjusted p.

    wave : of the family, or its waves with blanks between. waves : that of each outcome. adjusted : by every method of
    `METHODS`, each of shape (outcomes,), NaN where there is none. method : that of the protocol. n_treated, n_comparison :
    children complete on the whole family, on whom the joint adjustment rests. p_complete : raw p of these children.
    """

    role: str
    wave: str
    outcomes: tuple[str, ...]
    p_raw: Array
    adjusted: dict[str, Array]
    method: str
    n_treated: int
    n_comparison: int
    waves: tuple[str, ...]
    p_complete: Array

    @property
    def p_adjusted(self) -> Array:
        """P adjusted by the protocol's method, shape (outcomes,)."""
        return self.adjusted[self.method]


def families(study: Study, scores: pd.DataFrame) -> Iterator[Family]:
    """Adjust the permutation p of the `did` rows, family by family.

    Romano-Wolf uses common draws over the children complete on every outcome of the family that varies, and never falls
    below the raw p of the outcome's own children; Holm, Benjamini-Hochberg and Anderson's sharpened q use the latter.
    """
    protocol = study.protocol
    together = protocol.analysis.confirmatory_waves if len(protocol.analysis.confirmatory_waves) > 1 else ()
    apart = [(wave.id,) for wave in protocol.follow_ups if wave.id not in together]
    for role in dict.fromkeys(outcome.role for outcome in protocol.outcomes):
        for waves in filter(None, (together, *apart)):
            yield _family(study, scores, role, waves)


def _family(study: Study, scores: pd.DataFrame, role: str, waves: tuple[str, ...]) -> Family:
    places = [(o.id, wave) for wave in waves for o in study.protocol.outcomes if o.role == role]
    samples = [build_sample(study, scores, *place) for place in places]
    treated = samples[0].treated
    changes = np.column_stack([sample.change for sample in samples])
    raw = np.array([_raw_p(study, change, treated) for change in changes.T])
    known = ~np.isnan(raw)
    complete = ~np.isnan(changes[:, known]).any(axis=1)
    adjusted = {method: np.full(len(places), np.nan) for method in METHODS}
    of_complete = np.full(len(places), np.nan)
    if known.any():
        of_complete[known], stepped = _stepped_down(study, changes[:, known][complete], treated[complete])
        adjusted["romano_wolf"][known] = np.maximum(stepped, raw[known])  # the step-down knows other children than raw
        for method, adjust in FROM_RAW.items():
            adjusted[method][known] = adjust(raw[known])
    counts = int((complete & treated).sum()), int((complete & ~treated).sum())
    outcomes, of_wave = (tuple(names) for names in zip(*places, strict=True))
    method = study.protocol.analysis.multiplicity
    return Family(role, " ".join(waves), outcomes, raw, adjusted, method, *counts, of_wave, of_complete)


def _raw_p(study: Study, change: Array, treated: Array) -> float:
    analysis, seen = study.protocol.analysis, ~np.isnan(change)
    try:
        return permutation_p(
            *permutation_distribution(change[seen], treated[seen], analysis.permutations, analysis.seed)
        )
    except NoEstimate:
        return float("nan")


def _stepped_down(study: Study, changes: Array, treated: Array) -> tuple[Array, Array]:
    """Return raw and Romano-Wolf's p from common draws over children complete on the family, shape (m,); NaN if refused."""
    try:
        permuted, observed, exact = permutation_matrix(
            changes, treated, study.protocol.analysis.permutations, study.protocol.analysis.seed
        )
    except NoEstimate:
        none = np.full(changes.shape[1], np.nan)
        return none, none
    raw = [permutation_p(t, draws, exact) for t, draws in zip(observed, permuted.T, strict=True)]
    return np.array(raw), romano_wolf(observed, permuted, exact)
