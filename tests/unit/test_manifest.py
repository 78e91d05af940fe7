"""The lists of a report: sums that `sha256sum` reads, a provenance document with the same bytes everywhere."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
from datetime import date
from pathlib import Path

import pytest

from evaluation.assurance.provenance.crate import CODE as CODE_PREFIX
from evaluation.assurance.provenance.crate import INPUT, code_files, read_crate, write_crate
from evaluation.assurance.provenance.manifest import (
    CRATE,
    SUMS,
    Difference,
    check_sums,
    files_in,
    read_sums,
    write_sums,
)
from evaluation.errors import UserError, VerificationFailed
from evaluation.language import text

CODE = {
    "notebooks/01_data.ipynb": "{}",
    "notebooks/.ipynb_checkpoints/01_data.ipynb": "{}",
    "src/evaluation/effects.py": "x = 1\n",
    "src/evaluation/reporting/page.html.j2": "<p>",
    "src/evaluation/__pycache__/effects.pyc": "x",
    "requirements.lock": "numpy==2\n",
}
REPORT = {"index.html": "<p>", "tables/città 100%.csv": "a\n1\n", "figures/a b.svg": "<svg/>", "run.log": "now\n"}
STUDY = {"protocol.yml": "format: 1\n", "responses.csv": "participant\n", "notes.txt": "mine"}


def _fill(folder: Path, files: dict[str, str]) -> Path:
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content)
    return folder


def _crate(root: Path, published: date | None = date(2023, 9, 30)) -> Path:
    report = _fill(root / "reports/s", REPORT)
    write_crate(
        report,
        study=_fill(root / "raw/s", STUDY),
        code=_fill(root / "code", CODE),
        title=text("Titolo", "Title"),
        languages=("it", "en"),
        published=published,
        software_version="1.2.3",
    )
    return report


@pytest.fixture
def report(tmp_path: Path) -> Path:
    report = _crate(tmp_path)
    write_sums(report)
    return report


def test_the_same_files_give_the_same_document_from_any_folder(tmp_path: Path) -> None:
    first, second = _crate(tmp_path / "one"), _crate(tmp_path / "two/deeper")
    assert (first / CRATE).read_bytes() == (second / CRATE).read_bytes()
    assert str(tmp_path) not in (first / CRATE).read_text()


def test_the_document_is_a_process_run_crate_of_inputs_code_and_results(report: Path) -> None:
    document = json.loads((report / CRATE).read_text())
    entities = {entity["@id"]: entity for entity in document["@graph"]}
    assert document["@context"][0] == "https://w3id.org/ro/crate/1.1/context"
    assert list(entities) == sorted(entities)
    root, run = entities["./"], entities["#run"]
    assert root["conformsTo"] == {"@id": "https://w3id.org/ro/wfrun/process/0.5"}
    assert root["mentions"] == {"@id": "#run"}
    assert (root["name"], root["datePublished"]) == ("Titolo / Title", "2023-09-30")
    assert entities[run["instrument"]["@id"]]["softwareVersion"] == "1.2.3"
    assert run["object"] == [{"@id": "#input/protocol.yml"}, {"@id": "#input/responses.csv"}]
    assert {part["@id"] for part in run["result"]} == {part["@id"] for part in root["hasPart"]}
    page = entities["index.html"]
    assert (page["@type"], page["sha256"], page["contentSize"]) == ("File", hashlib.sha256(b"<p>").hexdigest(), "3")


def test_the_document_gives_back_each_file_by_its_own_name(report: Path) -> None:
    assert set(read_crate(report, "")) == {"figures/a b.svg", "index.html", "tables/città 100%.csv"}
    assert set(read_crate(report, INPUT)) == {"protocol.yml", "responses.csv"}
    assert set(read_crate(report, CODE_PREFIX)) == {
        "notebooks/01_data.ipynb",
        "requirements.lock",
        "src/evaluation/effects.py",
        "src/evaluation/reporting/page.html.j2",
    }


def test_without_a_report_date_the_document_has_no_clock(tmp_path: Path) -> None:
    root = json.loads((_crate(tmp_path, None) / CRATE).read_text())["@graph"]
    assert next(entity for entity in root if entity["@id"] == "./")["datePublished"] == "1970-01-01"


def test_a_folder_without_the_package_is_not_the_code(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="src/evaluation"):
        code_files(tmp_path)


@pytest.mark.skipif(shutil.which("sha256sum") is None, reason="sha256sum is not installed")
def test_sha256sum_reads_the_sums(report: Path) -> None:
    done = subprocess.run(["sha256sum", "--check", "--strict", SUMS], cwd=report, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_sums_are_sorted_and_cover_all_but_log_and_signatures(report: Path) -> None:
    for name in ("evaluator-report.it.signed.pdf", "SHA256SUMS.p7m"):
        (report / name).write_bytes(b"later")
    assert list(read_sums(report)) == sorted(set(REPORT) - {"run.log"} | {CRATE})
    assert check_sums(report) == ()


def test_each_difference_names_its_kind_and_file(report: Path) -> None:
    (report / "index.html").write_text("<q>")
    (report / "figures/a b.svg").unlink()
    (report / "tables/evil.signed.pdf").write_text("")
    assert check_sums(report) == (
        Difference("missing", "figures/a b.svg"),
        Difference("changed", "index.html"),
        Difference("extra", "tables/evil.signed.pdf"),
    )


@pytest.mark.parametrize(
    "name", ["/etc/passwd", "../outside", "a/../../outside", "./index.html", "a//b", "C:/x", "a\\b", "a\x1b[2J", "."]
)
def test_a_sum_of_something_outside_the_report_is_refused(report: Path, name: str) -> None:
    with (report / SUMS).open("a") as sums:
        sums.write("0" * 64 + f"  {name}\n")
    with pytest.raises(VerificationFailed, match=f"{SUMS}, line 5"):
        check_sums(report)


@pytest.mark.parametrize(
    "content", [b"", b"\xff\xfe\n", b"0" * 64 + b" x\n", b"Z" * 64 + b"  x\n", (b"0" * 64 + b"  x\n") * 2]
)
def test_a_malformed_list_of_sums_is_refused(report: Path, content: bytes) -> None:
    (report / SUMS).write_bytes(content)
    with pytest.raises(VerificationFailed, match=SUMS):
        read_sums(report)


def test_a_list_of_sums_that_is_too_large_is_refused(report: Path) -> None:
    os.truncate(report / SUMS, 1 << 30)
    with pytest.raises(VerificationFailed, match="larger than"):
        read_sums(report)


def test_a_list_of_sums_that_is_a_link_is_refused(report: Path, tmp_path: Path) -> None:
    (report / SUMS).rename(tmp_path / "elsewhere")
    (report / SUMS).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(VerificationFailed, match="expected a regular file"):
        read_sums(report)


def test_links_and_devices_in_a_report_are_refused(report: Path, tmp_path: Path) -> None:
    (report / "index.html").unlink()
    (report / "index.html").symlink_to(tmp_path / "raw/s/protocol.yml")
    with pytest.raises(VerificationFailed, match=r"index\.html: a link"):
        check_sums(report)
    (report / "index.html").unlink()
    os.mkfifo(report / "index.html")
    with pytest.raises(VerificationFailed, match=r"index\.html: a link or a device"):
        files_in(report)


def test_a_file_name_that_a_line_cannot_hold_is_refused(report: Path) -> None:
    (report / "a\nb").write_text("")
    with pytest.raises(VerificationFailed, match="control characters"):
        write_sums(report)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b"\xff",
        b"[" * 100_000,
        b'{"@graph": [{"@id": 1, "sha256": "0"}]}',
        b'{"@graph": [{"@id": "a", "sha256": "0"}, {"@id": "%61", "sha256": "1"}]}',
        b'{"@graph": [{"@id": "\\u001b[2J", "sha256": "0"}]}',
    ],
)
def test_a_malformed_provenance_document_is_refused(report: Path, content: bytes) -> None:
    (report / CRATE).write_bytes(content)
    with pytest.raises(VerificationFailed, match=CRATE):
        read_crate(report, "")


def test_writing_leaves_nothing_else_behind(report: Path) -> None:
    before = set(files_in(report.parent))
    write_sums(report)
    assert set(files_in(report.parent)) == before


def test_a_pipe_in_place_of_a_list_is_refused_at_once(report: Path) -> None:
    (report / SUMS).unlink()
    os.mkfifo(report / SUMS)
    with pytest.raises(VerificationFailed, match="expected a regular file"):
        read_sums(report)


def test_a_name_that_is_not_utf8_is_refused(report: Path) -> None:
    (Path(os.fsdecode(os.fsencode(report) + b"/\xff\xfe"))).write_text("")
    with pytest.raises(VerificationFailed, match="control characters"):
        files_in(report)


def test_folders_deeper_than_any_report_are_refused_before_python_gives_up(report: Path) -> None:
    deep = report
    for _ in range(100):
        deep /= "d" * 10
    deep.mkdir(parents=True)
    (deep / "x").write_text("")
    with pytest.raises(VerificationFailed, match="too many files or folders"):
        files_in(report)


def test_a_file_larger_than_any_of_a_report_is_refused_unread(report: Path) -> None:
    os.truncate(report / "index.html", 1 << 40)
    with pytest.raises(VerificationFailed, match="larger than 1024 MB"):
        check_sums(report)


def test_a_folder_that_cannot_be_listed_hides_nothing(report: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    listed = os.scandir

    def refused(path: object) -> object:  # the superuser reads every folder, whatever its mode
        if Path(str(path)).name == "tables":
            raise PermissionError(13, "Permission denied", str(path))
        return listed(path)

    monkeypatch.setattr(os, "scandir", refused)
    with pytest.raises(VerificationFailed, match="cannot be read"):
        files_in(report)
