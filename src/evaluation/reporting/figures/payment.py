"""The figure of notebook 06: the rule of payment, and where the evidence stands on it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from evaluation.language import Language, number, percent
from evaluation.publishing.exhibits import Figure
from evaluation.reporting.figures.common import NOT_DRAWN
from evaluation.reporting.style import EXPECTED, TREATED, drawing
from evaluation.study.folder import Study


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
