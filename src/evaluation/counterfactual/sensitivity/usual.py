"""How large differences between centres usually are: what a break-even value is read against."""

from __future__ import annotations

import numpy as np

USUAL_ICC = (0.01, 0.10)  # of levels, between schools: for orientation


def usual_shocks(shock_sd: float, icc: float) -> tuple[float, float]:
    """Shock SDs, in the unit of `shock_sd`, of the ICCs usual between schools, given the shock of one declared ICC.

    NaN where the declared ICC is zero, which says nothing of the variance of change.
    """
    if not 0 < icc < 1:
        return float("nan"), float("nan")
    change_sd = shock_sd / np.sqrt(icc / (1 - icc))
    low, high = (float(change_sd * np.sqrt(usual / (1 - usual))) for usual in USUAL_ICC)
    return low, high
