"""The weighting estimators against R: DRDID 1.2, an exact entropy balancing, WeightIt (reference/scripts/03_*.R)."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from evaluation.counterfactual.estimators.doubly_robust import drdid, drdid_traditional, entropy, ipw
from evaluation.counterfactual.estimators.registry import did
from evaluation.counterfactual.estimators.weights import effective_sample_size, entropy_weights, odds_weights, overlap
from evaluation.counterfactual.sample import NoEstimate, Sample

REFERENCE = Path(__file__).parent / "reference"
OUTCOMES = ("resilience", "teamwork", "communication", "self_efficacy", "digital")
CASES = [(study, outcome) for study in ("study_a", "study_c") for outcome in OUTCOMES]
SETS = ("no_covariates", "x3", "x3_plus_baseline")

# Both sides are closed formulas or Newton's method run to the last digits. DRDID's tilting stops its optimiser earlier,
# which moves its standard error in the ninth digit.
EXACT, TILTED = 1e-11, 1e-8
DRDID = {
    "ipw_hajek_std": (ipw, EXACT),
    "dr_traditional": (drdid_traditional, EXACT),
    "dr_improved": (drdid, TILTED),
}


def gold(name: str, outcome: str) -> dict:
    return json.loads((REFERENCE / "gold" / f"{name}.json").read_text())["outcomes"][outcome]


def sample_of(study: str, outcome: str, covariates: str = "x3") -> Sample:
    """Complete pairs of waves 0 and 1 in the order of their codes, as the R scripts build them."""
    data = pd.read_csv(REFERENCE / "data" / f"{study}.csv").assign(female=lambda rows: (rows["sex"] == "F") * 1.0)
    before = data[data["wave"] == 0].set_index("participant_id").sort_index()
    after = data[data["wave"] == 1].set_index("participant_id")[outcome].reindex(before.index)
    x3 = before[["age", "female", "migrant"]].to_numpy(float)
    baseline = before[outcome].to_numpy(float)
    features = {"no_covariates": x3[:, :0], "x3": x3, "x3_plus_baseline": np.column_stack([x3, baseline])}[covariates]
    return Sample(before["treat"].to_numpy(bool), baseline, after.to_numpy(float), features).pairs(with_covariates=True)


@pytest.mark.parametrize("method", DRDID)
@pytest.mark.parametrize("covariates", SETS)
@pytest.mark.parametrize(("study", "outcome"), CASES)
def test_effect_and_standard_error_are_those_of_r_drdid(study, outcome, covariates, method):
    estimator, tolerance = DRDID[method]
    fit = estimator(sample_of(study, outcome, covariates), errors="r")
    expected = gold(f"{study}_drdid", outcome)[covariates][method]
    assert fit.estimate == pytest.approx(expected["att"], rel=EXACT)
    assert fit.std_error == pytest.approx(expected["se"], rel=tolerance)
    assert fit.df == np.inf


@pytest.mark.parametrize(("study", "outcome"), CASES)
def test_entropy_is_the_exactly_balanced_regression_of_r(study, outcome):
    expected = gold(f"{study}_weights_balance", outcome)["own_newton_exact"]["did_change_weighted"]
    fit = entropy(sample_of(study, outcome), errors="r")
    assert fit.estimate == pytest.approx(expected["estimate"], rel=EXACT)
    assert fit.std_error == pytest.approx(expected["se"]["HC2"], rel=EXACT)


@pytest.mark.parametrize(("study", "outcome"), CASES)
def test_entropy_weights_are_those_of_r(study, outcome):
    sample = sample_of(study, outcome, "x3_plus_baseline")
    weights = entropy_weights(sample.treated, sample.covariates)[~sample.treated]
    expected = gold(f"{study}_weights_balance", outcome)["own_newton_exact"]
    np.testing.assert_allclose(weights, expected["weights_comparison_sum_n1"], rtol=EXACT)
    assert effective_sample_size(weights) == pytest.approx(expected["ess_comparison"], rel=EXACT)


@pytest.mark.parametrize(("study", "outcome"), CASES)
def test_odds_weights_are_those_of_r(study, outcome):
    sample = sample_of(study, outcome, "x3_plus_baseline")
    weights = odds_weights(sample.treated, sample.covariates)
    expected = gold(f"{study}_weights_balance", outcome)["weightit_ipw_att"]
    odds = np.array(expected["weights"])[~sample.treated]
    np.testing.assert_allclose(  # R's glm stops at a relative change of the deviance of 1e-8
        weights[~sample.treated], sample.n_treated * odds / odds.sum(), rtol=1e-7
    )
    assert (weights[sample.treated] == 1).all()
    assert effective_sample_size(weights[~sample.treated]) == pytest.approx(expected["ess_comparison"], rel=1e-7)


@pytest.mark.parametrize("covariates", SETS)
@pytest.mark.parametrize(("study", "outcome"), CASES)
def test_propensities_span_the_range_of_r(study, outcome, covariates):
    sample = sample_of(study, outcome, covariates)
    found = overlap(sample.treated, sample.covariates)
    expected = gold(f"{study}_drdid", outcome)[covariates]["logit_ps"]
    assert min(found.treated[0], found.comparison[0]) == pytest.approx(expected["pscore_min"], rel=EXACT)
    assert max(found.treated[1], found.comparison[1]) == pytest.approx(expected["pscore_max"], rel=EXACT)
    assert found.comparison[1] == pytest.approx(expected["pscore_max_comparison"], rel=EXACT)


@pytest.mark.parametrize("covariates", SETS)
@pytest.mark.parametrize(("study", "outcome"), CASES)
def test_entropy_balancing_of_the_same_covariates_is_drdid(study, outcome, covariates):
    sample = sample_of(study, outcome, covariates)
    balanced = entropy(sample, features=sample.covariates)
    assert balanced.estimate == pytest.approx(drdid(sample).estimate, abs=1e-12)  # an identity: rounding only
    assert (balanced.std_error, balanced.df) == (drdid(sample).std_error, drdid(sample).df)  # one number, one error


@pytest.mark.parametrize(("study", "outcome"), CASES)
def test_without_anything_to_balance_all_are_did_with_its_hc2_standard_error(study, outcome):
    sample = sample_of(study, outcome, "no_covariates")
    plain = did(sample)
    for balanced in (
        entropy(sample, features=sample.covariates), entropy(sample, sample.covariates, "r"), ipw(sample), drdid(sample),
        drdid_traditional(sample),
    ):  # fmt: skip
        assert balanced.estimate == pytest.approx(plain.estimate, rel=EXACT)
        assert balanced.std_error == pytest.approx(plain.std_error, rel=EXACT)


@pytest.mark.parametrize("estimator", [ipw, drdid_traditional, drdid, entropy])
def test_a_design_without_overlap_is_refused(estimator):
    data = pd.read_csv(REFERENCE / "data" / "trap_no_overlap.csv")
    y0, y1 = data["y0"].to_numpy(float), data["y1"].to_numpy(float)
    sample = Sample(data["treat"].to_numpy(bool), y0, y1, data[["age", "migrant"]].to_numpy(float))
    with pytest.raises(NoEstimate, match="do not overlap") as refused:
        estimator(sample)
    assert "non si sovrappongono" in refused.value.reason["it"]
