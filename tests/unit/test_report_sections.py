"""Sections 17 and 21 of the report: what is said of the lock, and where each item of the checklist is answered."""

from __future__ import annotations

import itertools
import json
import re

import pytest

from evaluation.assurance.lock.lock import Amendment, LockState
from evaluation.language import LANGUAGES, Language
from evaluation.reporting.displays.deviations import deviations
from evaluation.reporting.displays.trend import ITEMS, NOT_STATED, trend
from evaluation.study.places import repository

LATE = {"it": "c'erano già", "en": "were there already"}
UNCHANGED = {"it": "non è cambiato", "en": "has not changed"}
UNEXPLAINED = {"it": "nessun emendamento lo spiega", "en": "no amendment explains it"}
AMENDED = Amendment("2023-05-02", "Una scala in più.", ("protocol.yml: changed",), after_data=True)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    ("differences", "amendments", "late", "stamped"),
    list(itertools.product(((), ("protocol.yml: changed",)), ((), (AMENDED,)), (True, False), ("", "2023-03-02"))),
)
def test_the_section_says_what_the_lock_shows_and_no_more(
    language: Language, differences: tuple[str, ...], amendments: tuple[Amendment, ...], late: bool, stamped: str
):
    state = LockState(
        True, "2023-03-01", stamped, confirmed=bool(stamped), differences=differences, after_data=late,
        amendments=amendments,
    )  # fmt: skip
    said = deviations(state, language)
    assert "2023-03-01" in said
    assert (LATE[language] in said) == late
    assert ("2023-03-02" in said) == bool(stamped)
    assert (UNEXPLAINED[language] in said) == bool(differences)
    assert ("Una scala in più." in said) == bool(amendments)
    assert (UNCHANGED[language] in said) == (not differences and not amendments)
    assert "changed" not in said.replace(UNCHANGED["en"], "")  # a name of a file, not words of the other language


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_protocol_that_was_not_locked_proves_nothing(language: Language):
    said = deviations(LockState(locked=False), language)
    assert {"it": "non si può dimostrare", "en": "cannot be shown"}[language] in said


def headings(language: Language) -> set[int]:
    report = json.loads((repository() / "notebooks" / "evaluator_report.ipynb").read_text(encoding="utf-8"))
    cells = ("".join(cell["source"]) for cell in report["cells"] if language in cell["metadata"].get("tags", ()))
    return {int(number) for cell in cells for number in re.findall(r"^## (\d+) ", cell, re.M)}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_item_points_to_sections_that_exist_or_says_why_not(language: Language):
    assert [number for number, *_ in ITEMS] == [str(number) for number in range(1, 23)]
    assert {section for *_, sections in ITEMS for section in sections} <= headings(language)
    assert {number for number, _, sections in ITEMS if not sections} == set(NOT_STATED)
    assert all(all(cell for cell in row) for row in trend(language).rows)
