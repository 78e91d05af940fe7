"""The whole way on one screen: eight notebooks, their pages, the report, its description and its sums.

`NOTEBOOKS` is the table of steps. pytask runs what changed, by content: the study, the package, the notebook, or an
output edited by hand. Notebooks that do not wait for each other run side by side.
"""

import hashlib
import json
import os
import platform
import shutil
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryFile
from typing import Annotated, Any

import pytask

from evaluation import __version__
from evaluation.assurance.provenance.source import source_of
from evaluation.errors import RunFailed
from evaluation.language import LANGUAGES, Language
from evaluation.pipeline.executor import SideBySide
from evaluation.pipeline.interruption import stop_if_asked
from evaluation.pipeline.notebook import stop_notebooks
from evaluation.pipeline.outputs import Outputs, Published
from evaluation.report_folder import CHOICES, CRATE, FIRST_PAGE, RUN_LOG, SUMS, VERIFY_PAGE, unsigned_pdf
from evaluation.study.choices import Choices, write_choices
from evaluation.study.folder import NO_CHOICES, Study, study_files
from evaluation.study.places import repository, study_folder


@dataclass(frozen=True)
class Notebook:
    """One notebook: what it makes, and what it reads that an earlier one made."""

    name: str
    makes: tuple[str, ...]
    reads: tuple[str, ...] = ()


SCORES = "processed/scores.csv"
TABLES = "reports/tables/"


def _tables(*names: str) -> tuple[str, ...]:
    return tuple(f"{TABLES}{name}.csv" for name in names)


ANALYSES = (
    Notebook("01_data", ("processed/children.csv",)),
    Notebook("02_measurement", (SCORES, *_tables("reliability", "items", "composites"))),
    Notebook("03_comparability", _tables("flow", "attrition", "balance", "overlap"), (SCORES,)),
    Notebook("04_effects", _tables("means", "estimates", "inference", "subgroups"), (SCORES,)),
    Notebook(
        "05_robustness", _tables("sensitivity", "design", "omitted", "bounds", "honest", "specification_curve"), (SCORES,)
    ),
    Notebook(
        "06_payment", (*_tables("payment", "payment_risk"), TABLES + "payment.json"),
        (SCORES, *_tables("estimates", "flow", "balance", "sensitivity")),
    ),
    Notebook("07_programme", _tables("monitoring")),
)  # fmt: skip
EVERYTHING = tuple(path for notebook in ANALYSES for path in notebook.makes if path.startswith(TABLES))
NOTEBOOKS = (*ANALYSES, Notebook("evaluator_report", _tables("suppressed"), (SCORES, *EVERYTHING)))
REPORT = NOTEBOOKS[-1].name
PROBE = 1 << 20  # bytes; pytask's notes are smaller
EXPLORATORY = ".exploratory"  # after the id of a study, in the folders of a run with choices
FAILED = pytask.TaskOutcome.FAIL
ENDED_WELL = (pytask.TaskOutcome.SUCCESS, pytask.TaskOutcome.SKIP_UNCHANGED)

Notify = Callable[[str, int, int], None]  # what runs, parts done, parts in all


def _silent(what: str, done: int, total: int) -> None:
    """Show no progress."""


@dataclass(frozen=True)
class Run:
    """One run of one study: what it reads, where it builds, in which languages, whether the PDF carries the tables."""

    study: Study
    outputs: Outputs
    languages: tuple[Language, ...] = LANGUAGES
    jobs: int = 2
    attach: bool = False
    notify: Notify = _silent
    choices: Choices = field(default_factory=dict)

    @property
    def build(self) -> Path:
        """The folder of the run under way."""
        return self.outputs.build


@dataclass(frozen=True)
class Outcome:
    """What a run left: its report folder, the notebooks that ran (not those taken from the cache), an earlier signed report."""

    reports: Path
    executed: tuple[str, ...]
    published: Published


def run_study(
    name: str, *, output: Path | None = None, languages: Iterable[Language] = LANGUAGES, jobs: int | None = None,
    force: bool = False, attach: bool = False, notify: Notify | None = None, choices: Choices = NO_CHOICES,
) -> Outcome:  # fmt: skip
    """Run a study from raw to manifest.

    choices : entries of the protocol to set otherwise. Such a run is exploratory, is marked so, and never takes the place of
    the study's own report: without `output` it goes to reports/<study>.exploratory.

    Raises
    ------
    StudyDefects : the study has errors; nothing is written. RunFailed : a notebook stopped.
    """
    from evaluation.checks import checked_study

    folder = study_folder(name)
    inputs = _digest(_inputs(folder))
    study, _ = checked_study(folder, choices)
    outputs = Outputs.of(study.protocol.study.id + (EXPLORATORY if choices else ""), output)
    jobs = jobs or min(os.cpu_count() or 1, 4)
    run = Run(study, outputs, tuple(languages), jobs, attach, notify or _silent, choices)
    with outputs.locked():
        if force:
            shutil.rmtree(outputs.build, ignore_errors=True)
        outputs.prepare(study.folder)
        started = time.monotonic()
        executed = _execute(run, inputs + str(study.protocol.study.date) + json.dumps(dict(choices), default=str))
        if _digest(_inputs(folder)) != inputs:
            raise RunFailed(f"{folder}: the raw data changed during the run. Run again.")
        if executed:
            _write_log(run, executed, time.monotonic() - started)
        return Outcome(outputs.reports, executed, outputs.publish())


def _execute(run: Run, inputs: str) -> tuple[str, ...]:
    """Run every step whose inputs changed; return the notebooks that ran."""
    executed: list[str] = []
    tasks = steps(run, inputs, executed.append)
    _forget_others(run)
    # A settings file of its own makes the build folder the root: cache and lock lie there, wherever the folder is.
    settings = run.build / "pytask.toml"
    settings.write_text("[tool.pytask.ini_options]\n", encoding="utf-8")
    pytask.console.quiet = True
    side_by_side = SideBySide(run.jobs, stop_notebooks)
    pytask.storage.create().register(side_by_side)
    defaults = {option.name: option.default for command in pytask.cli.commands.values() for option in command.params}
    session = pytask.build(**defaults | {
        "command": "build", "paths": [run.build], "config": settings, "root": run.build, "tasks": tasks, "capture": "no",
        "verbose": 0, "max_failures": 1, "disable_warnings": True, "check_casing_of_paths": False,
    })  # fmt: skip
    _must_be_complete(session, side_by_side, len(tasks), run.build)
    return tuple(executed)


def _must_be_complete(session: pytask.Session, executor: SideBySide, steps: int, build: Path) -> None:
    """Raise what ended the run early, if anything did: every step ran, or had nothing new to do."""
    stop_if_asked()
    failed = [
        report.exc_info[1] for report in session.execution_reports if report.outcome == FAILED and report.exc_info
    ]
    cause = executor.stopped_by or next(filter(None, failed), None)
    if cause is not None:
        raise cause
    ended = [report for report in session.execution_reports if report.outcome in ENDED_WELL]
    if session.exit_code != pytask.ExitCode.OK or len(ended) != steps:
        _must_be_writable(build)
        raise RunFailed("The steps could not be put in order. Delete the folder .runs and run again.")


def _must_be_writable(build: Path) -> None:
    """Raise the system's own refusal, which pytask keeps to itself, where its notes could not be written."""
    with TemporaryFile(dir=build) as probe:
        probe.write(bytes(PROBE))
        probe.flush()


def steps(run: Run, inputs: str, note: Callable[[str], None]) -> list[Any]:
    """Return the steps as pytask tasks: notebooks, then pages, door, crate, report, sums."""
    code = _digest(_code())
    notebooks = [_notebook_task(run, notebook, inputs, code, note) for notebook in NOTEBOOKS]
    pages = [_page_task(run, notebook, language, code, inputs) for notebook in NOTEBOOKS for language in run.languages]
    made = sorted({_reports(run) / page for page in _published(run)})
    agreed = [_reports(run) / name for name in _agreed(run)]
    terms = _task(run, "terms", _terms, code + inputs, [], agreed)
    tables = [run.build / path for notebook in NOTEBOOKS for path in notebook.makes]
    door = _task(
        run, "door", _door, code + inputs + ",".join(run.languages), [*tables, *agreed], [_reports(run) / FIRST_PAGE]
    )
    verify = _task(run, "verify page", _verify_page, code, [], [_reports(run) / VERIFY_PAGE])
    sources = _sources(repository() / "notebooks" / f"{notebook.name}.ipynb" for notebook in NOTEBOOKS)
    crate = _task(run, "crate", _crate, code + inputs + sources, made, [_reports(run) / CRATE])
    pdfs = [_pdf_task(run, language, code) for language in run.languages]
    everything = [*made, _reports(run) / CRATE, *(_pdf(run, language) for language in run.languages)]
    sums = _task(run, "sums", _sums, code, everything, [_reports(run) / SUMS])
    return [*notebooks, *pages, door, terms, verify, crate, *pdfs, sums]


def _published(run: Run) -> list[str]:
    """The files of a report that its crate describes, relative to the report folder."""
    names = [FIRST_PAGE, VERIFY_PAGE, *_agreed(run)]
    for notebook in NOTEBOOKS:
        names.append(f"notebooks/{notebook.name}.ipynb")
        names += [made.removeprefix("reports/") for made in notebook.makes if made.startswith("reports/")]
        for language in run.languages:
            names.append(f"{notebook.name}.{language}.html")
    return names


def _agreed(run: Run) -> list[str]:
    """What was agreed, and is published as it stands: protocol and contract; and what an exploratory run set otherwise."""
    agreed = [name for name in ("protocol.yml", "contract.yml") if (run.study.folder / name).is_file()]
    return [*agreed, *([CHOICES] if run.choices else [])]


def _notebook_task(run: Run, notebook: Notebook, inputs: str, code: str, note: Callable[[str], None]) -> Any:
    from evaluation.pipeline.notebook import execute_notebook

    source = repository() / "notebooks" / f"{notebook.name}.ipynb"
    executed = _reports(run) / "notebooks" / source.name
    depends = [run.build / path for path in notebook.reads]
    products = [executed, *(run.build / path for path in notebook.makes)]

    def work(run: Run) -> None:
        parameters = {
            "study": run.study.protocol.study.id,
            "languages": list(run.languages),
            "choices": dict(run.choices),
        }
        execute_notebook(source, executed, run.build, parameters, run.notify)
        note(notebook.name)

    return _task(
        run, notebook.name, work, inputs + code + _sources([source]) + ",".join(run.languages), depends, products
    )


def _page_task(run: Run, notebook: Notebook, language: Language, code: str, inputs: str) -> Any:
    from evaluation.reporting.pages.write import write_page

    executed = _reports(run) / "notebooks" / f"{notebook.name}.ipynb"
    page = _reports(run) / f"{notebook.name}.{language}.html"

    def work(run: Run) -> None:
        write_page(run.study, executed, page, language, [n.name for n in NOTEBOOKS], run.languages)

    return pytask.mark.try_last(
        _task(run, page.name, work, code + inputs + ",".join(run.languages), [executed], [page])
    )


def _pdf_task(run: Run, language: Language, code: str) -> Any:
    from evaluation.reporting.pages.write import write_pdf

    executed = _reports(run) / "notebooks" / f"{REPORT}.ipynb"
    crate = _reports(run) / CRATE

    def work(run: Run) -> None:
        digest = hashlib.sha256(crate.read_bytes()).hexdigest()
        write_pdf(run.study, executed, _pdf(run, language), language, digest, attach=run.attach)

    version = code + ("attach" if run.attach else "")
    return _task(run, _pdf(run, language).name, work, version, [executed, crate], [_pdf(run, language)])


def _door(run: Run) -> None:
    from evaluation.reporting.pages.write import write_door

    write_door(run.study, _reports(run), [n.name for n in NOTEBOOKS], run.languages)


def _verify_page(run: Run) -> None:
    from evaluation.reporting.verify_page import write_verify_page

    write_verify_page(_reports(run) / VERIFY_PAGE)


def _terms(run: Run) -> None:
    for name in _agreed(run):
        if name == CHOICES:
            write_choices(_reports(run), run.choices)
        else:
            shutil.copyfile(run.study.folder / name, _reports(run) / name)


def _crate(run: Run) -> None:
    from evaluation.assurance.provenance.crate import write_crate

    about = run.study.protocol.study
    write_crate(
        _reports(run), study=run.study.folder, code=repository(), title=about.title.text(), languages=run.languages,
        published=about.date, software_version=__version__,
    )  # fmt: skip


def _sums(run: Run) -> None:
    from evaluation.assurance.provenance.manifest import write_sums

    write_sums(_reports(run))


def _task(
    run: Run, name: str, work: Callable[[Run], None], version: str, depends: list[Path], products: list[Path]
) -> Any:
    """Make a pytask task that runs again when `version`, a file it depends on, or one of its products changes."""

    def step(
        version: Annotated[str, pytask.PythonNode(value=version, hash=True)],
        depends: list[Path] = depends,
        products: Annotated[list[Path], pytask.Product] = products,
    ) -> None:
        del version, depends
        for product in products:
            product.parent.mkdir(parents=True, exist_ok=True)
        run.notify(name, 0, 1)
        work(run)
        run.notify(name, 1, 1)

    return pytask.task(id=name)(step)


def _forget_others(run: Run) -> None:
    """Delete files of earlier runs that this one does not make (a language left out, a notebook renamed)."""
    wanted = {_reports(run) / name for name in _published(run)} | {_pdf(run, language) for language in run.languages}
    wanted |= {_reports(run) / name for name in (CRATE, SUMS, RUN_LOG)}
    for path in _reports(run).rglob("*"):
        if path.is_file() and path not in wanted and not _is_figure(run, path):
            path.unlink()


def _is_figure(run: Run, path: Path) -> bool:
    """Tell a figure that the page of a notebook wrote, in a language of this run."""
    folder, language = path.parent, path.suffixes[:1]
    names = {notebook.name for notebook in NOTEBOOKS}
    return (
        folder.parent == _reports(run) / "figures"
        and folder.name in names
        and language in [[f".{c}"] for c in run.languages]
    )


def _reports(run: Run) -> Path:
    return run.build / "reports"


def _pdf(run: Run, language: Language) -> Path:
    return _reports(run) / unsigned_pdf(language)


def _inputs(folder: Path) -> list[Path]:
    return [folder / name for name in study_files(folder)]


def _code() -> list[Path]:
    """The package and the lock: what an output depends on beside its data and its notebook."""
    package = Path(__file__).parents[1]
    files = (path for path in package.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    return [*sorted(files), repository() / "requirements.lock"]


def _digest(files: Iterable[Path]) -> str:
    total = hashlib.sha256()
    for path in files:
        total.update(f"{path.name}\0{hashlib.sha256(path.read_bytes()).hexdigest()}\0".encode())
    return total.hexdigest()


def _sources(notebooks: Iterable[Path]) -> str:
    """Return a digest of what notebooks say; running or saving one changes nothing."""
    return hashlib.sha256(b"".join(map(source_of, notebooks))).hexdigest()


def _write_log(run: Run, executed: tuple[str, ...], seconds: float) -> None:
    """Write what may differ from place to place; the manifest does not cover it."""
    lines = [
        f"finished {time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime())}",
        f"seconds {seconds:.1f}, jobs {run.jobs}",
        f"python {platform.python_version()}, {platform.system()} {platform.machine()}",
        f"executed {', '.join(executed)}",
    ]
    (_reports(run) / RUN_LOG).write_text("\n".join(lines) + "\n", encoding="utf-8")
