"""A new study: complete but for what only people know, told line by line, and runnable once it is filled."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import pytest
import study_builder

from evaluation.assurance.lock.lock import write_lock
from evaluation.checks import check_folder
from evaluation.errors import UserError
from evaluation.study.contract import Contract
from evaluation.study.documents import read_document
from evaluation.study.findings import Findings
from evaluation.study.instrument import read_instrument
from evaluation.study.new import FILES, new_study
from evaluation.study.protocol import Protocol

FILLED = {
    "it": "Titolo", "en": "Title", "report_date": "2026-09-30", "treated": "nord", "comparison": "sud",
    "planned_hours": "120", "from": "2026-03-02", "to": "2026-06-30", "seed": "7", "id": '"2026/1"',
    "effective": "2026-02-01", "name": "Ente", "independence_declared": "true", "amount_full": '"1000.00"',
    "total_cap": '"1000.00"',
}  # fmt: skip
GAP = re.compile(r"(?m)^([ -]*)(\w+):( +#.*)?$")


def fill(path: Path) -> int:
    """Fill every line that is empty after its colon and heads no group, as a newcomer would; return how many."""
    lines, filled = path.read_text(encoding="utf-8").split("\n"), 0
    for number, line in enumerate(lines):
        gap = GAP.fullmatch(line)
        after = next((later for later in lines[number + 1 :] if later.strip()), "")
        indent = len(after) - len(after.lstrip())
        if gap and gap[2] in FILLED and not (indent > len(gap[1]) and not after.lstrip().startswith("#")):
            lines[number], filled = f"{gap[1]}{gap[2]}: {FILLED[gap[2]]}", filled + 1
    path.write_text("\n".join(lines), encoding="utf-8")
    return filled


@pytest.fixture
def study(tmp_path: Path) -> Path:
    return new_study(f"{tmp_path}/centro-2026")


def test_a_new_study_has_every_file_under_its_own_name(study: Path) -> None:
    assert {path.name for path in study.iterdir()} == set(FILES)
    assert "centro-2026" in (study / "README.md").read_text(encoding="utf-8")
    assert not any("STUDY_ID" in path.read_text(encoding="utf-8") for path in study.iterdir())
    assert [path.name for path in study.parent.iterdir()] == ["centro-2026"]


def test_check_says_what_is_missing_with_file_and_line(study: Path) -> None:
    read, findings = check_folder(study)
    assert read is None
    missing = {(finding.file, finding.column) for finding in findings if finding.level == "error"}
    assert {
        ("protocol.yml", "centres.treated"), ("protocol.yml", "centres.comparison"), ("protocol.yml", "study.title.it"),
        ("contract.yml", "limits.total_cap"), ("participants.csv", ""), ("responses.csv", ""),
    } <= missing  # fmt: skip
    lines = (study / "protocol.yml").read_text(encoding="utf-8").split("\n")
    for finding in (f for f in findings if f.file == "protocol.yml"):
        assert finding.row is not None
        assert lines[finding.row - 1].strip().startswith(finding.column.rpartition(".")[2] + ":")


def test_every_comment_stands_in_both_languages(study: Path) -> None:
    for name in ("protocol.yml", "contract.yml"):
        remarks = re.findall(r"\S.*?#\s(.*)$", (study / name).read_text(encoding="utf-8"), re.MULTILINE)
        assert remarks
        assert [remark for remark in remarks if " / " not in remark and "; " not in remark] == []


def test_once_filled_the_plan_holds_and_can_be_locked(study: Path) -> None:
    assert fill(study / "protocol.yml") >= 9
    assert fill(study / "contract.yml") >= 9
    findings = Findings()
    protocol = read_document(study / "protocol.yml", Protocol, findings)
    contract = read_document(study / "contract.yml", Contract, findings)
    instrument = read_instrument(study / "instrument.csv", findings)
    assert findings.items == []
    assert protocol is not None and contract is not None and instrument is not None
    assert protocol.study.id == "centro-2026"
    assert protocol.study.provenance == "real"
    assert {o.id for o in protocol.outcomes if o.kind == "scale"} == {item.scale for item in instrument.items} - {""}
    assert write_lock(study).data.after_data is False


def test_once_filled_with_children_the_study_has_no_error(study: Path) -> None:
    fill(study / "protocol.yml")
    fill(study / "contract.yml")
    children = [("A1", "nord"), ("B1", "sud")]
    with (study / "participants.csv").open("a", newline="") as stream:
        csv.writer(stream, lineterminator="\n").writerows(
            [code, centre, "13", "F", "media", "yes", "yes", "2026-02-01", "", ""] for code, centre in children
        )
    with (study / "responses.csv").open("a", newline="") as stream:
        csv.writer(stream, lineterminator="\n").writerows(
            [code, wave, "interest_1", "", "4", "", ""] for code, _ in children for wave in ("t0", "t1")
        )
    read, findings = check_folder(study)
    assert [finding.sentence("en") for finding in findings if finding.level == "error"] == []
    assert read is not None


@pytest.mark.parametrize("name", ["Studio", "città", "a b", "-x", "a" * 65, "a.b", "a\x07", ".."])
def test_a_name_that_is_no_id_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(UserError, match="lower-case"):
        new_study(f"{tmp_path}/{name}")
    assert list(tmp_path.iterdir()) == []


def test_the_course_keeps_its_name(tmp_path: Path) -> None:
    for name in ("lessons", f"{tmp_path}/lessons"):
        with pytest.raises(UserError, match="reserved"):
            new_study(name)


def test_what_is_there_is_left_alone(tmp_path: Path) -> None:
    built = study_builder.build(tmp_path / "tiny").path
    before = sorted((path.name, path.read_bytes()) for path in built.iterdir())
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    for name in ("tiny", "link"):
        with pytest.raises(UserError, match="there already"):
            new_study(f"{tmp_path}/{name}")
    assert sorted((path.name, path.read_bytes()) for path in built.iterdir()) == before
    with pytest.raises(UserError, match="no such folder"):
        new_study(f"{tmp_path}/none/study")
