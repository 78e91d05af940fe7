"""The sentence about the payment under uncertainty, from its published table."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pandas as pd

from evaluation.language import LANGUAGES, Language, Text, number, percent, text


def payment_risk_sentence(table: pd.DataFrame) -> Text:
    """Say what is due, what would be paid for the effects that are likely, and what a drift of the centres could change.

    The table may hold numbers or published text.
    """
    if table.empty:
        return text("Non c'è un contratto: nulla da pagare.", "There is no contract: nothing to pay.")
    apart = table["quantity"].isin(["reaches", "stays", "bias", "fixed"]) | (table["rule"] == "ci_lower")
    rows = table[~apart].set_index("quantity")
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
            "it": f"Per gli effetti veri compatibili con i dati (al {level}) l'importo{where} va da {money('low')} a "
            f"{money('high')}, in media {money('expected')}; la probabilità che per l'effetto vero qualcosa sarebbe dovuto è "
            f"{paid}.",
            "en": f"For the true effects that fit the data (at {level}) the amount{where} runs from {money('low')} to "
            f"{money('high')}, on average {money('expected')}; the probability that the true effect would earn anything is "
            f"{paid}.",
        }[language]
        yield from _again(values, money, language)
    yield from _for_nothing(values, money, language)
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


def _again(values: pd.Series, money: Callable[[str], str], language: Language) -> Iterator[str]:
    """Say what another study would pay: it has new children and new shocks, and errs as well."""
    if np.isnan(values.get("again_expected", np.nan)):
        return
    paid = percent(values["again_p_paid"], language)
    yield {
        "it": f"Un altro studio come questo, con ragazzi e scossoni nuovi, pagherebbe qualcosa con probabilità {paid}, in media "
        f"{money('again_expected')}.",
        "en": f"Another study like this, with new children and new shocks, would pay something with probability {paid}, on "
        f"average {money('again_expected')}.",
    }[language]


def _for_nothing(values: pd.Series, money: Callable[[str], str], language: Language) -> Iterator[str]:
    """Say how often and how much is paid when the programme does nothing, by chance and with the declared shock."""
    if np.isnan(values.get("nothing_expected", np.nan)):
        return
    often = percent(values["nothing_p_paid"], language, 1)
    said = {
        "it": f"Pagato sulla stima, il contratto pagherebbe per un programma che non fa nulla in {often} degli studi, in media "
        f"{money('nothing_expected')}",
        "en": f"Paid on the estimate, the contract would pay for a programme that does nothing in {often} of studies, on "
        f"average {money('nothing_expected')}",
    }[language]
    if np.isnan(values.get("nothing_shocked_expected", np.nan)):
        alone = {"it": ", contando solo il caso tra ragazzi", "en": ", by chance among children alone"}[language]
        yield f"{said}{alone}."
        return
    shocked = percent(values["nothing_shocked_p_paid"], language, 1)
    yield (
        said
        + {
            "it": f"; con gli scossoni dichiarati in {shocked}, in media {money('nothing_shocked_expected')}.",
            "en": f"; with the declared shocks in {shocked}, on average {money('nothing_shocked_expected')}.",
        }[language]
    )
