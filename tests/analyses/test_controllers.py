"""What an Ingress or a Gateway brings in: who sends it to the pods, what policies see of that, and what is proved of it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from analyses.test_entered import judged
from analyses.test_entries import (
    CLIENT,
    DUAL_NODES,
    HOST_ENDPOINT,
    LITERAL,
    NODEPORT,
    NODES,
    ONE,
    asked,
    db,
    dual,
    lets_in,
    service,
)
from npverify.analyses.evaluate import evaluate_query
from npverify.analyses.flows import FlowReader
from npverify.analyses.load import load
from npverify.analyses.session import Session
from npverify.ingest.source import InputError
from npverify.normal.flow import Entry
from npverify.report.counterexample_text import remark
from npverify.report.reproduce import reproduce
from npverify.report.words import via

GATEWAY = "gateway.networking.k8s.io/v1"
GATEWAY_CLASS = (
    f"{{apiVersion: {GATEWAY}, kind: GatewayClass, metadata: {{name: c}}, spec: {{controllerName: b.io/c}}}}"
)
ROUTED = [
    f"{{apiVersion: {GATEWAY}, kind: Gateway, metadata: {{name: g, namespace: x}}, spec: {{gatewayClassName: c,"
    " listeners: [{name: l, port: 443, protocol: TLS}]}}",
    f"{{apiVersion: {GATEWAY}, kind: TCPRoute, metadata: {{name: r, namespace: x}}, spec: {{parentRefs: [{{name: g}}],"
    " rules: [{backendRefs: [{name: front, port: 80}]}]}}",
]


def ingress(class_: str = "", name: str = "i") -> str:
    """An Ingress before Service x/front."""
    of = f"ingressClassName: {class_}, " if class_ else ""
    return (
        f"{{apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {{name: {name}, namespace: x}},"
        f" spec: {{{of}defaultBackend: {{service: {{name: front, port: {{number: 80}}}}}}}}}}"
    )


def edge(name: str = "edge", more: str = "", ip: str = "10.1.0.7", labels: str = "app: edge") -> str:
    """A pod of the namespace e, which may be a controller's."""
    return (
        f"{{apiVersion: v1, kind: Pod, metadata: {{name: {name}, namespace: e, labels: {{{labels}}}}},"
        f" spec: {{containers: [{{name: c}}]{more}}}, status: {{phase: Running, podIP: {ip}}}}}"
    )


def lets(peer: str) -> str:
    """A policy on x/db that lets in this peer alone."""
    return (
        "{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: p, namespace: x},"
        f" spec: {{podSelector: {{}}, policyTypes: [Ingress], ingress: [{{from: [{peer}]}}]}}}}"
    )


INGRESS_CLASS = (
    "{apiVersion: networking.k8s.io/v1, kind: IngressClass, metadata: {name: a}, spec: {controller: b.io/c}}"
)
DEFAULT_CLASS = INGRESS_CLASS.replace(
    "name: a", "name: a, annotations: {ingressclass.kubernetes.io/is-default-class: 'true'}"
)
SILENT = (
    "{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: silent, namespace: e},"
    " spec: {podSelector: {}, policyTypes: [Egress]}}"
)
TO_ANOTHER_SERVICE = SILENT.replace("[Egress]", "[Egress], egress: [{to: [{ipBlock: {cidr: 10.96.0.77/32}}]}]")
FRONT = service("ClusterIP", port="port: 80, targetPort: pg")
ANOTHER = FRONT.replace("name: front", "name: other").replace("{type:", "{clusterIP: 10.96.0.77, type:")
EDGE = lets("{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: e}}}")
PLAIN = [NODES, db(), edge(), FRONT, ingress()]
NO = "no internet reaches pod x/db"
EVERY = f"every {CLIENT} reaches pod x/db:5432"
DUAL_EDGE = edge().replace("podIP: 10.1.0.7", "podIPs: [{ip: 10.1.0.7}, {ip: 'fd01::7'}]")
ONE_FRONT = service("ClusterIP", ONE, "port: 80, targetPort: pg")
BY, BY_GATEWAY = "through ingress", "through gateway"
SAID = {"ingress_controller": "e/app=edge"}
OLD_STYLE = ingress().replace("namespace: x}", "namespace: x, annotations: {kubernetes.io/ingress.class: a}}")
GATED = {"gateway_controller": "e/app=edge"}
ON_HOST = edge(more=", hostNetwork: true, nodeName: n1", ip="192.168.0.1")

TWIN = db().replace("name: db", "name: twin").replace("app: db", "app: db, one: twin").replace("10.1.0.1", "10.1.0.2")
HALVES = [
    lets_in("130.211.0.0/23").replace("podSelector: {}", "podSelector: {matchLabels: {one: twin}}"),
    lets_in("130.211.2.0/23")
    .replace("name: p", "name: q")
    .replace("podSelector: {}", "podSelector: {matchExpressions: [{key: one, operator: DoesNotExist}]}"),
]

ROWS: list[tuple[str, list[str], str, Mapping[str, str], str]] = [
    # who the controller is
    ("as nobody says who the controller is, nothing is proved", [*PLAIN, lets_in()], f"{NO} {BY}", {}, "undecided"),
    ("nor refuted: it may be one that is not in the input", [*PLAIN], f"{NO} {BY}", {}, "undecided"),
    ("nor that everybody comes in", [*PLAIN], f"{EVERY} {BY}", {}, "undecided"),
    ("nor that somebody does", [*PLAIN], f"some internet reaches pod x/db {BY}", {}, "undecided"),
    ("a controller that is not in the input", [*PLAIN, lets_in()], f"{NO} {BY}", {"ingress_controller": "f"}, "undecided"),
    ("nor one with other labels", [*PLAIN, lets_in()], f"{NO} {BY}", {"ingress_controller": "e/app=other"}, "undecided"),
    ("what needs no controller to be known: nothing leads there", [NODES, db(), FRONT, lets_in()], f"{NO} {BY}", {}, "vacuous"),
    ("to another port", [*PLAIN], f"{NO}:22 {BY}", {}, "vacuous"),
    # its pods
    ("the controller is let in", [*PLAIN, EDGE], f"{NO} {BY}", SAID, "refuted"),
    ("and so is everybody", [*PLAIN, EDGE], f"{EVERY} {BY}", SAID, "proved"),
    ("somebody too", [*PLAIN, EDGE], f"some internet reaches pod x/db {BY}", SAID, "proved"),
    ("it is not let in", [*PLAIN, lets_in()], f"{NO} {BY}", SAID, "proved"),
    ("so nobody is", [*PLAIN, lets_in()], f"{EVERY} {BY}", SAID, "refuted"),
    ("nobody at all", [*PLAIN, lets_in()], f"some internet reaches pod x/db {BY}", SAID, "refuted"),
    ("a block of clients lets no controller in", [*PLAIN, lets_in(CLIENT)], f"{EVERY} {BY}", SAID, "refuted"),
    ("its own address does, if blocks hold pods", [*PLAIN, lets_in("10.1.0.7/32")], f"{EVERY} {BY}", SAID, "proved"),
    ("its egress counts", [*PLAIN, EDGE, SILENT], f"{NO} {BY}", SAID, "proved"),
    ("it sends to pods, not to the Services before them", [*PLAIN, EDGE, ANOTHER, TO_ANOTHER_SERVICE], f"{NO} {BY}", SAID, "proved"),
    ("any client stands behind it", [*PLAIN, EDGE], f"only {CLIENT} reaches pod x/db {BY}", SAID, "refuted"),
    ("also one of another family", [*PLAIN, EDGE], f"no fd00::/8 reaches pod x/db {BY}", SAID, "refuted"),
    ("every pod of a namespace", [*PLAIN, EDGE], f"{NO} {BY}", {"ingress_controller": "e"}, "refuted"),
    ("one of several pods is not let in", [*PLAIN, edge("other", ip="10.1.0.8"), lets_in("10.1.0.7/32")], f"{EVERY} {BY}", SAID, "refuted"),
    ("another pod of its namespace is none", [*PLAIN, edge("o", ip="10.1.0.8", labels="app: o"), lets("{ipBlock: {cidr: 10.1.0.8/32}}")], f"{NO} {BY}", SAID, "proved"),
    ("on the host network it comes as its node, the pod's own", [NODES, db(), ON_HOST, FRONT, ingress(), lets_in()], f"{NO} {BY}", {**SAID, "hostnetwork_pods": "as_node"}, "refuted"),
    ("or another, which is judged", [NODES, db(node="n2"), ON_HOST, FRONT, ingress(), lets_in()], f"{NO} {BY}", {**SAID, "hostnetwork_pods": "as_node"}, "proved"),
    ("the controller is behind itself", [NODES, db().replace("app: db", "app: edge"), service("ClusterIP", port="port: 80, targetPort: pg").replace("{app: db}", "{app: edge}"), ingress(), lets_in()], f"{NO} {BY}", {"ingress_controller": "x/app=edge"}, "refuted"),
    # what is no pod
    ("a balancer outside", [*PLAIN, lets_in("130.211.0.0/22")], f"{NO} {BY}", {"ingress_controller": "130.211.0.0/22"}, "refuted"),
    ("of all its addresses", [*PLAIN, lets_in("130.211.0.0/23")], f"{EVERY} {BY}", {"ingress_controller": "130.211.0.0/22"}, "refuted"),
    ("from another block", [*PLAIN, lets_in("203.0.113.0/24")], f"{NO} {BY}", {"ingress_controller": "130.211.0.0/22"}, "proved"),
    ("from anywhere outside", [*PLAIN, lets_in("203.0.113.0/24")], f"{NO} {BY}", {"ingress_controller": "internet"}, "refuted"),
    ("the nodes, the pod's own among them", [*PLAIN, lets_in()], f"{NO} {BY}", {"ingress_controller": "nodes"}, "refuted"),
    ("not every node is let in", [*PLAIN, lets_in()], f"{EVERY} {BY}", {"ingress_controller": "nodes"}, "refuted"),
    ("all of them are", [*PLAIN, lets_in("192.168.0.0/24")], f"{EVERY} {BY}", {"ingress_controller": "nodes"}, "proved"),
    # classes
    ("of its class", [NODES, db(), edge(), FRONT, ingress("a"), EDGE], f"{NO} {BY}", {"ingress_controller.a": "e"}, "refuted"),
    ("another class says nothing", [NODES, db(), edge(), FRONT, ingress("a"), EDGE], f"{NO} {BY}", {"ingress_controller.b": "e"}, "undecided"),
    ("the class in the annotation counts", [NODES, db(), edge(), FRONT, OLD_STYLE, EDGE], f"{NO} {BY}", {"ingress_controller": "f", "ingress_controller.a": "e"}, "refuted"),
    ("as in what nobody else serves", [NODES, db(), edge(), FRONT, OLD_STYLE, EDGE], f"{EVERY} {BY}", {"ingress_controller": "e", "ingress_controller.a": "f"}, "undecided"),
    ("without a class one that is the default may serve it", [*PLAIN, lets_in()], f"{NO} {BY}", {"ingress_controller": "e", "ingress_controller.a": "f"}, "undecided"),
    ("unless they are the same", [*PLAIN, lets_in()], f"{NO} {BY}", {"ingress_controller": "e", "ingress_controller.a": "e"}, "proved"),
    ("a Gateway that is not there may be of any class", [NODES, db(), edge(), FRONT, ROUTED[1], lets_in()], f"{NO} {BY_GATEWAY}", {"gateway_controller": "e", "gateway_controller.c": "f"}, "undecided"),
    ("what is said of its class goes first", [NODES, db(), edge(), FRONT, ingress("a"), EDGE], f"{NO} {BY}", {"ingress_controller": "f", "ingress_controller.a": "e"}, "refuted"),
    ("by the name of its controller", [NODES, db(), edge(), FRONT, ingress("a"), INGRESS_CLASS, EDGE], f"{NO} {BY}", {"ingress_controller.b.io/c": "e"}, "refuted"),
    ("behind the name of the class", [NODES, db(), edge(), FRONT, ingress("a"), INGRESS_CLASS, EDGE], f"{NO} {BY}", {"ingress_controller.b.io/c": "f", "ingress_controller.a": "e"}, "refuted"),
    ("of no class, as none is the default", [NODES, db(), edge(), FRONT, ingress(), INGRESS_CLASS, EDGE], f"{NO} {BY}", {"ingress_controller.a": "e"}, "undecided"),
    ("what is said of all classes is said of it too", [NODES, db(), edge(), FRONT, ingress(), INGRESS_CLASS, EDGE], f"{NO} {BY}", {"ingress_controller": "e"}, "refuted"),
    ("of the default class", [NODES, db(), edge(), FRONT, ingress(), DEFAULT_CLASS, EDGE], f"{NO} {BY}", {"ingress_controller.a": "e"}, "refuted"),
    ("of two defaults nobody knows which it gets", [NODES, db(), edge(), FRONT, ingress(), DEFAULT_CLASS, DEFAULT_CLASS.replace("name: a", "name: b"), EDGE], f"{NO} {BY}", {"ingress_controller.a": "e"}, "undecided"),
    ("unless both have one controller", [NODES, db(), edge(), FRONT, ingress(), DEFAULT_CLASS, DEFAULT_CLASS.replace("name: a", "name: b"), EDGE], f"{NO} {BY}", {"ingress_controller.b.io/c": "e"}, "refuted"),
    ("by the annotation of old", [NODES, db(), edge(), FRONT, ingress().replace("namespace: x}", "namespace: x, annotations: {kubernetes.io/ingress.class: a}}"), EDGE], f"{NO} {BY}", {"ingress_controller.a": "e"}, "refuted"),
    ("one of two is enough to refute", [NODES, db(), edge(), FRONT, ingress("a"), ingress("b", "j"), EDGE], f"{NO} {BY}", {"ingress_controller.a": "e"}, "refuted"),
    ("but not to prove", [NODES, db(), edge(), FRONT, ingress("a"), ingress("b", "j"), lets_in()], f"{NO} {BY}", {"ingress_controller.a": "e"}, "undecided"),
    ("one is enough for somebody", [NODES, db(), edge(), FRONT, ingress("a"), ingress("b", "j"), EDGE], f"some internet reaches pod x/db {BY}", {"ingress_controller.a": "e"}, "proved"),
    # families
    ("it sends in a family of the Service", [DUAL_NODES, dual(), DUAL_EDGE, FRONT, ingress(), lets_in("'fd01::7/128'")], f"{NO} {BY}", SAID, "refuted"),
    ("and in no other", [DUAL_NODES, dual(), DUAL_EDGE, service("ClusterIP", ONE, "port: 80, targetPort: pg"), ingress(), lets_in("'fd01::7/128'")], f"{NO} {BY}", SAID, "proved"),
    # gateways
    ("a Gateway is no Ingress", [NODES, db(), edge(), FRONT, *ROUTED, EDGE], f"{NO} {BY}", SAID, "vacuous"),
    ("it has a controller of its own", [NODES, db(), edge(), FRONT, *ROUTED, EDGE], f"{NO} {BY_GATEWAY}", SAID, "undecided"),
    ("which is let in", [NODES, db(), edge(), FRONT, *ROUTED, EDGE], f"{NO} {BY_GATEWAY}", GATED, "refuted"),
    ("of its GatewayClass", [NODES, db(), edge(), FRONT, *ROUTED, GATEWAY_CLASS, EDGE], f"{NO} {BY_GATEWAY}", {"gateway_controller.b.io/c": "e"}, "refuted"),
    ("both by name", [*PLAIN, *ROUTED, EDGE], f"{EVERY} {BY_GATEWAY}, ingress", {**SAID, **GATED}, "proved"),
    # what is not asked by name
    ("outside traffic keeps its meaning", [*PLAIN, EDGE], NO, SAID, "proved"),
    ("to the Service itself", [*PLAIN, EDGE], f"no internet reaches service x/front {BY}", SAID, "refuted"),
    # each one some
    ("each comes in to some pod", [*PLAIN, EDGE], f"every internet reaches some pod in namespace x on tcp/5432 {BY}", SAID, "proved"),
    ("or to none", [*PLAIN, lets_in()], f"every internet reaches some pod in namespace x on tcp/5432 {BY}", SAID, "refuted"),
    ("one controller of two is not enough", [NODES, db(), edge(), FRONT, ingress("a"), ingress("b", "j"), EDGE], f"every internet reaches some pod in namespace x on tcp/5432 {BY}", {"ingress_controller.a": "e"}, "undecided"),
    ("half of a balancer's addresses each", [NODES, db(), TWIN, FRONT, ingress(), *HALVES], f"every internet reaches some pod in namespace x on tcp/5432 {BY}", {"ingress_controller": "130.211.0.0/22"}, "refuted"),
    ("or nobody knows", [*PLAIN, EDGE], f"every internet reaches some pod in namespace x on tcp/5432 {BY}", {}, "undecided"),
    ("or there is no way", [NODES, db(), FRONT, EDGE], f"every internet reaches some pod in namespace x on tcp/5432 {BY}", {}, "vacuous"),
]  # fmt: skip


@pytest.mark.parametrize(("manifests", "claim", "assume", "status"), [r[1:] for r in ROWS], ids=[r[0] for r in ROWS])
def test_what_is_proved_of_what_a_controller_sends(
    manifests: list[str], claim: str, assume: Mapping[str, str], status: str, tmp_path: Path
) -> None:
    """Policies see the controller; as long as nobody says who it is, nothing that hangs on it is decided."""
    found = asked(tmp_path, manifests, claim, {**LITERAL, **assume}).results[0]
    assert found.status == status


def test_a_session_looks_at_the_policies_of_the_controller(tmp_path: Path) -> None:
    """Its egress may be closed where nothing else changes."""
    others = SILENT.replace("silent", "others").replace("podSelector: {}", "podSelector: {matchLabels: {app: none}}")
    (tmp_path / "m.yaml").write_text("\n---\n".join([*PLAIN, EDGE, others]))
    (tmp_path / "s.npv").write_text(f"assert {NO} {BY}\n")
    session = Session([str(tmp_path)], assume={**LITERAL, **SAID})
    assert session.prove().results[0].status == "refuted"
    session.apply(SILENT)
    assert session.prove().results[0].status == "proved"


def test_a_counterexample_names_the_ingress(tmp_path: Path) -> None:
    """Its source is the pod of the controller."""
    shown = asked(tmp_path, [*PLAIN, EDGE], f"{NO} {BY}", SAID).results[0].counterexample
    assert shown is not None
    assert (str(shown.flow.src), shown.flow.port) == ("e/edge", 5432)
    assert shown.flow.entry == Entry("Ingress", "Ingress x/i", 0, True)


@pytest.mark.parametrize(
    ("assume", "words"),
    [
        ({}, "no setting ingress_controller says it"),
        ({"ingress_controller": "f"}, "no pod of namespace f is in the input"),
    ],
)
def test_what_is_undecided_says_what_to_say(assume: Mapping[str, str], words: str, tmp_path: Path) -> None:
    """The setting, or the manifests that it speaks of."""
    found = asked(tmp_path, PLAIN, f"{NO} {BY}", assume).results[0]
    assert words in found.because
    assert "--assume ingress_controller=" in found.fix


@pytest.mark.parametrize(
    ("manifests", "claim", "said"),
    [
        ([*PLAIN, lets_in()], NO, True),
        ([*PLAIN, lets_in()], f"{EVERY}", True),
        ([*PLAIN, lets_in()], f"{NO} {BY}", False),
        ([*PLAIN, lets_in()], "no pod reaches pod x/db", False),
        ([*PLAIN, lets_in()], "no internet reaches pod e/edge", False),
        ([NODES, db(), FRONT, lets_in()], NO, False),
    ],
)
def test_that_a_controller_may_bring_it_in_is_said_of_outside_traffic(
    manifests: list[str], claim: str, said: bool, tmp_path: Path
) -> None:
    """Where somebody speaks of outside traffic to pods behind an Ingress, without naming that way."""
    assumed = asked(tmp_path, manifests, claim, SAID).assumed
    assert any("comes from the pods of its controller" in line and "(Ingress x/i)" in line for line in assumed) is said


@pytest.mark.parametrize(
    ("claim", "said"),
    [(f"{EVERY} {BY}", True), (f"some internet reaches pod x/db {BY}", True), (f"{NO} {BY}", False), (EVERY, False)],
)
def test_that_clients_come_to_the_controller_is_said_to_be_open(claim: str, said: bool, tmp_path: Path) -> None:
    """Where somebody claims that they get in; that nobody does holds whether or not they come there."""
    assumed = asked(tmp_path, [*PLAIN, EDGE], claim, SAID).assumed
    assert any("is a statement about these" in line for line in assumed) is said


def test_where_policies_judge_hosts_a_controller_is_followed(tmp_path: Path) -> None:
    """What it sends does not come in by a port of a node."""
    manifests = [*PLAIN, EDGE, HOST_ENDPOINT]
    assert asked(tmp_path, manifests, f"{NO} {BY}", SAID, "calico").results[0].status == "refuted"


BY_POD = "which pod of the controller sends it, and which gets it"


@pytest.mark.parametrize(
    ("manifests", "src", "assume", "allowed", "depends"),
    [
        pytest.param([*PLAIN, EDGE], "203.0.113.7", SAID, True, set(), id="the controller is let in"),
        pytest.param([*PLAIN, EDGE], "2001:db8::1", SAID, True, set(), id="a client of another family"),
        pytest.param([*PLAIN, lets_in(CLIENT)], "203.0.113.7", SAID, False, set(), id="its client is no matter"),
        pytest.param([*PLAIN, edge("o", ip="10.1.0.8"), lets_in("10.1.0.7/32")], "203.0.113.7", SAID, False, {BY_POD}, id="one of two"),
        pytest.param([*PLAIN, lets_in("130.211.0.0/22")], "203.0.113.7", {"ingress_controller": "130.211.0.0/22"}, True, set(), id="a balancer"),
        pytest.param([DUAL_NODES, dual(), DUAL_EDGE, ONE_FRONT, ingress(), lets_in("10.1.0.7/32")], "2001:db8::1", SAID, True, set(), id="a client of a family that its Service has not"),
        pytest.param([DUAL_NODES, dual(), DUAL_EDGE, ONE_FRONT, ingress(), lets_in("'fd01::7/128'")], "2001:db8::1", SAID, False, set(), id="nor does the controller send in it"),
        pytest.param([DUAL_NODES, dual(), FRONT, ingress(), lets_in("130.211.0.0/22")], "2001:db8::1", {"ingress_controller": "130.211.0.0/22"}, True, set(), id="a client of another family than the balancer"),
        pytest.param([*PLAIN, lets_in("130.211.0.0/23")], "203.0.113.7", {"ingress_controller": "130.211.0.0/22"}, False, {BY_POD}, id="half of it"),
    ],
)  # fmt: skip
def test_the_verdict_of_a_client(
    manifests: list[str], src: str, assume: dict[str, str], allowed: bool, depends: set[str], tmp_path: Path
) -> None:
    """What `eval --via ingress` says: it passes if whatever the controller sends does."""
    found = judged(tmp_path, manifests, "ingress/x/i", src, **assume)
    assert (found.verdict.allowed, set(found.depends)) == (allowed, depends)


def test_a_client_of_nobody_is_refused(tmp_path: Path) -> None:
    """Without a controller there is no flow to judge."""
    with pytest.raises(InputError) as refused:
        judged(tmp_path, [*PLAIN, EDGE], "ingress")
    assert [d.code for d in refused.value.diagnostics] == ["NPV654"]


RANGED = [NODES, db(), service("LoadBalancer", ", loadBalancerSourceRanges: [' 203.0.113.0/24 ']")]
ANNOTATED = [NODES, db(), service("LoadBalancer").replace("namespace: x}", "namespace: x, annotations: {service.beta.kubernetes.io/load-balancer-source-ranges: ' 203.0.113.0/24 ,198.18.0.0/15'}}")]  # fmt: skip
SEEN = {"node_port_snat": "never", "load_balancer_source": "client"}
HIDDEN = {"node_port_snat": "at_other_nodes", "load_balancer_source": "client"}
TAKEN, IGNORED = {"load_balancer_ranges": "enforced"}, {"load_balancer_ranges": "ignored"}
FAR_NODE = lets_in("192.168.0.2/32")

RANGES: list[tuple[str, list[str], str, Mapping[str, str], str]] = [
    ("who is not in the ranges does not come in", RANGED, "no 198.51.100.0/24 reaches pod x/db through loadbalancer", {**SEEN, **TAKEN}, "vacuous"),
    ("who is does", RANGED, f"no {CLIENT} reaches pod x/db through loadbalancer", {**SEEN, **TAKEN}, "refuted"),
    ("only they do: of others there is no flow", RANGED, f"only {CLIENT} reaches pod x/db through loadbalancer", {**SEEN, **TAKEN}, "vacuous"),
    ("unless the ranges are ignored", RANGED, f"only {CLIENT} reaches pod x/db through loadbalancer", {**SEEN, **IGNORED}, "refuted"),
    ("which is left open", RANGED, f"only {CLIENT} reaches pod x/db through loadbalancer", SEEN, "refuted"),
    ("node ports have none", RANGED, f"only {CLIENT} reaches pod x/db through nodeport", {**SEEN, **TAKEN}, "refuted"),
    ("others are not passed on by a node", [*RANGED, FAR_NODE], "no 198.51.100.0/24 reaches pod x/db through loadbalancer", {**HIDDEN, **TAKEN}, "vacuous"),
    ("they are through its node port", [*RANGED, FAR_NODE], "no 198.51.100.0/24 reaches pod x/db", {**HIDDEN, **TAKEN}, "refuted"),
    ("unless it has none", [NODES, db(), service("LoadBalancer", ", allocateLoadBalancerNodePorts: false, loadBalancerSourceRanges: [203.0.113.0/24]"), FAR_NODE], "no 198.51.100.0/24 reaches pod x/db", {**HIDDEN, **TAKEN}, "proved"),
    ("those in the ranges still are", [NODES, db(), service("LoadBalancer", ", allocateLoadBalancerNodePorts: false, loadBalancerSourceRanges: [203.0.113.0/24]"), FAR_NODE], "no 203.0.113.128/25 reaches pod x/db", {**HIDDEN, **TAKEN}, "refuted"),
    ("an annotation says the same", ANNOTATED, "no 198.51.100.0/24 reaches pod x/db through loadbalancer", {**SEEN, **TAKEN}, "vacuous"),
    ("and names several", ANNOTATED, "no 198.18.0.0/24 reaches pod x/db through loadbalancer", {**SEEN, **TAKEN}, "refuted"),
    ("the field goes before it", [NODES, db(), ANNOTATED[2].replace("spec: {", "spec: {loadBalancerSourceRanges: [198.51.100.0/24], ")], "only 198.51.100.0/24 reaches pod x/db through loadbalancer", {**SEEN, **TAKEN}, "vacuous"),
    ("an empty one names nobody, so everybody", [NODES, db(), ANNOTATED[2].replace(" 203.0.113.0/24 ,198.18.0.0/15", " ")], "no 198.51.100.0/24 reaches pod x/db through loadbalancer", {**SEEN, **TAKEN}, "refuted"),
    ("of one family", RANGED, "no fd00::/8 reaches pod x/db through loadbalancer", {**SEEN, **TAKEN}, "vacuous"),
    ("a balancer of its own address takes no others", RANGED, "no 198.51.100.0/24 reaches pod x/db through loadbalancer", {**TAKEN, "load_balancer_source": "balancer"}, "vacuous"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("manifests", "claim", "assume", "status"), [r[1:] for r in RANGES], ids=[r[0] for r in RANGES]
)
def test_a_load_balancer_takes_clients_of_its_ranges(
    manifests: list[str], claim: str, assume: Mapping[str, str], status: str, tmp_path: Path
) -> None:
    """`loadBalancerSourceRanges` is about the balancer alone, and platforms may not know it."""
    assert asked(tmp_path, manifests, claim, {**LITERAL, **assume}).results[0].status == status


def test_words_for_what_a_controller_sends(tmp_path: Path) -> None:
    """The Ingress or the route and its port, who is seen, and a command that sends what the controller does."""
    said = []
    for manifests, way in (([*PLAIN, EDGE], BY), ([NODES, db(), edge(), FRONT, *ROUTED, EDGE], BY_GATEWAY)):
        shown = asked(tmp_path, manifests, f"{NO} {way}", {**SAID, **GATED}).results[0].counterexample
        assert shown is not None
        assert remark(shown.flow) == "a client outside sent it; policies see the controller"
        assert reproduce(shown.flow).startswith("kubectl -n e debug -it edge ")
        said.append(via(shown.flow))
    assert said == [", in through Ingress x/i", ", in through a Gateway, port 443, by TCPRoute x/r"]


BASE_FLOW = {"src": {"ip": "203.0.113.7"}, "dst": {"service": "x/front"}, "protocol": "TCP", "port": 80}


@pytest.mark.parametrize(
    ("way", "allowed"),
    [("ingress", True), ("ingress/x/i", True), ("nodeport", False)],
    ids=["any", "by name", "another"],
)
def test_a_line_of_flows_names_its_way(way: str, allowed: bool, tmp_path: Path) -> None:
    """`via` means what `--via` does."""
    (tmp_path / "m.yaml").write_text("\n---\n".join([NODES, db(), edge(), service(), ingress(), EDGE]))
    world = load([str(tmp_path)], assume={**LITERAL, **SAID}).world
    found = evaluate_query(world, FlowReader(world.inventory, world).read({**BASE_FLOW, "via": way}))
    assert found.verdict.allowed is allowed


@pytest.mark.parametrize(
    ("way", "code"), [("ingres", "NPV610"), (1, "NPV160"), ("loadbalancer", "NPV164"), ("gateway", "NPV164")]
)
def test_a_line_with_no_such_way_is_refused(way: object, code: str, tmp_path: Path) -> None:
    """It is told why, and the other lines are answered."""
    (tmp_path / "m.yaml").write_text("\n---\n".join([*PLAIN, EDGE]))
    world = load([str(tmp_path)]).world
    with pytest.raises(InputError) as refused:
        FlowReader(world.inventory, world).read({**BASE_FLOW, "via": way})
    assert [d.code for d in refused.value.diagnostics] == [code]


def test_a_reader_without_policies_follows_no_way(tmp_path: Path) -> None:
    """What becomes of a client's traffic is a matter of the plugin."""
    (tmp_path / "m.yaml").write_text("\n---\n".join([*PLAIN, EDGE]))
    with pytest.raises(InputError, match="not followed here"):
        FlowReader(load([str(tmp_path)]).world.inventory).read({**BASE_FLOW, "via": "ingress"})


SOME: list[tuple[str, list[str], Mapping[str, str], str]] = [
    ("the client's block", [*NODEPORT, lets_in(CLIENT)], {"node_port_snat": "never"}, "proved"),
    ("does not let nodes in", [*NODEPORT, lets_in(CLIENT)], {"node_port_snat": "at_other_nodes"}, "refuted"),
    ("both do", [*NODEPORT, lets_in(CLIENT, "192.168.0.2/32")], {"node_port_snat": "at_other_nodes"}, "proved"),
    ("nodes alone do not: the client may be seen", [*NODEPORT, lets_in("192.168.0.2/32")], {"node_port_snat": "at_other_nodes"}, "refuted"),
    ("under every reading", [*NODEPORT, lets_in(CLIENT, "192.168.0.2/32")], {}, "proved"),
    ("only half of the clients", [*NODEPORT, lets_in("203.0.113.0/25")], {"node_port_snat": "never"}, "refuted"),
    ("another pod behind the Service takes all", [*NODEPORT, db(node="n2").replace("name: db", "name: db2").replace("app: db", "app: db, more: '1'").replace("10.1.0.1", "10.1.0.2"), "{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: other, namespace: x}, spec: {podSelector: {matchExpressions: [{key: more, operator: DoesNotExist}]}}}"], {}, "proved"),
    ("a balancer may have any address", [NODES, db(), service("LoadBalancer"), lets_in(CLIENT)], {"node_port_snat": "never", "load_balancer_source": "balancer"}, "refuted"),
]  # fmt: skip


@pytest.mark.parametrize(("manifests", "assume", "status"), [r[1:] for r in SOME], ids=[r[0] for r in SOME])
def test_each_client_comes_in_to_some_pod(
    manifests: list[str], assume: Mapping[str, str], status: str, tmp_path: Path
) -> None:
    """One destination has to take all that its traffic may become."""
    way = "loadbalancer" if "LoadBalancer" in manifests[2] else "nodeport"
    claim = f"every {CLIENT} reaches some pod in namespace x on tcp/5432 through {way}"
    assert asked(tmp_path, manifests, claim, {**LITERAL, **assume}).results[0].status == status
