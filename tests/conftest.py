"""What the folders of tests share: a copy of the repository with its command line, and one run of the study that ships.

Everything runs in the copy, so that no test touches the repository. With EVALUATION_NO_SKIP=1 a test that skips fails.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser

STUDY = "volare-alto-2023"
ROOT = Path(__file__).resolve().parents[1]
COMMAND = Path(sys.executable).with_name("evaluation")
CACHES = shutil.ignore_patterns("__pycache__", ".ipynb_checkpoints")


def _as_at_a_terminal() -> None:
    """Take back the deafness to Ctrl-C that a shell gives to what it starts in the background: a run would inherit it."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@dataclass(frozen=True)
class Repository:
    """A copy of the repository, and its command line as a user calls it."""

    root: Path

    @property
    def study(self) -> Path:
        """The folder of the study that ships."""
        return self.root / "data" / "raw" / STUDY

    @property
    def packages(self) -> str:
        """The two folders in which the copy's packages lie, as PYTHONPATH has them."""
        return os.pathsep.join(str(self.root / folder) for folder in ("src", "src/course"))

    @property
    def environment(self) -> dict[str, str]:
        """The variables under which the copy's own package is found, also by its kernels; messages in English."""
        return {**os.environ, "PYTHONPATH": self.packages, "LC_ALL": "C.UTF-8"}

    def evaluation(
        self, *arguments: object, code: int = 0, cwd: Path | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Call the command line to its end; it must leave with `code`."""
        finished = subprocess.run(
            [COMMAND, *map(str, arguments)], cwd=cwd or self.root, env=self.environment,
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=600,
        )  # fmt: skip
        assert finished.returncode == code, finished.stdout + finished.stderr
        return finished

    def start(self, *arguments: object, stderr: int = subprocess.DEVNULL) -> subprocess.Popen[str]:
        """Start the command line in a process group of its own, and leave it running."""
        return subprocess.Popen(
            [COMMAND, *map(str, arguments)], cwd=self.root, env=self.environment, start_new_session=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=stderr, text=True, preexec_fn=_as_at_a_terminal,
        )  # fmt: skip

    @contextmanager
    def edited(self, name: str, change: Callable[[str], str]) -> Iterator[Path]:
        """Change a file of the copy, and put it back."""
        path = self.root / name
        before = path.read_text(encoding="utf-8")
        path.write_text(change(before), encoding="utf-8")
        try:
            yield path
        finally:
            path.write_text(before, encoding="utf-8")


def contents(outputs: Path) -> dict[str, str]:
    """Return the SHA-256 of every file a run left, but of its log, which tells the time."""
    parts = [(part, (outputs / part).resolve()) for part in ("processed", "reports")]
    return {
        f"{part}/{path.relative_to(folder).as_posix()}": hashlib.sha256(path.read_bytes()).hexdigest()
        for part, folder in parts
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != "run.log"
    }


@pytest.fixture(scope="session")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    """A copy of what the command line needs of the repository."""
    root = tmp_path_factory.mktemp("repository")
    for folder in ("src", "notebooks", f"data/raw/{STUDY}"):
        shutil.copytree(ROOT / folder, root / folder, ignore=CACHES)
    shutil.copy2(ROOT / "requirements.lock", root)
    return Repository(root)


@pytest.fixture(scope="session")
def run_study(repository: Repository) -> Callable[..., Path]:
    """Return what runs a study, by name or folder, into a folder of outputs, and returns that folder."""

    def run(study: object, output: Path, *options: str) -> Path:
        repository.evaluation("run", study, "--output", output, *options)
        return output

    return run


@pytest.fixture(scope="session")
def shipped(run_study: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The outputs of the study that ships, run once. Read only: to change them, take `outputs`."""
    return run_study(STUDY, tmp_path_factory.mktemp("shipped"))


@pytest.fixture
def outputs(shipped: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the outputs of the study that ships, with the cache of their run (it holds relative paths)."""
    folder = tmp_path_factory.mktemp("outputs")
    shutil.copytree(shipped, folder, symlinks=True, dirs_exist_ok=True)
    return folder


@pytest.fixture(scope="session")
def changed_study(repository: Repository, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The study that ships with another seed, which moves its permutation p-values."""
    folder = tmp_path_factory.mktemp("changed") / STUDY
    shutil.copytree(repository.study, folder)
    protocol = folder / "protocol.yml"
    before = protocol.read_text(encoding="utf-8")
    assert "seed: 20230306" in before
    protocol.write_text(before.replace("seed: 20230306", "seed: 7"), encoding="utf-8")
    return folder


@pytest.fixture(scope="session")
def signed(repository: Repository, shipped: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The outputs of the study that ships, signed for demonstration. Read only."""
    folder = tmp_path_factory.mktemp("signed")
    shutil.copytree(shipped, folder, symlinks=True, dirs_exist_ok=True)
    repository.evaluation("sign", folder / "reports", "--demo")
    return folder


@pytest.fixture(scope="session")
def moved_on(
    repository: Repository, signed: Path, changed_study: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, str]:
    """Outputs that were signed and then run with the changed study; and what that run said."""
    folder = tmp_path_factory.mktemp("moved-on")
    shutil.copytree(signed, folder, symlinks=True, dirs_exist_ok=True)
    return folder, repository.evaluation("run", changed_study, "--output", folder, cwd=folder).stdout


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium, without a network to speak of: pages of a report are files. Open for one module of tests only."""
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if found is None:
        pytest.skip("no Chromium here; install chromium to try the pages")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        yield opened
        opened.close()


def _refused(report: pytest.TestReport | pytest.CollectReport) -> bool:
    return report.skipped and not hasattr(report, "wasxfail") and os.environ.get("EVALUATION_NO_SKIP") == "1"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Iterator[None]:
    """Turn a skipped test into a failure that gives the reason, where nothing may skip."""
    report = yield
    if _refused(report):
        report.outcome, report.longrepr = "failed", f"EVALUATION_NO_SKIP=1: {report.longrepr[-1]}"
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Iterator[None]:
    """Do the same for a module that skips as a whole."""
    report = yield
    if _refused(report):
        report.outcome, report.longrepr = "failed", f"EVALUATION_NO_SKIP=1: {report.longrepr[-1]}"
    return report
