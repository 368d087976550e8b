"""The tables of one direction, seen by peers: which of them speak about a class, and what they say to it."""

from __future__ import annotations

import sys
from array import array
from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import NamedTuple

from npverify.analyses.packet_given import Table
from npverify.analyses.packet_parts import Parts, gathered
from npverify.reduction.bitsets import as_set, bits

CHUNK = 64
_FORMAT = "Q"  # of the bits of a chunk
_TOGETHER = 8  # chunks in a line of the processor's cache

Change = tuple[list[Parts], list[Parts]]
"""What is said to the first of two classes alone, and to the second one alone."""


class _Group(NamedTuple):
    """What tables say to exactly these peers, who are given by chunks from `first` on: sets of packets with the subjects that
    let them through."""

    first: int
    peers: Sequence[int]
    said: Parts


class TableSide:
    """The tables of one direction, equal ones once, and which of them speak about a peer."""

    def __init__(self, tables: Iterable[Table], sets: Sequence[int]) -> None:
        """`sets` are those that the tables number."""
        self.tables: list[Parts] = []
        self.table_of: list[int] = []
        self._sets = sets
        self._of_set: dict[int, dict[int, list[int]]] = {}  # by packets, the tables that let exactly them through
        self._subjects: list[list[int]] = []
        self._said: dict[int, Parts] = {}
        numbers: dict[frozenset[tuple[int, int]], int] = {}
        known: dict[int, int] = {}  # by the ids of tables
        each = list(tables)
        for c, table in enumerate(each):
            number = known.get(id(table))
            if number is None:
                number = known[id(table)] = numbers.setdefault(table.numbers, len(numbers))
                if number == len(self.tables):
                    self.tables.append(table.pods)
                    self._subjects.append([])
                    for packets, peers in table.numbers:
                        self._of_set.setdefault(peers, {}).setdefault(packets, []).append(number)
            self.table_of.append(number)
            self._subjects[number].append(c)
        self._columns: tuple[int, list[tuple[int, ...]]] = (-1, [])

    def _said_to(self, n: int) -> Parts:
        """What the tables say to exactly the peers of a set: sets of packets with the subjects that let them through."""
        found = self._said.get(n)
        if found is None:
            found = self._said[n] = {
                packets: as_set([c for number in those for c in self._subjects[number]])
                for packets, those in sorted(self._of_set[n].items())
            }
        return found

    def changes(self, near: int) -> dict[int, Change]:
        """Of classes, those to whom not the same is said as to the class behind them: what is said to one of the two alone."""
        found: dict[int, Change] = {}
        for n in sorted(self._of_set):
            peers = self._sets[n]
            if told := (peers ^ peers >> 1) & near:
                said = self._said_to(n)
                for c in bits(told):
                    found.setdefault(c, ([], []))[~peers >> c & 1].append(said)
        return found

    @cached_property
    def _groups(self) -> tuple[list[Sequence[int]], list[Parts], dict[int, list[_Group]]]:
        """By chunks: the sets that reach far with what is said to them, and those that lie near."""
        far: list[Sequence[int]] = []
        said_far: list[Parts] = []
        near: dict[int, list[_Group]] = {}
        for n in sorted(self._of_set):
            peers, said = self._sets[n], self._said_to(n)
            first = ((peers & -peers).bit_length() - 1) // CHUNK
            last = (peers.bit_length() - 1) // CHUNK
            wide = last - first >= 16
            if wide:
                first, last = 0, len(self.table_of) // CHUNK
            chunks = array(_FORMAT, (peers >> first * CHUNK).to_bytes((last - first + 1) * CHUNK // 8, "little"))
            if sys.byteorder == "big":
                chunks.byteswap()
            if wide:
                far.append(chunks)
                said_far.append(said)
                continue
            for chunk in range(first, last + 1):
                near.setdefault(chunk, []).append(_Group(first, chunks, said))
        return far, said_far, near

    def about(self, chunk: int, size: int) -> Said:
        """What the tables say about the peers of one chunk."""
        _, said_far, near = self._groups
        everyone = (1 << size) - 1
        by_peers: dict[int, list[Parts]] = {everyone: []}
        for here, said in zip(self._column(chunk), said_far, strict=True):
            if here:
                by_peers.setdefault(here, []).append(said)
        for first, peers, said in near.get(chunk, ()):
            if here := peers[chunk - first]:
                by_peers.setdefault(here, []).append(said)
        common = by_peers.pop(everyone)
        keys: list[list[int]] = [[] for _ in range(size)]
        for n, here in enumerate(by_peers):
            for c in bits(here):
                keys[c].append(n)
        return Said(common, list(by_peers.values()), [tuple(key) for key in keys])

    def _column(self, chunk: int) -> Sequence[int]:
        """The peers of one chunk in every set that is given whole. Neighbours are looked up together, since they lie together
        in memory."""
        block = chunk - chunk % _TOGETHER
        far = self._groups[0]
        if self._columns[0] != block:
            self._columns = block, list(zip(*[peers[block : block + _TOGETHER] for peers in far], strict=True))
        return self._columns[1][chunk - block] if far else ()


class Said:
    """What tables say about the peers of one chunk: to all of them, and more to each by its key."""

    def __init__(self, common: list[Parts], more: list[list[Parts]], keys: list[tuple[int, ...]]) -> None:
        self._for_all = common
        self._more = more
        self.keys = keys

    def parts(self, key: tuple[int, ...]) -> Parts:
        """Sets of packets, each with the subjects that let exactly them through."""
        return gathered((self._common, *(said for n in key for said in self._more[n])))

    def beyond(self, keys: Iterable[int]) -> Parts:
        """The same of what is not said to all."""
        return gathered(said for n in keys for said in self._more[n])

    @cached_property
    def _common(self) -> Parts:
        return gathered(self._for_all)
