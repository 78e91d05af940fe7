"""What must not move an estimate does not, and what must move it moves it by as much."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluation.counterfactual.analysis import COLUMNS, analyse, estimates_table
from evaluation.counterfactual.estimators.linear import Fit
from evaluation.counterfactual.estimators.registry import ESTIMATORS
from evaluation.counterfactual.sample import Sample
from evaluation.study.folder import Study
from evaluation.study.protocol import Protocol

REGRESSIONS = (
    "before_after",
    "difference",
    "did",
    "did_adjusted",
    "ancova",
    "panel",
)  # the weighting ones have their own
CONTRASTS = REGRESSIONS[1:]
PAIRED = REGRESSIONS[:-1]
UNADJUSTED = [name for name in REGRESSIONS if not ESTIMATORS[name].covariates]
every = pytest.mark.parametrize("estimator", REGRESSIONS)
some = settings(max_examples=10, deadline=None, derandomize=True)
shifts = st.floats(-1000, 1000)
factors = st.floats(0.001, 1000) | st.floats(-1000, -0.001)


@st.composite
def samples(draw: st.DrawFn) -> Sample:
    """8 to 30 children a centre with two covariates; one in eight scores missing."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    sizes = draw(st.tuples(st.integers(8, 30), st.integers(8, 30)))
    treated = rng.permutation(np.repeat([True, False], sizes))
    baseline = rng.normal(50, 8, len(treated))
    follow_up = baseline + 3 * treated + rng.normal(2, 5, len(treated))
    covariates = np.column_stack([rng.normal(13, 2, len(treated)), rng.normal(size=len(treated))])
    missing = rng.random((2, len(treated))) < 0.125
    missing[:, np.flatnonzero(treated)[:6]] = missing[:, np.flatnonzero(~treated)[:6]] = False
    return Sample(treated, *np.where(missing, np.nan, [baseline, follow_up]), covariates, ("age", "other"))


def same(found: Fit, expected: Fit, factor: float = 1.0) -> None:
    """Equal up to the rounding of numbers near 1,000 beside differences near 1."""
    scale = abs(factor)
    assert found.estimate == pytest.approx(factor * expected.estimate, rel=1e-7, abs=1e-9 * scale)
    assert found.std_error == pytest.approx(scale * expected.std_error, rel=1e-7)
    assert found.df == pytest.approx(expected.df, rel=1e-7)


@every
@some
@given(samples(), shifts)
def test_a_shift_of_the_scale_moves_no_effect(estimator, sample, shift):
    moved = replace(sample, baseline=sample.baseline + shift, follow_up=sample.follow_up + shift)
    same(ESTIMATORS[estimator](moved), ESTIMATORS[estimator](sample))


@every
@some
@given(samples(), factors)
def test_another_unit_multiplies_effect_and_standard_error_and_a_turned_scale_flips_the_sign(estimator, sample, factor):
    scaled = replace(sample, baseline=factor * sample.baseline, follow_up=factor * sample.follow_up)
    same(ESTIMATORS[estimator](scaled), ESTIMATORS[estimator](sample), factor)


@some
@given(samples(), shifts)
def test_what_befalls_both_centres_moves_before_after_alone(sample, shift):
    moved = replace(sample, follow_up=sample.follow_up + shift)
    naive = ESTIMATORS["before_after"]
    assert naive(moved).estimate == pytest.approx(naive(sample).estimate + shift)
    for name in CONTRASTS:
        same(ESTIMATORS[name](moved), ESTIMATORS[name](sample))


@some
@given(samples(), shifts)
def test_what_befalls_the_treated_centre_alone_is_taken_for_an_effect(sample, shift):
    moved = replace(sample, follow_up=sample.follow_up + shift * sample.treated)
    for estimator in map(ESTIMATORS.get, REGRESSIONS):
        assert estimator(moved).estimate == pytest.approx(estimator(sample).estimate + shift, rel=1e-7, abs=1e-9)


@some
@given(samples(), shifts)
def test_a_gap_from_the_start_moves_difference_but_not_did(sample, gap):
    moved = replace(
        sample, baseline=sample.baseline + gap * sample.treated, follow_up=sample.follow_up + gap * sample.treated
    )
    for name in ("did", "did_adjusted", "panel", "before_after"):
        same(ESTIMATORS[name](moved), ESTIMATORS[name](sample))
    assert ESTIMATORS["difference"](moved).estimate == pytest.approx(ESTIMATORS["difference"](sample).estimate + gap)


@every
@some
@given(samples(), st.randoms(use_true_random=False))
def test_the_order_of_the_children_moves_nothing(estimator, sample, random):
    order = np.array(random.sample(range(len(sample.treated)), len(sample.treated)))
    same(ESTIMATORS[estimator](sample.keep(order)), ESTIMATORS[estimator](sample))


@pytest.mark.parametrize("estimator", CONTRASTS)
@some
@given(samples())
def test_swapping_the_centres_flips_the_sign_and_nothing_else(estimator, sample):
    swapped, found = (ESTIMATORS[estimator](s) for s in (replace(sample, treated=~sample.treated), sample))
    assert swapped.estimate == pytest.approx(-found.estimate, rel=1e-7, abs=1e-9)
    assert (swapped.std_error, swapped.df) == pytest.approx((found.std_error, found.df), rel=1e-7)


@pytest.mark.parametrize("estimator", UNADJUSTED)
@some
@given(samples())
def test_covariates_move_no_estimator_that_does_not_use_them(estimator, sample):
    without = replace(sample, covariates=np.full_like(sample.covariates, np.nan))
    assert ESTIMATORS[estimator](without) == ESTIMATORS[estimator](sample)


@pytest.mark.parametrize("estimator", ["did_adjusted", "ancova"])
@some
@given(samples(), factors, shifts)
def test_the_same_information_in_other_covariates_moves_nothing(estimator, sample, factor, shift):
    first, second = sample.covariates.T
    recoded = replace(sample, covariates=np.column_stack([factor * first + shift, second - first]))
    same(ESTIMATORS[estimator](recoded), ESTIMATORS[estimator](sample))


@some
@given(samples())
def test_ancova_is_did_adjusted_with_the_baseline_among_the_covariates(sample):
    """Taking the baseline from the left lowers its slope on the right by one and moves nothing else."""
    adjusted = replace(sample, covariates=np.column_stack([sample.covariates, sample.baseline]))
    same(ESTIMATORS["did_adjusted"](adjusted), ESTIMATORS["ancova"](sample))


@pytest.mark.parametrize("estimator", PAIRED)
@some
@given(samples(), st.booleans(), st.floats(-1000, 1000))
def test_a_child_without_follow_up_changes_nothing_for_those_who_need_pairs(estimator, sample, treated, score):
    more = with_child(sample, treated, score, np.nan)
    assert ESTIMATORS[estimator](more) == ESTIMATORS[estimator](sample)
    assert ESTIMATORS[estimator].children(more).n_treated == ESTIMATORS[estimator].children(sample).n_treated


@pytest.mark.parametrize("scores", [(48.0, np.nan), (np.nan, 48.0)])
@some
@given(samples(), st.booleans())
def test_a_child_seen_once_changes_nothing_in_the_panel(scores, sample, treated):
    more, found = (ESTIMATORS["panel"](s) for s in (with_child(sample, treated, *scores), sample))
    assert (more.estimate, more.std_error) == pytest.approx((found.estimate, found.std_error), rel=1e-7, abs=1e-9)
    assert more.df == found.df


def with_child(sample: Sample, treated: bool, baseline: float, follow_up: float) -> Sample:
    return replace(
        sample,
        treated=np.append(sample.treated, treated),
        baseline=np.append(sample.baseline, baseline),
        follow_up=np.append(sample.follow_up, follow_up),
        covariates=np.vstack([sample.covariates, sample.covariates[:1]]),
    )


@some
@given(samples())
def test_did_is_the_difference_of_two_befores_and_afters_and_of_two_differences(sample):
    pairs = sample.pairs()
    at_start = replace(pairs, follow_up=pairs.baseline)
    swapped = replace(pairs, treated=~pairs.treated)
    did = ESTIMATORS["did"](sample).estimate
    own, other = (ESTIMATORS["before_after"](s) for s in (sample, swapped))
    assert did == pytest.approx(own.estimate - other.estimate)
    assert ESTIMATORS["did"](sample).std_error == pytest.approx(np.hypot(own.std_error, other.std_error))
    gap = ESTIMATORS["difference"](at_start).estimate
    assert did == pytest.approx(ESTIMATORS["difference"](sample).estimate - gap)


@some
@given(samples())
def test_panel_gives_the_estimate_of_did(sample):
    assert ESTIMATORS["panel"](sample).estimate == pytest.approx(ESTIMATORS["did"](sample).estimate, rel=1e-7, abs=1e-9)


PROTOCOL = Protocol.model_validate(
    {
        "format": 1,
        "study": {"id": "toy", "title": {"it": "Prova", "en": "Toy"}, "provenance": "synthetic"},
        "centres": {"treated": "one", "comparison": "two"},
        "waves": [{"id": "t0", "role": "baseline"}, {"id": "t1", "role": "endline"}],
        "outcomes": [{"id": "calm", "role": "primary", "kind": "scale"}],
        "covariates": ["age", "school"],
        "analysis": {"permutations": 199},
    }
)


def analysed(children: pd.DataFrame, scores: pd.DataFrame) -> pd.DataFrame:
    study = Study(Path(), PROTOCOL, None, None, children, None, None, None)
    return estimates_table(analyse(study, scores)).set_index("estimator")


@pytest.fixture(scope="module")
def tables() -> tuple[pd.DataFrame, pd.DataFrame]:
    rng = np.random.default_rng(7)
    codes = [f"P{i:02}" for i in range(40)]
    children = pd.DataFrame(
        {
            "participant": codes,
            "treated": np.arange(40) < 21,
            "consenting": True,
            "age": rng.integers(11, 17, 40).astype(float),
            "school": rng.choice(["primary", "secondary", "none"], 40),
        }
    )
    scores = pd.DataFrame(
        [(code, wave, "calm", rng.normal(50, 9)) for code in codes for wave in ("t0", "t1")],
        columns=["participant", "wave", "outcome", "score"],
    )
    return children, scores.drop(index=[3, 17, 42])


NUMBERS = [name for name in COLUMNS if name not in ("outcome", "role", "wave", "estimator", "unit")]


def test_neither_the_codes_of_the_children_nor_the_order_of_any_row_move_a_number(tables):
    children, scores = tables
    codes = dict(
        zip(children["participant"], np.random.default_rng(1).permutation(children["participant"]), strict=True)
    )
    renamed = [
        table.assign(participant=table["participant"].map(codes)).sample(frac=1, random_state=2) for table in tables
    ]
    expected, found = analysed(children, scores)[NUMBERS], analysed(*renamed)[NUMBERS]
    assert not expected.loc["did"].isna().any()
    pd.testing.assert_frame_equal(found, expected, rtol=1e-9)


def test_columns_that_the_protocol_does_not_name_move_nothing(tables):
    children, scores = tables
    noise = children.assign(shoe_size=np.arange(40.0), note="=cmd()")
    pd.testing.assert_frame_equal(analysed(noise, scores), analysed(children, scores))


def test_relabelled_levels_of_a_covariate_move_nothing(tables):
    """Which level is left out does not matter."""
    children, scores = tables
    relabelled = children.assign(school=children["school"].map({"primary": "z", "secondary": "a", "none": "m"}))
    found, expected = analysed(relabelled, scores)[NUMBERS], analysed(children, scores)[NUMBERS]
    pd.testing.assert_frame_equal(found, expected, rtol=1e-9)


def test_a_child_without_consent_leaves_every_number(tables):
    children, scores = tables
    without = children.assign(consenting=children["participant"] != "P05")
    absent = scores[scores["participant"] != "P05"]
    assert analysed(without, scores).loc["did", "n_treated"] == analysed(children, scores).loc["did", "n_treated"] - 1
    pd.testing.assert_frame_equal(analysed(without, scores), analysed(without, absent))
