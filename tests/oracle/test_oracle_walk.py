"""How tiers, policies and rules give a flow its verdict: one row per fact."""

from __future__ import annotations

from dataclasses import replace

import pytest

from npverify.inventory.model import EXTERNAL, EndpointKind
from npverify.inventory.unknowns import fact, runtime_label
from npverify.normal.flow import Flow
from npverify.normal.policy import Action, Direction, Exemption, Tier
from npverify.normal.predicates import TRUE, and_, kind_is, label_in, or_, protocol_is, self_traffic, unknown_in
from npverify.oracle import Oracle
from smallworld import DST, IN, OUT, SRC, allow, app, block, node, on, pod, policy, rule, selecting, tier, world

ALLOW, DENY, PASS, LOG = Action.ALLOW, Action.DENY, Action.PASS, Action.LOG
WEB, DB = pod("web"), pod("db", many=True)
HOST = pod("agent", kind=EndpointKind.HOST_POD)
AS_POD = fact("hosts as pods")
FLOW = Flow(WEB, DB, "TCP", 5432)
EVERY = rule(ALLOW), rule(DENY), rule(PASS), rule(LOG)
A, D, P, L = EVERY


def np(*rules, no_match=DENY, name="p") -> Tier:
    return tier(selecting(DST, name, *rules), no_match=no_match)


WALKS: list[tuple[str, list[Tier], bool, str, list[str]]] = [
    ("without tiers everything is allowed", [], True, "not isolated", []),
    ("a policy of another namespace does not isolate", [tier(selecting(DST, "p", ns="data"))], True, "not isolated", []),
    ("a policy on other pods does not isolate", [tier(selecting(DST, "p", on_apps=["web"]))], True, "not isolated", []),
    ("a policy without rules isolates", [np()], False, "no rule", ["p"]),
    ("every isolating policy is named", [tier(selecting(DST, "a"), selecting(DST, "b"))], False, "no rule", ["a", "b"]),
    ("a rule that matches allows", [np(allow(app(SRC, "web"), on("TCP", 5432)))], True, "rule", ["p"]),
    ("a rule for other peers does not", [np(allow(app(SRC, "api")))], False, "no rule", ["p"]),
    ("a rule for other ports does not", [np(allow(TRUE, on("TCP", 80)))], False, "no rule", ["p"]),
    ("peer and ports belong together", [np(allow(app(SRC, "api"), on("TCP", 5432)), allow(app(SRC, "web"), on("TCP", 80)))], False, "no rule", ["p"]),
    ("policies of allows add up", [tier(selecting(DST, "a"), selecting(DST, "b", A))], True, "rule", ["b"]),
    ("every allow that matches is a reason", [tier(selecting(DST, "a", A, A), selecting(DST, "b", A))], True, "rule", ["a", "a", "b"]),
    ("the first rule speaks", [np(D, A)], False, "rule", ["p"]),
    ("the first policy speaks", [tier(selecting(DST, "a", A), selecting(DST, "b", D))], True, "rule", ["a"]),
    ("also where the other is of every namespace", [tier(selecting(DST, "a", A), policy("b", app(DST, "db"), D))], True, "rule", ["a"]),
    ("a log rule says nothing", [np(L, D)], False, "rule", ["p"]),
    ("a log rule does not count as a match", [np(L)], False, "no rule", ["p"]),
    ("pass leaves the whole tier", [np(P, A), np()], False, "no rule", ["p"]),
    ("pass leaves to the next tier", [np(P), np(A)], True, "rule", ["p"]),
    ("pass skips the end of the tier", [np(P)], True, "not isolated", ["p"]),
    ("a tier may pass where no rule matches", [np(no_match=PASS), np(D)], False, "rule", ["p"]),
    ("a tier may pass to the end", [np(no_match=PASS)], True, "not isolated", ["p"]),
    ("the first tier wins", [np(A, name="first"), np(D)], True, "rule", ["first"]),
    ("a later tier cannot rescue", [np(), np(A)], False, "no rule", ["p"]),
    ("a baseline speaks last", [tier(selecting(DST, "p", ns="data")), np(D, name="baseline", no_match=PASS)], False, "rule", ["baseline"]),
]  # fmt: skip


@pytest.mark.parametrize(("tiers", "allowed", "because", "by"), [w[1:] for w in WALKS], ids=[w[0] for w in WALKS])
def test_a_walk_over_tiers(tiers: list[Tier], allowed: bool, because: str, by: list[str]) -> None:
    """The tiers of ingress give the flow this verdict, for this reason, by these policies."""
    it = world(WEB, DB, pod("x", ns="data"), ingress=tiers)
    verdict = Oracle(it.policies, it.inventory).decide(FLOW)
    assert verdict.allowed is allowed
    assert verdict.egress.because == "not isolated"
    assert (verdict.ingress.because, [d.policy.id.name for d in verdict.ingress.by]) == (because, by)
    assert all((d.rule is None) == (because != "rule") for d in verdict.ingress.by)


def test_both_directions_must_allow() -> None:
    """A flow that the destination admits is denied if the source may not send it."""
    it = world(WEB, DB, egress=[selecting(SRC, "out")], ingress=[selecting(DST, "in", A)])
    verdict = Oracle(it.policies, it.inventory).decide(FLOW)
    assert (verdict.allowed, verdict.egress.allowed, verdict.ingress.allowed) == (False, False, True)


POLICED = or_(kind_is(DST, EndpointKind.POD), and_(kind_is(DST, EndpointKind.HOST_POD), unknown_in(AS_POD, "true")))
ENDS = [
    ("a node is not judged", node("n1"), {}, "no pod"),
    ("an outside address is not judged", EXTERNAL, {}, "no pod"),
    ("a pod on the host network is asked for, and is no subject", HOST, {}, "not isolated"),
    ("a pod on the host network is one in the other reading", HOST, {AS_POD.name: "true"}, "no rule"),
    ("a pod is a subject", DB, {}, "no rule"),
]


@pytest.mark.parametrize(("dst", "reading", "because"), [e[1:] for e in ENDS], ids=[e[0] for e in ENDS])
def test_who_is_judged(dst, reading: dict[str, str], because: str) -> None:
    """Policies judge pods; those on the host network only where their subject says so."""
    it = world(WEB, DB, HOST, ingress=[policy("p", POLICED)])
    oracle = Oracle(it.policies, it.inventory)
    assert oracle.decide(Flow(WEB, dst, "TCP", 80), reading).ingress.because == because
    assert oracle.decide(Flow(WEB, dst, "TCP", 80), reading).ingress.because == because, "remembered selections agree"


def test_an_exemption_goes_before_every_tier() -> None:
    """What an exemption covers is allowed although a policy denies it, in that direction only."""
    own = Exemption("itself", self_traffic(via_service=False), True, "it stays inside the pod")
    it = world(DB, ingress=[np(D)], exempt={IN: (own,)})
    oracle = Oracle(it.policies, it.inventory)
    side = oracle.decide(Flow(DB, DB, "TCP", 80, same=True)).ingress
    assert (side.allowed, side.because, side.exemption) == (True, "exempt", "itself")
    assert not oracle.decide(Flow(DB, DB, "TCP", 80)).ingress.allowed


def test_a_subject_that_looks_at_the_packet_is_asked_for_each_flow() -> None:
    """Nothing about the packet is remembered from one flow to the next."""
    it = world(WEB, DB, ingress=[policy("p", and_(app(DST, "db"), protocol_is("UDP")))])
    oracle = Oracle(it.policies, it.inventory)
    assert [oracle.decide(Flow(WEB, DB, p, 80)).allowed for p in ("TCP", "UDP", "TCP")] == [True, False, True]


@pytest.mark.parametrize("way", list(Direction))
def test_the_unknowns_that_were_looked_at_are_told(way: Direction) -> None:
    """A reading can only matter where the walk looked, so the record is all that a caller has to vary."""
    asked = rule(ALLOW, and_(block(way.peer, "10.0.0.0/8"), unknown_in(AS_POD, "true")))
    half = {"egress" if way is OUT else "ingress": [selecting(way.subject, "p", asked)]}
    it = world(WEB, DB, **half)
    touched: dict = {}
    Oracle(it.policies, it.inventory).decide(FLOW, {}, touched)
    assert list(touched) == [f"address at {way.peer}"], "the address is not in the block, so the switch was not asked"


def test_what_selects_a_replica_is_asked_anew_where_it_talks_to_itself() -> None:
    """Between two replicas a run-time label is the destination's own; where one pod talks to itself it is the source's."""
    web = pod("web", many=True, hash=runtime_label("shop/web", "hash"))
    it = world(web, ingress=[policy("in", label_in(DST, "pod", "hash", ["abc"]))])
    oracle = Oracle(it.policies, it.inventory)
    reading = {"label hash of shop/web (source)": "abc", "label hash of shop/web (destination)": "<other>"}
    between = Flow(web, web, "TCP", 80)
    assert oracle.decide(between, reading).allowed
    assert not oracle.decide(replace(between, same=True), reading).allowed
