"""Every class of flow between two versions under the default reading, and whether a change of `diff` holds it.

Flows are made here from the inventories and from what the policies mention, without a look at how `diff` finds its groups.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import islice, product
from random import Random
from typing import NamedTuple

from npverify.analyses.blocks import cells, predicates, prefixes_of, representative
from npverify.analyses.diff.results import Change, DiffResult
from npverify.analyses.diff.run import diff
from npverify.analyses.equiv_results import Meeting, Region
from npverify.analyses.world import World
from npverify.inventory.addresses import Address, Family, Prefix
from npverify.inventory.model import EXTERNAL, Endpoint, EndpointKind
from npverify.inventory.spaces import address_space
from npverify.inventory.unknowns import Reading
from npverify.normal.flow import Flow
from npverify.normal.predicates import NodeIs, atoms_of
from npverify.oracle import Oracle
from npverify.reduction.pairs import on_one_node
from npverify.reduction.readings import Packet, packets
from region_flows import can_be, clear, is_in, near
from two_worlds import as_seen, passes, reachable, via_services
from worlds import Case


class Both(NamedTuple):
    """One flow as the old and the new version have it; None where one has it not. `own`: the two run on one node there."""

    old: Flow | None
    new: Flow | None
    own: tuple[bool, bool] = (False, False)


class Classes:
    """The flows of two versions, one of each class that no policy of either can tell from another."""

    def __init__(self, old: World, new: World) -> None:
        self.worlds = (old, new)
        preds = [p for world in self.worlds for p in predicates(world.policies)]
        self.prefixes: tuple[Prefix, ...] = tuple(sorted({*prefixes_of(preds)}))
        self.by_node = any(isinstance(atom, NodeIs) for pred in preds for atom in atoms_of(pred))
        declared = {p.number for w in self.worlds for end in w.inventory.endpoints for p in end.ports}
        self.packets: list[Packet] = list(packets(preds, declared))
        self.ends: list[tuple[Endpoint | None, Endpoint | None]] = list(self._matched())

    def _matched(self) -> Iterator[tuple[Endpoint | None, Endpoint | None]]:
        sides = [{(end.key, end.replicated): end for end in world.inventory.endpoints} for world in self.worlds]
        for key in dict.fromkeys((*sides[0], *sides[1])):
            yield sides[0].get(key), sides[1].get(key)
        yield EXTERNAL, EXTERNAL

    def flows(self) -> Iterator[Both]:
        """Every class of direct flow."""
        for src, dst in product(self.ends, self.ends):
            if EXTERNAL in src and EXTERNAL in dst:
                continue
            for packet in self.packets:
                yield from self._between(src, dst, packet)

    def some(self, rng: Random, count: int) -> Iterator[Both]:
        """So many of them, drawn anew each time."""
        for _ in range(count):
            src, dst = rng.choice(self.ends), rng.choice(self.ends)
            if not (EXTERNAL in src and EXTERNAL in dst):
                yield from self._between(src, dst, rng.choice(self.packets), rng)

    def _between(
        self,
        src: tuple[Endpoint | None, Endpoint | None],
        dst: tuple[Endpoint | None, Endpoint | None],
        packet: Packet,
        rng: Random | None = None,
    ) -> Iterator[Both]:
        places = list(product(self._outside(src, packet.family), self._outside(dst, packet.family)))
        for there, (same, own) in product(places if rng is None else [rng.choice(places)], _hows(src, dst)):
            try:
                found = [self._flow(w, src[w], dst[w], packet, there, same, own[w]) for w in (0, 1)]
            except _Crowded:
                continue
            if all(f is None or self._can_be(f) for f in found) and found != [None, None]:
                yield Both(found[0], found[1], own)

    def _can_be(self, flow: Flow) -> bool:
        """Whether there is such a flow. Which node a pod runs on is told by a reading of its own where policies look at nodes."""
        open_node = (
            self.by_node and near(flow.src, flow.dst) and not flow.own_node and None in (flow.src.node, flow.dst.node)
        )
        return can_be(flow) and clear(flow, *self.worlds) and not open_node

    def _outside(self, end: tuple[Endpoint | None, Endpoint | None], family: Family) -> list[Address | None]:
        if EXTERNAL not in end:
            return [None]
        return [Address(family, cell.first) for cell in cells(family, self.prefixes)]

    def _flow(
        self,
        w: int,
        src: Endpoint | None,
        dst: Endpoint | None,
        packet: Packet,
        there: tuple[Address | None, Address | None],
        same: bool,
        own_node: bool,
    ) -> Flow | None:
        if src is None or dst is None:
            return None
        src_ip, dst_ip = (at or self._address(w, end, packet.family) for end, at in zip((src, dst), there, strict=True))
        if src_ip is None or dst_ip is None:
            return None
        if src_ip == dst_ip and not same and not dst.address_known:
            other = Address(dst_ip.family, dst_ip.value + 1)
            if [p.contains(dst_ip) for p in self.prefixes] != [p.contains(other) for p in self.prefixes]:
                raise _Crowded
            dst_ip = other
        return Flow(
            src, dst, packet.protocol, packet.port, src_ip, dst_ip, packet.icmp, packet.src_port, same, own_node
        )

    def _address(self, w: int, end: Endpoint, family: Family) -> Address | None:
        inventory = self.worlds[w].inventory
        if end.address_known:
            return next((a for a in end.addresses if a.family == family), None)
        if family not in inventory.families:
            return None
        return representative(family, self.prefixes, address_space(inventory, end.kind))


class _Crowded(Exception):
    """Only one endpoint can have the usual address."""


def _hows(
    src: tuple[Endpoint | None, Endpoint | None], dst: tuple[Endpoint | None, Endpoint | None]
) -> Iterator[tuple[bool, tuple[bool, bool]]]:
    """Whether it is one pod, and whether the two are on one node in each version. What a version does not know is there as
    it is in the other, or the two run on two nodes."""
    here, there = (next(end for end in ends if end is not None) for ends in (src, dst))
    if src is dst and here.is_pod:
        on_host = here.kind is EndpointKind.HOST_POD
        yield True, (on_host, on_host)
    if not near(here, there):
        yield False, (False, False)
        return
    missing = any(None in ends for ends in (src, dst))
    known = [_known(a, b) for a, b in zip(src, dst, strict=True)]
    for own in product((False, True), repeat=2):
        if any(k is not None and k is not one for k, one in zip(known, own, strict=True)):
            continue
        if own[0] is not own[1]:
            every = any(end is not None and end.on_every_node for end in (*src, *dst))
            if missing or every or any(k is None and one for k, one in zip(known, own, strict=True)):
                continue
        yield False, own


def _known(src: Endpoint | None, dst: Endpoint | None) -> bool | None:
    """Whether two ends run on one node, where a version knows it and it is not for the flow to choose."""
    if src is None or dst is None or src.on_every_node or dst.on_every_node:
        return None
    return on_one_node(src, dst)


def holds(change: Change, both: Both) -> tuple[bool, bool]:
    """Whether a change says that a flow is added, and that it is removed."""
    flow = both.old or both.new
    assert flow is not None
    moved = "" if both.own[0] is both.own[1] else "old" if both.own[0] else "new"
    if change.one_node != moved:
        return False, False
    if moved:  # which is not of the flow alone, so that the one that is looked at may be either
        change = replace(change, meeting=Meeting.APART)
    added, removed = (
        bool(traffic) and is_in(flow, _region(change, traffic)) for traffic in (change.added, change.removed)
    )
    return added, removed


def _region(change: Change, traffic: object) -> Region:
    return Region(
        change.sources.ends,
        change.destinations.ends,
        traffic,  # type: ignore[arg-type]
        "right",
        change.meeting,
        change.family,
        change.service,
        change.vips,
    )


def disagreements(old: World, new: World, rng: Random, count: int) -> list[str]:
    """Flows about which the changes and the oracles of both versions do not agree; of `count` drawn ones, or of all if they are fewer."""
    result = diff(old, new, allow_empty=True)
    return [f"undecided: {result.undecided}"] if result.undecided else compared(result, rng, count, all_if_few=True)


def compared(result: DiffResult, rng: Random, count: int, *, all_if_few: bool = False) -> list[str]:
    """The same of a comparison that is made."""
    return list(_compared(result, rng, count, all_if_few))


def _compared(result: DiffResult, rng: Random, count: int, all_if_few: bool) -> Iterator[str]:
    classes = Classes(result.old, result.new)
    oracles = [Oracle(world.policies, world.inventory) for world in classes.worlds]
    direct = [c for c in (*result.changes, *result.one_sided) if c.service is None]
    assert not any(change.reading for change in direct)
    every = list(islice(classes.flows(), count + 1)) if all_if_few else []
    for both in every if 0 < len(every) <= count else classes.some(rng, count):
        passes = [f is not None and o.decide(f).allowed for o, f in zip(oracles, both[:2], strict=True)]
        wanted = (passes[1] and not passes[0], passes[0] and not passes[1])
        flow = both.old or both.new
        if flow is None:
            continue
        said = [holds(change, both) for change in direct]
        if (any(a for a, _ in said), any(r for _, r in said)) != wanted:
            yield f"{_told(flow)}: the oracles say {wanted}, the changes {said}"


def _told(flow: Flow) -> str:
    packet = f"{flow.protocol} {flow.port or flow.icmp} from {flow.src_port}"
    how = "same" * flow.same + "own node" * flow.own_node
    return f"{flow.src} {flow.src_ip} -> {flow.dst} {flow.dst_ip} {packet} {how}"


Draw = Callable[[Random, World], Case]


def left_out(result: DiffResult, draw: Draw, rng: Random, count: int) -> list[str]:
    """Random flows under random readings, some of them through Services, that are different and in no change at all."""
    return [
        _told(both.old or both.new or flow)
        for flow, both, reading in _random_flows(result, draw, rng, count)
        if (sign := _sign(result, both, reading)) and not any(_is_in(change, both, sign) for change in result.every)
    ]


def _random_flows(result: DiffResult, draw: Draw, rng: Random, count: int) -> Iterator[tuple[Flow, Both, Reading]]:
    """Flows as both versions have them."""
    for base, other in ((result.old, result.new), (result.new, result.old)):
        for _ in range(count):
            case = draw(rng, base)
            flow = replace(case.flow, via=None)
            if rng.random() < 0.3:
                flow = via_services(rng, base, flow) or flow
            seen = as_seen(flow, other, rng)
            both = Both(flow, seen) if base is result.old else Both(seen, flow)
            there = [f for f in both[:2] if f is not None]
            if all(can_be(f) and clear(f, result.old, result.new) and reachable(f) for f in there):
                yield flow, both, case.reading


def _sign(result: DiffResult, both: Both, reading: Reading) -> str:
    """`added`, `removed`, or "" where both versions say the same."""
    old, new = passes(result.old, both.old, reading), passes(result.new, both.new, reading)
    return "" if old is new else "added" if new else "removed"


def _is_in(change: Change, both: Both, sign: str) -> bool:
    traffic = change.added if sign == "added" else change.removed
    return bool(traffic) and any(is_in(flow, _region(change, traffic)) for flow in both[:2] if flow is not None)
