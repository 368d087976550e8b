"""Who may talk to whom, class by class: the tables of both directions joined, without listing pairs.

A row says what one class may send, as parts of the classes of pods: sets of packets, each with the classes that may get
exactly them. A column says the same of what it may receive. Neither is kept: rows are made a chunk of classes at a time, so
that nothing here grows with the square of the classes.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import NamedTuple

from npverify.analyses.blocks import blocks
from npverify.analyses.evaluate import evaluator
from npverify.analyses.flows import families_of, known_address
from npverify.analyses.packet_tables import Parts, Tables, mentioned_ports
from npverify.analyses.packets import PacketSets, spans
from npverify.analyses.results import Ports
from npverify.analyses.world import World
from npverify.inventory.addresses import FAMILIES, Address, Family, Prefix
from npverify.normal.policy import Direction
from npverify.reduction.bitsets import bits
from npverify.reduction.residuals import Residuals

Allowed = tuple[Ports, ...]
Numbered = Mapping[int, int]
"""`Parts` by the numbers of their sets of packets."""

_CHUNK = 64
_REMEMBERED = 8


class ClassRows:
    """What may pass between classes. Guards the memos; every answer is a function of the world."""

    def __init__(self, world: World) -> None:
        self._numbers: dict[int, int] = {}
        self._sides: dict[Direction, _Side] = {}
        self._outside: dict[Direction, list[Mapping[Prefix, Allowed]]] = {}
        with collector_paused():
            residuals = Residuals(world.inventory, world.policies)
            self.classes = residuals.classes
            self._packets = PacketSets(mentioned_ports(residuals))
            for direction in Direction:
                judged = _Judged(world, residuals, self._packets)
                self._sides[direction] = _Side(judged.pods(direction), self._numbers)
                self._outside[direction] = judged.outside(direction)
        self._sets = list(self._numbers)
        self._met: dict[tuple[int, int], int] = {}
        self._chunks: dict[tuple[Direction, int], tuple[_Said, dict[tuple[int, tuple[int, ...]], Numbered]]] = {}

    def allowed(self, number: int) -> Allowed:
        """The ports of the set of packets with a number."""
        return self._packets.ports(self._sets[number])

    def row(self, c: int) -> Numbered:
        """What class `c` may send; no part unless it is one of pods."""
        return self._joined(Direction.EGRESS, c)

    def column(self, c: int) -> Numbered:
        """What class `c` may receive; no part unless it is one of pods."""
        return self._joined(Direction.INGRESS, c)

    def outside(self, direction: Direction, c: int) -> Mapping[Prefix, Allowed]:
        """What may pass between a class and outside addresses, by ascending blocks of each family."""
        return self._outside[direction][c]

    def _joined(self, direction: Direction, c: int) -> Numbered:
        place = (direction, c // _CHUNK)
        chunk = self._chunks.get(place)
        if chunk is None:
            while len(self._chunks) >= _REMEMBERED:
                del self._chunks[next(iter(self._chunks))]
            start = c - c % _CHUNK
            said = self._sides[direction.opposite].about(start, min(_CHUNK, len(self.classes) - start))
            chunk = self._chunks[place] = (said, {})
        own = self._sides[direction]
        said, rows = chunk
        table, key = own.table_of[c], said.keys[c % _CHUNK]
        found = rows.get((table, key))
        if found is None:
            found = rows[table, key] = self._both(own.tables[table], said.parts(key))
        return found

    def _both(self, left: Numbered, right: Numbered) -> Numbered:
        """The intersection of two sets of flows."""
        found: dict[int, int] = {}
        for a, whom in left.items():
            for b, who in right.items():
                if shared := whom & who:
                    met = self._met.get((a, b))
                    if met is None:
                        met = self._met[a, b] = self._meet(a, b)
                    if met >= 0:
                        found[met] = found.get(met, 0) | shared
        return found

    def _meet(self, a: int, b: int) -> int:
        """The number of the packets that are in both sets; -1 if there are none."""
        packets = self._sets[a] & self._sets[b]
        if not packets:
            return -1
        number = self._numbers.setdefault(packets, len(self._sets))
        if number == len(self._sets):
            self._sets.append(packets)
        return number


class _Judged:
    """The tables of every class, by the families that it uses: IPv4 between two pods that both have it, else IPv6."""

    def __init__(self, world: World, residuals: Residuals, packets: PacketSets) -> None:
        it = evaluator(world)
        self._packets = packets
        self._addresses: list[dict[Family, Address | None]] = []
        for end in residuals.classes.representatives:
            usable = families_of(end, world.inventory.families) if end.is_pod else set()
            self._addresses.append(
                {f: known_address(end, f) or it.representative(end, f) for f in FAMILIES if f in usable}
            )
        of_family = {f: {c: own[f] for c, own in enumerate(self._addresses) if f in own} for f in FAMILIES}
        having = {f: sum(1 << c for c in of_family[f]) for f in FAMILIES}
        whom: dict[tuple[Family, bool], int] = {
            (4, False): having[4],
            (6, False): having[6],
            (6, True): having[6] & ~having[4],
        }
        self._tables = {
            (family, also_4): Tables(residuals, packets, family, among, of_family[family], it.prefixes)
            for (family, also_4), among in whom.items()
            if of_family[family]
        }
        self._blocks: dict[int, dict[Prefix, Allowed]] = {}
        self._equal_blocks: dict[tuple[Family, frozenset[tuple[int, int]]], dict[Prefix, Allowed]] = {}

    def pods(self, direction: Direction) -> Iterator[Parts]:
        """For each class, what the direction judged there lets through to and from pods."""
        for c, own in enumerate(self._addresses):
            found: Parts = {}
            for family in own:
                more = self._of(family, c).of(direction, c).pods
                found = {p: found.get(p, 0) | more.get(p, 0) for p in (*found, *more)} if found else more
            yield found

    def outside(self, direction: Direction) -> list[Mapping[Prefix, Allowed]]:
        """For each class, what the direction judged there lets through to and from outside addresses."""
        found: list[Mapping[Prefix, Allowed]] = []
        for c, own in enumerate(self._addresses):
            each = [self._blocks_of(self._of(family, c), direction, c) for family in own]
            found.append(
                each[0] if len(each) == 1 else {block: allowed for part in each for block, allowed in part.items()}
            )
        return found

    def _of(self, family: Family, c: int) -> Tables:
        return self._tables[family, family == 6 and 4 in self._addresses[c]]

    def _blocks_of(self, tables: Tables, direction: Direction, c: int) -> dict[Prefix, Allowed]:
        table = tables.of(direction, c)
        found = self._blocks.get(id(table))  # which `tables` keep
        if found is None:
            key = (tables.family, frozenset(table.outside.items()))
            found = self._equal_blocks.get(key)
            if found is None:
                unsorted = {
                    block: self._packets.ports(packets)
                    for packets, which in table.outside.items()
                    for block in blocks(
                        tables.family, ((tables.cells[a].first, tables.cells[b].last) for a, b in spans(which))
                    )
                }
                found = self._equal_blocks[key] = dict(sorted(unsorted.items()))
            self._blocks[id(table)] = found
        return found


class _Group(NamedTuple):
    """Subjects whose tables let exactly these packets through for these peers (`peers` counts from class `first` on)."""

    packets: int
    first: int
    peers: int
    subjects: int


class _Side:
    """The tables of one direction, equal ones once, and which of them speak about a peer."""

    def __init__(self, tables: Iterator[Parts], numbers_of_sets: dict[int, int]) -> None:
        self.tables: list[Numbered] = []
        self.table_of: list[int] = []
        numbers: dict[frozenset[tuple[int, int]], int] = {}
        subjects: list[int] = []
        by_id: dict[int, int] = {}
        kept: list[Parts] = []
        for c, table in enumerate(tables):
            number = by_id.get(id(table))
            if number is None:
                own = {numbers_of_sets.setdefault(p, len(numbers_of_sets)): who for p, who in table.items()}
                number = numbers.setdefault(frozenset(own.items()), len(numbers))
                if number == len(self.tables):
                    self.tables.append(own)
                    subjects.append(0)
                by_id[id(table)] = number
                kept.append(table)  # so that the id stays its own
            self.table_of.append(number)
            subjects[number] |= 1 << c
        merged: dict[tuple[int, int], int] = {}
        for table, whose in zip(self.tables, subjects, strict=True):
            for packets, peers in table.items():
                merged[packets, peers] = merged.get((packets, peers), 0) | whose
        self._wide: list[_Group] = []
        self._near: dict[int, list[_Group]] = {}
        for (packets, peers), whose in merged.items():
            first = (peers & -peers).bit_length() - 1
            group = _Group(packets, first, peers >> first, whose)
            chunks = range(first // _CHUNK, (peers.bit_length() - 1) // _CHUNK + 1)
            if len(chunks) > 16:
                self._wide.append(group)
            else:
                for chunk in chunks:
                    self._near.setdefault(chunk, []).append(group)

    def about(self, start: int, size: int) -> _Said:
        """What the tables say about the peers of one chunk."""
        everyone = (1 << size) - 1
        by_peers: dict[int, dict[int, int]] = {everyone: {}}
        for packets, first, peers, subjects in (*self._wide, *self._near.get(start // _CHUNK, ())):
            here = (peers >> (start - first) if start >= first else peers << (first - start)) & everyone
            if here:
                parts = by_peers.setdefault(here, {})
                parts[packets] = parts.get(packets, 0) | subjects
        common = by_peers.pop(everyone)
        keys: list[list[int]] = [[] for _ in range(size)]
        for n, here in enumerate(by_peers):
            for c in bits(here):
                keys[c].append(n)
        return _Said(common, list(by_peers.values()), [tuple(key) for key in keys])


class _Said:
    """What tables say about the peers of one chunk: to all of them, and more to each by its key."""

    def __init__(self, common: Numbered, more: list[dict[int, int]], keys: list[tuple[int, ...]]) -> None:
        self._common = common
        self._more = more
        self.keys = keys

    def parts(self, key: tuple[int, ...]) -> Numbered:
        """Sets of packets, each with the subjects that let exactly them through."""
        parts = dict(self._common)
        for n in key:
            for packets, subjects in self._more[n].items():
                parts[packets] = parts.get(packets, 0) | subjects
        return parts


@contextmanager
def collector_paused() -> Iterator[None]:
    """Nothing here refers to itself, and looking for what does takes a third of the time."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()
