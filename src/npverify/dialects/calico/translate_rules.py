"""One rule of a NetworkPolicy (networking.k8s.io/v1) as rules of a Calico policy: one for each protocol and peer.

Source: k8sRuleToCalico of projectcalico/calico libcalico-go/lib/backend/k8s/conversion/conversion.go. Every rule says Allow,
so a rule may be parted into several that together match the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from npverify.dialects.calico import translate_selectors
from npverify.dialects.kubernetes_read import Peer, PortEntry, RuleText
from npverify.inventory.addresses import BITS, Prefix
from npverify.normal.policy import Direction

MOST_PORTS = 50
MOST_NETS = 256
"""What the newest API takes in one rule: api/pkg/apis/projectcalico/v3/policy_common.go, MaxItems."""

Entity = dict[str, Any]


def rules(rule: RuleText, direction: Direction) -> Iterator[dict[str, Any]]:
    """The Calico rules that together match what `rule` matches; none where it matches nothing."""
    peers: list[Entity] = list(_distinct(e for p in rule.peers for e in entities(p))) if rule.peers else [{}]
    for protocol, ports in _traffic(rule.ports):
        for peer in peers:
            yield _rule(direction, protocol, ports, peer)


def _rule(direction: Direction, protocol: str, ports: Sequence[int | str], peer: Entity) -> dict[str, Any]:
    made: dict[str, Any] = {"action": "Allow"}
    if protocol:
        made["protocol"] = protocol
    wanted = {"ports": list(ports)} if ports else {}
    source, destination = (peer, wanted) if direction is Direction.INGRESS else ({}, peer | wanted)
    return made | {key: side for key, side in (("source", source), ("destination", destination)) if side}


def entities(peer: Peer) -> Iterator[Entity]:
    """A peer as EntityRules that together match it. Selectors and blocks never share one, nor do two blocks: what is
    excepted from one block may lie in another."""
    if peer.block:
        for block, holes in _blocks(peer.block, _largest(peer.excepts)):
            made: Entity = {"nets": [str(block)]}
            yield made | ({"notNets": [str(hole) for hole in holes]} if holes else {})
        return
    # without namespaceSelector Calico too means the namespace of the policy: updateprocessors/rules.go
    wheres = (
        [{"namespaceSelector": text} for text in translate_selectors.of_namespaces(peer.namespaces)]
        if peer.namespaces is not None
        else [{}]
    )
    for where in wheres:
        for text in translate_selectors.of_pods(peer.pods or ()):
            yield where | {"selector": text}


def _blocks(block: Prefix, holes: Sequence[Prefix]) -> Iterator[tuple[Prefix, Sequence[Prefix]]]:
    """The block without the holes, in parts with at most `MOST_NETS` holes each; none where nothing is left."""
    if any(hole.covers(block) for hole in holes):
        return
    if len(holes) <= MOST_NETS:
        yield block, holes
        return
    length = block.length + 1
    for value in (block.value, block.value | 1 << (BITS[block.family] - length)):
        half = Prefix(block.family, value, length)
        yield from _blocks(half, [hole for hole in holes if hole.overlaps(half)])


def _largest(holes: Iterable[Prefix]) -> list[Prefix]:
    """The holes that lie in no other hole, each once, in order."""
    kept: list[Prefix] = []
    for hole in sorted(set(holes)):
        if not (kept and kept[-1].covers(hole)):
            kept.append(hole)
    return kept


def _traffic(entries: Sequence[PortEntry]) -> Iterator[tuple[str, Sequence[int | str]]]:
    """Protocols with ports of theirs; no ports: all of them, no protocol: everything, ICMP included."""
    if not entries:
        yield "", ()
        return
    for protocol in sorted({entry.protocol for entry in entries}):
        of_protocol = [entry for entry in entries if entry.protocol == protocol]
        if any(entry.port is None for entry in of_protocol):
            yield protocol, ()
            continue
        ports = _ports(of_protocol)
        for start in range(0, len(ports), MOST_PORTS):
            yield protocol, ports[start : start + MOST_PORTS]


def _ports(entries: Iterable[PortEntry]) -> list[int | str]:
    """Numbers and ranges, merged and in order, then names. A range is `a:b`; `a-b` would be the name of a port."""
    names = sorted({entry.port for entry in entries if isinstance(entry.port, str)})
    numbers = sorted((e.port, e.port if e.end is None else e.end) for e in entries if isinstance(e.port, int))
    ranges: list[tuple[int, int]] = []
    for first, last in numbers:
        if ranges and first <= ranges[-1][1] + 1:
            ranges[-1] = (ranges[-1][0], max(last, ranges[-1][1]))
        else:
            ranges.append((first, last))
    return [*(first if first == last else f"{first}:{last}" for first, last in ranges), *names]


def _distinct(made: Iterable[Entity]) -> list[Entity]:
    """The EntityRules without those that stand there already."""
    kept: list[Entity] = []
    for entity in made:
        if entity not in kept:
            kept.append(entity)
    return kept
