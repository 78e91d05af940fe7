"""The PDF report of a notebook: tagged (PDF/UA-1), archivable (PDF/A-2a, 3a with files), the same bytes from the same page.

pandoc turns the prose into Typst, in one call. Everything else, titles, captions, cells, drawings, travels as JSON and
reaches the page as text: no character of it can act as markup.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Literal

from nbconvert.exporters.exporter import Exporter
from nbformat import NotebookNode
from traitlets import Bool, Enum, Instance, Unicode
from traitlets import List as ListOf

from evaluation.assurance.signatures.fields import BOX, ROLE, ROLES, Role, with_signature_fields
from evaluation.errors import UserError
from evaluation.language import LANGUAGES, Language, Text, long_date, text
from evaluation.publishing.exhibits import Table, printable
from evaluation.reporting.pages.page import Failure, Float, Page, Prose, read_page

TEMPLATES = Path(__file__).parents[1] / "templates"
STANDARDS = {False: ["a-2a", "ua-1"], True: ["a-3a", "ua-1"]}  # whether files are attached
MARKDOWN = "commonmark+tex_math_dollars+pipe_tables+strikeout"
EPOCH = date(2023, 1, 1)  # the time stamp of a report without a date
PORTRAIT, LANDSCAPE = 442.0, 689.0  # width of the text, points
LARGEST, SMALLEST = 9.5, 7.0  # text of a table, points; one that asks for less is printed on a turned sheet
UNKNOWN_CHARACTER = re.compile(r'error: (?:the text|the PDF contains the codepoint) `"(.+?)"`')
WORDS: dict[str, Text] = {
    "contents": text("Indice", "Contents"),
    "note": text("Nota.", "Note."),
    "stopped": text("L’esecuzione si è fermata qui", "The run stopped here"),
    "signature": text("Firma", "Signature"),
    "digest": text(
        "Impronta SHA-256 di ro-crate-metadata.json, che elenca dati, codice e risultati",
        "SHA-256 digest of ro-crate-metadata.json, which lists data, code and results",
    ),
    "signed-bytes": text(
        "Le firme nei riquadri valgono per gli esatti byte di questo documento.",
        "The signatures in the boxes hold for the exact bytes of this document.",
    ),
    "of": text("di", "of"),
}


@dataclass(frozen=True)
class Attachment:
    """A file that travels inside the PDF (PDF/A-3); `relationship` is what it is to the report (ISO 32000-2, 14.13)."""

    name: str
    data: bytes
    media_type: str
    description: str
    relationship: Literal["source", "data", "alternative", "supplement"] = "data"


class EvaluationPDFExporter(Exporter):
    """One language of an executed notebook as a PDF, without its code.

    The last page has an empty field for each signature; the keywords of the document carry the digest of the
    research object it belongs to.
    """

    export_from_notebook = "Evaluation report (PDF)"
    output_mimetype = "application/pdf"
    file_extension = Unicode(".pdf").tag(config=True)
    language = Enum(LANGUAGES, "it", help="Language of the report").tag(config=True)
    title = Unicode(help="Title; by default the notebook's").tag(config=True)
    subtitle = Unicode(help="A line under the title").tag(config=True)
    study_title = Unicode(help="Name of the study").tag(config=True)
    banner = Unicode(help="Words that stand on every page, such as SYNTHETIC DATA").tag(config=True)
    date = Unicode(help="Date of the report, YYYY-MM-DD; none is printed where it is empty").tag(config=True)
    crate_digest = Unicode(help="SHA-256 of ro-crate-metadata.json, hexadecimal").tag(config=True)
    signature = Bool(True, help="Put empty fields for signatures on a last page").tag(config=True)
    attachments = ListOf(Instance(Attachment), help="Files to embed; the report is then PDF/A-3a")

    def from_notebook_node(  # type: ignore[override]
        self, nb: NotebookNode, resources: dict[str, Any] | None = None, **kw: Any
    ) -> tuple[bytes, dict[str, Any]]:
        """Return the PDF, and nbconvert's resources.

        Raises
        ------
        UserError
            As for HTML, and: headings that skip a level.
        """
        nb, resources = super().from_notebook_node(nb, resources, **kw)
        page = read_page(nb, self.language, resources.get("metadata", {}).get("name", ""))
        day = _day(self.date)
        report = {
            "language": self.language,
            "title": printable(self.title) or page.title,
            "subtitle": printable(self.subtitle),
            "study": printable(self.study_title),
            "banner": printable(self.banner),
            "date": long_date(day, self.language) if day else "",
            "digest": self.crate_digest,
            "signers": [_box(role, self.language) for role in ROLES] if self.signature else [],
            "words": {name: word[self.language] for name, word in WORDS.items()},
            "exhibits": [_exhibit(block) for block in _placed(page)],
        }
        pdf = typeset(to_typst(page), report, day or EPOCH, self.attachments)
        return with_signature_fields(pdf, self.language) if self.signature else pdf, resources


def to_typst(page: Page) -> str:
    """Return the prose of a page as Typst markup, with a call `#exhibit(n)` where the n-th exhibit stands."""
    import pypandoc

    parts, count = [], 0
    for block in page.blocks:
        match block:
            case Prose():
                parts.append(block.markdown)
            case Float() | Failure():
                parts.append(f"```evaluation-exhibit\n{count}\n```")
                count += 1
    options = ["--wrap=none", f"--lua-filter={TEMPLATES / 'report.lua'}"]
    try:
        return pypandoc.convert_text(
            "\n\n".join(parts), "typst", format=MARKDOWN, extra_args=options, verify_format=False
        )
    except RuntimeError as error:
        raise UserError(f"the text cannot be set for the PDF: {error}") from error


def typeset(body: str, report: dict[str, Any], day: date, attachments: Sequence[Attachment] = ()) -> bytes:
    """Return the PDF of a Typst body. A character that no font has is printed as its code, `‹U+4E2D›`."""
    import typst

    main = f'#import "template.typ": *\n#show: report\n\n{body}\n'
    data = json.dumps(report | {"attachments": [_attached(each) for each in attachments]}, ensure_ascii=False)
    files = {"main.typ": main, "template.typ": (TEMPLATES / "report.typ").read_text("utf-8"), "report.json": data}
    embedded = {f"attachments/{position}": each.data for position, each in enumerate(attachments)}
    stamp = datetime(day.year, day.month, day.day, tzinfo=UTC)
    while True:
        try:
            return typst.compile(  # type: ignore[call-overload]
                {name: content.encode() for name, content in files.items()} | embedded,
                format="pdf",
                pdf_standards=STANDARDS[bool(attachments)],
                ignore_system_fonts=True,
                timestamp=stamp,
            )
        except typst.TypstError as error:
            readable = _spell_out(files, error.diagnostic)
            if readable == files:
                raise UserError(f"the PDF cannot be made: {error.message}; {' '.join(error.hints)}") from error
            files = readable


def _spell_out(files: dict[str, str], diagnostic: str) -> dict[str, str]:
    """Replace the characters that Typst found in no font by their codes."""
    for found in UNKNOWN_CHARACTER.findall(diagnostic):
        glyph = re.sub(r"\\u\{(\w+)\}", lambda code: chr(int(code[1], 16)), found)
        code = f"‹{' '.join(f'U+{ord(character):04X}' for character in glyph)}›"
        files = {name: content.replace(glyph, code) for name, content in files.items()}
    return files


def _box(role: Role, language: Language) -> dict[str, Any]:
    """Return where on the last page a signature will stand, and what is printed above it."""
    _, bottom, _, top = BOX[role]
    return {"label": ROLE[role][language], "bottom": bottom, "height": top - bottom}


def _attached(attachment: Attachment) -> dict[str, str]:
    return {name: value for name, value in vars(attachment).items() if name != "data"}


def _placed(page: Page) -> list[Float | Failure]:
    return [block for block in page.blocks if isinstance(block, Float | Failure)]


def _exhibit(block: Float | Failure) -> dict[str, Any]:
    if isinstance(block, Failure):
        return {"kind": "failure", "message": printable(block.message)}
    words = {name: getattr(block, name) for name in ("kind", "label", "number", "caption", "note", "alt", "svg")}
    return words | (_table(block.table) if block.table else {})


def _table(table: Table) -> dict[str, Any]:
    """Choose the size of the text and the turn of the sheet from the width that the cells ask for."""
    columns = zip(*table.rows, strict=True) if table.rows else [()] * len(table.columns)
    widths = [_width(name, cells) for name, cells in zip(table.columns, columns, strict=True)]
    upright, turned = (min(LARGEST, width / sum(widths)) for width in (PORTRAIT, LANDSCAPE))
    return {
        "columns": [printable(name) for name in table.columns],
        "rows": [[printable(cell) for cell in row] for row in table.rows],
        "numeric": sorted(table.numeric),
        "widths": widths,
        "landscape": upright < SMALLEST,
        "size": upright if upright >= SMALLEST else max(turned, 5.0),
    }


def _width(name: str, cells: Iterable[str]) -> float:
    """Return the width of a column in ems: its longest word, or its longest cell up to a comfortable line."""
    cells = list(cells)
    word = max(len(word) for text in (name, *cells) for word in text.split(" "))
    return 1.2 + 0.5 * max(word, min(32, max(map(len, cells), default=0)))


def _day(iso: str) -> date | None:
    try:
        return date.fromisoformat(iso) if iso else None
    except ValueError as error:
        raise UserError(f"report date {iso!r}: expected YYYY-MM-DD") from error
