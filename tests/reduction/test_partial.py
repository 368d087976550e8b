"""Partial evaluation: what is left of an atom once the ends are known. One row per fact; the residual is written out."""

from __future__ import annotations

from itertools import product

import pytest

from helpers import http_clause
from npverify.inventory.addresses import Prefix
from npverify.inventory.labels import of_replica
from npverify.inventory.model import EXTERNAL, METADATA_NAME, ContainerPort, Endpoint, EndpointKind, PortOrigin
from npverify.inventory.placement import node_of
from npverify.inventory.unknowns import ABSENT, Unknown, fact, namespace_label, runtime_label
from npverify.inventory.unknowns import label_text as text_of
from npverify.normal.flow import Flow
from npverify.normal.policy import Direction
from npverify.normal.predicates import (
    FALSE,
    TRUE,
    Pred,
    Side,
    address_owned_by,
    and_,
    icmp_is,
    ite,
    kind_is,
    label_in,
    label_text,
    named_port_is,
    namespace_is,
    node_is,
    not_,
    or_,
    own_node,
    port_in,
    protocol_is,
    self_traffic,
    service_account_is,
    unknown_in,
)
from npverify.oracle import Oracle
from npverify.reduction.partial import DIRECT, Circumstance, Partial, Virtual, seen_on
from npverify.reduction.readings import under
from smallworld import DST, IN, OUT, SRC, app, block, node, on, pod, world

AFTER = fact("after translation")
VISIBLE = unknown_in(AFTER, "false")  # egress sees the virtual address
GET = Unknown("the HTTP request is GET", ("false", "true"), phrase="the HTTP request is GET", of_flow=True)
HASH = runtime_label("shop/many", "hash")
MAYBE = runtime_label("shop/many", "maybe", may_be_absent=True)
WEB = pod("web", ip="10.1.0.1", account="robot")
BOTH = pod("both", ip="10.1.0.2 fd00::2")
SEVERAL = pod("several", ip="10.1.0.3 10.2.0.3")
MANY = pod("many", many=True, hash=HASH, maybe=MAYBE)
HOST = pod("agent", kind=EndpointKind.HOST_POD, node="n1")
PORTS = tuple(
    ContainerPort(*row)
    for row in (
        ("sql", "TCP", 5432, PortOrigin.REGULAR),
        ("sql", "TCP", 5433, PortOrigin.REGULAR),
        ("sql", "UDP", 5434, PortOrigin.REGULAR),
        ("sql", "TCP", 5435, PortOrigin.INIT),
    )
)
DB = pod("db", ports=PORTS)
N1 = node("n1", ip="192.168.0.1")
ENDS = (WEB, BOTH, SEVERAL, MANY, HOST, DB, N1)
R = (PortOrigin.REGULAR,)


def partial(*, families: tuple[int, ...] = (4, 6), space: tuple[str, ...] = (), declared: bool = True) -> Partial:
    """Partial evaluation over the ends above."""
    at = world(*ENDS, families=families, pod_space=space, declared=declared)  # type: ignore[arg-type]
    return Partial(at.inventory, VISIBLE)


FOUR, SIX = block(SRC, "0.0.0.0/0"), block(SRC, "::/0")
ADDRESSES: list[tuple[str, dict[str, object], Endpoint, str, Pred]] = [
    ("a known address inside", {}, WEB, "10.1.0.0/16", TRUE),
    ("a known address outside", {}, WEB, "10.2.0.0/16", FALSE),
    ("a known address of the other family", {}, WEB, "::/0", FALSE),
    ("one of two families inside depends on the family", {}, BOTH, "10.1.0.0/16", FOUR),
    ("the IPv6 one too", {}, BOTH, "fd00::/8", SIX),
    ("both addresses of the family outside", {}, BOTH, "10.2.0.0/16", FALSE),
    ("one of several of a family stays open", {}, SEVERAL, "10.1.0.0/16", block(SRC, "10.1.0.0/16")),
    ("all of several of a family inside", {}, SEVERAL, "10.0.0.0/8", TRUE),
    ("an outside address stays open", {}, EXTERNAL, "10.1.0.0/16", block(SRC, "10.1.0.0/16")),
    ("an unknown address stays open", {}, MANY, "10.1.0.0/16", block(SRC, "10.1.0.0/16")),
    ("an unknown address is of either family", {}, MANY, "0.0.0.0/0", FOUR),
    ("in a cluster of one family it is of that", {"families": (4,)}, MANY, "0.0.0.0/0", TRUE),
    ("in a cluster of one family it is not of the other", {"families": (4,)}, MANY, "fd00::/8", FALSE),
    ("an unknown address is no loopback address", {}, MANY, "127.0.0.0/8", FALSE),
    ("nor within link-local ones", {}, MANY, "169.254.169.254/32", FALSE),
    ("a block around the space of pods holds", {"space": ("10.1.0.0/16",)}, MANY, "10.0.0.0/8", FOUR),
    ("a block that is the space of pods holds", {"space": ("10.1.0.0/16",)}, MANY, "10.1.0.0/16", FOUR),
    ("a block apart from the space does not hold", {"space": ("10.1.0.0/16",)}, MANY, "10.2.0.0/16", FALSE),
    ("a block in the space stays open", {"space": ("10.1.0.0/16",)}, MANY, "10.1.7.0/24", block(SRC, "10.1.7.0/24")),
    (
        "a block around one part of the space stays open",
        {"space": ("10.1.0.0/16", "10.2.0.0/16")},
        MANY,
        "10.1.0.0/16",
        block(SRC, "10.1.0.0/16"),
    ),
    (
        "a block around every part of the space holds",
        {"space": ("10.1.0.0/16", "10.2.0.0/16")},
        MANY,
        "10.0.0.0/8",
        FOUR,
    ),
    ("a space of the other family says nothing", {"space": ("fd00::/64",)}, MANY, "10.1.0.0/16", block(SRC, "10.1.0.0/16")),
    ("the space of pods is not that of hosts", {"space": ("10.1.0.0/16",)}, HOST, "10.1.0.0/16", FALSE),
    ("a pod on the host network lives where the nodes are", {}, HOST, "192.168.0.0/16", FOUR),
    ("and nowhere else", {}, HOST, "10.2.0.0/16", FALSE),
    ("with a space and one family a block around it is sure", {"space": ("10.1.0.0/16",), "families": (4,)}, MANY, "10.0.0.0/8", TRUE),
]  # fmt: skip


@pytest.mark.parametrize(("facts", "end", "cidr", "left"), [r[1:] for r in ADDRESSES], ids=[r[0] for r in ADDRESSES])
def test_an_address_is_in_a_block_as_far_as_the_inventory_tells(
    facts: dict[str, object], end: Endpoint, cidr: str, left: Pred
) -> None:
    """What is left of an address atom is a constant, the family, or the atom itself."""
    assert partial(**facts).address_in(end, SRC, Prefix.parse(cidr)) is left  # type: ignore[arg-type]


VIA = Circumstance(via=Virtual())
VIPS = Circumstance(via=Virtual(tuple(WEB.addresses), True))
TWO_VIPS = Circumstance(via=Virtual((*BOTH.addresses, *WEB.addresses), True))
SAME, NEAR = Circumstance(same=True), Circumstance(own_node=True)
SAME_VIA = Circumstance(same=True, via=Virtual())
OWNED = address_owned_by(DST, "pod")
NAMED = named_port_is("sql", "TCP", R, first_only=False)

ATOMS: list[tuple[str, Pred, Direction, Circumstance, Endpoint | None, Endpoint | None, Pred]] = [
    ("what is about the packet stays", on("TCP", 80), OUT, DIRECT, WEB, DB, on("TCP", 80)),
    ("a request is a fact about TCP", http_clause(["GET"], [], normalised=True), IN, DIRECT, WEB, DB, and_(protocol_is("TCP"), unknown_in(GET, "true"))),
    ("a request is a fact of any ends", http_clause(["GET"], [], normalised=True), OUT, DIRECT, None, None, and_(protocol_is("TCP"), unknown_in(GET, "true"))),
    ("ICMP stays", icmp_is(8), OUT, DIRECT, WEB, DB, icmp_is(8)),
    ("a switch stays", VISIBLE, OUT, DIRECT, WEB, DB, VISIBLE),
    ("an end that is not known stays", app(DST, "db"), OUT, DIRECT, WEB, None, app(DST, "db")),
    ("the other end is not looked at", app(SRC, "db"), OUT, DIRECT, WEB, DB, FALSE),
    ("a kind that it has", kind_is(SRC, EndpointKind.POD), OUT, DIRECT, WEB, DB, TRUE),
    ("a kind that it has not", kind_is(SRC, EndpointKind.POD), OUT, DIRECT, HOST, DB, FALSE),
    ("a pod is of its namespace", namespace_is(SRC, "shop"), OUT, DIRECT, WEB, DB, TRUE),
    ("a node is of no namespace", namespace_is(SRC, ""), OUT, DIRECT, N1, DB, FALSE),
    ("an account that it has", service_account_is(SRC, "robot"), OUT, DIRECT, WEB, DB, TRUE),
    ("a node has no account", service_account_is(SRC, "default"), OUT, DIRECT, N1, DB, FALSE),
    ("one of the values of a label", app(SRC, "api", "web"), OUT, DIRECT, WEB, DB, TRUE),
    ("a label that is there", label_in(SRC, "pod", "app", None), OUT, DIRECT, WEB, DB, TRUE),
    ("a label that is not there", label_in(SRC, "pod", "tier", None), OUT, DIRECT, WEB, DB, FALSE),
    ("a node has no labels of pods", label_in(SRC, "pod", "app", None), OUT, DIRECT, N1, DB, FALSE),
    ("a namespace carries its name", label_in(SRC, "namespace", METADATA_NAME, ["shop"]), OUT, DIRECT, WEB, DB, TRUE),
    ("a declared namespace lacks other labels", label_in(SRC, "namespace", "env", None), OUT, DIRECT, WEB, DB, FALSE),
    ("a node is in no namespace", label_in(SRC, "namespace", METADATA_NAME, None), OUT, DIRECT, N1, DB, FALSE),
    ("a label that is not known is one at both ends of one pod", label_in(DST, "pod", "hash", ["abc"]), IN, SAME, MANY, MANY, seen_on(unknown_in(HASH, "abc"), MANY, SRC)),
    ("the text of such a label is a fact of its own", label_text(SRC, "pod", "hash", "contains", "b"), OUT, DIRECT, MANY, DB, unknown_in(text_of(of_replica(HASH, MANY, "src"), "contains", "b"), "true")),
    (
        "and false of one that is absent",
        label_text(SRC, "pod", "maybe", "contains", "b"),
        OUT,
        DIRECT,
        MANY,
        DB,
        and_(not_(unknown_in(of_replica(MAYBE, MANY, "src"), ABSENT)), unknown_in(text_of(of_replica(MAYBE, MANY, "src"), "contains", "b"), "true")),
    ),
    ("one pod talks to itself", self_traffic(via_service=False), OUT, SAME, WEB, WEB, TRUE),
    ("two pods do not", self_traffic(via_service=False), OUT, DIRECT, WEB, DB, FALSE),
    ("through a Service it is another matter", self_traffic(via_service=False), OUT, SAME_VIA, WEB, WEB, FALSE),
    ("itself through a Service", self_traffic(via_service=True), IN, SAME_VIA, WEB, WEB, TRUE),
    ("the node of the pod", own_node(SRC), IN, NEAR, N1, DB, TRUE),
    ("another node", own_node(SRC), IN, DIRECT, N1, DB, FALSE),
    ("a pod on the host network of the node", own_node(SRC), IN, NEAR, HOST, DB, TRUE),
    ("a pod beside it is no node", own_node(DST), OUT, NEAR, N1, DB, FALSE),
    ("a pod owns its address", OWNED, OUT, DIRECT, WEB, DB, TRUE),
    ("a host-network pod has its node's", OWNED, OUT, DIRECT, WEB, HOST, FALSE),
    ("an outside address is external", address_owned_by(SRC, "external"), IN, DIRECT, EXTERNAL, DB, TRUE),
    ("egress may see that of the Service", OWNED, OUT, VIA, WEB, DB, not_(VISIBLE)),
    ("ingress sees the pod's", OWNED, IN, VIA, WEB, DB, TRUE),
    ("the source's is its own in any case", address_owned_by(SRC, "pod"), OUT, VIA, WEB, DB, TRUE),
    (
        "egress may see an unknown virtual address",
        block(DST, "10.1.0.0/16"),
        OUT,
        VIA,
        DB,
        WEB,
        ite(VISIBLE, block(Side.VIP, "10.1.0.0/16"), TRUE),
    ),
    ("ingress sees the address of the pod", block(DST, "10.1.0.0/16"), IN, VIA, DB, WEB, TRUE),
    ("the source's address is its own", block(SRC, "10.1.0.0/16"), OUT, VIA, WEB, DB, TRUE),
    ("a known virtual address inside", block(DST, "10.1.0.0/16"), OUT, VIPS, DB, N1, VISIBLE),
    ("a known virtual address outside", block(DST, "192.168.0.0/24"), OUT, VIPS, DB, N1, not_(VISIBLE)),
    (
        "one of several virtual addresses of a family stays open",
        block(DST, "10.1.0.2/32"),
        OUT,
        TWO_VIPS,
        DB,
        N1,
        and_(VISIBLE, block(Side.VIP, "10.1.0.2/32")),
    ),
    (
        "the only virtual address of its family depends on the family",
        block(DST, "fd00::/8"),
        OUT,
        TWO_VIPS,
        DB,
        N1,
        and_(VISIBLE, block(Side.VIP, "::/0")),
    ),
    ("a named port is every number that has the name", NAMED, OUT, DIRECT, WEB, DB, and_(protocol_is("TCP"), or_(port_in(5432, 5432), port_in(5433, 5433)))),
    ("or the first one alone", named_port_is("sql", "TCP", R, first_only=True), OUT, DIRECT, WEB, DB, on("TCP", 5432)),
    ("its protocol counts", named_port_is("sql", "UDP", R, first_only=False), OUT, DIRECT, WEB, DB, on("UDP", 5434)),
    ("its container counts", named_port_is("sql", "TCP", (PortOrigin.INIT,), first_only=False), OUT, DIRECT, WEB, DB, on("TCP", 5435)),
    ("a pod without it", NAMED, OUT, DIRECT, DB, WEB, FALSE),
    ("no name at an outside address", NAMED, OUT, DIRECT, DB, EXTERNAL, FALSE),
    ("a destination that is not known", NAMED, OUT, DIRECT, DB, None, NAMED),
]  # fmt: skip


@pytest.mark.parametrize(
    ("pred", "direction", "how", "src", "dst", "left"), [r[1:] for r in ATOMS], ids=[r[0] for r in ATOMS]
)
def test_what_is_left_when_the_ends_are_known(
    pred: Pred, direction: Direction, how: Circumstance, src: Endpoint | None, dst: Endpoint | None, left: Pred
) -> None:
    """An atom about an end becomes a constant, or what stays open of it; so it is under connectives."""
    fill = partial()
    other = protocol_is("SCTP")
    assert fill.residual(pred, direction, how, src=src, dst=dst) is left
    assert fill.residual(not_(pred), direction, how, src=src, dst=dst) is not_(left)
    assert fill.residual(and_(pred, other), direction, how, src=src, dst=dst) is and_(left, other)
    assert fill.residual(or_(pred, other), direction, how, src=src, dst=dst) is or_(left, other)


def test_run_time_labels_are_those_of_one_side() -> None:
    """The hash of a replica is another unknown at the source than at the destination, in policies and in conditions."""
    fill = partial()
    src, dst = (
        fill.residual(label_in(s, "pod", "hash", ["abc"]), OUT, src=MANY, dst=MANY) for s in (Side.SRC, Side.DST)
    )
    assert src is not dst
    condition = unknown_in(HASH, "abc")
    assert (seen_on(condition, MANY, Side.SRC), seen_on(condition, MANY, Side.DST)) == (src, dst)
    assert seen_on(condition, WEB, Side.SRC) is condition


N2 = node("n2", ip="192.168.0.2")
AT = node_of(MANY, "src", world(N1, N2).inventory), node_of(MANY, "dst", world(N1, N2).inventory)
PLACES: list[tuple[str, Pred, Circumstance, Endpoint, Endpoint, Pred]] = [
    ("a pod on its node", node_is(SRC, "n1"), DIRECT, HOST, DB, TRUE),
    ("and on no other", node_is(SRC, "n2"), DIRECT, HOST, DB, FALSE),
    ("a node is itself", node_is(DST, "n2"), DIRECT, DB, N2, TRUE),
    ("an outside address is on none", node_is(SRC, "n1"), DIRECT, EXTERNAL, DB, FALSE),
    ("a sender may run on either", node_is(SRC, "n1"), DIRECT, MANY, DB, unknown_in(AT[0], "n1")),
    ("another replica elsewhere", node_is(DST, "n1"), DIRECT, MANY, MANY, unknown_in(AT[1], "n1")),
    ("one pod is in one place", node_is(DST, "n1"), SAME, MANY, MANY, unknown_in(AT[0], "n1")),
    ("a pod beside its node", node_is(DST, "n1"), NEAR, N1, MANY, TRUE),
    ("a pod beside another node", node_is(SRC, "n1"), NEAR, MANY, N2, FALSE),
]


@pytest.mark.parametrize(("pred", "how", "src", "dst", "left"), [r[1:] for r in PLACES], ids=[r[0] for r in PLACES])
def test_where_a_pod_runs(pred: Pred, how: Circumstance, src: Endpoint, dst: Endpoint, left: Pred) -> None:
    """Where manifests do not say it is unknown, for a replica on each side of its own; the oracle says so under each reading."""
    at = world(MANY, DB, HOST, N1, N2)
    found = Partial(at.inventory, VISIBLE).residual(pred, OUT, how, src=src, dst=dst)
    assert found is left
    oracle = Oracle(at.policies, at.inventory)
    flow = Flow(src, dst, "TCP", 80, same=how.same, own_node=how.own_node)
    for values in product(("n1", "n2"), repeat=2):
        reading = dict(zip((unknown.name for unknown in AT), values, strict=True))
        assert oracle.holds(pred, flow, reading, OUT) is (under(left, reading) is TRUE)


def test_a_label_that_may_be_absent_exists_where_it_is_not() -> None:
    """`Exists` on a label that the controller may leave out is open; on one that it always sets it is true."""
    fill = partial()
    assert fill.residual(label_in(SRC, "pod", "hash", None), OUT, src=MANY) is TRUE
    left = fill.residual(label_in(SRC, "pod", "maybe", None), OUT, src=MANY)
    assert left is not_(seen_on(unknown_in(MAYBE, ABSENT), MANY, SRC))


def test_labels_of_an_undeclared_namespace_are_unknown() -> None:
    """But for its name, which the server sets, a label of a namespace that is only used may have any value."""
    fill = partial(declared=False)
    env = label_in(SRC, "namespace", "env", ["prod"])
    assert fill.residual(env, OUT, src=WEB) is unknown_in(namespace_label("shop", "env"), "prod")
    assert fill.residual(label_in(SRC, "namespace", METADATA_NAME, ["shop"]), OUT, src=WEB) is TRUE
    assert fill.residual(label_in(SRC, "namespace", METADATA_NAME, ["data"]), OUT, src=WEB) is FALSE
