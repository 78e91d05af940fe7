"""Two folders of the same report held against each other: tables cell by cell, files byte by byte."""

from __future__ import annotations

import csv
import io
import json
import math
import sys
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

from evaluation.assurance.provenance.manifest import compare
from evaluation.assurance.questions import Comparison, about_file
from evaluation.files import files_in, hashes, read_bounded, reading
from evaluation.language import Text, text
from evaluation.report_folder import is_covered

TABLES = "tables/"
SHOWN = 100  # differing cells named for each table; the rest is counted

Cells = dict[tuple[str, str], str]
"""Text by row (as a spreadsheet counts, the header is row 1; a pointer in JSON) and column."""


def compare_folders(published: Path, again: Path, names: Iterable[str] | None = None) -> Comparison:
    """Hold a published report against the same one made again.

    Parameters
    ----------
    published, again
        Report folders; what no list covers is left out.
    names
        The files to compare; by default all that either folder has.
    """
    chosen = None if names is None else set(names)
    theirs, ours = (
        hashes(folder, (name for name in files_in(folder) if is_covered(name) and (chosen is None or name in chosen)))
        for folder in (published, again)
    )
    differences = compare(ours, theirs)  # what the published folder lacks is missing, what only it has is extra
    changed = [each.file for each in differences if each.kind == "changed" and each.file.startswith(TABLES)]
    tables = {name: (read_cells(published / name), read_cells(again / name)) for name in changed}
    cells = [line for name, (one, other) in tables.items() for line in _table(name, one, other)]
    compared = sum(name.startswith(TABLES) for name in theirs)
    counts = text(
        f"{compared} tabelle confrontate cifra per cifra, {len(theirs)} file byte per byte",
        f"{compared} tables compared digit by digit, {len(theirs)} files byte by byte",
    )
    farthest = [_farthest(one, other) for one, other in tables.values()]
    return Comparison(
        (counts, *([_apart(max(farthest))] if farthest else [])),
        (*cells, *(about_file(each.file, each.kind) for each in differences)),
    )


def read_cells(file: Path) -> Cells:
    """Return the cells of a published table: CSV by row and column, JSON by pointer."""
    with reading(file.name):
        content = read_bounded(file).decode("utf-8")
        if file.suffix == ".json":
            return {(pointer, ""): cell for pointer, cell in _leaves(json.loads(content))}
        header, *rows = csv.reader(io.StringIO(content, newline=""))
        return {
            (str(position), column): cell
            for position, row in enumerate(rows, start=2)
            for column, cell in zip(header, row, strict=True)
        }


def _table(name: str, one: Cells, other: Cells) -> Iterator[Text]:
    """Name every cell of a table that came out differently, with both values."""
    places = [place for place in dict.fromkeys((*one, *other)) if one.get(place) != other.get(place)]
    for place in islice(places, SHOWN):
        yield _cell(name, place, one, other)
    if len(places) > SHOWN:
        more = len(places) - SHOWN
        yield text(f"{name}: e altre {more} celle", f"{name}: and {more} more cells")


def _farthest(one: Cells, other: Cells) -> float:
    """Return the largest relative difference of two numbers in the same cell; infinite where one is no number."""
    pairs = [(one.get(place), other.get(place)) for place in {**one, **other} if one.get(place) != other.get(place)]
    return max((_relative(found, again) for found, again in pairs), default=0.0)


def _relative(found: str | None, again: str | None) -> float:
    try:
        one, other = float(found or "nan"), float(again or "nan")
    except ValueError:
        return math.inf
    apart = abs(one - other) / max(abs(one), abs(other), sys.float_info.min)
    return math.inf if math.isnan(apart) else apart


def _apart(farthest: float) -> Text:
    """Say how far apart the farthest numbers are: other hardware moves last digits, another study does more."""
    if math.isinf(farthest):
        return text("alcune celle differenti non sono numeri", "some of the differing cells are not numbers")
    return text(
        f"la più grande differenza relativa è {farthest:.0e}", f"the largest relative difference is {farthest:.0e}"
    )


def _cell(name: str, place: tuple[str, str], one: Cells, other: Cells) -> Text:
    row, column = place
    found, expected = (f"{cells[place]!a}" if place in cells else "∅" for cells in (one, other))
    it, en = (f"riga {row}, {column}", f"row {row}, {column}") if column else (row, row)
    return text(
        f"{name}, {it}: pubblicato {found}, rifatto {expected}", f"{name}, {en}: published {found}, again {expected}"
    )


def _leaves(document: object, pointer: str = "") -> list[tuple[str, str]]:
    """Return the values of a JSON document as text, by their pointers."""
    match document:
        case dict():
            return [leaf for key, value in document.items() for leaf in _leaves(value, f"{pointer}/{key}")]
        case list():
            return [leaf for place, value in enumerate(document) for leaf in _leaves(value, f"{pointer}/{place}")]
        case str():
            return [(pointer, document)]
    return [(pointer, json.dumps(document))]
