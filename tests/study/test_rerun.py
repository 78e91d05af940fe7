"""Run again from nothing: the same study gives the same report, another is named cell by cell, and nothing else takes part."""

from __future__ import annotations

import importlib.util
import os
import py_compile
import re
import shutil
from pathlib import Path

import pytest
from conftest import STUDY, Repository

from evaluation.assurance.provenance.manifest import write_sums
from evaluation.assurance.questions import Comparison
from evaluation.assurance.verification.verify import verify_report
from evaluation.pipeline.again import run_again

STRAY = "raise SystemExit('a stray module was loaded')\n"


@pytest.fixture
def report(signed: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree((signed / "reports").resolve(), tmp_path / "s"))


def test_the_same_study_gives_every_digit_again_whatever_lies_beside_the_code(
    repository: Repository, signed: Path
) -> None:
    strays = [repository.root / name for name in ("notebooks/evaluation.py", "notebooks/pandas.py", "src/tabulate.py")]
    for stray in strays:
        stray.write_text(STRAY)
    poisoned = _poison(repository.root / "src/evaluation/payment/decide.py")
    try:
        said = repository.evaluation("verify", signed / "reports", "--rerun", STUDY, code=1).stdout
    finally:
        for path in (*strays, poisoned):
            path.unlink()
    assert re.search(r"^tables +valid", said, re.MULTILINE), said
    assert re.search(r"\d+ tables compared digit by digit, \d+ files byte by byte", said)
    assert re.search(r"^code +invalid", said, re.MULTILINE)
    for stray in strays:
        assert f"{stray.relative_to(repository.root)}: a stray module" in said
    assert f"{poisoned.relative_to(repository.root)}: a compiled file that does not come from its source" in said


def _poison(source: Path) -> Path:
    """Leave a compiled file that Python would take for that of an untouched module."""
    honest, stamps = source.read_bytes(), source.stat()
    source.write_bytes(b"#" * len(honest))
    os.utime(source, ns=(stamps.st_atime_ns, stamps.st_mtime_ns))
    py_compile.compile(str(source), doraise=True)
    source.write_bytes(honest)
    os.utime(source, ns=(stamps.st_atime_ns, stamps.st_mtime_ns))
    return Path(importlib.util.cache_from_source(str(source)))


def test_a_changed_digit_is_named_with_table_row_column_and_both_values(
    repository: Repository, report: Path, changed_study: Path
) -> None:
    found = run_again(report, changed_study, repository.root)
    said = [line["en"] for line in found.differences]
    cell = re.compile(r"tables/estimates\.csv, row \d+, p_permutation: published '[\d.]+', again '[\d.]+'")
    assert any(cell.fullmatch(line) for line in said), said[:5]
    assert not any("std_error" in line for line in said)
    assert "protocol.yml: changed" in said


def test_a_difference_makes_the_answer_invalid(report: Path) -> None:
    (report / "tables/estimates.csv").write_text("outcome\n")
    write_sums(report)
    wrong = {"it": "una cella", "en": "a cell"}
    verification = verify_report(report, run_again=lambda: Comparison((), (wrong,)))
    assert verification["tables"].verdict == "invalid"
    assert verification["tables"].evidence == (wrong,)


def test_a_run_that_stops_is_an_answer(repository: Repository, report: Path, tmp_path: Path) -> None:
    study = Path(shutil.copytree(repository.study, tmp_path / "broken"))
    (study / "responses.csv").write_text("participant\n")
    verification = verify_report(report, run_again=lambda: run_again(report, study, repository.root))
    assert verification["tables"].verdict == "invalid"
    assert "responses.csv" in verification["tables"].evidence[0]["en"]
