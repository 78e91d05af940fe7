"""protocol.yml: the pre-analysis plan, what is asked of the data before they are seen."""

from __future__ import annotations

import datetime as dt
import os
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field, field_validator, model_validator

from evaluation.errors import UserError
from evaluation.language import Text, text
from evaluation.study.documents import Bilingual, Date, Defect, Model, Number, Whole, backwards, refuse, twice, unknown
from evaluation.study.findings import Finding, Findings, Words, nearest, one_of

if TYPE_CHECKING:
    from evaluation.study.instrument import Instrument

Role = Literal["primary", "secondary", "placebo"]
EstimatorId = Literal[
    "before_after", "difference", "did", "did_adjusted", "ancova", "panel",
    "ipw", "drdid_traditional", "drdid", "entropy",
]  # fmt: skip
Identifier = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$", max_length=64)]
WAVE_ORDER = ("pre_baseline", "baseline", "endline", "follow_up")
UNITS: dict[str, Text] = {
    "baseline SD": text("deviazioni standard iniziali", "baseline SD"),
    "mean of standardised parts": text("media delle parti standardizzate", "mean of standardised parts"),
    "points": text("punti", "points"),
    "minutes": text("minuti", "minutes"),
}


class StudyIdentity(Model):
    """What the study is called, whose data it holds, and the date that its report bears."""

    id: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]*$", max_length=64)]
    title: Bilingual
    provenance: Literal["synthetic", "public", "real"]
    report_date: Date | None = None

    @property
    def date(self) -> dt.date | None:
        """The date that the report bears: report_date, else that of SOURCE_DATE_EPOCH (UTC), else none.

        UserError where SOURCE_DATE_EPOCH is no number of seconds.
        """
        epoch = os.environ.get("SOURCE_DATE_EPOCH")
        if self.report_date is not None or not epoch:
            return self.report_date
        try:
            return dt.datetime.fromtimestamp(int(epoch), dt.UTC).date()
        except (ValueError, OverflowError, OSError):
            raise UserError(f"SOURCE_DATE_EPOCH={epoch!r}: expected a number of seconds since 1970.") from None

    @field_validator("id")
    @classmethod
    def _not_reserved(cls, value: str) -> str:
        if value == "lessons":
            free = text(
                "un altro id: 'lessons' è riservato al corso", "another id: 'lessons' is reserved for the course"
            )
            refuse([Defect(value, free)])
        return value


class Centres(Model):
    """The values of participants.centre for the treated and the comparison centre, and what to call them."""

    treated: Annotated[str, Field(min_length=1)]
    comparison: Annotated[str, Field(min_length=1)]
    labels: dict[str, Bilingual] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _two(self) -> Centres:
        if self.treated == self.comparison:
            refuse([Defect(self.treated, text("due centri diversi", "two different centres"), at=("comparison",))])
        centres = [self.treated, self.comparison]
        refuse([unknown(name, centres, ("labels", name)) for name in self.labels if name not in centres])
        return self

    def label(self, centre: str) -> Text:
        """Return what readers call the centre."""
        return self.labels[centre].text() if centre in self.labels else text(centre, centre)


class Wave(Model):
    """One round of data collection."""

    id: Identifier
    role: Literal["pre_baseline", "baseline", "endline", "follow_up"]
    label: Bilingual | None = None
    on: Date | None = None
    month: Number | None = None

    @property
    def time(self) -> float | None:
        """When it took place, in days or in months; None where the protocol does not say."""
        return self.month if self.on is None else float(self.on.toordinal())


def _untimely(waves: tuple[Wave, ...]) -> list[Defect]:
    """Return the defect of waves of which some have no time, or times of two kinds, or a time that does not rise."""
    kinds = [tuple(name for name in ("on", "month") if getattr(wave, name) is not None) for wave in waves]
    if len(set(kinds)) > 1 or len(kinds[0]) > 1:
        found = ", ".join(f"{wave.id}: {' + '.join(kind) or '-'}" for wave, kind in zip(waves, kinds, strict=True))
        alike = text(
            "on per ogni rilevazione, o month per ognuna, o nessuno",
            "on for every wave, or month for every one, or none",
        )
        return [Defect(found, alike)]
    late = [k for k in range(1, len(waves)) if kinds[0] and (waves[k].time or 0) <= (waves[k - 1].time or 0)]
    rising = text("un tempo dopo quello della rilevazione precedente", "a time after that of the wave before")
    return [Defect(str(getattr(waves[k], kinds[0][0])), rising, at=(k, kinds[0][0])) for k in late]


class Programme(Model):
    """The hours planned and the days between which they were given."""

    planned_hours: Number | None = Field(default=None, gt=0)
    starts: Date | None = Field(default=None, alias="from")
    ends: Date | None = Field(default=None, alias="to")

    @model_validator(mode="after")
    def _in_order(self) -> Programme:
        refuse(backwards(self.starts, self.ends))
        return self


class Population(Model):
    """Whom the programme is for: ages in completed years, first and last included."""

    age: tuple[Number, Number] | None = None

    @model_validator(mode="after")
    def _in_order(self) -> Population:
        if self.age and self.age[1] < self.age[0]:
            youngest = text("prima l'età minore", "the lower age first")
            refuse([Defect(f"{self.age[0]:g}, {self.age[1]:g}", youngest, at=("age",))])
        return self


class Constants(Model):
    """What standardises the parts of a composite, fixed before the data: mean and SD of each, and the composite's own SD."""

    mean: dict[str, Number]
    sd: dict[str, Annotated[Number, Field(gt=0)]]
    scale: Number | None = Field(default=None, gt=0)


class Outcome(Model):
    """One thing measured: a scale of items, one number, or a composite of other outcomes."""

    id: Identifier
    label: Bilingual | None = None
    role: Role
    kind: Literal["scale", "measure", "composite"]
    of: tuple[str, ...] = ()
    minimum_answered: Number = Field(default=0.5, gt=0, le=1)
    direction: Literal["higher", "lower"] = "higher"
    unit: str = ""
    scale: Literal["baseline_sd"] | None = None
    constants: Constants | None = None

    @model_validator(mode="after")
    def _of_a_composite(self) -> Outcome:
        only = text("solo in un composito", "only in a composite")
        given = [name for name in ("scale", "constants") if getattr(self, name) is not None]
        refuse([Defect(f"{self.id}: {self.kind}", only, at=(name,)) for name in given if self.kind != "composite"])
        if self.constants is None:
            return self
        parts = text(f"un valore per {', '.join(self.of)}", f"a value for {', '.join(self.of)}")
        refuse([
            Defect(", ".join(given) or "-", parts, at=("constants", name))
            for name, given in (("mean", self.constants.mean), ("sd", self.constants.sd)) if set(given) != set(self.of)
        ])  # fmt: skip
        declared = text("scale: baseline_sd, se constants ha scale", "scale: baseline_sd, where constants have a scale")
        refuse([Defect("-", declared, at=("scale",))] if self.constants.scale and not self.scale else [])
        return self

    @model_validator(mode="after")
    def _parts(self) -> Outcome:
        if (self.kind == "composite") != bool(self.of):
            only = text("le parti `of` in un composito, e solo lì", "the parts `of` in a composite, and only there")
            refuse([Defect(f"{self.id}: {self.kind}", only, at=("of",))])
        refuse(twice(list(self.of), ("of",)))
        return self

    @property
    def name(self) -> Text:
        """What readers call the outcome."""
        return self.label.text() if self.label else text(self.id, self.id)

    @property
    def unit_name(self) -> str:
        """The unit as estimates.csv prints it; a composite that is not rescaled has no SD of one, whatever it is called."""
        if self.kind == "composite" and self.scale is None and self.unit in ("", "baseline SD"):
            return "mean of standardised parts"
        return self.unit or {"composite": "baseline SD", "scale": "points", "measure": ""}[self.kind]

    @property
    def unit_text(self) -> Text:
        """The unit as readers see it."""
        return UNITS.get(self.unit_name, text(self.unit_name, self.unit_name))


class Covariate(Model):
    """A column of participants.csv that the analysis adjusts for; a bare name leaves its kind to be guessed.

    levels : of a category, all that may occur; the first is the reference. Without them they are those found, in
    alphabetical order.
    """

    id: Annotated[str, Field(min_length=1)]
    kind: Literal["number", "category"] | None = None
    levels: tuple[str, ...] = ()
    labels: Bilingual | None = None

    @model_validator(mode="before")
    @classmethod
    def _name_alone(cls, given: Any) -> Any:
        return {"id": given} if isinstance(given, str) else given

    @model_validator(mode="after")
    def _levels_of_a_category(self) -> Covariate:
        if self.levels and self.kind != "category":
            only = text("kind: category, se ci sono levels", "kind: category, where there are levels")
            refuse([Defect(f"{self.id}: {self.kind or '-'}", only, at=("kind",))])
        refuse(twice(list(self.levels), ("levels",)))
        return self


class Exclusion(Model):
    """Children left out of the analysis, with the reason: one by code, or those whose column compares so with a value."""

    participant: str | None = None
    column: str | None = None
    op: Literal["==", "!=", "<", "<=", ">", ">="] | None = None
    value: str | Number | None = None
    reason: Annotated[str, Field(min_length=1)]

    @model_validator(mode="after")
    def _one_way(self) -> Exclusion:
        by_column = (self.column, self.op, self.value)
        if (self.participant is None) != all(part is not None for part in by_column) or (
            self.participant is not None and any(part is not None for part in by_column)
        ):
            ways = text(
                "participant e reason, oppure column, op, value e reason",
                "participant and reason, or column, op, value and reason",
            )
            refuse([Defect(", ".join(self.model_fields_set), ways)])
        return self


class CentreShock(Model):
    """How much of the variance of change is declared to lie between centres, where that is taken from, and why."""

    value: Number = Field(ge=0, lt=1)
    source: str = ""
    reason: str = ""

    @model_validator(mode="before")
    @classmethod
    def _number_alone(cls, given: Any) -> Any:
        return given if isinstance(given, dict | CentreShock) else {"value": given}


class Analysis(Model):
    """The confirmatory analysis, fixed before the data are seen."""

    estimator: EstimatorId = "did"
    alpha: Number = Field(default=0.05, ge=0.0001, lt=0.5)
    permutations: Whole = Field(default=9999, ge=99, le=10_000_000)
    multiplicity: Literal["romano_wolf", "holm", "benjamini_hochberg"] = "romano_wolf"
    centre_shock: CentreShock | None = Field(default=None, alias="centre_shock_icc")
    confirmatory_waves: tuple[str, ...] = ()
    weighted_errors: Literal["small_sample", "r"] = "small_sample"
    subgroups: tuple[str, ...] = ()
    seed: Whole = Field(default=0, ge=0)

    @property
    def centre_shock_icc(self) -> float | None:
        """The declared share of the variance of change between centres; None where the plan declares none."""
        return None if self.centre_shock is None else self.centre_shock.value


class Privacy(Model):
    """The smallest cell that a published table may hold (never below 3).

    minimum_width : the share of an item's range within which no child's answer may be inferred from all published numbers.
    """

    minimum_cell: Whole = Field(default=10, ge=3)
    minimum_width: Number = Field(default=0.5, gt=0, lt=1)


class Protocol(Model):
    """The pre-analysis plan, format 1."""

    format: Literal[1]
    study: StudyIdentity
    centres: Centres
    waves: tuple[Wave, ...] = Field(min_length=2)
    programme: Programme = Programme()
    population: Population = Population()
    outcomes: tuple[Outcome, ...] = Field(min_length=1)
    declared: tuple[Covariate, ...] = Field(default=(), alias="covariates")
    exclusions: tuple[Exclusion, ...] = ()
    analysis: Analysis = Analysis()
    privacy: Privacy = Privacy()

    @field_validator("waves")
    @classmethod
    def _in_time_order(cls, waves: tuple[Wave, ...]) -> tuple[Wave, ...]:
        refuse(twice([wave.id for wave in waves], after=("id",)))
        roles = [WAVE_ORDER.index(wave.role) for wave in waves]
        if roles != sorted(roles):
            order = ", ".join(WAVE_ORDER)
            in_time = text(f"le rilevazioni in ordine di tempo: {order}", f"waves in time order: {order}")
            refuse([Defect(", ".join(wave.role for wave in waves), in_time)])
        if not any(wave.role == "baseline" for wave in waves) or roles[-1] < WAVE_ORDER.index("endline"):
            pair = text(
                "una rilevazione baseline, e dopo una endline o follow_up",
                "a wave with role baseline, and a later one with role endline or follow_up",
            )
            refuse([Defect(", ".join(wave.role for wave in waves), pair)])
        refuse(_untimely(waves))
        return waves

    @field_validator("outcomes")
    @classmethod
    def _parts_exist(cls, outcomes: tuple[Outcome, ...]) -> tuple[Outcome, ...]:
        simple = [outcome.id for outcome in outcomes if outcome.kind != "composite"]
        refuse(
            twice([outcome.id for outcome in outcomes], after=("id",))
            + [
                unknown(part, simple, (k, "of", place))
                for k, outcome in enumerate(outcomes)
                for place, part in enumerate(outcome.of)
                if part not in simple
            ]
        )
        return outcomes

    @field_validator("declared")
    @classmethod
    def _once(cls, declared: tuple[Covariate, ...]) -> tuple[Covariate, ...]:
        refuse(twice([covariate.id for covariate in declared]))
        return declared

    @model_validator(mode="after")
    def _confirmed_after_the_baseline(self) -> Protocol:
        known = [wave.id for wave in self.follow_ups]
        named = list(self.analysis.confirmatory_waves)
        places = [("analysis", "confirmatory_waves", k) for k in range(len(named))]
        refuse(twice(named, ("analysis", "confirmatory_waves")))
        refuse([unknown(name, known, at) for name, at in zip(named, places, strict=True) if name not in known])
        return self

    @property
    def covariates(self) -> tuple[str, ...]:
        """The covariates by name, in the declared order."""
        return tuple(covariate.id for covariate in self.declared)

    @property
    def baseline(self) -> Wave:
        """The last wave before the programme."""
        return [wave for wave in self.waves if wave.role == "baseline"][-1]

    @property
    def follow_ups(self) -> tuple[Wave, ...]:
        """The waves after the baseline, each compared with it."""
        return self.waves[self.waves.index(self.baseline) + 1 :]

    @property
    def times(self) -> tuple[float, ...] | None:
        """When the waves took place, in days or months; None where the protocol does not say."""
        known = tuple(wave.time for wave in self.waves if wave.time is not None)
        return known or None

    @property
    def primary(self) -> Outcome:
        """The first primary outcome; the first outcome if none is called so, which no study folder may do."""
        return next((outcome for outcome in self.outcomes if outcome.role == "primary"), self.outcomes[0])

    def outcome(self, outcome_id: str) -> Outcome:
        """Return the outcome of that id (KeyError if there is none)."""
        return {outcome.id: outcome for outcome in self.outcomes}[outcome_id]


def check_shock(protocol: Protocol, findings: Findings) -> None:
    """A declared shock of a centre needs a source: it decides how wide the interval that leads the report is."""
    shock = protocol.analysis.centre_shock
    if shock is None or shock.source.strip():
        return
    expected = text("source: da dove viene il valore", "source: where the value comes from")
    action = text(
        "Scrivere {value: …, source: …, reason: …}, o togliere il valore.",
        "Write {value: …, source: …, reason: …}, or remove the value.",
    )
    line = findings.line("protocol.yml", "analysis", "centre_shock_icc")
    found = Words(f"{shock.value:g}, senza fonte", f"{shock.value:g}, no source")
    findings.add(
        Finding("warning", "no_source", "protocol.yml", found, expected, action, line, "analysis.centre_shock_icc")
    )


def check_outcomes(protocol: Protocol, instrument: Instrument, findings: Findings) -> None:
    """One outcome is primary; every scale needs items, every measure its item; items of no outcome are never counted."""
    roles = dict.fromkeys(outcome.role for outcome in protocol.outcomes)
    if "primary" not in roles:
        one = text("almeno un esito con role: primary", "at least one outcome with role: primary")
        choose = text("Dire qual è l'esito primario.", "Say which outcome is the primary one.")
        line = findings.line("protocol.yml", "outcomes")
        findings.error("invalid_value", "protocol.yml", ", ".join(roles), one, choose, row=line, column="outcomes")
    scales = sorted({item.scale for item in instrument.items if item.scale})
    for k, outcome in enumerate(protocol.outcomes):
        known = {"scale": scales, "measure": list(instrument.ids)}.get(outcome.kind)
        if known is not None and outcome.id not in known:
            findings.error(
                "unknown_outcome", "protocol.yml", outcome.id, one_of(known), nearest(outcome.id, known),
                row=findings.line("protocol.yml", "outcomes", k, "id"), column="outcomes",
            )  # fmt: skip
    asked = [outcome.id for outcome in protocol.outcomes if outcome.kind == "scale"]
    for item in instrument.items:
        if item.scale and item.scale not in asked:
            findings.add(
                Finding(
                    "warning", "unknown_scale", "instrument.csv", item.scale, one_of(asked), nearest(item.scale, asked),
                    item.row, "scale",
                )
            )  # fmt: skip
