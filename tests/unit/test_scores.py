"""Scores: what a child's answers become, by hand on the tiny study; attendance beside them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from study_builder import StudyFolder, build

from evaluation.measurement.dose import hours_attended, hours_delivered
from evaluation.measurement.scores import answers, mean_of_answered, score_study


@pytest.fixture
def study(tmp_path: Path) -> StudyFolder:
    return build(tmp_path / "study")


def row_of(study: StudyFolder, child: str, wave: str, item: str) -> int:
    return next(k for k, row in enumerate(study.rows("responses.csv"), start=1) if row[:3] == [child, wave, item])


def answer(study: StudyFolder, child: str, wave: str, **values: str) -> StudyFolder:
    for item, value in values.items():
        study.cell("responses.csv", row_of(study, child, wave, item), "value", value)
    return study


def score(study: StudyFolder, child: str, wave: str, outcome: str) -> float:
    table = score_study(study.load()).set_index(["participant", "wave", "outcome"])["score"]
    return float(table[child, wave, outcome])


def test_a_scale_is_the_mean_of_its_items_with_reversed_ones_turned(study: StudyFolder):
    answer(study, "N00", "t0", making_1="5", making_2="2", making_3="1", making_4="2")
    assert answers(study.load()).loc[("N00", "t0"), "making_2"] == 1 + 5 - 2
    assert score(study, "N00", "t0", "making") == (5 + 4 + 1 + 2) / 4


@pytest.mark.parametrize(
    ("answered", "expected"),
    [(("5", "2", "1", ""), 10 / 3), (("5", "2", "", ""), 4.5), (("5", "", "", ""), np.nan), (("", "", "", ""), np.nan)],
)  # fmt: skip
def test_a_score_needs_the_declared_share_of_answers(study: StudyFolder, answered: tuple[str, ...], expected: float):
    answer(study, "N00", "t0", **{f"making_{k}": value for k, value in enumerate(answered, start=1)})
    np.testing.assert_equal(score(study, "N00", "t0", "making"), expected)


def test_the_share_is_the_protocols(study: StudyFolder):
    study.replace("protocol.yml", "minimum_answered: 0.5", "minimum_answered: 0.25")
    assert (
        score(answer(study, "N00", "t0", making_1="5", making_2="", making_3="", making_4=""), "N00", "t0", "making")
        == 5
    )


@settings(max_examples=100, deadline=None)
@given(asked=st.integers(1, 40), answered=st.integers(0, 40))
def test_exactly_the_minimum_share_is_enough(asked: int, answered: int):
    answered = min(answered, asked)
    sheet = pd.DataFrame([[1.0] * answered + [np.nan] * (asked - answered)])
    share = answered / asked
    assert mean_of_answered(sheet, share).notna()[0] == (answered > 0)
    assert answered == asked or mean_of_answered(sheet, share + 0.01).isna()[0]


def test_two_raters_count_as_their_mean_and_one_who_is_silent_not_at_all(study: StudyFolder):
    study.add_column("responses.csv", "rater", lambda _: "A")
    answer(study, "N00", "t0", worry_1="1", worry_2="2")
    study.append("responses.csv", "N00", "t0", "worry_1", "2", "B")
    study.append("responses.csv", "N00", "t0", "worry_2", "", "B")
    sheet = answers(study.load()).loc[("N00", "t0")]
    assert (sheet["worry_1"], sheet["worry_2"]) == (1.5, 2)
    assert score(study, "N00", "t0", "worry") == 1.75


def test_a_measure_is_its_own_number(study: StudyFolder):
    assert score(answer(study, "N00", "t1", travel="33.5"), "N00", "t1", "travel") == 33.5


def test_a_composite_stands_on_the_baseline_of_all_consenting_children_at_every_wave(study: StudyFolder):
    study.cell("participants.csv", 5, "assent", "no")
    scores = score_study(study.load()).pivot_table(index=["participant", "wave"], columns="outcome", values="score")
    baseline = scores.xs("t0", level="wave")
    assert len(baseline) == 23
    making = (scores["making"] - baseline["making"].mean()) / baseline["making"].std(ddof=1)
    worry = (scores["worry"] - baseline["worry"].mean()) / baseline["worry"].std(ddof=1)
    np.testing.assert_allclose(scores["skills"], (making - worry) / 2, atol=1e-12)  # less worry is better
    np.testing.assert_allclose(scores["skills"].xs("t0", level="wave").mean(), 0, atol=1e-12)
    assert abs(scores["skills"].xs("t1", level="wave").mean()) > 0.1


def test_a_composite_with_a_missing_part_is_missing(study: StudyFolder):
    answer(study, "N00", "t1", worry_1="", worry_2="")
    assert not np.isnan(score(study, "N00", "t1", "making"))
    assert np.isnan(score(study, "N00", "t1", "skills"))
    assert not np.isnan(score(study, "N00", "t0", "skills"))


def test_a_part_without_any_spread_makes_no_composite(study: StudyFolder):
    rows = study.rows("responses.csv")
    study.set_rows(
        "responses.csv", [[*row[:3], "2"] if row[1:2] == ["t0"] and "worry" in row[2] else row for row in rows]
    )
    assert score_study(study.load()).query("outcome == 'skills'")["score"].isna().all()


def test_children_without_consent_are_nowhere_and_change_nobody_elses_scale(study: StudyFolder):
    answer(study, "N02", "t0", making_1="5", making_2="1", making_3="5", making_4="5")
    study.cell("participants.csv", 4, "guardian_consent", "no")
    with_answers = score_study(study.load())
    assert "N02" not in set(with_answers["participant"])
    answer(study, "N02", "t0", making_1="1", making_2="5", making_3="1", making_4="1")
    pd.testing.assert_frame_equal(score_study(study.load()), with_answers)


def test_every_consenting_child_has_a_row_a_wave_and_outcome(study: StudyFolder):
    rows = study.rows("responses.csv")
    study.set_rows("responses.csv", [row for row in rows if row[0] != "N01" and row[:2] != ["S03", "t1"]])
    scores = score_study(study.load())
    assert len(scores) == 24 * 2 * 4
    assert not scores.duplicated(["participant", "wave", "outcome"]).any()
    assert scores.query("participant == 'N01'")["score"].isna().all()
    assert scores.query("participant == 'S03' and wave == 't1'")["score"].isna().all()


def test_a_study_in_which_nobody_consents_has_no_scores(study: StudyFolder):
    study.write("participants.csv", study.text("participants.csv").replace("yes", "no"))
    assert len(score_study(study.load())) == 0


def test_the_order_of_rows_does_not_matter(study: StudyFolder):
    before = score_study(study.load()).sort_values(["participant", "wave", "outcome"], ignore_index=True)
    header, *rows = study.rows("responses.csv")
    shuffled = [rows[k] for k in np.random.default_rng(7).permutation(len(rows))]
    children, *register = study.rows("participants.csv")
    study.set_rows("responses.csv", [header, *shuffled]).set_rows("participants.csv", [children, *register[::-1]])
    after = score_study(study.load()).sort_values(["participant", "wave", "outcome"], ignore_index=True)
    pd.testing.assert_frame_equal(after, before, check_exact=False, rtol=1e-12)


def test_hours_are_summed_and_a_child_who_never_came_has_none(study: StudyFolder):
    study.set_rows("attendance.csv", [row for row in study.rows("attendance.csv") if row[0] != "N05"])
    study.append("attendance.csv", "S00", "2023-03-08", "lab", "4")
    hours = hours_attended(study.load())
    assert (len(hours), hours["N00"], hours["N05"]) == (12, 5.0, 0.0)
    assert "S00" not in hours


def test_hours_of_children_without_consent_are_not_described(study: StudyFolder):
    assert "N02" not in hours_attended(study.cell("participants.csv", 4, "assent", "no").load())


def test_without_a_register_hours_are_unknown_and_not_zero(study: StudyFolder):
    read = study.remove("attendance.csv").load()
    assert hours_attended(read).isna().all()
    assert np.isnan(hours_delivered(read))


def test_hours_delivered_count_each_session_once(study: StudyFolder):
    assert hours_delivered(study.load()) == 5.0
    assert hours_delivered(study.cell("attendance.csv", 2, "hours", "4").load()) == 6.5
