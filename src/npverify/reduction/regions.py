"""Sets of packets in one form for each set: what terms, of which any is enough, allow of flows of some address families.

A region is cut along one field after the other: destination port, source port, address of the source, address of the
destination. Along each, neighbours with the same rest are joined, so two unions of terms that cut a field in other places have
one form. What is no interval of such a field (an unknown, an ICMP type, the virtual address of a Service) stays a condition
beside; of conditions the form only knows that more of them are stricter. Equal forms are equal sets; the reverse holds but for
conditions. Not trusted: a test holds the form against the oracle.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from functools import cache
from typing import NamedTuple

from npverify.inventory.addresses import BITS, Family
from npverify.normal.flow import PORT_PROTOCOLS, PROTOCOLS
from npverify.normal.predicates import AddressIn, IcmpIs, Not, PortIn, Pred, ProtocolIs, Side

Term = frozenset[Pred]
"""Predicates that must all hold."""

Intervals = tuple[tuple[int, int], ...]
"""Disjoint ranges, first and last, ascending, with gaps between."""

Cuts = tuple[tuple[int, int, object], ...]
"""Ranges of one field, first and last, ascending, each with the cuts along the next field (along the last one None)."""

Region = frozenset[tuple[Term, Family, str, Cuts]]
"""By conditions that stay, address family and protocol (OTHER: any that is not named), what is left of the other fields. The
names that count beyond `PROTOCOLS` are an entry of their own."""

OTHER = ""
_PORTS: Intervals = ((1, 65535),)
_NO_PORT: Intervals = ((0, 0),)


class _Box(NamedTuple):
    """The packets of one term: intervals of both ports and both addresses."""

    port: Intervals
    src_port: Intervals
    src: Intervals
    dst: Intervals


class _Parts(NamedTuple):
    """A term by what its parts are about: protocols of which it must be one, and must not be; intervals; the rest."""

    among: frozenset[str] | None
    without: frozenset[str]
    intervals: tuple[PortIn | AddressIn, ...]
    gaps: tuple[PortIn | AddressIn, ...]
    conditions: Term


Memo = dict[tuple[frozenset["_Box"], int], Cuts]
"""What unions of boxes are along the fields from one on."""


def region(terms: Iterable[Term], families: Collection[Family], memo: Memo | None = None) -> Region:
    """The packets for which one of the terms holds, of flows of these families. `memo` may be shared by many regions."""
    memo = {} if memo is None else memo
    parted = [_parted(term) for term in terms]
    named = {name for parts in parted for name in (*(parts.among or ()), *parts.without)}
    extra = sorted(named - set(PROTOCOLS))
    boxes: dict[tuple[Family, str], dict[Term, set[_Box]]] = {}
    for parts in parted:
        for family in families:
            ported, bare = (_box(parts, family, ports=ports) for ports in (True, False))
            for protocol in (*PROTOCOLS, *extra, OTHER):
                box = ported if protocol in PORT_PROTOCOLS else bare
                if box is None or protocol in parts.without:
                    continue
                if parts.among is None or protocol in parts.among:
                    boxes.setdefault((family, protocol), {}).setdefault(parts.conditions, set()).add(box)
    found: set[tuple[Term, Family, str, Cuts]] = {
        (conditions, family, protocol, cuts)
        for (family, protocol), by in boxes.items()
        for conditions, cuts in _saturated(by, memo)
    }
    if extra:
        found.add((frozenset(), 4, " ".join((OTHER, *extra)), ()))
    return frozenset(found)


@cache
def _parted(term: Term) -> _Parts:
    among: frozenset[str] | None = None
    without: frozenset[str] = frozenset()
    intervals: list[PortIn | AddressIn] = []
    gaps: list[PortIn | AddressIn] = []
    conditions: set[Pred] = set()
    for part in term:
        atom = part.body if isinstance(part, Not) else part
        if isinstance(atom, ProtocolIs):
            if atom is not part:
                without |= set(atom.names)
            else:
                among = frozenset(atom.names) if among is None else among & set(atom.names)
        elif isinstance(atom, PortIn) or (isinstance(atom, AddressIn) and atom.side is not Side.VIP):
            (intervals if atom is part else gaps).append(atom)
        else:
            conditions.add(part)
            if isinstance(part, IcmpIs):
                among = frozenset({"ICMP"}) if among is None else among & {"ICMP"}
    return _Parts(among, without, tuple(intervals), tuple(gaps), frozenset(conditions))


@cache
def _box(parts: _Parts, family: Family, *, ports: bool) -> _Box | None:
    """The packets of a term with that family, of protocols with ports or without; None if there are none."""
    numbers = _PORTS if ports else _NO_PORT
    addresses: Intervals = ((0, (1 << BITS[family]) - 1),)
    fields = {("port", Side.DST): numbers, ("port", Side.SRC): numbers}
    fields |= {("address", Side.SRC): addresses, ("address", Side.DST): addresses}
    for atom in parts.intervals:
        key, span = _span(atom, family, ports=ports)
        fields[key] = _common(fields[key], span)
    for atom in parts.gaps:
        key, span = _span(atom, family, ports=ports)
        fields[key] = _outside(fields[key], span)
    box = _Box(*fields.values())
    return box if all(box) else None


def _span(atom: PortIn | AddressIn, family: Family, *, ports: bool) -> tuple[tuple[str, Side], Intervals]:
    """The field that an atom looks at, and its values there; none for packets that lack them."""
    if isinstance(atom, PortIn):
        return ("port", atom.side), ((atom.first, atom.last),) if ports else ()
    span = ((atom.prefix.first, atom.prefix.last),) if atom.prefix.family == family else ()
    return ("address", atom.side), span


def _common(some: Intervals, others: Intervals) -> Intervals:
    pairs = ((max(a, c), min(b, d)) for a, b in some for c, d in others)
    return tuple((first, last) for first, last in pairs if first <= last)


def _outside(some: Intervals, others: Intervals) -> Intervals:
    for first, last in others:
        cut = ((range_, (min(range_[1], first - 1), max(range_[0], last + 1))) for range_ in some)
        both = (pair for (a, b), (end, start) in cut for pair in ((a, end), (start, b)))
        some = tuple((a, b) for a, b in both if a <= b)
    return some


def _saturated(by: dict[Term, set[_Box]], memo: Memo) -> Iterator[tuple[Term, Cuts]]:
    """For each set of conditions what they allow with all that fewer conditions do; nothing where that is no more."""
    for conditions, boxes in by.items():
        fewer = {box for other, those in by.items() if other < conditions for box in those}
        cuts = _cut(frozenset(boxes | fewer), 0, memo)
        if not fewer or cuts != _cut(frozenset(fewer), 0, memo):
            yield conditions, cuts


def _cut(boxes: frozenset[_Box], field: int, memo: Memo) -> Cuts:
    """A union of boxes along the fields from one on."""
    key = (boxes, field)
    found = memo.get(key)
    if found is not None:
        return found
    last_field = field == len(_Box._fields) - 1
    spans = {box[field] for box in boxes}
    if len(spans) == 1:  # as it is with most fields
        (span,) = spans
        rest = None if last_field else _cut(boxes, field + 1, memo)
        memo[key] = found = tuple((first, last, rest) for first, last in span)
        return found
    ranges = [(first, last, box) for box in boxes for first, last in box[field]]
    starts = sorted({first for first, _, _ in ranges} | {last + 1 for _, last, _ in ranges})
    at = {start: n for n, start in enumerate(starts)}
    inside: list[set[_Box]] = [set() for _ in starts]
    for first, last, box in ranges:
        for n in range(at[first], at[last + 1]):
            inside[n].add(box)
    cuts: list[tuple[int, int, object]] = []
    for n, some in enumerate(inside):
        if not some:
            continue
        rest = None if last_field else _cut(frozenset(some), field + 1, memo)
        first, last = starts[n], starts[n + 1] - 1
        if cuts and cuts[-1][1] == first - 1 and cuts[-1][2] == rest:
            first = cuts.pop()[0]
        cuts.append((first, last, rest))
    memo[key] = found = tuple(cuts)
    return found
