"""Rewrites NetworkPolicies so that, lowered as the API means them, they say what the plugin does.

What a plugin does is in the table of plugins, with its sources. What nobody knows of a plugin is refused where a policy asks
for it: an answer would be a guess.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from npverify.dialects.by_plugin import kube_router
from npverify.dialects.by_plugin.hosts import host_peer
from npverify.dialects.by_plugin.known import matches
from npverify.dialects.kubernetes_read import NetworkPolicy, Peer, PortEntry, RuleText
from npverify.dialects.plugins.ways import API
from npverify.dialects.profiles import Profile
from npverify.ingest.source import Problems
from npverify.inventory.addresses import EVERYTHING, Prefix
from npverify.inventory.model import Inventory, PortOrigin
from npverify.normal.policy import Direction

__all__ = ["as_enforced"]

_HALVES = {
    EVERYTHING[4]: (Prefix.parse("0.0.0.0/1"), Prefix.parse("128.0.0.0/1")),
    EVERYTHING[6]: (Prefix.parse("2000::/3"), Prefix.parse("fd00::/8")),
}
"""What stands for a whole family in a set that takes no prefix of length 0."""


def as_enforced(
    policies: Sequence[NetworkPolicy], profile: Profile, inventory: Inventory, problems: Problems
) -> list[NetworkPolicy]:
    """The policies as the plugin has them, without those that it refuses; the same objects where it does as the API says."""
    if profile.ways == API or not profile.enforces:
        return list(policies)
    rewriting = _Rewriting(profile, inventory, problems)
    return [made for policy in policies for made in rewriting.policy(policy)]


@dataclass(frozen=True)
class _Rewriting:
    profile: Profile
    inventory: Inventory
    problems: Problems

    def policy(self, policy: NetworkPolicy) -> Iterator[NetworkPolicy]:
        """The policy as it is enforced; nothing where the plugin refuses it."""
        if self._refused(policy):
            return
        self._check(policy)
        rules = {d: tuple(self._rules(policy, d)) for d in policy.rules}
        yield policy if rules == policy.rules else policy._replace(rules=rules)

    def _refused(self, policy: NetworkPolicy) -> bool:
        if self.profile.ways.named_ports != "policy_ignored":
            return False
        named = next((r for r in _rules(policy) if any(isinstance(p.port, str) for p in r.ports)), None)
        if named is None:
            return False
        message = f"{policy.id} names a port: `{self.profile.shown}` refuses the whole policy, so it isolates nobody"
        self.problems.warn("NPV573", message, named.span, "write the number of the port")
        return True

    def _check(self, policy: NetworkPolicy) -> None:
        """Report what the plugin cannot do, or what nobody knows that it does."""
        ways, plugin = self.profile.ways, self.profile.shown
        for rule in _rules(policy):
            if ways.ipv6 == "unpoliced" and any(p.block and p.block.family == 6 for p in rule.peers):
                message = (
                    f"{policy.id}, {rule.label}: `{plugin}` has no IPv6, and what it makes of the block is not known"
                )
                self.problems.error("NPV572", message, rule.span, "remove the block, or choose another plugin")
            if not ways.sctp and any(port.protocol == "SCTP" for port in rule.ports):
                message = f"{policy.id}, {rule.label}: whether `{plugin}` enforces SCTP is not known"
                self.problems.error("NPV572", message, rule.span, "remove the entry, or choose another plugin")

    def _rules(self, policy: NetworkPolicy, direction: Direction) -> Iterator[RuleText]:
        for rule in policy.rules[direction]:
            for made in self._ports(rule, policy, direction):
                yield made._replace(peers=tuple(self._peers(made, policy, direction)))

    # ports

    def _ports(self, rule: RuleText, policy: NetworkPolicy, direction: Direction) -> Iterator[RuleText]:
        """The rule with its named ports as the plugin has them: in one part, or in one part for each kind of peer."""
        ways = self.profile.ways
        if ways.named_ports != "union_of_selected_pods" and not any(isinstance(e.port, str) for e in rule.ports):
            yield rule
        elif ways.named_ports == "whole_protocol":
            # a name is 0 for the plugin, and 0 is no port that it looks for
            yield rule._replace(
                ports=tuple(e._replace(port=None) if isinstance(e.port, str) else e for e in rule.ports)
            )
        elif ways.named_ports == "union_of_selected_pods":
            yield from self._by_number(rule, policy, direction)
        elif ways.named_ports_to_all == "own_namespace":
            yield from kube_router.with_names(rule, policy, direction, self.profile, self.inventory, self.problems)
        else:
            yield rule

    def _by_number(self, rule: RuleText, policy: NetworkPolicy, direction: Direction) -> Iterator[RuleText]:
        """In an ingress rule names are numbers for whatever peers it has (resolveIngressPorts); in an egress rule they mean
        something beside pods alone: convertToPolicyInfoPortForCIDRs leaves them out for blocks."""
        if direction is Direction.INGRESS:
            yield self._numbers(rule, policy)
            return
        blocks = tuple(peer for peer in rule.peers if peer.block)
        pods = tuple(peer for peer in rule.peers if not peer.block)
        if blocks or not pods:
            yield from _with_ports(rule._replace(peers=blocks), lambda entry: not isinstance(entry.port, str))
        if pods:
            yield rule._replace(peers=pods)

    def _numbers(self, rule: RuleText, policy: NetworkPolicy) -> RuleText:
        """The names of an ingress rule as the numbers that any of the selected pods has under them."""
        made: list[PortEntry] = []
        for entry in rule.ports:
            if isinstance(entry.port, str):
                sure, maybe = self._numbers_of(policy, entry.port, entry.protocol)
                if maybe - sure or not sure:
                    what = "hangs on labels that are not known" if maybe else "no pod that it selects has"
                    message = f"{policy.id}, {rule.label}: what `{self.profile.shown}` opens for `{entry.port}` is not known; {what}"
                    message += " it" if not maybe else ""
                    self.problems.error("NPV572", message, rule.span, "write the number of the port")
                made += [PortEntry(entry.protocol, number, None) for number in sorted(sure)]
            else:
                made.append(entry)
        return rule._replace(ports=tuple(dict.fromkeys(made)))

    def _numbers_of(self, policy: NetworkPolicy, name: str, protocol: str) -> tuple[set[int], set[int]]:
        """The numbers of pods that the policy selects for certain, and of those that it may select. Pods on the network of
        their node are asked too: getIngressRulesPorts does not look at it."""
        sure: set[int] = set()
        maybe: set[int] = set()
        first = self.profile.fixed.get("named_port_duplicates") == "first"
        regular = self.profile.fixed.get("named_port_containers") == "regular"
        for pod in self.inventory.pods:
            if pod.namespace != policy.id.namespace:
                continue
            selected = matches(policy.subject, pod.labels)
            named = [port for port in pod.ports if (port.name, port.protocol) == (name, protocol)]
            counted = [port for port in named if port.origin is PortOrigin.REGULAR]
            sure |= {port.number for port in counted[:1]} if selected else set()
            possible = (counted if regular else named)[: 1 if first else None]
            maybe |= {port.number for port in possible} if selected is not False else set()
        return sure, maybe

    # peers

    def _peers(self, rule: RuleText, policy: NetworkPolicy, direction: Direction) -> Iterator[Peer]:
        ways = self.profile.ways
        peers = rule.peers
        if ways.ipv6_everything == "two_blocks":
            peers = tuple(part for peer in peers for part in _in_halves(peer))
        if ways.except_scope == "same_rule":
            peers = self._sharing_excepts(rule, policy, peers)
        for peer in peers:
            if peer.block is None and ways.hostnetwork_pods in ("peer_only", "peer_if_pod_selector"):
                bare = peer.pods is None and ways.hostnetwork_pods == "peer_if_pod_selector"
                yield (
                    peer
                    if bare
                    else peer._replace(also=host_peer(peer, policy.id.namespace, direction.peer, self.inventory))
                )
            else:
                yield peer

    def _sharing_excepts(self, rule: RuleText, policy: NetworkPolicy, peers: tuple[Peer, ...]) -> tuple[Peer, ...]:
        """All blocks and exceptions of a rule are entries of one set, in which the longest prefix of an address counts: so an
        exception also takes addresses out of every wider block of the rule."""
        excepts = tuple(dict.fromkeys(hole for peer in peers for hole in peer.excepts))
        if any(peer.block in excepts for peer in peers if peer.block):
            message = f"{policy.id}, {rule.label}: a block is also an exception, and which of the two counts on `{self.profile.shown}` is not known"
            self.problems.error("NPV572", message, rule.span, "make two rules of the blocks")
        return tuple(
            peer._replace(excepts=tuple(h for h in excepts if peer.block.covers(h) and h != peer.block))
            if peer.block
            else peer
            for peer in peers
        )


def _rules(policy: NetworkPolicy) -> Iterator[RuleText]:
    """Every rule of the directions that the policy is about."""
    for rules in policy.rules.values():
        yield from rules


def _with_ports(rule: RuleText, keep: Callable[[PortEntry], bool]) -> Iterator[RuleText]:
    """The rule with some of its ports; nothing where none of them is left, since a rule without ports means all."""
    ports = tuple(filter(keep, rule.ports))
    if ports or not rule.ports:
        yield rule._replace(ports=ports)


def _in_halves(peer: Peer) -> Iterator[Peer]:
    if peer.block is None or peer.block not in _HALVES:
        yield peer
        return
    for half in _HALVES[peer.block]:
        yield peer._replace(block=half, excepts=tuple(hole for hole in peer.excepts if half.covers(hole)))
