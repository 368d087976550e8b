"""A policy that selects host endpoints because it does not say whom it selects."""

from __future__ import annotations

from collections.abc import Iterator

from npverify.dialects.calico.lint.case import Case, LintRule, listed
from npverify.dialects.calico.selector import holds
from npverify.dialects.calico.subjects import subject_selector
from npverify.dialects.lint import About, Reason, Suspicion


def find(case: Case) -> Iterator[Suspicion]:
    """The policies for pods whose selector is true of what has no label at all, where host endpoints are selected so."""
    for policy in case.policies:
        if policy.id.namespace or policy.pre_dnat or policy.do_not_track or policy.apply_on_forward:
            continue
        selector = subject_selector(policy)
        hosts = case.hosts_of(selector) if holds(selector, {}) else []
        if hosts:
            names = listed(host.name for host in hosts)
            nodes = listed(dict.fromkeys(host.node for host in hosts))
            message = f"{policy.id} selects host endpoints too ({names}), so it isolates the node {nodes} itself"
            if len({host.node for host in hosts}) > 1:
                message = (
                    f"{policy.id} selects host endpoints too ({names}), so it isolates the nodes {nodes} themselves"
                )
            fix = (
                "to select pods alone, write `namespaceSelector: all()`; to mean nodes as well, say so with "
                "`applyOnForward` or a policy of their own"
            )
            because = tuple(Reason(f"HostEndpoint {host.name} of node {host.node}", None, host.span) for host in hosts)
            yield Suspicion(policy.id, case.span(policy, "selector"), message, fix, because)


RULE = LintRule(
    About(
        "NPL130",
        "hosts-by-omission",
        "warning",
        "A GlobalNetworkPolicy without a selector, or with one that only excludes, selects host endpoints as well as pods.",
        "A default deny that is meant for pods then cuts off the nodes, except for the failsafe ports. `selector: all()` means "
        "host endpoints too, unless there is a `namespaceSelector` beside it.",
        fires="""\
apiVersion: projectcalico.org/v3
kind: HostEndpoint
metadata: {name: n1-eth0, labels: {role: node}}
spec: {node: n1, interfaceName: eth0, expectedIPs: [192.168.0.1]}
---
apiVersion: projectcalico.org/v3
kind: GlobalNetworkPolicy
metadata: {name: default-deny}
spec:
  types: [Ingress, Egress]
""",
        silent="""\
apiVersion: projectcalico.org/v3
kind: HostEndpoint
metadata: {name: n1-eth0, labels: {role: node}}
spec: {node: n1, interfaceName: eth0, expectedIPs: [192.168.0.1]}
---
apiVersion: projectcalico.org/v3
kind: GlobalNetworkPolicy
metadata: {name: default-deny}
spec:
  namespaceSelector: all()
  types: [Ingress, Egress]
""",
    ),
    find,
)
