"""contract.yml: the terms of the Social Impact Incentive. Names follow the INDIGO data standard where it has one."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from evaluation.language import Text, text
from evaluation.study.documents import (
    Bilingual,
    Date,
    Defect,
    Location,
    Model,
    Number,
    Whole,
    backwards,
    refuse,
    twice,
    unknown,
)
from evaluation.study.findings import Finding, Findings, nearest, one_of
from evaluation.study.formulas import FORMULAS as FORMULAS
from evaluation.study.formulas import Amount, Exact, Formula, Rate

if TYPE_CHECKING:
    from evaluation.study.protocol import Protocol

GateKind = Literal["min_n", "attrition", "baseline_smd", "p_value", "hours", "investment"]

GATES: dict[GateKind, Text] = {
    "min_n": text("ragazzi analizzati", "children analysed"),
    "attrition": text("quota di ragazzi persi", "share of children lost"),
    "baseline_smd": text("differenza iniziale standardizzata", "standardised baseline difference"),
    "p_value": text("valore p", "p-value"),
    "hours": text("ore medie frequentate", "mean hours attended"),
    "investment": text("investimento raccolto", "investment raised"),
}
SIGNS = {">=": "≥", "<=": "≤", "==": "="}
ROUNDINGS: dict[str, Text] = {
    "half_even": text("al più vicino, a metà alla cifra pari", "to the nearest, halves to even"),
    "half_up": text("al più vicino, a metà verso l'alto", "to the nearest, halves up"),
    "down": text("per difetto", "down"),
    "up": text("per eccesso", "up"),
}


def _listed(value: Any) -> Any:
    return [value] if isinstance(value, str) else [] if value is None else value


class ContractIdentity(Model):
    """Which contract, in which version, in which currency."""

    id: str
    version: str
    status: str
    fictional: bool
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
    effective: Date
    cup: str | None = None
    cig: str | None = None


class Party(Model):
    """One signatory of the contract; the evaluator's certificate may be named by its SHA-256 fingerprint."""

    id: str
    role: Literal["outcome_payer", "impact_enterprise", "impact_investor", "evaluator"]
    name: str
    signatory: str | None = None
    independence_declared: bool | None = None
    certificate_sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")] | None = None


class Investment(Model):
    """The repayable finance, and whether it must be raised before any payment."""

    required_before_payment: bool
    amount: Amount | None = None
    closed_on: Date | None = None


class Metric(Model):
    """What is paid for: an outcome at a wave, estimated by the protocol's confirmatory estimator."""

    id: str
    label: Bilingual
    unit: str
    direction: Literal["higher", "lower"]
    weight: Amount = Decimal(1)
    outcome: str
    wave: str


class Gate(Model):
    """A condition on the evidence: the metric counts only where `kind` `op` `value` holds."""

    kind: GateKind
    op: Literal["<", "<=", ">", ">=", "=="]
    value: Exact
    on_fail: Literal["zero", "undetermined", "haircut", "refer"]
    share: Rate | None = None

    @model_validator(mode="after")
    def _haircut_has_share(self) -> Gate:
        if (self.on_fail == "haircut") != (self.share is not None):
            kept = text(
                "`share` (quanto resta, da 0 a 1) con on_fail: haircut, e solo con esso",
                "`share` (what is kept, 0 to 1) with on_fail: haircut, and only with it",
            )
            refuse([Defect(f"{self.on_fail}, share {self.share}", kept, at=("on_fail",))])
        return self


class Decision(Model):
    """Which statistic of a metric is paid on, and the gates before it."""

    metric: str
    statistic: Literal["point", "ci_lower"] = "point"
    ci_level: Number = Field(default=0.95, gt=0.5, lt=1)
    gates: tuple[Gate, ...] = ()


class Rule(Model):
    """One rule of payment; `replaces` names the rule, or the rules, that this one puts aside when it pays."""

    id: str
    metric: str
    formula: Formula
    floor: Amount | None = None
    cap: Amount | None = None
    priority: Whole = 1
    replaces: Annotated[tuple[str, ...], BeforeValidator(_listed)] = ()


class Limits(Model):
    """What all rules together may pay."""

    total_cap: Amount
    period_cap: Amount | None = None
    floor: Amount | None = None
    carry_forward: bool
    offset: Amount | None = None
    clawback: bool | None = None


class Period(Model):
    """When a claim is made, verified and paid."""

    period: str
    starts: Date = Field(alias="from")
    ends: Date = Field(alias="to")
    claim_days: Whole = Field(ge=0)
    verify_days: Whole = Field(ge=0)
    pay_days: Whole = Field(ge=0)

    @model_validator(mode="after")
    def _in_order(self) -> Period:
        refuse(backwards(self.starts, self.ends))
        return self


class Dispute(Model):
    """How long a party may object, and how far a re-analysis may differ."""

    window_days: Whole = Field(ge=0)
    reanalysis_tolerance: Amount
    pay_undisputed: bool


class Rounding(Model):
    """How the amount is rounded: once, at the end."""

    mode: Literal["half_even", "half_up", "down", "up"]
    decimals: Whole = Field(ge=0, le=4)


class Contract(Model):
    """The terms of the Social Impact Incentive, format 1."""

    format: Literal[1] = 1
    contract: ContractIdentity
    parties: tuple[Party, ...] = ()
    investment: Investment | None = None
    metrics: tuple[Metric, ...] = Field(min_length=1)
    decision: tuple[Decision, ...] = ()
    rules: tuple[Rule, ...] = Field(min_length=1)
    limits: Limits
    schedule: tuple[Period, ...] = ()
    dispute: Dispute | None = None
    rounding: Rounding

    @model_validator(mode="after")
    def _names_hold(self) -> Contract:
        metrics = [metric.id for metric in self.metrics]
        rules = [rule.id for rule in self.rules]
        decided = [decision.metric for decision in self.decision]
        named: list[tuple[Location, str]] = [(("decision", k, "metric"), name) for k, name in enumerate(decided)]
        named += [(("rules", k, "metric"), rule.metric) for k, rule in enumerate(self.rules)]
        named += [(at, name) for k, rule in enumerate(self.rules) for at, name in _factors(k, rule)]
        refuse(
            [unknown(name, metrics, at) for at, name in named if name not in metrics]
            + [defect for k, rule in enumerate(self.rules) for defect in _defects_of_references(k, rule, self.rules)]
            + twice(metrics, ("metrics",), ("id",))
            + twice(rules, ("rules",), ("id",))
            + twice(decided, ("decision",), ("metric",))
        )
        return self

    def decision_for(self, metric: str) -> Decision:
        """Return how the metric is decided; without a word in the contract: on the point estimate, no gates."""
        return next((d for d in self.decision if d.metric == metric), Decision(metric=metric))


def _factors(position: int, rule: Rule) -> list[tuple[Location, str]]:
    """Return the metrics that a rule multiplies, each with its place in the contract."""
    names = rule.formula.product.metrics if rule.formula.product else ()
    return [(("rules", position, "formula", "product", "metrics", k), name) for k, name in enumerate(names)]


def _defects_of_references(position: int, rule: Rule, rules: tuple[Rule, ...]) -> list[Defect]:
    """Return what is wrong with the rules that a rule names: unknown ones, itself, a bonus on a bonus."""
    others = [other.id for other in rules if other.id != rule.id]
    plain = [other.id for other in rules if other.id != rule.id and not other.formula.bonus]
    at: Location = ("rules", position)
    defects = [unknown(name, others, (*at, "replaces")) for name in rule.replaces if name not in others]
    if rule.formula.bonus and rule.formula.bonus.base not in plain:
        defects.append(unknown(rule.formula.bonus.base, plain, (*at, "formula", "bonus", "base")))
    return defects


def check_metrics(contract: Contract, protocol: Protocol, findings: Findings) -> None:
    """Every metric of the contract must be an outcome at a follow-up wave of the protocol, meant the same way."""
    outcomes = {outcome.id: outcome for outcome in protocol.outcomes}
    waves = [wave.id for wave in protocol.follow_ups]
    for k, metric in enumerate(contract.metrics):
        for name, value, known in (("outcome", metric.outcome, list(outcomes)), ("wave", metric.wave, waves)):
            if value not in known:
                findings.error(
                    f"unknown_{name}", "contract.yml", value, one_of(known), nearest(value, known),
                    row=findings.line("contract.yml", "metrics", k, name), column=f"metrics.{metric.id}.{name}",
                )  # fmt: skip
        outcome = outcomes.get(metric.outcome)
        if outcome is None:
            continue
        units = (outcome.unit or outcome.unit_name, outcome.unit_name)
        for name, value, agreed in (
            ("direction", metric.direction, (outcome.direction,)), ("unit", metric.unit, units),
        ):  # fmt: skip
            if value not in agreed:
                _warn_of_two_words(findings, k, f"metrics.{metric.id}.{name}", name, value, agreed[0])


def _warn_of_two_words(findings: Findings, metric: int, column: str, name: str, found: str, agreed: str) -> None:
    as_planned = text(f"come nel protocollo: {agreed or 'niente'}", f"as in the protocol: {agreed or 'nothing'}")
    action = text("Mettere d'accordo contratto e protocollo.", "Make contract and protocol agree.")
    line = findings.line("contract.yml", "metrics", metric, name)
    findings.add(Finding("warning", f"{name}_differs", "contract.yml", found, as_planned, action, line, column))
