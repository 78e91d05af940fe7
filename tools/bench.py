"""Run every benchmark, one after the other: each compares side by side in one run and prints ratios, never a verdict."""

import subprocess
import sys
from pathlib import Path

BENCHMARKS = Path(__file__).resolve().parent.parent / "benchmarks"


def main(names: list[str]) -> int:
    """Run the benchmarks whose names are given (`run` for bench_run.py), or all; return the number that failed."""
    chosen = [path for path in sorted(BENCHMARKS.glob("bench_*.py")) if not names or path.stem[6:] in names]
    failed = 0
    for path in chosen:
        print(f"\n== {path.stem[6:]}", flush=True)
        failed += subprocess.run([sys.executable, str(path)], check=False).returncode != 0
    return failed


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
