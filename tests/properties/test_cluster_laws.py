"""Laws of other clusters, over random worlds with endpoints of one beside them."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import pytest

from agreement import disagreements, obligation_disagreements
from npverify.analyses.prove import prove
from npverify.analyses.results import Status
from npverify.analyses.world import World
from npverify.assertions.claims import AllFlows, Assertion, EndSet, Leg
from npverify.ingest.source import Problems, Span
from npverify.inventory.addresses import Address
from npverify.inventory.clusters import with_clusters
from npverify.inventory.model import EXTERNAL
from npverify.normal.policy import Action
from npverify.normal.predicates import TRUE, and_, port_in, protocol_is
from npverify.oracle import Oracle
from worlds import random_case, random_world


def beside_another(rng: Random) -> World:
    """A random world beside a second one, of which there are the pods and nodes."""
    world = random_world(rng)
    other = random_world(rng).inventory
    return replace(world, inventory=with_clusters(world.inventory, {"west": other}, Problems()))


@pytest.mark.parametrize("seed", range(60))
def test_an_endpoint_elsewhere_is_judged_as_its_address_alone(seed: int) -> None:
    """Policies say of a flow to or from another cluster what they say of one with that address outside."""
    rng = Random(seed)
    world = beside_another(rng)
    oracle = Oracle(world.policies, world.inventory)
    remotes = [e for e in world.inventory.endpoints if e.cluster]
    pods = [e for e in world.inventory.pods if not e.replicated]
    if not remotes or not pods:
        return
    for _ in range(40):
        case = random_case(rng, world)
        end, pod = rng.choice(remotes), rng.choice(pods)
        four = rng.random() < 0.5
        ips = (
            Address.parse("10.1.0.1" if four else "fd00::1"),
            Address.parse(rng.choice(("10.1.0.2", "203.0.113.7")) if four else "fd00::2"),
        )
        common = {"src_ip": ips[0], "dst_ip": ips[1], "same": False, "own_node": False, "via": None}
        for src, dst in ((pod, end), (end, pod)):
            ends = (EXTERNAL if e is end else e for e in (src, dst))
            there = oracle.decide(replace(case.flow, src=src, dst=dst, **common), case.reading)  # type: ignore[arg-type]
            outside = replace(case.flow, **dict(zip(("src", "dst"), ends, strict=True)), **common)  # type: ignore[arg-type]
            assert there == oracle.decide(outside, case.reading)
            assert (there.ingress if dst is end else there.egress).action is Action.ALLOW


@pytest.mark.parametrize("seed", range(60))
def test_the_encoding_means_what_the_oracle_says(seed: int) -> None:
    """Oracle, encoder, reduction and obligations agree where ends belong to another cluster."""
    check = disagreements if seed % 2 else obligation_disagreements
    assert check(Random(seed), 10, beside_another) == []


@pytest.mark.parametrize("seed", range(60))
def test_no_flow_breaks_what_is_proved(seed: int) -> None:
    """What is proved of flows between this cluster and another holds of each random one."""
    rng = Random(seed)
    world = beside_another(rng)
    remotes: EndSet = {e: TRUE for e in world.inventory.endpoints if e.cluster and rng.random() < 0.6}
    pods: EndSet = {e: TRUE for e in world.inventory.pods if rng.random() < 0.6}
    port = rng.choice((53, 80, 443))
    traffic = rng.choice((protocol_is("TCP", "UDP", "SCTP"), and_(protocol_is("TCP"), port_in(port, port))))
    src, dst = (pods, remotes) if rng.random() < 0.5 else (remotes, pods)
    leg = Leg(src, dict.fromkeys(dst, traffic), leave_out_self=False, leave_out_own_node=False)
    oracle = Oracle(world.policies, world.inventory)
    cases = [random_case(rng, world) for _ in range(300)]
    flows = [(replace(c.flow, via=None), c.reading) for c in cases if c.flow.src in src and c.flow.dst in dst]
    spoken_of = [(flow, reading) for flow, reading in flows if oracle.holds(traffic, flow, reading)]
    for want in (False, True):
        assertion = Assertion("t", "t", AllFlows(want, (leg,)), "test", Span("t.npv", 1, 1))
        (result,) = prove(world, [assertion]).results
        if result.status is Status.PROVED:
            assert all(oracle.decide(flow, reading).allowed is want for flow, reading in spoken_of)
        elif result.status is Status.VACUOUS:
            assert spoken_of == []
        else:
            assert result.counterexample is not None
            assert result.counterexample.verdict.allowed is not want
