"""The unit of a composite: its own SD at the baseline where that is declared, so that amounts mean what readers read."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

from evaluation import analyse, composites_table, load_study, score_ranges, score_study
from evaluation.measurement.scores import composite_standard
from evaluation.study.folder import Study
from evaluation.study.protocol import Protocol

SHIPPED = Path(__file__).parents[2] / "data" / "raw" / "volare-alto-2023"


@pytest.fixture(scope="module")
def shipped() -> Study:
    return load_study(SHIPPED)


def planned(study: Study, **entries: object) -> Study:
    content = study.protocol.model_dump(mode="json", by_alias=True)
    content["outcomes"][0] |= entries
    return replace(study, protocol=Protocol.model_validate(content))


def steam(study: Study):
    scores = score_study(study)
    return scores[scores["outcome"] == "steam"].set_index(["participant", "wave"])["score"]


def test_a_composite_in_its_own_sd_is_the_other_over_its_sd(shipped):
    plain, scaled = steam(planned(shipped, scale=None)), steam(shipped)
    at_baseline = plain[plain.index.get_level_values("wave") == "t0"]
    assert at_baseline.std(ddof=1) == pytest.approx(0.6477295441, rel=1e-9)
    assert list(scaled.dropna()) == pytest.approx(list((plain / at_baseline.std(ddof=1)).dropna()), rel=1e-12)
    assert scaled[scaled.index.get_level_values("wave") == "t0"].std(ddof=1) == pytest.approx(1, rel=1e-12)
    wide, narrow = (
        score_ranges(shipped, score_study(shipped)),
        score_ranges(planned(shipped, scale=None), score_study(shipped)),
    )
    assert [end / 0.6477295441 for end in narrow["steam"]] == pytest.approx(wide["steam"], rel=1e-9)
    assert shipped.protocol.primary.unit_name == "baseline SD"
    assert planned(shipped, scale=None).protocol.primary.unit_name == "mean of standardised parts"


def test_what_the_shipped_contract_pays_has_moved_by_less_than_ten_euros(shipped):
    """The ramp's ends are the old ones over the constant, to four decimals: 60,000 EUR from .10 to .50 of the old unit."""

    def did(study: Study) -> float:
        return next(
            e for e in analyse(study, score_study(study)) if (e.outcome, e.estimator) == ("steam", "did")
        ).estimate

    few = shipped.protocol.analysis.model_copy(update={"permutations": 99})
    shipped = replace(shipped, protocol=shipped.protocol.model_copy(update={"analysis": few}))
    old, new = did(planned(shipped, scale=None)), did(shipped)
    assert old == pytest.approx(0.391026029593796, rel=1e-9)
    ramp = shipped.contract.rules[0].formula.ramp
    paid = 60_000 * (Decimal(new) - ramp.start) / (ramp.full - ramp.start)
    assert abs(float(paid) - 60_000 * (old - 0.1) / 0.4) < 10


def test_fixed_constants_are_those_of_the_protocol_and_give_the_same_scores(shipped):
    baseline = score_study(shipped).query("wave == 't0'").pivot(index="participant", columns="outcome", values="score")
    standard = composite_standard(shipped, shipped.protocol.primary, baseline)
    constants = {"mean": standard.mean.to_dict(), "sd": standard.sd.to_dict(), "scale": standard.scale}
    fixed = planned(shipped, constants=constants)
    few = replace(
        fixed,
        participants=fixed.participants.assign(
            consenting=fixed.participants["consenting"] & (np.arange(len(fixed.participants)) % 3 > 0)
        ),
    )
    kept = steam(few)
    assert list(kept.dropna()) == pytest.approx(
        list(steam(shipped)[kept.index].dropna()), rel=1e-12
    )  # whoever is there, a score stays the same
    table = composites_table(shipped, score_study(shipped)).query("part == ''")
    assert table["sd"].item() == pytest.approx(standard.scale)


@pytest.mark.parametrize(
    ("entry", "words"),
    [({"constants": {"mean": {"interest": 3}, "sd": {"interest": 1}}}, "a value for interest, making"),
     ({"kind": "scale", "of": [], "scale": "baseline_sd"}, "only in a composite")],
)  # fmt: skip
def test_constants_and_scale_that_fit_nothing_are_refused(shipped, entry, words):
    with pytest.raises(ValueError, match=words):
        planned(shipped, **entry)
