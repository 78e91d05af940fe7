"""What the missing children could hide: bounds on the effect on the change score.

Two answers. Lee's bounds suppose that whatever makes a centre lose more children only adds losses (monotone response):
the effect is then bounded for the children who would be seen in either centre. Extreme-value bounds suppose nothing:
each missing score may be the lowest or the highest of its scale, and the effect is bounded for all children.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy import optimize, stats

from evaluation.counterfactual.estimators.linear import TINY, hc2
from evaluation.counterfactual.sample import Array, NoEstimate, Sample

FUZZ = 1e-9  # a number of children is whole although its last digits are not


@dataclass(frozen=True)
class Bounds:
    """Lowest and highest effect that the missing children allow, with standard errors, in the outcome's unit."""

    lower: float
    upper: float
    se_lower: float
    se_upper: float
    alpha: float

    @property
    def critical(self) -> float:
        """Imbens & Manski (2004), eq. 7: c with Phi(c + width / max se) - Phi(-c) = 1 - alpha."""
        width = (self.upper - self.lower) / max(self.se_lower, self.se_upper)
        least, most = stats.norm.ppf([1 - self.alpha, 1 - self.alpha / 2])

        def excess(c: float) -> float:
            return float(stats.norm.cdf(c + width) - stats.norm.cdf(-c) - (1 - self.alpha))

        return float(optimize.brentq(excess, least - FUZZ, most + FUZZ, xtol=1e-12))

    @property
    def ci_low(self) -> float:
        """Lower end of the interval that covers the effect, wherever it lies between the bounds."""
        return self.lower - self.critical * self.se_lower

    @property
    def ci_high(self) -> float:
        """Upper end of that interval."""
        return self.upper + self.critical * self.se_upper


@dataclass(frozen=True)
class LeeBounds(Bounds):
    """Lee's bounds, and how they came about.

    trimmed : the centre that kept more children, `neither` where the shares agree. share : of its observed children that
    are trimmed. response_treated, response_comparison : shares of children seen at both waves.
    """

    trimmed: Literal["treated", "comparison", "neither"]
    share: float
    response_treated: float
    response_comparison: float


def lee_bounds(sample: Sample, alpha: float = 0.05) -> LeeBounds:
    """Bound the effect on change for the children who would be seen at both waves in either centre.

    The centre with the higher response loses its top (bottom) share of changes; the marginal child counts in part, so
    that the share is exact and ties do not matter. A child counts as missing without either score.

    Raises
    ------
    NoEstimate : fewer than two children of a centre seen at both waves, or no variation among those kept.

    References
    ----------
    Lee (2009), Propositions 1 and 3; variances with 1/n, quantiles as the inverse of the empirical distribution.
    """
    seen = ~np.isnan(sample.change)
    response = [float(seen[group].mean()) if group.any() else 0.0 for group in (sample.treated, ~sample.treated)]
    if min((seen & sample.treated).sum(), (seen & ~sample.treated).sum()) < 2:
        raise NoEstimate("meno di due ragazzi in un centro", "fewer than two children in a centre")
    swap = response[1] > response[0]
    more = ~sample.treated if swap else sample.treated
    share = 1 - min(response) / max(response)
    fixed = sample.change[seen & ~more]
    (lower, v_lower), (upper, v_upper) = (_trimmed_end(sample.change, seen, more, share, sign) for sign in (1, -1))
    lower, upper = lower - float(fixed.mean()), upper - float(fixed.mean())
    v_fixed = fixed.var() / np.mean(seen & ~more)
    se_lower, se_upper = (float(np.sqrt((v + v_fixed) / len(seen))) for v in (v_lower, v_upper))
    if min(se_lower, se_upper) <= TINY * np.ptp(sample.change[seen]):
        raise NoEstimate("i cambiamenti rimasti non variano", "the changes that are left do not vary")
    if swap:
        lower, upper, se_lower, se_upper = -upper, -lower, se_upper, se_lower
    trimmed: Literal["treated", "comparison", "neither"]
    trimmed = "neither" if share == 0 else "comparison" if swap else "treated"
    return LeeBounds(lower, upper, se_lower, se_upper, alpha, trimmed, share, *response)


def _trimmed_end(change: Array, seen: Array, more: Array, share: float, sign: int) -> tuple[float, float]:
    """Mean of the changes left without the top (sign 1) or bottom (-1) `share`, and its asymptotic variance times n."""
    ordered = np.sort(sign * change[seen & more])
    n = len(ordered)
    mean = float(np.average(ordered, weights=np.clip(n * (1 - share) - np.arange(n), 0, 1)))
    kept = ordered[: max(int(np.ceil(n * (1 - share) - FUZZ)), 1)]
    edge = kept[-1]
    mass = float(np.mean(seen & more)) * (1 - share)
    variance = (kept.var() + (edge - mean) ** 2 * share) / mass
    variance += ((edge - mean) / (1 - share)) ** 2 * _share_variance(seen, more, share)
    return sign * mean, float(variance)


def _share_variance(seen: Array, more: Array, share: float) -> float:
    """Asymptotic variance of the estimated trimming share, times n; 0 where nothing is trimmed."""
    if share == 0:
        return 0.0
    high, low, treated = seen[more].mean(), seen[~more].mean(), more.mean()
    return float((1 - share) ** 2 * ((1 - high) / (treated * high) + (1 - low) / ((1 - treated) * low)))


def extreme_bounds(sample: Sample, scale: tuple[float, float], alpha: float = 0.05) -> Bounds:
    """Bound the effect on change for all children, each missing score being the worst or the best of its scale.

    Parameters
    ----------
    scale : the lowest and the highest score that the outcome can take, in its unit.

    Raises
    ------
    NoEstimate : a score outside the scale, fewer than two children in a centre, or no variation.

    References
    ----------
    Horowitz & Manski (2000); standard errors are HC2 of the filled-in changes.
    """
    lowest, highest = scale
    scores = np.concatenate([sample.baseline, sample.follow_up])
    if (
        not lowest < highest
        or np.nanmin(scores, initial=highest) < lowest
        or np.nanmax(scores, initial=lowest) > highest
    ):
        raise NoEstimate("i punteggi escono dalla scala dichiarata", "the scores leave the declared scale")
    if min(sample.n_treated, sample.n_comparison) < 2:
        raise NoEstimate("meno di due ragazzi in un centro", "fewer than two children in a centre")
    least = _filled(sample.follow_up, lowest) - _filled(sample.baseline, highest)
    most = _filled(sample.follow_up, highest) - _filled(sample.baseline, lowest)
    design = np.column_stack([np.ones(len(least)), sample.treated])
    low = hc2(np.where(sample.treated, least, most), design, 1)
    high = hc2(np.where(sample.treated, most, least), design, 1)
    return Bounds(low.estimate, high.estimate, low.std_error, high.std_error, alpha)


def _filled(scores: Array, value: float) -> Array:
    return np.where(np.isnan(scores), value, scores)
