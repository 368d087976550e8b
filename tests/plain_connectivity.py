"""The plain way to all pairs: one residual formula and one set of 65,535 ports for each pair of classes, nothing grouped.

It shares with `npverify.analyses.connectivity` the classes and the judgement of `reduction.residuals`, but not its tables. It is
slow, and is here to be compared with.
"""

from __future__ import annotations

from npverify.analyses.blocks import blocks, cells, prefixes_of
from npverify.analyses.evaluate import evaluator
from npverify.analyses.flows import families_of, known_address
from npverify.analyses.results import Connection, Ports
from npverify.analyses.world import World
from npverify.inventory.addresses import FAMILIES, Address, Family, Prefix
from npverify.inventory.model import EXTERNAL, Endpoint, WorkloadRef
from npverify.normal.flow import EPHEMERAL, PORT_PROTOCOLS
from npverify.normal.policy import Direction
from npverify.normal.predicates import (
    AddressIn,
    And,
    Const,
    IcmpIs,
    Not,
    Or,
    PortIn,
    Pred,
    ProtocolIs,
    Side,
    UnknownIn,
)
from npverify.reduction.residuals import Residuals

WIDTH = 1 << 16
ALL = sum(((1 << WIDTH) - 2) << (WIDTH * i) for i in range(3))
Allowed = tuple[Ports, ...]


def packets(pred: Pred, src: Address | None, dst: Address | None) -> int:
    """Bit `i * 65536 + port` for each packet that a residual is true of, between two addresses."""
    match pred:
        case Const(value):
            return ALL if value else 0
        case Not(body):
            return ALL & ~packets(body, src, dst)
        case And(parts):
            found = ALL
            for part in parts:
                found &= packets(part, src, dst)
            return found
        case Or(parts):
            found = 0
            for part in parts:
                found |= packets(part, src, dst)
            return found
        case AddressIn(side, prefix):
            address = src if side is Side.SRC else dst
            return ALL if address is not None and prefix.contains(address) else 0
        case UnknownIn(unknown, values):
            return ALL if unknown.default in values else 0
        case ProtocolIs(names):
            chosen = [i for i, name in enumerate(PORT_PROTOCOLS) if name in names]
            return ALL & sum(((1 << WIDTH) - 1) << (WIDTH * i) for i in chosen)
        case PortIn(first, last, Side.SRC):
            return ALL if first <= EPHEMERAL <= last else 0
        case PortIn(first, last):
            return ALL & sum(((1 << (last + 1)) - (1 << first)) << (WIDTH * i) for i in range(3))
        case IcmpIs():
            return 0
    raise AssertionError(pred)


def ports(of: int) -> Allowed:
    """The same as ranges of ports per protocol."""
    found = []
    for i, protocol in enumerate(PORT_PROTOCOLS):
        text = f"{of >> (WIDTH * i) & ((1 << WIDTH) - 1):0{WIDTH}b}"[::-1] + "0"
        ranges = []
        at = text.find("1")
        while at >= 0:
            end = text.find("0", at)
            ranges.append((at, end - 1))
            at = text.find("1", end)
        if ranges:
            found.append(Ports(protocol, tuple(ranges)))
    return tuple(found)


class Plain:
    """Every pair of classes, asked one by one."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.residuals = Residuals(world.inventory, world.policies)
        self.classes = self.residuals.classes
        self._memo: dict[object, object] = {}

    def addresses(self, end: Endpoint) -> dict[Family, Address | None]:
        """Per family that a pod can use its address or what stands for it."""
        usable = families_of(end, self.world.inventory.families) if end.is_pod else set()
        it = evaluator(self.world)
        return {f: known_address(end, f) or it.representative(end, f) for f in FAMILIES if f in usable}

    def left(self, direction: Direction, c: int, peer: int) -> Pred:
        """The residual of a direction that is judged at `c`."""
        end = self.classes.representative(c)
        groups = self.residuals.groups(direction, self.residuals.signature(direction, c), end)
        return next(group.residual for group in groups if group.peers >> peer & 1)

    def pair(self, c: int, d: int) -> Allowed:
        """What class `c` may send to class `d`, over any family that both have."""
        here, there = (self.addresses(self.classes.representative(x)) for x in (c, d))
        common = [f for f in here if f in there]
        if not common:
            return ()
        both = (self.left(Direction.EGRESS, c, d), self.left(Direction.INGRESS, d, c))
        key = (*both, *((here[f], there[f]) for f in common))
        if key not in self._memo:
            passing = 0
            for f in common:
                egress, ingress = (packets(left, here[f], there[f]) for left in both)
                passing |= egress & ingress
            self._memo[key] = ports(passing)
        return self._memo[key]  # type: ignore[return-value]

    def outside(self, c: int, direction: Direction) -> dict[Prefix, Allowed]:
        """What may pass between a class and outside addresses."""
        left = self.left(direction, c, self.classes.of[EXTERNAL])
        found: dict[Prefix, Allowed] = {}
        for family, own in self.addresses(self.classes.representative(c)).items():
            ranges: dict[Allowed, list[tuple[int, int]]] = {}
            for cell in cells(family, prefixes_of([left])):
                there = Address(family, cell.first)
                ends = (own, there) if direction is Direction.EGRESS else (there, own)
                ranges.setdefault(ports(packets(left, *ends)), []).append((cell.first, cell.last))
            unsorted = {b: allowed for allowed, of in ranges.items() if allowed for b in blocks(family, of)}
            found |= dict(sorted(unsorted.items()))
        return found

    def alike(self, c: int, d: int) -> bool:
        """Whether two classes may talk to everybody alike."""
        everyone = range(len(self.classes))
        return (
            all(self.pair(c, x) == self.pair(d, x) and self.pair(x, c) == self.pair(x, d) for x in everyone)
            and all(list(self.outside(c, way).items()) == list(self.outside(d, way).items()) for way in Direction)
        )  # fmt: skip


def plain_connectivity(world: World) -> tuple[tuple[Connection, ...], list[WorkloadRef]]:
    """Every connection in order, and the workloads that are split."""
    it = Plain(world)
    members: dict[WorkloadRef, list[Endpoint]] = {}
    for end in world.inventory.pods:
        members.setdefault(end.workload or WorkloadRef("Pod", end.namespace, end.name), []).append(end)
    units: list[tuple[WorkloadRef, int, bool]] = []
    split = []
    for ref, ends in members.items():
        of_class = [it.classes.of[end] for end in ends]
        if all(it.alike(of_class[0], c) for c in of_class):
            units.append((ref, of_class[0], len(ends) > 1 or ends[0].replicated))
        else:
            split.append(ref)
            units += [
                (WorkloadRef("Pod", e.namespace, e.name), c, e.replicated) for e, c in zip(ends, of_class, strict=True)
            ]
    units.sort(key=lambda u: (u[0].namespace, u[0].name, u[0].kind))
    found = []
    for ref, c, several in units:
        to = [(other[0], it.pair(c, other[1])) for other in units if other[0] != ref or several]
        found += [Connection(ref, dst, allowed) for dst, allowed in to if allowed]
        found += [Connection(ref, block, allowed) for block, allowed in it.outside(c, Direction.EGRESS).items()]
    inbound = [(block, ref, of) for ref, c, _ in units for block, of in it.outside(c, Direction.INGRESS).items()]
    found += [Connection(block, ref, of) for block, ref, of in sorted(inbound, key=lambda row: row[0])]
    return tuple(found), sorted(split)
