"""Names and birth dates into codes: HMAC-SHA256 (RFC 2104) under a key that lies outside every repository."""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import re
import secrets
import stat
import unicodedata
from pathlib import Path

from evaluation.errors import UserError
from evaluation.language import text
from evaluation.privacy.sealed import is_sealed, seal, unseal

KEY_BYTES = 32
# Consonants and digits that are not taken for each other, by eye or by ear: no word, month or number can come out, and
# the first is a letter, so that no spreadsheet takes a code for a formula.
LETTERS = "BCDFGHJKMNPQRTVWX"
SYMBOLS = LETTERS + "2345679"
# 17 · 24⁹ = 4.5e13 codes: among 1,000 children two share one in 1 of 90 million studies, and that is found.
CODE_LENGTH = 10
LETTER = ("Lu", "Ll", "Lt", "Lo")
UNSEEN = ("Mn", "Mc", "Me", "Cf")  # accents, and what has no width
# Letters that Unicode does not take apart into a plain letter and a mark.
PLAIN = str.maketrans({"ł": "l", "ø": "o", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ı": "i"})


def normalised_name(name: str) -> str:
    """Return a name without accents, case, punctuation and order of its words: "d'angelo NICCOLÒ" is "angelo d niccolo".

    Apostrophes and hyphens of any form part words, as spaces do. Empty where the name has no letters.
    """
    return " ".join(sorted(plain_words(name)))


def plain_words(name: str) -> list[str]:
    """Return the words of a text as they are normalised in names, in the order in which they are written."""
    if name.isascii():  # the same, sooner
        return re.findall("[a-z]+", name.lower())
    plain = unicodedata.normalize("NFKD", name.casefold()).casefold().translate(PLAIN)
    kinds = [(character, unicodedata.category(character)) for character in plain]
    letters = (c if kind in LETTER else "" if kind in UNSEEN else " " for c, kind in kinds)
    return "".join(letters).split()


def pseudonym(key: bytes, name: str, birth_date: dt.date) -> str:
    """Return the code of a child: the same for every spelling of the name, never the name without the key.

    Returns
    -------
    CODE_LENGTH capital consonants and digits, the first a letter.
    """
    message = f"pseudonym 1\n{normalised_name(name)}\n{birth_date.isoformat()}".encode()
    drawn = int.from_bytes(hmac.digest(key, message, hashlib.sha256))
    drawn, first = divmod(drawn, len(LETTERS))
    code = LETTERS[first]
    for _ in range(CODE_LENGTH - 1):
        drawn, place = divmod(drawn, len(SYMBOLS))
        code += SYMBOLS[place]
    return code


def new_key(path: Path, recipients: tuple[str, ...] = ()) -> bytes:
    """Write a new key, which only its owner can read; encrypted if there are `recipients`. UserError if a file is there."""
    key = secrets.token_bytes(KEY_BYTES)
    written = f"{key.hex()}\n".encode()
    write_private(path, seal(written, recipients) if recipients else written)
    return key


def read_key(path: Path, identity: Path | None = None) -> bytes:
    """Return a key: 64 hexadecimal digits or more in a file of its owner alone, or encrypted with age.

    Raises
    ------
    UserError : no such file, open to others, too short, no key, or encrypted for another identity.
    """
    if not path.is_file():
        raise UserError(
            text(
                f"{path}: la chiave non c'è. Crearla con --new-key.", f"{path}: no key there. Make one with --new-key."
            )
        )
    content = path.read_bytes()[:10_000]
    if is_sealed(content):
        content = unseal(content, identity, path)
    elif stat.S_IMODE(path.stat().st_mode) & 0o077:
        raise UserError(
            text(
                f"{path}: altri su questo computer possono leggere la chiave. Scrivere: chmod 600 {path.name}",
                f"{path}: others on this computer can read the key. Write: chmod 600 {path.name}",
            )
        )
    digits = content.strip().decode("ascii", "replace")
    if not re.fullmatch(r"([0-9a-fA-F]{2}){32,512}", digits) or len(set(bytes.fromhex(digits))) < KEY_BYTES // 4:
        raise UserError(
            text(
                f"{path}: non è una chiave. Attese almeno 64 cifre esadecimali a caso; crearla con --new-key.",
                f"{path}: not a key. Expected 64 random hexadecimal digits or more; make one with --new-key.",
            )
        )
    return bytes.fromhex(digits)


def refuse_present(path: Path) -> None:
    """Raise UserError if a file is there."""
    if path.exists():
        raise UserError(
            text(
                f"{path}: il file c'è già e non viene toccato. Scegliere un altro nome.",
                f"{path}: the file is there and is left alone. Choose another name.",
            )
        )


def write_private(path: Path, content: bytes, *, replace: bool = False) -> None:
    """Write a file that only its owner can read, in one step; UserError if one is there and `replace` is not set."""
    if not replace:
        refuse_present(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    draft.touch(mode=0o600)
    draft.write_bytes(content)
    draft.replace(path)
