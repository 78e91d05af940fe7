"""Where the report answers each item of the TREND statement on non-randomised evaluations, and what it cannot answer.

The items are those of Des Jarlais, Lyles & Crepaz (2004), American Journal of Public Health 94, in words of our own.
"""

from __future__ import annotations

from evaluation.language import Language, text
from evaluation.publishing.exhibits import Table
from evaluation.reporting.displays.result_tables import build

SECTION = text("sezione", "section")
SECTIONS = text("sezioni", "sections")
ITEMS = (  # number, item, sections of the report; where there are none, why
    ("1", text("Titolo e sintesi: disegno, destinatari, intervento", "Title and abstract: design, population, intervention"),
     (1, 2)),
    ("2", text("Perché l'intervento, e la teoria che lo regge", "Why the intervention, and the theory behind it"), (5,)),
    ("3", text("Chi poteva partecipare, e come è stato scelto", "Who could take part, and how they were chosen"), (6, 7)),
    ("4", text("L'intervento: che cosa, chi, dove, quanto", "The intervention: what, by whom, where, how much"), (5, 11)),
    ("5", text("Obiettivi e ipotesi", "Objectives and hypotheses"), (6,)),
    ("6", text("Esiti, strumenti e loro qualità", "Outcomes, instruments and their quality"), (8, 12)),
    ("7", text("Numero di ragazzi: come è stato deciso", "Number of children: how it was decided"), ()),
    ("8", text("Come si è assegnato l'intervento", "How the intervention was assigned"), (6,)),
    ("9", text("Chi misurava sapeva chi era trattato?", "Did those who measured know who was treated?"), (15,)),
    ("10", text("Unità di analisi", "Unit of analysis"), (6, 13)),
    ("11", text("Metodi statistici, dati mancanti compresi", "Statistical methods, missing data included"), (12, 14)),
    ("12", text("Flusso dei partecipanti e scostamenti dal piano", "Participant flow and deviations from the plan"),
     (7, 17)),
    ("13", text("Date del reclutamento e delle rilevazioni", "Dates of recruitment and of the waves"), ()),
    ("14", text("Caratteristiche iniziali dei due gruppi", "Baseline characteristics of the two groups"), (10,)),
    ("15", text("Equivalenza iniziale e come se ne è tenuto conto", "Baseline equivalence and how it was allowed for"),
     (10, 12)),
    ("16", text("Ragazzi in ciascuna analisi", "Children in each analysis"), (7, 12, 13)),
    ("17", text("Risultati: effetto e intervallo per ogni esito", "Results: effect and interval of each outcome"), (13,)),
    ("18", text("Analisi ulteriori, con ciò che era previsto", "Further analyses, and which were pre-specified"), (12, 14)),
    ("19", text("Effetti indesiderati", "Unwanted effects"), ()),
    ("20", text("Interpretazione, con le distorsioni possibili", "Interpretation, with possible biases"), (2, 14, 15)),
    ("21", text("A chi si possono estendere i risultati", "To whom the findings may extend"), (15,)),
    ("22", text("I risultati nel quadro di ciò che già si sa", "The findings in view of what is known already"), ()),
)  # fmt: skip
NOT_STATED = {
    "7": text("non deciso prima; la sezione 6 dice che cosa vede", "not decided before; section 6 says what it sees"),
    "13": text("le date restano al centro: farebbero riconoscere", "dates stay at the centre: they could tell who is who"),
    "19": text("lo studio non li ha rilevati", "the study did not collect them"),
    "22": text("spetta alle parti: un solo studio non basta", "for the parties to say: one study is not enough"),
}  # fmt: skip


def trend(language: Language) -> Table:
    """The checklist: each item, and the sections of the report that answer it."""
    it = language == "it"
    records = [{"number": number, "item": item[language], "where": _where(number, sections, language)}
               for number, item, sections in ITEMS]  # fmt: skip
    return build(
        records,
        {
            "TREND": (lambda r: r["number"], False),
            ("Voce" if it else "Item"): (lambda r: r["item"], False),
            ("Dove" if it else "Where"): (lambda r: r["where"], False),
        },
        "La lista di controllo TREND per le valutazioni senza sorteggio." if it
        else "The TREND checklist for evaluations without random assignment.",
    )  # fmt: skip


def _where(number: str, sections: tuple[int, ...], language: Language) -> str:
    if not sections:
        return NOT_STATED[number][language]
    word = (SECTION if len(sections) == 1 else SECTIONS)[language]
    return f"{word} {', '.join(map(str, sections))}"
