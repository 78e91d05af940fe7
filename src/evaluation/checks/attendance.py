"""The register: too many hours, days written twice, and children of the other centre."""

from __future__ import annotations

from collections.abc import Iterator

from evaluation.checks.found import finding, records
from evaluation.checks.kinds import KINDS
from evaluation.language import text
from evaluation.study.findings import Finding, Words
from evaluation.study.folder import HOURS_A_DAY, Study
from evaluation.study.tables import ROW

FILE = "attendance.csv"
CHECK_REGISTER = text("Controllare il registro.", "Check the register.")


def too_many_hours(study: Study) -> Iterator[Finding]:
    """Children with more hours than were planned."""
    planned = study.protocol.programme.planned_hours
    if study.attendance is None or planned is None:
        return
    hours = study.attendance.groupby("participant")["hours"].sum()
    expected = text(f"al più {planned:g} ore", f"{planned:g} hours at most")
    level = KINDS["hours"].level
    for child, total in hours[hours > planned].items():
        found = Words.number(total)
        yield Finding(level, "hours", FILE, found, expected, CHECK_REGISTER, column="hours", child=str(child))


def more_than_a_day(study: Study) -> Iterator[Finding]:
    """Days on which the hours of a child add up to more than a day has."""
    if study.attendance is None:
        return
    total = study.attendance.groupby(["participant", "date"], sort=False)["hours"].transform("sum")
    over = study.attendance.assign(total=total)[total > HOURS_A_DAY]
    expected = text(f"al più {HOURS_A_DAY} ore al giorno", f"{HOURS_A_DAY} hours a day at most")
    for record in records(over.drop_duplicates(["participant", "date"], keep="last")):
        yield finding("hours_a_day", FILE, record, "hours", Words.number(record["total"]), expected, CHECK_REGISTER)


def written_twice(study: Study) -> Iterator[Finding]:
    """The same child, day and activity in two rows: the hours count twice."""
    if study.attendance is None:
        return
    keys = ["participant", "date", "activity"]
    rows = study.attendance[study.attendance["date"].notna()]
    first = rows.groupby(keys, sort=False)[ROW].transform("first")
    expected = text("una riga per partecipante, giorno e attività", "one row a participant, day and activity")
    action = text("Tenere una sola riga, se è la stessa presenza.", "Keep one row if it is the same attendance.")
    for record in records(rows.assign(first=first)[first < rows[ROW]]):
        found = f"{record['date']}: {record['first']}, {record[ROW]}"
        yield finding("duplicate_attendance", FILE, record, "date", found, expected, action)


def of_the_comparison(study: Study) -> Iterator[Finding]:
    """Children of the comparison centre with hours of the programme: one finding a child."""
    if study.attendance is None:
        return
    comparison = study.protocol.centres.comparison
    children = set(study.participants["participant"][study.participants["centre"] == comparison])
    expected = text("presenze solo nel centro trattato", "attendance at the treated centre only")
    action = text(
        "Controllare il centro del partecipante; se ha frequentato davvero, dirlo nel rapporto.",
        "Check the participant's centre; a child who did attend belongs in the report.",
    )
    rows = study.attendance[study.attendance["participant"].isin(children)]
    for record in records(rows.drop_duplicates("participant")):
        yield finding("comparison_attendance", FILE, record, "participant", comparison, expected, action)


def other_centre(study: Study) -> Iterator[Finding]:
    """Rows of answers or attendance that name another centre than participants.csv: one finding a child and file."""
    children = study.participants.drop_duplicates("participant")
    centre = children.set_index("participant")["centre"]
    action = text("Correggere il centro dove è sbagliato.", "Correct the centre where it is wrong.")
    for file, table in (("responses.csv", study.responses), (FILE, study.attendance)):
        if table is None or "centre" not in table:
            continue
        named, own = table["centre"].str.strip(), table["participant"].map(centre)
        wrong = table.assign(own=own)[own.notna() & (named != "") & (named != own)]
        for record in records(wrong.drop_duplicates("participant")):
            expected = text(f"{record['own']}, come in participants.csv", f"{record['own']}, as in participants.csv")
            yield finding("centre_mismatch", file, record, "centre", str(record["centre"]).strip(), expected, action)
