"""A policy in a tier that does not exist."""

from __future__ import annotations

from collections.abc import Iterator

from npverify.dialects.calico.lint.case import Case, LintRule, listed
from npverify.dialects.lint import About, Suspicion
from npverify.ingest.fields import nearest


def find(case: Case) -> Iterator[Suspicion]:
    """The policies that name a tier which is neither built in nor given."""
    known = case.tiers
    for policy in case.policies:
        if policy.tier not in known:
            message = (
                f"{policy.id} is in the tier `{policy.tier}`, which does not exist; Calico asks it after all other tiers, "
                "and denies what it does not match"
            )
            fix = nearest(policy.tier, known) or f"define the tier, or use one of {listed(known, 6)}"
            yield Suspicion(policy.id, case.span(policy, "tier"), message, fix)


RULE = LintRule(
    About(
        "NPL103",
        "unknown-tier",
        "error",
        "A policy names a tier that does not exist.",
        "Such a policy is enforced, after all tiers that exist, and what it does not match is denied "
        "(felix/calc/policy_resolver.go). So it never sees what an earlier tier decides, and isolates what none decides.",
        fires="""\
apiVersion: projectcalico.org/v3
kind: Tier
metadata: {name: security}
spec: {order: 100}
---
apiVersion: projectcalico.org/v3
kind: GlobalNetworkPolicy
metadata: {name: block-threats}
spec:
  tier: secuirty
  selector: app == 'web'
  types: [Egress]
  egress:
  - action: Deny
    destination: {nets: [198.51.100.0/24]}
  - action: Pass
""",
        silent="""\
apiVersion: projectcalico.org/v3
kind: Tier
metadata: {name: security}
spec: {order: 100}
---
apiVersion: projectcalico.org/v3
kind: GlobalNetworkPolicy
metadata: {name: block-threats}
spec:
  tier: security
  selector: app == 'web'
  types: [Egress]
  egress:
  - action: Deny
    destination: {nets: [198.51.100.0/24]}
  - action: Pass
""",
        replaces=("NPV282",),
    ),
    find,
)
