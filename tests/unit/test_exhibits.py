"""What a notebook publishes: in both languages, complete or refused, the same bytes each time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output
from report_sample import HOSTILE, effects, means, sample

from evaluation.publishing.exhibits import (
    KEY,
    STOCK_ALT,
    SVG,
    TABLE,
    Figure,
    Table,
    bundle,
    escape_markdown,
    extract_figures,
    show,
    table_from,
    table_html,
    to_svg,
)

TABLE_OF_TWO = Table(("Name", "n"), (("a", "1"),), frozenset({1}), "Counts")


@pytest.fixture
def shell() -> Iterator[None]:
    InteractiveShell.instance()
    yield
    InteractiveShell.clear_instance()


@pytest.mark.usefixtures("shell")
def test_show_publishes_one_output_a_language():
    with capture_output() as captured:
        show("tbl-effects", effects)
    about = [output.metadata[KEY] for output in captured.outputs]
    assert [(each["language"], each["kind"], each["label"]) for each in about] == [
        ("it", "table", "tbl-effects"),
        ("en", "table", "tbl-effects"),
    ]
    assert about[1]["caption"] == "Effects at the end of the course"


@pytest.mark.usefixtures("shell")
def test_show_publishes_nothing_when_one_language_is_incomplete():
    with capture_output() as captured, pytest.raises(ValueError, match="caption"):
        show("tbl-a", lambda language: replace(TABLE_OF_TWO, caption="Conteggi" if language == "it" else ""))
    assert captured.outputs == []


@pytest.mark.parametrize("alt", ["", "  ", STOCK_ALT + "."])
def test_a_figure_without_a_description_of_its_own_is_refused(alt: str):
    with pytest.raises(ValueError, match="alt"):
        bundle("fig-means", "it", replace(means("it"), alt=alt))


@pytest.mark.parametrize("label", ["", "means", "fig-means", "tbl-", "tbl-Means", "tbl-a b", "tbl-../x"])
def test_a_label_that_prose_cannot_refer_to_is_refused(label: str):
    with pytest.raises(ValueError, match="label"):
        bundle(label, "it", TABLE_OF_TWO)


@pytest.mark.parametrize(
    "broken",
    [
        replace(TABLE_OF_TWO, columns=("", "n")),
        replace(TABLE_OF_TWO, columns=(), rows=()),
        replace(TABLE_OF_TWO, rows=(("a",),)),
        replace(TABLE_OF_TWO, caption=" "),
    ],
)
def test_a_table_with_a_gap_is_refused(broken: Table):
    with pytest.raises(ValueError, match="tbl-a"):
        bundle("tbl-a", "it", broken)


def test_a_table_survives_publication():
    data, metadata = bundle("tbl-effects", "it", effects("it"))
    about = metadata[KEY]
    assert table_from(data[TABLE], about["caption"], about["note"]) == effects("it")


def test_a_table_in_html_names_its_headers_and_escapes_its_words():
    html = table_html(replace(TABLE_OF_TWO, rows=((HOSTILE[0], HOSTILE[0]),), caption=HOSTILE[0]), "tbl-a", "Table 1")
    assert html.count('scope="col"') == 2
    assert html.count('scope="row"') == 1
    assert html.count("&lt;script&gt;") == 3
    assert "<script" not in html


def test_the_same_drawing_gives_the_same_bytes_without_dates_or_addresses():
    first, second = (to_svg(means("it").figure) for _ in range(2))
    assert first == second
    assert first.startswith("<svg")
    assert not any(word in first for word in ("dc:date", "DTD", "purl.org", "matplotlib.org"))


def test_a_published_figure_is_closed():
    from matplotlib import pyplot as plt

    plt.close("all")
    bundle("fig-means", "it", means("it"))
    assert plt.get_fignums() == []


def test_escaped_text_holds_no_line_break_and_no_change_of_direction():
    assert escape_markdown("a\n# b\u202ec\x00") == r"a \# b c"


def test_figures_are_written_as_files_of_one_language(tmp_path):
    written = extract_figures(sample(), tmp_path / "figures", "it")
    assert [path.name for path in written] == ["fig-means.it.svg", "fig-forest.it.svg"]
    assert written[0].read_text(encoding="utf-8") == bundle("fig-means", "it", means("it"))[0][SVG]


def test_prose_carries_no_caption():
    data, metadata = bundle("txt-a", "en", "Plain *words*.")
    assert data == {"text/markdown": "Plain *words*."}
    assert metadata[KEY] == {"language": "en", "kind": "prose", "label": "txt-a", "caption": "", "alt": "", "note": ""}


def test_a_figure_needs_its_own_kind_of_label():
    with pytest.raises(ValueError, match="fig-"):
        bundle("tbl-means", "it", Figure(means("it").figure, "Caption", "Words"))
