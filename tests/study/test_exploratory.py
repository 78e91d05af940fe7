"""A run with choices: marked on every page and in every table, verified as it is, beside the study's own report."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd
from conftest import STUDY, Repository

MARK = "exploratory: differs from the protocol in analysis.estimator = ancova"


def test_an_exploratory_run_says_so_everywhere_and_reproduces(repository: Repository, tmp_path: Path) -> None:
    chosen = ("--choice", "analysis.estimator=ancova", "--language", "en")
    said = repository.evaluation("run", STUDY, "--output", tmp_path, *chosen).stdout
    reports = tmp_path / "reports"
    estimates = pd.read_csv(reports / "tables" / "estimates.csv", dtype=str)
    row = estimates[(estimates["role"] == "primary") & (estimates["estimator"] == "ancova")].iloc[0]
    assert f"effect {float(row['estimate']):.2f}" in said
    pages = sorted(reports.glob("*.en.html"))
    assert len(pages) == 8
    assert [page.name for page in (*pages, reports / "index.html") if MARK not in page.read_text("utf-8")] == []
    tables = [path for path in (reports / "tables").glob("*.csv") if path.stat().st_size > 1]
    unmarked = [path.name for path in tables if MARK not in path.read_text("utf-8") and len(pd.read_csv(path))]
    assert unmarked == []
    verified = repository.evaluation("verify", reports).stdout
    assert re.findall(r"^(files|code|numbers) +valid", verified, re.MULTILINE) == ["files", "code", "numbers"]


def test_a_choice_that_the_protocol_would_not_take_stops_before_anything_is_written(
    repository: Repository, tmp_path: Path
) -> None:
    refused = repository.evaluation("run", STUDY, "--output", tmp_path, "--choice", "privacy.minimum_cell=3", code=2)
    assert "'privacy' cannot be chosen there" in " ".join(refused.stderr.split())
    assert list(tmp_path.iterdir()) == []
