"""Verification: a sound report passes, and every way we know of to change one is caught and named."""

from __future__ import annotations

import io
import json
import os
import shutil
import zlib
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path

import pytest
from asn1crypto import pem
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, pkcs12
from cryptography.x509.oid import NameOID
from forgeries import DROPPINGS
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from signing_sample import unsigned_pdf

from evaluation import __version__
from evaluation.assurance.provenance.crate import read_crate, write_crate
from evaluation.assurance.provenance.manifest import read_sums, write_sums
from evaluation.assurance.questions import Answer, Comparison
from evaluation.assurance.signatures.certificates import Credentials
from evaluation.assurance.signatures.trust import Trust
from evaluation.assurance.signing.signature import sign_report
from evaluation.assurance.verification.verify import Verification, verify_report
from evaluation.errors import UserError
from evaluation.language import text
from evaluation.report_folder import CRATE, SIGNED_SUMS, SUMS

PHRASE = "una frase"
PDF, SIGNED_PDF = "evaluator-report.it.pdf", "evaluator-report.it.signed.pdf"
CONTRACT = """
parties:
  - {id: payer, role: outcome_payer, name: Fondazione}
  - {id: evaluator, role: evaluator, name: Ada Rossi}
"""
STUDY = {"protocol.yml": "format: 1\n", "contract.yml": CONTRACT, "responses.csv": "participant,value\nP01,3\n"}
CODE = {
    "notebooks/01_data.ipynb": "{}",
    "src/evaluation/effects.py": "x = 1\n",
    "requirements.lock": f"numpy=={version('numpy')}\n",
}
PUBLISHED = {
    "index.html": "<p>0.5</p>",
    "tables/estimates.csv": "estimate\n0.5\n",
    "figures/forest.svg": "<svg/>",
    "notebooks/04_effects.ipynb": '{"cells": []}',
    "run.log": "now\n",
}


def _fill(folder: Path, files: dict[str, str]) -> None:
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content)


def _publish(root: Path, contract: str = CONTRACT) -> Path:
    """Make a study, its code and an unsigned report below `root`; return the report."""
    study, code, report = root / "study", root / "code", root / "reports/s"
    _fill(study, {**STUDY, "contract.yml": contract})
    _fill(code, CODE)
    _fill(report, {**PUBLISHED, "protocol.yml": STUDY["protocol.yml"], "contract.yml": contract})
    title = text("Titolo", "Title")
    crate = write_crate(
        report,
        study=study,
        code=code,
        title=title,
        languages=("it",),
        published=date(2023, 9, 30),
        software_version=__version__,
    )
    (report / PDF).write_bytes(unsigned_pdf(crate=crate))
    write_sums(report)
    return report


def _verify(root: Path) -> Verification:
    return verify_report(root / "reports/s", code=root / "code", study=root / "study")


def _invalid(verification: Verification) -> dict[str, str]:
    return {answer.question_id: _said(answer) for answer in verification.answers if answer.verdict == "invalid"}


def _said(answer: Answer) -> str:
    return " ".join([answer.summary["en"], *(evidence["en"] for evidence in answer.evidence)])


def _flip(path: Path, position: int = -1) -> None:
    data = bytearray(path.read_bytes())
    data[position] ^= 1
    path.write_bytes(data)


def _personal(folder: Path, name: str = "ROSSI ADA") -> Credentials:
    """Return credentials of a person, through a PKCS#12 file."""
    key = ec.generate_private_key(ec.SECP256R1())
    who = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    usage = x509.KeyUsage(True, True, False, False, False, False, False, False, False)
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(who, who, key.public_key(), 7, now - timedelta(1), now + timedelta(30))
        .add_extension(usage, critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / "key.p12"
    lock = BestAvailableEncryption(PHRASE.encode())
    path.write_bytes(pkcs12.serialize_key_and_certificates(None, key, certificate, None, lock))
    return Credentials.from_p12(path, PHRASE, code=folder / "code")


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("signed")
    sign_report(_publish(root), Credentials.demonstration(), provenance="synthetic")
    return root


@pytest.fixture(scope="module")
def person(tmp_path_factory: pytest.TempPathFactory) -> Credentials:
    return _personal(tmp_path_factory.mktemp("keys"))


@pytest.fixture
def root(original: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(original, tmp_path / "copy"))


@pytest.fixture
def report(root: Path) -> Path:
    return root / "reports/s"


def test_a_sound_report_answers_every_question(original: Path) -> None:
    verification = _verify(original)
    assert {answer.question_id: answer.verdict for answer in verification.answers} == {
        "signature": "not available",  # a demonstration: nobody stands behind it
        "unchanged": "valid",
        "files": "valid",
        "inputs": "not available",  # never locked
        "code": "valid",
        "tables": "not available",
        "numbers": "not available",
        "current": "not available",
    }
    assert verification.ok


def test_a_demonstration_never_reads_as_a_valid_signature(original: Path) -> None:
    verification = _verify(original)
    assert verification.label == text(
        "firma di dimostrazione: non prova nulla su chi ha firmato",
        "demonstration signature: proves nothing about who signed",
    )
    assert verification["signature"].summary == verification.label


def test_a_reviewer_without_data_and_code_is_told_what_was_not_checked(original: Path) -> None:
    verification = verify_report(original / "reports/s")
    assert (verification["inputs"].verdict, verification["code"].verdict) == ("not available", "not available")
    assert "--study" in verification["inputs"].summary["en"]
    assert "--rerun" in verification["tables"].summary["it"]
    assert verification.ok


def test_every_answer_speaks_both_languages(root: Path) -> None:
    _flip(root / "reports/s" / "index.html", 0)
    _flip(root / "code/requirements.lock", 0)
    for answer in _verify(root).answers:
        for words in (answer.summary, *answer.evidence):
            assert words["it"] and words["en"]


def test_an_unsigned_report_says_so(tmp_path: Path) -> None:
    verification = verify_report(_publish(tmp_path))
    assert verification["signature"].verdict == verification["unchanged"].verdict == "not available"
    assert verification.ok
    assert verification.label == text("non firmato", "not signed")


@pytest.mark.parametrize(
    "name",
    [
        "tables/estimates.csv",
        "figures/forest.svg",
        "notebooks/04_effects.ipynb",
        "index.html",
        "contract.yml",
        PDF,
        CRATE,
    ],
)
def test_one_changed_byte_in_a_file_is_caught(root: Path, name: str) -> None:
    _flip(root / "reports/s" / name, 0)
    verification = _verify(root)
    assert not verification.ok
    assert name in _invalid(verification)["files"]
    assert verification.label["en"].endswith("; other checks failed") or "invalid" in verification.label["en"]


def test_one_changed_byte_in_the_sums_is_caught(root: Path, report: Path) -> None:
    _flip(report / SUMS, 0)
    invalid = _invalid(_verify(root))
    assert SUMS in invalid["files"]
    assert SIGNED_SUMS in invalid["unchanged"]


@pytest.mark.parametrize("share", [0.0, 0.02, 0.3, 0.62, 0.9, 0.9999])
def test_one_changed_byte_in_the_signed_sums_is_caught(root: Path, report: Path, share: float) -> None:
    path = report / SIGNED_SUMS
    _flip(path, int(share * path.stat().st_size))
    verification = _verify(root)
    assert SIGNED_SUMS in _invalid(verification)["unchanged"]
    assert verification.label["en"].startswith("signature invalid")


def _hole(path: Path) -> tuple[int, int]:
    _, start, end, _ = PdfFileReader(io.BytesIO(path.read_bytes())).embedded_signatures[0].byte_range
    return start, end


@pytest.mark.parametrize("offset", [0, 1, 51, 66, 400, 1335, -2, -1])
def test_one_changed_byte_in_the_part_a_pdf_signature_leaves_out_is_caught(
    root: Path, report: Path, offset: int
) -> None:
    start, end = _hole(report / SIGNED_PDF)
    _flip(report / SIGNED_PDF, (start if offset >= 0 else end) + offset)
    assert SIGNED_PDF in _invalid(_verify(root))["unchanged"]


def test_other_digits_for_the_same_signature_are_caught(root: Path, report: Path) -> None:
    start, end = _hole(report / SIGNED_PDF)
    data = (report / SIGNED_PDF).read_bytes()
    (report / SIGNED_PDF).write_bytes(data[:start] + data[start:end].replace(b"A", b"a", 1) + data[end:])
    assert SIGNED_PDF in _invalid(_verify(root))["unchanged"]


def test_bytes_after_the_end_of_the_signed_pdf_are_caught(root: Path, report: Path) -> None:
    with (report / SIGNED_PDF).open("ab") as stream:
        stream.write(b"\n% a later thought\n")
    assert SIGNED_PDF in _invalid(_verify(root))["unchanged"]


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.8, 0.9999])
def test_one_changed_byte_in_the_signed_pdf_is_caught(root: Path, report: Path, share: float) -> None:
    path = report / SIGNED_PDF
    _flip(path, int(share * path.stat().st_size))
    assert SIGNED_PDF in _invalid(_verify(root))["unchanged"]


@pytest.mark.parametrize("name", ["tables/estimates.csv", PDF, CRATE, SUMS, SIGNED_SUMS, SIGNED_PDF])
def test_a_missing_file_is_caught(root: Path, name: str) -> None:
    (root / "reports/s" / name).unlink()
    assert name in " ".join(_invalid(_verify(root)).values())


@pytest.mark.parametrize("name", ["tables/extra.csv", "other.signed.pdf", ".hidden"])
def test_an_added_file_is_caught_by_both_lists(root: Path, name: str) -> None:
    (root / "reports/s" / name).write_text("")
    evidence = _verify(root)["files"].evidence
    assert [line["en"] for line in evidence[:2]] == [f"{name}: extra ({SUMS})", f"{name}: extra ({CRATE})"]
    assert evidence[0]["it"] == f"{name}: in più ({SUMS})"


def test_what_systems_leave_in_folders_is_named_and_ignored(root: Path, report: Path) -> None:
    for name in DROPPINGS:
        (report / name).write_bytes(b"\x00\x05\x16\x07")
    verification = _verify(root)
    assert verification.ok, _invalid(verification)
    assert [line["en"] for line in verification["files"].evidence] == [
        *(f"{name}: left by a system, no part of the report" for name in sorted(DROPPINGS)),
        "run.log: outside the lists, no signature covers it",
    ]
    sign_report(report, Credentials.demonstration(), provenance="synthetic")
    assert write_sums(report).read_text().count("\n") == len(read_sums(report)) == len(read_crate(report, "")) + 2


@pytest.mark.parametrize(
    "name", [".DS_Store/index.html", "x.DS_Store", "_index.html", ".index.html", "desktop.ini.html"]
)
def test_what_only_resembles_a_dropping_is_extra(root: Path, report: Path, name: str) -> None:
    (report / name).parent.mkdir(exist_ok=True)
    (report / name).write_text("")
    assert f"{name}: extra" in _invalid(_verify(root))["files"]


def test_sums_made_again_after_a_change_do_not_agree_with_the_crate(root: Path, report: Path) -> None:
    _flip(report / "tables/estimates.csv", 0)
    write_sums(report)
    invalid = _invalid(_verify(root))
    assert f"tables/estimates.csv: changed ({CRATE})" in invalid["files"]
    assert f"changed ({SUMS})" not in invalid["files"]
    assert SIGNED_SUMS in invalid["unchanged"]


def test_signed_sums_of_another_certificate_are_caught(root: Path, report: Path) -> None:
    signed = (report / SIGNED_PDF).read_bytes()
    sign_report(report, Credentials.demonstration(), provenance="synthetic")
    (report / SIGNED_PDF).write_bytes(signed)
    verification = _verify(root)
    assert verification["unchanged"].verdict == "valid"
    assert verification["signature"].verdict == "invalid"
    assert "different certificates" in verification.label["en"]


def test_an_update_after_the_signature_is_caught(root: Path, report: Path) -> None:
    writer = IncrementalPdfFileWriter(io.BytesIO((report / SIGNED_PDF).read_bytes()))
    writer.root["/Lang"] = writer.root["/Lang"]
    writer.update_root()
    with (report / SIGNED_PDF).open("wb") as stream:
        writer.write(stream)
    verification = _verify(root)
    assert SIGNED_PDF in _invalid(verification)["unchanged"]
    assert "changed after it was signed" in verification.label["en"]


def test_a_signed_pdf_of_an_earlier_report_is_caught(root: Path, report: Path) -> None:
    stale = (report / SIGNED_PDF).read_bytes()
    (report / "tables/estimates.csv").write_text("estimate\n0.6\n")
    credentials = Credentials.demonstration()
    again = _publish(root)
    sign_report(again, credentials, provenance="synthetic")
    assert _verify(root).ok
    (report / PDF).write_bytes(unsigned_pdf(crate="0" * 64))
    write_sums(report)
    sign_report(report, credentials, provenance="synthetic")
    (report / SIGNED_PDF).write_bytes(stale)
    invalid = _invalid(_verify(root))
    assert "not the unsigned one" in invalid["unchanged"]
    assert f"{PDF}: crate-sha256:" in invalid["files"]


def test_the_contract_makes_its_evaluator_known(tmp_path: Path, person: Credentials) -> None:
    viewed = ":".join(person.certificate.fingerprint[i : i + 2].upper() for i in range(0, 64, 2))
    report = _publish(tmp_path, CONTRACT.replace("Ada Rossi", f'Ada Rossi, certificate_sha256: "{viewed}"'))
    sign_report(report, person, provenance="real")
    verification = _verify(tmp_path)
    assert verification.ok
    assert verification["signature"].verdict == "valid"
    assert verification.label["en"] == "signature valid, signer Ada Rossi (evaluator by the contract of the study)"

    alone = verify_report(report)
    assert alone["signature"].verdict == "not available"
    assert "cannot vouch for itself" in alone["signature"].summary["en"]
    assert alone.label["en"] == "signature valid, signer Ada Rossi (evaluator by the contract in this folder)"

    with (report / "contract.yml").open("a") as contract:
        contract.write("# a later thought\n")
    assert verify_report(report).label["en"] == "signature valid, signer unknown; other checks failed"


def test_a_signer_the_contract_does_not_name_is_unknown(tmp_path: Path, person: Credentials) -> None:
    sign_report(_publish(tmp_path), person, provenance="real")
    verification = _verify(tmp_path)
    assert verification.ok
    assert verification.label == text("firma valida, firmatario sconosciuto", "signature valid, signer unknown")


@pytest.mark.parametrize("demonstration", [True, False])
def test_a_signer_other_than_the_one_in_the_contract_is_invalid(
    tmp_path: Path, person: Credentials, demonstration: bool
) -> None:
    report = _publish(tmp_path, CONTRACT.replace("Ada Rossi", f"Ada Rossi, certificate_sha256: {'f' * 64}"))
    sign_report(report, Credentials.demonstration() if demonstration else person, provenance="synthetic")
    verification = _verify(tmp_path)
    assert verification["signature"].verdict == "invalid"
    assert verification.label["en"] == "signature invalid: signer unknown: the contract names another certificate"


def test_a_contract_that_names_a_demonstration_does_not_make_it_known(tmp_path: Path) -> None:
    demonstration = Credentials.demonstration()
    fingerprint = demonstration.certificate.fingerprint
    report = _publish(tmp_path, CONTRACT.replace("Ada Rossi", f"Ada Rossi, certificate_sha256: {fingerprint}"))
    sign_report(report, demonstration, provenance="synthetic")
    verification = _verify(tmp_path)
    assert verification["signature"].verdict == "not available"
    assert verification.label["en"].startswith("demonstration signature")


def _trusting(folder: Path, *people: Credentials) -> Trust:
    """Trust these certificates themselves."""
    path = folder / "roots.pem"
    path.write_bytes(b"".join(pem.armor("CERTIFICATE", each.signer.signing_cert.dump()) for each in people))
    return Trust.from_pem(path)


def _naming(**parties: Credentials) -> str:
    """Return a contract that names the certificates of parties in these roles."""
    each = (f"{{role: {role}, certificate_sha256: '{who.certificate.fingerprint}'}}" for role, who in parties.items())
    return f"parties: [{', '.join(each)}]\n"


def test_a_report_without_the_contract_does_not_get_around_the_one_of_the_study(
    tmp_path: Path, person: Credentials
) -> None:
    report = _publish(tmp_path, _naming(evaluator=person))
    (report / "contract.yml").unlink()
    graph = json.loads((report / CRATE).read_text())
    graph["@graph"] = [each for each in graph["@graph"] if each["@id"] != "contract.yml"]
    (report / CRATE).write_text(json.dumps(graph))
    (report / PDF).write_bytes(unsigned_pdf(crate=sha256((report / CRATE).read_bytes()).hexdigest()))
    write_sums(report)
    mallory = _personal(tmp_path)
    sign_report(report, mallory, provenance="real")
    verification = verify_report(report, study=tmp_path / "study", trust=_trusting(tmp_path, mallory))
    invalid = _invalid(verification)
    assert "the contract names another certificate" in invalid["signature"]
    assert "contract.yml: the report lacks its copy" in invalid["inputs"]
    assert f"contract.yml: missing ({CRATE})" in invalid["files"]


def _signed_by_two(root: Path, contract: str, first: Credentials, second: Credentials) -> Path:
    report = _publish(root, contract)
    sign_report(report, first, provenance="real", role="statistician")
    sign_report(report, second, provenance="real")
    return report


def test_of_two_signers_the_one_whom_nobody_names_is_not_covered_by_the_other(
    tmp_path: Path, person: Credentials
) -> None:
    mallory = _personal(tmp_path, "MALLORY")
    report = _signed_by_two(tmp_path, _naming(evaluator=person), person, mallory)
    verification = _verify(tmp_path)
    assert verification["signature"].verdict == "not available"
    assert verification["signature"].summary["en"].startswith("nobody confirms one of the signers: MALLORY")
    assert verification.label["en"].endswith(
        "signers ROSSI ADA (evaluator by the contract of the study), MALLORY (unknown)"
    )
    trusted = verify_report(report, study=tmp_path / "study", trust=_trusting(tmp_path, person, mallory))
    assert trusted["signature"].verdict == "valid"
    assert "MALLORY (the chain leads to a root given)" in trusted.label["en"]


def test_two_signers_whom_the_contract_names_in_whatever_role_are_both_shown(
    tmp_path: Path, person: Credentials
) -> None:
    payer = _personal(tmp_path, "BRUNO")
    _signed_by_two(tmp_path, _naming(evaluator=person, outcome_payer=payer), person, payer)
    verification = _verify(tmp_path)
    assert verification["signature"].verdict == "valid"
    assert verification.label["it"] == (
        "firma valida, firmatari ROSSI ADA (valutatore secondo il contratto dello studio), "
        "BRUNO (parte secondo il contratto dello studio)"
    )


def test_a_party_other_than_the_evaluator_does_not_sign_in_its_place(tmp_path: Path, person: Credentials) -> None:
    payer = _personal(tmp_path, "BRUNO")
    sign_report(_publish(tmp_path, _naming(evaluator=person, outcome_payer=payer)), payer, provenance="real")
    assert "the contract names another certificate" in _invalid(_verify(tmp_path))["signature"]


@pytest.mark.parametrize("name", ["notebooks/01_data.ipynb", "src/evaluation/effects.py", "requirements.lock"])
def test_edited_code_is_named(root: Path, name: str) -> None:
    with (root / "code" / name).open("a") as stream:
        stream.write("\n")
    verification = _verify(root)
    assert verification["code"].evidence[0]["en"] == f"{name}: changed"
    assert verification.label["en"].endswith("; other checks failed")


@pytest.mark.parametrize("edited", [False, True])
def test_pages_are_made_again_with_the_code_of_the_report_only(root: Path, edited: bool) -> None:
    """Other code makes other pages, honestly; and who changed the code could change what it makes."""
    if edited:
        (root / "code/src/evaluation/effects.py").write_text("x = 2\n")
    asked: list[bool] = []

    def again() -> Comparison:
        asked.append(True)
        return Comparison((text("rifatte", "made"),), (text("altra", "other"),))

    answer = verify_report(root / "reports/s", code=root / "code", make_pages_again=again)["numbers"]
    assert (len(asked), answer.verdict) == ((0, "not available") if edited else (1, "invalid"))
    assert ("pages not made again: the code here is not that of the report" in _said(answer)) is edited


def test_the_code_of_another_version_is_not_judged(root: Path) -> None:
    crate = root / "reports/s/ro-crate-metadata.json"
    crate.write_text(crate.read_text().replace(f'"softwareVersion": "{__version__}"', '"softwareVersion": "0.1.0"'))
    answer = _verify(root)["code"]
    assert (answer.verdict, answer.summary["en"][:15]) == ("not available", "another version")


def test_missing_and_added_code_is_named(root: Path) -> None:
    (root / "code/requirements.lock").unlink()
    (root / "code/src/evaluation/shadow.py").write_text("")
    said = _invalid(_verify(root))["code"]
    assert "requirements.lock: missing" in said
    assert "src/evaluation/shadow.py: extra" in said


def test_other_data_are_named(root: Path) -> None:
    _flip(root / "study/responses.csv", 0)
    (root / "study/attendance.csv").write_text("participant\n")
    evidence = _verify(root)["inputs"].evidence
    assert [line["en"] for line in evidence[:2]] == ["attendance.csv: extra", "responses.csv: changed"]


def test_a_contract_that_the_study_does_not_have_is_caught(root: Path, report: Path) -> None:
    (report / "contract.yml").write_text("parties: []\n")
    assert "contract.yml: the copy in the report differs" in _invalid(_verify(root))["inputs"]


def _truncate(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def _garbage(path: Path) -> None:
    path.write_bytes(b"\x00\xff garbage \x1b[2J" * 50)


def _empty(path: Path) -> None:
    path.write_bytes(b"")


def _huge(path: Path) -> None:
    os.truncate(path, 257 << 20)


def _folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def _endless(path: Path) -> None:
    path.unlink()
    path.symlink_to("/dev/zero")


@pytest.mark.parametrize("spoil", [_truncate, _garbage, _empty, _huge, _folder, _endless])
@pytest.mark.parametrize("name", [PDF, SIGNED_PDF, CRATE, SUMS, SIGNED_SUMS, "contract.yml"])
def test_hostile_bytes_are_an_answer_that_names_the_file(
    root: Path, name: str, spoil: Callable[[Path], None], caplog: pytest.LogCaptureFixture
) -> None:
    spoil(root / "reports/s" / name)
    verification = verify_report(root / "reports/s")
    evidence = " ".join(_invalid(verification).values())
    assert not verification.ok
    assert name in evidence
    assert evidence.isprintable()


def test_a_fingerprint_that_yaml_reads_as_a_number_is_not_overlooked(root: Path, report: Path) -> None:
    (report / "contract.yml").write_text(f"parties:\n  - {{role: evaluator, certificate_sha256: {'1' * 64}}}\n")
    assert "contract.yml" in _invalid(_verify(root))["signature"]


def test_a_contract_that_unfolds_without_end_is_an_answer(root: Path, report: Path) -> None:
    levels = "\n".join(f"  - &l{i} [{', '.join([f'*l{i - 1}'] * 9)}]" for i in range(1, 30))
    bomb = f"bomb:\n  - &l0 [a]\n{levels}\nparties:\n  - {{role: evaluator, certificate_sha256: *l29}}\n"
    (report / "contract.yml").write_text(bomb)
    assert "contract.yml" in _invalid(_verify(root))["signature"]


def test_what_is_not_a_folder_is_a_users_error(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no such folder"):
        verify_report(tmp_path / "absent")


def _bomb() -> bytes:
    """Return a compressed stream that unpacks to 300 MB."""
    packing = zlib.compressobj(9)
    return b"".join(packing.compress(bytes(1 << 20)) for _ in range(300)) + packing.flush()


def _document(before: bytes, keys: bytes, stream: bytes) -> bytes:
    """Return a PDF of some objects and a cross-reference stream."""
    body = b"%PDF-1.7\n" + before
    table = b"9 0 obj<</Type/XRef/W[1 4 2]/Root 2 0 R/Filter/FlateDecode%s/Length %d>>stream\n%s\nendstream endobj\n"
    return body + table % (keys, len(stream), stream) + b"startxref\n%d\n%%%%EOF" % len(body)


def _packed_objects() -> bytes:
    bomb = _bomb()
    packed = b"1 0 obj<</Type/ObjStm/N 1/First 4/Filter/FlateDecode/Length %d>>stream\n%s\nendstream endobj\n"
    entries = [(0, 0, 65535), (1, 9, 0), (2, 1, 0)]
    rows = b"".join(kind.to_bytes(1) + place.to_bytes(4) + at.to_bytes(2) for kind, place, at in entries)
    return _document(packed % (len(bomb), bomb), b"/Size 3", zlib.compress(rows))


def _packed_table() -> bytes:
    return _document(b"", b"/Size 40000000", _bomb())


def _table_of_itself() -> bytes:
    return b"%PDF-1.4\nxref\n0 1\n0000000000 65535 f \ntrailer<</Size 1/Root 1 0 R/Prev 9>>\nstartxref\n9\n%%EOF"


def _nested_without_end() -> bytes:
    body = b"%PDF-1.4\n1 0 obj" + b"[" * 1_000_000 + b"\nendobj\n"
    table = b"xref\n0 2\n0000000000 65535 f \n0000000009 00000 n \ntrailer<</Size 2/Root 1 0 R>>\n"
    return body + table + b"startxref\n%d\n%%%%EOF" % len(body)


@pytest.mark.parametrize("made", [_packed_objects, _packed_table, _table_of_itself, _nested_without_end])
@pytest.mark.parametrize("name", [PDF, SIGNED_PDF])
def test_a_pdf_made_to_exhaust_its_reader_is_an_answer(root: Path, name: str, made: Callable[[], bytes]) -> None:
    (root / "reports/s" / name).write_bytes(made())
    assert name in " ".join(_invalid(verify_report(root / "reports/s")).values())


def test_a_pipe_in_a_report_is_an_answer_and_nobody_waits_for_it(root: Path, report: Path) -> None:
    for name in (SIGNED_PDF, "contract.yml"):
        (report / name).unlink()
        os.mkfifo(report / name)
    invalid = _invalid(_verify(root))
    assert f"{SIGNED_PDF}: expected a regular file" in invalid["unchanged"]
    assert "a link or a device" in invalid["files"]
