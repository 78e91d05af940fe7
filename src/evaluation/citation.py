"""Where a printed number comes from: table, row and column travel with it from the published file to the page.

A number read from a published file knows its cell. While a table or a sentence is written (`citing`), what
`evaluation.language` makes of it is wrapped in private-use characters that carry the cell; pages turn these into
`<data>` elements, everything else takes them off. What is computed from such a number is no longer that cell's.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import astuple, dataclass
from typing import Any

OPEN, SHOWN, CLOSE = "\ue000", "\ue001", "\ue002"
CITED = re.compile(f"{OPEN}([0-9a-f]*){SHOWN}([^{OPEN}{CLOSE}]*){CLOSE}")
MARKS = re.compile(f"[{OPEN}-{CLOSE}]")
_citing: ContextVar[bool] = ContextVar("citing", default=False)


@dataclass(frozen=True)
class Source:
    """A cell of a published file: `estimates.csv`, its row as a spreadsheet counts, its column, its text.

    In `payment.json` the row is a JSON pointer, and the column is empty.
    """

    file: str
    row: str
    column: str
    cell: str


@dataclass(frozen=True)
class Citation:
    """A printed number: its source, the function of `evaluation.language` that wrote it with its decimals, the text."""

    source: Source
    written: str
    shown: str


class PublishedCell(str):
    """The text of a published cell, which knows where it stands."""

    source: Source


class PublishedNumber(float):
    """The number in a published cell, which knows where it stands."""

    source: Source


def cell(text: str, file: str, row: int | str, column: str) -> PublishedCell:
    """Return a text as the cell that it is."""
    placed = PublishedCell(text)
    placed.source = Source(file, str(row), column, text)
    return placed


def parsed(text: str) -> float:
    """Return the number in a text, with its source if it is a cell; ValueError if it is no number."""
    if not isinstance(text, PublishedCell):
        return float(text)
    number = PublishedNumber(text)
    number.source = text.source
    return number


def cells_of(document: Any, file: str, pointer: str = "") -> Any:
    """Return a JSON document whose texts know where they stand."""
    match document:
        case dict():
            return {key: cells_of(value, file, f"{pointer}/{key}") for key, value in document.items()}
        case list():
            return [cells_of(value, file, f"{pointer}/{position}") for position, value in enumerate(document)]
        case str():
            return cell(document, file, pointer, "")
        case _:
            return document


@contextmanager
def citing() -> Iterator[None]:
    """Let numbers say where they come from while a table or a sentence is written."""
    token = _citing.set(True)
    try:
        yield
    finally:
        _citing.reset(token)


def cite(value: object, written: str, shown: str) -> str:
    """Return what is shown of a value; while citing, with the cell that the value comes from."""
    source = getattr(value, "source", None)
    if source is None or not _citing.get():
        return shown
    return f"{OPEN}{json.dumps([*astuple(source), written]).encode().hex()}{SHOWN}{shown}{CLOSE}"


def uncited(text: str) -> str:
    """Return a text without its citations: what a reader sees."""
    return MARKS.sub("", CITED.sub(lambda found: found[2], text))


def replaced(text: str, write: Callable[[Citation], str]) -> str:
    """Return a text with each citation as `write` puts it; marks that are none, from hostile data, go."""

    def put(found: re.Match[str]) -> str:
        try:
            *place, written = json.loads(bytes.fromhex(found[1]))
            citation = Citation(Source(*place), written, found[2])
        except (ValueError, TypeError):
            return found[2]
        return write(citation)

    return MARKS.sub("", CITED.sub(put, text))
