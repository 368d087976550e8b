"""A rule that also restricts the end that its policy selects."""

from __future__ import annotations

from collections.abc import Iterator

from npverify.dialects.calico.lint.case import Case, LintRule
from npverify.dialects.calico.resources import Entity
from npverify.dialects.lint import About, Suspicion


def find(case: Case) -> Iterator[Suspicion]:
    """The ingress rules with a destination, and egress rules with a source, that is more than ports."""
    for at in case.rules:
        if at.policy.apply_on_forward:
            continue  # what a node forwards is for somebody else
        for field, side, entity in at.sides:
            if side is at.direction.subject and entity._replace(ports=(), not_ports=()) != Entity():
                word = {"source": "sender", "destination": "receiver"}[field]
                message = (
                    f"{at.name}: `{field}` of an {at.direction} rule is the {word} that the policy selects; the rule counts "
                    "for those of them alone that match it as well"
                )
                fix = f"move it to the selector of the policy, or make the rule one of {at.direction.opposite}"
                yield Suspicion(at.policy.id, at.span(field), message, fix)


RULE = LintRule(
    About(
        "NPL128",
        "own-side",
        "info",
        "A rule restricts the end that the policy selects already.",
        "A rule matches if both of its ends do. In an ingress rule the destination is the endpoint of the policy itself, so "
        "naming somebody else there makes a rule that never matches.",
        fires="""\
apiVersion: projectcalico.org/v3
kind: NetworkPolicy
metadata: {name: web, namespace: shop}
spec:
  selector: app == 'web'
  types: [Ingress]
  ingress:
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
