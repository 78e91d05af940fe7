"""From published tables to what a contract looks at: the same digits that readers see, as exact decimals."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Any

import pandas as pd
from scipy import stats

from evaluation.payment.decide import Evidence, Verdict, decide, payment_table, payment_trace
from evaluation.study.contract import Contract, GateKind, Investment, Metric
from evaluation.study.folder import Study
from evaluation.study.protocol import Protocol

DIGITS = 12  # significant, as in the published tables


def settle(
    study: Study, estimates: pd.DataFrame, flow: pd.DataFrame, balance: pd.DataFrame, hours: float
) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Apply the study's contract to its published tables; return payment.csv and payment.json.

    Without a contract the table is empty and the verdict's state is `none`.
    """
    if study.contract is None:
        empty = Verdict("undetermined", None, "", (), (), ())
        return payment_table(None, empty), {"format": 1, "contract": None, "verdict": {"state": "none", "amount": None}}
    found = gather_evidence(study.protocol, study.contract, estimates, flow, balance, hours)
    verdict = decide(study.contract, found)
    return payment_table(study.contract, verdict), payment_trace(study.contract, verdict)


def gather_evidence(
    protocol: Protocol,
    contract: Contract,
    estimates: pd.DataFrame,
    flow: pd.DataFrame,
    balance: pd.DataFrame,
    hours: float,
) -> dict[str, Evidence]:
    """Return the evidence of every metric of the contract.

    Parameters
    ----------
    estimates, flow, balance : the published tables, as text. hours : mean hours attended; NaN if not known.
    """
    return {
        metric.id: _metric_evidence(metric, protocol, contract, estimates, flow, balance, hours)
        for metric in contract.metrics
    }


def _metric_evidence(
    metric: Metric, protocol: Protocol, contract: Contract,
    estimates: pd.DataFrame, flow: pd.DataFrame, balance: pd.DataFrame, hours: float,
) -> Evidence:  # fmt: skip
    chosen = (estimates["outcome"] == metric.outcome) & (estimates["wave"] == metric.wave)
    rows = estimates[chosen & (estimates["estimator"] == protocol.analysis.estimator)]
    row = rows.iloc[0] if len(rows) else pd.Series(dtype=object)
    sign = 1 if metric.direction == "higher" else -1
    point = exact(row.get("estimate"))
    here = (balance["variable"] == metric.outcome) & (balance["kind"] == "outcome") & (balance["wave"] == metric.wave)
    smd, analysed = _cell(balance, here, "smd"), _sum(exact(row.get("n_treated")), exact(row.get("n_comparison")))
    gates: dict[GateKind, Decimal | None] = {
        "min_n": analysed,
        "attrition": _lost(flow, metric.wave, analysed),
        "baseline_smd": None if smd is None else abs(smd),
        "p_value": exact(row.get("p_value")),
        "hours": exact(f"{hours:.{DIGITS}g}"),
        "investment": _raised(contract.investment),
    }
    lower = _lower_bound(row, sign, contract.decision_for(metric.id).ci_level)
    return Evidence(None if point is None else sign * point, lower, gates)


def _lost(flow: pd.DataFrame, wave: str, analysed: Decimal | None) -> Decimal | None:
    """Share of the children enrolled in both centres whom the estimate does without, to the published digits."""
    enrolled = _cell(flow, (flow["wave"] == wave) & (flow["centre"] == "both"), "enrolled")
    if analysed is None or not enrolled:
        return None
    return exact(f"{float(1 - analysed / enrolled):.{DIGITS}g}")


def exact(cell: object) -> Decimal | None:
    """Return a published cell as a decimal; None where it is empty or withheld."""
    try:
        value = Decimal(str(cell))
    except InvalidOperation:
        return None
    return value if value.is_finite() else None


def _lower_bound(row: pd.Series, sign: int, level: float) -> Decimal | None:
    """Lower end of the interval at `level`, in the direction where more is better."""
    estimate, error = exact(row.get("estimate")), exact(row.get("std_error"))
    if estimate is None or error is None:
        return None
    df = exact(row.get("df"))
    quantile = stats.norm.ppf((1 + level) / 2) if df is None else stats.t.ppf((1 + level) / 2, float(df))
    return exact(f"{sign * float(estimate) - quantile * float(error):.{DIGITS}g}")


def _cell(table: pd.DataFrame, rows: pd.Series, column: str) -> Decimal | None:
    found = table[rows]
    return exact(found[column].iloc[0]) if len(found) else None


def _sum(one: Decimal | None, other: Decimal | None) -> Decimal | None:
    return None if one is None or other is None else one + other


def _raised(investment: Investment | None) -> Decimal | None:
    closed = investment is not None and investment.closed_on is not None
    return investment.amount if closed and investment is not None else None
