"""Nodes that Calico's HostEndpoints tell of."""

from __future__ import annotations

import pytest

from inventory.manifests import endpoint, inventory, problems_of
from npverify.inventory.addresses import Address
from npverify.inventory.model import EndpointKind

NODE = "{kind: Node, metadata: {name: n}, status: {addresses: [{type: InternalIP, address: 192.0.2.1}]}}"


def host(spec: str, api_version: str = "projectcalico.org/v3") -> str:
    """A HostEndpoint with that spec."""
    return f"{{apiVersion: {api_version}, kind: HostEndpoint, metadata: {{name: h}}, spec: {spec}}}"


ON_N = host("{node: n, interfaceName: '*', expectedIPs: [192.0.2.9, 'fd00::9']}")


@pytest.mark.parametrize(
    ("text", "addresses"),
    [
        pytest.param(ON_N, ["192.0.2.9", "fd00::9"], id="its node exists and has the expected addresses"),
        pytest.param(
            host("{node: n, expectedIPs: [192.0.2.9]}", "crd.projectcalico.org/v1"), ["192.0.2.9"], id="the stored form"
        ),
        pytest.param(f"{NODE}\n---\n{ON_N}", ["192.0.2.1", "192.0.2.9", "fd00::9"], id="added to those of its Node"),
        pytest.param(
            f"{NODE}\n---\n{host('{node: n, expectedIPs: [192.0.2.1]}')}", ["192.0.2.1"], id="each address once"
        ),
        pytest.param(
            f"{host('{node: n, expectedIPs: [192.0.2.9]}')}\n---\n{host('{node: n, expectedIPs: [192.0.2.8]}')}",
            ["192.0.2.9", "192.0.2.8"],
            id="two interfaces of one node",
        ),
        pytest.param(host("{node: n, interfaceName: eth0}"), [], id="without expected addresses"),
    ],
)
def test_a_host_endpoint_tells_of_its_node(text, addresses):
    """1.3: the node that spec.node names exists, and spec.expectedIPs are addresses of it."""
    node = endpoint(inventory(text), "node n")
    assert node.kind is EndpointKind.NODE
    assert node.node == "n"
    assert node.addresses == tuple(map(Address.parse, addresses))
    assert node.address_known == bool(addresses)


def test_a_declared_node_keeps_its_labels():
    """Labels of a HostEndpoint are its own: the node keeps those of its Node object."""
    labelled = NODE.replace("{name: n}", "{name: n, labels: {zone: z}}")
    assert endpoint(inventory(f"{labelled}\n---\n{ON_N}"), "node n").labels == {"zone": "z"}


def test_a_pod_on_its_network_has_its_addresses():
    """A pod with hostNetwork on that node has the addresses of the node."""
    pod = "{kind: Pod, metadata: {name: a, namespace: x}, spec: {nodeName: n, hostNetwork: true, containers: [{}]}}"
    found = inventory(f"{pod}\n---\n{ON_N}")
    assert endpoint(found, "x/a").addresses == endpoint(found, "node n").addresses != ()
    assert [str(node) for node in found.nodes] == ["node n"]


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(host("null"), id="no spec"),
        pytest.param(host("[1]"), id="a spec that is no map"),
        pytest.param(host("{expectedIPs: [192.0.2.9]}"), id="no node"),
        pytest.param(host("{node: 5}"), id="a node that is no text"),
        pytest.param(host("{node: n}", "example.com/v1"), id="somebody else's kind"),
    ],
)
def test_what_names_no_node_tells_of_none(text):
    """The dialect reports what is wrong with a HostEndpoint, so the inventory is silent about it."""
    assert inventory(text).nodes == ()
    assert problems_of(text).warnings == ()


@pytest.mark.parametrize("addresses", ["5", "[5, null, {}, x, 192.0.2.0/24, 192.0.2.9]"])
def test_what_is_no_address_is_passed_over(addresses):
    """The other addresses count all the same."""
    node = endpoint(inventory(host(f"{{node: n, expectedIPs: {addresses}}}")), "node n")
    assert node.addresses == ((Address.parse("192.0.2.9"),) if "9" in addresses else ())


def test_the_notes_say_whose_addresses_are_known_by_host_endpoints_alone():
    """Such a node may have more addresses; one with a Node object is not mentioned."""
    text = f"{NODE}\n---\n{ON_N}\n---\n{host('{node: m, expectedIPs: [192.0.2.7]}')}\n---\n{host('{node: o}')}"
    assert inventory(text).notes == ("taken to have no addresses but those of its HostEndpoints: node m",)
