"""The import of exports into a study: read all, convert all, and write only if nothing is wrong."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from evaluation.errors import UserError
from evaluation.intake.exports import ledger, merging, skipping
from evaluation.intake.exports.conversion import AnswerSheet, Conversion
from evaluation.intake.exports.export_file import read_sheets
from evaluation.intake.exports.kept import kept
from evaluation.intake.exports.layouts import Layout
from evaluation.intake.exports.mapping import FILE, ExportMapping, Intake
from evaluation.intake.exports.people import Children
from evaluation.intake.exports.recognition import recognise
from evaluation.intake.exports.sheets import Sheet
from evaluation.intake.exports.tally import Tally, tally
from evaluation.intake.exports.whereabouts import missing_columns, read_where
from evaluation.language import Text, text
from evaluation.study.documents import read_document
from evaluation.study.findings import Finding, Findings, StudyDefects, Words, nearest
from evaluation.study.instrument import Instrument, read_instrument
from evaluation.study.protocol import Protocol
from evaluation.study.tables import Columns, read_table


@dataclass(frozen=True)
class Imported:
    """What an import did: answers written, answers that were there already, children; what to look at, every row counted."""

    new: int
    known: int
    children: int
    platforms: dict[str, str]
    findings: tuple[Finding, ...]
    tallies: tuple[Tally, ...]


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
    paths : the exports; the same bytes count once under an entry
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
    there, bound = len(answers.rows), skipping.read_bound(study / ledger.FOLDER / skipping.FILE)
    children = Children(design.centres, design.waves, codes)
    read = [one for path, entries in _once(paths, intake, findings) if (one := _Export.of(path, entries, findings))]
    taken: list[tuple[AnswerSheet, int]] = []
    tallies: list[Tally] = []
    exported: list[ledger.Exported] = []
    for export in read:
        conversions: list[Conversion] = []
        sheets: list[AnswerSheet] = []
        for entry, layouts in export.tables:
            converted = _convert(entry, layouts, intake, design, children, bound, findings)
            mine, second = answers.take(sheet for one, read_sheets in converted for sheet in read_sheets)
            findings.items.extend(second)
            conversions += [one for one, _ in converted]
            sheets += [sheet for sheet, _ in mine]
            tallies += [tally(one, mine) for one, _ in converted]
            taken += mine
        if conversions:
            what, notes = kept(export.path, export.sheets, conversions, sheets)
            exported.append(what)
            findings.items.extend(notes)
    findings.raise_errors()
    new, said = len(answers.rows) - there, sum(len(sheet.values) for sheet, _ in taken)
    _warn([sheet for sheet, _ in taken], design, findings)
    if new:
        ledger.write(study / merging.FILE, answers.written(design.protocol, design.instrument))
    ledger.keep(study, exported, bound)
    seen = len({sheet.child for sheet, _ in taken})
    platforms = {one.path.name: one.platform for one in exported}
    return Imported(new, said - new, seen, platforms, tuple(findings.items), tuple(tallies))


@dataclass(frozen=True)
class _Export:
    """A file that was read: its sheets, and under each entry of intake.yml that names it the tables of answers."""

    path: Path
    sheets: list[Sheet]
    tables: list[tuple[ExportMapping, list[Layout]]]

    @classmethod
    def of(cls, path: Path, entries: list[ExportMapping], findings: Findings) -> _Export | None:
        """Read a file; None where it cannot be read, which `findings` tell."""
        tables: list[tuple[ExportMapping, list[Layout]]] = []
        sheets: list[Sheet] = []
        ways: dict[tuple[str | None, str | None], list[Sheet]] = {}
        try:
            for entry in entries:
                way = (entry.encoding, entry.delimiter)
                if way not in ways:
                    ways[way], notes = read_sheets(path, *way)
                    sheets += ways[way]
                    findings.items.extend(notes)
                tables.append((entry, recognise(ways[way], entry.platform, entry.sheet)))
        except StudyDefects as error:
            findings.items.extend(error.findings)
            return None
        return cls(path, sheets, tables)


def _once(paths: Iterable[Path], intake: Intake, findings: Findings) -> Iterator[tuple[Path, list[ExportMapping]]]:
    """Yield each file with the entries that read it; the same bytes are read once under each, which is noted."""
    first: dict[tuple[str, int], tuple[int, Path]] = {}
    for turn, path in enumerate(paths):
        try:
            entries = _entries(path, intake)
        except StudyDefects as error:
            findings.items.extend(error.findings)
            continue
        fresh = []
        for entry in entries:
            number = ledger.digest(path) if path.is_file() else str(path)
            seen, earlier = first.setdefault((number, id(entry)), (turn, path))
            if seen == turn:
                fresh.append(entry)
            else:
                same = Words(f"gli stessi byte di {earlier.name}", f"the same bytes as {earlier.name}")
                once = text("un'altra esportazione", "another export")
                check = text("Letto una volta sola: controllare il file.", "Read once: check the file.")
                findings.add(Finding("note", "same_bytes", path.name, same, once, check))
        if fresh:
            yield path, fresh


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
    entry: ExportMapping, layouts: list[Layout], intake: Intake, design: Design, children: Children,
    bound: skipping.Bound, findings: Findings,
) -> list[tuple[Conversion, list[AnswerSheet]]]:  # fmt: skip
    """Read the tables of one export under one entry, those above before those that repeat in them."""
    file = layouts[0].sheet.file
    if entry.identifier == "name" and children.codes is None:
        raise UserError(
            text(
                f"{file}: intake.yml identifica i ragazzi per nome, e i nomi non entrano nello studio. "
                "Indicare la tabella di corrispondenza: --linkage FILE",
                f"{file}: intake.yml identifies children by name, and names do not enter the study. "
                "Give the linkage table: --linkage FILE",
            )
        )
    missing = list(missing_columns(entry, layouts))
    findings.items.extend(missing)
    if {finding.column for finding in missing} & {key[:120] for key in entry.about()}:
        return []
    left_out = skipping.skip(entry, layouts, bound)
    reads = read_where(entry, layouts)
    converted: dict[str, Conversion] = {}
    result = []
    for layout in layouts:
        name, skipped = layout.sheet.name, left_out[layout.sheet.name]
        above = converted.get(layout.parent.layout.sheet.name) if layout.parent else None
        conversion = Conversion(layout, entry, intake, design.instrument, children, reads[name], skipped.rows, above)
        result.append((conversion, conversion.sheets()))
        converted[name] = conversion
        bound |= skipped.bound
        findings.items.extend((*skipped.findings, *conversion.findings))
    return result


def _entries(path: Path, intake: Intake) -> list[ExportMapping]:
    """Return the entries that read a file: those of its very name, else those of the one pattern that it fits."""
    exact = [entry for entry in intake.exports if path.name == entry.file]
    fitting = exact or [entry for entry in intake.exports if fnmatchcase(path.name, entry.file)]
    if len({entry.file for entry in fitting}) == 1:
        return fitting
    names = [entry.file for entry in intake.exports]
    seen = Words(f"{len(fitting)} voci di {FILE}", f"{len(fitting)} entries of {FILE}")
    one: Text = text(f"voci con un solo file che è {path.name}", f"entries of one file that is {path.name}")
    raise StudyDefects([Finding("error", "entry", path.name, seen, one, nearest(path.name, names))])


def _warn(sheets: list[AnswerSheet], design: Design, findings: Findings) -> None:
    """Say which items no export answers."""
    absent = list(merging.unanswered(sheets, design.instrument)) if sheets else []
    if absent:
        expected = text("una colonna per ogni domanda dello studio", "a column for every item of the study")
        action = text("Aggiungerla a items in intake.yml, se c'è.", "Add it to items in intake.yml, if there is one.")
        shown = ", ".join(absent[:12]) + (", …" if len(absent) > 12 else "")
        findings.add(Finding("warning", "unmapped_item", FILE, shown, expected, action))
