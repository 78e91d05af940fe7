"""A notebook that stops: which one, where, why; what it had done is kept, and the last good outputs stay."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from conftest import STUDY, Repository, contents

NOTEBOOK = "notebooks/05_robustness.ipynb"


def failing(source: str) -> str:
    """Return the notebook with one more cell, which fails."""
    notebook = json.loads(source)
    cell = {"cell_type": "code", "id": "failing", "metadata": {}, "execution_count": None, "outputs": []}
    notebook["cells"].append({**cell, "source": "1/0"})
    return json.dumps(notebook)


def misspelt(source: str) -> str:
    """Return the notebook with a parameter that the pipeline does not know."""
    assert "study = " in source
    return source.replace("study = ", "studio = ")


def test_a_failing_cell_is_named_and_nothing_is_lost(repository: Repository, outputs: Path, shipped: Path) -> None:
    with repository.edited(NOTEBOOK, failing):
        said = repository.evaluation("run", STUDY, "--output", outputs, code=1).stderr
    for words in ("05_robustness.ipynb", "ZeroDivisionError", "division by zero"):
        assert words in said
    assert "Traceback" not in said
    # cells are counted from one, in the notebook as it lies in notebooks/
    stopped = int(re.search(r"stopped at cell (\d+)", said)[1])
    assert json.loads(failing((repository.root / NOTEBOOK).read_text("utf-8")))["cells"][stopped - 1]["source"] == "1/0"
    kept = Path(re.search(r"as far as it came: (.+)", said)[1])
    cells = json.loads(kept.read_text(encoding="utf-8"))["cells"]
    assert any("ZeroDivisionError" in json.dumps(cell.get("outputs")) for cell in cells)
    assert any(output["output_type"] == "display_data" for cell in cells for output in cell.get("outputs", ()))
    assert contents(outputs) == contents(shipped)


def test_after_the_cell_is_mended_the_run_completes(repository: Repository, outputs: Path, shipped: Path) -> None:
    with repository.edited(NOTEBOOK, failing):
        repository.evaluation("run", STUDY, "--output", outputs, code=1)
    repository.evaluation("run", STUDY, "--output", outputs)
    assert contents(outputs) == contents(shipped)


def test_debug_shows_where_a_cell_failed(repository: Repository, outputs: Path) -> None:
    with repository.edited(NOTEBOOK, failing):
        assert "Traceback" in repository.evaluation("run", STUDY, "--output", outputs, "--debug", code=1).stderr


@pytest.mark.parametrize("name", ["notebooks/01_data.ipynb", "notebooks/evaluator_report.ipynb"])
def test_a_misspelt_parameter_is_refused(repository: Repository, outputs: Path, shipped: Path, name: str) -> None:
    with repository.edited(name, misspelt):
        said = repository.evaluation("run", STUDY, "--output", outputs, code=1).stderr
    assert f"{Path(name).name}: no parameter study. Declared: studio, languages" in said
    assert contents(outputs) == contents(shipped)
