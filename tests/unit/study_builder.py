"""A tiny valid study in a folder of its own, to be broken in one place at a time."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from evaluation.study.findings import Finding
from evaluation.study.folder import Study, load_study, read_study

PROTOCOL = """\
format: 1
study:
  id: tiny
  title: {it: Studio minimo, en: Tiny study}
  provenance: synthetic
  report_date: 2023-09-30
centres:
  treated: north
  comparison: south
  labels:
    north: {it: Centro Nord, en: North Centre}
waves:
  - {id: t0, role: baseline}
  - {id: t1, role: endline}
programme: {planned_hours: 40, from: 2023-03-06, to: 2023-06-30}
population: {age: [11, 17]}
outcomes:
  - id: skills
    role: primary
    kind: composite
    of: [making, worry]
    unit: baseline SD
  - {id: making, role: secondary, kind: scale, minimum_answered: 0.5, unit: points}
  - {id: worry, role: secondary, kind: scale, direction: lower, unit: points}
  - {id: travel, role: placebo, kind: measure, unit: minutes}
covariates: [age, sex]
analysis:
  estimator: did
  alpha: 0.05
privacy: {minimum_cell: 10}
"""
CONTRACT = """\
format: 1
contract:
  id: tiny-contract
  version: "1"
  status: demonstration
  fictional: true
  currency: EUR
  effective: 2023-03-01
parties:
  - {id: payer, role: outcome_payer, name: Payer}
metrics:
  - {id: m, label: {it: Abilità, en: Skills}, unit: baseline SD, direction: higher, outcome: skills, wave: t1}
decision:
  - metric: m
    statistic: point
    gates:
      - {kind: min_n, op: ">=", value: 20, on_fail: undetermined}
rules:
  - {id: r, metric: m, formula: {per_unit: {price: 1000}}}
limits: {total_cap: 5000, carry_forward: false}
schedule:
  - {period: "2023", from: 2023-03-06, to: 2023-07-31, claim_days: 30, verify_days: 60, pay_days: 30}
dispute: {window_days: 30, reanalysis_tolerance: 0.000001, pay_undisputed: true}
rounding: {mode: half_even, decimals: 2}
"""
INSTRUMENT = """\
item,scale,minimum,maximum,reverse,wording_it,wording_en
making_1,making,1,5,no,"So costruire, da solo.",I can build.
making_2,making,1,5,yes,Non so costruire.,I cannot build.
making_3,making,1,5,no,So riparare.,I can repair.
making_4,making,1,5,no,So disegnare.,I can draw.
worry_1,worry,0,3,no,Mi preoccupo.,I worry.
worry_2,worry,0,3,no,Penso troppo.,I think too much.
travel,,0,,no,Minuti fino al centro,Minutes to the centre
"""
WAVES = ("t0", "t1")
CHILDREN_A_CENTRE = 12


@dataclass(frozen=True)
class StudyFolder:
    """The study's folder, and the ways to break it."""

    path: Path

    def text(self, file: str) -> str:
        return (self.path / file).read_bytes().decode()

    def write(self, file: str, content: str | bytes) -> StudyFolder:
        (self.path / file).write_bytes(content.encode() if isinstance(content, str) else content)
        return self

    def remove(self, file: str) -> StudyFolder:
        (self.path / file).unlink()
        return self

    def replace(self, file: str, old: str, new: str) -> StudyFolder:
        """Put `new` in the place of the one `old` that must be there."""
        before = self.text(file)
        assert before.count(old) == 1, (file, old, before.count(old))
        return self.write(file, before.replace(old, new))

    def rows(self, file: str) -> list[list[str]]:
        return list(csv.reader(io.StringIO(self.text(file))))

    def set_rows(self, file: str, rows: list[list[str]]) -> StudyFolder:
        return self.write(file, csv_text(rows))

    def cell(self, file: str, row: int, column: str, value: str) -> StudyFolder:
        """Set one cell; `row` counts as a spreadsheet does."""
        rows = self.rows(file)
        rows[row - 1][rows[0].index(column)] = value
        return self.set_rows(file, rows)

    def value(self, file: str, row: int, column: str) -> str:
        rows = self.rows(file)
        return rows[row - 1][rows[0].index(column)]

    def append(self, file: str, *values: str) -> int:
        """Add a row, and return its number."""
        rows = [*self.rows(file), list(values)]
        self.set_rows(file, rows)
        return len(rows)

    def add_column(self, file: str, name: str, write: Callable[[list[str]], str] = lambda row: "") -> StudyFolder:
        header, *rows = self.rows(file)
        return self.set_rows(file, [[*header, name], *([*row, write(row)] for row in rows)])

    def drop_column(self, file: str, name: str) -> StudyFolder:
        rows = self.rows(file)
        place = rows[0].index(name)
        return self.set_rows(file, [row[:place] + row[place + 1 :] for row in rows])

    def findings(self) -> list[Finding]:
        return read_study(self.path)[1].items

    def only(self) -> Finding:
        """The one finding of the study: no more, and no fewer."""
        found = self.findings()
        assert len(found) == 1, [finding.sentence("en") for finding in found]
        return found[0]

    def load(self) -> Study:
        return load_study(self.path)


def build(folder: Path, children_a_centre: int = CHILDREN_A_CENTRE) -> StudyFolder:
    """Write the study into `folder`, which must not exist."""
    folder.mkdir()
    study = StudyFolder(folder)
    study.write("protocol.yml", PROTOCOL).write("contract.yml", CONTRACT).write("instrument.csv", INSTRUMENT)
    children = [f"{centre[0].upper()}{k:02}" for centre in ("north", "south") for k in range(children_a_centre)]
    study.set_rows("participants.csv", _participants(children)).set_rows("responses.csv", _responses(children))
    study.set_rows(
        "attendance.csv",
        [["participant", "date", "activity", "hours"]]
        + [[child, f"2023-03-{day:02}", "lab", "2.5"] for child in children if child[0] == "N" for day in (8, 9)],
    )
    return study.write(
        "programme.csv",
        "project,indicator_it,indicator_en,kind,value,unit,period,source,flag\n"
        "tiny,Ore di corso,Course hours,target,40,h,2023,plan,\n",
    )


def _participants(children: list[str]) -> list[list[str]]:
    header = ["participant", "centre", "birth_date", "sex", "guardian_consent", "assent", "enrolled_on"]
    return [header] + [
        [child, "north" if child[0] == "N" else "south", f"{2007 + k % 5}-05-{k + 1:02}", "FM"[k % 2], "yes", "yes", "2023-02-01"]
        for k, child in enumerate(children)
    ]  # fmt: skip


def _responses(children: list[str]) -> list[list[str]]:
    """Answers that vary within their range, and rise more at the treated centre."""
    rows = [["participant", "wave", "item", "value"]]
    for k, child in enumerate(children):
        for w, wave in enumerate(WAVES):
            gain = w * (child[0] == "N")
            rows += [[child, wave, f"making_{i}", str(1 + (k * i + w + gain) % 5)] for i in (1, 2, 3, 4)]
            rows += [[child, wave, f"worry_{i}", str((k + i + 2 * w) % 4)] for i in (1, 2)]
            rows += [[child, wave, "travel", str(10 + k)]]
    return rows


def csv_text(rows: list[list[str]]) -> str:
    """Write rows as a CSV file with LF line ends."""
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(rows)
    return out.getvalue()
