"""The laws of `diff`, over pairs of random versions of Kubernetes and of Calico."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

import pytest

import two_calico_worlds
import two_worlds
from calico_worlds import random_calico_case
from diff_flows import Classes, Draw, compared, left_out
from npverify.analyses.diff.results import Change, DiffResult, Opening
from npverify.analyses.diff.run import diff
from npverify.analyses.equiv import equiv
from npverify.analyses.equiv_results import Equivalence
from npverify.analyses.world import World
from worlds import random_case

Pair = Callable[[Random, tuple[int, ...]], tuple[World, World]]
NATIVE: tuple[Pair, Draw] = (two_worlds.random_pair, random_case)
CALICO: tuple[Pair, Draw] = (two_calico_worlds.random_pair, random_calico_case)
KINDS = [*((NATIVE, n) for n in range(80)), *((CALICO, n) for n in range(35))]


@pytest.mark.parametrize(("kind", "seed"), KINDS)
def test_the_groups_are_the_difference_of_the_oracles(kind: tuple[Pair, Draw], seed: int) -> None:
    """Classes of flows, drawn at random: each is in a group exactly where the oracles of both versions differ, with its sign;
    under other readings, and through Services, none that differs is left out. `fuzz.py --dialect diff` tries every class."""
    rng = Random(seed)
    pair, draw = kind
    result = diff(*pair(rng, two_worlds.MANY), allow_empty=True)
    assert result.undecided == ""
    assert compared(result, rng, 30) == []
    assert left_out(result, draw, rng, 4) == []


@pytest.mark.parametrize(
    ("pair", "seed"),
    [*((two_worlds.random_pair, n) for n in range(8)), *((two_calico_worlds.random_pair, n) for n in range(4))],
)
def test_back_again_adds_what_was_removed(pair: Pair, seed: int) -> None:
    """With old and new exchanged, the same ends lose what they gained; of other readings, which one is named may differ."""
    old, new = pair(Random(seed), two_worlds.MANY)
    there, back = diff(old, new, allow_empty=True), diff(new, old, allow_empty=True)
    assert sorted(map(_said, _usual(there))) == sorted(map(_turned, _usual(back)))
    assert (there.only_old, there.only_new) == (back.only_new, back.only_old)
    for change in there.every:
        assert change.opening is not (Opening.CLOSED if change.added else Opening.OPENED)


def _usual(result: DiffResult) -> tuple[Change, ...]:
    return (*result.changes, *result.one_sided)


def _said(change: Change) -> str:
    ends = (change.sources.ends, change.destinations.ends)
    return str((ends, change.added, change.removed, change.meeting, change.family, change.service, change.connections))


def _turned(change: Change) -> str:
    ends = (change.sources.ends, change.destinations.ends)
    return str((ends, change.removed, change.added, change.meeting, change.family, change.service, change.connections))


@pytest.mark.parametrize("seed", range(12))
def test_nothing_changes_exactly_where_the_versions_are_equivalent(seed: int) -> None:
    """`diff` and `equiv` say the same."""
    old, new = two_worlds.random_pair(Random(seed))
    alike = equiv(old, new, allow_empty=True).status is Equivalence.EQUIVALENT
    assert (diff(old, new, allow_empty=True).every == ()) is alike


def test_the_pairs_are_worth_it() -> None:
    """Most of them differ, some in their inventories, and the flows that are tried are not all of one kind."""
    results: list[DiffResult] = []
    tried = 0
    for (pair, _), seed in KINDS[::6]:
        rng = Random(seed)
        result = diff(*pair(rng, two_worlds.MANY), allow_empty=True)
        results.append(result)
        tried += sum(1 for _ in Classes(result.old, result.new).some(rng, 20))
    assert sum(bool(result.changes) for result in results) >= len(results) // 3
    assert any(result.one_sided for result in results)
    assert any(result.conditional for result in results)
    assert tried >= 10 * len(results)
