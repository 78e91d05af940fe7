"""Figures of notebook 02: how far to trust a scale, and how its items were answered."""

from __future__ import annotations

import numpy as np
import pandas as pd

from evaluation.language import Language, number, percent
from evaluation.publishing.exhibits import Figure
from evaluation.reporting.displays.words import outcome_name
from evaluation.reporting.figures.common import NOT_DRAWN, forest, lines
from evaluation.reporting.style import drawing
from evaluation.study.folder import Study


def reliability(study: Study, table: pd.DataFrame, language: Language) -> Figure | str:
    """Cronbach's alpha of every scale at the baseline, with Feldt's interval."""
    drawn = lines(
        table[table["wave"] == study.protocol.baseline.id].to_dict("records"),
        lambda r: outcome_name(study.protocol, r["outcome"], language), ("alpha", "alpha_low", "alpha_high"), lambda _: False,
    )  # fmt: skip
    if not drawn:
        return NOT_DRAWN[language]
    low = min(drawn, key=lambda line: line.value)
    caption = {
        "it": "Affidabilità delle scale alla baseline: alfa di Cronbach con intervallo di Feldt al 95 %.",
        "en": "Reliability of the scales at baseline: Cronbach's alpha with Feldt's 95 % interval.",
    }[language]
    alt = {
        "it": f"Alfa di {len(drawn)} scale; la più bassa è {low.name}, {number(low.value, language)}.",
        "en": f"Alpha of {len(drawn)} scales; the lowest is {low.name}, {number(low.value, language)}.",
    }[language]
    return forest(drawn, {"it": "alfa di Cronbach", "en": "Cronbach's alpha"}[language], caption, alt, language)


def responses(table: pd.DataFrame, language: Language) -> Figure | str:
    """How the items were answered at the baseline, centres pooled: low, middle and high answers."""
    shown = table[table["low"].notna()]
    if shown.empty:
        return NOT_DRAWN[language]
    words = {"it": ("basse", "a metà", "alte"), "en": ("low", "middle", "high")}[language]
    with drawing(language, width=6.4, height=1.0 + 0.17 * len(shown)) as (figure, axes):
        left = np.zeros(len(shown))
        for column, word, colour, hatch in zip(("low", "middle", "high"), words, SHADES, ("", "..", ""), strict=True):
            share = 100 * shown[column].to_numpy(dtype=float)
            axes.barh(
                shown["item"], share, left=left, color=colour, edgecolor="white", height=0.82, label=word, hatch=hatch
            )
            left += share
        axes.invert_yaxis()
        axes.set_xlim(0, 100)
        axes.margins(y=0.005)
        axes.tick_params(axis="y", length=0, labelsize=7)
        axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=3)
        axes.set_xlabel({"it": "quota delle risposte (%)", "en": "share of answers (%)"}[language])
    withheld = len(table) - len(shown)
    caption = {
        "it": "Risposte alla baseline, centri insieme, domande al contrario già girate. Omesse quelle con risposte troppo rare.",
        "en": "Answers at baseline, centres pooled, reversed items turned. Items with answers too rare are withheld.",
    }[language]
    alt = {
        "it": f"{len(shown)} domande; risposte alte in media {percent(float(shown['high'].mean()), language)}, basse "
        f"{percent(float(shown['low'].mean()), language)}. Domande omesse: {withheld}.",
        "en": f"{len(shown)} items; high answers {percent(float(shown['high'].mean()), language)} on average, low "
        f"{percent(float(shown['low'].mean()), language)}. Items withheld: {withheld}.",
    }[language]
    return Figure(figure, caption, alt)


SHADES = ("#c4561c", "#dde6ee", "#0b4f8a")
