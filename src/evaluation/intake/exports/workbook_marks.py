"""What a workbook shows beside its values: errors, formulas never computed, percentages, what is hidden."""

from __future__ import annotations

import html
import io
import posixpath
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field

from evaluation.intake.exports.sheets import NoValue, Sheet
from evaluation.language import Text, text
from evaluation.study.findings import Finding, Words

# One pass, each tag once: no content can make it slow.
TAG = re.compile(rb"<(?:\w+:)?(row|c|v|f)\b([^<>]*)>([^<]*)")
WORTH_A_PASS = re.compile(rb"""<(?:\w+:)?f\b|\bt\s*=\s*["']e["']|\bhidden\s*=""")
ATTRIBUTE = re.compile(rb"""([\w:]+)\s*=\s*(?:"([^"]*)"|'([^']*)')""")
SHEET = re.compile(rb"<(?:\w+:)?sheet\b([^<>]*)>")
RELATION = re.compile(rb"<(?:\w+:)?Relationship\b([^<>]*)>")
FORMATS = re.compile(rb"<(?:\w+:)?cellXfs\b")
FORMAT = re.compile(rb"<(?:\w+:)?xf\b([^<>]*)>")
OWN_FORMAT = re.compile(rb"<(?:\w+:)?numFmt\b([^<>]*)>")
PERCENT = {"9", "10"}  # the numbers of the built-in formats 0% and 0.00% (ECMA-376, 18.8.30)
READ = text("Controllare: si legge come il resto.", "Check it: it is read as all else is.")
SHOWN = text("un foglio senza parti nascoste", "a sheet without hidden parts")


@dataclass
class Marks:
    """What is to be told of a sheet.

    Rows and columns count from 0; without_value: what stands in place of a value.
    """

    without_value: dict[tuple[int, int], NoValue] = field(default_factory=dict)
    percent: list[tuple[int, int]] = field(default_factory=list)
    hidden_rows: list[int] = field(default_factory=list)
    hidden: bool = False

    def notes(self, sheet: Sheet) -> Iterator[Finding]:
        """Yield a note on what is hidden and on percentages, each where it stands first."""
        if self.hidden:
            yield _note(sheet, "hidden_sheet", Words("un foglio nascosto", "a hidden sheet"), SHOWN)
        if self.hidden_rows:
            count = len(self.hidden_rows)
            found = Words(f"righe nascoste: {count}", f"hidden rows: {count}")
            yield _note(sheet, "hidden_row", found, SHOWN, self.hidden_rows[0])
        if self.percent:
            row, column = self.percent[0]
            found = Words(f"percentuali: {len(self.percent)} celle", f"percentages: {len(self.percent)} cells")
            whole = text("numeri: 50% è letto come 0.5", "numbers: 50% is read as 0.5")
            yield _note(sheet, "percent", found, whole, row, column)


def _note(
    sheet: Sheet, kind: str, found: str, expected: Text, row: int | None = None, column: int | None = None
) -> Finding:
    return sheet.finding("note", kind, found, expected, READ, row=row, column=column)


def marks(raw: bytes) -> dict[str, Marks]:
    """Return, by the name of its sheet, what a workbook (measured before) shows beside its values."""
    with zipfile.ZipFile(io.BytesIO(raw)) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    book = next((name for name in parts if posixpath.basename(name) == "workbook.xml"), "")
    folder = posixpath.dirname(book)
    relations = parts.get(posixpath.join(folder, "_rels/workbook.xml.rels"), b"")
    targets = {a.get("Id", ""): a.get("Target", "") for a in map(_attributes, RELATION.findall(relations))}
    percent = _percent(parts.get(posixpath.join(folder, "styles.xml"), b""))
    found: dict[str, Marks] = {}
    for about in map(_attributes, SHEET.findall(parts.get(book, b""))):
        target = next(
            (targets[value] for name, value in about.items() if name.endswith(":id") and value in targets), ""
        )
        content = parts.get(posixpath.normpath(posixpath.join(folder, target)).lstrip("/"), b"")
        found[about.get("name", "")] = _marks(content, percent, about.get("state", "visible") != "visible")
    return found


def _attributes(written: bytes) -> dict[str, str]:
    return {
        name.decode(): html.unescape((double or single).decode("utf-8", "replace"))
        for name, double, single in ATTRIBUTE.findall(written)
    }


def _percent(styles: bytes) -> set[str]:
    """Return the numbers of the styles that show a percentage."""
    own = {
        a.get("numFmtId", "") for a in map(_attributes, OWN_FORMAT.findall(styles)) if "%" in a.get("formatCode", "")
    }
    listed = FORMATS.search(styles)
    cells = re.split(rb"</(?:\w+:)?cellXfs", styles[listed.end() :], maxsplit=1)[0] if listed else b""
    kinds = [_attributes(one).get("numFmtId", "") for one in FORMAT.findall(cells)]
    return {str(place) for place, kind in enumerate(kinds) if kind in PERCENT | own}


def _marks(content: bytes, percent: set[str], hidden: bool) -> Marks:
    found = Marks(hidden=hidden)
    if not percent and not WORTH_A_PASS.search(content):
        return found
    row = column = -1
    about: dict[str, str] = {}
    for tag, written, shown in TAG.findall(content):
        place = (row, column)
        if tag == b"row":
            about, column = _attributes(written), -1
            row = int(about["r"]) - 1 if about.get("r", "").isdigit() else row + 1
            if about.get("hidden") in ("1", "true"):
                found.hidden_rows.append(row)
        elif tag == b"c":
            about = _attributes(written)
            column = _column(about["r"]) if "r" in about else column + 1
            if about.get("t") == "e":
                found.without_value[row, column] = NoValue("#?")
        elif tag == b"f" and about.get("t") not in ("e", "str"):
            found.without_value[place] = NoValue("")
        elif tag == b"v" and shown and about.get("t") == "e":
            found.without_value[place] = NoValue(html.unescape(shown.decode("utf-8", "replace")))
        elif tag == b"v" and shown:
            found.without_value.pop(place, None)
            if about.get("s", "0") in percent:
                found.percent.append(place)
    return found


def _column(reference: str) -> int:
    number = 0
    for letter in re.sub("[^A-Z]", "", reference.upper()):
        number = number * 26 + ord(letter) - ord("A") + 1
    return number - 1
