"""The coverage table of docs/methods.md: it is the stored one, it can be simulated again, and it says what was promised."""

from __future__ import annotations

import importlib
import importlib.util
import re
import sys
from itertools import product
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from evaluation.counterfactual.estimators.registry import ESTIMATORS

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "methods.md").read_text(encoding="utf-8")


def load() -> ModuleType:
    """Import the script of `tools/`, which is no package."""
    spec = importlib.util.spec_from_file_location("coverage_study", ROOT / "tools" / "coverage.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # its dataclasses look themselves up there
    spec.loader.exec_module(module)
    return module


study = load()
CELLS = {(cell.world, (cell.treated, cell.comparison), cell.method): cell for cell in study.read()}


def test_the_page_holds_the_table_of_the_stored_numbers():
    assert re.findall(f"{study.BEGIN}.*{study.END}", PAGE, flags=re.DOTALL) == [study.tables(study.read())]


def test_every_world_size_and_method_is_stored():
    expected = {(w, size, m) for w, size in product(study.WORLDS, study.SIZES) for m in study.WORLDS[w].methods}
    assert set(CELLS) == expected
    assert {method for _, _, method in CELLS} == {*ESTIMATORS, study.TWO_CENTRE}
    assert all(cell.answered > 0.99 * study.STUDIES for cell in CELLS.values())


def test_coverage_lies_in_the_band_where_the_assumption_holds():
    low, high = study.BAND
    judged = [cell for cell in CELLS.values() if cell.judged]
    assert [cell for cell in judged if cell.coverage < low] == []
    # its weights are taken as given: were the error to take their part in the precision, the exception would go
    assert {cell.method for cell in judged if cell.coverage > high} == set(study.CONSERVATIVE)


def test_the_effect_is_recovered_where_the_assumption_holds():
    """Four Monte-Carlo errors of a mean of 2,000 estimates; an estimate here has an SD of at most .3, with a shock of .4."""
    for cell in CELLS.values():
        spread = 0.4 if study.WORLDS[cell.world].shock_icc else 0.3
        assert not cell.holds or abs(cell.bias) < 4 * spread / np.sqrt(cell.answered), cell


@pytest.mark.parametrize(("world", "method"), [("gap", "did"), ("baseline", "ancova"), ("shock_04", study.TWO_CENTRE)])
def test_simulating_again_gives_the_stored_count(world, method):
    """From the same streams, so that no Monte-Carlo error is allowed: other numbers can only have been typed in."""
    found = [study.simulate(world, study.SMALL, stream, [method]) for stream in study.streams(world, study.SMALL)]
    again, stored = (
        study.count(world, study.SMALL, [method], np.concatenate(found))[0],
        CELLS[world, study.SMALL, method],
    )
    assert (again.answered, again.covered) == (stored.answered, stored.covered)
    assert again.bias == pytest.approx(stored.bias, abs=1.5e-4)  # rounded to 1e-4


def test_other_studies_cover_as_often_within_monte_carlo_error():
    """300 new studies of did: four standard errors of the difference of two shares, .055."""
    streams = np.random.SeedSequence(1).spawn(300 // study.BLOCK)
    found = np.concatenate([study.simulate("gap", study.SMALL, stream, ["did"]) for stream in streams])
    share = study.count("gap", study.SMALL, ["did"], found)[0].coverage
    error = np.sqrt(0.95 * 0.05 * (1 / len(found) + 1 / study.STUDIES))
    assert share == pytest.approx(CELLS["gap", study.SMALL, "did"].coverage, abs=4 * error)


@pytest.mark.parametrize("world", ["parallel", "gap", "covariates", "baseline"])
def test_children_are_as_the_page_says(world):
    """40,000 children: a mean, an SD or a correlation is known to .02 (over four standard errors)."""
    sample = study.draw(study.WORLDS[world], (20_000, 20_000), np.random.default_rng(1))
    treated, comparison = sample.keep(sample.treated), sample.keep(~sample.treated)
    gap = treated.baseline.mean() - comparison.baseline.mean()
    assert gap == pytest.approx(
        {"gap": -0.5, "baseline": -0.5, "covariates": 0.3 * 0.5 + 0.3 * 0.2}.get(world, 0), abs=0.04
    )
    for centre in (treated, comparison):
        assert centre.baseline.std() == pytest.approx(1, abs=0.02)
        moved = centre.follow_up - 0.3 * centre.covariates.sum(axis=1) * (world == "covariates")
        assert np.corrcoef(centre.baseline, moved)[0, 1] == pytest.approx(0.6, abs=0.02)


def test_every_function_the_page_names_exists():
    named = set(re.findall(r"`(evaluation(?:\.\w+)+)`", PAGE))
    assert len(named) > 25
    for name in named:
        module, _, last = name.rpartition(".")
        assert hasattr(importlib.import_module(module), last) or importlib.util.find_spec(name), name
