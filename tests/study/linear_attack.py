"""The reader who solves all published numbers at once: how closely each answer of each child can be told.

He knows who answered what, and when: the worst case; of the answers he knows what the codebook allows. Each published number is
a linear statement about answers and about squares of scores, as wide as its rounding. A square is held between its tangents
and its secant. A linear programme each for the lowest and the highest value of an answer gives the interval that is left.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.optimize import linprog
from scipy.sparse import csr_array

from evaluation.measurement.scores import answers
from evaluation.study.folder import Study

Tables = Mapping[str, pd.DataFrame]
Terms = dict[int, float]
CENTRES = ("treated", "comparison")
EXACT = 1e-9
TANGENTS = np.linspace(0, 1, 9)
TRIES = 16
OF_ITEMS = {"mean": 1, "sd": 1}  # decimals that docs/disclosure.md says every item has
CONTRASTS = {  # weights of the treated's mean before and after, and of the comparison's
    "before_after": ((-1, 1), (0, 0)),
    "difference": ((0, 1), (0, -1)),
    "did": ((-1, 1), (1, -1)),
}


@dataclass(frozen=True)
class Narrow:
    """An answer that can be told more closely than the protocol allows: whose, which, from where to where; its true value."""

    child: str
    wave: str
    answer: str
    low: float
    high: float
    truth: float


class Told:
    """The published numbers as text, each with half a step of its rounding, as the record of what was rounded tells."""

    def __init__(self, tables: Tables, record: pd.DataFrame):
        self.tables = tables
        rounded = record[record["decimals"].notna()]
        self._decimals = {
            (table, label, column): int(decimals)
            for table, label, columns, decimals in rounded[["table", "row", "column", "decimals"]].itertuples(
                index=False
            )
            for column in columns.split()
        }

    def row(self, table: str, **cells: str) -> Mapping[str, str]:
        """The one row with these cells; empty without it."""
        rows = self.tables[table]
        found = rows[np.logical_and.reduce([rows[name] == cell for name, cell in cells.items()])]
        return dict(found.iloc[0]) if len(found) else {}

    def number(self, table: str, label: str, row: Mapping[str, str], column: str) -> tuple[float, float]:
        """A number, and how far the true one may be from it; NaN where there is none."""
        told = value(row.get(column, ""))
        decimals = self._decimals.get((table, label, column), OF_ITEMS.get(column) if table == "items" else None)
        return told, EXACT * max(1.0, abs(told)) if decimals is None else 10.0**-decimals / 2


def value(cell: str) -> float:
    """A published number; NaN where there is none."""
    try:
        return float(cell)
    except ValueError:
        return float("nan")


class Programme:
    """Variables of one outcome (sums of answers, and of squared scores, of children alike) and what is published of them.

    Children alike answered the same and stand in the same rows: to an attacker they are the same but for their answers.
    """

    def __init__(self, study: Study, told: Told, outcome: str, wide: pd.DataFrame):
        self.study, self.told, self.outcome, self.wide = study, told, outcome, wide
        self.waves = [wave.id for wave in study.protocol.waves]
        self.items = [item.id for item in study.instrument.scale(outcome)] or [outcome]
        self.bounds: list[tuple[float, float]] = []
        self.statements: list[tuple[Terms, float, float]] = []
        self.units = list(self._alike())
        self.sizes = np.array([len(unit) for unit in self.units])
        self.answer = {
            (place, wave, item): self._answers(place, wave, item)
            for place, unit in enumerate(self.units)
            for wave in self.waves
            for item in self.items
            if self._given(unit[0], wave, item)
        }
        self.square: dict[tuple[int, str], int] = {}
        self._numbers()

    def _given(self, child: str, wave: str, item: str) -> bool:
        return (child, wave) in self.wide.index and bool(pd.notna(self.wide.loc[(child, wave), item]))

    def _alike(self) -> Iterator[list[str]]:
        """Children by what is known of each; one of them stands alone."""
        found: dict[object, list[str]] = {}
        for row in self.study.consenting.to_dict("records"):
            given = tuple(self._given(row["participant"], wave, item) for wave in self.waves for item in self.items)
            levels = tuple(str(row[name]) for name in self.study.protocol.analysis.subgroups)
            found.setdefault((given, row["treated"], levels), []).append(row["participant"])
        for unit in found.values():
            yield unit[:1]
            if unit[1:]:
                yield unit[1:]

    def _variable(self, low: float, high: float) -> int:
        self.bounds.append((low, high))
        return len(self.bounds) - 1

    def range_of(self, item: str) -> float:
        """What an answer's interval is a share of: the ends of the codebook, else those of the answers given."""
        known = self.study.instrument[item]
        if known.minimum is None or known.maximum is None:
            return float(self.wide[item].max() - self.wide[item].min())
        return known.maximum - known.minimum

    def _ends(self, item: str, wave: str) -> tuple[float, float]:
        """The ends of an answer, less those that nobody gave."""
        known, row = self.study.instrument[item], self.told.row("items", item=item, wave=wave)
        low, high = known.minimum or 0.0, np.inf if known.maximum is None else known.maximum
        return (low + (row["floor"] == "0"), high - (row["ceiling"] == "0")) if known.scale else (low, high)

    def _answers(self, place: int, wave: str, item: str) -> int:
        low, high = self._ends(item, wave)
        return self._variable(self.sizes[place] * low, self.sizes[place] * high)

    def score(self, place: int, wave: str) -> Terms:
        """The sum of a unit's scores, each the mean of what was answered; empty where they have none."""
        given = [self.answer[key] for item in self.items if (key := (place, wave, item)) in self.answer]
        enough = len(given) / len(self.items) >= self.study.protocol.outcome(self.outcome).minimum_answered
        return dict.fromkeys(given, 1 / len(given)) if given and enough else {}

    def have(self, *waves: str) -> list[int]:
        """The units with a score at all these waves."""
        return [place for place in range(len(self.units)) if all(self.score(place, wave) for wave in waves)]

    def say(self, parts: list[tuple[float, Terms]], low: float, high: float) -> None:
        """Add a statement: the weighted sum of terms lies between two ends."""
        terms: Terms = {}
        for weight, part in parts:
            for variable, factor in part.items():
                terms[variable] = terms.get(variable, 0.0) + weight * factor
        if terms and not np.isnan([low, high]).any():
            self.statements.append((terms, low, high))

    def _numbers(self) -> None:
        for wave in self.waves:
            self._squares(wave)
            self._of_items(wave)
        self._of_composites()
        for later in self.study.protocol.follow_ups:
            pairs = self.have(self.waves[0], later.id)
            treated = set(self.study.consenting.loc[self.study.consenting["treated"], "participant"])
            groups = [[p for p in pairs if (self.units[p][0] in treated) == centre] for centre in (True, False)]
            self._of_balance(later.id, groups)
            self._of_means(later.id, groups)
            self._of_contrasts(later.id, groups)
            self._of_later_spread(later.id, groups)
            self._of_subgroups(later.id, groups)

    def _squares(self, wave: str) -> None:
        """Hold each sum of squared scores above its tangents and below its secant."""
        ends = [self._ends(item, wave) for item in self.items]
        low, high = float(np.mean([one[0] for one in ends])), float(np.mean([one[1] for one in ends]))
        reach = high if np.isfinite(high) else 4 * float(np.nanmax(self.wide[self.outcome]))  # an open end: far enough
        for place in self.have(wave):
            term, size = self.score(place, wave), self.sizes[place]
            square = self.square[place, wave] = self._variable(0.0, np.inf)
            for at in low + (reach - low) * TANGENTS:
                self.say([(1.0, {square: 1.0}), (-2 * at, term)], -size * at**2, np.inf)
            if np.isfinite(high):
                self.say([(1.0, {square: 1.0}), (-(low + high), term)], -np.inf, -size * low * high)

    def _sum(self, places: list[int], wave: str, weight: float = 1.0) -> list[tuple[float, Terms]]:
        return [(weight, self.score(place, wave)) for place in places]

    def _mean(self, places: list[int], wave: str, told: tuple[float, float]) -> None:
        n, (mean, half) = int(self.sizes[places].sum()), told
        self.say(self._sum(places, wave), n * (mean - half), n * (mean + half))

    def _spread(self, places: list[int], wave: str, mean: tuple[float, float], sd: tuple[float, float]) -> None:
        """State the sum of squares about a published mean, from an SD."""
        n, (m, half), (told, step) = int(self.sizes[places].sum()), mean, sd
        around = [(1.0, {self.square[place, wave]: 1.0}) for place in places] + self._sum(places, wave, -2 * m)
        low, high = (
            (n - 1) * max(told - step, 0) ** 2 * (1 - 1e-8),
            (n - 1) * (told + step) ** 2 * (1 + 1e-8) + n * half**2,
        )
        self.say(around, low - n * m**2, high - n * m**2)

    def _of_items(self, wave: str) -> None:
        for item in self.items:
            row = self.told.row("items", item=item, wave=wave)
            mean, sd = (self.told.number("items", f"{item} {wave}", row, column) for column in ("mean", "sd"))
            given = [place for place in range(len(self.units)) if (place, wave, item) in self.answer]
            n = int(self.sizes[given].sum())
            sums = [(1.0, {self.answer[place, wave, item]: 1.0}) for place in given]
            self.say(sums, n * (mean[0] - mean[1]), n * (mean[0] + mean[1]))
            if item == self.outcome:
                self._spread(given, wave, mean, sd)

    def _of_composites(self) -> None:
        """Mean and SD that standardise a part: of all with a baseline."""
        for row in self.told.tables["composites"].to_dict("records"):
            if row["part"] == self.outcome:
                label, places = f"{row['outcome']} {self.outcome}", self.have(self.waves[0])
                mean, sd = (self.told.number("composites", label, row, column) for column in ("mean", "sd"))
                self._mean(places, self.waves[0], mean)
                self._spread(places, self.waves[0], mean, sd)

    def _of_balance(self, wave: str, groups: list[list[int]]) -> None:
        """Means at the baseline, and the variances from their standardised difference and their ratio."""
        row, label = (
            self.told.row("balance", variable=self.outcome, kind="outcome", wave=wave),
            f"{self.outcome} {wave}",
        )
        means = [self.told.number("balance", label, row, f"mean_{centre}") for centre in CENTRES]
        for group, mean in zip(groups, means, strict=True):
            self._mean(group, self.waves[0], mean)
        gap = self.told.number(
            "sensitivity", f"{label} did",
            self.told.row("sensitivity", outcome=self.outcome, wave=wave), "baseline_gap",
        )  # fmt: skip
        self._contrast(wave, groups, ((1, 0), (-1, 0)), gap)
        smd, ratio = (self.told.number("balance", label, row, name) for name in ("smd", "variance_ratio"))
        if max(smd[1], ratio[1], *(half for _, half in means)) > 1e-4 or not abs(smd[0]) > 1e-3:
            return  # rounded, or withheld: too loose to say more than the means do
        sizes = [int(self.sizes[group].sum()) for group in groups]
        pooled = ((means[0][0] - means[1][0]) / smd[0] * (1 - 3 / (4 * sum(sizes) - 9))) ** 2 * (sum(sizes) - 2)
        variance = pooled / ((sizes[0] - 1) * ratio[0] + sizes[1] - 1)
        for group, mean, square in zip(groups, means, (variance * ratio[0], variance), strict=True):
            self._spread(group, self.waves[0], mean, (float(np.sqrt(square)), 0.0))

    def _of_means(self, wave: str, groups: list[list[int]]) -> None:
        for group, centre in zip(groups, CENTRES, strict=True):
            for when, at in (("baseline", self.waves[0]), ("follow_up", wave)):
                row = self.told.row("means", outcome=self.outcome, wave=wave, when=when, centre=centre)
                self._mean(group, at, self.told.number("means", f"{self.outcome} {wave}", row, "mean"))

    def _of_contrasts(self, wave: str, groups: list[list[int]]) -> None:
        for name, weights in CONTRASTS.items():
            row = self.told.row("estimates", outcome=self.outcome, wave=wave, estimator=name)
            told = self.told.number("estimates", f"{self.outcome} {wave} {name}", row, "estimate")
            self._contrast(wave, groups, weights, told)

    def _contrast(
        self, wave: str, groups: list[list[int]], weights: tuple[tuple[int, int], ...], told: tuple[float, float]
    ) -> None:
        """State a difference of means, each of a centre at a wave."""
        parts = [
            part
            for group, pair in zip(groups, weights, strict=True)
            for at, weight in zip((self.waves[0], wave), pair, strict=True)
            for part in self._sum(group if weight else [], at, weight / max(int(self.sizes[group].sum()), 1))
        ]
        self.say(parts, told[0] - told[1], told[0] + told[1])

    def _of_later_spread(self, wave: str, groups: list[list[int]]) -> None:
        """The pooled SD at the follow-up, from the effect and its g, about the means that follow from the estimates."""
        rows = {name: self.told.row("estimates", outcome=self.outcome, wave=wave, estimator=name) for name in CONTRASTS}
        told = {n: self.told.number("estimates", f"{self.outcome} {wave} {n}", r, "estimate") for n, r in rows.items()}
        g = self.told.number("estimates", f"{self.outcome} {wave} did", rows["did"], "hedges_g")
        start = self.told.row("balance", variable=self.outcome, kind="outcome", wave=wave)
        first = self.told.number("balance", f"{self.outcome} {wave}", start, "mean_treated")
        if max(g[1], first[1], *(half for _, half in told.values())) > 1e-4 or not abs(g[0]) > 1e-3:
            return
        sizes = [int(self.sizes[group].sum()) for group in groups]
        means = [first[0] + told["before_after"][0], first[0] + told["before_after"][0] - told["difference"][0]]
        squares = (told["did"][0] / g[0] * (1 - 3 / (4 * sum(sizes) - 9))) ** 2 * (sum(sizes) - 2)
        squares += sum(n * mean**2 for n, mean in zip(sizes, means, strict=True))
        sums = [(1.0, {self.square[place, wave]: 1.0}) for group in groups for place in group]
        self.say(sums, squares * (1 - 1e-7), squares * (1 + 1e-7))

    def _of_subgroups(self, wave: str, groups: list[list[int]]) -> None:
        """The difference in differences within a category."""
        rows, children = self.told.tables["subgroups"], self.study.consenting.set_index("participant")
        for row in rows[(rows["outcome"] == self.outcome) & (rows["wave"] == wave)].to_dict("records"):
            levels = children[row["covariate"]].astype(str)
            inside = [[place for place in group if levels[self.units[place][0]] == row["level"]] for group in groups]
            effect = value(row["estimate"])
            self._contrast(wave, inside, CONTRASTS["did"], (effect, EXACT))

    # What is left of an answer

    def narrow(self, share: float) -> Iterator[Narrow]:
        """Every answer, and every score of a child outside the pairs, told more closely than this share of its range.

        What any solution reaches is possible: a few random aims show most answers to be open, the others are solved for.
        """
        targets, (rows, ends) = list(self._targets()), self._rows()
        aims = np.zeros((len(targets), len(self.bounds)))
        for aim, target in zip(aims, targets, strict=True):
            aim[list(target[3])] = list(target[3].values())
        low, high = np.full(len(aims), np.inf), np.full(len(aims), -np.inf)
        width = share * (1 - 1e-6) * np.array([target[4] for target in targets])
        rng = np.random.default_rng(1)
        bounded = np.isfinite([bound[1] for bound in self.bounds])
        tries = [(rng.choice((-1.0, 1.0), len(aims)) @ aims) * bounded for _ in range(TRIES)]
        for aim in [*tries, *(sign * aim for aim in aims for sign in (1.0, -1.0))]:
            if ((high - low < width) & (aims @ aim != 0)).any():
                solved = linprog(aim, A_ub=rows, b_ub=ends, bounds=self.bounds)
                assert solved.status in (0, 3), solved.message
                if solved.status == 3:
                    high[aims @ aim < 0] = np.inf
                    continue
                np.minimum(low, aims @ solved.x, out=low)
                np.maximum(high, aims @ solved.x, out=high)
        for k in np.flatnonzero(high - low < width):
            child, wave, answer, _, _, truth = targets[k]
            yield Narrow(child, wave, answer, float(low[k]), float(high[k]), truth)

    def _rows(self) -> tuple[csr_array, np.ndarray]:
        """Every statement as rows <= ends, each row of one size, with a little slack for the digits."""
        sides = [(terms, high, 1.0) for terms, _, high in self.statements if np.isfinite(high)]
        sides += [(terms, -low, -1.0) for terms, low, _ in self.statements if np.isfinite(low)]
        sizes = [max(1.0, *map(abs, terms.values())) for terms, _, _ in sides]
        entries = [
            (k, variable, sign * factor / size)
            for k, ((terms, _, sign), size) in enumerate(zip(sides, sizes, strict=True))
            for variable, factor in terms.items()
        ]
        lines, variables, factors = (np.array(part) for part in zip(*entries, strict=True))
        matrix = csr_array((factors, (lines, variables)), shape=(len(sides), len(self.bounds)))
        ends = np.array([end / size for (_, end, _), size in zip(sides, sizes, strict=True)])
        return matrix, ends + 1e-7 * np.maximum(1.0, np.abs(ends))

    def _targets(self) -> Iterator[tuple[str, str, str, Terms, float, float]]:
        for (place, wave, item), variable in self.answer.items():
            if self.sizes[place] > 1:
                continue
            child = self.units[place][0]
            yield child, wave, item, {variable: 1.0}, self.range_of(item), float(self.wide.loc[(child, wave), item])
            outside = any(place not in self.have(self.waves[0], later) for later in self.waves[1:])
            if len(self.items) > 1 and item == self.items[0] and outside and self.score(place, wave):
                truth = float(self.wide.loc[(child, wave), self.items].mean())
                yield child, wave, "score", self.score(place, wave), self.range_of(item), truth


def narrow(study: Study, tables: Tables, record: pd.DataFrame) -> list[Narrow]:
    """Solve the numbers of every outcome that is no composite; return what is told too closely."""
    told, wide = Told(tables, record), answers(study)
    return [
        found
        for outcome in study.protocol.outcomes
        if outcome.kind != "composite"
        for found in Programme(study, told, outcome.id, wide).narrow(study.protocol.privacy.minimum_width)
    ]
