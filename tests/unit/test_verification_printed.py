"""Printed numbers and remade tables: each is compared with its own cell, and a difference is named with its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from evaluation.assurance.provenance.folders import compare_folders
from evaluation.assurance.verification.numbers import compare_printed, written
from evaluation.errors import VerificationFailed
from evaluation.reporting.displays.prose import money

TABLE = "outcome,estimate,p_value,n\nsteam,0.34121,0.0004,41\ntask,-0.5,0.5,\n"
TRACE = '{"verdict": {"amount": "35522.13", "steps": ["0.5"]}}'


def _page(language: str, *numbers: tuple[str, str, str, str]) -> str:
    shown = " ".join(
        f'<data class="n" value="{value}" data-from="{source}" data-as="{how}">{text}</data>'
        for value, source, how, text in numbers
    )
    return f'<!DOCTYPE html><html lang="{language}"><head><style>p{{top:1px}}</style></head><body><p>{shown}</p></body></html>'


@pytest.fixture
def report(tmp_path: Path) -> Path:
    (tmp_path / "tables").mkdir()
    (tmp_path / "tables/estimates.csv").write_text(TABLE)
    (tmp_path / "tables/payment.json").write_text(TRACE)
    return tmp_path


SOUND = {
    "it": (
        ("0.34121", "estimates.csv:2:estimate", "number:2", "0,34"),
        ("-0.5", "estimates.csv:3:estimate", "number:2", "−0,50"),
        ("0.34121", "estimates.csv:2:estimate", "percent:0", "34\N{NO-BREAK SPACE}%"),
        ("0.0004", "estimates.csv:2:p_value", "p_value", "&lt;\N{NO-BREAK SPACE}0,001"),
        ("41", "estimates.csv:2:n", "exact", "41"),
        ("35522.13", "payment.json:/verdict/amount:", "money", "35.522,13"),
    ),
    "en": (
        ("0.34121", "estimates.csv:2:estimate", "number:3", "0.341"),
        ("0.5", "payment.json:/verdict/steps/0:", "exact", "0.5"),
    ),
}


@pytest.mark.parametrize("language", ["it", "en"])
def test_numbers_that_are_those_of_their_cells_are_counted(report: Path, language: str) -> None:
    (report / f"p.{language}.html").write_text(_page(language, *SOUND[language]))
    found = compare_printed(report)
    assert found.differences == ()
    assert found.compared[0]["en"].startswith(
        f"{len(SOUND[language])} numbers compared with their cell on 1 pages; 0 others"
    )


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (("0.34121", "estimates.csv:2:estimate", "number:2", "0,94"), "printed '0,94', expected '0,34'"),
        (("0.34121", "estimates.csv:2:estimate", "number:2", "0.34"), "printed '0.34', expected '0,34'"),
        (("0.94121", "estimates.csv:2:estimate", "number:2", "0,94"), "the page says '0.94121', the table '0.34121'"),
        (("0.34121", "estimates.csv:9:estimate", "number:2", "0,34"), "estimates.csv, 9, estimate: there is no such cell"),
        (("1", "../secret.csv:2:a", "number:2", "1,00"), "there is no such cell"),
        (("0.34121", "estimates.csv:2:estimate", "eval:2", "0,34"), "expected '?'"),
        (("steam", "estimates.csv:2:outcome", "number:2", "1,00"), "expected '?'"),
        (("35522.13", "payment.json:/verdict/amount:", "money", "35.522,14"), "printed '35.522,14', expected '35.522,13'"),
    ],
)  # fmt: skip
def test_a_number_that_is_not_that_of_its_cell_is_named(report: Path, number: tuple[str, ...], said: str) -> None:
    (report / "p.it.html").write_text(_page("it", number))
    (difference,) = compare_printed(report).differences
    assert difference["en"].startswith("p.it.html: ")
    assert said in difference["en"]


def test_numbers_without_a_cell_are_counted_and_code_is_not(report: Path) -> None:
    words = "<p>Tabella 3, il 30 giugno 2023: 1.234,5</p><pre>x = 7</pre><script>8</script><math><mn>9</mn></math>"
    page = _page("it", SOUND["it"][0]).replace("<body>", f"<body>{words}")
    (report / "p.it.html").write_text(page)
    assert "1 pages; 4 others" in compare_printed(report).compared[0]["en"]


def test_each_part_of_a_page_is_read_in_its_own_language(report: Path) -> None:
    page = _page("it", SOUND["it"][0]).replace("</body>", '<section lang="en"><br>%s</section></body>')
    english = _page("en", SOUND["en"][0]).split("<p>")[1].split("</p>")[0]
    (report / "index.html").write_text(page % english)
    assert compare_printed(report).differences == ()


def test_a_page_without_cited_numbers_leaves_the_question_open(report: Path) -> None:
    (report / "p.it.html").write_text(_page("it"))
    assert compare_printed(report).compared == ()


@pytest.mark.parametrize("markup", ["<b></i>" * 120_000, "<b>" * 2000, "<b " * 120_000])
def test_a_page_of_tags_without_end_is_named(report: Path, markup: str) -> None:
    (report / "p.it.html").write_text(markup)
    with pytest.raises(VerificationFailed, match=r"p\.it\.html"):
        compare_printed(report)


@pytest.mark.parametrize("how", ["exact", "money"])
@pytest.mark.parametrize("cell", ["1E+99999999999", "-1E+99999999999", "1E-99999999999", "0E+99999999999"])
def test_a_number_too_long_to_print_is_not_written_out(cell: str, how: str) -> None:
    assert written(cell, how, "it") == (cell if how == "exact" else None)


@pytest.mark.parametrize("amount", ["1E+99999999999", "0E+99999999999"])
def test_an_amount_too_long_to_print_is_refused_by_the_pages_too(amount: str) -> None:
    with pytest.raises(ArithmeticError):
        money(amount, "EUR", "it")


def test_a_page_that_is_no_text_is_named(report: Path) -> None:
    (report / "p.it.html").write_bytes(b"\xff\xfe")
    with pytest.raises(VerificationFailed, match=r"p\.it\.html"):
        compare_printed(report)


@pytest.fixture
def again(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("again")
    (folder / "tables").mkdir()
    (folder / "tables/estimates.csv").write_text(TABLE)
    (folder / "tables/payment.json").write_text(TRACE)
    return folder


def test_the_same_files_agree_but_for_log_and_signatures(report: Path, again: Path) -> None:
    (report / "run.log").write_text("now")
    (report / "SHA256SUMS.p7m").write_text("signed")
    found = compare_folders(report, again)
    assert found.differences == ()
    assert found.compared[0]["en"] == "2 tables compared digit by digit, 2 files byte by byte"


def test_a_digit_is_named_with_table_row_column_and_both_values(report: Path, again: Path) -> None:
    (report / "tables/estimates.csv").write_text(TABLE.replace("0.34121", "0.34122"))
    found = compare_folders(report, again)
    assert [line["en"] for line in found.differences] == [
        "tables/estimates.csv, row 2, estimate: published '0.34122', again '0.34121'",
        "tables/estimates.csv: changed",
    ]
    assert found.compared[1]["en"] == "the largest relative difference is 3e-05"


def test_a_value_of_the_trace_is_named_by_its_place(report: Path, again: Path) -> None:
    (report / "tables/payment.json").write_text(TRACE.replace("35522.13", "59999.99"))
    said = compare_folders(report, again).differences[0]["en"]
    assert said == "tables/payment.json, /verdict/amount: published '59999.99', again '35522.13'"


def test_a_row_left_out_and_a_file_too_many_are_named(report: Path, again: Path) -> None:
    (report / "tables/estimates.csv").write_text("".join(TABLE.splitlines(keepends=True)[:2]))
    (report / "notes.txt").write_text("")
    said = [line["en"] for line in compare_folders(report, again).differences]
    assert "tables/estimates.csv, row 3, outcome: published ∅, again 'task'" in said
    assert "notes.txt: extra" in said
