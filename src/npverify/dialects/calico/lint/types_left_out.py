"""A policy without `types`, whose directions depend on how it was written into the cluster."""

from __future__ import annotations

from collections.abc import Iterator

from npverify.dialects.calico.lint.case import Case, LintRule
from npverify.dialects.calico.resources import Policy
from npverify.dialects.lint import About, Suspicion
from npverify.normal.policy import Direction


def find(case: Case) -> Iterator[Suspicion]:
    """Every policy that leaves its directions to a default."""
    for policy in case.policies:
        if not policy.types_given:
            about = " and ".join(str(direction) for direction in policy.types)
            message = f"{policy.id} does not say its `types`; here it is about {about}{_bare(policy)}"
            names = ", ".join(str(direction).capitalize() for direction in policy.types)
            fix = f"write `types: [{names}]` if that is meant"
            yield Suspicion(policy.id, policy.span, message, fix)


def _bare(policy: Policy) -> str:
    bare = [str(d) for d in policy.types if not policy.rules.get(d)]
    left = [str(d) for d in Direction if d not in policy.types]
    if bare:
        return f", and as it has no {bare[0]} rule it lets no {bare[0]} through"
    return f", and leaves {left[0]} open" if left else ""


RULE = LintRule(
    About(
        "NPL113",
        "types-left-out",
        "info",
        "A policy does not say which directions it is about.",
        "`calicoctl` and the API server fill `types` in by the rules that are there: egress rules alone make it a policy about "
        "egress, which a NetworkPolicy of Kubernetes would not be. Native resources count empty lists too, and what is stored "
        "as `crd.projectcalico.org/v1` without `types` is about both.",
        fires="""\
apiVersion: projectcalico.org/v3
kind: NetworkPolicy
metadata: {name: web, namespace: shop}
spec:
  selector: app == 'web'
  egress:
  - action: Allow
    destination: {selector: app == 'db'}
""",
        silent="""\
apiVersion: projectcalico.org/v3
kind: NetworkPolicy
metadata: {name: web, namespace: shop}
spec:
  selector: app == 'web'
  types: [Egress]
  egress:
  - action: Allow
    destination: {selector: app == 'db'}
""",
    ),
    find,
)
