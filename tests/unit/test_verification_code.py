"""What hides beside unchanged code: compiled files of another source, modules that stand in for others, other versions."""

from __future__ import annotations

import base64
import hashlib
import os
import py_compile
import subprocess
import sys
import zipfile
from importlib.metadata import version
from pathlib import Path

import pytest

from evaluation.assurance.lock.locked_plan import code_digest
from evaluation.assurance.provenance.code import code_problems, commit_of
from evaluation.assurance.provenance.crate import code_files
from evaluation.assurance.provenance.environment import build_environment, install
from evaluation.assurance.provenance.installed import problems_on, stale_compiled
from evaluation.assurance.questions import both
from evaluation.errors import RunFailed
from evaluation.files import Hashes, hashes

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


@pytest.mark.parametrize(
    "name", ["notebooks/numpy.py", "notebooks/pandas/__init__.py", "src/scipy.py", "src/json.so", "src/course/numpy.py"]
)
def test_a_module_that_may_stand_in_for_another_is_named(code: Path, name: str) -> None:
    (code / name).parent.mkdir(exist_ok=True, parents=True)
    (code / name).write_text("")
    assert _problems(code) == [f"{name}: a stray module that Python may load"]


@pytest.mark.parametrize(
    "name",
    ["src/course/evaluation_course/exercises/lesson_01.py", "notebooks/lessons/01.ipynb", "notebooks/start.ipynb"],
)
def test_a_corrected_hint_of_the_course_changes_no_report(code: Path, name: str) -> None:
    (code / name).parent.mkdir(exist_ok=True, parents=True)
    (code / name).write_text('"hint"')
    before, digest = _listed(code), code_digest(code)
    (code / name).write_text('"a better hint"')
    assert (_listed(code), code_digest(code), _problems(code)) == (before, digest, [])


def test_other_versions_than_locked_are_named_and_markers_heeded(code: Path) -> None:
    (code / "requirements.lock").write_text("numpy==1.0 \\\n    --hash=x\nno-such-package==1 \\\n")
    assert _problems(code) == [
        f"numpy: {version('numpy')} installed, expected ==1.0",
        "no-such-package: not installed, expected ==1",
    ]


def test_code_without_a_history_says_so(code: Path) -> None:
    assert commit_of(code)["en"] == "commit: no git history here"


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A folder of packages with one package in it."""
    folder = tmp_path / "environment/site-packages"
    files = {"honest/__init__.py": "", "honest/effects.py": HONEST, "honest/fast.so": "machine code"}
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content)
    rows = [f"{name},{_as_recorded(folder / name)},1" for name in files]
    (folder / "honest-1.0.dist-info").mkdir()
    (folder / "honest-1.0.dist-info/METADATA").write_text("Metadata-Version: 2.1\nName: honest\nVersion: 1.0\n")
    (folder / "honest-1.0.dist-info/RECORD").write_text("\n".join([*rows, "honest-1.0.dist-info/RECORD,,"]))
    return folder


def _as_recorded(file: Path) -> str:
    return "sha256=" + base64.urlsafe_b64encode(hashlib.sha256(file.read_bytes()).digest()).decode().rstrip("=")


def _installed(site: Path) -> list[str]:
    """Return what is wrong where Python looks elsewhere first, then where packages are."""
    return [problem["en"] for problem in problems_on([str(site.parent / "elsewhere"), str(site)])]


def test_an_environment_as_it_was_installed_has_no_problem(site: Path) -> None:
    py_compile.compile(str(site / "honest/effects.py"), doraise=True)
    assert _installed(site) == []


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("honest/effects.py", "honest/effects.py: not as it was installed (honest)"),
        ("honest/fast.so", "honest/fast.so: not as it was installed (honest)"),
        ("honest-1.0.dist-info/RECORD", "honest: no RECORD to compare with"),
        ("sitecustomize.py", "sitecustomize.py: no package installed it, and Python runs it when it starts"),
        ("usercustomize/__init__.py", "usercustomize/__init__.py: no package installed it, and Python may load it"),
        ("a.pth", "a.pth: no package installed it, and Python runs it when it starts"),
        ("honest/effects.pyc", "honest/effects.pyc: no package installed it, and Python may load it"),
        ("honest/effects.cpython-311-x86_64-linux-gnu.so", "no package installed it, and Python may load it"),
        ("numpy/__init__.py", "numpy/__init__.py: no package installed it, and Python may load it"),
        ("../elsewhere/honest.py", "elsewhere/honest.py: no package installed it, and Python may load it"),
        ("../elsewhere/random.py", "elsewhere/random.py: no package installed it, and Python may load it"),
        ("../elsewhere/sitecustomize.py", "no package installed it, and Python runs it when it starts"),
    ],
)
def test_what_poisons_an_environment_is_named(site: Path, name: str, said: str) -> None:
    (site / name).parent.mkdir(exist_ok=True)
    if name.endswith("RECORD"):
        (site / name).unlink()
    else:
        (site / name).write_text(POISONED)
    found = [line for line in _installed(site) if said in line]
    assert len(found) == 1, _installed(site)
    assert str(site.parent) not in found[0]


def test_a_missing_file_of_a_package_is_named(site: Path) -> None:
    (site / "honest/effects.py").unlink()
    assert _installed(site) == ["honest/effects.py: missing (honest)"]


def test_a_poisoned_compiled_file_of_a_package_is_told_from_what_a_run_compiled(site: Path, tmp_path: Path) -> None:
    source = site / "honest/effects.py"
    prefix = tmp_path / "compiled"
    fresh = prefix / source.parent.relative_to("/") / f"effects.{sys.implementation.cache_tag}.pyc"
    py_compile.compile(str(source), cfile=str(fresh), doraise=True)
    py_compile.compile(str(source), doraise=True)
    assert stale_compiled(prefix) == ()
    stamps = source.stat()
    source.write_text(POISONED)
    os.utime(source, ns=(stamps.st_atime_ns, stamps.st_mtime_ns))
    py_compile.compile(str(source), doraise=True)
    source.write_text(HONEST)
    os.utime(source, ns=(stamps.st_atime_ns, stamps.st_mtime_ns))
    (said,) = stale_compiled(prefix)
    assert said["en"].startswith(
        f"honest/__pycache__/effects.{sys.implementation.cache_tag}.pyc: a compiled file that does"
    )


def test_what_is_installed_is_part_of_the_answer(code: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert _problems(code) == []
    monkeypatch.setattr("evaluation.assurance.provenance.code.installed_problems", lambda: (both("sitecustomize.py"),))
    assert _problems(code) == ["sitecustomize.py"]


def test_a_fresh_environment_comes_from_the_lock_by_hash(tmp_path: Path) -> None:
    """With an empty lock, as tests have no network: what is there is Python alone, and our name; a wrong hash is refused."""
    lock = tmp_path / "requirements.lock"
    lock.write_text("")
    python = build_environment(tmp_path / "fresh", lock)
    asked = "import importlib.metadata as m; print(sorted(d.name for d in m.distributions()))"
    said = subprocess.run([python, "-I", "-c", asked], capture_output=True, text=True, check=True).stdout
    assert "'officine-mezzogiorno-evaluation'" in said and "numpy" not in said
    wheel = tmp_path / "honest-1.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as packed:
        packed.writestr("honest.py", HONEST)
    lock.write_text(f"honest @ {wheel.as_uri()} --hash=sha256:{'0' * 64}\n")
    with pytest.raises(RunFailed, match="cannot be made from the lock"):
        install(python, lock)
