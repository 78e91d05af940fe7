"""What a spreadsheet makes of a text that was meant as a text."""

from __future__ import annotations

import re

# A sign, plain or full-width, after whatever a spreadsheet does not show.
FORMULA = re.compile(r"[\s\x00-\x1f\x7f-\xa0\xad\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff]*[=+\-@＝＋－＠]|[\t\r]")


def harmless(cell: str) -> str:
    """Return a text with an apostrophe before it where a spreadsheet might take it for a formula."""
    return f"'{cell}" if FORMULA.match(cell) else cell
