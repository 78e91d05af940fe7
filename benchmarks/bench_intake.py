"""Import and check of 1,000 children x 2 waves x 57 items beside pandas' plain read of the same file.

.venv/bin/python benchmarks/bench_intake.py [--rounds N]

Ours: `import_exports` on a Google Forms export in Italian (labels to codes, dates, children, second answers, the atomic
writing of responses.csv), then every check of the study. Beside it: `pandas.read_csv` of the export, all as text, which
converts and checks nothing. The export and the study are made anew from the study that ships; medians of interleaved
rounds go to benchmarks/results/intake.json.
"""

from __future__ import annotations

import argparse
import csv
import datetime as dt
import io
import json
import os
import platform
import random
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import pandas as pd
import yaml

from evaluation.checks import check_folder
from evaluation.intake.exports.importing import import_exports
from evaluation.study.findings import Findings
from evaluation.study.instrument import Instrument, read_instrument
from evaluation.study.places import study_folder

STUDY, CHILDREN, ITEMS = "volare-alto-2023", 1_000, 57
WAVES = {"Prima": ("t0", dt.datetime(2023, 3, 1, 9)), "Dopo": ("t1", dt.datetime(2023, 6, 28, 9))}
LABELS = (
    "Per niente d'accordo",
    "Poco d'accordo",
    "Né d'accordo né in disaccordo",
    "Abbastanza d'accordo",
    "Molto d'accordo",
)
RESULTS = Path(__file__).parent / "results" / "intake.json"


def instrument() -> Instrument:
    """The items of the study that ships."""
    read = read_instrument(study_folder(STUDY) / "instrument.csv", Findings())
    if read is None or len(read.items) < ITEMS:
        raise SystemExit(f"The study that ships has no {ITEMS} items: this is no comparison.")
    return Instrument(read.items[:ITEMS])


def prepare(folder: Path) -> tuple[Path, Path]:
    """Write a study without answers, its intake.yml, and the export; return the study and the export."""
    study, export = folder / "study", folder / "Questionario.csv"
    study.mkdir()
    items, draw = instrument().items, random.Random(1)  # noqa: S311 (numbers to measure with, no secret)
    for name in ("protocol.yml", "instrument.csv"):
        shutil.copy(study_folder(STUDY) / name, study)
    children = [f"C{k:04}" for k in range(CHILDREN)]
    rows = [
        [child, ("volare-alto", "confronto")[k % 2], "13", "F", "7", "yes", "yes"] for k, child in enumerate(children)
    ]
    header = ["participant", "centre", "age", "sex", "school_grade", "guardian_consent", "assent"]
    (study / "participants.csv").write_text(table([header, *rows]), encoding="utf-8")
    answers = [
        [f"{day + dt.timedelta(minutes=k):%d/%m/%Y %H.%M.%S}", child, wave, *(answer(item, draw) for item in items)]
        for wave, (_, day) in WAVES.items()
        for k, child in enumerate(children)
    ]
    asked = [item.wording["it"] for item in items]
    export.write_text(
        table([["Informazioni cronologiche", "Il tuo codice", "Quando?", *asked], *answers]), encoding="utf-8"
    )
    entry = {
        "file": export.name, "child": "Il tuo codice", "items": dict(zip(asked, (item.id for item in items), strict=True)),
        "wave_column": {"column": "Quando?", "values": {written: wave for written, (wave, _) in WAVES.items()}},
    }  # fmt: skip
    scales = sorted({item.scale for item in items if item.minimum == 1})
    codes = [{"for": scales, "codes": {label: k for k, label in enumerate(LABELS, start=1)}}]
    (study / "intake.yml").write_text(
        yaml.safe_dump({"format": 1, "exports": [entry], "answers": codes}, allow_unicode=True), encoding="utf-8"
    )
    return study, export


def answer(item: object, draw: random.Random) -> str:
    """A label for items from 1 to 5, else a number of the item's range."""
    low, high = (getattr(item, name) for name in ("minimum", "maximum"))
    return draw.choice(LABELS) if low == 1 else str(draw.randint(int(low or 0), int(high if high is not None else 60)))


def table(rows: list[list[str]]) -> str:
    """Rows as CSV."""
    out = io.StringIO()
    csv.writer(out).writerows(rows)
    return out.getvalue()


def seconds(run: Callable[[], object]) -> float:
    """Time one run."""
    started = time.perf_counter()
    run()
    return time.perf_counter() - started


def one_round(study: Path, export: Path) -> dict[str, float]:
    """Import, import again, check, and pandas' plain read, one after the other."""
    (study / "responses.csv").unlink(missing_ok=True)
    return {
        "import": seconds(lambda: import_exports([export], study)),
        "import again": seconds(lambda: import_exports([export], study)),
        "check": seconds(lambda: check_folder(study)),
        "pandas read_csv": seconds(lambda: pd.read_csv(export, dtype=str, keep_default_na=False)),
    }


def main() -> None:
    """Time all in turn, print, save."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5, help="runs of each, interleaved; one more warms up")
    rounds = parser.parse_args().rounds
    with TemporaryDirectory() as scratch:
        study, export = prepare(Path(scratch))
        runs = [one_round(study, export) for _ in range(rounds + 1)][1:]
        if check_folder(study)[0] is None:
            raise SystemExit("The study cannot be read whole: this is no comparison.")
        size = export.stat().st_size
    times = {name: median(run[name] for run in runs) for name in runs[0]}
    answers = CHILDREN * len(WAVES) * ITEMS
    both = times["import"] + times["check"]
    ratios = {f"{name} / pandas read_csv": times[name] / times["pandas read_csv"] for name in ("import", "check")}
    for name, duration in times.items():
        print(f"{duration:8.3f} s  {name}")
    print(f"{both:8.3f} s  import and check: {answers / both:,.0f} answers a second")
    for name, value in ratios.items():
        print(f"{value:8.1f}    {name}")
    record = {
        "rounds": rounds, "answers": answers, "bytes": size, "seconds": times, "answers a second": answers / both,
        "ratios": ratios, "cores": os.cpu_count(), "load": os.getloadavg()[0], "python": platform.python_version(),
        "cpu": platform.machine(),
    }  # fmt: skip
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
