"""Two plugins compared: what is open on both sides may be one thing here and another there."""

from __future__ import annotations

import pytest

import npverify
from npverify.analyses.results import Assumed
from npverify.report.assumed import mend

WORLD = """
apiVersion: v1
kind: Namespace
metadata: {name: a}
---
apiVersion: v1
kind: Pod
metadata: {name: p, namespace: a, labels: {app: p}}
spec:
  containers: [{name: c, image: i, ports: [{name: http, containerPort: 80}]}]
status: {phase: Running, podIP: 10.1.0.1}
---
apiVersion: v1
kind: Service
metadata: {name: p, namespace: a}
spec: {selector: {app: p}, clusterIP: 10.96.0.5, ports: [{port: 80}]}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: shut, namespace: a}
spec: {podSelector: {}, policyTypes: [Ingress, Egress]}
"""


@pytest.mark.parametrize(
    ("left", "right", "same"),
    [
        pytest.param("azure-npm", "aws-vpc-cni", False, id="nobody knows either"),
        pytest.param("kube-router", "weave", False, id="nor these"),
        pytest.param("kubernetes", "kubernetes", True, id="one plugin, whichever it is"),
        pytest.param("antrea@2.6", "antrea@2.7", True, id="one plugin in two versions"),
        pytest.param("cilium@1.18", "azure-cilium@1.18", True, id="one program under two names"),
        pytest.param("cilium@1.18", "gke-dpv2@1.18", False, id="of which one may be another"),
    ],
)
def test_an_open_switch_is_shared_by_one_plugin_alone(left: str, right: str, same: bool) -> None:
    """Whether a pod reaches itself through a Service is open: two plugins may do either."""
    worlds = [npverify.load(["-"], cni=cni, stdin=WORLD.encode).world for cni in (left, right)]
    assert (npverify.equiv(*worlds).status is npverify.Equivalence.EQUIVALENT) is same


@pytest.mark.parametrize("alone", [0, 1])
def test_an_open_switch_is_shared_by_one_plugin_alone_whichever_side_has_the_pods(alone: int) -> None:
    """Policies that are read anew over the pods of the other side are still another plugin's."""
    texts = [WORLD, WORLD]
    texts[alone] = WORLD.split("---")[-1]
    worlds = [
        npverify.load(["-"], cni=cni, stdin=text.encode).world
        for cni, text in zip(("azure-npm", "aws-vpc-cni"), texts, strict=True)
    ]
    assert npverify.equiv(*worlds).status is npverify.Equivalence.DIFFERENT


def test_what_settles_it_is_an_option_of_the_side() -> None:
    """The switch of the right side is settled there."""
    worlds = [npverify.load(["-"], cni=cni, stdin=WORLD.encode).world for cni in ("azure-npm", "aws-vpc-cni")]
    result = npverify.equiv(*worlds)
    assert result.witness is not None
    needed = Assumed("self_via_service of aws-vpc-cni", "allowed", "")
    assert "--assume-right self_via_service=policed" in mend(needed, result.right)
    assert "--cni" not in mend(needed, result.right)  # a plugin is named
