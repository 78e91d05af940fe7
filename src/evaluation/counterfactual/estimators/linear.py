"""Least squares with the HC2 variance and the Bell-McCaffrey degrees of freedom."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import stats

from evaluation.counterfactual.sample import Array, NoEstimate

TINY = 1e-10
BLOCK = 4_096  # rows at a time: what the processor's cache holds


@dataclass(frozen=True)
class Fit:
    """One coefficient: its estimate and standard error in the units of y, and the degrees of freedom of its t."""

    estimate: float
    std_error: float
    df: float

    def interval(self, level: float) -> tuple[float, float]:
        """Interval that covers with probability `level`."""
        reach = float(stats.t.ppf((1 + level) / 2, self.df)) * self.std_error
        return self.estimate - reach, self.estimate + reach


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
            f"servono più di {p} ragazzi, ce ne sono {n}", f"more than {p} children are needed, there are {n}"
        )
    scale, r, projected = _triangle(y, design)
    if np.abs(np.diag(r)).min() < TINY * np.abs(np.diag(r)).max():
        raise NoEstimate("le variabili del modello sono collineari", "the variables of the model are collinear")
    inverse = np.linalg.inv(r) / scale[:, None]  # turns the design into its orthonormal columns
    coefficients, direction = inverse @ projected, inverse @ inverse[column]
    variance = trace = square = 0.0
    cross = np.zeros((p, p))
    for rows in _blocks(n):
        q = design[rows] @ inverse
        slack = 1 - np.einsum("ij,ij->i", q, q)
        if slack.min() < TINY:
            raise NoEstimate("un ragazzo determina da solo una stima", "one child alone determines a coefficient")
        contrast = design[rows] @ direction  # row i: x_i' (X'X)^-1 l
        residuals = y[rows] - design[rows] @ coefficients
        weight = contrast**2 / slack
        variance += float(weight @ residuals**2)
        trace += float(contrast @ contrast)
        square += float(weight**2 @ (2 * slack - 1))
        cross += q.T @ (weight[:, None] * q)
    if variance <= TINY**2 * trace * float(y @ y):  # nothing but rounding where the contrast looks
        raise NoEstimate("l'esito non varia oltre il modello", "the outcome does not vary beyond the model")
    return Fit(float(coefficients[column]), float(np.sqrt(variance)), trace**2 / (square + float(np.sum(cross**2))))


def _triangle(y: Array, design: Array) -> tuple[Array, Array, Array]:
    """Lengths of the columns, and R and Q'y of the design with columns of unit length, block by block.

    References
    ----------
    Demmel, Grigori, Hoemmen & Langou (2012), on QR of tall matrices.
    """
    p = design.shape[1]
    scale = np.sqrt(np.einsum("ij,ij->j", design, design))
    scale[scale == 0] = 1.0
    parts = [np.linalg.qr(np.column_stack([design[rows] / scale, y[rows]]), mode="r") for rows in _blocks(len(y))]
    r = np.asarray(np.linalg.qr(np.concatenate(parts), mode="r"))
    return scale, r[:p, :p], r[:p, p]


def _blocks(n: int) -> list[slice]:
    return [slice(start, start + BLOCK) for start in range(0, n, BLOCK)]
