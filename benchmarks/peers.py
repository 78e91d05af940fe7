"""What the benchmarks against peers share: timing in turn, R, and ratios printed, kept, and set as a table in README.md.

A peer that is not installed is left out. R packages that are not at hand enter by the seconds they took on another
machine (bench_r.json), times the ratio of one plain R loop run on both: the yardstick.

Small samples are timed in seconds of the processor, on one thread, so that other programs on the machine move little.
"""

from __future__ import annotations

import importlib.metadata
import json
import os
import platform
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

import pandas as pd

from evaluation.counterfactual.sample import Sample

HERE = Path(__file__).resolve().parent
REFERENCE = HERE.parent / "tests" / "gold" / "reference"
STUDY_A = REFERENCE / "data" / "study_a.csv"  # 43 treated and 39 comparison children, five outcomes
ELSEWHERE = json.loads((REFERENCE / "gold" / "bench_r.json").read_text())["timings"]
YARDSTICK = "R plain loop of Welch t"
LONG = 20.0  # seconds from which on one run has to do
ONE_THREAD = dict.fromkeys(("OPENBLAS_NUM_THREADS", "RAYON_NUM_THREADS", "NUMBA_NUM_THREADS"), "1")
PACKAGES = ("numpy", "scipy", "pandas", "linearmodels", "statsmodels", "pyfixest", "wildboottest", "diff-diff", "drdid")
LOOP_OF_WELCH_T = """
args <- commandArgs(TRUE)
d <- read.csv(args[1]); a <- d[d$wave == 0, ]; b <- d[d$wave == 1, ]
stopifnot(a$participant_id == b$participant_id)
Y <- as.matrix(b[, 11:15] - a[, 11:15]); treat <- a$treat; dy <- Y[, 1]
timed <- function(name, f, rounds = 5) for (i in 0:rounds) {
  set.seed(i + 1); s <- sum(system.time(p <- f())[1:2]); if (i) cat("\\n@", name, s, p, sep = "\\t"); cat("\\n")
}
welch <- function(z) { a <- dy[z == 1]; b <- dy[z == 0]
  (mean(a) - mean(b)) / sqrt(var(a) / length(a) + var(b) / length(b)) }
timed("R plain loop of Welch t", function() {
  o <- welch(treat); mean(abs(replicate(10000, welch(sample(treat)))) >= abs(o)) })
"""


@dataclass(frozen=True)
class Timing:
    """Processor seconds of each run, the p or estimate found (None if not at hand), and where it was timed."""

    seconds: tuple[float, ...]
    answer: float | None = None
    where: str = "here"

    @property
    def median(self) -> float:
        """Median of the runs."""
        return median(self.seconds)


@dataclass(frozen=True)
class Ratio:
    """How many times as long one contender takes as another (or as many of it), and what was asked of the ratio."""

    slow: str
    fast: str
    wanted: str = ""
    times: int = 1


@dataclass(frozen=True)
class Row:
    """A row of the table: what this takes, what it stands beside, and their ratio."""

    this: str
    takes: str
    beside: str
    beside_takes: str
    ratio: float
    wanted: str
    where: str


Timings = dict[str, Timing]


def on_one_thread() -> None:
    """Start the script again with one thread for linear algebra, unless the caller has said how many."""
    if "OPENBLAS_NUM_THREADS" not in os.environ:
        raise SystemExit(subprocess.run([sys.executable, *sys.argv], env={**os.environ, **ONE_THREAD}).returncode)


def study_a() -> dict[str, Sample]:
    """Return the sample of each outcome of study A."""
    table = pd.read_csv(STUDY_A)
    before, after = (table[table["wave"] == wave].set_index("participant_id") for wave in (0, 1))
    covariates = before[["age", "migrant"]].assign(female=before["sex"] == "F").to_numpy(dtype=float)
    treated = before["treat"].to_numpy(dtype=bool)
    return {
        outcome: Sample(treated, before[outcome].to_numpy(), after.loc[before.index, outcome].to_numpy(), covariates)
        for outcome in before.columns[before.columns.get_loc("resilience") :]
    }


def installed(*packages: str) -> bool:
    """Whether all these peers are at hand; says which are not."""
    absent = [package for package in packages if version(package) is None]
    for package in absent:
        print(f"{package} is not installed: left out", file=sys.stderr)
    return not absent


def version(package: str) -> str | None:
    """Return the installed version, None without one."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def timed(run: Callable[[], float]) -> tuple[float, float]:
    """Processor seconds of one run and of the processes it starts, and its answer."""
    start = processor()
    answer = run()
    return processor() - start, answer


def processor() -> float:
    """Processor seconds so far, of this process and of those it waited for."""
    return time.process_time() + os.times().children_user + os.times().children_system


def time_in_turn(contenders: dict[str, Callable[[], float]], rounds: int = 15) -> Timings:
    """Time all contenders in turn, so that all meet the same load; the first run warms up, and stays alone if `LONG`."""
    first = {name: timed(run) for name, run in contenders.items()}
    seconds: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in range(rounds):
        for name, run in contenders.items():
            if first[name][0] < LONG:
                seconds[name].append(timed(run)[0])
    return {name: Timing(tuple(seconds[name]) or (first[name][0],), float(first[name][1])) for name in contenders}


def time_in_r(code: str = "") -> Timings:
    """Time the yardstick and `code` in R on study A (as `Y`, `treat`); nothing without R, or where a package lacks."""
    rscript = shutil.which("Rscript")
    if rscript is None:
        print("Rscript is not installed: R by the seconds of bench_r.json", file=sys.stderr)
        return {}
    command = [rscript, "-", str(STUDY_A)]
    result = subprocess.run(command, input=LOOP_OF_WELCH_T + code, capture_output=True, text=True, check=True)
    runs = [line.split("\t")[1:] for line in result.stdout.splitlines() if line.startswith("@")]
    return {
        name: Timing(
            tuple(float(s) for key, s, _ in runs if key == name), next(float(p) for k, _, p in runs if k == name)
        )
        for name in dict.fromkeys(name for name, _, _ in runs)
    }


def from_elsewhere(names: dict[str, str], here: Timings) -> Timings:
    """Carry entries of bench_r.json (by the names they get) to this machine by the yardstick, if R ran here."""
    scale, where = 1.0, "elsewhere, not scaled"
    if YARDSTICK in here:
        scale = here[YARDSTICK].median / ELSEWHERE["A perm 10k: plain R loop, Welch t"]["median_cpu_s"]
        where = f"elsewhere, times {scale:.2f}"
    return {
        name: Timing((ELSEWHERE[key]["median_cpu_s"] * scale,), None, where)
        for name, key in names.items()
        if name not in here
    }


def machine() -> dict[str, Any]:
    """Describe what the numbers depend on."""
    cpuinfo = Path("/proc/cpuinfo")
    models = [line for line in cpuinfo.read_text().splitlines() if "model name" in line] if cpuinfo.exists() else []
    return {
        "cpu": models[0].split(": ")[1] if models else platform.processor() or platform.machine(),
        "cores": os.cpu_count() or 0,
        "load": f"{os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else "",
        "threads": os.environ.get("OPENBLAS_NUM_THREADS", "default"),
        "system": platform.system(),
        "python": platform.python_version(),
        "r": _r_version(),
        "packages": {package: found for package in PACKAGES if (found := version(package))},
    }


def _r_version() -> str:
    rscript = shutil.which("Rscript")
    code = "cat(as.character(getRversion()))"
    return subprocess.run([rscript, "-e", code], capture_output=True, text=True).stdout if rscript else "not at hand"


def report(name: str, timings: Timings, ratios: Iterable[Ratio], more: Iterable[Row] = ()) -> None:
    """Print seconds and ratios, keep them in results/<name>.json, and set the table of README.md anew."""
    for contender, timing in timings.items():
        answer = "" if timing.answer is None else f"{timing.answer:.5f}"
        print(f"{show(timing.median):>12}  {answer:>10}  {contender:56} {timing.where}")
    rows = [_row(ratio, timings) for ratio in ratios if {ratio.slow, ratio.fast} <= set(timings)] + list(more)
    for row in rows:
        print(f"{row.ratio:12.2f}  {row.this} / {row.beside}  {row.wanted}")
    kept = {"machine": machine(), "timings": {key: asdict(timing) for key, timing in timings.items()}}
    path = HERE / "results" / f"{name}.json"
    path.write_text(json.dumps(kept | {"rows": [asdict(row) for row in rows]}, indent=1) + "\n")
    write_table()


def _row(ratio: Ratio, timings: Timings) -> Row:
    slow, fast = timings[ratio.slow], timings[ratio.fast]
    beside = f"{ratio.times} × {ratio.fast}" if ratio.times > 1 else ratio.fast
    value = slow.median / (ratio.times * fast.median)
    return Row(ratio.slow, show(slow.median), beside, show(ratio.times * fast.median), value, ratio.wanted, slow.where)


def show(seconds: float) -> str:
    """Seconds as a reader takes them in."""
    return f"{seconds:.1f} s" if seconds >= 1 else f"{seconds * 1000:.{0 if seconds >= 0.1 else 2}f} ms"


def write_table() -> None:
    """Set the results of all benchmarks against peers between the marks of README.md."""
    mark, readme, parts = "<!-- results -->", HERE / "README.md", []
    for name in ("permutation", "bootstrap", "confirmatory", "scale"):
        path = HERE / "results" / f"{name}.json"
        if path.exists():
            parts.append(f"### {name.title()}\n\n{_table(json.loads(path.read_text()))}")
    before, _, after = readme.read_text().split(mark)
    readme.write_text(mark.join((before, "\n" + "\n\n".join(parts) + "\n", after)))


def _table(record: dict[str, Any]) -> str:
    lines = ["| this | takes | beside | takes | ratio | wanted | this was measured |", "|---|--:|---|--:|--:|--:|---|"]
    for row in record["rows"]:
        lines.append(
            "| {this} | {takes} | {beside} | {beside_takes} | {ratio:.3g} | {wanted} | {where} |".format(**row)
        )
    about = "{cpu}, {cores} cores, load {load}, {system}, Python {python}, R {r}".format(**record["machine"])
    packages = ", ".join(" ".join(item) for item in record["machine"]["packages"].items())
    return "\n".join([*lines, "", f"{about}; {packages}."])
