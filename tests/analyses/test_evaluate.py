"""Verdicts under the default reading, and what they depend on: one row per fact."""

from __future__ import annotations

from dataclasses import replace

import pytest

from npverify.analyses.blocks import blocks, cells, possible, representative
from npverify.analyses.evaluate import evaluate, evaluate_query, evaluator
from npverify.analyses.flows import OTHER_FAMILY, read_flow
from npverify.analyses.world import World
from npverify.inventory.addresses import Address, Prefix
from npverify.inventory.model import EXTERNAL, Backend, EndpointKind, Service, ServicePort, WorkloadRef
from npverify.inventory.unknowns import Unknown, fact, runtime_label
from npverify.normal.flow import Flow, Via
from npverify.normal.policy import Exemption
from npverify.normal.predicates import (
    TRUE,
    Pred,
    address_owned_by,
    and_,
    label_in,
    not_,
    or_,
    own_node,
    protocol_is,
    unknown_in,
)
from npverify.oracle import Oracle
from smallworld import DST, IN, OUT, SRC, allow, app, block, node, on, pod, selecting, world

LITERAL = Unknown("ipblock_matches_pods", ("literal", "never"), "switch")
SPOOKY = fact("spooky")
HASH = runtime_label("shop/web", "hash")
WEB = pod("web", many=True, hash=HASH)
DB, KNOWN = pod("db"), pod("known", ip="10.1.0.1")
N1 = node("n1", ip="192.168.0.1")
OUTSIDE = Address.parse("203.0.113.9")


def db_admits(*peers: Pred, **more) -> World:
    """A world in which the database is isolated and admits these peers on every port."""
    return world(WEB, DB, KNOWN, N1, ingress=[selecting(DST, "db", *map(allow, peers), on_apps=["db"])], **more)


IP_BLOCK = and_(block(SRC, "10.0.0.0/8"), or_(not_(address_owned_by(SRC, "pod")), unknown_in(LITERAL, "literal")))
EVERY_IPV4 = block(SRC, "0.0.0.0/0")
PROD = label_in(SRC, "namespace", "env", ["prod"])

DEPENDS = [
    ("nothing unknown is looked at", db_admits(app(SRC, "web")), WEB, True, ()),
    ("a switch that matters", db_admits(and_(app(SRC, "known"), IP_BLOCK)), KNOWN, True, ("ipblock_matches_pods",)),
    ("a switch that another rule makes up for", db_admits(IP_BLOCK, app(SRC, "known")), KNOWN, True, ()),
    ("a fact that would allow", db_admits(unknown_in(SPOOKY, "true")), WEB, False, ("spooky",)),
    ("a fact behind what does not match", db_admits(and_(app(SRC, "api"), unknown_in(SPOOKY, "true"))), WEB, False, ()),
    ("a fact in a policy on others", world(WEB, DB, ingress=[selecting(DST, "p", allow(unknown_in(SPOOKY, "true")), on_apps=["web"])]), WEB, True, ()),
    ("an unknown address may be in the block", db_admits(block(SRC, "10.0.0.0/8")), WEB, False, ("address of shop/web",)),
    ("both unknowns of one rule", db_admits(IP_BLOCK), WEB, False, ("address of shop/web",)),
    ("an unknown address is in all of IPv4", db_admits(EVERY_IPV4), WEB, True, ()),
    ("the space of pods settles an address outside", db_admits(block(SRC, "10.0.0.0/8"), pod_space=("172.16.0.0/12",)), WEB, False, ()),
    ("the space of pods settles an address inside", db_admits(block(SRC, "10.0.0.0/8"), pod_space=("10.2.0.0/16",)), WEB, True, ()),
    ("a space that the block cuts", db_admits(block(SRC, "10.0.0.0/9"), pod_space=("10.0.0.0/8",)), WEB, False, ("address of shop/web",)),
    ("a block where no pod can be", db_admits(block(SRC, "169.254.0.0/16")), WEB, False, ()),
    ("a known address is no unknown", db_admits(block(SRC, "10.0.0.0/8")), KNOWN, True, ()),
    ("the fewest blocks", db_admits(not_(block(SRC, "10.0.0.0/8"))), WEB, True, ("address of shop/web",)),
    ("a label of an undeclared namespace", db_admits(PROD, declared=False), WEB, False, ("label env of namespace shop",)),
    ("a label that a declared namespace lacks", db_admits(PROD), WEB, False, ()),
    ("a run-time label", db_admits(label_in(SRC, "pod", "hash", ["7f"])), WEB, False, ("label hash of shop/web (source)",)),
    ("that a run-time label is there", db_admits(label_in(SRC, "pod", "hash", None)), WEB, True, ()),
]  # fmt: skip


@pytest.mark.parametrize(("it", "src", "allowed", "depends"), [d[1:] for d in DEPENDS], ids=[d[0] for d in DEPENDS])
def test_what_a_verdict_depends_on(it: World, src, allowed: bool, depends: tuple[str, ...]) -> None:
    """The verdict of the default reading, and exactly the unknowns that alone would turn it around."""
    flow = Flow(src, DB, "TCP", 5432, src.addresses[0] if src.addresses else None)
    evaluation = evaluate(it, flow)
    assert (evaluation.verdict.allowed, evaluation.depends) == (allowed, depends)
    assert evaluate(it, flow) is evaluation, "what is remembered is the same"
    assert evaluation.flow is flow


def test_the_node_of_a_pod_may_matter() -> None:
    """Where nobody knows on which node a pod runs, a node's traffic to it may be exempt."""
    near = Exemption("own node", own_node(SRC), True, "")
    it = db_admits(exempt={IN: (near,)})
    assert evaluate(it, Flow(N1, DB, "TCP", 80)).depends == ("node of shop/db",)
    assert evaluate(it, Flow(N1, DB, "TCP", 80, own_node=True)).depends == ()
    placed = pod("db", node="n2")
    elsewhere = world(placed, N1, ingress=[selecting(DST, "db")], exempt={IN: (near,)})
    assert evaluate(elsewhere, Flow(N1, placed, "TCP", 80)).depends == ()


def test_the_virtual_address_of_a_service_may_matter() -> None:
    """Where translation comes after policy, an unknown virtual address is an unknown like any other."""
    rule = allow(block(DST, "10.96.0.0/16"))
    it = world(WEB, DB, egress=[selecting(SRC, "p", rule, on_apps=["web"])], vip_visible=TRUE)
    through = Flow(WEB, DB, "TCP", 80, via=Via("shop", "db", None, 80))
    assert evaluate(it, through).depends == ("address of service shop/db",)
    known = replace(through, via=Via("shop", "db", Address.parse("10.96.0.1"), 80))
    assert (evaluate(it, known).verdict.allowed, evaluate(it, known).depends) == (True, ())


def test_an_address_is_chosen_in_the_family_of_the_flow() -> None:
    """A pod of which no address is known is reached over IPv6 by an IPv6 address."""
    it = world(DB, ingress=[selecting(DST, "p", allow(block(DST, "::/0")))], families=(4, 6))
    assert evaluate(it, Flow(EXTERNAL, DB, "TCP", 80, Address.parse("2001:db8::1"))).verdict.allowed
    assert not evaluate(it, Flow(EXTERNAL, DB, "TCP", 80, OUTSIDE)).verdict.allowed
    six = world(DB, ingress=[selecting(DST, "p", allow(block(DST, "::/0")))], families=(6,))
    assert evaluate(six, Flow(WEB, DB, "TCP", 80)).verdict.allowed


@pytest.mark.parametrize(("it", "src"), [d[1:3] for d in DEPENDS], ids=[d[0] for d in DEPENDS])
def test_an_evaluation_is_the_oracle_on_the_settled_flow(it: World, src) -> None:
    """Nothing but the unknown addresses is added to what the oracle says."""
    flow = Flow(src, DB, "TCP", 5432, src.addresses[0] if src.addresses else None)
    settled = evaluator(it).settled(flow)
    verdict = Oracle(it.policies, it.inventory).decide(settled)
    assert evaluate(it, flow).verdict == verdict
    assert settled.src_ip is not None
    assert flow.src_ip in (None, settled.src_ip)


A0, A1 = (pod(f"api-{n}", of=WorkloadRef("StatefulSet", "shop", "api"), index=str(n)) for n in (0, 1))
API = Service(
    "shop", "api", "ClusterIP", (ServicePort("", "TCP", 80, 8080),), {0: (Backend(A0, 8080), Backend(A1, 8080))}
)


def test_replicas_that_fare_differently() -> None:
    """The verdict is that of the first pod of a workload; that another would fare otherwise is told."""
    only_first = allow(label_in(SRC, "pod", "index", ["0"]))
    it = world(A0, A1, DB, ingress=[selecting(DST, "db", only_first, on_apps=["db"])])
    query = read_flow({"src": {"workload": "shop/api"}, "dst": {"pod": "shop/db"}, "port": 80}, it.inventory)
    evaluation = evaluate_query(it, query)
    assert (evaluation.verdict.allowed, evaluation.depends) == (True, ("which replica of shop/api",))


def test_backends_that_fare_differently() -> None:
    """A Service may pick any backend, so a flow to it passes only if it passes to each."""
    it = world(A0, A1, DB, ingress=[selecting(DST, "p", on_apps=["api-1"])], services=[API])
    query = read_flow({"src": {"pod": "shop/db"}, "dst": {"service": "shop/api"}, "port": 80}, it.inventory)
    evaluation = evaluate_query(it, query)
    assert (evaluation.flow.dst, evaluation.verdict.allowed) == (A1, False)
    assert evaluation.depends == ("which backend of service shop/api",)
    open_ = world(A0, A1, DB, services=[API])
    assert evaluate_query(open_, query).depends == ()


DUAL, TWIN = pod("dual", ip="10.1.0.2 fd00::2"), pod("twin", ip="10.1.0.3 fd00::3")
TO_TWIN = {"dst": {"pod": "shop/twin"}, "port": 80}
ONLY_4, ONLY_6 = (
    selecting(DST, "p", allow(block(SRC, cidr)), on_apps=["twin", "web"]) for cidr in ("10.0.0.0/8", "fd00::/8")
)
OVER_IPV6 = [
    ("IPv4 alone passes", ONLY_4, {"src": {"pod": "shop/dual"}, **TO_TWIN}, True, True),
    ("IPv6 alone passes", ONLY_6, {"src": {"pod": "shop/dual"}, **TO_TWIN}, False, True),
    ("both are denied", selecting(DST, "p", on_apps=["twin"]), {"src": {"pod": "shop/dual"}, **TO_TWIN}, False, False),
    ("the source has IPv4 alone", ONLY_4, {"src": {"pod": "shop/known"}, **TO_TWIN}, True, False),
    ("an address is given", ONLY_4, {"src": {"ip": "fd00::9"}, **TO_TWIN}, False, False),
    ("addresses that are not known", selecting(DST, "p", allow(EVERY_IPV4), on_apps=["web"]), {"src": {"pod": "shop/db"}, "dst": {"workload": "shop/web"}, "port": 80}, True, True),
    ("a ping", ONLY_4, {"src": {"pod": "shop/dual"}, "dst": {"pod": "shop/twin"}, "protocol": "ICMP"}, True, True),
    ("a message of ICMP for IPv4", ONLY_4, {"src": {"pod": "shop/dual"}, "dst": {"pod": "shop/twin"}, "icmp": {"type": 8}}, True, False),
]  # fmt: skip


@pytest.mark.parametrize(
    ("policy", "value", "allowed", "told"), [r[1:] for r in OVER_IPV6], ids=[r[0] for r in OVER_IPV6]
)
def test_what_ipv6_fares_otherwise_is_told(policy, value: dict[str, object], allowed: bool, told: bool) -> None:
    """Where nothing says which family is meant the verdict is that of IPv4, and that IPv6 has another one is told."""
    it = world(WEB, DB, KNOWN, DUAL, TWIN, ingress=[policy], families=(4, 6))
    evaluation = evaluate_query(it, read_flow(value, it.inventory))
    assert evaluation.verdict.allowed is allowed
    assert (OTHER_FAMILY in evaluation.depends) is told


CIDRS = [
    ("nothing", 4, [], []),
    ("everything", 4, [(0, 2**32 - 1)], ["0.0.0.0/0"]),
    ("everything of IPv6", 6, [(0, 2**128 - 1)], ["::/0"]),
    ("one address", 4, [(1, 1)], ["0.0.0.1/32"]),
    ("touching ranges are one", 4, [(4, 7), (0, 3)], ["0.0.0.0/29"]),
    ("a range that is no block", 4, [(1, 4)], ["0.0.0.1/32", "0.0.0.2/31", "0.0.0.4/32"]),
]


@pytest.mark.parametrize(("family", "ranges", "expected"), [c[1:] for c in CIDRS], ids=[c[0] for c in CIDRS])
def test_ranges_become_the_fewest_blocks(family, ranges, expected: list[str]) -> None:
    """Ranges of addresses are told as the fewest prefixes that hold exactly them."""
    assert [str(p) for p in blocks(family, ranges)] == expected


def test_cells_count_the_blocks_around_them() -> None:
    """Every address is in one cell, which knows in how many of the prefixes it lies."""
    ten, inner = Prefix.parse("10.0.0.0/8"), Prefix.parse("10.1.0.0/16")
    found = cells(4, [ten, inner, ten, Prefix.parse("fd00::/8")])
    assert [c.inside for c in found] == [0, 1, 2, 1, 0]
    assert [c.first for c in found[1:]] == [c.last + 1 for c in found[:-1]]
    assert (found[0].first, found[-1].last) == (0, 2**32 - 1)


def test_an_unknown_address_is_where_a_pod_can_be() -> None:
    """Loopback, link-local and multicast addresses never stand for a pod; the space of pods bounds the rest."""
    assert str(representative(4, [])) == "1.0.0.0"
    assert str(representative(4, [Prefix.parse("0.0.0.0/1")])) == "128.0.0.0"
    assert str(representative(4, [Prefix.parse("10.0.0.0/9")], [Prefix.parse("10.0.0.0/8")])) == "10.128.0.0"
    assert representative(4, [], [Prefix.parse("127.0.0.0/16")]) is None
    assert all(c.first != 127 << 24 for c in possible(4, [Prefix.parse("127.0.0.0/16")]))


def test_traffic_of_a_pod_on_the_host_network_from_anywhere() -> None:
    """The space of pods says nothing about the addresses of nodes."""
    host = pod("agent", kind=EndpointKind.HOST_POD)
    rule = allow(block(SRC, "172.16.0.0/12"), and_(protocol_is("TCP"), on("TCP", 80)))
    it = world(host, DB, ingress=[selecting(DST, "p", rule)], pod_space=("10.0.0.0/8",))
    assert evaluate(it, Flow(host, DB, "TCP", 80)).depends == ("address of shop/agent",)
    assert evaluate(it, Flow(DB, host, "TCP", 80)).verdict.egress.direction is OUT
