"""Figures and tables of lesson 9: a design in four parts, simulated intervals, what methods would say, power."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cache

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter

from evaluation.counterfactual.sample import Array
from evaluation.design import simulated
from evaluation.design.diagnosis import (
    BLOCK,
    AnswerStrategy,
    DataStrategy,
    Design,
    Diagnosands,
    Inquiry,
    Model,
    diagnose,
    simulate,
    with_effect,
)
from evaluation.design.power import POWER, Plan, degrees, planned_shock, rejection_rate, std_error
from evaluation.language import NO_VALUE, Language, number, percent, text
from evaluation.publishing.exhibits import Figure, Table
from evaluation.reporting.style import COMPARISON, EXPECTED, INK, TREATED
from evaluation_course.figures import multiples

DESIGN = Design(
    Model(rho=0.5, gap=0.25, trend=0.25, shock_icc=0.0),
    Inquiry(effect=0.5),
    DataStrategy(n_treated=40, n_comparison=40),
    AnswerStrategy(alpha=0.05, shock_icc=0.02, permutations=199),
)
SEED = 20230306
STUDIES = 2_000
SHOWN = 40  # intervals in a panel
SHOCKS = (0.0, 0.02, 0.10)
SIZES = (20, 40, 160)
METHODS = {
    "before_after": text("prima-dopo", "before-after"),
    "difference": text("con-senza", "with-without"),
    "did": text("differenza nelle differenze", "difference in differences"),
    "ancova": text("ANCOVA", "ANCOVA"),
    "permutation": text("permutazione", "permutation"),
    "two_centre": text("intervallo dei due centri", "two-centre interval"),
}


def shocked(design: Design, icc: float) -> Design:
    """Return the design in a world where this share of the variance of change lies between centres."""
    return replace(design, model=replace(design.model, shock_icc=icc))


@cache
def studies(design: Design, count: int = STUDIES, seed: int = SEED) -> tuple[Array, Array, Array]:
    """Simulate studies with the effect and answer each by difference in differences: estimate and interval, (count,)."""
    blocks = []
    for stream in np.random.SeedSequence(seed).spawn(-(-count // BLOCK)):
        rng = np.random.Generator(np.random.PCG64(stream))
        fits = simulated.did(with_effect(simulate(design.model, design.data, BLOCK, rng), design.inquiry.effect))
        blocks.append((fits.estimate, *simulated.interval(fits, design.answer.alpha)))
    estimate, low, high = (np.concatenate(part)[:count] for part in zip(*blocks, strict=True))
    return estimate, low, high


def parts(design: Design, language: Language) -> Table:
    """The four parts of a design, the question each answers, and what it says here."""
    model, data, answer = design.model, design.data, design.answer
    rho, gap, trend, effect = (
        number(value, language) for value in (model.rho, model.gap, model.trend, design.inquiry.effect)
    )
    alpha = percent(answer.alpha, language)
    rows = {
        "it": (
            ("M, modello", "Come nascono i dati?", f"correlazione tra le rilevazioni {rho}; vantaggio iniziale {gap}; "
             f"crescita comune {trend}; nessun evento di centro"),
            ("I, domanda", "Che cosa si vuole sapere?", f"l'effetto medio sui trattati, che qui vale {effect}"),
            ("D, dati", "Chi si osserva, e come?", f"{data.n_treated} ragazzi nel centro trattato, {data.n_comparison} nel "
             "confronto, visti due volte"),
            ("A, risposta", "Con quale calcolo?", f"differenza nelle differenze, test al {alpha}"),
        ),
        "en": (
            ("M, model", "How do the data come about?", f"correlation of the waves {rho}; lead at the start {gap}; common "
             f"growth {trend}; no centre shock"),
            ("I, inquiry", "What do we want to know?", f"the mean effect on the treated, which here is {effect}"),
            ("D, data", "Who is observed, and how?", f"{data.n_treated} children in the treated centre, "
             f"{data.n_comparison} in the comparison, seen twice"),
            ("A, answer", "By which calculation?", f"difference in differences, test at {alpha}"),
        ),
    }  # fmt: skip
    words = {"it": ("Parte", "A che cosa risponde", "Qui"), "en": ("Part", "What it answers", "Here")}
    caption = {
        "it": "Un disegno in quattro parti. I numeri sono in deviazioni standard del punteggio.",
        "en": "A design in four parts. Numbers are in standard deviations of the score.",
    }
    return Table(words[language], rows[language], frozenset(), caption[language])


def coverage(design: Design, iccs: Sequence[float], language: Language) -> Figure:
    """The first intervals of simulated studies under larger and larger centre shocks, and how often all of them cover."""
    truth, said = design.inquiry.effect, []
    with multiples(len(iccs)) as (figure, panels):
        for axes, icc in zip(panels, iccs, strict=True):
            estimate, low, high = studies(shocked(design, icc))
            covered = (low <= truth) & (truth <= high)
            _intervals(axes, (estimate[:SHOWN], low[:SHOWN], high[:SHOWN]), covered[:SHOWN], truth, language)
            share = percent(float(covered.mean()), language, 1)
            axes.set_title(f"{number(icc, language)}: {share}", fontsize=10)
            said.append(f"{number(icc, language)} → {share}")
        panels[0].set_ylabel({"it": "studi simulati", "en": "simulated studies"}[language])
        panels[0].set_yticks([])
    caption = {
        "it": f"Gli intervalli dei primi {SHOWN} studi; in arancio chi manca il vero effetto (linea). Sopra ogni riquadro la "
        f"parte della varianza che sta tra i centri e la copertura in {number(len(estimate), language, 0)} studi.",
        "en": f"Intervals of the first {SHOWN} studies; in orange those that miss the true effect (line). Above each panel the "
        f"part of the variance between centres and the coverage in {number(len(estimate), language, 0)} studies.",
    }
    alt = {
        "it": f"Varianza tra i centri e copertura degli intervalli: {'; '.join(said)}.",
        "en": f"Variance between centres and coverage of the intervals: {'; '.join(said)}.",
    }
    return Figure(figure, caption[language], alt[language])


def _intervals(axes: Axes, shown: tuple[Array, Array, Array], covered: Array, truth: float, language: Language) -> None:
    estimate, low, high = shown
    place = np.arange(len(estimate))
    for rows, colour in ((covered, EXPECTED), (~covered, COMPARISON)):
        axes.hlines(place[rows], low[rows], high[rows], color=colour, linewidth=1.1 if colour == EXPECTED else 1.8)
        axes.plot(estimate[rows], place[rows], "o", color=colour, markersize=2.5)
    axes.axvline(truth, color=TREATED, linewidth=1.4)
    axes.set_xlim(truth - 1.5, truth + 1.5)
    axes.set_xticks([truth - 1, truth, truth + 1])
    axes.spines["left"].set_visible(False)
    axes.set_xlabel({"it": "effetto", "en": "effect"}[language], fontsize=9)
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: number(value, language, 1)))


def diagnosis(design: Design, iccs: tuple[float, float], language: Language) -> Table:
    """What every method would say of the simulated studies, without and with shocks of centres."""
    calm, stirred = (_by_method(shocked(design, icc)) for icc in iccs)
    rows = tuple(
        (
            name[language],
            *(number(value, language) for value in (calm[method].bias, calm[method].rmse)),
            percent(calm[method].power, language),
            *(
                _turn(getattr(calm[method], what), getattr(stirred[method], what), language)
                for what in ("coverage", "size")
            ),
        )
        for method, name in METHODS.items()
    )
    words = {
        "it": ("Metodo", "Distorsione", "RMSE", "Potenza", "Copertura", "Falsi allarmi"),
        "en": ("Method", "Bias", "RMSE", "Power", "Coverage", "False alarms"),
    }
    with_icc = number(iccs[1], language)
    count, effect = number(STUDIES, language, 0), number(design.inquiry.effect, language)
    caption = {
        "it": f"Il disegno messo alla prova in {count} studi simulati. Dopo la freccia, con eventi di centro che fanno "
        f"{with_icc} della varianza del cambiamento.",
        "en": f"The design put to the test in {count} simulated studies. After the arrow, with centre shocks that make "
        f"{with_icc} of the variance of change.",
    }
    note = {
        "it": f"Effetto vero {effect}. Falsi allarmi: quante volte il metodo vede un effetto che non c'è. La permutazione è "
        "un test, e non dà una stima.",
        "en": f"True effect {effect}. False alarms: how often the method sees an effect that is not there. The permutation "
        "is a test, and gives no estimate.",
    }
    return Table(words[language], rows, frozenset(range(1, 6)), caption[language], note[language])


def _turn(calm: float, stirred: float, language: Language) -> str:
    if np.isnan(calm):
        return NO_VALUE
    return f"{percent(calm, language)} → {percent(stirred, language)}"


@cache
def _by_method(design: Design) -> dict[str, Diagnosands]:
    return {found.method: found for found in diagnose(design, STUDIES, SEED)}


def power(design: Design, sizes: Sequence[int], language: Language) -> Figure:
    """Power against the effect, for more and more children a centre, without and with the declared centre shock."""
    effects, said = np.linspace(0, 1.2, 49), []
    label = {"it": ("senza eventi", "con eventi di centro"), "en": ("no shocks", "with centre shocks")}[language]
    with multiples(len(sizes)) as (figure, panels):
        for axes, size in zip(panels, sizes, strict=True):
            plan = Plan(size, size, design.model.rho, design.answer.alpha)
            shocks = (0.0, planned_shock(plan.rho, design.answer.shock_icc))
            found = [[_power(plan, effect, shock) for effect in effects] for shock in shocks]
            for curve, colour, style, word in zip(found, (TREATED, COMPARISON), ("-", "--"), label, strict=True):
                axes.plot(effects, curve, color=colour, linestyle=style, label=word)
            axes.axhline(POWER, color=INK, linewidth=0.8, linestyle=":")
            axes.set_title({"it": f"{size} per centro", "en": f"{size} a centre"}[language], fontsize=10)
            axes.set_xlabel({"it": "effetto vero (DS)", "en": "true effect (SD)"}[language], fontsize=9)
            axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: number(value, language, 1)))
            here = [percent(_power(plan, design.inquiry.effect, shock), language) for shock in shocks]
            said.append(f"{size}: {here[0]}, {here[1]}")
        panels[0].set_ylabel({"it": "potenza", "en": "power"}[language])
        panels[0].yaxis.set_major_formatter(FuncFormatter(lambda value, _: percent(value, language)))
        panels[-1].legend(loc="lower right", fontsize=8)
    icc, effect = number(design.answer.shock_icc, language), number(design.inquiry.effect, language)
    caption = {
        "it": f"Quante volte il disegno scopre un effetto, secondo quanto è grande. Gli eventi di centro fanno {icc} della "
        "varianza del cambiamento, e l'intervallo ne tiene conto.",
        "en": f"How often the design finds an effect, by how large it is. The centre shocks make {icc} of the variance of "
        "change, and the interval allows for them.",
    }
    alt = {
        "it": f"Potenza per un effetto di {effect}, senza e con eventi, secondo i ragazzi per centro: {'; '.join(said)}.",
        "en": f"Power for an effect of {effect}, without and with shocks, by children a centre: {'; '.join(said)}.",
    }
    return Figure(figure, caption[language], alt[language])


def _power(plan: Plan, effect: float, shock: float) -> float:
    return rejection_rate(float(effect), std_error(plan), degrees(plan), plan.alpha, shock=shock, declared=shock)
