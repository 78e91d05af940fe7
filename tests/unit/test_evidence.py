"""From published tables to what a contract looks at: withheld or missing is never zero, and every digit is the reader's."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from scipy import stats
from study_builder import StudyFolder, build

from evaluation.payment.decide import COLUMNS
from evaluation.payment.evidence import exact, gather_evidence, settle
from evaluation.study.folder import Study

ROW = {
    "outcome": "skills", "role": "primary", "wave": "t1", "estimator": "did", "estimate": "0.312345678912", "std_error": "0.1",
    "df": "20", "ci_low": "0.1", "ci_high": "0.5", "p_value": "0.004", "unit": "baseline SD", "n_treated": "12",
    "n_comparison": "11",
}  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> StudyFolder:
    return build(tmp_path / "study")


def tables(**changed: str) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """The published tables with the cells of the paid row `changed`, among rows that must not be taken for it."""
    others = [
        {**ROW, "estimator": "ancova", "estimate": "9"},
        {**ROW, "wave": "t2", "estimate": "9"},
        {**ROW, "outcome": "making", "estimate": "9"},
    ]
    estimates = pd.DataFrame([*others, {**ROW, **changed}])
    flow = pd.DataFrame(
        {
            "wave": ["t2", "t1", "t1"],
            "centre": ["both", "treated", "both"],
            "enrolled": ["999", "999", changed.get("enrolled", "25")],
        }
    )
    balance = pd.DataFrame(
        {
            "variable": ["age", "skills", "skills"],
            "kind": ["covariate", "outcome", "outcome"],
            "wave": ["t1", "t2", "t1"],
            "smd": ["0.9", "0.9", changed.get("smd", "-0.2")],
        }
    )
    return estimates, flow, balance


def found(study: Study, hours: float = 30.0, **changed: str) -> Any:
    assert study.contract is not None
    return gather_evidence(study.protocol, study.contract, *tables(**changed), hours)["m"]


def verdict(study: Study, hours: float = 30.0, **changed: str) -> dict[str, Any]:
    return settle(study, *tables(**changed), hours)[1]["verdict"]


def with_gate(folder: StudyFolder, kind: str, op: str, value: str) -> Study:
    old = '{kind: min_n, op: ">=", value: 20, on_fail: undetermined}'
    return folder.replace("contract.yml", old, f'{{kind: {kind}, op: "{op}", value: {value}, on_fail: zero}}').load()


def test_the_contract_pays_on_the_confirmatory_row_with_the_digits_that_are_published(folder: StudyFolder):
    table, document = settle(folder.load(), *tables(), 30.0)
    assert document["verdict"]["state"] == "earned"
    assert document["verdict"]["amount"] == "312.35"
    assert table["value"].tolist() == ["0.312345678912", ""]
    assert found(folder.load()).point == Decimal("0.312345678912")


def test_every_gate_looks_at_its_own_cell(folder: StudyFolder):
    investment = "investment: {required_before_payment: false, amount: 45000.00, closed_on: 2023-02-28}\nmetrics:"
    study = folder.replace("contract.yml", "metrics:", investment).load()
    assert found(study, hours=147.5).gates == {
        "min_n": 23, "attrition": Decimal("0.08"), "baseline_smd": Decimal("0.2"), "p_value": Decimal("0.004"),
        "hours": Decimal("147.5"), "investment": 45_000,
    }  # fmt: skip


def test_an_investment_that_is_not_closed_was_not_raised(folder: StudyFolder):
    investment = "investment: {required_before_payment: false, amount: 45000.00}\nmetrics:"
    assert found(folder.replace("contract.yml", "metrics:", investment).load()).gates["investment"] is None
    assert found(build(folder.path.parent / "other").load()).gates["investment"] is None


@pytest.mark.parametrize("cell", ["suppressed", "", "nan", "inf", "–"])
def test_a_withheld_or_empty_effect_leaves_the_verdict_open(folder: StudyFolder, cell: str):
    assert verdict(folder.load(), estimate=cell)["state"] == "undetermined"
    assert verdict(folder.load(), estimate=cell)["amount"] is None


@pytest.mark.parametrize(
    ("kind", "op", "value", "column"),
    [
        ("min_n", ">=", "20", "n_treated"), ("min_n", ">=", "20", "n_comparison"), ("attrition", "<=", "0.3", "enrolled"),
        ("baseline_smd", "<=", "0.5", "smd"), ("p_value", "<", "0.05", "p_value"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("cell", ["suppressed", ""])
def test_a_gate_whose_cell_is_withheld_or_empty_leaves_the_verdict_open(
    folder: StudyFolder, kind: str, op: str, value: str, column: str, cell: str
):
    study = with_gate(folder, kind, op, value)
    assert verdict(study)["state"] == "earned"
    assert verdict(study, **{column: cell})["state"] == "undetermined"


def test_hours_that_nobody_noted_leave_an_hours_gate_open(folder: StudyFolder):
    study = with_gate(folder, "hours", ">=", "20")
    assert verdict(study, hours=20.0)["state"] == "earned"
    assert verdict(study, hours=19.9)["state"] == "not_earned"
    assert verdict(study, hours=float("nan"))["state"] == "undetermined"


def test_a_row_that_is_not_there_leaves_the_verdict_open(folder: StudyFolder):
    study = folder.load()
    estimates, flow, balance = tables()
    assert settle(study, estimates.iloc[:3], flow, balance, 30.0)[1]["verdict"]["state"] == "undetermined"
    assert settle(study, estimates, flow.iloc[:0], balance.iloc[:0], 30.0)[1]["verdict"]["state"] == "earned"
    with_attrition = with_gate(folder, "attrition", "<=", "0.3")
    document = settle(with_attrition, estimates, flow.iloc[:2], balance, 30.0)[1]
    assert document["verdict"]["state"] == "undetermined"


def test_without_a_contract_there_is_no_verdict(folder: StudyFolder):
    table, document = settle(folder.remove("contract.yml").load(), *tables(), 30.0)
    assert document == {"format": 1, "contract": None, "verdict": {"state": "none", "amount": None}}
    assert table.empty
    assert tuple(table.columns) == COLUMNS


@pytest.mark.parametrize(("df", "quantile"), [("20", stats.t.ppf(0.975, 20)), ("", stats.norm.ppf(0.975))])
def test_the_lower_end_is_the_t_interval_or_the_normal_one_without_df(folder: StudyFolder, df: str, quantile: float):
    lower = found(folder.load(), df=df, estimate="0.3").ci_lower
    assert float(lower) == pytest.approx(0.3 - quantile * 0.1, rel=1e-11)  # twelve published digits


def test_the_lower_end_has_the_contracts_level(folder: StudyFolder):
    folder.replace("contract.yml", "statistic: point", "statistic: ci_lower\n    ci_level: 0.8")
    lower = 0.3 - float(stats.t.ppf(0.9, 20)) * 0.1
    assert float(found(folder.load(), estimate="0.3").ci_lower) == pytest.approx(lower, rel=1e-11)
    assert verdict(folder.load(), estimate="0.3")["amount"] == f"{1000 * lower:.2f}"
    assert verdict(folder.load(), std_error="")["state"] == "undetermined"
    assert verdict(folder.load(), std_error="suppressed")["state"] == "undetermined"


def test_where_lower_is_better_a_fall_pays_and_its_cautious_end_is_the_smaller_fall(folder: StudyFolder):
    folder.replace("contract.yml", "direction: higher", "direction: lower")
    fall = found(folder.load(), estimate="-0.3")
    assert fall.point == Decimal("0.3")
    assert float(fall.ci_lower) == pytest.approx(0.3 - stats.t.ppf(0.975, 20) * 0.1, rel=1e-11)
    assert verdict(folder.load(), estimate="-0.3")["amount"] == "300.00"
    assert verdict(folder.load(), estimate="0.3")["state"] == "not_earned"


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ("0.1", Decimal("0.1")), ("-2e-05", Decimal("-0.00002")), ("", None), ("suppressed", None), ("nan", None), (None, None),
        ("inf", None),
    ],
)  # fmt: skip
def test_a_published_cell_is_a_decimal_or_nothing(cell: object, value: Decimal | None):
    assert exact(cell) == value
