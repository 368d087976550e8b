"""What is known to be wrong in how plugins are judged: a row for each fault, which tells when it is mended."""

from __future__ import annotations

import pytest

import npverify
from dialects.calico.edge_queries import flow_of
from dialects.plugins.rows import DB, P2, WORLD, flow, into
from npverify.oracle import Oracle

_TWO_NAMES = """
apiVersion: v1
kind: Pod
metadata: {name: two, namespace: a, labels: {app: web}}
spec: {nodeName: elm, containers: [{name: main, image: i, ports: [{name: http, containerPort: 8080}, {name: metrics, containerPort: 9090}]}]}
status: {phase: Running, podIP: 10.1.0.9}
"""


@pytest.mark.xfail(
    strict=True,
    reason="kube-router (pkg/controllers/netpol/policy.go, grabNamedPortFromPod) gives all ports of a pod one map of addresses, "
    "to which it adds those of every later pod that has one of these names under the same number: p2, which shares http=8080 "
    "with two, then has metrics=9090 opened as well, if it comes later in an order that is not fixed",
)
def test_kube_router_may_open_a_name_on_a_pod_that_shares_another_one() -> None:
    """What passes to 9090 of p2 is open, or the policy is refused; it is not denied for certain."""
    text = "---".join((WORLD, _TWO_NAMES, "\n" + into("{from: [{podSelector: {}}], ports: [{port: metrics}]}")))
    try:
        world = npverify.load(["-"], cni="kube-router", stdin=text.encode).world
    except npverify.InputError:
        return
    oracle = Oracle(world.policies, world.inventory)
    asked: dict[str, object] = {}
    verdict = oracle.decide(flow_of(flow(DB, P2, 9090), world.inventory), {}, asked)  # type: ignore[arg-type]
    assert verdict.allowed or asked
