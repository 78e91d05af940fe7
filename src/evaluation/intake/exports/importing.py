"""The import of exports into a study: read all, convert all, and write only if nothing is wrong."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from evaluation.errors import UserError
from evaluation.intake.exports import ledger, merging
from evaluation.intake.exports.conversion import AnswerSheet, Conversion
from evaluation.intake.exports.export_file import read_sheets
from evaluation.intake.exports.layouts import Layout, header
from evaluation.intake.exports.mapping import FILE, ExportMapping, Intake
from evaluation.intake.exports.people import Children
from evaluation.intake.exports.recognition import recognise
from evaluation.language import Text, text
from evaluation.study.documents import read_document
from evaluation.study.findings import Finding, Findings, StudyDefects, Words, nearest
from evaluation.study.instrument import Instrument, read_instrument
from evaluation.study.protocol import Protocol
from evaluation.study.tables import Columns, read_table


@dataclass(frozen=True)
class Imported:
    """What an import did: answers written, answers that were there already, children; and what to look at."""

    new: int
    known: int
    children: int
    platforms: dict[str, str]
    findings: tuple[Finding, ...]


@dataclass(frozen=True)
class Design:
    """What a study asks: its plan, its items, its children by centre (none without participants.csv)."""

    protocol: Protocol
    instrument: Instrument
    centres: dict[str, str]

    @property
    def waves(self) -> tuple[str, ...]:
        """The ids of the waves, in time order."""
        return tuple(wave.id for wave in self.protocol.waves)


def import_exports(paths: Iterable[Path], study: Path, codes: Mapping[str, str] | None = None) -> Imported:
    """Convert exports by STUDY/intake.yml and add their answers to STUDY/responses.csv.

    Parameters
    ----------
    paths : the exports; the same bytes twice count once
    study : the study folder, which has protocol.yml, instrument.csv and intake.yml
    codes : name (normalised) -> code of a child, "" for a name of several, from a table kept outside the study

    Raises
    ------
    StudyDefects
        With every error of every export; nothing is written then.
    """
    findings = Findings()
    design, intake = read_design(study, findings), _read_intake(study, findings)
    if design is None or intake is None:
        raise StudyDefects(findings.errors)
    _check_names(intake, design, findings)
    findings.raise_errors()
    answers = merging.read_answers(study / merging.FILE, findings)
    there = len(answers.rows)
    children = Children(design.centres, design.waves, codes)
    sheets: list[AnswerSheet] = []
    exported: list[ledger.Exported] = []
    for path in distinct(paths):
        try:
            converted, kept = _convert(path, intake, design, children, findings)
        except StudyDefects as error:
            findings.items.extend(error.findings)
            continue
        _, second = answers.take(converted)
        findings.items.extend(second)
        sheets += converted
        exported.append(kept)
    findings.raise_errors()
    new, said = len(answers.rows) - there, sum(len(sheet.values) for sheet in sheets)
    _warn(sheets, exported, design, findings)
    if new:
        ledger.write(study / merging.FILE, answers.written(design.protocol, design.instrument))
    ledger.keep(study, exported)
    seen = len({sheet.child for sheet in sheets})
    return Imported(new, said - new, seen, {e.path.name: e.platform for e in exported}, tuple(findings.items))


def distinct(paths: Iterable[Path]) -> list[Path]:
    """Return the files in the order given, those of the same bytes once."""
    by_digest: dict[str, Path] = {}
    for path in paths:
        by_digest.setdefault(ledger.digest(path) if path.is_file() else str(path), path)
    return list(by_digest.values())


def read_design(study: Path, findings: Findings) -> Design | None:
    """Read what a study asks of whom; None where a file it cannot do without is missing or wrong."""
    protocol = read_document(study / "protocol.yml", Protocol, findings)
    instrument = read_instrument(study / "instrument.csv", findings)
    centres: dict[str, str] = {}
    if (study / "participants.csv").exists():
        table = read_table(study / "participants.csv", Columns(("participant", "centre")), findings)
        if table is not None:
            centres = dict(zip(table["participant"].str.strip(), table["centre"].str.strip(), strict=True))
    return None if protocol is None or instrument is None or findings.errors else Design(protocol, instrument, centres)


def _read_intake(study: Path, findings: Findings) -> Intake | None:
    if not (study / FILE).exists():
        raise UserError(
            text(
                f"{FILE}: manca nello studio. Proporlo con: evaluation import EXPORT --into STUDY --draft",
                f"{FILE}: the study has none. Propose it with: evaluation import EXPORT --into STUDY --draft",
            )
        )
    return read_document(study / FILE, Intake, findings)


def _check_names(intake: Intake, design: Design, findings: Findings) -> None:
    for defect in intake.unknown_names(design.protocol, design.instrument):
        findings.error(
            "unknown_name", FILE, defect.found, defect.expected, defect.action,
            row=findings.line(FILE, *defect.at), column=".".join(map(str, defect.at)),
        )  # fmt: skip


def _convert(
    path: Path, intake: Intake, design: Design, children: Children, findings: Findings
) -> tuple[list[AnswerSheet], ledger.Exported]:
    """Read one export by the entry of intake.yml that its name fits; StudyDefects where it cannot be read at all."""
    entry = _entry(path, intake)
    if entry.identifier == "name" and children.codes is None:
        raise UserError(
            text(
                f"{path.name}: intake.yml identifica i ragazzi per nome, e i nomi non entrano nello studio. "
                "Indicare la tabella di corrispondenza: --linkage FILE",
                f"{path.name}: intake.yml identifies children by name, and names do not enter the study. "
                "Give the linkage table: --linkage FILE",
            )
        )
    tables, notes = read_sheets(path, entry.encoding, entry.delimiter)
    layouts = recognise(tables, entry.platform, entry.sheet)
    findings.items.extend(notes)
    findings.items.extend(_missing_columns(entry, layouts))
    converted: list[AnswerSheet] = []
    for layout in layouts:
        conversion = Conversion(layout, entry, intake, design.instrument, children)
        converted += conversion.sheets()
        findings.items.extend(conversion.findings)
    kept = entry.identifier == "code" and not any(layout.names_a_child for layout in layouts)
    return converted, ledger.Exported(ledger.digest(path), layouts[0].platform, path, kept)


def _entry(path: Path, intake: Intake) -> ExportMapping:
    fitting = [entry for entry in intake.exports if path.name == entry.file or fnmatchcase(path.name, entry.file)]
    if len(fitting) == 1:
        return fitting[0]
    names = [entry.file for entry in intake.exports]
    seen = Words(f"{len(fitting)} voci di {FILE}", f"{len(fitting)} entries of {FILE}")
    one: Text = text(f"una sola voce il cui file è {path.name}", f"one entry whose file is {path.name}")
    raise StudyDefects([Finding("error", "entry", path.name, seen, one, nearest(path.name, names))])


def _missing_columns(entry: ExportMapping, layouts: list[Layout]) -> Iterable[Finding]:
    """Report every column that intake.yml names and no table of the export has."""
    known = {key: None for layout in layouts for key in layout.keys}
    first = layouts[0]
    long = first.platform == "plain_long"
    for name in dict.fromkeys(entry.columns(long=long)):
        if name not in known:
            wanted = text(f"la colonna {name[:80]}", f"the column {name[:80]}")
            seen = ", ".join(key[:30] for key in header(first.sheet, first.header - 1)[:8])
            yield first.sheet.finding(
                "error", "missing_column", seen, wanted, nearest(name, known), row=first.header - 1, header=name[:120]
            )


def _warn(sheets: list[AnswerSheet], exported: list[ledger.Exported], design: Design, findings: Findings) -> None:
    """Say which items no export answers, and which exports are not kept."""
    absent = list(merging.unanswered(sheets, design.instrument)) if sheets else []
    if absent:
        expected = text("una colonna per ogni domanda dello studio", "a column for every item of the study")
        action = text("Aggiungerla a items in intake.yml, se c'è.", "Add it to items in intake.yml, if there is one.")
        shown = ", ".join(absent[:12]) + (", …" if len(absent) > 12 else "")
        findings.add(Finding("warning", "unmapped_item", FILE, shown, expected, action))
    for one in exported:
        if not one.kept:
            found = Words("colonne che dicono chi ha risposto", "columns that tell who answered")
            none = text("nessun nome nello studio", "no name in the study")
            kept = text("Non copiato: ne resta solo l'impronta.", "Not copied: its digest alone is kept.")
            findings.add(Finding("note", "not_copied", one.path.name, found, none, kept))
