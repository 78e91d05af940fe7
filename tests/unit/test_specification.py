"""The specification curve: each choice is the estimator on its children, and one permutation serves them all."""

from __future__ import annotations

from itertools import combinations, product
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from evaluation.counterfactual.estimators.registry import ESTIMATORS
from evaluation.counterfactual.sample import NoEstimate, Sample
from evaluation.counterfactual.sensitivity.specification import (
    EMPTY_CURVE,
    REGRESSIONS,
    WEIGHTED,
    Curve,
    curve_table,
    specification_curve,
)
from evaluation.study.folder import Study
from evaluation.study.instrument import Instrument
from evaluation.study.protocol import Protocol

DRAWS, MINIMUM = 199, 3
Scores = tuple[np.ndarray, np.ndarray]


def children(seed: int = 1, n: int = 60) -> pd.DataFrame:
    """Children of two centres with an age, sometimes missing, and a way of coming: three levels."""
    rng = np.random.default_rng(seed)
    age = rng.integers(11, 18, n).astype(float)
    age[[3, 4, 5, n - 1]] = np.nan
    return pd.DataFrame(
        {
            "participant": [f"c{k:02}" for k in range(n)],
            "treated": np.arange(n) < n // 2 + 2,
            "consenting": True,
            "age": age,
            "way": rng.choice(["bus", "car", "foot"], n),
        }
    )


def drawn(who: pd.DataFrame, effect: float = 0.8, seed: int = 2) -> Scores:
    """Baseline and follow-up; the treated start a little higher, so that some children have no counterpart."""
    rng = np.random.default_rng(seed)
    treated = who["treated"].to_numpy()
    baseline = rng.normal(size=len(who)) + 0.6 * treated
    follow_up = 0.6 * baseline + effect * treated + rng.normal(size=len(who)) + 0.05 * who["age"].fillna(14)
    return baseline, np.asarray(follow_up)


def study(who: pd.DataFrame, covariates: tuple[str, ...], draws: int, minimum: int, seed: int) -> Study:
    protocol = Protocol.model_validate(
        {
            "format": 1,
            "study": {"id": "tiny", "title": {"it": "Minimo", "en": "Tiny"}, "provenance": "synthetic"},
            "centres": {"treated": "a", "comparison": "b"},
            "waves": [{"id": "t0", "role": "baseline"}, {"id": "t1", "role": "endline"}],
            "outcomes": [{"id": "y", "role": "primary", "kind": "measure", "unit": "points"}],
            "covariates": list(covariates),
            "analysis": {"permutations": draws, "alpha": 0.1, "seed": seed},
            "privacy": {"minimum_cell": minimum},
        }
    )
    return Study(Path(), protocol, None, Instrument(()), who, pd.DataFrame(), None, None)


def curve(
    who: pd.DataFrame, scorings: dict[str, Scores] | Scores, covariates: tuple[str, ...] = ("age", "way"),
    draws: int = DRAWS, minimum: int = MINIMUM, seed: int = 5,
) -> Curve:  # fmt: skip
    scorings = scorings if isinstance(scorings, dict) else {"protocol": scorings}
    tables = {
        name: pd.concat(
            pd.DataFrame({"participant": who["participant"], "wave": wave, "outcome": "y", "score": values})
            for wave, values in zip(("t0", "t1"), pair, strict=True)
        )
        for name, pair in scorings.items()
    }
    return specification_curve(study(who, covariates, draws, minimum, seed), tables, "y", "t1")


def chosen(found: Curve, *fields: str) -> set[tuple[str, ...]]:
    return {tuple(getattr(one, field) for field in fields) for one in found.specifications}


WHO = children()
ONE = drawn(WHO)
OTHER = (ONE[0] + np.random.default_rng(9).normal(size=60) / 5, np.where(np.arange(60) % 7 == 0, np.nan, ONE[1] * 1.1))
BOTH = {"protocol": ONE, "other": OTHER}
COLUMNS = {"none": (), "age": ("age",), "way": ("car", "foot"), "all": ("age", "car", "foot")}


def by_hand(scoring: str, covariates: str, support: str) -> tuple[Sample, int]:
    """The children of one choice and their columns; how many with these covariates tell it from the protocol's choice."""
    baseline, follow_up = BOTH[scoring]
    given = {"age": WHO["age"].to_numpy(), **{way: (WHO["way"] == way).to_numpy(float) for way in ("car", "foot")}}
    matrix = np.reshape([given[name] for name in COLUMNS[covariates]], (-1, 60)).T
    rows, known, treated = ~np.isnan(follow_up), ~np.isnan(matrix).any(axis=1), WHO["treated"].to_numpy()
    if support == "common_support":
        low = max(baseline[treated].min(), baseline[~treated].min())
        high = min(baseline[treated].max(), baseline[~treated].max())
        rows &= (baseline >= low) & (baseline <= high)
    apart = int((known & (rows != ~np.isnan(ONE[1]))).sum())
    rows &= known
    return Sample(treated[rows], baseline[rows], follow_up[rows], matrix[rows]), apart


def gives_a_number(estimator: str, sample: Sample) -> bool:
    try:
        ESTIMATORS[estimator](sample)
    except NoEstimate:
        return False
    return True


def test_the_curve_holds_every_combination_that_gives_a_number_and_reveals_no_child():
    estimators = dict.fromkeys(COLUMNS, ("did_adjusted", "ancova", *WEIGHTED)) | {"none": ("did", "ancova")}
    expected = set()
    for covariates, scoring, support in product(COLUMNS, BOTH, ("all", "common_support")):
        sample, apart = by_hand(scoring, covariates, support)
        if not 0 < apart < MINIMUM:
            able = [estimator for estimator in estimators[covariates] if gives_a_number(estimator, sample)]
            expected |= {(estimator, covariates, scoring, support) for estimator in able}
    found = curve(WHO, BOTH)
    assert chosen(found, "estimator", "covariates", "scoring", "children") == expected
    assert len(found.specifications) == len(expected)
    assert 60 < len(expected) < 80  # of (2 + 3 x 6) x 2 x 2 combinations


def test_every_specification_is_its_estimator_on_its_children():
    for one in curve(WHO, BOTH).specifications:
        sample, _ = by_hand(one.scoring, one.covariates, one.children)
        fit = ESTIMATORS[one.estimator](sample)
        reach = stats.t.ppf(0.95, fit.df) * fit.std_error
        # the same function on the same numbers: rounding of another memory layout only
        assert (one.estimate, one.ci_low, one.ci_high) == pytest.approx(
            (fit.estimate, fit.estimate - reach, fit.estimate + reach), rel=1e-9
        )
        assert one.p_value == pytest.approx(2 * stats.t.sf(abs(fit.estimate / fit.std_error), fit.df), rel=1e-8)
        assert (one.n_treated, one.n_comparison) == (sample.n_treated, sample.n_comparison)
        assert (one.outcome, one.wave, one.unit) == ("y", "t1", "points")


def test_the_curve_is_sorted_and_summed_up():
    found = curve(WHO, drawn(WHO, effect=0))
    estimates = [one.estimate for one in found.specifications]
    assert (np.diff(estimates) >= -1e-9).all()  # what coincides stands in the order of its choices
    assert found.median == np.median(estimates)
    assert found.share_of_sign == np.mean(np.sign(estimates) == np.sign(found.median))
    assert 0.5 < found.share_of_sign < 1


def test_the_table_has_a_row_a_specification_and_the_columns_of_the_empty_one():
    found = curve(WHO, ONE)
    table = curve_table(found)
    assert list(table.columns) == list(EMPTY_CURVE.columns)
    assert list(table["estimate"]) == [one.estimate for one in found.specifications]
    assert table[["median", "share_of_sign", "p_median", "p_sign"]].drop_duplicates().to_numpy().tolist() == [
        [found.median, found.share_of_sign, found.p_median, found.p_sign]
    ]


TEN = children(4, 10).assign(treated=np.arange(10) < 5)


def enumerated(statistics: list[float]) -> float:
    """Share of all assignments as extreme as that of the data, the first."""
    return float(np.mean(np.array(statistics) >= statistics[0] - 1e-12))


def every_assignment() -> list[np.ndarray]:
    """All 252 ways to call five of ten children treated; the one of the data comes first."""
    return [np.isin(np.arange(10), rows).astype(float) for rows in combinations(range(10), 5)]


def coefficient(y: np.ndarray, *columns: np.ndarray) -> float:
    return float(np.linalg.lstsq(np.column_stack([*columns, np.ones(len(y))]), y, rcond=None)[0][0])


def near(share: float, draws: int) -> float:
    """Four standard errors of a share of random draws."""
    return 4 * float(np.sqrt(share * (1 - share) / draws))


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_one_specification_alone_gives_the_two_sided_p_of_its_coefficient(seed):
    """All children start alike: no ANCOVA, no support to restrict, the difference in change alone."""
    change = np.random.default_rng(seed).normal(size=10) + 0.7 * TEN["treated"].to_numpy()
    found = curve(TEN, (np.zeros(10), change), (), draws=4_999)
    assert chosen(found, "estimator") == {("did",)}
    exact = enumerated([abs(coefficient(change, labels)) for labels in every_assignment()])
    assert found.p_median == pytest.approx(exact, abs=near(exact, 4_999))
    assert 0.02 < exact < 0.9
    assert (found.share_of_sign, found.p_sign) == (1, 1)  # one estimate always agrees with itself


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_all_regressions_are_permuted_together(seed):
    """By two scoring rules, one of them wild, so that mean and median of the curve are far apart."""
    rng = np.random.default_rng(seed)
    baseline, wild = rng.normal(size=10), 50 * rng.normal(size=(2, 10))
    follow_up = baseline + rng.normal(size=10) + 0.8 * TEN["treated"].to_numpy()
    who = TEN.assign(age=rng.normal(size=10))
    age = who["age"].to_numpy()
    scorings = {"protocol": (baseline, follow_up), "wild": (wild[0], wild[1])}
    found = curve(who, scorings, ("age",), draws=4_999, minimum=5)  # common support would leave too few
    assert chosen(found, "scoring", "children") == {("protocol", "all"), ("wild", "all")}
    curves = np.array(
        [
            [
                value
                for before, after in scorings.values()
                for value in (
                    coefficient(after - before, labels),
                    coefficient(after, labels, before),
                    coefficient(after - before, labels, age),
                    coefficient(after, labels, before, age),
                )
            ]
            for labels in every_assignment()
        ]
    )
    positive = (curves > 0).mean(axis=1)
    exact = enumerated(list(np.abs(np.median(curves, axis=1))))
    assert found.p_median == pytest.approx(exact, abs=near(exact, 4_999))
    exact = enumerated(list(np.maximum(positive, 1 - positive)))
    assert found.p_sign == pytest.approx(exact, abs=near(exact, 4_999))


def test_a_strong_effect_has_the_smallest_p_there_is():
    found = curve(WHO, drawn(WHO, effect=5))
    assert found.p_median == 1 / (1 + DRAWS)
    assert found.share_of_sign == 1


def test_without_regressions_there_is_no_p_and_so_no_curve():
    assert set(REGRESSIONS) < set(ESTIMATORS)
    treated = WHO["treated"].to_numpy()
    for scores in (
        (np.full(60, np.nan), ONE[1]),
        (ONE[0], np.where(treated, ONE[1], np.nan)),
        (np.ones(60), np.ones(60)),
        (np.zeros(60), np.where(treated, 1.0, 0.0)),
    ):
        with pytest.raises(NoEstimate, match="no specification"):
            curve(WHO, scores)


def few(rows: list[int]) -> Scores:
    """The same scores, the follow-up of some children missing."""
    return ONE[0], np.where(np.isin(np.arange(60), rows), np.nan, ONE[1])


@pytest.mark.parametrize(("missing", "kept"), [(0, True), (1, False), (2, False), (3, True), (4, True)])
def test_a_scoring_rule_whose_children_differ_by_a_few_is_left_out(missing, kept):
    found = curve(WHO, {"protocol": ONE, "other": few(list(range(10, 10 + missing)))}, ("way",))
    assert (("other", "all") in chosen(found, "scoring", "children")) is kept


@pytest.mark.parametrize(("outside", "kept"), [(0, False), (1, False), (2, False), (3, True)])
def test_common_support_that_drops_nobody_or_a_few_is_left_out(outside, kept):
    baseline = np.tile(np.linspace(-1, 1, 30), 2)  # of both centres alike
    baseline[[0, 40]], baseline[[1, 41]] = -1, 1
    baseline[10 : 10 + outside] = 5
    found = curve(WHO, (baseline, ONE[1]))
    assert (("common_support",) in chosen(found, "children")) is kept


def test_choices_never_differ_by_a_few_children_whatever_covariates_they_need():
    """Three children lack the other score; two of them have no age, so that with age one child tells the rules apart."""
    assert WHO["age"].isna()[[3, 4, 10]].tolist() == [True, True, False]
    found = curve(WHO, {"protocol": ONE, "other": few([3, 4, 10])})
    assert ("other", "way", "all") in chosen(found, "scoring", "covariates", "children")
    assert ("other", "age", "all") not in chosen(found, "scoring", "covariates", "children")
    assert ("protocol", "age", "all") in chosen(found, "scoring", "covariates", "children")


def test_choices_with_too_few_children_in_a_centre_are_left_out():
    who = WHO.assign(age=WHO["age"].where((np.arange(60) < 36) | WHO["treated"]))
    counts = (~WHO["treated"] & who["age"].notna()).sum()
    assert counts == 4
    for minimum, kept in ((4, True), (5, False)):
        found = curve(who, ONE, minimum=minimum)
        assert (("age",) in chosen(found, "covariates")) is kept
        assert ("way",) in chosen(found, "covariates")
        assert all(min(one.n_treated, one.n_comparison) >= minimum for one in found.specifications)


def test_an_estimator_that_refuses_is_left_out_and_the_rest_stays():
    apart = WHO.assign(age=np.where(WHO["treated"], 16.0, 12.0) + np.arange(60) % 3)
    found = curve(apart, ONE, ("age",))
    assert chosen(found, "estimator") == {("did",), ("did_adjusted",), ("ancova",)}


def numbers(found: Curve) -> list[float]:
    return [v for one in found.specifications for v in (one.estimate, one.ci_low, one.ci_high)] + [found.median]


def shares(found: Curve) -> tuple[float, float, float]:
    return found.share_of_sign, found.p_median, found.p_sign


def coarse(scores: Scores) -> Scores:
    """Whole points: many children tie on both scores and differ in covariates only."""
    return np.round(scores[0]), np.round(scores[1])


@pytest.mark.parametrize("make", [lambda scores: scores, coarse])
@pytest.mark.parametrize("seed", range(3))
def test_order_of_rows_and_codes_do_not_move_the_curve(make, seed):
    scores = make(drawn(WHO, effect=0.3, seed=seed))
    expected = curve(WHO, scores)
    rows = np.random.default_rng(seed).permutation(60)
    moved = WHO.iloc[rows].assign(participant=[f"x{k}" for k in range(60)])
    found = curve(moved, (scores[0][rows], scores[1][rows]))
    np.testing.assert_allclose(numbers(found), numbers(expected), rtol=1e-7, atol=1e-7)  # weights stop near 1e-8
    assert shares(found) == shares(expected)


@pytest.mark.parametrize("make", [lambda scores: scores, coarse])
def test_a_shift_and_a_scale_of_the_scores_move_the_curve_with_them_and_no_p(make):
    scores = make(drawn(WHO, effect=0.3))
    expected = curve(WHO, scores)
    found = curve(WHO, (3.7 * scores[0] + 17.3, 3.7 * scores[1] + 17.3))
    np.testing.assert_allclose(numbers(found), 3.7 * np.array(numbers(expected)), rtol=1e-6, atol=1e-6)
    assert shares(found) == shares(expected)


def test_noise_in_the_last_digits_does_not_move_a_p():
    scores = coarse(drawn(WHO, effect=0.3))
    noise = np.random.default_rng(1).normal(size=(2, 60)) * 1e-13
    assert shares(curve(WHO, (scores[0] + noise[0], scores[1] + noise[1]))) == shares(curve(WHO, scores))


def test_draws_and_seed_are_those_of_the_protocol():
    scores = drawn(WHO, effect=0.3)
    assert round(curve(WHO, scores, draws=99).p_median * 100, 9) % 1 == 0
    assert curve(WHO, scores).p_median == curve(WHO, scores).p_median
    assert curve(WHO, scores).p_median != curve(WHO, scores, seed=6).p_median
    np.testing.assert_array_equal(numbers(curve(WHO, scores)), numbers(curve(WHO, scores, seed=6)))
