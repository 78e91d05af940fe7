"""Bounds and imputations: what the children who are missing could do to the finding."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace

import numpy as np
import pandas as pd

from evaluation.counterfactual.estimators.linear import Fit
from evaluation.counterfactual.estimators.registry import ESTIMATORS
from evaluation.counterfactual.missing.imputation import (
    imputed_effect,
    response_children,
    response_weighted,
    shifted_effects,
)
from evaluation.counterfactual.missing.lee import Bounds, extreme_bounds, lee_bounds
from evaluation.counterfactual.sample import Array, NoEstimate, Sample, build_sample
from evaluation.study.folder import Study


@dataclass(frozen=True)
class Row:
    """One line of bounds.csv, in the outcome's unit.

    method : complete_pairs, imputation, delta (imputed scores of `shifted` moved by `delta` SD), response_weights, lee,
    extreme_values. lower, upper : bounds, or twice the estimate. ci_low, ci_high : Imbens-Manski for bounds. n_treated,
    n_comparison : children with both scores (response_weights: and the covariates used); how many more were imputed is no
    published number. model : what response depends on in the treated | in the comparison centre.
    """

    outcome: str
    wave: str
    method: str
    shifted: str = ""
    delta: float = np.nan
    lower: float = np.nan
    upper: float = np.nan
    ci_low: float = np.nan
    ci_high: float = np.nan
    unit: str = ""
    n_treated: int = 0
    n_comparison: int = 0
    model: str = ""


def bounds_table(study: Study, scores: pd.DataFrame, ranges: Mapping[str, tuple[float, float]]) -> pd.DataFrame:
    """Every outcome and follow-up wave by every method, and whether it says of zero what the complete pairs say.

    The delta shifts are for primary outcomes only, and hold only where all of a kind do.

    Parameters
    ----------
    ranges : lowest and highest score each outcome can take; without one there are no extreme-value bounds.
    """
    rows = [
        row
        for outcome in study.protocol.outcomes
        for wave in study.protocol.follow_ups
        for row in _rows(study, build_sample(study, scores, outcome.id, wave.id), outcome.id, wave.id, ranges)
    ]
    table = pd.DataFrame([asdict(row) for row in rows], columns=list(Row.__dataclass_fields__))
    return table.assign(conclusion=_conclusions(table))


def _conclusions(table: pd.DataFrame) -> Array:
    """`holds` or `does_not_hold` a row; empty where the complete pairs or the row itself have no interval."""
    says = np.where(table["ci_low"] > 0, 1, np.where(table["ci_high"] < 0, -1, 0))
    keys = [table["outcome"], table["wave"]]
    complete = table["method"] == "complete_pairs"
    pairs = pd.Series(says).where(complete).groupby(keys).transform("max")
    same = pd.Series(says == pairs).groupby([*keys, table["method"], table["shifted"]]).transform("all")
    known = table["ci_low"].notna() & table["ci_low"].where(complete).groupby(keys).transform("count").astype(bool)
    return np.where(~known, "", np.where(same, "holds", "does_not_hold"))


def _rows(
    study: Study, sample: Sample, outcome: str, wave: str, ranges: Mapping[str, tuple[float, float]]
) -> Iterator[Row]:
    alpha, seed = study.protocol.analysis.alpha, study.protocol.analysis.seed
    about = study.protocol.outcome(outcome)

    def row(method: str, numbers: Callable[[], tuple[float, float, float, float]], n: Sample) -> Row:
        try:
            found = numbers()
        except NoEstimate:
            found = (np.nan, np.nan, np.nan, np.nan)
        return Row(outcome, wave, method, "", np.nan, *found, about.unit_name, n.n_treated, n.n_comparison)

    yield row("complete_pairs", lambda: _of_fit(ESTIMATORS["did"](sample), alpha), sample.pairs())
    yield row("imputation", lambda: _of_fit(imputed_effect(sample, seed), alpha), sample.pairs())
    weighted = row(
        "response_weights",
        lambda: _of_fit(response_weighted(sample), alpha),
        sample.keep(response_children(sample)).pairs(),
    )
    yield replace(weighted, model=_model(sample))
    yield row("lee", lambda: _of_bounds(lee_bounds(sample, alpha)), sample.pairs())
    if outcome in ranges:
        yield row("extreme_values", lambda: _of_bounds(extreme_bounds(sample, ranges[outcome], alpha)), sample.pairs())
    if about.role == "primary":
        yield from _shifts(sample, Row(outcome, wave, "delta", unit=about.unit_name), alpha, seed)


def _model(sample: Sample) -> str:
    """Return what the response of the treated, then of the comparison rests on, `rate` where it is the same for all."""
    try:
        found = response_weighted(sample)
    except NoEstimate:
        return ""
    return " | ".join(" ".join(names) or "rate" for names in (found.treated, found.comparison))


def _shifts(sample: Sample, empty: Row, alpha: float, seed: int) -> Iterator[Row]:
    try:
        shifts = shifted_effects(sample, seed)
    except NoEstimate:
        return
    for shift in shifts:
        numbers = _of_fit(shift.pooled, alpha)
        counts = sample.pairs().n_treated, sample.pairs().n_comparison
        yield Row(empty.outcome, empty.wave, "delta", shift.shifted, shift.delta, *numbers, empty.unit, *counts)


def _of_fit(fit: Fit, alpha: float) -> tuple[float, float, float, float]:
    return fit.estimate, fit.estimate, *fit.interval(1 - alpha)


def _of_bounds(bounds: Bounds) -> tuple[float, float, float, float]:
    return bounds.lower, bounds.upper, bounds.ci_low, bounds.ci_high
