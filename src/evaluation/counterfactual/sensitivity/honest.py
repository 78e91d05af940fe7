"""Honest difference in differences: what the effect may be if the centres' trends did not run exactly parallel.

Rambachan & Roth (2023) bound the difference in trends delta after the baseline by what was seen before it: by its largest
step between two waves (relative magnitudes), or by how much its slope may change (smoothness). Where the times of the waves
are known, steps and slopes are per unit of time, the unit being the distance from the baseline to the first later wave;
else waves count as equally spaced.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from scipy import optimize

from evaluation.counterfactual.sample import Array, NoEstimate
from evaluation.counterfactual.sensitivity.honest_moments import MomentTest, moment_test
from evaluation.counterfactual.sensitivity.two_centres import bias_critical

Interval = tuple[float, float]
FLAT = 1e-6  # standard errors below this share of the range of the scores are taken for rounding
ROUNDING = 1e-14  # and below this share of the largest score: what subtracting two of them leaves
SINGULAR = 1e-10  # smallest eigenvalue of a correlation matrix that counts as positive


@dataclass(frozen=True)
class EventStudy:
    """Differences between the centres in mean change from the baseline, one a wave, in the order of time.

    beta : shape (pre + post,), in the outcome's unit. sigma : its covariance. pre, post : waves before, after baseline.
    times : of the waves, the baseline at 0 left out, the first later one at 1; one apart where None.
    """

    beta: Array
    sigma: Array
    pre: int
    post: int
    times: Array | None = None

    @property
    def distances(self) -> Array:
        """Times of all waves, shape (pre + 1 + post,), the baseline at 0."""
        apart = np.delete(np.arange(-self.pre, self.post + 1.0), self.pre) if self.times is None else self.times
        return np.insert(apart, self.pre, 0.0)

    def target(self, weights: Array | None) -> Array:
        """Return the weights of the waves after baseline in the effect asked for; the first wave where None."""
        return np.eye(self.post)[0] if weights is None else np.asarray(weights, dtype=float)

    def effect(self, weights: Array | None = None) -> tuple[float, float]:
        """Return the effect under exactly parallel trends, with its standard error."""
        full = np.r_[np.zeros(self.pre), self.target(weights)]
        return float(full @ self.beta), float(np.sqrt(full @ self.sigma @ full))


def event_study(scores: Array, treated: Array, baseline_index: int, times: Sequence[float] | None = None) -> EventStudy:
    """Estimate the event study from the children seen at every wave.

    Parameters
    ----------
    scores : shape (n, waves), waves in the order of time, NaN where missing. treated : bool, shape (n,).
    baseline_index : column of the baseline. times : of each wave, rising, in any unit; equally spaced where None.

    Raises
    ------
    NoEstimate : no wave before or after the baseline, fewer than two children in a centre, or too little variation.

    Notes
    -----
    The covariance is that of two independent means, HC2 as in the `did` row: its diagonal is that row's squared error.
    """
    pre, post = baseline_index, scores.shape[1] - baseline_index - 1
    if pre < 1:
        raise NoEstimate("manca una rilevazione precedente alla baseline", "there is no wave before the baseline")
    if post < 1:
        raise NoEstimate("manca una rilevazione successiva alla baseline", "there is no wave after the baseline")
    complete = ~np.isnan(scores).any(axis=1)
    change = np.delete(scores - scores[:, [baseline_index]], baseline_index, axis=1)
    groups = [change[complete & rows] for rows in (treated, ~treated)]
    if min(map(len, groups)) < 2:
        raise NoEstimate(
            "meno di due ragazzi di un centro sono presenti a tutte le rilevazioni",
            "fewer than two children of a centre were seen at every wave",
        )
    sigma = sum((np.atleast_2d(np.cov(group.T)) / len(group) for group in groups), np.zeros((pre + post, pre + post)))
    seen = scores[complete]
    _require_variation(sigma, max(FLAT * np.ptp(seen), ROUNDING * np.abs(seen).max()))
    spaced = None if times is None else _spaced(np.asarray(times, dtype=float), baseline_index)
    return EventStudy(groups[0].mean(axis=0) - groups[1].mean(axis=0), sigma, pre, post, spaced)


def _spaced(times: Array, baseline: int) -> Array:
    """Distances of the waves from the baseline, itself left out, in units of that to the first later wave."""
    return np.delete(times - times[baseline], baseline) / (times[baseline + 1] - times[baseline])


def _require_variation(sigma: Array, noise: float) -> None:
    errors = np.sqrt(np.diag(sigma))
    if errors.min() <= noise or np.linalg.eigvalsh(sigma / np.outer(errors, errors))[0] < SINGULAR:
        raise NoEstimate(
            "i cambiamenti tra le rilevazioni variano troppo poco", "the changes between waves vary too little"
        )


def relative_magnitude(event: EventStudy, mbar: float, alpha: float = 0.05, weights: Array | None = None) -> Interval:
    """Confidence set when no step of delta after the baseline exceeds `mbar` times the largest step before it.

    Parameters
    ----------
    weights : shape (post,), of the waves after baseline in the effect; the first wave where None.

    Returns
    -------
    The ends of the set, in the outcome's unit; the effect under parallel trends lies between them.

    References
    ----------
    Rambachan & Roth (2023), Delta^RM, section 2.4.1; conditional test with the least-favourable hybrid (C-LF) of Andrews,
    Roth & Pakes (2023), as in R HonestDiD: on the moments after baseline, kappa = alpha / 10.
    """
    tests = _relative_tests(event, mbar, alpha, event.target(weights))

    def accepts(values: Array) -> Array:
        return np.any([test.accepts(values) for test in tests], axis=0)

    value, error = event.effect(weights)
    return _end(accepts, value, -error), _end(accepts, value, error)


def _relative_tests(event: EventStudy, mbar: float, alpha: float, weights: Array) -> list[MomentTest]:
    """Return one test for each step before baseline, up or down, that may be the largest."""
    steps = np.diff(np.eye(event.pre + event.post + 1), axis=0) / np.diff(event.distances)[:, None]
    bound = np.r_[np.ones(event.pre), np.full(event.post, mbar)]
    tests = []
    for largest in [sign * step for step in steps[: event.pre] for sign in (1, -1)]:
        allowed = np.outer(bound, largest)
        moments = np.delete(np.vstack([steps - allowed, -steps - allowed]), event.pre, axis=1)  # delta is 0 at baseline
        tests.append(moment_test(moments, event.beta, event.sigma, weights, alpha))
    return tests


def _end(accepts: Callable[[Array], Array], inside: float, step: float) -> float:
    """Return the outermost accepted value from `inside` in the direction of `step`, to about a millionth of a step."""
    reach = 4.0
    while accepts(np.array([inside + reach * step]))[0]:
        reach *= 2
    grid = inside + step * np.linspace(0, reach, 201)
    for _ in range(4):
        last = int(np.flatnonzero(accepts(grid))[-1])
        grid = np.linspace(grid[last], grid[last + 1], 33)
    return float(grid[0])


def smoothness(event: EventStudy, m: float, alpha: float = 0.05, weights: Array | None = None) -> Interval:
    """Shortest fixed-length interval when the slope of delta changes by at most `m` from one step to the next.

    With m = 0 the difference in trends is a straight line, which the waves before baseline predict.

    Parameters
    ----------
    m : in the outcome's unit a unit of time, or a wave. weights : shape (post,), as in `relative_magnitude`.

    Notes
    -----
    Of all linear estimators unbiased under straight lines, the one whose half-length cv(bias / sd) sd is smallest. With
    second differences s_j of delta, its bias is sum s_j c_j: the c_j after baseline are fixed by the weights, those before
    are free, and worst is m sum |c_j|. For the critical value c = cv(k), dc/dk = tanh(c k).

    References
    ----------
    Rambachan & Roth (2023), Delta^SD, section 3.2; Armstrong & Kolesar (2018), eq. 18.
    """
    start, moves, fixed = _linear_estimators(event, event.target(weights))
    unit = float(np.sqrt(start @ event.sigma @ start))
    sigma = event.sigma / unit**2

    def half_length(sizes: Array) -> tuple[float, Array]:
        up, down = np.split(sizes, 2)
        estimator = start + moves @ (up - down)
        sd = np.sqrt(estimator @ sigma @ estimator)
        ratio = m / unit * (fixed + sizes.sum()) / sd
        critical = bias_critical(ratio, alpha)
        slope = np.tanh(critical * ratio)
        by_move = (critical - ratio * slope) / sd * (estimator @ sigma @ moves)
        return critical * sd, np.r_[by_move, -by_move] + slope * m / unit

    sizes = np.zeros(2 * moves.shape[1])
    if sizes.size:
        settings = {"ftol": 0.0, "gtol": 1e-10, "maxiter": 1_000}
        sizes = optimize.minimize(
            half_length, sizes, jac=True, method="L-BFGS-B", bounds=[(0, None)] * len(sizes), options=settings
        ).x
    value = float((start + moves @ np.subtract(*np.split(sizes, 2))) @ event.beta)
    reach = half_length(sizes)[0] * unit
    return value - reach, value + reach


def _linear_estimators(event: EventStudy, weights: Array) -> tuple[Array, Array, float]:
    """Return estimators start + moves @ c, unbiased under straight lines, with c before and sum |c| after the baseline."""
    before, after = event.distances[: event.pre], event.distances[event.pre + 1 :]
    kinks = before[1:]
    system = np.linalg.inv(np.vstack([before, np.maximum(kinks[:, None] - before, 0)]))
    start = np.r_[-system[:, 0] * (weights @ after), weights]
    moves = np.vstack([system[:, 1:], np.zeros((event.post, event.pre - 1))])
    bends = event.distances[event.pre : -1, None]  # the baseline, and every later wave but the last
    fixed = np.abs(np.maximum(after - bends, 0) @ weights).sum()
    return start, moves, float(fixed)


def break_even(interval: Callable[[float], Interval], scale: float = 1.0) -> float:
    """Return the largest Mbar or M at which the interval excludes zero; 0 where there is none.

    Intervals need not be nested: one may hold zero where a wider restriction's does not (as in R HonestDiD). The last
    crossing is sought from a grid of halves of `scale`, doubled until zero is held.

    Parameters
    ----------
    interval : from a value of Mbar or M to its interval, as `lambda m: smoothness(event, m)`. scale : a value of the
        order of magnitude sought.
    """

    @cache
    def margin(value: float) -> float:
        low, high = interval(value)
        return max(low, -high)

    values = [0.0, *(scale / 2**halves for halves in (4, 3, 2, 1, 0))]
    while margin(values[-1]) > 0:
        values.append(2 * values[-1])
    excluding = [place for place, value in enumerate(values) if margin(value) > 0]
    if not excluding:
        return 0.0
    last = excluding[-1]
    return float(optimize.brentq(margin, values[last], values[last + 1], xtol=1e-8 * scale))
