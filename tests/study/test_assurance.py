"""Run, sign, verify: a report as it was made is valid, and one that was touched anywhere is not."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import COMMAND, STUDY, Repository, contents

from evaluation.assurance.provenance.manifest import write_sums

DEMONSTRATION = "demonstration signature: proves nothing about who signed"


@pytest.fixture
def touchable(signed: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the signed outputs."""
    folder = tmp_path_factory.mktemp("touchable")
    shutil.copytree(signed, folder, symlinks=True, dirs_exist_ok=True)
    return folder


def test_a_signed_report_is_valid(repository: Repository, signed: Path) -> None:
    said = repository.evaluation("verify", signed / "reports", "--study", STUDY).stdout
    found = dict(
        re.findall(
            r"^(signature|unchanged|files|inputs|code|tables|numbers|current) +(valid|invalid|not)\b",
            said,
            re.MULTILINE,
        )
    )
    assert found.keys() == {"signature", "unchanged", "files", "inputs", "code", "tables", "numbers", "current"}
    assert [name for name, verdict in found.items() if verdict == "invalid"] == []
    assert [found[name] for name in ("unchanged", "files", "code", "numbers")] == ["valid"] * 4
    assert said.rstrip().endswith(DEMONSTRATION)


LOADED = """
import atexit, sys
atexit.register(lambda: print(*(m.__file__ for m in tuple(sys.modules.values()) if getattr(m, "__file__", None)), sep="\\n"))
from evaluation.cli import main
main()
"""


@pytest.mark.parametrize("command", ["run", "sign", "verify"])
def test_a_command_that_makes_or_judges_a_report_loads_nothing_outside_its_digest(
    repository: Repository, outputs: Path, command: str
) -> None:
    """What is neither an installed package nor listed as code could change a report without changing its digest."""
    arguments = {"run": ["run", STUDY, "--output", outputs], "sign": ["sign", outputs / "reports", "--demo"]}
    said = subprocess.run(
        [sys.executable, "-c", LOADED, *map(str, arguments.get(command, ["verify", outputs / "reports"]))],
        cwd=repository.root, env=repository.environment, capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    loaded = [Path(line) for line in said.splitlines() if line.endswith(".py") and Path(line).is_absolute()]
    ours = [path for path in loaded if not path.is_relative_to(sys.prefix) and not path.is_relative_to(sys.base_prefix)]
    assert ours
    assert [path for path in ours if not path.is_relative_to(repository.root / "src" / "evaluation")] == []


def test_every_printed_number_of_the_report_is_compared_and_every_page_made_again(
    repository: Repository, signed: Path
) -> None:
    said = repository.evaluation("verify", signed / "reports").stdout
    assert int(re.search(r"(\d+) numbers compared with their cell", said)[1]) > 1000
    assert int(re.search(r"(\d+) pages, figures and PDFs made again", said)[1]) > 40


def test_a_reader_of_italian_is_answered_in_italian(repository: Repository, signed: Path) -> None:
    said = subprocess.run(
        [COMMAND, "verify", signed / "reports"], cwd=repository.root, capture_output=True, text=True, check=True,
        env={**repository.environment, "LC_ALL": "it_IT.UTF-8"},
    ).stdout  # fmt: skip
    assert "i file sono quelli dei due elenchi" in said
    assert "firma di dimostrazione: non prova nulla su chi ha firmato" in said


def test_roots_of_trust_that_did_not_issue_the_certificate_make_the_command_fail(
    repository: Repository, signed: Path, tmp_path: Path
) -> None:
    command = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-subj",
        "/CN=A root",
        "-keyout",
        "/dev/null",
    ]
    subprocess.run([*command, "-out", tmp_path / "root.pem"], check=True, capture_output=True)
    said = repository.evaluation("verify", signed / "reports", "--trust", tmp_path / "root.pem", code=1).stdout
    assert "leads to none of the roots given" in said


def test_a_report_verifies_without_the_data(repository: Repository, signed: Path) -> None:
    said = repository.evaluation("verify", signed / "reports").stdout
    assert re.search(r"^inputs +not available", said, re.MULTILINE)
    assert "invalid" not in said


def digit(data: bytes) -> bytes:
    """Change one digit after a decimal point."""
    at = re.search(rb"\.\d", data).start() + 1
    return data[:at] + (b"1" if data[at : at + 1] != b"1" else b"2") + data[at + 1 :]


def coordinate(data: bytes) -> bytes:
    """Change one coordinate of a path."""
    at = re.search(rb' d="M (\d)', data).start(1)
    return data[:at] + (b"1" if data[at : at + 1] != b"1" else b"2") + data[at + 1 :]


def line(data: bytes) -> bytes:
    """Change one line of code."""
    assert b"workspace = Workspace.open(study, choices)" in data
    return data.replace(b"workspace = Workspace.open(study, choices)", b"workspace = Workspace.open('another')", 1)


def byte(data: bytes) -> bytes:
    """Flip one bit in the middle."""
    at = len(data) // 2
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


TOUCHES: dict[str, Callable[[bytes], bytes]] = {
    "tables/estimates.csv": digit,
    "tables/payment.json": digit,
    "figures/04_effects/fig-means.it.svg": coordinate,
    "notebooks/04_effects.ipynb": line,
    "index.html": byte,
    "evaluator-report.it.pdf": byte,
    "evaluator-report.it.signed.pdf": byte,
    "ro-crate-metadata.json": byte,
    "contract.yml": digit,
}


@pytest.mark.parametrize("name", TOUCHES)
def test_a_touched_file_is_found_and_named(repository: Repository, touchable: Path, name: str) -> None:
    path = touchable / "reports" / name
    before = path.read_bytes()
    path.write_bytes(TOUCHES[name](before))
    assert path.read_bytes() != before
    said = repository.evaluation("verify", touchable / "reports", code=1)
    assert any(name in shown for shown in said.stdout.splitlines() if not shown.startswith(("Reports", " " * 11 + "/")))
    assert not said.stdout.endswith(DEMONSTRATION + "\n")
    assert "Traceback" not in said.stderr


@pytest.mark.parametrize("name", ["tables/estimates.csv", "tables/payment.json", "SHA256SUMS"])
@pytest.mark.parametrize("content", [None, b"{}", b"\xff\x00[["])
def test_a_file_that_is_gone_or_rubbish_is_no_traceback(
    repository: Repository, touchable: Path, name: str, content: bytes | None
) -> None:
    path = touchable / "reports" / name
    path.unlink() if content is None else path.write_bytes(content)
    said = repository.evaluation("verify", touchable / "reports", code=1)
    assert name in said.stdout
    assert "Traceback" not in said.stderr


def test_a_touched_report_shows_neither_effect_nor_verdict(repository: Repository, touchable: Path) -> None:
    trace = touchable / "reports/tables/payment.json"
    trace.write_text(re.sub(r'"amount": "[\d.]+"', '"amount": "59999.99"', trace.read_text("utf-8")), "utf-8")
    said = repository.evaluation("verify", touchable / "reports", code=1).stdout
    assert "59,999.99" not in said


def test_a_forged_report_whose_lists_agree_with_its_rubbish_is_no_traceback(
    repository: Repository, outputs: Path
) -> None:
    trace, crate = outputs / "reports/tables/payment.json", outputs / "reports/ro-crate-metadata.json"
    digest = hashlib.sha256(trace.read_bytes()).hexdigest()
    trace.write_bytes(b"{}")
    crate.write_text(crate.read_text("utf-8").replace(digest, hashlib.sha256(b"{}").hexdigest()), "utf-8")
    write_sums(outputs / "reports")
    said = repository.evaluation("verify", outputs / "reports", code=1)
    assert "evaluator-report.it.pdf: crate-sha256:" in said.stdout  # the PDF still names the true description
    assert "the pages cannot be made again from the report's notebooks" in said.stdout
    assert "Traceback" not in said.stdout + said.stderr


def test_a_touched_source_notebook_is_found_and_named(repository: Repository, signed: Path) -> None:
    with repository.edited("notebooks/04_effects.ipynb", lambda source: source.replace("workspace", "werkspace", 1)):
        said = repository.evaluation("verify", signed / "reports", code=1).stdout
    assert "notebooks/04_effects.ipynb: changed" in said
    assert repository.evaluation("verify", signed / "reports").returncode == 0


def test_data_other_than_those_of_the_report_are_named(
    repository: Repository, signed: Path, changed_study: Path
) -> None:
    said = repository.evaluation("verify", signed / "reports", "--study", changed_study, code=1).stdout
    assert "protocol.yml: changed" in said


def test_a_run_without_changes_keeps_the_signed_files(repository: Repository, touchable: Path, signed: Path) -> None:
    said = repository.evaluation("run", STUDY, "--output", touchable).stdout
    assert contents(touchable) == contents(signed)
    assert DEMONSTRATION in repository.evaluation("verify", touchable / "reports").stdout
    assert "results changed" not in said


def test_a_notebook_that_was_run_and_saved_changes_nothing(
    repository: Repository, touchable: Path, signed: Path
) -> None:
    executed = (signed / "reports/notebooks/04_effects.ipynb").read_text("utf-8")

    def saved(source: str) -> str:
        """As JupyterLab writes it after Run All: outputs, counts, the state of widgets, the kernel's own words."""
        notebook, outputs = json.loads(source), json.loads(executed)["cells"]
        by_id = {cell["id"]: cell["outputs"] for cell in outputs if cell["cell_type"] == "code"}
        for count, cell in enumerate(cell for cell in notebook["cells"] if cell["cell_type"] == "code"):
            cell |= {"outputs": by_id.get(cell["id"], []), "execution_count": count + 1}
            cell["metadata"] |= {"execution": {"iopub.status.busy": "2026-01-01T10:00:00Z"}, "trusted": True}
        notebook["metadata"] |= {
            "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
            "language_info": {"name": "python", "version": "3.12.1"},
            "widgets": {"application/vnd.jupyter.widget-state+json": {"state": {}, "version_major": 2}},
        }
        return json.dumps(notebook, indent=2)

    with repository.edited("notebooks/04_effects.ipynb", saved):
        said = repository.evaluation("run", STUDY, "--output", touchable).stdout
        assert "nothing changed, no notebook run" in said
        assert contents(touchable) == contents(signed)
        repository.evaluation("run", STUDY, "--output", touchable, "--force")
        assert contents(touchable) == contents(signed)
        repository.evaluation("verify", touchable / "reports")


def test_code_that_changes_no_result_leaves_the_signed_report_in_place(
    repository: Repository, touchable: Path, signed: Path
) -> None:
    with repository.edited("src/evaluation/payment/decide.py", lambda source: source + "\n# a remark\n"):
        said = repository.evaluation("run", STUDY, "--output", touchable).stdout
    assert "which stays in place" in " ".join(said.split())
    assert "results changed" not in said
    assert contents(touchable) == contents(signed)


def test_a_run_that_restores_an_edited_table_keeps_the_signature_and_does_not_say_that_results_changed(
    repository: Repository, touchable: Path, signed: Path
) -> None:
    table = touchable / "reports/tables/estimates.csv"
    table.write_bytes(digit(table.read_bytes()))
    said = repository.evaluation("run", STUDY, "--output", touchable).stdout
    assert contents(touchable) == contents(signed)
    assert "results changed" not in said


def test_a_run_with_changed_data_keeps_the_signed_report_and_says_where(
    repository: Repository, moved_on: tuple[Path, str], signed: Path, changed_study: Path
) -> None:
    outputs, said = moved_on
    kept = outputs / re.search(r"signed before is kept in (.+)", said)[1]
    assert DEMONSTRATION in repository.evaluation("verify", kept).stdout
    assert not list((outputs / "reports").glob("*.signed.pdf"))
    assert not (outputs / "reports/SHA256SUMS.p7m").exists()
    # and it stays there, run after run
    repository.evaluation("run", changed_study, "--output", outputs)
    assert contents(kept.parent) == contents(signed)


def test_a_real_study_takes_no_demonstration_signature(repository: Repository, outputs: Path) -> None:
    protocol = outputs / "reports/protocol.yml"
    protocol.write_text(protocol.read_text("utf-8").replace("provenance: synthetic", "provenance: real"), "utf-8")
    said = repository.evaluation("sign", outputs / "reports", "--demo", code=2).stderr
    assert "The study is real" in said
    assert not list((outputs / "reports").glob("*.signed.pdf"))


def test_a_report_with_differences_is_not_signed(repository: Repository, outputs: Path) -> None:
    table = outputs / "reports/tables/estimates.csv"
    table.write_bytes(digit(table.read_bytes()))
    said = repository.evaluation("sign", outputs / "reports", "--demo", code=1).stderr
    assert "tables/estimates.csv: changed" in said
    assert "Traceback" not in said
    assert not list((outputs / "reports").glob("*.signed.pdf"))


def test_a_signature_needs_one_kind_of_credentials(repository: Repository, outputs: Path) -> None:
    assert "--demo or --p12" in repository.evaluation("sign", outputs / "reports", code=2).stderr


@pytest.mark.parametrize("command", [("verify",), ("sign", "--demo")])
@pytest.mark.parametrize("made", [True, False])
def test_a_folder_that_is_no_report_is_wrong_use(
    repository: Repository, tmp_path: Path, command: tuple[str, ...], made: bool
) -> None:
    folder = tmp_path / "empty"
    if made:
        folder.mkdir()
    said = repository.evaluation(command[0], folder, *command[1:], code=2)
    assert "report" in said.stderr
    assert "Traceback" not in said.stderr
