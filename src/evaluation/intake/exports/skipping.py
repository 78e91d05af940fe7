"""Rows that are left out by name: each is bound to its response at the first import, and found by that ever after."""

from __future__ import annotations

import csv
import hashlib
import io
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from evaluation.intake.exports.layouts import Layout, plain, unnumbered
from evaluation.intake.exports.mapping import ExportMapping, Skip
from evaluation.language import Text, text
from evaluation.study.findings import Finding, Words

FILE = "skipped.csv"
HEADER = ("file", "sheet", "row", "response")
Bound = dict[tuple[str, str, int], str]  # file of the entry, sheet, row -> response
THERE = text("la risposta da escludere", "the response to leave out")
LOOK = text(
    "Cercarla nell'esportazione e correggere skip in intake.yml, o toglierlo.",
    "Look for it in the export and correct skip in intake.yml, or take it out.",
)


@dataclass(frozen=True)
class Skipped:
    """The rows of one table that are left out, the bindings that are new, and what is to be told."""

    rows: frozenset[int]
    bound: Bound
    findings: tuple[Finding, ...]


def read_bound(path: Path) -> Bound:
    """Return which responses the rows of earlier imports were."""
    if not path.is_file():
        return {}
    rows = list(csv.reader(io.StringIO(path.read_text(encoding="utf-8"))))
    return {(row[0], row[1], int(row[2])): row[3] for row in rows[1:] if len(row) == len(HEADER) and row[2].isdigit()}


def written(bound: Bound) -> bytes:
    """Return skipped.csv."""
    out = io.StringIO()
    rows = [(file, sheet, str(row), response) for (file, sheet, row), response in sorted(bound.items())]
    csv.writer(out, lineterminator="\n").writerows([HEADER, *rows])
    return out.getvalue().encode()


def skip(entry: ExportMapping, layouts: list[Layout], bound: Bound) -> dict[str, Skipped]:
    """Return, by the sheet of its table, what an entry leaves out.

    A row without a response is bound to the one that stands there now; one that was bound before is sought by it, wherever
    it stands now. What is not found is an error, unless the entry reads several files, of which another may hold it.
    """
    result = {}
    for layout in layouts:
        wanted = [
            one for one in entry.skip if one.sheet == layout.sheet.name or (not one.sheet and layout is layouts[0])
        ]
        result[layout.sheet.name] = _skipped(entry, layout, wanted, bound) if wanted else Skipped(frozenset(), {}, ())
    known = {layout.sheet.name for layout in layouts}
    lost = [_lost(layouts[0], one, one.sheet) for one in entry.skip if one.sheet and one.sheet not in known]
    first = result[layouts[0].sheet.name]
    result[layouts[0].sheet.name] = Skipped(first.rows, first.bound, (*first.findings, *lost))
    return result


def _skipped(entry: ExportMapping, layout: Layout, wanted: list[Skip], bound: Bound) -> Skipped:
    responses = dict(_responses(layout))
    by_response = {response: position for position, response in responses.items()}
    rows: set[int] = set()
    new: Bound = {}
    findings: list[Finding] = []
    for one in wanted:
        key = (entry.file, layout.sheet.name, one.row or 0)
        response = one.response or bound.get(key, "")
        position = by_response.get(response) if response else (one.row or 0) - layout.sheet.first
        if position is None or position not in responses:
            elsewhere = one.response and "*" in entry.file
            findings += [] if elsewhere else [_lost(layout, one, response)]
            continue
        rows.add(position)
        new |= {} if one.response else {key: responses[position]}
        findings.append(_told(layout, position, one.why))
    return Skipped(frozenset(rows), new, tuple(findings))


def _responses(layout: Layout) -> Iterator[tuple[int, str]]:
    """Yield every row with its response: what the tool calls it where that is unique, else a digest of what it says."""
    places = [layout.keys.index(key) for key in layout.response if key in layout.keys]
    rows = list(layout.records())
    named = [" ".join(filter(None, (plain(row[place]) for place in places))) for _, row in rows]
    if not all(named) or len(set(named)) < len(named):
        seen = Counter[str]()
        named = [_digest(layout, row) for _, row in rows]
        for k, response in enumerate(named):  # equal rows are told apart by their order
            seen[response] += 1
            named[k] = response if seen[response] == 1 else f"{response}-{seen[response]}"
    yield from ((position, response) for (position, _), response in zip(rows, named, strict=True))


def _digest(layout: Layout, row: list[str | None]) -> str:
    """Return a digest of a row, whatever the order of columns; without those that tell who answered."""
    cells = sorted(
        (key, plain(cell)) for key, cell in zip(layout.keys, row, strict=False)
        if plain(cell) and unnumbered(key) not in layout.private
    )  # fmt: skip
    return hashlib.sha256(repr(cells).encode()).hexdigest()[:16]


def _lost(layout: Layout, one: Skip, response: str) -> Finding:
    missing = Words(f"nessuna risposta {response}".strip(), f"no response {response}".strip())
    why: Text = text(f"{THERE['it']} ({one.why[:80]})", f"{THERE['en']} ({one.why[:80]})")
    row = None if one.row is None else one.row - layout.sheet.first
    return layout.sheet.finding("error", "skip", missing, why, LOOK, row=row)


def _told(layout: Layout, position: int, why: str) -> Finding:
    left = text("una risposta che vale", "a response that holds")
    out = text("Lasciata fuori.", "Left out.")
    return layout.sheet.finding("note", "skipped", why, left, out, row=position)
