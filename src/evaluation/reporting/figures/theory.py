"""The theory of change, drawn from its table: who takes part, in what, with which effect, to what end."""

from __future__ import annotations

import textwrap
from importlib.resources import files

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patches import FancyBboxPatch

from evaluation.language import Language, text
from evaluation.publishing.exhibits import Figure
from evaluation.reporting.style import BAND, EXPECTED, INK, TREATED, drawing

EFFECTS = {
    "direct": text(
        "Effetto diretto: crescita della persona (competenze STEAM e life skills dei minori)",
        "Direct effect: individual empowerment (STEAM and life skills of minors)",
    ),
    "indirect": text(
        "Effetto indiretto: crescita del territorio (organizzazioni locali)",
        "Indirect effect: territorial empowerment (local organisations)",
    ),
}
GOAL = text("Un Sud che trattiene i propri talenti", "A South that keeps its talent")
COLUMNS, WIDTH, HEIGHT = (0.0, 1.4, 2.8, 4.2), 1.2, 0.86


def theory_table() -> pd.DataFrame:
    """The theory as a table: beneficiaries and activities in both languages, and the effect they lead to."""
    with files("evaluation.reporting").joinpath("templates/theory_of_change.csv").open(encoding="utf-8") as handle:
        return pd.read_csv(handle, dtype=str)


def theory(table: pd.DataFrame, language: Language) -> Figure:
    """Draw the theory; the path that this evaluation looks at is stressed."""
    rows = list(range(len(table)))[::-1]
    effect_heights = {"direct": float(rows[0]), "indirect": sum(rows[1:]) / max(len(rows) - 1, 1)}
    with drawing(language, width=8.0, height=4.6) as (figure, axes):
        axes.set_axis_off()
        for row, record in zip(rows, table.to_dict("records"), strict=True):
            stressed = record["effect"] == "direct"
            _box(axes, 0, row, record[f"beneficiaries_{language}"], stressed)
            _box(axes, 1, row, record[f"activities_{language}"], stressed)
            _arrow(axes, 0, row, row, stressed)
            _arrow(axes, 1, row, effect_heights[record["effect"]], stressed)
        for effect, height in effect_heights.items():
            _box(axes, 2, height, EFFECTS[effect][language], effect == "direct")
            _arrow(axes, 2, height, 1.5, effect == "direct")
        _box(axes, 3, 1.5, GOAL[language], False)
        axes.set_xlim(-0.05, COLUMNS[-1] + WIDTH + 0.05)
        axes.set_ylim(-0.6, len(table) - 0.4)
    direct = table[table["effect"] == "direct"].iloc[0]
    caption = {
        "it": "La teoria del cambiamento. In blu il percorso che questa valutazione misura.",
        "en": "The theory of change. In blue the path that this evaluation measures.",
    }[language]
    lead = {"it": "porta a", "en": "leads to"}[language]
    alt = (
        f"{direct[f'beneficiaries_{language}']}: {direct[f'activities_{language}']}, {lead}: {EFFECTS['direct'][language]}. "
        f"{', '.join(table.loc[table['effect'] == 'indirect', f'beneficiaries_{language}'])}: {lead}: "
        f"{EFFECTS['indirect'][language]}. {lead.capitalize()}: {GOAL[language]}."
    )
    return Figure(figure, caption, alt)


def _box(axes: Axes, column: int, row: float, words: str, stressed: bool) -> None:
    axes.add_patch(
        FancyBboxPatch(
            (COLUMNS[column], row - HEIGHT / 2), WIDTH, HEIGHT, boxstyle="round,pad=0,rounding_size=0.06",
            facecolor=BAND if stressed else "white", edgecolor=TREATED if stressed else EXPECTED,
            linewidth=1.6 if stressed else 1,
        )
    )  # fmt: skip
    shown = "\n".join(textwrap.wrap(words, 22))
    axes.text(COLUMNS[column] + WIDTH / 2, row, shown, ha="center", va="center", fontsize=7.2, color=INK)


def _arrow(axes: Axes, column: int, start: float, end: float, stressed: bool) -> None:
    axes.annotate(
        "", (COLUMNS[column + 1], end), (COLUMNS[column] + WIDTH, start),
        arrowprops={"arrowstyle": "-|>", "color": TREATED if stressed else EXPECTED, "linewidth": 1.6 if stressed else 0.9},
    )  # fmt: skip
