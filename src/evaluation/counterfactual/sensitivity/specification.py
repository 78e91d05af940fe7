"""The specification curve: the effect by every reasonable choice, and whether chance alone would draw such a curve."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace

import numpy as np
import pandas as pd
from scipy import stats

from evaluation.counterfactual.estimators.estimable import independent_columns
from evaluation.counterfactual.estimators.registry import ESTIMATORS
from evaluation.counterfactual.inference.permutation import TIE, assignments, streams
from evaluation.counterfactual.sample import Array, NoEstimate, Sample, build_sample
from evaluation.study.folder import Study

ALIKE = 9  # significant digits in which estimates that coincide agree
REGRESSIONS = ("did", "did_adjusted", "ancova")  # their coefficient under permuted labels is one matrix product
WEIGHTED = ("ipw", "drdid_traditional", "drdid", "entropy")


@dataclass(frozen=True)
class Specification:
    """One choice of estimator, covariates, scoring rule and children, with what it gives in the outcome's unit."""

    outcome: str
    wave: str
    estimator: str
    covariates: str
    scoring: str
    children: str
    estimate: float
    ci_low: float
    ci_high: float
    p_value: float
    unit: str
    n_treated: int
    n_comparison: int


@dataclass(frozen=True)
class Curve:
    """The whole curve of one outcome: its median, the share of specifications with the median's sign, and their p.

    p_median : share of permutations of the labels whose regression curve has a median at least as far from zero;
    p_sign : whose regressions agree on a sign at least as often. Both rest on the regressions alone.
    """

    specifications: tuple[Specification, ...]
    median: float
    share_of_sign: float
    p_median: float
    p_sign: float


def specification_curve(study: Study, scorings: Mapping[str, pd.DataFrame], outcome: str, wave: str) -> Curve:
    """Estimate by every combination and test the curve as a whole.

    Parameters
    ----------
    scorings : the scores by each scoring rule, the protocol's first.

    Raises
    ------
    NoEstimate : no specification gives a number.

    Notes
    -----
    A choice of children that differs from the protocol's by some, but fewer than the minimum cell, is left out:
    subtracting the two published numbers would reveal those few; so is one with fewer than that in a centre.

    References
    ----------
    Simonsohn, Simmons & Nelson (2020).
    """
    choices = list(_choices(study, scorings, outcome, wave))
    found = [_estimate(study, outcome, wave, choice) for choice in choices]
    kept = [one for one in found if one is not None]
    regressions = [c for c, one in zip(choices, found, strict=True) if one is not None and c.estimator in REGRESSIONS]
    if not regressions:
        raise NoEstimate("nessuna specificazione dà un numero", "no specification gives a number")
    values = np.array([one.estimate for one in kept])
    median = float(np.median(values))
    curves = _permuted_curves(study, regressions)
    sizes, agreement = np.abs(np.nanmedian(curves, axis=1)), _agreement(curves)
    # specifications that coincide differ in their last bits, which must not decide who stands first
    ordered = tuple(sorted(kept, key=lambda one: float(f"{one.estimate:.{ALIKE}g}")))
    return Curve(ordered, median, float(np.mean(np.sign(values) == np.sign(median))), _p(sizes), _p(agreement))


@dataclass(frozen=True)
class _Choice:
    """One combination, and its children: `rows` among all consenting children, of whom `sample` keeps those."""

    estimator: str
    covariates: str
    scoring: str
    children: str
    rows: Array
    sample: Sample


def _choices(study: Study, scorings: Mapping[str, pd.DataFrame], outcome: str, wave: str) -> Iterator[_Choice]:
    main: Array | None = None
    minimum_cell = study.protocol.privacy.minimum_cell
    for scoring, scores in scorings.items():
        sample = build_sample(study, scores, outcome, wave)
        seen = ~np.isnan(sample.change)
        main = seen if main is None else main
        for children, rows in {"all": seen, "common_support": seen & _common_support(sample)}.items():
            if children == "common_support" and (rows == seen).all():
                continue  # the same choice again
            yield from _covariate_choices(sample, rows, rows != main, scoring, children, minimum_cell)


def _covariate_choices(
    sample: Sample, rows: Array, apart: Array, scoring: str, children: str, minimum_cell: int
) -> Iterator[_Choice]:
    sets: dict[str, list[int]] = {}
    for position, name in enumerate(sample.covariate_names):
        sets.setdefault(name.partition(": ")[0], []).append(position)
    if len(sets) > 1:
        sets["all"] = list(range(len(sample.covariate_names)))
    for name, positions in {"none": [], **sets}.items():
        covariates = sample.covariates[:, positions]
        known = ~np.isnan(covariates).any(axis=1)
        chosen = rows & known
        names = tuple(sample.covariate_names[position] for position in positions)
        part = replace(sample, covariates=covariates, covariate_names=names).keep(chosen)
        few = 0 < int((apart & known).sum()) < minimum_cell
        if few or min(part.n_treated, part.n_comparison) < minimum_cell:
            continue
        for estimator in ("did_adjusted", "ancova", *WEIGHTED) if positions else ("did", "ancova"):
            yield _Choice(estimator, name, scoring, children, chosen, part)


def _common_support(sample: Sample) -> Array:
    """Children whose baseline lies within the range of both centres."""
    groups = [sample.baseline[rows & ~np.isnan(sample.baseline)] for rows in (sample.treated, ~sample.treated)]
    if not all(len(group) for group in groups):
        return np.zeros(len(sample.treated), dtype=bool)
    low, high = max(group.min() for group in groups), min(group.max() for group in groups)
    return (sample.baseline >= low) & (sample.baseline <= high)


def _estimate(study: Study, outcome: str, wave: str, choice: _Choice) -> Specification | None:
    try:
        fit = ESTIMATORS[choice.estimator](choice.sample, study.protocol.analysis.weighted_errors)
    except NoEstimate:
        return None
    low, high = fit.interval(1 - study.protocol.analysis.alpha)
    p = float(2 * stats.t.sf(abs(fit.estimate) / fit.std_error, fit.df))
    about = study.protocol.outcome(outcome)
    return Specification(
        outcome, wave, choice.estimator, choice.covariates, choice.scoring, choice.children,
        fit.estimate, low, high, p,
        about.unit_name, choice.sample.n_treated, choice.sample.n_comparison,
    )  # fmt: skip


def _permuted_curves(study: Study, choices: list[_Choice]) -> Array:
    """Coefficients of the regressions, shape (1 + B, S): with the labels as they are, then under common permutations.

    All children of any specification are shuffled together, so that a permutation is one and the same for the whole
    curve.
    """
    analysis = study.protocol.analysis
    order = _ordered(choices)
    treated = np.zeros(len(choices[0].rows))
    for choice in choices:
        treated[choice.rows] = choice.sample.treated
    labels = np.zeros((len(treated), 1 + analysis.permutations))
    labels[:, 0] = treated
    start = 1
    for size, rng in streams(analysis.permutations, analysis.seed):
        chosen = np.concatenate([block for _, block in assignments(len(order), int(treated.sum()), rng)])
        labels[order, start : start + size] = chosen[:, :size]
        start += size
    return np.column_stack([_coefficients(choice.estimator, choice.sample, labels[choice.rows]) for choice in choices])


def _ordered(choices: list[_Choice]) -> Array:
    """Positions of the children of any choice, ordered by their values alone: row order, shift and scale do not matter."""
    columns = []
    for choice in choices:
        for values in (choice.sample.baseline, choice.sample.change, *choice.sample.covariates.T):
            column = np.full(len(choice.rows), np.inf)
            column[choice.rows] = np.round((values - values.mean()) / (values.std() or 1.0), 9)
            columns.append(column)
    union = np.flatnonzero(np.logical_or.reduce([choice.rows for choice in choices]))
    return union[np.lexsort(np.array(columns[::-1])[:, union])]


def _coefficients(estimator: str, sample: Sample, labels: Array) -> Array:
    """Coefficient of each column of labels, shape (n, 1 + B), by the theorem of Frisch, Waugh & Lovell."""
    outcome = sample.follow_up if estimator == "ancova" else sample.change
    beside = {"did": [], "did_adjusted": [sample.covariates], "ancova": [sample.baseline[:, None], sample.covariates]}
    design = np.column_stack([np.ones(len(outcome)), *beside[estimator]])
    q, _ = np.linalg.qr(design[:, independent_columns(design)])
    residual = outcome - q @ (q.T @ outcome)
    spread = labels.sum(axis=0) - ((q.T @ labels) ** 2).sum(axis=0)
    return np.divide(residual @ labels, spread, out=np.full(len(spread), np.nan), where=spread > TIE * len(outcome))


def _agreement(curves: Array) -> Array:
    positive = (curves > 0).sum(axis=1) / np.isfinite(curves).sum(axis=1)
    return np.maximum(positive, 1 - positive)


def _p(statistics: Array) -> float:
    """Share of statistics, the first being that of the data, at least as large as the first."""
    return float(np.mean(statistics >= statistics[0] * (1 - TIE)))


EMPTY_CURVE = pd.DataFrame(
    columns=[*Specification.__dataclass_fields__, "median", "share_of_sign", "p_median", "p_sign"]
)


def curve_table(curve: Curve) -> pd.DataFrame:
    """Return specification_curve.csv: one row a specification, lowest estimate first, the curve's own numbers beside."""
    table = pd.DataFrame([asdict(one) for one in curve.specifications])
    return table.assign(
        median=curve.median, share_of_sign=curve.share_of_sign, p_median=curve.p_median, p_sign=curve.p_sign
    )


def specification_table(study: Study, scorings: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Return the curve of the primary outcome at the first follow-up wave; no row where nothing can be estimated.

    scorings : the scores by each scoring rule, the protocol's first.
    """
    try:
        curve = specification_curve(study, scorings, study.protocol.primary.id, study.protocol.follow_ups[0].id)
    except NoEstimate:
        return EMPTY_CURVE
    return curve_table(curve)
