"""What was withheld or rounded, where and why: as a table, and in a few plain sentences."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import pandas as pd

from evaluation.language import Language, Text, number, text
from evaluation.publishing.disclosure.cells import SUPPRESSED
from evaluation.publishing.disclosure.samples import Withheld
from evaluation.publishing.exhibits import Sentence
from evaluation.publishing.results import RESULTS, Result
from evaluation.study.folder import Study

RECORD = ("table", "row", "column", "reason", "decimals")
REASONS: dict[str, Text] = {
    "few": text("riguardano troppo pochi ragazzi", "they rest on too few children"),
    "near": text(
        "sottratti da altri numeri pubblicati rivelerebbero i pochi ragazzi in cui differiscono",
        "subtracted from other published numbers they would reveal the few children in whom these differ",
    ),
    "trimmed": text(
        "lasciano fuori così pochi ragazzi da rivelare il cambiamento più grande e il più piccolo",
        "they leave out so few children that they would tell the largest and the smallest change",
    ),
    "alike": text("quasi tutti hanno dato la stessa risposta", "almost everybody gave the same answer"),
    "parts": text(
        "l'esito composto, che conosce qualche ragazzo in più, lo rivelerebbe dalle sue parti",
        "the composite outcome, which knows a few more children, would reveal them from its parts",
    ),
    "inferable": text(
        "insieme agli altri permetterebbero di contare chi ha dato una risposta rara",
        "together with others they would tell how many gave a rare answer",
    ),
}


def record(study: Study, scores: pd.DataFrame, tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """List what the published tables, as text, withhold or round: a line a row of a table and reason; columns `RECORD`.

    column : names, separated by blanks. decimals : those left; empty where the numbers are withheld.
    """
    lines = [
        (name, *line)
        for name, table in tables.items()
        if name in RESULTS
        for line in _lines(RESULTS[name], table, list(RESULTS[name].plan(study, scores)))
    ]
    return pd.DataFrame(lines, columns=list(RECORD)).astype({"decimals": "Int64"})


def _lines(result: Result, table: pd.DataFrame, withheld: list[Withheld]) -> Iterable[tuple[str, str, str, int | None]]:
    names = [column for column in result.columns if column in NAMES]
    for row in table.to_dict("records"):
        here = [one for one in withheld if all(row[column] == cell for column, cell in one.row)]
        found: dict[tuple[str, int | None], list[str]] = {}
        for column in table.columns:
            told = _reason(result, here, column, str(row[column]))
            if told is not None:
                found.setdefault(told, []).append(column)
        label = " ".join(str(row[column]) for column in names if row[column])
        yield from ((label, " ".join(columns), reason, decimals) for (reason, decimals), columns in found.items())


NAMES = {
    "outcome", "wave", "estimator", "item", "part", "variable", "method", "shifted", "delta", "restriction", "value", "covariate",
    "level", "covariates", "scoring", "children",
}  # fmt: skip


def _reason(result: Result, withheld: list[Withheld], column: str, cell: str) -> tuple[str, int | None] | None:
    """Why one cell is withheld, or rounded to how many decimals; None where it is told as it is."""
    here = [one for one in withheld if column in one.columns or (not one.columns and column not in result.keep)]
    if cell == SUPPRESSED:
        return next((one.reason for one in here if one.decimals is None), "few"), None
    rounded = [one for one in here if one.decimals is not None]
    is_number = cell.replace(".", "", 1).lstrip("-").isdigit()
    return (rounded[-1].reason, rounded[-1].decimals) if rounded and is_number else None


def suppression_sentence(found: pd.DataFrame, minimum: int, language: Language) -> Sentence:
    """Say how many numbers were withheld or rounded, and why."""
    left = pd.to_numeric(found["decimals"], errors="coerce")  # the record, or the table as published
    cells = found.assign(numbers=found["column"].str.split().str.len(), decimals=left)
    withheld, rounded = (_by_reason(cells[cells["decimals"].isna() == missing], language) for missing in (True, False))
    said = {
        "it": f"Nessun numero pubblicato deve rivelare un ragazzo: la soglia è {minimum}.",
        "en": f"No published number may reveal a child: the threshold is {minimum}.",
    }[language]
    if withheld:
        said += {"it": f" Numeri omessi: {withheld}.", "en": f" Numbers withheld: {withheld}."}[language]
    if rounded:
        said += {
            "it": f" Numeri lasciati con pochi decimali: {rounded}.", "en": f" Numbers left with few decimals: {rounded}.",
        }[language]  # fmt: skip
    if not withheld and not rounded:
        said += {"it": " Nulla è stato omesso.", "en": " Nothing was withheld."}[language]
    return Sentence(said)


def _by_reason(cells: pd.DataFrame, language: Language) -> str:
    because = {"it": "perché", "en": "because"}[language]
    counts = cells.groupby("reason")["numbers"].sum().sort_values(ascending=False, kind="stable")
    return "; ".join(
        f"{number(float(count), language, 0)} {because} {REASONS[str(reason)][language]}"
        for reason, count in counts.items()
    )
