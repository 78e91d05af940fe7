"""Reports that no longer stand for their data: a mark beside the report, so that no signed byte changes."""

from __future__ import annotations

import json
from pathlib import Path

from evaluation.assurance.provenance.manifest import read_bounded, reading

MARK = "superseded.json"


def mark_superseded(run: Path, date: str) -> None:
    """Mark the report in the folder of a run: since `date` its data are not those it was made from. The first mark stays."""
    if (run / MARK).exists():
        return
    draft = run / f".{MARK}"
    draft.write_text(json.dumps({"format": 1, "superseded_on": date, "reason": "erasure"}) + "\n", encoding="utf-8")
    draft.replace(run / MARK)


def superseded_on(report: Path) -> str | None:
    """Return the day (YYYY-MM-DD) since which a report is superseded by an erasure; None where it is not marked.

    Raises
    ------
    VerificationFailed : the mark cannot be read.
    """
    mark = report.resolve().parent / MARK
    if not mark.exists():
        return None
    with reading(MARK):
        return str(json.loads(read_bounded(mark, 1))["superseded_on"])
