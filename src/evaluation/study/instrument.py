"""instrument.csv: the codebook. Which items were asked, in which words, with which range, for which scale."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from evaluation.language import Text, text
from evaluation.study.findings import Findings
from evaluation.study.tables import (
    EXPECTED_CODE,
    EXPECTED_NUMBER,
    EXPECTED_YES,
    ROW,
    Cells,
    Columns,
    parse_number,
    parse_yes,
    read_table,
)

COLUMNS = Columns(("item", "scale", "minimum", "maximum", "reverse", "wording_it", "wording_en"), filled=True)


@dataclass(frozen=True)
class Item:
    """One question: its scale (empty for a measure), its range (None: without bound), its words, its row in the file."""

    id: str
    scale: str
    minimum: float | None
    maximum: float | None
    reverse: bool
    wording: Text
    row: int = 0


@dataclass(frozen=True)
class Instrument:
    """The items in the order of the codebook."""

    items: tuple[Item, ...]

    def scale(self, scale: str) -> tuple[Item, ...]:
        """Return the items of one scale."""
        return tuple(item for item in self.items if item.scale == scale)

    def __getitem__(self, item_id: str) -> Item:
        return {item.id: item for item in self.items}[item_id]

    @property
    def ids(self) -> tuple[str, ...]:
        """The ids of all items."""
        return tuple(item.id for item in self.items)


def read_instrument(path: Path, findings: Findings) -> Instrument | None:
    """Read the codebook; None where the file is no table with its columns."""
    table = read_table(path, COLUMNS, findings)
    if table is None:
        return None
    cells = Cells(path.name, table, findings)
    cells.convert("item", str, EXPECTED_CODE, required=True)
    cells.unique(
        ["item"], "duplicate_item", text("Dare a ogni domanda un codice suo.", "Give each item a code of its own.")
    )
    ranged = table.assign(
        minimum=cells.convert("minimum", parse_number, EXPECTED_NUMBER),
        maximum=cells.convert("maximum", parse_number, EXPECTED_NUMBER),
        reverse=cells.convert("reverse", parse_yes, EXPECTED_YES, empty=False, required=True),
    )
    cells.visible()
    items = tuple(_item(record) for record in ranged.to_dict("records"))
    for item in items:
        _check_range(path.name, item, findings)
    return Instrument(items)


def _item(record: dict[str, Any]) -> Item:
    wording = text(str(record["wording_it"]).strip(), str(record["wording_en"]).strip())
    low, high = (None if pd.isna(record[name]) else float(str(record[name])) for name in ("minimum", "maximum"))
    return Item(
        str(record["item"]).strip(),
        str(record["scale"]).strip(),
        low,
        high,
        bool(record["reverse"]),
        wording,
        record[ROW],
    )


def _check_range(file: str, item: Item, findings: Findings) -> None:
    action = text("Scrivere minimo e massimo della domanda.", "Write the item's minimum and maximum.")
    if item.minimum is not None and item.maximum is not None and item.minimum >= item.maximum:
        expected = text("un minimo sotto il massimo", "a minimum below the maximum")
        findings.error(
            "range", file, f"{item.minimum:g} to {item.maximum:g}", expected, action, row=item.row, column="minimum"
        )
    if item.reverse and (item.minimum is None or item.maximum is None):
        expected = text("minimo e massimo, per girare la domanda", "minimum and maximum, to reverse the item")
        findings.error("range", file, "nothing", expected, action, row=item.row, column="reverse")
