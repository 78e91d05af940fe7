"""Omitted variables: how strong a confounder nobody measured would have to be to undo the `ancova` row.

Strength is the share of what the model leaves unexplained, in the outcome and in who attends the treated centre, that the
confounder would explain (partial R2). All of it rests on the classical t of the row, not on its HC2 error.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import stats

from evaluation.counterfactual.estimators.linear import Fit
from evaluation.counterfactual.estimators.registry import ESTIMATORS
from evaluation.counterfactual.sample import Array, NoEstimate, Sample

MULTIPLES = (1, 2, 3)


@dataclass(frozen=True)
class Robustness:
    """Strength of the effect against a confounder; shares between 0 and 1.

    partial_r2 : of the centre with the outcome; a confounder explaining all the outcome would need this of the centre.
    rv : robustness value, the share of both that would bring the estimate to `1 - q` of itself. rv_alpha : the share
    that would bring its interval there; 0 where the interval holds that value already.
    """

    t: float
    df: float
    partial_r2: float
    rv: float
    rv_alpha: float


@dataclass(frozen=True)
class Adjusted:
    """The estimate a confounder of given strength would leave, in the outcome's unit, with its 1 - alpha interval.

    t is infinite where the confounder would explain all of the outcome.
    """

    r2_centre: float
    r2_outcome: float
    estimate: float
    std_error: float
    t: float
    low: float
    high: float


@dataclass(frozen=True)
class Bound:
    """A confounder `multiple` times as strong as a variable of the model, and the most it could change.

    capped : where the bound on its share of the outcome exceeds one, so that it says no more than that.
    """

    benchmark: str
    multiple: float
    adjusted: Adjusted
    capped: bool


@dataclass(frozen=True)
class OmittedVariable:
    """The `ancova` row with its classical error, its robustness, and the bounds from its own variables."""

    fit: Fit
    robustness: Robustness
    bounds: tuple[Bound, ...]


def omitted_variable(sample: Sample, alpha: float = 0.05, multiples: tuple[float, ...] = MULTIPLES) -> OmittedVariable:
    """Sensitivity of the `ancova` row to a confounder, benchmarked on the baseline and on each column of covariates.

    Multiples that no confounder can reach (it would explain more than all) are left out of the bounds.

    Raises
    ------
    NoEstimate : where there is no `ancova` row.

    References
    ----------
    Cinelli & Hazlett (2020); R sensemakr.
    """
    used = ESTIMATORS["ancova"].used(sample)
    ESTIMATORS["ancova"](used)  # refuses what cannot be estimated
    others = np.column_stack([np.ones(len(used.treated)), used.baseline, used.covariates])
    treated = used.treated.astype(float)
    outcome = classical(used.follow_up, np.column_stack([others, treated]))
    centre = classical(treated, others)
    strength = robustness(outcome[-1], alpha)
    bounds = []
    for position, name in enumerate(("baseline", *used.covariate_names), start=1):
        for multiple in multiples:
            try:
                bounds.append(benchmark_bound(name, outcome[-1], centre[position], outcome[position], multiple, alpha))
            except NoEstimate:
                continue
    return OmittedVariable(outcome[-1], strength, tuple(bounds))


def classical(y: Array, design: Array) -> list[Fit]:
    """Least squares of y on the design with classical errors and n - p df, one fit a column."""
    q, r = np.linalg.qr(design)
    inverse = np.linalg.inv(r)
    residuals = y - q @ (q.T @ y)
    df = len(y) - design.shape[1]
    errors = np.sqrt(residuals @ residuals / df * np.einsum("ij,ij->i", inverse, inverse))
    return [Fit(float(b), float(e), float(df)) for b, e in zip(inverse @ q.T @ y, errors, strict=True)]


def partial_r2(fit: Fit) -> float:
    """Share of the unexplained variation that the variable explains: t^2 / (t^2 + df)."""
    t = fit.estimate / fit.std_error
    return t**2 / (t**2 + fit.df)


def robustness(fit: Fit, alpha: float = 0.05, q: float = 1.0) -> Robustness:
    """Robustness values of a classical fit against a loss of the share q of its estimate.

    Raises
    ------
    NoEstimate : fewer than two degrees of freedom.

    References
    ----------
    Cinelli & Hazlett (2020), section 4.2 and eq. 18-19.
    """
    if fit.df < 2:
        raise NoEstimate("restano troppo pochi gradi di libertà", "too few degrees of freedom are left")
    t = fit.estimate / fit.std_error
    f = q * abs(t) / np.sqrt(fit.df)
    f_alpha = f - stats.t.ppf(1 - alpha / 2, fit.df - 1) / np.sqrt(fit.df - 1)
    return Robustness(t, fit.df, partial_r2(fit), _robustness_value(f), _robustness_value(f_alpha))


def _robustness_value(f: float) -> float:
    return float((np.sqrt(f**4 + 4 * f**2) - f**2) / 2) if f > 0 else 0.0


def adjusted(fit: Fit, r2_centre: float, r2_outcome: float, alpha: float = 0.05) -> Adjusted:
    """What a confounder that pulls the estimate towards zero and beyond would leave of it.

    Parameters
    ----------
    r2_centre : partial R2 of the confounder with the centre, below 1. r2_outcome : with the outcome, given the centre.

    References
    ----------
    Cinelli & Hazlett (2020), eq. 5-7 (bias and standard error); interval with the df of the fit, as sensemakr.
    """
    bias = np.sqrt(r2_outcome * r2_centre / (1 - r2_centre) * fit.df) * fit.std_error
    estimate = float(np.sign(fit.estimate) * (abs(fit.estimate) - bias))
    error = float(np.sqrt((1 - r2_outcome) / (1 - r2_centre) * fit.df / (fit.df - 1)) * fit.std_error)
    reach = float(stats.t.ppf(1 - alpha / 2, fit.df)) * error
    t = estimate / error if error > 0 else float(np.copysign(np.inf, estimate))
    return Adjusted(r2_centre, r2_outcome, estimate, error, t, estimate - reach, estimate + reach)


def benchmark_bound(
    name: str, fit: Fit, in_centre: Fit, in_outcome: Fit, multiple: float, alpha: float = 0.05
) -> Bound:
    """Bound on a confounder `multiple` times as strong as a variable, in the centre and in the outcome alike.

    Parameters
    ----------
    fit : of the centre in the model of the outcome. in_centre, in_outcome : of the variable in the models of the two.

    Raises
    ------
    NoEstimate : the confounder would explain the centre completely, or more.

    References
    ----------
    Cinelli & Hazlett (2020), section 4.4 and footnote 10.
    """
    with_centre, with_outcome = partial_r2(in_centre), partial_r2(in_outcome)
    r2_centre = multiple * with_centre / (1 - with_centre)
    if r2_centre >= 1:
        raise NoEstimate("nessun confondente può essere così forte", "no confounder can be that strong")
    shared = r2_centre * with_centre / (1 - multiple * with_centre)  # below one, since r2_centre is
    strength = (np.sqrt(multiple) + np.sqrt(shared)) ** 2 / (1 - shared)
    r2_outcome = float(strength * with_outcome / (1 - with_outcome))
    capped = r2_outcome > 1
    return Bound(name, multiple, adjusted(fit, r2_centre, min(r2_outcome, 1.0), alpha), capped)
