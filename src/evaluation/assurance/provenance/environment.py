"""An environment made anew from the lock: every package by its hash, nothing that was installed here takes part."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from evaluation import __version__
from evaluation.assurance.provenance.crate import SOFTWARE
from evaluation.errors import RunFailed
from evaluation.language import text

# -I: neither variables of Python nor a site of the user's. Wheels only, as building one would run code without a hash.
PIP = ("-I", "-m", "pip", "install", "--no-input", "--disable-pip-version-check", "--no-cache-dir", "--no-compile")
BY_HASH = ("--no-deps", "--require-hashes", "--only-binary", ":all:", "--requirement")
SECONDS = 3600


def build_environment(folder: Path, lock: Path) -> Path:
    """Make an environment of exactly what the lock names, from where pip finds packages; return its Python.

    The standard library and Python itself are those of this machine.

    Raises
    ------
    RunFailed
        It cannot be made: no network, a package whose hash is another, no package for this machine.
    """
    base = getattr(sys, "_base_executable", None) or sys.executable
    python = folder / ("Scripts" if sys.platform == "win32" else "bin") / "python"
    _called(base, "-I", "-m", "venv", folder)
    install(python, lock)
    _say_who_we_are(Path(_called(python, "-I", "-c", "import sysconfig; print(sysconfig.get_path('purelib'))").strip()))
    return python


def install(python: Path, lock: Path) -> None:
    """Install what the lock names, each by its hash; RunFailed as above."""
    _called(python, *PIP, *BY_HASH, lock)


def _say_who_we_are(site: Path) -> None:
    """Give the copied package its name and version, as if it were installed."""
    described = site / f"{SOFTWARE.replace('-', '_')}-{__version__}.dist-info"
    described.mkdir()
    (described / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {SOFTWARE}\nVersion: {__version__}\n", "utf-8")


def _called(*command: str | Path) -> str:
    """Run a program to its end; RunFailed with its last words if it fails."""
    done = subprocess.run(  # noqa: S603  our own Python
        list(map(str, command)), stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=SECONDS, check=False
    )
    if done.returncode:
        last = " ".join(done.stderr.strip().splitlines()[-1:])[:300]
        raise RunFailed(
            text(
                f"L'ambiente nuovo non si può fare dal lock ({last}). Serve la rete; riprovare, o senza --fresh.",
                f"The fresh environment cannot be made from the lock ({last}). It takes the network; try again, or without "
                "--fresh.",
            )
        )
    return done.stdout
