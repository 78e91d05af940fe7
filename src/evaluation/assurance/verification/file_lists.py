"""The files of a report, held against both of its lists, and the report in PDF against what it names and carries."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pikepdf

from evaluation.assurance.provenance.crate import INPUT, read_crate
from evaluation.assurance.provenance.manifest import compare, read_sums
from evaluation.assurance.questions import about_file
from evaluation.assurance.verification.inputs import COPIES
from evaluation.files import MEGABYTE, Hashes, files_in, hashes, read_bounded, reading
from evaluation.language import Text, text
from evaluation.report_folder import CRATE, RUN_LOG, SUMS, UNSIGNED_PDFS, is_covered, is_dropping

KEYWORD = "crate-sha256:"
NAMED = 50  # droppings named one by one
LARGEST_PDF = 256  # megabytes, also of any one stream unpacked


def list_problems(report: Path) -> tuple[Text, ...]:
    """Return how the files differ from `SHA256SUMS`, from the crate, and from what the PDFs name and carry."""
    found = hashes(report, (name for name in files_in(report) if is_covered(name)))
    results = {name: digest for name, digest in found.items() if name not in UNSIGNED_PDFS | {CRATE}}
    lists = {SUMS: compare(read_sums(report), found), CRATE: compare(read_crate(report, ""), results)}
    differences = (
        about_file(difference.file, difference.kind, name)
        for name, differences in lists.items()
        for difference in differences
    )
    inputs, copies = (
        {name: digest for name, digest in each.items() if name in COPIES} for each in (read_crate(report, INPUT), found)
    )
    copied = (about_file(each.file, each.kind, CRATE) for each in compare(inputs, copies) if each.kind == "missing")
    expected = KEYWORD + hashlib.sha256(read_bounded(report / CRATE)).hexdigest()
    pdfs = (
        problem
        for name in sorted(UNSIGNED_PDFS & found.keys())
        for problem in _pdf_problems(report / name, expected, found)
    )
    return (*differences, *copied, *pdfs)


def beside_the_lists(report: Path) -> tuple[Text, ...]:
    """Name what lies in a report and is no part of it: what systems leave in folders, and the log of the run."""
    names = files_in(report)
    left = [name for name in names if is_dropping(name)]
    told = [
        text(
            f"{name}: lasciato dal sistema, non fa parte del rapporto",
            f"{name}: left by a system, no part of the report",
        )
        for name in left[:NAMED]
    ]
    if left[NAMED:]:
        told.append(text(f"e altri {len(left) - NAMED}", f"and {len(left) - NAMED} more"))
    if RUN_LOG in names:
        told.append(
            text(
                f"{RUN_LOG}: fuori dagli elenchi, nessuna firma lo copre",
                f"{RUN_LOG}: outside the lists, no signature covers it",
            )
        )
    return tuple(told)


def _pdf_problems(pdf: Path, keyword: str, found: Hashes) -> Iterator[Text]:
    """Name a PDF that cites another provenance document, or carries files that are not those beside it."""
    pikepdf.settings.set_qpdf_limits(
        flate_max_memory=LARGEST_PDF * MEGABYTE, run_length_max_memory=LARGEST_PDF * MEGABYTE
    )
    with reading(pdf.name), pikepdf.open(BytesIO(read_bounded(pdf, LARGEST_PDF))) as document:
        keywords = str(document.docinfo.get("/Keywords", "")).replace(",", " ").split()
        carried = {name: _digest(attached.get_file().obj) for name, attached in document.attachments.items()}
    if keyword not in keywords:
        yield text(
            f"{pdf.name}: {keyword} non è tra le sue parole chiave", f"{pdf.name}: {keyword} is not among its keywords"
        )
    for name, digest in carried.items():
        if digest not in (found.get(name), *(found[file] for file in found if Path(file).name == name)):
            yield text(
                f"{pdf.name}: l'allegato {name!a} non è il file di questa cartella",
                f"{pdf.name}: the attachment {name!a} is not the file of this folder",
            )


def attachments(pdf: Path) -> tuple[str, ...]:
    """Return the names of the files that a PDF carries."""
    with pikepdf.open(BytesIO(read_bounded(pdf, LARGEST_PDF))) as document:
        return tuple(document.attachments)


def _digest(stream: pikepdf.Object) -> str:
    """Return the SHA-256 of an attachment, unpacked no further than any file of a report goes."""
    packed = stream.get("/Filter")
    data = stream.read_raw_bytes()
    if packed is not None:
        unpacking = zlib.decompressobj()
        data = unpacking.decompress(data, LARGEST_PDF * MEGABYTE)
        if str(packed) not in ("/FlateDecode", "[/FlateDecode]") or not unpacking.eof:
            raise ValueError("packed in another way, or too large")
    return hashlib.sha256(data).hexdigest()
