"""Defects composed without the checks' code are told at their place, stop a run if they must, and make no number wrong."""

from __future__ import annotations

import csv
import io
import math
import shutil
from pathlib import Path

import pandas as pd
import pytest
from conftest import STUDY
from outside_variants import ATTENDANCE, DEFECTS, HARMLESS, PARTICIPANTS, PROGRAMME, RESPONSES, Defect
from unit.study_builder import StudyFolder, build

from evaluation.checks import check_folder, checked_study
from evaluation.errors import UserError

SHIPPED = Path(__file__).resolve().parents[2] / "data" / "raw" / STUDY
TABLES = {"participants": PARTICIPANTS, "responses": RESPONSES, "attendance": ATTENDANCE, "programme": PROGRAMME}
NUMBERS = ("hours", "age")  # and the value of an answer: that of the programme is a text
FIRST_OF_A_KIND = list({defect.kind: defect for defect in reversed(DEFECTS)}.values())


def study_to_break(defect: Defect, folder: Path) -> StudyFolder:
    if defect.shipped:
        return StudyFolder(Path(shutil.copytree(SHIPPED, folder)))
    return build(folder)


def rows(path: Path) -> tuple[list[str], list[dict[str, object]]]:
    """Read a table by the standard library alone: its columns, and its rows that are not blank, with their place."""
    read = csv.reader(io.StringIO(path.read_bytes().decode("utf-8-sig"), newline=""))
    (_, header), *lines = [(k, [cell.strip() for cell in row]) for k, row in enumerate(read, start=1) if any(row)]
    columns = [name for name in header if name]
    return columns, [{"_row": k} | {name: typed(path.name, name, cell) for name, cell in zip(columns, row, strict=False)}
                     for k, row in lines]  # fmt: skip


def typed(file: str, column: str, cell: str) -> object:
    """Return a number where the column holds numbers, `None` for a missing one; else the text."""
    if column in NUMBERS or (file, column) == (RESPONSES, "value"):
        return float(cell) if cell else None
    return cell


def plain(value: object) -> object:
    """Return a value of a parsed table as `typed` has it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return None if math.isnan(value) else value
    return value if isinstance(value, int) else "" if value is None else str(value)


def parsed(table: pd.DataFrame, columns: list[str]) -> list[dict[str, object]]:
    return [{name: plain(value) for name, value in row.items()} for row in table[["_row", *columns]].to_dict("records")]


def completed_years(born: str, on: str) -> int:
    """Count birthdays: a year less where the programme begins before the day in its year."""
    return int(on[:4]) - int(born[:4]) - (on[5:] < born[5:])


@pytest.mark.parametrize("defect", DEFECTS, ids=lambda defect: defect.name)
def test_a_defect_is_told_at_its_place_and_no_number_is_wrong(defect: Defect, tmp_path: Path) -> None:
    study = study_to_break(defect, tmp_path / "study")
    defect.make(study)
    read, findings = check_folder(study.path)
    places = {(finding.kind, finding.file, finding.row, finding.column) for finding in findings}
    assert (defect.kind, defect.file, defect.row, defect.column) in places
    if any(finding.level == "error" for finding in findings):
        return
    assert read is not None
    for name, file in TABLES.items():
        columns, truth = rows(study.path / file)
        assert parsed(getattr(read, name), columns) == truth, file


@pytest.mark.parametrize("defect", FIRST_OF_A_KIND, ids=lambda defect: defect.kind)
def test_an_error_stops_a_run_and_nothing_else_does(defect: Defect, tmp_path: Path) -> None:
    study = study_to_break(defect, tmp_path / "study")
    defect.make(study)
    if any(finding.level == "error" for finding in check_folder(study.path)[1]):
        with pytest.raises(UserError):
            checked_study(study.path)
    else:
        checked_study(study.path)


@pytest.mark.parametrize("habit", HARMLESS)
def test_a_harmless_habit_is_not_told_and_changes_no_number(habit: str, tmp_path: Path) -> None:
    truth = build(tmp_path / "truth")
    study = build(tmp_path / "study")
    HARMLESS[habit](study)
    assert any((study.path / file.name).read_bytes() != file.read_bytes() for file in truth.path.iterdir())
    read, findings = check_folder(study.path)
    assert [finding.sentence("en") for finding in findings] == []
    assert read is not None
    for name, file in TABLES.items():
        assert parsed(getattr(read, name), rows(truth.path / file)[0]) == rows(truth.path / file)[1], file
    births = [str(row["birth_date"]) for row in rows(truth.path / PARTICIPANTS)[1]]
    assert read.participants["age"].tolist() == [completed_years(born, on="2023-03-06") for born in births]


def test_the_defects_are_many_and_different() -> None:
    names = [defect.name for defect in DEFECTS]
    assert len(names) == len(set(names))
    assert len(DEFECTS) >= 110
