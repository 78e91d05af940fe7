"""What children answered, before any tool exports it: the truth that an import must give back."""

from __future__ import annotations

import csv
import datetime as dt
import io
from dataclasses import dataclass
from pathlib import Path

ITEMS = ("making_1", "making_2", "making_3", "making_4", "worry_1", "worry_2", "travel")
WORDING = {
    "it": ("So costruire, da solo.", "Non so costruire.", "So riparare.", "So disegnare.", "Mi preoccupo.", "Penso troppo.",
           "Minuti fino al centro"),
    "en": ("I can build.", "I cannot build.", "I can repair.", "I can draw.", "I worry.", "I think too much.",
           "Minutes to the centre"),
}  # fmt: skip
LABELS = {
    "it": {
        "making": ("Per niente d'accordo", "Poco d'accordo", "Né d'accordo né in disaccordo", "Abbastanza d'accordo",
                   "Molto d'accordo"),
        "worry": ("Mai", "A volte", "Spesso", "Sempre, più di tutti"),
    },
    "en": {
        "making": ("Strongly disagree", "Disagree", "Neither agree nor disagree", "Agree", "Strongly agree"),
        "worry": ("Never", "Sometimes", "Often", "Always, “more” than all"),
    },
}  # fmt: skip
LOWEST = {"making": 1, "worry": 0}
CODE = {"it": "Il tuo codice", "en": "Your code"}
WHEN = {"it": "Quando rispondi?", "en": "When do you answer?"}
COMMENT = {"it": "Vuoi dire altro?", "en": "Anything else?"}
WAVES = {
    "it": {"Prima del corso": "t0", "Dopo il corso, a giugno": "t1"},
    "en": {"Before the course": "t0", "After it": "t1"},
}
WRITTEN = {language: {wave: words for words, wave in waves.items()} for language, waves in WAVES.items()}
START = {"t0": dt.datetime(2023, 3, 1, 9, 5, 7), "t1": dt.datetime(2023, 6, 28, 15, 40, 59)}


@dataclass(frozen=True)
class Sheet:
    """One child's answers in one wave; None: not answered. `comment` is never imported."""

    child: str
    wave: str
    answers: tuple[str | None, ...]
    answered: dt.datetime
    started: dt.datetime
    comment: str = ""

    @property
    def seconds(self) -> int:
        return int((self.answered - self.started).total_seconds())


Answer = tuple[str, str, str, str, str, str]  # participant, wave, item, value, answered_at, seconds


def sheets(children: int = 4) -> list[Sheet]:
    """A small table of answers: every value of every item, some missing, comments that would do harm."""
    comments = ("", "=1+1", "<script>alert(1)</script>", 'una, due; tre\t"quattro"\ncinque', "@SUM(A1)", "-2+3")
    made = []
    for k in range(children):
        for w, wave in enumerate(("t0", "t1")):
            making = [str(1 + (k * i + w) % 5) for i in range(1, 5)]
            worry = [str((k + i + w) % 4) for i in (1, 2)]
            answers: list[str | None] = [*making, *worry, f"{10 + k}.5" if k % 2 else str(10 + k)]
            if k % 3 == 1:
                answers[k % 7] = None
            started = START[wave] + dt.timedelta(hours=k)
            ended = started + dt.timedelta(seconds=300 + 7 * k)
            made.append(Sheet(f"N{k:02}", wave, tuple(answers), ended, started, comments[(2 * k + w) % 6]))
    return made


def truth(
    answered: list[Sheet], *, time: bool = True, seconds: bool = True, missing: bool = True, rater: str | None = None
) -> list[Answer]:
    """Return what responses.csv must say, in the order of children, waves and items."""
    return [
        (
            sheet.child, sheet.wave, item, value or "", sheet.answered.isoformat() if time else "",
            str(sheet.seconds) if seconds else "",
        )
        for sheet in sorted(answered, key=lambda sheet: (sheet.child, sheet.wave))
        for item, value in zip(ITEMS, sheet.answers, strict=True)
        if value is not None or missing
    ]  # fmt: skip


def imported(study: Path) -> list[Answer]:
    """Return what responses.csv says."""
    rows = csv.DictReader(io.StringIO((study / "responses.csv").read_text(encoding="utf-8"), newline=""))
    names = ("participant", "wave", "item", "value", "answered_at", "seconds")
    return [tuple(row[name] for name in names) for row in rows]  # type: ignore[misc]


def label(item: str, value: str, language: str) -> str:
    """The words of an answer; a number where the item has none."""
    scale = item.partition("_")[0]
    words = LABELS[language].get(scale)
    return words[int(value) - LOWEST[scale]] if words else value


def codes(language: str, write: str = "labels") -> list[dict[str, object]]:
    """The answers of intake.yml: labels, or LimeSurvey's codes A1, A2, …"""
    return [
        {
            "for": [scale],
            "codes": {(word if write == "labels" else f"A{k + 1}"): LOWEST[scale] + k for k, word in enumerate(words)},
        }
        for scale, words in LABELS[language].items()
    ]
