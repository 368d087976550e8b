"""A peer that nothing in the input is."""

from __future__ import annotations

from collections.abc import Iterator

from npverify.dialects.calico.lint.case import Case, LintRule
from npverify.dialects.calico.lint.peers import Peer, peers, possible
from npverify.dialects.calico.selection import NAMESPACE
from npverify.dialects.calico.selector import Global, keys
from npverify.dialects.lint import About, Suspicion
from npverify.ingest.fields import nearest


def find(case: Case) -> Iterator[Suspicion]:
    """Each selector of a peer, unless a pod, a network set or a host endpoint with an address matches; each Service that
    is not there."""
    for peer in peers(case):
        what, fix = _told(peer)
        yield Suspicion(
            peer.at.policy.id,
            peer.at.span(peer.field, peer.key),
            f"{peer.at.name}: {what}, so the rule has no effect",
            fix,
            only_if=possible(peer.selector),
            unless=case.lowering.objects.selects(peer.selector, peer.side),
            side=peer.side,
        )
    for at in case.rules:
        for field, _, entity in at.sides:
            named = entity.services
            if named is not None and named.namespace and (named.namespace, named.name) not in case.inventory.services:
                known = [name for namespace, name in case.inventory.services if namespace == named.namespace]
                message = f"{at.name}: there is no Service `{named.namespace}/{named.name}`, so the rule has no effect"
                fix = nearest(named.name, known) or "add the manifest of the Service, or correct the name"
                yield Suspicion(at.policy.id, at.span(field, "services"), message, fix)


def _told(peer: Peer) -> tuple[str, str]:
    """What is not there, and what to do."""
    namespace, scope = peer.at.policy.id.namespace, peer.entity.namespace_selector
    if scope == Global():
        return (
            f"`{peer.field}` with `namespaceSelector: global()` matches host endpoints and GlobalNetworkSets, never pods, and "
            "none of them matches here",
            "pods of every namespace are `namespaceSelector: all()`; for addresses of other clusters write a GlobalNetworkSet",
        )
    if scope is not None and NAMESPACE in keys(scope):
        return (
            f"`{peer.field}` looks for the label `{NAMESPACE}` of namespaces, and no namespace has it",
            "write `projectcalico.org/name` for the name of the namespace",
        )
    if scope is None and namespace:
        return (
            f"nothing in namespace `{namespace}` matches `{peer.field}`",
            "correct the selector, or add a `namespaceSelector` if others are meant",
        )
    return (
        f"nothing in the input matches `{peer.field}`",
        "correct the selector, or add the manifests of those it means",
    )


RULE = LintRule(
    About(
        "NPL123",
        "matches-nothing",
        "warning",
        "The peer of a rule is nobody: no pod, network set or host endpoint of the input matches it.",
        "A selector in a rule is a test on the address of the packet, which must be one of a known object. An Allow opens "
        "nothing then, and a Deny stops nothing. `global()` means what is in no namespace, so it never means pods; host "
        "endpoints count only with `expectedIPs`. Labels that are not known count as any.",
        fires="""\
apiVersion: projectcalico.org/v3
kind: GlobalNetworkPolicy
metadata: {name: federated-access}
spec:
  selector: app == 'web'
  types: [Egress]
  egress:
  - action: Allow
    protocol: TCP
    destination: {selector: app == 'api', namespaceSelector: global()}
""",
        silent="""\
apiVersion: projectcalico.org/v3
kind: GlobalNetworkSet
metadata: {name: other-cluster, labels: {app: api}}
spec: {nets: [10.8.0.0/24]}
---
apiVersion: projectcalico.org/v3
kind: GlobalNetworkPolicy
metadata: {name: federated-access}
spec:
  selector: app == 'web'
  types: [Egress]
  egress:
  - action: Allow
    protocol: TCP
    destination: {selector: app == 'api', namespaceSelector: global()}
""",
        needs_pods=True,
        replaces=("NPV284",),
    ),
    find,
)
