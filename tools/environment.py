"""Make or update `.venv` from a lock file: `python3 tools/environment.py [requirements.lock | requirements-test.lock]`.

Standard library only, in the syntax of Python 3.6 (hence the quoted types): an old Python has to read this file to say
that it is old. What a user can mend is said in one sentence, exit code 2; pip's own words go to `.venv/setup.log`.
"""

import contextlib
import errno
import hashlib
import importlib.util
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

OLDEST = (3, 11)
NEWER_PYTHONS = ("python3.13", "python3.12", "python3.11", "python3.14")
LOCK, TEST_LOCK = "requirements.lock", "requirements-test.lock"  # the second holds everything the first does, and more
DESCRIBED_BY = (LOCK, TEST_LOCK, "pyproject.toml")
UNFINISHED, INSTALLED, LOG = "unfinished", "installed", "setup.log"  # files of ours in .venv

NO_VENV = (
    "This Python cannot make environments (its venv or ensurepip is missing): on Debian or Ubuntu run "
    "'sudo apt install python3-venv', elsewhere install the whole of Python 3.11 or later; then run the same command."
)
DISK_FULL = "The disk is full: free about 2 GB, then run the same command again."
CAUSES = (  # what pip writes, and what to tell; the first that matches, so the gravest stands first
    (
        "DO NOT MATCH THE HASHES",
        "Security stop: a package that arrived is not the one the lock file describes, and was not installed; try from "
        "another network, and if it happens again tell the maintainers; the package is named in .venv/setup.log.",
    ),
    ("No space left on device", DISK_FULL),
    (
        "connection broken|Max retries exceeded|new connection|timed out|name resolution|onnection refused"
        "|onnection reset|unreachable|ProxyError|SSLError|CERTIFICATE_VERIFY_FAILED|Could not fetch",
        "The package registry cannot be reached: check the network (and the proxy, if there is one), then run the same "
        "command again; details in .venv/setup.log.",
    ),
    (
        "No matching distribution|requires a different Python|not a supported wheel",
        "A package of the lock file does not exist for this Python or this machine: try Python 3.11, 3.12 or 3.13, as "
        "in 'make PYTHON=python3.12 report'; details in .venv/setup.log.",
    ),
)
UNKNOWN = "The environment could not be completed: the last lines of .venv/setup.log say why."


class SetupError(Exception):
    """A sentence for the user: what is wrong, and what to do."""


def check_python(version: "tuple[int, ...]") -> None:
    """Raise SetupError if this Python is too old, naming a newer one if it is on the PATH."""
    if version >= OLDEST:
        return
    newer = next(filter(shutil.which, NEWER_PYTHONS), None)
    advice = f"run 'make PYTHON={newer}' with the same target" if newer else "install one, then run the same command"
    raise SetupError(f"Python 3.11 or later is needed, and this one is {version[0]}.{version[1]}: {advice}.")


def check_venv_module() -> None:
    """Raise SetupError if `python -m venv` would stop midway, as it does on Debian without python3-venv."""
    if not all(map(importlib.util.find_spec, ("venv", "ensurepip"))):
        raise SetupError(NO_VENV)


def explanation(log: str) -> str:
    """Return the sentence that explains what pip wrote to its log."""
    return next((sentence for pattern, sentence in CAUSES if re.search(pattern, log)), UNKNOWN)


def fingerprint(root: "Path") -> str:
    """Return the SHA-256, in hexadecimal, of the files that describe the environment."""
    return hashlib.sha256(b"".join((root / name).read_bytes() for name in DESCRIBED_BY)).hexdigest()


def is_installed(venv: "Path", lock: str, wanted: str) -> bool:
    """Return whether `venv` holds `lock`, or the test lock that contains it, at the fingerprint `wanted`."""
    stamp = venv / INSTALLED
    return stamp.exists() and stamp.read_text() in (f"{wanted} {lock}", f"{wanted} {TEST_LOCK}")


def is_whole(venv: "Path") -> bool:
    """Return whether nobody was stopped at work in `venv`, and it was made for this Python and this very place."""
    try:
        lines = (venv / "pyvenv.cfg").read_text(encoding="utf-8").splitlines()
    except OSError:
        return False
    made = dict(line.split(" = ", 1) for line in lines if " = " in line)
    return (
        not (venv / UNFINISHED).exists()
        and (venv / "bin" / "python").exists()
        and made.get("version", "").startswith("{}.{}.".format(*sys.version_info))
        and made.get("command", "").endswith(str(venv))  # a moved environment: its scripts name their old path
    )


@contextlib.contextmanager
def at_work(venv: "Path") -> "Iterator[None]":
    """Mark `venv` unfinished for as long as the block runs, and for good if it is interrupted or killed."""
    (venv / UNFINISHED).touch()
    yield
    (venv / UNFINISHED).unlink()


def make_venv(venv: "Path") -> None:
    """Make an empty environment in the place of whatever is there; leave nothing behind if that fails."""
    check_venv_module()
    shutil.rmtree(str(venv), ignore_errors=True)
    venv.mkdir()
    # not sys.executable: from inside an active .venv, that is the file just removed
    python = getattr(sys, "_base_executable", None) or sys.executable
    with at_work(venv):
        made = subprocess.run([python, "-m", "venv", str(venv)], capture_output=True, text=True)
        if made.returncode:
            shutil.rmtree(str(venv), ignore_errors=True)
            raise SetupError(DISK_FULL if explanation(made.stdout + made.stderr) == DISK_FULL else NO_VENV)


def pip_install(venv: "Path", *arguments: str) -> None:
    """Run `pip install` in `venv`, its output kept in the log there; raise SetupError if it fails."""
    pip = [str(venv / "bin" / "python"), "-m", "pip", "install", "--no-input", "--disable-pip-version-check"]
    with at_work(venv), (venv / LOG).open("wb") as output:
        status = subprocess.call([*pip, *arguments], stdout=output, stderr=output)
        if status < 0:  # killed: what it left behind is not to be trusted
            raise SetupError(UNKNOWN)
    if status:
        raise SetupError(explanation((venv / LOG).read_text(encoding="utf-8", errors="replace")))


def set_up(root: "Path", lock: str) -> None:
    """Bring `.venv` under `root` to what `lock` says, the project itself installed editable; no work if it is there."""
    venv = root / ".venv"
    wanted = fingerprint(root)
    whole = is_whole(venv)
    if whole and is_installed(venv, lock, wanted):
        return
    print("setting up the environment (about 1 minute the first time) ...", flush=True)
    if not whole:
        make_venv(venv)
    with contextlib.suppress(FileNotFoundError):
        (venv / INSTALLED).unlink()
    pip_install(venv, "--no-deps", "--require-hashes", "--requirement", str(root / lock))
    pip_install(venv, "--no-deps", "--no-index", "--no-build-isolation", "--editable", str(root))
    (venv / INSTALLED).write_text(f"{wanted} {lock}")


def main(lock: str = LOCK) -> int:
    """Set up `.venv` beside this folder; return the exit code."""
    try:
        check_python(tuple(sys.version_info[:2]))
        set_up(Path(__file__).resolve().parent.parent, lock)
    except SetupError as error:
        sentence = str(error)
    except OSError as error:
        sentence = DISK_FULL if error.errno == errno.ENOSPC else f"The environment cannot be set up: {error}."
    except KeyboardInterrupt:
        sentence = "Stopped: run the same command again to complete the environment."
    else:
        return 0
    print(sentence, file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:2]))
