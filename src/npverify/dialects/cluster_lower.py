"""Lowers cluster-wide policies (policy.networking.k8s.io) around NetworkPolicies, as the API means them.

Source: kubernetes-sigs/network-policy-api apis/v1alpha1 and apis/v1alpha2 (tiers, priorities, actions), conformance/
(hairpins, nodes, networks), site-src/api-overview.md. A direction has three stages: the admin policies, whose Accept and Deny
are final; the NetworkPolicies; and the baseline, which is asked where no NetworkPolicy is about the pod.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from npverify.dialects import selectors
from npverify.dialects.by_plugin.known import matches
from npverify.dialects.cluster_values import ClusterPeer, ClusterPolicy, ClusterPort, ClusterRule, Tier
from npverify.dialects.kubernetes import named_port, portless
from npverify.dialects.profiles import Profile
from npverify.dialects.selectors import Selector
from npverify.inventory.model import EndpointKind, Inventory
from npverify.inventory.unknowns import Unknown, fact, resolution
from npverify.normal import policy as normal
from npverify.normal.policy import Action, Direction, Exemption, Half, Policy, PolicySet, Rule, Stage
from npverify.normal.predicates import (
    FALSE,
    TRUE,
    Pred,
    Side,
    address_in,
    and_,
    kind_is,
    mirrored,
    node_is,
    not_,
    or_,
    port_in,
    protocol_is,
    self_traffic,
    unknown_in,
)

__all__ = ["around", "asked_first"]

_NODES = (EndpointKind.NODE, EndpointKind.HOST_POD)
_BEFORE_ALL = ("icmp_types", "self_via_service")
"""Exemptions of plugins that stand before every tier: KNP pkg/dataplane/controller.go (rules before the queue),
ANT docs/antrea-network-policy.md (ingress enforcement of hairpins, whatever the policies)."""
_END = {Side.SRC: "source", Side.DST: "destination"}


def around(policies: PolicySet, cluster: Sequence[ClusterPolicy], profile: Profile, inventory: Inventory) -> PolicySet:
    """The set with cluster-wide policies around its NetworkPolicies."""
    lowering = _Lowering(cluster, policies, profile, inventory)
    egress, ingress = (lowering.half(d) for d in (Direction.EGRESS, Direction.INGRESS))
    return replace(policies, egress=egress, ingress=ingress)


def asked_first(one: ClusterPolicy, other: ClusterPolicy) -> Unknown:
    """That of two policies of one priority the second is asked before the first: the API leaves it open for each flow."""
    return fact(f"{other.id} is asked before {one.id}, which has the same priority", of_flow=True)


@dataclass(frozen=True)
class _Lowering:
    cluster: Sequence[ClusterPolicy]
    policies: PolicySet
    profile: Profile
    inventory: Inventory

    def half(self, direction: Direction) -> Half:
        """One direction; each stage that a rule of an earlier one accepts a flow in is not asked any more."""
        stages = []
        admin = self._tier("admin", direction)
        later = tuple(stage.name for stage in self.policies.half(direction).stages)
        pods = kind_is(direction.subject, EndpointKind.POD)
        exempt = tuple(self._exemptions(direction))
        if admin:
            tiers = (normal.Tier("admin", admin, Action.PASS),)
            where = "before the NetworkPolicies"
            stages.append(Stage("admin", pods, tiers, exempt, skips=(*later, "baseline"), where=where))
        stages += self.policies.half(direction).stages
        baseline = self._tier("baseline", direction)
        if baseline:
            alone = and_(pods, not_(self._shadowed(direction)))
            tiers = (normal.Tier("baseline", baseline, Action.PASS),)
            where = "behind the NetworkPolicies"
            # which pods the baseline is asked about hangs on the NetworkPolicies
            stages = [replace(stage, shifts=True) if stage.name in later else stage for stage in stages]
            stages.append(Stage("baseline", alone, tiers, exempt, where=where))
        return Half(tuple(stages))

    def _exemptions(self, direction: Direction) -> Iterator[Exemption]:
        """A pod's traffic to its own address. What goes through a Service and comes back is judged by ClusterNetworkPolicies
        (network-policy-api#390); v1alpha1 does not say. That of the own node is nobody's peer in ingress, and judged in
        egress."""
        reason = "a pod's traffic to itself never leaves the pod"
        yield Exemption("self_pod_ip", self_traffic(via_service=False), True, reason)
        for given in (
            e for stage in self.policies.half(direction).stages if stage.name == "pods" for e in stage.exemptions
        ):
            if given.name in _BEFORE_ALL and not (
                given.name == "self_via_service" and self.profile.ways.self_via_service != "ingress_allowed"
            ):
                yield given
        if any(policy.id.kind != "ClusterNetworkPolicy" for policy in self.cluster):
            allowed = and_(self_traffic(via_service=True), self.profile.pred("self_via_service", "allowed"))
            if allowed is not FALSE:
                reason = "the plugin lets a pod reach itself through a Service"
                yield Exemption("self_via_service", allowed, False, reason)

    def _shadowed(self, direction: Direction) -> Pred:
        """The pods that NetworkPolicies hide the baseline of: those that one of this direction selects, or of any."""
        own, other = (
            [p.subject for tier in self.policies.half(d).tiers if tier.no_match is Action.DENY for p in tier.policies]
            for d in (direction, direction.opposite)
        )
        per_pod = self.profile.pred("np_shadows_baseline", "per_pod")
        return or_(*own, and_(per_pod, or_(*map(mirrored, other))))

    def _tier(self, tier: Tier, direction: Direction) -> tuple[Policy, ...]:
        chosen = [p for p in self.cluster if p.tier == tier and direction in p.rules]
        chosen.sort(key=lambda p: (p.priority, p.id))
        found: list[Policy] = []
        for _, run in groupby(chosen, key=lambda p: p.priority):
            found += self._of_one_priority(list(run), direction)
        return tuple(found)

    def _of_one_priority(self, run: list[ClusterPolicy], direction: Direction) -> Iterator[Policy]:
        """Policies of one priority, of which either may be asked first where both match: the one that is listed first gives
        way to a later one wherever that matches and is asked before it."""
        lowered = [self._policy(policy, direction) for policy in run]
        if self.profile.ways.same_priority == "by_name":
            yield from lowered
            return
        for n, policy in enumerate(lowered):
            gives_way = or_(
                *(
                    and_(unknown_in(asked_first(run[n], run[n + 1 + m]), "true"), _matches(other))
                    for m, other in enumerate(lowered[n + 1 :])
                    if _may_differ(policy, other)
                )
            )
            stays = not_(gives_way)
            yield replace(policy, rules=tuple(replace(rule, peer=and_(rule.peer, stays)) for rule in policy.rules))

    def _policy(self, policy: ClusterPolicy, direction: Direction) -> Policy:
        side = direction.subject
        subject = and_(kind_is(side, EndpointKind.POD), self._pods(policy.namespaces, policy.pods, side))
        rules = tuple(self._rule(rule, policy, direction) for rule in policy.rules[direction])
        return Policy(policy.id, subject, rules, policy.span, float(policy.priority))

    def _rule(self, rule: ClusterRule, policy: ClusterPolicy, direction: Direction) -> Rule:
        peer = or_(*(self._peer(each, direction.peer) for each in rule.peers))
        if rule.ports:
            traffic = or_(*(self._port(port) for port in rule.ports))
        else:
            # without ports a ClusterNetworkPolicy is about every protocol; v1alpha1 does not speak of ICMP
            traffic = TRUE if policy.id.kind == "ClusterNetworkPolicy" else portless(self.profile)
        return Rule(rule.action, peer, traffic, rule.label, rule.span)

    # peers

    def _peer(self, peer: ClusterPeer, side: Side) -> Pred:
        match peer.kind:
            case "nodes":
                return self._nodes(peer.nodes or (), side)
            case "networks":
                # literally: pods and nodes with such an address as well (conformance, inline CIDR rules)
                return or_(*(address_in(side, prefix) for prefix in peer.networks))
            case "domains":
                return or_(*(unknown_in(resolution(name, _END[side]), "true") for name in peer.domains))
            case _:
                return and_(kind_is(side, EndpointKind.POD), self._pods(peer.namespaces or (), peer.pods, side))

    def _pods(self, namespaces: Selector, pods: Selector | None, side: Side) -> Pred:
        """Pods on the network of their node are in no subject and no peer."""
        return and_(selectors.lower(namespaces, side, "namespace"), selectors.lower(pods or (), side, "pod"))

    def _nodes(self, selector: Selector, side: Side) -> Pred:
        """Nodes by their labels, and what is on their network; not the pods that run there."""
        on = kind_is(side, *_NODES)
        if not selector:
            return on
        found = []
        for node in self.inventory.nodes:
            declared = node.span is not None or node.address_known or bool(node.labels)
            known = matches(selector, node.labels, complete=declared)
            if known is None:
                label = fact(f"node {node.name} has labels that a peer of nodes selects")
                found.append(and_(node_is(side, node.name), unknown_in(label, "true")))
            elif known:
                found.append(node_is(side, node.name))
        if not self.inventory.nodes_declared:
            elsewhere = not_(or_(*(node_is(side, node.name) for node in self.inventory.nodes)))
            label = fact(f"the node of the {_END[side]} has labels that a peer of nodes selects", of_flow=True)
            found.append(and_(elsewhere, unknown_in(label, "true")))
        return and_(on, or_(*found))

    # ports

    def _port(self, port: ClusterPort) -> Pred:
        if port.name:
            pods = kind_is(Side.DST, EndpointKind.POD)
            return and_(pods, named_port(port.name, None, self.profile))
        protocol = protocol_is(port.protocol)
        if port.first is None:
            return protocol
        return and_(protocol, port_in(port.first, port.first if port.last is None else port.last))


def _matches(policy: Policy) -> Pred:
    """The flows that some rule of a policy is about."""
    return and_(policy.subject, or_(*(rule.match for rule in policy.rules)))


def _may_differ(one: Policy, other: Policy) -> bool:
    """Whether two policies say different things at all; equal effect is harmless."""
    return len({rule.action for policy in (one, other) for rule in policy.rules}) > 1
