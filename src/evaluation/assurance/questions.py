"""Eight questions a stranger asks of a report, and the form of an answer: a verdict, a sentence, what it rests on."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, get_args

from evaluation.language import Text, text

Verdict = Literal["valid", "invalid", "not available"]
Question = Literal["signature", "unchanged", "files", "inputs", "code", "tables", "numbers", "current"]
QUESTIONS: tuple[Question, ...] = get_args(Question)

ASKED: dict[Question, Text] = {
    "signature": text("chi ha firmato, e la catena dei certificati regge?", "who signed, and does the chain hold?"),
    "unchanged": text("qualcosa è cambiato dopo la firma?", "was anything changed after signing?"),
    "files": text("i file sono quelli elencati?", "are the files those listed?"),
    "inputs": text("i dati sono quelli citati e bloccati?", "are the inputs those named and locked?"),
    "code": text("il codice e l'ambiente sono quelli citati?", "are code and environment those named?"),
    "tables": text("rieseguendo, le tabelle tornano uguali?", "do the tables reproduce?"),
    "numbers": text("ogni numero stampato viene da una tabella?", "does each printed number come from a table?"),
    "current": text("il rapporto vale ancora?", "does the report still stand?"),
}
PASSED: dict[Question, Text] = {
    "signature": text("il firmatario è confermato da fuori", "the signer is confirmed from outside"),
    "unchanged": text(
        "rapporto ed elenco dei file sono come furono firmati", "report and list are as they were signed"
    ),
    "files": text("i file sono quelli dei due elenchi", "the files are those of both lists"),
    "inputs": text(
        "sono i dati che il rapporto cita, e il piano bloccato", "these are the data named, and the locked plan"
    ),
    "code": text(
        "sono il codice e le versioni che il rapporto cita", "these are the code and versions that the report names"
    ),
    "tables": text("ogni tabella e ogni file tornano uguali", "every table and every file came out the same"),
    "numbers": text("ogni numero confrontato è quello della sua tabella", "each number compared is that of its table"),
    "current": text("nessun rapporto più nuovo, nessun ragazzo cancellato", "no newer report, no child erased since"),
}
NOT_AVAILABLE: dict[Question, Text] = {
    "signature": text("il rapporto non è firmato", "the report is not signed"),
    "unchanged": text("il rapporto non è firmato", "the report is not signed"),
    "files": text("nessun elenco", "no list"),
    "inputs": text("verifica senza i dati dello studio (--study)", "verified without the data of the study (--study)"),
    "code": text("verifica senza il codice", "verified without the code"),
    "tables": text("nulla è stato rieseguito (--rerun)", "nothing was run again (--rerun)"),
    "numbers": text("le pagine non dicono da dove vengono i numeri", "the pages do not say where numbers come from"),
    "current": text(
        "una copia non lo sa: chiedere a chi tiene lo studio", "a copy does not know: ask who keeps the study"
    ),
}
FAILED: dict[Question, Text] = {
    "signature": text("il certificato non regge", "the certificate does not hold"),
    "unchanged": text("qualcosa non è come fu firmato", "something is not as it was signed"),
    "files": text("alcuni file non sono quelli elencati", "some files are not those listed"),
    "inputs": text(
        "alcuni dati non sono quelli del rapporto o del blocco", "some inputs are not those of report or lock"
    ),
    "code": text("codice o ambiente non sono quelli citati", "code or environment are not those named"),
    "tables": text("la nuova esecuzione dà altri risultati", "running again gives other results"),
    "numbers": text(
        "alcuni numeri stampati non sono quelli delle tabelle", "some printed numbers are not those of the tables"
    ),
    "current": text("il rapporto è superato", "the report is superseded"),
}
UNREADABLE = text("un file manca o non si può leggere", "a file is missing or cannot be read")


@dataclass(frozen=True)
class Answer:
    """The answer to one question: the verdict, a sentence in both languages, and what it rests on."""

    question_id: Question
    verdict: Verdict
    summary: Text
    evidence: tuple[Text, ...] = ()


@dataclass(frozen=True)
class Comparison:
    """What was held against what, in words, and each difference; what is wrong with the environment it was done in."""

    compared: tuple[Text, ...]
    differences: tuple[Text, ...]
    environment: tuple[Text, ...] = ()


def judged(question_id: Question, wrong: Iterable[Text], evidence: Iterable[Text] = ()) -> Answer:
    """Answer valid if nothing is wrong, else invalid; what is wrong comes first in the evidence."""
    found = tuple(wrong)
    summary = FAILED[question_id] if found else PASSED[question_id]
    return Answer(question_id, "invalid" if found else "valid", summary, (*found, *evidence))


def not_available(question_id: Question, summary: Text | None = None, evidence: Iterable[Text] = ()) -> Answer:
    """Answer that the question cannot be answered with what is at hand."""
    return Answer(question_id, "not available", summary or NOT_AVAILABLE[question_id], tuple(evidence))


def both(words: str) -> Text:
    """Return words that are the same in both languages: names, paths, digests."""
    return text(words, words)


KINDS: dict[str, Text] = {
    "missing": text("manca", "missing"),
    "changed": text("cambiato", "changed"),
    "extra": text("in più", "extra"),
}


def about_file(file: str, kind: str, where: str = "") -> Text:
    """Say that a file is missing, changed or extra, and by which list."""
    place = f" ({where})" if where else ""
    return text(f"{file}: {KINDS[kind]['it']}{place}", f"{file}: {KINDS[kind]['en']}{place}")
