"""Least squares with the HC2 variance and the Bell-McCaffrey degrees of freedom."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from evaluation.counterfactual.panel import Array, NoEstimate

TINY = 1e-10


@dataclass(frozen=True)
class Fit:
    """One coefficient: its estimate and standard error in the units of y, and the degrees of freedom of its t."""

    estimate: float
    std_error: float
    df: float


def hc2(y: Array, design: Array, column: int) -> Fit:
    """Regress y on the design and return one coefficient with its HC2 standard error.

    Parameters
    ----------
    y : shape (n,). design : shape (n, p), with its constant. column : position of the coefficient.

    Raises
    ------
    NoEstimate : too few rows, collinear columns, a row fitted exactly (leverage one), or no residual variation.

    Notes
    -----
    No n x n matrix is built: with z = L'x and (X'X)^-1 = LL', h_ij = z_i'z_j, so that sums of squared h_ij come from the
    p x p matrix Z' diag(w) Z.

    References
    ----------
    MacKinnon & White (1985), HC2; Bell & McCaffrey (2002); Imbens & Kolesar (2016), eq. 10.
    """
    n, p = design.shape
    if n <= p:
        raise NoEstimate(
            f"servono più di {p} bambini, ce ne sono {n}", f"more than {p} children are needed, there are {n}"
        )
    scaled, scale = _standardise(design)
    q, r = np.linalg.qr(scaled)
    if np.abs(np.diag(r)).min() < TINY * np.abs(np.diag(r)).max():
        raise NoEstimate("le variabili del modello sono collineari", "the variables of the model are collinear")
    coefficients = np.linalg.solve(r, q.T @ y)
    residuals = y - q @ (q.T @ y)
    slack = 1 - np.einsum("ij,ij->i", q, q)
    if slack.min() < TINY:
        raise NoEstimate("un bambino determina da solo una stima", "one child alone determines a coefficient")
    contrast = q @ np.linalg.solve(r.T, np.eye(p)[column])  # row i: x_i' (X'X)^-1 l
    variance = float(np.sum(contrast**2 * residuals**2 / slack))
    if variance <= TINY**2 * float(contrast @ contrast) * float(y @ y):  # nothing but rounding where the contrast looks
        raise NoEstimate("l'esito non varia oltre il modello", "the outcome does not vary beyond the model")
    estimate = float(coefficients[column] / scale[column])
    return Fit(estimate, float(np.sqrt(variance) / scale[column]), _bell_mccaffrey(contrast, slack, q))


def _standardise(design: Array) -> tuple[Array, Array]:
    """Scale columns to unit length, so that collinearity is judged without regard to units."""
    scale = np.sqrt(np.einsum("ij,ij->j", design, design))
    scale[scale == 0] = 1.0
    return design / scale, scale


def _bell_mccaffrey(contrast: Array, slack: Array, q: Array) -> float:
    weight = contrast**2 / slack
    trace = float(np.sum(weight * slack))
    cross = q.T @ (weight[:, None] * q)
    square = float(np.sum(weight**2 * (1 - 2 * (1 - slack))) + np.sum(cross**2))
    return trace**2 / square
