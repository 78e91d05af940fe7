"""How much the finding bears: the two-centre sensitivity of every outcome, and the benchmarks to read it by."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace

import numpy as np
import pandas as pd

from evaluation.counterfactual.analysis import estimate_effect
from evaluation.counterfactual.estimators.registry import ESTIMATORS
from evaluation.counterfactual.inference.permutation import permutation_distribution, permutation_p
from evaluation.counterfactual.sample import Array, NoEstimate, Sample, build_sample
from evaluation.counterfactual.sensitivity.honest import (
    EventStudy,
    break_even,
    event_study,
    relative_magnitude,
    smoothness,
)
from evaluation.counterfactual.sensitivity.omitted import omitted_variable
from evaluation.counterfactual.sensitivity.two_centres import two_centre
from evaluation.study.folder import Study
from evaluation.study.protocol import Outcome


@dataclass(frozen=True)
class Robust:
    """One row of sensitivity.csv: of the `did` row, how much it bears.

    baseline_gap : baseline difference between the centres. pre_trend_gap : effect of `did` from the wave before to the
    baseline, NaN without such a wave. partial_r2, rv, rv_alpha : of the `ancova` row (Cinelli & Hazlett 2020).
    leave_one_out : whether the interval says the same of zero whichever child is left out.
    """

    outcome: str
    wave: str
    estimator: str
    estimate: float = np.nan
    std_error: float = np.nan
    ci_low: float = np.nan
    ci_high: float = np.nan
    shock_icc: float = np.nan
    shock_sd: float = np.nan
    two_centre_low: float = np.nan
    two_centre_high: float = np.nan
    break_even_shock: float = np.nan
    break_even_icc: float = np.nan
    break_even_bias: float = np.nan
    baseline_gap: float = np.nan
    pre_trend_gap: float = np.nan
    partial_r2: float = np.nan
    rv: float = np.nan
    rv_alpha: float = np.nan
    leave_one_out: str = ""
    unit: str = ""
    n_treated: int = 0
    n_comparison: int = 0


@dataclass(frozen=True)
class Shuffled:
    """Welch's t of the changes as they are, and with the labels of the centres shuffled, shape (B,); their two-sided p."""

    observed: float
    permuted: Array
    p: float


def shuffled(study: Study, sample: Sample) -> Shuffled | None:
    """Shuffle the labels of the complete pairs; None where a centre has too few children to show, or nothing varies."""
    pairs, analysis = sample.pairs(), study.protocol.analysis
    if min(pairs.n_treated, pairs.n_comparison) < study.protocol.privacy.minimum_cell:
        return None
    try:
        observed, permuted, exact = permutation_distribution(
            pairs.change, pairs.treated, analysis.permutations, analysis.seed
        )
    except NoEstimate:
        return None
    return Shuffled(observed, permuted, permutation_p(observed, permuted, exact))


def change_sd(sample: Sample) -> float:
    """Pooled SD of the change within the two centres, in the outcome's unit."""
    pairs = sample.pairs()
    groups = [pairs.change[pairs.treated], pairs.change[~pairs.treated]]
    squares = sum(((group - group.mean()) ** 2).sum() for group in groups if len(group))
    return float(np.sqrt(squares / max(len(pairs.change) - 2, 1)))


def sensitivity_table(study: Study, scores: pd.DataFrame) -> pd.DataFrame:
    """One row of `Robust` for every outcome and follow-up wave."""
    rows = [
        _row(study, scores, outcome, wave.id)
        for outcome in study.protocol.outcomes
        for wave in study.protocol.follow_ups
    ]
    return pd.DataFrame([asdict(row) for row in rows], columns=list(Robust.__dataclass_fields__))


def _row(study: Study, scores: pd.DataFrame, outcome: Outcome, wave: str) -> Robust:
    sample = build_sample(study, scores, outcome.id, wave)
    did = estimate_effect(study, sample, outcome, wave, "did")
    empty = Robust(outcome.id, wave, "did", unit=did.unit, n_treated=did.n_treated, n_comparison=did.n_comparison)
    if did.reason is not None:
        return empty
    found = two_centre(did, change_sd(sample), study.protocol.analysis.centre_shock_icc)
    pairs = sample.pairs()
    partial_r2, rv, rv_alpha = _omitted(study, sample)
    return replace(
        empty, estimate=did.estimate, std_error=did.std_error, ci_low=did.ci_low, ci_high=did.ci_high,
        shock_icc=found.shock_icc, shock_sd=found.shock_sd, two_centre_low=found.low, two_centre_high=found.high,
        break_even_shock=found.break_even_shock, break_even_icc=found.break_even_icc, break_even_bias=found.break_even_bias,
        baseline_gap=float(pairs.baseline[pairs.treated].mean() - pairs.baseline[~pairs.treated].mean()),
        pre_trend_gap=pre_trend_gap(study, scores, outcome), partial_r2=partial_r2, rv=rv, rv_alpha=rv_alpha,
        leave_one_out="holds" if leave_one_out(sample, did.alpha) else "does_not_hold",
    )  # fmt: skip


def _few(study: Study, used: Sample) -> bool:
    """Whether a centre has fewer children than may be published: some numbers rest on fewer than the row's."""
    return min(used.n_treated, used.n_comparison) < study.protocol.privacy.minimum_cell


def _omitted(study: Study, sample: Sample) -> tuple[float, float, float]:
    if _few(study, sample.pairs(with_covariates=True)):
        return (np.nan, np.nan, np.nan)
    try:
        strength = omitted_variable(sample, study.protocol.analysis.alpha).robustness
    except NoEstimate:
        return (np.nan, np.nan, np.nan)
    return strength.partial_r2, strength.rv, strength.rv_alpha


def pre_trend_gap(study: Study, scores: pd.DataFrame, outcome: Outcome) -> float:
    """Return the `did` from the last wave before the baseline to the baseline, where nothing was done yet: a placebo.

    Where the times of the waves are known it is that of as long a time as from the baseline to the first later wave. NaN
    without such a wave, where fewer children than the minimum cell were seen at it, or where it cannot be estimated.
    """
    here = study.protocol.waves.index(study.protocol.baseline)
    if not here:
        return float("nan")
    sample = build_sample(study, scores, outcome.id, study.protocol.baseline.id, study.protocol.waves[here - 1].id)
    if _few(study, sample.pairs()):
        return float("nan")
    times = study.protocol.times or tuple(range(len(study.protocol.waves)))
    try:
        return ESTIMATORS["did"](sample).estimate * (times[here + 1] - times[here]) / (times[here] - times[here - 1])
    except NoEstimate:
        return float("nan")


def leave_one_out(sample: Sample, alpha: float) -> bool:
    """Tell whether the `did` interval says the same of zero whichever child is left out."""
    pairs = sample.pairs()
    everyone = np.ones(len(pairs.treated), dtype=bool)
    verdicts = {_says(pairs, alpha)}
    for child in range(len(everyone)):
        verdicts.add(_says(pairs.keep(np.arange(len(everyone)) != child), alpha))
    return len(verdicts) == 1


def _says(sample: Sample, alpha: float) -> str:
    """Above zero, below zero, or open; `none` where there is no number."""
    try:
        fit = ESTIMATORS["did"](sample)
    except NoEstimate:
        return "none"
    low, high = fit.interval(1 - alpha)
    return "above" if low > 0 else "below" if high < 0 else "open"


def honest_table(study: Study, scores: pd.DataFrame) -> pd.DataFrame:
    """Honest DiD of the primary outcomes, for studies with a wave before the baseline; empty for the others.

    Columns: outcome, wave, restriction (relative_magnitude, smoothness), value (Mbar; M in SDs of change), low, high (in
    the outcome's unit), break_even (the value from which on the interval holds zero), unit, n_treated, n_comparison.
    """
    rows = [
        row
        for outcome in study.protocol.outcomes
        if outcome.role == "primary"
        for row in _honest(study, scores, outcome)
    ]
    columns = [
        "outcome",
        "wave",
        "restriction",
        "value",
        "low",
        "high",
        "break_even",
        "unit",
        "n_treated",
        "n_comparison",
    ]
    return pd.DataFrame(rows, columns=columns)


def _honest(study: Study, scores: pd.DataFrame, outcome: Outcome) -> Iterator[tuple[object, ...]]:
    """Each later wave asks for the children seen at it and before it: one still to come takes nothing from the others."""
    waves = [wave.id for wave in study.protocol.waves]
    wide = scores[scores["outcome"] == outcome.id].pivot(index="participant", columns="wave", values="score")
    matrix = wide.reindex(index=study.consenting["participant"], columns=waves).to_numpy(dtype=float)
    treated = study.consenting["treated"].to_numpy(dtype=bool)
    baseline, times = study.protocol.waves.index(study.protocol.baseline), study.protocol.times
    sd = change_sd(build_sample(study, scores, outcome.id, study.protocol.follow_ups[0].id))
    for target, wave in enumerate(study.protocol.follow_ups):
        seen = seen_until(matrix, baseline + 1 + target)
        last = len(waves) if (seen == seen_until(matrix, len(waves) - 1)).all() else baseline + 2 + target
        try:
            event = event_study(matrix[:, :last], treated, baseline, None if times is None else times[:last])
        except NoEstimate:
            continue
        counts = (outcome.unit_name, int((seen & treated).sum()), int((seen & ~treated).sum()))
        weights = np.eye(event.post)[target]
        yield from _intervals(event, weights, sd, outcome.id, wave.id, counts, study.protocol.analysis.alpha)


def seen_until(scores: Array, wave: int) -> Array:
    """Tell which children have a score at every wave up to this one, shape (n,); scores : shape (n, waves)."""
    return ~np.isnan(scores[:, : wave + 1]).any(axis=1)


def _intervals(
    event: EventStudy, weights: Array, sd: float, outcome: str, wave: str, counts: tuple[str, int, int], alpha: float
) -> Iterator[tuple[object, ...]]:
    def relative(value: float) -> tuple[float, float]:
        return relative_magnitude(event, value, alpha, weights)

    def smooth(value: float) -> tuple[float, float]:
        return smoothness(event, value * sd, alpha, weights)

    for name, interval, values in (
        ("relative_magnitude", relative, (0.5, 1.0, 2.0)),
        ("smoothness", smooth, (0.0, 0.05, 0.1, 0.2)),
    ):
        undone = break_even(interval, values[-1])
        for value in values:
            yield (outcome, wave, name, value, *interval(value), undone, *counts)
