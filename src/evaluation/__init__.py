"""Counterfactual evaluation of two day centres: from raw answers to a signed, verifiable, payable report.

What notebooks and other programs call stands here by name: `from evaluation import read_study, score_study, analyse`.
Each name is imported from its room only when it is asked for.
"""

from importlib import import_module
from importlib.metadata import version
from typing import Any

__version__ = version("officine-mezzogiorno-evaluation")

ROOMS = {  # in the order in which an analysis meets them
    "study.folder": "Study load_study read_study",
    "measurement.scores": "all_scorings score_ranges score_study",
    "measurement.reliability": "cronbach_alpha",
    "measurement.omega": "mcdonald_omega",
    "measurement.raters": "intraclass_correlations",
    "measurement.composite": "composites_table",
    "measurement.scale_tables": "items_table reliability_table response_shares",
    "counterfactual.sample": "NoEstimate Sample build_sample",
    "counterfactual.estimate": "Estimate",
    "counterfactual.estimators.registry": "ESTIMATORS",
    "counterfactual.analysis": "analyse estimate_effect estimates_table",
    "counterfactual.comparability": "balance_table",
    "counterfactual.means": "means_table",
    "counterfactual.overlap": "overlap_table",
    "counterfactual.p_values": "inference_table",
    "counterfactual.subgroups": "subgroups_table",
    "counterfactual.inference.families": "families",
    "counterfactual.inference.bootstrap": "wild_bootstrap",
    "counterfactual.missing.flow": "attrition_table flow_table",
    "counterfactual.missing.attrition": "judge_attrition",
    "counterfactual.missing.imputation": "response_weighted",
    "counterfactual.missing.lee": "lee_bounds",
    "counterfactual.missing.bounds": "bounds_table",
    "counterfactual.sensitivity.honest": "EventStudy break_even event_study relative_magnitude smoothness",
    "counterfactual.sensitivity.sensitivity_table": "honest_table sensitivity_table shuffled",
    "counterfactual.sensitivity.omitted_table": "omitted_table",
    "counterfactual.sensitivity.specification": "specification_curve specification_table",
    "design.power": "detectable",
    "design.design_table": "design_table",
    "payment.evidence": "settle",
    "payment.risk": "assess payment_risk_table",
    "publishing.exhibits": "show",
    "publishing.monitoring": "mean_hours monitoring_table",
    "publishing.two_reports": "compare_reports",
    "publishing.workspace": "Workspace",
}
_ROOM_OF = {name: room for room, names in ROOMS.items() for name in names.split()}
__all__ = ["__version__", *_ROOM_OF]


def __getattr__(name: str) -> Any:
    if name not in _ROOM_OF:
        raise AttributeError(f"module 'evaluation' has no {name!r}; it offers {', '.join(_ROOM_OF)}")
    return getattr(import_module(f"evaluation.{_ROOM_OF[name]}"), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *_ROOM_OF])
