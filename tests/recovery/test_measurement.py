"""Measurement statistics give back the truth of simulated answers."""

from __future__ import annotations

import numpy as np
import pytest

from evaluation.measurement.complete import NoMeasure
from evaluation.measurement.item_functioning import screen_item
from evaluation.measurement.items import item_rest, pairwise_alpha
from evaluation.measurement.omega import Omega, mcdonald_omega
from evaluation.measurement.raters import intraclass_correlations

LOADINGS = np.array([0.8, 0.7, 0.75, 0.6, 0.65, 0.7])
UNIQUENESSES = 1 - LOADINGS**2
COMMON = LOADINGS.sum() ** 2
CUTS = np.array([-1.4, -0.4, 0.5, 1.4])


def draw(n: int, rng: np.random.Generator) -> np.ndarray:
    """Draw n children with one trait behind six items of variance one."""
    return rng.standard_normal((n, 1)) * LOADINGS + rng.standard_normal((n, 6)) * np.sqrt(UNIQUENESSES)


def four_errors(share: float, draws: int) -> float:
    """Four Monte Carlo errors of a share: a sound procedure fails once in some sixteen thousand seeds."""
    return 4 * np.sqrt(share * (1 - share) / draws)


def test_omega_is_recovered():
    truth = COMMON / (COMMON + UNIQUENESSES.sum())
    fit = mcdonald_omega(draw(20_000, np.random.default_rng(1)))
    assert abs(fit.omega - truth) < 4 * fit.std_error
    np.testing.assert_allclose(
        fit.loadings, LOADINGS, atol=4 / np.sqrt(20_000)
    )  # the standard errors are below 1/sqrt(n)


def test_interval_of_omega_covers_for_answers_on_five_steps():
    rng = np.random.default_rng(2)
    truth = mcdonald_omega(np.digitize(draw(200_000, rng), CUTS).astype(float)).omega  # of the steps, not the trait
    fits = [omega_or_none(np.digitize(draw(80, rng), CUTS).astype(float)) for _ in range(300)]
    covered = [fit.low < truth < fit.high for fit in fits if fit]
    assert len(covered) > 290
    assert abs(np.mean(covered) - 0.95) < four_errors(0.95, len(covered))
    spread = np.std([fit.omega for fit in fits if fit])
    assert np.mean([fit.std_error for fit in fits if fit]) == pytest.approx(spread, rel=4 / np.sqrt(2 * 300))


def omega_or_none(items: np.ndarray) -> Omega | None:
    try:
        return mcdonald_omega(items)
    except NoMeasure:
        return None


def test_alpha_and_item_rest_are_recovered_where_answers_are_missing_at_random():
    rng = np.random.default_rng(3)
    items = draw(20_000, rng)
    items[rng.random(items.shape) < 0.1] = np.nan
    covariance = np.outer(LOADINGS, LOADINGS) + np.diag(UNIQUENESSES)
    truth = 6 / 5 * (1 - 6 / covariance.sum())
    assert pairwise_alpha(items).alpha == pytest.approx(truth, abs=4 * 0.3 / np.sqrt(20_000))  # se near .3 / sqrt(n)
    rest = covariance[0, 1:].sum() / np.sqrt(covariance[1:, 1:].sum())
    fit = item_rest(items, 0)
    assert fit.correlation == pytest.approx(rest, abs=4 * (1 - rest**2) / np.sqrt(fit.n))


def test_intervals_of_the_intraclass_correlations_cover():
    rng, n, k = np.random.default_rng(4), 40, 3
    child, severity, noise = 1.0, 0.2, 0.6  # variances
    single = [child / (child + severity + noise), child / (child + severity + noise), child / (child + noise)]
    truths = np.array(single + [k * icc / (1 + (k - 1) * icc) for icc in single])
    covered = []
    for _ in range(600):
        severities = np.sqrt(severity) * rng.standard_normal((1, k))
        ratings = (
            rng.standard_normal((n, 1)) * np.sqrt(child) + severities + rng.standard_normal((n, k)) * np.sqrt(noise)
        )
        forms = intraclass_correlations(ratings)
        covered.append([form.low < truth < form.high for form, truth in zip(forms, truths, strict=True)])
    shares = np.mean(covered, axis=0)
    two_way = [1, 2, 4, 5]  # form 1 supposes other raters for each child: here it is not the model
    assert np.all(np.abs(shares[two_way] - 0.95) < four_errors(0.95, 600))


def test_one_way_interval_covers_where_raters_change_from_child_to_child():
    rng, truth = np.random.default_rng(5), 1 / 1.8
    covered = []
    for _ in range(600):
        form = intraclass_correlations(rng.standard_normal((40, 1)) + np.sqrt(0.8) * rng.standard_normal((40, 3)))[0]
        covered.append(form.low < truth < form.high)
    assert abs(np.mean(covered) - 0.95) < four_errors(0.95, 600)


def ordinal(n: int, shift: float, slope: float, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Answers of a proportional-odds item; `shift` and `slope` are what the treated centre adds, in log odds."""
    score, treated = rng.standard_normal(n), np.arange(n) % 2 == 0
    latent = (1.2 + slope * treated) * score + shift * treated + rng.logistic(size=n)
    return np.digitize(latent, 1.5 * CUTS).astype(float), score, treated


def test_log_odds_of_an_item_that_functions_otherwise_are_recovered():
    item = screen_item(*ordinal(8_000, 0.7, 0.0, np.random.default_rng(6)))
    se = np.sqrt(4 * np.pi**2 / 9 / 8_000) * 1.1  # a centre's mean of logistic variates has variance pi^2 / 3 / (n / 2)
    assert item.log_odds == pytest.approx(0.7, abs=4 * se)
    assert item.uniform.p_value < 1e-6 < item.non_uniform.p_value


def test_an_item_that_discriminates_otherwise_is_found_as_non_uniform():
    assert screen_item(*ordinal(4_000, 0.0, 0.8, np.random.default_rng(7))).non_uniform.p_value < 1e-6


def test_screening_flags_an_item_without_differences_at_the_nominal_rate():
    rng = np.random.default_rng(8)
    tests = [screen_item(*ordinal(160, 0.0, 0.0, rng)) for _ in range(300)]
    for kind in ("uniform", "non_uniform", "total"):
        flagged = np.mean([getattr(test, kind).p_value < 0.05 for test in tests])
        assert abs(flagged - 0.05) < four_errors(0.05, 300)
