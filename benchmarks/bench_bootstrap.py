"""Wild bootstrap with 9,999 draws on study A (82 children) beside pyfixest, diff-diff, and R's fwildclusterboot.

Run: .venv/bin/python benchmarks/bench_bootstrap.py

Peers' regressions are not timed, only their bootstraps. diff-diff's gives an interval too, by inverting the test.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable

import numpy as np
import pandas as pd
from peers import Ratio, from_elsewhere, installed, on_one_thread, report, study_a, time_in_r, time_in_turn

from evaluation.counterfactual.inference.bootstrap import wild_bootstrap

DRAWS = 9_999
SAMPLE = study_a()["resilience"]
DATA = pd.DataFrame(
    {"change": SAMPLE.change, "treated": SAMPLE.treated.astype(float), "child": np.arange(len(SAMPLE.treated))}
)
FWILDCLUSTERBOOT = {
    "R fwildclusterboot, p only": "A fwildclusterboot boottest B=9999 (p only)",
    "R fwildclusterboot, p and interval": "A fwildclusterboot boottest B=9999, 82 clusters (p + CI)",
}
RATIOS = (
    Ratio("pyfixest wildboottest, HC", "ours, Rademacher", "at least 5"),
    Ratio("pyfixest wildboottest, by child", "ours, Rademacher", "at least 5"),
    Ratio("diff-diff wild cluster, p and interval", "ours, Rademacher"),
    Ratio("R fwildclusterboot, p only", "ours, Rademacher", "at least 1"),
    Ratio("R fwildclusterboot, p and interval", "ours, Rademacher"),
    Ratio("ours, Webb", "ours, Rademacher"),
)


def pyfixest(cluster: str | None) -> Callable[[], float]:
    """pyfixest's bootstrap, of rows or of clusters of one row."""
    import pyfixest

    fit = pyfixest.feols("change ~ treated", DATA, vcov="hetero")

    def run() -> float:
        return float(fit.wildboottest(reps=DRAWS, cluster=cluster, param="treated", seed=1)["Pr(>|t|)"])

    return run


def diff_diff() -> Callable[[], float]:
    """diff-diff's bootstrap by child."""
    from diff_diff.lwdid_wild_bootstrap import wild_cluster_bootstrap

    arrays = (DATA[name].to_numpy() for name in ("change", "treated", "child"))
    y, treated, child = arrays

    def run() -> float:
        with warnings.catch_warnings(action="ignore"):
            return wild_cluster_bootstrap(y, treated, child, n_bootstrap=DRAWS, seed=1).p_value

    return run


def main() -> None:
    """Time all contenders in turn, print, save."""
    change, treated = SAMPLE.change, SAMPLE.treated
    contenders: dict[str, Callable[[], float]] = {
        "ours, Rademacher": lambda: wild_bootstrap(change, treated, DRAWS, 1).p,
        "ours, Webb": lambda: wild_bootstrap(change, treated, DRAWS, 1, "webb").p,
    }
    if installed("pyfixest", "wildboottest"):
        contenders["pyfixest wildboottest, HC"] = pyfixest(None)
        contenders["pyfixest wildboottest, by child"] = pyfixest("child")
    if installed("diff-diff"):
        contenders["diff-diff wild cluster, p and interval"] = diff_diff()
    timings = time_in_turn(contenders) | (r := time_in_r())
    report("bootstrap", timings | from_elsewhere(FWILDCLUSTERBOOT, r), RATIOS)


if __name__ == "__main__":
    on_one_thread()
    main()
