"""`Estimate`: the one object that crosses from statistics to everything else."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import stats

from evaluation.language import Text


@dataclass(frozen=True)
class Estimate:
    """An effect on the children of the treated centre, or the reason why there is none.

    estimate, std_error : in `unit`, NaN with a `reason`. df : of the t distribution, infinite for the normal.
    n_treated, n_comparison : children used.
    """

    outcome: str
    role: str
    wave: str
    estimator: str
    unit: str
    estimate: float
    std_error: float
    df: float
    n_treated: int
    n_comparison: int
    alpha: float = 0.05
    hedges_g: float = np.nan
    g_low: float = np.nan
    g_high: float = np.nan
    p_permutation: float = np.nan
    p_adjusted: float = np.nan
    reason: Text | None = None

    @property
    def critical(self) -> float:
        """The two-sided critical value at `alpha`."""
        return float(stats.t.ppf(1 - self.alpha / 2, self.df))

    @property
    def t(self) -> float:
        """Estimate over standard error."""
        return self.estimate / self.std_error

    @property
    def p_value(self) -> float:
        """Two-sided p of no effect."""
        return float(2 * stats.t.sf(abs(self.t), self.df))

    @property
    def ci_low(self) -> float:
        """Lower end of the 1 - alpha interval."""
        return self.bounds(1 - self.alpha)[0]

    @property
    def ci_high(self) -> float:
        """Upper end of the 1 - alpha interval."""
        return self.bounds(1 - self.alpha)[1]

    def bounds(self, level: float) -> tuple[float, float]:
        """Interval that covers with probability `level`."""
        reach = float(stats.t.ppf((1 + level) / 2, self.df)) * self.std_error
        return self.estimate - reach, self.estimate + reach
