"""sensitivity.csv and honest.csv: each number is that of its method on the row's children, or nothing."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
from scipy import stats

from evaluation.counterfactual.analysis import estimate_effect
from evaluation.counterfactual.estimators.registry import ESTIMATORS
from evaluation.counterfactual.sample import Sample, build_sample
from evaluation.counterfactual.sensitivity.honest import event_study, relative_magnitude, smoothness
from evaluation.counterfactual.sensitivity.omitted import omitted_variable
from evaluation.counterfactual.sensitivity.sensitivity_table import (
    Robust,
    change_sd,
    honest_table,
    leave_one_out,
    pre_trend_gap,
    sensitivity_table,
)
from evaluation.counterfactual.sensitivity.two_centres import two_centre
from evaluation.study.folder import Study
from evaluation.study.instrument import Instrument
from evaluation.study.protocol import Protocol

REFERENCE = Path(__file__).parents[1] / "gold" / "reference"
HONEST = json.loads((REFERENCE / "gold" / "study_c_honestdid.json").read_text())["outcomes"]
EXACT = json.loads((REFERENCE / "gold" / "study_c_flci_own_exact.json").read_text())["outcomes"]
DATA = pd.read_csv(REFERENCE / "data" / "study_c.csv")
ROLES = {-2: "pre_baseline", -1: "pre_baseline", 0: "baseline", 1: "endline", 2: "follow_up"}
ALPHA, ICC = 0.05, 0.03
NUMBERS = [name for name, kind in Robust.__annotations__.items() if kind == "float"]


def study(outcomes: tuple[str, ...] = ("resilience",), waves: tuple[int, ...] = (-2, -1, 0, 1, 2)) -> Study:
    """80 children at up to five waves; the first outcome is primary."""
    protocol = Protocol.model_validate(
        {
            "format": 1,
            "study": {"id": "study-c", "title": {"it": "C", "en": "C"}, "provenance": "synthetic"},
            "centres": {"treated": "C1", "comparison": "C2"},
            "waves": [{"id": f"w{wave + 2}", "role": ROLES[wave]} for wave in waves],
            "outcomes": [
                {"id": name, "role": "secondary" if k else "primary", "kind": "measure", "unit": "points"}
                for k, name in enumerate(outcomes)
            ],
            "covariates": ["age"],
            "analysis": {"alpha": ALPHA, "centre_shock_icc": ICC},
        }
    )
    first = DATA.groupby("participant_id").first()
    children = pd.DataFrame({"participant": first.index, "treated": first["treat"].to_numpy() == 1, "consenting": True})
    children["age"] = first["age"].to_numpy()
    return Study(Path(), protocol, None, Instrument(()), children, pd.DataFrame(), None, None)


def scores(one: Study) -> pd.DataFrame:
    wide = DATA.assign(participant=DATA["participant_id"], wave=[f"w{wave + 2}" for wave in DATA["wave"]])
    outcomes = [outcome.id for outcome in one.protocol.outcomes]
    return wide.melt(["participant", "wave"], outcomes, "outcome", "score")


def without(one: Study, wave: str, children: range) -> pd.DataFrame:
    """Scores of the study, those of some children at one wave missing."""
    codes = one.participants["participant"].iloc[list(children)]
    made = scores(one)
    made["score"] = made["score"].mask((made["wave"] == wave) & made["participant"].isin(codes))
    return made


def test_a_row_is_what_each_method_gives_for_its_children():
    one = study(("resilience", "teamwork"))
    made = scores(one)
    table = sensitivity_table(one, made)
    assert list(zip(table["outcome"], table["wave"], strict=True)) == [
        (outcome, wave) for outcome in ("resilience", "teamwork") for wave in ("w3", "w4")
    ]
    for _, row in table.iterrows():
        outcome, sample = one.protocol.outcome(row["outcome"]), build_sample(one, made, row["outcome"], row["wave"])
        did = estimate_effect(one, sample, outcome, row["wave"], "did")
        shock = two_centre(did, change_sd(sample), ICC)
        strength = omitted_variable(sample, ALPHA).robustness
        expected = {
            "estimate": did.estimate, "std_error": did.std_error, "ci_low": did.ci_low, "ci_high": did.ci_high,
            "shock_icc": ICC, "shock_sd": shock.shock_sd, "two_centre_low": shock.low, "two_centre_high": shock.high,
            "break_even_shock": shock.break_even_shock, "break_even_icc": shock.break_even_icc,
            "break_even_bias": shock.break_even_bias,
            "baseline_gap": sample.baseline[sample.treated].mean() - sample.baseline[~sample.treated].mean(),
            "pre_trend_gap": pre_trend_gap(one, made, outcome), "partial_r2": strength.partial_r2, "rv": strength.rv,
            "rv_alpha": strength.rv_alpha,
        }  # fmt: skip
        assert set(expected) == set(NUMBERS)
        np.testing.assert_array_equal(row[list(expected)].to_numpy(dtype=float), list(expected.values()))
        assert (row["unit"], row["n_treated"], row["n_comparison"], row["estimator"]) == ("points", 40, 40, "did")
        assert row["leave_one_out"] == ("holds" if leave_one_out(sample, ALPHA) else "does_not_hold")


def test_baseline_gap_is_of_the_children_analysed():
    one = study()
    made = without(one, "w3", range(10))
    row = sensitivity_table(one, made).iloc[0]
    pairs = build_sample(one, made, "resilience", "w3").pairs()
    assert (row["n_treated"], row["n_comparison"]) == (30, 40)
    assert row["baseline_gap"] == pairs.baseline[pairs.treated].mean() - pairs.baseline[~pairs.treated].mean()


def test_the_sd_of_the_change_is_pooled_within_the_centres():
    treated = np.array([True, True, False, False, False])
    sample = Sample(treated, np.zeros(5), np.array([1.0, 3.0, 10.0, 12.0, 14.0]), np.empty((5, 0)))
    assert change_sd(sample) == pytest.approx(np.sqrt((1 + 1 + 4 + 0 + 4) / 3))


def test_without_an_estimate_the_row_is_empty():
    one = study()
    row = sensitivity_table(one, without(one, "w3", range(40))).iloc[0]
    assert row[NUMBERS].isna().all()
    assert (row["leave_one_out"], row["n_treated"], row["n_comparison"]) == ("", 0, 40)


STRENGTH = ["partial_r2", "rv", "rv_alpha"]


@pytest.mark.parametrize(
    ("age", "known"),
    [
        (np.repeat([12.0, 14.0], 40), False),  # the centre itself: ANCOVA cannot tell them apart
        (np.where(np.arange(80) < 31, np.nan, np.arange(80) % 7), False),  # 9 children of a centre with an age
        (np.where(np.arange(80) < 30, np.nan, np.arange(80) % 7), True),
    ],
)
def test_without_an_ancova_of_enough_children_the_rest_of_the_row_stands(age, known):
    one = study()
    moved = replace(one, participants=one.participants.assign(age=age))
    row, full = (sensitivity_table(either, scores(either)).iloc[0] for either in (moved, one))
    rest = [name for name in NUMBERS if name not in STRENGTH]
    assert list(row[rest]) == list(full[rest])
    assert full[STRENGTH].notna().all()
    assert row[STRENGTH].notna().all() == known == row[STRENGTH].notna().any()


def changes(treated: npt.ArrayLike, comparison: npt.ArrayLike) -> Sample:
    both = np.concatenate([treated, comparison])
    return Sample(np.arange(len(both)) < np.size(treated), np.zeros(len(both)), both, np.empty((len(both), 0)))


def test_a_finding_that_no_child_carries_holds_without_any_of_them():
    assert leave_one_out(changes([4, 5, 6, 5, 4, 6], [0, 1, -1, 0, 1, -1]), ALPHA)
    assert leave_one_out(changes([-4, -5, -6, -5, -4, -6], [0, 1, -1, 0, 1, -1]), ALPHA)
    assert leave_one_out(changes([0, 1, -1, 0, 1, -1], [0, 1, -1, 0, 1, -1]), ALPHA)


@pytest.mark.parametrize("sign", [1, -1])
def test_a_finding_that_hangs_on_one_child_does_not_hold(sign):
    treated, comparison = np.array([0.6, 1.0, 1.4, 1.2, 0.8]), np.array([0.4, 0.2, 0.7, 0.0, 0.3])
    assert leave_one_out(changes(sign * treated, sign * comparison), ALPHA)
    last = np.append(comparison, 1.1)  # the centres are told apart, but for this child
    verdicts = []
    for sample in (changes(treated, last), changes(treated[1:], last), changes(np.delete(treated, 2), last)):
        fit = ESTIMATORS["did"](sample)
        verdicts.append(fit.estimate > stats.t.ppf(0.975, fit.df) * fit.std_error)
    assert verdicts == [True, True, False]  # not the first child: the third
    assert not leave_one_out(changes(sign * treated, sign * last), ALPHA)


def test_a_number_that_needs_every_child_does_not_hold():
    """Two a centre: without one of them there is no estimate."""
    assert not leave_one_out(changes([1.0, 2.0], [5.0, 7.5]), ALPHA)


def test_children_without_both_scores_are_not_left_out_one_by_one():
    sample = changes([4, 5, 6, 5, 4, 6], [0, 1, -1, 0, 1, -1])
    beside = replace(sample, baseline=np.where(np.arange(12) == 0, np.nan, sample.baseline))
    assert leave_one_out(beside, ALPHA) == leave_one_out(sample.keep(np.arange(12) != 0), ALPHA)


def test_pre_trend_gap_is_the_effect_on_the_step_before_the_programme():
    one = study()
    wide = DATA.pivot(index="participant_id", columns="wave", values="resilience")
    treated = DATA.groupby("participant_id")["treat"].first().loc[wide.index] == 1
    step = wide[0] - wide[-1]
    gap = pre_trend_gap(one, scores(one), one.protocol.primary)
    assert gap == pytest.approx(step[treated].mean() - step[~treated].mean(), rel=1e-12)
    # R took the differences from the baseline: the step from the wave before is their negative
    assert gap == pytest.approx(-HONEST["resilience"]["betahat"][1], abs=1e-8)


def test_pre_trend_gap_is_missing_without_an_earlier_wave_or_children_seen_at_it():
    early = study(waves=(0, 1, 2))
    assert np.isnan(pre_trend_gap(early, scores(early), early.protocol.primary))
    one = study()
    assert np.isnan(pre_trend_gap(one, without(one, "w1", range(40)), one.protocol.primary))


def test_pre_trend_gap_of_a_few_children_is_withheld():
    """It rests on other children than its row: those seen at the wave before."""
    one = study()
    fewest = one.protocol.privacy.minimum_cell
    for children, known in ((40 - fewest, True), (41 - fewest, False)):
        gap = pre_trend_gap(one, without(one, "w1", range(children)), one.protocol.primary)
        assert np.isnan(gap) == (not known)


@pytest.fixture(scope="module")
def honest() -> pd.DataFrame:
    one = study()
    return honest_table(one, scores(one))


def rows(honest: pd.DataFrame, restriction: str, wave: str) -> pd.DataFrame:
    return honest[(honest["restriction"] == restriction) & (honest["wave"] == wave)]


def test_honest_rows_are_of_both_restrictions_at_every_later_wave(honest):
    expected = {"relative_magnitude": [0.5, 1.0, 2.0], "smoothness": [0.0, 0.05, 0.1, 0.2]}
    assert len(honest) == 2 * 7
    for wave in ("w3", "w4"):
        for restriction, values in expected.items():
            assert list(rows(honest, restriction, wave)["value"]) == values
    assert (honest[["n_treated", "n_comparison"]] == 40).all(axis=None)
    assert (honest["unit"] == "points").all()
    assert (honest["low"] < honest["high"]).all()


def test_straight_trends_give_the_exact_interval_of_the_reference(honest):
    """R's covariance is clustered: 80/79 * 399/391 of the plain one, against our 40/39; only the length feels it."""
    row = rows(honest, "smoothness", "w3").iloc[0]
    gold = EXACT["resilience"][0]
    assert gold["M"] == 0
    shrink = np.sqrt((40 / 39) / (80 / 79 * 399 / 391))
    # R's optimize finds the weight of the estimator to about 1e-7, times coefficients below ten
    assert (row["low"] + row["high"]) / 2 == pytest.approx(gold["estimate"], abs=1e-6)
    assert (row["high"] - row["low"]) / 2 == pytest.approx(gold["half_length"] * shrink, abs=1e-6)


def test_relative_magnitudes_are_those_of_the_reference_to_its_grid(honest):
    gold = {row["Mbar"]: row for row in HONEST["resilience"]["first_post"]["relative_magnitudes_C_LF"]}
    step = 40 * HONEST["resilience"]["se"][2] / 999
    for _, row in rows(honest, "relative_magnitude", "w3").iterrows():
        # R's grid and simulated critical value move an end by up to 2.5 steps; its covariance is 0.8 % larger
        expected = gold[row["value"]]
        assert (row["low"], row["high"]) == pytest.approx((expected["lb"], expected["ub"]), abs=3 * step)


def test_bends_are_in_sds_of_the_change_and_waves_have_targets_of_their_own(honest):
    one = study()
    wide = DATA.pivot(index="participant_id", columns="wave", values="resilience").to_numpy()
    event = event_study(wide, one.participants["treated"].to_numpy(), 2)
    sd = change_sd(build_sample(one, scores(one), "resilience", "w3"))
    for wave, target in (("w3", np.array([1.0, 0.0])), ("w4", np.array([0.0, 1.0]))):
        for _, row in rows(honest, "smoothness", wave).iterrows():
            assert (row["low"], row["high"]) == smoothness(event, row["value"] * sd, ALPHA, target)
        for _, row in rows(honest, "relative_magnitude", wave).iterrows():
            assert (row["low"], row["high"]) == relative_magnitude(event, row["value"], ALPHA, target)


def test_at_the_break_even_the_interval_ends_at_zero(honest):
    one = study()
    wide = DATA.pivot(index="participant_id", columns="wave", values="resilience").to_numpy()
    event = event_study(wide, one.participants["treated"].to_numpy(), 2)
    sd = change_sd(build_sample(one, scores(one), "resilience", "w3"))
    for restriction in ("smoothness", "relative_magnitude"):
        (undone,) = rows(honest, restriction, "w3")["break_even"].unique()
        assert undone > rows(honest, restriction, "w3").query("low > 0")["value"].max()
        interval = smoothness(event, undone * sd) if restriction == "smoothness" else relative_magnitude(event, undone)
        # ends are found to a millionth of a standard error, the break-even to a billionth
        assert interval[0] == pytest.approx(0, abs=1e-4)


def test_only_primary_outcomes_and_only_with_an_earlier_wave():
    early = study(waves=(0, 1, 2))
    empty = honest_table(early, scores(early))
    assert empty.empty
    short = study(("teamwork", "resilience"), waves=(-1, 0, 1))
    table = honest_table(short, scores(short))
    assert set(table["outcome"]) == {"teamwork"}
    assert list(table.columns) == list(empty.columns)


def test_honest_counts_are_of_the_children_seen_at_every_wave():
    one = study(waves=(-1, 0, 1))
    table = honest_table(one, without(one, "w1", range(36, 45)))
    assert set(zip(table["n_treated"], table["n_comparison"], strict=True)) == {(36, 35)}


def test_nothing_to_estimate_leaves_no_honest_rows():
    one = study(waves=(-1, 0, 1))
    assert honest_table(one, without(one, "w1", range(40))).empty
