"""Exhibits: what a notebook publishes, a figure, a table or a paragraph, once for each language.

An exhibit is an ordinary notebook output. Its metadata, under the key `evaluation`, carry language, kind, label,
caption, alternative text and note, so that a single execution serves every page. Everything but prose is plain text:
the exporters escape it. Prose is Markdown: pass whatever comes from data through `escape_markdown`.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from evaluation.citation import Citation, replaced, uncited
from evaluation.language import LANGUAGES, Language

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Drawing

KEY = "evaluation"
SVG = "image/svg+xml"
MARKDOWN = "text/markdown"
TABLE = "application/vnd.evaluation.table+json"
PROSE = "application/vnd.evaluation.prose"  # the Markdown with the source of each number
PREFIXES = {"figure": "fig-", "table": "tbl-"}
STOCK_ALT = "No description has been provided for this image"  # nbconvert's, which accessibility checkers accept
NO_METADATA = dict.fromkeys(("Date", "Creator", "Format", "Type"))
UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]+")
PUNCTUATION = re.compile(r"([!-/:-@\[-`{-~])")

Bundle = tuple[dict[str, Any], dict[str, Any]]


@dataclass(frozen=True)
class Table:
    """A table ready to print: every cell is text; columns named in `numeric` (positions) align right."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numeric: frozenset[int]
    caption: str
    note: str = ""


@dataclass(frozen=True)
class Figure:
    """A drawing with its caption and the sentence that stands in for it (`alt`)."""

    figure: Drawing
    caption: str
    alt: str
    note: str = ""


Exhibit = Table | Figure | str


class Sentence(str):
    """Plain words, with text from data in them: shown as they are, never read as Markdown."""

    __slots__ = ()


def show(label: str, make: Callable[[Language], Exhibit], languages: tuple[Language, ...] = LANGUAGES) -> None:
    """Publish what `make` returns, once a language, as outputs of the running cell.

    Parameters
    ----------
    label
        `fig-…` for a figure, `tbl-…` for a table, as the prose refers to it (`@fig-means`); free for prose.
    make
        From a language to a `Table`, a `Figure` or a string of Markdown.

    Raises
    ------
    ValueError
        No caption, no alternative text, a blank column name, a ragged row, or a label of another kind.
    """
    from IPython.display import publish_display_data

    for data, metadata in [bundle(label, language, make(language)) for language in languages]:
        publish_display_data(data, metadata)  # type: ignore[no-untyped-call]


def bundle(label: str, language: Language, exhibit: Exhibit) -> Bundle:
    """Return the output of one exhibit: its data by media type, and its metadata."""
    match exhibit:
        case Table():
            _check_table(label, exhibit)
            kind, data = "table", _table_data(label, exhibit)
        case Figure():
            _check_figure(label, exhibit)
            kind, data = "figure", {SVG: to_svg(exhibit.figure, salt=label)}
        case Sentence():
            kind, data = "prose", {MARKDOWN: escape_markdown(uncited(exhibit)), PROSE: escape_markdown(exhibit)}
        case str():
            plain = uncited(exhibit)
            kind, data = "prose", {MARKDOWN: plain} | ({} if plain == exhibit else {PROSE: exhibit})
    words = {name: uncited(getattr(exhibit, name, "")) for name in ("caption", "alt", "note")}
    return data, {KEY: {"language": language, "kind": kind, "label": label} | words}


def escape_markdown(value: object) -> str:
    """Return a value from data as Markdown that prints exactly it, on one line: no markup, formula or reference."""
    return PUNCTUATION.sub(r"\\\1", printable(value))


def printable(value: object) -> str:
    """Return a value as one line of text, without control characters or changes of writing direction."""
    return UNPRINTABLE.sub(" ", str(value)).strip()


def with_sources(html: str) -> Markup:
    """Return HTML with each number that comes from a published cell as a `<data>` element that names the cell."""
    start = Markup('<data class="n" value="{}" data-from="{}:{}:{}" data-as="{}">')

    def put(citation: Citation) -> str:
        source = citation.source
        opened = start.format(source.cell, source.file, source.row, source.column, citation.written)
        return f"{opened}{citation.shown}</data>"

    return Markup(replaced(html, put))  # noqa: S704 (HTML already: whatever is from data was escaped when it was set)


def to_svg(figure: Drawing, salt: str = KEY) -> str:
    """Draw a figure as SVG, the same bytes for the same drawing, and close it."""
    import matplotlib as mpl
    from matplotlib import pyplot as plt

    buffer = io.StringIO()
    with mpl.rc_context({"svg.hashsalt": salt, "svg.fonttype": "path"}):
        figure.savefig(buffer, format="svg", metadata=NO_METADATA, bbox_inches="tight", pad_inches=0.05)
    plt.close(figure)
    svg = buffer.getvalue()
    return svg[svg.index("<svg") :]  # without the prolog, which names a remote document type


def table_html(table: Table, label: str, number: str = "") -> Markup:
    """Return a table as HTML: caption (after its number), column and row headers with scope, every text escaped."""
    classes = ["number" if column in table.numeric else "text" for column in range(len(table.columns))]
    row = Markup('<tr><th scope="row" class="{}">{}</th>{}</tr>\n')
    column, cell = Markup('<th scope="col" class="{}">{}</th>'), Markup('<td class="{}">{}</td>')
    head = _fill(column, classes, table.columns)
    body = Markup("").join(
        row.format(classes[0], printable(first), _fill(cell, classes[1:], others)) for first, *others in table.rows
    )
    caption = Markup("<strong>{}</strong> {}").format(f"{number}." if number else "", printable(table.caption))
    return Markup(
        '<table>\n<caption id="{}-caption"><span>{}</span></caption>\n'
        "<thead><tr>{}</tr></thead>\n<tbody>\n{}</tbody>\n</table>"
    ).format(label, caption, head, body)


def table_from(data: Mapping[str, Any], caption: str, note: str, *, sources: bool = False) -> Table:
    """Return the table that a published output holds, with or without the sources of its numbers."""
    columns = data["columns"]
    return Table(
        columns=tuple(column["name"] for column in columns),
        rows=tuple(tuple(cell if sources else uncited(cell) for cell in row) for row in data["rows"]),
        numeric=frozenset(position for position, column in enumerate(columns) if column["align"] == "right"),
        caption=caption,
        note=note,
    )


def extract_figures(notebook: Mapping[str, Any], folder: Path, language: Language) -> list[Path]:
    """Write the figures of an executed notebook as `<label>.<language>.svg`; return the files in order."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for output in (output for cell in notebook["cells"] for output in cell.get("outputs", ())):
        about = output.get("metadata", {}).get(KEY, {})
        if about.get("kind") == "figure" and about["language"] == language:
            path = folder / f"{about['label']}.{language}.svg"
            path.write_text("".join(output["data"][SVG]), encoding="utf-8")
            written.append(path)
    return written


def _table_data(label: str, table: Table) -> dict[str, Any]:
    columns = [
        {"name": name, "align": "right" if position in table.numeric else "left"}
        for position, name in enumerate(table.columns)
    ]
    return {
        TABLE: {"columns": columns, "rows": [list(row) for row in table.rows]},
        "text/html": with_sources(table_html(table, label)),
        "text/plain": uncited("\n".join("\t".join(row) for row in (table.columns, *table.rows))),
    }


def _check_table(label: str, table: Table) -> None:
    _check_float("table", label, table.caption)
    if not table.columns or not all(name.strip() for name in table.columns):
        raise ValueError(f"{label}: every column needs a name, the first one too; found {table.columns}")
    for row in table.rows:
        if len(row) != len(table.columns):
            raise ValueError(f"{label}: a row has {len(row)} cells, the table {len(table.columns)} columns: {row}")


def _check_figure(label: str, figure: Figure) -> None:
    _check_float("figure", label, figure.caption)
    if not figure.alt.strip() or STOCK_ALT in figure.alt:
        raise ValueError(f"{label}: say in `alt` what a reader who cannot see the figure should know")


def _check_float(kind: str, label: str, caption: str) -> None:
    if not re.fullmatch(PREFIXES[kind] + r"[a-z0-9]+(-[a-z0-9]+)*", label):
        raise ValueError(f"label {label!r} of a {kind}: expected {PREFIXES[kind]}name, in lower case")
    if not caption.strip():
        raise ValueError(f"{label}: a {kind} needs a caption")


def _fill(template: Markup, classes: Iterable[str], texts: Iterable[str]) -> Markup:
    pairs = zip(classes, texts, strict=True)
    return Markup("").join(template.format(kind, printable(text)) for kind, text in pairs)
