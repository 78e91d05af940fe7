"""The command sign, as a user calls it: keys and PINs from files, one signer or two, a file that another program signed."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from conftest import STUDY, Repository
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign import PdfSignatureMetadata, PdfSigner
from pyhanko.sign.fields import SigSeedSubFilter
from signing_sample import PHRASE, archive, authority_in, person

from evaluation.assurance.signatures.messages import wait_for
from evaluation.assurance.signing.signature import read_signed_pdf, read_signed_sums

PDF, SIGNED_PDF, SIGNED_SUMS = "evaluator-report.it.pdf", "evaluator-report.it.signed.pdf", "SHA256SUMS.p7m"


@pytest.fixture
def report(shipped: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(shipped / "reports", tmp_path / "reports"))


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    folder = tmp_path / "keys"
    folder.mkdir()
    for name in ("ADA", "BRUNO"):
        (folder / f"{name}.p12").write_bytes(archive(name))
    (folder / "secret").write_text(f"{PHRASE}\n")
    (folder / "secret").chmod(0o600)
    return folder


def read(report: Path) -> list[list[tuple[str, str | None, str]]]:
    both = (
        read_signed_pdf(report / SIGNED_PDF, report / PDF),
        read_signed_sums(report / SIGNED_SUMS, report / "SHA256SUMS"),
    )
    assert not [problem for signatures in both for each in signatures for problem in each.problems]
    return [[(each.certificate.name, each.role, each.level) for each in signatures] for signatures in both]


def test_two_people_sign_one_after_the_other(repository: Repository, report: Path, keys: Path) -> None:
    for name, role in (("ADA", "statistician"), ("BRUNO", "legal_representative")):
        key = ("--p12", keys / f"{name}.p12", "--pin-file", keys / "secret")
        said = repository.evaluation("sign", report, *key, "--role", role).stdout
        assert said.count("signed ") == 2
    expected = [("ADA", "statistician", "B-B"), ("BRUNO", "legal_representative", "B-B")]
    assert read(report) == [expected, expected]
    said = repository.evaluation("sign", report, *key, code=2).stderr
    assert "already as legal representative" in said


def test_the_time_is_stamped(repository: Repository, report: Path, keys: Path, tmp_path: Path) -> None:
    if shutil.which("openssl") is None:
        pytest.skip("openssl stamps the time in this test")
    folder = tmp_path / "authority"
    folder.mkdir()
    with authority_in(folder) as authority:
        key = ("--p12", keys / "ADA.p12", "--pin-file", keys / "secret")
        repository.evaluation("sign", report, *key, "--timestamp", f"{authority.url}/tsa")
    # nobody here vouches for the authority, so the stamp raises no level; test_signature_levels gives the reader its root
    assert read(report) == [[("ADA", "legal_representative", "B-B")]] * 2


def test_a_file_that_another_program_signed_is_imported(repository: Repository, report: Path, keys: Path) -> None:
    who = person(keys, "CARLA")
    writer = IncrementalPdfFileWriter(io.BytesIO((report / PDF).read_bytes()))
    metadata = PdfSignatureMetadata(field_name="LegalRepresentative", subfilter=SigSeedSubFilter.PADES)
    signed = wait_for(PdfSigner(metadata, who.signer).async_sign_pdf(writer)).getvalue()
    sums = (report / "SHA256SUMS").read_bytes()
    message = wait_for(who.signer.async_sign_general_data(sums, "sha256", detached=False, use_cades=True)).dump()
    for name, data in (("firmato.pdf", signed), ("SHA256SUMS.p7m", message)):
        (keys / name).write_bytes(data)
        said = repository.evaluation("sign", report, "--import", keys / name).stdout
        assert "imported" in said
    assert read(report) == [[("CARLA", "legal_representative", "B-B")], [("CARLA", None, "B-B")]]


def test_a_card_that_is_not_there_is_told(repository: Repository, report: Path, tmp_path: Path) -> None:
    said = repository.evaluation("sign", report, "--pkcs11", tmp_path / "none.so", "--token", "X", code=2).stderr
    assert "no such file" in said
    assert "Traceback" not in said


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--demo", "--p12", "x.p12"), "give one of"),
        (("--demo", "--import", "x.pdf"), "give one of"),
        (("--demo", "--role", "auditor"), "expected statistician | legal_representative"),
        (("--demo", "--issuers", "x.pem"), "also wants --timestamp"),
        (("--pkcs11", "x.so"), "also wants --token"),
        (("--demo", "--timestamp", "file:///x"), "http or https"),
        (("--import", "absent.pdf"), "absent.pdf"),
    ],
)
def test_wrong_use_is_told_and_nothing_is_written(
    repository: Repository, report: Path, options: tuple[str, ...], message: str
) -> None:
    before = sorted(path.name for path in report.iterdir())
    code = 1 if options[0] == "--import" else 2
    said = repository.evaluation("sign", report, *options, code=code).stderr
    assert message in " ".join(said.split())
    assert "Traceback" not in said
    assert sorted(path.name for path in report.iterdir()) == before


def test_no_option_takes_a_secret(repository: Repository) -> None:
    said = repository.evaluation("sign", "--help").stdout
    assert "--pin-file" in said
    assert not [each for each in ("--pin ", "--password", "--passphrase", "--secret") if each in said]


def test_messages_follow_the_locale(repository: Repository, report: Path) -> None:
    environment = {**repository.environment, "LC_ALL": "it_IT.UTF-8"}
    command = shutil.which("evaluation") or str(Path(os.sys.executable).with_name("evaluation"))
    said = subprocess.run(
        [command, "sign", str(report)], env=environment, cwd=repository.root, capture_output=True, text=True
    )
    assert said.returncode == 2
    assert "indicare una sola cosa" in said.stderr
    assert STUDY not in said.stderr
