"""A declared shock of a centre: with its source, and nothing in its place where there is none."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from study_builder import StudyFolder, build

from evaluation import score_study, sensitivity_table
from evaluation.counterfactual.sensitivity.usual import USUAL_ICC, change_icc, usual_shocks
from evaluation.reporting.displays.prose import two_centre_sentence
from evaluation.reporting.displays.result_tables import estimates
from evaluation.study.protocol import Analysis


@pytest.fixture
def study(tmp_path: Path) -> StudyFolder:
    return build(tmp_path / "study")


def test_a_bare_number_is_read_with_a_warning_and_a_source_is_enough(study: StudyFolder):
    assert study.load().protocol.analysis.centre_shock_icc is None
    study.replace("protocol.yml", "alpha: 0.05", "alpha: 0.05\n  centre_shock_icc: 0.03")
    finding = study.only()
    assert (finding.level, finding.kind, finding.found) == ("warning", "no_source", "0.03, no source")
    assert study.load().protocol.analysis.centre_shock_icc == 0.03
    study.replace(
        "protocol.yml", "centre_shock_icc: 0.03", "centre_shock_icc: {value: 0.03, source: a trial, reason: alike}"
    )
    assert study.findings() == []
    assert Analysis.model_validate({"centre_shock_icc": 0.03}).centre_shock_icc == 0.03


def test_without_a_declared_shock_the_two_centre_columns_are_empty_and_the_break_even_leads(study: StudyFolder):
    loaded = study.load()
    table = sensitivity_table(loaded, score_study(loaded))
    assert table[["shock_icc", "shock_sd", "two_centre_low", "two_centre_high"]].isna().all(axis=None)
    assert table["estimate"].notna().any()
    row = {"outcome": "skills", "wave": "t1", "estimator": "did", "estimate": "0.5", "break_even_shock": "0.2",
           "break_even_icc": "0.1", "break_even_bias": "0.3", "two_centre_low": "", "two_centre_high": ""}  # fmt: skip
    said = two_centre_sentence(loaded.protocol, row, "en")
    assert "does not declare" in said and "Swapping the two centres gives p = 1" in said
    made = pd.DataFrame([{**row, "ci_low": "0.1", "ci_high": "0.9", "p_value": "0.01", "p_permutation": "0.01",
                          "hedges_g": "0.5", "n_treated": "12", "n_comparison": "12"}])  # fmt: skip
    assert estimates(loaded, made, "en", sensitivity=made).columns[2] == "Break-even centre shock"


def test_usual_iccs_are_of_change():
    """Where centres last as children do the ICC of change is that of levels; where they last longer it is smaller."""
    assert change_icc(0.04, 0.6, 0.6) == pytest.approx(0.04)
    assert change_icc(0.04, 0.9, 0.6) == pytest.approx(0.04 * 0.1 / (0.04 * 0.1 + 0.96 * 0.4))
    np.testing.assert_allclose(USUAL_ICC, (0.0103, 0.04), atol=1e-4)
    rng = np.random.default_rng(1)
    centres, children = (rng.multivariate_normal([0, 0], np.array([[1, r], [r, 1]]), 400_000) for r in (0.9, 0.6))
    between, within = (size * np.var(x[:, 1] - x[:, 0]) for size, x in ((0.04, centres), (0.96, children)))
    assert between / (between + within) == pytest.approx(USUAL_ICC[0], rel=0.02)
    assert usual_shocks(0.2, 0.04) == pytest.approx((0.2 * np.sqrt(0.0103 / 0.9897 / (0.04 / 0.96)), 0.2), rel=0.01)
