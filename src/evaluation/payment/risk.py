"""What the contract would pay if the effect were what it may well be: payment under uncertainty.

The contractual amount stands; this says how much of it is chance. The effect is taken as tau ~ N(tau_hat, se^2 + 2 s^2), with
s the protocol's shock of a centre, and the contract's own arithmetic is applied all along that law: no draws, no noise.
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
class PaymentRisk:
    """Payment under uncertainty; amounts in the contract's currency, rounded as the contract says.

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
    return payment_risk(
        study.contract, evidence, gather_spreads(study.protocol, study.contract, estimates, sensitivity)
    )


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
    pieces = straight_pieces(_payment(contract, evidence, spreads, steps), FAR, _places(contract, verdict, steps))
    known = [piece for piece in pieces if not np.isnan(piece.first)]
    if not known:
        words = text("l'esito resta aperto, qualunque sia l'effetto", "the verdict stays open, whatever the effect")
        return replace(risk, reason=words)
    settled = share(known, lambda _: True)
    most = max(max(piece.first, piece.last) for piece in known)
    low, high = _ends(contract, pieces, float(stats.norm.ppf((1 + level) / 2)))
    shifted = straight_pieces(
        _payment(contract, evidence, spreads, risk.bias), 1.0, _places(contract, verdict, risk.bias)
    )
    worst, best = _ends(contract, shifted, 1.0)
    return replace(
        risk, expected=_rounded(contract, sum(piece.total for piece in known) / settled),
        low=low, high=high, worst=worst, best=best,
        p_paid=share(known, lambda piece: max(piece.first, piece.last) > 0),
        p_most=share(known, lambda piece: min(piece.first, piece.last) >= most * (1 - STRAIGHT) > 0),
        p_open=share(pieces, lambda piece: bool(np.isnan(piece.first))),
    )  # fmt: skip


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
PROBABILITIES = ("p_paid", "p_most", "p_open")
COLUMNS = ("quantity", "rule", "metric", "threshold", "value", "unit", "reason_it", "reason_en")


def payment_risk_table(contract: Contract | None, risk: PaymentRisk | None) -> pd.DataFrame:
    """One row a quantity, with `COLUMNS`; no row without a contract.

    Quantities: level; the amounts of `PaymentRisk` (unit: currency); its probabilities, then `reaches` and `stays` of each
    rule and threshold; `bias` of each metric, in its unit; `fixed` metrics. The reason stands at the expected payment.
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
    rows += [("bias", "", name, "", bias, units[name], "", "") for name, bias in risk.bias.items()]
    rows += [("fixed", "", name, "", "", units[name], "", "") for name in risk.fixed]
    return pd.DataFrame(rows, columns=list(COLUMNS))
