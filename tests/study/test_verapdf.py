"""The report as PDF, judged by veraPDF, which is not ours: archivable and accessible, signed and unsigned, with files in it."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import nbformat
import pikepdf
import pytest
from signing_sample import authority_in

from evaluation.assurance.provenance.manifest import write_sums
from evaluation.assurance.signing.authorities import Authorities
from evaluation.assurance.signing.signature import sign_report
from evaluation.reporting.pages.pdf import Attachment, EvaluationPDFExporter

JAR = os.environ.get("EVALUATION_VERAPDF")
pytestmark = pytest.mark.skipif(
    JAR is None or shutil.which("java") is None or shutil.which("openssl") is None,
    reason="veraPDF is fetched by Maven and runs on a JVM: EVALUATION_VERAPDF=$(.ci/tools/verapdf)",
)
LANGUAGES = ("it", "en")
SIGNED = ("one", "two", "stamped", "lasting")
PLAIN, ATTACHED = ("unsigned", *SIGNED), ("attached", "attached-two")


@pytest.fixture(scope="module")
def pdfs(shipped: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of reports: <how>.<language>.pdf."""
    folder = tmp_path_factory.mktemp("pdfs")
    reports = {
        how: Path(shutil.copytree(shipped / "reports", folder / f"of-{how}")) for how in (*PLAIN, "attached-two")
    }
    for language in LANGUAGES:
        attached = with_files(reports["unsigned"], language)
        (folder / f"attached.{language}.pdf").write_bytes(attached)
        (reports["attached-two"] / f"evaluator-report.{language}.pdf").write_bytes(attached)
    write_sums(reports["attached-two"])
    with authority_in(tmp_path_factory.mktemp("authority")) as authority:
        stamps = Authorities.at(f"{authority.url}/tsa")
        lasting = Authorities.at(f"{authority.url}/tsa", authority.pem)
        people = [authority.person("ROSSI ADA"), authority.person("BIANCHI BRUNO")]
        for how, authorities in (("two", None), ("stamped", stamps), ("lasting", lasting), ("attached-two", None)):
            for person, role in zip(people, ("statistician", "legal_representative"), strict=True):
                sign_report(
                    reports[how], person, provenance="real", role=role, languages=LANGUAGES, authorities=authorities
                )
        sign_report(reports["one"], people[1], provenance="real", languages=LANGUAGES)
    for how, report in reports.items():
        for language in LANGUAGES:
            name = f"evaluator-report.{language}{'' if how == 'unsigned' else '.signed'}.pdf"
            shutil.copy(report / name, folder / f"{how}.{language}.pdf")
    return folder


def with_files(report: Path, language: str) -> bytes:
    """Return the report with its manifest and tables inside."""
    executed = nbformat.read(report / "notebooks/evaluator_report.ipynb", as_version=4)
    tables = [
        Attachment(path.name, path.read_bytes(), "text/csv", f"Table {path.stem}")
        for path in sorted((report / "tables").glob("*.csv"))
    ]
    crate = Attachment(
        "ro-crate-metadata.json",
        (report / "ro-crate-metadata.json").read_bytes(),
        "application/ld+json",
        "Provenance",
        "source",
    )
    exporter = EvaluationPDFExporter(language=language, date="2023-09-30", attachments=[crate, *tables])
    return exporter.from_notebook_node(executed)[0]


@pytest.fixture(scope="module")
def verdicts(pdfs: Path) -> dict[str, set[str]]:
    """What veraPDF says: the profiles that each file passes."""
    passed: dict[str, set[str]] = {}
    for profile, kinds in (("2a", PLAIN), ("3a", ATTACHED), ("ua1", (*PLAIN, *ATTACHED))):
        files = [str(pdfs / f"{how}.{language}.pdf") for how in kinds for language in LANGUAGES]
        command = ["java", "-cp", JAR, "org.verapdf.apps.GreenfieldCliWrapper", "--format", "text", "-f", profile]
        said = subprocess.run([*command, *files], capture_output=True, text=True, timeout=600).stdout.splitlines()
        assert len(said) == len(files), said
        for line in said:
            verdict, path, _ = line.split(" ", 2)
            passed.setdefault(Path(path).stem, set()).update({profile} if verdict == "PASS" else ())
    return passed


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("how", PLAIN)
def test_a_report_is_pdf_a_2a_and_pdf_ua_1(verdicts: dict[str, set[str]], how: str, language: str) -> None:
    assert verdicts[f"{how}.{language}"] == {"2a", "ua1"}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("how", ATTACHED)
def test_a_report_with_files_inside_is_pdf_a_3a_and_pdf_ua_1(
    verdicts: dict[str, set[str]], how: str, language: str
) -> None:
    assert verdicts[f"{how}.{language}"] == {"3a", "ua1"}


def test_verapdf_refuses_what_is_not_archivable(pdfs: Path, tmp_path: Path) -> None:
    """The judge must be able to say no."""
    broken = tmp_path / "broken.pdf"
    with pikepdf.open(pdfs / "unsigned.it.pdf") as pdf:
        del pdf.Root.StructTreeRoot
        pdf.save(broken)
    command = ["java", "-cp", JAR, "org.verapdf.apps.GreenfieldCliWrapper", "--format", "text", "-f", "2a", str(broken)]
    assert subprocess.run(command, capture_output=True, text=True, timeout=600).stdout.startswith("FAIL")
