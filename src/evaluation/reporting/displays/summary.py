"""What a run found, in three lines, read from what it published."""

from __future__ import annotations

import json
from pathlib import Path

from evaluation.citation import uncited
from evaluation.language import Language, Text, text
from evaluation.publishing.published_tables import read_published
from evaluation.reporting.displays.prose import confirmatory_row, effect_sentence, payment_sentence
from evaluation.study.documents import read_document
from evaluation.study.findings import Findings
from evaluation.study.protocol import Protocol


def summarise(reports: Path, language: Language = "en") -> list[tuple[Text, str]]:
    """Return the effect and the verdict of a report folder, each with its name."""
    protocol = read_document(reports / "protocol.yml", Protocol, Findings())
    if protocol is None:
        return []
    estimates = read_published(reports / "tables" / "estimates.csv")
    trace = json.loads((reports / "tables" / "payment.json").read_text(encoding="utf-8"))
    row = confirmatory_row(protocol, estimates)
    effect, verdict = effect_sentence(protocol, row, language), payment_sentence(trace, language)
    return [(text("Effetto", "Effect"), uncited(effect)), (text("Verdetto", "Verdict"), uncited(verdict))]
