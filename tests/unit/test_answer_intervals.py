"""The interval of an answer is what arithmetic says; moves found without a programme are possible ones."""

from __future__ import annotations

import numpy as np
import pytest

from evaluation.publishing.disclosure import answer_intervals
from evaluation.publishing.disclosure.answer_intervals import Answers, Sampled, Spread


def measured(values: list[float], lost: int, high: float = 100.0) -> Answers:
    """One measure at one wave; all but the `lost` last children stand in a sample published with all digits."""
    n = len(values)
    kept = np.arange(n) < n - lost
    return Answers(
        np.array(values)[:, None, None], np.zeros((1, 1)), np.full((1, 1), high), np.array([100.0]),
        np.ones((n, 1), dtype=bool), np.arange(n) % 2 == 0, (Sampled(kept, 0),),
    )  # fmt: skip


VALUES = [*np.linspace(1, 99, 39).tolist(), 40.0]  # forty children, of whom the last is the one lost


@pytest.mark.parametrize(("half", "width"), [(0.05, 4.0), (0.5, 40.0)])
def test_a_lost_child_is_told_to_within_n_times_a_step(half: float, width: float):
    """The mean of forty, less the sum of thirty-nine: forty half steps to both sides."""
    known = measured(VALUES, 1)
    told = {(0, 0): Spread(round(float(np.mean(VALUES)) / (2 * half)) * 2 * half, half)}
    for share in (width / 100 - 0.001, width / 100 + 0.001):
        assert (known.exposure(told, {}, share) > 0) == (share > width / 100), share


def test_an_open_end_leaves_what_is_not_published_open():
    assert measured(VALUES, 1, np.inf).exposure({(0, 0): Spread(np.nan, np.inf)}, {}, 0.9) == 0
    assert measured(VALUES, 1, np.inf).exposure({(0, 0): Spread(float(np.mean(VALUES)), 0.05)}, {}, 0.9) > 0.8


def test_an_sd_tells_more_than_a_mean():
    """From a mean alone forty half steps are open; with the SD to two decimals the distance from the mean is known too."""
    mean, sd = float(np.mean(VALUES)), float(np.std(VALUES, ddof=1))
    assert measured(VALUES, 1).exposure({(0, 0): Spread(mean, 1.0)}, {}, 0.5) == 0
    assert measured(VALUES, 1).exposure({(0, 0): Spread(mean, 1.0, round(sd, 2), 0.005)}, {}, 0.5) > 0


@pytest.mark.parametrize("seed", range(6))
def test_moves_are_possible_ones(seed: int, monkeypatch: pytest.MonkeyPatch):
    """What is told too closely is the same whether moves are known beforehand or found by programmes alone."""
    rng = np.random.default_rng(seed)
    children, items = 12, 3
    given = rng.integers(1, 6, (children, 1, items)).astype(float)
    given[: children // 2] = np.clip(given[: children // 2], 4, 5)  # many answers at an end
    given[0, 0, 1] = np.nan
    kept = np.arange(children) < children - 2
    known = Answers(
        given, np.ones((1, items)), np.full((1, items), 5.0), np.full(items, 4.0), np.ones((children, 1), dtype=bool),
        np.arange(children) % 2 == 0, (Sampled(kept, 0),),
    )  # fmt: skip
    told = {(0, k): Spread(round(float(np.nanmean(given[:, 0, k])), 1), 0.05) for k in range(items)}
    exposed = known.exposure(told, {}, 0.8)
    nothing = answer_intervals._Moves(*(np.zeros(given.shape),) * 2, *(np.zeros((children, 1)),) * 2)
    monkeypatch.setattr(answer_intervals, "_moves", lambda *_: nothing)
    assert known.exposure(told, {}, 0.8) == pytest.approx(exposed, abs=1e-6)
