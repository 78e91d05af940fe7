"""protocol.yml: the pre-analysis plan, what is asked of the data before they are seen."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from evaluation.language import Text, text
from evaluation.study.documents import Bilingual, Model

Role = Literal["primary", "secondary", "placebo"]
EstimatorId = Literal[
    "before_after", "difference", "did", "did_adjusted", "ancova", "panel",
    "ipw", "drdid_traditional", "drdid", "entropy",
]  # fmt: skip
Identifier = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$", max_length=64)]
WAVE_ORDER = ("pre_baseline", "baseline", "endline", "follow_up")
UNITS: dict[str, Text] = {
    "baseline SD": text("DS alla baseline", "baseline SD"),
    "points": text("punti", "points"),
    "minutes": text("minuti", "minutes"),
}


class StudyIdentity(Model):
    """What the study is called, whose data it holds, and the date that its report bears."""

    id: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]*$", max_length=64)]
    title: Bilingual
    provenance: Literal["synthetic", "public", "real"]
    report_date: dt.date | None = None

    @field_validator("id")
    @classmethod
    def _not_reserved(cls, value: str) -> str:
        if value == "lessons":
            raise ValueError("the id 'lessons' is reserved for the course")
        return value


class Centres(Model):
    """The values of participants.centre for the treated and the comparison centre, and what to call them."""

    treated: str
    comparison: str
    labels: dict[str, Bilingual] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _two(self) -> Centres:
        if self.treated == self.comparison:
            raise ValueError("the treated and the comparison centre must be two")
        return self

    def label(self, centre: str) -> Text:
        """Return what readers call the centre."""
        return self.labels[centre].text() if centre in self.labels else text(centre, centre)


class Wave(Model):
    """One round of data collection."""

    id: Identifier
    role: Literal["pre_baseline", "baseline", "endline", "follow_up"]
    label: Bilingual | None = None


class Programme(Model):
    """The hours planned and the days between which they were given."""

    planned_hours: float | None = Field(default=None, gt=0)
    starts: dt.date | None = Field(default=None, alias="from")
    ends: dt.date | None = Field(default=None, alias="to")


class Population(Model):
    """Whom the programme is for: ages in completed years, first and last included."""

    age: tuple[float, float] | None = None


class Outcome(Model):
    """One thing measured: a scale of items, one number, or a composite of other outcomes."""

    id: Identifier
    label: Bilingual | None = None
    role: Role
    kind: Literal["scale", "measure", "composite"]
    of: tuple[str, ...] = ()
    minimum_answered: float = Field(default=0.5, gt=0, le=1)
    direction: Literal["higher", "lower"] = "higher"
    unit: str = ""

    @model_validator(mode="after")
    def _parts(self) -> Outcome:
        if (self.kind == "composite") != bool(self.of):
            raise ValueError("`of` names the parts of a composite, and only of a composite")
        return self

    @property
    def name(self) -> Text:
        """What readers call the outcome."""
        return self.label.text() if self.label else text(self.id, self.id)

    @property
    def unit_name(self) -> str:
        """The unit as estimates.csv prints it."""
        return self.unit or {"composite": "baseline SD", "scale": "points", "measure": ""}[self.kind]

    @property
    def unit_text(self) -> Text:
        """The unit as readers see it."""
        return UNITS.get(self.unit_name, text(self.unit_name, self.unit_name))


class Analysis(Model):
    """The confirmatory analysis, fixed before the data are seen."""

    estimator: EstimatorId = "did"
    alpha: float = Field(default=0.05, gt=0, lt=0.5)
    permutations: int = Field(default=9999, ge=99, le=10_000_000)
    multiplicity: Literal["romano_wolf", "holm", "benjamini_hochberg"] = "romano_wolf"
    centre_shock_icc: float = Field(default=0.02, ge=0, lt=1)
    subgroups: tuple[str, ...] = ()
    seed: int = Field(default=0, ge=0)


class Privacy(Model):
    """The smallest cell that a published table may hold (never below 3)."""

    minimum_cell: int = Field(default=10, ge=3)


class Protocol(Model):
    """The pre-analysis plan, format 1."""

    format: Literal[1]
    study: StudyIdentity
    centres: Centres
    waves: tuple[Wave, ...] = Field(min_length=2)
    programme: Programme = Programme()
    population: Population = Population()
    outcomes: tuple[Outcome, ...] = Field(min_length=1)
    covariates: tuple[str, ...] = ()
    analysis: Analysis = Analysis()
    privacy: Privacy = Privacy()

    @field_validator("waves")
    @classmethod
    def _in_time_order(cls, waves: tuple[Wave, ...]) -> tuple[Wave, ...]:
        _unique("waves", [wave.id for wave in waves])
        roles = [WAVE_ORDER.index(wave.role) for wave in waves]
        if roles != sorted(roles):
            raise ValueError(f"waves must stand in time order: {', '.join(WAVE_ORDER)}")
        if not any(wave.role == "baseline" for wave in waves) or roles[-1] < WAVE_ORDER.index("endline"):
            raise ValueError("a wave with role baseline and a later one with role endline or follow_up are needed")
        return waves

    @field_validator("outcomes")
    @classmethod
    def _parts_exist(cls, outcomes: tuple[Outcome, ...]) -> tuple[Outcome, ...]:
        _unique("outcomes", [outcome.id for outcome in outcomes])
        simple = {outcome.id for outcome in outcomes if outcome.kind != "composite"}
        for outcome in outcomes:
            unknown = [part for part in outcome.of if part not in simple]
            if unknown:
                raise ValueError(
                    f"composite {outcome.id}: {', '.join(unknown)} is no scale or measure of this protocol"
                )
        return outcomes

    @property
    def baseline(self) -> Wave:
        """The last wave before the programme."""
        return [wave for wave in self.waves if wave.role == "baseline"][-1]

    @property
    def follow_ups(self) -> tuple[Wave, ...]:
        """The waves after the baseline, each compared with it."""
        return self.waves[self.waves.index(self.baseline) + 1 :]

    @property
    def primary(self) -> Outcome:
        """The first primary outcome; the first outcome if none is called so."""
        return next((outcome for outcome in self.outcomes if outcome.role == "primary"), self.outcomes[0])

    def outcome(self, outcome_id: str) -> Outcome:
        """Return the outcome of that id (KeyError if there is none)."""
        return {outcome.id: outcome for outcome in self.outcomes}[outcome_id]


def _unique(what: str, names: list[str]) -> None:
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f"{what}: {', '.join(twice)} stands twice")
