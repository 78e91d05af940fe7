"""One notebook, run by papermill's stock engine: progress a cell, a clear message when it stops, stable bytes when it ends."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

from evaluation.assurance.provenance.source import source_of
from evaluation.errors import RunFailed
from evaluation.pipeline.interruption import stop_if_asked
from evaluation.publishing.disclosure.notebook_outputs import other_outputs

Notify = Callable[[str, int, int], None]
INJECTED = "injected-parameters"
KERNEL_ENDED = (
    "{} stopped: the system ended its Python process, as it does when memory runs out. Nothing was published. "
    "Close other programs, or run with --jobs 1."
)


def execute_notebook(source: Path, target: Path, folder: Path, parameters: dict[str, Any], notify: Notify) -> None:
    """Run `source` in `folder` and write it, cleared of clocks and paths, to `target`.

    Raises
    ------
    RunFailed : a cell failed; the notebook as far as it came is kept under failed/ beside `folder`'s results.
    """
    import papermill as pm
    from papermill.exceptions import PapermillExecutionError

    from evaluation.pipeline.kernels import Kernel

    stored = _stored(source, parameters)
    partial = folder / "failed" / source.name
    partial.parent.mkdir(parents=True, exist_ok=True)
    total = len(stored.cells) + 1

    def started(cell: Any, cell_index: int) -> None:
        del cell
        stop_if_asked()
        notify(source.stem, cell_index, total)

    logging.getLogger("papermill").setLevel(logging.WARNING)
    logging.getLogger("traitlets").setLevel(logging.CRITICAL)  # what its errors say is said here
    try:
        notebook = pm.execute_notebook(
            stored, str(partial), parameters=parameters, progress_bar=False,
            autosave_cell_every=0, shutdown_kernel="immediate", on_cell_start=started,
            resources={"metadata": {"path": str(folder)}}, extra_arguments=["--log-level=ERROR"],
            kernel_manager_class=Kernel,
        )  # fmt: skip
    except PapermillExecutionError as error:
        raise RunFailed(
            f"{source.name} stopped at cell {error.cell_index}: {error.ename}: {error.evalue}\n"
            f"The notebook as far as it came: {partial}"
        ) from error
    except RuntimeError as error:  # nbclient's DeadKernelError, or jupyter_client's before a kernel is ready
        raise RunFailed(KERNEL_ENDED.format(source.name)) from error
    _refuse_other_outputs(source, notebook)
    write_stable(notebook, target)
    partial.unlink()


def stop_notebooks() -> None:
    """End every notebook that runs: its kernel dies, and what waits for it is told."""
    from evaluation.pipeline.kernels import stop_all

    stop_all()


def _stored(source: Path, parameters: dict[str, Any]) -> Any:
    """Return the notebook as the repository stores it, without what somebody's screen left in it.

    A parameter that it does not declare is refused: papermill only warns.
    """
    import nbformat
    import papermill as pm

    stored = nbformat.reads(source_of(source).decode(), as_version=4)
    declared = pm.inspect_notebook(stored)
    unknown = sorted(set(parameters) - set(declared))
    if unknown:
        raise RunFailed(f"{source.name}: no parameter {', '.join(unknown)}. Declared: {', '.join(declared) or 'none'}.")
    return stored


def _refuse_other_outputs(source: Path, notebook: Any) -> None:
    """Refuse outputs that are no exhibits: a printed frame could hold one row a child."""
    others = list(other_outputs(notebook, but=("stderr",)))
    if others:
        raise RunFailed(f"{source.name}: {'; '.join(others)}. Published notebooks hold exhibits only: use show().")


def write_stable(notebook: Any, target: Path) -> None:
    """Write an executed notebook so that the same results give the same bytes: no clock, no random id, no stderr."""
    import nbformat

    notebook.metadata.pop("papermill", None)
    notebook.metadata.get("language_info", {}).pop("version", None)
    for position, cell in enumerate(notebook.cells):
        if INJECTED in cell.metadata.get("tags", []):
            cell["id"] = INJECTED
        cell.metadata.pop("papermill", None)
        cell.metadata.pop("execution", None)
        cell["id"] = cell.get("id") or f"cell-{position}"
        if cell.cell_type == "code":
            cell.outputs = [output for output in cell.outputs if output.get("name") != "stderr"]
    target.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(notebook, target)
