"""The page of a check in a real browser: for everyone, on a phone, on paper, without scripts and without a network."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser
from visit import visit

from evaluation.language import LANGUAGES, Language, text
from evaluation.reporting.findings.findings_page import write_findings
from evaluation.study.findings import Finding, Words

ATTACK = '<script>alert(1)</script><img src="http://evil.example/x" onerror=alert(2)>'
LONG = "a-very-long-name-of-a-column-that-nobody-would-choose-" * 3
SCHEMES = ("light", "dark")


def findings() -> list[Finding]:
    expected, action = (
        text("da 1 a 5", "1 to 5"),
        text("Controllare sul questionario.", "Check against the questionnaire."),
    )
    question = text("Mi piace scoprire come funzionano le cose.", "I like finding out how things work.")
    common = {"expected": expected, "action": action, "row": 9, "cell": "D9", "question": question, "column": "value"}
    return [
        Finding("error", "range", "responses.csv", "9", child="N01", **common),
        Finding("warning", "straight_lining", "responses.csv", Words("12 su 12", "12 of 12"), child="N01", **common),
        Finding("warning", "age", "participants.csv", "41", child="S02", **common),
        Finding("error", "invalid_value", "responses.csv", ATTACK, child="S03", **common),
        Finding("note", "extra_column", "participants.csv", LONG, expected, action, row=1, column=LONG, cell="H1"),
    ]


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("check")
    write_findings(folder, text("Studio di prova", "A study to try"), findings(), banner=text("PROVA", "TRIAL"))
    return folder


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("language", LANGUAGES)
def test_has_no_violation_that_axe_finds(
    browser: Browser, pages: Path, language: Language, scheme: Literal["light", "dark"]
) -> None:
    with visit(browser, pages / f"check.{language}.html", scheme=scheme) as seen:
        found = Axe().run(seen.page)
    assert found.violations_count == 0, found.generate_report()


@pytest.mark.parametrize("language", LANGUAGES)
def test_asks_for_nothing_runs_nothing_and_complains_of_nothing(
    browser: Browser, pages: Path, language: Language
) -> None:
    page = pages / f"check.{language}.html"
    with visit(browser, page) as seen:
        assert seen.requests == [page.resolve().as_uri()]
        assert seen.complaints == []
        assert seen.page.locator("script, img, iframe, [onerror]").count() == 0
        assert "<sc…" in seen.page.inner_text("main")


@pytest.mark.parametrize("language", LANGUAGES)
def test_fits_a_phone(browser: Browser, pages: Path, language: Language) -> None:
    with visit(browser, pages / f"check.{language}.html", phone=True) as seen:
        widths = seen.page.evaluate("[document.documentElement.scrollWidth, document.documentElement.clientWidth]")
    assert widths[0] <= widths[1] == 360


def test_levels_are_shown_and_hidden_without_a_script(browser: Browser, pages: Path) -> None:
    with visit(browser, pages / "check.en.html") as seen:
        page = seen.page
        assert page.locator(".finding:visible").count() == 5
        page.locator("#show-error").uncheck()
        assert page.locator(".finding.error:visible").count() == 0
        assert page.locator("details.group:visible").count() == 3  # S03 has nothing but an error
        page.locator("#show-warning").uncheck()
        assert page.locator(".finding:visible").count() == page.locator("details.group:visible").count() == 1
        page.locator("#show-note").uncheck()
        assert page.locator("details.group:visible").count() == 0
        page.locator("#show-error").check()
        assert page.locator(".finding:visible").count() == 2


def test_a_child_folds_by_keyboard_and_prints_all_the_same(browser: Browser, pages: Path) -> None:
    with visit(browser, pages / "check.it.html") as seen:
        seen.page.locator("summary").first.focus()
        seen.page.keyboard.press("Enter")
        assert seen.page.locator(".finding:visible").count() == 3
        sheets = seen.sheets()
    assert all(len(sheet.split()) > 10 for sheet in sheets)
    assert " ".join(sheets).count("Controllare sul questionario.") == 5
