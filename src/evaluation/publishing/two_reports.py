"""Two reports of one study held against each other: inputs, choices, code, tables and verdict, number by number."""

from __future__ import annotations

import json
from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import pandas as pd

from evaluation.assurance.provenance.crate import CODE, INPUT, read_crate
from evaluation.errors import UserError
from evaluation.files import read_bounded, reading
from evaluation.language import Language, Text, text
from evaluation.publishing.published_tables import read_published
from evaluation.report_folder import CRATE, TABLES
from evaluation.study.choices import published_protocol, read_choices
from evaluation.study.findings import Findings

Part = Literal["input", "choice", "code", "table", "verdict"]
PARTS: dict[Part, Text] = {
    "input": text("dati", "input"),
    "choice": text("scelta", "choice"),
    "code": text("codice", "code"),
    "table": text("tabella", "table"),
    "verdict": text("verdetto", "verdict"),
}
VERDICT = "payment.json"
SHOWN = 12  # digits of a sum, which tell two apart
WHOLE = "…"  # stands for a table or a row that is in one report only
ABSENT = text("assente", "absent")


@dataclass(frozen=True)
class Difference:
    """One thing that differs: of which part, in which file, row and column; what each report has there.

    one, other : None for nothing, `WHOLE` for a row or a table that the other report does not have.
    """

    part: Part
    file: str
    row: str
    column: str
    one: str | None
    other: str | None

    def sentence(self, language: Language) -> str:
        """Say the difference on one line."""
        place = " · ".join(filter(None, (self.file, self.row, self.column)))
        one, other = (ABSENT[language] if value is None else value for value in (self.one, self.other))
        return f"{PARTS[self.part][language]}: {place}: {one} → {other}"


@dataclass(frozen=True)
class Differences:
    """What differs between two reports of one study: what went in, what came out, and then the code."""

    found: tuple[Difference, ...]

    @property
    def equal(self) -> bool:
        """Whether nothing differs."""
        return not self.found

    def to_frame(self) -> pd.DataFrame:
        """Return a row for each difference: part, file, row, column, one, other."""
        return pd.DataFrame([vars(each) for each in self.found], columns=list(Difference.__annotations__))

    def _repr_html_(self) -> str:
        return self.to_frame().to_html(index=False, escape=True, na_rep="")


def compare_reports(one: Path, other: Path) -> Differences:
    """Hold two reports of one study against each other.

    Parameters
    ----------
    one, other : report folders, or the folders given as --output to the runs that made them.

    Raises
    ------
    UserError : a folder is no report, or the reports are of different studies: there is nothing to compare.

    Examples
    --------
    >>> compare_reports(Path("reports/mine"), Path("reports/mine.exploratory")).to_frame()  # doctest: +SKIP
    """
    one, other = _report(Path(one)), _report(Path(other))
    _must_be_one_study(one, other)
    return Differences(
        tuple(
            difference
            for differences in (
                _digests(one, other, "input", INPUT),
                _values(_flat(read_choices(one)), _flat(read_choices(other)), "choice", "choices.json"),
                _values(_flat(_verdict(one)), _flat(_verdict(other)), "verdict", VERDICT),
                _tables(one, other),
                _digests(one, other, "code", CODE),
            )
            for difference in differences
        )
    )


def _report(folder: Path) -> Path:
    found = next((place for place in (folder, folder / "reports") if (place / CRATE).is_file()), None)
    if found is None:
        raise UserError(
            text(
                f"{folder}: nessun rapporto. Indicare una cartella fatta da evaluation run.",
                f"{folder}: no report. Give a folder that evaluation run made.",
            )
        )
    return found


def _must_be_one_study(one: Path, other: Path) -> None:
    ids = [
        protocol.study.id if protocol else None
        for protocol in (published_protocol(r, Findings()) for r in (one, other))
    ]
    if None in ids or ids[0] != ids[1]:
        named = " / ".join(name or "?" for name in ids)
        raise UserError(
            text(
                f"Non confrontabili: i rapporti sono di studi diversi, o il protocollo non si legge ({named}).",
                f"Not comparable: the reports are of different studies, or a protocol cannot be read ({named}).",
            )
        )


def _digests(one: Path, other: Path, part: Part, prefix: str) -> Iterator[Difference]:
    """Return the files that the two provenance documents describe otherwise, by the beginnings of their sums."""
    named = ({name: digest[:SHOWN] for name, digest in read_crate(r, prefix).items()} for r in (one, other))
    return _values(next(named), next(named), part)


def _values(one: Mapping[str, str], other: Mapping[str, str], part: Part, file: str = "") -> Iterator[Difference]:
    for name in dict.fromkeys([*one, *other]):
        if one.get(name) != other.get(name):
            place = (file, name) if file else (name, "")
            yield Difference(part, *place, "", one.get(name), other.get(name))


def _verdict(report: Path) -> Any:
    path = report / TABLES / VERDICT
    with reading(VERDICT):
        return json.loads(read_bounded(path)) if path.exists() else {}


def _flat(value: Any, place: str = "") -> dict[str, str]:
    """Return the leaves of a document by their dotted places."""
    entries = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else None
    if entries is None:
        return {place: str(value)}
    return {
        leaf: shown
        for key, inner in entries
        for leaf, shown in _flat(inner, f"{place}.{key}" if place else str(key)).items()
    }


def _tables(one: Path, other: Path) -> Iterator[Difference]:
    names = sorted({path.name for report in (one, other) for path in (report / TABLES).glob("*.csv")})
    for name in names:
        here, there = (_read(report / TABLES / name) for report in (one, other))
        if here is None or there is None:
            yield Difference("table", name, "", "", *(None if table is None else WHOLE for table in (here, there)))
        else:
            yield from _cells(name, here, there)


def _read(table: Path) -> pd.DataFrame | None:
    with reading(table.name):
        return read_published(table).astype(str) if table.exists() else None


def _cells(file: str, one: pd.DataFrame, other: pd.DataFrame) -> Iterator[Difference]:
    """Return the cells that differ, row by row; a row is known by its first columns, as many as tell all rows apart."""
    key = _key(one, other)
    mine, theirs = _rows(one, key), _rows(other, key)
    for row in dict.fromkeys([*mine, *theirs]):
        name, here, there = ", ".join(row), mine.get(row), theirs.get(row)
        if here is None or there is None:
            yield Difference("table", file, name, "", *(None if cells is None else WHOLE for cells in (here, there)))
            continue
        for column in dict.fromkeys([*here, *there]):
            if here.get(column) != there.get(column):
                yield Difference("table", file, name, column, here.get(column), there.get(column))


def _key(one: pd.DataFrame, other: pd.DataFrame) -> list[str]:
    """Return the columns that name a row in both tables; none where rows are known by their place only."""
    shared = [str(column) for column in one if column in other]
    keys = (shared[:length] for length in range(1, len(shared) + 1))
    return next((key for key in keys if not any(table.duplicated(key).any() for table in (one, other))), [])


def _rows(table: pd.DataFrame, key: list[str]) -> dict[tuple[str, ...], dict[str, str]]:
    records = enumerate(table.to_dict("records"), start=2)
    return {tuple(str(record[column]) for column in key) or (str(place),): _named(record) for place, record in records}


def _named(record: Mapping[Hashable, str]) -> dict[str, str]:
    return {str(column): value for column, value in record.items()}
