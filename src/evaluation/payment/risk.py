"""What the contract would pay if the effect were what it may well be: payment under uncertainty.

The contractual amount stands; this says how much of it is chance. With V = se^2 + 2 s^2, s the protocol's shock of a centre,
it answers three questions, each by a law of its own, to which the contract's own arithmetic is applied: no draws, no noise.

- What would the true effect on these children earn? tau ~ N(tau_hat, V).
- What would another study like this earn, with new children and new shocks? Its estimate ~ N(tau_hat, 2 V): it errs as well.
- How often, and how much, does the contract pay when the programme does nothing? The estimate ~ N(0, V).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import cache

import numpy as np
import pandas as pd
from scipy import stats

from evaluation.language import Text, text
from evaluation.payment.decide import ROUNDING, Evidence, Verdict, decide
from evaluation.payment.evidence import exact, gather_evidence
from evaluation.payment.piecewise import FAR, STRAIGHT, Function, Piece, share, straight_pieces
from evaluation.study.contract import Contract
from evaluation.study.folder import Study
from evaluation.study.protocol import Protocol
from evaluation.study.thresholds import thresholds

LEVEL = 0.95
DIGITS = 10  # decimals kept on the way: rounding comes once, at the end


@dataclass(frozen=True)
class Spread:
    """How uncertain a metric is, in its unit: standard error, its df, and the SD of the declared shock of a centre."""

    std_error: float
    shock_sd: float = 0.0
    df: float = np.inf

    @property
    def sd(self) -> float:
        """SD of the effect: chance among children, and what moves two centres apart."""
        return float(np.sqrt(self.std_error**2 + 2 * self.shock_sd**2))

    def bias(self, level: float) -> float:
        """Difference between the centres' trends that the shock stays below with probability `level`."""
        return float(stats.norm.ppf((1 + level) / 2) * np.sqrt(2) * self.shock_sd)


@dataclass(frozen=True)
class Reached:
    """A threshold of a rule, in the metric's unit, with two probabilities.

    reaches : that the effect paid on is at least the threshold. stays : and below the rule's next one.
    """

    rule: str
    metric: str
    threshold: Decimal
    reaches: float
    stays: float


@dataclass(frozen=True)
class Law:
    """What is paid over a law of effects, where there is a verdict; low, high over its central `level`."""

    expected: Decimal | None = None
    low: Decimal | None = None
    high: Decimal | None = None
    p_paid: float = np.nan
    p_most: float = np.nan
    p_open: float = np.nan


@dataclass(frozen=True)
class Nothing:
    """What the contract pays when the programme does nothing: how often, and how much on average, paid on `statistic`.

    shocked : with the declared shock of a centre, else by chance among children alone.
    """

    statistic: str
    shocked: bool
    p_paid: float
    expected: Decimal | None


@dataclass(frozen=True)
class PaymentRisk:
    """Payment under uncertainty of the true effect; amounts in the contract's currency, rounded as the contract says.

    again : the same of another study like this. nothing : when the programme does nothing, by what is paid on.
    contractual : what is due. expected : mean payment, where there is a verdict. low, high : least and most paid over the
    central `level` of the effects. worst, best : the same if the centres' own trends differ by up to `bias` (by metric,
    in its unit) and chance plays no part. p_paid, p_most : probability that something, and that the most these effects
    can earn, is paid; p_open : that the verdict stays open. fixed : metrics without a standard error, taken as known.
    reason : why there are no amounts.
    """

    currency: str
    level: float
    contractual: Decimal | None = None
    expected: Decimal | None = None
    low: Decimal | None = None
    high: Decimal | None = None
    worst: Decimal | None = None
    best: Decimal | None = None
    p_paid: float = np.nan
    p_most: float = np.nan
    p_open: float = np.nan
    reached: tuple[Reached, ...] = ()
    bias: Mapping[str, float] = field(default_factory=dict)
    fixed: tuple[str, ...] = ()
    reason: Text | None = None
    again: Law = Law()
    nothing: tuple[Nothing, ...] = ()


def assess(
    study: Study,
    estimates: pd.DataFrame,
    flow: pd.DataFrame,
    balance: pd.DataFrame,
    sensitivity: pd.DataFrame,
    hours: float,
) -> PaymentRisk | None:
    """Return the risk of the study's payment from its published tables, as text; None without a contract."""
    if study.contract is None:
        return None
    evidence = gather_evidence(study.protocol, study.contract, estimates, flow, balance, hours)
    known = study.contract, evidence, gather_spreads(study.protocol, study.contract, estimates, sensitivity)
    risk = payment_risk(*known)
    if risk.reason is not None:
        return risk
    return replace(risk, again=another_study(*known), nothing=tuple(without_effect(*known)))


def gather_spreads(
    protocol: Protocol, contract: Contract, estimates: pd.DataFrame, sensitivity: pd.DataFrame
) -> dict[str, Spread]:
    """Return the spread of every metric whose standard error is published; without a published shock, chance alone."""
    found = {}
    for metric in contract.metrics:
        error, df, shock = (
            exact(_cell(table, (metric.outcome, metric.wave, estimator), column))
            for table, estimator, column in (
                (estimates, protocol.analysis.estimator, "std_error"),
                (estimates, protocol.analysis.estimator, "df"),
                (sensitivity, "did", "shock_sd"),
            )
        )
        if error is not None:
            found[metric.id] = Spread(float(error), float(shock or 0), np.inf if df is None else float(df))
    return found


def _cell(table: pd.DataFrame, key: tuple[str, str, str], column: str) -> object:
    rows = table[(table[["outcome", "wave", "estimator"]] == list(key)).all(axis=1)]
    return rows[column].iloc[0] if len(rows) else None


def payment_risk(
    contract: Contract, evidence: Mapping[str, Evidence], spreads: Mapping[str, Spread], level: float = LEVEL
) -> PaymentRisk:
    """Return what the contract would pay over the law of the effects.

    Parameters
    ----------
    evidence : as for `payment.decide`. spreads : by metric; metrics without one are taken as known.

    Notes
    -----
    Several uncertain metrics move together, as they do in the same children and centres: the probability of each
    threshold is exact whatever their dependence, and so is the expected sum of rules on one metric each; the interval is
    then the widest. The lower end of an interval keeps its distance from the effect; p-values move with it.
    """
    verdict = decide(contract, evidence)
    risk = PaymentRisk(
        contract.contract.currency, level, verdict.amount, reached=tuple(_reached(contract, verdict, spreads)),
        bias={name: spread.bias(level) for name, spread in spreads.items()},
        fixed=tuple(metric.id for metric in contract.metrics if metric.id not in spreads),
    )  # fmt: skip
    steps = {name: spread.sd for name, spread in spreads.items()}
    law = _law(contract, evidence, spreads, steps, level)
    if law.expected is None:
        words = text("l'esito resta aperto, qualunque sia l'effetto", "the verdict stays open, whatever the effect")
        return replace(risk, reason=words)
    shifted = straight_pieces(
        _payment(contract, evidence, spreads, risk.bias), 1.0, _places(contract, verdict, risk.bias)
    )
    worst, best = _ends(contract, shifted, 1.0)
    return replace(
        risk, expected=law.expected, low=law.low, high=law.high, worst=worst, best=best,
        p_paid=law.p_paid, p_most=law.p_most, p_open=law.p_open,
    )  # fmt: skip


def another_study(
    contract: Contract, evidence: Mapping[str, Evidence], spreads: Mapping[str, Spread], level: float = LEVEL
) -> Law:
    """Return what another study like this would pay: arguments as of `payment_risk`, with twice the variance."""
    twice = {name: float(np.sqrt(2)) * spread.sd for name, spread in spreads.items()}
    return _law(contract, evidence, spreads, twice, level)


def _law(
    contract: Contract,
    evidence: Mapping[str, Evidence],
    spreads: Mapping[str, Spread],
    steps: Mapping[str, float],
    level: float,
) -> Law:
    """Return what is paid when each effect is normal about its estimate with the SD of its step."""
    verdict = decide(contract, evidence)
    pieces = straight_pieces(_payment(contract, evidence, spreads, steps), FAR, _places(contract, verdict, steps))
    known = [piece for piece in pieces if not np.isnan(piece.first)]
    if not known:
        return Law()
    settled = share(known, lambda _: True)
    most = max(max(piece.first, piece.last) for piece in known)
    low, high = _ends(contract, pieces, float(stats.norm.ppf((1 + level) / 2)))
    return Law(
        _rounded(contract, sum(piece.total for piece in known) / settled), low, high,
        share(known, lambda piece: max(piece.first, piece.last) > 0),
        share(known, lambda piece: min(piece.first, piece.last) >= most * (1 - STRAIGHT) > 0),
        share(pieces, lambda piece: bool(np.isnan(piece.first))),
    )  # fmt: skip


def without_effect(
    contract: Contract, evidence: Mapping[str, Evidence], spreads: Mapping[str, Spread], level: float = LEVEL
) -> Iterator[Nothing]:
    """Yield what is paid for no effect, on the estimate and on the lower end of its interval, without and with the shock."""
    still = {name: _at_zero(evidence[name], spread) for name, spread in spreads.items()}
    shocked = any(spread.shock_sd > 0 for spread in spreads.values())
    for statistic in STATISTICS:
        decision = tuple(one.model_copy(update={"statistic": statistic}) for one in contract.decision)
        terms = contract.model_copy(update={"decision": decision})
        for with_shock in (False, True)[: 1 + shocked]:
            steps = {name: spread.sd if with_shock else spread.std_error for name, spread in spreads.items()}
            law = _law(terms, {**evidence, **still}, spreads, steps, level)
            if law.expected is not None:
                yield Nothing(statistic, with_shock, law.p_paid, law.expected)


STATISTICS = ("point", "ci_lower")


def _at_zero(evidence: Evidence, spread: Spread) -> Evidence:
    """Return the evidence of no effect: the lower end of its interval keeps its distance from the estimate."""
    return evidence if evidence.point is None else _moved(evidence, spread, -float(evidence.point))


def _payment(
    contract: Contract, evidence: Mapping[str, Evidence], spreads: Mapping[str, Spread], steps: Mapping[str, float]
) -> Function:
    """Return the payment as a function of how many steps the effects lie from their estimates; NaN where it is open."""
    exact_terms = contract.model_copy(update={"rounding": contract.rounding.model_copy(update={"decimals": DIGITS})})

    @cache
    def pay(place: float) -> float:
        moved = {name: _moved(evidence[name], spread, steps[name] * place) for name, spread in spreads.items()}
        amount = decide(exact_terms, {**evidence, **moved}).amount
        return np.nan if amount is None else float(amount)

    return pay


def _moved(evidence: Evidence, spread: Spread, by: float) -> Evidence:
    """Return the evidence with its effect moved, and with it the end of the interval and the p-value."""
    point, lower = (None if value is None else value + Decimal(by) for value in (evidence.point, evidence.ci_lower))
    gates = dict(evidence.gates)
    if point is not None and gates.get("p_value") is not None and spread.std_error > 0:
        gates["p_value"] = Decimal(float(2 * stats.t.sf(abs(float(point)) / spread.std_error, spread.df)))
    return Evidence(point, lower, gates)


def _places(contract: Contract, verdict: Verdict, steps: Mapping[str, float]) -> list[float]:
    """Return how many steps from their estimates the effects reach each threshold of the contract."""
    values = {metric.metric: metric.value for metric in verdict.metrics}
    named = {
        (rule.metric, threshold) for rule in contract.rules for threshold in (Decimal(0), *thresholds(rule.formula))
    }
    return [
        float(threshold - value) / steps[metric]
        for metric, threshold in named
        if (value := values[metric]) is not None and steps.get(metric)
    ]


def _ends(contract: Contract, pieces: list[Piece], reach: float) -> tuple[Decimal | None, Decimal | None]:
    """Return the least and the most paid from -reach to reach; None where every verdict there is open."""
    paid = [
        piece.at(place)
        for piece in pieces
        if piece.start < reach and piece.end > -reach and not np.isnan(piece.first)
        for place in (max(piece.start, -reach), min(piece.end, reach))
    ]
    return (_rounded(contract, min(paid)), _rounded(contract, max(paid))) if paid else (None, None)


def _rounded(contract: Contract, amount: float) -> Decimal:
    unit = Decimal(1).scaleb(-contract.rounding.decimals)
    return round(Decimal(amount), DIGITS).quantize(unit, rounding=ROUNDING[contract.rounding.mode])


def _reached(contract: Contract, verdict: Verdict, spreads: Mapping[str, Spread]) -> Iterator[Reached]:
    values = {metric.metric: metric.value for metric in verdict.metrics}
    for rule in contract.rules:
        value, named = values[rule.metric], thresholds(rule.formula)
        if value is None:
            continue
        sd = spreads[rule.metric].sd if rule.metric in spreads else 0.0
        reaches = [stats.norm.sf(float(at - value) / sd) if sd else float(value >= at) for at in named]
        for at, here, further in zip(named, reaches, [*reaches[1:], 0.0], strict=True):
            yield Reached(rule.id, rule.metric, at, float(here), float(here - further))


AMOUNTS = ("contractual", "expected", "low", "high", "worst", "best")
AGAIN = ("expected", "low", "high")
PROBABILITIES = ("p_paid", "p_most", "p_open")
COLUMNS = ("quantity", "rule", "metric", "threshold", "value", "unit", "reason_it", "reason_en")


def payment_risk_table(contract: Contract | None, risk: PaymentRisk | None) -> pd.DataFrame:
    """One row a quantity, with `COLUMNS`; no row without a contract.

    Quantities: level; the amounts of `PaymentRisk` (unit: currency); its probabilities, then `reaches` and `stays` of each
    rule and threshold; those of another study (`again_…`); `nothing_…` and `nothing_shocked_…`, in whose rows the rule is
    the statistic paid on; `bias` of each metric, in its unit; `fixed` metrics. The reason stands at the expected payment.
    """
    if contract is None or risk is None:
        return pd.DataFrame(columns=list(COLUMNS))
    why = (risk.reason["it"], risk.reason["en"]) if risk.reason else ("", "")
    rows: list[tuple[object, ...]] = [("level", "", "", "", risk.level, "probability", "", "")]
    for name in AMOUNTS:
        amount = getattr(risk, name)
        shown = "" if amount is None else f"{amount:f}"
        rows.append((name, "", "", "", shown, risk.currency, *(why if name == "expected" else ("", ""))))
    rows += [(name, "", "", "", getattr(risk, name), "probability", "", "") for name in PROBABILITIES]
    for at in risk.reached:
        about = (at.rule, at.metric, f"{at.threshold:f}")
        rows += [(name, *about, getattr(at, name), "probability", "", "") for name in ("reaches", "stays")]
    units = {metric.id: metric.unit for metric in contract.metrics}
    again = risk.again
    if again.expected is not None:
        rows += [(f"again_{name}", "", "", "", f"{getattr(again, name):f}", risk.currency, "", "") for name in AGAIN]
        rows += [(f"again_{name}", "", "", "", getattr(again, name), "probability", "", "") for name in PROBABILITIES]
    for one in risk.nothing:
        name = "nothing_shocked" if one.shocked else "nothing"
        rows.append((f"{name}_p_paid", one.statistic, "", "", one.p_paid, "probability", "", ""))
        rows.append((f"{name}_expected", one.statistic, "", "", f"{one.expected:f}", risk.currency, "", ""))
    rows += [("bias", "", name, "", bias, units[name], "", "") for name, bias in risk.bias.items()]
    rows += [("fixed", "", name, "", "", units[name], "", "") for name in risk.fixed]
    return pd.DataFrame(rows, columns=list(COLUMNS))
