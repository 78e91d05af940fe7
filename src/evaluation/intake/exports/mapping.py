"""intake.yml: which column of an export is which item, which answer is which code, which child, which wave."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from evaluation.intake.exports.answer_times import ZONES, is_format, zone_of
from evaluation.intake.exports.layouts import plain
from evaluation.language import text
from evaluation.study.documents import Date, Defect, Model, Number, Whole, refuse, unknown
from evaluation.study.instrument import Instrument
from evaluation.study.protocol import Protocol

FILE = "intake.yml"
IGNORED = "ignore"  # what `other` says of free words that are left out
Platform = Literal[
    "google_forms", "microsoft_forms", "limesurvey_csv", "limesurvey_vv", "kobotoolbox", "odk_central", "surveycto",
    "redcap_raw", "redcap_labels", "surveymonkey", "qualtrics", "typeform", "jotform", "eusurvey", "moodle_questionnaire",
    "moodle_feedback", "spss", "plain_long", "plain_wide",
]  # fmt: skip


def _listed(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


def _one_line(value: Any) -> Any:
    if isinstance(value, int | float) and not isinstance(value, bool):  # a plain code needs no quotes
        return f"{value:.15g}"
    return plain(value) if isinstance(value, str) else value


Written = Annotated[str, BeforeValidator(_one_line), Field(max_length=2_000)]  # what stands in a cell, or in none: ""
Column = Annotated[Written, Field(min_length=1)]
Columns = Annotated[tuple[Column, ...], BeforeValidator(_listed)]
Decimal = Literal[".", ","]


class CodedColumn(Model):
    """A column that says something of a whole answer sheet; `values`: what it writes, and what is meant (else the same)."""

    column: Column
    values: dict[Column, str] = Field(default_factory=dict)


class WaveColumn(Model):
    """The column that tells the wave; a value of null is of no wave, and its rows are left out."""

    column: Column
    values: dict[Written, str | None] = Field(default_factory=dict)


class Filter(Model):
    """Which rows are imported, by the values of a column: those named, or all but those."""

    column: Column
    values: tuple[Written, ...] | None = Field(None, alias="is")
    others: tuple[Written, ...] | None = Field(None, alias="is_not")

    @model_validator(mode="after")
    def _one_way(self) -> Filter:
        if (self.values is None) == (self.others is None):
            one = text("uno tra is, is_not", "one of is, is_not")
            refuse([Defect("nothing" if self.values is None else "is, is_not", one, at=("is",))])
        return self

    def lets_in(self, written: str) -> bool:
        """Tell whether a row is imported whose column holds this."""
        return written in self.values if self.values is not None else written not in (self.others or ())


class Period(Model):
    """The days, first and last included, whose answers belong to a wave."""

    wave: str
    starts: Date = Field(alias="from")
    ends: Date = Field(alias="to")


class Multiple(Model):
    """A column of several answers in one cell: each option is an item, 1 where it was chosen and 0 where not."""

    column: Column
    separator: Annotated[str, Field(min_length=1, max_length=8)] = ", "
    options: Annotated[dict[Column, str], Field(min_length=1)]
    other: str | None = (
        None  # where free words may stand among the options: "ignore", or the item that is 1 where they do
    )


class Skip(Model):
    """A row of the export that is not to be imported, and why; `response`: which one it is, whatever its row."""

    row: Annotated[Whole, Field(ge=1)] | None = None
    sheet: str = ""
    response: Written = ""
    why: Annotated[str, Field(min_length=1)]

    @model_validator(mode="after")
    def _told(self) -> Skip:
        if self.row is None and not self.response:
            refuse([Defect("nothing", text("row oppure response", "row or response"), at=("row",))])
        return self


class ItemColumn(Model):
    """A column of an item that is read in a way of its own; what is not said holds as for the others."""

    item: str
    codes: dict[Column, Number | None] = Field(default_factory=dict)
    decimal: Decimal | None = None
    missing: tuple[Written, ...] | None = None


def _as_item(value: Any) -> Any:
    return {"item": value} if isinstance(value, str) else value


Item = Annotated[ItemColumn, BeforeValidator(_as_item)]


class Answers(Model):
    """The code of each answer, for the items and scales named; a code of null is still to be given."""

    questions: Annotated[tuple[str, ...], Field(alias="for", min_length=1)]
    codes: Annotated[dict[Column, Number | None], Field(min_length=1)]


def codes_of(answers: Iterable[Answers], item: str, scale: str) -> dict[str, float | None]:
    """Return the codes of an item's answers: its own where it is named, else its scale's; empty where none are given."""
    known = tuple(answers)
    named = [one.codes for name in (item, scale) for one in known if name and name in one.questions]
    return named[0] if named else {}


class ExportMapping(Model):
    """How to read the exports whose names fit `file` (a name, or a pattern with `*`)."""

    file: Annotated[str, Field(min_length=1)]
    platform: Platform | None = None
    sheet: str | None = None
    encoding: Literal["utf-8", "cp1252", "utf-16"] | None = None
    delimiter: Literal[",", ";", "\t", "|"] | None = None
    identifier: Literal["code", "name"] = "code"
    child: Columns | None = None
    wave: str | None = None
    wave_column: WaveColumn | None = None
    wave_dates: tuple[Period, ...] = ()
    rater: str = ""
    rater_column: CodedColumn | None = None
    centre_column: CodedColumn | None = None
    answered_at: Column | None = None
    seconds: Column | None = None
    dates: str | None = None
    zones: tuple[str, ...] = ZONES
    clock: str = "Europe/Rome"
    decimal: Decimal | None = None
    missing: tuple[Written, ...] = ()
    ticked: tuple[Written, ...] = ()
    unticked: tuple[Written, ...] = ()
    items: dict[Column, Item | None] = Field(default_factory=dict)
    item_column: Column | None = None
    value_column: Column | None = None
    checkboxes: tuple[dict[Column, str], ...] = ()
    multiple: tuple[Multiple, ...] = ()
    answers: tuple[Answers, ...] = ()
    filter: tuple[Filter, ...] = ()
    unfinished: Literal["keep", "drop"] = "keep"
    previews: Literal["keep", "drop"] = "drop"
    skip: tuple[Skip, ...] = ()
    keep: Literal["mapped", "whole", "nothing"] = "mapped"

    @model_validator(mode="after")
    def _complete(self) -> ExportMapping:
        """A child and a wave must be told, and nothing twice."""
        defects = []
        if not self.child:
            column = text("la colonna che dice quale ragazzo", "the column that tells which child")
            defects.append(Defect("nothing", column, at=("child",)))
        ways = [name for name in ("wave", "wave_column", "wave_dates") if getattr(self, name)]
        if len(ways) != 1:
            one = text("uno tra wave, wave_column, wave_dates", "one of wave, wave_column, wave_dates")
            defects.append(Defect(", ".join(ways) or "nothing", one, at=("wave",)))
        if self.rater and self.rater_column:
            one = text("rater oppure rater_column", "rater or rater_column")
            defects.append(Defect(self.rater, one, at=("rater",)))
        if self.dates is not None and not is_format(self.dates):
            form = text("una forma come DD/MM/YYYY H:mm:ss", "a form such as DD/MM/YYYY H:mm:ss")
            defects.append(Defect(self.dates, form, at=("dates",)))
        if zone_of(self.clock) is None:
            zone = text("un fuso come Europe/Rome", "a zone such as Europe/Rome")
            defects.append(Defect(self.clock, zone, at=("clock",)))
        refuse(defects)
        return self

    def about(self) -> Iterator[str]:
        """Yield every column that says whose a row is, when, and whether it counts."""
        yield from self.child or ()
        coded = (self.wave_column, self.rater_column, self.centre_column, *self.filter)
        yield from (one.column for one in coded if one is not None)
        yield from (name for name in (self.answered_at, self.seconds) if name is not None)

    def answering(self, *, long: bool) -> Iterator[str]:
        """Yield every column that holds answers; in a table with an answer a row, `items` names no columns."""
        yield from (self.item_column or "item", self.value_column or "value") if long else self.items
        yield from (key for group in self.checkboxes for key in group)
        yield from (one.column for one in self.multiple)

    def columns(self, *, long: bool) -> Iterator[str]:
        """Yield every column of the export that is named."""
        yield from self.about()
        yield from self.answering(long=long)

    def named_items(self) -> Iterator[tuple[tuple[str | int, ...], str]]:
        """Yield every item that is named, with its place in the entry."""
        yield from ((("items", key), one.item) for key, one in self.items.items() if one is not None)
        yield from (
            (("checkboxes", k, key), item) for k, group in enumerate(self.checkboxes) for key, item in group.items()
        )
        yield from (
            (("multiple", k, "options", key), item)
            for k, one in enumerate(self.multiple)
            for key, item in one.options.items()
        )
        others = (one.other for one in self.multiple)
        yield from ((("multiple", k, "other"), item) for k, item in enumerate(others) if item not in (None, IGNORED))

    def named_waves(self) -> Iterator[tuple[tuple[str | int, ...], str]]:
        """Yield every wave that is named, with its place in the entry."""
        yield from [(("wave",), self.wave)] if self.wave else []
        yield from ((("wave_dates", k, "wave"), period.wave) for k, period in enumerate(self.wave_dates))
        values = self.wave_column.values if self.wave_column else {}
        yield from ((("wave_column", "values", key), wave) for key, wave in values.items() if wave is not None)


class Intake(Model):
    """The whole document: how each export is read, and what the answers mean."""

    format: Literal[1]
    exports: Annotated[tuple[ExportMapping, ...], Field(min_length=1)]
    answers: tuple[Answers, ...] = ()

    def unknown_names(self, protocol: Protocol, instrument: Instrument) -> Iterator[Defect]:
        """Yield the defect of every wave, item and scale that the study does not have, with its place."""
        waves, items = [wave.id for wave in protocol.waves], list(instrument.ids)
        scales = sorted({item.scale for item in instrument.items if item.scale})
        for k, entry in enumerate(self.exports):
            named = [(place, name, waves) for place, name in entry.named_waves()]
            named += [(place, name, items) for place, name in entry.named_items()]
            yield from (
                unknown(name, known, ("exports", k, *place)) for place, name, known in named if name not in known
            )
        own = [(("exports", k, "answers"), entry.answers) for k, entry in enumerate(self.exports)]
        for place, answers in [(("answers",), self.answers), *own]:
            for k, one in enumerate(answers):
                for position, name in enumerate(one.questions):
                    if name not in [*items, *scales]:
                        yield unknown(name, [*scales, *items], (*place, k, "for", position))
