"""What the rules of `rule_effects` tell of themselves, with their examples."""

from __future__ import annotations

from npverify.dialects.lint import About

_THREATS = """\
apiVersion: projectcalico.org/v3
kind: GlobalNetworkPolicy
metadata: {name: block-threats}
spec:
  order: 10
  selector: app == 'web'
  types: [Egress]
  egress:
  - action: Deny
    destination: {nets: [203.0.113.0/24]}
---
apiVersion: projectcalico.org/v3
kind: NetworkPolicy
metadata: {name: web, namespace: shop}
spec:
  order: 100
  selector: app == 'web'
  types: [Egress]
  egress:
  - action: Allow
    protocol: TCP
    destination: {nets: [%s], ports: [443]}
  - action: Allow
    destination: {selector: app == 'db'}
"""

_TWO_RULES = """\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: api, namespace: shop}
spec:
  podSelector: {matchLabels: {app: api}}
  ingress:
  - from: [%s]
    ports: [{port: 8080}]
  - from: [{podSelector: {matchLabels: {app: %s}}}]
    ports: [{port: 8080}]
"""

_ENDS = """\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: web, namespace: shop}
spec:
  podSelector: {matchLabels: {app: web}}
  policyTypes: [Egress]
  egress:
  - to: [{podSelector: {matchLabels: {app: api}}}]
    ports: [{port: 8080}]
  - to: [{podSelector: {matchLabels: {app: db}}}]
    ports: [{port: %s}]
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: db, namespace: shop}
spec:
  podSelector: {matchLabels: {app: db}}
  ingress:
  - ports: [{port: 5432}]
"""

_WHOM = "It is so under every reading, and the reasons are as few as can be: without any one of them it is not so."

SHADOWED = About(
    "NPL140",
    "shadowed-rule",
    "warning",
    "A rule decides about no flow, because others that are asked before it decide otherwise.",
    "In tiers with an order the first rule that matches speaks. An Allow behind a Deny that matches all of its flows allows "
    "nothing, a Deny behind such an Allow denies nothing, and where an earlier tier denies the rest no later one is asked. A "
    f"rule decides about no flow if the opposite action in its place changes no verdict. {_WHOM}",
    fires=_THREATS % "203.0.113.7/32",
    silent=_THREATS % "203.0.112.0/23",
    needs_pods=True,
)

REDUNDANT = About(
    "NPL141",
    "redundant-rule",
    "info",
    "A rule changes nothing in this input, because other rules say the same.",
    "All flows between the endpoints that there are, and with all addresses outside, are decided the same without it. For pods "
    "that are to come it may matter, which sets it apart from NPL142. A last rule that says what is said anyway is not told. "
    f"{_WHOM}",
    fires=_TWO_RULES % ("{namespaceSelector: {matchLabels: {env: prod}}}", "web"),
    silent=_TWO_RULES % ("{namespaceSelector: {matchLabels: {env: dev}}}", "web"),
    needs_pods=True,
)

COVERED = About(
    "NPL142",
    "covered-rule",
    "info",
    "A rule is covered by another one of equal effect, for any pods that could ever be.",
    "The other rule, of the same policy or of another one that selects as much, matches whatever this one matches: the "
    "solver shows it for all labels, namespaces, addresses and ports. Either this one is not needed, or the other one is "
    "broader than it was meant to be.",
    fires=_TWO_RULES % ("{podSelector: {}}", "web"),
    silent=_TWO_RULES % ("{podSelector: {matchLabels: {app: db}}}", "web"),
    needs_pods=True,
)

UNANSWERED = About(
    "NPL143",
    "unanswered-rule",
    "info",
    "A rule allows flows that the other end denies, all of them.",
    "A flow passes if the egress of its source and the ingress of its destination both allow it. A rule whose every flow "
    f"stops at the other end opens nothing: its counterpart was forgotten, or it is a leftover. {_WHOM}",
    fires=_ENDS % 3306,
    silent=_ENDS % 5432,
    needs_pods=True,
)
