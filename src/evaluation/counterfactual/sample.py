"""The sample of one comparison: baseline, one later wave, the centre, and covariates of the children."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from evaluation.language import Text, text
from evaluation.study.folder import Study
from evaluation.study.protocol import Covariate

Array = np.ndarray


class NoEstimate(Exception):
    """The data do not identify the number; `reason` says why, in both languages."""

    def __init__(self, it: str, en: str):
        self.reason: Text = text(it, en)
        super().__init__(en)


@dataclass(frozen=True)
class Sample:
    """Children of both centres, one entry a child; NaN where a score or covariate is missing.

    treated : bool, shape (n,). baseline, follow_up : float, shape (n,), in the outcome's unit.
    covariates : float, shape (n, k), categorical ones as dummies without their first level.
    dropped : covariates, and levels of categories, that tell no complete pair from another.
    """

    treated: Array
    baseline: Array
    follow_up: Array
    covariates: Array
    covariate_names: tuple[str, ...] = ()
    dropped: tuple[str, ...] = ()

    @property
    def change(self) -> Array:
        """Follow-up minus baseline."""
        return self.follow_up - self.baseline

    @property
    def n_treated(self) -> int:
        """Children of the treated centre."""
        return int(self.treated.sum())

    @property
    def n_comparison(self) -> int:
        """Children of the comparison centre."""
        return int((~self.treated).sum())

    def keep(self, rows: Array) -> Sample:
        """Return the children where `rows` holds (itself if everywhere), or those at the positions `rows`."""
        if rows.dtype == bool and rows.all():
            return self
        return Sample(
            self.treated[rows], self.baseline[rows], self.follow_up[rows], self.covariates[rows],
            self.covariate_names, self.dropped,
        )  # fmt: skip

    def pairs(self, *, with_covariates: bool = False) -> Sample:
        """Return the children observed at both waves, and with complete covariates if asked."""
        complete = ~np.isnan(self.change)
        if with_covariates:
            complete &= ~np.isnan(self.covariates).any(axis=1)
        return self.keep(complete)


def build_sample(study: Study, scores: pd.DataFrame, outcome: str, wave: str, before: str | None = None) -> Sample:
    """Return all consenting children of the study with their scores of `outcome` at the baseline and at `wave`.

    before : another wave in the place of the baseline.
    """
    children = study.consenting
    here = scores[scores["outcome"] == outcome].pivot(index="participant", columns="wave", values="score")
    here = here.reindex(index=children["participant"], columns=[before or study.protocol.baseline.id, wave])
    baseline, follow_up = here.to_numpy(dtype=float).T
    complete = ~np.isnan(follow_up - baseline)
    matrix, names, dropped = covariate_matrix(children, study.protocol.declared, complete)
    return Sample(children["treated"].to_numpy(dtype=bool), baseline, follow_up, matrix, names, dropped)


def covariate_matrix(
    children: pd.DataFrame, covariates: Iterable[Covariate], rows: Array
) -> tuple[Array, tuple[str, ...], tuple[str, ...]]:
    """Code covariates as numbers: dummies for text, the first level left out; what does not vary in `rows` is dropped.

    Levels are those of all children, in the declared order, else the alphabetical one. A level that none of `rows` has
    cannot be told from another: its children have no value.

    Returns the matrix (children x columns), the names of its columns, and the covariates and levels dropped.
    """
    columns: dict[str, Array] = {}
    dropped: list[str] = []
    for covariate in covariates:
        name, values = covariate.id, children[covariate.id]
        seen = set(values[rows].dropna())
        if len(seen) < 2:
            dropped.append(name)
        elif pd.api.types.is_numeric_dtype(values):
            columns[name] = values.to_numpy(dtype=float)
        else:
            levels = covariate.levels or sorted(values.dropna().unique())
            dropped += [f"{name}: {level}" for level in levels if level not in seen]
            unknown = ~values.isin(seen).to_numpy()
            for level in [level for level in levels if level in seen][1:]:
                columns[f"{name}: {level}"] = np.where(unknown, np.nan, (values == level).to_numpy(dtype=float))
    matrix = np.column_stack(list(columns.values())) if columns else np.empty((len(children), 0))
    return matrix, tuple(columns), tuple(dropped)
