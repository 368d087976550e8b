"""A tier that denies, with its last word, what a later tier would allow."""

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
from npverify.normal.flow import SideVerdict, Verdict
from npverify.normal.predicates import TRUE, and_, not_

_PASS = p.Rule(p.Action.PASS, TRUE, TRUE, "")


def find(context: Context, about: About) -> Iterator[Finding]:
    """Each tier of the user's for which there is such a flow, with the first one."""
    told: set[str] = set()
    for place in places(context.world.policies):
        tier = place.tier
        if tier.name in context.facts.tiers and tier.name not in told and tier.no_match is p.Action.DENY:
            with context.deciding(about, f"tier {tier.name}"):
                found = _denied(context, place)
                if found is not None:
                    told.add(tier.name)
                    yield _finding(context, about, place, found)


def _denied(context: Context, place: Place) -> ChangedFlow | None:
    """A flow that the tier denies because no rule of it matches, and that a rule of a later tier allows."""
    classes = context.any_of(place.tier.policies) & context.any_of(place.later)
    if not classes:
        return None
    passed = Edit(behind={policy: replace(policy, rules=(_PASS,)) for policy in place.tier.policies})
    not_allowed = Edit(behind=passed.behind, instead={policy: _denying(policy) for policy in place.later})
    return changed_flow(
        context.engine,
        place.direction,
        classes,
        (passed, not_allowed),
        lambda said: and_(not_(said[0]), said[1], not_(said[2])),
        passed,
    )


def _denying(policy: p.Policy) -> p.Policy:
    rules = (replace(r, action=p.Action.DENY) if r.action is p.Action.ALLOW else r for r in policy.rules)
    return replace(policy, rules=tuple(rules))


def _finding(context: Context, about: About, place: Place, found: ChangedFlow) -> Finding:
    tier, span = context.facts.tiers[place.tier.name]
    now, after = (_side(verdict, place) for verdict in (found.shown.verdict, found.after))
    isolating = [by.policy for by in now.by if by.policy in place.tier.policies]
    message = (
        f"the tier `{place.tier.name}` denies what no rule of it matches, and so a flow that a later tier allows: its "
        "policies alone decide about whom they select"
    )
    because = (
        *(Reason(f"{each.id} is in the tier and selects {place.judged}", each.id, each.span) for each in isolating),
        *(
            Reason(f"{by.policy.id} would allow the flow below", by.policy.id, by.rule.span if by.rule else None)
            for by in after.by[:1]
            if by.policy in place.later
        ),
    )
    fix = "write `defaultAction: Pass` in the tier, or end its policies with a rule that passes"
    others = tuple(policy.id for policy in isolating)
    return Finding(about, tier, span, message, fix, because, others, found.shown)


def _side(verdict: Verdict, place: Place) -> SideVerdict:
    return verdict.egress if place.direction is p.Direction.EGRESS else verdict.ingress


RULE = Rule(
    About(
        "NPL104",
        "tier-denies-the-rest",
        "warning",
        "A tier denies what its own policies do not match, and with that what a later tier allows.",
        "The default action of a tier is Deny unless it says Pass, and it counts for every endpoint that some policy of the tier "
        "selects. One narrow policy in an early tier thus takes its endpoints away from all later tiers, policies of Kubernetes "
        "among them. The solver looks for a flow that a later tier allows by a rule and that the tier denies without one.",
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
  selector: all()
  types: [Ingress]
  ingress:
  - action: Deny
    source: {nets: [198.51.100.0/24]}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: api, namespace: shop}
spec:
  podSelector: {matchLabels: {app: api}}
  ingress:
  - from: [{podSelector: {matchLabels: {app: web}}}]
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
  selector: all()
  types: [Ingress]
  ingress:
  - action: Deny
    source: {nets: [198.51.100.0/24]}
  - action: Pass
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: api, namespace: shop}
spec:
  podSelector: {matchLabels: {app: api}}
  ingress:
  - from: [{podSelector: {matchLabels: {app: web}}}]
""",
        needs_pods=True,
    ),
    find,
)
