"""What was imported: a copy of each export under a safe name, or its digest alone where it may tell who answered."""

from __future__ import annotations

import csv
import hashlib
import io
import os
import re
import tempfile
import unicodedata
from dataclasses import dataclass
from pathlib import Path

FOLDER, LEDGER = "exports", "imported.csv"
HEADER = ("sha256", "platform", "copy")
UNSAFE = re.compile(r"[^A-Za-z0-9]+")


@dataclass(frozen=True)
class Exported:
    """One export: the digest of its bytes, the platform, its name, and whether it may be kept whole."""

    digest: str
    platform: str
    path: Path
    kept: bool

    @property
    def copy(self) -> str:
        """The name of the copy in the study: digest and what is harmless of its own name; empty without a copy."""
        return f"{self.digest[:16]}-{safe(self.path.name)}" if self.kept else ""


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


def keep(study: Path, exports: list[Exported]) -> None:
    """Copy the exports into the study and write them into its ledger; what is there already stays as it is."""
    folder = study / FOLDER
    folder.mkdir(exist_ok=True)
    for one in exports:
        if one.kept and not (folder / one.copy).exists():
            write(folder / one.copy, one.path.read_bytes())
    rows = {row[0]: row for row in _ledger(folder / LEDGER)}
    rows |= {one.digest: [one.digest, one.platform, one.copy] for one in exports if one.digest not in rows}
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows([HEADER, *(rows[key] for key in sorted(rows))])
    write(folder / LEDGER, out.getvalue().encode())


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
