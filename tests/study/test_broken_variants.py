"""More than two hundred broken studies: each gives the findings it should, at the exact place, and no wrong number."""

from __future__ import annotations

import math
from collections import Counter
from pathlib import Path

import pytest
from broken_variants import FORMS, GLOBAL, LOCAL, Expected, Variant, small_study, variants

from evaluation.checks import check_folder, checked_study
from evaluation.checks.kinds import KINDS
from evaluation.study.findings import StudyDefects
from evaluation.study.folder import Study

VARIANTS = list(variants())
LARGE = {"size"}  # tried with a large file in test_checks_page.py


def test_there_are_two_hundred_variants_and_each_is_another_study():
    assert len(VARIANTS) >= 200
    assert len({tuple(sorted(variant.files.items())) for variant in VARIANTS}) == len(VARIANTS)


def test_every_kind_of_finding_and_every_form_occurs():
    assert {expected.kind for variant in VARIANTS for expected in variant.expected} == set(KINDS) - LARGE
    assert all(any(form.name in variant.name for variant in VARIANTS) for form in FORMS)
    assert len({defect.__name__ for defect in [*LOCAL, *GLOBAL]}) == len(LOCAL) + len(GLOBAL)


def test_the_same_seed_makes_the_same_variants():
    assert list(variants()) == VARIANTS


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.name)
def test_the_study_itself_has_no_finding_in_any_form(tmp_path: Path, form: object):
    study = small_study()
    files = {name: content.encode() for name, content in study.texts.items()}
    files |= {name: form.write(table) for name, table in study.tables.items()}  # type: ignore[attr-defined]
    folder = Variant("valid", files, (), study.tables).write(tmp_path / "study")
    read, findings = checked_study(folder)
    assert findings == ()
    assert_same_numbers(read, study.tables)


@pytest.mark.parametrize("variant", VARIANTS, ids=lambda variant: variant.name)
def test_a_broken_study_gives_its_findings_and_no_wrong_number(tmp_path: Path, variant: Variant):
    folder = variant.write(tmp_path / "study")
    study, findings = check_folder(folder)
    found = [Expected(f.kind, f.file, f.row, f.column, f.child, f.cell) for f in findings]
    assert Counter(found) == Counter(variant.expected)
    assert all(finding.level == KINDS[finding.kind].level for finding in findings)
    assert all(finding.sentence("it") != finding.sentence("en") for finding in findings)
    if any(finding.level == "error" for finding in findings):
        with pytest.raises(StudyDefects):
            checked_study(folder)
    else:
        assert study is not None
        assert_same_numbers(study, variant.tables)


def assert_same_numbers(study: Study, tables: dict[str, list[list[str]]]) -> None:
    """What was read is what the tables hold."""
    rows = [dict(zip(tables["responses.csv"][0], row, strict=True)) for row in tables["responses.csv"][1:]]
    written = [(row["participant"], row["wave"], row["item"], float(row["value"])) for row in rows]
    read = study.responses[["participant", "wave", "item", "value"]].itertuples(index=False, name=None)
    assert list(read) == written
    children = [dict(zip(tables["participants.csv"][0], row, strict=True)) for row in tables["participants.csv"][1:]]
    assert list(study.participants["participant"]) == [child["participant"] for child in children]
    assert list(study.participants["treated"]) == [child["centre"] == "north" for child in children]
    consenting = [child["guardian_consent"] == child["assent"] == "yes" for child in children]
    assert list(study.participants["consenting"]) == consenting
    assert study.attendance is not None
    hours = tables["attendance.csv"][0].index("hours")
    assert math.isclose(study.attendance["hours"].sum(), sum(float(row[hours]) for row in tables["attendance.csv"][1:]))
