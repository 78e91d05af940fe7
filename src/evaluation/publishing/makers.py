"""How each table is made where no earlier notebook of the run made it: for a notebook that is opened alone.

The notebooks make these tables in sight; a test holds that a run publishes what stands here.
"""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd

from evaluation.counterfactual.analysis import analyse, estimates_table
from evaluation.counterfactual.comparability import balance_table
from evaluation.counterfactual.means import means_table
from evaluation.counterfactual.missing.bounds import bounds_table
from evaluation.counterfactual.missing.flow import attrition_table, flow_table
from evaluation.counterfactual.overlap import overlap_table
from evaluation.counterfactual.p_values import inference_table
from evaluation.counterfactual.sensitivity.omitted_table import omitted_table
from evaluation.counterfactual.sensitivity.sensitivity_table import honest_table, sensitivity_table
from evaluation.counterfactual.sensitivity.specification import specification_table
from evaluation.counterfactual.subgroups import subgroups_table
from evaluation.design.design_table import design_table
from evaluation.measurement.composite import composites_table
from evaluation.measurement.scale_tables import items_table, reliability_table
from evaluation.measurement.scores import all_scorings, score_ranges
from evaluation.publishing.monitoring import monitoring_table
from evaluation.publishing.rules import RULES
from evaluation.study.folder import Study

MAKERS: dict[str, Callable[[Study, pd.DataFrame], pd.DataFrame]] = {
    "flow": flow_table,
    "attrition": lambda study, scores: attrition_table(flow_table(study, scores)),
    "reliability": lambda study, _: reliability_table(study),
    "items": lambda study, _: items_table(study),
    "composites": composites_table,
    "balance": balance_table,
    "estimates": lambda study, scores: estimates_table(analyse(study, scores)),
    "inference": inference_table,
    "overlap": overlap_table,
    "subgroups": subgroups_table,
    "bounds": lambda study, scores: bounds_table(study, scores, score_ranges(study, scores)),
    "sensitivity": sensitivity_table,
    "means": means_table,
    "design": design_table,
    "omitted": omitted_table,
    "honest": honest_table,
    "specification_curve": lambda study, scores: specification_table(study, all_scorings(study, scores)),
    "monitoring": lambda study, _: monitoring_table(study),
}


def publishable_table(name: str, study: Study, scores: pd.DataFrame) -> pd.DataFrame:
    """Make a table and return what its rule lets pass of it."""
    return RULES[name].publishable(MAKERS[name](study, scores), study, scores)
