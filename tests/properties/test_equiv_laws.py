"""Laws of `equiv` on random pairs of worlds: an equivalence, and right about every flow, by the oracles of both sides.

Reflexive also for shuffled documents, symmetric with the sides swapped; what it calls equivalent no random flow tells apart;
what it lists differs as listed, and every random flow that differs is listed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import product
from random import Random

import pytest

from calico_worlds import random_calico_case
from npverify.analyses.equiv import equiv
from npverify.analyses.equiv_results import Equivalence, EquivResult, Region
from npverify.analyses.prove import prove
from npverify.analyses.results import Status
from npverify.analyses.world import World
from npverify.assertions.claims import Assertion, PolicyClaim
from npverify.ingest.source import Span
from npverify.inventory.addresses import Address
from npverify.inventory.model import EXTERNAL
from npverify.inventory.unknowns import Reading
from npverify.normal.flow import Flow
from npverify.normal.policy import Policy
from npverify.normal.predicates import Side
from npverify.reduction import compare
from npverify.report.equiv_json import equiv_json
from region_flows import can_be, clear, flows_of, is_in
from smallworld import DST, SRC, allow, app, block, on, pod, selecting, world
from two_calico_worlds import random_pair as random_calico_pair
from two_worlds import as_seen, passes, random_pair, reachable, remade, via_services
from worlds import Case, random_case, random_manifests

FLOWS = 60  # tried against each answer, from either side

Pair = Callable[[Random], tuple[World, World]]
Draw = Callable[[Random, World], Case]
NATIVE, CALICO = (random_pair, random_case), (random_calico_pair, random_calico_case)


@pytest.mark.parametrize("seed", range(40))
def test_every_world_is_equivalent_to_itself(seed: int) -> None:
    """Read once, or read again with its documents in another order."""
    rng = Random(seed)
    made = random_manifests(rng)
    again = remade(made, rng.sample(made.objects, len(made.objects)))
    for other in (made.world, again):
        result = equiv(made.world, other, every=True, allow_empty=True)
        assert result.status is Equivalence.EQUIVALENT
        assert result.notes == ()


@pytest.mark.parametrize(
    ("pair", "seed"), [*((random_pair, n) for n in range(25)), *((random_calico_pair, n) for n in range(12))]
)
def test_the_sides_may_be_swapped(pair: Pair, seed: int) -> None:
    """The answer is the same, with left and right exchanged: status, number of pairs, regions."""
    left, right = pair(Random(seed))
    one, other = (equiv(*pair, every=True, allow_empty=True) for pair in ((left, right), (right, left)))
    assert (one.status, one.pairs) == (other.status, other.pairs)
    assert (one.only_left, one.only_right) == (other.only_right, other.only_left)
    assert (one.witness is None) is (other.witness is None)
    assert _said(one.regions) == _said(other.regions, swapped=True)


def _said(regions: tuple[Region, ...] | None, *, swapped: bool = False) -> list[str]:
    texts = [str(region) for region in regions or ()]
    if swapped:
        texts = [t.replace("left", "LEFT").replace("right", "left").replace("LEFT", "right") for t in texts]
    return sorted(texts)


@pytest.mark.parametrize(("kind", "seed"), [*((NATIVE, n) for n in range(60)), *((CALICO, n) for n in range(40))])
def test_what_is_listed_is_what_differs(kind: tuple[Pair, Draw], seed: int) -> None:
    """Flows of each region differ as it says; each random flow that the oracles judge differently is in a region."""
    rng = Random(seed)
    pair, draw = kind
    result = equiv(*pair(rng), every=True, allow_empty=True)
    assert result.status is not Equivalence.UNDECIDED
    assert (result.regions is None) is (result.status is Equivalence.EQUIVALENT)
    for region in result.regions or ():
        _holds(region, result, rng)
    for flows, reading in random_flows(result, draw, rng):
        left, right = (passes(w, f, reading) for w, f in zip((result.left, result.right), flows, strict=True))
        if left is not right:
            side = "left" if left else "right"
            own = [region for region in result.regions or () if region.allowed_by == side]
            assert any(is_in(flow, region) for region in own for flow in flows if flow is not None)


def _holds(region: Region, result: EquivResult, rng: Random) -> None:
    for here, there in flows_of(region, result.left, result.right, rng):
        verdicts = (passes(result.left, *here), passes(result.right, *there))
        assert verdicts == (region.allowed_by == "left", region.allowed_by == "right")


def random_flows(result: EquivResult, draw: Draw, rng: Random) -> list[tuple[tuple[Flow | None, Flow | None], Reading]]:
    """Random flows as both sides have them, some of them through Services."""
    found: list[tuple[tuple[Flow | None, Flow | None], Reading]] = []
    for base, other in ((result.left, result.right), (result.right, result.left)):
        for _ in range(FLOWS):
            case = draw(rng, base)
            flow = replace(case.flow, via=None)
            if rng.random() < 0.3:
                flow = via_services(rng, base, flow) or flow
            seen = as_seen(flow, other, rng)
            flows = (flow, seen) if base is result.left else (seen, flow)
            there = [f for f in flows if f is not None]
            if all(can_be(f) and clear(f, result.left, result.right) and reachable(f) for f in there):
                found.append((flows, case.reading))
    return found


@pytest.mark.parametrize(
    ("pair", "seed"), [*((random_pair, n) for n in range(20)), *((random_calico_pair, n) for n in range(15))]
)
def test_meanings_only_save_work(pair: Pair, seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the short cut by meanings every answer is the same."""
    left, right = pair(Random(seed))
    quick = equiv(left, right, every=True, allow_empty=True)
    monkeypatch.setattr(compare.Comparison, "_means_one", lambda *_: False)
    slow = equiv(left, right, every=True, allow_empty=True)
    assert equiv_json(quick) == equiv_json(slow)
    assert (quick.regions, quick.pairs) == (slow.regions, slow.pairs)


def tiny(rng: Random) -> World:
    """Two pods with known addresses, and up to two policies over few ports and blocks."""

    def policy(side: Side) -> Policy:
        peer = rng.choice((app(side.other, "a"), app(side.other, "b"), block(side.other, "10.1.0.0/31")))
        traffic = rng.choice((on("TCP", 80), on("TCP", 80, 81), on("UDP", 80)))
        rules = [allow(peer, traffic)] if rng.random() < 0.8 else []
        return selecting(side, f"p{rng.random()}", *rules, on_apps=rng.sample(("a", "b"), 1))

    return world(
        pod("a", ip="10.1.0.1"),
        pod("b", ip="10.1.0.2"),
        ingress=[policy(DST) for _ in range(rng.randint(0, 2))],
        egress=[policy(SRC) for _ in range(rng.randint(0, 1))],
    )


@pytest.mark.parametrize("seed", range(60))
def test_every_flow_of_a_tiny_world(seed: int) -> None:
    """One flow of each cell, between every two ends: it differs exactly where a region says so."""
    rng = Random(seed)
    left, right = tiny(rng), tiny(rng)
    regions = equiv(left, right, every=True).regions or ()
    twin = {end.name: end for end in right.inventory.endpoints}
    outside = [Address.parse(a) for a in ("10.1.0.0", "10.1.0.3", "203.0.113.1")]
    ends = [*((end, end.addresses[0]) for end in left.inventory.endpoints), *((EXTERNAL, a) for a in outside)]
    packets = [*product(("TCP", "UDP", "SCTP"), (1, 79, 80, 81, 82, 65535)), ("ICMP", None), ("50", None)]
    for (src, src_ip), (dst, dst_ip), (protocol, port) in product(ends, ends, packets):
        if src is EXTERNAL and dst is EXTERNAL:
            continue
        icmp = (8, 0) if protocol == "ICMP" else None
        flow = Flow(src, dst, protocol, port, src_ip, dst_ip, icmp, same=src is dst)
        other = replace(flow, src=twin.get(src.name, src), dst=twin.get(dst.name, dst))
        allowed_by = {side for side, it, f in (("left", left, flow), ("right", right, other)) if passes(it, f, {})}
        said = {region.allowed_by for region in regions if is_in(flow, region)}
        assert said == (allowed_by if len(allowed_by) == 1 else set())


@pytest.mark.parametrize("seed", range(25))
def test_a_policy_that_is_redundant_makes_no_difference(seed: int) -> None:
    """`policy … is redundant` and `equiv` with and without it give one answer."""
    rng = Random(seed)
    made = random_manifests(rng)
    whole = made.world
    for policy in sorted(whole.defined):
        rest = [
            one
            for one in made.objects
            if one["kind"] != "NetworkPolicy"
            or (one["metadata"].get("namespace", "default"), one["metadata"]["name"]) != (policy.namespace, policy.name)
        ]
        claim = Assertion("t", "t", PolicyClaim("redundant", (policy,), True), "test", Span("t.npv", 1, 1))
        proved = prove(whole, [claim]).results[0].status is Status.PROVED
        alike = equiv(whole, remade(made, rest), allow_empty=True).status is Equivalence.EQUIVALENT
        assert proved is alike
