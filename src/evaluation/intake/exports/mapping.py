"""intake.yml: which column of an export is which item, which answer is which code, which child, which wave."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from evaluation.intake.exports.answer_times import ZONES, is_format
from evaluation.intake.exports.layouts import plain
from evaluation.language import text
from evaluation.study.documents import Date, Defect, Model, Number, Whole, refuse, unknown
from evaluation.study.instrument import Instrument
from evaluation.study.protocol import Protocol

FILE = "intake.yml"
Platform = Literal[
    "google_forms", "microsoft_forms", "limesurvey_csv", "limesurvey_vv", "kobotoolbox", "redcap_raw", "redcap_labels",
    "surveymonkey", "qualtrics", "spss", "plain_long", "plain_wide",
]  # fmt: skip


def _listed(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


def _one_line(value: Any) -> Any:
    return plain(value) if isinstance(value, str) else value


Column = Annotated[str, BeforeValidator(_one_line), Field(min_length=1, max_length=2_000)]
Columns = Annotated[tuple[Column, ...], BeforeValidator(_listed)]


class CodedColumn(Model):
    """A column that says something of a whole answer sheet; `values`: what it writes, and what is meant (else the same)."""

    column: Column
    values: dict[Column, str] = Field(default_factory=dict)


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


class Skip(Model):
    """A row of the export that is not to be imported, and why."""

    row: Annotated[Whole, Field(ge=1)]
    why: Annotated[str, Field(min_length=1)]


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
    wave_column: CodedColumn | None = None
    wave_dates: tuple[Period, ...] = ()
    rater: str = ""
    rater_column: CodedColumn | None = None
    centre_column: CodedColumn | None = None
    answered_at: Column | None = None
    seconds: Column | None = None
    dates: str | None = None
    zones: tuple[str, ...] = ZONES
    decimal: Literal[".", ","] = "."
    missing: tuple[str, ...] = ()
    items: dict[Column, str | None] = Field(default_factory=dict)
    item_column: Column | None = None
    value_column: Column | None = None
    checkboxes: tuple[dict[Column, str], ...] = ()
    multiple: tuple[Multiple, ...] = ()
    skip: tuple[Skip, ...] = ()

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
        refuse(defects)
        return self

    def columns(self, *, long: bool) -> Iterator[str]:
        """Yield every column of the export that is named; in a table with an answer a row, `items` names no columns."""
        yield from self.child or ()
        yield from () if long else self.items
        yield from (key for group in self.checkboxes for key in group)
        coded = (self.wave_column, self.rater_column, self.centre_column, *self.multiple)
        yield from (one.column for one in coded if one is not None)
        several = (self.item_column or "item", self.value_column or "value") if long else ()
        yield from (name for name in (self.answered_at, self.seconds, *several) if name is not None)

    def named_items(self) -> Iterator[tuple[tuple[str | int, ...], str]]:
        """Yield every item that is named, with its place in the entry."""
        yield from ((("items", key), item) for key, item in self.items.items() if item is not None)
        yield from (
            (("checkboxes", k, key), item) for k, group in enumerate(self.checkboxes) for key, item in group.items()
        )
        yield from (
            (("multiple", k, "options", key), item)
            for k, one in enumerate(self.multiple)
            for key, item in one.options.items()
        )

    def named_waves(self) -> Iterator[tuple[tuple[str | int, ...], str]]:
        """Yield every wave that is named, with its place in the entry."""
        yield from [(("wave",), self.wave)] if self.wave else []
        yield from ((("wave_dates", k, "wave"), period.wave) for k, period in enumerate(self.wave_dates))
        values = self.wave_column.values if self.wave_column else {}
        yield from ((("wave_column", "values", key), wave) for key, wave in values.items())


class Answers(Model):
    """The code of each answer, for the items and scales named; a code of null is still to be given."""

    questions: Annotated[tuple[str, ...], Field(alias="for", min_length=1)]
    codes: Annotated[dict[Column, Number | None], Field(min_length=1)]


class Intake(Model):
    """The whole document: how each export is read, and what the answers mean."""

    format: Literal[1]
    exports: Annotated[tuple[ExportMapping, ...], Field(min_length=1)]
    answers: tuple[Answers, ...] = ()

    def codes(self, item: str, scale: str) -> dict[str, float | None]:
        """Return the codes of an item's answers: its own where it is named, else its scale's; empty where answers are numbers."""
        named = [one.codes for name in (item, scale) for one in self.answers if name and name in one.questions]
        return named[0] if named else {}

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
        for k, answers in enumerate(self.answers):
            for position, name in enumerate(answers.questions):
                if name not in [*items, *scales]:
                    yield unknown(name, [*scales, *items], ("answers", k, "for", position))
