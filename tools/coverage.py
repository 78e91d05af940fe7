"""How often the nominal 95 % intervals hold the true effect: simulated studies, counted into docs/methods.md.

`.venv/bin/python tools/coverage.py` simulates every study, writes docs/coverage.json and puts its tables into the page;
with `--table` the tables are made again from the stored numbers. One random stream a block of studies: results do not
depend on the number of processes.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from itertools import product
from pathlib import Path

import numpy as np

from evaluation.counterfactual.estimate import Estimate
from evaluation.counterfactual.estimators.registry import ESTIMATORS
from evaluation.counterfactual.sample import Array, NoEstimate, Sample
from evaluation.counterfactual.sensitivity.sensitivity_table import change_sd
from evaluation.counterfactual.sensitivity.two_centres import two_centre

DOCS = Path(__file__).resolve().parent.parent / "docs"
RESULTS, PAGE = DOCS / "coverage.json", DOCS / "methods.md"
BEGIN, END = "<!-- coverage -->", "<!-- /coverage -->"

Size = tuple[int, int]  # children of the treated, of the comparison centre
STUDIES, BLOCK, SEED = 2_000, 100, 20230306
SMALL, LARGE = SIZES = ((41, 38), (150, 150))
BAND = (0.935, 0.965)  # three Monte-Carlo standard errors of 2,000 studies about 95 %
LARGE_SAMPLE = ("ipw", "drdid_traditional", "drdid", "entropy")  # normal quantiles: promised for many children only
CONSERVATIVE = ("entropy",)  # weights taken as given: its error leaves out the precision that balance brings

EFFECT, TREND, GAP = 0.5, 0.3, -0.5  # in SD of a score within a centre, as everything here
CORRELATION = 0.6  # of the two waves within a centre
MEAN, SHARE = (
    0.5,
    0.2,
)  # the treated centre's lead in a normal covariate and in a yes/no one, where centres differ in them
ON_LEVEL = ON_TREND = (
    0.3  # what each covariate adds: always to the level, where the trend depends on them to the change
)

PARALLEL = ("did", "did_adjusted", "panel", "ipw", "drdid_traditional", "drdid")
GIVEN_X = ("did_adjusted", "ipw", "drdid_traditional", "drdid")
GIVEN_BASELINE = ("ancova", "entropy")
TWO_CENTRE = "two_centre"


@dataclass(frozen=True)
class World:
    """How children come about, which methods are tried on them, and those whose assumption holds there.

    gap : of the treated at baseline. on_covariates : centres differ in X, and the trend depends on it. regressing : the
    follow-up starts from the baseline score rather than from the child's level. shock_icc : of the change, by centre.
    """

    title: str
    holds: tuple[str, ...]
    gap: float = 0.0
    on_covariates: bool = False
    regressing: bool = False
    shock_icc: float = 0.0
    methods: tuple[str, ...] = tuple(ESTIMATORS)


WORLDS = {
    "parallel": World("(a) no gap", ("difference", *PARALLEL, *GIVEN_BASELINE)),
    "gap": World("(b) gap", PARALLEL, gap=GAP),
    "covariates": World("(c) X", (*GIVEN_X, *GIVEN_BASELINE), on_covariates=True),
    "baseline": World("(d) Y0", GIVEN_BASELINE, gap=GAP, regressing=True),
    "shock_02": World("ICC .02", (TWO_CENTRE,), gap=GAP, shock_icc=0.02, methods=("did", TWO_CENTRE)),
    "shock_04": World("ICC .04", (TWO_CENTRE,), gap=GAP, shock_icc=0.04, methods=("did", TWO_CENTRE)),
}


@dataclass(frozen=True)
class Cell:
    """One method in one world: of its studies how many gave a number, in how many of these the interval held the effect.

    bias : mean estimate less the effect, in SD.
    """

    world: str
    treated: int
    comparison: int
    method: str
    answered: int
    covered: int
    bias: float

    @property
    def coverage(self) -> float:
        """Share of the answers whose interval holds the effect."""
        return self.covered / self.answered

    @property
    def holds(self) -> bool:
        """Whether the method's own assumption holds in this world."""
        return self.method in WORLDS[self.world].holds

    @property
    def judged(self) -> bool:
        """Whether its coverage must lie in `BAND`."""
        return self.holds and (self.method not in LARGE_SAMPLE or (self.treated, self.comparison) == LARGE)


def draw(world: World, size: Size, rng: np.random.Generator) -> Sample:
    """Draw the children of one study; scores have SD one within a centre, errors are normal and of one size."""
    n = sum(size)
    d = np.arange(n) < size[0]
    x1, x2 = rng.normal(size=n), rng.random(n)
    x = np.column_stack([x1 + MEAN * d * world.on_covariates, x2 < 0.4 + SHARE * d * world.on_covariates])
    by_x = ON_LEVEL**2 * (1 + 0.4 * 0.6)  # variance within a centre
    level = ON_LEVEL * x.sum(axis=1) + world.gap * d + np.sqrt(CORRELATION - by_x) * rng.normal(size=n)
    noise = np.sqrt(1 - CORRELATION)
    baseline = level + noise * rng.normal(size=n)
    carried = level + noise * rng.normal(size=n)
    if world.regressing:
        carried = CORRELATION * baseline + np.sqrt(1 - CORRELATION**2) * rng.normal(size=n)
    shock_variance = 2 * (1 - CORRELATION) * world.shock_icc / (1 - world.shock_icc)
    shocks = np.where(d, *rng.normal(0, np.sqrt(shock_variance), 2))
    trend = TREND + ON_TREND * x.sum(axis=1) * world.on_covariates
    return Sample(d, baseline, carried + trend + shocks + EFFECT * d, x)


def interval(method: str, world: World, sample: Sample) -> tuple[float, float, float]:
    """Return the estimate and the ends of its 95 % interval as the package gives them; NaN where it refuses."""
    estimator = "did" if method == TWO_CENTRE else method
    try:
        fit = ESTIMATORS[estimator](sample, "r")  # what was counted: R's errors of the weighted estimators
    except NoEstimate:
        return (np.nan, np.nan, np.nan)
    counts = sample.n_treated, sample.n_comparison
    row = Estimate("score", "primary", "after", estimator, "SD", fit.estimate, fit.std_error, fit.df, *counts)
    if method == TWO_CENTRE:
        found = two_centre(row, change_sd(sample), world.shock_icc)
        return row.estimate, found.low, found.high
    return row.estimate, row.ci_low, row.ci_high


def streams(world: str, size: Size) -> list[np.random.SeedSequence]:
    """Return one random stream a block of studies."""
    number = list(product(WORLDS, SIZES)).index((world, size))
    return np.random.SeedSequence([SEED, number]).spawn(STUDIES // BLOCK)


def simulate(world: str, size: Size, stream: np.random.SeedSequence, methods: Sequence[str]) -> Array:
    """Estimate a block of studies by each method: estimate, low, high; shape (BLOCK, methods, 3)."""
    about, rng = WORLDS[world], np.random.default_rng(stream)
    samples = (draw(about, size, rng) for _ in range(BLOCK))
    return np.array([[interval(method, about, sample) for method in methods] for sample in samples])


def count(world: str, size: Size, methods: Sequence[str], found: Array) -> list[Cell]:
    """Count what `simulate` gave over all studies, shape (studies, methods, 3), into one cell a method."""
    cells = []
    for method, numbers in zip(methods, found.transpose(1, 2, 0), strict=True):
        estimate, low, high = numbers[:, ~np.isnan(numbers[0])]
        covered = int(((low <= EFFECT) & (high >= EFFECT)).sum())
        cells.append(Cell(world, *size, method, len(estimate), covered, round(float(estimate.mean() - EFFECT), 4)))
    return cells


def study(processes: int) -> list[Cell]:
    """Simulate every world at every size."""
    settings = [(world, size, WORLDS[world].methods) for world, size in product(WORLDS, SIZES)]
    blocks = [(world, size, stream, methods) for world, size, methods in settings for stream in streams(world, size)]
    os.environ["OPENBLAS_NUM_THREADS"] = "1"  # spawned processes read it before they load numpy
    with multiprocessing.get_context("spawn").Pool(processes) as pool:
        found = iter(pool.starmap(simulate, blocks, chunksize=1))
    return [
        cell
        for world, size, methods in settings
        for cell in count(world, size, methods, np.concatenate([next(found) for _ in range(STUDIES // BLOCK)]))
    ]


def table(cells: Iterable[Cell], worlds: Sequence[str]) -> str:
    """Return a Markdown table, methods by worlds and sizes: coverage in %, bias in SD; bold where the assumption holds."""
    chosen = {(cell.method, cell.world, (cell.treated, cell.comparison)): cell for cell in cells}
    columns = list(product(worlds, SIZES))
    rows = [
        ["", *(f"{WORLDS[world].title}, {n1}/{n0}" for world, (n1, n0) in columns)],
        ["---", *["---:"] * len(columns)],
    ]
    for method in WORLDS[worlds[0]].methods:
        rows.append([f"`{method}`", *(_shown(chosen[method, *column]) for column in columns)])
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _shown(cell: Cell) -> str:
    coverage = f"{100 * cell.coverage:.1f}"
    refused = f", {STUDIES - cell.answered} refused" if cell.answered < STUDIES else ""
    bias = round(cell.bias, 2) + 0.0  # no minus zero
    return f"{f'**{coverage}**' if cell.holds else coverage} ({bias:+.2f}{refused})"


def tables(cells: Sequence[Cell]) -> str:
    """Return what stands between the page's markers."""
    plain = [world for world, about in WORLDS.items() if not about.shock_icc]
    shocked = [world for world, about in WORLDS.items() if about.shock_icc]
    return f"{BEGIN}\n{table(cells, plain)}\n\n{table(cells, shocked)}\n{END}"


def read() -> list[Cell]:
    """Return the stored cells."""
    return [Cell(**cell) for cell in json.loads(RESULTS.read_text(encoding="utf-8"))]


def main() -> None:
    """Simulate unless told not to, store, and put the tables into the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--table", action="store_true", help="only make the page's tables again from the stored numbers"
    )
    parser.add_argument("--processes", type=int, default=os.cpu_count())
    options = parser.parse_args()
    if not options.table:
        rows = ",\n".join(json.dumps(asdict(cell)) for cell in study(options.processes))
        RESULTS.write_text(f"[\n{rows}\n]\n", encoding="utf-8")
    shown = tables(read())
    page = PAGE.read_text(encoding="utf-8")
    PAGE.write_text(re.sub(f"{BEGIN}.*{END}", lambda _: shown, page, flags=re.DOTALL), encoding="utf-8")
    print(shown)


if __name__ == "__main__":
    main()
