"""What is withheld of covariates in balance and benchmarks: categories of a few children, and what gives them back."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from evaluation.counterfactual.sample import Array, build_sample
from evaluation.publishing.disclosure.audit import Statement, withhold
from evaluation.publishing.disclosure.cells import SUPPRESSED, alike, rare
from evaluation.publishing.disclosure.samples import Published, Reason, Withheld
from evaluation.study.folder import Study

BENCHMARKED = ("r2_centre", "r2_outcome", "estimate", "std_error", "t", "low", "high")


def covariates_withheld(study: Study, scores: pd.DataFrame) -> Iterator[Withheld]:
    """Return the rows of covariates to withhold, at every follow-up wave; they are those of the primary's children."""
    for wave in study.protocol.follow_ups:
        for column, reason in _telling(study, scores, wave.id).items():
            yield Withheld("balance", _row(column, wave.id), (), reason)
            yield Withheld("omitted", (("benchmark", column), ("wave", wave.id)), BENCHMARKED, reason)


def covariate_samples(study: Study, scores: pd.DataFrame, interest: int) -> Iterator[Published]:
    """Return the children behind the other rows of covariates: means of categories, and so counts, of those who are known."""
    names = study.consenting["participant"].to_numpy()
    for place, wave in enumerate(study.protocol.follow_ups):
        telling, (columns, centres) = _telling(study, scores, wave.id), _columns(study, scores, wave.id)
        for column in (one for one in columns if one not in telling):
            groups = tuple(frozenset(names[centre & ~np.isnan(columns[column])]) for centre in centres)
            about = frozenset({category_of(column)})
            yield Published("balance", _row(column, wave.id), (), about, groups, interest - place)


def category_of(column: str) -> str:
    """What all numbers about one covariate have in common: counts of its categories can be subtracted from each other."""
    return f"category {column.partition(': ')[0]}"


def _row(column: str, wave: str) -> tuple[tuple[str, str], ...]:
    return (("variable", column), ("kind", "covariate"), ("wave", wave))


def _columns(study: Study, scores: pd.DataFrame, wave: str) -> tuple[dict[str, Array], list[Array]]:
    """The columns of covariates, and the primary outcome's pairs of each centre."""
    sample = build_sample(study, scores, study.protocol.primary.id, wave)
    pairs = ~np.isnan(sample.change)
    columns = dict(zip(sample.covariate_names, sample.covariates.T, strict=True))
    return columns, [pairs & centre for centre in (sample.treated, ~sample.treated)]


def _telling(study: Study, scores: pd.DataFrame, wave: str) -> dict[str, Reason]:
    """The columns whose means would tell a few children of a category, or give them back together with others."""
    minimum, (columns, centres) = study.protocol.privacy.minimum_cell, _columns(study, scores, wave)
    found: dict[str, Reason] = {
        name: "few" for name, values in columns.items() if _tells(name, values, centres, minimum)
    }
    for name in study.protocol.covariates:
        shown = {column: v for column, v in columns.items() if column.startswith(f"{name}: ") and column not in found}
        levels = study.consenting[name].to_numpy()
        found |= dict.fromkeys(_complementary(shown, name, levels, centres, minimum), "inferable")
    return found


def _tells(column: str, values: Array, centres: list[Array], minimum: int) -> bool:
    """Whether a mean of a centre would tell a few children: of a category they have, or lack, or of one value of all."""
    for centre in centres:
        known = values[centre & ~np.isnan(values)]
        if ": " in column:
            have, lack = int(known.sum()), int(len(known) - known.sum())
            if have and (have < minimum or lack < minimum):  # that nobody has it is told
                return True
        elif alike(known, minimum) or rare(known, minimum):
            return True
    return False


def _complementary(shown: dict[str, Array], name: str, levels: Array, centres: list[Array], minimum: int) -> set[str]:
    """Categories to withhold so that those shown and the number of children do not give a rare one back."""
    withheld: set[str] = set()
    every = sorted({str(level) for level in levels if pd.notna(level)})
    for centre in centres:
        counts = np.array([sum(str(level) == one for level in levels[centre]) for one in every])
        stated = [Statement("n", np.ones(len(every)), counts.sum(), counts.sum())]
        for column in set(shown) - withheld:
            cell = every.index(column.removeprefix(f"{name}: "))
            stated.append(Statement(column, np.eye(len(every))[cell], counts[cell], counts[cell], float(counts[cell])))
        withheld |= set(withhold(sorted(stated, key=lambda s: s.name), counts, minimum)) if len(stated) > 1 else set()
    return withheld


def hide_rare_levels(table: pd.DataFrame, study: Study) -> pd.DataFrame:
    """Return the table without the names of categories that fewer children than the minimum cell have: they are cells too."""
    shown = table.copy()
    for name in study.protocol.covariates:
        values = study.consenting[name]
        if pd.api.types.is_numeric_dtype(values):
            continue
        counts = values.value_counts()
        for level in counts[counts < study.protocol.privacy.minimum_cell].index:
            for column in {"variable", "benchmark"} & set(shown.columns):
                shown[column] = shown[column].replace(f"{name}: {level}", f"{name}: {SUPPRESSED}")
            if "level" in shown:
                shown.loc[(shown["covariate"] == name) & (shown["level"] == level), "level"] = SUPPRESSED
    return shown
