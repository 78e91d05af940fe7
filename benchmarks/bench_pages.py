"""The whole report from executed notebooks, beside stock nbconvert to HTML and a headless browser to PDF.

.venv/bin/python benchmarks/bench_pages.py [--rounds N]

Ours: every page in two languages, the door, two tagged and archivable PDFs, in one process. Stock: `jupyter nbconvert --to
html` on the same executed notebooks, one call for all, then Chromium printing each page to PDF: one language, no tags, no
archive profile. Medians of interleaved rounds; the numbers go to benchmarks/results/pages.json.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from bench_run import BIN, STUDY, seconds

from evaluation.pipeline.steps import NOTEBOOKS, REPORT

RESULTS = Path(__file__).parent / "results" / "pages.json"
TARGET = 1.0
OURS = """
import sys
from pathlib import Path
from evaluation.language import LANGUAGES
from evaluation.pages import write_door, write_page, write_pdf
from evaluation.study.folder import load_study
from evaluation.study.places import study_folder
_, name, folder, report, *names = sys.argv
study, reports = load_study(study_folder(name)), Path(folder)
for language in LANGUAGES:
    for name in names:
        executed, page = reports / "notebooks" / f"{name}.ipynb", reports / f"{name}.{language}.html"
        write_page(study, executed, page, language, names, LANGUAGES)
    executed, pdf = reports / "notebooks" / f"{report}.ipynb", reports / f"evaluator-report.{language}.pdf"
    write_pdf(study, executed, pdf, language, "0" * 64)
write_door(study, reports, names, LANGUAGES)
"""


def ours(reports: Path) -> float:
    """Time a fresh process that makes every page, the door and both PDFs."""
    names = [notebook.name for notebook in NOTEBOOKS]
    return seconds([sys.executable, "-c", OURS, STUDY, reports, REPORT, *names], cwd=reports)


def stock(reports: Path, folder: Path, browser: str) -> float:
    """Time nbconvert on all notebooks, then the browser on each page."""
    folder.mkdir()
    notebooks = [reports / "notebooks" / f"{notebook.name}.ipynb" for notebook in NOTEBOOKS]
    convert: list[str | Path] = [BIN / "jupyter", "nbconvert", "--to", "html", "--output-dir", folder, *notebooks]
    prints: list[list[str | Path]] = [
        [
            browser,
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            f"--print-to-pdf={folder / name}.pdf",
            folder / f"{name}.html",
        ]
        for name in (notebook.name for notebook in NOTEBOOKS)
    ]
    duration = seconds(convert, *prints, cwd=folder)
    if len(list(folder.glob("*.pdf"))) != len(NOTEBOOKS):
        raise SystemExit("The stock tools did not make every PDF: it is no comparison.")
    return duration


def main() -> None:
    """Time both in turn, print, save."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3, help="runs of each, interleaved")
    rounds = parser.parse_args().rounds
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    if browser is None:
        print("no Chromium here: nothing to compare with")
        return
    with TemporaryDirectory() as scratch:
        subprocess.run([BIN / "evaluation", "run", STUDY, "--output", scratch], check=True, capture_output=True)
        reports = Path(scratch, "reports").resolve()
        runs = [(ours(reports), stock(reports, Path(scratch, f"stock-{n}"), browser)) for n in range(rounds)]
    mine, theirs = (median(times) for times in zip(*runs, strict=True))
    ratio = median(one / other for one, other in runs)
    print(f"{mine:8.2f} s  ours, two languages\n{theirs:8.2f} s  stock, one language")
    print(f"{ratio:8.3f}    ours / stock (wanted: below {TARGET:g})")
    record = {
        "rounds": rounds, "seconds": {"ours": mine, "stock": theirs}, "ratio": ratio, "target": TARGET,
        "cores": os.cpu_count(), "load": os.getloadavg()[0], "python": platform.python_version(), "cpu": platform.machine(),
    }  # fmt: skip
    RESULTS.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
