"""Figures of lesson 6: items before and after turning, and how far each scale can be trusted."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from evaluation.language import Language, number
from evaluation.measurement.items import item_rest
from evaluation.measurement.reliability import cronbach_alpha
from evaluation.measurement.scale_tables import reliability_table
from evaluation.measurement.scores import answers
from evaluation.publishing.exhibits import Figure
from evaluation.reporting.displays.words import outcome_name
from evaluation.reporting.figures.common import lines
from evaluation.reporting.style import COMPARISON, EXPECTED, FAINT, INK, TREATED, drawing
from evaluation.study.instrument import Item
from evaluation_course.data import LessonData
from evaluation_course.figures import multiples

SCALE = "interest"  # eight items, two of them worded the other way
USUAL = 0.7  # below it a score is commonly called noisy


def turned_sheet(data: LessonData, scale: str = SCALE, wave: str = "") -> pd.DataFrame:
    """Return the answers to a scale at a wave (the first unless named), one row a child, reversed items turned."""
    ids = [item.id for item in data.study.instrument.scale(scale)]
    return answers(data.study).xs(wave or data.study.protocol.baseline.id, level="wave")[ids]


def given_sheet(data: LessonData, scale: str = SCALE, wave: str = "") -> pd.DataFrame:
    """Return the answers to a scale as the children gave them: turning twice is not turning."""
    sheet = turned_sheet(data, scale, wave)
    return pd.DataFrame({item.id: _turned(item, sheet[item.id]) for item in data.study.instrument.scale(scale)})


def _turned(item: Item, given: pd.Series) -> pd.Series:
    return float(item.minimum or 0) + float(item.maximum or 0) - given if item.reverse else given


def turning(data: LessonData, language: Language) -> Figure:
    """Correlation of each item with the rest of its scale, as the answers were given and after turning."""
    items = data.study.instrument.scale(SCALE)
    words = {"it": ("come date", "dopo averle girate"), "en": ("as given", "after turning")}[language]
    said = []
    with multiples(2) as (figure, panels):
        for axes, sheet, word in zip(panels, (given_sheet(data), turned_sheet(data)), words, strict=True):
            values = sheet.to_numpy(dtype=float)
            alpha = f"{word}: α {number(cronbach_alpha(values).alpha, language)}"
            rest = [item_rest(values, column).correlation for column in range(len(items))]
            _dots(axes, items, rest, language)
            axes.set_title(alpha, fontsize=10)
            low = int(np.argmin(rest))
            said.append(f"{alpha}, {items[low].id} {number(rest[low], language)}")
        panels[0].set_yticks(range(len(items)), [item.id for item in items])
        panels[0].invert_yaxis()
    caption = {
        "it": "Quanto ogni domanda va con il resto della sua scala (correlazione), prima e dopo aver girato quelle "
        "formulate al contrario, in arancio.",
        "en": "How each item goes with the rest of its scale (correlation), before and after turning those worded the "
        "other way, in orange.",
    }
    start = {"it": "Alfa e domanda più bassa", "en": "Alpha and lowest item"}[language]
    return Figure(figure, caption[language], f"{start}: {'; '.join(said)}.")


def _dots(axes: Axes, items: tuple[Item, ...], values: list[float], language: Language) -> None:
    for place, (item, value) in enumerate(zip(items, values, strict=True)):
        colour, marker = (COMPARISON, "s") if item.reverse else (TREATED, "o")
        axes.plot([0, value], [place, place], color=FAINT, zorder=1)
        axes.plot(value, place, marker, color=colour)
    axes.axvline(0, color=INK, linewidth=0.8)
    axes.set_xlim(-0.7, 0.9)
    axes.set_xticks([-0.5, 0, 0.5], [number(tick, language, 1) for tick in (-0.5, 0, 0.5)])
    axes.set_xlabel({"it": "con il resto della scala", "en": "with the rest of the scale"}[language], fontsize=9)
    axes.tick_params(axis="y", length=0, labelsize=8)


def trust(data: LessonData, language: Language) -> Figure:
    """Alpha with its interval and omega, of every scale at the baseline."""
    protocol = data.study.protocol
    table = reliability_table(data.study)
    # as published tables hold them: text, and nothing where a number is not defined
    rows = table[table["wave"] == protocol.baseline.id].astype(str).replace("nan", "").to_dict("records")
    drawn = lines(
        rows,
        lambda r: outcome_name(protocol, r["outcome"], language),
        ("alpha", "alpha_low", "alpha_high"),
        lambda _: False,
    )
    omegas = [float(row["omega"] or "nan") for row in rows if row["alpha"]]
    with drawing(language, height=0.9 + 0.36 * len(drawn)) as (figure, axes):
        for place, (line, omega) in enumerate(zip(drawn, omegas, strict=True)):
            axes.plot([line.low, line.high], [place + 0.1] * 2, color=TREATED)
            axes.plot(line.value, place + 0.1, "o", color=TREATED, label="_" * bool(place) + "α")
            axes.plot(omega, place - 0.2, "D", color=EXPECTED, markersize=5, label="_" * bool(place) + "ω")
        axes.axvline(USUAL, color=INK, linewidth=0.8, linestyle=":")
        axes.set_yticks(range(len(drawn)), [line.name for line in drawn])
        axes.invert_yaxis()
        axes.legend(loc="lower right", bbox_to_anchor=(1, 1), ncols=2)
        axes.tick_params(axis="y", length=0)
        axes.set_xlabel({"it": "affidabilità", "en": "reliability"}[language])
    low = min(drawn, key=lambda line: line.value)
    apart = max(abs(line.value - omega) for line, omega in zip(drawn, omegas, strict=True))
    usual = number(USUAL, language, 1)
    caption = {
        "it": f"Affidabilità delle scale all'inizio: alfa (cerchio, con l'intervallo al 95 %) e omega (rombo). A punti, "
        f"{usual}.",
        "en": f"Reliability of the scales at the start: alpha (circle, with its 95 % interval) and omega (diamond). "
        f"Dotted, {usual}.",
    }
    alt = {
        "it": f"{len(drawn)} scale; l'alfa più basso è di {low.name}, {number(low.value, language)}. Alfa e omega "
        f"distano al più {number(apart, language)}.",
        "en": f"{len(drawn)} scales; the lowest alpha is that of {low.name}, {number(low.value, language)}. Alpha and "
        f"omega are at most {number(apart, language)} apart.",
    }
    return Figure(figure, caption[language], alt[language])
