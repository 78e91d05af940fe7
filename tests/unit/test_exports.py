"""Every platform's exports give back what the children answered, over languages, encodings, separators and dialects."""

from __future__ import annotations

import datetime as dt
import shutil
from pathlib import Path

import pytest
from corpus.answers import Sheet, imported, sheets
from corpus.exporters import CORPUS, STYLED, Export
from corpus.files import Style
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from study_builder import StudyFolder, build

from evaluation.intake.exports.export_file import read_sheets
from evaluation.intake.exports.importing import import_exports
from evaluation.intake.exports.recognition import SIGNATURES, recognise


@pytest.fixture
def study(tmp_path: Path) -> StudyFolder:
    return build(tmp_path / "study").remove("responses.csv")


def test_the_corpus_has_three_exports_of_every_platform_in_two_languages():
    for platform in SIGNATURES:
        mine = [name for name in CORPUS if name.startswith(f"{platform}-")]
        assert len(mine) >= 3, platform
        assert {name.split("-")[1] for name in mine} == {"it", "en"}, platform


@pytest.mark.parametrize("name", CORPUS)
def test_an_export_gives_back_its_answers(name: str, study: StudyFolder):
    export = CORPUS[name](sheets())
    done = import_exports([export.write(study.path)], study.path)
    assert imported(study.path) == export.truth
    assert list(done.platforms.values()) == [name.split("-")[0]]
    assert (done.new, done.known, done.children) == (len(export.truth), 0, 4)
    assert all(sum(table.counts.values()) == table.read for table in done.tallies)
    rows = len(export.truth) if name.startswith("plain_long") else len(sheets())
    assert {table.read for table in done.tallies} == {rows}


@pytest.mark.parametrize("name", CORPUS)
def test_an_export_is_recognised_by_one_signature_without_being_told(name: str, tmp_path: Path):
    path = CORPUS[name](sheets()).save(tmp_path)
    assert recognise(read_sheets(path)[0])[0].platform == name.split("-")[0]


@pytest.mark.parametrize("name", CORPUS)
def test_importing_again_changes_nothing(name: str, study: StudyFolder):
    path = CORPUS[name](sheets()).write(study.path)
    import_exports([path], study.path)
    before = {p: (p.read_bytes(), p.stat().st_mtime_ns) for p in study.path.rglob("*") if p.is_file()}
    again = import_exports([path, path], study.path)
    assert again.new == 0 and again.known == len(imported(study.path))
    assert {p: (p.read_bytes(), p.stat().st_mtime_ns) for p in study.path.rglob("*") if p.is_file()} == before


def test_the_order_of_imports_does_not_matter(study: StudyFolder, tmp_path: Path):
    early, late = (
        CORPUS["google_forms-it-dots"]([sheet for sheet in sheets() if sheet.wave == wave]) for wave in ("t0", "t1")
    )
    folders = [tmp_path / "one", tmp_path / "two"]
    for folder, order in zip(folders, ((early, late), (late, early)), strict=True):
        shutil.copytree(study.path, folder)
        for export in order:
            import_exports([export.write(folder)], folder)
    assert (folders[0] / "responses.csv").read_bytes() == (folders[1] / "responses.csv").read_bytes()
    assert imported(folders[0]) == CORPUS["google_forms-it-dots"](sheets()).truth


# Any table of answers, over platforms, encodings and separators -------------------------------------------------------

CHILDREN = [f"N{k:02}" for k in range(8)]
ANSWER = st.tuples(
    *[st.none() | st.integers(1, 5).map(str)] * 4,
    *[st.none() | st.integers(0, 3).map(str)] * 2,
    st.none() | st.decimals(0, 300, places=2, allow_nan=False).map(lambda d: f"{abs(d).normalize():f}"),
).filter(any)
MOMENT = st.integers(0, 10**7).map(lambda s: dt.datetime(2023, 1, 14) + dt.timedelta(seconds=s))
COMMENT = st.text(st.characters(codec="cp1252", exclude_categories=["Cc"], include_characters="\n\t"), max_size=20)


@st.composite
def tables(draw: st.DrawFn) -> list[Sheet]:
    keys = draw(st.lists(st.tuples(st.sampled_from(CHILDREN), st.sampled_from(["t0", "t1"])), min_size=1, unique=True))
    made = []
    for child, wave in keys:
        started = draw(MOMENT)
        ended = started + dt.timedelta(seconds=draw(st.integers(0, 5000)))
        made.append(Sheet(child, wave, draw(ANSWER), ended, started, draw(COMMENT)))
    return made


@given(
    table=tables(),
    platform=st.sampled_from(sorted(STYLED)),
    language=st.sampled_from(["it", "en"]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "cp1252"]),
    delimiter=st.sampled_from([",", ";", "\t", "|"]),
    end=st.sampled_from(["\n", "\r\n"]),
    quote=st.sampled_from(["needed", "all"]),
)
@settings(max_examples=300, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
def test_import_after_export_is_the_identity(
    tmp_path_factory: pytest.TempPathFactory, table: list[Sheet], platform: str, language: str, encoding: str,
    delimiter: str, end: str, quote: str,
):  # fmt: skip
    study = fresh(tmp_path_factory)
    export: Export = STYLED[platform](table, language, Style(encoding, delimiter, quote, end))
    import_exports([export.write(study)], study)
    assert imported(study) == export.truth


@given(
    table=tables(),
    name=st.sampled_from([n for n in CORPUS if "microsoft" in n or "workbook" in n or "repeats" in n or "spss" in n]),
)
@settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
def test_import_after_export_is_the_identity_for_workbooks_and_spss(
    tmp_path_factory: pytest.TempPathFactory, table: list[Sheet], name: str
):
    study = fresh(tmp_path_factory)
    export = CORPUS[name](table)
    import_exports([export.write(study)], study)
    assert imported(study) == export.truth


def fresh(factory: pytest.TempPathFactory) -> Path:
    """A new study without answers."""
    return build(factory.mktemp("study") / "study").remove("responses.csv").path
