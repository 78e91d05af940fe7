"""The attrition boundary against What Works Clearinghouse Standards Handbook 4.1 and other people's readings of it."""

import numpy as np
import pytest
from scipy import optimize, stats

from evaluation.counterfactual.missing.attrition import BOUNDARY, attrition_boundary, judge_attrition

# Handbook 4.1, Table II.1: overall (%), cautious, optimistic (percentage points)
TABULATED = [(0, 5.7, 10.0), (10, 6.3, 10.9), (20, 5.4, 10.0), (30, 4.1, 8.2), (40, 2.6, 6.0), (50, 1.0, 3.7)]
# Fitted to the whole table at a bias of 0.05 SD: two numbers for 58 and 66 points, so that a slip in one point shows
ALPHAS = {"cautious": (0.4088, 0.3541), "optimistic": (0.2492, 0.2033)}


@pytest.mark.parametrize(("overall", "cautious", "optimistic"), TABULATED)
def test_the_tabulated_points_come_out_exactly(overall, cautious, optimistic):
    # exact: the same decimal number, divided by 100 in floating point
    assert attrition_boundary(overall / 100, "cautious") == pytest.approx(cautious / 100, abs=1e-15)
    assert attrition_boundary(overall / 100, "optimistic") == pytest.approx(optimistic / 100, abs=1e-15)


@pytest.mark.parametrize(
    ("kept", "enrolled", "verdict"),
    [
        # examples in the manual of the R package WWCr
        ((20, 31), (40, 49), "high"),
        ((30, 40), (40, 48), "low_if_optimistic"),
        ((10, 100), (20, 200), "low"),
    ],
)
def test_verdicts_agree_with_the_manual_of_wwcr(kept, enrolled, verdict):
    lost = [1 - k / n for k, n in zip(kept, enrolled, strict=True)]
    assert judge_attrition(1 - sum(kept) / sum(enrolled), lost[0] - lost[1]).verdict == verdict


@pytest.mark.parametrize(
    ("overall", "differential", "verdict"), [(0.08, 0.03, "low"), (0.30, 0.06, "low_if_optimistic")]
)
def test_verdicts_agree_with_the_manual_of_baselinr(overall, differential, verdict):
    assert judge_attrition(overall, differential).verdict == verdict


def _modelled(overall: float, alpha_treated: float, alpha_comparison: float) -> float:
    """Differential at which the model's bias is 0.05 SD: alpha_t phi(z_t) / P_t - alpha_c phi(z_c) / P_c."""

    def excess(differential: float) -> float:
        stay = np.array([1 - overall - differential / 2, 1 - overall + differential / 2])
        mills = stats.norm.pdf(stats.norm.ppf(stay)) / stay
        return float(alpha_treated * mills[0] - alpha_comparison * mills[1] - 0.05)

    return optimize.brentq(excess, 0, 2 * min(overall, 1 - overall) - 1e-9) if excess(0) < 0 else 0.0


@pytest.mark.parametrize("assumption", ["cautious", "optimistic"])
def test_every_point_lies_on_the_curve_of_the_attrition_model(assumption):
    # Deke & Chiang (2017). 0.1 percentage points: the table's rounding is 0.05, and no pair of parameters comes closer
    # than 0.07 everywhere. Below 6 % overall the model has no solution, since one centre would have to lose less than nobody.
    points = BOUNDARY[assumption]
    modelled = [100 * _modelled(overall / 100, *ALPHAS[assumption]) for overall in range(6, len(points))]
    np.testing.assert_allclose(points[6:], modelled, atol=0.1)
