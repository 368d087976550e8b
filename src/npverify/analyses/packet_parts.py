"""Sets of flows as *parts*: sets of packets, each with the peers that it is for, and their algebra.

A set of packets is thousands of bits long where many ports are mentioned, so parts hold its number: equal sets have one, and
what two of them have in common is worked out once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from npverify.analyses.packets import PacketSets

Parts = Mapping[int, int]
"""Numbers of sets of packets, none of them empty, each with the peers for whom it is. Nobody is in two parts; peers that are in
no part have no packet."""

NONE, ALL = 0, 1
"""The numbers of no packet and of every packet."""


def gathered(each: Iterable[Parts]) -> Parts:
    """Everything that is in these, by packets; whoever is in several parts stays in all of them."""
    found: dict[int, int] = {}
    for parts in each:
        for packets, who in parts.items():
            found[packets] = found.get(packets, 0) | who
    return found


class PacketParts:
    """The algebra of parts over one kind of sets of packets. Guards the numbers."""

    def __init__(self, packets: PacketSets) -> None:
        self._sets = [0, packets.all]
        self._numbers = {0: NONE, packets.all: ALL}
        self._joined: dict[tuple[int, int], int] = {}
        self._met: dict[tuple[int, int], int] = {}
        self._less: dict[tuple[int, int], int] = {}
        self._unions: dict[tuple[int, ...], tuple[tuple[Parts, ...], tuple[Parts, int]]] = {}

    def number(self, packets: int) -> int:
        """The number of a set of packets."""
        found = self._numbers.setdefault(packets, len(self._sets))
        if found == len(self._sets):
            self._sets.append(packets)
        return found

    def packets(self, number: int) -> int:
        """The set of packets with a number."""
        return self._sets[number]

    def meet(self, a: int, b: int) -> int:
        """The number of the packets that are in both sets."""
        if a == b or b == ALL:
            return a
        if a == ALL:
            return b
        found = self._met.get((a, b))
        if found is None:
            found = self._met[a, b] = self.number(self._sets[a] & self._sets[b])
        return found

    def union(self, parts: Iterable[tuple[int, int]]) -> Parts:
        """All of these together; peers may be in several of them."""
        merged: dict[int, int] = {}
        for number, who in parts:
            merged[number] = merged.get(number, 0) | who
        return merged if len(merged) < 2 else self._added({}, 0, merged)

    def union_with(self, settled: Parts, seen: int, more: Iterable[Parts]) -> Parts:
        """All of these together, where `seen` are the peers in `settled`; of the others, peers may be in several."""
        merged: dict[int, int] = {}
        for parts in more:
            for number, who in parts.items():
                merged[number] = merged[number] | who if number in merged else who
        if not merged:
            return settled
        if not settled and len(merged) == 1:
            return merged
        return self._added(dict(settled), seen, merged)

    def _added(self, found: dict[int, int], seen: int, merged: dict[int, int]) -> Parts:
        """`found`, whose peers are `seen`, with parts that may overlap with it and with one another."""
        if whole := merged.pop(ALL, 0):
            if seen & whole:  # to whom any packet may pass already, nothing can be added
                for before in [n for n, whom in found.items() if n != ALL and whom & whole]:
                    if left := found[before] & ~whole:
                        found[before] = left
                    else:
                        del found[before]
            found[ALL] = found.get(ALL, 0) | whole
            seen |= whole
        whole = found.get(ALL, 0)
        for number, who in merged.items():
            rest = who & ~whole
            if over := rest & seen:
                rest ^= over
                moved = []
                for before, whom in found.items():
                    if shared := whom & over:
                        over ^= shared
                        joined = self._either(before, number)
                        if joined != before:
                            moved.append((before, joined, shared))
                        if not over:
                            break
                for before, _, shared in moved:
                    found[before] ^= shared
                for before, joined, shared in moved:
                    found[joined] = found.get(joined, 0) | shared
                    if not found[before]:
                        del found[before]
            if rest:
                found[number] = found.get(number, 0) | rest
                seen |= rest
        return found

    def union_once(self, each: Sequence[Parts]) -> tuple[Parts, int]:
        """All of these together, worked out once for the same objects, with the set of peers that are in them."""
        key = tuple(map(id, each))
        found = self._unions.get(key)
        if found is None:
            # they are kept, so that no others can take their ids
            union = self.union_with({}, 0, each)
            found = self._unions[key] = (tuple(each), (union, sum(union.values())))  # nobody is in two parts
        return found[1]

    def both(self, left: Parts, right: Parts) -> Parts:
        """The intersection."""
        found: dict[int, int] = {}
        for a, whom in left.items():
            for b, who in right.items():
                if (shared := whom & who) and (met := self.meet(a, b)):
                    found[met] = found.get(met, 0) | shared
        return found

    def but(self, left: Parts, right: Parts) -> Parts:
        """The flows of `left` that are not in `right`."""
        if not right:
            return left
        found: dict[int, int] = {}
        for a, whom in left.items():
            rest = whom
            for b, who in right.items():
                if shared := rest & who:
                    rest ^= shared
                    if b != ALL and (less := self._without(a, b)):
                        found[less] = found.get(less, 0) | shared
            if rest:
                found[a] = found.get(a, 0) | rest
        return found

    def inside(self, left: Parts, right: Parts) -> bool:
        """Whether every flow of `left` is in `right`."""
        for a, whom in left.items():
            rest = whom & ~right.get(a, 0)
            if rest and a != ALL:
                for b, who in right.items():
                    if rest & who and self.meet(a, b) == a:
                        rest &= ~who
            if rest:
                return False
        return True

    def _either(self, a: int, b: int) -> int:
        found = self._joined.get((a, b))
        if found is None:
            found = self._joined[a, b] = self.number(self._sets[a] | self._sets[b])
        return found

    def _without(self, a: int, b: int) -> int:
        found = self._less.get((a, b))
        if found is None:
            found = self._less[a, b] = self.number(self._sets[a] & ~self._sets[b])
        return found
