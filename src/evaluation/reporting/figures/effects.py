"""Figures of notebook 04: the means with the counterfactual, every estimator, every outcome."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.text import Annotation

from evaluation.counterfactual.estimators.registry import estimator_names
from evaluation.language import Language, number
from evaluation.publishing.exhibits import Figure
from evaluation.publishing.published_tables import to_number
from evaluation.reporting.displays.words import (
    centre_name,
    interval_level,
    outcome_name,
    row_name,
    row_words,
    wave_name,
)
from evaluation.reporting.figures.common import NOT_DRAWN, forest, lines
from evaluation.reporting.style import COMPARISON, EXPECTED, MARKERS, TREATED, drawing
from evaluation.study.folder import Study

COLOURS = {"treated": TREATED, "comparison": COMPARISON, "counterfactual": EXPECTED}


def means(study: Study, table: pd.DataFrame, outcome: str, wave: str, language: Language) -> Figure | str:
    """Published means of the two centres at baseline and follow-up, with the path expected without the programme."""
    rows = table[(table["wave"] == wave) & (table["outcome"] == outcome)]
    if rows.empty or rows["mean"].map(to_number).isna().any():
        return NOT_DRAWN[language]
    numbers = {name: rows[name].map(to_number).astype(float) for name in ("mean", "low", "high")}
    here = rows.assign(**numbers).set_index(["centre", "when"])
    unit = study.protocol.outcome(outcome).unit_text[language]
    start, end = ((here.loc[("treated", when), "mean"]) for when in ("baseline", "follow_up"))
    expected = here.loc[("counterfactual", "follow_up"), "mean"]
    with drawing(language) as (figure, axes):
        for shift, centre in ((-0.012, "treated"), (0.012, "comparison")):
            points = here.loc[centre].loc[["baseline", "follow_up"]]
            x = np.array([0, 1]) + shift
            axes.errorbar(
                x, points["mean"], yerr=[points["mean"] - points["low"], points["high"] - points["mean"]],
                color=COLOURS[centre], marker=MARKERS[centre], capsize=3, elinewidth=1,
            )  # fmt: skip
            axes.annotate(
                centre_name(study.protocol, centre, language), (1 + shift, points["mean"].iloc[1]), xytext=(9, 0),
                textcoords="offset points", va="center", color=COLOURS[centre],
            )  # fmt: skip
        axes.plot(
            [0, 1], [start, expected], linestyle="--", color=EXPECTED, marker=MARKERS["counterfactual"], markersize=5
        )
        axes.annotate(
            {"it": "atteso senza\nprogramma", "en": "expected without\nthe programme"}[language], (1, expected),
            xytext=(9, 0), textcoords="offset points", va="center", color=EXPECTED,
        )  # fmt: skip
        axes.set_xticks([0, 1], [wave_name(study.protocol, w, language) for w in (study.protocol.baseline.id, wave)])
        axes.set_xlim(-0.15, 1.55)
        axes.set_ylabel(unit)
    _spread_labels(axes)
    name = outcome_name(study.protocol, outcome, language)
    caption = {
        "it": f"{name}: medie dei due centri prima e dopo (con intervalli al 95 %) e percorso atteso senza programma.",
        "en": f"{name}: means of the two centres before and after (with 95 % intervals), and the path expected without "
        "the programme.",
    }[language]
    alt = {
        "it": f"Il centro trattato passa da {number(start, language)} a {number(end, language)} {unit}; senza programma "
        f"ci si attendeva {number(expected, language)}. La distanza, {number(end - expected, language)}, è la "
        "differenza nelle differenze.",
        "en": f"The treated centre moves from {number(start, language)} to {number(end, language)} {unit}; without the "
        f"programme {number(expected, language)} was expected. The gap, {number(end - expected, language)}, is the "
        "difference in differences.",
    }[language]
    return Figure(figure, caption, alt)


def estimators(study: Study, estimates: pd.DataFrame, language: Language) -> Figure:
    """The primary outcome by every estimator, the confirmatory one stressed, the naive ones beside it."""
    words = estimator_names(language)
    drawn = lines(
        estimates.to_dict("records"), lambda r: row_words(study.protocol, words[r["estimator"]], r["wave"], language),
        ("estimate", "ci_low", "ci_high"), lambda r: r["estimator"] == study.protocol.analysis.estimator,
    )  # fmt: skip
    outcome = study.protocol.outcome(estimates["outcome"].iloc[0])
    unit, name, level = outcome.unit_text[language], outcome.name[language], interval_level(study.protocol, language)
    values = "; ".join(f"{line.name} {number(line.value, language)}" for line in drawn)
    caption = {
        "it": f"{name}: l'effetto secondo ogni stimatore, con intervalli al {level}. In blu quello prestabilito.",
        "en": f"{name}: the effect by every estimator, with {level} intervals. The pre-specified one is in blue.",
    }[language]
    alt = {"it": f"Stime in {unit}: {values}.", "en": f"Estimates in {unit}: {values}."}[language]
    return forest(drawn, unit, caption, alt, language)


def outcomes(study: Study, estimates: pd.DataFrame, language: Language) -> Figure:
    """Every outcome by the pre-specified estimator, as Hedges' g."""
    drawn = lines(
        estimates.to_dict("records"), lambda r: row_name(study.protocol, r["outcome"], r["wave"], language),
        ("hedges_g", "g_low", "g_high"), lambda r: r["role"] == "primary",
    )  # fmt: skip
    level = interval_level(study.protocol, language)
    clear = [line.name for line in drawn if line.low > 0 or line.high < 0]
    caption = {
        "it": f"Tutti gli esiti, effetto standardizzato (g di Hedges, positivo se in meglio) con intervalli al {level}, la DS "
        "presa come nota. In blu l'esito primario.",
        "en": f"All outcomes, standardised effect (Hedges' g, positive when better) with {level} intervals, the SD taken as "
        "known. The primary outcome is in blue.",
    }[language]
    alt = {
        "it": f"Su {len(drawn)} esiti l'intervallo esclude lo zero per: {', '.join(clear) or 'nessuno'}.",
        "en": f"Of {len(drawn)} outcomes the interval excludes zero for: {', '.join(clear) or 'none'}.",
    }[language]
    return forest(drawn, {"it": "g di Hedges", "en": "Hedges' g"}[language], caption, alt, language)


def _spread_labels(axes: Axes) -> None:
    """Move the labels at the right apart where they would overlap."""
    labels = sorted((label for label in axes.texts if isinstance(label, Annotation)), key=lambda label: label.xy[1])
    low, high = axes.get_ylim()
    height = -np.inf
    for label in labels:
        y = max(label.xy[1], height + 0.12 * (high - low))
        label.set_position((9, (y - label.xy[1]) / (high - low) * 3.0 * 72))
        height = y
