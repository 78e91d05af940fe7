"""Every kind of finding about a study folder: its level, and what a day centre reads above it."""

from __future__ import annotations

from dataclasses import dataclass

from evaluation.language import Text, text
from evaluation.study.findings import Level


@dataclass(frozen=True)
class Kind:
    """What all findings of one kind share."""

    level: Level
    title: Text


def _error(it: str, en: str) -> Kind:
    return Kind("error", text(it, en))


def _warning(it: str, en: str) -> Kind:
    return Kind("warning", text(it, en))


def _note(it: str, en: str) -> Kind:
    return Kind("note", text(it, en))


KINDS: dict[str, Kind] = {
    # a file
    "missing_file": _error("File mancante", "Missing file"),
    "size": _error("File troppo grande", "File too large"),
    "encoding": _error("Lettere non leggibili", "Unreadable letters"),
    "table": _error("Non è una tabella CSV", "Not a CSV table"),
    "separator": _error("Colonne non separate da virgole", "Columns not separated by commas"),
    "no_rows": _error("Tabella senza righe", "Table without rows"),
    "yaml": _error("Documento YAML non leggibile", "Unreadable YAML document"),
    "unknown_key": _error("Chiave sconosciuta", "Unknown key"),
    "duplicate_key": _error("Chiave ripetuta", "Key written twice"),
    "control_character": _error("Carattere invisibile", "Invisible character"),
    # a column
    "missing_column": _error("Colonna mancante", "Missing column"),
    "duplicate_column": _error("Colonna ripetuta", "Column written twice"),
    "unnamed_column": _error("Colonna senza nome", "Column without a name"),
    "reserved_column": _error("Nome di colonna riservato", "Reserved column name"),
    "columns": _error("Numero di colonne errato", "Wrong number of columns"),
    "extra_column": _note("Colonna non richiesta", "Column nobody asked for"),
    # a value
    "missing_value": _error("Valore mancante", "Missing value"),
    "invalid_value": _error("Valore non valido", "Invalid value"),
    "range": _error("Valore fuori scala", "Value out of range"),
    "date": _error("Data non valida", "Invalid date"),
    "unknown_code": _warning("Risposta non prevista", "Answer that is no option"),
    "no_number": _warning("Cella che non è un numero", "Cell that is no number"),
    "spelling": _warning("La stessa parola scritta in più modi", "One word written in several ways"),
    # codes and names
    "unknown_child": _error("Codice assente tra i partecipanti", "Code not among the participants"),
    "unknown_centre": _error("Centro sconosciuto", "Unknown centre"),
    "unknown_wave": _error("Rilevazione sconosciuta", "Unknown wave"),
    "unknown_item": _error("Domanda sconosciuta", "Unknown item"),
    "unknown_covariate": _error("Covariata sconosciuta", "Unknown covariate"),
    "unknown_level": _error("Livello sconosciuto", "Unknown level"),
    "unknown_outcome": _error("Esito sconosciuto", "Unknown outcome"),
    "unknown_scale": _warning("Scala che nessuno analizza", "Scale that nobody analyses"),
    "duplicate_child": _error("Codice ripetuto", "Child written twice"),
    "duplicate_answer": _error("Risposta ripetuta", "Answer written twice"),
    "unnamed_rater": _warning("Valutatore senza nome", "Rater without a name"),
    "duplicate_item": _error("Domanda ripetuta", "Item written twice"),
    "duplicate_attendance": _warning("Presenza ripetuta", "Attendance written twice"),
    "name_like_code": _warning("Codice che sembra un nome", "Code that looks like a name"),
    "direction_differs": _warning("Verso diverso tra contratto e protocollo", "Direction differs from the protocol"),
    "unit_differs": _warning("Unità diversa tra contratto e protocollo", "Unit differs from the protocol"),
    "no_source": _warning("Valore senza fonte", "Value without a source"),
    # children
    "consent_missing": _error("Consenso non registrato", "Consent not recorded"),
    "consent": _warning("Risposte senza consenso", "Answers without consent"),
    "empty_centre": _error("Centro senza partecipanti", "Centre without participants"),
    "age_differs": _warning("Età in contrasto con la data di nascita", "Age that contradicts the date of birth"),
    "age": _warning("Età fuori dalla popolazione", "Age outside the population"),
    "no_answers": _warning("Partecipante senza risposte", "Participant without answers"),
    "missing_wave": _note("Questionario mancante", "Missing questionnaire"),
    "item_without_answers": _warning("Domanda senza risposte", "Item without answers"),
    "wave_without_answers": _warning("Rilevazione senza risposte", "Wave without answers"),
    # days
    "date_order": _error("Date in ordine impossibile", "Dates in an impossible order"),
    "wave_order": _error("Rilevazioni in ordine inverso", "Waves in reverse order"),
    "wave_dates": _warning("Questionario fuori periodo", "Questionnaire outside its period"),
    "outside_programme": _warning("Data fuori dal programma", "Date outside the programme"),
    "before_enrolment": _warning("Risposte prima dell'iscrizione", "Answers before enrolment"),
    "after_leaving": _warning("Dati dopo l'uscita", "Data after leaving"),
    # hours and centres
    "hours": _warning("Più ore del previsto", "More hours than planned"),
    "hours_a_day": _error("Più di 24 ore in un giorno", "More than 24 hours in a day"),
    "centre_mismatch": _error("Centro diverso da quello del partecipante", "Centre differs from the child's"),
    "comparison_attendance": _warning("Presenze nel centro di confronto", "Attendance at the comparison centre"),
    # how a questionnaire was filled in
    "straight_lining": _warning("Sempre la stessa risposta", "The same answer throughout"),
    "completion_time": _warning("Tempo di compilazione impossibile", "Impossible completion time"),
    "identical_sheets": _warning("Questionari identici", "Identical questionnaires"),
    "reversed_item": _warning("Domanda che va al contrario", "Item that runs backwards"),
}
