"""Waves as a calendar has them: unequal distances, waves still to come, intervals that are not nested."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import optimize

from evaluation import EventStudy, break_even, event_study, honest_table, relative_magnitude, smoothness
from evaluation.counterfactual.sensitivity.sensitivity_table import pre_trend_gap
from evaluation.study.folder import Study
from evaluation.study.instrument import Instrument
from evaluation.study.protocol import Protocol

N = 40
D = np.arange(N) < 21
MONTHS = (-12.0, 0.0, 4.0, 10.0)
RNG = np.random.default_rng(8)
LEVEL, NOISE = RNG.normal(50, 8, N), RNG.normal(0, 0.5, (N, 4))
DRIFT = 0.5  # a month, of the treated centre; no effect
DRIFTING = LEVEL[:, None] + NOISE + DRIFT * D[:, None] * np.array(MONTHS)


def test_a_steady_drift_is_a_straight_line_whatever_the_gaps():
    event = event_study(DRIFTING[:, :3], D, 1, MONTHS[:3])
    low, high = smoothness(event, 0.0)
    weights = np.array([4 / 12, 1.0])  # of the two differences from the baseline, so that a straight line cancels
    error = np.sqrt(weights @ event.sigma @ weights)
    assert (low, high) == pytest.approx(
        (weights @ event.beta - 1.959964 * error, weights @ event.beta + 1.959964 * error)
    )
    assert low < 0 < high
    ignorant = smoothness(event_study(DRIFTING[:, :3], D, 1), 0.0)
    assert ignorant[1] < -2  # equal spacing expects as much again as in the twelve months before
    early, late = relative_magnitude(event, 1.0)
    assert early < 0 < late


def test_times_one_apart_and_any_unit_or_origin_give_the_numbers_of_equal_spacing():
    event, apart = event_study(DRIFTING, D, 1), event_study(DRIFTING, D, 1, (5, 8, 11, 14))
    for target in np.eye(2):
        for bounds in (smoothness, relative_magnitude):
            assert bounds(apart, 0.7, weights=target) == pytest.approx(bounds(event, 0.7, weights=target), rel=1e-9)
    months, days = (event_study(DRIFTING, D, 1, 30.0 * np.array(MONTHS) + shift) for shift in (0, 738_000))
    assert smoothness(months, 0.3) == pytest.approx(smoothness(days, 0.3), rel=1e-9)
    assert EventStudy(event.beta, event.sigma, 1, 2).times is None  # four fields by position


def study(waves: dict[str, dict[str, object]]) -> Study:
    plan = {
        "format": 1,
        "study": {"id": "toy", "title": {"it": "Prova", "en": "Toy"}, "provenance": "synthetic"},
        "centres": {"treated": "one", "comparison": "two"},
        "waves": [{"id": name, **wave} for name, wave in waves.items()],
        "outcomes": [{"id": "calm", "role": "primary", "kind": "measure"}],
        "privacy": {"minimum_cell": 3},
    }
    children = pd.DataFrame({"participant": [f"P{k:02}" for k in range(N)], "treated": D, "consenting": True})
    return Study(Path(), Protocol.model_validate(plan), None, Instrument(()), children, pd.DataFrame(), None, None)


ROLES = {
    "w0": {"role": "pre_baseline"},
    "w1": {"role": "baseline"},
    "w2": {"role": "endline"},
    "w3": {"role": "follow_up"},
}


def scores(matrix: np.ndarray) -> pd.DataFrame:
    return pd.concat(
        pd.DataFrame(
            {"participant": [f"P{k:02}" for k in range(N)], "wave": f"w{w}", "outcome": "calm", "score": column}
        )
        for w, column in enumerate(matrix.T)
        if not np.isnan(column).all()
    )


def test_a_wave_to_come_and_one_half_lost_take_nothing_from_the_earlier_ones():
    three = {name: ROLES[name] for name in ("w0", "w1", "w2")}
    alone = honest_table(study(three), scores(DRIFTING[:, :3]))
    assert len(alone) == 7
    to_come = np.where(np.arange(4) == 3, np.nan, DRIFTING)
    pd.testing.assert_frame_equal(honest_table(study(ROLES), scores(to_come)), alone)
    half = DRIFTING.copy()
    half[::2, 3] = np.nan
    table = honest_table(study(ROLES), scores(half))
    pd.testing.assert_frame_equal(table[table["wave"] == "w2"], alone)
    assert table[table["wave"] == "w3"][["n_treated", "n_comparison"]].iloc[0].tolist() == [10, 10]


def test_the_trend_before_the_baseline_is_of_as_long_a_time_as_that_after_it():
    timed = {name: {**wave, "month": month} for (name, wave), month in zip(ROLES.items(), MONTHS, strict=True)}
    plain = pre_trend_gap(study(ROLES), scores(DRIFTING), study(ROLES).protocol.primary)
    found = pre_trend_gap(study(timed), scores(DRIFTING), study(timed).protocol.primary)
    assert found == pytest.approx(plain * 4 / 12)
    assert found == pytest.approx(4 * DRIFT, abs=0.2)


@pytest.mark.parametrize(
    "times",
    [({"month": 0}, {"month": 1}, {"month": 1}), ({"month": 0}, {}, {"month": 1}),
     ({"on": "2023-03-06"}, {"month": 1}, {"month": 2}), ({"on": "2023-03-06"}, {"on": "2023-03-05"}, {"on": "2023-06-30"})],
)  # fmt: skip
def test_times_are_of_one_kind_and_rise(times: tuple[dict[str, object], ...]):
    waves = {name: {**ROLES[name], **time} for name, time in zip(("w0", "w1", "w2"), times, strict=True)}
    with pytest.raises(ValueError, match=r"on for every wave|a time after that of the wave before"):
        study(waves)


# Three estimates and their covariance whose intervals at Mbar 0 hold zero, and at .5 do not.
BETA = np.array([-0.13795238095238127, -1.1148571428571434, 2.64283333333333])
SIGMA = np.array([
    [2.162663514035499, 1.080591454713686, 0.031897611019886814],
    [1.080591454713686, 0.8562772718221386, 0.06737921109286629],
    [0.031897611019886814, 0.06737921109286629, 1.0080190750319284],
])  # fmt: skip


def test_a_break_even_is_the_last_crossing_where_intervals_are_not_nested():
    event = EventStudy(BETA, SIGMA, 2, 1)

    def low(mbar: float) -> float:
        return relative_magnitude(event, mbar)[0]

    assert low(0) < 0 < low(0.5)
    assert break_even(lambda m: relative_magnitude(event, m), 2.0) == pytest.approx(
        optimize.brentq(low, 0.5, 1), abs=1e-6
    )
    assert break_even(lambda m: (1 - m, 2.0)) == pytest.approx(1, abs=1e-7)
    assert break_even(lambda m: (-1.0, 1.0)) == 0
    assert replace(event, times=np.array([-2.0, -1.0, 1.0])).effect() == event.effect()
