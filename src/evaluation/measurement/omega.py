"""McDonald's omega: the share of a scale's variance that one common factor explains."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import optimize, special, stats

from evaluation.measurement.complete import Array, NoMeasure, complete_rows, varies

HEYWOOD = 0.005  # the smallest standardised uniqueness that is searched, as in factanal of R
STATIONARY = 1e-4  # largest projected gradient at a minimum; the one reached is nearer 1e-7
SINGULAR = 1e-8  # smallest eigenvalue of a correlation matrix that counts as positive
ILL_CONDITIONED = 1e8
ROUNDING = 1e-12


@dataclass(frozen=True)
class Omega:
    """Omega total of `n` complete answer sheets on `items` items, with its standard error and interval.

    loadings, uniquenesses : one an item, in the item's units and their square.
    """

    omega: float
    std_error: float
    low: float
    high: float
    loadings: tuple[float, ...]
    uniquenesses: tuple[float, ...]
    n: int
    items: int


def mcdonald_omega(items: Array, level: float = 0.95) -> Omega:
    """Omega total of the one-factor model, by maximum likelihood from the complete rows.

    Parameters
    ----------
    items : shape (children, items), in one direction and in their own units; NaN is a missing answer.
    level : coverage of the interval.

    Raises
    ------
    NoMeasure : fewer than three items; no more complete rows than items; a constant or redundant item; a Heywood case;
        no convergence; a factor that the data do not identify.

    Notes
    -----
    omega = (sum l)^2 / ((sum l)^2 + sum u), the variance in the denominator being the model's. The interval is the delta
    method on the logit scale, which keeps it within 0 and 1, with the sandwich variance: answers on five steps are not
    normal. It draws nothing, and every resample of forty children that ends in a Heywood case would have to be dropped
    from a bootstrap.

    References
    ----------
    McDonald (1999), chapter 6; Jöreskog (1967); Satorra & Bentler (1994), sandwich; Raykov & Marcoulides (2011), logit;
    Kelley & Pornprasertmanit (2016), comparison of intervals.
    """
    complete = complete_rows(items, columns=3)
    n, k = complete.shape
    if n <= k:
        raise NoMeasure(
            f"servono più di {k} ragazzi con tutte le risposte, ce ne sono {n}",
            f"more than {k} children with every answer are needed, there are {n}",
        )
    if not varies(complete).all():
        raise NoMeasure("una domanda ha la stessa risposta da tutti", "an item has the same answer from everyone")
    sd = complete.std(axis=0, ddof=1)
    z = (complete - complete.mean(axis=0)) / sd
    loadings, uniquenesses = one_factor(z.T @ z / (n - 1))
    loading, unique = float(sd @ loadings), float(sd**2 @ uniquenesses)
    total = loading**2 + unique
    omega = loading**2 / total
    slope = np.concatenate([2 * loading * (1 - omega) / total * sd, -omega / total * sd**2])
    influence = _influence(z, loadings, uniquenesses, slope)
    std_error = float(np.sqrt(influence @ influence / (n * (n - 1))))
    low, high = _logit_interval(omega, std_error, level)
    return Omega(
        omega, std_error, low, high, tuple((sd * loadings).tolist()), tuple((sd**2 * uniquenesses).tolist()), n, k
    )  # fmt: skip


def one_factor(correlation: Array) -> tuple[Array, Array]:
    """Fit one common factor by maximum likelihood.

    Parameters
    ----------
    correlation : shape (items, items).

    Returns
    -------
    Standardised loadings, their sum positive, and uniquenesses, each of shape (items,).

    Raises
    ------
    NoMeasure : a singular matrix, a Heywood case, no convergence.
    """
    if np.linalg.eigvalsh(correlation)[0] < SINGULAR:
        raise NoMeasure(
            "una domanda ripete le altre: la matrice delle correlazioni è singolare",
            "an item repeats the others: the correlation matrix is singular",
        )
    start = (1 - 0.5 / len(correlation)) / np.diag(np.linalg.inv(correlation))
    bounds = [(HEYWOOD, 1.0)] * len(correlation)
    options = {"ftol": 1e-15, "gtol": 1e-10, "xtol": 1e-12, "maxfun": 2000}
    search = optimize.minimize(
        _discrepancy, np.clip(start, HEYWOOD, 1), (correlation,), "TNC", True, bounds=bounds, options=options
    )
    uniquenesses: Array = search.x
    if uniquenesses.min() < 1.01 * HEYWOOD:
        raise NoMeasure(
            "caso di Heywood: il fattore spiegherebbe tutta la varianza di una domanda",
            "Heywood case: the factor would explain the whole variance of an item",
        )
    if np.abs(np.clip(uniquenesses - search.jac, HEYWOOD, 1) - uniquenesses).max() > STATIONARY:
        raise NoMeasure("la massima verosimiglianza non converge", "maximum likelihood does not converge")
    loadings, _ = _profile(uniquenesses, correlation)
    return loadings * np.copysign(1.0, loadings.sum()), uniquenesses


def _profile(uniquenesses: Array, correlation: Array) -> tuple[Array, Array]:
    """The best loadings for given uniquenesses, and the eigenvalues that the factor leaves."""
    root = np.sqrt(uniquenesses)
    values, vectors = np.linalg.eigh(correlation / np.outer(root, root))
    return root * vectors[:, -1] * np.sqrt(max(values[-1] - 1, 0.0)), values[:-1]


def _discrepancy(uniquenesses: Array, correlation: Array) -> tuple[float, Array]:
    """Minus twice the log-likelihood ratio a child, profiled over the loadings, with its gradient."""
    loadings, rest = _profile(uniquenesses, correlation)
    return float(np.sum(rest - np.log(rest) - 1)), (loadings**2 + uniquenesses - 1) / uniquenesses**2


def _influence(z: Array, loadings: Array, uniquenesses: Array, slope: Array) -> Array:
    """What each child adds to a function of the 2 x items parameters whose gradient is `slope`; shape (children,).

    A child moves the covariance by z z' - S, the parameters by the inverse information times the score of that move.
    """
    unit = np.eye(len(loadings))
    by_loading = np.einsum("ai,j->aij", unit, loadings)
    by_uniqueness = np.einsum("ai,aj->aij", unit, unit)
    derivatives = np.concatenate([by_loading + by_loading.transpose(0, 2, 1), by_uniqueness])
    inverse = np.linalg.inv(np.outer(loadings, loadings) + np.diag(uniquenesses))
    scaled = inverse @ derivatives
    information = np.einsum("aij,bji->ab", scaled, scaled) / 2
    if np.linalg.cond(information) > ILL_CONDITIONED:
        raise NoMeasure(
            "le domande non hanno un fattore comune che i dati identifichino",
            "the items have no common factor that the data identify",
        )
    weights = np.linalg.solve(information, slope)
    kernel = inverse @ np.tensordot(weights, derivatives, axes=1) @ inverse / 2
    moved = np.einsum("ni,ij,nj->n", z, kernel, z)
    return moved - moved.mean()


def _logit_interval(omega: float, std_error: float, level: float) -> tuple[float, float]:
    if not omega > ROUNDING:
        raise NoMeasure("i pesi fattoriali si annullano a vicenda", "the loadings cancel each other")
    reach = stats.norm.ppf((1 + level) / 2) * std_error / (omega * (1 - omega))
    centre = special.logit(omega)
    return float(special.expit(centre - reach)), float(special.expit(centre + reach))
