"""A study folder read and checked: every finding, in the order in which a day centre works through them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from evaluation.checks import answers, attendance, children, columns, days, orientation, patterns
from evaluation.checks.questionnaires import Sheets, sheets_of
from evaluation.study.choices import Choices
from evaluation.study.findings import Finding, StudyDefects
from evaluation.study.folder import NO_CHOICES, Study, read_study

OF_TABLES: tuple[Callable[[Study], Iterable[Finding]], ...] = (
    columns.unasked_columns,
    answers.out_of_range,
    answers.between_steps,
    answers.unnamed_raters,
    answers.items_without_answers,
    answers.waves_without_answers,
    children.empty_centres,
    children.outside_population,
    children.answers_without_consent,
    children.names_for_codes,
    days.dates_in_order,
    days.enrolled_too_late,
    days.attended_outside_programme,
    days.attended_after_leaving,
    attendance.too_many_hours,
    attendance.more_than_a_day,
    attendance.written_twice,
    attendance.of_the_comparison,
    attendance.other_centre,
)
OF_SHEETS: tuple[Callable[[Study, Sheets], Iterable[Finding]], ...] = (
    children.missing_sheets,
    days.waves_in_order,
    days.sheets_outside_their_period,
    days.answered_before_enrolment,
    days.answered_after_leaving,
    patterns.straight_lining,
    patterns.impossible_time,
    patterns.identical_sheets,
    orientation.running_backwards,
)


def checked_study(folder: Path, choices: Choices = NO_CHOICES) -> tuple[Study, tuple[Finding, ...]]:
    """Read and check a study; StudyDefects with every error, else the study with its warnings and notes."""
    study, findings = check_folder(folder, choices)
    errors = [finding for finding in findings if finding.level == "error"]
    if study is None or errors:
        raise StudyDefects(errors)
    return study, findings


def check_folder(folder: Path, choices: Choices = NO_CHOICES) -> tuple[Study | None, tuple[Finding, ...]]:
    """Read a study and return all findings about it, by child, then by file and row."""
    study, collected = read_study(folder, choices)
    if study is not None:
        sheets = sheets_of(study)
        found = [finding for check in OF_TABLES for finding in check(study)]
        found += [finding for of_sheets in OF_SHEETS for finding in of_sheets(study, sheets)]
        for finding in found:
            collected.add(finding)
    return study, tuple(sorted(collected.items, key=lambda f: (f.child, f.file, f.row or 0, f.column)))
