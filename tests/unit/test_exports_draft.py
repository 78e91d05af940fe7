"""The draft of intake.yml: what is certain is proposed with its confidence, the rest is asked, nothing is overwritten."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from corpus.answers import CODE, ITEMS, imported, sheets
from corpus.exporters import CORPUS, EXCEL, google_forms
from corpus.files import Style, text_file
from study_builder import StudyFolder, build

from evaluation.errors import UserError
from evaluation.intake.exports.draft import draft_mapping
from evaluation.intake.exports.importing import import_exports
from evaluation.intake.exports.matching import Match, match, normalised
from evaluation.study.findings import Findings, StudyDefects
from evaluation.study.instrument import read_instrument


@pytest.fixture
def study(tmp_path: Path) -> StudyFolder:
    return build(tmp_path / "study").remove("responses.csv")


def entry(study: StudyFolder) -> dict[str, object]:
    """The one entry of the proposed mapping."""
    return yaml.safe_load(study.text("intake.yml"))["exports"][0]


@pytest.mark.parametrize("name", CORPUS)
def test_every_item_of_every_platform_is_found_by_its_words_or_its_name(name: str, study: StudyFolder):
    export = CORPUS[name](sheets())
    draft = draft_mapping([export.save(study.path.parent)], study.path)
    certain = {found.column: found.item for found in draft.exports[0].matches if found.certain}
    told = name not in ("limesurvey_csv-it-codes",)  # whose header has neither words nor names of items
    expected = export.entry.get("items") or {item: item for item in ITEMS}
    assert certain == (expected if told else {})
    assert draft.exports[0].layout.platform == name.split("-")[0]


def test_a_draft_that_is_confirmed_imports_the_answers(study: StudyFolder):
    export = google_forms(sheets(), "it", EXCEL)
    path = export.save(study.path.parent)
    draft_mapping([path], study.path)
    with pytest.raises(StudyDefects):  # nobody has said which wave
        import_exports([path], study.path)
    confirmed = yaml.safe_load(study.text("intake.yml"))
    assert confirmed["exports"][0].pop("wave", "not asked") is None
    confirmed["exports"][0]["wave_column"] = export.entry["wave_column"]
    (worry,) = [one for one in confirmed["answers"] if one["for"] == ["worry"]]
    assert set(worry["codes"].values()) == {None}
    worry["codes"] = {"Mai": 0, "A volte": 1, "Spesso": 2, "Sempre, più di tutti": 3}
    study.write("intake.yml", yaml.safe_dump(confirmed, allow_unicode=True))
    import_exports([path], study.path)
    assert imported(study.path) == export.truth


def test_an_answer_whose_code_is_not_given_stops_the_import(study: StudyFolder):
    export = google_forms(sheets(), "it", EXCEL)
    path = export.save(study.path.parent)
    draft_mapping([path], study.path)
    study.write("intake.yml", study.text("intake.yml").replace("wave: null", "wave: t0"))
    with pytest.raises(StudyDefects) as error:
        import_exports([path], study.path)
    assert "code_not_given" in {finding.kind for finding in error.value.findings}


def test_an_intake_that_is_there_is_never_overwritten(study: StudyFolder):
    path = google_forms(sheets(), "it").save(study.path.parent)
    study.write("intake.yml", "mine")
    with pytest.raises(UserError, match="never overwritten"):
        draft_mapping([path], study.path)
    assert study.text("intake.yml") == "mine"


def test_what_is_near_but_not_certain_is_written_as_null_with_its_confidence(study: StudyFolder):
    header = ["Informazioni cronologiche", CODE["it"], "So riparare oggetti", "So disegnare."]
    rows = [["20/09/2026 18.01.22", "N00", "3", "4"], ["21/09/2026 18.01.22", "N01", "2", "4"]]
    path = study.path.parent / "x.csv"
    path.write_bytes(text_file([header, *rows], Style()))
    draft_mapping([path], study.path)
    assert entry(study)["items"] == {"So riparare oggetti": None, "So disegnare.": "making_4"}
    line = next(line for line in study.text("intake.yml").splitlines() if "oggetti" in line)
    assert "# making_3? 0." in line


def test_two_columns_of_the_same_words_are_both_asked(study: StudyFolder):
    header = ["Informazioni cronologiche", CODE["it"], "So riparare.", "So riparare."]
    path = study.path.parent / "x.csv"
    path.write_bytes(text_file([header, ["20/09/2026 18.01.22", "N00", "3", "4"]], Style()))
    draft_mapping([path], study.path)
    assert entry(study)["items"] == {"So riparare. #1": None, "So riparare. #2": None}


def test_dates_that_can_be_read_two_ways_are_asked(study: StudyFolder):
    path = study.path.parent / "x.csv"
    path.write_bytes(text_file([["Timestamp", CODE["en"], "I worry."], ["10/11/2026 10:00:00", "N00", "3"]], Style()))
    draft_mapping([path], study.path)
    assert entry(study)["dates"] is None and "dates: null  # 2026-11-10" in study.text("intake.yml")


def test_headers_that_mean_harm_are_quoted_in_the_document(study: StudyFolder):
    header = ["Informazioni cronologiche", CODE["it"], 'x": null\n    platform: "spss', "*a: &b", "So disegnare."]
    path = study.path.parent / "x.csv"
    path.write_bytes(text_file([header, ["20/09/2026 18.01.22", "N00", "3", "4", "1"]], Style()))
    draft_mapping([path], study.path)
    assert entry(study)["platform"] == "google_forms"
    assert entry(study)["items"] == {'x": null platform: "spss': None, "*a: &b": None, "So disegnare.": "making_4"}


@pytest.mark.parametrize("words", ["3. Sò   RIPARARE!", "Q3) so riparare", "so-riparare", "1.2. So riparare…"])
def test_numbers_accents_case_and_punctuation_do_not_matter(words: str):
    assert normalised(words) == "so riparare"


def test_a_negation_is_another_item(study: StudyFolder):
    instrument = read_instrument(study.path / "instrument.csv", Findings())
    assert instrument is not None
    found = match([("a", "So costruire da solo"), ("b", "Non so costruire")], instrument)
    assert found == [Match("a", "making_1", 1.0, True), Match("b", "making_2", 1.0, True)]
