"""Monitoring: every indicator of programme.csv with its source and flag, and what the register says against the plan."""

from __future__ import annotations

import numpy as np
import pandas as pd

from evaluation.measurement.dose import hours_attended, hours_delivered
from evaluation.publishing.disclosure.hours import hours_tell
from evaluation.study.folder import PROGRAMME_COLUMNS, Study


def monitoring_table(study: Study) -> pd.DataFrame:
    """Columns of programme.csv, with `target` and `share_of_target` where something was planned.

    The rows taken from attendance.csv are labelled `derived`; the mean is withheld for fewer children than the minimum
    cell.
    """
    given = pd.DataFrame(columns=list(PROGRAMME_COLUMNS)) if study.programme is None else study.programme
    table = pd.concat([given[list(PROGRAMME_COLUMNS)], _from_register(study)], ignore_index=True)
    target, value = (pd.to_numeric(table[name], errors="coerce") for name in ("target", "value"))
    return table.assign(share_of_target=(value / target).replace([np.inf, -np.inf], np.nan))


def mean_hours(study: Study) -> float:
    """Mean hours attended by the consenting children of the treated centre.

    NaN without a register, below the minimum cell, and where the mean would tell the hours of a child.
    """
    hours = hours_attended(study)
    few = len(hours) < study.protocol.privacy.minimum_cell
    return float("nan") if few or hours_tell(study) else float(hours.mean())


def _from_register(study: Study) -> pd.DataFrame:
    planned = study.protocol.programme.planned_hours
    columns = [*PROGRAMME_COLUMNS, "target"]
    if study.attendance is None:
        return pd.DataFrame(columns=columns)
    words = [
        ("ore erogate secondo il registro", "hours delivered according to the register", hours_delivered(study)),
        ("ore frequentate in media da un ragazzo", "hours attended by a child on average", mean_hours(study)),
    ]
    period = f"{study.protocol.programme.starts} – {study.protocol.programme.ends}"
    rows = [
        (study.protocol.study.id, it, en, "derived", np.round(value, 1), "h", period, "attendance.csv", "", planned)
        for it, en, value in words
    ]
    return pd.DataFrame(rows, columns=columns)
