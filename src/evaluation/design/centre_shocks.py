"""The locked protocol, simulated under shocks of whole centres of several sizes."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd

from evaluation.design.design_table import planned_design
from evaluation.design.diagnosis import ICCS, Notify, answered_by, matching_row, operating_characteristics
from evaluation.design.plan import Planned
from evaluation.design.power import VARIANCES, detectable


def diagnose_protocol(
    planned: Planned, simulations: int, *, gap: float, trend: float, notify: Notify | None = None
) -> pd.DataFrame:
    """Return design.csv: the diagnosands of every method under every centre shock, the protocol's among them.

    Beside the fields of `Diagnosands`: protocol (whether estimator and shock are the protocol's), what was assumed
    (n_treated, n_comparison, rho, alpha, gap, trend), and the minimum detectable effects of methods that have a formula
    (mde, exact; mde_two_centre, under that row's shock). Effects in SDs of a score within a centre.
    """
    analysis = planned.protocol.analysis
    design = planned_design(planned.plan, analysis, planned.effect)
    design = replace(design, model=replace(design.model, gap=gap, trend=trend))
    declared = analysis.centre_shock_icc or 0.0
    iccs = tuple(sorted({*ICCS, declared}))
    table = operating_characteristics(design, iccs, simulations=simulations, seed=analysis.seed, notify=notify)
    assumed = {
        "n_treated": planned.plan.n_treated, "n_comparison": planned.plan.n_comparison, "rho": planned.plan.rho,
        "alpha": planned.plan.alpha, "gap": gap, "trend": trend,
    }  # fmt: skip
    least = [
        detectable(planned.plan, method, shock_icc=icc) if method in VARIANCES else None
        for method, icc in zip(table["method"], table["shock_icc"], strict=True)
    ]
    found = table.assign(
        **assumed,
        mde=[each.exact if each else None for each in least],
        mde_two_centre=[each.two_centre if each else None for each in least],
    )
    own = matching_row(table, answered_by(analysis.estimator), declared)
    found.insert(0, "protocol", table.index == own.name)
    return found
