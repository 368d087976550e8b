"""What is left for some peers, where entries that say nothing of them are left out and few peers are asked one by one, is what
is left of all; and at what predicates look is told from their parts."""

from __future__ import annotations

from random import Random

import pytest
from random_preds import packet_pred

from npverify.normal.policy import Direction
from npverify.normal.predicates import FALSE, TRUE, NodeIs, OwnNode, Pred, SelfTraffic, and_, atoms, not_, or_
from npverify.reduction import meeting
from npverify.reduction.classes import predicates
from npverify.reduction.glance import depends_on_circumstance, looks_at, mentions_node
from npverify.reduction.partial import DIRECT, Circumstance
from npverify.reduction.residuals import Residuals
from npverify.smt.solver import satisfiable
from smallworld import DST, SRC, block, on
from worlds import random_world

GIVEN = [on("TCP", 80), on("UDP", 53), and_(on("TCP", 5432), block(DST, "10.1.0.0/16"))]
HOWS = [DIRECT, Circumstance(own_node=True)]


def left(residuals: Residuals, how: Circumstance, given: Pred, among: int) -> dict[tuple[Direction, int, int], Pred]:
    """By direction, class of the subject and class of the peer."""
    return {
        (direction, c, peer): group.residual
        for direction in Direction
        for c in range(len(residuals.classes))
        for group in residuals.meeting(direction, how, among, given).groups(
            residuals.signature(direction, c), residuals.classes.representative(c)
        )
        for peer in range(len(residuals.classes))
        if group.peers >> peer & 1
    }


@pytest.mark.parametrize("seed", range(12))
def test_where_flows_are_given_the_same_is_left_of_them(seed: int) -> None:
    """Of other flows anything may be said."""
    rng = Random(seed)
    it = random_world(rng)
    residuals = Residuals(it.inventory, it.policies)
    given, how = rng.choice(GIVEN), rng.choice(HOWS)
    for among in (residuals.bitsets.all, 1 << rng.randrange(len(residuals.classes))):
        plain, fast = (left(residuals, how, condition, among) for condition in (TRUE, given))
        assert plain.keys() == fast.keys()
        for one, other in {(plain[key], fast[key]) for key in plain if plain[key] is not fast[key]}:
            assert not satisfiable(and_(given, or_(and_(one, not_(other)), and_(not_(one), other))))


@pytest.mark.parametrize("seed", range(12))
def test_few_peers_are_told_as_many_are(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """One by one, or as sets: the same residuals."""
    rng = Random(seed)
    it = random_world(rng)
    how = rng.choice(HOWS)
    told = []
    for few in (0, 1_000):
        monkeypatch.setattr(meeting, "FEW", few)
        residuals = Residuals(it.inventory, it.policies)
        told.append(left(residuals, how, TRUE, residuals.bitsets.all))
    assert told[0] == told[1]


@pytest.mark.parametrize("seed", range(12))
def test_a_bound_holds_all_for_whom_a_predicate_may_be_true(seed: int) -> None:
    """Of everything that policies ask, on both sides."""
    it = random_world(Random(seed))
    residuals = Residuals(it.inventory, it.policies)
    for pred in predicates(it.policies):
        for side in (SRC, DST):
            may = sum(part for part, said in residuals.bitsets.parts(pred, side, DIRECT) if said is not FALSE)
            assert may & ~residuals.bitsets.bound(pred, side) == 0


@pytest.mark.parametrize("seed", range(12))
def test_at_what_a_predicate_looks(seed: int) -> None:
    """As its atoms say."""
    rng = Random(seed)
    it = random_world(rng)
    for pred in (*predicates(it.policies), packet_pred(rng, 3)):
        each = list(atoms(pred))
        assert looks_at(pred, SRC) is any(getattr(atom, "side", None) is SRC for atom in each)
        assert looks_at(pred, DST) is any(getattr(atom, "side", None) is DST for atom in each)
        assert mentions_node(pred) is any(isinstance(atom, NodeIs) for atom in each)
        if any(isinstance(atom, NodeIs | OwnNode | SelfTraffic) for atom in each):
            assert depends_on_circumstance(pred)
