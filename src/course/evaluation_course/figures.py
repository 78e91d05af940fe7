"""Figures of the lessons that have a moving twin: a row of small panels, which is all that a page needs.

The moving figure draws one panel at a time by the same functions (`widgets`), so that neither can say what the other
does not.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np
from matplotlib import pyplot as plt
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure as Drawing
from matplotlib.ticker import FuncFormatter, MaxNLocator
from scipy import stats

from evaluation.counterfactual.analysis import estimate_effect
from evaluation.counterfactual.estimate import Estimate
from evaluation.counterfactual.inference.permutation import permutation_distribution, permutation_p
from evaluation.counterfactual.means import centre_means
from evaluation.counterfactual.sensitivity.sensitivity_table import change_sd
from evaluation.counterfactual.sensitivity.two_centres import TwoCentre, shocked_interval, two_centre
from evaluation.language import Language, interval, number, p_value
from evaluation.publishing.exhibits import Figure
from evaluation.reporting.displays.words import centre_name
from evaluation.reporting.style import BAND, COMPARISON, EXPECTED, FAINT, INK, MARKERS, SETTINGS, TREATED
from evaluation_course.data import LessonData

DRAWS = (20, 200, 5000)


@contextmanager
def multiples(count: int) -> Iterator[tuple[Drawing, list[Axes]]]:
    """Open a row of panels in the house style, on a common vertical axis."""
    with rc_context(SETTINGS):
        width = 5.2 if count == 1 else 2.7 * count
        figure, row = plt.subplots(1, count, figsize=(width, 3.2), sharey=True, squeeze=False, layout="constrained")
        yield figure, list(row[0])


def did_estimate(data: LessonData) -> Estimate:
    """Return the difference in differences of the primary outcome."""
    return estimate_effect(data.study, data.sample(), data.study.protocol.primary, data.wave, "did")


def two_centre_of(data: LessonData) -> TwoCentre:
    """Return what two centres leave open of the primary finding, at the shock that the protocol declares."""
    return two_centre(did_estimate(data), change_sd(data.sample()), data.study.protocol.analysis.centre_shock_icc)


def usual_gaps(data: LessonData) -> tuple[float, float, float]:
    """Differences in trend worth a look: none, half of the estimate, all of it."""
    estimate = did_estimate(data).estimate
    return 0.0, estimate / 2, estimate


def parallel_trends(data: LessonData, gaps: Sequence[float], language: Language) -> Figure:
    """Expected paths if, without the programme, the treated had grown by `gaps` more than the comparison."""
    table = centre_means(data.study, data.scores, data.primary)
    means = table[table["wave"] == data.wave].set_index(["centre", "when"])["mean"]
    with multiples(len(gaps)) as (figure, panels):
        for axes, gap in zip(panels, gaps, strict=True):
            _paths(axes, means, gap, language)
            if len(gaps) > 1:
                axes.set_title(_signed(gap, language), fontsize=10)
        panels[0].set_ylabel(data.study.protocol.primary.unit_text[language])
        _name_centres(panels[0], data, language)
    effect = did_estimate(data).estimate
    left = "; ".join(f"{_signed(gap, language)} → {number(effect - gap, language)}" for gap in gaps)
    caption = {
        "it": "Lo stesso dato, tre ipotesi: di quanto il centro trattato sarebbe cresciuto in più senza il programma "
        "(sopra ogni "
        "riquadro). Tratteggiato il percorso atteso; la distanza segnata è l'effetto che resta.",
        "en": "The same data, three assumptions: by how much more the treated centre would have grown without the "
        "programme "
        "(above each panel). The expected path is dashed; the distance marked is the effect that remains.",
    }
    if len(gaps) == 1:
        caption = {
            "it": "Medie dei due centri prima e dopo; tratteggiato, il percorso atteso senza il programma.",
            "en": "Means of the two centres before and after; dashed, the path expected without the programme.",
        }
    alt = {
        "it": f"Crescita propria del centro trattato ed effetto che resta: {left}.",
        "en": f"Growth of the treated centre's own and effect that remains: {left}.",
    }
    return Figure(figure, caption[language], alt[language])


def _paths(axes: Axes, means: object, gap: float, language: Language) -> None:
    value = means.to_dict()  # type: ignore[attr-defined]
    expected = value["counterfactual", "follow_up"] + gap
    for centre, colour in (("treated", TREATED), ("comparison", COMPARISON)):
        ends = [value[centre, when] for when in ("baseline", "follow_up")]
        axes.plot([0, 1], ends, color=colour, marker=MARKERS[centre])
    start, end = value["treated", "baseline"], value["treated", "follow_up"]
    axes.plot([0, 1], [start, expected], color=EXPECTED, linestyle="--", marker=MARKERS["counterfactual"], markersize=5)
    arrow = {"arrowstyle": "<->", "color": INK, "shrinkA": 0, "shrinkB": 0}
    if abs(end - expected) > 0.01:
        axes.annotate("", (1.12, end), xytext=(1.12, expected), arrowprops=arrow)
    axes.annotate(number(end - expected, language), (1.16, (end + expected) / 2), va="center")
    axes.set_xticks([0, 1], {"it": ["prima", "dopo"], "en": ["before", "after"]}[language])
    axes.set_xlim(-0.15, 1.6)
    axes.margins(y=0.18)  # room for the legend
    _number(axes.yaxis, language, 1)


def _name_centres(axes: Axes, data: LessonData, language: Language) -> None:
    for centre, line in zip(("treated", "comparison"), axes.lines, strict=False):
        line.set_label(centre_name(data.study.protocol, centre, language))
    axes.legend(loc="upper left", fontsize=8, handlelength=1.4)


def permutation(data: LessonData, draws: Sequence[int], language: Language) -> Figure:
    """Welch's t with the centres' labels shuffled a few, more and many times, and the t of the data."""
    pairs, seed = data.sample().pairs(), data.study.protocol.analysis.seed
    said = []
    with multiples(len(draws)) as (figure, panels):
        for axes, count in zip(panels, draws, strict=True):
            observed, permuted, exact = permutation_distribution(pairs.change, pairs.treated, count, seed)
            p = permutation_p(observed, permuted, exact)
            _shuffles(axes, observed, permuted, language)
            axes.set_title(f"{number(count, language, 0)}: p {_p(p, language)}", fontsize=10)
            said.append(f"{number(count, language, 0)}: p {_p(p, language)}")
        panels[0].set_ylabel({"it": "quota dei rimescolamenti", "en": "share of the shuffles"}[language])
    caption = {
        "it": "Il t di Welch con le etichette dei centri rimescolate, sopra ogni riquadro quante volte e il p. In "
        "blu il t dei dati; "
        "in arancio i rimescolamenti che danno un t almeno altrettanto lontano da zero.",
        "en": "Welch's t with the labels of the centres shuffled; above each panel how often, and the p. In blue the "
        "t of the data; "
        "in orange the shuffles that give a t at least as far from zero.",
    }
    alt = {
        "it": f"Il t dei dati è {number(observed, language)}. Rimescolamenti e p: {'; '.join(said)}.",
        "en": f"The t of the data is {number(observed, language)}. Shuffles and p: {'; '.join(said)}.",
    }
    return Figure(figure, caption[language], alt[language])


def _shuffles(axes: Axes, observed: float, permuted: np.ndarray, language: Language) -> None:
    bins, weight = list(np.linspace(-4, 4, 33)), np.full(len(permuted), 1 / len(permuted))
    far = np.abs(permuted) >= abs(observed)
    axes.hist(
        [permuted[~far], permuted[far]],
        bins,
        weights=[weight[~far], weight[far]],
        stacked=True,
        color=[FAINT, COMPARISON],
        edgecolor="white",
        linewidth=0.3,
    )
    for side in (-observed, observed):
        axes.axvline(side, color=TREATED, linestyle="-" if side == observed else "--", linewidth=1.4)
    axes.set_xlabel({"it": "t di Welch", "en": "Welch's t"}[language])
    axes.xaxis.set_major_locator(MaxNLocator(5, integer=True))
    _number(axes.xaxis, language, 0)
    _number(axes.yaxis, language, 2)


def two_centres(data: LessonData, shocks: Sequence[float], language: Language) -> Figure:
    """What two centres' own events would give without any programme, as their SD grows, and the estimate among it."""
    found, said = did_estimate(data), []
    with multiples(len(shocks)) as (figure, panels):
        for axes, shock in zip(panels, shocks, strict=True):
            low, high = (
                float(end) for end in shocked_interval(found.estimate, found.std_error, found.critical, np.array(shock))
            )
            _bell(axes, found, shock, language)
            axes.set_title(f"{number(shock, language, 3)}\n{interval(low, high, language)}", fontsize=9)
            said.append(f"{number(shock, language, 3)}: {interval(low, high, language)}")
            axes.spines["left"].set_visible(False)
        panels[0].set_yticks([])
    unit = data.study.protocol.primary.unit_text[language]
    caption = {
        "it": f"Quali stime darebbero, senza alcun programma, il caso tra i ragazzi e un evento proprio di ogni "
        f"centro, la cui DS ({unit}) "
        "sta sopra ogni riquadro con l'intervallo che ne tiene conto. Nella fascia cade il 95 % delle stime; in blu "
        "la nostra.",
        "en": "Which estimates chance among children and an event of each centre's own would give without any "
        "programme; the SD of the "
        f"event ({unit}) stands above each panel, with the interval that allows for it. 95 % of the estimates fall "
        f"in the band; ours is blue.",
    }
    alt = {
        "it": f"Stima {number(found.estimate, language)}. DS dell'evento e intervallo: {'; '.join(said)}.",
        "en": f"Estimate {number(found.estimate, language)}. SD of the event and interval: {'; '.join(said)}.",
    }
    return Figure(figure, caption[language], alt[language])


def usual_shocks(data: LessonData) -> tuple[float, float, float]:
    """Shocks worth a look: none, the break-even one (half of the declared where there is none), the declared one."""
    found = two_centre_of(data)
    middle = found.shock_sd / 2 if np.isnan(found.break_even_shock) else found.break_even_shock
    low, high = sorted((middle, found.shock_sd))
    return 0.0, low, high


def _bell(axes: Axes, found: Estimate, shock: float, language: Language) -> None:
    spread = float(np.sqrt(found.std_error**2 + 2 * shock**2))
    x = np.linspace(-1, 1, 400) * max(4 * spread, 1.4 * abs(found.estimate), 0.8)
    density = stats.t.pdf(x / spread, found.df) / spread
    usual = np.abs(x) <= found.critical * spread
    axes.fill_between(x[usual], density[usual], color=BAND, linewidth=0)
    axes.plot(x, density, color=EXPECTED)
    axes.axvline(found.estimate, color=TREATED)
    axes.set_xlabel({"it": "stima senza programma", "en": "estimate without the programme"}[language], fontsize=9)
    axes.set_xlim(-0.9, 0.9)
    axes.set_ylim(0, None)
    axes.xaxis.set_major_locator(MaxNLocator(4))
    _number(axes.xaxis, language, 1)


def _number(axis: Axis, language: Language, decimals: int) -> None:
    axis.set_major_formatter(FuncFormatter(lambda value, _: number(value, language, decimals)))


def _signed(value: float, language: Language) -> str:
    return ("+" if value > 0 else "") + number(value, language)


def _p(p: float, language: Language) -> str:
    shown = p_value(p, language)
    return shown if shown.startswith("<") else f"= {shown}"
