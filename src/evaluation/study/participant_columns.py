"""The columns of participants.csv that are analysed: numbers or categories, as the protocol declares them or as guessed."""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Collection, Iterator

import numpy as np
import pandas as pd

from evaluation.language import text
from evaluation.study.findings import Level, nearest, one_of
from evaluation.study.protocol import Covariate, Protocol
from evaluation.study.tables import EXPECTED_NUMBER, Cells, parse_number

CODE = re.compile("0[0-9]+")  # 001 is a code: no number is written so
NO_ANSWER = frozenset({"n/d", "n.d.", "nd", "n/a", "na", "nan", "?", "-", "--"})
RARE = 10  # a level this many times rarer than another of nearly the same letters is taken for a slip of the hand
LETTERS = 4  # fewest of such a word: shorter ones are codes, which may differ by a letter
ALIKE = 0.8
NO_NUMBER = text(
    "Correggere il valore o lasciare vuota la cella; se i valori sono codici, dichiarare kind: category.",
    "Correct the value, or leave the cell empty; if the values are codes, declare kind: category.",
)
EMPTY_CELL = text(
    "Se vuol dire che manca, lasciare vuota la cella.", "If it means that it is missing, leave the cell empty."
)


def type_covariates(table: pd.DataFrame, cells: Cells, protocol: Protocol, other: Collection[str]) -> pd.DataFrame:
    """Return the participants with covariates and subgroups as numbers or as text, empty cells missing.

    A cell that is no number is missing in a column of numbers: an error where `kind: number` is declared, else a warning.

    Parameters
    ----------
    table : participants. cells : the same as written. other : columns that are no covariates.
    """
    known = [name for name in table.columns if name not in other]
    for place, covariate in _asked(protocol).items():
        name = covariate.id
        if name not in known:
            cells.findings.error(
                "unknown_covariate", "protocol.yml", name, one_of(known), nearest(name, known),
                row=cells.findings.line("protocol.yml", *place), column=".".join(map(str, place[:-1])),
            )  # fmt: skip
        elif table[name].map(lambda cell: isinstance(cell, str)).all():
            typed = _numbers if kind_of(covariate, table[name]) == "number" else _words
            table = table.assign(**{name: typed(cells, covariate)})
        elif covariate.kind == "category":
            _refuse_category(cells, name, place)
    return table


def _asked(protocol: Protocol) -> dict[tuple[str | int, ...], Covariate]:
    """Return covariates and subgroups, each once, by their places in the protocol."""
    asked: dict[tuple[str | int, ...], Covariate] = {("covariates", k): one for k, one in enumerate(protocol.declared)}
    for k, name in enumerate(protocol.analysis.subgroups):
        if name not in protocol.covariates:
            asked["analysis", "subgroups", k] = Covariate(id=name)
    return asked


def kind_of(covariate: Covariate, cells: pd.Series) -> str:
    """Return the kind declared, else a guess: a number where most cells are one and none is a code such as 001."""
    if covariate.kind is not None:
        return covariate.kind
    filled = cells.dropna().astype(str).str.strip()
    filled = filled[filled != ""]
    meant = filled.str.replace(",", ".").map(_is_number)
    return "number" if 2 * meant.sum() >= len(filled) and not filled.map(CODE.fullmatch).any() else "category"


def _is_number(cell: str) -> bool:
    try:
        parse_number(cell)
    except ValueError:
        return False
    return True


def _numbers(cells: Cells, covariate: Covariate) -> pd.Series:
    written = cells.table[covariate.id].str.strip()
    good = written.map(_is_number)
    wrong = ~good & (written != "")
    level: Level = "error" if covariate.kind or 2 * good.sum() < (good | wrong).sum() else "warning"
    for position in np.flatnonzero(wrong).tolist():
        cells.report(
            position, covariate.id, "invalid_value" if level == "error" else "no_number",
            written.iloc[position], EXPECTED_NUMBER, NO_NUMBER, level,
        )  # fmt: skip
    return written.where(good).astype(float)


def _words(cells: Cells, covariate: Covariate) -> pd.Series:
    raw = cells.table[covariate.id]
    if covariate.levels:
        cells.known(covariate.id, ["", *covariate.levels], "unknown_level", expected=one_of(covariate.levels))
    else:
        for position, word in _slips(raw):
            meant = text(f"Forse si intendeva {word}?", f"Did you mean {word}?") if word else EMPTY_CELL
            expected = text("una parola scritta sempre allo stesso modo", "a word always written in the same way")
            cells.report(position, covariate.id, "spelling", raw.iloc[position], expected, meant, "warning")
    return raw.str.strip().replace("", None)


def _slips(raw: pd.Series) -> Iterator[tuple[int, str]]:
    """Yield the position of each cell that is a rare spelling of a commoner word, with that word; empty: no answer."""
    counts = raw[raw.str.strip() != ""].value_counts()
    words = sorted(counts.index, key=lambda word: (-counts[word], word))
    likely: dict[str, str] = {}
    for place, word in enumerate(words):
        if word.strip().casefold() in NO_ANSWER:
            likely[word] = ""
            continue
        meant = next((other for other in words[:place] if other not in likely and _same(word, other, counts)), None)
        if meant is not None:
            likely[word] = meant.strip()
    for position in np.flatnonzero(raw.isin(list(likely))).tolist():
        yield position, likely[raw.iloc[position]]


def _same(rare: str, common: str, counts: pd.Series) -> bool:
    """Whether two spellings differ in case, blanks, accents or leading zeros, or the rarer one by about a letter."""
    one, other = _folded(rare), _folded(common)
    if one == other:
        return bool(one)
    words = min(len(one), len(other)) >= LETTERS and one.isalpha() and other.isalpha()
    close = words and difflib.SequenceMatcher(None, one, other).ratio() >= ALIKE
    return bool(close and RARE * counts[rare] <= counts[common])


def _folded(word: str) -> str:
    plain = "".join(c for c in unicodedata.normalize("NFKD", word.casefold()) if not unicodedata.combining(c))
    letters = re.sub(r"[\s'’`´._]", "", plain)
    return (letters.lstrip("0") or "0") if letters.isdecimal() else letters


def _refuse_category(cells: Cells, name: str, place: tuple[str | int, ...]) -> None:
    line = cells.findings.line("protocol.yml", *place)
    number, say = text("kind: number", "kind: number"), text("Dichiarare kind: number.", "Declare kind: number.")
    cells.findings.error(
        "invalid_value", "protocol.yml", f"{name}: category", number, say, row=line, column="covariates"
    )
