"""The notebooks: prose and calls, stored without outputs, and each runs as it is when opened by hand."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Any

import nbformat
import pytest
from conftest import ROOT, STUDY, Repository
from nbclient import NotebookClient

NOTEBOOKS = sorted(path.name for path in (ROOT / "notebooks").glob("*.ipynb"))
ANALYSES = [name for name in NOTEBOOKS if re.match(r"\d\d_", name)]
LINES = 60
ABOVE = {"cli", "commands", "pipeline"}
FORBIDDEN = (
    ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.For, ast.AsyncFor, ast.While,
)  # fmt: skip


@pytest.fixture(params=NOTEBOOKS)
def notebook(request: pytest.FixtureRequest) -> Any:
    return nbformat.read(ROOT / "notebooks" / request.param, as_version=4)


def code(notebook: Any) -> list[str]:
    return [cell.source for cell in notebook.cells if cell.cell_type == "code"]


def tags(cell: Any) -> list[str]:
    return cell.metadata.get("tags", [])


def test_the_notebooks_are_those_of_the_design() -> None:
    assert [name[:2] for name in ANALYSES] == [f"{number:02d}" for number in range(1, 8)]
    assert {"start.ipynb", "evaluator_report.ipynb"} <= set(NOTEBOOKS)


def test_is_stored_without_outputs(notebook: Any) -> None:
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert all(not cell.outputs and cell.execution_count is None for cell in cells)
    assert notebook.metadata.kernelspec.name == "python3"
    assert "papermill" not in notebook.metadata


def test_has_one_title_a_language(notebook: Any) -> None:
    for language in ("it", "en"):
        prose = [cell.source for cell in notebook.cells if cell.cell_type == "markdown" and language in tags(cell)]
        assert len(re.findall(r"^# ", "\n".join(prose), re.MULTILINE)) == 1, language


def test_every_italian_cell_has_its_english_twin(notebook: Any) -> None:
    prose = [tags(cell) for cell in notebook.cells if {"it", "en"} & set(tags(cell))]
    assert prose == [["it"], ["en"]] * (len(prose) // 2)
    pairs = [cell for cell in notebook.cells if {"it", "en"} & set(tags(cell))]
    for italian, english in zip(pairs[::2], pairs[1::2], strict=True):
        headings = [re.findall(r"^(#+) ", cell.source, re.MULTILINE) for cell in (italian, english)]
        assert headings[0] == headings[1]
        references = [sorted(re.findall(r"@[a-z]+-[a-z0-9-]+", cell.source)) for cell in (italian, english)]
        assert references[0] == references[1]
        assert italian.source != english.source


def test_holds_calls_only(notebook: Any) -> None:
    for source in code(notebook):
        assert not [type(node).__name__ for node in ast.walk(ast.parse(source)) if isinstance(node, FORBIDDEN)]
    lines = [line for source in code(notebook) for line in source.splitlines() if line.strip()]
    assert len(lines) <= LINES


def test_imports_from_the_floors_below_the_pipeline_only(notebook: Any) -> None:
    for node in (node for source in code(notebook) for node in ast.walk(ast.parse(source))):
        if isinstance(node, ast.Import):
            raise AssertionError(f"import {node.names[0].name}: notebooks import from evaluation only")
        if isinstance(node, ast.ImportFrom):
            package, *rest = (node.module or "").split(".")
            assert package == "evaluation"
            assert not {*rest[:1], *(alias.name for alias in node.names if not rest)} & ABOVE


def test_parameters_are_one_assignment_a_line(notebook: Any) -> None:
    (cell,) = [cell for cell in notebook.cells if "parameters" in tags(cell)]
    statements = ast.parse(cell.source).body
    assert all(isinstance(node, ast.Assign) and node.lineno == node.end_lineno for node in statements)
    assert [node.targets[0].id for node in statements] == ["study", "languages", "choices"]
    assert ast.literal_eval(statements[0].value) == STUDY


@pytest.mark.parametrize("name", ANALYSES)
def test_parameters_stand_under_their_heading(name: str) -> None:
    cells = nbformat.read(ROOT / "notebooks" / name, as_version=4).cells
    position = next(number for number, cell in enumerate(cells) if "parameters" in tags(cell))
    assert [cell.source.splitlines()[0] for cell in cells[position - 2 : position]] == ["## Parametri", "## Parameters"]


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_runs_as_it_is_from_its_folder_and_leaves_published_results_alone(
    repository: Repository, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv("PYTHONPATH", repository.packages)
    folder = repository.root / "notebooks"
    opened = nbformat.read(folder / name, as_version=4)
    before = _files(repository.root)
    done = NotebookClient(opened, kernel_name="python3", resources={"metadata": {"path": str(folder)}}).execute()
    shown = [output for cell in done.cells for output in cell.get("outputs", ()) if output.output_type != "stream"]
    assert shown
    added = {path for path in _files(repository.root) - before if path.parts[0] != ".runs"}
    assert added == set()
    written = [path for path in _files(repository.root) if path.parts[0] == ".runs"]
    assert all(path.parts[:3] == (".runs", STUDY, "by-hand") for path in written)


def _files(root: Path) -> set[Path]:
    return {path.relative_to(root) for path in root.rglob("*") if path.is_file() and "__pycache__" not in path.parts}
