"""Numbers for sets of flows, one for each set: what rules allow together, however they are cut into policies, rules and peers.

A rule is a few rectangles, peers by packets. Of peers, what a predicate leaves open is a form on the line of their addresses, for
sets of classes; of packets a form on the line of protocols and ports. A union is cut where some rule begins or ends on the line
of packets, and neighbours with the same peers are joined. Equal numbers are equal sets of flows; the reverse holds but for packets
that hang on more than their protocol and port. Not trusted: tests hold it against the oracle.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable

from npverify.normal.predicates import Pred, Side
from npverify.reduction.lines import Form, Spans, complement, form_of, joined, length
from npverify.reduction.shapes import Shapes
from npverify.reduction.twins import Twins

Rectangle = tuple[int, int]
"""Numbers of a set of peers and of a set of packets: all flows with these peers that are such packets."""

Said = tuple[tuple[int, int], ...]
"""Of a set of peers: numbers of places with the classes for which they are meant, ascending."""

Line = tuple[Side | None, Form]
"""The addresses of a side, or packets where there is none, with places on them."""

ALWAYS, NEVER = 0, 1
"""The numbers of all places of a line, and of none."""


class Forms:
    """Guards the numbers, one table for two worlds. Of peers, only those count that are there and alike in both."""

    def __init__(self, twins: Twins, shapes: Shapes) -> None:
        self._shapes = shapes
        self.among = twins.common & ~twins.unlike
        self._lines: dict[tuple[Pred, Side | None], int] = {}
        self._numbers: dict[Line, int] = {}
        self._of: list[Line] = []
        self._joins: dict[tuple[bool, frozenset[int]], int] = {}
        for spans in ((0, length(None)), ()):
            self._numbered(None, Form((), (spans,)))
        self._peers: list[Said] = []
        self._peers_of: dict[Said, int] = {}
        self._unions: dict[frozenset[int], int] = {}
        self._wholes: dict[Hashable, int] = {}
        self._whole_of: dict[frozenset[Rectangle], int] = {}
        self.nobody = self.peers(())
        self.everybody = self.peers(((ALWAYS, self.among),))
        self.everything: Rectangle = (self.everybody, ALWAYS)

    def line(self, pred: Pred, side: Side | None) -> int:
        """The number of a predicate on the line of the addresses of a side, or of packets where there is none."""
        found = self._lines.get((pred, side))
        if found is None:
            found = self._lines[pred, side] = self._numbered(side, form_of(pred, side, self._shapes))
        return found

    def addresses(self, spans: Spans, side: Side) -> int:
        """The number of places on the line of the addresses of a side."""
        return self._numbered(side, Form((), (spans,)))

    def join(self, numbers: Iterable[int], *, every: bool) -> int:
        """The number of the places of a line that are in all of some, or else in any."""
        each = frozenset(numbers)
        each -= {ALWAYS if every else NEVER}
        if len(each) < 2:
            return next(iter(each), ALWAYS if every else NEVER)
        if (NEVER if every else ALWAYS) in each:
            return NEVER if every else ALWAYS
        found = self._joins.get((every, each))
        if found is None:
            side = self._of[min(each)][0]
            found = self._joins[every, each] = self._numbered(
                side, joined([self._of[number][1] for number in sorted(each)], side, every=every)
            )
        return found

    def inverse(self, number: int) -> int:
        """The number of all other places."""
        if number in (ALWAYS, NEVER):
            return NEVER if number == ALWAYS else ALWAYS
        side, form = self._of[number]
        return self._numbered(side, Form(form.cases, tuple(complement(spans, length(side)) for spans in form.table)))

    def peers(self, said: Iterable[tuple[int, int]]) -> int:
        """The number of a set of peers: for which places, by number, which classes are meant."""
        by: dict[int, int] = {}
        for number, classes in said:
            by[number] = by.get(number, 0) | classes
        key = tuple(sorted((number, classes) for number, classes in by.items() if classes and number != NEVER))
        found = self._peers_of.setdefault(key, len(self._peers))
        if found == len(self._peers):
            self._peers.append(key)
        return found

    def said(self, number: int) -> Said:
        """What a set of peers is made of: classes by places. Those that are not there are not meant."""
        return self._peers[number]

    def within(self, number: int, classes: int) -> int:
        """A set of peers without all but some classes."""
        return self.peers((left, here & classes) for left, here in self._peers[number])

    def union(self, some: Iterable[int]) -> int:
        """The number of a union of sets of peers."""
        each = frozenset(some)
        if len(each) < 2:
            return next(iter(each), self.nobody)
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
            parts: dict[frozenset[int], int] = {frozenset(): self.among & ~always}
            for left, classes in others:
                split: dict[frozenset[int], int] = {}
                for lefts, part in parts.items():
                    for now, here in ((lefts | {left}, part & classes), (lefts, part & ~classes)):
                        if here:
                            split[now] = split.get(now, 0) | here
                parts = split
            said = [(self.join(lefts, every=False), part) for lefts, part in parts.items()]
            found = self._unions[each] = self.peers([(ALWAYS, always), *said])
        return found

    def common(self, some: Iterable[int]) -> int:
        """The number of what sets of peers have in common."""
        first, *others = sorted(set(some))
        said = list(self._peers[first])
        for number in others:
            said = [
                (left if other == left else self.join((left, other), every=True), both)
                for left, classes in said
                for other, those in self._peers[number]
                if (both := classes & those)
            ]
        return self.peers(said)

    def others(self, number: int) -> int:
        """The number of all peers that a set does not mean."""
        rest, said = self.among, []
        for left, classes in self._peers[number]:
            rest &= ~classes
            said.append((self.inverse(left), classes))
        return self.peers([(ALWAYS, rest), *said])

    def whole(self, rectangles: frozenset[Rectangle]) -> int:
        """The number of what rectangles are together."""
        found = self._whole_of.get(rectangles)
        if found is None:
            found = self._whole_of[rectangles] = self._wholes.setdefault(self._cut(rectangles), len(self._wholes))
        return found

    def _cut(self, rectangles: Iterable[Rectangle]) -> Hashable:
        """From which place on which peers are meant, and beside it the peers of packets that hang on cases."""
        by_packet: dict[int, set[int]] = {}
        for peers, packet in rectangles:
            by_packet.setdefault(packet, set()).add(peers)
        of = {packet: self.union(some) for packet, some in by_packet.items()}
        edges: dict[int, list[int]] = {}
        for packet in of:
            for at in self._plain(packet) or ():
                edges.setdefault(at, []).append(packet)
        inside: set[int] = set()
        cuts: list[tuple[int, int]] = []
        for at in sorted(edges):
            inside ^= set(edges[at])
            here = self.union({of[packet] for packet in inside})
            if not cuts or cuts[-1][1] != here:
                cuts.append((at, here))
        return tuple(cuts), frozenset((packet, some) for packet, some in of.items() if self._plain(packet) is None)

    def _plain(self, packet: int) -> Spans | None:
        form = self._of[packet][1]
        return None if form.cases else form.table[0]

    def _numbered(self, side: Side | None, form: Form) -> int:
        if not form.cases and len(self._of) > NEVER:
            if form.table[0] == (0, length(side)):
                return ALWAYS
            if not form.table[0]:
                return NEVER
        found = self._numbers.setdefault((side, form), len(self._of))
        if found == len(self._of):
            self._of.append((side, form))
        return found
