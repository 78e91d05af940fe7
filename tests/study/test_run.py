"""`evaluation run`: what it promises to write, what it never writes, and what it says when the input is bad."""

from __future__ import annotations

import csv
import re
import shutil
import subprocess
from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import get_args

import pikepdf
import pytest
import yaml
from conftest import STUDY, Repository, contents
from lxml import html

from evaluation.language import LANGUAGES
from evaluation.study.protocol import EstimatorId, Protocol

NOTEBOOKS = (
    "01_data", "02_measurement", "03_comparability", "04_effects", "05_robustness", "06_payment", "07_programme",
    "evaluator_report",
)  # fmt: skip
TABLES = (
    "estimates", "flow", "attrition", "reliability", "items", "balance", "bounds", "sensitivity", "specification_curve",
    "payment", "monitoring",
)  # fmt: skip
ESTIMATES = (
    "outcome", "role", "wave", "estimator", "estimate", "std_error", "df", "ci_low", "ci_high", "p_value",
    "p_permutation", "p_adjusted", "hedges_g", "g_low", "g_high", "unit", "n_treated", "n_comparison",
)  # fmt: skip
BANNER = {"it": "DATI SINTETICI, DIMOSTRAZIONE", "en": "SYNTHETIC DATA, DEMONSTRATION"}
HEADINGS = (
    ("Frontespizio e identificativi", "Cover and identifiers"),
    ("Esito in una pagina", "One-page outcome"),
    ("Mandato, parti e indipendenza", "Mandate, parties, independence"),
    ("Contratto e regola di pagamento", "Contract and payment rule"),
    ("Intervento e teoria del cambiamento", "Intervention and theory of change"),
    ("Disegno controfattuale e ipotesi", "Counterfactual design and assumptions"),
    ("Partecipanti e flusso", "Participants and flow"),
    ("Strumenti e affidabilità", "Instruments and reliability"),
    ("Etica e protezione dei dati", "Ethics and data protection"),
    ("Equivalenza iniziale", "Baseline equivalence"),
    ("Attuazione e ore", "Implementation and dose"),
    ("Analisi prestabilita", "Pre-specified analysis"),
    ("Risultati con incertezza", "Results with uncertainty"),
    ("Sensibilità e robustezza", "Sensitivity and robustness"),
    ("Limiti", "Limitations"),
    ("Calcolo del pagamento", "Payment calculation"),
    ("Scostamenti dal protocollo", "Protocol deviations"),
    ("Osservazioni delle parti", "Parties' comments and disputes"),
    ("Attestazione e firma", "Attestation and signature"),
    ("Riproducibilità", "Reproducibility"),
    ("Allegati", "Annexes"),
)
LOADED = r"""(?:\b(?:src|srcset|href|poster|action|data)\s*=\s*\\?["']?|url\(\s*\\?["']?|@import\s+\\?["']?)\s*"""
REMOTE = re.compile(LOADED + r"(?:https?:)?//", re.IGNORECASE)


@pytest.fixture(scope="module")
def reports(shipped: Path) -> Path:
    return shipped / "reports"


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def test_every_promised_file_is_there_and_little_else(reports: Path) -> None:
    promised = {
        "index.html",
        "verify.html",
        "ro-crate-metadata.json",
        "SHA256SUMS",
        "run.log",
        "protocol.yml",
        "contract.yml",
    }
    promised |= {f"tables/{name}.csv" for name in TABLES} | {"tables/payment.json"}
    promised |= {f"notebooks/{name}.ipynb" for name in NOTEBOOKS}
    promised |= {f"{name}.{language}.html" for name in NOTEBOOKS for language in LANGUAGES}
    promised |= {f"evaluator-report.{language}.pdf" for language in LANGUAGES}
    found = _names(reports)
    assert promised - found == set()
    others = r"tables/[a-z_]+\.csv|figures/\w+/fig-[a-z0-9-]+\.(it|en)\.svg"
    assert [name for name in found - promised if not re.fullmatch(others, name)] == []
    figures = {name for name in found if name.endswith(".svg")}
    assert {name.replace(".it.", ".en.") for name in figures} == {name for name in figures if ".en." in name}


def test_estimates_have_the_promised_columns_and_rows(reports: Path, repository: Repository) -> None:
    protocol = Protocol.model_validate(yaml.safe_load((repository.study / "protocol.yml").read_text(encoding="utf-8")))
    table = rows(reports / "tables" / "estimates.csv")
    assert tuple(table[0]) == ESTIMATES
    found = [(row["outcome"], row["wave"], row["estimator"]) for row in table]
    outcomes, waves = [o.id for o in protocol.outcomes], [wave.id for wave in protocol.follow_ups]
    assert sorted(found) == sorted(product(outcomes, waves, get_args(EstimatorId)))


@pytest.mark.parametrize("column", ["estimate", "std_error", "ci_low", "ci_high", "hedges_g"])
def test_numbers_have_at_least_ten_significant_digits(reports: Path, column: str) -> None:
    cells = [row[column] for row in rows(reports / "tables" / "estimates.csv") if row[column] not in ("", "suppressed")]
    digits = [len(re.sub(r"e.*|\D", "", cell).lstrip("0")) for cell in cells]
    assert len(cells) >= 12
    # means of few answers can be short and exact, such as 0.25; a column that was rounded would be short throughout
    assert sum(count >= 10 for count in digits) >= 0.9 * len(digits)


def test_every_page_says_that_the_data_are_synthetic(reports: Path) -> None:
    pages = sorted(page for page in reports.glob("*.html") if page.name != "verify.html")  # the same for every report
    assert len(pages) == 1 + 2 * len(NOTEBOOKS)
    for page in pages:
        body = html.parse(str(page)).getroot().find("body")
        shown = " ".join(body.text_content().split())
        for language in LANGUAGES if page.name == "index.html" else [page.suffixes[0][1:]]:
            assert BANNER[language] in shown, page.name


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_sheet_of_the_pdf_says_that_the_data_are_synthetic(reports: Path, language: str) -> None:
    for number, sheet in enumerate(sheets(reports / f"evaluator-report.{language}.pdf"), start=1):
        assert BANNER[language] in sheet, f"page {number}"


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_report_has_the_headings_of_the_field_in_their_order(reports: Path, language: str) -> None:
    expected = [f"{number} {pair[LANGUAGES.index(language)]}" for number, pair in enumerate(HEADINGS, start=1)]
    with pikepdf.open(reports / f"evaluator-report.{language}.pdf") as pdf, pdf.open_outline() as outline:
        assert [entry.title.strip() for entry in outline.root] == expected
    headings = html.parse(str(reports / f"evaluator_report.{language}.html")).getroot().xpath("//main//h2")
    assert [heading.text_content() for heading in headings] == expected


def test_nothing_is_loaded_from_elsewhere(reports: Path) -> None:
    read = [path for path in reports.resolve().rglob("*") if path.suffix in (".html", ".svg", ".ipynb", ".css")]
    assert {path.suffix for path in read} >= {".html", ".svg", ".ipynb"}
    found = {path.name: REMOTE.findall(path.read_text(encoding="utf-8")) for path in read}
    assert {name: remote for name, remote in found.items() if remote} == {}


def test_the_sums_are_those_of_the_files(reports: Path) -> None:
    checked = subprocess.run(["sha256sum", "--check", "--strict", "SHA256SUMS"], cwd=reports, capture_output=True)
    assert checked.returncode == 0, checked.stdout


def test_no_path_of_the_machine_is_published(shipped: Path, repository: Repository) -> None:
    for path in (shipped / "reports").resolve().rglob("*"):
        if path.is_file():
            data = path.read_bytes()
            assert str(repository.root).encode() not in data, path.name
            assert str(shipped).encode() not in data, path.name


def test_no_code_of_a_child_is_published(reports: Path, repository: Repository) -> None:
    codes = {row["participant"].encode() for row in rows(repository.study / "participants.csv")}
    assert len(codes) > 60
    pattern = re.compile(rb"\b(?:" + b"|".join(sorted(codes)) + rb")\b")
    texts = [path for path in reports.resolve().rglob("*") if path.is_file() and path.suffix != ".pdf"]
    assert {path.name: pattern.findall(path.read_bytes()) for path in texts if pattern.search(path.read_bytes())} == {}
    for language in LANGUAGES:
        assert not pattern.search(" ".join(sheets(reports / f"evaluator-report.{language}.pdf")).encode())


def test_a_run_with_an_output_folder_leaves_the_repository_alone(repository: Repository, outputs: Path) -> None:
    before = _listing(repository.root)
    repository.evaluation("run", STUDY, "--output", outputs)
    assert _listing(repository.root) == before
    assert not (repository.root / ".runs" / STUDY / "build").exists()  # what a notebook opened by hand leaves is no run


def test_one_language_gives_the_same_tables_and_nothing_of_the_other(
    run_study: Callable[..., Path], shipped: Path, tmp_path: Path
) -> None:
    reports = run_study(STUDY, tmp_path, "--language", "it") / "reports"
    names = _names(reports)
    assert names == {name for name in _names(shipped / "reports") if ".en." not in name}
    for table in (shipped / "reports" / "tables").iterdir():
        assert (reports / "tables" / table.name).read_bytes() == table.read_bytes()
    links = html.parse(str(reports / "index.html")).getroot().xpath("//a/@href")
    assert all((reports / link).is_file() for link in links if not link.startswith("#"))


def test_an_unknown_study_suggests_the_nearest(repository: Repository, tmp_path: Path) -> None:
    said = repository.evaluation("run", "volare-alto-2032", "--output", tmp_path / "out", code=2)
    assert f"Did you mean {STUDY}?" in said.stderr
    assert "Traceback" not in said.stderr


@pytest.fixture
def bad_study(repository: Repository, tmp_path: Path) -> Path:
    """A study with a defect in each of four files."""
    folder = tmp_path / "bad"
    shutil.copytree(repository.study, folder)
    for name, found, replaced in (
        ("contract.yml", "currency: EUR", "valuta: EUR"),
        ("participants.csv", "BF2X8,confronto,", "BF2X8,confrnto,"),
        ("responses.csv", "BF2X8,t0,interest_2,,3,", "BF2X8,t0,interest_2,,33,"),
        ("attendance.csv", "BP4G4,2023-03-08,", "BP4G4,08/03/2023,"),
    ):
        path = folder / name
        content = path.read_text(encoding="utf-8")
        assert found in content
        path.write_text(content.replace(found, replaced, 1), encoding="utf-8")
    return folder


def test_a_bad_study_is_refused_with_every_defect_and_nothing_is_written(
    repository: Repository, bad_study: Path, tmp_path: Path
) -> None:
    said = repository.evaluation("run", bad_study, "--output", tmp_path / "out", code=2).stderr
    for words in (
        ("contract.yml", "valuta"), ("participants.csv", "row 2", "BF2X8", "confrnto", "confronto"),
        ("responses.csv", "BF2X8", '"33"'), ("attendance.csv", "row 2", "08/03/2023", "YYYY-MM-DD"),
    ):  # fmt: skip
        assert any(all(word in line for word in words) for line in said.splitlines()), (words, said)
    assert "Traceback" not in said
    assert not (tmp_path / "out").exists()


def test_a_bad_study_leaves_earlier_outputs_alone(repository: Repository, bad_study: Path, outputs: Path) -> None:
    before = contents(outputs)
    repository.evaluation("run", bad_study, "--output", outputs, code=2)
    assert contents(outputs) == before


def test_debug_shows_the_traceback(repository: Repository, bad_study: Path, tmp_path: Path) -> None:
    said = repository.evaluation("run", bad_study, "--output", tmp_path / "out", "--debug", code=2)
    assert "Traceback" in said.stderr


def sheets(pdf: Path) -> list[str]:
    """Return the text of each page of a PDF."""
    text = subprocess.run(["pdftotext", pdf, "-"], capture_output=True, text=True, check=True).stdout
    return text.split("\f")[:-1]


def _names(reports: Path) -> set[str]:
    return {path.relative_to(reports.resolve()).as_posix() for path in reports.resolve().rglob("*") if path.is_file()}


def _listing(root: Path) -> dict[str, tuple[int, int]]:
    """Return size and time of change of every file, but of Python's caches."""
    files = (path for path in root.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    return {str(path): (path.stat().st_size, path.stat().st_mtime_ns) for path in files}
