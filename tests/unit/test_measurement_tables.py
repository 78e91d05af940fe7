"""reliability.csv, items.csv and the shares of answers: the same numbers as the measures, and none about too few."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from evaluation.measurement.complete import NoMeasure
from evaluation.measurement.item_functioning import screen_item
from evaluation.measurement.items import item_rest
from evaluation.measurement.omega import mcdonald_omega
from evaluation.measurement.raters import intraclass_correlations
from evaluation.measurement.reliability import cronbach_alpha
from evaluation.measurement.scale_tables import ITEMS, RELIABILITY, items_table, reliability_table, response_shares
from evaluation.measurement.scores import score_study
from evaluation.publishing.disclosure import SUPPRESSED, suppress_shares
from evaluation.publishing.makers import publishable_table
from evaluation.study.folder import Study
from evaluation.study.instrument import Instrument, Item
from evaluation.study.protocol import Protocol

N = 60
TREATED = np.arange(N) < 32
INTEREST = ("i1", "i2", "i3", "i4")
INSTRUMENT = Instrument(
    (
        *(Item(name, "interest", 1, 5, name == "i2", {"it": "", "en": ""}) for name in INTEREST),
        *(Item(name, "task", 0, 10, False, {"it": "", "en": ""}) for name in ("t1", "t2", "t3")),
        Item("travel", "", 0, None, False, {"it": "", "en": ""}),
    )
)
PROTOCOL = Protocol.model_validate(
    {
        "format": 1,
        "study": {"id": "tiny", "title": {"it": "Minimo", "en": "Tiny"}, "provenance": "synthetic"},
        "centres": {"treated": "a", "comparison": "b"},
        "waves": [{"id": "w0", "role": "baseline"}, {"id": "w1", "role": "endline"}],
        "outcomes": [
            {"id": "interest", "role": "primary", "kind": "scale"},
            {"id": "task", "role": "secondary", "kind": "scale"},
            {"id": "travel", "role": "placebo", "kind": "measure"},
        ],
    }
)


def drawn(seed: int = 1, missing: float = 0.05) -> dict[str, np.ndarray]:
    """Answers as given, item -> shape (children, 2 waves); of the task, shape (children, 2 waves, 2 raters)."""
    rng = np.random.default_rng(seed)
    ability = rng.normal(size=(N, 1)) + np.array([0, 0.4])
    given = {}
    for k, name in enumerate(INTEREST):
        raw = ability + rng.normal(size=(N, 2)) + 1.3 * (k == 0) * TREATED[:, None]
        given[name] = np.clip(np.round(3 + raw), 1, 5)
    given["i2"] = 6 - given["i2"]
    for name in ("t1", "t2", "t3"):
        seen = 5 + 1.5 * ability[..., None] + rng.normal(size=(N, 2, 2)) + [0, 0.5]
        given[name] = np.clip(np.round(seen), 0, 10)
    given["travel"] = rng.integers(5, 60, (N, 2)).astype(float)
    for name in INTEREST:
        given[name][rng.random((N, 2)) < missing] = np.nan
    given["t1"][:3, 0, 1] = np.nan  # three children whom the second rater did not see at the first task
    return given


def study(given: dict[str, np.ndarray], consenting: int = N) -> Study:
    codes = [f"c{k:02}" for k in range(N)]
    responses = pd.concat(
        pd.DataFrame({"participant": codes, "wave": f"w{w}", "item": item, "rater": rater, "value": column})
        for item, values in given.items()
        for w in (0, 1)
        for rater, column in (
            (("r1", values[:, w, 0]), ("r2", values[:, w, 1])) if values.ndim == 3 else (("", values[:, w]),)
        )
    )
    children = pd.DataFrame({"participant": codes, "treated": TREATED, "consenting": np.arange(N) < consenting})
    return Study(Path(), PROTOCOL, None, INSTRUMENT, children, responses, None, None)


def sheet(given: dict[str, np.ndarray], *items: str, wave: int = 0) -> np.ndarray:
    """Answer sheets, shape (children, items): raters averaged, i2 turned."""
    columns = []
    for item in items:
        values = given[item][:, wave]
        values = np.nanmean(values, axis=1) if values.ndim == 2 else values
        columns.append(6 - values if item == "i2" else values)
    return np.column_stack(columns)


SCALES = {"interest": INTEREST, "task": ("t1", "t2", "t3")}


@pytest.fixture(scope="module")
def given() -> dict[str, np.ndarray]:
    return drawn()


@pytest.fixture(scope="module")
def reliability(given: dict[str, np.ndarray]) -> pd.DataFrame:
    return reliability_table(study(given))


@pytest.fixture(scope="module")
def items(given: dict[str, np.ndarray]) -> pd.DataFrame:
    return items_table(study(given)).set_index(["item", "wave"])


def test_reliability_has_a_row_a_scale_and_wave(reliability):
    assert list(reliability.columns) == list(RELIABILITY)
    assert list(zip(reliability["outcome"], reliability["wave"], strict=True)) == [
        (scale, wave) for scale in SCALES for wave in ("w0", "w1")
    ]


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("wave", [0, 1])
def test_alpha_and_omega_are_those_of_the_answer_sheets(given, reliability, scale, wave):
    row = reliability.set_index(["outcome", "wave"]).loc[(scale, f"w{wave}")]
    answers = sheet(given, *SCALES[scale], wave=wave)
    alpha, omega = cronbach_alpha(answers), mcdonald_omega(answers)
    assert list(row[["items", "n"]]) == [len(SCALES[scale]), (~np.isnan(answers).any(axis=1)).sum()]
    # the same functions on the same numbers: rounding of another memory layout only
    expected = [alpha.alpha, alpha.low, alpha.high, omega.omega, omega.low, omega.high]
    assert list(row["alpha":"omega_high"]) == pytest.approx(expected, rel=1e-9)  # type: ignore[misc]


@pytest.mark.parametrize("wave", [0, 1])
def test_icc_is_of_one_rater_on_the_mean_ratings_of_each_child(given, reliability, wave):
    row = reliability.set_index(["outcome", "wave"]).loc[("task", f"w{wave}")]
    ratings = np.nanmean([given[item][:, wave] for item in SCALES["task"]], axis=0)
    (one,) = [icc for icc in intraclass_correlations(ratings) if icc.form == "ICC(2,1)"]
    assert list(row["raters":"icc_high"]) == pytest.approx([2, one.icc, one.low, one.high], rel=1e-9)  # type: ignore[misc]


def test_a_scale_without_raters_has_no_icc(reliability):
    interest = reliability[reliability["outcome"] == "interest"]
    assert interest[["raters", "icc", "icc_low", "icc_high"]].isna().all(axis=None)


@pytest.mark.filterwarnings("error")
def test_a_scale_that_does_not_vary_has_a_row_without_numbers(given):
    flat = {**given, **{item: np.full((N, 2), 3.0) for item in INTEREST}}
    row = reliability_table(study(flat)).iloc[0]
    assert row["alpha":"omega_high"].isna().all()  # type: ignore[misc]
    assert (row["items"], row["n"]) == (4, N)
    shown = items_table(study(flat)).set_index("item").loc["i1"].iloc[0]
    assert (shown["mean"], shown["sd"]) == (3, 0)
    assert shown[["item_rest", "dif_chi2", "dif_p", "dif_r2"]].isna().all()


def test_items_have_a_row_an_item_and_wave(items):
    assert ["item", "scale", "wave", *items.columns.drop("scale")] == list(ITEMS)
    assert list(items.index) == [(item.id, wave) for item in INSTRUMENT.items for wave in ("w0", "w1")]


@pytest.mark.parametrize(("item", "ends"), [("i1", (1, 5)), ("i2", (1, 5)), ("t1", (0, 10)), ("travel", None)])
@pytest.mark.parametrize("wave", [0, 1])
def test_an_item_is_described_after_turning(given, items, item, ends, wave):
    row = items.loc[(item, f"w{wave}")]
    answers = sheet(given, item, wave=wave)[:, 0]
    known = answers[~np.isnan(answers)]
    assert row["n"] == len(known)
    assert [row["mean"], row["sd"]] == pytest.approx([known.mean(), known.std(ddof=1)], rel=1e-12)
    expected = [np.nan, np.nan] if ends is None else [np.mean(known == end) for end in ends]
    np.testing.assert_array_equal(row[["floor", "ceiling"]].to_numpy(dtype=float), expected)


@pytest.mark.parametrize("wave", [0, 1])
def test_item_rest_is_the_correlation_with_the_rest_of_its_scale(given, items, wave):
    for scale in SCALES.values():
        for place, item in enumerate(scale):
            expected = item_rest(sheet(given, *scale, wave=wave), place).correlation
            assert items.loc[(item, f"w{wave}"), "item_rest"] == pytest.approx(expected, rel=1e-9)
    assert np.isnan(items.loc[("travel", "w0"), "item_rest"])


def test_screening_by_centre_is_at_the_baseline_on_the_mean_of_the_answered(given, items):
    for item in INTEREST:
        answers = sheet(given, *INTEREST)
        answered = (~np.isnan(answers)).sum(axis=1)
        score = np.where(answered >= 2, np.nansum(answers, axis=1) / np.maximum(answered, 1), np.nan)
        total = screen_item(sheet(given, item)[:, 0], score, TREATED).total
        row = items.loc[(item, "w0")]
        assert [row["dif_chi2"], row["dif_p"], row["dif_r2"]] == pytest.approx(
            [total.chi2, total.p_value, total.nagelkerke], rel=1e-7, abs=1e-9
        )
    dif = items[["dif_chi2", "dif_p", "dif_r2"]]
    assert dif.xs("w1", level="wave").isna().all(axis=None)
    assert dif.loc[("travel", "w0")].isna().all()
    assert dif.loc[("i1", "w0"), "dif_p"] < 0.05  # answered higher at the treated centre at the same interest


def test_nothing_comes_from_children_without_consent(given):
    less = study(given, consenting=50)
    kept = {item: values[:50] for item, values in given.items()}
    row = reliability_table(less).iloc[2]
    assert row["alpha"] == pytest.approx(cronbach_alpha(sheet(kept, *SCALES["task"])).alpha, rel=1e-9)
    ratings = np.nanmean([kept[item][:, 0] for item in SCALES["task"]], axis=0)
    assert row["icc"] == pytest.approx(intraclass_correlations(ratings)[1].icc, rel=1e-9)
    assert items_table(less)["n"].max() == 50


def test_an_item_nobody_answered_has_a_row_without_numbers(given):
    row = items_table(study({**given, "i1": np.full((N, 2), np.nan)})).iloc[0]
    assert row["n"] == 0
    assert row["mean":].isna().all()  # type: ignore[misc]
    with pytest.raises(NoMeasure):
        item_rest(np.column_stack([np.full(N, np.nan), np.ones(N)]), 0)


# --- shares that would reveal a child

MINIMUM = 4


@pytest.mark.parametrize("n", range(13))
def test_a_share_is_withheld_when_a_few_make_it_up_or_all_but_a_few(n):
    """Every number of children of every total up to twelve; none at all may be told, and nobody is singled out by it."""
    for part in range(n + 1):
        table = pd.DataFrame({"n": [n], "floor": [part / n if n else np.nan], "mean": [2.5]})
        shown = suppress_shares(table, ("floor",), "n", MINIMUM).iloc[0]
        told = n == 0 or part == 0 or MINIMUM <= part <= n - MINIMUM
        assert (shown["floor"] != SUPPRESSED) is told
        assert shown["mean"] == 2.5
        if told and n:
            assert shown["floor"] == part / n


def test_shares_are_withheld_each_by_itself_and_the_table_given_is_left_alone():
    table = pd.DataFrame({"n": [30, 30], "floor": [1 / 30, 10 / 30], "ceiling": [10 / 30, 29 / 30]})
    before = table.copy()
    shown = suppress_shares(table, ("floor", "ceiling"), "n", MINIMUM)
    assert (shown[["floor", "ceiling"]] == SUPPRESSED).to_numpy().tolist() == [[True, False], [False, True]]
    pd.testing.assert_frame_equal(table, before)


def test_the_published_items_withhold_small_shares(given):
    one = study(given)
    minimum = one.protocol.privacy.minimum_cell
    raw, shown = items_table(one), publishable_table("items", one, score_study(one))
    for share in ("floor", "ceiling"):
        part = (raw[share] * raw["n"]).round()
        told = raw[share].isna() | (part == 0) | ((part >= minimum) & (raw["n"] - part >= minimum))
        published = shown[share] != SUPPRESSED
        assert not (published & ~told).any()  # more may be withheld, so that no other share follows
        assert 0 < published.sum() <= told.sum() < len(told)


def answered(*counts: int) -> dict[str, np.ndarray]:
    """The interest items with so many low, middle and high answers at the baseline."""
    column = np.full(N, np.nan)
    column[: sum(counts)] = np.repeat([2.0, 3.0, 4.0], counts)
    return {**drawn(missing=0), **{item: np.column_stack([column, column]) for item in INTEREST}}


@pytest.mark.parametrize(
    ("counts", "told"),
    [
        ((4, 5, 6), True), ((0, 5, 6), True), ((4, 0, 4), True), ((3, 5, 6), False), ((5, 1, 6), False),
        ((5, 6, 3), False), ((8, 0, 0), False), ((0, 0, 3), False), ((0, 0, 0), False),
    ],
)  # fmt: skip
def test_shares_of_answers_are_told_where_none_is_made_up_by_a_few(counts, told):
    shown = response_shares(study(answered(*counts)), "w0", MINIMUM).set_index("item")
    assert list(shown.columns) == ["scale", "n", "low", "middle", "high"]
    assert shown.loc["i1", ["low", "middle", "high"]].notna().to_numpy().tolist() == [told] * 3
    if told:
        np.testing.assert_allclose(
            shown.loc["i1", ["low", "middle", "high"]].to_numpy(float), np.array(counts) / sum(counts)
        )
        turned = shown.loc["i2", ["low", "middle", "high"]].to_numpy(float)  # i2 is reversed
        np.testing.assert_allclose(turned, np.array(counts[::-1]) / sum(counts))


@pytest.mark.parametrize("seed", range(4))
def test_no_count_that_can_be_worked_out_from_the_shares_is_below_the_minimum(seed):
    shown = response_shares(study(drawn(seed, missing=0.4)), "w0", MINIMUM)
    counts = shown[["low", "middle", "high"]].mul(shown["n"], axis=0).round(9)
    told = counts[counts.notna().all(axis=1)]
    assert ((told == 0) | (told >= MINIMUM)).all(axis=None)
    assert counts.isna().any(axis=1).equals(counts.isna().all(axis=1))
    assert (shown["n"].dropna() >= MINIMUM).all()
    assert "travel" not in set(shown["item"])


def test_the_number_of_a_few_answers_is_not_told_either():
    shown = response_shares(study(answered(0, 0, 3)), "w0", MINIMUM).set_index("item")
    assert np.isnan(shown.loc["i1", "n"])
    assert shown.loc["t1", "n"] == N
