"""docs/intake.md and the package say the same: keys of intake.yml, platforms, formats of dates, limits."""

from __future__ import annotations

import re
from pathlib import Path

import yaml

from evaluation.intake.exports import answer_times, matching, platforms, sheets, workbooks
from evaluation.intake.exports.mapping import ExportMapping, Intake
from evaluation.intake.exports.recognition import SIGNATURES

PAGE = (Path(__file__).parents[2] / "docs" / "intake.md").read_text(encoding="utf-8")


def documented() -> dict[str, object]:
    found = re.search(r"```yaml\n(.*?)```", PAGE, flags=re.DOTALL)
    assert found is not None
    return yaml.safe_load(found[1])


def test_every_key_of_the_mapping_is_on_the_page_and_no_other():
    page = documented()
    assert set(page) == set(Intake.model_fields)
    (entry,) = page["exports"]  # type: ignore[misc]
    of_long_tables = {"item_column", "value_column"}
    assert set(entry) == set(ExportMapping.model_fields) - of_long_tables
    assert all(f"`{key}`" in PAGE for key in of_long_tables)


def test_the_example_holds_once_it_chooses_one_wave_and_one_rater():
    page = documented()
    entry = page["exports"][0]  # type: ignore[index]
    for key in ("wave_column", "wave_dates", "rater"):
        del entry[key]
    read = Intake.model_validate(page).exports[0].items["So riparare."]
    assert read is not None and read.item == "making_3"


def test_the_page_has_a_row_for_every_platform_with_its_dates():
    rows = dict(re.findall(r"^\| `(\w+)` \|(.*)$", PAGE, flags=re.MULTILINE))
    assert set(rows) == set(SIGNATURES)
    for name, formats in (
        ("google_forms", platforms.GOOGLE_DATES), ("microsoft_forms", platforms.MICROSOFT_DATES),
        ("surveymonkey", platforms.MONKEY_DATES),
    ):  # fmt: skip
        assert all(f"`{one}`" in rows[name] for one in formats), name


def test_numbers_on_the_page_are_those_of_the_package():
    assert (
        f"{sheets.MAXIMUM_BYTES // 10**6} MB, {sheets.MAXIMUM_COLUMNS:,} columns, {sheets.MAXIMUM_CELLS // 10**6} million"
        in PAGE
    )
    assert f"at most {workbooks.MAXIMUM_UNPACKED // 10**6} MB once unpacked" in PAGE
    assert f"certain from {matching.CERTAIN} on" in PAGE and f"within {matching.APART}" in PAGE
    assert f"[{', '.join(answer_times.ZONES)}]" in PAGE
