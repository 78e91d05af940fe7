"""Data that identify no number give a reason in both languages: no NaN that travels on, no warning, no traceback."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from evaluation.counterfactual.analysis import COLUMNS, analyse, analyse_outcome, estimates_table
from evaluation.counterfactual.estimate import Estimate
from evaluation.counterfactual.estimators.registry import ESTIMATORS
from evaluation.counterfactual.sample import Array, NoEstimate, Sample
from evaluation.counterfactual.sensitivity.sensitivity_table import change_sd
from evaluation.counterfactual.sensitivity.two_centres import bias_critical, two_centre
from evaluation.study.folder import Study
from evaluation.study.protocol import Protocol

pytestmark = pytest.mark.filterwarnings("error")

PROTOCOL = Protocol.model_validate(
    {
        "format": 1,
        "study": {"id": "toy", "title": {"it": "Prova", "en": "Toy"}, "provenance": "synthetic"},
        "centres": {"treated": "one", "comparison": "two"},
        "waves": [{"id": "t0", "role": "baseline"}, {"id": "t1", "role": "endline"}],
        "outcomes": [{"id": "calm", "role": "primary", "kind": "scale"}],
        "analysis": {"permutations": 99},
    }
)
STUDY = Study(Path(), PROTOCOL, None, None, None, None, None, None)
REGRESSIONS = ("before_after", "difference", "did", "did_adjusted", "ancova", "panel")
ALL = tuple(ESTIMATORS)
ADJUSTED = ("did_adjusted", "ancova")
WITHOUT_BASELINE = tuple(name for name in REGRESSIONS if name != "ancova")
OF_CHANGE = ("before_after", "did", "did_adjusted", "panel")

RNG = np.random.default_rng(5)
D = np.repeat([True, False], [10, 9])
N = len(D)
BEFORE, AFTER = RNG.normal(50, 8, (2, N))
AGE = RNG.normal(13, 2, N)
CEILING = np.full(N, 4.7)  # its computed variance is 1e-31, not zero
NOBODY = np.full(N, np.nan)


def of(baseline: Array = BEFORE, follow_up: Array = AFTER, *covariates: Array, treated: Array = D) -> Sample:
    matrix = np.column_stack(covariates) if covariates else np.empty((len(treated), 0))
    return Sample(treated, baseline, follow_up, matrix)


def only(*children: int) -> Array:
    """A score that these children alone have."""
    return np.where(np.isin(np.arange(N), children), AFTER, np.nan)


FEW, STILL, COLLINEAR, ALONE = "fewer than two", "does not vary", "collinear", "one child alone"
CASES: dict[str, tuple[Sample, dict[str, tuple[str, ...]]]] = {
    "no child at all": (of(*np.empty((2, 0)), treated=np.empty(0, dtype=bool)), {FEW: ALL}),
    "one child a centre": (of(follow_up=only(0, 12)), {FEW: ALL}),
    "one treated child": (of(follow_up=only(0, *range(10, N))), {FEW: ALL}),
    "one comparison child": (of(follow_up=only(*range(11))), {FEW: ALL}),
    "only one centre": (of(treated=np.ones(N, dtype=bool)), {FEW: ALL}),
    "nobody at follow-up": (of(follow_up=NOBODY), {FEW: ALL}),
    "nobody at baseline": (of(baseline=NOBODY), {FEW: ALL}),
    "nobody at all": (of(NOBODY, NOBODY), {FEW: ALL}),
    "no treated child at follow-up": (of(follow_up=only(*range(10, N))), {FEW: ALL}),
    "each child at one wave only": (of(np.where(D, BEFORE, np.nan), np.where(D, np.nan, AFTER)), {FEW: ALL}),
    "constant outcome": (of(CEILING, CEILING), {STILL: WITHOUT_BASELINE, COLLINEAR: ("ancova",)}),
    "zero outcome": (of(np.zeros(N), np.zeros(N)), {STILL: WITHOUT_BASELINE, COLLINEAR: ("ancova",)}),
    "everybody at the ceiling at follow-up": (of(follow_up=CEILING), {STILL: ("difference", "ancova")}),
    "nobody changes": (of(BEFORE, BEFORE), {STILL: (*OF_CHANGE, "ancova")}),
    "each centre changes as one": (of(BEFORE, BEFORE + 3 * D), {STILL: (*OF_CHANGE, "ancova")}),
    "the treated change as one": (of(BEFORE, np.where(D, BEFORE + 3, AFTER)), {STILL: ("before_after",)}),
    "the comparison change as one": (of(BEFORE, np.where(D, AFTER, BEFORE)), {}),
    "ties": (of(np.round(BEFORE, -1), np.round(AFTER, -1)), {}),
    "covariate is the centre": (of(BEFORE, AFTER, D.astype(float)), {COLLINEAR: ADJUSTED}),
    "constant covariate": (of(BEFORE, AFTER, np.full(N, 13.0)), {}),
    "zero covariate": (of(BEFORE, AFTER, np.zeros(N)), {}),
    "one covariate is another's unit": (of(BEFORE, AFTER, AGE, 12 * AGE), {}),
    "covariate is the baseline": (of(BEFORE, AFTER, BEFORE), {}),
    "constant baseline": (of(CEILING, AFTER), {COLLINEAR: ("ancova",)}),
    "a category of one child": (of(BEFORE, AFTER, (np.arange(N) == 3).astype(float)), {}),
    "the centres share a category by one child": (of(BEFORE, AFTER, (np.arange(N) > 8) * 1.0), {ALONE: ADJUSTED}),
    "covariates missing": (of(BEFORE, AFTER, NOBODY), {FEW: ADJUSTED}),
    "one covariate missing for a centre": (of(BEFORE, AFTER, AGE, np.where(D, AGE**2, np.nan)), {FEW: ADJUSTED}),
    "more covariates than children": (of(BEFORE, AFTER, *RNG.normal(size=(N, N))), {"more than": ADJUSTED}),
    # The children who share a school with the other centre do not vary; those of the other school do, and say nothing.
    "variation only where no contrast is": (
        of(BEFORE, np.where(np.arange(N) < 15, BEFORE + 3.3 * D, AFTER), (np.arange(N) >= 15).astype(float)),
        {STILL: ("before_after", "did_adjusted")},
    ),
}  # fmt: skip
each = pytest.mark.parametrize(("sample", "refused"), CASES.values(), ids=CASES)


def reasons(refused: dict[str, tuple[str, ...]]) -> dict[str, str]:
    return {estimator: reason for reason, estimators in refused.items() for estimator in estimators}


def holds(row: Estimate) -> None:
    """Either a reason in both languages and no number, or numbers that are all numbers."""
    numbers = [row.estimate, row.std_error, row.ci_low, row.ci_high, row.p_value]
    if row.reason is not None:
        assert np.isnan(numbers).all()
        assert row.reason["it"] != row.reason["en"]
        assert all(row.reason.values())
        return
    assert np.isfinite(numbers).all()
    assert row.std_error > 0
    assert row.df >= 1 - 1e-9
    assert 0 <= row.p_value <= 1
    assert np.isnan(row.hedges_g) or abs(row.hedges_g) < 1e6


@each
@pytest.mark.parametrize("estimator", REGRESSIONS)
def test_an_estimator_gives_a_number_or_says_why_not(estimator, sample, refused):
    expected = reasons(refused).get(estimator)
    if expected is None:
        fit = ESTIMATORS[estimator](sample)
        assert np.isfinite([fit.estimate, fit.std_error, fit.df]).all()
        assert fit.std_error > 0
        return
    with pytest.raises(NoEstimate, match=expected) as refusal:
        ESTIMATORS[estimator](sample)
    assert set(refusal.value.reason) == {"it", "en"}
    assert refusal.value.reason["it"] != refusal.value.reason["en"]


@each
def test_the_analysis_of_an_outcome_has_a_row_for_each_estimator_come_what_may(sample, refused):
    rows = analyse_outcome(STUDY, sample, PROTOCOL.primary, "t1")
    assert [row.estimator for row in rows] == list(ALL)
    for row in rows:
        holds(row)
        if row.estimator in REGRESSIONS:
            assert (row.reason is not None) == (row.estimator in reasons(refused))


@each
def test_what_has_no_number_is_an_empty_cell(sample, refused):
    rows = analyse_outcome(STUDY, sample, PROTOCOL.primary, "t1")
    lines = estimates_table(rows).to_csv(index=False, lineterminator="\n").splitlines()
    assert lines[0] == ",".join(COLUMNS)
    assert not any(word in line.lower() for line in lines[1:] for word in ("nan", "none", "inf"))
    for row, line in zip(rows, lines[1:], strict=True):
        if row.reason is not None:
            empty = "," * 12
            assert line == f"calm,primary,t1,{row.estimator}{empty}points,{row.n_treated},{row.n_comparison}"


@each
def test_a_did_has_its_permutation_p_whatever_befalls_the_other_outcomes(sample, refused):
    """The whole analysis, with an outcome of the same family that is always sound."""
    n, k = sample.covariates.shape
    names = [f"x{i}" for i in range(k)]
    two = [{"id": outcome, "role": "primary", "kind": "scale"} for outcome in ("calm", "joy")]
    plan = Protocol.model_validate(PROTOCOL.model_dump(by_alias=True) | {"outcomes": two, "covariates": names})
    children = pd.DataFrame(sample.covariates, columns=names).assign(treated=sample.treated, consenting=True)
    children["participant"] = [f"P{i:02}" for i in range(n)]
    waves = {("calm", "t0"): sample.baseline, ("calm", "t1"): sample.follow_up}
    waves |= {("joy", "t0"): BEFORE[:n], ("joy", "t1"): AFTER[:n]}
    scores = [(p, *key, x) for key, xs in waves.items() for p, x in zip(children["participant"], xs, strict=True)]
    table = pd.DataFrame(scores, columns=["participant", "outcome", "wave", "score"])
    rows = analyse(Study(Path(), plan, None, None, children, None, None, None), table)
    assert len(rows) == 2 * len(ESTIMATORS)
    for row in rows:
        holds(row)
        numbers = [row.p_permutation, row.p_adjusted]
        assert np.isnan(numbers).any() == (row.estimator != "did" or row.reason is not None)


def test_a_ceiling_at_follow_up_gives_did_without_an_effect_size():
    """The SD of a constant is rounding noise: an effect over it would be a quadrillion."""
    row = next(r for r in analyse_outcome(STUDY, of(follow_up=CEILING), PROTOCOL.primary, "t1") if r.estimator == "did")
    assert np.isfinite(row.estimate)
    assert np.isnan([row.hedges_g, row.g_low, row.g_high]).all()


@pytest.mark.parametrize("estimator", ADJUSTED)
def test_a_typing_error_in_an_age_leaves_a_number_and_in_the_end_that_child_out(estimator):
    """As its age goes to infinity a child's leverage goes to one: it fits itself, and HC2 is that of the others."""
    for age in (1e2, 1e3, 1e4):
        fit = ESTIMATORS[estimator](of(BEFORE, AFTER, np.where(np.arange(N) == 3, age, AGE)))
        assert 2 < fit.std_error < 6  # without covariates it is 3.8
        assert fit.df < N
    rest = np.arange(N) != 3
    without = ESTIMATORS[estimator](of(BEFORE, AFTER, AGE).keep(rest))
    assert ESTIMATORS[estimator](of(BEFORE, AFTER, np.where(rest, AGE, 1e9))) == without


SCORES = st.sampled_from([np.nan, 0.1, 2.6, 4.7, 5.0])


@settings(max_examples=80, deadline=None, derandomize=True)
@given(
    st.lists(
        st.tuples(st.booleans(), SCORES, SCORES, st.sampled_from([0.0, 0.0, 1.0, 1.0, np.nan])), min_size=4, max_size=16
    )
)
@example([(True, 0.1, 0.1, 0.0), (True, 2.6, 4.7, 0.0), (False, 0.1, 2.6, 1.0), (False, 0.1, 2.6, 1.0)])
def test_no_few_tied_answers_bring_it_down(children):
    treated, *scores = map(np.array, zip(*children, strict=True))
    sample = Sample(treated.astype(bool), scores[0], scores[1], scores[2][:, None])
    rows = analyse_outcome(STUDY, sample, PROTOCOL.primary, "t1")
    for row in rows:
        holds(row)
    estimates_table(rows)


def test_every_split_of_a_few_children_holds():
    """All assignments of six children with tied scores: no split is a special case that was forgotten."""
    for chosen in combinations(range(6), 3):
        treated = np.isin(np.arange(6), chosen)
        sample = of(np.array([1, 1, 2, 2, 3, 3.0]), np.array([2, 2, 2, 3, 3, 3.0]), treated=treated)
        for row in analyse_outcome(STUDY, sample, PROTOCOL.primary, "t1"):
            holds(row)


@pytest.mark.parametrize("precision", [1.0, 1e-2, 1e-4, 1e-7])
def test_sensitivity_of_an_estimate_however_precise_is_a_number(precision):
    """SciPy's noncentral chi-squared gives up beyond a million standard errors."""
    found = two_centre(replace(row_of(4.0), std_error=precision), 5.0, 0.02)
    assert np.isfinite(
        [found.low, found.high, found.break_even_shock, found.break_even_icc, found.break_even_bias]
    ).all()
    assert 0 < found.break_even_bias < 4


@pytest.mark.parametrize("ratio", [99.999, 100.001, 1e5, 1e8])
def test_far_from_zero_a_biased_estimate_has_one_tail(ratio):
    assert bias_critical(ratio) - ratio == pytest.approx(1.6448536269514722, abs=1e-6)


def test_an_estimate_of_zero_has_nothing_to_undo():
    found = two_centre(row_of(0.0), 5.0, 0.02)
    assert np.isnan([found.break_even_shock, found.break_even_icc, found.break_even_bias]).all()
    assert found.low < 0 < found.high


def row_of(estimate: float) -> Estimate:
    return Estimate("calm", "primary", "t1", "did", "points", estimate, 1.0, 17.0, 10, 9)


@pytest.mark.parametrize("follow_up", [NOBODY, only(0), only(0, 12), only(*range(10))], ids=["0", "1", "1+1", "10"])
def test_the_sd_of_change_of_too_few_children_is_finite(follow_up):
    assert np.isfinite(change_sd(of(follow_up=follow_up)))
