"""Blocks of pairs say what each pair says by itself: the same verdict, the same flow, the same number of pairs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from random import Random

import pytest
from test_proofs import random_ends, random_traffic

from npverify.analyses.prove import prove
from npverify.analyses.world import World
from npverify.assertions.claims import AllFlows, Assertion, Claim, Leg, PolicyClaim, PolicyProperty
from npverify.ingest.source import Span
from npverify.normal.policy import Direction
from npverify.normal.predicates import TRUE
from npverify.reduction.obligations import Breaks, Obligation, Obligations, Variants, flows_allowed, flows_denied
from worlds import random_world


def one_by_one(self: Obligations, leg: Leg, *, want: bool) -> Iterator[Obligation]:
    """The plain way for flows."""
    return self.of(leg, flows_denied if want else flows_allowed)


def changed_one_by_one(
    self: Obligations, leg: Leg, breaks: Breaks, variants: Variants, direction: Direction, *, alone: bool
) -> Iterator[Obligation]:
    """The plain way for changes."""
    return self.of(leg, breaks, variants)


def random_claims(rng: Random, world: World) -> list[Claim]:
    """Flows between random ends, with themselves and their own node or without, and policies one by one."""
    claims: list[Claim] = []
    for _ in range(3):
        traffic = random_traffic(rng) if rng.random() < 0.8 else TRUE
        src, dst = (dict.fromkeys(random_ends(rng, world), condition) for condition in (TRUE, traffic))
        leg = Leg(src, dst, leave_out_self=rng.random() < 0.5, leave_out_own_node=rng.random() < 0.5)
        claims += [AllFlows(want, (leg,)) for want in (False, True)]
    policies = sorted({p.id for d in Direction for t in world.policies.half(d).tiers for p in t.policies})
    properties: tuple[PolicyProperty, ...] = ("redundant", "shadowed")
    claims += [PolicyClaim(each, (policy,), True) for policy in policies[:3] for each in properties]
    return claims


@pytest.mark.parametrize("seed", range(36))
def test_blocks_of_pairs_say_what_the_pairs_say(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Status, counterexample, reasons, policies and the number of refuting pairs are the same."""
    rng = Random(seed)
    world = random_world(rng)
    asked = [Assertion("t", "t", claim, "test", Span("t.npv", 1, 1)) for claim in random_claims(rng, world)]
    fast = [replace(r, seconds=0) for r in prove(world, asked).results]
    monkeypatch.setattr(Obligations, "alike", one_by_one)
    monkeypatch.setattr(Obligations, "changed", changed_one_by_one)
    assert fast == [replace(r, seconds=0) for r in prove(world, asked).results]
