"""The normal form of NetworkPolicies under a plugin that departs from the API."""

from __future__ import annotations

from collections.abc import Sequence

from npverify.dialects import kubernetes
from npverify.dialects.by_plugin import aws, stages
from npverify.dialects.by_plugin.policies import as_enforced
from npverify.dialects.kubernetes_read import NetworkPolicy
from npverify.dialects.profiles import Profile
from npverify.ingest.source import Problems
from npverify.inventory.model import Inventory
from npverify.normal.policy import PolicySet

__all__ = ["policy_set"]


def policy_set(
    policies: Sequence[NetworkPolicy], profile: Profile, inventory: Inventory, problems: Problems
) -> PolicySet:
    """All NetworkPolicies together, as the plugin of the profile enforces them; what it cannot do is reported."""
    native = as_enforced(policies, profile, inventory, problems)
    found = kubernetes.policy_set(native, profile)
    if profile.ways.service_translation == "after_policy_with_vips":
        found = aws.with_tables(found, native, profile, inventory, problems)
    if profile.ways.ipv6 == "unpoliced" and 6 in inventory.families and not stages.shows_ipv6(inventory):
        message = f"`{profile.shown}` does not police IPv6, which this cluster is taken not to have"
        problems.warn("NPV574", message, fix="say so with `--ip-family 4`")
    return stages.with_exemptions(found, profile, inventory)
