"""Signatures of further form builders, one header row each: Typeform, Jotform, EUSurvey, Moodle's questionnaire and feedback."""

from __future__ import annotations

from dataclasses import replace

from evaluation.intake.exports.layouts import Layout, Mark, header, keys, roles
from evaluation.intake.exports.platforms import PRIVATE
from evaluation.intake.exports.sheets import Sheet

TYPEFORM = {"#", "Network ID", "Submit Date (UTC)"}
JOTFORM_DATES = ("MMM D, YYYY", "MMM D, YYYY h:mm:ss A", "MM/DD/YYYY HH:mm:ss", "DD/MM/YYYY HH:mm:ss")
CONTRIBUTION = ("Contribution ID", "ID contributo", "ID del contributo")
EUSURVEY_DATES = ("DD/MM/YYYY HH:mm:ss", "DD/MM/YYYY HH:mm")
PREAMBLE = 10  # rows above the header of EUSurvey's workbooks at most: alias, date of the export
QUESTIONNAIRE = (("Response", "Submitted on:"), ("Risposta", "Inviato il:"), ("Risposta", "Inviata il:"))
MOODLE_DATES = ("DD/MM/YYYY HH:mm:ss", "D/MM/YY, HH:mm", "DD/MM/YYYY HH:mm")
FEEDBACK_DATES = ("dddd, D MMMM YYYY, h:mm A", "dddd, D MMMM YYYY, HH:mm", *MOODLE_DATES)
FEEDBACK = (("Full name", "Date"), ("Nome", "Data"), ("Response number", "Date"), ("Numero risposta", "Data"))
INCOMPLETE = frozenset({"n", "no"})


def typeform(sheet: Sheet, *, forced: bool = False) -> Layout | None:
    """`#` first, Network ID, times in UTC; a column for each choice, which holds its words where it was chosen."""
    names = header(sheet)
    if not names or not (forced or set(names) >= TYPEFORM):
        return None
    when = roles(names, answered=("Submit Date (UTC)",), started=("Start Date (UTC)",))
    status = [Mark(name, frozenset({"partial", "started"})) for name in names if name == "Response Type"]
    return Layout(
        "typeform", sheet, keys(names), tuple(names), roles=when, private=PRIVATE | {"Network ID"}, zone="UTC",
        response=("#",), unfinished=tuple(status),
    )  # fmt: skip


def jotform(sheet: Sheet, *, forced: bool = False) -> Layout | None:
    """Submission Date first, and Submission ID; several answers in a cell are parted by line ends."""
    names = header(sheet)
    if not names or not (forced or (names[0] == "Submission Date" and "Submission ID" in names)):
        return None
    return Layout(
        "jotform", sheet, keys(names), tuple(names), roles=roles(names, answered=("Submission Date",)),
        private=PRIVATE | {"Submission IP", "IP"}, formats=JOTFORM_DATES, response=("Submission ID",),
    )  # fmt: skip


def eusurvey(sheet: Sheet, *, forced: bool = False) -> Layout | None:
    """A header row with Contribution ID, below a few rows that tell the survey."""
    rows = (k for k in range(min(PREAMBLE, len(sheet.rows))) if set(CONTRIBUTION) & set(header(sheet, k)))
    place = next(rows, 0 if forced and header(sheet) else None)
    if place is None:
        return None
    names = header(sheet, place)
    when = roles(names, answered=("Last update", "Ultimo aggiornamento", "Creation date", "Data di creazione"))
    identified = tuple(roles(names, response=CONTRIBUTION).values())
    return Layout(
        "eusurvey", replace(sheet, rows=sheet.rows[place:], first=sheet.first + place), keys(names), tuple(names), roles=when,
        private=PRIVATE | {"User name", "Invitation number"}, formats=EUSURVEY_DATES, response=identified,
    )  # fmt: skip


def moodle_questionnaire(sheet: Sheet, *, forced: bool = False) -> Layout | None:
    """Response and Submitted on first; then who answered, and the questions."""
    names = header(sheet)
    if not names or not (forced or tuple(names[:2]) in QUESTIONNAIRE):
        return None
    when = roles(names, answered=[second for _, second in QUESTIONNAIRE])
    complete = [Mark(name, INCOMPLETE) for name in names if name in ("Complete", "Completo")]
    response = tuple(name for name in names[:1] if name in {first for first, _ in QUESTIONNAIRE})
    return Layout(
        "moodle_questionnaire", sheet, keys(names), tuple(names), roles=when, private=PRIVATE | {"Full name", "Nome completo"},
        formats=MOODLE_DATES, response=response, unfinished=tuple(complete),
    )  # fmt: skip


def moodle_feedback(sheet: Sheet, *, forced: bool = False) -> Layout | None:
    """Full name and Date first, or the response's number where names are not told."""
    names = header(sheet)
    if not names or not (forced or tuple(names[:2]) in FEEDBACK):
        return None
    when = {"answered": names[1]} if tuple(names[:2]) in FEEDBACK else {}
    return Layout(
        "moodle_feedback", sheet, keys(names), tuple(names), roles=when, private=PRIVATE | {"Full name"},
        formats=FEEDBACK_DATES,
    )  # fmt: skip
