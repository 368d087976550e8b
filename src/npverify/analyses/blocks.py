"""Addresses by blocks: the cells that mentioned prefixes cut the address space into, and what stands for an unknown one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from npverify.inventory.addresses import BITS, EVERYTHING, NEVER_A_POD, Address, Family, Prefix
from npverify.normal.policy import Direction, PolicySet
from npverify.normal.predicates import AddressIn, Pred, atoms_of


class Cell(NamedTuple):
    """Addresses of one family that no mentioned prefix tells apart; both ends included. `inside` counts the prefixes."""

    first: int
    last: int
    inside: int


def cells(family: Family, prefixes: Iterable[Prefix], limits: Iterable[Prefix] = ()) -> tuple[Cell, ...]:
    """The cells of the whole space of a family, ascending; `limits` cut as well but are not counted."""
    change: dict[int, int] = {0: 0}
    weighed = [(p, 1) for p in dict.fromkeys(prefixes)] + [(p, 0) for p in limits]
    for prefix, weight in weighed:
        if prefix.family == family:
            change[prefix.first] = change.get(prefix.first, 0) + weight
            change[prefix.last + 1] = change.get(prefix.last + 1, 0) - weight
    end = 1 << BITS[family]
    starts = sorted(s for s in change if s < end)
    found = []
    inside = 0
    for start, following in zip(starts, [*starts[1:], end], strict=True):
        inside += change[start]
        found.append(Cell(start, following - 1, inside))
    return tuple(found)


def possible(family: Family, prefixes: Iterable[Prefix], space: Iterable[Prefix] = ()) -> tuple[Cell, ...]:
    """The cells in which an unknown address may lie: inside `space` (anywhere if it has no block of the family), never
    where no pod or node can be. Each cell is cut down to what is possible in it, so it may appear in several parts."""
    limits = tuple(p for p in space if p.family == family) or (EVERYTHING[family],)
    return tuple(
        cell
        for cell in cells(family, prefixes, (*limits, *NEVER_A_POD))
        if _inside(cell, family, limits) and not _inside(cell, family, NEVER_A_POD)
    )


def representative(family: Family, prefixes: Iterable[Prefix], space: Iterable[Prefix] = ()) -> Address | None:
    """The address that stands for an unknown one by default: in the fewest mentioned prefixes, then the lowest."""
    found = possible(family, prefixes, space)
    return Address(family, min(found, key=lambda c: (c.inside, c.first)).first) if found else None


def blocks(family: Family, ranges: Iterable[tuple[int, int]]) -> tuple[Prefix, ...]:
    """The fewest prefixes that hold exactly the addresses of these ranges (both ends included), ascending."""
    found: list[Prefix] = []
    for first, last in _merged(ranges):
        at = first
        while at <= last:
            size = min(at & -at if at else 1 << BITS[family], 1 << ((last - at + 1).bit_length() - 1))
            found.append(Prefix(family, at, BITS[family] - size.bit_length() + 1))
            at += size
    return tuple(found)


def predicates(policies: PolicySet) -> Iterator[Pred]:
    """Every predicate of a policy set, in the order of the text; equal ones may come twice."""
    for direction in Direction:
        yield from policies.half(direction).predicates


def prefixes_of(preds: Iterable[Pred]) -> tuple[Prefix, ...]:
    """The prefixes that some of the predicates mention, sorted."""
    return tuple(sorted({a.prefix for p in dict.fromkeys(preds) for a in atoms_of(p) if isinstance(a, AddressIn)}))


def _merged(ranges: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    merged: list[tuple[int, int]] = []
    for first, last in sorted(ranges):
        if merged and first <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(merged[-1][1], last))
        else:
            merged.append((first, last))
    return merged


def _inside(cell: Cell, family: Family, prefixes: Iterable[Prefix]) -> bool:
    return any(p.family == family and p.first <= cell.first <= p.last for p in prefixes)
