"""With `staged=pending` the policies that questions may name are those that there would be."""

from __future__ import annotations

import pytest

import npverify
from dialects.calico.edge_case import PENDING, WORLD, gnp, knp, np
from dialects.edge_cases import joined


def staged(kind: str, spec: str) -> str:
    """A staged policy called `p`."""
    return gnp(spec, "p", kind=kind) if "Global" in kind else np(spec, "p", kind=kind)


@pytest.mark.parametrize(
    ("policies", "known"),
    [
        ([staged("StagedKubernetesNetworkPolicy", "podSelector: {}")], ["NetworkPolicy orchard/p"]),
        ([staged("StagedKubernetesNetworkPolicy", "stagedAction: Delete"), knp("podSelector: {}", "p")], []),
        ([staged("StagedNetworkPolicy", "types: [Ingress]")], ["NetworkPolicy orchard/p"]),
        ([staged("StagedNetworkPolicy", "stagedAction: Delete"), np("types: [Ingress]", "p")], []),
        ([staged("StagedGlobalNetworkPolicy", "types: [Ingress]")], ["GlobalNetworkPolicy p"]),
        ([staged("StagedGlobalNetworkPolicy", "stagedAction: Learn, types: [Ingress]")], []),
    ],
)
def test_the_policies_are_those_that_would_be_enforced(policies: list[str], known: list[str]) -> None:
    """Each is there by its name once it is set, and gone once it is deleted; without any there is a warning."""
    text = joined(WORLD, *policies)
    world = npverify.load(["-"], cni="calico", assume=PENDING, stdin=text.encode).world
    assert [str(policy) for policy in world.defined] == known
    assert ("NPV147" in {d.code for d in world.warnings}) is (not known)
