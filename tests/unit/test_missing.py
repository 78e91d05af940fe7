"""bounds.csv: every method on the same children, and nothing but an empty row where a method gives no number."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from evaluation.counterfactual.estimators.linear import Fit
from evaluation.counterfactual.estimators.registry import ESTIMATORS
from evaluation.counterfactual.missing.bounds import bounds_table
from evaluation.counterfactual.missing.imputation import (
    DELTAS,
    SHIFTED,
    imputed_effect,
    response_weighted,
    shifted_effects,
)
from evaluation.counterfactual.missing.lee import extreme_bounds, lee_bounds
from evaluation.counterfactual.sample import Sample, build_sample
from evaluation.measurement.scores import score_ranges, score_study
from evaluation.study.folder import Study
from evaluation.study.instrument import Instrument, Item
from evaluation.study.protocol import Protocol

SEED, ALPHA = 11, 0.1
OUTCOMES = ("both", "up", "down")
METHODS = ["complete_pairs", "imputation", "response_weights", "lee", "extreme_values"]
NUMBERS = ["lower", "upper", "ci_low", "ci_high"]
CHILDREN = pd.DataFrame(
    {
        "participant": [f"c{k:02}" for k in range(40)],
        "treated": np.arange(40) < 22,
        "consenting": True,
        "age": [11.0 + k % 6 for k in range(40)],
    }
)


def protocol(seed: int = SEED) -> Protocol:
    return Protocol.model_validate(
        {
            "format": 1,
            "study": {"id": "tiny", "title": {"it": "Minimo", "en": "Tiny"}, "provenance": "synthetic"},
            "centres": {"treated": "a", "comparison": "b"},
            "waves": [{"id": "t0", "role": "baseline"}, {"id": "t1", "role": "endline"}],
            "outcomes": [
                {"id": "both", "role": "primary", "kind": "composite", "of": ["up", "down"]},
                {"id": "up", "role": "secondary", "kind": "measure", "unit": "points"},
                {"id": "down", "role": "placebo", "kind": "measure", "direction": "lower", "unit": "minutes"},
            ],
            "covariates": ["age"],
            "analysis": {"alpha": ALPHA, "seed": seed},
        }
    )


def answers() -> dict[str, np.ndarray]:
    """Answers, shape (children, waves), within 0 to 10 and 0 to 4; some children are not seen at the end, some never."""
    rng = np.random.default_rng(3)
    gain = np.column_stack([np.zeros(40), CHILDREN["treated"]])
    up = np.clip(rng.normal(5, 1.5, size=(40, 1)) + rng.normal(size=(40, 2)) + gain, 0, 10)
    down = np.clip(rng.normal(2, 0.7, size=(40, 2)) - 0.3 * gain, 0, 4)
    for values in (up, down):
        values[[1, 2, 3, 30], 1] = np.nan
        values[[4, 31], 0] = np.nan
    return {"up": up, "down": down}


def study(given: dict[str, np.ndarray] | None = None, seed: int = SEED) -> Study:
    given = given or answers()
    responses = pd.concat(
        pd.DataFrame({"participant": CHILDREN["participant"], "wave": f"t{w}", "item": name, "rater": "", "value": values[:, w]})
        for name, values in given.items()
        for w in (0, 1)
    )  # fmt: skip
    items = tuple(
        Item(name, "", 0.0, top, False, {"it": name, "en": name}) for name, top in (("up", 10.0), ("down", 4.0))
    )
    return Study(Path(), protocol(seed), None, Instrument(items), CHILDREN, responses, None, None)


def table(one: Study) -> pd.DataFrame:
    scores = score_study(one)
    return bounds_table(one, scores, score_ranges(one, scores))


@pytest.fixture(scope="module")
def made() -> pd.DataFrame:
    return table(study())


def sample(outcome: str) -> Sample:
    one = study()
    return build_sample(one, score_study(one), outcome, "t1")


def numbers(made: pd.DataFrame, outcome: str, method: str) -> list[float]:
    (row,) = made[(made["outcome"] == outcome) & (made["method"] == method)][NUMBERS].to_numpy().tolist()
    return row


def interval(fit: Fit) -> list[float]:
    reach = stats.t.ppf(1 - ALPHA / 2, fit.df) * fit.std_error
    return [fit.estimate, fit.estimate, fit.estimate - reach, fit.estimate + reach]


def test_every_outcome_has_every_method_and_the_primary_every_shift(made):
    for outcome in OUTCOMES:
        methods = list(made[(made["outcome"] == outcome) & (made["method"] != "delta")]["method"])
        assert methods == METHODS
    shifts = made[made["method"] == "delta"]
    assert set(shifts["outcome"]) == {"both"}
    assert list(zip(shifts["shifted"], shifts["delta"], strict=True)) == [(s, d) for s in SHIFTED for d in DELTAS]
    assert made[NUMBERS].notna().all(axis=None)
    assert (made[made["method"] != "delta"][["shifted"]] == "").all(axis=None)


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_each_row_is_what_its_method_gives_for_the_same_children(made, outcome):
    children = sample(outcome)
    assert numbers(made, outcome, "complete_pairs") == interval(ESTIMATORS["did"](children))
    assert numbers(made, outcome, "imputation") == interval(imputed_effect(children, SEED))
    assert numbers(made, outcome, "response_weights") == interval(response_weighted(children))
    lee = lee_bounds(children, ALPHA)
    assert numbers(made, outcome, "lee") == [lee.lower, lee.upper, lee.ci_low, lee.ci_high]
    assert lee.lower < lee.upper


def test_shifts_are_those_of_the_imputed_scores(made):
    shown = made[made["method"] == "delta"][NUMBERS].to_numpy().tolist()
    expected = shifted_effects(sample("both"), SEED)
    assert shown == [interval(shift.pooled) for shift in expected]
    unmoved = made[(made["method"] == "delta") & (made["delta"] == 0)][NUMBERS].to_numpy()
    np.testing.assert_array_equal(unmoved, [numbers(made, "both", "imputation")] * 3)


@pytest.mark.parametrize(("outcome", "ends"), [("up", (0.0, 10.0)), ("down", (0.0, 4.0))])
def test_extreme_values_are_those_of_the_items(made, outcome, ends):
    bounds = extreme_bounds(sample(outcome), ends, ALPHA)
    assert numbers(made, outcome, "extreme_values") == [bounds.lower, bounds.upper, bounds.ci_low, bounds.ci_high]


def test_extreme_values_of_a_composite_follow_from_its_parts(made):
    """Mean of the standardised ends, the part where lower is better turned: its best is 0, its worst 4."""
    up, down = (values[:, 0][~np.isnan(values[:, 0])] for values in answers().values())
    low = ((0 - up.mean()) / up.std(ddof=1) - (4 - down.mean()) / down.std(ddof=1)) / 2
    high = ((10 - up.mean()) / up.std(ddof=1) - (0 - down.mean()) / down.std(ddof=1)) / 2
    bounds = extreme_bounds(sample("both"), (low, high), ALPHA)
    expected = [bounds.lower, bounds.upper, bounds.ci_low, bounds.ci_high]
    np.testing.assert_allclose(numbers(made, "both", "extreme_values"), expected, rtol=1e-12)


def test_without_a_range_there_are_no_extreme_values():
    one = study()
    shown = bounds_table(one, score_study(one), {"up": (0, 10)})
    assert set(shown[shown["method"] == "extreme_values"]["outcome"]) == {"up"}


def test_counts_are_of_the_children_with_both_scores_whatever_was_imputed(made):
    pairs = sample("both").pairs()
    assert (pairs.n_treated, pairs.n_comparison) == (18, 16)
    assert set(zip(made["n_treated"], made["n_comparison"], strict=True)) == {(18, 16)}


def test_response_weights_count_the_children_whose_covariates_they_use():
    one = study()
    aged = replace(one, participants=CHILDREN.assign(age=CHILDREN["age"].where(CHILDREN.index % 8 > 0)))
    counts = table(aged).query("outcome == 'both'").set_index("method")[["n_treated", "n_comparison"]]
    assert (counts == [18, 16]).all(
        axis=None
    )  # fewer than ten were lost: age tells nothing of response, and is not asked


def test_units_are_those_of_the_outcomes(made):
    assert made.groupby("outcome")["unit"].unique().map(list).to_dict() == {
        "both": ["mean of standardised parts"], "up": ["points"], "down": ["minutes"],
    }  # fmt: skip


def test_the_same_seed_gives_the_same_table_and_another_moves_only_what_is_drawn(made):
    pd.testing.assert_frame_equal(table(study()), made, check_exact=True)
    other = table(study(seed=SEED + 1))
    moved = (other["lower"] != made["lower"]).groupby(made["method"]).all()
    assert moved.to_dict() == {m: m in ("imputation", "delta") for m in [*METHODS, "delta"]}


def test_order_of_rows_does_not_move_the_table(made):
    one = study()
    rows = np.random.default_rng(1).permutation(40)
    turned = replace(one, participants=one.participants.iloc[rows], responses=one.responses.iloc[::-1])
    # sums in another order: rounding only
    pd.testing.assert_frame_equal(table(turned), made, rtol=1e-9, atol=1e-9)


UNSEEN = {name: np.where([[False, True]], np.nan, values) for name, values in answers().items()}
ONE_CENTRE = {
    name: np.where(CHILDREN["treated"].to_numpy()[:, None], values, np.nan) for name, values in answers().items()
}
CONSTANT = {name: np.full((40, 2), 2.0) for name in answers()}
NOBODY = {name: np.full((40, 2), np.nan) for name in answers()}
ONE_PAIR_LEFT = {
    name: np.where([[k in (0, 1, 30)] for k in range(40)], values, np.nan) for name, values in answers().items()
}


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("given", [UNSEEN, ONE_CENTRE, CONSTANT, NOBODY, ONE_PAIR_LEFT])
def test_where_nothing_can_be_said_the_row_is_empty(given):
    shown = table(study(given))
    for outcome in OUTCOMES:
        here = shown[shown["outcome"] == outcome]
        assert list(here["method"])[:4] == METHODS[:4]
        assert here[here["method"].isin(METHODS[:4])][NUMBERS].isna().all(axis=None)
        pairs = (~np.isnan(sum(given.values()) if outcome == "both" else given[outcome])).all(axis=1)
        if not (given is CONSTANT and outcome == "both"):
            assert list(here["n_treated"].unique()) == [pairs[:22].sum()]


@pytest.mark.filterwarnings("error")
def test_a_composite_with_a_part_that_is_constant_at_the_baseline_has_no_score_and_no_extremes():
    shown = table(study({**answers(), "down": np.column_stack([np.full(40, 2.0), answers()["down"][:, 1]])}))
    here = shown[shown["outcome"] == "both"]
    assert list(here["method"]) == METHODS[:4]
    assert here[NUMBERS].isna().all(axis=None)
    assert shown[shown["outcome"] == "up"][NUMBERS].notna().all(axis=None)


def test_extreme_values_hold_even_where_a_follow_up_is_missing_altogether():
    shown = table(study(UNSEEN))
    low, high, *_ = numbers(shown, "up", "extreme_values")
    assert low < -9 < 9 < high
