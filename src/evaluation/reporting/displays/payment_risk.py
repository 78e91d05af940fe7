"""The sentence about the payment under uncertainty, from its published table."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from evaluation.language import LANGUAGES, Language, Text, number, percent, text


def payment_risk_sentence(table: pd.DataFrame) -> Text:
    """Say what is due, what would be paid for the effects that are likely, and what a drift of the centres could change.

    The table may hold numbers or published text.
    """
    if table.empty:
        return text("Non c'è un contratto: nulla da pagare.", "There is no contract: nothing to pay.")
    rows = table[~table["quantity"].isin(["reaches", "stays", "bias", "fixed"])].set_index("quantity")
    if rows.loc["expected", "reason_en"]:
        return text(
            f"Il rischio del pagamento non può essere calcolato: {rows.loc['expected', 'reason_it']}.",
            f"The risk of the payment cannot be computed: {rows.loc['expected', 'reason_en']}.",
        )
    values = pd.to_numeric(rows["value"], errors="coerce")
    return {code: " ".join(_risk_words(values, str(rows.loc["expected", "unit"]), code)) for code in LANGUAGES}


def _risk_words(values: pd.Series, currency: str, language: Language) -> Iterator[str]:
    def money(name: str) -> str:
        return f"{number(values[name], language)} {currency}"

    level, paid, open_ = (percent(values[name], language) for name in ("level", "p_paid", "p_open"))
    due = not np.isnan(values["contractual"])
    where = (
        {"it": ", dove c'è un esito,", "en": ", where there is a verdict,"}[language] if values["p_open"] > 0 else ""
    )
    yield {
        "it": f"Il contratto paga {money('contractual')}." if due else "L'esito del contratto è aperto.",
        "en": f"The contract pays {money('contractual')}." if due else "The contract's verdict is open.",
    }[language]
    if values["low"] == values["high"]:
        yield {
            "it": f"Per gli effetti compatibili con i dati (al {level}) l'importo{where} è sempre {money('low')}.",
            "en": f"For the effects that fit the data (at {level}) the amount{where} is always {money('low')}.",
        }[language]
    elif not np.isnan(values["low"]):
        yield {
            "it": f"Per gli effetti compatibili con i dati (al {level}) l'importo{where} va da {money('low')} a {money('high')}, "
            f"in media {money('expected')}; la probabilità che qualcosa sarebbe dovuto è {paid}.",
            "en": f"For the effects that fit the data (at {level}) the amount{where} runs from {money('low')} to "
            f"{money('high')}, on average {money('expected')}; the probability that anything would be due is {paid}.",
        }[language]
    if values["p_open"] > 0:
        yield {
            "it": f"L'esito resterebbe aperto con probabilità {open_}.",
            "en": f"The verdict would stay open with probability {open_}.",
        }[language]
    if values["worst"] < values["best"]:
        yield {
            "it": f"Se i centri si fossero allontanati quanto gli scossoni dichiarati rendono ancora plausibile (al {level}), e "
            f"il caso tra ragazzi non contasse, da {money('worst')} a {money('best')}{where.rstrip(',')}.",
            "en": f"Had the centres drifted apart by as much as the declared shocks still make plausible (at {level}), and "
            f"chance among children counted for nothing, from {money('worst')} to {money('best')}{where.rstrip(',')}.",
        }[language]
