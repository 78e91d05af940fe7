"""The published tables: which file holds what, made by which function, withheld by which counts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd

from evaluation.counterfactual.analysis import analyse, estimates_table
from evaluation.counterfactual.bounds import attrition_table, flow_table
from evaluation.counterfactual.comparability import balance_table
from evaluation.counterfactual.inference import inference_table
from evaluation.counterfactual.missing import bounds_table
from evaluation.counterfactual.overlap import overlap_table
from evaluation.counterfactual.panel import NoEstimate
from evaluation.counterfactual.robustness import honest_table, sensitivity_table
from evaluation.counterfactual.specification import EMPTY_CURVE, curve_table, specification_curve
from evaluation.counterfactual.subgroups import subgroups_table
from evaluation.measurement.composite import composites_table
from evaluation.measurement.scores import Rule, score_ranges, score_study
from evaluation.measurement.tables import items_table, reliability_table
from evaluation.reporting.disclosure import suppress, suppress_rare, suppress_shares
from evaluation.reporting.monitoring import monitoring_table
from evaluation.study.folder import Study


@dataclass(frozen=True)
class Result:
    """One table under tables/: how it is made from a study and its scores, and when its numbers are withheld.

    counts : columns of children a row rests on; keep : columns that stay when a row is withheld; shares : columns with
    shares of the first count, each withheld by itself. Without counts the table holds design counts only, or nothing
    about children.
    """

    make: Callable[[Study, pd.DataFrame], pd.DataFrame]
    counts: tuple[str, ...] = ()
    keep: tuple[str, ...] = ()
    shares: tuple[str, ...] = ()

    def table(self, study: Study, scores: pd.DataFrame) -> pd.DataFrame:
        """Make the table and withhold what rests on too few children."""
        minimum = study.protocol.privacy.minimum_cell
        made = self.make(study, scores)
        if self.shares:
            made = suppress_shares(made, self.shares, self.counts[0], minimum)
        return suppress(made, self.counts, self.keep, minimum)


def _curve(study: Study, scores: pd.DataFrame) -> pd.DataFrame:
    """Return the curve of the primary outcome at the first follow-up wave, by the protocol's scores and by other rules."""
    scorings = {"protocol": scores}
    others: tuple[Rule, ...] = ("standardised_items", "all_answered")
    for rule in others:
        scorings[rule] = score_study(study, rule)
    try:
        curve = specification_curve(study, scorings, study.protocol.primary.id, study.protocol.follow_ups[0].id)
    except NoEstimate:
        return EMPTY_CURVE
    return curve_table(curve)


CENTRES = ("n_treated", "n_comparison")
FAMILY = ("family_treated", "family_comparison")


def _balance(study: Study, scores: pd.DataFrame) -> pd.DataFrame:
    means = {"mean_treated": "n_treated", "mean_comparison": "n_comparison"}
    keep = ("variable", "kind", "wave", *CENTRES)
    return suppress_rare(balance_table(study, scores), means, keep, study.protocol.privacy.minimum_cell)


def _items(study: Study, _: pd.DataFrame) -> pd.DataFrame:
    """Return the items with two decimals: from more, the answers of a few children can be worked out."""
    table = items_table(study)
    return table.round(dict.fromkeys(("mean", "sd", "floor", "ceiling", "item_rest"), 2))


RESULTS: dict[str, Result] = {
    "flow": Result(flow_table),
    "attrition": Result(lambda study, scores: attrition_table(flow_table(study, scores))),
    "reliability": Result(lambda study, _: reliability_table(study), ("n",), ("outcome", "wave", "items", "raters")),
    "items": Result(_items, ("n",), ("item", "scale", "wave"), ("floor", "ceiling")),
    "composites": Result(composites_table, ("n",), ("outcome", "part")),
    "balance": Result(_balance, CENTRES, ("variable", "kind", "wave", *CENTRES)),
    "estimates": Result(
        lambda study, scores: estimates_table(analyse(study, scores)),
        CENTRES, ("outcome", "role", "wave", "estimator", "unit", *CENTRES),
    ),
    "inference": Result(inference_table, (*CENTRES, *FAMILY), ("outcome", "role", "wave", *CENTRES, *FAMILY)),
    "overlap": Result(overlap_table, CENTRES, ("outcome", "wave", "estimator", *CENTRES), ("outside",)),
    "subgroups": Result(subgroups_table, ("smallest",), ("outcome", "wave", "covariate", "level", "unit")),
    "bounds": Result(
        lambda study, scores: bounds_table(study, scores, score_ranges(study, scores)),
        CENTRES, ("outcome", "wave", "method", "shifted", "delta", "unit", *CENTRES),
    ),
    "sensitivity": Result(sensitivity_table, CENTRES, ("outcome", "wave", "estimator", "unit", *CENTRES)),
    "honest": Result(honest_table, CENTRES, ("outcome", "wave", "restriction", "value", "unit", *CENTRES)),
    "specification_curve": Result(
        _curve, CENTRES, ("outcome", "wave", "estimator", "covariates", "scoring", "children", "unit", *CENTRES)
    ),
    "monitoring": Result(lambda study, _: monitoring_table(study)),
}  # fmt: skip
