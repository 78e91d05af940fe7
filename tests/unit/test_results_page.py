"""docs/results.md describes the tables that are written: every file, every column, in their order, and nothing else."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from study_builder import build

from evaluation.counterfactual.estimators.registry import ESTIMATORS
from evaluation.language import LANGUAGES
from evaluation.measurement.scores import score_study
from evaluation.payment.evidence import settle
from evaluation.payment.risk import assess, payment_risk_table
from evaluation.pipeline.steps import NOTEBOOKS, TABLES
from evaluation.publishing.monitoring import mean_hours
from evaluation.publishing.published_tables import read_published, write_table
from evaluation.publishing.results import RESULTS
from evaluation.publishing.withheld import record
from evaluation.study.folder import Study, load_study

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "results.md").read_text(encoding="utf-8")
SECTIONS = dict(re.findall(r"^## (\w+)\.csv\n(.*?)(?=^## |\Z)", PAGE, re.M | re.S))
WORDS = {  # columns whose cells are one of a few words
    "flow": ["centre"], "attrition": ["verdict"], "balance": ["kind", "wwc"], "estimates": ["role"],
    "bounds": ["method", "shifted", "conclusion"], "sensitivity": ["estimator", "leave_one_out"], "honest": ["restriction"],
    "specification_curve": ["scoring", "children"], "payment": ["statistic", "state"],
}  # fmt: skip

BESIDE = ("payment", "payment_risk", "suppressed")  # made of the others


def documented(section: str, heading: str = "column") -> list[str]:
    """First cells of the table `| heading | … |` in a section."""
    lines = section.splitlines()
    start = next(k for k, line in enumerate(lines) if line.startswith(f"| {heading} |")) + 2
    rows = lines[start:]
    end = next((k for k, line in enumerate(rows) if not line.startswith("|")), len(rows))
    return [re.match(r"\| `([^`]+)` \|", row)[1] for row in rows[:end]]  # type: ignore[index]


def made(study: Study, folder: Path) -> tuple[dict[str, pd.DataFrame], dict[str, Any]]:
    """Every table of a study as published, and its payment.json; few permutations, which move no column."""
    analysis = study.protocol.analysis.model_copy(update={"permutations": 99})
    study = replace(study, protocol=study.protocol.model_copy(update={"analysis": analysis}))
    scores = score_study(study)
    for name, result in RESULTS.items():
        write_table(result.table(study, scores), folder / f"{name}.csv")
    tables = {name: read_published(folder / f"{name}.csv") for name in RESULTS}
    paid_on = tables["estimates"], tables["flow"], tables["balance"]
    payment, trace = settle(study, *paid_on, mean_hours(study))
    risk = payment_risk_table(study.contract, assess(study, *paid_on, tables["sensitivity"], mean_hours(study)))
    withheld = record(study, scores, tables)
    return {**tables, "payment": payment, "payment_risk": risk, "suppressed": withheld}, trace


@pytest.fixture(scope="module")
def shipped(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, pd.DataFrame], dict[str, Any]]:
    folder = ROOT / "data" / "raw" / "volare-alto-2023"
    return made(load_study(folder), tmp_path_factory.mktemp("tables"))


@pytest.fixture(scope="module")
def with_earlier_wave(tmp_path_factory: pytest.TempPathFactory) -> dict[str, pd.DataFrame]:
    """The tiny study, asked once more before its baseline, with a subgroup and answers that vary enough to be told apart."""
    folder = build(tmp_path_factory.mktemp("tiny") / "study")
    folder.replace("protocol.yml", "  - {id: t0,", "  - {id: before, role: pre_baseline}\n  - {id: t0,")
    folder.replace("protocol.yml", "  alpha: 0.05", "  alpha: 0.05\n  subgroups: [sex]")
    rng = np.random.default_rng(1)
    header, *rows = folder.rows("responses.csv")
    asked_before = [[child, "before", item, value] for child, wave, item, value in rows if wave == "t0"]
    ends = {"making": (1, 6), "worry": (0, 4), "travel": (5, 60)}
    answered = [[*row[:3], str(rng.integers(*ends[row[2].split("_")[0]]))] for row in rows + asked_before]
    study = folder.set_rows("responses.csv", [header, *answered]).load()
    return made(study, folder.path.parent / "tables")[0]


def test_a_section_a_file_in_the_order_they_are_made():
    assert list(SECTIONS) == [*RESULTS, *BESIDE]
    assert len(re.findall(r"^## ", PAGE, re.M)) == len(SECTIONS) + 1  # and the estimators


def test_the_files_of_the_page_are_those_that_a_run_writes():
    written = {
        path.removeprefix(TABLES) for notebook in NOTEBOOKS for path in notebook.makes if path.startswith(TABLES)
    }
    assert written == {f"{name}.csv" for name in SECTIONS} | {"payment.json"}


@pytest.mark.parametrize("name", [*RESULTS, *BESIDE])
def test_columns_are_those_of_the_shipped_study(shipped, name):
    assert documented(SECTIONS[name]) == list(shipped[0][name].columns)


@pytest.mark.parametrize("name", [*RESULTS, *BESIDE])
def test_columns_are_those_of_a_study_with_an_earlier_wave(with_earlier_wave, name):
    assert documented(SECTIONS[name]) == list(with_earlier_wave[name].columns)
    assert len(with_earlier_wave[name]) > 0


def test_a_study_without_an_earlier_wave_has_the_same_columns_without_rows(shipped):
    assert shipped[0]["honest"].empty


@pytest.mark.parametrize(("name", "column"), [(name, column) for name, columns in WORDS.items() for column in columns])
def test_every_word_that_a_cell_holds_is_explained(shipped, with_earlier_wave, name, column):
    words = {*shipped[0][name][column], *with_earlier_wave[name][column]} - {""}
    assert words
    assert words <= set(re.findall(r"`([^`]+)`", SECTIONS[name])) | {"suppressed"}


def test_counts_and_kept_columns_are_columns():
    for name, result in RESULTS.items():
        assert {*result.counts, *result.keep, *result.shares} <= set(documented(SECTIONS[name]))


def test_estimators_are_all_explained_in_the_order_of_their_rows():
    section = re.search(r"^## Estimators\n(.*?)^## ", PAGE, re.M | re.S)
    assert section
    assert documented(section[1], "id") == list(ESTIMATORS)
    naive = re.findall(r"^\| `(\w+)` \|.*naive", section[1], re.M)
    assert naive == [key for key, estimator in ESTIMATORS.items() if estimator.naive]


def fields(value: object, name: str = "") -> Iterator[str]:
    """Names of the fields of a JSON document, the contract's terms and words in two languages taken as one."""
    if isinstance(value, dict) and name != "contract" and set(value) != set(LANGUAGES):
        for key, part in value.items():
            yield from fields(part, f"{name}.{key}".removeprefix("."))
    elif isinstance(value, list) and value and isinstance(value[0], dict):
        for part in value:
            yield from fields(part, f"{name}[]")
    else:
        yield f"{name}[]" if isinstance(value, list | tuple) and not name.endswith("[]") else name


def test_payment_json_has_the_fields_of_the_page(shipped):
    found = dict.fromkeys(fields({**shipped[1], "verdict": listed(shipped[1]["verdict"])}))
    assert list(found) == documented(SECTIONS["payment"], "field")


def listed(value: Any) -> Any:
    """Tuples as JSON writes them."""
    if isinstance(value, dict):
        return {key: listed(part) for key, part in value.items()}
    return [listed(part) for part in value] if isinstance(value, list | tuple) else value


def test_payment_json_without_a_contract_is_as_the_page_says(tmp_path):
    trace = made(build(tmp_path / "study").remove("contract.yml").load(), tmp_path / "tables")[1]
    assert (trace["contract"], trace["verdict"]["state"]) == (None, "none")
    assert set(fields(trace)) <= set(documented(SECTIONS["payment"], "field"))
