"""The whole confirmatory analysis of study A (82 children, five outcomes) beside the chain of R packages.

Run: .venv/bin/python benchmarks/bench_confirmatory.py

Ours: every estimator, effect sizes, sensitivity to omitted variables, 10,000 permutations of each outcome and of all
together (Romano-Wolf), wild bootstrap with 9,999 draws, four other corrections for multiplicity. The R chain: difference
in differences with HC3 and CR2, ANCOVA, DRDID, ebal, sensemakr, effect sizes, 10,000 permutations (ri2, not studentised),
wild bootstrap (fwildclusterboot); no multiplicity. R ran elsewhere: the yardstick carries its seconds to this machine.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
from peers import Ratio, from_elsewhere, on_one_thread, report, study_a, time_in_r, time_in_turn

from evaluation.counterfactual.comparability import standardised_mean_difference
from evaluation.counterfactual.estimators.registry import ESTIMATORS
from evaluation.counterfactual.inference.bootstrap import wild_bootstrap
from evaluation.counterfactual.inference.multiplicity import (
    benjamini_hochberg,
    bonferroni,
    holm,
    romano_wolf,
    sharpened_q,
)
from evaluation.counterfactual.inference.permutation import permutation_distribution, permutation_matrix, permutation_p
from evaluation.counterfactual.sample import Sample
from evaluation.counterfactual.sensitivity.omitted import omitted_variable

PERMUTATIONS, DRAWS, SEED = 10_000, 9_999, 1
SAMPLES = list(study_a().values())
TREATED = SAMPLES[0].treated
CHAIN = {
    "R chain": "A core + 10k permutation (ri2) + 9999 wild bootstrap, 5 outcomes",
    "R chain, no resampling": "A core analysis of 5 outcomes, no resampling",
}
RATIOS = (
    Ratio("R chain", "ours", "at least 50"),
    Ratio("R chain", "ours, new process with its imports"),
    Ratio("R chain, no resampling", "ours, no resampling"),
    Ratio("ours, no resampling", "ours, no resampling, without `panel`"),
)


def fits(*left_out: str) -> float:
    """Every estimator but those left out, effect sizes, and omitted variables, of every outcome."""
    for sample in SAMPLES:
        found = [estimator(sample).estimate for key, estimator in ESTIMATORS.items() if key not in left_out]
        standardised_mean_difference(sample.change[sample.treated], sample.change[~sample.treated])
        omitted_variable(sample)
    return found[2]


def resampling() -> float:
    """Both resampling tests of every outcome, and all corrections; the smallest adjusted p."""
    for sample in SAMPLES:
        wild_bootstrap(sample.change, TREATED, DRAWS, SEED)
    raw = np.array([raw_p(sample) for sample in SAMPLES])
    for correction in (bonferroni, holm, benjamini_hochberg, sharpened_q):
        correction(raw)
    changes = np.column_stack([sample.change for sample in SAMPLES])
    permuted, observed, exact = permutation_matrix(changes, TREATED, PERMUTATIONS, SEED)
    return float(romano_wolf(observed, permuted, exact).min())


def raw_p(sample: Sample) -> float:
    """Permutation p of one outcome."""
    return permutation_p(*permutation_distribution(sample.change, TREATED, PERMUTATIONS, SEED))


def confirm() -> float:
    """The whole analysis."""
    fits()
    return resampling()


def from_nothing() -> float:
    """The whole analysis in a Python that has loaded nothing yet."""
    once = f"import sys; sys.path.insert(0, {str(Path(__file__).parent)!r}); import bench_confirmatory as b; print(b.confirm())"
    return float(subprocess.run([sys.executable, "-c", once], capture_output=True, text=True, check=True).stdout)


def main() -> None:
    """Time all contenders in turn, print, save."""
    timings = time_in_turn(
        {
            "ours": confirm,
            "ours, no resampling": fits,
            "ours, no resampling, without `panel`": lambda: fits("panel"),
            "ours, resampling": resampling,
            "ours, new process with its imports": from_nothing,
        },
        rounds=9,
    )
    r = time_in_r()
    report("confirmatory", timings | r | from_elsewhere(CHAIN, r), RATIOS)


if __name__ == "__main__":
    on_one_thread()
    main()
