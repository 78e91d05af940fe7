"""Columns about children that nobody asked for."""

from __future__ import annotations

from collections.abc import Iterator

from evaluation.checks.kinds import KINDS
from evaluation.language import text
from evaluation.study.findings import Finding
from evaluation.study.folder import Study
from evaluation.study.tables import ROW

OF_CHILDREN = frozenset({
    ROW, "participant", "centre", "treated", "consenting", "birth_date", "age", "sex", "guardian_consent", "assent",
    "enrolled_on", "left_on", "left_reason",
})  # fmt: skip
OF_ANSWERS = frozenset({ROW, "participant", "wave", "item", "value", "rater", "answered_at", "seconds"})
OF_ATTENDANCE = frozenset({ROW, "participant", "date", "activity", "hours"})
EXPECTED = text("solo le colonne richieste", "only the columns asked for")
ACTION = text("Togliere la colonna, se non serve.", "Remove the column if it is not needed.")


def unasked_columns(study: Study) -> Iterator[Finding]:
    """Columns about children that nobody asked for: kept in the file, never exported."""
    named = {*study.protocol.covariates, *study.protocol.analysis.subgroups}
    tables = {
        "participants.csv": (study.participants, OF_CHILDREN | named),
        "responses.csv": (study.responses, OF_ANSWERS),
        "attendance.csv": (study.attendance, OF_ATTENDANCE),
    }
    for file, (table, asked) in tables.items():
        for name in [] if table is None else [str(name) for name in table.columns if name not in asked]:
            level = KINDS["extra_column"].level
            yield Finding(level, "extra_column", file, name, EXPECTED, ACTION, row=1, column=name)
