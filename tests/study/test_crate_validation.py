"""The provenance document of a real report, judged by roc-validator, which is not ours."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import rocrate
from conftest import ROOT

PYTHON = os.environ.get("EVALUATION_ROC_VALIDATOR")
CONTEXT = Path(rocrate.__file__).parent / "data" / "ro-crate.jsonld"
pytestmark = pytest.mark.skipif(
    PYTHON is None,
    reason="roc-validator has an environment of its own: EVALUATION_ROC_VALIDATOR=$(.ci/tools/roc-validator)",
)


def validated(report: Path) -> subprocess.CompletedProcess[str]:
    """Call roc-validator on a report, without a network."""
    script = ROOT / ".ci/tools/validate_crate.py"
    return subprocess.run([PYTHON, str(script), str(report), str(CONTEXT)], capture_output=True, text=True, timeout=300)


def test_the_crate_of_a_report_passes_every_required_check(shipped: Path) -> None:
    finished = validated(shipped / "reports")
    assert finished.returncode == 0, finished.stdout + finished.stderr
    assert finished.stdout.startswith("0 issues")


def without_date(entities: dict[str, Any]) -> None:
    del entities["./"]["datePublished"]


def without_instrument(entities: dict[str, Any]) -> None:
    del entities["#run"]["instrument"]


def with_a_file_that_is_not_there(entities: dict[str, Any]) -> None:
    entities["tables/absent.csv"] = entities["tables/estimates.csv"] | {"@id": "tables/absent.csv"}
    entities["./"]["hasPart"].append({"@id": "tables/absent.csv"})


@pytest.mark.parametrize("change", [without_date, without_instrument, with_a_file_that_is_not_there])
def test_a_crate_that_lacks_something_does_not_pass(
    shipped: Path, tmp_path: Path, change: Callable[[dict[str, Any]], None]
) -> None:
    report = Path(shutil.copytree(shipped / "reports", tmp_path / "reports"))
    crate = json.loads((report / "ro-crate-metadata.json").read_text("utf-8"))
    entities = {entity["@id"]: entity for entity in crate["@graph"]}
    change(entities)
    crate["@graph"] = list(entities.values())
    (report / "ro-crate-metadata.json").write_text(json.dumps(crate), "utf-8")
    assert validated(report).returncode == 1
