"""The same study gives the same bytes: elsewhere, with other workers, again, and after someone edited a result."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from conftest import STUDY, Repository, contents

NOTHING = "nothing changed, no notebook run"


@pytest.fixture(scope="module")
def elsewhere(repository: Repository, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The outputs of a second full run: another current folder, paths with spaces and accents, one worker."""
    folder = tmp_path_factory.mktemp("elsewhere") / "perché no [qui]"
    (folder / "altra cartella").mkdir(parents=True)
    shutil.copytree(repository.study, folder / "uno studio è già qui")
    repository.evaluation(
        "run", "../uno studio è già qui", "--output", "../le uscite", "--jobs", "1", cwd=folder / "altra cartella"
    )
    return folder / "le uscite"


def test_a_run_elsewhere_with_one_worker_gives_the_same_bytes(shipped: Path, elsewhere: Path) -> None:
    assert _differences(shipped, elsewhere) == {}


def test_executed_notebooks_hold_outputs(elsewhere: Path) -> None:
    assert '"output_type": "display_data"' in (elsewhere / "reports/notebooks/04_effects.ipynb").read_text("utf-8")


def test_a_run_without_changes_executes_no_notebook(repository: Repository, outputs: Path, shipped: Path) -> None:
    current = (outputs / "reports").resolve()
    said = repository.evaluation("run", STUDY, "--output", outputs).stdout
    assert NOTHING in said
    assert (outputs / "reports").resolve() == current
    assert _differences(shipped, outputs) == {}


@pytest.mark.parametrize("name", ["reports/tables/estimates.csv", "reports/index.html", "processed/scores.csv"])
def test_a_result_edited_by_hand_is_restored(repository: Repository, outputs: Path, shipped: Path, name: str) -> None:
    result = outputs / name
    result.write_bytes(result.read_bytes().replace(b"0", b"1"))
    assert _differences(shipped, outputs).keys() == {name}
    repository.evaluation("run", STUDY, "--output", outputs)
    assert _differences(shipped, outputs) == {}


def test_a_result_edited_in_the_build_folder_is_made_again(
    repository: Repository, outputs: Path, shipped: Path
) -> None:
    table = outputs / ".runs" / STUDY / "build/reports/tables/balance.csv"
    table.write_text(table.read_text("utf-8").replace("0", "1"), "utf-8")
    said = repository.evaluation("run", STUDY, "--output", outputs).stdout
    assert "03_comparability" in said
    assert "02_measurement" not in said
    assert _differences(shipped, outputs) == {}


def _differences(one: Path, other: Path) -> dict[str, tuple[str | None, str | None]]:
    mine, theirs = contents(one), contents(other)
    return {n: (mine.get(n), theirs.get(n)) for n in mine.keys() | theirs.keys() if mine.get(n) != theirs.get(n)}
