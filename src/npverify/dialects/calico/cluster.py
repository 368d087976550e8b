"""AdminNetworkPolicy, BaselineAdminNetworkPolicy and ClusterNetworkPolicy as Calico enforces them: as policies of its tiers.

Source: projectcalico/calico libcalico-go/lib/backend/k8s/conversion/clusternetworkpolicy.go (from 3.32), and
conversion.go of release-v3.31 for the older two kinds.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from npverify.dialects.calico.resources import Entity, Policy, PortMatch, Rule
from npverify.dialects.calico.selection import ORCHESTRATOR
from npverify.dialects.calico.selector import All, And, Equals, Has, In, Node, Not
from npverify.dialects.cluster_values import ClusterPeer, ClusterPolicy, ClusterPort, ClusterRule
from npverify.dialects.selectors import Requirement, Selector
from npverify.ingest.source import Problems
from npverify.normal.policy import Action, Direction

Version = tuple[int, int]

_TIERS = {
    ("ClusterNetworkPolicy", "admin"): "kube-admin",
    ("ClusterNetworkPolicy", "baseline"): "kube-baseline",
    ("AdminNetworkPolicy", "admin"): "adminnetworkpolicy",
    ("BaselineAdminNetworkPolicy", "baseline"): "baselineadminnetworkpolicy",
}
_SINCE: dict[str, tuple[Version, Version]] = {
    # the first and the last version that enforces the kind
    "ClusterNetworkPolicy": ((3, 32), (9, 99)),
    "AdminNetworkPolicy": ((3, 29), (3, 31)),
    "BaselineAdminNetworkPolicy": ((3, 30), (3, 31)),
}
_BASELINE_ORDER = 1000.0
_K8S = Equals(ORCHESTRATOR, "k8s")


def enforced(policies: Iterable[ClusterPolicy], version: Version, problems: Problems) -> Iterator[Policy]:
    """The policies that a version of Calico enforces, as its own; of the others it is told that they have no effect."""
    for policy in policies:
        first, last = _SINCE[policy.id.kind]
        if first <= version <= last:
            yield _converted(policy, version)
            continue
        shown = ".".join(map(str, version))
        message = f"Calico {shown} does not enforce {policy.id}, so it is left out"
        fix = "choose the version of the cluster with --calico-version"
        problems.warn("NPV286", message, policy.span, fix)


def _converted(policy: ClusterPolicy, version: Version) -> Policy:
    order = _BASELINE_ORDER if policy.id.kind == "BaselineAdminNetworkPolicy" else float(policy.priority)
    converted = {
        direction: tuple(made for rule in rules for made in _rules(rule, direction, version))
        for direction, rules in policy.rules.items()
    }
    # 3.29 looked at the rules before it converted them
    types = tuple(d for d, rules in converted.items() if rules or version < (3, 30))
    return Policy(
        policy.id,
        policy.span,
        _TIERS[policy.id.kind, policy.tier],
        order,
        _pods(policy.pods or ()),
        _namespaces(policy.namespaces),
        None,
        types or tuple(Direction),  # Felix takes no types for both: felix/calc/policy_sorter.go ExtractPolicyMetadata
        converted,
    )


def _rules(rule: ClusterRule, direction: Direction, version: Version) -> Iterator[Rule]:
    """One rule for each peer and protocol. A peer that cannot be converted spoils the rule: it admits nothing then, and
    denies or passes nothing less than everything."""
    if any(peer.kind in ("nodes", "domains") for peer in rule.peers):
        if rule.action is not Action.ALLOW:
            yield _rule(rule, Action.DENY, None, direction, Entity(), ())
        return
    for peer in rule.peers:
        for protocol, ports in _ports(rule.ports, version):
            yield _rule(rule, rule.action, protocol, direction, _peer(peer), ports)


def _rule(
    rule: ClusterRule,
    action: Action,
    protocol: str | None,
    direction: Direction,
    peer: Entity,
    ports: tuple[PortMatch, ...],
) -> Rule:
    if direction is Direction.EGRESS:
        source, destination = Entity(), peer._replace(ports=ports)
    else:
        source, destination = peer, Entity(ports=ports)
    return Rule(action, None, protocol, None, None, None, source, destination, None, rule.label, rule.span)


def _peer(peer: ClusterPeer) -> Entity:
    if peer.kind == "networks":
        return Entity(nets=peer.networks)
    selector = None if peer.kind == "namespaces" else _pods(peer.pods or ())
    return Entity(selector=selector, namespace_selector=_namespaces(peer.namespaces or ()))


def _ports(ports: tuple[ClusterPort, ...], version: Version) -> list[tuple[str | None, tuple[PortMatch, ...]]]:
    """Protocols (None: any) with their ports (none: all of them)."""
    if not ports or (version < (3, 32) and any(port.name for port in ports)):
        # until 3.31 the converter lost named ports, and with them every restriction: k8sAdminPolicyPortToCalicoFields
        return [(None, ())]
    found: dict[str | None, list[PortMatch]] = {}
    whole: set[str | None] = set()
    for port in ports:
        protocol = port.protocol or None
        own = found.setdefault(protocol, [])
        if port.name:
            own.append(port.name)
        elif port.first is None:
            whole.add(protocol)
        else:
            own.append((port.first, port.first if port.last is None else port.last))
    return [(protocol, () if protocol in whole else tuple(own)) for protocol, own in found.items()]


def _pods(selector: Selector) -> Node:
    return And((_K8S, *map(_requirement, selector))) if selector else _K8S


def _namespaces(selector: Selector) -> Node:
    found = tuple(map(_requirement, selector))
    return All() if not found else found[0] if len(found) == 1 else And(found)


def _requirement(requirement: Requirement) -> Node:
    key, values = requirement.key, tuple(sorted(set(requirement.values)))
    match requirement.operator:
        case "In":
            return In(key, values)
        case "NotIn":
            return Not(In(key, values))
        case "Exists":
            return Has(key)
        case _:
            return Not(Has(key))
