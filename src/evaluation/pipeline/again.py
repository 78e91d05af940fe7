"""Once more from nothing: the whole run, or only its pages, in an empty folder, by a Python that knows of no other.

A fresh process gets a copy of exactly the files that compute, none of what Python compiled before, no settings of the
user's, and a home of its own: nothing that lies beside the code or was left by an earlier run can take part.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd

from evaluation.assurance.provenance.crate import LOCK, code_files
from evaluation.assurance.provenance.environment import build_environment
from evaluation.assurance.provenance.folders import compare_folders
from evaluation.assurance.provenance.installed import stale_compiled
from evaluation.assurance.provenance.source import source_of
from evaluation.assurance.questions import Comparison
from evaluation.assurance.verification.file_lists import attachments
from evaluation.errors import RunFailed, VerificationFailed
from evaluation.files import files_in, read_bounded, reading
from evaluation.language import LANGUAGES, Language, text
from evaluation.report_folder import CRATE, REPORT_NOTEBOOK, VERIFY_PAGE, is_dropping, unsigned_pdf
from evaluation.study.choices import published_protocol, read_choices
from evaluation.study.contract import Contract
from evaluation.study.documents import read_document
from evaluation.study.findings import Findings
from evaluation.study.folder import Study
from evaluation.study.instrument import Instrument

MADE = (".html", ".svg", ".pdf")
# Of the caller's variables, what finds programs, gives the clock and chooses the kernels of linear algebra; no other.
KEPT = ("PATH", "SOURCE_DATE_EPOCH", "SYSTEMROOT", "OPENBLAS_CORETYPE")
PAGES_SECONDS, PAGES_BYTES = 300, 8 << 30  # a page that takes more was made to
RUN = """
import json
import sys
from pathlib import Path
from evaluation.errors import UserError
from evaluation.pipeline.steps import run_study
try:
    study, output, languages, attach, choices = sys.argv[1:]
    options = {"languages": languages.split(","), "attach": attach == "attach", "choices": json.loads(choices)}
    run_study(study, output=Path(output), force=True, **options)
except UserError as error:
    sys.exit(str(error))
"""
PAGES = """
import sys
from pathlib import Path
from evaluation.pipeline.again import limit_memory, write_pages
limit_memory()
write_pages(Path(sys.argv[1]), attach=sys.argv[2] == "attach")
"""


@dataclass(frozen=True)
class Fresh:
    """An empty folder with a copy of the code, and a Python that starts there."""

    root: Path
    interpreter: Path = Path(sys.executable)
    uncompiled: bool = False

    def python(self, script: str, *arguments: object, seconds: int | None = None) -> None:
        """Run a script to its end; RunFailed with its last words if it fails or takes too long."""
        home = self.root / "home"
        home.mkdir(exist_ok=True)
        environment = {name: os.environ[name] for name in KEPT if name in os.environ} | {
            "HOME": str(home), "TMPDIR": str(home), "LC_ALL": "C.UTF-8", "OPENBLAS_NUM_THREADS": "1",
            "PYTHONPATH": str(self.root / "code" / "src"), "PYTHONNOUSERSITE": "1", "PYTHONSAFEPATH": "1",
            "PYTHONDONTWRITEBYTECODE": "1", "JUPYTER_PLATFORM_DIRS": "0",
        }  # fmt: skip
        if self.uncompiled:  # a folder of its own for what is compiled now; none beside the sources is read
            del environment["PYTHONDONTWRITEBYTECODE"]
            environment["PYTHONPYCACHEPREFIX"] = str(self.root / "compiled")
        command = [str(self.interpreter), "-c", script, *map(str, arguments)]
        try:
            done = subprocess.run(  # noqa: S603  our own Python, our own script
                command, cwd=self.root, env=environment, stdin=subprocess.DEVNULL, capture_output=True, timeout=seconds
            )
        except subprocess.TimeoutExpired as error:
            raise RunFailed(text(f"oltre {seconds} s, fermato", f"more than {seconds} s, stopped")) from error
        if done.returncode:
            last = done.stderr.decode(errors="replace").strip().splitlines()[-1:]
            raise RunFailed(f"{' '.join(last)[:300]}")


def run_again(report: Path, study: Path, code: Path, *, environment: bool = False) -> Comparison:
    """Run a study again from its raw data, nothing cached, and hold every table and file against the report's.

    Parameters
    ----------
    report
        The published report folder.
    study, code
        The study folder, and the root of the code; both are copied, neither is written to.
    environment
        Run in an environment made anew from the lock, rather than in this one. It takes the network.

    Raises
    ------
    RunFailed
        The run stopped, or the environment could not be made.
    """
    with _fresh(code) as copied:
        fresh = replace(copied, uncompiled=True)
        if environment:
            fresh = replace(
                fresh, interpreter=build_environment(fresh.root / "environment", fresh.root / "code" / LOCK)
            )
        shutil.copytree(study, fresh.root / "study")
        languages = ",".join(_languages(report))
        choices = json.dumps(read_choices(report))
        fresh.python(RUN, fresh.root / "study" / ".", fresh.root / "out", languages, _attach(report), choices)
        found = compare_folders(report, fresh.root / "out" / "reports")
        return replace(found, environment=stale_compiled(fresh.root / "compiled"))


def make_pages_again(report: Path, code: Path) -> Comparison:
    """Make every page, drawing and unsigned PDF again from the report's own executed notebooks and tables.

    Raises
    ------
    VerificationFailed
        The notebooks are not such that pages can be made of them.
    """
    with _fresh(code) as fresh:
        again = fresh.root / "report"
        for name in files_in(report):
            if not (name.endswith(MADE) or is_dropping(name)):
                (again / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(report / name, again / name)
        try:
            fresh.python(PAGES, again, _attach(report), seconds=PAGES_SECONDS)
        except RunFailed as error:
            raise VerificationFailed(
                text(
                    f"le pagine non si possono rifare dai notebook del rapporto: {error.message['it']}",
                    f"the pages cannot be made again from the report's notebooks: {error.message['en']}",
                )
            ) from error
        made = {name for name in files_in(report) if name.endswith(MADE)}
        found = compare_folders(report, again, made)
    words = text(
        f"{len(made)} pagine, figure e PDF rifatti dai notebook del rapporto",
        f"{len(made)} pages, figures and PDFs made again from the report's notebooks",
    )
    return Comparison((words,), found.differences)


def write_pages(report: Path, *, attach: bool = False) -> None:
    """Write every page, figure and unsigned PDF of a report folder that has everything else."""
    from evaluation.reporting.pages.write import write_door, write_page, write_pdf
    from evaluation.reporting.verify_page import write_verify_page

    study, languages = published_study(report), _languages(report)
    names = sorted(path.stem for path in (report / "notebooks").glob("*.ipynb"))
    for name in names:
        for language in languages:
            executed = report / "notebooks" / f"{name}.ipynb"
            write_page(study, executed, report / f"{name}.{language}.html", language, names, languages)
    digest = hashlib.sha256((report / CRATE).read_bytes()).hexdigest()
    for language in languages:
        executed = report / "notebooks" / f"{REPORT_NOTEBOOK}.ipynb"
        write_pdf(study, executed, report / unsigned_pdf(language), language, digest, attach=attach)
    write_door(study, report, names, languages)
    write_verify_page(report / VERIFY_PAGE)


def _attach(report: Path) -> str:
    """Return `attach` if the unsigned PDFs carry files, else `plain`."""
    found = [path for language in LANGUAGES if (path := report / unsigned_pdf(language)).is_file()]
    with reading("evaluator-report"):
        carry = [bool(attachments(path)) for path in found]
    return "attach" if any(carry) else "plain"


def limit_memory() -> None:
    """Let this process have as much memory as pages need, and no more, where the system can say so."""
    try:
        import resource
    except ImportError:  # not on Windows
        return
    resource.setrlimit(resource.RLIMIT_AS, (PAGES_BYTES, PAGES_BYTES))


@contextmanager
def _fresh(code: Path) -> Iterator[Fresh]:
    """Copy what computes, file by file as the provenance document lists it, into a folder that is gone afterwards."""
    with TemporaryDirectory(prefix="evaluation-") as scratch:
        root = Path(scratch).resolve()
        for name in code_files(code):
            (root / "code" / name).parent.mkdir(parents=True, exist_ok=True)
            (root / "code" / name).write_bytes(source_of(code / name))
        yield Fresh(root)


def _languages(report: Path) -> tuple[Language, ...]:
    """Return the languages that a report has, as its executed notebooks say."""
    name = f"{REPORT_NOTEBOOK}.ipynb"
    with reading(name):
        notebook = json.loads(read_bounded(report / "notebooks" / name))
        outputs = [output for cell in notebook["cells"] for output in cell.get("outputs", ())]
        found = {output.get("metadata", {}).get("evaluation", {}).get("language") for output in outputs}
    return tuple(language for language in LANGUAGES if language in found)


def published_study(report: Path) -> Study:
    """Return what a report publishes of its study: protocol and contract, and no data."""
    findings = Findings()
    protocol = published_protocol(report, findings)
    contract = (
        read_document(report / "contract.yml", Contract, findings) if (report / "contract.yml").exists() else None
    )
    findings.raise_errors()
    if protocol is None:  # cannot be: what is unreadable left an error
        raise VerificationFailed("protocol.yml: no protocol")
    nothing = pd.DataFrame()
    return Study(report, protocol, contract, Instrument(()), nothing, nothing, None, None, read_choices(report))
