"""The tables of notebooks 03 and 04 that set choices side by side, and say why a number is not there."""

from __future__ import annotations

import pandas as pd

from evaluation.counterfactual.estimate import Estimate
from evaluation.counterfactual.estimators.estimable import estimable
from evaluation.counterfactual.estimators.registry import ESTIMATORS
from evaluation.counterfactual.sample import Sample
from evaluation.language import Language, text
from evaluation.publishing.exhibits import Sentence, Table
from evaluation.reporting.displays.prose import plain
from evaluation.reporting.displays.result_tables import between, build, numeric, percentage, probability
from evaluation.reporting.displays.words import centre_name, covariate_name, row_name, wave_name
from evaluation.study.folder import Study
from evaluation.study.protocol import Covariate


def tests_alone(study: Study, table: pd.DataFrame, language: Language) -> Table:
    """Every p of the difference in differences of each outcome by itself."""
    it = language == "it"
    columns = {
        "t": "p_value",
        ("Permutazioni" if it else "Permutation"): "p_permutation",
        "Rademacher": "rademacher",
        "Webb": "webb",
    }
    return _tests(
        study, table, columns, language,
        "La stessa differenza nelle differenze provata in quattro modi: il p di ciascun esito da solo." if it
        else "The same difference in differences tested in four ways: the p of each outcome by itself.",
        "Rademacher e Webb: bootstrap selvaggio per ragazzo, sotto l'ipotesi di nessun effetto." if it
        else "Rademacher and Webb: wild bootstrap by child, under the hypothesis of no effect.",
    )  # fmt: skip


def tests_adjusted(study: Study, table: pd.DataFrame, language: Language) -> Table:
    """The permutation p of each outcome adjusted for the outcomes looked at, by every method."""
    it = language == "it"
    columns = {
        "Romano-Wolf": "romano_wolf",
        "Holm": "holm",
        "Benjamini-Hochberg": "benjamini_hochberg",
        ("q di Anderson" if it else "Anderson's q"): "sharpened_q",
    }
    return _tests(
        study, table, columns, language,
        "Il p di permutazione corretto per quanti esiti si guardano, entro ciascuna famiglia." if it
        else "The permutation p adjusted for how many outcomes are looked at, within each family.",
        "Romano-Wolf e Holm limitano la probabilità di anche un solo falso risultato; Benjamini-Hochberg e Anderson la quota "
        "attesa di falsi tra i trovati." if it
        else "Romano-Wolf and Holm limit the chance of even one false finding; Benjamini-Hochberg and Anderson the expected "
        "share of false ones among those found.",
    )  # fmt: skip


def _tests(
    study: Study, table: pd.DataFrame, columns: dict[str, str], language: Language, caption: str, note: str
) -> Table:
    first = {"it": "Esito", "en": "Outcome"}[language]
    return build(
        table.to_dict("records"),
        {first: (lambda r: row_name(study.protocol, r["outcome"], r["wave"], language), False)}
        | {name: (probability(column, language), True) for name, column in columns.items()},
        caption,
        note,
    )


def overlap(study: Study, table: pd.DataFrame, language: Language) -> Table:
    """What the weights leave of the comparison centre."""
    it = language == "it"
    return build(
        table.to_dict("records"),
        {
            ("Pesi" if it else "Weights"): (lambda r: ESTIMATORS[r["estimator"]].name[language], False),
            ("Rilevazione" if it else "Wave"): (lambda r: wave_name(study.protocol, r["wave"], language), False),
            centre_name(study.protocol, "treated", language): (numeric("n_treated", language, 0), True),
            centre_name(study.protocol, "comparison", language): (numeric("n_comparison", language, 0), True),
            ("Equivalenti a" if it else "Worth as many as"): (numeric("effective_comparison", language, 1), True),
            ("Fuori portata" if it else "Out of reach"): (percentage("outside", language), True),
        },
        "Dopo i pesi, quanti ragazzi di confronto restano di fatto, e quanti trattati non hanno nessuno di simile." if it
        else "After weighting, how many comparison children are left in effect, and how many treated have nobody like them.",
        "Equivalenti a: ragazzi con pesi uguali che direbbero altrettanto (Kish). Fuori portata: trattati la cui propensione "
        "nessun ragazzo di confronto raggiunge. Un trattino: i centri non si sovrappongono e i pesi sono rifiutati." if it
        else "Worth as many as: equally weighted children who would tell as much (Kish). Out of reach: treated whose "
        "propensity no comparison child comes near. A dash: the centres do not overlap and the weights are refused.",
    )  # fmt: skip


def subgroups(study: Study, table: pd.DataFrame, language: Language) -> Table | Sentence:
    """The effect in each subgroup that the protocol names; a sentence where it names none."""
    if table.empty:
        return no_subgroups(language)
    it = language == "it"
    return build(
        table.to_dict("records"),
        {
            ("Sottogruppo" if it else "Subgroup"): (
                lambda r: covariate_name(f"{r['covariate']}: {r['level']}", language), False,
            ),
            ("Esito" if it else "Outcome"): (lambda r: row_name(study.protocol, r["outcome"], r["wave"], language), False),
            ("Effetto" if it else "Effect"): (numeric("estimate", language), True),
            ("Intervallo" if it else "Interval"): (between("ci_low", "ci_high", language), True),
            ("p della diversità" if it else "p of differing"): (probability("p_differ", language), True),
            centre_name(study.protocol, "treated", language): (numeric("n_treated", language, 0), True),
            centre_name(study.protocol, "comparison", language): (numeric("n_comparison", language, 0), True),
        },
        "L'effetto nei sottogruppi nominati dal protocollo." if it else "The effect in the subgroups the protocol names.",
        "p della diversità: quanto spesso il caso darebbe sottogruppi così diversi. Un effetto in un sottogruppo e non "
        "nell'altro non basta a dire che differiscano." if it
        else "p of differing: how often chance would give subgroups as different. An effect in one subgroup and not in the "
        "other is not enough to say that they differ.",
    )  # fmt: skip


@plain
def no_subgroups(language: Language) -> str:
    """Say that no subgroup was pre-specified."""
    return {
        "it": "Il protocollo non nomina sottogruppi: nessuno è analizzato.",
        "en": "The protocol names no subgroups: none is analysed.",
    }[language]


def refusals(study: Study, estimates: list[Estimate], language: Language) -> Table | Sentence:
    """Why some estimates are not there; a sentence where none is missing."""
    refused = [estimate for estimate in estimates if estimate.reason is not None]
    if not refused:
        return _nothing_refused(language)
    it = language == "it"
    reasons = dict.fromkeys((e.outcome, e.wave, e.reason[language]) for e in refused if e.reason is not None)
    records = [
        {"place": place, "estimators": [e.estimator for e in refused if (e.outcome, e.wave) == place[:2]
                                        and e.reason is not None and e.reason[language] == place[2]]}
        for place in reasons
    ]  # fmt: skip
    return build(
        records,
        {
            ("Esito" if it else "Outcome"): (lambda r: row_name(study.protocol, r["place"][0], r["place"][1], language), False),
            ("Stimatori" if it else "Estimators"): (
                lambda r: ", ".join(ESTIMATORS[name].name[language] for name in r["estimators"]), False,
            ),
            ("Perché non c'è un numero" if it else "Why there is no number"): (lambda r: r["place"][2], False),
        },
        "Stime che i dati non permettono." if it else "Estimates that the data do not allow.",
    )  # fmt: skip


@plain
def _nothing_refused(language: Language) -> str:
    return {
        "it": "Ogni stimatore ha dato un numero per ogni esito: nessuna stima è stata rifiutata.",
        "en": "Every estimator gave a number for every outcome: no estimate was refused.",
    }[language]


@plain
def covariates_used(study: Study, sample: Sample, language: Language) -> str:
    """Say which covariates the adjusted estimates use and of what kind they are, and which are left out and why."""
    it, none = language == "it", {"it": "nessuna", "en": "none"}[language]
    used = [
        _covariate(study, covariate, language)
        for covariate in study.protocol.declared
        if covariate.id not in sample.dropped
    ]
    said = f"Covariate del protocollo usate: {'; '.join(used) or none}." if it else (
        f"Covariates of the protocol used: {'; '.join(used) or none}."
    )  # fmt: skip
    repeated = estimable(sample.pairs(with_covariates=True)).dropped[len(sample.dropped) :]
    for names, italian, english in (
        (sample.dropped, "Lasciate fuori perché non distinguono i ragazzi analizzati",
         "Left out because they tell no child analysed from another"),
        (repeated, "Lasciate fuori perché ricavabili da quelle che le precedono",
         "Left out because they follow from those before them"),
    ):  # fmt: skip
        if names:
            listed = ", ".join(dict.fromkeys(covariate_name(_told(study, name), language) for name in names))
            said += f" {italian if it else english}: {listed}."
    return said


def _covariate(study: Study, covariate: Covariate, language: Language) -> str:
    name = covariate.labels.text()[language] if covariate.labels else covariate_name(covariate.id, language)
    kind = "number" if pd.api.types.is_numeric_dtype(study.consenting[covariate.id]) else "category"
    guessed = "" if covariate.kind else {"it": ", dedotto dalla colonna", "en": ", guessed from the column"}[language]
    return f"{name} ({KINDS_OF_COVARIATES[kind][language]}{guessed})"


def _told(study: Study, name: str) -> str:
    """Return the name of a covariate, its level withheld where few children have it."""
    column, colon, level = name.partition(": ")
    few = colon and (study.consenting[column] == level).sum() < study.protocol.privacy.minimum_cell
    return f"{column}: suppressed" if few else name


KINDS_OF_COVARIATES = {"number": text("numero", "number"), "category": text("categoria", "category")}
