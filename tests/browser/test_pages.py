"""Every page of the report in a real browser: reachable for everyone, loads nothing, prints, speaks one language."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Literal
from urllib.parse import unquote, urldefrag, urlparse

import pytest
from axe_playwright_python.sync_playwright import Axe
from lxml import html
from playwright.sync_api import Browser
from visit import PAGES, visit

from evaluation.language import LANGUAGES, Language

BANNER = {"it": "DATI SINTETICI, DIMOSTRAZIONE", "en": "SYNTHETIC DATA, DEMONSTRATION"}
STOCK = re.compile(
    r"no description|image|figure size|notebook output|^fig(ure|ura)?\W*\d*$|\.(png|svg)$", re.IGNORECASE
)
# Common words that belong to one of the languages only, and to no name of a method, a project or a role
ENGLISH = """the which were children between than not with estimate estimates interval because should this from just
    undated lost analysed enrolled wave treated unit sample earned items"""
ITALIAN = """che della dello degli delle sono più perché questo questa nessun nessuno ragazzi bambini stima stime
    intervallo esito esiti oppure rilevazione senza anche dalla nella poco datato persi iscritti dovuto"""
FOREIGN: dict[Language, frozenset[str]] = {"it": frozenset(ENGLISH.split()), "en": frozenset(ITALIAN.split())}
WORDS = """language => {
  const own = e => (e.closest("[lang]") || document.documentElement).lang === language;
  const skipped = e => e.closest("code, pre, script, style, math, a[href^='tables/']");
  const words = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const parent = walker.currentNode.parentElement;
    if (own(parent) && !skipped(parent)) words.push(walker.currentNode.textContent);
  }
  for (const image of document.images) if (own(image)) words.push(image.alt);
  return words.join(" ");
}"""


@pytest.fixture(scope="module")
def reports(shipped: Path) -> Path:
    return (shipped / "reports").resolve()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", PAGES)
def test_has_no_violation_that_axe_finds(
    browser: Browser, reports: Path, name: str, scheme: Literal["light", "dark"]
) -> None:
    with visit(browser, reports / name, scheme=scheme) as seen:
        seen.page.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
        found = Axe().run(seen.page)
    assert found.violations_count == 0, found.generate_report()


@pytest.mark.parametrize("name", PAGES)
def test_asks_for_nothing_but_itself_and_complains_of_nothing(browser: Browser, reports: Path, name: str) -> None:
    with visit(browser, reports / name) as seen:
        assert seen.requests == [(reports / name).as_uri()]
        assert seen.complaints == []


@pytest.mark.parametrize("name", PAGES)
def test_fits_a_phone(browser: Browser, reports: Path, name: str) -> None:
    with visit(browser, reports / name, phone=True) as seen:
        widths = seen.page.evaluate("[document.documentElement.scrollWidth, document.documentElement.clientWidth]")
    assert widths[0] <= widths[1] == 360


@pytest.mark.parametrize("name", PAGES)
def test_every_link_leads_to_a_place_in_the_report(browser: Browser, reports: Path, name: str) -> None:
    with visit(browser, reports / name) as seen:
        links = seen.page.eval_on_selector_all("a[href]", "links => links.map(link => link.href)")
    assert links
    for link in links:
        address, anchor = urldefrag(link)
        assert urlparse(address).scheme == "file", link
        target = Path(unquote(urlparse(address).path))
        assert target.is_file() and target.is_relative_to(reports), link
        assert not anchor or unquote(anchor) in _anchors(target), link


@pytest.mark.parametrize("name", PAGES)
def test_prints_without_an_empty_sheet_and_with_the_banner_on_each(browser: Browser, reports: Path, name: str) -> None:
    banners = BANNER.values() if name == "index.html" else [BANNER[_language(name)]]
    with visit(browser, reports / name) as seen:
        sheets = seen.sheets()
    for number, sheet in enumerate(sheets, start=1):
        shown = "".join(sheet.split())  # spaced capitals are read as words of one letter
        for banner in banners:
            assert banner.replace(" ", "") in shown, f"sheet {number}: {sheet[:300]}"
            shown = shown.replace(banner.replace(" ", ""), "")
        assert len(shown) >= 40, f"sheet {number}: {sheet[:300]}"


@pytest.mark.parametrize("name", PAGES)
def test_every_image_says_in_words_what_it_shows(browser: Browser, reports: Path, name: str) -> None:
    with visit(browser, reports / name) as seen:
        images = seen.page.evaluate(
            "[...document.images].map(each => [each.alt, each.complete && each.naturalWidth > 0])"
        )
    for alternative, loaded in images:
        assert loaded, alternative
        assert len(alternative.split()) >= 5, alternative
        assert not STOCK.search(alternative), alternative


@pytest.mark.parametrize(("name", "language"), [*((name, None) for name in PAGES), ("index.html", "en")])
def test_speaks_its_language_throughout(browser: Browser, reports: Path, name: str, language: Language | None) -> None:
    spoken = language or _language(name)
    with visit(browser, reports / name) as seen:
        words = re.findall(r"[^\W\d_]+", seen.page.evaluate(WORDS, spoken).lower())
    assert len(words) > 100
    assert FOREIGN[spoken] & set(words) == set()


@pytest.mark.parametrize("name", PAGES)
def test_the_first_key_leads_past_the_navigation(browser: Browser, reports: Path, name: str) -> None:
    with visit(browser, reports / name) as seen:
        seen.page.keyboard.press("Tab")
        assert seen.page.evaluate("document.activeElement.matches('a.skip')")
        assert seen.page.locator("a.skip").is_visible()
        seen.page.keyboard.press("Enter")
        assert seen.page.evaluate("document.activeElement.id") == "content"


def _language(name: str) -> Language:
    return next((language for language in LANGUAGES if f".{language}." in name), "it")


def _anchors(page: Path) -> set[str]:
    return set(html.parse(str(page)).getroot().xpath("//@id"))


SHOWN = """table => [...table.tBodies[0].rows].map(row => row.cells[1].textContent)"""


def test_a_heading_sorts_its_table_up_down_and_back(browser: Browser, reports: Path) -> None:
    with visit(browser, reports / "04_effects.it.html") as seen:
        table = seen.page.locator("#tbl-outcomes table")
        published = table.evaluate(SHOWN)
        heading = table.locator("thead th").nth(1)
        button = heading.get_by_role("button", name="Effetto")
        orders = []
        for state in ("ascending", "descending", None):
            button.focus()
            seen.page.keyboard.press("Enter")
            assert heading.get_attribute("aria-sort") == state
            orders.append(table.evaluate(SHOWN))
        assert not seen.complaints
    value = {shown: float(shown.replace("\N{MINUS SIGN}", "-").replace(",", ".")) for shown in published}
    assert [value[x] for x in orders[0]] == sorted(value[x] for x in published)
    assert orders[1] == orders[0][::-1] or [value[x] for x in orders[1]] == sorted(value.values(), reverse=True)
    assert orders[2] == published != orders[0]


def test_without_scripts_the_content_is_the_same(browser: Browser, reports: Path) -> None:
    texts = []
    for scripts in (True, False):
        context = browser.new_context(java_script_enabled=scripts)
        page = context.new_page()
        page.goto((reports / "04_effects.en.html").as_uri())
        texts.append(page.inner_text("main"))
        context.close()
    assert texts[0] == texts[1]
