"""The effect under trends that are parallel among children alike in their covariates: four weighting estimators.

Each compares the mean change of the treated with a weighted mean of the comparison children, after taking off what an
outcome model predicts, if it has one. Without covariates `ipw`, `drdid_traditional` and `drdid` are the plain difference in
differences with its HC2 error.

Errors are those of the influence function. R's understate them with few children, since residuals are smaller than errors
and the normal has thinner tails than what is estimated: by default each residual is divided by the root of one less its
leverage, and t has as many degrees of freedom as the comparison's regression (simulated: docs/methods.md). `errors="r"` gives
R's own.
"""

from __future__ import annotations

from typing import Literal

import numpy as np

from evaluation.counterfactual.estimators.linear import TINY, Fit, hc2
from evaluation.counterfactual.estimators.weights import design, entropy_weights, logit, normalised_odds, tilting
from evaluation.counterfactual.sample import Array, NoEstimate, Sample

Errors = Literal["small_sample", "r"]


def ipw(sample: Sample, errors: Errors = "small_sample") -> Fit:
    """Change with normalised odds weights of a logit propensity.

    References
    ----------
    Abadie (2005), with Hajek's normalisation; influence function as in R DRDID, `std_ipw_did_panel`.
    """
    x = design(sample.treated, sample.covariates)
    propensity = logit(sample.treated, x)
    weights = normalised_odds(sample.treated, propensity)
    leverage = _leverage(sample, x[:, :1], weights)
    influence = _contrast(sample, sample.change, weights, leverage if errors == "small_sample" else None)
    influence = influence - _of_logit(sample, x, propensity, sample.change, weights)
    return _fit(sample, sample.change, weights, influence, errors, x.shape[1])


def drdid_traditional(sample: Sample, errors: Errors = "small_sample") -> Fit:
    """Doubly robust: logit propensity, and least squares of the comparison children's change on covariates.

    References
    ----------
    Sant'Anna & Zhao (2020), eq. 3.1; R DRDID, `drdid_panel`.
    """
    x = design(sample.treated, sample.covariates)
    propensity = logit(sample.treated, x)
    weights = normalised_odds(sample.treated, propensity)
    equal = np.ones(len(x))
    residual = _residual(sample, x, equal)
    leverage = _leverage(sample, x, equal) if errors == "small_sample" else np.zeros(len(x))
    influence = (
        _contrast(sample, residual, weights, leverage)
        - _of_logit(sample, x, propensity, residual, weights)
        - _of_outcome_model(sample, x, residual / np.sqrt(1 - leverage), weights)
    )
    return _fit(sample, residual, weights, influence, errors, x.shape[1])


def drdid(sample: Sample, errors: Errors = "small_sample") -> Fit:
    """Doubly robust, improved: inverse-probability tilting, and an outcome model with the same weights.

    The two are built so that their estimation does not add to the influence function.

    References
    ----------
    Sant'Anna & Zhao (2020), section 3.1; R DRDID, `drdid_imp_panel`.
    """
    return _improved(sample, design(sample.treated, sample.covariates), errors)


def entropy(sample: Sample, features: Array | None = None, errors: Errors = "small_sample") -> Fit:
    """Entropy balancing of covariates and baseline (or of `features`, shape (n, k)); weighted regression of change on centre.

    It is `drdid` on the same features, and has its error; with `errors="r"` that of R, the HC2 sandwich of that regression,
    which takes the weights as given.

    References
    ----------
    Hainmueller (2012); equal to `drdid` on the same features (Zhao & Percival 2017).
    """
    if features is None:
        features = np.column_stack([sample.covariates, sample.baseline])
    if errors == "small_sample":
        return _improved(sample, design(sample.treated, features), errors)
    root = np.sqrt(entropy_weights(sample.treated, features))
    fit = hc2(root * sample.change, root[:, None] * np.column_stack([np.ones(len(root)), sample.treated]), 1)
    return Fit(fit.estimate, fit.std_error, np.inf)


def _improved(sample: Sample, x: Array, errors: Errors) -> Fit:
    weights = tilting(sample.treated, x)
    residual = _residual(sample, x, weights)
    leverage = _leverage(sample, x, weights) if errors == "small_sample" else None
    return _fit(sample, residual, weights, _contrast(sample, residual, weights, leverage), errors, x.shape[1])


def _leverage(sample: Sample, x: Array, weights: Array) -> Array:
    """Share of each child in its own fitted value: 1 / n1 of a treated one, else that of the weighted regression on x."""
    zero = ~sample.treated
    leverage = np.full(len(x), 1 / sample.n_treated)
    q = np.linalg.qr(np.sqrt(weights[zero])[:, None] * x[zero])[0]
    leverage[zero] = np.minimum(np.einsum("ij,ij->i", q, q), 1 - TINY)
    return leverage


def _means(sample: Sample, values: Array, weights: Array) -> tuple[Array, Array]:
    """Mean of the treated and weighted mean of the comparison children, by column."""
    zero = ~sample.treated
    return values[sample.treated].mean(axis=0), np.average(values[zero], axis=0, weights=weights[zero])


def _residual(sample: Sample, x: Array, weights: Array) -> Array:
    """Change beyond what the comparison children's (weighted) least squares predicts."""
    zero = ~sample.treated
    root = np.sqrt(weights[zero])
    coefficients = np.linalg.lstsq(root[:, None] * x[zero], root * sample.change[zero], rcond=None)[0]
    return sample.change - x @ coefficients


def _contrast(sample: Sample, residual: Array, weights: Array, leverage: Array | None = None) -> Array:
    """Influence of each child on the difference of the two means, the weights taken as known.

    A residual is smaller than the error behind it, by the root of one less its leverage (MacKinnon & White 1985).
    """
    treated_mean, comparison_mean = _means(sample, residual, weights)
    mean = np.where(sample.treated, treated_mean, comparison_mean)
    sign = np.where(sample.treated, 1.0, -1.0)
    error = residual - mean if leverage is None else (residual - mean) / np.sqrt(1 - leverage)
    return len(residual) / sample.n_treated * sign * weights * error


def _of_logit(sample: Sample, x: Array, propensity: Array, residual: Array, weights: Array) -> Array:
    """Influence that passes through the estimated logit coefficients."""
    information = ((propensity * (1 - propensity))[:, None] * x).T @ x / len(x)
    centred = residual - _means(sample, residual, weights)[1]
    gradient = _means(sample, centred[:, None] * x, weights)[1]
    return (sample.treated - propensity) * (x @ np.linalg.solve(information, gradient))


def _of_outcome_model(sample: Sample, x: Array, residual: Array, weights: Array) -> Array:
    """Influence that passes through the estimated outcome model: as large as the imbalance the weights leave."""
    zero = ~sample.treated
    treated_mean, comparison_mean = _means(sample, x, weights)
    imbalance = treated_mean - comparison_mean
    return zero * residual * (x @ np.linalg.solve(x[zero].T @ x[zero] / len(x), imbalance))


def _fit(sample: Sample, residual: Array, weights: Array, influence: Array, errors: Errors, columns: int) -> Fit:
    """Return the difference of the two means, with the root mean square of the influence over the root of n.

    R's errors take off its mean and use the normal; the others a t with the comparison children less the columns.
    """
    treated_mean, comparison_mean = _means(sample, residual, weights)
    small = errors == "small_sample"
    std_error = float((np.sqrt(np.mean(influence**2)) if small else influence.std()) / np.sqrt(len(influence)))
    if not std_error > TINY * float(np.abs(sample.change).max()):
        raise NoEstimate("l'esito non varia oltre il modello", "the outcome does not vary beyond the model")
    df = sample.n_comparison - columns if small else np.inf
    return Fit(float(treated_mean - comparison_mean), std_error, float(df))
