"""Whether the centres were alike at the start, and who is missing: by hand on tables small enough to check."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.special import gammaln

from evaluation.counterfactual.comparability import (
    balance_table,
    cox_index,
    kolmogorov_smirnov,
    pooled_sd,
    small_sample_correction,
    standardised_mean_difference,
    variance_ratio,
    wwc_verdict,
)
from evaluation.counterfactual.missing.flow import attrition_table, flow_table
from evaluation.study.folder import Study
from evaluation.study.protocol import Protocol

pytestmark = pytest.mark.filterwarnings("error")

COVARIATES = ("age", "girl", "newcomer", "school", "shift")


def protocol(**changes: object) -> Protocol:
    return Protocol.model_validate(
        {
            "format": 1,
            "study": {"id": "toy", "title": {"it": "Prova", "en": "Toy"}, "provenance": "synthetic"},
            "centres": {"treated": "one", "comparison": "two"},
            "waves": [
                {"id": "t0", "role": "baseline"},
                {"id": "t2", "role": "endline"},
                {"id": "t1", "role": "follow_up"},
            ],
            "outcomes": [
                {"id": "mood", "role": "secondary", "kind": "scale"},
                {"id": "calm", "role": "primary", "kind": "scale"},
            ],
            "covariates": COVARIATES,
            **changes,
        }
    )


# participant, treated, consenting, age, girl, newcomer, school, shift; calm at t0, t2, t1.
CHILDREN = [
    ("A", True, True, 11, 1, 0, "high", "morning", 1.0, 2.0, 3.0),
    ("B", True, True, 13, 1, 1, "low", "morning", 3.0, 5.0, np.nan),
    ("C", True, True, 12, 0, 1, None, "morning", 2.0, 2.5, 4.0),
    ("D", True, True, 15, 0, 1, "high", "morning", 4.0, np.nan, np.nan),
    ("E", True, False, 14, 1, 0, "low", "morning", 5.0, 5.0, 5.0),
    ("F", False, True, 10, 1, 0, "low", "evening", 0.0, 1.0, 2.0),
    ("G", False, True, 12, 0, 0, "high", "evening", 2.0, 2.0, 2.0),
    ("H", False, True, 11, 0, 0, "low", "evening", 2.0, 3.0, np.nan),
    ("I", False, True, 14, 0, 0, "high", "evening", np.nan, 3.0, 3.0),
    ("J", False, True, 12, 0, 0, "high", "evening", 4.0, 4.5, 1.0),
]
FIRST = "t2"  # the first wave after the baseline
TABLE = pd.DataFrame(CHILDREN, columns=["participant", "treated", "consenting", *COVARIATES, "t0", "t2", "t1"])
TABLE[["age", "girl", "newcomer"]] = TABLE[["age", "girl", "newcomer"]].astype(float)


def study(plan: Protocol | None = None, table: pd.DataFrame = TABLE) -> Study:
    return Study(Path(), plan or protocol(), None, None, table, None, None, None)


def scores(table: pd.DataFrame = TABLE) -> pd.DataFrame:
    """Calm as written, mood the same for every child and wave."""
    calm = table.melt("participant", ["t0", "t2", "t1"], "wave", "score").assign(outcome="calm")
    return pd.concat([calm, calm.assign(outcome="mood", score=4.7)], ignore_index=True)


@pytest.fixture(scope="module")
def balance() -> pd.DataFrame:
    table = balance_table(study(), scores())
    return table[table["wave"] == FIRST].set_index("variable")


def test_standardised_difference_by_hand():
    """Means 2 and 1, squares within 2 + 2 over 2 df, and 1 - 3 / (16 - 9)."""
    assert pooled_sd(np.array([1.0, 3.0]), np.array([0.0, 2.0])) == pytest.approx(np.sqrt(2))
    found = standardised_mean_difference(np.array([1.0, 3.0]), np.array([0.0, 2.0]))
    assert found == pytest.approx(1 / np.sqrt(2) * 4 / 7)


def test_standardised_difference_weighs_the_centres_by_their_degrees_of_freedom():
    """Squares within 2 and 8 over 1 + 3 df; means 3 and 0; 1 - 3 / (24 - 9)."""
    found = standardised_mean_difference(np.array([2.0, 4.0]), np.array([-2.0, 0.0, 0.0, 2.0]))
    assert found == pytest.approx(3 / np.sqrt(10 / 4) * 0.8)


def test_standardised_difference_is_turned_by_swapping_and_indifferent_to_units():
    one, two = np.array([1.0, 3.0, 3.5]), np.array([0.0, 2.0, 7.0])
    found = standardised_mean_difference(one, two)
    assert standardised_mean_difference(two, one) == pytest.approx(-found)
    assert standardised_mean_difference(60 * one + 5, 60 * two + 5) == pytest.approx(found)


@pytest.mark.parametrize("n", [4, 20, 80])
def test_small_sample_correction_is_close_to_the_gamma_ratio(n):
    """Hedges (1981): 1 - 3 / (4 m - 1) with m = n - 2 approximates J(m) within .007 from m = 2."""
    m = n - 2
    exact = np.exp(gammaln(m / 2) - gammaln((m - 1) / 2)) / np.sqrt(m / 2)
    assert small_sample_correction(n) == pytest.approx(exact, abs=0.0075)
    assert small_sample_correction(n) == pytest.approx(1 - 3 / (4 * m - 1), rel=1e-15)


@pytest.mark.parametrize("size", [38, 41, 43])
@pytest.mark.parametrize("value", [0.0, 0.1, 2.6, 4.7, 1e6])
def test_a_constant_has_no_sd_although_its_computed_variance_is_no_zero(value, size):
    assert np.isnan(pooled_sd(np.full(size, value), np.full(size, value)))
    assert np.isnan(standardised_mean_difference(np.full(size, value), np.full(size, value + 1)))
    assert np.isnan(variance_ratio(np.full(size, value), np.arange(5.0)))
    assert np.isnan(variance_ratio(np.arange(5.0), np.full(size, value)))


def test_variance_ratio_and_largest_distance_of_distributions_by_hand():
    one, two = np.array([1.0, 3.0]), np.array([0.0, 1.0, 1.0, 2.0])
    assert variance_ratio(one, two) == pytest.approx(2 / (2 / 3))
    assert kolmogorov_smirnov(one, two) == pytest.approx(0.5)  # all of two and half of one are at most 2
    assert kolmogorov_smirnov(one, one + 9) == 1
    assert np.isnan(kolmogorov_smirnov(one, one[:0]))


@pytest.mark.parametrize(("n1", "n0"), [(0, 0), (0, 5), (1, 5), (5, 1)])
def test_fewer_than_two_children_in_a_centre_have_no_standardised_difference(n1, n0):
    assert np.isnan(standardised_mean_difference(np.arange(float(n1)), np.arange(float(n0))))


def test_cox_index_by_hand():
    """Odds 1 against 1/3: ln 3 / 1.65."""
    one, two = np.array([0.0, 1.0]), np.array([0.0, 0.0, 0.0, 1.0])
    assert cox_index(one, two) == pytest.approx(np.log(3) / 1.65)
    assert cox_index(two, one) == pytest.approx(-np.log(3) / 1.65)
    assert cox_index(1 - one, 1 - two) == pytest.approx(-np.log(3) / 1.65)
    assert cox_index(one, one) == 0


@pytest.mark.parametrize("values", [[], [0.0, 0.0], [1.0, 1.0]])
def test_cox_index_of_a_share_of_none_or_all_is_no_number(values):
    assert np.isnan(cox_index(np.array(values), np.array([0.0, 1.0])))
    assert np.isnan(cox_index(np.array([0.0, 1.0]), np.array(values)))


@pytest.mark.parametrize(
    ("size", "verdict"),
    [
        (0.0, "satisfied"),
        (0.05, "satisfied"),
        (np.nextafter(0.05, 1), "adjust"),
        (0.25, "adjust"),
        (np.nextafter(0.25, 1), "fails"),
        (np.inf, "fails"),
    ],
)
@pytest.mark.parametrize("sign", [1, -1])
def test_verdict_changes_just_above_05_and_25(size, verdict, sign):
    assert wwc_verdict(sign * size) == verdict


def test_there_is_no_verdict_without_a_number():
    assert wwc_verdict(np.nan) == ""


def test_balance_is_of_the_children_seen_at_both_waves(balance):
    """Of calm at the first follow-up: A, B, C against F, G, H, J; D has no follow-up, I no baseline, E no consent."""
    calm = balance.loc["calm"]
    assert (calm["n_treated"], calm["n_comparison"]) == (3, 4)
    assert (calm["mean_treated"], calm["mean_comparison"]) == (2, 2)
    assert calm["smd"] == 0
    assert calm["wwc"] == "satisfied"


def test_balance_standardises_covariates_of_the_primary_outcomes_children(balance):
    """Ages 11 13 12 against 10 12 11 12: means 12, 11.25; squares within 2 + 2.75 over 5 df; 1 - 3 / 19."""
    age = balance.loc["age"]
    assert age["kind"] == "covariate"
    assert age["smd"] == pytest.approx(0.75 / np.sqrt(4.75 / 5) * 16 / 19)
    assert np.isnan(age["cox"])
    assert age["wwc"] == "fails"


def test_balance_judges_yes_or_no_by_the_cox_index(balance):
    """Girls 2 of 3 against 1 of 4: odds 2 against 1/3."""
    assert balance.loc["girl", "cox"] == pytest.approx(np.log(6) / 1.65)
    assert balance.loc["girl", "wwc"] == "fails"


def test_balance_judges_by_the_standardised_difference_where_a_centre_has_none_at_all(balance):
    """Newcomers 2 of 3 against none: the odds ratio is infinite, which must not leave the row without a verdict."""
    newcomer = balance.loc["newcomer"]
    assert np.isnan(newcomer["cox"])
    assert newcomer["smd"] > 0.25
    assert newcomer["wwc"] == "fails"


def test_centres_that_differ_in_a_constant_fail(balance):
    """All of one centre come in the morning, all of the other in the evening: no SD, and no likeness."""
    shift = balance.loc["shift: morning"]
    assert np.isnan([shift["smd"], shift["cox"]]).all()
    assert shift["wwc"] == "fails"


def test_what_does_not_vary_and_is_alike_has_no_verdict(balance):
    mood = balance.loc["mood"]
    assert np.isnan(mood["smd"])
    assert mood["wwc"] == ""


def test_balance_counts_a_level_among_the_children_whose_level_is_known(balance):
    """`low` of A (high), B (low), [C unknown] against F (low), G (high), H (low), J (high)."""
    low = balance.loc["school: low"]
    assert (low["n_treated"], low["n_comparison"]) == (2, 4)
    assert (low["mean_treated"], low["mean_comparison"], low["cox"]) == (0.5, 0.5, 0)


def test_balance_lists_outcomes_then_covariates(balance):
    assert list(balance.index) == ["mood", "calm", "age", "girl", "newcomer", "school: low", "shift: morning"]


def test_balance_of_nobody_is_a_table_without_numbers():
    table = balance_table(study(), scores().assign(score=np.nan))
    found = table[table["wave"] == FIRST].set_index("variable")
    assert found[["smd", "cox", "mean_treated", "mean_comparison"]].isna().all(axis=None)
    assert (found["wwc"] == "").all()
    assert list(found.index) == ["mood", "calm"]


@pytest.fixture(scope="module")
def flow() -> pd.DataFrame:
    return flow_table(study(), scores())


def test_flow_counts_children_enrolled_analysed_and_lost_for_any_reason(flow):
    """Of the primary outcome; E refused, D and B stayed away, I has no baseline, H left. Waves in the protocol's order."""
    assert flow.to_numpy().tolist() == [
        ["t2", "treated", 5, 3, 2],
        ["t2", "comparison", 5, 4, 1],
        ["t2", "both", 10, 7, 3],
        ["t1", "treated", 5, 2, 3],
        ["t1", "comparison", 5, 3, 2],
        ["t1", "both", 10, 5, 5],
    ]
    assert list(flow.columns) == ["wave", "centre", "enrolled", "analysed", "lost"]


def test_attrition_is_the_share_lost_and_its_difference_between_centres(flow):
    found = attrition_table(flow)
    assert list(found["wave"]) == ["t2", "t1"]
    numbers = found[["overall", "treated", "comparison", "differential"]].to_numpy()
    assert numbers == pytest.approx(np.array([[0.3, 0.4, 0.2, 0.2], [0.5, 0.6, 0.4, 0.2]]))


def test_differential_attrition_has_no_sign(flow):
    swapped = study(table=TABLE.assign(treated=~TABLE["treated"]))
    turned = attrition_table(flow_table(swapped, scores()))
    assert turned["differential"].to_numpy() == pytest.approx(attrition_table(flow)["differential"].to_numpy())


def test_attrition_of_a_centre_without_children_is_no_number():
    alone = study(table=TABLE[TABLE["treated"]])
    found = attrition_table(flow_table(alone, scores())).iloc[0]
    assert (found["overall"], found["treated"]) == (0.4, 0.4)
    assert np.isnan([found["comparison"], found["differential"]]).all()


def test_a_child_counts_as_enrolled_by_being_listed_although_nothing_of_it_was_ever_measured(flow):
    unseen = pd.concat([TABLE, TABLE.iloc[:1].assign(participant="Z")], ignore_index=True)
    found = flow_table(study(table=unseen), scores())
    assert found["enrolled"].tolist() == [6, 5, 11, 6, 5, 11]
    assert found["analysed"].tolist() == flow["analysed"].tolist()
