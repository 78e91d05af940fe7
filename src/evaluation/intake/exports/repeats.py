"""Tables that repeat within a submission, at any depth: each row with the columns of the rows that it stands in."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from evaluation.intake.exports.layouts import Layout, Parent, header, keys, plain
from evaluation.intake.exports.sheets import Row, Sheet
from evaluation.language import text
from evaluation.study.findings import NOTHING, Finding

LONGEST_NAME = 28  # of a sheet, where a longer one is cut: 31 characters, less what says that it was cut
EXPORT_WHOLE = text(
    "Esportare di nuovo tutte le tabelle insieme, senza togliere righe.",
    "Export all tables together again, without taking rows out.",
)


@dataclass(frozen=True)
class Link:
    """How a tool links a row with the one that it stands in.

    key: the column that names a row; parent: the one that names the row above it; table: the one that names the table of
    that row, where names of rows are unique in a table only; submission: columns here, and what the submission calls them.
    """

    key: str
    parent: str
    table: str = ""
    submission: tuple[tuple[str, str], ...] = ()

    def links(self, sheet: Sheet) -> bool:
        """Tell whether a table repeats in another."""
        return {self.parent, *([self.table] if self.table else [])} <= set(header(sheet))


def joined(main: Layout, sheets: list[Sheet], link: Link) -> list[Layout]:
    """Return every table that repeats in the main one or in one that does, those above before those below.

    A row whose parent is not there, or belongs to another submission than the row says, is an error of its table.
    """
    tables = [main]
    waiting = [sheet for sheet in sheets if sheet is not main.sheet and link.links(sheet)]
    while waiting:
        above = {sheet.name: _above(sheet, tables, waiting, link) for sheet in waiting}
        ready = [sheet for sheet in waiting if above[sheet.name] is not None]
        if not ready:  # tables that repeat in each other, or in none that is there
            break
        tables += [_joined(sheet, above[sheet.name] or main, main, link) for sheet in ready]
        waiting = [sheet for sheet in waiting if sheet not in ready]
    return [*tables[1:], *(_orphaned(sheet, main, link) for sheet in waiting)]


def _above(sheet: Sheet, tables: list[Layout], waiting: list[Sheet], link: Link) -> Layout | None:
    """Return the table that a sheet repeats in; None while it is not joined itself, or where it is not there."""
    if link.table:
        named = next(filter(None, _cells(sheet, link.table)), "")
        found = next((table for table in tables if _same(table.sheet.name, named)), None)
        ahead = any(_same(other.name, named) for other in waiting)
        told = link.submission and link.submission[0][0] in header(
            sheet
        )  # by which a renamed main sheet is still found
        return found or (tables[0] if told and not ahead else None)
    wanted = set(_cells(sheet, link.parent)) - {""}
    return next((table for table in tables if wanted & set(_cells(table.sheet, link.key))), None)


def _cells(sheet: Sheet, column: str) -> list[str]:
    names = header(sheet)
    place = names.index(column) if column in names else len(names)
    return [plain(row[place]) for row in sheet.rows[1:] if place < len(row)]


def _same(sheet: str, named: str) -> bool:
    """Tell whether a sheet is the table of a name, which is cut where it is long, and loses what no sheet's name may hold."""
    allowed = re.sub(r"[\[\]:*?/\\]", "_", named)
    return sheet in (named, allowed) or (
        len(allowed) > LONGEST_NAME and sheet[: LONGEST_NAME - 4] == allowed[: LONGEST_NAME - 4]
    )


def _joined(sheet: Sheet, above: Layout, main: Layout, link: Link) -> Layout:
    names = header(sheet)
    called = keys(names)
    kept = [place for place, key in enumerate(above.keys) if key not in called]
    known = dict(above.records())
    positions = _positions(above, known, link)
    parents: dict[int, int] = {}
    rows: list[Row] = [sheet.rows[0]]
    findings: list[Finding] = []
    place = called.index(link.parent)
    for position, row in enumerate(sheet.rows[1:], start=1):
        own = [*row, *[None] * (len(called) - len(row))]
        there = positions.get(plain(own[place]))
        if not any(row):
            rows.append(row)
        elif there is None:
            findings.append(_orphan(sheet, position, place, plain(own[place])))
            rows.append([])
        else:
            parents[position] = there
            rows.append([*own[: len(called)], *(known[there][k] for k in kept)])
            findings += _of_another(
                sheet, position, dict(zip(called, own, strict=False)), _submission(above, there), link
            )
    questions = (*last_parts(names), *(above.questions[k] for k in kept))
    return Layout(
        main.platform, Sheet(sheet.file, rows, sheet.name, sheet.source, hidden=sheet.hidden),
        (*called, *(above.keys[k] for k in kept)), questions, roles=main.roles, private=main.private, blank=main.blank,
        own=len(called), parent=Parent(above, parents), previews=main.previews, unfinished=main.unfinished,
        findings=tuple(findings),
    )  # fmt: skip


def _positions(above: Layout, known: dict[int, Row], link: Link) -> dict[str, int | None]:
    """Return the row of each key; None for a key of several rows, which names none."""
    if link.key not in above.own_keys:
        return {}
    place, found = above.own_keys.index(link.key), dict[str, int | None]()
    for position, row in known.items():
        key = plain(row[place])
        found[key] = None if key in found else position
    return {key: position for key, position in found.items() if key}


def _submission(table: Layout, position: int) -> dict[str, str]:
    """Return what the submission says of itself that a row of a table belongs to."""
    while (parent := table.parent) is not None:
        table, position = parent.layout, parent.rows[position]
    row = table.sheet.rows[position]
    return {key: plain(cell) for key, cell in zip(table.keys, row, strict=False)}


def _of_another(
    sheet: Sheet, position: int, row: dict[str, str | None], submission: dict[str, str], link: Link
) -> Iterator[Finding]:
    for here, there in link.submission:
        said, is_ = plain(row.get(here)), submission.get(there, "")
        if said and is_ and said != is_:
            place = list(row).index(here)
            expected = text(f"{is_}, come nella riga che la contiene", f"{is_}, as in the row that it stands in")
            yield sheet.finding(
                "error", "orphan_row", said, expected, EXPORT_WHOLE, row=position, column=place, header=here
            )


def _orphan(sheet: Sheet, position: int, place: int, found: str) -> Finding:
    one = text("una riga sola della tabella che la contiene", "one row of the table that it stands in")
    name = header(sheet)[place]
    return sheet.finding(
        "error", "orphan_row", found or NOTHING, one, EXPORT_WHOLE, row=position, column=place, header=name
    )


def _orphaned(sheet: Sheet, main: Layout, link: Link) -> Layout:
    """Return a table that repeats in none that is there: each of its rows is an error."""
    names = header(sheet)
    place = names.index(link.table or link.parent)
    rows = [(position, row) for position, row in enumerate(sheet.rows[1:], start=1) if any(row)]
    findings = [_orphan(sheet, k, place, plain(row[place]) if place < len(row) else "") for k, row in rows]
    empty = Sheet(sheet.file, sheet.rows[:1], sheet.name, sheet.source, hidden=sheet.hidden)
    return Layout(main.platform, empty, keys(names), last_parts(names), own=len(names), findings=tuple(findings))


def last_parts(names: list[str]) -> tuple[str, ...]:
    """Return the questions of headers that carry the path of their groups."""
    return tuple(name.rpartition("/")[2] or name for name in names)
