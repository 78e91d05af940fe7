"""The evaluator's report as PDF, looked into: what a screen reader, an archive and a reader on paper need is there."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pikepdf
import pytest

from evaluation.assurance.signatures.fields import FIELD, ROLES

HEADINGS = {
    "it": """Frontespizio e identificativi · Esito in una pagina · Mandato, parti e indipendenza ·
    Contratto e regola di pagamento · Intervento e teoria del cambiamento · Disegno controfattuale e ipotesi ·
    Partecipanti e flusso · Strumenti e affidabilità ·
    Etica e protezione dei dati · Equivalenza iniziale · Attuazione e ore · Analisi prestabilita · Risultati con incertezza ·
    Sensibilità e robustezza · Limiti · Calcolo del pagamento · Scostamenti dal protocollo · Osservazioni delle parti ·
    Attestazione e firma · Riproducibilità · Allegati""",
    "en": """Cover and identifiers · One-page outcome · Mandate, parties, independence · Contract and payment rule ·
    Intervention and theory of change · Counterfactual design and assumptions · Participants and flow ·
    Instruments and reliability · Ethics and data protection · Baseline equivalence · Implementation and dose ·
    Pre-specified analysis · Results with uncertainty · Sensitivity and robustness · Limitations · Payment calculation ·
    Protocol deviations · Parties’ comments and disputes · Attestation and signature · Reproducibility · Annexes""",
}
MARGINS = 90, 80  # points above and below the text of a sheet
READS = pytest.mark.skipif(shutil.which("pdftotext") is None, reason="pdftotext reads what the PDF says")
ACTIVE = {"/JS", "/JavaScript", "/OpenAction", "/AA", "/Launch", "/XFA", "/RichMedia", "/Movie", "/Sound"}
TABULAR = ("/TR", "/THead", "/TBody", "/TFoot", "/Caption")


def headings(language: str) -> list[str]:
    return [f"{n} {' '.join(each.split())}" for n, each in enumerate(HEADINGS[language].split("·"), start=1)]


def plain(words: str) -> str:
    return " ".join(words.replace("’", "'").split())


@pytest.fixture(scope="module", params=["it", "en"])
def report(request: pytest.FixtureRequest, shipped: Path) -> tuple[str, Path]:
    return request.param, shipped / f"reports/evaluator-report.{request.param}.pdf"


@pytest.fixture(scope="module")
def pdf(report: tuple[str, Path]) -> Iterator[pikepdf.Pdf]:
    with pikepdf.open(report[1]) as opened:
        yield opened


def elements(node: Any) -> Iterator[Any]:
    """Return an element of the structure tree and all below it."""
    if isinstance(node, pikepdf.Array):
        for each in node:
            yield from elements(each)
    elif isinstance(node, pikepdf.Dictionary) and "/S" in node:
        yield node
        yield from elements(node.get("/K", pikepdf.Array()))


def test_it_says_its_language_title_and_standards(report: tuple[str, Path], pdf: pikepdf.Pdf) -> None:
    language, _ = report
    assert str(pdf.Root.Lang) == language
    assert bool(pdf.Root.MarkInfo.Marked)
    assert bool(pdf.Root.ViewerPreferences.DisplayDocTitle)
    assert str(pdf.docinfo["/Title"]) == {"it": "Rapporto del valutatore", "en": "Evaluator's report"}[language]
    with pdf.open_metadata() as metadata:
        assert (metadata.pdfa_status, metadata["pdfuaid:part"]) == ("2A", "1")


def test_its_chapters_are_the_21_of_an_evaluation_report(report: tuple[str, Path], pdf: pikepdf.Pdf) -> None:
    with pdf.open_outline() as outline:
        titles = [plain(each.title) for each in outline.root]
    chapters = [plain(each) for each in headings(report[0])]
    assert [each for each in titles if each[0].isdigit()] == chapters


def test_figures_and_formulae_have_words_of_their_own(pdf: pikepdf.Pdf) -> None:
    drawn = [each for each in elements(pdf.Root.StructTreeRoot.K) if each.S in ("/Figure", "/Formula")]
    alternatives = [str(each.get("/Alt", "")).strip() for each in drawn]
    assert len(drawn) >= 3
    assert all(len(each) > 20 for each in alternatives)
    assert len(set(alternatives)) == len(alternatives)


def test_every_table_has_cells_that_head_its_columns(pdf: pikepdf.Pdf) -> None:
    tables = [each for each in elements(pdf.Root.StructTreeRoot.K) if each.S == "/Table"]
    assert len(tables) > 10
    for table in tables:
        first = next(each for each in elements(table.K) if each.S == "/TR")
        cells = [each for each in elements(first.K) if each.S in ("/TH", "/TD")]
        assert [str(each.S) for each in cells] == ["/TH"] * len(cells)
        scopes = [str(a.get("/Scope")) for each in cells for a in attributes(each) if a.get("/O") == "/Table"]
        assert scopes == ["/Column"] * len(cells)


def attributes(element: Any) -> list[Any]:
    found = element.get("/A", [])
    return list(found) if isinstance(found, pikepdf.Array | list) else [found]


def test_every_font_is_inside(pdf: pikepdf.Pdf) -> None:
    described = [each for each in pdf.objects if isinstance(each, pikepdf.Dictionary) and "/FontName" in each]
    assert described
    assert all({"/FontFile", "/FontFile2", "/FontFile3"} & set(each.keys()) for each in described)
    fonts = [each for each in pdf.objects if isinstance(each, pikepdf.Dictionary) and each.get("/Type") == "/Font"]
    assert {str(each.Subtype) for each in fonts} <= {"/Type0", "/CIDFontType0", "/CIDFontType2"}


def test_nothing_in_it_runs(pdf: pikepdf.Pdf) -> None:
    dictionaries = [each for each in pdf.objects if isinstance(each, pikepdf.Dictionary | pikepdf.Stream)]
    assert not [key for each in dictionaries for key in ACTIVE if key in each]
    actions = {str(each.S) for each in dictionaries if each.get("/Type") == "/Action"}
    assert actions <= {"/URI", "/GoTo"}


def test_an_empty_field_stands_ready_for_each_signer(pdf: pikepdf.Pdf) -> None:
    fields = list(pdf.Root.AcroForm.Fields)
    assert [str(each.T) for each in fields] == [FIELD[role] for role in ROLES]
    assert not any("/V" in each for each in fields)
    assert {each.objgen for each in fields} == {each.objgen for each in pdf.pages[-1].Annots}


def lines(path: Path, folder: Path) -> list[tuple[float, list[tuple[str, float, float]]]]:
    """Return the height of each page and its lines in the body of the text: words, top and bottom."""
    target = folder / "boxes.xhtml"
    subprocess.run(["pdftotext", "-bbox-layout", str(path), str(target)], check=True, capture_output=True)
    space = "{http://www.w3.org/1999/xhtml}"
    pages = []
    for page in ElementTree.parse(target).iter(f"{space}page"):  # noqa: S314
        height = float(page.get("height"))
        found = [
            (plain(" ".join(word.text for word in line)), float(line.get("yMin")), float(line.get("yMax")))
            for line in page.iter(f"{space}line")
        ]
        inside = [each for each in found if each[1] > MARGINS[0] * 0.9 and each[2] < height - MARGINS[1]]
        pages.append((height, inside))
    return pages


@READS
def test_no_page_is_empty(report: tuple[str, Path], tmp_path: Path) -> None:
    for number, (_, found) in enumerate(lines(report[1], tmp_path), start=1):
        assert found, f"page {number}"


@READS
def test_no_heading_stands_alone_at_the_foot_of_a_page(report: tuple[str, Path], tmp_path: Path) -> None:
    wanted, seen = {plain(each) for each in headings(report[0])}, set()
    for number, (_, found) in enumerate(lines(report[1], tmp_path), start=1):
        for words, _, bottom in found:
            if words in wanted:
                seen.add(words)
                assert any(top >= bottom - 2 for _, top, _ in found), f"page {number}: {words}"
    assert seen == wanted
