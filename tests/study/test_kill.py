"""A run that is killed: the last good outputs stay whole, and the next run completes with the right bytes."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from conftest import STUDY, Repository, contents
from moments import changes, kill_when, running, wait_for

MOMENTS = (
    "build/reports/notebooks/02_measurement.ipynb",  # a notebook is done
    "build/reports/tables/estimates.csv",  # a table is written, its notebook not yet
    "build/reports/ro-crate-metadata.json",  # pages are done, the PDF is not
    "build/reports/SHA256SUMS",  # all is done, nothing is current yet
    "2.partial/reports/tables/estimates.csv",  # half of the new run lies beside the current one
)


def test_whenever_a_run_is_killed_the_earlier_outputs_are_whole_and_the_next_run_completes(
    repository: Repository, changed_study: Path, outputs: Path, shipped: Path, moved_on: tuple[Path, str]
) -> None:
    earlier, later = contents(shipped), contents(moved_on[0])  # before, and after a run that nobody disturbed
    assert earlier != later
    # every run goes on where the last was killed, so that the final one stands on the remains of all
    for moment in MOMENTS:
        kill_when(repository, changes(outputs / ".runs" / STUDY / moment), "run", changed_study, "--output", outputs)
        assert contents(outputs) == earlier, moment
    repository.evaluation("run", changed_study, "--output", outputs)
    assert contents(outputs) == later
    left = {path.name for path in (outputs / ".runs" / STUDY).iterdir()}
    assert {name for name in left if not name.isdigit()} == {"build", "current", "lock"}


def test_a_killed_run_publishes_nothing_and_a_second_run_at_once_is_told(
    repository: Repository, tmp_path: Path
) -> None:
    begun = tmp_path / ".runs" / STUDY / "build/processed/children.csv"
    with running(repository, "run", STUDY, "--output", tmp_path) as process:
        wait_for(begun.is_file, process)
        said = repository.evaluation("run", STUDY, "--output", tmp_path, code=2).stderr
        assert "another run of this study is under way" in said
        assert "Traceback" not in said
        assert process.poll() is None
    assert begun.is_file()
    assert not (tmp_path / "reports").exists()
    assert not (tmp_path / "processed").exists()


@pytest.mark.parametrize("left", ["link", "partial", "unlinked"])
def test_what_a_kill_between_two_steps_of_publishing_leaves_is_mended(
    repository: Repository, outputs: Path, shipped: Path, left: str
) -> None:
    home = outputs / ".runs" / STUDY
    if left == "link":  # the fresh link was made, and not yet put in place
        (home / ".current.new").symlink_to("nowhere")
    elif left == "partial":  # a copy was under way
        (home / "2.partial" / "reports").mkdir(parents=True)
        shutil.rmtree(home / "1" / "reports" / "tables")  # so that this run has something to publish
    else:  # current has changed, the links that users see are not there yet
        (outputs / "reports").unlink()
    repository.evaluation("run", STUDY, "--output", outputs)
    assert contents(outputs) == contents(shipped)
