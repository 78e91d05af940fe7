"""The PDF report: tagged, archivable, the same words and numbers as the HTML page."""

from __future__ import annotations

import io
import re
import shutil
import subprocess
from pathlib import Path

import nbformat
import pikepdf
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_output
from report_sample import HOSTILE, code, effects, means, notebook, prose, sample, wide

from evaluation.assurance.signatures.fields import BOX, FIELD, ROLES
from evaluation.errors import UserError
from evaluation.language import Language
from evaluation.publishing.exhibits import Table, escape_markdown
from evaluation.reporting.pages.html import EvaluationHTMLExporter
from evaluation.reporting.pages.page import read_page
from evaluation.reporting.pages.pdf import Attachment, EvaluationPDFExporter, to_typst

DIGEST = "0123456789abcdef" * 4
READS = pytest.mark.skipif(shutil.which("pdftotext") is None, reason="pdftotext reads what the PDF says")


def report(nb: nbformat.NotebookNode, language: Language = "it", **traits: object) -> bytes:
    return EvaluationPDFExporter(language=language, **traits).from_notebook_node(nb)[0]


def words(pdf: bytes, tmp_path: Path, *options: str) -> str:
    """Return what a reader reads, on one line."""
    path = tmp_path / "report.pdf"
    path.write_bytes(pdf)
    read = subprocess.run(["pdftotext", *options, str(path), "-"], capture_output=True, check=True, encoding="utf-8")
    return " ".join(read.stdout.split())


@pytest.fixture(scope="module")
def italian() -> bytes:
    return report(sample(), banner="DATI SINTETICI", study_title="Volare #Alto", date="2023-09-30", crate_digest=DIGEST)


def test_the_file_declares_language_title_tags_standards_and_digest(italian: bytes):
    with pikepdf.open(io.BytesIO(italian)) as pdf:
        assert str(pdf.Root.Lang) == "it"
        assert bool(pdf.Root.MarkInfo.Marked)
        assert "/StructTreeRoot" in pdf.Root
        assert str(pdf.docinfo["/Title"]) == "Effetti: quanto è cambiato, e rispetto a chi"
        with pdf.open_metadata() as metadata:
            assert metadata.pdfa_status == "2A"
            assert metadata["pdfuaid:part"] == "1"
            assert f"crate-sha256:{DIGEST}" in str(metadata["pdf:Keywords"])


def test_the_same_notebook_gives_the_same_bytes():
    first, second = (report(sample(), date="2023-09-30") for _ in range(2))
    assert first == second


@READS
def test_a_report_keeps_its_language_and_shows_no_code(italian: bytes, tmp_path: Path):
    read = words(italian, tmp_path)
    assert "Di quanto sono cresciute" in read and "30 settembre 2023" in read and "Volare #Alto" in read
    assert "How much did" not in read and "PLAIN REPR" not in read and "panel" not in read and "secret" not in read
    assert "How much did" in words(report(sample(), "en"), tmp_path)


@READS
def test_the_banner_stands_on_every_sheet(italian: bytes, tmp_path: Path):
    with pikepdf.open(io.BytesIO(italian)) as pdf:
        sheets = len(pdf.pages)
    assert sheets > 4
    assert words(italian, tmp_path).count("DATI SINTETICI") == sheets


@READS
@pytest.mark.parametrize("language", ["it", "en"])
def test_floats_have_the_numbers_of_the_html_page(language: Language, tmp_path: Path):
    html, _ = EvaluationHTMLExporter(language=language).from_notebook_node(sample())
    captions = re.findall(r"<strong>((?:Figur|Tab)[^<]*\.)</strong> ([^<]*)<", html)
    read = words(report(sample(), language), tmp_path)
    assert len(captions) == 5
    for number, caption in captions[:4]:  # the fifth is the hostile one, below
        assert f"{number} {caption}".replace("\xa0", " ") in read
    for number, _ in captions[1:3]:
        assert read.count(number.replace("\xa0", " ").rstrip(".")) >= 2  # the float and the reference to it


@READS
def test_hostile_words_come_out_as_words(italian: bytes, tmp_path: Path):
    read = words(italian, tmp_path)
    for attack in HOSTILE:
        assert read.count(attack) >= 9
    assert "Costa da $5 a $6 a testa; @fig-code è codice" in read


@READS
def test_escaped_markdown_prints_exactly_what_it_was_given(tmp_path: Path):
    every = "".join(map(chr, range(33, 127)))
    given = [every, "1. x", "- x", "# x", "= x", "/ a: b", "a_b_c **d** ~~e~~ | f", "http://x.y $1$ &amp; #x"]
    cells = [new_markdown_cell(escape_markdown(each)) for each in given]
    read = re.sub(r"[\s\xad]", "", words(report(notebook(*cells)), tmp_path))  # lines break and words are hyphenated
    for each in given:
        assert each.replace(" ", "") in read


@READS
def test_raw_html_is_printed_as_text(tmp_path: Path):
    nb = notebook(new_markdown_cell("<script>alert(1)</script>\n\na <b>bold</b> word"))
    read = words(report(nb), tmp_path)
    assert "<script>alert(1)</script>" in read and "a <b>bold</b> word" in read


@READS
def test_a_character_without_a_font_is_printed_as_its_code(tmp_path: Path):
    odd = "\u4e2d \U0001f600 \ue000 \x00"
    nb = notebook(
        new_markdown_cell(f"## {odd}\n\n{odd}"),
        code("x", ("tbl-a", lambda _: Table(("a", "b"), ((odd, odd),), frozenset(), odd))),
    )
    read = words(report(nb, banner=odd), tmp_path)
    assert "‹U+4E2D› ‹U+1F600› ‹U+E000›" in read


@READS
def test_a_table_over_many_sheets_repeats_its_header(tmp_path: Path):
    pdf = report(notebook(code("x", ("tbl-wide", wide))))
    with pikepdf.open(io.BytesIO(pdf)) as opened:
        turned = [sheet for sheet in opened.pages if sheet.mediabox[2] > sheet.mediabox[3]]
    assert len(turned) == 2
    assert words(pdf, tmp_path).count("Δ") == len(turned)  # the last column's name


def test_a_narrow_table_stays_on_an_upright_sheet():
    with pikepdf.open(io.BytesIO(report(notebook(code("x", ("tbl-effects", effects)))))) as pdf:
        assert all(sheet.mediabox[2] < sheet.mediabox[3] for sheet in pdf.pages)


def test_figures_are_vectors_and_figures_and_formulae_have_words(italian: bytes):
    with pikepdf.open(io.BytesIO(italian)) as pdf:
        alternatives = [
            str(each["/Alt"]) for each in pdf.objects if isinstance(each, pikepdf.Dictionary) and "/Alt" in each
        ]
        images = [each for sheet in pdf.pages for each in sheet.get_images()]
    assert means("it").alt in alternatives
    assert any(r"\hat\tau" in each for each in alternatives)
    assert images == []


@READS
def test_the_boxes_for_the_signatures_lie_on_the_last_sheet(italian: bytes, tmp_path: Path):
    with pikepdf.open(io.BytesIO(italian)) as pdf:
        last, height = len(pdf.pages), float(pdf.pages[-1].mediabox[3])

    def inside(box: tuple[float, float, float, float]) -> str:
        x, y, width, tall = box[0], height - box[3], box[2] - box[0], box[3] - box[1]
        area = ("-x", x, "-y", y, "-W", width, "-H", tall)
        return words(
            italian, tmp_path, "-f", str(last), *(str(round(each) if n % 2 else each) for n, each in enumerate(area))
        )

    assert {inside(box) for box in BOX.values()} == {""}
    label = BOX["statistician"]
    assert inside((label[0], label[3], label[2], label[3] + 16)) == "Statistico responsabile"
    assert "Le firme nei riquadri" in words(italian, tmp_path, "-f", str(last))
    assert "Firma" not in words(report(sample(), signature=False), tmp_path)


def test_an_empty_tagged_field_stands_ready_for_each_signer(italian: bytes):
    with pikepdf.open(io.BytesIO(italian)) as pdf:
        tree = pdf.Root.StructTreeRoot
        numbers = list(tree.ParentTree.Nums)
        forms = dict(zip(map(int, numbers[::2]), numbers[1::2], strict=True))
        for role, field in zip(ROLES, pdf.pages[-1].Annots, strict=True):
            assert (str(field.T), tuple(map(int, field.Rect))) == (FIELD[role], BOX[role])
            assert "/V" not in field and forms[int(field.StructParent)].K.Obj.objgen == field.objgen
            assert ("/Lock" in field) == (role == ROLES[-1])
    with pikepdf.open(io.BytesIO(report(sample(), signature=False))) as pdf:
        assert "/AcroForm" not in pdf.Root


FILES = [
    Attachment("ro-crate-metadata.json", b"{}", "application/ld+json", "Provenance", "source"),
    Attachment("estimates.csv", b"estimate\n0.34\n", "text/csv", "Estimates"),
]


def test_files_travel_inside_with_what_they_are_to_the_report():
    made = report(sample(), date="2023-09-30", attachments=FILES)
    with pikepdf.open(io.BytesIO(made)) as pdf:
        with pdf.open_metadata() as metadata:
            assert (metadata.pdfa_status, metadata["pdfuaid:part"]) == ("3A", "1")
        assert {name: file.get_file().read_bytes() for name, file in pdf.attachments.items()} == {
            each.name: each.data for each in FILES
        }
        said = {
            str(each.UF): (str(each.AFRelationship), str(each.Desc), str(each.EF.F.Subtype)) for each in pdf.Root.AF
        }
        assert said == {
            "ro-crate-metadata.json": ("/Source", "Provenance", "/application/ld+json"),
            "estimates.csv": ("/Data", "Estimates", "/text/csv"),
        }
    assert made == report(sample(), date="2023-09-30", attachments=FILES)


def test_without_files_the_report_is_pdf_a_2(italian: bytes):
    with pikepdf.open(io.BytesIO(italian)) as pdf:
        assert not pdf.attachments


@READS
def test_a_section_that_held_only_code_is_left_out(tmp_path: Path):
    nb = notebook(
        *prose("## A\n\ntesto\n\n### Parametri", "## A"), new_code_cell("x = 1"), new_markdown_cell("## B\n\ntesto")
    )
    assert "Parametri" not in words(report(nb), tmp_path)


@READS
def test_an_error_is_printed(tmp_path: Path):
    output = new_output("error", ename="ValueError", evalue="#bad $x", traceback=["/somewhere/file.py"])
    read = words(report(notebook(new_code_cell("x", outputs=[output]))), tmp_path)
    assert "ValueError: #bad $x" in read and "/somewhere" not in read


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("## A\n\n#### B\n\ntext", "heading"),
        ("![x](x.png)", "image"),
        ("See @tbl-nowhere.", "@tbl-nowhere"),
        ("[x](#fig-nowhere)", "fig-nowhere"),
    ],
)
def test_what_cannot_be_set_is_said(source: str, said: str):
    with pytest.raises(UserError, match=said):
        report(notebook(new_markdown_cell(source)))


def test_a_date_that_is_none_is_refused():
    with pytest.raises(UserError, match="YYYY-MM-DD"):
        report(sample(), date="30/09/2023")


def test_links_between_pages_are_words_on_paper():
    nb = notebook(new_markdown_cell("See [effects](04_effects.html) and [site](https://example.org)."))
    typst = to_typst(read_page(nb, "it"))
    assert "04_effects" not in typst and 'link("https://example.org")' in typst


def test_the_exporter_is_known_to_nbconvert():
    from nbconvert.exporters import get_exporter

    assert get_exporter("evaluation_pdf") is EvaluationPDFExporter
