"""CSV files as rows of text, numbered as a spreadsheet numbers them; what is no such file is a finding with its place."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path

from evaluation.language import Text, text
from evaluation.study.findings import Findings, Words, column_letters

MAXIMUM_BYTES = 100_000_000
FEWEST_ROWS = 10  # before a column that one row alone fills is a wonder
WHOLE = re.compile(r"[0-9]+")
WORKBOOKS = {  # how they begin, whatever their name says
    b"PK\x03\x04": Words("una cartella di lavoro, o un altro archivio", "a workbook, or another archive"),
    b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1": Words("una cartella di lavoro di un vecchio Excel", "an old Excel workbook"),
}
EXPECTED_CSV = text("una tabella CSV in UTF-8 con virgole", "a CSV table in UTF-8 with commas")
SAVE_AS_CSV = text("Salvare il file come CSV UTF-8.", "Save the file as CSV UTF-8.")
CLOSE_QUOTES = text(
    "Chiudere le virgolette; dentro un testo, raddoppiarle.", "Close the quotes; inside a text, double them."
)
UNREADABLE = {  # by what the csv module says of it: what was found, and what to do
    "field larger": (
        Words(f"una cella oltre {csv.field_size_limit()} caratteri", f"a cell of over {csv.field_size_limit()} characters"),
        text("Accorciare il testo, o chiudere le virgolette.", "Shorten the text, or close the quotes."),
    ),
    "unexpected end": (Words("virgolette mai chiuse", "quotes that are never closed"), CLOSE_QUOTES),
    "expected after": (Words("testo dopo le virgolette chiuse", "text after closed quotes"), CLOSE_QUOTES),
}  # fmt: skip
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
    workbook = next((words for start, words in WORKBOOKS.items() if content.startswith(start)), None)
    if workbook is not None:
        _refuse(path, workbook, findings)
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


def _refuse(
    path: Path, found: str, findings: Findings, *,
    kind: str = "table", row: int | None = None, action: Text = SAVE_AS_CSV,
) -> None:  # fmt: skip
    findings.error(kind, path.name, found, EXPECTED_CSV, action, row=row)


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
        told = (told for said, told in UNREADABLE.items() if said in str(error))
        found, action = next(told, (str(error), SAVE_AS_CSV))
        _refuse(path, found, findings, row=len(rows) + 1, action=action)
        return None
    return rows


def of_one_width(file: str, rows: dict[int, list[str]], widths: range, findings: Findings) -> dict[int, list[str]]:
    """Return the rows with as many cells as the header, nameless ones at its end included or not; the others are findings.

    A cell more, even an empty one, tells of a comma that shifted the row: its cells would stand in the wrong columns.
    """
    kept = {number: row[: widths[0]] for number, row in rows.items() if len(row) in widths}
    expected = text(f"{widths[-1]} valori", f"{widths[-1]} values")
    quote = text(
        "Mettere tra virgolette i testi con virgole; nei numeri usare il punto.",
        "Put texts that hold commas in quotes; write numbers with a point.",
    )
    for number, count in [(number, len(row)) for number, row in rows.items() if number not in kept]:
        findings.error("columns", file, Words(f"{count} valori", f"{count} values"), expected, quote, row=number)
    return kept


def report_split_number(file: str, header: list[str], rows: dict[int, list[str]], findings: Findings) -> None:
    """Report the row that may hold 2,5 for 2.5, and yet is as long as the others, for its last empty cell was left out.

    It alone fills the last column, and it alone has a whole number after another in some column: it may be right, but nobody
    can tell.
    """
    filled = (number for number, row in rows.items() if row[-1].strip())
    row, another = next(filled, None), next(filled, None)
    if row is None or another is not None or len(rows) < FEWEST_ROWS:
        return
    for place in range(1, len(header)):
        whole, after = (rows[row][k].strip() for k in (place - 1, place))
        numbers = (number for number, cells in rows.items() if WHOLE.fullmatch(cells[place].strip()))
        if WHOLE.fullmatch(whole) and WHOLE.fullmatch(after) and next(numbers) == row and next(numbers, None) is None:
            findings.error(
                "columns", file, f"{whole},{after}", text("numeri con il punto", "numbers with a point"),
                text(
                    f"Se il numero è {whole}.{after}, scriverlo così; se la riga è giusta, scrivere {whole}.0.",
                    f"If the number is {whole}.{after}, write it so; if the row is right, write {whole}.0.",
                ), row=row, column=header[place - 1],
            )  # fmt: skip
