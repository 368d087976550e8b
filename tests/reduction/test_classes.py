"""Classes: what parts two endpoints and what does not, and that a class answers every predicate of the policies alike."""

from __future__ import annotations

from collections.abc import Iterable
from random import Random

import pytest

from npverify.inventory.model import EXTERNAL, ContainerPort, Endpoint, EndpointKind, PortOrigin
from npverify.inventory.unknowns import runtime_label
from npverify.normal.policy import Direction
from npverify.normal.predicates import (
    FALSE,
    TRUE,
    Pred,
    Side,
    and_,
    kind_is,
    label_in,
    named_port_is,
    namespace_is,
    not_,
    or_,
    own_node,
    protocol_is,
    self_traffic,
    service_account_is,
)
from npverify.reduction.bitsets import Bitsets, bits
from npverify.reduction.classes import Classes, predicates
from npverify.reduction.partial import DIRECT, Circumstance, Partial, Virtual, of_one_pod
from npverify.reduction.residuals import Residuals
from smallworld import DST, SRC, allow, app, block, node, pod, policy, selecting, world
from worlds import random_world

HTTP = named_port_is("http", "TCP", (PortOrigin.REGULAR,), first_only=False)
BY_APP = app(SRC, "web")
ANY: Pred = TRUE


def ports(*rows: tuple[str, int]) -> tuple[ContainerPort, ...]:
    """Declared TCP ports."""
    return tuple(ContainerPort(name, "TCP", number) for name, number in rows)


APART: list[tuple[str, Endpoint, Endpoint, Pred, bool]] = [
    ("a label that no selector mentions", pod("a", app="x", tier="1"), pod("b", app="x", tier="2"), BY_APP, False),
    ("a label that a selector mentions", pod("a", app="x"), pod("b", app="y"), BY_APP, True),
    ("a label that only one of them has", pod("a", app="x", tier=""), pod("b", app="x"), label_in(SRC, "pod", "tier", ["z"]), True),
    ("a namespace label is no label of pods", pod("a", app="x", env="1"), pod("b", app="x", env="2"), label_in(SRC, "namespace", "env", ["1"]), False),
    ("the namespace", pod("a", app="x"), pod("b", ns="data", app="x"), ANY, True),
    ("the kind", pod("a", app="x"), pod("b", app="x", kind=EndpointKind.HOST_POD), ANY, True),
    ("an account that nobody mentions", pod("a", app="x", account="r"), pod("b", app="x"), ANY, False),
    ("an account that somebody mentions", pod("a", app="x", account="r"), pod("b", app="x"), service_account_is(SRC, "z"), True),
    ("ports, where no rule names one", pod("a", app="x", ports=ports(("http", 80))), pod("b", app="x"), ANY, False),
    ("the number of a port, where a rule names one", pod("a", app="x", ports=ports(("http", 80))), pod("b", app="x", ports=ports(("http", 81))), HTTP, True),
    ("ports without a name", pod("a", app="x", ports=ports(("", 80))), pod("b", app="x", ports=ports(("", 81))), HTTP, False),
    ("addresses, where no rule has a block", pod("a", app="x", ip="10.0.0.1"), pod("b", app="x", ip="10.9.0.1"), ANY, False),
    ("addresses of one cell", pod("a", app="x", ip="10.1.0.0"), pod("b", app="x", ip="10.1.255.255"), block(SRC, "10.1.0.0/16"), False),
    ("the address before a block", pod("a", app="x", ip="10.0.255.255"), pod("b", app="x", ip="10.1.0.0"), block(SRC, "10.1.0.0/16"), True),
    ("the address behind a block", pod("a", app="x", ip="10.1.255.255"), pod("b", app="x", ip="10.2.0.0"), block(SRC, "10.1.0.0/16"), True),
    ("the families that they have", pod("a", app="x", ip="10.0.0.1"), pod("b", app="x", ip="10.0.0.2 fd00::2"), ANY, True),
    ("an address that is known and one that is not", pod("a", app="x", ip="10.0.0.1"), pod("b", app="x"), ANY, True),
    ("two addresses that nobody knows", pod("a", app="x"), pod("b", app="x"), block(SRC, "10.1.0.0/16"), False),
    ("the node", pod("a", app="x", node="n1"), pod("b", app="x", node="n2"), ANY, False),
    ("a value that is not known and one that is", pod("a", app="x", h=runtime_label("o", "h")), pod("b", app="x", h="1"), label_in(SRC, "pod", "h", None), True),
    ("two values that are not known", pod("a", app="x", h=runtime_label("o", "h")), pod("b", app="x", h=runtime_label("p", "h")), label_in(SRC, "pod", "h", None), True),
]  # fmt: skip


@pytest.mark.parametrize(("one", "other", "peer", "apart"), [r[1:] for r in APART], ids=[r[0] for r in APART])
def test_what_parts_two_endpoints(one: Endpoint, other: Endpoint, peer: Pred, apart: bool) -> None:
    """Two endpoints are of one class exactly if no predicate of the policies can tell them apart by such a thing."""
    rule = allow(TRUE, peer) if peer is HTTP else allow(peer)
    it = world(one, other, ingress=(selecting(DST, "p", rule),))
    classes = Classes(it.inventory, it.policies)
    assert (classes.of[one] != classes.of[other]) is apart


def test_classes_part_everything_there_is() -> None:
    """Each endpoint and EXTERNAL is in exactly one class, and a class is represented by its first member."""
    pods = [pod(name, app="x") for name in "cab"]
    it = world(*pods, node("n1"), ingress=(selecting(DST, "p", allow(BY_APP)),))
    classes = Classes(it.inventory, it.policies)
    members = [e for c in range(len(classes)) for e in classes.members[c]]
    assert sorted(members, key=lambda e: e.key) == [*it.inventory.endpoints, EXTERNAL]
    assert [e.name for e in classes.members[0]] == ["a", "b", "c"]
    assert list(classes.representatives) == [classes.representative(c) for c in range(len(classes))]


def test_classes_are_those_of_the_policies_of_both_directions() -> None:
    """A label that only an egress subject mentions parts pods too."""
    a, b = pod("a", app="x", tier="1"), pod("b", app="x", tier="2")
    it = world(a, b, egress=(policy("p", label_in(SRC, "pod", "tier", ["1"])),))
    classes = Classes(it.inventory, it.policies)
    assert classes.of[a] != classes.of[b]


CIRCUMSTANCES = (
    DIRECT,
    Circumstance(same=True),
    Circumstance(own_node=True),
    Circumstance(via=Virtual()),
    Circumstance(same=True, via=Virtual()),
)


def union(parts: Iterable[int]) -> int:
    """The union of sets of classes that have no class in common."""
    found = 0
    for part in parts:
        assert found & part == 0
        found |= part
    return found


@pytest.mark.parametrize("seed", range(40))
def test_partitions_are_what_partial_evaluation_says_of_each_class(seed: int) -> None:
    """For each predicate of random policies, side and circumstance: the parts are disjoint, cover every class, and hold
    for every member of a class what partial evaluation leaves of the predicate for that member."""
    it = random_world(Random(seed))
    classes, partial = Classes(it.inventory, it.policies), Partial(it.inventory, it.policies.vip_visible)
    bitsets = Bitsets(classes, it.inventory, partial)
    for pred in dict.fromkeys(predicates(it.policies)):
        for side, direction in ((Side.SRC, Direction.INGRESS), (Side.DST, Direction.EGRESS)):
            for how in CIRCUMSTANCES:
                parts = bitsets.parts(pred, side, how)
                assert union(part for part, _ in parts) == bitsets.all
                assert all(part for part, _ in parts)
                for part, left in parts:
                    for c in bits(part):
                        for end in classes.members[c]:
                            known = {"src": end} if side is Side.SRC else {"dst": end}
                            # the labels of one pod are made one on both sides only when a residual is complete
                            said = of_one_pod(left) if how.same else left
                            alone = partial.residual(pred, direction, how, **known)
                            # a named port is looked up once both ends are known, so it stays in a partition
                            assert alone is said or alone is partial.residual(left, direction, how, **known)


ENDS = (
    pod("a", ip="10.1.0.0"),
    pod("b", ip="10.1.255.255", ns="data"),
    pod("c", ip="10.2.0.0 fd00::1"),
    pod("d", ip="10.1.0.1 10.3.0.1"),
    pod("e"),
    pod("f", kind=EndpointKind.HOST_POD),
    node("n1", ip="192.168.0.1"),
)
PARTS: list[tuple[str, Pred, Side, set[str]]] = [
    ("everything", TRUE, SRC, {"a", "b", "c", "d", "e", "f", "n1", ""}),
    ("nothing", FALSE, SRC, set()),
    ("a kind", kind_is(SRC, EndpointKind.POD), SRC, {"a", "b", "c", "d", "e"}),
    ("the outside", kind_is(SRC, EndpointKind.EXTERNAL), SRC, {""}),
    ("two kinds", kind_is(SRC, EndpointKind.NODE, EndpointKind.HOST_POD), SRC, {"f", "n1"}),
    ("a namespace", namespace_is(SRC, "data"), SRC, {"b"}),
    ("all but a namespace", not_(namespace_is(SRC, "data")), SRC, {"a", "c", "d", "e", "f", "n1", ""}),
    ("a label", app(SRC, "a", "f"), SRC, {"a", "f"}),
    ("pods without a label", and_(not_(app(SRC, "a")), namespace_is(SRC, "shop")), SRC, {"c", "d", "e", "f"}),
    ("one or the other", or_(app(SRC, "a"), namespace_is(SRC, "data")), SRC, {"a", "b"}),
    ("a block up to its last address", block(SRC, "10.1.0.0/16"), SRC, {"a", "b"}),
    ("a block from its first address", block(SRC, "10.1.0.0/32"), SRC, {"a"}),
    ("a block of every family that it has", block(SRC, "192.168.0.0/24"), SRC, {"n1"}),
]  # fmt: skip


@pytest.mark.parametrize(("pred", "side", "want"), [r[1:] for r in PARTS], ids=[r[0] for r in PARTS])
def test_for_whom_a_predicate_is_true(pred: Pred, side: Side, want: set[str]) -> None:
    """The classes of the part that is TRUE; seen from the other side the predicate stays as it is."""
    it = world(*ENDS, ingress=(selecting(DST, "p", allow(pred)),), families=(4, 6))
    residuals = Residuals(it.inventory, it.policies)
    parts = residuals.bitsets.parts(pred, side, DIRECT)
    sure = [residuals.classes.members[c] for part, left in parts if left is TRUE for c in bits(part)]
    assert {end.name for ends in sure for end in ends} == want
    if pred not in (TRUE, FALSE):
        assert residuals.bitsets.parts(pred, side.other, DIRECT) == ((residuals.bitsets.all, pred),)


def test_the_circumstance_counts_where_a_predicate_looks_at_it() -> None:
    """What is remembered of one circumstance is not the answer for another."""
    it = world(*ENDS)
    bitsets = Residuals(it.inventory, it.policies).bitsets
    near, same = Circumstance(own_node=True), Circumstance(same=True)
    assert all(left is FALSE for _, left in bitsets.parts(own_node(SRC), SRC, DIRECT))
    assert any(left is TRUE for _, left in bitsets.parts(own_node(SRC), SRC, near))
    assert bitsets.parts(self_traffic(via_service=False), SRC, DIRECT) == ((bitsets.all, FALSE),)
    assert bitsets.parts(self_traffic(via_service=False), SRC, same) == ((bitsets.all, TRUE),)
    through = Circumstance(via=Virtual())
    seen = it.policies.vip_visible
    assert seen is FALSE
    assert bitsets.parts(block(DST, "10.1.0.0/16"), DST, through) == bitsets.parts(
        block(DST, "10.1.0.0/16"), DST, DIRECT
    )


def test_the_packet_is_left_alone() -> None:
    """An atom about the packet is one part, whoever the ends are."""
    bitsets = Residuals(world(*ENDS).inventory, world(*ENDS).policies).bitsets
    assert bitsets.parts(protocol_is("TCP"), SRC, DIRECT) == ((bitsets.all, protocol_is("TCP")),)


@pytest.mark.parametrize("seed", range(40))
def test_groups_part_the_peers(seed: int) -> None:
    """Of random policies, for each class as subject and each circumstance: the groups are disjoint, cover the peers that
    were asked for, and each has a residual of its own."""
    rng = Random(seed)
    it = random_world(rng)
    residuals = Residuals(it.inventory, it.policies)
    some = rng.getrandbits(len(residuals.classes)) or 1
    for direction in Direction:
        for c in range(len(residuals.classes)):
            subject = residuals.classes.representative(c)
            for how in CIRCUMSTANCES[:3]:
                for among in (None, some):
                    groups = residuals.groups(direction, residuals.signature(direction, c), subject, how, among)
                    asked = residuals.bitsets.all if among is None else among
                    assert union(g.peers for g in groups) == asked
                    assert len({g.residual for g in groups}) == len(groups)


def test_bits_of_a_set_ascend() -> None:
    """The members of a set of classes are its bits, lowest first."""
    assert list(bits(0)) == []
    assert list(bits(0b1)) == [0]
    assert list(bits(1 << 100 | 0b1010)) == [1, 3, 100]
