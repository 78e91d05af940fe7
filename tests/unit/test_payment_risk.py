"""Payment under uncertainty: by hand, by drawing, and by what must hold whatever the contract."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from test_payment import RIKERS, contract, evidence

from evaluation.payment.decide import Evidence, decide
from evaluation.payment.piecewise import straight_pieces
from evaluation.payment.risk import (
    COLUMNS,
    PaymentRisk,
    Spread,
    another_study,
    gather_spreads,
    payment_risk,
    payment_risk_table,
    without_effect,
)
from evaluation.publishing.published_tables import published
from evaluation.reporting.displays.payment_risk import payment_risk_sentence
from evaluation.study.contract import Contract
from evaluation.study.protocol import Protocol
from evaluation.study.thresholds import thresholds

N = stats.norm
CENT = Decimal("0.01")


def risk(
    terms: Contract, point: str = "0.3", error: float = 0.1, shock: float = 0.0, lower: str | None = None, **gates: str
) -> PaymentRisk:
    return payment_risk(terms, {"m": evidence(point, lower, **gates)}, {"m": Spread(error, shock, 80.0)})


def fixed(threshold: str = "0.2", amount: int = 1_000, **more: Any) -> Contract:
    return contract([{"formula": {"fixed": {"threshold": threshold, "amount": amount}}}], **more)


# By hand ----------------------------------------------------------------------------------------------------------


def test_a_fixed_amount_is_paid_as_often_as_the_effect_reaches_its_threshold():
    found = risk(fixed(), error=0.06, shock=0.04)
    sd = np.sqrt(0.06**2 + 2 * 0.04**2)
    p = N.sf((0.2 - 0.3) / sd)
    assert found.p_paid == found.p_most == pytest.approx(p, abs=1e-11)
    (reached,) = found.reached
    assert (reached.rule, reached.metric, reached.threshold) == ("r", "m", Decimal("0.2"))
    assert reached.reaches == reached.stays == pytest.approx(p, rel=1e-12)
    assert found.expected == Decimal(1000 * p).quantize(CENT)
    assert (found.contractual, found.low, found.high, found.p_open) == (1000, 0, 1000, 0)
    # trends that differ by 1.96 sqrt(2) .04 = .111 bring .3 below .2; by .0983, with a shock of .0355, they do not
    assert found.bias == {"m": pytest.approx(0.11087, abs=1e-5)}
    assert (found.worst, found.best) == (0, 1000)
    assert risk(fixed(), shock=0.0355).worst == 1000


def test_steps_are_each_reached_and_stopped_at():
    """Rikers at an estimated fall of 10.6 with an error of 2: a sum over its six steps."""
    steps = [{"from": start, "amount": due} for start, due in RIKERS]
    found = risk(contract([{"formula": {"steps": steps[::-1]}}]), "10.6", 2.0)
    reaches = [N.sf((start - 10.6) / 2) for start, _ in RIKERS]
    stays = -np.diff([*reaches, 0])
    assert [r.threshold for r in found.reached] == [Decimal(str(start)) for start, _ in RIKERS]
    assert [r.reaches for r in found.reached] == pytest.approx(reaches, rel=1e-12)
    assert [r.stays for r in found.reached] == pytest.approx(stays, rel=1e-12)
    expected = sum(share * due for share, (_, due) in zip(stays, RIKERS, strict=True))
    assert float(found.expected or 0) == pytest.approx(expected, abs=0.01)
    assert (found.p_paid, found.p_most) == (pytest.approx(reaches[0], abs=1e-11), pytest.approx(reaches[-1], abs=1e-11))
    # 10.6 -+ 3.92 is 6.68 to 14.52
    assert (found.contractual, found.low, found.high) == (9_600_000, 0, 10_368_000)


def above(start: float, mean: float, sd: float) -> float:
    """Mean of max(X - start, 0), X normal."""
    d = (mean - start) / sd
    return sd * (N.pdf(d) + d * N.cdf(d))


def test_a_ramp_pays_on_average_the_difference_of_two_normal_integrals():
    ramp = {"start": "0.1", "full": "0.5", "amount_start": "0", "amount_full": "60000"}
    found = risk(contract([{"formula": {"ramp": ramp}}]), "0.34", 0.15, 0.09)
    sd = np.sqrt(0.15**2 + 2 * 0.09**2)
    expected = 60_000 / 0.4 * (above(0.1, 0.34, sd) - above(0.5, 0.34, sd))
    assert float(found.expected or 0) == pytest.approx(expected, abs=0.01)
    assert found.contractual == 36_000
    assert found.p_most == pytest.approx(N.sf((0.5 - 0.34) / sd), abs=1e-6)  # the ramp's last stretch counts as its top
    assert (found.p_paid, found.low) == (pytest.approx(N.sf((0.1 - 0.34) / sd), abs=1e-11), 0)


def test_a_price_per_unit_with_weight_cap_and_offset():
    rule = {"formula": {"per_unit": {"price": 100}}}
    terms = contract([rule], weights={"m": "0.5"}, limits={"total_cap": 30, "offset": 5})
    found = risk(terms, "0.4", 0.3)
    expected = 50 * (above(0.1, 0.4, 0.3) - above(0.7, 0.4, 0.3))
    assert float(found.expected or 0) == pytest.approx(expected, abs=0.01)
    assert found.p_paid == pytest.approx(N.sf(-1), abs=1e-5)  # a kink the contract does not name


def test_rounding_is_that_of_the_contract_and_comes_once():
    found = risk(fixed(amount=10, rounding={"mode": "up", "decimals": 0}), "0.2", 0.1)
    assert (found.expected, found.p_paid) == (5, 0.5)  # 10 times one half, nothing to round
    up = risk(fixed(amount=10, rounding={"mode": "up", "decimals": 0}), "0.21", 0.1)
    assert up.expected == 6  # 5.4


def test_the_lower_end_of_an_interval_keeps_its_distance():
    terms = fixed(statistic="ci_lower")
    found = risk(terms, "0.5", 0.1, lower="0.25")
    assert found.p_paid == pytest.approx(N.sf((0.2 - 0.25) / 0.1), abs=1e-11)
    assert found.reached[0].reaches == pytest.approx(found.p_paid, abs=1e-11)


# Gates ------------------------------------------------------------------------------------------------------------


def p_gate(on_fail: str) -> Contract:
    return fixed("-9", gates=[{"kind": "p_value", "op": "<", "value": "0.05", "on_fail": on_fail}])


def test_a_p_value_moves_with_the_effect():
    """Paid beyond 1.990 errors on either side of zero: the law has three of them as its mean, and their SD."""
    bar = stats.t.isf(0.025, 80)
    p = N.sf(bar - 3) + N.cdf(-bar - 3)
    zero = risk(p_gate("zero"), "0.3", 0.1, p_value="0.0036")
    assert (zero.p_paid, zero.p_open) == (pytest.approx(p, abs=1e-9), 0)
    open_ = risk(p_gate("undetermined"), "0.3", 0.1, p_value="0.0036")
    assert (open_.p_paid, open_.p_open) == (pytest.approx(p, abs=1e-9), pytest.approx(1 - p, abs=1e-9))
    assert (open_.expected, zero.expected) == (1000, Decimal(1000 * p).quantize(CENT))  # of the verdicts there are


def test_other_gates_stay_as_they_were_found():
    terms = fixed(gates=[{"kind": "hours", "op": ">=", "value": 150, "on_fail": "haircut", "share": "0.5"}])
    assert risk(terms, hours="100").high == 500
    assert risk(terms, hours="200").high == 1000


@pytest.mark.parametrize("found", [risk(fixed(), hours="1", lower=None), None])
def test_an_open_verdict_has_a_reason_and_no_amounts(found):
    if found is not None:
        terms = fixed(gates=[{"kind": "hours", "op": ">=", "value": 150, "on_fail": "refer"}])
        found = risk(terms, hours="1")
        assert found.reached[0].reaches > 0.8  # of the effect that is known, not of the payment
    else:
        found = payment_risk(fixed(), {"m": evidence(None)}, {"m": Spread(0.1)})
        assert found.reached == ()
    assert found.reason is not None
    assert (found.contractual, found.expected, found.low, found.worst) == (None, None, None, None)
    assert np.isnan([found.p_paid, found.p_most]).all()


# Several metrics --------------------------------------------------------------------------------------------------


def test_metrics_without_an_error_are_taken_as_known():
    rules = [{"id": "product", "metric": "a", "formula": {"product": {"metrics": ["a", "b"], "price": 10}}}]
    terms = contract(rules, ("a", "b"))
    found = payment_risk(terms, {"a": evidence("2"), "b": evidence("3")}, {"a": Spread(0.5)})
    assert found.fixed == ("b",)
    assert float(found.expected or 0) == pytest.approx(30 * above(0, 2, 0.5), abs=0.01)
    known = payment_risk(terms, {"a": evidence("2"), "b": evidence("3")}, {})
    assert (known.expected, known.low, known.high, known.worst, known.p_paid) == (60, 60, 60, 60, 1)


SHARES = {"unit_value": 50, "shares": [{"until": 60, "rate": 1}, {"rate": "0.3"}]}
RAMP = {"start": 1, "full": 3, "amount_start": 20, "amount_full": 120}
STEPS = [{"from": "0.1", "amount": 40}, {"from": "0.35", "amount": 90}]
RICH = contract(
    [
        {"id": "steps", "metric": "a", "formula": {"steps": STEPS}},
        {"id": "ramp", "metric": "b", "formula": {"ramp": RAMP}, "floor": 30},
        {"id": "both", "metric": "a", "formula": {"product": {"metrics": ["a", "b"], "price": 60}}, "cap": 75},
        {"id": "saved", "metric": "b", "formula": {"share": SHARES}},
        {
            "id": "top", "metric": "a", "formula": {"fixed": {"threshold": "0.6", "amount": 400}},
            "replaces": ["steps", "both"],
        },
        {"id": "extra", "metric": "b", "formula": {"bonus": {"base": "ramp", "rate": "0.25"}}},
    ],
    ("a", "b"), weights={"a": "0.8", "b": "1"},
    gates=[{"kind": "p_value", "op": "<=", "value": "0.10", "on_fail": "haircut", "share": "0.5"}],
    limits={"total_cap": 500, "offset": 25, "floor": 35},
)  # fmt: skip


def test_a_rich_contract_pays_on_average_what_draws_are_paid():
    """10,000 draws of both metrics moving together, through the real arithmetic; four Monte Carlo errors."""
    spreads = {"a": Spread(0.2, 0.05, 60.0), "b": Spread(0.8, 0.1)}
    points = {"a": 0.3, "b": 1.8}
    known = {"a": evidence("0.3", p_value="0.1391"), "b": evidence("1.8")}
    found = payment_risk(RICH, known, spreads)
    rng = np.random.default_rng(12)
    paid = np.array([amount(z, points, spreads) for z in rng.standard_normal(10_000)])
    assert float(found.expected or 0) == pytest.approx(paid.mean(), abs=4 * paid.std() / np.sqrt(len(paid)))
    assert found.p_paid == pytest.approx((paid > 0).mean(), abs=4 * np.sqrt(0.25 / len(paid)))
    seen = [amount(z, points, spreads) for z in np.linspace(-1.959, 1.959, 801)]
    assert (float(found.low or 0), float(found.high or 0)) == pytest.approx((min(seen), max(seen)), abs=1.0)
    assert found.contractual == decide(RICH, known).amount


def amount(z: float, points: Mapping[str, float], spreads: Mapping[str, Spread]) -> float:
    moved = {name: points[name] + spreads[name].sd * z for name in points}
    p = 2 * stats.t.sf(abs(moved["a"]) / spreads["a"].std_error, spreads["a"].df)
    gates = {"p_value": Decimal(float(p))}
    seen = {name: Evidence(Decimal(value), None, gates if name == "a" else {}) for name, value in moved.items()}
    due = decide(RICH, seen).amount
    assert due is not None
    return float(due)


# What holds whatever the contract ----------------------------------------------------------------------------------

FORMULAS: list[dict[str, Any]] = [
    {"fixed": {"threshold": "0.2", "amount": 500}},
    {"steps": [{"from": "0.1", "amount": 100}, {"from": "0.15", "amount": 150}, {"from": "0.4", "amount": 700}]},
    {"ramp": {"start": "0.1", "full": "0.5", "amount_start": 50, "amount_full": 600}},
    {"per_unit": {"price": 900}},
    {"share": {"unit_value": 1000, "shares": [{"until": 100, "rate": 1}, {"rate": "0.5"}]}},
]
POINTS = st.integers(-40, 90).map(lambda k: f"{k / 100:.2f}")
few = settings(max_examples=25, deadline=None)


def rising(formula: dict[str, Any]) -> Contract:
    return contract([{"formula": formula}], limits={"total_cap": 800})


@few
@given(st.sampled_from(FORMULAS), POINTS)
def test_without_uncertainty_the_contractual_amount_is_left(formula, point):
    found = risk(rising(formula), point, 0.0)
    assert found.expected == found.low == found.high == found.worst == found.best == found.contractual
    assert found.p_paid == (found.contractual > 0)
    assert all(r.reaches == (Decimal(point) >= r.threshold) for r in found.reached)


@few
@given(st.sampled_from(FORMULAS), POINTS)
def test_with_ever_less_uncertainty_the_expected_payment_becomes_the_contractual_amount(formula, point):
    if any(Decimal(point) == at for at in thresholds(rising(formula).rules[0].formula)):
        return  # on a jump one half falls short, however small the error
    found = risk(rising(formula), point, 1e-9, 1e-9)
    assert found.expected == pytest.approx(found.contractual, abs=CENT)


@few
@given(st.sampled_from(FORMULAS), POINTS, st.integers(1, 30), st.floats(0.02, 0.4), st.floats(0, 0.2))
def test_a_larger_effect_is_never_expected_to_earn_less(formula, point, more, error, shock):
    terms = rising(formula)
    one, other = (risk(terms, f"{value:.2f}", error, shock) for value in (float(point), float(point) + more / 100))
    for name in ("expected", "low", "high", "worst", "best"):
        assert getattr(one, name) <= getattr(other, name) + CENT, name
    assert one.p_paid <= other.p_paid + 1e-9


@few
@given(st.sampled_from(FORMULAS), POINTS, st.floats(0.02, 0.4), st.floats(0, 0.2), st.floats(0, 0.2))
def test_amounts_lie_in_order_and_a_larger_shock_widens_them(formula, point, error, shock, more):
    one, other = (risk(rising(formula), point, error, size) for size in (shock, shock + more))
    for found in (one, other):
        assert 0 <= found.low <= found.contractual <= found.high <= 800
        assert found.worst <= found.contractual <= found.best
        assert 0 <= found.expected <= 800
        assert 0 <= found.p_most <= found.p_paid <= 1
    assert other.low <= one.low
    assert one.high <= other.high
    assert other.worst <= one.worst
    assert one.best <= other.best


def test_a_curve_is_cut_until_it_is_straight():
    pieces = straight_pieces(lambda z: z * z, 8.3, [])
    assert sum(piece.total for piece in pieces) == pytest.approx(1, abs=2e-4)  # 1e-6 of the largest, 69, and below it
    assert sum(piece.probability for piece in pieces) == pytest.approx(1, abs=1e-12)


# From the published tables, and to them ---------------------------------------------------------------------------


def tables(error: str, df: str, shock: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    key = {"outcome": "m", "wave": "t1"}
    rows = [
        {**key, "estimator": "did", "std_error": "9", "df": "9"},
        {**key, "estimator": "ancova", "std_error": error, "df": df},
    ]
    return pd.DataFrame(rows), pd.DataFrame([{**key, "estimator": "did", "shock_sd": shock}])


@pytest.mark.parametrize(
    ("published_cells", "expected"),
    [
        (("0.1", "77.5", "0.05"), {"m": Spread(0.1, 0.05, 77.5)}), (("0.1", "", "0.05"), {"m": Spread(0.1, 0.05)}),
        (("0.1", "77.5", ""), {"m": Spread(0.1, 0.0, 77.5)}), (("suppressed", "suppressed", "suppressed"), {}),
        (("", "", ""), {}),
    ],
)  # fmt: skip
def test_spreads_are_read_from_the_confirmatory_row(published_cells, expected):
    protocol = Protocol.model_validate(
        {
            "format": 1,
            "study": {"id": "s", "title": {"it": "s", "en": "s"}, "provenance": "public"},
            "centres": {"treated": "a", "comparison": "b"},
            "waves": [{"id": "t0", "role": "baseline"}, {"id": "t1", "role": "endline"}],
            "outcomes": [{"id": "m", "role": "primary", "kind": "measure"}],
            "analysis": {"estimator": "ancova"},
        }
    )
    assert gather_spreads(protocol, fixed(), *tables(*published_cells)) == expected


def shown(found: PaymentRisk, terms: Contract) -> pd.DataFrame:
    return payment_risk_table(terms, found).map(published)


def test_the_table_holds_every_quantity_as_text():
    terms = fixed()
    table = shown(risk(terms, error=0.06, shock=0.04), terms)
    assert tuple(table.columns) == COLUMNS
    values = table.set_index("quantity")["value"]
    assert values.index.tolist() == [
        "level", "contractual", "expected", "low", "high", "worst", "best", "p_paid", "p_most", "p_open", "reaches", "stays",
        "bias",
    ]  # fmt: skip
    assert (values["contractual"], values["low"], values["level"]) == ("1000.00", "0.00", "0.95")
    assert set(table["unit"]) == {"EUR", "probability", "points"}
    assert table[table["quantity"] == "reaches"][["rule", "metric", "threshold"]].to_numpy().tolist() == [
        ["r", "m", "0.2"]
    ]
    assert payment_risk_table(None, None).empty


TERMS = fixed()
OPEN = p_gate("undetermined")
SENTENCES = [
    (
        risk(TERMS, "0.3", 0.06, 0.04),
        ("pays 1,000.00 EUR", "from 0.00 EUR to 1,000.00 EUR", "would earn anything is 89", "drifted"), ("open",),
    ),
    (risk(TERMS, "0.3", 0.06), ("from 0.00 EUR to 1,000.00 EUR",), ("drifted", "open")),
    (risk(TERMS, "0.9", 0.06, 0.04), ("always 1,000.00 EUR",), ("drifted", "on average", "open")),
    (risk(TERMS, "-0.9", 0.06, 0.04), ("pays 0.00 EUR", "always 0.00 EUR"), ("drifted", "on average")),
    (
        risk(OPEN, "0.3", 0.1, p_value="0.0036"),
        ("the amount, where there is a verdict, is always 1,000.00 EUR", "stay open with probability 16"), ("drifted",),
    ),
    (risk(OPEN, "0.1", 0.1, p_value="0.32"), ("verdict is open", "stay open with probability 84"), ("pays",)),
    (payment_risk(TERMS, {"m": evidence(None)}, {}), ("cannot be computed", "stays open"), ("EUR",)),
]  # fmt: skip


@pytest.mark.parametrize("publish", [False, True])
@pytest.mark.parametrize(("found", "said", "unsaid"), SENTENCES)
def test_the_sentence_says_what_the_table_says(found, said, unsaid, publish):
    table = shown(found, TERMS) if publish else payment_risk_table(TERMS, found)
    words = payment_risk_sentence(table)
    plain = words["en"].replace("\N{NO-BREAK SPACE}", " ")
    assert [part for part in said if part not in plain] == [], plain
    assert [part for part in unsaid if part in plain] == [], plain
    assert "nan" not in plain + words["it"]
    assert words["it"] != words["en"]


def test_without_a_contract_the_sentence_says_so():
    assert "no contract" in payment_risk_sentence(payment_risk_table(None, None))["en"]


# Two questions, and the one before the data --------------------------------------------------------------------------


def test_another_study_errs_as_well_and_nothing_is_paid_for_as_often_as_chance_says():
    """The shipped contract and finding in the unit before this: 91.9 and 83.8 %; for nothing 26.8 % and 31.6 % of studies."""
    ramp = {"start": "0.1", "full": "0.5", "amount_start": "0", "amount_full": "60000"}
    terms = contract([{"formula": {"ramp": ramp}}], limits={"total_cap": 60_000})
    error, shock, estimate = 0.16186557, 0.1024, 0.39102603
    known = terms, {"m": evidence(str(estimate), str(estimate - 2 * error))}, {"m": Spread(error, shock, 63.0)}
    sd = np.sqrt(error**2 + 2 * shock**2)
    true, again = payment_risk(*known), another_study(*known)
    assert true.p_paid == pytest.approx(N.sf((0.1 - estimate) / sd), abs=1e-9)
    assert again.p_paid == pytest.approx(N.sf((0.1 - estimate) / (np.sqrt(2) * sd)), abs=1e-9)
    expected = 60_000 / 0.4 * (above(0.1, estimate, np.sqrt(2) * sd) - above(0.5, estimate, np.sqrt(2) * sd))
    assert float(again.expected) == pytest.approx(expected, abs=0.01)
    nothing = {(one.statistic, one.shocked): one for one in without_effect(*known)}
    for (statistic, shocked), one in nothing.items():
        spread, mean = sd if shocked else error, 0.0 if statistic == "point" else -2 * error
        assert one.p_paid == pytest.approx(N.sf((0.1 - mean) / spread), abs=1e-9)
        paid = 60_000 / 0.4 * (above(0.1, mean, spread) - above(0.5, mean, spread))
        assert float(one.expected) == pytest.approx(paid, abs=0.01)
    assert round(100 * nothing["point", False].p_paid, 1) == 26.8
    assert float(nothing["point", False].expected) == pytest.approx(3_971, abs=1)
    assert nothing["ci_lower", True].p_paid < nothing["point", True].p_paid
