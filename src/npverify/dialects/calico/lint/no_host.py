"""Policy for host endpoints that selects none."""

from __future__ import annotations

from collections.abc import Iterator

from npverify.dialects.calico.lint.case import Case, LintRule
from npverify.dialects.calico.subjects import subject_selector
from npverify.dialects.lint import About, Suspicion


def find(case: Case) -> Iterator[Suspicion]:
    """The policies before translation or before tracking whose selector matches no host endpoint."""
    for policy in case.policies:
        flag = "preDNAT" if policy.pre_dnat else "doNotTrack" if policy.do_not_track else ""
        if flag and not case.hosts_of(subject_selector(policy)):
            message = f"{policy.id} has `{flag}`, so it counts for host endpoints alone, and it selects none"
            fix = "select a host endpoint, or add its manifest; a policy for pods has no such flag"
            yield Suspicion(policy.id, case.span(policy, flag), message, fix)


RULE = LintRule(
    About(
        "NPL114",
        "no-host",
        "warning",
        "A policy with `preDNAT` or `doNotTrack` selects no host endpoint.",
        "Such policies have no effect on pods, whatever they select: they neither match nor isolate there. Host endpoints "
        "that Calico makes by itself are known only from their manifests (`kubectl get hostendpoints -o yaml`).",
        fires="""\
apiVersion: projectcalico.org/v3
kind: HostEndpoint
metadata: {name: n1-all, labels: {role: node}}
spec: {node: n1, interfaceName: "*", expectedIPs: [192.168.0.1], profiles: [projectcalico-default-allow]}
---
apiVersion: projectcalico.org/v3
kind: GlobalNetworkPolicy
metadata: {name: no-node-ports}
spec:
  preDNAT: true
  applyOnForward: true
  selector: role == 'nodes'
  types: [Ingress]
  ingress:
  - action: Deny
    protocol: TCP
    destination: {ports: ["30000:32767"]}
""",
        silent="""\
apiVersion: projectcalico.org/v3
kind: HostEndpoint
metadata: {name: n1-all, labels: {role: node}}
spec: {node: n1, interfaceName: "*", expectedIPs: [192.168.0.1], profiles: [projectcalico-default-allow]}
---
apiVersion: projectcalico.org/v3
kind: GlobalNetworkPolicy
metadata: {name: no-node-ports}
spec:
  preDNAT: true
  applyOnForward: true
  selector: role == 'node'
  types: [Ingress]
  ingress:
  - action: Deny
    protocol: TCP
    destination: {ports: ["30000:32767"]}
""",
    ),
    find,
)
