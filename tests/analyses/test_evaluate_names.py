"""Flows to what a name of domains resolves to: rules about that name mean it, and what its address is stays open."""

from __future__ import annotations

import pytest

import npverify
from npverify.analyses.evaluate import evaluate_query
from npverify.analyses.flows import read_flow
from npverify.ingest.files import File

WORLD = """
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop, labels: {app: web}}
spec: {containers: [{name: c, image: x}]}
---
apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: {name: names, namespace: shop}
spec:
  endpointSelector: {}
  egress:
  - toEndpoints: [{matchLabels: {app: dns}}]
    toPorts: [{ports: [{port: '53'}], rules: {dns: [{matchPattern: '*.example'}]}}]
  - %s
"""
CALICO = """
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop, labels: {app: web}}
spec: {containers: [{name: c, image: x}]}
---
apiVersion: projectcalico.org/v3
kind: GlobalNetworkPolicy
metadata: {name: names}
spec: {types: [Egress], egress: [{action: Allow, destination: {domains: [%s]}}]}
"""


@pytest.mark.parametrize(
    ("manifests", "name", "verdict", "depends"),
    [
        (WORLD % "toFQDNs: [{matchName: api.example}]", "api.example", "allowed", ()),
        (WORLD % "toFQDNs: [{matchName: api.example}]", "API.example.", "allowed", ()),
        (WORLD % "toFQDNs: [{matchName: api.example}]", "www.example", "denied", ("api.example resolves to the address of the destination",)),
        (WORLD % "toFQDNs: [{matchPattern: 'a*.example'}]", "api.example", "allowed", ()),
        (WORLD % "toFQDNs: [{matchPattern: '*.example'}]", "a.b.example", "denied", ("*.example resolves to the address of the destination",)),
        (WORLD % "toFQDNs: [{matchName: api.test}]", "api.test", "denied", ()),
        (WORLD % "toCIDR: [203.0.113.0/24]", "api.example", "denied", ("address of api.example",)),
        (WORLD % "toEntities: [world]", "api.example", "allowed", ()),
        (CALICO % "api.example", "api.example", "allowed", ()),
        (CALICO % "'*.example'", "api.example", "allowed", ()),
        (CALICO % "api.example", "b.example", "denied", ("api.example resolves to the address of the destination",)),
    ],
)  # fmt: skip
def test_a_flow_to_a_name(manifests: str, name: str, verdict: str, depends: tuple[str, ...]) -> None:
    """Rules about the name let it through where some rule lets a pod ask for it; other names may have the same address."""
    cni = "cilium" if "cilium" in manifests else "calico"
    world = npverify.load([File("m.yaml", manifests, True)], cni=cni).world
    flow = {"src": {"pod": "shop/web"}, "dst": {"name": name}, "port": 443}
    found = evaluate_query(world, read_flow(flow, world.inventory))
    assert (found.verdict.word, found.depends) == (verdict, depends)


@pytest.mark.parametrize(
    ("flow", "code"),
    [
        ({"src": {"name": "a.example"}, "dst": {"pod": "shop/web"}, "port": 1}, "NPV160"),
        ({"src": {"pod": "shop/web"}, "dst": {"name": "a/b"}, "port": 1}, "NPV160"),
    ],
)
def test_what_cannot_be_named(flow: dict[str, object], code: str) -> None:
    """A source has no name, and a name has letters, digits, `-`, `_` and dots."""
    world = npverify.load([File("m.yaml", CALICO % "a.b", True)], cni="calico").world
    with pytest.raises(npverify.InputError) as raised:
        read_flow(flow, world.inventory)
    assert [d.code for d in raised.value.diagnostics] == [code]
