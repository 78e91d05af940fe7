"""Where things lie: the repository, its studies, and the notebooks."""

from __future__ import annotations

from pathlib import Path

from evaluation.errors import UserError
from evaluation.study.findings import nearest


def repository() -> Path:
    """Return the folder that holds notebooks/ and src/; UserError where the package was installed without them."""
    root = Path(__file__).resolve().parents[3]
    if not (root / "notebooks").is_dir():
        raise UserError("The notebooks are not beside the package. Install it from a clone: make report")
    return root


def study_folder(study: str) -> Path:
    """Return the folder of a study given by path, or by its name under data/raw."""
    if "/" in study or Path(study, "protocol.yml").is_file():
        folder = Path(study).expanduser().resolve()
        if not folder.is_dir():
            raise UserError(f"{study}: no such folder. Give a study folder, or the name of one under data/raw.")
        return folder
    raw = repository() / "data" / "raw"
    names = sorted(path.name for path in raw.iterdir() if (path / "protocol.yml").is_file()) if raw.is_dir() else []
    if study not in names:
        hint = nearest(study, names)["en"]
        raise UserError(f"{study}: no study of this name under data/raw. There: {', '.join(names) or 'none'}. {hint}")
    return raw / study
