"""Which cluster-wide policies the plugin of a profile enforces; of the others it is told what becomes of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from npverify.dialects.cluster_values import ClusterPolicy
from npverify.dialects.profiles import Profile
from npverify.ingest.source import Problems
from npverify.normal.policy import PolicyId

__all__ = ["enforced", "without_effect"]

_MOST_PRIORITY = {"ovn-kubernetes": 99}
"""Plugin to the greatest priority that it takes: docs/features/network-security-controls/admin-network-policy.md."""
_ANY_PORT = {("kube-network-policies", "npa-v1alpha1")}
"""Plugins and versions for which the name of a port is every port of a pod that has it, of every protocol: KNP
plugins/npa-v1alpha1/adminnetworkpolicy.go evaluateAdminNetworkPolicyPort."""


def knows(policy: PolicyId, profile: Profile) -> str:
    """What the table of plugins says of a kind: enforced, gate, no_effect or unknown."""
    if not profile.enforces:
        return "no_effect"
    new = policy.kind == "ClusterNetworkPolicy"
    return profile.ways.cluster_policies if new else profile.ways.admin_policies


def enforced(policies: Iterable[ClusterPolicy], profile: Profile, problems: Problems) -> tuple[ClusterPolicy, ...]:
    """The policies that the plugin enforces; what becomes of the others, and what is not known, is reported."""
    kept = []
    for policy in policies:
        known = knows(policy.id, profile)
        most = _MOST_PRIORITY.get(profile.shown, 1_000)
        if known == "unknown":
            message = f"whether `{profile.shown}` enforces {policy.id} is not known"
            fix = f"leave it out with `--ignore-kind {policy.id.kind}` if it does not"
            problems.error("NPV577", message, policy.span, fix)
        elif known != "enforced":
            message, fix = without_effect(policy.id, profile)
            problems.warn("NPV575", f"{message}, so it is left out", policy.span, fix)
        elif policy.priority > most:
            message = (
                f"`{profile.shown}` takes priorities up to {most}, so {policy.id} with {policy.priority} is left out"
            )
            problems.warn("NPV578", message, policy.span, f"give it a priority from 0 to {most}")
        else:
            kept.append(policy)
    _check_versions(kept, problems)
    if not profile.ways.cluster_peers:
        _check_peers(kept, profile, problems)
    if (profile.shown, profile.version) in _ANY_PORT:
        _check_names(kept, profile, problems)
    return tuple(kept)


def without_effect(policy: PolicyId, profile: Profile) -> tuple[str, str]:
    """That the plugin does nothing with a policy, and what to do."""
    plugin = profile.shown
    if knows(policy, profile) == "gate":
        message = f"{policy} has no effect on `{plugin}` unless its gate is open"
        return message, "where it is open, say so with --assume cluster_policies=on"
    message = f"{policy} has no effect on `{plugin}`, which does not know the kind"
    if plugin == "aws-vpc-cni":
        return message, "write it as the ClusterNetworkPolicy of `networking.k8s.aws`, which that plugin reads"
    return message, "name the plugin and version of the cluster with --cni, or say it with policies that it knows"


def _check_versions(policies: Sequence[ClusterPolicy], problems: Problems) -> None:
    """Kinds of both versions in one cluster have no order: the API says nothing of it."""
    new = [p for p in policies if p.id.kind == "ClusterNetworkPolicy"]
    old = [p for p in policies if p.id.kind != "ClusterNetworkPolicy"]
    if new and old:
        first = min(old, key=lambda policy: policy.span)
        message = (
            f"{first.id} and {new[0].id} stand side by side, and no text says which of the two kinds is asked first"
        )
        problems.error("NPV576", message, first.span, "write all of them as ClusterNetworkPolicy")


def _check_peers(policies: Iterable[ClusterPolicy], profile: Profile, problems: Problems) -> None:
    for policy in policies:
        for rule in (rule for rules in policy.rules.values() for rule in rules):
            if any(peer.kind in ("nodes", "domains") for peer in rule.peers):
                message = f"{policy.id}, {rule.label}: whether `{profile.shown}` understands nodes and names of domains is not known"
                problems.error("NPV577", message, rule.span, "name networks instead")


def _check_names(policies: Iterable[ClusterPolicy], profile: Profile, problems: Problems) -> None:
    for policy in policies:
        for rule in (rule for rules in policy.rules.values() for rule in rules):
            if any(port.name for port in rule.ports):
                message = (
                    f"{policy.id}, {rule.label}: `{profile.shown}` takes the name of a port for every port of a pod that has "
                    "it, which npverify does not judge"
                )
                problems.error("NPV577", message, rule.span, "write the number of the port")
