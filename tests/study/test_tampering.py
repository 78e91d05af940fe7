"""Every way we know of to change a signed report: single bytes everywhere, and attacks that know what they do."""

from __future__ import annotations

import hashlib
import io
import json
import random
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pikepdf
import pytest
from conftest import Repository
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader

from evaluation.assurance.provenance.manifest import CRATE, RUN_LOG, SIGNED_SUMS, SUMS, UNCOVERED, files_in, write_sums
from evaluation.assurance.signatures.certificates import Credentials
from evaluation.assurance.signatures.read import read_signed_pdf, read_signed_sums
from evaluation.assurance.signing.signature import sign_report
from evaluation.assurance.verification.file_lists import list_problems
from evaluation.assurance.verification.verify import Verification, verify_report
from evaluation.errors import UserError
from evaluation.pipeline.again import make_pages_again, published_study

PDF, SIGNED_PDF = "evaluator-report.it.pdf", "evaluator-report.it.signed.pdf"
VERIFY_PAGE = "verify.html"
KINDS = (".html", ".svg", ".ipynb", ".csv", ".json", ".yml", ".pdf")
EACH_KIND, IN_SUMS, IN_SIGNED_SUMS, IN_RANGE, IN_HOLE = 50, 30, 80, 80, 40  # 580 places in all


@pytest.fixture
def report(signed: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree((signed / "reports").resolve(), tmp_path / "s"))


def _uncaught(path: Path, places: list[int], caught: Callable[[], bool]) -> list[int]:
    """Flip one bit at each place, one after the other, and return the places where nothing was noticed."""
    data, missed = path.read_bytes(), []
    for place in places:
        path.write_bytes(data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :])
        missed += [] if caught() else [place]
    path.write_bytes(data)
    return missed


def _sampled(kind: str, first: int, last: int, count: int) -> list[int]:
    return random.Random(kind).sample(range(first, last), min(count, last - first))  # noqa: S311  places, no secrets


@pytest.mark.parametrize("kind", KINDS)
def test_one_changed_byte_in_any_covered_file_is_caught_and_the_file_named(report: Path, kind: str) -> None:
    names = [name for name in files_in(report) if name.endswith(kind) and name not in UNCOVERED]
    assert names
    chosen = random.Random(kind).choices(names, k=EACH_KIND)  # noqa: S311
    for name in set(chosen):
        path = report / name
        places = _sampled(name, 0, path.stat().st_size, chosen.count(name))

        def named(name: str = name) -> bool:
            try:
                return any(problem["en"].startswith(f"{name}: ") for problem in list_problems(report))
            except UserError as error:
                return name in str(error)

        assert _uncaught(path, places, named) == []


def test_one_changed_byte_in_the_list_is_caught(report: Path) -> None:
    path = report / SUMS
    places = _sampled(SUMS, 0, path.stat().st_size, IN_SUMS)
    assert _uncaught(path, places, lambda: _wrong(read_signed_sums, report / SIGNED_SUMS, path)) == []


def test_one_changed_byte_in_the_signed_list_is_caught(report: Path) -> None:
    path = report / SIGNED_SUMS
    places = _sampled(SIGNED_SUMS, 0, path.stat().st_size, IN_SIGNED_SUMS)
    assert _uncaught(path, places, lambda: _wrong(read_signed_sums, path, report / SUMS)) == []


@pytest.mark.parametrize(("part", "count"), [("range", IN_RANGE), ("hole", IN_HOLE)])
def test_one_changed_byte_of_the_signed_report_is_caught_inside_the_range_and_in_the_hole_it_leaves_out(
    report: Path, part: str, count: int
) -> None:
    path = report / SIGNED_PDF
    _, start, end, _ = PdfFileReader(io.BytesIO(path.read_bytes())).embedded_signatures[0].byte_range
    signed = [*range(start), *range(end, path.stat().st_size)]
    if part == "hole":
        places = _sampled(part, start, end, count)
    else:
        places = [signed[place] for place in _sampled(part, 0, len(signed), count)]
    assert _uncaught(path, places, lambda: _wrong(read_signed_pdf, path, report / PDF)) == []


def _wrong(read: Callable[[Path, Path], tuple], signed: Path, original: Path) -> bool:
    try:
        return any(signature.problems for signature in read(signed, original))
    except UserError:
        return True


def _invalid(verification: Verification) -> dict[str, str]:
    return {
        answer.question_id: " ".join([answer.summary["en"], *(line["en"] for line in answer.evidence)])
        for answer in verification.answers
        if answer.verdict == "invalid"
    }


def _overlay(path: Path, change: Callable[[IncrementalPdfFileWriter], None]) -> None:
    writer = IncrementalPdfFileWriter(io.BytesIO(path.read_bytes()), strict=False)
    change(writer)
    with path.open("wb") as stream:
        writer.write(stream)


def _cover_page(writer: IncrementalPdfFileWriter) -> None:
    """Draw a white box, and another number, over the first page."""
    page = writer.root["/Pages"]["/Kids"][0]
    while page["/Type"] != "/Page":
        page = page["/Kids"][0]
    drawing = writer.add_object(generic.StreamObject(stream_data=b"q 1 g 0 0 600 850 re f Q"))
    contents = page.raw_get("/Contents")
    page["/Contents"] = generic.ArrayObject([contents, drawing])
    writer.update_container(page)


def _attach(writer: IncrementalPdfFileWriter) -> None:
    """Give the document an attachment that was not there."""
    stream = writer.add_object(generic.StreamObject(stream_data=b"estimate\n0.99\n"))
    name = generic.pdf_string("estimates.csv")
    file = writer.add_object(
        generic.DictionaryObject(
            {
                generic.pdf_name("/Type"): generic.pdf_name("/Filespec"),
                generic.pdf_name("/F"): name,
                generic.pdf_name("/EF"): generic.DictionaryObject({generic.pdf_name("/F"): stream}),
            }
        )
    )
    names = generic.DictionaryObject({generic.pdf_name("/Names"): generic.ArrayObject([name, file])})
    writer.root["/Names"] = generic.DictionaryObject({generic.pdf_name("/EmbeddedFiles"): names})
    writer.update_root()


@pytest.mark.parametrize("change", [_cover_page, _attach])
def test_an_overlay_and_a_swapped_attachment_after_the_signature_are_named(
    report: Path, change: Callable[[IncrementalPdfFileWriter], None]
) -> None:
    _overlay(report / SIGNED_PDF, change)
    verification = verify_report(report)
    assert f"{SIGNED_PDF}: the document was changed after it was signed" in _invalid(verification)["unchanged"]
    assert verification.label["en"].startswith("signature invalid")


def test_an_attachment_other_than_the_file_beside_it_is_named(report: Path) -> None:
    with pikepdf.open(report / PDF, allow_overwriting_input=True) as document:
        document.attachments["estimates.csv"] = (report / "tables/estimates.csv").read_bytes()
        document.attachments["flow.csv"] = b"centre,enrolled\n"
        document.save(report / PDF)
    write_sums(report)
    said = [problem["en"] for problem in list_problems(report)]
    assert said == [f"{PDF}: the attachment 'flow.csv' is not the file of this folder"]


def test_a_removed_signature_is_named(report: Path) -> None:
    shutil.copyfile(report / PDF, report / SIGNED_PDF)
    assert f"{SIGNED_PDF}: holds no signature" in _invalid(verify_report(report))["unchanged"]


@pytest.mark.parametrize("removed", [SIGNED_SUMS, "*.signed.pdf"])
def test_a_signature_taken_out_while_the_other_stays_is_named(report: Path, removed: str) -> None:
    for path in report.glob(removed):
        path.unlink()
    name = removed.replace("*", "evaluator-report.it")
    assert f"{name}: missing, while" in _invalid(verify_report(report))["unchanged"]


def test_a_signature_by_another_certificate_is_named(report: Path, tmp_path: Path) -> None:
    other = Path(shutil.copytree(report, tmp_path / "other"))
    _sign(other)
    shutil.copyfile(other / SIGNED_SUMS, report / SIGNED_SUMS)
    assert "different certificates" in _invalid(verify_report(report))["signature"]


def _sign(report: Path) -> None:
    for path in (*report.glob("*.signed.pdf"), report / SIGNED_SUMS):
        path.unlink(missing_ok=True)
    sign_report(report, Credentials.demonstration(), provenance="synthetic")


def test_a_replaced_manifest_is_named(report: Path) -> None:
    _change(report / "tables/estimates.csv")
    write_sums(report)
    invalid = _invalid(verify_report(report))
    assert f"tables/estimates.csv: changed ({CRATE})" in invalid["files"]
    assert f"{SIGNED_SUMS}: the signed content is not {SUMS}" in invalid["unchanged"]


def _change(path: Path) -> None:
    """Change one digit after a decimal point."""
    data = path.read_bytes()
    at = re.search(rb"\.\d", data).start() + 1
    path.write_bytes(data[:at] + (b"1" if data[at : at + 1] != b"1" else b"2") + data[at + 1 :])


def _remake(report: Path, name: str) -> None:
    """Do what a forger with the code does after a change: provenance, PDFs, sums and signature, all anew."""
    from evaluation.reporting.pages.write import write_pdf

    crate = json.loads((report / CRATE).read_text("utf-8"))
    for entity in crate["@graph"]:
        if entity["@id"] == name:
            entity["sha256"] = hashlib.sha256((report / name).read_bytes()).hexdigest()
    (report / CRATE).write_text(json.dumps(crate), "utf-8")
    digest = hashlib.sha256((report / CRATE).read_bytes()).hexdigest()
    for language in ("it", "en"):
        executed = report / "notebooks/evaluator_report.ipynb"
        write_pdf(published_study(report), executed, report / f"evaluator-report.{language}.pdf", language, digest)
    (report / RUN_LOG).unlink()
    write_sums(report)
    _sign(report)


def _verify_with_code(report: Path, repository: Repository) -> Verification:
    return verify_report(
        report, code=repository.root, make_pages_again=lambda: make_pages_again(report, repository.root)
    )


def test_a_report_remade_around_an_edited_number_is_named_by_the_number_and_never_reads_as_signed(
    report: Path, repository: Repository
) -> None:
    page = report / "04_effects.it.html"
    content = page.read_text("utf-8")
    cited = re.search(r'<data [^>]*data-from="estimates.csv:(\d+):estimate"[^>]*>(?P<shown>[^<]+)</data>', content)
    page.write_text(content[: cited.start("shown")] + "0,94" + content[cited.end("shown") :], "utf-8")
    _remake(report, page.name)
    verification = _verify_with_code(report, repository)
    invalid = _invalid(verification)
    assert verification["files"].verdict == verification["unchanged"].verdict == "valid"
    assert f"04_effects.it.html: estimates.csv, {cited[1]}, estimate: printed '0,94'" in invalid["numbers"]
    assert "04_effects.it.html: changed" in invalid["numbers"]
    assert verification.label["en"].startswith("demonstration signature: proves nothing about who signed")
    assert not verification.ok


def test_a_sentence_added_to_a_page_is_named_though_its_number_cites_no_cell(
    report: Path, repository: Repository
) -> None:
    page = report / "index.html"
    page.write_text(page.read_text("utf-8").replace("</dl>", "<p>0,94</p></dl>", 1), "utf-8")
    _remake(report, page.name)
    assert "index.html: changed" in _invalid(_verify_with_code(report, repository))["numbers"]


def test_a_number_edited_in_the_unsigned_pdf_is_named(report: Path, repository: Repository) -> None:
    with pikepdf.open(report / PDF, allow_overwriting_input=True) as document:
        document.pages[0].contents_add(b"q 1 g 0 0 600 850 re f Q")
        document.save(report / PDF)
    write_sums(report)
    _sign(report)
    assert f"{PDF}: changed" in _invalid(_verify_with_code(report, repository))["numbers"]


def test_a_replaced_verify_page_is_named(report: Path, repository: Repository) -> None:
    page = report / VERIFY_PAGE
    assert page.is_file(), "the run puts the page into each report"
    page.write_text("<p>valid</p>", "utf-8")
    assert f"{VERIFY_PAGE}: changed ({SUMS})" in _invalid(verify_report(report))["files"]
    _remake(report, page.name)
    assert f"{VERIFY_PAGE}: changed" in _invalid(_verify_with_code(report, repository))["numbers"]
