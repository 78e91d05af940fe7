"""What the tables of effects withhold: the children behind every row, compared with those behind every other."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from evaluation.counterfactual.estimators.registry import ESTIMATORS
from evaluation.counterfactual.missing.imputation import response_children
from evaluation.counterfactual.sample import Array, Sample, build_sample
from evaluation.counterfactual.subgroups import levels
from evaluation.measurement.scores import composite_standard
from evaluation.publishing.disclosure.cells import alike, close, rare
from evaluation.publishing.disclosure.covariates import category_of, covariate_samples, covariates_withheld
from evaluation.publishing.disclosure.samples import Published, Withheld, decimals_left, withhold_near
from evaluation.study.folder import Study
from evaluation.study.protocol import Outcome

OMITTED = ("partial_r2", "rv", "rv_alpha")
COUNTS = ("n_treated", "n_comparison")
EFFECTS = (
    "estimates",
    "inference",
    "sensitivity",
    "bounds",
    "honest",
    "overlap",
    "subgroups",
    "means",
    "design",
    "omitted",
)  # keyed by outcome and wave
FIRST, DID, NAIVE, LEVELS, ADJUSTED, SUBGROUPS, MISSING, LAST = (
    900,
    800,
    700,
    600,
    500,
    300,
    200,
    100,
)  # interest, less the wave's place


@dataclass(frozen=True)
class Comparison:
    """One outcome at one follow-up wave: its children, one entry a child, and what its numbers are about."""

    study: Study
    outcome: Outcome
    wave: str
    sample: Sample

    @property
    def row(self) -> tuple[tuple[str, str], ...]:
        """What identifies its rows in the tables of effects."""
        return (("outcome", self.outcome.id), ("wave", self.wave))

    @property
    def balance_row(self) -> tuple[tuple[str, str], ...]:
        """What identifies its row among the baseline differences."""
        return (("variable", self.outcome.id), ("kind", "outcome"), ("wave", self.wave))

    @cached_property
    def pairs(self) -> Array:
        """Children seen at both waves."""
        return ~np.isnan(self.sample.change)

    @cached_property
    def complete(self) -> Array:
        """Those of them whose covariates are complete."""
        return self.pairs & self.covered

    @cached_property
    def covered(self) -> Array:
        """Children with complete covariates."""
        return ~np.isnan(self.sample.covariates).any(axis=1)

    @cached_property
    def seen(self) -> Array:
        """Children seen at either wave."""
        return ~(np.isnan(self.sample.baseline) & np.isnan(self.sample.follow_up))

    @property
    def change(self) -> frozenset[str]:
        """The change of this outcome to this wave."""
        return frozenset({f"{self.outcome.id} {self.wave}"})

    @property
    def level(self) -> frozenset[str]:
        """The same, with the baseline itself: it is one and the same for every wave."""
        return self.change | {f"{self.outcome.id} {self.study.protocol.baseline.id}"}

    def groups(self, rows: Array) -> tuple[frozenset[str], ...]:
        """The children of each centre where `rows` holds."""
        names = self.study.consenting["participant"].to_numpy()
        return tuple(frozenset(names[rows & centre]) for centre in (self.sample.treated, ~self.sample.treated))


def comparisons(study: Study, scores: pd.DataFrame) -> dict[tuple[str, str], Comparison]:
    """Return every outcome at every follow-up wave."""
    return {
        (outcome.id, wave.id): Comparison(study, outcome, wave.id, build_sample(study, scores, outcome.id, wave.id))
        for outcome in study.protocol.outcomes
        for wave in study.protocol.follow_ups
    }


_latest: list[tuple[Study, pd.DataFrame, list[Withheld]]] = []  # every table of one study asks the same


def effects_withheld(study: Study, scores: pd.DataFrame) -> list[Withheld]:
    """Return what the tables of effects withhold, and why; no estimation is needed."""
    if not _latest or _latest[0][0] is not study or _latest[0][1] is not scores:
        _latest[:] = [(study, scores, _effects_withheld(study, scores))]
    return _latest[0][2]


def _effects_withheld(study: Study, scores: pd.DataFrame) -> list[Withheld]:
    found = comparisons(study, scores)
    samples = [*published_samples(study, scores, found), *covariate_samples(study, scores, LEVELS)]
    return [
        *withhold_near(samples, study.protocol.privacy.minimum_cell),
        *_families(study, found),
        *(one for comparison in found.values() for one in _alike(comparison)),
        *(one for comparison in found.values() for one in _missing(comparison)),
        *(one for composite in found.values() for one in _parts(composite, found)),
        *covariates_withheld(study, scores),
    ]


def published_samples(
    study: Study, scores: pd.DataFrame, found: dict[tuple[str, str], Comparison]
) -> Iterator[Published]:
    """Return the children behind every row of the tables of effects, and behind the columns that rest on others."""
    waves = [wave.id for wave in study.protocol.follow_ups]
    for (_, wave), here in found.items():
        place = waves.index(wave)
        yield from _estimates(here, place)
        yield from _balance(here, found[study.protocol.primary.id, wave], place)
        yield from _sensitivity(here, place)
        yield from _bounds(here, place)
        yield Published("means", here.row, (), here.level, here.groups(here.pairs), LEVELS - place)
        yield Published("design", here.row, (), here.level, here.groups(here.pairs), LAST - place)
        yield Published("omitted", here.row, (), here.change, here.groups(here.complete), ADJUSTED - place)
        if here.outcome.role == "primary":
            yield from _subgroups(here, place)
            until = _seen_until(study, scores, here.outcome.id, wave)
            yield Published("honest", here.row, (), here.change, here.groups(until), LAST - place)


def _estimates(here: Comparison, place: int) -> Iterator[Published]:
    for name, estimator in ESTIMATORS.items():
        rows = here.complete if estimator.covariates else here.pairs if estimator.pairs else here.seen
        interest = FIRST if name == here.study.protocol.analysis.estimator else DID if name == "did" else NAIVE
        if interest == NAIVE and not estimator.naive:
            interest = ADJUSTED if estimator.pairs else LAST
        about = here.level if name == "difference" else here.change
        groups = here.groups(rows)[:1] if name == "before_after" else here.groups(rows)
        # who was seen at one wave only is no count of the design: these columns go too, by name
        columns = () if estimator.pairs else (*NUMBERS, *P_VALUES, *COUNTS)
        yield Published("estimates", (*here.row, ("estimator", name)), columns, about, groups, interest - place)


NUMBERS = ("estimate", "std_error", "df", "ci_low", "ci_high", "hedges_g", "g_low", "g_high")
P_VALUES = ("p_value", "p_permutation", "p_adjusted")


def _balance(here: Comparison, primary: Comparison, place: int) -> Iterator[Published]:
    yield Published("balance", here.balance_row, (), here.level, here.groups(here.pairs), LEVELS - place)
    weighted = here.groups(primary.complete & ~np.isnan(here.sample.baseline))
    about = frozenset({f"{here.outcome.id} weighted"})  # unknown weights: nothing to subtract it from
    yield Published("balance", here.balance_row, ("smd_weighted",), about, weighted, LAST)


def _subgroups(here: Comparison, place: int) -> Iterator[Published]:
    """The children of each subgroup, and those whose subgroup is known: counts of two samples tell who is in one alone."""
    for name in here.study.protocol.analysis.subgroups:
        values, row = here.study.consenting[name].reset_index(drop=True), (*here.row, ("covariate", name))
        parts = [level.members for level in levels(values, here.pairs)]
        known = here.groups(np.logical_or.reduce([np.zeros_like(here.pairs), *parts]))
        about = here.change | {category_of(name)}
        yield Published("subgroups", row, (), about, known, SUBGROUPS - place)
        yield from (
            Published("subgroups", row, (), here.change, here.groups(part), SUBGROUPS - place) for part in parts
        )


def _sensitivity(here: Comparison, place: int) -> Iterator[Published]:
    pairs = here.groups(here.pairs)
    yield Published("sensitivity", here.row, (), here.change, pairs, NAIVE - place)
    yield Published("sensitivity", here.row, ("baseline_gap",), here.level, pairs, LEVELS - place)
    yield Published("sensitivity", here.row, OMITTED, here.change, here.groups(here.complete), ADJUSTED - place)


def _bounds(here: Comparison, place: int) -> Iterator[Published]:
    everyone = np.ones(len(here.pairs), dtype=bool)
    weighted = response_children(here.sample)
    rows = {"complete_pairs": here.pairs, "response_weights": weighted}
    rows |= dict.fromkeys(("imputation", "delta", "lee", "extreme_values"), everyone)
    for method, children in rows.items():
        interest = NAIVE if method == "complete_pairs" else MISSING
        row = (*here.row, ("method", method))
        yield Published("bounds", row, BOUNDS, here.change, here.groups(children), interest - place)


BOUNDS = ("lower", "upper", "ci_low", "ci_high")
MISSING_METHODS = ("imputation", "delta", "response_weights", "lee", "extreme_values")


def _seen_until(study: Study, scores: pd.DataFrame, outcome: str, wave: str) -> Array:
    waves = [one.id for one in study.protocol.waves]
    wide = scores[scores["outcome"] == outcome].pivot(index="participant", columns="wave", values="score")
    wide = wide.reindex(index=study.consenting["participant"], columns=waves[: waves.index(wave) + 1])
    return wide.notna().all(axis=1).to_numpy()


def _families(study: Study, found: dict[tuple[str, str], Comparison]) -> Iterator[Withheld]:
    """Leave two decimals of a p that rests on the children of the whole family, where these are a few less than the row's."""
    for here in found.values():
        together = study.protocol.analysis.confirmatory_waves
        waves = together if len(together) > 1 and here.wave in together else (here.wave,)
        family = [c for c in found.values() if c.wave in waves and c.outcome.role == here.outcome.role]
        varying = [c.pairs for c in family if len(np.unique(c.sample.change[c.pairs])) > 1]
        if not _few(here, here.pairs & ~np.logical_and.reduce([here.pairs, *varying])):
            continue
        yield Withheld("inference", here.row, ("romano_wolf", "p_complete"), "near", decimals=2)
        if study.protocol.analysis.multiplicity == "romano_wolf":
            yield Withheld("estimates", (*here.row, ("estimator", "did")), ("p_adjusted",), "near", decimals=2)


def _few(here: Comparison, rows: Array) -> bool:
    minimum = here.study.protocol.privacy.minimum_cell
    return any(0 < len(group) < minimum for group in here.groups(rows))


def _alike(here: Comparison) -> Iterator[Withheld]:
    """Withhold an outcome whose scores, or their changes, are (almost) all one value in a centre, or a rare one of two."""
    minimum, pairs = here.study.protocol.privacy.minimum_cell, here.sample.pairs()
    for centre in (pairs.treated, ~pairs.treated):
        levels = pairs.baseline[centre], pairs.follow_up[centre]
        told = any(alike(v, minimum) for v in (*levels, pairs.change[centre]))
        if told or any(rare(v, minimum) or _close(here, v) for v in levels):
            yield from (Withheld(table, here.row, (), "alike") for table in EFFECTS)
            yield Withheld("balance", here.balance_row, (), "alike")
            return


def _close(here: Comparison, scores: Array) -> bool:
    """Whether mean and SD of a centre's scores alone tell an answer more closely than the protocol allows.

    Of a measure without ends the range is that of the answers given, beside which no SD is small.
    """
    items = here.study.instrument.scale(here.outcome.id)
    if here.outcome.kind == "measure":
        items = (here.study.instrument[here.outcome.id],)
    ends = [(item.minimum, item.maximum) for item in items if item.minimum is not None and item.maximum is not None]
    if not ends or len(ends) < len(items):
        return False
    low, high = np.mean(ends, axis=0)
    return close(scores, (low, high), len(items), here.study.protocol.privacy.minimum_width * (high - low))


def _missing(here: Comparison) -> Iterator[Withheld]:
    """Withhold what knows the children lost where these are a few, and Lee's bounds where they leave out a few.

    Whoever is enrolled and not among the pairs counts as lost, whatever the reason: else the very absence of a number
    would tell how many refused, and how many were seen once. Bounds that leave out less than a child tell the largest and
    the smallest change.
    """
    enrolled, minimum = here.study.participants["treated"].to_numpy(), here.study.protocol.privacy.minimum_cell
    sizes = [len(group) for group in here.groups(here.pairs)]
    lost = [int(total) - kept for total, kept in zip((enrolled.sum(), (~enrolled).sum()), sizes, strict=True)]
    if any(0 < few < minimum for few in lost):
        panel = (*here.row, ("estimator", "panel"))
        yield Withheld("estimates", panel, (*NUMBERS, *P_VALUES, *COUNTS), "near")
        yield from (Withheld("bounds", (*here.row, ("method", method)), BOUNDS, "near") for method in MISSING_METHODS)
    elif 0 < _left_out(here, sizes) < minimum:
        yield Withheld("bounds", (*here.row, ("method", "lee")), BOUNDS, "trimmed")


def _left_out(here: Comparison, sizes: list[int]) -> float:
    """How many children of the centre that kept more Lee's bounds leave out."""
    totals = [int(centre.sum()) for centre in (here.sample.treated, ~here.sample.treated)]
    kept = np.array([size / total if total else 0.0 for size, total in zip(sizes, totals, strict=True)])
    return sizes[int(kept.argmax())] * float(1 - kept.min() / kept.max()) if kept.max() else 0.0


def _parts(composite: Comparison, found: dict[tuple[str, str], Comparison]) -> Iterator[Withheld]:
    """Leave two decimals of the parts of a composite, by the chosen estimator, where the composite knows a few more children.

    A composite rests on its own pairs, and on every child with a baseline through the means and SDs that standardise it:
    from exact numbers of its parts those few could be worked out.
    """
    minimum = composite.study.protocol.privacy.minimum_cell
    decimals = _of_composite(composite, found, scaled=True)
    if 0 < _standardising(composite) < minimum:
        row: tuple[tuple[str, str], ...] = (("outcome", composite.outcome.id), ("part", ""))
        yield Withheld("composites", row, ("mean", "sd", "reliability"), "parts", _of_composite(composite, found))
        yield Withheld("means", composite.row, (), "parts", decimals)
    for part in (found[name, composite.wave] for name in composite.outcome.of):
        standardising = 0 < _standardising(part) < minimum
        if standardising:
            yield Withheld("balance", composite.balance_row, ("mean_treated", "mean_comparison"), "parts", decimals)
        if standardising or _few(part, part.pairs ^ composite.pairs):
            yield from _coarse(part)


def _of_composite(
    composite: Comparison, found: dict[tuple[str, str], Comparison], *, scaled: bool = False
) -> int | None:
    """Decimals of a composite's means at the baseline: all scores that standardise it sum to zero, so the rest is the lost's.

    scaled : in the composite's own unit, as `means` has them; else as the mean of its standardised parts.
    """
    if not composite.outcome.of:
        return None
    parts = {name: found[name, composite.wave] for name in composite.outcome.of}
    baseline = pd.DataFrame({name: part.sample.baseline for name, part in parts.items()})
    standard = composite_standard(composite.study, composite.outcome, baseline)
    reach = float(np.mean([_range(part) / standard.sd[name] for name, part in parts.items()]))
    reach /= standard.scale if scaled else 1.0
    width = composite.study.protocol.privacy.minimum_width * reach
    return (
        decimals_left(int(composite.pairs.sum()), width, reach)
        if np.isfinite(reach) and composite.pairs.any()
        else None
    )


def _range(part: Comparison) -> float:
    """The range of a part's scores; not finite where it does not vary."""
    items = part.study.instrument.scale(part.outcome.id) or (part.study.instrument[part.outcome.id],)
    known = part.sample.baseline[~np.isnan(part.sample.baseline)]
    if len(known) < 2 or np.ptp(known) == 0:
        return float("nan")
    ends = [np.ptp(known) if i.minimum is None or i.maximum is None else i.maximum - i.minimum for i in items]
    return float(np.mean(ends))


def _standardising(here: Comparison) -> int:
    """How many children with a baseline are not among the pairs: they are known through means and SDs alone."""
    return int((~np.isnan(here.sample.baseline) & ~here.pairs).sum())


def _coarse(part: Comparison) -> Iterator[Withheld]:
    for name in ESTIMATORS:
        row = (*part.row, ("estimator", name))
        if name == part.study.protocol.analysis.estimator:
            yield Withheld("estimates", row, NUMBERS, "parts", decimals=2)
            yield Withheld("estimates", row, P_VALUES, "parts", decimals=3)
        else:
            yield Withheld("estimates", row, (*NUMBERS, *P_VALUES), "parts")
    yield Withheld("inference", part.row, (), "parts", decimals=3)
    yield from (Withheld(table, part.row, (), "parts", decimals=2) for table in ("sensitivity", "bounds", "means"))
    yield from (Withheld(table, part.row, (), "parts") for table in ("design", "omitted"))
    yield Withheld("balance", part.balance_row, (), "parts", decimals=2)
