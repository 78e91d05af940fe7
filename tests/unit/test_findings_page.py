"""The page and the table that go to a centre: what was found, by child, harmless wherever it is opened, and no name."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import pytest
from lxml import html

from evaluation.errors import UserError
from evaluation.language import LANGUAGES, Language, text
from evaluation.reporting.findings.finding_groups import discreet, grouped
from evaluation.reporting.findings.findings_page import MOST, findings_table, render_page, write_findings
from evaluation.study.findings import Finding, Words

TITLE = text("Studio di prova", "A study to try")
EXPECTED, ACTION = text("da 1 a 5", "1 to 5"), text("Guardare.", "Look.")
QUESTION = text("Mi piace?", "Do I like it?")
HOSTILE = (
    "<script>alert(1)</script>", '"><img src=x onerror=alert(2)>', '=HYPERLINK("http://evil.example","x")', "@SUM(A1)", "+1+1",
    "-2+3", "\tcell", "\x1b[31mred\x1b[0m", "{{ 7 * 7 }}", "[bold]b[/bold]", "a\r\nb", "\u202egnirts", "' OR 1=1", "</style><b>",
    "\t=1+1", "  =1+1", "\r=1+1", "\u00a0+1+1", "＝1+1", " ＋1+1", "－1+1", "＠SUM(A1)", "\u202e=1+1", "\u200b@x",
)  # fmt: skip


def a_finding(**changes: object) -> Finding:
    fields = {
        "level": "error", "kind": "range", "file": "responses.csv", "found": "9", "expected": EXPECTED, "action": ACTION,
        "row": 3, "column": "value", "child": "N01", "cell": "D3", "question": QUESTION,
    }  # fmt: skip
    return Finding(**(fields | changes))


def words(page: str) -> str:
    return " ".join(" ".join(html.fromstring(page).find(".//main").itertext()).split())


# Groups -----------------------------------------------------------------------------------------------------------


def test_children_come_first_in_order_and_whole_files_last():
    found = [a_finding(child=child) for child in ("", "S02", "N01")]
    assert [group.child for group in grouped(found)] == ["N01", "S02", ""]


def test_in_a_group_the_gravest_come_first_and_each_level_is_counted():
    found = [a_finding(level="note", kind="extra_column"), a_finding(level="warning", kind="age"), a_finding()]
    (group,) = grouped(found)
    assert [entry.finding.level for entry in group.entries] == ["error", "warning", "note"]
    assert group.levels == ("error", "warning", "note")
    assert group.count("warning") == 1


def test_the_same_thing_in_many_rows_is_told_once_with_its_rows():
    found = [a_finding(row=row, cell=f"A{row}", column="participant", question=None) for row in (5, 6, 7, 8)]
    (entry,) = grouped(found)[0].entries
    assert entry.place("it") == "celle A5–A8"
    scattered = [a_finding(row=row, cell=f"A{row}") for row in range(2, 40, 4)]
    assert grouped(scattered)[0].entries[0].place("en") == "cells A2, A6, A10, A14, A18, A22, … (10)"
    assert grouped([a_finding(cell="")])[0].entries[0].place("en") == "row 3"
    assert grouped([a_finding(cell="", row=None)])[0].entries[0].place("en") == ""


# No names ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("Mario Rossi", "Ma… Ro…"), ("D'Angelo", "D'…"), ("Anna-Maria 2010", "An… 2010"), ("N01", "N01"), ("3,5", "3,5"),
        ("making_1", "making_1"), ("north", "north"), ("sì", "sì"), ("nord", "no…"), ("", ""), ("Łukasz", "Łu…"),
    ],
)  # fmt: skip
def test_words_that_may_be_names_are_cut(value: str, shown: str):
    assert discreet(value, {"north"}) == shown


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_name_reaches_page_or_table(language: Language):
    found = [
        a_finding(child="Giulia Esposito", found="Giulia Esposito", kind="unknown_child"),
        a_finding(child="", found="Carla Bianchi, north", kind="missing_column", column="participant"),
    ]
    shown = render_page(TITLE, found, language) + findings_table(found).to_csv()
    assert not re.search("Giulia|Esposito|Carla|Bianchi", shown)
    assert "Gi… Es…" in shown


# Hostile text -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("attack", HOSTILE)
@pytest.mark.parametrize("name", ["file", "sheet", "column", "cell", "child", "found", "kind"])
def test_hostile_text_is_text_in_the_page(attack: str, name: str):
    page = render_page(text(attack, attack), [a_finding(**{name: attack})], "en")
    tree = html.fromstring(page)
    assert tree.xpath("//script | //img | //main//b | //*[@onerror] | //a[@href != '#content']") == []
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f\u202e]", page)
    assert "49" not in words(page).replace(attack, "")


@pytest.mark.parametrize("attack", HOSTILE)
def test_hostile_text_is_text_in_the_table(tmp_path: Path, attack: str):
    wording = text(attack, attack)
    finding = a_finding(
        file=attack,
        sheet=attack,
        column=attack,
        child=attack,
        found=attack,
        expected=wording,
        action=wording,
        question=wording,
    )
    write_findings(tmp_path, TITLE, [finding])
    with (tmp_path / "findings.csv").open(encoding="utf-8", newline="") as stream:
        header, *rows = csv.reader(stream)
    assert len(rows) == 1
    assert len(rows[0]) == len(header)
    assert not any(re.match(r"(\s|\\[a-z0-9]+?(?=[=+@-]))*[=+\-@＝＋－＠]", cell) for cell in rows[0])
    assert not any(re.search(r"[\x00-\x1f\x7f\u202e]", cell) for cell in rows[0])


# The page ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_finding_shows_place_question_found_expected_and_what_to_do(language: Language):
    shown = words(render_page(TITLE, [a_finding()], language))
    cell = {"it": "cella D3", "en": "cell D3"}[language]
    for part in (
        TITLE[language],
        "N01",
        "responses.csv",
        cell,
        "value",
        QUESTION[language],
        '"9"',
        EXPECTED[language],
        ACTION[language],
    ):
        assert part in shown
    assert {"it": "Valore fuori scala", "en": "Value out of range"}[language] in shown
    assert {"it": "1 errore", "en": "1 error"}[language] in shown


def test_our_own_words_speak_the_language_of_the_page():
    finding = a_finding(found=Words("niente", "nothing"))
    assert "Trovato niente" in words(render_page(TITLE, [finding], "it"))
    assert "Found nothing" in words(render_page(TITLE, [finding], "en"))


def test_a_page_without_findings_says_so():
    assert "Nothing to mend" in words(render_page(TITLE, [], "en"))


def test_a_page_keeps_its_size_and_says_what_it_leaves_out():
    found = [a_finding(row=k, cell=f"D{k}", found=str(k), child=f"N{k % 7}") for k in range(MOST + 250)]
    page = render_page(TITLE, found, "en")
    assert len(html.fromstring(page).find_class("finding")) == MOST
    assert words(page).endswith("is in findings.csv: 250")
    assert len(findings_table(found)) == MOST + 250


# Files ------------------------------------------------------------------------------------------------------------


def test_files_are_replaced_whole_and_nothing_else_is_left(tmp_path: Path):
    (tmp_path / "check.it.html").write_text("old")
    written = write_findings(tmp_path / "beside", TITLE, [a_finding()])
    assert sorted(path.name for path in (tmp_path / "beside").iterdir()) == [
        "check.en.html",
        "check.it.html",
        "findings.csv",
    ]
    assert {path.name for path in written} == {"check.en.html", "check.it.html", "findings.csv"}
    (only,) = [path for path in write_findings(tmp_path, TITLE, [], ["it"]) if path.suffix == ".html"]
    assert only.read_text(encoding="utf-8") != "old"
    assert not (tmp_path / "check.en.html").exists()


def test_the_columns_in_words_follow_the_languages():
    assert [name for name in findings_table([a_finding()], ["it"]).columns if name.endswith(("_it", "_en"))] == [
        "question_it", "found_it", "expected_it", "action_it",
    ]  # fmt: skip


def test_a_place_that_cannot_be_written_is_a_user_error(tmp_path: Path):
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="--output"):
        write_findings(tmp_path / "file", TITLE, [])
