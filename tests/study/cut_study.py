"""A study of 12 children cut to what a run needs: two centres of six, 99 permutations."""

from __future__ import annotations

from pathlib import Path

from unit.study_builder import build

ID = "tiny"


def cut_study(folder: Path, seed: int = 1) -> Path:
    """Write the study into `folder`, which must not exist; another seed moves its permutation p-values."""
    study = build(folder, children_a_centre=6)
    study.replace("protocol.yml", "  alpha: 0.05\n", f"  alpha: 0.05\n  permutations: 99\n  seed: {seed}\n")
    return folder
