"""Where things lie: the repository, its studies, and the notebooks."""

from __future__ import annotations

import os
from pathlib import Path

from evaluation.errors import UserError
from evaluation.language import text
from evaluation.study.findings import nearest


def repository() -> Path:
    """Return the folder that holds notebooks/ and src/; UserError where the package was installed without them."""
    root = Path(__file__).resolve().parents[3]
    if not (root / "notebooks").is_dir():
        raise UserError(
            text(
                "I notebook non sono accanto al pacchetto. Installarlo da un clone: make report",
                "The notebooks are not beside the package. Install it from a clone: make report",
            )
        )
    return root


def study_folder(study: str) -> Path:
    """Return the folder of a study given by path, or by its name under data/raw."""
    if "/" in study or Path(study, "protocol.yml").is_file():
        folder = Path(os.path.realpath(Path(study).expanduser()))  # a link that leads to itself stays as it is
        if not folder.is_dir():
            raise UserError(
                text(
                    f"{study}: la cartella non esiste. Indicare uno studio, o il nome di uno in data/raw.",
                    f"{study}: no such folder. Give a study folder, or the name of one under data/raw.",
                )
            )
        return folder
    raw = repository() / "data" / "raw"
    names = sorted(path.name for path in raw.iterdir() if (path / "protocol.yml").is_file()) if raw.is_dir() else []
    if study not in names:
        hint, there = nearest(study, names), ", ".join(names)
        raise UserError(
            text(
                f"{study}: nessuno studio con questo nome in data/raw. Ci sono: {there or 'nessuno'}. {hint['it']}",
                f"{study}: no study of this name under data/raw. There: {there or 'none'}. {hint['en']}",
            )
        )
    return raw / study
