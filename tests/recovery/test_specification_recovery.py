"""How often chance alone draws a specification curve as extreme as the one found, when there is nothing to find."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from evaluation.counterfactual.sensitivity.specification import Curve, specification_curve
from evaluation.study.folder import Study
from evaluation.study.instrument import Instrument
from evaluation.study.protocol import Protocol

STUDIES, CHILDREN, LEVEL = 200, 36, 0.05
PROTOCOL = Protocol.model_validate(
    {
        "format": 1,
        "study": {"id": "tiny", "title": {"it": "Minimo", "en": "Tiny"}, "provenance": "synthetic"},
        "centres": {"treated": "a", "comparison": "b"},
        "waves": [{"id": "t0", "role": "baseline"}, {"id": "t1", "role": "endline"}],
        "outcomes": [{"id": "y", "role": "primary", "kind": "measure"}],
        "covariates": ["age"],
        "analysis": {"permutations": 199},
    }
)


def drawn(study: int, effect: float) -> Curve:
    """The curve of a study whose children are exchangeable, but for the effect: gains depend on age and baseline."""
    rng = np.random.default_rng([study, 6])
    who = pd.DataFrame(
        {
            "participant": np.arange(CHILDREN),
            "treated": rng.permutation(CHILDREN) < CHILDREN // 2,
            "consenting": True,
            "age": rng.integers(11, 18, CHILDREN).astype(float),
        }
    )
    baseline = rng.normal(size=CHILDREN)
    follow_up = 0.5 * baseline + 0.2 * who["age"] + effect * who["treated"] + rng.gamma(2, 0.5, CHILDREN)

    def scored(error: float) -> pd.DataFrame:
        """Scores by one more rule: the same but for an error of its own."""
        pair = [values + error * rng.normal(size=CHILDREN) for values in (baseline, follow_up)]
        return pd.concat(
            pd.DataFrame({"participant": who["participant"], "wave": wave, "outcome": "y", "score": values})
            for wave, values in zip(("t0", "t1"), pair, strict=True)
        )

    folder = Study(Path(), PROTOCOL, None, Instrument(()), who, pd.DataFrame(), None, None)
    return specification_curve(folder, {"protocol": scored(0), "other": scored(0.3)}, "y", "t1")


@cache
def curves(effect: float, studies: int = STUDIES) -> list[Curve]:
    return [drawn(study, effect) for study in range(studies)]


def test_the_curve_rejects_at_its_level_when_there_is_no_effect():
    rejected = sum(curve.p_median <= LEVEL for curve in curves(0.0))
    low, high = stats.binom.interval(0.999, STUDIES, LEVEL)
    assert low <= rejected <= high


def test_the_p_of_the_curve_is_uniform_when_there_is_no_effect():
    p = np.array([curve.p_median for curve in curves(0.0)])
    assert stats.kstest(p, "uniform").pvalue > 0.001
    assert p.mean() == pytest.approx(0.5, abs=4 / np.sqrt(12 * STUDIES))


def test_agreement_on_a_sign_rejects_no_more_than_its_level_when_there_is_no_effect():
    """Few specifications agree wholly or nearly so: ties make its p larger, never smaller."""
    rejected = sum(curve.p_sign <= LEVEL for curve in curves(0.0))
    assert rejected <= stats.binom.ppf(0.9995, STUDIES, LEVEL)


def test_the_median_of_the_curve_recovers_an_effect_and_its_p_finds_it():
    found = curves(1.5, 40)
    medians = np.array([curve.median for curve in found])
    assert medians.mean() == pytest.approx(1.5, abs=4 * medians.std(ddof=1) / np.sqrt(len(medians)))
    assert np.mean([curve.p_median <= LEVEL for curve in found]) > 0.9
