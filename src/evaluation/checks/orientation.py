"""Items that run against their scale: reversed twice, or never."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evaluation.checks.kinds import KINDS
from evaluation.checks.questionnaires import Sheets
from evaluation.language import text
from evaluation.study.findings import Finding, Words
from evaluation.study.folder import Study
from evaluation.study.instrument import Item

FEWEST_SHEETS = 20
FEWEST_ITEMS = 3  # of two items that disagree, nobody can say which one runs backwards
Z = 3.09  # one in a thousand, one-sided: a questionnaire has many items, and each is looked at


@dataclass(frozen=True)
class ItemRest:
    """The correlation of an item with the mean of the other items of its scale, after reversing; `n` sheets."""

    item: Item
    wave: str
    r: float
    n: int

    @property
    def backwards(self) -> bool:
        """Whether the correlation is below zero beyond chance: its upper 99.9 % bound (Fisher's z) is negative."""
        return self.n >= FEWEST_SHEETS and bool(self.r < -np.tanh(Z / np.sqrt(self.n - 3)))


def running_backwards(study: Study, sheets: Sheets) -> Iterator[Finding]:
    """Items whose answers run against the rest of their scale, beyond chance, at some wave.

    A reversed item behaves as if it were not where the survey tool reversed it already; another one where the codebook forgets
    to. Both give a negative corrected item-rest correlation. Scales of at least three items and waves with at least twenty
    sheets are looked at, the waves apart, for a tool may reverse at one wave only. Answers given by raters are left out.
    """
    expected = text("risposte che vanno con le altre della scala", "answers that go with the rest of the scale")
    level = KINDS["reversed_item"].level
    backwards = [each for each in item_rests(study, sheets) if each.backwards]
    for item in dict.fromkeys(each.item.id for each in backwards):
        own = [each for each in backwards if each.item.id == item]
        found = Words(*("; ".join(f"{each.wave}: r = {each.r:.2f}, n = {each.n}" for each in own) for _ in range(2)))
        which = own[0].item
        action = text(
            "Controllare se le risposte sono già girate: allora reverse è no." if which.reverse
            else "Controllare se la domanda va girata: allora reverse è yes.",
            "Check whether the answers are reversed already: then reverse is no." if which.reverse
            else "Check whether the item is to be reversed: then reverse is yes.",
        )  # fmt: skip
        yield Finding(
            level,
            "reversed_item",
            "instrument.csv",
            found,
            expected,
            action,
            which.row,
            "reverse",
            question=which.wording,
        )


def item_rests(study: Study, sheets: Sheets) -> Iterator[ItemRest]:
    """Correlate every item of a scale with the rest of it, wave by wave."""
    waves = sheets.about["wave"].to_numpy()
    for scale in dict.fromkeys(item.scale for item in sheets.items if item.scale):
        places = np.array([place for place, item in enumerate(sheets.items) if item.scale == scale])
        items = [sheets.items[place] for place in places]
        if len(items) < FEWEST_ITEMS:
            continue
        for wave in study.protocol.waves:
            oriented = _oriented(sheets.answers[np.ix_(waves == wave.id, places)], items)
            for place, item in enumerate(items):
                r, n = _correlation(oriented[:, place], _mean(np.delete(oriented, place, axis=1)))
                yield ItemRest(item, wave.id, r, n)


def _oriented(answers: NDArray[np.float64], items: list[Item]) -> NDArray[np.float64]:
    """Return the answers with reversed items turned round, shape (sheets, items)."""
    turned = answers.copy()
    for place, item in enumerate(items):
        if item.reverse and item.minimum is not None and item.maximum is not None:
            turned[:, place] = item.minimum + item.maximum - answers[:, place]
    return turned


def _mean(answers: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the mean of the answers given, shape (sheets,); NaN where there is none."""
    given = ~np.isnan(answers)
    count = given.sum(axis=1)
    return np.where(count > 0, np.where(given, answers, 0.0).sum(axis=1) / np.maximum(count, 1), np.nan)


def _correlation(x: NDArray[np.float64], y: NDArray[np.float64]) -> tuple[float, int]:
    """Return Pearson's r over the sheets that have both, and their number; 0 where either does not vary."""
    both = ~(np.isnan(x) | np.isnan(y))
    n = int(both.sum())
    if n < 2 or np.ptp(x[both]) == 0 or np.ptp(y[both]) == 0:
        return 0.0, n
    with np.errstate(over="ignore", invalid="ignore"):  # an item without bounds may hold any number; NaN is no finding
        return float(np.corrcoef(x[both], y[both])[0, 1]), n
