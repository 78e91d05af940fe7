"""A study without one child: what each of its files becomes, worked out before any of them is touched."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from evaluation.errors import UserError
from evaluation.language import text
from evaluation.privacy.traces import files_of
from evaluation.privacy.unpacked import SPSS, Piece, is_packed, pieces_in, pieces_of
from evaluation.privacy.workbook_rows import NotEditable, without_rows
from evaluation.study.findings import escaped

TABLES = ("participants.csv", "responses.csv", "attendance.csv")
AGREED = ("protocol.yml", "contract.yml", "instrument.csv", "intake.yml", "lock")  # no machine edits what was agreed
MADE_AGAIN = (".html",)  # pages that a check makes
EXPORTS = "exports"
CHILD = "participant"
REDACTED = "[erased]"
UTF_16 = {b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be"}


class UnknownChild(UserError):
    """No file of the study holds this code."""


@dataclass(frozen=True)
class Change:
    """What a file of the study becomes: its new content, or nothing."""

    file: str
    content: bytes | None


@dataclass(frozen=True)
class Code:
    """The code of a child as it is looked for: never inside the code of another child that contains it."""

    value: str
    others: frozenset[str]

    @property
    def distinctive(self) -> bool:
        """Whether the code can be looked for in any text: an answer such as 12 or yes could not."""
        value = self.value
        has_letter, has_digit = (any(map(test, value)) for test in (str.isalpha, str.isdigit))
        return len(value) >= 3 and has_letter and (has_digit or len(value) >= 6)

    @property
    def _pattern(self) -> re.Pattern[str]:
        longer = sorted((re.escape(other) for other in self.others if self.value in other), key=len, reverse=True)
        own = rf"(?<![A-Za-z0-9])(?P<own>{re.escape(self.value)})(?![A-Za-z0-9])"
        return re.compile("|".join([*longer, own]), re.IGNORECASE)

    def is_cell(self, cell: str) -> bool:
        """Tell whether a cell is the code and nothing else."""
        return cell.strip().casefold() == self.value.casefold()

    def stands_in(self, content: str) -> bool:
        """Tell whether a text holds the code."""
        return any(found["own"] for found in self._pattern.finditer(content))

    def stands_in_bytes(self, content: bytes) -> bool:
        """Tell whether bytes hold the code, in one of the encodings of text."""
        return any(
            self.stands_in(content.decode(encoding, "replace")) for encoding in ("utf-8", "utf-16-le", "utf-16-be")
        )

    def redacted(self, content: str) -> str:
        """Return a text in which the code is struck out."""
        return self._pattern.sub(lambda found: REDACTED if found["own"] else found[0], content)


def code_of(study: Path, code: str) -> Code:
    """Return a child's code as it is looked for; UnknownChild if no table of the study has it."""
    known = frozenset(cell for name in TABLES for cell in _children(study / name))
    sought = Code(code, known - {code})
    if code in known and code:
        return sought
    if sought.distinctive and any(holds(path, sought) for path in own_files(study)):
        return sought
    raise UnknownChild(
        text(
            f"{escaped(code)}: nessun file dello studio ha questo codice. Niente è cambiato.",
            f"{escaped(code)}: no file of the study has this code. Nothing was changed.",
        )
    )


def holds(path: Path, code: Code) -> bool:
    """Tell whether a file holds the code, in its name or in what it contains, archives opened."""
    return code.stands_in(path.name) or _stands_in(pieces_of(path), code)


def changes(study: Path, code: Code) -> tuple[Change, ...]:
    """Return what must change in a study, so that none of its files holds a child.

    Raises
    ------
    UserError : files that hold the child and that no machine can edit; every one of them. Nothing was touched.
    """
    made, refused = [], []
    for path in own_files(study):
        file = path.relative_to(study).as_posix()
        if not code.distinctive and path.name not in TABLES:
            continue
        try:
            if any(code.distinctive and code.stands_in(folder) for folder in file.split("/")[:-1]):
                raise NotEditable("its folder has the child's name")
            if path.name not in TABLES and not holds(path, code):
                continue
            content = _without(path, file, code)
            if content is not None and code.distinctive and _stands_in(pieces_in(path.name, content), code):
                raise NotEditable("the code stays in it")
        except NotEditable as error:
            refused.append(f"{code.redacted(file)}: {error}")
            continue
        if content != path.read_bytes():
            made.append(Change(file, content))
    if refused:
        listed = escaped("; ".join(refused))
        raise UserError(
            text(
                f"Alcuni file contengono il minore e vanno corretti o tolti a mano: {listed}. Niente è cambiato; poi ripetere.",
                f"Some files hold the child and must be mended or removed by hand: {listed}. "
                "Nothing was changed; then call again.",
            )
        )
    return tuple(made)


def not_searched(study: Path, code: Code) -> tuple[str, ...]:
    """Return the files that could not be searched, for a code that any answer may look like."""
    if code.distinctive:
        return ()
    files = [path.relative_to(study).as_posix() for path in own_files(study) if path.name not in TABLES]
    return tuple(file for file in files if file.partition("/")[0] not in AGREED)


def own_files(study: Path) -> list[Path]:
    """Return the files of a study, without what an erasure under way has written beside."""
    return [path for path in files_of(study) if not path.relative_to(study).parts[0].startswith(".erasing")]


def _stands_in(pieces: Iterable[Piece], code: Code) -> bool:
    return any(code.stands_in_bytes(piece.content) for piece in pieces)


def _children(path: Path) -> set[str]:
    if not path.is_file():
        return set()
    rows = list(_records(_decoded(path.read_bytes())[0]))
    header = [cell.strip().lstrip("\ufeff") for cell in rows[0][1]] if rows else []
    place = header.index(CHILD) if CHILD in header else None
    return {cells[place].strip() for _, cells in rows[1:] if place is not None and len(cells) > place}


def _without(path: Path, file: str, code: Code) -> bytes | None:
    """Return a file without the child; NotEditable where that needs a person."""
    if file.partition("/")[0] in AGREED:
        raise NotEditable("what was agreed")
    if (code.distinctive and code.stands_in(path.name)) or path.suffix.lower() in MADE_AGAIN:
        return None
    content = path.read_bytes()
    if is_packed(content):
        return without_rows(content, code.is_cell, code.redacted)
    if (b"\0" in content and content[:2] not in UTF_16) or path.suffix.lower() in SPSS:
        raise NotEditable("not a text")
    decoded, encoding = _decoded(content)
    if path.suffix.lower() == ".json":
        return _json_without(decoded, code).encode(encoding)
    # intake.yml names rows of exports by their number: there a row leaves a blank one behind.
    return _rows_without(decoded, code, blank=file.startswith(f"{EXPORTS}/")).encode(encoding)


def _decoded(content: bytes) -> tuple[str, str]:
    """Return content as text, so that encoding it again gives the same bytes."""
    for encoding in (UTF_16.get(content[:2], "utf-8"), "utf-8"):
        try:
            return content.decode(encoding), encoding
        except UnicodeDecodeError:
            continue
    return content.decode("latin-1"), "latin-1"


def _rows_without(content: str, code: Code, *, blank: bool) -> str:
    """Drop or blank every row of the child; strike the code out of what others' rows say. Other bytes stay as they are."""
    rows = list(_records(content))
    header = [cell.strip().lstrip("\ufeff") for cell in rows[0][1]] if rows else []
    if code.distinctive and code.stands_in(",".join(header)) and len(rows) > 1:
        raise NotEditable("the code heads a column")
    place = header.index(CHILD) if CHILD in header else None
    kept = [
        raw if not number or not _is_of(cells, place, code) else raw[len(raw.rstrip("\r\n")) :] * blank
        for number, (raw, cells) in enumerate(rows)
    ]
    return code.redacted("".join(kept)) if code.distinctive else "".join(kept)


def _is_of(cells: list[str], place: int | None, code: Code) -> bool:
    """Tell whether a row is the child's: by its column of children, else by a cell that is the code."""
    if place is not None:
        return len(cells) > place and cells[place].strip() == code.value
    return any(map(code.is_cell, cells))


def _records(content: str) -> Iterator[tuple[str, list[str]]]:
    """Return the rows of a table as they are written and as cells; a text is a table of lines."""
    lines = list(io.StringIO(content, newline=""))
    first = lines[0] if lines else ""
    reader = csv.reader(lines, delimiter=max(",;\t", key=first.count))
    start = 0
    try:
        for cells in reader:
            yield "".join(lines[start : reader.line_num]), cells
            start = reader.line_num
    except csv.Error as error:
        raise NotEditable(str(error)) from error


def _json_without(content: str, code: Code) -> str:
    try:
        pruned = _pruned(json.loads(content), code)
    except (ValueError, RecursionError) as error:
        raise NotEditable("JSON that cannot be read") from error
    return json.dumps(pruned, ensure_ascii=False, indent=1) + "\n"


def _pruned(value: Any, code: Code) -> Any:
    """Drop what is under the code, and every record or row that names it; strike it out of other texts."""
    if isinstance(value, dict):
        kept = {key: item for key, item in value.items() if key != code.value and not _is_record_of(item, code)}
        return {code.redacted(key): _pruned(item, code) for key, item in kept.items()}
    if isinstance(value, list):
        rows = [item for item in value if item != code.value and not _is_record_of(item, code)]
        return [_pruned(item, code) for item in rows if not (isinstance(item, list) and code.value in item)]
    return code.redacted(value) if isinstance(value, str) else value


def _is_record_of(item: Any, code: Code) -> bool:
    return isinstance(item, dict) and code.value in item.values()
