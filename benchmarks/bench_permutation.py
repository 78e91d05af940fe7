"""10,000 studentised permutations of study A (82 children) beside diff-diff, pyfixest, and R's multtest and ri2.

Run: .venv/bin/python benchmarks/bench_permutation.py

diff-diff permutes the plain difference in means, which is less work. pyfixest's `ritest` draws labels with replacement,
and its studentised variant fits a regression a draw. multtest's `mt.maxT` is C code: Welch t of all outcomes, step-down.
"""

from __future__ import annotations

import os
from collections.abc import Callable

import numpy as np
import pandas as pd
from peers import Ratio, from_elsewhere, installed, on_one_thread, report, study_a, time_in_r, time_in_turn

from evaluation.counterfactual.inference.multiplicity import romano_wolf
from evaluation.counterfactual.inference.permutation import permutation_distribution, permutation_matrix, permutation_p

DRAWS = 10_000
SAMPLES = study_a()
TREATED = SAMPLES["resilience"].treated
CHANGES = np.column_stack([sample.change for sample in SAMPLES.values()])
CHANGES = np.hstack([CHANGES, np.random.default_rng(1).normal(size=CHANGES.shape)])  # five more, of no effect
DATA = pd.DataFrame({"change": CHANGES[:, 0], "treated": TREATED.astype(float)})
MULTTEST = """
if (requireNamespace("multtest", quietly = TRUE)) timed("R multtest mt.maxT, 5 outcomes",
  function() { p <- multtest::mt.maxT(t(Y), treat, B = 10000); p$adjp[p$index == 1] })
"""
RI2 = {
    "R ri2, studentised": "A ri2 conduct_ri 10k, studentized",
    "R multtest mt.maxT, 5 outcomes": "A multtest mt.maxT 5 outcomes B=10000",
    "R plain loop of Welch t": "A perm 10k: plain R loop, Welch t",
}
RATIOS = (
    Ratio("diff-diff LWDiD randomisation", "ours, 1 outcome", "at least 5"),
    Ratio("pyfixest ritest randomization-t", "ours, 1 outcome", "at least 500"),
    Ratio("R ri2, studentised", "ours, 1 outcome", "at least 500"),
    Ratio("R plain loop of Welch t", "ours, 1 outcome"),
    Ratio("R multtest mt.maxT, 5 outcomes", "ours, 5 outcomes, Romano-Wolf", "at least 1"),
    Ratio("ours, 10 outcomes, Romano-Wolf", "ours, 1 outcome", "at most 3"),
)


def one() -> float:
    """Our p of one outcome."""
    return permutation_p(*permutation_distribution(CHANGES[:, 0], TREATED, DRAWS, 1))


def joint(outcomes: int) -> Callable[[], float]:
    """Our p of the first outcome, adjusted for all."""

    def run() -> float:
        permuted, observed, exact = permutation_matrix(CHANGES[:, :outcomes], TREATED, DRAWS, 1)
        return float(romano_wolf(observed, permuted, exact)[0])

    return run


def diff_diff() -> Callable[[], float]:
    """diff-diff's permutations of one outcome; its fit is not timed."""
    from diff_diff import LWDiD

    child = np.arange(len(DATA))
    panel = pd.concat([DATA.assign(child=child, wave=wave) for wave in (0, 1)])
    panel["change"] *= panel["wave"]
    panel["treated"] *= panel["wave"]
    fit = LWDiD().fit(panel, "change", "child", "wave", "treated")
    return lambda: fit.randomization_test(n_reps=DRAWS, seed=1).pvalue


def pyfixest() -> Callable[[], float]:
    """pyfixest's randomisation test of one outcome."""
    os.environ["TQDM_DISABLE"] = "1"
    import pyfixest

    fit = pyfixest.feols("change ~ treated", DATA, vcov="hetero")
    rng = np.random.default_rng
    return lambda: fit.ritest("treated", reps=DRAWS, type="randomization-t", rng=rng(1))["Pr(>|t|)"]


def main() -> None:
    """Time all contenders in turn, print, save."""
    contenders = {
        "ours, 1 outcome": one,
        "ours, 5 outcomes, Romano-Wolf": joint(5),
        "ours, 10 outcomes, Romano-Wolf": joint(10),
    }
    if installed("diff-diff"):
        contenders["diff-diff LWDiD randomisation"] = diff_diff()
    if installed("pyfixest"):
        contenders["pyfixest ritest randomization-t"] = pyfixest()
    timings = time_in_turn(contenders) | (r := time_in_r(MULTTEST))
    report("permutation", timings | from_elsewhere(RI2, r), RATIOS)


if __name__ == "__main__":
    on_one_thread()
    main()
