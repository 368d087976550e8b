"""Lowers Cilium's policies, and the native ones beside them, to the normal form.

Source: cilium/cilium pkg/policy/repository.go computePolicyEnforcementAndRules (who is closed), pkg/policy/mapstate.go (what
denies wins over what allows, wherever it stands). Order among policies means nothing. So a direction has three tiers: what
denies; what allows and closes nobody; what allows and closes whom it selects.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from npverify.dialects.cilium.audit import bare
from npverify.dialects.cilium.conflicts import Clash, Item, clashes, items_of, mixtures
from npverify.dialects.cilium.domains import may_be_known
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
    FALSE,
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

_WHERE = "as rules for one port cannot be joined"


@dataclass
class CiliumLowering:
    """Lowers the policies of one cluster. `asked` are names that policies of other kinds may let pods ask for."""

    policies: Sequence[CiliumPolicy]
    groups: Mapping[str, CidrGroup]
    inventory: Inventory
    profile: Profile
    problems: Problems
    asked: tuple[Domain, ...] = ()

    def __post_init__(self) -> None:
        identities = Identities(self.inventory, self.profile)
        self._identities = identities
        elements = [e for p in self.policies for r in p.rules for d in Direction for e in r.elements[d]]
        asked = (*self.asked, *(d for e in elements for rule in e.ports or () for d in rule.domains or ()))
        names = self._names(elements, asked)
        self._peers = PeerLowering(identities, self.groups, self.problems, asked, names)
        self._require()
        self._traffic = TrafficLowering(identities)

    def _require(self) -> None:
        """Tell the lowering of peers what `fromRequires` and `toRequires` ask."""
        for policy in self.policies:
            for rule in policy.rules:
                for direction in Direction:
                    for element in rule.elements[direction]:
                        for selector in element.peers.requires:
                            subject = self._subject(policy, rule, direction)
                            asked = self._peers.requirement(selector, policy.id.namespace, direction.peer)
                            found = self._peers.requirements.setdefault((direction.peer, element.deny), [])
                            found.append((subject, asked))

    def _names(self, elements: Sequence[Element], asked: Sequence[Domain]) -> tuple[str, ...]:
        """The names of the input that some pod may ask for by way of the agent, one of the same node too; of the others,
        and of patterns that mean none, it knows no address."""
        found: set[str] = set()
        for element in elements:
            for domain in element.peers.domains:
                if may_be_known(domain, asked, self.settings.version):
                    found.update(() if domain.pattern else (domain.text,))
                else:
                    message = (
                        f"no `dns` rule of the input lets a pod ask for `{domain.text}`: Cilium learns addresses from the "
                        "answers to such requests alone, so it knows none of this name, and nothing matches"
                    )
                    fix = f'add `rules: {{dns: [{{matchPattern: "{domain.text}"}}]}}` to the element for the DNS server'
                    self.problems.warn("NPV549", message, element.span, fix)
        return tuple(sorted(found))

    @property
    def settings(self) -> Settings:
        """How Cilium runs."""
        return self.profile.cilium

    def half(self, direction: Direction, exemptions: tuple[Exemption, ...]) -> Half:
        """One direction; `exemptions` are those of pods."""
        if self.settings.enable_policy == "never":
            return Half((Stage("pods", self._identities.subjects(direction.subject), (), exemptions),))
        stages = [*self._unresolved(direction, exemptions), *self._of_pods(direction, exemptions)]
        if self.settings.host_firewall == "on":
            stages.append(self._of_hosts(direction))
        if self.settings.cilium_sctp == "off":
            stages.append(_without_sctp(direction))
        return Half(tuple(stages))

    def _of_pods(self, direction: Direction, exempt: tuple[Exemption, ...]) -> Iterator[Stage]:
        """What denies also stops what a pod's node sends, which is exempt from all else; so it is a stage before."""
        side = direction.subject
        pods = self._identities.subjects(side)
        always = self._always(direction)
        rules = [(policy, rule) for policy in self.policies for rule in policy.rules if not rule.host]
        denies = tuple(self._part(direction, rules, deny=True))
        if denies:
            own = (*_of_itself(exempt), always)
            yield Stage("deny", pods, (Tier("deny", denies, Action.PASS),), own, where="before what is allowed")
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
        yield Stage("pods", pods, tuple(tiers), (*exempt, always), shifts=self._hang_together(direction, rules))

    def _hang_together(self, direction: Direction, rules: Sequence[tuple[CiliumPolicy, RuleText]]) -> bool:
        """Whether what one rule means hangs on others, so that the rest says nothing of the set without one of them: it
        requires something of their peers, lets names be asked for, or may judge their requests."""
        elements = [element for _, rule in rules for element in rule.elements[direction]]
        if any(element.peers.requires or element.peers.domains for element in elements):
            return True
        return any(self._mixtures(direction, host=False))

    def _unresolved(self, direction: Direction, exempt: tuple[Exemption, ...]) -> Iterator[Stage]:
        """The endpoints whose policies Cilium cannot join: what it enforced for them before stays, which nobody knows."""
        for host in (False, True) if self.settings.host_firewall == "on" else (False,):
            found = [clash for clash in self._clashes if clash.one.rule.host is host]
            if not found:
                continue
            before = opaque("what Cilium enforced before lets the connection through")
            policies = []
            for clash in found:
                both = (clash.one, clash.two)
                subject = and_(*(self._subject(item.policy, item.rule, direction) for item in both))
                # the one says when the flow passes and the other that it does not, so that neither is idle
                for item, action, match in zip(both, (Action.ALLOW, Action.DENY), (before, TRUE), strict=True):
                    rule = Rule(action, TRUE, match, item.element.label, item.element.span)
                    policies.append(Policy(item.policy.id, subject, (rule,), item.policy.span))
            tiers = (Tier("unresolved", tuple(policies), Action.PASS),)
            exemptions = (*_of_itself(exempt), self._always(direction))
            if host:
                hosts, mine = self._identities.hosts(direction.subject), (self._of_node(direction), exemptions[-1])
                yield Stage(
                    "unresolved host", hosts, tiers, mine, skips=("host",), hosts=True, where=_WHERE, shifts=True
                )
            else:
                pods = self._identities.subjects(direction.subject)
                yield Stage("unresolved", pods, tiers, exemptions, skips=("deny", "pods"), where=_WHERE, shifts=True)

    @cached_property
    def _clashes(self) -> tuple[Clash, ...]:
        """What cannot be joined, in both directions, each with a warning."""
        found: list[Clash] = []
        for direction in Direction:

            def peers(item: Item, side: Side = direction.peer) -> frozenset[Pred]:
                return frozenset(self._peers.selectors(item.element, item.policy.id.namespace, side)) - {FALSE}

            found += clashes(items_of(self.policies, direction), self.settings.version, peers)
        for clash in found:
            message = (
                f"{clash.one.shown} and {clash.two.shown} disagree about {clash.about}: Cilium cannot join them, and what "
                "it enforced before stays, so that nothing can be said of the endpoints that both select"
            )
            fix = "give one port one parser, or make the policies select different endpoints"
            self.problems.warn("NPV548", message, clash.two.element.span, fix)
        return tuple(found)

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
        exemptions = (self._of_node(direction), self._always(direction))
        return Stage("host", hosts, kept, exemptions, hosts=True, where="at the node")

    def _of_node(self, direction: Direction) -> Exemption:
        at_home = and_(self._identities.hosts(direction.peer), or_(own_node(Side.SRC), own_node(Side.DST)))
        return Exemption("host_itself", at_home, True, "what a node sends to itself never leaves it")

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
                    whole = bare(element)
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
        host = bool(rules) and rules[0][1].host
        for one, two in self._mixtures(direction, host=host):
            yield from self._mixed(one, two, direction)

    def _mixtures(self, direction: Direction, *, host: bool) -> Iterator[tuple[Item, Item]]:
        items = [item for item in items_of(self.policies, direction) if item.rule.host is host]
        return mixtures(items, self.settings.version)

    def _mixed(self, one: Item, two: Item, direction: Direction) -> Iterator[Policy]:
        """Requests that one of two rules for overlapping ports does not ask for: whether it is that one which judges them is
        nowhere said (the rules are entries of their own in the map of policies)."""
        both = [self._traffic.traffic(i.element._replace(ports=(i.ports,)), direction) for i in (one, two)]
        open_ = [self._traffic.traffic(bare(i.element._replace(ports=(i.ports,))), direction) for i in (one, two)]
        peers = [self._peers.peer(i.element, i.policy.id.namespace, direction.peer) for i in (one, two)]
        traffic = and_(*open_, not_(and_(*both)))
        if FALSE in (traffic, *peers):
            return
        judged = opaque("of two rules for overlapping ports the stricter one judges the request")
        subject = and_(*(self._subject(i.policy, i.rule, direction) for i in (one, two)))
        rule = Rule(Action.DENY, and_(*peers), and_(traffic, judged), one.element.label, one.element.span)
        yield Policy(one.policy.id, subject, (rule,), one.policy.span)

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
        return and_(self._identities.subjects(side), where, self._identities.selected(selector, side))

    def _always(self, direction: Direction) -> Exemption:
        """`allow-icmp-frag-needed`, on by default: bpf/lib/policy.h."""
        side = direction.subject
        match = and_(icmp_is(3, 4), address_in(side, EVERYTHING[4]))
        return Exemption("icmp_frag_needed", match, False, "the plugin lets messages about too large packets pass")


def _of_itself(exempt: tuple[Exemption, ...]) -> tuple[Exemption, ...]:
    """The exemptions that hold of what is denied, too: what a pod sends to itself."""
    return tuple(e for e in exempt if e.name in ("self_pod_ip", "self_via_service"))


def _without_sctp(direction: Direction) -> Stage:
    """The datapath drops SCTP unless `enable-sctp` is set: Documentation/configuration/sctp.rst."""
    leaves = not_(self_traffic(via_service=False))
    applies = and_(kind_is(direction.subject, EndpointKind.POD), protocol_is("SCTP"), leaves)
    reason = "Cilium drops SCTP unless enable-sctp is set (--assume cilium_sctp=on)"
    return Stage("sctp", applies, final=Action.DENY, reason=reason)
