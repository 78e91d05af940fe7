"""From a recognised table to answer sheets, by the mapping: every cell that does not fit is a finding at its place."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property

from evaluation.intake.exports.answer_times import TO_THE_SECOND, moved, read_dates, zone_of
from evaluation.intake.exports.layouts import Layout, Mark, plain, unnumbered
from evaluation.intake.exports.mapping import (
    IGNORED,
    CodedColumn,
    ExportMapping,
    Intake,
    ItemColumn,
    Multiple,
    WaveColumn,
    codes_of,
)
from evaluation.intake.exports.people import CODE, Children
from evaluation.intake.exports.sheets import Cell, NoValue, Row
from evaluation.intake.exports.values import (
    TICKED,
    UNTICKED,
    BoxWords,
    Options,
    Reader,
    boxes,
    number,
    told_apart,
    unclear,
)
from evaluation.language import Text, text
from evaluation.study.dates import ISO_DAY
from evaluation.study.findings import NOTHING, Finding, Level, Words, nearest, one_of
from evaluation.study.instrument import Instrument

UNSENT = frozenset({""})  # what stands for the time of a questionnaire that nobody sent, where a tool says no more
CORRECT = text(
    "Correggere la cella, o la riga in skip di intake.yml.", "Correct the cell, or skip the row in intake.yml."
)
SAY_ZONE = text("Esportare di nuovo con un altro fuso.", "Export again with another zone.")
SAY_WORDS = text(
    "Correggere la cella, o dichiarare le parole in ticked e unticked di intake.yml.",
    "Correct the cell, or declare the words in ticked and unticked of intake.yml.",
)
OMISSIONS = (
    "skipped",
    "preview",
    "filtered",
    "unfinished",
    "no_wave",
    "unanswered",
)  # in the order in which they are told


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
    """One table under one entry of intake.yml.

    reads: the columns whose answers are read in this table; skipped: rows left out by name; above: the conversion of the
    table that this one repeats in. While rows are read `findings` grows, `omitted` says of each row that gives no answer
    why (one of OMISSIONS), and `unsent` holds those of a questionnaire that nobody finished, by what says so.
    """

    layout: Layout
    entry: ExportMapping
    intake: Intake
    instrument: Instrument
    children: Children
    reads: frozenset[str]
    skipped: frozenset[int] = frozenset()
    above: Conversion | None = None
    findings: list[Finding] = field(default_factory=list)
    omitted: dict[int, str] = field(default_factory=dict)
    unsent: dict[int, str] = field(default_factory=dict)

    def sheets(self) -> list[AnswerSheet]:
        """Return the answer sheets of all rows that could be read whole; what could not is in `findings`."""
        if self.reads:
            self.findings.extend(self.layout.findings)
        rows = [(k, row) for k, row in self._counted() if self._even(k, row) and self._has_values(k, row)]
        values = self._values(rows)
        moments = self._moments(rows)
        long = self.layout.platform == "plain_long"  # where a row is one answer, which may be missing
        answered = []
        for k, row in rows:
            if any(values[k].values()) or (long and values[k]):
                answered.append((k, row))
            else:
                self.omitted[k] = "unanswered"
        read = (self._sheet(k, row, values[k], moments) for k, row in answered)
        return [sheet for sheet in read if sheet is not None]

    def _counted(self) -> Iterator[tuple[int, Row]]:
        """Yield the rows that count; of the others say why they do not."""
        previews = self.layout.previews if self.entry.previews == "drop" else ()
        filters = [(one, place) for one in self.entry.filter if (place := self._place(one.column)) is not None]
        unfinished = list(self._unfinished())
        inherited = self._inherited()
        for k, row in self.layout.records():
            said = next((mark for mark, place in unfinished if mark.says(row[place])), None)
            if k in self.skipped:
                self.omitted[k] = "skipped"
            elif k in inherited:
                self.omitted[k] = inherited[k]
            elif any(mark.says(row[self._at(mark.key)]) for mark in previews):
                self.omitted[k] = "preview"
            elif not all(one.lets_in(plain(row[place])) for one, place in filters):
                self.omitted[k] = "filtered"
            elif said is not None and self.entry.unfinished == "drop":
                self.omitted[k] = "unfinished"
            elif self._without_wave(row):
                self.omitted[k] = "no_wave"
            else:
                if said is not None:
                    self.unsent[k] = said.key
                yield k, row

    def _inherited(self) -> dict[int, str]:
        """Return why the submission that a row stands in is left out, by row."""
        parent = self.layout.parent
        if parent is None or self.above is None:
            return {}
        gone = {k: why for k, why in self.above.omitted.items() if why not in ("no_wave", "unanswered")}
        return {row: gone[there] for row, there in parent.rows.items() if there in gone}

    def _unfinished(self) -> Iterator[tuple[Mark, int]]:
        """Yield the columns that tell an unfinished response, with their place."""
        marks = self.layout.unfinished
        if not marks and self._answered and not self.layout.platform.startswith("plain"):
            marks = (Mark(self._answered, UNSENT),)
        for mark in marks:
            place = self._place(mark.key)
            if place is not None and (mark.columns is None or mark.columns & self.reads):
                yield mark, place

    # Columns ------------------------------------------------------------------------------------------------------

    def _place(self, key: str | None) -> int | None:
        return self._places.get(key or "")

    def _at(self, key: str) -> int:
        """Return the place of a column that is known to be there."""
        return self._places[key]

    @cached_property
    def _places(self) -> dict[str, int]:
        return {key: place for place, key in enumerate(self.layout.keys)}

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

    def _has_values(self, position: int, row: Row) -> bool:
        """Report cells of named columns that show an error, or a formula that was never computed."""
        wrong = [place for place in self._named if type(row[place]) is NoValue]
        for place in wrong:
            found = row[place] or Words("una formula mai calcolata", "a formula that was never computed")
            value = text("un valore", "a value")
            mend = text(
                "Correggere la formula o la cella, e salvare di nuovo.",
                "Correct the formula or the cell, and save again.",
            )
            self._report("no_value", found, value, mend, position, place)
        return not wrong

    @cached_property
    def _named(self) -> tuple[int, ...]:
        """The places of the columns that intake.yml names, in a table that may hold cells without a value."""
        if self.layout.sheet.source == "text":
            return ()
        about = {*self.entry.about(), *self.reads, *filter(None, (self._answered, self.layout.roles.get("started")))}
        return tuple(place for key, place in self._places.items() if key in about)

    # Values -------------------------------------------------------------------------------------------------------

    def _values(self, rows: list[tuple[int, Row]]) -> dict[int, dict[str, str]]:
        """Return the value of every item by row; an item that was not shown is not there."""
        values: dict[int, dict[str, str]] = {position: {} for position, _ in rows}
        if self.layout.platform == "plain_long":
            self._long_values(rows, values)
            return values
        for key, column in self.entry.items.items():
            place = self._read_place(key)
            if column is not None and place is not None:
                reader = self._reader(column, [row[place] for _, row in rows])
                for position, row in rows:
                    self._keep(values[position], column.item, reader, row[place], position, place)
        for group in self.entry.checkboxes:
            self._tick(rows, group, values)
        for one in self.entry.multiple:
            place = self._read_place(one.column)
            if place is not None:
                self._choose(rows, one, place, values)
        return values

    def _read_place(self, key: str) -> int | None:
        return self._place(key) if key in self.reads else None

    def _long_values(self, rows: list[tuple[int, Row]], values: dict[int, dict[str, str]]) -> None:
        """Read a table with an answer a row: one column says which item, another which answer."""
        which, what = (
            self._read_place(name) for name in (self.entry.item_column or "item", self.entry.value_column or "value")
        )
        if which is None or what is None:
            return
        known = self.entry.items or {item: ItemColumn(item=item) for item in self.instrument.ids}
        cells: dict[str, list[Cell]] = {}
        for _, row in rows:
            cells.setdefault(plain(row[which]), []).append(row[what])
        readers = {
            label: self._reader(column, cells[label])
            for label, column in known.items()
            if column is not None and label in cells
        }
        for position, row in rows:
            label = plain(row[which])
            if label not in known:
                self._report("unknown_item", label or NOTHING, one_of(known), nearest(label, known), position, which)
                continue
            column = known[label]
            if column is not None:
                self._keep(values[position], column.item, readers[label], row[what], position, what)

    def _reader(self, column: ItemColumn, cells: list[Cell]) -> Reader:
        asked = self.instrument[column.item]
        codes = column.codes or codes_of((*self.entry.answers, *self.intake.answers), asked.id, asked.scale)
        decimal = column.decimal or self.entry.decimal
        missing = self.entry.missing if column.missing is None else column.missing
        doubtful = frozenset[str]() if decimal else unclear(cells, asked.maximum)
        return Reader(asked, codes, decimal or ".", missing, doubtful)

    def _choose(
        self, rows: list[tuple[int, Row]], one: Multiple, place: int, values: dict[int, dict[str, str]]
    ) -> None:
        """Read a column of several answers: each option is 1 where it was chosen, 0 where another was."""
        options = Options(tuple(one.options), one.separator, free=one.other is not None)
        items = {*one.options.values(), *([one.other] if one.other not in (None, IGNORED) else [])}
        for position, row in rows:
            cell = row[place]
            if cell is None and self.layout.blank == "not_shown":
                continue
            if not plain(cell) or plain(cell) in self.entry.missing:
                values[position] |= dict.fromkeys(items, "")
                continue
            found = options.chosen(cell or "")
            if found is None:
                self._report("unknown_answer", cell or NOTHING, one_of(one.options), CORRECT, position, place)
                continue
            chosen, free = found
            ticked = {one.options[option] for option in chosen} | ({one.other} if free else set())
            values[position] |= {item: str(int(item in ticked)) for item in items}

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
        places = {item: place for key, item in group.items() if (place := self._read_place(key)) is not None}
        columns = {item: [plain(row[place]) for _, row in rows] for item, place in places.items()}
        words = self._box_words
        free = {item for key, item in group.items() if self.layout.free_words(key)}  # which are there, or not
        labels = told_apart(columns, {item: option(key) for key, item in group.items()}, words)
        for position, row in rows:
            shown = {i: p for i, p in places.items() if row[p] is not None or self.layout.blank == "missing"}
            written = {item: plain(row[place]) for item, place in shown.items()}
            ticked = boxes(written | {i: "1" for i in free if written.get(i)}, labels, words)
            for item in ticked.unknown:
                tick = text("una casella: sì o no", "a box: yes or no")
                self._report("unknown_answer", row[places[item]] or NOTHING, tick, SAY_WORDS, position, places[item])
            values[position] |= ticked.values

    @cached_property
    def _box_words(self) -> BoxWords:
        """The words for ticked and not: those that intake.yml declares, beside those known that it does not turn round."""
        ticked = frozenset(word.casefold() for word in self.entry.ticked)
        unticked = frozenset(word.casefold() for word in self.entry.unticked)
        return BoxWords(
            ticked | (frozenset(TICKED) - unticked),
            unticked | (frozenset(UNTICKED) - ticked),
            frozenset(self.entry.missing),
        )

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
        place = self._place(self.unsent.get(position))
        if place is None:
            return
        finished = text("un questionario concluso e accettato", "a questionnaire that was finished and accepted")
        keep = text(
            "Le risposte restano: se non valgono, unfinished: drop in intake.yml, o skip della riga.",
            "The answers are kept: if they do not hold, unfinished: drop in intake.yml, or skip the row.",
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

    def _without_wave(self, row: Row) -> bool:
        """Tell whether a row is of no wave, as intake.yml says of what it holds."""
        column = self.entry.wave_column
        place = self._place(column.column) if column else None
        return column is not None and place is not None and column.values.get(plain(row[place]), "") is None

    def _coded(
        self, column: CodedColumn | WaveColumn | None, position: int, row: Row, known: tuple[str, ...] | None
    ) -> str | None:
        """Return what a column says of the whole row, by its values; a code, or one of `known`."""
        if column is None:
            return ""
        place = self._at(column.column)
        written = plain(row[place])
        meant = column.values.get(written, "" if column.values else written) or ""
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
        place = self._at(column.column)
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
        """Return when each answer sheet was begun and finished, by row; a text that is no date is a finding.

        Two times of which one is told to the minute give no duration: its start is left out.
        """
        formats = (self.entry.dates,) if self.entry.dates else self.layout.formats
        result: dict[str, dict[int, dt.datetime]] = {}
        rough: set[int] = set()
        days: list[set[int]] = []  # a date cell of a workbook without a time is midnight, but not both
        for role, key in (("answered", self._answered), ("started", self.layout.roles.get("started"))):
            place = self._place(key)
            cells = {k: plain(row[place]) for k, row in rows if row[place]} if place is not None else {}
            cells = {k: cell for k, cell in cells.items() if cell and cell not in self.layout.untimed}
            dates, defects = read_dates(cells.values(), formats, self.entry.zones)
            for position, cell in cells.items():
                if cell in defects:
                    wrong = defects[cell]
                    self._report(wrong.kind, wrong.found, wrong.expected, wrong.action, position, place)
            dates = self._on_the_clock(dates, key)
            result[role] = {k: dates[cell] for k, cell in cells.items() if cell in dates}
            whole = {
                k for k, cell in cells.items() if self.layout.sheet.source == "workbook" and ISO_DAY.fullmatch(cell)
            }
            rough |= {k for k, cell in cells.items() if not TO_THE_SECOND.search(cell)} - whole
            days.append(whole)
        rough |= set.intersection(*days)
        result["started"] = {k: at for k, at in result["started"].items() if k not in rough}
        return result

    def _on_the_clock(self, dates: dict[str, dt.datetime], key: str | None) -> dict[str, dt.datetime]:
        """Return the times of the export's own columns on the centre's clock, where the export declares another zone."""
        if not self.layout.zone or not dates or key not in self.layout.roles.values():
            return dates
        zone, clock = zone_of(self.layout.zone), zone_of(self.entry.clock)
        if zone is None or clock is None:
            known = text("un fuso come Europe/Rome", "a zone such as Europe/Rome")
            self._report("zone", self.layout.zone, known, SAY_ZONE, self.layout.header - 1, self._place(key))
            return {}
        return {cell: moved(moment, zone, clock) for cell, moment in dates.items()}

    def _seconds(self, position: int, row: Row, at: dt.datetime | None, started: dt.datetime | None) -> str:
        key = self.entry.seconds or self.layout.roles.get("seconds")
        place = self._place(key)
        if place is not None:
            written = plain(row[place])
            found = number(written, self.entry.decimal or ".", anyway=True) if written else ""
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


def option(key: str) -> str:
    """Return the option's own words that the header of a box ends with, `Question [option]`, whatever number stands behind."""
    return plain(unnumbered(key).rpartition("[")[2].removesuffix("]"))
