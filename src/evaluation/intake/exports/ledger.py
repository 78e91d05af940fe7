"""What was imported: the digest of each export, and a copy of its mapped columns under a safe name."""

from __future__ import annotations

import csv
import hashlib
import io
import os
import re
import tempfile
import unicodedata
from dataclasses import dataclass, field
from pathlib import Path

from evaluation.intake.exports import skipping
from evaluation.intake.exports.skipping import Bound

FOLDER, LEDGER = "exports", "imported.csv"
HEADER = ("sha256", "platform", "copy")
UNSAFE = re.compile(r"[^A-Za-z0-9]+")


@dataclass(frozen=True)
class Exported:
    """One export: the digest of its bytes, the platform, its name, and what of it is kept, by the name of the copy."""

    digest: str
    platform: str
    path: Path
    copies: dict[str, bytes] = field(default_factory=dict)

    @classmethod
    def of(cls, path: Path, platform: str, whole: bytes | None, tables: dict[str, bytes]) -> Exported:
        """Return an export with its copies: the file as it is, or its mapped columns by the sheet they stand in."""
        number, name = digest(path), safe(path.name)
        stem = f"{number[:16]}-{name.rpartition('.')[0] or name}"
        copies = {} if whole is None else {f"{number[:16]}-{name}": whole}
        for k, (sheet, content) in enumerate(tables.items(), start=1):
            plain = f"{stem}-{safe(sheet)}.csv" if sheet else f"{stem}.csv"
            copies[plain if plain not in copies else f"{stem}-{k}.csv"] = content
        return cls(number, platform, path, copies)


def digest(path: Path) -> str:
    """Return the SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def safe(name: str) -> str:
    """Return a file name of plain letters, digits and hyphens with its ending: no path, no hidden file, no option."""
    ascii_only = (
        unicodedata.normalize("NFKD", name.replace("\\", "/").rpartition("/")[2]).encode("ascii", "ignore").decode()
    )
    stem, _, suffix = ascii_only.rpartition(".")
    plain = [UNSAFE.sub("-", part).strip("-").lower() for part in (stem or suffix, suffix if stem else "")]
    return f"{plain[0][:60] or 'export'}{'.' + plain[1][:8] if plain[1] else ''}"


def keep(study: Path, exports: list[Exported], bound: Bound) -> None:
    """Write what is kept of the exports, the ledger of all, and which responses were skipped."""
    folder = study / FOLDER
    folder.mkdir(exist_ok=True)
    rows = {row[0]: row for row in _ledger(folder / LEDGER)}
    for one in exports:
        for name, content in one.copies.items():
            write(folder / name, content)
        earlier = rows[one.digest][2].split() if one.digest in rows else []
        rows[one.digest] = [one.digest, one.platform, " ".join(dict.fromkeys([*earlier, *one.copies]))]
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows([HEADER, *(rows[key] for key in sorted(rows))])
    write(folder / LEDGER, out.getvalue().encode())
    if bound:
        write(folder / skipping.FILE, skipping.written(bound))


def _ledger(path: Path) -> list[list[str]]:
    if not path.is_file():
        return []
    rows = list(csv.reader(io.StringIO(path.read_text(encoding="utf-8"))))
    return [row for row in rows[1:] if len(row) == len(HEADER)]


def write(path: Path, content: bytes) -> None:
    """Write a file beside its place and rename it; a file that says the same already is left alone."""
    if path.is_file() and path.read_bytes() == content:
        return
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name[:40]}.")
    beside = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        beside.chmod(path.stat().st_mode & 0o777 if path.exists() else 0o644)
        beside.replace(path)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise
