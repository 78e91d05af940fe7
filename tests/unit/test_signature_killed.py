"""A signature is one step: whatever kills it, and whoever runs or signs meanwhile, it is there whole or not at all."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path

import pytest
from signing_sample import person, report_in

from evaluation.assurance.signatures.certificates import Credentials
from evaluation.assurance.signing import held as holding
from evaluation.assurance.signing.held import held
from evaluation.assurance.signing.signature import read_signed_pdf, read_signed_sums, sign_report
from evaluation.errors import UserError
from evaluation.files import files_in
from evaluation.pipeline.outputs import Outputs
from evaluation.report_folder import SIGNED_SUMS, SUMS

LANGUAGES = ("it", "en")
SIGNED = ["evaluator-report.it.signed.pdf", "evaluator-report.en.signed.pdf", SIGNED_SUMS]


@pytest.fixture(scope="module")
def unsigned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return report_in(tmp_path_factory.mktemp("reports"))


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Credentials]:
    return {name: person(tmp_path_factory.mktemp(name), name) for name in ("ADA", "BRUNO")}


@pytest.fixture
def runs(unsigned: Path, tmp_path: Path) -> Outputs:
    """Two runs of a study, the first of them current."""
    outputs = Outputs.of("s", tmp_path)
    for number in ("1", "2"):
        shutil.copytree(unsigned, outputs.home / number / "reports")
    outputs.current.symlink_to("1")
    outputs.reports.symlink_to(outputs.current / "reports")
    return outputs


def _signers(report: Path) -> list[str]:
    """Return who signed each file, all of them without a fault."""
    pdfs = [
        read_signed_pdf(report / f"evaluator-report.{each}.signed.pdf", report / f"evaluator-report.{each}.pdf")
        for each in LANGUAGES
    ]
    every = [*pdfs, read_signed_sums(report / SIGNED_SUMS, report / SUMS)]
    assert not [problem for read in every for signature in read for problem in signature.problems]
    (names,) = {tuple(signature.certificate.name for signature in read) for read in every}
    return list(names)


class Killed(BaseException):
    """What stops a process at once: nothing that tidies up runs after it."""


@contextmanager
def killed(at: int) -> Iterator[list[bool]]:
    """Kill what runs in the block before its `at`-th change of a name; what is given back holds True once it was."""
    dead: list[bool] = []
    changes = {name: getattr(os, name) for name in ("rename", "replace")}
    left = at

    def step(name: str, *arguments: object, **how: object) -> None:
        nonlocal left
        left -= 1
        if left < 0 or dead:
            dead.append(True)
            raise Killed
        changes[name](*arguments, **how)

    with pytest.MonkeyPatch.context() as patched:
        for name in changes:
            patched.setattr(os, name, partial(step, name))
        tidy = shutil.rmtree
        patched.setattr(shutil, "rmtree", lambda *what, **how: None if dead else tidy(*what, **how))
        with suppress(Killed):
            yield dead


def test_a_killed_signature_is_finished_or_undone_by_the_next_call(
    unsigned: Path, people: dict[str, Credentials], tmp_path: Path
) -> None:
    """Whoever signs next, the same person or the one who signs last, gets what they would have got."""
    for at in range(9):
        report = Path(shutil.copytree(unsigned, tmp_path / str(at) / "s"))

        def first(report: Path = report) -> list[Path]:
            return sign_report(report, people["ADA"], provenance="real", role="statistician", languages=LANGUAGES)

        with killed(at) as dead:
            first()
        if not dead:
            break
        if at % 2:
            assert [path.name for path in first()] == SIGNED
            assert _signers(report) == ["ADA"]
        else:
            sign_report(report, people["BRUNO"], provenance="real", languages=LANGUAGES)
            assert _signers(report) == (["ADA", "BRUNO"] if at else ["BRUNO"])
        assert [path.name for path in report.parent.iterdir()] == ["s"]
    assert at == 4  # before: the decision, and each of three files


def test_no_run_and_no_other_signature_goes_on_meanwhile(runs: Outputs, people: dict[str, Credentials]) -> None:
    with runs.locked(), pytest.raises(UserError, match="a run or another signature is under way"):
        sign_report(runs.reports, people["ADA"], provenance="real")
    with held(runs.reports) as hold:
        assert hold.folder == runs.home / "1" / "reports"
        with pytest.raises(UserError), runs.locked():
            pass
        with pytest.raises(UserError, match="under way"):
            sign_report(runs.reports, people["ADA"], provenance="real")
    copied = Path(shutil.copytree(runs.home / "1", runs.home.parent / "copy")) / "reports"
    with held(copied), pytest.raises(UserError, match="under way"):
        sign_report(copied, people["ADA"], provenance="real")


def test_all_signed_files_belong_to_one_run(
    runs: Outputs, people: dict[str, Credentials], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run is published while somebody asks to sign: before the report is held, or behind the back of who holds it."""

    def switch() -> None:
        runs.current.unlink(missing_ok=True)
        runs.current.symlink_to("2")

    before = holding._locked

    @contextmanager
    def late(folder: Path) -> Iterator[None]:
        with before(folder):
            switch()
            yield

    monkeypatch.setattr(holding, "_locked", late)
    sign_report(runs.reports, people["ADA"], provenance="real", languages=LANGUAGES)
    assert [set(SIGNED) & set(files_in(runs.home / number / "reports")) for number in "12"] == [set(), set(SIGNED)]
