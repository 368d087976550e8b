"""Two sets for Cilium compared: denials that are only reported, and what Cilium's own Ingress passes on."""

from __future__ import annotations

from dataclasses import replace

import pytest

import npverify
from npverify.analyses.world import World

WORLD = """
apiVersion: v1
kind: Namespace
metadata: {name: a}
---
apiVersion: v1
kind: Pod
metadata: {name: p, namespace: a, labels: {app: p}}
spec: {containers: [{name: c, image: i}]}
---
apiVersion: v1
kind: Service
metadata: {name: p, namespace: a}
spec: {selector: {app: p}, ports: [{port: 80}]}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: i, namespace: a}
spec: {ingressClassName: cilium, defaultBackend: {service: {name: p, port: {number: 80}}}}
---
apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: {name: only, namespace: a}
spec: {endpointSelector: {}, ingress: [{fromEntities: [ingress]}]}
"""


def read(**assume: str) -> World:
    return npverify.load(["-"], cni="cilium", assume=assume, stdin=WORLD.encode).world


@pytest.mark.parametrize(
    ("modes", "told"),
    [
        pytest.param(("off", "off"), [], id="everything is enforced"),
        pytest.param(("on", "off"), ["on the left"], id="only reported on the left"),
        pytest.param(("off", "on"), ["on the right"], id="only reported on the right"),
        pytest.param(("on", "on"), ["on the left", "on the right"], id="only reported on both"),
    ],
)
def test_it_is_said_where_denials_are_only_reported(modes: tuple[str, str], told: list[str]) -> None:
    """What is compared is what policies say, so that a set can be judged before it is enforced."""
    result = npverify.equiv(*(read(audit_mode=mode) for mode in modes))
    assert result.status is npverify.Equivalence.EQUIVALENT
    notes = [note for note in result.notes if "audit mode" in note]
    assert notes == [f"denials that audit mode only reports {there} count as denied" for there in told]


@pytest.mark.parametrize("lacking", [0, 1])
def test_what_one_plugin_alone_passes_on_is_not_settled_by_what_policies_say(lacking: int) -> None:
    """The same words over one inventory, of which the proxy of one side is nobody to the other."""
    one = read()
    worlds = [one, one]
    worlds[lacking] = replace(one, policies=replace(one.policies, proxied=False))
    result = npverify.equiv(*worlds)
    assert result.status is npverify.Equivalence.UNDECIDED
    assert "Ingress and Gateway" in result.because
    assert npverify.equiv(one, one).status is npverify.Equivalence.EQUIVALENT
