"""Why a flow is allowed or denied, in words: one row per fact."""

from __future__ import annotations

import pytest

from helpers import http_clause
from npverify.analyses.explain import explain
from npverify.analyses.why import why_not
from npverify.inventory.addresses import Address
from npverify.inventory.model import EXTERNAL, ContainerPort, EndpointKind, PortOrigin
from npverify.inventory.unknowns import Unknown, runtime_label
from npverify.normal.flow import Flow, Request
from npverify.normal.policy import Action, Exemption
from npverify.normal.predicates import (
    Pred,
    address_owned_by,
    and_,
    icmp_is,
    kind_is,
    label_in,
    named_port_is,
    namespace_is,
    not_,
    or_,
    own_node,
    self_traffic,
    service_account_is,
    unknown_in,
)
from npverify.oracle import Oracle
from smallworld import DST, IN, OUT, SRC, allow, app, block, node, on, pod, policy, rule, selecting, tier, world

HOSTS = Unknown("hostnetwork_pods", ("as_node", "as_pod"), "switch")
WEB = pod("web", ip="10.1.0.1", tier="front", hash=runtime_label("shop/web", "hash"))
DB = pod("db", ns="data", many=True, ports=(ContainerPort("sql", "TCP", 5432),))
HOST = pod("agent", kind=EndpointKind.HOST_POD)
ALL = tuple(PortOrigin)
TCP, UDP, PING = Flow(WEB, DB, "TCP", 5433), Flow(WEB, DB, "UDP", 53), Flow(WEB, DB, "ICMP", None, icmp=(8, 0))
LOCATED = Flow(WEB, DB, "TCP", 5433, src_ip=WEB.addresses[0])
FROM_OUTSIDE = Flow(EXTERNAL, DB, "TCP", 5432, src_ip=Address.parse("203.0.113.9"))
FROM_HOST = Flow(HOST, DB, "TCP", 5432)
POLICED = or_(kind_is(SRC, EndpointKind.POD), and_(kind_is(SRC, EndpointKind.HOST_POD), unknown_in(HOSTS, "as_pod")))
PUT = Flow(WEB, DB, "TCP", 80, http=Request("PUT", "/x", "shop.example"))
GET_PUB = http_clause(["GET"], [("prefix", "/pub")], normalised=True)
NAMED = named_port_is("sql", "TCP", ALL, first_only=False)

REASONS = [
    ("another request", GET_PUB, PUT, "the HTTP request is PUT /x of shop.example, not GET with a path under /pub"),
    ("a request that is not known", GET_PUB, TCP, "the HTTP request is not known to be GET with a path under /pub"),
    ("a protocol without requests", GET_PUB, UDP, "UDP carries no HTTP request"),
    ("a negated request", not_(http_clause(["PUT"], [], normalised=True)), PUT, "the HTTP request is PUT"),
    ("another port", on("TCP", 5432), TCP, "port 5433 is not 5432"),
    ("beyond a range", on("TCP", 80, 90), TCP, "port 5433 is not in 80-90"),
    ("another protocol", on("TCP", 53), UDP, "protocol UDP is not TCP"),
    ("no ports in ICMP", or_(on("TCP", 1), icmp_is(0)), PING, "protocol ICMP is not TCP, it is not ICMP type 0"),
    ("a label that is missing", label_in(SRC, "pod", "role", ["x"]), TCP, "the source has no label `role=x`"),
    ("a key that is missing", label_in(SRC, "pod", "role", None), TCP, "the source has no label `role`"),
    ("another value", label_in(SRC, "pod", "tier", ["back"]), TCP, "the source has `tier=front`, not `tier=back`"),
    ("none of the values", label_in(SRC, "pod", "tier", ["a", "b"]), TCP, "the source has `tier=front`, not `tier` in (a, b)"),
    ("a run-time label", label_in(SRC, "pod", "hash", ["7"]), TCP, "the source has a label `hash` of which the value is not known, not `hash=7`"),
    ("a label of the namespace", label_in(DST, "namespace", "env", ["prod"]), TCP, "namespace `data` of the destination has no label `env=prod`"),
    ("another namespace", namespace_is(DST, "shop"), TCP, "the destination is in namespace `data`, not `shop`"),
    ("no pod at all", and_(kind_is(SRC, EndpointKind.POD), app(SRC, "web")), FROM_OUTSIDE, "the source is an outside address"),
    ("a guard that says one thing twice", POLICED, FROM_OUTSIDE, "the source is an outside address"),
    ("a guard with a switch", POLICED, FROM_HOST, "the source is a pod on the host network, `hostnetwork_pods` is `as_node`"),
    ("an address elsewhere", block(SRC, "10.0.0.0/8"), FROM_OUTSIDE, "203.0.113.9 is outside 10.0.0.0/8"),
    ("an exception of a block", not_(block(SRC, "203.0.113.0/24")), FROM_OUTSIDE, "203.0.113.9 is inside 203.0.113.0/24"),
    ("an address that is not known", block(DST, "10.0.0.0/8"), TCP, "the address of data/db, which is not known, counts as outside 10.0.0.0/8"),
    ("an address of another owner", address_owned_by(SRC, "node"), LOCATED, "10.1.0.1 is not the address of node"),
    ("a negated owner", not_(address_owned_by(SRC, "pod")), LOCATED, "10.1.0.1 is the address of a pod"),
    ("another service account", service_account_is(SRC, "robot"), TCP, "the source runs under service account `default`, not `robot`"),
    ("another number than the named port", NAMED, TCP, "port 5433 is not 5432, which is `sql` of data/db"),
    ("a named port that nobody declares", named_port_is("web", "TCP", ALL, first_only=False), TCP, "data/db declares no TCP port `web`"),
    ("no self traffic", self_traffic(via_service=True), TCP, "it is not a pod's traffic to itself through a service"),
    ("not the own node", own_node(SRC), TCP, "the source is not the node that the destination runs on"),
    ("a negated label", not_(app(SRC, "web")), TCP, "the source has a label `app=web`"),
    ("the first part that fails", and_(app(SRC, "web"), on("TCP", 80), app(DST, "x")), TCP, "port 5433 is not 80"),
    ("many alternatives are counted", or_(*(on("TCP", n) for n in range(1, 6))), TCP, "port 5433 is not 1, port 5433 is not 2, port 5433 is not 3, and 2 more"),
    ("nothing to say where it holds", app(SRC, "web"), TCP, ""),
]  # fmt: skip


@pytest.mark.parametrize(("pred", "flow", "words"), [r[1:] for r in REASONS], ids=[r[0] for r in REASONS])
def test_why_a_predicate_does_not_hold(pred: Pred, flow: Flow, words: str) -> None:
    """The phrase names the first thing that would have to be different, with its value."""
    it = world(WEB, DB, HOST)
    assert why_not(pred, flow, Oracle(it.policies, it.inventory)) == words


def test_a_denied_flow_names_what_isolates_and_why_no_rule_matches() -> None:
    """Every policy of the namespace is told: those that select with each rule, the others with what they lack."""
    ours = selecting(DST, "ours", allow(app(SRC, "api")), allow(app(SRC, "web"), on("TCP", 5432)), ns="data")
    other = selecting(DST, "other", ns="data", on_apps=["cache"])
    elsewhere = selecting(DST, "elsewhere", ns="shop")
    side = explain(world(WEB, DB, ingress=[ours, other, elsewhere]), TCP).ingress
    assert (side.judged, side.verdict.because) == (DB, "no rule")
    (note,) = side.tiers
    assert note.outcome == "deny"
    first, second = note.policies
    assert (first.policy, first.selects, first.isolates) == (ours, True, True)
    assert [(r.matches, r.why) for r in first.rules] == [
        (False, "the source has `app=web`, not `app=api`"),
        (False, "port 5433 is not 5432"),
    ]
    assert (second.policy, second.selects, second.isolates) == (other, False, False)
    assert second.why == "the destination has `app=db`, not `app=cache`"


def test_the_rule_that_decides_is_marked() -> None:
    """Of two rules that match, only the one that gave the verdict is marked where order matters."""
    deny = tier(
        selecting(DST, "p", rule(Action.DENY), rule(Action.ALLOW), ns="data"), name="admin", no_match=Action.PASS
    )
    later = selecting(DST, "np", allow(), ns="data")
    explanation = explain(world(WEB, DB, ingress=[deny, later]), TCP)
    admin, native = explanation.ingress.tiers
    assert [(r.matches, r.decides) for r in admin.policies[0].rules] == [(True, True), (True, False)]
    assert (admin.outcome, native.outcome) == ("deny", "not asked")
    assert [(r.matches, r.decides) for r in native.policies[0].rules] == [(True, False)]
    assert not explanation.verdict.allowed


def test_a_tier_that_passes_leaves_to_the_next() -> None:
    """A pass rule, or the end of a tier that passes, is an outcome of its own."""
    passes = tier(selecting(DST, "p", rule(Action.PASS), ns="data"), no_match=Action.DENY)
    empty = tier(selecting(DST, "q", ns="data"), no_match=Action.PASS)
    nobody = tier(selecting(DST, "r", ns="shop"))
    side = explain(world(WEB, DB, ingress=[passes, empty, nobody]), TCP).ingress
    assert [t.outcome for t in side.tiers] == ["pass", "pass", "no policy selects"]
    assert side.verdict.allowed


def test_exemptions_are_told() -> None:
    """An exemption that applies stands before the tiers, which are then not asked; another says why it does not."""
    own = Exemption("itself", self_traffic(via_service=False), True, "")
    near = Exemption("own node", own_node(SRC), True, "")
    it = world(WEB, ingress=[selecting(DST, "p")], exempt={IN: (near, own)})
    side = explain(it, Flow(WEB, WEB, "TCP", 80, same=True)).ingress
    assert [(e.applies, e.why) for e in side.exemptions] == [
        (False, "the source is not the node that the destination runs on"),
        (True, ""),
    ]
    assert [t.outcome for t in side.tiers] == ["not asked"]
    assert side.verdict.exemption == "itself"


def test_a_side_without_a_pod_has_nothing_to_tell() -> None:
    """Policies do not apply to nodes, so none is listed."""
    it = world(WEB, node("n1"), egress=[policy("p", kind_is(SRC, EndpointKind.POD))])
    side = explain(it, Flow(WEB, node("n2"), "TCP", 80)).ingress
    assert (side.direction, side.tiers, side.verdict.because) == (IN, (), "no pod")
    assert explain(it, Flow(WEB, node("n2"), "TCP", 80)).egress.direction is OUT
