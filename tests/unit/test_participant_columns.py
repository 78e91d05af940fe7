"""Covariates as children's columns really are: a slip of the pen in one cell moves one cell, and somebody is told."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from study_builder import StudyFolder, build

from evaluation import (
    ESTIMATORS,
    Sample,
    build_sample,
    cronbach_alpha,
    event_study,
    relative_magnitude,
    score_study,
    smoothness,
)
from evaluation.checks import check_folder
from evaluation.counterfactual.estimators.estimable import estimable
from evaluation.measurement.scores import fewest_answered
from evaluation.reporting.displays.inference_tables import covariates_used

ADJUSTED = [name for name, estimator in ESTIMATORS.items() if estimator.covariates]


@pytest.fixture
def study(tmp_path: Path) -> StudyFolder:
    return build(tmp_path / "study")


def declare(study: StudyFolder, covariates: str) -> StudyFolder:
    return study.replace("protocol.yml", "covariates: [age, sex]", f"covariates: [{covariates}]")


def columns(study: StudyFolder) -> tuple[str, ...]:
    loaded = study.load()
    return build_sample(loaded, score_study(loaded), "skills", "t1").covariate_names


def test_one_cell_that_is_no_number_is_told_and_leaves_one_column(study: StudyFolder):
    study.add_column("participants.csv", "minutes", lambda row: str(10 + int(row[0][1:])))
    declare(study, "minutes").cell("participants.csv", 5, "minutes", "n/d")
    finding = study.only()
    assert (finding.level, finding.kind, finding.row, finding.column, finding.found) == (
        "warning",
        "no_number",
        5,
        "minutes",
        "n/d",
    )
    assert columns(study) == ("minutes",)
    assert study.load().participants["minutes"].isna().sum() == 1
    study.replace("protocol.yml", "[minutes]", "[{id: minutes, kind: number}]")
    assert (study.only().level, study.only().kind) == ("error", "invalid_value")


def test_decimal_commas_throughout_are_errors_not_categories(study: StudyFolder):
    study.add_column("participants.csv", "minutes", lambda row: f"{row[0][1:]},5")
    found = declare(study, "minutes").findings()
    assert {(f.level, f.kind) for f in found} == {("error", "invalid_value")}
    assert len(found) == 24


@pytest.mark.parametrize(("cells", "kind"), [(("001", "002", "003"), "category"), (("1", "2", "3"), "number")])
def test_codes_are_categories_unless_declared(study: StudyFolder, cells: tuple[str, ...], kind: str):
    declare(study, "school").add_column("participants.csv", "school", lambda row: cells[int(row[0][1:]) % 3])
    dummies = (f"school: {cells[1]}", f"school: {cells[2]}")
    assert columns(study) == (("school",) if kind == "number" else dummies)
    other = "category" if kind == "number" else "number"
    study.replace("protocol.yml", "[school]", f"[{{id: school, kind: {other}}}]")
    assert columns(study) == (("school",) if other == "number" else dummies)
    assert study.findings() == []


def test_declared_levels_fix_the_reference_and_refuse_others(study: StudyFolder):
    declare(study, "{id: sex, kind: category, levels: [M, F]}")
    assert columns(study) == ("sex: F",)
    finding = study.cell("participants.csv", 3, "sex", "f").only()
    assert (finding.level, finding.kind, finding.row, finding.action["en"]) == (
        "error",
        "unknown_level",
        3,
        "Did you mean F?",
    )


@pytest.mark.parametrize(
    ("common", "rare"),
    [("F", "f"), ("F", "F "), ("città", "citta"), ("città", "CITTÀ"), ("citta", "citta'"), ("001", "1"), ("primaria", "primria")],
)  # fmt: skip
def test_a_rare_spelling_is_a_warning_with_the_likely_word(study: StudyFolder, common: str, rare: str):
    declare(study, "{id: place, kind: category}")
    study.add_column("participants.csv", "place", lambda row: "elsewhere" if row[0] in ("N00", "S00") else common)
    assert study.findings() == []
    finding = study.cell("participants.csv", 9, "place", rare).only()
    assert (finding.level, finding.kind, finding.row, finding.found) == ("warning", "spelling", 9, rare)
    assert finding.action["en"] == f"Did you mean {common}?"


def test_unlike_words_and_codes_of_one_letter_are_let_alone(study: StudyFolder):
    words = ("A", "B", "A1", "B1", "+", "-1", "nord", "sud", "prima", "terza")
    declare(study, "{id: place, kind: category}")
    study.add_column("participants.csv", "place", lambda row: words[int(row[0][1:]) % len(words)])
    assert study.findings() == []


def test_a_rating_without_a_rater_beside_named_ones_is_told(study: StudyFolder):
    study.add_column("responses.csv", "rater", lambda row: "r1" if row[2] == "making_1" else "")
    study.cell("responses.csv", 2, "rater", " ")
    found = [f for f in check_folder(study.path)[1] if f.kind == "unnamed_rater"]
    assert [(f.level, f.row, f.column) for f in found] == [("warning", 2, "rater")]


def test_a_level_nobody_is_left_of_is_named_and_never_the_reference(study: StudyFolder):
    gone = ("N00", "N01", "S00")
    declare(study, "place").add_column(
        "participants.csv", "place", lambda row: "a" if row[0] in gone else "bc"[int(row[0][1:]) % 2]
    )
    study.set_rows(
        "responses.csv", [row for row in study.rows("responses.csv") if row[0] not in gone or row[1] == "t0"]
    )
    study.replace("protocol.yml", "minimum_cell: 10", "minimum_cell: 3")
    loaded = study.load()
    sample = build_sample(loaded, score_study(loaded), "skills", "t1")
    assert (sample.covariate_names, sample.dropped) == (("place: c",), ("place: a",))
    lost = loaded.participants["participant"].isin(gone).to_numpy()
    assert np.isnan(sample.covariates[lost]).all()
    assert covariates_used(loaded, sample, "en").endswith("tell no child analysed from another: place: a.")


RNG = np.random.default_rng(3)
N = 40
D = np.arange(N) < 21
BEFORE = RNG.normal(50, 8, N)
SAMPLE = Sample(
    D,
    BEFORE,
    BEFORE + RNG.normal(0, 4, N) + 3 * D,
    np.column_stack([RNG.normal(13, 2, N), np.arange(N) % 2]),
    ("age", "sex: M"),
)


def with_column(sample: Sample, name: str, values: np.ndarray) -> Sample:
    return replace(
        sample, covariates=np.column_stack([sample.covariates, values]), covariate_names=(*sample.covariate_names, name)
    )


@pytest.mark.parametrize("estimator", ADJUSTED)
@pytest.mark.parametrize("child", [4, 30])
def test_a_child_alone_in_its_level_drops_out(estimator: str, child: int):
    """The coefficient of its own dummy fits it exactly, as for clubSandwich's CR2 and estimatr's HC2 in R."""
    lone = np.arange(N) == child
    found = ESTIMATORS[estimator](with_column(SAMPLE, "sex: f", lone * 1.0))
    without = ESTIMATORS[estimator](SAMPLE.keep(~lone))
    np.testing.assert_allclose(
        [found.estimate, found.std_error, found.df], [without.estimate, without.std_error, without.df], rtol=1e-9
    )
    # the reference level may be the lone one just as well
    turned = replace(SAMPLE, covariates=SAMPLE.covariates[:, :1], covariate_names=("age",))
    other = with_column(
        with_column(turned, "b", (SAMPLE.covariates[:, 1] == 1) & ~lone), "c", (SAMPLE.covariates[:, 1] == 0) & ~lone
    )
    assert ESTIMATORS[estimator](other).estimate == pytest.approx(without.estimate, rel=1e-9)


@pytest.mark.parametrize("estimator", ADJUSTED)
def test_a_covariate_that_follows_from_those_before_it_changes_nothing_and_is_named(estimator: str):
    plain = ESTIMATORS[estimator](SAMPLE)
    repeated = with_column(SAMPLE, "months", 12 * SAMPLE.covariates[:, 0] - 3 * SAMPLE.covariates[:, 1])
    assert ESTIMATORS[estimator](repeated).estimate == pytest.approx(plain.estimate, rel=1e-9)
    assert estimable(repeated).dropped == ("months",)
    assert estimable(repeated).covariate_names == ("age", "sex: M")


@pytest.mark.parametrize(
    ("declared", "items", "fewest"),
    [(0.67, 6, 4), (0.667, 6, 4), (0.7, 6, 5), (0.5, 5, 3), (0.33, 3, 1), (1, 7, 7), (0.6667, 6, 4)],
)
def test_a_share_counts_to_the_decimals_it_was_declared_with(declared: float, items: int, fewest: int):
    assert fewest_answered(declared, items) == fewest


def test_items_that_do_not_vary_move_no_alpha():
    """As R's psych, which leaves them out and says so: Cronbach's example of three items keeps its .9364."""
    answers = np.array([[1, 2, 1], [2, 2, 3], [3, 4, 3], [4, 4, 5], [5, 5, 4.0]])
    alpha = cronbach_alpha(answers)
    still = np.insert(answers, [1, 3], 3.0, axis=1)
    still[0, 1] = np.nan  # nor does a gap in such an item cost a sheet
    found = cronbach_alpha(still)
    assert alpha.alpha == pytest.approx(0.9364, abs=5e-5)
    assert replace(found, constant=()) == alpha
    assert found.constant == (1, 4)


@pytest.mark.parametrize("shift", [1e7, 1e9, -1e8])
def test_honest_bounds_do_not_depend_on_where_the_scores_lie(shift: float):
    scores = np.column_stack([BEFORE + RNG.normal(0, 3, N), BEFORE, SAMPLE.follow_up])
    near, far = event_study(scores, D, 1), event_study(scores + shift, D, 1)
    for bounds in (lambda e: smoothness(e, 0.5), lambda e: relative_magnitude(e, 0.5)):
        np.testing.assert_allclose(bounds(far), bounds(near), rtol=1e-4)
    for name in ("did", "ancova", "entropy"):
        moved = replace(SAMPLE, baseline=SAMPLE.baseline + shift, follow_up=SAMPLE.follow_up + shift)
        assert ESTIMATORS[name](moved).estimate == pytest.approx(ESTIMATORS[name](SAMPLE).estimate, rel=1e-4)
