"""Defects of a study as two day centres would make them, composed from the documentation alone, not from the checks' code.

A case says what is broken, and the kind, file, row and column that an evaluator should be told; rows count as a
spreadsheet does, the header is row 1.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from unit import study_builder
from unit.study_builder import StudyFolder

Break = Callable[[StudyFolder], object]
PROTOCOL_YML, CONTRACT, INSTRUMENT = "protocol.yml", "contract.yml", "instrument.csv"
PARTICIPANTS, RESPONSES, ATTENDANCE, PROGRAMME = "participants.csv", "responses.csv", "attendance.csv", "programme.csv"
SHEET = 64  # rows of a questionnaire in the study that ships


@dataclass(frozen=True)
class Defect:
    """One defect, and what an evaluator should be told of it; `shipped`: it is made in a copy of the study that ships."""

    name: str
    kind: str
    file: str
    row: int | None
    column: str
    make: Break
    shipped: bool = False


def cells(kind: str, file: str, column: str, row: int, step: int, *texts: str, shipped: bool = False) -> list[Defect]:
    """Each text in a study of its own, written over the cell of another child: every `step` rows from `row`."""
    places = range(row, row + step * len(texts), step)
    return [
        Defect(f"{file} {column} {text[:24]!r}", kind, file, at, column, partial(overwrite, file, at, column, text), shipped)
        for at, text in zip(places, texts, strict=True)
    ]  # fmt: skip


def overwrite(file: str, row: int, column: str, text: str, study: StudyFolder) -> None:
    study.cell(file, row, column, text)


def raw(file: str, row: int, write: Callable[[str], str | bytes]) -> Break:
    """Rewrite one line as it stands in the file, below any CSV writer."""

    def make(study: StudyFolder) -> None:
        lines: list[bytes] = [line.encode() for line in study.text(file).split("\n")]
        new = write(lines[row - 1].decode())
        lines[row - 1] = new.encode() if isinstance(new, str) else new
        study.write(file, b"\n".join(lines))

    return make


def whole(file: str, write: Callable[[str], str | bytes]) -> Break:
    return lambda study: study.write(file, write(study.text(file)))


def put(file: str, old: str, new: str) -> Break:
    return lambda study: study.replace(file, old, new)


def yaml(kind: str, old: str, new: str, column: str, file: str = PROTOCOL_YML, lines: int = 0) -> Defect:
    """Write `new` for `old` in a YAML file; the line is that of `old`, plus `lines`."""
    text = {PROTOCOL_YML: study_builder.PROTOCOL, CONTRACT: study_builder.CONTRACT}[file]
    assert text.count(old) == 1, old
    row = text[: text.index(old)].count("\n") + 1 + lines
    return Defect(f"{file} {new[:40]!r}", kind, file, row, column, put(file, old, new))


def append(file: str, *rows: tuple[str, ...]) -> Break:
    return lambda study: study.set_rows(file, [*study.rows(file), *map(list, rows)])


def append_copies(file: str, first: int, last: int, **changed: str) -> Break:
    """Paste the rows `first` to `last` once more at the bottom, with some columns changed."""

    def make(study: StudyFolder) -> None:
        header, *_ = rows = study.rows(file)
        copies = [
            [changed.get(name, value) for name, value in zip(header, row, strict=True)]
            for row in rows[first - 1 : last]
        ]
        study.set_rows(file, rows + copies)

    return make


def insert(file: str, row: int, *values: str) -> Break:
    def make(study: StudyFolder) -> None:
        rows = study.rows(file)
        study.set_rows(file, [*rows[: row - 1], list(values), *rows[row - 1 :]])

    return make


def header(file: str, old: str, new: str) -> Break:
    def make(study: StudyFolder) -> None:
        first, *rows = study.rows(file)
        study.set_rows(file, [[new if name == old else name for name in first], *rows])

    return make


def swapped(file: str, one: str, other: str) -> Break:
    return both(header(file, one, "-"), header(file, other, one), header(file, "-", other))


def drop(file: str, where: Callable[[dict[str, str]], bool]) -> Break:
    """Delete the rows where a condition on the cells holds."""

    def make(study: StudyFolder) -> None:
        first, *rows = study.rows(file)
        study.set_rows(file, [first, *(row for row in rows if not where(dict(zip(first, row, strict=True))))])

    return make


def sheet(row: int, column: str, text: str) -> Break:
    """Write one text on every row of the questionnaire that starts at `row` of the study that ships."""

    def make(study: StudyFolder) -> None:
        rows = study.rows(RESPONSES)
        place = rows[0].index(column)
        for line in rows[row - 1 : row - 1 + SHEET]:
            line[place] = text
        study.set_rows(RESPONSES, rows)

    return make


def both(*breaks: Break) -> Break:
    def make(study: StudyFolder) -> None:
        for one in breaks:
            one(study)

    return make


def column_of(file: str, name: str, text: str, only: int) -> Break:
    """Add a column of centres that is right in every row but `only`."""

    def make(study: StudyFolder) -> None:
        study.add_column(file, name, lambda row: "north" if row[0].startswith("N") else "south")
        study.cell(file, only, name, text)

    return make


def ages(text: str) -> Break:
    """Ages instead of dates of birth, one of them as `text`."""

    def make(study: StudyFolder) -> None:
        study.drop_column(PARTICIPANTS, "birth_date").add_column(PARTICIPANTS, "age", lambda row: "14")
        study.cell(PARTICIPANTS, 6, "age", text)

    return make


def no_value(child: str, *waves: str) -> Break:
    """Questionnaires that were handed in empty."""

    def make(study: StudyFolder) -> None:
        for k, row in enumerate(study.rows(RESPONSES), start=1):
            if row[0] == child and row[1] in waves:
                study.cell(RESPONSES, k, "value", "")

    return make


def left(child: str) -> Break:
    return lambda study: study.add_column(
        PARTICIPANTS, "left_on", lambda cells: "2023-05-01" if cells[0] == child else ""
    )


def real_without(column: str) -> Break:
    return both(
        put(PROTOCOL_YML, "provenance: synthetic", "provenance: real"), lambda s: s.drop_column(PARTICIPANTS, column)
    )


def renamed(old: str, new: str) -> Break:
    """Another code for a child, in every table."""

    def make(study: StudyFolder) -> None:
        for file in (PARTICIPANTS, RESPONSES, ATTENDANCE):
            study.write(file, re.sub(rf"(?m)^{old},", f"{new},", study.text(file)))

    return make


def copied_sheet(source: int, target: int) -> Break:
    """The answers of one questionnaire of the study that ships, written into another."""

    def make(study: StudyFolder) -> None:
        rows = study.rows(RESPONSES)
        place = rows[0].index("value")
        for k in range(SHEET):
            rows[target - 1 + k][place] = rows[source - 1 + k][place]
        study.set_rows(RESPONSES, rows)

    return make


ANSWERS = [
    *cells("invalid_value", RESPONSES, "value", 2, 14, "3,0", "n.d.", "assente", "/", "-", "molto d'accordo",
         "3 - abbastanza", "tre", "=SOMMA(D2:D8)", "#RIF!", "05-mar", "2;3", "VERO", "x", "3?", "'3", "NA", "nan",
         "inf", "4 👍", "½", "٣", "３"),
    *cells("invalid_value", RESPONSES, "value", 8, 14, "45 min", "1.234,5", "4%", "2_1", "NULL", "1h", "20'",
         "boh " * 20_000, "“3”", '"3"'),
    *cells("range", RESPONSES, "value", 9, 14, "6", "0", "-1", "99", "44", "44991", "5.5"),
    *cells("range", RESPONSES, "value", 6, 14, "4", "5", "-0.5"),
    *cells("range", RESPONSES, "value", SHEET + 1, SHEET, "121", "-10", shipped=True),
    *cells("unknown_code", RESPONSES, "value", 10, 14, "3.5", "2.25"),
    *cells("invalid_value", RESPONSES, "value", 3, 14, "3\u200b", "\u200f4", "\u202e2", "3\x07"),
    *cells("range", RESPONSES, "value", 54, SHEET, "3", "22", shipped=True),
    *cells("unknown_code", RESPONSES, "value", 55, SHEET, "1.5", "0.5", shipped=True),
    *cells("unknown_wave", RESPONSES, "wave", 9, 14, "T1 ", "t01", "T1", "post", "t2", "1.0", "tl", "t1\u200b",
         "endline"),
    *cells("missing_value", RESPONSES, "wave", 17, 14, ""),
    *cells("unknown_child", RESPONSES, "participant", 5, 14, "N0O", "n00", "N 02", "01/11/2023", "Ν00", "N99", "1.0",
         "Totale"),
    *cells("unknown_child", RESPONSES, "participant", 40, 14, "N02\u200b", "\u00adN03", "=N04"),
    *cells("missing_value", RESPONSES, "participant", 20, 14, ""),
    *cells("unknown_item", RESPONSES, "item", 2, 14, "making 1", "making__1", "Making_1", "making_5", "1", "making-1",
         "So costruire, da solo.", "mar-01"),
    *cells("missing_value", RESPONSES, "item", 30, 14, ""),
    *cells("date", RESPONSES, "answered_at", 2, SHEET, "01/03/2023 17:22", "2023-03-01T25:22", "2023-02-29T10:00",
         "ieri", "1 marzo 2023", "44986.72", "2023-03-01 17.22", "03/01/23 05:22 PM", "20230301T1722", "2023-03-01T17",
         "2023-W09-3T17:22", "2023-03-01T24:00", "2023-03-01T17:22 CET", "2023-03-01T17:22:61", shipped=True),
    *cells("invalid_value", RESPONSES, "seconds", 2, SHEET, "14:25", "-5", "865,0", "15 minuti", shipped=True),
    Defect("totals at the bottom", "unknown_child", RESPONSES, 338, "participant",
           append(RESPONSES, ("Totale", "", "", "812"))),
    Defect("header pasted in the middle", "unknown_child", RESPONSES, 100, "participant",
           insert(RESPONSES, 100, "participant", "wave", "item", "value")),
    Defect("labels under the header", "unknown_child", RESPONSES, 2, "participant",
           insert(RESPONSES, 2, "codice", "momento", "domanda", "risposta")),
    Defect("row pasted twice", "duplicate_answer", RESPONSES, 338, "", append_copies(RESPONSES, 2, 2)),
    Defect("corrected below, not in place", "duplicate_answer", RESPONSES, 338, "",
           append_copies(RESPONSES, 20, 20, value="2")),
    Defect("export pasted twice", "duplicate_answer", RESPONSES, 338, "", append_copies(RESPONSES, 2, 337)),
    Defect("questionnaire under the wrong wave", "duplicate_answer", RESPONSES, 9, "",
           lambda s: [s.cell(RESPONSES, r, "wave", "t0") for r in range(9, 16)]),
    Defect("same item, a space behind its name", "duplicate_answer", RESPONSES, 338, "",
           append_copies(RESPONSES, 4, 4, item="making_3 ")),
    Defect("one rater for two", "duplicate_answer", RESPONSES, 54, "",
           lambda s: s.cell(RESPONSES, 54, "rater", "r1"), shipped=True),
    Defect("blank row above the defect", "invalid_value", RESPONSES, 100, "value",
           both(insert(RESPONSES, 40), lambda s: s.cell(RESPONSES, 100, "value", "n.d."))),
    Defect("all baseline sheets dated in May", "wave_dates", RESPONSES, 2, "answered_at",
           sheet(2, "answered_at", "2023-05-10T10:00"), shipped=True),
    Defect("year of the first wave mistyped", "wave_dates", RESPONSES, 2, "answered_at",
           sheet(2, "answered_at", "2020-03-01T10:00"), shipped=True),
    Defect("second wave in the middle of the programme", "wave_dates", RESPONSES, 66, "answered_at",
           sheet(66, "answered_at", "2023-05-10T10:00"), shipped=True),
    Defect("day and month swapped", "before_enrolment", RESPONSES, 2, "answered_at",
           sheet(2, "answered_at", "2023-01-03T10:00"), shipped=True),
    Defect("filled in within no time", "completion_time", RESPONSES, 2, "seconds",
           sheet(2, "seconds", "0"), shipped=True),
    Defect("empty questionnaire", "missing_wave", PARTICIPANTS, 19, "participant", no_value("S05", "t1")),
    Defect("two empty questionnaires", "no_answers", PARTICIPANTS, 19, "participant", no_value("S05", "t0", "t1")),
    Defect("had left, and no dates", "after_leaving", RESPONSES, 51, "", left("N03")),
    Defect("answered after the report", "wave_dates", RESPONSES, 66, "answered_at",
           sheet(66, "answered_at", "2023-12-01T10:00"), shipped=True),
    Defect("second wave before the first", "wave_order", RESPONSES, 66, "answered_at",
           sheet(66, "answered_at", "2023-02-20T10:00"), shipped=True),
    Defect("filled in within forty seconds", "completion_time", RESPONSES, 130, "seconds",
           sheet(130, "seconds", "40"), shipped=True),
    Defect("filled in for three days", "completion_time", RESPONSES, 194, "seconds",
           sheet(194, "seconds", "260000"), shipped=True),
    Defect("threes from top to bottom", "straight_lining", RESPONSES, 2, "value",
           lambda s: [s.cell(RESPONSES, r, "value", "3") for r in range(2, 54)], shipped=True),
    Defect("copied from the neighbour", "identical_sheets", RESPONSES, 258, "value",
           copied_sheet(130, 258), shipped=True),
    Defect("export lost an item", "item_without_answers", INSTRUMENT, 7, "item",
           drop(RESPONSES, lambda r: r["wave"] == "t1" and r["item"] == "worry_2")),
    Defect("second wave lost", "wave_without_answers", RESPONSES, None, "wave",
           drop(RESPONSES, lambda r: r["wave"] == "t1")),
    Defect("enrolled after the questionnaire", "before_enrolment", RESPONSES, 2, "answered_at",
           lambda s: s.cell(PARTICIPANTS, 2, "enrolled_on", "2023-03-05"), shipped=True),
    Defect("answers of the one who had left", "after_leaving", RESPONSES, 66, "answered_at",
           lambda s: s.cell(PARTICIPANTS, 2, "left_on", "2023-05-04"), shipped=True),
    Defect("centre of another child in the answers", "centre_mismatch", RESPONSES, 30, "centre",
           column_of(RESPONSES, "centre", "south", 30)),
]  # fmt: skip

FORMS = [
    *(Defect(f"{file} header {new!r}", "missing_column", file, 1, old, header(file, old, new)) for file, old, new in (
        (RESPONSES, "participant", "partecipante"), (RESPONSES, "wave", "Wave"), (RESPONSES, "item", "domanda"),
        (RESPONSES, "value", "valore"), (RESPONSES, "value", "valeu"), (PARTICIPANTS, "participant", "codice"),
        (PARTICIPANTS, "centre", "centro"), (ATTENDANCE, "date", "giorno"), (ATTENDANCE, "date", "Date"),
        (ATTENDANCE, "hours", "ore"), (INSTRUMENT, "minimum", "min"), (INSTRUMENT, "reverse", "inversa"),
        (PROGRAMME, "value", "valore"))),
    Defect("date of birth in Italian", "missing_column", PARTICIPANTS, 1, "birth_date / age",
           header(PARTICIPANTS, "birth_date", "data di nascita")),
    Defect("title above the table", "missing_column", RESPONSES, 1, "participant",
           insert(RESPONSES, 1, "Questionario autunno", "", "", "")),
    Defect("labels of two columns swapped", "unknown_wave", RESPONSES, 2, "wave", swapped(RESPONSES, "wave", "item")),
    Defect("labels of sex and centre swapped", "unknown_centre", PARTICIPANTS, 2, "centre",
           swapped(PARTICIPANTS, "sex", "centre")),
    Defect("labels of birth and enrolment swapped", "date_order", PARTICIPANTS, 2, "enrolled_on",
           swapped(PARTICIPANTS, "birth_date", "enrolled_on")),
    Defect("labels of date and hours swapped", "date", ATTENDANCE, 2, "date", swapped(ATTENDANCE, "date", "hours")),
    Defect("a column for each day", "missing_column", ATTENDANCE, 1, "date",
           whole(ATTENDANCE, lambda text: "participant,2023-03-08,2023-03-09\nN00,2.5,2.5\n")),
    Defect("a column for each question", "missing_column", RESPONSES, 1, "item",
           whole(RESPONSES, lambda text: "participant,wave,making_1,making_2\nN00,t0,1,2\n")),
    Defect("table without header", "missing_column", RESPONSES, 1, "participant",
           whole(RESPONSES, lambda text: text.split("\n", 1)[1])),
    Defect("page of a login under a CSV name", "missing_column", RESPONSES, 1, "participant",
           whole(RESPONSES, lambda text: "<!DOCTYPE html>\n<html><body>Accedi</body></html>\n")),
    Defect("rows numbered by a program", "unnamed_column", ATTENDANCE, 1, "",
           whole(ATTENDANCE, lambda text: text.replace("N", "7,N").replace("part", ",part"))),
    Defect("column value again, with a space", "duplicate_column", RESPONSES, 1, "value",
           lambda s: s.add_column(RESPONSES, "value ", lambda row: "2")),
    Defect("two columns value", "duplicate_column", RESPONSES, 1, "value",
           lambda s: s.add_column(RESPONSES, "value", lambda row: "2")),
    Defect("two columns sex", "duplicate_column", PARTICIPANTS, 1, "sex", lambda s: s.add_column(PARTICIPANTS, "sex")),
    Defect("remarks under no header", "unnamed_column", RESPONSES, 1, "",
           lambda s: s.add_column(RESPONSES, "", lambda row: "visto")),
    Defect("a column _row", "reserved_column", ATTENDANCE, 1, "_row",
           lambda s: s.add_column(ATTENDANCE, "_row", lambda row: "7")),
    Defect("a column of remarks", "extra_column", ATTENDANCE, 1, "note",
           lambda s: s.add_column(ATTENDANCE, "note", lambda row: "sì")),
    Defect("a column of names", "extra_column", PARTICIPANTS, 1, "cognome",
           lambda s: s.add_column(PARTICIPANTS, "cognome", lambda row: "Rossi")),
    *(Defect(f"{file} header only", "no_rows", file, None, "", whole(file, lambda text: text.split("\n")[0] + "\n"))
      for file in (PARTICIPANTS, RESPONSES, INSTRUMENT, ATTENDANCE, PROGRAMME)),
    *(Defect(f"{file} empty", "table", file, None, "", whole(file, lambda text: ""))
      for file in (PARTICIPANTS, RESPONSES, ATTENDANCE)),
    Defect("blank lines only", "table", RESPONSES, None, "", whole(RESPONSES, lambda text: "\r\n\r\n \r\n")),
    *(Defect(f"{file} not there", "missing_file", file, None, "", partial(StudyFolder.remove, file=file))
      for file in (PROTOCOL_YML, INSTRUMENT, PARTICIPANTS, RESPONSES)),
    *(Defect(f"{file} with semicolons", "separator", file, 1, "", whole(file, lambda text: text.replace(",", ";")))
      for file in (PARTICIPANTS, RESPONSES, ATTENDANCE, INSTRUMENT)),
    Defect("tabs between the columns", "separator", RESPONSES, 1, "",
           whole(RESPONSES, lambda text: text.replace(",", "\t"))),
    Defect("workbook under a CSV name", "table", RESPONSES, None, "",
           whole(RESPONSES, lambda text: b"PK\x03\x04\x14\0\x06\0\x08\0" + b"\0" * 90)),
    Defect("accents of an older spreadsheet", "encoding", INSTRUMENT, 5, "",
           raw(INSTRUMENT, 5, lambda line: line.replace("disegnare", "perché").encode("cp1252"))),
    Defect("one cell of an older spreadsheet", "encoding", RESPONSES, 77, "",
           raw(RESPONSES, 77, lambda line: line.encode() + b"\xb0")),
    Defect("saved as Unicode text", "encoding", RESPONSES, 1, "", whole(RESPONSES, lambda text: text.encode("utf-16"))),
    Defect("two exports joined", "unknown_child", RESPONSES, 170, "participant",
           raw(RESPONSES, 170, lambda line: "\ufeff" + line)),
    Defect("header of an export with two marks", "missing_column", RESPONSES, 1, "participant",
           raw(RESPONSES, 1, lambda line: "\ufeff\ufeff" + line)),
    Defect("quote never closed", "table", RESPONSES, 60, "", raw(RESPONSES, 60, lambda line: '"' + line)),
    Defect("NUL in a cell", "table", RESPONSES, 61, "", raw(RESPONSES, 61, lambda line: line + "\0")),
    Defect("decimal comma without quotes", "columns", ATTENDANCE, 4, "",
           raw(ATTENDANCE, 4, lambda line: line.replace("2.5", "2,5"))),
    Defect("reason with a comma", "columns", INSTRUMENT, 4, "",
           raw(INSTRUMENT, 4, lambda line: line.replace("So riparare.", "So riparare, credo."))),
    Defect("row cut short", "columns", RESPONSES, 44, "", raw(RESPONSES, 44, lambda line: line.rsplit(",", 1)[0])),
    Defect("whole row in quotes", "columns", RESPONSES, 45, "", raw(RESPONSES, 45, lambda line: f'"{line}"')),
    Defect("semicolons in one row", "columns", PARTICIPANTS, 9, "",
           raw(PARTICIPANTS, 9, lambda line: line.replace(",", ";"))),
    Defect("a line broken in two", "columns", PARTICIPANTS, 9, "",
           raw(PARTICIPANTS, 9, lambda line: line.replace(",yes", "\n,yes", 1))),
    Defect("programme cut short", "columns", PROGRAMME, 2, "", raw(PROGRAMME, 2, lambda line: line.rstrip(","))),
    Defect("reason of leaving with a comma", "columns", PARTICIPANTS, 3, "",
           raw(PARTICIPANTS, 3, lambda line: line + "trasferimento, Bari"), shipped=True),
    Defect("cell of a whole diary", "table", RESPONSES, 8, "",
           lambda s: s.cell(RESPONSES, 8, "value", "boh " * 50_000)),
    Defect("a thousand columns and more", "columns", RESPONSES, 1, "",
           raw(RESPONSES, 1, lambda line: line + "".join(f",c{k}" for k in range(1200)))),
    Defect("first line for a spreadsheet", "missing_column", RESPONSES, 1, "item",
           whole(RESPONSES, lambda text: "sep=,\n" + text)),
    Defect("semicolons under such a line", "separator", RESPONSES, 1, "",
           whole(RESPONSES, lambda text: "sep=;\n" + text.replace(",", ";"))),
    Defect("accented header of an older spreadsheet", "encoding", PARTICIPANTS, 1, "",
           whole(PARTICIPANTS, lambda text: text.replace("sex", "età").encode("cp1252"))),
    Defect("a folder for a file", "missing_file", RESPONSES, None, "",
           lambda s: [s.remove(RESPONSES), (s.path / RESPONSES).mkdir()]),
    Defect("a link to itself for a file", "missing_file", RESPONSES, None, "",
           lambda s: [s.remove(RESPONSES), (s.path / RESPONSES).symlink_to(RESPONSES)]),
    Defect("decimal comma before an empty column", "columns", ATTENDANCE, 4, "",
           both(lambda s: s.add_column(ATTENDANCE, "note"), raw(ATTENDANCE, 4, lambda line: line.replace("2.5",
                "2,5")))),
    Defect("answer with a comma before an empty rater", "columns", RESPONSES, 8, "",
           both(lambda s: s.add_column(RESPONSES, "rater"), raw(RESPONSES, 8, lambda line: line.replace("10,",
                "10,5,")))),
    Defect("decimal comma, and the empty cell left out", "columns", ATTENDANCE, 4, "hours",
           both(lambda s: s.add_column(ATTENDANCE, "note"), raw(ATTENDANCE, 4, lambda line: line.replace("2.5,",
                "2,5")))),
    Defect("programme: text with a comma", "columns", PROGRAMME, 2, "",
           raw(PROGRAMME, 2, lambda line: line.replace("Ore di corso", "Ore, di corso"))),
    Defect("wording with a comma before none", "columns", INSTRUMENT, 4, "",
           both(lambda s: s.cell(INSTRUMENT, 4, "wording_en", ""), raw(INSTRUMENT, 4,
                lambda line: line.replace("So riparare.", "So riparare, credo.")))),
    Defect("class with a comma", "columns", PARTICIPANTS, 3, "",
           raw(PARTICIPANTS, 3, lambda line: line.replace(",yes", ", II,yes", 1)), shipped=True),
    Defect("old workbook under a CSV name", "table", PARTICIPANTS, None, "",
           whole(PARTICIPANTS, lambda text: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 90)),
    Defect("blank rows above the header", "invalid_value", RESPONSES, 12, "value",
           both(lambda s: s.cell(RESPONSES, 10, "value", "n.d."), whole(RESPONSES, lambda text: "\n\n" + text))),
]  # fmt: skip

CHILDREN = [
    *cells("unknown_centre", PARTICIPANTS, "centre", 2, 1, "North", "nord", "Centro Nord", "sud", "east", "N",
         "north/south", "1"),
    *cells("missing_value", PARTICIPANTS, "centre", 15, 1, ""),
    *cells("missing_value", PARTICIPANTS, "participant", 16, 1, ""),
    *cells("missing_value", PARTICIPANTS, "birth_date", 20, 1, ""),
    *cells("date", PARTICIPANTS, "birth_date", 2, 1, "12/05/2010", "31/02/2010", "2010-02-31", "12/05/10", "2010",
         "40310", "12 maggio 2010", "2010-5-2", "2010/05/02", "0000-00-00", "2010-13-01", "2009-02-29", "n.d.",
         "2010-W05-1", "20100502", "2010-05-02 00:00:00", "２０１０-05-02", "maggio 2010", "02.05.2010", "2010-05-02?",
         "1900-01-00"),
    *cells("age", PARTICIPANTS, "birth_date", 5, 3, "1978-05-02", "2021-05-02", "1910-05-02", "2022-12-31"),
    *cells("date_order", PARTICIPANTS, "enrolled_on", 6, 1, "1923-02-01"),
    *cells("age", PARTICIPANTS, "birth_date", 21, 1, "2031-05-02"),
    Defect("born after enrolment", "date_order", PARTICIPANTS, 21, "enrolled_on",
           lambda s: s.cell(PARTICIPANTS, 21, "birth_date", "2031-05-02")),
    *cells("date", PARTICIPANTS, "enrolled_on", 7, 1, "01/02/2023", "2023-01-32", "febbraio", "44958", "23-02-01"),
    *cells("outside_programme", PARTICIPANTS, "enrolled_on", 13, 1, "2023-07-15", "2032-02-01"),
    *cells("invalid_value", PARTICIPANTS, "guardian_consent", 8, 1, "sì", "x", "1", "firmato", "VERO"),
    *cells("consent_missing", PARTICIPANTS, "guardian_consent", 18, 1, ""),
    *cells("consent_missing", PARTICIPANTS, "assent", 19, 1, ""),
    *cells("date_order", PARTICIPANTS, "left_on", 3, 1, "2022-05-04", shipped=True),
    *cells("date", PARTICIPANTS, "left_on", 3, 1, "maggio", "04/05/2023", shipped=True),
    *cells("unknown_centre", PARTICIPANTS, "centre", 11, 1, "north\u200e", "nor\u200dth", "nor\x1bth", "nor\xa0th"),
    Defect("child moved to the other centre", "duplicate_child", PARTICIPANTS, 26, "participant",
           append_copies(PARTICIPANTS, 4, 4, centre="south")),
    Defect("twins under one code", "duplicate_child", PARTICIPANTS, 26, "participant",
           append_copies(PARTICIPANTS, 7, 7, sex="F")),
    Defect("list pasted twice", "duplicate_child", PARTICIPANTS, 26, "participant", append_copies(PARTICIPANTS, 2, 25)),
    Defect("totals under the list", "missing_value", PARTICIPANTS, 26, "centre",
           append(PARTICIPANTS, ("Totale: 24", "", "", "", "", "", ""))),
    Defect("child taken off the list", "unknown_child", RESPONSES, 58, "participant",
           drop(PARTICIPANTS, lambda r: r["participant"] == "N04")),
    Defect("same child, a space behind the code", "duplicate_child", PARTICIPANTS, 26, "participant",
           append_copies(PARTICIPANTS, 4, 4, participant="N02 ")),
    Defect("a first name for a code", "name_like_code", PARTICIPANTS, 18, "participant", renamed("S04", "Giulia")),
    Defect("name and surname for a code", "name_like_code", PARTICIPANTS, 6, "participant",
           renamed("N04", "Niccolò D'Angelo")),
    Defect("questionnaires lost", "no_answers", PARTICIPANTS, 19, "participant",
           drop(RESPONSES, lambda r: r["participant"] == "S05")),
    Defect("one questionnaire lost", "missing_wave", PARTICIPANTS, 19, "participant",
           drop(RESPONSES, lambda r: r["participant"] == "S05" and r["wave"] == "t1")),
    Defect("answers in spite of a refusal", "consent", RESPONSES, 44, "",
           lambda s: s.cell(PARTICIPANTS, 5, "assent", "no")),
    Defect("one age not written", "missing_value", PARTICIPANTS, 6, "age", ages("")),
    Defect("invisible space in a code, in every table", "control_character", PARTICIPANTS, 6, "participant",
           renamed("N04", "N0\u200b4")),
    Defect("age with its unit", "invalid_value", PARTICIPANTS, 6, "age", ages("14 anni")),
    Defect("age with a decimal comma", "invalid_value", PARTICIPANTS, 6, "age", ages("14,5")),
    Defect("age with a digit too many", "age", PARTICIPANTS, 6, "age", ages("144")),
    Defect("class instead of the age", "age", PARTICIPANTS, 6, "age", ages("3")),
    Defect("real data without consent", "missing_column", PARTICIPANTS, 1, "guardian_consent",
           real_without("guardian_consent")),
    Defect("real data without assent", "missing_column", PARTICIPANTS, 1, "assent", real_without("assent")),
    Defect("reason of two lines above the defect", "unknown_centre", PARTICIPANTS, 30, "centre",
           both(lambda s: s.cell(PARTICIPANTS, 3, "left_reason", "trasferimento,\r\na Bari"),
                lambda s: s.cell(PARTICIPANTS, 30, "centre", "Confronto")), shipped=True),
]  # fmt: skip

REGISTER = [
    *cells("invalid_value", ATTENDANCE, "hours", 2, 1, "30", "-2", "2,5", "2h30", "2:30", "assente", "P", "24.5", "3h",
         "due", "2 ½", "1899-12-30 02:30:00", "nan", "-", "=2+1"),
    *cells("missing_value", ATTENDANCE, "hours", 20, 1, ""),
    *cells("date", ATTENDANCE, "date", 3, 2, "08/03/2023", "2023-02-31", "8 marzo", "2023-03", "45000", "2023-03-08/09",
         "8/3", "03/08/23", "mercoledì"),
    *cells("date", ATTENDANCE, "date", 4, 2, "2023-3-8", "2023-03-08T10:00", "20230308"),
    *cells("missing_value", ATTENDANCE, "date", 24, 1, ""),
    *cells("outside_programme", ATTENDANCE, "date", 5, 1, "2032-03-09", "2022-03-08", "2023-07-01", "2023-03-05"),
    *cells("unknown_child", ATTENDANCE, "participant", 8, 1, "N99", "N O3", "n03", "TOTALE"),
    *cells("comparison_attendance", ATTENDANCE, "participant", 14, 1, "S00"),
    Defect("totals under the register", "unknown_child", ATTENDANCE, 26, "participant",
           append(ATTENDANCE, ("TOTALE", "", "", "60"))),
    Defect("row of the register pasted twice", "duplicate_attendance", ATTENDANCE, 26, "date",
           append_copies(ATTENDANCE, 6, 6)),
    Defect("twenty-eight hours in a day", "hours_a_day", ATTENDANCE, 27, "hours",
           append(ATTENDANCE, ("N05", "2023-03-10", "lab", "14"), ("N05", "2023-03-10", "gita", "14"))),
    Defect("months added up in one cell", "hours", ATTENDANCE, None, "hours",
           append(ATTENDANCE, ("N05", "2023-03-10", "lab", "20"), ("N05", "2023-04-10", "lab", "20"))),
    Defect("register of the one who had left", "after_leaving", ATTENDANCE, 2, "date",
           lambda s: s.cell(PARTICIPANTS, 3, "left_on", "2023-03-06"), shipped=True),
    Defect("centre of another child in the register", "centre_mismatch", ATTENDANCE, 10, "centre",
           column_of(ATTENDANCE, "centre", "south", 10)),
]  # fmt: skip

CODEBOOK = [
    *cells("invalid_value", INSTRUMENT, "reverse", 2, 1, "sì", "R", "1", "invertito"),
    *cells("invalid_value", INSTRUMENT, "maximum", 2, 1, "5,0", "cinque", "1-5"),
    *cells("unknown_scale", INSTRUMENT, "scale", 4, 1, "makeing", "Making", "mak\u200bing"),
    Defect("ends of a scale swapped", "range", INSTRUMENT, 6, "minimum",
           lambda s: [s.cell(INSTRUMENT, 6, "minimum", "3"), s.cell(INSTRUMENT, 6, "maximum", "0")]),
    *cells("missing_value", INSTRUMENT, "item", 5, 1, ""),
    *cells("missing_value", INSTRUMENT, "reverse", 3, 1, ""),
    *cells("control_character", INSTRUMENT, "wording_it", 3, 1, "Non\x1b[31m so."),
    Defect("reversed item without maximum", "range", INSTRUMENT, 3, "reverse",
           lambda s: s.cell(INSTRUMENT, 3, "maximum", "")),
    Defect("item written twice", "duplicate_item", INSTRUMENT, 9, "item", append_copies(INSTRUMENT, 4, 4)),
    Defect("item once more, with a space", "duplicate_item", INSTRUMENT, 9, "item",
           append_copies(INSTRUMENT, 4, 4, item=" making_3")),
    Defect("item reworded under the same code", "duplicate_item", INSTRUMENT, 9, "item",
           append_copies(INSTRUMENT, 4, 4, reverse="yes", scale="worry")),
    Defect("item taken out of the codebook", "unknown_item", RESPONSES, 5, "item",
           drop(INSTRUMENT, lambda r: r["item"] == "making_4")),
    Defect("scale of another length", "range", RESPONSES, 58, "value", lambda s: s.cell(INSTRUMENT, 2, "maximum", "4")),
    Defect("reversal forgotten", "reversed_item", INSTRUMENT, 5, "reverse",
           lambda s: s.cell(INSTRUMENT, 5, "reverse", "no"), shipped=True),
    Defect("reversal too many", "reversed_item", INSTRUMENT, 10, "reverse",
           lambda s: s.cell(INSTRUMENT, 10, "reverse", "yes"), shipped=True),
]  # fmt: skip

PLAN = [
    yaml("unknown_key", "covariates:", "covariate:", "covariate"),
    yaml("unknown_key", "alpha: 0.05", "alfa: 0.05", "analysis.alfa"),
    yaml("unknown_key", "planned_hours", "ore_previste", "programme.ore_previste"),
    yaml("yaml", "  estimator: did", "\testimator: did", ""),
    yaml("yaml", "{minimum_cell: 10}", "{minimum_cell: 10", "", lines=1),
    yaml("yaml", "centres:\n", "centres\n", "", lines=1),
    yaml("duplicate_key", "privacy:", "covariates: [age]\nprivacy:", "covariates"),
    yaml("invalid_value", "planned_hours: 40", "planned_hours: quaranta", "programme.planned_hours"),
    yaml("invalid_value", "planned_hours: 40", "planned_hours: -40", "programme.planned_hours"),
    yaml("invalid_value", "alpha: 0.05", "alpha: 5", "analysis.alpha"),
    yaml("invalid_value", "alpha: 0.05", "alpha: 0,05", "analysis.alpha"),
    yaml("invalid_value", "from: 2023-03-06, to: 2023-06-30", "from: 2023-06-30, to: 2023-03-06", "programme.to"),
    yaml("invalid_value", "id: t0, role: baseline", "id: t0, role: base", "waves.0.role"),
    yaml("invalid_value", "id: t1, role: endline", "id: t1, role: baseline", "waves", lines=-2),
    yaml("invalid_value", "  - {id: t0, role: baseline}\n  - {id: t1, role: endline}",
         "  - {id: t1, role: endline}\n  - {id: t0, role: baseline}", "waves", lines=-1),
    yaml("invalid_value", "{id: t1, role: endline}", "{id: t0, role: endline}", "waves.1.id"),
    yaml("invalid_value", "of: [making, worry]", "of: [making, wory]", "outcomes.0.of.1"),
    yaml("unknown_outcome", "id: travel, role: placebo", "id: travel_time, role: placebo", "outcomes"),
    yaml("unknown_outcome", "  - {id: making,", "  - {id: happiness, role: secondary, kind: scale}\n  - {id: making,",
         "outcomes"),
    yaml("invalid_value", "comparison: south", "comparison: north", "centres.comparison"),
    yaml("invalid_value", "treated: north", "treated: no", "centres.treated"),
    yaml("invalid_value", "  comparison: south\n", "", "centres.comparison", lines=-2),
    yaml("invalid_value", "kind: measure", "kind: misura", "outcomes.3.kind"),
    yaml("invalid_value", "age: [11, 17]", "age: [17, 11]", "population.age"),
    yaml("invalid_value", "age: [11, 17]", "age: 11-17", "population.age"),
    yaml("invalid_value", "format: 1", "format: 2", "format"),
    yaml("invalid_value", "provenance: synthetic", "provenance: sintetico", "study.provenance"),
    yaml("invalid_value", "minimum_answered: 0.5", "minimum_answered: 50", "outcomes.1.minimum_answered"),
    yaml("unknown_covariate", "covariates: [age, sex]", "covariates: [age, sesso]", "covariates"),
    yaml("invalid_value", "privacy: {minimum_cell: 10}", "privacy: {minimum_cell: dieci}", "privacy.minimum_cell"),
    yaml("invalid_value", "{id: t0, role", "{id: yes, role", "waves.0.id"),
    yaml("invalid_value", "{id: t0, role", "{id: 0, role", "waves.0.id"),
    yaml("invalid_value", "alpha: 0.05", "permutations: 9.999", "analysis.permutations"),
    yaml("invalid_value", "alpha: 0.05", "alpha: 5%", "analysis.alpha"),
    yaml("invalid_value", "estimator: did", "estimator: DiD", "analysis.estimator"),
    yaml("invalid_value", "planned_hours: 40", "planned_hours: 40 h", "programme.planned_hours"),
    yaml("invalid_value", "planned_hours: 40", "planned_hours: .nan", "programme.planned_hours"),
    yaml("invalid_value", "direction: lower, unit", "direction: basso, unit", "outcomes.2.direction"),
    yaml("invalid_value", "{id: worry, role", "{id: making, role", "outcomes.2.id"),
    yaml("invalid_value", "of: [making, worry]", "of: [making, skills]", "outcomes.0.of.1"),
    yaml("invalid_value", "    north: {it", "    nord: {it", "centres.labels.nord"),
    yaml("invalid_value", "{it: Studio minimo, en: Tiny study}", "Studio minimo", "study.title"),
    yaml("invalid_value", "id: tiny\n", "id: ../../tiny\n", "study.id"),
    yaml("unknown_covariate", "alpha: 0.05", "subgroups: [gender]", "analysis.subgroups"),
    yaml("date", "from: 2023-03-06", "from: 06/03/2023", "programme.from"),
    yaml("date", "report_date: 2023-09-30", "report_date: 2023-09-31", "study.report_date"),
    yaml("control_character", "it: Studio minimo", 'it: "Studio\\eminimo"', "study.title.it"),
    yaml("control_character", "Studio minimo", "Studio\u202eminimo", "study.title.it"),
    yaml("yaml", "Studio minimo", "Studio\x1bminimo", ""),
    yaml("yaml", "format: 1", "format: 1\n---\nformat: 1", "", lines=1),
    yaml("yaml", "  estimator: did", "\xa0\xa0estimator: did", "", lines=1),
    yaml("duplicate_key", "id: t0, role: baseline", "id: t0, role: baseline, id: t1", "id"),
    Defect("protocol of a megabyte", "size", PROTOCOL_YML, None, "",
           whole(PROTOCOL_YML, lambda text: text + "# nota\n" * 200_000)),
    Defect("protocol saved as Unicode text", "encoding", PROTOCOL_YML, 1, "",
           whole(PROTOCOL_YML, lambda text: text.encode("utf-16"))),
    Defect("covariate under another name", "unknown_covariate", PROTOCOL_YML, 26, "covariates",
           header(PARTICIPANTS, "sex", "sesso")),
    Defect("centre renamed in the protocol only", "unknown_centre", PARTICIPANTS, 14, "centre",
           put(PROTOCOL_YML, "comparison: south", "comparison: sud")),
    Defect("wave renamed in the protocol only", "unknown_wave", RESPONSES, 2, "wave",
           put(PROTOCOL_YML, "{id: t0, role", "{id: T0, role")),
    Defect("protocol of an older editor", "encoding", PROTOCOL_YML, 4, "",
           raw(PROTOCOL_YML, 4, lambda line: line.replace("Studio", "Studiò").encode("cp1252"))),
    Defect("empty protocol", "yaml", PROTOCOL_YML, 1, "", whole(PROTOCOL_YML, lambda text: "")),
    Defect("a letter for a protocol", "yaml", PROTOCOL_YML, 1, "",
           whole(PROTOCOL_YML, lambda text: "Gentile centro, ecco il protocollo.\n")),
]  # fmt: skip

TERMS = [
    yaml("unknown_outcome", "outcome: skills", "outcome: skils", "metrics.m.outcome", CONTRACT),
    yaml("unknown_wave", "wave: t1", "wave: t9", "metrics.m.wave", CONTRACT),
    yaml("direction_differs", "direction: higher", "direction: lower", "metrics.m.direction", CONTRACT),
    yaml("unit_differs", "unit: baseline SD", "unit: points", "metrics.m.unit", CONTRACT),
    yaml("unknown_key", "total_cap: 5000", "cap_totale: 5000", "limits.cap_totale", CONTRACT),
    yaml("unknown_key", "price: 1000", "price: 1.000,00", "rules.0.formula.per_unit.00", CONTRACT),
    yaml("invalid_value", "price: 1000", "price: 1000 euro", "rules.0.formula.per_unit.price", CONTRACT),
    yaml("invalid_value", "total_cap: 5000", "total_cap: -5000", "limits.total_cap", CONTRACT),
    yaml("invalid_value", 'op: ">="', 'op: "=>"', "decision.0.gates.0.op", CONTRACT),
    yaml("invalid_value", "id: r, metric: m", "id: r, metric: mm", "rules.0.metric", CONTRACT),
    yaml("invalid_value", "  - metric: m\n", "  - metric: mm\n", "decision.0.metric", CONTRACT),
    yaml("invalid_value", "fictional: true", "fictional: sì", "contract.fictional", CONTRACT),
    yaml("invalid_value", 'period: "2023"', "period: 2023", "schedule.0.period", CONTRACT),
    yaml("invalid_value", 'version: "1"', "version: 1.0", "contract.version", CONTRACT),
    yaml("invalid_value", "on_fail: undetermined", "on_fail: boh", "decision.0.gates.0.on_fail", CONTRACT),
    yaml("invalid_value", "kind: min_n", "kind: minimo", "decision.0.gates.0.kind", CONTRACT),
    yaml("invalid_value", "statistic: point", "statistic: media", "decision.0.statistic", CONTRACT),
    yaml("invalid_value", "currency: EUR", "currency: euro", "contract.currency", CONTRACT),
    yaml("invalid_value", "role: outcome_payer", "role: pagatore", "parties.0.role", CONTRACT),
    yaml("invalid_value", "outcome: skills, ", "", "metrics.0.outcome", CONTRACT),
    yaml("unknown_wave", "wave: t1", "wave: t0", "metrics.m.wave", CONTRACT),
    yaml("date", "effective: 2023-03-01", "effective: 01/03/2023", "contract.effective", CONTRACT),
    yaml("invalid_value", "to: 2023-07-31", "to: 2023-02-01", "schedule.0.to", CONTRACT),
    yaml("yaml", "  id: tiny-contract", "\tid: tiny-contract", "", CONTRACT),
    Defect("contract of an older editor", "encoding", CONTRACT, 12, "",
           raw(CONTRACT, 12, lambda line: line.encode("cp1252"))),
    Defect("empty contract", "yaml", CONTRACT, 1, "", whole(CONTRACT, lambda text: "")),
    yaml("invalid_value", "mode: half_even", "mode: commerciale", "rounding.mode", CONTRACT),
    yaml("duplicate_key", "dispute:", "rules: []\ndispute:", "rules", CONTRACT),
    yaml("invalid_value", "claim_days: 30", "claim_days: trenta", "schedule.0.claim_days", CONTRACT),
]  # fmt: skip

DEFECTS = [*ANSWERS, *FORMS, *CHILDREN, *REGISTER, *CODEBOOK, *PLAN, *TERMS]

# Habits that harm nothing: no finding, and every number as before.
HARMLESS: dict[str, Break] = {
    "a mark at the start": whole(RESPONSES, lambda text: "\ufeff" + text),
    "line ends of Windows": whole(PARTICIPANTS, lambda text: text.replace("\n", "\r\n")),
    "line ends of two systems": whole(RESPONSES, lambda text: text.replace("\n", "\r\n", 100)),
    "line ends of old": whole(ATTENDANCE, lambda text: text.replace("\n", "\r")),
    "no last line end": whole(RESPONSES, lambda text: text.rstrip("\n")),
    "every cell in quotes": whole(ATTENDANCE, lambda text: re.sub(r"[^,\n]+", r'"\g<0>"', text)),
    "blank rows at the bottom": whole(RESPONSES, lambda text: text + ",,,\n,,,\n\n"),
    "empty columns on the right": whole(RESPONSES, lambda text: text.replace("\n", ",,\n")),
    "spaces behind codes": whole(RESPONSES, lambda text: text.replace(",t1,", ",t1 ,")),
    "spaces behind centres": whole(PARTICIPANTS, lambda text: text.replace("north", "north ")),
    "spaces in the header": whole(RESPONSES, lambda text: text.replace("item,", "item ,")),
    "answers with a decimal place": whole(RESPONSES, lambda text: re.sub(r"(\d)$", r"\1.0", text, flags=re.M)),
    "answers with a zero in front": whole(RESPONSES, lambda text: re.sub(r",(\d)$", r",0\1", text, flags=re.M)),
    "an unbroken space behind an answer": whole(
        RESPONSES, lambda text: re.sub(r",(\d)$", ",\\1\xa0", text, flags=re.M)
    ),
    "protocol with line ends of Windows": whole(PROTOCOL_YML, lambda text: "\ufeff" + text.replace("\n", "\r\n")),
}
