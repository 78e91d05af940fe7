"""One-page answers to "how much to trust each scale": tables of scales and items."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeVar

import numpy as np
import pandas as pd

from evaluation.measurement.complete import NoMeasure
from evaluation.measurement.item_functioning import screen_item
from evaluation.measurement.items import item_rest, item_summary
from evaluation.measurement.omega import mcdonald_omega
from evaluation.measurement.raters import intraclass_correlations
from evaluation.measurement.reliability import cronbach_alpha
from evaluation.measurement.scores import answers, mean_of_answered
from evaluation.study.folder import Study
from evaluation.study.instrument import Item
from evaluation.study.protocol import Outcome

Number = TypeVar("Number")
RELIABILITY = (
    "outcome", "wave", "items", "n", "alpha", "alpha_low", "alpha_high", "omega", "omega_low", "omega_high",
    "raters", "icc", "icc_low", "icc_high", "constant",
)  # fmt: skip
ITEMS = (
    "item", "scale", "wave", "n", "mean", "sd", "floor", "ceiling", "item_rest", "dif_chi2", "dif_p", "dif_r2",
)  # fmt: skip
SINGLE_RATER = "ICC(2,1)"  # raters drawn from many, one rating: what one rater's word is worth


def reliability_table(study: Study) -> pd.DataFrame:
    """Reliability of every scale at every wave, centres pooled; columns `RELIABILITY`.

    alpha with Feldt's interval and omega from the children who answered every item (n); icc of one rater for scales
    whose items have several, on each child's mean rating. NaN where a number is not defined. constant : items that do
    not vary, left out of the others.
    """
    wide = answers(study)
    rows = [
        (outcome.id, wave.id, *_scale(study, wide, outcome, wave.id))
        for outcome in study.protocol.outcomes
        if outcome.kind == "scale"
        for wave in study.protocol.waves
    ]
    return pd.DataFrame(rows, columns=list(RELIABILITY))


def _scale(study: Study, wide: pd.DataFrame, outcome: Outcome, wave: str) -> tuple[object, ...]:
    sheet = _sheet(study, wide, outcome.id, wave)
    alpha = cronbach_alpha(sheet)
    omega = _or_none(lambda: mcdonald_omega(np.delete(sheet, alpha.constant, axis=1)))
    constant = " ".join(study.instrument.scale(outcome.id)[place].id for place in alpha.constant)
    numbers = (np.nan,) * 3 if omega is None else (omega.omega, omega.low, omega.high)
    return (
        sheet.shape[1],
        alpha.n,
        alpha.alpha,
        alpha.low,
        alpha.high,
        *numbers,
        *_raters(study, outcome.id, wave),
        constant,
    )


def _raters(study: Study, scale: str, wave: str) -> tuple[object, ...]:
    """Number of raters, and the ICC of one of them with its interval; NaN where an item has one rating a child."""
    items = [item.id for item in study.instrument.scale(scale)]
    given = study.responses[(study.responses["wave"] == wave) & study.responses["item"].isin(items)]
    given = given[given["participant"].isin(study.consenting["participant"]) & (given["rater"] != "")]
    ratings = given.pivot_table(index="participant", columns="rater", values="value", aggfunc="mean")
    found = _or_none(lambda: intraclass_correlations(ratings.to_numpy(dtype=float)))
    if found is None:
        return (ratings.shape[1] or np.nan, np.nan, np.nan, np.nan)
    one = next(icc for icc in found if icc.form == SINGLE_RATER)
    return one.raters, one.icc, one.low, one.high


def items_table(study: Study) -> pd.DataFrame:
    """Each item at each wave, centres pooled, reversed items turned, in the item's units; columns `ITEMS`.

    floor, ceiling : share of answers at the lowest and the highest step. item_rest : correlation with the rest of its
    scale. dif_chi2, dif_p, dif_r2 : screening for different functioning by centre at the baseline, likelihood ratio with
    two df and the change in Nagelkerke's R2. NaN where a number is not defined.
    """
    wide = answers(study)
    return pd.DataFrame(list(_items(study, wide)), columns=list(ITEMS))


def _items(study: Study, wide: pd.DataFrame) -> Iterator[tuple[object, ...]]:
    for item in study.instrument.items:
        for wave in study.protocol.waves:
            here = wide[wide.index.get_level_values("wave") == wave.id]
            given = here[item.id].to_numpy(dtype=float)
            numbers = (
                [np.nanmean(given), np.nanstd(given, ddof=1)] if (~np.isnan(given)).sum() > 1 else [np.nan, np.nan]
            )
            screened = _screen(study, here, item) if wave.id == study.protocol.baseline.id else (np.nan,) * 3
            rest = _rest(study, wide, item, wave.id)
            yield (
                item.id,
                item.scale,
                wave.id,
                int((~np.isnan(given)).sum()),
                *numbers,
                *_ends(given, item),
                rest,
                *screened,
            )


def _ends(given: np.ndarray, item: Item) -> tuple[float, float]:
    if item.minimum is None or item.maximum is None:
        return (np.nan, np.nan)
    low, high = item.minimum, item.maximum
    found = _or_none(lambda: item_summary(given, low, high))
    return (np.nan, np.nan) if found is None else (found.floor, found.ceiling)


def _rest(study: Study, wide: pd.DataFrame, item: Item, wave: str) -> float:
    if not item.scale:
        return float("nan")
    ids = [other.id for other in study.instrument.scale(item.scale)]
    found = _or_none(lambda: item_rest(_sheet(study, wide, item.scale, wave), ids.index(item.id)))
    return float("nan") if found is None else found.correlation


def _screen(study: Study, here: pd.DataFrame, item: Item) -> tuple[float, float, float]:
    if not item.scale:
        return (np.nan,) * 3
    ids = [other.id for other in study.instrument.scale(item.scale)]
    treated = study.consenting.set_index("participant")["treated"]
    centre = here.index.get_level_values("participant").map(treated).to_numpy(dtype=bool)
    score = mean_of_answered(here[ids], 0.5).to_numpy(dtype=float)
    found = _or_none(lambda: screen_item(here[item.id].to_numpy(dtype=float), score, centre))
    return (np.nan,) * 3 if found is None else (found.total.chi2, found.total.p_value, found.total.nagelkerke)


def response_shares(study: Study, wave: str, minimum_cell: int) -> pd.DataFrame:
    """Share of low, middle and high answers to each item of a scale at one wave, centres pooled, reversed items turned.

    Columns: item, scale, n, low, middle, high; the shares are NaN where one of the three is given by fewer children than
    `minimum_cell`, but for none at all, or by all; n is NaN below the minimum cell.
    """
    wide = answers(study)
    here = wide[wide.index.get_level_values("wave") == wave]
    rows = []
    for item in study.instrument.items:
        if not item.scale or item.minimum is None or item.maximum is None:
            continue
        given = here[item.id].dropna()
        place = (given - item.minimum) / (item.maximum - item.minimum)
        counts = np.array([(place < 0.5).sum(), (place == 0.5).sum(), (place > 0.5).sum()])
        told = (
            len(given) >= minimum_cell
            and ((counts == 0) | (counts >= minimum_cell)).all()
            and (counts < len(given)).all()
        )
        n = len(given) if len(given) >= minimum_cell else np.nan
        rows.append((item.id, item.scale, n, *(counts / len(given) if told else [np.nan] * 3)))
    return pd.DataFrame(rows, columns=["item", "scale", "n", "low", "middle", "high"])


def _sheet(study: Study, wide: pd.DataFrame, scale: str, wave: str) -> np.ndarray:
    ids = [item.id for item in study.instrument.scale(scale)]
    return wide.loc[wide.index.get_level_values("wave") == wave, ids].to_numpy(dtype=float)


def _or_none(measure: Callable[[], Number]) -> Number | None:
    try:
        return measure()
    except NoMeasure:
        return None
