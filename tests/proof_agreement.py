"""Proofs in the worlds of every dialect against random flows that the oracle judges: the half that replayed counterexamples
do not hold.

An assertion says nothing of what a pod sends to itself, and of traffic with its own node that no policy judges: the oracle lets
such a flow pass by an exemption, on one side at least.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from random import Random

from calico_worlds import random_calico, random_calico_case
from cilium_worlds import random_cilium, random_mixed
from npverify.analyses.prove import prove
from npverify.analyses.results import AssertionResult, Status
from npverify.analyses.world import World
from npverify.assertions.claims import AllFlows, Assertion, Claim, Leg, SomeFlow
from npverify.ingest.source import Span
from npverify.inventory.model import EXTERNAL, Endpoint, EndpointKind
from npverify.normal.flow import Flow
from npverify.normal.predicates import TRUE, Pred, and_, icmp_is, port_in, protocol_is
from npverify.oracle import Oracle
from plugin_worlds import random_cluster_world, random_plugin_world
from worlds import Case, pairs, random_world

_HOSTS = {EndpointKind.NODE, EndpointKind.HOST_POD}
FLOWS = 60  # tried against each proof

WORLDS: dict[str, Callable[[Random], World]] = {
    "kubernetes": random_world,
    "calico": lambda rng: random_calico(rng, hosts=rng.random() < 0.5).world,
    "cilium": lambda rng: random_cilium(rng).world,
    "cluster": lambda rng: random_cluster_world(rng).world,
    "mixed": lambda rng: random_mixed(rng).world,
    "plugins": random_plugin_world,
}


def answer(world: World, claim: Claim) -> AssertionResult:
    """The prover's answer to one claim."""
    return prove(world, [Assertion("t", "t", claim, "test", Span("t.npv", 1, 1))]).results[0]


def random_pairs(rng: Random, world: World) -> list[tuple[Endpoint, Endpoint]]:
    """The pairs of some ends: many, or of two; often a pod and a node or what runs on it."""
    every = pairs(world)
    if rng.random() < 0.4:
        sources, targets = (
            set(map(id, rng.sample(ends, rng.randint(1, len(ends)))))
            for ends in ([*world.inventory.endpoints, EXTERNAL],) * 2
        )
        return [pair for pair in every if id(pair[0]) in sources and id(pair[1]) in targets]
    near = [
        pair for pair in every if {end.kind for end in pair} & _HOSTS and EndpointKind.POD in {end.kind for end in pair}
    ]
    return [rng.choice(near if near and rng.random() < 0.5 else every)]


def random_traffic(rng: Random) -> Pred:
    """All traffic of ports, pings, or one port of one protocol."""
    draw = rng.random()
    if draw < 0.4:
        return protocol_is("TCP", "UDP", "SCTP")
    if draw < 0.5:
        return and_(protocol_is("ICMP"), icmp_is(8, None))
    port = rng.choice((53, 80, 81, 443, 8080, 9))
    return and_(protocol_is(rng.choice(("TCP", "UDP"))), port_in(port, port))


def possible(flow: Flow) -> bool:
    """Whether the two ends can stand to each other as the flow says."""
    if flow.src.kind == flow.dst.kind == EXTERNAL.kind:
        return False
    known = flow.src.node is not None and flow.dst.node is not None
    hosts = [e for e in (flow.src, flow.dst) if e.kind in ("host pod", "node")]
    if not hosts or flow.src.on_every_node or flow.dst.on_every_node or not known:
        return flow.src is not flow.dst or flow.same or flow.src.replicated
    return flow.own_node == (flow.src.node == flow.dst.node)


def spoken_of(
    rng: Random, world: World, leg: Leg, between: Sequence[tuple[Endpoint, Endpoint]]
) -> Iterator[tuple[Case, bool]]:
    """Random flows that the leg speaks about, each with whether it passes."""
    oracle = Oracle(world.policies, world.inventory)
    for _ in range(FLOWS):
        case = random_calico_case(rng, world, between)
        case = replace(case, flow=replace(case.flow, via=None, http=None, dns=None, kafka=None))
        flow, reading = case.flow, case.reading
        if flow.same or flow.src not in leg.src or flow.dst not in leg.dst or not possible(flow):
            continue
        if not (flow.src.is_pod or flow.dst.is_pod or world.policies.judges_hosts):
            continue
        if not oracle.holds(leg.dst[flow.dst], flow, reading):
            continue
        verdict = oracle.decide(flow, reading)
        if not (flow.own_node and (verdict.egress.exemption or verdict.ingress.exemption)):
            yield case, verdict.allowed


def proof_disagreements(dialect: str, seed: int) -> list[str]:
    """Which answers in the world of one seed some random flow breaks; empty if none."""
    rng = Random(seed)
    world = WORLDS[dialect](rng)
    between = random_pairs(rng, world)
    if not between:
        return []
    traffic = random_traffic(rng)
    leg = Leg({src: TRUE for src, _ in between}, {dst: traffic for _, dst in between})
    found = list(spoken_of(rng, world, leg, between))
    # what is dropped on the way to a pod's own node whatever is said of it may count as left out
    passing_or_apart = [case for case, passes in found if passes or not case.flow.own_node]
    wrong = []
    for want in (False, True):
        result = answer(world, AllFlows(want, (leg,)))
        breaking = [case for case, passes in found if passes is not want]
        if result.status is Status.PROVED and breaking:
            wrong.append(f"proved that all flows pass: {want}; not so of {breaking[0]}")
        if result.status is Status.VACUOUS and passing_or_apart:
            wrong.append(f"{want}: vacuous, but there is {passing_or_apart[0]}")
        if result.status is Status.REFUTED:
            assert result.counterexample is not None
            if result.counterexample.verdict.allowed is want:
                wrong.append(f"the counterexample breaks nothing: {result.counterexample.flow}")
    result = answer(world, SomeFlow((leg,)))
    passing = [case for case, passes in found if passes]
    if result.status is Status.VACUOUS and passing_or_apart:
        wrong.append(f"some: vacuous, but there is {passing_or_apart[0]}")
    if result.because == "no flow is allowed" and passing:
        wrong.append(f"some: nothing passes, but there is {passing[0]}")
    return wrong
