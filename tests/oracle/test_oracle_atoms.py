"""What each atom of the normal form means on one concrete flow: one row per fact."""

from __future__ import annotations

import pytest

from helpers import http_clause
from npverify.inventory.addresses import Address
from npverify.inventory.model import EXTERNAL, METADATA_NAME, ContainerPort, EndpointKind, PortOrigin
from npverify.inventory.unknowns import ABSENT, OTHER, fact, namespace_label, runtime_label
from npverify.inventory.unknowns import label_text as text_of
from npverify.normal.flow import Flow, Request, Via
from npverify.normal.policy import Direction
from npverify.normal.predicates import (
    FALSE,
    TRUE,
    Pred,
    address_owned_by,
    and_,
    icmp_is,
    kind_is,
    label_in,
    label_text,
    named_port_is,
    namespace_is,
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
from smallworld import DST, IN, OUT, SRC, app, block, node, pod, world

HASH = runtime_label("shop/web", "hash")
INDEX = runtime_label("shop/web", "index", known="0")
WEB = pod("web", account="robot", ip="10.1.0.1", hash=HASH, index=INDEX, empty="")
DB = pod(
    "db",
    ns="data",
    ip="10.1.0.2",
    node="n1",
    ports=(
        ContainerPort("sql", "TCP", 5432),
        ContainerPort("sql", "TCP", 5433),
        ContainerPort("sql", "UDP", 5434),
        ContainerPort("side", "TCP", 9000, PortOrigin.SIDECAR),
        ContainerPort("init", "TCP", 9100, PortOrigin.INIT),
    ),
)
HOST = pod("agent", kind=EndpointKind.HOST_POD, node="n1", ports=(ContainerPort("sql", "TCP", 5432),))
N1 = node("n1", ip="192.168.0.1")
OUTSIDE = Address.parse("203.0.113.9")
VIA = Via("data", "db", Address.parse("10.96.0.7"), 80)
ALL = tuple(PortOrigin)
F, R = fact("spooky"), (PortOrigin.REGULAR,)
ENV = namespace_label("data", "env")


def flow(src=WEB, dst=DB, protocol="TCP", port=5432, **more) -> Flow:
    addresses = {
        "src_ip": src.addresses[0] if src.addresses else None,
        "dst_ip": dst.addresses[0] if dst.addresses else None,
    }
    return Flow(src, dst, protocol, port, **{**addresses, **more})


GET_PUB = http_clause(["GET"], [("prefix", "/pub")], normalised=True)
PING = flow(protocol="ICMP", port=None, icmp=(8, 0))
FROM_OUTSIDE = flow(src=EXTERNAL, src_ip=OUTSIDE)
UNKNOWN = flow(src_ip=None, dst_ip=None)
SIX = flow(src_ip=None, dst_ip=Address.parse("fd00::2"))

FACTS = [
    ("true is true", TRUE, flow(), True),
    ("false is false", FALSE, flow(), False),
    ("not turns around", not_(protocol_is("UDP")), flow(), True),
    ("and needs both", and_(protocol_is("TCP"), port_in(1, 2)), flow(), False),
    ("or needs one", or_(protocol_is("UDP"), port_in(5432, 5432)), flow(), True),
    ("a pod is a pod", kind_is(SRC, EndpointKind.POD), flow(), True),
    ("a pod on the host network is another kind", kind_is(SRC, EndpointKind.POD), flow(src=HOST), False),
    ("sides are told apart", namespace_is(SRC, "data"), flow(), False),
    ("a namespace by name", namespace_is(DST, "data"), flow(), True),
    ("an outside address is in no namespace", namespace_is(SRC, ""), FROM_OUTSIDE, False),
    ("a label with the value", app(SRC, "web", "api"), flow(), True),
    ("a label with another value", app(SRC, "api"), flow(), False),
    ("a label that is absent", label_in(SRC, "pod", "tier", ["web"]), flow(), False),
    ("a label that is there", label_in(SRC, "pod", "app", None), flow(), True),
    ("an empty value is there", label_in(SRC, "pod", "empty", None), flow(), True),
    ("an empty value is a value", label_in(SRC, "pod", "empty", [""]), flow(), True),
    ("an outside address has no label", label_in(SRC, "pod", "app", None), FROM_OUTSIDE, False),
    ("a pod on the host network has its labels", app(SRC, "agent"), flow(src=HOST), True),
    ("the name of a namespace is a label", label_in(DST, "namespace", METADATA_NAME, ["data"]), flow(), True),
    ("an outside address has no namespace label", label_in(SRC, "namespace", METADATA_NAME, None), FROM_OUTSIDE, False),
    ("a service account", service_account_is(SRC, "robot"), flow(), True),
    ("another service account", service_account_is(DST, "robot"), flow(), False),
    ("an address in a block", block(SRC, "10.1.0.0/24"), flow(), True),
    ("an address outside of it", block(SRC, "10.2.0.0/24"), flow(), False),
    ("an outside address in a block", block(SRC, "203.0.113.0/24"), FROM_OUTSIDE, True),
    ("a block of the other family", block(SRC, "::/0"), flow(), False),
    ("an unknown address is in everything of IPv4", block(SRC, "0.0.0.0/0"), UNKNOWN, True),
    ("an unknown address is in no smaller block", block(SRC, "0.0.0.0/1"), UNKNOWN, False),
    ("an unknown address has the family of the other end", block(SRC, "::/0"), SIX, True),
    ("and not the other family", block(SRC, "0.0.0.0/0"), SIX, False),
    ("a pod owns its address", address_owned_by(SRC, "pod"), flow(), True),
    ("a node owns that of pods on its network", address_owned_by(SRC, "node"), flow(src=HOST), True),
    ("and not the pod", address_owned_by(SRC, "pod"), flow(src=HOST), False),
    ("a node owns its address", address_owned_by(SRC, "node", "external"), flow(src=N1), True),
    ("an outside address is external", address_owned_by(SRC, "external"), FROM_OUTSIDE, True),
    ("a protocol", protocol_is("TCP", "UDP"), flow(), True),
    ("the first port of a range", port_in(5432, 5440), flow(), True),
    ("the last port of a range", port_in(5400, 5432), flow(), True),
    ("a port beyond the range", port_in(5433, 5440), flow(), False),
    ("ICMP has no ports", port_in(0, 65535), PING, False),
    ("a named port by number", named_port_is("sql", "TCP", R, first_only=True), flow(), True),
    ("a name that is declared twice, first only", named_port_is("sql", "TCP", R, first_only=True), flow(port=5433), False),
    ("a name that is declared twice, all", named_port_is("sql", "TCP", R, first_only=False), flow(port=5433), True),
    ("a named port has a protocol", named_port_is("sql", "UDP", R, first_only=False), flow(port=5432), False),
    ("the number must be that of the protocol", named_port_is("sql", "TCP", R, first_only=False), flow(port=5434), False),
    ("a sidecar's port", named_port_is("side", "TCP", ALL, first_only=False), flow(port=9000), True),
    ("a sidecar's port that does not count", named_port_is("side", "TCP", R, first_only=False), flow(port=9000), False),
    ("a port of an init container", named_port_is("init", "TCP", ALL, first_only=False), flow(port=9100), True),
    ("the source's ports do not count", named_port_is("sql", "TCP", ALL, first_only=False), flow(src=DB, dst=WEB), False),
    ("an outside address has no named port", named_port_is("sql", "TCP", ALL, first_only=False), flow(dst=EXTERNAL), False),
    ("ICMP of a type", icmp_is(8), PING, True),
    ("ICMP of a type and code", icmp_is(8, 0), PING, True),
    ("ICMP of another code", icmp_is(8, 1), PING, False),
    ("ICMP of another type", icmp_is(0), PING, False),
    ("TCP is no ICMP", icmp_is(8), flow(), False),
    ("a request", GET_PUB, flow(http=Request("GET", "/pub/x")), True),
    ("another request", GET_PUB, flow(http=Request("PUT", "/pub/x")), False),
    ("a request that is not known is none", GET_PUB, flow(), False),
    ("no request without TCP", GET_PUB, flow(protocol="UDP", http=Request("GET", "/pub")), False),
    ("an unknown has its default", unknown_in(F, "false"), flow(), True),
    ("a run-time label has some value", label_in(SRC, "pod", "hash", None), flow(), True),
    ("but none that is known", label_in(SRC, "pod", "hash", ["abc"]), flow(), False),
    ("two different pods", self_traffic(via_service=False), flow(), False),
    ("one pod", self_traffic(via_service=False), flow(dst=WEB, same=True), True),
    ("two replicas", self_traffic(via_service=False), flow(dst=WEB), False),
    ("one pod directly is not through a service", self_traffic(via_service=True), flow(dst=WEB, same=True), False),
    ("one pod through a service", self_traffic(via_service=True), flow(dst=WEB, same=True, via=VIA), True),
    ("the own node", own_node(SRC), flow(src=N1, own_node=True), True),
    ("a pod on the host network of the own node", own_node(SRC), flow(src=HOST, own_node=True), True),
    ("another node", own_node(SRC), flow(src=N1), False),
    ("the pod is not the node", own_node(DST), flow(src=N1, own_node=True), False),
]  # fmt: skip


@pytest.mark.parametrize(("pred", "at", "truth"), [f[1:] for f in FACTS], ids=[f[0] for f in FACTS])
def test_an_atom_on_a_flow(pred: Pred, at: Flow, truth: bool) -> None:
    """The predicate has this truth value in the default reading."""
    it = world(WEB, DB, HOST, N1)
    assert Oracle(it.policies, it.inventory).holds(pred, at) is truth


HAS_B, HAS_0 = text_of(HASH, "contains", "b"), text_of(INDEX, "contains", "0")
READINGS = [
    ("a fact that is true", unknown_in(F, "true"), {"spooky": "true"}, True),
    ("a fact that is false", unknown_in(F, "true"), {}, False),
    ("a run-time label with that value", label_in(SRC, "pod", "hash", ["abc"]), {HASH.name: "abc"}, True),
    ("a run-time label that is absent", label_in(SRC, "pod", "index", None), {INDEX.name: ABSENT}, False),
    ("a run-time label whose value is known if it is there", label_in(SRC, "pod", "index", ["0"]), {}, True),
    ("a label of an undeclared namespace", label_in(DST, "namespace", "env", ["prod"]), {ENV.name: "prod"}, True),
    ("is absent by default", label_in(DST, "namespace", "env", None), {}, False),
    ("may have a value that nobody mentions", label_in(DST, "namespace", "env", None), {ENV.name: OTHER}, True),
    ("its text is a fact of its own", label_text(SRC, "pod", "hash", "contains", "b"), {HAS_B.name: "true"}, True),
    ("which is false by default", label_text(SRC, "pod", "hash", "contains", "b"), {HASH.name: "abc"}, False),
    ("a label that is absent has no text", label_text(SRC, "pod", "index", "contains", "0"), {INDEX.name: ABSENT, HAS_0.name: "true"}, False),
    ("its name is known all the same", label_in(DST, "namespace", METADATA_NAME, ["data"]), {}, True),
]  # fmt: skip


@pytest.mark.parametrize(("pred", "reading", "truth"), [r[1:] for r in READINGS], ids=[r[0] for r in READINGS])
def test_an_atom_under_a_reading(pred: Pred, reading: dict[str, str], truth: bool) -> None:
    """The reading decides about what is unknown; here no namespace is declared."""
    it = world(WEB, DB, declared=False)
    assert Oracle(it.policies, it.inventory).holds(pred, flow(), reading) is truth


THROUGH = flow(via=VIA)
VIPS = [
    ("egress sees the virtual address", block(DST, "10.96.0.0/16"), "true", OUT, True),
    ("and not the backend's", block(DST, "10.1.0.0/16"), "true", OUT, False),
    ("a virtual address belongs to a service", address_owned_by(DST, "service"), "true", OUT, True),
    ("and to no pod", address_owned_by(DST, "pod"), "true", OUT, False),
    ("ingress sees the backend", block(DST, "10.96.0.0/16"), "true", IN, False),
    ("translation before policy hides it", block(DST, "10.96.0.0/16"), "false", OUT, False),
    ("the source's address stays", block(SRC, "10.1.0.1/32"), "true", OUT, True),
]


@pytest.mark.parametrize(("pred", "after", "way", "truth"), [v[1:] for v in VIPS], ids=[v[0] for v in VIPS])
def test_a_virtual_address(pred: Pred, after: str, way: Direction, truth: bool) -> None:
    """Policies of egress see the virtual address of a Service in the readings that say so, those of ingress never."""
    it = world(WEB, DB, vip_visible=unknown_in(F, "true"))
    assert Oracle(it.policies, it.inventory).holds(pred, THROUGH, {"spooky": after}, way) is truth
