"""Pods that are listed, in manifests and in snapshots."""

from __future__ import annotations

import pytest

from inventory.manifests import documents, endpoint, inventory, names, problems_of
from npverify.ingest.source import Problems
from npverify.inventory.addresses import Address, Prefix
from npverify.inventory.build import build
from npverify.inventory.model import ContainerPort, EndpointKind, PortOrigin, WorkloadRef


def one(pod: str):
    """The endpoint of a pod x/a with these fields beside its metadata."""
    return endpoint(inventory(f"{{kind: Pod, metadata: {{name: a, namespace: x}}, {pod}}}"), "x/a")


IP, IP6 = Address.parse("10.0.0.1"), Address.parse("fd00::1")


@pytest.mark.parametrize(
    ("fields", "attribute", "value"),
    [
        pytest.param("spec: {}", "kind", EndpointKind.POD, id="on the pod network"),
        pytest.param("spec: {hostNetwork: true}", "kind", EndpointKind.HOST_POD, id="on the host network"),
        pytest.param("spec: {hostNetwork: null}", "kind", EndpointKind.POD, id="0.4: null is missing"),
        pytest.param("spec: {}", "service_account", "default", id="1.15: the service account is `default`"),
        pytest.param("spec: {serviceAccountName: s}", "service_account", "s", id="1.15: serviceAccountName"),
        pytest.param("spec: {serviceAccount: s}", "service_account", "s", id="1.15: its alias serviceAccount"),
        pytest.param("spec: {}", "node", None, id="no node yet"),
        pytest.param("spec: {nodeName: n}", "node", "n", id="nodeName"),
        pytest.param("spec: {}", "workload", WorkloadRef("Pod", "x", "a"), id="a bare pod is its own workload"),
        pytest.param("spec: {}", "replicated", False, id="a bare pod is one pod"),
        pytest.param("spec: {}", "address_known", False, id="1.10: no status, an address that nobody knows"),
        pytest.param("status: {}", "address_known", False, id="1.10: an empty status is none"),
        pytest.param("status: {podIP: 10.0.0.1}", "addresses", (IP,), id="podIP"),
        pytest.param("status: {podIP: 10.0.0.1}", "address_known", True, id="podIP is known"),
        pytest.param(
            "status: {podIP: 10.0.0.1, podIPs: [{ip: 10.0.0.1}, {ip: 'fd00::1'}]}",
            "addresses",
            (IP, IP6),
            id="1.10: dual stack",
        ),
    ],
)
def test_a_pod_has_these_facts(fields, attribute, value):
    """What the spec and status of a pod say is what its endpoint has."""
    assert getattr(one(fields), attribute) == value


@pytest.mark.parametrize(
    ("spec", "ports"),
    [
        pytest.param("containers: [{name: c}]", (), id="row 61: declaring ports is optional"),
        pytest.param(
            "containers: [{ports: [{name: web, containerPort: 80}]}]",
            (ContainerPort("web", "TCP", 80),),
            id="row 72: the protocol is TCP by default",
        ),
        pytest.param(
            "containers: [{ports: [{name: dns, containerPort: 53, protocol: UDP}]}]",
            (ContainerPort("dns", "UDP", 53),),
            id="row 66: a UDP port",
        ),
        pytest.param(
            "containers: [{ports: [{name: web, containerPort: 80}]}, {ports: [{name: web, containerPort: 8090}]}]",
            (ContainerPort("web", "TCP", 80), ContainerPort("web", "TCP", 8090)),
            id="row 70: one name twice",
        ),
        pytest.param(
            "initContainers: [{ports: [{containerPort: 1}]}, {restartPolicy: Always, ports: [{containerPort: 2}]}],"
            " containers: [{ports: [{containerPort: 3}]}]",
            (
                ContainerPort("", "TCP", 3),
                ContainerPort("", "TCP", 2, PortOrigin.SIDECAR),
                ContainerPort("", "TCP", 1, PortOrigin.INIT),
            ),
            id="rows 68 and 69: containers, then sidecars, then other init containers",
        ),
        pytest.param("containers: null", (), id="0.4: null is missing"),
    ],
)
def test_a_pod_declares_these_ports(spec, ports):
    """Ports stand in the order in which they are looked up, each with the kind of its container."""
    assert one(f"spec: {{{spec}}}").ports == ports


@pytest.mark.parametrize(
    ("status", "listed"),
    [
        pytest.param("{phase: Running, podIP: 10.0.0.1}", True, id="running"),
        pytest.param("{phase: Pending, podIP: 10.0.0.1}", True, id="starting, with its address"),
        pytest.param("{phase: Succeeded, podIP: 10.0.0.1}", False, id="row 102: succeeded"),
        pytest.param("{phase: Failed, podIP: 10.0.0.1}", False, id="1.10: failed"),
        pytest.param("{phase: Pending}", False, id="1.10: no address yet"),
        pytest.param("{phase: Pending, podIP: ''}", False, id="1.10: an empty address is none"),
    ],
)
def test_pods_that_send_nothing_are_left_out(status, listed):
    """A pod without a life on the network is neither subject nor peer, and a note says that it is left out."""
    found = inventory(f"{{kind: Pod, metadata: {{name: a, namespace: x}}, status: {status}}}")
    assert names(found) == (["x/a"] if listed else [])
    assert any("left out" in note and "x/a" in note for note in found.notes) is not listed


def test_a_terminating_pod_stays():
    """1.10: until its containers stop, a pod with a deletionTimestamp is policed."""
    found = inventory(
        "{kind: Pod, metadata: {name: a, namespace: x, deletionTimestamp: '2026-01-01T00:00:00Z'},"
        " status: {phase: Running, podIP: 10.0.0.1}}"
    )
    assert names(found) == ["x/a"]


NODE = "{kind: Node, metadata: {name: n}, status: {addresses: [{type: InternalIP, address: 192.0.2.1}]}}\n---\n"


@pytest.mark.parametrize(
    ("spec", "addresses"),
    [
        pytest.param("hostNetwork: true, nodeName: n", (Address.parse("192.0.2.1"),), id="the address of its node"),
        pytest.param("hostNetwork: true, nodeName: other", (), id="unknown as that of its node"),
        pytest.param("hostNetwork: true", (), id="unknown as its node"),
        pytest.param("nodeName: n", (), id="a pod on the pod network has its own"),
    ],
)
def test_a_host_network_pod_has_the_address_of_its_node(spec, addresses):
    """1.9: traffic of a pod on the host network is traffic of the node."""
    found = inventory(NODE + f"{{kind: Pod, metadata: {{name: a, namespace: x}}, spec: {{{spec}}}}}")
    assert endpoint(found, "x/a").addresses == addresses
    assert endpoint(found, "x/a").address_known is bool(addresses)


def test_generated_names_are_told_apart():
    """Two pods that ask the server for a name are two pods."""
    pod = "{kind: Pod, metadata: {generateName: run-, namespace: x}}"
    assert names(inventory(f"{pod}\n---\n{pod}")) == ["x/run-?", "x/run-?2"]


@pytest.mark.parametrize(
    ("address", "code"),
    [
        pytest.param("10.1.0.1", [], id="inside"),
        pytest.param("10.2.0.1", ["NPV041"], id="outside"),
    ],
)
def test_an_address_outside_the_pod_space_is_a_warning(address, code):
    """What the user said of pod addresses and what a snapshot says must agree."""
    head = "kind: Pod, metadata: {name: a, namespace: x}, spec: {containers: [{}]}"
    pod = f"{{{head}, status: {{podIP: {address}}}}}"
    warnings = problems_of(pod, pod_space=(Prefix.parse("10.1.0.0/16"),)).warnings
    assert [warning.code for warning in warnings] == code


def test_an_address_of_two_pods_is_a_warning():
    """Two running pods cannot have one address, so that the snapshot is not of one moment."""
    pods = "\n---\n".join(
        f"{{kind: Pod, metadata: {{name: {name}, namespace: x}}, spec: {{containers: [{{}}]}}, status: {{podIP: 10.0.0.1}}}}"
        for name in "ab"
    )
    (warning,) = problems_of(pods).warnings
    assert warning.code == "NPV042"
    assert "`x/b`" in warning.message


@pytest.mark.parametrize(
    ("count", "positioned"),
    [pytest.param(1_000, True, id="a small input"), pytest.param(1_001, False, id="a large one")],
)
def test_pods_of_large_inputs_carry_no_position(count, positioned):
    """Positions cost a second reading of the text, so that a snapshot of thousands of pods goes without."""
    pods = [document for i in range(count) for document in documents(f"{{kind: Pod, metadata: {{name: p{i}}}}}")]
    found = build(pods, Problems())
    assert len(found.endpoints) == count
    assert all((pod.span is not None) is positioned for pod in found.endpoints)
