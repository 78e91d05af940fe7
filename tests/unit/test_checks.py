"""Values that cannot be: each check says exactly which child, row and column, what was found and what was expected."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy import stats
from study_builder import StudyFolder, build

from evaluation.checks import check_folder, checked_study
from evaluation.checks.orientation import ItemRest
from evaluation.checks.patterns import improbable_copies, longest_run
from evaluation.study.dates import parse_moment
from evaluation.study.findings import Finding, StudyDefects, column_letters
from evaluation.study.folder import read_study
from evaluation.study.instrument import Item
from evaluation.synthetic.study import Parameters, write_study

SHIPPED = Path(__file__).parents[2] / "data" / "raw" / "volare-alto-2023"


@pytest.fixture
def study(tmp_path: Path) -> StudyFolder:
    return build(tmp_path / "study")


def found(study: StudyFolder) -> tuple[Finding, ...]:
    return check_folder(study.path)[1]


def the_one(study: StudyFolder) -> Finding:
    (finding,) = found(study)
    return finding


def place(finding: Finding) -> tuple[str, str, str, int | None, str, str]:
    return finding.level, finding.kind, finding.file, finding.row, finding.column, finding.child


def test_a_valid_study_has_no_finding(study: StudyFolder):
    assert found(study) == ()
    assert len(checked_study(study.path)[0].participants) == 24


@pytest.mark.parametrize("value", ["6", "0", "-1", "5.01"])
def test_an_answer_out_of_range_is_an_error_with_its_row_and_child(study: StudyFolder, value: str):
    finding = the_one(study.cell("responses.csv", 9, "value", value))
    child = study.value("responses.csv", 9, "participant")
    assert place(finding) == ("error", "range", "responses.csv", 9, "value", child)
    assert finding.found == value
    assert finding.expected == {"it": "da 1 a 5", "en": "1 to 5"}
    with pytest.raises(StudyDefects, match=f'row 9, value, {child}: found "{value}"; expected 1 to 5'):
        checked_study(study.path)


@pytest.mark.parametrize("value", ["1", "5"])
def test_the_ends_of_the_range_are_answers(study: StudyFolder, value: str):
    assert found(study.cell("responses.csv", 9, "value", value)) == ()


def test_an_item_without_maximum_takes_any_value_above_its_minimum(study: StudyFolder):
    row = next(k for k, row in enumerate(study.rows("responses.csv"), start=1) if row[2] == "travel")
    assert found(study.cell("responses.csv", row, "value", "900")) == ()
    assert the_one(study.cell("responses.csv", row, "value", "-1")).expected["en"] == "0 to …"


@pytest.mark.parametrize(("born", "age"), [("2012-03-07", "10"), ("2005-03-06", "18")])
def test_a_child_outside_the_population_is_a_warning(study: StudyFolder, born: str, age: str):
    finding = the_one(study.cell("participants.csv", 4, "birth_date", born))
    assert place(finding) == ("warning", "age", "participants.csv", 4, "birth_date", "N02")
    assert finding.found == age
    assert finding.expected == {"it": "da 11 a 17 anni compiuti", "en": "11 to 17 completed years"}


@pytest.mark.parametrize("born", ["2012-03-06", "2005-03-07"])
def test_the_first_and_the_last_age_belong_to_the_population(study: StudyFolder, born: str):
    assert found(study.cell("participants.csv", 4, "birth_date", born)) == ()


def test_an_age_as_written_is_checked_where_there_are_no_birth_dates(study: StudyFolder):
    study.drop_column("participants.csv", "birth_date").add_column("participants.csv", "age", lambda _: "14")
    finding = the_one(study.cell("participants.csv", 4, "age", "30"))
    assert (finding.kind, finding.column, finding.found) == ("age", "age", "30")


@pytest.mark.parametrize("column", ["guardian_consent", "assent"])
def test_answers_without_consent_or_assent_are_one_warning_a_child(study: StudyFolder, column: str):
    finding = the_one(study.cell("participants.csv", 4, column, "no"))
    first = next(k for k, row in enumerate(study.rows("responses.csv"), start=1) if row[0] == "N02")
    assert place(finding) == ("warning", "consent", "responses.csv", first, "", "N02")
    assert finding.action["en"] == "Delete the answers, or record the consent."


@pytest.mark.parametrize("centre", ["north", "south"])
def test_a_centre_without_children_is_an_error(study: StudyFolder, centre: str):
    for file in ("participants.csv", "responses.csv", "attendance.csv"):
        header, *rows = study.rows(file)
        study.set_rows(file, [header, *(row for row in rows if row[0][0] != centre[0].upper())])
    if centre == "north":
        study.remove("attendance.csv")
    finding = the_one(study)
    assert place(finding) == ("error", "empty_centre", "participants.csv", None, "centre", "")
    assert finding.expected["en"] == f"at least one participant of {centre}"


def test_a_centre_that_every_child_misspells_is_told_by_its_children_alone(study: StudyFolder):
    study.replace("protocol.yml", "comparison: south", "comparison: sud")
    assert {finding.kind for finding in found(study)} == {"unknown_centre"}


def test_a_wave_that_nobody_answered_is_one_warning(study: StudyFolder):
    header, *rows = study.rows("responses.csv")
    finding = the_one(study.set_rows("responses.csv", [header, *(row for row in rows if row[1] == "t0")]))
    assert place(finding) == ("warning", "wave_without_answers", "responses.csv", None, "wave", "")
    assert finding.found == "no answer at t1"


def test_more_hours_than_planned_are_a_warning(study: StudyFolder):
    for day in (10, 11):
        study.append("attendance.csv", "N03", f"2023-03-{day}", "lab", "18")
    finding = the_one(study)
    assert place(finding) == ("warning", "hours", "attendance.csv", None, "hours", "N03")
    assert (finding.found, finding.expected["en"]) == ("41", "40 hours at most")


def test_exactly_the_planned_hours_are_no_finding(study: StudyFolder):
    for day in (10, 11):
        study.append("attendance.csv", "N03", f"2023-03-{day}", "lab", "17.5")
    assert found(study) == ()


@pytest.mark.parametrize("file", ["participants.csv", "responses.csv", "attendance.csv"])
def test_a_column_nobody_asked_for_is_a_note(study: StudyFolder, file: str):
    finding = the_one(study.add_column(file, "surname"))
    assert place(finding) == ("note", "extra_column", file, 1, "surname", "")


def test_optional_columns_and_covariates_are_asked_for(study: StudyFolder):
    study.add_column("participants.csv", "left_on").add_column("participants.csv", "left_reason")
    study.add_column("participants.csv", "school", lambda _: "media").replace("protocol.yml", "[age, sex]", "[school]")
    for name in ("rater", "answered_at", "seconds"):
        study.add_column("responses.csv", name)
    assert found(study) == ()


def test_findings_stand_by_child_then_by_file_and_row(study: StudyFolder):
    study.cell("responses.csv", 40, "value", "9").cell("responses.csv", 3, "value", "9")
    study.cell("participants.csv", 2, "birth_date", "1990-01-01").add_column("participants.csv", "surname")
    assert [(f.child, f.file, f.row) for f in found(study)] == [
        ("", "participants.csv", 1),
        ("N00", "participants.csv", 2),
        ("N00", "responses.csv", 3),
        (study.value("responses.csv", 40, "participant"), "responses.csv", 40),
    ]


def test_a_study_that_cannot_be_read_keeps_its_findings_of_reading(study: StudyFolder):
    read, findings = check_folder(study.remove("protocol.yml").path)
    assert read is None
    assert [f.kind for f in findings] == ["missing_file"]


# Where a finding stands -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("place", "letters"), [(0, "A"), (25, "Z"), (26, "AA"), (51, "AZ"), (52, "BA"), (701, "ZZ"), (702, "AAA")]
)
def test_columns_are_named_as_a_spreadsheet_names_them(place: int, letters: str):
    assert column_letters(place) == letters


def test_a_finding_carries_its_cell_and_the_question_in_both_languages(study: StudyFolder):
    finding = the_one(study.cell("responses.csv", 3, "value", "9"))
    assert (finding.cell, finding.question) == ("D3", {"it": "Non so costruire.", "en": "I cannot build."})
    finding = the_one(study.cell("responses.csv", 3, "value", "x"))
    assert (finding.kind, finding.cell, finding.question) == (
        "invalid_value", "D3", {"it": "Non so costruire.", "en": "I cannot build."},
    )  # fmt: skip


def test_rows_and_cells_count_blank_rows_before_the_header(study: StudyFolder):
    study.cell("responses.csv", 3, "value", "9")
    finding = the_one(study.write("responses.csv", "\n,,\n" + study.text("responses.csv")))
    assert (finding.kind, finding.row, finding.cell) == ("range", 5, "D5")
    finding = the_one(study.replace("responses.csv", "wave,item,value", "wave,item,valore"))
    assert (finding.kind, finding.row) == ("missing_column", 3)


def test_a_note_on_a_column_stands_where_the_header_stands(study: StudyFolder):
    study.add_column("participants.csv", "x")
    finding = the_one(study.write("participants.csv", "\n" + study.text("participants.csv")))
    assert (finding.kind, finding.row, finding.cell) == ("extra_column", 2, "H2")


# Dates ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cell", "told"),
    [
        ("2010-02-30", "There is no such date or time"), ("31/02/2010", "There is no such date"),
        ("03/04/2010", "It may be 2010-03-04 or 2010-04-03"), ("25/03/2010", "If it is 2010-03-25"),
        ("04.04.2010", "If it is 2010-04-04"), ("12-11-2010 10:30", "It may be 2010-11-12 or 2010-12-11"),
        ("marzo 2010", "Write the date as YYYY-MM-DD"), ("20100301", "Write the date as YYYY-MM-DD"),
        ("3/4/10", "Write the date as YYYY-MM-DD"), ("2010-03-08T10:00", "Write the day without the time: 2010-03-08."),
    ],
)  # fmt: skip
def test_what_is_no_date_is_told_apart_and_never_guessed(study: StudyFolder, cell: str, told: str):
    finding = the_one(study.cell("participants.csv", 3, "birth_date", cell))
    assert (finding.kind, finding.cell, finding.found) == ("date", "C3", cell)
    assert finding.action["en"].startswith(told)


@pytest.mark.parametrize(
    ("moment", "day"),
    [
        ("2023-03-01", "2023-03-01"), ("2023-03-01T23:59", "2023-03-01"), ("2023-03-01 08:00:05", "2023-03-01"),
        ("2023-03-01T23:59:59.5Z", "2023-03-01"), ("2023-03-01T00:30+02:00", "2023-03-01"),
    ],
)  # fmt: skip
def test_the_day_of_a_moment_is_the_one_written(moment: str, day: str):
    assert parse_moment(moment).isoformat() == day


@pytest.mark.parametrize(
    "moment",
    [
        "2023-03-01T24:00", "2023-02-29T10:00", "2023-03-01T10", "01/03/2023 10:00", "2023-03-01T10:00 CET", "2023-03-01t10:00",
    ],
)  # fmt: skip
def test_no_other_form_of_a_moment_is_read(moment: str):
    with pytest.raises(ValueError):
        parse_moment(moment)


# How questionnaires were filled in --------------------------------------------------------------------------------


def test_the_longest_run_leaves_empty_answers_out():
    gap = np.nan
    rows = np.array([[4, gap, 4, 4, 2], [1, 2, 3, 4, 5], [gap, gap, gap, gap, gap], [3, 3, gap, gap, 3]], dtype=float)
    assert list(longest_run(rows)) == [3, 1, 0, 3]


def test_copies_are_told_where_they_are_no_coincidence():
    draw = np.random.default_rng(1)
    answers = draw.integers(1, 6, (40, 20)).astype(float)
    answers[30] = answers[4]
    answers[9, 3] = answers[17, 3] = np.nan
    first = improbable_copies(answers)
    assert list(np.flatnonzero(first >= 0)) == [30]
    assert first[30] == 4


def test_few_items_or_one_answer_throughout_accuse_nobody():
    draw = np.random.default_rng(2)
    few = draw.integers(1, 6, (200, 3)).astype(float)
    assert len(np.unique(few, axis=0)) < 200
    assert (improbable_copies(few) == -1).all()
    same = np.vstack([draw.integers(1, 6, (30, 20)), np.full((2, 20), 4)]).astype(float)
    assert (improbable_copies(same) == -1).all()


def test_blank_sheets_and_single_children_are_no_copies():
    assert list(improbable_copies(np.full((3, 5), np.nan))) == [-1, -1, -1]
    assert list(improbable_copies(np.ones((1, 5)))) == [-1]


@pytest.mark.parametrize(
    ("r", "n", "backwards"), [(-0.60, 24, True), (-0.57, 24, False), (-0.99, 19, False), (0.5, 500, False)]
)
def test_an_item_runs_backwards_beyond_chance_only(r: float, n: int, backwards: bool):
    item = Item("i", "s", 1, 5, True, {"it": "", "en": ""})
    assert ItemRest(item, "t0", r, n).backwards is backwards
    upper = np.tanh(np.arctanh(r) + stats.norm.ppf(0.999) / np.sqrt(n - 3))
    assert n < 20 or bool(upper < 0) is backwards


# The study that ships, and its model -------------------------------------------------------------------------------


def test_the_study_that_ships_has_no_warning_and_two_questionnaires_to_look_for():
    findings = check_folder(SHIPPED)[1]
    assert {(finding.level, finding.kind) for finding in findings} == {("note", "missing_wave")}
    children = read_study(SHIPPED)[0].participants.set_index("participant")
    assert all(children.loc[finding.child, "left_on"] is None for finding in findings)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_honest_answers_of_the_model_raise_no_statistical_warning(tmp_path: Path, seed: int):
    write_study(tmp_path / "study", Parameters(seed=seed, n_treated=150, n_comparison=150))
    assert {finding.kind for finding in check_folder(tmp_path / "study")[1]} <= {"missing_wave"}


# What is published of a finding -----------------------------------------------------------------------------------


def test_what_is_expected_of_a_warning_says_nothing_of_a_child(study: StudyFolder):
    """The report prints it, one row a kind: two children with the same defect must give the same words."""
    for row, day in ((2, "2023-04-01"), (3, "2023-05-01")):
        study.cell("participants.csv", row, "birth_date", f"19{row}0-01-01").cell(
            "participants.csv", row, "enrolled_on", day
        )
    for file, column in (("participants.csv", "left_on"),):
        study.add_column(file, column, lambda row: "2023-03-08" if row[0] in ("N02", "N03") else "")
    for child in ("S00", "S01"):
        study.append("attendance.csv", child, f"2023-0{3 + int(child[-1])}-20", "lab", "20.5")
    findings = [finding for finding in found(study) if finding.level != "error"]
    by_kind: dict[tuple[str, str], set[str]] = {}
    for finding in findings:
        by_kind.setdefault((finding.kind, finding.file), set()).add(finding.expected["en"])
    assert len(by_kind) >= 4
    assert all(len(words) == 1 for words in by_kind.values())
