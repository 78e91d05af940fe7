"""What a reader could infer: the interval of each count of children that all published numbers together still allow.

Counts are whole and not negative; each published number is a linear statement about them. The interval of a count is found
by two integer programmes. Where it is too narrow, further statements are withheld, at the smallest loss.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, linprog, milp

Array = np.ndarray
FUZZ = 1e-7  # a bound computed from published digits is met although its last digits are not
MANY = 10  # more statements than this that may go are withheld one by one, not by trying every set


@dataclass(frozen=True)
class Statement:
    """What one published number says of the counts: low <= weights @ counts <= high.

    weights : shape (cells,). loss : what withholding it costs readers; infinite where it stays whatever it tells.
    """

    name: str
    weights: Array
    low: float
    high: float
    loss: float = np.inf


def inferable(statements: Sequence[Statement], cell: int, *, whole: bool = True) -> tuple[float, float]:
    """Return the lowest and the highest count of `cell` that the statements allow; without `whole`, by linear programme.

    Raises
    ------
    ValueError : no counts meet all statements.
    """
    matrix = np.array([statement.weights for statement in statements], dtype=float)
    low = np.array([statement.low for statement in statements]) - FUZZ
    high = np.array([statement.high for statement in statements]) + FUZZ
    aim = np.eye(matrix.shape[1])[cell]
    ends = []
    for sign in (1.0, -1.0):
        if whole:
            found = milp(
                sign * aim, constraints=LinearConstraint(matrix, low, high), integrality=np.ones(len(aim)),
                bounds=Bounds(0, np.inf),
            )  # fmt: skip
        else:
            found = linprog(sign * aim, A_ub=np.vstack([matrix, -matrix]), b_ub=np.concatenate([high, -low]))
        if found.status == 2:
            raise ValueError("no counts agree with the statements")
        ends.append(np.inf * -sign if found.fun is None else sign * found.fun)
    low_end, high_end = ends
    return (float(np.round(low_end)), float(np.round(high_end))) if whole else (float(low_end), float(high_end))


def wide(low: float, high: float, minimum: int) -> bool:
    """Tell whether an interval leaves a small count open: it reaches from one to `minimum` - 1, or is `minimum` wide."""
    return (low <= 1 and high >= minimum - 1) or high - low >= minimum


def exposed(statements: Sequence[Statement], counts: Array, minimum: int) -> list[int]:
    """Return the cells of 1 to `minimum` - 1 children whose count a reader could infer too closely.

    counts : shape (cells,), the true ones.
    """
    return list(_exposed(statements, counts, minimum))


def _exposed(statements: Sequence[Statement], counts: Array, minimum: int) -> Iterator[int]:
    small = np.flatnonzero((counts > 0) & (counts < minimum))
    return (int(cell) for cell in small if not wide(*inferable(statements, int(cell)), minimum))


def withhold(statements: Sequence[Statement], counts: Array, minimum: int) -> tuple[str, ...]:
    """Return the names to withhold, at the smallest loss, so that no small count is exposed.

    Statements of one name go together. Where even withholding all of them would not do, all go.
    """
    losses = {s.name: s.loss for s in statements if np.isfinite(s.loss)}
    for names in _sets(losses) if len(losses) <= MANY else _one_by_one(statements, losses, counts, minimum):
        left = [s for s in statements if s.name not in names]
        if next(_exposed(left, counts, minimum), None) is None:
            return names
    return tuple(losses)


def _sets(losses: dict[str, float]) -> list[tuple[str, ...]]:
    every = [chosen for size in range(len(losses) + 1) for chosen in combinations(losses, size)]
    return sorted(every, key=lambda names: sum(losses[name] for name in names))


def _one_by_one(
    statements: Sequence[Statement], losses: dict[str, float], counts: Array, minimum: int
) -> Iterable[tuple[str, ...]]:
    """Withhold, time and again, the cheapest statement among those about the cells still exposed."""
    names: tuple[str, ...] = ()
    while len(names) < len(losses):
        yield names
        left = [s for s in statements if s.name not in names]
        told = exposed(left, counts, minimum)
        about = {s.name for s in left if s.name in losses and np.any(np.asarray(s.weights)[told] != 0)}
        names = (*names, min(about or set(losses) - set(names), key=lambda name: (losses[name], name)))
