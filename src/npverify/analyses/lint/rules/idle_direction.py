"""Policies that are about a direction for which they have no rule, where others isolate the same endpoints anyway."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import NamedTuple

from npverify.analyses.lint.findings import Finding
from npverify.analyses.lint.rule import Context, Rule
from npverify.analyses.lint.rules.changes_nothing import in_force, listed, redundant
from npverify.analyses.open_world import implies
from npverify.dialects.lint import About, Reason
from npverify.normal.policy import Action, Direction, Policy, PolicyId, Tier
from npverify.normal.predicates import or_


class _Part(NamedTuple):
    """What a policy says of a direction in one tier, and the tier."""

    policy: Policy
    tier: Tier


def find(context: Context, about: About) -> Iterator[Finding]:
    """Each direction of a policy with rules for the other one alone, in which its selection changes nothing for any pods that
    could ever be. Of policies that make up for each other, all but one are told."""
    whole = redundant(context, about)
    told: dict[Direction, set[PolicyId]] = {direction: set(whole) for direction in Direction}
    for policy in in_force(context):
        if policy.id in whole or not context.sweep.selects(policy.id):
            continue
        for direction in Direction:
            context.go_on()
            with context.deciding(about, f"whether {policy.id} isolates for {direction}"):
                causes = _causes(context, policy.id, direction, told[direction])
                if causes:
                    told[direction].add(policy.id)
                    yield _finding(about, policy, direction, causes)


def _causes(context: Context, policy: PolicyId, direction: Direction, gone: Collection[PolicyId]) -> list[Policy]:
    """As few others as isolate all that a policy selects, none of them superfluous beside the rest; [] if the policy has a
    rule for the direction, has no rule at all, or isolates somebody by itself."""
    own = _parts(context, policy, direction)
    if not own or not all(_only_isolates(part) for part in own) or not _parts_with_rules(context, policy):
        return []
    beside = context.sweep.beside(policy) - set(gone)
    others = [
        _Part(each, part.tier)
        for part in own
        for each in part.tier.policies
        if each.id in beside and context.selected(each, part.policy)
    ]
    # a default deny is the better reason, so what has rules is left out before it
    names = sorted({part.policy.id: part.policy for part in others}.values(), key=lambda p: (not p.rules, p.id))
    if not _isolate(context, own, others, names):
        return []
    for each in tuple(names):
        fewer = [name for name in names if name is not each]
        if _isolate(context, own, others, fewer):
            names = fewer
    return sorted(names, key=lambda p: p.id)


def _parts(context: Context, policy: PolicyId, direction: Direction) -> list[_Part]:
    """What a policy says of a direction; [] where taking it away changes who judges."""
    found = [(tier, part) for where, tier, part in context.parts_of.get(policy, ()) if where is direction]
    shifting = [tier for stage in context.world.policies.half(direction).stages if stage.shifts for tier in stage.tiers]
    if any(tier is each for tier, _ in found for each in shifting):
        return []
    return [_Part(part, tier) for tier, part in found]


def _parts_with_rules(context: Context, policy: PolicyId) -> bool:
    """Whether the policy has any rule: one without is a default deny, and there on purpose."""
    return any(part.policy.rules for direction in Direction for part in _parts(context, policy, direction))


def _only_isolates(part: _Part) -> bool:
    return not part.policy.rules and part.tier.no_match is Action.DENY


def _isolate(context: Context, own: Sequence[_Part], others: Sequence[_Part], chosen: Sequence[Policy]) -> bool:
    """Whether some others select whatever the policy does, in each of its tiers, whoever there may be."""
    ids = {policy.id for policy in chosen}
    for part in own:
        some = [o.policy for o in others if o.tier is part.tier and o.policy.id in ids]
        selected = context.selecting.get(part.policy, 0)
        if not some or selected & ~context.any_of(some):
            return False  # nor do they those that there are
        if not implies(part.policy.subject, or_(*(policy.subject for policy in some)), context.budget):
            return False
    return True


def _finding(about: About, policy: Policy, direction: Direction, causes: Sequence[Policy]) -> Finding:
    names = [cause.id for cause in causes]
    does = "isolates" if len(names) == 1 else "together isolate"
    message = (
        f"{policy.id} has no {direction} rule and is about {direction} all the same, without effect: {listed(names)} {does} "
        "whatever it selects"
    )
    because = tuple(
        Reason(f"{cause.id} is about {direction} of the same pods", cause.id, cause.span) for cause in causes
    )
    fix = f"write the {direction} rules that were forgotten, or leave {direction.capitalize()} out of its types"
    return Finding(about, policy.id, policy.span, message, fix, because, tuple(names))


_POLICIES = """\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: default-deny, namespace: shop}
spec:
  podSelector: {}
  policyTypes: [%s]
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: api, namespace: shop}
spec:
  podSelector: {matchLabels: {app: api}}
  policyTypes: [Ingress, Egress]
  ingress:
  - from: [{podSelector: {matchLabels: {app: web}}}]
    ports: [{port: 8080}]
"""

RULE = Rule(
    About(
        "NPL144",
        "idle-direction",
        "info",
        "A policy is about a direction without a rule for it, and others isolate the same pods anyway.",
        "A direction in `policyTypes` (`types`, or an empty section) without a rule denies what no other policy allows. Where "
        "others isolate the pods already it adds nothing: the rules were forgotten, or the direction is not meant. The solver "
        "shows that the others select whatever the policy does, also of pods that are to come, and without any one of them it "
        "is not so. A policy without any rule is a default deny and is not told, nor is one that changes nothing at all (NPL133).",
        fires=_POLICIES % "Egress",
        silent=_POLICIES % "Ingress",
        needs_pods=True,
    ),
    find,
)
