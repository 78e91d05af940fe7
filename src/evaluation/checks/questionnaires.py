"""The questionnaires of a study: what one child answered at one wave, as rows of a matrix."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from evaluation.study.folder import Study
from evaluation.study.instrument import Item
from evaluation.study.tables import ROW


@dataclass(frozen=True)
class Sheets:
    """Every (child, wave) of responses.csv that the study knows.

    about
        One row a sheet: participant, wave, place (that of the wave in the protocol), `_row` (its first), answered (how many
        rows hold an answer), first_day and last_day of answered_at (NaT: not told), seconds for the whole sheet (NaN: not told).
    items
        The items in the order of the codebook.
    answers
        What the child answered, shape (sheets, items); NaN where nothing, or what cannot be. Raters' answers are left out.
    """

    about: pd.DataFrame
    items: tuple[Item, ...]
    answers: NDArray[np.float64]

    @property
    def of_scales(self) -> NDArray[np.intp]:
        """The places of the items that belong to a scale."""
        return np.flatnonzero([bool(item.scale) for item in self.items])


def sheets_of(study: Study) -> Sheets:
    """Gather the answers of a study by child and wave; rows of unknown items or waves are left out."""
    places = {wave.id: place for place, wave in enumerate(study.protocol.waves)}
    rows = study.responses
    rows = rows[rows["wave"].isin(places) & rows["item"].isin(study.instrument.ids)]
    sheet = rows.groupby(["participant", "wave"], sort=False).ngroup().to_numpy()
    own = (rows["rater"] == "").to_numpy()
    frame = pd.DataFrame({
        "participant": rows["participant"], "wave": rows["wave"], "place": rows["wave"].map(places), ROW: rows[ROW],
        "answered": rows["value"].notna(), "day": _days(rows), "seconds": _seconds(rows).where(own),
    })  # fmt: skip
    grouped = frame.groupby(sheet)
    about = grouped[["participant", "wave", "place", ROW]].first()
    about["answered"] = grouped["answered"].sum()
    about["first_day"], about["last_day"] = grouped["day"].min(), grouped["day"].max()
    about["seconds"] = _total(grouped["seconds"])
    items = study.instrument.items
    answers = np.full((len(about), len(items)), np.nan)
    column = rows["item"].map({item.id: place for place, item in enumerate(items)}).to_numpy(dtype=int)
    answers[sheet[own], column[own]] = rows["value"].to_numpy()[own]
    low = [-np.inf if item.minimum is None else item.minimum for item in items]
    high = [np.inf if item.maximum is None else item.maximum for item in items]
    answers[(answers < low) | (answers > high)] = np.nan
    return Sheets(about, items, answers)


def _days(rows: pd.DataFrame) -> pd.Series:
    """Return the day of answered_at as it is written; NaT where there is none."""
    written = rows["answered_at"].str.strip().str[:10] if "answered_at" in rows else pd.Series("", index=rows.index)
    places, days = pd.factorize(written)
    parsed = pd.to_datetime(pd.Series(days, dtype=object), format="%Y-%m-%d", errors="coerce")
    return pd.Series(parsed.to_numpy()[places], index=rows.index, dtype="datetime64[s]")


def _seconds(rows: pd.DataFrame) -> pd.Series:
    if "seconds" not in rows:
        return pd.Series(np.nan, index=rows.index)
    return pd.to_numeric(rows["seconds"].str.strip(), errors="coerce").astype(float)


def _total(seconds: Any) -> pd.Series:
    """Return the time of each sheet: the one number that stands on all its rows, else the sum of the times of its rows."""
    low, high = seconds.min(), seconds.max()
    return low.where(low == high, seconds.sum(min_count=1))
