"""The flows between two classes as cells that residuals cannot tell apart, and the set of cells for which a residual is true.

A cell is a cell of addresses for each side that a residual looks at, and a cell of packets. All of one family; a set of cells
is an integer. Unknowns are filled in by a reading.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import combinations, product
from typing import NamedTuple

from npverify.analyses.packet_cells import PacketCells, Range, Traffic
from npverify.ingest.source import InternalError
from npverify.inventory.addresses import BITS, Family
from npverify.inventory.unknowns import OTHER, Reading, Unknown
from npverify.normal.predicates import AddressIn, And, Const, Not, Or, Pred, Side, UnknownIn, atoms_of
from npverify.reduction.readings import cells

Choice = Mapping[Side, tuple[Range, ...]]
"""The addresses on each side that is looked at, as ranges of numbers."""


class Rectangle(NamedTuple):
    """Flows from any of some addresses to any of others by some traffic."""

    addresses: Choice
    traffic: tuple[Traffic, ...]


class FlowCells:
    """The cells of one family. Guards the memo of what does not depend on unknowns."""

    def __init__(self, preds: Sequence[Pred], family: Family, *, one: bool) -> None:
        """`one`: source and destination have one address."""
        self.family = family
        self.packets = PacketCells(preds)
        looked = {
            a.side
            for pred in preds
            for a in atoms_of(pred)
            if isinstance(a, AddressIn) and a.prefix.length > 0 and a.prefix.family == family
        }
        self._one = one
        sides = [Side.SRC, *([] if one else [Side.DST]), Side.VIP]
        self.sides = tuple(s for s in sides if s in looked or (one and s is Side.SRC and Side.DST in looked))
        self.ranges: dict[Side, list[Range]] = {side: self._cells(preds, side) for side in self.sides}
        self._stride: dict[Side, int] = {}
        size = len(self.packets)
        for side in reversed(self.sides):
            self._stride[side] = size
            size *= len(self.ranges[side])
        self._size = size
        self.all = (1 << size) - 1
        self._memo: dict[Pred, int] = {}

    def of(self, pred: Pred, reading: Reading) -> int:
        """The cells for which a predicate is true under a reading."""
        memo: dict[Pred, int] = {}

        def walk(at: Pred) -> int:
            found = self._memo.get(at)
            if found is None:
                found = memo.get(at)
            if found is None:
                found = self._evaluate(at, reading, walk)
                (memo if mentions_unknowns(at) else self._memo)[at] = found
            return found

        return walk(pred)

    def possible(self, pred: Pred) -> int:
        """Cells for which a predicate may be true under some reading; perhaps more, never fewer."""
        return self._may_be(pred, {})[0]

    def at(self, side: Side, n: int) -> int:
        """The cells in which the address of a side lies in its n-th range."""
        width = self._stride[side]
        return self._repeated(((1 << width) - 1) << n * width, width * len(self.ranges[side]))

    def rectangles(self, flows: int) -> Iterator[Rectangle]:
        """A set of cells as few rectangles, each flow in one of them."""
        for addresses, packets in self._parted(flows, self.sides):
            yield Rectangle(addresses, self.packets.traffic(packets))

    def _parted(self, flows: int, sides: Sequence[Side]) -> Iterator[tuple[Choice, int]]:
        """Cuts a set along its first side; equal slices are taken together, and cut along the next one."""
        if not flows:
            return
        if not sides:
            yield {}, flows
            return
        side, *rest = sides
        width = self._stride[side]
        slices: dict[int, list[Range]] = {}
        for n, cell in enumerate(self.ranges[side]):
            if part := flows >> n * width & (1 << width) - 1:
                slices.setdefault(part, []).append(cell)
        for part, ranges in slices.items():
            for addresses, packets in self._parted(part, rest):
                yield {side: tuple(ranges), **addresses}, packets

    def _cells(self, preds: Sequence[Pred], side: Side) -> list[Range]:
        found = cells(preds, side, self.family)
        if self._one and side is Side.SRC:
            both = {*(first for first, _ in found), *(first for first, _ in cells(preds, Side.DST, self.family))}
            starts = sorted(both)
            found = [(a, b - 1) for a, b in zip(starts, [*starts[1:], 1 << BITS[self.family]], strict=True)]
        return found

    def _evaluate(self, at: Pred, reading: Reading, walk: Callable[[Pred], int]) -> int:
        match at:
            case Const(value):
                return self.all if value else 0
            case Not(body):
                return self.all & ~walk(body)
            case And(parts):
                found = self.all
                for part in parts:
                    found &= walk(part)
                    if not found:
                        break
                return found
            case Or(parts):
                found = 0
                for part in parts:
                    found |= walk(part)
                return found
            case UnknownIn(unknown, values):
                return self.all if unknown.value_in(reading) in values else 0
        return self._atom(at)

    def _may_be(self, at: Pred, memo: dict[Pred, tuple[int, int]]) -> tuple[int, int]:
        """Where a predicate may be true, and where it may be false."""
        found = memo.get(at)
        if found is not None:
            return found
        if not mentions_unknowns(at):
            true = self.of(at, {})
            found = (true, self.all & ~true)
        elif isinstance(at, Not):
            true, false = self._may_be(at.body, memo)
            found = (false, true)
        elif isinstance(at, And | Or):
            parts = [self._may_be(part, memo) for part in at.parts]
            every, some = (0, 1) if isinstance(at, And) else (1, 0)
            both, any_ = self.all, 0
            for part in parts:
                both &= part[every]
                any_ |= part[some]
            found = (both, any_) if isinstance(at, And) else (any_, both)
        else:
            found = (self.all, self.all)
        memo[at] = found
        return found

    def _atom(self, atom: Pred) -> int:
        if isinstance(atom, AddressIn):
            if atom.prefix.family != self.family:
                return 0
            return self.all if atom.prefix.length == 0 else self._inside(atom)
        packets = self.packets.of(atom)
        if packets is None:
            raise InternalError(f"a residual still asks about an endpoint: {type(atom).__name__}")
        return self._repeated(packets, len(self.packets))

    def _inside(self, atom: AddressIn) -> int:
        side = Side.SRC if self._one and atom.side is Side.DST else atom.side
        width = self._stride[side]
        inside = 0
        for n, (first, last) in enumerate(self.ranges[side]):
            if atom.prefix.first <= first and last <= atom.prefix.last:
                inside |= ((1 << width) - 1) << n * width
        return self._repeated(inside, width * len(self.ranges[side]))

    def _repeated(self, pattern: int, width: int) -> int:
        return pattern * (self.all // ((1 << width) - 1))


def mentions_unknowns(pred: Pred) -> bool:
    """Whether a reading can change a predicate."""
    return any(isinstance(atom, UnknownIn) for atom in atoms_of(pred))


def readings(preds: Iterable[Pred]) -> Iterator[dict[str, str]]:
    """Every reading of the unknowns of some predicates that they can tell apart, by what is not at its default; those with
    the fewest deviations first."""
    values: dict[Unknown, dict[str, None]] = {}
    for atom in dict.fromkeys(atom for pred in preds for atom in atoms_of(pred)):
        if isinstance(atom, UnknownIn):
            known = values.setdefault(atom.unknown, dict.fromkeys(atom.unknown.values))
            if atom.unknown.open:
                known.update(dict.fromkeys((*atom.values, OTHER)))
    unknowns = sorted(values, key=lambda unknown: unknown.name)
    for count in range(len(unknowns) + 1):
        for chosen in combinations(unknowns, count):
            others = ([v for v in values[unknown] if v != unknown.default] for unknown in chosen)
            for choice in product(*others):
                yield {unknown.name: value for unknown, value in zip(chosen, choice, strict=True)}
