"""Who may talk to whom: every pair of workloads, and outside blocks of addresses, with the exact ports.

Under the default reading, as `evaluate` has it. Endpoints come as classes and directions as residuals from `reduction`; a
residual and two addresses give a set of packets, and each combination is worked out once. Not trusted: a property test
holds samples of it against the oracle.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from npverify.analyses.blocks import blocks, cells, prefixes_of
from npverify.analyses.evaluate import Evaluator, evaluator
from npverify.analyses.flows import families_of, known_address
from npverify.analyses.packets import PacketSets
from npverify.analyses.results import Connection, Connectivity, Ports
from npverify.analyses.world import World
from npverify.inventory.addresses import FAMILIES, Address, Family, Prefix
from npverify.inventory.model import EXTERNAL, Endpoint, WorkloadRef
from npverify.normal.policy import Action, Direction
from npverify.normal.predicates import TRUE, Pred
from npverify.reduction.bitsets import bits
from npverify.reduction.residuals import Group, Residuals

Allowed = tuple[Ports, ...]
Outside = dict[Prefix, Allowed]
"""Disjoint blocks of outside addresses that may pass something; equal ones joined as far as blocks can be."""

NOTES = (
    "nodes are not listed as ends, and what a pod may always exchange with its own node is not counted",
    "a pod's traffic to itself is not listed; a workload that talks to itself means two of its pods",
    "only TCP, UDP and SCTP are listed",
    "blocks stand for outside addresses: known pods and nodes in them are judged as what they are",
)
_CLUSTERS_NOTE = "what may be exchanged with other clusters is listed by addresses, among the blocks"
_SPLIT_NOTE = "pods of {} are listed one by one, because policies tell them apart"


class _Unit(NamedTuple):
    """What is listed as one end: a workload, or a pod of it. `several`: there are two or more pods in it."""

    ref: WorkloadRef
    of_class: int
    several: bool


def connectivity(world: World) -> Connectivity:
    """Every connection that some policy does not deny, workloads first and then outside blocks, sources in order."""
    table = _Table(world)
    units, split = _units(world, table)
    found: list[Connection] = []
    inbound: dict[Prefix, list[Connection]] = {}
    for unit in units:
        row = table.row(unit.of_class)
        found += [
            Connection(unit.ref, other.ref, allowed)
            for other in units
            if (allowed := row[other.of_class]) and (other is not unit or unit.several)
        ]
        found += [Connection(unit.ref, block, allowed) for block, allowed in table.outside(unit, Direction.EGRESS)]
        for block, allowed in table.outside(unit, Direction.INGRESS):
            inbound.setdefault(block, []).append(Connection(block, unit.ref, allowed))
    for block in sorted(inbound):
        found += inbound[block]
    notes = (*NOTES, _CLUSTERS_NOTE) if world.inventory.clusters else NOTES
    return Connectivity(tuple(found), (*notes, *_drops(world), *(_SPLIT_NOTE.format(ref) for ref in split)))


def _drops(world: World) -> Iterator[str]:
    """What the plugin drops whatever policies say."""
    for stage in world.policies.egress.stages:
        if stage.final is Action.DENY and not stage.tiers and not stage.after:
            yield stage.reason


class _Table:
    """What may pass between classes. Guards the memos; every answer is a function of the world."""

    def __init__(self, world: World) -> None:
        self.residuals = Residuals(world.inventory, world.policies)
        self.classes = self.residuals.classes
        self.external = self.classes.of[EXTERNAL]
        self._inventory = world.inventory
        self._evaluator: Evaluator = evaluator(world)
        self._packets = PacketSets()
        self._sides: dict[tuple[Direction, int], list[Pred]] = {}
        self._spread: dict[int, list[Pred]] = {}
        self._keep: list[tuple[Group, ...]] = []
        self._pairs: dict[tuple[Pred, Pred, Address | None, Address | None], Allowed] = {}
        self._anywhere: dict[tuple[Pred, Pred], Allowed] = {}  # of `_pairs`, what no address matters to
        self._into: list[list[Pred]] = []
        self._rows: dict[int, list[Allowed]] = {}
        self._blocks: dict[tuple[Pred, Direction, Family, Address | None], Outside] = {}
        self._addresses = [self._addresses_of(end) for end in self.classes.representatives]
        self._pods = [c for c, usable in enumerate(self._addresses) if usable]
        self._one_family = all(4 in self._addresses[c] for c in self._pods)

    def row(self, c: int) -> list[Allowed]:
        """For each class as a destination, what pods of class `c` may send to it; () unless it is one of pods."""
        found = self._rows.get(c)
        if found is None:
            egress, ingress = self._judged(Direction.EGRESS, c), self._ingress()
            found = [()] * len(self.classes)
            for d in self._pods:
                allowed = self._anywhere.get((egress[d], ingress[d][c]))
                found[d] = self.pair(c, d) if allowed is None else allowed
            self._rows[c] = found
        return found

    def pair(self, c: int, d: int) -> Allowed:
        """What class `c` may send to class `d`; () if one of them is no pod or they share no family of addresses."""
        here, there = self._addresses[c], self._addresses[d]
        family = next((f for f in here if f in there), None)
        if family is None:
            return ()
        egress, ingress = self._judged(Direction.EGRESS, c)[d], self._judged(Direction.INGRESS, d)[c]
        src, dst = self._looked_at(egress, ingress, here[family], there[family])
        key = (egress, ingress, src, dst)
        found = self._pairs.get(key)
        if found is None:
            both = self._packets.of(egress, src, dst) & self._packets.of(ingress, src, dst)
            found = self._pairs[key] = self._packets.ports(both)
            if src is None and dst is None and self._one_family:
                self._anywhere[egress, ingress] = found
        return found

    def _ingress(self) -> list[list[Pred]]:
        """For each class as the destination, the residuals by source."""
        if not self._into:
            self._into = [self._judged(Direction.INGRESS, d) for d in range(len(self.classes))]
        return self._into

    def outside(self, unit: _Unit, direction: Direction) -> Iterator[tuple[Prefix, Allowed]]:
        """What may pass between a class and outside addresses, by ascending blocks."""
        left = self._judged(direction, unit.of_class)[self.external]
        for family, address in self._addresses[unit.of_class].items():
            at_src, at_dst = self._packets.sides(left)
            own = address if (at_src if direction is Direction.EGRESS else at_dst) else None
            key = (left, direction, family, own)
            found = self._blocks.get(key)
            if found is None:
                found = self._blocks[key] = self._outside(*key)
            yield from found.items()

    def _outside(self, left: Pred, direction: Direction, family: Family, own: Address | None) -> Outside:
        ranges: dict[int, list[tuple[int, int]]] = {}
        for cell in cells(family, prefixes_of([left])):
            there = Address(family, cell.first)
            ends = (own, there) if direction is Direction.EGRESS else (there, own)
            ranges.setdefault(self._packets.of(left, *ends), []).append((cell.first, cell.last))
        found = {
            block: self._packets.ports(packets)
            for packets, of_these in ranges.items()
            if packets
            for block in blocks(family, of_these)
        }
        return dict(sorted(found.items()))

    def _judged(self, direction: Direction, c: int) -> list[Pred]:
        """For each class as the other end, the residual of the direction that is judged at class `c`."""
        key = (direction, c)
        found = self._sides.get(key)
        if found is None:
            signature = self.residuals.signature(direction, c)
            groups = self.residuals.groups(direction, signature, self.classes.representative(c))
            found = self._spread.get(id(groups))
            if found is None:
                found = [TRUE] * len(self.classes)
                for group in groups:
                    for peer in bits(group.peers):
                        found[peer] = group.residual
                self._spread[id(groups)] = found
                self._keep.append(groups)  # an id means nothing once its object is gone
            self._sides[key] = found
        return found

    def _looked_at(
        self, egress: Pred, ingress: Pred, src: Address | None, dst: Address | None
    ) -> tuple[Address | None, Address | None]:
        looks = [self._packets.sides(egress), self._packets.sides(ingress)]
        return src if any(s for s, _ in looks) else None, dst if any(d for _, d in looks) else None

    def _addresses_of(self, end: Endpoint) -> dict[Family, Address | None]:
        """Per family that a pod can use, IPv4 first, its address or what stands for it; nothing for other endpoints."""
        if not end.is_pod:
            return {}
        usable = families_of(end, self._inventory.families)
        return {
            family: known_address(end, family) or self._evaluator.representative(end, family)
            for family in FAMILIES
            if family in usable
        }


def _units(world: World, table: _Table) -> tuple[list[_Unit], list[WorkloadRef]]:
    """The ends to list, in order, and the workloads whose pods had to be listed one by one."""
    members: dict[WorkloadRef, list[Endpoint]] = {}
    for end in world.inventory.pods:
        ref = end.workload or WorkloadRef("Pod", end.namespace, end.name)
        members.setdefault(ref, []).append(end)
    units, split = [], []
    for ref, ends in members.items():
        of_class = [table.classes.of[end] for end in ends]
        first = _Unit(ref, of_class[0], len(ends) > 1 or ends[0].replicated)
        if all(_alike(table, first, c) for c in dict.fromkeys(of_class[1:])):
            units.append(first)
        else:
            split.append(ref)
            pods = zip(ends, of_class, strict=True)
            units += [_Unit(WorkloadRef("Pod", e.namespace, e.name), c, e.replicated) for e, c in pods]
    return sorted(units, key=lambda u: (u.ref.namespace, u.ref.name, u.ref.kind)), sorted(split)


def _alike(table: _Table, unit: _Unit, c: int) -> bool:
    """Whether a class may talk to all others, and to the outside, exactly as that of a unit does."""
    ours = unit.of_class
    if c == ours:
        return True
    theirs = unit._replace(of_class=c)
    return (
        table.row(ours) == table.row(c)
        and all(table.pair(d, ours) == table.pair(d, c) for d in range(len(table.classes)))
        and all(list(table.outside(unit, d)) == list(table.outside(theirs, d)) for d in Direction)
    )
