"""Levels of a signature: a time that an authority vouches for, and what validates it long after."""

from __future__ import annotations

import io
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pikepdf
import pytest
from asn1crypto.cms import ContentInfo
from cryptography.hazmat.primitives.asymmetric import rsa
from forgeries import INVENTED, stamp_anew
from pyhanko.pdf_utils.reader import PdfFileReader
from signing_sample import Authority, authority_in, report_in

from evaluation.assurance.signatures.certificates import Credentials
from evaluation.assurance.signatures.messages import stamped
from evaluation.assurance.signatures.read import NOT_STAMPED, UPDATED
from evaluation.assurance.signatures.trust import Trust
from evaluation.assurance.signing.authorities import Authorities
from evaluation.assurance.signing.signature import Signature, read_signed_pdf, read_signed_sums, sign_report
from evaluation.assurance.verification.verify import verify_report
from evaluation.errors import UserError
from evaluation.report_folder import SIGNED_SUMS, SUMS

pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl stamps the time in these tests")
PDF, SIGNED_PDF = "evaluator-report.it.pdf", "evaluator-report.it.signed.pdf"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Authority]:
    with authority_in(tmp_path_factory.mktemp("authority")) as running:
        yield running


@pytest.fixture(scope="module")
def unsigned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return report_in(tmp_path_factory.mktemp("reports"))


@pytest.fixture
def report(unsigned: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(unsigned, tmp_path / "s"))


def of_pdf(report: Path, authority: Authority | None = None) -> tuple[Signature, ...]:
    """Read with the eyes of somebody who trusts this authority, if any."""
    return read_signed_pdf(report / SIGNED_PDF, report / PDF, Trust.from_pem(authority.pem) if authority else None)


def of_sums(report: Path, authority: Authority | None = None) -> tuple[Signature, ...]:
    return read_signed_sums(report / SIGNED_SUMS, report / SUMS, Trust.from_pem(authority.pem) if authority else None)


def test_a_time_stamp_stands_in_every_signature(report: Path, authority: Authority) -> None:
    stamps = Authorities.at(f"{authority.url}/tsa")
    begun = datetime.now(UTC) - timedelta(seconds=2)
    sign_report(report, authority.person("ADA"), provenance="real", authorities=stamps, role="statistician")
    sign_report(report, authority.person("BRUNO"), provenance="real", authorities=stamps)
    for read in (of_pdf(report, authority), of_sums(report, authority)):
        assert [(each.level, each.stamped_by, each.problems) for each in read] == [("B-T", "Test time stamps", ())] * 2
        assert all(begun <= each.stamped_at == each.time for each in read)


def test_what_validates_it_long_after_is_embedded_and_stamped(report: Path, authority: Authority) -> None:
    stamps = Authorities.at(f"{authority.url}/tsa", authority.pem)
    sign_report(report, authority.person("ADA"), provenance="real", authorities=stamps, role="statistician")
    sign_report(report, authority.person("BRUNO"), provenance="real", authorities=stamps)
    assert [(each.role, each.level, each.problems) for each in of_pdf(report, authority)] == [
        ("statistician", "B-LTA", ()),
        ("legal_representative", "B-LTA", ()),
    ]
    assert [(each.level, each.problems) for each in of_sums(report, authority)] == [("B-T", ())] * 2
    with pikepdf.open(report / SIGNED_PDF) as pdf:
        assert len(pdf.Root.DSS.CRLs) >= 1
        assert len(pdf.Root.DSS.Certs) >= 4  # the root, two signers, the time stamps


def test_a_chain_that_does_not_hold_is_said_and_nothing_is_written(report: Path, authority: Authority) -> None:
    gone = authority.person("GONE")
    authority.revoked.append(gone.signer.signing_cert.serial_number)
    stamps = Authorities.at(f"{authority.url}/tsa", authority.pem)
    with pytest.raises(UserError, match="chain of certificates does not hold"):
        sign_report(report, gone, provenance="real", authorities=stamps)
    with pytest.raises(UserError, match="chain of certificates does not hold"):
        sign_report(report, Credentials.demonstration(), provenance="synthetic", authorities=stamps)
    assert not (report / SIGNED_PDF).exists()
    assert not (report / SIGNED_SUMS).exists()


def test_an_authority_that_does_not_answer_is_said_and_nothing_is_written(report: Path) -> None:
    with pytest.raises(UserError, match="No time stamp came"):
        stamps = Authorities.at("http://127.0.0.1:9/tsa")
        sign_report(report, Credentials.demonstration(), provenance="synthetic", authorities=stamps)
    assert not (report / SIGNED_PDF).exists()


def test_an_answer_that_is_no_time_stamp_is_said(report: Path, authority: Authority) -> None:
    answer, authority.stamp = authority.stamp, lambda query: b"<html>"
    try:
        with pytest.raises(UserError, match="No time stamp came"):
            stamps = Authorities.at(f"{authority.url}/tsa")
            sign_report(report, Credentials.demonstration(), provenance="synthetic", authorities=stamps)
    finally:
        authority.stamp = answer


@pytest.mark.parametrize("url", ["ftp://x", "file:///etc/passwd", "freetsa", ""])
def test_an_address_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(UserError, match="http or https"):
        Authorities.at(url)


def test_issuers_come_from_a_file_of_certificates(tmp_path: Path) -> None:
    (tmp_path / "issuers.pem").write_text("none")
    with pytest.raises(UserError, match=r"issuers\.pem"):
        Authorities.at("http://127.0.0.1", tmp_path / "issuers.pem")


@pytest.mark.parametrize("level", ["B-T", "B-LTA"])
def test_no_change_of_what_is_signed_passes(report: Path, authority: Authority, level: str) -> None:
    stamps = Authorities.at(f"{authority.url}/tsa", authority.pem if level == "B-LTA" else None)
    sign_report(report, authority.person("ADA"), provenance="real", authorities=stamps)
    path = report / SIGNED_PDF
    signed = path.read_bytes()
    unsigned = len((report / PDF).read_bytes())
    ranges = [list(each.byte_range) for each in PdfFileReader(io.BytesIO(signed)).embedded_signatures]
    places = range(unsigned + 7, len(signed), (len(signed) - unsigned) // 60)
    for at in (each for each in places if not any(start <= each < end for _, start, end, _ in ranges)):
        changed = bytearray(signed)
        changed[at] ^= 1
        path.write_bytes(changed)
        try:
            problems = [problem for each in of_pdf(report) for problem in each.problems]
        except UserError:
            continue
        assert problems, f"byte {at} of {len(signed)}"


class Copied:
    """An authority that gives a time stamp it gave to another."""

    def __init__(self, message: bytes) -> None:
        (info,) = ContentInfo.load(message)["content"]["signer_infos"]
        self.token = info["unsigned_attrs"][0]["values"][0]

    async def async_timestamp(self, digest: bytes, algorithm: str) -> ContentInfo:
        return ContentInfo.load(self.token.dump())


def test_a_stamp_copied_from_another_signature_is_named(report: Path, authority: Authority, tmp_path: Path) -> None:
    other = Path(shutil.copytree(report, tmp_path / "other"))
    sign_report(other, authority.person("EVA"), provenance="real", authorities=Authorities.at(f"{authority.url}/tsa"))
    sign_report(report, authority.person("ADA"), provenance="real")
    path = report / SIGNED_SUMS
    path.write_bytes(stamped(path.read_bytes(), Copied((other / SIGNED_SUMS).read_bytes())))
    (read,) = of_sums(report, authority)
    assert (read.problems, read.stamped_at, read.level) == ((NOT_STAMPED,), None, "B-B")


@pytest.mark.parametrize("years", [-3, 0, 3])
def test_anybodys_stamp_on_somebody_elses_signature_counts_for_nothing(
    report: Path, authority: Authority, years: int
) -> None:
    """Nothing signs where a stamp stands: whoever has the file can add one, of any time, by an authority of any name."""
    stamps = Authorities.at(f"{authority.url}/tsa")
    sign_report(report, authority.person("ADA"), provenance="real", authorities=stamps)
    (before,) = of_sums(report)
    stamp_anew(report, datetime.now(UTC) + timedelta(days=365 * years))
    for trusted in (None, authority):
        for read in (of_pdf(report, trusted), of_sums(report, trusted)):
            assert [(e.problems, e.level, e.unconfirmed, e.stamped_at, e.stamped_by) for e in read] == [
                ((), "B-B", True, None, "")
            ]
        assert of_sums(report, trusted)[0].time == before.signed_at
    for trust in (None, Trust.from_pem(authority.pem)):
        answers = verify_report(report, trust=trust)
        said = " ".join(line["en"] for answer in answers.answers for line in (answer.summary, *answer.evidence))
        assert f"{SIGNED_SUMS}: an unconfirmed stamp" in said
        assert f"{SIGNED_PDF}: an unconfirmed stamp" in said
        assert INVENTED not in said
        assert "level B-T" not in said
        assert answers["signature"].verdict == ("not available" if trust is None else "valid")


def test_a_stamp_over_all_by_anybody_is_not_the_level_that_lasts(report: Path, authority: Authority) -> None:
    stamps = Authorities.at(f"{authority.url}/tsa", authority.pem)
    sign_report(report, authority.person("ADA"), provenance="real", authorities=stamps)
    stranger = replace(authority, key=rsa.generate_private_key(65537, 2048))
    assert [each.level for each in of_pdf(report, authority)] == ["B-LTA"]
    assert [each.level for each in of_pdf(report, stranger)] == ["B-B"]


@pytest.mark.skipif(shutil.which("pdfsig") is None, reason="pdfsig is not installed")
def test_poppler_accepts_a_signature_made_to_last(report: Path, authority: Authority) -> None:
    stamps = Authorities.at(f"{authority.url}/tsa", authority.pem)
    sign_report(report, authority.person("ADA"), provenance="real", authorities=stamps)
    said = subprocess.run(["pdfsig", str(report / SIGNED_PDF)], capture_output=True, text=True).stdout
    assert "Signature is Valid" in said
    assert UPDATED not in of_pdf(report)[0].problems
