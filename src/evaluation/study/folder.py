"""The study folder: plain files, read whole, with every defect collected before anything is refused."""

from __future__ import annotations

import datetime as dt
import operator
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import TypeVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from evaluation.errors import UserError
from evaluation.language import text
from evaluation.study.choices import Choices, choose
from evaluation.study.context import Context
from evaluation.study.contract import Contract, check_metrics
from evaluation.study.dates import EXPECTED_DATE, EXPECTED_MOMENT, mend_date, parse_date, parse_moment
from evaluation.study.documents import read_document
from evaluation.study.findings import NOTHING, Findings, Words, nearest, one_of
from evaluation.study.instrument import Instrument, read_instrument
from evaluation.study.participant_columns import type_covariates
from evaluation.study.protocol import Protocol, check_outcomes, check_shock
from evaluation.study.tables import (
    EXPECTED_CODE,
    EXPECTED_NUMBER,
    EXPECTED_YES,
    ROW,
    Cells,
    Columns,
    parse_number,
    parse_yes,
    read_table,
)

Content = TypeVar("Content")
FILES = (
    "protocol.yml", "contract.yml", "instrument.csv", "participants.csv",
    "responses.csv", "attendance.csv", "programme.csv",
)  # fmt: skip
LOCKS = ("lock/*.json", "lock/*.tsr")  # of evaluation lock
CONSENT = ("guardian_consent", "assent")
NO_COVARIATES = (ROW, "participant", "centre", "treated", "consenting", *CONSENT, "enrolled_on", "left_on")
CODES = ("participant", "wave", "item")  # told where they are declared: one of no child, wave or item is unknown
HOURS_A_DAY = 24
NO_CHOICES: Choices = MappingProxyType({})
COMPARISONS = {
    "==": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip
EXPECTED_SECONDS = text("un numero di secondi, da 0 in su", "a number of seconds, 0 or more")
PROGRAMME_COLUMNS = (
    "project", "indicator_it", "indicator_en", "kind", "value", "unit", "period", "source", "flag",
)  # fmt: skip


def study_files(folder: Path) -> tuple[str, ...]:
    """Return what a study consists of: the files of the format that are there, and its locks."""
    locks = sorted(path.relative_to(folder).as_posix() for pattern in LOCKS for path in folder.glob(pattern))
    return (*(name for name in FILES if (folder / name).is_file()), *locks)


@dataclass(frozen=True)
class Study:
    """A study that was read without errors.

    participants: participant, centre, treated, consenting (bool), age (completed years), other columns as read;
    responses: participant, wave, item, rater, value (NaN: no answer), answered_at, seconds; attendance: participant, date,
    activity, hours; programme: as the file. Each table keeps `_row`, its row in the file.
    """

    folder: Path
    protocol: Protocol
    contract: Contract | None
    instrument: Instrument
    participants: pd.DataFrame
    responses: pd.DataFrame
    attendance: pd.DataFrame | None
    programme: pd.DataFrame | None
    choices: Choices = field(default_factory=dict)
    context: Context | None = None

    @property
    def consenting(self) -> pd.DataFrame:
        """The children whose data may be used."""
        return self.participants[self.participants["consenting"]]


def load_study(folder: Path, choices: Choices = NO_CHOICES) -> Study:
    """Read a study folder; StudyDefects with every error if there are any."""
    study, findings = read_study(folder, choices)
    findings.raise_errors()
    if study is None:  # cannot be: what is unreadable left an error
        raise UserError(f"{folder}: not a study folder")
    return study


def read_study(folder: Path, choices: Choices = NO_CHOICES) -> tuple[Study | None, Findings]:
    """Read a study folder; the study is None where a file it cannot do without could not be read.

    choices : entries of the protocol to set otherwise, as `evaluation.study.choices` says.
    """
    if not folder.is_dir():
        raise UserError(f"{folder}: no such study folder. Expected a folder with protocol.yml, responses.csv, …")
    findings = Findings()
    protocol = read_document(folder / "protocol.yml", Protocol, findings)
    if protocol is not None and choices:
        protocol = choose(protocol, choices)
    contract = _optional(folder / "contract.yml", lambda path: read_document(path, Contract, findings))
    instrument = read_instrument(folder / "instrument.csv", findings)
    findings.questions |= {item.id: item.wording for item in instrument.items} if instrument else {}
    participants = _read_participants(folder / "participants.csv", protocol, findings)
    responses = _read_responses(folder / "responses.csv", protocol, instrument, participants, findings)
    attendance = _optional(folder / "attendance.csv", lambda path: _read_attendance(path, participants, findings))
    programme = _optional(folder / "programme.csv", lambda path: _read_programme(path, findings))
    context = _optional(folder / "context.yml", lambda path: read_document(path, Context, findings))
    if protocol is not None:
        check_shock(protocol, findings)
    if protocol is not None and instrument is not None:
        check_outcomes(protocol, instrument, findings)
    if protocol is not None and contract is not None:
        check_metrics(contract, protocol, findings)
    if protocol is None or instrument is None or participants is None or responses is None:
        return None, findings
    return Study(
        folder, protocol, contract, instrument, participants, responses, attendance, programme, choices, context
    ), findings


def _excluded(participants: pd.DataFrame, protocol: Protocol, findings: Findings) -> pd.Series:
    """Tell who is left out by the protocol's exclusions; one that names no child and no column is a finding."""
    out = pd.Series(False, index=participants.index)
    for k, rule in enumerate(protocol.exclusions):
        column, named = ("participant", rule.participant) if rule.participant else (rule.column, rule.column)
        known = list(participants["participant"]) if rule.participant else list(participants.columns)
        if named not in known:
            line = findings.line("protocol.yml", "exclusions", k)
            findings.error(
                "invalid_value", "protocol.yml", str(named), one_of(known[:20]), nearest(str(named), known),
                row=line, column=f"exclusions.{k}",
            )  # fmt: skip
            continue
        values, value = participants[column], rule.participant or rule.value
        numbers = pd.to_numeric(values, errors="coerce")
        if isinstance(value, float | int):
            out |= COMPARISONS[rule.op or "=="](numbers, value) & numbers.notna()
        else:
            out |= COMPARISONS[rule.op or "=="](values.astype(str), str(value)) & values.notna()
    return out


def _optional(path: Path, read: Callable[[Path], Content | None]) -> Content | None:
    return read(path) if path.exists() else None


def _read_participants(path: Path, protocol: Protocol | None, findings: Findings) -> pd.DataFrame | None:
    real = protocol is not None and protocol.study.provenance == "real"
    columns = Columns(("participant", "centre", *(CONSENT if real else ())), (("birth_date", "age"),), filled=True)
    table = read_table(path, columns, findings)
    if table is None:
        return None
    cells = Cells(path.name, table, findings)
    cells.convert("participant", str, EXPECTED_CODE, required=True)
    one_code = text("Dare a ogni ragazzo un codice suo.", "Give each child a code of its own.")
    cells.unique(["participant"], "duplicate_child", one_code)
    result = table.assign(participant=table["participant"].str.strip(), centre=table["centre"].str.strip())
    consent = {
        name: cells.convert(name, parse_yes, EXPECTED_YES, required=True, missing="consent_missing")
        for name in CONSENT
        if name in table
    }
    result = result.assign(**consent)
    result["consenting"] = np.all([[True] * len(table), *consent.values()], axis=0).astype(bool)
    for name in ("enrolled_on", "left_on"):
        if name in table:
            result[name] = cells.convert(name, parse_date, EXPECTED_DATE, kind="date", mend=mend_date)
    result["age"] = _ages(cells, protocol, result["consenting"].to_numpy())
    if protocol is not None:
        cells.known("centre", [protocol.centres.treated, protocol.centres.comparison], "unknown_centre")
        result["treated"] = result["centre"] == protocol.centres.treated
        result = type_covariates(result, Cells(path.name, table, findings), protocol, NO_COVARIATES)
        result["consenting"] &= ~_excluded(result, protocol, findings)
    cells.visible()
    return result


def _ages(cells: Cells, protocol: Protocol | None, consenting: NDArray[np.bool_]) -> list[float]:
    """Completed years at the first day of the programme where birth dates are given; else the ages as written.

    Of a child whose data may not be used, no age is asked.
    """
    given = [name for name in ("birth_date", "age") if name in cells.table]
    told = text("la data di nascita, o l'età nella colonna age", "the date of birth, or the age in a column age")
    cells.one_filled(given, consenting, told, text("Scrivere il valore.", "Write the value."))
    ages = cells.convert("age", parse_number, EXPECTED_NUMBER, empty=np.nan) if "age" in given else None
    if "birth_date" not in given:
        return ages or []
    born = cells.convert("birth_date", parse_date, EXPECTED_DATE, kind="date", mend=mend_date)
    start = protocol.programme.starts if protocol else None
    if protocol is not None and start is None:
        _ask_for_the_first_day(cells.findings)
    had = [np.nan if day is None or start is None else float(completed_years(day, start)) for day in born]
    if ages is None:
        return had
    _compare_ages(cells, had, ages)
    return np.where(np.isnan(had), ages, had).tolist()


def _ask_for_the_first_day(findings: Findings) -> None:
    expected = text("programme.from, per calcolare l'età", "programme.from, to compute ages")
    add, line = text("Aggiungere la data di inizio.", "Add the first day."), findings.line("protocol.yml", "programme")
    findings.error("missing_value", "protocol.yml", NOTHING, expected, add, row=line, column="programme.from")


def _compare_ages(cells: Cells, had: list[float], written: list[float]) -> None:
    """Warn of ages more than a year from that at the first day of the programme: they may be of another day of that year."""
    expected = text("l'età che segue dalla data di nascita", "the age that follows from the date of birth")
    action = text("Controllare età e data di nascita.", "Check the age and the date of birth.")
    for position in np.flatnonzero(np.abs(np.subtract(had, written)) > 1).tolist():
        age, computed = f"{written[position]:g}", f"{had[position]:g}"
        found = Words(f"{age}; dalla data di nascita {computed}", f"{age}; {computed} by the date of birth")
        cells.report(position, "age", "age_differs", found, expected, action, "warning")


def completed_years(born: dt.date, on: dt.date) -> int:
    """Return the birthdays had by `on`."""
    return on.year - born.year - ((on.month, on.day) < (born.month, born.day))


def _read_responses(
    path: Path,
    protocol: Protocol | None,
    instrument: Instrument | None,
    participants: pd.DataFrame | None,
    findings: Findings,
) -> pd.DataFrame | None:
    table = read_table(path, Columns(("participant", "wave", "item", "value"), filled=True), findings)
    if table is None:
        return None
    table = table.assign(rater=table.get("rater", ""))
    cells = Cells(path.name, table, findings)
    _must_take_part(cells, participants)
    cells.visible(but=(*CODES, "value", "answered_at", "seconds"))
    if protocol is not None:
        cells.known("wave", [wave.id for wave in protocol.waves], "unknown_wave")
    if instrument is not None:
        cells.known("item", instrument.ids, "unknown_item", beside=findings.aside["instrument.csv"])
    keep_one = text("Tenere una sola risposta.", "Keep one answer only.")
    cells.unique(["participant", "wave", "item", "rater"], "duplicate_answer", keep_one)
    value = cells.convert("value", parse_number, EXPECTED_NUMBER, empty=np.nan)
    if "answered_at" in table:
        cells.convert("answered_at", parse_moment, EXPECTED_MOMENT, kind="date", mend=mend_date)
    if "seconds" in table:
        cells.convert("seconds", _parse_seconds, EXPECTED_SECONDS)
    stripped = {name: table[name].str.strip() for name in ("participant", "wave", "item", "rater")}
    return table.assign(**stripped, value=np.array(value, dtype=float))


def _read_attendance(path: Path, participants: pd.DataFrame | None, findings: Findings) -> pd.DataFrame | None:
    table = read_table(path, Columns(("participant", "date", "activity", "hours"), filled=True), findings)
    if table is None:
        return None
    cells = Cells(path.name, table, findings)
    _must_take_part(cells, participants)
    dates = cells.convert("date", parse_date, EXPECTED_DATE, kind="date", mend=mend_date, required=True)
    a_day = text(
        f"ore da 0 a {HOURS_A_DAY}, con il punto decimale", f"hours from 0 to {HOURS_A_DAY}, with a decimal point"
    )
    hours = cells.convert("hours", _parse_hours, a_day, empty=np.nan, required=True)
    cells.visible(but=(*CODES, "date", "hours"))
    return table.assign(participant=table["participant"].str.strip(), date=dates, hours=np.array(hours, dtype=float))


def _read_programme(path: Path, findings: Findings) -> pd.DataFrame | None:
    table = read_table(path, Columns(PROGRAMME_COLUMNS, filled=True), findings)
    if table is not None:
        Cells(path.name, table, findings).visible()
    return table


def _must_take_part(cells: Cells, participants: pd.DataFrame | None) -> None:
    if participants is not None:
        listed = text("un codice di participants.csv", "a code of participants.csv")
        add = text("Correggere il codice, o aggiungere il partecipante.", "Correct the code, or add the participant.")
        names, beside = participants["participant"], cells.findings.aside["participants.csv"]
        cells.known("participant", names, "unknown_child", expected=listed, otherwise=add, tell=False, beside=beside)


def _parse_seconds(cell: str) -> float:
    seconds = parse_number(cell)
    if seconds < 0:
        raise ValueError(cell)
    return seconds


def _parse_hours(cell: str) -> float:
    hours = parse_number(cell)
    if not 0 <= hours <= HOURS_A_DAY:
        raise ValueError(cell)
    return hours
