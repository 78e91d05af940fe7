"""What a function of a normal variable is, all along its law: cut into straight stretches, without any draws."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import pairwise
from math import fsum

import numpy as np
from scipy import stats

FAR = 8.3  # standard deviations: beyond lies less than 1e-16
CELLS = 128
NARROW = 1e-12  # SDs: a change within so little is a jump
STRAIGHT = 1e-6  # of the largest value: how far a stretch may lie from its straight line
PROBES = (0.382, 0.5, 0.706)  # places of a stretch where the line is tried; unequal, lest a pattern of steps hide
Function = Callable[[float], float]


@dataclass(frozen=True)
class Piece:
    """A stretch on which the function is a straight line; NaN where it is open."""

    start: float
    end: float
    first: float
    last: float

    @property
    def probability(self) -> float:
        """Probability of the stretch; the outermost ones hold all that lies beyond."""
        ends = -np.inf if self.start <= -FAR else self.start, np.inf if self.end >= FAR else self.end
        tail = stats.norm.sf if self.start > 0 else stats.norm.cdf  # each is exact on its own side
        return abs(float(tail(ends[1]) - tail(ends[0])))

    @property
    def total(self) -> float:
        """Integral of the function over the stretch."""
        slope = (self.last - self.first) / (self.end - self.start)
        height = stats.norm.pdf(self.start) - stats.norm.pdf(self.end)
        return float((self.first - slope * self.start) * self.probability + slope * height)

    def at(self, place: float) -> float:
        """Value at a place of the stretch."""
        return self.first + (self.last - self.first) * (place - self.start) / (self.end - self.start)


def straight_pieces(value: Function, far: float, places: list[float]) -> list[Piece]:
    """Cut the line from -far to far into stretches where the function is straight, jumps found to within NARROW.

    places : where a kink or a jump is expected. Features narrower than a third of a cell show only if they are named.
    """
    grid = np.linspace(-far, far, CELLS + 1)
    nodes = [float(node) for node in np.unique([*grid, *(place for place in places if abs(place) < far)])]
    allowed = STRAIGHT * np.nanmax([0.0, *(abs(value(node)) for node in nodes)])
    waiting = list(pairwise(nodes))[::-1]
    pieces: list[Piece] = []
    while waiting:
        start, end = waiting.pop()
        piece = Piece(start, end, value(start), value(end))
        if _straight(value, piece, allowed):
            pieces.append(piece)
        elif end - start < NARROW:
            pieces.append(replace(piece, last=piece.first))
        else:
            middle = start + (end - start) / 2
            waiting += [(middle, end), (start, middle)]
    return pieces


def _straight(value: Function, piece: Piece, allowed: float) -> bool:
    places = [piece.start + probe * (piece.end - piece.start) for probe in PROBES]
    if np.isnan([piece.first, piece.last]).any():
        return all(np.isnan(value(place)) for place in (piece.start, *places, piece.end))
    return all(abs(value(place) - piece.at(place)) <= allowed for place in places)  # a NaN is never near


def share(pieces: list[Piece], which: Callable[[Piece], bool]) -> float:
    """Return the probability of the stretches that `which` picks, to twelve decimals."""
    return round(fsum(piece.probability for piece in pieces if which(piece)), 12)
