"""The door of a report, index.html: what was found, how sure, what is paid, what could be wrong; then every page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from evaluation.language import LANGUAGES, Language, Text

if TYPE_CHECKING:
    from collections.abc import Mapping

WORDS: dict[str, Text] = {
    "title": {"it": "Rapporto di valutazione", "en": "Evaluation report"},
    "skip": {"it": "Vai al contenuto", "en": "Skip to content"},
    "answers": {"it": "In breve", "en": "In short"},
    "pages": {"it": "Pagine del rapporto", "en": "Pages of the report"},
    "downloads": {"it": "Da scaricare", "en": "Downloads"},
    "verify": {"it": "Come verificare", "en": "How to verify"},
}


@dataclass(frozen=True)
class Door:
    """What the first page says.

    `answers` are (question, answer); `pages` (title, address in each language); `downloads` (label, address).
    """

    study_title: Text
    banner: Text | None
    answers: tuple[tuple[Text, Text], ...]
    pages: tuple[tuple[Text, Mapping[Language, str]], ...]
    downloads: tuple[tuple[Text, str], ...]
    verify_hint: Text


def render_door(door: Door) -> str:
    """Return the first page as HTML: Italian, and English beside it, in one file without scripts."""
    from jinja2 import Environment, PackageLoader

    from evaluation.publishing.exhibits import with_sources

    environment = Environment(loader=PackageLoader("evaluation.reporting"), autoescape=True, trim_blocks=True)
    return with_sources(environment.get_template("door.html.j2").render(door=door, words=WORDS, languages=LANGUAGES))
