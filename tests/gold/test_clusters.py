"""Clustered errors: R's numbers by child, and the refusal of two centres."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from evaluation.counterfactual.estimators.clusters import FEWEST, clustered
from evaluation.counterfactual.sample import NoEstimate

REFERENCE = Path(__file__).parent / "reference"
OUTCOMES = ("resilience", "teamwork", "communication", "self_efficacy", "digital")


def stacked(outcome: str) -> tuple[np.ndarray, np.ndarray, pd.DataFrame]:
    """The pairs of study a, one row a child and wave, with centre, wave and their product."""
    rows = pd.read_csv(REFERENCE / "data" / "study_a.csv")
    treat, post = rows["treat"].to_numpy(dtype=float), (rows["wave"] == 1).to_numpy(dtype=float)
    return rows[outcome].to_numpy(), np.column_stack([np.ones(len(rows)), treat, post, treat * post]), rows


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_errors_by_child_are_those_of_r(outcome: str):
    """R sandwich, CR1 of the stacked pairs (scripts/02_did_ancova.R); double precision, 1e-9 relative."""
    gold = json.loads((REFERENCE / "gold" / "study_a_did.json").read_text())["outcomes"][outcome]["did_long_pairs"]
    y, design, rows = stacked(outcome)
    fit = clustered(y, design, 3, rows["participant_id"].to_numpy(), rows["treat"].to_numpy() == 1)
    assert fit.estimate == pytest.approx(gold["estimate"], rel=1e-9)
    assert fit.std_error == pytest.approx(gold["cluster"]["CR1"], rel=1e-9)
    assert fit.df == gold["cluster"]["n_clusters"] - 1


def test_two_centres_are_refused_in_both_languages():
    y, design, rows = stacked("resilience")
    with pytest.raises(NoEstimate, match="at least 5 clusters a side are needed, there are 1 and 1") as refused:
        clustered(y, design, 3, rows["centre"].to_numpy(), rows["treat"].to_numpy() == 1)
    assert "gruppi per parte" in refused.value.reason["it"]


@pytest.mark.parametrize(("clusters", "refused"), [(FEWEST - 1, True), (FEWEST, False)])
def test_the_fewest_clusters_a_side_are_five(clusters: int, refused: bool):
    rng = np.random.default_rng(5)
    group = np.repeat(np.arange(2 * clusters), 6)
    treated = group < clusters
    design = np.column_stack([np.ones(len(group)), treated])
    y = rng.normal(size=len(group))
    if refused:
        with pytest.raises(NoEstimate):
            clustered(y, design, 1, group, treated)
    else:
        assert clustered(y, design, 1, group, treated).df == 2 * clusters - 1
