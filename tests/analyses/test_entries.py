"""Traffic that comes in by ports of the cluster: what policies see of it, and what is proved of it.

Rows name the numbered cases of the NetworkPolicy and plugin notes: 84 and 85 (kubernetes/website tutorials/services/source-ip.md),
CNI-05 and CNI-06 (a denied pod behind a node port, entered at another and at its own node).
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from npverify.analyses.load import load
from npverify.analyses.prove import prove
from npverify.analyses.results import AssertionResult, ProveResult
from npverify.inventory.addresses import Address
from npverify.normal.flow import Entry

NODES = """
{apiVersion: v1, kind: Node, metadata: {name: n1}, status: {addresses: [{type: InternalIP, address: 192.168.0.1}]}}
---
{apiVersion: v1, kind: Node, metadata: {name: n2}, status: {addresses: [{type: InternalIP, address: 192.168.0.2}]}}
"""
CLIENT = "203.0.113.0/24"
LITERAL = {"ipblock_matches_pods": "literal", "ipblock_matches_nodes": "literal"}
NODE_IPS = ("192.168.0.1/32", "192.168.0.2/32")


def db(ports: str = "", node: str = "n1") -> str:
    """Pod x/db, which listens on TCP 5432; `ports` are further fields of its port."""
    port = f"{{name: pg, containerPort: 5432{ports}}}"
    runs = f", nodeName: {node}" if node else ""
    return (
        f"{{apiVersion: v1, kind: Pod, metadata: {{name: db, namespace: x, labels: {{app: db}}}},"
        f" spec: {{containers: [{{name: c, ports: [{port}]}}]{runs}}}, status: {{phase: Running, podIP: 10.1.0.1}}}}"
    )


def dual(ports: str = "") -> str:
    """The same pod with an address of each family."""
    return db(ports).replace("podIP: 10.1.0.1", "podIPs: [{ip: 10.1.0.1}, {ip: 'fd01::1'}]")


def service(type_: str = "NodePort", more: str = "", port: str = "port: 80, targetPort: pg, nodePort: 30080") -> str:
    """Service x/front before it."""
    return (
        "{apiVersion: v1, kind: Service, metadata: {name: front, namespace: x},"
        f" spec: {{type: {type_}, selector: {{app: db}}, ports: [{{{port}}}]{more}}}}}"
    )


def lets_in(*blocks: str) -> str:
    """A policy on x/db that lets in these blocks alone."""
    peers = ", ".join(f"{{ipBlock: {{cidr: {block}}}}}" for block in blocks)
    rules = f"[{{from: [{peers}]}}]" if blocks else "[]"
    return (
        "{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: p, namespace: x},"
        f" spec: {{podSelector: {{}}, policyTypes: [Ingress], ingress: {rules}}}}}"
    )


def asked(
    folder: Path, manifests: list[str], claim: str, assume: Mapping[str, str], cni: str = "kubernetes"
) -> ProveResult:
    """The answer to one assertion."""
    (folder / "m.yaml").write_text("\n---\n".join(manifests))
    (folder / "s.npv").write_text(f"assert {claim}\n")
    literal = {} if cni == "cilium" else LITERAL
    loaded = load([str(folder)], assume={**literal, **assume}, cni=cni)
    return prove(loaded.world, loaded.assertions)


def answer(folder: Path, manifests: list[str], claim: str, **assume: str) -> AssertionResult:
    """The answer to one assertion under switches."""
    return asked(folder, manifests, claim, assume).results[0]


LOCAL = ", externalTrafficPolicy: Local"
DUAL_NODES = NODES.replace(
    "address: 192.168.0.1}", "address: 192.168.0.1}, {type: InternalIP, address: 'fd02::1'}"
).replace("address: 192.168.0.2}", "address: 192.168.0.2}, {type: InternalIP, address: 'fd02::2'}")
ONE, BOTH = ", ipFamilies: [IPv4]", ", ipFamilies: [IPv4, IPv6]"
IP6 = ", externalIPs: ['2001:db8::9']"
FAR6 = "'fd02::2/128'"
NEVER = {"node_port_snat": "never"}
ALWAYS = {"node_port_snat": "always"}
AWAY = {"node_port_snat": "at_other_nodes"}
NODEPORT = [NODES, db(), service()]
BALANCED = [NODES, db(), service("LoadBalancer")]
NO = "no internet reaches pod x/db"
EVERY = f"every {CLIENT} reaches pod x/db:5432 through nodeport"
OTHERS = "no 198.51.100.0/24 reaches pod x/db"

ROWS = [
    # what nodes pass on
    ("CNI-05: a node that passes it on is no source that a denied pod takes", [*NODEPORT, lets_in()], NO, AWAY, "proved"),
    ("CNI-06: at the pod's own node nothing is judged", [*NODEPORT, lets_in()], NO, ALWAYS, "refuted"),
    ("CNI-06: so it is left open unless it is said", [*NODEPORT, lets_in()], NO, {}, "refuted"),
    ("the client is seen everywhere", [*NODEPORT, lets_in()], NO, NEVER, "proved"),
    ("who lets nodes in lets the internet in", [*NODEPORT, lets_in(*NODE_IPS)], NO, AWAY, "refuted"),
    ("but not where clients are seen", [*NODEPORT, lets_in(*NODE_IPS)], NO, NEVER, "proved"),
    ("the pod's own node does not count there", [*NODEPORT, lets_in("192.168.0.1/32")], NO, AWAY, "proved"),
    ("with Local the client is seen", [NODES, db(), service(more=LOCAL), lets_in(*NODE_IPS)], NO, {}, "proved"),
    ("a ClusterIP opens no node", [NODES, db(), service("ClusterIP"), lets_in(*NODE_IPS)], NO, {}, "proved"),
    ("an external IP is taken by nodes", [NODES, db(), service("ClusterIP", ", externalIPs: [198.51.100.7]"), lets_in(*NODE_IPS)], NO, AWAY, "refuted"),
    ("a load balancer's traffic comes through nodes", [*BALANCED, lets_in(*NODE_IPS)], NO, AWAY, "refuted"),
    ("also of one without node ports", [NODES, db(), service("LoadBalancer", ", allocateLoadBalancerNodePorts: false"), lets_in(*NODE_IPS)], NO, AWAY, "refuted"),
    ("only the port that is open counts", [*NODEPORT, lets_in(*NODE_IPS)], f"{NO}:22", AWAY, "proved"),
    ("and only its protocol", [*NODEPORT, lets_in(*NODE_IPS)], f"{NO} on udp", AWAY, "proved"),
    ("a block of clients may come in as a node", [*NODEPORT, lets_in(*NODE_IPS)], OTHERS, AWAY, "refuted"),
    ("addresses of another family do not", [*NODEPORT, lets_in(*NODE_IPS)], "no fd00::/8 reaches pod x/db", AWAY, "vacuous"),
    ("pods are no outside traffic", [*NODEPORT, lets_in(*NODE_IPS)], "no pod reaches pod x/db", AWAY, "vacuous"),
    ("nobody but the named reaches it, and nodes do", [*NODEPORT, lets_in(*NODE_IPS)], "only nodes reach pod x/db", AWAY, "refuted"),
    ("to the Service itself likewise", [*NODEPORT, lets_in(*NODE_IPS)], "no internet reaches service x/front", AWAY, "refuted"),
    ("one node alone has no other", [NODES.split("---")[0], db("", ""), service(), lets_in("192.168.0.1/32")], NO, AWAY, "proved"),
    ("a node that is not given may be anywhere", [db("", ""), service(), lets_in("192.168.0.0/24")], NO, AWAY, "refuted"),
    ("and is the pod's own", [db("", ""), service(), lets_in()], NO, ALWAYS, "refuted"),
    ("and passes nothing on where clients are seen", [db("", ""), service(), lets_in()], NO, NEVER, "proved"),
    # load balancers with addresses of their own
    ("a balancer may stand for its clients", [*BALANCED, lets_in(CLIENT)], OTHERS, {**NEVER, "load_balancer_source": "balancer"}, "refuted"),
    ("or pass their addresses on", [*BALANCED, lets_in(CLIENT)], OTHERS, {**NEVER, "load_balancer_source": "client"}, "proved"),
    ("which is left open", [*BALANCED, lets_in(CLIENT)], OTHERS, NEVER, "refuted"),
    ("also with Local", [NODES, db(), service("LoadBalancer", LOCAL), lets_in(CLIENT)], OTHERS, {"load_balancer_source": "balancer"}, "refuted"),
    ("a node port has no balancer before it", [*NODEPORT, lets_in(CLIENT)], OTHERS, {**NEVER, "load_balancer_source": "balancer"}, "proved"),
    # hostPorts
    ("a hostPort shows the client", [NODES, db(", hostPort: 8443"), lets_in()], NO, {"host_port_snat": "never"}, "proved"),
    ("or the pod's own node, which nothing stops", [NODES, db(", hostPort: 8443"), lets_in()], NO, {"host_port_snat": "always"}, "refuted"),
    ("without one nothing comes that way", [NODES, db(), lets_in()], NO, {"host_port_snat": "always"}, "proved"),
    ("an init container has ended before", [NODES, db(", hostPort: 8443").replace("containers:", "containers: [{name: s}], initContainers:"), lets_in()], NO, {"host_port_snat": "always"}, "proved"),
    ("another port is not opened", [NODES, db(", hostPort: 8443"), lets_in()], f"{NO}:22", {"host_port_snat": "always"}, "proved"),
    ("at an address of the node's own loopback it takes nobody from outside", [NODES, db(", hostPort: 8443, hostIP: 127.0.0.1"), lets_in()], NO, {"host_port_snat": "always"}, "proved"),
    ("not by name either", [NODES, db(", hostPort: 8443, hostIP: '::1'")], f"{NO} through hostport", {}, "vacuous"),
    ("at any of its addresses it does", [NODES, db(", hostPort: 8443, hostIP: 0.0.0.0"), lets_in()], NO, {"host_port_snat": "always"}, "refuted"),
    # families
    ("nodes pass on what comes in by a family of the Service", [DUAL_NODES, dual(), service(more=BOTH), lets_in(FAR6)], NO, AWAY, "refuted"),
    ("and nothing by another", [DUAL_NODES, dual(), service(more=ONE), lets_in(FAR6)], NO, AWAY, "proved"),
    ("clients of that have no way", [DUAL_NODES, dual(), service(more=ONE)], "no 2001:db8::/32 reaches pod x/db through nodeport", NEVER, "vacuous"),
    ("an external IP has a family", [DUAL_NODES, dual(), service("ClusterIP", BOTH + IP6), lets_in(FAR6)], NO, AWAY, "refuted"),
    ("which is that of its clients", [DUAL_NODES, dual(), service("ClusterIP", BOTH + IP6), lets_in(*NODE_IPS)], NO, AWAY, "proved"),
    ("and nobody dials one that the Service has not", [DUAL_NODES, dual(), service("ClusterIP", ONE + IP6)], f"{NO} through externalip", {}, "vacuous"),
    ("an address of a hostPort has one too", [DUAL_NODES, dual(", hostPort: 8443, hostIP: 192.168.0.1")], "no 2001:db8::/32 reaches pod x/db through hostport", {}, "vacuous"),
    ("in which clients come", [DUAL_NODES, dual(", hostPort: 8443, hostIP: 192.168.0.1")], f"no {CLIENT} reaches pod x/db through hostport", {}, "refuted"),
    # by name
    ("84: the client's block does not let it in", [*NODEPORT, lets_in(CLIENT)], EVERY, AWAY, "refuted"),
    ("84: unless nodes are let in too", [*NODEPORT, lets_in(CLIENT, *NODE_IPS)], EVERY, AWAY, "proved"),
    ("a client that no policy sees need not be let in", [*NODEPORT, lets_in(*NODE_IPS)], EVERY, ALWAYS, "proved"),
    ("85: with Local it does", [NODES, db(), service(more=LOCAL), lets_in(CLIENT)], EVERY, {}, "proved"),
    ("85: whatever is done elsewhere", [NODES, db(), service(more=LOCAL), lets_in(CLIENT)], EVERY, ALWAYS, "proved"),
    ("85: for those in the block", [NODES, db(), service(more=LOCAL), lets_in("203.0.113.0/25")], EVERY, {}, "refuted"),
    ("the client alone decides where it is seen", [*NODEPORT, lets_in(CLIENT)], EVERY, NEVER, "proved"),
    ("no way of that name", [*NODEPORT, lets_in(CLIENT)], f"{NO} through loadbalancer", {}, "vacuous"),
    ("a load balancer has node ports", [*BALANCED, lets_in()], f"{NO} through nodeport", AWAY, "proved"),
    ("unless it goes without", [NODES, db(), service("LoadBalancer", ", allocateLoadBalancerNodePorts: false"), lets_in()], f"{NO} through nodeport", AWAY, "vacuous"),
    ("one of two ways", [*NODEPORT, lets_in(CLIENT)], f"no {CLIENT} reaches pod x/db through loadbalancer, nodeport", NEVER, "refuted"),
    ("by external IP", [NODES, db(), service("ClusterIP", ", externalIPs: [198.51.100.7]"), lets_in()], f"{NO} through externalip", AWAY, "proved"),
    ("by hostPort", [NODES, db(", hostPort: 8443"), lets_in(CLIENT)], f"no {CLIENT} reaches pod x/db through hostport", {}, "refuted"),
    ("some client comes in", [*NODEPORT, lets_in(CLIENT)], "some internet reaches pod x/db through nodeport", NEVER, "proved"),
    ("under every reading", [*NODEPORT, lets_in(CLIENT)], "some internet reaches pod x/db through nodeport", {}, "proved"),
    ("none does", [*NODEPORT, lets_in()], "some internet reaches pod x/db through nodeport", AWAY, "refuted"),
    ("only some clients do", [NODES, db(), service(more=LOCAL), lets_in(CLIENT)], f"only {CLIENT} reaches pod x/db through nodeport", {}, "proved"),
    ("and nodes hide the others", [*NODEPORT, lets_in(*NODE_IPS)], f"only {CLIENT} reaches pod x/db through nodeport", AWAY, "refuted"),
    ("directly is not asked about", [NODES, db(), service("NodePort", LOCAL, "port: 80, targetPort: 1"), lets_in(CLIENT)], f"no {CLIENT} reaches pod x/db:5432 through nodeport", {}, "vacuous"),
]  # fmt: skip


@pytest.mark.parametrize(("manifests", "claim", "assume", "status"), [r[1:] for r in ROWS], ids=[r[0] for r in ROWS])
def test_what_is_proved_of_traffic_that_comes_in(
    manifests: list[str], claim: str, assume: dict[str, str], status: str, tmp_path: Path
) -> None:
    """Each way in has the answer that follows from what policies see of it."""
    assert answer(tmp_path, manifests, claim, **assume).status == status


SHOWN = [
    ([*NODEPORT, lets_in("192.168.0.2/32")], AWAY, "n2", False, Entry("NodePort", "x/front", 30080, True)),
    ([*NODEPORT, lets_in()], ALWAYS, "n1", True, Entry("NodePort", "x/front", 30080, True)),
    ([*BALANCED, lets_in()], ALWAYS, "n1", True, Entry("LoadBalancer", "x/front", 80, True)),
    ([NODES, db(", hostPort: 8443"), lets_in()], {"host_port_snat": "always"}, "n1", True, Entry("hostPort", "x/db", 8443, True)),
]  # fmt: skip


@pytest.mark.parametrize(("manifests", "assume", "node", "own", "entry"), SHOWN)
def test_a_counterexample_names_the_way_and_what_policies_see(
    manifests: list[str], assume: dict[str, str], node: str, own: bool, entry: Entry, tmp_path: Path
) -> None:
    """Its source is the node that passes the traffic on, and with it stands by which port that came in."""
    shown = answer(tmp_path, manifests, NO, **assume).counterexample
    assert shown is not None
    flow = shown.flow
    assert (flow.src.name, flow.own_node, flow.entry, flow.port) == (node, own, entry, 5432)


def test_a_direct_flow_is_shown_before_one_that_was_passed_on(tmp_path: Path) -> None:
    """What comes to the pod itself needs no Service to be told."""
    shown = answer(tmp_path, NODEPORT, NO).counterexample
    assert shown is not None
    assert (shown.flow.entry, shown.flow.src_ip) == (None, Address.parse("203.0.113.10"))


def test_what_needs_another_reading_says_so(tmp_path: Path) -> None:
    """That a pod's own node rewrites the source is a switch, and the counterexample names the value that it needs."""
    shown = answer(tmp_path, [*NODEPORT, lets_in()], NO).counterexample
    assert shown is not None
    assert [(a.name, a.value) for a in shown.reading] == [("node_port_snat", "always")]


HOST_ENDPOINT = (
    "{apiVersion: projectcalico.org/v3, kind: HostEndpoint, metadata: {name: h}, spec: {node: n1, interfaceName: '*',"
    " expectedIPs: [192.168.0.1]}}"
)


def test_where_policies_judge_hosts_ways_are_not_judged_and_that_is_said(tmp_path: Path) -> None:
    """They see such traffic before it is passed on, which is not followed: asked by name it is undecided, never proved."""
    manifests = [*NODEPORT, lets_in(), HOST_ENDPOINT]
    found = asked(tmp_path, manifests, f"{NO} through nodeport", {}, "calico").results[0]
    assert (found.status, "host" in found.because) == ("undecided", True)
    told = asked(tmp_path, manifests, NO, {}, "calico")
    assert any("not judged where policies are about hosts (Service x/front)" in line for line in told.assumed)


OF_NODES = (
    "{apiVersion: cilium.io/v2, kind: CiliumNetworkPolicy, metadata: {name: p, namespace: x},"
    " spec: {endpointSelector: {}, ingress: [{fromEntities: [remote-node]}]}}"
)


@pytest.mark.parametrize(("assume", "status"), [(AWAY, "refuted"), (NEVER, "proved")])
def test_entities_of_cilium_hold_nodes(assume: dict[str, str], status: str, tmp_path: Path) -> None:
    """Row 60: who lets `remote-node` in (which `cluster` holds) lets in what nodes pass on with their own identity
    (cilium/cilium Documentation/security/policy/caveats.rst)."""
    assert asked(tmp_path, [*NODEPORT, OF_NODES], NO, assume, "cilium").results[0].status == status


def test_what_pods_send_to_ports_of_nodes_is_named_as_left_out(tmp_path: Path) -> None:
    """Their address may be rewritten as that of a client is; with Local it is not."""
    web = db().replace("name: db", "name: web").replace("app: db", "app: web").replace("10.1.0.1", "10.1.0.2")
    claim = "no pod x/web reaches pod x/db"
    said = [
        any("what pods send" in line for line in asked(tmp_path, [NODES, db(), web, front], claim, {}).assumed)
        for front in (service(), service(more=LOCAL), service("ClusterIP"))
    ]
    assert said == [True, False, False]
