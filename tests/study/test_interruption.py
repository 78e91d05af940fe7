"""A run that is told to stop: it says so by its exit code, leaves the report whole, and the next run gives the same bytes.

`make test` stops one run a signal. `make faults` stops runs at ten moments by three signals, sent to the group as a terminal
does and to the main process as `kill` does, each a little later than its moment by a chance that its seed repeats.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import Repository, contents
from cut_study import ID, cut_study
from moments import DEADLINE, Moment, changes, kernels, running, stop_when, wait_for

BUILD = f".runs/{ID}/build/"
MOMENTS = (  # in the order of a run, so that each run goes on where the last one was stopped
    BUILD + "pytask.toml",  # nothing has run yet
    BUILD + "processed/children.csv",
    BUILD + "reports/notebooks/01_data.ipynb",  # a notebook is done
    BUILD + "processed/scores.csv",
    BUILD + "reports/tables/estimates.csv",  # a table is written, its notebook not yet
    BUILD + "reports/notebooks/06_payment.ipynb",
    BUILD + "reports/tables/suppressed.csv",  # the last notebook is under way
    BUILD + "reports/ro-crate-metadata.json",  # pages are done, the PDF is not
    BUILD + "reports/SHA256SUMS",  # all is done, nothing is current yet
    f".runs/{ID}/2.partial",  # the new run is being copied beside the current one
)
CODES = {signal.SIGINT: 130, signal.SIGTERM: 143, signal.SIGHUP: 129}
FAULTS_SEED = os.environ.get("FAULTS_SEED", "0")
LATEST = 0.05  # seconds after a moment


@pytest.fixture(scope="module")
def studies(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A study, and the same study with another seed, which gives other bytes."""
    folder = tmp_path_factory.mktemp("cut")
    return cut_study(folder / "before", seed=1), cut_study(folder / "after", seed=2)


@pytest.fixture(scope="module")
def undisturbed(
    studies: tuple[Path, Path], run_study: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, dict[str, str]]:
    """The outputs of the first study, and what the second one's run makes of them if nobody disturbs it."""
    before = run_study(studies[0], tmp_path_factory.mktemp("before"), "--language", "en")
    after = _copy(before, tmp_path_factory.mktemp("after"))
    return before, contents(run_study(studies[1], after, "--language", "en"))


@pytest.mark.parametrize("number", CODES, ids=lambda number: signal.Signals(number).name)
def test_a_run_that_is_stopped_leaves_the_report_whole_and_the_next_completes(
    repository: Repository, studies: tuple[Path, Path], undisturbed: tuple[Path, dict[str, str]], tmp_path: Path,
    number: int,
) -> None:  # fmt: skip
    moment = {signal.SIGINT: 4, signal.SIGTERM: 7, signal.SIGHUP: 1}[signal.Signals(number)]
    whom = "main" if number == signal.SIGTERM else "group"
    outputs = _copy(undisturbed[0], tmp_path / "outputs")
    _stop(repository, studies[1], outputs, moment, number, whom, 0)
    _goes_on(repository, studies[1], outputs, undisturbed[1])


@pytest.mark.faults
@pytest.mark.parametrize("whom", ["group", "main"])
@pytest.mark.parametrize("number", CODES, ids=lambda number: signal.Signals(number).name)
def test_a_run_can_be_stopped_at_ten_moments(
    repository: Repository, studies: tuple[Path, Path], undisturbed: tuple[Path, dict[str, str]], tmp_path: Path,
    number: int, whom: str,
) -> None:  # fmt: skip
    chance = random.Random(f"{FAULTS_SEED} {number} {whom}")  # noqa: S311  it hides nothing
    outputs = _copy(undisturbed[0], tmp_path / "outputs")
    for moment in range(len(MOMENTS)):
        _stop(repository, studies[1], outputs, moment, number, whom, chance.uniform(0, LATEST))
    _goes_on(repository, studies[1], outputs, undisturbed[1])


@pytest.mark.parametrize("begun", ["failed", "processed/children.csv"], ids=["starting", "running"])
def test_a_kernel_that_the_system_ends_is_told_in_words(
    repository: Repository, studies: tuple[Path, Path], tmp_path: Path, begun: str
) -> None:
    command = ("run", studies[0], "--output", tmp_path, "--language", "en")
    with running(repository, *command, stderr=subprocess.PIPE) as process:
        wait_for(lambda: (tmp_path / BUILD / begun).exists() and bool(kernels(process)), process)
        os.kill(kernels(process)[0], signal.SIGKILL)
        said = process.communicate(timeout=DEADLINE)[1]
    assert process.returncode == 1
    assert "the system ended its Python process" in said
    assert "Traceback" not in said
    assert not (tmp_path / "reports").exists()


def _stop(
    repository: Repository, study: Path, outputs: Path, moment: int, number: int, whom: str, later: float
) -> None:
    """Stop a run at a moment: its code says which signal it was, and the earlier report is as it was."""
    earlier = contents(outputs)
    file = outputs / MOMENTS[moment]
    if file.is_file():  # an earlier run, stopped later than its moment, may have come as far: this one makes it again
        file.unlink()
    come = _after(changes(file), later)
    code = stop_when(repository, come, number, whom, "run", study, "--output", outputs, "--language", "en")
    told = f"{signal.Signals(number).name} to {whom} at {MOMENTS[moment]} + {later:.3f} s, seed {FAULTS_SEED}"
    assert code == CODES[signal.Signals(number)], told
    assert contents(outputs) == earlier, told


def _goes_on(repository: Repository, study: Path, outputs: Path, whole: dict[str, str]) -> None:
    """The next run gives the bytes of a run that nobody disturbed, and leaves no rest of the others."""
    repository.evaluation("run", study, "--output", outputs, "--language", "en")
    assert contents(outputs) == whole
    left = {path.name for path in (outputs / ".runs" / ID).iterdir() if not path.name.isdigit()}
    assert left == {"build", "current", "lock"}


def _after(moment: Moment, later: float) -> Moment:
    """Return a moment `later` seconds after another."""

    def come() -> bool:
        if not moment():
            return False
        time.sleep(later)
        return True

    return come


def _copy(outputs: Path, folder: Path) -> Path:
    shutil.copytree(outputs, folder, symlinks=True, dirs_exist_ok=True)
    return folder
