"""Figures and tables of lesson 7: who was lost, what Lee's trimming takes away, and every answer side by side."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter

from evaluation.counterfactual.estimators.registry import ESTIMATORS
from evaluation.counterfactual.missing.bounds import bounds_table
from evaluation.counterfactual.missing.flow import attrition_table, flow_table
from evaluation.counterfactual.missing.imputation import impute
from evaluation.counterfactual.missing.lee import LeeBounds, lee_bounds
from evaluation.counterfactual.sample import Array, Sample
from evaluation.language import Language, interval, number, text
from evaluation.measurement.scores import score_ranges
from evaluation.publishing.exhibits import Figure, Table
from evaluation.publishing.published_tables import published
from evaluation.reporting.displays import result_tables
from evaluation.reporting.displays.words import centre_name
from evaluation.reporting.figures import balance
from evaluation.reporting.figures.robustness import missing_children
from evaluation.reporting.style import COMPARISON, EXPECTED, FAINT, INK, TREATED, drawing
from evaluation_course.data import LessonData
from evaluation_course.figures import multiples

METHODS = {
    "complete_pairs": text("solo chi è stato visto due volte", "only those seen twice"),
    "response_weights": text("pesi: chi somiglia ai persi conta di più", "weights: those like the lost count more"),
    "imputation": text("imputazione multipla", "multiple imputation"),
    "lee": text("limiti di Lee", "Lee's bounds"),
    "extreme_values": text("valori estremi", "extreme values"),
}


def flow(data: LessonData, language: Language) -> Table:
    """Children enrolled, analysed and lost, by centre."""
    return result_tables.flow(data.study, _as_published(flow_table(data.study, data.scores)), language)


def boundary(data: LessonData, language: Language) -> Figure:
    """The losses against the boundary of the What Works Clearinghouse."""
    return balance.attrition(_as_published(attrition_table(flow_table(data.study, data.scores))), language)


def delta(data: LessonData, language: Language) -> Figure | str:
    """The effect if the children lost had done better or worse than children like them."""
    return missing_children(data.study, _bounds(data), data.wave, language)


def scale_of(data: LessonData) -> tuple[float, float]:
    """Return the lowest and the highest score that the primary outcome can take."""
    return score_ranges(data.study, data.scores)[data.primary]


def moved_effect(sample: Sample, seed: int, drop: float) -> float:
    """Estimate by multiple imputation, had every treated child that was lost ended `drop` below what is imputed."""
    step = drop * (np.isnan(sample.follow_up) & sample.treated)
    did = ESTIMATORS["did"]
    return float(
        np.mean(
            [
                did(Sample(one.treated, one.baseline, one.follow_up - step, one.covariates)).estimate
                for one in impute(sample, seed)
            ]
        )
    )


def trimming(data: LessonData, language: Language) -> Figure:
    """Changes of the centre that kept more children, in order, with the share that Lee takes off at either end."""
    sample = data.sample()
    found = lee_bounds(sample, data.study.protocol.analysis.alpha)
    more = sample.treated if found.trimmed == "treated" else ~sample.treated
    ordered = np.sort(sample.pairs().change[more[~np.isnan(sample.change)]])
    name = centre_name(data.study.protocol, "treated" if found.trimmed == "treated" else "comparison", language)
    # without its lowest children a comparison looks better, and the effect smaller
    ends = (("lower", found.lower, found.trimmed == "treated"), ("upper", found.upper, found.trimmed != "treated"))
    words = {
        "it": {"lower": "effetto minore", "upper": "effetto maggiore"},
        "en": {"lower": "smallest effect", "upper": "largest effect"},
    }
    with multiples(2) as (figure, panels):
        for axes, (end, value, top) in zip(panels, ends, strict=True):
            _trim(axes, ordered, found.share, top=top)
            axes.set_title(f"{words[language][end]}: {number(value, language)}", fontsize=10)
        panels[0].set_ylabel({"it": "cambiamento", "en": "change"}[language])
        panels[0].yaxis.set_major_formatter(FuncFormatter(lambda value, _: number(value, language, 1)))
    taken = number(found.share * len(ordered), language, 1)
    caption = {
        "it": f"I cambiamenti nel centro che ha perso meno ({name}), in ordine; in arancio chi viene tolto, la linea è "
        f"la media di chi resta. Si toglie l'equivalente di {taken} ragazzi.",
        "en": f"Changes in the centre that lost fewer ({name}), in order; in orange those taken off, the line is the "
        f"mean of those left. The equivalent of {taken} children is taken off.",
    }
    return Figure(figure, caption[language], _trimmed(found, language))


def _trim(axes: Axes, ordered: Array, share: float, *, top: bool) -> None:
    """Draw changes in order, those taken off (the marginal one counts in part) in another colour."""
    values = ordered if top else ordered[::-1]
    kept = np.clip(len(values) * (1 - share) - np.arange(len(values)), 0, 1)
    place = np.arange(len(values)) if top else np.arange(len(values))[::-1]
    axes.vlines(place, 0, values, color=FAINT, linewidth=1, zorder=1)
    axes.plot(place[kept == 1], values[kept == 1], "o", color=TREATED, markersize=4)
    axes.plot(place[kept < 1], values[kept < 1], "s", color=COMPARISON, markersize=6)
    axes.axhline(float(np.average(values, weights=kept)), color=TREATED, linewidth=1)
    axes.axhline(0, color=INK, linewidth=0.8)
    axes.set_xticks([])


def _trimmed(found: LeeBounds, language: Language) -> str:
    bounds = interval(found.lower, found.upper, language)
    return {
        "it": f"Due riquadri: tolti i cambiamenti più alti o i più bassi, l'effetto va da {bounds}.",
        "en": f"Two panels: without the highest or the lowest changes, the effect goes from {bounds}.",
    }[language]


def every_answer(data: LessonData, language: Language) -> Figure:
    """Every method side by side: the estimate or its bounds (thick), and the interval (thin)."""
    table = bounds_table(data.study, data.scores, {data.primary: scale_of(data)})
    here = table[(table["outcome"] == data.primary) & (table["wave"] == data.wave)].set_index("method")
    said = []
    with drawing(language, height=3.1) as (figure, axes):
        for place, (method, name) in enumerate(METHODS.items()):
            lower, upper, low, high = here.loc[method, ["lower", "upper", "ci_low", "ci_high"]].astype(float)
            axes.plot([low, high], [place, place], color=EXPECTED, linewidth=1.2)
            axes.plot([lower, upper], [place, place], color=TREATED, linewidth=6, solid_capstyle="butt")
            if lower == upper:
                axes.plot(lower, place, "o", color=TREATED, markersize=7)
            shown = number(lower, language) if lower == upper else interval(lower, upper, language)
            said.append(f"{name[language]} {shown} ({interval(low, high, language)})")
        axes.axvline(0, color=INK, linewidth=0.8)
        axes.set_yticks(range(len(METHODS)), [name[language] for name in METHODS.values()])
        axes.set_ylim(len(METHODS) - 0.4, -0.6)
        axes.tick_params(axis="y", length=0)
        axes.spines["left"].set_visible(False)
        unit = data.study.protocol.primary.unit_text[language]
        axes.set_xlabel({"it": "effetto", "en": "effect"}[language] + f" ({unit})")
    caption = {
        "it": "Lo stesso effetto con ipotesi diverse su chi manca: il punto o i limiti (spessi) e l'intervallo "
        "al 95 % (sottile).",
        "en": "The same effect under different assumptions about the missing: the point or the bounds (thick) "
        "and the 95 % interval (thin).",
    }
    return Figure(figure, caption[language], "; ".join(said) + ".")


def _bounds(data: LessonData) -> pd.DataFrame:
    return _as_published(bounds_table(data.study, data.scores, {data.primary: scale_of(data)}))


def _as_published(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table as its published file holds it: text."""
    return table.astype(object).map(published)
