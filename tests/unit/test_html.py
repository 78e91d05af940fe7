"""The HTML page: one language, inert, numbered, its words as they were written."""

from __future__ import annotations

import re
from html import unescape

import nbformat
import pytest
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell, new_markdown_cell, new_output
from report_sample import HOSTILE, code, effects, hostile, means, notebook, prose, sample

from evaluation.errors import UserError
from evaluation.language import Language, text
from evaluation.publishing.exhibits import KEY, STOCK_ALT, escape_markdown
from evaluation.reporting.pages.first_page import Door, render_door
from evaluation.reporting.pages.html import EvaluationHTMLExporter, script, script_hash
from evaluation.reporting.pages.math import to_mathml


def page(nb: nbformat.NotebookNode, language: Language = "it", **traits: object) -> str:
    return EvaluationHTMLExporter(language=language, **traits).from_notebook_node(nb)[0]


def without_our_script(html: str) -> str:
    """Return a page without the one script that its policy lets run, which must be there once and be ours, or not at all."""
    if "script-src" not in html:
        return html
    whole = f"<script>{script()}</script>"
    assert html.count(whole) == 1
    assert f"script-src '{script_hash()}'" in html
    return html.replace(whole, "")


def words(html: str) -> str:
    """Return what a reader reads, on one line."""
    body = without_our_script(html).split("<body>")[1]
    return " ".join(unescape(re.sub(r"<[^>]+>", "", body)).split())


def assert_inert(html: str) -> None:
    markup = re.sub(r'src="data:[^"]+"', "", without_our_script(html))
    assert "<script" not in markup.lower()
    assert not re.search(r"<[^>]*\s(src|srcset|poster|data)=|url\(|@import|<link|<iframe|<object", markup)
    assert not re.search(r"<[^>]*\son\w+=", markup)
    assert "default-src 'none'" in markup


@pytest.fixture(scope="module")
def italian() -> str:
    return page(
        sample(),
        study_title="Volare Alto <2023>",
        banner="DATI SINTETICI, DIMOSTRAZIONE",
        pages=[("03.it.html", "Prima", False), ("04.it.html", "Questa", True), ("05.it.html", "Dopo", False)],
        other_language_href="04.en.html",
    )


def test_a_page_keeps_its_language(italian: str):
    english = page(sample(), "en")
    assert '<html lang="it">' in italian and '<html lang="en">' in english
    assert "Di quanto sono cresciute" in italian and "How much did the skills" not in italian
    assert "How much did the skills" in english and "Di quanto sono cresciute" not in english
    assert "Effetti alla fine del corso" in italian and "Effects at the end" not in italian
    assert "Effects at the end" in english
    assert "See <a" in italian and "See <a" in english


def test_a_page_loads_and_runs_nothing(italian: str):
    assert_inert(italian)


def test_plain_results_and_hidden_cells_are_left_out(italian: str):
    assert "PLAIN REPR" not in italian
    assert "secret_setup" not in italian
    assert "seed" in words(italian)


def test_the_frame_says_where_the_reader_is(italian: str):
    assert words(italian).startswith(
        "Vai al contenuto DATI SINTETICI, DIMOSTRAZIONE Volare Alto <2023> English Prima Questa"
    )
    assert '<a href="04.it.html" aria-current="page">' in italian
    assert 'rel="prev"' in italian and 'rel="next"' in italian
    assert "<title>Effetti: quanto è cambiato, e rispetto a chi – Volare Alto &lt;2023&gt;</title>" in italian
    assert italian.count("<h1") == 1


def test_references_are_links_with_the_number_of_their_float(italian: str):
    for label, number in (("fig-means", "Figura\xa01"), ("fig-forest", "Figura\xa02"), ("tbl-wide", "Tabella\xa02")):
        assert f'<a href="#{label}">{number}</a>' in italian
        assert f'id="{label}"' in italian
        assert f"<strong>{number}.</strong>" in italian
    assert "<code>@fig-code</code>" in italian


def test_every_image_has_its_own_alternative_text(italian: str):
    assert re.findall(r'<img [^>]*alt="([^"]*)"', italian) == [means("it").alt, "Otto punti, sei a destra dello zero."]
    assert italian.count("<img") == 2


def test_ids_are_unique_and_every_internal_link_arrives(italian: str):
    ids = re.findall(r'\sid="([^"]+)"', italian)
    assert len(ids) == len(set(ids))
    assert set(re.findall(r'href="#([^"]+)"', italian)) <= set(ids)


def test_repeated_headings_get_anchors_of_their_own():
    html = page(notebook(new_markdown_cell("## Esito\n\n## Esito\n\n## content\n\n## <b>")))
    assert re.findall(r'<h2 id="([^"]+)"', html) == ["esito", "esito-2", "content-2", "b"]


def test_hostile_words_come_out_as_words(italian: str):
    read = words(italian)
    for attack in HOSTILE:
        assert read.count(attack) >= 9  # prose, caption, note, header and each row
    assert " ".join(HOSTILE) in read


def test_raw_html_and_dangerous_links_in_markdown_do_not_act():
    source = '<script>alert(1)</script>\n\na <img src=x onerror="alert(1)"> [x](javascript:alert(1)) <!-- c -->'
    html = page(notebook(new_markdown_cell(source)))
    assert_inert(html)
    assert "javascript:" not in html
    assert "<script>alert(1)</script>" in words(html)


def test_the_same_notebook_gives_the_same_bytes():
    assert page(sample()) == page(sample())


def test_money_is_no_formula_and_formulae_are_mathml(italian: str):
    assert "Costa da $5 a $6 a testa" in words(italian)
    assert italian.count("<math ") == 2
    assert 'class="equation"' in italian


def test_text_inside_a_formula_is_escaped():
    html = page(notebook(new_markdown_cell(r"$\text{<script>alert(1)</script>}$")))
    assert_inert(html)


@pytest.mark.parametrize("tex", [r"\foo{x}", r"\frac{1}", r"a & b", r"\href{http://x}{y}", r"\left( x"])
def test_an_unreadable_formula_is_named(tex: str):
    with pytest.raises(UserError, match="formula"):
        to_mathml(tex)


def test_aligned_formulae_are_read():
    assert to_mathml(r"\begin{aligned} a &= b \\ c &= d \end{aligned}", display=True).count("<mtr>") == 2


@pytest.mark.parametrize("alt", ["", STOCK_ALT])
def test_a_figure_published_without_words_is_refused(alt: str):
    cell = code("x", ("fig-means", means))
    cell.outputs[0].metadata[KEY]["alt"] = alt
    with pytest.raises(UserError, match="fig-means"):
        page(notebook(cell))


def test_an_unknown_reference_is_named():
    with pytest.raises(UserError, match="@fig-nowhere"):
        page(notebook(new_markdown_cell("See @fig-nowhere."), code("x", ("fig-means", means))))


def test_two_exhibits_with_one_label_are_refused():
    with pytest.raises(UserError, match="tbl-effects"):
        page(notebook(code("x", ("tbl-effects", effects)), code("x", ("tbl-effects", effects))))


def test_an_image_in_the_text_is_refused():
    with pytest.raises(UserError, match="show"):
        page(notebook(new_markdown_cell("![x](https://example.org/x.png)")))


def test_an_error_is_shown_without_its_traceback():
    output = new_output("error", ename="ValueError", evalue="<b>", traceback=["/somewhere/file.py"])
    html = page(notebook(new_code_cell("x", outputs=[output])))
    assert "ValueError: &lt;b&gt;" in html
    assert "/somewhere" not in html


def test_the_title_of_the_metadata_comes_first():
    nb = notebook(*prose("# Uno *due*", "# One"))
    assert "<h1>Uno due</h1>" in page(nb)
    nb.metadata[KEY] = {"title": {"it": "Tre"}}
    assert "<h1>Tre</h1>" in page(nb)
    assert "<h1>One</h1>" in page(nb, "en")


def test_tables_name_rows_columns_and_the_region_that_scrolls(italian: str):
    assert 'role="region" tabindex="0" aria-labelledby="tbl-wide-caption"' in italian
    assert '<caption id="tbl-wide-caption">' in italian
    assert '<th scope="row" class="text">STEAM</th><td class="number">0,31</td>' in italian


def test_escaped_markdown_prints_exactly_what_it_was_given():
    every = "".join(map(chr, range(33, 127)))
    for given in (every, "1. x", "- x", "# x", "    x", "a_b_c **d** ~~e~~ | f", "http://x.y $1$ $$2$$ &amp;"):
        html = page(notebook(new_markdown_cell(escape_markdown(given))))
        assert given.strip() in unescape(html.split("<main")[1])
        assert "<p>" in html and "<math" not in html and '<a href="http' not in html


def test_a_really_executed_notebook_becomes_a_page():
    source = (
        "from evaluation.publishing.exhibits import Table, show\n"
        "show('tbl-n', lambda language: Table(('Centro', 'n'), (('A', '41'),), frozenset({1}), f'Numero {language}'))"
    )
    nb = notebook(*prose("# Prova\n\nVedi @tbl-n.", "# Trial\n\nSee @tbl-n."), new_code_cell(source))
    NotebookClient(nb, kernel_name="python3", timeout=60).execute()
    html = page(nb)
    assert '<a href="#tbl-n">Tabella\xa01</a>' in html
    assert "Numero it" in html and "Numero en" not in html


def test_the_exporter_is_known_to_nbconvert():
    from nbconvert.exporters import get_exporter

    assert get_exporter("evaluation_html") is EvaluationHTMLExporter


def test_the_door_answers_in_both_languages_and_runs_nothing():
    door = Door(
        study_title=text("Studio <b>", "Study <b>"),
        banner=text("DATI SINTETICI", "SYNTHETIC DATA"),
        answers=((text("C’è stato un effetto?", "Was there an effect?"), text("Sì", "Yes")),),
        pages=((text("Effetti", "Effects"), {"it": "e.it.html", "en": "e.en.html"}),),
        downloads=((text("Somme", "Sums"), "SHA256SUMS"),),
        verify_hint=text("Verificare", "Verify"),
    )
    html = render_door(door)
    assert_inert(html)
    assert html.index('<section lang="it">') < html.index('<section lang="en">')
    assert html.count("Studio &lt;b&gt;") == 2
    for word in ("Sì", "Yes", "e.it.html", "e.en.html", "DATI SINTETICI", "SYNTHETIC DATA"):
        assert word in html
    assert html.count("SHA256SUMS") == 2
    assert html == render_door(door)


def test_a_hostile_table_stays_a_table():
    html = page(notebook(code("x", ("tbl-hostile", hostile))))
    assert_inert(html)
    assert html.count("<tr>") == len(HOSTILE) + 1
