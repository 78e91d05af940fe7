"""Samples that differ by a few: who is withheld, and that what is published of the study that ships holds no such pair."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from study_builder import build

from evaluation.language import LANGUAGES
from evaluation.measurement.scores import score_study
from evaluation.publishing.disclosure import SUPPRESSED
from evaluation.publishing.disclosure.covariates import hide_rare_levels
from evaluation.publishing.disclosure.curve import WHOLE, near_choices, without_near
from evaluation.publishing.disclosure.differencing import comparisons, effects_withheld, published_samples
from evaluation.publishing.disclosure.samples import (
    Published,
    Withheld,
    apply,
    decimals_left,
    near_pairs,
    withhold_near,
)
from evaluation.publishing.makers import MAKERS, publishable_table
from evaluation.publishing.published_tables import read_published, write_table
from evaluation.publishing.rules import RULES
from evaluation.publishing.withheld import REASONS, RECORD, record, suppression_sentence
from evaluation.study.folder import Study, load_study
from evaluation.study.places import study_folder


@cache
def shipped() -> tuple[Study, pd.DataFrame]:
    study = load_study(study_folder("volare-alto-2023"))
    return study, score_study(study)


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> dict[str, pd.DataFrame]:
    folder = tmp_path_factory.mktemp("tables")
    for name in RULES:
        write_table(publishable_table(name, *shipped()), folder / f"{name}.csv")
    return {name: read_published(folder / f"{name}.csv") for name in RULES}


def sample(
    row: str, children: range, interest: int, about: str = "score", others: range = range(100, 140)
) -> Published:
    groups = tuple(frozenset(map(str, group)) for group in (children, others))
    return Published("t", (("row", row),), (), frozenset({about}), groups, interest)


def test_of_two_samples_that_differ_by_a_few_the_one_of_smaller_interest_goes():
    one, few_more = sample("one", range(40), 2), sample("more", range(45), 1)
    assert list(near_pairs([one, few_more], 10)) == [(one, few_more)]
    assert [w.row for w in withhold_near([few_more, one], 10)] == [(("row", "more"),)]


@pytest.mark.parametrize(
    "other",
    [
        sample("other", range(40), 1), sample("other", range(50), 1), sample("other", range(45), 1, about="another thing"),
    ],
)  # fmt: skip
def test_nobody_or_enough_apart_or_about_something_else_is_no_pair(other: Published):
    assert withhold_near([sample("one", range(40), 2), other], 10) == []


def test_a_few_in_one_centre_are_a_few_although_many_differ_in_all():
    one, other = sample("one", range(40), 2), sample("other", range(46), 1, others=range(100, 146))
    assert withhold_near([one, other], 10)


def test_pooled_children_are_compared_with_those_of_both_centres():
    pooled = Published(
        "t", (("row", "all"),), (), frozenset({"score"}), (frozenset(map(str, [*range(41), *range(100, 140)])),), 1
    )
    assert list(near_pairs([sample("one", range(40), 2), pooled], 10))


def test_what_goes_is_no_reason_for_others_to_go():
    """The second is near the first and goes; the third is near the second only, and stays."""
    chain = [sample("1", range(40), 3), sample("2", range(46), 2), sample("3", range(52), 1)]
    assert [w.row[0][1] for w in withhold_near(chain, 10)] == ["2"]


def test_withheld_stays_withheld_and_rounded_keeps_words_and_counts():
    table = pd.DataFrame({"row": ["a", "b"], "x": [0.123456, 0.98765], "word": ["y", "z"], "n": [40, 41]})
    plan = [Withheld("t", (("row", "a"),), ("x",), "near"), Withheld("t", (("row", "a"),), (), "parts", 2),
            Withheld("t", (("row", "b"),), (), "parts", 2)]  # fmt: skip
    shown = apply(table, plan, ("row",))
    assert shown.to_numpy().tolist() == [["a", SUPPRESSED, "y", 40], ["b", 0.99, "z", 41]]


def test_no_pair_of_what_stays_published_is_near():
    study, scores = shipped()
    withheld = {
        (w.table, w.row, c) for w in effects_withheld(study, scores) if w.decimals is None for c in w.columns or ("",)
    }
    stays = [
        one
        for one in published_samples(study, scores, comparisons(study, scores))
        if not any((one.table, one.row, column) in withheld for column in one.columns or ("",))
    ]
    assert len(stays) > 100
    assert list(near_pairs(stays, study.protocol.privacy.minimum_cell)) == []


@pytest.mark.parametrize("name", sorted(RULES))
def test_every_column_of_a_table_has_its_rule(tables: dict[str, pd.DataFrame], name: str):
    assert set(tables[name].columns) == set(RULES[name].columns)


def test_the_number_a_contract_pays_on_keeps_its_digits(tables: dict[str, pd.DataFrame]):
    study = shipped()[0]
    rows = tables["estimates"]
    row = rows[
        (rows["outcome"] == study.protocol.primary.id) & (rows["estimator"] == study.protocol.analysis.estimator)
    ]
    assert all(
        len(row[column].iloc[0].lstrip("-0.")) >= 10 for column in ("estimate", "std_error", "ci_low", "ci_high")
    )


def test_the_panel_is_withheld_with_its_counts_where_a_few_children_are_lost(tables: dict[str, pd.DataFrame]):
    rows = tables["estimates"]
    numbers = rows.loc[rows["estimator"] == "panel", ["estimate", "df", "hedges_g", "n_treated", "n_comparison"]]
    assert (numbers == SUPPRESSED).all().all()


def test_bounds_tell_whether_the_conclusion_holds_and_no_more(tables: dict[str, pd.DataFrame]):
    rows = tables["bounds"]
    others = rows[rows["method"] != "complete_pairs"]
    assert (others[["lower", "upper", "ci_low", "ci_high"]] == SUPPRESSED).all().all()
    assert set(others["conclusion"]) <= {"holds", "does_not_hold", ""}
    raw = MAKERS["bounds"](*shipped())
    steam = raw[(raw["outcome"] == "steam") & (raw["method"] == "extreme_values")].iloc[0]
    assert steam["ci_low"] < 0 < steam["ci_high"]
    assert steam["conclusion"] == "does_not_hold"  # the pairs' interval lies above zero


def test_a_shift_holds_only_where_every_shift_of_its_kind_does():
    raw = MAKERS["bounds"](*shipped())
    shifts = raw[(raw["outcome"] == "steam") & (raw["method"] == "delta")]
    for _, kind in shifts.groupby("shifted"):
        assert set(kind["conclusion"]) == {"holds" if (kind["ci_low"] > 0).all() else "does_not_hold"}


def test_without_any_loss_nothing_is_near():
    """Children with every answer only: all samples are one, and the panel, the bounds and the parts keep their digits."""
    study, scores = shipped()
    wide = scores.pivot(index="participant", columns=["outcome", "wave"], values="score")
    complete = set(wide.index[wide.notna().all(axis=1)])
    children = study.participants[study.participants["participant"].isin(complete)]
    answers = study.responses[study.responses["participant"].isin(complete)]
    whole = replace(study, participants=children, responses=answers)
    found = effects_withheld(whole, score_study(whole))
    assert {w.reason for w in found if w.table not in ("balance", "omitted")} == set()  # these: rare categories


def test_the_name_of_a_rare_category_is_not_told():
    study, _ = shipped()
    sex = study.participants["sex"].astype(object).copy()
    sex.iloc[0] = "somebody"
    one = replace(study, participants=study.participants.assign(sex=sex))
    shown = hide_rare_levels(pd.DataFrame({"variable": ["sex: somebody", "sex: M", "age"]}), one)
    assert shown["variable"].tolist() == [f"sex: {SUPPRESSED}", "sex: M", "age"]
    levels = pd.DataFrame({"covariate": ["sex", "sex"], "level": ["somebody", "F"]})
    assert hide_rare_levels(levels, one)["level"].tolist() == [SUPPRESSED, "F"]


def test_a_third_category_does_not_come_back_as_the_rest():
    """Three boys of another school than those shown: one category that is shown has to go, though its own count is large."""
    study, scores = shipped()
    children = study.participants.copy()
    rng = np.random.default_rng(0)
    grades = rng.permutation(["b-second"] * 20 + ["c-third"] * (len(children) - 20))
    treated = np.flatnonzero(children["treated"])
    seen = (
        scores[scores["outcome"] == "steam"].pivot(index="participant", columns="wave", values="score").dropna().index
    )
    rare = [k for k in treated if children["participant"].iloc[k] in seen][:3]
    grades = np.where(
        np.isin(np.arange(len(children)), rare),
        "a-first",
        np.tile(["b-second", "c-third"], len(children))[: len(children)],
    )
    one = replace(study, participants=children.assign(school_grade=grades))
    shown = publishable_table("balance", one, score_study(one)).set_index("variable")["mean_treated"]
    told = [name for name in shown.index if name.startswith("school_grade") and shown[name] != SUPPRESSED]
    assert len(told) <= 1


def test_a_covariate_that_a_few_lack_is_left_out_of_the_curve():
    study, _ = shipped()
    age = study.participants["age"].copy()
    age.iloc[[0, 1, 2]] = np.nan
    one = replace(study, participants=study.participants.assign(age=age))
    scorings = {"protocol": score_study(one)}
    assert ("protocol", "all", "age") in near_choices(one, scorings)
    assert ("protocol", "all", "none") not in near_choices(one, scorings)
    table = pd.DataFrame(
        {
            "scoring": ["protocol"] * 2,
            "children": ["all"] * 2,
            "covariates": ["none", "age"],
            **{w: [1.0] * 2 for w in WHOLE},
        }
    )
    left = without_near(table, near_choices(one, scorings))
    assert left["covariates"].tolist() == ["none"]
    assert (left[WHOLE] == SUPPRESSED).all().all()


def test_the_record_names_every_cell_that_is_withheld(tables: dict[str, pd.DataFrame]):
    study, scores = shipped()
    found = record(study, scores, tables)
    assert tuple(found.columns) == RECORD
    withheld = found[found["decimals"].isna()]
    for name, table in tables.items():
        cells = int((table == SUPPRESSED).sum().sum())
        assert withheld.loc[withheld["table"] == name, "column"].str.split().str.len().sum() == cells, name
    assert set(found["reason"]) <= set(REASONS)
    assert {"near", "inferable", "few"} <= set(found["reason"])


def test_the_sentence_gives_the_numbers_and_the_reasons_in_both_languages(tables: dict[str, pd.DataFrame]):
    found = record(*shipped(), tables)
    cells = found.assign(n=found["column"].str.split().str.len())
    few = cells[cells["decimals"].isna() & (cells["reason"] == "inferable")]["n"].sum()
    for language in LANGUAGES:
        said = suppression_sentence(found, 10, language)
        assert f"{few} " in said
        assert REASONS["inferable"][language] in said
    nothing = {language: suppression_sentence(found.iloc[:0], 10, language) for language in LANGUAGES}
    assert nothing["en"].endswith("Nothing was withheld.")
    assert nothing["it"].endswith("Nulla è stato omesso.")


def test_the_page_explains_every_reason():
    page = (Path(__file__).parents[2] / "docs" / "disclosure.md").read_text(encoding="utf-8")
    assert all(f"`{reason}`" in page for reason in REASONS)


def test_mean_hours_that_one_child_dominates_or_all_share_are_withheld():
    study, scores = shipped()
    assert study.attendance is not None
    hours = study.attendance["hours"]
    one = study.attendance["participant"].iloc[0]
    lonely = study.attendance.assign(hours=hours.where(study.attendance["participant"] == one, 0.001))
    for attendance, told in ((study.attendance, True), (lonely, False)):
        shown = publishable_table("monitoring", replace(study, attendance=attendance), scores)
        mean = shown[shown["indicator_en"] == "hours attended by a child on average"]["value"].iloc[0]
        assert (mean != SUPPRESSED) == told


def later(
    folder: Path, sizes: tuple[int, int], leaving: tuple[int, int], waves: tuple[str, ...] = ("t0", "t1")
) -> Study:
    """A study of so many children a centre, of whom so many do not come to the last wave."""
    study = build(folder)
    if "t2" in waves:
        study.replace("protocol.yml", "role: endline}", "role: endline}\n  - {id: t2, role: follow_up}")
    names = [f"{centre}{k:02}" for centre, size in zip("NS", sizes, strict=True) for k in range(size)]
    gone = {f"{centre}{k:02}" for centre, few in zip("NS", leaving, strict=True) for k in range(few)}
    header, first, *_ = study.rows("participants.csv")
    children = [[name, "north" if name[0] == "N" else "south", *first[2:]] for name in names]
    rng = np.random.default_rng(1)
    ends = {"making": (1, 6), "worry": (0, 4), "travel": (5, 60)}
    items = [*(f"making_{k}" for k in range(1, 5)), "worry_1", "worry_2", "travel"]
    answers = [
        [name, wave, item, str(rng.integers(*ends[item.split("_")[0]]))]
        for name in names
        for wave in waves
        for item in items
        if wave != waves[-1] or name not in gone
    ]
    study.remove("attendance.csv").set_rows("participants.csv", [header, *children])
    return study.set_rows("responses.csv", [["participant", "wave", "item", "value"], *answers]).load()


def told_of(study: Study, table: str, **row: str) -> list[Withheld]:
    """What a table withholds of one row."""
    found = effects_withheld(study, score_study(study))
    return [one for one in found if one.table == table and set(one.row) <= set(row.items())]


def test_a_difference_is_no_change_it_knows_the_baseline(tmp_path: Path):
    """Less the effect, a later wave's difference is the gap at the baseline, of a child fewer than the first wave's."""
    study = later(tmp_path / "study", (24, 24), (1, 0), ("t0", "t1", "t2"))
    withheld = {
        name: [w.reason for w in told_of(study, "estimates", outcome="making", wave="t2", estimator=name)]
        for name in ("did", "difference")
    }
    assert {name: "near" in reasons for name, reasons in withheld.items()} == {"did": False, "difference": True}


@pytest.mark.parametrize(("sizes", "leaving", "reasons"), [((40, 30), (12, 10), ["trimmed"]), ((40, 30), (0, 0), [])])
def test_bounds_that_leave_out_a_few_are_withheld(
    sizes: tuple[int, int], leaving: tuple[int, int], reasons: list[str], tmp_path: Path
):
    """Of 28 and 20 who came, of 40 and 30, Lee's bounds leave out one and a third: the ends of that child's centre."""
    study = later(tmp_path / "study", sizes, leaving)
    assert [one.reason for one in told_of(study, "bounds", outcome="travel", wave="t1", method="lee")] == reasons


def test_means_of_a_composite_leave_the_lost_childs_score_open(tmp_path: Path):
    """All who standardise sum to zero: what the pairs' means lack to zero is the lost child's, up to n half steps."""
    study = later(tmp_path / "study", (60, 60), (1, 0))
    rows = [
        one
        for one in told_of(study, "balance", variable="skills", kind="outcome", wave="t1")
        if "mean_treated" in one.columns
    ]
    scores = score_study(study)
    start = (
        scores[(scores["wave"] == "t0") & scores["outcome"].isin(["making", "worry"])].groupby("outcome")["score"].std()
    )
    width = 0.5 * np.mean([4 / start["making"], 3 / start["worry"]])
    assert rows
    assert all(119 * 0.5 * 10.0**-one.decimals >= width for one in rows)
    assert all(119 * 0.5 * 10.0 ** -(one.decimals + 1) < width for one in rows)  # and no coarser than that


@pytest.mark.parametrize(
    ("children", "width", "reach", "decimals"),
    [(40, 2.0, 4.0, 1), (39, 2.0, 4.0, 0), (400, 2.0, 4.0, 2), (27, 30_000.0, 60_000.0, -4), (3, 1.5, 3.0, None)],
)  # fmt: skip
def test_so_many_decimals_that_the_sum_stays_open(children: int, width: float, reach: float, decimals: int | None):
    assert decimals_left(children, width, reach) == decimals
