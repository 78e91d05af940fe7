"""CSV files as rows of text, numbered as a spreadsheet numbers them; what is no such file is a finding with its place."""

from __future__ import annotations

import csv
import io
from pathlib import Path

from evaluation.language import text
from evaluation.study.findings import Findings, Words, column_letters

MAXIMUM_BYTES = 100_000_000
ZIP = b"PK\x03\x04"  # how a workbook begins, whatever its name says
EXPECTED_CSV = text("una tabella CSV in UTF-8 con virgole", "a CSV table in UTF-8 with commas")
SAVE_AS_CSV = text("Salvare il file come CSV UTF-8.", "Save the file as CSV UTF-8.")
SEPARATORS = {";": Words("punti e virgola", "semicolons"), "\t": Words("tabulazioni", "tabs")}


def read_records(path: Path, findings: Findings) -> dict[int, list[str]] | None:
    """Return the rows that are not blank by their number, the header first; None if the file is no CSV table."""
    if not findings.readable(path, MAXIMUM_BYTES, EXPECTED_CSV, SAVE_AS_CSV):
        return None
    try:
        content = path.read_bytes()
    except OSError as error:  # without the machine's path
        _refuse(path, error.strerror or type(error).__name__, findings)
        return None
    if content.startswith(ZIP):
        _refuse(path, Words("una cartella di lavoro, o un altro archivio", "a workbook, or another archive"), findings)
        return None
    decoded = _decoded(path, content, findings)
    rows = None if decoded is None else _split(path, decoded, findings)
    if rows is None:
        return None
    filled = {number: row for number, row in rows.items() if any(cell and not cell.isspace() for cell in row)}
    if not filled:
        _refuse(path, Words("un file vuoto", "an empty file"), findings)
        return None
    first, header = next(iter(filled.items()))
    separator = next((sign for sign in SEPARATORS if len(header) == 1 and sign in header[0]), None)
    if separator is not None:
        _refuse(path, SEPARATORS[separator], findings, kind="separator", row=first)
        return None
    return filled


def _refuse(path: Path, found: str, findings: Findings, *, kind: str = "table", row: int | None = None) -> None:
    findings.error(kind, path.name, found, EXPECTED_CSV, SAVE_AS_CSV, row=row)


def _decoded(path: Path, content: bytes, findings: Findings) -> str | None:
    """Return the text of a file; None where a byte is no text, told by row and cell."""
    try:
        decoded = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before, kind, byte = error.object[: error.start].decode("utf-8-sig"), "encoding", error.object[error.start]
    else:
        before, nul, _ = decoded.partition("\0")
        if not nul:
            return decoded
        kind, byte = "table", 0
    rows = list(csv.reader(io.StringIO(f"{before}.", newline="")))
    cell = f"{column_letters(len(rows[-1]) - 1)}{len(rows)}"
    found = Words(f"il byte 0x{byte:02x}", f"byte 0x{byte:02x}")
    findings.error(kind, path.name, found, EXPECTED_CSV, SAVE_AS_CSV, row=len(rows), cell=cell)
    return None


def _split(path: Path, decoded: str, findings: Findings) -> dict[int, list[str]] | None:
    """Return every row by its number; a row counts once, however many lines its cells hold."""
    rows: dict[int, list[str]] = {}
    try:
        rows.update(enumerate(csv.reader(io.StringIO(decoded, newline=""), strict=True), start=1))
    except csv.Error as error:
        _refuse(path, str(error), findings, row=len(rows) + 1)
        return None
    return rows
