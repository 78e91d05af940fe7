"""What is kept of an export: its mapped columns, or the file as it is where nothing in it tells who answered."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from pathlib import Path

from evaluation.intake.exports.conversion import AnswerSheet, Conversion
from evaluation.intake.exports.layouts import Layout, plain, unnumbered
from evaluation.intake.exports.ledger import Exported
from evaluation.intake.exports.sheets import Sheet
from evaluation.language import text
from evaluation.privacy.identifying import may_identify, shows_identity
from evaluation.privacy.pseudonyms import normalised_name
from evaluation.study.findings import Finding, Words

ANONYMOUS = ("", "anonymous", "anonimo", "anonymous@anonymous.com")  # what stands where nobody signed in
NO_NAME = text("nessun nome nello studio", "no name in the study")


def kept(
    path: Path, sheets: list[Sheet], conversions: list[Conversion], taken: Iterable[AnswerSheet]
) -> tuple[Exported, list[Finding]]:
    """Return what is kept of one export, and the note of what could not be."""
    platform = conversions[0].layout.platform
    wishes = {conversion.entry.keep for conversion in conversions}
    if any(conversion.entry.identifier == "name" for conversion in conversions):
        alone = text("Non copiato: ne resta solo l'impronta.", "Not copied: its digest alone is kept.")
        found = Words("colonne che dicono chi ha risposto", "columns that tell who answered")
        return Exported.of(path, platform, None, {}), [Finding("note", "not_copied", path.name, found, NO_NAME, alone)]
    telling = next(_telling(sheets, conversions), None) if "whole" in wishes else None
    whole = path.read_bytes() if "whole" in wishes and telling is None else None
    tables = {} if whole is not None or wishes == {"nothing"} else _tables(conversions, taken)
    return Exported.of(path, platform, whole, tables), [telling] if telling else []


def _tables(conversions: list[Conversion], taken: Iterable[AnswerSheet]) -> dict[str, bytes]:
    """Return the mapped columns of every table that gave answers, by its sheet, under all entries that read it."""
    rows: dict[str, set[int]] = {}
    for sheet in taken:
        rows.setdefault(sheet.layout.sheet.name, set()).add(sheet.row)
    columns: dict[str, list[str]] = {}
    layouts: dict[str, Layout] = {}
    for one in conversions:
        name = one.layout.sheet.name
        layouts.setdefault(name, one.layout)
        columns.setdefault(name, []).extend(_harmless(one))
    return {name: mapped(layouts[name], columns[name], rows[name]) for name in rows}


def _harmless(conversion: Conversion) -> Iterator[str]:
    """Yield the mapped columns of a table that tell nobody: of answers none does, for each was found to be one."""
    entry, layout = conversion.entry, conversion.layout
    free = {one.column for one in entry.multiple if one.other is not None} | set(filter(layout.free_words, layout.keys))
    yield from conversion.reads - free
    yield from entry.child or ()
    yield from (key for key in entry.about() if not may_identify(key) and unnumbered(key) not in layout.private)


def mapped(layout: Layout, columns: Iterable[str], rows: Iterable[int]) -> bytes:
    """Return a table with these columns only, and nothing in other rows, so that each row stands where it stood."""
    wanted, held = set(columns), {*rows, *range(layout.header)}
    places = [place for place, key in enumerate(layout.keys) if key in wanted]
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    for position, row in enumerate(layout.sheet.rows):
        cells = layout.keys if layout.header == 1 and position == 0 else row
        shown = [(cells[place] if place < len(cells) else None) or "" for place in places]
        writer.writerow(shown if position in held else [])
    return out.getvalue().encode()


def _telling(sheets: list[Sheet], conversions: list[Conversion]) -> Iterator[Finding]:
    """Yield why a file is not kept whole: columns of names, cells of such a shape, or names of the linkage table."""
    mend = text("Copiate solo le colonne nominate in intake.yml.", "Only the columns named in intake.yml were copied.")
    for conversion in conversions:
        layout = conversion.layout
        for place, key in enumerate(layout.own_keys):
            if unnumbered(key) in layout.private or may_identify(key) or may_identify(layout.questions[place]):
                said = next((k for k, row in layout.records() if plain(row[place]).casefold() not in ANONYMOUS), None)
                if said is not None:
                    found = Words("una colonna che dice chi ha risposto", "a column that tells who answered")
                    yield layout.sheet.finding(
                        "note", "not_copied", found, NO_NAME, mend, row=said, column=place, header=key
                    )
    names = conversions[0].children.codes or {}
    for sheet in sheets:
        for position, row in enumerate(sheet.rows):
            for place, cell in enumerate(row):
                if cell and (shows_identity(cell) or (names and normalised_name(cell) in names)):
                    found = Words("un recapito, un codice fiscale o un nome", "an address, a tax code or a name")
                    yield sheet.finding("note", "not_copied", found, NO_NAME, mend, row=position, column=place)
