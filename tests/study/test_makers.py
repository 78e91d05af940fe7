"""What a notebook makes in sight is what stands in `publishing.makers` for a notebook that is opened alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from conftest import Repository

from evaluation.measurement.scores import score_study
from evaluation.publishing.makers import MAKERS, publishable_table
from evaluation.publishing.published_tables import write_table
from evaluation.publishing.rules import RULES
from evaluation.study.folder import Study, read_study


def test_every_rule_has_a_maker_and_every_maker_a_rule() -> None:
    assert list(RULES) == list(MAKERS)


@pytest.fixture(scope="module")
def study(repository: Repository) -> Study:
    found, _ = read_study(repository.study)
    assert found is not None
    return found


def same_cell(one: object, other: object) -> bool:
    numbers = [pd.to_numeric(value, errors="coerce") for value in (one, other)]
    return bool(np.isclose(*numbers, rtol=1e-9, atol=1e-9)) if np.isfinite(numbers).all() else str(one) == str(other)


def test_a_run_publishes_the_tables_that_their_makers_make(study: Study, shipped: Path, tmp_path: Path) -> None:
    """Texts to the letter, numbers to 1e-9: a run reads its scores back from a file of twelve digits."""
    scores = score_study(study)
    for name in RULES:
        write_table(publishable_table(name, study, scores), tmp_path / f"{name}.csv")
        rows = RULES[name].named.split()  # two estimates that are equal but for their last digits may change places
        published, again = (
            pd.read_csv(folder / f"{name}.csv").sort_values(rows, ignore_index=True)
            for folder in (shipped / "reports/tables", tmp_path)
        )
        assert list(published.columns) == list(again.columns)
        for column in published:
            pairs = zip(published[column], again[column], strict=True)
            apart = [pair for pair in pairs if not same_cell(*pair)]
            assert apart == [], f"{name}.{column}"
