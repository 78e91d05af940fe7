"""Figures of notebook 05: chance among children, a difference between centres, other choices, missing children."""

from __future__ import annotations

import numpy as np
import pandas as pd

from evaluation.counterfactual.estimators.registry import estimator_names
from evaluation.counterfactual.sensitivity.sensitivity_table import Shuffled
from evaluation.counterfactual.sensitivity.two_centres import shocked_interval
from evaluation.counterfactual.sensitivity.usual import usual_shocks
from evaluation.language import Language, interval, number, p_value, percent, text
from evaluation.publishing.exhibits import Figure
from evaluation.publishing.published_tables import to_number
from evaluation.reporting.displays.words import centre_name, covariate_name, interval_level
from evaluation.reporting.figures.common import NOT_DRAWN, Row
from evaluation.reporting.style import BAND, COMPARISON, EXPECTED, FAINT, INK, TREATED, drawing, panels
from evaluation.study.folder import Study


def permutation(found: Shuffled | None, language: Language) -> Figure | str:
    """Where the observed t lies among those of shuffled centre labels."""
    if found is None:
        return NOT_DRAWN[language]
    observed, permuted, p = found.observed, found.permuted, found.p
    with drawing(language) as (figure, axes):
        axes.hist(permuted[np.isfinite(permuted)], bins=60, color=FAINT, edgecolor="white", linewidth=0.3)
        for value in (-abs(observed), abs(observed)):
            axes.axvline(value, color=TREATED, linestyle="-" if value == observed else "--")
        axes.set_yticks([])
        axes.spines["left"].set_visible(False)
        axes.set_xlabel(
            {"it": "t di Welch con i centri rimescolati", "en": "Welch's t with shuffled centres"}[language]
        )
    caption = {
        "it": "Quanto spesso il caso da solo darebbe un risultato così lontano da zero, se i ragazzi fossero scambiabili.",
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
    known = (declared, to_number(row["shock_icc"])) if declared > 0 else (break_even, to_number(row["break_even_icc"]))
    reach = 2.4 * np.nanmax([declared, break_even, error / 2])
    shocks = np.linspace(0, reach, 200)
    low, high = shocked_interval(value, error, (upper - value) / error, shocks)
    with drawing(language) as (figure, axes):
        axes.fill_between(shocks, low, high, color=BAND, linewidth=0)
        axes.plot(shocks, low, color=TREATED)
        axes.plot(shocks, high, color=TREATED)
        axes.axhline(0, color=INK, linewidth=0.8)
        axes.axhline(value, color=TREATED, linewidth=1, linestyle=":")
        low_icc, high_icc = usual_shocks(*known)
        if not np.isnan(low_icc):
            axes.axvspan(low_icc, min(high_icc, reach), ymax=0.04, color=EXPECTED, alpha=0.5, linewidth=0)
        if not np.isnan(declared):
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
    level = interval_level(study.protocol, language)
    shown = interval(to_number(row["two_centre_low"]), to_number(row["two_centre_high"]), language)
    caption = {
        "it": f"L'intervallo al {level} quando un evento che tocca un intero centro può spostarne i ragazzi. In grigio, "
        "sull'asse, gli shock usuali tra scuole (ICC 0,01-0,10 dei livelli, per orientarsi).",
        "en": f"The {level} interval when an event that touches a whole centre may move its children. In grey, on the axis, the "
        "shocks usual between schools (ICC 0.01-0.10 of levels, for orientation).",
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


def specification_curve(study: Study, table: pd.DataFrame, language: Language) -> Figure | str:
    """Every specification from the lowest to the highest estimate, with the choices behind each below."""
    drawn = table[table["estimate"].map(to_number).notna()]
    if drawn.empty:
        return NOT_DRAWN[language]
    unit = study.protocol.outcome(drawn["outcome"].iloc[0]).unit_text[language]
    values, low, high = (drawn[name].map(to_number).to_numpy() for name in ("estimate", "ci_low", "ci_high"))
    x = np.arange(len(drawn))
    pre_specified = (drawn["estimator"] == study.protocol.analysis.estimator) & (drawn["scoring"] == "protocol")
    chosen = (pre_specified & drawn["covariates"].isin(["none", "all"]) & (drawn["children"] == "all")).to_numpy()
    rows = [(name, level) for name in CHOICES for level in dict.fromkeys(drawn[name])]
    with panels(language, heights=(3.0, 0.22 * len(rows) + 0.2), width=7.0) as (figure, (top, below)):
        top.vlines(x, low, high, color=FAINT, linewidth=1.4)
        top.plot(x, values, "o", color=EXPECTED, markersize=3.5)
        top.plot(x[chosen], values[chosen], "o", color=TREATED, markersize=7)
        top.axhline(0, color=INK, linewidth=0.8)
        top.set_ylabel({"it": "effetto", "en": "effect"}[language] + f" ({unit})")
        top.set_xticks([])
        for y, (name, level) in enumerate(rows):
            used = (drawn[name] == level).to_numpy()
            below.plot(x[used], np.full(used.sum(), y), "|", color=INK, markersize=6)
        below.set_yticks(range(len(rows)), [choice_name(name, level, language) for name, level in rows], fontsize=8)
        below.invert_yaxis()
        below.set_xticks([])
        below.tick_params(axis="y", length=0)
        below.spines[["left", "bottom"]].set_visible(False)
    first = drawn.iloc[0]
    median, share, p, p_sign = (to_number(first[name]) for name in ("median", "share_of_sign", "p_median", "p_sign"))
    holding = int(((low <= 0) & (high >= 0)).sum())
    caption = {
        "it": "La curva delle specificazioni: lo stesso effetto secondo ogni scelta ragionevole. In blu quella prestabilita. "
        f"{holding} intervalli su {len(drawn)} contengono lo zero; p della mediana delle regressioni {p_value(p, language)}, del "
        f"loro accordo sul segno {p_value(p_sign, language)}. Omesse le scelte che differirebbero per troppo pochi ragazzi.",
        "en": "The specification curve: the same effect by every reasonable choice. The pre-specified one is in blue. "
        f"{holding} of {len(drawn)} intervals hold zero; p of the median of the regressions {p_value(p, language)}, of their "
        f"agreement on the sign {p_value(p_sign, language)}. Choices that would differ by too few children are left out.",
    }[language]
    alt = {
        "it": f"{len(drawn)} specificazioni, mediana {number(median, language)} {unit}; {percent(share, language)} con lo "
        f"stesso segno; {holding} intervalli contengono lo zero.",
        "en": f"{len(drawn)} specifications, median {number(median, language)} {unit}; {percent(share, language)} of one "
        f"sign; {holding} intervals hold zero.",
    }[language]
    return Figure(figure, caption, alt)


CHOICES = ("estimator", "covariates", "scoring", "children")


def choice_name(name: str, level: str, language: Language) -> str:
    """Return what readers call one choice of the specification curve."""
    if name == "estimator":
        return estimator_names(language)[level]
    if name == "covariates":
        words = {"none": text("senza covariate", "no covariates"), "all": text("tutte le covariate", "all covariates")}
        return words[level][language] if level in words else covariate_name(level, language)
    return CHOICE_WORDS[level][language]


CHOICE_WORDS = {
    "protocol": text("punteggio del protocollo", "score of the protocol"),
    "all_answered": text("solo scale con ogni risposta", "only scales fully answered"),
    "standardised_items": text("domande standardizzate", "standardised items"),
    "all": text("tutti i ragazzi", "all children"),
    "common_support": text("solo baseline in comune", "common baselines only"),
}


def missing_children(study: Study, table: pd.DataFrame, wave: str, language: Language) -> Figure | str:
    """The primary effect if the missing children had done better or worse than expected."""
    primary = (table["outcome"] == study.protocol.primary.id) & (table["wave"] == wave)
    shifts = table[primary & (table["method"] == "delta") & (table["lower"].map(to_number).notna())]
    if shifts.empty:
        return NOT_DRAWN[language]
    unit = study.protocol.outcome(shifts["outcome"].iloc[0]).unit_text[language]
    looks = {"treated": (TREATED, "o"), "comparison": (COMPARISON, "s"), "both": (EXPECTED, "D")}
    with drawing(language) as (figure, axes):
        for shifted, (colour, marker) in looks.items():
            here = shifts[shifts["shifted"] == shifted]
            delta, value, low, high = (
                here[c].map(to_number).to_numpy() for c in ("delta", "lower", "ci_low", "ci_high")
            )
            label = centre_name(study.protocol, shifted, language)
            axes.plot(delta, value, color=colour, marker=marker, markersize=4, label=label)
            axes.plot(delta, low, color=colour, linewidth=0.8, linestyle=":")
            axes.plot(delta, high, color=colour, linewidth=0.8, linestyle=":")
        axes.axhline(0, color=INK, linewidth=0.8)
        axes.legend(loc="upper center", bbox_to_anchor=(0.5, 1.16), ncols=3)
        axes.set_xlabel({"it": "scarto dei ragazzi persi (DS)", "en": "shift of the children lost (SD)"}[language])
        axes.set_ylabel({"it": "effetto", "en": "effect"}[language] + f" ({unit})")
    held = all(shifts["ci_low"].map(to_number) > 0) or all(shifts["ci_high"].map(to_number) < 0)
    caption = {
        "it": "L'effetto se i ragazzi persi fossero andati meglio o peggio (imputazione multipla; a punti gli intervalli).",
        "en": "The effect if the children lost had done better or worse (multiple imputation; intervals dotted).",
    }[language]
    alt = {
        "it": "Con ogni scarto l'intervallo esclude lo zero."
        if held
        else "Con alcuni scarti l'intervallo contiene lo zero.",
        "en": "With every shift the interval excludes zero." if held else "With some shifts the interval holds zero.",
    }[language]
    return Figure(figure, caption, alt)
