"""Pages as a reader sees them: drawn by a program that is not ours, where there is one, without the fields of signatures."""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
from functools import lru_cache
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pikepdf

from evaluation.language import Text, text

PROGRAM = "pdftoppm"
POINTS, DOTS = 72, 60  # an inch; a changed digit of nine points is a dozen dots of other grey
PATIENCE = 300  # seconds
_HEADER = re.compile(rb"P5\s+(\d+)\s+(\d+)\s+255\s")

Boxes = tuple[tuple[int, tuple[float, float, float, float]], ...]
"""The page, counted from 0, and the left, bottom, right and top of each field."""


def looks_the_same(data: bytes, original: bytes) -> bool:
    """Tell whether two PDFs look the same outside of the original's signature fields; true where nothing draws them."""
    program = shutil.which(PROGRAM)
    if program is None:
        return True
    fields = _fields(original)
    expected = _drawn(program, original, fields)
    return expected is None or _drawn(program, data, fields) == expected


def who_draws() -> Text:
    """Say by which program pages were drawn and compared, or that none was there."""
    if shutil.which(PROGRAM) is None:
        return text(
            f"pagine non disegnate: qui non c’è {PROGRAM} (poppler)", f"pages not drawn: no {PROGRAM} (poppler) here"
        )
    return text(
        f"pagine disegnate da {PROGRAM}: fuori dai campi di firma, come nel PDF non firmato",
        f"pages drawn by {PROGRAM}: outside the signature fields, as in the unsigned PDF",
    )


def _fields(pdf: bytes) -> Boxes:
    """Return where the signature fields of a PDF are shown."""
    with pikepdf.open(BytesIO(pdf)) as document:
        return tuple(
            (place, (float(left), float(bottom), float(right), float(top)))
            for place, page in enumerate(document.pages)
            for annotation in page.obj.get("/Annots", [])
            if annotation.get("/FT") == "/Sig"
            for left, bottom, right, top in [annotation.Rect]
        )


@lru_cache(maxsize=8)
def _drawn(program: str, pdf: bytes, fields: Boxes) -> tuple[str, ...] | None:
    """Return a digest of each page as drawn, its fields left blank; None where the program cannot draw it."""
    with TemporaryDirectory() as folder:
        command = [program, "-q", "-gray", "-r", str(DOTS), "-", str(Path(folder) / "page")]
        try:
            done = subprocess.run(command, input=pdf, capture_output=True, timeout=PATIENCE, check=False)  # noqa: S603
        except (OSError, subprocess.TimeoutExpired):
            return None
        pages = sorted(Path(folder).iterdir())
        if done.returncode or not pages:
            return None
        return tuple(
            _digest(page.read_bytes(), [box for at, box in fields if at == place]) for place, page in enumerate(pages)
        )


def _digest(image: bytes, boxes: list[tuple[float, float, float, float]]) -> str:
    header = _HEADER.match(image)
    if header is None:
        raise ValueError("not a picture in greys")
    width, height = int(header[1]), int(header[2])
    greys = np.frombuffer(image, np.uint8, width * height, header.end()).reshape(height, width).copy()
    dots = DOTS / POINTS
    for left, bottom, right, top in boxes:
        rows = slice(max(int(height - top * dots) - 1, 0), int(height - bottom * dots) + 2)
        greys[rows, max(int(left * dots) - 1, 0) : int(right * dots) + 2] = 255
    return hashlib.sha256(greys.tobytes()).hexdigest()
