"""What the evaluator's report prints beside results: identifiers, parties, terms, design, limits, reproducibility."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from evaluation import __version__
from evaluation.counterfactual.estimators.registry import ESTIMATORS
from evaluation.language import NO_VALUE, Language, Text, exact, long_date, number, percent, text
from evaluation.publishing.exhibits import Table, escape_markdown
from evaluation.publishing.monitoring import mean_hours
from evaluation.reporting.displays.prose import door_answers, money
from evaluation.reporting.displays.result_tables import build
from evaluation.reporting.displays.words import centre_name, wave_name
from evaluation.study.contract import FORMULAS, GATES, ROUNDINGS, SIGNS, Contract, Rule
from evaluation.study.folder import Study
from evaluation.study.protocol import Protocol

PROVENANCE = {
    "synthetic": text("dati sintetici: nessun ragazzo vero", "synthetic data: no real child"),
    "public": text("dati pubblici", "public data"),
    "real": text("dati raccolti, pseudonimizzati", "collected data, pseudonymised"),
}
STATUSES = {
    "demonstration": text("dimostrazione", "demonstration"),
    "draft": text("bozza", "draft"),
    "signed": text("firmato", "signed"),
}
PARTIES = {
    "outcome_payer": text("Committente dei risultati (outcome payer)", "Outcome payer"),
    "impact_enterprise": text("Impresa sociale (impact enterprise)", "Impact enterprise"),
    "impact_investor": text("Investitore (impact investor)", "Impact investor"),
    "evaluator": text("Soggetto valutatore", "Evaluator"),
}


def identifiers(study: Study, language: Language) -> Table:
    """Study, contract, date, data and software, one a line."""
    about = study.protocol.study
    terms = study.contract.contract if study.contract else None
    pairs = [
        (text("Studio", "Study"), about.id),
        (text("Dati", "Data"), PROVENANCE[about.provenance][language]),
        (text("Data del rapporto", "Report date"), long_date(about.date, language) if about.date else NO_VALUE),
        (
            text("Contratto", "Contract"),
            f"{terms.id}, {terms.version} ({_status(terms.status, language)})" if terms else NO_VALUE,
        ),
        (
            text("CUP, CIG", "CUP, CIG"),
            ", ".join(code for code in (terms.cup, terms.cig) if code) or NO_VALUE if terms else NO_VALUE,
        ),
        (text("Software", "Software"), f"evaluation {__version__}"),
        (text("Seme casuale", "Random seed"), str(study.protocol.analysis.seed)),
    ]
    return two_columns(
        pairs, text("Voce", "Item"), text("Valore", "Value"), text("Identificativi.", "Identifiers."), language
    )


def _status(status: str, language: Language) -> str:
    """The status of a contract; a word of ours in the language, any other as it is."""
    return STATUSES.get(status, text(status, status))[language]


def two_columns(pairs: list[tuple[Text, str]], first: Text, second: Text, caption: Text, language: Language) -> Table:
    """Return a table of names and values."""
    records = [{"name": name[language], "value": value} for name, value in pairs]
    columns = {first[language]: (lambda r: r["name"], False), second[language]: (lambda r: r["value"], False)}
    return build(records, columns, caption[language])


def parties(study: Study, language: Language) -> Table | str:
    """Who the parties are, and whether the evaluator declared independence."""
    if study.contract is None or not study.contract.parties:
        return {"it": "Lo studio non nomina parti.", "en": "The study names no parties."}[language]
    it = language == "it"
    said = {True: "sì" if it else "yes", False: "no", None: NO_VALUE}
    return build(
        [{"party": party} for party in study.contract.parties],
        {
            ("Ruolo" if it else "Role"): (lambda r: PARTIES[r["party"].role][language], False),
            ("Nome" if it else "Name"): (lambda r: r["party"].name, False),
            ("Firmatario" if it else "Signatory"): (lambda r: r["party"].signatory or NO_VALUE, False),
            ("Indipendenza dichiarata" if it else "Independence declared"): (
                lambda r: said[r["party"].independence_declared], False,
            ),
        },
        "Le parti." if it else "The parties.",
    )  # fmt: skip


def one_page(
    protocol: Protocol, tables: Mapping[str, pd.DataFrame], trace: Mapping[str, Any], language: Language
) -> str:
    """The four answers of the first page: was there an effect, how sure, what is paid, what could be wrong."""
    answers = door_answers(protocol, tables, trace)
    return "\n\n".join(f"**{question[language]}** {escape_markdown(answer[language])}" for question, answer in answers)


def mandate(study: Study, language: Language) -> str:
    """What the evaluator does, and whether it declared to be independent."""
    evaluators = [party for party in study.contract.parties if party.role == "evaluator"] if study.contract else []
    declared = bool(evaluators) and all(party.independence_declared for party in evaluators)
    role = {
        "it": "Il valutatore misura, verifica e firma; il contratto lo vuole esterno e terzo.",
        "en": "The evaluator measures, verifies and signs; the contract wants it external and a third party.",
    }[language]
    said = {
        "it": "L'indipendenza è dichiarata." if declared else "Una dichiarazione di indipendenza non c'è.",
        "en": "Independence is declared." if declared else "There is no declaration of independence.",
    }[language]
    return f"{role} {said}"


def terms(study: Study, language: Language) -> Table | str:
    """The rules of payment and the gates before them."""
    if study.contract is None:
        return {"it": "Lo studio non ha un contratto.", "en": "The study has no contract."}[language]
    contract = study.contract
    pairs = [(text(rule.id, rule.id), _rule(rule, contract, language)) for rule in contract.rules]
    for decision in contract.decision:
        statistic = STATISTICS[decision.statistic][language]
        level = f" ({number(100 * decision.ci_level, language, 0)} %)" if decision.statistic == "ci_lower" else ""
        pairs.append((text("Statistica", "Statistic"), f"{decision.metric}: {statistic}{level}"))
        for gate in decision.gates:
            name = GATES[gate.kind]
            condition = text(f"Condizione: {name['it']}", f"Gate: {name['en']}")
            pairs.append(
                (
                    condition,
                    f"{SIGNS.get(gate.op, gate.op)} {exact(gate.value, language)}; {ON_FAIL[gate.on_fail][language]}",
                )
            )
    cap = money(str(contract.limits.total_cap), contract.contract.currency, language)
    pairs.append((text("Tetto complessivo", "Total cap"), cap))
    pairs.append((text("Arrotondamento", "Rounding"), ROUNDINGS[contract.rounding.mode][language]))
    return two_columns(
        pairs,
        text("Regola", "Rule"),
        text("Contenuto", "Content"),
        text("La regola di pagamento.", "The payment rule."),
        language,
    )


STATISTICS = {
    "point": text("stima puntuale", "point estimate"),
    "ci_lower": text("limite inferiore dell'intervallo", "lower end of the interval"),
}
ON_FAIL = {
    "zero": text("se non è soddisfatta: nulla è dovuto", "if not met: nothing is due"),
    "undetermined": text("se non è soddisfatta: indeterminato", "if not met: undetermined"),
    "haircut": text("se non è soddisfatta: importo ridotto", "if not met: reduced amount"),
    "refer": text("se non è soddisfatta: rinvio alle parti", "if not met: referred to the parties"),
}


def _rule(rule: Rule, contract: Contract, language: Language) -> str:
    """The formula of a rule and its terms, as the contract writes them."""
    words = FORMULAS[rule.formula.kind][language]
    if rule.formula.ramp is None:
        return words
    ramp, currency = rule.formula.ramp, contract.contract.currency
    start, full = number(float(ramp.start), language), number(float(ramp.full), language)
    low, high = (money(str(amount), currency, language) for amount in (ramp.amount_start, ramp.amount_full))
    return {
        "it": f"{words}: nulla sotto {start}; da lì cresce, da {low} fino a {high} da {full} in su",
        "en": f"{words}: nothing below {start}; from there it rises, from {low} to {high} from {full} on",
    }[language]


def design(study: Study, language: Language) -> str:
    """The comparison, the waves and the confirmatory estimator, in words."""
    protocol = study.protocol
    treated, comparison = (
        escape_markdown(centre_name(study.protocol, centre, language)) for centre in ("treated", "comparison")
    )
    waves = ", ".join(escape_markdown(wave_name(study.protocol, wave.id, language)) for wave in protocol.waves)
    estimator = ESTIMATORS[protocol.analysis.estimator].name[language]
    outcome = escape_markdown(protocol.primary.name[language])
    level = number(100 * (1 - protocol.analysis.alpha), language, 0)
    return {
        "it": f"Confronto tra {treated} (trattato) e {comparison} (confronto). Rilevazioni: {waves}. Esito primario: "
        f"{outcome}. Stimatore prestabilito: {estimator}, con intervalli al {level} %. Stima: l'effetto medio sui ragazzi "
        "del centro trattato (ATT).",
        "en": f"Comparison of {treated} (treated) and {comparison} (comparison). Waves: {waves}. Primary outcome: "
        f"{outcome}. Pre-specified estimator: {estimator}, with {level} % intervals. Estimand: the average effect on the "
        "children of the treated centre (ATT).",
    }[language]


def ethics(study: Study, language: Language) -> str:
    """Consent, pseudonyms and the smallest cell that is published."""
    minimum = study.protocol.privacy.minimum_cell
    return {
        "it": "Sono analizzati solo i ragazzi con consenso dei tutori e assenso proprio, dove la raccolta li prevede; gli altri "
        "compaiono solo nel conteggio dei persi. I dati portano codici, mai nomi. "
        f"Nessun numero pubblicato riguarda meno di {minimum} ragazzi, salvo i conteggi di disegno per centro.",
        "en": "Only children with their guardians' consent and their own assent are analysed, where the collection asks for "
        "them; the others appear only in the count of those lost. The data hold codes, never names. "
        f"No published number rests on fewer than {minimum} children, except the design counts by centre.",
    }[language]


def referred(trace: Mapping[str, Any], language: Language) -> str:
    """What the parties may do next, from the dispute clause."""
    clause = (trace.get("contract") or {}).get("dispute")
    if not clause:
        return {
            "it": "Qui staranno le osservazioni delle parti. La sezione è vuota perché il contratto non prevede una finestra.",
            "en": "The parties' comments will stand here. The section is empty because the contract sets no window.",
        }[language]
    days = clause["window_days"]
    return {
        "it": f"Qui staranno le osservazioni delle parti. La sezione è vuota perché la finestra di {days} giorni si apre con la "
        "consegna del rapporto firmato.",
        "en": f"The parties' comments will stand here. The section is empty because the window of {days} days opens with the "
        "delivery of the signed report.",
    }[language]


def dose(study: Study, language: Language) -> str:
    """Hours planned, delivered and attended on average; described, with no causal claim."""
    planned, mean = study.protocol.programme.planned_hours, mean_hours(study)
    if planned is None or np.isnan(mean):
        return {
            "it": "Le ore frequentate non sono note, o riguarderebbero troppo pochi ragazzi.",
            "en": "The hours attended are not known, or would rest on too few children.",
        }[language]
    share = percent(mean / planned, language)
    return {
        "it": f"Su {number(planned, language, 0)} ore previste, un ragazzo ne ha frequentate in media "
        f"{number(mean, language, 0)} ({share}). La frequenza è una scelta: si descrive, e non se ne ricava un effetto.",
        "en": f"Of {number(planned, language, 0)} hours planned, a child attended {number(mean, language, 0)} on average "
        f"({share}). Attendance is a choice: it is described, and no effect is derived from it.",
    }[language]
