"""What the contract pays for the evidence: exact decimal arithmetic, every step in the trace."""

from __future__ import annotations

import decimal
import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from decimal import Decimal
from math import prod
from typing import Any, Literal

import pandas as pd

from evaluation.language import LANGUAGES, Text, exact, text
from evaluation.study.contract import GATES, ROUNDINGS, SIGNS, Contract, Decision, Gate, GateKind, Metric, Rule
from evaluation.study.formulas import FORMULAS

State = Literal["earned", "not_earned", "undetermined", "disputed"]
OPERATORS: dict[str, Callable[[Decimal, Decimal], bool]] = {
    "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge, "==": operator.eq,
}  # fmt: skip
ROUNDING = {
    "half_even": decimal.ROUND_HALF_EVEN, "half_up": decimal.ROUND_HALF_UP,
    "down": decimal.ROUND_DOWN, "up": decimal.ROUND_UP,
}  # fmt: skip
STATISTICS = {
    "point": text("stima puntuale", "point estimate"),
    "ci_lower": text("limite inferiore dell'intervallo", "lower end of the interval"),
}
ZERO = Decimal(0)
PRECISION = 28  # significant digits of every step, whatever the reader's own session has set


@dataclass(frozen=True)
class Evidence:
    """What is known of one metric, as published: None where it is missing or withheld.

    point, ci_lower : in the metric's unit, larger is better. gates : the quantity each kind of gate looks at.
    """

    point: Decimal | None
    ci_lower: Decimal | None
    gates: Mapping[GateKind, Decimal | None]


@dataclass(frozen=True)
class Step:
    """One line of the calculation: what it is about, what was done in words, and the result."""

    subject: str
    words: Text
    value: str = ""


@dataclass(frozen=True)
class MetricVerdict:
    """Whether a metric counts, on which value, and with which share of its amount."""

    metric: str
    value: Decimal | None
    state: Literal["counts", "zero", "undetermined"]
    share: Decimal
    reasons: tuple[Text, ...] = ()


@dataclass(frozen=True)
class Verdict:
    """The contractual verdict and the amount: None where the verdict is open. `steps` is the whole calculation."""

    state: State
    amount: Decimal | None
    currency: str
    metrics: tuple[MetricVerdict, ...]
    rules: tuple[tuple[str, str, Decimal | None], ...]  # rule, metric, amount before the contract's limits
    steps: tuple[Step, ...] = field(repr=False)


def decide(contract: Contract, evidence: Mapping[str, Evidence], *, disputed: bool = False) -> Verdict:
    """Apply the contract to the evidence, one entry a metric id.

    Missing or insufficient evidence makes the verdict `undetermined`, never a zero. Rounding happens once, at the end.
    """
    with decimal.localcontext(decimal.Context(prec=PRECISION)):
        return _decide(contract, evidence, disputed)


def _decide(contract: Contract, evidence: Mapping[str, Evidence], disputed: bool) -> Verdict:
    steps: list[Step] = []
    metrics = {
        m.id: _decide_metric(m, contract.decision_for(m.id), evidence.get(m.id), steps) for m in contract.metrics
    }
    weights = {metric.id: metric.weight for metric in contract.metrics}
    amounts = _rule_amounts(contract, metrics, weights, steps)
    rules = tuple((rule.id, rule.metric, amounts[rule.id]) for rule in contract.rules)
    found = (contract.contract.currency, tuple(metrics.values()), rules)
    if any(amount is None for amount in amounts.values()) or not _investment_raised(contract, steps):
        words = text(
            "l'esito resta aperto: mancano prove sufficienti", "the verdict stays open: the evidence is not sufficient"
        )
        steps.append(Step("total", words))
        return Verdict("disputed" if disputed else "undetermined", None, *found, tuple(steps))
    total = _limited(contract, sum((a for a in amounts.values() if a is not None), ZERO), steps)
    state: State = "disputed" if disputed else "earned" if total > 0 else "not_earned"
    return Verdict(state, total, *found, tuple(steps))


def _decide_metric(metric: Metric, decision: Decision, evidence: Evidence | None, steps: list[Step]) -> MetricVerdict:
    value = None if evidence is None else evidence.point if decision.statistic == "point" else evidence.ci_lower
    if evidence is None or value is None:
        reason = text("l'effetto non è disponibile", "the effect is not available")
        steps.append(Step(metric.id, reason))
        return MetricVerdict(metric.id, None, "undetermined", Decimal(1), (reason,))
    steps.append(Step(metric.id, STATISTICS[decision.statistic], str(value)))
    failed = [gate for gate in decision.gates if not _passes(metric.id, gate, evidence, steps)]
    reasons = tuple(_gate_words(gate, evidence.gates.get(gate.kind)) for gate in failed)
    unknown = any(evidence.gates.get(gate.kind) is None for gate in failed)
    share = prod((gate.share for gate in failed if gate.share is not None), start=Decimal(1))
    if unknown or any(gate.on_fail in ("undetermined", "refer") for gate in failed):
        return MetricVerdict(metric.id, value, "undetermined", share, reasons)
    state: Literal["zero", "counts"] = "zero" if any(gate.on_fail == "zero" for gate in failed) else "counts"
    return MetricVerdict(metric.id, value, state, share, reasons)


def _passes(metric: str, gate: Gate, evidence: Evidence, steps: list[Step]) -> bool:
    observed = evidence.gates.get(gate.kind)
    passed = observed is not None and OPERATORS[gate.op](observed, gate.value)
    outcome = text("superata", "passed") if passed else text("non superata", "not passed")
    words = _gate_words(gate, observed)
    shown = text(f"{words['it']}: {outcome['it']}", f"{words['en']}: {outcome['en']}")
    steps.append(Step(metric, shown, "" if observed is None else str(observed)))
    return passed


def _gate_words(gate: Gate, observed: Decimal | None) -> Text:
    """Name a gate, its bound, and that the evidence is missing if it is."""
    name, sign = GATES[gate.kind], SIGNS.get(gate.op, gate.op)
    missing = text(" (manca)", " (missing)") if observed is None else text("", "")
    return {code: f"{name[code]} {sign} {exact(gate.value, code)}{missing[code]}" for code in LANGUAGES}


def _investment_raised(contract: Contract, steps: list[Step]) -> bool:
    """Whether the finance that must stand before any payment was closed."""
    investment = contract.investment
    if investment is None or not investment.required_before_payment or investment.closed_on is not None:
        return True
    steps.append(Step("total", text("l'investimento richiesto non è chiuso", "the required investment is not closed")))
    return False


def _rule_amounts(
    contract: Contract, metrics: Mapping[str, MetricVerdict], weights: Mapping[str, Decimal], steps: list[Step]
) -> dict[str, Decimal | None]:
    """Amount of each rule in order of priority, a bonus after what it is on; None where a metric is undetermined."""
    amounts: dict[str, Decimal | None] = {}
    for bonus in (False, True):
        rules = sorted((r for r in contract.rules if bool(r.formula.bonus) is bonus), key=lambda rule: rule.priority)
        for rule in (rule for rule in rules if rule.id not in amounts):  # not put aside before
            amounts[rule.id] = _rule_amount(rule, metrics, weights[rule.metric], amounts, steps)
        amounts = _without_replaced(rules, amounts, steps)
    return amounts


def _rule_amount(
    rule: Rule, metrics: Mapping[str, MetricVerdict], weight: Decimal,
    amounts: Mapping[str, Decimal | None], steps: list[Step],
) -> Decimal | None:  # fmt: skip
    """Amount of one rule: the formula, the metric's weight, what the gates leave, the rule's own limits."""
    factors = rule.formula.product.metrics if rule.formula.product else ()
    needed = [metrics[name] for name in dict.fromkeys((rule.metric, *factors))]
    base_open = rule.formula.bonus is not None and amounts[rule.formula.bonus.base] is None
    if base_open or any(metric.state == "undetermined" for metric in needed):
        return _noted(rule, FORMULAS[rule.formula.kind], None, steps)
    if any(metric.state == "zero" for metric in needed):
        return _noted(rule, text("una condizione azzera l'importo", "a gate sets the amount to zero"), ZERO, steps)
    raw = _apply(rule, metrics[rule.metric].value or ZERO, metrics, amounts)
    _noted(rule, FORMULAS[rule.formula.kind], raw, steps)
    share = prod((metric.share for metric in needed), start=Decimal(1))
    if weight != 1:
        words = text(f"per il peso {exact(weight, 'it')}", f"times the weight {exact(weight, 'en')}")
        _noted(rule, words, raw * weight, steps)
    if share != 1:
        words = text(
            f"per la quota {exact(share, 'it')} che resta", f"times the share {exact(share, 'en')} that is kept"
        )
        _noted(rule, words, raw * weight * share, steps)
    due = raw * weight * share
    limited = _clamp(due, rule.floor if due > 0 else None, rule.cap)
    if limited != due:
        _noted(rule, text("entro i limiti della regola", "within the limits of the rule"), limited, steps)
    return limited


def _noted(rule: Rule, words: Text, amount: Decimal | None, steps: list[Step]) -> Decimal | None:
    steps.append(Step(rule.id, words, _shown(amount)))
    return amount


def _apply(
    rule: Rule, value: Decimal, metrics: Mapping[str, MetricVerdict], amounts: Mapping[str, Decimal | None]
) -> Decimal:
    """Amount of one rule for a value, before weight, haircut and limits."""
    formula = rule.formula
    if formula.per_unit:
        return max(value, ZERO) * formula.per_unit.price
    if formula.ramp:
        return formula.ramp.at(value)
    if formula.steps:
        reached_steps = [(step.start, step.amount) for step in formula.steps if value >= step.start]
        return max(reached_steps)[1] if reached_steps else ZERO
    if formula.fixed:
        return formula.fixed.amount if value >= formula.fixed.threshold else ZERO
    if formula.product:
        factors = (max(metrics[name].value or ZERO, ZERO) for name in formula.product.metrics)
        return prod(factors, start=formula.product.price)
    if formula.share:
        return formula.share.of(max(value, ZERO) * formula.share.unit_value)
    if formula.bonus:
        return formula.bonus.rate * (amounts[formula.bonus.base] or ZERO) if value > 0 else ZERO
    raise AssertionError(formula)


def _without_replaced(
    rules: Sequence[Rule], amounts: dict[str, Decimal | None], steps: list[Step]
) -> dict[str, Decimal | None]:
    """Put aside what a rule that pays replaces, in order of priority: what is put aside replaces nothing."""
    for rule in rules:
        for replaced in rule.replaces if amounts[rule.id] else ():
            amounts = {**amounts, replaced: ZERO}
            steps.append(Step(replaced, text(f"sostituita da {rule.id}", f"replaced by {rule.id}"), _shown(ZERO)))
    return amounts


def _limited(contract: Contract, total: Decimal, steps: list[Step]) -> Decimal:
    """Apply offset, caps and floor of the contract, then round: once."""
    limits = contract.limits
    steps.append(Step("total", text("somma delle regole", "sum of the rules"), _shown(total)))
    if limits.offset:
        total = max(total - limits.offset, ZERO)
        words = text(f"meno la compensazione {limits.offset}", f"less the offset {limits.offset}")
        steps.append(Step("total", words, _shown(total)))
    caps = [cap for cap in (limits.period_cap, limits.total_cap) if cap is not None]
    limited = _clamp(total, limits.floor if total > 0 else None, min(caps))
    if limited != total:
        low, high = limits.floor or 0, min(caps)
        words = text(f"entro i limiti {low} e {high}", f"within the limits {low} and {high}")
        steps.append(Step("total", words, _shown(limited)))
    unit = Decimal(1).scaleb(-contract.rounding.decimals)
    rounded = limited.quantize(unit, rounding=ROUNDING[contract.rounding.mode])
    mode = ROUNDINGS[contract.rounding.mode]
    words = text(f"arrotondato {mode['it']}, una volta sola", f"rounded {mode['en']}, once")
    steps.append(Step("total", words, _shown(rounded)))
    return rounded


def _clamp(amount: Decimal, floor: Decimal | None, cap: Decimal | None) -> Decimal:
    raised = amount if floor is None else max(amount, floor)
    return raised if cap is None else min(raised, cap)


def _shown(amount: Decimal | None) -> str:
    return "" if amount is None else f"{amount:f}"


COLUMNS = ("rule", "metric", "outcome", "wave", "statistic", "value", "unit", "state", "amount", "currency")


def payment_table(contract: Contract | None, verdict: Verdict) -> pd.DataFrame:
    """One row a rule and one for the total, with `COLUMNS`; no row without a contract."""
    if contract is None:
        return pd.DataFrame(columns=list(COLUMNS))
    metrics = {metric.id: metric for metric in contract.metrics}
    decided = {metric.metric: metric for metric in verdict.metrics}
    rows: list[tuple[str, ...]] = []
    for rule, metric_id, amount in verdict.rules:
        metric, found = metrics[metric_id], decided[metric_id]
        statistic = contract.decision_for(metric_id).statistic
        value = "" if found.value is None else str(found.value)
        about = (rule, metric_id, metric.outcome, metric.wave, statistic, value, metric.unit)
        rows.append((*about, found.state, _shown(amount), verdict.currency))
    rows.append(("total", "", "", "", "", "", "", verdict.state, _shown(verdict.amount), verdict.currency))
    return pd.DataFrame(rows, columns=list(COLUMNS))


def payment_trace(contract: Contract, verdict: Verdict) -> dict[str, Any]:
    """Return payment.json: the contract's terms, the verdict, and every step of the calculation."""
    record = asdict(verdict)
    record["amount"] = None if verdict.amount is None else _shown(verdict.amount)
    terms = contract.model_dump(mode="json", by_alias=True, exclude_unset=True)
    return {"format": 1, "contract": terms, "verdict": record}
