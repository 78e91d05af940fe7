"""Credentials on a signature card or token (PKCS#11): the key signs where it is, and is never read."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from asn1crypto import x509

from evaluation.assurance.signatures.certificates import Certificate, Credentials, plain
from evaluation.errors import UserError
from evaluation.language import Text, text

EXTRA = text(
    "Per firmare con una carta o un token serve python-pkcs11: installare il progetto con l'extra token.",
    "To sign with a card or token, python-pkcs11 is needed: install the project with the extra token.",
)


@contextmanager
def token_credentials(
    library: Path, label: str, pin: Callable[[], str], certificate: str | None = None
) -> Iterator[Credentials]:
    """Open a token and offer its key, until the end of the block.

    Parameters
    ----------
    library
        The PKCS#11 module that came with the card or token (`.so`, `.dll`, `.dylib`).
    label
        Of the token, as its maker's programs show it.
    pin
        Asked once, and only after the token was found.
    certificate
        Label of the certificate; needed where the token holds several to sign documents with.

    Raises
    ------
    UserError
        No such library, token or certificate, or the wrong PIN.
    """
    try:
        import pkcs11
    except ImportError as error:
        raise UserError(EXTRA) from error
    token = _token(library, label)
    try:
        session = token.open(user_pin=pin())
    except pkcs11.exceptions.PKCS11Error as error:
        raise UserError(_refused(label, type(error).__name__)) from error
    try:
        yield _credentials(session, label, certificate)
    except pkcs11.exceptions.PKCS11Error as error:
        kind = type(error).__name__
        raise UserError(
            text(
                f"{label}: il token ha smesso di rispondere ({kind}). Reinserirlo e riprovare.",
                f"{label}: the token stopped answering ({kind}). Insert it again and try again.",
            )
        ) from error
    finally:
        session.close()


def _token(library: Path, label: str) -> Any:
    """Find the token by its label, and say which tokens there are if it is not among them."""
    import pkcs11

    if not library.is_file():
        raise UserError(
            text(
                f"{library}: nessun file. Indicare il modulo PKCS#11 della carta o del token.",
                f"{library}: no such file. Give the PKCS#11 module of the card or token.",
            )
        )
    try:
        tokens = [each for each in pkcs11.lib(str(library.absolute())).get_tokens() if each.label]
    except pkcs11.exceptions.PKCS11Error as error:
        raise UserError(
            text(
                f"{library.name}: non si apre come modulo PKCS#11 ({error}). Indicare la libreria che accompagna la carta.",
                f"{library.name}: does not open as a PKCS#11 module ({error}). Give the library that came with the card.",
            )
        ) from error
    found = [each for each in tokens if each.label == label]
    if len(found) != 1:
        names = ", ".join(sorted(plain(each.label) for each in tokens))
        raise UserError(
            text(
                f"{label}: {len(found)} token con questo nome, atteso uno. Inseriti: {names or 'nessuno'}.",
                f"{label}: {len(found)} tokens of this name, expected one. Inserted: {names or 'none'}.",
            )
        )
    return found[0]


def _refused(label: str, kind: str) -> Text:
    """Say why a token did not open; a card counts wrong attempts, and this project makes one only."""
    if kind == "PinLocked":
        return text(
            f"{label}: bloccato dopo troppi PIN sbagliati. Si sblocca con il PUK, con il programma della carta.",
            f"{label}: locked after too many wrong PINs. The PUK unlocks it, in the card's own program.",
        )
    if kind.startswith("Pin"):
        return text(
            f"{label}: PIN errato. Attenzione: dopo pochi tentativi sbagliati, di solito tre, la carta si blocca.",
            f"{label}: wrong PIN. Take care: after a few wrong attempts, usually three, the card locks itself.",
        )
    return text(
        f"{label}: il token non si apre ({kind}). Reinserirlo e riprovare.",
        f"{label}: the token does not open ({kind}). Insert it again and try again.",
    )


def _credentials(session: Any, label: str, certificate: str | None) -> Credentials:
    """Choose the certificate to sign with: the one named, or the only one that is for documents and has its key here."""
    from pkcs11 import Attribute, Mechanism, ObjectClass
    from pyhanko.sign.pkcs11 import PKCS11Signer

    keys = {each[Attribute.ID] for each in session.get_objects({Attribute.CLASS: ObjectClass.PRIVATE_KEY})}
    stored = [
        (each[Attribute.LABEL], each[Attribute.ID], x509.Certificate.load(each[Attribute.VALUE]))
        for each in session.get_objects({Attribute.CLASS: ObjectClass.CERTIFICATE})
        if each[Attribute.ID] in keys
    ]
    fit = [each for each in stored if (each[0] == certificate if certificate else _for_documents(each[2]))]
    if len(fit) != 1:
        names = ", ".join(sorted(plain(name) for name, _, _ in stored))
        raise UserError(
            text(
                f"{label}: {len(fit)} certificati adatti, atteso uno. Con la loro chiave: {names or 'nessuno'}. "
                "Scegliere con --certificate.",
                f"{label}: {len(fit)} certificates that serve, expected one. With their key: {names or 'none'}. "
                "Choose with --certificate.",
            )
        )
    _, key, chosen = fit[0]
    whole = {"rsa": Mechanism.SHA256_RSA_PKCS, "ec": Mechanism.ECDSA_SHA256}.get(chosen.public_key.algorithm)
    raw = whole not in session.token.slot.get_mechanisms()
    signer = PKCS11Signer(session, signing_cert=chosen, key_id=key, other_certs_to_pull=None, use_raw_mechanism=raw)
    return Credentials(signer, Certificate.from_der(chosen.dump()))


def _for_documents(certificate: x509.Certificate) -> bool:
    """Tell whether a certificate is for signatures that bind (non-repudiation), not for logging in."""
    usage = certificate.key_usage_value
    return usage is not None and "non_repudiation" in usage.native
