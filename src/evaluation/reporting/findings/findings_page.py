"""What was found in a study, as a centre gets it by mail: a page that opens anywhere, and a table of the same findings.

Both are free of names: a code without a digit, and text of the data that may be a name, are cut to their first letters.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable
from pathlib import Path

import pandas as pd
from markupsafe import Markup

from evaluation.errors import UserError
from evaluation.language import LANGUAGES, Language, Text, text
from evaluation.publishing.published_tables import guarded, write_table
from evaluation.reporting.findings.finding_groups import LEVELS, WHOLE_FILES, Group, discreet, found_discreetly, grouped
from evaluation.study.findings import Finding, escaped

MOST = 1_000  # what a page shows; all of it is in findings.csv
COLUMNS = ("level", "kind", "file", "sheet", "row", "column", "cell", "child")
IN_WORDS = ("question", "found", "expected", "action")  # once a language


def write_findings(
    folder: Path, title: Text, findings: Iterable[Finding],
    languages: Iterable[Language] = LANGUAGES, public: Iterable[str] = (), banner: Text | None = None,
) -> tuple[Path, ...]:  # fmt: skip
    """Write findings.csv and check.it.html, check.en.html into `folder`, each file whole or not at all.

    Parameters
    ----------
    title : what was checked
    languages : of the pages, and of the columns in words
    public : words of the data that are no names, see `public_words`
    banner : what every page of the study says of its data

    Returns
    -------
    The paths of the files.
    """
    found, chosen, known = tuple(findings), tuple(languages), frozenset(public)
    pages = [f"check.{code}.html" for code in chosen]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder) as name:
            beside = Path(name)
            write_table(findings_table(found, chosen, known), beside / "findings.csv")
            for page, code in zip(pages, chosen, strict=True):
                (beside / page).write_text(render_page(title, found, code, known, banner), encoding="utf-8")
            return tuple((beside / each).replace(folder / each) for each in (*pages, "findings.csv"))
    except OSError as error:
        raise UserError(text(
            f"{folder}: {error.strerror}. Qui vanno scritti i risultati: scegliere un'altra cartella con --output.",
            f"{folder}: {error.strerror}. The findings are written here: choose another folder with --output.",
        )) from None  # fmt: skip


def findings_table(
    findings: Iterable[Finding], languages: Iterable[Language] = LANGUAGES, public: Iterable[str] = ()
) -> pd.DataFrame:
    """Return one row a finding: `COLUMNS`, then `IN_WORDS` in each language (`found_it`, …)."""
    chosen, known = tuple(languages), frozenset(public)
    names = [*COLUMNS, *(f"{name}_{code}" for code in chosen for name in IN_WORDS)]
    rows = [[*_place(each), *(words for code in chosen for words in _words(each, code, known))] for each in findings]
    # Harmless before control characters are written out: a formula may stand behind them.
    cells = [[_plain(guarded(cell) if isinstance(cell, str) else cell) for cell in row] for row in rows]
    return pd.DataFrame(cells, columns=names, dtype=object)


def _place(finding: Finding) -> list[str | int | None]:
    return [discreet(finding.child) if name == "child" else getattr(finding, name) for name in COLUMNS]


def _words(finding: Finding, language: Language, public: frozenset[str]) -> tuple[str, ...]:
    question = finding.question[language] if finding.question else ""
    return question, found_discreetly(finding, language, public), finding.expected[language], finding.action[language]


def render_page(
    title: Text, findings: Iterable[Finding], language: Language,
    public: Iterable[str] = (), banner: Text | None = None,
) -> str:  # fmt: skip
    """Return the page of one language as HTML: one file without scripts, which loads nothing."""
    from jinja2 import Environment, PackageLoader

    known = frozenset(public)
    groups = grouped(findings)
    shown = _shortened(groups)
    environment = Environment(
        loader=PackageLoader("evaluation.reporting"), autoescape=True, trim_blocks=True, finalize=_plain
    )
    environment.filters["discreet"] = discreet
    return environment.get_template("check.html.j2").render(
        title=title[language],
        banner=banner[language] if banner else "",
        language=language,
        words={name: both[language] for name, both in WORDS.items()},
        groups=shown,
        counts={level: sum(group.count(level) for group in groups) for level in LEVELS},
        left_out=sum(len(group.entries) for group in groups) - sum(len(group.entries) for group in shown),
        found=lambda entry: found_discreetly(entry.finding, language, known),
    )


def _plain(value: object) -> object:
    """Return text with its control characters written out; what is no text, or markup of ours, as it is."""
    return escaped(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _shortened(groups: Iterable[Group]) -> list[Group]:
    """Return the groups until the page is full."""
    shown, room = [], MOST
    for group in groups:
        if room > 0:
            shown.append(Group(group.child, group.entries[:room]))
        room -= len(group.entries)
    return shown


WORDS: dict[str, Text] = {
    "kind": text("Controllo dei dati", "Data check"),
    "skip": text("Vai al contenuto", "Skip to content"),
    "error": text("Errore", "Error"),
    "warning": text("Avviso", "Warning"),
    "note": text("Nota", "Note"),
    "errors": text("errori", "errors"),
    "warnings": text("avvisi", "warnings"),
    "notes": text("note", "notes"),
    "one_error": text("errore", "error"),
    "one_warning": text("avviso", "warning"),
    "one_note": text("nota", "note"),
    "clean": text("Nessun problema: i dati sono pronti.", "Nothing to mend: the data are ready."),
    "stops": text(
        "Finché c'è un errore l'analisi non parte. Avvisi e note non la fermano, ma vanno guardati.",
        "While there is an error the analysis does not start. Warnings and notes do not stop it, but deserve a look.",
    ),
    "goes": text(
        "Nessun errore: l'analisi può partire. Avvisi e note vanno guardati.",
        "No error: the analysis can start. Warnings and notes deserve a look.",
    ),
    "how": text("Come procedere", "How to go on"),
    "step_1": text(
        "Aprite il file nominato e cercate la cella indicata: le righe sono contate come in un foglio di calcolo, la 1 è "
        "l'intestazione.",
        "Open the file named and look up the cell: rows are counted as in a spreadsheet, row 1 is the header.",
    ),
    "step_2": text(
        "Confrontate con l'originale (questionario, registro, modulo di iscrizione) e correggete solo ciò che è sbagliato.",
        "Compare with the original (questionnaire, register, enrolment form) and correct only what is wrong.",
    ),
    "step_3": text(
        "Rimandate il file a chi valuta, che ripeterà il controllo.",
        "Send the file back to the evaluator, who checks it again.",
    ),
    "codes": text(
        "Questa pagina contiene solo codici, nessun nome. Le parole che potrebbero essere nomi sono abbreviate.",
        "This page holds codes only, no names. Words that might be names are shortened.",
    ),
    "show": text("Mostra", "Show"),
    "children": text("Partecipanti", "Participants"),
    "files": WHOLE_FILES,
    "question": text("Domanda", "Question"),
    "found": text("Trovato", "Found"),
    "expected": text("Atteso", "Expected"),
    "where": text("Dove", "Where"),
    "column": text("colonna", "column"),
    "do": text("Che cosa fare", "What to do"),
    "rest": text(
        "Altri problemi, non mostrati qui, sono in findings.csv:", "More, not shown here, is in findings.csv:"
    ),
}
