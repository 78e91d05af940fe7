"""Recompile both lock files and `environment.yml` from `pyproject.toml`: `python3 tools/lock.py [--upgrade]`.

Standard library only. Versions already locked are kept unless `--upgrade` is given.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
COMPILE = (
    *("uv", "pip", "compile", "pyproject.toml", "--quiet", "--universal", "--python-version", "3.11"),
    *("--generate-hashes", "--no-emit-index-url", "--no-header"),
)
LOCKS = (
    ("--output-file", "requirements.lock"),
    ("--output-file", "requirements-test.lock", "--extra", "test", "--constraints", "requirements.lock"),
)
# pip-tools writes what the machine it runs on needs; uv alone resolves for every system and Python at once
NO_UV = "Recompiling the locks needs uv on the PATH: run 'pipx install uv' (or 'pip install uv'), then 'make lock'."
ENVIRONMENT_YML = """\
# For conda users, the versions of requirements.lock; made by `make lock`, not edited by hand.
# It does not check hashes as `make report` does.
name: officine-mezzogiorno-evaluation
channels: [conda-forge]
dependencies:
  - python=3.11
  - pip
  - pip:
{pins}
      - -e .
"""


def pins(lock: str) -> list[str]:
    """Return the requirements of a lock file, `name==version` with its marker if it has one, without their hashes."""
    return re.findall(r"^([\w.-]+==[^\\\n]*?) *\\$", lock, flags=re.MULTILINE)


def environment_yml(lock: str) -> str:
    """Return the text of `environment.yml` for the text of a lock file."""
    return ENVIRONMENT_YML.format(pins="\n".join(f'      - "{pin}"' for pin in pins(lock)))


def main(arguments: list[str]) -> int:
    """Write the three files; return the exit code."""
    if not shutil.which("uv"):
        print(NO_UV, file=sys.stderr)
        return 2
    for options in LOCKS:
        status = subprocess.call([*COMPILE, *options, *arguments], cwd=ROOT)
        if status:
            return status
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    (ROOT / "environment.yml").write_text(environment_yml(lock), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
