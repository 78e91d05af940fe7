"""What a design would find if the world were as declared: simulated studies, and what the analysis says of them.

A design is declared as model, inquiry, data strategy and answer strategy (Blair, Cooper, Coppock & Humphreys 2019), all in
SDs of a score within a centre; no data are needed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace

import numpy as np
import pandas as pd

from evaluation.counterfactual.sample import Array
from evaluation.design import simulated
from evaluation.design.power import planned_shock
from evaluation.design.simulated import Scores

BLOCK = 100  # simulations that share a random stream: fixed, so that results do not depend on how they are spread
ICCS = (0.0, 0.01, 0.02, 0.04, 0.10)  # of change: from no shock to the most that is usual between schools
FITS = {
    "before_after": simulated.before_after,
    "difference": simulated.difference,
    "did": simulated.did,
    "ancova": simulated.ancova,
}
METHODS = (*FITS, "permutation", "two_centre")
# Covariates are not simulated. Without them these are the difference in differences; balancing the baseline is nearest ANCOVA.
STANDS_FOR = {
    **dict.fromkeys(("did_adjusted", "panel", "ipw", "drdid_traditional", "drdid"), "did"),
    "entropy": "ancova",
}  # fmt: skip
Notify = Callable[[int, int], None]


@dataclass(frozen=True)
class Model:
    """How scores come about.

    rho : correlation of the two waves within a centre, below one. gap : lead of the treated centre at the start and ever
    after. trend : what children gain without the programme. shock_icc : share of the variance of change that lies between
    centres, each of which is shocked once.
    """

    rho: float
    gap: float = 0.25
    trend: float = 0.25
    shock_icc: float = 0.0


@dataclass(frozen=True)
class Inquiry:
    """What is asked: the mean effect on the children of the treated centre."""

    effect: float


@dataclass(frozen=True)
class DataStrategy:
    """Who is seen: children with both scores, a centre each, at least two."""

    n_treated: int
    n_comparison: int


@dataclass(frozen=True)
class AnswerStrategy:
    """How it is answered: level of tests and intervals, declared shock of the two-centre interval, permutations."""

    alpha: float = 0.05
    shock_icc: float = 0.02
    permutations: int = 999


@dataclass(frozen=True)
class Design:
    """Model, inquiry, data strategy, answer strategy."""

    model: Model
    inquiry: Inquiry
    data: DataStrategy
    answer: AnswerStrategy = field(default_factory=AnswerStrategy)


@dataclass(frozen=True)
class Diagnosands:
    """Operating characteristics of one method under one centre shock, each with its Monte Carlo standard error.

    bias, rmse : in SDs. coverage : share of intervals that hold the effect. size : share of tests that find an effect
    where there is none; power : where it is `effect`. NaN where the method gives no estimate of its own.
    """

    shock_icc: float
    method: str
    effect: float
    bias: float
    bias_error: float
    rmse: float
    rmse_error: float
    coverage: float
    coverage_error: float
    size: float
    size_error: float
    power: float
    power_error: float
    simulations: int


@dataclass(frozen=True)
class Answers:
    """What a method says of each study, shape (S,): estimate and interval (NaN for a test alone), and whether it finds."""

    estimate: Array
    low: Array
    high: Array
    finds: Array


def simulate(model: Model, data: DataStrategy, size: int, rng: np.random.Generator) -> Scores:
    """Draw `size` studies without an effect; always BLOCK are drawn, so that fewer are the first of more."""
    shape = (BLOCK, data.n_treated + data.n_comparison)
    first, second = rng.standard_normal(shape), rng.standard_normal(shape)
    shocks = planned_shock(model.rho, model.shock_icc) * rng.standard_normal((BLOCK, 2))
    treated = np.arange(shape[1]) < data.n_treated
    baseline = first + model.gap * treated
    own = model.rho * first + np.sqrt(1 - model.rho**2) * second
    follow_up = own + model.gap * treated + model.trend + np.where(treated, shocks[:, :1], shocks[:, 1:])
    return Scores(baseline[:size], follow_up[:size], data.n_treated)


def with_effect(scores: Scores, effect: float) -> Scores:
    """Add the effect to the follow-up of the treated."""
    treated = np.arange(scores.follow_up.shape[1]) < scores.n_treated
    return replace(scores, follow_up=scores.follow_up + effect * treated)


def answers(strategy: AnswerStrategy, scores: Scores, rng: np.random.Generator) -> dict[str, Answers]:
    """Answer every study by every method of `METHODS`."""
    nothing = np.full(len(scores.baseline), np.nan)
    icc = strategy.shock_icc
    shock = simulated.change_sd(scores) * np.sqrt(icc / (1 - icc))
    fits = {name: fit(scores) for name, fit in FITS.items()}
    p = simulated.permutation_p(scores, strategy.permutations, rng)
    return {
        **{name: _interval(fit, strategy.alpha, 0.0) for name, fit in fits.items()},
        "permutation": Answers(nothing, nothing, nothing, p <= strategy.alpha),
        "two_centre": _interval(fits["did"], strategy.alpha, shock),
    }


def _interval(fits: simulated.Fits, alpha: float, shock: Array | float) -> Answers:
    low, high = simulated.interval(fits, alpha, shock)
    return Answers(fits.estimate, low, high, (low > 0) | (high < 0))


def diagnose(design: Design, simulations: int, seed: int) -> tuple[Diagnosands, ...]:
    """Simulate a design and return the diagnosands of every method; the same studies with and without the effect.

    One random stream a block of BLOCK simulations: the first ones of a longer run are those of a shorter one, and other
    models meet the same children.

    References
    ----------
    Blair, Cooper, Coppock & Humphreys (2019); Morris, White & Crowther (2019), table 6, for the Monte Carlo errors.
    """
    starts = range(0, simulations, BLOCK)
    found: dict[str, list[Array]] = {method: [] for method in METHODS}
    for start, stream in zip(starts, np.random.SeedSequence(seed).spawn(len(starts)), strict=True):
        size = min(BLOCK, simulations - start)
        for method, seen in _block(design, size, np.random.Generator(np.random.PCG64(stream))).items():
            found[method].append(seen)
    return tuple(_diagnosands(design, method, np.concatenate(seen, axis=1)) for method, seen in found.items())


def _block(design: Design, size: int, rng: np.random.Generator) -> dict[str, Array]:
    """Error, covered, found without an effect, found with it: shape (4, size) for each method."""
    effect = design.inquiry.effect
    null = simulate(design.model, design.data, size, rng)
    moved = with_effect(null, effect)
    both = Scores(
        np.concatenate([null.baseline, moved.baseline]),
        np.concatenate([null.follow_up, moved.follow_up]),
        null.n_treated,
    )  # answered together, so that both meet the same permutations
    seen = {}
    for method, said in answers(design.answer, both, rng).items():
        covered = np.where(np.isnan(said.low), np.nan, (said.low <= effect) & (effect <= said.high))
        seen[method] = np.stack([said.estimate[size:] - effect, covered[size:], said.finds[:size], said.finds[size:]])
    return seen


def _diagnosands(design: Design, method: str, seen: Array) -> Diagnosands:
    error, covered, size, power = seen
    n = len(error)
    rmse = float(np.sqrt(np.mean(error**2)))
    return Diagnosands(
        design.model.shock_icc, method, design.inquiry.effect,
        float(error.mean()), float(error.std(ddof=1) / np.sqrt(n)),
        rmse, float((error**2).std(ddof=1) / (2 * rmse * np.sqrt(n))),
        *_share(covered), *_share(size), *_share(power), n,
    )  # fmt: skip


def _share(happened: Array) -> tuple[float, float]:
    share = float(happened.mean())
    return share, float(np.sqrt(share * (1 - share) / len(happened)))


def operating_characteristics(
    design: Design, iccs: tuple[float, ...] = ICCS, *, simulations: int, seed: int, notify: Notify | None = None
) -> pd.DataFrame:
    """Return the diagnosands of every method under every centre shock: one row each, the fields of `Diagnosands`.

    `notify` is told how many of the shocks are done.
    """
    rows: list[Diagnosands] = []
    for done, icc in enumerate(iccs, start=1):
        rows += diagnose(replace(design, model=replace(design.model, shock_icc=icc)), simulations, seed)
        if notify:
            notify(done, len(iccs))
    return pd.DataFrame([asdict(row) for row in rows], columns=list(Diagnosands.__dataclass_fields__))


def answered_by(estimator: str) -> str:
    """Return the simulated method that stands for an estimator of the protocol."""
    return STANDS_FOR.get(estimator, estimator)


def matching_row(table: pd.DataFrame, estimator: str, icc: float) -> pd.Series:
    """Return the row of the protocol's estimator under the protocol's centre shock (KeyError if there is none)."""
    rows = table[(table["method"] == answered_by(estimator)) & (table["shock_icc"] == icc)]
    if rows.empty:
        raise KeyError((estimator, icc))
    return rows.iloc[0]
