"""What the covariates of a sample can be asked: without children who alone decide a coefficient, without repetitions."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from evaluation.counterfactual.sample import Array, Sample

TINY = 1e-10  # what is left of a column, or of a child's weight, that counts as nothing


def estimable(sample: Sample, *, with_baseline: bool = False) -> Sample:
    """Return the children and covariates that an adjusted estimate rests on.

    A child of leverage one (the only one of its level) fits itself: it drops out, as in the CR2 of R's clubSandwich and
    the HC2 of estimatr. A covariate that follows from those declared before it (and from the baseline score, with
    `with_baseline`) is left out, and named in `dropped`.
    """
    rows, columns = estimable_part(sample, with_baseline=with_baseline)
    names = list(zip(sample.covariate_names, columns, strict=False))
    return replace(
        sample.keep(rows),
        covariates=sample.covariates[rows][:, columns],
        covariate_names=tuple(name for name, adds in names if adds),
        dropped=(*sample.dropped, *(name for name, adds in names if not adds)),
    )


def estimable_part(sample: Sample, *, with_baseline: bool = False) -> tuple[Array, Array]:
    """Return which children and which covariates `estimable` keeps, bool, shapes (n,) and (k,)."""
    given = [np.ones(len(sample.treated))] + [sample.baseline] * with_baseline
    design = np.column_stack([*given, sample.covariates])
    rows, columns = np.ones(len(design), dtype=bool), np.ones(design.shape[1] - len(given), dtype=bool)
    while columns.any() and rows.sum() > columns.sum() + len(given):  # else each child fits itself
        kept = np.r_[np.ones(len(given), dtype=bool), columns]
        basis, adds = _independent(design[rows][:, kept])
        columns[columns] = adds[len(given) :]
        alone = 1 - np.einsum("ij,ij->i", basis, basis) < TINY
        if not alone.any():
            break
        rows[rows] = ~alone
    return rows, columns


def independent_columns(design: Array) -> Array:
    """Tell which columns, the first a constant, are no linear combinations of those before them, bool, shape (p,)."""
    return _independent(design)[1]


def _independent(design: Array) -> tuple[Array, Array]:
    """Return an orthonormal basis of the columns, and which of them add to it (Gram-Schmidt)."""
    basis = np.empty((len(design), 0))
    adds = np.zeros(design.shape[1], dtype=bool)
    for place, column in enumerate(design.T):
        rest = column - column.mean() if place else column  # what a column says is how it varies
        length = np.linalg.norm(rest)
        for _ in range(2):  # twice is enough (Parlett 1998)
            rest = rest - basis @ (basis.T @ rest)
        left = np.linalg.norm(rest)
        if left > TINY * length and length > TINY * np.linalg.norm(column):
            adds[place] = True
            basis = np.column_stack([basis, rest / left])
    return basis, adds
