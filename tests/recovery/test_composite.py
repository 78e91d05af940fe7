"""The reliability of a composite recovers the share of its variance that is true."""

from __future__ import annotations

import numpy as np
import pytest

from evaluation.measurement.composite import stratified_alpha
from evaluation.measurement.reliability import cronbach_alpha


def test_the_share_of_true_variance_is_recovered():
    """Three correlated true scores, parts with reliabilities .5, .7, .9; 200,000 children, so 0.005 is over ten errors."""
    rng = np.random.default_rng(3)
    n, reliability = 200_000, np.array([0.5, 0.7, 0.9])
    true = rng.normal(size=(n, 3)) + rng.normal(size=(n, 1))
    noise = rng.normal(size=(n, 3)) * np.sqrt(true.var(axis=0) * (1 - reliability) / reliability)
    share = true.mean(axis=1).var() / (true + noise).mean(axis=1).var()
    assert stratified_alpha(true + noise, reliability) == pytest.approx(share, abs=0.005)


def test_parts_of_parallel_items_give_the_alpha_of_all_items():
    """With parallel items (equal true score, equal error) stratified and plain alpha estimate the same reliability."""
    rng = np.random.default_rng(4)
    items = rng.normal(size=(100_000, 1)) + rng.normal(size=(100_000, 8))
    halves = items[:, :4], items[:, 4:]
    parts = np.column_stack([half.sum(axis=1) for half in halves])
    alphas = np.array([cronbach_alpha(half).alpha for half in halves])
    assert stratified_alpha(parts, alphas) == pytest.approx(cronbach_alpha(items).alpha, abs=0.005)


def test_units_do_not_matter_and_a_missing_reliability_is_told():
    rng = np.random.default_rng(5)
    parts = rng.normal(size=(50, 2)) + rng.normal(size=(50, 1))
    found = stratified_alpha(parts, np.array([0.6, 0.8]))
    assert stratified_alpha(10 * parts + 3, np.array([0.6, 0.8])) == pytest.approx(found, rel=1e-12)
    assert np.isnan(stratified_alpha(parts, np.array([0.6, np.nan])))
    assert np.isnan(stratified_alpha(np.ones((50, 2)), np.array([0.6, 0.8])))
