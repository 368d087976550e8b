"""A policy set in its elements: each policy as one that only selects, and one for each of its rules.

What stands in one place of the tier, with one subject, may be one policy or several: the set means the same. So a question
about rules is a question about policies, and what decides those decides these.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Literal, NamedTuple

from npverify.normal.policy import Direction, Half, Policy, PolicyId, PolicySet, Rule, Tier


class Element(NamedTuple):
    """A rule of a policy, or (`rule` None) its selection; the first part of the policy that has it."""

    policy: Policy
    rule: Rule | None = None

    @property
    def owner(self) -> PolicyId:
        """The policy that it is of."""
        return self.policy.id


Elements = Mapping[PolicyId, Element]
"""By the names of the policies that stand for them: `NetworkPolicy shop/api, ingress[0]`."""


Kind = Literal["shadowed", "covered", "redundant", "unanswered"]


class Effect(NamedTuple):
    """A rule that has none, in which way, and the elements that are why."""

    rule: PolicyId
    kind: Kind
    causes: tuple[PolicyId, ...]


def in_elements(policies: PolicySet) -> tuple[PolicySet, Elements]:
    """The set in elements, and what these are, rules in the order of the text."""
    found: dict[PolicyId, Element] = {}

    def parts(tier: Tier) -> Tier:
        made: list[Policy] = []
        for policy in tier.policies:
            found.setdefault(policy.id, Element(policy))
            made.append(replace(policy, rules=()))
            for rule in policy.rules:
                name = element_id(policy.id, rule.label)
                found.setdefault(name, Element(policy, rule))
                made.append(replace(policy, id=name, rules=(rule,)))
        return replace(tier, policies=tuple(made))

    for direction in Direction:
        stages = policies.half(direction).stages
        half = Half(tuple(replace(stage, tiers=tuple(map(parts, stage.tiers))) for stage in stages))
        policies = policies.with_half(direction, half)
    return policies, found


def element_id(policy: PolicyId, label: str) -> PolicyId:
    """The name of what stands for a rule, or for another part of a policy."""
    return policy._replace(name=f"{policy.name}, {label}")
