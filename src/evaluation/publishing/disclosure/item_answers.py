"""What the tables of items and scales withhold: numbers from which the children who gave a rare answer could be counted."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from evaluation.measurement.scale_tables import response_shares
from evaluation.measurement.scores import answers
from evaluation.publishing.disclosure.audit import Statement, withhold
from evaluation.publishing.disclosure.cells import Array, alike
from evaluation.publishing.disclosure.samples import Reason, Withheld
from evaluation.publishing.disclosure.spreads import DECIMALS, Decimals, spreads, spreads_withheld
from evaluation.study.folder import Study
from evaluation.study.instrument import Item

MOST_STEPS = 25  # an answer with more steps than this has no steps that could be counted
LOSS = {"sd": 2.0, "floor": 3.0, "ceiling": 3.0, "mean": 7.0}  # what readers lose; the mean is the last to go
ANSWERS = ("mean", "sd", "floor", "ceiling", "item_rest", "dif_chi2", "dif_p", "dif_r2")
DIF = ("dif_chi2", "dif_p", "dif_r2")
ENDS = ("floor", "ceiling")
AS_EVER = Decimals(DECIMALS, DECIMALS, None, None, zeros=True)  # of an item that no outcome of the protocol is made of


def items_withheld(study: Study, scores: pd.DataFrame) -> Iterator[Withheld]:
    """Return what items.csv withholds: numbers of uniform answers, of too few children, and what exposes a rare answer."""
    wide, minimum = answers(study), study.protocol.privacy.minimum_cell
    left = spreads(study, scores)
    yield from (one for one in spreads_withheld(study, scores) if one.table == "items")
    for wave in study.protocol.waves:
        here = wide[wide.index.get_level_values("wave") == wave.id]
        drawn = _drawn(study, wave.id)
        for item in study.instrument.items:
            row = (("item", item.id), ("wave", wave.id))
            given = here[item.id].to_numpy(dtype=float)
            if len(given) and alike(given, minimum):
                yield Withheld("items", row, ANSWERS, "alike")
                continue
            decimals = left.get((item.scale or item.id, wave.id), AS_EVER)
            for columns, reason in _of_item(study, item, here, drawn, decimals):
                yield Withheld("items", row, columns, reason)


def _drawn(study: Study, wave: str) -> pd.DataFrame:
    """The shares of low, middle and high answers that a figure shows, of the baseline alone."""
    minimum = study.protocol.privacy.minimum_cell if wave == study.protocol.baseline.id else len(study.participants) + 1
    return response_shares(study, wave, minimum).set_index("item")


def _of_item(
    study: Study, item: Item, here: pd.DataFrame, drawn: pd.DataFrame, decimals: Decimals
) -> Iterator[tuple[tuple[str, ...], Reason]]:
    minimum = study.protocol.privacy.minimum_cell
    treated = here.index.get_level_values("participant").map(study.consenting.set_index("participant")["treated"])
    given = here[item.id].to_numpy(dtype=float)
    known = ~np.isnan(given)
    centres = (known & treated.to_numpy(dtype=bool), known & ~treated.to_numpy(dtype=bool))
    if any(0 < int(centre.sum()) < minimum for centre in centres):
        yield DIF, "few"
    scale = [other.id for other in study.instrument.scale(item.scale)] if item.scale else []
    if scale and 0 < int(here[scale].notna().all(axis=1).sum()) < minimum:
        yield ("item_rest",), "few"
    steps = _steps(item, given[known])
    if steps is not None and int(known.sum()) >= minimum:
        counts = np.array([np.isclose(given[known], step).sum() for step in steps])
        stated = [*_moments(steps, counts, decimals), *_shares(item, steps, counts, drawn, minimum)]
        zeros = () if decimals.zeros else tuple(name for name, n in zip(ENDS, counts[[0, -1]], strict=True) if n == 0)
        stated = [one for one in stated if one.name not in zeros]
        names = (*zeros, *withhold(stated, counts, minimum))
        if names:
            yield names, "inferable"


def _steps(item: Item, given: Array) -> Array | None:
    """The answers an item can take: whole steps between its ends, or the halves, thirds… of means of several raters."""
    if item.minimum is None or item.maximum is None:
        return None
    for parts in (1, 2, 3, 4):
        steps = np.linspace(item.minimum, item.maximum, round((item.maximum - item.minimum) * parts) + 1)
        if len(steps) > MOST_STEPS:
            return None
        if np.isclose(given[:, None], steps).any(axis=1).all():
            return steps
    return None


def _moments(steps: Array, counts: Array, decimals: Decimals) -> Iterator[Statement]:
    """What the published mean and SD of an item say of how many gave each answer."""
    n = int(counts.sum())
    yield Statement("n", np.ones(len(steps)), n, n)
    mean = float(steps @ counts / n)
    if decimals.mean is None:
        return
    half, shown = 10.0**-decimals.mean / 2, round(mean, decimals.mean)
    yield Statement("mean", steps, n * (shown - half), n * (shown + half), LOSS["mean"])
    if decimals.sd is not None:
        sd, step = round(float(np.sqrt(counts @ (steps - mean) ** 2 / (n - 1))), decimals.sd), 10.0**-decimals.sd / 2
        low, high = (n - 1) * max(sd - step, 0) ** 2, (n - 1) * (sd + step) ** 2 + n * half**2
        yield Statement("sd", (steps - shown) ** 2, low, high, LOSS["sd"])


def _shares(item: Item, steps: Array, counts: Array, drawn: pd.DataFrame, minimum: int) -> Iterator[Statement]:
    """What the published shares of an item, and those that a figure draws, say of the same."""
    yield from _ends(steps, counts, minimum)
    if item.id in drawn.index and not np.isnan(drawn.loc[item.id, "low"]):
        place = (steps - steps[0]) / (steps[-1] - steps[0])
        for name, cells in {"low": place < 0.5, "middle": np.isclose(place, 0.5), "high": place > 0.5}.items():
            yield Statement(name, cells.astype(float), counts[cells].sum(), counts[cells].sum())


def _ends(steps: Array, counts: Array, minimum: int) -> Iterator[Statement]:
    """The shares at both ends: told, or withheld as too rare, which says that they are not nobody."""
    n = int(counts.sum())
    for name, cell in {"floor": 0, "ceiling": len(steps) - 1}.items():
        aim, count = np.eye(len(steps))[cell], int(counts[cell])
        if count == 0 or (count >= minimum and n - count >= minimum):
            yield Statement(name, aim, count, count, LOSS[name])
        else:
            yield Statement(f"{name} withheld", aim, 1, n if n - count < minimum else minimum - 1)


def scales_withheld(study: Study) -> Iterator[Withheld]:
    """Return what reliability.csv withholds of raters who rated too few children both."""
    minimum = study.protocol.privacy.minimum_cell
    for outcome in study.protocol.outcomes:
        for wave in study.protocol.waves:
            if outcome.kind == "scale" and 0 < _rated_by_all(study, outcome.id, wave.id) < minimum:
                row: tuple[tuple[str, str], ...] = (("outcome", outcome.id), ("wave", wave.id))
                yield Withheld("reliability", row, ("icc", "icc_low", "icc_high"), "few")


def _rated_by_all(study: Study, scale: str, wave: str) -> int:
    items = [item.id for item in study.instrument.scale(scale)]
    given = study.responses[(study.responses["wave"] == wave) & study.responses["item"].isin(items)]
    given = given[given["participant"].isin(study.consenting["participant"]) & (given["rater"] != "")]
    given = given.dropna(subset=["value"])
    raters = given.groupby("participant")["rater"].nunique()
    return int((raters == given["rater"].nunique()).sum()) if len(given) else 0
