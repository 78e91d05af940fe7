"""Honest difference in differences on study C beside the seconds R HonestDiD 0.2.6 took on the same coefficients.

Run on one thread: OPENBLAS_NUM_THREADS=1 .venv/bin/python benchmarks/bench_honest.py

R's seconds (bench_r.json) come from one machine, not this one; `plain R loop, Welch t` in that file and `loop of Welch t`
of bench_resampling.py are the yardstick between the two.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import numpy as np

from evaluation.counterfactual.sensitivity.honest import EventStudy, break_even, relative_magnitude, smoothness

GOLD = Path(__file__).parent.parent / "tests" / "gold" / "reference" / "gold"
PEER = json.loads((GOLD / "bench_r.json").read_text())["timings"]
STUDY = json.loads((GOLD / "study_c_honestdid.json").read_text())["outcomes"]["resilience"]
EVENT = EventStudy(np.array(STUDY["betahat"]), np.array(STUDY["sigma"]), 2, 2)

CONTENDERS: dict[str, Callable[[], object]] = {
    "C HonestDiD relative magnitudes, 3 Mbar, grid 1000, first post": lambda: [
        relative_magnitude(EVENT, mbar) for mbar in (0.5, 1, 2)
    ],
    "C HonestDiD smoothness FLCI, 5 M": lambda: [smoothness(EVENT, m) for m in (0, 0.5, 1, 2, 5)],
    "break-even Mbar": lambda: break_even(lambda mbar: relative_magnitude(EVENT, mbar)),
    "break-even M": lambda: break_even(lambda m: smoothness(EVENT, m)),
}


def seconds(run: Callable[[], object]) -> float:
    """Wall time of one run."""
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def main(rounds: int = 9) -> None:
    """Time all contenders in turn, the first round to warm up, and print medians with their ratio to R."""
    runs = [{name: seconds(run) for name, run in CONTENDERS.items()} for _ in range(rounds + 1)][1:]
    for name in CONTENDERS:
        own = median(run[name] for run in runs)
        peer = PEER[name]["median_elapsed_s"] if name in PEER else None
        beside = f"R {peer:6.2f} s, {peer / own:8.0f} times" if peer else ""
        print(f"{own * 1000:8.1f} ms  {name:64} {beside}")


if __name__ == "__main__":
    main()
