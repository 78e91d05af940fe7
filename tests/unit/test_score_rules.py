"""Scoring rules against hand computation: who gets a score, on which scale, within which range."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from evaluation.measurement.scores import Rule, answers, score_ranges, score_study
from evaluation.study.folder import Study
from evaluation.study.instrument import Instrument, Item
from evaluation.study.protocol import Protocol

RULES: tuple[Rule, ...] = ("protocol", "all_answered", "standardised_items")
CHILDREN = 37  # of so many times 7/3, the computed SD is no exact zero
THIRD = 7 / 3
ITEMS = (
    Item("a1", "making", 1, 5, False, {"it": "", "en": ""}),
    Item("a2", "making", 1, 5, True, {"it": "", "en": ""}),
    Item("a3", "making", 1, 5, False, {"it": "", "en": ""}),
    Item("a4", "making", 0, 10, False, {"it": "", "en": ""}),
    Item("w1", "worry", 0, 3, False, {"it": "", "en": ""}),
    Item("w2", "worry", 0, 3, False, {"it": "", "en": ""}),
    Item("travel", "", 0, None, False, {"it": "", "en": ""}),
)


def sheets(seed: int = 1, missing: float = 0.0) -> dict[str, np.ndarray]:
    """Answers as given, item -> shape (children, 2 waves), with wide answers to a4 and a share of them missing."""
    rng = np.random.default_rng(seed)
    ability = rng.normal(size=(CHILDREN, 1)) + np.array([0, 0.5])
    made = {}
    for item in ITEMS:
        low, high = item.minimum or 0.0, 60.0 if item.maximum is None else item.maximum
        raw = (low + high) / 2 + (high - low) / 5 * (ability + rng.normal(size=(CHILDREN, 2)))
        made[item.id] = np.clip(np.round(raw), low, high)
        made[item.id][rng.random((CHILDREN, 2)) < missing] = np.nan
    return made


def study(given: dict[str, np.ndarray], items: tuple[Item, ...] = ITEMS, minimum: float = 0.5) -> Study:
    protocol = Protocol.model_validate(
        {
            "format": 1,
            "study": {"id": "tiny", "title": {"it": "Minimo", "en": "Tiny"}, "provenance": "synthetic"},
            "centres": {"treated": "a", "comparison": "b"},
            "waves": [{"id": "t0", "role": "baseline"}, {"id": "t1", "role": "endline"}],
            "outcomes": [
                {"id": "skills", "role": "primary", "kind": "composite", "of": ["making", "worry"]},
                {"id": "making", "role": "secondary", "kind": "scale", "minimum_answered": minimum},
                {
                    "id": "worry",
                    "role": "secondary",
                    "kind": "scale",
                    "direction": "lower",
                    "minimum_answered": minimum,
                },
                {"id": "travel", "role": "placebo", "kind": "measure"},
            ],
        }
    )
    codes = [f"c{k:02}" for k in range(CHILDREN)]
    children = pd.DataFrame({"participant": codes, "treated": np.arange(CHILDREN) < 15, "consenting": True})
    responses = pd.concat(
        pd.DataFrame({"participant": codes, "wave": f"t{w}", "item": item, "rater": "", "value": values[:, w]})
        for item, values in given.items()
        for w in (0, 1)
    )
    return Study(Path(), protocol, None, Instrument(items), children, responses, None, None)


def scored(one: Study, outcome: str, rule: Rule = "protocol") -> np.ndarray:
    """Scores, shape (children, 2 waves)."""
    scores = score_study(one, rule)
    here = scores[scores["outcome"] == outcome].pivot(index="participant", columns="wave", values="score")
    return here.to_numpy(dtype=float)


def sheet(given: dict[str, np.ndarray], *items: str) -> np.ndarray:
    """Answers, shape (children, 2 waves, items), a2 turned."""
    return np.stack([6 - given[item] if item == "a2" else given[item] for item in items], axis=2)


def in_sd(scores: np.ndarray) -> np.ndarray:
    """Scores in SDs of the baseline, from its mean."""
    return (scores - np.nanmean(scores[:, 0])) / np.nanstd(scores[:, 0], ddof=1)


MAKING, WORRY = ("a1", "a2", "a3", "a4"), ("w1", "w2")


@pytest.mark.parametrize("rule", RULES)
def test_every_rule_scores_every_outcome_of_every_child_at_every_wave(rule):
    scores = score_study(study(sheets(missing=0.3)), rule)
    assert list(scores.columns) == ["participant", "wave", "outcome", "score"]
    assert len(scores) == CHILDREN * 2 * 4
    assert not scores.duplicated(["participant", "wave", "outcome"]).any()


def test_protocol_takes_the_mean_of_the_answered_items_after_turning():
    given = sheets(missing=0.3)
    items = sheet(given, *MAKING)
    answered = (~np.isnan(items)).sum(axis=2)
    expected = np.where(answered >= 2, np.nansum(items, axis=2) / np.maximum(answered, 1), np.nan)
    np.testing.assert_allclose(scored(study(given), "making"), expected, rtol=1e-12)
    assert 0 < np.isnan(expected).sum() < expected.size


def test_all_answered_takes_the_complete_sheets_only():
    given = sheets(missing=0.2)
    expected = sheet(given, *MAKING).mean(axis=2)  # NaN where an answer is missing
    found = scored(study(given), "making", "all_answered")
    np.testing.assert_allclose(found, expected, rtol=1e-12)
    assert np.isnan(found).sum() > np.isnan(scored(study(given), "making")).sum()


def test_without_missing_answers_all_answered_is_the_protocol():
    pd.testing.assert_frame_equal(score_study(study(sheets()), "all_answered"), score_study(study(sheets())))


def test_standardised_items_weigh_alike_on_the_scale_of_the_protocol():
    given = sheets()
    items = sheet(given, *MAKING)
    even = in_sd((items / items[:, 0].std(axis=0, ddof=1)).mean(axis=2))
    protocol = items.mean(axis=2)[:, 0]
    found = scored(study(given), "making", "standardised_items")
    np.testing.assert_allclose(found, protocol.mean() + protocol.std(ddof=1) * even, rtol=1e-12)
    assert not np.allclose(found, items.mean(axis=2))


@pytest.mark.parametrize("missing", [0.0, 0.3])
def test_standardised_items_keep_mean_sd_and_children_of_the_protocol(missing):
    one = study(sheets(missing=missing))
    for outcome in ("making", "worry"):
        even, protocol = scored(one, outcome, "standardised_items"), scored(one, outcome)
        np.testing.assert_array_equal(np.isnan(even), np.isnan(protocol))
        assert np.nanmean(even[:, 0]) == pytest.approx(np.nanmean(protocol[:, 0]), rel=1e-12)
        assert np.nanstd(even[:, 0], ddof=1) == pytest.approx(np.nanstd(protocol[:, 0], ddof=1), rel=1e-12)


def test_standardised_items_are_the_protocol_where_all_items_vary_alike():
    """Each item of a scale gives the same answers to children in another order: one SD, not one score."""
    given = sheets()
    for item in ("a1", "a3", "a4"):
        given[item] = np.roll(given["a3"], len(item) + int(item[1]), axis=0)
    given["a2"] = 6 - np.roll(given["a3"], 11, axis=0)
    given["w2"] = given["w1"][::-1]
    one = study(given)
    for outcome in ("skills", "making", "worry", "travel"):
        np.testing.assert_allclose(
            scored(one, outcome, "standardised_items"), scored(one, outcome), rtol=1e-9, atol=1e-9
        )


def test_the_scale_of_one_item_does_not_move_standardised_items():
    """But for the scale that they are set back to, which is the protocol's."""
    given = sheets(missing=0.2)
    wide = {**given, "a4": 7 * given["a4"]}
    before, after = (in_sd(scored(study(one), "making", "standardised_items")) for one in (given, wide))
    np.testing.assert_allclose(after, before, rtol=1e-9, atol=1e-9)
    protocol = [in_sd(scored(study(one), "making")) for one in (given, wide)]
    assert np.nanmax(np.abs(protocol[0] - protocol[1])) > 0.1


@pytest.mark.parametrize("minimum", [0.5, 1.0])
def test_an_item_that_all_answer_alike_at_the_baseline_weighs_nothing_and_costs_no_child(minimum):
    given = sheets(missing=0.1)
    given["a1"] = np.column_stack([np.full(CHILDREN, THIRD), given["a1"][:, 1]])
    one = study(given, minimum=minimum)
    found = scored(one, "making", "standardised_items")
    np.testing.assert_array_equal(np.isnan(found), np.isnan(scored(one, "making")))
    items = sheet(given, *MAKING[1:])
    answered = (~np.isnan(items)).sum(axis=2)
    even = np.nansum(items / np.nanstd(items[:, 0], axis=0, ddof=1), axis=2) / np.maximum(answered, 1)
    even[np.isnan(found)] = np.nan
    np.testing.assert_allclose(in_sd(found), in_sd(even), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("rule", RULES)
def test_a_composite_is_the_mean_of_its_parts_in_baseline_sd_worry_turned(rule):
    one = study(sheets(missing=0.2))
    making, worry = (in_sd(scored(one, part, rule)) for part in ("making", "worry"))
    np.testing.assert_allclose(scored(one, "skills", rule), (making - worry) / 2, rtol=1e-9, atol=1e-12)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("rule", RULES)
def test_a_composite_with_a_part_that_does_not_vary_has_no_score(rule):
    third = {item: np.full((CHILDREN, 2), THIRD) for item in WORRY}
    assert np.isnan(scored(study({**sheets(), **third}), "skills", rule)).all()


def test_a_constant_has_a_computed_sd():
    assert pd.Series(np.full(CHILDREN, THIRD)).std() > 0


def test_a_measure_is_its_answer_by_every_rule():
    given = sheets(missing=0.2)
    for rule in RULES:
        np.testing.assert_array_equal(scored(study(given), "travel", rule), given["travel"])


def test_children_without_consent_are_neither_scored_nor_part_of_any_baseline():
    one = study(sheets())
    one.participants["consenting"] = one.participants.index != 0
    found = score_study(one, "standardised_items")
    assert found["participant"].nunique() == CHILDREN - 1
    making, worry = (in_sd(scored(one, part, "standardised_items")) for part in ("making", "worry"))
    np.testing.assert_allclose(scored(one, "skills", "standardised_items"), (making - worry) / 2, atol=1e-12)


def test_ranges_are_the_mean_ends_of_the_items_and_a_composite_is_turned():
    given = sheets(missing=0.2)
    one = study(given)
    found = score_ranges(one, score_study(one))
    assert found["making"] == ((1 + 1 + 1 + 0) / 4, (5 + 5 + 5 + 10) / 4)
    assert found["worry"] == (0, 3)
    making, worry = (scored(one, part)[:, 0] for part in ("making", "worry"))
    centre = [np.nanmean(part) for part in (making, worry)]
    spread = [np.nanstd(part, ddof=1) for part in (making, worry)]
    low = ((0.75 - centre[0]) / spread[0] - (3 - centre[1]) / spread[1]) / 2
    high = ((6.25 - centre[0]) / spread[0] - (0 - centre[1]) / spread[1]) / 2
    assert found["skills"] == pytest.approx((low, high), rel=1e-12)


def test_an_outcome_without_an_end_has_no_range():
    one = study(sheets())
    assert set(score_ranges(one, score_study(one))) == {"skills", "making", "worry"}
    unbounded = tuple(Item("w1", "worry", 0, None, False, {}) if item.id == "w1" else item for item in ITEMS)
    one = study(sheets(), unbounded)
    assert set(score_ranges(one, score_study(one))) == {"making"}


@pytest.mark.filterwarnings("error")
def test_a_composite_with_a_part_that_does_not_vary_has_no_range():
    one = study({**sheets(), **{item: np.full((CHILDREN, 2), THIRD) for item in WORRY}})
    assert set(score_ranges(one, score_study(one))) == {"making", "worry"}


@pytest.mark.parametrize("seed", range(3))
def test_no_complete_sheet_scores_outside_the_range(seed):
    one = study(sheets(seed))
    for outcome, (low, high) in score_ranges(one, score_study(one)).items():
        scores = scored(one, outcome)
        assert low <= scores.min() <= scores.max() <= high


def test_the_extremes_of_every_item_reach_the_range_of_the_composite():
    given = sheets()
    ends = {"a1": (1, 5), "a2": (5, 1), "a3": (1, 5), "a4": (0, 10), "w1": (3, 0), "w2": (3, 0)}
    for item, (worst, best) in ends.items():
        given[item][:2, 1] = worst, best
    one = study(given)
    low, high = score_ranges(one, score_study(one))["skills"]
    assert scored(one, "skills")[:2, 1] == pytest.approx([low, high], rel=1e-12)


def test_answers_are_those_of_all_raters_averaged():
    one = study(sheets())
    twice = pd.concat(
        [one.responses.assign(rater="r1"), one.responses.assign(rater="r2", value=one.responses["value"] + 1)]
    )
    both = Study(one.folder, one.protocol, None, one.instrument, one.participants, twice, None, None)
    turned = pd.Series({"a2": -0.5}).reindex(answers(one).columns, fill_value=0.5)
    np.testing.assert_allclose(answers(both), answers(one) + turned, rtol=1e-12)
