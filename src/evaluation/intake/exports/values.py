"""What one cell says: a number, a code by its label, boxes that are ticked, several answers in one cell."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from evaluation.intake.exports.layouts import plain
from evaluation.intake.exports.sheets import Cell, Exact
from evaluation.language import Text, text
from evaluation.study.findings import nearest, one_of
from evaluation.study.instrument import Item
from evaluation.study.tables import NUMBER

COMMA = re.compile(r"[+-]?[0-9]+,[0-9]+")
TICKED = ("1", "checked", "y", "yes", "sì", "si", "sí", "oui", "ja", "true", "vero", "x")
UNTICKED = ("0", "unchecked", "n", "no", "non", "nein", "nee", "false", "falso")
GROUPED = re.compile(r"[1-9][0-9]{0,2}(?:\.[0-9]{3})+")  # as thousands are written, where a point parts them
THOUSANDS = re.compile(r"[1-9][0-9]{3,}(?:,[0-9]+)?|[1-9][0-9]{0,2}(?:\.[0-9]{3})(?:(?:\.[0-9]{3})+|,[0-9]+)")
CORRECT = text("Controllare la risposta.", "Check the answer.")
ONE_NUMBER = text("un numero che si legge in un modo solo", "a number that reads in one way only")
SAY_MARK = text(
    'Scrivere decimal: "." in intake.yml se il punto è dei decimali; se no togliere i punti.',
    'Write decimal: "." in intake.yml if the point is that of decimals; else take the points out.',
)
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

    codes: the code of each label (none: answers are numbers); decimal: the mark of decimals; missing: what is written where
    there is no answer; unclear: numbers that may be thousands or decimals.
    """

    item: Item
    codes: Mapping[str, float | None]
    decimal: str = "."
    missing: tuple[str, ...] = ()
    unclear: frozenset[str] = frozenset()
    _read: dict[str, str | Misfit] = field(default_factory=dict)
    _exact: dict[str, str | Misfit] = field(default_factory=dict)

    def read(self, cell: str) -> str | Misfit:
        """Return the value as responses.csv writes it, "" without an answer, or what is wrong."""
        known = self._exact if type(cell) is Exact else self._read
        found = known.get(cell)
        if found is None:
            found = known[cell] = self._value(plain(cell), known is self._exact)
        return found

    def _value(self, written: str, exact: bool) -> str | Misfit:
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
        if written in self.unclear and not exact:
            return Misfit("thousands", ONE_NUMBER, SAY_MARK)
        value = number(written, self.decimal, anyway=exact)
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


def unclear(cells: Sequence[Cell], most: float | None) -> frozenset[str]:
    """Return the texts that may be thousands or decimals: 1.250 among others that show thousands, or reach so far.

    cells: those of one column whose mark of decimals nobody declared; most: the largest value its item may have. What a
    workbook stored as a number is clear.
    """
    texts = {cell for cell in cells if type(cell) is not Exact}
    written = {plain(cell) for cell in texts if cell and "." in cell}
    found = frozenset(cell for cell in written if GROUPED.fullmatch(cell))
    if not found or (most is not None and most < 1_000):
        return frozenset()
    shown = any(THOUSANDS.fullmatch(plain(cell)) for cell in {*cells} if cell)
    return found if shown or (most is not None and written == found) else frozenset()


@dataclass(frozen=True)
class BoxWords:
    """What stands in the box of an option: its words for ticked and not, and what is written where there is no answer."""

    ticked: frozenset[str] = frozenset(TICKED)
    unticked: frozenset[str] = frozenset(UNTICKED)
    missing: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Boxes:
    """The value of each box ("": nobody can tell), and the items whose cell is neither yes nor no."""

    values: dict[str, str]
    unknown: tuple[str, ...]


def boxes(cells: Mapping[str, str], labels: Mapping[str, str], words: BoxWords = BoxWords()) -> Boxes:
    """Read the boxes of one question in one row: an empty one is 0 if any other says something, else not answered.

    cells: item -> what is written; labels: item -> the option's own words, which some tools write into a ticked box.
    """
    answered = any(written and written not in words.missing for written in cells.values())
    values: dict[str, str] = {}
    unknown = []
    for item, written in cells.items():
        folded = written.casefold()
        if written in words.missing:
            values[item] = ""
        elif written and (written == labels.get(item) or folded in words.ticked):
            values[item] = "1"
        elif not written or folded in words.unticked:
            values[item] = "0" if answered else ""
        else:
            unknown.append(item)
    return Boxes(values, tuple(unknown))


def told_apart(columns: Mapping[str, Iterable[str]], labels: Mapping[str, str], words: BoxWords) -> dict[str, str]:
    """Return the labels that tick a box where they stand in it.

    A label such as No or N is a word for "not ticked" as well. It ticks only where every cell of the question holds the
    label of its own box, and none says yes or no; `columns` are all cells of each box.
    """
    either = words.ticked | words.unticked
    own = all(not cell or cell == labels[item] for item, cells in columns.items() for cell in cells)
    return {item: label for item, label in labels.items() if own or label.casefold() not in either}


@dataclass(frozen=True)
class Options:
    """The options of a column of several answers, and what parts them; `free`: other words may stand among them."""

    names: tuple[str, ...]
    separator: str
    free: bool = False

    def chosen(self, cell: str) -> tuple[frozenset[str], bool] | None:
        """Return the options that a cell joins, and whether other words stand there; None where they may not.

        The longest option that fits is taken first, so that "sand, water" is one option if there is one of these words.
        """
        tokens, known = self._parted(cell), self._known
        longest = max(map(len, known), default=1)
        steps: dict[int, tuple[str, int] | None] = {
            len(tokens): None
        }  # from each place: the option that is next, and its end
        for start in reversed(range(len(tokens))):
            for end in range(min(len(tokens), start + longest), start, -1):
                name = known.get(tuple(tokens[start:end]))
                if name is not None and end in steps:
                    steps[start] = (name, end)
                    break
            else:
                if self.free:
                    steps[start] = ("", start + 1)
        if 0 not in steps:
            return None
        found, at = [], 0
        while (step := steps[at]) is not None:
            found.append(step[0])
            at = step[1]
        return frozenset(name for name in found if name), "" in found

    @cached_property
    def _known(self) -> dict[tuple[str, ...], str]:
        return {tuple(self._parted(name)): name for name in self.names}

    def _parted(self, cell: str) -> list[str]:
        """Return what stands between separators; at line ends or blanks where these part."""
        joint = self.separator.strip()
        lines = cell.splitlines() if "\n" in self.separator else [cell]
        pieces = [piece for line in lines for piece in (line.split(joint) if joint else [line])]
        if not joint and "\n" not in self.separator:
            return plain(cell).split()
        return [written for written in map(plain, pieces) if written]
