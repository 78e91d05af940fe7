"""What is wrong with the answers: values that cannot be, told so that a day centre can act on them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from evaluation.language import Text, text
from evaluation.study.findings import Finding, Level, StudyDefects
from evaluation.study.folder import Study, read_study
from evaluation.study.tables import ROW

ASKED_OF_CHILDREN = frozenset({
    ROW, "participant", "centre", "treated", "consenting", "birth_date", "age", "sex", "guardian_consent", "assent",
    "enrolled_on", "left_on", "left_reason",
})  # fmt: skip
ASKED_OF_ANSWERS = frozenset({ROW, "participant", "wave", "item", "value", "rater", "answered_at", "seconds"})
ASKED_OF_ATTENDANCE = frozenset({ROW, "participant", "date", "activity", "hours"})
CHECK_ANSWER = text("Controllare sul questionario.", "Check against the questionnaire.")


def checked_study(folder: Path) -> tuple[Study, tuple[Finding, ...]]:
    """Read and check a study; StudyDefects with every error, else the study with its warnings and notes."""
    study, findings = check_folder(folder)
    errors = [finding for finding in findings if finding.level == "error"]
    if study is None or errors:
        raise StudyDefects(errors)
    return study, findings


def check_folder(folder: Path) -> tuple[Study | None, tuple[Finding, ...]]:
    """Read a study and return all findings about it, by child, then by file and row."""
    study, collected = read_study(folder)
    findings = list(collected.items)
    if study is not None:
        for check in (out_of_range, outside_population, answers_without_consent, too_many_hours, unasked_columns):
            findings += check(study)
    return study, tuple(sorted(findings, key=lambda f: (f.child, f.file, f.row or 0, f.column)))


def out_of_range(study: Study) -> Iterator[Finding]:
    """Answers below the minimum or above the maximum of their item."""
    items = {item.id: item for item in study.instrument.items}
    bounds = pd.DataFrame(
        {i: (-np.inf if x.minimum is None else x.minimum, np.inf if x.maximum is None else x.maximum) for i, x in items.items()},
        index=["low", "high"],
    ).T  # fmt: skip
    answers = study.responses[study.responses["item"].isin(items)]
    low, high = (answers["item"].map(bounds[side]).astype(float) for side in ("low", "high"))
    for record in answers[(answers["value"] < low) | (answers["value"] > high)].to_dict("records"):
        item = items[record["item"]]
        expected = text(
            f"da {_shown(item.minimum)} a {_shown(item.maximum)}", f"{_shown(item.minimum)} to {_shown(item.maximum)}"
        )
        yield _finding(
            "error", "range", "responses.csv", record, "value", f"{record['value']:g}", expected, CHECK_ANSWER
        )


def outside_population(study: Study) -> Iterator[Finding]:
    """Children whose age the programme was not meant for."""
    if study.protocol.population.age is None:
        return
    low, high = study.protocol.population.age
    age = study.participants["age"]
    expected = text(f"da {low:g} a {high:g} anni compiuti", f"{low:g} to {high:g} completed years")
    action = text("Controllare la data di nascita.", "Check the date of birth.")
    column = "birth_date" if "birth_date" in study.participants else "age"
    for record in study.participants[(age < low) | (age > high)].to_dict("records"):
        yield _finding("warning", "age", "participants.csv", record, column, f"{record['age']:g}", expected, action)


def answers_without_consent(study: Study) -> Iterator[Finding]:
    """Answers of children without consent and assent: not used, and to be deleted."""
    allowed = set(study.consenting["participant"])
    answers = study.responses[~study.responses["participant"].isin(allowed)].drop_duplicates("participant")
    expected = text("nessuna risposta senza consenso e assenso", "no answer without consent and assent")
    action = text("Cancellare le risposte, o registrare il consenso.", "Delete the answers, or record the consent.")
    known = set(study.participants["participant"])
    for record in answers[answers["participant"].isin(known)].to_dict("records"):
        yield _finding("warning", "consent", "responses.csv", record, "", "answers", expected, action)


def too_many_hours(study: Study) -> Iterator[Finding]:
    """Children with more hours than were planned."""
    planned = study.protocol.programme.planned_hours
    if study.attendance is None or planned is None:
        return
    hours = study.attendance.groupby("participant")["hours"].sum()
    expected = text(f"al più {planned:g} ore", f"{planned:g} hours at most")
    action = text("Controllare il registro.", "Check the register.")
    for child, total in hours[hours > planned].items():
        yield Finding(
            "warning", "hours", "attendance.csv", f"{total:g}", expected, action, column="hours", child=str(child)
        )


def unasked_columns(study: Study) -> Iterator[Finding]:
    """Columns about children that nobody asked for: kept in the file, never exported."""
    named = {*study.protocol.covariates, *study.protocol.analysis.subgroups}
    tables = {
        "participants.csv": (study.participants, ASKED_OF_CHILDREN | named),
        "responses.csv": (study.responses, ASKED_OF_ANSWERS),
        "attendance.csv": (study.attendance, ASKED_OF_ATTENDANCE),
    }
    expected = text("solo le colonne richieste", "only the columns asked for")
    action = text("Togliere la colonna, se non serve.", "Remove the column if it is not needed.")
    for file, (table, asked) in tables.items():
        for name in [] if table is None else [str(name) for name in table.columns if name not in asked]:
            yield Finding("note", "extra_column", file, name, expected, action, row=1, column=name)


def _finding(
    level: Level, kind: str, file: str, record: dict[str, object], column: str, found: str, expected: Text, action: Text
) -> Finding:
    row, child = int(str(record["_row"])), str(record["participant"])
    return Finding(level, kind, file, found, expected, action, row, column, child)


def _shown(bound: float | None) -> str:
    return "…" if bound is None else f"{bound:g}"
