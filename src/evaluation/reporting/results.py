"""The published tables: which file holds what, made by which function, withheld by which counts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd

from evaluation.counterfactual.analysis import analyse, estimates_table
from evaluation.counterfactual.bounds import attrition_table, flow_table
from evaluation.counterfactual.comparability import balance_table
from evaluation.counterfactual.robustness import sensitivity_table
from evaluation.measurement.reliability import items_table, reliability_table
from evaluation.reporting.monitoring import monitoring_table
from evaluation.study.folder import Study


@dataclass(frozen=True)
class Result:
    """One table under tables/: how it is made from a study and its scores, and when its numbers are withheld.

    counts : columns of children a row rests on; keep : columns that stay when a row is withheld. Without counts the table
    holds design counts only, or nothing about children.
    """

    make: Callable[[Study, pd.DataFrame], pd.DataFrame]
    counts: tuple[str, ...] = ()
    keep: tuple[str, ...] = ()


RESULTS: dict[str, Result] = {
    "flow": Result(flow_table),
    "attrition": Result(lambda study, scores: attrition_table(flow_table(study, scores))),
    "reliability": Result(lambda study, _: reliability_table(study), ("n",), ("outcome", "wave", "items")),
    "items": Result(lambda study, _: items_table(study), ("n",), ("item", "scale", "wave")),
    "balance": Result(
        balance_table, ("n_treated", "n_comparison"), ("variable", "kind", "n_treated", "n_comparison")
    ),
    "estimates": Result(
        lambda study, scores: estimates_table(analyse(study, scores)),
        ("n_treated", "n_comparison"),
        ("outcome", "role", "wave", "estimator", "unit", "n_treated", "n_comparison"),
    ),
    "sensitivity": Result(
        sensitivity_table,
        ("n_treated", "n_comparison"),
        ("outcome", "wave", "estimator", "unit", "n_treated", "n_comparison"),
    ),
    "monitoring": Result(lambda study, _: monitoring_table(study)),
}  # fmt: skip
