"""What several figures share: the forest plot, the figure that could not be drawn."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from evaluation.language import Language, text
from evaluation.publishing.exhibits import Figure
from evaluation.publishing.published_tables import to_number
from evaluation.reporting.style import EXPECTED, INK, TREATED, drawing

Row = Mapping[str, Any]
NOT_DRAWN = text(
    "*Figura non disegnata: riguarderebbe troppo pochi ragazzi, o il numero non c'è.*",
    "*Figure not drawn: it would rest on too few children, or there is no number.*",
)


@dataclass(frozen=True)
class Line:
    """One line of a forest plot: an estimate with its interval, stressed or not."""

    name: str
    value: float
    low: float
    high: float
    stressed: bool = False


def lines(
    records: list[Row], name: Callable[[Row], str], columns: tuple[str, str, str], stressed: Callable[[Row], bool]
) -> list[Line]:
    """Return the records that hold a number, as lines of a forest plot."""
    value, low, high = columns
    every = [Line(name(r), to_number(r[value]), to_number(r[low]), to_number(r[high]), stressed(r)) for r in records]
    return [line for line in every if not np.isnan(line.value)]


def forest(drawn: list[Line], axis: str, caption: str, alt: str, language: Language) -> Figure:
    """Estimates with their intervals, one line each, the first on top."""
    with drawing(language, height=0.9 + 0.36 * len(drawn)) as (figure, axes):
        axes.axvline(0, color=INK, linewidth=0.8)
        for y, line in enumerate(reversed(drawn)):
            colour = TREATED if line.stressed else EXPECTED
            axes.plot([line.low, line.high], [y, y], color=colour, linewidth=2.2 if line.stressed else 1.4)
            axes.plot(
                line.value, y, marker="o" if line.stressed else "s", color=colour, markersize=7 if line.stressed else 5
            )
        axes.set_yticks(range(len(drawn)), [line.name for line in reversed(drawn)])
        axes.set_ylim(-0.6, len(drawn) - 0.4)
        axes.tick_params(axis="y", length=0)
        axes.spines["left"].set_visible(False)
        axes.set_xlabel(axis)
    return Figure(figure, caption, alt)
