"""With many children the synthetic study gives back the truth it was made from."""

from __future__ import annotations

import io
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from evaluation.synthetic.model import latent_traits, streams
from evaluation.synthetic.raw_tables import children_of, tables
from evaluation.synthetic.study import SCALES, Parameters, synthesize

# No shock, nobody lost: what remains between estimate and truth is the draw of the children and of their answers.
LARGE = Parameters(
    n_treated=2000,
    n_comparison=2000,
    centre_shock_sd=0.0,
    nonresponse=0.0,
    broken_off=0.0,
    refusal=(0.0, 0.0),
    attrition=(0.0, 0.0),
)
TRUTH = np.array([LARGE.effects.get(scale, 0.0) for scale in SCALES])
GAP = np.array([LARGE.baseline_gap.get(scale, 0.0) for scale in SCALES])


@pytest.fixture(scope="module")
def instrument():
    return pd.read_csv(io.BytesIO(synthesize()["instrument.csv"]), dtype=str, keep_default_na=False)


def answers(parameters: Parameters, instrument: pd.DataFrame) -> pd.DataFrame:
    """Keyed answers, raters averaged: rows (centre, participant, wave), columns (scale, item)."""
    drawn = tables(parameters, instrument)
    rows = drawn["responses"].query("value != ''").merge(instrument.query("scale != ''"), on="item")
    value, low, high = (rows[name].astype(int) for name in ("value", "minimum", "maximum"))
    rows["keyed"] = np.where(rows["reverse"] == "yes", low + high - value, value)
    rows["centre"] = rows["participant"].map(drawn["participants"].set_index("participant")["centre"])
    return rows.pivot_table(index=["centre", "participant", "wave"], columns=["scale", "item"], values="keyed")


@pytest.fixture(scope="module")
def large(instrument):
    return answers(LARGE, instrument)


def alpha(items: pd.DataFrame) -> float:
    k = items.shape[1]
    return k / (k - 1) * (1 - items.var().sum() / items.sum(axis=1).var())


def alphas(table: pd.DataFrame) -> pd.Series:
    """Cronbach's alpha by scale within the comparison centre at baseline."""
    baseline = table.xs("t0", level="wave").loc["confronto"]
    return pd.Series({scale: alpha(baseline[scale].dropna()) for scale in SCALES})


def disattenuated_did(table: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Difference in change of the scale means in latent SD, and its standard error, by scale.

    A score moves by the square root of its reliability, in its own SD, when the trait moves by one.
    """
    scores = table.T.groupby(level="scale").mean().T[list(SCALES)]
    unit = scores.xs("t0", level="wave").loc["confronto"].std() * np.sqrt(alphas(table))
    change = scores.xs("t1", level="wave") - scores.xs("t0", level="wave")
    by_centre = change.groupby("centre")
    mean, variance = by_centre.mean() / unit, by_centre.var() / by_centre.count() / unit**2
    return (mean.loc["volare-alto"] - mean.loc["confronto"]).to_numpy(), np.sqrt(variance.sum()).to_numpy()


def latent_means(parameters: Parameters) -> tuple[np.ndarray, np.ndarray]:
    """Gap at baseline and difference in change of the traits themselves, by scale."""
    traits = latent_traits(parameters, streams(parameters.seed))
    treated = parameters.treated
    gap = traits[treated].mean(axis=0) - traits[~treated].mean(axis=0)
    return gap[0], gap[1] - gap[0]


def test_traits_differ_by_the_gap_and_change_by_the_effect():
    gap, effect = latent_means(LARGE)
    # Four standard errors: sqrt(2 / 2000) of a gap, sqrt(2 (1 - .7)) times that of a change.
    assert np.abs(gap - GAP).max() < 4 * 0.032
    assert np.abs(effect - TRUTH).max() < 4 * 0.025


def test_scale_scores_give_back_the_true_effects(large):
    effect, se = disattenuated_did(large)
    assert se.max() < 0.045
    # Four standard errors, and a tenth of the effect: the ends of the response scale hold strong answers back.
    assert (np.abs(effect - TRUTH) < 4 * se + 0.1 * TRUTH).all()


def test_without_effects_the_difference_in_change_is_nought(instrument):
    effect, se = disattenuated_did(answers(replace(LARGE, effects={}, seed=7), instrument))
    assert (np.abs(effect) < 4 * se).all()


def test_a_centre_shock_is_mistaken_for_an_effect():
    """Two centres: what one of them lived through cannot be told from the programme."""
    small = Parameters(n_treated=2, n_comparison=2, centre_shock_sd=0.0)
    seeds = [replace(small, seed=seed) for seed in range(400)]
    shift = np.array([latent_means(replace(p, centre_shock_sd=0.5))[1] - latent_means(p)[1] for p in seeds])
    assert np.ptp(shift, axis=1).max() < 1e-9
    # Each centre adds its own: the SD of the difference is sqrt(2) times as large, known here to 3.5 %.
    assert shift[:, 0].std() == pytest.approx(0.5 * np.sqrt(2), rel=0.14)


def test_scales_are_as_reliable_as_short_scales_are(large):
    assert alphas(large).between(0.65, 0.87).all()


def test_two_raters_agree_well_but_not_wholly(instrument):
    rows = tables(replace(LARGE, n_treated=500, n_comparison=500), instrument)["responses"]
    task = rows[(rows["rater"] != "") & (rows["wave"] == "t0")].astype({"value": int})
    scores = task.pivot_table(index="participant", columns="rater", values="value")
    n, k = scores.shape
    grand = scores.to_numpy().mean()
    rows_ms = k * ((scores.mean(axis=1) - grand) ** 2).sum() / (n - 1)
    columns_ms = n * ((scores.mean() - grand) ** 2).sum() / (k - 1)
    residual = scores.sub(scores.mean(axis=1), axis=0).sub(scores.mean() - grand, axis=1)
    error_ms = (residual**2).to_numpy().sum() / ((n - 1) * (k - 1))
    icc = (rows_ms - error_ms) / (rows_ms + (k - 1) * error_ms + k * (columns_ms - error_ms) / n)
    assert 0.75 < icc < 0.88


def test_the_less_interested_are_likelier_to_be_lost():
    traits = latent_traits(LARGE, streams(LARGE.seed))
    parameters = replace(LARGE, attrition=(0.3, 0.3), selection=1.0)
    lost = children_of(parameters, traits[:, 0, 0], streams(parameters.seed))["lost"].to_numpy()
    assert lost.mean() == pytest.approx(0.3, abs=0.001)
    assert traits[lost, 0, 0].mean() < traits[~lost, 0, 0].mean() - 0.3
