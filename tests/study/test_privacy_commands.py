"""The four commands that protect children and plan, as a user calls them: new, pseudonymise, lock, erase."""

from __future__ import annotations

import csv
import gzip
import io
import json
import re
import shutil
import zipfile
from pathlib import Path

import pytest
from conftest import STUDY, Repository

ROSTER = """\
Cognome,Nome,Data di nascita,Centro,Sesso,school_grade,Consenso dei genitori,Assenso
D'Angelo,Niccolò,02/03/2010,volare-alto,M,media,sì,sì
Rossi,Maria Pia,05/11/2009,confronto,F,superiore,sì,no
"""


@pytest.fixture
def study(repository: Repository, tmp_path: Path) -> Path:
    """A copy of the study that ships."""
    return Path(shutil.copytree(repository.study, tmp_path / STUDY))


def a_child(study: Path) -> str:
    """A child who answered at both waves."""
    with (study / "responses.csv").open(encoding="utf-8", newline="") as stream:
        last = [row["participant"] for row in csv.DictReader(stream) if row["wave"] == "t1" and row["value"]]
    return last[0]


def holding(folder: Path, code: str) -> list[str]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return [path.as_posix() for path in files if code.encode() in path.read_bytes()]


def test_a_new_study_says_what_is_missing_and_is_not_made_twice(repository: Repository, tmp_path: Path) -> None:
    folder = tmp_path / "centro-2026"
    repository.evaluation("new", folder)
    said = repository.evaluation("check", folder, code=1)
    assert "centres.treated" in said.stdout
    assert "Traceback" not in said.stdout + said.stderr
    before = {path: path.read_bytes() for path in folder.iterdir()}
    for name in (folder, "lessons", "Not An Id"):
        assert "Traceback" not in repository.evaluation("new", name, code=2).stderr
    assert {path: path.read_bytes() for path in folder.iterdir()} == before


def test_a_new_study_under_data_raw_is_found_by_its_name(repository: Repository) -> None:
    repository.evaluation("new", "by-name")
    try:
        assert "protocol.yml" in repository.evaluation("check", "by-name", code=1).stdout
    finally:
        shutil.rmtree(repository.root / "data/raw/by-name")


def test_names_become_codes_and_stay_outside(repository: Repository, study: Path, tmp_path: Path) -> None:
    roster, key, linkage = (tmp_path / name for name in ("roster.csv", "key", "linkage.csv"))
    roster.write_text(ROSTER, encoding="utf-8")
    for name in ("participants.csv", "responses.csv", "attendance.csv"):
        (study / name).unlink()
    call = ("pseudonymise", roster, "--key", key, "--into", study, "--linkage", linkage)
    assert "YYYY-MM-DD" in repository.evaluation(*call, "--new-key", code=2).stderr
    assert not key.exists()
    done = repository.evaluation(*call, "--new-key", "--dates", "DD/MM/YYYY")
    with linkage.open(encoding="utf-8", newline="") as stream:
        linked = {row["name"]: row["participant"] for row in csv.DictReader(stream)}
    with (study / "participants.csv").open(encoding="utf-8", newline="") as stream:
        children = {row["participant"]: row for row in csv.DictReader(stream)}
    assert set(children) == set(linked.values())
    assert children[linked["Niccolò D'Angelo"]]["age"] == "13"  # the birthday was four days before the programme
    assert "Angelo" not in done.stdout + done.stderr
    assert holding(study, "Angelo") == holding(study, "Rossi") == []
    inside = repository.root / "data" / "key"
    refused = repository.evaluation(
        "pseudonymise", roster, "--key", inside, "--into", study, "--linkage", linkage, code=2
    )
    assert "belong elsewhere" in refused.stderr


def test_names_in_nested_archives_are_refused_and_what_does_not_open_is_named(
    repository: Repository, study: Path, tmp_path: Path
) -> None:
    roster, key, linkage = (tmp_path / name for name in ("roster.csv", "key", "linkage.csv"))
    roster.write_text(ROSTER, encoding="utf-8")
    for name in ("participants.csv", "responses.csv", "attendance.csv"):
        (study / name).unlink()
    call = (
        "pseudonymise",
        roster,
        "--key",
        key,
        "--into",
        study,
        "--linkage",
        linkage,
        "--new-key",
        "--dates",
        "DD/MM/YYYY",
    )
    (study / "exports").mkdir(exist_ok=True)
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as archive:
        archive.writestr("form.csv", "mail\nniccolo_dangelo@mail.it\n")
    with zipfile.ZipFile(study / "exports/a.zip", "w") as archive:
        archive.writestr("b.zip", inner.getvalue())
    refused = repository.evaluation(*call, code=2)
    assert "exports/a.zip" in refused.stdout + refused.stderr
    assert "dangelo" not in refused.stdout + refused.stderr
    (study / "exports/a.zip").write_bytes(inner.getvalue()[:-30])
    done = repository.evaluation(*call, code=1)
    assert "exports/a.zip" in done.stdout + done.stderr
    assert linkage.is_file()


def test_a_child_in_a_compressed_export_stops_an_erasure_and_what_does_not_open_is_named(
    repository: Repository, outputs: Path, study: Path
) -> None:
    code = a_child(study)
    (study / "exports").mkdir(exist_ok=True)
    packed = study / "exports/a.csv.gz"
    packed.write_bytes(gzip.compress(f"code,q\n{code},1\n".encode()))
    refused = repository.evaluation("erase", study, code, "--output", outputs, code=2)
    assert "exports/a.csv.gz" in refused.stderr
    assert code in (study / "participants.csv").read_text(encoding="utf-8")
    packed.write_bytes(packed.read_bytes()[:-9])
    said = repository.evaluation("erase", study, code, "--output", outputs, code=1)
    assert "a.csv.gz" in said.stdout + said.stderr
    assert code not in (study / "participants.csv").read_text(encoding="utf-8")


def test_a_lock_is_written_once_and_amended_with_a_reason(repository: Repository, study: Path) -> None:
    said = repository.evaluation("lock", study).stdout
    assert "after follow-up answers" in said
    first = (study / "lock/1.json").read_bytes()
    assert "--amend" in repository.evaluation("lock", study, code=2).stderr
    protocol = study / "protocol.yml"
    protocol.write_text(protocol.read_text(encoding="utf-8").replace("seed: 20230306", "seed: 7"), encoding="utf-8")
    repository.evaluation("lock", study, "--amend", "Il seme era quello di un altro studio")
    assert (study / "lock/1.json").read_bytes() == first
    amended = json.loads((study / "lock/2.json").read_text(encoding="utf-8"))
    assert amended["reason"] == "Il seme era quello di un altro studio"
    unchanged = repository.evaluation("lock", study, "--amend", "x", "--timestamp", "http://127.0.0.1:9/", code=2)
    assert "nothing changed" in unchanged.stderr


def test_an_erased_child_is_nowhere_and_the_next_run_goes_without(
    repository: Repository, outputs: Path, study: Path
) -> None:
    code, home = a_child(study), outputs / ".runs" / STUDY
    assert holding(home, code)
    reports = {path: path.read_bytes() for path in sorted((home / "1/reports").rglob("*")) if path.is_file()}
    said = repository.evaluation("erase", study, code, "--output", outputs)
    assert code not in said.stdout + said.stderr
    assert holding(study, code) == holding(outputs, code) == []
    assert {path: path.read_bytes() for path in reports} == reports  # aggregated tables hold nobody, and stay
    assert (home / "1/superseded.json").is_file()
    assert "Nothing was changed" in repository.evaluation("erase", study, code, "--output", outputs, code=2).stderr
    repository.evaluation("run", study, "--output", outputs)
    current = (outputs / "reports").resolve().parent
    assert current.name == "2"
    assert not (current / "superseded.json").exists()
    repository.evaluation("sign", outputs / "reports", "--demo")
    said = repository.evaluation("verify", outputs / "reports").stdout
    assert re.search(r"^current +valid", said, re.MULTILINE)
    assert holding(outputs, code) == []
    with (current / "processed/children.csv").open(encoding="utf-8", newline="") as stream:
        assert code not in {row["participant"] for row in csv.DictReader(stream)}


def test_a_signed_report_is_marked_and_not_altered(
    repository: Repository, signed: Path, study: Path, tmp_path: Path
) -> None:
    outputs = Path(shutil.copytree(signed, tmp_path / "outputs", symlinks=True))
    run = (outputs / "reports").resolve().parent
    before = {path: path.read_bytes() for path in sorted((run / "reports").rglob("*")) if path.is_file()}
    repository.evaluation("erase", study, a_child(study), "--output", outputs)
    assert {path: path.read_bytes() for path in sorted((run / "reports").rglob("*")) if path.is_file()} == before
    said = repository.evaluation("verify", outputs / "reports", code=1).stdout
    assert re.search(
        r"^current +invalid +superseded since \d{4}-\d\d-\d\d: a child was erased since", said, re.MULTILINE
    )
    copy = Path(shutil.copytree(outputs / "reports", tmp_path / "copy"))
    assert re.search(r"^current +not available", repository.evaluation("verify", copy).stdout, re.MULTILINE)
    assert json.loads((run / "superseded.json").read_text())["reason"] == "erasure"
