"""The command line: parses, calls, prints. What is computed lies below."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from evaluation.errors import UserError
from evaluation.language import LANGUAGES, Language

app = typer.Typer(
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    help="From the raw answers of two day centres to a signed, verifiable, payable evaluation report.",
    epilog="Exit codes: 0 done; 1 the check or verification found something wrong; 2 wrong use or bad input.",
)
out, err = Console(highlight=False, soft_wrap=True), Console(stderr=True, highlight=False, soft_wrap=True)
DEBUG = "--debug"

Notify = Callable[[str, int, int], None]
StudyName = Annotated[str, typer.Argument(metavar="STUDY", help="A name under data/raw, or a path to a study folder.")]
ReportFolder = Annotated[Path, typer.Argument(metavar="REPORT", help="The folder of a report, such as reports/STUDY.")]
Languages = Annotated[
    list[str] | None, typer.Option("--language", metavar="it|en", help="Language of pages and report; repeat for both.")
]


def main() -> NoReturn:
    """Run the command line: user errors become a message and an exit code; --debug shows the traceback."""
    # Matrices here are small: threads of the linear-algebra library cost more than they give, in every notebook's kernel.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    debug = DEBUG in sys.argv
    sys.argv = [argument for argument in sys.argv if argument != DEBUG]
    try:
        app()
    except UserError as error:
        if debug:
            traceback.print_exc()
        err.print(f"[bold red]{type(error).__name__}[/]\n{escape(str(error))}")
        raise SystemExit(error.exit_code) from None
    except KeyboardInterrupt:
        err.print("Stopped. The last good outputs are whole; run again to go on.")
        raise SystemExit(130) from None
    raise SystemExit(0)


@app.callback()
def options(
    debug: Annotated[bool, typer.Option(DEBUG, help="Show the traceback of an error.")] = False,
) -> None:
    """From the raw answers of two day centres to a signed, verifiable, payable evaluation report."""
    del debug  # taken out of the arguments by main, so that it may stand anywhere


@app.command()
def run(
    study: StudyName,
    output: Annotated[
        Path | None, typer.Option(help="Write DIR/processed and DIR/reports instead.", metavar="DIR")
    ] = None,
    language: Languages = None,
    jobs: Annotated[int | None, typer.Option(min=1, help="Notebooks that run side by side.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Forget the cache and run every step.")] = False,
) -> None:
    """Everything from raw to HTML, unsigned PDF and manifest."""
    from evaluation.pipeline import run_study

    with progress() as notify:
        outcome = run_study(
            study, output=output, languages=_languages(language), jobs=jobs, force=force, notify=notify
        )  # fmt: skip
    _summarise(outcome.reports)
    out.print(f"[bold]Run[/]        {', '.join(outcome.executed) or 'nothing changed, no notebook run'}")
    if outcome.signed_before:
        out.print(
            f"The results changed. The report signed before is kept in {_link(outcome.signed_before / 'reports')}"
        )


def _summarise(reports: Path) -> None:
    """Print where the reports are, the effect and the verdict."""
    from evaluation.study.findings import escaped
    from evaluation.summary import summarise

    out.print(f"[bold]Reports[/]    {_link(reports / 'index.html')}")
    for path in sorted(reports.glob("evaluator-report.*.pdf")):
        out.print(f"           {_link(path)}")
    for name, sentence in summarise(reports):
        words = escaped(sentence.replace("\N{NO-BREAK SPACE}", " "))
        out.print(f"[bold]{name:<10}[/] {escape(words)}")


@app.command()
def check(study: StudyName, language: Languages = None) -> None:
    """Findings only: what is wrong with a study, where, and what to do (exit 1 if there are errors)."""
    from evaluation.intake.checks import check_folder
    from evaluation.study.places import study_folder

    _, findings = check_folder(study_folder(study))
    chosen = _languages(language)[0] if language else "en"
    for finding in findings:
        colour = {"error": "red", "warning": "yellow", "note": "cyan"}[finding.level]
        out.print(f"[{colour}]{finding.level:<8}[/]{escape(finding.sentence(chosen))}")
    errors = sum(finding.level == "error" for finding in findings)
    out.print(f"{errors} errors, {len(findings) - errors} warnings and notes.")
    raise typer.Exit(1 if errors else 0)


@app.command()
def synthesize(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Where the study goes: a new or empty folder.")],
    seed: Annotated[
        int | None, typer.Option(help="Seed of the generator; without it, that of the study that ships.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Write over the files of an earlier synthetic study.")] = False,
) -> None:
    """Make the synthetic study: the same bytes from the same seed."""
    from evaluation.intake.synthetic import Parameters, write_study

    write_study(folder, Parameters() if seed is None else Parameters(seed=seed), force=force)
    out.print(f"Synthetic study written to {_link(folder)}")


@app.command()
def sign(
    report: ReportFolder,
    demo: Annotated[bool, typer.Option("--demo", help="A throw-away certificate without legal value.")] = False,
    p12: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Key and certificate as PKCS#12; the passphrase is asked for.")
    ] = None,
    language: Languages = None,
) -> None:
    """Sign the evaluator's report (PAdES) and the manifest (CAdES)."""
    from evaluation.assurance.certificates import Credentials
    from evaluation.assurance.signature import sign_report
    from evaluation.study.places import repository

    if demo == (p12 is not None):
        raise UserError("sign: give either --demo or --p12 FILE.")
    credentials = (
        Credentials.demonstration()
        if p12 is None
        else Credentials.from_p12(p12, typer.prompt("Passphrase", hide_input=True), code=repository())
    )
    _must_be_report(report)
    provenance = _provenance(report)
    for path in sign_report(
        report, credentials, languages=_languages(language) if language else ("it",), provenance=provenance
    ):
        out.print(f"signed   {_link(path)}")


def _must_be_report(folder: Path) -> None:
    from evaluation.assurance.manifest import CRATE, SUMS

    if not any((folder / name).exists() for name in (SUMS, CRATE)):
        raise UserError(f"{folder}: no report. Give a folder that evaluation run made, such as reports/STUDY.")


def _provenance(report: Path) -> str:
    from evaluation.study.documents import read_document
    from evaluation.study.findings import Findings
    from evaluation.study.protocol import Protocol

    findings = Findings()
    protocol = read_document(report / "protocol.yml", Protocol, findings)
    findings.raise_errors()
    return protocol.study.provenance if protocol else "real"


@app.command()
def verify(
    report: ReportFolder,
    study: Annotated[
        str | None, typer.Option(metavar="STUDY", help="The study, to compare its files with the report's.")
    ] = None,
) -> None:
    """Check signature, hashes, inputs and code; exit 1 if anything does not hold."""
    from evaluation.assurance.manifest import reading
    from evaluation.assurance.verification import verify_report
    from evaluation.study.places import repository, study_folder

    _must_be_report(report)
    verification = verify_report(report, code=repository(), study=study_folder(study) if study else None)
    colours = {"valid": "green", "invalid": "red", "not available": "yellow"}
    for answer in verification.answers:
        shown = f"[{colours[answer.verdict]}]{answer.verdict:<13}[/]"
        out.print(f"{answer.question_id.replace('_', ' '):<19}{shown}  {escape(answer.summary['en'])}")
        for evidence in answer.evidence:
            out.print(f"{'':<34}{escape(evidence)}")
    if verification["files"].verdict == "valid":
        with reading("tables"):
            _summarise(report)
    out.print(f"[bold]{escape(verification.label['en'])}[/]")
    raise typer.Exit(0 if verification.ok else 1)


def _languages(chosen: list[str] | None) -> tuple[Language, ...]:
    unknown = [code for code in chosen or () if code not in LANGUAGES]
    if unknown:
        raise UserError(f"--language {unknown[0]}: expected {' or '.join(LANGUAGES)}.")
    return tuple(code for code in LANGUAGES if not chosen or code in chosen)


def _link(path: Path) -> str:
    shown = path.absolute()
    relative = shown.relative_to(Path.cwd()) if shown.is_relative_to(Path.cwd()) else shown
    return f"[link={shown.as_uri()}]{escape(str(relative))}[/link]"


@contextmanager
def progress() -> Iterator[Notify]:
    """Show what runs, notebook and cell: bars on a terminal, a line for each notebook elsewhere."""
    if not err.is_terminal:
        yield _say_when_done
        return
    bars: dict[str, TaskID] = {}
    columns = (TextColumn("{task.description:<28}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=err, transient=True) as shown:

        def notify(what: str, done: int, total: int) -> None:
            if what not in bars:
                bars[what] = shown.add_task(what, total=total)
            shown.update(bars[what], completed=done, total=total)

        yield notify


def _say_when_done(what: str, done: int, total: int) -> None:
    if done == total and not what.endswith(".html"):
        err.print(f"done  {escape(what)}")
