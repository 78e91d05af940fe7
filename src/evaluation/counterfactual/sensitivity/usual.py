"""How large differences between centres usually are: what a break-even value is read against."""

from __future__ import annotations

import numpy as np

# Of levels, between schools, as pupils report social-emotional outcomes: most of 529 estimates of five British trials lie
# below .04 (BMC Medical Research Methodology 2025, 25:120). None of change was found.
LEVEL_ICC = 0.04
CHILDREN = 0.6  # correlation of two waves within a centre, as in docs/methods.md
CENTRES = (0.9, 0.6)  # of the centres' own levels: nearly lasting; no more so than a child's


def change_icc(level_icc: float, centres: float, children: float) -> float:
    """Return the ICC of change that an ICC of levels means, given the correlation of two waves of centres and of children.

    The variance of a change is 2 (1 - correlation) times that of a level, between centres and within. Where both last
    alike the two ICCs are one.
    """
    between, within = level_icc * (1 - centres), (1 - level_icc) * (1 - children)
    return between / (between + within)


USUAL_ICC = (change_icc(LEVEL_ICC, CENTRES[0], CHILDREN), change_icc(LEVEL_ICC, CENTRES[1], CHILDREN))  # of change


def usual_shocks(shock_sd: float, icc: float) -> tuple[float, float]:
    """Shock SDs, in the unit of `shock_sd`, of the usual ICCs of change, given the shock of one known ICC.

    NaN where that ICC is zero, which says nothing of the variance of change.
    """
    if not 0 < icc < 1:
        return float("nan"), float("nan")
    change_sd = shock_sd / np.sqrt(icc / (1 - icc))
    low, high = (float(change_sd * np.sqrt(usual / (1 - usual))) for usual in USUAL_ICC)
    return low, high
