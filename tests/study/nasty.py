"""Small studies drawn by seed, nasty to publish: a few children lost, late or silent, answers at the ends, big incomes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from study_builder import INSTRUMENT, StudyFolder, build

LATER = {1: "", 2: "\n  - {id: t2, role: follow_up}"}
INCOME = "income,,0,,no,Reddito della famiglia in euro,Family income in euros\n"
OUTCOME = "  - {id: income, role: secondary, kind: measure, unit: euros}\ncovariates: [age, sex]\n"
ENDS = {"making": (1, 5), "worry": (0, 3)}


def draw(folder: Path, seed: int) -> StudyFolder:
    """Write a study: 10 to 30 children a centre, one or two waves after the baseline, and who is missing where."""
    rng = np.random.default_rng(seed)
    study, later = build(folder), int(rng.integers(1, 3))
    study.replace("protocol.yml", "role: endline}", "role: endline}" + LATER[later])
    study.replace("protocol.yml", "covariates: [age, sex]\n", OUTCOME)
    study.replace("protocol.yml", "  alpha: 0.05\n", "  alpha: 0.05\n  permutations: 99\n  subgroups: [sex]\n")
    if rng.random() < 0.4:  # a scale alone is primary: no composite rounds its numbers
        study.replace("protocol.yml", COMPOSITE, "").replace(
            "protocol.yml", MAKING, MAKING.replace("secondary", "primary")
        )
        study.replace("contract.yml", "outcome: skills", "outcome: making")
    study.write("instrument.csv", INSTRUMENT.replace(",0,,no,Minuti", ",0,120,no,Minuti") + INCOME)
    children = [f"{centre}{k:02}" for centre in "NS" for k in range(int(rng.integers(10, 31)))]
    waves = [f"t{k}" for k in range(later + 1)]
    study.set_rows("participants.csv", _children(children, rng)).remove("attendance.csv")
    return study.set_rows("responses.csv", _answers(children, waves, rng))


COMPOSITE = "  - id: skills\n    role: primary\n    kind: composite\n    of: [making, worry]\n    unit: baseline SD\n"
MAKING = "{id: making, role: secondary, kind: scale"


def _children(children: list[str], rng: np.random.Generator) -> list[list[str]]:
    header = ["participant", "centre", "birth_date", "sex", "guardian_consent", "assent", "enrolled_on"]
    refusing = set(rng.choice(children, int(rng.integers(0, 3)), replace=False))
    return [header] + [
        [child, "north" if child[0] == "N" else "south", f"{2007 + k % 5}-05-{k % 28 + 1:02}", "FM"[int(rng.integers(2))],
         "no" if child in refusing else "yes", "yes", "2023-02-01"]
        for k, child in enumerate(children)
    ]  # fmt: skip


def _answers(children: list[str], waves: list[str], rng: np.random.Generator) -> list[list[str]]:
    """Answers of those who come; whole steps for scales, minutes, and incomes of which a few are large."""
    away = _away(children, waves, rng)
    high = float(rng.choice([0.4, 0.6, 0.85]))  # how often an item gets its highest answers
    silent = {(str(rng.choice(children)), "making_1", "t0"), (str(rng.choice(children)), "worry_2", "t1")}
    income = dict(zip(children, np.round(np.exp(rng.normal(9.8, 0.6, len(children)))), strict=True))
    rows = [["participant", "wave", "item", "value"]]
    for child in children:
        for wave in (wave for wave in waves if (child, wave) not in away):
            for item in ("making_1", "making_2", "making_3", "making_4", "worry_1", "worry_2"):
                if (child, item, wave) not in silent:
                    low, top = ENDS[item.partition("_")[0]]
                    rows.append([child, wave, item, str(low + rng.binomial(top - low, high))])
            rows.append([child, wave, "travel", str(int(rng.integers(5, 90)))])
            rows.append([child, wave, "income", str(int(income[child] + rng.integers(-500, 500)))])
    return rows


def _away(children: list[str], waves: list[str], rng: np.random.Generator) -> set[tuple[str, str]]:
    """Who does not come when: up to three leave for good, one comes late, one stays away from one later wave."""
    leaving = rng.choice(children, int(rng.integers(1, 4)), replace=False)
    left = {child: int(rng.integers(1, len(waves))) for child in leaving}
    away = {(str(child), wave) for child, first in left.items() for wave in waves[first:]}
    if rng.random() < 0.5:
        away.add((str(rng.choice(children)), "t0"))
    return away | {(str(rng.choice(children)), waves[-1])}
