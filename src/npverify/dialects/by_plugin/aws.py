"""What Amazon's plugin does with blocks, with Services and with many ports.

It keeps one table for each pod and direction, in which the longest prefix of an address counts, and judges egress before a
Service's address is translated. Source: aws/aws-network-policy-agent pkg/fwruleprocessor/fw_rule_processor.go
(ComputeMapEntriesFromEndpointRules, checkAndDeriveL4InfoFromAnyMatchingCIDRs), aws/amazon-network-policy-controller-k8s
pkg/resolvers/endpoints.go (getMatchingServiceClusterIPs).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

from npverify.dialects import kubernetes, selectors
from npverify.dialects.by_plugin.known import in_namespace, matches
from npverify.dialects.kubernetes_read import NetworkPolicy, Peer, PortEntry, RuleText
from npverify.dialects.profiles import Profile
from npverify.ingest.source import Problems
from npverify.inventory.addresses import Prefix
from npverify.inventory.model import Inventory, Service
from npverify.inventory.unknowns import fact
from npverify.normal.policy import Action, Direction, Half, Policy, PolicyId, PolicySet, Rule, Stage, Tier
from npverify.normal.predicates import (
    FALSE,
    TRUE,
    Pred,
    Side,
    address_in,
    address_owned_by,
    and_,
    label_in,
    namespace_is,
    not_,
    or_,
    port_in,
    protocol_is,
    unknown_in,
)

__all__ = ["with_tables"]

_ENTRIES = 24


def with_tables(
    policies: PolicySet, native: Sequence[NetworkPolicy], profile: Profile, inventory: Inventory, problems: Problems
) -> PolicySet:
    """The set as the tables have it; more entries than they hold are an error."""
    _check_entries(native, profile, problems)

    def half(direction: Direction) -> Half:
        (stage,) = policies.half(direction).stages
        return Half((_stage(stage, direction, native, profile, inventory),))

    return replace(policies, egress=half(Direction.EGRESS), ingress=half(Direction.INGRESS))


def _stage(
    stage: Stage, direction: Direction, native: Sequence[NetworkPolicy], profile: Profile, inventory: Inventory
) -> Stage:
    tiers = stage.tiers
    if direction is Direction.EGRESS:
        texts = {policy.id: policy for policy in native}
        tiers = tuple(
            replace(tier, policies=tuple(_seeing_services(p, texts[p.id], inventory) for p in tier.policies))
            for tier in tiers
        )
        stage = replace(stage, before_translation=TRUE)
    excepts = tuple(_excepts(direction, native, profile))
    if excepts:
        tiers = (Tier("exceptions", excepts, Action.PASS), *tiers)
    return replace(stage, tiers=tiers)


# exceptions


class _Block(NamedTuple):
    """A block of a rule with its exceptions, and whom its policy selects."""

    policy: PolicyId
    subject: Pred
    block: Prefix
    excepts: tuple[Prefix, ...]


def _excepts(direction: Direction, native: Sequence[NetworkPolicy], profile: Profile) -> Iterator[Policy]:
    """What each exception stops: it is an entry of the table that lets nothing through, where no narrower one counts.

    An entry inside an exception, and one around it, takes over the ports of wider blocks in ways that hang on the others of
    the table: what passes there is left open. Whoever wants to know must not let blocks and exceptions cross.
    """
    for policy in native:
        holes = [(rule, h) for rule in policy.rules.get(direction, ()) for peer in rule.peers for h in peer.excepts]
        if holes:
            subject = _subject(policy, direction, profile)
            beside = [
                other for other in native if other.id.namespace == policy.id.namespace and direction in other.rules
            ]
            made = [rule for text, hole in holes for rule in _denials(text, hole, policy, beside, direction, profile)]
            yield Policy(policy.id, subject, tuple(made), policy.span)


def _denials(
    text: RuleText,
    hole: Prefix,
    policy: NetworkPolicy,
    beside: Sequence[NetworkPolicy],
    direction: Direction,
    profile: Profile,
) -> Iterator[Rule]:
    side = direction.peer
    crossing: list[Pred] = []
    around: list[Pred] = []
    for other in beside:
        subject = _subject(other, direction, profile)
        for peer in (peer for rule in other.rules[direction] for peer in rule.peers):
            if peer.block is None:
                meant = kubernetes.peer_matches(peer, other.id.namespace, side, profile)
                crossing.append(and_(subject, meant))
            elif hole.covers(peer.block):
                crossing.append(and_(subject, address_in(side, peer.block)))
            elif _lacks_what_is_wider(peer.block, hole, policy, direction):
                around.append(and_(subject, address_in(side, peer.block)))
    within = address_in(side, hole)
    yield Rule(Action.DENY, and_(within, not_(or_(*crossing))), TRUE, text.label, text.span)
    unclear = or_(and_(within, or_(*crossing)), and_(not_(within), or_(*around)))
    if unclear is not FALSE:
        stops = fact(f"the table of {policy.id} lets nothing through where blocks and exceptions cross", of_flow=True)
        opens = fact(
            f"the table of {policy.id} lets everything through where blocks and exceptions cross", of_flow=True
        )
        yield Rule(Action.DENY, and_(unclear, unknown_in(stops, "true")), TRUE, text.label, text.span)
        yield Rule(Action.ALLOW, and_(within, or_(*crossing), unknown_in(opens, "true")), TRUE, text.label, text.span)


def _lacks_what_is_wider(block: Prefix, hole: Prefix, policy: NetworkPolicy, direction: Direction) -> bool:
    """Whether the entry of a block does not take over the ports of a wider one because of its exception: the first address of
    the block is in it, and the rest of the block need not be."""
    owners = [
        peer.block
        for rule in policy.rules[direction]
        for peer in rule.peers
        if peer.block is not None and hole in peer.excepts
    ]
    begins = block.covers(hole) and block.first == hole.first
    return begins and any(owner.covers(block) and owner != block for owner in owners)


def _subject(policy: NetworkPolicy, direction: Direction, profile: Profile) -> Pred:
    side = direction.subject
    return and_(
        kubernetes.policed(side, profile),
        namespace_is(side, policy.id.namespace),
        selectors.lower(policy.subject, side, "pod"),
    )


# Services


def _seeing_services(policy: Policy, text: NetworkPolicy, inventory: Inventory) -> Policy:
    """The egress rules of a policy as they see the address and the port of a Service that is called."""
    rules = tuple(
        _seeing(rule, written, text.id, inventory) if any(p.block is None for p in written.peers) else rule
        for rule, written in zip(policy.rules, text.rules[Direction.EGRESS], strict=True)
    )
    return replace(policy, rules=rules)


def _seeing(rule: Rule, text: RuleText, policy: PolicyId, inventory: Inventory) -> Rule:
    """A rule for pods is one for their addresses, and for those of the Services whose selector its peers match. Blocks stand
    in rules of their own already."""
    through = address_owned_by(Side.DST, "service")
    services = [s for s in inventory.services.values() if not s.headless and not s.problem]
    named = [s for s in services if any(_names(peer, policy.namespace, s, inventory) for peer in text.peers)]
    others = [s for s in services if s not in named]
    found = [_address_of(service, others, text.ports, policy, text.label) for service in named]
    direct = and_(rule.peer, rule.traffic, not_(through))
    return replace(rule, peer=or_(direct, and_(through, or_(*found))), traffic=TRUE)


def _names(peer: Peer, own: str, service: Service, inventory: Inventory) -> bool:
    """Whether the labels of a Service's selector match a peer, or may match it."""
    where = in_namespace(peer.namespaces, own, service.namespace, inventory)
    return where is not False and matches(peer.pods or (), service.selector) is not False


def _address_of(
    service: Service, others: Sequence[Service], ports: tuple[PortEntry, ...], policy: PolicyId, label: str
) -> Pred:
    """The flows to the address of a Service, which a rule holds. Where the address is not known, it is known whom they reach:
    only another Service before the same pods can be meant instead."""
    if service.vip_known and service.vips:
        at = or_(*(address_in(Side.DST, Prefix.host(vip)) for vip in service.vips))
    else:
        labels = (label_in(Side.DST, "pod", key, (value,)) for key, value in service.selector.items())
        at = and_(namespace_is(Side.DST, service.namespace), *labels)
        if not service.selector or any(_may_share(service, other) for other in others):
            called = fact(f"another Service is called, whose address {policy}, {label} does not hold", of_flow=True)
            at = and_(at if service.selector else TRUE, not_(unknown_in(called, "true")))
    return and_(at, or_(*(_entry(entry, service, policy, label) for entry in ports)) if ports else TRUE)


def _may_share(service: Service, other: Service) -> bool:
    """Whether two Services may stand before one pod."""
    if service.namespace != other.namespace:
        return False
    return all(other.selector.get(key, value) == value for key, value in service.selector.items())


def _entry(entry: PortEntry, service: Service, policy: PolicyId, label: str) -> Pred:
    """An entry of a rule at the address of a Service: the port of the Service whose target it is."""
    if entry.port is None:
        return protocol_is(entry.protocol)
    opens = unknown_in(
        fact(f"{policy}, {label} opens the port at the address of Service {service}", of_flow=True), "true"
    )
    if entry.end is not None or not isinstance(entry.port, int):
        return and_(protocol_is(entry.protocol), opens)
    found = []
    for n, port in enumerate(service.ports):
        targets = {port.target} if isinstance(port.target, int) else {b.port for b in service.backends.get(n, ())}
        if port.protocol == entry.protocol and entry.port in targets:
            found.append(and_(port_in(port.number, port.number), TRUE if len(targets) == 1 else opens))
    return and_(protocol_is(entry.protocol), or_(*found))


# how many entries there may be


def _check_entries(native: Sequence[NetworkPolicy], profile: Profile, problems: Problems) -> None:
    """Report rules of a namespace that together may have more entries for one address than the table keeps."""
    by_place: dict[tuple[str, Direction], list[tuple[NetworkPolicy, RuleText]]] = {}
    for policy in native:
        for direction, rules in policy.rules.items():
            by_place.setdefault((policy.id.namespace, direction), []).extend((policy, rule) for rule in rules)
    for (_, direction), placed in by_place.items():
        if sum(len(rule.ports) or 1 for _, rule in placed) <= _ENTRIES:
            continue
        for policy, rule in placed:
            met = [other for _, other in placed if _may_meet(rule, other)]
            count = len({entry for other in met for entry in other.ports or (PortEntry("", None, None),)})
            if count > _ENTRIES:
                message = f"{policy.id}, {rule.label}: one address may have {count} entries of ports for {direction}, and `{profile.shown}` drops those behind the {_ENTRIES}th"
                problems.error("NPV572", message, rule.span, "join neighbours to ranges with `endPort`")
                break


def _may_meet(one: RuleText, other: RuleText) -> bool:
    """Whether some address may be that of a peer of both rules."""
    if not one.peers or not other.peers:
        return True
    pairs = ((a.block, b.block) for a in one.peers for b in other.peers)
    return any(a is None or b is None or a.overlaps(b) for a, b in pairs)
