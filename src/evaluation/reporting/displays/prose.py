"""Sentences built from the numbers: what was found, how sure it is, what is paid, what could be wrong."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any, ParamSpec

import numpy as np
import pandas as pd

from evaluation.citation import cite, citing, parsed
from evaluation.counterfactual.sensitivity.usual import usual_shocks
from evaluation.language import LANGUAGES, Language, Text, decimal, interval, number, text
from evaluation.publishing.disclosure import SUPPRESSED
from evaluation.publishing.exhibits import Sentence
from evaluation.publishing.published_tables import to_number
from evaluation.reporting.displays.words import VERDICTS, WWC, centre_name, interval_level
from evaluation.study.protocol import Protocol

Row = Mapping[str, str]
Given = ParamSpec("Given")


def plain(write: Callable[Given, str]) -> Callable[Given, Sentence]:
    """Mark what a function writes as plain words: labels from a protocol must not act as markup."""

    @wraps(write)
    def written(*args: Given.args, **kwargs: Given.kwargs) -> Sentence:
        with citing():
            return Sentence(write(*args, **kwargs))

    return written


def confirmatory_row(protocol: Protocol, estimates: pd.DataFrame) -> Row:
    """Return the published row of the primary outcome, first follow-up wave, confirmatory estimator."""
    chosen = (
        (estimates["outcome"] == protocol.primary.id)
        & (estimates["wave"] == protocol.follow_ups[0].id)
        & (estimates["estimator"] == protocol.analysis.estimator)
    )
    return dict(estimates[chosen].iloc[0]) if chosen.any() else {}


@plain
def effect_sentence(protocol: Protocol, row: Row, language: Language) -> str:
    """Say what was found, as far as chance is concerned: better, worse, or open."""
    if row.get("estimate") == SUPPRESSED:
        return {
            "it": "L'effetto è omesso: riguarderebbe troppo pochi ragazzi.",
            "en": "The effect is withheld: it would rest on too few children.",
        }[language]
    value = to_number(row.get("estimate", ""))
    if np.isnan(value):
        return {"it": "L'effetto non può essere stimato.", "en": "The effect cannot be estimated."}[language]
    outcome = protocol.outcome(row["outcome"])
    sign = 1 if outcome.direction == "higher" else -1
    ends = to_number(row["ci_low"]), to_number(row["ci_high"])
    low, high = np.sort([sign * end for end in ends]) if not np.isnan(ends).any() else (np.nan, np.nan)
    decimals = _decimals(value, *ends)
    shown = f"{number(value, language, decimals)} {outcome.unit_text[language]}"
    between = interval(*ends, language, decimals)
    kind = "better" if low > 0 else "worse" if high < 0 else "open"
    words = {
        "better": text(
            "hanno fatto meglio di quanto ci si attendesse senza il programma, tenendo conto solo del caso tra ragazzi",
            "did better than expected without the programme, allowing only for chance among children",
        ),
        "worse": text(
            "hanno fatto peggio di quanto ci si attendesse senza il programma, tenendo conto solo del caso tra ragazzi",
            "did worse than expected without the programme, allowing only for chance among children",
        ),
        "open": text(
            "non si distinguono con chiarezza da quanto ci si attendeva senza il programma",
            "cannot be told clearly from what was expected without the programme",
        ),
    }[kind]
    centre, name = centre_name(protocol, "treated", language), outcome.name[language]
    shown += _in_final_sds(row, outcome.kind, language)
    level = interval_level(protocol, language)
    return {
        "it": f"{name}: i ragazzi di {centre} {words['it']}; effetto {shown} (intervallo al {level}: da {between}).",
        "en": f"{name}: the children of {centre} {words['en']}; effect {shown} ({level} interval: {between}).",
    }[language]


@plain
def two_centre_sentence(protocol: Protocol, row: Row, language: Language) -> str:
    """Say how much of a difference between the centres' own trends the finding bears."""
    if row.get("two_centre_low") == SUPPRESSED:
        return {
            "it": "La sensibilità ai due centri è omessa: riguarderebbe troppo pochi ragazzi.",
            "en": "The two-centre sensitivity is withheld: it would rest on too few children.",
        }[language]
    bias, low, high = (to_number(row.get(c, "")) for c in ("break_even_bias", "two_centre_low", "two_centre_high"))
    if np.isnan([low, to_number(row.get("estimate", ""))]).all():
        return {
            "it": "La sensibilità ai due centri non può essere calcolata.",
            "en": "The two-centre sensitivity cannot be computed.",
        }[language]
    unit = protocol.outcome(row["outcome"]).unit_text[language]
    said = [
        NO_SHOCK[language] if np.isnan(low) else _with_shock(low, high, language),
        _break_even(bias, usual_of(row), unit, language),
        _without_one(row, language),
        SWAPPED[language],
    ]
    if protocol.analysis.estimator != "did":
        said.insert(0, OF_DID[language].format(number(to_number(row.get("estimate", "")), language)))
    return " ".join(part for part in said if part)


def usual_of(row: Row) -> tuple[float, float]:
    """Return the shocks of a centre that are usual, from the declared one of a row, else from its break-even; NaN if neither."""
    pairs = (("shock_sd", "shock_icc"), ("break_even_shock", "break_even_icc"))
    found = (usual_shocks(*(to_number(row.get(column, "")) for column in pair)) for pair in pairs)
    return next((usual for usual in found if not np.isnan(usual[0])), (float("nan"), float("nan")))


SWAPPED = text(
    "Scambiare i due centri dà p = 1: le assegnazioni sono due, e la stessa differenza con il segno cambiato è altrettanto "
    "grande. Con un centro per parte nessun test può contare i centri.",
    "Swapping the two centres gives p = 1: there are two assignments, and the same difference with its sign turned is as large. "
    "With one centre a side no test can count centres.",
)
NO_SHOCK = text(
    "Il protocollo non dichiara quanto contino gli eventi che toccano un intero centro: non c'è un intervallo per i due centri, "
    "e la certezza non va oltre «bassa».",
    "The protocol does not declare how much events that touch a whole centre matter: there is no two-centre interval, and "
    "certainty is never above low.",
)


def _in_final_sds(row: Row, kind: str, language: Language) -> str:
    """Say the effect of a composite in SDs of its final scores: its own unit is the SD of its parts."""
    g = to_number(row.get("hedges_g", ""))
    if kind != "composite" or np.isnan(g):
        return ""
    size = number(g, language)
    return {
        "it": f", pari a {size} deviazioni standard dei punteggi finali",
        "en": f", that is {size} standard deviations of the final scores",
    }[language]


OF_DID = text(
    "Ciò che segue riguarda la differenza nelle differenze ({}).",
    "What follows is about the difference in differences ({}).",
)


def _without_one(row: Row, language: Language) -> str:
    """Say whether the conclusion rests on one child; nothing where that is not known."""
    words = {
        "holds": text(
            "A parte gli eventi di centro, il risultato non dipende da un solo ragazzo.",
            "Apart from events of a centre, the finding does not rest on any one child.",
        ),
        "does_not_hold": text(
            "Basta togliere un ragazzo perché il risultato cambi: è fragile.",
            "Leaving out a single child can change the finding: it is fragile.",
        ),
    }
    return words.get(row.get("leave_one_out", ""), text("", ""))[language]


def _decimals(*values: float) -> int:
    """Two decimals, or as many as it takes (six at most) for no number to look like a zero that it is not."""
    return next((d for d in range(2, 6) if all(value == 0 or float(f"{value:.{d}f}") != 0 for value in values)), 6)


def _break_even(bias: float, usual: tuple[float, float], unit: str, language: Language) -> str:
    if np.isnan(bias):
        return {
            "it": "L'intervallo ordinario contiene già lo zero: non c'è un risultato da annullare.",
            "en": "The ordinary interval already holds zero: there is no finding to undo.",
        }[language]
    shown = f"{number(bias, language, _decimals(bias))} {unit}"
    if not np.isnan(usual[0]):
        low, high = (number(float(np.sqrt(2)) * shock, language) for shock in usual)  # of a difference of two centres
        return {
            "it": f"Una differenza di {shown} tra le tendenze proprie dei due centri basterebbe ad annullare questo "
            f"risultato; per orientarsi, quelle usuali tra scuole (ICC del cambiamento 0,01-0,04) vanno da {low} a {high} "
            f"{unit}.",
            "en": f"A difference of {shown} between the centres' own trends would be enough to undo this finding; "
            f"for orientation, those usual between schools (ICC of change 0.01-0.04) are {low} to {high} {unit}.",
        }[language]
    return {
        "it": f"Una differenza di {shown} tra le tendenze proprie dei due centri basterebbe ad annullare questo risultato.",
        "en": f"A difference of {shown} between the centres' own trends would be enough to undo this finding.",
    }[language]


def _with_shock(low: float, high: float, language: Language) -> str:
    holds, between = low > 0 or high < 0, interval(low, high, language, _decimals(low, high))
    end = {
        "it": "continua a escludere lo zero" if holds else "contiene lo zero: l'effetto potrebbe non esserci",
        "en": "still excludes zero" if holds else "holds zero: there may be no effect",
    }[language]
    return {
        "it": "Se gli eventi che toccano un intero centro contano quanto dichiarato nel protocollo, l'intervallo va da "
        f"{between} e {end}.",
        "en": "If events that touch a whole centre matter as much as the protocol declares, the interval is "
        f"{between} and {end}.",
    }[language]


@plain
def assumption_sentence(protocol: Protocol, language: Language) -> str:
    """Say what must be believed: with one centre a side, centre and programme are fully confounded."""
    if protocol.analysis.estimator in ("ancova", "entropy"):
        return {
            "it": "Con un solo centro per parte l'effetto del programma non si può separare da quello del centro, per quanto i "
            "ragazzi si somiglino. L'effetto vale se, senza il programma, ragazzi partiti uguali sarebbero arrivati "
            "uguali nei due "
            "centri: i dati non possono verificarlo.",
            "en": "With one centre a side the effect of the programme cannot be separated from that of the centre (they are "
            "fully "
            "confounded), however alike the children are. The effect holds if, without the programme, children who "
            "started equal would have ended equal in "
            "both centres: the data cannot verify it.",
        }[language]
    return {
        "it": "Con un solo centro per parte l'effetto del programma non si può separare da quello del centro, per quanto i "
        "ragazzi si somiglino. L'effetto vale se, senza il programma, i due centri si sarebbero mossi allo stesso "
        "modo (tendenze "
        "parallele): i dati non possono verificarlo.",
        "en": "With one centre a side the effect of the programme cannot be separated from that of the centre (they are fully "
        "confounded), however alike the children are. The effect holds if, without the programme, both centres "
        "would have moved alike (parallel trends): "
        "the data cannot verify it.",
    }[language]


@plain
def payment_sentence(trace: Mapping[str, Any], language: Language) -> str:
    """Say the contractual verdict and the amount."""
    verdict = trace["verdict"]
    if verdict["state"] == "none":
        return {
            "it": "Lo studio non ha un contratto: nulla da pagare.",
            "en": "The study has no contract: nothing to pay.",
        }[language]
    state = VERDICTS[verdict["state"]][language]
    fictional = trace["contract"]["contract"]["fictional"]
    note = {"it": " Gli importi sono inventati.", "en": " The amounts are invented."}[language] if fictional else ""
    if verdict["amount"] is None:
        reasons = "; ".join(reason[language] for metric in verdict["metrics"] for reason in metric["reasons"])
        due = {"it": "Premio", "en": "Premium"}[language]
        return f"{due}: {state}{f' ({reasons})' if reasons else ''}.{note}"
    paid_on = _paid_on(trace, language)
    return {
        "it": f"Premio: {state}, {money(verdict['amount'], verdict['currency'], language)}{paid_on}.{note}",
        "en": f"Premium: {state}, {money(verdict['amount'], verdict['currency'], language)}{paid_on}.{note}",
    }[language]


def _paid_on(trace: Mapping[str, Any], language: Language) -> str:
    """Name the values that the contract looked at, each with its metric and wave."""
    on = {"it": ("su", "per un effetto di"), "en": ("on", "for an effect of")}[language]
    values = {metric["metric"]: metric["value"] for metric in trace["verdict"]["metrics"]}
    named = [
        f"{number(parsed(values[metric['id']]), language)} {on[0]} {metric['label'][language]} ({metric['wave']})"
        for metric in trace["contract"]["metrics"]
        if values.get(metric["id"]) is not None
    ]
    return f", {on[1]} {'; '.join(named)}" if named else ""


def money(amount: str, currency: str, language: Language) -> str:
    """Write an exact amount with the decimals it has."""
    exact = decimal(amount)
    decimals = max(0, -int(exact.as_tuple().exponent))
    grouped = f"{exact:,.{decimals}f}"
    swapped = grouped.translate(str.maketrans(",.", ".,")) if language == "it" else grouped
    return cite(amount, "money", swapped) + f"{chr(0xA0)}{currency}"


def door_answers(
    protocol: Protocol, tables: Mapping[str, pd.DataFrame], trace: Mapping[str, Any]
) -> list[tuple[Text, Text]]:
    """Answer the four questions of a reviewer: was there an effect, how sure, what is paid, what could be wrong."""
    row = confirmatory_row(protocol, tables["estimates"])
    sensitive = primary_row(protocol, tables["sensitivity"])
    return [
        (
            text("C'è stato un effetto?", "Was there an effect?"),
            _both(lambda code: effect_sentence(protocol, row, code)),
        ),
        (
            text("Quanto è sicuro?", "How sure is it?"),
            _both(lambda code: two_centre_sentence(protocol, sensitive, code)),
        ),
        (
            text("Che cosa si paga?", "What is paid?"),
            _both(lambda code: _joined(payment_sentence(trace, code), range_sentence(trace, tables, code))),
        ),
        (
            text("Che cosa potrebbe essere sbagliato?", "What could be wrong?"),
            _both(
                lambda code: _joined(assumption_sentence(protocol, code), fragility_sentence(protocol, tables, code))
            ),
        ),
    ]


def _joined(*sentences: str) -> Sentence:
    return Sentence(" ".join(sentence for sentence in sentences if sentence))


@plain
def range_sentence(trace: Mapping[str, Any], tables: Mapping[str, pd.DataFrame], language: Language) -> str:
    """Say what the contract would pay for other effects that fit the data; nothing where that is always the same."""
    risk = tables.get("payment_risk", pd.DataFrame(columns=["quantity", "value"])).set_index("quantity")["value"]
    low, high = risk.get("low", ""), risk.get("high", "")
    if not low or not high or low == high or trace["verdict"]["amount"] is None:
        return ""
    least, most = (money(amount, trace["verdict"]["currency"], language) for amount in (low, high))
    return {
        "it": f"Il contratto guarda la stima, per quanto incerta: con altri effetti compatibili con i dati pagherebbe da {least} "
        f"a {most}.",
        "en": f"The contract looks at the estimate, however uncertain: for other effects that fit the data it would pay {least} "
        f"to {most}.",
    }[language]


@plain
def fragility_sentence(protocol: Protocol, tables: Mapping[str, pd.DataFrame], language: Language) -> str:
    """Say how many reasonable choices of analysis include zero, and whether the missing children could undo the finding."""
    curve = tables.get("specification_curve", pd.DataFrame(columns=["ci_low", "ci_high"]))
    ends = [(to_number(row["ci_low"]), to_number(row["ci_high"])) for row in curve.to_dict("records")]
    known = [(low, high) for low, high in ends if not np.isnan(low)]
    zero = sum(low <= 0 <= high for low, high in known)
    said = []
    if known:
        said.append(
            {
                "it": f"Di {len(known)} scelte di analisi ragionevoli, {zero} ammettono anche un effetto nullo.",
                "en": f"Of {len(known)} reasonable choices of analysis, {zero} also allow for no effect.",
            }[language]
        )
    bounds = tables.get("bounds", pd.DataFrame(columns=["outcome", "wave", "method", "conclusion"]))
    here = (bounds["outcome"] == protocol.primary.id) & (bounds["wave"] == protocol.follow_ups[0].id)
    extreme = bounds[here & bounds["method"].isin(["lee", "extreme_values"])]["conclusion"].tolist()
    if "does_not_hold" in extreme:
        said.append(
            {
                "it": "I ragazzi mancanti, nel caso peggiore, potrebbero cambiare la conclusione.",
                "en": "The missing children could, at worst, change the conclusion.",
            }[language]
        )
    return " ".join(said)


def primary_row(protocol: Protocol, table: pd.DataFrame) -> Row:
    """Return the row of the primary outcome at the first follow-up wave; empty if there is none."""
    chosen = (table["outcome"] == protocol.primary.id) & (table["wave"] == protocol.follow_ups[0].id)
    return dict(table[chosen].iloc[0]) if chosen.any() else {}


def _both(write: Any) -> Text:
    return {code: write(code) for code in LANGUAGES}


@plain
def balance_sentence(protocol: Protocol, balance: pd.DataFrame, language: Language) -> str:
    """Answer whether the centres start level: how many variables are not equivalent, and what holds of the primary outcome."""
    here = balance[
        (balance["wave"] == protocol.follow_ups[0].id) & balance["wwc"].isin(list(WWC)) & (balance["wwc"] != "")
    ]
    fails, judged = int((here["wwc"] == "fails").sum()), len(here)
    if not judged:
        return {"it": "Se partano alla pari non si può dire.", "en": "Whether they start level cannot be told."}[
            language
        ]
    own = here[(here["variable"] == protocol.primary.id) & (here["kind"] == "outcome")]["wwc"].tolist()
    verdict = WWC[own[0]][language] if own else {"it": "non giudicato", "en": "not judged"}[language]
    answer = {"it": "Sì" if not fails else "No", "en": "Yes" if not fails else "No"}[language]
    return {
        "it": f"{answer}: variabili non equivalenti, {fails} su {judged}; l'esito primario, alla partenza: {verdict}.",
        "en": f"{answer}: variables not equivalent, {fails} of {judged}; the primary outcome, at the start: {verdict}.",
    }[language]


@plain
def bracket_sentence(protocol: Protocol, estimates: pd.DataFrame, language: Language) -> str:
    """Set `did_adjusted` and `ancova` of the primary outcome side by side, with the condition under which they bracket."""
    chosen = estimates[(estimates["outcome"] == protocol.primary.id) & (estimates["wave"] == protocol.follow_ups[0].id)]
    values = chosen.set_index("estimator")["estimate"].map(to_number)
    did, ancova = (number(values.get(name, np.nan), language) for name in ("did_adjusted", "ancova"))
    return {
        "it": f"Con le stesse covariate la differenza nelle differenze dà {did} e l'ANCOVA {ancova}. Se vale almeno una delle "
        "due ipotesi che seguono, l'esito finale "
        "cresce con quello iniziale meno che uno a uno, e uno dei due gruppi parte avanti in tutta la "
        "distribuzione, le due stime racchiudono "
        "l'effetto (Ding e Li 2019): l'una è giusta se valgono le tendenze parallele, l'altra se, a pari partenza, i due "
        "centri sarebbero finiti uguali.",
        "en": f"With the same covariates the difference in differences gives {did} and ANCOVA {ancova}. If at least one of the "
        "two assumptions below holds, the final score "
        "rises with the initial one by less than one for one, and one group starts ahead throughout the "
        "distribution, the two estimates bracket "
        "the effect (Ding & Li 2019): one is right if trends are parallel, the other if, at equal start, both centres would "
        "have ended alike.",
    }[language]
