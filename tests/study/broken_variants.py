"""Makes broken variants of a small valid study, each with the places where its defects must be found.

A defect breaks the study in one way and says which finding it must give; a form writes the same tables in another valid way
(line ends, quotes, blank rows, moved columns) and knows where each cell then stands. Everything follows from the seed.
"""

from __future__ import annotations

import csv
import io
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

PROTOCOL = """\
format: 1
study: {id: small, title: {it: Studio piccolo, en: Small study}, provenance: synthetic, report_date: 2023-09-30}
centres: {treated: north, comparison: south}
waves:
  - {id: t0, role: baseline}
  - {id: t1, role: endline}
programme: {planned_hours: 40, from: 2023-03-06, to: 2023-06-30}
population: {age: [11, 17]}
outcomes:
  - {id: skills, role: primary, kind: composite, of: [making, worry], scale: baseline_sd}
  - {id: making, role: secondary, kind: scale}
  - {id: worry, role: secondary, kind: scale, direction: lower}
  - {id: travel, role: placebo, kind: measure, unit: minutes}
covariates: [age, sex]
"""
CONTRACT = """\
format: 1
contract: {id: c, version: "1", status: demonstration, fictional: true, currency: EUR, effective: 2023-03-01}
parties:
  - {id: payer, role: outcome_payer, name: Payer}
metrics:
  - {id: m, label: {it: Abilità, en: Skills}, unit: baseline SD, direction: higher, outcome: skills, wave: t1}
decision:
  - {metric: m, statistic: point}
rules:
  - {id: r, metric: m, formula: {per_unit: {price: 1000}}}
limits: {total_cap: 5000, carry_forward: false}
schedule:
  - {period: "2023", from: 2023-03-06, to: 2023-07-31, claim_days: 30, verify_days: 60, pay_days: 30}
dispute: {window_days: 30, reanalysis_tolerance: 0.000001, pay_undisputed: true}
rounding: {mode: half_even, decimals: 2}
"""
REVERSED = {"making_3", "making_5", "worry_2"}
ITEMS = [f"{scale}_{k}" for scale in ("making", "worry") for k in range(1, 7)]
DAYS = {"t0": "2023-03-01T15:30", "t1": "2023-07-03T16:10"}
CSV_FILES = ("instrument.csv", "participants.csv", "responses.csv", "attendance.csv", "programme.csv")
Table = list[list[str]]


@dataclass(frozen=True)
class Place:
    """A finding that must be told: rows as in the table (the header is 1), before a form moves them."""

    kind: str
    file: str
    row: int | None = None
    column: str = ""
    child: str = ""


@dataclass
class Small:
    """The tables of the study, and what breaks them. `taken` children have a defect already."""

    draw: random.Random
    tables: dict[str, Table]
    texts: dict[str, str] = field(default_factory=lambda: {"protocol.yml": PROTOCOL, "contract.yml": CONTRACT})
    raw: dict[str, bytes | None] = field(default_factory=dict)  # a file as bytes, after any form; None: no such file
    taken: set[str] = field(default_factory=set)

    def child(self, centre: str = "") -> str:
        """Take a child who has no defect yet, of a centre or of either."""
        free = [
            row[0]
            for row in self.tables["participants.csv"][1:]
            if row[1].startswith(centre) and row[0] not in self.taken
        ]
        chosen = self.draw.choice(free)
        self.taken.add(chosen)
        return chosen

    def rows(self, file: str, *start: str) -> list[int]:
        """The rows whose first cells are `start`."""
        found = [k for k, row in enumerate(self.tables[file], 1) if row[: len(start)] == list(start)]
        assert found, (file, start)
        return found

    def put(self, file: str, row: int, column: str, value: str) -> None:
        """Set a cell."""
        table = self.tables[file]
        table[row - 1][table[0].index(column)] = value

    def get(self, file: str, row: int, column: str) -> str:
        """Read a cell."""
        table = self.tables[file]
        return table[row - 1][table[0].index(column)]

    def append(self, file: str, *cells: str) -> int:
        """Add a row, and return its number."""
        self.tables[file].append(list(cells))
        return len(self.tables[file])

    def drop(self, file: str, keep: Callable[[list[str]], bool]) -> None:
        """Keep the header and some rows."""
        header, *rows = self.tables[file]
        self.tables[file] = [header, *filter(keep, rows)]


def small_study(seed: int = 0) -> Small:
    """Return the valid study: 24 children, two waves, two scales that hang together, one measure."""
    rng = np.random.default_rng(seed)
    children = [f"{centre[0].upper()}{k:02}" for centre in ("north", "south") for k in range(1, 13)]
    participants = [
        ["participant", "centre", "birth_date", "sex", "guardian_consent", "assent", "enrolled_on", "left_on"]
    ]
    responses = [["participant", "wave", "item", "value", "answered_at", "seconds"]]
    for k, code in enumerate(children):
        centre = "north" if code[0] == "N" else "south"
        participants.append(
            [code, centre, f"{2007 + k % 5}-05-{k + 1:02}", "FM"[k % 2], "yes", "yes", "2023-02-01", ""]
        )
        for wave, day in DAYS.items():
            latent = np.repeat(rng.normal(size=2), 6)
            signs = np.array([-1 if item in REVERSED else 1 for item in ITEMS])
            scores = np.clip(np.rint(3 + 1.2 * signs * latent + rng.normal(scale=0.6, size=12)), 1, 5).astype(int)
            seconds = str(int(rng.integers(200, 500)))
            answers = dict(zip(ITEMS, map(str, scores), strict=True)) | {"travel": str(int(rng.integers(5, 60)))}
            responses += [[code, wave, item, value, day, seconds] for item, value in answers.items()]
    instrument = [["item", "scale", "minimum", "maximum", "reverse", "wording_it", "wording_en"]]
    instrument += [
        [item, item[:-2], "1", "5", "yes" if item in REVERSED else "no", f"Domanda {item}, è così?", f"Question {item}"]
        for item in ITEMS
    ]
    instrument.append(["travel", "", "0", "", "no", "Minuti", "Minutes"])
    attendance = [["participant", "date", "activity", "hours"]]
    attendance += [[code, f"2023-03-{day:02}", "lab", "2.5"] for code in children if code[0] == "N" for day in (8, 10)]
    programme = [["project", "indicator_it", "indicator_en", "kind", "value", "unit", "period", "source", "flag"]]
    programme.append(["small", "Ore", "Hours", "target", "40", "h", "2023", "plan", ""])
    tables = dict(zip(CSV_FILES, (instrument, participants, responses, attendance, programme), strict=True))
    return Small(random.Random(seed), tables)  # noqa: S311


# Forms: valid ways to write the same tables ------------------------------------------------------------------------


@dataclass(frozen=True)
class Form:
    """How tables are written: line ends, byte order mark, quotes, blank rows, moved columns, cells padded with blanks."""

    name: str
    end: str = "\n"
    bom: bool = False
    quoting: int = csv.QUOTE_MINIMAL
    blank_every: int = 0
    blank: str = ""
    turn: int = 0
    pad: str = ""
    trailing: int = 0

    def order(self, table: Table) -> list[int]:
        """The columns in the order in which they are written."""
        places = list(range(len(table[0])))
        return places[self.turn :] + places[: self.turn]

    def row(self, row: int) -> int:
        """Where a row of the table is written."""
        return row + (row - 1) // self.blank_every if self.blank_every else row

    def write(self, table: Table) -> bytes:
        """The bytes of a table."""
        out = io.StringIO()
        writer = csv.writer(out, lineterminator=self.end, quoting=self.quoting)
        order = self.order(table)
        for number, row in enumerate(table, 1):
            cells = [row[place] for place in order if place < len(row)] + row[len(order) :]
            writer.writerow([f"{self.pad}{cell}{self.pad}" for cell in cells] + [""] * self.trailing)
            if self.blank_every and number % self.blank_every == 0:
                out.write(self.blank * (len(order) - 1) + self.end)
        return ("\ufeff" * self.bom + out.getvalue()).encode()


FORMS = (
    Form("plain"),
    Form("windows", end="\r\n", bom=True),
    Form("quoted", quoting=csv.QUOTE_ALL, turn=1),
    Form("blank lines", blank_every=7),
    Form("blank rows of commas", blank_every=5, blank=",", end="\r\n"),
    Form("moved columns", turn=2),
    Form("padded cells", pad=" ", turn=3),
    Form("trailing commas", trailing=3, bom=True),
)


# Defects -----------------------------------------------------------------------------------------------------------

Defect = Callable[[Small], list[Place]]
LOCAL: list[Defect] = []  # one child, one cell or sheet: these go together
GLOBAL: list[Defect] = []


def local(defect: Defect) -> Defect:
    LOCAL.append(defect)
    return defect


def whole(defect: Defect) -> Defect:
    GLOBAL.append(defect)
    return defect


def _answer(value: str, kind: str, name: str) -> None:
    def defect(study: Small) -> list[Place]:
        child, item = study.child(), study.draw.choice(ITEMS)
        (row,) = study.rows("responses.csv", child, study.draw.choice(list(DAYS)), item)
        study.put("responses.csv", row, "value", value)
        return [Place(kind, "responses.csv", row, "value", child)]

    defect.__name__ = name
    local(defect)


for value, kind, name in (
    ("6", "range", "too_high"), ("0", "range", "too_low"), ("55", "range", "a_key_pressed_twice"), ("-3", "range", "negative"),
    ("3,5", "invalid_value", "decimal_comma"), ("tre", "invalid_value", "a_word"), ("nan", "invalid_value", "nan"),
    ("1e999", "invalid_value", "infinite"), ("=1+1", "invalid_value", "formula"), ("4.5", "unknown_code", "between_steps"),
    ("<b>4</b>", "invalid_value", "markup"), ("4 ?", "invalid_value", "doubt"), ("٣", "invalid_value", "other_digits"),
):  # fmt: skip
    _answer(value, kind, name)


def _cell(file: str, column: str, value: str, kind: str, name: str, centre: str = "") -> None:
    def defect(study: Small) -> list[Place]:
        child = study.child(centre)
        row = study.draw.choice(study.rows(file, child))
        study.put(file, row, column, value)
        return [Place(kind, file, row, column, child)]

    defect.__name__ = name
    local(defect)


for file, column, value, kind, name, centre in (
    ("responses.csv", "item", "making_9", "unknown_item", "item_nobody_asked", ""),
    ("responses.csv", "wave", "t2", "unknown_wave", "wave_nobody_planned", ""),
    ("responses.csv", "wave", " ", "missing_value", "no_wave", ""),
    ("responses.csv", "answered_at", "01/03/2023 15:30", "date", "italian_moment", ""),
    ("responses.csv", "answered_at", "2023-03-01T25:30", "date", "hour_25", ""),
    ("responses.csv", "answered_at", "2023-02-29", "date", "february_29", ""),
    ("responses.csv", "seconds", "-5", "invalid_value", "negative_seconds", ""),
    ("responses.csv", "seconds", "5 min", "invalid_value", "minutes_in_words", ""),
    ("participants.csv", "centre", "est", "unknown_centre", "third_centre", "south"),
    ("participants.csv", "guardian_consent", "", "consent_missing", "no_consent_recorded", ""),
    ("participants.csv", "assent", "", "consent_missing", "no_assent_recorded", ""),
    ("participants.csv", "assent", "sì", "invalid_value", "assent_in_italian", ""),
    ("participants.csv", "birth_date", "2010-02-30", "date", "february_30", ""),
    ("participants.csv", "birth_date", "03/04/2010", "date", "march_or_april", ""),
    ("participants.csv", "birth_date", "2010-3-4", "date", "no_zeros", ""),
    ("participants.csv", "birth_date", "40273", "date", "spreadsheet_day_number", ""),
    ("participants.csv", "birth_date", "1981-05-02", "age", "an_adult", ""),
    ("participants.csv", "birth_date", "2019-05-02", "age", "an_infant", ""),
    ("participants.csv", "birth_date", " ", "missing_value", "no_birth_date", ""),
    ("participants.csv", "enrolled_on", "1 feb 2023", "date", "month_in_words", ""),
    ("participants.csv", "left_on", "30.06.2023", "date", "points_between", ""),
    ("attendance.csv", "date", "8/3/2023", "date", "short_date", "north"),
    ("attendance.csv", "date", "", "missing_value", "no_date", "north"),
    ("attendance.csv", "date", "2022-03-08", "outside_programme", "last_year", "north"),
    ("attendance.csv", "date", "2023-07-12", "outside_programme", "after_the_end", "north"),
    ("attendance.csv", "hours", "25", "invalid_value", "hour_of_25", "north"),
    ("attendance.csv", "hours", "-2", "invalid_value", "negative_hours", "north"),
    ("attendance.csv", "hours", "2,5", "invalid_value", "hours_with_comma", "north"),
    ("attendance.csv", "hours", "", "missing_value", "no_hours", "north"),
):  # fmt: skip
    _cell(file, column, value, kind, name, centre)


@local
def child_nobody_enrolled(study: Small) -> list[Place]:
    child = study.child()
    row = study.draw.choice(study.rows("responses.csv", child))
    study.put("responses.csv", row, "participant", "X99")
    return [Place("unknown_child", "responses.csv", row, "participant", "X99")]


@local
def attendance_of_nobody(study: Small) -> list[Place]:
    row = study.append("attendance.csv", "X98", "2023-03-15", "lab", "2")
    return [Place("unknown_child", "attendance.csv", row, "participant", "X98")]


@local
def answer_twice(study: Small) -> list[Place]:
    child = study.child()
    first = study.draw.choice(study.rows("responses.csv", child))
    row = study.append("responses.csv", *study.tables["responses.csv"][first - 1])
    return [Place("duplicate_answer", "responses.csv", row, "", child)]


@local
def child_twice(study: Small) -> list[Place]:
    child = study.child()
    (first,) = study.rows("participants.csv", child)
    row = study.append("participants.csv", *study.tables["participants.csv"][first - 1])
    return [Place("duplicate_child", "participants.csv", row, "participant", child)]


@local
def refusal(study: Small) -> list[Place]:
    child = study.child()
    (row,) = study.rows("participants.csv", child)
    study.put("participants.csv", row, study.draw.choice(["guardian_consent", "assent"]), "no")
    return [Place("consent", "responses.csv", study.rows("responses.csv", child)[0], "", child)]


@local
def enrolled_after_the_end(study: Small) -> list[Place]:
    child = study.child()
    (row,) = study.rows("participants.csv", child)
    study.put("participants.csv", row, "enrolled_on", "2023-07-01")
    sheet = study.rows("responses.csv", child, "t0")[0]
    return [
        Place("outside_programme", "participants.csv", row, "enrolled_on", child),
        Place("before_enrolment", "responses.csv", sheet, "answered_at", child),
    ]


@local
def enrolled_late(study: Small) -> list[Place]:
    child = study.child()
    study.put("participants.csv", study.rows("participants.csv", child)[0], "enrolled_on", "2023-03-20")
    return [
        Place("before_enrolment", "responses.csv", study.rows("responses.csv", child, "t0")[0], "answered_at", child)
    ]


@local
def left_before_enrolment(study: Small) -> list[Place]:
    child = study.child("south")
    (row,) = study.rows("participants.csv", child)
    study.put("participants.csv", row, "left_on", "2022-12-01")
    sheets = [study.rows("responses.csv", child, wave)[0] for wave in DAYS]
    return [Place("date_order", "participants.csv", row, "left_on", child)] + [
        Place("after_leaving", "responses.csv", sheet, "answered_at", child) for sheet in sheets
    ]


@local
def answered_after_leaving(study: Small) -> list[Place]:
    child = study.child()
    study.put("participants.csv", study.rows("participants.csv", child)[0], "left_on", "2023-05-10")
    return [Place("after_leaving", "responses.csv", study.rows("responses.csv", child, "t1")[0], "answered_at", child)]


@local
def attended_after_leaving(study: Small) -> list[Place]:
    child = study.child("north")
    study.put("participants.csv", study.rows("participants.csv", child)[0], "left_on", "2023-03-09")
    study.drop("responses.csv", lambda row: row[:2] != [child, "t1"])
    return [
        Place("after_leaving", "attendance.csv", study.rows("attendance.csv", child, "2023-03-10")[0], "date", child)
    ]


def _sheet(study: Small, child: str, wave: str, column: str, value: str) -> int:
    rows = study.rows("responses.csv", child, wave)
    for row in rows:
        study.put("responses.csv", row, column, value)
    return rows[0]


@local
def waves_swapped(study: Small) -> list[Place]:
    child = study.child()
    first = _sheet(study, child, "t1", "answered_at", "2023-02-20T15:00")
    return [
        Place("wave_order", "responses.csv", first, "answered_at", child),
        Place("wave_dates", "responses.csv", first, "answered_at", child),
    ]


@local
def baseline_in_may(study: Small) -> list[Place]:
    child = study.child()
    return [
        Place(
            "wave_dates", "responses.csv", _sheet(study, child, "t0", "answered_at", "2023-05-10"), "answered_at", child
        )
    ]


@local
def endline_after_the_report(study: Small) -> list[Place]:
    child = study.child()
    first = _sheet(study, child, "t1", "answered_at", "2032-07-03T16:10")
    return [Place("wave_dates", "responses.csv", first, "answered_at", child)]


@local
def ten_seconds(study: Small) -> list[Place]:
    child, wave = study.child(), study.draw.choice(list(DAYS))
    return [Place("completion_time", "responses.csv", _sheet(study, child, wave, "seconds", "10"), "seconds", child)]


@local
def three_days(study: Small) -> list[Place]:
    child, wave = study.child(), study.draw.choice(list(DAYS))
    return [
        Place("completion_time", "responses.csv", _sheet(study, child, wave, "seconds", "260000"), "seconds", child)
    ]


@local
def no_answers_at_all(study: Small) -> list[Place]:
    child = study.child()
    study.drop("responses.csv", lambda row: row[0] != child)
    return [Place("no_answers", "participants.csv", study.rows("participants.csv", child)[0], "participant", child)]


@local
def no_endline(study: Small) -> list[Place]:
    child, wave = study.child(), study.draw.choice(list(DAYS))
    study.drop("responses.csv", lambda row: row[:2] != [child, wave])
    return [Place("missing_wave", "participants.csv", study.rows("participants.csv", child)[0], "participant", child)]


@local
def too_many_hours(study: Small) -> list[Place]:
    child = study.child("north")
    for day in (13, 15, 17):
        study.append("attendance.csv", child, f"2023-03-{day}", "lab", "12")
    return [Place("hours", "attendance.csv", None, "hours", child)]


@local
def two_days_in_one(study: Small) -> list[Place]:
    child = study.child("north")
    study.append("attendance.csv", child, "2023-03-13", "lab", "13")
    row = study.append("attendance.csv", child, "2023-03-13", "camp", "13")
    return [Place("hours_a_day", "attendance.csv", row, "hours", child)]


@local
def attendance_twice(study: Small) -> list[Place]:
    child = study.child("north")
    row = study.append("attendance.csv", child, "2023-03-10", "lab", "2.5")
    return [Place("duplicate_attendance", "attendance.csv", row, "date", child)]


@local
def attendance_of_the_comparison(study: Small) -> list[Place]:
    child = study.child("south")
    row = study.append("attendance.csv", child, "2023-03-10", "lab", "2.5")
    return [Place("comparison_attendance", "attendance.csv", row, "participant", child)]


@whole
def always_four(study: Small) -> list[Place]:
    child, wave = study.child(), study.draw.choice(list(DAYS))
    rows = study.rows("responses.csv", child, wave)
    for row in rows[:12]:
        study.put("responses.csv", row, "value", "4")
    return [Place("straight_lining", "responses.csv", rows[0], "value", child)]


@whole
def a_copied_questionnaire(study: Small) -> list[Place]:
    children, wave = sorted([study.child(), study.child()]), study.draw.choice(list(DAYS))
    first, copy = (study.rows("responses.csv", child, wave) for child in children)
    for origin, row in zip(first, copy, strict=True):
        study.put("responses.csv", row, "value", study.get("responses.csv", origin, "value"))
    return [Place("identical_sheets", "responses.csv", copy[0], "value", children[1])]


@whole
def reversed_or_not(study: Small) -> list[Place]:
    row = study.draw.randrange(2, 14)
    now = study.get("instrument.csv", row, "reverse")
    study.put("instrument.csv", row, "reverse", {"yes": "no", "no": "yes"}[now])
    return [Place("reversed_item", "instrument.csv", row, "reverse")]


@whole
def reversed_by_the_tool(study: Small) -> list[Place]:
    item = study.draw.choice(sorted(REVERSED))
    for row in range(2, len(study.tables["responses.csv"]) + 1):
        if study.get("responses.csv", row, "item") == item:
            study.put("responses.csv", row, "value", str(6 - int(study.get("responses.csv", row, "value"))))
    return [Place("reversed_item", "instrument.csv", study.rows("instrument.csv", item)[0], "reverse")]


@whole
def item_lost_on_export(study: Small) -> list[Place]:
    item, wave = study.draw.choice([*ITEMS, "travel"]), study.draw.choice(list(DAYS))
    study.drop("responses.csv", lambda row: row[1:3] != [wave, item])
    return [Place("item_without_answers", "instrument.csv", study.rows("instrument.csv", item)[0], "item")]


@whole
def a_name_for_a_code(study: Small) -> list[Place]:
    child = study.child("north")
    for file in ("participants.csv", "responses.csv", "attendance.csv"):
        for row in study.rows(file, child):
            study.put(file, row, "participant", "Zoe Rossi")
    return [
        Place(
            "name_like_code",
            "participants.csv",
            study.rows("participants.csv", "Zoe Rossi")[0],
            "participant",
            "Zoe Rossi",
        )
    ]


@whole
def another_centre_in_the_answers(study: Small) -> list[Place]:
    child = study.child("south")
    file = study.draw.choice(["responses.csv", "attendance.csv"])
    own = {row[0]: row[1] for row in study.tables["participants.csv"][1:]}
    if file == "attendance.csv":
        child = study.child("north")
    header, *rows = study.tables[file]
    study.tables[file] = [[*header, "centre"], *([*row, own[row[0]]] for row in rows)]
    row = study.draw.choice(study.rows(file, child))
    study.put(file, row, "centre", "north" if own[child] == "south" else "south")
    return [Place("centre_mismatch", file, row, "centre", child), Place("extra_column", file, 1, "centre")]


def _column(name: str, kind: str, change: Callable[[list[str], list[list[str]]], tuple[Table, str]]) -> None:
    def defect(study: Small) -> list[Place]:
        file = study.draw.choice(["participants.csv", "responses.csv", "attendance.csv"])
        header, *rows = study.tables[file]
        study.tables[file], column = change(header, rows)
        return [Place(kind, file, 1, column)]

    defect.__name__ = name
    whole(defect)


_column("an_extra_column", "extra_column", lambda h, rows: ([[*h, "surname"], *([*r, "x"] for r in rows)], "surname"))
_column("a_column_twice", "duplicate_column", lambda h, rows: ([[*h, h[-1]], *([*r, r[-1]] for r in rows)], h[-1]))
_column("a_column_without_name", "unnamed_column", lambda h, rows: ([["", *h], *(["x", *r] for r in rows)], ""))
_column("a_reserved_column", "reserved_column", lambda h, rows: ([[*h, "_row"], *([*r, "1"] for r in rows)], "_row"))
_column("a_missing_column", "missing_column", lambda h, rows: ([h[1:], *(r[1:] for r in rows)], "participant"))
_column("a_misspelt_column", "missing_column", lambda h, rows: ([["partecipante", *h[1:]], *rows], "participant"))


@whole
def a_row_too_long(study: Small) -> list[Place]:
    file = study.draw.choice(["participants.csv", "responses.csv", "attendance.csv"])
    row = study.append(file, *study.tables[file][-1], "7")
    return [Place("columns", file, row)]


@whole
def a_row_too_short(study: Small) -> list[Place]:
    file = study.draw.choice(["participants.csv", "responses.csv"])
    row = study.append(file, "N01", "t0")
    return [Place("columns", file, row)]


@whole
def a_comma_in_a_cell(study: Small) -> list[Place]:
    """The row is shifted, and the cell too many is empty; nothing else is told of its child or item."""
    file = study.draw.choice(["participants.csv", "instrument.csv", "programme.csv"])
    row = study.draw.randrange(2, len(study.tables[file]) + 1)
    cells = study.tables[file][row - 1]
    cells[2:] = ["x", *cells[2:-1], ""]
    return [Place("columns", file, row)]


@whole
def a_decimal_comma_as_long_as_the_header(study: Small) -> list[Place]:
    header, *rows = study.tables["attendance.csv"]
    row = study.draw.randrange(2, len(rows) + 2)
    notes = [["2", "5"] if k == row else [cells[-1], ""] for k, cells in enumerate(rows, 2)]
    table = [[*header, "note"], *([*cells[:-1], *note] for cells, note in zip(rows, notes, strict=True))]
    study.tables["attendance.csv"], study.raw["attendance.csv"] = table, Form("plain").write(table)
    return [Place("columns", "attendance.csv", row, "hours"), Place("extra_column", "attendance.csv", 1, "note")]


@whole
def an_age_that_contradicts(study: Small) -> list[Place]:
    """Every age is that of the first day of the programme or a year off, one three years."""
    header, *rows = study.tables["participants.csv"]
    ages = [2022 - int(cells[2][:4]) + k % 2 for k, cells in enumerate(rows)]
    row = study.draw.randrange(2, len(rows) + 2)
    ages[row - 2] += 3
    study.tables["participants.csv"] = [
        [*header, "age"],
        *([*cells, str(age)] for cells, age in zip(rows, ages, strict=True)),
    ]
    return [Place("age_differs", "participants.csv", row, "age", rows[row - 2][0])]


@whole
def an_age_without_a_birth_date(study: Small) -> list[Place]:
    """Of one child the age alone is known, of another neither, of a third, without consent, neither is needed."""
    study.tables["participants.csv"][0].append("age")
    for cells in study.tables["participants.csv"][1:]:
        cells.append("")
    known, unknown, refusing = study.child(), study.child(), study.child()
    rows = {child: study.rows("participants.csv", child)[0] for child in (known, unknown, refusing)}
    for row in rows.values():
        study.put("participants.csv", row, "birth_date", "")
    study.put("participants.csv", rows[known], "age", "14")
    study.put("participants.csv", rows[refusing], "assent", "no")
    first = study.rows("responses.csv", refusing)[0]
    return [
        Place("missing_value", "participants.csv", rows[unknown], "birth_date", unknown),
        Place("consent", "responses.csv", first, "", refusing),
    ]


@whole
def a_centre_without_children(study: Small) -> list[Place]:
    for file in ("participants.csv", "responses.csv"):
        study.drop(file, lambda row: row[0].startswith("N"))
    return [Place("empty_centre", "participants.csv", None, "centre")]


@whole
def a_wave_lost(study: Small) -> list[Place]:
    wave = study.draw.choice(list(DAYS))
    study.drop("responses.csv", lambda row: row[1] != wave)
    return [Place("wave_without_answers", "responses.csv", None, "wave")]


@whole
def an_invisible_space_in_a_code(study: Small) -> list[Place]:
    child = study.child("north")
    for file in ("participants.csv", "responses.csv", "attendance.csv"):
        for row in study.rows(file, child):
            study.put(file, row, "participant", f"{child}\u200b")
    (row,) = study.rows("participants.csv", f"{child}\u200b")
    return [Place("control_character", "participants.csv", row, "participant", f"{child}\u200b")]


@whole
def writing_turned_in_an_activity(study: Small) -> list[Place]:
    child = study.child("north")
    row = study.rows("attendance.csv", child)[0]
    study.put("attendance.csv", row, "activity", "lab \u202ebal")
    return [Place("control_character", "attendance.csv", row, "activity", child)]


@whole
def reversed_nobody_knows(study: Small) -> list[Place]:
    row = study.rows("instrument.csv", study.draw.choice(sorted(set(ITEMS) - REVERSED)))[0]
    study.put("instrument.csv", row, "reverse", " ")
    return [Place("missing_value", "instrument.csv", row, "reverse")]


@whole
def an_item_twice(study: Small) -> list[Place]:
    row = study.append("instrument.csv", *study.tables["instrument.csv"][study.draw.randrange(1, 13)])
    return [Place("duplicate_item", "instrument.csv", row, "item")]


@whole
def a_scale_without_end(study: Small) -> list[Place]:
    row = study.draw.randrange(2, 14)
    study.put("instrument.csv", row, "minimum", "5")
    return [Place("range", "instrument.csv", row, "minimum")] + [
        Place("range", "responses.csv", k, "value", study.get("responses.csv", k, "participant"))
        for k in range(2, len(study.tables["responses.csv"]) + 1)
        if study.get("responses.csv", k, "item") == study.get("instrument.csv", row, "item")
        and study.get("responses.csv", k, "value") != "5"
    ]


@whole
def a_scale_nobody_analyses(study: Small) -> list[Place]:
    row = study.draw.randrange(2, 14)
    study.put("instrument.csv", row, "scale", "mking")
    return [Place("unknown_scale", "instrument.csv", row, "scale")]


def _file(name: str, kind: str, change: Callable[[str, bytes], bytes | None]) -> None:
    def defect(study: Small) -> list[Place]:
        file = study.draw.choice(["participants.csv", "responses.csv", "instrument.csv"])
        study.raw[file] = change(file, Form("plain").write(study.tables[file]))
        return [Place(kind, file, 1 if kind in ("separator",) else None)]

    defect.__name__ = name
    whole(defect)


_file("no_file", "missing_file", lambda file, content: None)
_file("an_empty_file", "table", lambda file, content: b"")
_file("blank_lines_only", "table", lambda file, content: b"\r\n,,,\r\n \n")
_file("a_header_only", "no_rows", lambda file, content: content.split(b"\n")[0] + b"\n")
_file("semicolons", "separator", lambda file, content: content.replace(b",", b";"))
_file("tabs", "separator", lambda file, content: content.replace(b",", b"\t"))
_file("an_old_workbook", "table", lambda file, content: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + content)
_file("a_workbook", "table", lambda file, content: b"PK\x03\x04" + content)


@whole
def western_letters(study: Small) -> list[Place]:
    row = study.draw.randrange(2, 14)
    study.raw["instrument.csv"] = (
        Form("plain").write(study.tables["instrument.csv"]).replace("è".encode(), b"e", row - 2)
    )
    study.raw["instrument.csv"] = study.raw["instrument.csv"].replace("è".encode(), "è".encode("cp1252"), 1)
    return [Place("encoding", "instrument.csv", row, "=F")]


@whole
def sixteen_bits(study: Small) -> list[Place]:
    file = study.draw.choice(["participants.csv", "responses.csv"])
    study.raw[file] = Form("plain").write(study.tables[file]).decode().encode("utf-16")
    return [Place("encoding", file, 1, "=A")]


@whole
def a_nul(study: Small) -> list[Place]:
    row = study.draw.randrange(2, 20)
    study.put("responses.csv", row, "item", "making\0")
    study.raw["responses.csv"] = Form("plain").write(study.tables["responses.csv"])
    return [Place("table", "responses.csv", row, "=C")]


@whole
def a_cell_without_end(study: Small) -> list[Place]:
    row = study.draw.randrange(2, 20)
    study.put("responses.csv", row, "value", "4" * 140_000)
    study.raw["responses.csv"] = Form("plain").write(study.tables["responses.csv"])
    return [Place("table", "responses.csv", row)]


@whole
def an_open_quote(study: Small) -> list[Place]:
    row = study.draw.randrange(2, 20)
    lines = Form("plain").write(study.tables["responses.csv"]).decode().split("\n")
    lines[row - 1] = lines[row - 1].replace(",", ',"', 1)
    study.raw["responses.csv"] = "\n".join(lines).encode()
    return [Place("table", "responses.csv", row)]


def _yaml(name: str, file: str, old: str, new: str, kind: str, column: str) -> None:
    def defect(study: Small) -> list[Place]:
        before = study.texts[file]
        assert before.count(old) == 1, (old, before.count(old))
        study.texts[file] = before.replace(old, new)
        return [Place(kind, file, before[: before.index(old)].count("\n") + 1, column)]

    defect.__name__ = name
    whole(defect)


_yaml("unknown_key", "protocol.yml", "covariates: [age, sex]", "covariate: [age, sex]", "unknown_key", "covariate")
_yaml("key_twice", "protocol.yml", "role: endline}", "role: endline, role: endline}", "duplicate_key", "role")
_yaml("no_yaml", "protocol.yml", "{id: t1, role: endline}", "{id: t1, role: endline}}", "yaml", "")
_yaml("bell", "protocol.yml", "{it: Studio piccolo, ", '{it: "Studio\\a", ', "control_character", "study.title.it")
_yaml("an_escape", "protocol.yml", "Studio piccolo", "Studio\x1bpiccolo", "yaml", "")
_yaml("a_mark", "protocol.yml", "Studio piccolo", "Studio\u202epiccolo", "control_character", "study.title.it")
_yaml("september_31", "protocol.yml", "2023-09-30", "2023-09-31", "date", "study.report_date")
_yaml("an_italian_day", "contract.yml", "2023-03-01", "01/03/2023", "date", "contract.effective")
_yaml("a_period_turned", "contract.yml", "to: 2023-07-31", "to: 2023-02-28", "invalid_value", "schedule.0.to")
_yaml("no_primary", "protocol.yml", "outcomes:\n  - {id: skills, role: primary,", "outcomes:\n  - {id: skills, role: secondary,",
      "invalid_value", "outcomes")  # fmt: skip
_yaml("no_such_covariate", "protocol.yml", "[age, sex]", "[age, shoes]", "unknown_covariate", "covariates")
_yaml("no_such_outcome", "contract.yml", "outcome: skills", "outcome: skils", "unknown_outcome", "metrics.m.outcome")
_yaml(
    "contract_turned",
    "contract.yml",
    "direction: higher",
    "direction: lower",
    "direction_differs",
    "metrics.m.direction",
)
_yaml("contract_unit", "contract.yml", "unit: baseline SD", "unit: points", "unit_differs", "metrics.m.unit")


# Variants ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Expected:
    """A finding as the check must tell it: rows and cells as the file has them."""

    kind: str
    file: str
    row: int | None
    column: str
    child: str
    cell: str


@dataclass(frozen=True)
class Variant:
    """A broken study: its files, and what must be found, no more and no less."""

    name: str
    files: dict[str, bytes]
    expected: tuple[Expected, ...]
    tables: dict[str, Table]

    def write(self, folder: Path) -> Path:
        folder.mkdir()
        for name, content in self.files.items():
            (folder / name).write_bytes(content)
        return folder


def variants(seed: int = 0, times: int = 2, pairs: int = 40) -> Iterator[Variant]:
    """Every defect, `times` times in different places and forms; then `pairs` of two or three defects at once."""
    number = seed
    for turn in range(times):
        for k, defect in enumerate([*LOCAL, *GLOBAL]):
            number += 1
            yield _variant(number, [defect], FORMS[(k + 3 * turn) % len(FORMS)])
    draw = random.Random(seed)  # noqa: S311
    for _ in range(pairs):
        number += 1
        yield _variant(number, draw.sample(LOCAL, draw.choice([2, 3])), draw.choice(FORMS))


def _variant(number: int, defects: list[Defect], form: Form) -> Variant:
    study = small_study()
    study.draw = random.Random(number)  # noqa: S311
    # defects that remove rows come first, so that the places of the others hold
    removing = ("attended_after_leaving", "no_answers_at_all", "no_endline")
    ordered = sorted(defects, key=lambda defect: defect.__name__ not in removing)
    places: list[Place] = []
    for defect in ordered:
        places += defect(study)
    files = {name: content.encode() for name, content in study.texts.items()}
    files |= {name: form.write(table) for name, table in study.tables.items()}
    files |= {name: content for name, content in study.raw.items() if content is not None}
    files = {name: content for name, content in files.items() if study.raw.get(name, b"") is not None}
    expected = tuple(_expected(place, study, Form("plain") if place.file in study.raw else form) for place in places)
    name = f"{number:03} {' + '.join(defect.__name__ for defect in ordered)} ({form.name})"
    return Variant(name, files, expected, study.tables)


def _expected(place: Place, study: Small, form: Form) -> Expected:
    """Say where a place of a table stands in the file; a column `=F` is a cell without a name of a column."""
    if place.file not in study.tables:
        return Expected(place.kind, place.file, place.row, place.column, place.child, "")
    table = study.tables[place.file]
    row = None if place.row is None else form.row(place.row)
    if place.column.startswith("="):
        return Expected(place.kind, place.file, row, "", place.child, f"{place.column[1:]}{row}")
    header = [table[0][k] for k in form.order(table)]
    column = place.column if place.kind != "unnamed_column" else ""
    named = column in header and (column or place.kind == "unnamed_column") and row is not None
    last = len(header) - 1 - header[::-1].index(column) if named else 0
    return Expected(place.kind, place.file, row, column, place.child, f"{chr(65 + last)}{row}" if named else "")


_yaml("a_shock_from_nowhere", "protocol.yml", "covariates: [age, sex]",
      "analysis: {centre_shock_icc: 0.02}\ncovariates: [age, sex]", "no_source", "analysis.centre_shock_icc")  # fmt: skip


@whole
def a_word_in_another_case(study: Small) -> list[Place]:
    child = study.child()
    (row,) = study.rows("participants.csv", child)
    study.put("participants.csv", row, "sex", study.get("participants.csv", row, "sex").lower())
    return [Place("spelling", "participants.csv", row, "sex", child)]


@whole
def a_level_that_was_not_declared(study: Small) -> list[Place]:
    declared = "covariates: [age, {id: sex, kind: category, levels: [F, M]}]"
    study.texts["protocol.yml"] = study.texts["protocol.yml"].replace("covariates: [age, sex]", declared)
    child = study.child()
    (row,) = study.rows("participants.csv", child)
    study.put("participants.csv", row, "sex", "X")
    return [Place("unknown_level", "participants.csv", row, "sex", child)]


@whole
def a_number_nobody_knew(study: Small) -> list[Place]:
    study.texts["protocol.yml"] = study.texts["protocol.yml"].replace("[age, sex]", "[age, sex, siblings]")
    study.tables["participants.csv"][0].append("siblings")
    for k, cells in enumerate(study.tables["participants.csv"][1:]):
        cells.append(str(k % 4))
    child = study.child()
    (row,) = study.rows("participants.csv", child)
    study.put("participants.csv", row, "siblings", "n/d")
    return [Place("no_number", "participants.csv", row, "siblings", child)]


@whole
def a_rating_without_its_rater(study: Small) -> list[Place]:
    study.tables["responses.csv"][0].append("rater")
    rated = [row for row in study.tables["responses.csv"][1:] if row[2] == "travel" and row[1] == "t0"]
    for row in study.tables["responses.csv"][1:]:
        row.append("Anna" if row in rated else "")
    child = study.child()
    (row,) = study.rows("responses.csv", child, "t0", "travel")
    study.put("responses.csv", row, "rater", "")
    return [Place("unnamed_rater", "responses.csv", row, "rater", child)]
