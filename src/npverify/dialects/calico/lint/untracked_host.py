"""Untracked policy at a host endpoint where Felix does not enforce it."""

from __future__ import annotations

from collections.abc import Iterator

from npverify.dialects.calico.lint.case import Case, LintRule
from npverify.dialects.lint import About, Suspicion


def find(case: Case) -> Iterator[Suspicion]:
    """What the lowering warns of, with the policy that it is about."""
    at = {policy.span: policy.id for policy in case.policies}
    for warning in case.told:
        if warning.code == "NPV289" and warning.span is not None:
            yield Suspicion(at[warning.span], warning.span, warning.message, warning.fix)


RULE = LintRule(
    About(
        "NPL117",
        "untracked-host",
        "warning",
        "An untracked policy selects a host endpoint at which it is not enforced.",
        "Felix puts `doNotTrack` policy only at host endpoints that name an interface, and with BPF only where all of it is in "
        "one tier. Elsewhere the policy has no effect.",
        fires="""\
apiVersion: projectcalico.org/v3
kind: HostEndpoint
metadata: {name: n1-all, labels: {role: node}}
spec: {node: n1, interfaceName: "*", expectedIPs: [192.168.0.1], profiles: [projectcalico-default-allow]}
---
apiVersion: projectcalico.org/v3
kind: GlobalNetworkPolicy
metadata: {name: no-scans}
spec:
  doNotTrack: true
  applyOnForward: true
  selector: role == 'node'
  types: [Ingress]
  ingress:
  - action: Deny
    source: {nets: [203.0.113.0/24]}
""",
        silent="""\
apiVersion: projectcalico.org/v3
kind: HostEndpoint
metadata: {name: n1-eth0, labels: {role: node}}
spec: {node: n1, interfaceName: eth0, expectedIPs: [192.168.0.1], profiles: [projectcalico-default-allow]}
---
apiVersion: projectcalico.org/v3
kind: GlobalNetworkPolicy
metadata: {name: no-scans}
spec:
  doNotTrack: true
  applyOnForward: true
  selector: role == 'node'
  types: [Ingress]
  ingress:
  - action: Deny
    source: {nets: [203.0.113.0/24]}
""",
        replaces=("NPV289",),
    ),
    find,
)
