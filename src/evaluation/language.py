"""Italian and English: what a reader of reports sees, chosen by language code."""

from __future__ import annotations

import math
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Literal, get_args

from evaluation.citation import cite

Language = Literal["it", "en"]
LANGUAGES: tuple[Language, ...] = get_args(Language)
Text = dict[Language, str]

MINUS = "\u2212"
NO_VALUE = "\u2013"
MOST_PLACES = 60  # before or after the decimal mark of an exact number: "1E+99999999999" is short, and fills a disk
MONTHS: dict[Language, str] = {
    "it": "gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre",
    "en": "January February March April May June July August September October November December",
}
THOUSANDS: dict[Language, str] = {"it": ".", "en": ","}
DECIMAL: dict[Language, str] = {"it": ",", "en": "."}


def text(it: str, en: str) -> Text:
    """The same sentence in both languages."""
    return {"it": it, "en": en}


def language(code: str) -> Language:
    """Return `code` as a language; ValueError if reports are not written in it."""
    if code not in LANGUAGES:
        raise ValueError(f"language {code!r}: expected one of {', '.join(LANGUAGES)}")
    return code


def number(value: float | None, language: Language, decimals: int = 2) -> str:
    """Write a number as the language does, with a true minus sign; a dash where there is none."""
    if value is None or math.isnan(value):
        return NO_VALUE
    plain = f"{abs(value):,.{decimals}f}"
    sign = MINUS if value < 0 and float(plain.replace(",", "")) != 0 else ""
    swap = {",": THOUSANDS[language], ".": DECIMAL[language]}
    shown = sign + "".join(swap.get(character, character) for character in plain)
    return cite(value, f"number:{decimals}", shown)


def percent(share: float | None, language: Language, decimals: int = 0) -> str:
    """Write a share between 0 and 1 as a percentage."""
    if share is None or math.isnan(share):
        return NO_VALUE
    return cite(share, f"percent:{decimals}", f"{number(100 * share, language, decimals)}{chr(0xA0)}%")


def p_value(p: float | None, language: Language) -> str:
    """Write a p-value with three decimals, and never as zero."""
    if p is None or math.isnan(p):
        return NO_VALUE
    shown = f"<{chr(0xA0)}{number(0.001, language, 3)}" if p < 0.001 else number(float(p), language, 3)
    return cite(p, "p_value", shown)


def interval(low: float | None, high: float | None, language: Language, decimals: int = 2) -> str:
    """Write an interval as `low to high`."""
    if low is None or high is None or math.isnan(low) or math.isnan(high):
        return NO_VALUE
    word = {"it": "a", "en": "to"}[language]
    return f"{number(low, language, decimals)} {word} {number(high, language, decimals)}"


def decimal(value: object) -> Decimal:
    """Return an exact decimal; InvalidOperation if it is none, or would take more places than any result has."""
    found = Decimal(str(value))
    exponent = found.as_tuple().exponent
    if isinstance(exponent, int) and (exponent < -MOST_PLACES or max(exponent, found.adjusted()) > MOST_PLACES):
        raise InvalidOperation(f"more than {MOST_PLACES} places")
    return found


def exact(value: object, language: Language) -> str:
    """Write an exact decimal with all its digits and no trailing zeros; other text as it is."""
    try:
        plain = f"{decimal(value).normalize():f}"
    except InvalidOperation:
        return str(value)
    return cite(value, "exact", plain.replace("-", MINUS).replace(".", DECIMAL[language]))


def long_date(day: date, language: Language) -> str:
    """Write a date in words: `30 settembre 2023`."""
    return f"{day.day} {MONTHS[language].split()[day.month - 1]} {day.year}"
