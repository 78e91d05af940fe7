"""What became of every row of an export: each is counted once, so that the counts add up to the rows of its table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from evaluation.intake.exports.conversion import OMISSIONS, AnswerSheet, Conversion
from evaluation.language import Language, Text, text

WORDS: dict[str, Text] = {
    "imported": text("importate", "imported"),
    "known": text("già presenti", "already there"),
    "skipped": text("escluse con skip", "skipped"),
    "preview": text("anteprime o spam", "previews or spam"),
    "filtered": text("escluse dal filtro", "filtered"),
    "unfinished": text("non concluse ed escluse", "unfinished and left out"),
    "no_wave": text("di nessuna rilevazione", "of no wave"),
    "unanswered": text("senza risposte", "without an answer"),
}


@dataclass(frozen=True)
class Tally:
    """The rows of one table under one entry of intake.yml.

    counts: rows by what became of them (the keys of WORDS), which add up to `read`; waves: rows imported or already there
    by wave; unsent: of these, how many nobody finished, by the column that says so.
    """

    file: str
    sheet: str
    read: int
    counts: dict[str, int]
    waves: dict[str, int]
    unsent: dict[str, int]

    @property
    def sentence(self) -> Text:
        """Return the tally in one line."""
        return text(self._sentence("it"), self._sentence("en"))

    def _sentence(self, language: Language) -> str:
        rows = {"it": "righe", "en": "rows"}[language]
        parts = [f"{count} {WORDS[name][language]}" for name, count in self.counts.items() if count]
        waves = ", ".join(f"{wave}: {count}" for wave, count in self.waves.items())
        unsent = ", ".join(f"{column}: {count}" for column, count in self.unsent.items())
        told = {"it": "non concluse, per", "en": "unfinished, by"}[language]
        tail = [f"({waves})" if waves else "", f"[{told} {unsent}]" if unsent else ""]
        return f"{self.read} {rows} = {' + '.join(parts) or '0'} {' '.join(filter(None, tail))}".strip()


def tally(conversion: Conversion, taken: Iterable[tuple[AnswerSheet, int]]) -> Tally:
    """Count the rows of a table whose answer sheets were taken; `taken`: each with how many of its answers are new."""
    own = [(sheet, new) for sheet, new in taken if sheet.layout is conversion.layout]
    omitted = Counter(conversion.omitted.values())
    counts = {
        "imported": sum(new > 0 for _, new in own), "known": sum(new == 0 for _, new in own),
        **{name: omitted[name] for name in OMISSIONS},
    }  # fmt: skip
    waves = Counter(sheet.wave for sheet, _ in own)
    unsent = Counter(conversion.unsent[sheet.row] for sheet, _ in own if sheet.row in conversion.unsent)
    table, read = conversion.layout.sheet, sum(1 for _ in conversion.layout.records())
    return Tally(table.file, table.name, read, counts, dict(sorted(waves.items())), dict(unsent))
