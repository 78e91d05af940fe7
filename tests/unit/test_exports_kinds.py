"""Kinds of real exports that once lost an answer, or gave it to another child: each held by an input of our own."""

from __future__ import annotations

import csv
import datetime as dt
from collections.abc import Sequence
from pathlib import Path

import pytest
import yaml
from corpus.answers import imported
from corpus.files import Style, Value, archive, text_file, workbook, workbook_parts
from study_builder import StudyFolder, build

from evaluation.errors import UserError
from evaluation.intake.exports.draft import draft_mapping
from evaluation.intake.exports.importing import Imported, import_exports
from evaluation.intake.exports.layouts import keys
from evaluation.intake.exports.values import Options
from evaluation.privacy.identifying import heads_identity, may_identify, shows_identity
from evaluation.study.findings import Finding, StudyDefects

Rows = list[Sequence[Value]]
LABELS = "item,scale,minimum,maximum,reverse,wording_it,wording_en\n"


class Desk:
    """A study of four items from 0 to 9,999 and the folder of its exports."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.study: StudyFolder = build(folder / "study").remove("responses.csv")
        items = "".join(f"{item},,0,9999,no,{item},{item}\n" for item in ("a", "b", "c", "d"))
        self.study.write("instrument.csv", LABELS + items)
        self.entries: list[dict[str, object]] = []

    def save(self, name: str, content: Rows | bytes | dict[str, Rows]) -> Path:
        """Write an export: rows as CSV, sheets as a workbook, bytes as they are."""
        path = self.folder / name
        if isinstance(content, dict):
            content = workbook(content)
        elif isinstance(content, list):
            content = text_file(content, Style())  # type: ignore[arg-type]
        path.write_bytes(content)
        return path

    def entry(self, file: str, **entry: object) -> Desk:
        """Add an entry of intake.yml."""
        self.entries.append({"file": file, "child": "participant", "wave": "t0", **entry})
        document = {"format": 1, "exports": [{k: v for k, v in e.items() if v is not None} for e in self.entries]}
        self.study.write("intake.yml", yaml.safe_dump(document, allow_unicode=True, sort_keys=False))
        return self

    def take(self, *paths: Path) -> Imported:
        return import_exports(paths, self.study.path)

    def refused(self, *paths: Path) -> list[Finding]:
        """The errors of an import, which left nothing behind."""
        with pytest.raises(StudyDefects) as error:
            self.take(*paths)
        return list(error.value.findings)

    @property
    def answers(self) -> list[tuple[str, str, str, str]]:
        return [answer[:4] for answer in imported(self.study.path)]


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


# Repeats --------------------------------------------------------------------------------------------------------------

OWN = ["_id", "_uuid", "_submission_time", "_index"]
TAIL = ["_index", "_parent_table_name", "_parent_index"]


def visits(*, orphan: bool = False, another: bool = False) -> dict[str, Rows]:
    """Three submissions; visits within the second and third; tests within the visits. Keys of rows are never in step."""
    submitted: Rows = [["code", "b", *OWN]] + [
        [code, k, 100 + k, f"u{k}", "2023-03-01T09:00:00", 10 * k] for k, code in enumerate(("N00", "N01", "N02"), 1)
    ]
    visit: Rows = [["day", *TAIL], ["x", 7, "Scheda", 30], ["y", 8, "Scheda", 20]]
    test: Rows = [
        ["visit/test/a", *TAIL, "_submission__id"],
        ["5", 1, "visit", 8, 101 if another else 102],
        ["6", 2, "visit", 9 if orphan else 7, 103],
    ]
    return {"Scheda": submitted, "visit": visit, "test": test}


@pytest.mark.parametrize("order", [("Scheda", "visit", "test"), ("test", "Scheda", "visit")])
def test_a_repeat_within_a_repeat_follows_the_named_parent_up(desk: Desk, order: tuple[str, ...]):
    sheets = visits()
    path = desk.save("k.xlsx", {name: sheets[name] for name in order})
    desk.entry("k.xlsx", child="code", items={"visit/test/a": "a", "b": "b"})
    done = desk.take(path)
    assert desk.answers == [
        ("N00", "t0", "b", "1"), ("N01", "t0", "a", "5"), ("N01", "t0", "b", "2"),
        ("N02", "t0", "a", "6"), ("N02", "t0", "b", "3"),
    ]  # fmt: skip
    assert {one.sheet: one.read for one in done.tallies} == {"Scheda": 3, "visit": 2, "test": 2}


@pytest.mark.parametrize("fault", ["orphan", "another"])
def test_a_row_of_no_parent_or_of_another_submission_is_an_error(desk: Desk, fault: str):
    path = desk.save("k.xlsx", visits(**{fault: True}))
    (finding,) = desk.entry("k.xlsx", child="code", items={"visit/test/a": "a"}).refused(path)
    assert (finding.kind, finding.sheet, finding.row) == ("orphan_row", "test", 3 if fault == "orphan" else 2)


def test_what_a_submission_says_once_holds_for_every_child_that_its_repeat_names(desk: Desk):
    sheets: dict[str, Rows] = {
        "Gruppo": [["b", *OWN], [4, 1, "u1", "2023-03-01T09:00:00", 1], [6, 2, "u2", "2023-03-02T09:00:00", 2]],
        "child": [
            ["who", "a", *TAIL], ["N00", 1, 1, "Gruppo", 1], ["N01", 2, 2, "Gruppo", 1], ["N02", 3, 3, "Gruppo", 2],
        ],
    }  # fmt: skip
    path = desk.save("k.xlsx", sheets)
    desk.entry("k.xlsx", child="who", items={"a": "a", "b": "b"}).take(path)
    assert [answer[3] for answer in desk.answers] == ["1", "4", "2", "4", "3", "6"]


def test_a_skipped_submission_takes_its_repeats_and_no_other(desk: Desk):
    sheets = visits()
    desk.entry("k.xlsx", child="code", items={"visit/test/a": "a"}, skip=[{"row": 3, "why": "a trial"}])
    done = desk.take(desk.save("k.xlsx", sheets))
    assert desk.answers == [("N02", "t0", "a", "6")]
    assert {one.sheet: one.counts["skipped"] for one in done.tallies} == {"Scheda": 1, "visit": 1, "test": 1}
    assert [(f.kind, f.row) for f in done.findings if f.kind == "skipped"] == [("skipped", 3)]


# Skipped rows ---------------------------------------------------------------------------------------------------------

FIRST: Rows = [["participant", "a"], ["N00", "4"], ["N00", "3"], ["N01", "2"]]


def test_a_skipped_row_is_its_response_wherever_it_stands_later(desk: Desk):
    desk.entry("x*.csv", items={"a": "a"}, skip=[{"row": 3, "why": "twice"}])
    desk.take(desk.save("x1.csv", FIRST))
    assert desk.answers == [("N00", "t0", "a", "4"), ("N01", "t0", "a", "2")]
    desk.take(desk.save("x2.csv", [["a", "participant"], ["9", "N02"], ["3", "N00"], ["2", "N01"], ["4", "N00"]]))
    assert desk.answers[-1] == ("N02", "t0", "a", "9")
    gone = desk.refused(desk.save("x3.csv", [["participant", "a"], ["N00", "4"], ["N03", "5"], ["N01", "2"]]))
    assert [f.kind for f in gone] == ["skip"] and "twice" in gone[0].expected["en"]


def test_a_row_that_is_not_there_is_no_row_to_skip(desk: Desk):
    desk.entry("x.csv", items={"a": "a"}, skip=[{"row": 9, "why": "twice"}])
    assert "skip" in [f.kind for f in desk.refused(desk.save("x.csv", FIRST))]


# One file, several waves ----------------------------------------------------------------------------------------------


def test_columns_before_and_after_of_one_table_are_two_waves(desk: Desk):
    path = desk.save("x.csv", [["participant", "a", "a dopo"], ["N00", "1", "2"], ["N01", "3", ""]])
    desk.entry("x.csv", items={"a": "a"}).entry("x.csv", wave="t1", items={"a dopo": "a"})
    done = desk.take(path)
    assert desk.answers == [("N00", "t0", "a", "1"), ("N00", "t1", "a", "2"), ("N01", "t0", "a", "3")]
    assert [one.counts["unanswered"] for one in done.tallies] == [0, 1]


def test_two_sheets_of_a_workbook_are_two_waves(desk: Desk):
    sheets: dict[str, Rows] = {"Prima": [["participant", "a"], ["N00", 4]], "Dopo": [["participant", "a"], ["N00", 5]]}
    path = desk.save("x.xlsx", sheets)
    desk.entry("x.xlsx", sheet="Prima", items={"a": "a"}).entry("x.xlsx", sheet="Dopo", wave="t1", items={"a": "a"})
    desk.take(path)
    assert desk.answers == [("N00", "t0", "a", "4"), ("N00", "t1", "a", "5")]
    assert len(desk.study.rows("exports/imported.csv")[1][2].split()) == 2


def test_the_same_bytes_under_two_names_are_read_under_each_entry_and_noted_under_one(desk: Desk):
    one, two = (desk.save(name, [["participant", "a"], ["N00", "4"]]) for name in ("x.csv", "y.csv"))
    desk.entry("x.csv", items={"a": "a"}).entry("y.csv", wave="t1", items={"a": "a"})
    assert len({answer[1] for answer in (desk.take(one, two), desk.answers)[1]}) == 2
    desk.entries.clear()
    noted = desk.entry("?.csv", items={"a": "a"}).take(one, two)
    assert [(f.kind, f.file) for f in noted.findings if f.level == "note"] == [("same_bytes", "y.csv")]


# Headers and boxes ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "names",
    [("Q", "Q", "Q #2"), ("Q #1", "Q", "Q"), ("", "", "column B"), ("Q", "Q", "Q #1", "Q #2", "Q #3"), ("", "x")],
)
def test_every_column_has_a_name_of_its_own(names: tuple[str, ...]):
    called = keys(names)
    assert len(set(called)) == len(names)
    assert all(key == name for key, name in zip(called, names, strict=True) if names.count(name) == 1 and name)


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([("No", ""), ("", "No")], [("1", "0"), ("0", "1")]),  # the labels of two boxes of one title
        ([("No", "Yes"), ("Yes", "No")], [("0", "1"), ("1", "0")]),  # words for ticked and not
        ([("FALSO", "VERO"), ("Nein", "Ja")], [("0", "1"), ("0", "1")]),
        ([("fatto", "da fare"), ("-9", "fatto")], [("1", "0"), ("", "1")]),
    ],
)
def test_a_box_whose_label_is_no_is_told_from_a_box_that_says_no(
    desk: Desk, rows: list[tuple[str, str]], expected: list[tuple[str, str]]
):
    table: Rows = [["participant", "Q [No]", "Q [No]"], *([f"N{k:02}", *row] for k, row in enumerate(rows))]
    boxes = {"Q [No] #1": "a", "Q [No] #2": "b"}
    desk.entry("x.csv", checkboxes=[boxes], ticked=["fatto"], unticked=["da fare"], missing=[-9])
    desk.take(desk.save("x.csv", table))
    found = {(child, item): value for child, _, item, value in desk.answers}
    assert [(found[f"N{k:02}", "a"], found[f"N{k:02}", "b"]) for k in range(len(rows))] == expected


def test_headers_without_letters_or_digits_are_drafted(desk: Desk):
    path = desk.save("x.csv", [["participant", "1.", "??", "Ω"], ["N00", "4", "5", "3"]])
    assert [one.confidence for one in draft_mapping([path], desk.study.path).exports[0].matches] == [0, 0, 0]


# Cells that are no answer ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "cell",
    [
        '<c r="B2" t="e"><v>#N/A</v></c>',
        '<c r="B2"><f>1+1</f></c>',
        "<c r='B2'><f>1+1</f><v></v></c>",
        '<c t="e"><v>#N/A</v></c>',
    ],
)
def test_a_cell_without_a_value_is_an_error_at_its_place_where_it_is_mapped(desk: Desk, cell: str):
    parts = workbook_parts({"S": [["participant", "a", "b"], ["N00", 77, 5]]})
    sheet = "xl/worksheets/sheet1.xml"
    assert '<c r="B2"><v>77</v></c>' in parts[sheet]
    path = desk.save("x.xlsx", archive(parts | {sheet: parts[sheet].replace('<c r="B2"><v>77</v></c>', cell)}))
    desk.entry("x.xlsx", items={"a": "a", "b": "b"})
    assert [(f.kind, f.cell) for f in desk.refused(path)] == [("no_value", "B2")]
    desk.entries.clear()
    desk.entry("x.xlsx", items={"b": "b"}).take(path)
    assert desk.answers == [("N00", "t0", "b", "5")]


def test_what_is_hidden_and_percentages_are_noted(desk: Desk):
    parts = workbook_parts({"S": [["participant", "a"], ["N00", 0.5], ["N01", 2]], "T": [["x"], ["y"]]})
    sheet, styles, book = "xl/worksheets/sheet1.xml", "xl/styles.xml", "xl/workbook.xml"
    parts[sheet] = parts[sheet].replace('<row r="3">', '<row r="3" hidden="1">').replace('r="B2"', 'r="B2" s="2"')
    parts[styles] = (
        parts[styles].replace('<cellXfs count="2">', "<cellXfs>").replace("</cellXfs>", '<xf numFmtId="10"/></cellXfs>')
    )
    parts[book] = parts[book].replace('name="T"', 'name="T" state="veryHidden"')
    done = desk.entry("x.xlsx", items={"a": "a"}).take(desk.save("x.xlsx", archive(parts)))
    noted = {f.kind: (f.sheet, f.cell or f.row) for f in done.findings if f.level == "note"}
    assert noted == {"hidden_row": ("S", 3), "percent": ("S", "B2"), "hidden_sheet": ("T", None)}
    assert desk.answers == [("N00", "t0", "a", "0.5"), ("N01", "t0", "a", "2")]


@pytest.mark.parametrize(
    ("other", "kind"), [("1300", "thousands"), ("1.250.000", "thousands"), ("2.5", ""), ("900", "")]
)
def test_a_point_among_thousands_is_never_taken_for_a_decimal_mark_in_silence(desk: Desk, other: str, kind: str):
    study = desk.study
    study.write("instrument.csv", study.text("instrument.csv").replace("a,,0,9999", "a,,,"))
    path = desk.save("x.csv", [["participant", "a"], ["N00", "1.250"], ["N01", other]])
    desk.entry("x.csv", items={"a": "a"})
    if kind:
        assert kind in {f.kind for f in desk.refused(path)}
        desk.entries.clear()
        desk.entry("x.csv", items={"a": {"item": "a", "decimal": "."}}, skip=[{"row": 3, "why": "the other"}])
    desk.take(path)
    assert desk.answers[0] == ("N00", "t0", "a", "1.250")


# What a tool says of a response ---------------------------------------------------------------------------------------


def test_the_boxes_of_a_form_that_nobody_opened_are_no_answers(desk: Desk):
    header = ["record_id", "x___1", "x___2", "note", "first_complete", "c", "second_complete"]
    rows = [
        ["N00", "1", "0", "", "2", "5", "2"], ["N01", "0", "0", "", "0", "6", "1"], ["N02", "0", "0", "", "", "", "0"],
        ["N03", "0", "0", "begun", "0", "7", "2"],
    ]  # fmt: skip
    desk.entry("x.csv", child="record_id", checkboxes=[{"x___1": "a", "x___2": "b"}], items={"c": "c"})
    done = desk.take(desk.save("x.csv", [header, *rows]))
    given = {(child, item): value for child, _, item, value in desk.answers if value}
    assert given == {
        ("N00", "a"): "1", ("N00", "b"): "0", ("N00", "c"): "5", ("N01", "c"): "6",
        ("N03", "a"): "0", ("N03", "b"): "0", ("N03", "c"): "7",
    }  # fmt: skip
    assert [(f.kind, f.row) for f in done.findings if f.kind == "form_begun"] == [("form_begun", 5)]
    (tally,) = done.tallies
    assert (tally.counts["imported"], tally.counts["unanswered"], sum(tally.unsent.values())) == (3, 1, 2)


QUALTRICS = ["StartDate", "EndDate", "Status", "Finished", "code", "Q1"]


def qualtrics(zone: str = "America/Denver") -> Rows:
    ids = ["startDate", "endDate", "status", "finished", "QID1", "QID2"]
    imports = [f'{{"ImportId":"{name}","timeZone":"{zone}"}}' for name in ids[:2]]
    imports += [f'{{"ImportId":"{name}"}}' for name in ids[2:]]
    at = ["2023-03-02 09:00:00", "2023-03-02 09:05:00"]
    rows = [[*at, status, ended, f"N{k:02}", "4"] for k, (status, ended) in enumerate([
        ("IP Address", "True"), ("IP Address", "False"), ("Survey Preview", "True"), ("8", "1"),
    ])]  # fmt: skip
    return [QUALTRICS, QUALTRICS, imports, *rows]


@pytest.mark.parametrize(
    ("changes", "children"),
    [
        ({}, ["N00", "N01"]),
        ({"unfinished": "drop"}, ["N00"]),
        ({"previews": "keep"}, ["N00", "N01", "N02", "N03"]),
        ({"filter": [{"column": "Finished", "is_not": ["False"]}]}, ["N00"]),
        ({"filter": [{"column": "code", "is": ["N01", "N02"]}]}, ["N01"]),
    ],
)
def test_unfinished_responses_and_previews_are_told_counted_and_filtered(
    desk: Desk, changes: dict[str, object], children: list[str]
):
    path = desk.save("q.csv", qualtrics())
    done = desk.entry("q.csv", child="code", items={"Q1": "a"}, **changes).take(path)
    assert [answer[0] for answer in desk.answers] == children
    (tally,) = done.tallies
    assert sum(tally.counts.values()) == tally.read == 4
    assert tally.unsent == ({"Finished": 1} if "N01" in children else {})
    assert [f.column for f in done.findings if f.kind == "unfinished"] == ["Finished"] * ("N01" in children)


def test_submissions_that_a_reviewer_did_not_accept_are_told_and_dropped_on_demand(desk: Desk):
    header = ["code", "Q1", "_id", "_uuid", "_submission_time", "_validation_status"]
    states = ["Approved", "", "Not Approved", "validation_status_on_hold"]
    rows = [[f"N{k:02}", "4", str(k), f"u{k}", "2023-03-02T09:00:00", state] for k, state in enumerate(states)]
    path = desk.save("k.csv", [header, *rows])
    done = desk.entry("k.csv", child="code", items={"Q1": "a"}).take(path)
    assert done.tallies[0].unsent == {"_validation_status": 2} and len(desk.answers) == 4
    desk.study.remove("responses.csv")
    desk.entries.clear()
    done = desk.entry("k.csv", child="code", items={"Q1": "a"}, unfinished="drop").take(path)
    assert done.tallies[0].counts["unfinished"] == 2 and [answer[0] for answer in desk.answers] == ["N00", "N01"]


def test_a_declared_zone_is_turned_into_the_centre_s_clock(desk: Desk):
    desk.entry("q.csv", child="code", items={"Q1": "a"}).take(desk.save("q.csv", qualtrics()))
    assert {answer[4:] for answer in imported(desk.study.path)} == {("2023-03-02T17:05:00", "300")}
    desk.study.remove("responses.csv")
    assert {f.kind for f in desk.refused(desk.save("q.csv", qualtrics("Mountain/Nowhere")))} == {"zone"}


def test_no_time_is_read_from_1980_and_no_duration_from_minutes(desk: Desk):
    header = ["id", "submitdate", "lastpage", "startlanguage", "startdate", "code", "Q1"]
    rows = [
        ["1", "1980-01-01 00:00:00", "3", "it", "1980-01-01 00:00:00", "N00", "4"],
        ["2", "2023-03-02 10:07", "3", "it", "2023-03-02 10:00", "N01", "4"],
        ["3", "2023-03-02 10:07:30", "3", "it", "2023-03-02 10:00:00", "N02", "4"],
    ]
    desk.entry("l.csv", child="code", items={"Q1": "a"}).take(desk.save("l.csv", [header, *rows]))
    assert [answer[4:] for answer in imported(desk.study.path)] == [
        ("", ""), ("2023-03-02T10:07:00", ""), ("2023-03-02T10:07:30", "450"),
    ]  # fmt: skip


def test_a_date_cell_at_midnight_is_a_time_to_the_second(desk: Desk):
    at = dt.datetime(2023, 3, 2)
    rows: Rows = [
        ["Id", "Start time", "Completion time", "code", "Q1"],
        [1, at, at + dt.timedelta(seconds=90), "N00", 4],
    ]
    desk.entry("m.xlsx", child="code", items={"Q1": "a"}).take(desk.save("m.xlsx", {"Form1": rows}))
    assert [answer[4:] for answer in imported(desk.study.path)] == [("2023-03-02T00:01:30", "90")]


def test_a_value_of_no_wave_leaves_its_row_out(desk: Desk):
    path = desk.save(
        "x.csv", [["participant", "when", "a"], ["N00", "prima", "1"], ["N01", "", "2"], ["N02", "altro", "3"]]
    )
    column = {"column": "when", "values": {"prima": "t0", "": None, "altro": None}}
    done = desk.entry("x.csv", wave=None, wave_column=column, items={"a": "a"}).take(path)
    assert desk.answers == [("N00", "t0", "a", "1")] and done.tallies[0].counts["no_wave"] == 2


# Several answers in a cell --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("names", "separator", "free", "cell", "chosen"),
    [
        (("a", "b"), " ", False, "b  a", ({"a", "b"}, False)),
        (("a", "a b", "b c"), " ", False, "a b c", ({"a", "b c"}, False)),
        (("a x", "b"), "\n", False, "a  x\nb\n", ({"a x", "b"}, False)),
        (("a", "b"), ";", False, "a;b;", ({"a", "b"}, False)),
        (("a, b", "b"), ", ", True, "a, b, my own, words", ({"a, b"}, True)),
        (("a",), ", ", False, "a, z", None),
    ],
)
def test_options_are_parted_at_blanks_line_ends_or_marks(
    names: tuple[str, ...], separator: str, free: bool, cell: str, chosen: tuple[set[str], bool] | None
):
    assert Options(names, separator, free).chosen(cell) == chosen


def test_free_words_among_options_are_ignored_or_kept_apart_as_an_item(desk: Desk):
    path = desk.save("x.csv", [["participant", "Q"], ["N00", "x, my own"], ["N01", "y"], ["N02", "n/d"]])
    several = {"column": "Q", "options": {"x": "a", "y": "b"}, "other": "c"}
    desk.entry("x.csv", multiple=[several], missing=["n/d"]).take(path)
    assert [answer[3] for answer in desk.answers] == ["1", "0", "1", "0", "1", "0"]
    assert not any(b"my own" in p.read_bytes() for p in desk.study.path.rglob("*") if p.is_file())


# Layouts that intake.yml names, and older or re-saved ones ------------------------------------------------------------

MONKEY = [["RespondentID", "CollectorID", "StartDate", "EndDate", "code", "Q1"], ["", "", "", "", "", "Response"]]
AT = "2023-03-02 09:00:00"
FORMS = ["ID", "Start time", "Completion time", "code", "Q1"]
OLD = ["ResponseID", "ResponseSet", "StartDate", "EndDate", "Finished", "code", "Q1"]


@pytest.mark.parametrize(
    ("platform", "rows"),
    [
        ("limesurvey_csv", [["code", "Q1"], ["N00", "4"]]),
        ("google_forms", [["code", "Q1"], ["N00", "4"]]),
        ("redcap_raw", [["code", "Q1"], ["N00", "4"]]),
        ("kobotoolbox", [["code", "Q1"], ["N00", "4"]]),
        ("surveymonkey", [["code", "Q1"], ["", "Response"], ["N00", "4"]]),
        ("limesurvey_vv", [["Codice", "Domanda"], ["code", "Q1"], ["N00", "4"]]),
    ],
)
def test_a_platform_that_is_named_needs_no_signature(desk: Desk, platform: str, rows: Rows):
    path = desk.save("x.csv", rows)
    assert [f.kind for f in desk.entry("x.csv", child="code", items={"Q1": "a"}).refused(path)] == ["unknown_layout"]
    desk.entries.clear()
    done = desk.entry("x.csv", platform=platform, child="code", items={"Q1": "a"}).take(path)
    assert desk.answers == [("N00", "t0", "a", "4")] and list(done.platforms.values()) == [platform]


@pytest.mark.parametrize(
    ("platform", "missing"), [("qualtrics", "ImportId"), ("surveymonkey", "two header rows"), ("spss", ".sav")]
)
def test_a_named_platform_that_lacks_something_says_what_and_not_to_name_it(desk: Desk, platform: str, missing: str):
    path = desk.save(
        "x.csv", [["code", "Q1"], ["N00"]] if platform == "surveymonkey" else [["code", "Q1"], ["N00", "4"]]
    )
    path.write_bytes(b"code,Q1\n") if platform == "surveymonkey" else None
    (finding,) = desk.entry("x.csv", platform=platform, child="code", items={"Q1": "a"}).refused(path)
    assert missing in finding.expected["en"] and "Write platform" not in finding.action["en"]


@pytest.mark.parametrize(
    ("platform", "rows"),
    [
        ("surveymonkey", [*MONKEY, ["1", "2", "03/15/2023 09:00:00 AM", "03/15/2023 09:05:00 AM", "N00", "4"]]),
        ("qualtrics", [[f"V{k}" for k in range(1, 6)] + OLD[5:], OLD, ["R_1", "x", AT, AT, "1", "N00", "4"]]),
        (
            "qualtrics",
            [["code", "Q1"], ["Codice", "Domanda"], ["{'ImportId': 'QID1'}", "{'ImportId': 'QID2'}"], ["N00", "4"]],
        ),
        ("google_forms", [["Timestamp", "code", "Q1"], ["15/03/2023 9:05", "N00", "4"]]),
        ("microsoft_forms", [FORMS, ["1", "3/15/23 9:05:07", "3/15/23 9:06:07", "N00", "4"]]),
    ],
)
def test_older_and_saved_again_exports_are_recognised(desk: Desk, platform: str, rows: Rows):
    done = desk.entry("x.csv", child="code", items={"Q1": "a"}).take(desk.save("x.csv", rows))
    assert desk.answers == [("N00", "t0", "a", "4")] and list(done.platforms.values()) == [platform]


def test_limesurvey_s_other_is_ticked_where_it_holds_words_which_stay_outside(desk: Desk):
    header = ["id", "submitdate", "lastpage", "startlanguage", "code", "Q[1]", "Q[other]"]
    rows = [
        [str(k), AT, "3", "it", f"N{k:02}", *cells]
        for k, cells in enumerate([("Y", ""), ("", "my own words"), ("", "")])
    ]
    desk.entry("l.csv", child="code", checkboxes=[{"Q[1]": "a", "Q[other]": "b"}]).take(
        desk.save("l.csv", [header, *rows])
    )
    assert [answer[3] for answer in desk.answers] == ["1", "0", "0", "1"]
    assert not any(b"my own" in p.read_bytes() for p in desk.study.path.rglob("*") if p.is_file())


def test_a_first_line_that_declares_the_delimiter_is_no_row(desk: Desk):
    path = desk.save("x.csv", b"sep=;\r\nparticipant;a\r\nN00;4,5\r\nN01;x\r\n")
    (finding,) = desk.entry("x.csv", items={"a": "a"}, decimal=",").refused(path)
    assert (finding.kind, finding.cell) == ("number", "B4")


def test_rows_wider_than_the_header_are_told_each_at_its_place(desk: Desk):
    path = desk.save("x.csv", b'participant,a\nN00,4,"x"\nN01,5,y\n')
    assert [(f.kind, f.row) for f in desk.entry("x.csv", items={"a": "a"}).refused(path)] == [
        ("columns", 2),
        ("columns", 3),
    ]


def test_of_two_sheets_that_fit_the_one_that_is_shown_is_read(desk: Desk):
    sheets: dict[str, Rows] = {"Prova": [["participant", "a"], ["N00", 1]], "Vero": [["participant", "a"], ["N00", 2]]}
    parts = workbook_parts(sheets)
    path = desk.save("x.xlsx", archive(parts))
    (finding,) = desk.entry("x.xlsx", items={"a": "a"}).refused(path)
    assert finding.kind == "ambiguous_layout" and "sheet" in finding.action["en"]
    book = parts["xl/workbook.xml"].replace('name="Prova"', 'name="Prova" state="hidden"')
    desk.take(desk.save("x.xlsx", archive(parts | {"xl/workbook.xml": book})))
    assert desk.answers == [("N00", "t0", "a", "2")]


def test_a_title_above_the_header_is_told_for_what_it_is(desk: Desk):
    rows: Rows = [["Questionario 2023", "", "", ""], ["participant", "a", "b", "c"], ["N00", "1", "2", "3"]]
    (finding,) = desk.entry("x.csv", items={"a": "a"}).refused(desk.save("x.csv", rows))
    assert "first row" in finding.action["en"]


@pytest.mark.parametrize("suffix", ["sav", "zsav"])
def test_a_date_that_no_calendar_reaches_is_an_error_at_its_cell_alone(desk: Desk, suffix: str):
    import pandas as pd
    import pyreadstat

    path = desk.folder / f"x.{suffix}"
    table = pd.DataFrame({"participant": ["N00", "N01"], "a": [4.0, 5.0], "at": [13_891_910_400.0, 9e12]})
    pyreadstat.write_sav(table, str(path), variable_format={"at": "DATETIME20"}, compress=suffix == "zsav")
    desk.entry(path.name, items={"a": "a"}, answered_at="at")
    assert [(f.kind, f.cell) for f in desk.refused(path)] == [("no_value", "C2")]
    desk.entries.clear()
    desk.entry(path.name, items={"a": "a"}).take(path)
    assert [answer[3] for answer in desk.answers] == ["4", "5"]


def test_codes_hold_by_export_or_by_column_and_plain_ones_need_no_quotes(desk: Desk):
    rows: Rows = [["participant", "a", "b", "c"], ["N00", "1", "1", "sì"], ["N01", "9", "9", "no"]]
    items = {
        "a": {"item": "a", "codes": {1: 100, 9: 900}},
        "b": "b",
        "c": {"item": "c", "missing": ["no"], "codes": {"sì": 7}},
    }
    answers = [{"for": ["b"], "codes": {1: 11, 9: 99}}]
    desk.entry("x.csv", items=items, answers=answers).take(desk.save("x.csv", rows))
    assert [answer[3] for answer in desk.answers] == ["100", "11", "7", "900", "99", ""]


# Drafts ---------------------------------------------------------------------------------------------------------------


def test_a_draft_adds_to_what_is_there_and_leaves_it_to_the_letter(desk: Desk):
    one, two = (desk.save(f"{name}.csv", [["code", "a", "telefono"], ["N00", "4", "3"]]) for name in ("one", "two"))
    mine = (
        "# mine\nformat: 1\nexports:\n- {file: one.csv, child: code, wave: t0, items: {a: a}}  # by hand\nanswers: []\n"
    )
    desk.study.write("intake.yml", mine)
    draft = draft_mapping([one, two], desk.study.path, "plain_wide")
    assert [proposed.file for proposed in draft.exports] == ["two.csv"]
    written = desk.study.text("intake.yml")
    assert all(line in written.splitlines() for line in mine.splitlines())
    entries = yaml.safe_load(written)["exports"]
    assert [entry["file"] for entry in entries] == ["one.csv", "two.csv"] and entries[1]["items"] == {"a": "a"}
    with pytest.raises(UserError, match="never overwritten"):
        draft_mapping([one, two], desk.study.path, "plain_wide")
    assert desk.study.text("intake.yml") == written
    with pytest.raises(UserError, match="one of google_forms"):
        draft_mapping([two], desk.study.path, "paper")


def test_a_draft_adds_codes_to_those_that_are_there(desk: Desk):
    words = ("Mai", "Sempre")
    for name in ("one", "two"):
        desk.save(f"{name}.csv", [["participant", "a" if name == "one" else "b"], ["N00", words[0]], ["N01", words[1]]])
        draft_mapping([desk.folder / f"{name}.csv"], desk.study.path)
    document = yaml.safe_load(desk.study.text("intake.yml"))
    assert [entry["file"] for entry in document["exports"]] == ["one.csv", "two.csv"]
    assert [one["for"] for one in document["answers"]] == [["a"], ["b"]]


# Names ----------------------------------------------------------------------------------------------------------------


def test_what_tells_who_answered_never_enters_the_study(desk: Desk):
    who = {
        "first_name": "Zelinda",
        "telefono": "333 1234567",
        "Nome e cognome": "Zelinda Rossi",
        "gruppo/mail": "z@x.it",
    }
    path = desk.save("x.csv", [["participant", *who, "a"], ["N00", *who.values(), "4"]])
    for keep in ("mapped", "whole"):
        desk.entries.clear()
        desk.entry("x.csv", items={"a": "a"}, keep=keep, filter=[{"column": "first_name", "is_not": [""]}]).take(path)
        held = b"".join(p.read_bytes() for p in desk.study.path.rglob("*") if p.is_file())
        assert not [value for value in who.values() if value.encode() in held]
        assert csv.reader(desk.study.text("exports/imported.csv").splitlines())
    assert desk.answers == [("N00", "t0", "a", "4")]


@pytest.mark.parametrize(
    "header", ["first_name", "Cognome", "E-mail", "gruppo/telefono", "Codice Fiscale", "IP Address", "ipaddr"]
)
def test_a_header_that_heads_identity_is_known(header: str):
    assert heads_identity(header) and may_identify(header)


def test_longer_headers_and_shapes_are_known_and_others_are_not():
    assert may_identify("Cognome della madre") and not may_identify("Il nome del tuo robot")
    shown = ["Scrivi a anna@x.it", "+39 333 1234567", "06 12345678", "RSSMRA80A01H501U"]
    assert all(map(shows_identity, shown))
    assert not any(
        map(shows_identity, ["2023-03-01 09:10:07", "118000000000", "12,5", "R_2xYz", "3.1415926535", "uuid-1"])
    )
