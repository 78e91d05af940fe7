"""The confidential annex, as a user calls it: for named re-analysts alone, with what the report withholds, in no list."""

from __future__ import annotations

import hashlib
import io
import json
import shutil
import stat
import zipfile
from pathlib import Path

import pyrage
import pytest
from conftest import STUDY, Repository, contents

from evaluation.publishing.disclosure import SUPPRESSED

KEYS = {name: pyrage.x25519.Identity.generate() for name in ("Ateneo", "payer", "stranger")}


def public(name: str) -> str:
    return str(KEYS[name].to_public())


@pytest.fixture
def study(repository: Repository, tmp_path: Path) -> Path:
    """A copy of the study that ships, whose context names a university, and the payer as well."""
    folder = Path(shutil.copytree(repository.study, tmp_path / STUDY))
    contract = (folder / "contract.yml").read_text(encoding="utf-8")
    payer = (
        contract.split("role: outcome_payer", 1)[1]
        .split("name:", 1)[1]
        .split("\n", 1)[0]
        .split(",", 1)[0]
        .strip(" }'\"")
    )
    people = "".join(
        f"  - name: {name}\n    recipient: {public(key)}\n    legal_basis: {{it: accordo, en: agreement}}\n"
        for name, key in (("Ateneo", "Ateneo"), (f'"{payer}"', "payer"))
    )
    (folder / "context.yml").write_text(f"format: 1\nreanalysts:\n{people}", encoding="utf-8")
    return folder


def test_the_annex_holds_what_the_report_withholds(
    repository: Repository, shipped: Path, study: Path, tmp_path: Path
) -> None:
    report, to, before = shipped / "reports", tmp_path / "out" / "annex.age", contents(shipped)
    repository.evaluation("annex", report, "--study", study, "--recipient", public("Ateneo"), "--to", to)
    assert stat.S_IMODE(to.stat().st_mode) == 0o600
    with pytest.raises(pyrage.DecryptError):
        pyrage.decrypt(to.read_bytes(), [KEYS["stranger"]])
    with zipfile.ZipFile(io.BytesIO(pyrage.decrypt(to.read_bytes(), [KEYS["Ateneo"]]))) as opened:
        files = {name: opened.read(name) for name in opened.namelist()}
    about = json.loads(files.pop("annex.json"))
    crate = (report / "ro-crate-metadata.json").read_bytes()
    assert about["report"] == {"ro-crate-metadata.json": hashlib.sha256(crate).hexdigest()}
    assert about["for"] == [{"name": "Ateneo", "legal_basis": {"it": "accordo", "en": "agreement"}}]
    assert about["files"] == {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
    assert SUPPRESSED in (report / "tables" / "bounds.csv").read_text(encoding="utf-8")
    assert SUPPRESSED not in files["tables/bounds.csv"].decode()
    assert contents(shipped) == before  # neither listed nor laid there
    refused = repository.evaluation(
        "annex", report, "--study", study, "--recipient", public("Ateneo"), "--to", to, code=2
    )
    assert str(to) in refused.stderr


def test_nobody_else_gets_it_and_nowhere_else(
    repository: Repository, shipped: Path, study: Path, tmp_path: Path
) -> None:
    report, to = shipped / "reports", tmp_path / "annex.age"
    call = ("annex", report, "--study", study, "--recipient")
    assert "context.yml" in repository.evaluation(*call, public("stranger"), "--to", to, code=2).stderr
    assert "payer" in repository.evaluation(*call, public("payer"), "--to", to, code=2).stderr
    for inside in (report / "annex.age", study / "annex.age"):
        assert "outside" in repository.evaluation(*call, public("Ateneo"), "--to", inside, code=2).stderr
        assert not inside.exists()
    answers = study / "responses.csv"
    answers.write_text(answers.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    assert "responses.csv" in repository.evaluation(*call, public("Ateneo"), "--to", to, code=2).stderr
    assert not to.exists()


def test_a_faulty_context_is_a_finding(repository: Repository, study: Path) -> None:
    context = study / "context.yml"
    good = context.read_text(encoding="utf-8")
    for old, new in (
        (public("Ateneo"), "age1short"),
        ("format: 1", "format: 2"),
        ("reanalysts:", "reanalyst:"),
        (public("payer"), public("Ateneo")),
    ):
        context.write_text(good.replace(old, new), encoding="utf-8")
        said = repository.evaluation("check", study, code=1)
        assert "context.yml" in said.stdout
        assert "Traceback" not in said.stdout + said.stderr
