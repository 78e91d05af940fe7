"""EVALUATION_NO_SKIP=1: where nothing may skip, a test that skips fails and says why."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT

TESTS = {
    "test_call.py": "import pytest\ndef test_it(): pytest.skip('no browser here')\n",
    "test_mark.py": "import pytest\n@pytest.mark.skip(reason='no openssl here')\ndef test_it(): pass\n",
    "test_module.py": "import pytest\npytest.skip('no network here', allow_module_level=True)\n",
    "test_expected.py": "import pytest\n@pytest.mark.xfail(reason='known')\ndef test_it(): assert False\n",
}


@pytest.mark.parametrize(
    ("name", "reason"),
    [("test_call.py", "no browser"), ("test_mark.py", "no openssl"), ("test_module.py", "no network")],
)
def test_a_skip_fails_with_its_reason_only_where_nothing_may_skip(tmp_path: Path, name: str, reason: str) -> None:
    assert _pytest(tmp_path, name, no_skip="").returncode in (0, 5)
    refused = _pytest(tmp_path, name, no_skip="1")
    assert refused.returncode in (1, 2)
    assert "EVALUATION_NO_SKIP=1" in refused.stdout
    assert reason in refused.stdout


def test_an_expected_failure_is_no_skip(tmp_path: Path) -> None:
    assert _pytest(tmp_path, "test_expected.py", no_skip="1").returncode == 0


def _pytest(folder: Path, name: str, no_skip: str) -> subprocess.CompletedProcess[str]:
    (folder / name).write_text(TESTS[name], encoding="utf-8")
    shutil.copy(ROOT / "tests" / "conftest.py", folder)
    environment = {**os.environ, "EVALUATION_NO_SKIP": no_skip}
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--rootdir", folder, folder / name]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
