"""How a check tells what it found: a finding at the level of its kind."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

import pandas as pd

from evaluation.checks.kinds import KINDS
from evaluation.language import Text
from evaluation.study.findings import Finding
from evaluation.study.tables import ROW

Record = Mapping[Hashable, Any]


def records(table: pd.DataFrame) -> list[dict[Hashable, Any]]:
    """Return the rows of a table of offenders, in order."""
    return table.to_dict("records")


def finding(
    kind: str, file: str, record: Record, column: str, found: str, expected: Text, action: Text,
    question: Text | None = None,
) -> Finding:  # fmt: skip
    """Return the finding of one row about a child; `record` holds `participant` and the row."""
    row, child = int(record[ROW]), str(record["participant"])
    return Finding(KINDS[kind].level, kind, file, found, expected, action, row, column, child, question=question)
