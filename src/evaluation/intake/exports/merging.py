"""Answers come together once: one answer of a child, wave, item and rater, and never one over another."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from operator import itemgetter
from pathlib import Path

from evaluation.intake.exports.conversion import AnswerSheet
from evaluation.language import Text, text
from evaluation.study.findings import Finding, Findings, Words
from evaluation.study.instrument import Instrument
from evaluation.study.protocol import Protocol
from evaluation.study.tables import ROW, Columns, read_table

FILE = "responses.csv"
HEADER = ("participant", "wave", "item", "rater", "value", "answered_at", "seconds")
KEY = ("participant", "wave", "item", "rater")
SAID = ("value", "answered_at", "seconds")
ONCE = text("una sola risposta di questo ragazzo in questa rilevazione", "one answer of this child in this wave")
DECIDE = text(
    "Decidere quale vale: correggere il codice o la rilevazione, o escludere una riga con skip in intake.yml.",
    "Decide which holds: correct the code or the wave, or leave a row out with skip in intake.yml.",
)
AGAIN = text(
    "Se la lettura è cambiata, togliere responses.csv e importare di nuovo ogni esportazione; se no decidere quale vale.",
    "If the reading has changed, remove responses.csv and import every export again; else decide which holds.",
)
Key = tuple[str, ...]


@dataclass
class Answers:
    """The answers of a study by child, wave, item and rater; `columns` are those of its file, which every row has."""

    columns: tuple[str, ...] = HEADER
    rows: dict[Key, dict[str, str]] = field(default_factory=dict)
    places: dict[Key, tuple[int, str, int]] = field(default_factory=dict)  # export (0: the study's file), its name, row
    exports: int = 0

    def take(self, sheets: Iterable[AnswerSheet]) -> tuple[list[tuple[AnswerSheet, int]], list[Finding]]:
        """Add the answers of one export; return how many of each sheet were new, and the second answers, not taken.

        An answer that is there already with the same value, time and seconds is the same answer, exported again; but two
        rows of one export are two answers, even where they say the same.
        """
        taken: list[tuple[AnswerSheet, int]] = []
        findings: list[Finding] = []
        self.exports += 1
        blank = dict.fromkeys(self.columns, "")
        for sheet in sheets:
            fresh, said = self._fresh(sheet), _said(sheet)
            if isinstance(fresh, Finding):
                findings.append(fresh)
                continue
            taken.append((sheet, len(fresh)))
            about = blank | {"participant": sheet.child, "wave": sheet.wave, "rater": sheet.rater} | said
            for key, item in fresh.items():
                self.rows[key] = about | {"item": item, "value": sheet.values[item]}
            place = (self.exports, _name(sheet), sheet.row + sheet.layout.sheet.first)
            self.places |= dict.fromkeys((_key(sheet, item) for item in sheet.values), place)
        return taken, findings

    def _fresh(self, sheet: AnswerSheet) -> dict[Key, str] | Finding:
        """Return the keys of answers not yet there, or the finding of one that says something else."""
        fresh: dict[Key, str] = {}
        said = _said(sheet)
        for item, value in sheet.values.items():
            key = _key(sheet, item)
            there = self.rows.get(key)
            if there is None:
                fresh[key] = item
                continue
            export, file, row = self.places[key]
            same = {name: there.get(name, "") for name in SAID} == said | {"value": value}
            if export == self.exports or not same:
                return _second(sheet, file, row, AGAIN if export == 0 else DECIDE)
        return fresh

    def written(self, protocol: Protocol, instrument: Instrument) -> bytes:
        """Return responses.csv: by child, then in the order of the protocol's waves and of the instrument's items."""
        waves = {wave.id: k for k, wave in enumerate(protocol.waves)}
        items = {item: k for k, item in enumerate(instrument.ids)}

        def place(key: Key) -> tuple[str, int, str, int, str, str]:
            child, wave, item, rater = key
            return child, waves.get(wave, len(waves)), wave, items.get(item, len(items)), item, rater

        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(self.columns)
        cells = itemgetter(*self.columns)
        writer.writerows(cells(self.rows[key]) for key in sorted(self.rows, key=place))
        return out.getvalue().encode()


def read_answers(path: Path, findings: Findings) -> Answers:
    """Read the answers that a study has already; none without a file, and findings where it cannot be read."""
    if not path.exists():
        return Answers()
    table = read_table(path, Columns(("participant", "wave", "item", "value")), findings)
    if table is None:
        return Answers()
    numbers = [int(row) for row in table[ROW]]
    names = [str(name) for name in table.columns if name != ROW]
    columns = (*names, *(name for name in HEADER if name not in names))
    answers, blank = Answers(columns), dict.fromkeys(columns, "")
    for number, record in zip(numbers, table[names].to_dict("records"), strict=True):
        shown = {str(name): str(value) for name, value in record.items()}
        key = tuple(shown.get(name, "").strip() for name in KEY)
        if key in answers.rows:
            row = answers.places[key][2]
            taken = text(f"una sola riga; c'è già la riga {row}", f"one row only; row {row} has it already")
            findings.error("duplicate_answer", FILE, ", ".join(key), taken, DECIDE, row=number, child=key[0])
        answers.rows[key], answers.places[key] = blank | shown, (0, FILE, number)
    return answers


def _key(sheet: AnswerSheet, item: str) -> Key:
    return sheet.child, sheet.wave, item, sheet.rater


def _said(sheet: AnswerSheet) -> dict[str, str]:
    return {"answered_at": sheet.answered_at, "seconds": sheet.seconds}


def _name(sheet: AnswerSheet) -> str:
    return " / ".join(filter(None, (sheet.layout.sheet.file, sheet.layout.sheet.name)))


def _second(sheet: AnswerSheet, file: str, row: int, mend: Text) -> Finding:
    found = Words(
        f"un'altra risposta di {sheet.wave}: {file}, riga {row}", f"another answer of {sheet.wave}: {file}, row {row}"
    )
    return sheet.layout.sheet.finding("error", "second_answer", found, ONCE, mend, row=sheet.row, child=sheet.child)


def unanswered(sheets: Iterable[AnswerSheet], instrument: Instrument) -> Iterator[str]:
    """Yield the items of the instrument that no answer sheet holds."""
    seen = {item for sheet in sheets for item in sheet.values}
    yield from (item for item in instrument.ids if item not in seen)
