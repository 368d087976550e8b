"""ClusterNetworkPolicies as Cilium 1.20 enforces them: in two tiers around everything else.

Source: cilium/cilium pkg/k8s/cluster_network_policy.go, pkg/policy/types/policyentry.go, #42338, #46253: tiers in the order
Admin, Normal, Baseline, then the priority, then the place of the rule; where two rules are alike in all that, a denial goes
before what allows, and that before what passes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from npverify.dialects.cilium.identities import END, Identities, opaque
from npverify.dialects.cilium.peers import PeerLowering
from npverify.dialects.cilium.traffic import TrafficLowering
from npverify.dialects.cilium.values import NAMESPACE, NAMESPACE_LABELS, Domain, Port, Selector, Term
from npverify.dialects.cluster_values import ClusterPeer, ClusterPolicy, ClusterPort, ClusterRule, Tier
from npverify.dialects.profiles import Profile
from npverify.dialects.selectors import Selector as NativeSelector
from npverify.ingest.document import Document
from npverify.ingest.source import Problems
from npverify.inventory.model import Inventory
from npverify.inventory.unknowns import resolution
from npverify.normal import policy as normal
from npverify.normal.policy import Action, Direction, Half, Policy, PolicyId, Rule, Stage
from npverify.normal.predicates import (
    TRUE,
    Pred,
    Side,
    and_,
    label_in,
    namespace_is,
    not_,
    or_,
    port_in,
    protocol_is,
    unknown_in,
)

__all__ = ["around", "check_values", "names_asked"]

_STRENGTH = {Action.DENY: 0, Action.ALLOW: 1, Action.PASS: 2}
_ALWAYS = ("self_pod_ip", "self_via_service", "icmp_frag_needed")


def check_values(documents: Sequence[tuple[PolicyId, Document]], problems: Problems) -> None:
    """Report selectors whose values may get lost: the state of 1.20 that was read copies them into an empty slice."""
    for policy, doc in documents:
        if policy.kind == "ClusterNetworkPolicy" and _has_values(doc.value.get("spec")):
            message = f"{policy} has `values` of `matchExpressions`, which Cilium 1.20 may lose"
            problems.error("NPV579", message, doc.span("metadata", "name"), "say it with `matchLabels`")


def _has_values(value: object) -> bool:
    if isinstance(value, dict):
        listed = value.get("matchExpressions")
        mine = isinstance(listed, list) and any(isinstance(each, dict) and each.get("values") for each in listed)
        return mine or any(map(_has_values, value.values()))
    return isinstance(value, list) and any(map(_has_values, value))


def names_asked(cluster: Sequence[ClusterPolicy]) -> tuple[Domain, ...]:
    """The names that the policies may let pods ask for: names of domains bring a rule about DNS with them."""
    peers = (peer for policy in cluster for rules in policy.rules.values() for rule in rules for peer in rule.peers)
    names = dict.fromkeys(name for peer in peers for name in peer.domains)
    return tuple(Domain("*" if "*" in name else name, "*" in name) for name in names)


def around(
    halves: tuple[Half, Half], cluster: Sequence[ClusterPolicy], profile: Profile, inventory: Inventory
) -> tuple[Half, Half]:
    """Egress and ingress with the cluster-wide policies around what stands there."""
    if profile.cilium.enable_policy == "never":
        return halves
    lowering = _Lowering(cluster, profile, inventory)
    egress, ingress = (
        lowering.half(d, half) for d, half in zip((Direction.EGRESS, Direction.INGRESS), halves, strict=True)
    )
    return egress, ingress


@dataclass
class _Lowering:
    cluster: Sequence[ClusterPolicy]
    profile: Profile
    inventory: Inventory

    def __post_init__(self) -> None:
        self._identities = Identities(self.inventory, self.profile)
        self._peers = PeerLowering(self._identities, {}, Problems())
        self._traffic = TrafficLowering(self._identities)

    def half(self, direction: Direction, own: Half) -> Half:
        """One direction. What a rule of a tier allows or denies is final; no rule closes anybody."""
        pods = self._identities.pods(direction.subject)
        exempt = tuple(e for stage in own.stages if stage.name == "pods" for e in stage.exemptions if e.name in _ALWAYS)
        admin, baseline = self._tier("admin", direction), self._tier("baseline", direction)
        stages = list(own.stages)
        if baseline:
            # whom the baseline is asked about hangs on the policies that close
            stages = [replace(s, skips=(*s.skips, "baseline"), shifts=True) if s.name == "pods" else s for s in stages]
            closed = (
                p.subject
                for stage in own.stages
                if stage.name == "pods"
                for tier in stage.tiers
                if tier.no_match is Action.DENY
                for p in tier.policies
            )
            tiers = (normal.Tier("baseline", baseline, Action.PASS),)
            applies = and_(pods, not_(or_(*closed)))
            where = "behind all other policies"
            stages.append(Stage("baseline", applies, tiers, exempt, where=where))
        if admin:
            tiers = (normal.Tier("admin", admin, Action.PASS),)
            skips = ("deny", "pods", "baseline")
            stages.insert(0, Stage("admin", pods, tiers, exempt, skips=skips, where="before all other policies"))
        return Half(tuple(stages))

    def _tier(self, tier: Tier, direction: Direction) -> tuple[Policy, ...]:
        chosen = [p for p in self.cluster if p.tier == tier and direction in p.rules]
        chosen.sort(key=lambda p: (p.priority, p.id))
        found: list[Policy] = []
        for _, run in groupby(chosen, key=lambda p: p.priority):
            found += _interleaved([self._policy(policy, direction) for policy in run])
        return tuple(found)

    def _policy(self, policy: ClusterPolicy, direction: Direction) -> Policy:
        side = direction.subject
        subject = and_(self._identities.pods(side), self._pods(policy.namespaces, policy.pods or (), side))
        rules = tuple(made for rule in policy.rules[direction] for made in self._rules(rule, direction))
        return Policy(policy.id, subject, rules, policy.span, float(policy.priority))

    def _rules(self, rule: ClusterRule, direction: Direction) -> Iterator[Rule]:
        traffic = or_(*(self._port(port, direction) for port in rule.ports)) if rule.ports else TRUE
        side = direction.peer
        understood = [peer for peer in rule.peers if self._understands(peer)]
        if len(understood) < len(rule.peers) and rule.action is not Action.ALLOW:
            # a peer that is not supported fails closed
            yield Rule(Action.DENY, TRUE, TRUE, rule.label, rule.span)
            return
        peer = or_(*(self._peer(each, side) for each in understood))
        if any(each.kind == "domains" for each in understood):
            # names bring a rule about DNS with them, whose reach was not read
            server = and_(namespace_is(side, "kube-system"), label_in(side, "pod", "k8s-app", ("kube-dns",)))
            asks = and_(protocol_is("TCP", "UDP"), port_in(53, 53))
            opens = and_(server, asks, opaque("names of domains in a rule open the name server"))
            peer, traffic = or_(and_(peer, traffic), opens), TRUE
        yield Rule(rule.action, peer, traffic, rule.label, rule.span)

    def _understands(self, peer: ClusterPeer) -> bool:
        return peer.kind != "nodes" or self.profile.cilium.node_selector_labels == "on"

    def _peer(self, peer: ClusterPeer, side: Side) -> Pred:
        match peer.kind:
            case "nodes":
                return self._identities.node_selected(_terms(peer.nodes or ()), side)
            case "networks":
                return or_(*(self._peers.prefix(prefix, (), side, in_set=True) for prefix in peer.networks))
            case "domains":
                named = (unknown_in(resolution(name, END[side]), "true") for name in peer.domains)
                return and_(self._identities.outside(side), or_(*named))
            case _:
                return and_(self._identities.pods(side), self._pods(peer.namespaces or (), peer.pods or (), side))

    def _pods(self, namespaces: NativeSelector, pods: NativeSelector, side: Side) -> Pred:
        selector = (
            Term("k8s", NAMESPACE, "Exists"),
            *(t._replace(key=f"{NAMESPACE_LABELS}.{t.key}") for t in _terms(namespaces)),
            *_terms(pods),
        )
        return self._identities.selected(selector, side)

    def _port(self, port: ClusterPort, direction: Direction) -> Pred:
        if port.name:
            return or_(*(self._traffic.port(Port(port.name, 0, p), direction) for p in ("TCP", "UDP", "SCTP")))
        if port.first is None:
            return protocol_is(port.protocol)
        return and_(protocol_is(port.protocol), port_in(port.first, port.first if port.last is None else port.last))


def _terms(selector: NativeSelector) -> Selector:
    return tuple(Term("k8s", r.key, r.operator, r.values) for r in selector)


def _interleaved(run: list[Policy]) -> Iterator[Policy]:
    """Policies of one priority: their first rules are one level, their second ones the next. A rule of a policy that is listed
    first gives way to those of later policies that stand on a level before it, or are stronger on its own."""
    for n, policy in enumerate(run):
        rules = []
        for level, rule in enumerate(policy.rules):
            before = [
                and_(other.subject, better.match)
                for other in run[n + 1 :]
                for place, better in enumerate(other.rules)
                if place < level or (place == level and _STRENGTH[better.action] < _STRENGTH[rule.action])
            ]
            rules.append(replace(rule, peer=and_(rule.peer, not_(or_(*before)))) if before else rule)
        yield replace(policy, rules=tuple(rules))
