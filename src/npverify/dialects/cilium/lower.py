"""Lowers Cilium's policies, and the native ones beside them, to the normal form.

Source: cilium/cilium pkg/policy/repository.go computePolicyEnforcementAndRules (who is closed), pkg/policy/mapstate.go (what
denies wins over what allows, wherever it stands). Order among policies means nothing. So a direction has three tiers: what
denies; what allows and closes nobody; what allows and closes whom it selects.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from npverify.dialects.cilium.identities import Identities, opaque
from npverify.dialects.cilium.peers import PeerLowering
from npverify.dialects.cilium.settings import Settings
from npverify.dialects.cilium.traffic import TrafficLowering
from npverify.dialects.cilium.values import CidrGroup, CiliumPolicy, Domain, Element, RuleText, is_overwritten
from npverify.dialects.profiles import Profile
from npverify.ingest.source import Problems
from npverify.inventory.addresses import EVERYTHING
from npverify.inventory.model import EndpointKind, Inventory
from npverify.normal.policy import Action, Direction, Exemption, Half, Policy, PolicyId, Rule, Stage, Tier
from npverify.normal.predicates import (
    TRUE,
    Pred,
    Side,
    address_in,
    and_,
    icmp_is,
    kind_is,
    namespace_is,
    not_,
    or_,
    own_node,
    protocol_is,
    self_traffic,
)

__all__ = ["CiliumLowering"]


@dataclass
class CiliumLowering:
    """Lowers the policies of one cluster."""

    policies: Sequence[CiliumPolicy]
    groups: Mapping[str, CidrGroup]
    inventory: Inventory
    profile: Profile
    problems: Problems

    def __post_init__(self) -> None:
        identities = Identities(self.inventory, self.profile)
        self._identities = identities
        self._peers = PeerLowering(identities, self.groups, self.problems, tuple(_asked(self.policies)))
        self._traffic = TrafficLowering(identities)

    @property
    def settings(self) -> Settings:
        """How Cilium runs."""
        return self.profile.cilium

    def half(self, direction: Direction, exemptions: tuple[Exemption, ...]) -> Half:
        """One direction; `exemptions` are those of pods."""
        if self.settings.enable_policy == "never":
            return Half((Stage("pods", self._identities.pods(direction.subject), (), exemptions),))
        stages = [*self._of_pods(direction, exemptions)]
        if self.settings.host_firewall == "on":
            stages.append(self._of_hosts(direction))
        if self.settings.cilium_sctp == "off":
            stages.append(_without_sctp(direction))
        return Half(tuple(stages))

    def _of_pods(self, direction: Direction, exempt: tuple[Exemption, ...]) -> Iterator[Stage]:
        """What denies also stops what a pod's node sends, which is exempt from all else; so it is a stage before."""
        side = direction.subject
        pods = self._identities.pods(side)
        always = self._always(direction)
        rules = [(policy, rule) for policy in self.policies for rule in policy.rules if not rule.host]
        denies = tuple(self._part(direction, rules, deny=True))
        if denies:
            own = tuple(e for e in exempt if e.name in ("self_pod_ip", "self_via_service"))
            yield Stage(
                "deny", pods, (Tier("deny", denies, Action.PASS),), (*own, always), where="before what is allowed"
            )
        tiers = []
        asks = tuple(self._asking(direction, rules))
        if asks:
            tiers.append(Tier("conditions", asks, Action.PASS))
        opening = tuple(self._part(direction, rules, deny=False, closing=False))
        if opening:
            tiers.append(Tier("allow", opening, Action.PASS))
        closing = (*self._part(direction, rules, deny=False, closing=True), *self._closed_all(direction, pods))
        if closing:
            name = "NetworkPolicy" if all(p.id.dialect == "kubernetes" for p in closing) else "default deny"
            tiers.append(Tier(name, closing, Action.DENY))
        yield Stage("pods", pods, tuple(tiers), (*exempt, always))

    def _closed_all(self, direction: Direction, everybody: Pred) -> Iterator[Policy]:
        if self.settings.enable_policy == "always":
            yield Policy(PolicyId("cilium", "Option", "", "enable-policy"), everybody, ())

    def _of_hosts(self, direction: Direction) -> Stage:
        """Nodes, where the host firewall runs: Documentation/security/host.rst."""
        hosts = self._identities.hosts(direction.subject)
        rules = [(policy, rule) for policy in self.policies for rule in policy.rules if rule.host]
        closing = (*self._part(direction, rules, deny=False, closing=True), *self._closed_all(direction, hosts))
        tiers = (
            Tier("deny", tuple(self._part(direction, rules, deny=True)), Action.PASS),
            Tier("conditions", tuple(self._asking(direction, rules)), Action.PASS),
            Tier("allow", tuple(self._part(direction, rules, deny=False, closing=False)), Action.PASS),
            Tier("default deny", closing, Action.DENY),
        )
        kept = tuple(tier for tier in tiers if tier.policies)
        at_home = and_(self._identities.hosts(direction.peer), or_(own_node(Side.SRC), own_node(Side.DST)))
        itself = Exemption("host_itself", at_home, True, "what a node sends to itself never leaves it")
        return Stage("host", hosts, kept, (itself, self._always(direction)), hosts=True, where="at the node")

    def _part(
        self,
        direction: Direction,
        rules: Sequence[tuple[CiliumPolicy, RuleText]],
        *,
        deny: bool,
        closing: bool = True,
    ) -> Iterator[Policy]:
        """The part of each rule that denies, or that allows and closes its subject or does not. A rule that closes is there
        even if it has nothing that allows."""
        for policy, rule in rules:
            elements = rule.elements[direction]
            chosen = [e for e in elements if e.deny is deny]
            if deny:
                wanted = bool(chosen)
            else:
                closes = rule.default_deny[direction]
                wanted = closes if closing else bool(chosen) and not closes
            if wanted:
                made = tuple(self._rule(e, policy, rule, direction) for e in chosen)
                yield Policy(policy.id, self._subject(policy, rule, direction), made, policy.span)

    def _asking(self, direction: Direction, rules: Sequence[tuple[CiliumPolicy, RuleText]]) -> Iterator[Policy]:
        """What some elements ask of a connection and bind others by too: authentication and server names. Which of several
        elements prevails hangs on how narrow they are, so that what is asked may be anything here."""
        for policy, rule in rules:
            found = []
            for element in rule.elements[direction]:
                if element.deny:
                    continue
                peer = self._peers.peer(element, policy.id.namespace, direction.peer)
                asked = list(self._traffic.asked(element, direction))
                if element.authentication in ("required", "test-always-fail"):
                    whole = _bare(element)
                    mode = f"authentication `{element.authentication}`"
                    asked.append(
                        (self._traffic.traffic(whole, direction), opaque(f"{mode} lets the connection through"))
                    )
                found += [
                    Rule(Action.DENY, peer, and_(traffic, not_(fact)), element.label, element.span)
                    for traffic, fact in asked
                ]
            if found:
                yield Policy(policy.id, self._subject(policy, rule, direction), tuple(found), policy.span)

    def _rule(self, element: Element, policy: CiliumPolicy, rule: RuleText, direction: Direction) -> Rule:
        peer = self._peers.peer(element, policy.id.namespace, direction.peer)
        traffic = self._traffic.traffic(element, direction)
        return Rule(Action.DENY if element.deny else Action.ALLOW, peer, traffic, element.label, element.span)

    def _subject(self, policy: CiliumPolicy, rule: RuleText, direction: Direction) -> Pred:
        """Whom a rule is about. In a namespaced policy what it says of namespaces by `matchLabels` is overwritten."""
        side = direction.subject
        if rule.host:
            return self._identities.node_selected(rule.subject, side)
        selector = rule.subject
        where: Pred = TRUE
        if policy.id.namespace:
            where = namespace_is(side, policy.id.namespace)
            selector = tuple(term for term in selector if not is_overwritten(term))
        return and_(self._identities.pods(side), where, self._identities.selected(selector, side))

    def _always(self, direction: Direction) -> Exemption:
        """`allow-icmp-frag-needed`, on by default: bpf/lib/policy.h."""
        side = direction.subject
        match = and_(icmp_is(3, 4), address_in(side, EVERYTHING[4]))
        return Exemption("icmp_frag_needed", match, False, "the plugin lets messages about too large packets pass")


def _asked(policies: Sequence[CiliumPolicy]) -> Iterator[Domain]:
    """The names that rules about DNS let through; those about other pods too, since one of the same node may ask."""
    for policy in policies:
        for rule in policy.rules:
            for element in rule.elements[Direction.EGRESS]:
                for ports in element.ports or ():
                    yield from ports.domains or ()


def _bare(element: Element) -> Element:
    """The element without what it asks of requests."""
    rules = None if element.ports is None else tuple(rule._replace(requests=(), facts=()) for rule in element.ports)
    return element._replace(ports=rules)


def _without_sctp(direction: Direction) -> Stage:
    """The datapath drops SCTP unless `enable-sctp` is set: Documentation/configuration/sctp.rst."""
    leaves = not_(self_traffic(via_service=False))
    applies = and_(kind_is(direction.subject, EndpointKind.POD), protocol_is("SCTP"), leaves)
    reason = "Cilium drops SCTP unless enable-sctp is set (--assume cilium_sctp=on)"
    return Stage("sctp", applies, final=Action.DENY, reason=reason)
