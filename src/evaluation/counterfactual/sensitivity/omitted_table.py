"""Confounder benchmarks: what a variable nobody measured would leave of the `ancova` row, were it as strong as one measured."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields, replace

import numpy as np
import pandas as pd

from evaluation.counterfactual.analysis import reported_outcomes
from evaluation.counterfactual.estimators.registry import ESTIMATORS
from evaluation.counterfactual.sample import NoEstimate, Sample, build_sample
from evaluation.counterfactual.sensitivity.omitted import MULTIPLES, Bound, omitted_variable
from evaluation.language import LANGUAGES, Language, Text, number, percent, text
from evaluation.study.folder import Study
from evaluation.study.protocol import UNITS

BASELINE = "baseline"
BEYOND = text(
    "un confondente così forte spiegherebbe più di tutta la differenza tra i centri: non può esistere",
    "a confounder that strong would explain more than all of the difference between the centres: there can be none",
)

LEFT = {
    "same": text("nello stesso senso", "in the same direction"),
    "open": text(
        "nello stesso senso, ma non più distinguibile dal caso", "in the same direction, but not told from chance"
    ),
    "undone": text("l'effetto non reggerebbe", "the effect would not stand"),
}


@dataclass(frozen=True)
class Benchmarked:
    """One row of omitted.csv: the `ancova` row as it is (`multiple` 0), or after a confounder as strong as a benchmark.

    benchmark : `baseline`, or a column of covariates. r2_centre, r2_outcome : share of what is left unexplained that the
    confounder would explain, of who attends which centre and of the outcome. estimate, std_error, t, low, high : what it
    would leave, in the outcome's unit, with classical errors; only the estimate where `capped`: the confounder would
    explain all of the outcome. partial_r2, rv, rv_alpha : strength of the `ancova` row. reason : why a number is empty.
    """

    outcome: str
    wave: str
    benchmark: str = ""
    multiple: float = 0
    r2_centre: float = np.nan
    r2_outcome: float = np.nan
    estimate: float = np.nan
    std_error: float = np.nan
    t: float = np.nan
    low: float = np.nan
    high: float = np.nan
    capped: bool = False
    partial_r2: float = np.nan
    rv: float = np.nan
    rv_alpha: float = np.nan
    reason_it: str = ""
    reason_en: str = ""
    unit: str = ""
    n_treated: int = 0
    n_comparison: int = 0


def omitted_table(study: Study, scores: pd.DataFrame) -> pd.DataFrame:
    """Return omitted.csv: the fields of `Benchmarked` for each outcome the report stands on and follow-up wave."""
    rows = [
        row
        for outcome, wave in reported_outcomes(study)
        for row in benchmarked(
            build_sample(study, scores, outcome.id, wave),
            Benchmarked(outcome.id, wave, unit=outcome.unit_name),
            study.protocol.analysis.alpha,
        )
    ]
    return pd.DataFrame([asdict(row) for row in rows], columns=[field.name for field in fields(Benchmarked)])


def benchmarked(sample: Sample, row: Benchmarked, alpha: float = 0.05) -> list[Benchmarked]:
    """Return the `ancova` row of a sample, then for the baseline and each covariate one row a multiple of its strength.

    `row` says what the sample is about. Where there is no `ancova` row its reason is all that is returned.
    """
    used = ESTIMATORS["ancova"].children(sample)
    row = replace(row, n_treated=used.n_treated, n_comparison=used.n_comparison)
    try:
        found = omitted_variable(sample, alpha)
    except NoEstimate as refusal:
        return [replace(row, reason_it=refusal.reason["it"], reason_en=refusal.reason["en"])]
    strength = found.robustness
    row = replace(row, partial_r2=strength.partial_r2, rv=strength.rv, rv_alpha=strength.rv_alpha)
    fit = found.fit
    low, high = fit.interval(1 - alpha)
    plain = replace(
        row, r2_centre=0.0, r2_outcome=0.0, estimate=fit.estimate, std_error=fit.std_error, t=strength.t,
        low=low, high=high,
    )  # fmt: skip
    bounds = {(bound.benchmark, bound.multiple): bound for bound in found.bounds}
    names = [(name, multiple) for name in (BASELINE, *used.covariate_names) for multiple in MULTIPLES]
    return [plain, *(_bounded(replace(row, benchmark=name[0], multiple=name[1]), bounds.get(name)) for name in names)]


def _bounded(row: Benchmarked, bound: Bound | None) -> Benchmarked:
    if bound is None:
        return replace(row, reason_it=BEYOND["it"], reason_en=BEYOND["en"])
    left = bound.adjusted
    row = replace(
        row, r2_centre=left.r2_centre, r2_outcome=left.r2_outcome, estimate=left.estimate, capped=bound.capped
    )
    return row if bound.capped else replace(row, std_error=left.std_error, t=left.t, low=left.low, high=left.high)


def omitted_sentence(table: pd.DataFrame) -> Text:
    """Say how strong a confounder would undo the effect, and what one as strong as the strongest benchmark would leave.

    Of the table's first outcome and wave. The table may hold numbers or published text; its unit and benchmarks are text
    of the study and must be shown as plain words.
    """
    if table.empty:
        return text("Nessun esito da mettere alla prova.", "No outcome to put to the test.")
    rows = table[(table["outcome"] == table["outcome"].iloc[0]) & (table["wave"] == table["wave"].iloc[0])]
    first = rows.iloc[0]
    if first["reason_en"]:
        return text(
            f"La prova dei confondenti non può essere fatta: {first['reason_it']}.",
            f"The test against confounders cannot be made: {first['reason_en']}.",
        )
    numbers = rows[["multiple", "estimate", "low", "high", "rv", "rv_alpha"]].apply(pd.to_numeric, errors="coerce")
    if np.isnan(numbers["rv"].iloc[0]):
        return text(
            "La prova dei confondenti è omessa: riguarderebbe troppo pochi ragazzi.",
            "The test against confounders is withheld: it would rest on too few children.",
        )
    return {code: f"{_needed(first, numbers, code)} {_strongest(rows, numbers, code)}" for code in LANGUAGES}


def _needed(first: pd.Series, numbers: pd.DataFrame, language: Language) -> str:
    effect, rv, rv_alpha = numbers[["estimate", "rv", "rv_alpha"]].iloc[0]
    shown, share, for_interval = (
        _in_unit(effect, first["unit"], language),
        *(percent(x, language, 1) for x in (rv, rv_alpha)),
    )
    ends = {
        "it": f"; per far contenere lo zero al suo intervallo basta {for_interval}",
        "en": f"; to bring zero into its interval, {for_interval} is enough",
    }[language] if rv_alpha > 0 else {
        "it": "; il suo intervallo contiene già lo zero", "en": "; its interval holds zero already",
    }[language]  # fmt: skip
    return {
        "it": f"Per azzerare l'effetto di ANCOVA ({shown}) servirebbe un tratto dei ragazzi, non misurato, che spieghi "
        f"{share} di quanto resta da spiegare sia dell'esito sia di chi frequenta quale centro{ends}; ciò che tocca un intero "
        "centro resta fuori da questo conto.",
        "en": f"To bring the ANCOVA effect ({shown}) to zero, an unmeasured trait of the children would have to explain "
        f"{share} of what is left unexplained both of the outcome and of who attends which centre{ends}; what touches a whole "
        "centre stays out of this count.",
    }[language]


def _strongest(rows: pd.DataFrame, numbers: pd.DataFrame, language: Language) -> str:
    """Say what a confounder as strong as the benchmark that takes most away would leave."""
    effect = float(numbers["estimate"].iloc[0])
    left = (numbers["estimate"] * np.sign(effect))[(numbers["multiple"] == 1) & numbers["estimate"].notna()]
    if left.empty:
        return {"it": "Nessuna variabile misurata dà un metro.", "en": "No measured variable gives a yardstick."}[
            language
        ]
    row = rows.loc[left.idxmin()]
    name = {"it": "il punteggio iniziale", "en": "the baseline score"}[language]
    name = name if row["benchmark"] == BASELINE else f"«{row['benchmark']}»"
    shown = _in_unit(float(left.min()) * float(np.sign(effect)), row["unit"], language)
    low, high = numbers.loc[left.idxmin(), ["low", "high"]] * np.sign(effect)
    kind = "undone" if left.min() <= 0 else "open" if min(low, high) <= 0 else "same"
    return {
        "it": f"Una forte quanto {name}, la più insidiosa tra quelle misurate, ne lascerebbe {shown}: {LEFT[kind]['it']}.",
        "en": f"One as strong as {name}, the most harmful of those measured, would leave {shown}: {LEFT[kind]['en']}.",
    }[language]


def _in_unit(value: float, unit: str, language: Language) -> str:
    return f"{number(value, language)} {UNITS.get(unit, text(unit, unit))[language]}".strip()
