"""How often tests of no effect reject when there is none: what they promise, within Monte Carlo error."""

import numpy as np
import pytest

from evaluation.counterfactual.inference.bootstrap import wild_bootstrap
from evaluation.counterfactual.inference.multiplicity import romano_wolf
from evaluation.counterfactual.inference.permutation import permutation_matrix, permutation_p

LEVEL, DRAWS = 0.05, 999


def four_errors(studies):
    """Four standard errors of a share near the level."""
    return 4 * np.sqrt(LEVEL * (1 - LEVEL) / studies)


def centres(n1, n0):
    return np.arange(n1 + n0) < n1


def size_of_permutation(treated, sd_treated, sd_comparison, studies=1_000, batches=4):
    rejected = []
    for batch in range(batches):  # a column is a study of its own; those of a batch share their permutations
        noise = np.random.default_rng([1, batch]).normal(size=(len(treated), studies))
        changes = noise * np.where(treated, sd_treated, sd_comparison)[:, None]
        permuted, observed, exact = permutation_matrix(changes, treated, DRAWS, batch)
        p = [permutation_p(t, column, exact) for t, column in zip(observed, permuted.T, strict=True)]
        rejected.append(np.mean(np.array(p) <= LEVEL))
    return np.mean(rejected), four_errors(studies * batches)


def size_of_plain_difference(treated, sd_treated, sd_comparison, studies=1_000):
    rng = np.random.default_rng(2)
    changes = rng.normal(size=(len(treated), studies)) * np.where(treated, sd_treated, sd_comparison)[:, None]
    contrast = np.where(treated, 1 / treated.sum(), -1 / (~treated).sum())
    permuted = np.abs(np.array([rng.permutation(contrast) for _ in range(DRAWS)]) @ changes)
    return np.mean((1 + (permuted >= np.abs(contrast @ changes)).sum(axis=0)) / (1 + DRAWS) <= LEVEL)


def test_permutation_rejects_at_its_level_when_children_are_exchangeable():
    size, error = size_of_permutation(centres(41, 38), 1, 1)
    assert size == pytest.approx(LEVEL, abs=error)


@pytest.mark.parametrize("spreads", [(3, 1), (1, 3)])
def test_permutation_rejects_at_its_level_when_one_centre_varies_more(spreads):
    size, error = size_of_permutation(centres(41, 38), *spreads)
    assert size == pytest.approx(LEVEL, abs=error + 0.005)  # only large samples make it exact: about .053 at 41 + 38


def test_without_studentising_a_small_centre_that_varies_more_breaks_the_level():
    size, error = size_of_permutation(centres(20, 59), 3, 1)
    assert size < LEVEL + error + 0.01
    assert size_of_plain_difference(centres(20, 59), 3, 1) > 3 * LEVEL


@pytest.mark.parametrize("weights", ["rademacher", "webb"])
def test_wild_bootstrap_rejects_at_its_level_when_one_centre_varies_more(weights):
    treated, studies = centres(41, 38), 1_500
    changes = np.random.default_rng(3).normal(size=(studies, 79)) * np.where(treated, 2, 1)
    p = [wild_bootstrap(change, treated, DRAWS, seed, weights).p for seed, change in enumerate(changes)]
    assert np.mean(np.array(p) <= LEVEL) == pytest.approx(LEVEL, abs=four_errors(studies))


def test_romano_wolf_rarely_finds_anything_among_null_outcomes_beside_a_real_one():
    treated, studies, outcomes = centres(41, 38), 1_000, 5
    rng = np.random.default_rng(4)
    false_findings = 0
    for seed in range(studies):
        changes = rng.normal(size=(79, outcomes)) + rng.normal(size=(79, 1))  # correlated at a half
        changes[treated, 0] += 3
        permuted, observed, exact = permutation_matrix(changes, treated, DRAWS, seed)
        adjusted = romano_wolf(observed, permuted, exact)
        assert adjusted[0] <= LEVEL
        false_findings += adjusted[1:].min() <= LEVEL
    # the real one is set aside by stepping down, so that the four null ones are held at the level, not below
    assert false_findings / studies == pytest.approx(LEVEL, abs=four_errors(studies))
