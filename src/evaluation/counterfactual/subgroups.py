"""Subgroups that the protocol names: the effect in each, and whether they differ. Any other subgroup is exploratory."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from evaluation.counterfactual.analysis import estimate_effect
from evaluation.counterfactual.estimate import Estimate
from evaluation.counterfactual.sample import Array, Sample, build_sample
from evaluation.study.folder import Study
from evaluation.study.protocol import Outcome

SUBGROUPS = (
    "outcome", "wave", "covariate", "level", "estimate", "std_error", "ci_low", "ci_high", "p_differ", "unit", "n_treated",
    "n_comparison", "smallest",
)  # fmt: skip
MOST_LEVELS = 4  # a number with more values is split at its median


@dataclass(frozen=True)
class Level:
    """One subgroup: its name, and which children belong to it, bool, shape (n,)."""

    name: str
    members: Array


def subgroups_table(study: Study, scores: pd.DataFrame) -> pd.DataFrame:
    """One row for each primary outcome, follow-up wave and level of a subgroup of the protocol; columns `SUBGROUPS`.

    p_differ : of no difference between the levels, the same in each row. smallest : children of the smallest part of the
    sample that the rows of one covariate tell apart, by centre, those without a level included: where it is few, all rows
    of the covariate have to be withheld, since each follows from the others and the whole.
    """
    rows = [
        row
        for outcome in study.protocol.outcomes
        if outcome.role == "primary"
        for wave in study.protocol.follow_ups
        for covariate in study.protocol.analysis.subgroups
        for row in _rows(study, scores, outcome, wave.id, covariate)
    ]
    return pd.DataFrame(rows, columns=list(SUBGROUPS))


def levels(values: pd.Series, rows: Array) -> tuple[Level, ...]:
    """Return the subgroups of a covariate among the children in `rows`: its values, or below and from the median."""
    seen = sorted(values[rows].dropna().unique())
    if pd.api.types.is_numeric_dtype(values) and len(seen) > MOST_LEVELS:
        numbers = values.to_numpy(dtype=float)
        median = float(np.nanmedian(numbers[rows]))
        return (Level(f"< {median:g}", rows & (numbers < median)), Level(f"≥ {median:g}", rows & (numbers >= median)))
    return tuple(Level(_name(level), rows & (values == level).to_numpy(dtype=bool)) for level in seen)


def differ(estimates: list[Estimate]) -> float:
    """P of no difference between independent subgroups: Wald chi-squared of their estimates; NaN with fewer than two.

    References
    ----------
    Cochran (1954), Q of estimates weighted by their precision; for two subgroups the z test of Altman & Bland (2003).
    """
    known = [one for one in estimates if one.reason is None]
    if len(known) < 2 or len(known) < len(estimates):
        return float("nan")
    effects, precision = np.array([one.estimate for one in known]), np.array([one.std_error for one in known]) ** -2.0
    q = float(precision @ (effects - np.average(effects, weights=precision)) ** 2)
    return float(stats.chi2.sf(q, len(known) - 1))


def _rows(
    study: Study, scores: pd.DataFrame, outcome: Outcome, wave: str, covariate: str
) -> Iterator[tuple[object, ...]]:
    sample = build_sample(study, scores, outcome.id, wave)
    complete = ~np.isnan(sample.change)
    parts = levels(study.consenting[covariate].reset_index(drop=True), complete)
    found = [estimate_effect(study, sample.keep(part.members), outcome, wave, "did") for part in parts]
    p_differ, smallest = differ(found), _smallest(sample, complete, parts)
    for part, one in zip(parts, found, strict=True):
        numbers = (one.estimate, one.std_error, one.ci_low, one.ci_high) if one.reason is None else (np.nan,) * 4
        yield (
            outcome.id, wave, covariate, part.name, *numbers, p_differ, one.unit, one.n_treated, one.n_comparison, smallest,
        )  # fmt: skip


def _smallest(sample: Sample, complete: Array, parts: tuple[Level, ...]) -> int:
    """Return the size of the smallest part that is not empty, by centre."""
    rest = complete & ~np.any([part.members for part in parts], axis=0) if parts else complete
    groups = [*(part.members for part in parts), rest]
    sizes = [int((group & centre).sum()) for group in groups for centre in (sample.treated, ~sample.treated)]
    return min([size for size in sizes if size], default=0)


def _name(level: object) -> str:
    return f"{level:g}" if isinstance(level, int | float | np.number) else str(level)
