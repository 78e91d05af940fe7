"""The estimators of the effect, by the ids that estimates.csv prints."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas as pd

from evaluation.counterfactual.estimators.doubly_robust import Errors, drdid, drdid_traditional, entropy, ipw
from evaluation.counterfactual.estimators.estimable import estimable
from evaluation.counterfactual.estimators.linear import Fit, hc2
from evaluation.counterfactual.sample import Array, NoEstimate, Sample
from evaluation.language import Language, Text, text


def before_after(sample: Sample) -> Fit:
    """Mean change of the treated: what a report without a comparison would claim."""
    treated = sample.keep(sample.treated)
    return hc2(treated.change, np.ones((treated.n_treated, 1)), 0)


def difference(sample: Sample) -> Fit:
    """Follow-up on centre: what a report without a baseline would claim."""
    return hc2(sample.follow_up, _design(sample), 1)


def did(sample: Sample) -> Fit:
    """Change on centre: difference in differences of the complete pairs (Bell & McCaffrey 2002 for its df)."""
    return hc2(sample.change, _design(sample), 1)


def did_adjusted(sample: Sample) -> Fit:
    """Change on centre and covariates."""
    return hc2(sample.change, _design(sample, sample.covariates), 1)


def ancova(sample: Sample) -> Fit:
    """Follow-up on centre, baseline and covariates (Van Breukelen 2013)."""
    centred = sample.baseline - sample.baseline.mean()  # a score far from zero would seem constant
    return hc2(sample.follow_up, _design(sample, centred[:, None], sample.covariates), 1)


def panel(sample: Sample) -> Fit:
    """Child effects, a follow-up dummy, and centre x follow-up on the children seen at both waves; CR1 by child.

    linearmodels' PanelOLS with entity effects and a dummy (its two-way effects double the clustered variance at T = 2).
    CR1 is the plain sandwich times G / (G - 1), with G children; df = G - 1.
    """
    from linearmodels import PanelOLS  # half a second, and only here

    did(sample)  # the same contrast of the same pairs, and so the same reasons to refuse
    scores = np.column_stack([sample.baseline, sample.follow_up])
    child, post = np.nonzero(np.ones(scores.shape, dtype=bool))
    index = pd.MultiIndex.from_arrays([child, post], names=["child", "post"])
    regressors = pd.DataFrame({"post": post.astype(float), "effect": post * sample.treated[child].astype(float)}, index)
    model = PanelOLS(pd.Series(scores[child, post], index, name="score"), regressors, entity_effects=True)
    result = model.fit(cov_type="clustered", cluster_entity=True, debiased=False)
    g = len(scores)
    variance = result.cov.loc["effect", "effect"] * g / (g - 1)  # `std_errors` would take roots of rounding noise too
    return Fit(float(result.params["effect"]), float(np.sqrt(variance)), float(g - 1))


def _design(sample: Sample, *more: Array) -> Array:
    return np.column_stack([np.ones(len(sample.treated)), sample.treated, *more])


@dataclass(frozen=True)
class Estimator:
    """How an effect is estimated, what readers call it, and which children it needs.

    naive : shown as what one would have claimed, never as a finding. covariates : uses only children whose covariates
    are complete. baseline : adjusts for the baseline score too. weighted : has errors of two kinds.
    """

    fit: Callable[..., Fit]
    name: Text
    naive: bool = False
    covariates: bool = False
    baseline: bool = False
    weighted: bool = False
    pairs: ClassVar[bool] = True  # every estimator uses children seen at both waves; the audit of disclosure asks

    def children(self, sample: Sample) -> Sample:
        """Return the children this estimator uses: those seen at both waves."""
        return sample.pairs(with_covariates=self.covariates)

    def used(self, sample: Sample) -> Sample:
        """Return its children with the covariates that say something, without those whom these fit exactly."""
        children = self.children(sample)
        return estimable(children, with_baseline=self.baseline) if self.covariates else children

    def __call__(self, sample: Sample, errors: Errors = "small_sample") -> Fit:
        """Fit on the children it uses; NoEstimate with the reason where the data cannot say. errors : of weighted ones."""
        used = self.used(sample)
        if used.n_treated < 2 or used.n_comparison < 2:
            raise NoEstimate("meno di due ragazzi in un centro", "fewer than two children in a centre")
        return self.fit(used, errors=errors) if self.weighted else self.fit(used)


ESTIMATORS: dict[str, Estimator] = {
    "before_after": Estimator(before_after, text("prima-dopo (ingenuo)", "before-after (naive)"), naive=True),
    "difference": Estimator(difference, text("con-senza (ingenuo)", "with-without (naive)"), naive=True),
    "did": Estimator(did, text("differenza nelle differenze", "difference in differences")),
    "did_adjusted": Estimator(
        did_adjusted, text("differenza nelle differenze con covariate", "difference in differences with covariates"),
        covariates=True,
    ),
    "ancova": Estimator(ancova, text("ANCOVA", "ANCOVA"), covariates=True, baseline=True),
    "ipw": Estimator(ipw, text("pesi di propensione", "propensity weights"), covariates=True, weighted=True),
    "drdid_traditional": Estimator(
        drdid_traditional, text("doppiamente robusto, classico", "doubly robust, traditional"), covariates=True, weighted=True,
    ),
    "drdid": Estimator(drdid, text("doppiamente robusto", "doubly robust"), covariates=True, weighted=True),
    "entropy": Estimator(
        entropy, text("bilanciamento entropico", "entropy balancing"), covariates=True, baseline=True, weighted=True,
    ),
    "panel": Estimator(panel, text("panel con effetti per ragazzo", "panel with child effects")),
}  # fmt: skip


def estimator_names(language: Language) -> dict[str, str]:
    """Return what readers call each estimator."""
    return {key: estimator.name[language] for key, estimator in ESTIMATORS.items()}
