"""The figures: each draws numbers made elsewhere, and says in its alternative text what they show."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from evaluation.counterfactual.panel import Sample
from evaluation.counterfactual.resampling import permutation_distribution, permutation_p
from evaluation.counterfactual.sensitivity import shocked_interval
from evaluation.language import Language, interval, number, p_value, percent, text
from evaluation.reporting.exhibits import Figure
from evaluation.reporting.style import BAND, COMPARISON, EXPECTED, FAINT, INK, MARKERS, TREATED, drawing
from evaluation.reporting.tables import to_number
from evaluation.reporting.words import centre_name, covariate_name, outcome_name, wave_name
from evaluation.study.folder import Study

NOT_DRAWN = text(
    "*Figura non disegnata: riguarderebbe troppo pochi ragazzi, o il numero non c'è.*",
    "*Figure not drawn: it would rest on too few children, or there is no number.*",
)
Row = Mapping[str, str]
COLOURS = {"treated": TREATED, "comparison": COMPARISON, "counterfactual": EXPECTED}


def means(study: Study, table: pd.DataFrame, outcome: str, wave: str, language: Language) -> Figure | str:
    """Means of the two centres at baseline and follow-up, with the path expected without the programme."""
    if table.loc[table["wave"] == wave, "n"].min() < study.protocol.privacy.minimum_cell:
        return NOT_DRAWN[language]
    here = table[table["wave"] == wave].set_index(["centre", "when"])
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
        f"ci si attendeva {number(expected, language)}. La distanza, {number(end - expected, language)}, è l'effetto stimato.",
        "en": f"The treated centre moves from {number(start, language)} to {number(end, language)} {unit}; without the "
        f"programme {number(expected, language)} was expected. The gap, {number(end - expected, language)}, is the "
        "estimated effect.",
    }[language]
    return Figure(figure, caption, alt)


def _spread_labels(axes: object) -> None:
    """Move the labels at the right apart where they would overlap."""
    labels = sorted(axes.texts, key=lambda label: label.xy[1])  # type: ignore[attr-defined]
    low, high = axes.get_ylim()  # type: ignore[attr-defined]
    gap = 0.12 * (high - low)
    height = -np.inf
    for label in labels:
        y = max(label.xy[1], height + gap)
        label.set_position((9, (y - label.xy[1]) / (high - low) * 3.0 * 72))
        height = y


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


def estimators(study: Study, estimates: pd.DataFrame, names: dict[str, str], language: Language) -> Figure:
    """The primary outcome by every estimator, the confirmatory one stressed, the naive ones beside it."""
    drawn = lines(
        estimates.to_dict("records"), lambda r: names[r["estimator"]], ("estimate", "ci_low", "ci_high"),
        lambda r: r["estimator"] == study.protocol.analysis.estimator,
    )  # fmt: skip
    outcome = study.protocol.outcome(estimates["outcome"].iloc[0])
    unit, name = outcome.unit_text[language], outcome.name[language]
    values = "; ".join(f"{line.name} {number(line.value, language)}" for line in drawn)
    caption = {
        "it": f"{name}: l'effetto secondo ogni stimatore, con intervalli al 95 %. In blu quello prestabilito.",
        "en": f"{name}: the effect by every estimator, with 95 % intervals. The pre-specified one is in blue.",
    }[language]
    alt = {"it": f"Stime in {unit}: {values}.", "en": f"Estimates in {unit}: {values}."}[language]
    return forest(drawn, unit, caption, alt, language)


def outcomes(study: Study, estimates: pd.DataFrame, language: Language) -> Figure:
    """Every outcome by the pre-specified estimator, as Hedges' g."""
    drawn = lines(
        estimates.to_dict("records"), lambda r: outcome_name(study.protocol, r["outcome"], language),
        ("hedges_g", "g_low", "g_high"), lambda r: r["role"] == "primary",
    )  # fmt: skip
    clear = [line.name for line in drawn if line.low > 0 or line.high < 0]
    caption = {
        "it": "Tutti gli esiti, effetto standardizzato (g di Hedges) con intervalli al 95 %. In blu l'esito primario.",
        "en": "All outcomes, standardised effect (Hedges' g) with 95 % intervals. The primary outcome is in blue.",
    }[language]
    alt = {
        "it": f"Su {len(drawn)} esiti l'intervallo esclude lo zero per: {', '.join(clear) or 'nessuno'}.",
        "en": f"Of {len(drawn)} outcomes the interval excludes zero for: {', '.join(clear) or 'none'}.",
    }[language]
    return forest(drawn, {"it": "g di Hedges", "en": "Hedges' g"}[language], caption, alt, language)


def balance(study: Study, table: pd.DataFrame, language: Language) -> Figure:
    """Standardised baseline differences, against the bounds of the What Works Clearinghouse."""
    shown = [r for r in table.to_dict("records") if not np.isnan(to_number(r["smd"]))]
    names = [
        outcome_name(study.protocol, r["variable"], language)
        if r["kind"] == "outcome"
        else covariate_name(r["variable"], language)
        for r in shown
    ]
    values = [to_number(r["smd"]) for r in shown]
    with drawing(language, height=0.9 + 0.3 * len(shown)) as (figure, axes):
        axes.axvspan(-0.25, 0.25, color=BAND, linewidth=0)
        axes.axvspan(-0.05, 0.05, color=FAINT, linewidth=0)
        axes.axvline(0, color=INK, linewidth=0.8)
        axes.plot(values, range(len(shown)), "o", color=TREATED)
        axes.set_yticks(range(len(shown)), names)
        axes.invert_yaxis()
        axes.tick_params(axis="y", length=0)
        axes.set_xlabel(
            {"it": "differenza standardizzata alla baseline (g)", "en": "standardised difference at baseline (g)"}[
                language
            ]
        )
    above = [name for name, value in zip(names, values, strict=True) if abs(value) > 0.25]
    caption = {
        "it": "Differenze iniziali tra i centri. Fascia scura: equivalenti (|g| ≤ 0,05); chiara: da aggiustare (fino a 0,25).",
        "en": "Baseline differences between the centres. Dark band: equivalent (|g| ≤ 0.05); light: needs adjustment (to 0.25).",
    }[language]
    alt = {
        "it": f"{len(above)} variabili su {len(names)} oltre 0,25: {', '.join(above) or 'nessuna'}.",
        "en": f"{len(above)} of {len(names)} variables beyond 0.25: {', '.join(above) or 'none'}.",
    }[language]
    return Figure(figure, caption, alt)


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


def permutation(study: Study, sample: Sample, language: Language) -> Figure | str:
    """Where the observed t lies among those of shuffled centre labels."""
    pairs, analysis = sample.pairs(), study.protocol.analysis
    if min(pairs.n_treated, pairs.n_comparison) < study.protocol.privacy.minimum_cell or not np.ptp(pairs.change):
        return NOT_DRAWN[language]
    observed, permuted, exact = permutation_distribution(
        pairs.change, pairs.treated, analysis.permutations, analysis.seed
    )
    p = permutation_p(observed, permuted, exact)
    with drawing(language) as (figure, axes):
        axes.hist(permuted, bins=60, color=FAINT, edgecolor="white", linewidth=0.3)
        for value in (-abs(observed), abs(observed)):
            axes.axvline(value, color=TREATED, linestyle="-" if value == observed else "--")
        axes.set_yticks([])
        axes.spines["left"].set_visible(False)
        axes.set_xlabel(
            {"it": "t di Welch con i centri rimescolati", "en": "Welch's t with shuffled centres"}[language]
        )
    caption = {
        "it": "Quanto spesso il caso da solo darebbe un risultato così lontano da zero, se i bambini fossero scambiabili.",
        "en": "How often chance alone would give a result this far from zero, if children were exchangeable.",
    }[language]
    alt = {
        "it": f"Il t osservato è {number(observed, language)}; p di permutazione {p_value(p, language)}.",
        "en": f"The observed t is {number(observed, language)}; permutation p {p_value(p, language)}.",
    }[language]
    return Figure(figure, caption, alt)


def two_centres(study: Study, row: Row, language: Language) -> Figure | str:
    """The interval as the shock that moves whole centres grows; declared and break-even shock marked."""
    if np.isnan(to_number(row["estimate"])):
        return NOT_DRAWN[language]
    unit = study.protocol.outcome(row["outcome"]).unit_text[language]
    value, error, upper = (to_number(row[c]) for c in ("estimate", "std_error", "ci_high"))
    declared, break_even = to_number(row["shock_sd"]), to_number(row["break_even_shock"])
    reach = 2.2 * np.nanmax([declared, break_even, error / 2])
    shocks = np.linspace(0, reach, 200)
    low, high = shocked_interval(value, error, (upper - value) / error, shocks)
    with drawing(language) as (figure, axes):
        axes.fill_between(shocks, low, high, color=BAND, linewidth=0)
        axes.plot(shocks, low, color=TREATED)
        axes.plot(shocks, high, color=TREATED)
        axes.axhline(0, color=INK, linewidth=0.8)
        axes.axhline(value, color=TREATED, linewidth=1, linestyle=":")
        axes.axvline(declared, color=COMPARISON, linestyle="--", linewidth=1.2)
        axes.annotate(
            {"it": "dichiarato", "en": "declared"}[language], (declared, axes.get_ylim()[1]), xytext=(4, -10),
            textcoords="offset points", color=COMPARISON,
        )  # fmt: skip
        if not np.isnan(break_even):
            axes.plot(break_even, 0, "D", color=INK)
            axes.annotate(
                {"it": "pareggio", "en": "break-even"}[language], (break_even, 0), xytext=(0, -16),
                textcoords="offset points", ha="center",
            )  # fmt: skip
        axes.set_xlim(0, reach)
        axes.set_xlabel({"it": f"shock di un centro (DS, {unit})", "en": f"shock of a centre (SD, {unit})"}[language])
        axes.set_ylabel({"it": "effetto", "en": "effect"}[language] + f" ({unit})")
    shown = interval(to_number(row["two_centre_low"]), to_number(row["two_centre_high"]), language)
    caption = {
        "it": "L'intervallo al 95 % quando un evento che tocca un intero centro può spostarne i ragazzi.",
        "en": "The 95 % interval when an event that touches a whole centre may move its children.",
    }[language]
    undone = {
        "it": "L'intervallo contiene lo zero già senza shock." if np.isnan(break_even)
        else f"Lo zero entra da uno shock di {number(break_even, language, 3)}.",
        "en": "The interval holds zero even without a shock." if np.isnan(break_even)
        else f"Zero enters from a shock of {number(break_even, language, 3)}.",
    }[language]  # fmt: skip
    alt = {
        "it": f"Con lo shock dichiarato ({number(declared, language, 3)} {unit}) l'intervallo va da {shown}. {undone}",
        "en": f"With the declared shock ({number(declared, language, 3)} {unit}) the interval is {shown}. {undone}",
    }[language]
    return Figure(figure, caption, alt)


def ramp(study: Study, trace: Mapping[str, Any], language: Language) -> Figure | str:
    """The amount along the ramp of the first rule, and where the evidence stands on it."""
    rule = study.contract.rules[0] if study.contract else None
    if study.contract is None or rule is None or rule.formula.ramp is None or trace["verdict"]["amount"] is None:
        return NOT_DRAWN[language]
    terms, currency = rule.formula.ramp, trace["verdict"]["currency"]
    metric = next(m for m in study.contract.metrics if m.id == rule.metric)
    unit = study.protocol.outcome(metric.outcome).unit_text[language]
    amount = float(trace["verdict"]["amount"])
    value = float(next(m["value"] for m in trace["verdict"]["metrics"] if m["metric"] == metric.id))
    start, full = float(terms.start), float(terms.full)
    spread = full - start
    left, right = min(start - 0.6 * spread, value - 0.1 * spread), max(full + 0.4 * spread, value + 0.1 * spread)
    low, high = float(terms.amount_start), float(terms.amount_full)
    with drawing(language) as (figure, axes):
        axes.plot([left, start, start, full, right], [0, 0, low, high, high], color=EXPECTED)
        axes.plot([value, value], [0, amount], color=TREATED, linestyle=":")
        axes.plot(value, amount, "o", color=TREATED, markersize=8)
        axes.annotate(
            f"{number(amount, language, 0)} {currency}", (value, amount), xytext=(8, -12), textcoords="offset points",
            color=TREATED,
        )  # fmt: skip
        axes.set_xlim(left, right)
        axes.set_xlabel({"it": "effetto", "en": "effect"}[language] + f" ({unit})")
        axes.set_ylabel(currency)
    caption = {
        "it": "La regola a rampa: nulla sotto la soglia, l'importo pieno dal valore pieno in poi.",
        "en": "The ramp: nothing below the threshold, the full amount from the full value on.",
    }[language]
    share = percent(amount / high if high else float("nan"), language)
    alt = {
        "it": f"Soglia {number(start, language)}, pieno {number(full, language)} {unit}. Valore {number(value, language)}: "
        f"{number(amount, language)} {currency}, il {share} dell'importo pieno.",
        "en": f"Threshold {number(start, language)}, full {number(full, language)} {unit}. Value {number(value, language)}: "
        f"{number(amount, language)} {currency}, {share} of the full amount.",
    }[language]
    return Figure(figure, caption, alt)
