"""The page verify.html in a real browser: what it says of a sound report, of changed ones, and what it never claims."""

from __future__ import annotations

import base64
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, pkcs12
from cryptography.x509.oid import NameOID
from forgeries import FORGERIES, INVENTED, NEITHER_SIGNED_NOR_CLAIMED, validation_store
from playwright.sync_api import Browser, Page, expect
from public_attacks import OF_FILES, PUBLIC_ATTACKS
from visit import visit

from evaluation.assurance.provenance.manifest import write_sums
from evaluation.assurance.signatures.certificates import Credentials
from evaluation.assurance.signing.signature import sign_report
from evaluation.report_folder import SIGNED_SUMS, SUMS
from evaluation.reporting.verify_page import verify_page, write_verify_page

ALL = FORGERIES | PUBLIC_ATTACKS
SIGNED_PDF = "evaluator-report.it.signed.pdf"
DROP = """async ({name, content}) => {
  const bytes = Uint8Array.from(atob(content), each => each.charCodeAt(0));
  const transfer = new DataTransfer();
  transfer.items.add(new File([bytes], name, { type: "application/pdf" }));
  dispatchEvent(new DragEvent("drop", { dataTransfer: transfer, cancelable: true }));
}"""


@pytest.fixture(scope="module")
def page_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("page") / "verify.html"
    write_verify_page(path)
    return path


@pytest.fixture
def report(signed: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree((signed / "reports").resolve(), tmp_path / "s"))


@contextmanager
def examined(browser: Browser, page_file: Path, report: Path) -> Iterator[Page]:
    """Open the page and give it a report folder, or a PDF alone."""
    with visit(browser, page_file) as seen:
        seen.page.set_input_files("#folder" if report.is_dir() else "#pdf", report)
        _wait(seen.page)
        yield seen.page
        assert seen.complaints == []
        assert seen.requests == [page_file.resolve().as_uri()]


def _wait(page: Page) -> None:
    expect(page.locator("#status")).to_contain_text("none sent anywhere")


def _verdict(page: Page, question: str) -> str:
    return page.locator(f"#{question}").get_attribute("data-verdict") or ""


def _evidence(page: Page, question: str) -> str:
    return page.locator(f"#{question} .evidence").inner_text()


def test_a_sound_report_is_as_signed_and_as_listed_and_nobody_is_vouched_for(
    browser: Browser, page_file: Path, signed: Path
) -> None:
    with examined(browser, page_file, (signed / "reports").resolve()) as page:
        assert _verdict(page, "unchanged") == "valid", _evidence(page, "unchanged")
        assert _verdict(page, "files") == "valid", _evidence(page, "files")
        assert "run.log: outside the lists, no signature covers it" in _evidence(page, "files")
        assert [_verdict(page, name) for name in ("signature", "inputs", "code", "tables", "numbers", "current")] == [
            "none"
        ] * 6
        said = _evidence(page, "signature")
    assert "Demonstration signature: proves nothing about who signed." in said
    assert "it follows no chain of certificates" in said
    assert len(re.findall(r"certificate SHA-256 [0-9a-f]{64}", said)) >= 2


def test_a_signed_pdf_alone_can_be_dropped(browser: Browser, page_file: Path, signed: Path) -> None:
    content = base64.b64encode((signed / "reports" / SIGNED_PDF).read_bytes()).decode()
    with visit(browser, page_file) as seen:
        seen.page.evaluate(DROP, {"name": SIGNED_PDF, "content": content})
        _wait(seen.page)
        assert _verdict(seen.page, "unchanged") == "valid", _evidence(seen.page, "unchanged")
        assert _verdict(seen.page, "files") == "none"
        assert "drop the whole folder" in _evidence(seen.page, "files")


def _flip(path: Path, share: float) -> None:
    data = bytearray(path.read_bytes())
    data[int(share * len(data))] ^= 1
    path.write_bytes(data)


def _append(path: Path) -> None:
    with path.open("ab") as stream:
        stream.write(b"\n% a later thought\n")


def _by_another(report: Path) -> None:
    kept = (report / SIGNED_PDF).read_bytes()
    for path in (*report.glob("*.signed.pdf"), report / SIGNED_SUMS):
        path.unlink()
    sign_report(report, Credentials.demonstration(), provenance="synthetic", languages=("it",))
    (report / SIGNED_PDF).write_bytes(kept)


def _resummed(report: Path) -> None:
    _flip(report / "tables/estimates.csv", 0.5)
    write_sums(report)


def _another_language_by_another(report: Path) -> None:
    kept = {name: (report / name).read_bytes() for name in (SIGNED_PDF, SIGNED_SUMS)}
    for path in (*report.glob("*.signed.pdf"), report / SIGNED_SUMS):
        path.unlink()
    sign_report(report, Credentials.demonstration(), provenance="synthetic", languages=("en",))
    for name, content in kept.items():
        (report / name).write_bytes(content)


def _archived(report: Path) -> None:
    """Put the genuine report into a folder inside, and forged pages where a reader looks first."""
    archive = report / "archive"
    archive.mkdir()
    for path in [each for each in report.iterdir() if each != archive]:
        path.rename(archive / path.name)
    (report / "index.html").write_text("<p>0,94</p>")


ATTACKS: dict[str, tuple[Callable[[Path], object], str, str]] = {
    "a table": (lambda report: _flip(report / "tables/estimates.csv", 0.5), "files", "tables/estimates.csv: changed"),
    "a page": (lambda report: _flip(report / "index.html", 0.5), "files", "index.html: changed"),
    "an added file": (lambda report: (report / "x.csv").write_text(""), "files", "x.csv: extra"),
    "a removed file": (lambda report: (report / "tables/flow.csv").unlink(), "files", "tables/flow.csv: missing"),
    "the list": (lambda report: _flip(report / SUMS, 0.5), "unchanged", f"the signed content is not {SUMS}"),
    "the list made again": (_resummed, "unchanged", f"the signed content is not {SUMS}"),
    "the signed list": (lambda report: _flip(report / SIGNED_SUMS, 0.2), "unchanged", SIGNED_SUMS),
    "the signed PDF": (lambda report: _flip(report / SIGNED_PDF, 0.1), "unchanged", "the content is not what was signed"),
    "bytes added": (lambda report: _append(report / SIGNED_PDF), "unchanged", "added after the last signature"),
    "a signature taken out": (lambda report: (report / SIGNED_SUMS).unlink(), "unchanged", f"{SIGNED_SUMS}: missing"),
    "forged pages around a sound report": (_archived, "files", "s/index.html: outside the folder of the list"),
    "another language by another": (_another_language_by_another, "signature", "do not have the same signers"),
    "another certificate": (_by_another, "signature", "different certificates"),
}  # fmt: skip


@pytest.mark.parametrize("attack", ATTACKS)
def test_what_was_changed_is_named(browser: Browser, page_file: Path, report: Path, attack: str) -> None:
    change, question, said = ATTACKS[attack]
    change(report)
    with examined(browser, page_file, report) as page:
        assert _verdict(page, question) == "invalid"
        assert said in _evidence(page, question)


@pytest.mark.parametrize("name", OF_FILES)
def test_what_was_done_to_the_folder_is_told_by_its_files(
    browser: Browser, page_file: Path, report: Path, name: str
) -> None:
    OF_FILES[name](report)
    with examined(browser, page_file, report) as page:
        assert _verdict(page, "files") == "invalid"


@pytest.mark.parametrize("name", ALL)
def test_what_the_command_refuses_the_page_never_calls_valid(
    browser: Browser, page_file: Path, report: Path, name: str
) -> None:
    ALL[name](report)
    with examined(browser, page_file, report) as page:
        found = {question: _verdict(page, question) for question in ("signature", "unchanged")}
        assert "invalid" in found.values(), _evidence(page, "unchanged")
        assert found["unchanged"] != "valid"


@pytest.mark.parametrize("name", NEITHER_SIGNED_NOR_CLAIMED)
def test_what_changes_nothing_that_was_signed_is_named_and_not_believed(
    browser: Browser, page_file: Path, report: Path, name: str
) -> None:
    change, words = NEITHER_SIGNED_NOR_CLAIMED[name]
    change(report)
    with examined(browser, page_file, report) as page:
        shown = page.inner_text("main")
        assert {question: _verdict(page, question) for question in ("unchanged", "files")} == {
            "unchanged": "valid", "files": "valid"
        }, shown  # fmt: skip
        assert words in shown
        assert INVENTED not in shown


def test_what_could_be_validation_data_is_not_called_valid(browser: Browser, page_file: Path, report: Path) -> None:
    """What a well-formed validation store shows this page cannot tell, and it says so."""
    path = report / SIGNED_PDF
    path.write_bytes(validation_store(path.read_bytes()))
    with examined(browser, page_file, report) as page:
        assert _verdict(page, "unchanged") == "none"
        assert "this page cannot tell (evaluation verify)" in _evidence(page, "unchanged")


def test_the_page_warns_of_its_own_copy_in_the_report(browser: Browser, page_file: Path) -> None:
    with visit(browser, page_file) as seen:
        assert "Do not use the copy that lies in the report you verify." in seen.page.inner_text("main")
        seen.page.get_by_role("button", name="Italiano").click()
        assert "Non usare la copia che sta nel rapporto da verificare." in seen.page.inner_text("main")
        assert "Do not use" not in seen.page.inner_text("main")
        assert seen.page.evaluate("document.documentElement.lang") == "it"


def test_without_scripts_both_languages_say_what_to_do(browser: Browser, page_file: Path) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(page_file.as_uri())
    assert page.inner_text("main").count("sha256sum -c SHA256SUMS") == 2
    context.close()


def test_the_policy_lets_nothing_run_but_the_script_it_names(page_file: Path) -> None:
    (policy,) = re.findall(r'Content-Security-Policy" content="([^"]+)"', verify_page())
    assert policy.startswith("default-src 'none'; script-src 'sha256-")
    assert "unsafe" not in policy
    assert verify_page().count("<script") == 1


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_is_for_everyone_and_fits_a_phone(
    browser: Browser, page_file: Path, signed: Path, scheme: Literal["light", "dark"]
) -> None:
    with visit(browser, page_file, scheme=scheme, phone=True) as seen:
        seen.page.set_input_files("#folder", (signed / "reports").resolve())
        _wait(seen.page)
        for language in ("Italiano", "English"):
            seen.page.get_by_role("button", name=language).click()
            found = Axe().run(seen.page)
            assert found.violations_count == 0, found.generate_report()
        assert seen.page.evaluate("document.documentElement.scrollWidth") <= 360


def _person(folder: Path, name: str) -> Credentials:
    """Return the credentials of somebody with an RSA key whom nobody certifies."""
    key = rsa.generate_private_key(65537, 2048)
    who = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    usage = x509.KeyUsage(True, True, *([False] * 7))
    builder = x509.CertificateBuilder(who, who, key.public_key(), 7, now - timedelta(1), now + timedelta(30))
    certificate = builder.add_extension(usage, True).sign(key, hashes.SHA256())
    path = folder / "person.p12"
    path.write_bytes(pkcs12.serialize_key_and_certificates(None, key, certificate, None, BestAvailableEncryption(b"x")))
    return Credentials.from_p12(path, "x", code=folder / "code")


def test_two_signers_are_both_named_and_the_page_says_what_it_cannot_tell_of_the_first(
    browser: Browser, page_file: Path, report: Path, tmp_path: Path
) -> None:
    for path in (*report.glob("*.signed.pdf"), report / SIGNED_SUMS):
        path.unlink()
    for name, role in (("ADA", "statistician"), ("BRUNO", "legal_representative")):
        sign_report(report, _person(tmp_path, name), provenance="synthetic", languages=("it",), role=role)
    with examined(browser, page_file, report) as page:
        said = _evidence(page, "signature")
        assert _verdict(page, "unchanged") == "none", _evidence(page, "unchanged")
        assert "covered by a later one only" in _evidence(page, "unchanged")
        assert f"{SIGNED_SUMS}: as it was signed" in _evidence(page, "unchanged")
    for name in ("ADA", "BRUNO"):
        assert f"{SIGNED_PDF}: signed by {name}, 2" in said
        assert f"{SIGNED_SUMS}: signed by {name}, 2" in said
