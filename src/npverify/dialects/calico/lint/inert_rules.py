"""Rules of a direction that the policy is not about."""

from __future__ import annotations

from collections.abc import Iterator

from npverify.dialects.calico.lint.case import Case, LintRule
from npverify.dialects.lint import About, Suspicion
from npverify.normal.policy import Direction


def find(case: Case) -> Iterator[Suspicion]:
    """The policies with rules that `types` leaves without effect."""
    for policy in case.policies:
        for direction in Direction:
            if policy.rules.get(direction) and direction not in policy.types:
                message = f"{policy.id} has {direction} rules without effect, because `types` does not list it"
                fix = f"add `{str(direction).capitalize()}` to `types`, or remove the rules"
                yield Suspicion(policy.id, case.span(policy, str(direction)), message, fix)


RULE = LintRule(
    About(
        "NPL112",
        "inert-rules",
        "warning",
        "A policy has rules of a direction that its `types` does not list.",
        "Calico accepts them and passes over them: they neither match nor isolate in that direction.",
        fires="""\
apiVersion: projectcalico.org/v3
kind: NetworkPolicy
metadata: {name: web, namespace: shop}
spec:
  selector: app == 'web'
  types: [Ingress]
  ingress:
  - action: Allow
  egress:
  - action: Deny
    destination: {nets: [203.0.113.0/24]}
""",
        silent="""\
apiVersion: projectcalico.org/v3
kind: NetworkPolicy
metadata: {name: web, namespace: shop}
spec:
  selector: app == 'web'
  types: [Ingress, Egress]
  ingress:
  - action: Allow
  egress:
  - action: Deny
    destination: {nets: [203.0.113.0/24]}
""",
    ),
    find,
)
