"""A reader attacks the published tables: nobody's answer, absence or category comes back, and without protection it does."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from attack import Tables, claims
from conftest import ROOT, STUDY

from evaluation.measurement.scores import score_study
from evaluation.publishing.makers import MAKERS, publishable_table
from evaluation.publishing.published_tables import write_table
from evaluation.study.folder import Study, load_study

sys.path.insert(0, str(ROOT / "tests" / "unit"))
from study_builder import StudyFolder, build

ATTACKED = ("flow", "items", "reliability", "composites", "balance", "estimates", "bounds", "subgroups")


def read(folder: Path) -> Tables:
    """The tables as text, as anybody would read them."""
    return {name: pd.read_csv(folder / f"{name}.csv", dtype=str, keep_default_na=False) for name in ATTACKED}


def published(study: Study, folder: Path) -> Tables:
    """What a run publishes of a study."""
    scores = score_study(study)
    for name in ATTACKED:
        write_table(publishable_table(name, study, scores), folder / f"{name}.csv")
    return read(folder)


def unprotected(study: Study, folder: Path) -> Tables:
    """The same tables as they are computed, with nothing withheld or rounded."""
    scores = score_study(study)
    for name in ATTACKED:
        write_table(MAKERS[name](study, scores), folder / f"{name}.csv")
    return read(folder)


def answered(folder: Path) -> StudyFolder:
    """A study of twelve children a centre who answer as they like, none lost."""
    study = build(folder)
    rng = np.random.default_rng(5)
    header, *rows = study.rows("responses.csv")
    ends = {"making": (1, 6), "worry": (0, 4), "travel": (5, 60)}
    return study.set_rows(
        "responses.csv", [header, *([*row[:3], str(rng.integers(*ends[row[2].split("_")[0]]))] for row in rows)]
    )


def one_lost(study: StudyFolder) -> StudyFolder:
    """The first child of the treated centre does not come to the second wave."""
    header, *rows = study.rows("responses.csv")
    return study.set_rows("responses.csv", [header, *(row for row in rows if row[:2] != ["N00", "t1"])])


def one_late(study: StudyFolder) -> StudyFolder:
    """That child comes to the second wave alone."""
    header, *rows = study.rows("responses.csv")
    return study.set_rows("responses.csv", [header, *(row for row in rows if row[:2] != ["N00", "t0"])])


def one_refusing(study: StudyFolder) -> StudyFolder:
    """That child's guardians do not consent."""
    return study.cell("participants.csv", 2, "guardian_consent", "no")


def one_in_a_category(study: StudyFolder) -> StudyFolder:
    """One child of the treated centre is the only one of its category."""
    return study.cell("participants.csv", 3, "sex", "X")


def one_leaver_of_a_later_wave(study: StudyFolder) -> StudyFolder:
    """Twice as many children, a third wave that one of them does not reach, and an effect for boys and for girls."""
    study.replace("protocol.yml", "role: endline}", "role: endline}\n  - {id: t2, role: follow_up}")
    study.replace("protocol.yml", "  alpha: 0.05\n", "  alpha: 0.05\n  permutations: 99\n  subgroups: [sex]\n")
    header, *rows = study.rows("responses.csv")
    rows += [[row[0], "t2", *row[2:]] for row in rows if row[1] == "t1" and row[0] != "N00"]
    rows += [[f"{child[0]}9{child[1:]}", *row] for child, *row in rows if child != "N00"]
    children = study.rows("participants.csv")
    more = [[f"{row[0][0]}9{row[0][1:]}", *row[1:]] for row in children[1:] if row[0] != "N00"]
    return study.set_rows("participants.csv", [*children, *more]).set_rows("responses.csv", [header, *rows])


def one_answer_of_all(study: StudyFolder) -> StudyFolder:
    """Everybody gives one item the highest answer at the first wave."""
    header, *rows = study.rows("responses.csv")
    return study.set_rows(
        "responses.csv", [header, *([*row[:3], "5"] if row[1:3] == ["t0", "making_1"] else row for row in rows)]
    )


SMALL: dict[Callable[[StudyFolder], StudyFolder], set[str]] = {  # the study -> attacks that succeed without protection
    one_lost: {"membership", "extremes", "lost_baseline", "standardising", "worst_case", "rare_answers"},
    one_late: {"membership", "rare_answers"},
    one_refusing: {"membership", "rare_answers"},
    one_in_a_category: {"categories", "rare_answers"},
    one_answer_of_all: {"uniform", "rare_answers"},
    one_leaver_of_a_later_wave: {"leavers"},
}


@pytest.mark.parametrize("change", SMALL, ids=lambda change: change.__name__)
def test_a_small_study_gives_no_child_back(change: Callable[[StudyFolder], StudyFolder], tmp_path: Path) -> None:
    study = change(answered(tmp_path / "study")).load()
    assert claims(published(study, tmp_path / "tables"), study.protocol, study.instrument) == {}


@pytest.mark.parametrize(("change", "attacks"), SMALL.items(), ids=lambda value: getattr(value, "__name__", ""))
def test_without_protection_the_attacks_succeed(
    change: Callable[[StudyFolder], StudyFolder], attacks: set[str], tmp_path: Path
) -> None:
    study = change(answered(tmp_path / "study")).load()
    assert set(claims(unprotected(study, tmp_path / "tables"), study.protocol, study.instrument)) >= attacks


def test_what_the_attacks_claim_is_true(tmp_path: Path) -> None:
    """The baseline of the one child lost, and the largest change, come back to the digit from unprotected tables."""
    study = one_lost(answered(tmp_path / "study")).load()
    scores = score_study(study)
    found = claims(unprotected(study, tmp_path / "tables"), study.protocol, study.instrument)
    lost = scores[(scores["participant"] == "N00") & (scores["wave"] == "t0")].set_index("outcome")["score"]
    assert f"making: baseline of the one child lost {lost['making']:.3f}" in found["lost_baseline"]
    assert f"making: baseline of the one child lost {lost['making']:.3f}" in found["worst_case"]
    assert found["standardising"] == [f"baselines of the one child lost {lost['making']:.3f}, {lost['worry']:.3f}"]
    wide = scores[scores["outcome"] == "making"].pivot(index="participant", columns="wave", values="score")
    changes = (wide["t1"] - wide["t0"])[wide.index.str.startswith("S")]
    assert f"making: largest change {changes.max():.6f}, smallest {changes.min():.6f}" in found["extremes"]


@pytest.fixture(scope="module")
def shipped_study() -> Study:
    return load_study(ROOT / "data" / "raw" / STUDY)


def test_the_study_that_ships_gives_no_child_back(shipped: Path, shipped_study: Study) -> None:
    tables = read(shipped / "reports" / "tables")
    assert claims(tables, shipped_study.protocol, shipped_study.instrument) == {}


def test_the_study_that_ships_would_give_children_back(shipped_study: Study, tmp_path: Path) -> None:
    found = claims(unprotected(shipped_study, tmp_path), shipped_study.protocol, shipped_study.instrument)
    assert set(found) >= {"membership", "extremes", "rare_answers", "categories"}
