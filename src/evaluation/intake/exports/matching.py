"""How near a column's words are to an item's: difflib's ratio on normalised text, with what comes second."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import lru_cache

from evaluation.study.instrument import Instrument, Item

CERTAIN = 0.9  # at least this near, in one language
APART = 0.05  # and this much nearer than to any other item
NOTHING_ALIKE = 0.5  # what cannot reach this counts as 0
NUMBERING = re.compile(r"^(?:[a-z]{0,6}[ .]?[0-9]+ ?[.):\-]+ ?)+")
BRACKET = re.compile(r"\[([^\[\]]+)\]\s*$|\(choice=(.+)\)\s*$")


@dataclass(frozen=True)
class Match:
    """A column, the item nearest to it and how near (0 to 1); `certain` if nothing is left to be confirmed."""

    column: str
    item: str
    confidence: float
    certain: bool


def normalised(words: str) -> str:
    """Return words without accents, case, punctuation and a leading number such as "3." or "Q3)"."""
    plain = unicodedata.normalize("NFKD", words).encode("ascii", "ignore").decode().casefold().strip()
    return " ".join(re.findall(r"[a-z0-9]+", NUMBERING.sub("", plain)))


def match(columns: Iterable[tuple[str, str]], instrument: Instrument) -> list[Match]:
    """Match columns (name, question) with items, an item to one column at most.

    The confidence is the largest `difflib` ratio between the words of the column (its name, its question, what stands in
    brackets at its end) and those of the item (its id, its wording in either language), all normalised. A match is certain
    from CERTAIN on, if no other item comes within APART and no other column is as near to the item.
    """
    known = [(item, _words(item)) for item in instrument.items]
    nearest = [(name, *_nearest(_candidates(name, question), known)) for name, question in columns]
    best: dict[str, list[float]] = {}
    for _, item, confidence, _ in nearest:
        best.setdefault(item, []).append(confidence)
    result = []
    for name, item, confidence, second in nearest:
        alone = confidence == max(best[item]) and best[item].count(confidence) == 1
        result.append(Match(name, item, confidence, confidence >= CERTAIN and confidence - second >= APART and alone))
    return result


def _words(item: Item) -> tuple[str, ...]:
    return tuple(filter(None, map(normalised, (item.id, item.wording["it"], item.wording["en"]))))


def _candidates(name: str, question: str) -> tuple[str, ...]:
    inner = [next(filter(None, found.groups())) for found in (BRACKET.search(name), BRACKET.search(question)) if found]
    return tuple(dict.fromkeys(filter(None, map(normalised, (name, name.rpartition("/")[2], question, *inner)))))


def _nearest(candidates: tuple[str, ...], known: list[tuple[Item, tuple[str, ...]]]) -> tuple[str, float, float]:
    """Return the nearest item, how near it is, and how near the second is; nothing is near what has no Latin letters."""
    ratios = sorted(
        ((max((_ratio(c, w) for c in candidates for w in words), default=0.0), item.id) for item, words in known),
        reverse=True,
    )
    (first, item), second = ratios[0], ratios[1][0] if len(ratios) > 1 else 0.0
    return item, first, second


@lru_cache(maxsize=100_000)
def _ratio(one: str, other: str) -> float:
    matcher = _matcher(other)
    matcher.set_seq1(one)
    if matcher.real_quick_ratio() < NOTHING_ALIKE or matcher.quick_ratio() < NOTHING_ALIKE:
        return 0.0
    return matcher.ratio()


@lru_cache(maxsize=10_000)
def _matcher(words: str) -> SequenceMatcher[str]:
    """Return a matcher that knows the words of an item, which it looks at once for all columns."""
    return SequenceMatcher(None, "", words, autojunk=False)
