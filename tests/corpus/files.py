"""Files as survey tools write them: text with any encoding and separator, and workbooks made part by part."""

from __future__ import annotations

import datetime as dt
import io
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape, quoteattr

Value = str | float | dt.datetime | None
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


@dataclass(frozen=True)
class Style:
    """How a text file is written. quote: all cells, or those that need it; bare: an empty None stands without quotes."""

    encoding: str = "utf-8"
    delimiter: str = ","
    quote: str = "needed"
    end: str = "\r\n"


def text_file(rows: Iterable[Sequence[str | None]], style: Style) -> bytes:
    """Write rows of text; None is an empty cell without quotes, "" one with quotes where all are quoted."""
    lines = (style.delimiter.join(_cell(cell, style) for cell in row) for row in rows)
    return (style.end.join([*lines, ""])).encode(style.encoding)


def _cell(cell: str | None, style: Style) -> str:
    if cell is None:
        return ""
    special = any(mark in cell for mark in (style.delimiter, '"', "\r", "\n"))
    return '"' + cell.replace('"', '""') + '"' if style.quote == "all" or special else cell


def column(place: int) -> str:
    """0 is A, 26 is AA."""
    return (column(place // 26 - 1) if place >= 26 else "") + LETTERS[place % 26]


def workbook(sheets: dict[str, list[Sequence[Value]]], shared: bool = True) -> bytes:
    """Write an XLSX workbook: texts shared (as Excel and Forms do) or inline, numbers as numbers, times as dates."""
    return archive(workbook_parts(sheets, shared))


def workbook_parts(sheets: dict[str, list[Sequence[Value]]], shared: bool = True) -> dict[str, str]:
    """Return the parts of a workbook by their names, to be changed before they are packed."""
    texts: dict[str, int] = {}
    pages = {name: _page(rows, texts if shared else None) for name, rows in sheets.items()}
    parts = {
        "[Content_Types].xml": _types(len(sheets)),
        "_rels/.rels": _relations({"rId1": ("officeDocument", "xl/workbook.xml")}),
        "xl/workbook.xml": _book(list(sheets)),
        "xl/_rels/workbook.xml.rels": _relations(
            {f"rId{k}": ("worksheet", f"worksheets/sheet{k}.xml") for k in range(1, len(sheets) + 1)}
            | {"rIdT": ("sharedStrings", "sharedStrings.xml"), "rIdS": ("styles", "styles.xml")}
        ),
        "xl/styles.xml": STYLES,
        "xl/sharedStrings.xml": HEAD
        + f'<sst xmlns="{MAIN}" count="{len(texts)}" uniqueCount="{len(texts)}">'
        + "".join(f'<si><t xml:space="preserve">{escape(text)}</t></si>' for text in texts)
        + "</sst>",
    }
    parts |= {f"xl/worksheets/sheet{k}.xml": page for k, page in enumerate(pages.values(), start=1)}
    return parts


def archive(parts: dict[str, str]) -> bytes:
    """Pack parts of a workbook, always the same bytes."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in parts.items():
            packed.writestr(zipfile.ZipInfo(name, (2026, 1, 1, 0, 0, 0)), content, zipfile.ZIP_DEFLATED)
    return out.getvalue()


def _page(rows: list[Sequence[Value]], texts: dict[str, int] | None) -> str:
    lines = []
    for number, row in enumerate(rows, start=1):
        cells = "".join(_xml(value, f"{column(k)}{number}", texts) for k, value in enumerate(row))
        lines.append(f'<row r="{number}">{cells}</row>')
    return f'{HEAD}<worksheet xmlns="{MAIN}"><sheetData>{"".join(lines)}</sheetData></worksheet>'


def _xml(value: Value, place: str, texts: dict[str, int] | None) -> str:
    if value is None or value == "":
        return ""
    if isinstance(value, dt.datetime):
        days = (value - dt.datetime(1899, 12, 30)) / dt.timedelta(days=1)
        return f'<c r="{place}" s="1"><v>{days!r}</v></c>'
    if isinstance(value, int | float):
        return f'<c r="{place}"><v>{value!r}</v></c>'
    if texts is None:
        return f'<c r="{place}" t="inlineStr"><is><t xml:space="preserve">{escape(value)}</t></is></c>'
    return f'<c r="{place}" t="s"><v>{texts.setdefault(value, len(texts))}</v></c>'


HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
OFFICE = "http://schemas.openxmlformats.org"
MAIN = f"{OFFICE}/spreadsheetml/2006/main"
STYLES = (
    f'{HEAD}<styleSheet xmlns="{MAIN}"><fonts count="1"><font/></fonts><fills count="1"><fill/></fills>'
    '<borders count="1"><border/></borders><cellStyleXfs count="1"><xf/></cellStyleXfs>'
    '<cellXfs count="2"><xf numFmtId="0"/><xf numFmtId="22" applyNumberFormat="1"/></cellXfs></styleSheet>'
)


def _types(sheets: int) -> str:
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    parts = {"/xl/workbook.xml": "sheet.main", "/xl/styles.xml": "styles", "/xl/sharedStrings.xml": "sharedStrings"}
    parts |= {f"/xl/worksheets/sheet{k}.xml": "worksheet" for k in range(1, sheets + 1)}
    overrides = "".join(
        f'<Override PartName="{name}" ContentType="{kind}.{part}+xml"/>' for name, part in parts.items()
    )
    return (
        f'{HEAD}<Types xmlns="{OFFICE}/package/2006/content-types"><Default Extension="rels" '
        f'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>{overrides}</Types>'
    )


def _relations(targets: dict[str, tuple[str, str]]) -> str:
    kind = f"{OFFICE}/officeDocument/2006/relationships"
    listed = "".join(
        f'<Relationship Id="{key}" Type="{kind}/{name}" Target="{target}"/>' for key, (name, target) in targets.items()
    )
    return f'{HEAD}<Relationships xmlns="{OFFICE}/package/2006/relationships">{listed}</Relationships>'


def _book(names: list[str]) -> str:
    kind = f"{OFFICE}/officeDocument/2006/relationships"
    listed = "".join(
        f'<sheet name={quoteattr(name)} sheetId="{k}" r:id="rId{k}"/>' for k, name in enumerate(names, start=1)
    )
    return f'{HEAD}<workbook xmlns="{MAIN}" xmlns:r="{kind}"><sheets>{listed}</sheets></workbook>'
