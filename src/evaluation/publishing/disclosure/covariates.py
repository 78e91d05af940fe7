"""What is withheld of covariates in balance and benchmarks: categories of a few children, and what gives them back."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from evaluation.counterfactual.sample import Array, build_sample
from evaluation.publishing.disclosure.audit import Statement, withhold
from evaluation.publishing.disclosure.cells import SUPPRESSED, alike, rare
from evaluation.publishing.disclosure.samples import Published, Reason, Withheld, withhold_near
from evaluation.study.folder import Study

BENCHMARKED = ("r2_centre", "r2_outcome", "estimate", "std_error", "t", "low", "high")


def covariates_withheld(study: Study, scores: pd.DataFrame) -> Iterator[Withheld]:
    """Return the rows of covariates to withhold, at every follow-up wave; they are those of the primary's children."""
    minimum = study.protocol.privacy.minimum_cell
    samples: list[Published] = []
    for place, wave in enumerate(study.protocol.follow_ups):
        sample = build_sample(study, scores, study.protocol.primary.id, wave.id)
        pairs = ~np.isnan(sample.change)
        centres = [pairs & centre for centre in (sample.treated, ~sample.treated)]
        columns = dict(zip(sample.covariate_names, sample.covariates.T, strict=True))
        withheld = {name: "few" for name, values in columns.items() if _tells(name, values, centres, minimum)}
        for name in study.protocol.covariates:
            shown = {
                column: v for column, v in columns.items() if column.startswith(f"{name}: ") and column not in withheld
            }
            levels = study.consenting[name].to_numpy()
            withheld |= dict.fromkeys(_complementary(shown, name, levels, centres, minimum), "inferable")
        for column, values in columns.items():
            row = (("variable", column), ("kind", "covariate"), ("wave", wave.id))
            if column in withheld:
                reason: Reason = "few" if withheld[column] == "few" else "inferable"
                yield Withheld("balance", row, (), reason)
                yield Withheld("omitted", (("benchmark", column), ("wave", wave.id)), BENCHMARKED, reason)
                continue
            names = study.consenting["participant"].to_numpy()
            groups = tuple(frozenset(names[centre & ~np.isnan(values)]) for centre in centres)
            samples.append(Published("balance", row, (), frozenset({column}), groups, -place))
    yield from withhold_near(samples, minimum)


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
