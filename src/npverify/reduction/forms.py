"""Numbers for sets of flows, one for each set: what rules allow together, however they are cut into policies, rules and peers.

What a predicate leaves open is a set of places on one line (the addresses of a peer; or protocols, with their destination ports)
for each case of all else that it looks at. A rule is a few rectangles, peers by packets. Their union is cut where some rule
begins or ends on the line of packets, and neighbours with the same peers are joined. Equal numbers are equal sets of flows; the
reverse holds but for packets that hang on more than their protocol and port. Not trusted: tests hold it against the oracle.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator
from itertools import product
from typing import NamedTuple

from npverify.inventory.addresses import BITS
from npverify.inventory.unknowns import Unknown
from npverify.normal.flow import PORT_PROTOCOLS, PROTOCOLS
from npverify.normal.predicates import (
    FALSE,
    TRUE,
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
    atoms_of,
    or_,
)
from npverify.reduction.bitsets import Parts
from npverify.reduction.shapes import Shapes
from npverify.reduction.twins import Twins

Spans = tuple[int, ...]
"""A set of places on a line: where it begins and ends in turn, ascending; the ends are outside of it."""

Rectangle = tuple[int, int]
"""Numbers of a set of peers and of a set of packets: all flows with these peers that are such packets."""

ALWAYS, NEVER = 0, 1
"""The numbers of all places of a line, and of none."""

_MOST_CASES = 64
"""A predicate that hangs on more cases besides its line has a number by its shape."""

_START = {4: 0, 6: 1 << BITS[4]}
_ADDRESSES = _START[6] + (1 << BITS[6])
_PORTS = 65535
_BARE = [name for name in PROTOCOLS if name not in PORT_PROTOCOLS]
_PORTLESS = len(PORT_PROTOCOLS) * _PORTS
_NUMBERED = _PORTLESS + len(_BARE)
_PACKETS = _NUMBERED + 256
_REST = "\0"
"""Stands for every value of an open unknown that is not mentioned."""


class _Case(NamedTuple):
    """What a predicate looks at besides its line: an unknown, or the shape of an atom; with the values that it may have."""

    about: Unknown | int
    values: tuple[str, ...]


class _Form(NamedTuple):
    """The places of a line by the cases that they hang on."""

    cases: tuple[_Case, ...]
    table: tuple[Spans, ...]


class Forms:
    """Guards the numbers, one table for two worlds. Of peers, only those count that are there and alike in both."""

    def __init__(self, twins: Twins, shapes: Shapes) -> None:
        self._twins = twins
        self._shapes = shapes
        self._among = twins.common & ~twins.unlike
        self._numbers: dict[Hashable, int] = {}
        self._lines: dict[tuple[Pred, Side | None], int] = {}
        self._first: list[tuple[Pred, Side | None]] = []
        self._spans: list[Spans | None] = []
        for pred in (TRUE, FALSE):
            self._line(pred, None)
        self._of_parts: dict[tuple[int, Side, int], int] = {}
        self._peers: list[tuple[tuple[int, int], ...]] = []
        self._peers_of: dict[tuple[tuple[int, int], ...], int] = {}
        self._unions: dict[frozenset[int], int] = {}
        self._wholes: dict[Hashable, int] = {}
        self._whole_of: dict[frozenset[Rectangle], int] = {}
        self.everything: Rectangle = (self._number({ALWAYS: self._among}), ALWAYS)

    def rectangles(self, peers: Parts, packets: Parts, peer: Side, w: int) -> Iterator[Rectangle]:
        """What a rule of world `w` matches whose peers, on the side `peer`, part so. Both partitions must be kept by who
        made them. None that is empty."""
        key = (id(peers), peer, w)
        whole = self._of_parts.get(key)
        if whole is None:
            whole = self._of_parts[key] = self._number(self._said(peers, peer, w))
        for classes, left in packets:
            packet = self._line(left, None)
            here = whole if len(packets) == 1 else self._within(whole, self._twins.joint(w, classes))
            if packet != NEVER and self._peers[here]:
                yield here, packet

    def whole(self, rectangles: frozenset[Rectangle]) -> int:
        """The number of what rectangles are together."""
        found = self._whole_of.get(rectangles)
        if found is None:
            found = self._whole_of[rectangles] = self._wholes.setdefault(self._cut(rectangles), len(self._wholes))
        return found

    def _cut(self, rectangles: Iterable[Rectangle]) -> Hashable:
        """From which place on which peers are meant, and beside it the peers of packets that are no places of the line."""
        by_packet: dict[int, set[int]] = {}
        for peers, packet in rectangles:
            by_packet.setdefault(packet, set()).add(peers)
        of = {packet: self._union(some) for packet, some in by_packet.items()}
        edges: dict[int, list[int]] = {}
        for packet in of:
            for at in self._spans[packet] or ():
                edges.setdefault(at, []).append(packet)
        inside: set[int] = set()
        cuts: list[tuple[int, int | None]] = []
        for at in sorted(edges):
            inside ^= set(edges[at])
            here = self._union({of[packet] for packet in inside}) if inside else None
            if not cuts or cuts[-1][1] != here:
                cuts.append((at, here))
        return tuple(cuts), frozenset((packet, some) for packet, some in of.items() if self._spans[packet] is None)

    def _union(self, some: Iterable[int]) -> int:
        """The number of a union of sets of peers."""
        each = frozenset(some)
        if len(each) == 1:
            return next(iter(each))
        found = self._unions.get(each)
        if found is None:
            always = 0
            others: list[tuple[int, int]] = []
            for number in each:
                for left, classes in self._peers[number]:
                    if left == ALWAYS:
                        always |= classes
                    else:
                        others.append((left, classes))
            said = {ALWAYS: always}
            parts: dict[frozenset[int], int] = {frozenset(): self._among & ~always}
            for left, classes in others:
                split: dict[frozenset[int], int] = {}
                for lefts, part in parts.items():
                    for now, here in ((lefts | {left}, part & classes), (lefts, part & ~classes)):
                        if here:
                            split[now] = split.get(now, 0) | here
                parts = split
            for lefts, part in parts.items():
                number = self._either(lefts)
                said[number] = said.get(number, 0) | part
            found = self._unions[each] = self._number(said)
        return found

    def _either(self, lefts: frozenset[int]) -> int:
        """The number of places where one of some predicates holds."""
        if len(lefts) < 2:
            return next(iter(lefts), NEVER)
        preds = (self._first[left] for left in sorted(lefts))
        return self._line(or_(*(pred for pred, _ in preds)), self._first[min(lefts)][1])

    def _within(self, number: int, classes: int) -> int:
        return self._number({left: here & classes for left, here in self._peers[number]})

    def _said(self, parts: Parts, peer: Side, w: int) -> dict[int, int]:
        """What is left of a predicate, by number, with the peers for which it is."""
        said: dict[int, int] = {}
        for classes, left in parts:
            if left is not FALSE and (both := self._twins.joint(w, classes) & self._among):
                number = self._line(left, peer)
                said[number] = said.get(number, 0) | both
        return said

    def _number(self, said: dict[int, int]) -> int:
        key = tuple(sorted((left, classes) for left, classes in said.items() if classes and left != NEVER))
        found = self._peers_of.setdefault(key, len(self._peers))
        if found == len(self._peers):
            self._peers.append(key)
        return found

    def _line(self, pred: Pred, side: Side | None) -> int:
        """The number of a predicate on the line of the addresses of a side, or of packets where there is none."""
        found = self._lines.get((pred, side))
        if found is None:
            found = self._lines[pred, side] = self._number_of(pred, side)
        return found

    def _number_of(self, pred: Pred, side: Side | None) -> int:
        form = _form(pred, side, self._shapes)
        size = _PACKETS if side is None else _ADDRESSES
        plain = form.table[0] if form is not None and not form.cases else None
        if plain == (0, size) and self._first:
            return ALWAYS
        if plain == () and len(self._first) > NEVER:
            return NEVER
        found = self._numbers.setdefault((side, form or self._shapes.number(pred)), len(self._first))
        if found == len(self._first):
            self._first.append((pred, side))
            self._spans.append(plain)
        return found


def _form(pred: Pred, side: Side | None, shapes: Shapes) -> _Form | None:
    """The one form of a predicate on a line; None where it hangs on too many cases."""
    cases = _cases(pred, side, shapes)
    count = 1
    for case in cases:
        count *= len(case.values)
        if count > _MOST_CASES:
            return None
    table = {
        values: _places(pred, side, dict(zip((case.about for case in cases), values, strict=True)), shapes)
        for values in product(*(case.values for case in cases))
    }
    for n in reversed(range(len(cases))):
        first = cases[n].values[0]
        if all(spans == table[(*values[:n], first, *values[n + 1 :])] for values, spans in table.items()):
            table = {(*v[:n], *v[n + 1 :]): spans for v, spans in table.items() if v[n] == first}
            cases = (*cases[:n], *cases[n + 1 :])
    return _Form(cases, tuple(table.values()))


def _cases(pred: Pred, side: Side | None, shapes: Shapes) -> tuple[_Case, ...]:
    """What a predicate looks at besides its line, in an order that does not hang on how it is written."""
    mentioned: dict[Unknown, set[str]] = {}
    others: set[int] = set()
    for atom in atoms_of(pred):
        if isinstance(atom, UnknownIn):
            mentioned.setdefault(atom.unknown, set()).update(atom.values)
        elif isinstance(atom, IcmpIs) or _on_line(atom, side) is None:
            others.add(shapes.number(atom))
    unknowns = sorted(mentioned, key=lambda u: (u.name, u.values))
    cases = [_Case(u, (*sorted(mentioned[u]), _REST) if u.open else u.values) for u in unknowns]
    return (*cases, *(_Case(number, ("false", "true")) for number in sorted(others)))


def _places(pred: Pred, side: Side | None, given: dict[Unknown | int, str], shapes: Shapes) -> Spans:
    """The places of a line where a predicate holds in one case."""
    size = _PACKETS if side is None else _ADDRESSES
    if isinstance(pred, Const):
        return (0, size) if pred.value else ()
    if isinstance(pred, Not):
        return _complement(_places(pred.body, side, given, shapes), size)
    if isinstance(pred, Or):
        return _joined(_places(part, side, given, shapes) for part in pred.parts)
    if isinstance(pred, And):
        return _complement(
            _joined(_complement(_places(part, side, given, shapes), size) for part in pred.parts), size
        )
    if isinstance(pred, UnknownIn):
        return (0, size) if given[pred.unknown] in pred.values else ()
    spans = _on_line(pred, side)
    if spans is not None and not isinstance(pred, IcmpIs):
        return spans
    return (spans or (0, size)) if given[shapes.number(pred)] == "true" else ()


def _on_line(atom: Pred, side: Side | None) -> Spans | None:
    """The places that an atom is about; None where it is about something else. Of an ICMP message not all of the place."""
    if isinstance(atom, AddressIn):
        if atom.side is not side:
            return None
        start = _START[atom.prefix.family]
        return (start + atom.prefix.first, start + atom.prefix.last + 1)
    if side is not None:
        return None
    if isinstance(atom, PortIn) and atom.side is Side.DST:
        first = max(atom.first, 1) - 1
        return _joined((n * _PORTS + first, n * _PORTS + atom.last) for n in range(len(PORT_PROTOCOLS)))
    if isinstance(atom, ProtocolIs):
        places = [_of_protocol(name) for name in atom.names]
        return None if None in places else _joined(spans for spans in places if spans is not None)
    return _of_protocol("ICMP") if isinstance(atom, IcmpIs) else None


def _of_protocol(name: str) -> Spans | None:
    if name in PORT_PROTOCOLS:
        start = PORT_PROTOCOLS.index(name) * _PORTS
        return (start, start + _PORTS)
    if name in _BARE:
        start = _PORTLESS + _BARE.index(name)
        return (start, start + 1)
    if name.isascii() and name.isdigit() and str(int(name)) == name and int(name) < 256:
        return (_NUMBERED + int(name), _NUMBERED + int(name) + 1)
    return None


def _joined(sets: Iterable[Spans]) -> Spans:
    """The union of sets of places."""
    pairs = sorted((spans[n], spans[n + 1]) for spans in sets for n in range(0, len(spans), 2))
    found: list[int] = []
    for start, end in pairs:
        if start >= end:
            continue
        if found and start <= found[-1]:
            found[-1] = max(found[-1], end)
        else:
            found += (start, end)
    return tuple(found)


def _complement(spans: Spans, size: int) -> Spans:
    edges = spans[1:] if spans[:1] == (0,) else (0, *spans)
    return edges[:-1] if edges[-1:] == (size,) else (*edges, size)
