"""One export file, whatever its kind: told by its first bytes, and refused where its name says another."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from evaluation.intake.exports import spss, texts, workbooks
from evaluation.intake.exports.sheets import Sheet, content, refused
from evaluation.language import text
from evaluation.study.findings import Finding, Words

TEXT = (".csv", ".tsv", ".txt", ".tab")
RENAME = text(
    "Dare al file il nome giusto, o esportarlo di nuovo.", "Give the file its right name, or export it again."
)


def read_sheets(
    path: Path, encoding: str | None = None, delimiter: str | None = None
) -> tuple[list[Sheet], list[Finding]]:
    """Read an export's tables as text.

    Raises
    ------
    StudyDefects
        The file is missing, too large, not what its name says, or no table.
    """
    raw = content(path)
    if raw.startswith(workbooks.OLE):
        old = text("un XLSX senza password, o un CSV", "an XLSX without a password, or a CSV")
        raise refused(
            path.name,
            "content",
            Words("un foglio Excel protetto o vecchio", "a protected or an old Excel workbook"),
            old,
            workbooks.SAVE_AGAIN,
        )
    if raw.startswith(workbooks.ZIP) and path.suffix.lower() == ".zip":
        return _tables(path.name, raw, encoding, delimiter)
    if raw.startswith(workbooks.ZIP):
        _must_be_named(path, (".xlsx",), Words("un archivio ZIP, come gli XLSX", "a ZIP archive, as XLSX is"))
        return workbooks.read_workbook(path.name, raw)
    if raw.startswith(spss.MAGIC):
        _must_be_named(path, (".sav", ".zsav"), Words("un file SPSS", "an SPSS file"))
        return [spss.read_spss(path)], []
    _must_be_named(path, TEXT, Words("né una cartella né un file SPSS", "neither a workbook nor an SPSS file"))
    sheet, notes = texts.read_text(path.name, raw, encoding, delimiter)
    return [sheet], notes


def _tables(file: str, raw: bytes, encoding: str | None, delimiter: str | None) -> tuple[list[Sheet], list[Finding]]:
    """Read the tables of text of an archive, as ODK Central exports a form with its repeats; each is called as its file is."""
    sheets, notes = [], []
    for name, table in workbooks.unpacked(file, raw).items():
        if Path(name).suffix.lower() == ".csv" and table.strip():
            sheet, seen = texts.read_text(file, table, encoding, delimiter)
            sheets.append(replace(sheet, name=Path(name).stem))
            notes += seen
    if not sheets:
        tables = text("un archivio con tabelle CSV", "an archive with CSV tables")
        raise refused(file, "content", Words("nessuna tabella", "no table"), tables)
    return sheets, notes


def _must_be_named(path: Path, suffixes: tuple[str, ...], found: Words) -> None:
    suffix = path.suffix.lower()
    if suffix not in suffixes:
        says = text(f"il contenuto che {suffix or 'il nome'} dice", f"the content that {suffix or 'the name'} says")
        raise refused(path.name, "content", found, says, RENAME)
