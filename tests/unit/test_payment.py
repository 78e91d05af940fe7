"""What contracts pay: the rules of real outcome contracts, their figures, and everything that conditions an amount."""

from __future__ import annotations

import decimal
import json
from collections.abc import Mapping
from dataclasses import replace
from decimal import ROUND_DOWN, ROUND_HALF_EVEN, ROUND_HALF_UP, ROUND_UP, Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluation.payment.decide import COLUMNS, Evidence, Verdict, decide, payment_table, payment_trace
from evaluation.study.contract import Contract, GateKind
from evaluation.study.formulas import Share, Shares

NO_GATES: Mapping[GateKind, Decimal | None] = {}


def contract(
    rules: list[dict[str, Any]], metrics: tuple[str, ...] = ("m",), *, weights: Mapping[str, str] | None = None,
    gates: list[dict[str, Any]] | None = None, statistic: str = "point", limits: Mapping[str, Any] | None = None,
    rounding: Mapping[str, Any] | None = None, currency: str = "EUR", **terms: Any,
) -> Contract:  # fmt: skip
    """A contract with these rules; one without `metric` is about the first metric, one without `id` is called `r`."""
    return Contract.model_validate(
        {
            "contract": {
                "id": "c", "version": "1", "status": "test", "fictional": True, "currency": currency, "effective": "2023-01-01",
            },
            "metrics": [
                {
                    "id": name, "label": {"it": name, "en": name}, "unit": "points", "direction": "higher", "outcome": name,
                    "wave": "t1", **({"weight": weights[name]} if weights else {}),
                }
                for name in metrics
            ],
            "decision": [{"metric": metrics[0], "statistic": statistic, "gates": gates or []}],
            "rules": [{"id": "r", "metric": metrics[0], **rule} for rule in rules],
            "limits": {"total_cap": "1000000000", "carry_forward": False, **(limits or {})},
            "rounding": rounding or {"mode": "half_even", "decimals": 2},
            **terms,
        }
    )  # fmt: skip


def evidence(point: str | None, ci_lower: str | None = None, **gates: str | None) -> Evidence:
    def number(value: str | None) -> Decimal | None:
        return None if value is None else Decimal(value)

    return Evidence(number(point), number(ci_lower), {kind: number(value) for kind, value in gates.items()})  # type: ignore[misc]


def pay(terms: Contract, /, **points: str | None) -> Verdict:
    return decide(terms, {metric: evidence(point) for metric, point in points.items()})


def amount(terms: Contract, /, **points: str | None) -> Decimal:
    verdict = pay(terms, **points)
    assert verdict.amount is not None, verdict
    assert verdict.state == ("earned" if verdict.amount > 0 else "not_earned")
    return verdict.amount


# The real contracts -----------------------------------------------------------------------------------------------


def test_educate_girls_pays_per_unit_with_weights_up_to_the_cap():
    terms = contract(
        [
            {"id": "learning", "metric": "learning", "formula": {"per_unit": {"price": 55}}},
            {"id": "enrolment", "metric": "enrolment", "formula": {"per_unit": {"price": 960}}},
        ],
        ("learning", "enrolment"), weights={"learning": "0.8", "enrolment": "0.2"}, limits={"total_cap": 422_000}, currency="USD",
    )  # fmt: skip
    assert amount(terms, learning="1000", enrolment="100") == Decimal("0.8") * 55_000 + Decimal("0.2") * 96_000
    # 160 % of the learning target, and enrolment as well: paid at the cap.
    verdict = pay(terms, learning="8940", enrolment="1200")
    assert (verdict.amount, verdict.currency, verdict.state) == (422_000, "USD", "earned")
    assert any(step.subject == "total" and "422000" in step.words["en"] for step in verdict.steps)


@pytest.mark.parametrize(("cap", "names"), [(275_000, ("low_income", "hba1c")), (195_000, ("a", "b", "c"))])
def test_a_siinc_pays_several_metrics_up_to_its_cap(cap: int, names: tuple[str, ...]):
    rules = [{"id": f"r_{name}", "metric": name, "formula": {"per_unit": {"price": 1000}}} for name in names]
    terms = contract(rules, names, limits={"total_cap": cap})
    assert amount(terms, **dict.fromkeys(names, "10")) == 10_000 * len(names)
    assert amount(terms, **dict.fromkeys(names, "500")) == cap


def test_root_capital_pays_a_price_per_eligible_loan_up_to_a_million():
    terms = contract([{"formula": {"per_unit": {"price": "12500"}}}], limits={"total_cap": 1_000_000})
    assert [amount(terms, m=loans) for loans in ("0", "33", "80", "81")] == [0, 412_500, 1_000_000, 1_000_000]


# Where the steps lie is the contract's; the amounts beyond the break-even are for illustration.
RIKERS = [(8.5, 4_800_000), (10, 9_600_000), (11, 10_080_000), (12.5, 10_368_000), (16, 11_088_000), (20, 11_712_000)]


@pytest.mark.parametrize(
    ("fall", "due"),
    [
        ("-3", 0), ("8.49999", 0), ("8.5", 4_800_000), ("9.99", 4_800_000), ("10", 9_600_000), ("10.5", 9_600_000),
        ("16", 11_088_000), ("20", 11_712_000), ("55", 11_712_000),
    ],
)  # fmt: skip
def test_rikers_pays_in_steps_from_8_5_to_20_percent(fall: str, due: int):
    steps = [{"from": start, "amount": due} for start, due in RIKERS]
    assert amount(contract([{"formula": {"steps": steps}}]), m=fall) == due
    assert amount(contract([{"formula": {"steps": steps[::-1]}}]), m=fall) == due


@pytest.mark.parametrize(
    ("reached", "due"), [("0.8999", "0"), ("0.9", "50"), ("0.95", "75"), ("1", "100"), ("1.6", "100"), ("-1", "0")]
)  # fmt: skip
def test_south_carolina_pays_in_part_from_90_percent_and_in_full_from_100(reached: str, due: str):
    ramp = {"start": 0.9, "full": 1, "amount_start": 50, "amount_full": 100}
    assert amount(contract([{"formula": {"ramp": ramp}}]), m=reached) == Decimal(due)


def test_south_carolina_takes_an_offset_from_what_is_due_and_never_below_nothing():
    rule = {"formula": {"fixed": {"threshold": 1, "amount": 100}}}
    assert amount(contract([rule], limits={"offset": 30}), m="1") == 70
    assert amount(contract([rule], limits={"offset": 130}), m="1") == 0
    assert amount(contract([rule], limits={"offset": 30}), m="0") == 0


@pytest.mark.parametrize(
    ("first", "second", "pooled", "due"),
    [
        ("8.4", "9.7", "9.05", 1700), ("10", "5", "7.4", 1000), ("12", "11", "11.5", 1700),
        ("10", "4.9", "7.5", 1700), ("9.99", "3", "6.5", 0), ("-1", "-1", "-1", 0),
    ],
)  # fmt: skip
def test_peterborough_pays_each_cohort_from_10_percent_or_all_together_from_7_5(
    first: str, second: str, pooled: str, due: int
):
    terms = contract(
        [
            {"id": "cohort_1", "metric": "first", "formula": {"fixed": {"threshold": 10, "amount": 1000}}},
            {"id": "cohort_2", "metric": "second", "formula": {"fixed": {"threshold": 10, "amount": 1000}}},
            {
                "id": "all", "metric": "pooled", "formula": {"fixed": {"threshold": "7.5", "amount": 1700}},
                "replaces": ["cohort_1", "cohort_2"], "priority": 2,
            },
        ],
        ("first", "second", "pooled"),
    )  # fmt: skip
    assert amount(terms, first=first, second=second, pooled=pooled) == due


def test_colombia_weighs_two_outcomes_and_adds_a_bonus_for_six_months():
    placed, kept = {"per_unit": {"price": 1000}}, {"per_unit": {"price": 2000}}
    terms = contract(
        [
            {"id": "bonus_kept", "metric": "six_months", "formula": {"bonus": {"base": "kept", "rate": "0.1"}}, "priority": 0},
            {"id": "placed", "metric": "placement", "formula": placed},
            {"id": "kept", "metric": "three_months", "formula": kept},
            {"id": "bonus_placed", "metric": "six_months", "formula": {"bonus": {"base": "placed", "rate": 0.1}}},
        ],
        ("placement", "three_months", "six_months"), weights={"placement": "0.5", "three_months": "0.5", "six_months": "1"},
    )  # fmt: skip
    assert amount(terms, placement="100", three_months="60", six_months="40") == Decimal(
        "121000.00"
    )  # (50 + 60) thousand + 10 %
    assert amount(terms, placement="100", three_months="60", six_months="0") == 110_000
    assert amount(terms, placement="0", three_months="0", six_months="40") == 0


@pytest.mark.parametrize(
    ("children", "due"),
    [("0", "0"), ("10", "24700.00"), ("100", "247000.00"), ("110", "257400.00"), ("-4", "0")],
)  # fmt: skip
def test_utah_pays_95_percent_of_2600_until_the_base_return_and_then_40(children: str, due: str):
    shares = [{"until": 247_000, "rate": 0.95}, {"rate": 0.4}]
    assert amount(contract([{"formula": {"share": {"unit_value": 2600, "shares": shares}}}]), m=children) == Decimal(
        due
    )


@settings(max_examples=200, deadline=None)
@given(
    avoided=st.decimals(0, 10**7, places=2),
    ends=st.lists(st.decimals(1, 10**6, places=2), max_size=3).map(sorted),
    rates=st.lists(st.decimals("0.01", 1, places=2), min_size=4, max_size=4),
)
def test_shares_pay_each_slice_of_the_cost_at_its_own_rate(avoided: Decimal, ends: list[Decimal], rates: list[Decimal]):
    shares = [Share(until=end, rate=rate) for end, rate in zip(ends, rates, strict=False)] + [Share(rate=rates[-1])]
    paid, rest = Fraction(0), Fraction(avoided)
    for share in shares:
        due = rest * Fraction(share.rate)
        taken = due if share.until is None else min(due, max(Fraction(share.until) - paid, Fraction(0)))
        paid, rest = paid + taken, rest - taken / Fraction(share.rate)
    assert abs(Fraction(Shares(unit_value=Decimal(1), shares=tuple(shares)).of(avoided)) - paid) < Fraction(1, 10**12)


def test_a_product_pays_the_price_for_both_metrics_together():
    terms = contract([{"formula": {"product": {"metrics": ["m", "n"], "price": 10}}}], ("m", "n"))
    assert amount(terms, m="3", n="4") == 120
    assert amount(terms, m="-3", n="-4") == 0  # two harms are no benefit
    assert pay(terms, m="3", n=None).state == "undetermined"


# One rule ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("effect", "due"),
    [
        ("0.0999999999", "0"), ("0.10", "1000.00"), ("0.30", "30500.00"), ("0.4999999", "59999.99"), ("0.50", "60000.00"),
        ("0.5000001", "60000.00"), ("0.25", "23125.00"), ("-0.30", "0"),
    ],
)  # fmt: skip
def test_a_ramp_is_straight_between_its_ends_and_flat_outside(effect: str, due: str):
    ramp = {"start": "0.10", "full": "0.50", "amount_start": "1000", "amount_full": "60000"}
    assert amount(contract([{"formula": {"ramp": ramp}}]), m=effect) == Decimal(due)


@pytest.mark.parametrize(("effect", "due"), [("0.1", 500), ("0.09999999999", 0), ("7", 500)])
def test_a_fixed_amount_is_due_from_the_threshold_on(effect: str, due: int):
    assert amount(contract([{"formula": {"fixed": {"threshold": 0.1, "amount": 500}}}]), m=effect) == due


def test_an_effect_on_the_wrong_side_pays_nothing_per_unit():
    assert amount(contract([{"formula": {"per_unit": {"price": 1000}}, "floor": 50}]), m="-2") == 0


@pytest.mark.parametrize(
    ("effect", "due"), [("0", 0), ("0.01", 50), ("0.05", 50), ("0.07", 70), ("0.2", 200), ("0.3", 200)]
)
def test_a_rule_pays_between_its_floor_and_its_cap_and_no_floor_when_nothing_is_earned(effect: str, due: int):
    assert amount(contract([{"formula": {"per_unit": {"price": 1000}}, "floor": 50, "cap": 200}]), m=effect) == due


@pytest.mark.parametrize(("effect", "due"), [("0", 0), ("0.01", 100), ("0.15", 150), ("5", 400)])
def test_the_contract_pays_between_its_floor_and_the_lower_cap(effect: str, due: int):
    limits = {"floor": 100, "total_cap": 600, "period_cap": 400}
    assert amount(contract([{"formula": {"per_unit": {"price": 1000}}}], limits=limits), m=effect) == due


def test_an_offset_comes_before_the_caps():
    limits = {"offset": 300, "total_cap": 600}
    assert amount(contract([{"formula": {"per_unit": {"price": 1000}}}], limits=limits), m="0.8") == 500


def test_what_is_put_aside_replaces_nothing_itself_and_carries_no_bonus():
    fixed = {"fixed": {"threshold": 0, "amount": 100}}
    rules = [
        {"id": "c", "formula": fixed},
        {"id": "b", "formula": fixed, "replaces": "c", "priority": 2},
        {"id": "a", "formula": {"fixed": {"threshold": 0, "amount": 30}}, "replaces": "b", "priority": 1},
        {"id": "d", "formula": {"bonus": {"base": "b", "rate": 1}}},
    ]
    verdict = pay(contract(rules), m="1")
    assert {rule: due for rule, _, due in verdict.rules} == {"c": 100, "b": 0, "a": 30, "d": 0}
    assert verdict.amount == 130


def test_a_rule_that_pays_nothing_replaces_nothing():
    rules = [
        {"id": "a", "formula": {"fixed": {"threshold": 1, "amount": 100}}},
        {"id": "b", "formula": {"fixed": {"threshold": 9, "amount": 900}}, "replaces": "a"},
    ]
    assert amount(contract(rules), m="2") == 100


# Rounding ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mode", "dues"),
    [
        ("half_even", ("0.12", "0.14", "0.13")), ("half_up", ("0.13", "0.14", "0.13")),
        ("down", ("0.12", "0.13", "0.12")), ("up", ("0.13", "0.14", "0.13")),
    ],
)  # fmt: skip
def test_every_mode_rounds_its_own_way(mode: str, dues: tuple[str, ...]):
    terms = contract([{"formula": {"per_unit": {"price": 1}}}], rounding={"mode": mode, "decimals": 2})
    assert [str(amount(terms, m=value)) for value in ("0.125", "0.135", "0.1251")] == list(dues)


@pytest.mark.parametrize(("decimals", "due"), [(0, "0"), (1, "0.3"), (4, "0.3333")])
def test_an_amount_has_the_declared_decimals(decimals: int, due: str):
    terms = contract([{"formula": {"per_unit": {"price": 1}}}], rounding={"mode": "half_up", "decimals": decimals})
    assert str(amount(terms, m="0.333333333333")) == due


def test_rounding_happens_once_at_the_end():
    rules = [{"id": f"r{k}", "formula": {"per_unit": {"price": 1}}} for k in range(3)]
    terms = contract(rules, rounding={"mode": "half_up", "decimals": 0})
    verdict = pay(terms, m="0.4")
    assert verdict.amount == 1  # each alone would be rounded to nothing
    assert sum("once" in step.words["en"] for step in verdict.steps) == 1


def test_the_amount_does_not_depend_on_the_readers_own_precision():
    terms = contract([{"formula": {"ramp": {"start": 0, "full": 3, "amount_start": 0, "amount_full": 60_000}}}])
    usual = pay(terms, m="0.412345678912")
    with decimal.localcontext(decimal.Context(prec=3)):
        assert pay(terms, m="0.412345678912") == usual
    assert usual.amount == Decimal("8246.91")


def test_the_largest_terms_are_paid_without_a_traceback():
    huge = "999999999999999"
    terms = contract(
        [{"formula": {"per_unit": {"price": huge}}}], limits={"total_cap": huge}, rounding={"mode": "up", "decimals": 4}
    )
    assert amount(terms, m="1e300") == Decimal(huge)


# Gates ------------------------------------------------------------------------------------------------------------

PRICE = {"formula": {"per_unit": {"price": 1000}}}


@pytest.mark.parametrize(
    ("op", "passing", "failing"),
    [("<", "9.99", "10"), ("<=", "10", "10.01"), (">", "10.01", "10"), (">=", "10", "9.99"), ("==", "10.0", "10.1")],
)
@pytest.mark.parametrize("kind", ["min_n", "attrition", "baseline_smd", "p_value", "hours", "investment"])
def test_a_gate_holds_exactly_where_its_sign_says(kind: str, op: str, passing: str, failing: str):
    terms = contract([PRICE], gates=[{"kind": kind, "op": op, "value": 10, "on_fail": "zero"}])
    assert decide(terms, {"m": evidence("1", **{kind: passing})}).amount == 1000
    failed = decide(terms, {"m": evidence("1", **{kind: failing})})
    assert (failed.amount, failed.state) == (0, "not_earned")
    assert len(failed.metrics[0].reasons) == 1


@pytest.mark.parametrize(
    ("on_fail", "state", "due"),
    [
        ("zero", "not_earned", 0), ("undetermined", "undetermined", None), ("refer", "undetermined", None),
        ("haircut", "earned", 250),
    ],
)  # fmt: skip
def test_a_gate_that_fails_does_what_the_contract_says(on_fail: str, state: str, due: int | None):
    gate = {
        "kind": "min_n",
        "op": ">=",
        "value": 60,
        "on_fail": on_fail,
        **({"share": 0.25} if on_fail == "haircut" else {}),
    }
    verdict = decide(contract([PRICE], gates=[gate]), {"m": evidence("1", min_n="59")})
    assert (verdict.state, verdict.amount) == (state, due)


@pytest.mark.parametrize("on_fail", ["zero", "undetermined", "refer", "haircut"])
@pytest.mark.parametrize("known", [{"min_n": None}, {}])
def test_a_gate_without_evidence_leaves_the_verdict_open_and_is_never_a_zero(on_fail: str, known: dict[str, None]):
    gate = {
        "kind": "min_n",
        "op": ">=",
        "value": 60,
        "on_fail": on_fail,
        **({"share": 0.5} if on_fail == "haircut" else {}),
    }
    verdict = decide(contract([PRICE], gates=[gate]), {"m": evidence("1", **known)})
    assert (verdict.state, verdict.amount) == ("undetermined", None)
    assert verdict.metrics[0].reasons == (
        {"it": "ragazzi analizzati ≥ 60 (manca)", "en": "children analysed ≥ 60 (missing)"},
    )


@pytest.mark.parametrize("found", [{}, {"m": evidence(None)}, {"m": evidence(None, "0.5")}])
def test_a_missing_effect_leaves_the_verdict_open_and_is_never_a_zero(found: dict[str, Evidence]):
    verdict = decide(contract([PRICE]), found)
    assert (verdict.state, verdict.amount) == ("undetermined", None)
    assert verdict.metrics[0].value is None


def test_one_open_metric_leaves_the_whole_verdict_open():
    rules = [{"id": "a", "metric": "m", **PRICE}, {"id": "b", "metric": "n", **PRICE}]
    verdict = pay(contract(rules, ("m", "n")), m="1", n=None)
    assert (verdict.state, verdict.amount) == ("undetermined", None)
    assert {rule: due for rule, _, due in verdict.rules} == {"a": 1000, "b": None}


def test_haircuts_multiply_and_a_zero_beside_them_wins():
    cut = {"kind": "min_n", "op": ">=", "value": 60, "on_fail": "haircut", "share": 0.5}
    other = {"kind": "attrition", "op": "<=", "value": 0.2, "on_fail": "haircut", "share": 0.4}
    facts = {"m": evidence("1", min_n="10", attrition="0.3")}
    assert decide(contract([PRICE], gates=[cut, other]), facts).amount == 200
    zero = {"kind": "attrition", "op": "<=", "value": 0.2, "on_fail": "zero"}
    assert decide(contract([PRICE], gates=[cut, zero]), facts).amount == 0


def test_a_haircut_comes_before_the_rules_limits():
    cut = {"kind": "min_n", "op": ">=", "value": 60, "on_fail": "haircut", "share": 0.5}
    terms = contract([{**PRICE, "cap": 700, "floor": 100}], gates=[cut])
    assert decide(terms, {"m": evidence("1", min_n="10")}).amount == 500
    assert decide(terms, {"m": evidence("0.1", min_n="10")}).amount == 100


def test_a_haircut_of_any_factor_cuts_the_product():
    cut = {"kind": "min_n", "op": ">=", "value": 60, "on_fail": "haircut", "share": 0.5}
    rule = {"metric": "n", "formula": {"product": {"metrics": ["m", "n"], "price": 10}}}
    terms = contract([rule], ("m", "n"), gates=[cut])
    assert decide(terms, {"m": evidence("3", min_n="10"), "n": evidence("4")}).amount == 60


def test_the_gates_of_a_rules_own_metric_hold_though_it_is_no_factor():
    gate = {"kind": "min_n", "op": ">=", "value": 60, "on_fail": "zero"}
    rule = {"metric": "m", "formula": {"product": {"metrics": ["n", "o"], "price": 10}}}
    terms = contract([rule], ("m", "n", "o"), gates=[gate])
    facts = {"n": evidence("1"), "o": evidence("1")}
    assert decide(terms, {"m": evidence("1", min_n="10"), **facts}).amount == 0
    assert decide(terms, {"m": evidence(None), **facts}).state == "undetermined"


def test_the_lower_end_of_the_interval_decides_where_the_contract_says_so():
    terms = contract([PRICE], statistic="ci_lower")
    facts = {"m": evidence("1", "0.4")}
    assert decide(terms, facts).amount == 400
    assert decide(contract([PRICE]), facts).amount == 1000
    assert decide(terms, {"m": evidence("1", "-0.2")}).state == "not_earned"
    assert decide(terms, {"m": evidence("1", None)}).state == "undetermined"


@pytest.mark.parametrize(("closed", "state"), [(None, "undetermined"), ("2023-02-28", "earned")])
def test_an_investment_required_before_payment_must_be_closed(closed: str | None, state: str):
    investment = {"required_before_payment": True, "amount": 45_000, "closed_on": closed}
    assert pay(contract([PRICE], investment=investment), m="1").state == state
    assert pay(contract([PRICE], investment={**investment, "required_before_payment": False}), m="1").state == "earned"


@pytest.mark.parametrize(("point", "due"), [("1", 1000), ("0", 0), (None, None)])
def test_a_disputed_verdict_is_disputed_whatever_it_was(point: str | None, due: int | None):
    verdict = decide(contract([PRICE]), {"m": evidence(point)}, disputed=True)
    assert (verdict.state, verdict.amount) == ("disputed", due)


# Trace ------------------------------------------------------------------------------------------------------------


def test_the_trace_holds_every_step_in_order_and_in_both_languages():
    gates = [
        {"kind": "min_n", "op": ">=", "value": 60, "on_fail": "haircut", "share": "0.5"},
        {"kind": "attrition", "op": "<=", "value": "0.3", "on_fail": "zero"},
    ]
    terms = contract(
        [{**PRICE, "cap": 300}, {"id": "b", "formula": {"bonus": {"base": "r", "rate": "0.1"}}, "replaces": "r"}],
        gates=gates, weights={"m": "0.8"}, limits={"offset": 5, "total_cap": 6},
    )  # fmt: skip
    verdict = decide(terms, {"m": evidence("1.5", min_n="40", attrition="0.1")})
    assert [(step.subject, step.words["en"], step.value) for step in verdict.steps] == [
        ("m", "point estimate", "1.5"),
        ("m", "children analysed ≥ 60: not passed", "40"),
        ("m", "share of children lost ≤ 0.3: passed", "0.1"),
        ("r", "price per unit of effect", "1500.0"),
        ("r", "times the weight 0.8", "1200.00"),
        ("r", "times the share 0.5 that is kept", "600.000"),
        ("r", "within the limits of the rule", "300"),
        ("b", "bonus on another rule", "30.0"),
        ("b", "times the weight 0.8", "24.00"),
        ("b", "times the share 0.5 that is kept", "12.000"),
        ("r", "replaced by b", "0"),
        ("total", "sum of the rules", "12.000"),
        ("total", "less the offset 5", "7.000"),
        ("total", "within the limits 0 and 6", "6"),
        ("total", "rounded to the nearest, halves to even, once", "6.00"),
    ]
    assert all(step.words["it"] and step.words["it"] != step.words["en"] for step in verdict.steps)


def test_payment_json_holds_the_terms_the_verdict_and_the_steps():
    terms = contract(
        [{"formula": {"ramp": {"start": "0.10", "full": 1, "amount_start": 0, "amount_full": "60000.00"}}}]
    )
    trace = json.loads(json.dumps(payment_trace(terms, pay(terms, m="0.55")), default=str))
    assert trace["contract"]["rules"][0]["formula"]["ramp"]["start"] == "0.10"
    assert trace["contract"]["contract"]["currency"] == "EUR"
    assert (trace["verdict"]["state"], trace["verdict"]["amount"]) == ("earned", "30000.00")
    assert trace["verdict"]["metrics"][0]["value"] == "0.55"
    assert trace["verdict"]["steps"][-1]["value"] == "30000.00"
    assert payment_trace(terms, pay(terms, m=None))["verdict"]["amount"] is None


def test_the_terms_in_the_trace_are_the_contract_again():
    steps = {"formula": {"steps": [{"from": "0.1", "amount": 5}]}}
    terms = contract([steps, {"id": "b", **PRICE, "replaces": "r"}], limits={"offset": "0.1"})
    assert Contract.model_validate(payment_trace(terms, pay(terms, m="1"))["contract"]) == terms


def test_the_payment_table_has_a_row_a_rule_and_the_total():
    terms = contract([{"id": "a", **PRICE}, {"id": "b", "metric": "n", **PRICE}], ("m", "n"), statistic="ci_lower")
    table = payment_table(terms, decide(terms, {"m": evidence("1", "0.5"), "n": evidence("2")}))
    assert tuple(table.columns) == COLUMNS
    assert table[["rule", "statistic", "value", "state", "amount", "currency"]].to_numpy().tolist() == [
        ["a", "ci_lower", "0.5", "counts", "500.0", "EUR"],
        ["b", "point", "2", "counts", "2000", "EUR"],
        ["total", "", "", "earned", "2500.00", "EUR"],
    ]
    open_table = payment_table(terms, pay(terms, n="2"))
    assert open_table["amount"].tolist() == ["", "2000", ""]
    assert open_table["state"].tolist() == ["undetermined", "counts", "undetermined"]
    assert payment_table(None, replace(pay(terms), rules=())).empty


MODES = {"half_even": ROUND_HALF_EVEN, "half_up": ROUND_HALF_UP, "down": ROUND_DOWN, "up": ROUND_UP}
MONEY = st.decimals(0, 10**8, places=2)
EFFECT = st.decimals(-5, 5, places=12)


@st.composite
def contracts(draw: st.DrawFn) -> Contract:
    formulas = {
        "per_unit": st.fixed_dictionaries({"price": MONEY}),
        "steps": st.lists(st.fixed_dictionaries({"from": st.decimals(-2, 2, places=3), "amount": MONEY}), min_size=1, max_size=4),
        "ramp": st.fixed_dictionaries(
            {"start": st.decimals(-2, 1, places=3), "full": st.sampled_from([Decimal("1.5"), Decimal(2), Decimal("2.5")]),
             "amount_start": MONEY, "amount_full": MONEY}
        ),
        "fixed": st.fixed_dictionaries({"threshold": st.decimals(-2, 2, places=3), "amount": MONEY}),
        "product": st.fixed_dictionaries({"metrics": st.just(["m", "n"]), "price": MONEY}),
    }  # fmt: skip
    rules = []
    for k in range(draw(st.integers(1, 4))):
        kind = draw(st.sampled_from(sorted(formulas)))
        limits = {name: draw(MONEY) for name in ("floor", "cap") if draw(st.booleans())}
        rules.append(
            {"id": f"r{k}", "metric": draw(st.sampled_from("mn")), "formula": {kind: draw(formulas[kind])}, **limits}
        )
    cut = {"kind": "min_n", "op": ">=", "value": 50, "on_fail": "haircut", "share": draw(st.decimals(0, 1, places=2))}
    return contract(
        rules, ("m", "n"), weights={"m": draw(st.decimals("0.1", 1, places=2)), "n": "1"}, gates=[cut],
        limits={"total_cap": draw(MONEY), **({"offset": draw(MONEY)} if draw(st.booleans()) else {})},
        rounding={"mode": draw(st.sampled_from(sorted(MODES))), "decimals": draw(st.integers(0, 4))},
    )  # fmt: skip


def again(trace: dict[str, Any]) -> Decimal:
    """The amount once more, in exact fractions, from nothing but the trace."""
    terms, verdict = trace["contract"], trace["verdict"]
    values = {m["metric"]: Fraction(m["value"]) for m in verdict["metrics"]}
    shares = {m["metric"]: Fraction(m["share"]) for m in verdict["metrics"]}
    weights = {m["id"]: Fraction(m.get("weight", "1")) for m in terms["metrics"]}
    total = Fraction(0)
    for rule in terms["rules"]:
        (kind, formula), value = next(iter(rule["formula"].items())), values[rule["metric"]]
        kept = shares[rule["metric"]]
        if kind == "per_unit":
            due = max(value, Fraction(0)) * Fraction(formula["price"])
        elif kind == "steps":
            due = max(
                ((Fraction(s["from"]), Fraction(s["amount"])) for s in formula if value >= Fraction(s["from"])),
                default=(0, Fraction(0)),
            )[1]
        elif kind == "fixed":
            due = Fraction(formula["amount"]) if value >= Fraction(formula["threshold"]) else Fraction(0)
        elif kind == "product":
            due = max(values["m"], Fraction(0)) * max(values["n"], Fraction(0)) * Fraction(formula["price"])
            kept = shares["m"] * shares["n"]
        else:
            start, full, low, high = (Fraction(formula[k]) for k in ("start", "full", "amount_start", "amount_full"))
            due = (
                low + min((value - start) / (full - start), Fraction(1)) * (high - low)
                if value >= start
                else Fraction(0)
            )
        due *= weights[rule["metric"]] * kept
        due = max(due, Fraction(rule.get("floor", 0))) if due > 0 else due
        total += min(due, Fraction(rule["cap"])) if "cap" in rule else due
    limits = terms["limits"]
    total = min(max(total - Fraction(limits.get("offset", 0)), Fraction(0)), Fraction(limits["total_cap"]))
    with decimal.localcontext(decimal.Context(prec=60)):
        unit = Decimal(1).scaleb(-terms["rounding"]["decimals"])
        exact = Decimal(total.numerator) / Decimal(total.denominator)
        return exact.quantize(unit, rounding=MODES[terms["rounding"]["mode"]])


@settings(max_examples=300, deadline=None)
@given(terms=contracts(), m=EFFECT, n=EFFECT, children=st.integers(40, 60))
def test_anyone_can_compute_the_amount_again_from_the_traces_own_numbers(
    terms: Contract, m: Decimal, n: Decimal, children: int
):
    verdict = decide(terms, {"m": evidence(str(m), min_n=str(children)), "n": evidence(str(n))})
    trace = json.loads(json.dumps(payment_trace(terms, verdict), default=str))
    assert verdict.amount is not None
    assert Decimal(trace["verdict"]["amount"]) == verdict.amount == again(trace)
    assert (
        0
        <= verdict.amount
        <= terms.limits.total_cap.quantize(Decimal(1).scaleb(-terms.rounding.decimals), rounding=ROUND_UP)
    )
    assert -verdict.amount.as_tuple().exponent == terms.rounding.decimals
