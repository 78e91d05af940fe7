"""The command `evaluation import`, as a user calls it."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
import typer
from corpus.answers import imported, sheets
from corpus.exporters import EXCEL, google_forms, kobotoolbox
from typer.testing import CliRunner, Result
from unit.study_builder import StudyFolder, build

from evaluation.commands.import_ import import_
from evaluation.errors import UserError
from evaluation.study.findings import StudyDefects


@pytest.fixture
def study(tmp_path: Path) -> StudyFolder:
    return build(tmp_path / "study").remove("responses.csv")


def call(*arguments: object, language: str = "en") -> Result:
    """Call the command by itself; a user error is raised, as the command line's own end does the rest."""
    app = typer.Typer()
    app.command("import")(import_)
    result = CliRunner().invoke(app, [str(one) for one in arguments], env={**os.environ, "LC_ALL": language})
    if isinstance(result.exception, UserError):
        raise result.exception
    return result


def test_draft_then_import_then_again(study: StudyFolder, tmp_path: Path):
    export = google_forms(sheets(), "it", EXCEL)
    path = export.save(tmp_path)
    proposed = call(path, "--into", study.path, "--draft")
    assert proposed.exit_code == 0, proposed.output
    assert "1.00 → making_1" in proposed.output and "wave" in proposed.output
    assert not (study.path / "responses.csv").exists()
    export.write(study.path)
    done = call(path, "--into", study.path)
    assert done.exit_code == 0, done.output
    assert f"4 children: {len(export.truth)} new answers, 0 already there." in done.output
    assert imported(study.path) == export.truth
    assert "4 ragazzi: 0 risposte nuove" in call(path, "--into", study.path, language="it").output


def test_a_defect_stops_with_exit_code_2_and_writes_nothing(study: StudyFolder):
    export = google_forms(sheets(), "it", EXCEL)
    path = export.write(study.path)
    path.write_bytes(path.read_bytes().replace(b";N00;", b";N99;"))
    with pytest.raises(StudyDefects) as error:
        call(path, "--into", study.path)
    assert error.value.exit_code == 2
    assert not (study.path / "responses.csv").exists()


@pytest.mark.parametrize("arguments", [("--draft",), ()])
def test_a_study_that_is_not_there_is_told(tmp_path: Path, arguments: tuple[str, ...]):
    path = google_forms(sheets(), "it").save(tmp_path)
    with pytest.raises(UserError):
        call(path, "--into", tmp_path / "none", *arguments)


def test_several_exports_come_in_at_once_with_one_pattern_each(study: StudyFolder, tmp_path: Path):
    waves = [[sheet for sheet in sheets() if sheet.wave == wave] for wave in ("t0", "t1")]
    one, two = google_forms(waves[0], "it"), kobotoolbox(waves[1], "it", EXCEL, labels=True)
    first, second = one.intake(file="Questionario (Risposte)*"), two.intake()
    entries = re.search(r"(?s)exports:\n(.*?)answers:", second)
    assert entries is not None
    study.write("intake.yml", first.replace("answers:", entries[1] + "answers:", 1))
    done = call(one.save(tmp_path), two.save(tmp_path), "--into", study.path)
    assert done.exit_code == 0, done.output
    assert len(imported(study.path)) == len(one.truth) + len(two.truth)


def test_text_of_a_file_cannot_steer_the_terminal(study: StudyFolder, tmp_path: Path):
    path = tmp_path / "x.csv"
    path.write_text(
        "Timestamp,\x1b]0;\x07[red]I can build.,Il tuo codice\n2026/01/01 1:00:00 PM CET,1,N00\n", encoding="utf-8"
    )
    printed = call(path, "--into", study.path, "--draft").output
    assert "\x1b]0" not in printed and "\x07" not in printed and "[red]I can" in printed
