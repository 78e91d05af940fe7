"""Means and SDs of items and of a composite's parts: with how many decimals they are published, if at all.

They know children whom the estimates do not. Where these are a few, a number keeps only decimals that leave such a child's answer
open; what linear programmes still tell is coarsened further, or withheld, at the smallest loss.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from evaluation.measurement.scores import answers
from evaluation.publishing.disclosure.answer_intervals import Answers, Sampled, Spread
from evaluation.publishing.disclosure.cells import Array
from evaluation.publishing.disclosure.differencing import comparisons, effects_withheld, published_samples
from evaluation.publishing.disclosure.samples import Published, Withheld, decimals_left, fewest_decimals, near
from evaluation.study.folder import Study
from evaluation.study.instrument import Item
from evaluation.study.protocol import Outcome

DECIMALS = 1  # of an item's mean and SD: with more, sum and sum of squares of the answers are known exactly
ALL_DIGITS = 12
LOSS = {"mean": 7.0, "sd": 2.0, "part mean": 3.0, "part sd": 3.0, "zeros": 1.0}  # what readers lose with all of it


@dataclass(frozen=True)
class Decimals:
    """What an outcome leaves at one wave: decimals of its items' means and SDs, and of its own (None: withheld).

    zeros : whether it is told that nobody gave an end of an item.
    """

    mean: int | None
    sd: int | None
    part_mean: int | None
    part_sd: int | None
    zeros: bool


_latest: list[tuple[Study, pd.DataFrame, dict[tuple[str, str], Decimals]]] = []  # items and composites ask the same


def spreads(study: Study, scores: pd.DataFrame) -> dict[tuple[str, str], Decimals]:
    """Return what every outcome that is no composite leaves at every wave."""
    if not _latest or _latest[0][0] is not study or _latest[0][1] is not scores:
        _latest[:] = [(study, scores, dict(_spreads(study, scores)))]
    return _latest[0][2]


def _spreads(study: Study, scores: pd.DataFrame) -> Iterator[tuple[tuple[str, str], Decimals]]:
    wide, exact = answers(study), list(_exact(study, scores))
    for outcome in study.protocol.outcomes:
        if outcome.kind != "composite":
            left = _Family(study, scores, outcome, wide, exact).decimals()
            yield from (((outcome.id, wave.id), left[k]) for k, wave in enumerate(study.protocol.waves))


def _exact(study: Study, scores: pd.DataFrame) -> Iterator[Published]:
    """The samples of pairs of which a number stays published."""
    found = comparisons(study, scores)
    withheld = [(w.table, set(w.row), w.columns) for w in effects_withheld(study, scores) if w.decimals is None]
    for one in published_samples(study, scores, found):
        gone = any(
            t == one.table and row <= set(one.row) and (not c or set(one.columns) & set(c)) for t, row, c in withheld
        )
        if not gone and one.table in ("estimates", "balance", "sensitivity", "means"):
            yield one


@dataclass(frozen=True)
class Knob:
    """A number that may be coarsened: what of which wave, from the best to nothing, and the loss of having nothing."""

    wave: int
    name: str
    ladder: tuple[int | None, ...]

    def loss(self, place: int) -> float:
        """What readers lose at a place of the ladder."""
        return LOSS[self.name] * place / max(len(self.ladder) - 1, 1)


class _Family:
    """The answers of one outcome at every wave, and all that is published of them."""

    def __init__(
        self, study: Study, scores: pd.DataFrame, outcome: Outcome, wide: pd.DataFrame, exact: list[Published]
    ):
        self.study, self.outcome = study, outcome
        self.names = study.consenting["participant"].to_numpy()
        self.waves = [wave.id for wave in study.protocol.waves]
        self.start = self.waves.index(study.protocol.baseline.id)
        self.items = study.instrument.scale(outcome.id) or (study.instrument[outcome.id],)
        every = pd.MultiIndex.from_product([self.names, self.waves], names=wide.index.names)
        shape = (len(self.names), len(self.waves), len(self.items))
        self.given = wide.reindex(every)[[item.id for item in self.items]].to_numpy(dtype=float).reshape(shape)
        self.reach = np.array([_reach(item, wide) for item in self.items])
        mine = scores[scores["outcome"] == outcome.id].pivot(index="participant", columns="wave", values="score")
        self.scores = mine.reindex(index=self.names, columns=self.waves).to_numpy(dtype=float)
        self.exact = exact
        self.part = any(outcome.id in one.of for one in study.protocol.outcomes)

    def decimals(self) -> list[Decimals]:
        """Return the decimals of each wave, of small loss, that leave every answer open.

        Whatever closes most for the least is coarsened by one step, time and again; what need not have been is taken back.
        """
        knobs, places = self._knobs(), [0] * len(self._knobs())
        exposed = self._exposure(knobs, places)
        least = self._exposure(knobs, [len(knob.ladder) - 1 for knob in knobs]) if exposed > 0 else 0.0
        while exposed > least:
            moves = [k for k, knob in enumerate(knobs) if places[k] < len(knob.ladder) - 1]
            tried = [(self._exposure(knobs, _moved(places, k, 1)), k) for k in moves]
            best = min(tried, key=lambda one: (-(exposed - one[0]) / _step(knobs[one[1]], places[one[1]]), one[1]))
            exposed, places = best[0], _moved(places, best[1], 1)
        for k in sorted(range(len(knobs)), key=lambda k: -knobs[k].loss(places[k])):
            while places[k] and self._exposure(knobs, _moved(places, k, -1)) <= exposed:
                places = _moved(places, k, -1)
        return [self._at(knobs, places, wave) for wave in range(len(self.waves))]

    def _at(self, knobs: list[Knob], places: list[int], wave: int) -> Decimals:
        chosen = {knob.name: knob.ladder[place] for knob, place in zip(knobs, places, strict=True) if knob.wave == wave}
        zeros = chosen.get("zeros", 1) is not None
        return Decimals(chosen["mean"], chosen["sd"], chosen.get("part mean"), chosen.get("part sd"), zeros)

    def _exposure(self, knobs: list[Knob], places: list[int]) -> float:
        left = [self._at(knobs, places, wave) for wave in range(len(self.waves))]
        low, high = self._ends([one.zeros for one in left])
        known = Answers(
            self.given, low, high, self.reach, ~np.isnan(self.scores), self.study.consenting["treated"].to_numpy(dtype=bool),
            self._samples(),
        )  # fmt: skip
        items = {
            (wave, k): _spread(self.given[:, wave, k], one.mean, one.sd)
            for wave, one in enumerate(left)
            for k in range(len(self.items))
        }
        everybody = {
            self.start: _spread(self.scores[:, self.start], left[self.start].part_mean, left[self.start].part_sd)
        }
        return known.exposure(items, everybody if self.part else {}, self.study.protocol.privacy.minimum_width)

    def _ends(self, zeros: list[bool]) -> tuple[Array, Array]:
        """The ends of each item at each wave, without those known to be nobody's."""
        low = np.array([[item.minimum or 0.0 for item in self.items]] * len(self.waves))
        high = np.array([[np.inf if item.maximum is None else item.maximum for item in self.items]] * len(self.waves))
        told = np.array(zeros)[:, None] & np.array([bool(item.scale) for item in self.items])
        given = ~np.isnan(self.given).all(axis=0)
        lowest = np.min(self.given, axis=0, where=~np.isnan(self.given), initial=np.inf)
        highest = np.max(self.given, axis=0, where=~np.isnan(self.given), initial=-np.inf)
        return low + (told & given & (lowest > low)), high - (told & given & (highest < high))

    def _samples(self) -> tuple[Sampled, ...]:
        """The published samples, once each: of scores at a wave, and of their changes since the baseline."""
        found: set[tuple[frozenset[str], int, int | None]] = set()
        for one in self.exact:
            children = frozenset().union(*one.groups)
            waves = [k for k, wave in enumerate(self.waves) if f"{self.outcome.id} {wave}" in one.about]
            if self.start in waves:
                found |= {(children, wave, None) for wave in waves}
            elif waves:
                found.add((children, waves[0], self.start))
        every = sorted(found, key=lambda one: (one[1], one[2] or 0, sorted(one[0])))
        return tuple(Sampled(np.isin(self.names, list(children)), after, before) for children, after, before in every)

    def _knobs(self) -> list[Knob]:
        knobs = []
        for wave in range(len(self.waves)):
            given = ~np.isnan(self.given[:, wave])
            ladders = [self._ladder(given[:, k], wave, DECIMALS, float(self.reach[k])) for k in range(len(self.items))]
            item = min(ladders, key=len)
            knobs += [Knob(wave, "mean", item), Knob(wave, "sd", item if len(self.items) == 1 else item[:1])]
            knobs += [Knob(wave, "zeros", (1, None))] if self.items[0].scale else []
        if self.part:
            part = self._ladder(~np.isnan(self.scores[:, self.start]), self.start, ALL_DIGITS, float(self.reach.mean()))
            knobs += [Knob(self.start, "part mean", part), Knob(self.start, "part sd", part)]
        return knobs

    def _ladder(self, children: Array, wave: int, decimals: int, reach: float) -> tuple[int | None, ...]:
        """Decimals from those that the rule of nearness allows to none."""
        first: tuple[int | None, ...] = (decimals,)
        if self._near(children, wave):
            left = decimals_left(int(children.sum()), self.study.protocol.privacy.minimum_width * reach, reach)
            first = () if left is None else (min(decimals, left),)
        coarser = range(min(first[0] or 0, DECIMALS + 1) - 1, fewest_decimals(reach) - 1, -1) if first else ()
        return (*first, *coarser, None)

    def _near(self, children: Array, wave: int) -> bool:
        about = frozenset({f"{self.outcome.id} {self.waves[wave]}"})
        mine = Published("items", (), (), about, (frozenset(self.names[children]),), 0)
        return any(near(mine, other, self.study.protocol.privacy.minimum_cell) for other in self.exact)


def _moved(places: list[int], knob: int, by: int) -> list[int]:
    return [place + by * (k == knob) for k, place in enumerate(places)]


def _step(knob: Knob, place: int) -> float:
    return knob.loss(place + 1) - knob.loss(place)


def _reach(item: Item, wide: pd.DataFrame) -> float:
    """The range of an item: the ends of the codebook, else those of the answers given."""
    if item.minimum is None or item.maximum is None:
        return float(np.nanmax([wide[item.id].max() - wide[item.id].min(), 1e-9]))
    return item.maximum - item.minimum


def _spread(values: Array, mean: int | None, sd: int | None) -> Spread:
    """What a reader knows of mean and SD of values, from the decimals left of each."""
    known = values[~np.isnan(values)]
    if len(known) < 2:
        return Spread(np.nan, np.inf)
    shown = [
        (np.nan, np.inf) if decimals is None else (round(number, decimals), 0.5 * 10.0**-decimals)
        for number, decimals in ((float(known.mean()), mean), (float(known.std(ddof=1)), sd))
    ]
    return Spread(*shown[0], *shown[1])


def spreads_withheld(study: Study, scores: pd.DataFrame) -> Iterator[Withheld]:
    """Return what items.csv and composites.csv round or withhold, so that no answer of a few children comes back."""
    for (outcome, wave), left in spreads(study, scores).items():
        items = study.instrument.scale(outcome) or (study.instrument[outcome],)
        for item in items:
            row = (("item", item.id), ("wave", wave))
            for column, decimals in (("mean", left.mean), ("sd", left.sd)):
                if decimals != DECIMALS:
                    yield Withheld("items", row, (column,), "near", decimals)
        if wave == study.protocol.baseline.id:
            for composite in (one for one in study.protocol.outcomes if outcome in one.of):
                row = (("outcome", composite.id), ("part", outcome))
                for column, decimals in (("mean", left.part_mean), ("sd", left.part_sd)):
                    if decimals != ALL_DIGITS:
                        yield Withheld("composites", row, (column,), "near", decimals)
