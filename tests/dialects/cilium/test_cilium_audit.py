"""Audit mode: what is denied and only reported is said to be denied nowhere, and what a proxy refuses is."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

import npverify
from dialects.calico.edge_queries import flow_of
from dialects.cilium.edge_case import OAK, A, B, W, X, cnp, denied, joined_world, on_a
from dialects.edge_cases import joined
from npverify.ingest.files import File
from npverify.oracle import Oracle

_B = "fromEndpoints: [{matchLabels: {app: fe}}]"
_KAFKA = "toPorts: [{ports: [{port: '80', protocol: TCP}], rules: {l7proto: own}}]"
_CLOSED = on_a(f"ingress: [{{{_B}, {_KAFKA}}}]")
_ON = {"audit_mode": "on"}
_AUDITED = (
    "apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\n"
    "metadata: {name: audited, namespace: a, annotations: {policy.cilium.io/audit-mode: 'true'}}\n"
    "spec: {endpointSelector: {matchLabels: {app: be}}, ingress: [{}], egressDeny: [{toEntities: [world]}]}\n"
)
_WIDE = (
    "apiVersion: policy.networking.k8s.io/v1alpha2\nkind: ClusterNetworkPolicy\nmetadata: {name: wide}\n"
    "spec: {tier: %s, priority: 1, subject: {namespaces: {}}, ingress: [{action: Deny, from: [{namespaces: {}}]}]}\n"
)
_WIDE_ON = {"audit_mode": "on", "cluster_policies": "on", "cilium_version": "1.20"}
_SCTP = ("SCTP", {"cilium_sctp": "off", "audit_mode": "on"})

ROWS = [
    pytest.param(_CLOSED, {}, X, A, "TCP", "denied", id="without audit mode it is denied"),
    pytest.param(_CLOSED, _ON, X, A, "TCP", "would be denied", id="for want of a rule"),
    pytest.param(_CLOSED, _ON, B, A, "TCP", "denied", id="the request is refused by the proxy all the same"),
    pytest.param(_CLOSED, _ON, OAK, A, "TCP", "allowed", id="what passes passes"),
    pytest.param(
        _CLOSED, *_SCTP[1:], X, A, "SCTP", "denied", id="what the datapath does not know is dropped all the same"
    ),
    pytest.param(on_a("ingressDeny: [{fromEntities: [world]}]"), _ON, W, A, "TCP", "would be denied", id="by a deny"),
    pytest.param(
        on_a(f"ingress: [{{{_B}, authentication: {{mode: required}}}}]"),
        _ON,
        B,
        A,
        "TCP",
        "would be denied",
        id="for want of authentication",
    ),
    pytest.param(_AUDITED, {}, X, A, "TCP", "would be denied", id="by a policy with the annotation"),
    pytest.param(_AUDITED, {}, A, W, "TCP", "would be denied", id="by its deny"),
    pytest.param(
        _AUDITED, {"audit_mode": "off"}, X, A, "TCP", "denied", id="unless the annotation is said to mean nothing"
    ),
    pytest.param(
        joined(_AUDITED, on_a("ingress: [{}]", "other")),
        {},
        X,
        A,
        "TCP",
        "denied",
        id="another policy denies it as well",
    ),
    pytest.param(
        joined(_AUDITED, on_a("egress: [{}]", "other")),
        {},
        X,
        A,
        "TCP",
        "would be denied",
        id="one that is about egress does not",
    ),
    pytest.param(
        joined(_AUDITED, cnp("endpointSelector: {matchLabels: {app: fe}}, egress: [{}]", "other")),
        {},
        B,
        A,
        "TCP",
        "denied",
        id="denied at one end and reported at the other is denied",
    ),
    pytest.param(_WIDE % "Admin", _WIDE_ON, X, A, "TCP", "would be denied", id="by a cluster-wide policy"),
    pytest.param(_WIDE % "Baseline", _WIDE_ON, X, A, "TCP", "would be denied", id="by a baseline"),
    pytest.param(
        _WIDE % "Admin", {**_WIDE_ON, "audit_mode": "annotated"}, X, A, "TCP", "denied", id="only in audit mode"
    ),
    pytest.param(
        joined(_AUDITED, _WIDE % "Admin"),
        {**_WIDE_ON, "audit_mode": "annotated"},
        X,
        A,
        "TCP",
        "denied",
        id="a cluster-wide policy denies what an annotated one would",
    ),
]


@pytest.mark.parametrize(("policies", "assume", "src", "dst", "protocol", "want"), ROWS)
def test_a_verdict_in_words(
    policies: str, assume: Mapping[str, str], src: str, dst: str, protocol: str, want: str
) -> None:
    """A flow is allowed, denied, or would be denied."""
    assume = {"cilium_version": "1.19", "cilium_sctp": "on", **assume}
    world = npverify.load(["-"], cni="cilium", assume=assume, stdin=joined_world(policies).encode).world
    flow = flow_of(denied(src, dst, 80, protocol), world.inventory)
    assert Oracle(world.policies, world.inventory).decide(flow).word == want


def test_reports_say_so_everywhere() -> None:
    """`eval`, `explain` and `prove` use the same words, and `prove` tells what its answers count."""
    from npverify.report.assumed import assumptions
    from npverify.report.eval_report import evaluation_json, evaluation_line, evaluation_text

    spec = (
        'let web = pods where app == "fe" in namespace x\nassert no web reaches pods where app == "be" in namespace a\n'
    )
    loaded = npverify.load(
        ["-"], cni="cilium", assume=_ON, stdin=joined_world(_CLOSED).encode, specs=[File("s.npv", spec, True)]
    )
    world = loaded.world
    found = npverify.evaluate(world, flow_of(denied(X, A), world.inventory))
    text = evaluation_text(found, world.policies)
    assert evaluation_line(found).startswith("would be denied  x/x")
    assert text.count("would be denied") == 2
    assert "  denied" not in text
    assert evaluation_json(found, world.policies)["verdict"] == "would be denied"
    result = npverify.prove(world, loaded.assertions)
    assert "denials that audit mode only reports, and lets pass, count as denied" in assumptions(result, world)
