"""Permutation and wild bootstrap side by side with plain loops, scipy, and the limit set by drawing and one product.

Run on one thread: OPENBLAS_NUM_THREADS=1 .venv/bin/python benchmarks/bench_resampling.py [--large]

Medians of interleaved runs, printed as ratios; the numbers go to benchmarks/results/resampling.json. The limit draws the
same assignments with the same generator and multiplies them once with a matrix of the engine's size.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from statistics import median

import numpy as np
from scipy import stats

from evaluation.counterfactual.inference.bootstrap import wild_bootstrap
from evaluation.counterfactual.inference.permutation import assignments, permutation_matrix, streams

DRAWS, TREATED = 10_000, np.arange(82) < 43
CHANGES = np.random.default_rng(1).normal(size=(len(TREATED), 10))
CHANGE = CHANGES[:, 0]
RESULTS = Path(__file__).parent / "results" / "resampling.json"


def engine(outcomes: int) -> Callable[[], object]:
    """Our engine on the first outcomes."""
    return lambda: permutation_matrix(CHANGES[:, :outcomes], TREATED, DRAWS, 1)


def limit(outcomes: int) -> Callable[[], object]:
    """Draw the assignments and multiply them with sums and sums of squares: nothing else."""
    powers = np.concatenate([CHANGES[:, :outcomes].T, CHANGES[:, :outcomes].T ** 2])

    def draw() -> None:
        for _, rng in streams(DRAWS, 1):
            for children, chosen in assignments(len(TREATED), int(TREATED.sum()), rng):
                powers[:, children] @ chosen

    return draw


def welch(treated: np.ndarray, comparison: np.ndarray, axis: int = -1) -> np.ndarray:
    """Welch's t along an axis."""
    variance = sum(y.var(axis=axis, ddof=1) / y.shape[axis] for y in (treated, comparison))
    return (treated.mean(axis=axis) - comparison.mean(axis=axis)) / np.sqrt(variance)


def permutation_loop() -> list[float]:
    """One permutation after the other."""
    rng, n1 = np.random.default_rng(1), int(TREATED.sum())
    shuffled = (rng.permutation(CHANGE) for _ in range(DRAWS))
    return [float(welch(y[:n1], y[n1:])) for y in shuffled]


def permutation_scipy() -> object:
    """SciPy's permutation test of a vectorised Welch t."""
    groups = CHANGE[TREATED], CHANGE[~TREATED]
    return stats.permutation_test(groups, welch, n_resamples=DRAWS, vectorized=True, rng=np.random.default_rng(1))


def wild_loop() -> list[float]:
    """One vector of signs after the other, each with its regression and HC1."""
    rng, n = np.random.default_rng(1), len(TREATED)
    design, mean = np.column_stack([np.ones(n), TREATED]), CHANGE.mean()
    bread, t = np.linalg.inv(design.T @ design), []
    for _ in range(DRAWS - 1):
        y = mean + (CHANGE - mean) * rng.choice([-1.0, 1.0], n)
        beta = bread @ (design.T @ y)
        scores = design * (y - design @ beta)[:, None]
        t.append(float(beta[1] / np.sqrt((bread @ scores.T @ scores @ bread)[1, 1] * n / (n - 2))))
    return t


CONTENDERS: dict[str, Callable[[], object]] = {
    "engine, 1 outcome": engine(1),
    "limit, 1 outcome": limit(1),
    "engine, 10 outcomes": engine(10),
    "limit, 10 outcomes": limit(10),
    "loop of Welch t, 1 outcome": permutation_loop,
    "scipy permutation_test, 1 outcome": permutation_scipy,
    "wild bootstrap, Rademacher": lambda: wild_bootstrap(CHANGE, TREATED, DRAWS - 1, 1),
    "wild bootstrap, Webb": lambda: wild_bootstrap(CHANGE, TREATED, DRAWS - 1, 1, "webb"),
    "loop of wild bootstrap, Rademacher": wild_loop,
}
RATIOS = (
    ("engine, 1 outcome", "limit, 1 outcome", "distance to the limit, at most 2"),
    ("engine, 10 outcomes", "limit, 10 outcomes", "distance to the limit, at most 2"),
    ("engine, 10 outcomes", "engine, 1 outcome", "ten outcomes for the price of, at most 3"),
    ("loop of Welch t, 1 outcome", "engine, 1 outcome", "times faster"),
    ("scipy permutation_test, 1 outcome", "engine, 1 outcome", "times faster"),
    ("loop of wild bootstrap, Rademacher", "wild bootstrap, Rademacher", "times faster"),
)


def seconds(run: Callable[[], object]) -> float:
    """Wall time of one run."""
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def large(children: int = 1_000_000, draws: int = 1_000) -> dict[str, float]:
    """Time and peak memory of the engine on a million children."""
    changes, treated = np.random.default_rng(1).normal(size=(children, 1)), np.arange(children) < children // 2
    tracemalloc.start()
    duration = seconds(lambda: permutation_matrix(changes, treated, draws, 1))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return {"children": children, "draws": draws, "seconds": duration, "peak_megabytes": peak / 1e6}


def main() -> None:
    """Time all contenders in turn, print, save."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--large", action="store_true", help="also a million children")
    parser.add_argument("--rounds", type=int, default=9, help="runs of each contender, interleaved")
    options = parser.parse_args()
    runs = [{name: seconds(run) for name, run in CONTENDERS.items()} for _ in range(options.rounds)]
    medians = {name: median(run[name] for run in runs) for name in CONTENDERS}
    for name, duration in medians.items():
        print(f"{duration * 1000:10.2f} ms  {name}")
    ratios = {f"{a} / {b}": median(run[a] / run[b] for run in runs) for a, b, _ in RATIOS}
    for (ratio, value), (_, _, meaning) in zip(ratios.items(), RATIOS, strict=True):
        print(f"{value:10.2f}     {ratio} ({meaning})")
    record = {
        "children": len(TREATED), "draws": DRAWS, "rounds": options.rounds, "seconds": medians, "ratios": ratios,
        "numpy": np.__version__, "python": platform.python_version(), "cpu": platform.machine(),
        "threads": os.environ.get("OPENBLAS_NUM_THREADS", "not set"),
    }  # fmt: skip
    if options.large:
        record["large"] = large()
        print(
            "{children:,} children, {draws:,} draws: {seconds:.1f} s, {peak_megabytes:.0f} MB".format(**record["large"])
        )
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(record, indent=1) + "\n")


if __name__ == "__main__":
    main()
