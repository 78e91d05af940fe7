"""The tables of notebook 05 and of the pages on missing children and measurement: what the finding bears."""

from __future__ import annotations

import pandas as pd

from evaluation.counterfactual.inference.families import Family
from evaluation.language import NO_VALUE, Language, interval, number, p_value, text
from evaluation.publishing.disclosure import SUPPRESSED
from evaluation.publishing.exhibits import Table
from evaluation.publishing.published_tables import to_number
from evaluation.reporting.displays.result_tables import Row, between, build, numeric
from evaluation.reporting.displays.words import (
    ROLES,
    centre_name,
    covariate_name,
    outcome_name,
    row_name,
    wave_name,
)
from evaluation.study.folder import Study

METHODS = {
    "complete_pairs": text("coppie complete", "complete pairs"),
    "imputation": text("imputazione multipla", "multiple imputation"),
    "delta": text("imputazione, spostata in su e in giù", "imputation, shifted up and down"),
    "response_weights": text("pesi di risposta", "response weights"),
    "lee": text("limiti di Lee", "Lee bounds"),
    "extreme_values": text("valori estremi", "extreme values"),
}
RESTRICTIONS = {
    "relative_magnitude": text("quanto prima, per Mbar", "as before, times Mbar"),
    "smoothness": text("piega al più M (DS)", "bend of at most M (SD)"),
}
HOLDS = {
    "holds": text("regge", "holds"),
    "does_not_hold": text("non regge", "does not hold"),
    SUPPRESSED: text("omesso", "withheld"),
    "": text("–", "–"),
}


def families(study: Study, found: list[Family], language: Language) -> Table:
    """Whom the joint adjustment of each family of outcomes rests on."""
    it = language == "it"
    method = {
        "romano_wolf": "Romano-Wolf", "holm": "Holm", "benjamini_hochberg": "Benjamini-Hochberg",
    }[study.protocol.analysis.multiplicity]  # fmt: skip
    return build(
        [{"family": family} for family in found],
        {
            ("Famiglia" if it else "Family"): (lambda r: ROLES[r["family"].role][language], False),
            ("Rilevazione" if it else "Wave"): (lambda r: wave_name(study.protocol, r["family"].wave, language), False),
            ("Esiti" if it else "Outcomes"): (lambda r: str(len(r["family"].outcomes)), True),
            centre_name(study.protocol, "treated", language): (lambda r: str(r["family"].n_treated), True),
            centre_name(study.protocol, "comparison", language): (lambda r: str(r["family"].n_comparison), True),
        },
        f"Le famiglie di esiti su cui il p è corretto ({method}), e i ragazzi con tutti gli esiti della famiglia." if it
        else f"The families of outcomes over which p is adjusted ({method}), and the children with all its outcomes.",
    )  # fmt: skip


def bounds(study: Study, table: pd.DataFrame, outcome: str, wave: str, language: Language) -> Table:
    """What missing children could do to one outcome, by every method."""
    it = language == "it"
    chosen = table[(table["outcome"] == outcome) & (table["wave"] == wave)]
    here = pd.concat([chosen[chosen["method"] != "delta"], chosen[chosen["method"] == "delta"].iloc[:1]])
    unit = study.protocol.outcome(outcome).unit_text[language]

    def shown(row: Row) -> str:
        if row["lower"] == SUPPRESSED:
            return HOLDS[SUPPRESSED][language]
        low, high = to_number(row["lower"]), to_number(row["upper"])
        return number(low, language) if low == high or low != low else interval(low, high, language)

    return build(
        here.to_dict("records"),
        {
            ("Metodo" if it else "Method"): (lambda r: METHODS[r["method"]][language] + _modelled(r, language), False),
            ("Effetto o limiti" if it else "Effect or bounds"): (shown, True),
            ("Intervallo" if it else "Interval"): (between("ci_low", "ci_high", language), True),
            ("Conclusione" if it else "Conclusion"): (lambda r: HOLDS[r["conclusion"]][language], False),
        },
        f"{outcome_name(study.protocol, outcome, language)}: che cosa possono cambiare i ragazzi persi, in {unit}." if it
        else f"{outcome_name(study.protocol, outcome, language)}: what the children lost could change, in {unit}.",
        "«Regge»: l'intervallo dice dello zero ciò che dicono le coppie complete. Per i limiti, intervallo di Imbens e Manski. "
        "Si tratta dei ragazzi con consenso. I numeri sono omessi dove i ragazzi persi sono pochi: li rivelerebbero." if it
        else "“Holds”: the interval says of zero what the complete pairs say. For bounds, the interval of Imbens and Manski. "
        "These are the children with consent. Numbers are withheld where few children were lost: they would reveal them.",
    )  # fmt: skip


def _modelled(row: Row, language: Language) -> str:
    """Say what response was modelled on in each centre."""
    if row["method"] != "response_weights" or not row.get("model"):
        return ""
    words = {"rate": {"it": "quota di risposta", "en": "response rate"}[language],
             "baseline": {"it": "punteggio iniziale", "en": "baseline score"}[language]}  # fmt: skip
    sides = [
        ", ".join(words.get(name) or covariate_name(name, language) for name in side.split())
        for side in row["model"].split("|")
    ]
    return f" ({'; '.join(sides)})"


def omitted(study: Study, table: pd.DataFrame, language: Language) -> Table:
    """How strong an unseen variable would have to be, and whether one child decides."""
    it = language == "it"
    return build(
        table.to_dict("records"),
        {
            ("Esito" if it else "Outcome"): (lambda r: row_name(study.protocol, r["outcome"], r["wave"], language), False),
            ("R² parziale" if it else "Partial R²"): (numeric("partial_r2", language, 3), True),
            "RV": (numeric("rv", language, 3), True),
            "RV α": (numeric("rv_alpha", language, 3), True),
            ("Senza un ragazzo" if it else "Without one child"): (lambda r: HOLDS[r["leave_one_out"]][language], False),
            ("Divario iniziale" if it else "Baseline gap"): (numeric("baseline_gap", language), True),
        },
        "Una variabile non vista dovrebbe spiegare almeno la quota RV sia del centro sia dell'esito per annullare l'effetto "
        "(ANCOVA); RV α per renderlo incerto." if it
        else "An unseen variable would have to explain at least the share RV of both centre and outcome to undo the effect "
        "(ANCOVA); RV α to make it uncertain.",
        "«Regge»: la conclusione resta la stessa togliendo un ragazzo qualunque. Un fattore che coincide con il centro non è "
        "coperto da RV: con due centri spiega tutto il centro." if it
        else "“Holds”: the conclusion stays the same whichever child is left out. A factor that coincides with the centre "
        "is not covered by RV: with two centres it explains all of the centre.",
    )  # fmt: skip


def honest(study: Study, table: pd.DataFrame, language: Language) -> Table | str:
    """Intervals that allow the trends to differ as the waves before the baseline suggest."""
    it = language == "it"
    if table.empty:
        return (
            "*Lo studio non ha rilevazioni prima della baseline: quanto i centri già divergessero non si può sapere.*" if it
            else "*The study has no wave before the baseline: how far the centres diverged already cannot be known.*"
        )  # fmt: skip
    return build(
        table.to_dict("records"),
        {
            ("Esito" if it else "Outcome"): (lambda r: row_name(study.protocol, r["outcome"], r["wave"], language), False),
            ("Rilevazione" if it else "Wave"): (lambda r: wave_name(study.protocol, r["wave"], language), False),
            ("Tendenze" if it else "Trends"): (lambda r: RESTRICTIONS[r["restriction"]][language], False),
            ("Valore" if it else "Value"): (numeric("value", language), True),
            ("Intervallo" if it else "Interval"): (
                lambda r: interval(to_number(r["low"]), to_number(r["high"]), language), True,
            ),
            ("Pareggio" if it else "Break-even"): (
                lambda r: number(to_number(r["break_even"]) or float("nan"), language), True,
            ),
            ("Ragazzi" if it else "Children"): (lambda r: f"{r['n_treated']} + {r['n_comparison']}", True),
        },
        "Tendenze non parallele (Rambachan e Roth): l'intervallo se i centri divergono quanto indicano le rilevazioni prima "
        "della baseline." if it
        else "Trends that are not parallel (Rambachan & Roth): the interval if the centres diverge as the waves before the "
        "baseline suggest.",
    )  # fmt: skip


def items(study: Study, table: pd.DataFrame, language: Language) -> Table:
    """Each item at the baseline: mean, ends, correlation with its scale, screening by centre."""
    it = language == "it"
    here = table[(table["wave"] == study.protocol.baseline.id) & (table["scale"] != "")]
    withheld = {"it": "omesso", "en": "withheld"}[language]
    return build(
        here.to_dict("records"),
        {
            ("Domanda" if it else "Item"): (lambda r: f"{r['item']}: {study.instrument[r['item']].wording[language]}", False),
            "n": (numeric("n", language, 0), True),
            ("Media" if it else "Mean"): (numeric("mean", language), True),
            ("DS" if it else "SD"): (numeric("sd", language), True),
            ("Al minimo" if it else "Floor"): (lambda r: _share(r["floor"], language, withheld), True),
            ("Al massimo" if it else "Ceiling"): (lambda r: _share(r["ceiling"], language, withheld), True),
            ("Con il resto" if it else "Item-rest"): (numeric("item_rest", language), True),
            "DIF p": (lambda r: p_value(to_number(r["dif_p"]), language), True),
        },
        "Le domande alla baseline, centri insieme, quelle al contrario già girate." if it
        else "The items at baseline, centres pooled, reversed ones turned.",
        "DIF p: primo esame di un funzionamento diverso nei due centri, non un verdetto; con quaranta ragazzi per centro "
        "una differenza marcata si scopre poco più di una volta su due." if it
        else "DIF p: a screening for different functioning in the two centres, not a verdict; with forty children a centre "
        "a marked difference is found little more than every other time.",
    )  # fmt: skip


def _share(cell: str, language: Language, withheld: str) -> str:
    if cell == "suppressed":
        return withheld
    value = to_number(cell)
    return NO_VALUE if value != value else f"{number(100 * value, language, 0)} %"
