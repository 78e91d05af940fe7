"""What a file of code says: of a notebook its cells, without what running it, saving it or an editor adds; else its bytes."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from evaluation.files import Hashes, open_plain

NOTEBOOK = ".ipynb"
KEPT = ("attachments", "cell_type", "id", "source")  # of a cell; and its tags
KERNEL = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}


def source_of(path: Path) -> bytes:
    """Return the bytes by which a file of code is known.

    Of a notebook they are those that the repository stores: no outputs, no execution counts, no metadata but tags. A file
    that is no notebook, whatever its name, is known by its own bytes. VerificationFailed where there is no file.
    """
    with open_plain(path, follow=True) as stream:
        return notebook_source(stream.read()) if path.suffix == NOTEBOOK else stream.read()


def notebook_source(written: bytes) -> bytes:
    """Return a notebook as the repository stores it; bytes that are no notebook as they are."""
    try:
        notebook = json.loads(written)
        stored = {
            "cells": [_stored(cell) for cell in notebook["cells"]],
            "metadata": KERNEL,
            "nbformat": notebook["nbformat"],
            "nbformat_minor": notebook["nbformat_minor"],
        }
        return (json.dumps(stored, indent=1, ensure_ascii=False, sort_keys=True) + "\n").encode()
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return written


def source_hashes(code: Path, names: tuple[str, ...]) -> Hashes:
    """Return the SHA-256 of what each of these files of code says."""
    return {name: hashlib.sha256(source_of(code / name)).hexdigest() for name in names}


def _stored(cell: dict[str, Any]) -> dict[str, Any]:
    tags = cell["metadata"].get("tags")
    lines = cell["source"] if isinstance(cell["source"], list) else cell["source"].splitlines(keepends=True)
    stored = {key: cell[key] for key in KEPT if key in cell}
    stored |= {"source": lines, "metadata": {"tags": tags} if tags else {}}
    return stored | ({"execution_count": None, "outputs": []} if cell["cell_type"] == "code" else {})
