"""What a file holds, whatever it is packed in: archives and compressed files, one within another, opened within limits."""

from __future__ import annotations

import bz2
import io
import lzma
import re
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Protocol

MAXIMUM_BYTES = 200_000_000  # of one file, and of all that it unpacks to
MAXIMUM_MEMBERS = 10_000  # of one archive
MAXIMUM_STREAMS = 1_000  # one after another in one compressed file
MAXIMUM_DEPTH = 5  # an archive within an archive within …
MARKS = ((b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"), (b"\xef\xbb\xbf", "utf-8-sig"))
CONTROL = re.compile(rb"[\x00-\x08\x0e-\x1f\x7f]")
NO_PLAIN_TEXT = (b"%PDF", b"{\\rtf", b"-----BEGIN AGE ", b"-----BEGIN PGP ")  # letters, but not those one reads
# Binary, but their texts are not packed: what a workbook keeps of a printer, time stamps of a lock.
LEGIBLE = re.compile(r"(?:.*/)?printerSettings\d*\.bin|\d+\.tsr")
SPSS = (".sav", ".zsav")
DAMAGED = (
    zipfile.BadZipFile, tarfile.TarError, zlib.error, lzma.LZMAError, struct.error,
    OSError, EOFError, RuntimeError, ValueError, LookupError, OverflowError, MemoryError,
)  # fmt: skip


@dataclass(frozen=True)
class Piece:
    """A content of a file, by its name: the file's own, or one it packs.

    opaque: more may stand in it than a search of its bytes finds.
    """

    name: str
    content: bytes
    opaque: bool = False
    packed: bool = False


@dataclass
class _Room:
    """How many bytes a file may still unpack to."""

    left: int = MAXIMUM_BYTES

    def take(self, content: bytes) -> bytes:
        if len(content) > self.left:
            raise ValueError("unpacks to too much")
        self.left -= len(content)
        return content


class _Decoder(Protocol):
    @property
    def eof(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, max_length: int = ..., /) -> bytes: ...


Opener = Callable[[str, bytes, _Room], Iterator[tuple[str, bytes]]]


def pieces_of(path: Path) -> Iterator[Piece]:
    """Return the contents of a file: what archives and compressed files hold, one within another, in place of these.

    Unpacked: zip (workbooks and other office files are such), tar, gzip, bzip2, xz, and SPSS files. What cannot be
    opened, exceeds the limits or is of another binary kind comes as an opaque piece, never as nothing.
    """
    try:
        if path.stat().st_size > MAXIMUM_BYTES:
            yield Piece(path.name, b"", opaque=True)
        elif path.suffix.lower() in SPSS:
            yield _spss(path)
        else:
            yield from pieces_in(path.name, path.read_bytes())
    except OSError:
        yield Piece(path.name, b"", opaque=True)


def pieces_in(name: str, content: bytes) -> Iterator[Piece]:
    """Return the contents of a file that would hold these bytes, see `pieces_of`."""
    return _unpacked(name, content, _Room(), 0)


def searchable(path: Path) -> bool:
    """Tell whether a search of a file finds all that stands in it."""
    return not any(piece.opaque for piece in pieces_of(path))


def is_packed(content: bytes) -> bool:
    """Tell whether bytes are those of an archive or of a compressed file."""
    return _opener(content) is not None


def encoding_of(content: bytes) -> str:
    """Return the encoding that a content declares by its first bytes, UTF-8 if none."""
    return next((encoding for mark, encoding in MARKS if content.startswith(mark)), "utf-8")


def _unpacked(name: str, content: bytes, room: _Room, depth: int) -> Iterator[Piece]:
    opener = _opener(content)
    if opener is None:
        yield Piece(name, content, not _is_text(content) and not LEGIBLE.fullmatch(name), depth > 0)
    elif depth == MAXIMUM_DEPTH:
        yield Piece(name, b"", opaque=True, packed=True)
    else:
        try:
            for inner, unpacked in opener(name, content, room):
                yield from _unpacked(inner, unpacked, room, depth + 1)
        except DAMAGED:
            yield Piece(name, b"", opaque=True, packed=True)


def _opener(content: bytes) -> Opener | None:
    """Return what opens a content, told by its bytes and not by its name."""
    streams = {b"\x1f\x8b": _gzip, b"BZh": _bzip2, b"\xfd7zXZ\0": _xz}
    found = next((opener for mark, opener in streams.items() if content.startswith(mark)), None)
    if found is None and (content.startswith(b"PK\x03\x04") or zipfile.is_zipfile(io.BytesIO(content))):
        return _zip
    return _tar if found is None and content[257:262] == b"ustar" else found


def _is_text(content: bytes) -> bool:
    if content.startswith(NO_PLAIN_TEXT):
        return False
    try:
        return "\0" not in content.decode(encoding_of(content))
    except UnicodeDecodeError:
        return not CONTROL.search(content)


def _zip(_: str, content: bytes, room: _Room) -> Iterator[tuple[str, bytes]]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        members = archive.infolist()
        said = [
            archive.comment,
            *(part for m in members for part in (m.filename.encode("utf-8", "replace"), m.comment)),
        ]
        yield "names", room.take(b"\n".join(said))
        before = min((member.header_offset for member in members), default=0)
        if before:
            yield "before", room.take(content[:before])
        if len(members) > MAXIMUM_MEMBERS:
            raise ValueError("too many members")
        for member in (member for member in members if not member.is_dir()):
            with archive.open(member) as stream:
                yield member.filename, room.take(stream.read(room.left + 1))


def _tar(_: str, content: bytes, room: _Room) -> Iterator[tuple[str, bytes]]:
    with tarfile.open(fileobj=io.BytesIO(content), mode="r:") as archive:
        for number, member in enumerate(archive):
            if number == MAXIMUM_MEMBERS:
                raise ValueError("too many members")
            said = (member.name, member.linkname, member.uname, member.gname, *member.pax_headers.values())
            yield "names", "\n".join(said).encode("utf-8", "replace")
            stream = archive.extractfile(member) if member.isreg() else None
            if stream:
                yield member.name, room.take(stream.read(room.left + 1))
        if content[archive.offset :].strip(b"\0"):
            raise ValueError("more than an archive")


def _gzip(name: str, content: bytes, room: _Room) -> Iterator[tuple[str, bytes]]:
    if content[3:4] and content[3] & 0b11000:  # the name and the comment it was packed with
        start = 12 + int.from_bytes(content[10:12], "little") if content[3] & 0b100 else 10
        yield "names", b"\n".join(content[start : start + 10_000].split(b"\0", 2)[: (content[3] & 0b11000).bit_count()])
    yield _inner(name), _decompressed(content, lambda: zlib.decompressobj(wbits=31), room)


def _bzip2(name: str, content: bytes, room: _Room) -> Iterator[tuple[str, bytes]]:
    yield _inner(name), _decompressed(content, bz2.BZ2Decompressor, room)


def _xz(name: str, content: bytes, room: _Room) -> Iterator[tuple[str, bytes]]:
    yield _inner(name), _decompressed(content, lambda: lzma.LZMADecompressor(memlimit=MAXIMUM_BYTES), room)


def _inner(name: str) -> str:
    return name.rpartition(".")[0] or name


def _decompressed(content: bytes, decoder: Callable[[], _Decoder], room: _Room) -> bytes:
    """Return what all streams of a compressed file hold; nothing but such may stand in it."""
    parts: list[bytes] = []
    while content:
        if len(parts) == MAXIMUM_STREAMS:
            raise ValueError("too many streams")
        stream = decoder()
        parts.append(room.take(stream.decompress(content, room.left + 1)))
        if not stream.eof:
            raise EOFError
        content = stream.unused_data.lstrip(b"\0")
    return b"".join(parts)


def _spss(path: Path) -> Piece:
    """Return the texts of an SPSS file, which are packed so that no search of bytes finds them: cells and labels."""
    try:
        table, about = import_module("pyreadstat").read_sav(path)
    except Exception:  # pyreadstat is not installed, or raises errors of its own
        return Piece(path.name, b"", opaque=True)
    labels = [about.column_names_to_labels, about.variable_value_labels, about.notes, about.file_label]
    cells = [str(cell) for column in table.columns for cell in table[column].unique()]
    return Piece(
        path.name, "\n".join([*map(str, labels), *table.columns, *cells]).encode("utf-8", "replace"), packed=True
    )
