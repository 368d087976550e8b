"""From a block of pairs to the formulas that are true of exactly the flows which the two sides judge differently.

A variable of the packet is one for both worlds, and so is the address of an endpoint of which both know the same, and an unknown
that both define alike. What they do not share is each world's own: its addresses are tried one by one, one for each cell that
its residuals tell apart; an unknown gets another name.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import NamedTuple

from npverify.analyses.equiv_ways import Through, Way
from npverify.analyses.known_addresses import AddressBook
from npverify.analyses.world import World
from npverify.inventory.addresses import EVERYTHING, FAMILIES, Address, Family
from npverify.inventory.model import EXTERNAL, Endpoint
from npverify.inventory.unknowns import Reading
from npverify.normal.predicates import (
    FALSE,
    TRUE,
    Pred,
    Side,
    UnknownIn,
    address_in,
    and_,
    atoms_of,
    not_,
    or_,
    substitute,
    unknown_in,
)
from npverify.reduction.compare import Block
from npverify.reduction.partial import Circumstance
from npverify.reduction.premises import Premises, families_between, looked_at
from npverify.reduction.readings import at_address
from npverify.reduction.residuals import Residuals, host_network
from npverify.reduction.twin_pairs import Pair

Own = Mapping[tuple[int, Side], Address]
"""Addresses that one world alone gives an end: by the number of the world and the side of the flow."""

SIDES = ("left", "right")
_MARKS = (" on the left", " on the right")


@dataclass(frozen=True, slots=True, eq=False)
class Formula:
    """The flows between two classes that differ, for one choice of own addresses.

    `parts`  for each world, what must all hold for it to let a flow pass
    """

    differs: Pred
    parts: tuple[tuple[Pred, ...], tuple[Pred, ...]]
    own: Own


class _Meeting(NamedTuple):
    """Two ends in one world."""

    w: int
    src: Endpoint
    dst: Endpoint
    how: Circumstance

    def end(self, side: Side) -> Endpoint:
        return self.src if side is Side.SRC else self.dst


class Formulas:
    """Makes formulas over two worlds. Guards the memos of their premises."""

    def __init__(self, worlds: tuple[World, World], residuals: tuple[Residuals, Residuals]) -> None:
        self.premises = (Premises(worlds[0].inventory, residuals[0]), Premises(worlds[1].inventory, residuals[1]))
        self._books = (AddressBook(worlds[0].inventory), AddressBook(worlds[1].inventory))

    def of(self, block: Block, pair: Pair, way: Way, through: Through | None, arrives: Pred) -> Iterator[Formula]:
        """The formulas of two classes, of which `pair` stands for all; some flow differs if one of them can be true."""
        meetings = [
            None if src is None or dst is None else _Meeting(w, src, dst, way.hows[w])
            for w, (src, dst) in enumerate(zip(pair[0].sides, pair[1].sides, strict=True))
        ]
        shared = _shared(pair, through)
        settled = [list(self._settled(m, block, shared)) for m in meetings]
        between = and_(*(families_between(m.how) for m in meetings if m is not None))
        apart = [TRUE if m is None else self.premises[m.w].apart(m.src, m.dst, m.how) for m in meetings]
        for (family, here, own), (other, there, others) in product(*settled):
            if None not in (family, other) and family != other:
                continue
            (apart_left, *left), (apart_right, *right) = _named_apart((apart[0], *here), (apart[1], *there))
            of_family = [address_in(Side.SRC, EVERYTHING[f]) for f in (family, other) if f is not None]
            differs = and_(*of_family, between, apart_left, apart_right, arrives, _differ(left, right))
            if differs is not FALSE:
                looked = looked_at(differs) & shared
                domains = (self.domain(pair, way, side) for side in Side if side in looked)
                yield Formula(and_(differs, *domains), (tuple(left), tuple(right)), {**own, **others})

    def domain(self, pair: Pair, way: Way, side: Side) -> Pred:
        """Which addresses an end, or a Service, may have whose address is one for both worlds: outside, those that are
        outside in both; else those that it may have in one of them, which in the other it may not have only for want of the
        family."""
        if side is Side.VIP:
            ends = [(pair[0].sides[w], pair[1].sides[w]) for w in (0, 1)]
            return and_(
                *(
                    self.premises[w].domains((side,), src, dst, way.hows[w])
                    for w, (src, dst) in enumerate(ends)
                    if src is not None and dst is not None
                )
            )
        twin = pair[0 if side is Side.SRC else 1]
        domains = [self.premises[w].domain(end, side) for w, end in enumerate(twin.sides) if end is not None]
        return and_(*domains) if twin.left is EXTERNAL else or_(*domains)

    def _settled(
        self, m: _Meeting | None, block: Block, shared: frozenset[Side]
    ) -> Iterator[tuple[Family | None, tuple[Pred, ...], Own]]:
        """What must hold for a flow to pass in one world, for each choice of the addresses that are its own, and the
        family of those."""
        if m is None:
            yield None, (FALSE,), {}
            return
        parts = (self.premises[m.w].families(m.src, m.dst), block.egress[m.w], block.ingress[m.w])
        looked = frozenset(s for part in parts for s in looked_at(part)) - shared
        ends = [(Side.SRC, Side.DST)] if m.how.same else [(Side.SRC,), (Side.DST,)]
        own = [sides for sides in (*ends, (Side.VIP,)) if looked.intersection(sides)]
        if not own:
            yield None, parts, {}
            return
        for family in FAMILIES:
            chosen = list(self._choose(m, family, parts, own, {}))
            yield from ((family, at, addresses) for at, addresses in chosen or [((FALSE,), {})])

    def _choose(
        self, m: _Meeting, family: Family, parts: tuple[Pred, ...], own: Sequence[tuple[Side, ...]], chosen: Own
    ) -> Iterator[tuple[tuple[Pred, ...], Own]]:
        if not own:
            yield parts, chosen
            return
        sides, *rest = own
        for address in self._candidates(m, sides[0], family, parts, chosen):
            at = parts
            for side in sides:
                at = tuple(at_address(part, side, address) for part in at)
            yield from self._choose(m, family, at, rest, {**chosen, **{(m.w, side): address for side in sides}})

    def _candidates(
        self, m: _Meeting, side: Side, family: Family, parts: Sequence[Pred], chosen: Own
    ) -> Iterable[Address]:
        """One address of a family for each cell in which the end on a side may have one."""
        book = self._books[m.w]
        if side is Side.VIP and m.how.via is not None and m.how.via.known:
            return [a for a in m.how.via.addresses if a.family == family]
        domain = self.premises[m.w].domains((side,), m.src, m.dst, m.how)
        if side is Side.VIP:
            return book.known_to(EXTERNAL).in_cells(domain, side, family, parts)
        apart = not m.how.same and not (host_network(m.src) and host_network(m.dst))
        other = chosen.get((m.w, side.other)) if apart else None
        return book.candidates(m.end(side), domain, side, family, parts, other)


def _shared(pair: Pair, through: Through | None) -> frozenset[Side]:
    """The sides whose address is one and the same in both worlds."""
    one = (pair[0].one_address, pair[1].one_address, through is None or _one_virtual(through))
    return frozenset(side for side, shared in zip((Side.SRC, Side.DST, Side.VIP), one, strict=True) if shared)


def _one_virtual(through: Through) -> bool:
    left, right = (hop.service for hop in through.hops)
    return left.vip_known == right.vip_known and set(left.vips) == set(right.vips)


def _differ(left: Sequence[Pred], right: Sequence[Pred]) -> Pred:
    """Where all of one side hold and not all of the other; what stands on both sides is asked once."""
    common = [part for part in left if part in right]
    one, other = (and_(*(part for part in parts if part not in common)) for parts in (left, right))
    return and_(*common, or_(and_(one, not_(other)), and_(not_(one), other)))


def _named_apart(left: Sequence[Pred], right: Sequence[Pred]) -> tuple[list[Pred], list[Pred]]:
    """The same predicates, with another name in each world for unknowns that the two define differently."""
    here, there = (
        {a.unknown.name: a.unknown for part in parts for a in atoms_of(part) if isinstance(a, UnknownIn)}
        for parts in (left, right)
    )
    clashes = {name for name, unknown in here.items() if there.get(name, unknown) != unknown}
    if not clashes:
        return list(left), list(right)

    def renamed(parts: Sequence[Pred], mark: str) -> list[Pred]:
        def settle(atom: Pred) -> Pred:
            if not isinstance(atom, UnknownIn) or atom.unknown.name not in clashes:
                return atom
            return unknown_in(replace(atom.unknown, name=atom.unknown.name + mark), *atom.values)

        return [substitute(part, settle) for part in parts]

    return renamed(left, _MARKS[0]), renamed(right, _MARKS[1])


def reading_of(w: int, reading: Reading) -> dict[str, str]:
    """What a reading of both worlds says in one of them."""
    mine, other = _MARKS[w], _MARKS[1 - w]
    return {name.removesuffix(mine): value for name, value in reading.items() if not name.endswith(other)}
