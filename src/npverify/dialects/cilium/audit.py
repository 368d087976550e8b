"""Policies as they are where Cilium only reports what they deny.

Source: Documentation/security/policy-creation.rst, bpf/lib/policy.h (POLICY_AUDIT_MODE): every drop by policy of the datapath
becomes a pass, explicit denials and those for want of authentication too; what a proxy refuses stays refused.
"""

from __future__ import annotations

from collections.abc import Sequence

from npverify.dialects.cilium.settings import Settings
from npverify.dialects.cilium.values import CiliumPolicy, Element, RuleText
from npverify.normal.policy import Direction

__all__ = ["bare", "connections", "enforced", "is_on"]


def is_on(policies: Sequence[CiliumPolicy], settings: Settings) -> bool:
    """Whether some denial is only reported."""
    return settings.audit_mode == "on" or any(policy.audited for policy in policies)


def connections(policies: Sequence[CiliumPolicy]) -> list[CiliumPolicy]:
    """The policies without what they ask of requests and of names."""
    return [policy._replace(rules=tuple(map(_without_requests, policy.rules))) for policy in policies]


def enforced(policies: Sequence[CiliumPolicy], settings: Settings) -> list[CiliumPolicy]:
    """The policies without the denials that are only reported."""
    if settings.audit_mode == "on":
        return []
    return [
        policy._replace(rules=tuple(map(_without_denials, policy.rules))) if policy.audited else policy
        for policy in connections(policies)
    ]


def bare(element: Element) -> Element:
    """The element without what it asks of requests and of names."""
    rules = (
        None
        if element.ports is None
        else tuple(rule._replace(requests=(), domains=None, facts=()) for rule in element.ports)
    )
    return element._replace(ports=rules)


def _without_requests(rule: RuleText) -> RuleText:
    return rule._replace(elements={d: tuple(map(bare, rule.elements[d])) for d in Direction})


def _without_denials(rule: RuleText) -> RuleText:
    allowing = {d: tuple(e for e in rule.elements[d] if not e.deny) for d in Direction}
    return rule._replace(elements=allowing, default_deny=dict.fromkeys(Direction, False))
