"""4,000 to 1,000,000 simulated children, ten outcomes: seconds and memory beside statsmodels, pyfixest and drdid.

Run: .venv/bin/python benchmarks/bench_scale.py [--rounds 3]

Every measurement has a process of its own, which warms up on a thousand children. Peers run on one thread, as ours does,
and again with as many as they like. One thread is timed in processor seconds; with more, both sides in seconds of the
clock. Memory is the rise of the resident peak over what the process held before it had any data; `the data` are two
scores of ten outcomes, three covariates and the centre, in double precision. drdid has the traditional estimator only.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from statistics import median

import numpy as np
import pandas as pd
from peers import ONE_THREAD, Ratio, Row, Timing, Timings, installed, report

from evaluation.counterfactual.estimators.registry import ESTIMATORS
from evaluation.counterfactual.sample import Sample

OUTCOMES, SMALL, MIDDLE, LARGE = 10, 4_000, 10_000, 1_000_000
Samples = list[Sample]


def simulate(children: int) -> Samples:
    """Ten outcomes of the same children; the effect is 5 points on each."""
    rng = np.random.default_rng(1)
    scores = rng.standard_normal((2 * OUTCOMES, children))
    covariates = rng.standard_normal((children, 3))
    treated = rng.random(children) < 0.5
    for before, after in scores.reshape(OUTCOMES, 2, children):
        before *= 10
        after *= 8
        after += before
        after += covariates[:, 0]
        after += 5.0 * treated
    return [Sample(treated, *pair, covariates) for pair in scores.reshape(OUTCOMES, 2, children)]


def ours(estimator: str) -> Callable[[Samples], Callable[[], list[float]]]:
    """Our estimator, with all it checks and prints: HC2 and its degrees of freedom for did and ancova."""
    return lambda samples: lambda: [ESTIMATORS[estimator](sample).estimate for sample in samples]


def statsmodels(method: str, variance: str) -> Callable[[Samples], Callable[[], list[float]]]:
    """Least squares of statsmodels with a robust variance."""
    from statsmodels.api import OLS

    def fit(sample: Sample) -> float:
        more = () if method == "did" else (sample.baseline, sample.covariates)
        y = sample.change if method == "did" else sample.follow_up
        result = OLS(y, np.column_stack([np.ones(len(y)), sample.treated, *more])).fit(cov_type=variance)
        return float(result.params[1]) if result.bse[1] else np.nan

    return lambda samples: lambda: [fit(sample) for sample in samples]


def pyfixest(method: str) -> Callable[[Samples], Callable[[], list[float]]]:
    """pyfixest in its leanest form, on a frame it need not build, with its fastest robust variance (HC1)."""
    from pyfixest import feols

    lean = {"vcov": "hetero", "copy_data": False, "store_data": False, "lean": True}

    def fit(formula: str, data: pd.DataFrame) -> float:
        result = feols(formula, data, **lean)
        return float(result.coef()["d"]) if result.se()["d"] else np.nan

    def prepare(samples: Samples) -> Callable[[], list[float]]:
        columns = dict(zip("abc", samples[0].covariates.T, strict=True)) | {"d": samples[0].treated.astype(float)}
        for number, sample in enumerate(samples):
            if method == "did":
                columns[f"change{number}"] = sample.change
            else:
                columns |= {f"before{number}": sample.baseline, f"after{number}": sample.follow_up}
        data = pd.DataFrame(columns, copy=False)
        formula = "change{0} ~ d" if method == "did" else "after{0} ~ d + before{0} + a + b + c"
        return lambda: [fit(formula.format(number), data) for number in range(len(samples))]

    return prepare


def drdid(method: str) -> Callable[[Samples], Callable[[], list[float]]]:
    """drdid: outcome regression on a constant, which is did; or the doubly robust one, traditional."""
    from drdid.drdid import drdid_panel
    from drdid.reg_did import reg_did_panel

    estimator = reg_did_panel if method == "did" else drdid_panel

    def fit(sample: Sample, treated: np.ndarray) -> float:
        covariates = None if method == "did" else sample.covariates
        estimate, influence = estimator(sample.follow_up, sample.baseline, treated, covariates)
        return float(estimate) if influence.std() else np.nan

    def prepare(samples: Samples) -> Callable[[], list[float]]:
        treated = samples[0].treated.astype(float)
        return lambda: [fit(sample, treated) for sample in samples]

    return prepare


OURS = {method: (lambda method=method: ours(method)) for method in ("did", "ancova", "drdid", "drdid_traditional")}
PEERS: dict[str, dict[str, Callable[[], Callable[[Samples], Callable[[], list[float]]]]]] = {
    "did": {
        "statsmodels HC2": lambda: statsmodels("did", "HC2"), "statsmodels HC1": lambda: statsmodels("did", "HC1"),
        "pyfixest HC1": lambda: pyfixest("did"), "drdid": lambda: drdid("did"),
    },
    "ancova": {
        "statsmodels HC2": lambda: statsmodels("ancova", "HC2"),
        "statsmodels HC1": lambda: statsmodels("ancova", "HC1"), "pyfixest HC1": lambda: pyfixest("ancova"),
    },
    "drdid": {"drdid": lambda: drdid("drdid")},
    "drdid_traditional": {},
}  # fmt: skip


def work(method: str, name: str, children: int) -> dict[str, float]:
    """Measure one contender in this process."""
    contender = OURS[method]() if name == "ours" else PEERS[method][name]()
    contender(simulate(1_000))()
    before = peak()
    run = contender(simulate(children))
    clock, processor = [], []
    for _ in range(max(1, 200_000 // children)):
        start = time.perf_counter(), time.process_time()
        estimates = run()
        clock.append(time.perf_counter() - start[0])
        processor.append(time.process_time() - start[1])
    return {
        "clock": median(clock), "processor": median(processor), "bytes": peak() - before, "estimate": estimates[0],
    }  # fmt: skip


def peak() -> int:
    """Highest resident memory of this process so far, in bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def measure(method: str, name: str, children: int, threads: str) -> dict[str, float]:
    """Measure one contender in a process of its own."""
    unlimited = {key: value for key, value in os.environ.items() if key not in ONE_THREAD}
    environment = unlimited | (ONE_THREAD if threads == "one thread" else {})
    command = [sys.executable, __file__, "--work", method, name, str(children)]
    return json.loads(subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout)


def plan() -> list[tuple[str, str, int, str]]:
    """Every measurement: method, contender, children, threads."""
    packages = {name: name.split()[0] for peers in PEERS.values() for name in peers}
    present = {name for name, package in packages.items() if installed(package)}
    own = [(method, "ours", n, "one thread") for n in (SMALL, MIDDLE, LARGE) for method in OURS]
    return own + [
        (method, name, n, threads)
        for n in (SMALL, LARGE) for method, peers in PEERS.items() for name in peers if name in present
        for threads in ("one thread", "default threads")
    ]  # fmt: skip


def label(method: str, name: str, children: int, threads: str) -> str:
    """Name a measurement in the results."""
    return f"{name}, {method}, {children:,}, {threads}"


def timings(runs: dict[tuple[str, str, int, str], list[dict[str, float]]]) -> Timings:
    """Processor seconds on one thread, seconds of the clock with more; ours by both."""
    found = {}
    for case, results in runs.items():
        clock = "processor" if case[3] == "one thread" else "clock"
        found[label(*case)] = Timing(tuple(result[clock] for result in results), results[0]["estimate"])
        if case[1] == "ours":
            found[label(*case[:3], "by the clock")] = Timing(tuple(result["clock"] for result in results))
    return found


def ratios(found: Timings) -> list[Ratio]:
    """Return the fastest peer of each method, size and threads beside ours, and how ours grows."""
    rows = []
    for n in (SMALL, LARGE):
        for method, peers in PEERS.items():
            for threads, own in (("one thread", "one thread"), ("default threads", "by the clock")):
                known = [key for name in peers if (key := label(method, name, n, threads)) in found]
                if known:
                    fastest = min(known, key=lambda key: found[key].median)
                    rows.append(Ratio(fastest, label(method, "ours", n, own), "at least 1"))
    growth = (tuple(label(method, "ours", n, "one thread") for n in (LARGE, MIDDLE)) for method in OURS)
    return rows + [Ratio(large, small, "at most 1.2", LARGE // MIDDLE) for large, small in growth]


def memory(runs: dict[tuple[str, str, int, str], list[dict[str, float]]]) -> list[Row]:
    """Peak memory with a million children beside the data themselves."""
    data = LARGE * (2 * OUTCOMES * 8 + 3 * 8 + 1)
    rows = []
    for (method, name, n, threads), results in runs.items():
        if n == LARGE and threads == "one thread":
            held = median(result["bytes"] for result in results)
            wanted = "at most 3" if name == "ours" else ""
            this = f"{name}, {method}, {n:,}: peak memory"
            rows.append(
                Row(this, f"{held / 1e6:.0f} MB", "the data", f"{data / 1e6:.0f} MB", held / data, wanted, "here")
            )
    return rows


def main() -> None:
    """Run the plan in rounds, print, save."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3, help="processes of each measurement, interleaved")
    parser.add_argument("--work", nargs=3, metavar=("METHOD", "CONTENDER", "CHILDREN"), help="one measurement, as JSON")
    options = parser.parse_args()
    if options.work:
        method, name, children = options.work
        print(json.dumps(work(method, name, int(children))))
        return
    cases = plan()
    results = [[measure(*case) for case in cases] for _ in range(options.rounds)]
    runs = {case: [result[position] for result in results] for position, case in enumerate(cases)}
    found = timings(runs)
    report("scale", found, ratios(found), memory(runs))


if __name__ == "__main__":
    main()
