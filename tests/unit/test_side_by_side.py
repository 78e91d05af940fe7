"""Tables that set choices side by side: every p of one contrast, overlap after weights, subgroups of the protocol."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from evaluation.checks import checked_study
from evaluation.counterfactual.analysis import analyse, estimates_table
from evaluation.counterfactual.inference.families import METHODS
from evaluation.counterfactual.inference.multiplicity import benjamini_hochberg, holm, sharpened_q
from evaluation.counterfactual.overlap import overlap_table
from evaluation.counterfactual.p_values import BOOTSTRAPS, inference_table
from evaluation.counterfactual.subgroups import MOST_LEVELS, SUBGROUPS, levels, subgroups_table
from evaluation.measurement.scores import score_study
from evaluation.study.folder import Study
from evaluation.study.places import study_folder


@cache
def shipped() -> tuple[Study, pd.DataFrame]:
    study, _ = checked_study(study_folder("volare-alto-2023"))
    return study, score_study(study)


@cache
def inference() -> pd.DataFrame:
    return inference_table(*shipped())


def with_analysis(study: Study, **changes: object) -> Study:
    analysis = study.protocol.analysis.model_copy(update=changes)
    return replace(study, protocol=study.protocol.model_copy(update={"analysis": analysis}))


def test_each_p_is_that_of_the_estimates():
    estimates = estimates_table(analyse(*shipped()))
    did = estimates[estimates["estimator"] == "did"].set_index(["outcome", "wave"])
    rows = inference().set_index(["outcome", "wave"]).loc[did.index]
    for mine, theirs in (("p_value", "p_value"), ("p_permutation", "p_permutation"), ("romano_wolf", "p_adjusted")):
        np.testing.assert_allclose(rows[mine], did[theirs], rtol=1e-12)


@pytest.mark.parametrize(
    ("column", "adjust"), [("holm", holm), ("benjamini_hochberg", benjamini_hochberg), ("sharpened_q", sharpened_q)]
)
def test_each_adjustment_is_of_the_raw_p_of_its_family(column, adjust):
    for _, family in inference().groupby(["role", "wave"]):
        np.testing.assert_allclose(family[column], adjust(family["p_permutation"].to_numpy()), rtol=1e-12)


def test_bootstrap_and_permutation_agree_to_their_noise_where_nothing_is_odd():
    """Forty children a centre and no outliers: three tests of one hypothesis differ by chance of their draws and little more."""
    rows = inference()
    for bootstrap in BOOTSTRAPS:
        assert (rows[bootstrap] - rows["p_permutation"]).abs().max() < 0.03


def test_an_outcome_that_does_not_vary_has_no_p_and_spoils_no_other():
    study, scores = shipped()
    flat = scores.assign(score=np.where(scores["outcome"] == "interest", 3.0, scores["score"]))
    rows = inference_table(study, flat).set_index("outcome")
    assert rows.loc["interest", ["p_value", "p_permutation", *BOOTSTRAPS, *METHODS]].isna().all()
    assert rows.drop("interest")["romano_wolf"].notna().all()


def test_weights_leave_at_most_the_comparison_children_there_are():
    table = overlap_table(*shipped())
    assert set(table["estimator"]) == {"ipw", "drdid", "entropy"}
    assert (table["effective_comparison"] <= table["n_comparison"]).all()
    assert (table["effective_comparison"] >= 1).all()


def test_without_overlap_there_is_no_number_and_no_error():
    study, scores = shipped()
    children = study.participants.assign(age=np.where(study.participants["treated"], 17.0, 11.0))
    table = overlap_table(replace(study, participants=children), scores)
    assert table["effective_comparison"].isna().all()
    assert table["outside"].isna().all()


def test_no_subgroup_unless_the_protocol_names_it():
    assert subgroups_table(*shipped()).empty
    assert list(subgroups_table(*shipped()).columns) == list(SUBGROUPS)


def test_the_parts_of_a_subgroup_are_estimated_apart_and_compared():
    study, scores = shipped()
    table = subgroups_table(with_analysis(study, subgroups=("sex",)), scores)
    did = estimates_table(analyse(study, scores)).query("outcome == 'steam' and estimator == 'did'").iloc[0]
    assert table[["n_treated", "n_comparison"]].sum().tolist() == [did["n_treated"], did["n_comparison"]]
    girls, boys = table["estimate"]
    z = (girls - boys) / np.hypot(*table["std_error"])
    assert table["p_differ"].to_list() == pytest.approx(
        [2 * stats.norm.sf(abs(z))] * 2, rel=1e-9
    )  # Altman & Bland 2003
    assert table["smallest"].unique().tolist() == [table[["n_treated", "n_comparison"]].min().min()]


def test_the_order_of_children_does_not_move_a_subgroup():
    study, scores = shipped()
    named = with_analysis(study, subgroups=("sex", "age"))
    turned = replace(named, participants=named.participants.iloc[::-1].reset_index(drop=True))
    pd.testing.assert_frame_equal(subgroups_table(named, scores), subgroups_table(turned, scores), rtol=1e-9)


def test_children_without_a_level_count_as_the_smallest_part():
    study, scores = shipped()
    sex = study.participants["sex"].astype(object).copy()
    analysed = study.participants["participant"].isin(scores["participant"]) & study.participants["treated"]
    sex[analysed[analysed].index[:2]] = None
    table = subgroups_table(
        with_analysis(replace(study, participants=study.participants.assign(sex=sex)), subgroups=("sex",)), scores
    )
    assert (table["smallest"] <= 2).all()


def test_a_number_with_many_values_is_split_at_its_median():
    values, rows = pd.Series([1.0, 2, 3, 4, 5, 6, np.nan]), np.array([True] * 7)
    below, above = levels(values, rows)
    assert (below.name, above.name) == ("< 3.5", "≥ 3.5")
    assert below.members.sum() == above.members.sum() == 3
    assert len(levels(pd.Series([0.0, 1, 0, 1]), rows[:4])) == 2 <= MOST_LEVELS
