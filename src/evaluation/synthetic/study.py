"""The synthetic study: a whole study folder drawn from known parameters, the same bytes for the same seed."""

from __future__ import annotations

import io
from importlib import resources
from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd

from evaluation.errors import UserError
from evaluation.synthetic.model import SCALES, Parameters
from evaluation.synthetic.raw_tables import tables

__all__ = ["SCALES", "Parameters", "synthesize", "write_study"]

WRITTEN = ("protocol.yml", "contract.yml", "instrument.csv", "programme.csv", "README.md")


def _template(name: str) -> str:
    return resources.files("evaluation.study").joinpath("templates", name).read_text(encoding="utf-8")


def synthesize(parameters: Parameters | None = None) -> dict[str, bytes]:
    """Make every file of a synthetic study folder.

    Parameters
    ----------
    parameters : the true values; by default those of the study that ships

    Returns
    -------
    File name -> content, UTF-8 with LF line ends. What was agreed and asked does not depend on the parameters.
    """
    files = {name: _template(name) for name in WRITTEN}
    instrument = pd.read_csv(io.StringIO(files["instrument.csv"]), dtype=str, keep_default_na=False)
    drawn = tables(parameters or Parameters(), instrument)
    files |= {f"{name}.csv": table.to_csv(index=False, lineterminator="\n") for name, table in drawn.items()}
    return {name: content.encode() for name, content in files.items()}


def write_study(folder: Path, parameters: Parameters | None = None, *, force: bool = False) -> None:
    """Write a synthetic study into a new or empty folder.

    Raises
    ------
    UserError
        The folder holds something already and `force` is not set, or it is a file.
    """
    if folder.is_file():
        raise UserError(f"{folder}: found a file; expected a folder to write the study into. Choose another name.")
    if not force and folder.is_dir() and any(folder.iterdir()):
        raise UserError(
            f"{folder}: the folder is not empty; expected a new or an empty one. "
            "Choose another folder, or force the writing to replace the study's files."
        )
    content = synthesize(parameters)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=folder.parent, prefix=".writing-") as scratch:
        draft = Path(scratch, "study")
        draft.mkdir()
        for name, data in content.items():
            (draft / name).write_bytes(data)
        folder.mkdir(exist_ok=True)
        for name in content:
            (draft / name).replace(folder / name)
