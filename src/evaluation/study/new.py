"""A new study from a template: what must be agreed and filled in, with a word on every line."""

from __future__ import annotations

import re
import tempfile
from importlib import resources
from pathlib import Path

from evaluation.errors import UserError
from evaluation.language import text
from evaluation.study.findings import escaped
from evaluation.study.places import repository

IDENTIFIER = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")
RESERVED = ("lessons",)
PLACEHOLDER = "STUDY_ID"
FILES = {  # by the file's name: the template that it is made from
    "protocol.yml": "new/protocol.yml",
    "contract.yml": "new/contract.yml",
    "instrument.csv": "instrument.csv",
    "participants.csv": "new/participants.csv",
    "responses.csv": "new/responses.csv",
    "README.md": "new/README.md",
}


def new_study(name: str) -> Path:
    """Make a study folder from the template, and return it.

    Parameters
    ----------
    name : the id of the study, made under data/raw; or a path, whose last part is the id

    Raises
    ------
    UserError : not an id, a reserved one, no folder to make it in, or something is there already; nothing is changed.
    """
    folder = Path(name).expanduser().absolute() if "/" in name else repository() / "data" / "raw" / name
    _must_be_id(folder.name)
    if folder.exists() or folder.is_symlink():
        raise UserError(
            text(f"{name}: c'è già. Scegliere un altro nome.", f"{name}: is there already. Choose another name.")
        )
    if not folder.parent.is_dir():
        raise UserError(
            text(
                f"{folder.parent}: la cartella non c'è. Crearla prima.",
                f"{folder.parent}: no such folder. Make it first.",
            )
        )
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".new-") as scratch:
        draft = Path(scratch, folder.name)
        draft.mkdir()
        for file, template in FILES.items():
            (draft / file).write_bytes(_template(template).replace(PLACEHOLDER, folder.name).encode())
        draft.rename(folder)
    return folder


def _must_be_id(name: str) -> None:
    if name in RESERVED:
        raise UserError(
            text(
                f"{name}: nome riservato al corso. Sceglierne un altro.",
                f"{name}: reserved for the course. Choose another name.",
            )
        )
    if not IDENTIFIER.fullmatch(name):
        raise UserError(
            text(
                f"{escaped(name)}: attese lettere minuscole senza accenti, cifre e trattini, al più 64, come centro-2026.",
                f"{escaped(name)}: expected plain lower-case letters, digits and hyphens, 64 at most, such as centre-2026.",
            )
        )


def _template(name: str) -> str:
    return resources.files("evaluation.study").joinpath("templates", *name.split("/")).read_text(encoding="utf-8")
