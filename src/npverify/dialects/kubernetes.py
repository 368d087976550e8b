"""Lowers NetworkPolicies (networking.k8s.io/v1) to the normal form.

One tier of ALLOW rules whose no-match action is DENY: a pod that some policy selects in a direction is isolated there, and
what any rule of any such policy matches is allowed (kubernetes/api networking/v1/types.go). What the API leaves to the
plugin goes through `Profile.pred`, so that it is a constant or a free switch.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from operator import attrgetter

from npverify.dialects import selectors
from npverify.dialects.kubernetes_read import NetworkPolicy, Peer, PortEntry, RuleText
from npverify.dialects.profiles import SWITCHES, Profile
from npverify.dialects.selectors import Selector
from npverify.inventory.model import EndpointKind, PortOrigin
from npverify.normal.flow import PORT_PROTOCOLS
from npverify.normal.policy import (
    Action,
    Direction,
    Exemption,
    Half,
    Policy,
    PolicySet,
    Rewriting,
    Rule,
    Tier,
    pods_stage,
)
from npverify.normal.predicates import (
    FALSE,
    TRUE,
    Pred,
    Side,
    address_in,
    address_owned_by,
    and_,
    kind_is,
    named_port_is,
    namespace_is,
    not_,
    or_,
    own_node,
    port_in,
    protocol_is,
    self_traffic,
)

_ORIGINS = {
    "regular+sidecar": (PortOrigin.REGULAR, PortOrigin.SIDECAR),
    "regular": (PortOrigin.REGULAR,),
    "all": (PortOrigin.REGULAR, PortOrigin.SIDECAR, PortOrigin.INIT),
}


_remembered = lru_cache(maxsize=10_000)
"""For predicates that the rules of many policies share; the bound keeps the memory small."""


Remembered = dict[int, tuple[NetworkPolicy, tuple[tuple[Direction, Policy], ...]]]
"""What a policy was lowered to under one profile, by its id; the policy is held, so that its id stays its own."""

_by_id = attrgetter("id")


def policy_set(policies: Sequence[NetworkPolicy], profile: Profile, remembered: Remembered | None = None) -> PolicySet:
    """The normal form of all NetworkPolicies together. What was `remembered` of a policy is taken as it is; what is not
    asked for any more is forgotten."""
    known: Remembered = remembered if remembered is not None else {}
    now: Remembered = {}
    lowering = Lowering(profile)
    parts: dict[Direction, list[Policy]] = {d: [] for d in Direction}
    for policy in sorted(policies, key=_by_id):
        found = now[id(policy)] = known.get(id(policy)) or lowering.remembered_as(policy)
        for direction, part in found[1]:
            parts[direction].append(part)
    if remembered is not None:
        remembered.clear()
        remembered.update(now)
    return _joined(parts, profile)


def policy_set_again(
    before: PolicySet, instead: Sequence[tuple[NetworkPolicy, NetworkPolicy]], profile: Profile, remembered: Remembered
) -> PolicySet:
    """A `policy_set` with others of the same ids in the places of some; `remembered` is what it remembered, and is then what
    this one does."""
    lowering = Lowering(profile)
    parts = {d: [p for tier in before.half(d).tiers for p in tier.policies] for d in Direction}
    for old, new in instead:
        for direction, part in remembered.pop(id(old))[1]:
            parts[direction].remove(part)
        remembered[id(new)] = lowering.remembered_as(new)
        for direction, part in remembered[id(new)][1]:
            insort(parts[direction], part, key=_by_id)
    return _joined(parts, profile)


def _joined(parts: Mapping[Direction, list[Policy]], profile: Profile) -> PolicySet:
    egress, ingress = (
        Half((pods_stage(d, _tiers(parts[d], profile), exemptions(d, profile)),))
        for d in (Direction.EGRESS, Direction.INGRESS)
    )
    return with_switches(egress, ingress, profile)


def with_switches(egress: Half, ingress: Half, profile: Profile) -> PolicySet:
    """Two halves as a set of policies under a profile."""
    return PolicySet(
        profile.shown,
        egress,
        ingress,
        switches=profile.free,
        fixed=tuple((s.name, profile.fixed[s.name]) for s in SWITCHES if s.name in profile.fixed),
        vip_visible=profile.pred("service_translation", "after_policy"),
        settings=profile.settings,
        rewriting=Rewriting(
            elsewhere=profile.pred("node_port_snat", "at_other_nodes", "always"),
            at_home=profile.pred("node_port_snat", "always"),
            balancer=profile.pred("load_balancer_source", "balancer"),
            host_port=profile.pred("host_port_snat", "always"),
            unranged=profile.pred("load_balancer_ranges", "ignored"),
        ),
    )


Elsewhere = Callable[[str, str], Pred]
"""The flows to a port of that name and protocol of something that is no pod."""


def nowhere(_name: str, _protocol: str) -> Pred:
    """Pods alone name ports."""
    return FALSE


def lowered(
    policies: Sequence[NetworkPolicy], direction: Direction, profile: Profile, elsewhere: Elsewhere = nowhere
) -> list[Policy]:
    """The part of each policy that is about a direction, by name, so that the order of files changes nothing."""
    lowering = Lowering(profile, elsewhere)
    ordered = sorted(policies, key=_by_id)
    return [lowering.policy(p, p.rules[direction], direction) for p in ordered if direction in p.rules]


def _tiers(policies: list[Policy], profile: Profile) -> tuple[Tier, ...]:
    return (Tier("NetworkPolicy", tuple(policies), Action.DENY),) if policies and profile.enforces else ()


class Lowering:
    """Lowers policies under one profile. Guards what parts of them were lowered to: policies that were read together share
    selectors, peers and lists of ports as objects, and these are held here, so that their ids stay their own."""

    def __init__(self, profile: Profile, elsewhere: Elsewhere = nowhere) -> None:
        self._profile = profile
        self._elsewhere = elsewhere
        self._policed = {side: policed(side, profile) for side in (Side.SRC, Side.DST)}
        self._selected: dict[tuple[Side, int], tuple[Selector, Pred]] = {}
        self._peers: dict[tuple[Side, str, int], tuple[Peer, Pred]] = {}
        self._traffic: dict[tuple[Direction, int], tuple[tuple[PortEntry, ...], Pred]] = {}
        self._pods: dict[tuple[Side, str, int], Pred] = {}
        # the same for all rules
        self._seen = _source_is_seen(profile)
        self._portless = portless(profile)

    def remembered_as(self, policy: NetworkPolicy) -> tuple[NetworkPolicy, tuple[tuple[Direction, Policy], ...]]:
        """A policy and its part for each direction that it is about."""
        return policy, tuple([(d, self.policy(policy, rules, d)) for d, rules in policy.rules.items()])

    def policy(self, policy: NetworkPolicy, rules: Sequence[RuleText], direction: Direction) -> Policy:
        """The part of a policy that is about a direction, with these rules."""
        subject = self._pods_of(direction.subject, policy.id.namespace, policy.subject)
        made = tuple([self._rule(rule, policy.id.namespace, direction) for rule in rules])
        return Policy(policy.id, subject, made, policy.span)

    def _rule(self, rule: RuleText, namespace: str, direction: Direction) -> Rule:
        _, peers, ports, span, only = rule
        # an empty or missing "from" or "to" admits every peer: NetworkPolicyIngressRule.From
        peer: Pred = TRUE
        if peers:
            side = direction.peer
            peer = or_(*[self._peer(p, namespace, side) for p in peers])
            if direction is Direction.INGRESS:
                peer = and_(peer, self._seen)
        traffic = self._ports(ports, direction) if ports else self._portless
        if direction is Direction.EGRESS and self._elsewhere is not nowhere:
            found = or_(*(self._elsewhere(p.port, p.protocol) for p in ports if isinstance(p.port, str)))
            if found is not FALSE:
                peer, traffic = and_(peer, or_(traffic, found)), TRUE
        return Rule(Action.ALLOW, peer, traffic if only is TRUE else and_(traffic, only), rule.label, span)

    def _ports(self, ports: tuple[PortEntry, ...], direction: Direction) -> Pred:
        known = self._traffic.get((direction, id(ports)))
        if known is None:
            made = or_(*(_port(p, direction, self._profile) for p in ports))
            known = self._traffic[direction, id(ports)] = ports, made
        return known[1]

    def _peer(self, peer: Peer, namespace: str, side: Side) -> Pred:
        if peer.namespaces is None and peer.block is None and peer.also is FALSE:
            return self._pods_of(side, namespace, peer.pods or ())
        key = side, "" if peer.block or peer.namespaces is not None else namespace, id(peer)
        known = self._peers.get(key)
        if known is None:
            known = self._peers[key] = peer, peer_matches(peer, namespace, side, self._profile)
        return known[1]

    def _pods_of(self, side: Side, namespace: str, selector: Selector) -> Pred:
        """The pods of a namespace that a selector matches."""
        made = self._pods.get((side, namespace, id(selector)))
        if made is None:
            known = self._selected.get((side, id(selector)))
            if known is None:
                known = self._selected[side, id(selector)] = selector, selectors.lower(selector, side, "pod")
            made = and_(self._policed[side], namespace_is(side, namespace), known[1])
            self._pods[side, namespace, id(selector)] = made
        return made


@_remembered
def policed(side: Side, profile: Profile) -> Pred:
    """Pods that policies select; those on the host network may count as their node (network-policies.md of
    kubernetes/website, "NetworkPolicy and hostNetwork pods")."""
    host = and_(kind_is(side, EndpointKind.HOST_POD), profile.pred("hostnetwork_pods", "as_pod"))
    return or_(kind_is(side, EndpointKind.POD), host)


@_remembered
def _source_is_seen(profile: Profile) -> Pred:
    """Not so where the proxy rewrote the source of traffic that returns to its sender: kubernetes/kubernetes#125611."""
    return not_(and_(self_traffic(via_service=True), profile.pred("self_via_service", "source_hidden")))


@_remembered
def peer_matches(peer: Peer, namespace: str, side: Side, profile: Profile) -> Pred:
    """The endpoints that a peer of a policy of the namespace means."""
    if peer.block:
        return and_(
            address_in(side, peer.block),
            *(not_(address_in(side, hole)) for hole in peer.excepts),
            _owner_counts(side, profile),
        )
    # without namespaceSelector the peer is in the policy's own namespace: NetworkPolicyPeer.PodSelector
    if peer.namespaces is None:
        where = namespace_is(side, namespace)
    else:
        where = selectors.lower(peer.namespaces, side, "namespace")
    return or_(and_(policed(side, profile), where, selectors.lower(peer.pods or (), side, "pod")), peer.also)


@_remembered
def _owner_counts(side: Side, profile: Profile) -> Pred:
    """Whether an address block is about the one that has the address."""
    return and_(
        or_(not_(address_owned_by(side, "pod")), profile.pred("ipblock_matches_pods", "literal")),
        or_(not_(address_owned_by(side, "node")), profile.pred("ipblock_matches_nodes", "literal")),
    )


@_remembered
def portless(profile: Profile) -> Pred:
    """What a rule without `ports` is about: every port, and ICMP and the other protocols where the plugin has it so (the
    API leaves them open)."""
    with_icmp = profile.pred("icmp", "portless_rules_only")
    if with_icmp is TRUE:
        return TRUE
    with_ports = protocol_is(*PORT_PROTOCOLS)
    return or_(with_ports, and_(not_(with_ports), with_icmp))


@_remembered
def _port(entry: PortEntry, direction: Direction, profile: Profile) -> Pred:
    protocol = protocol_is(entry.protocol)
    if entry.port is None:
        return protocol
    if isinstance(entry.port, str):
        named = named_port(entry.port, entry.protocol, profile)
        # a name means a port of a pod, and an egress rule may meet one on the host network that counts as its node
        return and_(named, policed(Side.DST, profile)) if direction is Direction.EGRESS else named
    first = port_in(entry.port, entry.port)
    if entry.end is None:
        return and_(protocol, first)
    # a plugin that does not know endPort applies `port` alone: KEP-2079
    whole = and_(port_in(entry.port, entry.end), profile.pred("endport_supported", "true"))
    return and_(protocol, or_(first, whole))


def named_port(name: str, protocol: str | None, profile: Profile) -> Pred:
    """The flows to a port that the destination has under a name; protocol None: whichever it has there."""
    return or_(
        *(
            and_(
                profile.pred("named_port_containers", containers),
                profile.pred("named_port_duplicates", duplicates),
                named_port_is(name, protocol, origins, first_only=duplicates == "first"),
            )
            for containers, origins in _ORIGINS.items()
            for duplicates in ("union", "first")
        )
    )


def exemptions(direction: Direction, profile: Profile) -> tuple[Exemption, ...]:
    """The flows that no policy of pods judges in a direction."""
    return tuple(e for e in _exemptions(direction, profile) if e.match is not FALSE)


def _exemptions(direction: Direction, profile: Profile) -> tuple[Exemption, ...]:
    both = (
        Exemption(
            "self_pod_ip", self_traffic(via_service=False), True, "a pod's traffic to itself never leaves the pod"
        ),
        Exemption(
            "self_via_service",
            and_(self_traffic(via_service=True), profile.pred("self_via_service", "allowed")),
            False,
            "the plugin lets a pod reach itself through a Service",
        ),
        Exemption(
            "icmp",
            and_(not_(protocol_is(*PORT_PROTOCOLS)), profile.pred("icmp", "always_allow")),
            False,
            "the plugin lets ICMP pass whatever policies say",
        ),
    )
    host = direction.peer
    as_node = and_(kind_is(host, EndpointKind.HOST_POD), profile.pred("hostnetwork_pods", "as_node"))
    own = and_(own_node(host), or_(kind_is(host, EndpointKind.NODE), as_node))
    if direction is Direction.INGRESS:
        # NetworkPolicySpec.Ingress: allowed "if the traffic source is the pod's local node"
        reason = "traffic from the node that a pod runs on is always allowed"
        return (*both, Exemption("node_to_own_pod", own, True, reason))
    match = and_(own, profile.pred("pod_to_own_node", "always_allow"))
    return (*both, Exemption("pod_to_own_node", match, True, "the plugin lets a pod reach the node that it runs on"))
