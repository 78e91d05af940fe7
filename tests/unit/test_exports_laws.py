"""Three laws of every layout: no cell is lost, no answer goes to another child, and a second import changes nothing."""

from __future__ import annotations

import csv
import io
import random
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from corpus.answers import ITEMS, Sheet, imported, sheets, truth
from corpus.exporters import CORPUS, Export
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from study_builder import build

from evaluation.intake.exports.export_file import read_sheets
from evaluation.intake.exports.importing import Imported, import_exports
from evaluation.intake.exports.recognition import SIGNATURES
from evaluation.study.findings import StudyDefects

ONE_EACH = {platform: next(name for name in CORPUS if name.startswith(f"{platform}-")) for platform in SIGNATURES}
TEXT = {
    platform: name
    for platform, name in ONE_EACH.items()
    if platform not in ("microsoft_forms", "eusurvey", "spss", "odk_central")
}


def study(factory: pytest.TempPathFactory) -> Path:
    """A study without answers."""
    return build(factory.mktemp("study") / "study").remove("responses.csv").path


def taken(export: Export, folder: Path, **changes: object) -> Imported:
    return import_exports([export.write(folder, **changes)], folder)


@st.composite
def answered(draw: st.DrawFn) -> list[Sheet]:
    """Sheets of the corpus in any order, some without an answer to some items."""
    made = draw(st.permutations(sheets()))
    gone = draw(st.sets(st.tuples(st.integers(0, 7), st.integers(0, 6)), max_size=12))
    return [
        replace(one, answers=tuple(None if (k, i) in gone else v for i, v in enumerate(one.answers)))
        for k, one in enumerate(made)
    ]


LAW = settings(max_examples=4, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))


@pytest.mark.parametrize("platform", ONE_EACH)
@given(table=answered())
@LAW
def test_every_cell_and_every_row_is_an_answer_or_counted(
    tmp_path_factory: pytest.TempPathFactory, platform: str, table: list[Sheet]
):
    folder = study(tmp_path_factory)
    export = CORPUS[ONE_EACH[platform]](table)
    done = taken(export, folder)
    given_answers = Counter(
        (one.child, one.wave, item, value)
        for one in table
        for item, value in zip(ITEMS, one.answers, strict=True)
        if value
    )
    assert Counter(answer[:4] for answer in imported(folder) if answer[3]) == given_answers
    assert all(sum(one.counts.values()) == one.read for one in done.tallies)
    again = taken(export, folder)
    assert again.new == 0 and {one.counts["imported"] for one in again.tallies} == {0}


@pytest.mark.parametrize("platform", ONE_EACH)
@pytest.mark.parametrize("fault", ["filter", "skip", "wave", "item"])
def test_what_is_left_out_is_counted_and_nothing_else_is(
    tmp_path_factory: pytest.TempPathFactory, platform: str, fault: str
):
    folder = study(tmp_path_factory)
    export = CORPUS[ONE_EACH[platform]](sheets())
    column = export.entry["wave_column"]
    written = next(iter(column.get("values", {"t0": "t0"})))
    first = 0 if platform == "spss" else read_sheets(export.save(folder.parent))[0][0].first
    changes: dict[str, object] = {
        "filter": {"filter": [{"column": column["column"], "is_not": [written]}]},
        "wave": {"wave_column": {**column, "values": {**column.get("values", {"t1": "t1"}), written: None}}},
        "skip": {"skip": [{"row": first + HEADERS.get(platform, 1), "why": "a trial"}]},
        "item": {"items": dict(list(export.entry.get("items", {i: i for i in ITEMS}).items())[1:])},
    }[fault]
    if fault == "item" and platform == "plain_long":
        with pytest.raises(StudyDefects):  # each row of a long table names an item, which must be known
            taken(export, folder, **changes)
        return
    done = taken(export, folder, **changes)
    rest = {
        "filter": [one for one in sheets() if one.wave != "t0"], "wave": [one for one in sheets() if one.wave != "t0"],
        "skip": sheets()[1:], "item": sheets(),
    }[fault]  # fmt: skip
    expected = {answer[:4] for answer in truth(rest) if answer[3] and (fault != "item" or answer[2] != ITEMS[0])}
    if fault == "skip" and platform == "plain_long":  # whose row is one answer
        expected = {answer[:4] for answer in truth(sheets())[1:] if answer[3]}
    assert {answer[:4] for answer in imported(folder) if answer[3]} == expected
    assert all(sum(one.counts.values()) == one.read for one in done.tallies)


HEADERS = {"limesurvey_vv": 2, "surveymonkey": 2, "qualtrics": 3, "eusurvey": 4}  # rows before the first answer


@pytest.mark.parametrize("platform", TEXT)
def test_the_order_of_rows_and_columns_and_a_child_s_name_change_nothing_else(
    tmp_path_factory: pytest.TempPathFactory, platform: str
):
    export = CORPUS[TEXT[platform]](sheets())
    delimiter, encoding = DIALECTS.get(platform, (",", "utf-8"))
    rows = list(csv.reader(io.StringIO(export.content.decode(encoding), newline=""), delimiter=delimiter))
    top, draw = HEADERS.get(platform, 1), random.Random(platform)  # noqa: S311 (an order, no secret)
    held, moved = rows[:top], rows[top:]
    draw.shuffle(moved)
    places = list(range(len(rows[0])))
    if platform in LOOSE:  # whose signature does not look at the place of columns
        draw.shuffle(places)
    out = io.StringIO()
    quoting = csv.QUOTE_ALL if platform in ("limesurvey_csv", "kobotoolbox", "redcap_labels") else csv.QUOTE_MINIMAL
    csv.writer(out, delimiter=delimiter, quoting=quoting).writerows([row[k] for k in places] for row in [*held, *moved])
    shuffled = out.getvalue()
    folder = study(tmp_path_factory)
    taken(replace(export, content=shuffled.encode(encoding)), folder)
    assert imported(folder) == export.truth
    folder = study(tmp_path_factory)
    taken(replace(export, content=shuffled.replace("N03", "N09").encode(encoding)), folder)
    renamed = [("N09" if answer[0] == "N03" else answer[0], *answer[1:]) for answer in export.truth]
    assert imported(folder) == sorted(renamed, key=lambda answer: (*answer[:2], str(ITEMS.index(answer[2]))))


DIALECTS = {
    "limesurvey_csv": (";", "utf-8-sig"),
    "limesurvey_vv": ("\t", "utf-8-sig"),
    "kobotoolbox": (";", "utf-8-sig"),
}
LOOSE = {"kobotoolbox", "qualtrics", "typeform", "plain_long", "plain_wide", "surveycto"}
