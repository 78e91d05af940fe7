"""The command design: from the protocol and planned sizes alone, in the user's language, into a table beside the study."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
import typer
from study_builder import StudyFolder, build
from typer.testing import CliRunner, Result

from evaluation.commands.design import METHODS, design
from evaluation.design.centre_shocks import diagnose_protocol
from evaluation.design.plan import count_children, paid_effects, power_table, read_plan
from evaluation.design.power import detectable
from evaluation.errors import UserError
from evaluation.study.contract import Contract
from evaluation.study.findings import Findings, StudyDefects
from evaluation.study.folder import read_document
from evaluation.study.protocol import Protocol

SIZES = ("--treated", "41", "--comparison", "41")


@pytest.fixture
def study(tmp_path: Path) -> StudyFolder:
    """A study without a single answer."""
    return build(tmp_path / "tiny").remove("responses.csv").remove("instrument.csv").remove("attendance.csv")


@pytest.fixture(autouse=True)
def english(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "C")
    monkeypatch.setenv("COLUMNS", "100")


def run(study: StudyFolder, *options: str) -> Result:
    app = typer.Typer(pretty_exceptions_enable=False)
    app.command()(design)
    return CliRunner().invoke(app, [str(study.path), "--simulations", "100", *options])


def words(result: Result) -> str:
    assert result.exit_code == 0, result.output
    return result.output.replace("\N{NO-BREAK SPACE}", " ")


def test_it_runs_before_any_answer_and_counts_the_children(study):
    said = words(run(study))
    assert "12 and 12 children (counted in participants.csv, none lost)" in said
    assert "tiny-design.csv" in said


def test_it_runs_from_the_protocol_alone(study):
    study.remove("participants.csv").remove("contract.yml")
    said = words(run(study, *SIZES))
    assert "41 and 41 children (as given)" in said
    for figure in ("0.619", "0.626", "0.536", "0.542", "0.732", "0.442"):  # METHODS at rho .5, and beside it
        assert figure in said, figure


def test_it_speaks_the_users_language(study, monkeypatch):
    monkeypatch.setenv("LC_ALL", "it_IT.UTF-8")
    said = words(run(study, *SIZES))
    assert "Si assume" in said
    assert "0,619" in said
    assert all(name["it"] in said for name in METHODS.values())


def test_the_protocols_row_is_marked_once(study):
    said = words(run(study))
    (row,) = [line for line in said.splitlines() if "→" in line and "%" in line and METHODS["did"]["en"] in line]
    table = pd.read_csv(study.path.with_name("tiny-design.csv"))
    own = table[table["protocol"] == "yes"]
    assert own[["method", "shock_icc"]].to_numpy().tolist() == [["did", 0.0]]
    assert f"{100 * own['power'].iloc[0]:.1f}" in row


def test_a_shock_of_the_protocols_own_has_a_row(study):
    study.replace("protocol.yml", "estimator: did", "estimator: entropy\n  centre_shock_icc: 0.03")
    run(study)
    table = pd.read_csv(study.path.with_name("tiny-design.csv"))
    assert sorted(table["shock_icc"].unique()) == [0, 0.01, 0.02, 0.03, 0.04, 0.1]
    assert table.loc[table["protocol"] == "yes", ["method", "shock_icc"]].to_numpy().tolist() == [["ancova", 0.03]]


def test_the_table_lies_beside_the_study_and_is_the_same_again(study):
    before = sorted(path.name for path in study.path.iterdir())
    run(study, *SIZES, "--rho", "0.6")
    path = study.path.with_name("tiny-design.csv")
    first = path.read_bytes()
    run(study, *SIZES, "--rho", "0.6")
    assert path.read_bytes() == first
    assert sorted(entry.name for entry in study.path.iterdir()) == before
    assert sorted(entry.name for entry in study.path.parent.iterdir()) == ["tiny", "tiny-design.csv"]
    table = pd.read_csv(path)
    assert len(table) == 5 * 6
    assert (table["rho"] == 0.6).all()
    assert table["simulations"].unique().tolist() == [100]
    did = table[(table["method"] == "did") & (table["shock_icc"] == 0)].iloc[0]
    plan = read_plan(study.path, treated=41, comparison=41, rho=0.6, sd=None, effect=None).plan
    assert did["mde"] == did["mde_two_centre"] == pytest.approx(detectable(plan).exact, rel=1e-11)
    assert table.loc[table["method"] == "permutation", ["bias", "coverage", "mde"]].isna().all(axis=None)


# Sizes ------------------------------------------------------------------------------------------------------------


def test_children_without_consent_are_not_counted(study):
    study.cell("participants.csv", 2, "guardian_consent", "no").cell("participants.csv", 3, "assent", "")
    protocol = read_document(study.path / "protocol.yml", Protocol, Findings())
    assert count_children(study.path, protocol) == (10, 12)
    study.drop_column("participants.csv", "assent").drop_column("participants.csv", "guardian_consent")
    assert count_children(study.path, protocol) == (12, 12)


def test_one_size_given_and_one_counted(study):
    found = read_plan(study.path, treated=30, comparison=None, rho=0.5, sd=None, effect=None)
    assert (found.plan.n_treated, found.plan.n_comparison, found.counted) == (30, 12, True)


@pytest.mark.parametrize(
    ("change", "options", "said"),
    [
        (lambda s: s.remove("participants.csv"), (), "--treated N --comparison N"),
        (lambda s: s.replace("protocol.yml", "comparison: south", "comparison: west"), (), "12 / 0; at least 2"),
        (lambda s: s.drop_column("participants.csv", "centre"), (), "centre"),
        (lambda s: s.replace("protocol.yml", "alpha: 0.05", "alpha: 5"), SIZES, "protocol.yml"),
        (lambda s: s.replace("contract.yml", "currency: EUR", "currency: euro"), SIZES, "contract.yml"),
        (lambda s: s.remove("protocol.yml"), SIZES, "protocol.yml"),
    ],
)  # fmt: skip
def test_what_is_missing_is_said_and_nothing_is_written(study, change, options, said):
    change(study)
    found = run(study, *options)
    assert isinstance(found.exception, UserError)
    assert found.exception.exit_code == 2
    assert said in found.exception.message["en"]
    assert found.exception.message["it"]
    assert not study.path.with_name("tiny-design.csv").exists()


@pytest.mark.parametrize(
    "options", [("--rho", "1"), ("--simulations", "99"), ("--treated", "1"), ("--effect", "0"), ("--sd", "0")]
)
def test_impossible_options_are_refused(study, options):
    assert run(study, *options).exit_code == 2


# Effects ----------------------------------------------------------------------------------------------------------


def test_the_contracts_thresholds_count_where_the_sd_is_known(study):
    study.replace(
        "contract.yml", "{per_unit: {price: 1000}}",
        "{ramp: {start: 0.1, full: 0.4, amount_start: 0, amount_full: 5000}}",
    )  # fmt: skip
    found = read_plan(study.path, treated=41, comparison=41, rho=0.5, sd=0.5, effect=None)
    assert found.paid == pytest.approx((0.2, 0.8))
    assert found.effect == pytest.approx(0.8)
    assert "0.80*" in words(run(study, *SIZES, "--sd", "0.5"))
    unknown = read_plan(study.path, treated=41, comparison=41, rho=0.5, sd=None, effect=None)
    assert (unknown.paid, unknown.effect) == ((), 0.5)
    given = read_plan(study.path, treated=41, comparison=41, rho=0.5, sd=0.5, effect=0.35)
    assert given.effect == 0.35
    assert 0.35 in given.effects
    assert power_table(given)["effect"].tolist() == sorted(given.effects)


def test_thresholds_of_other_outcomes_do_not_count(study):
    protocol = read_document(study.path / "protocol.yml", Protocol, Findings())
    contract = read_document(study.path / "contract.yml", Contract, Findings())
    assert paid_effects(protocol, contract, 1.0) == ()  # a price per unit names no effect but zero
    other = contract.model_copy(update={"metrics": (contract.metrics[0].model_copy(update={"outcome": "travel"}),)})
    assert paid_effects(protocol, other, 1.0) == ()


def test_the_assumed_gap_and_trend_bias_the_naive_methods_only(study):
    planned = read_plan(study.path, treated=41, comparison=38, rho=0.6, sd=None, effect=0.5)
    ticks: list[tuple[int, int]] = []
    table = diagnose_protocol(
        planned, 400, gap=0.4, trend=0.0, notify=lambda done, total: ticks.append((done, total))
    ).query("shock_icc == 0")  # fmt: skip
    bias, error = (table.set_index("method")[name] for name in ("bias", "bias_error"))
    for method, expected in {"before_after": 0.0, "difference": 0.4, "did": 0.0, "ancova": 0.16}.items():
        assert bias[method] == pytest.approx(expected, abs=4 * error[method]), method
    assert ticks == [(k, 5) for k in range(1, 6)]


def test_a_defect_is_a_finding_with_its_file(study):
    study.replace("protocol.yml", "role: baseline", "role: begin")
    with pytest.raises(StudyDefects) as caught:
        read_plan(study.path, treated=41, comparison=41, rho=0.5, sd=None, effect=None)
    assert caught.value.findings[0].file == "protocol.yml"
