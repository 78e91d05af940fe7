"""Standard errors by cluster, refused where there are too few: on two centres they would be near zero without a warning."""

from __future__ import annotations

import numpy as np

from evaluation.counterfactual.estimators.linear import Fit
from evaluation.counterfactual.sample import Array, NoEstimate

FEWEST = 5  # clusters a side


def clustered(y: Array, design: Array, column: int, clusters: Array, treated: Array) -> Fit:
    """Regress y on the design and return one coefficient with its CR1 standard error.

    Parameters
    ----------
    y : shape (n,). design : shape (n, p), with its constant, of full rank. column : position of the coefficient.
    clusters : shape (n,), the cluster of each row. treated : bool, shape (n,), constant within a cluster.

    Raises
    ------
    NoEstimate : fewer than five clusters are treated, or untreated: the variance between them cannot be told.

    Notes
    -----
    CR1 is the sandwich times G / (G - 1), with G clusters and G - 1 degrees of freedom.

    References
    ----------
    Liang & Zeger (1986); Cameron, Gelbach & Miller (2008), on how few clusters mislead.
    """
    labels, group = np.unique(clusters, return_inverse=True)
    sides = [len(np.unique(group[side])) for side in (treated, ~treated)]
    if min(sides) < FEWEST:
        raise NoEstimate(
            f"servono almeno {FEWEST} gruppi per parte, ce ne sono {sides[0]} e {sides[1]}",
            f"at least {FEWEST} clusters a side are needed, there are {sides[0]} and {sides[1]}",
        )
    bread = np.linalg.inv(design.T @ design)
    coefficients = bread @ design.T @ y
    scores = np.zeros((len(labels), design.shape[1]))
    np.add.at(scores, group, design * (y - design @ coefficients)[:, None])
    variance = bread @ scores.T @ scores @ bread * len(labels) / (len(labels) - 1)
    return Fit(float(coefficients[column]), float(np.sqrt(variance[column, column])), float(len(labels) - 1))
