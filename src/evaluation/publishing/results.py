"""The published tables: which file holds what, made by which function, and the rule of every column."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from evaluation.counterfactual.analysis import analyse, estimates_table
from evaluation.counterfactual.comparability import balance_table
from evaluation.counterfactual.means import means_table
from evaluation.counterfactual.missing.bounds import bounds_table
from evaluation.counterfactual.missing.flow import attrition_table, flow_table
from evaluation.counterfactual.overlap import overlap_table
from evaluation.counterfactual.p_values import inference_table
from evaluation.counterfactual.sample import NoEstimate
from evaluation.counterfactual.sensitivity.omitted_table import omitted_table
from evaluation.counterfactual.sensitivity.sensitivity_table import honest_table, sensitivity_table
from evaluation.counterfactual.sensitivity.specification import EMPTY_CURVE, curve_table, specification_curve
from evaluation.counterfactual.subgroups import subgroups_table
from evaluation.design.design_table import design_table
from evaluation.measurement.composite import composites_table
from evaluation.measurement.scale_tables import items_table, reliability_table
from evaluation.measurement.scores import Rule, score_ranges, score_study
from evaluation.publishing.disclosure import suppress, suppress_shares
from evaluation.publishing.disclosure.covariates import hide_rare_levels
from evaluation.publishing.disclosure.curve import near_choices, without_near
from evaluation.publishing.disclosure.differencing import effects_withheld
from evaluation.publishing.disclosure.hours import hours_withheld
from evaluation.publishing.disclosure.item_answers import DECIMALS, items_withheld, scales_withheld
from evaluation.publishing.disclosure.samples import Withheld, apply, rounded
from evaluation.publishing.monitoring import monitoring_table
from evaluation.study.folder import Study

Make = Callable[[Study, pd.DataFrame], pd.DataFrame]
Plan = Callable[[Study, pd.DataFrame], Iterable[Withheld]]


def _nothing(_: Study, __: pd.DataFrame) -> Iterable[Withheld]:
    return ()


@dataclass(frozen=True)
class Result:
    """One table under tables/: how it is made from a study and its scores, and what its columns are (names, by spaces).

    named : words, ids, units, and numbers of the protocol. design : counts of children that every report gives (enrolled,
    analysed, lost), and shares of these. cells : counts of children that are cells: withheld with what rests on them.
    derived : numbers about the children in `rests_on`. parts : shares of the first of these, each a cell of its own.
    decimals : those that every row leaves of a column. plan : what else is withheld, because of the children behind it.
    """

    make: Make
    named: str = ""
    design: str = ""
    cells: str = ""
    derived: str = ""
    parts: str = ""
    rests_on: str = ""
    decimals: Mapping[str, int] = field(default_factory=dict)
    plan: Plan = _nothing

    @property
    def columns(self) -> tuple[str, ...]:
        """Every column with a rule."""
        return tuple(" ".join((self.named, self.design, self.cells, self.derived, self.parts)).split())

    @property
    def counts(self) -> tuple[str, ...]:
        """The columns of children a row rests on."""
        return tuple(self.rests_on.split())

    @property
    def shares(self) -> tuple[str, ...]:
        """The columns with shares of children."""
        return tuple(self.parts.split())

    @property
    def keep(self) -> tuple[str, ...]:
        """The columns that stay when a row is withheld."""
        return tuple(" ".join((self.named, self.design)).split())

    def table(self, study: Study, scores: pd.DataFrame) -> pd.DataFrame:
        """Make the table and withhold what would reveal a child."""
        minimum = study.protocol.privacy.minimum_cell
        made = self.make(study, scores)
        if self.shares:
            made = suppress_shares(made, self.shares, self.counts[0], minimum)
        shown = apply(suppress(made, self.counts, self.keep, minimum), self.plan(study, scores), self.keep)
        for column, decimals in self.decimals.items():
            shown[column] = shown[column].map(rounded, decimals=decimals)
        return hide_rare_levels(shown, study)


def _of(table: str) -> Plan:
    """What one table of effects withholds."""
    return lambda study, scores: [one for one in effects_withheld(study, scores) if one.table == table]


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
    return without_near(curve_table(curve), near_choices(study, scorings))


def _bounds(study: Study, scores: pd.DataFrame) -> pd.DataFrame:
    """Return the bounds, with whether each says the same of zero as the complete pairs; shifts, whether all of a kind do."""
    table = bounds_table(study, scores, score_ranges(study, scores))
    says = np.where(table["ci_low"] > 0, 1, np.where(table["ci_high"] < 0, -1, 0))
    keys = [table["outcome"], table["wave"]]
    pairs = pd.Series(says).where(table["method"] == "complete_pairs").groupby(keys).transform("max")
    same = pd.Series(says == pairs).groupby([*keys, table["method"], table["shifted"]]).transform("all")
    known = table["ci_low"].notna() & table["ci_low"].where(table["method"] == "complete_pairs").groupby(
        keys
    ).transform("count")
    return table.assign(conclusion=np.where(~known.astype(bool), "", np.where(same, "holds", "does_not_hold")))


# of the items: from more decimals, the answers of a few children can be worked out
OF_ITEMS = {
    "mean": DECIMALS, "sd": DECIMALS, "floor": 2, "ceiling": 2, "item_rest": 2, "dif_chi2": 3, "dif_p": 3, "dif_r2": 3,
}  # fmt: skip
CENTRES = "n_treated n_comparison"
RESULTS: dict[str, Result] = {
    "flow": Result(flow_table, named="wave centre", design="enrolled analysed lost"),
    "attrition": Result(
        lambda study, scores: attrition_table(flow_table(study, scores)),
        named="wave", design="overall treated comparison differential cautious optimistic verdict",
    ),
    "reliability": Result(
        lambda study, _: reliability_table(study),
        named="outcome wave items raters", cells="n", rests_on="n",
        derived="alpha alpha_low alpha_high omega omega_low omega_high icc icc_low icc_high",
        plan=lambda study, _: scales_withheld(study),
    ),
    "items": Result(
        lambda study, _: items_table(study),
        named="item scale wave", cells="n", rests_on="n", parts="floor ceiling",
        derived="mean sd item_rest dif_chi2 dif_p dif_r2", decimals=OF_ITEMS,
        plan=lambda study, _: items_withheld(study),
    ),
    "composites": Result(
        composites_table, named="outcome part", cells="n", rests_on="n", derived="mean sd reliability", plan=_of("composites")
    ),
    "balance": Result(
        balance_table,
        named="variable kind wave", design=CENTRES, rests_on=CENTRES,
        derived="mean_treated mean_comparison smd smd_weighted variance_ratio ks cox wwc",
        plan=_of("balance"),
    ),
    "estimates": Result(
        lambda study, scores: estimates_table(analyse(study, scores)),
        named="outcome role wave estimator unit", design=CENTRES, rests_on=CENTRES,
        derived="estimate std_error df ci_low ci_high p_value p_permutation p_adjusted hedges_g g_low g_high",
        plan=_of("estimates"),
    ),
    "inference": Result(
        inference_table,
        named="outcome role wave", design=f"{CENTRES} family_treated family_comparison",
        rests_on=f"{CENTRES} family_treated family_comparison",
        derived="p_value p_permutation rademacher webb romano_wolf holm benjamini_hochberg sharpened_q",
        plan=_of("inference"),
    ),
    "overlap": Result(
        overlap_table,
        named="outcome wave estimator", design=CENTRES, rests_on=CENTRES, derived="effective_comparison", parts="outside",
        plan=_of("overlap"),
    ),
    "subgroups": Result(
        subgroups_table,
        named="outcome wave covariate level unit", cells=f"{CENTRES} smallest", rests_on="smallest",
        derived="estimate std_error ci_low ci_high p_differ",
        plan=_of("subgroups"),
    ),
    "bounds": Result(
        _bounds,
        named="outcome wave method shifted delta unit", design=CENTRES, rests_on=CENTRES,
        derived="lower upper ci_low ci_high conclusion",
        plan=_of("bounds"),
    ),
    "sensitivity": Result(
        sensitivity_table,
        named="outcome wave estimator shock_icc unit", design=CENTRES, rests_on=CENTRES,
        derived="estimate std_error ci_low ci_high shock_sd two_centre_low two_centre_high break_even_shock break_even_icc "
        "break_even_bias baseline_gap pre_trend_gap partial_r2 rv rv_alpha leave_one_out",
        plan=_of("sensitivity"),
    ),
    "means": Result(
        means_table,
        named="outcome wave when centre", design="n", rests_on="n", derived="mean low high",
        plan=_of("means"),
    ),
    "design": Result(
        design_table,
        named="outcome wave method confirmatory shock_icc effect simulations reason_it reason_en unit",
        design=CENTRES, rests_on=CENTRES, derived="rho sd mde mde_two_centre bias rmse coverage alpha size power",
        plan=_of("design"),
    ),
    "omitted": Result(
        omitted_table,
        named="outcome wave benchmark multiple capped reason_it reason_en unit", design=CENTRES, rests_on=CENTRES,
        derived="r2_centre r2_outcome estimate std_error t low high partial_r2 rv rv_alpha",
        plan=_of("omitted"),
    ),
    "honest": Result(
        honest_table,
        named="outcome wave restriction value unit", design=CENTRES, rests_on=CENTRES, derived="low high break_even",
        plan=_of("honest"),
    ),
    "specification_curve": Result(
        _curve,
        named="outcome wave estimator covariates scoring children unit", design=CENTRES, rests_on=CENTRES,
        derived="estimate ci_low ci_high p_value median share_of_sign p_median p_sign",
    ),
    "monitoring": Result(
        lambda study, _: monitoring_table(study),
        named="project indicator_it indicator_en kind value unit period source flag target share_of_target",
        plan=lambda study, _: hours_withheld(study),
    ),
}  # fmt: skip
