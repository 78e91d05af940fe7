"""The final project: nothing in its folder tells the truth, answers come after the lock, every flaw shows, marks are fair."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from evaluation_course.data import LessonData
from evaluation_course.project import FLAWS, hidden, prepare, true_effect
from evaluation_course.rubric import grade, report

from evaluation.assurance.lock.lock import write_lock
from evaluation.checks import checked_study
from evaluation.counterfactual.analysis import estimate_effect
from evaluation.counterfactual.estimate import Estimate
from evaluation.counterfactual.sample import build_sample
from evaluation.errors import UserError
from evaluation.measurement.scores import score_study

SEEDS = {
    flaw: next(seed for seed in range(999) if hidden(seed).flaw == flaw and hidden(seed).sound.effects["task"])
    for flaw in FLAWS
}


def choose(folder: Path, estimator: str = "did") -> None:
    protocol = folder / "protocol.yml"
    text = protocol.read_text(encoding="utf-8")
    assert "estimator:   # da scegliere" in text
    protocol.write_text(text.replace("estimator:   #", f"estimator: {estimator}  #"), encoding="utf-8")


def finished(folder: Path, seed: int, estimator: str = "did") -> Path:
    """A project whose protocol was completed and locked, with all its answers."""
    prepare(seed, folder)
    choose(folder, estimator)
    write_lock(folder)
    prepare(seed, folder)
    return folder


@pytest.fixture(scope="module")
def projects(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    root = tmp_path_factory.mktemp("projects")
    return {flaw: finished(root / flaw, seed) for flaw, seed in SEEDS.items()}


def data(folder: Path) -> LessonData:
    study, _ = checked_study(folder)
    return LessonData(study, score_study(study))


def estimate(folder: Path, outcome: str = "") -> Estimate:
    here = data(folder)
    chosen = here.study.protocol.outcome(outcome) if outcome else here.study.protocol.primary
    sample = build_sample(here.study, here.scores, chosen.id, here.wave)
    return estimate_effect(here.study, sample, chosen, here.wave, "did")


def conclude(folder: Path, **other: object) -> None:
    found = estimate(folder)
    said = {"estimate": round(found.estimate, 2), "low": round(found.ci_low, 2), "high": round(found.ci_high, 2)}
    said |= {"finding": "undecided", "flaw": "none", "why": "…"} | other
    (folder / "conclusions.yml").write_text(yaml.safe_dump(said), encoding="utf-8")


def test_every_flaw_is_drawn_by_some_seed_and_a_seed_always_draws_the_same() -> None:
    drawn = [hidden(seed).flaw for seed in range(60)]
    assert set(drawn) == set(FLAWS)
    assert drawn == [hidden(seed).flaw for seed in range(60)]


def test_the_true_effect_is_that_of_the_parameters() -> None:
    none = next(seed for seed in range(999) if hidden(seed).sound.effects["task"] == 0)
    large = next(seed for seed in range(999) if hidden(seed).sound.effects["task"] == 0.9)
    assert true_effect(none) == 0
    assert 0.9 < true_effect(large) < 1.9  # the composite is measured with error: near the latent size


@pytest.mark.parametrize("flaw", FLAWS)
def test_the_first_delivery_holds_neither_truth_nor_later_answers(flaw: str, tmp_path: Path) -> None:
    prepare(SEEDS[flaw], tmp_path / "p")
    names = {path.name for path in (tmp_path / "p").iterdir()}
    assert "attendance.csv" not in names
    assert set(pd.read_csv(tmp_path / "p" / "responses.csv", dtype=str)["wave"]) == {"t0"}
    assert pd.read_csv(tmp_path / "p" / "participants.csv", dtype=str)["left_on"].isna().all()
    assert str(hidden(SEEDS[flaw]).sound.seed) not in "".join(p.read_text("utf-8") for p in (tmp_path / "p").iterdir())


def test_what_is_no_answer_of_a_child_is_the_same_for_every_seed(tmp_path: Path) -> None:
    for flaw, seed in SEEDS.items():
        prepare(seed, tmp_path / flaw)
    for path in (tmp_path / "none").iterdir():
        if path.name not in ("participants.csv", "responses.csv"):
            assert {(tmp_path / flaw / path.name).read_bytes() for flaw in FLAWS} == {path.read_bytes()}, path.name


def test_the_protocol_cannot_be_run_before_a_choice(tmp_path: Path) -> None:
    prepare(1, tmp_path / "p")
    with pytest.raises(UserError, match="estimator"):
        checked_study(tmp_path / "p")


def test_later_answers_come_after_the_lock_and_once(tmp_path: Path) -> None:
    folder = tmp_path / "p"
    prepare(1, folder)
    with pytest.raises(UserError, match="not locked"):
        prepare(1, folder)
    choose(folder)
    write_lock(folder)
    prepare(1, folder)
    assert set(pd.read_csv(folder / "responses.csv", dtype=str)["wave"]) == {"t0", "t1"}
    with pytest.raises(UserError, match="delivered already"):
        prepare(1, folder)


def test_a_folder_of_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(UserError, match="something else"):
        prepare(1, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["letter.txt"]


# that each flaw can be seen where a student would look ------------------------------------------------------------


def test_a_centre_that_moves_by_itself_moves_the_placebo_scales(projects: dict[str, Path]) -> None:
    for flaw, folder in projects.items():
        placebos = np.mean([estimate(folder, scale).estimate for scale in ("emotions", "school")])
        assert (placebos > 0.25) == (flaw in ("own_trend", "comparison_shock")), flaw


def test_the_means_tell_whose_trend_it_was(projects: dict[str, Path]) -> None:
    for flaw, moved, still in (("own_trend", True, False), ("comparison_shock", False, True)):
        children = data(projects[flaw]).children("school")
        change = children.groupby("treated")["change"].mean()
        assert abs(change[moved]) > 2 * abs(change[still])


def test_attrition_is_unequal_and_not_by_chance(projects: dict[str, Path]) -> None:
    sample = data(projects["attrition"]).sample("interest")
    lost = np.isnan(sample.follow_up)
    assert lost[sample.treated].mean() - lost[~sample.treated].mean() > 0.15
    here = sample.treated & ~np.isnan(sample.baseline)
    assert sample.baseline[here & lost].mean() < sample.baseline[here & ~lost].mean()


def test_reversed_items_and_ceilings_show_in_the_answers(projects: dict[str, Path]) -> None:
    def answers(flaw: str) -> pd.DataFrame:
        study = data(projects[flaw]).study
        return study.responses[study.responses["wave"] == "t0"].pivot_table(
            index="participant", columns="item", values="value"
        )

    study = data(projects["none"]).study
    turned = [item.id for item in study.instrument.items if item.reverse and item.scale == "futures"]
    plain = [item.id for item in study.instrument.items if not item.reverse and item.scale == "futures"]
    assert answers("none")[turned].mean(axis=1).corr(answers("none")[plain].mean(axis=1)) < 0
    assert answers("reversed_item")[turned].mean(axis=1).corr(answers("reversed_item")[plain].mean(axis=1)) > 0
    assert (answers("ceiling")[plain] == 5).mean().mean() > 0.5 > (answers("none")[plain] == 5).mean().mean()


# marks ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("flaw", FLAWS)
def test_right_conclusions_get_every_point_and_the_truth_is_told(projects: dict[str, Path], flaw: str) -> None:
    found = estimate(projects[flaw])
    sure = "effect" if found.ci_low > 0 or found.ci_high < 0 else "no_effect"
    conclude(projects[flaw], flaw=flaw, finding=sure if flaw == "none" else "undecided")
    marks = grade(SEEDS[flaw], projects[flaw])
    assert sum(mark.points for mark in marks) == sum(mark.of for mark in marks) == 10
    lines = report(SEEDS[flaw], projects[flaw])
    assert FLAWS[flaw]["it"] in lines["it"][0]
    assert "10" in lines["en"][-1]


def test_wrong_conclusions_lose_their_points(projects: dict[str, Path], tmp_path: Path) -> None:
    folder = shutil.copytree(projects["own_trend"], tmp_path / "copy")
    conclude(folder, flaw="comparison_shock", finding="effect", estimate=9.0)
    marks = [mark.points for mark in grade(SEEDS["own_trend"], folder)]
    assert marks == [2, 2, 0, 1, 1, 0]


def test_a_plan_without_comparison_and_a_changed_plan_lose_theirs(tmp_path: Path) -> None:
    folder = finished(tmp_path / "p", 1, "before_after")
    conclude(folder)
    assert grade(1, folder)[0].points == 0
    plan = folder / "protocol.yml"
    plan.write_text(plan.read_text(encoding="utf-8").replace("alpha: 0.05", "alpha: 0.1"), encoding="utf-8")
    assert grade(1, folder)[1].points == 1


@pytest.mark.parametrize("written", ["estimate:", "flaw: nothing", "[", "why: " + "x" * 2_000_000])
def test_conclusions_that_cannot_be_read_are_a_user_error(
    projects: dict[str, Path], tmp_path: Path, written: str
) -> None:
    folder = shutil.copytree(projects["none"], tmp_path / "copy")
    (folder / "conclusions.yml").write_text(written, encoding="utf-8")
    with pytest.raises(UserError, match=r"conclusions\.yml"):
        grade(SEEDS["none"], folder)
