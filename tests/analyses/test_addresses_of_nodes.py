"""A node of unknown address has that of the pods on its network, if their address is known."""

from __future__ import annotations

from pathlib import Path

import pytest

from npverify.analyses.load import load
from npverify.analyses.prove import prove

MANIFESTS = """
{apiVersion: v1, kind: Pod, metadata: {name: web, namespace: x, labels: {app: web}},
  spec: {nodeName: n2, containers: [{name: c}]}, status: {phase: Running, podIP: 10.1.0.5}}
---
{apiVersion: v1, kind: Pod, metadata: {name: other, namespace: x},
  spec: {nodeName: n1, containers: [{name: c}]}, status: {phase: Running, podIP: 10.1.0.6}}
---
{apiVersion: v1, kind: Pod, metadata: {name: agent, namespace: x},
  spec: {nodeName: n1, hostNetwork: true, containers: [{name: c}]}, status: {phase: Running, podIP: 192.0.2.1}}
---
{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: p, namespace: x},
  spec: {podSelector: {matchLabels: {app: web}}, ingress: [{from: [{ipBlock: {cidr: CIDR}}]}]}}
"""


@pytest.mark.parametrize(
    ("cidr", "status"),
    [
        pytest.param("192.0.2.1/32", "refuted", id="the address of a pod on its network"),
        pytest.param("10.1.0.6/32", "proved", id="the address of a pod that has its own"),
    ],
)
def test_a_node_may_have_the_address_of_a_pod_on_its_network(tmp_path: Path, cidr: str, status: str) -> None:
    """Without a Node object nothing tells the node's address; that of a pod with hostNetwork is not somebody else's."""
    (tmp_path / "m.yaml").write_text(MANIFESTS.replace("CIDR", cidr))
    (tmp_path / "s.npv").write_text("assert no node n1 reaches web\n")
    loaded = load([str(tmp_path)], assume={"ipblock_matches_pods": "literal"})
    (answer,) = prove(loaded.world, loaded.assertions).results
    assert answer.status.value == status
