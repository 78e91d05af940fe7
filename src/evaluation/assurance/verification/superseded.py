"""Reports that no longer stand for their data: a mark beside the report, so that no signed byte changes."""

from __future__ import annotations

import json
from pathlib import Path

from evaluation.assurance.questions import Answer, judged, not_available
from evaluation.files import read_bounded, reading
from evaluation.language import text

MARK = "superseded.json"
CURRENT = "current"  # beside the runs of a study: the link to the one that its report folder shows


def mark_superseded(run: Path, date: str) -> None:
    """Mark the report in the folder of a run: since `date` its data are not those it was made from. The first mark stays."""
    if (run / MARK).exists():
        return
    draft = run / f".{MARK}"
    draft.write_text(json.dumps({"format": 1, "superseded_on": date, "reason": "erasure"}) + "\n", encoding="utf-8")
    draft.replace(run / MARK)


def still_stands(report: Path) -> Answer:
    """Answer whether a report still stands for its data: not if a child was erased since; a copy does not know.

    A new run has no mark, and takes the place of the marked one.

    Raises
    ------
    VerificationFailed : the mark cannot be read.
    """
    run = report.resolve().parent
    if (run / MARK).exists():
        with reading(MARK):
            day = str(json.loads(read_bounded(run / MARK, 1))["superseded_on"])
        since = text(
            f"superato dal {day}: da allora un ragazzo è stato cancellato",
            f"superseded since {day}: a child was erased since",
        )
        return Answer("current", "invalid", since)
    current = run.parent / CURRENT
    if not (current.is_symlink() and run.name.isdigit()):
        return not_available("current")
    if current.resolve() != run:
        return not_available("current", text("un'altra esecuzione è quella corrente", "another run is the current one"))
    return judged("current", ())
