"""What hides beside unchanged code: compiled files of another source, modules that stand in for others, other versions."""

from __future__ import annotations

import os
import py_compile
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from evaluation.assurance.provenance.code import code_problems, commit_of
from evaluation.assurance.provenance.crate import code_files
from evaluation.assurance.provenance.manifest import Hashes, hashes

HONEST, POISONED = "def effect():\n    return 0.34\n", "def effect():\n    return 0.99\n"


@pytest.fixture
def code(tmp_path: Path) -> Path:
    for name, content in {
        "notebooks/01_data.ipynb": "{}",
        "src/evaluation/effects.py": HONEST,
        "requirements.lock": f"numpy=={version('numpy')} \\\n    --hash=sha256:0\npywin32==1 ; sys_platform == 'win32'\n",
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(content)
    return tmp_path


def _listed(code: Path) -> Hashes:
    return hashes(code, code_files(code))


def _problems(code: Path) -> list[str]:
    return [problem["en"] for problem in code_problems(code, _listed(code))]


def _compile(code: Path, content: str, mode: py_compile.PycInvalidationMode) -> None:
    """Leave what Python compiles from `content`, under the stamps of the honest source."""
    source = code / "src/evaluation/effects.py"
    stamps = source.stat()
    source.write_text(content)
    os.utime(source, ns=(stamps.st_atime_ns, stamps.st_mtime_ns))
    py_compile.compile(str(source), doraise=True, invalidation_mode=mode)
    source.write_text(HONEST)
    os.utime(source, ns=(stamps.st_atime_ns, stamps.st_mtime_ns))


def test_code_as_it_should_be_has_no_problem(code: Path) -> None:
    assert _problems(code) == []


STAMPED, UNCHECKED = py_compile.PycInvalidationMode.TIMESTAMP, py_compile.PycInvalidationMode.UNCHECKED_HASH


@pytest.mark.parametrize("mode", [STAMPED, UNCHECKED])
def test_what_python_compiled_from_the_source_is_fine(code: Path, mode: py_compile.PycInvalidationMode) -> None:
    _compile(code, HONEST, mode)
    assert list(code.rglob("*.pyc"))
    assert _problems(code) == []


@pytest.mark.parametrize("mode", [STAMPED, UNCHECKED])
def test_a_poisoned_compiled_file_beside_an_untouched_source_is_named(
    code: Path, mode: py_compile.PycInvalidationMode
) -> None:
    before = _listed(code)
    _compile(code, POISONED, mode)
    assert _listed(code) == before
    tag = sys.implementation.cache_tag
    (said,) = _problems(code)
    assert said.startswith(f"src/evaluation/__pycache__/effects.{tag}.pyc: a compiled file that does not come")


def test_a_compiled_file_that_python_would_not_load_is_left_alone(code: Path) -> None:
    _compile(code, POISONED, py_compile.PycInvalidationMode.CHECKED_HASH)
    assert _problems(code) == []


@pytest.mark.parametrize("name", ["notebooks/numpy.py", "notebooks/pandas/__init__.py", "src/scipy.py", "src/json.so"])
def test_a_module_that_may_stand_in_for_another_is_named(code: Path, name: str) -> None:
    (code / name).parent.mkdir(exist_ok=True)
    (code / name).write_text("")
    assert _problems(code) == [f"{name}: a stray module that Python may load"]


def test_other_versions_than_locked_are_named_and_markers_heeded(code: Path) -> None:
    (code / "requirements.lock").write_text("numpy==1.0 \\\n    --hash=x\nno-such-package==1 \\\n")
    assert _problems(code) == [
        f"numpy: {version('numpy')} installed, expected ==1.0",
        "no-such-package: not installed, expected ==1",
    ]


def test_code_without_a_history_says_so(code: Path) -> None:
    assert commit_of(code)["en"] == "commit: no git history here"
