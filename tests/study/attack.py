"""What a reader can try with the published tables, the protocol and the instrument: each attack claims what it rebuilt.

An attack sees text alone, as it stands in the files, and the rules by which numbers are made. It claims only what it is
sure of: the answers of one child, the count of a rare answer, how many refused, the largest and the smallest change.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import combinations, product
from math import lcm

import numpy as np
import pandas as pd
from scipy.optimize import Bounds, LinearConstraint, milp

from evaluation.study.instrument import Instrument
from evaluation.study.protocol import Protocol

Tables = dict[str, pd.DataFrame]
EXACT = 1e-9  # twelve published digits, and what is left of them after a few operations
CENTRES = ("treated", "comparison")


def value(cell: str) -> float:
    """A published number, with its digits; NaN where there is none."""
    try:
        return float(cell)
    except ValueError:
        return float("nan")


def half_step(cell: str) -> float:
    """How far a published number may be from the true one; with more than three decimals it is told exactly."""
    decimals = len(cell.partition("e")[0].partition(".")[2])
    return EXACT if decimals > 3 else 10.0**-decimals / 2


def step_of_items(cell: str) -> float:
    """The same for items, whose last zeros are not written: 3.50 stands as 3.5."""
    return 0.05 if len(cell.partition(".")[2]) <= 1 else max(half_step(cell), EXACT)


def find(table: pd.DataFrame, **cells: str) -> dict[str, str]:
    """The one row with these cells; empty without it."""
    rows = table[np.logical_and.reduce([table[name] == cell for name, cell in cells.items()])]
    return dict(rows.iloc[0]) if len(rows) else {}


def small(protocol: Protocol, count: float) -> bool:
    return 0 < count < protocol.privacy.minimum_cell


# Refusals and half-seen children: from counts


def membership(tables: Tables, protocol: Protocol, _: Instrument) -> Iterator[str]:
    """Enrolled less those seen at either wave have refused, or were never there; those seen once are the rest of the lost."""
    panel = find(tables["estimates"], outcome=protocol.primary.id, estimator="panel")
    for centre in CENTRES:
        flow = find(tables["flow"], centre=centre)
        seen = value(panel.get(f"n_{centre}", ""))
        if small(protocol, value(flow["enrolled"]) - seen):
            yield f"never seen at the {centre} centre: {value(flow['enrolled']) - seen:g}"
        if small(protocol, seen - value(flow["analysed"])):
            yield f"seen once at the {centre} centre: {seen - value(flow['analysed']):g}"


def leavers(tables: Tables, protocol: Protocol, _: Instrument) -> Iterator[str]:
    """Children of a category at one outcome and wave, less those at another: the category of the few who differ."""
    told: dict[tuple[str, str], list[tuple[str, float, float]]] = {}
    for row in tables["subgroups"].to_dict("records"):
        sample = find(tables["estimates"], outcome=row["outcome"], wave=row["wave"], estimator="did")
        for centre in CENTRES:
            key = (f"{row['covariate']}: {row['level']}", centre)
            numbers = (value(row[f"n_{centre}"]), value(sample[f"n_{centre}"]))
            told.setdefault(key, []).append((f"{row['outcome']} {row['wave']}", *numbers))
    for row in tables["balance"].to_dict("records"):
        for centre in CENTRES if ": " in row["variable"] else ():
            n = value(row[f"n_{centre}"])
            numbers = (round(value(row[f"mean_{centre}"]) * n, 6), n)
            told.setdefault((row["variable"], centre), []).append((f"{protocol.primary.id} {row['wave']}", *numbers))
    for (level, centre), samples in told.items():
        for (first, have, n), (then, left, m) in combinations([one for one in samples if np.isfinite(one[1])], 2):
            if small(protocol, abs(n - m)) and 0 <= abs(have - left) <= abs(n - m):
                yield f"{abs(have - left):g} of the {abs(n - m):g} between {first} and {then}, {centre}: {level}"


# Differencing: two samples, one thing


def spreads(tables: Tables, protocol: Protocol, _: Instrument) -> Iterator[str]:
    """The SD behind g, with and without the children seen at the follow-up alone, gives their distance from the mean."""
    for outcome in protocol.outcomes:
        one, more = (find(tables["estimates"], outcome=outcome.id, estimator=e) for e in ("did", "panel"))
        counts = [[value(row.get(f"n_{centre}", "")) for centre in CENTRES] for row in (one, more)]
        squares = []
        for row, (treated, comparison) in zip((one, more), counts, strict=True):
            n = treated + comparison
            sd = abs(value(row.get("estimate", "")) / value(row.get("hedges_g", ""))) * (1 - 3 / (4 * n - 9))
            squares.append(sd**2 * (n - 2))
        added = np.subtract(counts[1], counts[0])
        if added.sum() == 1 and np.isfinite(squares).all():
            n = counts[0][int(added.argmax())]
            away = np.sqrt(max(squares[1] - squares[0], 0) * (n + 1) / n)
            yield f"{outcome.id}: distance of one follow-up from the mean {away:.6f}"


def extremes(tables: Tables, protocol: Protocol, instrument: Instrument) -> Iterator[str]:
    """Lee's bounds that leave out less than one child: the mean with and without a part of it gives the child."""
    for outcome in protocol.outcomes:
        scale = max(len(instrument.scale(outcome.id)), 1)
        if outcome.kind == "composite":
            continue
        pairs = find(tables["estimates"], outcome=outcome.id, estimator="did")
        rows = [find(tables["bounds"], outcome=outcome.id, method=method) for method in ("complete_pairs", "lee")]
        middle, low, high = value(rows[0]["lower"]), value(rows[1]["lower"]), value(rows[1]["upper"])
        own = value(find(tables["estimates"], outcome=outcome.id, estimator="before_after").get("estimate", ""))
        kept = [int(value(pairs[f"n_{centre}"])) for centre in CENTRES]
        enrolled = [int(value(find(tables["flow"], centre=centre)["enrolled"])) for centre in CENTRES]
        if not np.isfinite([middle, low, high, own]).all() or low == high:
            continue
        grid = lcm(*range(1, scale + 1)) if scale > 1 else 1
        for totals in product(*(range(k, e + 1) for k, e in zip(kept, enrolled, strict=True))):
            shares = [k / t for k, t in zip(kept, totals, strict=True)]
            more = int(np.argmax(shares))
            left = kept[more] * (1 - min(shares) / max(shares))
            if not 0 < left <= 1 + EXACT:
                continue
            mean = own if more == 0 else own - middle
            moved = [(low - middle) if more == 0 else (middle - high), (high - middle) if more == 0 else (middle - low)]
            ends = [mean - m * (kept[more] - left) / left for m in moved]
            if all(abs(end * grid - round(end * grid)) < 1e-6 for end in ends):
                yield f"{outcome.id}: largest change {ends[0]:.6f}, smallest {ends[1]:.6f}"
                break


def lost_baseline(tables: Tables, protocol: Protocol, _: Instrument) -> Iterator[str]:
    """Mean of all with a baseline, less the pairs' at both centres: what those lost afterwards had answered."""
    for part in tables["composites"].to_dict("records"):
        row = find(tables["balance"], variable=part["part"] or "-", kind="outcome")
        if not row:
            continue
        kept = [value(row[f"n_{centre}"]) for centre in CENTRES]
        few = value(part["n"]) - sum(kept)
        cells = [part["mean"], row["mean_treated"], row["mean_comparison"]]
        weights = [value(part["n"]), -kept[0], -kept[1]]
        total = sum(w * value(cell) for w, cell in zip(weights, cells, strict=True))
        doubt = sum(
            abs(w) * half_step(cell) for w, cell in zip(weights, cells, strict=True) if np.isfinite(value(cell))
        )
        if few == 1 and np.isfinite(total) and doubt < 0.1:
            yield f"{part['part']}: baseline of the one child lost {total:.3f}"


def sums_of_items(tables: Tables, protocol: Protocol, instrument: Instrument) -> Iterator[str]:
    """Whole sums of the items of a scale, less the sum of the pairs' scores: the answers of the child lost."""
    for outcome in protocol.outcomes:
        items = [item.id for item in instrument.scale(outcome.id)]
        row = find(tables["balance"], variable=outcome.id, kind="outcome")
        told = [find(tables["items"], item=item, wave=protocol.baseline.id) for item in items]
        if outcome.kind != "scale" or not row or len({one["n"] for one in told}) != 1:
            continue
        n, kept = value(told[0]["n"]), [value(row[f"n_{centre}"]) for centre in CENTRES]
        if n - sum(kept) != 1 or any(not np.isfinite(value(one["mean"])) for one in told):
            continue
        half = max(step_of_items(one["mean"]) for one in told) * n
        if half >= 0.5 or half_step(row["mean_treated"]) > EXACT:
            continue
        whole = sum(round(value(one["mean"]) * n) for one in told) / len(items)
        rest = sum(k * value(row[f"mean_{centre}"]) for k, centre in zip(kept, CENTRES, strict=True))
        yield f"{outcome.id}: baseline of the one child lost {whole - rest:.3f}"


def standardising(tables: Tables, protocol: Protocol, instrument: Instrument) -> Iterator[str]:
    """A composite of two parts: only the true baseline of the one child lost makes its constants fit the published effect."""
    composite = protocol.primary
    if len(composite.of) != 2:
        return
    effect = find(tables["estimates"], outcome=composite.id, estimator="did")
    rows = [find(tables["estimates"], outcome=part, estimator="did") for part in composite.of]
    starts = [find(tables["balance"], variable=part, kind="outcome") for part in composite.of]
    cells = [effect["estimate"], *(row["estimate"] for row in rows), *(row["smd"] for row in starts)]
    if any(not np.isfinite(value(cell)) or half_step(cell) > EXACT for cell in cells):
        return
    possible = [_constants(start, instrument, part) for start, part in zip(starts, composite.of, strict=True)]
    signs = [1 if protocol.outcome(part).direction == "higher" else -1 for part in composite.of]
    found = [
        (x, y)
        for (x, one), (y, other) in product(*possible)
        if abs((signs[0] * value(rows[0]["estimate"]) / one + signs[1] * value(rows[1]["estimate"]) / other) / 2
               - value(effect["estimate"])) < 1e-8
    ]  # fmt: skip
    if len(found) == 1:
        yield f"baselines of the one child lost {found[0][0]:.3f}, {found[0][1]:.3f}"


def _constants(row: dict[str, str], instrument: Instrument, part: str) -> list[tuple[float, float]]:
    """Each baseline that a lost child may have had, and the SD that standardises the part with it."""
    items = instrument.scale(part)
    n, means = ([value(row[f"{kind}_{centre}"]) for centre in CENTRES] for kind in ("n", "mean"))
    total = sum(n)
    pooled = abs((means[0] - means[1]) / value(row["smd"])) * (1 - 3 / (4 * total - 9))
    centre = sum(k * m for k, m in zip(n, means, strict=True)) / total
    squares = pooled**2 * (total - 2) + sum(k * (m - centre) ** 2 for k, m in zip(n, means, strict=True))
    low, high = items[0].minimum or 0.0, items[0].maximum or 0.0
    scores = [low + step / len(items) for step in range(round((high - low) * len(items)) + 1)]
    return [(x, float(np.sqrt((squares + (x - centre) ** 2 * total / (total + 1)) / total))) for x in scores]


def worst_case(tables: Tables, protocol: Protocol, instrument: Instrument) -> Iterator[str]:
    """Extreme-value bounds put the ends of the scale in the place of what is missing: the rest of the sum is the child's."""
    for outcome in protocol.outcomes:
        items = instrument.scale(outcome.id)
        lost = [int(value(find(tables["flow"], centre=centre)["lost"])) for centre in CENTRES]
        if outcome.kind != "scale" or sorted(lost) != [0, 1]:
            continue
        row = find(tables["bounds"], outcome=outcome.id, method="extreme_values")
        own = find(tables["estimates"], outcome=outcome.id, estimator="before_after")
        effect = find(tables["estimates"], outcome=outcome.id, estimator="did")
        cells = [row["lower"], own["estimate"], effect["estimate"]]
        if lost != [1, 0] or any(not np.isfinite(value(cell)) or half_step(cell) > EXACT for cell in cells):
            continue
        lower, mine, both = map(value, cells)
        n = value(own["n_treated"])
        change = (lower + (mine - both)) * (n + 1) - mine * n  # lowest follow-up less the child's baseline
        yield f"{outcome.id}: baseline of the one child lost {(items[0].minimum or 0.0) - change:.3f}"


# Counting: whole numbers behind means and spreads


def rare_answers(tables: Tables, protocol: Protocol, instrument: Instrument) -> Iterator[str]:
    """How many gave each answer to an item: all that fit number, mean, SD and shares, to the published digits."""
    for row in tables["items"].to_dict("records"):
        item, n = instrument[row["item"]], value(row["n"])
        if item.minimum is None or item.maximum is None or not item.scale or not np.isfinite(n):
            continue
        parts = 2 if _halves(row, tables) else 1
        steps = np.linspace(item.minimum, item.maximum, round((item.maximum - item.minimum) * parts) + 1)
        for cell in range(len(steps)):
            ends = _counts(row, steps, int(n), cell)
            if ends and ends[0] == ends[1] and small(protocol, ends[0]):
                yield f"{row['item']} {row['wave']}: {ends[0]} answered {steps[cell]:g}"


def _halves(row: dict[str, str], tables: Tables) -> bool:
    return find(tables["reliability"], outcome=row["scale"], wave=row["wave"]).get("raters", "") == "2"


def _counts(row: dict[str, str], steps: np.ndarray, n: int, cell: int) -> tuple[int, int] | None:
    """Fewest and most children who can have given one answer."""
    rules = [(np.ones(len(steps)), n, n)]
    mean, half = value(row["mean"]), step_of_items(row["mean"])
    if np.isfinite(mean):
        rules.append((steps, n * (mean - half), n * (mean + half)))
    if np.isfinite(mean) and np.isfinite(value(row["sd"])):
        sd, wide = value(row["sd"]), step_of_items(row["sd"])
        rules.append(((steps - mean) ** 2, (n - 1) * max(sd - wide, 0) ** 2, (n - 1) * (sd + wide) ** 2 + n * half**2))
    for name, end in (("floor", 0), ("ceiling", len(steps) - 1)):
        if row[name] == "suppressed":
            rules.append((np.eye(len(steps))[end], 1, n))
        elif np.isfinite(value(row[name])):
            share, reach = value(row[name]), max(half_step(row[name]), 1e-6)
            rules.append((np.eye(len(steps))[end], n * (share - reach), n * (share + reach)))
    matrix, low, high = (np.array(part) for part in zip(*rules, strict=True))
    found = []
    for sign in (1.0, -1.0):
        answer = milp(
            sign * np.eye(len(steps))[cell], constraints=LinearConstraint(matrix, low - 1e-9, high + 1e-9),
            integrality=np.ones(len(steps)), bounds=Bounds(0, n),
        )  # fmt: skip
        if not answer.success:
            return None
        found.append(round(sign * answer.fun))
    return found[0], found[1]


def uniform(tables: Tables, protocol: Protocol, instrument: Instrument) -> Iterator[str]:
    """A mean at the end of the scale, or no spread at all: what every child answered."""
    for row in tables["items"].to_dict("records"):
        item = instrument[row["item"]]
        if value(row["sd"]) == 0 or value(row["mean"]) in (item.minimum, item.maximum):
            yield f"{row['item']} {row['wave']}: everybody answered {row['mean']}"


def categories(tables: Tables, protocol: Protocol, _: Instrument) -> Iterator[str]:
    """A share times its children counts them; those in no category shown are in the one left out."""
    rows = tables["balance"][tables["balance"]["kind"] == "covariate"]
    names = rows["variable"].str.partition(": ")
    for (name, _), group in rows[names[1] != ""].groupby([names[0], "wave"]):
        for centre in CENTRES:
            counts = [value(r[f"mean_{centre}"]) * value(r[f"n_{centre}"]) for r in group.to_dict("records")]
            told = {
                r["variable"]: round(c) for r, c in zip(group.to_dict("records"), counts, strict=True) if np.isfinite(c)
            }
            if len(told) == len(group):
                told[f"{name}: the other"] = round(value(group.iloc[0][f"n_{centre}"])) - sum(told.values())
            yield from (
                f"{key} at the {centre} centre: {count}" for key, count in told.items() if small(protocol, count)
            )


ATTACKS: tuple[Callable[[Tables, Protocol, Instrument], Iterator[str]], ...] = (
    membership, leavers, spreads, extremes, lost_baseline, sums_of_items, standardising, worst_case, rare_answers, uniform,
    categories,
)  # fmt: skip


def claims(tables: Tables, protocol: Protocol, instrument: Instrument) -> dict[str, list[str]]:
    """Everything that any attack rebuilds, by attack; empty where all fail."""
    found = {attack.__name__: list(attack(tables, protocol, instrument)) for attack in ATTACKS}
    return {name: rebuilt for name, rebuilt in found.items() if rebuilt}
