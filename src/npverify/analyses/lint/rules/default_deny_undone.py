"""A policy without rules, meant to deny by default, beside a later one that allows everything."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from npverify.analyses.changes import ChangedFlow
from npverify.analyses.lint.edits import Edit, changed_flow
from npverify.analyses.lint.findings import Finding
from npverify.analyses.lint.places import Place, number, places
from npverify.analyses.lint.rule import Context, Rule
from npverify.dialects.lint import About, Reason
from npverify.normal import policy as p
from npverify.normal.predicates import TRUE, and_, not_


def find(context: Context, about: About) -> Iterator[Finding]:
    """Each rule that allows everything, behind a policy of its tier that denies by having no rules."""
    told: set[tuple[p.PolicyId, p.PolicyId]] = set()
    for place in places(context.world.policies):
        if place.tier.no_match is not p.Action.DENY:
            continue
        for policy, rule in _allow_all(place.tier):
            for bare in place.tier.policies:
                pair = (policy.id, bare.id)
                if pair not in told and not bare.rules and _before(bare, policy):
                    with context.deciding(about, f"{policy.id} and {bare.id}"):
                        found = _let_through(context, place, policy, rule, bare)
                        if found is not None:
                            told.add(pair)
                            yield _finding(about, policy, rule, bare, found)


def _allow_all(tier: p.Tier) -> Iterator[tuple[p.Policy, p.Rule]]:
    for policy in tier.policies:
        for rule in policy.rules:
            if rule.action is p.Action.ALLOW and rule.match is TRUE:
                yield policy, rule


def _before(one: p.Policy, other: p.Policy) -> bool:
    return one.order is not None and other.order is not None and one.order < other.order


def _let_through(context: Context, place: Place, policy: p.Policy, rule: p.Rule, bare: p.Policy) -> ChangedFlow | None:
    """A flow of an endpoint of both that passes because of the rule."""
    classes = context.selected(policy, bare)
    if not classes:
        return None
    without = replace(policy, rules=tuple(each for each in policy.rules if each is not rule))
    edit = Edit(instead={policy: without})
    return changed_flow(
        context.engine, place.direction, classes, (edit,), lambda said: and_(said[0], not_(said[1])), edit
    )


def _finding(about: About, policy: p.Policy, rule: p.Rule, bare: p.Policy, found: ChangedFlow) -> Finding:
    behind = "without order" if number(policy.order) == "none" else f"of order {number(policy.order)}"
    message = f"{policy.id} ({behind}), {rule.label}, allows everything that {bare.id} of order {number(bare.order)} seems to deny"
    because = (
        Reason(
            f"{bare.id} has no rules: it isolates, but a later policy of the tier may still allow", bare.id, bare.span
        ),
    )
    fix = f"remove the rule, or give {bare.id} a rule `action: Deny` if it is to have the last word"
    return Finding(about, policy.id, rule.span or policy.span, message, fix, because, (bare.id,), found.shown)


RULE = Rule(
    About(
        "NPL107",
        "default-deny-undone",
        "warning",
        "A policy that allows everything comes after a default deny of its tier, and undoes it.",
        "A policy without rules, such as a default deny of Kubernetes (order 1000), decides about no flow: it only isolates, and "
        "the tier denies what none of its policies allows. One with a larger order, or none, that allows everything allows it "
        "therefore. The solver looks for a flow that passes because of it.",
        fires="""\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: default-deny, namespace: shop}
spec:
  podSelector: {}
  policyTypes: [Ingress]
---
apiVersion: projectcalico.org/v3
kind: GlobalNetworkPolicy
metadata: {name: allow-all}
spec:
  selector: all()
  types: [Ingress]
  ingress:
  - action: Allow
""",
        silent="""\
apiVersion: projectcalico.org/v3
kind: NetworkPolicy
metadata: {name: default-deny, namespace: shop}
spec:
  order: 1000
  types: [Ingress]
  ingress:
  - action: Deny
---
apiVersion: projectcalico.org/v3
kind: GlobalNetworkPolicy
metadata: {name: allow-all}
spec:
  selector: all()
  types: [Ingress]
  ingress:
  - action: Allow
""",
        needs_pods=True,
    ),
    find,
)
