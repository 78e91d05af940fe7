"""Each number printed on the pages, held against the cell it says it comes from: compared, not searched for."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from html.parser import HTMLParser
from pathlib import Path

from evaluation.assurance.provenance.folders import Cells, read_cells
from evaluation.assurance.questions import Comparison
from evaluation.files import read_bounded, reading
from evaluation.language import (
    DECIMAL,
    LANGUAGES,
    THOUSANDS,
    Language,
    Text,
    decimal,
    exact,
    number,
    p_value,
    percent,
    text,
)
from evaluation.report_folder import TABLES, VERIFY_PAGE, is_covered

NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
VOID = frozenset({"br", "col", "hr", "img", "input", "link", "meta", "source", "wbr"})
UNREAD = frozenset({"code", "head", "math", "nav", "pre", "script", "style", "svg"})
"""What no reader takes for a result: code, formulae, addresses of other pages."""

DEEPEST = 500  # elements inside each other; pages have about twenty


@dataclass(frozen=True)
class Printed:
    """One number as printed: its text and language, the cell's text it claims, where that stands, how it was written."""

    page: str
    shown: str
    language: Language
    value: str
    source: str
    written: str


@dataclass(frozen=True)
class PageNumbers:
    """The numbers of one page: those that name their cell, and how many do not."""

    cited: tuple[Printed, ...]
    uncited: int


def compare_printed(report: Path) -> Comparison:
    """Hold every number of every page against its cell in the published tables.

    Raises
    ------
    VerificationFailed
        A page is not a regular file, too large or not UTF-8.
    """
    lookup = cache(lambda file: _read_source(report, file))
    pages = [
        read_numbers(page)
        for page in sorted(report.glob("*.html"))
        if page.name != VERIFY_PAGE and is_covered(page.name)
    ]
    cited = [printed for page in pages for printed in page.cited]
    uncited = sum(page.uncited for page in pages)
    differences = [found for printed in cited if (found := _difference(printed, lookup)) is not None]
    compared = text(
        f"{len(cited)} numeri confrontati con la loro cella su {len(pages)} pagine; {uncited} altri (date, conteggi di "
        "frasi, numeri di figure e tabelle) non citano una cella e non sono confrontati",
        f"{len(cited)} numbers compared with their cell on {len(pages)} pages; {uncited} others (dates, counts in "
        "sentences, numbers of figures and tables) cite no cell and are not compared",
    )
    return Comparison((compared,) if cited else (), tuple(differences))


def read_numbers(page: Path) -> PageNumbers:
    """Return the numbers of an HTML page."""
    reader = _PageReader(page.name)
    with reading(page.name):
        reader.feed(read_bounded(page).decode("utf-8"))
        if reader.rawdata.startswith("<"):  # close() would look for its end again from every "<" that follows
            raise ValueError("a tag without an end")
        reader.close()
    return PageNumbers(tuple(reader.cited), reader.uncited)


class _PageReader(HTMLParser):
    """Collects `<data data-from=…>` elements and counts the numbers outside of them."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.cited: list[Printed] = []
        self.uncited = 0
        self._page = page
        self._open: list[tuple[str, Language, bool]] = []  # tag, language, whether its text is read
        self._tags: Counter[str] = Counter()  # how often each tag is open
        self._data: tuple[dict[str, str], list[str]] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in VOID:
            return
        attributes = {name: value or "" for name, value in attrs}
        _, language, read = self._open[-1] if self._open else ("", LANGUAGES[0], True)
        spoken = next((code for code in LANGUAGES if attributes.get("lang", "").startswith(code)), language)
        if len(self._open) == DEEPEST:
            raise ValueError("too deep")
        self._tags[tag] += 1
        self._open.append((tag, spoken, read and tag not in UNREAD))
        if "data-from" in attributes:
            self._data = (attributes, [])

    def handle_endtag(self, tag: str) -> None:
        if not self._tags[tag]:
            return
        closed = ""
        while closed != tag:
            closed, *_ = self._open.pop()
            self._tags[closed] -= 1
        if tag == "data" and self._data is not None:
            attributes, words = self._data
            spoken = self._open[-1][1] if self._open else LANGUAGES[0]
            self.cited.append(
                Printed(
                    self._page, "".join(words), spoken, attributes.get("value", ""), attributes["data-from"],
                    attributes.get("data-as", ""),
                )
            )  # fmt: skip
            self._data = None

    def handle_data(self, data: str) -> None:
        if self._data is not None:
            self._data[1].append(data)
        elif not self._open or self._open[-1][2]:
            self.uncited += len(NUMBER.findall(data))


def _difference(printed: Printed, lookup: Callable[[str], Cells]) -> Text | None:
    """Say how a printed number differs from its cell; None if it does not."""
    file, _, place = printed.source.partition(":")
    row, _, column = place.rpartition(":")
    cell = lookup(file).get((row, column))
    where = f"{printed.page}: {file}, {row}, {column}".rstrip(", ")
    if cell is None:
        return text(f"{where}: non c'è questa cella", f"{where}: there is no such cell")
    if cell != printed.value:
        return text(
            f"{where}: la pagina dice {printed.value!a}, la tabella {cell!a}",
            f"{where}: the page says {printed.value!a}, the table {cell!a}",
        )
    expected = written(cell, printed.written, printed.language)
    if expected == printed.shown:
        return None
    known = expected if expected is not None else "?"
    return text(
        f"{where}: stampato {printed.shown!a}, atteso {known!a} ({printed.written})",
        f"{where}: printed {printed.shown!a}, expected {known!a} ({printed.written})",
    )


def written(cell: str, how: str, language: Language) -> str | None:
    """Write a cell again as `how` says (`number:2`, `percent:0`, `p_value`, `exact`, `money`); None if it cannot be."""
    name, _, decimals = how.partition(":")
    if decimals and not re.fullmatch(r"\d", decimals):
        return None
    try:
        match name:
            case "number":
                return number(float(cell), language, int(decimals or 2))
            case "percent":
                return percent(float(cell), language, int(decimals or 0))
            case "p_value":
                return p_value(float(cell), language)
            case "exact":
                return exact(cell, language)
            case "money":
                return _money(decimal(cell), language)
    except (ValueError, ArithmeticError):
        pass
    return None


def _money(amount: Decimal, language: Language) -> str:
    """Write an exact amount with the decimals it has."""
    plain = f"{amount:,.{max(0, -int(amount.as_tuple().exponent))}f}"
    return plain.translate(str.maketrans(",.", THOUSANDS[language] + DECIMAL[language]))


def _read_source(report: Path, file: str) -> Cells:
    """Return the cells of a published table; none where there is no such table."""
    path = report / TABLES / file
    return read_cells(path) if re.fullmatch(r"[\w-]+\.(csv|json)", file) and path.is_file() else {}
