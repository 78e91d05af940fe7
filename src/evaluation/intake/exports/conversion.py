"""From a recognised table to answer sheets, by the mapping: every cell that does not fit is a finding at its place."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field

from evaluation.intake.exports.answer_times import read_dates
from evaluation.intake.exports.layouts import Layout, plain
from evaluation.intake.exports.mapping import CodedColumn, ExportMapping, Intake
from evaluation.intake.exports.people import CODE, Children
from evaluation.intake.exports.sheets import Cell, Row
from evaluation.intake.exports.values import Reader, boxes, chosen, number
from evaluation.language import Text, text
from evaluation.study.findings import NOTHING, Finding, Level, Words, nearest, one_of
from evaluation.study.instrument import Instrument

UNFINISHED = ("", "[not completed]")  # what stands for the time of a questionnaire that nobody sent
CORRECT = text(
    "Correggere la cella, o la riga in skip di intake.yml.", "Correct the cell, or skip the row in intake.yml."
)


@dataclass(frozen=True)
class AnswerSheet:
    """What one row of an export says: whose answers, when, and the value of each item ("": not answered)."""

    layout: Layout
    row: int
    child: str
    wave: str
    rater: str
    answered_at: str
    seconds: str
    values: dict[str, str]


@dataclass
class Conversion:
    """One table under one entry of intake.yml; `findings` grows while rows are read."""

    layout: Layout
    entry: ExportMapping
    intake: Intake
    instrument: Instrument
    children: Children
    findings: list[Finding] = field(default_factory=list)

    def sheets(self) -> list[AnswerSheet]:
        """Return the answer sheets of all rows that could be read whole; what could not is in `findings`."""
        skipped = {one.row for one in self.entry.skip}
        first = self.layout.sheet.first
        rows = [(k, row) for k, row in self.layout.records() if k + first not in skipped and self._even(k, row)]
        values = self._values(rows)
        moments = self._moments(rows)
        long = self.layout.platform == "plain_long"  # where a row is one answer, which may be missing
        answered = ((k, row) for k, row in rows if any(values[k].values()) or (long and values[k]))
        read = (self._sheet(k, row, values[k], moments) for k, row in answered)
        return [sheet for sheet in read if sheet is not None]

    # Columns ------------------------------------------------------------------------------------------------------

    def _place(self, key: str | None) -> int | None:
        return self.layout.keys.index(key) if key in self.layout.keys else None

    def _even(self, position: int, row: Row) -> bool:
        """Report a row of text that has more or fewer cells than the header."""
        width = len(self.layout.keys)
        short = (
            len(self.layout.sheet.rows[position]) < (self.layout.own or width) and self.layout.sheet.source == "text"
        )
        if short or any(row[width:]):
            have = sum(1 for _ in self.layout.sheet.rows[position])
            found, expected = Words(f"{have} celle", f"{have} cells"), text(f"{width} celle", f"{width} cells")
            mend = text("Mettere tra virgolette i testi con separatori.", "Put texts that hold delimiters in quotes.")
            self._report("columns", found, expected, mend, position)
            return False
        return True

    # Values -------------------------------------------------------------------------------------------------------

    def _values(self, rows: list[tuple[int, Row]]) -> dict[int, dict[str, str]]:
        """Return the value of every item by row; an item that was not shown is not there."""
        values: dict[int, dict[str, str]] = {position: {} for position, _ in rows}
        if self.layout.platform == "plain_long":
            self._long_values(rows, values)
            return values
        for key, item in self.entry.items.items():
            place = self._place(key)
            if item is not None and place is not None:
                reader = self._reader(item)
                for position, row in rows:
                    self._keep(values[position], item, reader, row[place], position, place)
        for group in self.entry.checkboxes:
            self._tick(rows, group, values)
        for one in self.entry.multiple:
            place = self._place(one.column)
            for position, row in rows if place is not None else []:
                cell = row[place or 0]
                options = chosen(plain(cell), tuple(one.options), one.separator)
                if cell is None and self.layout.blank == "not_shown":
                    continue
                if options is None:
                    self._report("unknown_answer", cell or NOTHING, one_of(one.options), CORRECT, position, place)
                    continue
                answered = bool(plain(cell))
                values[position] |= {i: str(int(o in options)) if answered else "" for o, i in one.options.items()}
        return values

    def _long_values(self, rows: list[tuple[int, Row]], values: dict[int, dict[str, str]]) -> None:
        """Read a table with an answer a row: one column says which item, another which answer."""
        which, what = (
            self._place(name) for name in (self.entry.item_column or "item", self.entry.value_column or "value")
        )
        known = self.entry.items or {item: item for item in self.instrument.ids}
        readers: dict[str, Reader] = {}
        for position, row in rows if which is not None and what is not None else []:
            label = plain(row[which or 0])
            if label not in known:
                self._report("unknown_item", label or NOTHING, one_of(known), nearest(label, known), position, which)
                continue
            item = known[label]
            if item is not None:
                reader = readers.setdefault(item, self._reader(item))
                self._keep(values[position], item, reader, row[what or 0], position, what or 0)

    def _reader(self, item: str) -> Reader:
        asked = self.instrument[item]
        in_workbook = self.layout.sheet.source == "workbook"
        return Reader(asked, self.intake.codes(item, asked.scale), self.entry.decimal, in_workbook, self.entry.missing)

    def _keep(self, values: dict[str, str], item: str, reader: Reader, cell: Cell, position: int, place: int) -> None:
        if cell is None and self.layout.blank == "not_shown":
            return
        found = reader.read(cell or "")
        if isinstance(found, str):
            values[item] = found
        else:
            self._report(found.kind, cell or NOTHING, found.expected, found.action, position, place)

    def _tick(self, rows: list[tuple[int, Row]], group: dict[str, str], values: dict[int, dict[str, str]]) -> None:
        """Read the boxes of one question: an empty one is 0 where another of them is ticked, else not answered."""
        places = {item: place for key, item in group.items() if (place := self._place(key)) is not None}
        labels = {item: plain(key.rpartition("[")[2].rstrip("]")) for key, item in group.items()}
        for position, row in rows:
            shown = {i: p for i, p in places.items() if row[p] is not None or self.layout.blank == "missing"}
            ticked = boxes({item: plain(row[place]) for item, place in shown.items()}, labels)
            for item in ticked.unknown:
                tick = text("una casella: sì o no", "a box: yes or no")
                self._report("unknown_answer", row[places[item]] or NOTHING, tick, CORRECT, position, places[item])
            values[position] |= ticked.values

    # Rows ---------------------------------------------------------------------------------------------------------

    def _sheet(
        self, position: int, row: Row, values: dict[str, str], moments: dict[str, dict[int, dt.datetime]]
    ) -> AnswerSheet | None:
        child = self._child(position, row)
        at = moments["answered"].get(position)
        wave, rater = self._wave(position, row, at), self._coded(self.entry.rater_column, position, row, None)
        if child is None or wave is None or rater is None or not self._centre_fits(child, position, row):
            return None
        when = "" if at is None else at.isoformat()
        self._must_be_finished(position, row, child)
        return AnswerSheet(
            self.layout, position, child, wave, rater or self.entry.rater, when,
            self._seconds(position, row, at, moments["started"].get(position)), values,
        )  # fmt: skip

    def _must_be_finished(self, position: int, row: Row, child: str) -> None:
        place = self._place(self._answered)
        if place is None or self.layout.platform.startswith("plain") or plain(row[place]) not in UNFINISHED:
            return
        finished = text("un questionario concluso", "a questionnaire that was finished")
        keep = text(
            "Le risposte restano: escludere la riga con skip, se non valgono.",
            "The answers are kept: leave the row out with skip if they do not hold.",
        )
        self._report("unfinished", row[place] or NOTHING, finished, keep, position, place, child, level="warning")

    def _child(self, position: int, row: Row) -> str | None:
        places = [self._place(key) for key in self.entry.child or ()]
        written = " ".join(plain(row[place]) for place in places if place is not None)
        found = self.children.code(written, self.entry.identifier)
        if isinstance(found, str):
            return found
        self._report(found.kind, found.found, found.expected, found.action, position, places[0])
        return None

    def _wave(self, position: int, row: Row, at: dt.datetime | None) -> str | None:
        if self.entry.wave:
            return self.entry.wave
        if self.entry.wave_column:
            return self._coded(self.entry.wave_column, position, row, self.children.waves)
        periods = self.entry.wave_dates
        waves = [one.wave for one in periods if at is not None and one.starts <= at.date() <= one.ends]
        if len(waves) == 1:
            return waves[0]
        if at is None and row[self._place(self._answered) or 0]:  # what stands there is no date, which is told already
            return None
        shown = "; ".join(f"{one.wave}: {one.starts} – {one.ends}" for one in periods)
        found = NOTHING if at is None else Words(*(str(at.date()),) * 2)
        self._report("wave_date", found, text(shown, shown), CORRECT, position, self._place(self._answered))
        return None

    def _coded(self, column: CodedColumn | None, position: int, row: Row, known: tuple[str, ...] | None) -> str | None:
        """Return what a column says of the whole row, by its values; a code, or one of `known`."""
        if column is None:
            return ""
        place = self._place(column.column) or 0
        written = plain(row[place])
        meant = column.values.get(written, "" if column.values else written)
        if meant in known if known is not None else CODE.fullmatch(meant):
            return meant
        names = [*column.values] or list(known or ())
        expected = one_of(names) if names else text("un codice senza spazi", "a code without spaces")
        self._report("unknown_value", written or NOTHING, expected, CORRECT, position, place)
        return None

    def _centre_fits(self, child: str, position: int, row: Row) -> bool:
        column, centre = self.entry.centre_column, self.children.centres.get(child)
        if column is None or centre is None:
            return True
        place = self._place(column.column) or 0
        written = plain(row[place])
        if column.values.get(written, written) == centre:
            return True
        expected = text(f"{centre}, come in participants.csv", f"{centre}, as in participants.csv")
        check = text("Controllare il codice del ragazzo e il centro.", "Check the child's code and the centre.")
        self._report("centre", written or NOTHING, expected, check, position, place, child)
        return False

    # Time ---------------------------------------------------------------------------------------------------------

    @property
    def _answered(self) -> str | None:
        return self.entry.answered_at or self.layout.roles.get("answered")

    def _moments(self, rows: list[tuple[int, Row]]) -> dict[str, dict[int, dt.datetime]]:
        """Return when each answer sheet was begun and finished, by row; a text that is no date is a finding."""
        formats = (self.entry.dates,) if self.entry.dates else self.layout.formats
        result: dict[str, dict[int, dt.datetime]] = {}
        for role, key in (("answered", self._answered), ("started", self.layout.roles.get("started"))):
            place = self._place(key)
            cells = {k: plain(row[place]) for k, row in rows if row[place]} if place is not None else {}
            cells = {k: cell for k, cell in cells.items() if cell not in UNFINISHED}
            dates, defects = read_dates(cells.values(), formats, self.entry.zones)
            for position, cell in cells.items():
                if cell in defects:
                    wrong = defects[cell]
                    self._report(wrong.kind, wrong.found, wrong.expected, wrong.action, position, place)
            result[role] = {k: dates[cell] for k, cell in cells.items() if cell in dates}
        return result

    def _seconds(self, position: int, row: Row, at: dt.datetime | None, started: dt.datetime | None) -> str:
        key = self.entry.seconds or self.layout.roles.get("seconds")
        place = self._place(key)
        if place is not None:
            written = plain(row[place])
            found = number(written, self.entry.decimal, anyway=True) if written else ""
            if found is None:
                seconds = text("un numero di secondi", "a number of seconds")
                self._report("seconds", written, seconds, CORRECT, position, place)
            return found or ""
        return str(int((at - started).total_seconds())) if at and started and at >= started else ""

    def _report(
        self, kind: str, found: str, expected: Text, action: Text, position: int, place: int | None = None, child: str = "",
        *, level: Level = "error",
    ) -> None:  # fmt: skip
        key = "" if place is None else self.layout.keys[place]
        words = None if place is None else text(*(self.layout.questions[place],) * 2)
        own = place if place is not None and place < (self.layout.own or len(self.layout.keys)) else None
        self.findings.append(
            self.layout.sheet.finding(
                level,
                kind,
                found,
                expected,
                action,
                row=position,
                column=own,
                header=key[:120],
                child=child,
                question=words,
            )
        )
