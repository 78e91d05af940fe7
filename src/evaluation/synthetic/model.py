"""The truth behind a synthetic study: the children's traits, what the programme adds, how a trait becomes answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.random import PCG64, Generator, SeedSequence
from numpy.typing import NDArray

from evaluation.errors import UserError

SCALES = (
    "interest",
    "making",
    "futures",
    "problems",
    "creativity",
    "collaboration",
    "emotions",
    "persistence",
    "school",
    "task",
)
RATED = "task"
RATERS = ("r1", "r2")
SEVERITY = {"": 0.0, "r1": 0.0, "r2": 0.15}
STREAMS = (
    "codes",
    "children",
    "traits",
    "shocks",
    "items",
    "answers",
    "raters",
    "travel",
    "losses",
    "blanks",
    "days",
    "attendance",
)

Pair = tuple[float, float]
Scores = Mapping[str, float]


def _effects() -> Scores:
    return {
        "interest": 0.45,
        "making": 0.70,
        "futures": 0.40,
        "task": 0.55,
        "problems": 0.25,
        "creativity": 0.20,
        "collaboration": 0.15,
        "emotions": 0.0,
        "persistence": 0.05,
        "school": 0.0,
    }


def _baseline_gap() -> Scores:
    return {
        "interest": 0.30,
        "making": -0.10,
        "futures": 0.15,
        "task": 0.0,
        "problems": 0.10,
        "creativity": -0.20,
        "collaboration": 0.40,
        "emotions": -0.05,
        "persistence": 0.15,
        "school": -0.35,
    }


@dataclass(frozen=True)
class Parameters:
    """The true values of a synthetic study; the defaults are those of the study that ships.

    Pairs are (treated, comparison). A latent SD is the SD of a trait within a centre at baseline.

    Attributes
    ----------
    seed
        Root of every random stream.
    n_treated, n_comparison
        Children enrolled, those without consent included.
    effects
        True effect at t1 by scale, in latent SD; a scale left out has none.
    baseline_gap
        Treated minus comparison at baseline by scale, in latent SD.
    trend
        Change that both centres share, on every scale, in latent SD.
    centre_shock_sd
        SD of the change each centre has of its own, the same on every scale, in latent SD.
    autocorrelation, trait_correlation
        Correlation of a trait with itself at the other wave, and with another trait at the same wave.
    rater_sd
        SD of a rater's error on one item, in steps of the response scale.
    nonresponse, broken_off
        Share of answers left empty; share of scales (a child and wave) left after the first item. None in the study that
        ships, so that scales and composite rest on the same children and nothing has to be withheld because they differ.
    girls, refusal, attrition
        Share of girls, of children without consent or assent, of consenting children lost at t1.
    selection
        Log hazard ratio of being lost for one latent SD less of interest at baseline.
    attendance
        Mean and SD, over the children, of the share of sessions attended; kept between 0.55 and 0.95.
    """

    seed: int = 20230930
    n_treated: int = 41
    n_comparison: int = 38
    effects: Scores = field(default_factory=_effects)
    baseline_gap: Scores = field(default_factory=_baseline_gap)
    trend: float = 0.10
    centre_shock_sd: float = 0.10
    autocorrelation: float = 0.70
    trait_correlation: float = 0.35
    rater_sd: float = 0.65
    nonresponse: float = 0.03
    broken_off: float = 0.0
    girls: Pair = (0.44, 0.52)
    refusal: Pair = (0.025, 0.05)
    attrition: Pair = (0.13, 0.15)
    selection: float = 0.3
    attendance: Pair = (0.78, 0.08)

    def __post_init__(self) -> None:
        unknown = sorted({*self.effects, *self.baseline_gap} - set(SCALES))
        if unknown:
            raise UserError(
                f"synthetic study: found the scales {', '.join(unknown)}; expected some of {', '.join(SCALES)}. "
                "Correct the names in effects or baseline_gap."
            )

    @property
    def treated(self) -> NDArray[np.bool_]:
        """Which children belong to the treated centre, shape (children,), treated first."""
        return np.arange(self.n_treated + self.n_comparison) < self.n_treated

    def of_centre(self, pair: Pair) -> NDArray[np.float64]:
        """Give each child the value of its centre, shape (children,)."""
        return np.where(self.treated, *pair)


def streams(seed: int) -> dict[str, Generator]:
    """One generator for each thing drawn, so that a parameter changes what it governs and reshuffles nothing else."""
    children = SeedSequence(seed).spawn(len(STREAMS))
    return {name: Generator(PCG64(child)) for name, child in zip(STREAMS, children, strict=True)}


def _by_scale(scores: Scores) -> NDArray[np.float64]:
    return np.array([scores.get(scale, 0.0) for scale in SCALES])


def latent_traits(parameters: Parameters, draw: Mapping[str, Generator]) -> NDArray[np.float64]:
    """Draw the traits, shape (children, waves, scales): unit variance within a centre at either wave."""
    treated = parameters.treated[:, np.newaxis]
    shared, rho = parameters.trait_correlation, parameters.autocorrelation
    general = draw["traits"].standard_normal((len(treated), 2, 1))
    special = draw["traits"].standard_normal((len(treated), 2, len(SCALES)))
    before, new = np.moveaxis(np.sqrt(shared) * general + np.sqrt(1 - shared) * special, 1, 0)
    after = rho * before + np.sqrt(1 - rho**2) * new
    gap = treated * _by_scale(parameters.baseline_gap)
    shock = parameters.of_centre(tuple(parameters.centre_shock_sd * draw["shocks"].standard_normal(2)))
    change = parameters.trend + shock[:, np.newaxis] + treated * _by_scale(parameters.effects)
    return np.stack([before + gap, after + gap + change], axis=1)


def answer_columns(instrument: pd.DataFrame) -> pd.DataFrame:
    """One row for each answer a child gives at a wave: the items in order, those of the task once a rater."""
    raters = [list(RATERS) if scale == RATED else [""] for scale in instrument["scale"]]
    columns = instrument.assign(rater=raters).explode("rater", ignore_index=True)
    return columns.astype({"minimum": int, "maximum": int})


def scale_answers(
    traits: NDArray[np.float64], columns: pd.DataFrame, rater_sd: float, draw: Mapping[str, Generator]
) -> NDArray[np.int64]:
    """Turn traits into answers by a graded factor model: steps one wide on a normal response of variance one.

    Parameters
    ----------
    traits : shape (children, waves, scales)
    columns : rows of `answer_columns` that belong to a scale
    rater_sd : SD of a rater's error
    draw : generators `items`, `answers`, `raters`

    Returns
    -------
    Answers as given, reversed items reversed, shape (children, waves, columns).
    """
    item, items = pd.factorize(columns["item"])
    loading = draw["items"].uniform(0.55, 0.75, len(items))[item]
    ease = draw["items"].normal(0.2, 0.3, len(items))[item]
    unique = draw["answers"].standard_normal((*traits.shape[:2], len(items)))[..., item]
    slip = draw["raters"].standard_normal((*traits.shape[:2], len(columns))) * (columns["rater"] != "").to_numpy()
    trait = traits[..., [SCALES.index(scale) for scale in columns["scale"]]]
    response = loading * trait + np.sqrt(1 - loading**2) * unique + ease + rater_sd * slip
    response -= columns["rater"].map(SEVERITY).to_numpy()
    low, high = columns["minimum"].to_numpy(), columns["maximum"].to_numpy()
    steps = high - low + 1
    value = low + np.clip(np.floor(response + steps / 2), 0, steps - 1).astype(np.int64)
    return np.where(columns["reverse"] == "yes", low + high - value, value)


def travel_minutes(children: int, draw: Generator) -> NDArray[np.int64]:
    """Minutes from home to the centre as reported at each wave, shape (children, waves): same road, rounded memory."""
    usual = 5 + draw.gamma(2.5, 8.0, (children, 1))
    reported = usual + draw.normal(0, 4.0, (children, 2))
    return np.clip(5 * np.round(reported / 5), 0, 120).astype(np.int64)


def blanks(columns: pd.DataFrame, parameters: Parameters, draw: Generator) -> NDArray[np.bool_]:
    """Which answers are missing, singly or from a scale left half-way: shape (children, waves, columns)."""
    shape = (len(parameters.treated), 2)
    single = draw.random((*shape, len(columns))) < parameters.nonresponse
    left = draw.random((*shape, len(SCALES))) < parameters.broken_off
    own = columns["scale"].isin(SCALES) & (columns["scale"] != RATED)
    later = (own & columns["scale"].duplicated()).to_numpy()
    place = [SCALES.index(scale) if scale else 0 for scale in columns["scale"]]
    return single | (left[..., place] & later)
