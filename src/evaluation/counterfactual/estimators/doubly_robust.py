"""The effect under trends that are parallel among children alike in their covariates: four weighting estimators.

Each compares the mean change of the treated with a weighted mean of the comparison children, after taking off what an
outcome model predicts, if it has one. Without covariates all four are the plain difference in differences; `ipw`,
`drdid_traditional` and `drdid` then have its HC0 standard error, `entropy` its HC2 one.
"""

from __future__ import annotations

import numpy as np

from evaluation.counterfactual.estimators.linear import TINY, Fit, hc2
from evaluation.counterfactual.estimators.weights import design, entropy_weights, logit, normalised_odds, tilting
from evaluation.counterfactual.sample import Array, NoEstimate, Sample


def ipw(sample: Sample) -> Fit:
    """Change with normalised odds weights of a logit propensity.

    References
    ----------
    Abadie (2005), with Hajek's normalisation; influence function as in R DRDID, `std_ipw_did_panel`.
    """
    x = design(sample.treated, sample.covariates)
    propensity = logit(sample.treated, x)
    weights = normalised_odds(sample.treated, propensity)
    influence = _contrast(sample, sample.change, weights) - _of_logit(sample, x, propensity, sample.change, weights)
    return _fit(sample, sample.change, weights, influence)


def drdid_traditional(sample: Sample) -> Fit:
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
    influence = (
        _contrast(sample, residual, weights)
        - _of_logit(sample, x, propensity, residual, weights)
        - _of_outcome_model(sample, x, residual, weights)
    )
    return _fit(sample, residual, weights, influence)


def drdid(sample: Sample) -> Fit:
    """Doubly robust, improved: inverse-probability tilting, and an outcome model with the same weights.

    The two are built so that their estimation does not add to the influence function.

    References
    ----------
    Sant'Anna & Zhao (2020), section 3.1; R DRDID, `drdid_imp_panel`.
    """
    x = design(sample.treated, sample.covariates)
    weights = tilting(sample.treated, x)
    residual = _residual(sample, x, weights)
    return _fit(sample, residual, weights, _contrast(sample, residual, weights))


def entropy(sample: Sample, features: Array | None = None) -> Fit:
    """Entropy balancing of covariates and baseline (or of `features`, shape (n, k)); weighted regression of change on centre.

    Its standard error is the HC2 sandwich of that regression, which takes the weights as given.

    References
    ----------
    Hainmueller (2012); equal to `drdid` on the same features (Zhao & Percival 2017).
    """
    if features is None:
        features = np.column_stack([sample.covariates, sample.baseline])
    root = np.sqrt(entropy_weights(sample.treated, features))
    fit = hc2(root * sample.change, root[:, None] * np.column_stack([np.ones(len(root)), sample.treated]), 1)
    return Fit(fit.estimate, fit.std_error, np.inf)


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


def _contrast(sample: Sample, residual: Array, weights: Array) -> Array:
    """Influence of each child on the difference of the two means, the weights taken as known."""
    treated_mean, comparison_mean = _means(sample, residual, weights)
    mean = np.where(sample.treated, treated_mean, comparison_mean)
    sign = np.where(sample.treated, 1.0, -1.0)
    return len(residual) / sample.n_treated * sign * weights * (residual - mean)


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


def _fit(sample: Sample, residual: Array, weights: Array, influence: Array) -> Fit:
    """Return the difference of the two means, with the standard deviation of the influence over the root of n."""
    treated_mean, comparison_mean = _means(sample, residual, weights)
    std_error = float(influence.std() / np.sqrt(len(influence)))
    if not std_error > TINY * float(np.abs(sample.change).max()):
        raise NoEstimate("l'esito non varia oltre il modello", "the outcome does not vary beyond the model")
    return Fit(float(treated_mean - comparison_mean), std_error, np.inf)
