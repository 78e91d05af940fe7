"""What the files of a report are called: written here once, for whoever makes, signs, reads or verifies them."""

from __future__ import annotations

import re

from evaluation.language import LANGUAGES, Language

CRATE = "ro-crate-metadata.json"
SUMS = "SHA256SUMS"
SIGNED_SUMS = "SHA256SUMS.p7m"
RUN_LOG = "run.log"
FIRST_PAGE = "index.html"
VERIFY_PAGE = "verify.html"
TABLES = "tables"
CHOICES = "choices.json"  # only of an exploratory run: entries of the protocol that were set otherwise
REPORT_NOTEBOOK = "evaluator_report"


def unsigned_pdf(language: Language) -> str:
    """Return the name of the evaluator's report before signature."""
    return f"evaluator-report.{language}.pdf"


def signed_pdf(language: Language) -> str:
    """Return the name of the evaluator's report after signature."""
    return f"evaluator-report.{language}.signed.pdf"


UNSIGNED_PDFS = frozenset(map(unsigned_pdf, LANGUAGES))
SIGNATURES = frozenset({SIGNED_SUMS, *map(signed_pdf, LANGUAGES)})
UNCOVERED = SIGNATURES | {RUN_LOG, SUMS}  # no list of sums names these
_DROPPING = re.compile(r"(?:.*/)?(?:\.DS_Store|desktop\.ini|Thumbs\.db|\._[^/]*)", re.IGNORECASE | re.DOTALL)


def is_dropping(name: str) -> bool:
    """Tell whether a system leaves a file of this name in every folder that somebody opens (macOS, Windows)."""
    return _DROPPING.fullmatch(name) is not None


def is_covered(name: str) -> bool:
    """Tell whether the lists speak for a file of a report: not for log, signatures, the sums themselves, and droppings."""
    return name not in UNCOVERED and not is_dropping(name)
