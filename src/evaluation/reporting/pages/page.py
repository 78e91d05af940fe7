"""A notebook as one reader's page: the blocks of one language in order, floats numbered, references resolved.

Both exporters start from here, so that HTML and PDF hold the same words and the same numbers.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from evaluation.errors import UserError
from evaluation.language import LANGUAGES, Language, Text
from evaluation.publishing.exhibits import (
    KEY,
    MARKDOWN,
    PREFIXES,
    PROSE,
    STOCK_ALT,
    SVG,
    TABLE,
    Table,
    printable,
    table_from,
)

WORDS: dict[str, Text] = {
    "figure": {"it": "Figura", "en": "Figure"},
    "table": {"it": "Tabella", "en": "Table"},
}
ABSENT: dict[str, Text] = {
    "figure": {"it": "la figura (assente)", "en": "the figure (absent)"},
    "table": {"it": "la tabella (assente)", "en": "the table (absent)"},
}
PARAMETERS = (
    "## Parametri",
    "## Parameters",
)  # a heading for who opens the notebook: on a page nothing stands under it
INJECTED = "injected-parameters"  # papermill's tag for the values of a run, which stand in for the defaults
# an escaped character, a fence, a code span, or a reference: only the last is replaced
REFERENCE = re.compile(
    r"\\.|(`{3,})[\s\S]+?\1|(`+)(?:.|\n(?!\s*\n))+?\2|(?<!\w)@(?P<label>(?:fig|tbl)-[a-z0-9]+(?:-[a-z0-9]+)*)"
)
TITLE = re.compile(r"\s*# +(?P<title>.+?)(?: +#+)? *(?:\n|$)")
MARKUP = re.compile(r"\\([!-/:-@\[-`{-~])|[*_`]")


@dataclass(frozen=True)
class Prose:
    """Markdown, written by hand or computed; `label` where it stands in for a float that could not be made."""

    markdown: str
    label: str = ""


@dataclass(frozen=True)
class Code:
    """The source of a code cell."""

    source: str


@dataclass(frozen=True)
class Failure:
    """An error that stopped a cell."""

    message: str


@dataclass(frozen=True)
class Float:
    """A figure (`svg`) or a table (`table`) with its number in words, `Figura 2`."""

    kind: Literal["figure", "table"]
    label: str
    caption: str
    note: str
    number: str = ""
    alt: str = ""
    svg: str = ""
    table: Table | None = None


Block = Prose | Code | Failure | Float


@dataclass(frozen=True)
class Page:
    """One language of a notebook. `title` is text; the heading it comes from is no longer among the blocks."""

    title: str
    blocks: tuple[Block, ...]


def read_page(notebook: Mapping[str, Any], language: Language, name: str = "", *, sources: bool = False) -> Page:
    """Return the page of one language.

    Parameters
    ----------
    notebook
        An executed notebook, format 4.
    name
        The title where the notebook has none, in its metadata (`evaluation.title`) or as a first heading.
    sources
        Keep what says from which published cell each number comes (`exhibits.with_sources`).

    Raises
    ------
    UserError
        Two floats with one label, a reference to none, a figure without alternative text.
    """
    injected = any(INJECTED in cell["metadata"].get("tags", ()) for cell in notebook["cells"])
    cells = [cell for cell in notebook["cells"] if not (injected and "parameters" in cell["metadata"].get("tags", ()))]
    blocks = _joined([block for cell in cells for block in _blocks(cell, language, sources)])
    heading, blocks = _take_title(blocks)
    title = notebook["metadata"].get(KEY, {}).get("title", {}).get(language) or heading or name
    numbers, absent = _numbers(blocks, language), _absent(blocks, language)
    return Page(printable(title), tuple(_resolve(block, numbers, absent) for block in blocks))


def _joined(blocks: list[Block]) -> list[Block]:
    """Return the blocks with code that follows code in one block."""
    joined: list[Block] = []
    for block in blocks:
        last = joined[-1] if joined else None
        if isinstance(block, Code) and isinstance(last, Code):
            joined[-1] = Code(f"{last.source}\n\n{block.source}")
        else:
            joined.append(block)
    return joined


def _blocks(cell: Mapping[str, Any], language: Language, sources: bool) -> Iterator[Block]:
    tags = set(cell["metadata"].get("tags", ()))
    languages = tags.intersection(LANGUAGES)
    source = "".join(cell["source"])
    if "hide" in tags or (languages and language not in languages) or cell["cell_type"] == "raw":
        return
    if cell["cell_type"] == "markdown":
        if source.strip() not in PARAMETERS:
            yield Prose(source)
        return
    if source.strip():
        yield Code(source)
    for output in cell["outputs"]:
        if output["output_type"] == "error":
            yield Failure(f"{output['ename']}: {output['evalue']}")
        elif output.get("metadata", {}).get(KEY, {}).get("language") == language:
            yield _exhibit(output["data"], output["metadata"][KEY], sources)


def _exhibit(data: Mapping[str, Any], about: Mapping[str, Any], sources: bool) -> Block:
    kind, label = about["kind"], about["label"]
    if kind == "prose":
        return Prose("".join(data.get(PROSE if sources else MARKDOWN, data[MARKDOWN])), label)
    caption, alt, note = (printable(about.get(name, "")) for name in ("caption", "alt", "note"))
    if not label.startswith(PREFIXES[kind]) or not caption:
        raise UserError(f"{kind} {label!r}: expected a label {PREFIXES[kind]}… and a caption; publish it with show()")
    if kind == "table":
        return Float(kind, label, caption, note, table=table_from(data[TABLE], caption, note, sources=sources))
    if not alt or STOCK_ALT in alt:
        raise UserError(f"figure {label!r} has no alternative text: write one in its Figure(alt=…)")
    return Float(kind, label, caption, note, alt=alt, svg="".join(data[SVG]))


def _take_title(blocks: list[Block]) -> tuple[str, list[Block]]:
    for position, block in enumerate(blocks):
        found = TITLE.match(block.markdown) if isinstance(block, Prose) else None
        if found and isinstance(block, Prose):
            rest = Prose(block.markdown[found.end() :])
            return MARKUP.sub(r"\1", found["title"]), [*blocks[:position], rest, *blocks[position + 1 :]]
    return "", blocks


def _numbers(blocks: list[Block], language: Language) -> dict[str, str]:
    """Return the numbers of figures and of tables, in the order of the page: `{"fig-means": "Figura 1"}`."""
    numbers: dict[str, str] = {}
    for block in blocks:
        if isinstance(block, Float):
            if block.label in numbers:
                raise UserError(f"two exhibits are labelled {block.label!r}: give each its own label")
            count = sum(label.startswith(PREFIXES[block.kind]) for label in numbers)
            numbers[block.label] = f"{WORDS[block.kind][language]}\N{NO-BREAK SPACE}{count + 1}"
    return numbers


def _absent(blocks: list[Block], language: Language) -> dict[str, str]:
    """Return what to call floats that a sentence stands in for: `{"fig-means": "figura assente"}`."""
    return {
        block.label: ABSENT[kind][language]
        for block in blocks
        for kind, prefix in PREFIXES.items()
        if isinstance(block, Prose) and block.label.startswith(prefix)
    }


def _resolve(block: Block, numbers: Mapping[str, str], absent: Mapping[str, str]) -> Block:
    def link(found: re.Match[str]) -> str:
        label = found["label"]
        if label is None:
            return found[0]
        if label in absent:
            return absent[label]
        if label not in numbers:
            known = ", ".join(numbers) or "none"
            raise UserError(f"reference @{label}: no exhibit of this page has that label (known: {known})")
        return f"[{numbers[label]}](#{label})"

    match block:
        case Prose():
            return Prose(REFERENCE.sub(link, block.markdown))
        case Float():
            return replace(block, number=numbers[block.label])
        case _:
            return block
