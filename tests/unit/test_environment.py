"""From a clone to a working environment: the set-up script, the lock files and what the project says of itself."""

from __future__ import annotations

import ast
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
KINDS = ["test-unit", "test-gold", "test-recovery", "test-study", "test-browser"]
TARGETS = [
    "help",
    "report",
    "test",
    *KINDS,
    "faults",
    "lab",
    "lab-course",
    "lessons",
    "verify",
    "lint",
    "bench",
    "lock",
    "clean",
]


def tool(name: str) -> ModuleType:
    """Import a script of `tools/`, which is no package."""
    spec = importlib.util.spec_from_file_location(name, ROOT / "tools" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


environment = tool("environment")
lock = tool("lock")


def text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def script(path: Path, lines: str) -> Path:
    path.write_text(f"#!/bin/sh\n{lines}\n")
    path.chmod(0o755)
    return path


class Project:
    """A project in a path with a space, and a Python whose `-m venv` makes an environment with a pip of our choice."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.venv = root / ".venv"
        for name in environment.DESCRIBED_BY:
            (root / name).write_text(name)
        self.pip_does("exit 0")

    def pip_does(self, lines: str) -> None:
        """Let pip note its arguments, then run `lines`: in environments to come, and in the one that is there."""
        pip = script(self.root / "venv-python", f'echo "$*" >> "{self.root}/calls"\n{lines}')
        if (self.venv / "bin").is_dir():
            shutil.copy(pip, self.venv / "bin" / "python")

    def calls(self) -> list[str]:
        """Return pip's arguments since the last time, call by call."""
        noted = self.root / "calls"
        lines = noted.read_text().splitlines() if noted.exists() else []
        noted.write_text("")
        return lines

    def set_up(self, name: str = environment.LOCK) -> None:
        environment.set_up(self.root, name)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    root = tmp_path / "a clone"
    root.mkdir()
    cfg = "version = {}.{}.{}\\ncommand = python -m venv %s\\n".format(*sys.version_info)
    copy = f'mkdir "$3/bin" && cp "{root}/venv-python" "$3/bin/python"'
    python = script(root / "python", f'{copy}; printf "{cfg}" "$3" > "$3/pyvenv.cfg"')
    monkeypatch.setattr(sys, "_base_executable", str(python))
    return Project(root)


def test_an_old_python_is_refused_and_a_newer_one_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(environment.SetupError, match=r"this one is 3\.9: install one"):
        environment.check_python((3, 9))
    script(tmp_path / "python3.12", "")
    with pytest.raises(environment.SetupError, match=r"run 'make PYTHON=python3\.12'"):
        environment.check_python((3, 9))
    environment.check_python((3, 11))


def test_an_old_python_gets_one_line_and_exit_code_2(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 6, 15, "final", 0))
    assert environment.main() == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    assert "3.6" in err


def test_an_old_python_can_read_the_script() -> None:
    tree = ast.parse(text("tools/environment.py"), feature_version=(3, 6))
    assert not [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module == "__future__"]
    types = [n.annotation for n in ast.walk(tree) if isinstance(n, ast.arg | ast.AnnAssign) and n.annotation]
    types += [node.returns for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    assert all(isinstance(node, ast.Name | ast.Constant) for node in types), "an old Python would evaluate it"


def test_a_python_without_ensurepip_leaves_nothing_behind(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "ensurepip" else "found")
    with pytest.raises(environment.SetupError, match="python3-venv"):
        project.set_up()
    assert not project.venv.exists()


@pytest.mark.parametrize(
    ("complaint", "sentence"),
    [("ensurepip is not available", environment.NO_VENV), ("No space left on device", environment.DISK_FULL)],
)
def test_a_venv_that_stops_midway_leaves_nothing_behind(project: Project, complaint: str, sentence: str) -> None:
    script(project.root / "python", f'mkdir "$3/bin"; echo "{complaint}"; exit 1')
    with pytest.raises(environment.SetupError) as raised:
        project.set_up()
    assert str(raised.value) == sentence
    assert not project.venv.exists()


@pytest.mark.parametrize(
    ("complaint", "sentence"),
    [
        (
            "WARNING: Retrying after connection broken by 'NewConnectionError: Temporary failure in name resolution'\n"
            "ERROR: No matching distribution found for numpy==2.4.6",
            "registry cannot be reached",
        ),
        ("ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE", "^Security stop"),
        ("ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device", "disk is full"),
        ("ERROR: No matching distribution found for numpy==2.4.6", "does not exist for this Python"),
        ("ERROR: something nobody foresaw", "last lines of .venv/setup.log"),
    ],
)
def test_a_failure_of_pip_is_one_sentence_and_its_words_are_kept(
    project: Project, complaint: str, sentence: str
) -> None:
    project.pip_does(f"cat <<'END'\n{complaint}\nEND\nexit 1")
    with pytest.raises(environment.SetupError, match=sentence) as raised:
        project.set_up()
    assert "\n" not in str(raised.value)
    assert (project.venv / environment.LOG).read_text() == complaint + "\n"


def test_an_environment_is_installed_once_with_hashes(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    project.set_up()
    packages, itself = project.calls()
    assert packages.endswith(f"--require-hashes --requirement {project.root}/requirements.lock")
    assert itself.endswith(f"--no-index --no-build-isolation --editable {project.root}")
    assert capsys.readouterr().out.count("\n") == 1
    project.set_up()
    assert project.calls() == []
    assert capsys.readouterr().out == ""


def test_the_test_environment_serves_the_report_and_not_the_reverse(project: Project) -> None:
    project.set_up(environment.LOCK)
    project.calls()
    project.set_up(environment.TEST_LOCK)
    assert len(project.calls()) == 2
    project.set_up(environment.LOCK)
    assert project.calls() == []


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-test.lock", "pyproject.toml"])
def test_a_changed_lock_or_project_file_updates_the_same_environment(project: Project, name: str) -> None:
    project.set_up()
    (project.venv / "kept").touch()
    project.calls()
    (project.root / name).write_text("changed")
    project.set_up()
    assert len(project.calls()) == 2
    assert (project.venv / "kept").exists()


def test_an_update_that_fails_keeps_the_environment_but_trusts_it_no_more(project: Project) -> None:
    project.set_up()
    (project.venv / "kept").touch()
    locked = project.root / "requirements.lock"
    before = locked.read_text()
    locked.write_text("changed")
    project.pip_does("exit 1")
    with pytest.raises(environment.SetupError):
        project.set_up()
    project.pip_does("exit 0")
    project.calls()
    locked.write_text(before)
    project.set_up()
    assert len(project.calls()) == 2
    assert (project.venv / "kept").exists()


def test_an_environment_whose_making_was_killed_is_made_anew(project: Project) -> None:
    project.pip_does("kill -KILL $$")
    with pytest.raises(environment.SetupError):
        project.set_up()
    (project.venv / "half a package").touch()
    project.pip_does("exit 0")
    project.set_up()
    assert not (project.venv / "half a package").exists()
    assert environment.is_whole(project.venv)


def test_a_moved_environment_is_made_anew(project: Project) -> None:
    project.set_up()
    assert environment.is_whole(project.venv)
    moved = project.venv.rename(project.root / "elsewhere")
    assert not environment.is_whole(moved)


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-test.lock"])
def test_every_locked_package_has_a_hash(name: str) -> None:
    packages = re.split(r"^(?=[a-z0-9])", text(name), flags=re.MULTILINE)[1:]
    assert len(packages) == len(lock.pins(text(name))) > 100
    assert [p.splitlines()[0] for p in packages if not re.search(r"--hash=sha256:[0-9a-f]{64}\b", p)] == []


@pytest.mark.parametrize(("name", "extra"), [("requirements.lock", None), ("requirements-test.lock", "test")])
def test_every_declared_dependency_is_locked(name: str, extra: str | None) -> None:
    declared = tomllib.loads(text("pyproject.toml"))["project"]
    wanted = [*declared["dependencies"], *(_of_extra(declared, extra) if extra else ())]
    locked = {canonicalize_name(Requirement(pin).name) for pin in lock.pins(text(name))}
    assert {canonicalize_name(Requirement(dependency).name) for dependency in wanted} - locked == set()


def _of_extra(declared: dict[str, Any], extra: str) -> Iterator[str]:
    """What an extra asks for, and the extras of this project that it takes in."""
    for dependency in declared["optional-dependencies"][extra]:
        if canonicalize_name(Requirement(dependency).name) == canonicalize_name(declared["name"]):
            for other in Requirement(dependency).extras:
                yield from _of_extra(declared, other)
        else:
            yield dependency


def test_tests_and_conda_users_get_the_versions_of_the_report() -> None:
    pins = lock.pins(text("requirements.lock"))
    assert set(pins) <= set(lock.pins(text("requirements-test.lock")))
    conda = yaml.safe_load(text("environment.yml"))["dependencies"]
    assert conda == ["python=3.11", "pip", {"pip": [*pins, "-e ."]}]
    assert text("environment.yml") == lock.environment_yml(text("requirements.lock")), "run `make lock`"


def test_recompiling_without_uv_says_how_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert lock.main([]) == 2
    assert capsys.readouterr().err == lock.NO_UV + "\n"


def test_no_file_of_the_set_up_names_a_host() -> None:
    names = "Makefile tools/environment.py tools/lock.py requirements.lock requirements-test.lock environment.yml "
    names += ".ci/run .ci/roc-validator.lock .ci/tools/verapdf .ci/tools/roc-validator .pre-commit-config.yaml "
    names += ".gitignore .gitattributes .editorconfig publiccode.yml CITATION.cff"
    host = re.compile(r"\w://|--(extra-)?index-url|\b[a-z0-9-]+\.(org|com|io|net|dev)\b")
    assert [(name, hit.group()) for name in names.split() for hit in host.finditer(text(name))] == []


def test_bare_make_lists_every_target() -> None:
    listed = subprocess.run(["make"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert re.findall(r"^([\w-]+)  +\S", listed, flags=re.MULTILINE) == TARGETS
    dry = subprocess.run(["make", "--dry-run", *TARGETS], cwd=ROOT, capture_output=True, text=True)
    assert dry.returncode == 0, dry.stderr


def test_every_kind_of_test_has_a_command() -> None:
    kinds = {file.relative_to(ROOT / "tests").parts[0] for file in (ROOT / "tests").glob("*/**/test_*.py")}
    assert {f"test-{kind}" for kind in kinds} <= set(KINDS)


@pytest.mark.parametrize(
    ("path", "ignored"),
    [
        ("data/raw/a-real-study/responses.csv", True),
        ("data/raw/volare-alto-2023/responses.csv", False),
        ("data/processed/volare-alto-2023/scores.csv", True),
        ("data/processed/README.md", False),
        ("reports/volare-alto-2023/index.html", True),
        ("reports/README.md", False),
        ("evaluator.p12", True),
        ("docs/keys/evaluator.pem", True),
        (".venv/bin/python", True),
    ],
)
def test_what_must_not_be_committed_is_ignored(tmp_path: Path, path: str, ignored: bool) -> None:
    shutil.copy(ROOT / ".gitignore", tmp_path)
    git = {"cwd": tmp_path, "env": {"PATH": os.environ["PATH"], "HOME": str(tmp_path)}}
    subprocess.run(["git", "init", "--quiet"], check=True, **git)
    assert (subprocess.run(["git", "check-ignore", "--quiet", path], **git).returncode == 0) is ignored


def test_the_project_gives_one_version_and_one_licence_everywhere() -> None:
    project = tomllib.loads(text("pyproject.toml"))["project"]
    citation, public = yaml.safe_load(text("CITATION.cff")), yaml.safe_load(text("publiccode.yml"))
    assert {project["version"], citation["version"], public["softwareVersion"]} == {project["version"]}
    assert {project["license"], citation["license"], public["legal"]["license"]} == {"EUPL-1.2"}
    assert re.findall(r"^\d+(?=\. )|^Appendix", text("LICENSE"), re.MULTILINE) == [*map(str, range(1, 16)), "Appendix"]


def test_the_lab_opens_the_repository_without_news_and_without_the_menus_of_teachers() -> None:
    said = subprocess.run(["make", "-n", "lab"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert f'--ServerApp.root_dir="{ROOT}"' in said
    folder = re.search(r'JUPYTER_CONFIG_PATH="([^"]+)"', said)
    assert folder is not None
    page = json.loads(Path(folder[1], "labconfig/page_config.json").read_text())
    assert set(page["disabledExtensions"]) == {"@jupyterlab/apputils-extension:announcements", "@jupyter/nbgrader"}
