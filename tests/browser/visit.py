"""A page of a report as a browser shows it, with all it asked for and complained about."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from playwright.sync_api import Browser, Dialog, Page

from evaluation.language import LANGUAGES
from evaluation.pipeline.steps import NOTEBOOKS

PAGES = ("index.html", *(f"{notebook.name}.{language}.html" for notebook in NOTEBOOKS for language in LANGUAGES))
PHONE = {"width": 360, "height": 740}


@dataclass
class Visit:
    """An open page; `requests` are the addresses it loaded, `complaints` what console, errors and dialogs said."""

    page: Page
    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def sheets(self) -> list[str]:
        """Return the text of each sheet when the page is printed."""
        printed = subprocess.run(["pdftotext", "-", "-"], input=self.page.pdf(), capture_output=True, check=True)
        return printed.stdout.decode().split("\f")[:-1]


@contextmanager
def visit(
    browser: Browser, path: Path, *, scheme: Literal["light", "dark"] = "light", phone: bool = False
) -> Iterator[Visit]:
    """Open a file in a fresh window."""
    context = browser.new_context(color_scheme=scheme, **({"viewport": PHONE} if phone else {}))
    seen = Visit(context.new_page())

    def dismiss(dialog: Dialog) -> None:
        seen.complaints.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    seen.page.on("request", lambda request: seen.requests.append(request.url))
    seen.page.on("console", lambda message: seen.complaints.append(f"{message.type}: {message.text}"))
    seen.page.on("pageerror", lambda error: seen.complaints.append(str(error)))
    seen.page.on("dialog", dismiss)
    seen.page.goto(path.resolve().as_uri(), wait_until="load")
    try:
        yield seen
    finally:
        context.close()
