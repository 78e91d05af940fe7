"""Choices: entries of the protocol set otherwise, validated as it is, and marked wherever the run is read."""

from __future__ import annotations

from pathlib import Path

import pytest
import study_builder

from evaluation import Workspace, read_study
from evaluation.errors import UserError
from evaluation.measurement.scores import score_study
from evaluation.publishing.makers import MAKERS
from evaluation.study.choices import choose, departures, parse_choices, read_choices, write_choices
from evaluation.study.folder import Study, load_study


@pytest.fixture
def study(tmp_path: Path) -> Study:
    return load_study(study_builder.build(tmp_path / "study").path)


def test_a_choice_sets_one_entry_and_leaves_the_rest(study: Study) -> None:
    chosen = choose(study.protocol, {"analysis.estimator": "ancova"})
    assert chosen.analysis.estimator == "ancova"
    put_back = chosen.analysis.model_copy(update={"estimator": study.protocol.analysis.estimator})
    assert chosen.model_copy(update={"analysis": put_back}) == study.protocol


def test_an_entry_of_a_list_is_named_by_its_id(study: Study) -> None:
    outcome = study.protocol.outcomes[-1].id
    chosen = choose(study.protocol, {f"outcomes.{outcome}.minimum_answered": 0.9})
    assert [o.minimum_answered for o in chosen.outcomes if o.id == outcome] == [0.9]


def test_no_choice_is_the_protocol_itself(study: Study) -> None:
    assert choose(study.protocol, {}) == study.protocol
    assert departures({}) == {"it": "", "en": ""}


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        ("analysis.estimator", "ancovaa", "found ancovaa, expected one of"),
        ("analysis.estimater", "ancova", "'estimater' cannot be chosen there. Choices: estimator"),
        ("privacy.minimum_cell", 3, "'privacy' cannot be chosen there. Choices: covariates, analysis"),
        ("study.id", "other", "'study' cannot be chosen there"),
        ("outcomes.nothing.of", ["a"], "'nothing' cannot be chosen there"),
        ("analysis.alpha", "yes", "found yes, expected a number"),
        ("", 1, "cannot be chosen there"),
        ("analysis.seed.more", 1, "'more' cannot be chosen there"),
    ],
)
def test_what_the_protocol_would_not_take_is_refused_in_words(
    study: Study, path: str, value: object, said: str
) -> None:
    with pytest.raises(UserError) as refusal:
        choose(study.protocol, {path: value})
    assert said in refusal.value.message["en"]
    assert refusal.value.exit_code == 2


def test_of_several_choices_the_one_that_is_wrong_is_named(study: Study) -> None:
    with pytest.raises(UserError, match=r"^Choice analysis\.estimator: found ancovaa"):
        choose(study.protocol, {"analysis.alpha": 0.1, "analysis.estimator": "ancovaa", "covariates": []})


def test_of_two_outcomes_the_one_that_is_wrong_is_named(study: Study) -> None:
    first, *_, last = (outcome.id for outcome in study.protocol.outcomes)
    wrong = f"outcomes.{last}.minimum_answered"
    with pytest.raises(UserError, match=rf"^Choice {wrong}: found 7"):
        choose(study.protocol, {f"outcomes.{first}.direction": "lower", wrong: 7})


def test_the_command_line_gives_values_in_yaml() -> None:
    given = parse_choices(["analysis.estimator=ancova", "covariates=[age, sex]", "analysis.alpha=0.1"])
    assert given == {"analysis.estimator": "ancova", "covariates": ["age", "sex"], "analysis.alpha": 0.1}


@pytest.mark.parametrize("given", ["analysis.estimator", "covariates=[age", ""])
def test_what_is_no_choice_is_told(given: str) -> None:
    with pytest.raises(UserError, match="expected PATH=VALUE"):
        parse_choices([given])


def test_excluded_children_leave_the_analysis_by_code_and_by_column(study: Study) -> None:
    first = study.participants["participant"].iloc[0]
    rules = [
        {"participant": first, "reason": "moved away"},
        {"column": "age", "op": ">=", "value": 100, "reason": "nobody"},
    ]
    chosen = load_study(study.folder, {"exclusions": rules})
    assert set(study.consenting["participant"]) - set(chosen.consenting["participant"]) == {first}
    oldest = study.participants["age"].max()
    young = load_study(study.folder, {"exclusions": [{"column": "age", "op": "==", "value": oldest, "reason": "old"}]})
    assert young.consenting["age"].max() < oldest


def test_an_exclusion_of_nobody_known_is_a_finding(study: Study) -> None:
    _, findings = read_study(study.folder, {"exclusions": [{"participant": "nobody", "reason": "?"}]})
    assert [finding.found for finding in findings.errors] == ["nobody"]


def test_tables_made_under_choices_say_so_and_others_do_not(study: Study, tmp_path: Path) -> None:
    for choices, marked in (({}, False), ({"analysis.estimator": "ancova"}, True)):
        workspace = Workspace(study.folder, tmp_path / "work", in_run=False, choices=choices)
        table = workspace.publish("flow", MAKERS["flow"](workspace.study, score_study(workspace.study)))
        assert ("exploratory" in table) is marked
        if marked:
            assert set(table["exploratory"]) == {
                "exploratory: differs from the protocol in analysis.estimator = ancova"
            }


def test_a_report_keeps_its_choices(tmp_path: Path) -> None:
    assert read_choices(tmp_path) == {}
    write_choices(tmp_path, {"outcomes.steam.of": ["interest"], "analysis.alpha": 0.1})
    assert read_choices(tmp_path) == {"outcomes.steam.of": ["interest"], "analysis.alpha": 0.1}
