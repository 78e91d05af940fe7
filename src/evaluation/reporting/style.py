"""One visual language for every figure: colours that colour-blind readers and grey printers tell apart."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from matplotlib import pyplot as plt
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Drawing
from matplotlib.ticker import FuncFormatter, ScalarFormatter

from evaluation.language import Language, number

TREATED, COMPARISON, EXPECTED = "#0b4f8a", "#c4561c", "#5c6670"
INK, FAINT, BAND = "#1d2329", "#c9d0d6", "#dde6ee"
MARKERS = {"treated": "o", "comparison": "s", "counterfactual": "D"}
SETTINGS: Any = {
    "figure.figsize": (6.4, 3.8),
    "font.family": "DejaVu Sans",
    "font.size": 10,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": False,
    "legend.frameon": False,
    "lines.linewidth": 1.8,
}


@contextmanager
def drawing(language: Language, width: float = 6.4, height: float = 3.8) -> Iterator[tuple[Drawing, Axes]]:
    """Open one figure in the house style, its axes numbered as the language writes numbers."""
    with rc_context(SETTINGS):
        figure, axes = plt.subplots(figsize=(width, height))
        yield figure, axes
        _write_numbers(axes, language)


@contextmanager
def panels(
    language: Language, heights: tuple[float, float], width: float
) -> Iterator[tuple[Drawing, tuple[Axes, Axes]]]:
    """Open a figure of two panels, one above the other, of these heights (inches), on a common horizontal axis."""
    with rc_context(SETTINGS):
        figure, (top, below) = plt.subplots(2, figsize=(width, sum(heights)), sharex=True, height_ratios=heights)
        yield figure, (top, below)
        _write_numbers(top, language)


def _write_numbers(axes: Axes, language: Language) -> None:
    for axis in (axes.xaxis, axes.yaxis):
        if isinstance(axis.get_major_formatter(), ScalarFormatter):
            axis.set_major_formatter(_in(language, _decimals(list(axis.get_majorticklocs()))))


def _in(language: Language, decimals: int) -> FuncFormatter:
    return FuncFormatter(lambda value, _: number(value, language, decimals))


def _decimals(ticks: list[float]) -> int:
    """Return the decimals (at most three) that the distance between ticks needs."""
    step = ticks[1] - ticks[0] if len(ticks) > 1 else 1.0
    return next((decimals for decimals in range(3) if abs(round(step, decimals) - step) < 1e-9), 3)
