"""What a notebook works with: the study it was given, the tables made before it, and where its own results go."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from evaluation.checks import checked_study
from evaluation.citation import cells_of
from evaluation.measurement.scores import score_study
from evaluation.publishing.published_tables import as_published, read_published, write_table
from evaluation.publishing.rules import RULES
from evaluation.report_folder import TABLES
from evaluation.study.choices import Choices, departures
from evaluation.study.findings import Finding
from evaluation.study.folder import NO_CHOICES, Study
from evaluation.study.places import repository, study_folder
from evaluation.study.protocol import Protocol

RAW = "raw"  # in a run's own folder: the study's raw data


@dataclass(frozen=True)
class Workspace:
    """One study and the folder its results go to: `processed/` (never published) and `reports/`.

    In a run the folder is the current one and holds what earlier notebooks made. A notebook opened by hand gets a folder
    of its own, makes what it needs itself, and leaves the published results alone.
    """

    raw: Path
    folder: Path
    in_run: bool
    choices: Choices = field(default_factory=dict)

    @classmethod
    def open(cls, study: str | Study, choices: Choices = NO_CHOICES) -> Workspace:
        """Open the workspace of a run, if the current folder is one; else one for working by hand.

        Parameters
        ----------
        study : its name under data/raw, its folder, or the study itself (so that a cell may run twice).
        choices : entries of the protocol to set otherwise (`{"analysis.estimator": "ancova"}`); what is made under them is
            marked exploratory.
        """
        here = Path.cwd()
        if (here / RAW / "protocol.yml").is_file():
            return cls(here / RAW, here, in_run=True, choices=choices)
        raw = study.folder if isinstance(study, Study) else study_folder(study)
        return cls(raw, repository() / ".runs" / raw.name / "by-hand", in_run=False, choices=choices)

    @cached_property
    def _checked(self) -> tuple[Study, tuple[Finding, ...]]:
        return checked_study(self.raw, self.choices)

    @property
    def study(self) -> Study:
        """The study; StudyDefects if it has errors."""
        return self._checked[0]

    @property
    def protocol(self) -> Protocol:
        """The study's protocol."""
        return self.study.protocol

    @property
    def findings(self) -> tuple[Finding, ...]:
        """The warnings and notes of the study."""
        return self._checked[1]

    @property
    def primary(self) -> str:
        """The id of the primary outcome."""
        return self.protocol.primary.id

    @property
    def wave(self) -> str:
        """The id of the first wave after the baseline."""
        return self.protocol.follow_ups[0].id

    @cached_property
    def scores(self) -> pd.DataFrame:
        """Scores of every consenting child: participant, wave, outcome, score."""
        path = self.folder / "processed" / "scores.csv"
        if self.in_run and path.is_file():
            return pd.read_csv(path, dtype={"participant": str, "wave": str, "outcome": str})
        return score_study(self.study)

    def save_processed(self, name: str, table: pd.DataFrame) -> None:
        """Keep an individual-level table under processed/, which is never published."""
        write_table(table, self.folder / "processed" / f"{name}.csv")

    def table(self, name: str) -> pd.DataFrame:
        """Return a published table as text; it is made first if no earlier notebook of the run did."""
        path = self.folder / "reports" / TABLES / f"{name}.csv"
        if self.in_run and path.is_file():
            return read_published(path)
        from evaluation.publishing.makers import MAKERS  # every estimator: a second, which few notebooks need

        return self.publish(name, MAKERS[name](self.study, self.scores))

    @cached_property
    def tables(self) -> dict[str, pd.DataFrame]:
        """Every table with a rule, by name."""
        return {name: self.table(name) for name in RULES}

    def publish(self, name: str, made: pd.DataFrame) -> pd.DataFrame:
        """Withhold what the rule of a table does not let pass, write the rest, and return it as published.

        Parameters
        ----------
        name : of the table, without `.csv`; its rule stands in `RULES`.
        made : the table as it was made, with the rule's columns.
        """
        return self.publish_table(name, RULES[name].publishable(made, self.study, self.scores))

    def publish_table(self, name: str, table: pd.DataFrame) -> pd.DataFrame:
        """Write a table that holds nothing to withhold, and return it as published."""
        path = self.folder / "reports" / TABLES / f"{name}.csv"
        write_table(self._marked(table), path)
        return read_published(path)

    def _marked(self, table: pd.DataFrame) -> pd.DataFrame:
        """Return a table that says in a last column that it is exploratory, where choices were made."""
        return table.assign(exploratory=departures(self.choices)["en"]) if self.choices else table

    def publish_json(self, name: str, content: dict[str, Any]) -> None:
        """Write a document beside the tables, keys in order of meaning."""
        path = self.folder / "reports" / TABLES / f"{name}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(_json(content) + "\n", encoding="utf-8")

    def table_as_published(self, name: str, table: pd.DataFrame) -> pd.DataFrame:
        """Return a table as its file, which another notebook writes, holds it."""
        return as_published(self._marked(table), f"{name}.csv")

    def as_published(self, name: str, content: dict[str, Any]) -> dict[str, Any]:
        """Return a document as its file holds it: texts that know their place in it."""
        document: dict[str, Any] = cells_of(json.loads(_json(content)), f"{name}.json")
        return document


def _json(content: dict[str, Any]) -> str:
    return json.dumps(content, ensure_ascii=False, indent=2, default=str)
