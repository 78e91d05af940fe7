"""Files that only named people can read: encrypted with age for one or more recipients."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from types import ModuleType

from evaluation.errors import UserError
from evaluation.language import text

MARK = b"age-encryption.org/"


def is_sealed(content: bytes) -> bool:
    """Tell whether a file is encrypted with age."""
    return content.startswith(MARK)


def seal(content: bytes, recipients: tuple[str, ...]) -> bytes:
    """Encrypt for every one of `recipients` (age1…); each can read it alone. UserError if one is no recipient."""
    pyrage = _pyrage()
    known = []
    for recipient in recipients:
        try:
            known.append(pyrage.x25519.Recipient.from_str(recipient.strip()))
        except pyrage.RecipientError:
            raise UserError(
                text(
                    f"--recipient {recipient!a}: attesa una chiave pubblica age (age1…), come la scrive age-keygen.",
                    f"--recipient {recipient!a}: expected a public key of age (age1…), as age-keygen writes it.",
                )
            ) from None
    sealed: bytes = pyrage.encrypt(content, known)
    return sealed


def unseal(content: bytes, identity: Path | None, path: Path) -> bytes:
    """Decrypt the content of `path` with the file of an age identity (AGE-SECRET-KEY-1…)."""
    if identity is None:
        raise UserError(
            text(
                f"{path}: il file è cifrato. Dare --identity FILE.",
                f"{path}: the file is encrypted. Give --identity FILE.",
            )
        )
    pyrage = _pyrage()
    try:
        lines = identity.read_text(encoding="ascii").split()
        known = [pyrage.x25519.Identity.from_str(line) for line in lines if line.startswith("AGE-SECRET-KEY-1")]
        opened: bytes = pyrage.decrypt(content, known)
    except (OSError, UnicodeDecodeError, pyrage.IdentityError, pyrage.DecryptError):
        raise UserError(
            text(
                f"{path}: non si apre con {identity}. Serve l'identità age di uno dei destinatari.",
                f"{path}: does not open with {identity}. The age identity of one of its recipients is needed.",
            )
        ) from None
    return opened


def _pyrage() -> ModuleType:
    try:
        return import_module("pyrage")
    except ImportError:
        raise UserError(
            text(
                "Per cifrare e decifrare serve pyrage: pip install 'officine-mezzogiorno-evaluation[age]'.",
                "To encrypt and decrypt, pyrage is needed: pip install 'officine-mezzogiorno-evaluation[age]'.",
            )
        ) from None
