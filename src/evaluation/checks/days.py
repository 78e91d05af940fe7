"""Days that do not fit: out of order, outside the programme, before enrolment, after leaving."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import pandas as pd

from evaluation.checks.found import Record, finding, records
from evaluation.checks.questionnaires import Sheets
from evaluation.language import text
from evaluation.study.findings import Finding, Words
from evaluation.study.folder import Study

CHECK_DATE = text("Controllare la data sull'originale.", "Check the date against the original.")
# Questionnaires are often filled in at the first and the last meetings: these weeks still count as before and after.
GRACE = dt.timedelta(days=7)
BEFORE = ("pre_baseline", "baseline")
LEFT = "left_on"


def dates_in_order(study: Study) -> Iterator[Finding]:
    """Children enrolled before they were born, or who left before they were enrolled."""
    children = study.participants
    days = {name: _timestamps(children, name) for name in ("birth_date", "enrolled_on", LEFT)}
    for earlier, later in (("birth_date", "enrolled_on"), ("enrolled_on", LEFT), ("birth_date", LEFT)):
        expected = text(f"{earlier} prima di {later}", f"{earlier} before {later}")
        for record in records(children[days[later] < days[earlier]]):
            found = f"{record[earlier]} > {record[later]}"
            yield finding("date_order", "participants.csv", record, later, found, expected, CHECK_DATE)


def enrolled_too_late(study: Study) -> Iterator[Finding]:
    """Children enrolled after the last day of the programme."""
    last = study.protocol.programme.ends
    if last is None:
        return
    children = study.participants
    expected = text(f"un giorno fino al {last}", f"a day until {last}")
    for record in records(children[_timestamps(children, "enrolled_on") > pd.Timestamp(last)]):
        found = str(record["enrolled_on"])
        yield finding("outside_programme", "participants.csv", record, "enrolled_on", found, expected, CHECK_DATE)


def attended_outside_programme(study: Study) -> Iterator[Finding]:
    """Hours on days before the first or after the last day of the programme."""
    if study.attendance is None:
        return
    first, last = study.protocol.programme.starts, study.protocol.programme.ends
    day = pd.to_datetime(study.attendance["date"], errors="coerce")
    outside = (day < pd.Timestamp(first or dt.date.min)) if first else pd.Series(False, index=day.index)
    outside |= (day > pd.Timestamp(last)) if last else False
    expected = text(f"un giorno dal {first or '…'} al {last or '…'}", f"a day from {first or '…'} to {last or '…'}")
    for record in records(study.attendance[outside]):
        yield finding("outside_programme", "attendance.csv", record, "date", str(record["date"]), expected, CHECK_DATE)


def attended_after_leaving(study: Study) -> Iterator[Finding]:
    """Hours on days after the child left."""
    if study.attendance is None:
        return
    day = pd.to_datetime(study.attendance["date"], errors="coerce")
    gone = _of_child(study, LEFT, study.attendance["participant"])
    expected = text("nessuna presenza dopo il giorno dell'uscita", "no attendance after the day of leaving")
    action = text("Controllare la presenza, o la data di uscita.", "Check the attendance, or the day of leaving.")
    for record in records(study.attendance.assign(gone=gone)[day > gone]):
        yield finding("after_leaving", "attendance.csv", record, "date", _left(record, "date"), expected, action)


def waves_in_order(_: Study, sheets: Sheets) -> Iterator[Finding]:
    """Sheets of a later wave answered on an earlier day than a sheet of an earlier wave, by the same child."""
    about = sheets.about.sort_values("place", kind="stable")
    so_far = about.groupby("participant")["last_day"].cummax().groupby(about["participant"])
    latest = so_far.ffill().groupby(about["participant"]).shift()
    expected = text("un giorno dopo quello della rilevazione precedente", "a day after that of the wave before")
    action = text(
        "Controllare date e rilevazioni: answered_at è il giorno della risposta, non quello dell'inserimento.",
        "Check dates and waves: answered_at is the day of answering, not that of data entry.",
    )
    for record in records(about.assign(before=latest)[about["first_day"] < latest]):
        found = Words(*(
            f"{record['wave']}: {record['first_day']:%Y-%m-%d}, {word} {record['before']:%Y-%m-%d}"
            for word in ("rilevazione precedente:", "wave before:")
        ))  # fmt: skip
        yield finding("wave_order", "responses.csv", record, "answered_at", found, expected, action)


def sheets_outside_their_period(study: Study, sheets: Sheets) -> Iterator[Finding]:
    """Baselines answered when the programme was under way, later waves before its end, anything after the report.

    The first and the last week of the programme are left to either side: questionnaires are often filled in at the first and
    at the last meetings. A baseline more than two years old is taken for a mistyped year.
    """
    about, plan = sheets.about, study.protocol.programme
    for wave in study.protocol.waves:
        first, last = None, study.protocol.study.report_date
        if wave.role in BEFORE and plan.starts is not None:
            first = plan.starts - dt.timedelta(days=730) if wave.role == "baseline" else None
            last = plan.starts + GRACE
        elif wave.role not in BEFORE and plan.ends is not None:
            first = plan.ends - GRACE
        mine = about[about["wave"] == wave.id]
        early = mine["first_day"] < pd.Timestamp(first) if first else pd.Series(False, index=mine.index)
        late = mine["last_day"] > pd.Timestamp(last) if last else pd.Series(False, index=mine.index)
        expected = text(
            f"{wave.id} dal {first or '…'} al {last or '…'}", f"{wave.id} from {first or '…'} to {last or '…'}"
        )
        for record, is_early in zip(records(mine[early | late]), early[early | late], strict=True):
            day = f"{record['first_day' if is_early else 'last_day']:%Y-%m-%d}"
            yield finding("wave_dates", "responses.csv", record, "answered_at", day, expected, CHECK_DATE)


def answered_before_enrolment(study: Study, sheets: Sheets) -> Iterator[Finding]:
    """Sheets answered before the child was enrolled."""
    enrolled = _of_child(study, "enrolled_on", sheets.about["participant"])
    expected = text("nessuna risposta prima dell'iscrizione", "no answer before enrolment")
    for record in records(sheets.about.assign(day=enrolled)[sheets.about["first_day"] < enrolled]):
        found = f"{record['first_day']:%Y-%m-%d} < {record['day']:%Y-%m-%d}"
        yield finding("before_enrolment", "responses.csv", record, "answered_at", found, expected, CHECK_DATE)


def answered_after_leaving(study: Study, sheets: Sheets) -> Iterator[Finding]:
    """Sheets answered after the child left.

    Where no day is told, a sheet of a wave after the programme counts as answered in its last week at the earliest.
    """
    about, ends = sheets.about, study.protocol.programme.ends
    after = [wave.id for wave in study.protocol.waves if wave.role not in BEFORE]
    day = about["last_day"]
    if ends is not None:
        day = day.where(day.notna() | ~about["wave"].isin(after), pd.Timestamp(ends - GRACE))
    gone = _of_child(study, LEFT, about["participant"])
    expected = text("nessuna risposta dopo il giorno dell'uscita", "no answer after the day of leaving")
    action = text(
        "Controllare la data di uscita; se la risposta è stata chiesta apposta, non c'è nulla da fare.",
        "Check the day of leaving; if the answers were asked for on purpose, there is nothing to do.",
    )
    late = about.assign(gone=gone, day=about["last_day"])[(day > gone) & (about["answered"] > 0)]
    column = "answered_at" if "answered_at" in study.responses else ""
    for record in records(late):
        yield finding("after_leaving", "responses.csv", record, column, _left(record, "day"), expected, action)


def _timestamps(table: pd.DataFrame, name: str) -> pd.Series:
    """Return a column of days; NaT where there is no such column, no day, or one that was not read."""
    days = table[name] if name in table else pd.Series(pd.NaT, index=table.index)
    return pd.to_datetime(days, format="%Y-%m-%d", errors="coerce")


def _of_child(study: Study, name: str, codes: pd.Series) -> pd.Series:
    """Return a day of the child in each row of `codes`; NaT where there is none."""
    children = study.participants.drop_duplicates("participant")
    return _timestamps(children, name).set_axis(children["participant"]).reindex(codes).set_axis(codes.index)


def _left(record: Record, name: str) -> str:
    day = record[name]
    shown = {"it": "senza data", "en": "no date"} if pd.isna(day) else dict.fromkeys(("it", "en"), f"{day:%Y-%m-%d}")
    gone = f"{record['gone']:%Y-%m-%d}"
    return Words(f"{shown['it']}, uscita {gone}", f"{shown['en']}, left {gone}")
