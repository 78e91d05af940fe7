"""Figures of notebook 03: where the centres start apart, and who is missing."""

from __future__ import annotations

from textwrap import wrap

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patches import FancyBboxPatch

from evaluation.counterfactual.missing.attrition import attrition_boundary
from evaluation.language import Language, number
from evaluation.publishing.exhibits import Figure
from evaluation.publishing.published_tables import to_number
from evaluation.reporting.displays.words import ATTRITION, centre_name, covariate_name, outcome_name
from evaluation.reporting.style import BAND, COMPARISON, FAINT, INK, TREATED, drawing
from evaluation.study.folder import Study

BOX, NAME_WIDTH = 2.0, 22  # width of a box of the flow, in its own units, and the letters of a centre's name on a line


def balance(study: Study, table: pd.DataFrame, language: Language) -> Figure:
    """Standardised baseline differences, against the bounds of the What Works Clearinghouse."""
    shown = [r for r in table.to_dict("records") if not np.isnan(to_number(r["smd"]))]
    shown = [r for r in shown if r["wave"] == study.protocol.follow_ups[0].id]
    names = [
        outcome_name(study.protocol, r["variable"], language)
        if r["kind"] == "outcome"
        else covariate_name(r["variable"], language)
        for r in shown
    ]
    values = [to_number(r["smd"]) for r in shown]
    weighted = [to_number(r["smd_weighted"]) for r in shown]
    with drawing(language, height=0.9 + 0.3 * len(shown)) as (figure, axes):
        axes.axvspan(-0.25, 0.25, color=BAND, linewidth=0)
        axes.axvspan(-0.05, 0.05, color=FAINT, linewidth=0)
        axes.axvline(0, color=INK, linewidth=0.8)
        axes.plot(values, range(len(shown)), "o", color=TREATED, label={"it": "com'è", "en": "as it is"}[language])
        if not np.isnan(weighted).all():
            label = {"it": "con i pesi", "en": "weighted"}[language]
            axes.plot(
                weighted, range(len(shown)), "D", color=COMPARISON, markerfacecolor="white", markersize=5, label=label
            )
            axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2)
        axes.set_yticks(range(len(shown)), names)
        axes.invert_yaxis()
        axes.tick_params(axis="y", length=0)
        axes.set_xlabel(
            {"it": "differenza standardizzata alla baseline (g)", "en": "standardised difference at baseline (g)"}[
                language
            ]
        )
    above = [name for name, r in zip(names, shown, strict=True) if r["wwc"] == "fails"]
    caption = {
        "it": "Differenze iniziali tra i centri. Fascia scura: equivalenti (|g| ≤ 0,05); chiara: da aggiustare (fino a 0,25).",
        "en": "Baseline differences between the centres. Dark band: equivalent (|g| ≤ 0.05); light: needs adjustment (to 0.25).",
    }[language]
    alt = {
        "it": f"Variabili non equivalenti, {len(above)} su {len(names)}: {', '.join(above) or 'nessuna'}.",
        "en": f"Variables that are not equivalent, {len(above)} of {len(names)}: {', '.join(above) or 'none'}.",
    }[language]
    note = {
        "it": "Per le variabili sì/no il disegno mostra g; il giudizio della tabella segue l'indice di Cox, di solito maggiore.",
        "en": "For yes/no variables the drawing shows g, and the verdict in the table follows the Cox index, usually larger.",
    }[language]
    return Figure(figure, caption, alt, note)


def flow(study: Study, table: pd.DataFrame, language: Language) -> Figure:
    """The way of the children from enrolment to analysis, centre by centre (in the manner of CONSORT)."""
    here = table[table["wave"] == table["wave"].iloc[0]].set_index("centre")
    words = {
        "it": ("iscritti", "analizzati", "persi"),
        "en": ("enrolled", "analysed", "lost"),
    }[language]
    with drawing(language, height=3.4) as (figure, axes):
        axes.set_axis_off()
        for x, centre in ((0.0, "treated"), (3.2, "comparison")):
            name = "\n".join(wrap(centre_name(study.protocol, centre, language), NAME_WIDTH)[:2])
            middle = x + BOX / 2
            _box(axes, x, 2.1, f"{name}\n{words[0]}: {here.loc[centre, 'enrolled']}", height=0.8)
            _box(axes, x, 0.1, f"{words[1]}: {here.loc[centre, 'analysed']}")
            _box(axes, x + 1.75, 1.1, f"{words[2]}: {here.loc[centre, 'lost']}", width=1.0)
            axes.annotate("", (middle, 0.75), (middle, 2.1), arrowprops={"arrowstyle": "-|>", "color": INK})
            axes.annotate("", (x + 1.75, 1.42), (middle, 1.42), arrowprops={"arrowstyle": "-|>", "color": INK})
        axes.set_xlim(-0.1, 6.1)
        axes.set_ylim(0, 3.0)
    caption = {
        "it": "Dal gruppo iscritto a quello analizzato, per l'esito primario.",
        "en": "From the children enrolled to those analysed, for the primary outcome.",
    }[language]
    said = "; ".join(
        f"{centre_name(study.protocol, centre, language)}: {words[0]} {here.loc[centre, 'enrolled']}, "
        f"{words[1]} {here.loc[centre, 'analysed']}, {words[2]} {here.loc[centre, 'lost']}"
        for centre in ("treated", "comparison")
    )
    return Figure(figure, caption, f"{said}.")


def _box(axes: Axes, x: float, y: float, words: str, width: float = BOX, height: float = 0.65) -> None:
    axes.add_patch(
        FancyBboxPatch(
            (x, y),
            width,
            height,
            boxstyle="round,pad=0,rounding_size=0.05",
            facecolor=BAND,
            edgecolor=TREATED,
            linewidth=1,
        )
    )
    axes.text(x + width / 2, y + height / 2, words, ha="center", va="center", fontsize=9)


def attrition(table: pd.DataFrame, language: Language) -> Figure:
    """Overall and differential attrition against the boundaries of the What Works Clearinghouse."""
    overall = np.arange(0, 66) / 100
    record = table.iloc[0]
    x, y = (100 * to_number(record[name]) for name in ("overall", "differential"))
    labels = {
        "it": ("limite cauto", "limite ottimista", "questo studio"),
        "en": ("cautious boundary", "optimistic boundary", "this study"),
    }[language]
    with drawing(language) as (figure, axes):
        bounds = {
            name: [100 * attrition_boundary(share, name) for share in overall] for name in ("cautious", "optimistic")
        }
        axes.plot(100 * overall, bounds["cautious"], color=TREATED, label=labels[0])
        axes.plot(100 * overall, bounds["optimistic"], color=TREATED, linestyle="--", label=labels[1])
        axes.fill_between(100 * overall, 0, np.nan_to_num(bounds["cautious"]), color=BAND, linewidth=0)
        axes.plot(x, y, "D", color=COMPARISON, markersize=8, label=labels[2])
        axes.legend(loc="upper right")
        axes.set_xlim(0, 66)
        axes.set_ylim(0, None)
        axes.set_xlabel({"it": "ragazzi persi in tutto (%)", "en": "children lost overall (%)"}[language])
        axes.set_ylabel(
            {"it": "differenza tra i centri (punti)", "en": "difference between centres (points)"}[language]
        )
    caption = {
        "it": "Le perdite e il limite del What Works Clearinghouse (fatto per studi a sorteggio: qui orienta soltanto).",
        "en": "The losses and the boundary of the What Works Clearinghouse (made for randomised trials: for orientation).",
    }[language]
    verdict = ATTRITION[record["verdict"]][language]
    alt = {
        "it": f"Perdite in tutto {number(x, language, 1)} %, differenza {number(y, language, 1)} punti: {verdict}.",
        "en": f"Lost overall {number(x, language, 1)} %, difference {number(y, language, 1)} points: {verdict}.",
    }[language]
    return Figure(figure, caption, alt)
