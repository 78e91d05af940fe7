"""Were too many children lost, or too unequally? The boundary of the What Works Clearinghouse.

Made for randomised trials: with two centres that nobody drew by lot it serves for orientation only. A sample within the
boundary has, under the Clearinghouse's model of who is lost, an expected bias of at most 0.05 standard deviations.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from evaluation.counterfactual.sample import NoEstimate

Assumption = Literal["cautious", "optimistic"]
Verdict = Literal["low", "low_if_optimistic", "high"]

# Largest tolerable differential attrition in percentage points, for overall attrition of 0, 1, 2, ... per cent. The
# published values are the standard: the model behind them (Deke & Chiang 2017) reproduces them only to about 0.1.
BOUNDARY: dict[Assumption, tuple[float, ...]] = {
    "cautious": (
        5.7, 5.8, 5.9, 5.9, 6.0, 6.1, 6.2, 6.3, 6.3, 6.3, 6.3, 6.2, 6.2, 6.1, 6.0, 5.9, 5.9, 5.8, 5.7, 5.5,
        5.4, 5.3, 5.2, 5.1, 4.9, 4.8, 4.7, 4.5, 4.4, 4.3, 4.1, 4.0, 3.8, 3.6, 3.5, 3.3, 3.2, 3.1, 2.9, 2.8,
        2.6, 2.5, 2.3, 2.1, 2.0, 1.8, 1.6, 1.5, 1.3, 1.2, 1.0, 0.9, 0.7, 0.6, 0.4, 0.3, 0.2, 0.0,
    ),
    "optimistic": (
        10.0, 10.1, 10.2, 10.3, 10.4, 10.5, 10.7, 10.8, 10.9, 10.9, 10.9, 10.9, 10.9, 10.8, 10.8, 10.7, 10.6, 10.5, 10.3, 10.2,
        10.0, 9.9, 9.7, 9.5, 9.4, 9.2, 9.0, 8.8, 8.6, 8.4, 8.2, 8.0, 7.8, 7.6, 7.4, 7.2, 7.0, 6.7, 6.5, 6.3,
        6.0, 5.8, 5.6, 5.3, 5.1, 4.9, 4.6, 4.4, 4.2, 3.9, 3.7, 3.5, 3.2, 3.0, 2.8, 2.6, 2.3, 2.1, 1.9, 1.6,
        1.4, 1.1, 0.9, 0.7, 0.5, 0.3,
    ),
}  # fmt: skip
DIGITS = 12  # a share computed from counts lies exactly on a boundary although its last digits do not


@dataclass(frozen=True)
class Attrition:
    """Overall and differential attrition against the boundary; all are shares between 0 and 1.

    cautious, optimistic : largest tolerable differential, NaN where the overall loss alone is too high.
    verdict : `low` within the cautious boundary, `low_if_optimistic` only within the optimistic one, else `high`.
    """

    overall: float
    differential: float
    cautious: float
    optimistic: float
    verdict: Verdict


def attrition_boundary(overall: float, assumption: Assumption) -> float:
    """Return the largest tolerable differential attrition, as a share; NaN where the overall share alone is too high.

    Linear between whole per cents. `cautious`: the programme may itself affect who stays; `optimistic`: it does not.
    Source: WWC Standards Handbook 4.1 (2020), Table II.1.
    """
    points = BOUNDARY[assumption]
    percent = round(100 * overall, DIGITS - 2)
    return float(np.interp(percent, np.arange(len(points)), points, left=np.nan, right=np.nan)) / 100


def judge_attrition(overall: float, differential: float) -> Attrition:
    """Hold overall and differential attrition (shares between 0 and 1) against both boundaries.

    Raises
    ------
    NoEstimate : a share is unknown or lies outside 0 to 1.
    """
    if not (0 <= overall <= 1 and 0 <= abs(differential) <= 1):
        raise NoEstimate("le quote di ragazzi persi non sono note", "the shares of children lost are not known")
    size = round(abs(differential), DIGITS)
    cautious, optimistic = (attrition_boundary(overall, assumption) for assumption in BOUNDARY)
    verdict: Verdict = "high"
    if size <= round(optimistic, DIGITS):
        verdict = "low" if size <= round(cautious, DIGITS) else "low_if_optimistic"
    return Attrition(overall, abs(differential), cautious, optimistic, verdict)
