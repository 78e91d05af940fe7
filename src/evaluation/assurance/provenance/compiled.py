"""Compiled files: whether Python would load one in place of its source, and whether it is what the source compiles to."""

from __future__ import annotations

import importlib.util
import marshal
from pathlib import Path
from types import CodeType

from evaluation.files import read_bounded

_FLAGS, _STAMPS, _HEADER = slice(4, 8), slice(8, 16), 16  # PEP 552
_HASHED, _CHECKED = 1, 2


def would_load(compiled: Path, source: Path) -> bool:
    """Tell whether Python would take the compiled file without looking at the source again (PEP 552)."""
    data = read_bounded(compiled)
    if data[:4] != importlib.util.MAGIC_NUMBER or len(data) < _HEADER:
        return False
    flags = int.from_bytes(data[_FLAGS], "little")
    if flags & _HASHED:
        return not flags & _CHECKED or data[_STAMPS] == importlib.util.source_hash(source.read_bytes())
    found = source.stat()
    stamps = (int(found.st_mtime) & 0xFFFFFFFF, found.st_size & 0xFFFFFFFF)
    return data[_STAMPS] == b"".join(stamp.to_bytes(4, "little") for stamp in stamps)


def is_faithful(compiled: Path, source: Path, level: int) -> bool:
    """Tell whether a compiled file is what the source compiles to; file names aside, which depend on the place."""
    try:
        fresh = compile(source.read_bytes(), str(source), "exec", dont_inherit=True, optimize=level)
    except (ValueError, SyntaxError):
        return False
    return _code(compiled) == fresh


def compiles_alike(one: Path, other: Path) -> bool:
    """Tell whether two compiled files hold the same code; file names aside."""
    found = _code(one)
    return found is not None and found == _code(other)


def _code(compiled: Path) -> CodeType | None:
    """Return the code in a compiled file; None where it holds none."""
    try:
        loaded = marshal.loads(read_bounded(compiled)[_HEADER:])  # noqa: S302  Python itself would, on import
    except (ValueError, EOFError, TypeError):
        return None
    return loaded if isinstance(loaded, CodeType) else None
