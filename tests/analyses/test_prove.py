"""Each kind of claim on worlds small enough to check by hand: status, flow, reading, and what it depends on."""

from __future__ import annotations

from dataclasses import replace

import pytest

from npverify.analyses.engine import Engine
from npverify.analyses.prove import prove
from npverify.analyses.results import AssertionResult, Status
from npverify.analyses.world import World
from npverify.assertions.claims import (
    AllFlows,
    Assertion,
    Claim,
    EachReachesSome,
    EndSet,
    Hop,
    Isolated,
    Leg,
    PolicyClaim,
    SomeFlow,
)
from npverify.ingest.source import Span
from npverify.inventory.model import EXTERNAL, Backend, ContainerPort, Endpoint, EndpointKind, Service, ServicePort
from npverify.inventory.unknowns import Unknown, fact, runtime_label
from npverify.normal.policy import Action, Exemption, PolicyId
from npverify.normal.predicates import (
    TRUE,
    Pred,
    and_,
    kind_is,
    label_in,
    not_,
    own_node,
    protocol_is,
    unknown_in,
)
from npverify.reduction.obligations import flows_allowed
from npverify.smt.solver import Budget
from smallworld import DST, IN, OUT, SRC, allow, app, block, node, on, pod, policy, rule, selecting, tier, world

WEB = pod("web", ip="10.1.0.1")
API = pod("api", ip="10.1.0.2")
DB = pod("db", ip="10.1.0.3", ports=(ContainerPort("pg", "TCP", 5432),))
TCP = protocol_is("TCP")
ALL = protocol_is("TCP", "UDP", "SCTP")


def assertion(claim: Claim) -> Assertion:
    """A claim with the least around it."""
    return Assertion("title", "text", claim, "test", Span("t.npv", 1, 1))


def ask(it: World, claim: Claim, **options: object) -> AssertionResult:
    """The answer to one claim."""
    return prove(it, [assertion(claim)], **options).results[0]


PG = on("TCP", 5432)


def leg(src: object, dst: object, traffic: Pred = PG, **options: bool) -> Leg:
    """Flows from one endpoint or several to one or several, on one kind of traffic."""
    sources: EndSet = dict.fromkeys(src if isinstance(src, list) else [src], TRUE)
    targets: EndSet = dict.fromkeys(dst if isinstance(dst, list) else [dst], traffic)
    return Leg(sources, targets, **options)


def no(*legs: Leg) -> AllFlows:
    """`no … reaches`."""
    return AllFlows(False, legs)


def every(*legs: Leg) -> AllFlows:
    """`every … reaches`."""
    return AllFlows(True, legs)


DB_FROM_API = selecting(DST, "db", allow(app(SRC, "api"), on("TCP", 5432)), on_apps=["db"])
GUARDED = world(WEB, API, DB, ingress=[DB_FROM_API])
OPEN = world(WEB, API, DB)

STATUSES = [
    ("a guarded pod is not reached by others", GUARDED, no(leg(WEB, DB)), "proved"),
    ("a guarded pod is reached by its client", GUARDED, no(leg(API, DB)), "refuted"),
    ("the client reaches it on the port", GUARDED, every(leg(API, DB)), "proved"),
    ("the client does not reach it on every port", GUARDED, every(leg(API, DB, TCP)), "refuted"),
    ("nobody outside reaches it", GUARDED, no(leg(EXTERNAL, DB, ALL)), "proved"),
    ("without policies everybody does", OPEN, no(leg(EXTERNAL, DB, ALL)), "refuted"),
    ("no source", GUARDED, no(Leg({}, {DB: TCP})), "vacuous"),
    ("no destination", GUARDED, every(Leg({WEB: TRUE}, {})), "vacuous"),
    ("one pod alone to itself is left out", GUARDED, no(leg(DB, DB)), "vacuous"),
    ("one pod alone to itself when it is named", OPEN, no(leg(DB, DB, leave_out_self=False)), "refuted"),
    ("outside to outside is nothing to judge", GUARDED, no(leg(EXTERNAL, EXTERNAL, ALL)), "vacuous"),
    ("one of several legs breaks it", GUARDED, no(leg(WEB, DB), leg(API, DB)), "refuted"),
    ("traffic that cannot be", GUARDED, no(leg(WEB, DB, and_(TCP, protocol_is("UDP")))), "vacuous"),
    ("some flow where one is allowed", GUARDED, SomeFlow((leg([WEB, API], DB),)), "proved"),
    ("some flow where none is", GUARDED, SomeFlow((leg(WEB, DB),)), "refuted"),
    ("some flow of nobody", GUARDED, SomeFlow((Leg({}, {DB: TCP}),)), "vacuous"),
    ("each reaches some", GUARDED, EachReachesSome((leg([WEB, API], [DB, API]),)), "proved"),
    ("one reaches none of them", GUARDED, EachReachesSome((leg([WEB, API], DB),)), "refuted"),
    ("each of nobody", GUARDED, EachReachesSome((Leg({}, {DB: TCP}),)), "vacuous"),
    ("one destination must take all ports", GUARDED, EachReachesSome((leg(API, DB, TCP),)), "refuted"),
    ("a pod that is selected is isolated", GUARDED, Isolated({DB: TRUE}, (IN,)), "proved"),
    ("not in the other direction", GUARDED, Isolated({DB: TRUE}, (IN, OUT)), "refuted"),
    ("a pod that nothing selects", GUARDED, Isolated({DB: TRUE, WEB: TRUE}, (IN,)), "refuted"),
    ("nobody is isolated", GUARDED, Isolated({}, (IN,)), "vacuous"),
]  # fmt: skip


@pytest.mark.parametrize(("it", "claim", "status"), [s[1:] for s in STATUSES], ids=[s[0] for s in STATUSES])
def test_the_status_of_a_claim(it: World, claim: Claim, status: str) -> None:
    """Each claim has the status that its meaning gives it."""
    assert ask(it, claim).status == status


def test_a_refutation_shows_the_flow_and_the_rule() -> None:
    """The counterexample is the flow itself, with the rule that lets it in."""
    result = ask(GUARDED, no(leg([WEB, API], DB)))
    shown = result.counterexample
    assert shown is not None
    assert (shown.flow.src, shown.flow.dst, shown.flow.protocol, shown.flow.port) == (API, DB, "TCP", 5432)
    assert shown.verdict.ingress.by[0].policy is DB_FROM_API
    assert result.refuting_pairs == 1


def test_what_a_proof_depends_on_is_what_selects_its_ends() -> None:
    """The policies that select the destination for ingress are named, others are not."""
    other = selecting(DST, "other", on_apps=["web"])
    result = ask(world(WEB, API, DB, ingress=[DB_FROM_API, other]), no(leg(WEB, DB)))
    assert result.depends_on == (PolicyId("kubernetes", "NetworkPolicy", "shop", "db"),)


CHOICES = [
    ("TCP before UDP, a declared port before a lower one", no(leg(WEB, DB, ALL)), ("TCP", 5432, WEB)),
    ("the lowest port where none is declared", no(leg(WEB, API, ALL)), ("TCP", 1, WEB)),
    ("UDP where there is no TCP", no(leg(WEB, DB, protocol_is("SCTP", "UDP"))), ("UDP", 1, WEB)),
    ("the first source by name", no(leg([WEB, API, EXTERNAL], DB, ALL)), ("TCP", 5432, API)),
    ("ICMP last, without a port", no(leg(WEB, DB, protocol_is("ICMP"))), ("ICMP", None, WEB)),
]


@pytest.mark.parametrize(("claim", "want"), [c[1:] for c in CHOICES], ids=[c[0] for c in CHOICES])
def test_the_flow_that_is_shown(claim: Claim, want: tuple[str, int | None, object]) -> None:
    """Of all flows that break a claim the preferred one is shown."""
    shown = ask(OPEN, claim).counterexample
    assert shown is not None
    assert (shown.flow.protocol, shown.flow.port, shown.flow.src) == want


def test_a_port_that_does_not_matter_is_any() -> None:
    """Where every port breaks the claim the port is marked `any`; where one port does, it is not."""
    wide = ask(OPEN, no(leg(WEB, DB, ALL))).counterexample
    narrow = ask(OPEN, no(leg(WEB, DB))).counterexample
    assert wide is not None
    assert narrow is not None
    assert "port" in wide.any
    assert "port" not in narrow.any


PLUGIN = Unknown("plugin", ("kind", "cruel"), "switch", phrase="the plugin is {value}")


def test_a_reading_that_breaks_a_claim_is_named() -> None:
    """A proof must hold under every value of a switch; the counterexample names the value that it needs."""
    it = world(WEB, DB, ingress=[selecting(DST, "p", allow(unknown_in(PLUGIN, "cruel")))], switches=(PLUGIN,))
    shown = ask(it, no(leg(WEB, DB))).counterexample
    assert shown is not None
    assert [(a.name, a.value, a.phrase) for a in shown.reading] == [("plugin", "cruel", "the plugin is cruel")]


def test_a_flow_of_the_default_reading_comes_first() -> None:
    """A counterexample that needs no reading is preferred, even where an earlier pair would need one."""
    rules = (allow(and_(app(SRC, "api"), unknown_in(PLUGIN, "cruel"))), allow(app(SRC, "web")))
    shown = ask(world(WEB, API, DB, ingress=[selecting(DST, "p", *rules, on_apps=["db"])]), no(leg([API, WEB], DB)))
    assert shown.counterexample is not None
    assert shown.counterexample.flow.src is WEB
    assert shown.counterexample.reading == ()


def test_one_flow_must_serve_every_reading_or_another_one_must() -> None:
    """`some` holds if each reading has a flow of its own, and fails if one reading has none."""
    one = allow(and_(app(SRC, "api"), unknown_in(PLUGIN, "cruel")))
    other = allow(and_(app(SRC, "web"), unknown_in(PLUGIN, "kind")))
    both = world(WEB, API, DB, ingress=[selecting(DST, "p", one, other, on_apps=["db"])])
    only_one = world(WEB, API, DB, ingress=[selecting(DST, "p", one, on_apps=["db"])])
    claim = SomeFlow((leg([API, WEB], DB),))
    assert ask(both, claim).status is Status.PROVED
    assert ask(only_one, claim).status is Status.REFUTED


BLOCKS = world(
    pod("web", many=True), pod("db", many=True), ingress=[selecting(DST, "p", allow(block(SRC, "10.0.0.0/8")))]
)
UNKNOWN_WEB = next(e for e in BLOCKS.inventory.endpoints if e.name == "web")
UNKNOWN_DB = next(e for e in BLOCKS.inventory.endpoints if e.name == "db")


def test_an_unknown_address_breaks_a_claim_only_if_it_lies_in_the_block() -> None:
    """Neither `no` nor `every` is proved of a pod whose address may or may not lie in a block, and both say so."""
    in_block = ask(BLOCKS, no(leg(UNKNOWN_WEB, UNKNOWN_DB))).counterexample
    outside = ask(BLOCKS, every(leg(UNKNOWN_WEB, UNKNOWN_DB))).counterexample
    assert in_block is not None
    assert outside is not None
    assert [a.name for a in in_block.reading] == ["address of shop/web"]
    assert in_block.flow.src_ip is not None
    assert str(in_block.flow.src_ip).startswith("10.")
    assert not str(outside.flow.src_ip).startswith("10.")


@pytest.mark.parametrize(("space", "status"), [("10.9.0.0/16", "proved"), ("172.16.0.0/16", "refuted")])
def test_the_pod_range_settles_a_block(space: str, status: str) -> None:
    """A block that covers the whole pod range holds every pod; one beside it holds none."""
    it = world(*BLOCKS.inventory.endpoints, ingress=BLOCKS.policies.ingress.tiers, pod_space=(space,))
    assert ask(it, every(leg(UNKNOWN_WEB, UNKNOWN_DB))).status == status


def test_an_existing_flow_may_not_rest_on_a_lucky_address() -> None:
    """`some` is refuted where the flow exists only if an unknown address lies in the block."""
    assert ask(BLOCKS, SomeFlow((leg(UNKNOWN_WEB, UNKNOWN_DB),))).status is Status.REFUTED


def test_an_outside_address_may_be_chosen() -> None:
    """`some address outside reaches` is proved by an address in the block, `every` is refuted by one beside it."""
    it = world(DB, ingress=[selecting(DST, "p", allow(block(SRC, "203.0.113.0/24")))])
    some = ask(it, SomeFlow((leg(EXTERNAL, DB),)))
    assert some.status is Status.PROVED
    assert some.witness is not None
    assert str(some.witness.flow.src_ip).startswith("203.0.113.")
    refuted = ask(it, every(leg(EXTERNAL, DB))).counterexample
    assert refuted is not None
    assert not str(refuted.flow.src_ip).startswith("203.0.113.")


def test_an_address_of_a_known_pod_is_no_outside_address() -> None:
    """Nothing outside has the address of a pod, so a rule for that address alone lets nobody outside in."""
    it = world(WEB, DB, ingress=[selecting(DST, "p", allow(block(SRC, "10.1.0.1/32")), on_apps=["db"])])
    assert ask(it, no(leg(EXTERNAL, DB, ALL))).status is Status.PROVED
    assert ask(it, no(leg(WEB, DB, ALL))).status is Status.REFUTED


HASH = runtime_label("Deployment shop/web", "hash")
REPLICAS = pod("web", many=True, hash=HASH)


def test_two_replicas_may_differ_in_a_label_that_is_set_at_run_time() -> None:
    """Egress is closed to pods without the hash, ingress to pods with it: an old replica still reaches a new one."""
    closed_out = policy("out", not_(label_in(SRC, "pod", "hash", ["abc"])))
    closed_in = policy("in", label_in(DST, "pod", "hash", ["abc"]))
    it = world(REPLICAS, egress=[tier(closed_out)], ingress=[tier(closed_in)])
    result = ask(it, no(leg(REPLICAS, REPLICAS)))
    assert result.status is Status.REFUTED
    assert result.counterexample is not None
    assert [a.value for a in result.counterexample.reading] == ["abc"]


def test_one_replica_has_one_value_of_a_run_time_label() -> None:
    """What closes egress to pods without the hash and ingress to pods with it closes a pod's way to itself."""
    closed_out = policy("out", not_(label_in(SRC, "pod", "hash", ["abc"])))
    closed_in = policy("in", label_in(DST, "pod", "hash", ["abc"]))
    ports = (ServicePort("", "TCP", 80, 5432),)
    service = Service("shop", "web", "ClusterIP", ports, {0: (Backend(REPLICAS, 5432),)})
    it = world(REPLICAS, egress=[tier(closed_out)], ingress=[tier(closed_in)], services=[service])
    to_itself = replace(leg(REPLICAS, REPLICAS, leave_out_self=False), via=Hop(service, 0))
    engine = Engine(it, Budget())
    own = [o for o in engine.obligations.of(to_itself, flows_allowed) if o.how.same]
    assert [engine.possible(o.broken, o.src, o.dst, same=True) for o in own] == [False]


OWN = Exemption("node_to_own_pod", and_(own_node(SRC), kind_is(SRC, EndpointKind.NODE)), True, "own node")
ON_N1 = pod("db", ip="10.1.0.3", node="n1")
NODES = world(
    node("n1", ip="192.168.0.1"),
    node("n2", ip="192.168.0.2"),
    ON_N1,
    ingress=[selecting(DST, "p")],
    exempt={IN: (OWN,)},
)
N1, N2 = NODES.inventory.nodes


@pytest.mark.parametrize(
    ("source", "named", "status"),
    [
        pytest.param(N1, False, "vacuous", id="a pod's own node is left out"),
        pytest.param(N1, True, "refuted", id="a pod's own node reaches it when it is named"),
        pytest.param(N2, True, "proved", id="another node is stopped"),
    ],
)
def test_the_own_node(source: object, named: bool, status: str) -> None:
    """What the exemption of the own node allows counts only where nodes are named."""
    assert ask(NODES, no(leg(source, ON_N1, leave_out_own_node=not named))).status == status


def test_a_spent_budget_is_undecided_and_never_proved() -> None:
    """With next to no budget a claim that needs the solver is undecided, and says why."""
    some = world(DB, ingress=[selecting(DST, "some", allow(block(SRC, "203.0.113.0/24")), on_apps=["db"])])
    result = ask(some, no(leg(EXTERNAL, DB, ALL)), budget=Budget(1))
    assert result.status is Status.UNDECIDED
    assert "budget" in result.because


def test_what_one_packet_shows_takes_no_budget() -> None:
    """A flow without a choice of addresses is found by trying, and confirmed as any other."""
    result = ask(GUARDED, no(leg(API, DB, ALL)), budget=Budget(1))
    assert result.status is Status.REFUTED


P_DB, P_WIDE, P_NARROW, P_VOID, P_DENY = (
    PolicyId("kubernetes", "NetworkPolicy", "shop", n) for n in ("db", "wide", "narrow", "void", "deny")
)
WIDE = selecting(DST, "wide", allow(app(SRC, "api", "web")), on_apps=["db"])
NARROW = selecting(DST, "narrow", allow(app(SRC, "web"), on("TCP", 80)), on_apps=["db"])
VOID = selecting(DST, "void", allow(), on_apps=["nobody"])
DENY = selecting(DST, "deny", on_apps=["db"])
POLICIES = world(WEB, API, DB, ingress=[WIDE, NARROW, VOID, DENY])
ALONE = world(WEB, API, DB, ingress=[NARROW])

PROPERTIES = [
    ("what a wider policy allows is shadowed", POLICIES, "shadowed", P_NARROW, "proved"),
    ("the wider policy is not", POLICIES, "shadowed", P_WIDE, "refuted"),
    ("a policy without rules has nothing to shadow", POLICIES, "shadowed", P_DENY, "vacuous"),
    ("a shadowed policy beside another is redundant", POLICIES, "redundant", P_NARROW, "proved"),
    ("a deny beside an allow of the same pods is redundant", POLICIES, "redundant", P_DENY, "proved"),
    ("a policy that allows what no other does is not", POLICIES, "redundant", P_WIDE, "refuted"),
    ("the only policy of a pod isolates it", ALONE, "redundant", P_NARROW, "refuted"),
    ("a policy that selects nobody is vacuous", POLICIES, "vacuous", P_VOID, "proved"),
    ("one that selects somebody is not", POLICIES, "vacuous", P_DENY, "refuted"),
    ("one that selects nobody is redundant", POLICIES, "redundant", P_VOID, "proved"),
]  # fmt: skip


@pytest.mark.parametrize(("it", "kind", "which", "status"), [p[1:] for p in PROPERTIES], ids=[p[0] for p in PROPERTIES])
def test_properties_of_policies(it: World, kind: str, which: PolicyId, status: str) -> None:
    """A policy has the property that the definition gives it."""
    assert ask(it, PolicyClaim(kind, (which,), True)).status == status


def test_no_policy_has_a_property_if_none_of_them_has() -> None:
    """`no policy is redundant` fails on the first one that is, and holds of one that is not."""
    assert ask(POLICIES, PolicyClaim("redundant", (P_WIDE, P_NARROW), False)).status is Status.REFUTED
    assert ask(POLICIES, PolicyClaim("redundant", (P_WIDE,), False)).status is Status.PROVED
    assert ask(POLICIES, PolicyClaim("redundant", (), False)).status is Status.VACUOUS


def test_tiers_decide_in_their_order() -> None:
    """A deny in front of an allow stops the flow, a pass leaves the tier, the last word is the default."""
    block_web = tier(
        policy("first", TRUE, rule(Action.DENY, app(SRC, "web")), rule(Action.PASS, app(SRC, "api"))),
        no_match=Action.PASS,
    )
    it = world(WEB, API, DB, ingress=[block_web, tier(selecting(DST, "db", allow(), on_apps=["db"]))])
    assert ask(it, no(leg(WEB, DB))).status is Status.PROVED
    assert ask(it, every(leg(API, DB))).status is Status.PROVED


def test_an_opaque_fact_is_neither_true_nor_false() -> None:
    """What rests on a fact that nobody knows is proved neither way."""
    resolves = fact("api.example.com resolves to 203.0.113.7")
    admitted = and_(block(DST, "203.0.113.7/32"), unknown_in(resolves, "true"))
    it = world(WEB, egress=[selecting(SRC, "p", allow(admitted))])
    target: EndSet = {EXTERNAL: and_(block(DST, "203.0.113.7/32"), on("TCP", 443))}
    for claim in (no(Leg({WEB: TRUE}, target)), every(Leg({WEB: TRUE}, target))):
        assert ask(it, claim).status is Status.REFUTED


ONE, OTHER_ONE = block(DST, "10.0.0.7/32"), block(SRC, "10.0.0.7/32")


def test_two_pods_never_have_one_address() -> None:
    """Egress to one address and ingress from that same address admit no flow between two pods."""
    web, db = pod("web", many=True), pod("db", many=True)
    out = selecting(SRC, "out", allow(ONE), on_apps=["web"])
    it = world(web, db, egress=[out], ingress=[selecting(DST, "in", allow(OTHER_ONE), on_apps=["db"])])
    assert ask(it, no(leg(web, db))).status is Status.PROVED


def test_one_pod_has_one_address_on_both_sides() -> None:
    """A pod that may send to one address and be reached from another alone does not reach itself past policies."""
    lone = Endpoint(EndpointKind.POD, "shop", "lone", labels={"app": "lone"})
    out = selecting(SRC, "out", allow(ONE))
    it = world(lone, egress=[out], ingress=[selecting(DST, "in", allow(block(SRC, "10.0.0.8/32")))])
    assert ask(it, no(leg(lone, lone, leave_out_self=False))).status is Status.PROVED
    agreed = world(lone, egress=[out], ingress=[selecting(DST, "in", allow(OTHER_ONE))])
    shown = ask(agreed, no(leg(lone, lone, leave_out_self=False))).counterexample
    assert shown is not None
    assert shown.flow.src_ip == shown.flow.dst_ip
    assert str(shown.flow.src_ip) == "10.0.0.7"


def test_an_unknown_virtual_address_is_named() -> None:
    """What passes only because a Service has a certain virtual address says so; that address is no loopback and no pod's."""
    web = pod("web", ip="10.1.0.1")
    service = Service("shop", "db", "ClusterIP", (ServicePort("", "TCP", 5432, 5432),), {0: (Backend(DB, 5432),)})
    out = selecting(SRC, "out", allow(block(DST, "10.96.0.0/12")), allow(block(DST, "127.0.0.0/8")), on_apps=["web"])
    through = Leg({web: TRUE}, {DB: PG}, Hop(service, 0))
    shown = ask(world(web, DB, egress=[out], services=[service], vip_visible=TRUE), no(through)).counterexample
    assert shown is not None
    assert [a.phrase for a in shown.reading] == ["Service shop/db has the virtual address 10.96.0.0"]
    inside = world(web, DB, egress=[out], services=[service], vip_visible=TRUE, pod_space=("10.0.0.0/8",))
    assert ask(inside, no(through)).status is Status.PROVED


@pytest.mark.parametrize(("kind", "said"), [("LoadBalancer", True), ("NodePort", True), ("ClusterIP", False)])
def test_a_way_in_through_nodes_is_not_passed_over(kind: str, said: bool) -> None:
    """What is proved of outside traffic without a node says that nodes forward some of it with their own address."""
    ports = (ServicePort("", "TCP", 80, 5432),)
    service = Service("shop", "front", kind, ports, {0: (Backend(DB, 5432),)})
    it = world(DB, ingress=[selecting(DST, "db")], services=[service])
    result = prove(it, [assertion(no(leg(EXTERNAL, DB)))])
    assert any("shop/front" in line for line in result.assumed) is said
    inside = world(WEB, DB, ingress=[selecting(DST, "db")], services=[service])
    told = prove(inside, [assertion(no(leg(WEB, DB)))]).assumed
    assert [line.startswith("what pods send to a port of a node") for line in told] == [True] * said


def test_a_pod_range_that_known_addresses_fill_is_no_crash() -> None:
    """Where no address is left for a pod of unknown address, flows are still answered."""
    known = pod("known", ip="10.9.0.0 10.9.0.1")
    it = world(known, pod("new", many=True), pod_space=("10.9.0.0/31",))
    new = next(e for e in it.inventory.endpoints if e.name == "new")
    assert ask(it, no(leg(new, known))).status is Status.REFUTED


AGENT = pod("agent", kind=EndpointKind.HOST_POD, many=True)


@pytest.mark.parametrize(
    ("cidr", "nodes", "status"),
    [
        pytest.param("192.168.0.1/32", True, "refuted", id="it has the address of a node, though the node has it too"),
        pytest.param("10.0.0.0/8", True, "proved", id="it has no address that no node has"),
        pytest.param("10.0.0.0/8", False, "refuted", id="it may have any address where nodes are not known"),
    ],
)
def test_a_pod_on_the_host_network_lives_where_the_nodes_are(cidr: str, nodes: bool, status: str) -> None:
    """A host-network pod of unknown node has the address of some declared node."""
    known = [node("n1", ip="192.168.0.1"), node("n2", ip="192.168.0.2")] if nodes else []
    admits = selecting(DST, "p", allow(block(SRC, cidr)), on_apps=["db"])
    it = world(AGENT, pod("db", ip="10.1.0.3"), *known, ingress=[admits])
    db = next(e for e in it.inventory.endpoints if e.name == "db")
    assert ask(it, no(leg(AGENT, db, ALL))).status == status


def test_a_port_that_decides_one_side_is_not_any() -> None:
    """Every port is denied, but by egress or by ingress as the port goes, so the flow shown keeps its port."""
    out = selecting(SRC, "out", allow(TRUE, on("TCP", 80)), on_apps=["web"])
    it = world(WEB, API, egress=[out], ingress=[selecting(DST, "in", allow(TRUE, on("TCP", 81)), on_apps=["api"])])
    shown = ask(it, every(leg(WEB, API, TCP))).counterexample
    assert shown is not None
    assert shown.flow.port is not None
    assert "port" not in shown.any


def test_every_policy_that_has_a_property_is_named() -> None:
    """`no policy is redundant` names all that are, not only the first."""
    because = ask(POLICIES, PolicyClaim("redundant", (P_WIDE, P_NARROW, P_VOID, P_DENY), False)).because
    assert because == (
        "NetworkPolicy shop/deny, NetworkPolicy shop/narrow, NetworkPolicy shop/void are redundant (each by itself)"
    )


@pytest.mark.parametrize(("cidr", "status"), [("192.168.0.1/32", "refuted"), ("192.168.0.0/30", "proved")])
def test_which_node_a_host_network_pod_runs_on_is_not_chosen(cidr: str, status: str) -> None:
    """A flow from the host network exists only if it does wherever the pod runs, not on one lucky node."""
    known = [node("n1", ip="192.168.0.1"), node("n2", ip="192.168.0.2")]
    admits = selecting(DST, "p", allow(block(SRC, cidr)), on_apps=["db"])
    it = world(AGENT, pod("db", ip="10.1.0.3"), *known, ingress=[admits])
    db = next(e for e in it.inventory.endpoints if e.name == "db")
    for claim in (SomeFlow((leg(AGENT, db),)), EachReachesSome((leg(AGENT, db),)), every(leg(AGENT, db))):
        assert ask(it, claim).status == status
