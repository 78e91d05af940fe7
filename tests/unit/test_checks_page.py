"""docs/checks.md describes every kind of finding there is, at its level, and every column of findings.csv."""

from __future__ import annotations

import os
import re
from pathlib import Path

from study_builder import build

from evaluation.checks import check_folder
from evaluation.checks.kinds import KINDS
from evaluation.reporting.findings.findings_page import findings_table

PAGE = (Path(__file__).parents[2] / "docs" / "checks.md").read_text(encoding="utf-8")


def test_every_kind_stands_in_the_page_with_its_level_and_title_in_the_order_of_the_code():
    rows = re.findall(r"^\| `(\w+)` \| (\w+) \| ([^|]+) \| [^|]{9,} \| [^|]{5,} \|$", PAGE, re.M)
    assert rows == [(name, kind.level, kind.title["en"]) for name, kind in KINDS.items()]
    assert all(kind.title["it"] != kind.title["en"] for kind in KINDS.values())


def test_every_column_of_the_table_of_findings_stands_in_the_page():
    section = PAGE.split("## findings.csv")[1].split("\n## ")[0]
    documented = [
        name for cell in re.findall(r"^\| (`[^|]+) \|", section, re.M) for name in re.findall(r"`(\w+)`", cell)
    ]
    assert set(documented) == set(findings_table([]).columns)
    assert len(documented) == len(set(documented))


def test_a_file_larger_than_any_study_is_refused_before_it_is_read(tmp_path: Path):
    study = build(tmp_path / "study")
    os.truncate(study.path / "responses.csv", 100_000_001)  # a sparse file: it takes no room on the disk
    (finding,) = check_folder(study.path)[1]
    assert (finding.level, finding.kind, finding.file, finding.found) == (
        "error",
        "size",
        "responses.csv",
        "100000001 bytes",
    )
