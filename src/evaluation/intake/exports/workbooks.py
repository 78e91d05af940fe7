"""XLSX exports, measured before they are read: an archive may unpack to gigabytes, a cell may stand in the last corner."""

from __future__ import annotations

import datetime as dt
import io
import re
import zipfile
from collections.abc import Sequence

from evaluation.intake.exports.sheets import Cell, Exact, Sheet, must_be_bounded, refused
from evaluation.intake.exports.workbook_marks import Marks, marks
from evaluation.language import text
from evaluation.privacy.unpacked import DAMAGED
from evaluation.study.findings import Finding, Words

ZIP, OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"
MAXIMUM_UNPACKED = 100_000_000
MAXIMUM_PARTS = 1_000
MAXIMUM_TEXT = 2_000_000_000  # characters of all cells, if each held the longest text of the workbook
REFERENCE = re.compile(rb"""\br\s*=\s*["']\s*\$?([A-Za-z]{1,7})\$?([0-9]{1,10})""")
ROW_NUMBER = re.compile(rb"""\br\s*=\s*["']\s*([0-9]{1,10})""")
SHARED = re.compile(rb"<(?:\w+:)?si\b.*?</(?:\w+:)?si\s*>", re.DOTALL)
ARCHIVE = text("un archivio ZIP di tabelle CSV", "a ZIP archive of CSV tables")
WORKBOOK = text("una cartella di lavoro XLSX", "an XLSX workbook")
SAVE_AGAIN = text(
    "Aprirla in un foglio di calcolo e salvarla di nuovo come XLSX o CSV.",
    "Open it in a spreadsheet and save it again as XLSX or CSV.",
)


def read_workbook(file: str, raw: bytes) -> tuple[list[Sheet], list[Finding]]:
    """Read the sheets of a workbook as text; StudyDefects where it is none, or too large once unpacked.

    The findings note what a spreadsheet shows otherwise than it is read: hidden sheets and rows, percentages.
    """
    from python_calamine import CalamineWorkbook, SheetTypeEnum

    bounded = _measured(file, raw)
    try:
        workbook = CalamineWorkbook.from_filelike(io.BytesIO(bounded))
        names = [sheet.name for sheet in workbook.sheets_metadata if sheet.typ == SheetTypeEnum.WorkSheet]
        tables = {name: workbook.get_sheet_by_name(name).to_python(skip_empty_area=False) for name in names}
    except BaseException as error:  # a panic of the reader, which is written in Rust, is no Exception
        if isinstance(error, KeyboardInterrupt | SystemExit | MemoryError):
            raise
        raise refused(file, "workbook", type(error).__name__, WORKBOOK, SAVE_AGAIN) from None
    seen = marks(bounded)
    sheets = [_sheet(file, name, rows, seen.get(name, Marks())) for name, rows in tables.items() if rows]
    return sheets, [note for sheet in sheets for note in seen.get(sheet.name, Marks()).notes(sheet)]


def _sheet(file: str, name: str, rows: Sequence[Sequence[object]], seen: Marks) -> Sheet:
    cells = [[cell_text(value) for value in row] for row in rows]
    for (row, column), value in seen.without_value.items():
        if row < len(cells) and column < len(cells[row]):
            cells[row][column] = value
    return Sheet(file, cells, name, "workbook", hidden=seen.hidden)


def unpacked(file: str, raw: bytes) -> dict[str, bytes]:
    """Return the parts of an archive of tables by their names, within the limits of a workbook."""
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            parts = [part for part in archive.infolist() if not part.is_dir()]
            if len(parts) > MAXIMUM_PARTS or sum(part.file_size for part in parts) > MAXIMUM_UNPACKED:
                raise _bomb(file)
            return {part.filename: archive.read(part) for part in parts if part.filename.lower().endswith(".csv")}
    except DAMAGED:
        broken = Words("un archivio rovinato o protetto", "a broken or protected archive")
        raise refused(file, "workbook", broken, ARCHIVE) from None


def cell_text(value: object) -> Cell:
    """Return a cell as text: 007 stays 007 where it is a text, a date is written out in full, an empty cell is None."""
    if isinstance(value, str):
        return value or None
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, float):  # a spreadsheet keeps 15 digits
        return Exact(int(value)) if value.is_integer() and abs(value) < 1e15 else Exact(f"{value:.15g}")
    if isinstance(value, dt.datetime):  # stored as a fraction of a day: to the second
        return (value + dt.timedelta(milliseconds=500)).isoformat(sep=" ", timespec="seconds")
    return None if value is None else str(value)


def _measured(file: str, raw: bytes) -> bytes:
    """Unpack what a workbook needs within the limits, and pack it anew: what was measured is what will be read."""
    packed = io.BytesIO()
    longest = cells = 0
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as archive, zipfile.ZipFile(packed, "w") as copy:
            parts = archive.infolist()
            if len({part.filename for part in parts}) < len(parts):
                raise zipfile.BadZipFile("two parts of one name")
            if len(parts) > MAXIMUM_PARTS or sum(part.file_size for part in parts) > MAXIMUM_UNPACKED:
                raise _bomb(file)
            for part in parts:
                if not part.filename.endswith((".xml", ".rels")):
                    continue
                content = archive.read(part)  # no more than was declared, or the archive is broken
                longest = max([longest, *map(len, SHARED.findall(content))])
                cells += _extent(file, content) if b"sheetData" in content else 0
                copy.writestr(part.filename, content)
    except DAMAGED:
        raise refused(
            file,
            "workbook",
            Words("un archivio rovinato o protetto", "a broken or protected archive"),
            WORKBOOK,
            SAVE_AGAIN,
        ) from None
    if cells * longest > MAXIMUM_TEXT:
        raise _bomb(file)
    return packed.getvalue()


def _extent(file: str, content: bytes) -> int:
    """Return how many cells a sheet spans, from the references that it holds; refuse what spans too many."""
    found = set(REFERENCE.findall(content))
    columns = max((_number(name) for name in {name for name, _ in found}), default=0)
    rows = max((int(row) for row in {*(row for _, row in found), *ROW_NUMBER.findall(content)}), default=0)
    rows, columns = max(rows, content.count(b"<row")), max(columns, _without_reference(content))
    must_be_bounded(file, rows, columns)
    return rows * columns


def _without_reference(content: bytes) -> int:
    """Return the most cells of any row, for cells may stand one after the other without a reference."""
    return max((len(re.findall(rb"<(?:\w+:)?c[\s>/]", row)) for row in content.split(b"</row")), default=0)


def _number(letters: bytes) -> int:
    number = 0
    for letter in letters.upper():
        number = number * 26 + letter - ord("A") + 1
    return number


def _bomb(file: str) -> Exception:
    limit = text(
        f"una cartella di al più {MAXIMUM_UNPACKED // 1_000_000} MB da aperta",
        f"a workbook of {MAXIMUM_UNPACKED // 1_000_000} MB at most once unpacked",
    )
    return refused(
        file,
        "size",
        Words("una cartella che da aperta è più grande", "a workbook that unpacks to more"),
        limit,
        SAVE_AGAIN,
    )
