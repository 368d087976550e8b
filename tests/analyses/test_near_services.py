"""Services that keep traffic on the node where it starts (`internalTrafficPolicy: Local`), and what each one reaches of some.

Source: kubernetes/api core/v1 types.go, ServiceInternalTrafficPolicyLocal.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from analyses.test_entries import NODES, answer
from npverify.analyses.evaluate import evaluate_query
from npverify.analyses.flows import FlowReader
from npverify.analyses.load import load
from npverify.ingest.source import InputError


def pod(name: str, node: str, number: int) -> str:
    """A pod x/NAME with the label app=NAME on a node ("": not known)."""
    runs = f", nodeName: {node}" if node else ""
    return (
        f"{{apiVersion: v1, kind: Pod, metadata: {{name: {name}, namespace: x, labels: {{app: {name.rstrip('12')}, one: {name}}}}},"
        f" spec: {{containers: [{{name: c}}]{runs}}}, status: {{phase: Running, podIP: 10.1.0.{number}}}}}"
    )


def dns(more: str = ", internalTrafficPolicy: Local") -> str:
    """Service x/dns before the pods dns1 and dns2."""
    return (
        "{apiVersion: v1, kind: Service, metadata: {name: dns, namespace: x},"
        f" spec: {{selector: {{app: dns}}, ports: [{{port: 53, protocol: UDP}}]{more}}}}}"
    )


def lets_out(to: str) -> str:
    """The pod x/web may send to this pod alone."""
    return (
        "{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: p, namespace: x}, spec: {podSelector:"
        f" {{matchLabels: {{app: web}}}}, policyTypes: [Egress], egress: [{{to: [{{podSelector: {{matchLabels: {{one: {to}}}}}}}]}}]}}}}"
    )


NEAR, FAR = lets_out("dns1"), lets_out("dns2")
PODS = [NODES, pod("web", "n1", 9), pod("dns1", "n1", 1), pod("dns2", "n2", 2)]
SHUT = (
    "{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: shut, namespace: x},"
    " spec: {podSelector: {matchLabels: {shut: also}}}}"
)
EVERY = "every pod x/web reaches service x/dns on udp/53"

ROWS = [
    ("the backend of its node is enough", [*PODS, dns(), NEAR], EVERY, "proved"),
    ("without the setting it is not", [*PODS, dns(""), NEAR], EVERY, "refuted"),
    ("a backend elsewhere is of no use", [*PODS, dns(), FAR], EVERY, "refuted"),
    ("nor is it reached", [*PODS, dns(), FAR], "no pod x/web reaches service x/dns on udp/53", "proved"),
    ("a pod may run anywhere", [NODES, pod("web", "", 9), *PODS[2:], dns(), NEAR], EVERY, "refuted"),
    ("a backend may run anywhere", [*PODS[:3], pod("dns2", "", 2), dns(), NEAR], EVERY, "refuted"),
    ("who has none there sends nothing", [*PODS[:2], PODS[3], dns()], EVERY, "vacuous"),
    ("some of them means of those there", [*PODS, dns(), FAR], "every pod x/web reaches some service x/dns on udp/53", "refuted"),
    ("which is enough", [*PODS, dns(), NEAR], "every pod x/web reaches some service x/dns on udp/53", "proved"),
    ("each on its own node", [*PODS, pod("web2", "n2", 8), dns()], "every pods where app == \"web\" reaches some service x/dns on udp/53", "proved"),
    ("also where that one takes nobody", [*PODS[:3], PODS[3].replace("one: dns2", "shut: also"), pod("web2", "n2", 8), dns(), SHUT], "every pods where app == \"web\" reaches some service x/dns on udp/53", "refuted"),
    ("a headless Service sends nobody anywhere", [*PODS, dns(", internalTrafficPolicy: Local, clusterIP: None"), NEAR], EVERY, "refuted"),
]  # fmt: skip


@pytest.mark.parametrize(("manifests", "claim", "status"), [r[1:] for r in ROWS], ids=[r[0] for r in ROWS])
def test_traffic_that_stays_on_its_node(manifests: list[str], claim: str, status: str, tmp_path: Path) -> None:
    """Between two nodes that are known, such a Service carries nothing."""
    assert answer(tmp_path, manifests, claim).status == status


@pytest.mark.parametrize(("policy", "allowed"), [(NEAR, True), (FAR, False)])
def test_one_flow_goes_to_the_backend_of_its_node(policy: str, allowed: bool, tmp_path: Path) -> None:
    """`eval` asks about it alone."""
    (tmp_path / "m.yaml").write_text("\n---\n".join([*PODS, dns(), policy]))
    world = load([str(tmp_path)], assume={"ipblock_matches_pods": "literal"}).world
    flow = {"src": {"pod": "x/web"}, "dst": {"service": "x/dns"}, "protocol": "UDP", "port": 53}
    found = evaluate_query(world, FlowReader(world.inventory).read(flow))
    assert (str(found.flow.dst), found.verdict.allowed, found.depends) == ("x/dns1", allowed, ())


def test_a_source_without_a_backend_is_told(tmp_path: Path) -> None:
    """Nothing is sent, so there is nothing to judge."""
    (tmp_path / "m.yaml").write_text("\n---\n".join([*PODS[:2], PODS[3], dns()]))
    world = load([str(tmp_path)]).world
    flow = {"src": {"pod": "x/web"}, "dst": {"service": "x/dns"}, "protocol": "UDP", "port": 53}
    with pytest.raises(InputError) as refused:
        FlowReader(world.inventory).read(flow)
    assert [d.code for d in refused.value.diagnostics] == ["NPV164"]


def test_each_reaches_some_pod_of_other_namespaces_and_not_of_its_own(tmp_path: Path) -> None:
    """What others may reach is no destination of a pod: the pods of its own namespace, which are others' others."""
    three = [
        f"{{apiVersion: v1, kind: Pod, metadata: {{name: {name}, namespace: {name[0]}, labels: {{app: {name}}}}},"
        " spec: {containers: [{name: c}]}}"
        for name in ("a1", "a2", "b1")
    ]
    own = (
        "{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: p, namespace: a}, spec: {podSelector:"
        " {matchLabels: {app: a1}}, policyTypes: [Egress], egress: [{to: [{podSelector: {}}]}]}}"
    )
    claim = "every pod reaches some pods in other namespaces on tcp/80"
    assert [answer(tmp_path, [*three, *more], claim).status for more in ([], [own])] == ["proved", "refuted"]
