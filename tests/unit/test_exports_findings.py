"""Every defect of an export is a finding at its cell, and stops the import before anything is written."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from corpus.answers import CODE, WHEN, WORDING, imported, sheets
from corpus.exporters import (
    CORPUS,
    EXCEL,
    Export,
    google_forms,
    kobotoolbox,
    limesurvey_csv,
    microsoft_forms,
    plain_wide,
    surveymonkey,
)  # fmt: skip
from corpus.files import Style, text_file, workbook
from study_builder import StudyFolder, build

from evaluation.errors import UserError
from evaluation.intake.exports.importing import import_exports
from evaluation.intake.exports.people import Children, codes_of
from evaluation.study.findings import Finding, StudyDefects

GOOGLE = google_forms(sheets(), "it", EXCEL)


@pytest.fixture
def study(tmp_path: Path) -> StudyFolder:
    return build(tmp_path / "study").remove("responses.csv")


def errors(study: StudyFolder, export: Export, **changes: object) -> tuple[Finding, ...]:
    """The errors of an import, after which the study holds what it held."""
    path = export.write(study.path, **changes)
    before = {p: p.read_bytes() for p in study.path.rglob("*") if p.is_file()}
    with pytest.raises(StudyDefects) as error:
        import_exports([path], study.path)
    assert {p: p.read_bytes() for p in study.path.rglob("*") if p.is_file()} == before
    return error.value.findings


def edited(export: Export, row: int, column: int, value: str) -> Export:
    """The export with one cell changed; row as a spreadsheet counts, column from 0."""
    rows = [line.split(";") for line in export.content.decode("utf-8-sig").split("\r\n")]
    rows[row - 1][column] = value
    return replace(export, content="\r\n".join(map(";".join, rows)).encode("utf-8-sig"))


SMALL = google_forms(
    [replace(sheet, comment="") for sheet in sheets()], "it", EXCEL
)  # without quotes: cells are between ;


@pytest.mark.parametrize(
    ("row", "column", "value", "kind", "cell", "child"),
    [
        (2, 1, "N99", "unknown_child", "B2", ""),
        (2, 1, "", "child_missing", "B2", ""),
        (3, 2, "Durante", "unknown_value", "C3", ""),
        (4, 3, "Molto", "unknown_answer", "D4", ""),
        (5, 3, "9", "unknown_answer", "D5", ""),
        (5, 9, "12.5", "number", "J5", ""),
        (5, 9, "tanti", "number", "J5", ""),
        (5, 9, "-3", "range", "J5", ""),
        (6, 0, "31/02/2023 10.00.00", "date", "A6", ""),
        (6, 0, "ieri", "date", "A6", ""),
        (4, 1, "N00", "second_answer", "", "N00"),
    ],
)
def test_a_wrong_cell_is_told_with_its_place(
    study: StudyFolder, row: int, column: int, value: str, kind: str, cell: str, child: str
):
    (finding,) = errors(study, edited(SMALL, row, column, value))
    assert (finding.kind, finding.row, finding.cell, finding.child) == (kind, row, cell, child)
    assert finding.file == SMALL.name
    for words in (finding.expected, finding.action):
        assert words["it"] and words["en"]


def test_a_finding_gives_the_question_and_the_nearest_answer(study: StudyFolder):
    (finding,) = errors(study, edited(SMALL, 4, 3, "Molto daccordo"))
    assert finding.question == {"it": "So costruire, da solo.", "en": "So costruire, da solo."}
    assert "Molto d'accordo" in finding.action["en"]


def test_a_workbook_s_finding_names_its_sheet(study: StudyFolder):
    answered = [replace(sheets()[0], child="N77")]
    (finding,) = errors(study, microsoft_forms(answered))
    assert (finding.sheet, finding.cell, finding.kind) == ("Form1", "F2", "unknown_child")


def test_a_number_with_a_comma_asks_for_decimal(study: StudyFolder):
    found = errors(study, GOOGLE, decimal=".")
    assert {(f.kind, f.cell) for f in found} == {("number", "J6"), ("number", "J7"), ("number", "J9")} or {
        f.kind for f in found
    } == {"number"}
    assert "decimal" in found[0].action["it"]


def test_a_missing_column_is_told_with_the_nearest(study: StudyFolder):
    content = GOOGLE.content.decode("utf-8-sig").replace("So riparare.", "So ripararre.", 1).encode("utf-8-sig")
    (finding,) = errors(study, replace(GOOGLE, content=content))
    assert (finding.kind, finding.row, finding.column) == ("missing_column", 1, "So riparare.")
    assert "So ripararre." in finding.action["en"]


def test_a_row_of_another_width_is_told(study: StudyFolder):
    lines = SMALL.content.decode("utf-8-sig").split("\r\n")
    lines[3] += ";one more"
    (finding,) = errors(study, replace(SMALL, content="\r\n".join(lines).encode("utf-8-sig")))
    assert (finding.kind, finding.row, finding.found) == ("columns", 4, "12 cells")


def test_ambiguous_dates_stop_the_import_until_they_are_named(study: StudyFolder):
    export = surveymonkey(sheets()[:1], "it")
    found = errors(study, export, dates=None)
    assert {(f.kind, f.cell) for f in found} == {("ambiguous_date", "C3"), ("ambiguous_date", "D3")}
    import_exports([export.write(study.path)], study.path)
    assert imported(study.path) == export.truth


def test_answers_belong_to_the_wave_of_their_day(study: StudyFolder):
    periods = [
        {"wave": "t0", "from": "2023-03-01", "to": "2023-03-01"}, {"wave": "t1", "from": "2023-06-01", "to": "2023-06-30"},
    ]  # fmt: skip
    import_exports([GOOGLE.write(study.path, wave_column=None, wave_dates=periods)], study.path)
    assert imported(study.path) == GOOGLE.truth
    found = errors(study, GOOGLE, wave_column=None, wave_dates=[periods[1]])
    assert {(f.kind, f.column) for f in found} == {("wave_date", "Informazioni cronologiche")}
    assert [f.cell for f in found] == ["A2", "A4", "A6", "A8"]


def test_the_centre_that_a_child_chose_must_be_that_of_the_list(study: StudyFolder):
    def add(values: Callable[[int], str]) -> Export:
        rows = [line for line in SMALL.content.decode("utf-8-sig").split("\r\n") if line]
        rows = [f"{line};{'Centro' if k == 0 else values(k)}" for k, line in enumerate(rows)]
        return replace(SMALL, content="\r\n".join(rows).encode("utf-8-sig"))

    centre = {"column": "Centro", "values": {"Nord": "north", "Sud": "south"}}
    (finding,) = errors(study, add(lambda k: "Sud" if k == 3 else "Nord"), centre_column=centre)
    assert (finding.kind, finding.cell, finding.child) == ("centre", "L4", "N01")
    import_exports([add(lambda k: "Nord").write(study.path, centre_column=centre)], study.path)


def test_skipped_rows_are_left_out(study: StudyFolder):
    twice = edited(SMALL, 4, 1, "N00")
    path = twice.write(study.path, skip=[{"row": 4, "why": "started twice"}, {"row": 5, "why": "a trial"}])
    import_exports([path], study.path)
    assert {answer[0] for answer in imported(study.path)} == {"N00", "N02", "N03"}


# A second answer ------------------------------------------------------------------------------------------------------


def test_a_growing_export_adds_only_what_is_new(study: StudyFolder):
    whole = google_forms(sheets(), "it")
    part = google_forms(sheets()[:3], "it")
    import_exports([part.write(study.path)], study.path)
    done = import_exports([whole.write(study.path)], study.path)
    assert (done.known, done.new) == (len(part.truth), len(whole.truth) - len(part.truth))
    assert imported(study.path) == whole.truth


@pytest.mark.parametrize("change", ["value", "time"])
def test_another_answer_of_the_same_child_and_wave_is_never_written_over(study: StudyFolder, change: str):
    first = sheets()[0]
    other = (
        replace(first, answers=("5", *first.answers[1:]))
        if change == "value"
        else replace(first, answered=first.started)
    )
    import_exports([google_forms([first], "it").write(study.path)], study.path)
    (finding,) = errors(study, google_forms([other], "it"))
    assert (finding.kind, finding.row, finding.child) == ("second_answer", 2, "N00")
    assert "responses.csv, row 2" in finding.found


def test_two_equal_rows_of_one_export_are_two_answers(study: StudyFolder):
    export = plain_wide([sheets()[0], sheets()[0]])
    (finding,) = errors(study, export)
    assert (finding.kind, finding.row) == ("second_answer", 3)
    assert "tabella.csv, row 2" in finding.found


def test_two_exports_that_disagree_are_told_of_each_other(study: StudyFolder, tmp_path: Path):
    first = sheets()[0]
    one = plain_wide([first])
    one.write(study.path, file="*.csv")
    other = replace(plain_wide([replace(first, answers=("5", *first.answers[1:]))]), name="altra.csv").save(tmp_path)
    with pytest.raises(StudyDefects) as error:
        import_exports([one.save(tmp_path), other], study.path)
    (finding,) = error.value.findings
    assert (finding.file, finding.row) == ("altra.csv", 2) and "tabella.csv, row 2" in finding.found


def test_the_study_s_other_answers_stay(study: StudyFolder):
    kept = [["participant", "wave", "item", "value", "note"], ["S03", "t1", "worry_2", "3", "from paper"]]
    study.set_rows("responses.csv", kept)
    import_exports([GOOGLE.write(study.path)], study.path)
    rows = study.rows("responses.csv")
    assert rows[0] == ["participant", "wave", "item", "value", "note", "rater", "answered_at", "seconds"]
    assert ["S03", "t1", "worry_2", "3", "from paper", "", "", ""] in rows
    assert len(rows) == 2 + len(GOOGLE.truth)


# Names ----------------------------------------------------------------------------------------------------------------

PEOPLE = {"N00": "Niccolò D'Angelo", "N01": "Anna Rossi", "N02": "Ève Nuñez", "N03": "Zoë De Luca"}


def with_names() -> Export:
    spelt = {"N00": "d'angelo NICCOLO", "N01": "ROSSI  Anna", "N02": "Nunez Eve", "N03": "de luca zoe"}
    return google_forms([replace(sheet, child=spelt[sheet.child]) for sheet in sheets()], "it")


def test_names_without_a_linkage_table_are_refused(study: StudyFolder):
    with pytest.raises(UserError, match="linkage"):
        import_exports([with_names().write(study.path, identifier="name")], study.path)
    assert not (study.path / "responses.csv").exists()


def test_names_become_codes_and_stay_nowhere_in_the_study(study: StudyFolder, tmp_path: Path):
    table = tmp_path / "linkage.csv"
    rows = [["participant", "name", "birth_date"], *([code, name, "2010-01-01"] for code, name in PEOPLE.items())]
    table.write_bytes(text_file(rows, Style(end="\n")))
    done = import_exports([with_names().write(study.path, identifier="name")], study.path, codes_of(table))
    assert imported(study.path) == CORPUS["google_forms-it-dots"](sheets()).truth
    assert "not_copied" in [finding.kind for finding in done.findings]
    held = b"".join(p.read_bytes() for p in study.path.rglob("*") if p.is_file()).lower()
    assert not [word for word in (b"nicco", b"angelo", b"rossi", b"luca") if word in held]


def test_a_name_of_two_children_or_of_none_is_told_and_not_repeated(study: StudyFolder, tmp_path: Path):
    table = tmp_path / "linkage.csv"
    people = [["N00", "Niccolò D'Angelo"], ["N07", "Niccolo D'Angelo"], ["N01", "Anna Rossi"], ["N02", "Eve Nunez"]]
    rows = [["participant", "name", "birth_date"], *([*person, "2010-01-01"] for person in people)]
    table.write_bytes(text_file(rows, Style(end="\n")))
    with pytest.raises(StudyDefects) as error:
        import_exports([with_names().write(study.path, identifier="name")], study.path, codes_of(table))
    assert [f.cell for f in error.value.findings] == ["B2", "B3", "B8", "B9"]
    assert not [name for name in ("NICCOLO", "angelo", "luca") if name in str(error.value.message)]


def with_mail() -> Export:
    content = GOOGLE.content.decode("utf-8-sig").replace("Vuoi dire altro?", "Indirizzo email", 1)
    return replace(GOOGLE, content=content.encode("utf-8-sig"))


@pytest.mark.parametrize("keep", ["mapped", "whole", "nothing"])
def test_a_column_that_tells_who_answered_is_never_copied(study: StudyFolder, keep: str):
    done = import_exports([with_mail().write(study.path, keep=keep)], study.path)
    copies = study.rows("exports/imported.csv")[1][2].split()
    assert len(copies) == (keep != "nothing")
    assert ("not_copied" in [finding.kind for finding in done.findings]) == (keep == "whole")
    assert b"=1+1" in with_mail().content
    assert not any(b"=1+1" in path.read_bytes() for path in (study.path / "exports").iterdir())


def test_a_copy_carries_its_digest_and_the_mapped_columns_in_their_rows(study: StudyFolder):
    path = GOOGLE.write(study.path, skip=[{"row": 3, "why": "a trial"}])
    import_exports([path], study.path)
    digest, platform, name = study.rows("exports/imported.csv")[1]
    assert platform == "google_forms" and name.startswith(digest[:16]) and name.endswith(".csv")
    rows = study.rows(f"exports/{name}")
    assert rows[0] == [CODE["it"], WHEN["it"], *WORDING["it"]]
    assert rows[1][0] == "N00" and rows[2] == [] and rows[3][0] == "N01"


def test_a_copy_that_is_asked_for_whole_has_the_same_bytes(study: StudyFolder):
    path = GOOGLE.write(study.path, keep="whole")
    import_exports([path], study.path)
    name = study.rows("exports/imported.csv")[1][2]
    assert (study.path / "exports" / name).read_bytes() == path.read_bytes()


# What an empty cell means ---------------------------------------------------------------------------------------------


def test_limesurvey_s_bare_empty_cell_was_not_shown_and_its_quoted_one_not_answered(study: StudyFolder):
    answered = [replace(sheets()[0], answers=("1", None, "3", "4", "0", "1", "20"))]
    export = limesurvey_csv(answered, "it", EXCEL)
    line = export.content.decode("utf-8-sig").split("\r\n")[1]
    assert '"A1";"";"A3"' in line
    import_exports([export.write(study.path)], study.path)
    assert [a[2:4] for a in imported(study.path)][:3] == [("making_1", "1"), ("making_2", ""), ("making_3", "3")]
    study.remove("responses.csv")
    bare = replace(export, content=export.content.replace(b'"A1";"";"A3"', b'"A1";;"A3"'))
    import_exports([bare.write(study.path)], study.path)
    assert [a[2:4] for a in imported(study.path)][:2] == [("making_1", "1"), ("making_3", "3")]


def test_a_row_that_answers_nothing_leaves_nothing(study: StudyFolder):
    blank = replace(sheets()[0], answers=(None,) * 7)
    done = import_exports([plain_wide([blank, sheets()[1]]).write(study.path)], study.path)
    assert done.new == 7


# Boxes and several answers --------------------------------------------------------------------------------------------


def table(study: StudyFolder, header: list[str], rows: list[list[str]], **entry: object) -> list[tuple[str, str, str]]:
    """Import a plain table whose other keys of the entry are given; return child, item and value."""
    items = "".join(f"\n{name},,0,1,no,{name},{name}" for name in ("robot", "printer", "sand"))
    study.write("instrument.csv", study.text("instrument.csv").rstrip() + items + "\n")
    export = Export("t.csv", text_file([header, *rows], EXCEL), {"child": "participant", "wave": "t0", **entry})
    import_exports([export.write(study.path)], study.path)
    return [(a[0], a[2], a[3]) for a in imported(study.path)]


def test_an_empty_box_is_zero_only_where_another_is_ticked(study: StudyFolder):
    boxes = {"Che cosa? [Robot]": "robot", "Che cosa? [Stampante 3D]": "printer", "Che cosa? [Sabbia]": "sand"}
    rows = [
        ["N00", "Robot", "", ""],
        ["N01", "1", "0", "1"],
        ["N02", "", "", ""],
        ["N03", "Checked", "Unchecked", "No"],
    ]
    found = table(study, ["participant", *boxes], rows, checkboxes=[boxes])
    assert [value for child, _, value in found if child == "N00"] == ["1", "0", "0"]
    assert [value for child, _, value in found if child == "N01"] == ["1", "0", "1"]
    assert "N02" not in [child for child, _, _ in found]
    assert [value for child, _, value in found if child == "N03"] == ["1", "0", "0"]


def test_several_answers_in_a_cell_are_told_apart_even_with_commas_in_their_words(study: StudyFolder):
    several = {
        "column": "Che cosa?",
        "options": {"Robot": "robot", "Stampante 3D, con la plastica": "printer", "Sabbia": "sand"},
    }
    rows = [["N00", "Robot, Stampante 3D, con la plastica"], ["N01", "Sabbia"], ["N02", ""]]
    found = table(study, ["participant", "Che cosa?"], rows, multiple=[several])
    assert [value for child, _, value in found if child == "N00"] == ["1", "1", "0"]
    assert [value for child, _, value in found if child == "N01"] == ["0", "0", "1"]


def test_an_answer_that_is_no_option_is_told(study: StudyFolder):
    several = {"column": "Che cosa?", "options": {"Robot": "robot", "Sabbia": "sand"}}
    with pytest.raises(StudyDefects) as error:
        table(study, ["participant", "Che cosa?"], [["N00", "Robot, altro"]], multiple=[several])
    assert [(f.kind, f.cell) for f in error.value.findings] == [("unknown_answer", "B2")]


def test_raters_of_one_child_are_kept_apart(study: StudyFolder):
    rater = {"column": "Chi valuta", "values": {"Maestra Anna": "r1", "Maestro Ugo": "r2"}}
    rows = [["N00", "Maestra Anna", "1"], ["N00", "Maestro Ugo", "0"]]
    table(study, ["participant", "Chi valuta", "robot"], rows, rater_column=rater, items={"robot": "robot"})
    found = [row[3:5] for row in study.rows("responses.csv")[1:]]
    assert found == [["r1", "1"], ["r2", "0"]]


# Recognition and the mapping ------------------------------------------------------------------------------------------


def test_an_unknown_layout_is_told_with_what_was_seen(study: StudyFolder):
    export = Export("x.csv", text_file([["Nome", "D1"], ["A", "1"]], EXCEL), {"child": "Nome", "wave": "t0"})
    (finding,) = errors(study, export)
    assert (finding.kind, finding.row, finding.cell) == ("unknown_layout", 1, "")
    assert "Nome · D1" in finding.found and "google_forms" in finding.expected["en"]


def test_an_ambiguous_layout_is_told_and_settled_by_name(study: StudyFolder):
    header = ["Timestamp", "participant", "making_1"]
    export = Export("x.csv", text_file([header, ["2023-03-01", "N00", "3"]], EXCEL),
                    {"child": "participant", "wave": "t0", "items": {"making_1": "making_1"}})  # fmt: skip
    (finding,) = errors(study, export)
    assert finding.kind == "ambiguous_layout" and "plain_wide" in finding.found
    import_exports([export.write(study.path, platform="google_forms")], study.path)
    assert imported(study.path) == [("N00", "t0", "making_1", "3", "2023-03-01T00:00:00", "")]


def test_a_platform_that_does_not_fit_is_told(study: StudyFolder):
    assert errors(study, GOOGLE, platform="qualtrics")[0].kind == "unknown_layout"


def test_two_sheets_with_answers_are_told_and_settled_by_name(study: StudyFolder):
    rows = [["participant", "making_1"], ["N00", "3"]]
    entry = {"child": "participant", "wave": "t0", "items": {"making_1": "making_1"}}
    export = Export("x.xlsx", workbook({"Uno": rows, "Due": rows}), entry)
    (finding,) = errors(study, export)
    assert finding.kind == "ambiguous_layout" and "Uno" in finding.found and "Due" in finding.found
    assert errors(study, export, sheet="Tre")[0].kind == "unknown_sheet"
    assert import_exports([export.write(study.path, sheet="Due")], study.path).new == 1


@pytest.mark.parametrize(
    ("changes", "column"),
    [
        ({"child": None}, "exports.0.child"),
        ({"wave": "t0"}, "exports.0.wave"),
        ({"wave_column": None}, "exports.0.wave"),
        ({"items": {"So riparare.": "making_9"}}, "exports.0.items.So riparare."),
        ({"wave_column": None, "wave": "t9"}, "exports.0.wave"),
        ({"dates": "gg/mm/aaaa"}, "exports.0.dates"),
        ({"platform": "google"}, "exports.0.platform"),
        ({"colour": "red"}, "exports.0.colour"),
    ],
)
def test_a_mapping_that_cannot_be_is_told_with_its_line(study: StudyFolder, changes: dict[str, object], column: str):
    (finding,) = errors(study, GOOGLE, **changes)
    assert (finding.file, finding.column) == ("intake.yml", column)
    assert finding.row is not None


def test_without_a_mapping_the_draft_is_offered(study: StudyFolder, tmp_path: Path):
    with pytest.raises(UserError, match="--draft"):
        import_exports([GOOGLE.save(tmp_path)], study.path)


def test_an_export_that_no_entry_reads_is_told(study: StudyFolder, tmp_path: Path):
    GOOGLE.write(study.path)
    other = kobotoolbox(sheets(), "it", EXCEL).save(tmp_path)
    with pytest.raises(StudyDefects) as error:
        import_exports([other], study.path)
    assert [f.kind for f in error.value.findings] == ["entry"]


def test_items_that_no_column_answers_are_told(study: StudyFolder):
    items = {key: item for key, item in GOOGLE.entry["items"].items() if item != "travel"}
    done = import_exports([GOOGLE.write(study.path, items=items)], study.path)
    assert [(f.kind, f.found) for f in done.findings] == [("unmapped_item", "travel")]


def test_a_code_in_the_other_case_is_the_same_child(study: StudyFolder):
    lower = google_forms([replace(sheet, child=sheet.child.lower()) for sheet in sheets()], "it", EXCEL)
    import_exports([lower.write(study.path)], study.path)
    assert imported(study.path) == GOOGLE.truth


def test_a_questionnaire_that_nobody_sent_is_kept_and_told(study: StudyFolder):
    content = limesurvey_csv(sheets()[:2], "it", EXCEL).content
    unsent = content.replace(b'"2023-03-01 09:10:07"', b'""')
    export = replace(limesurvey_csv(sheets()[:2], "it", EXCEL), content=unsent)
    done = import_exports([export.write(study.path)], study.path)
    assert [(f.level, f.kind, f.cell, f.child) for f in done.findings] == [("warning", "unfinished", "B2", "N00")]
    assert {answer[4] for answer in imported(study.path) if answer[1] == "t0"} == {""}


def test_the_longest_option_that_fits_is_the_one_that_was_chosen(study: StudyFolder):
    several = {"column": "Che cosa?", "options": {"Sabbia": "sand", "Sabbia, acqua": "robot", "acqua": "printer"}}
    found = table(study, ["participant", "Che cosa?"], [["N00", "Sabbia, acqua"]], multiple=[several])
    assert {item: value for _, item, value in found} == {"sand": "0", "robot": "1", "printer": "0"}


def test_codes_that_differ_in_case_only_are_never_taken_for_each_other(study: StudyFolder):
    study.append("participants.csv", *["n01" if cell == "N01" else cell for cell in study.rows("participants.csv")[2]])
    mixed = google_forms([replace(sheets()[2], child="n01"), sheets()[2]], "it", EXCEL)
    import_exports([mixed.write(study.path)], study.path)
    assert {answer[0] for answer in imported(study.path)} == {"N01", "n01"}
    other = Children({"Ab": "north", "aB": "north"})
    assert [isinstance(other.code(code, "code"), str) for code in ("Ab", "aB", "AB")] == [True, True, False]
