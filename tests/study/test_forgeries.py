"""Every forgery is refused by the command, which says where; the honest report it was made of is not."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from conftest import ROOT
from forgeries import FORGERIES, INVENTED, NEITHER_SIGNED_NOR_CLAIMED, SIGNED_PDF, validation_store
from public_attacks import OF_FILES, PUBLIC_ATTACKS

from evaluation.assurance.verification.verify import verify_report

ALL = FORGERIES | PUBLIC_ATTACKS


@pytest.fixture
def report(signed: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree((signed / "reports").resolve(), tmp_path / "s"))


def test_the_honest_report_is_unchanged(report: Path) -> None:
    assert verify_report(report, code=ROOT)["unchanged"].verdict == "valid"


def test_a_validation_store_alone_leaves_the_report_unchanged(report: Path) -> None:
    path = report / SIGNED_PDF
    path.write_bytes(validation_store(path.read_bytes()))
    answer = verify_report(report)["unchanged"]
    assert answer.verdict == "valid", answer.evidence


@pytest.mark.parametrize("name", NEITHER_SIGNED_NOR_CLAIMED)
def test_what_changes_nothing_that_was_signed_is_named_and_not_believed(report: Path, name: str) -> None:
    change, words = NEITHER_SIGNED_NOR_CLAIMED[name]
    change(report)
    found = verify_report(report)
    said = " ".join(line["en"] for answer in found.answers for line in (answer.summary, *answer.evidence))
    assert found.ok, said
    assert words in said
    assert INVENTED not in said


@pytest.mark.parametrize("name", OF_FILES)
def test_what_was_done_to_the_folder_is_told_by_its_files(report: Path, name: str) -> None:
    OF_FILES[name](report)
    assert verify_report(report)["files"].verdict == "invalid"


@pytest.mark.parametrize("name", ALL)
def test_a_forgery_is_refused_and_its_place_named(report: Path, name: str) -> None:
    before = (report / SIGNED_PDF).read_bytes()
    ALL[name](report)
    found = verify_report(report)
    assert not found.ok
    refused = found["unchanged"] if found["unchanged"].verdict == "invalid" else found["signature"]
    assert refused.verdict == "invalid", [(answer.question_id, answer.verdict) for answer in found.answers]
    said = " ".join(evidence["en"] for evidence in refused.evidence)
    if (report / SIGNED_PDF).read_bytes().startswith(before) and SIGNED_PDF in said:
        assert re.search(r"\bbyte \d+|\bobject \d+|cannot be read", said), said
