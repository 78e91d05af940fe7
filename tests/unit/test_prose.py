"""Sentences never contradict the numbers: every combination of sign, interval, direction, withheld and missing."""

from __future__ import annotations

import itertools
import re
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from study_builder import StudyFolder, build

from evaluation.language import LANGUAGES, MINUS, Language
from evaluation.payment.evidence import settle
from evaluation.reporting.displays.prose import (
    assumption_sentence,
    confirmatory_row,
    door_answers,
    effect_sentence,
    money,
    payment_sentence,
    primary_row,
    two_centre_sentence,
)
from evaluation.reporting.displays.result_tables import estimates as estimates_table
from evaluation.reporting.displays.result_tables import payment_steps
from evaluation.reporting.displays.words import VERDICTS, interval_level
from evaluation.study.protocol import Protocol

BETTER = {"it": "fatto meglio di quanto ci si attendesse", "en": "did better than expected"}
WORSE = {"it": "fatto peggio di quanto ci si attendesse", "en": "did worse than expected"}
OPEN = {"it": "non si distinguono con chiarezza", "en": "cannot be told clearly"}
WITHHELD = {"it": "omess", "en": "withheld"}
NOT_ESTIMATED = {"it": "non può essere", "en": "cannot be"}
HOLDS_ZERO = {"it": "contiene lo zero", "en": "holds zero"}
EXCLUDES_ZERO = {"it": "esclude", "en": "still excludes zero"}
NO_FINDING = {"it": "contiene già lo zero: non c'è un risultato", "en": "already holds zero: there is no finding"}


@pytest.fixture
def folder(tmp_path: Path) -> StudyFolder:
    return build(tmp_path / "study")


@pytest.fixture
def protocol(folder: StudyFolder) -> Protocol:
    return folder.load().protocol


def row(estimate: str, low: str, high: str, outcome: str = "skills") -> dict[str, str]:
    return {"outcome": outcome, "wave": "t1", "estimator": "did", "estimate": estimate, "ci_low": low, "ci_high": high}


def numbers(sentence: str, language: Language) -> list[float]:
    """The numbers a reader sees, in order."""
    plain = sentence.replace(MINUS, "-")
    plain = plain.replace(".", "").replace(",", ".") if language == "it" else plain.replace(",", "")
    return [float(found) for found in re.findall(r"-?\d+(?:\.\d+)?", plain)]


INTERVALS = [
    ("0.3", "0.1", "0.5"), ("0.3", "-0.1", "0.7"), ("-0.3", "-0.5", "-0.1"), ("-0.3", "-0.7", "0.1"), ("0", "-0.2", "0.2"),
    ("0.3", "0", "0.6"), ("-0.3", "-0.6", "0"), ("0.2", "0.0012", "0.4"), ("-0.2", "-0.4", "-0.0012"),
    ("0.004", "0.001", "0.007"), ("1234.5", "0.00049", "2469"),
]  # fmt: skip


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(("outcome", "sign"), [("skills", 1), ("making", 1), ("worry", -1)])
@pytest.mark.parametrize(("estimate", "low", "high"), INTERVALS)
def test_the_sentence_says_what_the_interval_says(
    protocol: Protocol, language: Language, outcome: str, sign: int, estimate: str, low: str, high: str
):
    sentence = effect_sentence(protocol, row(estimate, low, high, outcome), language)
    best, worst = max(sign * float(low), sign * float(high)), min(sign * float(low), sign * float(high))
    said = {
        kind for kind, words in (("better", BETTER), ("worse", WORSE), ("open", OPEN)) if words[language] in sentence
    }
    assert said == {"better" if worst > 0 else "worse" if best < 0 else "open"}
    shown = numbers(sentence.split("effetto" if language == "it" else "effect")[1], language)
    effect, level, *ends = shown
    assert level == 95
    for printed, value in zip((effect, *ends), (estimate, low, high), strict=True):
        assert printed == pytest.approx(float(value), abs=0.0051)
        assert (printed > 0, printed < 0) == (float(value) > 0, float(value) < 0)


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_effect_without_an_interval_is_never_called_clear(protocol: Protocol, language: Language):
    for low, high in itertools.product(("", "suppressed", "0.1"), ("", "suppressed")):
        sentence = effect_sentence(protocol, row("0.3", low, high), language)
        assert OPEN[language] in sentence
        assert BETTER[language] not in sentence


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_withheld_effect_says_withheld_and_a_missing_one_says_so_and_neither_shows_a_number(
    protocol: Protocol, language: Language
):
    withheld = effect_sentence(protocol, row("suppressed", "suppressed", "suppressed"), language)
    assert WITHHELD[language] in withheld
    for nothing in (row("", "", ""), {}):
        missing = effect_sentence(protocol, nothing, language)
        assert NOT_ESTIMATED[language] in missing
        assert not re.search(r"\d", withheld + missing)


@pytest.mark.parametrize(
    ("alpha", "level"), [("0.05", "95 %"), ("0.1", "90 %"), ("0.01", "99 %"), ("0.005", "99.5 %"), ("0.001", "99.9 %")]
)
def test_the_level_is_the_protocols_and_never_a_hundred(folder: StudyFolder, alpha: str, level: str):
    study = folder.replace("protocol.yml", "alpha: 0.05", f"alpha: {alpha}").load()
    assert interval_level(study.protocol, "en") == level
    assert interval_level(study.protocol, "it") == level.replace(".", ",")
    assert f"({level} interval: 0.10 to 0.50)" in effect_sentence(study.protocol, row("0.3", "0.1", "0.5"), "en")
    columns = ("p_value", "p_permutation", "hedges_g", "n_treated", "n_comparison")
    table = pd.DataFrame([{**row("0.3", "0.1", "0.5"), **dict.fromkeys(columns, "")}])
    assert f"{level} interval" in estimates_table(study, table, "en").columns


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    ("low", "high", "excludes"),
    [
        ("0.1", "0.6", True), ("-0.6", "-0.1", True), ("-0.1", "0.6", False), ("0", "0.6", False), ("-0.6", "0", False),
        ("0.001", "0.6", True),
    ],
)  # fmt: skip
@pytest.mark.parametrize("bias", ["0.12", "", "0.0004"])
@pytest.mark.parametrize(
    "declared", [{}, {"shock_sd": "0.2", "shock_icc": "0.02"}, {"shock_sd": "0", "shock_icc": "0"}]
)
def test_the_two_centre_sentence_agrees_with_its_interval(
    protocol: Protocol, language: Language, low: str, high: str, excludes: bool, bias: str, declared: dict[str, str]
):
    cells = {**declared, "outcome": "skills", "break_even_bias": bias, "two_centre_low": low, "two_centre_high": high}
    sentence = two_centre_sentence(protocol, cells, language)
    said = sentence.partition("intervallo va da" if language == "it" else "interval is")[2]
    shock, _, undone = said.partition(". ")
    assert (EXCLUDES_ZERO[language] in shock) == excludes
    assert (HOLDS_ZERO[language] in shock) == (not excludes)
    assert (NO_FINDING[language] in sentence) == (bias == "")
    ends = numbers(shock, language)
    assert [value > 0 for value in ends] == [float(low) > 0, float(high) > 0]
    if bias:
        assert numbers(undone, language)[0] == pytest.approx(float(bias), abs=0.0051)
        assert numbers(undone, language)[0] > 0


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_two_centre_interval_that_is_withheld_or_missing_is_told_apart(protocol: Protocol, language: Language):
    cells = dict.fromkeys(("break_even_bias", "two_centre_low", "two_centre_high"), "suppressed")
    assert WITHHELD[language] in two_centre_sentence(protocol, {"outcome": "skills", **cells}, language)
    for nothing in ({}, {"outcome": "skills", "two_centre_low": "", "two_centre_high": "", "break_even_bias": ""}):
        assert NOT_ESTIMATED[language] in two_centre_sentence(protocol, nothing, language)


def trace(state: str, amount: str | None, fictional: bool = False, reasons: tuple[str, ...] = ()) -> dict[str, Any]:
    verdict = {
        "state": state, "amount": amount, "currency": "EUR", "steps": [],
        "metrics": [
            {"metric": "skills", "value": None, "reasons": [{"it": f"{r}-it", "en": f"{r}-en"} for r in reasons]}
        ],
    }  # fmt: skip
    return {"contract": {"contract": {"fictional": fictional}, "metrics": []}, "verdict": verdict}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("state", sorted(VERDICTS))
@pytest.mark.parametrize("amount", [None, "0.00", "1234567.80"])
@pytest.mark.parametrize("fictional", [True, False])
def test_the_payment_sentence_says_the_state_the_amount_and_whether_it_is_invented(
    language: Language, state: str, amount: str | None, fictional: bool
):
    sentence = payment_sentence(trace(state, amount, fictional, ("few",)), language)
    assert VERDICTS[state][language] in sentence
    assert (("inventati" if language == "it" else "invented") in sentence) == fictional
    assert ("EUR" in sentence) == (amount is not None)
    assert bool(re.search(r"\d", sentence)) == (amount is not None)  # an open verdict is never a zero
    assert (f"few-{language}" in sentence) == (amount is None)


@pytest.mark.parametrize("language", LANGUAGES)
def test_without_a_contract_there_is_nothing_to_pay(language: Language):
    nothing = {"contract": None, "verdict": {"state": "none", "amount": None}}
    assert {"it": "nulla da pagare", "en": "nothing to pay"}[language] in payment_sentence(nothing, language)
    assert payment_steps(nothing, language).rows == ()


@pytest.mark.parametrize(
    ("amount", "it", "en"),
    [
        ("60000.00", "60.000,00", "60,000.00"), ("0.00", "0,00", "0.00"), ("1234567.8901", "1.234.567,8901", "1,234,567.8901"),
        ("5", "5", "5"), ("1E+3", "1.000", "1,000"), ("0.1", "0,1", "0.1"),
        ("123456789012345.67", "123.456.789.012.345,67", "123,456,789,012,345.67"),
    ],
)  # fmt: skip
def test_money_keeps_every_decimal_it_has(amount: str, it: str, en: str):
    assert money(amount, "EUR", "it") == f"{it}\u00a0EUR"
    assert money(amount, "EUR", "en") == f"{en}\u00a0EUR"


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_assumption_is_said_to_be_untestable(protocol: Protocol, language: Language):
    assert {"it": "tendenze parallele", "en": "parallel trends"}[language] in assumption_sentence(protocol, language)


def tables(estimates: list[dict[str, str]], sensitivity: list[dict[str, str]]) -> dict[str, pd.DataFrame]:
    return {
        "estimates": pd.DataFrame(estimates, columns=list(row("", "", ""))),
        "sensitivity": pd.DataFrame(
            sensitivity, columns=["outcome", "wave", "break_even_bias", "two_centre_low", "two_centre_high"]
        ),
    }


def test_the_row_that_is_told_is_the_primary_outcomes_at_the_first_follow_up_by_the_planned_estimator(
    protocol: Protocol,
):
    wanted = row("0.3", "0.1", "0.5")
    others = [{**wanted, "estimator": "ancova"}, {**wanted, "wave": "t2"}, {**wanted, "outcome": "making"}]
    found = tables([*others, wanted], [{**wanted, "outcome": "making"}, {**wanted, "break_even_bias": "0.1"}])
    assert confirmatory_row(protocol, found["estimates"]) == wanted
    assert primary_row(protocol, found["sensitivity"])["break_even_bias"] == "0.1"


def test_the_door_answers_even_where_there_is_nothing_to_tell(protocol: Protocol):
    answers = door_answers(protocol, tables([], []), trace("undetermined", None))
    assert len(answers) == 4
    assert all(answer[code] and question[code] for question, answer in answers for code in LANGUAGES)
    assert [NOT_ESTIMATED["en"] in answer["en"] for _, answer in answers[:2]] == [True, True]


def test_no_sentence_is_the_same_in_both_languages(protocol: Protocol):
    ends = {"two_centre_low": "0.1", "two_centre_high": "0.5", "break_even_bias": "0.1"}
    full = tables([row("0.3", "0.1", "0.5")], [{"outcome": "skills", "wave": "t1", **ends}])
    for question, answer in door_answers(protocol, full, trace("earned", "10.00")):
        assert question["it"] != question["en"]
        assert answer["it"] != answer["en"]


GATES = {  # how the gate `min_n >= 20` of the tiny contract ends: the children there are
    "met": ("30", "30"), "failed": ("5", "6"), "unknown": ("suppressed", "suppressed"),
}  # fmt: skip
ON_FAIL = ("zero", "undetermined", "refer", "haircut, share: 0.5")
TWO_CENTRES = [("0.1", "0.6"), ("-0.2", "0.8"), ("-0.9", "-0.1"), ("", "")]


@pytest.mark.parametrize("on_fail", ON_FAIL)
@pytest.mark.parametrize("gate", GATES)
def test_no_combination_of_finding_sensitivity_and_gate_contradicts_itself(
    folder: StudyFolder, on_fail: str, gate: str
):
    """Sign x interval x two-centre interval x break-even x one child x gate x what a failed gate does."""
    study = folder.replace("contract.yml", "on_fail: undetermined", f"on_fail: {on_fail}").load()
    treated, comparison = GATES[gate]
    flow = pd.DataFrame([{"wave": "t1", "centre": "both", "enrolled": "80"}])
    balance = pd.DataFrame([{"variable": "skills", "kind": "outcome", "wave": "t1", "smd": "0.1"}])
    for (estimate, low, high), (lower, upper), bias, alone in itertools.product(
        INTERVALS[:7], TWO_CENTRES, ("0.12", ""), ("holds", "does_not_hold", "")
    ):
        found = row(estimate, low, high) | {
            "std_error": "0.1", "df": "", "p_value": "0.04", "n_treated": treated, "n_comparison": comparison,
        }  # fmt: skip
        sensitive = {
            "outcome": "skills", "wave": "t1", "estimate": estimate, "two_centre_low": lower, "two_centre_high": upper,
            "break_even_bias": bias, "leave_one_out": alone,
        }  # fmt: skip
        shown = {"estimates": pd.DataFrame([found]), "sensitivity": pd.DataFrame([sensitive])}
        _, settled = settle(study, shown["estimates"], flow, balance, 30.0)
        answers = door_answers(study.protocol, shown, settled)
        for language in LANGUAGES:
            effect, sure, paid, wrong = (answer[language] for _, answer in answers)
            _agrees(settled["verdict"], gate, on_fail, float(estimate), paid, language)
            assert (BETTER[language] in effect) == (float(low) > 0)
            assert (WORSE[language] in effect) == (float(high) < 0)
            assert (EXCLUDES_ZERO[language] in sure) == (lower != "" and (float(lower) > 0 or float(upper) < 0))
            assert ("fragile" in sure) == (alone == "does_not_hold")
            assert not re.search(r"\bnan\b|None|inf", " ".join((effect, sure, paid, wrong)))
            assert not re.search(r"dimostra|prova che|proves|demonstrates", effect)  # a finding, never a proof


def _agrees(verdict: dict[str, Any], gate: str, on_fail: str, estimate: float, paid: str, language: Language) -> None:
    """The payment sentence says the state, and an amount exactly where one is due or nothing is."""
    assert VERDICTS[verdict["state"]][language] in paid
    assert ("EUR" in paid) == (verdict["amount"] is not None)
    open_verdict = gate == "unknown" or (gate == "failed" and on_fail in ("undetermined", "refer"))
    assert (verdict["state"] in ("undetermined", "disputed")) == open_verdict
    if open_verdict:
        assert verdict["amount"] is None
        return
    full = max(0.0, 1000 * estimate)
    share = 1.0 if gate == "met" else 0.0 if on_fail == "zero" else 0.5
    assert float(verdict["amount"]) == pytest.approx(min(5000.0, full * share), abs=0.005)
    assert (verdict["state"] == "earned") == (float(verdict["amount"]) > 0)
