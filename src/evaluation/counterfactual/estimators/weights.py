"""Weights that make the comparison children resemble the treated ones: odds of a propensity, and exact balance.

Both solve a small convex problem by Newton's method, in covariates standardised so that units do not matter. Where the
problem has no solution its curvature vanishes along the way, and the weights are refused rather than wild.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import linalg, special

from evaluation.counterfactual.estimators.linear import TINY
from evaluation.counterfactual.sample import Array, NoEstimate

HIGHEST_PROPENSITY = 0.995  # of a comparison child, who would stand for 199 treated ones
FLAT = 1e-8  # curvature left, as a share of that at the start: a solution at infinity leaves none
KEPT = 0.05  # curvature that one step must leave: a longer one leaps over the minimum onto a plain
EXACT = 1e-18  # squared Newton decrement, after which one more step reaches the rounding error
STEPS, SIZES = 100, 0.5 ** np.arange(40)
NO_OVERLAP = (
    "nessun peso dei ragazzi di confronto riproduce le medie dei trattati: i due centri non si sovrappongono",
    "no weights of the comparison children reach the means of the treated: the two centres do not overlap",
)

Loss = Callable[[Array], tuple[float, Array, Array]]  # value, gradient, Hessian


@dataclass(frozen=True)
class Overlap:
    """How far the centres hold the same kinds of children, by their logit propensity.

    treated, comparison : lowest and highest propensity. outside : share of the treated outside the comparison's range.
    effective_n : comparison children after odds weighting. largest_share : weight of one of them in their total.
    """

    treated: tuple[float, float]
    comparison: tuple[float, float]
    outside: float
    effective_n: float
    largest_share: float


def entropy_weights(treated: Array, features: Array) -> Array:
    """Comparison weights with the treated means of all features, as close to equal as that allows.

    Parameters
    ----------
    treated : bool, shape (n,). features : shape (n, k), complete, without a constant.

    Returns
    -------
    Shape (n,): one for the treated; for the comparison, summing to their number. They are also the odds of the
    inverse-probability-tilting propensity.

    Raises
    ------
    NoEstimate : too few children, constant or collinear features, no overlap.

    References
    ----------
    Hainmueller (2012); Graham, Pinto & Egel (2012); Sant'Anna & Zhao (2020), section 3.1.
    """
    return tilting(treated, design(treated, features))


def odds_weights(treated: Array, features: Array) -> Array:
    """Normalised odds p / (1 - p) of a logit propensity; arguments, scale and errors as for `entropy_weights`.

    References
    ----------
    Abadie (2005), with Hajek's normalisation; R DRDID, `std_ipw_did_panel`.
    """
    return normalised_odds(treated, logit(treated, design(treated, features)))


def effective_sample_size(weights: Array) -> float:
    """Equally weighted children that would be as informative, (sum w)^2 / sum w^2; 0 without weight (Kish 1965)."""
    square = float(weights @ weights)
    return float(weights.sum()) ** 2 / square if square else 0.0


def overlap(treated: Array, features: Array) -> Overlap:
    """Diagnose the overlap of the two centres; errors as for `entropy_weights`."""
    propensity = logit(treated, design(treated, features))
    one, zero = propensity[treated], propensity[~treated]
    weights = normalised_odds(treated, propensity)[~treated]
    return Overlap(
        treated=(float(one.min()), float(one.max())),
        comparison=(float(zero.min()), float(zero.max())),
        outside=float(np.mean((one < zero.min()) | (one > zero.max()))),
        effective_n=effective_sample_size(weights),
        largest_share=float(weights.max() / weights.sum()),
    )


def design(treated: Array, features: Array) -> Array:
    """Return a constant and the features, turned so that they are uncorrelated with variance one in the comparison.

    Shape (n, 1 + k). What is fitted on it does not depend on the units of the features, nor on how they are combined.

    Raises
    ------
    NoEstimate : fewer than two treated or k + 2 comparison children; a feature missing, constant or collinear.
    """
    n, k = features.shape
    n0 = n - int(treated.sum())
    if n - n0 < 2 or n0 < k + 2:
        raise NoEstimate(
            f"servono almeno 2 ragazzi trattati e {k + 2} di confronto, ce ne sono {n - n0} e {n0}",
            f"at least 2 treated and {k + 2} comparison children are needed, there are {n - n0} and {n0}",
        )
    if not np.isfinite(features).all():
        raise NoEstimate("manca il valore di una covariata", "a value of a covariate is missing")
    centre = features[~treated].mean(axis=0)
    centred = features - centre
    length = np.sqrt(np.einsum("ij,ij->j", centred[~treated], centred[~treated]))
    triangle = np.linalg.qr(centred[~treated] / np.where(length > 0, length, 1), mode="r")
    if (length <= TINY * np.abs(centre)).any() or (np.abs(np.diag(triangle)) < TINY).any():
        raise NoEstimate(
            "una covariata (o il punteggio iniziale) è costante tra i ragazzi di confronto, o ricavabile dalle altre",
            "a covariate (or the baseline) is constant among the comparison children, or follows from the others",
        )
    turn = linalg.solve_triangular(triangle, np.eye(k)) / length[:, None] if k else np.eye(0)
    return np.column_stack([np.ones(n), np.sqrt(n0) * centred @ turn])


def tilting(treated: Array, x: Array) -> Array:
    """Entropy-balancing weights on a `design` x: minimise log sum exp(z'l), z from the treated mean; as `entropy_weights`."""
    z = x[~treated, 1:] - x[treated, 1:].mean(axis=0)

    def loss(position: Array) -> tuple[float, Array, Array]:
        index = z @ position
        weight = special.softmax(index)
        mean = weight @ z
        return float(special.logsumexp(index)), mean, (weight[:, None] * z).T @ z - np.outer(mean, mean)

    weights = np.ones(len(treated))
    weights[~treated] = treated.sum() * special.softmax(z @ _minimise(loss, np.zeros(z.shape[1])))
    _refuse_extreme(weights[~treated] / (1 + weights[~treated]))
    return weights


def logit(treated: Array, x: Array) -> Array:
    """Propensity, shape (n,), by maximum likelihood on a `design` x; errors as for `entropy_weights`."""
    tilting(treated, x)  # a logit may converge although the treated means lie beyond all comparison children
    share = treated.mean()
    size = len(treated) * share * (1 - share)

    def loss(position: Array) -> tuple[float, Array, Array]:
        index = x @ position
        p = special.expit(index)
        value = (np.logaddexp(0, index).sum() - index[treated].sum()) / size
        return float(value), x.T @ (p - treated) / size, ((p * (1 - p))[:, None] * x).T @ x / size

    start = np.zeros(x.shape[1])
    start[0] = special.logit(share)
    propensity = special.expit(x @ _minimise(loss, start))
    _refuse_extreme(propensity[~treated])
    return propensity


def normalised_odds(treated: Array, propensity: Array) -> Array:
    """One for the treated; for the comparison p / (1 - p), scaled to sum to the number of treated."""
    odds = propensity[~treated] / (1 - propensity[~treated])
    weights = np.ones(len(treated))
    weights[~treated] = treated.sum() * odds / odds.sum()
    return weights


def _refuse_extreme(propensity: Array) -> None:
    if propensity.max() > HIGHEST_PROPENSITY:
        raise NoEstimate(
            "un ragazzo di confronto ha una propensione oltre 0,995: conterebbe da solo come 199 trattati",
            "a comparison child has a propensity above .995: alone it would count as 199 treated ones",
        )


def _minimise(loss: Loss, start: Array) -> Array:
    """Minimise a convex loss by damped Newton steps (Boyd & Vandenberghe 2004, 9.5); NoEstimate without a minimum.

    Both losses here lack one exactly where the treated means lie outside the comparison children's convex hull, or on
    its edge, or (logit) where a plane separates the two centres.
    """
    if not start.size:
        return start
    position, (value, gradient, hessian) = start, loss(start)
    reference = hessian
    for _ in range(STEPS):
        step = _newton_step(gradient, hessian, reference)
        decrement = float(-gradient @ step)
        if decrement <= EXACT:
            return position + step
        for size in SIZES:
            trial = loss(position + size * step)
            lower = trial[0] <= value - 1e-4 * size * decrement + 1e-14 * (1 + abs(value))
            if lower and _curvature(trial[2], hessian) >= KEPT:
                break
        position, (value, gradient, hessian) = position + size * step, trial
    raise NoEstimate(*NO_OVERLAP)


def _newton_step(gradient: Array, hessian: Array, reference: Array) -> Array:
    if _curvature(hessian, reference) < FLAT:
        raise NoEstimate(*NO_OVERLAP)
    return -linalg.solve(hessian, gradient, assume_a="pos")


def _curvature(hessian: Array, reference: Array) -> float:
    """Share of the reference's curvature that is left in the flattest direction."""
    try:
        return float(linalg.eigvalsh(hessian, reference)[0])
    except linalg.LinAlgError:  # the reference itself is flat, to rounding
        return 0.0
