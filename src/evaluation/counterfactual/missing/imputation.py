"""Missing scores: multiple imputation, how wrong it may be before the finding falls, and weights for response.

Imputation and weights suppose that, given what is observed of a child, being missing says nothing about the score. The
shifts drop that: they move the imputed follow-up scores by delta SD and look for the delta at which the finding falls.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from scipy import special

from evaluation.counterfactual.estimators.estimable import independent_columns
from evaluation.counterfactual.estimators.linear import TINY, Fit, hc2
from evaluation.counterfactual.estimators.registry import did
from evaluation.counterfactual.sample import Array, NoEstimate, Sample

IMPUTATIONS = 50
SWEEPS = 10  # rounds of the chained equations; one suffices where a single variable has gaps
DELTAS = tuple(step / 10 for step in range(-5, 6))
EVENTS = 5  # children lost in a centre for each variable of its response
LOWEST_RESPONSE = 0.01  # below it one child would speak for more than a hundred: no overlap
Shifted = Literal["treated", "comparison", "both"]
SHIFTED: tuple[Shifted, ...] = ("treated", "comparison", "both")


@dataclass(frozen=True)
class Pooled(Fit):
    """Estimate from m imputations by Rubin's rules, in the outcome's unit; df after Barnard & Rubin (1999).

    missing_information : share of the variance that is due to the missing scores. imputed_follow_ups, imputed_baselines :
    numbers of children whose score was imputed.
    """

    missing_information: float
    imputed_follow_ups: int
    imputed_baselines: int


@dataclass(frozen=True)
class Shift:
    """The pooled estimate when the imputed follow-up scores of `shifted` lie `delta` SD from what is expected."""

    shifted: Shifted
    delta: float
    pooled: Pooled


@dataclass(frozen=True)
class Weighted(Fit):
    """Estimate with inverse-probability-of-response weights, in the outcome's unit.

    lowest_response : smallest estimated probability of response. n_observed of n children respond. treated, comparison :
    what the response of each centre was modelled on; empty: that centre's response rate.
    """

    lowest_response: float
    n_observed: int
    n: int
    treated: tuple[str, ...] = ()
    comparison: tuple[str, ...] = ()


def impute(sample: Sample, seed: int, imputations: int = IMPUTATIONS) -> list[Sample]:
    """Return completed copies of the sample: every child, with every missing score and covariate drawn.

    Chained equations: each variable with gaps is regressed on the centre, the scores, their products with the centre (so
    that each centre has slopes of its own) and the covariates; variance and coefficients are drawn from their posterior
    under the standard vague prior, then the missing values. Draws may leave the scale of the scores.

    Raises
    ------
    NoEstimate : fewer than two complete pairs in a centre, scores that do not vary, too few children for the model.

    Notes
    -----
    Children are ordered by their standardised data, turned so that the treated gain more: neither the order of rows nor a
    shift, scale or sign of the scores moves the result. One random stream an imputation.

    References
    ----------
    Rubin (1987), pp. 166-167; van Buuren (2018), algorithms 3.1 and 4.3.
    """
    raw = np.column_stack([sample.baseline, sample.follow_up, sample.covariates])
    location, scale = _location_and_scale(sample)
    values = (raw - location) / scale
    order = np.lexsort([*np.round(values, 9).T, sample.treated])
    completed = []
    for stream in np.random.SeedSequence(seed).spawn(imputations):
        drawn = np.empty_like(values)
        drawn[order] = _chained(values[order], sample.treated[order], np.random.Generator(np.random.PCG64(stream)))
        full = np.where(np.isnan(raw), location + scale * drawn, raw)
        completed.append(replace(sample, baseline=full[:, 0], follow_up=full[:, 1], covariates=full[:, 2:]))
    return completed


def _location_and_scale(sample: Sample) -> tuple[Array, Array]:
    """Mean and SD of each column: one of both scores for the scores, turned so that the treated gain more."""
    pairs = sample.pairs()
    if min(pairs.n_treated, pairs.n_comparison) < 2:
        raise NoEstimate("meno di due ragazzi in un centro", "fewer than two children in a centre")
    if np.isnan(sample.covariates).all(axis=0).any():
        raise NoEstimate("una covariata non ha alcun valore", "a covariate has no value at all")
    scores = np.concatenate([pairs.baseline, pairs.follow_up])
    spread = scores.std()
    if spread <= TINY * np.abs(scores).max():
        raise NoEstimate("i punteggi non variano", "the scores do not vary")
    gain = pairs.change[pairs.treated].mean() - pairs.change[~pairs.treated].mean()
    signed = -spread if gain < 0 else spread
    spreads = np.nanstd(sample.covariates, axis=0)
    location = np.array([scores.mean(), scores.mean(), *np.nanmean(sample.covariates, axis=0)])
    return location, np.array([signed, signed, *np.where(spreads > 0, spreads, 1.0)])


def _chained(values: Array, treated: Array, rng: np.random.Generator) -> Array:
    """Fill the gaps of standardised columns (baseline, follow-up, covariates) by chained equations."""
    missing = np.isnan(values)
    gaps = np.flatnonzero(missing.any(axis=0))
    filled = np.where(missing, 0.0, values)
    for _ in range(SWEEPS if len(gaps) > 1 else 1):
        for column in gaps:
            rows = missing[:, column]
            scores = [filled[:, other] for other in (0, 1) if other != column]
            others = np.delete(filled, column, axis=1)
            design = np.column_stack([np.ones(len(rows)), treated, others, *(treated * score for score in scores)])
            filled[rows, column] = _posterior_draw(design, filled[:, column], rows, rng)
    return filled


def _posterior_draw(design: Array, y: Array, missing: Array, rng: np.random.Generator) -> Array:
    """Draw the missing y of a normal linear regression from their posterior predictive distribution (Rubin 1987)."""
    design = design[:, independent_columns(design[~missing])]
    n, p = int((~missing).sum()), design.shape[1]
    if n <= p:
        raise NoEstimate("troppo pochi ragazzi per il modello", "too few children for the model")
    # with y as the last column, R ends in Q'y and the length of the residuals
    r = np.linalg.qr(np.column_stack([design, y])[~missing], mode="r")
    r *= np.sign(np.diag(r))[:, None]  # a positive diagonal makes R, and so the draws, unique
    sigma = r[p, p] / np.sqrt(rng.chisquare(n - p))
    beta = np.linalg.solve(r[:p, :p], r[:p, p] + sigma * rng.standard_normal(p))
    return design[missing] @ beta + sigma * rng.standard_normal(int(missing.sum()))


def pool(fits: list[Fit]) -> tuple[Fit, float]:
    """Pool the estimates of completed data sets by Rubin's rules; return also the share of missing information.

    References
    ----------
    Rubin (1987), eqs. 3.1.2-3.1.5; Barnard & Rubin (1999), eq. 3, with the mean df of the completed data sets.
    """
    m = len(fits)
    estimates = np.array([fit.estimate for fit in fits])
    within = float(np.mean([fit.std_error**2 for fit in fits]))
    between = (1 + 1 / m) * float(estimates.var(ddof=1)) if m > 1 else 0.0
    total = within + between
    share = between / total
    complete = float(np.mean([fit.df for fit in fits]))
    observed = (complete + 1) / (complete + 3) * complete * (1 - share)
    df = 1 / (share**2 / max(m - 1, 1) + 1 / observed)
    return Fit(float(estimates.mean()), float(np.sqrt(total)), df), share


def imputed_effect(sample: Sample, seed: int, estimator: Callable[[Sample], Fit] = did) -> Pooled:
    """Estimate the effect on all children of the sample by multiple imputation; NoEstimate as `impute`."""
    return _pooled(sample, impute(sample, seed), estimator)


def shifted_effects(sample: Sample, seed: int, estimator: Callable[[Sample], Fit] = did) -> tuple[Shift, ...]:
    """Estimate with the imputed follow-up scores moved by each delta of `DELTAS`, in each choice of `SHIFTED`.

    Delta is in pooled within-centre SDs of the observed follow-up scores; all shifts share the same imputations.

    References
    ----------
    Cro, Morris, Kenward & Carpenter (2020), delta-based controlled multiple imputation.
    """
    completed = impute(sample, seed)
    sd = _within_centre_sd(sample.follow_up, sample.treated)
    missing = np.isnan(sample.follow_up)
    rows = {"treated": missing & sample.treated, "comparison": missing & ~sample.treated, "both": missing}

    def moved(shifted: Shifted, delta: float) -> Pooled:
        step = delta * sd * rows[shifted]
        return _pooled(sample, [replace(one, follow_up=one.follow_up + step) for one in completed], estimator)

    return tuple(Shift(shifted, delta, moved(shifted, delta)) for shifted in SHIFTED for delta in DELTAS)


def response_weighted(sample: Sample) -> Weighted:
    """Estimate `did` with weights 1 / probability of response, so that those seen twice stand for those seen once.

    Children with a baseline score; response is a follow-up score. In each centre it is a logit on the baseline score and
    then on covariates in the declared order, at most one column for each five children lost there: more are not to be
    told from so few. With fewer than five it is the centre's response rate, the same for all. A category enters whole or
    not at all; a child without a covariate that its centre's logit uses is left out.
    The standard error is HC2 of the weighted regression with Bell-McCaffrey df, the weights taken as known.

    Raises
    ------
    NoEstimate : fewer than two children seen twice in a centre, or children like some of those lost are (almost) never seen.

    References
    ----------
    Wooldridge (2007); Seaman & White (2013); Peduzzi et al. (1996), on events a variable.
    """
    used = response_children(sample)
    known = sample.keep(used)
    models = [_response_model(sample, centre) for centre in (sample.treated, ~sample.treated)]
    seen = ~np.isnan(known.follow_up)
    if min((seen & known.treated).sum(), (seen & ~known.treated).sum()) < 2:
        raise NoEstimate("meno di due ragazzi in un centro", "fewer than two children in a centre")
    probability = np.empty(len(seen))
    for (_, columns), rows in zip(models, (known.treated, ~known.treated), strict=True):
        probability[rows] = _response_probability(seen[rows], columns[used][rows])
    if probability.min() < LOWEST_RESPONSE:
        raise _no_counterparts()
    root = np.sqrt(1 / probability[seen])[:, None]
    design = np.column_stack([np.ones(seen.sum()), known.treated[seen]])
    fit = hc2(known.change[seen] * root[:, 0], design * root, 1)
    return Weighted(
        fit.estimate,
        fit.std_error,
        fit.df,
        float(probability.min()),
        int(seen.sum()),
        len(seen),
        models[0][0],
        models[1][0],
    )


def response_children(sample: Sample) -> Array:
    """Tell which children response weights rest on, seen again or not, bool, shape (n,)."""
    unknown = np.isnan(sample.baseline)
    for centre in (sample.treated, ~sample.treated):
        unknown |= centre & np.isnan(_response_model(sample, centre)[1]).any(axis=1)
    return ~unknown


def _response_model(sample: Sample, centre: Array) -> tuple[tuple[str, ...], Array]:
    """Return the variables that the response of a centre depends on, and their columns, shape (n, k)."""
    lost = int((np.isnan(sample.follow_up) & ~np.isnan(sample.baseline))[centre].sum())
    groups = _as_declared(sample)
    while sum(len(columns) for _, columns in groups) > lost // EVENTS:
        groups = groups[:-1]
    places = [column for _, columns in groups for column in columns]
    return tuple(name for name, _ in groups), np.column_stack([sample.baseline, sample.covariates])[:, places]


def _response_probability(seen: Array, columns: Array) -> Array:
    """Fitted probability of a follow-up score in one centre: by a logit on the columns, else the share of those seen."""
    if not columns.shape[1] or seen.all():
        return np.full(len(seen), seen.mean())
    spread = columns.std(axis=0)
    standardised = (columns - columns.mean(axis=0)) / np.where(spread > 0, spread, 1.0)
    return _logit(seen, np.column_stack([np.ones(len(seen)), standardised]))


def _as_declared(sample: Sample) -> list[tuple[str, list[int]]]:
    """Return the variables that may tell who responds, the baseline first, each with its columns of (Y0, X)."""
    groups: dict[str, list[int]] = {"baseline": [0]}
    named = len(sample.covariate_names) == sample.covariates.shape[1]
    for place, name in enumerate(
        sample.covariate_names if named else map(str, range(sample.covariates.shape[1])), start=1
    ):
        groups.setdefault(name.partition(": ")[0], []).append(place)
    return list(groups.items())


def _logit(response: Array, design: Array) -> Array:
    """Fitted probabilities of a maximum-likelihood logit, by Newton's method."""
    design = design[:, independent_columns(design)]
    beta = np.zeros(design.shape[1])
    for _ in range(25):  # some six suffice; under separation no number does
        probability = special.expit(design @ beta)
        information = design.T @ (design * (probability * (1 - probability))[:, None])
        try:
            step = np.linalg.solve(information, design.T @ (response - probability))
        except np.linalg.LinAlgError:
            break
        beta += step
        if np.abs(step).max() < TINY:
            return special.expit(design @ beta)
    raise _no_counterparts()


def _no_counterparts() -> NoEstimate:
    return NoEstimate(
        "tra i ragazzi rivisti quasi nessuno somiglia a certi ragazzi persi",
        "hardly any child seen again resembles some of those lost",
    )


def _pooled(sample: Sample, completed: list[Sample], estimator: Callable[[Sample], Fit]) -> Pooled:
    fit, share = pool([estimator(one) for one in completed])
    counts = (int(np.isnan(scores).sum()) for scores in (sample.follow_up, sample.baseline))
    return Pooled(fit.estimate, fit.std_error, fit.df, share, *counts)


def _within_centre_sd(scores: Array, treated: Array) -> float:
    """Pooled SD of the observed scores within the two centres."""
    groups = [scores[centre & ~np.isnan(scores)] for centre in (treated, ~treated)]
    squares = sum(float(((group - group.mean()) ** 2).sum()) for group in groups)
    return float(np.sqrt(squares / (sum(map(len, groups)) - 2)))
