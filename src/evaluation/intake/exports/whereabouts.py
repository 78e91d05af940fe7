"""In which table of an export a column is read, where some tables repeat in others."""

from __future__ import annotations

from collections.abc import Iterator

from evaluation.intake.exports.layouts import Layout, header
from evaluation.intake.exports.mapping import ExportMapping
from evaluation.language import text
from evaluation.study.findings import Finding, nearest


def missing_columns(entry: ExportMapping, layouts: list[Layout]) -> Iterator[Finding]:
    """Yield a finding for every column that intake.yml names and no table has, or several, or none beside the child's."""
    first, named = layouts[0], dict.fromkeys(entry.columns(long=_long(layouts)))
    below = _deepest(entry, layouts)
    for name in named:
        tables = _tables(name, layouts)
        place = {"row": first.header - 1, "header": name[:120]}
        if not tables:
            wanted = text(f"la colonna {name[:80]}", f"the column {name[:80]}")
            seen = ", ".join(key[:30] for key in header(first.sheet, first.header - 1)[:8])
            known = {key: None for layout in layouts for key in layout.keys}
            yield first.sheet.finding("error", "missing_column", seen, wanted, nearest(name, known), **place)  # type: ignore[arg-type]
        elif len(tables) > 1:
            sheets = ", ".join(layout.sheet.name for layout in tables)
            one = text(f"una sola tabella con la colonna {name[:80]}", f"one table with the column {name[:80]}")
            rename = text("Dare alle colonne nomi diversi.", "Give the columns names that differ.")
            yield first.sheet.finding("error", "ambiguous_column", sheets, one, rename, **place)  # type: ignore[arg-type]
        elif below is not None and not (tables[0].within(below) or below.within(tables[0])):
            where = f"{tables[0].sheet.name} / {below.sheet.name}"
            one = text("colonne di tabelle che si contengono", "columns of tables that stand in each other")
            split = text("Leggerle con due voci di exports.", "Read them by two entries of exports.")
            yield first.sheet.finding("error", "missing_column", where, one, split, **place)  # type: ignore[arg-type]


def read_where(entry: ExportMapping, layouts: list[Layout]) -> dict[str, frozenset[str]]:
    """Return the columns of answers that are read in each table, by its sheet.

    A column is read where it stands. Where child or wave are told further down only, it is read there, in each row of
    that table: what a submission says once holds for all the children that it names.
    """
    below = _deepest(entry, layouts) or layouts[0]
    reads: dict[str, set[str]] = {layout.sheet.name: set() for layout in layouts}
    for name in entry.answering(long=_long(layouts)):
        for table in _tables(name, layouts)[:1]:
            reads[(table if table.within(below) else below).sheet.name].add(name)
    return {sheet: frozenset(names) for sheet, names in reads.items()}


def _long(layouts: list[Layout]) -> bool:
    return layouts[0].platform == "plain_long"


def _tables(name: str, layouts: list[Layout]) -> list[Layout]:
    return [layout for layout in layouts if name in layout.own_keys]


def _deepest(entry: ExportMapping, layouts: list[Layout]) -> Layout | None:
    """Return the table furthest down of those that hold child, wave and the like, whose rows are answer sheets."""
    tables = [table for name in entry.about() for table in _tables(name, layouts)[:1]]
    found: Layout | None = None
    for table in tables:
        if found is None or table.within(found):
            found = table
    return found
