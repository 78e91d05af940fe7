"""Whose signature it is: chains to roots that the reader gives, certificates revoked or expired, and those of nobody."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from asn1crypto import pem
from signing_sample import Authority, authority_in, person, report_in

from evaluation.assurance.questions import Answer
from evaluation.assurance.signatures.certificates import Credentials
from evaluation.assurance.signatures.trust import Trust
from evaluation.assurance.signing.authorities import Authorities
from evaluation.assurance.signing.signature import sign_report
from evaluation.assurance.verification.verify import Verification, verify_report
from evaluation.errors import UserError, VerificationFailed

LATER = datetime.now(UTC) + timedelta(days=60)  # the certificates here end after 30


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Authority]:
    with authority_in(tmp_path_factory.mktemp("authority")) as served:
        yield served


@pytest.fixture(scope="module")
def ada(authority: Authority) -> Credentials:
    return authority.person("ROSSI ADA")


@pytest.fixture
def report(tmp_path: Path) -> Path:
    return report_in(tmp_path)


def _trust(authority: Authority, *, crl: bytes = b"", as_of: datetime | None = None) -> Trust:
    path = authority.folder / "trust.pem"
    path.write_bytes(authority.pem.read_bytes() + (pem.armor("X509 CRL", crl) if crl else b""))
    return replace(Trust.from_pem(path), as_of=as_of)


def _revoking(authority: Authority, credentials: Credentials) -> bytes:
    """Return the list of an authority that has revoked this certificate two hours ago."""
    serial = credentials.signer.signing_cert.serial_number
    revoking = replace(authority, revoked=[serial])
    return revoking.crl


def _said(answer: Answer) -> str:
    return " ".join(line["en"] for line in answer.evidence)


def _who(report: Path, trust: Trust | None) -> tuple[str, str, Verification]:
    verification = verify_report(report, trust=trust)
    return verification["signature"].verdict, _said(verification["signature"]), verification


def test_a_chain_to_a_root_of_the_readers_is_valid_and_names_the_signer(
    report: Path, authority: Authority, ada: Credentials
) -> None:
    sign_report(report, ada, provenance="real")
    verdict, said, verification = _who(report, _trust(authority))
    assert verdict == "valid"
    assert verification.label["en"].startswith("signature valid, signer ROSSI ADA (the chain leads to a root given)")
    assert "by the signer's own clock" in said
    assert "revocation not assessed" in said


def test_without_roots_who_signed_is_a_claim(report: Path, ada: Credentials) -> None:
    sign_report(report, ada, provenance="real")
    verdict, said, verification = _who(report, None)
    assert verdict == "not available"
    assert "chain and revocation not assessed" in said
    assert verification.label["en"].startswith("signature valid, signer unknown")


@pytest.mark.parametrize("demonstration", [True, False])
def test_a_certificate_that_leads_to_no_root_given_is_invalid(
    report: Path, authority: Authority, tmp_path: Path, demonstration: bool
) -> None:
    mallory = Credentials.demonstration() if demonstration else person(tmp_path, "ROSSI ADA")
    sign_report(report, mallory, provenance="synthetic")
    verdict, said, verification = _who(report, _trust(authority))
    assert verdict == "invalid"
    assert "leads to none of the roots given" in said
    assert not verification.ok


def test_a_list_that_revokes_no_one_of_the_chain_says_so(report: Path, authority: Authority, ada: Credentials) -> None:
    sign_report(report, ada, provenance="real")
    verdict, said, _ = _who(report, _trust(authority, crl=authority.crl))
    assert verdict == "valid"
    assert "certificate not revoked" in said


def test_a_certificate_that_names_no_list_is_not_called_unrevoked_without_one(
    report: Path, authority: Authority
) -> None:
    sign_report(report, authority.person("ROSSI ADA", listed=False), provenance="real")
    verdict, said, _ = _who(report, _trust(authority))
    assert verdict == "valid"
    assert "certificate not revoked" not in said
    assert said.count("revocation not assessed") == 2
    assert "certificate not revoked" in _who(report, _trust(authority, crl=authority.crl))[1]


def test_a_certificate_revoked_before_the_signature_is_invalid_and_named(
    report: Path, authority: Authority, ada: Credentials
) -> None:
    sign_report(report, ada, provenance="real")
    verdict, said, verification = _who(report, _trust(authority, crl=_revoking(authority, ada)))
    assert verdict == "invalid"
    assert "ROSSI ADA: certificate revoked on" in said
    assert not verification.ok


def test_a_certificate_that_has_since_expired_needs_a_time_stamp(
    report: Path, authority: Authority, ada: Credentials
) -> None:
    sign_report(report, ada, provenance="real")
    verdict, said, verification = _who(report, _trust(authority, as_of=LATER))
    assert verdict == "not available"
    assert "ROSSI ADA: certificate expired on" in said
    assert "no time stamp" in said
    assert verification.label["en"].startswith("signature valid, signer unknown")


def test_a_time_stamp_of_an_authority_the_reader_trusts_proves_that_it_was_signed_in_time(
    report: Path, authority: Authority, ada: Credentials
) -> None:
    sign_report(report, ada, provenance="real", authorities=Authorities.at(f"{authority.url}/tsa"))
    verdict, said, _ = _who(report, _trust(authority, as_of=LATER))
    assert verdict == "valid"
    assert "according to Test time stamps" in said


def test_revocation_is_read_from_what_a_long_term_signature_carries(
    report: Path, authority: Authority, ada: Credentials
) -> None:
    sign_report(report, ada, provenance="real", authorities=Authorities.at(f"{authority.url}/tsa", authority.pem))
    _, said, verification = _who(report, _trust(authority))
    assert verification["unchanged"].verdict == "valid", verification["unchanged"]
    assert "evaluator-report.it.signed.pdf: certificate not revoked" in said
    assert "level B-LTA" in _said(verification["unchanged"])


def test_roots_come_from_a_file_of_certificates(tmp_path: Path) -> None:
    (tmp_path / "empty.pem").write_bytes(pem.armor("X509 CRL", b"0\x00"))
    (tmp_path / "rubbish.pem").write_bytes(b"\xff\x00")
    (tmp_path / "key.pem").write_bytes(pem.armor("PRIVATE KEY", b"0\x00"))
    for name, error in (("empty.pem", UserError), ("rubbish.pem", VerificationFailed), ("key.pem", UserError)):
        with pytest.raises(error, match=name):
            Trust.from_pem(tmp_path / name)
