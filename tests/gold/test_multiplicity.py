"""Adjusted p-values against R: 04_inference.R (p.adjust, Anderson's code, own Romano-Wolf, multtest, wildrwolf)."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from evaluation.counterfactual.inference.multiplicity import (
    benjamini_hochberg,
    bonferroni,
    holm,
    romano_wolf,
    sharpened_q,
    two_stage,
)
from evaluation.counterfactual.inference.permutation import permutation_matrix, permutation_p

REFERENCE = Path(__file__).parent / "reference"
FIXTURES = json.loads((REFERENCE / "gold/multiplicity_fixtures.json").read_text())["fixtures"]
STUDIES = {s: json.loads((REFERENCE / f"gold/study_{s}_multiplicity.json").read_text()) for s in "ac"}
P_VALUES = {name: f for name, f in FIXTURES.items() if name != "romano_wolf"} | {
    f"study_{s}": gold["adjustments"] for s, gold in STUDIES.items()
}
METHODS = {"bonferroni": bonferroni, "holm": holm, "BH": benjamini_hochberg, "anderson_sharpened_q": sharpened_q}
BENJAMINI_HOCHBERG_1995 = np.array(
    [.0001, .0004, .0019, .0095, .0201, .0278, .0298, .0344, .0459, .3240, .4262, .5719, .6528, .7590, 1.0]
)  # fmt: skip
DRAWS = 100_000


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("family", P_VALUES)
def test_adjusted_p_values_equal_those_of_r(family, method):
    p = np.atleast_1d(P_VALUES[family]["p"])
    expected = np.atleast_1d(P_VALUES[family][method])
    np.testing.assert_allclose(METHODS[method](p), expected, rtol=1e-12)  # arithmetic alone: a few last digits


def test_rejections_of_benjamini_and_hochberg_1995():
    p = BENJAMINI_HOCHBERG_1995
    assert (bonferroni(p) <= 0.05).sum() == 3
    assert (benjamini_hochberg(p) <= 0.05).sum() == 4
    assert two_stage(p, 0.05).sum() == 8


def test_romano_wolf_of_a_fixed_matrix_of_draws_is_exact():
    expected = FIXTURES["romano_wolf"]
    permuted = pd.read_csv(REFERENCE / "data" / expected["tstar_file"]).to_numpy()
    observed = np.array(expected["t_observed"])
    adjusted = romano_wolf(observed, permuted, exact=False)
    raw = [permutation_p(t, column, False) for t, column in zip(observed, permuted.T, strict=True)]
    np.testing.assert_allclose(adjusted, expected["p_romano_wolf_plus1"], rtol=1e-12)
    np.testing.assert_allclose(raw, expected["p_unadjusted_plus1"], rtol=1e-12)


@pytest.mark.parametrize("study", STUDIES)
def test_romano_wolf_from_common_permutations_agrees_within_monte_carlo_error(study):
    gold = STUDIES[study]
    scores = pd.read_csv(REFERENCE / f"data/study_{study}.csv").pivot(index="participant_id", columns="wave")
    changes = np.column_stack([scores[outcome, 1] - scores[outcome, 0] for outcome in gold["order"]])
    complete = ~np.isnan(changes).any(axis=1)
    assert complete.sum() == gold["n_complete_all"]
    permuted, observed, exact = permutation_matrix(
        changes[complete], (scores["treat", 0] == 1).to_numpy()[complete], DRAWS, 1
    )
    np.testing.assert_allclose(observed, gold["welch_t_complete"], rtol=1e-8)  # scores are rounded to 9 digits
    adjusted = romano_wolf(observed, permuted, exact)
    own, multtest = gold["own_permutation_romano_wolf"], gold["multtest_mt_maxT"]
    for expected, draws in ((own["p_adjusted"], own["n_draws"]), (multtest["adjp"], 100_000)):
        share = np.array(expected) + 4 / draws  # four extreme draws more, for a p near 0
        error = np.sqrt(share * (1 - share) * (1 / DRAWS + 1 / draws))
        assert np.all(np.abs(adjusted - expected) <= 4 * error)
    # wildrwolf draws wild weights instead of permuting, with HC1: another chance, close at n = 80, and 9,999 draws
    np.testing.assert_allclose(adjusted, gold["wildrwolf_9999"]["p_romano_wolf"], atol=0.02)
