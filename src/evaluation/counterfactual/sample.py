"""The sample of one comparison: baseline, one later wave, the centre, and covariates of the children."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from evaluation.language import Text, text
from evaluation.study.folder import Study

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
    dropped : covariates left out because they do not vary among the complete pairs.
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
    matrix, names, dropped = covariate_matrix(children, study.protocol.covariates, complete)
    return Sample(children["treated"].to_numpy(dtype=bool), baseline, follow_up, matrix, names, dropped)


def covariate_matrix(
    children: pd.DataFrame, covariates: tuple[str, ...], rows: Array
) -> tuple[Array, tuple[str, ...], tuple[str, ...]]:
    """Code covariates as numbers: dummies for text (first level in alphabetical order dropped), constants left out.

    Returns the matrix (children x columns), the names of its columns, and the covariates that do not vary in `rows`.
    """
    columns: dict[str, Array] = {}
    dropped: list[str] = []
    for name in covariates:
        values = children[name]
        levels = sorted(values[rows].dropna().unique())
        if len(levels) < 2:
            dropped.append(name)
        elif pd.api.types.is_numeric_dtype(values):
            columns[name] = values.to_numpy(dtype=float)
        else:
            missing = values.isna().to_numpy()
            for level in levels[1:]:
                columns[f"{name}: {level}"] = np.where(missing, np.nan, (values == level).to_numpy(dtype=float))
    matrix = np.column_stack(list(columns.values())) if columns else np.empty((len(children), 0))
    return matrix, tuple(columns), tuple(dropped)
