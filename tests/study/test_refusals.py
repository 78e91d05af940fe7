"""What the system refuses is told in words, and leaves everything as it was: a full disk, a limit, a file for a folder."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import COMMAND, Repository
from unit.study_builder import build

FEW_BYTES = 100  # no file that a command writes is smaller
LIMITED = (
    "import os, resource, sys; "
    f"resource.setrlimit(resource.RLIMIT_FSIZE, ({FEW_BYTES}, {FEW_BYTES})); os.execv(sys.argv[1], sys.argv[1:])"
)


@pytest.fixture
def study(tmp_path: Path) -> Path:
    """The tiny study, in a folder of its own."""
    (tmp_path / "raw").mkdir()
    return build(tmp_path / "raw" / "tiny").path


@pytest.mark.parametrize(
    "arguments",
    [["new", "raw/another"], ["lock", "raw/tiny"], ["synthesize", "raw/made"], ["erase", "raw/tiny", "N03"],
     ["run", "raw/tiny", "--output", "out"]],
    ids=lambda arguments: arguments[0],
)  # fmt: skip
def test_a_file_that_may_not_grow_is_told_and_nothing_is_half_written(
    repository: Repository, study: Path, tmp_path: Path, arguments: list[str]
) -> None:
    before = _tree(study.parent)
    ended = subprocess.run(
        [sys.executable, "-c", LIMITED, COMMAND, *arguments], cwd=tmp_path, env=repository.environment,
        capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    assert ended.returncode == 2, ended.stderr
    assert "a file may not grow so large here" in " ".join(ended.stderr.split())
    assert "Traceback" not in ended.stderr
    shutil.rmtree(study / ".erasing.partial", ignore_errors=True)  # the next erasure does so, and says it
    assert _tree(study.parent) == before
    assert not (tmp_path / "out" / "reports").exists()


@pytest.mark.parametrize("kind", ["file", "loop", "device", "below a file"])
def test_what_is_no_folder_is_told(repository: Repository, study: Path, tmp_path: Path, kind: str) -> None:
    place = tmp_path / "place"
    if kind == "loop":
        place.symlink_to("place")
    elif kind == "device":
        place = Path("/dev/null")
    else:
        place.write_text("kept")
    said = repository.evaluation("run", study, "--output", place / "in" if kind == "below a file" else place, code=2)
    assert "expected a folder, found something else" in " ".join(said.stderr.split())
    assert "Traceback" not in said.stderr
    if place.is_file():
        assert place.read_text() == "kept"


def _tree(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
