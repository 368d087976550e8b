"""A negative selector of namespaces that matches what is in no namespace."""

from __future__ import annotations

from collections.abc import Iterator

from npverify.dialects.calico.lint.case import Case, LintRule, listed
from npverify.dialects.calico.lint.peers import Peer, peers
from npverify.dialects.calico.rules import of_namespaces
from npverify.dialects.calico.selection import of_labels
from npverify.dialects.calico.selector import Global, holds
from npverify.dialects.lint import About, Reason, Suspicion
from npverify.normal.predicates import FALSE


def find(case: Case) -> Iterator[Suspicion]:
    """The peers that a host endpoint or a GlobalNetworkSet is by having no namespace, and no other label either."""
    for peer in peers(case):
        scope, selector = peer.entity.namespace_selector, peer.entity.selector
        if scope is None or scope == Global() or not holds(of_namespaces(scope), {}):
            continue
        if selector is not None and not holds(selector, {}):
            continue
        found = list(_without_namespace(case, peer))
        if found:
            message = (
                f"{peer.at.name}: `namespaceSelector` of `{peer.field}` is true of what is in no namespace, so it matches "
                f"{listed(reason.text for reason in found)} too"
            )
            fix = "to mean pods alone, add `selector: projectcalico.org/orchestrator == 'k8s'`"
            span = peer.at.span(peer.field, "namespaceSelector")
            yield Suspicion(peer.at.policy.id, span, message, fix, tuple(found))


def _without_namespace(case: Case, peer: Peer) -> Iterator[Reason]:
    """The host endpoints and global sets with addresses that match."""
    for host in case.hosts_of(peer.selector):
        if host.expected_ips:
            yield Reason(f"HostEndpoint {host.name}", None, host.span)
    for found in case.resources.sets:
        if not found.id.namespace and found.nets and of_labels(peer.selector, found.labels.get) is not FALSE:
            yield Reason(str(found.id), found.id, found.span)


RULE = LintRule(
    About(
        "NPL125",
        "negative-namespaces",
        "warning",
        "A `namespaceSelector` that excludes namespaces matches host endpoints or GlobalNetworkSets too.",
        "What is in no namespace has no label of a namespace, so `env != 'prod'`, `not in` and `!has` are true of it. A Deny "
        "meant for pods of other namespaces then also stops nodes, and an Allow lets them in.",
        fires="""\
apiVersion: projectcalico.org/v3
kind: HostEndpoint
metadata: {name: n1-eth0, labels: {role: node}}
spec: {node: n1, expectedIPs: [192.168.0.1], profiles: [projectcalico-default-allow]}
---
apiVersion: projectcalico.org/v3
kind: GlobalNetworkPolicy
metadata: {name: prod-alone}
spec:
  namespaceSelector: env == 'prod'
  types: [Ingress]
  ingress:
  - action: Deny
    source: {namespaceSelector: env != 'prod'}
  - action: Allow
""",
        silent="""\
apiVersion: projectcalico.org/v3
kind: HostEndpoint
metadata: {name: n1-eth0, labels: {role: node}}
spec: {node: n1, expectedIPs: [192.168.0.1], profiles: [projectcalico-default-allow]}
---
apiVersion: projectcalico.org/v3
kind: GlobalNetworkPolicy
metadata: {name: prod-alone}
spec:
  namespaceSelector: env == 'prod'
  types: [Ingress]
  ingress:
  - action: Deny
    source: {namespaceSelector: env != 'prod', selector: projectcalico.org/orchestrator == 'k8s'}
  - action: Allow
""",
    ),
    find,
)
