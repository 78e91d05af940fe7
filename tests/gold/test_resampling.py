"""Permutation and wild bootstrap against R: 04_inference.R (own enumeration, 400,000 draws, fwildclusterboot 0.13.0)."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from evaluation.counterfactual.inference.bootstrap import wild_bootstrap
from evaluation.counterfactual.inference.permutation import permutation_distribution, permutation_p

REFERENCE = Path(__file__).parent / "reference"
OUTCOMES = ("resilience", "teamwork", "communication", "self_efficacy", "digital")
CASES = [(study, outcome) for study in "ac" for outcome in OUTCOMES]
DRAWS = 200_000
T_DIGITS = 1e-8  # relative: scores are standardised and rounded to 9 digits


def gold(study, kind, outcome):
    return json.loads((REFERENCE / f"gold/study_{study}_{kind}.json").read_text())["outcomes"][outcome]


def pairs(study, outcome, ids=None):
    scores = pd.read_csv(REFERENCE / f"data/study_{study}.csv").pivot(index="participant_id", columns="wave")
    scores = scores.loc[ids] if ids else scores
    change = scores[outcome, 1] - scores[outcome, 0]
    return change[change.notna()].to_numpy(), (scores["treat", 0] == 1)[change.notna()].to_numpy()


def monte_carlo(p, draws, own_draws):
    """Four standard errors of the difference of two simulated shares, counting four extreme draws more for a p near 0."""
    share = p + 4 / draws
    return 4 * np.sqrt(share * (1 - share) * (1 / draws + 1 / own_draws))


@pytest.mark.parametrize(("study", "outcome"), CASES)
def test_enumerated_permutation_p_and_welch_t_of_seven_and_seven_children_are_exact(study, outcome):
    expected = gold(study, "ri", outcome)["exact_first7_each"]
    change, treated = np.array(expected["dy"]), np.array(expected["treat"], dtype=bool)
    observed, permuted, exact = permutation_distribution(change, treated, 10_000, 1)
    assert exact
    assert len(permuted) == expected["n_assignments"]
    assert observed == pytest.approx(expected["obs_welch_t"], rel=T_DIGITS)
    assert permutation_p(observed, permuted, exact) == expected["p_two_sided_studentized"]


@pytest.mark.parametrize(("study", "outcome"), CASES)
def test_drawn_permutation_p_agrees_within_monte_carlo_error(study, outcome):
    expected = gold(study, "ri", outcome)
    observed, permuted, exact = permutation_distribution(*pairs(study, outcome), DRAWS, 1)
    assert not exact
    assert observed == pytest.approx(expected["obs_studentized_t"], rel=T_DIGITS)
    p, draws = expected["studentized"]["p_mean"], expected["studentized"]["n_sims"]
    assert permutation_p(observed, permuted, exact) == pytest.approx(p, abs=monte_carlo(p, draws, DRAWS))


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_enumerated_wild_bootstrap_p_counts_draws_as_extreme_as_the_data(outcome):
    expected = gold("a", "wildboot", outcome)["exact_enumeration_first6_each"]
    result = wild_bootstrap(*pairs("a", outcome, expected["ids"]), 9_999, 1)
    assert result.exact
    assert result.draws == expected["n_draws"] == 2 ** expected["n_clusters"]
    assert result.t == pytest.approx(expected["t"], rel=T_DIGITS)
    assert result.p == expected["p_two_sided"]
    assert result.p - expected["p_strict_greater"] == 2 / result.draws  # the data themselves, and their mirror image


@pytest.mark.parametrize("weights", ["rademacher", "webb"])
@pytest.mark.parametrize(("study", "outcome"), CASES)
def test_drawn_wild_bootstrap_p_agrees_within_monte_carlo_error(study, outcome, weights):
    expected = gold(study, "wildboot", outcome)[f"change_persons_{weights}"]
    result = wild_bootstrap(*pairs(study, outcome), DRAWS, 1, weights)
    assert not result.exact
    assert result.t == pytest.approx(expected["t_stat"], rel=T_DIGITS)
    assert result.p == pytest.approx(expected["p"], abs=monte_carlo(expected["p"], expected["B"], DRAWS))


def test_stacked_pairs_clustered_by_child_have_the_same_bootstrap_p():
    """CR1S of the stacked pairs differs from HC1 of the change by a constant factor, which no draw's rank feels."""
    expected = gold("a", "wildboot", "resilience")["long_cluster_person_rademacher"]
    result = wild_bootstrap(*pairs("a", "resilience"), DRAWS, 1)
    n = expected["n_clusters"]
    factor = np.sqrt((n / (n - 2)) / (n / (n - 1) * (2 * n - 1) / (2 * n - 4)))
    assert result.t * factor == pytest.approx(expected["t_stat"], rel=T_DIGITS)
    assert result.p == pytest.approx(expected["p"], abs=monte_carlo(expected["p"], expected["B"], DRAWS))
