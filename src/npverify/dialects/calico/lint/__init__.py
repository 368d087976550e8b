"""What lint says about Calico: one module for each rule, and the facts that rules about every dialect ask for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from npverify.dialects.calico.lint import (
    contradiction,
    covered_item,
    hosts_by_omission,
    http_not_enforced,
    inert_rules,
    matches_nothing,
    missing_family,
    missing_profile,
    name_of_another_tier,
    negative_namespaces,
    no_host,
    not_enforced,
    not_selector_alone,
    own_side,
    port_range_as_name,
    probable_typo,
    refused,
    selector_left_out,
    service_address,
    types_left_out,
    undeclared_port_name,
    unknown_tier,
    untracked_host,
)
from npverify.dialects.calico.lint.case import Case, LintRule
from npverify.dialects.calico.order import DEFAULT, NATIVE_ORDER, place
from npverify.dialects.calico.resources import Policy
from npverify.dialects.lint import LintFacts, Suspicion, TieBreak
from npverify.dialects.lists import COVERED_ITEM
from npverify.ingest.source import Span
from npverify.normal.policy import PolicyId

__all__ = ["REPLACED", "RULES", "Case", "facts"]

RULES: tuple[LintRule, ...] = (
    unknown_tier.RULE,
    name_of_another_tier.RULE,
    refused.RULE,
    not_enforced.RULE,
    inert_rules.RULE,
    types_left_out.RULE,
    no_host.RULE,
    selector_left_out.RULE,
    http_not_enforced.RULE,
    untracked_host.RULE,
    port_range_as_name.RULE,
    undeclared_port_name.RULE,
    contradiction.RULE,
    matches_nothing.RULE,
    missing_family.RULE,
    negative_namespaces.RULE,
    not_selector_alone.RULE,
    service_address.RULE,
    own_side.RULE,
    hosts_by_omission.RULE,
    missing_profile.RULE,
)
"""Every rule, by its code."""

REPLACED = frozenset(code for rule in RULES for code in rule.about.replaces)
"""The warnings of which the rules tell in full."""

_TOLD_APART = ((3, 31), (3, 32))
"""The last version with the old tie-break, and the first with the new one."""


def facts(case: Case, native: Iterable[PolicyId]) -> LintFacts:
    """What lint is told of an input for Calico; `native` are the policies of Kubernetes in it."""
    suspicions: Mapping[str, tuple[Suspicion, ...]] = {
        **{rule.about.code: tuple(rule.find(case)) for rule in RULES},
        COVERED_ITEM.code: tuple(covered_item.find(case)),
        probable_typo.CODE: tuple(probable_typo.find(case)),
    }
    version = case.settings.version
    other = next(v for v in _TOLD_APART if (v >= _TOLD_APART[1]) != (version >= _TOLD_APART[1]))
    return LintFacts(
        suspicions, f"Calico {case.settings.version_text}", (_tie_break(case, list(native), other),), _tiers(case)
    )


def _tie_break(case: Case, native: list[PolicyId], version: tuple[int, int]) -> TieBreak:
    placed = {p.id: place(p.id, p.order, p.tier, version) for p in case.resources.policies if _ranked(p)}
    placed |= {policy_id: place(policy_id, NATIVE_ORDER, DEFAULT, version) for policy_id in native}
    ordered = sorted(placed, key=lambda policy_id: placed[policy_id].tie)
    return TieBreak(f"Calico {version[0]}.{version[1]}", {policy_id: n for n, policy_id in enumerate(ordered)})


def _ranked(policy: Policy) -> bool:
    """Whether both versions enforce it: of the cluster-wide kinds each has its own."""
    return policy.id.dialect == "calico"


def _tiers(case: Case) -> Mapping[str, tuple[PolicyId, Span]]:
    """The tiers that are given and not built in."""
    built_in = {tier.name for tier in case.built_in}
    return {
        tier.name: (PolicyId("calico", "Tier", "", tier.name), tier.span)
        for tier in case.resources.tiers
        if tier.name not in built_in
    }
