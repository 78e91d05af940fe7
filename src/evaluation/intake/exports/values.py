"""What one cell says: a number, a code by its label, boxes that are ticked, several answers in one cell."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from evaluation.intake.exports.layouts import plain
from evaluation.language import Text, text
from evaluation.study.findings import nearest, one_of
from evaluation.study.instrument import Item
from evaluation.study.tables import NUMBER

COMMA = re.compile(r"[+-]?[0-9]+,[0-9]+")
TICKED = ("1", "checked", "y", "yes", "sì", "si", "true", "x")
EMPTY = ("0", "unchecked", "n", "no", "false", "")
CORRECT = text("Controllare la risposta.", "Check the answer.")
SAY_COMMA = text('Scrivere decimal: "," in intake.yml.', 'Write decimal: "," in intake.yml.')


@dataclass(frozen=True)
class Misfit:
    """What is wrong with one answer."""

    kind: str
    expected: Text
    action: Text


@dataclass
class Reader:
    """Reads the answers to one item; each text is read once.

    codes: the code of each label (none: answers are numbers); decimal: the mark of decimals; workbook: numbers of a
    workbook have a point whatever the mark; missing: what is written where there is no answer.
    """

    item: Item
    codes: Mapping[str, float | None]
    decimal: str = "."
    workbook: bool = False
    missing: tuple[str, ...] = ()
    _read: dict[str, str | Misfit] = field(default_factory=dict)

    def read(self, cell: str) -> str | Misfit:
        """Return the value as responses.csv writes it, "" without an answer, or what is wrong."""
        found = self._read.get(cell)
        if found is None:
            found = self._read[cell] = self._value(plain(cell))
        return found

    def _value(self, written: str) -> str | Misfit:
        if not written or written in self.missing:
            return ""
        if written in self.codes:
            code = self.codes[written]
            if code is None:
                give = text(
                    "Scrivere il codice della risposta in intake.yml.", "Write the answer's code in intake.yml."
                )
                return Misfit("code_not_given", text("il codice di questa risposta", "the code of this answer"), give)
            return self._within(f"{code:.15g}")
        value = number(written, self.decimal, anyway=self.workbook)
        known = {code for code in self.codes.values() if code is not None}
        if value is not None and (not self.codes or float(value) in known):
            return self._within(value)
        if self.codes:
            return Misfit("unknown_answer", one_of(self.codes), nearest(written, self.codes))
        if self.decimal == "." and COMMA.fullmatch(written):
            return Misfit("number", text("un numero con il punto decimale", "a number with a decimal point"), SAY_COMMA)
        mark = text({",": "la virgola", ".": "il punto"}[self.decimal], {",": "comma", ".": "point"}[self.decimal])
        form = text(f"un numero con {mark['it']} decimale", f"a number with a decimal {mark['en']}")
        label = text("Controllarla, o dare il suo codice in answers.", "Check it, or give its code in answers.")
        return Misfit("number", form, label)

    def _within(self, value: str) -> str | Misfit:
        low, high = self.item.minimum, self.item.maximum
        if (low is not None and float(value) < low) or (high is not None and float(value) > high):
            ends = ("…" if low is None else f"{low:g}", "…" if high is None else f"{high:g}")
            return Misfit("range", text(f"da {ends[0]} a {ends[1]}", f"{ends[0]} to {ends[1]}"), CORRECT)
        return value


def number(written: str, decimal: str = ".", *, anyway: bool = False) -> str | None:
    """Return a number with a point, its digits as they were written; None for any other text.

    With a decimal comma "1.5" is no number, for it could be fifteen hundred's beginning, unless points are taken `anyway`.
    """
    if decimal == "," and COMMA.fullmatch(written):
        return written.replace(",", ".")
    if not NUMBER.fullmatch(written) or (decimal == "," and "." in written and not anyway):
        return None
    return written if abs(float(written)) < float("inf") else None


@dataclass(frozen=True)
class Boxes:
    """The value of each box ("": nobody can tell), and the items whose cell is neither yes nor no."""

    values: dict[str, str]
    unknown: tuple[str, ...]


def boxes(cells: Mapping[str, str], labels: Mapping[str, str]) -> Boxes:
    """Read the boxes of one question in one row: an empty one is 0 if any other says something, else not answered.

    cells: item -> what is written; labels: item -> the option's own words, which some tools write into a ticked box.
    """
    answered = any(cells.values())
    values: dict[str, str] = {}
    unknown = []
    for item, written in cells.items():
        if written and (written.casefold() in TICKED or written == labels.get(item)):
            values[item] = "1"
        elif written.casefold() in EMPTY:
            values[item] = "0" if answered else ""
        else:
            unknown.append(item)
    return Boxes(values, tuple(unknown))


def chosen(written: str, options: tuple[str, ...], separator: str) -> frozenset[str] | None:
    """Return the options that a cell joins, whose words may hold the separator; None where other words stand there.

    The longest option that fits is taken first, so that "sand, water" is one option if there is one of these words.
    """
    joint, rest, found = separator.strip() or separator, written, set()
    while rest:
        fits = [
            one
            for one in options
            if rest == one or (rest.startswith(one) and rest[len(one) :].lstrip().startswith(joint))
        ]
        if not fits:
            return None
        longest = max(fits, key=len)
        found.add(longest)
        rest = rest[len(longest) :].lstrip().removeprefix(joint).lstrip()
    return frozenset(found)
