"""From executed notebooks and tables to what readers open: HTML pages, the PDF report, the door."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from evaluation.citation import cells_of
from evaluation.language import LANGUAGES, Language, Text, text
from evaluation.study.folder import Study

if TYPE_CHECKING:
    from evaluation.reporting.pages.pdf import Attachment

BANNERS: dict[str, Text] = {
    "synthetic": text("DATI SINTETICI, DIMOSTRAZIONE", "SYNTHETIC DATA, DEMONSTRATION"),
    "public": text("DATI PUBBLICI, ESERCIZIO", "PUBLIC DATA, EXERCISE"),
}


def banner(study: Study, language: Language) -> str:
    """Return the words that every page bears; none for real data."""
    return BANNERS.get(study.protocol.study.provenance, text("", ""))[language]


def write_page(
    study: Study, executed: Path, page: Path, language: Language, names: list[str], languages: tuple[Language, ...]
) -> None:
    """Write one language of an executed notebook as HTML, and its figures as SVG files."""
    import nbformat

    from evaluation.publishing.exhibits import extract_figures
    from evaluation.reporting.pages.html import EvaluationHTMLExporter

    notebook = nbformat.read(executed, as_version=4)
    other = next((code for code in languages if code != language), None)
    titles = notebook_titles()
    exporter = EvaluationHTMLExporter(
        language=language,
        study_title=study.protocol.study.title.text()[language],
        banner=banner(study, language),
        pages=[("index.html", {"it": "Inizio", "en": "Start"}[language], False)]
        + [(f"{name}.{language}.html", titles[name][language], name == executed.stem) for name in names],
        other_language_href=f"{executed.stem}.{other}.html" if other else "",
    )
    html, _ = exporter.from_notebook_node(notebook)
    page.write_text(html, encoding="utf-8")
    figures = page.parent / "figures" / executed.stem
    for stale in figures.glob(f"*.{language}.svg"):
        stale.unlink()
    extract_figures(notebook, figures, language)


def notebook_titles() -> dict[str, Text]:
    """Return what readers call each notebook."""
    return {
        "01_data": text("1 Dati", "1 Data"),
        "02_measurement": text("2 Misura", "2 Measurement"),
        "03_comparability": text("3 Confrontabilità", "3 Comparability"),
        "04_effects": text("4 Effetti", "4 Effects"),
        "05_robustness": text("5 Robustezza", "5 Robustness"),
        "06_payment": text("6 Pagamento", "6 Payment"),
        "07_programme": text("7 Programma", "7 Programme"),
        "evaluator_report": text("Rapporto del valutatore", "Evaluator's report"),
    }


def write_pdf(
    study: Study, executed: Path, pdf: Path, language: Language, crate_digest: str, *, attach: bool = False
) -> None:
    """Write one language of the evaluator's report as PDF; it prints the digest of the crate.

    attach : put the crate and the tables, which lie beside, into the PDF (PDF/A-3a).
    """
    import nbformat

    from evaluation.reporting.pages.pdf import EvaluationPDFExporter

    about = study.protocol.study
    exporter = EvaluationPDFExporter(
        language=language,
        study_title=about.title.text()[language],
        banner=banner(study, language),
        date=about.date.isoformat() if about.date else "",
        crate_digest=crate_digest,
        attachments=list(_attachments(pdf.parent, language)) if attach else [],
    )
    data, _ = exporter.from_notebook_node(nbformat.read(executed, as_version=4))
    pdf.write_bytes(data)


def _attachments(reports: Path, language: Language) -> Iterator[Attachment]:
    """Return the files that travel in the PDF, with what readers call them."""
    from evaluation.reporting.pages.pdf import Attachment

    described = {"it": "Descrizione di dati, codice e risultati", "en": "Description of data, code and results"}[
        language
    ]
    crate = reports / "ro-crate-metadata.json"
    yield Attachment(crate.name, crate.read_bytes(), "application/ld+json", described, "source")
    for path in sorted((reports / "tables").iterdir()):
        kind = {".csv": "text/csv", ".json": "application/json"}[path.suffix]
        yield Attachment(path.name, path.read_bytes(), kind, _table_label(path.stem)[language])


def write_door(study: Study, reports: Path, names: list[str], languages: tuple[Language, ...]) -> None:
    """Write index.html: the answers in ten seconds, then every page and file."""
    from evaluation.publishing.published_tables import read_published
    from evaluation.reporting.displays.prose import door_answers
    from evaluation.reporting.pages.first_page import Door, render_door

    tables = {path.stem: read_published(path) for path in sorted((reports / "tables").glob("*.csv"))}
    payment = cells_of(json.loads((reports / "tables" / "payment.json").read_text("utf-8")), "payment.json")
    titles = notebook_titles()
    downloads = [(text(*_pdf_label(language)), f"evaluator-report.{language}.pdf") for language in languages]
    downloads += [(_table_label(name), f"tables/{name}.csv") for name in tables]
    downloads += [
        (words, name)
        for name, words in (
            ("protocol.yml", text("Protocollo", "Protocol")),
            ("contract.yml", text("Contratto", "Contract")),
        )
        if (reports / name).is_file()
    ]
    downloads += [
        (text("Calcolo del pagamento", "Payment calculation"), "tables/payment.json"),
        (
            text("Descrizione di dati, codice e risultati", "Description of data, code and results"),
            "ro-crate-metadata.json",
        ),
        (text("Somme di controllo", "Checksums"), "SHA256SUMS"),
        (
            text(
                "Pagina che verifica senza rete (meglio una copia avuta da altri: questa garantirebbe per sé)",
                "A page that verifies offline (better a copy from elsewhere: this one would vouch for itself)",
            ),
            "verify.html",
        ),
    ]
    shown = BANNERS.get(study.protocol.study.provenance)
    door = Door(
        study_title=study.protocol.study.title.text(),
        banner=shown,
        answers=tuple(door_answers(study.protocol, tables, payment)),
        pages=tuple((titles[name], {code: f"{name}.{code}.html" for code in languages}) for name in names),
        downloads=tuple(downloads),
        verify_hint=text(
            "Con il repository: evaluation verify e la cartella di questo rapporto. Senza: sha256sum -c SHA256SUMS.",
            "With the repository: evaluation verify and the folder of this report. Without: sha256sum -c SHA256SUMS.",
        ),
    )
    (reports / "index.html").write_text(render_door(door), encoding="utf-8")


def _pdf_label(language: Language) -> tuple[str, str]:
    return {
        "it": ("Rapporto del valutatore, PDF in italiano", "Evaluator's report, PDF in Italian"),
        "en": ("Rapporto del valutatore, PDF in inglese", "Evaluator's report, PDF in English"),
    }[language]


def _table_label(name: str) -> Text:
    """What readers call a published table, with its file."""
    words = TABLES.get(name, text("tabella", "table"))
    return {code: f"{words[code].capitalize()} ({name}.csv)" for code in LANGUAGES}


TABLES: dict[str, Text] = {
    "attrition": text("perdite", "attrition"),
    "balance": text("equivalenza iniziale", "baseline equivalence"),
    "bounds": text("ragazzi mancanti", "missing children"),
    "composites": text("composizione dell'esito composito", "what the composite is made of"),
    "design": text("che cosa il disegno poteva trovare", "what the design could find"),
    "estimates": text("stime", "estimates"),
    "flow": text("partecipanti", "participants"),
    "honest": text("tendenze non parallele", "trends that are not parallel"),
    "inference": text("prove del caso, a confronto", "tests of chance, side by side"),
    "items": text("domande", "items"),
    "means": text("medie dei due centri", "means of the two centres"),
    "monitoring": text("monitoraggio", "monitoring"),
    "omitted": text("variabili non misurate", "unmeasured variables"),
    "overlap": text("sovrapposizione dei centri", "overlap of the centres"),
    "payment_risk": text("pagamento e caso", "payment and chance"),
    "payment": text("pagamento", "payment"),
    "reliability": text("affidabilità", "reliability"),
    "sensitivity": text("sensibilità", "sensitivity"),
    "specification_curve": text("curva delle specificazioni", "specification curve"),
    "subgroups": text("sottogruppi", "subgroups"),
    "suppressed": text("numeri omessi", "numbers withheld"),
}
