"""Nodes, and what they tell about address families."""

from __future__ import annotations

import pytest

from inventory.manifests import endpoint, inventory, names
from npverify.inventory.addresses import Address, Prefix
from npverify.inventory.model import EndpointKind

POD = "{kind: Pod, metadata: {name: a, namespace: x}, spec: {nodeName: n}}"


def test_a_node_has_its_addresses_and_labels():
    """Internal and external addresses count, names do not."""
    found = inventory(
        """
        kind: Node
        metadata: {name: n, labels: {zone: z}}
        status:
          addresses:
          - {type: Hostname, address: n}
          - {type: InternalIP, address: 192.0.2.1}
          - {type: InternalIP, address: 'fd00::1'}
          - {type: ExternalIP, address: 198.51.100.1}
        """
    )
    node = endpoint(found, "node n")
    assert node.kind is EndpointKind.NODE
    assert node.node == "n"
    assert node.labels == {"zone": "z"}
    assert node.addresses == tuple(Address.parse(text) for text in ("192.0.2.1", "fd00::1", "198.51.100.1"))
    assert node.address_known


def test_a_node_exists_because_a_pod_runs_on_it():
    """A node that only spec.nodeName tells of has no known address."""
    found = inventory(POD)
    assert names(found) == ["x/a", "node n"]
    assert not endpoint(found, "node n").address_known


def test_a_declared_node_is_not_implied_again():
    """A pod that names a declared node adds none."""
    assert names(inventory(POD + "\n---\n{kind: Node, metadata: {name: n}}")) == ["x/a", "node n"]


NODE_V4 = "{kind: Node, metadata: {name: n}, spec: {podCIDRs: [10.244.0.0/24]}}"
NODE_DUAL = "{kind: Node, metadata: {name: n}, spec: {podCIDR: 10.244.0.0/24, podCIDRs: [10.244.0.0/24, 'fd00::/64']}}"
NODE_OLD = "{kind: Node, metadata: {name: n}, spec: {podCIDR: 'fd00::/64'}}"
SNAPSHOT = "{kind: Pod, metadata: {name: b, namespace: x}, status: {podIP: 10.0.0.1}}"
SERVICE_V4 = "{kind: Service, metadata: {name: s, namespace: x}, spec: {clusterIP: 10.96.0.10}}"
SERVICE_V6 = "{kind: Service, metadata: {name: s, namespace: x}, spec: {clusterIP: 'fd00::a'}}"


@pytest.mark.parametrize(
    ("text", "families"),
    [
        pytest.param(POD, {4, 6}, id="nothing tells"),
        pytest.param(SNAPSHOT, {4}, id="an address of a pod"),
        pytest.param(NODE_V4, {4}, id="the block of a node"),
        pytest.param(NODE_DUAL, {4, 6}, id="two blocks of a node"),
        pytest.param(NODE_OLD, {6}, id="the one block of an older node"),
        pytest.param(SERVICE_V4, {4, 6}, id="a Service alone: in a dual-stack cluster it has one family too"),
        pytest.param(f"{SNAPSHOT}\n---\n{SERVICE_V6}", {4, 6}, id="a Service beside a pod adds its own"),
        pytest.param(f"{SNAPSHOT}\n---\n{SERVICE_V4}", {4}, id="a Service of the pods' family"),
    ],
)
def test_address_families_follow_the_evidence(text, families):
    """1.10: where nothing tells otherwise, pods have addresses of both families."""
    assert inventory(text).families == families


def test_the_user_has_the_last_word_on_families():
    """A family that is given wins over the evidence."""
    assert inventory(SNAPSHOT, families=frozenset({6})).families == {6}


def test_the_pod_space_tells_the_families_where_nothing_else_does():
    """Pods that live in an IPv4 block have IPv4 addresses."""
    assert inventory(POD, pod_space=(Prefix.parse("10.0.0.0/8"),)).families == {4}
