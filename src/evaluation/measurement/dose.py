"""Attendance: the hours each child of the treated centre came, described and never used as a cause."""

from __future__ import annotations

import numpy as np
import pandas as pd

from evaluation.study.folder import Study


def hours_attended(study: Study) -> pd.Series:
    """Hours of each consenting child of the treated centre, indexed by participant; no row in the register is 0 h."""
    treated = study.consenting[study.consenting["treated"]]["participant"]
    if study.attendance is None:
        return pd.Series(np.nan, index=treated, name="hours")
    return study.attendance.groupby("participant")["hours"].sum().reindex(treated, fill_value=0.0)


def hours_delivered(study: Study) -> float:
    """Hours of the programme that took place: of each date and activity, the longest attendance noted."""
    if study.attendance is None:
        return float("nan")
    return float(study.attendance.groupby(["date", "activity"])["hours"].max().sum())
