"""Families of outcomes: which p is adjusted, on which children, and what must not move it."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from evaluation.counterfactual.inference.families import Family, families
from evaluation.counterfactual.inference.multiplicity import benjamini_hochberg, holm, romano_wolf
from evaluation.counterfactual.inference.permutation import permutation_distribution, permutation_matrix, permutation_p
from evaluation.study.folder import Study
from evaluation.study.instrument import Instrument
from evaluation.study.protocol import Protocol

DRAWS, SEED = 499, 7
TREATED = np.arange(40) < 22
GAPS = [(0, 0), (1, 0), (30, 1), (31, 2)]  # child, outcome


def drawn(seed: int = 1, outcomes: int = 3) -> np.ndarray:
    """Changes of 40 children that share a part, with an effect on the first outcome and some missing."""
    rng = np.random.default_rng(seed)
    changes = rng.normal(size=(len(TREATED), outcomes)) + rng.normal(size=(len(TREATED), 1))
    changes[:, 0] += 0.9 * TREATED
    for child, outcome in GAPS:
        changes[child, outcome % outcomes] = np.nan
    return changes


def study(treated: np.ndarray, roles: tuple[str, ...], waves: int, codes: list[str], **analysis: object) -> Study:
    protocol = Protocol.model_validate(
        {
            "format": 1,
            "study": {"id": "tiny", "title": {"it": "Minimo", "en": "Tiny"}, "provenance": "synthetic"},
            "centres": {"treated": "a", "comparison": "b"},
            "waves": [{"id": "t0", "role": "baseline"}]
            + [{"id": f"t{k}", "role": "endline"} for k in range(1, waves + 1)],
            "outcomes": [{"id": f"o{k}", "role": role, "kind": "measure"} for k, role in enumerate(roles)],
            "analysis": {"permutations": DRAWS, "seed": SEED, **analysis},
        }
    )
    children = pd.DataFrame({"participant": codes, "treated": treated, "consenting": True})
    return Study(Path(), protocol, None, Instrument(()), children, pd.DataFrame(), None, None)


def found(
    changes: np.ndarray, treated: np.ndarray = TREATED, roles: tuple[str, ...] = (), codes: list[str] | None = None,
    **analysis: object,
) -> list[Family]:  # fmt: skip
    """Families of outcomes o0, o1, … whose scores are 0 at the baseline and `changes` at every later wave."""
    codes = codes or [f"c{k}" for k in range(len(treated))]
    follow_ups = np.atleast_3d(changes).transpose(2, 0, 1)
    by_wave = [np.zeros(follow_ups.shape[1:]), *follow_ups]
    scores = pd.concat(
        pd.DataFrame({"participant": codes, "wave": f"t{w}", "outcome": f"o{o}", "score": values[:, o]})
        for w, values in enumerate(by_wave)
        for o in range(values.shape[1])
    )
    roles = roles or ("secondary",) * changes.shape[1]
    return list(families(study(treated, roles, len(by_wave) - 1, codes, **analysis), scores))


def only(changes: np.ndarray, **options: object) -> Family:
    (family,) = found(changes, **options)  # type: ignore[arg-type]
    return family


def own_p(change: np.ndarray) -> float:
    seen = ~np.isnan(change)
    return permutation_p(*permutation_distribution(change[seen], TREATED[seen], DRAWS, SEED))


def test_raw_p_is_the_permutation_p_of_the_outcomes_own_children():
    changes = drawn()
    family = only(changes)
    assert list(family.p_raw) == [own_p(change) for change in changes.T]
    assert len(set(family.p_raw)) == 3


def test_adjusted_p_is_romano_wolf_of_the_children_complete_on_the_whole_family():
    changes = drawn()
    family = only(changes)
    complete = ~np.isnan(changes).any(axis=1)
    permuted, observed, exact = permutation_matrix(changes[complete], TREATED[complete], DRAWS, SEED)
    stepped = romano_wolf(observed, permuted, exact)
    assert list(family.p_adjusted) == list(np.maximum(stepped, family.p_raw))
    assert list(family.p_complete) == [permutation_p(t, p, exact) for t, p in zip(observed, permuted.T, strict=True)]
    raw = [permutation_p(t, column, exact) for t, column in zip(observed, permuted.T, strict=True)]
    assert (family.p_adjusted >= raw).all()
    assert (family.p_adjusted > raw).any()


@pytest.mark.parametrize("seed", range(5))
def test_adjusted_p_is_never_below_raw_p_where_all_assignments_are_enumerated(seed):
    """5 + 5 children: 252 assignments, so that raw and adjusted p rest on the very same ones."""
    family = only(np.random.default_rng(seed).normal(size=(10, 4)), treated=np.arange(10) < 5)
    assert (family.p_adjusted >= family.p_raw).all()
    assert {round(p * 252, 9) % 1 for p in [*family.p_raw, *family.p_adjusted]} == {0.0}


def test_a_single_outcome_is_not_adjusted():
    family = only(drawn(outcomes=1))
    assert family.p_adjusted == family.p_raw


@pytest.mark.parametrize(("name", "adjust"), [("holm", holm), ("benjamini_hochberg", benjamini_hochberg)])
def test_holm_and_benjamini_hochberg_adjust_the_raw_p(name, adjust):
    family = only(drawn(), multiplicity=name)
    assert list(family.p_adjusted) == list(adjust(family.p_raw))
    assert not np.array_equal(family.p_adjusted, only(drawn()).p_adjusted)


@pytest.mark.parametrize("method", ["romano_wolf", "holm", "benjamini_hochberg"])
@pytest.mark.parametrize("spoiled", [np.nan, 0.7])
def test_an_outcome_constant_or_never_seen_does_not_spoil_its_family(method, spoiled):
    changes = drawn()
    beside = only(np.column_stack([changes[:, :1], np.full(40, spoiled), changes[:, 1:]]), multiplicity=method)
    alone = only(changes, multiplicity=method)
    kept = [0, 2, 3]
    assert np.isnan(beside.p_raw[1])
    assert np.isnan(beside.p_adjusted[1])
    assert list(beside.p_raw[kept]) == list(alone.p_raw)
    assert list(beside.p_adjusted[kept]) == list(alone.p_adjusted)
    assert (beside.n_treated, beside.n_comparison) == (alone.n_treated, alone.n_comparison)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    "changes", [np.full((40, 2), np.nan), np.ones((40, 2)), np.where(TREATED, np.nan, 1.0)[:, None]]
)
def test_a_family_without_a_p_has_none(changes):
    family = only(changes)
    assert np.isnan([*family.p_raw, *family.p_adjusted]).all()


@pytest.mark.filterwarnings("error")
def test_a_family_that_no_child_completes_has_raw_p_only():
    changes = drawn(outcomes=2)
    changes[::2, 0] = np.nan
    changes[1::2, 1] = np.nan
    family = only(changes)
    assert not np.isnan(family.p_raw).any()
    assert np.isnan(family.p_adjusted).all()
    assert (family.n_treated, family.n_comparison) == (0, 0)


@pytest.mark.parametrize("seed", range(3))
def test_order_of_rows_codes_shift_and_scale_do_not_move_a_p(seed):
    changes, rng = drawn(seed), np.random.default_rng(seed)
    rows = rng.permutation(40)
    expected = only(changes)
    for moved in (
        only(changes[rows], treated=TREATED[rows]),
        only(changes, codes=[f"x{k}" for k in rng.permutation(40)]),
        only(changes * [1, 3.7, 0.2] + [17.3, 0, -4]),
    ):
        assert list(moved.p_raw) == list(expected.p_raw)
        assert list(moved.p_adjusted) == list(expected.p_adjusted)


def test_an_outcome_that_varies_only_outside_the_complete_children_leaves_the_family_without_adjusted_p():
    changes = drawn(outcomes=2)
    seen_with_both = ~np.isnan(changes[:, 0])
    changes[:, 1] = np.where(seen_with_both, 0.0, np.arange(40))
    changes[[5, 6, 25, 26], 0] = np.nan
    changes[[5, 6, 25, 26], 1] = [1.0, 2.0, 3.0, 5.0]
    family = only(changes)
    assert not np.isnan(family.p_raw).any()
    assert np.isnan(family.p_adjusted).all()


def test_counts_are_of_the_children_complete_on_the_whole_family():
    family = only(drawn())
    assert (family.n_treated, family.n_comparison) == (22 - 2, 18 - 2)


def test_every_role_at_every_wave_is_a_family_of_its_own():
    changes = np.stack([drawn(1, 4), drawn(2, 4)], axis=2)
    roles = ("primary", "secondary", "secondary", "placebo")
    made = found(changes, roles=roles)
    assert [(f.role, f.wave, f.outcomes) for f in made] == [
        (role, wave, outcomes)
        for role, outcomes in (("primary", ("o0",)), ("secondary", ("o1", "o2")), ("placebo", ("o3",)))
        for wave in ("t1", "t2")
    ]
    for place, family in enumerate(f for f in made if f.role == "secondary"):
        assert list(family.p_adjusted) == list(only(changes[:, 1:3, place]).p_adjusted)
    assert all(list(a.p_raw) != list(b.p_raw) for a, b in pairwise(made))


def test_draws_and_seed_are_those_of_the_protocol():
    changes = drawn()
    assert only(changes, seed=8).p_raw[1] != only(changes).p_raw[1]
    assert {round(p * 100, 9) % 1 for p in only(changes, permutations=99).p_raw} == {0.0}


@pytest.mark.parametrize("seed", range(6))
def test_no_adjusted_p_lies_below_the_raw_one(seed: int):
    """The step-down knows only the children complete on the family; those an outcome lost there may have spoken for it."""
    rng = np.random.default_rng(seed)
    changes = drawn(seed)
    changes[rng.choice(40, 16, replace=False), 2] = np.nan  # outcome 2 takes sixteen children from the family
    for method in ("romano_wolf", "holm", "benjamini_hochberg"):
        family = only(changes, multiplicity=method)
        assert (family.p_adjusted >= family.p_raw).all()


def test_confirmatory_waves_make_one_family_of_a_role():
    """As if each wave's outcomes were as many outcomes of one wave; a wave that is not named stays a family of its own."""
    waves = np.stack([drawn(seed) for seed in (1, 2, 3)], axis=2)
    joint, third = found(waves, confirmatory_waves=["t1", "t2"])
    assert (joint.wave, third.wave) == ("t1 t2", "t3")
    assert joint.outcomes == ("o0", "o1", "o2") * 2
    assert joint.waves == ("t1",) * 3 + ("t2",) * 3
    flat = only(np.concatenate([waves[:, :, 0], waves[:, :, 1]], axis=1))
    np.testing.assert_array_equal(joint.p_adjusted, flat.p_adjusted)
    for one, other in zip(found(waves), found(waves, confirmatory_waves=["t2"]), strict=True):
        np.testing.assert_array_equal(one.p_adjusted, other.p_adjusted)  # one wave alone changes nothing
