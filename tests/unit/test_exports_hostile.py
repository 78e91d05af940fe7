"""Files that mean harm, or are not what their name says: each a clear error, none a traceback, none read."""

from __future__ import annotations

import datetime as dt
import io
import zipfile
from pathlib import Path

import pytest
from corpus.answers import imported, sheets
from corpus.exporters import CORPUS, EXCEL, google_forms
from corpus.files import HEAD, MAIN, Style, archive, text_file, workbook
from study_builder import StudyFolder, build

from evaluation.intake.exports.export_file import read_sheets
from evaluation.intake.exports.importing import import_exports
from evaluation.intake.exports.ledger import safe
from evaluation.intake.exports.texts import records
from evaluation.intake.exports.workbooks import cell_text
from evaluation.study.findings import Finding, StudyDefects

HEADER = ["Informazioni cronologiche", "Il tuo codice", "a", "b"]
ROW = ["20/09/2026 18.01.22", "N00", "1", "2"]


def refusal(folder: Path, name: str, content: bytes) -> Finding:
    """The one finding with which a file is refused."""
    path = folder / name
    path.write_bytes(content)
    with pytest.raises(StudyDefects) as error:
        read_sheets(path)
    (finding,) = error.value.findings
    assert finding.level == "error" and finding.file == name and finding.action["it"] and finding.action["en"]
    return finding


def csv_of(*rows: list[str]) -> bytes:
    return text_file(rows, Style())


BOOK = workbook({"Form1": [HEADER, ROW]})


@pytest.mark.parametrize(
    ("name", "content", "kind", "row"),
    [
        ("a.xlsx", csv_of(HEADER, ROW), "content", None),
        ("a.csv", BOOK, "content", None),
        ("a.sav", csv_of(HEADER, ROW), "content", None),
        ("a.csv", b"$FL2@(#) SPSS DATA FILE", "content", None),
        ("a.sav", b"$FL2@(#) SPSS DATA FILE", "spss", None),
        ("a.exe", csv_of(HEADER, ROW), "content", None),
        ("a.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "content", None),
        ("a.xlsx", b"PK\x03\x04" + b"\0" * 100, "workbook", None),
        ("a.xlsx", BOOK[:-40], "workbook", None),
        ("a.xlsx", archive({"hello.xml": "<a/>"}), "workbook", None),
        ("a.csv", b"", "empty_file", None),
        ("a.csv", b" \r\n \n", "empty_file", None),
        ("a.csv", csv_of(HEADER, ["20/09/2026 18.01.22", "N\0", "1", "2"]), "nul", 2),
        ("a.csv", "a,b\n1,2\n".encode("utf-16-le"), "nul", 1),
        ("a.csv", b"a,b\n1,2\n\x81\x8d,3\n", "encoding", 3),
        ("a.csv", b"one column\nonly\n", "delimiter", 1),
        ("a.csv", b'a,b\n1,2\n"never closed,3\n4,5\n', "quotes", 3),
        ("a.csv", b'a,b\n1,2\n"closed"and more,3\n', "quotes", 3),
        ("a.csv", b"name, code;answer\nA, B;1\nC, D;2\n", "delimiter", 1),
        ("a.csv", csv_of([f"c{k}" for k in range(10_000)], ["1"] * 10_000), "columns", None),
        ("a.csv", (b"a" + b"," * 999 + b"\n") + (b"," * 999 + b"\n") * 5_001, "cells", None),
        ("a.xlsx", workbook({"Form1": [[f"c{k}" for k in range(10_000)]]}), "columns", None),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_place(
    tmp_path: Path, name: str, content: bytes, kind: str, row: int | None
):
    found = refusal(tmp_path, name, content)
    assert (found.kind, found.row) == (kind, row)


def test_a_file_of_200_megabytes_is_refused_before_it_is_read(tmp_path: Path):
    path = tmp_path / "large.csv"
    with path.open("wb") as file:
        file.truncate(200_000_000)
    with pytest.raises(StudyDefects) as error:
        read_sheets(path)
    assert [finding.kind for finding in error.value.findings] == ["size"]


def page(cells: str) -> dict[str, str]:
    """The parts of a workbook with these cells."""
    with zipfile.ZipFile(io.BytesIO(BOOK)) as packed:
        parts = {name: packed.read(name).decode() for name in packed.namelist()}
    sheet = f'{HEAD}<worksheet xmlns="{MAIN}"><sheetData>{cells}</sheetData></worksheet>'
    return parts | {"xl/worksheets/sheet1.xml": sheet}


@pytest.mark.parametrize(
    ("cells", "kind"),
    [
        ('<row r="1"><c r="A1"><v>1</v></c><c r="XFD1"><v>1</v></c></row>', "columns"),
        ('<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="ZZ1048576"><v>1</v></c></row>', "cells"),
        ("<row r='1'><c s='0' r='A1'><v>1</v></c><c s='0' r='xfd1'><v>1</v></c></row>", "columns"),
        ('<row r="1">' + "<c><v>1</v></c>" * 1_001 + "</row>", "columns"),
        (" " * 150_000_000, "size"),
    ],
)
def test_a_workbook_that_would_fill_the_memory_is_refused(tmp_path: Path, cells: str, kind: str):
    assert refusal(tmp_path, "a.xlsx", archive(page(cells))).kind == kind


def test_a_workbook_that_declares_less_than_it_unpacks_to_is_refused(tmp_path: Path):
    content = archive(page(" " * 150_000_000))
    size = (150_000_000 + len(page("")["xl/worksheets/sheet1.xml"])).to_bytes(4, "little")
    assert content.count(size) == 2
    assert refusal(tmp_path, "a.xlsx", content.replace(size, (1_000).to_bytes(4, "little"))).kind in (
        "size",
        "workbook",
    )


def test_one_long_text_in_a_million_cells_is_refused(tmp_path: Path):
    cells = "".join(
        f'<row r="{k}">' + "".join(f'<c r="{letter}{k}" t="s"><v>0</v></c>' for letter in "ABCDEFGHIJ") + "</row>"
        for k in range(1, 10_001)
    )
    parts = page(cells)
    parts["xl/sharedStrings.xml"] = f'{HEAD}<sst xmlns="{MAIN}"><si><t>{"x" * 1_000_000}</t></si></sst>'
    assert refusal(tmp_path, "a.xlsx", archive(parts)).kind == "size"


def test_007_stays_007_and_numbers_and_dates_are_exact(tmp_path: Path):
    moments = [dt.datetime(2023, 3, 26, 2, 30, 0) + dt.timedelta(seconds=7919 * k) for k in range(500)]
    rows = [["007", 7, 0.1, 2.5, moment] for moment in moments]
    (tmp_path / "a.xlsx").write_bytes(workbook({"S": rows}))
    (sheet,), _ = read_sheets(tmp_path / "a.xlsx")
    assert sheet.rows == [["007", "7", "0.1", "2.5", moment.isoformat(sep=" ")] for moment in moments]


@pytest.mark.parametrize("text", ['"";""\r\n', ';\r\n"a""b";c', '"x\r\ny";', "", '""', ";;\n\n1;2;3"])
def test_bare_and_quoted_empty_cells_are_told_apart(text: str):
    expected = {
        '"";""\r\n': [["", ""]],
        ';\r\n"a""b";c': [[None, None], ['a"b', "c"]],
        '"x\r\ny";': [["x\r\ny", None]],
        "": [],
        '""': [[""]],
        ";;\n\n1;2;3": [[None, None, None], [], ["1", "2", "3"]],
    }
    assert list(records(text, ";")) == expected[text]


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("../../etc/passwd", "passwd"), ("..\\..\\boot.ini", "boot.ini"), (".bashrc", "bashrc"), ("-rf *.csv", "rf.csv"),
        ("Età & <script>.CSV", "eta-script.csv"), ("a\nb\x1b[2J.xlsx", "a-b-2j.xlsx"), ("答え", "export"),
        ("a" * 300 + ".csv", "a" * 60 + ".csv"), ("con:aux|?.csv", "con-aux.csv"),
    ],
)  # fmt: skip
def test_a_copy_has_a_harmless_name(name: str, kept: str):
    assert safe(name) == kept


@pytest.fixture
def study(tmp_path: Path) -> StudyFolder:
    return build(tmp_path / "study").remove("responses.csv")


def test_formulas_and_html_in_free_text_never_reach_the_answers(study: StudyFolder):
    export = CORPUS["google_forms-it-dots"](sheets())
    assert b"=1+1" in export.content and b"<script>" in export.content
    import_exports([export.write(study.path)], study.path)
    assert imported(study.path) == export.truth
    cells = [cell for row in study.rows("responses.csv") for cell in row]
    assert not [cell for cell in cells if cell[:1] in ("=", "+", "-", "@", "\t", "\r") or "<" in cell]


@pytest.mark.parametrize("code", ["=1+1", "@SUM(A1)", "<b>N00</b>", "N00;DROP", "Rossi Anna", "../N00"])
def test_a_code_that_is_no_code_is_an_error_that_does_not_repeat_it(study: StudyFolder, code: str):
    answered = sheets()
    export = google_forms([answered[0]], "it", EXCEL)
    path = export.write(study.path)
    before = path.read_text(encoding="utf-8-sig")
    path.write_bytes(before.replace(";N00;", f';"{code}";').encode("utf-8-sig"))
    with pytest.raises(StudyDefects) as error:
        import_exports([path], study.path)
    (finding,) = error.value.findings
    assert (finding.kind, finding.cell) == ("unknown_child", "B2")
    assert code not in str(error.value.message)
    assert not (study.path / "responses.csv").exists() and not (study.path / "exports").exists()


def test_a_missing_file_is_told(tmp_path: Path):
    with pytest.raises(StudyDefects) as error:
        read_sheets(tmp_path / "none.csv")
    assert error.value.findings[0].kind == "missing_file"


def test_a_time_that_a_spreadsheet_stored_a_little_short_is_that_second():
    assert cell_text(dt.datetime(2023, 3, 1, 9, 59, 59, 999_600)) == "2023-03-01 10:00:00"
