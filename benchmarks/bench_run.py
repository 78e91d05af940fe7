"""A full run beside the same notebooks by stock papermill and nbconvert, and beside a run without changes.

.venv/bin/python benchmarks/bench_run.py [--rounds N]

Ours: `evaluation run --force`: eight notebooks, their pages in two languages, two PDFs, the manifest. Stock: `papermill`
and `jupyter nbconvert --to html` on the same notebooks, one after the other, with the same parameters, in a folder
prepared as a run's own, and on one thread of linear algebra as ours is: no second language, no PDF, no manifest.
Medians of interleaved rounds; the numbers go to benchmarks/results/run.json.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import time
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from evaluation.pipeline.steps import NOTEBOOKS
from evaluation.study.places import repository, study_folder

STUDY = "volare-alto-2023"
BIN = Path(sys.executable).parent
RESULTS = Path(__file__).parent / "results" / "run.json"
ENVIRONMENT = {**os.environ, "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}", "OPENBLAS_NUM_THREADS": "1"}
TARGETS = {"full / stock": 0.6, "unchanged / full": 0.1}


def seconds(*commands: list[str | Path], cwd: Path) -> float:
    """Run commands one after the other, quietly; each must succeed."""
    started = time.perf_counter()
    for command in commands:
        done = subprocess.run(command, cwd=cwd, env=ENVIRONMENT, capture_output=True, text=True)
        if done.returncode != 0:
            raise SystemExit(f"{' '.join(map(str, command))}\n{done.stdout}{done.stderr}")
    return time.perf_counter() - started


def ours(folder: Path, *options: str) -> float:
    """Time the command line."""
    return seconds([BIN / "evaluation", "run", STUDY, "--output", folder, *options], cwd=folder)


def stock(folder: Path) -> float:
    """Time papermill and nbconvert in an empty folder prepared as a run's own."""
    folder.mkdir()
    (folder / "raw").symlink_to(study_folder(STUDY))
    commands: list[list[str | Path]] = []
    for notebook in NOTEBOOKS:
        source, executed = repository() / "notebooks" / f"{notebook.name}.ipynb", folder / f"{notebook.name}.ipynb"
        given = ["-p", "study", STUDY, "-y", "languages: [it, en]"]
        commands.append([BIN / "papermill", source, executed, *given, "--cwd", folder])
        commands.append([BIN / "jupyter", "nbconvert", "--to", "html", executed])
    duration = seconds(*commands, cwd=folder)
    missing = [made for notebook in NOTEBOOKS for made in notebook.makes if not (folder / made).is_file()]
    if missing:
        raise SystemExit(f"The stock run did not make {', '.join(missing)}: it is no comparison.")
    return duration


def main() -> None:
    """Time all three in turn, print, save."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3, help="runs of each, interleaved")
    rounds = parser.parse_args().rounds
    with TemporaryDirectory() as scratch:
        folder = Path(scratch, "ours")
        folder.mkdir()
        runs = [
            {
                "full": ours(folder, "--force"),
                "unchanged": ours(folder),
                "stock": stock(Path(scratch, f"stock-{number}")),
            }
            for number in range(rounds)
        ]
    times = {name: median(run[name] for run in runs) for name in runs[0]}
    ratios = {ratio: median(run[above] / run[below] for run in runs)
              for ratio in TARGETS for above, below in [ratio.split(" / ")]}  # fmt: skip
    for name, duration in times.items():
        print(f"{duration:8.2f} s  {name}")
    for ratio, value in ratios.items():
        print(f"{value:8.3f}    {ratio} (wanted: at most {TARGETS[ratio]})")
    record = {
        "rounds": rounds, "seconds": times, "ratios": ratios, "targets": TARGETS, "cores": os.cpu_count(),
        "load": os.getloadavg()[0], "python": platform.python_version(), "cpu": platform.machine(),
    }  # fmt: skip
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
