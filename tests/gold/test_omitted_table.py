"""The table of confounder benchmarks against R sensemakr.

Numbers: reference/gold/study_{a,c}_sensemakr.json, made by scripts/05_bounds_sensitivity.R from reference/data.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from evaluation.counterfactual.sample import Sample
from evaluation.counterfactual.sensitivity.omitted_table import (
    BEYOND,
    Benchmarked,
    benchmarked,
    omitted_sentence,
    omitted_table,
)
from evaluation.study.contract import Contract
from evaluation.study.folder import Study
from evaluation.study.instrument import Instrument
from evaluation.study.protocol import Protocol

REFERENCE = Path(__file__).parent / "reference"
OUTCOMES = ("resilience", "teamwork", "communication", "self_efficacy", "digital")
CASES = [(study, outcome) for study in ("study_a", "study_c") for outcome in OUTCOMES]
CLOSED = 1e-9  # closed forms of a least-squares fit on both sides: rounding only
SENSEMAKR = {
    "r2_centre": "r2dz.x", "r2_outcome": "r2yz.dx", "estimate": "adjusted_estimate", "std_error": "adjusted_se",
    "t": "adjusted_t", "low": "adjusted_lower_CI", "high": "adjusted_upper_CI",
}  # fmt: skip


def waves(study: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    table = pd.read_csv(REFERENCE / "data" / f"{study}.csv")
    table = table.assign(female=(table["sex"] == "F").astype(float))
    before, after = (table[table["wave"] == wave].set_index("participant_id") for wave in (0, 1))
    return before, after.reindex(before.index)


def study_of(name: str, *, minimum: int = 10) -> Study:
    """The reference data as a study: digital is primary, teamwork is paid for, resilience neither."""
    before, _ = waves(name)
    protocol = Protocol.model_validate(
        {
            "format": 1,
            "study": {"id": "reference", "title": {"it": "r", "en": "r"}, "provenance": "public"},
            "centres": {"treated": "1", "comparison": "0"},
            "waves": [{"id": "t0", "role": "baseline"}, {"id": "t1", "role": "endline"}],
            "outcomes": [
                {"id": outcome, "role": role, "kind": "measure", "unit": "points"}
                for outcome, role in (("resilience", "secondary"), ("teamwork", "secondary"), ("digital", "primary"))
            ],
            "covariates": ["age", "female", "migrant"],
        }
    )
    children = before.reset_index()[["participant_id", "age", "female", "migrant", "treat"]]
    children = children.rename(columns={"participant_id": "participant"})
    children = children.assign(treated=children["treat"] == 1, consenting=True)
    return Study(Path(), protocol, paying("teamwork"), Instrument(()), children, pd.DataFrame(), None, None)


def paying(outcome: str) -> Contract:
    metric = {
        "id": "m",
        "label": {"it": "m", "en": "m"},
        "unit": "points",
        "direction": "higher",
        "outcome": outcome,
        "wave": "t1",
    }
    identity = {
        "id": "c", "version": "1", "status": "test", "fictional": True, "currency": "EUR", "effective": "2023-01-01",
    }  # fmt: skip
    return Contract.model_validate(
        {
            "contract": identity, "metrics": [metric], "limits": {"total_cap": 10, "carry_forward": False},
            "rules": [{"id": "r", "metric": "m", "formula": {"per_unit": {"price": 1}}}],
            "rounding": {"mode": "half_even", "decimals": 2},
        }
    )  # fmt: skip


def scores_of(name: str) -> pd.DataFrame:
    parts = [
        pd.DataFrame(
            {"participant": wave.index, "wave": label, "outcome": outcome, "score": wave[outcome].to_numpy(float)}
        )
        for label, wave in zip(("t0", "t1"), waves(name), strict=True)
        for outcome in ("resilience", "teamwork", "digital")
    ]
    return pd.concat(parts, ignore_index=True)


def sample(study: str, outcome: str) -> Sample:
    before, after = waves(study)
    names = ("age", "female", "migrant")
    scores = [wave[outcome].to_numpy(dtype=float) for wave in (before, after)]
    return Sample((before["treat"] == 1).to_numpy(), *scores, before[list(names)].to_numpy(dtype=float), names)


def gold(study: str, outcome: str) -> dict:
    return json.loads((REFERENCE / "gold" / f"{study}_sensemakr.json").read_text())["outcomes"][outcome]


@pytest.mark.parametrize(("study", "outcome"), CASES)
def test_the_rows_are_those_of_sensemakr(study, outcome):
    expected = gold(study, outcome)
    found = pd.DataFrame([asdict(row) for row in benchmarked(sample(study, outcome), Benchmarked(outcome, "t1"))])
    plain = found.iloc[0]
    ancova = expected["ancova"]
    assert (plain["estimate"], plain["std_error"], plain["t"]) == pytest.approx(
        (ancova["estimate"], ancova["se"], ancova["t"]), rel=CLOSED
    )
    assert (plain["low"] + plain["high"]) / 2 == pytest.approx(ancova["estimate"], rel=CLOSED)
    strength = (ancova["partial_r2_yd_x"], ancova["rv_q1"], ancova["rv_q1_alpha05"])
    assert (plain["partial_r2"], plain["rv"], plain["rv_alpha"]) == pytest.approx(strength, rel=CLOSED)
    compared = 0
    for bounds in (ancova["bounds"], expected["ancova_bounds_y0_age"]):
        columns = [column for column in SENSEMAKR.values() if column in bounds]
        for label, *cells in zip(*(np.atleast_1d(bounds[c]) for c in ("bound_label", *columns)), strict=True):
            multiple, benchmark = label.split("x ")
            row = found[
                (found["benchmark"] == benchmark.replace("y0", "baseline")) & (found["multiple"] == float(multiple))
            ].iloc[0]
            for column, cell in zip(columns, cells, strict=True):
                ours = row[next(k for k, v in SENSEMAKR.items() if v == column)]
                if row["capped"] and column not in ("r2dz.x", "r2yz.dx", "adjusted_estimate"):
                    assert np.isnan(ours)  # R gives no error, and an infinite t
                else:
                    assert ours == pytest.approx(float(cell), rel=CLOSED), (label, column)
            compared += 1
    assert compared >= 4


def test_the_table_holds_primary_and_paid_outcomes_with_every_benchmark():
    table = omitted_table(study_of("study_a"), scores_of("study_a"))
    assert table["outcome"].unique().tolist() == ["teamwork", "digital"]
    one = table[table["outcome"] == "digital"]
    assert one["benchmark"].tolist() == [""] + [n for n in ("baseline", "age", "female", "migrant") for _ in range(3)]
    assert one["multiple"].tolist() == [0, *[1, 2, 3] * 4]
    ancova = gold("study_a", "digital")["ancova"]
    assert one["estimate"].iloc[0] == pytest.approx(ancova["estimate"], rel=CLOSED)
    assert (one["n_treated"] == 43).all()
    assert (one["n_comparison"] == 39).all()
    assert (one["unit"] == "points").all()


def test_a_benchmark_no_confounder_can_multiply_says_so():
    """The centre follows the covariate closely: three times as much cannot be left to explain."""
    rng = np.random.default_rng(1)
    treated = np.arange(60) < 30
    covariate = treated + rng.normal(0, 0.45, 60)
    before = rng.normal(0, 1, 60)
    one = Sample(treated, before, before + treated + rng.normal(0, 1, 60), covariate[:, None], ("near",))
    rows = {(row.benchmark, row.multiple): row for row in benchmarked(one, Benchmarked("y", "t1"))}
    refused = rows["near", 3]
    assert (refused.reason_it, refused.reason_en) == (BEYOND["it"], BEYOND["en"])
    assert np.isnan([refused.estimate, refused.t, refused.r2_centre]).all()
    assert refused.rv == rows["baseline", 1].rv > 0


@pytest.mark.parametrize(("before", "after"), [([1, 2, 3], [2, 3, 5]), ([1, 1, 1, 1, 1, 1], [2, 2, 2, 2, 2, 2])])
def test_without_an_ancova_row_there_is_its_reason_in_both_languages(before, after):
    n = len(before)
    one = Sample(np.arange(n) < n // 2, np.array(before, float), np.array(after, float), np.empty((n, 0)))
    (row,) = benchmarked(one, Benchmarked("y", "t1"))
    assert row.reason_en
    assert row.reason_it not in ("", row.reason_en)
    assert np.isnan([row.estimate, row.rv, row.partial_r2]).all()
    assert row.n_treated + row.n_comparison == n


# The sentence -----------------------------------------------------------------------------------------------------


def rows(effect: float, left: float, low: float, high: float, rv_alpha: float = 0.1, **change: object) -> pd.DataFrame:
    first = Benchmarked(
        "y", "t1", estimate=effect, low=effect - 1, high=effect + 1, rv=0.25, rv_alpha=rv_alpha, unit="points"
    )
    weak = Benchmarked(
        "y", "t1", "age", 1, estimate=effect * 0.99, low=effect - 1, high=effect + 1, rv=0.25, unit="points"
    )
    strong = Benchmarked("y", "t1", "baseline", 1, estimate=left, low=low, high=high, rv=0.25, unit="points")
    other = Benchmarked("z", "t1", estimate=99.0, rv=0.99)
    return pd.DataFrame([asdict(row) | change for row in (first, weak, strong)] + [asdict(other)])


@pytest.mark.parametrize("publish", [False, True])
@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize(
    ("left", "reach", "rv_alpha", "said", "unsaid"),
    [
        (1.5, 1.0, 0.1, ("1.50 points: in the same direction.", "10.0", "is enough"), ("chance", "stand")),
        (0.5, 1.0, 0.0, ("0.50 points: in the same direction, but not told from chance", "holds zero already"), ("stand",)),
        (-0.5, 1.0, 0.1, ("0.50 points: the effect would not stand",), ("direction",)),
        (0.5, np.nan, 0.1, ("0.50 points: in the same direction.",), ("chance",)),
    ],
)  # fmt: skip
def test_the_sentence_says_what_is_left_of_the_effect(left, reach, rv_alpha, said, unsaid, sign, publish):
    table = rows(2.0 * sign, left * sign, left * sign - reach, left * sign + reach, rv_alpha)
    if publish:
        table = table.map(lambda cell: "" if cell != cell else str(cell))
    found = omitted_sentence(table)
    plain = found["en"].replace("\N{NO-BREAK SPACE}", " ")
    assert [part for part in (*said, "25.0 %", "2.00 points", "the baseline score") if part not in plain] == [], plain
    assert [part for part in unsaid if part in plain] == [], plain
    assert ("\N{MINUS SIGN}2.00" in plain) == (sign < 0)
    assert "99" not in plain
    assert "nan" not in plain + found["it"]


def test_the_sentence_says_when_there_is_nothing_to_say():
    table = rows(2.0, 1.5, 0.5, 2.5)
    assert "No outcome" in omitted_sentence(table.iloc[:0])["en"]
    assert "cannot be made: why" in omitted_sentence(table.assign(reason_en="why", reason_it="perché"))["en"]
    assert "withheld" in omitted_sentence(table.assign(rv="suppressed"))["en"]
    assert "yardstick" in omitted_sentence(table.iloc[:1])["en"]
    assert "«age»" in omitted_sentence(table.iloc[:2])["en"]
