"""Whose answers: the child's code as the form has it, or a name that a linkage table outside the study turns into one."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from evaluation.language import Text, text
from evaluation.privacy.linkage import read_linkage
from evaluation.privacy.pseudonyms import normalised_name
from evaluation.study.findings import NOTHING, Words, nearest

CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
NO_CODE = Words("un testo che non è un codice", "a text that is no code")
NO_NAME = Words("un nome senza codice", "a name without a code")
SEVERAL = Words("un nome di più ragazzi", "a name of several children")
A_CODE = text("il codice di un ragazzo dello studio", "the code of a child of the study")
LINKED = text("un nome della tabella di corrispondenza", "a name of the linkage table")
LOOK_UP = text("Controllare il nome nella tabella di corrispondenza.", "Check the name in the linkage table.")
CHECK_CODE = text("Controllare il codice sull'elenco del centro.", "Check the code on the centre's list.")


@dataclass(frozen=True)
class Unknown:
    """Why a cell identifies no child; a name is never repeated."""

    kind: str
    found: str
    expected: Text
    action: Text


@dataclass(frozen=True)
class Children:
    """Who can have answered.

    centres: child -> centre (empty without participants.csv); waves: those of the protocol; codes: normalised name -> code,
    "" for a name of several children.
    """

    centres: Mapping[str, str]
    waves: tuple[str, ...] = ()
    codes: Mapping[str, str] | None = None

    def __post_init__(self) -> None:
        """Know every code by its letters in either case, where no other child has the same."""
        folded: dict[str, list[str]] = {}
        for code in self.centres:
            folded.setdefault(code.casefold(), []).append(code)
        object.__setattr__(self, "_folded", {key: found[0] for key, found in folded.items() if len(found) == 1})

    def code(self, written: str, identifier: str) -> str | Unknown:
        """Return the code of the child that a cell names."""
        if not written:
            return Unknown("child_missing", NOTHING, A_CODE, CHECK_CODE)
        if identifier == "name":
            return self._named(written)
        folded: dict[str, str] = getattr(self, "_folded", {})
        known = written if written in self.centres else folded.get(written.casefold())
        if known is not None:
            return known
        if not CODE.fullmatch(written):
            return Unknown("unknown_child", NO_CODE, A_CODE, CHECK_CODE)
        return Unknown("unknown_child", written, A_CODE, nearest(written, self.centres)) if self.centres else written

    def _named(self, written: str) -> str | Unknown:
        code = (self.codes or {}).get(normalised_name(written))
        if code:
            return code
        return Unknown("unknown_child", NO_NAME if code is None else SEVERAL, LINKED, LOOK_UP)


def codes_of(linkage: Path, identity: Path | None = None) -> dict[str, str]:
    """Return normalised name -> code of a linkage table outside the study, "" for a name of several children."""
    codes: dict[str, str] = {}
    for child in read_linkage(linkage, identity).children:
        name = normalised_name(child.name)
        codes[name] = "" if codes.get(name, child.participant) != child.participant else child.participant
    return codes
