"""What lint says about the manifests of NetworkPolicies, whatever the plugin: labels, names of ports, blocks, namespaces."""

from __future__ import annotations

from collections.abc import Mapping

from npverify.dialects.lint import Suspicion
from npverify.dialects.manifest_lint import (
    blocks,
    inert_section,
    namespaces,
    not_supported,
    port_names,
    port_numbers,
    side_by_side,
    typos,
    unread_kind,
)
from npverify.dialects.manifest_lint.case import Case, LintRule

__all__ = ["RULES", "Case", "suspicions"]

RULES: tuple[LintRule, ...] = (
    *blocks.RULES,
    *port_names.RULES,
    *port_numbers.RULES,
    typos.RULE,
    *namespaces.RULES,
    side_by_side.RULE,
    not_supported.RULE,
    unread_kind.RULE,
    inert_section.RULE,
)
"""Every rule, by its code."""


def suspicions(case: Case) -> Mapping[str, tuple[Suspicion, ...]]:
    """What the rules suspect, by code; names of ports that nobody declares under the code that they have for Calico."""
    found = {rule.about.code: tuple(rule.find(case)) for rule in RULES}
    return {**found, port_names.UNDECLARED: tuple(port_names.undeclared(case))}
