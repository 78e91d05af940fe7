"""The rule of every published table: what its columns are, what rests on which children, what is withheld.

A rule knows no maker: a notebook makes the numbers in sight and publishes them under the rule's name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

import pandas as pd

from evaluation.errors import UserError
from evaluation.language import text
from evaluation.measurement.scores import all_scorings
from evaluation.publishing.disclosure import suppress, suppress_shares
from evaluation.publishing.disclosure.covariates import hide_rare_levels
from evaluation.publishing.disclosure.curve import near_choices, without_near
from evaluation.publishing.disclosure.differencing import effects_withheld
from evaluation.publishing.disclosure.hours import hours_withheld
from evaluation.publishing.disclosure.item_answers import items_withheld, scales_withheld
from evaluation.publishing.disclosure.samples import Withheld, apply, rounded
from evaluation.publishing.disclosure.spreads import DECIMALS, spreads_withheld
from evaluation.study.folder import Study

Plan = Callable[[Study, pd.DataFrame], Iterable[Withheld]]
Rows = Callable[[pd.DataFrame, Study, pd.DataFrame], pd.DataFrame]


def _nothing(_: Study, __: pd.DataFrame) -> Iterable[Withheld]:
    return ()


def _all(made: pd.DataFrame, _: Study, __: pd.DataFrame) -> pd.DataFrame:
    return made


@dataclass(frozen=True)
class Rule:
    """The rule of one table under tables/: what its columns are (names, by spaces), and what of it may be published.

    named : words, ids, units, and numbers of the protocol. design : counts of children that every report gives (enrolled,
    analysed, lost), and shares of these. cells : counts of children that are cells: withheld with what rests on them.
    derived : numbers about the children in `rests_on`. parts : shares of the first of these, each a cell of its own.
    decimals : those that every row leaves of a column. plan : what else is withheld, because of the children behind it.
    rows : which rows stand at all.
    """

    named: str = ""
    design: str = ""
    cells: str = ""
    derived: str = ""
    parts: str = ""
    rests_on: str = ""
    decimals: Mapping[str, int] = field(default_factory=dict)
    plan: Plan = _nothing
    rows: Rows = _all

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

    def publishable(self, made: pd.DataFrame, study: Study, scores: pd.DataFrame) -> pd.DataFrame:
        """Return what may be published of a table as it was made from a study and its scores.

        Raises
        ------
        UserError
            The table has other columns than the rule.
        """
        if set(made.columns) != set(self.columns):
            raise _other_columns(made.columns, self.columns)
        minimum = study.protocol.privacy.minimum_cell
        made = self.rows(made, study, scores)
        if self.shares:
            made = suppress_shares(made, self.shares, self.counts[0], minimum)
        shown = apply(suppress(made, self.counts, self.keep, minimum), self.plan(study, scores), self.keep)
        for column, decimals in self.decimals.items():
            shown[column] = shown[column].map(rounded, decimals=decimals)
        return hide_rare_levels(shown, study)


def _other_columns(found: Iterable[str], expected: Iterable[str]) -> UserError:
    extra, missing = (", ".join(sorted(one)) or "-" for one in (set(found) - set(expected), set(expected) - set(found)))
    return UserError(
        text(
            f"Colonne senza una regola di pubblicazione: {extra}; colonne attese e assenti: {missing}. Le regole stanno in "
            "publishing/rules.py.",
            f"Columns without a rule of publication: {extra}; columns expected and absent: {missing}. The rules stand in "
            "publishing/rules.py.",
        )
    )


def _of(table: str) -> Plan:
    """What one table of effects withholds."""
    return lambda study, scores: [one for one in effects_withheld(study, scores) if one.table == table]


def _composites(study: Study, scores: pd.DataFrame) -> Iterable[Withheld]:
    parts = (one for one in spreads_withheld(study, scores) if one.table == "composites")
    return [*_of("composites")(study, scores), *parts]


def _apart(made: pd.DataFrame, study: Study, scores: pd.DataFrame) -> pd.DataFrame:
    """Leave out the specifications whose children differ by a few from those of another."""
    return made if made.empty else without_near(made, near_choices(study, all_scorings(study, scores)))


# of the items: from more decimals, the answers of a few children can be worked out
OF_ITEMS = {
    "mean": DECIMALS, "sd": DECIMALS, "floor": 2, "ceiling": 2, "item_rest": 2, "dif_chi2": 3, "dif_p": 3, "dif_r2": 3,
}  # fmt: skip
CENTRES = "n_treated n_comparison"
RULES: dict[str, Rule] = {
    "flow": Rule(named="wave centre", design="enrolled analysed lost"),
    "attrition": Rule(
        named="wave", design="overall treated comparison differential cautious optimistic verdict",
    ),
    "reliability": Rule(
        named="outcome wave items raters", cells="n", rests_on="n",
        derived="alpha alpha_low alpha_high omega omega_low omega_high icc icc_low icc_high constant",
        plan=lambda study, _: scales_withheld(study),
    ),
    "items": Rule(
        named="item scale wave", cells="n", rests_on="n", parts="floor ceiling",
        derived="mean sd item_rest dif_chi2 dif_p dif_r2", decimals=OF_ITEMS,
        plan=items_withheld,
    ),
    "composites": Rule(
        named="outcome part", cells="n", rests_on="n", derived="mean sd reliability", plan=_composites
    ),
    "balance": Rule(
        named="variable kind wave", design=CENTRES, rests_on=CENTRES,
        derived="mean_treated mean_comparison smd smd_weighted variance_ratio ks cox wwc",
        plan=_of("balance"),
    ),
    "estimates": Rule(
        named="outcome role wave estimator unit", design=CENTRES, rests_on=CENTRES,
        derived="estimate std_error df ci_low ci_high p_value p_permutation p_adjusted hedges_g g_low g_high",
        plan=_of("estimates"),
    ),
    "inference": Rule(
        named="outcome role wave", design=f"{CENTRES} family_treated family_comparison",
        rests_on=f"{CENTRES} family_treated family_comparison",
        derived="p_value p_permutation rademacher webb romano_wolf holm benjamini_hochberg sharpened_q p_complete df_welch",
        plan=_of("inference"),
    ),
    "overlap": Rule(
        named="outcome wave estimator", design=CENTRES, rests_on=CENTRES, derived="effective_comparison", parts="outside",
        plan=_of("overlap"),
    ),
    "subgroups": Rule(
        named="outcome wave covariate level unit", cells=f"{CENTRES} smallest", rests_on="smallest",
        derived="estimate std_error ci_low ci_high p_differ",
        plan=_of("subgroups"),
    ),
    "bounds": Rule(
        named="outcome wave method shifted delta unit model", design=CENTRES, rests_on=CENTRES,
        derived="lower upper ci_low ci_high conclusion",
        plan=_of("bounds"),
    ),
    "sensitivity": Rule(
        named="outcome wave estimator shock_icc unit", design=CENTRES, rests_on=CENTRES,
        derived="estimate std_error ci_low ci_high shock_sd two_centre_low two_centre_high break_even_shock break_even_icc "
        "break_even_bias baseline_gap pre_trend_gap partial_r2 rv rv_alpha leave_one_out",
        plan=_of("sensitivity"),
    ),
    "means": Rule(
        named="outcome wave when centre", design="n", rests_on="n", derived="mean low high",
        plan=_of("means"),
    ),
    "design": Rule(
        named="outcome wave method confirmatory shock_icc effect simulations reason_it reason_en unit",
        design=CENTRES, rests_on=CENTRES, derived="rho sd mde mde_two_centre bias rmse coverage alpha size power",
        plan=_of("design"),
    ),
    "omitted": Rule(
        named="outcome wave benchmark multiple capped reason_it reason_en unit", design=CENTRES, rests_on=CENTRES,
        derived="r2_centre r2_outcome estimate std_error t low high partial_r2 rv rv_alpha",
        plan=_of("omitted"),
    ),
    "honest": Rule(
        named="outcome wave restriction value unit", design=CENTRES, rests_on=CENTRES, derived="low high break_even",
        plan=_of("honest"),
    ),
    "specification_curve": Rule(
        named="outcome wave estimator covariates scoring children unit", design=CENTRES, rests_on=CENTRES,
        derived="estimate ci_low ci_high p_value median share_of_sign p_median p_sign",
        rows=_apart,
    ),
    "monitoring": Rule(
        named="project indicator_it indicator_en kind value unit period source flag target share_of_target",
        plan=lambda study, _: hours_withheld(study),
    ),
}  # fmt: skip
