"""The pages of the course in a real browser: reachable for everyone, load nothing, links resolve, progress is kept."""

from __future__ import annotations

from pathlib import Path
from typing import Literal
from urllib.parse import unquote, urldefrag, urlparse

import pytest
from axe_playwright_python.sync_playwright import Axe
from conftest import Repository
from evaluation_course.lesson import lessons
from lxml import html
from playwright.sync_api import Browser
from visit import visit

from evaluation.language import LANGUAGES

PAGES = [f"{name}.{code}.html" for name in ("index", *(each.name for each in lessons())) for code in LANGUAGES]
OPEN = "document.querySelectorAll('details').forEach(each => each.open = true)"


@pytest.fixture(scope="module")
def course(repository: Repository, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("course") / "lessons"
    repository.evaluation("lessons", "--output", folder)
    return folder.resolve()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", PAGES)
def test_axe_finds_nothing(browser: Browser, course: Path, name: str, scheme: Literal["light", "dark"]) -> None:
    with visit(browser, course / name, scheme=scheme) as seen:
        seen.page.evaluate(OPEN)
        found = Axe().run(seen.page)
    assert found.violations_count == 0, found.generate_report()


@pytest.mark.parametrize("name", PAGES)
def test_loads_nothing_complains_of_nothing_and_fits_a_phone(browser: Browser, course: Path, name: str) -> None:
    with visit(browser, course / name, phone=True) as seen:
        seen.page.evaluate(OPEN)
        widths = seen.page.evaluate("[document.documentElement.scrollWidth, document.documentElement.clientWidth]")
        assert seen.requests == [(course / name).as_uri()]
        assert seen.complaints == []
    assert widths[0] <= widths[1]


@pytest.mark.parametrize("name", PAGES)
def test_every_link_leads_somewhere_in_the_course(browser: Browser, course: Path, name: str) -> None:
    with visit(browser, course / name) as seen:
        links = seen.page.eval_on_selector_all("a[href]", "links => links.map(link => link.href)")
    assert links
    for link in links:
        address, anchor = urldefrag(link)
        target = Path(unquote(urlparse(address).path))
        assert urlparse(address).scheme == "file", link
        assert target.is_file(), link
        assert target.is_relative_to(course), link
        anchors = html.parse(target).xpath("//@id") if anchor else []
        assert not anchor or unquote(anchor) in anchors, link


@pytest.mark.parametrize("name", PAGES)
def test_a_printed_page_keeps_solutions_to_itself(browser: Browser, course: Path, name: str) -> None:
    with visit(browser, course / name) as seen:
        printed = " ".join(seen.sheets())
    assert not [word for word in ("Soluzione", "Solution", "Suggerimento", "Hint") if f"{word}\n" in printed]


def test_progress_is_kept_and_shared_by_the_languages(browser: Browser, course: Path) -> None:
    context = browser.new_context()
    page = context.new_page()
    page.goto((course / "index.it.html").as_uri())
    box = f"input[value='{lessons()[-1].number}']"
    page.check(box)
    page.goto((course / "index.en.html").as_uri())
    assert page.is_checked(box)
    page.uncheck(box)
    page.reload()
    assert not page.is_checked(box)
    context.close()


def test_without_scripts_the_first_page_is_a_list_to_tick(browser: Browser, course: Path) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto((course / "index.it.html").as_uri())
    assert page.locator("input[type=checkbox]").count() == len(lessons())
    context.close()
