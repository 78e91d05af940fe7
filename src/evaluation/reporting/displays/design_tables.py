"""The tables about what the design could find, what a hidden confounder would leave, and the risk of the payment."""

from __future__ import annotations

import pandas as pd

from evaluation.counterfactual.estimators.registry import ESTIMATORS
from evaluation.counterfactual.sensitivity.omitted_table import BASELINE, omitted_sentence
from evaluation.design.design_table import design_sentence
from evaluation.design.diagnosis import Model
from evaluation.language import NO_VALUE, Language, Text, exact, number, percent, text
from evaluation.publishing.exhibits import Sentence, Table
from evaluation.publishing.published_tables import to_number
from evaluation.reporting.displays.payment_risk import payment_risk_sentence
from evaluation.reporting.displays.prose import money, plain
from evaluation.reporting.displays.result_tables import Cell, Row, between, build, numeric, or_withheld, percentage
from evaluation.reporting.displays.words import covariate_name, row_name
from evaluation.study.folder import Study

METHODS: dict[str, Text] = {
    **{name: ESTIMATORS[name].name for name in ("before_after", "difference", "did", "ancova")},
    "permutation": text("test di permutazione", "permutation test"),
    "two_centre": text("intervallo dei due centri", "two-centre interval"),
}
AMOUNTS: dict[str, Text] = {
    "contractual": text("dovuto per contratto", "due by the contract"),
    "expected": text("atteso, in media", "expected, on average"),
    "low": text("basso (limite dell'intervallo)", "low (end of the interval)"),
    "high": text("alto (limite dell'intervallo)", "high (end of the interval)"),
    "again_expected": text("un altro studio così, in media", "another such study, on average"),
    "nothing_expected": text("un programma che non fa nulla, in media", "a programme that does nothing, on average"),
    "nothing_shocked_expected": text("lo stesso, con gli scossoni dichiarati", "the same, with the declared shocks"),
    "worst": text(
        "nel caso peggiore tra i centri, a parità di ragazzi", "in the worst case between the centres, same children"
    ),
    "best": text(
        "nel caso migliore tra i centri, a parità di ragazzi", "in the best case between the centres, same children"
    ),
}
CHANCES: dict[str, Text] = {
    "p_paid": text("probabilità che qualcosa sia dovuto", "probability that anything is due"),
    "p_most": text("probabilità dell'importo massimo", "probability of the highest amount"),
    "p_open": text("probabilità che il verdetto resti aperto", "probability that the verdict stays open"),
    "again_p_paid": text("probabilità che un altro studio così paghi", "probability that another such study pays"),
    "nothing_p_paid": text(
        "probabilità di pagare un programma che non fa nulla", "probability of paying a programme that does nothing"
    ),
    "nothing_shocked_p_paid": text("la stessa, con gli scossoni dichiarati", "the same, with the declared shocks"),
}


@plain
def design_words(study: Study, table: pd.DataFrame, language: Language) -> str:
    """What the design could find on the primary outcome."""
    return design_sentence(_primary(study, table))[language]


@plain
def omitted_words(study: Study, table: pd.DataFrame, language: Language) -> str:
    """What an unmeasured trait would have to explain of the primary outcome."""
    return omitted_sentence(_primary(study, table))[language]


@plain
def payment_risk_words(table: pd.DataFrame, language: Language) -> str:
    """What the contract would pay for other effects."""
    return payment_risk_sentence(table)[language]


def _primary(study: Study, table: pd.DataFrame) -> pd.DataFrame:
    return table[table["outcome"] == study.protocol.primary.id]


def design(study: Study, table: pd.DataFrame, language: Language) -> Table:
    """What each method would find and miss, simulated with the children the study has and the shock it declares."""
    it = language == "it"
    effects = dict.fromkeys(number(to_number(effect), language) for effect in table["effect"] if effect)
    effect = ", ".join(effects) or NO_VALUE
    promised = percent(study.protocol.analysis.alpha, language, 0)
    return build(
        table[table["method"] != ""].to_dict("records"),
        {
            ("Metodo" if it else "Method"): (lambda r: _method(r, language), False),
            **_outcome(study, table, language),
            ("Minimo rilevabile" if it else "Detectable"): (numeric("mde", language), True),
            ("con i due centri" if it else "with two centres"): (numeric("mde_two_centre", language), True),
            ("Distorsione" if it else "Bias"): (numeric("bias", language), True),
            ("Copertura" if it else "Coverage"): (percentage("coverage", language), True),
            ("Falsi allarmi" if it else "False alarms"): (percentage("size", language), True),
            ("Potenza" if it else "Power"): (percentage("power", language), True),
        },
        f"Che cosa il disegno poteva trovare: studi simulati con i ragazzi di questo, gli scossoni dichiarati e un effetto di "
        f"{effect}." if it
        else "What the design could find: studies simulated with the children of this one, the declared shocks and an effect of "
        f"{effect}.",
        "◆ lo stimatore del protocollo. Minimo rilevabile: l'effetto trovato quattro volte su cinque. Falsi allarmi: quante "
        f"volte si vede un effetto che non c'è; ne era promesso il {promised}. Il modello suppone che i centri partano a "
        f"{number(Model.gap, language)} DS l'uno dall'altro e crescano di {number(Model.trend, language)} DS senza programma: la "
        "distorsione viene da lì." if it
        else "◆ the protocol's estimator. Detectable: the effect found four times in five. False alarms: how often an effect "
        f"is seen that is not there; {promised} was promised. The model supposes that the centres start "
        f"{number(Model.gap, language)} SD apart and gain {number(Model.trend, language)} SD without the programme: the bias "
        "comes from there.",
    )  # fmt: skip


def _outcome(study: Study, table: pd.DataFrame, language: Language) -> dict[str, tuple[Cell, bool]]:
    """Return the column that names the outcome, where there is more than one."""
    if len(table[["outcome", "wave"]].drop_duplicates()) < 2:
        return {}
    name = {"it": "Esito", "en": "Outcome"}[language]
    return {name: (lambda r: row_name(study.protocol, r["outcome"], r["wave"], language), False)}


def _method(row: Row, language: Language) -> str:
    return METHODS[row["method"]][language] + (" ◆" if row["confirmatory"] == "yes" else "")


def omitted_benchmarks(study: Study, table: pd.DataFrame, language: Language) -> Table:
    """What a confounder as strong as one that was measured would leave of the effect."""
    it = language == "it"
    baseline = {"it": "il punteggio iniziale", "en": "the baseline score"}[language]
    return build(
        table[table["benchmark"] != ""].to_dict("records"),
        {
            ("Forte quanto" if it else "As strong as"): (
                lambda r: baseline if r["benchmark"] == BASELINE else covariate_name(r["benchmark"], language), False,
            ),
            ("Volte" if it else "Times"): (lambda r: exact(r["multiple"], language), True),
            **_outcome(study, table, language),
            ("R² del centro" if it else "R² of the centre"): (numeric("r2_centre", language, 3), True),
            ("R² dell'esito" if it else "R² of the outcome"): (numeric("r2_outcome", language, 3), True),
            ("Effetto che resta" if it else "Effect left"): (numeric("estimate", language), True),
            ("Intervallo" if it else "Interval"): (between("low", "high", language), True),
        },
        "Che cosa lascerebbe dell'effetto (ANCOVA) una variabile non misurata, forte una, due o tre volte una misurata." if it
        else "What an unmeasured variable would leave of the effect (ANCOVA), once, twice or three times as strong as a "
        "measured one.",
        "Cinelli e Hazlett (2020). R²: quota di quanto resta da spiegare. Un trattino: un confondente così forte non può "
        "esistere." if it
        else "Cinelli & Hazlett (2020). R²: share of what is left unexplained. A dash: there can be no confounder that strong.",
    )  # fmt: skip


def payment_risk(table: pd.DataFrame, language: Language) -> Table | Sentence:
    """What the contract would pay if the effect were what it may well be."""
    rows = table[table["quantity"].isin([*AMOUNTS, *CHANCES])]
    if rows.empty:
        return payment_risk_words(table, language)
    it = language == "it"
    level = next(iter(table.loc[table["quantity"] == "level", "value"]), "0.95")
    shown = number(100 * to_number(level), language, 0)
    return build(
        rows.to_dict("records"),
        {
            ("Quantità" if it else "Quantity"): (lambda r: _quantity(r, language), False),
            ("Valore" if it else "Value"): (lambda r: _worth(r, language), True),
        },
        f"Il pagamento se l'effetto fosse un altro tra quelli compatibili con i dati (al {shown} %)." if it
        else f"The payment if the effect were another of those that fit the data (at {shown} %).",
        "L'importo dovuto è quello del contratto, e non cambia. Il resto prende l'effetto vero come normale intorno alla stima, "
        "senza altra conoscenza, e dice quanto l'importo dipende dal caso tra ragazzi e tra i centri." if it
        else "The amount due is the contract's and does not change. The rest takes the true effect as normal about the estimate, "
        "knowing nothing else, and says how far the amount depends on chance among children and between the centres.",
    )  # fmt: skip


def _quantity(row: Row, language: Language) -> str:
    """Name a quantity; of a programme that does nothing with the statistic that it would be paid on."""
    paid_on = {
        "point": text("pagato sulla stima", "paid on the estimate"),
        "ci_lower": text("pagato sul limite inferiore", "paid on the lower end"),
    }.get(row["rule"])
    name = (AMOUNTS | CHANCES)[row["quantity"]][language]
    return f"{name} ({paid_on[language]})" if paid_on else name


def _worth(row: Row, language: Language) -> str:
    if row["quantity"] in CHANCES:
        return percentage("value", language)(row)
    if not row["value"]:
        return {"it": "aperto", "en": "open"}[language]
    return or_withheld(row["value"], language, lambda _: money(row["value"], row["unit"], language))
