"""A policy set with one rule changed, for what is asked about two sets."""

from __future__ import annotations

from dataclasses import replace

from npverify.normal.policy import Half, PolicyId, PolicySet, Tier


def without_a_rule(policies: PolicySet) -> tuple[PolicySet, PolicyId]:
    """The set without the last ingress rule of the planted policy `vault/db`, which lets in what no other does; and which
    policy that is."""
    named = (
        p for tier in policies.ingress.tiers for p in tier.policies if (p.id.namespace, p.id.name) == ("vault", "db")
    )
    chosen = next(named)
    short = replace(chosen, rules=chosen.rules[:-1])

    def tier(old: Tier) -> Tier:
        return replace(old, policies=tuple(short if p is chosen else p for p in old.policies))

    stages = tuple(replace(stage, tiers=tuple(map(tier, stage.tiers))) for stage in policies.ingress.stages)
    return replace(policies, ingress=Half(stages)), chosen.id
