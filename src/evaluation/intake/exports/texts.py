"""Text exports: the encoding by rule, the delimiter by the columns it makes, empty cells told from empty texts."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from itertools import islice

from evaluation.intake.exports.sheets import Row, Sheet, must_be_bounded, refused
from evaluation.language import text
from evaluation.study.findings import Finding, Words

DELIMITERS = (",", ";", "\t", "|")
SAMPLE = 50  # rows by which the delimiter is told
TOLERATED = 0.1  # the share of them that may be of another width than the header, if no delimiter does better
DECLARED = re.compile(r'"?sep=([,;\t|])"?(?:\r\n|\n|\r)', re.IGNORECASE)
BOMS = {codecs.BOM_UTF8: "utf-8", codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}
TABLE = text("una tabella di testo con un separatore", "a table of text with a delimiter")
NAME_IT = text("Scriverlo in intake.yml.", "Name it in intake.yml.")


class Broken(ValueError):
    """A record that is no row of a table: a quote that is never closed, or text behind one."""

    def __init__(self, row: int, found: str):
        self.row, self.found = row, found
        super().__init__(found)


def read_text(
    file: str, raw: bytes, encoding: str | None = None, delimiter: str | None = None
) -> tuple[Sheet, list[Finding]]:
    """Read a text export; StudyDefects where it is none. The findings note what was read by the last of the rules."""
    decoded, notes = decode(file, raw, encoding)
    if "\0" in decoded:
        row = decoded[: decoded.index("\0")].count("\n") + 1
        raise refused(file, "nul", Words("un carattere NUL", "a NUL character"), TABLE, row=row)
    declared = DECLARED.match(decoded)  # what Excel writes above a table for itself
    decoded = decoded[declared.end() :] if declared else decoded
    separator = delimiter or (declared[1] if declared else find_delimiter(file, decoded))
    rows: list[Row] = []
    cells = 0
    try:
        for record in records(decoded, separator):
            rows.append(record)
            cells += len(record)
            must_be_bounded(file, -(-cells // len(record)) if record else 0, len(record))
    except Broken as error:
        closed = text("virgolette chiuse, raddoppiate dentro un testo", "quotes closed, and doubled within a text")
        raise refused(file, "quotes", error.found, closed, row=error.row) from None
    first = 2 if declared else 1
    return Sheet(file, rows, delimiter=separator, quoted=decoded.startswith('"'), first=first), notes


def decode(file: str, raw: bytes, encoding: str | None = None) -> tuple[str, list[Finding]]:
    """Return the text of a file: by its byte order mark, else as strict UTF-8, else as cp1252 (which is noted)."""
    for mark, marked in BOMS.items():
        if raw.startswith(mark):
            return _decoded(file, raw[len(mark) :], marked), []
    if encoding is not None:
        return _decoded(file, raw, "utf-16-le" if encoding == "utf-16" else encoding), []
    try:
        return raw.decode("utf-8"), []
    except UnicodeDecodeError as error:
        row = raw[: error.start].count(b"\n") + 1
        note = Finding(
            "note", "encoding", file, f"byte 0x{raw[error.start]:02x}", text("testo in UTF-8", "text in UTF-8"),
            text("Letto come Windows-1252: controllare gli accenti.", "Read as Windows-1252: check the accents."), row,
        )  # fmt: skip
        return _decoded(file, raw, "cp1252"), [note]


def _decoded(file: str, raw: bytes, encoding: str) -> str:
    try:
        return raw.decode(encoding)
    except UnicodeDecodeError as error:
        expected = text(f"testo in {encoding}", f"text in {encoding}")
        row = raw[: error.start].count(b"\n") + 1
        raise refused(file, "encoding", f"byte 0x{raw[error.start]:02x}", expected, row=row) from None


def find_delimiter(file: str, decoded: str) -> str:
    """Return the delimiter under which the first rows are as wide as the header; of several, that of most columns.

    Where none makes every row even, one row or a tenth of them may be of another width: they are told later.
    """
    sampled = {delimiter: _widths(decoded, delimiter) for delimiter in DELIMITERS}
    even = {d: widths[0] for d, widths in sampled.items() if len(set(widths)) == 1 and widths[0] > 1}
    fitting = even or {
        d: widths[0] for d, widths in sampled.items() if widths and widths[0] > 1 and _nearly_even(widths)
    }
    found = [delimiter for delimiter, width in fitting.items() if width == max(fitting.values())]
    if not found:  # rows wider than the header, all alike: they are told later, each at its place
        wider = {
            d: widths[0] for d, widths in sampled.items() if len(set(widths[1:])) == 1 and widths[1] > widths[0] > 1
        }
        found = [delimiter for delimiter, width in wider.items() if width == max(wider.values())][:1]
    if len(found) == 1:
        return found[0]
    if found:
        names, width = ", ".join(repr(delimiter) for delimiter in found), fitting[found[0]]
        one = text("un separatore solo che faccia colonne uguali", "one delimiter only that makes even columns")
        seen = Words(f"{names}: {width} colonne ciascuno", f"{names}: {width} columns each")
        raise refused(file, "delimiter", seen, one, NAME_IT, row=1)
    try:
        list(islice(records(decoded, ","), SAMPLE))
    except Broken as error:
        raise refused(file, "quotes", error.found, TABLE, row=error.row) from None
    raise refused(file, "delimiter", decoded.lstrip().split("\n", 1)[0][:60], TABLE, row=1)


def _widths(decoded: str, delimiter: str) -> list[int]:
    """Return how many columns each of the first rows has that is not blank, down to a broken one."""
    widths: list[int] = []
    try:
        for record in islice(records(decoded, delimiter), SAMPLE):
            widths += [len(record)] if record else []
    except Broken:
        pass  # it is told later, with the delimiter of the rows above it
    return widths


def _nearly_even(widths: list[int]) -> bool:
    return sum(width != widths[0] for width in widths) <= max(1, TOLERATED * len(widths))


def records(decoded: str, delimiter: str) -> Iterator[Row]:
    """Yield the rows; a blank line is an empty row, a bare empty cell is None and a quoted one "". Broken where it is none."""
    d = re.escape(delimiter)
    match = re.compile(rf'(?:"([^"]*(?:""[^"]*)*)"|([^{d}\r\n"][^{d}\r\n]*)?)({d}|\r\n|\n|\r|\Z)').match
    position, end, number = 0, len(decoded), 1
    row: Row = []
    while position < end:
        found = match(decoded, position)
        if found is None:
            raise Broken(number, decoded[position : position + 40])
        quoted, plain, stop = found.groups()
        row.append(plain if quoted is None else quoted.replace('""', '"'))
        position = found.end()
        if stop == delimiter:
            if position == end:
                row.append(None)
                yield row
            continue
        yield [] if row == [None] else row
        row, number = [], number + 1
