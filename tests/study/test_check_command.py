"""evaluation check as a user calls it: lines in a pipe, a table on a terminal, files beside the study."""

from __future__ import annotations

import csv
import os
import pty
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from broken_variants import FORMS, GLOBAL, LOCAL, Variant, small_study
from conftest import COMMAND, STUDY, Repository

HOSTILE = "[bold red]\x1b[31m<script>alert(1)</script>[/]"


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    """A study with four defects of three children, and one of a whole file."""
    study = small_study()
    defects = {defect.__name__: defect for defect in [*LOCAL, *GLOBAL]}
    for name in ("too_high", "march_or_april", "ten_seconds", "an_extra_column"):
        defects[name](study)
    row = study.rows("responses.csv", study.child())[0]
    study.put("responses.csv", row, "value", HOSTILE)
    files = {name: content.encode() for name, content in study.texts.items()}
    files |= {name: FORMS[0].write(table) for name, table in study.tables.items()}
    return Variant("broken", files, (), study.tables).write(tmp_path / "small")


def in_terminal(repository: Repository, *arguments: object) -> str:
    """What the command prints on a terminal of 80 columns."""
    master, slave = pty.openpty()
    environment = repository.environment | {"COLUMNS": "80", "TERM": "xterm", "LC_ALL": "C.UTF-8"}
    process = subprocess.Popen(
        [COMMAND, *map(str, arguments)], stdin=slave, stdout=slave, stderr=slave, env=environment, cwd=repository.root
    )
    os.close(slave)
    chunks = []
    try:
        while chunk := os.read(master, 65536):
            chunks.append(chunk)
    except OSError:  # the other end is closed
        pass
    os.close(master)
    process.wait(timeout=60)
    return b"".join(chunks).decode()


def test_a_sound_study_leaves_with_zero_and_writes_beside_it(repository: Repository):
    said = repository.evaluation("check", STUDY).stdout
    assert "0 errors, 2 warnings and notes." in said
    beside = repository.study.with_name(f"{STUDY}-check")
    assert sorted(path.name for path in beside.iterdir()) == ["check.en.html", "check.it.html", "findings.csv"]
    assert "DATI SINTETICI" in (beside / "check.it.html").read_text(encoding="utf-8")
    assert not (repository.root / "reports").exists()
    assert sorted(path.name for path in repository.study.iterdir()) == sorted(
        path.name for path in (Path(__file__).parents[2] / "data" / "raw" / STUDY).iterdir()
    )
    shutil.rmtree(beside)


def test_in_a_pipe_each_finding_is_one_plain_line(repository: Repository, broken: Path):
    said = repository.evaluation("check", broken, "--language", "en", code=1).stdout
    lines = [line for line in said.splitlines() if re.match("error |warning |note ", line)]
    with (broken.with_name("small-check") / "findings.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert len(lines) == len(rows) == 5
    for line, row in zip(lines, rows, strict=True):
        assert line.startswith(row["level"])
        assert all(part in line for part in (row["file"], f"row {row['row']}", row["column"], row["child"]))
    assert "3 errors, 2 warnings and notes." in said
    assert "\x1b" not in said


def test_language_chooses_the_words_and_the_files(repository: Repository, broken: Path):
    said = repository.evaluation("check", broken, "--language", "it", code=1).stdout
    assert "3 errori, 2 avvisi e note." in said
    assert "trovato" in said
    names = sorted(path.name for path in broken.with_name("small-check").iterdir())
    assert names == ["check.it.html", "findings.csv"]


def test_output_chooses_the_folder(repository: Repository, broken: Path, tmp_path: Path):
    repository.evaluation("check", broken, "--output", tmp_path / "elsewhere", code=1)
    assert len(list((tmp_path / "elsewhere").iterdir())) == 3
    assert not broken.with_name("small-check").exists()


def test_on_a_terminal_findings_stand_by_child_within_eighty_columns(repository: Repository, broken: Path):
    said = in_terminal(repository, "check", broken, "--language", "en")
    plain = re.sub(r"\x1b\[[0-9;]*m|\x1b\]8;[^\x1b]*\x1b\\", "", said).replace("\r", "")
    table = plain.split("3 errors,")[0].splitlines()
    assert max(map(len, table)) <= 80
    children = [line.strip() for line in table if re.fullmatch(r"[NS]\d\d", line.strip())]
    assert children == sorted(children)
    assert len(children) == 4
    assert "Whole files" in plain
    assert "Question making" in plain or "Question worry" in plain


def test_hostile_text_steers_no_terminal(repository: Repository, broken: Path):
    for said in (
        repository.evaluation("check", broken, "--language", "en", code=1).stdout,
        in_terminal(repository, "check", broken, "--language", "en"),
    ):
        flat = re.sub(r"\s+", "", said)
        assert r"\x1b[31m<script>" in flat
        assert "[boldred]" in flat


def test_a_folder_that_is_not_there_is_wrong_use(repository: Repository, tmp_path: Path):
    assert "no such folder" in repository.evaluation("check", tmp_path / "none", code=2).stderr
