"""Words that tables, figures and sentences share: centres, waves, outcomes, verdicts."""

from __future__ import annotations

from evaluation.language import Language, exact, text
from evaluation.study.protocol import Protocol

ROLES = {
    "primary": text("primario", "primary"),
    "secondary": text("secondario", "secondary"),
    "placebo": text("placebo", "placebo"),
}
KINDS = {
    "scale": text("scala", "scale"),
    "measure": text("misura", "measure"),
    "composite": text("composito", "composite"),
}
WAVES = {
    "pre_baseline": text("prima della baseline", "before the baseline"),
    "baseline": text("inizio", "baseline"),
    "endline": text("fine", "endline"),
    "follow_up": text("dopo", "follow-up"),
}
CENTRES = {
    "treated": text("trattato", "treated"),
    "comparison": text("confronto", "comparison"),
    "counterfactual": text("trattato, senza programma (atteso)", "treated, without the programme (expected)"),
    "both": text("entrambi", "both"),
}
VERDICTS = {
    "earned": text("dovuto", "earned"),
    "not_earned": text("non dovuto", "not earned"),
    "undetermined": text("indeterminato", "undetermined"),
    "disputed": text("contestato", "disputed"),
}
INDICATORS = {
    "context": text("contesto", "context"),
    "target": text("obiettivo", "target"),
    "actual": text("realizzato", "actual"),
    "derived": text("calcolato", "derived"),
}
WWC = {
    "satisfied": text("equivalente", "equivalent"),
    "adjust": text("da aggiustare", "needs adjustment"),
    "fails": text("non equivalente", "not equivalent"),
    "": text("–", "–"),
}
ATTRITION = {
    "low": text("entro il limite cauto", "within the cautious boundary"),
    "low_if_optimistic": text("entro il solo limite ottimista", "within the optimistic boundary only"),
    "high": text("oltre entrambi i limiti", "beyond both boundaries"),
    "": text("–", "–"),
}
SUPPRESSED = text("omesso", "withheld")


def outcome_name(protocol: Protocol, outcome: str, language: Language) -> str:
    """What readers call an outcome."""
    return protocol.outcome(outcome).name[language]


def row_name(protocol: Protocol, outcome: str, wave: str, language: Language) -> str:
    """What readers call the outcome of a row; with its wave where there are several after the baseline."""
    return row_words(protocol, outcome_name(protocol, outcome, language), wave, language)


def row_words(protocol: Protocol, name: str, wave: str, language: Language) -> str:
    """Return a name with its wave where there are several after the baseline."""
    return name if len(protocol.follow_ups) == 1 else f"{name}, {wave_name(protocol, wave, language)}"


def wave_name(protocol: Protocol, wave: str, language: Language) -> str:
    """What readers call a wave: its label, else its role and id."""
    found = next(w for w in protocol.waves if w.id == wave)
    return found.label.text()[language] if found.label else f"{WAVES[found.role][language]} ({wave})"


def centre_name(protocol: Protocol, centre: str, language: Language) -> str:
    """What readers call the treated and the comparison centre; the word for both, or for the expected path."""
    centres = protocol.centres
    named = {"treated": centres.treated, "comparison": centres.comparison}
    return centres.label(named[centre])[language] if centre in named else CENTRES[centre][language]


def covariate_name(name: str, language: Language) -> str:
    """What readers call a column of participants.csv; `column: level` of a categorical one."""
    column, _, level = name.partition(": ")
    shown = COVARIATES.get(column, text(column, column))[language]
    if level == "suppressed":
        level = {"it": "categoria omessa", "en": "category withheld"}[language]
    return f"{shown}: {level}" if level else shown


COVARIATES = {
    "age": text("età (anni)", "age (years)"),
    "sex": text("sesso", "sex"),
    "school_grade": text("scuola", "school"),
}


def interval_level(protocol: Protocol, language: Language) -> str:
    """Return the level of the effects' intervals, as declared: `95 %`."""
    return f"{exact(round(100 * (1 - protocol.analysis.alpha), 6), language)} %"


def of_language(cell: str, language: Language) -> str:
    """Return the half of an `Italian / English` cell of programme.csv that is in the language; a plain cell whole."""
    halves = cell.split(" / ")
    return halves[0 if language == "it" else 1] if len(halves) == 2 else cell
