"""All published numbers at once tell no answer more closely than the protocol allows, whichever small study is drawn."""

from __future__ import annotations

import sys
from pathlib import Path

import pandas as pd
from conftest import ROOT, STUDY

sys.path.insert(0, str(ROOT / "tests" / "unit"))
from linear_attack import Narrow, narrow
from nasty import draw

from evaluation.measurement.scores import score_study
from evaluation.publishing.makers import MAKERS, publishable_table
from evaluation.publishing.published_tables import as_published, read_published
from evaluation.publishing.withheld import RECORD, record
from evaluation.study.folder import Study, load_study

SOLVED = ("items", "composites", "balance", "estimates", "means", "sensitivity", "subgroups")


def attacked(study: Study) -> list[Narrow]:
    """What the attacker tells too closely from the tables as a run publishes them."""
    scores = score_study(study)
    tables = {name: as_published(publishable_table(name, study, scores), f"{name}.csv") for name in SOLVED}
    return narrow(study, tables, record(study, scores, tables))


def test_no_answer_of_a_small_study_can_be_told(tmp_path: Path) -> None:
    assert attacked(draw(tmp_path / "study", 2).load()) == []


def test_without_protection_the_attacker_tells_true_answers(tmp_path: Path) -> None:
    """From tables as they are made, with all digits, the intervals close in on the lost children's answers."""
    study = draw(tmp_path / "study", 2).load()
    scores = score_study(study)
    tables = {name: as_published(MAKERS[name](study, scores), f"{name}.csv") for name in SOLVED}
    found = narrow(study, tables, pd.DataFrame(columns=list(RECORD)))
    assert any(one.answer == "income" and one.high - one.low < 100 for one in found)
    assert all(one.low - 1e-3 <= one.truth <= one.high + 1e-3 for one in found)


def test_the_study_that_ships_tells_no_answer(shipped: Path) -> None:
    folder = shipped / "reports" / "tables"
    tables = {name: read_published(folder / f"{name}.csv") for name in (*SOLVED, "suppressed")}
    found = tables["suppressed"].assign(decimals=pd.to_numeric(tables["suppressed"]["decimals"], errors="coerce"))
    assert narrow(load_study(ROOT / "data" / "raw" / STUDY), tables, found) == []
