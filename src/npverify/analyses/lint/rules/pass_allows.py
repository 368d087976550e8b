"""A rule that passes flows on to tiers that have nothing to say, and so lets them through."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from npverify.analyses.changes import ChangedFlow
from npverify.analyses.lint.edits import Edit, changed_flow
from npverify.analyses.lint.findings import Finding
from npverify.analyses.lint.places import Place, places
from npverify.analyses.lint.rule import Context, Rule
from npverify.dialects.lint import About, Reason
from npverify.normal import policy as p
from npverify.normal.predicates import TRUE, and_, not_


def find(context: Context, about: About) -> Iterator[Finding]:
    """Each rule that passes, where no later tier has a policy for any endpoint of its policy and everything is allowed in
    the end; with a flow that it decides."""
    for place in places(context.world.policies):
        if place.stage.final is not p.Action.ALLOW or place.stage.hosts:
            continue  # behind the tiers of hosts there is more to come
        for policy in place.tier.policies:
            passing = [rule for rule in policy.rules if rule.action is p.Action.PASS]
            if passing and not context.selected(policy) & context.any_of(place.later):
                for rule in passing:
                    with context.deciding(about, f"{policy.id}, {rule.label}"):
                        found = _decided(context, place, policy, rule)
                        if found is not None:
                            yield _finding(about, place, policy, rule, found)


def _decided(context: Context, place: Place, policy: p.Policy, rule: p.Rule) -> ChangedFlow | None:
    """A flow that passes because of the rule."""
    # where the tier passes on by itself, a last rule that passes everything says no more than that, and opens nothing
    denying = () if rule.match is TRUE else (replace(rule, action=p.Action.DENY),)
    rules = tuple(new for each in policy.rules for new in (denying if each is rule else (each,)))
    without = Edit(instead={policy: replace(policy, rules=rules)})
    classes = context.selected(policy)
    return changed_flow(
        context.engine, place.direction, classes, (without,), lambda said: and_(said[0], not_(said[1])), without
    )


def _finding(about: About, place: Place, policy: p.Policy, rule: p.Rule, found: ChangedFlow) -> Finding:
    message = (
        f"{policy.id}, {rule.label}: `Pass` lets through whatever it matches, because no tier behind `{place.tier.name}` has a "
        f"policy for {place.direction} of the endpoints that it selects"
    )
    because = (Reason("what no tier decides is allowed in the end"),)
    fix = "write `Allow` if that is meant, else add the policies that are to decide, such as a default deny in a later tier"
    return Finding(about, policy.id, rule.span or policy.span, message, fix, because, (), found.shown)


RULE = Rule(
    About(
        "NPL106",
        "pass-allows",
        "warning",
        "A rule passes flows on, and no later tier has a policy for the endpoints: they are allowed.",
        "`Pass` leaves the decision to the tiers behind. Where none of them selects the endpoint, the profile of its namespace "
        "has the last word, and that allows everything. The solver confirms that the rule decides some flow; a last "
        "rule that passes everything, in a tier that does so anyway, says no more than that and is not told.",
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
  tier: security
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
metadata: {name: security.block-threats}
spec:
  tier: security
  selector: app == 'web'
  types: [Egress]
  egress:
  - action: Deny
    destination: {nets: [198.51.100.0/24]}
  - action: Pass
---
apiVersion: projectcalico.org/v3
kind: GlobalNetworkPolicy
metadata: {name: default-deny}
spec:
  namespaceSelector: all()
  types: [Ingress, Egress]
""",
        needs_pods=True,
    ),
    find,
)
