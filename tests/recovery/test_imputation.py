"""Known effects under known ways of losing children: what imputation, weights and bounds recover."""

import numpy as np
import pytest
from scipy import special, stats

from evaluation.counterfactual.estimators.registry import did
from evaluation.counterfactual.missing.imputation import imputed_effect, response_weighted
from evaluation.counterfactual.missing.lee import lee_bounds
from evaluation.counterfactual.sample import Sample

EFFECT = 5.0


def _children(rng: np.random.Generator, n: int) -> Sample:
    """Draw both centres from one population in which a low baseline gains more; the programme adds EFFECT."""
    treated = np.arange(n) < n // 2
    covariate = rng.normal(size=n)
    baseline = 50 + 8 * rng.normal(size=n) + 3 * covariate
    follow_up = 50 + 0.5 * (baseline - 50) + 2 * covariate + 6 * rng.normal(size=n) + EFFECT * treated
    return Sample(treated, baseline, follow_up, covariate[:, None], ("covariate",))


def _lose_weak(sample: Sample, rng: np.random.Generator, slopes: tuple[float, float]) -> Sample:
    """Children with a low baseline rarely come back, in the treated centre above all."""
    strength = sample.baseline - 50
    logit = np.where(sample.treated, slopes[0] * strength, 2.5 + slopes[1] * strength)
    follow_up = np.where(rng.random(len(logit)) < special.expit(logit), sample.follow_up, np.nan)
    return Sample(sample.treated, sample.baseline, follow_up, sample.covariates, sample.covariate_names)


def test_imputation_recovers_the_effect_and_covers_it_when_loss_depends_on_the_baseline():
    rng, runs = np.random.default_rng(20), 120
    found = [imputed_effect(_lose_weak(_children(rng, 80), rng, (0.2, 0.0)), seed) for seed in range(runs)]
    estimates = np.array([one.estimate for one in found])
    covered = np.mean([low <= EFFECT <= high for low, high in (one.interval(0.95) for one in found)])
    # four Monte Carlo errors, of the mean and of a share of 95 %
    assert abs(estimates.mean() - EFFECT) < 4 * estimates.std() / np.sqrt(runs)
    assert abs(covered - 0.95) < 4 * np.sqrt(0.95 * 0.05 / runs)
    # the standard error is that of the estimates: an SD from 120 runs is known to 6.5 %
    assert np.mean([one.std_error for one in found]) == pytest.approx(estimates.std(), rel=0.25)


@pytest.mark.parametrize("slopes", [(0.2, 0.0), (0.2, 0.05)])
def test_imputation_removes_the_bias_of_the_complete_pairs(slopes):
    rng = np.random.default_rng(21)
    sample = _lose_weak(_children(rng, 3_000), rng, slopes)
    complete, imputed = did(sample.pairs()), imputed_effect(sample, 1)
    assert complete.estimate < EFFECT - 4 * complete.std_error
    assert abs(imputed.estimate - EFFECT) < 4 * imputed.std_error


def test_weights_remove_the_bias_when_the_baseline_moves_response_alike_in_both_centres():
    rng = np.random.default_rng(22)
    sample = _lose_weak(_children(rng, 8_000), rng, (0.12, 0.12))
    complete, weighted = did(sample.pairs()), response_weighted(sample)
    assert complete.estimate < EFFECT - 4 * complete.std_error
    assert abs(weighted.estimate - EFFECT) < 4 * weighted.std_error


def test_weights_cover_the_effect_in_small_samples():
    rng, runs = np.random.default_rng(23), 400
    found = [response_weighted(_lose_weak(_children(rng, 160), rng, (0.06, 0.06))) for _ in range(runs)]
    reach = np.array([stats.t.ppf(0.975, one.df) * one.std_error for one in found])
    covered = np.mean(np.abs(np.array([one.estimate for one in found]) - EFFECT) < reach)
    # from below, four Monte Carlo errors; above, the weights are taken as known, which makes the interval wide
    assert covered > 0.95 - 4 * np.sqrt(0.95 * 0.05 / runs)


def test_imputation_recovers_from_gaps_in_both_waves_and_in_the_covariate():
    rng = np.random.default_rng(24)
    full = _children(rng, 1_500)
    u, v, w = rng.random((3, len(full.treated)))
    # the baseline is lost by those with a high follow-up in the treated centre, the follow-up at random
    lost_baseline = full.treated & (u < special.expit(-1 + 0.4 * (full.follow_up - 55)))
    lost_follow_up = ~lost_baseline & (v < 0.15)
    sample = Sample(
        full.treated,
        np.where(lost_baseline, np.nan, full.baseline),
        np.where(lost_follow_up, np.nan, full.follow_up),
        np.where(w[:, None] < 0.1, np.nan, full.covariates),
    )
    complete, imputed = did(sample.pairs()), imputed_effect(sample, 2)
    assert abs(complete.estimate - EFFECT) > 4 * complete.std_error
    assert abs(imputed.estimate - EFFECT) < 4 * imputed.std_error


@pytest.mark.parametrize("lowest", [True, False])
def test_lee_bounds_hold_the_effect_on_the_always_seen_at_their_end(lowest):
    rng, runs, n = np.random.default_rng(24), 600, 400
    treated = np.arange(n) < n // 2
    covered, ends = [], []
    for _ in range(runs):
        latent = rng.normal(size=n)  # the programme keeps the weakest (strongest) fifth who would have left
        always = latent > stats.norm.ppf(0.2) if lowest else latent < stats.norm.ppf(0.8)
        change = np.where(always | treated, 4 * latent + EFFECT * treated, np.nan)
        bounds = lee_bounds(Sample(treated, np.zeros(n), change, np.empty((n, 0))))
        covered.append(bounds.ci_low <= EFFECT <= bounds.ci_high)
        ends.append(bounds.upper if lowest else bounds.lower)
        assert bounds.trimmed == "treated"
    # the truth is one end of the bounds, the worst case of Imbens & Manski: coverage 95 %, four Monte Carlo errors
    assert abs(np.mean(covered) - 0.95) < 4 * np.sqrt(0.95 * 0.05 / runs)
    assert abs(np.mean(ends) - EFFECT) < 4 * np.std(ends) / np.sqrt(runs)
