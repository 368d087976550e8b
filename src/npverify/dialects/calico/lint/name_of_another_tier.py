"""A policy whose name begins with a tier that it is not in."""

from __future__ import annotations

from collections.abc import Iterator

from npverify.dialects.calico.lint.case import Case, LintRule
from npverify.dialects.lint import About, Suspicion


def find(case: Case) -> Iterator[Suspicion]:
    """The policies whose name says a tier that exists, and whose `tier` says another."""
    for policy in case.policies:
        said, dot, _ = policy.id.name.partition(".")
        if dot and said in case.tiers and said != policy.tier:
            message = f"{policy.id} is in the tier `{policy.tier}`, though its name begins with `{said}.`"
            fix = f"write `tier: {said}`; the name alone places a policy nowhere"
            yield Suspicion(policy.id, policy.span, message, fix)


RULE = LintRule(
    About(
        "NPL105",
        "name-of-another-tier",
        "warning",
        "The name of a policy begins with a tier that the policy is not in.",
        "Only `spec.tier` places a policy; without it the policy is in the tier `default`, whatever its name says, and is "
        "asked after the tiers in front of that.",
        fires="""\
apiVersion: projectcalico.org/v3
kind: Tier
metadata: {name: security}
spec: {order: 100}
---
apiVersion: projectcalico.org/v3
kind: GlobalNetworkPolicy
metadata: {name: security.block-threats}
spec:
  selector: app == 'web'
  types: [Egress]
  egress:
  - action: Deny
    destination: {nets: [198.51.100.0/24]}
""",
        silent="""\
apiVersion: projectcalico.org/v3
kind: Tier
metadata: {name: security}
spec: {order: 100}
---
apiVersion: projectcalico.org/v3
kind: GlobalNetworkPolicy
metadata: {name: security.block-threats}
spec:
  tier: security
  selector: app == 'web'
  types: [Egress]
  egress:
  - action: Deny
    destination: {nets: [198.51.100.0/24]}
""",
    ),
    find,
)
