"""Proofs against random flows: what is proved no flow breaks, and what is refuted comes with a flow that breaks it.

The prover replays its counterexamples itself; here the other half is held, that nothing is proved which a flow refutes.
"""

from __future__ import annotations

from dataclasses import replace
from random import Random

import pytest

from npverify.analyses.results import Status
from npverify.analyses.world import World
from npverify.assertions.claims import (
    AllFlows,
    EachReachesSome,
    EndSet,
    Isolated,
    Leg,
    PolicyClaim,
    SomeFlow,
)
from npverify.inventory.model import EXTERNAL
from npverify.inventory.unknowns import Reading
from npverify.normal.policy import Direction, Half, PolicySet
from npverify.normal.predicates import TRUE
from npverify.oracle import Oracle
from proof_agreement import answer, possible, random_traffic
from worlds import Case, random_case, random_world

FLOWS = 80  # tried against each proof


def random_ends(rng: Random, world: World) -> list[object]:
    """A few members of the inventory and perhaps the outside."""
    ends = [*world.inventory.endpoints, EXTERNAL]
    return rng.sample(ends, rng.randint(1, len(ends)))


def random_leg(rng: Random, world: World) -> Leg:
    """A leg without a Service; own-node traffic and self traffic are in it, so that every flow counts."""
    traffic = random_traffic(rng)
    src: EndSet = dict.fromkeys(random_ends(rng, world), TRUE)
    dst: EndSet = dict.fromkeys(random_ends(rng, world), traffic)
    return Leg(src, dst, leave_out_self=False, leave_out_own_node=False)


def flows_of(rng: Random, world: World, leg: Leg, oracle: Oracle) -> list[Case]:
    """Random flows that the leg speaks about."""
    found = []
    for _ in range(FLOWS):
        case = random_case(rng, world)
        flow = replace(case.flow, via=None)
        spoken_of = flow.src in leg.src and flow.dst in leg.dst and possible(flow)
        if spoken_of and oracle.holds(leg.dst[flow.dst], flow, case.reading):
            found.append(replace(case, flow=flow))
    return found


@pytest.mark.parametrize("seed", range(80))
def test_no_flow_breaks_what_is_proved_of_all_flows(seed: int) -> None:
    """If `no` or `every … reaches` is proved, each random flow of it is denied, or allowed; vacuous ones have none."""
    rng = Random(seed)
    world = random_world(rng)
    oracle = Oracle(world.policies, world.inventory)
    leg = random_leg(rng, world)
    for want in (False, True):
        result = answer(world, AllFlows(want, (leg,)))
        verdicts = [oracle.decide(c.flow, c.reading).allowed for c in flows_of(rng, world, leg, oracle)]
        if result.status is Status.PROVED:
            assert all(v is want for v in verdicts)
        elif result.status is Status.VACUOUS:
            assert verdicts == []
        else:
            assert result.status is Status.REFUTED
            assert result.counterexample is not None
            assert result.counterexample.verdict.allowed is not want


@pytest.mark.parametrize("seed", range(40))
def test_a_witness_passes_and_without_one_nothing_does(seed: int) -> None:
    """`some … reaches` is proved with a flow that passes; where it is refuted for every reading, no random flow passes."""
    rng = Random(seed)
    world = random_world(rng)
    oracle = Oracle(world.policies, world.inventory)
    leg = random_leg(rng, world)
    result = answer(world, SomeFlow((leg,)))
    passing = [c for c in flows_of(rng, world, leg, oracle) if oracle.decide(c.flow, c.reading).allowed]
    if result.status is Status.PROVED and result.witness is not None:
        assert oracle.decide(result.witness.flow, {}).allowed
    if result.because == "no flow is allowed":
        assert passing == []


@pytest.mark.parametrize("seed", range(40))
def test_each_reaches_some_follows_from_every_and_implies_some(seed: int) -> None:
    """If every flow passes then each source reaches some destination; if each does then some flow passes."""
    rng = Random(seed)
    world = random_world(rng)
    leg = random_leg(rng, world)
    every, each, some = (
        answer(world, claim).status for claim in (AllFlows(True, (leg,)), EachReachesSome((leg,)), SomeFlow((leg,)))
    )
    if every is Status.PROVED:
        assert each is Status.PROVED
    if each is Status.PROVED:
        assert some is Status.PROVED


@pytest.mark.parametrize("seed", range(40))
def test_an_isolated_endpoint_is_selected_under_every_reading(seed: int) -> None:
    """`is isolated` is proved exactly where the oracle finds a policy that selects the endpoint, whatever the reading."""
    rng = Random(seed)
    world = random_world(rng)
    oracle = Oracle(world.policies, world.inventory)
    for end in world.inventory.pods:
        for direction in Direction:
            status = answer(world, Isolated({end: TRUE}, (direction,))).status
            selected = []
            for _ in range(20):
                case = random_case(rng, world)
                side = {"src": end} if direction is Direction.EGRESS else {"dst": end}
                asked = oracle.asked(direction, replace(case.flow, via=None, **side), case.reading)
                selected.append(any(asked))
            if status is Status.PROVED:
                assert all(selected)
            elif len(world.policies.switches) == 0:
                assert not all(selected)


def changed(policies: PolicySet, index: int, *, drop: bool) -> PolicySet:
    """The set with one policy object dropped, or its rules."""
    ids = sorted({p.id for d in Direction for t in policies.half(d).tiers for p in t.policies})
    gone = ids[index]

    def half(old: Half) -> Half:
        stages = []
        for stage in old.stages:
            tiers = []
            for tier in stage.tiers:
                kept = [p for p in tier.policies if p.id != gone or not drop]
                tiers.append(replace(tier, policies=tuple(replace(p, rules=()) if p.id == gone else p for p in kept)))
            stages.append(replace(stage, tiers=tuple(tiers)))
        return Half(tuple(stages))

    return replace(policies, egress=half(policies.egress), ingress=half(policies.ingress))


@pytest.mark.parametrize("seed", range(40))
def test_dropping_what_is_redundant_or_shadowed_changes_no_flow(seed: int) -> None:
    """Without a redundant policy, or without a shadowed policy's rules, every random flow has the verdict it had."""
    rng = Random(seed)
    world = random_world(rng)
    reading: Reading
    oracle = Oracle(world.policies, world.inventory)
    for index, policy in enumerate(sorted(world.defined)):
        for kind in ("redundant", "shadowed"):
            result = answer(world, PolicyClaim(kind, (policy,), True))
            if result.status is not Status.PROVED:
                continue
            other = Oracle(changed(world.policies, index, drop=kind == "redundant"), world.inventory)
            for _ in range(FLOWS):
                case = random_case(rng, world)
                flow, reading = replace(case.flow, via=None), case.reading
                if possible(flow):
                    assert oracle.decide(flow, reading).allowed is other.decide(flow, reading).allowed
