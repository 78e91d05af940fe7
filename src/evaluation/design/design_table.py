"""What the design could find with the children it turned out to have: the published table, and the sentence beside it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields, replace

import numpy as np
import pandas as pd

from evaluation.counterfactual.analysis import reported_outcomes
from evaluation.counterfactual.estimators.linear import TINY
from evaluation.counterfactual.sample import NoEstimate, Sample, build_sample
from evaluation.design.diagnosis import (
    AnswerStrategy,
    DataStrategy,
    Design,
    Diagnosands,
    Inquiry,
    Model,
    answered_by,
    diagnose,
)
from evaluation.design.power import POWER, VARIANCES, Plan, detectable
from evaluation.language import LANGUAGES, Language, Text, number, percent, text
from evaluation.study.contract import Contract
from evaluation.study.folder import Study
from evaluation.study.protocol import UNITS, Analysis, Outcome
from evaluation.study.thresholds import thresholds

SIMULATIONS = 2_000
EFFECT = 0.5  # in SDs, where no contract says which effect it pays in full


@dataclass(frozen=True)
class Realised:
    """The plan that the complete pairs make, and the SD within a centre (root mean square of the two waves)."""

    plan: Plan
    sd: float


@dataclass(frozen=True)
class DesignRow:
    """One row of design.csv: what one method could find on one outcome; effects in the outcome's unit.

    confirmatory : the method that stands for the protocol's estimator. rho, sd : as found within the centres. mde :
    smallest effect found four times in five, by chance among children alone; mde_two_centre : with the declared shock
    (both empty for methods without a formula). The rest as `Diagnosands`, under the declared shock. reason : why empty.
    """

    outcome: str
    wave: str
    method: str
    confirmatory: bool
    rho: float = np.nan
    sd: float = np.nan
    mde: float = np.nan
    mde_two_centre: float = np.nan
    shock_icc: float = np.nan
    effect: float = np.nan
    bias: float = np.nan
    rmse: float = np.nan
    coverage: float = np.nan
    alpha: float = np.nan
    size: float = np.nan
    power: float = np.nan
    simulations: int = 0
    reason_it: str = ""
    reason_en: str = ""
    unit: str = ""
    n_treated: int = 0
    n_comparison: int = 0


def realised(sample: Sample, alpha: float = 0.05) -> Realised:
    """Return the plan of the complete pairs.

    rho is the covariance of the two waves within the centres over their mean variance, so that 2 sd^2 (1 - rho) is the
    variance of change exactly.

    Raises
    ------
    NoEstimate : fewer than two children in a centre, or four in all; scores or changes that do not vary.
    """
    pairs = sample.pairs()
    if min(pairs.n_treated, pairs.n_comparison) < 2:
        raise NoEstimate("meno di due ragazzi in un centro", "fewer than two children in a centre")
    scores = np.stack([pairs.baseline, pairs.follow_up])
    within = [scores[:, rows] - scores[:, rows].mean(axis=1, keepdims=True) for rows in (pairs.treated, ~pairs.treated)]
    covariance = sum(part @ part.T for part in within) / (scores.shape[1] - 2)
    variance = float(np.trace(covariance) / 2)
    if variance <= TINY**2 * float(np.mean(scores**2)):
        raise NoEstimate("i punteggi non variano", "the scores do not vary")
    rho = float(covariance[0, 1] / variance)
    if 1 - abs(rho) < TINY:
        raise NoEstimate("il cambiamento non varia", "the change does not vary")
    return Realised(Plan(pairs.n_treated, pairs.n_comparison, rho, alpha), float(np.sqrt(variance)))


def design_table(study: Study, scores: pd.DataFrame, simulations: int = SIMULATIONS) -> pd.DataFrame:
    """Return design.csv: the fields of `DesignRow` for each outcome the report stands on, follow-up wave and method."""
    rows = [
        row for outcome, wave in reported_outcomes(study) for row in _rows(study, scores, outcome, wave, simulations)
    ]
    return pd.DataFrame([asdict(row) for row in rows], columns=[field.name for field in fields(DesignRow)])


def _rows(study: Study, scores: pd.DataFrame, outcome: Outcome, wave: str, simulations: int) -> Iterable[DesignRow]:
    analysis, sample = study.protocol.analysis, build_sample(study, scores, outcome.id, wave)
    confirmatory = answered_by(analysis.estimator)
    pairs = sample.pairs()
    empty = DesignRow(
        outcome.id, wave, confirmatory, True,
        unit=outcome.unit_name, n_treated=pairs.n_treated, n_comparison=pairs.n_comparison,
    )  # fmt: skip
    try:
        found = realised(sample, analysis.alpha)
    except NoEstimate as refusal:
        return [replace(empty, reason_it=refusal.reason["it"], reason_en=refusal.reason["en"])]
    effect = full_payment(study.contract, outcome.id, wave) or EFFECT * found.sd
    diagnosed = diagnose(planned_design(found.plan, analysis, effect / found.sd), simulations, analysis.seed)
    return [_row(replace(empty, effect=effect), found, one, confirmatory) for one in diagnosed]


def planned_design(plan: Plan, analysis: Analysis, effect: float) -> Design:
    """Return the locked protocol as a design, under its own centre shock, none if it declares none; `effect` in SDs."""
    icc = analysis.centre_shock_icc or 0.0
    return Design(
        Model(plan.rho, shock_icc=icc),
        Inquiry(effect),
        DataStrategy(plan.n_treated, plan.n_comparison),
        AnswerStrategy(analysis.alpha, icc),
    )


def _row(empty: DesignRow, found: Realised, diagnosed: Diagnosands, confirmatory: str) -> DesignRow:
    """Turn diagnosands in SDs into a row in the outcome's unit."""
    mde = mde_two_centre = np.nan
    if diagnosed.method in VARIANCES:
        least = detectable(found.plan, diagnosed.method, POWER, diagnosed.shock_icc)
        mde, mde_two_centre = least.exact * found.sd, least.two_centre * found.sd
    return replace(
        empty, method=diagnosed.method, confirmatory=diagnosed.method == confirmatory, rho=found.plan.rho, sd=found.sd,
        mde=mde, mde_two_centre=mde_two_centre, shock_icc=diagnosed.shock_icc,
        bias=diagnosed.bias * found.sd, rmse=diagnosed.rmse * found.sd, coverage=diagnosed.coverage,
        alpha=found.plan.alpha, size=diagnosed.size, power=diagnosed.power, simulations=diagnosed.simulations,
    )  # fmt: skip


def full_payment(contract: Contract | None, outcome: str, wave: str) -> float | None:
    """Return the highest positive effect that a threshold of the contract names for an outcome; None where none does."""
    if contract is None:
        return None
    metrics = {metric.id for metric in contract.metrics if (metric.outcome, metric.wave) == (outcome, wave)}
    named = [float(value) for rule in contract.rules if rule.metric in metrics for value in thresholds(rule.formula)]
    return max((value for value in named if value > 0), default=None)


def design_sentence(table: pd.DataFrame) -> Text:
    """Say what the design could find and how often its test errs when centres are shocked: of the first confirmatory row.

    The table may hold numbers or published text; its unit is text of the protocol and must be shown as plain words.
    """
    chosen = table[table["confirmatory"].isin([True, "yes"])]
    if chosen.empty:
        return text("Il protocollo non indica che cosa simulare.", "The protocol names nothing to simulate.")
    row = chosen.iloc[0]
    if row["reason_en"]:
        return text(
            f"Il disegno non può essere simulato: {row['reason_it']}.",
            f"The design cannot be simulated: {row['reason_en']}.",
        )
    cells = pd.to_numeric(row, errors="coerce").astype(float)
    if np.isnan(cells["size"]):
        return text(
            "Che cosa il disegno poteva trovare è omesso: riguarderebbe troppo pochi ragazzi.",
            "What the design could find is withheld: it would rest on too few children.",
        )
    return {code: f"{_finds(row, cells, code)} {_errs(cells, code)}" for code in LANGUAGES}


def _finds(row: pd.Series, cells: pd.Series, language: Language) -> str:
    n1, n0 = int(cells["n_treated"]), int(cells["n_comparison"])
    if np.isnan(cells["mde"]):
        return {
            "it": f"Con {n1} e {n0} ragazzi, per il metodo scelto non c'è un minimo effetto rilevabile: è un confronto ingenuo.",
            "en": f"With {n1} and {n0} children, the chosen method has no minimum detectable effect: it is a naive comparison.",
        }[language]
    unit = UNITS.get(row["unit"], text(row["unit"], row["unit"]))[language]
    mde, wider = (f"{number(cells[name], language)} {unit}".strip() for name in ("mde", "mde_two_centre"))
    allowed = {
        "it": f", e di almeno {wider} se si tiene conto anche di ciò che muove un centro intero",
        "en": f", and of at least {wider} if what moves a whole centre is allowed for",
    }[language]
    return {
        "it": f"Con {n1} e {n0} ragazzi il disegno trova quattro volte su cinque un effetto di almeno {mde}, se conta solo il "
        f"caso tra ragazzi{allowed if cells['shock_icc'] > 0 else ''}.",
        "en": f"With {n1} and {n0} children the design finds an effect of at least {mde} four times in five, if only chance "
        f"among children counts{allowed if cells['shock_icc'] > 0 else ''}.",
    }[language]


def _errs(cells: pd.Series, language: Language) -> str:
    alpha, size = cells["alpha"], cells["size"]
    promised, seen = (
        percent(alpha, language, 0 if round(100 * alpha, 9).is_integer() else 2),
        percent(size, language, 1),
    )
    shocked = cells["shock_icc"] > 0
    between = {
        "it": "con gli scossoni tra centri che il protocollo dichiara" if shocked else "senza scossoni tra centri",
        "en": "with the shocks between centres that the protocol declares"
        if shocked
        else "without shocks between centres",
    }[language]
    kept = abs(size - alpha) <= 3 * np.sqrt(alpha * (1 - alpha) / cells["simulations"])  # Monte Carlo errors
    said = {
        "it": f"come promette, nel {promised} dei casi"
        if kept
        else f"nel {seen} dei casi invece che nel {promised} promesso",
        "en": f"as often as it promises: {promised}"
        if kept
        else f"in {seen} of cases rather than the {promised} it promises",
    }[language]
    return {
        "it": f"Senza alcun effetto, {between}, il test ordinario ne vede uno {said}.",
        "en": f"With no effect at all, {between}, the ordinary test sees one {said}.",
    }[language]
