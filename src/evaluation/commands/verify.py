"""The command verify."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from evaluation.commands.console import ReportFolder, err, must_be_report, out, say, user_language
from evaluation.commands.run import summarise_report
from evaluation.errors import UserError
from evaluation.language import Text, text

if TYPE_CHECKING:
    from evaluation.assurance.questions import Answer

COLOURS = {"valid": "green", "invalid": "red", "not available": "yellow"}
VERDICTS: dict[str, Text] = {
    "valid": text("valido", "valid"),
    "invalid": text("non valido", "invalid"),
    "not available": text("non disponibile", "not available"),
}
QUESTIONS: dict[str, Text] = {
    "signature": text("firma", "signature"),
    "unchanged": text("intatto", "unchanged"),
    "files": text("file", "files"),
    "inputs": text("dati", "inputs"),
    "code": text("codice", "code"),
    "tables": text("tabelle", "tables"),
    "numbers": text("numeri", "numbers"),
    "current": text("attuale", "current"),
}
RUNNING = text(
    "Rieseguo tutto da zero, in una cartella vuota…", "Running everything again from nothing, in an empty folder…"
)


def verify(
    report: ReportFolder,
    study: Annotated[
        str | None, typer.Option(metavar="STUDY", help="The study, to compare its files with report and lock.")
    ] = None,
    rerun: Annotated[
        str | None, typer.Option(metavar="STUDY", help="As --study; and run all of it again, to compare every digit.")
    ] = None,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="With --rerun: in an environment made anew from the lock, over the network.")
    ] = False,
    trust: Annotated[
        Path | None, typer.Option(metavar="PEM", help="Root certificates that you trust, and lists of revoked ones.")
    ] = None,
) -> None:
    """Eight questions: who signed, what changed, files, inputs, code, tables, numbers, current; exit 1 if any is invalid."""
    from evaluation.assurance.signatures.trust import Trust
    from evaluation.assurance.verification.verify import verify_report
    from evaluation.files import reading
    from evaluation.pipeline.again import make_pages_again, run_again
    from evaluation.study.places import repository, study_folder

    if fresh and not rerun:
        raise UserError(text("--fresh vuole anche --rerun STUDIO.", "--fresh also wants --rerun STUDY."))
    must_be_report(report)
    code, named = repository(), rerun or study
    folder = study_folder(named) if named else None
    roots = Trust.from_pem(trust) if trust else None
    if rerun:
        err.print(RUNNING[user_language()])
    verification = verify_report(
        report, code=code, study=folder, trust=roots,
        run_again=partial(run_again, report, folder, code, environment=fresh) if rerun and folder else None,
        make_pages_again=partial(make_pages_again, report, code),
    )  # fmt: skip
    for answer in verification.answers:
        _print(answer)
    if verification["files"].verdict == "valid":
        with reading("tables"):
            summarise_report(report)
    say({code: f"[bold]{escape(words)}[/]" for code, words in verification.label.items()})
    raise typer.Exit(0 if verification.ok else 1)


def _print(answer: Answer) -> None:
    """Print an answer: its verdict and sentence, and under it what it rests on."""
    language = user_language()
    verdict = f"[{COLOURS[answer.verdict]}]{VERDICTS[answer.verdict][language]:<17}[/]"
    out.print(f"{QUESTIONS[answer.question_id][language]:<11}{verdict}{escape(answer.summary[language])}")
    for evidence in answer.evidence:
        out.print(f"{'':<28}{escape(evidence[language])}")
