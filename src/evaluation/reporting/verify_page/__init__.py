"""The page verify.html: what a browser alone can check of a report, offline, without server or installation."""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from pathlib import Path

from markupsafe import Markup

SCRIPTS = ("der.js", "cms.js", "report.js", "page.js")
STYLE, TEMPLATE = "style.css", "page.html.j2"


def write_verify_page(path: Path) -> None:
    """Write the page; the same bytes for every report, so that a copy from elsewhere serves as well."""
    path.write_text(verify_page(), encoding="utf-8")


@cache
def verify_page() -> str:
    """Return the page: one file, whose policy lets run and show only what it carries, by hash."""
    from jinja2 import Environment, PackageLoader

    here = Path(__file__).parent
    script = "\n".join((here / name).read_text(encoding="utf-8") for name in SCRIPTS)
    style = (here / STYLE).read_text(encoding="utf-8")
    environment = Environment(loader=PackageLoader("evaluation.reporting", "verify_page"), autoescape=True)
    return environment.get_template(TEMPLATE).render(
        script=Markup(script),  # noqa: S704  our own file
        style=Markup(style),  # noqa: S704
        script_hash=_source(script),
        style_hash=_source(style),
    )


def _source(content: str) -> str:
    """Return the hash of a script or style as a content security policy names it."""
    return "sha256-" + base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
