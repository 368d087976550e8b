"""Services, and the endpoints behind each of their ports."""

from __future__ import annotations

import pytest

from inventory.manifests import inventory
from npverify.inventory.addresses import Address


def service(spec: str) -> str:
    """A Service x/s."""
    return f"{{kind: Service, metadata: {{name: s, namespace: x}}, spec: {{{spec}}}}}"


def pod(name: str, more: str = "", labels: str = "app: w", namespace: str = "x") -> str:
    """A pod with the label app=w."""
    return (
        f"{{kind: Pod, metadata: {{name: {name}, namespace: {namespace}, labels: {{{labels}}}}}{more and ', ' + more}}}"
    )


def web(number: int, key: str = "containers", more: str = "") -> str:
    """A pod spec whose container names one port."""
    return f"spec: {{{key}: [{{ports: [{{name: http, containerPort: {number}}}]{more}}}]}}"


def behind(*documents: str, port: int = 0) -> list[str]:
    """Where Service x/s sends traffic for one of its ports: `endpoint:number`, an outside address by itself."""
    found = inventory("\n---\n".join(documents)).services["x", "s"]
    return [
        f"{backend.address if backend.endpoint.kind == 'external' else backend.endpoint}:{backend.port}"
        for backend in found.backends.get(port, ())
    ]


TO_8080 = service("selector: {app: w}, ports: [{port: 80, targetPort: 8080}]")
TO_HTTP = service("selector: {app: w}, ports: [{port: 80, targetPort: http}]")


@pytest.mark.parametrize(
    ("documents", "backends"),
    [
        pytest.param([TO_8080, pod("a")], ["x/a:8080"], id="rows 97 and 98: the port of the pod is what policies see"),
        pytest.param(
            [service("selector: {app: w}, ports: [{port: 80}]"), pod("a")],
            ["x/a:80"],
            id="1.11: targetPort is the port by default",
        ),
        pytest.param(
            [service("selector: {app: w}, ports: [{port: 80, targetPort: 0}]"), pod("a")],
            ["x/a:80"],
            id="1.11: 0 is no targetPort",
        ),
        pytest.param(
            [service("selector: {app: w}, ports: [{port: 80, targetPort: ''}]"), pod("a")],
            ["x/a:80"],
            id="1.11: empty text is no targetPort",
        ),
        pytest.param(
            [TO_HTTP, pod("a", web(80)), pod("b", web(8080))],
            ["x/a:80", "x/b:8080"],
            id="row 100: a named port is looked up on each pod",
        ),
        pytest.param([TO_HTTP, pod("a", web(80)), pod("b")], ["x/a:80"], id="1.11: a pod that lacks it drops out"),
        pytest.param(
            [TO_HTTP, pod("a", web(80, "initContainers", ", restartPolicy: Always"))],
            ["x/a:80"],
            id="1.7: sidecars count",
        ),
        pytest.param([TO_HTTP, pod("a", web(80, "initContainers"))], [], id="1.7: other init containers do not"),
        pytest.param(
            [service("selector: {app: w}, ports: [{port: 80, targetPort: http, protocol: UDP}]"), pod("a", web(80))],
            [],
            id="1.7: the protocol has to agree",
        ),
        pytest.param([TO_8080, pod("a", namespace="y")], [], id="1.11: pods of other namespaces are not selected"),
        pytest.param([TO_8080, pod("a", labels="app: v")], [], id="1.11: labels have to be equal"),
        pytest.param(
            [service("selector: {app: w, tier: t}, ports: [{port: 80}]"), pod("a"), pod("b", labels="app: w, tier: t")],
            ["x/b:80"],
            id="1.11: every label has to be equal",
        ),
        pytest.param(
            [TO_8080, pod("a", "spec: {hostNetwork: true}")], ["x/a:8080"], id="a pod on the host network is a backend"
        ),
        pytest.param(
            [TO_8080, pod("a", "status: {phase: Succeeded, podIP: 10.0.0.1}")], [], id="row 102: a finished pod is none"
        ),
        pytest.param(
            [
                TO_8080,
                "{apiVersion: apps/v1, kind: Deployment, metadata: {name: w, namespace: x},"
                " spec: {template: {metadata: {labels: {app: w}}}}}",
            ],
            ["x/w:8080"],
            id="the pods of a Deployment",
        ),
        pytest.param(
            [service("clusterIP: None, selector: {app: w}, ports: [{port: 80, targetPort: 8080}]"), pod("a")],
            ["x/a:80"],
            id="1.11: a headless Service translates nothing",
        ),
        pytest.param([service("ports: [{port: 80}]"), pod("a")], [], id="1.11: no selector selects nothing"),
        pytest.param(
            [service("selector: {}, ports: [{port: 80}]"), pod("a")], [], id="1.11: an empty selector selects nothing"
        ),
    ],
)
def test_a_service_sends_to_these_pods(documents, backends):
    """The backends of a port are the selected pods with the number that each of them listens on."""
    assert behind(*documents) == backends


def test_each_port_has_its_own_backends():
    """Row 100: a pod may serve one port of a Service and lack another."""
    two = service("selector: {app: w}, ports: [{name: a, port: 80, targetPort: http}, {name: b, port: 81}]")
    assert behind(two, pod("p"), port=0) == []
    assert behind(two, pod("p"), port=1) == ["x/p:81"]


MANUAL = service("ports: [{port: 80, targetPort: 9}]")
LIVE = pod("a", "status: {phase: Running, podIP: 10.0.0.1}")
DEAD = pod("d", "status: {phase: Failed, podIP: 10.0.0.9}")
HOST = pod("h", "spec: {hostNetwork: true, nodeName: n}, status: {phase: Running, podIP: 192.0.2.1}")
NODE = "{kind: Node, metadata: {name: n}, status: {addresses: [{type: InternalIP, address: 192.0.2.1}]}}"


def endpoint_slice(endpoints: str, ports: str = "{port: 8080}", name: str = "s", kind: str = "IPv4") -> str:
    """An EndpointSlice of Service x/s."""
    meta = f"{{name: s-1, namespace: x, labels: {{kubernetes.io/service-name: {name}}}}}"
    head = f"apiVersion: discovery.k8s.io/v1, kind: EndpointSlice, addressType: {kind}"
    return f"{{{head}, metadata: {meta}, endpoints: [{endpoints}], ports: [{ports}]}}"


def endpoints(subset: str) -> str:
    """The Endpoints of Service x/s."""
    return f"{{kind: Endpoints, metadata: {{name: s, namespace: x}}, subsets: [{{{subset}}}]}}"


@pytest.mark.parametrize(
    ("documents", "backends"),
    [
        pytest.param(
            [endpoint_slice("{addresses: [198.51.100.7]}")], ["198.51.100.7:8080"], id="1.11: an address outside"
        ),
        pytest.param([LIVE, endpoint_slice("{addresses: [10.0.0.1]}")], ["x/a:8080"], id="the address of a pod"),
        pytest.param([NODE, endpoint_slice("{addresses: [192.0.2.1]}")], ["node n:8080"], id="the address of a node"),
        pytest.param(
            [NODE, HOST, endpoint_slice("{addresses: [192.0.2.1]}")],
            ["node n:8080"],
            id="of a node and a pod on its network",
        ),
        pytest.param([DEAD, endpoint_slice("{addresses: [10.0.0.9]}")], [], id="row 102: of a finished pod"),
        pytest.param(
            [DEAD, pod("z", "status: {phase: Running, podIP: 10.0.0.9}"), endpoint_slice("{addresses: [10.0.0.9]}")],
            ["x/z:8080"],
            id="row 102: that another pod has by now",
        ),
        pytest.param([endpoint_slice("{addresses: [198.51.100.7]}", name="t")], [], id="of another Service"),
        pytest.param(
            [endpoint_slice("{addresses: [198.51.100.7]}", "{name: web, port: 1}")], [], id="under another port name"
        ),
        pytest.param(
            [endpoint_slice("{addresses: [198.51.100.7]}", "{port: 1, protocol: UDP}")], [], id="another protocol"
        ),
        pytest.param([endpoint_slice("{addresses: [198.51.100.7]}", "{}")], [], id="a port without a number"),
        pytest.param(
            [endpoint_slice("{addresses: [198.51.100.7], conditions: {ready: false}}")], [], id="not ready: no traffic"
        ),
        pytest.param(
            [endpoint_slice("{addresses: [198.51.100.7], conditions: {ready: false, serving: true}}")],
            ["198.51.100.7:8080"],
            id="terminating, still serving",
        ),
        pytest.param([endpoint_slice("{addresses: [db.example.com]}", kind="FQDN")], [], id="a name for DNS"),
        pytest.param(
            [endpoints("addresses: [{ip: 198.51.100.7}], ports: [{port: 5432}]")], ["198.51.100.7:5432"], id="Endpoints"
        ),
        pytest.param(
            [
                endpoints("addresses: [{ip: 198.51.100.7}], ports: [{port: 8080}]"),
                endpoint_slice("{addresses: [198.51.100.7]}"),
            ],
            ["198.51.100.7:8080"],
            id="Endpoints and the slice that mirrors them",
        ),
    ],
)
def test_a_service_without_selector_sends_to_these_addresses(documents, backends):
    """Addresses of known endpoints are those endpoints, all others are outside."""
    assert behind(MANUAL, *documents) == backends


def test_what_controllers_make_of_a_selector_is_not_needed():
    """The pods that are selected are the backends, whatever a snapshot's own slices and Endpoints say."""
    label = "kubernetes.io/service-name: s, endpointslice.kubernetes.io/managed-by: endpointslice-controller.k8s.io"
    made = endpoint_slice("{addresses: [198.51.100.7]}").replace("kubernetes.io/service-name: s", label)
    assert behind(TO_8080, pod("a"), made) == ["x/a:8080"]
    assert behind(TO_8080, pod("a"), endpoints("addresses: [{ip: 198.51.100.7}], ports: [{port: 8080}]")) == [
        "x/a:8080"
    ]


@pytest.mark.parametrize(
    ("documents", "listed"),
    [
        pytest.param([endpoint_slice("{addresses: [198.51.100.7]}")], [(True, "TCP", 8080)], id="of no Service"),
        pytest.param(
            [MANUAL, endpoint_slice("{addresses: [198.51.100.7], conditions: {ready: false}}", "{name: b, port: 1}")],
            [(False, "TCP", 1)],
            id="not ready, under another port name",
        ),
        pytest.param([endpoint_slice("{addresses: [198.51.100.7]}", "{}")], [(True, "TCP", None)], id="without ports"),
        pytest.param(
            [MANUAL, endpoints("notReadyAddresses: [{ip: 198.51.100.7}], ports: [{port: 5, protocol: UDP}]")],
            [(False, "UDP", 5)],
            id="Endpoints that are not ready",
        ),
        pytest.param([endpoints("addresses: [{ip: 198.51.100.7}]")], [], id="Endpoints of no Service are not mirrored"),
        pytest.param([endpoint_slice("{addresses: [db.example.com]}", kind="FQDN")], [], id="a name for DNS"),
    ],
)
def test_slices_list_these_targets(documents, listed):
    """What is listed for x/s, whether traffic is sent to it or not."""
    targets = inventory("\n---\n".join(documents)).targets.get(("x", "s"), ())
    assert {str(target.address) for target in targets} <= {"198.51.100.7"}
    assert [(target.serves, target.protocol, target.number) for target in targets] == listed


V4, V6 = Address.parse("10.96.0.10"), Address.parse("fd00::a")


@pytest.mark.parametrize(
    ("spec", "attribute", "value"),
    [
        pytest.param("", "vip_known", False, id="a manifest says no address"),
        pytest.param("clusterIP: 10.96.0.10", "vips", (V4,), id="clusterIP"),
        pytest.param("clusterIP: 10.96.0.10", "vip_known", True, id="clusterIP is known"),
        pytest.param("clusterIP: 10.96.0.10, clusterIPs: [10.96.0.10, 'fd00::a']", "vips", (V4, V6), id="clusterIPs"),
        pytest.param("clusterIP: None", "headless", True, id="headless"),
        pytest.param("clusterIP: None", "vip_known", False, id="headless: no virtual address"),
        pytest.param("", "headless", False, id="not headless"),
        pytest.param("", "type", "ClusterIP", id="ClusterIP by default"),
        pytest.param("type: NodePort", "type", "NodePort", id="NodePort"),
        pytest.param("type: LoadBalancer", "type", "LoadBalancer", id="LoadBalancer"),
        pytest.param("", "external_traffic_policy", "Cluster", id="Cluster by default"),
        pytest.param("externalTrafficPolicy: Local", "external_traffic_policy", "Local", id="Local"),
        pytest.param("", "problem", "", id="no problem"),
        pytest.param("", "families", frozenset({4, 6}), id="families that the manifest does not tell"),
        pytest.param("ipFamilies: [IPv6]", "families", frozenset({6}), id="ipFamilies"),
        pytest.param("clusterIP: 10.96.0.10", "families", frozenset({4}), id="the family of its address"),
    ],
)
def test_a_service_has_these_facts(spec, attribute, value):
    """What the spec of a Service says is what the inventory has."""
    assert getattr(inventory(service(spec)).services["x", "s"], attribute) == value


def test_an_external_name_cannot_be_a_destination():
    """1.11: such a Service only answers DNS, whatever it selects, and its message says where it leads."""
    text = service("type: ExternalName, externalName: db.example.com, selector: {app: w}, ports: [{port: 80}]")
    found = inventory(f"{text}\n---\n{pod('a')}").services["x", "s"]
    assert "`db.example.com`" in found.problem
    assert found.backends == {}


def test_a_slice_made_by_hand_counts_beside_the_selector():
    """1.11: kube-proxy reads every slice of a Service, so one that somebody adds leads elsewhere as well, once each."""
    selected = service("selector: {app: w}, ports: [{port: 80, targetPort: 8080}]")
    assert behind(selected, LIVE, endpoint_slice("{addresses: [10.0.0.1]}")) == ["x/a:8080"]
    both = behind(selected, LIVE, endpoint_slice("{addresses: [203.0.113.5]}"))
    assert both == ["x/a:8080", "203.0.113.5:8080"]


@pytest.mark.parametrize(
    ("documents", "note"),
    [
        pytest.param([TO_8080], "Service x/s selects no pod", id="selects nobody"),
        pytest.param(
            [
                service("selector: {app: w, pod-template-hash: abc}, ports: [{port: 80}]"),
                "{apiVersion: apps/v1, kind: Deployment, metadata: {name: w, namespace: x},"
                " spec: {template: {metadata: {labels: {app: w}}}}}",
            ],
            "Service x/s selects on the label pod-template-hash, set when a pod is created: x/w may be behind it",
            id="row 48: a run-time label",
        ),
        pytest.param(
            [MANUAL, endpoint_slice("{addresses: [db.example.com]}", kind="FQDN")],
            "EndpointSlice x/s-1 names its targets by DNS: they are not counted behind Service x/s",
            id="targets by name",
        ),
    ],
)
def test_what_the_inventory_cannot_tell_of_a_service_is_noted(documents, note):
    """The reader of a report learns what the inventory cannot tell."""
    assert note in inventory("\n---\n".join(documents)).notes
