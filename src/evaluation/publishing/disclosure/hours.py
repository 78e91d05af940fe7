"""Hours attended are a sum over children: one of them may be most of it, or all may have come for the same time."""

from __future__ import annotations

from collections.abc import Iterator

from evaluation.measurement.dose import hours_attended
from evaluation.publishing.disclosure.cells import alike, dominated
from evaluation.publishing.disclosure.samples import Withheld
from evaluation.study.folder import Study

MEAN = (("kind", "derived"), ("indicator_en", "hours attended by a child on average"))


def hours_tell(study: Study) -> bool:
    """Tell whether the mean hours attended would tell the hours of a child."""
    hours = hours_attended(study).to_numpy(dtype=float)
    return dominated(hours) or alike(hours, study.protocol.privacy.minimum_cell)


def hours_withheld(study: Study) -> Iterator[Withheld]:
    """Return what monitoring.csv withholds of the register."""
    if study.attendance is not None and hours_tell(study):
        yield Withheld("monitoring", MEAN, ("value", "share_of_target"), "alike")
