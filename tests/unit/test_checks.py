"""Values that cannot be: each check says exactly which child, row and column, what was found and what was expected."""

from __future__ import annotations

from pathlib import Path

import pytest
from study_builder import StudyFolder, build

from evaluation.intake.checks import check_folder, checked_study
from evaluation.study.findings import Finding, StudyDefects


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
