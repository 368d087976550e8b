"""From a formula to rows: everything that differs between two classes, as sets of addresses and traffic with a reading.

Each row says under which reading its flows differ, and names the one with the fewest deviations from the default. Every flow
that differs under some reading is in a row.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from npverify.analyses.blocks import blocks
from npverify.analyses.equiv_formulas import Formula
from npverify.analyses.equiv_search import Found, Search, one
from npverify.analyses.flow_cells import FlowCells, readings
from npverify.analyses.packet_cells import Range, Traffic
from npverify.inventory.addresses import EVERYTHING, FAMILIES, Address, Family, Prefix
from npverify.inventory.model import EXTERNAL
from npverify.normal.predicates import TRUE, Pred, Side, and_, not_
from npverify.reduction.readings import Packet, at_packet
from npverify.smt.solver import UndecidedError

MOST_READINGS = 20_000
_SIDES = (Side.SRC, Side.DST, Side.VIP)

Blocks = tuple[Prefix, ...]
Where = tuple[Blocks, Blocks, Blocks]
"""The addresses of source, destination and Service: of the outside which they are, else () where any will do."""


class Row(NamedTuple):
    """Flows that one side alone allows. `family` is 0 where it is both or plain from the addresses; `depends` names what
    would make a difference for some of them, as far as somebody looked for it."""

    where: Where
    traffic: tuple[Traffic, ...]
    allowed_by: str
    family: int
    reading: tuple[tuple[str, str], ...]
    depends: tuple[str, ...] = ()


class Part(NamedTuple):
    """Flows (a set of cells) for which a predicate is true under a reading; `depends` as in `Row`."""

    reading: dict[str, str]
    flows: int
    depends: tuple[str, ...] = ()


Parting = Callable[[FlowCells, Pred, int], Iterator[Part]]
"""Parts the cells in which a predicate may be true, of those that are real, by a reading in which it is."""


class Rows:
    """Makes rows. Guards the memo, because many blocks have the same formulas."""

    def __init__(self, search: Search, parting: Parting | None = None) -> None:
        """`parting` is `by_reading` unless another is given."""
        self._search = search
        self._parting = parting or by_reading
        self._memo: dict[tuple[object, ...], tuple[Row, ...]] = {}

    def of(self, found: Found, formula: Formula) -> tuple[Row, ...]:
        """The rows of one formula; UndecidedError where it has more readings than can be looked at."""
        src, dst = (twin.either for twin in found.pair)
        known = tuple(id(self._search.book.known_to(end)) for end in (src, dst))
        ends = tuple((end.kind, end.address_known) for end in (src, dst))
        key = (formula.differs, formula.parts, one(found.pair, found.way), known, ends)
        rows = self._memo.get(key)
        if rows is None:
            outside = next((n for n, end in enumerate((src, dst)) if end is EXTERNAL), None)
            rows = tuple(_joined(self._of_families(found, formula), outside, self.families(found)))
            self._memo[key] = rows
        return rows

    def families(self, found: Found) -> frozenset[Family]:
        """The families in which there is such a flow, in one world at least."""
        src, dst = found.pair
        return frozenset(
            family
            for w, (a, b) in enumerate(zip(src.sides, dst.sides, strict=True))
            if a is not None and b is not None
            for family in FAMILIES
            if at_packet(self._search.families(w, a, b), Packet(family, "TCP", 1)) is TRUE
        )

    def _of_families(self, found: Found, formula: Formula) -> Iterator[Row]:
        passes = and_(*formula.parts[0])
        wanted = {"left": and_(formula.differs, passes), "right": and_(formula.differs, not_(passes))}
        for family in FAMILIES:
            cells = FlowCells(list(wanted.values()), family, one=found.way.hows[0].same)
            real = self.real(found, cells)
            for allowed_by, pred in wanted.items():
                for part in self._parting(cells, pred, real):
                    for addresses, traffic in cells.rectangles(part.flows):
                        where = tuple(self._blocks(found, cells, real, side, addresses.get(side)) for side in _SIDES)
                        named = tuple(sorted(part.reading.items()))
                        yield Row((where[0], where[1], where[2]), traffic, allowed_by, family, named, part.depends)

    def real(self, found: Found, cells: FlowCells) -> int:
        """The cells in which a flow may be: no address is somebody else's, and two endpoints have two."""
        real = cells.all
        taken = self._search.taken(found.pair)
        for side in cells.sides:
            if side in taken:
                known = self._search.book.known_to(found.pair[0 if side is Side.SRC else 1].either)
                for n, (first, last) in enumerate(cells.ranges[side]):
                    if known.next_free(Address(cells.family, first)).value > last:
                        real &= ~cells.at(side, n)
        if one(found.pair, found.way) is False and Side.SRC in cells.sides and Side.DST in cells.sides:
            there = {r: n for n, r in enumerate(cells.ranges[Side.DST])}
            for n, (first, last) in enumerate(cells.ranges[Side.SRC]):
                if first == last and (first, last) in there:
                    real &= ~(cells.at(Side.SRC, n) & cells.at(Side.DST, there[first, last]))
        return real

    def _blocks(
        self, found: Found, cells: FlowCells, real: int, side: Side, ranges: tuple[Range, ...] | None
    ) -> Blocks:
        outside = side is not Side.VIP and found.pair[0 if side is Side.SRC else 1].either is EXTERNAL
        if ranges is None:
            return (EVERYTHING[cells.family],) if outside else ()
        if not outside:
            may = cells.of(self._search.domain(found.pair, found.way, side), {}) & real
            if all(r in ranges or not cells.at(side, n) & may for n, r in enumerate(cells.ranges[side])):
                return ()
        return blocks(cells.family, ranges)


def by_reading(cells: FlowCells, pred: Pred, real: int) -> Iterator[Part]:
    """The flows for which a predicate is true under some reading, each with the first such reading."""
    left = cells.possible(pred) & real
    if not left:
        return
    for number, reading in enumerate(readings((pred,))):
        if number == MOST_READINGS:
            raise UndecidedError(f"more than {MOST_READINGS} readings would have to be looked at")
        if flows := cells.of(pred, reading) & left:
            yield Part(reading, flows)
            left &= ~flows
            if not left:
                return


def _joined(rows: Iterable[Row], outside: int | None, families: frozenset[Family]) -> Iterator[Row]:
    """Rows that differ in family or outside addresses alone, as one; `outside` is which of the three addresses that is.

    The family is named where nothing else tells it.
    """
    found: dict[Row, list[Row]] = {}
    for row in rows:
        where = tuple(() if n == outside else blocks_ for n, blocks_ in enumerate(row.where))
        found.setdefault(row._replace(where=(where[0], where[1], where[2]), family=0), []).append(row)
    for bare, alike in found.items():
        if outside is not None:
            ranges = [(p.family, (p.first, p.last)) for row in alike for p in row.where[outside]]
            joined = tuple(p for f in FAMILIES for p in blocks(f, (r for of, r in ranges if of == f)))
            where = tuple(joined if n == outside else blocks_ for n, blocks_ in enumerate(bare.where))
            yield bare._replace(where=(where[0], where[1], where[2]))
        else:
            plain = any(bare.where) or {row.family for row in alike} == families
            yield bare if plain else alike[0]
