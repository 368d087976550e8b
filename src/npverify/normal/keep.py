"""One policy set after another: what says the same in both becomes the same object, so that steps behind can see it by identity.

In: a set, and the next one. Out: the next one, in which each policy, stage and tier that is equal to that of the first set is
that object. Nothing that can be read off the set changes.
"""

from __future__ import annotations

from dataclasses import replace

from npverify.normal.policy import Direction, Exemption, Half, Policy, PolicySet, Rule, Stage, Tier


def keep(old: PolicySet, new: PolicySet) -> PolicySet:
    """`new`, with the objects of `old` where they are equal."""
    halves = {d: _half(old.half(d), new.half(d)) for d in Direction}
    return replace(new, egress=halves[Direction.EGRESS], ingress=halves[Direction.INGRESS])


def _half(old: Half, new: Half) -> Half:
    by_name = {stage.name: stage for stage in old.stages}
    return Half(tuple(_stage(by_name[s.name], s) if s.name in by_name else s for s in new.stages))


def _stage(old: Stage, new: Stage) -> Stage:
    by_name = {tier.name: tier for tier in old.tiers}
    tiers = tuple(_tier(by_name[t.name], t) if t.name in by_name else t for t in new.tiers)
    exemptions = new.exemptions
    if len(exemptions) == len(old.exemptions) and all(map(_same_exemption, old.exemptions, exemptions)):
        exemptions = old.exemptions
    return replace(new, tiers=tiers, exemptions=exemptions)


def _tier(old: Tier, new: Tier) -> Tier:
    each = old.policies, new.policies
    if len(old.policies) == len(new.policies):  # most stand where they stood
        pairs = [(a, b) for a, b in zip(*each, strict=True) if a is not b]
        each = tuple(a for a, _ in pairs), tuple(b for _, b in pairs)
    before, after = map(frozenset, each)
    by_id = {policy.id: policy for policy in each[0] if policy not in after}
    come = {policy: by_id[policy.id] for policy in each[1] if policy not in before and policy.id in by_id}
    kept = {policy: known for policy, known in come.items() if same_policy(known, policy)}
    policies = tuple(kept.get(policy, policy) for policy in new.policies) if kept else new.policies
    if policies == old.policies and (old.name, old.no_match, old.order) == (new.name, new.no_match, new.order):
        return old
    return replace(new, policies=policies)


def same_policy(a: Policy, b: Policy) -> bool:
    """Whether two policies say the same and stand at the same place of the input."""
    return a is b or (
        a.id == b.id
        and a.subject is b.subject
        and a.span == b.span
        and a.order == b.order
        and len(a.rules) == len(b.rules)
        and all(map(_same_rule, a.rules, b.rules))
    )


def _same_rule(a: Rule, b: Rule) -> bool:
    return (
        a.action is b.action and a.peer is b.peer and a.traffic is b.traffic and a.label == b.label and a.span == b.span
    )


def _same_exemption(a: Exemption, b: Exemption) -> bool:
    return (a.name, a.left_out, a.reason) == (b.name, b.left_out, b.reason) and a.match is b.match
