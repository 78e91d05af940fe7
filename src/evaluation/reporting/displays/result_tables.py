"""The tables readers see: published numbers, set in words, decimals and units of the language."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from string import ascii_lowercase
from typing import Any

import pandas as pd

from evaluation.checks.kinds import KINDS as KINDS_OF_FINDING
from evaluation.citation import PublishedCell, cite, citing
from evaluation.counterfactual.estimators.registry import ESTIMATORS
from evaluation.language import NO_VALUE, Language, exact, interval, number, p_value, percent, text
from evaluation.measurement.scores import fewest_answered
from evaluation.publishing.disclosure import SUPPRESSED
from evaluation.publishing.exhibits import Table
from evaluation.publishing.published_tables import to_number
from evaluation.reporting.displays.words import (
    ATTRITION,
    CENTRES,
    INDICATORS,
    KINDS,
    ROLES,
    WWC,
    centre_name,
    covariate_name,
    interval_level,
    of_language,
    outcome_name,
    row_name,
    row_words,
    wave_name,
)
from evaluation.reporting.displays.words import SUPPRESSED as WITHHELD
from evaluation.study.findings import Finding
from evaluation.study.folder import Study
from evaluation.study.protocol import Outcome

Row = dict[str, Any]
Cell = Callable[[Row], str]


def build(records: Iterable[Row], columns: dict[str, tuple[Cell, bool]], caption: str, note: str = "") -> Table:
    """Set records as a table: column name -> (how its cell is written, whether it is a number)."""
    with citing():
        rows = tuple(tuple(_written(cell(record)) for cell, _ in columns.values()) for record in records)
    numeric = frozenset(position for position, (_, is_number) in enumerate(columns.values()) if is_number)
    return Table(tuple(columns), rows, numeric, caption, note)


def _written(text: str) -> str:
    """Return a cell's text; one that is printed as it stands in its file says so."""
    return cite(text, "exact", text) if isinstance(text, PublishedCell) and text else text


def numeric(column: str, language: Language, decimals: int = 2) -> Cell:
    """Return how a published number is written: with decimals, a dash where empty, a word where withheld."""
    return lambda row: or_withheld(row[column], language, lambda value: number(value, language, decimals))


def or_withheld(cell: str, language: Language, write: Callable[[float], str]) -> str:
    """Return a published cell as `write` puts its number, or the word for withheld."""
    return WITHHELD[language] if cell == SUPPRESSED else write(to_number(cell))


def between(low: str, high: str, language: Language) -> Cell:
    """Return how an interval of two published numbers is written."""
    return lambda row: or_withheld(row[low], language, lambda value: interval(value, to_number(row[high]), language))


def probability(column: str, language: Language) -> Cell:
    """Return how a published p is written."""
    return lambda row: or_withheld(row[column], language, lambda value: p_value(value, language))


def percentage(column: str, language: Language) -> Cell:
    """Return how a published share is written."""
    return lambda row: or_withheld(row[column], language, lambda value: percent(value, language, 1))


def outcomes(study: Study, language: Language) -> Table:
    """What is measured: role, kind, items, unit."""
    items = {o.id: len(study.instrument.scale(o.id)) or 1 for o in study.protocol.outcomes}
    records = [{"outcome": o} for o in study.protocol.outcomes]
    it = language == "it"
    return build(
        records,
        {
            ("Esito" if it else "Outcome"): (lambda r: r["outcome"].name[language], False),
            ("Ruolo" if it else "Role"): (lambda r: ROLES[r["outcome"].role][language], False),
            ("Tipo" if it else "Kind"): (lambda r: KINDS[r["outcome"].kind][language], False),
            ("Domande" if it else "Items"): (
                lambda r: NO_VALUE if r["outcome"].of else str(items[r["outcome"].id]), True,
            ),
            ("Unità" if it else "Unit"): (lambda r: r["outcome"].unit_text[language], False),
        },
        "Che cosa è misurato." if it else "What is measured.",
    )  # fmt: skip


def findings(found: tuple[Finding, ...], language: Language) -> Table:
    """The kinds of warnings and notes of a study; never whose they are, nor how few."""
    kinds = sorted({(f.level, f.file, KINDS_OF_FINDING[f.kind].title[language], f.expected[language]) for f in found})
    it = language == "it"
    levels = {"warning": "avviso" if it else "warning", "note": "nota" if it else "note"}
    nothing = "Nessuno" if it else "None"
    records: list[Row] = [{"level": levels[k[0]], "file": k[1], "title": k[2], "expected": k[3]} for k in kinds]
    return build(
        records or [{"level": nothing, "file": NO_VALUE, "title": NO_VALUE, "expected": NO_VALUE}],
        {
            ("Livello" if it else "Level"): (lambda r: r["level"], False),
            ("Che cosa" if it else "What"): (lambda r: r["title"], False),
            "File": (lambda r: r["file"], False),
            ("Atteso" if it else "Expected"): (lambda r: r["expected"], False),
        },
        "Avvisi e note sui dati (nessun errore: un errore ferma l'analisi)." if it
        else "Warnings and notes about the data (no error: an error stops the analysis).",
    )  # fmt: skip


def flow(study: Study, table: pd.DataFrame, language: Language) -> Table:
    """Children enrolled, analysed and lost, by centre."""
    it = language == "it"
    return build(
        table.to_dict("records"),
        {
            ("Centro" if it else "Centre"): (lambda r: centre_name(study.protocol, r["centre"], language), False),
            ("Rilevazione" if it else "Wave"): (lambda r: wave_name(study.protocol, r["wave"], language), False),
            ("Iscritti" if it else "Enrolled"): (lambda r: r["enrolled"], True),
            ("Analizzati" if it else "Analysed"): (lambda r: r["analysed"], True),
            ("Persi" if it else "Lost"): (lambda r: r["lost"], True),
        },
        "Ragazzi iscritti, analizzati e persi, per l'esito primario." if it
        else "Children enrolled, analysed and lost, for the primary outcome.",
        "Persi: per assenza, risposte mancanti, mancanza di consenso o assenso." if it
        else "Lost: by absence, missing answers, or lack of consent or assent.",
    )  # fmt: skip


def attrition(study: Study, table: pd.DataFrame, language: Language) -> Table:
    """Shares lost: overall, by centre, and the difference."""
    it = language == "it"
    columns: dict[str, tuple[Cell, bool]] = {
        ("Rilevazione" if it else "Wave"): (lambda r: wave_name(study.protocol, r["wave"], language), False),
        ("In tutto" if it else "Overall"): (percentage("overall", language), True),
        centre_name(study.protocol, "treated", language): (percentage("treated", language), True),
        centre_name(study.protocol, "comparison", language): (percentage("comparison", language), True),
        ("Differenza" if it else "Difference"): (percentage("differential", language), True),
        ("Limite cauto" if it else "Cautious boundary"): (percentage("cautious", language), True),
        ("Limite ottimista" if it else "Optimistic boundary"): (percentage("optimistic", language), True),
        ("Giudizio" if it else "Verdict"): (lambda r: ATTRITION[r["verdict"]][language], False),
    }
    caption = "Quote di ragazzi persi." if it else "Shares of children lost."
    note = (
        "Limiti del What Works Clearinghouse, fatti per studi a sorteggio: qui orientano soltanto." if it
        else "Boundaries of the What Works Clearinghouse, made for randomised trials: here for orientation only."
    )  # fmt: skip
    return build(table.to_dict("records"), columns, caption, note)


def reliability(study: Study, table: pd.DataFrame, language: Language) -> Table:
    """Alpha of every scale at every wave, and how many of its items a score needs."""
    it = language == "it"

    def needed(row: Row) -> str:
        fewest = fewest_answered(study.protocol.outcome(row["outcome"]).minimum_answered, int(row["items"]))
        return f"{fewest} su {row['items']}" if it else f"{fewest} of {row['items']}"

    still = {row["outcome"]: f"{outcome_name(study.protocol, row['outcome'], language)}: {row['constant']}"
             for row in table.to_dict("records") if row.get("constant", "") not in ("", SUPPRESSED)}  # fmt: skip
    left_out = "; ".join(still.values())
    apart = "" if not still else (
        f" Domande che non variano, lasciate fuori dai coefficienti: {left_out}." if it
        else f" Items that do not vary, left out of the coefficients: {left_out}."
    )  # fmt: skip
    return build(
        table.to_dict("records"),
        {
            ("Scala" if it else "Scale"): (lambda r: outcome_name(study.protocol, r["outcome"], language), False),
            ("Rilevazione" if it else "Wave"): (lambda r: wave_name(study.protocol, r["wave"], language), False),
            ("Risposte necessarie" if it else "Answers needed"): (needed, True),
            "n": (numeric("n", language, 0), True),
            ("Alfa" if it else "Alpha"): (numeric("alpha", language), True),
            ("Intervallo al 95 %" if it else "95 % interval"): (between("alpha_low", "alpha_high", language), True),
            "Omega": (numeric("omega", language), True),
            ("Intervallo di omega" if it else "Omega interval"): (between("omega_low", "omega_high", language), True),
            "ICC": (numeric("icc", language), True),
        },
        "Affidabilità delle scale sui questionari completi, centri insieme." if it
        else "Reliability of the scales on the complete answer sheets, centres pooled.",
        ("Alfa di Cronbach (intervallo di Feldt), omega di McDonald, ICC(2,1) di un solo valutatore; un trattino dove il "
         "numero non è definito." if it
         else "Cronbach's alpha (Feldt's interval), McDonald's omega, ICC(2,1) of a single rater; a dash where the number is "
         "not defined.") + apart,
    )  # fmt: skip


def composites(study: Study, table: pd.DataFrame, language: Language) -> Table:
    """Parts of each composite with the constants that standardise them, then the composite."""
    it = language == "it"
    own = {"it": "il composito", "en": "the composite"}[language]
    return build(
        table.to_dict("records"),
        {
            ("Composito" if it else "Composite"): (lambda r: outcome_name(study.protocol, r["outcome"], language), False),
            ("Parte" if it else "Part"): (
                lambda r: outcome_name(study.protocol, r["part"], language) if r["part"] else own, False,
            ),
            "n": (numeric("n", language, 0), True),
            ("Media" if it else "Mean"): (numeric("mean", language), True),
            ("DS" if it else "SD"): (numeric("sd", language), True),
            ("Affidabilità" if it else "Reliability"): (numeric("reliability", language), True),
        },
        "Di che cosa è fatto il composito, all'inizio, centri insieme." if it
        else "What the composite is made of, at baseline, centres pooled.",
        ("Media e DS delle parti sono le costanti che le standardizzano a ogni rilevazione. Affidabilità: alfa; del composito "
         "quella stratificata (Mosier). " if it
         else "Mean and SD of the parts are the constants that standardise them at every wave. Reliability: alpha; of the "
         "composite the stratified one (Mosier). ")
        + " ".join(_scale(outcome, language) for outcome in study.protocol.outcomes if outcome.of),
    )  # fmt: skip


def _scale(outcome: Outcome, language: Language) -> str:
    """Say in words what one unit of a composite is, and which constants the protocol fixed."""
    it, name = language == "it", outcome.name[language]
    unit = (
        ("è la DS del composito stesso alla baseline: la media delle parti è divisa per essa" if it
         else "is the SD of the composite itself at the baseline, by which the mean of the parts is divided") if outcome.scale
        else ("è la media delle parti standardizzate, che varia meno di ciascuna" if it
              else "is that of the mean of standardised parts, which varies less than each of them")
    )  # fmt: skip
    said = f"{name}: un'unità {unit}." if it else f"{name}: one unit {unit}."
    if outcome.constants is None:
        return said
    fixed = "; ".join(
        f"{part} {number(outcome.constants.mean[part], language, 4)} ({number(outcome.constants.sd[part], language, 4)})"
        for part in outcome.of
    )
    scale = outcome.constants.scale
    by = (
        ""
        if scale is None
        else (f"; divisore {number(scale, language, 4)}" if it else f"; divisor {number(scale, language, 4)}")
    )
    return said + (
        f" Medie (DS) fissate dal protocollo: {fixed}{by}."
        if it
        else f" Means (SDs) fixed by the protocol: {fixed}{by}."
    )


def balance(study: Study, table: pd.DataFrame, language: Language) -> Table:
    """Baseline means and standardised differences, with the What Works Clearinghouse's verdict."""
    it = language == "it"

    def name(row: Row) -> str:
        if row["kind"] == "outcome":
            return row_name(study.protocol, row["variable"], row["wave"], language)
        return covariate_name(row["variable"], language)

    return build(
        table.to_dict("records"),
        {
            ("Variabile" if it else "Variable"): (name, False),
            centre_name(study.protocol, "treated", language): (numeric("mean_treated", language), True),
            centre_name(study.protocol, "comparison", language): (numeric("mean_comparison", language), True),
            "g": (numeric("smd", language), True),
            ("g, pesata" if it else "g, weighted"): (numeric("smd_weighted", language), True),
            ("Rapporto varianze" if it else "Variance ratio"): (numeric("variance_ratio", language), True),
            "KS": (numeric("ks", language), True),
            ("Indice di Cox" if it else "Cox index"): (numeric("cox", language), True),
            "WWC": (lambda r: _or_withheld_word(r["wwc"], language), False),
        },
        "Medie alla baseline e differenze standardizzate dei ragazzi analizzati." if it
        else "Baseline means and standardised differences of the children analysed.",
    )  # fmt: skip


def _or_withheld_word(cell: str, language: Language) -> str:
    return WITHHELD[language] if cell == SUPPRESSED else WWC[cell][language]


def estimates(
    study: Study,
    table: pd.DataFrame,
    language: Language,
    first: str = "estimator",
    sensitivity: pd.DataFrame | None = None,
) -> Table:
    """Estimates with intervals; the first column names the estimator or the outcome.

    With `sensitivity` the table leads with what two centres can bear, of the rows that it knows: their interval, or the
    break-even shock where the protocol declares none.
    """
    it = language == "it"
    level = interval_level(study.protocol, language)
    unit = study.protocol.outcome(table["outcome"].iloc[0]).unit_text[language] if first == "estimator" else ""
    name = study.protocol.outcome(table["outcome"].iloc[0]).name[language]
    names: dict[str, tuple[str, Cell]] = {
        "estimator": (
            "Stimatore" if it else "Estimator",
            lambda r: row_words(study.protocol, ESTIMATORS[r["estimator"]].name[language], r["wave"], language),
        ),
        "outcome": (
            "Esito" if it else "Outcome",
            lambda r: row_name(study.protocol, r["outcome"], r["wave"], language),
        ),
    }
    primary, estimator = study.protocol.primary.id, study.protocol.analysis.estimator
    among = "" if sensitivity is None else "tra ragazzi " if it else " among children"

    def confirms(row: Row) -> bool:
        return bool(row["outcome"] == primary and row["estimator"] == estimator)

    captions = {
        "estimator": f"{name}: l'effetto secondo ogni stimatore, in {unit}." if it
        else f"{name}: the effect by every estimator, in {unit}.",
        "outcome": "Ogni esito secondo lo stimatore prestabilito, ciascuno nella sua unità." if it
        else "Every outcome by the pre-specified estimator, each in its own unit.",
    }  # fmt: skip
    columns: dict[str, tuple[Cell, bool]] = {
        names[first][0]: (lambda r: names[first][1](r) + (" ◆" if confirms(r) else ""), False),
        ("Effetto" if it else "Effect"): (numeric("estimate", language), True),
        **({} if sensitivity is None else _of_two_centres(study, sensitivity, language)),
        (f"Intervallo {among}al {level}" if it else f"{level} interval{among}"): (
            between("ci_low", "ci_high", language),
            True,
        ),
        "p": (probability("p_value", language), True),
        ("p perm." if it else "perm. p"): (probability("p_permutation", language), True),
        **(
            {("p corr." if it else "adj. p"): (probability("p_adjusted", language), True)} if first == "outcome" else {}
        ),
        "g": (numeric("hedges_g", language), True),
        ("Trattati" if it else "Treated"): (numeric("n_treated", language, 0), True),
        ("Confronto" if it else "Comparison"): (numeric("n_comparison", language, 0), True),
    }
    note = (
        "◆ analisi confermativa del protocollo. Gli intervalli tra ragazzi non coprono ciò che tocca un "
        "intero centro; il p di permutazione descrive il caso tra ragazzi scambiabili, non un sorteggio; g prende la DS per nota."
        if it
        else "◆ the protocol's confirmatory analysis. Intervals among children do not cover what touches a whole "
        "centre; the permutation p describes chance among exchangeable children, not a draw; g takes the SD as known."
    )
    return build(table.to_dict("records"), columns, captions[first], note)


def _of_two_centres(study: Study, sensitivity: pd.DataFrame, language: Language) -> dict[str, tuple[Cell, bool]]:
    """The column that leads a main table: the two-centre interval, else the shock at which the finding falls."""
    it = language == "it"
    known = {(r["outcome"], r["wave"], r["estimator"]): r for r in sensitivity.to_dict("records")}
    nothing = dict.fromkeys(("two_centre_low", "two_centre_high", "break_even_shock"), "")

    def of(row: Row) -> Row:
        return known.get((row["outcome"], row["wave"], row["estimator"]), nothing)

    if study.protocol.analysis.centre_shock_icc is None:
        shock = numeric("break_even_shock", language, 3)
        return {("Pareggio, shock di centro" if it else "Break-even centre shock"): (lambda r: shock(of(r)), True)}
    ends = between("two_centre_low", "two_centre_high", language)
    return {("Intervallo dei due centri" if it else "Two-centre interval"): (lambda r: ends(of(r)), True)}


def sensitivity(study: Study, table: pd.DataFrame, language: Language) -> Table:
    """The two-centre interval and the break-even values of every outcome."""
    it = language == "it"
    return build(
        table.to_dict("records"),
        {
            ("Esito" if it else "Outcome"): (lambda r: row_name(study.protocol, r["outcome"], r["wave"], language), False),
            ("Effetto" if it else "Effect"): (numeric("estimate", language), True),
            ("Intervallo ordinario" if it else "Ordinary interval"): (between("ci_low", "ci_high", language), True),
            ("Intervallo dei due centri" if it else "Two-centre interval"): (
                between("two_centre_low", "two_centre_high", language), True,
            ),
            ("Pareggio, shock" if it else "Break-even shock"): (numeric("break_even_shock", language, 3), True),
            ("Pareggio, ICC" if it else "Break-even ICC"): (numeric("break_even_icc", language, 3), True),
            ("Pareggio, tendenze" if it else "Break-even trends"): (numeric("break_even_bias", language, 3), True),
        },
        "Quanto dovrebbero divergere i due centri, per conto loro, perché l'intervallo contenga lo zero." if it
        else "How far the two centres would have to diverge by themselves for the interval to hold zero.",
        "Un trattino: l'intervallo ordinario contiene già lo zero." if it
        else "A dash: the ordinary interval already holds zero.",
    )  # fmt: skip


def payment_steps(trace: Row, language: Language) -> Table:
    """The calculation of payment.json, line by line."""
    it = language == "it"
    names = {"total": "totale" if it else "total"}
    names |= {metric["id"]: metric["label"][language] for metric in (trace["contract"] or {}).get("metrics", [])}
    return build(
        trace["verdict"].get("steps", []),
        {
            ("Voce" if it else "Entry"): (lambda r: names.get(r["subject"]) or r["subject"], False),
            ("Passo" if it else "Step"): (lambda r: r["words"][language], False),
            ("Valore" if it else "Value"): (lambda r: exact(r["value"], language) if r["value"] else NO_VALUE, True),
        },
        "Il calcolo del pagamento, passo per passo, con numeri esatti." if it
        else "The payment calculation, step by step, in exact numbers.",
    )  # fmt: skip


def monitoring(table: pd.DataFrame, language: Language) -> Table:
    """Every indicator with its value, period and source; flags stand in the note, marked by a letter."""
    it = language == "it"
    flags = list(dict.fromkeys(of_language(flag, language) for flag in table["flag"] if flag))
    marks = {flag: f"({letter})" for letter, flag in zip(ascii_lowercase, flags, strict=False)}
    origins = dict.fromkeys(zip(table["project"], table["source"], strict=True))
    sources = {origin: f"[{position}]" for position, origin in enumerate(origins, start=1)}
    notes = [f"{mark} {flag}." for flag, mark in marks.items()] + [
        f"{mark} {PROJECTS.get(project, text(project, project))[language]}, {source}."
        for (project, source), mark in sources.items()
    ]
    return build(
        table.to_dict("records"),
        {
            ("Indicatore" if it else "Indicator"): (
                lambda r: f"{r[f'indicator_{language}']} {marks.get(of_language(r['flag'], language), '')}".strip(), False,
            ),
            ("Tipo" if it else "Kind"): (lambda r: INDICATORS.get(r["kind"], CENTRES["both"])[language], False),
            ("Valore" if it else "Value"): (lambda r: _indicator_value(r, language), True),
            ("Periodo" if it else "Period"): (lambda r: of_language(r["period"], language) or NO_VALUE, False),
            ("Fonte" if it else "Source"): (lambda r: sources[r["project"], r["source"]], False),
        },
        "Gli indicatori di monitoraggio, ciascuno con la sua fonte. Due progetti non si sommano mai." if it
        else "The monitoring indicators, each with its source. Two projects are never added up.",
        " ".join(notes),
    )  # fmt: skip


PROJECTS = {  # what readers call the programme's projects
    "officine-mezzogiorno": text(
        "Officine Mezzogiorno, Fondo per l'Innovazione Sociale", "Officine Mezzogiorno, Fondo per l'Innovazione Sociale"
    ),
    "pro-officine-mezzogiorno": text(
        "Pro Officine Mezzogiorno, Fondazione CON IL SUD e Italiacamp",
        "Pro Officine Mezzogiorno, Fondazione CON IL SUD and Italiacamp",
    ),
}


def _indicator_value(row: Row, language: Language) -> str:
    """The value with its unit, and its share of the target where there was one."""
    words = exact(of_language(row["value"], language), language)
    unit = of_language(row["unit"], language)
    share = percent(to_number(row["share_of_target"]), language) if row["share_of_target"] else ""
    return " ".join(part for part in (words, unit, f"({share})" if share else "") if part)
