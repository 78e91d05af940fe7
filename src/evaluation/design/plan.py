"""The plan of a study that has no answers yet, and its minimum detectable effects and power."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from evaluation.design.power import POWER, VARIANCES, Plan, degrees, detectable, rejection_rate, std_error
from evaluation.errors import UserError
from evaluation.language import text
from evaluation.study.contract import Contract
from evaluation.study.documents import read_document
from evaluation.study.findings import Findings
from evaluation.study.folder import CONSENT
from evaluation.study.protocol import Protocol
from evaluation.study.tables import Columns, read_table
from evaluation.study.thresholds import thresholds

EFFECTS = (0.2, 0.3, 0.5, 0.8)  # SDs: from the small to the large of Cohen (1988)
RHOS = (0.3, 0.5, 0.7)
FULL = 0.5  # SDs, the effect simulated where no contract says which it pays in full


@dataclass(frozen=True)
class Planned:
    """A protocol with the sizes it is planned for; effects in SDs of a score within a centre.

    counted : whether the children were counted in participants.csv. effects : for which power is given. effect : the one
    simulated. paid : the effects that the contract names.
    """

    protocol: Protocol
    plan: Plan
    counted: bool
    effects: tuple[float, ...]
    effect: float
    paid: tuple[float, ...] = ()


def read_plan(
    folder: Path, *, treated: int | None, comparison: int | None, rho: float, sd: float | None, effect: float | None
) -> Planned:
    """Read the plan of a study: protocol.yml, and contract.yml and participants.csv where they are; no answers.

    Parameters
    ----------
    treated, comparison : children a centre with both scores; where missing, those of participants.csv are counted. sd :
        of a score within a centre, in the unit the contract pays on: without it the contract's thresholds say nothing.

    Raises
    ------
    StudyDefects : protocol, contract or participants cannot be read. UserError : nobody to count, or too few.
    """
    findings = Findings()
    protocol = read_document(folder / "protocol.yml", Protocol, findings)
    path = folder / "contract.yml"
    contract = read_document(path, Contract, findings) if path.is_file() else None
    findings.raise_errors()
    if protocol is None:  # cannot be: what is unreadable left an error
        raise UserError("protocol.yml")
    counted = treated is None or comparison is None
    found = count_children(folder, protocol) if counted else (0, 0)
    sizes = found[0] if treated is None else treated, found[1] if comparison is None else comparison
    if min(sizes) < 2:
        few = f"{sizes[0]} / {sizes[1]}"
        raise UserError(
            text(
                f"Ragazzi nei due centri: {few}; ne servono almeno 2 per centro. Indicarli con --treated e --comparison.",
                f"Children in the two centres: {few}; at least 2 a centre are needed. Give them by --treated and --comparison.",
            )
        )
    paid = paid_effects(protocol, contract, sd)
    simulated = effect or max(paid, default=FULL)
    effects = tuple(sorted({*EFFECTS, *paid, simulated}))
    return Planned(protocol, Plan(*sizes, rho, protocol.analysis.alpha), counted, effects, simulated, paid)


def paid_effects(protocol: Protocol, contract: Contract | None, sd: float | None) -> tuple[float, ...]:
    """Return the positive effects that the contract names for the primary outcome, in SDs; none without an SD."""
    if contract is None or sd is None:
        return ()
    metrics = {metric.id for metric in contract.metrics if metric.outcome == protocol.primary.id}
    named = {at for rule in contract.rules if rule.metric in metrics for at in thresholds(rule.formula)}
    return tuple(float(at) / sd for at in sorted(named) if at > 0)


def count_children(folder: Path, protocol: Protocol) -> tuple[int, int]:
    """Count the children of each centre in participants.csv who consent, where consent is recorded."""
    path = folder / "participants.csv"
    if not path.is_file():
        raise UserError(
            text(
                f"{folder.name}: manca participants.csv. Indicare quanti ragazzi sono previsti: --treated N --comparison N.",
                f"{folder.name}: there is no participants.csv. Say how many children are planned: --treated N --comparison N.",
            )
        )
    findings = Findings()
    table = read_table(path, Columns(("participant", "centre")), findings)
    findings.raise_errors()
    if table is None:  # cannot be, as above
        return 0, 0
    consenting = table[[name for name in CONSENT if name in table]].eq("yes").all(axis=1)
    centres = table.loc[consenting, "centre"].str.strip()
    return int((centres == protocol.centres.treated).sum()), int((centres == protocol.centres.comparison).sum())


def detectable_table(planned: Planned) -> pd.DataFrame:
    """Return minimum detectable effects in SDs: rho, estimator, normal, exact, two_centre (see `power.Detectable`).

    two_centre is that of chance alone where the protocol declares no shock of a centre.
    """
    plan, icc = planned.plan, planned.protocol.analysis.centre_shock_icc or 0.0
    rows = []
    for rho in sorted({*RHOS, plan.rho}):
        assumed = Plan(plan.n_treated, plan.n_comparison, rho, plan.alpha)
        for estimator in VARIANCES:
            found = detectable(assumed, estimator, POWER, icc)
            rows.append((rho, estimator, found.normal, found.exact, found.two_centre))
    return pd.DataFrame(rows, columns=["rho", "estimator", "normal", "exact", "two_centre"])


def power_table(planned: Planned) -> pd.DataFrame:
    """Return the power of each effect by formula, chance among children alone: effect, then a column an estimator."""
    plan = planned.plan
    rows = [
        (effect, *(rejection_rate(effect, std_error(plan, e), degrees(plan, e), plan.alpha) for e in VARIANCES))
        for effect in planned.effects
    ]
    return pd.DataFrame(rows, columns=["effect", *VARIANCES])
