"""Revocation: every list that the reader gives is applied, as of a time that is proven; an expired one proves nothing good."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from asn1crypto import pem
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from signing_sample import PHRASE, Authority, archive, authority_in, report_in

from evaluation.assurance.signatures.certificates import Credentials
from evaluation.assurance.signatures.chain import sums_chains
from evaluation.assurance.signatures.trust import Trust
from evaluation.assurance.signing.authorities import Authorities
from evaluation.assurance.signing.signature import sign_report
from evaluation.assurance.verification.verify import verify_report
from evaluation.report_folder import SIGNED_SUMS

REVOKED, GOOD = "certificate revoked on", ": certificate not revoked"
NOT_ASSESSED = "revocation not assessed"
HOLD, MOVED = x509.ReasonFlags.certificate_hold, x509.ReasonFlags.cessation_of_operation
SCOPE = x509.IssuingDistributionPoint(
    [x509.UniformResourceIdentifier("http://127.0.0.1/part7.crl")], None, False, False, None, False, False
)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Authority]:
    with authority_in(tmp_path_factory.mktemp("authority")) as served:
        yield served


def _signed(folder: Path, signer: Credentials, stamps: Authorities | None = None) -> Path:
    report = report_in(folder)
    sign_report(report, signer, provenance="real", authorities=stamps)
    return report


@pytest.fixture(scope="module")
def signers(authority: Authority) -> dict[str, Credentials]:
    """Somebody whose certificate says where revocation is listed, and somebody whose certificate does not."""
    return {"a place": authority.person("ADA"), "no place": authority.person("ADA", listed=False)}


@pytest.fixture(scope="module")
def reports(
    tmp_path_factory: pytest.TempPathFactory, authority: Authority, signers: dict[str, Credentials]
) -> dict[str, Path]:
    stamps = Authorities.at(f"{authority.url}/tsa")
    return {
        "a place": _signed(tmp_path_factory.mktemp("place"), signers["a place"]),
        "no place": _signed(tmp_path_factory.mktemp("none"), signers["no place"]),
        "stamped": _signed(tmp_path_factory.mktemp("stamped"), signers["no place"], stamps),
    }


def _trust(authority: Authority, *crls: bytes, hours: float = 0) -> Trust:
    path = authority.folder / "trust.pem"
    path.write_bytes(authority.pem.read_bytes() + b"".join(pem.armor("X509 CRL", crl) for crl in crls))
    return replace(Trust.from_pem(path), as_of=datetime.now(UTC) + timedelta(hours=hours))


def _said(report: Path, trust: Trust) -> tuple[str, str]:
    (chain,) = sums_chains(report / SIGNED_SUMS, trust)
    return chain.verdict, " ".join(line["en"] for line in chain.evidence)


NEWER = x509.FreshestCRL(
    [x509.DistributionPoint([x509.UniformResourceIdentifier("http://127.0.0.1/d")], None, None, None)]
)
CASES: dict[str, tuple[list[dict], float, tuple[str, str]]] = {
    # what lists say of the signer; how many hours later it is asked; the answer. The signature is of now.
    "revoked before": ([{}], 0, ("invalid", REVOKED)),
    "revoked since, and the time is the signer's own": ([{"at": 1, "issued": 2}], 3, ("invalid", REVOKED)),
    "revoked by one list of two": ([{"gone": False}, {}], 0, ("invalid", REVOKED)),
    "revoked by the older list, as issuers drop what expired": (
        [{"issued": -3, "until": -2, "at": -4}, {"gone": False}], 0, ("invalid", REVOKED),
    ),
    "revoked by an expired list": ([{"until": -0.5}], 0, ("invalid", REVOKED)),
    "revoked by a list of another place": ([{"extensions": [SCOPE]}], 0, ("invalid", REVOKED)),
    "revoked by a list of differences": ([{"gone": False}, {"extensions": [x509.DeltaCRLIndicator(1)]}], 0, ("invalid", REVOKED)),
    "revoked by a list that names a newer one, not given": (
        [{"extensions": [NEWER]}], 0, ("invalid", REVOKED),
    ),
    "not revoked": ([{"gone": False}], 0, ("valid", GOOD)),
    "an expired list": ([{"gone": False, "until": -0.5}], 0, ("valid", NOT_ASSESSED)),
    "a list of an age, asked later": ([{"gone": False, "until": 2}], 3, ("valid", NOT_ASSESSED)),
    "on hold": ([{"reason": HOLD}], 0, ("invalid", REVOKED)),
    "on hold, by an expired list": ([{"reason": HOLD, "until": -0.5}], 0, ("valid", NOT_ASSESSED)),
    "on hold once, taken off": ([{"reason": HOLD}, {"gone": False, "issued": -0.5}], 0, ("valid", "")),
    "a list of somebody else of the same name": ([{"key": True}], 0, ("valid", NOT_ASSESSED)),
    "no list": ([], 0, ("valid", NOT_ASSESSED)),
}  # fmt: skip


@pytest.mark.parametrize("kind", ["a place", "no place"])
@pytest.mark.parametrize("case", CASES)
def test_lists_are_applied_wherever_the_certificate_says_to_look(
    authority: Authority, reports: dict[str, Path], signers: dict[str, Credentials], kind: str, case: str
) -> None:
    told, hours, (verdict, words) = CASES[case]
    crls = [_listing(authority, signers[kind], **each) for each in told]
    found, said = _said(reports[kind], _trust(authority, *crls, hours=hours))
    assert found == verdict, said
    assert words in said


def _listing(
    authority: Authority, signer: Credentials, *, gone: bool = True, key: bool = False, **how: object
) -> bytes:
    """Return a list that names a signer, unless it is not `gone`; by another key of the same name where `key` says so."""
    issuer = replace(authority, key=rsa.generate_private_key(65537, 2048)) if key else authority
    return issuer.listing(*([signer.signer.signing_cert.serial_number] if gone else ()), **how)


@pytest.mark.parametrize(
    ("listing", "answer"),
    [
        ({"at": 1, "issued": 2}, ("valid", "the chain leads to a root given; time stamp")),
        ({"at": -2}, ("invalid", REVOKED)),
        ({"gone": False, "issued": 2, "until": 4}, ("valid", GOOD)),
        ({"gone": False, "issued": -3, "until": -2}, ("valid", NOT_ASSESSED)),
        ({"gone": False, "issued": 31 * 24, "until": 40 * 24}, ("valid", NOT_ASSESSED)),  # dropped since it expired
    ],
)
def test_a_trusted_stamp_says_as_of_when(
    authority: Authority, reports: dict[str, Path], signers: dict[str, Credentials], listing: dict, answer: tuple
) -> None:
    crl = _listing(authority, signers["no place"], **listing)
    found, said = _said(reports["stamped"], _trust(authority, crl, hours=3))
    assert found == answer[0], said
    assert answer[1] in said


@pytest.mark.parametrize(("reason", "at", "proven"), [(None, 1, False), (MOVED, 1, True), (MOVED, -1, False)])
def test_a_revoked_authority_confirms_no_stamp_but_what_it_gave_before_it_closed(
    authority: Authority, reports: dict[str, Path], reason: x509.ReasonFlags | None, at: float, proven: bool
) -> None:
    stamping = x509.load_pem_x509_certificate((authority.folder / "tsa.pem").read_bytes())
    crl = authority.listing(stamping.serial_number, at=at, issued=2, reason=reason)
    _, said = _said(reports["stamped"], _trust(authority, crl, hours=3))
    assert ("time stamp 2" in said) is proven, said


def test_a_revoked_issuer_is_named_also_where_the_reader_takes_it_for_a_root(
    authority: Authority, tmp_path: Path
) -> None:
    office = Authority(tmp_path, url=authority.url, name=x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Office")]))
    issued = authority.certify_issuer(office)
    key = rsa.generate_private_key(65537, 2048)
    path = tmp_path / "person.p12"
    path.write_bytes(archive("ADA", key, office.certify("ADA", key.public_key(), listed=False)))
    report = _signed(tmp_path, Credentials.from_p12(path, PHRASE, code=tmp_path / "code"))
    trust = _trust(authority, authority.listing(issued.serial_number))
    knowing = replace(trust, roots=(*trust.roots, asn1_x509.Certificate.load(issued.public_bytes(Encoding.DER))))
    assert _said(report, replace(knowing, crls=()))[0] == "valid"
    verdict, said = _said(report, knowing)
    assert (verdict, "Office: certificate revoked on" in said) == ("invalid", True)


def test_the_command_says_who_was_revoked(
    authority: Authority, reports: dict[str, Path], signers: dict[str, Credentials]
) -> None:
    trust = _trust(authority, _listing(authority, signers["no place"]))
    verification = verify_report(reports["no place"], trust=trust)
    assert verification["signature"].verdict == "invalid"
    assert not verification.ok
    assert any("ADA: certificate revoked on" in line["en"] for line in verification["signature"].evidence)
