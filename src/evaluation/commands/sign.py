"""The command sign."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from evaluation.commands.console import Languages, ReportFolder, languages, link, must_be_report, out
from evaluation.errors import UserError


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
    must_be_report(report)
    provenance = _provenance(report)
    for path in sign_report(
        report, credentials, languages=languages(language) if language else ("it",), provenance=provenance
    ):
        out.print(f"signed   {link(path)}")


def _provenance(report: Path) -> str:
    from evaluation.study.documents import read_document
    from evaluation.study.findings import Findings
    from evaluation.study.protocol import Protocol

    findings = Findings()
    protocol = read_document(report / "protocol.yml", Protocol, findings)
    findings.raise_errors()
    return protocol.study.provenance if protocol else "real"
