"""What assertions mean on an inventory: names, sets of endpoints, traffic, services, and what is left out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

import pytest

from npverify.analyses.load import load
from npverify.assertions.claims import (
    AllFlows,
    Assertion,
    EachReachesSome,
    EndSet,
    Isolated,
    Leg,
    PolicyClaim,
    SomeFlow,
)
from npverify.assertions.legs import NO_POD, OWN_NODE, SELF, USUAL
from npverify.assertions.resolve import Resolved, declared_pod_space, resolve
from npverify.ingest.files import File
from npverify.ingest.source import Diagnostic, InputError, Problems, Span
from npverify.inventory.addresses import Address, Prefix
from npverify.inventory.model import (
    EXTERNAL,
    Backend,
    ContainerPort,
    EndpointKind,
    Inventory,
    PortOrigin,
    Service,
    ServicePort,
    WorkloadRef,
)
from npverify.inventory.unknowns import ABSENT, namespace_label, runtime_label
from npverify.normal.policy import Direction, PolicyId
from npverify.normal.predicates import TRUE, Pred, Side, address_in, and_, not_, or_, port_in, protocol_is, unknown_in
from smallworld import node, pod, world

SRC, DST = Side.SRC, Side.DST
ANY = protocol_is("TCP", "UDP", "SCTP")


class Text(NamedTuple):
    """A spec."""

    name: str
    text: str


def on(protocol: str, first: int, last: int | None = None) -> Pred:
    """Flows of a protocol to a port or a range."""
    return and_(protocol_is(protocol), port_in(first, last or first))


def inside(side: Side, block: str) -> Pred:
    """The address on that side lies in the block."""
    return address_in(side, Prefix.parse(block))


METRICS = (
    ContainerPort("metrics", "TCP", 9090),
    ContainerPort("metrics", "UDP", 9091),
    ContainerPort("old", "TCP", 1, PortOrigin.INIT),
)
web = pod("web", many=True, account="shopper")
db = pod("db", tier="data", ports=METRICS)
cache = pod("cache", tier="data", ip="10.1.0.7")
dns = pod("kube-dns", "kube-system", **{"k8s-app": "kube-dns"})
agent = pod("agent", "mon", kind=EndpointKind.HOST_POD, node="n1")
web2 = pod("web", "test", many=True)
n1 = node("n1", ip="192.168.0.1")

DNS = Service(
    "kube-system", "kube-dns", "ClusterIP",
    (ServicePort("dns", "UDP", 53, 5353), ServicePort("dns-tcp", "TCP", 53, 5353)),
    {0: (Backend(dns, 5353),), 1: (Backend(dns, 5353),)},
)  # fmt: skip
STORE = Service(
    "shop", "store", "ClusterIP", (ServicePort("", "TCP", 80, "http"),),
    {0: (Backend(db, 8080), Backend(cache, 8081), Backend(EXTERNAL, 8080, Address.parse("203.0.113.9")))},
)  # fmt: skip
EMPTY = Service("shop", "empty", "ClusterIP", (ServicePort("", "TCP", 80, 80),), {0: ()})
HALF = Service(
    "shop", "half", "ClusterIP", (ServicePort("", "TCP", 80, 80), ServicePort("", "TCP", 81, "none")),
    {0: (Backend(db, 80),), 1: ()},
)  # fmt: skip
NAMED = Service("shop", "named", "ExternalName", (), {}, problem="it is an ExternalName")

WORLD = world(
    web, db, cache, dns, agent, web2, n1,
    services=(DNS, STORE, EMPTY, HALF, NAMED),
    namespace_labels={"shop": {"env": "prod"}, "test": {"env": "dev"}},
).inventory  # fmt: skip
ALL = (web, db, cache, dns, agent, web2, n1, EXTERNAL)
POLICIES = {
    PolicyId("kubernetes", "NetworkPolicy", "shop", "p"): Span("p.yaml", 1, 1),
    PolicyId("kubernetes", "NetworkPolicy", "shop", "both"): Span("p.yaml", 2, 1),
    PolicyId("calico", "CalicoNetworkPolicy", "shop", "both"): Span("p.yaml", 3, 1),
    PolicyId("kubernetes", "AdminNetworkPolicy", "", "wide"): Span("p.yaml", 4, 1),
}


def said(text: str, inventory: Inventory = WORLD, *, only_tags: Iterable[str] = ()) -> tuple[Resolved, Problems]:
    """What a spec comes to, and what was noted."""
    problems = Problems()
    return resolve([Text("t.npv", text)], inventory, POLICIES, problems, only_tags=tuple(only_tags)), problems


def one(text: str, inventory: Inventory = WORLD) -> Assertion:
    """The one assertion of a spec without errors."""
    resolved, problems = said(text, inventory)
    assert problems.errors == ()
    (assertion,) = resolved.assertions
    return assertion


def legs(text: str, inventory: Inventory = WORLD) -> tuple[Leg, ...]:
    """The legs of the one assertion."""
    claim = one(text, inventory).claim
    assert isinstance(claim, AllFlows | SomeFlow | EachReachesSome)
    return claim.legs


def sources(ends: str, inventory: Inventory = WORLD) -> EndSet:
    """What an expression means as a source."""
    found = legs(f"assert no {ends} reaches 203.0.113.0/24", inventory)
    return found[0].src if found else {}


SETS: Mapping[str, tuple[str, EndSet]] = {
    "pods are all pods, also those on the host network": ("pods", dict.fromkeys((web, db, cache, dns, agent, web2), TRUE)),
    "hostnetwork pods": ("hostnetwork pods", {agent: TRUE}),
    "nodes": ("nodes", {n1: TRUE}),
    "one node": ("node n1", {n1: TRUE}),
    "internet is outside": ("internet", {EXTERNAL: TRUE}),
    "anything": ("anything", dict.fromkeys(ALL, TRUE)),
    "not is everybody else, outside and nodes too": ("not pods", {n1: TRUE, EXTERNAL: TRUE}),
    "a label": ('pods where tier == "data"', {db: TRUE, cache: TRUE}),
    "!= is met where the label is absent": ('pods where tier != "data"', dict.fromkeys((web, dns, agent, web2), TRUE)),
    "not in is met where the label is absent": (
        'pods where tier not in ("data", "x")', dict.fromkeys((web, dns, agent, web2), TRUE),
    ),
    "in": ('pods where app in ("db", "cache", "x")', {db: TRUE, cache: TRUE}),
    "has": ("pods where has tier", {db: TRUE, cache: TRUE}),
    "has no": ("pods where has no tier", dict.fromkeys((web, dns, agent, web2), TRUE)),
    "and, or, not in a where": ('pods where has tier and not (app == "db" or app == "x")', {cache: TRUE}),
    "in a namespace": ("pods in namespace test", {web2: TRUE}),
    "in namespaces": ("pods in namespaces test, mon", {web2: TRUE, agent: TRUE}),
    "in namespaces by label": ('pods in namespace where env == "prod"', dict.fromkeys((web, db, cache), TRUE)),
    "a declared namespace without the label": ('pods in namespace where env != "prod"', dict.fromkeys((dns, agent, web2), TRUE)),
    "the name of a namespace is a label": ('pods in namespace where kubernetes.io/metadata.name == "mon"', {agent: TRUE}),
    "or": ("deployment shop/web or nodes", {web: TRUE, n1: TRUE}),
    "and": ("pods in namespace shop and pod db", {db: TRUE}),
    "except": ("pods except pods in namespace shop", dict.fromkeys((dns, agent, web2), TRUE)),
    "a workload by kind": ("deployment test/web", {web2: TRUE}),
    "a service account": ("serviceaccount shop/shopper", {web: TRUE}),
    "a service as a source is the pods behind it": ("service kube-system/kube-dns", {dns: TRUE}),
    "a service as a source keeps its outside addresses": (
        "service shop/store", {cache: TRUE, db: TRUE, EXTERNAL: inside(SRC, "203.0.113.9/32")},
    ),
    "a name with its namespace": ("shop/web", {web: TRUE}),
    "a word that is a pod and its label": ("cache", {cache: TRUE}),
    "a word that is a service and its pods": ("kube-dns", {dns: TRUE}),
    "a word that is a label value in one place": ("data", {db: TRUE, cache: TRUE}),
    "a known address decides, an unknown one is a condition": (
        "10.1.0.0/16",
        {web: inside(SRC, "10.1.0.0/16"), db: inside(SRC, "10.1.0.0/16"), cache: inside(SRC, "10.1.0.0/16"),
         dns: inside(SRC, "10.1.0.0/16"), agent: inside(SRC, "10.1.0.0/16"), web2: inside(SRC, "10.1.0.0/16"),
         EXTERNAL: inside(SRC, "10.1.0.0/16")},
    ),
    "a block that cannot be a pod's": ("169.254.169.254", {EXTERNAL: inside(SRC, "169.254.169.254/32")}),
    "a family that the cluster does not use": ("fd00::/8", {EXTERNAL: inside(SRC, "fd00::/8")}),
    "what is not in a block": (
        "nodes and not 192.168.0.0/16", {n1: not_(inside(SRC, "192.168.0.0/16"))},
    ),
}  # fmt: skip


@pytest.mark.parametrize(("ends", "meant"), SETS.values(), ids=SETS)
def test_an_expression_is_a_set(ends: str, meant: EndSet) -> None:
    """Each expression selects these endpoints under these conditions, in the order of the inventory."""
    found = sources(ends)
    assert found == dict(meant)
    order = [*WORLD.endpoints, EXTERNAL]
    assert list(found) == sorted(found, key=order.index)


def test_declared_pod_space_keeps_pods_out_of_other_blocks() -> None:
    """A pod of unknown address is no member of a block outside the pod space; a pod on the host network may be."""
    narrow = world(web, agent, pod_space=("10.244.0.0/16",)).inventory
    assert list(sources("10.1.0.0/16", narrow)) == [agent, EXTERNAL]
    assert list(sources("10.244.7.0/24", narrow)) == [web, agent, EXTERNAL]


def test_a_label_known_at_run_time_is_a_condition() -> None:
    """An unknown value may match, may differ, and may be absent only where that is possible."""
    always, maybe = runtime_label("a", "hash"), runtime_label("b", "hash", may_be_absent=True)
    a, b, c = pod("a", hash=always), pod("b", hash=maybe), pod("c")
    inventory = world(a, b, c).inventory
    assert sources('pods where hash == "x"', inventory) == {a: unknown_in(always, "x"), b: unknown_in(maybe, "x")}
    assert sources("pods where has hash", inventory) == {a: TRUE, b: not_(unknown_in(maybe, ABSENT))}
    assert sources("pods where has no hash", inventory) == {b: unknown_in(maybe, ABSENT), c: TRUE}
    assert sources('pods where hash != "x"', inventory) == {
        a: not_(unknown_in(always, "x")),
        b: not_(unknown_in(maybe, "x")),
        c: TRUE,
    }


def test_labels_of_an_undeclared_namespace_are_unknown() -> None:
    """A namespace that is only used may have any label but its name."""
    inventory = world(web, declared=False).inventory
    env = namespace_label("shop", "env")
    assert sources('pods in namespace where env == "prod"', inventory) == {web: unknown_in(env, "prod")}
    assert sources('pods in namespace where kubernetes.io/metadata.name == "shop"', inventory) == {web: TRUE}


DESTINATIONS: Mapping[str, tuple[str, EndSet]] = {
    "no traffic is TCP, UDP and SCTP": ("db", {db: ANY}),
    "a suffix is TCP": ("db:5432", {db: on("TCP", 5432)}),
    "on": ("db on tcp/5432, udp", {db: or_(on("TCP", 5432), protocol_is("UDP"))}),
    "a range": ("db on tcp/1-9", {db: on("TCP", 1, 9)}),
    "ICMP only when named": ("db on icmp", {db: protocol_is("ICMP")}),
    "a named port is each declared number": (
        "db or cache on port metrics", {db: or_(on("TCP", 9090), on("UDP", 9091))},
    ),
    "a named port of one protocol": ("db on port metrics/udp", {db: on("UDP", 9091)}),
    "parts with their own ports": ("db:1 or cache:2", {db: on("TCP", 1), cache: on("TCP", 2)}),
    "except leaves out one port": (
        "(pods in namespace shop) except db:80",
        {web: ANY, db: and_(not_(on("TCP", 80)), ANY), cache: ANY},
    ),
    "an address": ("203.0.113.7:443 and internet", {EXTERNAL: and_(inside(DST, "203.0.113.7/32"), on("TCP", 443), ANY)}),
}  # fmt: skip


@pytest.mark.parametrize(("dst", "meant"), DESTINATIONS.values(), ids=DESTINATIONS)
def test_a_destination_is_a_set_of_flows(dst: str, meant: EndSet) -> None:
    """Each destination has these endpoints, with the traffic in the condition."""
    (leg,) = legs(f"assert no deployment shop/web reaches {dst}")
    assert leg.via is None
    assert {e: set(getattr(c, "parts", (c,))) for e, c in leg.dst.items()} == {
        e: set(getattr(c, "parts", (c,))) for e, c in meant.items()
    }


def through(text: str) -> list[tuple[str, int, EndSet]]:
    """Service, index of its port and destination of every leg."""
    return [(str(leg.via.service), leg.via.port, leg.dst) for leg in legs(text) if leg.via]


def test_a_service_is_a_leg_for_each_port_and_number() -> None:
    """The flow goes through the Service to the pod's port; each distinct number behind a port is a leg of its own."""
    text = "assert every deployment shop/web reaches service"
    assert through(f"{text} kube-system/kube-dns") == [
        ("kube-system/kube-dns", 0, {dns: on("UDP", 5353)}),
        ("kube-system/kube-dns", 1, {dns: on("TCP", 5353)}),
    ]
    assert through(f"{text} kube-system/kube-dns on udp/53") == [("kube-system/kube-dns", 0, {dns: on("UDP", 5353)})]
    assert through(f"{text} kube-system/kube-dns:53") == [("kube-system/kube-dns", 1, {dns: on("TCP", 5353)})]
    assert through(f"{text} kube-system/kube-dns on port dns-tcp") == [
        ("kube-system/kube-dns", 1, {dns: on("TCP", 5353)})
    ]
    assert through(f"{text} shop/store") == [
        ("shop/store", 0, {db: on("TCP", 8080), EXTERNAL: and_(inside(DST, "203.0.113.9/32"), on("TCP", 8080))}),
        ("shop/store", 0, {cache: on("TCP", 8081)}),
    ]


def test_a_service_beside_pods_keeps_its_hop() -> None:
    """In an `or` the Service has legs of its own, also behind a `let`."""
    found = legs("let both = db:5432 or service kube-system/kube-dns\nassert no deployment shop/web reaches both")
    assert [(leg.via.port if leg.via else None, leg.dst) for leg in found] == [
        (None, {db: on("TCP", 5432)}),
        (0, {dns: on("UDP", 5353)}),
        (1, {dns: on("TCP", 5353)}),
    ]


def test_only_denies_everybody_else() -> None:
    """`only A reaches B` speaks about every pod, node and address outside A."""
    claim = one("assert only deployment shop/web reaches db:5432").claim
    assert isinstance(claim, AllFlows)
    assert not claim.want
    (leg,) = claim.legs
    assert dict(leg.src) == dict.fromkeys(leg.src, TRUE)
    assert set(leg.src) == set(ALL) - {web}
    assert leg.dst == {db: on("TCP", 5432)}


def test_reaches_only_denies_every_other_flow() -> None:
    """`A reaches only B` leaves of B just its traffic; a Service is its backends on their ports."""
    (leg,) = legs("assert cache reaches only db:5432 or service kube-system/kube-dns")
    assert leg.src == {cache: TRUE}
    assert set(leg.dst) == set(ALL)
    assert leg.dst[db] is and_(not_(on("TCP", 5432)), ANY)
    assert leg.dst[dns] is and_(not_(or_(on("UDP", 5353), on("TCP", 5353))), ANY)
    assert leg.dst[EXTERNAL] is ANY


def test_reaches_only_is_about_the_traffic_behind_on() -> None:
    """With `on` nothing is said about other ports, and the destination itself is free."""
    (leg,) = legs("assert cache reaches only db on tcp/5432")
    assert set(leg.dst) == set(ALL) - {db}
    assert leg.dst[web] is on("TCP", 5432)


def test_isolated_from_goes_both_ways() -> None:
    """Neither reaches the other."""
    claim = one("assert db is isolated from cache").claim
    assert isinstance(claim, AllFlows)
    assert not claim.want
    assert [(list(leg.src), list(leg.dst)) for leg in claim.legs] == [([db], [cache]), ([cache], [db])]


CROSSING = {(a, b) for a in ("kube-system", "shop", "test") for b in ("kube-system", "shop", "test", "mon") if a != b}


@pytest.mark.parametrize(
    "form", ["no {} reaches {}", "every {} reaches some {}", "no {} reaches {} except pod shop/db"]
)
def test_other_namespaces_are_the_pairs_of_different_namespaces(form: str) -> None:
    """Together the legs hold every pair of pods of two namespaces, and no pair of one namespace."""
    found = legs("assert " + form.format("pod except hostnetwork pods", "pods in other namespaces"))
    pairs = {(a, b) for leg in found for a in leg.src for b in leg.dst}
    kept = {(a, b) for a in (web, db, cache, dns, web2) for b in WORLD.pods if a.namespace != b.namespace}
    assert pairs == {(a, b) for a, b in kept if "shop/db" not in form or b is not db}
    assert {(a.namespace, b.namespace) for a, b in pairs} == CROSSING


def test_not_in_other_namespaces_is_the_own_namespace() -> None:
    """`not` turns the pairs around."""
    found = legs("assert no pod except hostnetwork pods reaches pods and not pods in other namespaces")
    pairs = {(a, b) for leg in found for a in leg.src for b in leg.dst}
    sources = (web, db, cache, dns, web2)
    assert pairs == {(a, b) for a in sources for b in sources if a.namespace == b.namespace}


def test_policies_of_one_name_and_kind_are_told_apart_by_their_api() -> None:
    """Kubernetes and Calico both have a NetworkPolicy, and one of each may have one name."""
    native, own = (PolicyId(dialect, "NetworkPolicy", "shop", "p") for dialect in ("kubernetes", "calico"))
    policies = {native: Span("p.yaml", 1, 1), own: Span("p.yaml", 2, 1)}
    for kind, meant in (("KubernetesNetworkPolicy", native), ("caliconetworkpolicy", own)):
        found = resolve([Text("a.npv", f"assert policy {kind} shop/p is vacuous")], WORLD, policies, Problems())
        claim = found.assertions[0].claim
        assert isinstance(claim, PolicyClaim)
        assert claim.policies == (meant,)
    problems = Problems()
    resolve([Text("a.npv", "assert policy NetworkPolicy shop/p is vacuous")], WORLD, policies, problems)
    choices = "`policy CalicoNetworkPolicy shop/p`, `policy KubernetesNetworkPolicy shop/p`"
    assert [(d.code, choices in d.message) for d in problems.errors] == [("NPV116", True)]


def test_claims_have_their_types() -> None:
    """Each form comes down to its claim."""
    assert isinstance(one("assert some db reaches cache").claim, SomeFlow)
    assert isinstance(one("assert every db reaches some cache").claim, EachReachesSome)
    isolated = one("assert every pod in namespace shop is isolated for ingress and egress").claim
    assert isinstance(isolated, Isolated)
    assert (list(isolated.ends), isolated.directions) == ([cache, db, web], (Direction.INGRESS, Direction.EGRESS))


def test_policies_are_found_by_name() -> None:
    """A policy is named by namespace and name, by kind where two have that name; cluster-wide ones by name alone."""
    rows = {
        "policy shop/p is vacuous": (["p"], True),
        "policy networkpolicy shop/both is not redundant": (["both"], False),
        "policy wide is shadowed": (["wide"], True),
        "no policy is redundant": (["wide", "both", "p", "both"], False),
        "no policy is redundant in namespace shop": (["both", "p", "both"], False),
    }
    for text, (found, want) in rows.items():
        claim = one(f"assert {text}").claim
        assert isinstance(claim, PolicyClaim)
        assert (sorted(p.name for p in claim.policies), claim.want) == (sorted(found), want), text


LEFT_OUT = {
    "nobody in both": ("no db reaches cache:80", True, True, ()),
    "the same pod on both sides": ("no db reaches db:80", True, True, (SELF,)),
    "no port given": ("no db reaches cache", True, True, (USUAL,)),
    "a pod on the host network": ("no agent reaches db:80", True, True, (OWN_NODE,)),
    "nodes are named": ("no nodes reach db:80", True, False, ()),
    "a node is named behind a let": ("no hosts reach cache:80", True, False, ()),
    "no pod at either end": ("no internet reaches (nodes or db:80)", True, False, (NO_POD, USUAL)),
    "anything names all": ("no anything reaches db:80", False, False, ()),
    "only": ("only cache reaches db:80", True, True, (SELF, OWN_NODE)),
    "reaches only": ("cache reaches only db:80", True, True, (SELF, OWN_NODE, USUAL)),
}


@pytest.mark.parametrize(("text", "itself", "own_node", "phrases"), LEFT_OUT.values(), ids=LEFT_OUT)
def test_what_is_left_out_is_said(text: str, itself: bool, own_node: bool, phrases: tuple[str, ...]) -> None:
    """Traffic of a pod to itself and of its own node is left out unless named, and the assertion says so."""
    assertion = one(f"let hosts = db or node n1\nassert {text}")
    assert isinstance(assertion.claim, AllFlows)
    assert {(leg.leave_out_self, leg.leave_out_own_node) for leg in assertion.claim.legs} == {(itself, own_node)}
    assert assertion.assumed == phrases


ERRORS = {
    "an unknown word": ("assert no wbe reaches db", "NPV104", 11, "`wbe` is no", "`web`"),
    "an unknown word lists the let names": ("let frnt = db\nassert no frntt reaches db", "NPV104", 11, "`frnt`", "`frnt`"),
    "a word of two namespaces": (
        "assert no web reaches db", "NPV105", 11,
        '`deployment shop/web`, `deployment test/web`, `pods where app == "web"`', "",
    ),
    "an unknown pod": ("assert no pod shop/bd reaches db", "NPV104", 15, "no pod `shop/bd`", "`pod shop/db`"),
    "a workload of another kind": ("assert no job shop/web reaches db", "NPV104", 15, "no job", "`deployment shop/web`"),
    "a kind with a name of two namespaces": ("assert no deployment web reaches db", "NPV105", 22, "`deployment test/web`", ""),
    "an unknown namespace": ("assert no pods in namespace shp reach db", "NPV104", 29, "no namespace `shp`", "`shop`"),
    "an unknown pack": ("use kubernetes/dsn", "NPV103", 5, "`kubernetes/metadata`", "`kubernetes/dns`"),
    "a name given twice": ("let a = db\nlet a = cache", "NPV106", 5, "first in line 1", ""),
    "a name defined by itself": ("let a = a or db", "NPV108", 5, "by itself", "deployment"),
    "a name defined by another that it defines": ("let a = db\nlet b = c\nlet c = b", "NPV108", 5, "by itself", ""),
    "an unused let is checked": ("let a = dbb", "NPV104", 9, "`dbb`", "`db`"),
    "a port on a source": ("assert no db:80 reaches cache", "NPV111", 11, "`:80`", ""),
    "a suffix beside on": ("assert no db reaches cache:80 on tcp/80", "NPV111", 22, "together with `on`", "`tcp/80`"),
    "a suffix inside a let beside on": ("let c = cache:80\nassert no db reaches c on tcp/80", "NPV111", 9, "`on`", ""),
    "a port that the Service has not": (
        "assert no db reaches service shop/store on tcp/8080", "NPV113", 44, "its ports are `tcp/80`", "",
    ),
    "other namespaces on the left": ("assert no pods in other namespaces reach db", "NPV114", 11, "destination", ""),
    "other namespaces of nodes": ("assert no nodes reach pods in other namespaces", "NPV114", 23, "needs pods", ""),
    "an unknown policy": ("assert policy shop/pp is vacuous", "NPV115", 15, "no policy `shop/pp`", "`shop/p`"),
    "a policy of two kinds": ("assert policy shop/both is vacuous", "NPV116", 15, "`policy NetworkPolicy shop/both`", "kind"),
    "many hops": ("assert no db reaches cache through any path", "NPV102", 1, "not supported in this version", ""),
    "no way in": ("assert no internet reaches cache through nodprt", "NPV610", 42, "`nodprt` is no way in", "`nodeport`"),
    "nobody outside comes in": ("assert no db reaches cache through nodeport", "NPV611", 36, "no source is outside", "`internet`"),
    "the open world": ("assert no possible pod reaches db", "NPV102", 11, "not supported in this version", ""),
    "admission": ("assume every pod has label team", "NPV102", 1, "not supported in this version", ""),
    "an expression that is none": (
        "assert no db reaches cache on http GET /(?!x)", "NPV550", 40, "RE2 has no `(?!`", "docs/language.md",
    ),
    "an expression that is not read": ("assert no db reaches cache on http GET|\\bPUT", "NPV550", 36, "not read here", ""),
    "a method in small letters": ("assert no db reaches cache on http get /x", "NPV551", 36, "told apart by case", "`GET`"),
    "ports of HTTP that cannot be": ("assert no db reaches cache on http/0 GET /x", "NPV110", 31, "out of the range", ""),
}  # fmt: skip


@pytest.mark.parametrize(("text", "code", "column", "words", "fix"), ERRORS.values(), ids=ERRORS)
def test_what_cannot_be_meant_is_an_error(text: str, code: str, column: int, words: str, fix: str) -> None:
    """Each error has its code, its place, the user's words, and no assertion comes of it."""
    resolved, problems = said(text)
    error = problems.errors[-1]
    assert error.span is not None
    assert (error.code, error.span.column) == (code, column)
    assert words in error.message
    assert fix in error.fix
    assert error.excerpt == text.splitlines()[error.span.line - 1]
    assert resolved.assertions == ()
    assert problems.warnings == ()


WARNINGS = {
    "a label that nobody has": ('assert no pods where app == "x" reach db', "NPV130", 11, "selects nothing"),
    "an empty part of a whole that is not": (
        'assert no db or (pods where app == "x") reaches db',
        "NPV130",
        18,
        "selects nothing",
    ),
    "an overlap that is empty": ("assert no db and cache reaches db", "NPV130", 11, "selects nothing"),
    "a service without pods": ("assert every db reaches service shop/empty", "NPV131", 33, "no pod stands behind"),
    "a port of a service without pods": ("assert every db reaches service shop/half", "NPV131", 33, "`tcp/81`"),
    "a service that is a name": ("assert every db reaches service shop/named", "NPV131", 33, "ExternalName"),
    "a port name that nobody declares": ("assert no db reaches cache on port metrics", "NPV133", 31, "`metrics`"),
}


@pytest.mark.parametrize(("text", "code", "column", "words"), WARNINGS.values(), ids=WARNINGS)
def test_what_selects_nothing_is_a_warning(text: str, code: str, column: int, words: str) -> None:
    """The assertion stands, and says nothing about what is not there."""
    resolved, problems = said(text)
    (warning,) = problems.warnings
    assert warning.span is not None
    assert (warning.code, warning.span.column, len(resolved.assertions)) == (code, column, 1)
    assert words in warning.message
    assert problems.errors == ()


def test_assertions_about_changes_are_left_to_diff() -> None:
    """They are told, not decided and not dropped in silence."""
    resolved, problems = said("assert on change: no new flow reaches db")
    assert resolved.assertions == ()
    assert [(w.code, w.message) for w in problems.warnings] == [
        ("NPV410", "an `on change` assertion is about two versions, so it was not decided here")
    ]
    assert problems.errors == ()


def test_taking_away_a_class_that_is_empty_is_no_warning() -> None:
    """A cluster without pods on the host network, or without nodes, is nothing to remark."""
    _, problems = said("assert no pods except hostnetwork pods reach (anything except nodes)", world(web).inventory)
    assert (problems.errors, problems.warnings) == ((), ())


def test_every_error_of_every_statement_is_noted() -> None:
    """Two bad assertions and a good one: two errors and one assertion."""
    resolved, problems = said("assert no wbe reaches dbb\nassert no db reeches cache\nassert no db reaches cache")
    assert [d.span.line for d in problems.errors if d.span] == [1, 1, 2]
    assert len(resolved.assertions) == 1


def test_titles_tags_and_severity_are_kept() -> None:
    """The title is the user's, else the text; `only_tags` keeps what has one of the tags."""
    text = """assert tag a severity warning "t": no db reaches cache
assert tag b no cache reaches db
assert no db reaches nodes"""
    resolved, problems = said(text)
    assert problems.errors == ()
    first, second, third = resolved.assertions
    assert (first.title, first.text, first.severity, first.tags) == ("t", "no db reaches cache", "warning", ("a",))
    assert (second.title, second.severity, second.kind) == ("no cache reaches db", "error", "no_reaches")
    assert [a.tags for a in said(text, only_tags=("b",))[0].assertions] == [("b",)]
    assert third.tags == ()


def test_a_tag_that_nothing_has_is_an_error() -> None:
    """A misspelt tag must not look like a run in which all is proved."""
    _, problems = said("assert tag pci no db reaches cache", only_tags=("pcii",))
    (error,) = problems.errors
    assert error == Diagnostic("NPV117", "no assertion has the tag `pcii`", None, "did you mean `pci`?")


def test_a_tag_is_an_error_also_where_no_assertion_is() -> None:
    """Without any spec nothing would be proved at all."""
    pod = '{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a", "namespace": "b"}}'
    with pytest.raises(InputError) as raised:
        load([File("a.json", pod, named=True)], only_tags=["pci"])
    assert [error.code for error in raised.value.diagnostics] == ["NPV117"]


def test_pod_space_is_read_without_an_inventory() -> None:
    """`assume pod addresses in` of all files, each block once."""
    specs = [
        Text("a.npv", "assume pod addresses in 10.0.0.0/8, fd00::/8"),
        Text("b.npv", "assume pod addresses in 10.0.0.0/8"),
    ]
    blocks = (Prefix.parse("10.0.0.0/8"), Prefix.parse("fd00::/8"))
    assert declared_pod_space(specs, Problems()) == blocks
    assert resolve(specs, WORLD, {}, Problems()).pod_space == blocks


def test_names_are_local_to_a_file() -> None:
    """A `let` of one file means nothing in another."""
    problems = Problems()
    resolve([Text("a.npv", "let x = db"), Text("b.npv", "assert no x reaches cache")], WORLD, {}, problems)
    assert [(d.code, d.span.file) for d in problems.errors if d.span] == [("NPV104", "b.npv")]


def test_a_pod_of_a_workload_and_the_workload_have_names() -> None:
    """A listed pod is found by its own name and by that of its controller."""
    replica = pod("api-7d9-x", of=WorkloadRef("Deployment", "shop", "api"))
    inventory = world(replica).inventory
    for ends in ("pod shop/api-7d9-x", "deployment shop/api", "api", "shop/api-7d9-x"):
        assert sources(ends, inventory) == {replica: TRUE}, ends
