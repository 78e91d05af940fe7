"""A printed number carries its cell into the page, and only there."""

from __future__ import annotations

import pandas as pd
import pytest

from evaluation.citation import CLOSE, OPEN, SHOWN, cells_of, citing, parsed, uncited
from evaluation.language import exact, interval, number, p_value, percent
from evaluation.publishing.exhibits import PROSE, Sentence, bundle, with_sources
from evaluation.publishing.published_tables import read_published, to_number, write_table
from evaluation.reporting.displays.result_tables import build, numeric


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "estimates.csv"
    write_table(pd.DataFrame({"outcome": ["a", "b"], "estimate": [0.5, -0.25], "p": [0.0004, 0.2]}), path)
    return read_published(path)


@pytest.mark.parametrize(
    ("write", "shown", "written"),
    [
        (lambda cell: number(to_number(cell), "it"), "−0,25", "number:2"),
        (lambda cell: percent(to_number(cell), "en"), "−25\N{NO-BREAK SPACE}%", "percent:0"),
        (lambda cell: exact(cell, "it"), "−0,25", "exact"),
        (lambda cell: p_value(to_number(cell), "en"), "<\N{NO-BREAK SPACE}0.001", "p_value"),
    ],
)
def test_each_way_of_writing_says_the_cell_and_how_it_was_written(table, write, shown, written):
    cell = table.to_dict("records")[1]["estimate"]
    with citing():
        text = write(cell)
    assert with_sources(text) == (
        f'<data class="n" value="-0.25" data-from="estimates.csv:3:estimate" data-as="{written}">{shown}</data>'
    )
    assert uncited(text) == shown == write(cell)


def test_both_ends_of_an_interval_have_their_own_cell(table):
    low, high = (to_number(cell) for cell in (table["estimate"][1], table["estimate"][0]))
    with citing():
        html = with_sources(interval(low, high, "en"))
    assert html.index("csv:3:") < html.index("csv:2:")


def test_what_is_computed_from_a_number_is_no_longer_its_cell(table):
    with citing():
        assert number(2 * to_number(table["estimate"][0]), "en") == "1.00"
        assert number(0.5, "en") == "0.50"


def test_a_table_cites_numbers_and_cells_printed_as_they_stand(table):
    columns = {"Outcome": (lambda r: r["outcome"], False), "Effect": (numeric("estimate", "it"), True)}
    made = build(table.to_dict("records"), columns, "C.")
    data, about = bundle("tbl-a", "it", made)
    assert 'data-from="estimates.csv:2:outcome" data-as="exact">a</data>' in data["text/html"]
    assert 'data-from="estimates.csv:2:estimate" data-as="number:2">0,50</data>' in data["text/html"]
    assert OPEN not in data["text/html"] + data["text/plain"] + str(about)


def test_a_sentence_reads_plainly_in_the_notebook_and_cites_in_the_page(table):
    with citing():
        sentence = Sentence(f"Effect {number(to_number(table['estimate'][0]), 'en')}.")
    data, _ = bundle("finding", "en", sentence)
    assert data["text/markdown"] == "Effect 0\\.50\\."
    assert OPEN in data[PROSE]


def test_marks_in_hostile_labels_disappear():
    for hostile in (
        f"{OPEN}zz{SHOWN}x{CLOSE}",
        f"{OPEN}{OPEN}",
        f"{OPEN}ab{SHOWN}x{CLOSE}",
        f"{OPEN}3132{SHOWN}x{CLOSE}",
        f"{OPEN}5b5d{SHOWN}x{CLOSE}",
        f"a{SHOWN}b{CLOSE}",
    ):
        assert not set(with_sources(hostile)) & {OPEN, SHOWN, CLOSE}
        assert not set(uncited(hostile)) & {OPEN, SHOWN, CLOSE}


def test_texts_of_a_document_know_their_place():
    document = cells_of({"verdict": {"amount": "35522.13", "steps": [{"value": "1.5"}]}, "format": 1}, "payment.json")
    assert document["verdict"]["steps"][0]["value"].source.row == "/verdict/steps/0/value"
    assert parsed(document["verdict"]["amount"]).source.cell == "35522.13"
    assert document["format"] == 1
