"""How closely published sums tell one child's answer: a linear programme each for the least and the most it can be.

A reader knows, at worst, who answered what, and that every answer lies between the ends of its item. Sums over children, with
the rounding of their numbers, are linear in the answers; sums of squares are linear in squares, held between tangents and secant.
Children whom no published number tells apart share one unit, one of them set apart for all.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.optimize import linprog
from scipy.sparse import csr_array

from evaluation.publishing.disclosure.cells import Array

DIGITS = 1e-9  # what twelve published digits leave open, as a share of the range
TANGENTS = {True: 33, False: 17}  # of squares of single answers, and of scores of several
OPEN = 4.0  # an open end is this many ranges away when squares are held between tangents
TRIES = 6  # random aims whose solutions show, for most answers at once, that they are open
PARTNERS = 300  # more children alike than this need not be asked
Terms = dict[int, float]


@dataclass(frozen=True)
class Spread:
    """A published mean and SD; how far the true ones may be from each, infinite where it is not published."""

    mean: float
    half: float
    sd: float = np.nan
    half_sd: float = np.inf


@dataclass(frozen=True)
class Sampled:
    """A sample whose sums are published with all digits: of the scores at wave `after`, less those at `before` if given."""

    children: Array
    after: int
    before: int | None = None


@dataclass(frozen=True)
class Answers:
    """The answers to the items of one outcome at every wave, and the samples of which sums are published with all digits.

    given : shape (children, waves, items), NaN without an answer. low, high : the ends that a reader knows of, shape (waves,
    items); high may be infinite. reach : the range of each item, shape (items,). scored : who has a score, bool, shape
    (children, waves). treated : bool, shape (children,).
    """

    given: Array
    low: Array
    high: Array
    reach: Array
    scored: Array
    treated: Array
    samples: tuple[Sampled, ...]

    @cached_property
    def units(self) -> list[Array]:
        """Positions of children, a unit each: alike in all that is published, one set apart in a unit of its own."""
        known = ~np.isnan(self.given.reshape(len(self.given), -1))
        marks = np.column_stack([known, self.scored, self.treated, *(one.children for one in self.samples)])
        kinds = np.unique(marks, axis=0, return_inverse=True)[1].ravel()
        same = [np.flatnonzero(kinds == kind) for kind in range(kinds.max() + 1)] if len(kinds) else []
        return [part for alike in same for part in (alike[:1], alike[1:]) if len(part)]

    @cached_property
    def scores(self) -> Array:
        """Mean of what each child answered, shape (children, waves)."""
        known = ~np.isnan(self.given)
        return np.where(known, self.given, 0).sum(axis=2) / np.maximum(known.sum(axis=2), 1)

    def exposure(self, items: Mapping[tuple[int, int], Spread], everybody: Mapping[int, Spread], share: float) -> float:
        """Return by how much answers are told more closely than within `share` of their range, summed; 0 for none.

        The targets are every answer, and the scores of children who lack one. items : what is published of each item, (wave,
        item), of all who answered it. everybody : of the scores at a wave, of all who have one.
        """
        programme = _Programme(self)
        for sample in self.samples:
            programme.add_sample(sample)
        for (wave, item), told in items.items():
            programme.add_item(wave, item, told)
        for wave, told in everybody.items():
            programme.add_spread(self.scored[:, wave], wave, told)
        return programme.exposure(share, _moves(self, items, everybody))


def _passed_on(known: Answers, wave: int, room: Array, other: Array, *, falling: bool) -> Array:
    """How far each answer can fall (or rise) to its end while children alike, with lower (higher) scores, take it up.

    room, other : of each answer to that end and to the other one, shape (children, items). All or nothing: 0 where the children
    alike cannot take it without passing the score that is left.
    """
    given, sign = ~np.isnan(known.given[:, wave]), 1 if falling else -1
    answered, scores = given.sum(axis=1), sign * known.scores[:, wave]
    marks = [known.scored, known.treated, answered, *(one.children for one in known.samples)]
    kinds = np.unique(np.column_stack(marks), axis=0, return_inverse=True)[1].ravel()
    passed = np.zeros(room.shape)
    for child, item in np.argwhere(given & (room > 0)):
        alike = np.flatnonzero((kinds == kinds[child]) & given[:, item])[:PARTNERS]
        left = scores[child] - room[child, item] / answered[child]
        takes = np.minimum(other[alike, item], answered[child] * (left - scores[alike]))
        if takes[(takes > 0) & (alike != child)].sum() >= room[child, item]:
            passed[child, item] = room[child, item]
    return passed


@dataclass(frozen=True)
class _Moves:
    """How far answers, shape (children, waves, items), and scores, (children, waves), could be lower or higher at least."""

    down: Array
    up: Array
    score_down: Array
    score_up: Array


def _moves(known: Answers, items: Mapping[tuple[int, int], Spread], everybody: Mapping[int, Spread]) -> _Moves:
    """Find moves that leave all that is published as it is, without a programme.

    The answers of a child whom no other number knows move within the rounding of their items; the answers of any child are
    exchanged, up in one item and down in another, with other children, so that sums of items and scores stay; and what a
    high score loses in one item is passed on to lower ones of the same samples, so that no sum of squares grows.
    """
    found = _Moves(*(np.zeros(known.given.shape) for _ in range(2)), *(np.zeros(known.scored.shape) for _ in range(2)))
    free = np.ones(known.scored.shape, dtype=bool)
    for one in known.samples:
        free[one.children, one.after] = False
        free[one.children, one.after if one.before is None else one.before] = False
    free[:, list(everybody)] = False
    for wave in range(known.given.shape[1] if known.given.shape[2] > 1 else 0):
        given = known.given[:, wave]
        n = (~np.isnan(given)).sum(axis=0)
        told = np.array([items[wave, item].mean for item in range(len(n))])
        half = np.array([items[wave, item].half for item in range(len(n))])
        off = np.where(np.isfinite(half), np.nansum(given, axis=0) / np.maximum(n, 1) - told, 0.0)
        below, above = np.nan_to_num(given - known.low[wave]), np.nan_to_num(known.high[wave] - given)
        for moved, score, room, other, slack in (
            (found.down, found.score_down, below, above, n * (half + off)),
            (found.up, found.score_up, above, below, n * (half - off)),
        ):
            alone = np.minimum(room, slack) * free[:, [wave]]
            passed = _passed_on(known, wave, room, other, falling=moved is found.down)
            moved[:, wave] = np.maximum.reduce([alone, _exchanged(room, other), passed])
            score[:, wave] = alone.sum(axis=1) / np.maximum((~np.isnan(given)).sum(axis=1), 1)
    return found


def _exchanged(below: Array, above: Array) -> Array:
    """How far each answer can fall while others of the child rise as much, and the reverse happens among the other children.

    below, above : room of each answer to its ends, shape (children, items). What another child can take of one exchange is
    shared out evenly over the items.
    """
    taken = np.minimum(above[:, :, None], below[:, None, :])  # a child's room to rise in one item and fall in another
    others = (taken.sum(axis=0) - taken) / max(below.shape[1] - 1, 1)
    rise = np.where(np.eye(below.shape[1], dtype=bool), 0.0, np.minimum(above[:, None, :], others))
    return np.minimum(below, rise.sum(axis=2))


class _Programme:
    """The linear programme of one `Answers`: answers less their codebook's low end, in ranges, and squares of scores."""

    def __init__(self, answers: Answers):
        self.known = answers
        self.rows: list[tuple[Terms, float, float]] = []
        self.bounds: list[tuple[float, float]] = []
        self.answer: dict[tuple[int, int, int], int] = {}
        self.square: dict[tuple[int, int], int] = {}
        self.range = float(np.mean(answers.reach))
        for place, unit in enumerate(answers.units):
            for wave, item in zip(*np.nonzero(~np.isnan(answers.given[unit[0]])), strict=True):
                size, reach = len(unit), float(answers.reach[item])
                ends = size * answers.low[wave, item] / reach, size * answers.high[wave, item] / reach
                self.answer[place, int(wave), int(item)] = self._variable(*ends)

    def _variable(self, low: float, high: float) -> int:
        self.bounds.append((low, high))
        return len(self.bounds) - 1

    def _items(self, place: int, wave: int) -> Array:
        return np.flatnonzero(~np.isnan(self.known.given[self.known.units[place][0], wave]))

    def _score(self, place: int, wave: int) -> Terms:
        """The sum of the scores of a unit, in ranges."""
        items = self._items(place, wave)
        return {self.answer[place, wave, int(j)]: float(self.known.reach[j]) / self.range / len(items) for j in items}

    def _scores(self, children: Array, wave: int) -> Terms:
        return {v: f for place in self._places(children) for v, f in self._score(place, wave).items()}

    def _places(self, children: Array) -> list[int]:
        return [place for place, unit in enumerate(self.known.units) if children[unit[0]]]

    def _say(self, terms: Terms, low: float, high: float) -> None:
        if terms:
            self.rows.append((terms, low, high))

    def _sum(self, terms: Terms, n: int, mean: float, half: float) -> None:
        if np.isfinite([mean, half]).all():
            self._say(terms, n * (mean - half - DIGITS), n * (mean + half + DIGITS))

    def add_sample(self, sample: Sampled) -> None:
        """State the sum of a sample, by centre; and, of scores at one wave, the sum of squares."""
        for centre in (self.known.treated, ~self.known.treated):
            children = sample.children & centre
            scores = self.known.scores[children]
            if not len(scores):
                continue
            if sample.before is None:
                here = scores[:, sample.after]
                sd = float(here.std(ddof=1)) if len(here) > 1 else np.nan
                self.add_spread(children, sample.after, Spread(float(here.mean()), 0.0, sd, 0.0))
            else:
                terms = self._scores(children, sample.after)
                terms |= {v: -f for v, f in self._scores(children, sample.before).items()}
                change = float((scores[:, sample.after] - scores[:, sample.before]).mean()) / self.range
                self._sum(terms, len(scores), change, 0.0)

    def add_item(self, wave: int, item: int, told: Spread) -> None:
        """State the sum of the answers to one item; and of their squares, where it is the only one."""
        given = ~np.isnan(self.known.given[:, wave, item])
        if self.known.given.shape[2] == 1:
            self.add_spread(given, wave, told)
        else:
            reach = float(self.known.reach[item])
            terms = {self.answer[place, wave, item]: 1.0 for place in self._places(given)}
            self._sum(terms, int(given.sum()), told.mean / reach, told.half / reach)

    def add_spread(self, children: Array, wave: int, told: Spread) -> None:
        """State the sum of scores of some children from a mean, and of their squares about it from an SD."""
        n, terms = int(children.sum()), self._scores(children, wave)
        mean, half, sd, step = (x / self.range for x in (told.mean, told.half, told.sd, told.half_sd))
        self._sum(terms, n, mean, half)
        if np.isfinite([mean, half, sd, step]).all():
            around = {self._square(place, wave): 1.0 for place in self._places(children)}
            around |= {v: -2 * mean * f for v, f in terms.items()}
            least, most = (n - 1) * max(sd - step, 0) ** 2, (n - 1) * (sd + step) ** 2 + n * half**2
            self._say(around, least - n * (mean**2 + DIGITS), most - n * (mean**2 - DIGITS))

    def _square(self, place: int, wave: int) -> int:
        """The sum of squared scores of a unit, between tangents and secant; made when first asked for."""
        if (place, wave) not in self.square:
            square = self.square[place, wave] = self._variable(0.0, np.inf)
            size, terms, items = len(self.known.units[place]), self._score(place, wave), self._items(place, wave)
            low, high = (float(ends[wave, items].mean()) / self.range for ends in (self.known.low, self.known.high))
            many = TANGENTS[self.known.given.shape[2] == 1]
            for at in np.linspace(low, high if np.isfinite(high) else low + OPEN, many):
                self._say({square: 1.0} | {v: -2 * at * f for v, f in terms.items()}, -size * at**2, np.inf)
            if np.isfinite(high):
                self._say({square: 1.0} | {v: -(low + high) * f for v, f in terms.items()}, -np.inf, -size * low * high)
        return self.square[place, wave]

    def _targets(self, moves: _Moves) -> Iterator[tuple[Terms, float, float]]:
        """Each target, with the lowest and the highest that it can be seen to be at once, in ranges."""
        for place, unit in enumerate(self.known.units):
            if len(unit) > 1:
                continue
            child = unit[0]
            for (where, wave, item), variable in self.answer.items():
                if where == place:
                    truth, reach = self.known.given[child, wave, item], self.known.reach[item]
                    low, high = truth - moves.down[child, wave, item], truth + moves.up[child, wave, item]
                    yield {variable: 1.0}, float(low / reach), float(high / reach)
            scored = self.known.scored[child]
            for at in np.flatnonzero(scored).tolist() if not scored.all() else ():
                truth = float(self.known.scores[child, at])
                low, high = truth - moves.score_down[child, at], truth + moves.score_up[child, at]
                yield self._score(place, at), float(low / self.range), float(high / self.range)

    def exposure(self, share: float, moves: _Moves) -> float:
        """Return the sum over the targets of what their intervals lack to `share`."""
        targets = [one for one in self._targets(moves) if one[2] - one[1] < share]
        if not targets:
            return 0.0
        aims = np.zeros((len(targets), len(self.bounds)))
        for aim, (terms, _, _) in zip(aims, targets, strict=True):
            aim[list(terms)] = list(terms.values())
        low, high = np.array([one[1:] for one in targets]).T
        seen = _Seen(aims, low, high, *self._sides(), self.bounds)
        rng = np.random.default_rng(0)
        closed = np.array(
            [np.isfinite([self.bounds[k][1] for k in terms]).all() for terms, _, _ in targets], dtype=bool
        )
        for _ in range(TRIES if closed.sum() > TRIES else 0):
            seen.along(rng.choice((-1.0, 1.0), len(aims)) * closed @ aims)
        for k in range(len(aims)):
            for sign in (1.0, -1.0):
                if seen.high[k] - seen.low[k] < share:
                    seen.along(sign * aims[k])
        return float(np.maximum(share * (1 - DIGITS) - (seen.high - seen.low), 0).sum())

    def _sides(self) -> tuple[csr_array, Array]:
        """Every statement as rows <= ends."""
        sides = [(t, high, 1.0) for t, _, high in self.rows if np.isfinite(high)]
        sides += [(t, -low, -1.0) for t, low, _ in self.rows if np.isfinite(low)]
        entries = [(k, v, sign * f) for k, (terms, _, sign) in enumerate(sides) for v, f in terms.items()]
        lines, variables, factors = np.array(entries).reshape(-1, 3).T
        at = (lines.astype(int), variables.astype(int))
        return csr_array((factors, at), shape=(len(sides), len(self.bounds))), np.array([end for _, end, _ in sides])


class _Seen:
    """How low and how high each target was, in the solutions found so far: what lies between is possible."""

    def __init__(
        self, aims: Array, low: Array, high: Array, rows: csr_array, ends: Array, bounds: list[tuple[float, float]]
    ):
        self.aims, self.low, self.high = aims, low, high
        self.rows, self.ends, self.bounds = rows, ends, bounds

    def along(self, aim: Array) -> None:
        """Go as far as an aim reaches, and note where every target is there; without a solution, nothing is seen to be open."""
        found = linprog(-aim, A_ub=self.rows, b_ub=self.ends, bounds=self.bounds)
        if found.status == 3:  # without end
            self.high[self.aims @ aim > 0] = np.inf
        elif found.status == 0:
            np.minimum(self.low, self.aims @ found.x, out=self.low)
            np.maximum(self.high, self.aims @ found.x, out=self.high)
