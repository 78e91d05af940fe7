"""The HTML page of a notebook: one file, nothing loaded from elsewhere, readable without scripts, on a phone, on paper."""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment
from markupsafe import Markup
from nbconvert.exporters.templateexporter import TemplateExporter
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath, MathInlineParser
from nbformat import NotebookNode
from traitlets import Enum, List, Unicode, default

from evaluation.errors import UserError
from evaluation.language import LANGUAGES, Language, Text
from evaluation.publishing.exhibits import table_html, with_sources
from evaluation.reporting.pages.math import to_mathml
from evaluation.reporting.pages.page import Float, read_page

TEMPLATES = Path(__file__).parents[1] / "templates"
WIDE = 8  # columns beyond which a table is set smaller on paper
WORDS: dict[str, Text] = {
    "skip": {"it": "Vai al contenuto", "en": "Skip to content"},
    "contents": {"it": "Indice", "en": "Contents"},
    "pages": {"it": "Pagine del rapporto", "en": "Pages of the report"},
    "code": {"it": "Codice", "en": "Code"},
    "note": {"it": "Nota.", "en": "Note."},
    "stopped": {"it": "L’esecuzione si è fermata qui", "en": "The run stopped here"},
    "other": {"it": "English", "en": "Italiano"},
    "previous": {"it": "Precedente", "en": "Previous"},
    "next": {"it": "Successiva", "en": "Next"},
    "formula": {"it": "Formula", "en": "Formula"},
    "table": {"it": "Tabella", "en": "Table"},
}


@dataclass
class Heading:
    """An entry of the contents: its anchor, its HTML and the headings under it."""

    anchor: str
    html: Markup
    children: list[Heading] = field(default_factory=list)


class InlineParser(MathInlineParser):
    """Inline Markdown with `$…$` as pandoc reads it: `from $5 to $6` is no formula. No other delimiters."""

    SPECIFICATION = MathInlineParser.SPECIFICATION | {
        "inline_math_tex": r"(?<![$\\])\$(?=\S)(?P<math_inline_tex>(?:[^$\\]|\\[\s\S])+?)(?<!\s)\$(?!\d)"
    }
    DEFAULT_RULES = tuple(
        rule
        for rule in MathInlineParser.DEFAULT_RULES
        if rule not in {"block_math_latex", "inline_math_latex", "latex_environment"}
    )


class Renderer(IPythonRenderer):
    """Markdown to HTML: raw HTML becomes text, formulae MathML, and headings are collected for the contents."""

    def __init__(self, language: Language, taken: set[str]) -> None:
        super().__init__(escape=True, allow_harmful_protocols=False)
        self.language = language
        self.taken = taken
        self.headings: list[Heading] = []

    def heading(self, text: str, level: int, **attrs: Any) -> str:  # noqa: ARG002
        """Write a heading with an anchor of its own; a second title of the page becomes a section."""
        level = max(level, 2)
        heading = Heading(self._anchor(text), safe(re.sub(r"</?a\b[^>]*>", "", text)))
        if level == 2 or not self.headings:
            self.headings.append(heading)
        elif level == 3:
            self.headings[-1].children.append(heading)
        return f'<h{level} id="{heading.anchor}">{text}</h{level}>\n'

    def _anchor(self, text: str) -> str:
        words = re.sub(r"[^\w]+", "-", safe(text).striptags().lower()).strip("-") or "section"
        anchor, count = words, 1
        while anchor in self.taken:
            count += 1
            anchor = f"{words}-{count}"
        self.taken.add(anchor)
        return anchor

    def inline_math(self, body: str) -> str:
        """Write a formula in the line."""
        return to_mathml(body)

    def block_math(self, body: str) -> str:
        """Write a displayed formula, which scrolls by itself where it is wider than the page."""
        label = WORDS["formula"][self.language]
        return f'<span class="equation" role="group" aria-label="{label}" tabindex="0">{to_mathml(body, True)}</span>'

    def block_code(self, code: str, info: str | None = None) -> str:
        """Write a block of code, coloured where it is Python."""
        return str(highlight(code) if info == "python" else Markup("<pre><code>{}</code></pre>\n").format(code))

    def image(self, text: str, url: str, title: str | None = None) -> str:  # noqa: ARG002
        """Refuse an image that would have to be loaded."""
        raise UserError(f"image {url!r} in the text: publish it with show(), which asks for its alternative text")

    def table(self, text: str) -> str:
        """Wrap a Markdown table, so that it scrolls by itself."""
        label = WORDS["table"][self.language]
        return f'<div class="scroll" role="group" aria-label="{label}" tabindex="0"><table>\n{text}</table></div>\n'

    def table_cell(self, text: str, align: str | None = None, head: bool = False) -> str:
        """Write a cell of a Markdown table; a header says that it heads a column."""
        tag, scope = ("th", ' scope="col"') if head and text else ("td", "")
        number = ' class="number"' if align == "right" else ""
        return f"<{tag}{scope}{number}>{text}</{tag}>\n"


class EvaluationHTMLExporter(TemplateExporter):
    """One language of an executed notebook as an HTML page.

    The traits say where the page stands: the study, the other pages as `(href, title, current)`, the same page in the
    other language, and a banner that every screen and every printed sheet shows.
    """

    export_from_notebook = "Evaluation report (HTML)"
    output_mimetype = "text/html"
    file_extension = Unicode(".html").tag(config=True)
    template_name = Unicode("evaluation_html").tag(config=True, affects_template=True)
    language = Enum(LANGUAGES, "it", help="Language of the page").tag(config=True)
    study_title = Unicode(help="Name of the study, in the header").tag(config=True)
    banner = Unicode(help="Words that stand on every page, such as SYNTHETIC DATA").tag(config=True)
    pages: List[Any] = List(help="The pages of the report: (href, title, current)").tag(config=True)
    other_language_href = Unicode(help="Where the same page stands in the other language").tag(config=True)

    @default("extra_template_basedirs")
    def _default_extra_template_basedirs(self) -> list[str]:
        return [str(TEMPLATES)]

    def _create_environment(self) -> Environment:
        environment: Environment = super()._create_environment()  # type: ignore[no-untyped-call]
        environment.autoescape = True
        return environment

    def from_notebook_node(  # type: ignore[override]
        self, nb: NotebookNode, resources: dict[str, Any] | None = None, **kw: Any
    ) -> tuple[str, dict[str, Any]]:
        """Return the page, and nbconvert's resources.

        Raises
        ------
        UserError
            A float without label, caption or alternative text, an unknown reference, an unreadable formula.
        """
        nb, resources = super(TemplateExporter, self).from_notebook_node(nb, resources, **kw)
        page = read_page(nb, self.language, resources.get("metadata", {}).get("name", ""), sources=True)
        labels = {block.label for block in page.blocks if isinstance(block, Float)}
        renderer = Renderer(self.language, {"content"} | labels)
        markdown = MarkdownWithMath(renderer, inline=InlineParser(hard_wrap=False), plugins=_plugins())
        html = self.template.render(
            site=self,
            page=page,
            markdown=lambda source: safe(markdown.render(source)),
            headings=renderer.headings,  # filled while the body is rendered, read after it
            words={name: word[self.language] for name, word in WORDS.items()},
            neighbours=_neighbours(self.pages),
            highlight=highlight,
            code_style=code_style(),
            data_uri=data_uri,
            table_html=table_html,
            wide=WIDE,
            script=script(),
            script_hash=script_hash(),
        )
        return with_sources(html), resources


def safe(html: str) -> Markup:
    """Mark as HTML what a renderer has escaped."""
    return Markup(html)  # noqa: S704


def highlight(source: str) -> Markup:
    """Return Python source as HTML, coloured by `code_style`."""
    from pygments import highlight as colour
    from pygments.formatters import HtmlFormatter
    from pygments.lexers import PythonLexer

    lines = colour(source, PythonLexer(), HtmlFormatter(nowrap=True))
    return Markup('<pre class="highlight"><code>{}</code></pre>\n').format(safe(lines))


@cache
def code_style() -> Markup:
    """Return the colours of code as CSS, with AAA contrast on light and on dark."""
    from a11y_pygments.a11y_high_contrast_dark.style import Theme as Dark
    from a11y_pygments.a11y_high_contrast_light.style import Theme as Light
    from pygments.formatters import HtmlFormatter

    light, dark = (HtmlFormatter(style=style).get_style_defs(".highlight") for style in (Light, Dark))
    return Markup("{}\n@media screen and (prefers-color-scheme: dark) {{\n{}\n}}").format(safe(light), safe(dark))


@cache
def script() -> Markup:
    """Return our one script, which sorts tables; without it a page has the same content."""
    return safe((TEMPLATES / "evaluation_html" / "sort.js").read_text(encoding="utf-8"))


def script_hash() -> str:
    """Return the digest by which the page's content security policy lets that script run, and no other."""
    return "sha256-" + base64.b64encode(hashlib.sha256(script().encode()).digest()).decode()


def data_uri(svg: str) -> str:
    """Return a drawing as the address of an image, inert and apart from the ids of the page."""
    return "data:image/svg+xml;base64," + base64.b64encode(svg.encode()).decode()


def _plugins() -> list[Any]:
    from mistune.plugins import import_plugin

    return [import_plugin("strikethrough"), import_plugin("table")]


def _neighbours(pages: list[tuple[str, str, bool]]) -> dict[str, tuple[str, str, bool]]:
    here = next((position for position, (_, _, current) in enumerate(pages) if current), None)
    if here is None:
        return {}
    beside = {"previous": pages[here - 1 : here], "next": pages[here + 1 : here + 2]}
    return {name: found[0] for name, found in beside.items() if found}
