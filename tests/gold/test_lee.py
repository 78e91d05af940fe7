"""Lee bounds against an R implementation, its bootstrap, and trimming of whole children (reference/scripts/05)."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from evaluation.counterfactual.missing.lee import LeeBounds, lee_bounds
from evaluation.counterfactual.sample import Sample

REFERENCE = Path(__file__).parent / "reference"
GOLD = json.loads((REFERENCE / "gold" / "lee_bounds.json").read_text(encoding="utf-8"))
FIXTURES = ["lee_fixture", "lee_fixture_reverse"]


def _bounds(fixture: str) -> LeeBounds:
    data = pd.read_csv(REFERENCE / "data" / f"{fixture}.csv")
    n = len(data)
    sample = Sample(data["treat"].to_numpy() == 1, np.zeros(n), data["y"].to_numpy(float), np.empty((n, 0)))
    return lee_bounds(sample)


@pytest.mark.parametrize("fixture", FIXTURES)
def test_bounds_errors_and_intervals_agree_with_r(fixture):
    found, gold = _bounds(fixture), GOLD[fixture]
    assert (found.trimmed, found.alpha) == (gold["trimmed_group"], 0.05)
    names = {"trimming_share": "share", "imbens_manski_c": "critical"}
    keys = ["response_treated", "response_comparison", "lower", "upper", "se_lower", "se_upper", "ci_low", "ci_high"]
    for key in [*keys, *names]:
        # closed form, so to rounding; the critical value is a root found to 1e-12 on both sides
        assert getattr(found, names.get(key, key)) == pytest.approx(gold[key], rel=1e-9), key


@pytest.mark.parametrize("fixture", FIXTURES)
def test_standard_errors_agree_with_the_bootstrap(fixture):
    found, bootstrap = _bounds(fixture), GOLD[fixture]["bootstrap"]
    # 2,000 draws know an SD to 1.6 %; the rest is the asymptotic formula at n = 82
    assert found.se_lower == pytest.approx(bootstrap["se_lower"], rel=0.06)
    assert found.se_upper == pytest.approx(bootstrap["se_upper"], rel=0.06)


@pytest.mark.parametrize("fixture", FIXTURES)
def test_fractional_trimming_lies_between_whole_children(fixture):
    found, whole = _bounds(fixture), GOLD[fixture]["whole_observation_trimming"]
    assert whole["ceiling"]["lower"] < found.lower < whole["floor"]["lower"]
    assert whole["floor"]["upper"] < found.upper < whole["ceiling"]["upper"]
