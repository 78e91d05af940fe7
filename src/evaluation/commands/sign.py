"""The command sign."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from evaluation.commands.console import Languages, ReportFolder, languages, link, must_be_report, out
from evaluation.errors import UserError
from evaluation.language import text

if TYPE_CHECKING:
    from evaluation.assurance.signatures.certificates import Credentials
    from evaluation.assurance.signatures.fields import Role

ROLES: dict[str, Role] = {"statistician": "statistician", "legal_representative": "legal_representative"}


def sign(
    report: ReportFolder,
    demo: Annotated[bool, typer.Option("--demo", help="A throw-away certificate without legal value.")] = False,
    p12: Annotated[Path | None, typer.Option(metavar="FILE", help="Key and certificate as PKCS#12.")] = None,
    pkcs11: Annotated[Path | None, typer.Option(metavar="LIB", help="PKCS#11 module of a card or token.")] = None,
    token: Annotated[str | None, typer.Option(metavar="LABEL", help="With --pkcs11: label of the token.")] = None,
    certificate: Annotated[
        str | None, typer.Option(metavar="LABEL", help="With --pkcs11: which certificate, if there are several.")
    ] = None,
    pin_file: Annotated[
        Path | None, typer.Option(metavar="FILE", help="PIN or passphrase; without it, it is asked for.")
    ] = None,
    import_: Annotated[
        Path | None, typer.Option("--import", metavar="FILE", help="A PDF or .p7m that an outside program signed.")
    ] = None,
    role: Annotated[
        str, typer.Option(metavar="statistician|legal_representative", help="The legal representative signs last.")
    ] = "legal_representative",
    timestamp: Annotated[
        str | None, typer.Option(metavar="URL", help="Time-stamping authority (RFC 3161), for level B-T.")
    ] = None,
    issuers: Annotated[
        Path | None,
        typer.Option(metavar="PEM", help="With --timestamp: who issued all certificates, for level B-LTA."),
    ] = None,
    language: Languages = None,
) -> None:
    """Sign the evaluator's report (PAdES) and the manifest (CAdES), or import what another program signed."""
    from evaluation.assurance.signing.authorities import Authorities
    from evaluation.assurance.signing.imported import import_signed
    from evaluation.assurance.signing.signature import sign_report

    if [demo, p12 is not None, pkcs11 is not None, import_ is not None].count(True) != 1:
        raise UserError(
            text(
                "sign: indicare una sola cosa fra --demo o --p12 FILE o --pkcs11 LIB o --import FILE.",
                "sign: give one of --demo or --p12 FILE or --pkcs11 LIB or --import FILE.",
            )
        )
    if role not in ROLES:
        expected = " | ".join(ROLES)
        raise UserError(text(f"--role {role}: atteso {expected}.", f"--role {role}: expected {expected}."))
    if issuers and not timestamp:
        raise UserError(text("--issuers vuole anche --timestamp URL.", "--issuers also wants --timestamp URL."))
    must_be_report(report)
    if import_ is not None:
        out.print(f"imported {link(import_signed(report, import_))}")
        return
    authorities = Authorities.at(timestamp, issuers) if timestamp else None
    chosen = languages(language) if language else None
    with _credentials(p12, pkcs11, token, certificate, pin_file) as credentials:
        written = sign_report(report, credentials, languages=chosen, role=ROLES[role], authorities=authorities)
    for path in written:
        out.print(f"signed   {link(path)}")


@contextmanager
def _credentials(
    p12: Path | None, pkcs11: Path | None, token: str | None, certificate: str | None, pin_file: Path | None
) -> Iterator[Credentials]:
    """Offer the key of a file, of a token, or one made for a demonstration."""
    from evaluation.assurance.signatures.certificates import Credentials, read_secret
    from evaluation.assurance.signing.tokens import token_credentials
    from evaluation.study.places import repository

    def secret(name: str) -> str:
        if pin_file is not None:
            return read_secret(pin_file, code=repository())
        return str(typer.prompt(name, hide_input=True))

    if pkcs11 is not None:
        if token is None:
            raise UserError(text("--pkcs11 vuole anche --token ETICHETTA.", "--pkcs11 also wants --token LABEL."))
        with token_credentials(pkcs11, token, lambda: secret("PIN"), certificate) as credentials:
            yield credentials
    elif p12 is not None:
        yield Credentials.from_p12(p12, secret("Passphrase"), code=repository())
    else:
        yield Credentials.demonstration()
