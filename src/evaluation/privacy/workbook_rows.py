"""A workbook (XLSX) without some of its rows, and without the texts that only those rows used."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable
from html import unescape

from evaluation.errors import UserError
from evaluation.privacy.unpacked import DAMAGED

STRINGS = "xl/sharedStrings.xml"
SHEETS = "xl/worksheets/"
ROW = re.compile(r"<(?:\w+:)?row\b(?:[^>]*/>|.*?</(?:\w+:)?row>)", re.DOTALL)
SHARED = re.compile(r"<(?:\w+:)?c\b[^>]*\bt=\"s\"[^>]*>\s*<(?:\w+:)?v>(\d+)</")
STRING = re.compile(r"<((?:\w+:)?)si\b(?:[^>]*/>|.*?</(?:\w+:)?si>)", re.DOTALL)
FORMULA = re.compile(r"<(?:\w+:)?f[ />]")
TEXT = re.compile(r">([^<>]+)<")


class NotEditable(UserError):
    """A file that no machine can edit without harm: why."""


def without_rows(content: bytes, is_of: Callable[[str], bool], redacted: Callable[[str], str]) -> bytes:
    """Return a workbook without the rows in which a text is one that `is_of` recognises, other texts `redacted`.

    Raises
    ------
    NotEditable : not a workbook, or one whose rows are copied elsewhere in it or computed.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = {member: archive.read(member) for member in archive.infolist()}
    except DAMAGED as error:
        raise NotEditable("an archive or a compressed file") from error
    names = {member.filename for member in members}
    if "xl/workbook.xml" not in names or any(name.startswith("xl/pivotCache") for name in names):
        raise NotEditable("an archive, or a workbook with a pivot table")
    try:
        texts = {
            m.filename: data.decode("utf-8") for m, data in members.items() if m.filename.endswith((".xml", ".rels"))
        }
    except UnicodeDecodeError as error:
        raise NotEditable("a workbook that is not in UTF-8") from error
    strings = [_said(found[0]) for found in STRING.finditer(texts.get(STRINGS, ""))]
    sheets = {name: xml for name, xml in texts.items() if name.startswith(SHEETS) and name.endswith(".xml")}
    gone: set[int] = set()
    for name, xml in sheets.items():
        texts[name], dropped = _sheet_without(xml, strings, is_of)
        gone |= {int(place) for row in dropped for place in SHARED.findall(row)}
    used = {int(place) for name in sheets for place in SHARED.findall(texts[name])}
    if STRINGS in texts:
        texts[STRINGS] = _blanked(texts[STRINGS], gone - used)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for member, data in members.items():
            archive.writestr(member, redacted(texts[member.filename]) if member.filename in texts else data)
    return out.getvalue()


def _sheet_without(xml: str, strings: list[str], is_of: Callable[[str], bool]) -> tuple[str, list[str]]:
    """Return a sheet without the rows to drop, and those rows; its first row heads the columns."""
    rows = [found[0] for found in ROW.finditer(xml)]
    dropped = [row for row in rows if any(map(is_of, _texts(row, strings)))]
    if dropped and dropped[0] is rows[0]:
        raise NotEditable("the first row of a sheet")
    if any(FORMULA.search(row) for row in dropped):
        raise NotEditable("formulas in the child's rows")
    for row in dropped:
        xml = xml.replace(row, "", 1)
    return xml, dropped


def _texts(row: str, strings: list[str]) -> list[str]:
    shared = [strings[int(place)] for place in SHARED.findall(row) if int(place) < len(strings)]
    return [*shared, *(unescape(piece) for piece in TEXT.findall(row))]


def _said(xml: str) -> str:
    return "".join(unescape(piece) for piece in TEXT.findall(xml))


def _blanked(xml: str, places: set[int]) -> str:
    """Empty some shared strings; the others keep their place."""
    count = iter(range(len(xml)))
    return STRING.sub(
        lambda found: (
            f"<{found[1]}si><{found[1]}t></{found[1]}t></{found[1]}si>" if next(count) in places else found[0]
        ),
        xml,
    )
