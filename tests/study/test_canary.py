"""Unique values planted in every raw field of a study: none of them is anywhere under reports/."""

from __future__ import annotations

import base64
import csv
import json
import re
import shutil
import struct
import subprocess
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pikepdf
import pytest
from conftest import ROOT, STUDY

from evaluation.publishing.disclosure.notebook_outputs import other_outputs

PLANTED = {  # file -> column -> value; wording and labels of protocol and instrument are public by design
    "participants.csv": {
        "participant": "KANARI1", "birth_date": "2009-08-17", "sex": "kanari2sex", "school_grade": "kanari3grade",
        "enrolled_on": "2023-01-17", "left_on": "2023-05-23", "left_reason": "kanari4reason", "kanari5column": "kanari6extra",
    },
    "responses.csv": {
        "rater": "kanari7rater", "value": "37.4291", "answered_at": "2023-03-01T23:17", "seconds": "7351.1873",
        "kanari8column": "kanari9text",
    },
    "attendance.csv": {"date": "2023-06-27", "activity": "kanari10activity", "hours": "2.7183", "kanari11column": "kanari12text"},
}  # fmt: skip
CANARIES = sorted(
    {word for fields in PLANTED.values() for word in fields.values()}
    | {column for fields in PLANTED.values() for column in fields if column.startswith("kanari")}
)
PNG = b"\x89PNG\r\n\x1a\n"


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The study that ships, with a canary in every field of one child's rows."""
    folder = tmp_path_factory.mktemp("canary") / STUDY
    shutil.copytree(ROOT / "data" / "raw" / STUDY, folder)
    child = rows(folder / "attendance.csv")[0]["participant"]
    for name in PLANTED:
        change(folder / name, child, name)
    return folder


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def change(path: Path, child: str, name: str) -> None:
    """Plant the canaries of one file in a row of the child, and give the child its new code everywhere."""
    table = rows(path)
    fields = {column: word for column, word in PLANTED[name].items() if column != "participant"}
    left = dict(fields)
    for row in table:
        row |= {column: row.get(column, "") for column in fields}
        if row["participant"] != child:
            continue
        row["participant"] = PLANTED["participants.csv"]["participant"]
        for column in list(left):
            if column == "value" and row.get("item") != "travel_time":
                continue  # the one item whose answers may have decimals
            if column == "rater" and not row["rater"]:
                continue
            row[column] = left.pop(column)
    assert left == {}, left
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, list(table[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(table)


@pytest.fixture(scope="module")
def reports(planted: Path, run_study: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    return run_study(planted, tmp_path_factory.mktemp("out")) / "reports"


def readings(path: Path) -> Iterator[bytes]:
    """Everything a file says: its bytes, and what it packs away: PDF streams and text, embedded images, chunks of a PNG."""
    data = path.read_bytes()
    yield data
    yield from images(data)
    if path.suffix == ".pdf":
        yield subprocess.run(["pdftotext", path, "-"], capture_output=True, check=True).stdout
        with pikepdf.open(path) as pdf:
            for thing in pdf.objects:
                yield str(thing).encode()
                if isinstance(thing, pikepdf.Stream):
                    yield thing.read_raw_bytes()
                    yield from [thing.read_bytes()] if readable(thing) else []
    if path.suffix == ".ipynb":
        for output in (o for cell in json.loads(data)["cells"] for o in cell.get("outputs", ())):
            for packed in output.get("data", {}).values():
                yield from unpacked("".join(packed) if isinstance(packed, list) else str(packed))


def readable(stream: Any) -> bool:
    """Whether pikepdf can decode the stream; pictures of their own format it leaves as they are."""
    try:
        stream.read_bytes()
    except pikepdf.PdfError:
        return False
    return True


def unpacked(text: str) -> Iterator[bytes]:
    """What base64 hides."""
    for packed in re.findall(r"[A-Za-z0-9+/\n]{40,}={0,2}", text):
        try:
            data = base64.b64decode(packed, validate=False)
        except ValueError:
            continue
        yield data
        yield from images(data)


def images(data: bytes) -> Iterator[bytes]:
    """The texts in the chunks of a PNG, packed or not."""
    if not data.startswith(PNG):
        return
    place = len(PNG)
    while place + 8 <= len(data):
        (length,), kind = struct.unpack(">I", data[place : place + 4]), data[place + 4 : place + 8]
        chunk = data[place + 8 : place + 8 + length]
        if kind in (b"zTXt", b"iTXt"):
            start = chunk.find(b"\x78")
            while start >= 0:
                try:
                    yield zlib.decompress(chunk[start:])
                    break
                except zlib.error:
                    start = chunk.find(b"\x78", start + 1)
        place += 12 + length


def found(folder: Path) -> dict[str, set[str]]:
    """Which canaries each file holds: words in any case, numbers where no longer number holds them."""
    seen: dict[str, set[str]] = {}
    patterns = {word: re.compile(rb"(?<![0-9.])" + re.escape(word.lower()).encode()) for word in CANARIES}
    for path in folder.resolve().rglob("*"):
        if not path.is_file() or path.name == "SHA256SUMS":  # digests alone
            continue
        for reading in readings(path):
            text = reading.lower()
            hits = {
                word for word, pattern in patterns.items() if word.lower().encode() in text and pattern.search(text)
            }
            if hits:
                seen.setdefault(path.name, set()).update(hits)
    return seen


def test_every_column_of_every_raw_file_holds_a_canary(planted: Path) -> None:
    public = {
        "centre",
        "guardian_consent",
        "assent",
        "wave",
        "item",
    }  # words of the protocol and the instrument, yes or no
    for name, fields in PLANTED.items():
        table = rows(planted / name)
        assert set(table[0]) - public - {"participant"} <= set(fields), name
        assert any(row["participant"] == "KANARI1" for row in table)
        for column, word in fields.items():
            assert any(row[column] == word for row in table), (name, column)


def test_no_canary_is_published(reports: Path) -> None:
    assert (reports / "tables" / "estimates.csv").is_file()
    assert found(reports) == {}


def test_executed_notebooks_hold_exhibits_and_nothing_else(reports: Path) -> None:
    notebooks = sorted((reports / "notebooks").glob("*.ipynb"))
    assert len(notebooks) >= 8
    for path in notebooks:
        assert list(other_outputs(json.loads(path.read_text(encoding="utf-8")))) == [], path.name


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def hide(folder: Path, word: str) -> dict[str, Callable[[], object]]:
    """Ways to publish a canary, by the name of the file that then holds it."""
    png = PNG + chunk(b"zTXt", b"Comment\0\0" + zlib.compress(word.encode()))
    picture = {"data": {"image/png": base64.b64encode(png).decode()}, "output_type": "display_data", "metadata": {}}
    notebook = {"cells": [{"cell_type": "code", "outputs": [picture]}]}

    def pdf() -> None:
        made = pikepdf.new()
        made.Root.Hidden = made.make_stream(zlib.compress(word.encode()), Filter=pikepdf.Name.FlateDecode)
        made.save(folder / "a.pdf", object_stream_mode=pikepdf.ObjectStreamMode.generate)

    return {
        "a.csv": lambda: (folder / "a.csv").write_text(f"x\n{word}\n"),
        "a.svg": lambda: (folder / "a.svg").write_text(f"<svg><!-- {word} --></svg>"),
        "a.png": lambda: (folder / "a.png").write_bytes(png),
        "a.ipynb": lambda: (folder / "a.ipynb").write_text(json.dumps(notebook)),
        "a.pdf": pdf,
    }


@pytest.mark.parametrize("name", ["a.csv", "a.svg", "a.png", "a.ipynb", "a.pdf"])
def test_a_canary_is_found_wherever_it_hides(tmp_path: Path, name: str) -> None:
    hide(tmp_path, "kanari4reason")[name]()
    assert found_without_text(tmp_path) == {name: {"kanari4reason"}}


def found_without_text(folder: Path) -> dict[str, set[str]]:
    """As `found`; a PDF without pages has no text for pdftotext."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(subprocess, "run", lambda *_, **__: subprocess.CompletedProcess([], 0, b"", b""))
        return found(folder)


def test_a_printed_frame_is_no_exhibit() -> None:
    frame = {"output_type": "execute_result", "data": {"text/plain": "A1 7", "text/html": "<table>"}, "metadata": {}}
    stream = {"output_type": "stream", "name": "stdout", "text": "A1 7"}
    posing = {"output_type": "display_data", "data": {"image/png": "", "image/svg+xml": ""},
              "metadata": {"evaluation": {"kind": "figure", "label": "fig-x", "language": "en"}}}  # fmt: skip
    shown = {"cells": [{"cell_type": "code", "outputs": [frame]}, {"cell_type": "code", "outputs": [stream, posing]}]}
    assert [name.split(":")[0] for name in other_outputs(shown)] == ["cell 1", "cell 2", "cell 2"]
