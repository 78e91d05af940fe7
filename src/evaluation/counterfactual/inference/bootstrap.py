"""Wild bootstrap of the difference in differences, by child, with the null imposed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np

from evaluation.counterfactual.inference.permutation import (
    BLOCK,
    CHUNK,
    permutation_p,
    ratio,
    split,
    standardise,
    streams,
    turns,
)
from evaluation.counterfactual.sample import Array, NoEstimate

WEIGHTS = {
    "rademacher": np.array([-1.0, 1.0]),
    "webb": np.sqrt([0.5, 1.0, 1.5, 0.5, 1.0, 1.5]) * [-1, -1, -1, 1, 1, 1],
}


@dataclass(frozen=True)
class WildBootstrap:
    """t of the data with HC1, its two-sided p, the draws behind it, and whether they are all there are (exact)."""

    t: float
    p: float
    draws: int
    exact: bool


def wild_bootstrap(
    change: Array, treated: Array, draws: int, seed: int, weights: Literal["rademacher", "webb"] = "rademacher"
) -> WildBootstrap:
    """Test no difference in change: residuals of the common mean times random weights, a t with HC1 each time.

    HC1 of the change on the centre equals CR1S by child of the stacked pairs, up to its factor for the sample size.

    Parameters
    ----------
    change : shape (n,), complete. treated : bool, shape (n,). draws : replicates, unless all weightings are fewer.
    weights : two points (Rademacher) or six (Webb).

    Raises
    ------
    NoEstimate : fewer than two children in a centre, missing scores, a change that does not vary (within the centres).

    References
    ----------
    Wu (1986); Cameron, Gelbach & Miller (2008); Webb (2023).
    """
    z = standardise(change[:, None], treated)
    squares, n1, n0 = z**2, int(treated.sum()), int((~treated).sum())
    t = _hc1_t(treated @ z, treated @ squares, z.sum(axis=0), squares.sum(axis=0), n1, n0)
    if np.isinf(t[0]):
        raise NoEstimate("il cambiamento non varia dentro i centri", "the change does not vary within the centres")
    residuals = (turns(z, t) * z)[:, 0]
    order = np.lexsort((treated, residuals))  # by what is known of a child, so that the order of rows moves nothing
    groups = np.stack([treated, np.ones_like(treated)])[:, order].astype(float)
    exact = len(WEIGHTS[weights]) ** min(len(z), 64) <= draws
    blocks = _all_sums if exact else _random_sums
    sums = blocks(groups * residuals[order], WEIGHTS[weights], draws, seed)
    permuted = np.concatenate([_hc1_t(s[0], q[0], s[1], q[1], n1, n0) for s, q in sums])
    return WildBootstrap(float(t[0]), permutation_p(float(t[0]), permuted, exact), len(permuted), exact)


def _hc1_t(total: Array, squares: Array, all_total: Array, all_squares: Array, n1: int, n0: int) -> Array:
    """Difference of two means over its HC1 error (MacKinnon & White 1985), from sums of the first group and of all."""
    difference, within1, within0 = split(total, squares, all_total, all_squares, n1, n0)
    return ratio(difference, np.sqrt((within1 / n1**2 + within0 / n0**2) * (n1 + n0) / (n1 + n0 - 2)))


def _random_sums(residuals: Array, points: Array, draws: int, seed: int) -> Iterator[tuple[Array, Array]]:
    for size, rng in streams(draws, seed):
        sums, squares = np.zeros((2, 2, BLOCK))
        for start in range(0, residuals.shape[1], CHUNK):
            part = residuals[:, start : start + CHUNK]
            weights = points[rng.integers(len(points), size=(part.shape[1], BLOCK), dtype=np.uint8)]
            sums += part @ weights
            squares += part**2 @ weights**2
        yield sums[:, :size], squares[:, :size]


def _all_sums(residuals: Array, points: Array, *_: int) -> Iterator[tuple[Array, Array]]:
    k, n = len(points), residuals.shape[1]
    for start in range(0, k**n, BLOCK):
        digits = np.arange(start, min(start + BLOCK, k**n)) // k ** np.arange(n)[:, None] % k
        yield residuals @ points[digits], residuals**2 @ points[digits] ** 2
