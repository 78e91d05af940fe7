"""Permutation of the centre labels among the children, studentised, for one outcome or many from common draws."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain, combinations, islice
from math import comb

import numpy as np

from evaluation.counterfactual.sample import Array, NoEstimate

BLOCK = 1_000  # replicates that share a random stream: fixed, so that results do not depend on workers
CHUNK = 1_000  # children of a block held in memory at once
TIE = 1e-9  # |t*| counts as at least |t| up to this: sums in another order differ in the last digits
ROUNDING = 1e-12  # share of the sum of squares below which a difference of sums is nothing but rounding


def permutation_matrix(changes: Array, treated: Array, draws: int, seed: int) -> tuple[Array, Array, bool]:
    """Studentised differences in change of several outcomes under common permutations of the centre labels.

    Parameters
    ----------
    changes : shape (n, m), complete. treated : bool, shape (n,). draws : permutations, unless all assignments are fewer.

    Returns
    -------
    t of each permutation, shape (B, m); t of the data, shape (m,); whether these are all assignments (exact) or random.

    Raises
    ------
    NoEstimate : fewer than two children in a centre, missing scores, an outcome that does not vary.

    Notes
    -----
    Children are ordered by their values alone, each outcome turned so that its t is not negative, the outcome with the
    largest t first: neither the order of rows or outcomes, nor codes, nor a shift, a scale or a sign moves a p. The
    first draws of a longer run are those of a shorter one.

    References
    ----------
    Janssen (1997); Chung & Romano (2013), on why the difference is studentised.
    """
    z = standardise(changes, treated)
    m, n1, n0 = z.shape[1], int(treated.sum()), int((~treated).sum())
    sums = z.sum(axis=0), (z**2).sum(axis=0), n1, n0
    observed = welch_t(treated @ z, treated @ z**2, *sums)
    turn = turns(z, observed)
    sums = (turn * sums[0])[:, None], sums[1][:, None], n1, n0
    ordered = (turn * z).T[:, np.lexsort((turn * z).T[np.argsort(np.abs(observed))])]
    powers = np.concatenate([ordered, ordered**2])
    exact = comb(n1 + n0, 2) <= draws and comb(n1 + n0, n1) <= draws  # the first is the smaller, and quick for any n
    blocks = _all_sums(powers, n1) if exact else _random_sums(powers, n1, draws, seed)
    return np.concatenate([welch_t(block[:m], block[m:], *sums) for block in blocks], axis=1).T, observed, exact


def permutation_distribution(change: Array, treated: Array, draws: int, seed: int) -> tuple[float, Array, bool]:
    """Return t of the data, t of each permutation, and whether exact: `permutation_matrix` of one outcome, shape (n,)."""
    permuted, observed, exact = permutation_matrix(change[:, None], treated, draws, seed)
    return float(observed[0]), permuted[:, 0], exact


def permutation_p(observed: float, permuted: Array, exact: bool) -> float:
    """Two-sided p: the share of assignments at least as extreme; with random ones the data count as one more."""
    extreme = int(np.sum(np.abs(permuted) >= abs(observed) * (1 - TIE) - TIE))
    return extreme / len(permuted) if exact else (1 + extreme) / (1 + len(permuted))


def welch_t(total: Array, squares: Array, all_total: Array, all_squares: Array, n1: int, n0: int) -> Array:
    """Welch's t from the sum and the sum of squares of the first group and of all (Welch 1938); 0 / 0 is 0."""
    difference, within1, within0 = split(total, squares, all_total, all_squares, n1, n0)
    return ratio(difference, np.sqrt(within1 / (n1 * (n1 - 1)) + within0 / (n0 * (n0 - 1))))


def split(
    total: Array, squares: Array, all_total: Array, all_squares: Array, n1: int, n0: int
) -> tuple[Array, Array, Array]:
    """Return the difference of the two means and the sum of squares within each group, free of rounding noise."""
    rest = all_total - total
    difference = total / n1 - rest / n0
    noise = ROUNDING * all_squares
    within1, within0 = squares - total**2 / n1, all_squares - squares - rest**2 / n0
    return (
        np.where(np.abs(difference) > ROUNDING * np.sqrt(all_squares), difference, 0.0),
        np.where(within1 > noise, within1, 0.0),
        np.where(within0 > noise, within0, 0.0),
    )


def ratio(difference: Array, error: Array) -> Array:
    """Difference over its standard error: 0 where nothing differs, infinite where something does without any error."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(difference == 0, 0.0, difference / error)


def standardise(changes: Array, treated: Array) -> Array:
    """Centre and scale each outcome, shape (n, m), rounded: equal values stay equal after a shift or a scale."""
    if min(treated.sum(), (~treated).sum()) < 2:
        raise NoEstimate("meno di due ragazzi in un centro", "fewer than two children in a centre")
    if not np.isfinite(changes).all():
        raise NoEstimate("manca il cambiamento di qualche ragazzo", "the change of some children is missing")
    spread = changes.std(axis=0)
    if (spread <= np.finfo(float).eps * np.abs(changes).max(axis=0) * len(changes)).any():
        raise NoEstimate("il cambiamento non varia", "the change does not vary")
    return np.round((changes - changes.mean(axis=0)) / spread, 9)


def turns(z: Array, observed: Array) -> Array:
    """Return the sign, 1 or -1, that makes each t (or where t is 0, the skewness) positive, shape (m,)."""
    return np.where(np.where(np.abs(observed) > TIE, observed, (z**3).sum(axis=0)) < 0, -1.0, 1.0)


def streams(draws: int, seed: int) -> Iterator[tuple[int, np.random.Generator]]:
    """Give every block of replicates its size and its own random stream."""
    starts = range(0, draws, BLOCK)
    for start, stream in zip(starts, np.random.SeedSequence(seed).spawn(len(starts)), strict=True):
        yield min(BLOCK, draws - start), np.random.Generator(np.random.PCG64(stream))


def assignments(n: int, n1: int, rng: np.random.Generator) -> Iterator[tuple[slice, Array]]:
    """Draw BLOCK assignments of n1 among n children: 1.0 where treated, shape (up to CHUNK children, BLOCK).

    Child by child, treated with the probability (places left) / (children left): no sorting, and no more than a chunk
    of children in memory.

    References
    ----------
    Fan, Muller & Rezucha (1962); Knuth, The Art of Computer Programming 2, algorithm 3.4.2 S.
    """
    places = np.full(BLOCK, float(n1))
    for start in range(0, n, CHUNK):
        children_left = np.arange(n - start, max(n - start - CHUNK, 0), -1.0)
        chosen = rng.random((len(children_left), BLOCK))
        chosen *= children_left[:, None]
        for child in chosen:
            np.less(child, places, out=child)
            places -= child
        yield slice(start, start + CHUNK), chosen


def _random_sums(powers: Array, n1: int, draws: int, seed: int) -> Iterator[Array]:
    for size, rng in streams(draws, seed):
        sums = np.zeros((len(powers), BLOCK))
        for children, chosen in assignments(powers.shape[1], n1, rng):
            sums += powers[:, children] @ chosen
        yield sums[:, :size]


def _all_sums(powers: Array, n1: int) -> Iterator[Array]:
    n = powers.shape[1]
    chosen = combinations(range(n), n1)
    while members := list(chain.from_iterable(islice(chosen, BLOCK))):
        block = np.zeros((len(members) // n1, n))
        np.put_along_axis(block, np.reshape(members, (-1, n1)), 1.0, axis=1)
        yield powers @ block.T
